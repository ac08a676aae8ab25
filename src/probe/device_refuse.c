/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that a device must refuse: what is wrong with each, which alerts name that cause, and what an attempt of the
 * device with it says. */
#include "probe/device_internal.h"
#include "probe/server_internal.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

static bool is_anonymous(uint16_t suite)
{
    return strstr(sg_probe_suite_name(suite), "_ECDH_anon_") != NULL;
}

static bool is_psk(uint16_t suite)
{
    return strstr(sg_probe_suite_name(suite), "TLS_PSK_") != NULL;
}

/* Of those that a forged flight can be of. */
static bool is_weak(uint16_t suite)
{
    const char *name = sg_probe_suite_name(suite);
    return sg_probe_suite_class(suite) != SG_SUITE_SOUND &&
           (strncmp(name, "TLS_ECDHE_", 10) == 0 || strncmp(name, "TLS_RSA_WITH_", 13) == 0) &&
           strstr(name, "_PSK_") == NULL;
}

static const struct sg_probe_dev_refusal refusals[] = {
    {"dev.server.wrong-ca",
     {.flaw = SG_FLAW_WRONG_CA},
     SG_FLAW_NONE,
     "whose certificate is of another CA",
     {SSL_AD_UNKNOWN_CA}},
    {"dev.server.same-name",
     {.flaw = SG_FLAW_SAME_NAME},
     SG_FLAW_NONE,
     "that has all the right names, by a CA of the same name with another key",
     {SSL_AD_UNKNOWN_CA, SSL_AD_DECRYPT_ERROR}},
    {"dev.server.wrong-key",
     {.flaw = SG_FLAW_WRONG_KEY},
     SG_FLAW_NONE,
     "that shows the right certificate and has not its key",
     {SSL_AD_DECRYPT_ERROR, SSL_AD_ILLEGAL_PARAMETER}},
    {"dev.server.expired",
     {.flaw = SG_FLAW_EXPIRED},
     SG_FLAW_NONE,
     "whose certificate expired two days ago",
     {SSL_AD_CERTIFICATE_EXPIRED}},
    {"dev.server.future",
     {.flaw = SG_FLAW_FUTURE},
     SG_FLAW_NONE,
     "whose certificate is valid in 30 days",
     {SSL_AD_CERTIFICATE_EXPIRED}},
    {"dev.server.wrong-name",
     {.flaw = SG_FLAW_WRONG_NAME},
     SG_FLAW_NONE,
     "of the right CA and of another name",
     {SSL_AD_UNRECOGNIZED_NAME, SSL_AD_ACCESS_DENIED}},
    {"dev.server.other-server",
     {.flaw = SG_FLAW_OTHER_SERVER},
     SG_FLAW_NONE,
     "that is another genuine server of the CA",
     {SSL_AD_UNRECOGNIZED_NAME, SSL_AD_ACCESS_DENIED}},
    {"dev.server.usage",
     {.flaw = SG_FLAW_USAGE},
     SG_FLAW_NONE,
     "whose certificate is for clients only",
     {SSL_AD_UNSUPPORTED_CERTIFICATE}},
    {"dev.server.ca-leaf",
     {.flaw = SG_FLAW_CA_LEAF, .forged = true},
     SG_FLAW_NONE,
     "whose certificate is that of a CA",
     {SSL_AD_UNSUPPORTED_CERTIFICATE}},
    {"dev.server.sha1",
     {.flaw = SG_FLAW_SHA1},
     SG_FLAW_NONE,
     "whose certificate is signed with SHA-1",
     {SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_INSUFFICIENT_SECURITY}},
    {"dev.server.broken-chain",
     {.flaw = SG_FLAW_BROKEN_CHAIN},
     SG_FLAW_NONE,
     "whose chain lacks the issuing CA",
     {SSL_AD_UNKNOWN_CA}},
    {"dev.server.revoked",
     {.revoked = true},
     SG_FLAW_NONE,
     "whose certificate is revoked, as the status that it sends along says",
     {SSL_AD_CERTIFICATE_REVOKED, SSL_AD_BAD_CERTIFICATE_STATUS_RESPONSE}},
    {"dev.mitm",
     {.flaw = SG_FLAW_WRONG_CA, .relays = true},
     SG_FLAW_NONE,
     "that ends the session with a CA of its own and passes all on",
     {SSL_AD_UNKNOWN_CA}},
    {"dev.server.no-certificate",
     {.forged = true, .no_certificate = true},
     SG_FLAW_NONE,
     "that shows no certificate",
     {SSL_AD_UNEXPECTED_MESSAGE, SSL_AD_ILLEGAL_PARAMETER}},
    {"dev.server.anon",
     {.forged = true, .suite = 0xc018 /* TLS_ECDH_anon_WITH_AES_128_CBC_SHA */, .offered = is_anonymous},
     SG_FLAW_NONE,
     "that chooses a suite without authentication",
     {SSL_AD_ILLEGAL_PARAMETER, SSL_AD_INSUFFICIENT_SECURITY, SSL_AD_UNEXPECTED_MESSAGE}},
    {"dev.server.psk",
     {.forged = true, .suite = 0xc0a8 /* TLS_PSK_WITH_AES_128_CCM_8 */, .offered = is_psk},
     SG_FLAW_NONE,
     "that chooses a pre-shared key instead of certificates",
     {SSL_AD_ILLEGAL_PARAMETER, SSL_AD_UNKNOWN_PSK_IDENTITY, SSL_AD_UNEXPECTED_MESSAGE}},
    {"dev.suite.weak",
     {.forged = true, .suite = 0xc006 /* TLS_ECDHE_ECDSA_WITH_NULL_SHA */, .offered = is_weak},
     SG_FLAW_NONE,
     "that chooses a suite which protects nothing, or not enough",
     {SSL_AD_ILLEGAL_PARAMETER, SSL_AD_INSUFFICIENT_SECURITY}},
    {"dev.suite.old-version",
     {.forged = true, .version = SG_DTLS_1_0},
     SG_FLAW_NONE,
     "that speaks DTLS 1.0 only",
     {SSL_AD_PROTOCOL_VERSION, SSL_AD_ILLEGAL_PARAMETER, SSL_AD_INSUFFICIENT_SECURITY}},
    {"dev.server.not-a-ca",
     {.flaw = SG_FLAW_NOT_A_CA},
     SG_FLAW_NONE_BELOW_CA,
     "whose certificate was issued by another server of the CA",
     {SSL_AD_UNKNOWN_CA, SSL_AD_UNSUPPORTED_CERTIFICATE}},
    {"dev.server.small-curve",
     {.flaw = SG_FLAW_SMALL_CURVE},
     SG_FLAW_NONE_BELOW_CA,
     "whose issuing CA has a key of 192 bits on an elliptic curve",
     {SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_INSUFFICIENT_SECURITY}},
    {"dev.server.small-rsa",
     {.flaw = SG_FLAW_SMALL_RSA},
     SG_FLAW_NONE_BELOW_CA,
     "whose issuing CA has an RSA key of 1024 bits",
     {SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_INSUFFICIENT_SECURITY}},
};

