/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys and certificates in DER, and public keys of P-256. What looks like one is parsed by OpenSSL. */
#include "probe/image_internal.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <string.h>

enum { DER_SHORTEST = 16, DER_LONGEST = 16 * 1024 };

static const char cure_key[] =
    "Take it out of the build: each device makes its own key in its modem (AT%KEYGEN, `signet enroll`). Treat this key "
    "as known to all: revoke what was issued for it.";

/* The length of the DER SEQUENCE at the front, with its header; 0: there is none that could be meant. */
static size_t sequence(struct sg_bytes v)
{
    if (v.n < DER_SHORTEST || v.p[0] != 0x30)
        return 0;
    size_t header = 2, n = v.p[1];
    if (n == 0x81) {
        header = 3;
        n = v.p[2];
    } else if (n == 0x82) {
        header = 4;
        n = (size_t)v.p[2] << 8 | v.p[3];
    } else if (n > 0x7f) {
        return 0;
    }
    n += header;
    return n >= DER_SHORTEST && n <= DER_LONGEST && n <= v.n ? n : 0;
}

/* Which of a key's possible contents the DER begins with: cheap, so that OpenSSL is asked about few places only. */
enum shape { NOTHING, PRIVATE_KEY, ENCRYPTED_KEY, CERTIFICATE };
static enum shape shape(struct sg_bytes der)
{
    static const uint8_t pbes2[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d};
    size_t at = der.p[1] < 0x80 ? 2 : der.p[1] == 0x81 ? 3 : 4;
    const uint8_t *p = der.p + at;
    size_t n = der.n - at;
    if (n < 12)
        return NOTHING;
    if (p[0] == 0x02 && p[1] == 0x01 && p[2] <= 1)
        return p[3] == 0x30 || p[3] == 0x02 || p[3] == 0x04 ? PRIVATE_KEY : NOTHING; /* PKCS#8, PKCS#1, SEC1 */
    if (p[0] != 0x30)
        return NOTHING;
    for (size_t skip = 2; skip <= 4; skip++)
        if (n > skip + sizeof pbes2 && memcmp(p + skip, pbes2, sizeof pbes2) == 0)
            return ENCRYPTED_KEY;
    /* TBSCertificate: a version or, in the first version, a serial number. */
    size_t inner = p[1] < 0x80 ? 2 : p[1] == 0x81 ? 3 : 4;
    return n > inner && (p[inner] == 0xa0 || p[inner] == 0x02) ? CERTIFICATE : NOTHING;
}

/* "a private key of P-256", and as what it is known again: its public half. */
static void describe_key(const EVP_PKEY *key, const char *form, struct sg_finding *f)
{
    struct sg_fingerprint fp;
    char group[32] = "";
    if (EVP_PKEY_is_a(key, "EC"))
        (void)EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL);
    if (strcmp(group, "prime256v1") == 0)
        (void)snprintf(f->what, sizeof f->what, "a private key of P-256 in %s", form);
    else
        (void)snprintf(f->what, sizeof f->what, "a private key (%s, %d bits) in %s", EVP_PKEY_get0_type_name(key),
                       EVP_PKEY_get_bits(key), form);
    if (sg_key_fingerprint(key, &fp) == 0)
        memcpy(f->id, fp.sha256, sizeof f->id);
}

static void add_point_of(struct sg_image_scan *s, const EVP_PKEY *key, size_t at)
{
    uint8_t point[SG_POINT];
    if (key != NULL && sg_key_point(key, point) == 0)
        sg_image_add_point(s, point + 1, at);
}

static bool take_private(struct sg_image_scan *s, struct sg_bytes der, size_t at, size_t n, const char *form)
{
    const uint8_t *p = der.p;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)der.n);
    bool found = key != NULL && p == der.p + der.n && EVP_PKEY_get_bits(key) >= 128;
    struct sg_finding *f = found ? sg_image_find(s, "private-key", SG_CERTAIN, at, n, der) : NULL;
    if (f != NULL) {
        f->severity = SG_SEVERITY_CRITICAL;
        f->cure = cure_key;
        describe_key(key, form, f);
        (void)snprintf(f->excerpt, sizeof f->excerpt, "(%zu bytes)", n);
    }
    EVP_PKEY_free(key);
    return found;
}

