/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A handshake from its first flight to its end. libssl speaks it; we carry its records, keep its flights and its time.
 *
 * libssl is handed one record at a time. What arrives in epoch 1 is opened by us and sealed again in the plain form,
 * under the same keys, for libssl: that copy never leaves the process. See flight.c for the other direction.
 */
#include "dtls/dtls_internal.h"

#include <openssl/err.h>
#include <stdlib.h>

enum {
    FIRST_MS = 2000,   /* RFC 6347 section 4.2.4.1 says 1 s, RFC 7925 section 11 says 9 s for slow networks */
    LAST_MS = 60000,   /* RFC 6347: doubled up to 60 s */
    LINGER_MS = 60000, /* how long the last flight is kept for a peer that did not get it */
    HELD_MAX = 4096,
    FINISHED_MAX = 512, /* no Finished or alert is longer */
};

struct sg_dtls_hs *sg_dtls_hs_at(const struct sg_dtls *d, const struct sg_addr *addr)
{
    for (uint32_t slot = SG_DTLS_NONE; (slot = sg_dtls_slot_at(d, addr, slot)) != SG_DTLS_NONE;)
        if (d->table->assoc[slot].state == SG_DTLS_SHAKING)
            return d->hs[slot];
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ begin and end */

static struct sg_dtls_hs *make(struct sg_dtls *d)
{
    struct sg_dtls_hs *hs = calloc(1, sizeof *hs);
    if (!hs)
        return NULL;
    hs->d = d;
    hs->slot = SG_DTLS_NONE;
    hs->alert = -1;
    hs->ssl = sg_dtls_ssl(hs);
    if (hs->ssl)
        return hs;
    free(hs);
    return NULL;
}

/* Sends the flight again after `interval`, unless the handshake is given up before. False: no memory, and only if it
 * had no time before. */
static bool schedule(struct sg_dtls_hs *hs, uint32_t interval)
{
    uint64_t at = hs->d->now + interval;
    hs->interval = interval;
    return sg_dtls_timer_set(hs->d, hs, at < hs->until ? at : hs->until);
}

static bool start(struct sg_dtls_hs *hs, const struct sg_addr *addr)
{
    struct sg_dtls *d = hs->d;
    hs->addr = *addr;
    hs->slot = sg_dtls_slot_take(d, addr);
    if (hs->slot == SG_DTLS_NONE)
        return false;
    d->hs[hs->slot] = hs;
    d->shaking++;
    hs->until = d->now + d->config.handshake_ms;
    return schedule(hs, FIRST_MS);
}

static void drop_ssl(struct sg_dtls_hs *hs)
{
    if (!hs->ssl)
        return;
    SSL_set_shutdown(hs->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); /* its session stays good */
    SSL_free(hs->ssl);
    hs->ssl = NULL;
    if (hs->slot != SG_DTLS_NONE)
        hs->d->shaking--;
}

void sg_dtls_hs_free(struct sg_dtls_hs *hs)
{
    if (!hs)
        return;
    struct sg_dtls *d = hs->d;
    drop_ssl(hs);
    sg_dtls_timer_drop(d, hs);
    if (hs->slot != SG_DTLS_NONE) {
        d->hs[hs->slot] = NULL;
        if (d->table->assoc[hs->slot].state == SG_DTLS_SHAKING)
            sg_dtls_slot_drop(d, hs->slot);
    }
    free(hs->flight.p);
    free(hs->held);
    free(hs);
}

static void refused(struct sg_dtls_hs *hs, const char *reason)
{
    struct sg_dtls *d = hs->d;
    bool judged = hs->judged && !hs->verdict.accept;
    struct sg_dtls_event event = {
        .what = SG_DTLS_REFUSED,
        .identity = hs->judged ? hs->verdict.identity : 0,
        .addr = hs->addr,
        .alert = judged ? hs->verdict.alert : hs->alert,
        .alert_from_peer = !judged && hs->alert_from_peer,
        .wants_psk = d->config.server && !d->config.psk && !hs->judged && sg_dtls_psk_offered(hs->ssl),
        .reason = reason,
    };
    if (d->session && !d->config.server) { /* whatever was wrong: a full handshake next time */
        SSL_SESSION_free(d->session);
        d->session = NULL;
    }
    sg_dtls_hs_free(hs);
    sg_dtls_emit(d, &event);
}

/* ---------------------------------------------------------------------------------------------------- completion */

/* An earlier association with this address ends: it can be reached by nothing else, or it is the same peer's. One of
 * another peer that is found by its connection id stays; it has another address by now. */
static void replace_earlier(struct sg_dtls *d, uint32_t slot)
{
    const struct sg_dtls_assoc *table = d->table->assoc;
    struct sg_addr addr = table[slot].addr;
    for (uint32_t old = SG_DTLS_NONE; (old = sg_dtls_slot_at(d, &addr, old)) != SG_DTLS_NONE;) {
        const struct sg_dtls_assoc *a = &table[old];
        if (old == slot || a->state != SG_DTLS_LIVE || (a->cid_in_len && a->identity != table[slot].identity))
            continue;
        sg_dtls_assoc_closed(d, old, -1, false, "replaced by a new handshake");
        old = SG_DTLS_NONE; /* the chain is another now */
    }
}

static void keep_session(struct sg_dtls_hs *hs)
{
    struct sg_dtls *d = hs->d;
    if (d->config.server || !d->config.resume)
        return;
    SSL_SESSION_free(d->session);
    d->session = SSL_get1_session(hs->ssl);
    d->session_addr = hs->addr;
    if (d->session && !SSL_SESSION_is_resumable(d->session)) {
        SSL_SESSION_free(d->session);
        d->session = NULL;
    }
}

/* Records that had to wait are read once more, after the present datagram. */
static void release_held(struct sg_dtls_hs *hs)
{
    struct sg_dtls *d = hs->d;
    if (!hs->held_len || d->again)
        return;
    d->again = hs->held;
    d->again_len = hs->held_len;
    d->again_from = hs->addr;
    hs->held = NULL;
    hs->held_len = 0;
}

static void complete(struct sg_dtls_hs *hs, bool last_flight_is_ours)
{
    struct sg_dtls *d = hs->d;
    uint32_t slot = hs->slot;
    struct sg_dtls_assoc *a = &d->table->assoc[slot];
    uint8_t fragment = SSL_SESSION_get_max_fragment_length(SSL_get_session(hs->ssl));
    struct sg_dtls_event event = {.what = SG_DTLS_CONNECTED,
                                  .id = sg_dtls_slot_id(d, slot),
                                  .identity = hs->verdict.identity,
                                  .addr = hs->addr,
                                  .alert = -1,
                                  .resumed = SSL_session_reused(hs->ssl)};
    if (!sg_dtls_derive(hs) || !hs->judged || !hs->verdict.accept) {
        refused(hs, "the handshake ended without a verdict on the peer");
        return;
    }
    keep_session(hs);
    drop_ssl(hs);
    a->identity = hs->verdict.identity;
    a->since = a->heard = d->now;
    a->fragment = fragment ? (uint16_t)(256U << fragment) : SG_DTLS_PLAIN_MAX; /* RFC 6066 section 4: 1 is 512 */
    memcpy(a->hello, hs->hello, sizeof a->hello);
    *(volatile uint8_t *)&a->state = SG_DTLS_LIVE;
    release_held(hs);
    hs->until = d->now + LINGER_MS;
    if (!last_flight_is_ours || !sg_dtls_timer_set(d, hs, hs->until))
        sg_dtls_hs_free(hs);
    replace_earlier(d, slot);
    if (sg_dtls_slot_live(d, event.id) != SG_DTLS_NONE)
        sg_dtls_emit(d, &event);
}

/* Lets libssl go on with what it was given. */
static void run(struct sg_dtls_hs *hs)
{
    bool keyed = hs->keyed;
    char reason[500];
    hs->flight.old = true;
    ERR_clear_error();
    int r = SSL_do_handshake(hs->ssl);
    int why = r == 1 ? SSL_ERROR_NONE : SSL_get_error(hs->ssl, r);
    bool wrote = !hs->flight.old;
    hs->in_len = 0;
    if (wrote) {
        sg_dtls_flight_send(hs);
        (void)schedule(hs, FIRST_MS);
    }
    if (why == SSL_ERROR_NONE) {
        complete(hs, wrote);
    } else if (why != SSL_ERROR_WANT_READ) {
        sg_dtls_why(hs, reason, sizeof reason);
        refused(hs, reason);
    } else if (!keyed && hs->held_len && sg_dtls_derive(hs)) {
        release_held(hs);
    }
}

static void feed(struct sg_dtls_hs *hs, struct sg_bytes record)
{
    hs->in = record.p;
    hs->in_len = record.n;
    run(hs);
}

/* ---------------------------------------------------------------------------------------------- what comes in */

/* A ClientHello that was seen already: of the handshake under way, or a late one of that which made the association. */
static bool seen(const struct sg_dtls *d, const struct sg_addr *from, const uint8_t *random)
{
    for (uint32_t slot = SG_DTLS_NONE; (slot = sg_dtls_slot_at(d, from, slot)) != SG_DTLS_NONE;) {
        const struct sg_dtls_assoc *a = &d->table->assoc[slot];
        bool shaking = a->state == SG_DTLS_SHAKING;
        const uint8_t *hello = shaking ? d->hs[slot]->hello : a->hello;
        if ((shaking || d->now - a->since < LINGER_MS) && memcmp(hello, random, sizeof a->hello) == 0)
            return true;
    }
    return false;
}

/* One host: an IPv4 address, or an IPv6 network of 64 bits. */
static bool same_host(const struct sg_addr *a, const struct sg_addr *b)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(a->ip, b->ip, memcmp(a->ip, mapped, sizeof mapped) == 0 ? 16 : 8) == 0;
}

