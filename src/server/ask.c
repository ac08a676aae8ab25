/* SPDX-License-Identifier: Apache-2.0 */
/* What other threads ask of the workers: each question is a job that a worker runs while its asker waits. */
#include "server/server_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs a job on a worker's thread and waits until it says that it is done. */
struct question {
    struct job job; /* first: the worker gives back this pointer */
    struct waiter waiter;
    const char *endpoint;
    int rc;
    void *data;
};

static void pose(struct worker *w, struct question *q, void (*run)(struct worker *w, struct job *job))
{
    q->waiter = (struct waiter)WAITER_INIT;
    q->job.run = run;
    sg_server_post(w, &q->job);
    sg_server_wait(&q->waiter);
}

/* Of each worker in turn, until one has something to do with that device. */
static int pose_to_all(struct sg_server *s, struct question *q, void (*run)(struct worker *w, struct job *job))
{
    q->rc = SG_ENOTFOUND;
    for (unsigned i = 0; i < s->config.workers && q->rc == SG_ENOTFOUND; i++)
        pose(&s->workers[i], q, run);
    return q->rc;
}

static void answer(struct question *q, int rc)
{
    q->rc = rc;
    sg_server_wake(&q->waiter);
}

/* -------------------------------------------------------------------------------------------------- what is there */

static void describe(struct worker *w, const struct row *r, struct sg_server_device *out)
{
    struct sg_dtls_info info;

    memset(out, 0, sizeof *out);
    memcpy(out->endpoint, r->endpoint, sizeof out->endpoint);
    if (r->assoc != 0 && sg_dtls_info(w->dtls, r->assoc, &info)) {
        out->connected = true;
        out->cid = info.cid_in_len > 0;
        out->suite = info.suite;
        out->forward_secret = sg_suite_forward_secret(info.suite);
        out->addr = info.addr;
    }
    out->resumed = r->resumed;
    out->cert = r->fingerprint;
    out->psk = (r->cert & PSK_NUMBER) != 0;
    out->connected_at = r->connected_at;
    out->heard_at = r->heard_at;
    out->registered = r->registered;
    if (!r->registered)
        return;
    out->registered_at = r->registered_at;
    out->lifetime = r->lifetime;
    memcpy(out->version, r->version, sizeof out->version);
    memcpy(out->binding, r->binding, sizeof out->binding);
    memcpy(out->location, r->location, sizeof out->location);
    memcpy(out->objects, r->objects, sizeof out->objects);
}

static void run_device(struct worker *w, struct job *job)
{
    struct question *q = (struct question *)job;
    const struct row *r = sg_server_desk_find(&w->desk, q->endpoint);

    if (r != NULL)
        describe(w, r, q->data);
    answer(q, r != NULL ? 0 : SG_ENOTFOUND);
}

int sg_server_device(struct sg_server *s, const char *endpoint, struct sg_server_device *out)
{
    struct question q = {.endpoint = endpoint, .data = out};
    return pose_to_all(s, &q, run_device);
}

/* A stretch of a worker's rows: no worker is held up by a long list, and nothing is called on its thread. */
struct stretch {
    uint32_t from;
    bool more;
    size_t n;
    struct sg_server_device devices[32];
};

static void run_stretch(struct worker *w, struct job *job)
{
    struct question *q = (struct question *)job;
    struct stretch *x = q->data;
    const size_t most = sizeof x->devices / sizeof x->devices[0];

    for (x->n = 0; x->n < most && x->from < *w->desk.used; x->from++) {
        const struct row *r = &w->desk.rows[x->from];
        if (r->endpoint[0] != '\0' && (r->assoc != 0 || r->registered))
            describe(w, r, &x->devices[x->n++]);
    }
    x->more = x->from < *w->desk.used;
    answer(q, 0);
}

