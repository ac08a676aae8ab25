/* SPDX-License-Identifier: Apache-2.0 */
/* Which call a method and a URL name, and which refusal a wrong one gets. */
#include "api/api_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct sg_api_route route(const char *method, const char *url)
{
    struct sg_api_route r;
    struct sg_api_answer answer = {0};
    assert_int_equal(sg_api_route(method, sg_str(url), &r, &answer), 0);
    assert_null(answer.body);
    return r;
}

static void refused(const char *method, const char *url, unsigned status, const char *code)
{
    struct sg_api_route r;
    struct sg_api_answer answer = {0};
    assert_int_equal(sg_api_route(method, sg_str(url), &r, &answer), -1);
    assert_int_equal(answer.status, status);
    json_t *error = json_object_get(answer.body, "error");
    assert_string_equal(json_string_value(json_object_get(error, "code")), code);
    assert_true(json_string_length(json_object_get(error, "message")) > 20);
    assert_int_equal(answer.allow != NULL, status == 405);
    json_decref(answer.body);
}

static void path_is(const struct sg_api_route *r, const char *expect)
{
    char text[SG_PATH_TEXT];
    assert_string_equal(sg_path_text(&r->path, text), expect);
}

static void each_call_has_its_url(void **state)
{
    (void)state;
    assert_int_equal(route("GET", "/api/v1/status").call, SG_API_STATUS);
    assert_int_equal(route("GET", "/api/v1/devices").call, SG_API_DEVICES);
    struct sg_api_route r = route("GET", "/api/v1/devices/urn:imei:351516170000001");
    assert_int_equal(r.call, SG_API_DEVICE);
    assert_string_equal(r.endpoint, "urn:imei:351516170000001");
    r = route("GET", "/api/v1/devices/d/resources/3/0/0");
    assert_int_equal(r.call, SG_API_READ);
    path_is(&r, "/3/0/0");
    assert_string_equal(r.endpoint, "d");
    r = route("PUT", "/api/v1/devices/d/resources/3/0/11/1");
    assert_int_equal(r.call, SG_API_WRITE);
    path_is(&r, "/3/0/11/1");
    assert_int_equal(route("POST", "/api/v1/devices/d/resources/3/0/4").call, SG_API_EXECUTE);
    r = route("GET", "/api/v1/devices/d/discover/3");
    assert_int_equal(r.call, SG_API_DISCOVER);
    path_is(&r, "/3");
    assert_int_equal(route("GET", "/api/v1/devices/d/observe/3303/0/5700").call, SG_API_OBSERVE);
    assert_int_equal(route("POST", "/api/v1/devices/d/revoke").call, SG_API_REVOKE);
}

static void escapes_are_taken_off_once(void **state)
{
    (void)state;
    assert_string_equal(route("GET", "/api/v1/devices/urn%3Aimei%3a1").endpoint, "urn:imei:1");
    assert_string_equal(route("GET", "/api/v1/devices/a%2Fb%20c").endpoint, "a/b c"); /* no separator */
    assert_string_equal(route("GET", "/api/v1/devices/%2541").endpoint, "%41");
    assert_string_equal(route("GET", "/api/v1/devices/%C3%A9").endpoint, "\xc3\xa9");
    assert_string_equal(route("GET", "/api/v1/devices/..").endpoint, "..");
    refused("GET", "/api/v1/devices/a%", 404, "no-such-call");
    refused("GET", "/api/v1/devices/a%4", 404, "no-such-call");
    refused("GET", "/api/v1/devices/a%zz", 404, "no-such-call");
    refused("GET", "/api/v1/devices/a%00b", 404, "no-such-call");
    refused("GET", "/api/v1/devices/a%0ab", 404, "no-such-call");
    refused("GET", "/api/v1/devices/a%ff", 404, "no-such-call"); /* no UTF-8 */
}