/* Once half of the places are taken, one host has no more than an eighth of them: so it cannot keep all others out.
 * Until then it may have any number, since a network operator's devices share a few addresses. */
static bool is_crowding(const struct sg_dtls *d, const struct sg_addr *from)
{
    uint32_t his = 0;
    if (d->shaking < d->config.max_handshakes / 2)
        return false;
    for (size_t i = 1; i <= d->timers.n; i++) {
        const struct sg_dtls_hs *hs = d->timers.heap[i];
        his += d->table->assoc[hs->slot].state == SG_DTLS_SHAKING && same_host(&hs->addr, from);
    }
    return his > 1 + d->config.max_handshakes / 8;
}

void sg_dtls_hello(struct sg_dtls *d, const struct sg_addr *from, const struct sg_dtls_record *r)
{
    struct sg_dtls_hs *hs = d->listener, *present = sg_dtls_hs_at(d, from);
    if (r->whole.n < SG_DTLS_HELLO_RANDOM + 32)
        return;
    const uint8_t *random = r->whole.p + SG_DTLS_HELLO_RANDOM;
    if (seen(d, from, random) || d->shaking >= d->config.max_handshakes)
        return;
    if (!hs && !(hs = d->listener = make(d)))
        return;

    hs->addr = *from;
    hs->in = r->whole.p;
    hs->in_len = r->whole.n;
    hs->flight.old = true;
    int ok = DTLSv1_listen(hs->ssl, d->listener_addr);
    ERR_clear_error();
    if (ok <= 0) {
        hs->in_len = 0;
        /* Never more than came: nobody can use us against the address that he claims. */
        if (!hs->flight.old && hs->flight.len <= r->whole.n)
            sg_dtls_send_datagram(d, from, sg_bytes(hs->flight.p, hs->flight.len));
        return;
    }
    d->listener = NULL; /* libssl has begun with it */
    if (is_crowding(d, from)) {
        sg_dtls_hs_free(hs);
        return;
    }
    sg_dtls_hs_free(present); /* the peer began anew */
    memcpy(hs->hello, random, sizeof hs->hello);
    if (start(hs, from))
        run(hs);
    else
        sg_dtls_hs_free(hs);
}

