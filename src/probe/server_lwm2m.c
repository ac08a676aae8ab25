/* SPDX-License-Identifier: Apache-2.0 */
/* What the probe's client says once it is in: a LwM2M registration, and its end (OMA LwM2M 1.1 transport, section 6.4).
 */
#include "probe/server_internal.h"

#include <stdio.h>
#include <string.h>

/* Whether it answers the request of that token; what the server itself asks is left, a real device would answer it. */
static bool is_answer(struct sg_bytes datagram, struct sg_bytes token, struct sg_coap *m)
{
    return sg_coap_parse(datagram, m, NULL) == 0 && m->code >= SG_COAP_CODE(2, 0) &&
           sg_bytes_eq(sg_bytes(m->token, m->token_len), token);
}

static void put_request(struct sg_buf *b, uint16_t number, struct sg_bytes token, const struct sg_probe_request *q)
{
    struct sg_coap_writer w = sg_coap_begin(b, SG_COAP_CON, q->code, number, token);
    for (size_t i = 0; i < 3 && q->path[i] != NULL; i++)
        sg_coap_put_str(&w, SG_COAP_OPT_URI_PATH, q->path[i]);
    if (q->payload != NULL)
        sg_coap_put_uint(&w, SG_COAP_OPT_CONTENT_FORMAT, SG_LINK);
    for (size_t i = 0; i < 4 && q->query[i] != NULL; i++)
        sg_coap_put_str(&w, SG_COAP_OPT_URI_QUERY, q->query[i]);
    sg_coap_put_payload(&w, sg_str(q->payload != NULL ? q->payload : ""));
}

/* A separate answer that is not acknowledged would come again, and look like an answer to something else. */
static void acknowledge(struct sg_probe_client *c, const struct sg_coap *m)
{
    uint8_t space[8];
    struct sg_buf out = sg_buf(space, sizeof space);
    (void)sg_coap_begin(&out, SG_COAP_ACK, SG_COAP_EMPTY, m->mid, sg_bytes(NULL, 0));
    c->aside = true;
    (void)sg_probe_client_send(c, sg_buf_bytes(&out));
    c->aside = false;
}

int sg_probe_client_request(struct sg_probe_client *c, const struct sg_probe_request *q, struct sg_probe_reply *reply)
{
    uint8_t space[1024], token[4];
    struct sg_buf out = sg_buf(space, sizeof space);
    uint16_t number = (uint16_t)(0x4000 + c->s->tokens++);
    memcpy(token, "pr", 2);
    token[2] = (uint8_t)(number >> 8);
    token[3] = (uint8_t)number;
    put_request(&out, number, sg_bytes(token, sizeof token), q);
    if (out.full)
        return SG_ENOSPC;
    int r = sg_probe_client_send(c, sg_buf_bytes(&out));
    if (c->hold)
        return r;
    uint64_t deadline = sg_probe_steady() + 2 * (uint64_t)sg_probe_wait(c->s);
    while (r >= 0) {
        struct sg_buf in = sg_buf(reply->bytes, sizeof reply->bytes);
        r = sg_probe_client_receive(c, &in, deadline);
        if (r == 0)
            return 0;
        if (r > 0 && is_answer(sg_buf_bytes(&in), sg_bytes(token, sizeof token), &reply->message)) {
            if (reply->message.type == SG_COAP_CON)
                acknowledge(c, &reply->message);
            return reply->message.code;
        }
    }
    return r;
}

/* -------------------------------------------------------------------------------------------------- registration */

const char *sg_probe_endpoint(const struct sg_probe_session *s, char text[128])
{
    if (s->server->endpoint != NULL)
        return s->server->endpoint;
    struct sg_cert_facts facts = {0};
    if (s->server->genuine.cert != NULL)
        (void)sg_cert_facts(s->server->genuine.cert, &facts);
    (void)snprintf(text, 128, "%s", facts.cn[0] != '\0' ? facts.cn : "urn:signet:probe");
    return text;
}

