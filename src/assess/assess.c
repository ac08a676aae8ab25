/* SPDX-License-Identifier: Apache-2.0 */
/* The assessment as a whole: the parts that apply, each requirement in the standard's order, and what comes of it. */
#include "assess/assess_internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

const char *sg_result_name(enum sg_result r)
{
    static const char *const names[] = {"NOT APPLICABLE", "PASS", "NOT ENOUGH EVIDENCE", "FAIL"};
    return names[r];
}

static void put_time(int64_t when, char day[16], char moment[32])
{
    struct tm tm;
    time_t t = (time_t)when;
    (void)gmtime_r(&t, &tm);
    (void)strftime(day, 16, "%Y-%m-%d", &tm);
    (void)strftime(moment, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* --------------------------------------------------------------------------------------------------- the parts */

static const json_t *part_row(const struct sg_product *p, int part)
{
    const json_t *list = sg_product_list(p, "parts");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_integer_value(json_object_get(json_array_get(list, i), "part")) == part)
            return json_array_get(list, i);
    return NULL;
}

/* A part that nobody has ruled out, with a name and a reason, is assessed. */
static bool is_assessed(const struct sg_assessing *a, int part)
{
    const json_t *row = part_row(a->p, part);
    return row == NULL || sg_row_yes(row, "applies") || sg_assess_unsigned(a, row, true) != NULL ||
           json_object_get(row, "applies") == NULL;
}

static enum sg_result part_result(const struct sg_assessing *a, int part, size_t count[4])
{
    enum sg_result all = SG_RESULT_NOT_APPLICABLE;
    for (size_t i = 0; i < json_array_size(a->requirements); i++) {
        const json_t *r = json_array_get(a->requirements, i);
        if (part != 0 && json_integer_value(json_object_get(r, "part")) != part)
            continue;
        for (int k = SG_RESULT_NOT_APPLICABLE; k <= SG_RESULT_FAIL; k++) {
            if (strcmp(sg_result_name((enum sg_result)k), sg_row_text(r, "result")) != 0)
                continue;
            count[k]++;
            all = (enum sg_result)k > all ? (enum sg_result)k : all;
        }
    }
    return all;
}

static json_t *restrictions_of(int part)
{
    const struct sg_en_restriction *x;
    json_t *list = json_array();
    for (size_t i = 0; (x = sg_en_restriction(i)) != NULL; i++)
        if ((x->parts & SG_EN_PART(part)) != 0)
            (void)json_array_append_new(
                list, json_pack("{sissss}", "number", x->number, "requirements", x->requirements, "what", x->what));
    return list;
}

static json_t *standards(const struct sg_assessing *a)
{
    json_t *list = json_array();
    for (int part = 1; part <= SG_EN_PARTS; part++) {
        const struct sg_en_standard *s = sg_en_standard(part);
        const json_t *row = part_row(a->p, part), *applies = json_object_get(row, "applies");
        size_t count[4] = {0};
        const char *result = is_assessed(a, part) ? sg_result_name(part_result(a, part, count)) : "";
        json_t *out = json_pack("{sissssssssssssss}", "part", part, "number", s->number, "edition", s->edition,
                                "edition_date", s->edition_date, "point", s->point, "subject", s->subject, "reference",
                                s->reference, "reference_date", s->reference_date);
        (void)json_object_update_new(out,
                                     json_pack("{sosssssssssoso}", "applies",
                                               applies != NULL ? json_boolean(json_is_true(applies)) : json_null(),
                                               "reason", sg_row_text(row, "reason"), "by", sg_row_text(row, "by"),
                                               "date", sg_row_text(row, "date"), "result", result, "restrictions",
                                               restrictions_of(part), "assessed", json_boolean(is_assessed(a, part))));
        (void)json_array_append_new(list, out);
    }
    return list;
}

/* ------------------------------------------------------------------------------------------ what is wrong, told */

static void copy_problems(struct sg_assessing *a)
{
    size_t n;
    const struct sg_product_problem *problem = sg_product_problems(a->p, &n);
    for (size_t i = 0; i < n; i++)
        sg_assess_problem(a, problem[i].fault, problem[i].line, "%s", problem[i].text);
}

/* A statement about a thing that is no unit of its requirement. */
static bool is_unit_somewhere(const struct sg_assessing *a, const struct sg_en_requirement *r, const char *unit)
{
    for (size_t i = 0; i < json_array_size(a->requirements); i++) {
        const json_t *done = json_array_get(a->requirements, i), *units = json_object_get(done, "units");
        for (size_t u = 0; strcmp(sg_row_text(done, "id"), r->id) == 0 && u < json_array_size(units); u++)
            if (strcmp(sg_row_text(json_array_get(units, u), "id"), unit) == 0)
                return true;
    }
    return false;
}

static void strangers(struct sg_assessing *a)
{
    const json_t *list = sg_product_list(a->p, "statements");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i), *units = sg_row_list(row, "units");
        const struct sg_en_requirement *r = sg_en_find(sg_row_text(row, "requirement"));
        bool assessed = false;
        for (int part = 1; r != NULL && part <= SG_EN_PARTS; part++)
            assessed = assessed || ((r->parts & SG_EN_PART(part)) != 0 && is_assessed(a, part));
        for (size_t u = 0; assessed && u < json_array_size(units); u++) {
            const char *unit = json_string_value(json_array_get(units, u));
            if (strcmp(unit, "all") != 0 && strcmp(unit, "none") != 0 && !is_unit_somewhere(a, r, unit))
                sg_assess_problem(a, SG_PRODUCT_CONTRADICTION, sg_row_line(row), "%s is stated of %s, which is no %s",
                                  r->id, unit, r->unit);
        }
    }
}

