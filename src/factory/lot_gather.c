/* SPDX-License-Identifier: Apache-2.0 */
/* What became of each board of a lot, out of its attempts. */
#include "factory/lot_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct gathering {
    struct sg_factory_lot *l;
    size_t room_boards, room_failures;
    int failed; /* SG_ENOMEM */
};

/* Room for one more element of `size` bytes. False: out of memory. */
static bool grow(void **list, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return true;
    size_t more = 2 * *room + 32;
    void *p = reallocarray(*list, more, size);
    if (p == NULL)
        return false;
    *list = p;
    *room = more;
    return true;
}

static bool same(const char *a, const char *b)
{
    return a[0] != '\0' && strcmp(a, b) == 0;
}

static struct sg_factory_lot_board *find(struct sg_factory_lot *l, const struct sg_lot_board *b)
{
    for (size_t i = l->n_boards; i-- > 0;) /* attempts of one board follow each other, mostly */
        if (same(b->uuid, l->boards[i].last.uuid) || (b->uuid[0] == '\0' && same(b->imei, l->boards[i].last.imei)))
            return &l->boards[i];
    return NULL;
}

static bool is_done(enum sg_lot_result r)
{
    return r == SG_LOT_ENROLLED || r == SG_LOT_VERIFIED;
}

/* A look at a board that this lot has enrolled does not make it one of another lot's. */
static void merge(struct sg_factory_lot_board *board, const struct sg_lot_board *b)
{
    board->attempts++;
    if (board->last.result != SG_LOT_ENROLLED || b->result != SG_LOT_VERIFIED)
        board->last = *b;
}

static int take(void *user, const struct sg_lot_board *b)
{
    struct gathering *g = user;
    struct sg_factory_lot *l = g->l;
    l->attempts++;
    if (!is_done(b->result)) {
        if (!grow((void **)&l->failures, l->n_failures, &g->room_failures, sizeof *l->failures))
            return g->failed = SG_ENOMEM;
        l->failures[l->n_failures++] = *b;
    }
    if (b->uuid[0] == '\0' && b->imei[0] == '\0')
        return 0;
    struct sg_factory_lot_board *board = find(l, b);
    if (board != NULL) {
        merge(board, b);
        return 0;
    }
    if (!grow((void **)&l->boards, l->n_boards, &g->room_boards, sizeof *l->boards))
        return g->failed = SG_ENOMEM;
    l->boards[l->n_boards++] = (struct sg_factory_lot_board){.last = *b, .attempts = 1};
    return 0;
}

static int add_certificates(struct sg_store *store, struct sg_factory_lot *l, struct sg_error *err)
{
    static const struct sg_fingerprint none;
    for (size_t i = 0; i < l->n_boards; i++) {
        struct sg_factory_lot_board *b = &l->boards[i];
        struct sg_cert_row row;
        l->enrolled += b->last.result == SG_LOT_ENROLLED;
        l->verified += b->last.result == SG_LOT_VERIFIED;
        l->failed += !is_done(b->last.result);
        b->has_identity = is_done(b->last.result);
        if (!b->has_identity || memcmp(&b->last.certificate, &none, sizeof none) == 0)
            continue;
        int r = sg_store_find_cert(store, &b->last.certificate, &row, err);
        if (r < 0)
            return r;
        b->has_cert = true;
        b->cert = row.facts;
        if (memcmp(&b->last.bootstrap, &none, sizeof none) == 0)
            continue;
        r = sg_store_find_cert(store, &b->last.bootstrap, &row, err);
        if (r < 0)
            return r;
        b->bootstrap = row.facts;
        b->bootstrap_tag = row.tag;
    }
    return 0;
}

int sg_factory_lot_gather(struct sg_store *store, const char *name, struct sg_factory_lot *l, struct sg_error *err)
{
    struct gathering g = {.l = l};
    *l = (struct sg_factory_lot){.n_boards = 0};
    int r = sg_store_find_lot(store, name, &l->lot, err);
    if (r == 0)
        r = sg_store_each_lot_board(store, l->lot.number, take, &g, err);
    if (g.failed < 0)
        return sg_fail(err, g.failed, "out of memory");
    return r < 0 ? r : add_certificates(store, l, err);
}

void sg_factory_lot_free(struct sg_factory_lot *l)
{
    free(l->boards);
    free(l->failures);
    *l = (struct sg_factory_lot){.n_boards = 0};
}

char *sg_factory_time(int64_t when, char text[SG_FACTORY_TIME])
{
    time_t t = (time_t)when;
    struct tm tm;
    if (when == 0 || gmtime_r(&t, &tm) == NULL || strftime(text, SG_FACTORY_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        text[0] = '\0';
    return text;
}

char *sg_factory_hex(const struct sg_fingerprint *f, char text[SG_FACTORY_HEX])
{
    struct sg_buf b = sg_buf(text, SG_FACTORY_HEX);
    sg_put_hex(&b, sg_bytes(f->sha256, sizeof f->sha256));
    (void)sg_buf_cstr(&b);
    return text;
}
