/* SPDX-License-Identifier: Apache-2.0 */
/* A ClientHello (RFC 6347 section 4.2.1, RFC 5246 section 7.4.1.2) made to measure, and the names of what it offers. */
#include "probe/server_internal.h"

#include <string.h>

enum { RECORD_HANDSHAKE = 22, CLIENT_HELLO = 1 };

struct named {
    uint16_t number;
    const char *name;
    unsigned bits;
};

/* IANA, "TLS Supported Groups". Bits: half the order's length, and for finite fields as NIST SP 800-57 part 1 has it.
 */
static const struct named groups[] = {
    {29, "x25519", 128},          {23, "secp256r1", 128},       {30, "x448", 224},
    {24, "secp384r1", 192},       {25, "secp521r1", 256},       {26, "brainpoolP256r1", 128},
    {27, "brainpoolP384r1", 192}, {28, "brainpoolP512r1", 256}, {22, "secp256k1", 128},
    {9, "sect283k1", 142},        {10, "sect283r1", 142},       {11, "sect409k1", 204},
    {12, "sect409r1", 204},       {13, "sect571k1", 285},       {14, "sect571r1", 285},
    {20, "secp224k1", 112},       {21, "secp224r1", 112},       {6, "sect233k1", 116},
    {7, "sect233r1", 116},        {8, "sect239k1", 119},        {18, "secp192k1", 96},
    {19, "secp192r1", 96},        {4, "sect193r1", 96},         {5, "sect193r2", 96},
    {15, "secp160k1", 80},        {16, "secp160r1", 80},        {17, "secp160r2", 80},
    {1, "sect163k1", 80},         {2, "sect163r1", 80},         {3, "sect163r2", 80},
};
enum { GROUPS = sizeof groups / sizeof groups[0] };

/* IANA, "TLS SignatureScheme"; the older ones are hash and signature of RFC 5246 section 7.4.1.4.1. `bits` 1: weak. */
static const struct named signatures[] = {
    {0x0403, "ecdsa_secp256r1_sha256", 0},
    {0x0503, "ecdsa_secp384r1_sha384", 0},
    {0x0603, "ecdsa_secp521r1_sha512", 0},
    {0x0807, "ed25519", 0},
    {0x0808, "ed448", 0},
    {0x0804, "rsa_pss_rsae_sha256", 0},
    {0x0805, "rsa_pss_rsae_sha384", 0},
    {0x0806, "rsa_pss_rsae_sha512", 0},
    {0x0809, "rsa_pss_pss_sha256", 0},
    {0x0401, "rsa_pkcs1_sha256", 0},
    {0x0501, "rsa_pkcs1_sha384", 0},
    {0x0601, "rsa_pkcs1_sha512", 0},
    {0x0303, "ecdsa_sha224", 1},
    {0x0301, "rsa_pkcs1_sha224", 1},
    {0x0203, "ecdsa_sha1", 1},
    {0x0201, "rsa_pkcs1_sha1", 1},
    {0x0103, "ecdsa_md5", 1},
    {0x0101, "rsa_pkcs1_md5", 1},
    {0x0202, "dsa_sha1", 1},
    {0x0402, "dsa_sha256", 1},
};
enum { SIGNATURES = sizeof signatures / sizeof signatures[0] };

static const struct named *find(const struct named *list, size_t n, uint16_t number)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].number == number)
            return &list[i];
    return NULL;
}

const char *sg_probe_group_name(uint16_t group)
{
    const struct named *g = find(groups, GROUPS, group);
    return g != NULL ? g->name : "unknown";
}

unsigned sg_probe_group_bits(uint16_t group)
{
    const struct named *g = find(groups, GROUPS, group);
    return g != NULL ? g->bits : 0;
}

const char *sg_probe_signature_name(uint16_t signature)
{
    const struct named *s = find(signatures, SIGNATURES, signature);
    return s != NULL ? s->name : "unknown";
}

bool sg_probe_signature_weak(uint16_t signature)
{
    const struct named *s = find(signatures, SIGNATURES, signature);
    return s != NULL && s->bits != 0;
}

const char *sg_probe_version_name(uint16_t version)
{
    return version == SG_DTLS_1_3   ? "DTLS 1.3"
           : version == SG_DTLS_1_2 ? "DTLS 1.2"
           : version == SG_DTLS_1_0 ? "DTLS 1.0"
                                    : "unknown";
}

size_t sg_probe_groups(uint16_t *list, size_t cap)
{
    size_t n = 0;
    for (; n < GROUPS && n < cap; n++)
        list[n] = groups[n].number;
    return n;
}

size_t sg_probe_signatures(uint16_t *list, size_t cap)
{
    size_t n = 0;
    for (; n < SIGNATURES && n < cap; n++)
        list[n] = signatures[n].number;
    return n;
}

/* -------------------------------------------------------------------------------------------------- the message */

/* Room for a length of two bytes, filled in when what follows is there. */
static size_t open_u16(struct sg_buf *b)
{
    sg_put_u16(b, 0);
    return b->len;
}

