/* SPDX-License-Identifier: Apache-2.0 */
/* One unit of one requirement: the statement about it, the path through the tree, and what comes of it. */
#include "assess/assess_internal.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------ its statement */

static bool has_part(const json_t *row, int part)
{
    const json_t *list = sg_row_list(row, "parts");
    bool has = json_array_size(list) == 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        has = has || json_integer_value(json_array_get(list, i)) == part;
    return has;
}

/* How closely a statement is about a unit: named 2, all 1, not at all 0. */
static int closeness(const json_t *row, const char *unit)
{
    const json_t *list = sg_row_list(row, "units");
    if (sg_list_has(list, unit))
        return 2;
    return strcmp(unit, "none") != 0 && (json_array_size(list) == 0 || sg_list_has(list, "all"));
}

const json_t *sg_assess_statement(const struct sg_product *p, const struct sg_en_requirement *r, int part,
                                  const char *unit, size_t *second)
{
    const json_t *list = sg_product_list(p, "statements"), *best = NULL;
    int best_closeness = 0;

    *second = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        int c = closeness(row, unit);
        if (c == 0 || sg_en_find(sg_row_text(row, "requirement")) != r || !has_part(row, part))
            continue;
        if (c > best_closeness) {
            best = row;
            best_closeness = c;
            *second = 0;
        } else if (c == best_closeness && *second == 0) {
            *second = sg_row_line(row);
        }
    }
    return best;
}

/* --------------------------------------------------------------------------------------------------- its path */

static void walk(const struct sg_en_requirement *r, int part, const json_t *statement, struct sg_en_path *path)
{
    const json_t *given = json_object_get(statement, "answers");
    enum sg_answer answers[SG_EN_LONGEST];
    for (int i = 0; i < SG_EN_LONGEST; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "DN-%d", i + 1);
        const json_t *v = json_object_get(given, name);
        answers[i] = v == NULL ? SG_ANSWER_NONE : json_is_true(v) ? SG_ANSWER_YES : SG_ANSWER_NO;
    }
    sg_en_walk(r, part, answers, path);
}

/* The outcome that the owner of a purchased copy states where no public source tells. */
static void stated_outcome(const struct sg_assessing *a, const struct sg_en_requirement *r, int part,
                           const json_t *statement, struct sg_en_path *path)
{
    const char *outcome = sg_row_text(statement, "outcome");
    if (path->leaf != SG_EN_UNKNOWN || path->open != NULL || sg_assess_purchased(a, r, part) == NULL)
        return;
    path->leaf = strcmp(outcome, "PASS") == 0             ? SG_EN_PASS
                 : strcmp(outcome, "FAIL") == 0           ? SG_EN_FAIL
                 : strcmp(outcome, "NOT_APPLICABLE") == 0 ? SG_EN_NA
                                                          : SG_EN_UNKNOWN;
}

static json_t *path_json(const struct sg_en_path *path)
{
    json_t *list = json_array();
    for (size_t i = 0; i < path->n; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "DN-%d", path->node[i]->number);
        (void)json_array_append_new(list, json_pack("{sssssssssi}", "node", name, "question", path->node[i]->question,
                                                    "answer", path->yes[i] ? "yes" : "no", "grade",
                                                    (const char[]){path->node[i]->grade, '\0'}, "sources",
                                                    (int)path->node[i]->sources));
    }
    return list;
}

/* What a passing path says is there, and the field of the unit's entry where it must be named. */
static const struct {
    const char *requirement, *field;
} promised[] = {
    {"ACM-1", "managed_by"},         {"AUM-1-1", "authenticated_by"}, {"AUM-1-2", "authenticated_by"},
    {"AUM-1-3", "authenticated_by"}, {"SUM-1", "updated_by"},         {"SSM-1", "stored_by"},
    {"SCM-1", "carried_by"},         {"LGM-1", "logged_by"},          {"UNM-1", "told_by"},
};