int sg_dtls_hs_begin(struct sg_dtls *d, const struct sg_addr *server, struct sg_error *err)
{
    struct sg_dtls_hs *hs = make(d);
    char name[TLSEXT_MAXLEN_host_name + 1] = "";
    if (d->config.server_name)
        (void)snprintf(name, sizeof name, "%s", d->config.server_name);
    bool ok = hs && (!name[0] || SSL_set_tlsext_host_name(hs->ssl, name) == 1);
    if (ok && d->session && sg_addr_eq(&d->session_addr, server))
        ok = SSL_set_session(hs->ssl, d->session) == 1;
    if (!ok || !start(hs, server)) {
        sg_dtls_hs_free(hs);
        return sg_fail(err, SG_ENOMEM, "a DTLS handshake cannot begin: out of memory, or all associations are in use");
    }
    feed(hs, sg_bytes(NULL, 0));
    return 0;
}

void sg_dtls_hs_plain(struct sg_dtls_hs *hs, const struct sg_dtls_record *r)
{
    if (r->type == SG_DTLS_APPLICATION)
        return;
    hs->heard = true;
    feed(hs, r->whole);
}

static void hold(struct sg_dtls_hs *hs, const struct sg_dtls_record *r)
{
    if (!hs->held)
        hs->held = malloc(HELD_MAX);
    if (!hs->held || r->whole.n > HELD_MAX - hs->held_len)
        return;
    memcpy(hs->held + hs->held_len, r->whole.p, r->whole.n);
    hs->held_len += r->whole.n;
}

