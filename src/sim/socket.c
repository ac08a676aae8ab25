/* SPDX-License-Identifier: Apache-2.0 */
/* Serial Modem's socket commands, for DTLS clients (modem notes, section 11). Each failure is a plain ERROR. */
#include "sim_internal.h"

#include <stdlib.h>
#include <string.h>

enum { IPV4 = 1, IPV6 = 2, DATAGRAM = 2, CLIENT = 0, DTLS_1_2 = 273, VERIFY_REQUIRED = 2 };
enum { MODE_TEXT = 0, MODE_HEX = 1, MODE_DATA = 2, HEX_MAX = 1400, RECEIVE_MAX = 2048 };
enum { FLAG_PEEK = 2, FLAG_DONT_WAIT = 64, FLAGS_MAX = 65535, HANDSHAKE_S = 123, SEND_S = 30 };

void sg_sim_sockets_init(struct sg_sim *s)
{
    for (size_t i = 0; i < SG_SIM_SOCKETS; i++)
        s->sockets[i] = (struct sg_sim_socket){.fd = -1, .last = &s->sockets[i].first};
}

static void drop_first(struct sg_sim_socket *k)
{
    struct sg_sim_datagram *d = k->first;

    k->first = d->next;
    if (k->first == NULL)
        k->last = &k->first;
    k->waiting--;
    sg_wipe(d->p, d->n);
    free(d);
}

void sg_sim_socket_end(struct sg_sim_socket *k)
{
    sg_sim_offload_end(k);
    while (k->first)
        drop_first(k);
    *k = (struct sg_sim_socket){.fd = -1, .last = &k->first};
}

/* KEEPOPEN needs a connection id, without which the server would not know it again (5.4). */
static bool survives(const struct sg_sim *s, const struct sg_sim_socket *k, uint64_t cfun)
{
    struct sg_dtls_info info;
    return cfun != 0 && k->keep_open && s->firmware_has.keep_open && k->id && sg_dtls_info(k->dtls, k->id, &info) &&
           info.cid_out_len > 0;
}

void sg_sim_sockets_die(struct sg_sim *s, uint64_t cfun)
{
    for (size_t i = 0; i < SG_SIM_SOCKETS; i++) {
        struct sg_sim_socket *k = &s->sockets[i];
        if (!k->used || k->dtls == NULL)
            continue;
        if (survives(s, k, cfun)) {
            sg_sim_offload_move(k); /* the network will give it another address */
            continue;
        }
        sg_sim_offload_end(k);
        k->ended = SG_SIM_POLL_ERR;
        sg_sim_socket_event(s, k, SG_SIM_POLL_ERR);
    }
}

struct sg_sim_socket *sg_sim_socket_find(struct sg_sim *s, const struct sg_sim_command *c, size_t at)
{
    uint64_t h;

    if (!sg_sim_number(c, at, SG_SIM_SOCKETS - 1, &h) || !s->sockets[h].used)
        return NULL;
    return &s->sockets[h];
}

static size_t handle(const struct sg_sim *s, const struct sg_sim_socket *k)
{
    return (size_t)(k - s->sockets);
}

bool sg_sim_is_slm(const struct sg_sim *s)
{
    return s->config.host == SG_SIM_SLM29 || s->config.host == SG_SIM_SLM31;
}

void sg_sim_put_comma(struct sg_buf *b)
{
    if (b->p[b->len - 1] != ' ')
        sg_put_str(b, ",");
}

void sg_sim_put_value(struct sg_buf *b, uint64_t v)
{
    sg_sim_put_comma(b);
    sg_put_udec(b, v);
}

struct sg_buf *sg_sim_socket_line(struct sg_sim *s, const char *name)
{
    if (s->reply.len > 0)
        sg_put_str(&s->reply, "\r\n"); /* one empty line before each (11.1) */
    struct sg_buf *b = sg_sim_say(s);
    sg_put_str(b, name);
    return b;
}

struct sg_buf *sg_sim_socket_say(struct sg_sim *s, const char *name, const struct sg_sim_socket *k)
{
    struct sg_buf *b = sg_sim_socket_line(s, name);
    if (!sg_sim_is_slm(s))
        sg_sim_put_value(b, handle(s, k));
    return b;
}

int sg_sim_xsmver(struct sg_sim *s, const struct sg_sim_command *c)
{
    if (c->form != SG_SIM_EXECUTE)
        return SG_SIM_ERROR;
    sg_put_str(sg_sim_say(s), "#XSMVER: \"v1.99.0\",\"3.3.99\"");
    sg_sim_said(s);
    return SG_SIM_OK;
}

