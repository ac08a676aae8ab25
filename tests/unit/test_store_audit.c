/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log: a chain that shows what was altered, removed or reordered, whoever and how many write to it. */
#include "test_store.h"
#include <sys/wait.h>

static void add(struct sg_store *s, const char *what, const char *detail)
{
    struct sg_error err = {0};
    struct sg_audit_entry e = {.when = NOW, .who = "root", .from = "local", .subject = "urn:imei:351516170000001"};
    snprintf(e.what, sizeof e.what, "%s", what);
    snprintf(e.detail, sizeof e.detail, "%s", detail);
    assert_done(sg_store_audit(s, &e, &err), err);
}

static struct sg_store *store_of_five(void)
{
    struct sg_store *s = new_store();
    add(s, "ca-created", "one");
    add(s, "enrolled", "two");
    add(s, "refused", "three");
    add(s, "revoked", "four");
    add(s, "api-denied", "five");
    return s;
}

static int take(void *user, const struct sg_audit_entry *e)
{
    struct sg_audit_entry **at = user;
    *(*at)++ = *e;
    return 0;
}

static void entries_in_order(void **state)
{
    (void)state;
    struct sg_store *s = store_of_five();
    struct sg_error err = {0};
    struct sg_audit_entry list[5], *at = list;
    assert_done(sg_store_each_audit(s, 1, take, &at, &err), err);
    assert_int_equal(at - list, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(list[i].number, i + 1);
    assert_string_equal(list[4].what, "api-denied");
    assert_string_equal(list[4].detail, "five");
    assert_string_equal(list[4].who, "root");
    assert_string_equal(list[4].from, "local");
    at = list;
    assert_done(sg_store_each_audit(s, 4, take, &at, &err), err);
    assert_int_equal(at - list, 2);
    int64_t count;
    assert_done(sg_store_audit_verify(s, &count, &err), err);
    assert_int_equal(count, 5);
    sg_store_close(s);
}

static void empty_log(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    int64_t count = 7;
    assert_int_equal(sg_store_audit_verify(s, &count, NULL), 0);
    assert_int_equal(count, 0);
    sg_store_close(s);
}

static void log_is_only_added_to(void **state)
{
    (void)state;
    struct sg_store *s = store_of_five();
    static const char *const forbidden[] = {
        "UPDATE audit SET detail = 'x' WHERE number = 2",
        "DELETE FROM audit WHERE number = 5",
        "DELETE FROM audit",
        "REPLACE INTO audit SELECT 2, at, who, origin, what, subject, 'x', hash FROM audit WHERE number = 2",
        "INSERT INTO audit SELECT 7, at, who, origin, what, subject, detail, hash FROM audit WHERE number = 5",
    };
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        assert_int_equal(sql(DB, forbidden[i]), SQLITE_CONSTRAINT);
    int64_t count;
    assert_int_equal(sg_store_audit_verify(s, &count, NULL), 0);
    assert_int_equal(count, 5);
    sg_store_close(s);
}

/* Somebody with a pen: the triggers are gone, and then … */
static void assert_found(const char *tampering, int64_t seen, const char *part)
{
    struct sg_store *s = store_of_five();
    struct sg_error err = {0};
    int64_t count;
    assert_int_equal(sql(DB, "DROP TRIGGER audit_update; DROP TRIGGER audit_delete; DROP TRIGGER audit_insert"), 0);
    assert_int_equal(sql(DB, tampering), SQLITE_OK);
    if (sg_store_audit_verify(s, &count, &err) != SG_EMISMATCH)
        fail_msg("not found: %s", tampering);
    assert_contains(err.text, part);
    assert_contains(err.text, "tampered with");
    assert_int_equal(count, seen);
    sg_store_close(s);
}

static void altered_fields_are_found(void **state)
{
    (void)state;
    static const char *const fields[] = {"at = at + 1",
                                         "who = 'ada'",
                                         "origin = '192.0.2.1'",
                                         "what = 'enrolled'",
                                         "subject = subject || 'x'",
                                         "detail = 'Three'",
                                         "detail = ''",
                                         "hash = zeroblob(32)",
                                         "what = 'refusedt', detail = 'hree'"}; /* moved over a border */
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        char text[200];
        snprintf(text, sizeof text, "UPDATE audit SET %s WHERE number = 3", fields[i]);
        assert_found(text, 2, "entry 3 does not fit its hash");
    }
    /* Longer than the field may be: what is read is cut, what is checked is not. */
    assert_found("UPDATE audit SET who = who || printf('%.70c', 'x') WHERE number = 3", 2, "entry 3 does not fit");
}

