/* SPDX-License-Identifier: Apache-2.0 */
/* Devices. */
#include "store_internal.h"
#include <stdio.h>

static const char *const states[] = {"enrolling", "enrolled", "revoked"};

const char *sg_device_state_name(enum sg_device_state s)
{
    return (unsigned)s < sizeof states / sizeof *states ? states[s] : "unknown";
}

static const char *const sources[] = {"unknown", "first-sight", "maker"};

const char *sg_identity_source_name(enum sg_identity_source s)
{
    return (unsigned)s < sizeof sources / sizeof *sources ? sources[s] : sources[0];
}

#define COLUMNS                                                                                                        \
    "number, endpoint, imei, uuid, model, firmware, state, created, tag, bootstrap_tag, identity,"                     \
    " coalesce(identity_source, 'unknown')"

/* False where the row is damaged; the query then ends with that. */
static bool take(struct sg_store_query *q, struct sg_device *d)
{
    *d = (struct sg_device){.number = sg_store_get_int(q)};
    sg_store_get_text(q, d->endpoint, sizeof d->endpoint);
    sg_store_get_text(q, d->imei, sizeof d->imei);
    sg_store_get_text(q, d->uuid, sizeof d->uuid);
    sg_store_get_text(q, d->model, sizeof d->model);
    sg_store_get_text(q, d->firmware, sizeof d->firmware);
    d->state = (enum sg_device_state)sg_store_get_name(q, states, sizeof states / sizeof *states);
    d->created = sg_store_get_int(q);
    d->tag = (uint32_t)sg_store_get_int(q);
    d->bootstrap_tag = (uint32_t)sg_store_get_int(q);
    (void)sg_store_get_blob(q, d->identity, sizeof d->identity);
    d->identity_source = (enum sg_identity_source)sg_store_get_name(q, sources, sizeof sources / sizeof *sources);
    return q->rc == SQLITE_ROW;
}

static void bind(struct sg_store_query *q, const struct sg_device *d)
{
    sg_store_bind_text(q, d->endpoint);
    sg_store_bind_text_or_null(q, d->imei);
    sg_store_bind_text_or_null(q, d->uuid);
    sg_store_bind_text(q, d->model);
    sg_store_bind_text(q, d->firmware);
    sg_store_bind_text(q, sg_device_state_name(d->state));
    sg_store_bind_int(q, d->created);
    sg_store_bind_int(q, d->tag);
    sg_store_bind_int(q, d->bootstrap_tag);
    bool known = d->identity[0] != 0;
    sg_store_bind_blob(q, known ? sg_bytes(d->identity, sizeof d->identity) : sg_bytes(NULL, 0));
    sg_store_bind_text_or_null(q, known ? sources[d->identity_source] : "");
}

/* Which name is another's, and whose: after the database refused it. */
static int explain_clash(struct sg_store *s, const struct sg_device *d, struct sg_error *err)
{
    struct sg_store_query q =
        sg_store_query(s, "SELECT " COLUMNS " FROM device WHERE (endpoint = ?1 OR imei = ?2 OR uuid = ?3)"
                          " AND number <> ?4 ORDER BY endpoint = ?1 DESC LIMIT 1");
    struct sg_device other;
    sg_store_bind_text(&q, d->endpoint);
    sg_store_bind_text_or_null(&q, d->imei);
    sg_store_bind_text_or_null(&q, d->uuid);
    sg_store_bind_int(&q, d->number);
    bool found = sg_store_row(&q) && take(&q, &other);
    int r = sg_store_end(&q, err, "cannot look for the device");
    if (r < 0 || !found)
        return r < 0 ? r : SG_EEXISTS;
    if (sg_bytes_eq_str(sg_str(other.endpoint), d->endpoint))
        return sg_fail(err, SG_EEXISTS, "the endpoint name \"%s\" is already that of device %lld", d->endpoint,
                       (long long)other.number);
    bool imei = d->imei[0] && sg_bytes_eq_str(sg_str(other.imei), d->imei);
    return sg_fail(err, SG_EEXISTS, "the %s %s of \"%s\" is already that of device %lld, \"%s\"",
                   imei ? "IMEI" : "device UUID", imei ? d->imei : d->uuid, d->endpoint, (long long)other.number,
                   other.endpoint);
}

