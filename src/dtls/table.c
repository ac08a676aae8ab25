/* SPDX-License-Identifier: Apache-2.0 */
/* The table of associations, in memory that outlives the process, and the index by address, which does not. */
#include "dtls/dtls_internal.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>

#define MAGIC "SGDTLS\0\1"

size_t sg_dtls_table_size(uint32_t slots)
{
    return sizeof(struct sg_dtls_table) + (size_t)slots * sizeof(struct sg_dtls_assoc);
}

/* ---------------------------------------------------------------------------------------------------- addresses */

/* 64 by 64 bits to 128, both halves folded: mixes well, and the seed is secret, so that nobody can fill one chain. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide m = (wide)a * b;
    return (uint64_t)(m >> 64) ^ (uint64_t)m;
}

static uint32_t *chain(const struct sg_dtls *d, const struct sg_addr *addr)
{
    const struct sg_dtls_index *x = &d->index;
    uint64_t high, low;
    memcpy(&high, addr->ip, 8);
    memcpy(&low, addr->ip + 8, 8);
    uint64_t h = fold(high ^ x->seed[0], low ^ x->seed[1]);
    h = fold(h ^ x->seed[1], addr->port ^ x->seed[0]);
    return &x->head[(uint32_t)h & x->mask];
}

static void link_slot(struct sg_dtls *d, uint32_t slot)
{
    uint32_t *head = chain(d, &d->table->assoc[slot].addr);
    d->index.next[slot] = *head;
    *head = slot;
}

static void unlink_slot(struct sg_dtls *d, uint32_t slot)
{
    uint32_t *at = chain(d, &d->table->assoc[slot].addr);
    while (*at != slot)
        at = &d->index.next[*at];
    *at = d->index.next[slot];
}

uint32_t sg_dtls_slot_at(const struct sg_dtls *d, const struct sg_addr *addr, uint32_t after)
{
    uint32_t slot = after == SG_DTLS_NONE ? *chain(d, addr) : d->index.next[after];
    while (slot != SG_DTLS_NONE && !sg_addr_eq(&d->table->assoc[slot].addr, addr))
        slot = d->index.next[slot];
    return slot;
}

/* -------------------------------------------------------------------------------------------------------- slots */

static void push_free(struct sg_dtls *d, uint32_t slot)
{
    d->index.next[slot] = d->index.free;
    d->index.free = slot;
}

/* Our id for records from the peer: worker, slot, and two bytes by which an old one is told from a new. */
static bool make_cid(const struct sg_dtls *d, uint32_t slot, uint8_t cid[SG_DTLS_CID_LEN])
{
    struct sg_buf b = sg_buf(cid, SG_DTLS_CID_LEN);
    sg_put_u8(&b, d->config.worker);
    sg_put_u24(&b, slot);
    return RAND_bytes(cid + b.len, 2) == 1;
}

uint32_t sg_dtls_slot_take(struct sg_dtls *d, const struct sg_addr *addr)
{
    uint32_t slot = d->index.free;
    if (slot == SG_DTLS_NONE)
        return slot;
    struct sg_dtls_assoc *a = &d->table->assoc[slot];
    bool wants_cid = d->config.cid == SG_CID_ON || (d->config.server && d->config.cid == SG_CID_SUPPORTED);
    if (wants_cid && !make_cid(d, slot, a->cid_in))
        return SG_DTLS_NONE;
    d->index.free = d->index.next[slot];
    a->cid_in_len = wants_cid ? SG_DTLS_CID_LEN : 0;
    if (++a->generation == 0) /* so that no id is ever 0, which is none */
        a->generation = 1;
    a->addr = *addr;
    a->state = SG_DTLS_SHAKING;
    link_slot(d, slot);
    return slot;
}

/* A free slot is zeros, but for its generation, which must be there whenever the process is killed: it makes ids
 * unique.
 */
enum {
    BEFORE = offsetof(struct sg_dtls_assoc, generation),
    AFTER = BEFORE + sizeof(uint32_t),
    REST = sizeof(struct sg_dtls_assoc) - AFTER,
};

static bool is_clear(const struct sg_dtls_assoc *a)
{
    static const uint8_t zeros[sizeof *a];
    return memcmp(a, zeros, BEFORE) == 0 && memcmp((const uint8_t *)a + AFTER, zeros, REST) == 0;
}

static void clear(struct sg_dtls_assoc *a)
{
    *(volatile uint8_t *)&a->state = SG_DTLS_FREE;
    sg_wipe(a, BEFORE);
    sg_wipe((uint8_t *)a + AFTER, REST);
}

void sg_dtls_slot_drop(struct sg_dtls *d, uint32_t slot)
{
    unlink_slot(d, slot);
    clear(&d->table->assoc[slot]);
    push_free(d, slot);
}

void sg_dtls_slot_move(struct sg_dtls *d, uint32_t slot, const struct sg_addr *addr)
{
    unlink_slot(d, slot);
    d->table->assoc[slot].addr = *addr;
    link_slot(d, slot);
}

