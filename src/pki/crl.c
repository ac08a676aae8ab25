/* SPDX-License-Identifier: Apache-2.0 */
/* Revocation lists (RFC 5280 section 5) and the reasons in them. */
#include "pki_internal.h"
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

static const struct {
    enum sg_reason reason;
    const char *name;
} reasons[] = {
    {SG_UNSPECIFIED, "unspecified"},
    {SG_KEY_COMPROMISE, "key-compromise"},
    {SG_CA_COMPROMISE, "ca-compromise"},
    {SG_AFFILIATION_CHANGED, "affiliation-changed"},
    {SG_SUPERSEDED, "superseded"},
    {SG_CESSATION, "cessation"},
    {SG_PRIVILEGE_WITHDRAWN, "privilege-withdrawn"},
};
#define REASONS (sizeof reasons / sizeof *reasons)

const char *sg_reason_name(enum sg_reason r)
{
    for (size_t i = 0; i < REASONS; i++) {
        if (reasons[i].reason == r)
            return reasons[i].name;
    }
    return "unspecified";
}

int sg_reason_parse(const char *name, enum sg_reason *r)
{
    for (size_t i = 0; i < REASONS; i++) {
        if (strcmp(reasons[i].name, name) == 0) {
            *r = reasons[i].reason;
            return 0;
        }
    }
    return SG_ENOTFOUND;
}

/* Hexadecimal digits only: BN_hex2bn alone would take "12zz" as 12. */
static ASN1_INTEGER *parse_serial(const char *text)
{
    size_t n = strlen(text);
    BIGNUM *bn = NULL;
    ASN1_INTEGER *serial = NULL;
    if (n > 0 && strspn(text, "0123456789abcdefABCDEF") == n && BN_hex2bn(&bn, text) == (int)n)
        serial = BN_to_ASN1_INTEGER(bn, NULL);
    BN_free(bn);
    return serial;
}

/* A reason is left out where it is unspecified (RFC 5280 section 5.3.1). */
static bool set_reason(X509_REVOKED *entry, enum sg_reason reason)
{
    if (reason == SG_UNSPECIFIED)
        return true;
    ASN1_ENUMERATED *value = ASN1_ENUMERATED_new();
    bool ok = value && ASN1_ENUMERATED_set(value, (long)reason) == 1 &&
              X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, value, 0, X509V3_ADD_DEFAULT) == 1;
    ASN1_ENUMERATED_free(value);
    return ok;
}

static bool add_entry(X509_CRL *crl, const struct sg_revoked *r)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_INTEGER *serial = parse_serial(r->serial);
    ASN1_TIME *when = ASN1_TIME_set(NULL, r->when);
    bool ok = entry && serial && when && X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
              X509_REVOKED_set_revocationDate(entry, when) == 1 && set_reason(entry, r->reason) &&
              X509_CRL_add0_revoked(crl, entry) == 1;
    if (!ok)
        X509_REVOKED_free(entry);
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(when);
    return ok;
}

/* Version 2 with the two extensions that each list must have: authority key id and number (section 5.2). */
static bool set_head(X509_CRL *crl, struct sg_issuer ca, uint64_t number, struct sg_validity v)
{
    ASN1_TIME *from = ASN1_TIME_set(NULL, v.from), *until = ASN1_TIME_set(NULL, v.until);
    ASN1_INTEGER *n = ASN1_INTEGER_new();
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, ca.cert, NULL, NULL, crl, 0);
    X509_EXTENSION *aki = X509V3_EXT_nconf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
    bool ok = from && until && n && aki && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
              X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca.cert)) == 1 &&
              X509_CRL_set1_lastUpdate(crl, from) == 1 && X509_CRL_set1_nextUpdate(crl, until) == 1 &&
              X509_CRL_add_ext(crl, aki, -1) == 1 && ASN1_INTEGER_set_uint64(n, number) == 1 &&
              X509_CRL_add1_ext_i2d(crl, NID_crl_number, n, 0, X509V3_ADD_DEFAULT) == 1;
    X509_EXTENSION_free(aki);
    ASN1_INTEGER_free(n);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return ok;
}

X509_CRL *sg_crl_new(struct sg_issuer ca, const struct sg_revoked *entries, size_t n, uint64_t number,
                     struct sg_validity v, struct sg_error *err)
{
    if (sg_pki_issuer_check(ca, err) < 0)
        return NULL;
    X509_CRL *crl = X509_CRL_new();
    bool ok = crl && set_head(crl, ca, number, v);
    for (size_t i = 0; ok && i < n; i++) {
        ok = add_entry(crl, &entries[i]);
        if (!ok) {
            X509_CRL_free(crl);
            sg_fail(err, SG_EINVAL, "cannot revoke serial number \"%.60s\": it is not hexadecimal", entries[i].serial);
            return NULL;
        }
    }
    EVP_MD_CTX *md = sg_pki_signer(ca.key);
    ok = ok && md && X509_CRL_sort(crl) == 1 && X509_CRL_sign_ctx(crl, md) > 0;
    EVP_MD_CTX_free(md);
    if (ok)
        return crl;
    X509_CRL_free(crl);
    sg_fail(err, SG_ECRYPTO, "cannot make the revocation list: %s", sg_pki_why());
    return NULL;
}

int sg_crl_write(const char *path, const X509_CRL *crl, struct sg_error *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem;
    int r;
    if (bio && PEM_write_bio_X509_CRL(bio, crl) == 1) {
        long n = BIO_get_mem_data(bio, &pem);
        r = sg_file_write(path, 0644, false, sg_bytes(pem, (size_t)n), err);
    } else {
        r = sg_fail(err, SG_ECRYPTO, "cannot encode the revocation list for %s: %s", path, sg_pki_why());
    }
    BIO_free(bio);
    return r;
}
