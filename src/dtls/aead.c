/* SPDX-License-Identifier: Apache-2.0 */
/* AES-GCM, AES-CCM and ChaCha20-Poly1305 by EVP, the key set anew for each record: one context for each cipher and
 * direction. */
#include "dtls/dtls_internal.h"

enum { NONCE = 12 };

static const char *const names[SG_DTLS_CIPHERS] = {"AES-128-GCM", "AES-256-GCM", "AES-128-CCM", "AES-256-CCM",
                                                   "ChaCha20-Poly1305"};

static bool is_ccm(enum sg_dtls_cipher cipher)
{
    return cipher == SG_DTLS_CCM_128 || cipher == SG_DTLS_CCM_256;
}

int sg_dtls_aead_open(struct sg_dtls_aead *aead)
{
    for (int i = 0; i < SG_DTLS_CIPHERS; i++) {
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, names[i], NULL);
        bool ok = cipher != NULL;
        for (int seal = 0; ok && seal < 2; seal++) {
            EVP_CIPHER_CTX *ctx = aead->ctx[i][seal] = EVP_CIPHER_CTX_new();
            ok = ctx && EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, seal, NULL) == 1 &&
                 EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, NONCE, NULL) == 1;
        }
        EVP_CIPHER_free(cipher); /* the contexts hold it */
        if (!ok)
            return SG_ECRYPTO;
    }
    return 0;
}

void sg_dtls_aead_close(struct sg_dtls_aead *aead)
{
    for (int i = 0; i < SG_DTLS_CIPHERS; i++)
        for (int seal = 0; seal < 2; seal++)
            EVP_CIPHER_CTX_free(aead->ctx[i][seal]);
}

/* CCM needs the tag's length (when opening: the tag) before the key, and the content's length before the rest. */
static bool start(EVP_CIPHER_CTX *ctx, const struct sg_dtls_suite *s, bool seal, const uint8_t *key,
                  const uint8_t *nonce, const uint8_t *tag, size_t content)
{
    uint8_t copy[16];
    int n;
    if (!seal)
        memcpy(copy, tag, s->tag_len);
    if (is_ccm(s->cipher) || !seal)
        if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, s->tag_len, seal ? NULL : copy) != 1)
            return false;
    if (EVP_CipherInit_ex2(ctx, NULL, key, nonce, -1, NULL) != 1)
        return false;
    return !is_ccm(s->cipher) || EVP_CipherUpdate(ctx, NULL, &n, NULL, (int)content) == 1;
}

bool sg_dtls_aead(struct sg_dtls_aead *aead, const struct sg_dtls_suite *s, bool seal, const uint8_t *key,
                  const uint8_t nonce[NONCE], struct sg_bytes aad, struct sg_bytes in, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = aead->ctx[s->cipher][seal];
    size_t content = seal ? in.n : in.n - s->tag_len;
    int n, rest;

    /* With no content at all, EVP's CCM would not look at the tag. */
    if ((!seal && in.n <= s->tag_len) || !content || content > SG_DTLS_PLAIN_MAX + 256)
        return false;
    if (!start(ctx, s, seal, key, nonce, in.p + content, content) ||
        EVP_CipherUpdate(ctx, NULL, &n, aad.p, (int)aad.n) != 1 ||
        EVP_CipherUpdate(ctx, out, &n, in.p, (int)content) != 1 || (size_t)n != content)
        return false;
    if (!is_ccm(s->cipher) && EVP_CipherFinal_ex(ctx, out + n, &rest) != 1)
        return false;
    return !seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, s->tag_len, out + content) == 1;
}
