/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates that a device must refuse, each wrong in one thing only, and those that it must take. Keys are made
 * for one attempt and thrown away. */
#include "probe/device_internal.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY = 24 * 60 * 60, NAME_MAX_CN = 64 /* X.520 */ };

/* What a certificate says, beside names and key. */
struct shape {
    int from, until;                            /* days from now */
    const char *constraints, *usage, *extended; /* as OpenSSL's configuration language has them; NULL: none */
    const char *host;                           /* another name than the server's; NULL: the server's */
    bool sha1;
};

static const struct shape sound = {-1, 30, NULL, "critical,digitalSignature", "serverAuth", NULL, false};
static const struct shape issuing = {
    -1, 30, "critical,CA:TRUE", "critical,keyCertSign,cRLSign", NULL, "Signet probe: issuing CA", false};

static int failed(struct sg_error *err, const char *what)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return sg_fail(err, SG_ECRYPTO, "making %s: %s", what, why != NULL ? why : "out of memory");
}

static bool put_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    if (value == NULL)
        return true;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_nconf_nid(NULL, &ctx, nid, value);
    const bool ok = e != NULL && X509_add_ext(cert, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

static bool copy_extension(X509 *to, const X509 *from, int nid)
{
    const int at = X509_get_ext_by_NID(from, nid, -1);
    return at < 0 || X509_add_ext(to, X509_get_ext(from, at), -1) == 1;
}

static bool set_serial(X509 *cert)
{
    uint8_t random[16];
    BIGNUM *n = NULL;
    const bool ok = RAND_bytes(random, sizeof random) == 1 && (n = BN_bin2bn(random, sizeof random, NULL)) != NULL &&
                    BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;
    BN_free(n);
    return ok;
}

/* Subject and alternative name: the server's, or `host`. */
static bool put_names(X509 *cert, const X509 *server, const struct shape *s)
{
    char alternative[300];
    if (s->host == NULL)
        return X509_set_subject_name(cert, X509_get_subject_name(server)) == 1 &&
               copy_extension(cert, server, NID_subject_alt_name);
    X509_NAME *name = X509_get_subject_name(cert);
    if (strlen(s->host) <= NAME_MAX_CN &&
        X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (const uint8_t *)s->host, -1, -1, 0) != 1)
        return false;
    (void)snprintf(alternative, sizeof alternative, "DNS:%s", s->host);
    return s->extended == NULL || put_extension(cert, NULL, NID_subject_alt_name, alternative);
}