/* ------------------------------------------------------------------------------------------------ what it is in law */

static void closed(json_t *reasons, const char *what, const char *why)
{
    char text[400];
    (void)snprintf(text, sizeof text, "%.200s: %s", what, why);
    (void)json_array_append_new(reasons, json_string(text));
}

/* Module A (Article 17 of Directive 2014/53/EU) is closed where a cited standard does not carry all of it. */
static json_t *module_a(const struct sg_assessing *a, enum sg_result result)
{
    json_t *reasons = json_array();
    bool settled = result == SG_RESULT_PASS; /* and it is said of which edition */
    const json_t *passwords = sg_product_list(a->p, "passwords"), *software = sg_product_list(a->p, "software");
    for (size_t i = 0; i < json_array_size(passwords); i++)
        if (sg_row_yes(json_array_get(passwords, i), "may_be_absent"))
            closed(reasons, sg_row_text(json_array_get(passwords, i), "name"),
                   "a user may go without setting and using this password (restriction 2)");
    if (is_assessed(a, 2) && (sg_product_is(a->p, "toy") || sg_product_is(a->p, "childcare")))
        closed(reasons, "toy or childcare", "parents or guardians must be in control (restriction 3 of part 2)");
    for (size_t i = 0; i < json_array_size(software) && is_assessed(a, 3); i++)
        if (json_array_size(sg_row_list(json_array_get(software, i), "updated_by")) > 0)
            closed(reasons, sg_row_text(json_array_get(software, i), "name"),
                   "it is updated, in equipment that handles money (restriction 3 of part 3)");
    for (int part = 1; part <= SG_EN_PARTS; part++) {
        const char *edition = sg_row_text(part_row(a->p, part), "edition");
        settled = settled && (edition[0] != '\0' || !is_assessed(a, part));
        if (edition[0] != '\0' && strcmp(edition, sg_en_standard(part)->edition) != 0)
            closed(reasons, edition, "this edition is not the one that the Official Journal cites");
    }
    if (result == SG_RESULT_FAIL)
        closed(reasons, "a requirement ends in FAIL", "the standard is not applied in full");
    if (strcmp(a->today, SG_EN_LAST_DAY) > 0)
        closed(reasons, "after " SG_EN_LAST_DAY, "Delegated Regulation (EU) 2022/30 is repealed");
    const char *state = json_array_size(reasons) > 0 ? "closed" : settled ? "open" : "not settled";
    return json_pack("{ssso}", "state", state, "reasons", reasons);
}

static json_t *dates(void)
{
    const struct sg_en_date *d;
    json_t *list = json_array();
    for (size_t i = 0; (d = sg_en_date(i)) != NULL; i++)
        (void)json_array_append_new(list,
                                    json_pack("{ssssss}", "date", d->date, "event", d->event, "source", d->source));
    return list;
}

