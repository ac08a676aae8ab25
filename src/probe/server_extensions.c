/* SPDX-License-Identifier: Apache-2.0 */
/* The runs about what a server answers besides the suite: cookie, extensions, compression, resumption. */
#include "probe/server_internal.h"

#include <stdio.h>
#include <string.h>

/* Asks with everything and `h` changed by the caller; false, and the run concluded, where no ServerHello came. */
static bool ask(struct sg_probe_session *s, struct sg_probe_result *r, struct sg_probe_offer *o,
                struct sg_probe_flight *f)
{
    char text[SG_ANSWER_TEXT];
    enum sg_probe_answer a = sg_probe_ask(s, &o->hello, f);
    if (a == SG_ANSWER_HELLO)
        return true;
    sg_probe_conclude(r, SG_VERDICT_SKIPPED, sg_probe_answer_text(a, f, text),
                      "The server did not go on with a hello that has this extension.");
    return false;
}

/* ------------------------------------------------------------------------------------------------------- cookie */

void sg_srv_cookie(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct sg_probe_offer o;
    struct sg_probe_flight f;
    char observed[300];
    (void)sg_probe_control_hello(s, r, "before");
    sg_probe_offer_all(s, &o);
    if (s->suite_count > 0) { /* the smallest hello is what an attacker sends */
        o.suites[0] = s->suite[0];
        o.hello.suite_count = 1;
    }
    o.hello.group_count = o.hello.signature_count = 4;
    size_t sent = sg_probe_ask_unverified(s, &o.hello, &f);
    double factor = sent > 0 ? (double)f.received / (double)sent : 0;
    sg_probe_fact(r, "cookie", json_boolean(f.verify_request));
    sg_probe_fact(r, "sent_bytes", json_integer((json_int_t)sent));
    sg_probe_fact(r, "received_bytes", json_integer((json_int_t)f.received));
    sg_probe_fact(r, "factor", json_real(factor));
    (void)snprintf(observed, sizeof observed,
                   "%s; %zu bytes sent from an address that was not confirmed, %zu bytes came back: factor %.1f",
                   f.verify_request ? "asks for a cookie"
                   : f.hello        ? "no cookie"
                                    : "no answer",
                   sent, f.received, factor);
    (void)sg_probe_control_hello(s, r, "after");
    if (f.hello && !f.verify_request)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed,
                          "It works, and sends much, for an address that anybody may have forged.");
    else if (!f.verify_request)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, observed, "The server did not answer this hello.");
    else if (factor > 1)
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed, "Its cookie is larger than what asked for it.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed,
                          "Nothing but a cookie is sent before the address is confirmed.");
}

/* --------------------------------------------------------------------------------------------------- extensions */

void sg_srv_extended_secret(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct sg_probe_offer o;
    struct sg_probe_flight f;
    sg_probe_offer_all(s, &o);
    if (!ask(s, r, &o, &f))
        return;
    bool answered = sg_probe_flight_extension(&f, SG_EXT_EXTENDED_MASTER_SECRET, NULL);
    sg_probe_fact(r, "answered", json_boolean(answered));
    sg_probe_conclude(r, answered ? SG_VERDICT_NOTHING_AGAINST : SG_VERDICT_FAIL,
                      answered ? "offered and taken" : "offered and not taken",
                      answered ? "The session's secret is bound to its handshake (RFC 7627)."
                               : "A man in the middle can make two sessions with the same secret (RFC 7627).");
}

void sg_srv_renegotiation(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct sg_probe_offer o;
    struct sg_probe_flight f;
    sg_probe_offer_all(s, &o);
    if (!ask(s, r, &o, &f))
        return;
    bool answered = sg_probe_flight_extension(&f, SG_EXT_RENEGOTIATION, NULL);
    sg_probe_fact(r, "answered", json_boolean(answered));
    sg_probe_conclude(r, answered ? SG_VERDICT_NOTHING_AGAINST : SG_VERDICT_FAIL,
                      answered ? "renegotiation_info offered and answered" : "renegotiation_info offered, no answer",
                      answered ? "A renegotiation is bound to the session before it, or refused (RFC 5746)."
                               : "Clients cannot tell a renegotiation by somebody else from their own (RFC 5746).");
}

void sg_srv_compression(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct sg_probe_offer o;
    struct sg_probe_flight f;
    char observed[80];
    sg_probe_offer_all(s, &o);
    o.hello.deflate = true;
    if (!ask(s, r, &o, &f))
        return;
    sg_probe_fact(r, "method", json_integer(f.compression));
    (void)snprintf(observed, sizeof observed, "DEFLATE and none offered, %s chosen",
                   f.compression == 0 ? "none" : "DEFLATE");
    sg_probe_conclude(r, f.compression == 0 ? SG_VERDICT_NOTHING_AGAINST : SG_VERDICT_FAIL, observed,
                      f.compression == 0 ? "It does not compress."
                                         : "The length of what is compressed tells of its content.");
}

