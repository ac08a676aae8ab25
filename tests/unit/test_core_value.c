/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M paths, objects, and values as text. */
#include "core/core.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void paths_parse_and_print(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint8_t depth;
        uint16_t id[4];
    } cases[] = {
        {"/", 0, {0}},
        {"/3", 1, {3}},
        {"/3/0", 2, {3, 0}},
        {"/3303/12/5700", 3, {3303, 12, 5700}},
        {"/65534/65534/65534/65534", 4, {65534, 65534, 65534, 65534}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_path path;
        char text[SG_PATH_TEXT];
        assert_int_equal(sg_path_parse(sg_str(cases[i].text), &path), 0);
        assert_int_equal(path.depth, cases[i].depth);
        assert_memory_equal(path.id, cases[i].id, sizeof path.id);
        assert_string_equal(sg_path_text(&path, text), cases[i].text);
        struct sg_path made = sg_path(cases[i].depth, cases[i].id[0], cases[i].id[1], cases[i].id[2], cases[i].id[3]);
        assert_true(sg_path_eq(&made, &path));
    }
}

static void bad_paths_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",       "3",          "3/0", "//",  "/3/", "/3//0", "/03",   "/3/00",
        "/65535", "/3/0/0/0/0", "/ 3", "/+3", "/-1", "/a",    "/3/0 ", "/99999999999999999999",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sg_path path = {.depth = 9};
        if (sg_path_parse(sg_str(bad[i]), &path) != SG_EFORMAT)
            fail_msg("%s was taken", bad[i]);
        assert_int_equal(path.depth, 9); /* left alone */
    }
}

static void paths_contain_paths(void **state)
{
    (void)state;
    struct sg_path root = sg_path(0, 0, 0, 0, 0), object = sg_path(1, 3, 0, 0, 0), instance = sg_path(2, 3, 0, 0, 0);
    struct sg_path resource = sg_path(3, 3, 0, 9, 0), other = sg_path(3, 3, 1, 9, 0);
    assert_true(sg_path_within(&resource, &root));
    assert_true(sg_path_within(&resource, &object));
    assert_true(sg_path_within(&resource, &instance));
    assert_true(sg_path_within(&resource, &resource));
    assert_false(sg_path_within(&instance, &resource));
    assert_false(sg_path_within(&other, &instance));
    assert_true(sg_path_within(&other, &object));
    assert_false(sg_path_eq(&object, &instance));
    assert_false(sg_path_eq(&resource, &other));
}

static void paths_in_requests(void **state)
{
    (void)state;
    uint8_t space[64];
    struct sg_coap m;
    struct sg_path path = sg_path(3, 3303, 0, 5700, 0), back;
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_coap_writer w = sg_coap_begin(&b, SG_COAP_CON, SG_COAP_GET, 1, sg_bytes(NULL, 0));
    sg_coap_put_path(&w, &path);
    assert_int_equal(sg_coap_parse(sg_buf_bytes(&b), &m, NULL), 0);
    assert_int_equal(sg_path_from_coap(&m, &back), 0);
    assert_true(sg_path_eq(&path, &back));

    static const char *const bad[] = {"rd", "", "03", "65535"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        b.len = 0;
        w = sg_coap_begin(&b, SG_COAP_CON, SG_COAP_GET, 1, sg_bytes(NULL, 0));
        sg_coap_put_str(&w, SG_COAP_OPT_URI_PATH, bad[i]);
        assert_int_equal(sg_coap_parse(sg_buf_bytes(&b), &m, NULL), 0);
        assert_int_equal(sg_path_from_coap(&m, &back), SG_EFORMAT);
    }
    b.len = 0;
    w = sg_coap_begin(&b, SG_COAP_CON, SG_COAP_GET, 1, sg_bytes(NULL, 0));
    assert_int_equal(sg_coap_parse(sg_buf_bytes(&b), &m, NULL), 0);
    assert_int_equal(sg_path_from_coap(&m, &back), 0);
    assert_int_equal(back.depth, 0);
    for (int i = 0; i < 5; i++)
        sg_coap_put_str(&w, SG_COAP_OPT_URI_PATH, "1");
    assert_int_equal(sg_coap_parse(sg_buf_bytes(&b), &m, NULL), 0);
    assert_int_equal(sg_path_from_coap(&m, &back), SG_EFORMAT);
}