const struct sg_probe_dev_refusal *sg_probe_dev_find_refusal(const char *run)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        if (strcmp(refusals[i].run, run) == 0)
            return &refusals[i];
    return NULL;
}

/* ------------------------------------------------------------------------------------------------- the verdict */

/* Alerts that name no cause: with controls that differ in nothing else, the cause is the one under test. */
static bool names_no_cause(int alert)
{
    return alert == SSL_AD_BAD_CERTIFICATE || alert == SSL_AD_CERTIFICATE_UNKNOWN || alert == SSL_AD_HANDSHAKE_FAILURE;
}

static bool names_this_cause(const struct sg_probe_dev_refusal *f, int alert)
{
    for (size_t i = 0; i < SG_REFUSAL_ALERTS && f->alerts[i] != 0; i++)
        if (f->alerts[i] == alert)
            return true;
    return false;
}

static void judge_alert(const struct sg_probe_dev_refusal *f, const struct sg_probe_dev_attempt *t,
                        struct sg_probe_result *r, const char *stage)
{
    char observed[300], reason[400];
    const char *name = SSL_alert_desc_string_long(t->alert);
    (void)snprintf(observed, sizeof observed, "It ended the handshake %s with the alert \"%s\" (%d).", stage, name,
                   t->alert);
    if (names_this_cause(f, t->alert)) {
        (void)snprintf(reason, sizeof reason, "It refused a server %s, and its alert names that cause.", f->wrong);
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, reason);
    } else if (names_no_cause(t->alert)) {
        (void)snprintf(reason, sizeof reason,
                       "It refused a server %s. The alert names no cause; but in the controls, which differ in nothing "
                       "else, it connected.",
                       f->wrong);
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, reason);
    } else {
        (void)snprintf(reason, sizeof reason,
                       "It refused a server %s, but the alert names another cause than that: that it looks at this "
                       "very thing is not shown.",
                       f->wrong);
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed, reason);
    }
}