void sg_srv_cid(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct sg_probe_offer o;
    struct sg_probe_flight f;
    struct sg_bytes id = {NULL, 0};
    char observed[200];
    sg_probe_offer_all(s, &o);
    o.hello.cid = true;
    if (!ask(s, r, &o, &f))
        return;
    bool standard = sg_probe_flight_extension(&f, SG_EXT_CID, &id);
    size_t length = standard && id.n > 0 ? id.p[0] : 0;
    sg_probe_offer_all(s, &o);
    o.hello.cid_draft = true;
    bool draft =
        sg_probe_ask(s, &o.hello, &f) == SG_ANSWER_HELLO && sg_probe_flight_extension(&f, SG_EXT_CID_DRAFT, NULL);
    sg_probe_fact(r, "rfc9146", json_boolean(standard));
    sg_probe_fact(r, "draft", json_boolean(draft));
    sg_probe_fact(r, "length", json_integer((json_int_t)length));
    if (standard)
        (void)snprintf(observed, sizeof observed, "RFC 9146 (extension 54), %zu bytes%s", length,
                       draft ? "; and the draft's number (53)" : "");
    else
        (void)snprintf(observed, sizeof observed, "%s", draft ? "the draft's number (53) only" : "none, by no number");
    if (draft)
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed,
                          "Number 53 is of a draft that computes its authenticators otherwise than RFC 9146.");
    else if (!standard)
        sg_probe_conclude(r, SG_VERDICT_NOT_APPLICABLE, observed,
                          "It knows no connection ids: a device behind a NAT shakes hands again after each pause.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "Connection ids by the standard's number.");
}

void sg_srv_fragment(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct sg_probe_offer o;
    struct sg_probe_flight f;
    struct sg_bytes echo = {NULL, 0};
    char observed[200];
    sg_probe_offer_all(s, &o);
    if (!ask(s, r, &o, &f))
        return;
    size_t usual = f.largest;
    o.hello.max_fragment = 1; /* 512 bytes: RFC 6066 section 4 */
    if (!ask(s, r, &o, &f))
        return;
    bool taken = sg_probe_flight_extension(&f, SG_EXT_MAX_FRAGMENT, &echo) && echo.n == 1 && echo.p[0] == 1;
    sg_probe_fact(r, "answered", json_boolean(taken));
    sg_probe_fact(r, "largest_record", json_integer((json_int_t)usual));
    sg_probe_fact(r, "largest_record_limited", json_integer((json_int_t)f.largest));
    (void)snprintf(observed, sizeof observed, "largest record %zu bytes; 512 asked for: %s, largest record %zu bytes",
                   usual, taken ? "agreed" : "not answered", f.largest);
    if (!taken)
        sg_probe_conclude(r, SG_VERDICT_NOT_APPLICABLE, observed, "It does not know max_fragment_length.");
    else if (f.largest > 512)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "It agreed to 512 bytes, and sent more.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "It keeps to the size that a client asks for.");
}

/* --------------------------------------------------------------------------------------------------- resumption */

void sg_srv_resumption(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct sg_probe_client c;
    char observed[300];
    (void)sg_probe_client_open(&c, s, &s->server->genuine, NULL, 0);
    SSL_SESSION *session = c.stage == SG_CLIENT_CONNECTED ? SSL_get1_session(c.ssl) : NULL;
    uint64_t whole = c.took;
    enum sg_client_stage stage = c.stage;
    sg_probe_client_close(&c);
    if (session == NULL) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "no session was made",
                          s->server->genuine.cert == NULL
                              ? "The server lets nobody in without an identity: give one with --cert and --key."
                          : stage == SG_CLIENT_CONNECTED ? "The handshake gave no session."
                                                         : "The genuine identity was not let in.");
        return;
    }
    bool ticket = SSL_SESSION_has_ticket(session) == 1;
    bool again = sg_probe_client_open(&c, s, &s->server->genuine, session, 0) == SG_CLIENT_CONNECTED;
    bool resumed = again && SSL_session_reused(c.ssl) == 1;
    sg_probe_fact(r, "resumed", json_boolean(resumed));
    sg_probe_fact(r, "ticket", json_boolean(ticket));
    sg_probe_fact(r, "full_ms", json_integer((json_int_t)whole));
    sg_probe_fact(r, "resumed_ms", json_integer((json_int_t)c.took));
    (void)snprintf(observed, sizeof observed, "%s%s; %llu ms in full, %llu ms the second time",
                   resumed ? "resumed by " : "not resumed", resumed ? (ticket ? "ticket" : "session id") : "",
                   (unsigned long long)whole, (unsigned long long)c.took);
    sg_probe_client_close(&c);
    SSL_SESSION_free(session);
    if (!again)
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed, "With the session offered, the handshake failed.");
    else if (!resumed)
        sg_probe_conclude(r, SG_VERDICT_NOT_APPLICABLE, observed, "It does not resume sessions.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed,
                          "It resumes; whether also for who was revoked, srv.revocation-speed says.");
}
