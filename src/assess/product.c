/* SPDX-License-Identifier: Apache-2.0 */
/* A product file: read whole, its problems, and looking things up in it. */
#include "assess/product_internal.h"
#include "pki/pki.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PROBLEMS = 200 };

const char *sg_product_fault_name(enum sg_product_fault f)
{
    static const char *const names[] = {"error", "contradiction", "missing"};
    return names[f];
}

void sg_product_add(struct sg_product *p, enum sg_product_fault fault, size_t line, const char *fmt, ...)
{
    va_list args;

    if (p->problems >= MOST_PROBLEMS)
        return;
    if (p->problems == p->room) {
        size_t room = p->room == 0 ? 16 : 2 * p->room;
        struct sg_product_problem *more = realloc(p->problem, room * sizeof *more);
        if (more == NULL) {
            p->out_of_memory = true;
            return;
        }
        p->problem = more;
        p->room = room;
    }
    struct sg_product_problem *at = &p->problem[p->problems];
    *at = (struct sg_product_problem){.fault = fault, .line = line};
    va_start(args, fmt);
    int n = vasprintf(&at->text, fmt, args);
    va_end(args);
    if (n < 0)
        p->out_of_memory = true;
    else
        p->problems++;
}

static int by_line(const void *a, const void *b)
{
    const struct sg_product_problem *x = a, *y = b;
    return x->line < y->line ? -1 : x->line > y->line;
}

/* A product file is one document, and nothing behind it. */
static bool is_last(yaml_parser_t *parser)
{
    yaml_document_t more;
    if (yaml_parser_load(parser, &more) != 1)
        return false;
    bool last = yaml_document_get_root_node(&more) == NULL;
    yaml_document_delete(&more);
    return last;
}

static int read_text(struct sg_product *p, struct sg_bytes text, struct sg_error *err)
{
    yaml_parser_t parser;
    yaml_document_t doc;
    int rc = 0;

    if (yaml_parser_initialize(&parser) != 1)
        return sg_fail(err, SG_ENOMEM, "reading %s: out of memory", p->name);
    yaml_parser_set_input_string(&parser, text.p, text.n);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    if (yaml_parser_load(&parser, &doc) != 1) {
        rc = sg_fail(err, SG_EFORMAT, "%s line %zu: this is no YAML: %s", p->name, parser.problem_mark.line + 1,
                     parser.problem != NULL ? parser.problem : "unreadable");
    } else {
        const yaml_node_t *root = yaml_document_get_root_node(&doc);
        if (root == NULL || root->type != YAML_MAPPING_NODE)
            rc = sg_fail(err, SG_EFORMAT, "%s is no product file: it must begin with \"format: 1\"", p->name);
        else
            sg_product_read(p, &doc);
        yaml_document_delete(&doc);
        if (rc == 0 && !is_last(&parser))
            rc = sg_fail(err, SG_EFORMAT, "%s: there is something behind the product file's end", p->name);
    }
    yaml_parser_delete(&parser);
    return rc;
}

static void hash(struct sg_product *p, struct sg_bytes text)
{
    uint8_t digest[32];
    struct sg_buf b = sg_buf(p->sha256, sizeof p->sha256);
    sg_sha256(text, digest);
    sg_put_hex(&b, sg_bytes(digest, sizeof digest));
    (void)sg_buf_cstr(&b);
    p->bytes = text.n;
}

struct sg_product *sg_product_parse(const char *name, struct sg_bytes text, struct sg_error *err)
{
    struct sg_product *p = calloc(1, sizeof *p);
    if (p == NULL || (p->doc = json_object()) == NULL) {
        free(p);
        (void)sg_fail(err, SG_ENOMEM, "reading %s: out of memory", name);
        return NULL;
    }
    (void)snprintf(p->name, sizeof p->name, "%s", name);
    hash(p, text);
    int rc = read_text(p, text, err);
    if (rc == 0)
        sg_product_check(p);
    if (rc == 0 && p->out_of_memory)
        rc = sg_fail(err, SG_ENOMEM, "reading %s: out of memory", name);
    if (rc < 0) {
        sg_product_free(p);
        return NULL;
    }
    if (p->problems > 0)
        qsort(p->problem, p->problems, sizeof p->problem[0], by_line);
    return p;
}

struct sg_product *sg_product_load(const char *path, struct sg_error *err)
{
    size_t n;
    uint8_t *text = sg_file_read(path, SG_PRODUCT_MOST, &n, err);
    if (text == NULL)
        return NULL;
    struct sg_product *p = sg_product_parse(path, sg_bytes(text, n), err);
    free(text);
    return p;
}

void sg_product_free(struct sg_product *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->problems; i++)
        free(p->problem[i].text);
    free(p->problem);
    json_decref(p->doc);
    free(p);
}

const struct sg_product_problem *sg_product_problems(const struct sg_product *p, size_t *n)
{
    *n = p->problems;
    return p->problem;
}

json_t *sg_product_json(const struct sg_product *p)
{
    return json_deep_copy(p->doc);
}

/* --------------------------------------------------------------------------------------------- looking things up */

const json_t *sg_product_list(const struct sg_product *p, const char *section)
{
    return json_object_get(p->doc, section);
}

const json_t *sg_row_list(const json_t *row, const char *key)
{
    return json_object_get(row, key);
}

const char *sg_row_text(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text != NULL ? text : "";
}

bool sg_row_yes(const json_t *row, const char *key)
{
    return json_is_true(json_object_get(row, key));
}

size_t sg_row_line(const json_t *row)
{
    return (size_t)json_integer_value(json_object_get(row, "line"));
}

bool sg_list_has(const json_t *list, const char *text)
{
    size_t i;
    const json_t *item;
    json_array_foreach((json_t *)(uintptr_t)list, i,
                       item) if (json_is_string(item) && strcmp(json_string_value(item), text) == 0) return true;
    return false;
}

bool sg_product_is(const struct sg_product *p, const char *key)
{
    return sg_row_yes(json_object_get(p->doc, "product"), key);
}

const char *sg_product_text(const struct sg_product *p, const char *key)
{
    return sg_row_text(json_object_get(p->doc, "product"), key);
}

const json_t *sg_product_find(const struct sg_product *p, const char *id, const char **section)
{
    for (const struct sg_product_section *s = sg_product_sections; s->name != NULL; s++) {
        const json_t *list = sg_product_list(p, s->name);
        for (size_t i = 0; s->list && i < json_array_size(list); i++) {
            const json_t *row = json_array_get(list, i);
            if (strcmp(sg_row_text(row, "id"), id) != 0)
                continue;
            if (section != NULL)
                *section = s->name;
            return row;
        }
    }
    return NULL;
}

bool sg_is_date(const char *text)
{
    static const uint64_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint64_t year, month, day;

    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || sg_parse_udec(sg_bytes(text, 4), 9999, &year) < 0 ||
        sg_parse_udec(sg_bytes(text + 5, 2), 12, &month) < 0 || sg_parse_udec(sg_bytes(text + 8, 2), 31, &day) < 0)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return year >= 2000 && month >= 1 && day >= 1 && day <= days[month - 1] && (month != 2 || day < 29 || leap);
}