static void judge_session(const struct sg_probe_dev_refusal *f, const struct sg_probe_dev_attempt *t,
                          struct sg_probe_result *r)
{
    char observed[400], reason[300];
    if (t->ended && t->first[0] == '\0') {
        (void)snprintf(observed, sizeof observed,
                       "It finished the handshake (%s) and ended the session at once, before any message.", t->suite);
        (void)snprintf(reason, sizeof reason,
                       "Nothing was said to a server %s. But the device shows its own certificate and finishes the "
                       "handshake before it looks.",
                       f->wrong);
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed, reason);
        return;
    }
    if (!t->complete) {
        (void)snprintf(observed, sizeof observed, "It went on with the handshake (%s): its key exchange%s came.",
                       t->suite, t->stage == SG_REACHED_FINISHED ? " and its Finished" : "");
        (void)snprintf(reason, sizeof reason, "It takes a server %s for its own.", f->wrong);
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, reason);
        return;
    }
    (void)snprintf(observed, sizeof observed, "It finished the handshake%s%s%s%s%s.", t->suite[0] != '\0' ? " (" : "",
                   t->suite, t->suite[0] != '\0' ? ")" : "", t->first[0] != '\0' ? " and sent " : "", t->first);
    (void)snprintf(reason, sizeof reason, "It takes a server %s for its own.", f->wrong);
    sg_probe_conclude(r, SG_VERDICT_FAIL, observed, reason);
}

void sg_probe_dev_judge_refusal(const struct sg_probe_dev_refusal *f, const struct sg_probe_dev_attempt *t,
                                struct sg_probe_result *r)
{
    char text[300];
    if (t->stage == SG_REACHED_NOTHING) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "It did not come.",
                          "The device made no attempt while this server was there to be connected to.");
    } else if (t->stage >= SG_REACHED_ANSWERED && (t->alert < 0 || t->first[0] != '\0')) {
        judge_session(f, t, r);
    } else if (t->alert >= 0) {
        judge_alert(f, t, r,
                    t->stage == SG_REACHED_HELLO ? "after the server's messages" : "after its own key exchange");
    } else if (t->why[0] != '\0') {
        (void)snprintf(text, sizeof text, "The server that was played could not go on: %s.", t->why);
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, text,
                          "The handshake ended before the device could take or refuse the server.");
    } else {
        sg_probe_conclude(r, SG_VERDICT_REMARK,
                          t->again ? "It began a new handshake without a word about this one."
                                   : "It said nothing any more after the server's messages.",
                          "No session came about, and nothing says why: that the device refused this server for what "
                          "is wrong with it is likely, and not shown.");
    }
}

static void facts(const struct sg_probe_dev_attempt *t, struct sg_probe_result *r)
{
    static const char *const stages[] = {"nothing", "hello", "answered", "finished"};
    r->facts = json_pack("{s:s, s:i, s:b, s:s, s:s}", "stage", stages[t->stage], "alert", t->alert, "session",
                         t->complete ? 1 : 0, "suite", t->suite, "first_message", t->first);
}

int sg_probe_dev_refuse(struct sg_probe_device *p, const struct sg_probe_dev_refusal *f, struct sg_probe_result *r,
                        struct sg_error *err)
{
    struct sg_probe_dev_attempt t;

    const bool before = sg_probe_dev_control(p, f->control);
    sg_probe_dev_note_control(p, r);
    if (!before) {
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, "Nothing was tried.", "");
        return 0;
    }
    if (f->bad.revoked && !p->hello.status_request) {
        sg_probe_conclude(r, SG_VERDICT_NOT_APPLICABLE, "It does not ask for the status of the server's certificate.",
                          "So it cannot learn of a revocation in the handshake, and LwM2M has no list of them. The "
                          "limit is to be written down.");
        return 0;
    }
    p->last_fresh = false;
    const int error = sg_probe_bad_play(p, &f->bad, &t, err);
    if (error < 0) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "Nothing was tried.", err->text);
        return 0;
    }
    facts(&t, r);
    (void)sg_probe_dev_control(p, f->control);
    sg_probe_dev_note_control(p, r);
    sg_probe_dev_judge_refusal(f, &t, r);
    return 0;
}