void sg_dtls_hs_sealed(struct sg_dtls_hs *hs, const struct sg_dtls_record *r)
{
    struct sg_dtls *d = hs->d;
    struct sg_dtls_assoc *a = &d->table->assoc[hs->slot];
    uint8_t type, space[FINISHED_MAX + 64];
    struct sg_buf copy = sg_buf(space, sizeof space);
    if (!sg_dtls_derive(hs)) {
        hold(hs, r);
        return;
    }
    if ((a->cid_in_len != 0) != (r->cid != NULL) || !sg_dtls_window_new(a, r->seq))
        return;
    int n = sg_dtls_open(&d->aead, a->suite, &a->read, r, d->plain, &type);
    if (n < 0) {
        sg_dtls_psk_doubt(hs);
        return;
    }
    if (type == SG_DTLS_APPLICATION) { /* it overtook the Finished, without which its sender is not known */
        hold(hs, r);
        return;
    }
    sg_dtls_window_mark(a, r->seq);
    if ((type != SG_DTLS_HANDSHAKE && type != SG_DTLS_ALERT) || n > FINISHED_MAX)
        return;
    struct sg_bytes none = sg_bytes(NULL, 0);
    if (sg_dtls_seal(&d->aead, a->suite, &a->read, r->seq, none, type, sg_bytes(d->plain, (size_t)n), &copy) == 0)
        feed(hs, sg_buf_bytes(&copy));
}

void sg_dtls_hs_tick(struct sg_dtls_hs *hs)
{
    struct sg_dtls *d = hs->d;
    char reason[400];
    if (d->now >= hs->until) {
        if (!hs->ssl) {
            sg_dtls_hs_free(hs);
            return;
        }
        if (hs->doubted) {
            sg_dtls_psk_wrong(hs, reason, sizeof reason);
            refused(hs, reason);
            return;
        }
        (void)snprintf(reason, sizeof reason, "given up after %u s: %s", d->config.handshake_ms / 1000,
                       hs->heard
                           ? "it fell silent in the middle of the handshake"
                           : "no answer; where this happens often, long datagrams may be lost: try a smaller MTU");
        refused(hs, reason);
        return;
    }
    (void)schedule(hs, hs->interval > LAST_MS / 2 ? LAST_MS : 2 * hs->interval);
    if (hs->ssl)
        sg_dtls_flight_send(hs);
}
