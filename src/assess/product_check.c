/* SPDX-License-Identifier: Apache-2.0 */
/* A product file held against itself: names that refer to nothing, statements that exclude each other, and what is
 * missing. What takes the trees to find out is found by the assessment (assess_*.c). */
#include "assess/product_internal.h"

#include <stdio.h>
#include <string.h>

static void unique_ids(struct sg_product *p)
{
    for (const struct sg_product_section *s = sg_product_sections; s->name != NULL; s++) {
        const json_t *list = sg_product_list(p, s->name);
        for (size_t i = 0; s->list && i < json_array_size(list); i++) {
            const json_t *row = json_array_get(list, i);
            const char *id = sg_row_text(row, "id");
            const json_t *first = id[0] != '\0' ? sg_product_find(p, id, NULL) : row;
            if (first != row)
                sg_product_add(p, SG_PRODUCT_ERROR, sg_row_line(row), "\"%s\" is the id of line %zu already", id,
                               sg_row_line(first));
            if (strcmp(id, "all") == 0 || strcmp(id, "none") == 0 || strcmp(id, "product") == 0)
                sg_product_add(p, SG_PRODUCT_ERROR, sg_row_line(row), "\"%s\" has a meaning of its own, and is no id",
                               id);
        }
    }
}

/* Whether `allowed` ("software hardware", "mechanisms/storage") names the section, and the kind where it names one. */
static bool refers(const char *allowed, const char *section, const char *kind)
{
    const char *at = allowed;
    size_t n = strlen(section);
    while ((at = strstr(at, section)) != NULL) {
        if (at[n] == '\0' || at[n] == ' ')
            return true;
        if (at[n] == '/' && strcmp(at + n + 1, kind) == 0)
            return true;
        at += n;
    }
    return false;
}

static void one_reference(struct sg_product *p, const struct sg_product_field *f, const json_t *row, const char *id)
{
    const char *section = "";
    const json_t *target = sg_product_find(p, id, &section);
    if (target == NULL)
        sg_product_add(p, SG_PRODUCT_ERROR, sg_row_line(row), "%s.%s names \"%.64s\", which is in no list", f->section,
                       f->key, id);
    else if (!refers(f->allowed, section, sg_row_text(target, "kind")))
        sg_product_add(p, SG_PRODUCT_ERROR, sg_row_line(row), "%s.%s names \"%s\" of line %zu, which is not of %s",
                       f->section, f->key, id, sg_row_line(target), f->allowed);
}

static void references(struct sg_product *p)
{
    for (const struct sg_product_field *f = sg_product_fields; f->section != NULL; f++) {
        const json_t *list = sg_product_list(p, f->section);
        for (size_t i = 0; f->kind == SG_FIELD_IDS && i < json_array_size(list); i++) {
            const json_t *row = json_array_get(list, i), *ids = sg_row_list(row, f->key);
            for (size_t k = 0; k < json_array_size(ids); k++)
                one_reference(p, f, row, json_string_value(json_array_get(ids, k)));
        }
    }
}

/* ---------------------------------------------------------------------------------------------------- statements */

static void requirement_names(struct sg_product *p, const json_t *row, const json_t *ids)
{
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        if (strcmp(id, "all") != 0 && sg_en_find(id) == NULL)
            sg_product_add(p, SG_PRODUCT_ERROR, sg_row_line(row), "EN 18031 has no requirement \"%.40s\"", id);
    }
}

static void categories(struct sg_product *p, const json_t *row, const struct sg_en_requirement *r)
{
    const json_t *list = sg_row_list(row, "categories");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        bool known = false;
        for (size_t c = 0; c < r->n_categories; c++)
            known = known || strcmp(r->categories[c].name, name) == 0;
        if (!known)
            sg_product_add(p, SG_PRODUCT_ERROR, sg_row_line(row), "%s has no category \"%.40s\"", r->id, name);
    }
}

static void statement(struct sg_product *p, const json_t *row)
{
    const char *id = sg_row_text(row, "requirement");
    const struct sg_en_requirement *r = sg_en_find(id);
    if (id[0] == '\0')
        return;
    if (r == NULL) {
        sg_product_add(p, SG_PRODUCT_ERROR, sg_row_line(row), "EN 18031 has no requirement \"%.40s\"", id);
        return;
    }
    categories(p, row, r);
    const json_t *parts = sg_row_list(row, "parts"), *units = sg_row_list(row, "units");
    for (size_t i = 0; i < json_array_size(parts); i++) {
        json_int_t part = json_integer_value(json_array_get(parts, i));
        if (part < 1 || part > SG_EN_PARTS || (r->parts & SG_EN_PART(part)) == 0)
            sg_product_add(p, SG_PRODUCT_ERROR, sg_row_line(row), "part %d has no %s", (int)part, id);
    }
    for (size_t i = 0; i < json_array_size(units); i++) {
        const char *unit = json_string_value(json_array_get(units, i));
        if (strcmp(unit, "all") != 0 && strcmp(unit, "none") != 0 && strcmp(unit, "product") != 0 &&
            sg_product_find(p, unit, NULL) == NULL)
            sg_product_add(p, SG_PRODUCT_ERROR, sg_row_line(row),
                           "the statement is about \"%.64s\", which is in no list", unit);
    }
    if (sg_row_text(row, "outcome")[0] != '\0' && strcmp(r->id, "LGM-4") != 0)
        sg_product_add(p, SG_PRODUCT_ERROR, sg_row_line(row),
                       "an outcome is stated for LGM-4 only, whose tree is not known; %s has its tree", r->id);
}

/* ------------------------------------------------------------------------------------------------ contradictions */

