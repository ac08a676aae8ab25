/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to devices: one confirmable message outstanding to each (NSTART, RFC 7252 section 4.7), the others wait. */
#include "server/desk.h"

#include <string.h>

static uint8_t code_of(enum sg_server_op op)
{
    switch (op) {
    case SG_READ:
    case SG_DISCOVER:
        return SG_COAP_GET;
    case SG_WRITE:
        return SG_COAP_PUT;
    case SG_EXECUTE:
        return SG_COAP_POST;
    }
    return SG_COAP_EMPTY;
}

int sg_server_ask_build(struct desk *d, struct row *r, const struct sg_server_request *request, int observe,
                        struct ask *a)
{
    struct sg_buf b = sg_buf(a->message, sizeof a->message);
    bool has_payload = request->payload.n > 0;

    if (observe < 0)
        d->ports.random(d->ports.user, a->token, sizeof a->token);
    a->mid = r->next_mid++;
    struct sg_coap_writer w =
        sg_coap_begin(&b, SG_COAP_CON, code_of(request->op), a->mid, sg_bytes(a->token, sizeof a->token));
    if (observe >= 0)
        sg_coap_put_uint(&w, SG_COAP_OPT_OBSERVE, (uint32_t)observe);
    sg_coap_put_path(&w, &request->path);
    if (request->op == SG_WRITE || (request->op == SG_EXECUTE && has_payload))
        sg_coap_put_uint(&w, SG_COAP_OPT_CONTENT_FORMAT, request->op == SG_WRITE ? (uint32_t)request->format : SG_TEXT);
    if (request->op == SG_DISCOVER)
        sg_coap_put_uint(&w, SG_COAP_OPT_ACCEPT, SG_LINK);
    else if (request->op == SG_READ && request->format >= 0)
        sg_coap_put_uint(&w, SG_COAP_OPT_ACCEPT, (uint32_t)request->format);
    if (request->op == SG_WRITE || request->op == SG_EXECUTE)
        sg_coap_put_payload(&w, request->payload);
    a->n = sg_buf_bytes(&b).n;
    return b.full ? SG_ENOSPC : 0;
}

/* Takes it out of the list and gives it back to its maker. */
static void finish(struct desk *d, struct row *r, struct ask *a, int rc, const struct sg_coap *reply)
{
    struct ask **link = &sg_server_desk_peer(d, r)->asks;

    while (*link != a)
        link = &(*link)->next;
    *link = a->next;
    a->next = NULL;
    a->done(d, a, rc, reply);
}

/* The first that waits, unless one is unacknowledged. */
static struct ask *next_to_send(const struct peer *p)
{
    struct ask *first = NULL;

    for (struct ask *a = p->asks; a != NULL; a = a->next) {
        if (a->state == ASK_SENT)
            return NULL;
        if (first == NULL && a->state == ASK_QUEUED)
            first = a;
    }
    return first;
}

static void pump(struct desk *d, struct row *r)
{
    struct ask *a;
    uint32_t random;

    while ((a = next_to_send(sg_server_desk_peer(d, r))) != NULL) {
        d->ports.random(d->ports.user, &random, sizeof random);
        a->state = ASK_SENT;
        sg_coap_retry_start(&a->retry, d->now, random);
        int rc = d->ports.send(d->ports.user, r->assoc, sg_bytes(a->message, a->n));
        if (rc < 0)
            finish(d, r, a, rc == SG_ENOSPC ? SG_ENOSPC : SG_ECLOSED, NULL);
    }
}

void sg_server_ask(struct desk *d, struct row *r, struct ask *a)
{
    struct ask **end = &sg_server_desk_peer(d, r)->asks;

    while (*end != NULL)
        end = &(*end)->next;
    *end = a;
    a->next = NULL;
    a->state = ASK_QUEUED;
    if (r->assoc == 0) {
        finish(d, r, a, SG_ECLOSED, NULL);
        return;
    }
    pump(d, r);
    sg_server_desk_schedule(d, r);
}

/* Later blocks of an answer cannot be asked for yet, and a first part must not pass for the whole. */
static int judge(const struct sg_coap *m)
{
    struct sg_coap_block block;
    struct sg_bytes option;

    if (sg_coap_unknown_critical(m) != 0)
        return SG_EFORMAT;
    if (!sg_coap_find(m, SG_COAP_OPT_BLOCK2, &option))
        return 0;
    if (!sg_coap_find_block(m, SG_COAP_OPT_BLOCK2, &block))
        return SG_EFORMAT;
    return block.more || block.num != 0 ? SG_ENOSPC : 0;
}

/* By message id: an acknowledgement, with the answer in it or not, or a reset. */
static bool take_by_mid(struct desk *d, struct row *r, struct ask *a, const struct sg_coap *m)
{
    bool same_token = m->token_len == TOKEN_LEN && memcmp(m->token, a->token, TOKEN_LEN) == 0;

    if (m->type == SG_COAP_RST) {
        finish(d, r, a, SG_EIO, NULL);
    } else if (m->code == SG_COAP_EMPTY) {
        a->state = ASK_ACKNOWLEDGED; /* the answer comes by itself: section 5.2.2 */
    } else if (same_token) {
        int rc = judge(m);
        finish(d, r, a, rc, rc == 0 ? m : NULL);
    } else {
        return false;
    }
    return true;
}

bool sg_server_ask_input(struct desk *d, struct row *r, const struct sg_coap *m)
{
    struct ask *a = sg_server_desk_peer(d, r)->asks;
    bool by_mid = m->type == SG_COAP_ACK || m->type == SG_COAP_RST;
    bool taken = false;

    for (; a != NULL; a = a->next) {
        if (by_mid ? a->state == ASK_SENT && a->mid == m->mid
                   : a->state != ASK_QUEUED && m->token_len == TOKEN_LEN && memcmp(m->token, a->token, TOKEN_LEN) == 0)
            break;
    }
    if (a == NULL)
        return false;
    if (by_mid) {
        taken = take_by_mid(d, r, a, m);
    } else {
        int rc = judge(m);
        finish(d, r, a, rc, rc == 0 ? m : NULL);
        taken = true;
    }
    if (r->assoc != 0)
        pump(d, r);
    sg_server_desk_schedule(d, r);
    return taken;
}

void sg_server_ask_tick(struct desk *d, struct row *r)
{
    struct peer *p = sg_server_desk_peer(d, r);
    struct ask *a = p->asks;

    while (a != NULL) {
        struct ask *next = a->next;
        if (a->until <= d->now) {
            finish(d, r, a, SG_ETIMEOUT, NULL);
        } else if (a->state == ASK_SENT && a->retry.at <= d->now) {
            if (sg_coap_retry_again(&a->retry, d->now))
                (void)d->ports.send(d->ports.user, r->assoc, sg_bytes(a->message, a->n));
            else
                finish(d, r, a, SG_ETIMEOUT, NULL);
        }
        a = next;
    }
    if (r->assoc != 0)
        pump(d, r);
}

void sg_server_ask_end_all(struct desk *d, struct row *r, int rc)
{
    struct peer *p = sg_server_desk_peer(d, r);

    while (p->asks != NULL)
        finish(d, r, p->asks, rc, NULL);
}

uint64_t sg_server_ask_deadline(const struct peer *p)
{
    uint64_t at = UINT64_MAX;

    for (const struct ask *a = p->asks; a != NULL; a = a->next) {
        if (a->until < at)
            at = a->until;
        if (a->state == ASK_SENT && a->retry.at < at)
            at = a->retry.at;
    }
    return at;
}
