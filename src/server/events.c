/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to a worker's devices, told: to the desk, the log, the audit log, the inventory, the counts. */
#include "server/server_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void count(_Atomic uint64_t *n)
{
    atomic_fetch_add_explicit(n, 1, memory_order_relaxed);
}

/* --------------------------------------------------------------------------------------------------- associations */

static void tell_shut_out(struct worker *w, const char *endpoint, const char *addr, const char *reason)
{
    SG_LOG(SG_LOG_WARNING, "shut-out", "endpoint", endpoint, "address", addr, "reason", reason);
    sg_server_writer_audit(w->server->writer, "signetd", addr, "shut-out", endpoint, reason);
}

static void connected(struct worker *w, const struct sg_dtls_event *e)
{
    struct known_cert c;
    struct sg_dtls_verdict verdict;
    struct sg_dtls_info info;
    char addr[SG_ADDR_TEXT], fingerprint[SG_FINGERPRINT_TEXT];

    sg_addr_text(&e->addr, addr);
    if (!sg_server_known_get(w->server->known, e->identity, &c)) {
        /* `verify` had it: the inventory was read anew between the two. The device's next handshake succeeds. */
        (void)sg_dtls_close(w->dtls, e->id, SG_ALERT_INTERNAL_ERROR, w->desk.now);
        return;
    }
    if (!sg_server_judge(&c, w->desk.wall, &verdict)) { /* revoked since its certificate came in */
        (void)sg_dtls_close(w->dtls, e->id, SG_ALERT_ACCESS_DENIED, w->desk.now);
        tell_shut_out(w, c.endpoint, addr, verdict.reason);
        return;
    }
    struct caller caller = {.cert = c.cert, .device = c.device, .fingerprint = c.fingerprint};
    memcpy(caller.endpoint, c.endpoint, sizeof caller.endpoint);
    if (sg_server_desk_connected(&w->desk, &caller, e->id, e->resumed) < 0) {
        (void)sg_dtls_close(w->dtls, e->id, SG_ALERT_INTERNAL_ERROR, w->desk.now);
        SG_LOG(SG_LOG_ERROR, "full", "endpoint", c.endpoint, "address", addr, "reason",
               "this worker holds as many devices as server.max_devices or the room in run_dir allows", "cure",
               "raise what is short and start again");
        return;
    }
    count(&w->counts.handshakes);
    if (e->resumed)
        count(&w->counts.resumed);
    bool has_info = sg_dtls_info(w->dtls, e->id, &info);
    bool psk = (c.cert & PSK_NUMBER) != 0;
    sg_fingerprint_text(&c.fingerprint, fingerprint);
    SG_LOG(SG_LOG_INFO, "connected", "endpoint", c.endpoint, "address", addr, psk ? "identity" : "certificate",
           !psk                                              ? fingerprint
           : has_info && sg_suite_forward_secret(info.suite) ? "PSK"
                                                             : "PSK (no forward secrecy)",
           "suite", has_info ? sg_suite_name(info.suite) : "", "cid", has_info && info.cid_in_len > 0 ? "yes" : "no",
           "handshake", e->resumed ? "resumed" : "full");
    sg_server_seize(w, sg_server_desk_of(&w->desk, e->id));
}

/* Whom a refusal is about: who a certificate or the name of a pre-shared key claims to be, else an address. */
static void subject_of(struct worker *w, const struct sg_dtls_event *e, char subject[128])
{
    struct known_cert c;

    sg_addr_text(&e->addr, subject);
    if (e->alert_from_peer)
        return;
    if (sg_addr_eq(&e->addr, &w->refused.addr) && w->refused.subject[0] != '\0')
        memcpy(subject, w->refused.subject, sizeof w->refused.subject);
    else if ((e->identity & PSK_NUMBER) && sg_server_known_get(w->server->known, e->identity, &c))
        memcpy(subject, c.endpoint, sizeof c.endpoint);
}

