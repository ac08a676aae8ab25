/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures over plain texts, and the public keys that go with them. */
#include "pki_internal.h"
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

int sg_key_put_public(struct sg_buf *out, const EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int r = bio && PEM_write_bio_PUBKEY(bio, key) == 1 ? sg_pki_put_bio(out, bio) : SG_ECRYPTO;
    BIO_free(bio);
    (void)sg_pki_why();
    return r;
}

EVP_PKEY *sg_key_parse_public(struct sg_bytes pem, struct sg_error *err)
{
    BIO *bio = sg_pki_bio(pem);
    EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, sg_pki_no_passphrase, NULL) : NULL;
    BIO_free(bio);
    if (!key)
        sg_fail(err, SG_EFORMAT, "this is no public key in PEM: %s", sg_pki_why());
    return key;
}

int sg_key_sign(EVP_PKEY *key, const struct sg_bytes *text, size_t n, struct sg_buf *signature, struct sg_error *err)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    uint8_t space[512];
    size_t len = sizeof space;
    bool ok = md && EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) == 1;
    for (size_t i = 0; ok && i < n; i++)
        ok = text[i].n == 0 || EVP_DigestSignUpdate(md, text[i].p, text[i].n) == 1;
    ok = ok && EVP_DigestSignFinal(md, space, &len) == 1;
    EVP_MD_CTX_free(md);
    if (!ok)
        return sg_fail(err, SG_ECRYPTO, "signing failed: %s", sg_pki_why());
    sg_put(signature, space, len);
    return signature->full ? sg_fail(err, SG_ENOSPC, "the signature has %zu bytes, more than there is room for", len)
                           : 0;
}

/* r and s as they are; OpenSSL wants them as a DER ECDSA-Sig-Value. */
static int ecdsa_der(const uint8_t signature[64], uint8_t **der)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, 32, NULL), *s = BN_bin2bn(signature + 32, 32, NULL);
    int n = -1;
    if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
        n = i2d_ECDSA_SIG(sig, der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(sig);
    return n;
}

int sg_es256_verify(EVP_PKEY *key, struct sg_bytes text, const uint8_t signature[64])
{
    uint8_t *der = NULL;
    if (!sg_pki_is_curve(key, SG_P256))
        return SG_ECRYPTO;
    int n = ecdsa_der(signature, &der);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    int r = SG_ECRYPTO;
    if (n > 0 && md && EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1)
        r = EVP_DigestVerify(md, der, (size_t)n, text.p, text.n) == 1 ? 0 : SG_EMISMATCH;
    EVP_MD_CTX_free(md);
    OPENSSL_free(der);
    (void)sg_pki_why();
    return r;
}
