/* SPDX-License-Identifier: Apache-2.0 */
/* The log and the audit log: no value can forge a line, no entry is lost without being counted. */
#include "server/server_internal.h"
#include "server_live.h"

#include <fcntl.h>

/* What one call of sg_log puts on standard error. */
static char *logged(enum sg_log_level level, const char *event, const char *const *pairs)
{
    static char text[8192];
    int fds[2], keep = dup(STDERR_FILENO);
    assert_int_equal(pipe(fds), 0);
    dup2(fds[1], STDERR_FILENO);
    sg_log(level, event, pairs);
    dup2(keep, STDERR_FILENO);
    close(keep);
    close(fds[1]);
    ssize_t n = read(fds[0], text, sizeof text - 1);
    close(fds[0]);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void a_line_is_an_event(void **state)
{
    (void)state;
    const char *const pairs[] = {"endpoint", ALICE,   "reason",  "two words", "empty", "",  "none",
                                 NULL,       "quote", "a\"b\\c", "eq",        "a=b",   NULL};
    sg_log_set_level(SG_LOG_INFO);
    char *line = logged(SG_LOG_WARNING, "refused", pairs);
    assert_int_equal(strncmp(line, "time=20", 7), 0);
    assert_int_equal(line[28], 'Z');
    assert_string_equal(line + 29, " level=warning event=refused endpoint=" ALICE
                                   " reason=\"two words\" empty=\"\" none=\"\" quote=\"a\\\"b\\\\c\" eq=\"a=b\"\n");
    assert_string_equal(logged(SG_LOG_DEBUG, "quiet", (const char *const[]){NULL}), "");
    sg_log_set_level(SG_LOG_DEBUG);
    assert_non_null(strstr(logged(SG_LOG_DEBUG, "loud", (const char *const[]){NULL}), "level=debug event=loud\n"));
    sg_log_set_level(SG_LOG_ERROR);
    assert_string_equal(logged(SG_LOG_WARNING, "quiet", pairs), "");
}

static void no_value_forges_a_line(void **state)
{
    (void)state;
    char longest[6000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const char *const evil[] = {"name", "a\nlevel=error event=forged\x1b[31m\x7f\xc2\x9b", NULL};
    char *line = logged(SG_LOG_ERROR, "e", evil);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    for (const char *p = line; *p != '\n'; p++)
        assert_in_range(*p, ' ', '~');
    assert_non_null(strstr(line, "\"a\\x0alevel=error event=forged\\x1b[31m\\x7f\\xc2\\x9b\""));
    const char *const big[] = {"big", longest, "next", "kept", NULL};
    line = logged(SG_LOG_ERROR, "e", big);
    assert_non_null(strstr(line, "event=e next=kept\n"));
}

static void entries_wait_for_another_process(void **state)
{
    struct house *h = *state;
    assert_int_equal(sg_store_begin(h->store, NULL), 0); /* somebody else writes */
    sg_server_audit(h->up, "api", "127.0.0.1:1", "api-denied", "token", "wrong token");
    usleep(900000);
    sg_store_rollback(h->store);
    assert_int_equal(audited(h, "api-denied", "token", "wrong token"), 1);
}

static int count_entries(void *user, const struct sg_audit_entry *e)
{
    int *n = user;
    n[strcmp(e->what, "flood") == 0 ? 0 : 1]++;
    return 0;
}

static void what_is_too_much_is_counted(void **state)
{
    struct house *h = *state;
    int64_t count;
    char told[64];
    enum { FLOOD = 12000 };
    assert_int_equal(sg_store_begin(h->store, NULL), 0);
    for (int i = 0; i < FLOOD; i++)
        sg_server_audit(h->up, "stranger", "192.0.2.1:1", "flood", "x", "one of very many");
    sg_store_rollback(h->store);
    assert_int_equal(audited(h, "overflow", "", "entries were not written"), 1);
    sg_server_stop(h->up); /* writes what is still to be written */
    h->up = NULL;
    int n[2] = {0, 0};
    assert_int_equal(sg_store_each_audit(h->store, 1, count_entries, n, NULL), 0);
    assert_in_range(n[0], 1000, FLOOD - 1);
    snprintf(told, sizeof told, "%d entries were not written", FLOOD - n[0]);
    assert_int_equal(audited(h, "overflow", "", told), 1); /* all are accounted for */
    assert_int_equal(sg_store_audit_verify(h->store, &count, NULL), 0);
}

/* However fast a device registers, an entry of the audit log finds room. */
static void registrations_do_not_drive_out_audit_entries(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE);
    struct sg_device d;
    assert_int_equal(sg_store_find_device(h->store, ALICE, &d, NULL), 0);
    const struct sg_registration_row r = {.device = d.number, .active = true, .version = "1.1", .binding = "U"};
    assert_int_equal(sg_store_begin(h->store, NULL), 0);
    for (int i = 0; i < 12000; i++)
        sg_server_writer_registration(h->up->writer, &r);
    sg_server_audit(h->up, "api", "127.0.0.1:1", "api-denied", "token", "wrong token");
    sg_store_rollback(h->store);
    assert_int_equal(audited(h, "overflow", "", "entries were not written"), 1);
    assert_int_equal(audited(h, "api-denied", "token", "wrong token"), 1);
    free_party(&alice);
}

/* One that is refused over and over fills no disk: so many a minute are written, the others counted. */
static void refusals_do_not_fill_the_audit_log(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE);
    struct device *d = registered_device(h, &alice, ALICE);
    for (int i = 0; i < 100; i++)
        assert_int_equal(register_device(d, BOB), SG_COAP_FORBIDDEN);
    struct device *stranger = make_client(&h->other_root, sg_server_port(h->up), SG_CID_ON, false);
    connect_device(stranger);
    assert_true(stranger->refused);
    sg_server_stop(h->up);
    h->up = NULL;
    assert_int_equal(audited(h, "refused", ALICE, "registers as \"" BOB "\""), 60);
    assert_int_equal(audited(h, "refused", "127.0.0.1", "41 more in a minute were counted"), 1);
    free_device(d);
    free_device(stranger);
    free_party(&alice);
}

static void stopping_writes_everything(void **state)
{
    struct house *h = *state;
    int n[2] = {0, 0};
    for (int i = 0; i < 500; i++)
        sg_server_audit(h->up, "api", "x", "flood", "x", "");
    sg_server_stop(h->up);
    h->up = NULL;
    assert_int_equal(sg_store_each_audit(h->store, 1, count_entries, n, NULL), 0);
    assert_int_equal(n[0], 500);
}

#define WITH_ONE(test) cmocka_unit_test_setup_teardown(test, house_of_one, leave_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_an_event),
        cmocka_unit_test(no_value_forges_a_line),
        WITH_ONE(entries_wait_for_another_process),
        WITH_ONE(what_is_too_much_is_counted),
        WITH_ONE(registrations_do_not_drive_out_audit_entries),
        WITH_ONE(refusals_do_not_fill_the_audit_log),
        WITH_ONE(stopping_writes_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
