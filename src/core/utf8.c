/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: RFC 3629 section 4. */
#include "core/core_internal.h"

/* Takes one character; the table of section 4 as ranges of the second byte. */
static bool character(struct sg_cursor *c)
{
    uint8_t first = sg_get_u8(c);
    uint8_t low = 0x80, high = 0xbf;
    unsigned more;

    if (first < 0x80)
        return true;
    if (first < 0xc2 || first > 0xf4)
        return false;
    if (first < 0xe0)
        more = 1;
    else if (first < 0xf0)
        more = 2;
    else
        more = 3;
    if (first == 0xe0)
        low = 0xa0; /* not the shortest form */
    else if (first == 0xed)
        high = 0x9f; /* surrogates */
    else if (first == 0xf0)
        low = 0x90; /* not the shortest form */
    else if (first == 0xf4)
        high = 0x8f; /* above U+10FFFF */
    for (unsigned i = 0; i < more; i++) {
        uint8_t next = sg_get_u8(c);
        if (c->bad || next < low || next > high)
            return false;
        low = 0x80;
        high = 0xbf;
    }
    return true;
}

bool sg_core_utf8(struct sg_bytes text)
{
    struct sg_cursor c = sg_cursor(text);

    while (sg_left(&c) > 0) {
        if (!character(&c))
            return false;
    }
    return true;
}
