/* SPDX-License-Identifier: Apache-2.0 */
/* Observations (RFC 7641): begun, notified in order, begun again after a new registration, ended by either side. */
#include "server/desk.h"

#include <stdlib.h>
#include <string.h>

enum { CANCEL_MS = 60000, AGAIN_MS = 93000 /* MAX_TRANSMIT_WAIT, RFC 7252 section 4.8.2 */ };

/* A request about an observation. */
struct watch_ask {
    struct ask ask; /* first: the desk gives back this pointer */
    uint64_t handle;
};

/* A handle is the worker, the row and a count, from the top byte down: so it is found without a search. */
static uint64_t new_handle(struct desk *d, const struct row *r, uint8_t worker)
{
    uint32_t count;

    d->ports.random(d->ports.user, &count, sizeof count);
    return (uint64_t)worker << 56 | (uint64_t)sg_server_desk_number(d, r) << 32 | count;
}

static struct row *row_of(const struct desk *d, uint64_t handle)
{
    uint32_t i = (uint32_t)(handle >> 32) & 0xffffff;
    return i < *d->used ? &d->rows[i] : NULL;
}

static struct watch *find(const struct peer *p, uint64_t handle)
{
    struct watch *w = p->watches;

    while (w != NULL && w->handle != handle)
        w = w->next;
    return w;
}

static void unlink_watch(struct peer *p, struct watch *w)
{
    struct watch **link = &p->watches;

    while (*link != w)
        link = &(*link)->next;
    *link = w->next;
}

static void tell(struct desk *d, const struct row *r, const struct watch *w, bool ended, const struct sg_coap *m)
{
    struct sg_server_notification n = {
        .endpoint = r->endpoint, .path = w->path, .ended = ended, .format = -1, .at = d->wall};

    if (m != NULL) {
        uint32_t format = sg_coap_find_uint(m, SG_COAP_OPT_CONTENT_FORMAT, UINT32_MAX);
        n.code = m->code;
        n.format = format <= UINT16_MAX ? (int)format : -1;
        n.payload = m->payload;
    }
    w->fn(w->user, &n);
}

static void begun(struct watch *w, int rc)
{
    void (*fn)(void *user, int rc) = w->begun;

    w->begun = NULL;
    if (fn != NULL)
        fn(w->begun_user, rc);
}

/* A value with the Observe option goes on; anything else is the end of it (section 4.2). */
static void take_value(struct desk *d, struct row *r, struct watch *w, const struct sg_coap *m)
{
    struct sg_bytes observe;
    bool goes_on = m->code == SG_COAP_CONTENT && sg_coap_find(m, SG_COAP_OPT_OBSERVE, &observe);

    w->seq = sg_coap_find_uint(m, SG_COAP_OPT_OBSERVE, 0);
    w->seq_at = d->now;
    if (m->code == SG_COAP_CONTENT)
        tell(d, r, w, false, m);
    if (goes_on)
        return;
    unlink_watch(sg_server_desk_peer(d, r), w);
    tell(d, r, w, true, m);
    begun(w, 0);
    free(w);
}

/* ------------------------------------------------------------------------------------------------- its requests */

static void free_ask(struct desk *d, struct ask *a, int rc, const struct sg_coap *reply)
{
    (void)d, (void)rc, (void)reply;
    free(a);
}

static void watch_answered(struct desk *d, struct ask *a, int rc, const struct sg_coap *reply)
{
    struct watch_ask *wa = (struct watch_ask *)a;
    struct row *r = row_of(d, wa->handle);
    struct watch *w = find(sg_server_desk_peer(d, r), wa->handle);
    uint64_t handle = wa->handle;

    free(wa);
    if (w == NULL)
        return; /* ended meanwhile */
    if (rc == 0) {
        take_value(d, r, w, reply);
        w = find(sg_server_desk_peer(d, r), handle);
        if (w != NULL)
            begun(w, 0);
        return;
    }
    unlink_watch(sg_server_desk_peer(d, r), w);
    if (w->begun == NULL)
        tell(d, r, w, true, NULL);
    begun(w, rc);
    free(w);
}

