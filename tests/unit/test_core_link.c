/* SPDX-License-Identifier: Apache-2.0 */
/* CoRE link format. */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* What a LwM2M client registers: OMA LwM2M 1.1 core section 6.2.1. */
static void a_registration(void **state)
{
    (void)state;
    static const char list[] =
        "</>;rt=\"oma.lwm2m\";ct=\"60 110 112 11542 11543\",</1/0>,</1/1>,</3/0>;ver=1.1, </3303/0>";
    struct sg_cursor c = sg_cursor(sg_str(list));
    struct sg_link link;
    struct sg_bytes v;
    assert_true(sg_link_next(&c, &link));
    assert_true(sg_bytes_eq_str(link.target, "/"));
    assert_true(sg_bytes_eq_str(link.params, ";rt=\"oma.lwm2m\";ct=\"60 110 112 11542 11543\""));
    assert_true(sg_link_param(&link, "rt", &v));
    assert_true(sg_bytes_eq_str(v, "oma.lwm2m"));
    assert_true(sg_link_param(&link, "ct", &v));
    assert_true(sg_bytes_eq_str(v, "60 110 112 11542 11543"));
    assert_false(sg_link_param(&link, "r", &v));
    assert_false(sg_link_param(&link, "ver", &v));
    static const char *const targets[] = {"/1/0", "/1/1", "/3/0", "/3303/0"};
    for (size_t i = 0; i < 4; i++) {
        assert_true(sg_link_next(&c, &link));
        assert_true(sg_bytes_eq_str(link.target, targets[i]));
        assert_int_equal(sg_link_param(&link, "ver", &v), i == 2);
        if (i == 2)
            assert_true(sg_bytes_eq_str(v, "1.1"));
    }
    assert_false(sg_link_next(&c, &link));
    assert_false(c.bad);
}

static void parameters(void **state)
{
    (void)state;
    struct sg_cursor c =
        sg_cursor(sg_str("</a,b;c>;obs;title=\"a, \\\"b\\\"; <c>\";x=\"\";sz=5 ,<coap://h/?q=1>;if=t"));
    struct sg_link link;
    struct sg_bytes v;
    assert_true(sg_link_next(&c, &link));
    assert_true(sg_bytes_eq_str(link.target, "/a,b;c"));
    assert_true(sg_link_param(&link, "obs", &v));
    assert_int_equal(v.n, 0);
    assert_true(sg_link_param(&link, "title", &v));
    assert_true(sg_bytes_eq_str(v, "a, \\\"b\\\"; <c>"));
    assert_true(sg_link_param(&link, "x", &v));
    assert_int_equal(v.n, 0);
    assert_true(sg_link_param(&link, "sz", &v));
    assert_true(sg_bytes_eq_str(v, "5"));
    assert_true(sg_link_next(&c, &link));
    assert_true(sg_bytes_eq_str(link.target, "coap://h/?q=1"));
    assert_true(sg_link_param(&link, "if", &v));
    assert_false(sg_link_next(&c, &link));
    assert_false(c.bad);
    c = sg_cursor(sg_str(""));
    assert_false(sg_link_next(&c, &link));
    assert_false(c.bad); /* no links at all is a list */
}

static void bad_lists_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "x",          "<",          "</1",           "</1>x",         "</1>;",   "</1>;=1",    "</1>;a=",
        "</1>;a=\"",  "</1>;a=\"x", "</1>;a=\"\\\"", "</1>,",         ",</1>",   "</1>,,</2>", "</1></2>",
        "</1>;a=1 2", "</1>;a b",   "</1>;a=x\"y\"", "</1>;a=\"x\"y", "</1>;;b", " ",          "</1>;a=\x01",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sg_cursor c = sg_cursor(sg_str(bad[i]));
        struct sg_link link;
        while (sg_link_next(&c, &link)) {
        }
        if (!c.bad)
            fail_msg("%s was taken", bad[i]);
    }
}

static void lists_are_written(void **state)
{
    (void)state;
    char text[128] = "before:";
    struct sg_buf b = sg_buf(text, sizeof text);
    struct sg_path a = sg_path(2, 1, 0, 0, 0), d = sg_path(1, 3303, 0, 0, 0), root = {0};
    b.len = 7;
    sg_link_put(&b, 7, &root);
    sg_put_str(&b, ";rt=\"oma.lwm2m\"");
    sg_link_put(&b, 7, &a);
    sg_link_put(&b, 7, &d);
    assert_string_equal(sg_buf_cstr(&b), "before:</>;rt=\"oma.lwm2m\",</1/0>,</3303>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registration),
        cmocka_unit_test(parameters),
        cmocka_unit_test(bad_lists_are_refused),
        cmocka_unit_test(lists_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
