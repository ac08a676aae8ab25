/* SPDX-License-Identifier: Apache-2.0 */
/* ES256: ECDSA with P-256 and SHA-256, r and s of 32 bytes each (RFC 7518 section 3.4, RFC 9053 section 2.1). */
#include "sim_internal.h"

#include <openssl/ec.h>
#include <openssl/evp.h>

/* OpenSSL gives a DER sequence. */
static int fixed_size(const uint8_t *der, size_t n, uint8_t signature[64])
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
    int ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, 32) == 32 &&
             BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + 32, 32) == 32;
    ECDSA_SIG_free(sig);
    return ok ? 0 : SG_ECRYPTO;
}

int sg_sim_sign(EVP_PKEY *key, struct sg_bytes message, uint8_t signature[64])
{
    uint8_t der[80];
    size_t n = sizeof der;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    int ok = md && EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
             EVP_DigestSign(md, der, &n, message.p, message.n) == 1;

    EVP_MD_CTX_free(md);
    return ok ? fixed_size(der, n, signature) : SG_ECRYPTO;
}
