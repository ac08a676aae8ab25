/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flights of a handshake (RFC 6347 section 4.2.4): kept as libssl wrote them, and made anew each time they are sent. So
 * whatever goes out in epoch 1, a Finished sent for the third time too, has a number of its own from the one counter
 * that application data takes its numbers from: no nonce is ever used twice.
 */
#include "dtls/dtls_internal.h"

#include <stdlib.h>

enum { FLIGHT_MAX = 65536 };

bool sg_dtls_flight_add(struct sg_dtls_flight *f, const uint8_t *p, size_t n)
{
    if (f->old) {
        f->len = 0;
        f->old = false;
    }
    if (n > FLIGHT_MAX - f->len)
        return false;
    if (f->len + n > f->cap) {
        size_t cap = f->len + n + 512;
        uint8_t *q = realloc(f->p, cap);
        if (!q)
            return false;
        f->p = q;
        f->cap = cap;
    }
    memcpy(f->p + f->len, p, n);
    f->len += n;
    return true;
}

/* A record of epoch 0 has a new number each time, and tells the verdict's alert: libssl has no name for some. */
static void put_plain(struct sg_dtls_hs *hs, const struct sg_dtls_record *r, struct sg_buf *out)
{
    uint64_t seq = r->seq > hs->epoch0_next ? r->seq : hs->epoch0_next;
    hs->epoch0_next = seq + 1;
    sg_put_u8(out, r->type);
    sg_put_u16(out, r->version);
    sg_put_u64(out, seq);
    sg_put_u16(out, (uint16_t)r->body.n);
    sg_put_bytes(out, r->body);
    if (r->type == SG_DTLS_ALERT && r->body.n == 2 && hs->judged && !hs->verdict.accept && !out->full)
        out->p[out->len - 1] = (uint8_t)hs->verdict.alert;
}

static void put_sealed(struct sg_dtls_hs *hs, const struct sg_dtls_record *r, struct sg_buf *out)
{
    struct sg_dtls *d = hs->d;
    uint8_t type;
    struct sg_dtls_assoc *a = &d->table->assoc[hs->slot];
    if (!sg_dtls_derive(hs))
        return;
    int n = sg_dtls_open(&d->aead, a->suite, &a->write, r, d->plain, &type);
    size_t before = out->len;
    if (n < 0 || sg_dtls_seal_next(d, a, type, sg_bytes(d->plain, (size_t)n), out) < 0)
        out->len = before;
}

void sg_dtls_flight_send(struct sg_dtls_hs *hs)
{
    struct sg_dtls *d = hs->d;
    struct sg_addr to = hs->addr;
    struct sg_cursor c = sg_cursor(sg_bytes(hs->flight.p, hs->flight.len));
    struct sg_buf out = sg_buf(d->wire, sizeof d->wire);
    struct sg_dtls_record r;
    while (sg_dtls_record_next(&c, &r)) {
        size_t most = r.whole.n + (r.epoch ? SG_DTLS_CID_MAX + 1 : 0);
        if (out.len && out.len + most > d->config.mtu) {
            sg_dtls_send_datagram(d, &to, sg_buf_bytes(&out));
            out.len = 0;
        }
        if (r.epoch)
            put_sealed(hs, &r, &out);
        else
            put_plain(hs, &r, &out);
    }
    if (out.len)
        sg_dtls_send_datagram(d, &to, sg_buf_bytes(&out));
}
