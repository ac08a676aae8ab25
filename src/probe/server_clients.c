/* SPDX-License-Identifier: Apache-2.0 */
/* The runs in which somebody wants to come in who must not: without a certificate, or with a wrong one. Each between
 * two of the genuine identity. */
#include "probe/server_internal.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

enum { DAY = 86400 };
enum { /* RFC 5246 section 7.2, RFC 8446 section 6 */
       NO_CERTIFICATE = 41,
       UNSUPPORTED_CERTIFICATE = 43,
       CERTIFICATE_REQUIRED = 116
};

/* The alerts that tell the truth about one fault of a certificate, ended by 0. */
struct fault {
    const char *what; /* "whose time is over" */
    int alerts[4];
};

static bool is_right(const struct fault *f, int alert)
{
    for (size_t i = 0; f->alerts[i] != 0; i++)
        if (f->alerts[i] == alert)
            return true;
    return false;
}

static void judge(struct sg_probe_session *s, struct sg_probe_result *r, const struct fault *f,
                  const struct sg_probe_attempt *a)
{
    char reason[300];
    enum sg_verdict v = SG_VERDICT_REMARK;
    if (a->stage == SG_CLIENT_FAILED || a->stage == SG_CLIENT_UNREACHABLE) {
        v = SG_VERDICT_SKIPPED;
        (void)snprintf(reason, sizeof reason, "That says nothing about a client %s.", f->what);
    } else if (a->stage == SG_CLIENT_SILENT ||
               (a->stage == SG_CLIENT_CONNECTED && a->code == SG_ECLOSED && a->alert < 0)) {
        (void)snprintf(reason, sizeof reason, "A client %s was not let in, and not told why.", f->what);
    } else if (a->stage == SG_CLIENT_CONNECTED && a->code >= 0 && a->code != SG_COAP_CREATED && s->registers) {
        (void)snprintf(reason, sizeof reason, "A client %s got a session; only its registration was not taken.",
                       f->what);
    } else if (a->stage == SG_CLIENT_CONNECTED && a->code >= 0) {
        v = SG_VERDICT_FAIL;
        (void)snprintf(reason, sizeof reason, "A client %s was let in.", f->what);
    } else if (is_right(f, a->alert)) {
        v = SG_VERDICT_NOTHING_AGAINST;
        (void)snprintf(reason, sizeof reason, "A client %s was refused, for that reason.", f->what);
    } else {
        (void)snprintf(reason, sizeof reason,
                       "A client %s was refused, but the alert names another reason or none: whether for this one, it "
                       "does not show.",
                       f->what);
    }
    sg_probe_fact(r, "alert", a->alert >= 0 ? json_integer(a->alert) : json_null());
    sg_probe_conclude(r, v, a->text, reason);
}

static void skip(struct sg_probe_result *r, const char *why)
{
    sg_probe_conclude(r, SG_VERDICT_SKIPPED, "", why);
}

static bool has_genuine(struct sg_probe_session *s, struct sg_probe_result *r)
{
    if (s->server->genuine.cert == NULL)
        skip(r, "There is no genuine identity to stand beside it: give one with --cert and --key.");
    return s->server->genuine.cert != NULL;
}

/* The identity tries to come in as `name`, between two genuine ones. */
static void refuse(struct sg_probe_session *s, struct sg_probe_result *r, const struct fault *f,
                   const struct sg_probe_identity *identity, const char *name)
{
    struct sg_probe_attempt a;
    if (!sg_probe_control_client(s, r, "before", false)) {
        skip(r, "The genuine identity was not let in, so nothing can be said of others.");
        return;
    }
    sg_probe_attempt(s, identity, name, &a);
    (void)sg_probe_control_client(s, r, "after", false);
    judge(s, r, f, &a);
}

