/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offloaded DTLS sockets by the commands of Nordic's Serial Modem (modem notes, section 11). Data goes in hexadecimal,
 * the one form that carries every byte. All failures of these commands are a plain ERROR.
 */
#include "modem/modem_internal.h"

enum { FAMILY_IPV4 = 1, FAMILY_IPV6 = 2, TYPE_DATAGRAM = 2, ROLE_CLIENT = 0, PEER_VERIFY_REQUIRED = 2 };
enum { OPTION_HOSTNAME = 2, OPTION_SUITE_USED = 4, OPTION_CID = 14, OPTION_CID_STATUS = 15 };
enum { POLL_IN = 1, POLL_ERR = 8, POLL_HUP = 16, POLL_NVAL = 32 };
enum { MODE_HEX = 1, FLAG_DONT_WAIT = 64, HANDLE_MAX = 7, HOST_MAX = 127, SEND_MAX = 1400, RECEIVE_MAX = 2048 };

/* A command: name, then numbers and strings with commas between. */
static struct sg_buf begin(uint8_t *space, size_t cap, const char *name)
{
    struct sg_buf b = sg_buf(space, cap);

    sg_put_str(&b, name);
    return b;
}

static void number(struct sg_buf *b, uint64_t v)
{
    if (b->len > 0 && b->p[b->len - 1] != '=')
        sg_put_str(b, ",");
    sg_put_udec(b, v);
}

static void quoted(struct sg_buf *b, const char *text)
{
    sg_put_str(b, ",\"");
    sg_put_str(b, text);
    sg_put_str(b, "\"");
}

/* The numbers of a reply such as "#XSSOCKET: 0,2,273", up to three. */
struct numbers {
    const char *prefix;
    uint64_t v[3];
    size_t n;
};

/* Decimal, or hexadecimal with 0x as the cipher suite is printed (11.3). */
static int parse_number(struct sg_bytes field, uint64_t *out)
{
    struct sg_bytes digits;
    uint8_t two[2];
    struct sg_buf b = sg_buf(two, sizeof two);

    if (!sg_modem_after(field, "0x", &digits))
        return sg_parse_udec(field, UINT32_MAX, out);
    if (sg_parse_hex(digits, &b) < 0 || b.len != 2)
        return SG_EFORMAT;
    *out = (uint64_t)two[0] << 8 | two[1];
    return 0;
}

static int take_numbers(void *user, struct sg_bytes line)
{
    struct numbers *r = user;
    struct sg_bytes rest, field;

    if (!sg_modem_after(line, r->prefix, &rest))
        return 0;
    for (r->n = 0; r->n < 3 && sg_modem_field(&rest, &field); r->n++)
        if (parse_number(field, &r->v[r->n]) < 0)
            return SG_EFORMAT;
    return 0;
}

static int tell(struct sg_modem *m, const struct sg_buf *command)
{
    return sg_modem_ask(m, command, NULL, NULL, SG_MODEM_STORE);
}

static struct sg_buf option(uint8_t *space, size_t cap, const struct sg_modem_socket *s, unsigned set, unsigned name)
{
    struct sg_buf b = begin(space, cap, "AT#XSSOCKETOPT=");

    number(&b, (uint64_t)s->handle);
    number(&b, set);
    number(&b, name);
    return b;
}

static int open_socket(struct sg_modem *m, struct sg_modem_socket *s, uint32_t tag, bool ipv6)
{
    uint8_t space[64];
    struct sg_buf b = begin(space, sizeof space, "AT#XSSOCKET=");
    struct numbers r = {.prefix = "#XSSOCKET:"};

    number(&b, ipv6 ? FAMILY_IPV6 : FAMILY_IPV4);
    number(&b, TYPE_DATAGRAM);
    number(&b, ROLE_CLIENT);
    number(&b, tag);
    number(&b, PEER_VERIFY_REQUIRED);
    int e = sg_modem_ask(m, &b, take_numbers, &r, SG_MODEM_STORE);
    if (e < 0)
        return e;
    if (r.n == 0 || r.v[0] > HANDLE_MAX)
        return SG_EFORMAT;
    s->handle = (int)r.v[0];
    return 0;
}

