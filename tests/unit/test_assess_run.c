/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of the assessment: what makes PASS, what forbids it, and what never looks like it. On the example's
 * product file, and on records as the probe writes them. */
#include "assess/assess.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1796040000 }; /* 2026-11-30 */

/* What a test changes of the complete case. */
struct scene {
    const char *from, *to; /* in the product file; NULL: nothing */
    const char *run;       /* the record of this run is another: */
    const char *member;    /* a member of it, or of its target as "target.firmware" */
    const char *value;
    const char *kind, *verdict; /* and of its target, and of it; NULL: as they are */
    const char *wrong;          /* what the walk of the evidence found wrong with it */
    bool leave_out;             /* there is no such record */
    bool no_checks;             /* nobody has looked */
    bool no_purchased;
};

/* ------------------------------------------------------------------------------------------------- what goes in */

static char *replaced(char *text, const char *from, const char *to)
{
    char *at = strstr(text, from);
    if (at == NULL)
        print_message("not in the example: %s\n", from);
    assert_non_null(at);
    size_t before = (size_t)(at - text), n = strlen(text) + strlen(to) + 1;
    char *out = malloc(n);
    assert_non_null(out);
    (void)snprintf(out, n, "%.*s%s%s", (int)before, text, to, at + strlen(from));
    free(text);
    return out;
}

static char *example(void)
{
    FILE *f = fopen(SG_SOURCE "/examples/meter/product.yaml", "r");
    char *text = calloc(1, 200000);
    assert_non_null(f);
    assert_non_null(text);
    assert_true(fread(text, 1, 199999, f) > 1000);
    (void)fclose(f);
    return text;
}

static const char checks[] =
    "checks:\n"
    "  - {requirements: [all], kind: completeness, result: pass, did: looked, saw: nothing new,\n"
    "     serial: AQ1-000017, firmware: 2.4.1, by: L. Test, date: 2026-11-20}\n"
    "  - {requirements: [all], kind: sufficiency, result: pass, did: tried, saw: it holds,\n"
    "     serial: AQ1-000017, firmware: 2.4.1, by: L. Test, date: 2026-11-20}\n";
static const char purchased[] =
    "purchased:\n  - {requirements: [all], edition: \"EN 18031-1:2024\", by: M. Jansen, date: 2026-11-01}\n"
    "  - {requirements: [all], edition: \"EN 18031-2:2024\", by: M. Jansen, date: 2026-11-01}\n";

static json_t *make_record(const char *run)
{
    const char *requirement = "";
    const struct sg_assess_link *link;
    for (size_t i = 0; (link = sg_assess_link(i)) != NULL; i++)
        if (strcmp(link->run, run) == 0)
            requirement = link->requirement;
    return json_pack("{sssss[s]sssssss{ssssssssssssss}ssss}", "run", run, "title", "t", "requirements", requirement,
                     "weight", "primary", "setting", "equipment", "setting_reason", "", "target", "kind", "device",
                     "product", "Aqua One", "firmware", "2.4.1", "modem_firmware", "mfw_nrf91x1_2.0.2", "serial",
                     "AQ1-000017", "identity", "", "address", "", "began", "2026-11-20T10:00:00.000Z", "verdict",
                     "nothing-against");
}

static void put(json_t *record, const char *member, const char *value)
{
    if (strncmp(member, "target.", 7) == 0)
        (void)json_object_set_new(json_object_get(record, "target"), member + 7, json_string(value));
    else
        (void)json_object_set_new(record, member, json_string(value));
}

/* One record for each run that some requirement needs. */
static json_t *make_records(const struct scene *s)
{
    json_t *list = json_array();
    const struct sg_assess_link *link;
    for (size_t i = 0; (link = sg_assess_link(i)) != NULL; i++) {
        char run[64];
        bool there = false;
        (void)snprintf(run, sizeof run, "%s", link->run);
        for (size_t k = 0; k < json_array_size(list); k++)
            there =
                there || strcmp(json_string_value(json_object_get(json_array_get(list, k), "folder")) + 5, run) == 0;
        bool meant = s->run != NULL && strcmp(s->run, run) == 0;
        if (!link->needed || there || (meant && s->leave_out))
            continue;
        json_t *record = make_record(run);
        if (meant && s->member != NULL)
            put(record, s->member, s->value);
        if (meant && s->kind != NULL)
            put(record, "target.kind", s->kind);
        if (meant && s->verdict != NULL)
            put(record, "verdict", s->verdict);
        char folder[80];
        (void)snprintf(folder, sizeof folder, "%04zu-%s", json_array_size(list) + 1, run);
        (void)json_array_append_new(list, json_pack("{sssoss}", "folder", folder, "record", record, "wrong",
                                                    meant && s->wrong != NULL ? s->wrong : ""));
    }
    return list;
}