static void refuse_forged(struct sg_probe_session *s, struct sg_probe_result *r, const struct fault *f,
                          const struct sg_probe_forgery *how, bool by_issuer)
{
    struct sg_probe_identity forged;
    struct sg_error err = {0};
    char name[128];
    if (!has_genuine(s, r))
        return;
    if (by_issuer && s->server->issuer.key == NULL) {
        skip(r, "It needs a certificate signed by the devices' CA: give a test CA with --issuer-cert and --issuer-key, "
                "or work on a test home with --throw-away.");
        return;
    }
    if (sg_probe_forge(s->server->genuine.cert, how, by_issuer ? s->server->issuer.key : NULL, &forged, &err) < 0) {
        skip(r, err.text);
        return;
    }
    forged.chain = s->server->genuine.chain;
    refuse(s, r, f, &forged, sg_probe_endpoint(s, name));
    forged.chain = NULL; /* the genuine one's */
    sg_probe_identity_free(&forged);
}

void sg_srv_no_cert(struct sg_probe_session *s, struct sg_probe_result *r)
{
    static const struct fault f = {"without a certificate",
                                   {SG_ALERT_HANDSHAKE_FAILURE, NO_CERTIFICATE, CERTIFICATE_REQUIRED, 0}};
    const struct sg_probe_identity nobody = {.cert = NULL};
    struct sg_probe_attempt a;
    char name[128];
    if (s->server->genuine.cert != NULL) {
        refuse(s, r, &f, &nobody, sg_probe_endpoint(s, name));
        return;
    }
    sg_probe_attempt(s, &nobody, "urn:signet:probe", &a); /* who is let in, is let in: that needs no control */
    if (a.stage == SG_CLIENT_CONNECTED && a.code >= 0)
        judge(s, r, &f, &a);
    else
        (void)has_genuine(s, r);
}

void sg_srv_wrong_ca(struct sg_probe_session *s, struct sg_probe_result *r)
{
    static const struct fault f = {"with the same names, signed by another key than the CA's",
                                   {SG_ALERT_UNKNOWN_CA, SG_ALERT_BAD_CERTIFICATE, SG_ALERT_DECRYPT_ERROR, 0}};
    refuse_forged(s, r, &f, &(struct sg_probe_forgery){.from = 0}, false);
}

void sg_srv_self_signed(struct sg_probe_session *s, struct sg_probe_result *r)
{
    static const struct fault f = {"with the same common name, signed by itself",
                                   {SG_ALERT_UNKNOWN_CA, SG_ALERT_BAD_CERTIFICATE, 0}};
    refuse_forged(s, r, &f, &(struct sg_probe_forgery){.self_signed = true}, false);
}

void sg_srv_expired(struct sg_probe_session *s, struct sg_probe_result *r)
{
    static const struct fault f = {"whose certificate has expired", {SG_ALERT_CERTIFICATE_EXPIRED, 0}};
    int64_t now = sg_probe_now_ms() / 1000;
    refuse_forged(s, r, &f, &(struct sg_probe_forgery){.from = now - 3 * DAY, .until = now - DAY}, true);
}

void sg_srv_future(struct sg_probe_session *s, struct sg_probe_result *r)
{
    static const struct fault f = {"whose certificate is not valid yet", {SG_ALERT_CERTIFICATE_EXPIRED, 0}};
    int64_t now = sg_probe_now_ms() / 1000;
    refuse_forged(s, r, &f, &(struct sg_probe_forgery){.from = now + DAY, .until = now + 3 * DAY}, true);
}

void sg_srv_usage(struct sg_probe_session *s, struct sg_probe_result *r)
{
    static const struct fault f = {"whose certificate is for servers only",
                                   {UNSUPPORTED_CERTIFICATE, SG_ALERT_BAD_CERTIFICATE, 0}};
    refuse_forged(s, r, &f, &(struct sg_probe_forgery){.usage = "serverAuth"}, true);
}