static void objects_are_known(void **state)
{
    (void)state;
    static const uint16_t ids[] = {0, 1, 2, 3, 4, 5, 6, 3303};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        const struct sg_object_def *o = sg_object(ids[i]);
        assert_non_null(o);
        assert_int_equal(o->id, ids[i]);
        for (size_t k = 0; k < o->count; k++) {
            const struct sg_resource_def *r = &o->resources[k];
            assert_true(k == 0 || r->id > o->resources[k - 1].id);
            assert_ptr_equal(sg_resource(o->id, r->id), r);
            assert_int_equal(r->type == SG_NONE, r->ops == SG_OP_EXECUTE);
            assert_true(r->name[0] != '\0');
            if (o->id == 0)
                assert_int_equal(r->ops, 0);
        }
    }
    assert_null(sg_object(7));
    assert_null(sg_resource(7, 0));
    assert_null(sg_resource(5, 4));
    assert_string_equal(sg_resource(3, 0)->name, "Manufacturer");
    assert_int_equal(sg_resource(3303, 5700)->type, SG_FLOAT);
    assert_int_equal(sg_resource(3, 13)->ops, SG_OP_READ | SG_OP_WRITE);
    assert_true(sg_resource(3, 11)->multiple);
    assert_true(sg_resource(5, 0)->mandatory);
}

static void check_float(double v, const char *expect)
{
    char text[64];
    struct sg_buf b = sg_buf(text, sizeof text);
    struct sg_value value = {.type = SG_FLOAT, .f = v}, back;
    sg_value_put_text(&b, &value);
    assert_string_equal(sg_buf_cstr(&b), expect);
    if (v - v == 0) {
        assert_int_equal(sg_value_from_text(SG_FLOAT, sg_buf_bytes(&b), NULL, &back), 0);
        assert_memory_equal(&back.f, &v, sizeof v);
    } else {
        assert_int_equal(sg_value_from_text(SG_FLOAT, sg_buf_bytes(&b), NULL, &back), SG_EFORMAT);
    }
}

static void floats_look_as_people_write_them(void **state)
{
    (void)state;
    check_float(0, "0");
    check_float(-0.0, "-0");
    check_float(21.5, "21.5");
    check_float(0.1, "0.1");
    check_float(-0.1, "-0.1");
    check_float(100, "100");
    check_float(1e15, "1000000000000000");
    check_float(123456.789, "123456.789");
    check_float(-43.5723, "-43.5723");
    check_float(153.21760, "153.2176");
    check_float(0.1 + 0.2, "0.30000000000000004");
    check_float(1e20, "100000000000000000000");
    check_float(1e21, "1e21");
    check_float(1.5e-6, "0.0000015");
    check_float(1e-7, "1e-7");
    check_float(-6.02214076e23, "-6.02214076e23");
    check_float(9007199254740993.0, "9007199254740992");
    check_float(DBL_MAX, "1.7976931348623157e308");
    check_float(DBL_MIN, "2.2250738585072014e-308");
    check_float(4.9406564584124654e-324, "4.94065645841247e-324");
    check_float((double)0.1F, "0.10000000149011612");
    check_float(1 / (DBL_MIN - DBL_MIN), "inf");
    check_float(-1 / (DBL_MIN - DBL_MIN), "-inf");
}

