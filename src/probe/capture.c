/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams kept in memory, and written as a pcapng file (draft-ietf-opsawg-pcapng). The probe sees UDP payloads only:
 * the IP and UDP headers before them are made from the addresses. The file is big-endian throughout, which its section
 * header says.
 */
#include "probe/probe_internal.h"

#include <stdlib.h>
#include <string.h>

struct packet {
    int64_t when_us;
    struct sg_addr from, to;
    size_t at, n; /* in the bytes kept */
};

struct sg_capture {
    size_t max, dropped;
    struct sg_buf bytes; /* of all datagrams, in a row */
    struct packet *packet;
    size_t packets, packet_cap;
    struct sg_buf keys; /* the key log */
};

struct sg_capture *sg_capture_new(size_t max)
{
    struct sg_capture *c = calloc(1, sizeof *c);
    if (c != NULL)
        c->max = max;
    return c;
}

void sg_capture_free(struct sg_capture *c)
{
    if (c == NULL)
        return;
    sg_probe_capture_drop_keys(c);
    free(c->bytes.p);
    free(c->packet);
    free(c);
}

size_t sg_capture_count(const struct sg_capture *c)
{
    return c->packets;
}

/* -------------------------------------------------------------------------------------------------- collecting */

/* Room for n more bytes, in steps that double. The old memory is wiped: a key log grows here too. */
static bool make_room(struct sg_buf *b, size_t n)
{
    if (b->cap - b->len >= n)
        return true;
    size_t cap = (b->cap > n ? b->cap : n) * 2 + 1024;
    uint8_t *p = malloc(cap);
    if (p == NULL)
        return false;
    if (b->len > 0) {
        memcpy(p, b->p, b->len);
        sg_wipe(b->p, b->len);
    }
    free(b->p);
    b->p = p;
    b->cap = cap;
    return true;
}

static bool make_packet_room(struct sg_capture *c)
{
    if (c->packets < c->packet_cap)
        return true;
    size_t cap = c->packet_cap * 2 + 32;
    struct packet *p = realloc(c->packet, cap * sizeof *p);
    if (p == NULL)
        return false;
    c->packet = p;
    c->packet_cap = cap;
    return true;
}

void sg_capture_datagram(struct sg_capture *c, int64_t when_us, const struct sg_addr *from, const struct sg_addr *to,
                         struct sg_bytes datagram)
{
    if (datagram.n > c->max - c->bytes.len || datagram.n > UINT16_MAX - 8 || !make_packet_room(c) ||
        !make_room(&c->bytes, datagram.n)) {
        c->dropped++;
        return;
    }
    c->packet[c->packets++] =
        (struct packet){.when_us = when_us, .from = *from, .to = *to, .at = c->bytes.len, .n = datagram.n};
    sg_put_bytes(&c->bytes, datagram);
}

void sg_capture_key_log(struct sg_capture *c, const char *line)
{
    if (!make_room(&c->keys, strlen(line) + 1))
        return;
    sg_put_str(&c->keys, line);
    sg_put_u8(&c->keys, '\n');
}

void sg_probe_capture_drop_keys(struct sg_capture *c)
{
    if (c->keys.p != NULL)
        sg_wipe(c->keys.p, c->keys.cap);
    free(c->keys.p);
    c->keys = (struct sg_buf){.p = NULL};
}

/* ------------------------------------------------------------------------------------------- IP and UDP headers */

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, UDP_HEADER = 8, UDP = 17, HOPS = 64, DONT_FRAGMENT = 0x4000 };

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool is_v4(const struct sg_addr *a)
{
    return memcmp(a->ip, v4_mapped, sizeof v4_mapped) == 0;
}

/* A socket bound to the wildcard address knows no address of its own: the other side tells the family. */
static bool packet_is_v4(const struct packet *p)
{
    return is_v4(&p->from) || is_v4(&p->to);
}

static size_t packet_size(const struct packet *p)
{
    return (size_t)(packet_is_v4(p) ? IPV4_HEADER : IPV6_HEADER) + UDP_HEADER + p->n;
}

