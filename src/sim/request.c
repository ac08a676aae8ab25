/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate request as the modem encodes it (modem notes 2.2): version 0, the subject, the key, one
 * extensionRequest with keyUsage, not critical; in older firmware the algorithm carries NULL parameters. OpenSSL signs
 * requests in one form only, so that the outer SEQUENCE is put together here.
 */
#include "sim_internal.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { SUBJECT_MAX = 256, USAGE_BITS = 9 };

static const uint8_t algorithm[] = {0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02};
static const uint8_t algorithm_null[] = {0x30, 0x0C, 0x06, 0x08, 0x2A, 0x86, 0x48,
                                         0xCE, 0x3D, 0x04, 0x03, 0x02, 0x05, 0x00};

/* ------------------------------------------------------------------------------------------------------- keys */

static int put_der(struct sg_buf *out, uint8_t *der, int n)
{
    if (n <= 0)
        return SG_ECRYPTO;
    sg_put(out, der, (size_t)n);
    OPENSSL_clear_free(der, (size_t)n);
    return out->full ? SG_ENOSPC : 0;
}

int sg_sim_key_put_spki(EVP_PKEY *key, struct sg_buf *out)
{
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(key, &der);
    return put_der(out, der, n);
}

int sg_sim_key_put_public_pem(EVP_PKEY *key, struct sg_buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long n = bio && PEM_write_bio_PUBKEY(bio, key) == 1 ? BIO_get_mem_data(bio, &text) : 0;

    if (n > 0)
        sg_put(out, text, (size_t)n);
    BIO_free(bio);
    return n <= 0 ? SG_ECRYPTO : out->full ? SG_ENOSPC : 0;
}

int sg_sim_key_put_private_pem(EVP_PKEY *key, struct sg_buf *out)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    char *text = NULL;
    long n = bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1
                 ? BIO_get_mem_data(bio, &text)
                 : 0;

    if (n > 0)
        sg_put(out, text, (size_t)n);
    BIO_free(bio);
    return n <= 0 ? SG_ECRYPTO : out->full ? SG_ENOSPC : 0;
}

int sg_sim_key_put_pkcs8(EVP_PKEY *key, struct sg_buf *out)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    uint8_t *der = NULL;
    int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;
    PKCS8_PRIV_KEY_INFO_free(info);
    return put_der(out, der, n);
}

/* An encrypted key cannot be used: the modem asks for its passphrase when it is written, and this one keeps none. */
static int no_passphrase(char *buf, int size, int writing, void *user)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)user;
    return -1;
}

EVP_PKEY *sg_sim_key_parse(const struct sg_sim_entry *e)
{
    EVP_PKEY *key = NULL;

    if (e->made) {
        const uint8_t *p = e->content;
        key = d2i_AutoPrivateKey(NULL, &p, (long)e->len);
        if (key && p != e->content + e->len) {
            EVP_PKEY_free(key);
            key = NULL;
        }
    } else {
        BIO *in = BIO_new_mem_buf(e->content, (int)e->len);
        key = in ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL) : NULL;
        BIO_free(in);
    }
    ERR_clear_error();
    return key;
}

/* ---------------------------------------------------------------------------------------------------- subject */

/* The ids that a subject commonly has; %KEYGEN's own list is not public beyond CN, O, L and C (modem notes 2.1). */
static int name_nid(struct sg_bytes id, bool many)
{
    enum { FEW = 4 };
    static const struct {
        const char *id;
        int nid;
    } ids[] = {{"CN", NID_commonName}, {"O", NID_organizationName},        {"L", NID_localityName},
               {"C", NID_countryName}, {"OU", NID_organizationalUnitName}, {"ST", NID_stateOrProvinceName}};
    for (size_t i = 0; i < (many ? sizeof ids / sizeof *ids : FEW); i++)
        if (sg_bytes_eq_str(id, ids[i].id))
            return ids[i].nid;
    return NID_undef;
}

static bool add_name(X509_NAME *name, int nid, struct sg_bytes value)
{
    /* X.520 wants a country in PrintableString; the rest is UTF8String, as the samples have it. */
    int type = nid == NID_countryName ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;
    return X509_NAME_add_entry_by_NID(name, nid, type, value.p, (int)value.n, -1, 0) == 1;
}

static size_t find(struct sg_bytes v, char c)
{
    size_t i = 0;
    while (i < v.n && v.p[i] != (uint8_t)c)
        i++;
    return i;
}

