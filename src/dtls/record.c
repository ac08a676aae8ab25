/* SPDX-License-Identifier: Apache-2.0 */
/* Records of DTLS 1.2: their two forms on the wire (RFC 6347 section 4.1, RFC 9146 sections 4 and 5), and replay. */
#include "dtls/dtls_internal.h"

bool sg_dtls_record_next(struct sg_cursor *c, struct sg_dtls_record *r)
{
    size_t begin = c->at;
    if (!sg_left(c))
        return false;
    r->type = sg_get_u8(c);
    r->version = sg_get_u16(c);
    r->epoch = sg_get_u16(c);
    r->seq = (uint64_t)sg_get_u16(c) << 32;
    r->seq |= sg_get_u32(c);
    r->cid = r->type == SG_DTLS_CID_RECORD ? sg_get(c, SG_DTLS_CID_LEN).p : NULL;
    r->body = sg_get(c, sg_get_u16(c));
    if (c->bad || r->version >> 8 != SG_DTLS_VERSION >> 8)
        return false;
    if (r->type != SG_DTLS_CID_RECORD && (r->type < SG_DTLS_CCS || r->type > SG_DTLS_APPLICATION))
        return false;
    r->whole = sg_bytes(c->p + begin, c->at - begin);
    return true;
}

/* The additional data: RFC 6347 section 4.1.2.1 with RFC 5246 section 6.2.3.3, or RFC 9146 section 5.3. */
static struct sg_bytes additional(uint8_t type, uint16_t version, uint16_t epoch, uint64_t seq, struct sg_bytes cid,
                                  size_t content, uint8_t *space, size_t cap)
{
    struct sg_buf b = sg_buf(space, cap);
    if (cid.n) {
        sg_put_u64(&b, UINT64_MAX); /* seq_num_placeholder */
        sg_put_u8(&b, SG_DTLS_CID_RECORD);
        sg_put_u8(&b, (uint8_t)cid.n);
        sg_put_u8(&b, SG_DTLS_CID_RECORD);
        sg_put_u16(&b, version);
    }
    sg_put_u64(&b, (uint64_t)epoch << 48 | seq);
    if (cid.n) {
        sg_put_bytes(&b, cid);
    } else {
        sg_put_u8(&b, type);
        sg_put_u16(&b, version);
    }
    sg_put_u16(&b, (uint16_t)content);
    return sg_buf_bytes(&b);
}

/* `number` is the record's epoch and sequence number; `carried` is what the record carries of the nonce. */
static void make_nonce(const struct sg_dtls_suite *s, const struct sg_dtls_half *half, uint64_t number,
                       const uint8_t *carried, uint8_t nonce[SG_DTLS_IV_MAX])
{
    memcpy(nonce, half->iv, s->iv_len);
    if (s->explicit_len)
        memcpy(nonce + s->iv_len, carried, s->explicit_len);
    for (int i = 0; !s->explicit_len && i < 8; i++)
        nonce[SG_DTLS_IV_MAX - 1 - i] ^= (uint8_t)(number >> 8 * i);
}

int sg_dtls_open(struct sg_dtls_aead *aead, uint16_t suite, const struct sg_dtls_half *half,
                 const struct sg_dtls_record *r, uint8_t *out, uint8_t *type)
{
    const struct sg_dtls_suite *s = sg_dtls_suite(suite);
    uint8_t nonce[SG_DTLS_IV_MAX], space[64 + SG_DTLS_CID_MAX];
    if (!s || r->body.n <= (size_t)s->explicit_len + s->tag_len)
        return -1;

    size_t n = r->body.n - s->explicit_len - s->tag_len;
    if (n > SG_DTLS_PLAIN_MAX + 256) /* with padding: RFC 9146 section 4 sets no other limit than the record's */
        return -1;
    struct sg_bytes cid = sg_bytes(r->cid, r->cid ? SG_DTLS_CID_LEN : 0);
    struct sg_bytes aad = additional(r->type, r->version, r->epoch, r->seq, cid, n, space, sizeof space);
    struct sg_bytes sealed = sg_bytes(r->body.p + s->explicit_len, r->body.n - s->explicit_len);
    make_nonce(s, half, (uint64_t)r->epoch << 48 | r->seq, r->body.p, nonce);
    if (!sg_dtls_aead(aead, s, false, half->key, nonce, aad, sealed, out))
        return -1;

    *type = r->type;
    if (r->cid) { /* DTLSInnerPlaintext: content, its type, zeros (RFC 9146 section 4) */
        while (n && !out[n - 1])
            n--;
        if (n < 2)
            return -1;
        *type = out[--n];
    }
    return n > SG_DTLS_PLAIN_MAX ? -1 : (int)n;
}

