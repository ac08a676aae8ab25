/* SPDX-License-Identifier: Apache-2.0 */
/* A line's policy: what is taken, what is refused and how that is told, and the template. */
#include "programs/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static int parse(const char *text, struct sg_policy *p, struct sg_error *err)
{
    memset(err, 0, sizeof *err);
    return sg_policy_parse("line.yaml", sg_str(text), p, err);
}

static void the_template_says_the_defaults(void **state)
{
    static uint8_t space[8192];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_policy said, defaults;
    struct sg_error err;
    (void)state;
    assert_int_equal(sg_policy_template(&b), 0);
    if (parse(sg_buf_cstr(&b), &said, &err) < 0)
        fail_msg("%s", err.text);
    sg_policy_defaults(&defaults);
    assert_memory_equal(&said, &defaults, sizeof said);
    assert_int_equal(said.n_ports, 2);
    assert_string_equal(said.ports[1], "/dev/ttyUSB*");
    assert_int_equal(said.tag, SG_TAG_LWM2M);
    assert_int_equal(said.occupied, SG_OCCUPIED_REFUSE);
}

static void every_field(void **state)
{
    struct sg_policy p;
    struct sg_error err;
    (void)state;
    if (parse("ports: [/run/line/*]\nparallel: 3\nboards: 250\ntag: 7\nsecond_tag: 8\nname: \"urn:dev:{uuid}\"\n"
              "years: 20\nkey_usage: \"101010000\"\noccupied: renew\nremove_psk: true\ntake_offline: true\n"
              "modem_after: offline\nbootstrap_tag: 9\nissuing_ca: lot 7\nlot: A-1\nlock_port: /etc/line.key\n",
              &p, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(p.n_ports, 1);
    assert_string_equal(p.ports[0], "/run/line/*");
    assert_int_equal(p.parallel, 3);
    assert_int_equal(p.boards, 250);
    assert_int_equal(p.tag, 7);
    assert_int_equal(p.second_tag, 8);
    assert_string_equal(p.name, "urn:dev:{uuid}");
    assert_int_equal(p.years, 20);
    assert_string_equal(p.key_usage, "101010000");
    assert_int_equal(p.occupied, SG_OCCUPIED_OTHER_TAG);
    assert_true(p.remove_psk && p.take_offline);
    assert_int_equal(p.modem_after, SG_LEAVE_OFFLINE);
    assert_int_equal(p.bootstrap_tag, 9);
    assert_string_equal(p.issuing_ca, "lot 7");
    assert_string_equal(p.lot, "A-1");
    assert_string_equal(p.lock_port, "/etc/line.key");
}

static void refusals_name_line_key_and_what_is_allowed(void **state)
{
    static const struct {
        const char *text, *says[3];
    } wrong[] = {
        {"tag: 1\nyears: 60\n", {"line.yaml line 2: years is \"60\"", "1 to 50", ""}},
        {"\n\noccupied: overwrite\n", {"line.yaml line 3", "occupied is \"overwrite\"", "refuse, renew or replace"}},
        {"tags: 1\n", {"line 1: there is no field \"tags\"", "second_tag", "modem_after"}},
        {"tag: 0\n", {"tag is \"0\"", "1 to 2147483647", ""}},
        {"tag: 2147483648\n", {"tag is \"2147483648\"", "", ""}},
        {"name: meter\n", {"name is \"meter\"", "{imei} or {uuid}", ""}},
        {"name: \"{serial}\"\n", {"name is \"{serial}\"", "", ""}},
        {"key_usage: \"001010000\"\n", {"key_usage is \"001010000\"", "digitalSignature", ""}},
        {"ports: [\"/dev/ttyACM*\", ttyUSB]\n", {"line 1: ports is \"ttyUSB\"", "absolute paths", ""}},
        {"ports: /dev/ttyACM0\n", {"line 1: ports", "", ""}},
        {"parallel: 65\n", {"parallel is \"65\"", "1 to 64", ""}},
        {"remove_psk: yes\n", {"remove_psk is \"yes\"", "true or false", ""}},
        {"modem_after: [online]\n", {"line 1: modem_after", "", ""}},
        {"occupied: renew\ntag: 5\nsecond_tag: 5\n", {"both 5", "must differ", ""}},
        {"tag: 5\nbootstrap_tag: 5\n", {"bootstrap_tag is 5, as tag is", "a tag of its own", ""}},
        {"bootstrap_tag: 35724863\n", {"as second_tag is", "", ""}},
        {"lock_port: line.key\n", {"lock_port is \"line.key\"", "absolute path", "signet modem lock"}},
        {"tag: [\n", {"line.yaml line 2", "no YAML", ""}},
        {"- tag\n", {"must begin with \"ports:\"", "", ""}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct sg_policy p;
        struct sg_error err;
        assert_int_equal(parse(wrong[i].text, &p, &err), SG_EFORMAT);
        for (size_t k = 0; k < 3; k++)
            if (strstr(err.text, wrong[i].says[k]) == NULL)
                fail_msg("%s: \"%s\" lacks \"%s\"", wrong[i].text, err.text, wrong[i].says[k]);
    }
}

static void no_file(void **state)
{
    struct sg_policy p;
    struct sg_error err = {0};
    (void)state;
    assert_int_equal(sg_policy_load("/nowhere/line.yaml", &p, &err), SG_ENOTFOUND);
    assert_non_null(strstr(err.text, "/nowhere/line.yaml"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_template_says_the_defaults),
        cmocka_unit_test(every_field),
        cmocka_unit_test(refusals_name_line_key_and_what_is_allowed),
        cmocka_unit_test(no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
