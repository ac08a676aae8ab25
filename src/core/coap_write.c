/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP messages, written: RFC 7252 section 3. */
#include "core/core.h"

#include <assert.h>

struct sg_coap_writer sg_coap_begin(struct sg_buf *b, enum sg_coap_type type, uint8_t code, uint16_t mid,
                                    struct sg_bytes token)
{
    struct sg_coap_writer w = {.b = b};

    assert(token.n <= 8);
    if (token.n > 8)
        b->full = true;
    sg_put_u8(b, (uint8_t)(1U << 6 | (unsigned)type << 4 | (token.n & 15)));
    sg_put_u8(b, code);
    sg_put_u16(b, mid);
    sg_put_bytes(b, token);
    return w;
}

/* Section 3.1: the nibble for a delta or a length. */
static unsigned nibble(size_t v)
{
    return v < 13 ? (unsigned)v : v < 269 ? 13 : 14;
}

static void put_extended(struct sg_buf *b, size_t v)
{
    if (v >= 269)
        sg_put_u16(b, (uint16_t)(v - 269));
    else if (v >= 13)
        sg_put_u8(b, (uint8_t)(v - 13));
}

void sg_coap_put(struct sg_coap_writer *w, uint16_t number, struct sg_bytes value)
{
    assert(number >= w->last);
    if (number < w->last || value.n > 269U + UINT16_MAX) {
        w->b->full = true; /* without assertions: no message rather than a wrong one */
        return;
    }
    size_t delta = (size_t)(number - w->last);
    sg_put_u8(w->b, (uint8_t)(nibble(delta) << 4 | nibble(value.n)));
    put_extended(w->b, delta);
    put_extended(w->b, value.n);
    sg_put_bytes(w->b, value);
    w->last = number;
}

void sg_coap_put_str(struct sg_coap_writer *w, uint16_t number, const char *value)
{
    sg_coap_put(w, number, sg_str(value));
}

/* Section 3.2: network byte order, without leading zeros. */
void sg_coap_put_uint(struct sg_coap_writer *w, uint16_t number, uint32_t value)
{
    uint8_t be[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    size_t skip = 0;

    while (skip < sizeof be && be[skip] == 0)
        skip++;
    sg_coap_put(w, number, sg_bytes(be + skip, sizeof be - skip));
}

void sg_coap_put_block(struct sg_coap_writer *w, uint16_t number, struct sg_coap_block block)
{
    uint32_t szx = 0;

    while (szx < 6 && 16U << szx < block.size)
        szx++;
    assert(16U << szx == block.size && block.num < 1U << 20);
    if (16U << szx != block.size || block.num >= 1U << 20) {
        w->b->full = true;
        return;
    }
    sg_coap_put_uint(w, number, block.num << 4 | (block.more ? 8U : 0U) | szx);
}

void sg_coap_put_payload(struct sg_coap_writer *w, struct sg_bytes payload)
{
    if (payload.n == 0)
        return;
    sg_put_u8(w->b, 0xff);
    sg_put_bytes(w->b, payload);
    w->last = UINT16_MAX; /* no option may follow */
}
