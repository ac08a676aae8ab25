/* SPDX-License-Identifier: Apache-2.0 */
/* Who is trusted: a leaf checked against the CAs that one side holds, at a given time, for a purpose and a name. */
#include "pki_internal.h"
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

struct sg_trust {
    X509_STORE *store;
};

struct sg_trust *sg_trust_new(struct sg_error *err)
{
    struct sg_trust *t = calloc(1, sizeof *t);
    if (t)
        t->store = X509_STORE_new();
    if (t && t->store)
        return t;
    free(t);
    sg_fail(err, SG_ENOMEM, "out of memory");
    return NULL;
}

void sg_trust_free(struct sg_trust *t)
{
    if (t)
        X509_STORE_free(t->store);
    free(t);
}

int sg_trust_add(struct sg_trust *t, X509 *ca, struct sg_error *err)
{
    char name[SG_PKI_NAME_TEXT];
    if (!sg_pki_is_ca(ca))
        return sg_fail(err, SG_EINVAL, "\"%s\" is not a CA's certificate: nothing can be trusted through it",
                       sg_pki_name_text(X509_get_subject_name(ca), name));
    if (X509_STORE_add_cert(t->store, ca) != 1)
        return sg_fail(err, SG_ECRYPTO, "cannot add a CA: %s", sg_pki_why());
    return 0;
}

/* Adds the certificates of `pem`; how many. */
static int add_all(struct sg_trust *t, BIO *pem, struct sg_error *err)
{
    int n = 0, r = 0;
    for (X509 *ca; r == 0 && (ca = PEM_read_bio_X509(pem, NULL, sg_pki_no_passphrase, NULL)) != NULL; n++) {
        r = sg_trust_add(t, ca, err);
        X509_free(ca);
    }
    ERR_clear_error();
    return r < 0 ? r : n;
}

struct sg_trust *sg_trust_read(const char *path, struct sg_error *err)
{
    enum { LARGEST = 1 << 20 };
    size_t n;
    uint8_t *text = sg_file_read(path, LARGEST, &n, err);
    struct sg_trust *t = text ? sg_trust_new(err) : NULL;
    if (t) {
        BIO *pem = sg_pki_bio(sg_bytes(text, n));
        int added = pem ? add_all(t, pem, err) : 0;
        BIO_free(pem);
        if (added == 0)
            (void)sg_fail(err, SG_EFORMAT, "there is no certificate (PEM) in it");
        if (added <= 0) {
            (void)sg_fail_in(err, "cannot take CAs from %s", path);
            sg_trust_free(t);
            t = NULL;
        }
    }
    free(text);
    return t;
}

/* How OpenSSL's reasons read as ours. A fault above the leaf is the issuer's. */
static enum sg_trust_result result_of(int error, int depth)
{
    switch (error) {
    case X509_V_OK:
        return SG_TRUSTED;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return SG_UNTRUSTED_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return SG_UNTRUSTED_NOT_YET;
    case X509_V_ERR_INVALID_PURPOSE:
        return depth == 0 ? SG_UNTRUSTED_PURPOSE : SG_UNTRUSTED_ISSUER;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
        return SG_UNTRUSTED_ISSUER;
    default:
        return SG_UNTRUSTED_BAD;
    }
}

