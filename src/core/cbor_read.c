/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR, read: RFC 8949. */
#include "core/core_internal.h"

#include <string.h>

enum { MAX_DEPTH = 16, BREAK = 0xff };

/* The head of an item (section 3): its major type, what its low five bits say, and the number that they announce. */
struct head {
    unsigned major, info;
    uint64_t value;
};
enum { INFO_1 = 24, INFO_2, INFO_4, INFO_8, INDEFINITE = 31 };
enum { UINT, NINT, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };

static struct head get_head(struct sg_cursor *c)
{
    uint8_t first = sg_get_u8(c);
    struct head h = {.major = first >> 5, .info = first & 31};

    if (h.info < INFO_1)
        h.value = h.info;
    else if (h.info == INFO_1)
        h.value = sg_get_u8(c);
    else if (h.info == INFO_2)
        h.value = sg_get_u16(c);
    else if (h.info == INFO_4)
        h.value = sg_get_u32(c);
    else if (h.info == INFO_8)
        h.value = sg_get_u64(c);
    else if (h.info != INDEFINITE || h.major == UINT || h.major == NINT || h.major == TAG)
        c->bad = true; /* 28 to 30 are reserved; a number has no indefinite form */
    if (h.major == SIMPLE && h.info == INFO_1 && h.value < 32)
        c->bad = true; /* section 3.3: those have a one-byte form, and no other */
    return h;
}

/* The head of a definite-length item of that type. */
static uint64_t expect(struct sg_cursor *c, unsigned major)
{
    struct head h = get_head(c);

    if (h.major != major || h.info == INDEFINITE)
        c->bad = true;
    return c->bad ? 0 : h.value;
}

enum sg_cbor_type sg_cbor_peek(const struct sg_cursor *c)
{
    static const enum sg_cbor_type types[] = {
        [UINT] = SG_CBOR_UINT,   [NINT] = SG_CBOR_NINT, [BYTES] = SG_CBOR_BYTES, [TEXT] = SG_CBOR_TEXT,
        [ARRAY] = SG_CBOR_ARRAY, [MAP] = SG_CBOR_MAP,   [TAG] = SG_CBOR_TAG,     [SIMPLE] = SG_CBOR_SIMPLE,
    };

    return sg_left(c) == 0 ? SG_CBOR_END : types[c->p[c->at] >> 5];
}

uint64_t sg_cbor_get_uint(struct sg_cursor *c)
{
    return expect(c, UINT);
}

int64_t sg_cbor_get_int(struct sg_cursor *c)
{
    bool negative = sg_cbor_peek(c) == SG_CBOR_NINT;
    uint64_t v = expect(c, negative ? NINT : UINT);

    if (v > INT64_MAX)
        c->bad = true;
    if (c->bad)
        return 0;
    return negative ? -1 - (int64_t)v : (int64_t)v;
}

static struct sg_bytes get_string(struct sg_cursor *c, unsigned major)
{
    uint64_t n = expect(c, major);

    if (n > sg_left(c))
        c->bad = true;
    return sg_get(c, (size_t)n);
}

struct sg_bytes sg_cbor_get_bytes(struct sg_cursor *c)
{
    return get_string(c, BYTES);
}

struct sg_bytes sg_cbor_get_text(struct sg_cursor *c)
{
    struct sg_bytes text = get_string(c, TEXT);

    if (!sg_core_utf8(text))
        c->bad = true;
    return c->bad ? sg_bytes(NULL, 0) : text;
}

/* A count that the bytes left can hold, so that a caller's loop is bounded by its input. */
static size_t count(struct sg_cursor *c, uint64_t items, size_t bytes_each)
{
    if (items > sg_left(c) / bytes_each)
        c->bad = true;
    return c->bad ? 0 : (size_t)items;
}

size_t sg_cbor_get_array(struct sg_cursor *c)
{
    return count(c, expect(c, ARRAY), 1);
}

size_t sg_cbor_get_map(struct sg_cursor *c)
{
    return count(c, expect(c, MAP), 2);
}

uint64_t sg_cbor_get_tag(struct sg_cursor *c)
{
    return expect(c, TAG);
}

bool sg_cbor_get_bool(struct sg_cursor *c)
{
    struct head h = get_head(c);

    if (h.major != SIMPLE || (h.info != 20 && h.info != 21))
        c->bad = true;
    return !c->bad && h.info == 21;
}

