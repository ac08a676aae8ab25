/* SPDX-License-Identifier: Apache-2.0 */
/* The room's interface, and the way of a datagram to what it belongs to. */
#include "dtls/dtls_internal.h"

#include <openssl/bio.h>
#include <stdlib.h>

enum { MTU_DEFAULT = 1152, MTU_MIN = 512, MTU_MAX = 1452, HANDSHAKE_MS = 60000, HANDSHAKE_MS_MAX = 3600000 };

/* -------------------------------------------------------------------------------------------------- begin, end */

static int configure(struct sg_dtls *d, const struct sg_dtls_config *config, uint32_t slots, struct sg_error *err)
{
    d->config = *config;
    if (!config->send || !config->event || !config->verify)
        return sg_fail(err, SG_EINVAL, "DTLS endpoint: send, event and verify must be given");
    if (slots < 1 || slots > 1U << 24)
        return sg_fail(err, SG_EINVAL, "DTLS endpoint: %u associations; 1 to 16777216 are possible", slots);
    if (!d->config.mtu)
        d->config.mtu = MTU_DEFAULT;
    if (d->config.mtu < MTU_MIN || d->config.mtu > MTU_MAX)
        return sg_fail(err, SG_EINVAL, "DTLS endpoint: an MTU of %u; %d to %d are possible", d->config.mtu, MTU_MIN,
                       MTU_MAX);
    if (config->max_fragment && (config->server || (config->max_fragment != 512 && config->max_fragment != 1024)))
        return sg_fail(err, SG_EINVAL, "DTLS endpoint: records of %u bytes; a client can ask for 512 or 1024",
                       config->max_fragment);
    if (!d->config.handshake_ms)
        d->config.handshake_ms = HANDSHAKE_MS;
    if (d->config.handshake_ms > HANDSHAKE_MS_MAX)
        return sg_fail(err, SG_EINVAL, "DTLS endpoint: a handshake limit of %u ms; at most an hour is possible",
                       d->config.handshake_ms);
    if (!d->config.max_handshakes)
        d->config.max_handshakes = 1024;
    return 0;
}

struct sg_dtls *sg_dtls_new(const struct sg_dtls_config *config, void *table, uint32_t slots, struct sg_error *err)
{
    struct sg_dtls *d = calloc(1, sizeof *d);
    if (!d) {
        (void)sg_fail(err, SG_ENOMEM, "DTLS endpoint: out of memory");
        return NULL;
    }
    int r = configure(d, config, slots, err);
    if (r == 0)
        r = sg_dtls_table_open(d, table, slots, err);
    if (r == 0 &&
        (sg_dtls_aead_open(&d->aead) < 0 || !(d->bio = sg_dtls_bio_method()) || !(d->listener_addr = BIO_ADDR_new())))
        r = sg_fail(err, SG_ECRYPTO,
                    "DTLS endpoint: OpenSSL does not offer AES-GCM, AES-CCM and ChaCha20, or memory is short");
    if (r == 0 && !(d->ctx = sg_dtls_context(d, err)))
        r = SG_ECRYPTO;
    if (r == 0)
        return d;
    sg_dtls_free(d);
    return NULL;
}

void sg_dtls_free(struct sg_dtls *d)
{
    if (!d)
        return;
    while (d->timers.n)
        sg_dtls_hs_free(d->timers.heap[1]);
    sg_dtls_hs_free(d->listener);
    SSL_SESSION_free(d->session);
    SSL_CTX_free(d->ctx);
    BIO_meth_free(d->bio);
    BIO_ADDR_free(d->listener_addr);
    sg_dtls_aead_close(&d->aead);
    sg_dtls_table_close(d);
    free(d->timers.heap);
    free(d->again);
    sg_wipe(d, sizeof *d);
    free(d);
}

void sg_dtls_emit(struct sg_dtls *d, const struct sg_dtls_event *event)
{
    d->config.event(d->config.user, event);
}

void sg_dtls_send_datagram(struct sg_dtls *d, const struct sg_addr *to, struct sg_bytes datagram)
{
    d->config.send(d->config.user, to, datagram);
}

/* ----------------------------------------------------------------------------------------------------- datagrams */

/* What is not sealed: handshakes only. A live association takes nothing of it. */
static void plain_record(struct sg_dtls *d, const struct sg_addr *from, const struct sg_dtls_record *r)
{
    enum { CLIENT_HELLO = 1, FRAGMENT_OFFSET = 6, MESSAGE_HEADER = 12 };
    static const uint8_t zero[3];
    if (d->config.server && r->type == SG_DTLS_HANDSHAKE && r->body.n >= MESSAGE_HEADER &&
        r->body.p[0] == CLIENT_HELLO && memcmp(r->body.p + FRAGMENT_OFFSET, zero, 3) == 0) {
        sg_dtls_hello(d, from, r);
        return;
    }
    struct sg_dtls_hs *hs = sg_dtls_hs_at(d, from);
    if (hs && r->type != SG_DTLS_CID_RECORD)
        sg_dtls_hs_plain(hs, r);
}

static void cid_record(struct sg_dtls *d, const struct sg_addr *from, const struct sg_dtls_record *r)
{
    uint32_t slot = sg_dtls_slot_of_cid(d, r->cid);
    if (slot == SG_DTLS_NONE)
        return;
    if (d->table->assoc[slot].state == SG_DTLS_LIVE)
        (void)sg_dtls_assoc_record(d, slot, from, r);
    else
        sg_dtls_hs_sealed(d->hs[slot], r);
}