static bool take_encrypted(struct sg_image_scan *s, struct sg_bytes der, size_t at, size_t n, const char *form)
{
    const uint8_t *p = der.p;
    X509_SIG *sealed = d2i_X509_SIG(NULL, &p, (long)der.n);
    bool found = sealed != NULL && p == der.p + der.n;
    struct sg_finding *f = found ? sg_image_find(s, "private-key", SG_LIKELY, at, n, der) : NULL;
    if (f != NULL) {
        (void)snprintf(f->what, sizeof f->what, "an encrypted private key in %s; what opens it is near by, or typed in",
                       form);
        (void)snprintf(f->excerpt, sizeof f->excerpt, "(%zu bytes)", n);
        f->cure = cure_key;
    }
    X509_SIG_free(sealed);
    return found;
}

static bool take_certificate(struct sg_image_scan *s, struct sg_bytes der, size_t at, size_t n)
{
    const uint8_t *p = der.p;
    X509 *cert = d2i_X509(NULL, &p, (long)der.n);
    bool found = cert != NULL && p == der.p + der.n;
    if (found) {
        sg_image_take_cert(s, cert, at, n);
        add_point_of(s, X509_get0_pubkey(cert), at);
    }
    X509_free(cert);
    return found;
}

static bool take_public(struct sg_image_scan *s, struct sg_bytes der, size_t at)
{
    const uint8_t *p = der.p;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)der.n);
    add_point_of(s, key, at);
    EVP_PKEY_free(key);
    return key != NULL;
}

bool sg_image_take_der(struct sg_image_scan *s, struct sg_bytes der, size_t at, size_t n, const char *form)
{
    bool found = false;
    if (sequence(der) != der.n)
        return false;
    switch (shape(der)) {
    case PRIVATE_KEY:
        found = take_private(s, der, at, n, form);
        break;
    case ENCRYPTED_KEY:
        found = take_encrypted(s, der, at, n, form);
        break;
    case CERTIFICATE:
        found = take_certificate(s, der, at, n);
        break;
    case NOTHING:
        break;
    }
    if (!found && der.p != s->image->data + at) /* points in the image itself are found as such */
        found = take_public(s, der, at);
    ERR_clear_error();
    return found;
}

void sg_image_add_point(struct sg_image_scan *s, const uint8_t xy[64], size_t at)
{
    for (size_t i = 0; i < s->points; i++)
        if (memcmp(s->point[i].xy, xy, 64) == 0 && s->point[i].at / SG_SCALAR_DISTANCE == at / SG_SCALAR_DISTANCE)
            return;
    if (s->points == SG_IMAGE_POINTS) {
        s->more++;
        return;
    }
    s->point[s->points].at = at;
    memcpy(s->point[s->points++].xy, xy, 64);
}

/* An uncompressed point (SEC 1 section 2.3.3) that is on the curve: by chance that does not happen. */
static void take_point(struct sg_image_scan *s, const EC_GROUP *group, EC_POINT *point, size_t at)
{
    const uint8_t *p = s->image->data + at;
    if (EC_POINT_oct2point(group, point, p, SG_POINT, NULL) == 1)
        sg_image_add_point(s, p + 1, at);
    else
        ERR_clear_error();
}

void sg_image_find_keys(struct sg_image_scan *s, const struct sg_image_segment *seg)
{
    const uint8_t *p = s->image->data + seg->at;
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
    for (size_t i = 0; point != NULL && i < seg->n; i++) {
        size_t left = seg->n - i, n = p[i] == 0x30 ? sequence(sg_bytes(p + i, left)) : 0;
        if (n != 0 && sg_image_take_der(s, sg_bytes(p + i, n), seg->at + i, n, "DER"))
            i += n - 1;
        /* 64 random bytes have 57 different values in the mean, and 45 or fewer once in 10^8 */
        else if (p[i] == 4 && left >= SG_POINT && sg_image_varied(p + i + 1, 64, 45))
            take_point(s, group, point, seg->at + i);
    }
    EC_POINT_free(point);
    EC_GROUP_free(group);
}