static bool send_about(struct desk *d, struct row *r, const struct watch *w, int observe, uint64_t until)
{
    struct watch_ask *wa = calloc(1, sizeof *wa);
    const struct sg_server_request get = {.op = SG_READ, .path = w->path, .format = -1};

    if (wa == NULL)
        return false;
    wa->handle = w->handle;
    wa->ask.until = until;
    wa->ask.done = observe == 0 ? watch_answered : free_ask;
    memcpy(wa->ask.token, w->token, TOKEN_LEN);
    (void)sg_server_ask_build(d, r, &get, observe, &wa->ask); /* a path always fits */
    sg_server_ask(d, r, &wa->ask);
    return true;
}

/* -------------------------------------------------------------------------------------------------- beginning, end */

void sg_server_watch(struct desk *d, struct row *r, struct watch *w, uint8_t worker, uint64_t until, uint64_t *handle)
{
    struct peer *p = sg_server_desk_peer(d, r);

    *handle = w->handle = new_handle(d, r, worker);
    w->seq_at = 0;
    d->ports.random(d->ports.user, w->token, TOKEN_LEN);
    w->next = p->watches;
    p->watches = w;
    if (send_about(d, r, w, 0, until))
        return;
    unlink_watch(p, w);
    begun(w, SG_ENOMEM);
    free(w);
}

void sg_server_unwatch(struct desk *d, uint64_t handle)
{
    struct row *r = row_of(d, handle);
    struct watch *w = r != NULL ? find(sg_server_desk_peer(d, r), handle) : NULL;

    if (w == NULL)
        return;
    unlink_watch(sg_server_desk_peer(d, r), w);
    if (r->assoc != 0)
        (void)send_about(d, r, w, 1, d->now + CANCEL_MS); /* section 3.6; where it gets lost, a later value is reset */
    begun(w, SG_ECLOSED);
    free(w);
}

void sg_server_watch_end_all(struct desk *d, struct row *r)
{
    struct peer *p = sg_server_desk_peer(d, r);

    while (p->watches != NULL) {
        struct watch *w = p->watches;
        p->watches = w->next;
        if (w->begun == NULL)
            tell(d, r, w, true, NULL);
        begun(w, SG_ECLOSED);
        free(w);
    }
}

/* What was asked about it of the device that has forgotten it. */
static void forget_asks(struct peer *p, const struct watch *w)
{
    struct ask **link = &p->asks;

    while (*link != NULL) {
        struct ask *a = *link;
        if (a->done != watch_answered || memcmp(a->token, w->token, TOKEN_LEN) != 0) {
            link = &a->next;
            continue;
        }
        *link = a->next;
        free(a);
    }
}

void sg_server_watch_again(struct desk *d, struct row *r)
{
    struct peer *p = sg_server_desk_peer(d, r);
    struct watch *next;

    for (struct watch *w = p->watches; w != NULL; w = next) {
        next = w->next; /* where it cannot be sent, it ends here */
        if (w->begun != NULL)
            continue;
        forget_asks(p, w); /* one at a time: a device may register as often as it likes */
        (void)send_about(d, r, w, 0, d->now + AGAIN_MS);
    }
}

/* ------------------------------------------------------------------------------------------------- notifications */

/* RFC 7641 section 3.4: newer by its number, or so late that the numbers may have wrapped. */
static bool is_newer(const struct desk *d, const struct watch *w, uint32_t seq)
{
    return (w->seq < seq && seq - w->seq < 1u << 23) || (w->seq > seq && w->seq - seq > 1u << 23) ||
           d->now > w->seq_at + 128000;
}

bool sg_server_watch_input(struct desk *d, struct row *r, const struct sg_coap *m)
{
    struct watch *w = sg_server_desk_peer(d, r)->watches;
    struct sg_bytes option;

    while (w != NULL && (m->token_len != TOKEN_LEN || memcmp(m->token, w->token, TOKEN_LEN) != 0))
        w = w->next;
    if (w == NULL || m->type == SG_COAP_ACK)
        return false;
    bool counted = sg_coap_find(m, SG_COAP_OPT_OBSERVE, &option);
    if (counted && w->seq_at != 0 && !is_newer(d, w, sg_coap_find_uint(m, SG_COAP_OPT_OBSERVE, 0)))
        return true; /* overtaken by a newer one: acknowledged and forgotten */
    take_value(d, r, w, m);
    return true;
}
