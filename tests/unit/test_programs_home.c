/* SPDX-License-Identifier: Apache-2.0 */
/* Where a home is, what lies in it, whether it can be worked with, and where its run-time directory is. */
#include "programs/home.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/test_home.XXXXXX";

static int enter(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    char command[80];
    (void)state;
    (void)snprintf(command, sizeof command, "cd / && rm -rf %s", folder);
    return system(command);
}

#define assert_contains(text, part)                                                                                    \
    do {                                                                                                               \
        if (!strstr(text, part))                                                                                       \
            fail_msg("\"%s\" is not in \"%s\"", part, text);                                                           \
    } while (0)

static void option_before_variable_before_default(void **state)
{
    struct sg_home h;
    (void)state;
    assert_int_equal(setenv("HOME", "/home/ada", 1), 0);
    assert_int_equal(setenv("SIGNET_HOME", "/srv/two", 1), 0);
    assert_int_equal(sg_home_find(&h, "/srv/one/", NULL), 0);
    assert_string_equal(h.dir, "/srv/one");
    assert_int_equal(sg_home_find(&h, NULL, NULL), 0);
    assert_string_equal(h.dir, "/srv/two");
    assert_string_equal(h.shown, "/srv/two");
    assert_int_equal(setenv("SIGNET_HOME", "", 1), 0);
    assert_int_equal(sg_home_find(&h, NULL, NULL), 0);
    assert_string_equal(h.dir, "/home/ada/.signet");
    assert_string_equal(h.shown, "~/.signet");
    assert_string_equal(h.config, "/home/ada/.signet/signet.yaml");
    assert_string_equal(h.issuing_key, "/home/ada/.signet/ca/issuing.key");
    assert_string_equal(h.server_cert, "/home/ada/.signet/server/server.pem");
}

static void long_and_empty_paths_are_refused(void **state)
{
    struct sg_home h;
    struct sg_error err = {0};
    char path[SG_PATH + 10];
    (void)state;
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(sg_home_at(&h, path, &err), SG_ENOSPC);
    path[SG_PATH - 2] = '\0'; /* fits alone, and nothing below it */
    assert_int_equal(sg_home_at(&h, path, &err), SG_ENOSPC);
    assert_int_equal(sg_home_at(&h, "", &err), SG_ENOSPC);
}

static void a_home_is_checked(void **state)
{
    struct sg_home h;
    struct sg_error err = {0};
    (void)state;
    assert_int_equal(sg_home_at(&h, "h", &err), 0);
    assert_int_equal(sg_home_check(&h, &err), SG_ENOTFOUND);
    assert_contains(err.text, "signet init");
    assert_int_equal(mkdir("h", 0755), 0);
    assert_int_equal(sg_home_check(&h, &err), SG_EDENIED);
    assert_contains(err.text, "chmod 700");
    assert_int_equal(chmod("h", 0700), 0);
    assert_int_equal(sg_home_check(&h, &err), SG_EFORMAT);
    assert_contains(err.text, "no inventory.db");
    assert_int_equal(fclose(fopen("h/inventory.db", "w")), 0);
    assert_int_equal(sg_home_check(&h, &err), 0);
    assert_int_equal(sg_home_at(&h, "h/inventory.db", &err), 0);
    assert_int_equal(sg_home_check(&h, &err), SG_EFORMAT);
    assert_contains(err.text, "is not a folder");
}

static void each_home_has_its_own_run_time_directory(void **state)
{
    struct sg_home a, b;
    struct stat st;
    char one[SG_PATH], two[SG_PATH], again[SG_PATH];
    (void)state;
    assert_int_equal(mkdir("a", 0700), 0);
    assert_int_equal(mkdir("b", 0700), 0);
    assert_int_equal(symlink("a", "link"), 0);
    assert_int_equal(sg_home_at(&a, "a", NULL), 0);
    assert_int_equal(sg_home_at(&b, "b", NULL), 0);
    assert_int_equal(sg_home_run_dir(&a, NULL, true, one, NULL), 0);
    assert_int_equal(sg_home_run_dir(&b, "", false, two, NULL), 0);
    assert_string_not_equal(one, two);
    assert_int_not_equal(stat(two, &st), 0); /* asked for, not made */
    assert_int_equal(stat(one, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(sg_home_at(&b, "link", NULL), 0); /* the same home under another name */
    assert_int_equal(sg_home_run_dir(&b, NULL, true, again, NULL), 0);
    assert_string_equal(one, again);
    assert_int_equal(rmdir(one), 0);
}

static void a_configured_one_must_be_private(void **state)
{
    struct sg_home h;
    struct sg_error err = {0};
    char path[SG_PATH], configured[SG_PATH];
    (void)state;
    assert_int_equal(sg_home_at(&h, "a", NULL), 0);
    (void)snprintf(configured, sizeof configured, "%s/run", folder);
    assert_int_equal(sg_home_run_dir(&h, configured, true, path, &err), 0);
    assert_string_equal(path, configured);
    assert_int_equal(chmod(configured, 0755), 0);
    assert_int_equal(sg_home_run_dir(&h, configured, true, path, &err), SG_EDENIED);
    assert_contains(err.text, "is not ours alone");
    assert_int_equal(rmdir(configured), 0);
    assert_int_equal(symlink("/tmp", configured), 0); /* somebody else's choice of a place */
    assert_int_equal(sg_home_run_dir(&h, configured, true, path, &err), SG_EDENIED);
    assert_int_equal(sg_home_run_dir(&h, "/no/such/place", true, path, &err), SG_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(option_before_variable_before_default),
        cmocka_unit_test(long_and_empty_paths_are_refused),
        cmocka_unit_test(a_home_is_checked),
        cmocka_unit_test(each_home_has_its_own_run_time_directory),
        cmocka_unit_test(a_configured_one_must_be_private),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
