/* SPDX-License-Identifier: Apache-2.0 */
/* Ends what waits for devices, for a stop that waits for those who asked. */
#include "server/server_internal.h"

struct parting {
    struct job job; /* first: the worker gives back this pointer */
    struct waiter waiter;
};

static void run_hang_up(struct worker *w, struct job *job)
{
    struct parting *p = (struct parting *)job;

    for (uint32_t i = 0; i < w->desk.count; i++) {
        struct row *r = &w->desk.rows[i];
        if (atomic_load_explicit(&r->state, memory_order_relaxed) == ROW_LIVE)
            sg_server_ask_end_all(&w->desk, r, SG_ECLOSED);
    }
    sg_server_wake(&p->waiter);
}

void sg_server_hang_up(struct sg_server *s)
{
    for (unsigned i = 0; i < s->config.workers; i++) {
        struct parting p = {.job.run = run_hang_up, .waiter = WAITER_INIT};
        sg_server_post(&s->workers[i], &p.job);
        sg_server_wait(&p.waiter);
    }
}
