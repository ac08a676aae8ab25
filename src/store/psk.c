/* SPDX-License-Identifier: Apache-2.0 */
/* Pre-shared keys, encrypted by their caller: recorded, found, ended. */
#include "store_internal.h"
#include <stdio.h>
#include <string.h>

#define SELECT                                                                                                         \
    "SELECT number, device, state, tag, identity, sealed, added, coalesce(ended, 0), coalesce(reason, '') FROM psk "

static const char *const states[] = {
    [SG_CERT_ISSUED] = "issued",
    [SG_CERT_ACTIVE] = "active",
    [SG_CERT_REVOKED] = "revoked",
    [SG_CERT_RETIRED] = "retired",
};

static bool take(struct sg_store_query *q, struct sg_psk_row *row)
{
    char reason[32];
    memset(row, 0, sizeof *row);
    row->number = sg_store_get_int(q);
    row->device = sg_store_get_int(q);
    row->state = (enum sg_cert_state)sg_store_get_name(q, states, sizeof states / sizeof states[0]);
    row->tag = (uint32_t)sg_store_get_int(q);
    sg_store_get_text(q, row->identity, sizeof row->identity);
    (void)sg_store_get_blob(q, row->sealed, sizeof row->sealed);
    row->added = sg_store_get_int(q);
    row->ended = sg_store_get_int(q);
    sg_store_get_text(q, reason, sizeof reason);
    if (reason[0] != 0 && sg_reason_parse(reason, &row->reason) < 0)
        q->rc = SQLITE_CORRUPT;
    return q->rc == SQLITE_ROW;
}

static int take_one(struct sg_store_query *q, struct sg_psk_row *row, struct sg_error *err)
{
    bool found = sg_store_row(q) && take(q, row);
    int r = sg_store_end(q, err, "cannot look up the pre-shared key");
    return r < 0 || found ? r : SG_ENOTFOUND;
}

int sg_store_get_psk(struct sg_store *s, int64_t number, struct sg_psk_row *row, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, SELECT "WHERE number = ?");
    sg_store_bind_int(&q, number);
    int r = take_one(&q, row, err);
    return r == SG_ENOTFOUND ? sg_fail(err, r, "the inventory has no pre-shared key %lld", (long long)number) : r;
}

int sg_store_find_psk(struct sg_store *s, const char *identity, struct sg_psk_row *row, struct sg_error *err)
{
    struct sg_store_query q =
        sg_store_query(s, SELECT "WHERE identity = ? ORDER BY sealed IS NOT NULL DESC, number DESC LIMIT 1");
    sg_store_bind_text(&q, identity);
    int r = take_one(&q, row, err);
    return r == SG_ENOTFOUND ? sg_fail(err, r, "the inventory has no pre-shared key of \"%s\"", identity) : r;
}

int sg_store_add_psk(struct sg_store *s, struct sg_psk_row *row, struct sg_error *err)
{
    if (row->state != SG_CERT_ISSUED && row->state != SG_CERT_ACTIVE)
        return sg_fail(err, SG_EINVAL, "a pre-shared key is recorded first, and ended then");
    struct sg_store_query q =
        sg_store_query(s, "INSERT INTO psk (device, state, tag, identity, sealed, added) VALUES (?, ?, ?, ?, ?, ?)");
    sg_store_bind_int(&q, row->device);
    sg_store_bind_text(&q, states[row->state]);
    sg_store_bind_int(&q, row->tag);
    sg_store_bind_text(&q, row->identity);
    sg_store_bind_blob(&q, sg_bytes(row->sealed, sizeof row->sealed));
    sg_store_bind_int(&q, row->added);
    (void)sg_store_row(&q);
    int r = sg_store_end(&q, err, "cannot record the pre-shared key");
    if (r == SG_EEXISTS)
        return sg_fail(err, r, "the identity \"%s\" has a pre-shared key in use already", row->identity);
    if (r == 0)
        row->number = sqlite3_last_insert_rowid(s->db);
    row->ended = 0;
    row->reason = SG_UNSPECIFIED;
    return r;
}

