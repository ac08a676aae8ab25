/* SPDX-License-Identifier: Apache-2.0 */
/* The desk's rows: who is here, by association and by name; what ends when a device goes. */
#include "server/desk.h"

#include <stdlib.h>
#include <string.h>

void sg_server_row_open(struct row *r)
{
    atomic_store_explicit(&r->state, ROW_TORN, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst); /* a killed process stops between two instructions, not within the CPU */
}

void sg_server_row_close(struct row *r)
{
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&r->state, ROW_LIVE, memory_order_relaxed);
}

uint32_t sg_server_desk_number(const struct desk *d, const struct row *r)
{
    return (uint32_t)(r - d->rows);
}

struct peer *sg_server_desk_peer(const struct desk *d, const struct row *r)
{
    return &d->peers[r - d->rows];
}

static uint32_t name_hash(const char *endpoint)
{
    return sg_server_hash(sg_str(endpoint));
}

struct row *sg_server_desk_find(const struct desk *d, const char *endpoint)
{
    const struct row_index *x = &d->by_endpoint;

    for (uint32_t i = sg_server_index_first(x, name_hash(endpoint)); i != UINT32_MAX; i = sg_server_index_after(x, i)) {
        if (strcmp(d->rows[i].endpoint, endpoint) == 0)
            return &d->rows[i];
    }
    return NULL;
}

struct row *sg_server_desk_of(const struct desk *d, uint64_t assoc)
{
    const struct row_index *x = &d->by_assoc;

    for (uint32_t i = sg_server_index_first(x, sg_server_hash_u64(assoc)); i != UINT32_MAX;
         i = sg_server_index_after(x, i)) {
        if (d->rows[i].assoc == assoc)
            return &d->rows[i];
    }
    return NULL;
}

void sg_server_desk_schedule(struct desk *d, const struct row *r)
{
    uint64_t at = sg_server_ask_deadline(sg_server_desk_peer(d, r));

    if (r->registered && r->expires < at)
        at = r->expires;
    sg_server_timers_set(&d->timers, sg_server_desk_number(d, r), at);
}

/* ------------------------------------------------------------------------------------------- beginning and end */

static void adopt(struct desk *d, uint32_t i)
{
    struct row *r = &d->rows[i];

    sg_server_index_add(&d->by_endpoint, name_hash(r->endpoint), i);
    if (r->assoc != 0) {
        sg_server_index_add(&d->by_assoc, sg_server_hash_u64(r->assoc), i);
        d->connected++;
    }
    d->registered += r->registered;
    sg_server_desk_schedule(d, r);
}

/* A file that another process wrote is not trusted with the ends of its texts. A row with neither association nor
 * registration is of a process that was killed in between. */
static bool is_sound(const struct row *r)
{
    return atomic_load_explicit(&r->state, memory_order_relaxed) == ROW_LIVE && r->registered <= 1 &&
           (r->assoc != 0 || r->registered) && r->endpoint[0] != '\0' &&
           memchr(r->endpoint, '\0', sizeof r->endpoint) != NULL &&
           memchr(r->version, '\0', sizeof r->version) != NULL && memchr(r->binding, '\0', sizeof r->binding) != NULL &&
           memchr(r->location, '\0', sizeof r->location) != NULL && memchr(r->objects, '\0', sizeof r->objects) != NULL;
}

int sg_server_desk_init(struct desk *d, const struct desk_ports *ports, struct row *rows, uint32_t *used,
                        uint32_t count)
{
    memset(d, 0, sizeof *d);
    d->ports = *ports;
    d->rows = rows;
    d->used = used;
    d->count = count;
    d->peers = calloc(count, sizeof *d->peers);
    d->free_rows = calloc(count, sizeof *d->free_rows);
    bool made = d->peers != NULL && d->free_rows != NULL && sg_server_index_init(&d->by_assoc, count);
    made = sg_server_index_init(&d->by_endpoint, count) && made;
    made = sg_server_timers_init(&d->timers, count) && made;
    if (!made) {
        sg_server_desk_free(d);
        return SG_ENOMEM;
    }
    for (uint32_t i = *used; i-- > 0;) {
        if (is_sound(&rows[i])) {
            adopt(d, i);
            continue;
        }
        if (atomic_load_explicit(&rows[i].state, memory_order_relaxed) != ROW_FREE)
            memset(&rows[i], 0, sizeof rows[i]);
        d->free_rows[d->free_count++] = i;
    }
    return 0;
}

void sg_server_desk_free(struct desk *d)
{
    for (uint32_t i = 0; d->peers != NULL && i < *d->used; i++) {
        sg_server_ask_end_all(d, &d->rows[i], SG_ECLOSED);
        sg_server_watch_end_all(d, &d->rows[i]);
    }
    free(d->peers);
    free(d->free_rows);
    sg_server_index_free(&d->by_assoc);
    sg_server_index_free(&d->by_endpoint);
    sg_server_timers_free(&d->timers);
    memset(d, 0, sizeof *d);
}

/* --------------------------------------------------------------------------------------------- rows come and go */

/* A free row, of those used before if there is one: the table takes no more room than it must. */
static uint32_t take_free(struct desk *d)
{
    if (d->free_count > 0)
        return d->free_rows[--d->free_count];
    if (*d->used == d->count || d->ports.grow(d->ports.user, *d->used + 1) < 0)
        return UINT32_MAX;
    return (*d->used)++;
}

