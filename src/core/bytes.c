/* SPDX-License-Identifier: Apache-2.0 */
/* Views of bytes, buffers that writers fill, and the cursor that every parser reads through. */
#include "core/core.h"

#include <string.h>

struct sg_bytes sg_bytes(const void *p, size_t n)
{
    return (struct sg_bytes){p, n};
}

struct sg_bytes sg_str(const char *s)
{
    return (struct sg_bytes){(const uint8_t *)s, strlen(s)};
}

bool sg_bytes_eq(struct sg_bytes a, struct sg_bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool sg_bytes_eq_str(struct sg_bytes a, const char *s)
{
    return sg_bytes_eq(a, sg_str(s));
}

bool sg_secret_eq(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = a;
    const volatile uint8_t *y = b;
    uint8_t differ = 0;

    for (size_t i = 0; i < n; i++)
        differ |= (uint8_t)(x[i] ^ y[i]);
    return differ == 0;
}

void sg_wipe(void *p, size_t n)
{
    if (n == 0)
        return;
    memset(p, 0, n);
    /* The compiler must assume that this reads what p points to, and so cannot drop the memset. */
    __asm__ __volatile__("" : : "r"(p) : "memory");
}

struct sg_buf sg_buf(void *p, size_t cap)
{
    return (struct sg_buf){.p = p, .cap = cap};
}

void sg_put(struct sg_buf *b, const void *p, size_t n)
{
    if (b->full || n > b->cap - b->len) {
        b->full = true;
        return;
    }
    if (n == 0)
        return;
    memcpy(b->p + b->len, p, n);
    b->len += n;
}

void sg_put_bytes(struct sg_buf *b, struct sg_bytes v)
{
    sg_put(b, v.p, v.n);
}

void sg_put_str(struct sg_buf *b, const char *s)
{
    sg_put(b, s, strlen(s));
}

static void put_be(struct sg_buf *b, uint64_t v, size_t n)
{
    uint8_t be[8];

    for (size_t i = n; i > 0; i--) {
        be[i - 1] = (uint8_t)v;
        v >>= 8;
    }
    sg_put(b, be, n);
}

void sg_put_u8(struct sg_buf *b, uint8_t v)
{
    sg_put(b, &v, 1);
}

void sg_put_u16(struct sg_buf *b, uint16_t v)
{
    put_be(b, v, 2);
}

void sg_put_u24(struct sg_buf *b, uint32_t v)
{
    put_be(b, v, 3);
}

void sg_put_u32(struct sg_buf *b, uint32_t v)
{
    put_be(b, v, 4);
}

void sg_put_u64(struct sg_buf *b, uint64_t v)
{
    put_be(b, v, 8);
}

struct sg_bytes sg_buf_bytes(const struct sg_buf *b)
{
    return b->full ? (struct sg_bytes){NULL, 0} : (struct sg_bytes){b->p, b->len};
}

const char *sg_buf_cstr(struct sg_buf *b)
{
    if (b->full || b->len >= b->cap)
        return "";
    b->p[b->len] = '\0';
    return (const char *)b->p;
}

struct sg_cursor sg_cursor(struct sg_bytes v)
{
    return (struct sg_cursor){.p = v.p, .n = v.n};
}

size_t sg_left(const struct sg_cursor *c)
{
    return c->bad ? 0 : c->n - c->at;
}

struct sg_bytes sg_get(struct sg_cursor *c, size_t n)
{
    if (n > sg_left(c))
        c->bad = true;
    if (c->bad)
        return (struct sg_bytes){NULL, 0};
    if (n == 0) /* c->p may be NULL, to which nothing may be added */
        return (struct sg_bytes){c->p, 0};
    struct sg_bytes v = {c->p + c->at, n};
    c->at += n;
    return v;
}

struct sg_bytes sg_rest(struct sg_cursor *c)
{
    return sg_get(c, sg_left(c));
}

static uint64_t get_be(struct sg_cursor *c, size_t n)
{
    struct sg_bytes v = sg_get(c, n);
    uint64_t value = 0;

    for (size_t i = 0; i < v.n; i++)
        value = value << 8 | v.p[i];
    return value;
}

uint8_t sg_get_u8(struct sg_cursor *c)
{
    return (uint8_t)get_be(c, 1);
}

uint16_t sg_get_u16(struct sg_cursor *c)
{
    return (uint16_t)get_be(c, 2);
}

uint32_t sg_get_u24(struct sg_cursor *c)
{
    return (uint32_t)get_be(c, 3);
}

uint32_t sg_get_u32(struct sg_cursor *c)
{
    return (uint32_t)get_be(c, 4);
}

uint64_t sg_get_u64(struct sg_cursor *c)
{
    return get_be(c, 8);
}
