/* SPDX-License-Identifier: Apache-2.0 */
/* The report: what is missing comes before what is there, each path is drawn, nothing from a product file is taken for
 * HTML. */
#include "assess/assess.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *step(int node, const char *answer)
{
    char name[8];
    (void)snprintf(name, sizeof name, "DN-%d", node);
    return json_pack("{s:s, s:s}", "node", name, "answer", answer);
}

static json_t *unit(const char *name, json_t *path, const char *result, const char *reason)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:[{s:s, s:s, s:s, s:b}, {s:s, s:s, s:s, s:b}]}", "id", name,
                     "name", name, "result", result, "path", path, "reason", reason, "by", "A. Tester", "date",
                     "2026-11-20", "items", "id", "E.Info.ACM-1.SecurityAsset", "what", "the asset", "value", name,
                     "needed", 1, "id", "E.Info.ACM-1.SecurityAsset.ACM", "what", "the mechanism", "value", "",
                     "needed", 1);
}

static json_t *assessment(const char *result)
{
    return json_pack("{s:b, s:s, s:s, s:[s]}", "asked", 1, "result", result, "why", "of a test", "records",
                     "0001-modem.read-key");
}

/* One requirement with three units on two paths and one without an answer. */
static json_t *make_result(const char *verdict)
{
    json_t *units = json_array();
    assert_int_equal(json_array_append_new(units, unit("device key",
                                                       json_pack("[o,o,o,o]", step(1, "no"), step(2, "no"),
                                                                 step(3, "no"), step(4, "yes")),
                                                       "PASS", "the modem decides")),
                     0);
    assert_int_equal(json_array_append_new(units, unit("server root",
                                                       json_pack("[o,o,o,o]", step(1, "no"), step(2, "no"),
                                                                 step(3, "no"), step(4, "yes")),
                                                       "PASS", "the same")),
                     0);
    assert_int_equal(
        json_array_append_new(units, unit("<script>", json_pack("[o]", step(1, "no")), "NOT ENOUGH EVIDENCE", "")), 0);
    json_t *requirement =
        json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "id", "ACM-1", "part", 1, "name",
                  "ACM-1", "clause", "6.1.1", "title", "Access", "result", verdict, "asks", "access is controlled",
                  "grade", "A", "conceptual", assessment("PASS"), "completeness", assessment("NOT ENOUGH EVIDENCE"),
                  "sufficiency", assessment("PASS"), "units", units);
    json_t *result = json_pack(
        "{s:i, s:s, s:s, s:{s:{s:s}, s:{s:s}}, s:{s:s}, s:[o], s:[{s:s, s:s, s:s, s:i, s:[{s:s, s:i}]}]}", "format", 1,
        "made", "2026-11-23T10:00:00Z", "result", verdict, "product", "product", "name", "Meter <b>&\"", "manufacturer",
        "name", "Example Kft.", "module_a", "state", strcmp(verdict, "PASS") == 0 ? "open" : "not settled",
        "requirements", requirement, "gaps", "kind", "statement", "what", "no answer", "settle", "write it down",
        "line", 7, "settles", "requirement", "ACM-1", "part", 1);
    assert_non_null(result);
    return result;
}

static char *page_of(enum sg_assess_page_kind kind, const char *verdict)
{
    struct sg_error err = {0};
    size_t n = 0;
    json_t *result = make_result(verdict);
    char *page = sg_assess_page(kind, result, &n, &err);
    assert_non_null(page);
    assert_int_equal(strlen(page), n);
    json_decref(result);
    return page;
}

static size_t count(const char *in, const char *what)
{
    size_t n = 0;
    for (in = strstr(in, what); in != NULL; in = strstr(in + 1, what))
        n++;
    return n;
}

static void what_is_missing_comes_first(void **state)
{
    (void)state;
    char *page = page_of(SG_PAGE_REPORT, "NOT ENOUGH EVIDENCE");
    const char *gaps = strstr(page, "What is missing</h2>"), *summary = strstr(page, "Requirements</h2>");
    assert_non_null(gaps);
    assert_non_null(summary);
    assert_true(gaps < summary);
    assert_non_null(strstr(gaps, "(product.yaml, line 7)"));
    assert_non_null(strstr(gaps, "<a href=\"#p1-ACM-1\">ACM-1</a>"));
    assert_non_null(strstr(page, "No statement gives a reason"));
    assert_non_null(strstr(page, "Not compared with a purchased copy"));
    assert_non_null(strstr(page, "<td class=\"missing\">missing</td>"));
    free(page);
}

static void text_of_a_product_file_is_never_html(void **state)
{
    (void)state;
    for (int kind = SG_PAGE_REPORT; kind <= SG_PAGE_DECLARATION; kind++) {
        char *page = page_of((enum sg_assess_page_kind)kind, "NOT ENOUGH EVIDENCE");
        assert_null(strstr(page, "<script>"));
        assert_null(strstr(page, "Meter <b>"));
        assert_non_null(strstr(page, "Meter &lt;b&gt;&amp;&quot;"));
        free(page);
    }
}

static void units_of_one_path_share_its_picture(void **state)
{
    (void)state;
    char *page = page_of(SG_PAGE_REPORT, "PASS");
    assert_int_equal(count(page, "<svg"), 2);
    assert_int_equal(count(page, "</svg>"), 2);
    assert_non_null(strstr(page, "<desc>DN-1 no. DN-2 no. DN-3 no. DN-4 yes. It ends in PASS.</desc>"));
    assert_non_null(strstr(page, "<desc>DN-1 no. DN-2 has no answer yet.</desc>"));
    assert_int_equal(count(page, "class=\"unit\""), 3);
    free(page);
}

static void nothing_is_signed_without_a_pass(void **state)
{
    (void)state;
    char *page = page_of(SG_PAGE_DECLARATION, "NOT ENOUGH EVIDENCE");
    assert_non_null(strstr(page, "Not to be signed on this ground"));
    free(page);
    page = page_of(SG_PAGE_DECLARATION, "PASS");
    assert_null(strstr(page, "Not to be signed"));
    free(page);
}

static void another_format_is_refused(void **state)
{
    (void)state;
    struct sg_error err = {0};
    size_t n;
    json_t *result = json_pack("{s:i}", "format", 2);
    assert_null(sg_assess_page(SG_PAGE_REPORT, result, &n, &err));
    assert_int_equal(err.code, SG_EFORMAT);
    json_decref(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_comes_first),         cmocka_unit_test(text_of_a_product_file_is_never_html),
        cmocka_unit_test(units_of_one_path_share_its_picture), cmocka_unit_test(nothing_is_signed_without_a_pass),
        cmocka_unit_test(another_format_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
