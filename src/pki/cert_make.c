/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that we issue: roots, issuing CAs, servers, devices. Profile: RFC 5280, as lean as it allows. */
#include "pki_internal.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

/* 9999-12-31 23:59:59, the last time that a certificate can say (RFC 5280 section 4.1.2.5). */
#define LAST_TIME INT64_C(253402300799)

/* RFC 5280 section 4.2.1.2 leaves the method open. RFC 7093 takes the left of a SHA-256 of the key's bits; 64 bits of
 * it tell our few CAs apart, and each certificate below carries them over the air. */
static const char *key_id(const X509 *cert, char hex[17])
{
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    unsigned n;
    struct sg_buf text = sg_buf(hex, 17);
    if (X509_pubkey_digest(cert, EVP_sha256(), digest, &n) == 1)
        sg_put_hex(&text, sg_bytes(digest, 8));
    return sg_buf_cstr(&text);
}

/* An extension as OpenSSL's configuration language has it; the subject key id is computed. */
struct extension {
    int nid;
    const char *value;
};

static bool add_extensions(X509 *cert, X509 *issuer, const struct extension *list, size_t n)
{
    char id[17];
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    for (size_t i = 0; i < n; i++) {
        const char *value = list[i].nid == NID_subject_key_identifier ? key_id(cert, id) : list[i].value;
        X509_EXTENSION *e = X509V3_EXT_nconf_nid(NULL, &ctx, list[i].nid, value);
        bool ok = e && X509_add_ext(cert, e, -1) == 1;
        X509_EXTENSION_free(e);
        if (!ok)
            return false;
    }
    return true;
}

static bool set_serial(X509 *cert)
{
    uint8_t random[16];
    BIGNUM *serial = NULL;
    bool ok = RAND_bytes(random, sizeof random) == 1 && (serial = BN_bin2bn(random, sizeof random, NULL)) != NULL &&
              BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)) != NULL;
    BN_free(serial);
    return ok;
}

/* Cuts `v` to what the issuer's certificate covers. */
static int cut_validity(const X509 *issuer, struct sg_validity *v, struct sg_error *err)
{
    if (v->from >= v->until || v->from < 0 || v->until > LAST_TIME)
        return sg_fail(err, SG_EINVAL, "a certificate cannot be valid from %lld to %lld", (long long)v->from,
                       (long long)v->until);
    if (!issuer)
        return 0;
    int64_t from, until;
    if (sg_pki_time(X509_get0_notBefore(issuer), &from) < 0 || sg_pki_time(X509_get0_notAfter(issuer), &until) < 0)
        return sg_fail(err, SG_EFORMAT, "the CA's certificate has no readable validity");
    v->from = v->from > from ? v->from : from;
    v->until = v->until < until ? v->until : until;
    char name[SG_PKI_NAME_TEXT], a[SG_PKI_TIME_TEXT], b[SG_PKI_TIME_TEXT];
    if (v->from >= v->until)
        return sg_fail(err, SG_ESTATE, "the CA \"%s\" is valid from %s to %s: it cannot issue for the time asked for",
                       sg_pki_name_text(X509_get_subject_name(issuer), name), sg_pki_time_text(from, a),
                       sg_pki_time_text(until, b));
    return 0;
}

int sg_pki_issuer_check(struct sg_issuer ca, struct sg_error *err)
{
    char name[SG_PKI_NAME_TEXT];
    const X509_NAME *subject = X509_get_subject_name(ca.cert);
    if (!sg_pki_is_ca(ca.cert))
        return sg_fail(err, SG_EINVAL, "\"%s\" is not a CA's certificate: it cannot issue others",
                       sg_pki_name_text(subject, name));
    if (X509_check_private_key(ca.cert, ca.key) != 1) {
        (void)sg_pki_why();
        return sg_fail(err, SG_EMISMATCH, "the private key is not that of the CA \"%s\"",
                       sg_pki_name_text(subject, name));
    }
    return 0;
}

/* All but the extensions and the signature. `issuer` is NULL for a root. */
static X509 *begin(const X509 *issuer, EVP_PKEY *key, const char *cn, struct sg_validity v, struct sg_error *err)
{
    X509 *cert = X509_new();
    if (!cert) {
        sg_fail(err, SG_ENOMEM, "out of memory");
        return NULL;
    }
    if (cut_validity(issuer, &v, err) < 0 || (cn && sg_pki_name_set(X509_get_subject_name(cert), cn, err) < 0)) {
        X509_free(cert);
        return NULL;
    }
    const X509_NAME *by = X509_get_subject_name(issuer ? issuer : cert);
    if (X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) && X509_set_issuer_name(cert, by) == 1 &&
        ASN1_TIME_set(X509_getm_notBefore(cert), v.from) && ASN1_TIME_set(X509_getm_notAfter(cert), v.until) &&
        sg_pki_set_key(cert, key))
        return cert;
    X509_free(cert);
    sg_fail(err, SG_ECRYPTO, "cannot make a certificate for \"%s\": %s", cn ? cn : "", sg_pki_why());
    return NULL;
}