int sg_dtls_seal(struct sg_dtls_aead *aead, uint16_t suite, const struct sg_dtls_half *half, uint64_t seq,
                 struct sg_bytes cid, uint8_t type, struct sg_bytes content, struct sg_buf *out)
{
    const struct sg_dtls_suite *s = sg_dtls_suite(suite);
    uint8_t inner[SG_DTLS_PLAIN_MAX + 1], nonce[SG_DTLS_IV_MAX], space[64 + SG_DTLS_CID_MAX];
    if (!s || !content.n || content.n > SG_DTLS_PLAIN_MAX)
        return SG_EINVAL;
    if (seq >= SG_DTLS_SEQ_END)
        return SG_ECLOSED;
    if (out->full || out->cap - out->len < content.n + sg_dtls_overhead(suite, cid.n))
        return SG_ENOSPC;

    size_t n = content.n + (cid.n ? 1 : 0);
    if (cid.n) {
        memcpy(inner, content.p, content.n);
        inner[content.n] = type;
        content = sg_bytes(inner, n);
    }
    sg_put_u8(out, cid.n ? SG_DTLS_CID_RECORD : type);
    sg_put_u16(out, SG_DTLS_VERSION);
    sg_put_u64(out, (uint64_t)1 << 48 | seq);
    sg_put_bytes(out, cid);
    sg_put_u16(out, (uint16_t)(s->explicit_len + n + s->tag_len));
    if (s->explicit_len)
        sg_put_u64(out, (uint64_t)1 << 48 | seq); /* unique under the key because the number is */
    make_nonce(s, half, (uint64_t)1 << 48 | seq, out->p + out->len - s->explicit_len, nonce);
    struct sg_bytes aad = additional(type, SG_DTLS_VERSION, 1, seq, cid, n, space, sizeof space);
    bool ok = sg_dtls_aead(aead, s, true, half->key, nonce, aad, content, out->p + out->len);
    out->len += n + s->tag_len;
    if (cid.n)
        sg_wipe(inner, n);
    return ok ? 0 : SG_ECRYPTO;
}

size_t sg_dtls_overhead(uint16_t suite, size_t cid_len)
{
    const struct sg_dtls_suite *s = sg_dtls_suite(suite);
    return SG_DTLS_HEADER + cid_len + (cid_len ? 1 : 0) + (s ? s->explicit_len + s->tag_len : 24U);
}

int sg_dtls_seal_next(struct sg_dtls *d, struct sg_dtls_assoc *a, uint8_t type, struct sg_bytes content,
                      struct sg_buf *out)
{
    if (a->write_seq >= SG_DTLS_SEQ_END)
        return SG_ECLOSED;
    /* Stored in the table before the cipher runs: whoever maps the table after us begins above it. */
    uint64_t seq = a->write_seq;
    *(volatile uint64_t *)&a->write_seq = seq + 1;
    return sg_dtls_seal(&d->aead, a->suite, &a->write, seq, sg_bytes(a->cid_out, a->cid_out_len), type, content, out);
}

bool sg_dtls_window_new(const struct sg_dtls_assoc *a, uint64_t seq)
{
    if (seq >= a->read_next)
        return true;
    uint64_t age = a->read_next - 1 - seq;
    return age < 64 && !(a->read_window >> age & 1);
}

void sg_dtls_window_mark(struct sg_dtls_assoc *a, uint64_t seq)
{
    if (seq < a->read_next) {
        a->read_window |= (uint64_t)1 << (a->read_next - 1 - seq);
        return;
    }
    /* A process that is killed between the two stores leaves a window that refuses more than it must. */
    uint64_t shift = seq + 1 - a->read_next;
    uint64_t window = (shift < 64 ? a->read_window << shift : 0) | 1;
    *(volatile uint64_t *)&a->read_window = shift < 64 ? window | a->read_window : UINT64_MAX;
    *(volatile uint64_t *)&a->read_next = seq + 1;
    *(volatile uint64_t *)&a->read_window = window;
}