static int set_options(struct sg_modem *m, struct sg_modem_socket *s, const char *host, enum sg_modem_cid cid)
{
    uint8_t space[HOST_MAX + 64];

    /* Without this option any certificate below the CA passes (11.2). */
    struct sg_buf b = option(space, sizeof space, s, 1, OPTION_HOSTNAME);
    quoted(&b, host);
    int e = tell(m, &b);
    if (e < 0)
        return e;
    b = option(space, sizeof space, s, 1, OPTION_CID);
    number(&b, (uint64_t)cid);
    return tell(m, &b);
}

static int handshake(struct sg_modem *m, struct sg_modem_socket *s, const char *address, uint16_t port)
{
    uint8_t space[HOST_MAX + 64];
    struct sg_buf b = begin(space, sizeof space, "AT#XCONNECT=");
    struct numbers r = {.prefix = "#XCONNECT:"};

    number(&b, (uint64_t)s->handle);
    quoted(&b, address);
    number(&b, port);
    int e = sg_modem_ask(m, &b, take_numbers, &r, SG_MODEM_CONNECT);
    if (e < 0)
        return e;
    return r.n >= 2 && r.v[0] == (uint64_t)s->handle && r.v[1] == 1 ? 0 : SG_EDENIED;
}

static int watch(struct sg_modem *m, struct sg_modem_socket *s)
{
    uint8_t space[32];
    struct sg_buf b = begin(space, sizeof space, "AT#XAPOLL=");

    number(&b, (uint64_t)s->handle);
    number(&b, 1);
    number(&b, POLL_IN);
    return tell(m, &b);
}

static bool has_colon(const char *s)
{
    while (*s && *s != ':')
        s++;
    return *s == ':';
}

int sg_modem_connect(struct sg_modem *m, struct sg_modem_socket *s, uint32_t tag, const char *host, const char *address,
                     uint16_t port, enum sg_modem_cid cid)
{
    *s = (struct sg_modem_socket){.handle = -1};
    if (tag > SG_TAG_MAX || !sg_modem_quotable(sg_str(host), HOST_MAX) || !sg_modem_quotable(sg_str(address), HOST_MAX))
        return SG_EINVAL;
    int e = open_socket(m, s, tag, has_colon(address));
    if (e == 0)
        e = set_options(m, s, host, cid);
    if (e == 0)
        e = handshake(m, s, address, port);
    if (e == 0)
        e = watch(m, s);
    if (e < 0) {
        int cme = m->cme;
        if (s->handle >= 0)
            (void)sg_modem_close(m, s);
        m->cme = cme;
        return e;
    }
    s->readable = true; /* what came before the watch began may not be told of (11.7): one look tells */
    return 0;
}

int sg_modem_send(struct sg_modem *m, struct sg_modem_socket *s, struct sg_bytes datagram)
{
    uint8_t space[32];
    struct sg_buf b = begin(space, sizeof space, "AT#XSEND=");
    struct numbers r = {.prefix = "#XSEND:"};

    if (s->handle < 0)
        return SG_ECLOSED;
    if (datagram.n == 0 || datagram.n > SEND_MAX)
        return SG_EINVAL;
    number(&b, (uint64_t)s->handle);
    number(&b, MODE_HEX);
    number(&b, 0);
    sg_put_str(&b, ",\"");
    struct sg_modem_text text = {.head = sg_buf_bytes(&b), .body = datagram, .tail = sg_str("\""), .hex = true};
    int e = sg_modem_run(m, &text, take_numbers, &r, SG_MODEM_CONNECT);
    if (e < 0)
        return e;
    return r.n == 3 && r.v[2] == datagram.n ? 0 : SG_EIO;
}

struct receiving {
    struct sg_buf *datagram;
    uint64_t expected;
    size_t got;
    bool header;
};