int sg_probe_client_register(struct sg_probe_client *c, const char *endpoint)
{
    char name[160];
    struct sg_probe_reply reply;
    struct sg_coap_option o = {0};
    (void)snprintf(name, sizeof name, "ep=%.120s", endpoint);
    const struct sg_probe_request q = {
        .code = SG_COAP_POST, .path = {"rd"}, .query = {name, "lt=60", "lwm2m=1.1", "b=U"}, .payload = "</1/0>,</3/0>"};
    int code = sg_probe_client_request(c, &q, &reply);
    if (code != SG_COAP_CREATED)
        return code;
    for (size_t i = 0; sg_coap_next(&reply.message, &o);)
        if (o.number == SG_COAP_OPT_LOCATION_PATH && i < 2)
            (void)snprintf(c->location[i++], sizeof c->location[0], "%.*s", (int)o.value.n, (const char *)o.value.p);
    return code;
}

void sg_probe_client_deregister(struct sg_probe_client *c)
{
    struct sg_probe_reply reply;
    if (c->location[0][0] == '\0')
        return;
    const struct sg_probe_request q = {.code = SG_COAP_DELETE,
                                       .path = {c->location[0], c->location[1][0] != '\0' ? c->location[1] : NULL}};
    (void)sg_probe_client_request(c, &q, &reply);
    c->location[0][0] = '\0';
}

/* ------------------------------------------------------------------------------------------------------ attempts */

/* What the server says to somebody whom it let in: many end the session only then. */
static void try_registration(struct sg_probe_client *c, const char *endpoint, struct sg_probe_attempt *a)
{
    char alert[SG_ANSWER_TEXT];
    a->code = sg_probe_client_register(c, endpoint);
    if (a->code == SG_COAP_CREATED) {
        (void)snprintf(a->text, sizeof a->text, "handshake done, registered as \"%.80s\" (2.01)", endpoint);
        c->s->registers = true;
        sg_probe_client_deregister(c);
    } else if (a->code > 0) {
        (void)snprintf(a->text, sizeof a->text, "handshake done, registration answered with %s",
                       sg_coap_code_text((uint8_t)a->code));
    } else if (a->code == 0) {
        (void)snprintf(a->text, sizeof a->text, "handshake done, no answer to the registration");
    } else {
        a->alert = c->alert;
        (void)snprintf(a->text, sizeof a->text, "handshake done, then the server ended the session with %s",
                       c->alert >= 0 ? sg_probe_alert_text(c->alert, alert) : "no alert");
    }
}

void sg_probe_attempt(struct sg_probe_session *s, const struct sg_probe_identity *identity, const char *endpoint,
                      struct sg_probe_attempt *a)
{
    struct sg_probe_client c;
    char alert[SG_ANSWER_TEXT];
    *a = (struct sg_probe_attempt){.stage = sg_probe_client_open(&c, s, identity, NULL, 0)};
    a->alert = c.alert;
    a->took = c.took;
    switch (a->stage) {
    case SG_CLIENT_CONNECTED:
        try_registration(&c, endpoint, a);
        break;
    case SG_CLIENT_REFUSED:
        (void)snprintf(a->text, sizeof a->text, "refused in the handshake with %s",
                       sg_probe_alert_text(c.alert, alert));
        break;
    case SG_CLIENT_SILENT:
        (void)snprintf(a->text, sizeof a->text, "the server fell silent in the handshake");
        break;
    case SG_CLIENT_UNREACHABLE:
        (void)snprintf(a->text, sizeof a->text, "nothing listens there any more");
        break;
    case SG_CLIENT_FAILED:
        (void)snprintf(a->text, sizeof a->text, "the handshake broke on our side: %s", c.why);
        break;
    }
    sg_probe_client_close(&c);
}

bool sg_probe_control_client(struct sg_probe_session *s, struct sg_probe_result *r, const char *when, bool registered)
{
    struct sg_probe_attempt a;
    char what[96], name[128];
    sg_probe_attempt(s, &s->server->genuine, sg_probe_endpoint(s, name), &a);
    bool ok = a.stage == SG_CLIENT_CONNECTED && (registered ? a.code == SG_COAP_CREATED : a.code >= 0);
    (void)snprintf(what, sizeof what, "%s, the genuine identity comes in", when);
    sg_probe_add_control(r, ok, what, a.text);
    return ok;
}