/* Ten years after the last unit was placed on the market (RED, Article 10(4)). */
static json_t *keep_until(const struct sg_product *p)
{
    const char *last = sg_product_text(p, "last_unit");
    bool stated = last[0] != '\0';
    char until[16];
    (void)snprintf(until, sizeof until, "%s", stated ? last : SG_EN_LAST_DAY);
    until[2] = (char)(until[2] + 1); /* ten years */
    if (until[2] > '9') {
        until[2] = '0';
        until[1]++;
    }
    if (strcmp(until + 5, "02-29") == 0)
        until[9] = '8'; /* ten years on there is none */
    return json_pack("{ssss}", "date", until, "why",
                     stated ? "ten years after the last unit is placed on the market, as the product file states it"
                            : "at the latest: ten years after the last day on which units are placed on the market "
                              "under Delegated Regulation (EU) 2022/30; state product.last_unit when it is known");
}

/* ------------------------------------------------------------------------------------------------------- result */

/* Records that are not whole: what they said may have been a failure. */
static size_t spoiled(const struct sg_assessing *a)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(a->records); i++)
        n += json_is_false(json_object_get(json_array_get(a->records, i), "whole"));
    return n;
}

static json_t *result_json(struct sg_assessing *a, const char *moment)
{
    size_t count[4] = {0};
    enum sg_result result = part_result(a, 0, count);
    size_t faults = json_array_size(a->problems) + spoiled(a);
    if (faults > 0 && result < SG_RESULT_NOT_ENOUGH) /* what contradicts itself, or leaves something out */
        result = SG_RESULT_NOT_ENOUGH;
    json_t *out =
        json_pack("{siss s{ssss}s{sssI}soss}", "format", 1, "made", moment, "tool", "name", "signet", "version",
                  a->in->version, "product_file", "sha256", a->p->sha256, "bytes", (json_int_t)a->p->bytes, "product",
                  sg_product_json(a->p), "result", sg_result_name(result));
    (void)json_object_update_new(out, json_pack("{sosososos{sIsIsIsI}}", "standards", standards(a), "module_a",
                                                module_a(a, result), "dates", dates(), "keep_until", keep_until(a->p),
                                                "counts", "pass", (json_int_t)count[SG_RESULT_PASS], "fail",
                                                (json_int_t)count[SG_RESULT_FAIL], "not_applicable",
                                                (json_int_t)count[SG_RESULT_NOT_APPLICABLE], "not_enough",
                                                (json_int_t)count[SG_RESULT_NOT_ENOUGH]));
    json_t *gathered = a->in->gathered != NULL ? json_incref(a->in->gathered) : json_array();
    (void)json_object_update_new(out, json_pack("{sOsOsosOsO}", "requirements", a->requirements, "records", a->records,
                                                "gathered", gathered, "gaps", a->gaps, "problems", a->problems));
    return out;
}

static bool has_error(const struct sg_product *p, const struct sg_product_problem **first)
{
    size_t n;
    const struct sg_product_problem *problem = sg_product_problems(p, &n);
    for (size_t i = 0; i < n; i++)
        if (problem[i].fault == SG_PRODUCT_ERROR) {
            *first = &problem[i];
            return true;
        }
    return false;
}

static void walk_all(struct sg_assessing *a)
{
    const struct sg_en_requirement *r;
    for (int part = 1; part <= SG_EN_PARTS; part++)
        for (size_t i = 0; is_assessed(a, part) && (r = sg_en_requirement(i)) != NULL; i++)
            if ((r->parts & SG_EN_PART(part)) != 0)
                (void)json_array_append_new(a->requirements, sg_assess_requirement(a, r, part));
}

json_t *sg_assess_run(const struct sg_assess_input *in, struct sg_error *err)
{
    struct sg_assessing a = {.in = in, .p = in->product};
    const struct sg_product_problem *first = NULL;
    char moment[32];
    json_t *out = NULL;

    if (has_error(in->product, &first)) {
        (void)sg_fail(err, SG_EFORMAT, "%s line %zu: %s", in->product->name, first->line, first->text);
        return NULL;
    }
    put_time(in->now, a.today, moment);
    a.records = json_array();
    a.requirements = json_array();
    a.gaps = json_array();
    a.problems = json_array();
    copy_problems(&a);
    if (sg_assess_records(&a, err) == 0) {
        walk_all(&a);
        strangers(&a);
        sg_assess_sort_gaps(&a);
        out = result_json(&a, moment);
        if (out == NULL)
            (void)sg_fail(err, SG_ENOMEM, "assessing: out of memory");
    }
    json_decref(a.records);
    json_decref(a.requirements);
    json_decref(a.gaps);
    json_decref(a.problems);
    return out;
}
