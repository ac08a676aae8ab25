/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What several enrolments write at once. One transaction is open for all of them; each adds its part in its turn and
 * then waits until the whole is durable. Whoever finds nobody behind him commits for all: so a hundred boards that
 * write at one time cost one wait for the disk, and a single one waits for nobody.
 */
#include "factory/factory_internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct sg_turns {
    struct sg_store *store;
    pthread_mutex_t turn;
    pthread_cond_t committed;
    atomic_uint behind; /* those who want a turn */
    bool open;          /* a transaction, with parts that nobody has committed yet */
    uint64_t batch;     /* the number of that transaction, or of the next one */
    int failed;         /* a commit has failed: nothing is written any more */
    struct sg_error why;
};

struct sg_turns *sg_turns_new(const struct sg_store *store, struct sg_error *err)
{
    struct sg_turns *t = calloc(1, sizeof *t);
    if (t == NULL) {
        (void)sg_fail(err, SG_ENOMEM, "out of memory");
        return NULL;
    }
    t->store = sg_store_open_again(store, err);
    if (t->store == NULL) {
        free(t);
        return NULL;
    }
    (void)pthread_mutex_init(&t->turn, NULL);
    (void)pthread_cond_init(&t->committed, NULL);
    return t;
}

void sg_turns_free(struct sg_turns *t)
{
    if (t == NULL)
        return;
    sg_store_close(t->store);
    (void)pthread_mutex_destroy(&t->turn);
    (void)pthread_cond_destroy(&t->committed);
    free(t);
}

/* A commit that fails takes with it what others wrote. They are told, and so is everybody after them: what stands in
 * its way (a full disk) is not of one enrolment. */
static void commit(struct sg_turns *t)
{
    t->failed = sg_store_commit(t->store, &t->why);
    t->open = false;
    t->batch++;
    (void)pthread_cond_broadcast(&t->committed);
}

static int why_failed(const struct sg_turns *t, struct sg_error *err)
{
    *err = t->why;
    return t->failed;
}

/* Nothing more is added to the open transaction by this turn. 0, or why it is not durable; without `wait`, 0 at once.
 */
static int leave(struct sg_turns *t, bool wait, struct sg_error *err)
{
    uint64_t batch = t->batch;
    int r = 0;
    if (t->open && atomic_load(&t->behind) == 0)
        commit(t);
    while (wait && t->batch == batch)
        (void)pthread_cond_wait(&t->committed, &t->turn);
    if (wait && t->failed < 0)
        r = why_failed(t, err);
    (void)pthread_mutex_unlock(&t->turn);
    return r;
}

static int enter(struct sg_turns *t, struct sg_error *err)
{
    (void)atomic_fetch_add(&t->behind, 1);
    (void)pthread_mutex_lock(&t->turn);
    (void)atomic_fetch_sub(&t->behind, 1);
    int r = t->failed < 0 ? why_failed(t, err) : 0;
    if (r == 0 && !t->open) {
        r = sg_store_begin(t->store, err);
        t->open = r == 0;
    }
    if (r == 0)
        r = sg_store_begin_part(t->store, err);
    if (r < 0)
        (void)leave(t, false, NULL);
    return r;
}

int sg_factory_begin(struct sg_factory_run *run)
{
    struct sg_turns *t = run->e->turns;
    if (t == NULL)
        return sg_store_begin(run->store, run->err);
    int r = enter(t, run->err);
    if (r == 0)
        run->store = t->store;
    return r;
}

/* Alone: one transaction. */
static int end_alone(struct sg_factory_run *run, int r)
{
    if (r == 0)
        return sg_store_commit(run->store, run->err);
    sg_store_rollback(run->store);
    return r;
}

int sg_factory_end(struct sg_factory_run *run, int r)
{
    struct sg_turns *t = run->e->turns;
    if (t == NULL)
        return end_alone(run, r);
    run->store = run->e->store;
    int ended = sg_store_end_part(t->store, r == 0, r == 0 ? run->err : NULL);
    r = r < 0 ? r : ended;
    int durable = leave(t, r == 0, run->err);
    return r < 0 ? r : durable;
}
