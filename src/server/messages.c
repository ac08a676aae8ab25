/* SPDX-License-Identifier: Apache-2.0 */
/* A CoAP message from a device: what kind it is, whether it was seen before, and the answer to it (RFC 7252). */
#include "server/desk.h"

#include <string.h>

enum { EXCHANGE_LIFETIME = 247000 }; /* ms, RFC 7252 section 4.8.2: a message id means the same so long */

static void send_empty(struct desk *d, const struct row *r, enum sg_coap_type type, uint16_t mid)
{
    uint8_t space[4];
    struct sg_buf b = sg_buf(space, sizeof space);

    (void)sg_coap_begin(&b, type, SG_COAP_EMPTY, mid, sg_bytes(NULL, 0));
    (void)d->ports.send(d->ports.user, r->assoc, sg_buf_bytes(&b));
}

/* Sends what answers a confirmable message, and keeps it for the case that the message comes again. */
static void send_and_keep(struct desk *d, const struct row *r, uint16_t mid, struct sg_bytes reply)
{
    struct peer *p = sg_server_desk_peer(d, r);

    p->seen.valid = true;
    p->seen.mid = mid;
    p->seen.at = d->now;
    p->seen.n = reply.n <= REPLY_MAX ? reply.n : 0;
    memcpy(p->seen.reply, reply.p, p->seen.n);
    (void)d->ports.send(d->ports.user, r->assoc, reply);
}

static bool seen_before(struct desk *d, const struct row *r, const struct sg_coap *m)
{
    struct peer *p = sg_server_desk_peer(d, r);

    if (m->type != SG_COAP_CON || !p->seen.valid || p->seen.mid != m->mid || d->now - p->seen.at > EXCHANGE_LIFETIME)
        return false;
    (void)d->ports.send(d->ports.user, r->assoc, sg_bytes(p->seen.reply, p->seen.n));
    return true;
}

static void send_answer(struct desk *d, struct row *r, const struct sg_coap *m, const struct answer *a)
{
    uint8_t space[REPLY_MAX];
    struct sg_buf b = sg_buf(space, sizeof space);
    bool con = m->type == SG_COAP_CON;
    struct sg_coap_writer w = sg_coap_begin(&b, con ? SG_COAP_ACK : SG_COAP_NON, a->code, con ? m->mid : r->next_mid++,
                                            sg_bytes(m->token, m->token_len));

    if (a->location != NULL) {
        sg_coap_put_str(&w, SG_COAP_OPT_LOCATION_PATH, "rd");
        sg_coap_put_str(&w, SG_COAP_OPT_LOCATION_PATH, a->location + sizeof "/rd/" - 1);
    }
    sg_coap_put_payload(&w, sg_str(a->text));
    if (con)
        send_and_keep(d, r, m->mid, sg_buf_bytes(&b));
    else
        (void)d->ports.send(d->ports.user, r->assoc, sg_buf_bytes(&b));
}

static void take_request(struct desk *d, struct row *r, const struct sg_coap *m)
{
    struct answer a = {.code = SG_COAP_NOT_FOUND};
    struct sg_bytes first;
    uint16_t unknown = sg_coap_unknown_critical(m);

    if (unknown != 0 && m->type == SG_COAP_NON)
        return; /* RFC 7252 section 5.4.1 */
    if (unknown != 0)
        a.code = SG_COAP_BAD_OPTION;
    else if (sg_coap_find(m, SG_COAP_OPT_PROXY_URI, &first) || sg_coap_find(m, SG_COAP_OPT_PROXY_SCHEME, &first))
        a.code = SG_COAP_PROXYING;
    else if (sg_coap_find(m, SG_COAP_OPT_URI_PATH, &first) && sg_bytes_eq_str(first, "rd"))
        sg_server_registration(d, r, m, &a);
    send_answer(d, r, m, &a);
    if (a.code == SG_COAP_CREATED)
        sg_server_watch_again(d, r);
}

static void take_response(struct desk *d, struct row *r, const struct sg_coap *m)
{
    bool ours = sg_server_ask_input(d, r, m) || sg_server_watch_input(d, r, m);
    struct sg_bytes observe;
    uint8_t space[4];
    struct sg_buf b = sg_buf(space, sizeof space);

    if (r->assoc == 0 || m->type == SG_COAP_ACK)
        return; /* the answer's taker may have closed it */
    if (m->type == SG_COAP_CON) {
        (void)sg_coap_begin(&b, ours ? SG_COAP_ACK : SG_COAP_RST, SG_COAP_EMPTY, m->mid, sg_bytes(NULL, 0));
        send_and_keep(d, r, m->mid, sg_buf_bytes(&b));
    } else if (!ours && sg_coap_find(m, SG_COAP_OPT_OBSERVE, &observe)) {
        send_empty(d, r, SG_COAP_RST, m->mid); /* RFC 7641 section 3.6: so it stops */
    }
}

void sg_server_desk_input(struct desk *d, uint64_t assoc, struct sg_bytes message)
{
    struct row *r = sg_server_desk_of(d, assoc);
    struct sg_coap m;
    bool has_header = false;

    if (r == NULL)
        return;
    r->heard_at = d->wall;
    if (sg_coap_parse(message, &m, &has_header) < 0) {
        if (has_header && m.type == SG_COAP_CON)
            send_empty(d, r, SG_COAP_RST, m.mid); /* RFC 7252 section 4.2 */
        return;
    }
    if (seen_before(d, r, &m))
        return;
    unsigned code_class = m.code >> 5;
    if (m.code == SG_COAP_EMPTY && m.type == SG_COAP_CON)
        send_empty(d, r, SG_COAP_RST, m.mid); /* a ping: section 4.3 */
    else if (m.code == SG_COAP_EMPTY)
        (void)sg_server_ask_input(d, r, &m);
    else if (code_class == 0 && (m.type == SG_COAP_CON || m.type == SG_COAP_NON))
        take_request(d, r, &m);
    else if ((code_class == 2 || code_class == 4 || code_class == 5) && m.type != SG_COAP_RST)
        take_response(d, r, &m);
    else if (m.type == SG_COAP_CON)
        send_empty(d, r, SG_COAP_RST, m.mid); /* reserved classes: section 4.2 */
}