/* A handshake that failed: a decision about trust where we or the peer said so, noise of the network otherwise. */
static void refused(struct worker *w, const struct sg_dtls_event *e)
{
    char addr[SG_ADDR_TEXT], detail[600], subject[128];
    const char *cure =
        "set `psk: true` below `server:` in signet.yaml to take pre-shared keys; an nRF91 has no forward "
        "secrecy with them";

    sg_addr_text(&e->addr, addr);
    if (e->alert < 0) {
        SG_LOG(SG_LOG_INFO, "handshake-ended", "address", addr, "reason", e->reason);
        return;
    }
    subject_of(w, e, subject);
    count(&w->counts.refused);
    SG_LOG(SG_LOG_WARNING, "refused", "address", addr, "subject", subject, "alert", sg_alert_name(e->alert), "by",
           e->alert_from_peer ? "peer" : "server", "reason", e->reason, e->wants_psk ? "cure" : NULL, cure);
    (void)snprintf(detail, sizeof detail, "%s%s%s (alert %s, sent by %s)", e->reason, e->wants_psk ? ". Cure: " : "",
                   e->wants_psk ? cure : "", sg_alert_name(e->alert), e->alert_from_peer ? "the peer" : "this server");
    if (sg_server_refusal_is_written(w, &e->addr))
        sg_server_writer_audit(w->server->writer, "signetd", addr, "refused", subject, detail);
    w->refused.subject[0] = '\0';
}

static void closed(struct worker *w, const struct sg_dtls_event *e)
{
    const struct row *r = sg_server_desk_of(&w->desk, e->id);
    char addr[SG_ADDR_TEXT];

    if (r == NULL)
        return;
    SG_LOG(SG_LOG_INFO, "disconnected", "endpoint", r->endpoint, "address", sg_addr_text(&e->addr, addr), "alert",
           e->alert < 0 ? "none" : sg_alert_name(e->alert), "by", e->alert_from_peer ? "peer" : "server", "reason",
           e->reason);
    sg_server_desk_closed(&w->desk, e->id);
}

static void moved(struct worker *w, const struct sg_dtls_event *e)
{
    const struct row *r = sg_server_desk_of(&w->desk, e->id);
    char addr[SG_ADDR_TEXT];

    count(&w->counts.moved);
    if (r != NULL)
        SG_LOG(SG_LOG_INFO, "moved", "endpoint", r->endpoint, "address", sg_addr_text(&e->addr, addr));
}

void sg_server_dtls_event(void *user, const struct sg_dtls_event *e)
{
    struct worker *w = user;

    switch (e->what) {
    case SG_DTLS_CONNECTED:
        connected(w, e);
        break;
    case SG_DTLS_DATA:
        sg_server_desk_input(&w->desk, e->id, e->data);
        break;
    case SG_DTLS_MOVED:
        moved(w, e);
        break;
    case SG_DTLS_CLOSED:
        closed(w, e);
        break;
    case SG_DTLS_REFUSED:
        refused(w, e);
        break;
    }
}

/* --------------------------------------------------------------------------------------------------- registrations */

static void address_of(struct worker *w, const struct row *r, char text[SG_ADDR_TEXT])
{
    struct sg_dtls_info info;

    text[0] = '\0';
    if (r->assoc != 0 && sg_dtls_info(w->dtls, r->assoc, &info))
        sg_addr_text(&info.addr, text);
}

static void write_registration(struct worker *w, const struct row *r)
{
    struct sg_registration_row row = {.device = r->device,
                                      .active = r->registered != 0,
                                      .registered = r->registered_at,
                                      .updated = r->updated_at,
                                      .lifetime = r->lifetime};

    memcpy(row.version, r->version, sizeof row.version);
    memcpy(row.binding, r->binding, sizeof row.binding);
    memcpy(row.objects, r->objects, sizeof row.objects);
    address_of(w, r, row.address);
    sg_server_writer_registration(w->server->writer, &row);
}

void sg_server_desk_event(void *user, const struct desk_event *e)
{
    struct worker *w = user;
    const struct row *r = e->row;
    struct sg_dtls_info info;
    char addr[SG_ADDR_TEXT], lifetime[16], detail[600];

    address_of(w, r, addr);
    (void)snprintf(lifetime, sizeof lifetime, "%u", r->lifetime);
    switch (e->what) {
    case DESK_REGISTERED:
        count(&w->counts.registrations);
        SG_LOG(SG_LOG_INFO, "registered", "endpoint", r->endpoint, "address", addr, "location", r->location, "lifetime",
               lifetime, "version", r->version, "binding", r->binding, "objects", r->objects);
        break;
    case DESK_UPDATED:
        count(&w->counts.updates);
        SG_LOG(SG_LOG_INFO, "updated", "endpoint", r->endpoint, "address", addr, "lifetime", lifetime);
        break;
    case DESK_DEREGISTERED:
        SG_LOG(SG_LOG_INFO, "deregistered", "endpoint", r->endpoint, "address", addr);
        break;
    case DESK_EXPIRED:
        SG_LOG(SG_LOG_WARNING, "expired", "endpoint", r->endpoint, "lifetime", lifetime, "reason",
               "no update came within the lifetime of its registration");
        break;
    case DESK_REFUSED:
        count(&w->counts.refused);
        SG_LOG(SG_LOG_WARNING, "refused", "address", addr, "endpoint", r->endpoint, "reason", e->reason, "cure",
               e->cure);
        (void)snprintf(detail, sizeof detail, "%s. Cure: %s", e->reason, e->cure);
        if (!sg_dtls_info(w->dtls, r->assoc, &info) || sg_server_refusal_is_written(w, &info.addr))
            sg_server_writer_audit(w->server->writer, "signetd", addr, "refused", r->endpoint, detail);
        return;
    }
    write_registration(w, r);
}

