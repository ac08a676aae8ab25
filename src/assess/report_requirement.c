/* SPDX-License-Identifier: Apache-2.0 */
/* The report: one requirement. Units that took the same path share its picture. */
#include "assess/report_internal.h"

#include <stdlib.h>
#include <string.h>

static void put_links(FILE *f, const json_t *folders)
{
    size_t i;
    json_t *folder;
    json_array_foreach(folders, i, folder)
    {
        const char *name = json_string_value(folder);
        if (name == NULL)
            continue;
        (void)fputs(i > 0 ? ", <a href=\"../evidence/" : "<a href=\"../evidence/", f);
        sg_assess_put(f, name);
        (void)fputs("/record.json\">", f);
        sg_assess_put(f, name);
        (void)fputs("</a>", f);
    }
}

static void put_texts(FILE *f, const json_t *texts)
{
    size_t i;
    json_t *text;
    json_array_foreach(texts, i, text)
    {
        (void)fputs(i > 0 ? ", " : "", f);
        sg_assess_put(f, json_is_string(text) ? json_string_value(text) : "");
    }
}

/* One of the three assessments: its name, result, why, and what it rests on. */
static void put_assessment(FILE *f, const char *name, const json_t *a)
{
    (void)fprintf(f, "<tr><th scope=\"row\">%s</th><td>", name);
    if (!json_is_true(json_object_get(a, "asked"))) {
        (void)fputs("not asked</td><td></td><td></td></tr>\n", f);
        return;
    }
    sg_assess_put_badge(f, sg_assess_text(a, "result"));
    (void)fputs("</td><td>", f);
    sg_assess_put(f, sg_assess_text(a, "why"));
    if (sg_assess_text(a, "what")[0] != '\0') {
        (void)fputs("<br><small>", f);
        sg_assess_put(f, sg_assess_text(a, "what"));
        if (sg_assess_text(a, "precondition")[0] != '\0') {
            (void)fputs(" State of the product: ", f);
            sg_assess_put(f, sg_assess_text(a, "precondition"));
        }
        (void)fputs("</small>", f);
    }
    (void)fputs("</td><td>", f);
    put_links(f, json_object_get(a, "records"));
    size_t i;
    json_t *check;
    json_array_foreach(json_object_get(a, "checks"), i, check)
    {
        (void)fputs("<p>", f);
        sg_assess_put(f, json_is_string(check) ? json_string_value(check) : sg_assess_text(check, "what"));
        if (json_is_object(check)) {
            (void)fputs(": ", f);
            sg_assess_put(f, sg_assess_text(check, "result"));
            (void)fputs(", ", f);
            sg_assess_put(f, sg_assess_text(check, "by"));
            (void)fputs(", ", f);
            sg_assess_put(f, sg_assess_text(check, "date"));
        }
        (void)fputs("</p>", f);
    }
    (void)fputs("</td></tr>\n", f);
}

static void put_assessments(FILE *f, const json_t *r)
{
    (void)fputs("<table><thead><tr><th scope=\"col\">Assessment</th><th scope=\"col\">Result</th><th scope=\"col\">Why"
                "</th><th scope=\"col\">Rests on</th></tr></thead><tbody>\n",
                f);
    put_assessment(f, "conceptual", json_object_get(r, "conceptual"));
    put_assessment(f, "completeness", json_object_get(r, "completeness"));
    put_assessment(f, "sufficiency", json_object_get(r, "sufficiency"));
    (void)fputs("</tbody></table>\n", f);
}

static void put_statement(FILE *f, const json_t *u)
{
    const char *reason = sg_assess_text(u, "reason");
    if (reason[0] == '\0') {
        (void)fputs("<p class=\"missing\">No statement gives a reason for this path.</p>\n", f);
        return;
    }
    (void)fputs("<p>\xe2\x80\x9c", f);
    sg_assess_put(f, reason);
    (void)fputs("\xe2\x80\x9d<br><small>Stated by ", f);
    sg_assess_put(f, sg_assess_text(u, "by")[0] != '\0' ? sg_assess_text(u, "by") : "nobody");
    (void)fputs(", ", f);
    sg_assess_put(f, sg_assess_text(u, "date")[0] != '\0' ? sg_assess_text(u, "date") : "without a date");
    if (json_array_size(json_object_get(u, "evidence")) > 0) {
        (void)fputs(". Names as evidence: ", f);
        put_texts(f, json_object_get(u, "evidence"));
    }
    if (json_array_size(json_object_get(u, "categories")) > 0) {
        (void)fputs(". Categories: ", f);
        put_texts(f, json_object_get(u, "categories"));
    }
    (void)fputs("</small></p>\n", f);
}