/* "CN=mydevice,O=Nordic": in the order given; `cn` (NULL: nothing) first where there is no common name among them. */
static bool add_subject(X509_NAME *name, const char *cn, const struct sg_sim_request *r)
{
    struct sg_bytes attributes = r->attributes;
    bool has_cn = sg_bytes_eq_str(sg_bytes(attributes.p, attributes.n < 3 ? attributes.n : 3), "CN=");

    for (size_t i = 0; i + 4 <= attributes.n; i++)
        has_cn = has_cn || memcmp(attributes.p + i, ",CN=", 4) == 0;
    if (!has_cn && cn && !add_name(name, NID_commonName, sg_str(cn)))
        return false;
    while (attributes.n > 0) {
        size_t end = find(attributes, ','), equals = find(attributes, '=');
        if (equals == 0 || equals + 1 >= end)
            return false;
        int nid = name_nid(sg_bytes(attributes.p, equals), r->many_ids);
        if (nid == NID_undef || !add_name(name, nid, sg_bytes(attributes.p + equals + 1, end - equals - 1)))
            return false;
        size_t next = end < attributes.n ? end + 1 : end;
        attributes = sg_bytes(attributes.p + next, attributes.n - next);
    }
    return true;
}

/* -------------------------------------------------------------------------------------------------- key usage */

/* Bit i of the text is bit i of KeyUsage (RFC 5280 section 4.2.1.3). */
static ASN1_BIT_STRING *usage_bits(struct sg_bytes text)
{
    static const char by_default[] = "111010000";
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();

    if (text.n == 0)
        text = sg_str(by_default);
    bool ok = bits && text.n == USAGE_BITS;
    for (int i = 0; ok && i < USAGE_BITS; i++) {
        if (text.p[i] == '1')
            ok = ASN1_BIT_STRING_set_bit(bits, i, 1) == 1;
        else
            ok = text.p[i] == '0';
    }
    if (ok)
        return bits;
    ASN1_BIT_STRING_free(bits);
    return NULL;
}

static bool add_usage(X509_REQ *req, struct sg_bytes text)
{
    ASN1_BIT_STRING *bits = usage_bits(text);
    X509_EXTENSION *ext = bits ? X509V3_EXT_i2d(NID_key_usage, 0, bits) : NULL;
    STACK_OF(X509_EXTENSION) *list = ext ? sk_X509_EXTENSION_new_null() : NULL;
    bool ok = list && sk_X509_EXTENSION_push(list, ext) == 1 && X509_REQ_add_extensions(req, list) == 1;

    sk_X509_EXTENSION_free(list);
    X509_EXTENSION_free(ext);
    ASN1_BIT_STRING_free(bits);
    return ok;
}

/* ---------------------------------------------------------------------------------------------------- encoding */

static void put_header(struct sg_buf *b, uint8_t tag, size_t n)
{
    sg_put_u8(b, tag);
    if (n > 255) {
        sg_put_u8(b, 0x82);
        sg_put_u16(b, (uint16_t)n);
    } else {
        if (n > 127)
            sg_put_u8(b, 0x81);
        sg_put_u8(b, (uint8_t)n);
    }
}

static int sign(EVP_PKEY *key, struct sg_bytes tbs, uint8_t *signature, size_t *n)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    int ok = md && EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
             EVP_DigestSign(md, signature, n, tbs.p, tbs.n) == 1;
    EVP_MD_CTX_free(md);
    return ok ? 0 : SG_ECRYPTO;
}

static int put_signed(EVP_PKEY *key, struct sg_bytes tbs, bool null_parameters, struct sg_buf *out)
{
    uint8_t signature[80];
    size_t n = sizeof signature;
    struct sg_bytes alg =
        null_parameters ? sg_bytes(algorithm_null, sizeof algorithm_null) : sg_bytes(algorithm, sizeof algorithm);

    if (sign(key, tbs, signature, &n) < 0)
        return SG_ECRYPTO;
    put_header(out, 0x30, tbs.n + alg.n + 2 + 1 + n); /* the BIT STRING's header, its count of unused bits */
    sg_put_bytes(out, tbs);
    sg_put_bytes(out, alg);
    put_header(out, 0x03, 1 + n);
    sg_put_u8(out, 0);
    sg_put(out, signature, n);
    return out->full ? SG_ENOSPC : 0;
}

int sg_sim_request_make(EVP_PKEY *key, const char *default_cn, const char *fallback_cn, const struct sg_sim_request *r,
                        struct sg_buf *out)
{
    X509_REQ *req = X509_REQ_new();
    uint8_t *tbs = NULL;
    int result = SG_ECRYPTO;

    if (req == NULL || X509_REQ_set_version(req, 0) != 1 || X509_REQ_set_pubkey(req, key) != 1)
        goto done;
    result = SG_EINVAL;
    if (r->attributes.n > SUBJECT_MAX ||
        !add_subject(X509_REQ_get_subject_name(req), r->attributes.n > 0 ? fallback_cn : default_cn, r) ||
        !add_usage(req, r->key_usage))
        goto done;
    int n = i2d_re_X509_REQ_tbs(req, &tbs);
    result = n > 0 ? put_signed(key, sg_bytes(tbs, (size_t)n), r->null_parameters, out) : SG_ECRYPTO;
done:
    OPENSSL_free(tbs);
    X509_REQ_free(req);
    ERR_clear_error();
    return result;
}
