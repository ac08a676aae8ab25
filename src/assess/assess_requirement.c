/* SPDX-License-Identifier: Apache-2.0 */
/* One requirement of a part: its units one after the other, and the verdict over them, on paper and on the product. */
#include "assess/assess_internal.h"

#include <string.h>

static enum sg_result of_unit(const json_t *unit, const char *key)
{
    for (int r = SG_RESULT_NOT_APPLICABLE; r <= SG_RESULT_FAIL; r++)
        if (strcmp(sg_result_name((enum sg_result)r), sg_row_text(unit, key)) == 0)
            return (enum sg_result)r;
    return SG_RESULT_NOT_ENOUGH;
}

/* FAIL before NOT ENOUGH EVIDENCE before PASS before NOT APPLICABLE: the order of enum sg_result. */
static enum sg_result fold(const json_t *units, const char *key)
{
    enum sg_result all = SG_RESULT_NOT_APPLICABLE;
    for (size_t i = 0; i < json_array_size(units); i++) {
        enum sg_result one = of_unit(json_array_get(units, i), key);
        all = one > all ? one : all;
    }
    return all;
}

static json_t *assessment(bool asked, enum sg_result result, const char *why, const char *what,
                          const char *precondition)
{
    return json_pack("{sbsssssssss[]s[]}", "asked", asked, "result", sg_result_name(result), "why", why, "what",
                     what != NULL ? what : "", "precondition", precondition != NULL ? precondition : "", "records",
                     "checks");
}

/* Folders of records that speak to the requirement and count, and checks as they stand in the product file. */
static void put_evidence(const struct sg_assessing *a, const struct sg_en_requirement *r, json_t *to, const char *kind)
{
    for (size_t i = 0; i < json_array_size(a->records); i++) {
        const json_t *record = json_array_get(a->records, i);
        if (sg_assess_speaks(record, r))
            (void)json_array_append(json_object_get(to, "records"), json_object_get(record, "folder"));
    }
    (void)json_object_set_new(to, "checks", sg_assess_checks(a, r, kind));
}

/* The look for what the documentation leaves out. For what is asked of the product once there is nothing to look for.
 */
static json_t *completeness(struct sg_assessing *a, const struct sg_en_requirement *r, int part, bool once,
                            enum sg_result *result)
{
    bool asked = r->completeness != NULL && !once;
    *result = asked ? SG_RESULT_NOT_ENOUGH : SG_RESULT_NOT_APPLICABLE;
    const char *why = asked ? "nobody has looked for what the documentation leaves out" : "";
    json_t *out = assessment(asked, *result, "", r->completeness, r->precondition);
    if (asked)
        put_evidence(a, r, out, "completeness");
    const json_t *checks = json_object_get(out, "checks");
    for (size_t i = 0; i < json_array_size(checks) && *result != SG_RESULT_FAIL; i++) {
        bool passed = strcmp(sg_row_text(json_array_get(checks, i), "result"), "pass") == 0;
        *result = passed ? SG_RESULT_PASS : SG_RESULT_FAIL;
        why = passed ? "" : "something was found that the documentation leaves out";
    }
    if (*result == SG_RESULT_NOT_ENOUGH)
        sg_assess_gap(a, SG_GAP_CHECK, r, part, "", 0, "checks: completeness", "%s", r->completeness);
    if (*result == SG_RESULT_FAIL)
        sg_assess_gap(a, SG_GAP_FIX, r, part, "", 0, "the documentation", "a check found %s", r->completeness);
    (void)json_object_set_new(out, "result", json_string(sg_result_name(*result)));
    (void)json_object_set_new(out, "why", json_string(why));
    return out;
}

/* Why there is no unit: another requirement's result, or a person's word. */
static enum sg_result no_units(struct sg_assessing *a, const struct sg_en_requirement *r, int part, bool derived,
                               const char **why)
{
    size_t second;
    const json_t *statement = sg_assess_statement(a->p, r, part, "none", &second);
    const char *lacks = statement != NULL ? sg_assess_unsigned(a, statement, true) : NULL;
    *why = "the list is empty, and it follows from the results before";
    if (derived)
        return SG_RESULT_NOT_APPLICABLE;
    if (statement != NULL && lacks == NULL) {
        *why = sg_row_text(statement, "reason");
        return SG_RESULT_NOT_APPLICABLE;
    }
    *why = statement == NULL ? "the list is empty, and nobody has stated that there is none" : lacks;
    sg_assess_gap(a, SG_GAP_STATEMENT, r, part, "", sg_row_line(statement), "statements: units: [none]",
                  "state that there is none, with a reason, or add it: %s", r->unit);
    return SG_RESULT_NOT_ENOUGH;
}

