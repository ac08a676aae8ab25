/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in, and that refusals cannot fill the audit log. */
#include "api/api_internal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define TOKEN "0123456789abcdef0123456789abcdef"

static char file[] = "/tmp/sg-token-XXXXXX";

static void put_token(const char *content, mode_t mode)
{
    int fd = open(file, O_WRONLY | O_TRUNC | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void the_token_admits(void **state)
{
    (void)state;
    struct sg_api_guard g;
    struct sg_error err = {0};
    put_token(TOKEN "\n", 0600);
    assert_int_equal(sg_api_guard_init(&g, file, &err), 0);
    assert_true(sg_api_guard_admits(&g, "Bearer " TOKEN));
    assert_true(sg_api_guard_admits(&g, "bearer " TOKEN));
    assert_false(sg_api_guard_admits(&g, NULL));
    assert_false(sg_api_guard_admits(&g, ""));
    assert_false(sg_api_guard_admits(&g, "Bearer"));
    assert_false(sg_api_guard_admits(&g, "Bearer "));
    assert_false(sg_api_guard_admits(&g, TOKEN));
    assert_false(sg_api_guard_admits(&g, "Basic " TOKEN));
    assert_false(sg_api_guard_admits(&g, "Bearer  " TOKEN));
    assert_false(sg_api_guard_admits(&g, "Bearer " TOKEN " "));
    assert_false(sg_api_guard_admits(&g, "Bearer " TOKEN "\n"));
    assert_false(sg_api_guard_admits(&g, "Bearer 0123456789abcdef0123456789abcdeF"));
    assert_false(sg_api_guard_admits(&g, "Bearer 0123456789abcdef"));
    sg_api_guard_free(&g);
}

static void refused(const char *content, mode_t mode, int code, const char *words)
{
    struct sg_api_guard g;
    struct sg_error err = {0};
    put_token(content, mode);
    assert_int_equal(sg_api_guard_init(&g, file, &err), code);
    assert_non_null(strstr(err.text, words));
    assert_non_null(strstr(err.text, file));
    assert_null(strstr(err.text, "0123456789")); /* it never shows what is in the file */
}

static void a_bad_token_file_is_refused(void **state)
{
    (void)state;
    refused(TOKEN, 0640, SG_EDENIED, "0640");
    refused(TOKEN, 0604, SG_EDENIED, "chmod 600");
    refused("", 0600, SG_EFORMAT, "0 characters");
    refused("0123456789abcdef0123456789abcde", 0600, SG_EFORMAT, "31 characters");
    refused("0123456789abcdef 0123456789abcdef", 0600, SG_EFORMAT, "position 17");
    refused("0123456789abcdef\n0123456789abcdef", 0600, SG_EFORMAT, "position 17");
    struct sg_api_guard g;
    struct sg_error err = {0};
    assert_int_equal(sg_api_guard_init(&g, "/tmp", &err), SG_EFORMAT);
    assert_int_equal(sg_api_guard_init(&g, "/proc/none/none", &err), SG_ENOTFOUND);
}

/* ------------------------------------------------------------------------------------------------- refusals */

struct written {
    unsigned entries;
    char from[SG_ADDR_TEXT];
    bool has_what;
    uint64_t more;
};

static void note(void *user, const char *from, const char *what, uint64_t more, int64_t since)
{
    struct written *w = user;
    (void)since;
    w->entries++;
    (void)snprintf(w->from, sizeof w->from, "%s", from);
    w->has_what = what != NULL;
    w->more = more;
}

static void a_flood_is_counted(void **state)
{
    (void)state;
    struct sg_api_guard g;
    struct sg_error err = {0};
    struct written w = {0};
    put_token(TOKEN, 0600);
    assert_int_equal(sg_api_guard_init(&g, file, &err), 0);
    for (int64_t i = 0; i < 10000; i++)
        sg_api_guard_refused(&g, "127.0.0.1", "GET /", 1000 + i / 1000, note, &w);
    assert_int_equal(w.entries, 1); /* the first */
    assert_int_equal(w.more, 0);
    sg_api_guard_refused(&g, "127.0.0.2", "GET /", 1010, note, &w); /* another has its own first */
    assert_int_equal(w.entries, 2);
    assert_string_equal(w.from, "127.0.0.2");
    sg_api_guard_refused(&g, "127.0.0.1", "GET /", 1060, note, &w); /* the next minute tells what was counted */
    assert_int_equal(w.entries, 3);
    assert_int_equal(w.more, 9999);
    assert_true(w.has_what);
    sg_api_guard_refused(&g, "127.0.0.1", "GET /", 1061, note, &w);
    assert_int_equal(w.entries, 3);
    sg_api_guard_refused(&g, "127.0.0.1", "GET /", 500, note, &w); /* the clock was set back */
    assert_int_equal(w.entries, 4);
    sg_api_guard_refused(&g, "127.0.0.1", "GET /", 501, note, &w);
    sg_api_guard_flush(&g, note, &w); /* nothing counted is lost */
    assert_int_equal(w.entries, 5);
    assert_int_equal(w.more, 1);
    assert_false(w.has_what);
    sg_api_guard_flush(&g, note, &w);
    assert_int_equal(w.entries, 5);
    sg_api_guard_free(&g);
}

static void many_addresses_are_one(void **state)
{
    (void)state;
    struct sg_api_guard g;
    struct sg_error err = {0};
    struct written w = {0};
    char from[SG_ADDR_TEXT];
    put_token(TOKEN, 0600);
    assert_int_equal(sg_api_guard_init(&g, file, &err), 0);
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(from, sizeof from, "127.0.%u.%u", i / 250, i % 250);
        sg_api_guard_refused(&g, from, "GET /", 1000, note, &w);
    }
    assert_int_equal(w.entries, SG_API_REFUSAL_ROWS + 1);
    assert_string_equal(w.from, "other addresses");
    sg_api_guard_refused(&g, "127.0.0.0", "GET /", 1001, note, &w); /* counted in its row */
    sg_api_guard_refused(&g, "127.9.9.9", "GET /", 2000, note, &w); /* takes an old row, and its count is told */
    assert_string_equal(w.from, "127.9.9.9");
    assert_int_equal(w.entries, SG_API_REFUSAL_ROWS + 3);
    w.entries = 0;
    sg_api_guard_flush(&g, note, &w);
    assert_int_equal(w.entries, 1);
    assert_int_equal(w.more, 1000 - SG_API_REFUSAL_ROWS - 1);
    sg_api_guard_free(&g);
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(file);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_token_admits),
        cmocka_unit_test(a_bad_token_file_is_refused),
        cmocka_unit_test(a_flood_is_counted),
        cmocka_unit_test(many_addresses_are_one),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
