/* SPDX-License-Identifier: Apache-2.0 */
/* What a new firmware, part or statement changes: two results compared, and the evidence that no longer counts. */
#include "assess_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH = 400, KEY = 160 };

/* -------------------------------------------------------------------------------------------- the product file */

struct pair {
    char path[PATH];
    const json_t *before, *after; /* borrowed; NULL: not there */
};
struct pairs {
    struct pair *pair;
    size_t n, cap;
    bool failed; /* out of memory */
};

static void push(struct pairs *p, const json_t *before, const json_t *after, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void push(struct pairs *p, const json_t *before, const json_t *after, const char *fmt, ...)
{
    va_list args;
    if (p->n == p->cap) {
        size_t cap = p->cap == 0 ? 64 : 2 * p->cap;
        struct pair *more = realloc(p->pair, cap * sizeof *more);
        p->failed = p->failed || more == NULL;
        if (more == NULL)
            return;
        p->pair = more;
        p->cap = cap;
    }
    struct pair *new = &p->pair[p->n++];
    *new = (struct pair){.before = before, .after = after};
    va_start(args, fmt);
    (void)vsnprintf(new->path, sizeof new->path, fmt, args);
    va_end(args);
}

/* Where a row stands in the file says nothing of the product. */
static bool is_noise(const char *member)
{
    return strcmp(member, "line") == 0;
}

static void push_members(struct pairs *p, const struct pair *of)
{
    json_t *before = (json_t *)(uintptr_t)of->before, *after = (json_t *)(uintptr_t)of->after; /* only read */
    const char *name, *dot = of->path[0] != '\0' ? "." : "";
    json_t *value;
    json_object_foreach(before, name, value)
    {
        if (!is_noise(name))
            push(p, value, json_object_get(after, name), "%s%s%s", of->path, dot, name);
    }
    json_object_foreach(after, name, value)
    {
        if (!is_noise(name) && json_object_get(before, name) == NULL)
            push(p, NULL, value, "%s%s%s", of->path, dot, name);
    }
}

/* What tells a row of a list from the others: its id; a part's number; a statement's requirement and units. */
static char *key_of(const json_t *row, char key[KEY])
{
    const json_t *units = json_object_get(row, "units");
    const char *id = sg_row_text(row, "id");
    if (id[0] != '\0')
        (void)snprintf(key, KEY, "%s", id);
    else if (json_is_integer(json_object_get(row, "part")))
        (void)snprintf(key, KEY, "%d", (int)json_integer_value(json_object_get(row, "part")));
    else
        (void)snprintf(key, KEY, "%s%s", sg_row_text(row, "requirement"), sg_row_text(row, "did"));
    for (size_t i = 0; i < json_array_size(units); i++) {
        size_t n = strlen(key);
        const char *unit = json_string_value(json_array_get(units, i));
        (void)snprintf(key + n, KEY - n, "%s%s", i == 0 ? " " : ",", unit != NULL ? unit : "");
    }
    return key;
}

static const json_t *find_row(const json_t *list, const char *key)
{
    char other[KEY];
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(key_of(json_array_get(list, i), other), key) == 0)
            return json_array_get(list, i);
    return NULL;
}

static void push_rows(struct pairs *p, const struct pair *of)
{
    char key[KEY];
    for (size_t i = 0; i < json_array_size(of->before); i++) {
        const json_t *row = json_array_get(of->before, i);
        push(p, row, find_row(of->after, key_of(row, key)), "%s[%s]", of->path, key);
    }
    for (size_t i = 0; i < json_array_size(of->after); i++) {
        const json_t *row = json_array_get(of->after, i);
        if (find_row(of->before, key_of(row, key)) == NULL)
            push(p, NULL, row, "%s[%s]", of->path, key);
    }
}

static bool has_rows(const json_t *list)
{
    return json_is_array(list) && (json_array_size(list) == 0 || json_is_object(json_array_get(list, 0)));
}

/* Walks both product files together, the deepest difference being told; in the order of the first file. */
static json_t *changes(const json_t *before, const json_t *after)
{
    json_t *list = json_array();
    struct pairs open = {.n = 0};
    push(&open, before, after, "%s", "");
    while (open.n > 0) {
        struct pair now = open.pair[--open.n];
        size_t first = open.n;
        if (now.before != NULL && now.after != NULL && json_equal(now.before, now.after))
            continue;
        if (json_is_object(now.before) && json_is_object(now.after))
            push_members(&open, &now);
        else if (has_rows(now.before) && has_rows(now.after))
            push_rows(&open, &now);
        else
            (void)json_array_append_new(
                list, json_pack("{s:s, s:O?, s:O?}", "path", now.path, "old", now.before, "new", now.after));
        for (size_t i = first, j = open.n; i + 1 < j; i++) { /* the last pushed is taken first */
            struct pair swap = open.pair[i];
            open.pair[i] = open.pair[--j];
            open.pair[j] = swap;
        }
    }
    free(open.pair);
    if (!open.failed)
        return list;
    json_decref(list);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------- the results */

static const json_t *find_requirement(const json_t *result, const json_t *like)
{
    const json_t *list = json_object_get(result, "requirements");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *r = json_array_get(list, i);
        if (strcmp(sg_row_text(r, "id"), sg_row_text(like, "id")) == 0 &&
            json_equal(json_object_get(r, "part"), json_object_get(like, "part")))
            return r;
    }
    return NULL;
}

