/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines of rows, earliest first: a binary heap that knows where each row stands. */
#include "server/desk.h"

#include <stdlib.h>

bool sg_server_timers_init(struct timers *t, uint32_t rows)
{
    t->heap = calloc(rows, sizeof *t->heap);
    t->place = calloc(rows, sizeof *t->place);
    t->n = 0;
    return t->heap != NULL && t->place != NULL;
}

void sg_server_timers_free(struct timers *t)
{
    free(t->heap);
    free(t->place);
}

static void put(struct timers *t, uint32_t at, struct timer timer)
{
    t->heap[at] = timer;
    t->place[timer.row] = at + 1;
}

static void rise(struct timers *t, uint32_t at, struct timer timer)
{
    while (at > 0 && timer.at < t->heap[(at - 1) / 2].at) {
        put(t, at, t->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(t, at, timer);
}

static void sink(struct timers *t, uint32_t at, struct timer timer)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= t->n)
            break;
        if (child + 1 < t->n && t->heap[child + 1].at < t->heap[child].at)
            child++;
        if (timer.at <= t->heap[child].at)
            break;
        put(t, at, t->heap[child]);
        at = child;
    }
    put(t, at, timer);
}

static void take_out(struct timers *t, uint32_t at)
{
    struct timer last = t->heap[--t->n];

    t->place[t->heap[at].row] = 0;
    if (at == t->n)
        return;
    if (at > 0 && last.at < t->heap[(at - 1) / 2].at)
        rise(t, at, last);
    else
        sink(t, at, last);
}

void sg_server_timers_set(struct timers *t, uint32_t row, uint64_t at)
{
    uint32_t place = t->place[row];

    if (place > 0 && t->heap[place - 1].at == at)
        return;
    if (place > 0)
        take_out(t, place - 1);
    if (at != UINT64_MAX)
        rise(t, t->n++, (struct timer){at, row});
}

uint64_t sg_server_timers_first(const struct timers *t, uint32_t *row)
{
    if (t->n == 0)
        return UINT64_MAX;
    *row = t->heap[0].row;
    return t->heap[0].at;
}
