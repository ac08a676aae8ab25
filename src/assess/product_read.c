/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From YAML to JSON of a known shape, by the table of fields: what is not of that shape becomes a problem with its
 * line, and is left out. The walk follows the table, three levels down; aliases can make a small file large, so what
 * is taken is counted.
 */
#include "assess/product_internal.h"

#include <stdio.h>
#include <string.h>

enum { MOST_VALUES = 50000, MOST_ROWS = 2000, LONGEST_TEXT = 8000, LONGEST_ID = 64 };

struct reading {
    struct sg_product *p;
    yaml_document_t *doc;
    size_t values, rows;
};

static size_t line_of(const yaml_node_t *n)
{
    return n->start_mark.line + 1;
}

static const yaml_node_t *node(struct reading *r, int index)
{
    return yaml_document_get_node(r->doc, index);
}

/* A scalar's text; NULL after a problem. */
static const char *scalar(struct reading *r, const yaml_node_t *n, const char *what)
{
    if (n->type != YAML_SCALAR_NODE) {
        sg_product_add(r->p, SG_PRODUCT_ERROR, line_of(n), "%s is one text, not a list or a group of fields", what);
        return NULL;
    }
    const char *text = (const char *)n->data.scalar.value;
    if (strlen(text) != n->data.scalar.length || n->data.scalar.length > LONGEST_TEXT) {
        sg_product_add(r->p, SG_PRODUCT_ERROR, line_of(n), "%s is too long, or has a NUL in it", what);
        return NULL;
    }
    if (++r->values > MOST_VALUES) {
        if (r->values == MOST_VALUES + 1)
            sg_product_add(r->p, SG_PRODUCT_ERROR, line_of(n), "this file holds more than %d values", MOST_VALUES);
        return NULL;
    }
    return text;
}