int sg_store_activate_psk(struct sg_store *s, int64_t number, struct sg_error *err)
{
    struct sg_store_query q =
        sg_store_query(s, "UPDATE psk SET state = 'active' WHERE number = ? AND sealed IS NOT NULL");
    sg_store_bind_int(&q, number);
    (void)sg_store_row(&q);
    int r = sg_store_end(&q, err, "cannot change the pre-shared key");
    if (r < 0 || sqlite3_changes(s->db) > 0)
        return r;
    struct sg_psk_row row = {0};
    r = sg_store_get_psk(s, number, &row, err);
    return r < 0 ? r
                 : sg_fail(err, SG_ESTATE, "the pre-shared key of \"%s\" is %s, and stays so", row.identity,
                           states[row.state]);
}

int sg_store_retire_psk(struct sg_store *s, int64_t number, int64_t when, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(
        s, "UPDATE psk SET state = 'retired', sealed = NULL, ended = ? WHERE number = ? AND sealed IS NOT NULL");
    sg_store_bind_int(&q, when);
    sg_store_bind_int(&q, number);
    (void)sg_store_row(&q);
    return sg_store_end(&q, err, "cannot retire the pre-shared key");
}

/* -------------------------------------------------------------------------------------------------- revocation */

static int mark_revoked(struct sg_store *s, int64_t number, enum sg_reason reason, int64_t when, struct sg_error *err)
{
    struct sg_store_query q =
        sg_store_query(s, "UPDATE psk SET state = 'revoked', sealed = NULL, ended = ?, reason = ? WHERE number = ?");
    sg_store_bind_int(&q, when);
    sg_store_bind_text(&q, sg_reason_name(reason));
    sg_store_bind_int(&q, number);
    (void)sg_store_row(&q);
    return sg_store_end(&q, err, "cannot revoke the pre-shared key");
}

static int revoke(struct sg_store *s, int64_t number, enum sg_reason reason, int64_t when, const char *who,
                  struct sg_error *err)
{
    struct sg_psk_row row = {0};
    int r = sg_store_get_psk(s, number, &row, err);
    if (r == 0 && row.state == SG_CERT_REVOKED)
        r = sg_fail(err, SG_ESTATE, "the pre-shared key of \"%s\" is revoked already (%s)", row.identity,
                    sg_reason_name(row.reason));
    if (r == 0)
        r = mark_revoked(s, number, reason, when, err);
    if (r == 0)
        r = sg_store_revoke_device(s, row.device, err);
    if (r < 0)
        return r;
    struct sg_audit_entry e = {.when = when, .from = "local", .what = "revoked"};
    (void)snprintf(e.who, sizeof e.who, "%s", who);
    (void)snprintf(e.subject, sizeof e.subject, "%s", row.identity);
    (void)snprintf(e.detail, sizeof e.detail, "pre-shared key, reason %s; the key is erased from the inventory",
                   sg_reason_name(reason));
    return sg_store_audit(s, &e, err);
}

int sg_store_revoke_psk(struct sg_store *s, int64_t number, enum sg_reason reason, int64_t when, const char *who,
                        struct sg_error *err)
{
    struct sg_store_step step;
    int r = sg_store_step_begin(s, &step, err);
    if (r < 0)
        return r;
    r = revoke(s, number, reason, when, who, err);
    return sg_store_step_end(s, &step, r, err);
}

int sg_store_each_psk(struct sg_store *s, int64_t device, int (*fn)(void *user, const struct sg_psk_row *row),
                      void *user, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, SELECT "WHERE ?1 IN (0, device) ORDER BY number");
    sg_store_bind_int(&q, device);
    int stop = 0;
    while (stop == 0 && sg_store_row(&q)) {
        struct sg_psk_row row;
        if (take(&q, &row))
            stop = fn(user, &row);
    }
    int r = sg_store_end(&q, err, "cannot list the pre-shared keys");
    return r < 0 ? r : stop;
}
