/* SPDX-License-Identifier: Apache-2.0 */
/* Lots, and the boards of each. */
#include "store_internal.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const char *const results[] = {
    [SG_LOT_ENROLLED] = "enrolled",
    [SG_LOT_VERIFIED] = "verified",
    [SG_LOT_REFUSED] = "refused",
    [SG_LOT_FAILED] = "failed",
};

const char *sg_lot_result_name(enum sg_lot_result r)
{
    return (unsigned)r < COUNT(results) ? results[r] : "unknown";
}

#define SELECT_LOT "SELECT number, name, who, begun, coalesce(ended, 0) FROM lot "

static void take_lot(struct sg_store_query *q, struct sg_lot *lot)
{
    *lot = (struct sg_lot){.number = sg_store_get_int(q)};
    sg_store_get_text(q, lot->name, sizeof lot->name);
    sg_store_get_text(q, lot->who, sizeof lot->who);
    lot->begun = sg_store_get_int(q);
    lot->ended = sg_store_get_int(q);
}

int sg_store_add_lot(struct sg_store *s, struct sg_lot *lot, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, "INSERT INTO lot (name, who, begun) VALUES (?, ?, ?)");
    sg_store_bind_text(&q, lot->name);
    sg_store_bind_text(&q, lot->who);
    sg_store_bind_int(&q, lot->begun);
    (void)sg_store_row(&q);
    int r = sg_store_end(&q, err, "cannot record the lot");
    if (r == SG_EEXISTS)
        return sg_fail(err, r, "there is a lot \"%s\" already", lot->name);
    if (r == 0)
        lot->number = sqlite3_last_insert_rowid(s->db);
    lot->ended = 0;
    return r;
}

int sg_store_update_lot(struct sg_store *s, const struct sg_lot *lot, struct sg_error *err)
{
    struct sg_store_query q =
        sg_store_query(s, "UPDATE lot SET name = ?, who = ?, begun = ?, ended = nullif(?, 0) WHERE number = ?");
    sg_store_bind_text(&q, lot->name);
    sg_store_bind_text(&q, lot->who);
    sg_store_bind_int(&q, lot->begun);
    sg_store_bind_int(&q, lot->ended);
    sg_store_bind_int(&q, lot->number);
    (void)sg_store_row(&q);
    int r = sg_store_end(&q, err, "cannot change the lot");
    if (r == 0 && sqlite3_changes(s->db) == 0)
        return sg_fail(err, SG_ENOTFOUND, "there is no lot %lld", (long long)lot->number);
    return r;
}

int sg_store_find_lot(struct sg_store *s, const char *name, struct sg_lot *lot, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, SELECT_LOT "WHERE name = ?");
    sg_store_bind_text(&q, name);
    bool found = sg_store_row(&q);
    if (found)
        take_lot(&q, lot);
    int r = sg_store_end(&q, err, "cannot read the lot");
    if (r == 0 && !found)
        return sg_fail(err, SG_ENOTFOUND, "there is no lot \"%.63s\" in the inventory (`signet lot list` lists all)",
                       name);
    return r;
}

int sg_store_each_lot(struct sg_store *s, int (*fn)(void *user, const struct sg_lot *lot), void *user,
                      struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, SELECT_LOT "ORDER BY number");
    int stop = 0;
    while (stop == 0 && sg_store_row(&q)) {
        struct sg_lot lot;
        take_lot(&q, &lot);
        stop = fn(user, &lot);
    }
    int r = sg_store_end(&q, err, "cannot list the lots");
    return r < 0 ? r : stop;
}

int sg_store_add_lot_board(struct sg_store *s, struct sg_lot_board *b, struct sg_error *err)
{
    struct sg_store_query q =
        sg_store_query(s, "INSERT INTO lot_board (lot, who, port, imei, uuid, model, firmware, endpoint, tag, "
                          "certificate, bootstrap, began, took_ms, result, reason)"
                          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, zeroblob(32)), nullif(?, zeroblob(32)), ?, ?,"
                          " ?, ?)");
    sg_store_bind_int(&q, b->lot);
    sg_store_bind_text(&q, b->who);
    sg_store_bind_text(&q, b->port);
    sg_store_bind_text(&q, b->imei);
    sg_store_bind_text(&q, b->uuid);
    sg_store_bind_text(&q, b->model);
    sg_store_bind_text(&q, b->firmware);
    sg_store_bind_text(&q, b->endpoint);
    sg_store_bind_int(&q, b->tag);
    sg_store_bind_blob(&q, sg_bytes(b->certificate.sha256, sizeof b->certificate.sha256));
    sg_store_bind_blob(&q, sg_bytes(b->bootstrap.sha256, sizeof b->bootstrap.sha256));
    sg_store_bind_int(&q, b->began);
    sg_store_bind_int(&q, b->took_ms);
    sg_store_bind_text(&q, sg_lot_result_name(b->result));
    sg_store_bind_text(&q, b->reason);
    (void)sg_store_row(&q);
    int r = sg_store_end(&q, err, "cannot record what became of the board");
    if (r == 0)
        b->number = sqlite3_last_insert_rowid(s->db);
    return r;
}

static bool take_board(struct sg_store_query *q, struct sg_lot_board *b)
{
    *b = (struct sg_lot_board){.number = sg_store_get_int(q)};
    b->lot = sg_store_get_int(q);
    sg_store_get_text(q, b->who, sizeof b->who);
    sg_store_get_text(q, b->port, sizeof b->port);
    sg_store_get_text(q, b->imei, sizeof b->imei);
    sg_store_get_text(q, b->uuid, sizeof b->uuid);
    sg_store_get_text(q, b->model, sizeof b->model);
    sg_store_get_text(q, b->firmware, sizeof b->firmware);
    sg_store_get_text(q, b->endpoint, sizeof b->endpoint);
    b->tag = (uint32_t)sg_store_get_int(q);
    (void)sg_store_get_blob(q, b->certificate.sha256, sizeof b->certificate.sha256);
    (void)sg_store_get_blob(q, b->bootstrap.sha256, sizeof b->bootstrap.sha256);
    b->began = sg_store_get_int(q);
    b->took_ms = sg_store_get_int(q);
    b->result = (enum sg_lot_result)sg_store_get_name(q, results, COUNT(results));
    sg_store_get_text(q, b->reason, sizeof b->reason);
    return q->rc == SQLITE_ROW;
}

int sg_store_each_lot_board(struct sg_store *s, int64_t lot, int (*fn)(void *user, const struct sg_lot_board *b),
                            void *user, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(
        s, "SELECT number, lot, who, port, imei, uuid, model, firmware, endpoint, tag, certificate, bootstrap,"
           " began, took_ms, result, reason FROM lot_board WHERE lot = ? ORDER BY number");
    sg_store_bind_int(&q, lot);
    int stop = 0;
    while (stop == 0 && sg_store_row(&q)) {
        struct sg_lot_board b;
        if (take_board(&q, &b))
            stop = fn(user, &b);
    }
    int r = sg_store_end(&q, err, "cannot list the boards of the lot");
    return r < 0 ? r : stop;
}