/* ------------------------------------------------------------------------------------------- between the workers */

/* "The device has connected to me: let go, and give me its registration if you have one." */
struct seizure {
    struct job job;
    struct worker *to;
    struct row row; /* there: what connected; back: the registration */
};

static void take_over(struct worker *w, struct job *job)
{
    struct seizure *s = (struct seizure *)job;

    sg_server_desk_carry(&w->desk, &s->row);
    free(s);
}

static void let_go(struct worker *w, struct job *job)
{
    struct seizure *s = (struct seizure *)job;
    const struct row *r = sg_server_desk_find(&w->desk, s->row.endpoint);
    bool newer_here = r != NULL && r->assoc != 0 &&
                      (r->since > s->row.since || (r->since == s->row.since && w->number < s->to->number));

    if (r == NULL || newer_here) {
        free(s);
        return;
    }
    s->row = *r;
    (void)sg_server_desk_drop(&w->desk, s->row.endpoint, SG_ALERT_CLOSE_NOTIFY);
    s->job.run = take_over;
    sg_server_post(s->to, &s->job);
}

void sg_server_seize(struct worker *w, const struct row *r)
{
    for (unsigned i = 0; i < w->server->config.workers; i++) {
        if (i == w->number)
            continue;
        struct seizure *s = calloc(1, sizeof *s);
        if (s == NULL)
            continue;
        s->job.run = let_go;
        s->to = w;
        s->row = *r;
        sg_server_post(&w->server->workers[i], &s->job);
    }
}

/* ----------------------------------------------------------------------------------------------- held against */

static bool may_stay(struct worker *w, const struct row *r, struct sg_dtls_verdict *v)
{
    struct known_cert c;
    struct known *known = w->server->known;
    bool psk = (r->cert & PSK_NUMBER) != 0;

    bool found =
        sg_server_known_get(known, r->cert, &c) || (psk ? sg_server_known_lookup_psk(known, w->store, NULL, r->cert, &c)
                                                        : sg_server_known_lookup(known, w->store, &r->fingerprint, &c));
    /* In an inventory that was restored from a backup, the number may be another device's. */
    if (!found || memcmp(&c.fingerprint, &r->fingerprint, sizeof c.fingerprint) != 0) {
        v->alert = SG_ALERT_CERTIFICATE_UNKNOWN;
        (void)snprintf(v->reason, sizeof v->reason, "its %s is not in the inventory any more",
                       psk ? "pre-shared key" : "certificate");
        return false;
    }
    return sg_server_judge(&c, w->desk.wall, v);
}

struct dropped sg_server_shut_out(struct worker *w, const char *endpoint, int alert)
{
    const struct row *r = sg_server_desk_find(&w->desk, endpoint);

    if (r != NULL && r->registered) {
        struct row gone = *r;
        gone.registered = 0;
        write_registration(w, &gone);
    }
    return sg_server_desk_drop(&w->desk, endpoint, alert);
}

void sg_server_recheck(struct worker *w)
{
    struct sg_dtls_verdict v;

    sg_server_refusals_tell(w, false);
    for (uint32_t i = 0; i < *w->desk.used; i++) {
        const struct row *r = &w->desk.rows[i];
        char endpoint[sizeof r->endpoint], addr[SG_ADDR_TEXT];

        if (atomic_load_explicit(&w->desk.rows[i].state, memory_order_relaxed) != ROW_LIVE || may_stay(w, r, &v))
            continue;
        memcpy(endpoint, r->endpoint, sizeof endpoint);
        address_of(w, r, addr);
        (void)sg_server_shut_out(w, endpoint,
                                 v.alert == SG_ALERT_CERTIFICATE_REVOKED ? SG_ALERT_ACCESS_DENIED : v.alert);
        tell_shut_out(w, endpoint, addr, v.reason);
    }
}