/* What contradicts the path elsewhere in the file: a sentence in `why`. */
static bool contradicted(struct sg_assessing *a, const struct sg_en_requirement *r, int part, const json_t *unit,
                         const json_t *statement, const struct sg_en_path *path, struct sg_buf *why)
{
    const json_t *row = json_object_get(unit, "row");
    const char *id = sg_row_text(unit, "id");
    char text[400] = "";

    if (path->stray != 0)
        (void)snprintf(text, sizeof text, "%s, part %d, %s: DN-%d is answered and the other answers do not lead there",
                       r->id, part, id, path->stray);
    for (size_t i = 0; i < sizeof promised / sizeof promised[0]; i++)
        if (path->leaf == SG_EN_PASS && strcmp(promised[i].requirement, r->id) == 0 &&
            json_array_size(sg_row_list(row, promised[i].field)) == 0)
            (void)snprintf(text, sizeof text, "%s, part %d, %s: the answers say that there is one, and %s names none",
                           r->id, part, id, promised[i].field);
    if (strcmp(r->id, "CCK-1") == 0 && path->leaf == SG_EN_PASS &&
        json_integer_value(json_object_get(row, "strength")) < 112)
        (void)snprintf(text, sizeof text,
                       "CCK-1, part %d, %s: the answers say 112 bits or more, the key's strength is "
                       "less",
                       part, id);
    if (text[0] == '\0')
        return false;
    sg_assess_problem(a, SG_PRODUCT_CONTRADICTION, sg_row_line(statement), "%s", text);
    sg_put_str(why, "the product file contradicts itself");
    return true;
}

/* ------------------------------------------------------------------------------------------------ its verdict */

/* The conceptual result: the path's end, where the statement is all there. */
static enum sg_result conceptual(struct sg_assessing *a, const struct sg_en_requirement *r, int part,
                                 const json_t *unit, const json_t *statement, const struct sg_en_path *path,
                                 const char *missing, struct sg_buf *why)
{
    const char *id = sg_row_text(unit, "id"), *lacks;
    size_t line = sg_row_line(statement);

    if (statement == NULL) {
        sg_put_str(why, "nobody has stated anything about it");
        sg_assess_gap(a, SG_GAP_STATEMENT, r, part, id, 0, "statements", "state the answers for %s: %s", r->id,
                      r->statement);
        return SG_RESULT_NOT_ENOUGH;
    }
    if (path->leaf == SG_EN_FAIL) {
        sg_put_str(why, "the answers end in FAIL");
        sg_assess_gap(a, SG_GAP_FIX, r, part, id, line, "the product", "the answers end in FAIL: change the product");
        return SG_RESULT_FAIL;
    }
    if (contradicted(a, r, part, unit, statement, path, why))
        return SG_RESULT_NOT_ENOUGH;
    if ((lacks = sg_assess_unsigned(a, statement, true)) != NULL) {
        sg_put_str(why, "the statement does not count: ");
        sg_put_str(why, lacks);
        sg_assess_gap(a, SG_GAP_STATEMENT, r, part, id, line, "reason, by, date", "the statement does not count: %s",
                      lacks);
    } else if (path->open != NULL) {
        sg_put_str(why, "a question is not answered: ");
        sg_put_str(why, path->open->question);
        sg_assess_gap(a, SG_GAP_STATEMENT, r, part, id, line, "answers", "answer DN-%d: %s", path->open->number,
                      path->open->question);
    } else if (path->leaf == SG_EN_UNKNOWN) {
        sg_put_str(why, "no public source tells where these answers lead");
        sg_assess_gap(a, SG_GAP_STATEMENT, r, part, id, line, "outcome, purchased",
                      "read it in a purchased copy, say so under purchased, and state the outcome");
    } else if (missing[0] != '\0') {
        sg_put_str(why, "information is missing: ");
        sg_put_str(why, missing);
        sg_assess_gap(a, SG_GAP_STATEMENT, r, part, id, line, "items", "write down %s", missing);
    } else {
        return path->leaf == SG_EN_PASS ? SG_RESULT_PASS : SG_RESULT_NOT_APPLICABLE;
    }
    return SG_RESULT_NOT_ENOUGH;
}

/* A record that a statement names by its folder ("0007-dev.rights") must exist. A run that is named and was not made
 * is among the gaps already, and a file is a person's. */