static json_t *assess(const struct scene *s)
{
    struct sg_error err = {0};
    char *text = example();
    text = replaced(text, "checks: []\n", s->no_checks ? "checks: []\n" : checks);
    text = replaced(text, "purchased: []\n", s->no_purchased ? "purchased: []\n" : purchased);
    text = replaced(text, "answers: {DN-1: yes, DN-2: yes}\n    reason: UTC", /* LGM-4 */
                    "answers: {DN-1: yes, DN-2: yes}\n    outcome: PASS\n    reason: UTC");
    if (s->from != NULL)
        text = replaced(text, s->from, s->to);
    struct sg_product *p = sg_product_parse("product.yaml", sg_str(text), &err);
    free(text);
    assert_non_null(p);
    json_t *records = make_records(s);
    const struct sg_assess_input in = {.product = p, .records = records, .now = NOW, .version = "1"};
    json_t *result = sg_assess_run(&in, &err);
    if (result == NULL)
        print_message("%s\n", err.text);
    assert_non_null(result);
    json_decref(records);
    sg_product_free(p);
    return result;
}

/* ------------------------------------------------------------------------------------------------ what comes out */

static const char *text_of(const json_t *o, const char *key)
{
    const char *t = json_string_value(json_object_get(o, key));
    return t != NULL ? t : "";
}

static const json_t *requirement(const json_t *result, const char *id, int part)
{
    const json_t *list = json_object_get(result, "requirements");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *r = json_array_get(list, i);
        if (strcmp(text_of(r, "id"), id) == 0 && json_integer_value(json_object_get(r, "part")) == part)
            return r;
    }
    return NULL;
}

static const json_t *unit(const json_t *result, const char *id, int part, const char *name)
{
    const json_t *list = json_object_get(requirement(result, id, part), "units");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(text_of(json_array_get(list, i), "id"), name) == 0)
            return json_array_get(list, i);
    return NULL;
}

static bool has_problem(const json_t *result, const char *part)
{
    const json_t *list = json_object_get(result, "problems");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strstr(text_of(json_array_get(list, i), "text"), part) != NULL)
            return true;
    for (size_t i = 0; i < json_array_size(list); i++)
        print_message("problem: %s\n", text_of(json_array_get(list, i), "text"));
    return false;
}

/* The result of one requirement in part 1 (or 2), and of all. */
static void expect(const struct scene *s, const char *id, int part, const char *result, const char *overall)
{
    json_t *out = assess(s);
    const json_t *r = requirement(out, id, part);
    for (size_t i = 0; i < json_array_size(json_object_get(r, "units")); i++) {
        const json_t *u = json_array_get(json_object_get(r, "units"), i);
        if (strcmp(text_of(r, "result"), result) != 0)
            print_message("%s %s: %s\n", id, text_of(u, "id"), text_of(u, "why"));
    }
    assert_non_null(r);
    assert_string_equal(text_of(r, "result"), result);
    assert_string_equal(text_of(out, "result"), overall);
    json_decref(out);
}

#define NOT_ENOUGH "NOT ENOUGH EVIDENCE"
#define SCENE(...) (&(const struct scene){__VA_ARGS__})

