/* SPDX-License-Identifier: Apache-2.0 */
/* The file: made whole or not at all, refused with a reason when it is not sound, brought up to date, shared. */
#include "store/store_internal.h"
#include "test_store.h"
#include <fcntl.h>
#include <sys/wait.h>

static void assert_refused(const char *path, int code, const char *part)
{
    struct sg_error err = {0};
    struct sg_store *s = sg_store_open(path, &err);
    if (s)
        fail_msg("%s was opened", path);
    if (err.code != code)
        fail_msg("code %d: %s", err.code, err.text);
    assert_contains(err.text, part);
    assert_contains(err.text, path);
}

static int64_t pragma(struct sg_store *s, const char *text)
{
    struct sg_store_query q = sg_store_query(s, text);
    assert_true(sg_store_row(&q));
    int64_t v = sg_store_get_int(&q);
    assert_int_equal(sg_store_end(&q, NULL, ""), 0);
    return v;
}

static void created_private_and_durable(void **state)
{
    (void)state;
    mode_t before = umask(0);
    struct sg_store *s = new_store();
    umask(before);
    struct stat st;
    assert_int_equal(stat(DB, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    add_device(s, "a");
    assert_int_equal(stat(DB "-wal", &st), 0); /* it is in WAL mode */
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(pragma(s, "PRAGMA synchronous"), 2); /* FULL */
    assert_int_equal(pragma(s, "PRAGMA foreign_keys"), 1);
    assert_int_equal(pragma(s, "PRAGMA application_id"), SG_STORE_APPLICATION);
    assert_int_equal(pragma(s, "PRAGMA user_version"), sg_store_migrations[sg_store_migration_count - 1].to);
    sg_store_close(s);
    assert_int_not_equal(stat(DB "-wal", &st), 0);
}

static void create_never_replaces(void **state)
{
    (void)state;
    struct sg_error err = {0};
    struct sg_store *s = new_store();
    add_device(s, "a");
    sg_store_close(s);
    assert_int_equal(sg_store_create(DB, &err), SG_EEXISTS);
    assert_contains(err.text, DB " is there already");
    s = sg_store_open(DB, &err);
    struct sg_device d;
    assert_done(sg_store_find_device(s, "a", &d, &err), err);
    sg_store_close(s);
    /* The log of a deleted inventory would be played into the new one. */
    assert_int_equal(system("touch left.db-wal"), 0);
    assert_int_equal(sg_store_create("left.db", &err), SG_EEXISTS);
    assert_contains(err.text, "left.db-wal is there already; move it away");
    assert_int_equal(sg_store_create("no/folder.db", &err), SG_EIO);
    assert_contains(err.text, "no/folder.db");
    assert_int_equal(system("ls | grep -q 'folder.db\\|left.db\\.'"), 256); /* nothing half-done */
}

static void what_is_no_inventory_is_refused(void **state)
{
    (void)state;
    assert_refused("missing.db", SG_ENOTFOUND, "signet init");
    assert_int_equal(system("touch empty.db; seq 1 10000 >text.db"), 0);
    assert_refused("empty.db", SG_EFORMAT, "is not an inventory of Signet");
    assert_refused("text.db", SG_EFORMAT, "file is not a database");
    assert_int_equal(sql("other.db", "CREATE TABLE t (x)"), SQLITE_OK);
    assert_refused("other.db", SG_EFORMAT, "is not an inventory of Signet");
    assert_int_equal(sql("other.db", "DROP TABLE t"), SQLITE_OK);
    assert_refused(".", SG_EIO, "cannot open the inventory");
}

/* An inventory of some size, closed. */
static off_t fill(void)
{
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    assert_done(sg_store_begin(s, &err), err);
    for (int i = 0; i < 300; i++) {
        char name[32];
        snprintf(name, sizeof name, "urn:dev:ops:%d", i);
        add_device(s, name);
        struct sg_audit_entry e = {.when = NOW, .who = "root", .from = "local", .what = "enrolled"};
        assert_done(sg_store_audit(s, &e, &err), err);
    }
    assert_done(sg_store_commit(s, &err), err);
    sg_store_close(s);
    struct stat st;
    assert_int_equal(stat(DB, &st), 0);
    return st.st_size;
}

static void overwrite(off_t at, const void *p, size_t n)
{
    int fd = open(DB, O_WRONLY);
    assert_int_equal(pwrite(fd, p, n, at), n);
    close(fd);
}

static void damaged_header_is_refused(void **state)
{
    (void)state;
    uint8_t noise[100];
    memset(noise, 0xa5, sizeof noise);
    fill();
    overwrite(0, noise, sizeof noise);
    assert_refused(DB, SG_EFORMAT, "restore it from a backup");
}

static void cut_file_is_refused(void **state)
{
    (void)state;
    off_t size = fill();
    static const int cut[] = {1, 100, 4096, 20000};
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        fill();
        assert_int_equal(truncate(DB, size - cut[i]), 0);
        assert_refused(DB, SG_EFORMAT, "is damaged");
    }
    fill();
    assert_int_equal(truncate(DB, 50), 0);
    assert_refused(DB, SG_EFORMAT, "restore it from a backup");
}

static void overwritten_pages_are_refused(void **state)
{
    (void)state;
    uint8_t noise[64];
    off_t size = fill();
    memset(noise, 0xa5, sizeof noise);
    for (off_t page = 4096; page < size; page += 4096) {
        fill();
        overwrite(page, noise, sizeof noise);
        assert_refused(DB, SG_EFORMAT, "never repairs it by guessing");
    }
}

/* Sound pages, but somebody took a table away. */
static void missing_table_is_told(void **state)
{
    (void)state;
    struct sg_error err = {0};
    struct sg_device d;
    struct sg_store *s = new_store();
    assert_int_equal(
        sql(DB, "DROP TABLE registration; DROP TABLE revocation; DROP TABLE certificate; DROP TABLE device"),
        SQLITE_OK);
    assert_int_equal(sg_store_find_device(s, "a", &d, &err), SG_EIO);
    assert_contains(err.text, "no such table: device");
    sg_store_close(s);
    s = sg_store_open(DB, &err);
    assert_non_null(s);
    assert_int_equal(sg_store_find_device(s, "a", &d, &err), SG_EIO);
    assert_contains(err.text, "no such table: device");
    sg_store_close(s);
}

/* A large file opens at once; its damage is found by the check, and by whoever meets it. */
static void damage_in_a_large_file(void **state)
{
    (void)state;
    struct sg_error err = {0};
    struct sg_store *s = new_store();
    struct sg_audit_entry e = {.when = NOW, .who = "root", .from = "local", .what = "refused"};
    uint8_t noise[64];
    struct stat st;
    int64_t count;
    memset(e.detail, 'x', sizeof e.detail - 1);
    memset(noise, 0xa5, sizeof noise);
    assert_done(sg_store_begin(s, &err), err);
    for (int i = 0; i < 14000; i++)
        assert_done(sg_store_audit(s, &e, &err), err);
    assert_done(sg_store_commit(s, &err), err);
    assert_done(sg_store_check(s, &err), err);
    sg_store_close(s);
    assert_int_equal(stat(DB, &st), 0);
    assert_true(st.st_size > 8 * 1024 * 1024);
    overwrite(st.st_size / 8192 * 4096, noise, sizeof noise);
    s = sg_store_open(DB, &err);
    assert_non_null(s);
    assert_int_equal(sg_store_check(s, &err), SG_EFORMAT);
    assert_contains(err.text, "restore it from a backup");
    err.text[0] = 0;
    assert_int_equal(sg_store_audit_verify(s, &count, &err), SG_EFORMAT);
    assert_contains(err.text, "restore it from a backup");
    sg_store_close(s);
}

static void newer_file_is_refused(void **state)
{
    (void)state;
    sg_store_close(new_store());
    assert_int_equal(sql(DB, "PRAGMA user_version = 99"), SQLITE_OK);
    assert_refused(DB, SG_EUNSUPPORTED, "written by a newer Signet (its version is 99");
}

static void locked_file_is_told(void **state)
{
    (void)state;
    sqlite3 *db;
    sg_store_close(new_store());
    assert_int_equal(sqlite3_open(DB, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE t (x)", NULL, NULL, NULL),
        SQLITE_OK);
    assert_refused(DB, SG_EBUSY, "in use by another program (waited 5 s)");
    sqlite3_close(db);
}

/* ---------------------------------------------------------------------------------------------- migrations */

static const struct sg_store_migration steps[] = {
    {1, "CREATE TABLE device (name TEXT); PRAGMA user_version = 1"},
    {2, "ALTER TABLE device ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'; PRAGMA user_version = 2"},
    {3, "UPDATE device SET colour = 'dark ' || colour; PRAGMA user_version = 3"},
};

/* A file that an older program wrote, by its SQL text; opened without going through sg_store_open's own list. */
static struct sg_store *old_file(void)
{
    struct sg_store *s = calloc(1, sizeof *s);
    unlink("old.db");
    assert_int_equal(sql("old.db", "CREATE TABLE device (name TEXT); INSERT INTO device VALUES ('a'), ('b');"
                                   "PRAGMA user_version = 1"),
                     SQLITE_OK);
    assert_int_equal(sqlite3_open("old.db", &s->db), SQLITE_OK);
    strcpy(s->path, "old.db");
    return s;
}

static void older_file_is_brought_up_to_date(void **state)
{
    (void)state;
    struct sg_store *s = old_file();
    struct sg_error err = {0};
    assert_done(sg_store_migrate(s, steps, 3, &err), err);
    assert_int_equal(pragma(s, "PRAGMA user_version"), 3);
    assert_int_equal(pragma(s, "SELECT count(*) FROM device WHERE colour = 'dark blue'"), 2);
    assert_done(sg_store_migrate(s, steps, 3, &err), err); /* nothing is done twice */
    assert_int_equal(pragma(s, "SELECT count(*) FROM device WHERE colour = 'dark blue'"), 2);
    assert_int_equal(sg_store_migrate(s, steps, 2, &err), SG_EUNSUPPORTED);
    sg_store_close(s);
}

static void failed_step_changes_nothing(void **state)
{
    (void)state;
    static const struct sg_store_migration bad[] = {
        {1, ""},
        {2, "ALTER TABLE device ADD COLUMN colour TEXT; INSERT INTO nowhere VALUES (1); PRAGMA user_version = 2"},
    };
    struct sg_store *s = old_file();
    struct sg_error err = {0};
    assert_int_equal(sg_store_migrate(s, bad, 2, &err), SG_EIO);
    assert_contains(err.text, "cannot bring the inventory up to date");
    assert_int_equal(pragma(s, "PRAGMA user_version"), 1);
    assert_int_equal(pragma(s, "SELECT count(*) FROM pragma_table_info('device')"), 1);
    sg_store_close(s);
}

/* The first version, as its text stands: a file made by it is opened by every later program. */
static void version_1_is_opened(void **state)
{
    (void)state;
    struct sg_error err = {0};
    unlink(DB);
    assert_int_equal(sql(DB, sg_store_migrations[0].sql), SQLITE_OK);
    assert_int_equal(sql(DB, "INSERT INTO device (endpoint, model, firmware, tag, state, created) VALUES ('a', '', '', "
                             "0, 'enrolled', 1)"),
                     SQLITE_OK);
    struct sg_store *s = sg_store_open(DB, &err);
    if (!s)
        fail_msg("%s", err.text);
    struct sg_device d;
    assert_done(sg_store_find_device(s, "a", &d, &err), err);
    assert_int_equal(d.state, SG_DEVICE_ENROLLED);
    assert_int_equal(pragma(s, "PRAGMA user_version"), sg_store_migrations[sg_store_migration_count - 1].to);
    sg_store_close(s);
}

/* --------------------------------------------------------------------------------------------- transactions */

static bool has(struct sg_store *s, const char *endpoint)
{
    struct sg_device d;
    return sg_store_find_device(s, endpoint, &d, NULL) == 0;
}

static void transactions(void **state)
{
    (void)state;
    struct sg_error err = {0};
    struct sg_store *s = new_store();
    assert_done(sg_store_begin(s, &err), err);
    assert_int_equal(sg_store_begin(s, &err), SG_ESTATE);
    add_device(s, "a");
    sg_store_rollback(s);
    assert_false(has(s, "a"));
    assert_done(sg_store_begin(s, &err), err);
    add_device(s, "b");
    /* A call that fails undoes its own part alone. */
    struct sg_device again = {.endpoint = "b"};
    assert_int_equal(sg_store_add_device(s, &again, &err), SG_EEXISTS);
    add_device(s, "c");
    assert_done(sg_store_commit(s, &err), err);
    assert_int_equal(sg_store_commit(s, &err), SG_ESTATE);
    assert_true(has(s, "b") && has(s, "c"));
    /* Closing in the middle is a rollback. */
    assert_done(sg_store_begin(s, &err), err);
    add_device(s, "d");
    sg_store_close(s);
    s = sg_store_open(DB, &err);
    assert_false(has(s, "d"));
    sg_store_close(s);
}

static void parts(void **state)
{
    (void)state;
    struct sg_error err = {0};
    struct sg_store *s = new_store(), *other;
    assert_int_equal(sg_store_begin_part(s, &err), SG_ESTATE);
    assert_done(sg_store_begin(s, &err), err);
    assert_done(sg_store_begin_part(s, &err), err);
    add_device(s, "a");
    assert_done(sg_store_end_part(s, true, &err), err);
    assert_done(sg_store_begin_part(s, &err), err);
    add_device(s, "b");
    assert_done(sg_store_end_part(s, false, &err), err);
    other = sg_store_open_again(s, &err);
    assert_non_null(other);
    assert_false(has(other, "a")); /* not before the whole is committed */
    assert_done(sg_store_commit(s, &err), err);
    assert_true(has(other, "a"));
    assert_false(has(other, "b"));
    sg_store_close(other);
    sg_store_close(s);
}

static void changes_by_others_are_noticed(void **state)
{
    (void)state;
    struct sg_error err = {0};
    struct sg_store *a = new_store(), *b = sg_store_open(DB, &err);
    assert_false(sg_store_changed(a));
    add_device(a, "mine");
    assert_false(sg_store_changed(a));
    assert_true(sg_store_changed(b));
    assert_false(sg_store_changed(b));
    add_device(b, "yours");
    assert_true(sg_store_changed(a));
    assert_true(has(a, "yours"));
    sg_store_close(a);
    sg_store_close(b);
}

/* Killed without warning right after a commit: it is there. In the middle of a transaction: it is not. */
static void killed_process_loses_nothing(void **state)
{
    (void)state;
    struct sg_error err = {0};
    sg_store_close(new_store());
    pid_t child = fork();
    if (child == 0) {
        struct sg_store *mine = sg_store_open(DB, NULL);
        add_device(mine, "committed");
        sg_store_begin(mine, NULL);
        add_device(mine, "not committed");
        kill(getpid(), SIGKILL);
    }
    waitpid(child, NULL, 0);
    struct sg_store *s = sg_store_open(DB, &err);
    if (!s)
        fail_msg("%s", err.text);
    assert_true(has(s, "committed"));
    assert_false(has(s, "not committed"));
    sg_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(created_private_and_durable),
        cmocka_unit_test(create_never_replaces),
        cmocka_unit_test(what_is_no_inventory_is_refused),
        cmocka_unit_test(damaged_header_is_refused),
        cmocka_unit_test(cut_file_is_refused),
        cmocka_unit_test(overwritten_pages_are_refused),
        cmocka_unit_test(missing_table_is_told),
        cmocka_unit_test(damage_in_a_large_file),
        cmocka_unit_test(newer_file_is_refused),
        cmocka_unit_test(locked_file_is_told),
        cmocka_unit_test(older_file_is_brought_up_to_date),
        cmocka_unit_test(failed_step_changes_nothing),
        cmocka_unit_test(version_1_is_opened),
        cmocka_unit_test(transactions),
        cmocka_unit_test(parts),
        cmocka_unit_test(changes_by_others_are_noticed),
        cmocka_unit_test(killed_process_loses_nothing),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