/* A statement that there is none, and there is one. */
static void contradicted(struct sg_assessing *a, const struct sg_en_requirement *r, int part, const json_t *units)
{
    size_t second;
    const json_t *none = sg_assess_statement(a->p, r, part, "none", &second);
    if (none != NULL && json_array_size(units) > 0)
        sg_assess_problem(a, SG_PRODUCT_CONTRADICTION, sg_row_line(none),
                          "%s, part %d: it is stated that there is no unit, and there is %s", r->id, part,
                          sg_row_text(json_array_get(units, 0), "id"));
}

static char lowest_grade(const json_t *units)
{
    char lowest = '\0';
    for (size_t i = 0; i < json_array_size(units); i++) {
        const json_t *path = json_object_get(json_array_get(units, i), "path");
        for (size_t k = 0; k < json_array_size(path); k++) {
            char grade = sg_row_text(json_array_get(path, k), "grade")[0];
            if (grade > lowest)
                lowest = grade;
        }
    }
    return lowest;
}

static json_t *purchased(const struct sg_assessing *a, const struct sg_en_requirement *r, int part)
{
    const json_t *row = sg_assess_purchased(a, r, part);
    return row == NULL ? json_null()
                       : json_pack("{ssssss}", "edition", sg_row_text(row, "edition"), "by", sg_row_text(row, "by"),
                                   "date", sg_row_text(row, "date"));
}

/* What failed forbids PASS also where nothing is tried by the standard's own rules: a scan that finds an open port, a
 * configuration with a console. `why` tells which. */
static enum sg_result forbid(struct sg_assessing *a, const struct sg_en_requirement *r, int part, enum sg_result all,
                             struct sg_buf *why)
{
    bool equipment;
    if (all == SG_RESULT_FAIL || !sg_assess_forbidden(a, r, why, &equipment))
        return all;
    sg_assess_gap(a, SG_GAP_FIX, r, part, "", 0, "the product", "%s", sg_buf_cstr(why));
    return equipment && r->sufficiency == NULL ? SG_RESULT_FAIL : SG_RESULT_NOT_ENOUGH;
}

json_t *sg_assess_requirement(struct sg_assessing *a, const struct sg_en_requirement *r, int part)
{
    bool derived;
    const char *why = "";
    json_t *given = sg_assess_units(a, r, part, &derived), *units = json_array();
    bool once = json_array_size(given) == 1 && strcmp(sg_row_text(json_array_get(given, 0), "id"), "product") == 0;

    for (size_t i = 0; i < json_array_size(given); i++)
        (void)json_array_append_new(units, sg_assess_unit(a, r, part, json_array_get(given, i)));
    contradicted(a, r, part, given);
    const char grade[] = {lowest_grade(units), '\0'};
    enum sg_result paper = fold(units, "conceptual"), tried = fold(units, "tried"), complete, all;
    if (json_array_size(units) == 0)
        paper = no_units(a, r, part, derived, &why);
    json_t *completeness_json = completeness(a, r, part, once, &complete);
    bool to_try = r->sufficiency != NULL && tried != SG_RESULT_NOT_APPLICABLE;
    json_t *sufficiency = assessment(to_try, tried, "", r->sufficiency, r->precondition);
    put_evidence(a, r, sufficiency, "sufficiency");

    all = paper > tried ? paper : tried;
    if (complete == SG_RESULT_FAIL || (complete == SG_RESULT_NOT_ENOUGH && all != SG_RESULT_FAIL))
        all = complete;
    char against_space[600];
    struct sg_buf against = sg_buf(against_space, sizeof against_space);
    all = forbid(a, r, part, all, &against);
    json_t *out = json_pack("{sssissssssssssssssssssssss}", "id", r->id, "part", part, "name", sg_en_name(r, part),
                            "clause", r->clause[part - 1], "title", r->title, "asks", r->asks, "statement",
                            r->statement, "note", r->note != NULL ? r->note : "", "result", sg_result_name(all),
                            "no_units", why, "unit", r->unit, "grade", grade, "against", sg_buf_cstr(&against));
    (void)json_object_set_new(out, "purchased", purchased(a, r, part));
    (void)json_object_set_new(out, "conceptual", assessment(true, paper, why, "", NULL));
    (void)json_object_set_new(out, "completeness", completeness_json);
    (void)json_object_set_new(out, "sufficiency", sufficiency);
    (void)json_object_set_new(out, "units", units);
    json_decref(given);
    return out;
}