uint32_t sg_dtls_slot_of_cid(const struct sg_dtls *d, const uint8_t cid[SG_DTLS_CID_LEN])
{
    uint32_t slot = (uint32_t)cid[1] << 16 | (uint32_t)cid[2] << 8 | cid[3];
    if (slot >= d->table->slots)
        return SG_DTLS_NONE;
    const struct sg_dtls_assoc *a = &d->table->assoc[slot];
    bool same = a->state != SG_DTLS_FREE && a->cid_in_len && memcmp(a->cid_in, cid, SG_DTLS_CID_LEN) == 0;
    return same ? slot : SG_DTLS_NONE;
}

sg_dtls_id sg_dtls_slot_id(const struct sg_dtls *d, uint32_t slot)
{
    return (uint64_t)d->table->assoc[slot].generation << 32 | slot;
}

uint32_t sg_dtls_slot_live(const struct sg_dtls *d, sg_dtls_id id)
{
    uint32_t slot = (uint32_t)id;
    bool live = slot < d->table->slots && d->table->assoc[slot].state == SG_DTLS_LIVE && sg_dtls_slot_id(d, slot) == id;
    return live ? slot : SG_DTLS_NONE;
}

/* ----------------------------------------------------------------------------------------------------- sessions */

void sg_dtls_session_bar(struct sg_dtls *d, uint64_t session)
{
    d->table->barred[d->table->barred_count++ % SG_DTLS_BARRED] = session;
}

bool sg_dtls_session_barred(const struct sg_dtls *d, uint64_t session)
{
    for (size_t i = 0; i < SG_DTLS_BARRED; i++)
        if (d->table->barred[i] == session)
            return true;
    return false;
}

/* ---------------------------------------------------------------------------------------------------- the table */

static bool index_open(struct sg_dtls *d, uint32_t slots)
{
    struct sg_dtls_index *x = &d->index;
    size_t heads = 1;
    while (heads < slots)
        heads *= 2;
    x->mask = (uint32_t)heads - 1;
    x->head = malloc(heads * sizeof *x->head);
    x->next = malloc(slots * sizeof *x->next);
    d->hs = calloc(slots, sizeof(struct sg_dtls_hs *));
    if (!x->head || !x->next || !d->hs || RAND_bytes((unsigned char *)x->seed, sizeof x->seed) != 1)
        return false;
    for (size_t i = 0; i < heads; i++)
        x->head[i] = SG_DTLS_NONE;
    x->free = SG_DTLS_NONE;
    return true;
}

/* What would make us read or write beyond an association's parts, or speak in a suite that does not exist. */
static bool is_sound(const struct sg_dtls_assoc *a)
{
    return (a->cid_in_len == 0 || a->cid_in_len == sizeof a->cid_in) && a->cid_out_len <= sizeof a->cid_out &&
           sg_dtls_suite(a->suite) && a->fragment && a->generation && a->write_seq <= SG_DTLS_SEQ_END &&
           a->read_next <= SG_DTLS_SEQ_END;
}

/* What an earlier process left. Handshakes ended with it; associations go on. */
static void adopt(struct sg_dtls *d)
{
    for (uint32_t slot = d->table->slots; slot-- > 0;) {
        struct sg_dtls_assoc *a = &d->table->assoc[slot];
        if (a->state == SG_DTLS_LIVE && is_sound(a)) {
            link_slot(d, slot);
            continue;
        }
        if (!is_clear(a))
            clear(a);
        push_free(d, slot);
    }
}

int sg_dtls_table_open(struct sg_dtls *d, void *memory, uint32_t slots, struct sg_error *err)
{
    static const char zeros[8];
    d->own_table = memory == NULL;
    struct sg_dtls_table *t = memory ? memory : calloc(1, sg_dtls_table_size(slots));
    d->table = t;
    if (!t)
        return sg_fail(err, SG_ENOMEM, "no memory for a table of %u associations", slots);
    if (memcmp(t->magic, zeros, sizeof t->magic) == 0) {
        t->size_of_assoc = sizeof(struct sg_dtls_assoc);
        t->slots = slots;
        memcpy(t->magic, MAGIC, sizeof t->magic);
    }
    if (memcmp(t->magic, MAGIC, sizeof t->magic) != 0 || t->size_of_assoc != sizeof(struct sg_dtls_assoc))
        return sg_fail(err, SG_EFORMAT, "the table of associations was written by another version; remove it");
    if (t->slots != slots)
        return sg_fail(err, SG_EFORMAT,
                       "the table of associations has %u slots, not %u; remove it or change the number", t->slots,
                       slots);
    if (!index_open(d, slots))
        return sg_fail(err, SG_ENOMEM, "no memory for the index of %u associations", slots);
    adopt(d);
    return 0;
}

void sg_dtls_table_close(struct sg_dtls *d)
{
    if (d->own_table && d->table)
        OPENSSL_cleanse(d->table, sg_dtls_table_size(d->table->slots));
    if (d->own_table)
        free(d->table);
    free(d->index.head);
    free(d->index.next);
    free(d->hs);
}
