/* SPDX-License-Identifier: Apache-2.0 */
/* The runs that read the certificates which the server sends. */
#include "probe/server_internal.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SOON_DAYS = 30, DAY = 86400 };

/* False where there is nothing to read; the run is concluded then. */
static bool any_cert(struct sg_probe_session *s, struct sg_probe_result *r)
{
    if (s->certs > 0)
        return true;
    if (s->bad_certs > 0)
        sg_probe_conclude(r, SG_VERDICT_FAIL, "what it sends as its certificate is none", "It cannot be read.");
    else if (!s->learned)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "no certificate came",
                          "The server did not answer to the end when it was asked for its certificates.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOT_APPLICABLE, "it sent no certificate", "It shows none in any suite.");
    return false;
}

static char *day(int64_t when, char text[24])
{
    time_t t = (time_t)when;
    struct tm tm;
    if (gmtime_r(&t, &tm) == NULL || strftime(text, 24, "%Y-%m-%d", &tm) == 0)
        text[0] = '\0';
    return text;
}

/* Makes it UTF-8 without control characters, as records and terminals need it: else what is not printable ASCII is '?'.
 * A name may have any bytes (IA5String), or surrogates (BMPString). */
static void make_safe(char *text)
{
    json_t *utf8 = json_string(text);
    for (char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f || (utf8 == NULL && (unsigned char)*p > '~'))
            *p = '?';
    json_decref(utf8);
}

static void read_facts(X509 *cert, struct sg_cert_facts *f)
{
    *f = (struct sg_cert_facts){.from = 0};
    (void)sg_cert_facts(cert, f); /* what cannot be read is empty */
    make_safe(f->cn);
    make_safe(f->issuer_cn);
    make_safe(f->names);
}

/* --------------------------------------------------------------------------------------------------------- time */

void sg_srv_cert_time(struct sg_probe_session *s, struct sg_probe_result *r)
{
    int64_t now = sg_probe_now_ms() / 1000;
    json_t *list = json_array();
    enum sg_verdict v = SG_VERDICT_NOTHING_AGAINST;
    const char *reason = "All certificates sent are in their time.";
    char observed[600] = "", from[24], until[24];
    if (!any_cert(s, r)) {
        json_decref(list);
        return;
    }
    for (size_t i = 0; i < s->certs; i++) {
        struct sg_cert_facts f;
        read_facts(s->cert[i], &f);
        size_t at = strlen(observed);
        (void)snprintf(observed + at, sizeof observed - at, "%s\"%.60s\" from %s until %s", i > 0 ? "; " : "", f.cn,
                       day(f.from, from), day(f.until, until));
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "subject", f.cn, "issuer", f.issuer_cn,
                                                    "from", from, "until", until));
        if (now > f.until || now < f.from) {
            v = SG_VERDICT_FAIL;
            reason = now > f.until ? "A certificate that it sends has expired: clients that look at the time leave."
                                   : "A certificate that it sends is not valid yet.";
        } else if (v == SG_VERDICT_NOTHING_AGAINST && f.until - now < SOON_DAYS * DAY) {
            v = SG_VERDICT_REMARK;
            reason = "A certificate that it sends expires within 30 days.";
        }
    }
    sg_probe_fact(r, "certificates", list);
    make_safe(observed); /* a name may be cut within a character */
    sg_probe_conclude(r, v, observed, reason);
}

/* --------------------------------------------------------------------------------------------------------- name */

