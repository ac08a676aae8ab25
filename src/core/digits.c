/* SPDX-License-Identifier: Apache-2.0 */
/* Whole numbers and bytes as digits: decimal and hexadecimal, both ways. */
#include "core/core.h"

void sg_put_udec(struct sg_buf *b, uint64_t v)
{
    uint8_t digits[20]; /* 2^64 - 1 has 20 digits */
    size_t at = sizeof digits;

    do {
        digits[--at] = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    sg_put(b, digits + at, sizeof digits - at);
}

void sg_put_dec(struct sg_buf *b, int64_t v)
{
    if (v < 0)
        sg_put_u8(b, '-');
    sg_put_udec(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

int sg_parse_udec(struct sg_bytes v, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (v.n == 0)
        return SG_EFORMAT;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return SG_EFORMAT;
        unsigned digit = (unsigned)(v.p[i] - '0');
        if (value > max / 10 || digit > max - value * 10)
            return SG_EFORMAT;
        value = value * 10 + digit;
    }
    *out = value;
    return 0;
}

int sg_parse_dec(struct sg_bytes v, int64_t *out)
{
    bool negative = v.n > 0 && v.p[0] == '-';
    uint64_t max = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t magnitude;

    if (v.n > 0 && (v.p[0] == '-' || v.p[0] == '+'))
        v = sg_bytes(v.p + 1, v.n - 1);
    if (sg_parse_udec(v, max, &magnitude) < 0)
        return SG_EFORMAT;
    if (!negative)
        *out = (int64_t)magnitude;
    else
        *out = magnitude > INT64_MAX ? INT64_MIN : -(int64_t)magnitude;
    return 0;
}

void sg_put_hex(struct sg_buf *b, struct sg_bytes v)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < v.n; i++) {
        sg_put_u8(b, (uint8_t)digits[v.p[i] >> 4]);
        sg_put_u8(b, (uint8_t)digits[v.p[i] & 15]);
    }
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int sg_parse_hex(struct sg_bytes v, struct sg_buf *out)
{
    size_t start = out->len;

    if (v.n % 2 != 0)
        return SG_EFORMAT;
    for (size_t i = 0; i < v.n; i += 2) {
        int high = hex_digit(v.p[i]);
        int low = hex_digit(v.p[i + 1]);
        if (high < 0 || low < 0) {
            out->len = start;
            return SG_EFORMAT;
        }
        sg_put_u8(out, (uint8_t)(high << 4 | low));
    }
    return out->full ? SG_ENOSPC : 0;
}
