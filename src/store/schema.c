/* SPDX-License-Identifier: Apache-2.0 */
/* The schema, version by version. docs/reference/inventory.md describes it for people. */
#include "store_internal.h"

static const char version_1[] =
    "CREATE TABLE device ("
    "  number   INTEGER PRIMARY KEY AUTOINCREMENT," /* never used again */
    "  endpoint TEXT NOT NULL UNIQUE CHECK (endpoint <> ''),"
    "  imei     TEXT UNIQUE,"
    "  uuid     TEXT UNIQUE,"
    "  model    TEXT NOT NULL,"
    "  firmware TEXT NOT NULL,"
    "  tag      INTEGER NOT NULL,"
    "  identity BLOB CHECK (length(identity) = 65)," /* NULL: not known */
    "  state    TEXT NOT NULL CHECK (state IN ('enrolling', 'enrolled', 'revoked')),"
    "  created  INTEGER NOT NULL"
    ") STRICT;"

    "CREATE TABLE certificate ("
    "  number      INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  kind        TEXT NOT NULL CHECK (kind IN ('device-root', 'issuing-ca', 'server-root', 'server', 'device')),"
    "  state       TEXT NOT NULL CHECK (state IN ('issued', 'active', 'revoked', 'retired')),"
    "  device      INTEGER REFERENCES device (number),"
    "  tag         INTEGER NOT NULL,"
    "  fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 32),"
    "  key         BLOB NOT NULL UNIQUE CHECK (length(key) = 32)," /* two devices cannot share a key */
    "  issuer      BLOB NOT NULL CHECK (length(issuer) = 32),"
    "  key_digest  BLOB CHECK (length(key_digest) = 32)," /* NULL: not known */
    "  cn          TEXT NOT NULL,"
    "  issuer_cn   TEXT NOT NULL,"
    "  serial      TEXT NOT NULL,"
    "  names       TEXT NOT NULL,"
    "  valid_from  INTEGER NOT NULL,"
    "  valid_until INTEGER NOT NULL,"
    "  der         BLOB NOT NULL,"
    "  added       INTEGER NOT NULL,"
    "  CHECK ((kind = 'device') = (device IS NOT NULL))"
    ") STRICT;"
    "CREATE INDEX certificate_device ON certificate (device);"

    "CREATE TABLE revocation ("
    "  certificate INTEGER PRIMARY KEY REFERENCES certificate (number),"
    "  revoked_at  INTEGER NOT NULL,"
    "  reason      TEXT NOT NULL"
    ") STRICT;"

    "CREATE TABLE registration ("
    "  device     INTEGER PRIMARY KEY REFERENCES device (number),"
    "  active     INTEGER NOT NULL CHECK (active IN (0, 1)),"
    "  registered INTEGER NOT NULL,"
    "  updated    INTEGER NOT NULL,"
    "  lifetime   INTEGER NOT NULL,"
    "  version    TEXT NOT NULL,"
    "  binding    TEXT NOT NULL,"
    "  address    TEXT NOT NULL,"
    "  objects    TEXT NOT NULL"
    ") STRICT;"

    "CREATE TABLE audit ("
    "  number  INTEGER PRIMARY KEY," /* 1, 2, 3, … */
    "  at      INTEGER NOT NULL,"
    "  who     TEXT NOT NULL,"
    "  origin  TEXT NOT NULL,"
    "  what    TEXT NOT NULL,"
    "  subject TEXT NOT NULL,"
    "  detail  TEXT NOT NULL,"
    "  hash    BLOB NOT NULL CHECK (length(hash) = 32)"
    ") STRICT;"
    /* What is in the audit log stays; REPLACE would not fire the trigger for DELETE, but fires that for INSERT. */
    "CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN"
    "  SELECT RAISE(ABORT, 'entries of the audit log are never changed'); END;"
    "CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN"
    "  SELECT RAISE(ABORT, 'entries of the audit log are never removed'); END;"
    "CREATE TRIGGER audit_insert BEFORE INSERT ON audit"
    "  WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM audit) BEGIN"
    "  SELECT RAISE(ABORT, 'entries of the audit log are added at its end'); END;"

    "PRAGMA application_id = 0x53676e74;"
    "PRAGMA user_version = 1;";

static const char version_2[] =
    "CREATE TABLE psk ("
    "  number   INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  device   INTEGER NOT NULL REFERENCES device (number),"
    "  state    TEXT NOT NULL CHECK (state IN ('issued', 'active', 'revoked', 'retired')),"
    "  tag      INTEGER NOT NULL,"
    "  identity TEXT NOT NULL CHECK (identity <> ''),"
    "  sealed   BLOB CHECK (length(sealed) = 60)," /* NULL: erased, when it was retired or revoked */
    "  added    INTEGER NOT NULL,"
    "  ended    INTEGER," /* NULL: it has not */
    "  reason   TEXT,"    /* NULL: not revoked */
    "  CHECK ((state IN ('issued', 'active')) = (sealed IS NOT NULL)),"
    "  CHECK ((sealed IS NULL) = (ended IS NOT NULL)),"
    "  CHECK ((state = 'revoked') = (reason IS NOT NULL))"
    ") STRICT;"
    "CREATE INDEX psk_device ON psk (device);"
    "CREATE INDEX psk_identity ON psk (identity);"
    /* One key at a time under one identity. */
    "CREATE UNIQUE INDEX psk_living ON psk (identity) WHERE sealed IS NOT NULL;"
    "PRAGMA user_version = 2;";

