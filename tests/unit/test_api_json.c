/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M values as JSON, and back from the bodies of calls. */
#include "api/api_internal.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Compares with JSON text, and frees. */
static void json_is(json_t *json, const char *expect)
{
    assert_non_null(json);
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(text, expect);
    free(text);
    json_decref(json);
}

static struct sg_path path(const char *text)
{
    struct sg_path p;
    assert_int_equal(sg_path_parse(sg_str(text), &p), 0);
    return p;
}

static void value_is(struct sg_value v, const char *expect)
{
    struct sg_record r = {.path = sg_path(3, 1, 2, 3, 0), .value = v};
    json_t *json = sg_api_json_record(&r);
    assert_string_equal(json_string_value(json_object_get(json, "path")), "/1/2/3");
    assert_string_equal(json_string_value(json_object_get(json, "type")), sg_api_type_name(v.type));
    json_is(json_incref(json_object_get(json, "value")), expect);
    json_decref(json);
}

static void values_of_each_type(void **state)
{
    (void)state;
    value_is((struct sg_value){.type = SG_STRING, .bytes = sg_str("caf\xc3\xa9")}, "\"caf\xc3\xa9\"");
    value_is((struct sg_value){.type = SG_STRING, .bytes = sg_str("")}, "\"\"");
    value_is((struct sg_value){.type = SG_INTEGER, .i = INT64_MIN}, "-9223372036854775808");
    value_is((struct sg_value){.type = SG_UNSIGNED, .u = 7}, "7");
    value_is((struct sg_value){.type = SG_UNSIGNED, .u = UINT64_MAX}, "\"18446744073709551615\"");
    value_is((struct sg_value){.type = SG_FLOAT, .f = 21.5}, "21.5");
    value_is((struct sg_value){.type = SG_FLOAT, .f = 21.0}, "21.0");
    value_is((struct sg_value){.type = SG_BOOLEAN, .b = true}, "true");
    value_is((struct sg_value){.type = SG_OPAQUE, .bytes = sg_bytes("\x00\xff", 2)}, "\"AP8=\"");
    value_is((struct sg_value){.type = SG_OPAQUE}, "\"\"");
    value_is((struct sg_value){.type = SG_TIME, .i = 1700000000}, "1700000000");
    value_is((struct sg_value){.type = SG_OBJLNK, .link = {3, 0}}, "\"3:0\"");
    json_is(sg_api_json_text(sg_bytes("a\0b", 3)), "\"YQBi\"");
    json_is(sg_api_json_text(sg_bytes("\xff", 1)), "\"/w==\"");
}

static void a_resource_is_an_object_and_more_are_an_array(void **state)
{
    (void)state;
    struct sg_error err = {0};
    struct sg_path resource = path("/3/0/0"), instance = path("/3/0");
    json_is(sg_api_json_content(SG_TEXT, &resource, sg_str("Nordic"), &err),
            "{\"path\":\"/3/0/0\",\"type\":\"string\",\"value\":\"Nordic\"}");
    json_is(sg_api_json_content(-1, &resource, sg_str("Nordic"), &err), /* no format named: text */
            "{\"path\":\"/3/0/0\",\"type\":\"string\",\"value\":\"Nordic\"}");

    struct sg_record records[] = {{path("/3/0/0"), {.type = SG_STRING, .bytes = sg_str("N")}},
                                  {path("/3/0/9"), {.type = SG_INTEGER, .i = 80}}};
    uint8_t space[64];
    struct sg_buf b = sg_buf(space, sizeof space);
    assert_int_equal(sg_content_write(SG_TLV, &instance, records, 2, &b), 0);
    json_is(sg_api_json_content(-1, &instance, sg_buf_bytes(&b), &err), /* TLV, then */
            "[{\"path\":\"/3/0/0\",\"type\":\"string\",\"value\":\"N\"},"
            "{\"path\":\"/3/0/9\",\"type\":\"integer\",\"value\":80}]");
    b.len = 0;
    assert_int_equal(sg_content_write(SG_TLV, &instance, records, 1, &b), 0);
    json_is(sg_api_json_content(SG_TLV, &instance, sg_buf_bytes(&b), &err), /* one, but not what was asked for itself */
            "[{\"path\":\"/3/0/0\",\"type\":\"string\",\"value\":\"N\"}]");
}

static void unreadable_content_is_told(void **state)
{
    (void)state;
    struct sg_error err = {0};
    struct sg_path p = path("/3303/0/5700");
    assert_null(sg_api_json_content(SG_SENML_JSON, &p, sg_str("[]"), &err));
    assert_int_equal(err.code, SG_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "/3303/0/5700 in content format 110"));
    assert_null(sg_api_json_content(SG_TEXT, &p, sg_str("warm"), &err));
    assert_int_equal(err.code, SG_EFORMAT);
    assert_non_null(strstr(err.text, "4 bytes in content format 0 for /3303/0/5700"));
    assert_null(sg_api_json_content(99999, &p, sg_str(""), &err));
}

