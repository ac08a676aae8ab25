/* SPDX-License-Identifier: Apache-2.0 */
/* Shutting one device out: first durable in the inventory, then in every worker, each of which confirms. */
#include "server/server_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One identity of the device. */
struct victim {
    int64_t number;
    bool psk;
    struct sg_fingerprint fingerprint; /* of a certificate */
};

struct revocation {
    struct known *known;
    const char *endpoint, *who, *from;
    enum sg_reason reason;
    struct sg_device device;
    struct victim *victims;
    size_t n, n_psks;
    const struct victim *newest; /* certificate; NULL: there is none */
    struct sg_error *err;
};

static int add(struct revocation *r, const struct victim *v)
{
    struct victim *more = reallocarray(r->victims, r->n + 1, sizeof *more);

    if (more == NULL)
        return sg_fail(r->err, SG_ENOMEM, "out of memory");
    r->victims = more;
    more[r->n++] = *v;
    return 0;
}

static int take_cert(void *user, const struct sg_cert_row *row)
{
    const struct victim v = {.number = row->number, .fingerprint = row->facts.fingerprint};

    return row->state == SG_CERT_REVOKED ? 0 : add(user, &v);
}

static int take_psk(void *user, const struct sg_psk_row *row)
{
    const struct victim v = {.number = row->number, .psk = true};

    if (row->state != SG_CERT_ISSUED && row->state != SG_CERT_ACTIVE)
        return 0; /* its key is erased */
    return add(user, &v);
}

/* Which identities there are, and their end, in one transaction: none is added in between. */
static int revoke_all(struct sg_store *store, struct revocation *r, int64_t now)
{
    char who[64];

    int rc = sg_store_find_device(store, r->endpoint, &r->device, r->err);
    if (rc == 0)
        rc = sg_store_each_cert(store, SG_CERT_DEVICE, r->device.number, take_cert, r, r->err);
    if (rc == 0)
        rc = sg_store_each_psk(store, r->device.number, take_psk, r, r->err);
    if (rc == 0 && r->n == 0)
        rc = sg_fail(r->err, SG_ESTATE, "%s has no identity that could be revoked: %s", r->endpoint,
                     r->device.state == SG_DEVICE_REVOKED ? "it is revoked already" : "it is not enrolled yet");
    (void)snprintf(who, sizeof who, "%s (%s)", r->who, r->from); /* the store itself writes "local" as the origin */
    for (size_t i = 0; rc == 0 && i < r->n; i++) {
        const struct victim *v = &r->victims[i];
        rc = v->psk ? sg_store_revoke_psk(store, v->number, r->reason, now, who, r->err)
                    : sg_store_revoke_cert(store, v->number, r->reason, now, who, r->err);
        r->n_psks += v->psk;
        r->newest = v->psk ? r->newest : v;
    }
    return rc;
}

/* On the writer's thread. */
static int make_durable(struct sg_store *store, void *arg, struct sg_error *err)
{
    struct revocation *r = arg;
    struct known_cert ignored;

    int rc = sg_store_begin(store, err);
    if (rc < 0)
        return rc;
    rc = revoke_all(store, r, sg_server_wall());
    if (rc == 0)
        rc = sg_store_commit(store, err);
    if (rc != 0)
        sg_store_rollback(store);
    for (size_t i = 0; rc == 0 && i < r->n; i++) { /* from here on no handshake succeeds */
        const struct victim *v = &r->victims[i];
        (void)(v->psk ? sg_server_known_lookup_psk(r->known, store, NULL, (uint64_t)v->number, &ignored)
                      : sg_server_known_lookup(r->known, store, &v->fingerprint, &ignored));
    }
    return rc;
}

/* ------------------------------------------------------------------------------------------------------- workers */

struct shutting {
    struct job job; /* first */
    struct waiter waiter;
    const char *endpoint;
    struct dropped dropped;
};

static void run_drop(struct worker *w, struct job *job)
{
    struct shutting *x = (struct shutting *)job;

    x->dropped = sg_server_shut_out(w, x->endpoint, SG_ALERT_ACCESS_DENIED);
    sg_server_wake(&x->waiter);
}

int sg_server_revoke(struct sg_server *s, const char *endpoint, enum sg_reason reason, const char *who,
                     const char *from, struct sg_server_revoked *out, struct sg_error *err)
{
    struct revocation r = {
        .known = s->known, .endpoint = endpoint, .who = who, .from = from, .reason = reason, .err = err};
    uint64_t begun = sg_server_now();
    struct sg_server_device live;
    char took[24];

    bool there = sg_server_device(s, endpoint, &live) == 0;
    int rc = sg_server_writer_call(s->writer, make_durable, &r, err);
    memset(out, 0, sizeof *out);
    out->certificates = (unsigned)(r.n - r.n_psks);
    out->psks = (unsigned)r.n_psks;
    if (r.newest != NULL)
        sg_fingerprint_text(&r.newest->fingerprint, out->fingerprint);
    free(r.victims);
    if (rc < 0)
        return rc;
    for (unsigned i = 0; i < s->config.workers; i++) {
        struct shutting x = {.job.run = run_drop, .waiter = WAITER_INIT, .endpoint = endpoint};
        sg_server_post(&s->workers[i], &x.job);
        sg_server_wait(&x.waiter);
        out->associations += x.dropped.associations;
        out->registrations += x.dropped.registrations;
        out->workers++;
    }
    /* A worker may have seen the inventory change by itself, and have ended them before it was told. */
    if (there && live.connected && out->associations == 0)
        out->associations = 1;
    if (there && live.registered && out->registrations == 0)
        out->registrations = 1;
    out->took_ms = (uint32_t)(sg_server_now() - begun);
    (void)snprintf(took, sizeof took, "%u", out->took_ms);
    SG_LOG(SG_LOG_WARNING, "revoked", "endpoint", endpoint, "certificate",
           out->certificates > 0 ? out->fingerprint : "none: pre-shared key", "reason", sg_reason_name(reason), "who",
           who, "from", from, "ms", took);
    return 0;
}