static void unknown_urls_are_not_found(void **state)
{
    (void)state;
    static const char *const urls[] = {"",
                                       "/",
                                       "/api/v1/",
                                       "/api/v2/status",
                                       "/api/v1/nothing",
                                       "/api/v1/status/",
                                       "/api/v1/status/x",
                                       "/api/v1/devices/",
                                       "/api/v1/devices//resources/3",
                                       "/api/v1/devices/d/nothing",
                                       "/api/v1/devices/d/revoke/x",
                                       "/api/v1/devices/d/resources/1/2/3/4/5/6/7/8"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
        refused("GET", urls[i], 404, "no-such-call");
}

static void other_methods_are_refused_with_those_allowed(void **state)
{
    (void)state;
    refused("POST", "/api/v1/status", 405, "method-not-allowed");
    refused("HEAD", "/api/v1/devices", 405, "method-not-allowed");
    refused("DELETE", "/api/v1/devices/d", 405, "method-not-allowed");
    refused("GET", "/api/v1/devices/d/revoke", 405, "method-not-allowed");
    refused("DELETE", "/api/v1/devices/d/resources/3/0/0", 405, "method-not-allowed");
    refused("PUT", "/api/v1/devices/d/observe/3/0/0", 405, "method-not-allowed");
    refused("get", "/api/v1/status", 405, "method-not-allowed"); /* methods are case-sensitive: RFC 9110 section 9.1 */
}

static void lwm2m_paths_are_checked(void **state)
{
    (void)state;
    refused("GET", "/api/v1/devices/d/resources", 400, "bad-path");
    refused("GET", "/api/v1/devices/d/resources/x", 400, "bad-path");
    refused("GET", "/api/v1/devices/d/resources/03", 400, "bad-path");
    refused("GET", "/api/v1/devices/d/resources/65535", 400, "bad-path");
    refused("GET", "/api/v1/devices/d/resources/1/2/3/4/5", 400, "bad-path");
    refused("PUT", "/api/v1/devices/d/resources/3/0", 400, "bad-path");
    refused("POST", "/api/v1/devices/d/resources/3/0", 400, "bad-path");
    refused("POST", "/api/v1/devices/d/resources/3/0/4/0", 400, "bad-path");
    refused("GET", "/api/v1/devices/d/discover/3/0/0/0", 400, "bad-path");
}

static void lengths_are_bounded(void **state)
{
    (void)state;
    char url[SG_API_MAX_URL + 2];
    size_t n = (size_t)snprintf(url, sizeof url, "/api/v1/devices/");
    memset(url + n, 'e', sizeof url - n);
    url[n + 127] = '\0';
    assert_int_equal(strlen(route("GET", url).endpoint), 127);
    url[n + 127] = 'e';
    url[n + 128] = '\0';
    refused("GET", url, 404, "no-such-device");
    url[n + 128] = 'e';
    url[SG_API_MAX_URL] = '\0';
    refused("GET", url, 404, "no-such-device");
    url[SG_API_MAX_URL] = 'e';
    url[SG_API_MAX_URL + 1] = '\0';
    refused("GET", url, 414, "url-too-long");
    /* As many separators as fit. */
    memset(url, '/', SG_API_MAX_URL);
    url[SG_API_MAX_URL] = '\0';
    refused("GET", url, 404, "no-such-call");
}

/* A sentence that was cut within a character still is JSON. */
static void messages_stay_text(void **state)
{
    (void)state;
    struct sg_api_answer answer = {0};
    assert_int_equal(sg_api_refuse(&answer, 500, "failed", "%s", "caf\xc3"), -1);
    json_t *error = json_object_get(answer.body, "error");
    assert_string_equal(json_string_value(json_object_get(error, "message")), "caf?");
    json_decref(answer.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_has_its_url),      cmocka_unit_test(escapes_are_taken_off_once),
        cmocka_unit_test(unknown_urls_are_not_found), cmocka_unit_test(other_methods_are_refused_with_those_allowed),
        cmocka_unit_test(lwm2m_paths_are_checked),    cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(messages_stay_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
