/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR, written in the preferred form: RFC 8949 section 4.1. */
#include "core/core.h"

#include <float.h>
#include <string.h>

static void put_head(struct sg_buf *b, unsigned major, uint64_t v)
{
    uint8_t top = (uint8_t)(major << 5);

    if (v < 24) {
        sg_put_u8(b, (uint8_t)(top | v));
    } else if (v <= UINT8_MAX) {
        sg_put_u8(b, top | 24);
        sg_put_u8(b, (uint8_t)v);
    } else if (v <= UINT16_MAX) {
        sg_put_u8(b, top | 25);
        sg_put_u16(b, (uint16_t)v);
    } else if (v <= UINT32_MAX) {
        sg_put_u8(b, top | 26);
        sg_put_u32(b, (uint32_t)v);
    } else {
        sg_put_u8(b, top | 27);
        sg_put_u64(b, v);
    }
}

void sg_cbor_put_uint(struct sg_buf *b, uint64_t v)
{
    put_head(b, 0, v);
}

void sg_cbor_put_int(struct sg_buf *b, int64_t v)
{
    if (v < 0)
        put_head(b, 1, (uint64_t)(-1 - v));
    else
        put_head(b, 0, (uint64_t)v);
}

void sg_cbor_put_bytes(struct sg_buf *b, struct sg_bytes v)
{
    put_head(b, 2, v.n);
    sg_put_bytes(b, v);
}

void sg_cbor_put_text(struct sg_buf *b, struct sg_bytes v)
{
    put_head(b, 3, v.n);
    sg_put_bytes(b, v);
}

void sg_cbor_put_array(struct sg_buf *b, size_t items)
{
    put_head(b, 4, items);
}

void sg_cbor_put_map(struct sg_buf *b, size_t pairs)
{
    put_head(b, 5, pairs);
}

void sg_cbor_put_tag(struct sg_buf *b, uint64_t tag)
{
    put_head(b, 6, tag);
}

void sg_cbor_put_bool(struct sg_buf *b, bool v)
{
    sg_put_u8(b, v ? 0xf5 : 0xf4);
}

void sg_cbor_put_null(struct sg_buf *b)
{
    sg_put_u8(b, 0xf6);
}

void sg_cbor_put_double(struct sg_buf *b, double v)
{
    bool in_range = v >= -(double)FLT_MAX && v <= (double)FLT_MAX;
    bool finite = v - v == 0;

    if (finite && (!in_range || (double)(float)v != v)) {
        uint64_t bits;
        memcpy(&bits, &v, sizeof bits);
        sg_put_u8(b, 0xfb);
        sg_put_u64(b, bits);
        return;
    }
    float f = (float)v; /* exact: a number that fits, an infinity, or no number */
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    sg_put_u8(b, 0xfa);
    sg_put_u32(b, v != v ? 0x7fc00000 : bits);
}
