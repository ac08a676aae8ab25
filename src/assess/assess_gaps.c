/* SPDX-License-Identifier: Apache-2.0 */
/* What stands between here and the end, each once with all that it would settle, the cheapest first. */
#include "assess/assess_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {"fix", "statement", "run", "guided run", "check"};

void sg_assess_problem(struct sg_assessing *a, enum sg_product_fault fault, size_t line, const char *fmt, ...)
{
    char text[600];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    json_t *problem =
        json_pack("{sssIss}", "fault", sg_product_fault_name(fault), "line", (json_int_t)line, "text", text);
    for (size_t i = 0; i < json_array_size(a->problems); i++) {
        if (json_equal(json_array_get(a->problems, i), problem)) {
            json_decref(problem);
            return;
        }
    }
    (void)json_array_append_new(a->problems, problem);
}

static json_t *find(const struct sg_assessing *a, const char *kind, const char *settle, const char *what)
{
    for (size_t i = 0; i < json_array_size(a->gaps); i++) {
        json_t *gap = json_array_get(a->gaps, i);
        if (strcmp(sg_row_text(gap, "kind"), kind) == 0 && strcmp(sg_row_text(gap, "settle"), settle) == 0 &&
            strcmp(sg_row_text(gap, "what"), what) == 0)
            return gap;
    }
    return NULL;
}

void sg_assess_gap(struct sg_assessing *a, enum sg_gap kind, const struct sg_en_requirement *r, int part,
                   const char *unit, size_t line, const char *settle, const char *what, ...)
{
    char text[1200];
    va_list args;
    va_start(args, what);
    (void)vsnprintf(text, sizeof text, what, args);
    va_end(args);
    json_t *gap = find(a, kinds[kind], settle, text);
    if (gap == NULL) {
        gap = json_pack("{sssssssIsssisss[]}", "kind", kinds[kind], "settle", settle, "what", text, "line",
                        (json_int_t)line, "requirement", r->id, "part", part, "unit", unit, "settles");
        (void)json_array_append_new(a->gaps, gap);
    }
    (void)json_array_append_new(json_object_get(gap, "settles"),
                                json_pack("{sssiss}", "requirement", r->id, "part", part, "unit", unit));
}

void sg_assess_gap_run(struct sg_assessing *a, const struct sg_en_requirement *r, int part, const char *unit,
                       const char *run)
{
    static const struct {
        const char *prefix, *command;
        enum sg_gap kind;
    } by[] = {{"dev.reset", "signet probe guide", SG_GAP_GUIDED}, {"dev.log", "signet probe guide", SG_GAP_GUIDED},
              {"fw.", "signet probe guide", SG_GAP_GUIDED},       {"port.", "signet probe guide", SG_GAP_GUIDED},
              {"dev.", "signet probe device", SG_GAP_RUN},        {"modem.", "signet probe modem", SG_GAP_RUN},
              {"image.", "signet probe image", SG_GAP_RUN},       {"batch.", "signet probe batch", SG_GAP_RUN}};
    for (size_t i = 0; i < sizeof by / sizeof by[0]; i++)
        if (strncmp(by[i].prefix, run, strlen(by[i].prefix)) == 0) {
            sg_assess_gap(a, by[i].kind, r, part, unit, 0, by[i].command, "%s", run);
            return;
        }
}

static size_t weight(const json_t *gap)
{
    size_t kind = 0;
    while (kind < sizeof kinds / sizeof kinds[0] && strcmp(kinds[kind], sg_row_text(gap, "kind")) != 0)
        kind++;
    return kind;
}

static int cheaper(const void *x, const void *y)
{
    const json_t *a = *(json_t *const *)x, *b = *(json_t *const *)y;
    size_t wa = weight(a), wb = weight(b), na = json_array_size(json_object_get(a, "settles")),
           nb = json_array_size(json_object_get(b, "settles"));
    if (wa != wb)
        return wa < wb ? -1 : 1;
    return na > nb ? -1 : na < nb ? 1 : strcmp(sg_row_text(a, "what"), sg_row_text(b, "what"));
}

void sg_assess_sort_gaps(struct sg_assessing *a)
{
    size_t n = json_array_size(a->gaps);
    json_t **all = calloc(n + 1, sizeof *all);
    if (all == NULL)
        return; /* they are all there, in the order of the standard */
    for (size_t i = 0; i < n; i++)
        all[i] = json_incref(json_array_get(a->gaps, i));
    qsort(all, n, sizeof *all, cheaper);
    (void)json_array_clear(a->gaps);
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(a->gaps, all[i]);
    free(all);
}