static void everything_there_passes(void **state)
{
    (void)state;
    json_t *out = assess(SCENE(.run = NULL));
    for (size_t i = 0; i < json_array_size(json_object_get(out, "gaps")); i++) {
        const json_t *gap = json_array_get(json_object_get(out, "gaps"), i);
        print_message("%s: %s\n", text_of(gap, "requirement"), text_of(gap, "what"));
    }
    assert_string_equal(text_of(out, "result"), "PASS");
    assert_int_equal(json_array_size(json_object_get(out, "gaps")), 0);
    assert_int_equal(json_array_size(json_object_get(out, "problems")), 0);
    assert_string_equal(text_of(json_object_get(out, "module_a"), "state"), "open");
    assert_int_equal(json_array_size(json_object_get(out, "requirements")), 33 + 43);
    assert_null(requirement(out, "GEC-8", 3));
    json_decref(out);
}

static void paper_alone_is_not_enough(void **state)
{
    struct sg_error err = {0};
    (void)state;
    struct sg_product *p = sg_product_load(SG_SOURCE "/examples/meter/product.yaml", &err);
    json_t *none = json_array();
    const struct sg_assess_input in = {.product = p, .records = none, .now = NOW, .version = "1"};
    json_t *out = sg_assess_run(&in, &err);
    assert_non_null(out);
    assert_string_equal(text_of(out, "result"), NOT_ENOUGH);
    assert_string_equal(text_of(requirement(out, "AUM-3", 1), "result"), NOT_ENOUGH);
    assert_string_equal(text_of(json_object_get(requirement(out, "AUM-3", 1), "conceptual"), "result"), "PASS");
    assert_string_equal(text_of(json_object_get(requirement(out, "AUM-3", 1), "sufficiency"), "result"), NOT_ENOUGH);
    assert_string_equal(text_of(requirement(out, "CCK-2", 1), "result"), "PASS"); /* assessed on paper alone */
    assert_string_equal(text_of(requirement(out, "ACM-5", 2), "result"), "NOT APPLICABLE");
    assert_string_equal(text_of(requirement(out, "LGM-4", 2), "result"), NOT_ENOUGH);
    assert_string_equal(text_of(json_object_get(out, "module_a"), "state"), "not settled");
    json_decref(out);
    json_decref(none);
    sg_product_free(p);
}

