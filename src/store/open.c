/* SPDX-License-Identifier: Apache-2.0 */
/* An inventory made, opened and closed. */
#include "store_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Some 10,000 devices, checked in a tenth of a second. Above that a command would be slow to start: sg_store_check is
 * then for those who have the time. */
#define CHECK_AT_OPEN_MAX (8 * 1024 * 1024)

/* Journal and durability, for each connection. WAL is a property of the file and stays. */
static const char settings[] = "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA foreign_keys = ON;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA cell_size_check = ON;";

static void finalize_statements(struct sg_store *s)
{
    for (size_t i = 0; i < SG_STORE_STATEMENTS; i++)
        sqlite3_finalize(s->statements[i].stmt);
}

void sg_store_close(struct sg_store *s)
{
    if (!s)
        return;
    sg_store_rollback(s);
    finalize_statements(s);
    sqlite3_close(s->db);
    free(s);
}

/* A CHECK with a list (kind IN (…)) has SQLite make a table for it each time. Those tables do not take 20 pages in
 * advance then: a third of what it costs to record a certificate. */
static void configure(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}
static pthread_once_t once = PTHREAD_ONCE_INIT;

static struct sg_store *connect_to(const char *path, struct sg_error *err)
{
    struct sg_store *s = calloc(1, sizeof *s);
    (void)pthread_once(&once, configure);
    if (!s) {
        sg_fail(err, SG_ENOMEM, "out of memory");
        return NULL;
    }
    (void)snprintf(s->path, sizeof s->path, "%s", path);
    int rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(s->db, SG_STORE_WAIT_MS);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (rc == SQLITE_OK)
        return s;
    sg_store_fail(s, rc, err, "cannot open the inventory");
    sg_store_close(s);
    return NULL;
}

static int apply_settings(struct sg_store *s, struct sg_error *err)
{
    int rc = sqlite3_exec(s->db, settings, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : sg_store_fail(s, sqlite3_extended_errcode(s->db), err, "cannot open the inventory");
}

static int check_application(struct sg_store *s, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, "PRAGMA application_id");
    bool ours = sg_store_row(&q) && sg_store_get_int(&q) == SG_STORE_APPLICATION;
    int r = sg_store_end(&q, err, "cannot open the inventory");
    if (r == 0 && !ours)
        return sg_fail(
            err, SG_EFORMAT,
            "%s is not an inventory of Signet, or damaged beyond recognition: give the one that `signet init` made, or "
            "restore it from a backup",
            s->path);
    return r;
}

static int damaged(struct sg_store *s, const char *how, struct sg_error *err)
{
    return sg_fail(err, SG_EFORMAT,
                   "the inventory %s is damaged (%s). Stop what uses it and restore it from a backup; Signet never "
                   "repairs it by guessing",
                   s->path, how);
}

/* SQLite takes a last page that is cut for one that ends in zeros. */
static int check_size(struct sg_store *s, off_t size, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, "PRAGMA page_size");
    int64_t page = sg_store_row(&q) ? sg_store_get_int(&q) : 0;
    int r = sg_store_end(&q, err, "cannot open the inventory");
    if (r == 0 && page > 0 && size % page != 0)
        return damaged(s, "its last page was cut", err);
    return r;
}

int sg_store_check(struct sg_store *s, struct sg_error *err)
{
    char found[200] = "no answer";
    struct sg_store_query q = sg_store_query(s, "PRAGMA quick_check(1)");
    if (sg_store_row(&q))
        sg_store_get_text(&q, found, sizeof found);
    int r = sg_store_end(&q, err, "cannot check the inventory");
    if (r < 0 || strcmp(found, "ok") == 0)
        return r;
    found[strcspn(found, "\n")] = ' ';
    return damaged(s, found, err);
}

bool sg_store_changed(struct sg_store *s)
{
    struct sg_store_query q = sg_store_query(s, "PRAGMA data_version");
    int64_t version = sg_store_row(&q) ? sg_store_get_int(&q) : s->data_version;
    (void)sg_store_end(&q, NULL, "");
    bool changed = version != s->data_version;
    s->data_version = version;
    return changed;
}