/* ------------------------------------------------------------------------------------------------- open, close */

void sg_sim_socket_list(struct sg_sim *s, const struct sg_sim_socket *k)
{
    struct sg_buf *b = sg_sim_socket_line(s, "#XSSOCKET: ");
    sg_sim_put_value(b, handle(s, k));
    sg_sim_put_value(b, k->ipv6 ? IPV6 : IPV4);
    sg_sim_put_value(b, CLIENT);
    sg_sim_put_value(b, DATAGRAM);
    sg_sim_put_value(b, k->tag);
    sg_sim_put_value(b, 0); /* the PDN context */
    sg_sim_said(s);
}

static int list_sockets(struct sg_sim *s)
{
    for (size_t i = 0; i < SG_SIM_SOCKETS; i++)
        if (s->sockets[i].used)
            sg_sim_socket_list(s, &s->sockets[i]);
    return SG_SIM_OK;
}

/* Plain sockets, of which there are none here. */
int sg_sim_xsocket(struct sg_sim *s, const struct sg_sim_command *c)
{
    (void)s;
    return c->form == SG_SIM_READ ? SG_SIM_OK : SG_SIM_ERROR;
}

int sg_sim_xssocket(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t family, type, role, tag, verify = VERIFY_REQUIRED, pdn = 0;
    size_t h = 0;

    if (c->form == SG_SIM_READ)
        return list_sockets(s);
    if (c->form != SG_SIM_SET || c->count > 6 || !sg_sim_number(c, 0, IPV6, &family) || family < IPV4 ||
        !sg_sim_number(c, 1, DATAGRAM, &type) || type != DATAGRAM || !sg_sim_number(c, 2, CLIENT, &role) ||
        !sg_sim_number(c, 3, SG_TAG_MAX, &tag) || !sg_sim_optional(c, 4, VERIFY_REQUIRED, &verify) ||
        !sg_sim_optional(c, 5, 0, &pdn))
        return SG_SIM_ERROR;
    while (h < SG_SIM_SOCKETS && s->sockets[h].used)
        h++;
    if (h == SG_SIM_SOCKETS)
        return SG_SIM_ERROR;
    struct sg_sim_socket *k = &s->sockets[h];
    k->used = true;
    k->ipv6 = family == IPV6;
    k->tag = (uint32_t)tag;
    k->peer_verify = (unsigned)verify;
    k->handshake_s = HANDSHAKE_S;
    k->send_s = SEND_S;
    sg_sim_socket_watch(s, k, s->watched);
    s->active = (int)h;
    k->ranking = ++s->rankings;
    struct sg_buf *b = sg_sim_socket_line(s, "#XSSOCKET: ");
    sg_sim_put_value(b, h);
    sg_sim_put_value(b, DATAGRAM);
    sg_sim_put_value(b, DTLS_1_2);
    sg_sim_said(s);
    return SG_SIM_OK;
}

void sg_sim_socket_close(struct sg_sim *s, struct sg_sim_socket *k)
{
    if (k->dtls && k->id)
        (void)sg_dtls_close(k->dtls, k->id, SG_ALERT_CLOSE_NOTIFY, s->now);
    sg_sim_socket_end(k);
}

static void close_one(struct sg_sim *s, struct sg_sim_socket *k)
{
    sg_sim_put_value(sg_sim_socket_say(s, "#XCLOSE: ", k), 0);
    sg_sim_said(s);
    sg_sim_socket_close(s, k);
}

int sg_sim_xclose(struct sg_sim *s, const struct sg_sim_command *c)
{
    if (c->form == SG_SIM_EXECUTE) {
        for (size_t i = 0; i < SG_SIM_SOCKETS; i++)
            if (s->sockets[i].used)
                close_one(s, &s->sockets[i]);
        return SG_SIM_OK;
    }
    struct sg_sim_socket *k = c->form == SG_SIM_SET && c->count == 1 ? sg_sim_socket_find(s, c, 0) : NULL;
    if (k == NULL)
        return SG_SIM_ERROR;
    close_one(s, k);
    return SG_SIM_OK;
}

/* ------------------------------------------------------------------------------------------------------ connect */

