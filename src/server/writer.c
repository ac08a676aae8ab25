/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thread that writes to the inventory: everything that has gathered goes into one transaction. Four times a
 * second it looks whether another process has written, and reads anew who is known.
 */
#include "server/server_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    QUEUE_MAX = 8192,                  /* entries that wait; about 10 MB at the most */
    REGISTRATIONS_MAX = QUEUE_MAX / 2, /* so that a device that registers over and over drives out no audit entry */
    LOOK_MS = 250,
    TRIES = 20, /* of a transaction while another process holds the inventory, a quarter of a second apart */
};

struct entry {
    struct entry *next;
    enum { ENTRY_AUDIT, ENTRY_REGISTRATION, ENTRY_CALL } kind;
    union {
        struct sg_audit_entry audit;
        struct sg_registration_row registration;
        struct call *call;
    } as;
};

struct call {
    struct waiter waiter;
    int (*fn)(struct sg_store *store, void *arg, struct sg_error *err);
    void *arg;
    struct sg_error *err;
    int rc;
};

struct writer {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct entry *first, **end;
    unsigned waiting;
    uint64_t lost;
    bool stop, watching;
    struct sg_store *store;
    struct known *known;
    void (*changed)(void *user);
    void *user;
};

/* -------------------------------------------------------------------------------------------------------- giving */

static void give(struct writer *w, struct entry *e)
{
    e->next = NULL;
    pthread_mutex_lock(&w->mutex);
    unsigned most = e->kind == ENTRY_REGISTRATION ? REGISTRATIONS_MAX : QUEUE_MAX;
    if (w->waiting >= most && e->kind != ENTRY_CALL) {
        w->lost++;
        pthread_mutex_unlock(&w->mutex);
        free(e);
        return;
    }
    *w->end = e;
    w->end = &e->next;
    w->waiting++;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->mutex);
}

/* Strangers choose some of these texts: whoever reads them on a terminal must not be spoken to by it. */
static void copy(char *out, size_t cap, const char *text)
{
    (void)snprintf(out, cap, "%s", text != NULL ? text : "");
    for (; *out != '\0'; out++) {
        if ((unsigned char)*out < ' ' || *out == 0x7f)
            *out = '?';
    }
}

void sg_server_writer_audit(struct writer *w, const char *who, const char *from, const char *what, const char *subject,
                            const char *detail)
{
    struct entry *e = calloc(1, sizeof *e);

    if (e == NULL)
        return;
    e->kind = ENTRY_AUDIT;
    struct sg_audit_entry *a = &e->as.audit;
    a->when = sg_server_wall();
    copy(a->who, sizeof a->who, who);
    copy(a->from, sizeof a->from, from);
    copy(a->what, sizeof a->what, what);
    copy(a->subject, sizeof a->subject, subject);
    copy(a->detail, sizeof a->detail, detail);
    give(w, e);
}

void sg_server_writer_registration(struct writer *w, const struct sg_registration_row *r)
{
    struct entry *e = calloc(1, sizeof *e);

    if (e == NULL)
        return;
    e->kind = ENTRY_REGISTRATION;
    e->as.registration = *r;
    give(w, e);
}

int sg_server_writer_call(struct writer *w, int (*fn)(struct sg_store *store, void *arg, struct sg_error *err),
                          void *arg, struct sg_error *err)
{
    struct call call = {.waiter = WAITER_INIT, .fn = fn, .arg = arg, .err = err};
    struct entry *e = calloc(1, sizeof *e);

    if (e == NULL)
        return sg_fail(err, SG_ENOMEM, "out of memory");
    e->kind = ENTRY_CALL;
    e->as.call = &call;
    give(w, e);
    sg_server_wait(&call.waiter);
    return call.rc;
}

/* ------------------------------------------------------------------------------------------------------- writing */

static int write_all(struct sg_store *store, struct entry *list, struct sg_error *err)
{
    int rc = sg_store_begin(store, err);

    for (struct entry *e = list; rc == 0 && e != NULL; e = e->next) {
        if (e->kind == ENTRY_AUDIT)
            rc = sg_store_audit(store, &e->as.audit, err);
        else
            rc = sg_store_put_registration(store, &e->as.registration, err);
    }
    if (rc == 0)
        rc = sg_store_commit(store, err);
    if (rc != 0)
        sg_store_rollback(store);
    return rc;
}

static void sleep_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* What cannot be written is at least in the log. */
static void tell_lost(const struct entry *list, const char *why)
{
    SG_LOG(SG_LOG_ERROR, "inventory-write-failed", "reason", why);
    for (const struct entry *e = list; e != NULL; e = e->next) {
        if (e->kind == ENTRY_AUDIT)
            SG_LOG(SG_LOG_ERROR, "audit-entry-not-written", "what", e->as.audit.what, "subject", e->as.audit.subject,
                   "detail", e->as.audit.detail);
    }
}