/* The file's size, and whether a log beside it may hold its last pages. */
static int look(const char *path, off_t *size, bool *has_log, struct sg_error *err)
{
    char name[PATH_MAX];
    struct stat st, log;
    if (stat(path, &st) < 0)
        return sg_fail(err, errno == ENOENT ? SG_ENOTFOUND : SG_EIO, "cannot open the inventory %s: %s%s", path,
                       strerror(errno), errno == ENOENT ? " (`signet init` makes one)" : "");
    (void)snprintf(name, sizeof name, "%s-wal", path);
    *size = st.st_size;
    *has_log = stat(name, &log) == 0;
    return 0;
}

struct sg_store *sg_store_open(const char *path, struct sg_error *err)
{
    off_t size = 0;
    bool has_log = false;
    if (look(path, &size, &has_log, err) < 0)
        return NULL;
    struct sg_store *s = connect_to(path, err);
    if (!s)
        return NULL;
    if (check_application(s, err) == 0 && (has_log || check_size(s, size, err) == 0) &&
        (size > CHECK_AT_OPEN_MAX || sg_store_check(s, err) == 0) && apply_settings(s, err) == 0 &&
        sg_store_migrate(s, sg_store_migrations, sg_store_migration_count, err) == 0) {
        (void)sg_store_changed(s); /* from here on */
        return s;
    }
    sg_store_close(s);
    return NULL;
}

struct sg_store *sg_store_open_again(const struct sg_store *s, struct sg_error *err)
{
    struct sg_store *again = connect_to(sqlite3_db_filename(s->db, "main"), err);
    if (again && apply_settings(again, err) == 0) {
        (void)sg_store_changed(again);
        return again;
    }
    sg_store_close(again);
    return NULL;
}

/* --------------------------------------------------------------------------------------------------- create */

/* The WAL of an inventory that was deleted would be played into the new one. */
static int refuse_leftovers(const char *path, struct sg_error *err)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    char name[PATH_MAX];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct stat st;
        int n = snprintf(name, sizeof name, "%s%s", path, ends[i]);
        if (n < 0 || (size_t)n >= sizeof name)
            return sg_fail(err, SG_EINVAL, "cannot make an inventory: its path is too long");
        if (lstat(name, &st) == 0)
            return sg_fail(err, SG_EEXISTS, "cannot make an inventory: %s is there already; move it away first", name);
    }
    return 0;
}

static int fill(const char *path, struct sg_error *err)
{
    struct sg_store *s = connect_to(path, err);
    if (!s)
        return err ? err->code : SG_EIO;
    int r = apply_settings(s, err);
    if (r == 0)
        r = sg_store_migrate(s, sg_store_migrations, sg_store_migration_count, err);
    sg_store_close(s); /* moves the WAL into the file, and removes it */
    return r;
}

/* Made under another name and linked into place: it appears whole or not at all. */
int sg_store_create(const char *path, struct sg_error *err)
{
    char temp[PATH_MAX];
    int r = refuse_leftovers(path, err);
    if (r < 0)
        return r;
    int n = snprintf(temp, sizeof temp, "%s.XXXXXX", path);
    int fd = n > 0 && (size_t)n < sizeof temp ? mkostemp(temp, O_CLOEXEC) : -1; /* mode 0600 */
    if (fd < 0)
        return sg_fail(err, SG_EIO, "cannot make the inventory %s: %s (its folder must exist and be writable)", path,
                       strerror(errno));
    r = fill(temp, err);
    if (r == 0 && (fsync(fd) < 0 || link(temp, path) < 0))
        r = sg_fail(err, errno == EEXIST ? SG_EEXISTS : SG_EIO, "cannot make the inventory %s: %s", path,
                    strerror(errno));
    close(fd);
    unlink(temp);
    return r;
}
