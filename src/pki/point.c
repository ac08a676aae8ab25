/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys of P-256 by their point. OpenSSL 3.0 looks through all its decoders or encoders each time that it reads
 * or writes a SubjectPublicKeyInfo, which takes longer than a signature; a curve that is copied and given a point does
 * not.
 */
#include "pki_internal.h"
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#define P256 "prime256v1" /* as OpenSSL calls it */

/* A key on P-256 without a point, in the two forms that OpenSSL has for one. */
static struct {
    EVP_PKEY *provided; /* what all operations work with */
    EVP_PKEY *plain;    /* X509_set_pubkey takes this one as it is, and writes it without an encoder */
} curve;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_curve(void)
{
    static const uint8_t oid[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}; /* RFC 5480 2.1.1.1 */
    const uint8_t *p = oid;
    char name[] = P256;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
                           OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (ctx && EVP_PKEY_fromdata_init(ctx) == 1)
        (void)EVP_PKEY_fromdata(ctx, &curve.provided, EVP_PKEY_KEY_PARAMETERS, params);
    EVP_PKEY_CTX_free(ctx);
    curve.plain = d2i_KeyParams(EVP_PKEY_EC, NULL, &p, sizeof oid);
}

/* NULL where the point is not on the curve. */
static EVP_PKEY *put_at(EVP_PKEY *empty, const uint8_t point[SG_POINT])
{
    EVP_PKEY *key = empty ? EVP_PKEY_dup(empty) : NULL;
    if (key && EVP_PKEY_set1_encoded_public_key(key, point, SG_POINT) == 1)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

EVP_PKEY *sg_key_from_point(const uint8_t point[SG_POINT], struct sg_error *err)
{
    (void)pthread_once(&once, make_curve);
    EVP_PKEY *key = point[0] == POINT_CONVERSION_UNCOMPRESSED ? put_at(curve.provided, point) : NULL;
    if (!key)
        sg_fail(err, SG_ECRYPTO, "these 65 bytes are no point of P-256: %s", sg_pki_why());
    return key;
}

/* The SubjectPublicKeyInfo of a P-256 key is always these 27 bytes, the last of which begins the point, and 64 of x and
 * y (RFC 5480: named curve, point uncompressed). */
static const uint8_t head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                               0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
_Static_assert(sizeof head + SG_POINT == SG_PKI_SPKI, "a SubjectPublicKeyInfo is its head and a point");

void sg_pki_spki(const uint8_t point[SG_POINT], uint8_t spki[SG_PKI_SPKI])
{
    memcpy(spki, head, sizeof head);
    memcpy(spki + sizeof head, point, SG_POINT);
}

const uint8_t *sg_pki_spki_point(struct sg_bytes spki)
{
    bool plain = spki.n == SG_PKI_SPKI && memcmp(spki.p, head, sizeof head) == 0 &&
                 spki.p[sizeof head] == POINT_CONVERSION_UNCOMPRESSED;
    return plain ? spki.p + sizeof head : NULL;
}

/* By its encoding, where it is not of a kind that says its point. */
static bool get_encoded(const EVP_PKEY *key, uint8_t point[SG_POINT])
{
    uint8_t *spki = NULL;
    int n = i2d_PUBKEY(key, &spki);
    const uint8_t *at = n > 0 ? sg_pki_spki_point(sg_bytes(spki, (size_t)n)) : NULL;
    if (at)
        memcpy(point, at, SG_POINT);
    OPENSSL_free(spki);
    return at != NULL;
}

int sg_key_point(const EVP_PKEY *key, uint8_t point[SG_POINT])
{
    char group[32] = "";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, SG_POINT),
        OSSL_PARAM_construct_end(),
    };
    bool ok = (EVP_PKEY_get_params(key, params) == 1 && strcmp(group, P256) == 0 && params[1].return_size == SG_POINT &&
               point[0] == POINT_CONVERSION_UNCOMPRESSED) ||
              get_encoded(key, point);
    (void)sg_pki_why();
    return ok ? 0 : SG_EUNSUPPORTED;
}

bool sg_pki_set_key(X509 *cert, EVP_PKEY *key)
{
    uint8_t point[SG_POINT];
    if (sg_key_point(key, point) < 0)
        return X509_set_pubkey(cert, key) == 1;
    (void)pthread_once(&once, make_curve);
    EVP_PKEY *plain = put_at(curve.plain, point);
    bool ok = plain && X509_set_pubkey(cert, plain) == 1;
    EVP_PKEY_free(plain);
    return ok;
}
