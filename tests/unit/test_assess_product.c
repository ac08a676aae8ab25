/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a product file: what it refuses, by which line, and what contradicts itself. */
#include "assess/assess.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct sg_product *parse(const char *text)
{
    struct sg_error err = {0};
    struct sg_product *p = sg_product_parse("p.yaml", sg_str(text), &err);
    if (p == NULL)
        print_message("%s\n", err.text);
    assert_non_null(p);
    return p;
}

/* The first problem of that line that has `part` in it. */
static bool has_problem(const char *text, enum sg_product_fault fault, size_t line, const char *part)
{
    struct sg_product *p = parse(text);
    size_t n;
    bool found = false;
    const struct sg_product_problem *problem = sg_product_problems(p, &n);
    for (size_t i = 0; i < n; i++)
        found =
            found || (problem[i].fault == fault && problem[i].line == line && strstr(problem[i].text, part) != NULL);
    for (size_t i = 0; !found && i < n; i++)
        print_message("%zu %s: %s\n", problem[i].line, sg_product_fault_name(problem[i].fault), problem[i].text);
    sg_product_free(p);
    return found;
}

#define ERROR(line, part, text)         assert_true(has_problem(text, SG_PRODUCT_ERROR, line, part))
#define CONTRADICTION(line, part, text) assert_true(has_problem(text, SG_PRODUCT_CONTRADICTION, line, part))
#define MISSING(line, part, text)       assert_true(has_problem(text, SG_PRODUCT_MISSING, line, part))

static void refused(const char *text, const char *why)
{
    struct sg_error err = {0};
    assert_null(sg_product_parse("p.yaml", sg_str(text), &err));
    assert_int_equal(err.code, SG_EFORMAT);
    if (strstr(err.text, why) == NULL)
        print_message("%s\n", err.text);
    assert_non_null(strstr(err.text, why));
}

static void what_is_no_product_file_is_refused(void **state)
{
    (void)state;
    refused("", "format: 1");
    refused("- a\n- b\n", "format: 1");
    refused("format: 1\nproduct: {name: [\n", "p.yaml line");
    refused("format: 1\n---\nformat: 1\n", "behind");
}

static void shapes(void **state)
{
    (void)state;
    ERROR(1, "\"format: 1\" is missing", "product: {name: A}\n");
    ERROR(1, "reads format 1", "format: 2\n");
    ERROR(2, "no section \"products\"", "format: 1\nproducts: {}\n");
    ERROR(2, "twice", "format: 1\nformat: 1\n");
    ERROR(3, "no field \"nam\" in product; allowed: name, kind", "format: 1\nproduct:\n  nam: A\n");
    ERROR(3, "product.toy is \"maybe\"; allowed: yes or no", "format: 1\nproduct:\n  toy: maybe\n");
    ERROR(3, "allowed: a day", "format: 1\nproduct:\n  firmware_date: 2026-02-30\n");
    ERROR(3, "allowed: network user machine", "format: 1\ninterfaces:\n  - kind: radio\n");
    ERROR(3, "is a list", "format: 1\nassets:\n  a: b\n");
    ERROR(3, "here must be fields", "format: 1\nassets:\n  - a\n");
    ERROR(3, "one text", "format: 1\nproduct:\n  name: [A]\n");
    ERROR(3, "allowed: letters", "format: 1\nsensors:\n  - id: \"a b\"\n");
    ERROR(4, "has \"id\" twice", "format: 1\nsensors:\n  - id: a\n    id: b\n");
    ERROR(4, "DN-1 to DN-5", "format: 1\nstatements:\n  - requirement: ACM-1\n    answers: {DN-9: yes}\n");
    ERROR(4, "yes or no", "format: 1\nstatements:\n  - requirement: ACM-1\n    answers: {DN-1: perhaps}\n");
    MISSING(3, "sensors.name is not stated", "format: 1\nsensors:\n  - id: a\n");
    MISSING(1, "product.firmware is not stated", "format: 1\n");
    MISSING(1, "whether part 2 applies", "format: 1\n");
}

