/* SPDX-License-Identifier: Apache-2.0 */
/* The first message of a device: its ClientHello, with all that the allow list speaks of. */
#include "probe/device_internal.h"

#include <string.h>

enum { HANDSHAKE = 22, CLIENT_HELLO = 1 }; /* RFC 5246 sections 6.2.1 and 7.4 */

enum { /* IANA: TLS ExtensionType values */
       SERVER_NAME = 0,
       MAX_FRAGMENT_LENGTH = 1,
       STATUS_REQUEST = 5,
       SUPPORTED_GROUPS = 10,
       SIGNATURE_ALGORITHMS = 13,
       ENCRYPT_THEN_MAC = 22,
       EXTENDED_MASTER_SECRET = 23,
       SESSION_TICKET = 35,
       SUPPORTED_VERSIONS = 43,
       CONNECTION_ID_DRAFT = 53,
       CONNECTION_ID = 54,
       RENEGOTIATION_INFO = 0xff01
};
enum { RENEGOTIATION_SCSV = 0x00ff, DTLS13 = 0xfefc };

/* A list with its length before it, in one byte or two. */
static struct sg_cursor vector(struct sg_cursor *c, unsigned size)
{
    const size_t n = size == 1 ? sg_get_u8(c) : sg_get_u16(c);
    return sg_cursor(sg_get(c, n));
}

static size_t numbers(struct sg_cursor list, uint16_t *out, size_t cap, size_t *more)
{
    size_t n = 0;
    while (sg_left(&list) >= 2) {
        const uint16_t v = sg_get_u16(&list);
        if (n < cap)
            out[n++] = v;
        else
            ++*more;
    }
    return n;
}

/* RFC 6066 section 3: the first host_name of the list. */
static void take_name(struct sg_cursor body, struct sg_probe_client_hello *h)
{
    struct sg_cursor list = vector(&body, 2);
    const uint8_t type = sg_get_u8(&list);
    const struct sg_cursor name = vector(&list, 2);
    if (list.bad || type != 0)
        return;
    sg_probe_dev_text(sg_bytes(name.p, name.n), h->server_name, sizeof h->server_name);
}

static void take_versions(struct sg_cursor body, struct sg_probe_client_hello *h)
{
    struct sg_cursor list = vector(&body, 1);
    while (sg_left(&list) >= 2)
        h->dtls13 |= sg_get_u16(&list) == DTLS13;
}

static void take_extension(uint16_t type, struct sg_bytes body, struct sg_probe_client_hello *h)
{
    struct sg_cursor c = sg_cursor(body);
    switch (type) {
    case SERVER_NAME:
        take_name(c, h);
        break;
    case MAX_FRAGMENT_LENGTH:
        h->max_fragment = sg_get_u8(&c);
        break;
    case STATUS_REQUEST:
        h->status_request = true;
        break;
    case SUPPORTED_GROUPS:
        h->group_count = numbers(vector(&c, 2), h->groups, SG_HELLO_GROUPS, &h->more);
        break;
    case SIGNATURE_ALGORITHMS:
        h->signature_count = numbers(vector(&c, 2), h->signatures, SG_HELLO_SIGNATURES, &h->more);
        break;
    case ENCRYPT_THEN_MAC:
        h->encrypt_then_mac = true;
        break;
    case EXTENDED_MASTER_SECRET:
        h->extended_master_secret = true;
        break;
    case SESSION_TICKET:
        h->ticket = true;
        h->session |= body.n > 0;
        break;
    case SUPPORTED_VERSIONS:
        take_versions(c, h);
        break;
    case CONNECTION_ID_DRAFT:
        h->cid_draft = true;
        break;
    case CONNECTION_ID:
        h->cid = true;
        h->cid_len = sg_get_u8(&c);
        break;
    case RENEGOTIATION_INFO:
        h->renegotiation_info = true;
        break;
    default:
        break;
    }
}

static void take_extensions(struct sg_cursor *c, struct sg_probe_client_hello *h)
{
    if (sg_left(c) == 0)
        return; /* RFC 5246 section 7.4.1.2: they may be absent altogether */
    struct sg_cursor list = vector(c, 2);
    while (sg_left(&list) > 0 && !list.bad) {
        const uint16_t type = sg_get_u16(&list);
        const struct sg_cursor body = vector(&list, 2);
        if (!list.bad)
            take_extension(type, sg_bytes(body.p, body.n), h);
    }
    c->bad |= list.bad;
}

static int take_body(struct sg_cursor c, struct sg_probe_client_hello *h)
{
    h->version = sg_get_u16(&c);
    const struct sg_bytes random = sg_get(&c, sizeof h->random);
    if (random.n == sizeof h->random)
        memcpy(h->random, random.p, random.n);
    h->session = vector(&c, 1).n > 0;
    h->cookie = vector(&c, 1).n > 0;
    h->suite_count = numbers(vector(&c, 2), h->suites, SG_HELLO_SUITES, &h->more);
    struct sg_cursor methods = vector(&c, 1);
    while (sg_left(&methods) > 0)
        h->compression |= sg_get_u8(&methods) != 0;
    if (!c.bad)
        take_extensions(&c, h);
    for (size_t i = 0; i < h->suite_count; i++)
        h->renegotiation_info |= h->suites[i] == RENEGOTIATION_SCSV;
    return c.bad ? SG_EFORMAT : 0;
}

int sg_probe_client_hello_parse(struct sg_bytes datagram, struct sg_probe_client_hello *h)
{
    struct sg_cursor c = sg_cursor(datagram);

    memset(h, 0, sizeof *h);
    const uint8_t type = sg_get_u8(&c);
    const uint16_t version = sg_get_u16(&c), epoch = sg_get_u16(&c);
    (void)sg_get(&c, 6); /* the record's number */
    if (c.bad || type != HANDSHAKE || version >> 8 != 0xfe || epoch != 0)
        return SG_ENOTFOUND;
    struct sg_cursor record = vector(&c, 2);
    if (c.bad)
        return SG_ETRUNCATED;
    if (sg_get_u8(&record) != CLIENT_HELLO)
        return SG_ENOTFOUND;
    const uint32_t whole = sg_get_u24(&record);
    (void)sg_get_u16(&record); /* the message's number */
    const uint32_t from = sg_get_u24(&record), n = sg_get_u24(&record);
    if (from != 0 || n != whole)
        return SG_EUNSUPPORTED;
    const struct sg_bytes body = sg_get(&record, n);
    return record.bad ? SG_ETRUNCATED : take_body(sg_cursor(body), h);
}