/* Found by address: the association's, as long as it can open it, and else the handshake's that is to replace it. */
static void sealed_record(struct sg_dtls *d, const struct sg_addr *from, const struct sg_dtls_record *r)
{
    uint32_t slot = SG_DTLS_NONE;
    while ((slot = sg_dtls_slot_at(d, from, slot)) != SG_DTLS_NONE)
        if (d->table->assoc[slot].state == SG_DTLS_LIVE && sg_dtls_assoc_record(d, slot, from, r))
            return;
    struct sg_dtls_hs *hs = sg_dtls_hs_at(d, from);
    if (hs)
        sg_dtls_hs_sealed(hs, r);
}

static void dispatch(struct sg_dtls *d, const struct sg_addr *from, const uint8_t *p, size_t n)
{
    struct sg_cursor c = sg_cursor(sg_bytes(p, n));
    struct sg_dtls_record r;
    while (sg_dtls_record_next(&c, &r)) {
        if (r.epoch == 0)
            plain_record(d, from, &r);
        else if (r.epoch == 1 && r.cid)
            cid_record(d, from, &r);
        else if (r.epoch == 1)
            sealed_record(d, from, &r);
    }
}

void sg_dtls_input(struct sg_dtls *d, const struct sg_addr *from, uint8_t *datagram, size_t n, uint64_t now)
{
    d->now = now;
    sg_dtls_secrets_turn(d);
    dispatch(d, from, datagram, n);
    while (d->again) {
        uint8_t *held = d->again;
        d->again = NULL;
        dispatch(d, &d->again_from, held, d->again_len);
        free(held);
    }
}

/* -------------------------------------------------------------------------------------------------------- calls */

int sg_dtls_connect(struct sg_dtls *d, const struct sg_addr *server, uint64_t now, struct sg_error *err)
{
    if (d->config.server)
        return sg_fail(err, SG_ESTATE, "a DTLS server endpoint does not connect");
    d->now = now;
    while (d->timers.n) /* a handshake under way, or a last flight */
        sg_dtls_hs_free(d->timers.heap[1]);
    for (sg_dtls_id id = 0; (id = sg_dtls_next(d, id));)
        (void)sg_dtls_close(d, id, SG_ALERT_CLOSE_NOTIFY, now);
    return sg_dtls_hs_begin(d, server, err);
}

size_t sg_dtls_max_data(const struct sg_dtls *d, sg_dtls_id id)
{
    uint32_t slot = sg_dtls_slot_live(d, id);
    if (slot == SG_DTLS_NONE)
        return 0;
    const struct sg_dtls_assoc *a = &d->table->assoc[slot];
    size_t room = d->config.mtu - sg_dtls_overhead(a->suite, a->cid_out_len);
    return room < a->fragment ? room : a->fragment;
}

int sg_dtls_send(struct sg_dtls *d, sg_dtls_id id, struct sg_bytes data, uint64_t now)
{
    uint32_t slot = sg_dtls_slot_live(d, id);
    d->now = now;
    if (slot == SG_DTLS_NONE)
        return SG_ENOTFOUND;
    if (!data.n)
        return SG_EINVAL;
    if (data.n > sg_dtls_max_data(d, id))
        return SG_ENOSPC;
    struct sg_dtls_assoc *a = &d->table->assoc[slot];
    struct sg_buf out = sg_buf(d->wire, sizeof d->wire);
    int r = sg_dtls_seal_next(d, a, SG_DTLS_APPLICATION, data, &out);
    if (r == 0)
        sg_dtls_send_datagram(d, &a->addr, sg_buf_bytes(&out));
    return r;
}

int sg_dtls_close(struct sg_dtls *d, sg_dtls_id id, int alert, uint64_t now)
{
    uint32_t slot = sg_dtls_slot_live(d, id);
    d->now = now;
    if (slot == SG_DTLS_NONE)
        return SG_ENOTFOUND;
    sg_dtls_assoc_alert(d, slot, alert);
    sg_dtls_assoc_end(d, slot, alert);
    return 0;
}

uint64_t sg_dtls_deadline(const struct sg_dtls *d)
{
    return d->timers.n ? d->timers.heap[1]->at : SG_DTLS_NEVER;
}

void sg_dtls_tick(struct sg_dtls *d, uint64_t now)
{
    d->now = now;
    while (d->timers.n && d->timers.heap[1]->at <= now)
        sg_dtls_hs_tick(d->timers.heap[1]);
}

bool sg_dtls_info(const struct sg_dtls *d, sg_dtls_id id, struct sg_dtls_info *info)
{
    uint32_t slot = sg_dtls_slot_live(d, id);
    if (slot == SG_DTLS_NONE)
        return false;
    const struct sg_dtls_assoc *a = &d->table->assoc[slot];
    *info = (struct sg_dtls_info){.identity = a->identity,
                                  .addr = a->addr,
                                  .suite = a->suite,
                                  .cid_in_len = a->cid_in_len,
                                  .cid_out_len = a->cid_out_len,
                                  .since = a->since,
                                  .heard = a->heard};
    memcpy(info->cid_in, a->cid_in, a->cid_in_len);
    memcpy(info->cid_out, a->cid_out, a->cid_out_len);
    return true;
}

sg_dtls_id sg_dtls_next(const struct sg_dtls *d, sg_dtls_id id)
{
    for (uint32_t slot = id ? (uint32_t)id + 1 : 0; slot < d->table->slots; slot++)
        if (d->table->assoc[slot].state == SG_DTLS_LIVE)
            return sg_dtls_slot_id(d, slot);
    return 0;
}
