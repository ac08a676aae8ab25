/* SPDX-License-Identifier: Apache-2.0 */
/* When each handshake must be looked at next: a binary heap, the earliest at the top. */
#include "dtls/dtls_internal.h"

#include <stdlib.h>

static void place(struct sg_dtls_timers *t, size_t i, struct sg_dtls_hs *hs)
{
    t->heap[i] = hs;
    hs->timer = i;
}

/* Moves `hs`, which has no place yet, up or down from the gap at i. */
static void settle(struct sg_dtls_timers *t, size_t i, struct sg_dtls_hs *hs)
{
    for (; i > 1 && t->heap[i / 2]->at > hs->at; i /= 2)
        place(t, i, t->heap[i / 2]);
    for (size_t child; (child = 2 * i) <= t->n; i = child) {
        if (child < t->n && t->heap[child + 1]->at < t->heap[child]->at)
            child++;
        if (t->heap[child]->at >= hs->at)
            break;
        place(t, i, t->heap[child]);
    }
    place(t, i, hs);
}

bool sg_dtls_timer_set(struct sg_dtls *d, struct sg_dtls_hs *hs, uint64_t at)
{
    struct sg_dtls_timers *t = &d->timers;
    if (!hs->timer && t->n + 1 >= t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 16;
        struct sg_dtls_hs **heap = realloc(t->heap, cap * sizeof(struct sg_dtls_hs *));
        if (!heap)
            return false;
        t->heap = heap;
        t->cap = cap;
    }
    hs->at = at;
    settle(t, hs->timer ? hs->timer : ++t->n, hs);
    return true;
}

void sg_dtls_timer_drop(struct sg_dtls *d, struct sg_dtls_hs *hs)
{
    struct sg_dtls_timers *t = &d->timers;
    size_t gap = hs->timer;
    if (!gap)
        return;
    hs->timer = 0;
    struct sg_dtls_hs *last = t->heap[t->n--];
    if (last != hs)
        settle(t, gap, last);
}