static void close_u16(struct sg_buf *b, size_t from)
{
    if (b->full)
        return;
    size_t n = b->len - from;
    b->p[from - 2] = (uint8_t)(n >> 8);
    b->p[from - 1] = (uint8_t)n;
}

static void put_numbers(struct sg_buf *b, uint16_t extension, const uint16_t *list, size_t n)
{
    if (n == 0)
        return;
    sg_put_u16(b, extension);
    sg_put_u16(b, (uint16_t)(2 * n + 2));
    sg_put_u16(b, (uint16_t)(2 * n));
    for (size_t i = 0; i < n; i++)
        sg_put_u16(b, list[i]);
}

static void put_name(struct sg_buf *b, const char *name)
{
    size_t n = strlen(name);
    sg_put_u16(b, SG_EXT_SERVER_NAME); /* RFC 6066 section 3 */
    sg_put_u16(b, (uint16_t)(n + 5));
    sg_put_u16(b, (uint16_t)(n + 3));
    sg_put_u8(b, 0); /* host_name */
    sg_put_u16(b, (uint16_t)n);
    sg_put_str(b, name);
}

/* An extension whose content is `n` bytes, or none. */
static void put_flag(struct sg_buf *b, uint16_t extension, bool wanted, const char *content, size_t n)
{
    if (!wanted)
        return;
    sg_put_u16(b, extension);
    sg_put_u16(b, (uint16_t)n);
    sg_put(b, content, n);
}

static void put_extensions(struct sg_buf *b, const struct sg_probe_hello *h)
{
    size_t from = open_u16(b);
    if (h->name != NULL)
        put_name(b, h->name);
    put_numbers(b, SG_EXT_GROUPS, h->groups, h->group_count);
    put_flag(b, SG_EXT_POINT_FORMATS, h->group_count > 0, "\1\0", 2); /* uncompressed */
    put_numbers(b, SG_EXT_SIGNATURES, h->signatures, h->signature_count);
    put_flag(b, SG_EXT_EXTENDED_MASTER_SECRET, h->extended_master_secret, "", 0);
    put_flag(b, SG_EXT_RENEGOTIATION, h->renegotiation, "\0", 1); /* RFC 5746: no earlier connection */
    put_flag(b, SG_EXT_TICKET, h->ticket, "", 0);
    put_flag(b, SG_EXT_CID, h->cid, "\0", 1); /* RFC 9146: of length 0, so the server may have one */
    put_flag(b, SG_EXT_CID_DRAFT, h->cid_draft, "\0", 1);
    put_flag(b, SG_EXT_MAX_FRAGMENT, h->max_fragment != 0, (const char *)&h->max_fragment, 1);
    if (h->version == SG_DTLS_1_3) {
        put_flag(b, SG_EXT_VERSIONS, true, "\2\xfe\xfc", 3);
        put_flag(b, SG_EXT_KEY_SHARE, true, "\0\0", 2); /* none: the server asks for one, and shows that it knows 1.3 */
    }
    close_u16(b, from);
}

static void put_body(struct sg_buf *b, const struct sg_probe_hello *h)
{
    sg_put_u16(b, h->version == SG_DTLS_1_3 ? SG_DTLS_1_2 : h->version);
    sg_put(b, h->random, sizeof h->random);
    sg_put_u8(b, (uint8_t)h->session.n);
    sg_put_bytes(b, h->session);
    sg_put_u8(b, (uint8_t)h->cookie.n);
    sg_put_bytes(b, h->cookie);
    sg_put_u16(b, (uint16_t)(2 * h->suite_count));
    for (size_t i = 0; i < h->suite_count; i++)
        sg_put_u16(b, h->suites[i]);
    if (h->deflate)
        sg_put(b, "\2\1\0", 3);
    else
        sg_put(b, "\1\0", 2);
    put_extensions(b, h);
}

void sg_probe_put_hello(struct sg_buf *out, const struct sg_probe_hello *h)
{
    uint8_t space[1400];
    struct sg_buf body = sg_buf(space, sizeof space);
    put_body(&body, h);
    if (body.full) {
        out->full = true;
        return;
    }
    sg_put_u8(out, RECORD_HANDSHAKE);
    sg_put_u16(out, h->version == SG_DTLS_1_0 || h->message == 0 ? SG_DTLS_1_0 : SG_DTLS_1_2);
    sg_put_u16(out, 0); /* epoch */
    sg_put_u16(out, 0);
    sg_put_u32(out, h->message); /* the record's number: one message a record */
    sg_put_u16(out, (uint16_t)(body.len + 12));
    sg_put_u8(out, CLIENT_HELLO);
    sg_put_u24(out, (uint32_t)body.len);
    sg_put_u16(out, h->message);
    sg_put_u24(out, 0);
    sg_put_u24(out, (uint32_t)body.len);
    sg_put_bytes(out, sg_buf_bytes(&body));
}