static struct row *new_row(struct desk *d, const char *endpoint)
{
    uint32_t i = take_free(d);

    if (i == UINT32_MAX)
        return NULL;
    struct row *r = &d->rows[i];
    sg_server_row_open(r);
    memcpy(r->endpoint, endpoint, strlen(endpoint) + 1);
    d->ports.random(d->ports.user, &r->next_mid, sizeof r->next_mid);
    sg_server_row_close(r);
    sg_server_index_add(&d->by_endpoint, name_hash(endpoint), i);
    return r;
}

static void free_row(struct desk *d, struct row *r)
{
    uint32_t i = sg_server_desk_number(d, r);

    sg_server_index_remove(&d->by_endpoint, name_hash(r->endpoint), i);
    sg_server_timers_set(&d->timers, i, UINT64_MAX);
    sg_server_row_open(r);
    memset(r, 0, sizeof *r);
    sg_server_desk_peer(d, r)->seen.valid = false;
    d->free_rows[d->free_count++] = i;
}

/* The row has no association any more. */
static void detach(struct desk *d, struct row *r)
{
    sg_server_index_remove(&d->by_assoc, sg_server_hash_u64(r->assoc), sg_server_desk_number(d, r));
    r->assoc = 0;
    d->connected--;
    sg_server_desk_peer(d, r)->seen.valid = false;
}

int sg_server_desk_connected(struct desk *d, const struct caller *c, uint64_t assoc, bool resumed)
{
    struct row *r = sg_server_desk_find(d, c->endpoint);

    if (r == NULL)
        r = new_row(d, c->endpoint);
    if (r == NULL)
        return SG_ENOSPC;
    if (r->assoc != 0) { /* the newest handshake is the device: the older one is from before it lost its keys */
        uint64_t old = r->assoc;
        detach(d, r);
        if (old != assoc)
            d->ports.close(d->ports.user, old, 0); /* close_notify */
    }
    sg_server_row_open(r);
    r->assoc = assoc;
    r->since = d->now;
    r->cert = c->cert;
    r->device = c->device;
    r->fingerprint = c->fingerprint;
    r->resumed = resumed;
    r->connected_at = r->heard_at = d->wall;
    sg_server_row_close(r);
    sg_server_index_add(&d->by_assoc, sg_server_hash_u64(assoc), sg_server_desk_number(d, r));
    d->connected++;
    sg_server_desk_schedule(d, r);
    return 0;
}

void sg_server_desk_unregister(struct desk *d, struct row *r)
{
    if (r->registered) {
        r->registered = 0;
        d->registered--;
    }
    sg_server_watch_end_all(d, r);
    sg_server_ask_end_all(d, r, SG_ECLOSED);
    sg_server_desk_schedule(d, r);
}

void sg_server_desk_closed(struct desk *d, uint64_t assoc)
{
    struct row *r = sg_server_desk_of(d, assoc);

    if (r == NULL)
        return;
    detach(d, r);
    sg_server_ask_end_all(d, r, SG_ECLOSED);
    sg_server_desk_schedule(d, r);
    if (!r->registered)
        free_row(d, r);
}

struct dropped sg_server_desk_drop(struct desk *d, const char *endpoint, int alert)
{
    struct row *r = sg_server_desk_find(d, endpoint);
    struct dropped what = {0};

    if (r == NULL)
        return what;
    what.registrations = r->registered;
    sg_server_desk_unregister(d, r);
    if (r->assoc != 0) {
        uint64_t assoc = r->assoc;
        what.associations = 1;
        detach(d, r);
        d->ports.close(d->ports.user, assoc, alert);
    }
    free_row(d, r);
    return what;
}

void sg_server_desk_carry(struct desk *d, const struct row *from)
{
    struct row *r = sg_server_desk_find(d, from->endpoint);

    if (r == NULL || !from->registered || (r->registered && r->registered_at >= from->registered_at))
        return;
    sg_server_row_open(r);
    r->expires = from->expires;
    r->registered_at = from->registered_at;
    r->updated_at = from->updated_at;
    r->lifetime = from->lifetime;
    memcpy(r->version, from->version, sizeof r->version);
    memcpy(r->binding, from->binding, sizeof r->binding);
    memcpy(r->location, from->location, sizeof r->location);
    memcpy(r->objects, from->objects, sizeof r->objects);
    d->registered += !r->registered;
    r->registered = 1;
    sg_server_row_close(r);
    sg_server_desk_schedule(d, r);
}

/* ------------------------------------------------------------------------------------------------------- time */

uint64_t sg_server_desk_deadline(const struct desk *d)
{
    uint32_t row;
    return sg_server_timers_first(&d->timers, &row);
}

void sg_server_desk_tick(struct desk *d)
{
    uint32_t i;

    while (sg_server_timers_first(&d->timers, &i) <= d->now) {
        struct row *r = &d->rows[i];
        if (r->registered && r->expires <= d->now) {
            sg_server_desk_unregister(d, r);
            d->ports.event(d->ports.user, &(struct desk_event){.what = DESK_EXPIRED, .row = r});
            if (r->assoc == 0) {
                free_row(d, r);
                continue;
            }
        }
        sg_server_ask_tick(d, r);
        sg_server_desk_schedule(d, r);
    }
}