/* Section by section: what a record must be to count. */
static void a_record_must_count(void **state)
{
    static const struct scene scenes[] = {
        {.run = "dev.server.expired", .leave_out = true},
        {.run = "dev.server.expired", .member = "setting", .value = "design"},
        {.run = "dev.server.expired", .member = "verdict", .value = "skipped"},
        {.run = "dev.server.expired", .member = "verdict", .value = "remark"},
        {.run = "dev.server.expired", .member = "verdict", .value = "not-applicable"},
        {.run = "dev.server.expired", .member = "weight", .value = "supporting"},
        {.run = "dev.server.expired", .member = "began", .value = "2026-10-11T23:59:59.000Z"},
        {.run = "dev.server.expired", .member = "began", .value = "2027-01-01T00:00:00.000Z"},
        {.run = "dev.server.expired", .member = "target.firmware", .value = "2.4.0"},
        {.run = "dev.server.expired", .member = "target.firmware", .value = ""},
        {.run = "dev.server.expired", .member = "target.modem_firmware", .value = "mfw_nrf91x1_2.0.1"},
        {.run = "dev.server.expired", .member = "target.modem_firmware", .value = ""},
        {.run = "dev.server.expired", .member = "target.product", .value = "Aqua Two"},
        {.run = "dev.server.expired", .member = "target.kind", .value = "server"},
        {.run = "dev.server.expired", .wrong = "its signature does not hold"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        expect(&scenes[i], "AUM-3", 1, NOT_ENOUGH, NOT_ENOUGH);
        json_t *out = assess(&scenes[i]);
        const json_t *records = json_object_get(out, "records");
        for (size_t k = 0; k < json_array_size(records); k++) {
            const json_t *r = json_array_get(records, k);
            if (strcmp(text_of(r, "run"), "dev.server.expired") == 0 && i != 3 && i != 4) {
                assert_false(json_is_true(json_object_get(r, "counts")));
                assert_true(strlen(text_of(r, "why_not")) > 10);
            }
        }
        json_decref(out);
    }
}

/* The one says nothing of what the other throws. */
static void both_kinds_of_odd_messages_are_needed(void **state)
{
    (void)state;
    expect(SCENE(.run = "dev.fuzz.coap", .leave_out = true), "GEC-6", 1, NOT_ENOUGH, NOT_ENOUGH);
    expect(SCENE(.run = "dev.fuzz.lwm2m", .member = "verdict", .value = "skipped"), "GEC-6", 1, NOT_ENOUGH, NOT_ENOUGH);
}

/* A lot or an image has no modem; and what names none forbids PASS like any other where it failed. */
static void who_must_name_the_modem(void **state)
{
    (void)state;
    expect(SCENE(.run = "image.secrets", .member = "target.modem_firmware", .value = "", .kind = "image"), "CCK-3", 1,
           "PASS", "PASS");
    expect(SCENE(.run = "modem.tags", .member = "target.modem_firmware", .value = "", .kind = "modem"), "SSM-1", 1,
           NOT_ENOUGH, NOT_ENOUGH);
    expect(SCENE(.run = "dev.server.expired", .member = "target.modem_firmware", .value = "",
                 .from = "\n  modem_firmware: mfw_nrf91x1_2.0.2\n", .to = "\n"),
           "AUM-3", 1, "PASS", "PASS");
    json_t *out =
        assess(SCENE(.run = "dev.server.expired", .member = "target.modem_firmware", .value = "", .verdict = "fail"));
    assert_string_equal(text_of(requirement(out, "AUM-3", 1), "result"), NOT_ENOUGH);
    assert_non_null(
        strstr(text_of(requirement(out, "AUM-3", 1), "against"), "dev.server.expired failed, and forbids PASS"));
    json_decref(out);
}

/* The statement about AUM-3 names dev.server.revoked as evidence: a person has looked at its remark. */
static void a_remark_counts_where_a_person_names_it(void **state)
{
    (void)state;
    expect(SCENE(.run = "dev.server.revoked", .member = "verdict", .value = "remark"), "AUM-3", 1, "PASS", "PASS");
    expect(SCENE(.run = "dev.server.revoked", .member = "verdict", .value = "not-applicable"), "AUM-3", 1, "PASS",
           "PASS");
}

static void a_failure_forbids_pass(void **state)
{
    (void)state;
    expect(SCENE(.run = "dev.server.expired", .member = "verdict", .value = "fail"), "AUM-3", 1, "FAIL", "FAIL");
    /* A test by hand that failed. */
    expect(SCENE(.from = "kind: sufficiency, result: pass", .to = "kind: sufficiency, result: fail"), "AUM-4", 1,
           "FAIL", "FAIL");
    expect(SCENE(.from = "kind: completeness, result: pass", .to = "kind: completeness, result: fail"), "GEC-5", 1,
           "FAIL", "FAIL");
    /* One of an older firmware does not. */
    json_t *records = make_records(SCENE(.run = NULL));
    json_t *old = make_record("dev.mitm");
    put(old, "verdict", "fail");
    put(old, "target.firmware", "2.3.0");
    json_t *design = make_record("dev.record.nonce"); /* nothing needs it, and SCM-3 cannot pass beside it */
    put(design, "verdict", "fail");
    put(design, "setting", "design");
    put(design, "weight", "supporting");
    (void)json_array_append_new(records, json_pack("{sssoss}", "folder", "0900-dev.mitm", "record", old, "wrong", ""));
    struct sg_error err = {0};
    char *text = replaced(replaced(example(), "checks: []\n", checks), "purchased: []\n", purchased);
    struct sg_product *p = sg_product_parse("p", sg_str(text), &err);
    free(text);
    assert_non_null(p);
    const struct sg_assess_input in = {.product = p, .records = records, .now = NOW, .version = "1"};
    json_t *out = sg_assess_run(&in, &err);
    assert_string_equal(text_of(requirement(out, "SCM-2", 1), "result"), "PASS");
    json_decref(out);
    (void)json_array_append_new(
        records, json_pack("{sssoss}", "folder", "0901-dev.record.nonce", "record", design, "wrong", ""));
    out = sg_assess_run(&in, &err);
    assert_string_equal(text_of(requirement(out, "SCM-3", 1), "result"), NOT_ENOUGH);
    assert_non_null(strstr(text_of(unit(out, "SCM-3", 1, "dtls"), "why"), "0901-dev.record.nonce failed"));
    json_decref(out);
    /* Where the standard tries nothing, a scan that found something is what fails. */
    json_t *scan = make_record("dev.scan");
    put(scan, "verdict", "fail");
    (void)json_array_append_new(records, json_pack("{sssoss}", "folder", "0902-dev.scan", "record", scan, "wrong", ""));
    out = sg_assess_run(&in, &err);
    assert_string_equal(text_of(requirement(out, "GEC-2", 1), "result"), "FAIL");
    assert_non_null(strstr(text_of(requirement(out, "GEC-2", 1), "against"), "0902-dev.scan failed on the equipment"));
    json_decref(out);
    json_decref(records);
    sg_product_free(p);
}

/* Of the whole and of a requirement, with one more record. */
static void expect_beside(const char *run, const char *verdict, const char *wrong, const char *id, const char *whole,
                          const char *one)
{
    struct sg_error err = {0};
    char *text = replaced(replaced(example(), "checks: []\n", checks), "purchased: []\n", purchased);
    text = replaced(text, "answers: {DN-1: yes, DN-2: yes}\n    reason: UTC", /* LGM-4 */
                    "answers: {DN-1: yes, DN-2: yes}\n    outcome: PASS\n    reason: UTC");
    struct sg_product *p = sg_product_parse("p", sg_str(text), &err);
    free(text);
    assert_non_null(p);
    json_t *records = make_records(SCENE(.run = NULL)), *more = make_record(run);
    put(more, "verdict", verdict);
    put(more, "weight", "supporting");
    (void)json_array_append_new(records, json_pack("{sssoss}", "folder", "0900-more", "record", more, "wrong", wrong));
    const struct sg_assess_input in = {.product = p, .records = records, .now = NOW, .version = "1"};
    json_t *out = sg_assess_run(&in, &err);
    assert_string_equal(text_of(out, "result"), whole);
    assert_string_equal(text_of(requirement(out, id, 1), "result"), one);
    json_decref(out);
    json_decref(records);
    sg_product_free(p);
}

/* Nobody lifts a failure by altering its record. */
static void a_failure_is_not_lost(void **state)
{
    (void)state;
    expect_beside("dev.scan", "fail", "", "GEC-2", NOT_ENOUGH, NOT_ENOUGH);
    expect_beside("srv.plain", "nothing-against", "", "SCM-3", "PASS", "PASS");
    expect_beside("modem.keygen", "fail", "", "CCK-2", NOT_ENOUGH, NOT_ENOUGH);
    expect_beside("dev.record.nonce", "fail", "its file capture.pcapng was altered", "SCM-3", NOT_ENOUGH, NOT_ENOUGH);
    expect_beside("srv.plain", "nothing-against", "it was altered", "SCM-3", NOT_ENOUGH, "PASS");
}

static void a_check_may_stand_for_a_run(void **state)
{
    (void)state;
    expect(SCENE(.run = "dev.server.expired", .leave_out = true, .from = "kind: sufficiency, result: pass, did: tried",
                 .to = "kind: sufficiency, instead_of: [dev.server.expired], result: pass, did: tried"),
           "AUM-3", 1, "PASS", NOT_ENOUGH); /* and no longer for what has no run, as AUM-4 */
    expect(SCENE(.no_checks = true), "AUM-4", 1, NOT_ENOUGH, NOT_ENOUGH);
    expect(SCENE(.no_checks = true), "GEC-5", 1, NOT_ENOUGH, NOT_ENOUGH);
    expect(SCENE(.from = "serial: AQ1-000017, firmware: 2.4.1", .to = "serial: AQ1-000017, firmware: 2.4.0"), "GEC-5",
           1, NOT_ENOUGH, NOT_ENOUGH);
    expect(SCENE(.from = "by: L. Test, date: 2026-11-20", .to = "date: 2026-11-20"), "GEC-5", 1, NOT_ENOUGH,
           NOT_ENOUGH);
}

/* --------------------------------------------------------------------------------------------------- statements */

#define SCM3 "reason: One suite with authenticated encryption and keys agreed anew for each session is offered."

static void a_statement_must_be_whole(void **state)
{
    (void)state;
    expect(SCENE(.from = SCM3, .to = "reason: \"\""), "SCM-3", 1, NOT_ENOUGH, NOT_ENOUGH);
    expect(SCENE(.from = SCM3 "\n    by: M. Jansen, product security", .to = SCM3), "SCM-3", 1, NOT_ENOUGH, NOT_ENOUGH);
    expect(SCENE(.from = SCM3 "\n    by: M. Jansen, product security\n    date: 2026-10-21",
                 .to = SCM3 "\n    by: M. Jansen"),
           "SCM-3", 1, NOT_ENOUGH, NOT_ENOUGH);
    expect(SCENE(.from = SCM3 "\n    by: M. Jansen, product security\n    date: 2026-10-21",
                 .to = SCM3 "\n    by: M. Jansen\n    date: 2027-10-21"),
           "SCM-3", 1, NOT_ENOUGH, NOT_ENOUGH);
    expect(SCENE(.from = "categories: [ChannelEnc]", .to = "categories: []"), "SCM-3", 1, NOT_ENOUGH, NOT_ENOUGH);
    expect(SCENE(.from = "      UserDoc.NetworkInterface.Exposure: user's manual, page 5\n", .to = "      Other: x\n"),
           "GEC-4", 1, NOT_ENOUGH, NOT_ENOUGH);
    expect(SCENE(.from = "answers: {DN-1: no, DN-2: no, DN-3: yes}\n    reason: >-\n      All access",
                 .to = "answers: {DN-1: no, DN-3: yes}\n    reason: >-\n      All access"),
           "AUM-1-1", 1, NOT_ENOUGH, NOT_ENOUGH);
    expect(SCENE(.from = "- requirement: GEC-3", .to = "- requirement: GEC-7"), "GEC-3", 1, NOT_ENOUGH, NOT_ENOUGH);
}

static void a_path_that_fails_fails(void **state)
{
    (void)state;
    expect(SCENE(.from = "answers: {DN-1: yes}\n    reason: Antenna", .to = "answers: {DN-1: no}\n    reason: Antenna"),
           "GEC-5", 1, "FAIL", "FAIL");
}

static void contradictions_pass_nothing(void **state)
{
    static const struct {
        struct scene scene;
        const char *id, *told;
    } cases[] = {
        {{.from = "answers: {DN-1: yes}\n    reason: Antenna",
          .to = "answers: {DN-1: yes, DN-2: no}\n    reason: Antenna"},
         "GEC-5",
         "DN-2 is answered"},
        {{.from = "    stored_by: sim\n", .to = ""}, "SSM-1", "stored_by names none"},
        {{.from = "  - requirement: GEC-3\n",
          .to = "  - requirement: GEC-5\n    answers: {DN-1: yes}\n    reason: again\n    by: "
                "x\n    date: 2026-11-01\n  - requirement: GEC-3\n"},
         "GEC-5",
         "already"},
        {{.from = "strength: 128", .to = "strength: 80"}, "CCK-1", "112 bits"},
        {{.from = "    optional: no", .to = "    optional: yes"}, "GEC-3", "stated that there is no unit"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *out = assess(&cases[i].scene);
        assert_string_equal(text_of(requirement(out, cases[i].id, 1), "result"), NOT_ENOUGH);
        assert_string_equal(text_of(out, "result"), NOT_ENOUGH);
        assert_true(has_problem(out, cases[i].told));
        json_decref(out);
    }
    json_t *out =
        assess(SCENE(.from = "units: [modem-store]\n    answers: {DN-1: yes}\n    categories: [AccessControl]\n    "
                             "reason: The modem is locked",
                     .to = "units: [modem-store, lte]\n    answers: {DN-1: yes}\n    categories: [AccessControl]\n"
                           "    reason: The modem is locked"));
    assert_true(has_problem(out, "SSM-2 is stated of lte"));
    json_decref(out);
}

/* ------------------------------------------------------------------------------------------- units, parts, law */

static void units_are_carried_on(void **state)
{
    (void)state;
    json_t *out = assess(SCENE(.run = NULL));
    assert_non_null(unit(out, "ACM-2", 2, "readings"));
    assert_null(unit(out, "ACM-2", 1, "readings")); /* a privacy asset is of part 2 alone */
    assert_non_null(unit(out, "ACM-1", 2, "total"));
    assert_null(unit(out, "ACM-2", 2, "total")); /* public on purpose: no mechanism to ask about */
    assert_non_null(unit(out, "AUM-3", 1, "dtls-authentication"));
    assert_non_null(unit(out, "SUM-2", 1, "modem-update"));
    assert_null(unit(out, "SSM-3", 1, "locked-memory")); /* holds nothing confidential */
    assert_null(unit(out, "DLM-1", 2, "boot-key"));
    assert_non_null(unit(out, "DLM-1", 2, "device-key"));
    assert_int_equal(json_array_size(json_object_get(requirement(out, "UNM-2", 2), "units")), 0);
    assert_string_equal(text_of(requirement(out, "UNM-2", 2), "result"), "NOT APPLICABLE");
    assert_string_equal(text_of(requirement(out, "AUM-5-1", 1), "result"), "NOT APPLICABLE"); /* no password: no PASS */
    assert_true(strlen(text_of(requirement(out, "AUM-5-1", 1), "no_units")) > 10);
    assert_string_equal(text_of(requirement(out, "AUM-2", 2), "name"), "AUM-2-1");
    json_decref(out);
    out =
        assess(SCENE(.from = "vulnerabilities: []", .to = "vulnerabilities: [{id: CVE-2026-1, name: x, in: boot-2}]"));
    assert_null(unit(out, "GEC-1", 1, "boot-2"));
    assert_non_null(unit(out, "GEC-1", 1, "CVE-2026-1"));
    json_decref(out);
}

static void a_part_is_ruled_out_by_a_person(void **state)
{
    (void)state;
    json_t *out = assess(
        SCENE(.from = "    reason: Nobody moves money or credit with it; it is billed by the supplier, elsewhere.\n",
              .to = "    reason: \"\"\n"));
    assert_non_null(requirement(out, "GEC-8", 3));
    assert_string_not_equal(text_of(out, "result"), "PASS");
    json_decref(out);
}

static void unsure_nodes_are_marked(void **state)
{
    (void)state;
    json_t *out = assess(SCENE(.no_purchased = true));
    assert_string_equal(text_of(requirement(out, "ACM-1", 1), "grade"), "A");
    assert_string_equal(text_of(requirement(out, "SUM-1", 1), "grade"), "B");
    assert_string_equal(text_of(requirement(out, "LGM-4", 2), "grade"), "C");
    assert_true(json_is_null(json_object_get(requirement(out, "ACM-1", 1), "purchased")));
    assert_string_equal(text_of(requirement(out, "LGM-4", 2), "result"), NOT_ENOUGH); /* its outcome needs a copy */
    json_decref(out);
}

/* A copy of part 1 says nothing about part 2. */
static void a_tick_is_for_its_part(void **state)
{
    (void)state;
    json_t *out = assess(SCENE(.from = "edition: \"EN 18031-2:2024\"", .to = "edition: \"EN 18031-3:2024\""));
    assert_true(json_is_object(json_object_get(requirement(out, "ACM-1", 1), "purchased")));
    assert_true(json_is_null(json_object_get(requirement(out, "ACM-1", 2), "purchased")));
    assert_string_equal(text_of(requirement(out, "LGM-4", 2), "result"), NOT_ENOUGH);
    json_decref(out);
}

static void module_a(void **state)
{
    static const struct {
        struct scene scene;
        const char *reason;
    } cases[] = {
        {{.from = "passwords: []",
          .to = "passwords:\n  - {id: pin, name: Service PIN, factory: yes, may_be_absent: yes, "
                "used_by: dtls-authentication}"},
         "Service PIN"},
        {{.from = "edition: EN 18031-1:2024", .to = "edition: EN 18031-1:2027"}, "EN 18031-1:2027"},
        {{.from = "childcare: no", .to = "childcare: yes"}, "parents or guardians"},
        {{.from = "  - part: 3\n    applies: no", .to = "  - part: 3\n    applies: yes"}, "handles money"},
        {{.run = "dev.mitm", .member = "verdict", .value = "fail"}, "ends in FAIL"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *out = assess(&cases[i].scene);
        const json_t *module = json_object_get(out, "module_a"), *reasons = json_object_get(module, "reasons");
        bool told = false;
        for (size_t k = 0; k < json_array_size(reasons); k++)
            told = told || strstr(json_string_value(json_array_get(reasons, k)), cases[i].reason) != NULL;
        assert_string_equal(text_of(module, "state"), "closed");
        assert_true(told);
        json_decref(out);
    }
}

/* Which edition was applied must be said: another than the cited one gives no presumption of conformity. */
static void module_a_needs_an_edition(void **state)
{
    (void)state;
    json_t *out = assess(SCENE(.run = NULL));
    assert_string_equal(text_of(json_object_get(out, "module_a"), "state"), "open");
    json_decref(out);
    out = assess(SCENE(.from = "    edition: EN 18031-2:2024\n", .to = ""));
    assert_string_equal(text_of(json_object_get(out, "module_a"), "state"), "not settled");
    json_decref(out);
}

static void documentation_is_kept_ten_years(void **state)
{
    (void)state;
    json_t *out = assess(SCENE(.run = NULL));
    assert_string_equal(text_of(json_object_get(out, "keep_until"), "date"), "2037-12-10");
    json_decref(out);
    out = assess(SCENE(.from = "  support_until: 2037-12-31", .to = "  last_unit: 2028-02-29"));
    assert_string_equal(text_of(json_object_get(out, "keep_until"), "date"), "2038-02-28");
    json_decref(out);
}

static void gaps_tell_what_settles_them(void **state)
{
    (void)state;
    json_t *out = assess(SCENE(.run = "dev.capture", .leave_out = true, .from = SCM3, .to = "reason: \"\""));
    const json_t *gaps = json_object_get(out, "gaps");
    assert_int_equal(json_array_size(gaps), 2);
    assert_string_equal(text_of(json_array_get(gaps, 0), "kind"), "statement");
    assert_true(json_integer_value(json_object_get(json_array_get(gaps, 0), "line")) > 700);
    const json_t *run = json_array_get(gaps, 1);
    assert_string_equal(text_of(run, "kind"), "run");
    assert_string_equal(text_of(run, "what"), "dev.capture");
    assert_string_equal(text_of(run, "settle"), "signet probe device");
    assert_true(json_array_size(json_object_get(run, "settles")) > 4); /* SCM-1 and SCM-3, in two parts */
    json_decref(out);
}

static void items_are_found_where_they_stand(void **state)
{
    (void)state;
    json_t *out = assess(SCENE(.run = NULL));
    const json_t *items = json_object_get(unit(out, "SSM-2", 1, "flash-store"), "items");
    bool found = false;
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        assert_true(!json_is_true(json_object_get(item, "needed")) || text_of(item, "value")[0] != '\0');
        if (strcmp(text_of(item, "id"), "E.Info.SSM-2.SSM.Asset") == 0)
            found = strstr(text_of(item, "value"), "event log") != NULL ||
                    strstr(text_of(item, "value"), "Event log") != NULL;
    }
    assert_true(found);
    json_decref(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_there_passes),
        cmocka_unit_test(paper_alone_is_not_enough),
        cmocka_unit_test(a_record_must_count),
        cmocka_unit_test(both_kinds_of_odd_messages_are_needed),
        cmocka_unit_test(who_must_name_the_modem),
        cmocka_unit_test(a_remark_counts_where_a_person_names_it),
        cmocka_unit_test(a_failure_forbids_pass),
        cmocka_unit_test(a_failure_is_not_lost),
        cmocka_unit_test(a_check_may_stand_for_a_run),
        cmocka_unit_test(a_statement_must_be_whole),
        cmocka_unit_test(a_path_that_fails_fails),
        cmocka_unit_test(contradictions_pass_nothing),
        cmocka_unit_test(units_are_carried_on),
        cmocka_unit_test(a_part_is_ruled_out_by_a_person),
        cmocka_unit_test(unsure_nodes_are_marked),
        cmocka_unit_test(a_tick_is_for_its_part),
        cmocka_unit_test(module_a),
        cmocka_unit_test(module_a_needs_an_edition),
        cmocka_unit_test(documentation_is_kept_ten_years),
        cmocka_unit_test(gaps_tell_what_settles_them),
        cmocka_unit_test(items_are_found_where_they_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