/* Two fields of an entry that exclude each other: names are given, and the thing is not so. */
static const struct {
    const char *section, *names, *yes, *sentence;
} pairs[] = {
    {"assets", "stored_by", "persistent", "it is stored by a mechanism and not persistent"},
    {"assets", "carried_by", "travels", "it is carried by a mechanism and does not travel"},
    {"assets", "managed_by", "reachable_by", "an access control mechanism stands before it and nobody can reach it"},
};

static void entries(struct sg_product *p)
{
    for (size_t k = 0; k < sizeof pairs / sizeof pairs[0]; k++) {
        const json_t *list = sg_product_list(p, pairs[k].section);
        for (size_t i = 0; i < json_array_size(list); i++) {
            const json_t *row = json_array_get(list, i), *yes = json_object_get(row, pairs[k].yes);
            bool so = json_is_array(yes) ? json_array_size(yes) > 0 : json_is_true(yes);
            if (json_array_size(sg_row_list(row, pairs[k].names)) > 0 && !so)
                sg_product_add(p, SG_PRODUCT_CONTRADICTION, sg_row_line(row), "%s %s: %s", pairs[k].section,
                               sg_row_text(row, "id"), pairs[k].sentence);
        }
    }
    const json_t *keys = sg_product_list(p, "keys");
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const json_t *row = json_array_get(keys, i);
        const char *id = json_string_value(json_array_get(sg_row_list(row, "asset"), 0));
        const json_t *asset = id != NULL ? sg_product_find(p, id, NULL) : NULL;
        if (asset != NULL && !sg_row_yes(asset, "confidential"))
            sg_product_add(p, SG_PRODUCT_CONTRADICTION, sg_row_line(row),
                           "keys %s: its asset %s of line %zu is not confidential", sg_row_text(row, "id"), id,
                           sg_row_line(asset));
    }
}

/* The parts that apply against what the product is (Delegated Regulation (EU) 2022/30, Article 1). */
static void parts(struct sg_product *p)
{
    static const char *const why[SG_EN_PARTS] = {"internet", "personal_data", "money"};
    const json_t *list = sg_product_list(p, "parts"), *of[SG_EN_PARTS] = {NULL};

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        json_int_t part = json_integer_value(json_object_get(row, "part"));
        if (part < 1 || part > SG_EN_PARTS)
            sg_product_add(p, SG_PRODUCT_ERROR, sg_row_line(row), "EN 18031 has parts 1 to 3");
        else if (of[part - 1] != NULL)
            sg_product_add(p, SG_PRODUCT_CONTRADICTION, sg_row_line(row), "part %d was stated in line %zu already",
                           (int)part, sg_row_line(of[part - 1]));
        else
            of[part - 1] = row;
    }
    for (int i = 0; i < SG_EN_PARTS; i++) {
        if (of[i] == NULL)
            sg_product_add(p, SG_PRODUCT_MISSING, 1, "parts: whether part %d applies is not stated", i + 1);
        else if (sg_product_is(p, why[i]) && !sg_row_yes(of[i], "applies"))
            sg_product_add(p, SG_PRODUCT_CONTRADICTION, sg_row_line(of[i]),
                           "part %d does not apply, and product.%s is yes", i + 1, why[i]);
    }
}

/* The one statement about the product decides trees; another answer there contradicts it. */
static const struct {
    const char *requirements, *field;
    unsigned parts;
} decided[] = {
    {"ACM-3 ACM-5 ACM-6", "toy", SG_EN_PART(2)},
    {"NMM-1 TCM-1", "network_equipment", SG_EN_PART(1)},
    {"AUM-2-2", "special_categories", SG_EN_PART(2)},
};

static bool speaks_of(const json_t *row, unsigned set)
{
    const json_t *list = sg_row_list(row, "parts");
    bool hit = json_array_size(list) == 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        for (int part = 1; part <= SG_EN_PARTS; part++)
            hit = hit || ((set & SG_EN_PART(part)) != 0 && json_integer_value(json_array_get(list, i)) == part);
    return hit;
}

static void answers(struct sg_product *p, const json_t *row)
{
    const char *id = sg_row_text(row, "requirement");
    const json_t *first = json_object_get(json_object_get(row, "answers"), "DN-1");
    for (size_t i = 0; i < sizeof decided / sizeof decided[0]; i++) {
        const char *at = strstr(decided[i].requirements, id);
        if (id[0] == '\0' || at == NULL || (at[strlen(id)] != ' ' && at[strlen(id)] != '\0'))
            continue;
        if (first != NULL && speaks_of(row, decided[i].parts) &&
            json_is_true(first) != sg_product_is(p, decided[i].field))
            sg_product_add(p, SG_PRODUCT_CONTRADICTION, sg_row_line(row), "%s DN-1 is %s, and product.%s is %s", id,
                           json_is_true(first) ? "yes" : "no", decided[i].field,
                           sg_product_is(p, decided[i].field) ? "yes" : "no");
    }
}

void sg_product_check(struct sg_product *p)
{
    unique_ids(p);
    references(p);
    entries(p);
    parts(p);
    const json_t *statements = sg_product_list(p, "statements");
    for (size_t i = 0; i < json_array_size(statements); i++) {
        statement(p, json_array_get(statements, i));
        answers(p, json_array_get(statements, i));
    }
    static const char *const lists[] = {"checks", "purchased"};
    for (size_t k = 0; k < 2; k++) {
        const json_t *list = sg_product_list(p, lists[k]);
        for (size_t i = 0; i < json_array_size(list); i++)
            requirement_names(p, json_array_get(list, i), sg_row_list(json_array_get(list, i), "requirements"));
    }
}