/* Says why the verification failed. `at` is the certificate at fault, in the leaf's chain. */
static void tell(enum sg_trust_result result, const X509 *leaf, const X509 *at, int error, enum sg_purpose purpose,
                 int64_t now, struct sg_error *err)
{
    char subject[SG_PKI_NAME_TEXT], issuer[SG_PKI_NAME_TEXT], then_text[SG_PKI_TIME_TEXT], now_text[SG_PKI_TIME_TEXT];
    const char *whose = at == leaf ? "the certificate" : "the CA";
    sg_pki_name_text(X509_get_subject_name(at), subject);
    sg_pki_name_text(X509_get_issuer_name(at), issuer);
    sg_pki_time_text(now, now_text);
    int64_t then = 0;
    static const char *const roles[] = {[SG_FOR_CLIENT] = "a device (clientAuth)",
                                        [SG_FOR_SERVER] = "a server (serverAuth)",
                                        [SG_FOR_STAMPS] = "an authority of time stamps (timeStamping, alone)",
                                        [SG_FOR_DOCUMENTS] = "documents"};

    if (result == SG_UNTRUSTED_EXPIRED) {
        (void)sg_pki_time(X509_get0_notAfter(at), &then);
        sg_fail(err, SG_EDENIED, "%s \"%s\" expired on %s, and it is %s", whose, subject,
                sg_pki_time_text(then, then_text), now_text);
    } else if (result == SG_UNTRUSTED_NOT_YET) {
        (void)sg_pki_time(X509_get0_notBefore(at), &then);
        sg_fail(err, SG_EDENIED, "%s \"%s\" is valid from %s on, and it is %s: is a clock wrong?", whose, subject,
                sg_pki_time_text(then, then_text), now_text);
    } else if (result == SG_UNTRUSTED_PURPOSE) {
        sg_fail(err, SG_EDENIED, "the certificate \"%s\" is not made for %s", subject, roles[purpose]);
    } else if (result == SG_UNTRUSTED_ISSUER) {
        sg_fail(err, SG_EDENIED, "%s \"%s\" was issued by \"%s\", which is not among the CAs trusted here", whose,
                subject, issuer);
    } else if (error == X509_V_ERR_CERT_SIGNATURE_FAILURE) {
        sg_fail(err, SG_EDENIED,
                "the signature of %s \"%s\" is not by the \"%s\" trusted here: it was altered, or another CA has the "
                "same name",
                whose, subject, issuer);
    } else {
        sg_fail(err, SG_EDENIED, "%s \"%s\" cannot be verified: %s", whose, subject,
                X509_verify_cert_error_string(error));
    }
}

static bool names_host(X509 *leaf, const char *host)
{
    uint8_t ip[16];
    if (inet_pton(AF_INET, host, ip) == 1 || inet_pton(AF_INET6, host, ip) == 1)
        return X509_check_ip_asc(leaf, host, 0) == 1;
    return X509_check_host(leaf, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

static enum sg_trust_result check_host(X509 *leaf, const char *host, struct sg_error *err)
{
    char subject[SG_PKI_NAME_TEXT];
    struct sg_cert_facts facts;
    if (names_host(leaf, host))
        return SG_TRUSTED;
    (void)sg_cert_facts(leaf, &facts);
    sg_fail(err, SG_EDENIED, "the peer should be \"%s\", but its certificate is for \"%s\"", host,
            facts.names[0] ? facts.names : sg_pki_name_text(X509_get_subject_name(leaf), subject));
    return SG_UNTRUSTED_NAME;
}

/* Runs OpenSSL's verification. */
static bool verify(X509_STORE_CTX *ctx, const struct sg_trust *t, X509 *leaf, STACK_OF(X509) * sent,
                   enum sg_purpose purpose, int64_t now)
{
    if (X509_STORE_CTX_init(ctx, t->store, leaf, sent) != 1)
        return false;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, now);
    X509_VERIFY_PARAM_set_auth_level(param, 2); /* 112 bits: no SHA-1, no RSA below 2048 */
    static const int purposes[] = {[SG_FOR_CLIENT] = X509_PURPOSE_SSL_CLIENT,
                                   [SG_FOR_SERVER] = X509_PURPOSE_SSL_SERVER,
                                   [SG_FOR_STAMPS] = X509_PURPOSE_TIMESTAMP_SIGN,
                                   [SG_FOR_DOCUMENTS] = X509_PURPOSE_ANY};
    if (X509_VERIFY_PARAM_set_purpose(param, purposes[purpose]) != 1)
        return false;
    (void)X509_verify_cert(ctx);
    return true;
}

enum sg_trust_result sg_trust_verify(const struct sg_trust *t, X509 *leaf, STACK_OF(X509) * sent,
                                     enum sg_purpose purpose, const char *host, int64_t now, struct sg_error *err)
{
    enum sg_trust_result result = SG_UNTRUSTED_BAD;
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (ctx && verify(ctx, t, leaf, sent, purpose, now)) {
        int error = X509_STORE_CTX_get_error(ctx);
        const X509 *at = X509_STORE_CTX_get_current_cert(ctx);
        result = result_of(error, X509_STORE_CTX_get_error_depth(ctx));
        if (result != SG_TRUSTED)
            tell(result, leaf, at ? at : leaf, error, purpose, now, err);
        else if (host)
            result = check_host(leaf, host, err);
    } else {
        sg_fail(err, SG_ECRYPTO, "cannot verify a certificate: %s", sg_pki_why());
    }
    X509_STORE_CTX_free(ctx);
    (void)sg_pki_why();
    return result;
}