static bool is_id(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && n <= LONGEST_ID && text[0] != '-' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

static bool is_choice(const char *allowed, const char *text)
{
    size_t n = strlen(text);
    for (const char *at = allowed; n > 0 && (at = strstr(at, text)) != NULL; at += n)
        if ((at == allowed || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0') && strchr(text, ' ') == NULL)
            return true;
    return false;
}

static json_t *yes_or_no(const char *text)
{
    return strcmp(text, "yes") == 0 ? json_true() : strcmp(text, "no") == 0 ? json_false() : NULL;
}

static json_t *number(const char *text)
{
    uint64_t n;
    return sg_parse_udec(sg_str(text), 1000000, &n) == 0 ? json_integer((json_int_t)n) : NULL;
}

/* One value of a field; NULL where it is empty or, after a problem, wrong. */
static json_t *value(struct reading *r, const yaml_node_t *n, const struct sg_product_field *f)
{
    static const char *const allowed[] = {[SG_FIELD_ID] = "letters, digits, '.', '_' and '-', at most 64",
                                          [SG_FIELD_YESNO] = "yes or no",
                                          [SG_FIELD_DATE] = "a day, as 2026-11-23",
                                          [SG_FIELD_NUMBER] = "a number",
                                          [SG_FIELD_NUMBERS] = "numbers"};
    char what[80];
    (void)snprintf(what, sizeof what, "%s.%s", f->section, f->key);
    const char *text = scalar(r, n, what);
    if (text == NULL || text[0] == '\0')
        return NULL;
    json_t *v = NULL;
    if (f->kind == SG_FIELD_YESNO || f->kind == SG_FIELD_ANSWERS)
        v = yes_or_no(text);
    else if (f->kind == SG_FIELD_NUMBER || f->kind == SG_FIELD_NUMBERS)
        v = number(text);
    else if ((f->kind != SG_FIELD_DATE || sg_is_date(text)) && (f->kind != SG_FIELD_ID || is_id(text)) &&
             (f->kind != SG_FIELD_CHOICE || is_choice(f->allowed, text)))
        v = json_string(text);
    if (v == NULL)
        sg_product_add(r->p, SG_PRODUCT_ERROR, line_of(n), "%s is \"%.60s\"; allowed: %s", what, text,
                       f->kind == SG_FIELD_CHOICE                                                 ? f->allowed
                       : f->kind == SG_FIELD_ANSWERS                                              ? "yes or no"
                       : f->kind < sizeof allowed / sizeof allowed[0] && allowed[f->kind] != NULL ? allowed[f->kind]
                                                                                                  : "text in UTF-8");
    return v;
}

/* A list; a single value is a list of one. */
static json_t *values(struct reading *r, const yaml_node_t *n, const struct sg_product_field *f)
{
    json_t *list = json_array(), *v;
    if (n->type != YAML_SEQUENCE_NODE) {
        if ((v = value(r, n, f)) != NULL)
            (void)json_array_append_new(list, v);
        return list;
    }
    for (const yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++)
        if ((v = value(r, node(r, *i), f)) != NULL)
            (void)json_array_append_new(list, v);
    return list;
}

/* The name of a pair of a mapping, NULL after a problem: it is no text, or there already. */
static const char *pair_name(struct reading *r, const yaml_node_pair_t *pair, const json_t *there, const char *what)
{
    const yaml_node_t *k = node(r, pair->key);
    const char *name = scalar(r, k, what);
    if (name == NULL || json_object_get(there, name) == NULL)
        return name;
    sg_product_add(r->p, SG_PRODUCT_ERROR, line_of(k), "%s has \"%.60s\" twice", what, name);
    return NULL;
}

/* DN-1: yes; or name: text. */
static json_t *pairs(struct reading *r, const yaml_node_t *n, const struct sg_product_field *f)
{
    json_t *map = json_object();
    if (n->type != YAML_MAPPING_NODE) {
        if (n->type != YAML_SCALAR_NODE || n->data.scalar.length > 0)
            sg_product_add(r->p, SG_PRODUCT_ERROR, line_of(n), "%s.%s is a group of \"name: value\"", f->section,
                           f->key);
        return map;
    }
    for (const yaml_node_pair_t *q = n->data.mapping.pairs.start; q < n->data.mapping.pairs.top; q++) {
        const char *name = pair_name(r, q, map, f->key);
        json_t *v = name != NULL ? value(r, node(r, q->value), f) : NULL;
        if (v != NULL && f->kind == SG_FIELD_ANSWERS &&
            (strncmp(name, "DN-", 3) != 0 || name[3] < '1' || name[3] > '0' + SG_EN_LONGEST || name[4] != '\0')) {
            sg_product_add(r->p, SG_PRODUCT_ERROR, line_of(n), "answers are to DN-1 to DN-%d, not to \"%.60s\"",
                           SG_EN_LONGEST, name);
            json_decref(v);
        } else if (v != NULL) {
            (void)json_object_set_new(map, name, v);
        }
    }
    return map;
}

static const struct sg_product_field *find_field(const char *section, const char *key)
{
    for (const struct sg_product_field *f = sg_product_fields; f->section != NULL; f++)
        if (strcmp(f->section, section) == 0 && strcmp(f->key, key) == 0)
            return f;
    return NULL;
}

static void unknown_field(struct reading *r, const yaml_node_t *n, const char *section, const char *key)
{
    char keys[400];
    struct sg_buf b = sg_buf(keys, sizeof keys);
    for (const struct sg_product_field *f = sg_product_fields; f->section != NULL; f++) {
        if (strcmp(f->section, section) != 0)
            continue;
        sg_put_str(&b, b.len > 0 ? ", " : "");
        sg_put_str(&b, f->key);
    }
    sg_product_add(r->p, SG_PRODUCT_ERROR, line_of(n), "there is no field \"%.60s\" in %s; allowed: %s", key, section,
                   sg_buf_cstr(&b));
}

/* What is left out is there all the same: an empty list, an empty text. */
static void fill(struct reading *r, json_t *row, const char *section, size_t line)
{
    for (const struct sg_product_field *f = sg_product_fields; f->section != NULL; f++) {
        if (strcmp(f->section, section) != 0 || json_object_get(row, f->key) != NULL)
            continue;
        if (f->needed)
            sg_product_add(r->p, SG_PRODUCT_MISSING, line, "%s.%s is not stated", section, f->key);
        if (f->kind == SG_FIELD_LIST || f->kind == SG_FIELD_IDS || f->kind == SG_FIELD_NUMBERS)
            (void)json_object_set_new(row, f->key, json_array());
        else if (f->kind == SG_FIELD_ANSWERS || f->kind == SG_FIELD_TEXTS)
            (void)json_object_set_new(row, f->key, json_object());
    }
}

/* One entry of a list, or a section that is one. */
static json_t *row(struct reading *r, const yaml_node_t *n, const char *section)
{
    json_t *out = json_object(), *v = NULL;
    if (n->type != YAML_MAPPING_NODE) {
        sg_product_add(r->p, SG_PRODUCT_ERROR, line_of(n), "%s: here must be fields, as \"name: value\"", section);
        return out;
    }
    for (const yaml_node_pair_t *q = n->data.mapping.pairs.start; q < n->data.mapping.pairs.top; q++) {
        const char *key = pair_name(r, q, out, section);
        if (key == NULL)
            continue;
        const struct sg_product_field *f = find_field(section, key);
        if (f == NULL) {
            unknown_field(r, node(r, q->key), section, key);
            continue;
        }
        const yaml_node_t *at = node(r, q->value);
        if (f->kind == SG_FIELD_LIST || f->kind == SG_FIELD_IDS || f->kind == SG_FIELD_NUMBERS)
            v = values(r, at, f);
        else if (f->kind == SG_FIELD_ANSWERS || f->kind == SG_FIELD_TEXTS)
            v = pairs(r, at, f);
        else
            v = value(r, at, f);
        if (v != NULL && (!json_is_array(v) || json_array_size(v) > 0 || !f->needed))
            (void)json_object_set_new(out, key, v);
        else
            json_decref(v);
    }
    fill(r, out, section, line_of(n));
    (void)json_object_set_new(out, "line", json_integer((json_int_t)line_of(n)));
    return out;
}

static json_t *section(struct reading *r, const yaml_node_t *n, const struct sg_product_section *s)
{
    if (!s->list)
        return row(r, n, s->name);
    json_t *list = json_array();
    if (n->type == YAML_SEQUENCE_NODE) {
        for (const yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++)
            if (++r->rows <= MOST_ROWS)
                (void)json_array_append_new(list, row(r, node(r, *i), s->name));
            else if (r->rows == MOST_ROWS + 1)
                sg_product_add(r->p, SG_PRODUCT_ERROR, line_of(n), "this file has more than %d entries", MOST_ROWS);
    } else if (n->type != YAML_SCALAR_NODE || n->data.scalar.length > 0) {
        sg_product_add(r->p, SG_PRODUCT_ERROR, line_of(n), "%s is a list: each entry begins with \"- \"", s->name);
    }
    return list;
}

static void take(struct reading *r, const yaml_node_t *key, const yaml_node_t *at, const char *name)
{
    const struct sg_product_section *s = sg_product_sections;
    while (s->name != NULL && strcmp(s->name, name) != 0)
        s++;
    if (s->name != NULL) {
        (void)json_object_set_new(r->p->doc, name, section(r, at, s));
    } else if (strcmp(name, "format") == 0) {
        const char *text = scalar(r, at, "format");
        if (text != NULL && strcmp(text, "1") != 0)
            sg_product_add(r->p, SG_PRODUCT_ERROR, line_of(at), "format is \"%.20s\"; this Signet reads format 1",
                           text);
        (void)json_object_set_new(r->p->doc, "format", json_integer(1));
    } else {
        sg_product_add(r->p, SG_PRODUCT_ERROR, line_of(key), "there is no section \"%.60s\"", name);
    }
}

void sg_product_read(struct sg_product *p, yaml_document_t *doc)
{
    struct reading r = {.p = p, .doc = doc};
    const yaml_node_t *root = yaml_document_get_root_node(doc);

    for (const yaml_node_pair_t *q = root->data.mapping.pairs.start; q < root->data.mapping.pairs.top; q++) {
        const char *name = pair_name(&r, q, p->doc, "the file");
        if (name != NULL)
            take(&r, node(&r, q->key), node(&r, q->value), name);
    }
    if (json_object_get(p->doc, "format") == NULL)
        sg_product_add(p, SG_PRODUCT_ERROR, 1, "\"format: 1\" is missing");
    for (const struct sg_product_section *s = sg_product_sections; s->name != NULL; s++) {
        if (json_object_get(p->doc, s->name) != NULL)
            continue;
        json_t *empty = s->list ? json_array() : json_object();
        if (!s->list)
            fill(&r, empty, s->name, 1);
        (void)json_object_set_new(p->doc, s->name, empty);
    }
}