static void links(void **state)
{
    (void)state;
    struct sg_error err = {0};
    json_is(sg_api_json_links(sg_str("</3>;ver=1.1,</3/0>;pmin=10;title=\"a;b,c\";obs,</3/0/0>"), &err),
            "[{\"path\":\"/3\",\"attributes\":{\"ver\":\"1.1\"}},"
            "{\"path\":\"/3/0\",\"attributes\":{\"pmin\":\"10\",\"title\":\"a;b,c\",\"obs\":true}},"
            "{\"path\":\"/3/0/0\",\"attributes\":{}}]");
    json_is(sg_api_json_links(sg_str(""), &err), "[]");
    assert_null(sg_api_json_links(sg_str("</3"), &err));
    assert_int_equal(err.code, SG_EFORMAT);
}

/* ------------------------------------------------------------------------------------------------------ bodies */

static struct sg_value body(const char *at, const char *json, struct sg_buf *scratch)
{
    struct sg_path p = path(at);
    struct sg_api_answer answer = {0};
    struct sg_value v = {0};
    if (sg_api_body_value(sg_str(json), &p, scratch, &v, &answer) < 0) {
        char *text = json_dumps(answer.body, 0);
        fail_msg("%s", text);
    }
    return v;
}

static void body_refused(const char *at, const char *json, unsigned status, const char *code, const char *message)
{
    struct sg_path p = path(at);
    struct sg_api_answer answer = {0};
    struct sg_value v;
    uint8_t space[SG_API_MAX_PAYLOAD];
    struct sg_buf scratch = sg_buf(space, sizeof space);
    assert_int_equal(sg_api_body_value(sg_str(json), &p, &scratch, &v, &answer), -1);
    assert_int_equal(answer.status, status);
    json_t *error = json_object_get(answer.body, "error");
    assert_string_equal(json_string_value(json_object_get(error, "code")), code);
    if (message != NULL)
        assert_string_equal(json_string_value(json_object_get(error, "message")), message);
    json_decref(answer.body);
}

static void a_write_is_typed_by_the_object(void **state)
{
    (void)state;
    uint8_t space[SG_API_MAX_PAYLOAD];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_value v = body("/3303/0/5700", "{\"value\":21}", &b);
    assert_int_equal(v.type, SG_FLOAT);
    assert_true(v.f == 21.0);
    v = body("/3303/0/5700", "{\"value\":\"21.5\"}", &b); /* text stands for any type */
    assert_true(v.type == SG_FLOAT && v.f == 21.5);
    v = body("/1/0/1", "{\"value\":3600}", &b);
    assert_true(v.type == SG_INTEGER && v.i == 3600);
    v = body("/1/0/6", "{\"value\":true}", &b);
    assert_true(v.type == SG_BOOLEAN && v.b);
    v = body("/3/0/13", "{\"value\":1700000000}", &b);
    assert_true(v.type == SG_TIME && v.i == 1700000000);
    v = body("/3/0/14", "{\"value\":\"+01\"}", &b);
    assert_int_equal(v.type, SG_STRING);
    assert_true(sg_bytes_eq_str(v.bytes, "+01"));
    assert_true(v.bytes.p >= space && v.bytes.p < space + sizeof space);
    v = body("/5/0/0", "{\"value\":\"AP8=\"}", &b);
    assert_true(v.type == SG_OPAQUE && sg_bytes_eq(v.bytes, sg_bytes("\x00\xff", 2)));
}

static void a_write_may_name_its_type(void **state)
{
    (void)state;
    uint8_t space[SG_API_MAX_PAYLOAD];
    struct sg_buf b = sg_buf(space, sizeof space);
    assert_int_equal(body("/9999/0/1", "{\"value\":5}", &b).type, SG_INTEGER); /* else as the JSON says */
    assert_int_equal(body("/9999/0/1", "{\"value\":5.5}", &b).type, SG_FLOAT);
    assert_int_equal(body("/9999/0/1", "{\"value\":\"5\"}", &b).type, SG_STRING);
    assert_int_equal(body("/9999/0/1", "{\"value\":false}", &b).type, SG_BOOLEAN);
    assert_int_equal(body("/9999/0/1", "{\"value\":5,\"type\":\"float\"}", &b).type, SG_FLOAT);
    struct sg_value v = body("/9999/0/1", "{\"value\":\"3:1\",\"type\":\"objlnk\"}", &b);
    assert_true(v.type == SG_OBJLNK && v.link[0] == 3 && v.link[1] == 1);
    v = body("/9999/0/1", "{\"value\":\"18446744073709551615\",\"type\":\"unsigned\"}", &b);
    assert_true(v.type == SG_UNSIGNED && v.u == UINT64_MAX);
}

