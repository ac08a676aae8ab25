/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP messages, read: RFC 7252 section 3, options of section 5.10, RFC 7641, 7959 and 9175. */
#include "core/core.h"

#include <string.h>

enum { MARKER = 0xff }; /* between options and payload: section 3 */

/* Section 3.1: a nibble of 13 or 14 is continued in one or two bytes; 15 is reserved for the payload marker. */
static uint32_t extended(struct sg_cursor *c, unsigned nibble)
{
    if (nibble == 13)
        return 13U + sg_get_u8(c);
    if (nibble == 14)
        return 269U + sg_get_u16(c);
    return nibble;
}

/* One option. `number` comes in as that of the option before, and goes out as this one's. */
static int option(struct sg_cursor *c, uint32_t *number, struct sg_bytes *value)
{
    uint8_t head = sg_get_u8(c);
    unsigned delta = head >> 4;
    unsigned length = head & 15;

    if (delta == 15 || length == 15)
        return SG_EFORMAT;
    *number += extended(c, delta);
    *value = sg_get(c, extended(c, length));
    if (c->bad)
        return SG_ETRUNCATED;
    return *number > UINT16_MAX ? SG_EFORMAT : 0;
}

/* The options up to the payload marker or the end. */
static int options(struct sg_cursor *c, struct sg_coap *m)
{
    const size_t start = c->at;
    uint32_t number = 0;
    struct sg_bytes value;

    while (sg_left(c) > 0 && c->p[c->at] != MARKER) {
        int error = option(c, &number, &value);
        if (error < 0)
            return error;
    }
    if (c->at > start)
        m->options = sg_bytes(c->p + start, c->at - start);
    if (sg_left(c) == 0)
        return 0;
    sg_get_u8(c);
    m->payload = sg_rest(c);
    return m->payload.n > 0 ? 0 : SG_EFORMAT;
}

/* Section 3: the classes of requests, success, client errors and server errors; 1, 6 and 7 are reserved. */
static bool code_reserved(uint8_t code)
{
    unsigned class = code >> 5;

    return class == 1 || class > 5;
}

int sg_coap_parse(struct sg_bytes datagram, struct sg_coap *m, bool *has_header)
{
    struct sg_cursor c = sg_cursor(datagram);
    uint8_t first = sg_get_u8(&c);

    memset(m, 0, sizeof *m);
    if (has_header != NULL)
        *has_header = false;
    m->code = sg_get_u8(&c);
    m->mid = sg_get_u16(&c);
    if (c.bad)
        return SG_ETRUNCATED;
    if (first >> 6 != 1)
        return SG_EFORMAT;
    if (has_header != NULL)
        *has_header = true;
    m->type = (enum sg_coap_type)(first >> 4 & 3);
    unsigned token_len = first & 15;
    if (token_len > sizeof m->token || code_reserved(m->code))
        return SG_EFORMAT;
    if (m->code == SG_COAP_EMPTY) /* section 4.1: the header alone */
        return token_len == 0 && sg_left(&c) == 0 ? 0 : SG_EFORMAT;
    struct sg_bytes token = sg_get(&c, token_len);
    if (c.bad)
        return SG_ETRUNCATED;
    if (token.n > 0)
        memcpy(m->token, token.p, token.n);
    m->token_len = (uint8_t)token.n;
    return options(&c, m);
}

bool sg_coap_next(const struct sg_coap *m, struct sg_coap_option *o)
{
    struct sg_cursor c = sg_cursor(m->options);
    uint32_t number = o->number;

    if (o->at >= m->options.n)
        return false;
    c.at = o->at;
    if (option(&c, &number, &o->value) < 0)
        return false;
    o->number = (uint16_t)number;
    o->at = c.at;
    return true;
}

bool sg_coap_find(const struct sg_coap *m, uint16_t number, struct sg_bytes *value)
{
    struct sg_coap_option o = {0};

    while (sg_coap_next(m, &o)) {
        if (o.number == number) {
            *value = o.value;
            return true;
        }
    }
    return false;
}

/* Section 3.2: network byte order, leading zeros allowed to the receiver. */
static uint32_t as_uint(struct sg_bytes v)
{
    uint32_t value = 0;

    for (size_t i = 0; i < v.n; i++)
        value = value << 8 | v.p[i];
    return value;
}

uint32_t sg_coap_find_uint(const struct sg_coap *m, uint16_t number, uint32_t fallback)
{
    struct sg_bytes v;

    return sg_coap_find(m, number, &v) && v.n <= 4 ? as_uint(v) : fallback;
}

bool sg_coap_find_block(const struct sg_coap *m, uint16_t number, struct sg_coap_block *block)
{
    struct sg_bytes v;

    if (!sg_coap_find(m, number, &v) || v.n > 3)
        return false;
    uint32_t value = as_uint(v);
    unsigned szx = value & 7;
    if (szx == 7)
        return false;
    *block = (struct sg_coap_block){.num = value >> 4, .more = (value & 8) != 0, .size = (uint16_t)(16U << szx)};
    return true;
}

bool sg_coap_query(const struct sg_coap *m, const char *name, struct sg_bytes *value)
{
    struct sg_coap_option o = {0};
    const size_t n = strlen(name);

    while (sg_coap_next(m, &o)) {
        struct sg_bytes v = o.value;
        if (o.number != SG_COAP_OPT_URI_QUERY || v.n < n || memcmp(v.p, name, n) != 0)
            continue;
        if (v.n > n && v.p[n] != '=')
            continue;
        size_t skip = v.n > n ? n + 1 : n;
        *value = sg_bytes(v.p + skip, v.n - skip);
        return true;
    }
    return false;
}
