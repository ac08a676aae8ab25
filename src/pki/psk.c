/* SPDX-License-Identifier: Apache-2.0 */
/* Pre-shared keys: made, and kept encrypted by a key of their own, the vault's. */
#include "pki_internal.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

int sg_psk_new(struct sg_psk_secret *psk, struct sg_error *err)
{
    if (RAND_priv_bytes(psk->key, sizeof psk->key) != 1)
        return sg_fail(err, SG_ECRYPTO, "making a pre-shared key: the system has no randomness");
    return 0;
}

int sg_psk_read(const char *path, struct sg_buf *key, struct sg_error *err)
{
    enum { FILE_MAX = 1024 };
    size_t n = 0, before = key->len;
    uint8_t *content = sg_pki_file_read(path, FILE_MAX, 077, &n, err);
    if (!content)
        return err ? err->code : SG_EIO;
    size_t all = n;
    while (n > 0 && (content[n - 1] == '\n' || content[n - 1] == '\r'))
        n--;
    bool ok = n > 0 && sg_parse_hex(sg_bytes(content, n), key) == 0 && !key->full;
    sg_wipe(content, all);
    free(content);
    if (ok)
        return 0;
    sg_wipe(key->p + before, key->cap - before);
    return sg_fail(err, SG_EFORMAT, "%s does not hold a pre-shared key of 1 to %zu bytes in hexadecimal", path,
                   key->cap - before);
}

/* --------------------------------------------------------------------------------------------------- the vault */

static int make(const char *path, struct sg_error *err)
{
    struct sg_psk_vault v;
    if (RAND_priv_bytes(v.secret, sizeof v.secret) != 1)
        return sg_fail(err, SG_ECRYPTO, "making %s: the system has no randomness", path);
    int r = sg_file_write(path, 0600, true, sg_bytes(v.secret, sizeof v.secret), err);
    sg_wipe(&v, sizeof v);
    return r == SG_EEXISTS ? 0 : r; /* another process was faster, and its key counts */
}

int sg_psk_vault_open(struct sg_psk_vault *v, const char *path, bool may_make, struct sg_error *err)
{
    struct sg_error why = {0};
    size_t n = 0;
    uint8_t *content = sg_pki_file_read(path, sizeof v->secret, 077, &n, &why);
    if (!content && why.code == SG_ENOTFOUND && may_make) {
        int r = make(path, err);
        if (r < 0)
            return r;
        content = sg_pki_file_read(path, sizeof v->secret, 077, &n, &why);
    }
    if (!content && why.code != SG_ENOSPC)
        return sg_fail(err, why.code, "the key that encrypts the inventory's pre-shared keys: %s", why.text);
    bool ok = content && n == sizeof v->secret;
    if (ok)
        memcpy(v->secret, content, sizeof v->secret);
    if (content)
        sg_wipe(content, n);
    free(content);
    return ok ? 0
              : sg_fail(err, SG_EFORMAT,
                        "%s does not hold the 32 bytes that encrypt the inventory's pre-shared keys: restore it from a "
                        "backup",
                        path);
}

/* ----------------------------------------------------------------------------------------------------- sealing */

/* AES-256-GCM, the identity as additional data: no key can be moved to another device's row. */
static bool crypt(const struct sg_psk_vault *v, const char *identity, bool seal, const uint8_t *nonce,
                  const uint8_t *in, uint8_t *out, uint8_t *tag)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n;
    bool ok = ctx && EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), v->secret, nonce, seal, NULL) == 1 &&
              EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)identity, (int)strlen(identity)) == 1 &&
              EVP_CipherUpdate(ctx, out, &n, in, SG_PSK_KEY) == 1;
    if (ok && !seal)
        ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SG_PSK_TAG, tag) == 1;
    ok = ok && EVP_CipherFinal_ex(ctx, out + SG_PSK_KEY, &n) == 1;
    if (ok && seal)
        ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SG_PSK_TAG, tag) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

int sg_psk_seal(const struct sg_psk_vault *v, const char *identity, const struct sg_psk_secret *psk,
                uint8_t sealed[SG_PSK_SEALED], struct sg_error *err)
{
    uint8_t *text = sealed + SG_PSK_NONCE, *tag = text + SG_PSK_KEY;
    if (RAND_bytes(sealed, SG_PSK_NONCE) != 1 || !crypt(v, identity, true, sealed, psk->key, text, tag))
        return sg_fail(err, SG_ECRYPTO, "encrypting the pre-shared key of %s failed", identity);
    return 0;
}

int sg_psk_unseal(const struct sg_psk_vault *v, const char *identity, const uint8_t sealed[SG_PSK_SEALED],
                  struct sg_psk_secret *psk, struct sg_error *err)
{
    uint8_t tag[SG_PSK_TAG], plain[SG_PSK_KEY + SG_PSK_TAG];
    memcpy(tag, sealed + SG_PSK_NONCE + SG_PSK_KEY, sizeof tag);
    bool ok = crypt(v, identity, false, sealed, sealed + SG_PSK_NONCE, plain, tag);
    if (ok)
        memcpy(psk->key, plain, sizeof psk->key);
    sg_wipe(plain, sizeof plain);
    return ok ? 0
              : sg_fail(err, SG_EMISMATCH,
                        "the pre-shared key of %s does not open: it was encrypted with another psk.key, or changed in "
                        "the inventory. Restore the psk.key that belongs to this inventory, or give the device a new "
                        "identity: signet enroll --renew",
                        identity);
}