int sg_sim_xconnect(struct sg_sim *s, const struct sg_sim_command *c)
{
    struct sg_sim_socket *k = c->form == SG_SIM_SET && c->count == 3 ? sg_sim_socket_find(s, c, 0) : NULL;
    struct sg_bytes name;
    uint64_t port;
    char host[128];
    struct sg_addr server;

    if (k == NULL || !sg_sim_string(c, 1, &name) || name.n == 0 || name.n >= sizeof host ||
        !sg_sim_number(c, 2, 65535, &port) || port == 0)
        return SG_SIM_ERROR;
    if (k->dtls || k->ended || !sg_modem_function_is_active((int)s->cfun)) {
        sg_sim_log(s, k->dtls || k->ended ? "! the socket was connected before: open another"
                                          : "! no network: AT+CFUN=1 is missing");
        sg_sim_errno(s, "connect", k->dtls || k->ended ? SG_SIM_EISCONN : SG_SIM_ENETDOWN);
        return SG_SIM_ERROR;
    }
    memcpy(host, name.p, name.n);
    host[name.n] = 0;
    if (sg_sim_resolve(s, host, k->ipv6, (uint16_t)port, &server) < 0) {
        sg_sim_log(s, "! no address for \"%s\"", host);
        sg_sim_errno(s, "getaddrinfo", SG_SIM_EAGAIN);
        return SG_SIM_ERROR;
    }
    struct sg_sim_fault fault = {.moment = SG_SIM_BEFORE};
    if (sg_sim_fault_hit(s, SG_SIM_CONNECT, &fault)) {
        sg_sim_errno(s, "connect", (int)fault.number);
        k->ended = sg_sim_is(s, SG_SIM_RECONNECT, "yes") ? 0 : SG_SIM_POLL_ERR;
        return SG_SIM_ERROR;
    }
    if (sg_sim_offload_begin(s, k, &server) < 0)
        return SG_SIM_ERROR;
    s->running = SG_SIM_CONNECTING;
    s->running_handle = handle(s, k);
    return SG_SIM_LATER;
}

static void continue_connect(struct sg_sim *s)
{
    struct sg_sim_socket *k = &s->sockets[s->running_handle];

    if (k->refused) {
        sg_sim_errno(s, "connect", k->silent ? SG_SIM_ETIMEDOUT : SG_SIM_ECONNREFUSED);
        sg_sim_session_forget(s, k);
        sg_sim_offload_end(k);
        if (sg_sim_is(s, SG_SIM_RECONNECT, "no"))
            k->ended = SG_SIM_POLL_ERR; /* after a failure: close and open again (11.6) */
        sg_sim_finish(s, SG_SIM_ERROR);
    } else if (k->id) {
        sg_sim_session_keep(s, k);
        if (k->resumed)
            sg_sim_log(s, "! the session was resumed");
        sg_sim_put_value(sg_sim_socket_say(s, "#XCONNECT: ", k), 1);
        sg_sim_said(s);
        sg_sim_socket_event(s, k, SG_SIM_POLL_OUT);
        sg_sim_finish(s, SG_SIM_OK);
    }
}

/* --------------------------------------------------------------------------------------------------------- send */

int sg_sim_socket_send(struct sg_sim *s, struct sg_sim_socket *k, struct sg_bytes data)
{
    bool network = sg_modem_function_is_active((int)s->cfun);
    int r = k->dtls && k->id && !k->saved && network ? sg_dtls_send(k->dtls, k->id, data, s->now) : SG_ECLOSED;

    if (r == 0) {
        sg_sim_socket_event(s, k, SG_SIM_POLL_OUT);
        return 0;
    }
    sg_sim_log(s, "! %zu bytes were not sent: %s", data.n, sg_strerror(r));
    sg_sim_errno(s, "send", k->saved ? SG_SIM_EPROTO : network ? SG_SIM_EINVAL : SG_SIM_ENETDOWN);
    return r;
}

static int say_sent(struct sg_sim *s, struct sg_sim_socket *k, struct sg_bytes data)
{
    int r = sg_sim_socket_send(s, k, data);
    struct sg_buf *b = sg_sim_socket_say(s, "#XSEND: ", k);

    if (!sg_sim_is_slm(s))
        sg_sim_put_value(b, 0);
    sg_sim_put_value(b, r == 0 ? data.n : 0);
    sg_sim_said(s);
    return r == 0 ? SG_SIM_OK : SG_SIM_ERROR; /* the line with 0 comes before the ERROR (11.4) */
}

static int send_hex(struct sg_sim *s, struct sg_sim_socket *k, struct sg_bytes digits)
{
    uint8_t space[2 * HEX_MAX + 1], data[HEX_MAX];
    struct sg_buf even = sg_buf(space, sizeof space), b = sg_buf(data, sizeof data);

    if (digits.n % 2 == 1)
        sg_put_u8(&even, '0'); /* an odd count gets a zero in front (11.4) */
    sg_put_bytes(&even, digits);
    if (digits.n == 0 || even.full || sg_parse_hex(sg_buf_bytes(&even), &b) < 0)
        return SG_SIM_ERROR;
    return say_sent(s, k, sg_buf_bytes(&b));
}