void sg_srv_unknown(struct sg_probe_session *s, struct sg_probe_result *r)
{
    static const struct fault f = {"whose certificate the CA signed and the inventory lacks",
                                   {SG_ALERT_CERTIFICATE_UNKNOWN, SG_ALERT_ACCESS_DENIED, 0}};
    refuse_forged(s, r, &f, &(struct sg_probe_forgery){.from = 0}, true);
}

/* ------------------------------------------------------------------------------------------------------ revoked */

void sg_probe_new_name(char name[SG_PROBE_NAME])
{
    uint8_t random[4] = {0};
    (void)RAND_bytes(random, sizeof random);
    (void)snprintf(name, SG_PROBE_NAME, "urn:signet:probe:%02x%02x%02x%02x", random[0], random[1], random[2],
                   random[3]);
}

static const struct fault revoked = {"whose certificate was revoked", {SG_ALERT_CERTIFICATE_REVOKED, 0}};

/* One that is made for it, comes in once, and is revoked. */
static void refuse_fresh(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct sg_probe_identity fresh = {.cert = NULL};
    struct sg_probe_attempt a;
    struct sg_error err = {0};
    char name[SG_PROBE_NAME];
    sg_probe_new_name(name);
    if (s->server->enrol(s->server->user, name, &fresh, &err) < 0) {
        skip(r, err.text);
        return;
    }
    sg_probe_attempt(s, &fresh, name, &a);
    sg_probe_add_control(r, a.stage == SG_CLIENT_CONNECTED && a.code >= 0, "before it is revoked, it comes in", a.text);
    if (s->server->revoke(s->server->user, name, &err) < 0) {
        skip(r, err.text);
    } else {
        sg_probe_attempt(s, &fresh, name, &a);
        (void)sg_probe_control_client(s, r, "after", false);
        judge(s, r, &revoked, &a);
    }
    sg_probe_identity_free(&fresh);
}

void sg_srv_revoked(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct sg_cert_facts facts = {0};
    if (!has_genuine(s, r))
        return;
    if (s->server->revoked.cert != NULL && sg_cert_facts(s->server->revoked.cert, &facts) == 0)
        refuse(s, r, &revoked, &s->server->revoked, facts.cn);
    else if (s->server->enrol != NULL)
        refuse_fresh(s, r);
    else
        skip(r, "It needs an identity that was revoked: give one with --revoked-cert and --revoked-key, or work on a "
                "test home with --throw-away.");
}

/* --------------------------------------------------------------------------------------------------------- name */

void sg_srv_name(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct sg_probe_attempt a;
    char made_up[SG_PROBE_NAME];
    if (!has_genuine(s, r))
        return;
    bool known = s->server->other_endpoint != NULL;
    sg_probe_new_name(made_up);
    (void)sg_probe_control_client(s, r, "before", true);
    if (!s->registers) {
        bool in = sg_probe_control_client(s, r, "before", false);
        sg_probe_conclude(r, in ? SG_VERDICT_NOT_APPLICABLE : SG_VERDICT_SKIPPED, r->control[0].observed,
                          in ? "The genuine identity does not register here, so names do not come into it."
                             : "The genuine identity was not let in, so nothing can be said of names.");
        return;
    }
    sg_probe_attempt(s, &s->server->genuine, known ? s->server->other_endpoint : made_up, &a);
    (void)sg_probe_control_client(s, r, "after", true);
    if (a.stage != SG_CLIENT_CONNECTED)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, a.text, "There was no session to register in.");
    else if (a.code == 0)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, a.text, "No answer is no refusal: it may have been taken.");
    else if (a.code == SG_COAP_CREATED)
        sg_probe_conclude(r, SG_VERDICT_FAIL, a.text,
                          "Whoever has any identity can pass for any device: the name is not held against the "
                          "certificate.");
    else if (known)
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, a.text, "Another device's name was refused.");
    else
        sg_probe_conclude(r, SG_VERDICT_REMARK, a.text,
                          "A name that nobody has was refused. To see that another device's is, too, give one with "
                          "--other-endpoint.");
}
