/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprints: SHA-256 of a certificate, and of a public key. */
#include "pki_internal.h"
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

void sg_sha256(struct sg_bytes data, uint8_t digest[32])
{
    SHA256(data.p, data.n, digest);
}

int sg_cert_fingerprint(const X509 *cert, struct sg_fingerprint *f)
{
    unsigned n;
    if (X509_digest(cert, EVP_sha256(), f->sha256, &n) != 1)
        return SG_ECRYPTO;
    return 0;
}

static bool is_uncompressed(const EVP_PKEY *key)
{
    char format[16];
    size_t n;
    return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, format, sizeof format, &n) ==
               1 &&
           strcmp(format, OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) == 0;
}

/* The SubjectPublicKeyInfo. One key, one spelling: a point may also be written compressed (RFC 5480 section 2.2), and
 * OpenSSL writes it as it was read. */
static int public_der(const EVP_PKEY *key, uint8_t **der)
{
    int n = i2d_PUBKEY(key, der);
    if (n <= 0 || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || is_uncompressed(key))
        return n;
    const uint8_t *p = *der;
    EVP_PKEY *again = d2i_PUBKEY(NULL, &p, n);
    OPENSSL_free(*der);
    *der = NULL;
    n = -1;
    if (again && EVP_PKEY_set_utf8_string_param(again, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                                OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) == 1)
        n = i2d_PUBKEY(again, der);
    EVP_PKEY_free(again);
    return n;
}

int sg_key_fingerprint(const EVP_PKEY *key, struct sg_fingerprint *f)
{
    uint8_t point[SG_POINT], spki[SG_PKI_SPKI], *der = NULL;
    if (sg_key_point(key, point) == 0) {
        sg_pki_spki(point, spki);
        sg_sha256(sg_bytes(spki, sizeof spki), f->sha256);
        return 0;
    }
    int n = public_der(key, &der);
    if (n <= 0)
        return SG_ECRYPTO;
    sg_sha256(sg_bytes(der, (size_t)n), f->sha256);
    OPENSSL_free(der);
    return 0;
}

char *sg_fingerprint_text(const struct sg_fingerprint *f, char text[SG_FINGERPRINT_TEXT])
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof f->sha256; i++) {
        text[3 * i] = digit[f->sha256[i] >> 4];
        text[3 * i + 1] = digit[f->sha256[i] & 15];
        text[3 * i + 2] = ':';
    }
    text[SG_FINGERPRINT_TEXT - 1] = 0;
    return text;
}