int sg_sim_xsend(struct sg_sim *s, const struct sg_sim_command *c)
{
    struct sg_sim_socket *k = c->form == SG_SIM_SET ? sg_sim_socket_find(s, c, 0) : NULL;
    uint64_t mode, flags, expected = 0;
    struct sg_bytes data;

    if (k == NULL || c->count > 4 || !sg_sim_number(c, 1, MODE_DATA, &mode) || !sg_sim_number(c, 2, FLAGS_MAX, &flags))
        return SG_SIM_ERROR;
    if (mode == MODE_DATA) {
        if (!sg_sim_optional(c, 3, sizeof s->data.text, &expected))
            return SG_SIM_ERROR;
        sg_sim_data_begin(s, k, (size_t)expected);
        return SG_SIM_OK;
    }
    if (!sg_sim_string(c, 3, &data) || data.n == 0)
        return SG_SIM_ERROR;
    return mode == MODE_HEX ? send_hex(s, k, data) : say_sent(s, k, data);
}

/* ------------------------------------------------------------------------------------------------------ receive */

static int say_received(struct sg_sim *s, struct sg_sim_socket *k)
{
    struct sg_sim_datagram *d = k->first;
    size_t n = d->n < s->receive.max ? d->n : s->receive.max;

    if (n > 0) {
        struct sg_buf *b = sg_sim_socket_say(s, "#XRECV: ", k);
        if (!sg_sim_is_slm(s))
            sg_sim_put_value(b, s->receive.hex ? MODE_HEX : MODE_TEXT);
        sg_sim_put_value(b, n);
        sg_sim_said(s);
        if (s->receive.hex)
            sg_put_hex(b, sg_bytes(d->p, n));
        else
            sg_put(b, d->p, n); /* the final result's empty line ends it (11.5) */
    }
    if (n < d->n && !s->receive.peek && sg_sim_is(s, SG_SIM_RECV_REST, "kept")) {
        memmove(d->p, d->p + n, d->n - n);
        d->n -= n;
    } else if (!s->receive.peek)
        drop_first(k);
    k->armed = true;
    if (k->first && sg_sim_is(s, SG_SIM_POLL_AGAIN, "yes"))
        sg_sim_socket_event(s, k, SG_SIM_POLL_IN);
    return SG_SIM_OK;
}

int sg_sim_xrecv(struct sg_sim *s, const struct sg_sim_command *c)
{
    struct sg_sim_socket *k = c->form == SG_SIM_SET ? sg_sim_socket_find(s, c, 0) : NULL;
    uint64_t mode, flags, timeout, max = RECEIVE_MAX;

    if (k == NULL || c->count > 5 || !sg_sim_number(c, 1, MODE_HEX, &mode) || !sg_sim_number(c, 2, FLAGS_MAX, &flags) ||
        !sg_sim_number(c, 3, UINT32_MAX / 1000, &timeout) || !sg_sim_optional(c, 4, RECEIVE_MAX, &max) || max == 0)
        return SG_SIM_ERROR;
    s->receive = (struct sg_sim_receive){.hex = mode == MODE_HEX, .peek = (flags & FLAG_PEEK) != 0, .max = (size_t)max};
    if (k->first)
        return say_received(s, k);
    if (k->ended && sg_sim_is(s, SG_SIM_ENDED_READ, "ok"))
        return SG_SIM_OK;
    if ((flags & FLAG_DONT_WAIT) || k->ended || k->dtls == NULL)
        return SG_SIM_ERROR;
    s->running = SG_SIM_RECEIVING;
    s->running_handle = handle(s, k);
    s->running_until = timeout ? s->now + timeout * 1000 : UINT64_MAX;
    return SG_SIM_LATER;
}

static void continue_receive(struct sg_sim *s)
{
    struct sg_sim_socket *k = &s->sockets[s->running_handle];

    if (k->first)
        sg_sim_finish(s, say_received(s, k));
    else if (k->ended || s->now >= s->running_until)
        sg_sim_finish(s, SG_SIM_ERROR);
}

void sg_sim_sockets_continue(struct sg_sim *s)
{
    switch (s->running) {
    case SG_SIM_IDLE:
    case SG_SIM_PAUSING:
        break;
    case SG_SIM_CONNECTING:
        continue_connect(s);
        break;
    case SG_SIM_RECEIVING:
        continue_receive(s);
        break;
    case SG_SIM_POLLING:
        sg_sim_slm_continue(s);
        break;
    }
}