int sg_server_each_device(struct sg_server *s, int (*fn)(void *user, const struct sg_server_device *d), void *user)
{
    struct stretch *x = malloc(sizeof *x);
    struct question q = {.data = x};
    int rc = 0;

    if (x == NULL)
        return SG_ENOMEM;
    for (unsigned i = 0; rc == 0 && i < s->config.workers; i++) {
        x->from = 0;
        do {
            pose(&s->workers[i], &q, run_stretch);
            for (size_t k = 0; rc == 0 && k < x->n; k++)
                rc = fn(user, &x->devices[k]);
        } while (rc == 0 && x->more);
    }
    free(x);
    return rc;
}

/* --------------------------------------------------------------------------------------------------- why not there */

struct absence {
    const char *endpoint;
    bool connected;
    char text[400];
};

static int explain(struct sg_store *store, void *arg, struct sg_error *err)
{
    struct absence *a = arg;
    struct sg_device d;
    struct sg_registration_row r;
    struct sg_error ignored = {0};

    (void)err;
    if (sg_store_find_device(store, a->endpoint, &d, &ignored) < 0)
        (void)snprintf(a->text, sizeof a->text,
                       "there is no device \"%.128s\" in the inventory: `signet devices` lists them", a->endpoint);
    else if (d.state != SG_DEVICE_ENROLLED)
        (void)snprintf(a->text, sizeof a->text, "%s is %s, so it cannot be reached", d.endpoint,
                       sg_device_state_name(d.state));
    else if (a->connected)
        (void)snprintf(a->text, sizeof a->text, "%s is connected and has not registered yet", d.endpoint);
    else if (sg_store_get_registration(store, d.number, &r, &ignored) < 0)
        (void)snprintf(a->text, sizeof a->text, "%s is enrolled and has never registered here", d.endpoint);
    else
        (void)snprintf(a->text, sizeof a->text, "%s is not registered now; it was last heard %lld s ago from %s",
                       d.endpoint, (long long)(sg_server_wall() - r.updated), r.address);
    return 0;
}

static int fail_absent(struct sg_server *s, const char *endpoint, struct sg_error *err)
{
    struct sg_server_device live;
    struct absence a = {.endpoint = endpoint};

    a.connected = sg_server_device(s, endpoint, &live) == 0 && live.connected;
    if (sg_server_writer_call(s->writer, explain, &a, NULL) < 0)
        a.text[0] = '\0';
    return sg_fail(err, SG_ENOTFOUND, "%s", a.text);
}

static int fail_with(int rc, const char *endpoint, struct sg_error *err)
{
    switch (rc) {
    case SG_ETIMEOUT:
        return sg_fail(err, rc, "%s did not answer in time", endpoint);
    case SG_ECLOSED:
        return sg_fail(err, rc, "%s has no live association: it went away or was shut out", endpoint);
    case SG_EIO:
        return sg_fail(err, rc, "%s rejected the message (CoAP Reset)", endpoint);
    case SG_ENOSPC:
        return sg_fail(err, rc, "the request to %s or its answer is longer than one datagram, or than the space for it",
                       endpoint);
    case SG_EFORMAT:
        return sg_fail(err, rc, "%s answered with something that breaks CoAP's rules", endpoint);
    case SG_ENOMEM:
        return sg_fail(err, rc, "out of memory");
    default:
        return rc;
    }
}

/* --------------------------------------------------------------------------------------------------------- requests */

struct exchange {
    struct question question; /* first */
    struct ask ask;
    const struct sg_server_request *request;
    struct sg_server_reply *reply;
    uint32_t timeout_ms;
};

static void exchange_done(struct desk *d, struct ask *a, int rc, const struct sg_coap *m)
{
    struct exchange *x = a->user;
    (void)d;

    if (rc == 0 && m->payload.n > sizeof x->reply->payload)
        rc = SG_ENOSPC;
    if (rc == 0) {
        uint32_t format = sg_coap_find_uint(m, SG_COAP_OPT_CONTENT_FORMAT, UINT32_MAX);
        x->reply->code = m->code;
        x->reply->format = format <= UINT16_MAX ? (int)format : -1;
        x->reply->n = m->payload.n;
        if (m->payload.n > 0)
            memcpy(x->reply->payload, m->payload.p, m->payload.n);
    }
    answer(&x->question, rc);
}

