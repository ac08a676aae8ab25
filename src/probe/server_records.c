/* SPDX-License-Identifier: Apache-2.0 */
/* The runs inside a session: a record sent twice, a record altered, and whether the server's nonces ever come twice. */
#include "probe/server_internal.h"

#include <stdio.h>
#include <string.h>

enum { NONCE_REQUESTS = 5 };

/* A question that harms nobody and that every LwM2M or CoAP server answers somehow. */
static int ask(struct sg_probe_client *c)
{
    struct sg_probe_reply reply;
    const struct sg_probe_request q = {.code = SG_COAP_GET, .path = {".well-known", "core"}};
    return sg_probe_client_request(c, &q, &reply);
}

/* Whether any application record comes within the time: nobody asked for one. */
static bool anything(struct sg_probe_client *c)
{
    uint8_t space[4096];
    struct sg_buf in = sg_buf(space, sizeof space);
    return sg_probe_client_receive(c, &in, sg_probe_steady() + sg_probe_wait(c->s)) > 0;
}

static bool begin(struct sg_probe_session *s, struct sg_probe_result *r, struct sg_probe_client *c, unsigned lose)
{
    c->ssl = NULL;
    c->wire.fd = -1;
    if (s->server->genuine.cert == NULL) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "",
                          "It needs a session: give a genuine identity with --cert and --key.");
        return false;
    }
    if (sg_probe_client_open(c, s, &s->server->genuine, NULL, lose) == SG_CLIENT_CONNECTED)
        return true;
    sg_probe_conclude(r, SG_VERDICT_SKIPPED, "no session was made", "The genuine identity was not let in.");
    return false;
}

static void control(struct sg_probe_result *r, const char *when, int code)
{
    char what[96];
    (void)snprintf(what, sizeof what, "%s, a request in the same session", when);
    sg_probe_add_control(r, code > 0, what, code > 0 ? sg_coap_code_text((uint8_t)code) : "no answer");
}

void sg_srv_replay(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct sg_probe_client c;
    if (begin(s, r, &c, 0)) {
        control(r, "before", ask(&c)); /* its answer came: the record was taken */
        (void)sg_probe_session_send(s, &c.wire, sg_bytes(c.out, c.out_len));
        bool answered = anything(&c);
        control(r, "after", ask(&c));
        sg_probe_conclude(r, answered ? SG_VERDICT_FAIL : SG_VERDICT_NOTHING_AGAINST,
                          answered ? "the same record a second time: answered again"
                                   : "the same record a second time: no answer",
                          answered ? "A recorded record works again." : "A record counts once.");
    }
    sg_probe_client_close(&c);
}

void sg_srv_tamper(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct sg_probe_client c;
    if (begin(s, r, &c, 0)) {
        control(r, "before", ask(&c));
        c.hold = true;
        (void)ask(&c);
        c.hold = false;
        c.out[c.out_len - 1] ^= 1;
        (void)sg_probe_session_send(s, &c.wire, sg_bytes(c.out, c.out_len));
        bool answered = anything(&c), ended = !answered && c.alert >= 0;
        if (!ended)
            control(r, "after", ask(&c));
        sg_probe_conclude(r,
                          answered ? SG_VERDICT_FAIL
                          : ended  ? SG_VERDICT_REMARK
                                   : SG_VERDICT_NOTHING_AGAINST,
                          answered ? "one bit changed: answered all the same"
                          : ended  ? "one bit changed: the session was ended"
                                   : "one bit changed: no answer, the session lives",
                          answered ? "Records can be altered on their way."
                          : ended  ? "Refused, but anybody who can send a datagram can end sessions so."
                                   : "An altered record is dropped.");
    }
    sg_probe_client_close(&c);
}

/* -------------------------------------------------------------------------------------------------------- nonces */

/* Whether two different records of the server have the same number, or the same explicit nonce. */
static bool repeats(const struct sg_probe_client *c, bool nonces, const char **what)
{
    for (size_t i = 0; i < c->sealed_count; i++)
        for (size_t k = i + 1; k < c->sealed_count; k++) {
            const struct sg_probe_sealed *a = &c->sealed[i], *b = &c->sealed[k];
            if (memcmp(a->digest, b->digest, sizeof a->digest) == 0 && a->number == b->number)
                continue; /* the same record, sent again as it was */
            *what = a->number == b->number ? "sequence number" : "nonce";
            if (a->number == b->number || (nonces && memcmp(a->head, b->head, sizeof a->head) == 0))
                return true;
        }
    return false;
}

void sg_srv_nonce(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct sg_probe_client c;
    const char *what = "";
    char observed[200];
    /* Its Finished is lost once, so that it sends it again: there a number comes twice most easily. */
    if (begin(s, r, &c, 1)) {
        int code = 0;
        for (unsigned i = 0; i < NONCE_REQUESTS && code >= 0; i++)
            code = ask(&c);
        const char *suite = SSL_CIPHER_get_name(SSL_get_current_cipher(c.ssl));
        bool nonces = strstr(suite, "GCM") != NULL || strstr(suite, "CCM") != NULL;
        bool bad = repeats(&c, nonces, &what);
        (void)snprintf(observed, sizeof observed, "%zu protected records of the server, its Finished lost once: %s%s",
                       c.sealed_count, bad ? "two with the same " : "all different", bad ? what : "");
        sg_probe_fact(r, "records", json_integer((json_int_t)c.sealed_count));
        sg_probe_fact(r, "suite", json_string(suite));
        if (bad)
            sg_probe_conclude(r, SG_VERDICT_FAIL, observed,
                              "Two records under one key and nonce give away what they say, and the key of their "
                              "authenticators.");
        else if (c.sealed_count < 3)
            sg_probe_conclude(r, SG_VERDICT_SKIPPED, observed, "Too few records to say anything.");
        else
            sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "No number and no nonce came twice.");
    }
    sg_probe_client_close(&c);
}
