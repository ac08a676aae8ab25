/* SPDX-License-Identifier: Apache-2.0 */
/* A chained hash index from a key to table rows. The keys stay in the rows: the caller compares. */
#include "server/desk.h"

#include <stdlib.h>

bool sg_server_index_init(struct row_index *x, uint32_t rows)
{
    uint32_t buckets = 16;

    while (buckets < rows)
        buckets *= 2;
    x->mask = buckets - 1;
    x->head = calloc(buckets, sizeof *x->head);
    x->next = calloc(rows, sizeof *x->next);
    return x->head != NULL && x->next != NULL;
}

void sg_server_index_free(struct row_index *x)
{
    free(x->head);
    free(x->next);
}

void sg_server_index_add(struct row_index *x, uint32_t hash, uint32_t row)
{
    uint32_t *head = &x->head[hash & x->mask];

    x->next[row] = *head;
    *head = row + 1;
}

void sg_server_index_remove(struct row_index *x, uint32_t hash, uint32_t row)
{
    uint32_t *link = &x->head[hash & x->mask];

    while (*link != 0 && *link != row + 1)
        link = &x->next[*link - 1];
    if (*link != 0)
        *link = x->next[row];
}

uint32_t sg_server_index_first(const struct row_index *x, uint32_t hash)
{
    return x->head[hash & x->mask] - 1; /* 0 - 1 is UINT32_MAX: the end */
}

uint32_t sg_server_index_after(const struct row_index *x, uint32_t row)
{
    return x->next[row] - 1;
}

/* FNV-1a: keys are the inventory's names, not a stranger's choice. */
uint32_t sg_server_hash(struct sg_bytes v)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < v.n; i++)
        h = (h ^ v.p[i]) * 16777619u;
    return h ^ h >> 15;
}

uint32_t sg_server_hash_u64(uint64_t v)
{
    v *= 0x9e3779b97f4a7c15u; /* 2^64 divided by the golden ratio (Knuth, section 6.4) */
    return (uint32_t)(v >> 32);
}