static const char version_3[] =
    "CREATE TABLE lot ("
    "  number INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  name   TEXT NOT NULL UNIQUE CHECK (name <> ''),"
    "  who    TEXT NOT NULL,"
    "  begun  INTEGER NOT NULL,"
    "  ended  INTEGER" /* NULL: it is open */
    ") STRICT;"

    "CREATE TABLE lot_board ("
    "  number      INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  lot         INTEGER NOT NULL REFERENCES lot (number),"
    "  who         TEXT NOT NULL,"
    "  port        TEXT NOT NULL,"
    "  imei        TEXT NOT NULL,"
    "  uuid        TEXT NOT NULL,"
    "  model       TEXT NOT NULL,"
    "  firmware    TEXT NOT NULL,"
    "  endpoint    TEXT NOT NULL,"
    "  tag         INTEGER NOT NULL,"
    "  certificate BLOB CHECK (length(certificate) = 32)," /* NULL: none */
    "  began       INTEGER NOT NULL,"
    "  took_ms     INTEGER NOT NULL,"
    "  result      TEXT NOT NULL CHECK (result IN ('enrolled', 'verified', 'refused', 'failed')),"
    "  reason      TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX lot_board_lot ON lot_board (lot);"

    "CREATE TABLE renewal ("
    "  device  INTEGER PRIMARY KEY REFERENCES device (number),"
    "  old_tag INTEGER NOT NULL,"
    "  tag     INTEGER NOT NULL CHECK (tag <> old_tag),"
    "  begun   INTEGER NOT NULL"
    ") STRICT;"
    "PRAGMA user_version = 3;";

/* Modems' identity keys: the maker's list, and where a device's key is from. */
static const char version_4[] =
    "ALTER TABLE device ADD COLUMN identity_source TEXT CHECK (identity_source IN ('first-sight', 'maker'));"
    "UPDATE device SET identity_source = 'first-sight' WHERE identity IS NOT NULL;"
    "CREATE TABLE identity ("
    "  uuid  TEXT PRIMARY KEY CHECK (length(uuid) = 36),"
    "  point BLOB NOT NULL CHECK (length(point) = 65),"
    "  added INTEGER NOT NULL"
    ") STRICT;"
    "PRAGMA user_version = 4;";

/* A second identity, for the bootstrap server. */
static const char version_5[] =
    "ALTER TABLE device ADD COLUMN bootstrap_tag INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE lot_board ADD COLUMN bootstrap BLOB CHECK (length(bootstrap) = 32);" /* NULL: none */
    "PRAGMA user_version = 5;";

const struct sg_store_migration sg_store_migrations[] = {
    {1, version_1}, {2, version_2}, {3, version_3}, {4, version_4}, {5, version_5},
};
const size_t sg_store_migration_count = sizeof sg_store_migrations / sizeof *sg_store_migrations;

static int read_version(struct sg_store *s, int64_t *version, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, "PRAGMA user_version");
    *version = sg_store_row(&q) ? sg_store_get_int(&q) : 0;
    return sg_store_end(&q, err, "cannot read the inventory's version");
}

/* One step, unless another process made it while this one waited for the lock. */
static int apply(struct sg_store *s, const struct sg_store_migration *m, struct sg_error *err)
{
    int64_t version = 0;
    int r = sg_store_begin(s, err);
    if (r < 0)
        return r;
    r = read_version(s, &version, err);
    if (r == 0 && version == m->to - 1) {
        int rc = sqlite3_exec(s->db, m->sql, NULL, NULL, NULL);
        if (rc != SQLITE_OK)
            r = sg_store_fail(s, sqlite3_extended_errcode(s->db), err, "cannot bring the inventory up to date");
    }
    if (r == 0)
        return sg_store_commit(s, err);
    sg_store_rollback(s);
    return r;
}

int sg_store_migrate(struct sg_store *s, const struct sg_store_migration *list, size_t n, struct sg_error *err)
{
    int64_t version;
    int r = read_version(s, &version, err);
    if (r == 0 && version > list[n - 1].to)
        return sg_fail(err, SG_EUNSUPPORTED,
                       "the inventory %s was written by a newer Signet (its version is %lld, this program knows up to "
                       "%d): use that one",
                       s->path, (long long)version, list[n - 1].to);
    for (size_t i = 0; r == 0 && i < n; i++) {
        if (list[i].to > version)
            r = apply(s, &list[i], err);
    }
    return r;
}
