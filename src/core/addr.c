/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of datagrams: comparison, and the text that people and logs know (RFC 5952). */
#include "core/core.h"

#include <string.h>

static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}; /* RFC 4291 section 2.5.5.2 */

bool sg_addr_eq(const struct sg_addr *a, const struct sg_addr *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static void put_v4(struct sg_buf *b, const uint8_t ip[4])
{
    for (size_t i = 0; i < 4; i++) {
        if (i > 0)
            sg_put_u8(b, '.');
        sg_put_udec(b, ip[i]);
    }
}

/* Hexadecimal without leading zeros. */
static void put_group(struct sg_buf *b, unsigned group)
{
    bool started = false;

    for (int shift = 12; shift >= 0; shift -= 4) {
        unsigned digit = group >> shift & 15;
        started = started || digit != 0 || shift == 0;
        if (started)
            sg_put_u8(b, (uint8_t) "0123456789abcdef"[digit]);
    }
}

/* RFC 5952 section 4.2: the first of the longest runs of at least two zero groups becomes "::". */
static void put_v6(struct sg_buf *b, const uint8_t ip[16])
{
    unsigned group[8];
    size_t run_at = 8, run_len = 1;

    for (size_t i = 0; i < 8; i++)
        group[i] = (unsigned)(ip[2 * i] << 8 | ip[2 * i + 1]);
    for (size_t i = 0; i < 8; i++) {
        size_t n = 0;
        while (i + n < 8 && group[i + n] == 0)
            n++;
        if (n > run_len) {
            run_at = i;
            run_len = n;
        }
    }
    for (size_t i = 0; i < 8; i++) {
        if (i == run_at) {
            sg_put_str(b, "::");
            i += run_len - 1;
            continue;
        }
        if (i > 0 && i != run_at + run_len)
            sg_put_u8(b, ':');
        put_group(b, group[i]);
    }
}

char *sg_addr_text(const struct sg_addr *a, char text[SG_ADDR_TEXT])
{
    struct sg_buf b = sg_buf(text, SG_ADDR_TEXT);

    if (memcmp(a->ip, v4_mapped, sizeof v4_mapped) == 0) {
        put_v4(&b, a->ip + 12);
    } else {
        sg_put_u8(&b, '[');
        put_v6(&b, a->ip);
        sg_put_u8(&b, ']');
    }
    sg_put_u8(&b, ':');
    sg_put_udec(&b, a->port);
    sg_put_u8(&b, '\0'); /* at most "[", 39, "]:", 5 and this */
    return text;
}