static void what_has_no_value_has_no_text(void **state)
{
    (void)state;
    char text[8], zeros[1100];
    struct sg_buf b = sg_buf(text, sizeof text);
    struct sg_value v = {.type = SG_NONE};
    sg_value_put_text(&b, &v);
    assert_int_equal(b.len, 0);
    memset(zeros, '0', sizeof zeros); /* nobody means this */
    assert_int_equal(sg_value_from_text(SG_FLOAT, sg_bytes(zeros, sizeof zeros), NULL, &v), SG_EFORMAT);
}

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* Against the C library: what we write reads back everywhere, what it writes reads back here. */
static void floats_agree_with_the_c_library(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252U;
    for (int i = 0; i < 20000; i++) {
        double v, back;
        uint64_t bits = next_random(&x);
        if (i % 3 == 0)
            v = (double)(int64_t)(bits % 2000000000) / 1000 - 1000000; /* readings */
        else
            memcpy(&v, &bits, sizeof v);
        if (v - v != 0)
            continue;
        char text[64];
        struct sg_value value = {.type = SG_FLOAT, .f = v}, parsed;
        struct sg_buf b = sg_buf(text, sizeof text - 1);
        sg_value_put_text(&b, &value);
        back = strtod(sg_buf_cstr(&b), NULL);
        if (memcmp(&back, &v, sizeof v) != 0)
            fail_msg("%.17g was written as %s", v, text);
        for (int digits = 1; digits <= 17; digits += 4) {
            char theirs[64];
            snprintf(theirs, sizeof theirs, "%.*e", digits - 1, v);
            back = strtod(theirs, NULL);
            if (back - back != 0) /* rounded up beyond the largest */
                continue;
            assert_int_equal(sg_value_from_text(SG_FLOAT, sg_str(theirs), NULL, &parsed), 0);
            if (memcmp(&back, &parsed.f, sizeof back) != 0)
                fail_msg("%s was read as %.17g", theirs, parsed.f);
        }
    }
}

static void fifteen_digits_survive(void **state)
{
    (void)state;
    uint64_t x = 2463534242;
    for (int i = 0; i < 5000; i++) {
        char in[32], out[64];
        uint64_t digits = next_random(&x) % 1000000000000000;
        if (digits % 10 == 0 || digits < 100000)
            continue;
        snprintf(in, sizeof in, "%llu.%05llu", (unsigned long long)(digits / 100000),
                 (unsigned long long)(digits % 100000));
        struct sg_value v;
        struct sg_buf b = sg_buf(out, sizeof out);
        assert_int_equal(sg_value_from_text(SG_FLOAT, sg_str(in), NULL, &v), 0);
        sg_value_put_text(&b, &v);
        assert_string_equal(sg_buf_cstr(&b), in);
    }
}

static void floats_round_at_the_edges(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "9007199254740993",
        "9007199254740991.5",
        "2.2250738585072011e-308",
        "2.4703282292062328e-324",
        "2.4703282292062327e-324",
        "1.7976931348623158e308",
        "1e-400",
        "0e99999",
        ".5",
        "5.",
        "+1.5E+3",
        "000000000000000000000001.5",
        "0.000000000000000000001",
        "123456789012345678901234567890",
        "1e00000000000000002",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_value v;
        double expect = strtod(cases[i], NULL);
        if (sg_value_from_text(SG_FLOAT, sg_str(cases[i]), NULL, &v) != 0 || memcmp(&v.f, &expect, sizeof expect) != 0)
            fail_msg("%s: %.17g, not %.17g", cases[i], v.f, expect);
    }
    static const char *const bad[] = {"",    ".",     "-",     "e5",      "1e",    "1e+", "1.2.3", "1,5", "nan",
                                      "inf", "0x1p3", "1e309", "1.8e308", "1e400", " 1",  "1 ",    "1f"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sg_value v;
        if (sg_value_from_text(SG_FLOAT, sg_str(bad[i]), NULL, &v) != SG_EFORMAT)
            fail_msg("%s was read as %.17g", bad[i], v.f);
    }
}

