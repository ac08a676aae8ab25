/* SPDX-License-Identifier: Apache-2.0 */
/* What must not get into an archive: private keys, pre-shared keys, key logs, the inventory itself. */
#include "seal_internal.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>

static const uint8_t *find(struct sg_bytes in, const char *text)
{
    return in.n > 0 ? memmem(in.p, in.n, text, strlen(text)) : NULL;
}

static bool is_base64(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/* Whether a run of base64 follows soon, and so the label is more than a word in a text. Line ends may be written as
 * "\n", as in JSON. */
static bool has_body(struct sg_bytes after)
{
    enum { NEAR = 300, RUN = 40 }; /* RFC 1421 headers may stand between */
    size_t run = 0;
    for (size_t i = 0; i < after.n && i < NEAR; i++) {
        run = is_base64(after.p[i]) ? run + 1 : 0;
        if (run == RUN)
            return true;
    }
    return false;
}

static bool has_pem_key(struct sg_bytes v)
{
    static const char label[] = "PRIVATE KEY-----";
    for (const uint8_t *at; (at = find(v, label)) != NULL;) {
        at += sizeof label - 1;
        v = sg_bytes(at, v.n - (size_t)(at - v.p));
        if (has_body(v))
            return true;
    }
    return false;
}

/* PKCS#8, SEC1, PKCS#1; encrypted PKCS#8; PKCS#12: the file is that and nothing else. */
static bool is_der_key(struct sg_bytes v)
{
    enum { LARGEST = 1 << 16 };
    if (v.n < 16 || v.n > LARGEST || v.p[0] != 0x30)
        return false;
    const uint8_t *p = v.p;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)v.n);
    p = v.p;
    X509_SIG *encrypted = key == NULL ? d2i_X509_SIG(NULL, &p, (long)v.n) : NULL;
    p = v.p;
    PKCS12 *bag = key == NULL && encrypted == NULL ? d2i_PKCS12(NULL, &p, (long)v.n) : NULL;
    bool is = key != NULL || encrypted != NULL || bag != NULL;
    EVP_PKEY_free(key);
    X509_SIG_free(encrypted);
    PKCS12_free(bag);
    ERR_clear_error();
    return is;
}

/* A line of an NSS key log, which decrypts a capture. */
static bool has_key_log(struct sg_bytes v)
{
    enum { RANDOM = 64 };
    static const char label[] = "CLIENT_RANDOM ";
    for (const uint8_t *at; (at = find(v, label)) != NULL;) {
        at += sizeof label - 1;
        v = sg_bytes(at, v.n - (size_t)(at - v.p));
        uint8_t space[RANDOM / 2];
        struct sg_buf b = sg_buf(space, sizeof space);
        if (v.n > RANDOM && sg_parse_hex(sg_bytes(v.p, RANDOM), &b) == 0)
            return true;
    }
    return false;
}

/* Names that Signet and others give to keys and to inventories. */
static const char *by_name(const char *path)
{
    static const struct {
        const char *end, *what;
    } names[] = {{".key", "a key file"},    {".psk", "a pre-shared key"}, {".p12", "a key file"},
                 {".pfx", "a key file"},    {"keys.txt", "a key log"},    {"keylog.txt", "a key log"},
                 {"token", "an API token"}, {".db", "an inventory"},      {".db-wal", "an inventory"}};
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t m = strlen(names[i].end);
        bool whole = names[i].end[0] != '.';
        if (whole ? strcmp(name, names[i].end) == 0 : n >= m && strcmp(name + n - m, names[i].end) == 0)
            return names[i].what;
    }
    return NULL;
}

const char *sg_seal_secret(const char *path, struct sg_bytes content)
{
    const char *named = by_name(path);
    if (named != NULL)
        return named;
    if (has_pem_key(content) || is_der_key(content))
        return "a private key";
    /* The probe keeps key logs of throw-away keys only, inside its captures. */
    bool record = strncmp(path, "evidence/", strlen("evidence/")) == 0;
    return !record && has_key_log(content) ? "a key log, which decrypts what was captured" : NULL;
}