static double from_bits(uint64_t bits)
{
    double v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

/* IEEE 754 binary16 and binary32 as binary64: the exponent gets a new bias, subnormals become normal. */
static double widen(uint64_t bits, unsigned exponent_bits, unsigned fraction_bits)
{
    const uint64_t exponent_max = ((uint64_t)1 << exponent_bits) - 1;
    const uint64_t bias = exponent_max >> 1;
    uint64_t sign = bits >> (exponent_bits + fraction_bits) << 63;
    uint64_t exponent = bits >> fraction_bits & exponent_max;
    uint64_t fraction = (bits & (((uint64_t)1 << fraction_bits) - 1)) << (52 - fraction_bits);

    if (exponent == exponent_max) /* infinity, not a number */
        return from_bits(sign | (uint64_t)0x7ff << 52 | fraction);
    if (exponent == 0 && fraction == 0)
        return from_bits(sign);
    if (exponent == 0) {
        exponent = 1;
        while (fraction >> 52 == 0) {
            fraction <<= 1;
            exponent--; /* may wrap below 0; the bias below brings it back */
        }
        fraction &= ((uint64_t)1 << 52) - 1;
    }
    return from_bits(sign | (exponent + (1023 - bias)) << 52 | fraction);
}

double sg_cbor_get_number(struct sg_cursor *c)
{
    struct head h = get_head(c);

    if (c->bad)
        return 0;
    if (h.major == UINT)
        return (double)h.value;
    if (h.major == NINT)
        return -1.0 - (double)h.value;
    if (h.major == SIMPLE && h.info == INFO_2)
        return widen(h.value, 5, 10);
    if (h.major == SIMPLE && h.info == INFO_4)
        return widen(h.value, 8, 23);
    if (h.major == SIMPLE && h.info == INFO_8)
        return from_bits(h.value);
    c->bad = true;
    return 0;
}

bool sg_cbor_get_null(struct sg_cursor *c)
{
    if (sg_left(c) == 0 || c->p[c->at] != (SIMPLE << 5 | 22))
        return false;
    sg_get_u8(c);
    return true;
}

void sg_core_cbor_open(struct sg_cursor *c, enum sg_cbor_type type, struct sg_core_items *items)
{
    struct head h = get_head(c);
    unsigned major = type == SG_CBOR_MAP ? MAP : ARRAY;

    if (h.major != major)
        c->bad = true;
    *items = (struct sg_core_items){.indefinite = h.info == INDEFINITE};
    if (!items->indefinite)
        items->left = count(c, h.value, major == MAP ? 2 : 1);
}

bool sg_core_cbor_more(struct sg_cursor *c, struct sg_core_items *items)
{
    if (c->bad)
        return false;
    if (!items->indefinite)
        return items->left-- > 0;
    if (sg_left(c) == 0)
        c->bad = true;
    else if (c->p[c->at] != BREAK)
        return true;
    sg_get_u8(c);
    return false;
}

/* Section 3.2.3: the chunks of an indefinite-length string are definite-length strings of the same type. */
static void skip_chunks(struct sg_cursor *c, unsigned major)
{
    while (sg_left(c) > 0 && c->p[c->at] != BREAK) {
        if (major == TEXT)
            sg_cbor_get_text(c);
        else
            sg_cbor_get_bytes(c);
    }
    if (sg_get_u8(c) != BREAK)
        c->bad = true;
}

/* What is still to come at one level of nesting. */
struct level {
    uint64_t items;  /* definite length */
    bool indefinite; /* up to a break; `odd` when a map's key was read and its value was not */
    bool map, odd;
};

/* One head, and what belongs to it except the items inside. True where items follow: `in` says how many. */
static bool skip_head(struct sg_cursor *c, struct level *in)
{
    uint8_t first = c->at < c->n ? c->p[c->at] : 0;

    if (first >> 5 == TEXT && (first & 31) != INDEFINITE) {
        sg_cbor_get_text(c);
        return false;
    }
    struct head h = get_head(c);
    *in = (struct level){.indefinite = h.info == INDEFINITE, .map = h.major == MAP};
    if (h.major == BYTES || h.major == TEXT) {
        if (in->indefinite)
            skip_chunks(c, h.major);
        else
            sg_get(c, count(c, h.value, 1));
        return false;
    }
    if (h.major == ARRAY)
        in->items = in->indefinite ? 0 : count(c, h.value, 1);
    else if (h.major == MAP)
        in->items = in->indefinite ? 0 : 2 * (uint64_t)count(c, h.value, 2);
    else if (h.major == TAG)
        in->items = 1;
    else if (in->indefinite) /* a break where none belongs */
        c->bad = true;
    return h.major == ARRAY || h.major == MAP || h.major == TAG;
}

/* True where the level has no more items; takes the break of an indefinite one. */
static bool level_done(struct sg_cursor *c, struct level *l)
{
    if (!l->indefinite)
        return l->items-- == 0;
    if (sg_left(c) > 0 && c->p[c->at] == BREAK) {
        sg_get_u8(c);
        c->bad = c->bad || l->odd; /* a key without a value */
        return true;
    }
    l->odd = l->map && !l->odd;
    return false;
}

void sg_cbor_skip(struct sg_cursor *c)
{
    struct level levels[MAX_DEPTH + 1] = {{.items = 1}};
    size_t depth = 0;

    for (;;) {
        while (level_done(c, &levels[depth])) {
            if (depth-- == 0)
                return;
        }
        struct level in;
        bool deeper = skip_head(c, &in);
        if (deeper && depth == MAX_DEPTH)
            c->bad = true;
        if (c->bad)
            return;
        if (deeper)
            levels[++depth] = in;
    }
}
