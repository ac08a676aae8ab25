/* SPDX-License-Identifier: Apache-2.0 */
/* signet.yaml: its defaults, its template, and what a person reads when something in it is wrong. */
#include "programs/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int parse(const char *text, struct sg_config *c, struct sg_error *err)
{
    *err = (struct sg_error){0};
    return sg_config_parse("f.yaml", sg_str(text), c, err);
}

static void an_empty_file_has_the_defaults(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "# nothing\n", "\n"};
    for (size_t i = 0; i < 3; i++) {
        struct sg_config c;
        struct sg_error err;
        assert_int_equal(parse(texts[i], &c, &err), 0);
        assert_string_equal(c.server.listen, "[::]:5684");
        assert_int_equal(c.server.workers, 1);
        assert_int_equal(c.server.max_devices, 10000);
        assert_int_equal(c.server.mtu, 1152);
        assert_true(c.server.cid);
        assert_false(c.server.psk); /* by name only */
        assert_string_equal(c.api.listen, "127.0.0.1:8443");
        assert_int_equal(c.log.level, SG_LOG_INFO);
        assert_string_equal(c.run_dir, "");
    }
}

static void each_field_is_taken(void **state)
{
    (void)state;
    struct sg_config c;
    struct sg_error err;
    assert_int_equal(
        parse("server: {name: a.example, listen: '127.0.0.1:0', workers: 2, max_devices: 50, mtu: 512, "
              "cid: false, psk: true}\napi:\n  listen: \"[::1]:9\"\nlog:\n  level: debug\nrun_dir: /run/x\n",
              &c, &err),
        0);
    assert_string_equal(c.server.name, "a.example");
    assert_string_equal(c.server.listen, "127.0.0.1:0");
    assert_int_equal(c.server.workers, 2);
    assert_int_equal(c.server.max_devices, 50);
    assert_int_equal(c.server.mtu, 512);
    assert_false(c.server.cid);
    assert_true(c.server.psk);
    assert_string_equal(c.api.listen, "[::1]:9");
    assert_int_equal(c.log.level, SG_LOG_DEBUG);
    assert_string_equal(c.run_dir, "/run/x");
}

static void the_template_says_what_holds_without_it(void **state)
{
    (void)state;
    char space[4096];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_config c, plain;
    struct sg_error err;
    assert_int_equal(sg_config_template("lwm2m.example.com", &b), 0);
    assert_int_equal(parse(sg_buf_cstr(&b), &c, &err), 0);
    assert_string_equal(c.server.name, "lwm2m.example.com");
    sg_config_defaults(&plain);
    memcpy(plain.server.name, c.server.name, sizeof plain.server.name);
    assert_memory_equal(&c, &plain, sizeof c);
    b = sg_buf(space, sizeof space);
    assert_int_equal(sg_config_template("a: b", &b), SG_EFORMAT);
    assert_int_equal(sg_config_template("", &b), SG_EFORMAT);
    b = sg_buf(space, 200);
    assert_int_equal(sg_config_template("::1", &b), SG_ENOSPC);
}

static void mistakes_are_named_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says[3];
    } bad[] = {
        {"server:\n  name: x\n  wrokers: 3\n",
         {"f.yaml line 3: there is no field \"wrokers\" in server", "workers, max_devices", NULL}},
        {"sever:\n  name: x\n", {"line 1: there is no field \"sever\"", "allowed: server, api, log, run_dir", NULL}},
        {"\nserver:\n  name: x\n  workers: abc\n", {"line 4: server.workers is \"abc\"; allowed: 1 to 64", NULL, NULL}},
        {"server:\n  workers: 0\n", {"line 2: server.workers is \"0\"", NULL, NULL}},
        {"server:\n  workers: 3k\n", {"line 2: server.workers is \"3k\"", NULL, NULL}},
        {"server:\n  workers:\n", {"line 2: server.workers is \"\"", NULL, NULL}},
        {"server:\n  max_devices: 16777217\n", {"line 2: server.max_devices", "1 to 16777216", NULL}},
        {"server:\n  mtu: 1500\n", {"line 2: server.mtu", "512 to 1452", NULL}},
        {"server:\n  psk: \"yes\"\n", {"line 2: server.psk is \"yes\"; allowed: true or false", NULL, NULL}},
        {"server:\n  cid: maybe\n", {"line 2: server.cid is \"maybe\"; allowed: true or false", NULL, NULL}},
        {"server:\n  listen: localhost:5684\n", {"line 2: server.listen is \"localhost:5684\"", NULL, NULL}},
        {"server:\n  name: a b\n", {"line 2: server.name is \"a b\"", NULL, NULL}},
        {"api:\n  listen: '8443'\n", {"line 2: api.listen", NULL, NULL}},
        {"log:\n  level: loud\n", {"line 2: log.level is \"loud\"", "debug, info, warning or error", NULL}},
        {"run_dir: here\n", {"line 1: run_dir is \"here\"", "absolute path", NULL}},
        {"server: 3\n", {"line 1: server: ", "MAPPING", NULL}},
        {"server:\n  workers:\n  - 1\n", {"line 2: server.workers: ", "SEQUENCE", NULL}},
        {"server:\n  name: x\n  mtu: 600\n  name: y\n", {"line 4: server.name: ", "already seen", NULL}},
        {"- a\n", {"f.yaml: ", "must begin with", NULL}},
        {"server:\n\tname: x\n", {"line 2: this is no YAML", NULL, NULL}},
        {"server:\n  name: 'x\n", {"this is no YAML", NULL, NULL}},
        {"server:\n  name: &a x\napi:\n  listen: *a\n", {"f.yaml", NULL, NULL}},
        {"server:\n  name: x\n---\nserver:\n  name: y\n", {"f.yaml", "documents after first", NULL}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sg_config c;
        struct sg_error err;
        assert_int_equal(parse(bad[i].text, &c, &err), SG_EFORMAT);
        assert_int_equal(err.code, SG_EFORMAT);
        for (size_t k = 0; k < 3 && bad[i].says[k] != NULL; k++) {
            if (strstr(err.text, bad[i].says[k]) == NULL)
                fail_msg("\"%s\" gives \"%s\", which does not say \"%s\"", bad[i].text, err.text, bad[i].says[k]);
        }
    }
}

static void files_are_read(void **state)
{
    (void)state;
    struct sg_config c;
    struct sg_error err = {0};
    char path[] = "/tmp/sg-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "log:\n  level: x\n", 16), 16);
    close(fd);
    assert_int_equal(sg_config_load(path, &c, &err), SG_EFORMAT);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, "line 2"));
    unlink(path);
    assert_int_equal(sg_config_load(path, &c, &err), SG_ENOTFOUND);
    assert_non_null(strstr(err.text, path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_file_has_the_defaults),
        cmocka_unit_test(each_field_is_taken),
        cmocka_unit_test(the_template_says_what_holds_without_it),
        cmocka_unit_test(mistakes_are_named_with_their_line),
        cmocka_unit_test(files_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