void sg_srv_cert_name(struct sg_probe_session *s, struct sg_probe_result *r)
{
    const char *name = s->server->name;
    struct sg_cert_facts f;
    char observed[600];
    if (!any_cert(s, r))
        return;
    read_facts(s->cert[0], &f);
    bool named = sg_probe_is_name(name)
                     ? X509_check_host(s->cert[0], name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1
                     : X509_check_ip_asc(s->cert[0], name, 0) == 1;
    bool by_cn = sg_probe_is_name(name) && X509_check_host(s->cert[0], name, 0, 0, NULL) == 1;
    (void)snprintf(observed, sizeof observed, "asked for %.100s; the certificate is for CN \"%.100s\"%s%.250s", name,
                   f.cn, f.names[0] != '\0' ? " and " : ", no alternative names", f.names);
    make_safe(observed);
    sg_probe_fact(r, "name", json_string(name));
    sg_probe_fact(r, "common_name", json_string(f.cn));
    sg_probe_fact(r, "alternative_names", json_string(f.names));
    if (named)
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "The certificate has the name that was asked for.");
    else if (by_cn)
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed,
                          "The name is in the common name only, where newer clients do not look.");
    else
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed,
                          "The certificate is for another name: a client that checks names does not connect.");
}

/* -------------------------------------------------------------------------------------------------------- chain */

/* The first certificate that did not issue the one before it; 0: none. */
static size_t out_of_order(const struct sg_probe_session *s)
{
    for (size_t i = 1; i < s->certs; i++)
        if (X509_check_issued(s->cert[i], s->cert[i - 1]) != X509_V_OK)
            return i;
    return 0;
}

static bool self_signed(X509 *cert)
{
    return X509_self_signed(cert, 0) == 1;
}

static bool weak_key(EVP_PKEY *key)
{
    return key == NULL || EVP_PKEY_get_security_bits(key) < 112;
}

/* MD5, SHA-1: what a signature hides of them is broken, except under a root's own, which nobody needs to check. */
static bool weak_signature(X509 *cert)
{
    int digest = NID_undef;
    return !self_signed(cert) && X509_get_signature_info(cert, &digest, NULL, NULL, NULL) == 1 &&
           (digest == NID_sha1 || digest == NID_md5 || digest == NID_md4);
}

static bool any_weak(const struct sg_probe_session *s)
{
    for (size_t i = 0; i < s->certs; i++)
        if (weak_key(X509_get0_pubkey(s->cert[i])) || weak_signature(s->cert[i]))
            return true;
    return false;
}

/* Time and usage are other runs' matters: the chain is looked at in a moment at which the leaf is valid. */
static enum sg_trust_result verify(const struct sg_probe_session *s, struct sg_error *err)
{
    struct sg_cert_facts f = {0};
    STACK_OF(X509) *sent = sk_X509_new_null();
    int64_t now = sg_probe_now_ms() / 1000;
    (void)sg_cert_facts(s->cert[0], &f);
    now = now > f.until ? f.until : now < f.from ? f.from : now;
    for (size_t i = 1; sent != NULL && i < s->certs; i++)
        (void)sk_X509_push(sent, s->cert[i]);
    enum sg_trust_result t = sg_trust_verify(s->server->trust, s->cert[0], sent, SG_FOR_SERVER, NULL, now, err);
    sk_X509_free(sent);
    return t;
}

void sg_srv_cert_chain(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct sg_error err = {0};
    char observed[600];
    if (!any_cert(s, r))
        return;
    size_t stray = out_of_order(s);
    bool alone = self_signed(s->cert[0]);
    sg_probe_fact(r, "sent", json_integer((json_int_t)s->certs));
    sg_probe_fact(r, "in_order", json_boolean(stray == 0));
    sg_probe_fact(r, "self_signed", json_boolean(alone));
    (void)snprintf(observed, sizeof observed, "%zu certificate%s sent%s%s", s->certs, s->certs == 1 ? "" : "s",
                   stray != 0 ? ", not in the order from the leaf up" : "", alone ? ", self-signed" : "");
    if (stray != 0) {
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed,
                          "A certificate did not issue the one before it: RFC 5246 section 7.4.2 asks for that order.");
        return;
    }
    if (s->server->trust == NULL) {
        sg_probe_conclude(r, alone ? SG_VERDICT_REMARK : SG_VERDICT_SKIPPED, observed,
                          "Whether it leads to a root that is trusted was not looked at: give the root with --ca.");
        return;
    }
    enum sg_trust_result t = verify(s, &err);
    if (t == SG_UNTRUSTED_BAD && any_weak(s)) {
        sg_probe_conclude(r, SG_VERDICT_NOT_APPLICABLE, observed,
                          "A chain with a weak key or signature is not verified: see srv.cert.strength.");
    } else if (t == SG_UNTRUSTED_ISSUER || t == SG_UNTRUSTED_BAD) {
        size_t at = strlen(observed);
        (void)snprintf(observed + at, sizeof observed - at, "; %.400s", err.text);
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "It does not lead to the root given with --ca.");
    } else {
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "It leads to the root given with --ca.");
    }
}