static void removed_entries_are_found(void **state)
{
    (void)state;
    assert_found("DELETE FROM audit WHERE number = 3", 2, "entry 3 is missing (4 follows 2)");
    assert_found("DELETE FROM audit WHERE number = 1", 0, "entry 1 is missing (2 follows 0)");
    assert_found("DELETE FROM audit WHERE number = 3; UPDATE audit SET number = 3 WHERE number = 4;"
                 "UPDATE audit SET number = 4 WHERE number = 5",
                 2, "entry 3 does not fit its hash");
    assert_found("INSERT INTO audit SELECT 0, at, who, origin, what, subject, detail, hash FROM audit WHERE number = 1",
                 0, "entry 1 is missing (0 follows 0)");
}

static void reordered_entries_are_found(void **state)
{
    (void)state;
    assert_found("UPDATE audit SET number = 9 WHERE number = 2; UPDATE audit SET number = 2 WHERE number = 3;"
                 "UPDATE audit SET number = 3 WHERE number = 9",
                 1, "entry 2 does not fit its hash");
}

/* Several processes, each with entries of its own and entries within a transaction. */
static void write_many(int writer)
{
    struct sg_error err = {0};
    struct sg_store *s = sg_store_open(DB, &err);
    bool ok = s != NULL;
    for (int i = 0; ok && i < 10; i++) {
        struct sg_audit_entry e = {.when = NOW, .who = "signetd", .from = "local", .what = "refused"};
        snprintf(e.detail, sizeof e.detail, "writer %d entry %d", writer, i);
        ok = sg_store_begin(s, &err) == 0 && sg_store_audit(s, &e, &err) == 0 && sg_store_audit(s, &e, &err) == 0 &&
             sg_store_commit(s, &err) == 0 && sg_store_audit(s, &e, &err) == 0;
    }
    if (!ok)
        fprintf(stderr, "writer %d: %s\n", writer, err.text);
    sg_store_close(s);
    _exit(ok ? 0 : 1);
}

static void several_processes_keep_one_chain(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    int64_t count;
    sg_store_close(s); /* a connection is not carried over a fork */
    for (int i = 0; i < 4; i++) {
        if (fork() == 0)
            write_many(i);
    }
    for (int i = 0; i < 4; i++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    s = sg_store_open(DB, &err);
    assert_done(sg_store_audit_verify(s, &count, &err), err);
    assert_int_equal(count, 120);
    sg_store_close(s);
}

/* The Python of docs/reference/inventory.md, word for word, comes to the same hash. */
static void anyone_can_recompute_it(void **state)
{
    (void)state;
    struct sg_store *s = store_of_five();
    struct sg_audit_entry list[6], *at = list;
    add(s, "enrolled", "caf\xc3\xa9, \xff and a line\nbreak");
    assert_int_equal(sg_store_each_audit(s, 1, take, &at, NULL), 0);
    assert_int_equal(
        system("sed -n '/^```python$/,/^```$/p' " SG_SOURCE "/docs/reference/inventory.md | grep -v '```' >check.py"),
        0);
    char expected[80] = "6 ", got[200] = "";
    struct sg_buf b = sg_buf(expected + 2, sizeof expected - 2);
    sg_put_hex(&b, sg_bytes(list[5].hash, 32));
    sg_put_str(&b, "\n");
    sg_buf_cstr(&b);
    FILE *p = popen("python3 check.py " DB " 2>&1", "r");
    got[fread(got, 1, sizeof got - 1, p)] = 0;
    assert_int_equal(pclose(p), 0);
    assert_string_equal(got, expected);
    assert_int_equal(sql(DB, "DROP TRIGGER audit_update; UPDATE audit SET who = 'ada' WHERE number = 4"), 0);
    p = popen("python3 check.py " DB " 2>&1", "r");
    got[fread(got, 1, sizeof got - 1, p)] = 0;
    assert_int_not_equal(pclose(p), 0);
    assert_string_equal(got, "entry 4 does not fit its hash\n");
    sg_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_in_order),
        cmocka_unit_test(empty_log),
        cmocka_unit_test(log_is_only_added_to),
        cmocka_unit_test(altered_fields_are_found),
        cmocka_unit_test(removed_entries_are_found),
        cmocka_unit_test(reordered_entries_are_found),
        cmocka_unit_test(several_processes_keep_one_chain),
        cmocka_unit_test(anyone_can_recompute_it),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