/* "#XRECV: 0,1,5" and then "48656c6c6f" on a line of its own (11.5). */
static int take_datagram(void *user, struct sg_bytes line)
{
    struct receiving *r = user;
    struct sg_bytes rest;
    uint64_t handle, mode;

    if (sg_modem_after(line, "#XRECV:", &rest)) {
        if (r->header || !sg_modem_field_number(&rest, HANDLE_MAX, &handle) ||
            !sg_modem_field_number(&rest, MODE_HEX, &mode) ||
            !sg_modem_field_number(&rest, RECEIVE_MAX, &r->expected) || rest.n > 0 || mode != MODE_HEX)
            return SG_EFORMAT;
        r->header = true;
        return 0;
    }
    if (!r->header || r->got > 0)
        return SG_EFORMAT;
    size_t before = r->datagram->len;
    int e = sg_parse_hex(line, r->datagram);
    r->got = r->datagram->len - before;
    return e;
}

int sg_modem_receive(struct sg_modem *m, struct sg_modem_socket *s, struct sg_buf *datagram)
{
    uint8_t space[32];
    struct sg_buf b = begin(space, sizeof space, "AT#XRECV=");
    struct receiving r = {.datagram = datagram};

    if (s->handle < 0)
        return SG_ECLOSED;
    number(&b, (uint64_t)s->handle);
    number(&b, MODE_HEX);
    number(&b, FLAG_DONT_WAIT);
    number(&b, 0);
    int e = sg_modem_ask(m, &b, take_datagram, &r, SG_MODEM_STORE);
    if (e == SG_EDENIED || (e == 0 && !r.header)) { /* nothing waits, or the end of the stream (11.5) */
        s->readable = false;
        return s->hung_up ? SG_ECLOSED : 0;
    }
    if (e < 0)
        return e;
    return r.got == r.expected ? (int)r.got : SG_EFORMAT;
}

void sg_modem_socket_event(struct sg_modem_socket *s, struct sg_bytes line)
{
    struct sg_bytes rest;
    uint64_t handle, events;

    if (sg_bytes_eq_str(line, "Ready")) /* the modem's host has started anew: all handles are gone (11.8) */
        s->hung_up = true;
    if (!sg_modem_after(line, "#XAPOLL:", &rest) || !sg_modem_field_number(&rest, HANDLE_MAX, &handle) ||
        !sg_modem_field_number(&rest, 255, &events) || s->handle < 0 || handle != (uint64_t)s->handle)
        return;
    if (events & POLL_IN)
        s->readable = true;
    if (events & (POLL_ERR | POLL_HUP | POLL_NVAL))
        s->hung_up = true;
}

static int get_option(struct sg_modem *m, struct sg_modem_socket *s, unsigned name)
{
    uint8_t space[64];
    struct sg_buf b = option(space, sizeof space, s, 0, name);
    struct numbers r = {.prefix = "#XSSOCKETOPT:"};

    if (s->handle < 0)
        return SG_ECLOSED;
    int e = sg_modem_ask(m, &b, take_numbers, &r, SG_MODEM_SOON);
    if (e < 0)
        return e;
    return r.n == 2 && r.v[0] == (uint64_t)s->handle && r.v[1] <= 0xFFFF ? (int)r.v[1] : SG_EFORMAT;
}

int sg_modem_cid_status(struct sg_modem *m, struct sg_modem_socket *s)
{
    return get_option(m, s, OPTION_CID_STATUS);
}

int sg_modem_suite_used(struct sg_modem *m, struct sg_modem_socket *s)
{
    return get_option(m, s, OPTION_SUITE_USED);
}

int sg_modem_close(struct sg_modem *m, struct sg_modem_socket *s)
{
    uint8_t space[32];
    struct sg_buf b = begin(space, sizeof space, "AT#XCLOSE=");

    if (s->handle < 0)
        return 0;
    number(&b, (uint64_t)s->handle);
    s->handle = -1;
    return tell(m, &b);
}