/* ----------------------------------------------------------------------------------------------------- strength */

static const char *key_name(EVP_PKEY *key, char text[64])
{
    char group[40] = "";
    size_t n;
    if (key != NULL && EVP_PKEY_get_group_name(key, group, sizeof group, &n) == 1)
        (void)snprintf(text, 64, "EC %s", group);
    else
        (void)snprintf(text, 64, "%s %d", key != NULL ? EVP_PKEY_get0_type_name(key) : "unknown",
                       key != NULL ? EVP_PKEY_get_bits(key) : 0);
    return text;
}

void sg_srv_cert_strength(struct sg_probe_session *s, struct sg_probe_result *r)
{
    json_t *list = json_array();
    const char *bad = NULL;
    char observed[600] = "", name[64];
    if (!any_cert(s, r)) {
        json_decref(list);
        return;
    }
    for (size_t i = 0; i < s->certs; i++) {
        EVP_PKEY *key = X509_get0_pubkey(s->cert[i]);
        const char *signature = OBJ_nid2sn(X509_get_signature_nid(s->cert[i]));
        size_t at = strlen(observed);
        (void)snprintf(observed + at, sizeof observed - at, "%s%s, signed with %s", i > 0 ? "; " : "",
                       key_name(key, name), signature);
        (void)json_array_append_new(list, json_pack("{s:s, s:s}", "key", name, "signature", signature));
        if (weak_key(key))
            bad = "A key has less than 112 bits of security.";
        else if (weak_signature(s->cert[i]))
            bad = "A certificate is signed with SHA-1 or MD5: others can be made with the same signature.";
    }
    sg_probe_fact(r, "certificates", list);
    sg_probe_conclude(r, bad != NULL ? SG_VERDICT_FAIL : SG_VERDICT_NOTHING_AGAINST, observed,
                      bad != NULL ? bad : "Keys and signatures are sound.");
}

/* -------------------------------------------------------------------------------------------------------- usage */

void sg_srv_cert_usage(struct sg_probe_session *s, struct sg_probe_result *r)
{
    if (!any_cert(s, r))
        return;
    bool ca = X509_check_ca(s->cert[0]) == 1, server = X509_check_purpose(s->cert[0], X509_PURPOSE_SSL_SERVER, 0) == 1;
    uint32_t extended = X509_get_extended_key_usage(s->cert[0]);
    bool limited = extended != UINT32_MAX;
    char observed[200];
    (void)snprintf(observed, sizeof observed, "%s%s", ca ? "a CA's certificate; " : "",
                   !limited                           ? "no extended key usage: good for anything"
                   : (extended & XKU_SSL_SERVER) != 0 ? "may serve (serverAuth)"
                                                      : "may not serve (no serverAuth)");
    sg_probe_fact(r, "ca", json_boolean(ca));
    sg_probe_fact(r, "may_serve", json_boolean(server));
    sg_probe_fact(r, "limited", json_boolean(limited));
    if (ca || !server)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed,
                          ca ? "Who serves with a CA's key risks the whole CA." : "It is not made for a server.");
    else if (!limited)
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed,
                          "Nothing says that it is a server's: a device's certificate of this CA could serve as well.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "It is made for a server.");
}