static void names_refer_to_something(void **state)
{
    (void)state;
    ERROR(4, "is the id of line 3 already", "format: 1\nsensors:\n  - id: a\n  - id: a\n");
    ERROR(3, "\"none\" has a meaning", "format: 1\nsensors:\n  - id: none\n");
    ERROR(3, "names \"lte\", which is in no list", "format: 1\nservices:\n  - {id: s, interface: lte}\n");
    ERROR(3, "which is not of interfaces", "format: 1\nservices:\n  - {id: s, interface: s}\n");
    ERROR(5, "not of mechanisms/storage",
          "format: 1\nmechanisms:\n  - {id: m, kind: access}\nassets:\n  - {id: a, stored_by: m}\n");
    ERROR(3, "no requirement \"ACM-9\"", "format: 1\nstatements:\n  - requirement: ACM-9\n");
    ERROR(3, "\"ghost\", which is in no list", "format: 1\nstatements:\n  - {requirement: ACM-1, units: [ghost]}\n");
    ERROR(3, "part 1 has no DLM-1", "format: 1\nstatements:\n  - {requirement: DLM-1, parts: [1]}\n");
    ERROR(3, "ACM-2 has no category \"X\"", "format: 1\nstatements:\n  - {requirement: ACM-2, categories: [X]}\n");
    ERROR(3, "an outcome is stated for LGM-4 only",
          "format: 1\nstatements:\n  - {requirement: ACM-2, outcome: PASS}\n");
    ERROR(3, "no requirement \"XYZ\"", "format: 1\nchecks:\n  - {requirements: [XYZ]}\n");
    ERROR(3, "parts 1 to 3", "format: 1\nparts:\n  - {part: 4}\n");
}

static void what_excludes_itself(void **state)
{
    (void)state;
    CONTRADICTION(
        5, "not persistent",
        "format: 1\nmechanisms:\n  - {id: m, kind: storage}\nassets:\n  - {id: a, stored_by: m, persistent: no}\n");
    CONTRADICTION(5, "nobody can reach it",
                  "format: 1\nmechanisms:\n  - {id: m, kind: access}\nassets:\n  - {id: a, managed_by: m}\n");
    CONTRADICTION(5, "is not confidential",
                  "format: 1\nassets:\n  - {id: a, confidential: no}\nkeys:\n  - {id: k, asset: a}\n");
    CONTRADICTION(4, "product.internet is yes",
                  "format: 1\nproduct: {internet: yes}\nparts:\n  - {part: 1, applies: no}\n");
    CONTRADICTION(4, "was stated in line 3",
                  "format: 1\nparts:\n  - {part: 1, applies: yes}\n  - {part: 1, applies: no}\n");
    CONTRADICTION(4, "ACM-3 DN-1 is yes, and product.toy is no",
                  "format: 1\nproduct: {toy: no}\nstatements:\n  - {requirement: ACM-3, answers: {DN-1: yes}}\n");
    CONTRADICTION(4, "product.network_equipment is yes",
                  "format: 1\nproduct: {network_equipment: yes}\nstatements:\n"
                  "  - {requirement: NMM-1, answers: {DN-1: no}}\n");
}

/* A few lines of aliases stand for more values than anybody writes: they are counted, not followed for ever. */
static void aliases_are_bounded(void **state)
{
    char text[20000] = "format: 1\nstatements:\n  - &a {requirement: ACM-1, units: &u [";
    (void)state;
    for (int i = 0; i < 1000; i++)
        strcat(text, "x,");
    strcat(text, "x]}\n");
    for (int i = 0; i < 500; i++)
        strcat(text, "  - *a\n");
    struct sg_product *p = parse(text);
    size_t n;
    bool told = false;
    const struct sg_product_problem *problem = sg_product_problems(p, &n);
    for (size_t i = 0; i < n; i++)
        told = told || strstr(problem[i].text, "more than 50000 values") != NULL;
    sg_product_free(p);
    assert_true(told || n >= 200); /* or there were more problems than anybody reads */
}

static void the_example_is_sound(void **state)
{
    struct sg_error err = {0};
    size_t n;
    (void)state;
    struct sg_product *p = sg_product_load(SG_SOURCE "/examples/meter/product.yaml", &err);
    assert_non_null(p);
    const struct sg_product_problem *problem = sg_product_problems(p, &n);
    for (size_t i = 0; i < n; i++)
        print_message("%zu: %s\n", problem[i].line, problem[i].text);
    assert_int_equal(n, 0);
    json_t *json = sg_product_json(p);
    assert_string_equal(json_string_value(json_object_get(json_object_get(json, "product"), "name")), "Aqua One");
    json_decref(json);
    sg_product_free(p);
    assert_null(sg_product_load(SG_SOURCE "/examples/none.yaml", &err));
    assert_int_equal(err.code, SG_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_product_file_is_refused),
        cmocka_unit_test(shapes),
        cmocka_unit_test(names_refer_to_something),
        cmocka_unit_test(what_excludes_itself),
        cmocka_unit_test(aliases_are_bounded),
        cmocka_unit_test(the_example_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