static void run_exchange(struct worker *w, struct job *job)
{
    struct exchange *x = (struct exchange *)job;
    struct row *r = sg_server_desk_find(&w->desk, x->question.endpoint);

    if (r == NULL || !r->registered) {
        answer(&x->question, SG_ENOTFOUND);
        return;
    }
    x->ask.until = w->desk.now + x->timeout_ms;
    x->ask.done = exchange_done;
    x->ask.user = x;
    int rc = sg_server_ask_build(&w->desk, r, x->request, -1, &x->ask);
    if (rc < 0)
        answer(&x->question, rc);
    else
        sg_server_ask(&w->desk, r, &x->ask);
}

int sg_server_request(struct sg_server *s, const char *endpoint, const struct sg_server_request *request,
                      struct sg_server_reply *reply, uint32_t timeout_ms, struct sg_error *err)
{
    struct exchange x = {
        .question = {.endpoint = endpoint}, .request = request, .reply = reply, .timeout_ms = timeout_ms};

    int rc = pose_to_all(s, &x.question, run_exchange);
    if (rc == SG_ENOTFOUND)
        return fail_absent(s, endpoint, err);
    return fail_with(rc, endpoint, err);
}

/* On one worker: nobody there waits for a device any longer. */
static void run_hang_up(struct worker *w, struct job *job)
{
    for (uint32_t i = 0; i < *w->desk.used; i++)
        sg_server_ask_end_all(&w->desk, &w->desk.rows[i], SG_ECLOSED);
    answer((struct question *)job, 0);
}

void sg_server_hang_up(struct sg_server *s)
{
    struct question q = {0};

    for (unsigned i = 0; i < s->config.workers; i++)
        pose(&s->workers[i], &q, run_hang_up);
}

/* ----------------------------------------------------------------------------------------------------- observations */

struct beginning {
    struct question question; /* first */
    struct watch *watch;
    uint64_t *handle;
    uint32_t timeout_ms;
};

static void watch_begun(void *user, int rc)
{
    struct beginning *b = user;
    answer(&b->question, rc);
}

static void run_observe(struct worker *w, struct job *job)
{
    struct beginning *b = (struct beginning *)job;
    struct row *r = sg_server_desk_find(&w->desk, b->question.endpoint);
    struct watch *watch = b->watch;

    if (r == NULL || !r->registered) {
        answer(&b->question, SG_ENOTFOUND);
        return;
    }
    b->watch = NULL; /* the desk's now */
    sg_server_watch(&w->desk, r, watch, w->number, w->desk.now + b->timeout_ms, b->handle);
}

int sg_server_observe(struct sg_server *s, const char *endpoint, const struct sg_path *path,
                      void (*fn)(void *user, const struct sg_server_notification *n), void *user, uint64_t *handle,
                      uint32_t timeout_ms, struct sg_error *err)
{
    struct watch *watch = calloc(1, sizeof *watch);
    struct beginning b = {
        .question = {.endpoint = endpoint}, .watch = watch, .handle = handle, .timeout_ms = timeout_ms};

    if (watch == NULL)
        return fail_with(SG_ENOMEM, endpoint, err);
    *watch = (struct watch){.path = *path, .fn = fn, .user = user, .begun = watch_begun, .begun_user = &b};
    int rc = pose_to_all(s, &b.question, run_observe);
    free(b.watch);
    if (rc == SG_ENOTFOUND)
        return fail_absent(s, endpoint, err);
    return fail_with(rc, endpoint, err);
}

struct ending {
    struct question question; /* first */
    uint64_t handle;
};

static void run_unobserve(struct worker *w, struct job *job)
{
    struct ending *e = (struct ending *)job;

    sg_server_unwatch(&w->desk, e->handle);
    answer(&e->question, 0);
}

void sg_server_unobserve(struct sg_server *s, uint64_t handle)
{
    struct ending e = {.handle = handle};
    unsigned worker = (unsigned)(handle >> 56);

    if (worker < s->config.workers)
        pose(&s->workers[worker], &e.question, run_unobserve);
}