/* A list without calls, in one transaction; singly, where one of them does not go. */
static void write_list(struct writer *w, struct entry *list)
{
    struct sg_error err = {0};
    int rc = list == NULL ? 0 : write_all(w->store, list, &err);

    for (int i = 1; rc == SG_EBUSY && i < TRIES; i++) {
        sleep_ms(LOOK_MS);
        rc = write_all(w->store, list, &err);
    }
    bool single = list != NULL && list->next == NULL;
    if (rc != 0 && (single || rc == SG_EBUSY))
        tell_lost(list, err.text);
    while (list != NULL) {
        struct entry *next = list->next;
        list->next = NULL;
        if (rc != 0 && rc != SG_EBUSY && !single && write_all(w->store, list, &err) != 0)
            tell_lost(list, err.text);
        free(list);
        list = next;
    }
}

static void run_call(struct writer *w, struct entry *e)
{
    struct call *c = e->as.call;

    free(e);
    c->rc = c->fn(w->store, c->arg, c->err);
    sg_server_wake(&c->waiter);
}

/* In order: what was given before a call is written before it. */
static void write_batch(struct writer *w, struct entry *list)
{
    while (list != NULL) {
        struct entry *head = list, **link = &list;
        while (*link != NULL && (*link)->kind != ENTRY_CALL)
            link = &(*link)->next;
        struct entry *call = *link;
        *link = NULL;
        if (call == head)
            head = NULL;
        write_list(w, head);
        list = call != NULL ? call->next : NULL;
        if (call != NULL)
            run_call(w, call);
    }
}

/* -------------------------------------------------------------------------------------------------------- thread */

static void tell_overflow(struct writer *w, uint64_t lost)
{
    char detail[120];

    (void)snprintf(detail, sizeof detail,
                   "%llu entries were not written: they came faster than the inventory takes them",
                   (unsigned long long)lost);
    SG_LOG(SG_LOG_ERROR, "audit-overflow", "detail", detail);
    sg_server_writer_audit(w, "signetd", "local", "overflow", "", detail);
}

static void look(struct writer *w)
{
    struct sg_error err = {0};

    if (!sg_store_changed(w->store))
        return;
    if (sg_server_known_load(w->known, w->store, &err) < 0)
        SG_LOG(SG_LOG_ERROR, "inventory-read-failed", "reason", err.text, "consequence",
               "what was known before stays in force");
    else
        w->changed(w->user);
}

/* The next gathering, or NULL after LOOK_MS. */
static struct entry *gather(struct writer *w, bool *stop, bool *watching, uint64_t *lost)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&w->mutex);
    while (w->first == NULL && !w->stop && pthread_cond_timedwait(&w->cond, &w->mutex, &until) == 0)
        ;
    struct entry *list = w->first;
    w->first = NULL;
    w->end = &w->first;
    w->waiting = 0;
    *stop = w->stop;
    *watching = w->watching;
    *lost = w->lost;
    w->lost = 0;
    pthread_mutex_unlock(&w->mutex);
    return list;
}

static void *run(void *arg)
{
    struct writer *w = arg;
    uint64_t looked = sg_server_now(), lost;
    bool stop = false, watching;

    while (!stop) {
        struct entry *list = gather(w, &stop, &watching, &lost);
        stop = stop && list == NULL && lost == 0;
        write_batch(w, list);
        if (lost > 0)
            tell_overflow(w, lost);
        if (watching && sg_server_now() - looked >= LOOK_MS) {
            look(w);
            looked = sg_server_now();
        }
    }
    return NULL;
}

static void init_cond(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

struct writer *sg_server_writer_start(const char *inventory, struct known *known, void (*changed)(void *user),
                                      void *user, struct sg_error *err)
{
    struct writer *w = calloc(1, sizeof *w);

    if (w == NULL) {
        sg_fail(err, SG_ENOMEM, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&w->mutex, NULL);
    init_cond(&w->cond);
    w->end = &w->first;
    w->known = known;
    w->changed = changed;
    w->user = user;
    w->store = sg_store_open(inventory, err);
    if (w->store != NULL) {
        (void)sg_store_changed(w->store); /* from here on */
        if (sg_store_check(w->store, err) == 0 && sg_server_known_load(known, w->store, err) == 0) {
            int e = pthread_create(&w->thread, NULL, run, w);
            if (e == 0)
                return w;
            sg_fail(err, SG_EIO, "starting the writer's thread: %s", strerror(e));
        }
        sg_store_close(w->store);
    }
    pthread_cond_destroy(&w->cond);
    pthread_mutex_destroy(&w->mutex);
    free(w);
    return NULL;
}

static int do_nothing(struct sg_store *store, void *arg, struct sg_error *err)
{
    (void)store, (void)arg, (void)err;
    return 0;
}

void sg_server_writer_watch(struct writer *w, bool watching)
{
    pthread_mutex_lock(&w->mutex);
    w->watching = watching;
    pthread_mutex_unlock(&w->mutex);
    (void)sg_server_writer_call(w, do_nothing, NULL, NULL); /* one that had begun to look is through with it */
}

void sg_server_writer_stop(struct writer *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->mutex);
    w->stop = true;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    sg_store_close(w->store);
    pthread_cond_destroy(&w->cond);
    pthread_mutex_destroy(&w->mutex);
    free(w);
}