static void put_runs(FILE *f, const json_t *runs)
{
    size_t i;
    json_t *run;
    if (json_array_size(runs) == 0)
        return;
    (void)fputs("<table><caption>Runs</caption><thead><tr><th scope=\"col\">Run</th><th scope=\"col\">State</th>"
                "<th scope=\"col\">Records that count</th></tr></thead><tbody>\n",
                f);
    json_array_foreach(runs, i, run)
    {
        (void)fputs("<tr><th scope=\"row\"><code>", f);
        sg_assess_put(f, sg_assess_text(run, "run"));
        (void)fputs("</code></th><td>", f);
        sg_assess_put(f, sg_assess_text(run, "state"));
        (void)fputs(json_is_true(json_object_get(run, "needed")) ? "" : " (supports)", f);
        (void)fputs("</td><td>", f);
        put_links(f, json_object_get(run, "records"));
        (void)fputs("</td></tr>\n", f);
    }
    (void)fputs("</tbody></table>\n", f);
}

static void put_items(FILE *f, const json_t *items)
{
    size_t i;
    json_t *item;
    if (json_array_size(items) == 0)
        return;
    (void)fputs("<table><caption>Required information</caption><thead><tr><th scope=\"col\">Item</th>"
                "<th scope=\"col\">Content</th></tr></thead><tbody>\n",
                f);
    json_array_foreach(items, i, item)
    {
        const char *value = sg_assess_text(item, "value");
        if (value[0] == '\0' && !json_is_true(json_object_get(item, "needed")))
            continue; /* of another path */
        (void)fputs("<tr><th scope=\"row\"><code>", f);
        sg_assess_put(f, sg_assess_text(item, "id"));
        (void)fputs("</code><br><small>", f);
        sg_assess_put(f, sg_assess_text(item, "what"));
        (void)fputs("</small></th>", f);
        if (value[0] != '\0')
            sg_assess_put_element(f, "td", value);
        else
            (void)fputs("<td class=\"missing\">missing</td>", f);
        (void)fputs("</tr>\n", f);
    }
    (void)fputs("</tbody></table>\n", f);
}

static void put_unit(FILE *f, const json_t *u)
{
    (void)fputs("<div class=\"unit\">\n<h4>", f);
    sg_assess_put(f, sg_assess_text(u, "name"));
    (void)fputs(" ", f);
    sg_assess_put_badge(f, sg_assess_text(u, "result"));
    (void)fputs("</h4>\n", f);
    put_statement(f, u);
    if (sg_assess_text(u, "why")[0] != '\0') {
        (void)fputs("<p>", f);
        sg_assess_put(f, sg_assess_text(u, "why"));
        (void)fputs("</p>\n", f);
    }
    put_runs(f, json_object_get(u, "runs"));
    put_items(f, json_object_get(u, "items"));
    (void)fputs("</div>\n", f);
}

/* The path that a unit took. */
static void read_path(const struct sg_en_requirement *r, int part, const json_t *u, struct sg_en_path *path)
{
    enum sg_answer answers[SG_EN_LONGEST] = {SG_ANSWER_NONE};
    size_t i;
    json_t *step;
    json_array_foreach(json_object_get(u, "path"), i, step)
    {
        const char *node = sg_assess_text(step, "node");
        long n = strncmp(node, "DN-", 3) == 0 ? strtol(node + 3, NULL, 10) : 0;
        if (n >= 1 && n <= SG_EN_LONGEST)
            answers[n - 1] = strcmp(sg_assess_text(step, "answer"), "yes") == 0 ? SG_ANSWER_YES : SG_ANSWER_NO;
    }
    sg_en_walk(r, part, answers, path);
}

