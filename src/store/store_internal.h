/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the store room share, and nobody else sees. */
#ifndef SG_STORE_INTERNAL_H
#define SG_STORE_INTERNAL_H

#include "store/store.h"
#include <sqlite3.h>

#define SG_STORE_APPLICATION 0x53676e74 /* "Sgnt", in the file's header at offset 68 */
#define SG_STORE_WAIT_MS     5000       /* how long a writer waits for another */
#define SG_STORE_STATEMENTS  48

struct sg_store {
    sqlite3 *db;
    char path[512]; /* for sentences; cut where it is longer */
    bool in_transaction;
    int64_t data_version;
    struct { /* prepared statements, found by the address of their text */
        const char *sql;
        sqlite3_stmt *stmt;
    } statements[SG_STORE_STATEMENTS];
};

/* ---------------------------------------------------------------------------------------------- statements */

/*
 * One statement: begun with its text (a literal), parameters bound and columns read in order, ended once. The first
 * fault is kept and everything after it does nothing, so a caller looks once, at the end. What is bound must live until
 * then.
 */
struct sg_store_query {
    struct sg_store *s;
    sqlite3_stmt *stmt;
    bool own; /* not from the cache */
    int bound, column, rc;
};
struct sg_store_query sg_store_query(struct sg_store *s, const char *sql);
void sg_store_bind_int(struct sg_store_query *q, int64_t v);
void sg_store_bind_text(struct sg_store_query *q, const char *v);
void sg_store_bind_text_or_null(struct sg_store_query *q, const char *v); /* NULL for "" */
void sg_store_bind_blob(struct sg_store_query *q, struct sg_bytes v);
bool sg_store_row(struct sg_store_query *q); /* the next row is there */
int64_t sg_store_get_int(struct sg_store_query *q);
void sg_store_get_text(struct sg_store_query *q, char *to, size_t cap);
size_t sg_store_get_blob(struct sg_store_query *q, void *to, size_t cap); /* its length; 0 where it does not fit */
struct sg_bytes sg_store_get_bytes(struct sg_store_query *q);             /* of a text or blob, until the next step */
/* The index of a text in a list of names. Any other is damage: the schema has only these. */
int sg_store_get_name(struct sg_store_query *q, const char *const *names, size_t n);
/* 0, or the fault as a sentence after `what` ("cannot record the device"). */
int sg_store_end(struct sg_store_query *q, struct sg_error *err, const char *what);
/* Binds nothing, steps once, ends. */
int sg_store_run(struct sg_store *s, const char *sql, struct sg_error *err, const char *what);
int sg_store_fail(struct sg_store *s, int rc, struct sg_error *err, const char *what);

/* --------------------------------------------------------------------------------------------- transactions */

/* A function that writes: its own transaction, or a step that can be undone alone within the caller's. */
struct sg_store_step {
    bool nested;
};
int sg_store_step_begin(struct sg_store *s, struct sg_store_step *step, struct sg_error *err);
/* Commits where r >= 0, undoes otherwise. Returns r, or the commit's failure. */
int sg_store_step_end(struct sg_store *s, struct sg_store_step *step, int r, struct sg_error *err);

/* ----------------------------------------------------------------------------------------------- revocation */

int sg_store_revoke_device(struct sg_store *s, int64_t device, struct sg_error *err); /* where no identity is left */

/* --------------------------------------------------------------------------------------------------- schema */

/* One step of the schema: its SQL brings version to - 1 to `to`, and says so by PRAGMA user_version. */
struct sg_store_migration {
    int to;
    const char *sql;
};
extern const struct sg_store_migration sg_store_migrations[];
extern const size_t sg_store_migration_count;
/* Applies what is missing, each step in its transaction. SG_EUNSUPPORTED where the file is newer than the list. */
int sg_store_migrate(struct sg_store *s, const struct sg_store_migration *list, size_t n, struct sg_error *err);

#endif