static int insert(struct sg_store *s, struct sg_device *d, struct sg_error *err)
{
    struct sg_store_query q =
        sg_store_query(s, "INSERT INTO device (endpoint, imei, uuid, model, firmware, state, created, tag,"
                          " bootstrap_tag, identity, identity_source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bind(&q, d);
    (void)sg_store_row(&q);
    int r = sg_store_end(&q, err, "cannot record the device");
    if (r == 0)
        d->number = sqlite3_last_insert_rowid(s->db);
    return r;
}

int sg_store_add_device(struct sg_store *s, struct sg_device *d, struct sg_error *err)
{
    d->number = 0;
    int r = insert(s, d, err);
    return r == SG_EEXISTS ? explain_clash(s, d, err) : r;
}

static int update(struct sg_store *s, const struct sg_device *d, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(
        s, "UPDATE device SET endpoint = ?, imei = ?, uuid = ?, model = ?, firmware = ?, state = ?,"
           " created = ?, tag = ?, bootstrap_tag = ?, identity = ?, identity_source = ? WHERE number = ?");
    bind(&q, d);
    sg_store_bind_int(&q, d->number);
    (void)sg_store_row(&q);
    int r = sg_store_end(&q, err, "cannot change the device");
    if (r == 0 && sqlite3_changes(s->db) == 0)
        return sg_fail(err, SG_ENOTFOUND, "there is no device %lld", (long long)d->number);
    return r;
}

int sg_store_update_device(struct sg_store *s, const struct sg_device *d, struct sg_error *err)
{
    int r = update(s, d, err);
    return r == SG_EEXISTS ? explain_clash(s, d, err) : r;
}

/* Takes the one row of a query that is bound. 1 where there is one. */
static int take_one(struct sg_store_query *q, struct sg_device *d, struct sg_error *err)
{
    bool found = sg_store_row(q) && take(q, d);
    int r = sg_store_end(q, err, "cannot read the device");
    return r < 0 ? r : found;
}

int sg_store_find_device(struct sg_store *s, const char *endpoint, struct sg_device *d, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, "SELECT " COLUMNS " FROM device WHERE endpoint = ?");
    sg_store_bind_text(&q, endpoint);
    int r = take_one(&q, d, err);
    if (r == 0)
        return sg_fail(err, SG_ENOTFOUND, "there is no device \"%.200s\" in the inventory (`signet devices` lists all)",
                       endpoint);
    return r < 0 ? r : 0;
}

int sg_store_find_modem(struct sg_store *s, const char *uuid, const char *imei, struct sg_device *d,
                        struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(
        s, "SELECT " COLUMNS " FROM device WHERE uuid = ?1 OR imei = ?2 ORDER BY uuid IS ?1 DESC LIMIT 1");
    sg_store_bind_text_or_null(&q, uuid);
    sg_store_bind_text_or_null(&q, imei);
    int r = take_one(&q, d, err);
    if (r == 0)
        return sg_fail(err, SG_ENOTFOUND, "no device in the inventory has a modem with UUID \"%s\" or IMEI \"%s\"",
                       uuid, imei);
    return r < 0 ? r : 0;
}

int sg_store_get_device(struct sg_store *s, int64_t number, struct sg_device *d, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, "SELECT " COLUMNS " FROM device WHERE number = ?");
    sg_store_bind_int(&q, number);
    int r = take_one(&q, d, err);
    if (r == 0)
        return sg_fail(err, SG_ENOTFOUND, "there is no device %lld in the inventory", (long long)number);
    return r < 0 ? r : 0;
}

int sg_store_each_device(struct sg_store *s, int (*fn)(void *user, const struct sg_device *d), void *user,
                         struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, "SELECT " COLUMNS " FROM device ORDER BY endpoint");
    int stop = 0;
    while (stop == 0 && sg_store_row(&q)) {
        struct sg_device d;
        if (take(&q, &d))
            stop = fn(user, &d);
    }
    int r = sg_store_end(&q, err, "cannot list the devices");
    return r < 0 ? r : stop;
}
