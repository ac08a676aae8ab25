/* SPDX-License-Identifier: Apache-2.0 */
/* Files are written whole or not at all, with the mode asked for, and read with a bound. */
#include "test_pki.h"
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static int files_here(void)
{
    int n = 0;
    DIR *d = opendir(".");
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void assert_content(const char *path, const char *content)
{
    size_t n;
    uint8_t *p = sg_file_read(path, 1000, &n, NULL);
    assert_non_null(p);
    assert_string_equal((char *)p, content);
    assert_int_equal(n, strlen(content));
    free(p);
}

static void mode_is_exact(void **state)
{
    (void)state;
    mode_t before = umask(077);
    assert_int_equal(sg_file_write("public", 0644, true, sg_str("a"), NULL), 0);
    umask(0);
    assert_int_equal(sg_file_write("private", 0600, true, sg_str("b"), NULL), 0);
    umask(before);
    assert_int_equal(mode_of("public"), 0644);
    assert_int_equal(mode_of("private"), 0600);
}

static void replaces_or_refuses(void **state)
{
    (void)state;
    struct sg_error err = {0};
    assert_int_equal(sg_file_write("f", 0644, false, sg_str("one"), &err), 0);
    assert_int_equal(sg_file_write("f", 0600, false, sg_str("two"), &err), 0);
    assert_content("f", "two");
    assert_int_equal(mode_of("f"), 0600);
    assert_int_equal(sg_file_write("f", 0600, true, sg_str("three"), &err), SG_EEXISTS);
    assert_contains(err.text, "f is there already");
    assert_content("f", "two");
}

static void empty_content(void **state)
{
    (void)state;
    assert_int_equal(sg_file_write("empty", 0600, true, sg_bytes(NULL, 0), NULL), 0);
    assert_content("empty", "");
}

/* The disk fills up in the middle (here: a limit on the file's size): what was there stays, nothing else is left. */
static void interrupted_write_leaves_the_old(void **state)
{
    (void)state;
    static uint8_t big[100000];
    assert_int_equal(sg_file_write("kept", 0600, true, sg_str("old"), NULL), 0);
    int before = files_here();
    struct rlimit was, small;
    getrlimit(RLIMIT_FSIZE, &was);
    small = was;
    small.rlim_cur = 50000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    struct sg_error err = {0};
    int r = sg_file_write("kept", 0600, false, sg_bytes(big, sizeof big), &err);
    setrlimit(RLIMIT_FSIZE, &was);
    assert_int_equal(r, SG_EIO);
    assert_contains(err.text, "cannot write kept: File too large");
    assert_content("kept", "old");
    assert_int_equal(files_here(), before);
}

/* The process dies in the middle: the signal comes while it writes. */
static void killed_write_leaves_the_old(void **state)
{
    (void)state;
    static uint8_t big[100000];
    assert_int_equal(sg_file_write("survivor", 0600, true, sg_str("old"), NULL), 0);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit small = {50000, 50000}, no_core = {0, 0};
        signal(SIGXFSZ, SIG_DFL);
        setrlimit(RLIMIT_CORE, &no_core);
        setrlimit(RLIMIT_FSIZE, &small);
        sg_file_write("survivor", 0600, false, sg_bytes(big, sizeof big), NULL);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    assert_content("survivor", "old");
}

static void read_tells_what_is_wrong(void **state)
{
    (void)state;
    struct sg_error err = {0};
    assert_null(sg_file_read("nowhere", 10, NULL, &err));
    assert_int_equal(err.code, SG_ENOTFOUND);
    assert_contains(err.text, "cannot read nowhere: No such file");
    put_text("eleven", "12345678901");
    assert_null(sg_file_read("eleven", 10, NULL, &err));
    assert_int_equal(err.code, SG_ENOSPC);
    assert_contains(err.text, "larger than the 10 bytes");
    uint8_t *p = sg_file_read("eleven", 11, NULL, &err);
    assert_non_null(p);
    free(p);
    assert_null(sg_file_read(".", 10, NULL, &err));
    assert_int_equal(err.code, SG_EIO);
}

static void write_tells_what_is_wrong(void **state)
{
    (void)state;
    struct sg_error err = {0};
    assert_int_equal(sg_file_write("no/such/folder", 0600, true, sg_str("x"), &err), SG_EIO);
    assert_contains(err.text, "cannot write no/such/folder: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mode_is_exact),
        cmocka_unit_test(replaces_or_refuses),
        cmocka_unit_test(empty_content),
        cmocka_unit_test(interrupted_write_leaves_the_old),
        cmocka_unit_test(killed_write_leaves_the_old),
        cmocka_unit_test(read_tells_what_is_wrong),
        cmocka_unit_test(write_tells_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