/* RFC 1071, of further bytes: an odd one can only be the last. */
static uint32_t add_up(uint32_t sum, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void put_ipv4(struct sg_buf *b, const struct packet *p)
{
    uint8_t header[IPV4_HEADER];
    struct sg_buf h = sg_buf(header, sizeof header); /* RFC 791 section 3.1 */
    sg_put_u8(&h, 0x45);
    sg_put_u8(&h, 0);
    sg_put_u16(&h, (uint16_t)packet_size(p));
    sg_put_u16(&h, 0);
    sg_put_u16(&h, DONT_FRAGMENT);
    sg_put_u8(&h, HOPS);
    sg_put_u8(&h, UDP);
    sg_put_u16(&h, 0);
    sg_put(&h, p->from.ip + 12, 4);
    sg_put(&h, p->to.ip + 12, 4);
    uint32_t sum = ~add_up(0, header, sizeof header);
    header[10] = (uint8_t)(sum >> 8);
    header[11] = (uint8_t)sum;
    sg_put(b, header, sizeof header);
}

static void put_ipv6(struct sg_buf *b, const struct packet *p)
{
    sg_put_u32(b, 0x60000000); /* RFC 8200 section 3 */
    sg_put_u16(b, (uint16_t)(UDP_HEADER + p->n));
    sg_put_u8(b, UDP);
    sg_put_u8(b, HOPS);
    sg_put(b, p->from.ip, 16);
    sg_put(b, p->to.ip, 16);
}

/* Over the pseudo-header (RFC 768, RFC 8200 section 8.1); none is sent as ffff. */
static uint16_t udp_checksum(const struct packet *p, const uint8_t header[UDP_HEADER], struct sg_bytes datagram)
{
    size_t skip = packet_is_v4(p) ? 12 : 0;
    uint32_t sum = add_up(UDP + (uint32_t)(UDP_HEADER + p->n), p->from.ip + skip, 16 - skip);
    sum = add_up(sum, p->to.ip + skip, 16 - skip);
    sum = add_up(sum, header, UDP_HEADER);
    uint16_t check = (uint16_t)~add_up(sum, datagram.p, datagram.n);
    return check != 0 ? check : UINT16_MAX;
}

static void put_packet(struct sg_buf *b, const struct packet *p, struct sg_bytes datagram)
{
    uint8_t header[UDP_HEADER];
    struct sg_buf h = sg_buf(header, sizeof header);
    sg_put_u16(&h, p->from.port);
    sg_put_u16(&h, p->to.port);
    sg_put_u16(&h, (uint16_t)(UDP_HEADER + p->n));
    sg_put_u16(&h, 0);
    uint16_t check = udp_checksum(p, header, datagram);

    if (packet_is_v4(p))
        put_ipv4(b, p);
    else
        put_ipv6(b, p);
    sg_put(b, header, UDP_HEADER - 2);
    sg_put_u16(b, check);
    sg_put_bytes(b, datagram);
}

/* ------------------------------------------------------------------------------------------------------- blocks */

enum { /* draft-ietf-opsawg-pcapng sections 4 and 3.5 */
       SECTION = 0x0a0d0d0a,
       INTERFACE = 1,
       STATISTICS = 5,
       PACKET = 6,
       SECRETS = 10,
       BIG_ENDIAN_MAGIC = 0x1a2b3c4d,
       LINKTYPE_RAW = 101,
       OPTION_END = 0,
       OPTION_TIME_RESOLUTION = 9,
       OPTION_APPLICATION = 4,
       OPTION_DROPPED = 5,
       MICROSECONDS = 6,
       KEY_LOG = 0x544c534b,
       BLOCK_FRAME = 12,   /* type, length, length again */
       PACKET_FIELDS = 20, /* interface, time, both lengths */
       SMALL_BLOCKS = 256
}; /* more than section, interface and statistics need */

static size_t padded(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

static void pad(struct sg_buf *b, size_t n)
{
    for (; n % 4 != 0; n++)
        sg_put_u8(b, 0);
}

static void put_option(struct sg_buf *b, uint16_t code, struct sg_bytes value)
{
    sg_put_u16(b, code);
    sg_put_u16(b, (uint16_t)value.n);
    sg_put_bytes(b, value);
    pad(b, value.n);
}

static void begin_block(struct sg_buf *b, uint32_t type, size_t body)
{
    sg_put_u32(b, type);
    sg_put_u32(b, (uint32_t)(BLOCK_FRAME + padded(body)));
}

static void end_block(struct sg_buf *b, size_t body)
{
    pad(b, body);
    sg_put_u32(b, (uint32_t)(BLOCK_FRAME + padded(body)));
}

/* A block whose body is at hand. */
static void put_block(struct sg_buf *b, uint32_t type, const struct sg_buf *body)
{
    begin_block(b, type, body->len);
    sg_put(b, body->p, body->len);
    end_block(b, body->len);
}

static void put_section_and_interface(struct sg_buf *b)
{
    static const uint8_t resolution = MICROSECONDS;
    uint8_t space[64];
    struct sg_buf body = sg_buf(space, sizeof space);
    sg_put_u32(&body, BIG_ENDIAN_MAGIC);
    sg_put_u16(&body, 1); /* version 1.0 */
    sg_put_u16(&body, 0);
    sg_put_u64(&body, UINT64_MAX); /* the section's length is not told */
    put_option(&body, OPTION_APPLICATION, sg_str("signet probe"));
    put_option(&body, OPTION_END, sg_bytes(NULL, 0));
    put_block(b, SECTION, &body);

    body = sg_buf(space, sizeof space);
    sg_put_u16(&body, LINKTYPE_RAW);
    sg_put_u16(&body, 0);
    sg_put_u32(&body, 0); /* datagrams are kept whole */
    put_option(&body, OPTION_TIME_RESOLUTION, sg_bytes(&resolution, 1));
    put_option(&body, OPTION_END, sg_bytes(NULL, 0));
    put_block(b, INTERFACE, &body);
}

static void put_secrets(struct sg_buf *b, const struct sg_buf *keys)
{
    size_t body = 8 + keys->len;
    begin_block(b, SECRETS, body);
    sg_put_u32(b, KEY_LOG);
    sg_put_u32(b, (uint32_t)keys->len);
    sg_put(b, keys->p, keys->len);
    end_block(b, body);
}

static void put_packet_block(struct sg_buf *b, const struct sg_capture *c, const struct packet *p)
{
    size_t n = packet_size(p), body = PACKET_FIELDS + n;
    begin_block(b, PACKET, body);
    sg_put_u32(b, 0);
    sg_put_u64(b, (uint64_t)p->when_us);
    sg_put_u32(b, (uint32_t)n);
    sg_put_u32(b, (uint32_t)n);
    put_packet(b, p, sg_bytes(c->bytes.p + p->at, p->n));
    end_block(b, body);
}

/* How many did not fit. */
static void put_statistics(struct sg_buf *b, const struct sg_capture *c)
{
    uint8_t space[32], count[8];
    struct sg_buf body = sg_buf(space, sizeof space), dropped = sg_buf(count, sizeof count);
    sg_put_u64(&dropped, c->dropped);
    sg_put_u32(&body, 0);
    sg_put_u64(&body, c->packets > 0 ? (uint64_t)c->packet[c->packets - 1].when_us : 0);
    put_option(&body, OPTION_DROPPED, sg_buf_bytes(&dropped));
    put_option(&body, OPTION_END, sg_bytes(NULL, 0));
    put_block(b, STATISTICS, &body);
}

uint8_t *sg_capture_pcapng(const struct sg_capture *c, size_t *n)
{
    size_t size = SMALL_BLOCKS + BLOCK_FRAME + 8 + padded(c->keys.len);
    for (size_t i = 0; i < c->packets; i++)
        size += BLOCK_FRAME + padded(PACKET_FIELDS + packet_size(&c->packet[i]));
    uint8_t *p = malloc(size);
    if (p == NULL)
        return NULL;
    struct sg_buf b = sg_buf(p, size);
    put_section_and_interface(&b);
    if (c->keys.len > 0)
        put_secrets(&b, &c->keys); /* before the packets that it opens */
    for (size_t i = 0; i < c->packets; i++)
        put_packet_block(&b, c, &c->packet[i]);
    put_statistics(&b, c);
    *n = b.len;
    return p;
}