/* A certificate for `key`, by `by`; where that has no certificate, by itself. */
static X509 *make(const struct sg_probe_authority *a, struct sg_issuer by, EVP_PKEY *key, const struct shape *s)
{
    time_t now = time(NULL);
    X509 *cert = X509_new();
    X509 *issuer = by.cert != NULL ? by.cert : cert;
    if (cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
        X509_time_adj_ex(X509_getm_notBefore(cert), s->from, 0, &now) != NULL &&
        X509_time_adj_ex(X509_getm_notAfter(cert), s->until, 0, &now) != NULL && X509_set_pubkey(cert, key) == 1 &&
        put_names(cert, a->server, s) && X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1 &&
        put_extension(cert, issuer, NID_basic_constraints, s->constraints) &&
        put_extension(cert, issuer, NID_key_usage, s->usage) &&
        put_extension(cert, issuer, NID_ext_key_usage, s->extended) &&
        put_extension(cert, issuer, NID_subject_key_identifier, s->constraints != NULL ? "hash" : NULL) &&
        put_extension(cert, issuer, NID_authority_key_identifier,
                      by.cert != NULL && X509_get0_subject_key_id(issuer) != NULL ? "keyid" : NULL) &&
        X509_sign(cert, by.key, s->sha1 ? EVP_sha1() : EVP_sha256()) > 0)
        return cert;
    X509_free(cert);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------- the flaws */

static int finish(struct sg_probe_credential *c, struct sg_error *err)
{
    return c->leaf != NULL && c->key != NULL ? 0 : failed(err, "a server's certificate");
}

/* Takes the key. */
static int for_key(const struct sg_probe_authority *a, EVP_PKEY *key, const struct shape *s,
                   struct sg_probe_credential *c, struct sg_error *err)
{
    c->key = key;
    c->leaf = c->key != NULL ? make(a, a->ca, c->key, s) : NULL;
    return finish(c, err);
}

static int direct(const struct sg_probe_authority *a, const struct shape *s, struct sg_probe_credential *c,
                  struct sg_error *err)
{
    return for_key(a, EVP_EC_gen("P-256"), s, c, err);
}

/* The leaf is issued by `by`, whose certificate is sent along if `sent`. */
static int below(const struct sg_probe_authority *a, struct sg_issuer by, bool sent, struct sg_probe_credential *c,
                 struct sg_error *err)
{
    if (by.cert == NULL || by.key == NULL)
        return failed(err, "a CA");
    c->key = EVP_EC_gen("P-256");
    c->leaf = c->key != NULL ? make(a, by, c->key, &sound) : NULL;
    if (!sent)
        return finish(c, err);
    c->chain = sk_X509_new_null();
    if (c->chain == NULL || X509_up_ref(by.cert) != 1)
        return failed(err, "a chain");
    if (sk_X509_push(c->chain, by.cert) <= 0) {
        X509_free(by.cert);
        return failed(err, "a chain");
    }
    return finish(c, err);
}

/* With a CA of `key` between; takes the key. */
static int below_ca(const struct sg_probe_authority *a, EVP_PKEY *key, const struct shape *s, bool sent,
                    struct sg_probe_credential *c, struct sg_error *err)
{
    const struct sg_issuer by = {key != NULL ? make(a, a->ca, key, s) : NULL, key};
    const int r = below(a, by, sent, c, err);
    X509_free(by.cert);
    EVP_PKEY_free(key);
    return r;
}

/* By a root of another name. */
static int wrong_ca(const struct sg_probe_authority *a, struct sg_probe_credential *c, struct sg_error *err)
{
    struct shape s = issuing;
    s.host = "Signet probe: another root CA";
    EVP_PKEY *key = EVP_EC_gen("P-256");
    const struct sg_issuer by = {key != NULL ? make(a, (struct sg_issuer){NULL, key}, key, &s) : NULL, key};
    const int r = below(a, by, true, c, err);
    X509_free(by.cert);
    EVP_PKEY_free(key);
    return r;
}

/* The CA's own certificate with another key in it, signed by that. */
static X509 *twin_of(const X509 *ca, EVP_PKEY *key)
{
    X509 *twin = X509_dup(ca);
    if (twin != NULL && X509_set_pubkey(twin, key) == 1 && X509_sign(twin, key, EVP_sha256()) > 0)
        return twin;
    X509_free(twin);
    return NULL;
}

static int same_name(const struct sg_probe_authority *a, struct sg_probe_credential *c, struct sg_error *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    const struct sg_issuer by = {key != NULL ? twin_of(a->ca.cert, key) : NULL, key};
    int r = below(a, by, true, c, err);
    if (r == 0) { /* all that the server's certificate says, its key id among it */
        X509 *leaf = X509_dup(a->server);
        X509_free(c->leaf);
        c->leaf = leaf;
        if (leaf == NULL || X509_set_pubkey(leaf, c->key) != 1 || X509_sign(leaf, key, EVP_sha256()) <= 0)
            r = failed(err, "a server's certificate");
    }
    X509_free(by.cert);
    EVP_PKEY_free(key);
    return r;
}

/* A key whose public half is the certificate's and whose private half is another's: it signs, and the signatures are
 * not the certificate's. */
static EVP_PKEY *forged_key(const X509 *cert)
{
    const EVP_PKEY *right = X509_get0_pubkey(cert);
    char group[64];
    uint8_t point[256];
    size_t n = 0;
    BIGNUM *secret = BN_new();
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;

    if (secret != NULL && build != NULL && ctx != NULL && EVP_PKEY_is_a(right, "EC") &&
        EVP_PKEY_get_group_name(right, group, sizeof group, NULL) == 1 &&
        EVP_PKEY_get_octet_string_param(right, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &n) == 1 &&
        BN_rand(secret, 128, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, secret) == 1 &&
        (params = OSSL_PARAM_BLD_to_param(build)) != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
        (void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    BN_clear_free(secret);
    return key;
}

static int wrong_key(const struct sg_probe_authority *a, struct sg_probe_credential *c, struct sg_error *err)
{
    if (X509_up_ref(a->server) == 1)
        c->leaf = a->server;
    c->key = forged_key(a->server);
    return c->key != NULL ? finish(c, err) : failed(err, "a key that is not the server's");
}

/* Another server of the same domain: "other-lwm2m.example.com". */
static int other_server(const struct sg_probe_authority *a, struct sg_probe_credential *c, struct sg_error *err)
{
    struct sg_cert_facts facts;
    char host[160];
    struct shape s = sound;

    (void)sg_cert_facts(a->server, &facts);
    const char *dns = strstr(facts.names, "dns:");
    const char *name = dns != NULL ? dns + 4 : facts.cn;
    (void)snprintf(host, sizeof host, "other-%.*s", (int)strcspn(name, " "), name);
    s.host = host;
    return direct(a, &s, c, err);
}

static int not_a_ca(const struct sg_probe_authority *a, struct sg_probe_credential *c, struct sg_error *err)
{
    struct sg_probe_credential server = {.leaf = NULL};
    int r = other_server(a, &server, err);
    if (r == 0)
        r = below(a, (struct sg_issuer){server.leaf, server.key}, true, c, err);
    sg_probe_credential_free(&server);
    return r;
}

static int genuine(const struct sg_probe_authority *a, struct sg_probe_credential *c, struct sg_error *err)
{
    if (a->server_key == NULL)
        return direct(a, &sound, c, err);
    if (X509_up_ref(a->server) == 1)
        c->leaf = a->server;
    if (EVP_PKEY_up_ref(a->server_key) == 1)
        c->key = a->server_key;
    return finish(c, err);
}

static int with_flaw(const struct sg_probe_authority *a, enum sg_probe_flaw flaw, struct sg_probe_credential *c,
                     struct sg_error *err)
{
    struct shape s = sound;
    switch (flaw) {
    case SG_FLAW_NONE:
        return genuine(a, c, err);
    case SG_FLAW_NONE_BELOW_CA:
        return below_ca(a, EVP_EC_gen("P-256"), &issuing, true, c, err);
    case SG_FLAW_RSA:
        s.usage = "critical,digitalSignature,keyEncipherment";
        return for_key(a, EVP_RSA_gen(2048), &s, c, err);
    case SG_FLAW_WRONG_CA:
        return wrong_ca(a, c, err);
    case SG_FLAW_SAME_NAME:
        return same_name(a, c, err);
    case SG_FLAW_WRONG_KEY:
        return wrong_key(a, c, err);
    case SG_FLAW_OTHER_SERVER:
        return other_server(a, c, err);
    case SG_FLAW_BROKEN_CHAIN:
        return below_ca(a, EVP_EC_gen("P-256"), &issuing, false, c, err);
    case SG_FLAW_NOT_A_CA:
        return not_a_ca(a, c, err);
    case SG_FLAW_SMALL_CURVE:
        return below_ca(a, EVP_EC_gen("prime192v1"), &issuing, true, c, err);
    case SG_FLAW_SMALL_RSA:
        return below_ca(a, EVP_RSA_gen(1024), &issuing, true, c, err);
    case SG_FLAW_EXPIRED:
        s.from = -60;
        s.until = -2;
        break;
    case SG_FLAW_FUTURE:
        s.from = 30;
        s.until = 60;
        break;
    case SG_FLAW_WRONG_NAME:
        s.host = "signet-probe.invalid"; /* RFC 6761 section 6.4 */
        break;
    case SG_FLAW_USAGE:
        s.extended = "clientAuth";
        break;
    case SG_FLAW_CA_LEAF:
        s.constraints = issuing.constraints;
        s.usage = issuing.usage;
        s.extended = NULL;
        break;
    case SG_FLAW_SHA1:
        s.sha1 = true;
        break;
    }
    return direct(a, &s, c, err);
}

int sg_probe_credential_make(const struct sg_probe_authority *a, enum sg_probe_flaw flaw, struct sg_probe_credential *c,
                             struct sg_error *err)
{
    *c = (struct sg_probe_credential){.leaf = NULL};
    const int r = with_flaw(a, flaw, c, err);
    if (r < 0)
        sg_probe_credential_free(c);
    return r;
}

void sg_probe_credential_free(struct sg_probe_credential *c)
{
    X509_free(c->leaf);
    EVP_PKEY_free(c->key);
    sk_X509_pop_free(c->chain, X509_free);
    *c = (struct sg_probe_credential){.leaf = NULL};
}
