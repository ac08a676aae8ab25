/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys: made, written and read. No other file touches one but to sign with it. */
#include "pki_internal.h"
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* OWASP's password storage guidance of 2023 for PBKDF2-HMAC-SHA256. */
#define PBKDF2_ROUNDS 600000
#define KEY_FILE_MAX  (64 * 1024)

void sg_secret_wipe(struct sg_secret *s)
{
    sg_wipe(s, sizeof *s);
}

EVP_PKEY *sg_key_new(enum sg_curve curve, struct sg_error *err)
{
    EVP_PKEY *key = EVP_EC_gen(curve == SG_P384 ? "P-384" : "P-256");
    if (!key)
        sg_fail(err, SG_ECRYPTO, "cannot make a key: %s", sg_pki_why());
    return key;
}

bool sg_pki_is_curve(const EVP_PKEY *key, enum sg_curve curve)
{
    char group[32];
    size_t n;
    return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &n) == 1 &&
           strcmp(group, curve == SG_P384 ? "secp384r1" : "prime256v1") == 0;
}

const EVP_MD *sg_pki_digest(const EVP_PKEY *key)
{
    return sg_pki_is_curve(key, SG_P384) ? EVP_sha384() : EVP_sha256();
}

/* Writes the PEM text of the key into `bio`. */
static bool write_pem(BIO *bio, EVP_PKEY *key, const struct sg_secret *passphrase)
{
    PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
    if (!plain)
        return false;
    bool ok;
    if (passphrase && passphrase->n > 0) {
        /* -1: PBES2; its default PRF is HMAC-SHA256 (RFC 8018). */
        X509_SIG *sealed =
            PKCS8_encrypt(-1, EVP_aes_256_cbc(), passphrase->text, (int)passphrase->n, NULL, 0, PBKDF2_ROUNDS, plain);
        ok = sealed && PEM_write_bio_PKCS8(bio, sealed) == 1;
        X509_SIG_free(sealed);
    } else {
        ok = PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, plain) == 1;
    }
    PKCS8_PRIV_KEY_INFO_free(plain);
    return ok;
}

int sg_key_write(const char *path, EVP_PKEY *key, const struct sg_secret *passphrase, struct sg_error *err)
{
    BIO *bio = BIO_new(BIO_s_secmem()); /* wiped when freed */
    char *pem;
    int r;
    if (bio && write_pem(bio, key, passphrase)) {
        long n = BIO_get_mem_data(bio, &pem);
        r = sg_file_write(path, 0600, true, sg_bytes(pem, (size_t)n), err);
    } else {
        r = sg_fail(err, SG_ECRYPTO, "cannot encode the private key for %s: %s", path, sg_pki_why());
    }
    BIO_free(bio);
    return r;
}

int sg_pki_answer(char *buf, int size, int writing, void *user)
{
    struct sg_pki_asked *asked = user;
    (void)writing;
    asked->was = true;
    if (!asked->passphrase || asked->passphrase->n == 0 || asked->passphrase->n > (size_t)size)
        return -1;
    memcpy(buf, asked->passphrase->text, asked->passphrase->n);
    return (int)asked->passphrase->n;
}

/* The first private key in `content`. A PEM file may have other blocks before it ("EC PARAMETERS"): the decoder takes
 * one block a call. */
static EVP_PKEY *decode(struct sg_bytes content, struct sg_pki_asked *asked)
{
    EVP_PKEY *key = NULL;
    BIO *bio = sg_pki_bio(content);
    OSSL_DECODER_CTX *ctx =
        OSSL_DECODER_CTX_new_for_pkey(&key, NULL, NULL, NULL, OSSL_KEYMGMT_SELECT_KEYPAIR, NULL, NULL);
    if (bio && ctx && OSSL_DECODER_CTX_set_pem_password_cb(ctx, sg_pki_answer, asked) == 1) {
        while (!key && BIO_pending(bio) > 0) {
            int before = (int)BIO_pending(bio);
            (void)OSSL_DECODER_from_bio(ctx, bio);
            if (BIO_pending(bio) >= before)
                break;
        }
    }
    OSSL_DECODER_CTX_free(ctx);
    BIO_free(bio);
    (void)sg_pki_why();
    return key;
}

/* A key whose private part is sealed by a TPM, in a file (the form of tpm2-openssl, and of tpm2-tss-engine before). */
static bool is_sealed(struct sg_bytes content)
{
    static const char head[] = "-----BEGIN TSS2 PRIVATE KEY-----";
    return memmem(content.p, content.n, head, sizeof head - 1) != NULL;
}

static EVP_PKEY *sealed_key(const char *path, struct sg_pki_asked *asked, struct sg_error *err)
{
    return sg_pki_load_tpm(path, err) < 0 ? NULL : sg_pki_stored_key(path, asked);
}

static EVP_PKEY *read_file(const char *path, struct sg_pki_asked *asked, struct sg_error *err)
{
    size_t n;
    uint8_t *content = sg_pki_file_read(path, KEY_FILE_MAX, 077, &n, err);
    if (!content)
        return NULL;
    EVP_PKEY *key =
        is_sealed(sg_bytes(content, n)) ? sealed_key(path, asked, err) : decode(sg_bytes(content, n), asked);
    sg_wipe(content, n);
    free(content);
    return key;
}

static EVP_PKEY *read_uri(const char *uri, struct sg_pki_asked *asked, struct sg_error *err)
{
    return sg_pki_load_provider(uri, err) < 0 ? NULL : sg_pki_stored_key(uri, asked);
}

EVP_PKEY *sg_key_read(const char *where, const struct sg_secret *passphrase, struct sg_error *err)
{
    struct sg_error first = {0};
    struct sg_pki_asked asked = {.passphrase = passphrase};
    bool uri = sg_key_is_uri(where) && !sg_pki_file_of(where);
    const char *path = sg_key_is_uri(where) && !uri ? sg_pki_file_of(where) : where;
    EVP_PKEY *key = uri ? read_uri(where, &asked, &first) : read_file(path, &asked, &first);
    char why[200];
    (void)snprintf(why, sizeof why, "%s", sg_pki_why());
    if (key)
        return key;
    if (first.code != 0)
        sg_fail(err, first.code, "%s", first.text);
    else if (asked.was && (!passphrase || passphrase->n == 0))
        sg_fail(err, SG_EDENIED, "the private key in %s is encrypted, and no passphrase was given", where);
    else if (asked.was)
        sg_fail(err, SG_EMISMATCH, "wrong passphrase for the private key in %s", where);
    else if (uri)
        sg_fail(err, SG_ENOTFOUND, "there is no private key at %s, or its store cannot be reached (%s)", where, why);
    else
        sg_fail(err, SG_EFORMAT, "%s holds no private key (PKCS#8 or SEC1, in PEM or DER)", where);
    return NULL;
}

bool sg_key_is_encrypted(const char *where)
{
    struct sg_pki_asked asked = {0};
    bool uri = sg_key_is_uri(where) && !sg_pki_file_of(where);
    if (uri) {
        EVP_PKEY_free(read_uri(where, &asked, NULL));
    } else {
        size_t n;
        const char *path = sg_key_is_uri(where) ? sg_pki_file_of(where) : where;
        uint8_t *content = sg_file_read(path, KEY_FILE_MAX, &n, NULL);
        if (!content)
            return false;
        if (is_sealed(sg_bytes(content, n)))
            EVP_PKEY_free(sealed_key(path, &asked, NULL));
        else
            EVP_PKEY_free(decode(sg_bytes(content, n), &asked));
        sg_wipe(content, n);
        free(content);
    }
    (void)sg_pki_why();
    return asked.was;
}