static void check_text(enum sg_type type, const char *text, int expect)
{
    uint8_t space[64];
    char out[64];
    struct sg_buf scratch = sg_buf(space, sizeof space), b = sg_buf(out, sizeof out);
    struct sg_value v;
    if (sg_value_from_text(type, sg_str(text), &scratch, &v) != expect)
        fail_msg("%s as type %d", text, (int)type);
    if (expect < 0)
        return;
    assert_int_equal(v.type, type);
    sg_value_put_text(&b, &v);
    assert_string_equal(sg_buf_cstr(&b), text);
}

static void values_as_text(void **state)
{
    (void)state;
    check_text(SG_STRING, "", 0);
    check_text(SG_STRING, "Grüße 🙂", 0);
    check_text(SG_STRING, "\xe0\x80\xaf", SG_EFORMAT); /* not the shortest form */
    check_text(SG_STRING, "\xf0\x80\x80\xaf", SG_EFORMAT);
    check_text(SG_STRING, "\x80", SG_EFORMAT);
    check_text(SG_STRING, "\xe2\x82\xac\xf0\x9f\x99\x82\xed\x9f\xbf\xf4\x8f\xbf\xbf", 0); /* the edges */
    check_text(SG_STRING, "\xc0\xaf", SG_EFORMAT);                                        /* not the shortest form */
    check_text(SG_STRING, "\xed\xa0\x80", SG_EFORMAT);                                    /* a surrogate */
    check_text(SG_STRING, "\xf4\x90\x80\x80", SG_EFORMAT);                                /* above U+10FFFF */
    check_text(SG_STRING, "\xe2\x82", SG_EFORMAT);                                        /* cut short */
    check_text(SG_INTEGER, "-9223372036854775808", 0);
    check_text(SG_INTEGER, "1.0", SG_EFORMAT);
    check_text(SG_UNSIGNED, "18446744073709551615", 0);
    check_text(SG_UNSIGNED, "-1", SG_EFORMAT);
    check_text(SG_TIME, "1764000000", 0);
    check_text(SG_BOOLEAN, "true", 0);
    check_text(SG_BOOLEAN, "false", 0);
    check_text(SG_BOOLEAN, "yes", SG_EFORMAT);
    check_text(SG_OPAQUE, "AQIDBA==", 0);
    check_text(SG_OPAQUE, "AQIDB", SG_EFORMAT);
    check_text(SG_OBJLNK, "3:0", 0);
    check_text(SG_OBJLNK, "65535:65535", 0);
    check_text(SG_OBJLNK, "3", SG_EFORMAT);
    check_text(SG_OBJLNK, "3:", SG_EFORMAT);
    check_text(SG_OBJLNK, "3:0:1", SG_EFORMAT);
    check_text(SG_OBJLNK, "65536:0", SG_EFORMAT);
    check_text(SG_NONE, "x", SG_EINVAL);
    uint8_t small[2];
    struct sg_buf scratch = sg_buf(small, sizeof small);
    struct sg_value v;
    assert_int_equal(sg_value_from_text(SG_OPAQUE, sg_str("AQIDBA=="), &scratch, &v), SG_ENOSPC);
    assert_int_equal(sg_value_from_text(SG_BOOLEAN, sg_str("1"), NULL, &v), 0);
    assert_true(v.b);
    assert_int_equal(sg_value_from_text(SG_BOOLEAN, sg_str("0"), NULL, &v), 0);
    assert_false(v.b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_parse_and_print),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(paths_contain_paths),
        cmocka_unit_test(paths_in_requests),
        cmocka_unit_test(objects_are_known),
        cmocka_unit_test(floats_look_as_people_write_them),
        cmocka_unit_test(floats_agree_with_the_c_library),
        cmocka_unit_test(fifteen_digits_survive),
        cmocka_unit_test(floats_round_at_the_edges),
        cmocka_unit_test(values_as_text),
        cmocka_unit_test(what_has_no_value_has_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
