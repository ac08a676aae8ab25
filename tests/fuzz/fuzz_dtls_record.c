/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records: whatever comes is read within its bounds, what nobody sealed is never opened, and what was sealed is opened
 * as it was, in both forms and all suites.
 */
#include "dtls/dtls_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const uint16_t suites[] = {0xC02B, 0xC02C, 0xC0AC, 0xC0AD, 0xC0AE, 0xC0AF, 0xC0A8, 0xCCAC};
static const struct sg_dtls_half half = {{1, 2, 3, 4, 5, 6, 7, 8, 9}, {10, 11, 12, 13}};
static struct sg_dtls_aead aead;

static void foreign(uint16_t suite, struct sg_bytes datagram)
{
    static uint8_t out[SG_DTLS_BUFFER];
    struct sg_cursor c = sg_cursor(datagram);
    struct sg_dtls_record r;
    uint8_t type;
    size_t total = 0;
    while (sg_dtls_record_next(&c, &r)) {
        total += r.whole.n;
        if (r.epoch == 1 && sg_dtls_open(&aead, suite, &half, &r, out, &type) >= 0)
            abort();
    }
    if (total > datagram.n)
        abort();
}

static void own(uint16_t suite, uint64_t seq, uint8_t type, struct sg_bytes content, size_t flip)
{
    static uint8_t space[SG_DTLS_BUFFER + 64], out[SG_DTLS_BUFFER];
    static const uint8_t cid[SG_DTLS_CID_LEN] = {1, 0, 0, 7, 8, 9};
    for (size_t cid_len = 0; cid_len <= sizeof cid; cid_len += sizeof cid) {
        struct sg_buf b = sg_buf(space, sizeof space);
        if (sg_dtls_seal(&aead, suite, &half, seq, sg_bytes(cid, cid_len), type, content, &b) < 0)
            abort();
        struct sg_cursor c = sg_cursor(sg_buf_bytes(&b));
        struct sg_dtls_record r;
        uint8_t got;
        if (!sg_dtls_record_next(&c, &r) || r.seq != seq || r.epoch != 1 || sg_left(&c) ||
            r.whole.n != content.n + sg_dtls_overhead(suite, cid_len))
            abort();
        int n = sg_dtls_open(&aead, suite, &half, &r, out, &got);
        if (n < 0 || (size_t)n != content.n || got != type || memcmp(out, content.p, content.n) != 0)
            abort();
        space[flip % b.len] ^= 0x10;
        c = sg_cursor(sg_buf_bytes(&b));
        if (sg_dtls_record_next(&c, &r) && r.epoch == 1 && sg_dtls_open(&aead, suite, &half, &r, out, &got) >= 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct sg_cursor c = sg_cursor(sg_bytes(data, n));
    if (!aead.ctx[0][0] && sg_dtls_aead_open(&aead) < 0)
        abort();
    uint16_t suite = suites[sg_get_u8(&c) % (sizeof suites / sizeof suites[0])];
    uint64_t seq = (uint64_t)sg_get_u16(&c) << 32 | sg_get_u32(&c);
    uint8_t type = (uint8_t)(20 + sg_get_u8(&c) % 4);
    size_t flip = sg_get_u16(&c);
    struct sg_bytes rest = sg_rest(&c);
    if (c.bad || !rest.n)
        return 0;
    foreign(suite, rest);
    own(suite, seq, type, rest, flip);
    return 0;
}