static void look_for_named(struct sg_assessing *a, const json_t *statement)
{
    const json_t *list = sg_row_list(statement, "evidence");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        bool there = name[0] < '0' || name[0] > '9' || strchr(name, '/') != NULL;
        for (size_t k = 0; k < json_array_size(a->records) && !there; k++)
            there = strcmp(sg_row_text(json_array_get(a->records, k), "folder"), name) == 0;
        if (!there)
            sg_assess_problem(a, SG_PRODUCT_MISSING, sg_row_line(statement),
                              "the statement names the evidence \"%.80s\", of which there is no record", name);
    }
}

static void look_for_categories(const struct sg_en_requirement *r, const json_t *statement, struct sg_buf *missing)
{
    if (r->n_categories == 0 || json_array_size(sg_row_list(statement, "categories")) > 0)
        return;
    sg_put_str(missing, missing->len > 0 ? ", " : "");
    sg_put_str(missing, "categories (how it is implemented)");
}

json_t *sg_assess_unit(struct sg_assessing *a, const struct sg_en_requirement *r, int part, const json_t *unit)
{
    char why_space[2000], missing_space[4000];
    struct sg_buf why = sg_buf(why_space, sizeof why_space), missing = sg_buf(missing_space, sizeof missing_space);
    const char *id = sg_row_text(unit, "id");
    struct sg_en_path path;
    size_t second;
    const json_t *statement = sg_assess_statement(a->p, r, part, id, &second);

    walk(r, part, statement, &path);
    stated_outcome(a, r, part, statement, &path);
    json_t *items = sg_assess_items(a, r, part, unit, statement, &path, &missing), *runs = json_array();
    if (path.leaf == SG_EN_PASS)
        look_for_categories(r, statement, &missing);
    if (second != 0)
        sg_assess_problem(a, SG_PRODUCT_CONTRADICTION, second,
                          "%s, part %d: line %zu states something about %s already", r->id, part,
                          sg_row_line(statement), id);
    look_for_named(a, statement);
    enum sg_result on_paper = conceptual(a, r, part, unit, statement, &path, sg_buf_cstr(&missing), &why);
    if (second != 0 && on_paper != SG_RESULT_FAIL) {
        on_paper = SG_RESULT_NOT_ENOUGH;
        sg_put_str(&why, "there are two statements about it");
    }
    /* Tried on the equipment where a path passes; also before the paper is complete, so that all gaps show at once. */
    enum sg_result tried = SG_RESULT_NOT_APPLICABLE;
    if (r->sufficiency != NULL && path.leaf == SG_EN_PASS) {
        sg_put_str(&why, why.len > 0 ? "; " : "");
        tried = sg_assess_sufficiency(a, r, part, id, statement, runs, &why);
    }
    enum sg_result result = tried > on_paper ? tried : on_paper;
    if (tried == SG_RESULT_FAIL)
        sg_assess_gap(a, SG_GAP_FIX, r, part, id, 0, "the product",
                      "a test on the equipment failed: change the product");
    const char *open = "";
    char open_space[8];
    if (path.open != NULL && statement != NULL) {
        (void)snprintf(open_space, sizeof open_space, "DN-%d", path.open->number);
        open = open_space;
    }
    json_t *categories = json_copy(json_object_get(statement, "categories"));
    json_t *evidence = json_copy(json_object_get(statement, "evidence"));
    json_t *out = json_pack("{ssssssssss}", "id", id, "name", sg_row_text(unit, "name"), "result",
                            sg_result_name(result), "why", sg_buf_cstr(&why), "conceptual", sg_result_name(on_paper));
    (void)json_object_update_new(out, json_pack("{sssssosssssI}", "tried", sg_result_name(tried), "leaf",
                                                sg_en_leaf_name(path.leaf), "path", path_json(&path), "open", open,
                                                "reason", sg_row_text(statement, "reason"), "line",
                                                (json_int_t)sg_row_line(statement)));
    (void)json_object_update_new(
        out, json_pack("{sssssosososo}", "by", sg_row_text(statement, "by"), "date", sg_row_text(statement, "date"),
                       "categories", categories != NULL ? categories : json_array(), "evidence",
                       evidence != NULL ? evidence : json_array(), "runs", runs, "items", items));
    return out;
}
