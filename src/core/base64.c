/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 and base64url: RFC 4648 sections 4 and 5. */
#include "core/core.h"

static const char common[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static uint8_t letter(unsigned sextet, const char last[2])
{
    return (uint8_t)(sextet < 62 ? common[sextet] : last[sextet - 62]);
}

static void put(struct sg_buf *b, struct sg_bytes v, const char last[2], bool pad)
{
    for (size_t i = 0; i < v.n; i += 3) {
        size_t have = v.n - i < 3 ? v.n - i : 3;
        uint32_t group = (uint32_t)v.p[i] << 16;
        if (have > 1)
            group |= (uint32_t)v.p[i + 1] << 8;
        if (have > 2)
            group |= v.p[i + 2];
        for (size_t k = 0; k < 4; k++) {
            if (k <= have)
                sg_put_u8(b, letter(group >> (18 - 6 * k) & 63, last));
            else if (pad)
                sg_put_u8(b, '=');
        }
    }
}

void sg_put_base64(struct sg_buf *b, struct sg_bytes v)
{
    put(b, v, "+/", true);
}

void sg_put_base64url(struct sg_buf *b, struct sg_bytes v)
{
    put(b, v, "-_", false);
}

static int sextet(uint8_t c, const char last[2])
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == (uint8_t)last[0])
        return 62;
    if (c == (uint8_t)last[1])
        return 63;
    return -1;
}

/* Padding is all there or not there at all (section 3.2), and leaves 2 or 3 letters in the last group. */
static int unpad(struct sg_bytes *v)
{
    size_t n = v->n;

    while (n > 0 && v->n - n < 2 && v->p[n - 1] == '=')
        n--;
    if (n != v->n && v->n % 4 != 0)
        return SG_EFORMAT;
    if (n % 4 == 1)
        return SG_EFORMAT;
    v->n = n;
    return 0;
}

static int parse(struct sg_bytes v, const char last[2], struct sg_buf *out)
{
    size_t start = out->len;
    uint32_t bits = 0;
    unsigned have = 0;

    if (unpad(&v) < 0)
        return SG_EFORMAT;
    for (size_t i = 0; i < v.n; i++) {
        int s = sextet(v.p[i], last);
        if (s < 0) {
            out->len = start;
            return SG_EFORMAT;
        }
        bits = (bits << 6 | (uint32_t)s) & 0xfff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            sg_put_u8(out, (uint8_t)(bits >> have));
        }
    }
    if ((bits & ((1U << have) - 1)) != 0) { /* section 3.5: two spellings of the same bytes */
        out->len = start;
        return SG_EFORMAT;
    }
    return out->full ? SG_ENOSPC : 0;
}

int sg_parse_base64(struct sg_bytes v, struct sg_buf *out)
{
    return parse(v, "+/", out);
}

int sg_parse_base64url(struct sg_bytes v, struct sg_buf *out)
{
    return parse(v, "-_", out);
}