static void a_wrong_type_is_told(void **state)
{
    (void)state;
    body_refused("/3303/0/5700", "{\"value\":\"abc\"}", 400, "wrong-type", "/3303/0/5700 is a float; 'abc' is not");
    body_refused("/3303/0/5700", "{\"value\":true}", 400, "wrong-type", "/3303/0/5700 is a float; true is not");
    body_refused("/1/0/1", "{\"value\":1.5}", 400, "wrong-type", "/1/0/1 is an integer; 1.5 is not");
    body_refused("/1/0/6", "{\"value\":\"maybe\"}", 400, "wrong-type",
                 "/1/0/6 is a boolean (true or false); 'maybe' is not");
    body_refused("/3/0/14", "{\"value\":5}", 400, "wrong-type", "/3/0/14 is a string; 5 is not");
    body_refused("/3/0/14", "{\"value\":null}", 400, "wrong-type", "/3/0/14 is a string; null is not");
    body_refused("/3/0/14", "{\"value\":{}}", 400, "wrong-type", NULL);
    body_refused("/5/0/0", "{\"value\":\"*\"}", 400, "wrong-type", "/5/0/0 is opaque (bytes, in base64); '*' is not");
    body_refused("/9999/0/1", "{\"value\":-1,\"type\":\"unsigned\"}", 400, "wrong-type", NULL);
    body_refused("/3/0/4", "{\"value\":1}", 400, "not-writable", "/3/0/4 (Reboot) is executed, not written: use POST");
    body_refused("/9999/0/1", "{\"value\":1,\"type\":\"real\"}", 400, "bad-type", NULL);
    body_refused("/9999/0/1", "{\"value\":1,\"type\":7}", 400, "bad-type", NULL);
}

static void bad_bodies_are_told(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "{",
                                      "[1]",
                                      "5",
                                      "{\"value\":}",
                                      "{\"type\":\"float\"}",
                                      "{\"value\":1,\"value\":2}",
                                      "{\"value\":1,\"vale\":2}",
                                      "{\"value\":\"\xff\"}",
                                      "{\"value\":\"\\u0000\"}",
                                      "{\"value\":1} x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        body_refused("/3303/0/5700", bad[i], 400, "bad-json", NULL);
    char large[SG_API_MAX_PAYLOAD + 100];
    memset(large, 'x', sizeof large);
    memcpy(large, "{\"value\":\"", 10);
    memcpy(large + sizeof large - 3, "\"}", 3);
    body_refused("/3/0/14", large, 413, "too-large", NULL);
}

static void arguments_and_reasons(void **state)
{
    (void)state;
    uint8_t space[16];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_api_answer answer = {0};
    enum sg_reason reason = SG_UNSPECIFIED;

    assert_int_equal(sg_api_body_arguments(sg_str(""), &b, &answer), 0);
    assert_int_equal(sg_api_body_arguments(sg_str("{}"), &b, &answer), 0);
    assert_int_equal(b.len, 0);
    assert_int_equal(sg_api_body_arguments(sg_str("{\"arguments\":\"0='60'\"}"), &b, &answer), 0);
    assert_true(sg_bytes_eq_str(sg_buf_bytes(&b), "0='60'"));
    assert_int_equal(sg_api_body_arguments(sg_str("{\"arguments\":5}"), &b, &answer), -1);
    assert_int_equal(answer.status, 400);
    assert_int_equal(sg_api_body_arguments(sg_str("{\"arguments\":\"01234567890123456\"}"), &b, &answer), -1);
    assert_int_equal(answer.status, 413);

    assert_int_equal(sg_api_body_reason(sg_str("{\"reason\":\"key-compromise\"}"), &reason, &answer), 0);
    assert_int_equal(reason, SG_KEY_COMPROMISE);
    assert_int_equal(sg_api_body_reason(sg_str("{\"reason\":\"boredom\"}"), &reason, &answer), -1);
    assert_int_equal(answer.status, 400);
    assert_int_equal(sg_api_body_reason(sg_str("{}"), &reason, &answer), -1);
    assert_int_equal(sg_api_body_reason(sg_str(""), &reason, &answer), -1);
    json_decref(answer.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_each_type),
        cmocka_unit_test(a_resource_is_an_object_and_more_are_an_array),
        cmocka_unit_test(unreadable_content_is_told),
        cmocka_unit_test(links),
        cmocka_unit_test(a_write_is_typed_by_the_object),
        cmocka_unit_test(a_write_may_name_its_type),
        cmocka_unit_test(a_wrong_type_is_told),
        cmocka_unit_test(bad_bodies_are_told),
        cmocka_unit_test(arguments_and_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