static bool same_path(const struct sg_en_path *a, const struct sg_en_path *b)
{
    return a->n == b->n && memcmp(a->node, b->node, a->n * sizeof a->node[0]) == 0 &&
           memcmp(a->yes, b->yes, a->n * sizeof a->yes[0]) == 0;
}

/* Whether a unit before the `before`th took the same path. */
static bool seen(const struct sg_en_requirement *r, int part, const json_t *units, size_t before,
                 const struct sg_en_path *path)
{
    for (size_t i = 0; i < before; i++) {
        struct sg_en_path other;
        read_path(r, part, json_array_get(units, i), &other);
        if (same_path(&other, path))
            return true;
    }
    return false;
}

static void put_units(FILE *f, const struct sg_en_requirement *r, int part, const json_t *units)
{
    for (size_t i = 0; i < json_array_size(units); i++) {
        struct sg_en_path path, other;
        read_path(r, part, json_array_get(units, i), &path);
        if (seen(r, part, units, i, &path))
            continue;
        (void)fputs("<figure>\n", f);
        sg_assess_draw(f, r, part, &path);
        (void)fputs("</figure>\n", f);
        for (size_t k = i; k < json_array_size(units); k++) {
            read_path(r, part, json_array_get(units, k), &other);
            if (same_path(&other, &path))
                put_unit(f, json_array_get(units, k));
        }
    }
}

static void put_sureness(FILE *f, const json_t *r)
{
    const char *grade = sg_assess_text(r, "grade");
    const json_t *purchased = json_object_get(r, "purchased");

    (void)fputs("<p><small>", f);
    if (json_is_object(purchased)) {
        (void)fputs("Compared with a purchased copy of ", f);
        sg_assess_put(f, sg_assess_text(purchased, "edition"));
        (void)fputs(" by ", f);
        sg_assess_put(f, sg_assess_text(purchased, "by"));
        (void)fputs(", ", f);
        sg_assess_put(f, sg_assess_text(purchased, "date"));
        (void)fputs(".", f);
    } else {
        (void)fputs("<strong>Not compared with a purchased copy of the standard by anybody.</strong>", f);
    }
    if (grade[0] == 'B')
        (void)fputs(" One of its questions rests on a single public source (grade B).", f);
    if (grade[0] == 'C')
        (void)fputs(" One of its questions is not confirmed by any public source (grade C).", f);
    if (sg_assess_text(r, "note")[0] != '\0') {
        (void)fputs(" ", f);
        sg_assess_put(f, sg_assess_text(r, "note"));
    }
    (void)fputs("</small></p>\n", f);
}

void sg_assess_put_requirement(FILE *f, const json_t *r)
{
    int part = (int)json_integer_value(json_object_get(r, "part"));
    const struct sg_en_requirement *en = sg_en_find(sg_assess_text(r, "id"));

    (void)fprintf(f, "<section id=\"p%d-%s\">\n<h3>", part, en != NULL ? en->id : "");
    sg_assess_put(f, sg_assess_text(r, "name"));
    (void)fputs(" ", f);
    sg_assess_put(f, sg_assess_text(r, "title"));
    (void)fputs(" ", f);
    sg_assess_put_badge(f, sg_assess_text(r, "result"));
    (void)fprintf(f, "</h3>\n<p><small>EN 18031-%d, clause ", part);
    sg_assess_put(f, sg_assess_text(r, "clause"));
    (void)fputs("</small></p>\n<p>", f);
    sg_assess_put(f, sg_assess_text(r, "asks"));
    (void)fputs("</p>\n", f);
    put_sureness(f, r);
    put_assessments(f, r);
    if (sg_assess_text(r, "no_units")[0] != '\0') {
        (void)fputs("<p>No unit: ", f);
        sg_assess_put(f, sg_assess_text(r, "no_units"));
        (void)fputs("</p>\n", f);
    }
    if (en != NULL && part >= 1 && part <= SG_EN_PARTS)
        put_units(f, en, part, json_object_get(r, "units"));
    (void)fputs("</section>\n", f);
}
