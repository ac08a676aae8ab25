/* SPDX-License-Identifier: Apache-2.0 */
/* Statements: prepared once, bound and read in order, their faults turned into sentences. */
#include "store_internal.h"
#include <limits.h>
#include <string.h>

int sg_store_fail(struct sg_store *s, int rc, struct sg_error *err, const char *what)
{
    switch (rc & 0xff) { /* the primary code of an extended one */
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return sg_fail(err, SG_EBUSY, "%s: the inventory %s is in use by another program (waited %d s); try again",
                       what, s->path, SG_STORE_WAIT_MS / 1000);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return sg_fail(err, SG_EFORMAT,
                       "%s: the inventory %s is damaged (%s). Stop what uses it and restore it from a backup; Signet "
                       "never repairs it by guessing",
                       what, s->path, sqlite3_errstr(rc));
    case SQLITE_CONSTRAINT:
        if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY)
            return sg_fail(err, SG_EEXISTS, "%s: it is in the inventory already (%s)", what, sqlite3_errmsg(s->db));
        if (rc == SQLITE_CONSTRAINT_FOREIGNKEY)
            return sg_fail(err, SG_ENOTFOUND, "%s: it refers to what is not in the inventory", what);
        return sg_fail(err, SG_EINVAL, "%s: %s", what, sqlite3_errmsg(s->db));
    case SQLITE_NOMEM:
        return sg_fail(err, SG_ENOMEM, "%s: out of memory", what);
    default:
        return sg_fail(err, SG_EIO, "%s: the inventory %s: %s", what, s->path, sqlite3_errmsg(s->db));
    }
}

/* The statement from the cache, unless it is running (a walk whose callback walks again). */
static sqlite3_stmt *cached(struct sg_store *s, const char *sql, int *rc)
{
    for (size_t i = 0; i < SG_STORE_STATEMENTS; i++) {
        if (s->statements[i].sql == sql)
            return sqlite3_stmt_busy(s->statements[i].stmt) ? NULL : s->statements[i].stmt;
        if (s->statements[i].sql)
            continue;
        *rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i].stmt, NULL);
        if (*rc == SQLITE_OK)
            s->statements[i].sql = sql;
        return s->statements[i].stmt;
    }
    return NULL;
}

struct sg_store_query sg_store_query(struct sg_store *s, const char *sql)
{
    struct sg_store_query q = {.s = s, .rc = SQLITE_OK};
    q.stmt = cached(s, sql, &q.rc);
    if (!q.stmt && q.rc == SQLITE_OK) {
        q.own = true;
        q.rc = sqlite3_prepare_v2(s->db, sql, -1, &q.stmt, NULL);
    }
    return q;
}

void sg_store_bind_int(struct sg_store_query *q, int64_t v)
{
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_bind_int64(q->stmt, ++q->bound, v);
}

void sg_store_bind_text(struct sg_store_query *q, const char *v)
{
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_bind_text(q->stmt, ++q->bound, v, -1, SQLITE_STATIC);
}

void sg_store_bind_text_or_null(struct sg_store_query *q, const char *v)
{
    sg_store_bind_text(q, v[0] ? v : NULL);
}

void sg_store_bind_blob(struct sg_store_query *q, struct sg_bytes v)
{
    if (q->rc == SQLITE_OK)
        q->rc = v.n <= INT_MAX ? sqlite3_bind_blob(q->stmt, ++q->bound, v.p, (int)v.n, SQLITE_STATIC) : SQLITE_TOOBIG;
}

bool sg_store_row(struct sg_store_query *q)
{
    q->column = 0;
    if (q->rc != SQLITE_OK && q->rc != SQLITE_ROW)
        return false;
    q->rc = sqlite3_step(q->stmt);
    return q->rc == SQLITE_ROW;
}

int64_t sg_store_get_int(struct sg_store_query *q)
{
    return sqlite3_column_int64(q->stmt, q->column++);
}

struct sg_bytes sg_store_get_bytes(struct sg_store_query *q)
{
    const void *p = sqlite3_column_blob(q->stmt, q->column);
    return sg_bytes(p, (size_t)sqlite3_column_bytes(q->stmt, q->column++));
}

void sg_store_get_text(struct sg_store_query *q, char *to, size_t cap)
{
    struct sg_bytes v = sg_store_get_bytes(q);
    size_t n = v.n < cap ? v.n : cap - 1;
    if (n > 0)
        memcpy(to, v.p, n);
    to[n] = 0;
}

size_t sg_store_get_blob(struct sg_store_query *q, void *to, size_t cap)
{
    struct sg_bytes v = sg_store_get_bytes(q);
    if (v.n == 0 || v.n > cap)
        return 0;
    memcpy(to, v.p, v.n);
    return v.n;
}

int sg_store_end(struct sg_store_query *q, struct sg_error *err, const char *what)
{
    int r = 0;
    if (q->rc != SQLITE_OK && q->rc != SQLITE_ROW && q->rc != SQLITE_DONE)
        r = sg_store_fail(q->s, q->rc, err, what);
    if (q->own) {
        sqlite3_finalize(q->stmt);
    } else if (q->stmt) {
        sqlite3_reset(q->stmt);
        sqlite3_clear_bindings(q->stmt);
    }
    return r;
}

int sg_store_run(struct sg_store *s, const char *sql, struct sg_error *err, const char *what)
{
    struct sg_store_query q = sg_store_query(s, sql);
    (void)sg_store_row(&q);
    return sg_store_end(&q, err, what);
}

int sg_store_get_name(struct sg_store_query *q, const char *const *names, size_t n)
{
    struct sg_bytes name = sg_store_get_bytes(q);
    for (size_t i = 0; i < n; i++) {
        if (sg_bytes_eq_str(name, names[i]))
            return (int)i;
    }
    q->rc = SQLITE_CORRUPT;
    return 0;
}