static void add_result(json_t *list, const json_t *before, const json_t *after)
{
    const json_t *either = before != NULL ? before : after;
    const char *old = sg_row_text(before, "result"), *new = sg_row_text(after, "result");
    if (strcmp(old, new) != 0)
        (void)json_array_append_new(list, json_pack("{s:s, s:O, s:s, s:s, s:s}", "requirement",
                                                    sg_row_text(either, "id"), "part", json_object_get(either, "part"),
                                                    "title", sg_row_text(either, "title"), "old", old, "new", new));
}

static json_t *results(const json_t *before, const json_t *after)
{
    json_t *list = json_array();
    const json_t *old = json_object_get(before, "requirements"), *new = json_object_get(after, "requirements");
    for (size_t i = 0; i < json_array_size(old); i++)
        add_result(list, json_array_get(old, i), find_requirement(after, json_array_get(old, i)));
    for (size_t i = 0; i < json_array_size(new); i++)
        if (find_requirement(before, json_array_get(new, i)) == NULL)
            add_result(list, NULL, json_array_get(new, i));
    return list;
}

/* ---------------------------------------------------------------------------------------- what must be done again */

static bool has(const json_t *list, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), value))
            return true;
    return false;
}

/* Whether a requirement rested on that record: one of its units' runs counted it. */
static bool rests_on_record(const json_t *requirement, const json_t *folder)
{
    const json_t *units = json_object_get(requirement, "units");
    for (size_t i = 0; i < json_array_size(units); i++) {
        const json_t *runs = json_object_get(json_array_get(units, i), "runs");
        for (size_t k = 0; k < json_array_size(runs); k++)
            if (has(json_object_get(json_array_get(runs, k), "records"), folder))
                return true;
    }
    return false;
}

static bool rests_on_check(const json_t *requirement, const json_t *check)
{
    return has(json_object_get(json_object_get(requirement, "completeness"), "checks"), check) ||
           has(json_object_get(json_object_get(requirement, "sufficiency"), "checks"), check);
}

/* The identifiers of the requirements that rest on it. */
static json_t *resting(const json_t *result, bool (*rests)(const json_t *requirement, const json_t *on),
                       const json_t *on)
{
    json_t *ids = json_array();
    const json_t *list = json_object_get(result, "requirements");
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *id = json_object_get(json_array_get(list, i), "id");
        if (rests(json_array_get(list, i), on) && !has(ids, id))
            (void)json_array_append(ids, id);
    }
    return ids;
}

/* The same record in the other result. */
static const json_t *find_record(const json_t *result, const json_t *like)
{
    const json_t *list = json_object_get(result, "records");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *r = json_array_get(list, i);
        if (strcmp(sg_row_text(r, "folder"), sg_row_text(like, "folder")) == 0 &&
            strcmp(sg_row_text(r, "began"), sg_row_text(like, "began")) == 0)
            return r;
    }
    return NULL;
}

/* Whether there is a record of the same run that counts. */
static bool is_repeated(const json_t *after, const char *run)
{
    const json_t *list = json_object_get(after, "records");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *r = json_array_get(list, i);
        if (strcmp(sg_row_text(r, "run"), run) == 0 && json_is_true(json_object_get(r, "counts")))
            return true;
    }
    return false;
}

static void add_again(json_t *list, const char *kind, const char *what, const char *folder, const char *why,
                      json_t *requirements)
{
    (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:o}", "kind", kind, "what", what, "folder",
                                                folder, "why", why, "requirements", requirements));
}

static void add_records(json_t *list, const json_t *before, const json_t *after)
{
    const json_t *records = json_object_get(before, "records");
    for (size_t i = 0; i < json_array_size(records); i++) {
        const json_t *r = json_array_get(records, i), *now = find_record(after, r);
        if (json_is_true(json_object_get(r, "counts")) && !is_repeated(after, sg_row_text(r, "run")))
            add_again(list, "run", sg_row_text(r, "run"), sg_row_text(r, "folder"),
                      now != NULL ? sg_row_text(now, "why_not") : "its record is not there any more",
                      resting(before, rests_on_record, json_object_get(r, "folder")));
    }
}

/* People's checks that counted, and do not any more. */
static void add_checks(json_t *list, const json_t *before, const json_t *after)
{
    const json_t *checks = json_object_get(json_object_get(before, "product"), "checks");
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *check = json_array_get(checks, i);
        json_t *then = resting(before, rests_on_check, check), *now = resting(after, rests_on_check, check);
        if (json_array_size(then) > json_array_size(now))
            add_again(list, "check", sg_row_text(check, "did"), "",
                      "it was made on another firmware, or is not stated any more", json_incref(then));
        json_decref(then);
        json_decref(now);
    }
}

json_t *sg_assess_diff(const json_t *before, const json_t *after)
{
    json_t *again = json_array();
    add_records(again, before, after);
    add_checks(again, before, after);
    return json_pack("{s:o, s:o, s:o}", "changed",
                     changes(json_object_get(before, "product"), json_object_get(after, "product")), "results",
                     results(before, after), "again", again);
}