/* Extensions and signature; frees the certificate where that fails. */
static X509 *finish(X509 *cert, struct sg_issuer by, const struct extension *list, size_t n, struct sg_error *err)
{
    EVP_MD_CTX *md = sg_pki_signer(by.key);
    bool ok = md && add_extensions(cert, by.cert, list, n) && X509_sign_ctx(cert, md) > 0;
    EVP_MD_CTX_free(md);
    if (ok)
        return cert;
    X509_free(cert);
    sg_fail(err, SG_ECRYPTO, "cannot sign the certificate: %s", sg_pki_why());
    return NULL;
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

X509 *sg_cert_root(EVP_PKEY *key, const char *cn, struct sg_validity v, struct sg_error *err)
{
    X509 *cert = begin(NULL, key, cn, v, err);
    if (!cert)
        return NULL;
    static const struct extension list[] = {
        {NID_basic_constraints, "critical,CA:TRUE"},
        {NID_key_usage, "critical,keyCertSign,cRLSign"},
        {NID_subject_key_identifier, NULL},
    };
    return finish(cert, (struct sg_issuer){cert, key}, list, COUNT(list), err);
}

X509 *sg_cert_issuing(struct sg_issuer root, EVP_PKEY *public_key, const char *cn, struct sg_validity v,
                      struct sg_error *err)
{
    return sg_cert_issuing_limited(root, public_key, cn, v, (struct sg_ca_limits){0, 0}, err);
}

X509 *sg_cert_issuing_limited(struct sg_issuer root, EVP_PKEY *public_key, const char *cn, struct sg_validity v,
                              struct sg_ca_limits limits, struct sg_error *err)
{
    if (sg_pki_issuer_check(root, err) < 0)
        return NULL;
    X509 *cert = begin(root.cert, public_key, cn, v, err);
    if (!cert)
        return NULL;
    if (!sg_pki_add_limits(cert, &limits)) {
        X509_free(cert);
        sg_fail(err, SG_ECRYPTO, "cannot limit the CA \"%s\": %s", cn, sg_pki_why());
        return NULL;
    }
    static const struct extension list[] = {
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,keyCertSign,cRLSign"},
        {NID_subject_key_identifier, NULL},
        {NID_authority_key_identifier, "keyid:always"},
    };
    return finish(cert, root, list, COUNT(list), err);
}

/* A host name of letters, digits, hyphens and dots (RFC 1123 section 2.1). */
static bool is_dns_name(const char *host)
{
    size_t label = 0;
    for (const char *p = host; *p; p++) {
        if (*p == '.') {
            if (label == 0 || p[-1] == '-')
                return false;
            label = 0;
        } else if (isalnum((unsigned char)*p) || (*p == '-' && label > 0)) {
            if (++label > 63)
                return false;
        } else {
            return false;
        }
    }
    size_t n = strlen(host);
    return label > 0 && n <= 253 && host[n - 1] != '-';
}

static bool is_ip(const char *host)
{
    uint8_t ip[16];
    return inet_pton(AF_INET, host, ip) == 1 || inet_pton(AF_INET6, host, ip) == 1;
}

X509 *sg_cert_server(struct sg_issuer ca, EVP_PKEY *public_key, const char *host, struct sg_validity v,
                     struct sg_error *err)
{
    bool ip = is_ip(host);
    if (!ip && !is_dns_name(host)) {
        sg_fail(err, SG_EINVAL, "\"%.100s\" is neither a host name (letters, digits, hyphens, dots) nor an IP address",
                host);
        return NULL;
    }
    if (sg_pki_issuer_check(ca, err) < 0)
        return NULL;
    /* A common name has at most 64 characters; without one the subject is empty, and then the alternative name is
     * critical (RFC 5280 section 4.1.2.6). */
    bool named = strlen(host) <= 64;
    char name[300];
    struct sg_buf text = sg_buf(name, sizeof name);
    sg_put_str(&text, named ? "" : "critical,");
    sg_put_str(&text, ip ? "IP:" : "DNS:");
    sg_put_str(&text, host);
    X509 *cert = begin(ca.cert, public_key, named ? host : NULL, v, err);
    if (!cert)
        return NULL;
    const struct extension list[] = {
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_alt_name, sg_buf_cstr(&text)},
        {NID_authority_key_identifier, "keyid:always"},
    };
    return finish(cert, ca, list, COUNT(list), err);
}

X509 *sg_cert_device(struct sg_issuer ca, EVP_PKEY *public_key, const char *endpoint, struct sg_validity v,
                     struct sg_error *err)
{
    if (sg_pki_issuer_check(ca, err) < 0)
        return NULL;
    X509 *cert = begin(ca.cert, public_key, endpoint, v, err);
    if (!cert)
        return NULL;
    static const struct extension list[] = {
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "clientAuth"},
        {NID_authority_key_identifier, "keyid:always"},
    };
    return finish(cert, ca, list, COUNT(list), err);
}
