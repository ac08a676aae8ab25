/* SPDX-License-Identifier: Apache-2.0 */
/* The report as one page that needs nothing else: the result, what is missing, each requirement, the evidence. */
#include "assess/report_internal.h"

#include <stdlib.h>
#include <string.h>

static void put_product(FILE *f, const json_t *result)
{
    const json_t *product = json_object_get(json_object_get(result, "product"), "product");
    const json_t *maker = json_object_get(json_object_get(result, "product"), "manufacturer");

    (void)fputs("<table class=\"facts\"><tbody>\n", f);
    sg_assess_put_row(f, "Product", sg_assess_text(product, "name"));
    sg_assess_put_row(f, "Kind", sg_assess_text(product, "kind"));
    sg_assess_put_row(f, "Firmware", sg_assess_text(product, "firmware"));
    sg_assess_put_row(f, "Modem firmware", sg_assess_text(product, "modem_firmware"));
    sg_assess_put_row(f, "Manufacturer", sg_assess_text(maker, "name"));
    sg_assess_put_row(f, "Assessed", sg_assess_text(result, "made"));
    (void)fputs("<tr><th scope=\"row\">With</th><td>", f);
    sg_assess_put(f, sg_assess_text(json_object_get(result, "tool"), "name"));
    (void)fputs(" ", f);
    sg_assess_put(f, sg_assess_text(json_object_get(result, "tool"), "version"));
    (void)fputs("</td></tr>\n<tr><th scope=\"row\">From product.yaml</th><td><code>", f);
    sg_assess_put(f, sg_assess_text(json_object_get(result, "product_file"), "sha256"));
    (void)fputs("</code> (SHA-256)</td></tr>\n</tbody></table>\n", f);
}

static void put_count(FILE *f, const json_t *counts, const char *key, const char *what)
{
    (void)fprintf(f, "<div><b>%" JSON_INTEGER_FORMAT "</b>%s</div>\n", json_integer_value(json_object_get(counts, key)),
                  what);
}

static void put_verdict(FILE *f, const json_t *result)
{
    const json_t *counts = json_object_get(result, "counts");
    const char *verdict = sg_assess_text(result, "result");

    (void)fputs("<p class=\"verdict\">", f);
    sg_assess_put_badge(f, verdict);
    (void)fputs("</p>\n<div class=\"count\">\n", f);
    put_count(f, counts, "fail", "fail");
    put_count(f, counts, "not_enough", "without enough evidence");
    put_count(f, counts, "pass", "pass");
    put_count(f, counts, "not_applicable", "not applicable");
    (void)fputs(
        "</div>\n<p class=\"note\">PASS rests on a person's statement and on evidence that was gathered on the "
        "product. A machine alone can show a fault, or that it found none. The questions of EN 18031 are told in "
        "other words here: only a purchased copy of the standard is the standard. Each requirement says whether "
        "somebody compared it.</p>\n",
        f);
}

/* A link to a requirement's section. */
static void put_reference(FILE *f, const json_t *of, const char *id)
{
    (void)fprintf(f, "<a href=\"#p%" JSON_INTEGER_FORMAT "-", json_integer_value(json_object_get(of, "part")));
    sg_assess_put(f, sg_assess_text(of, id));
    (void)fputs("\">", f);
    sg_assess_put(f, sg_assess_text(of, id));
    (void)fprintf(f, "</a> <small>(-%" JSON_INTEGER_FORMAT ")</small>",
                  json_integer_value(json_object_get(of, "part")));
}

/* What a gap settles: each requirement once, as the list has its units together. */
static void put_settled(FILE *f, const json_t *settles)
{
    const char *last = "";
    json_int_t part = 0;
    size_t i;
    json_t *s;
    json_array_foreach(settles, i, s)
    {
        const char *requirement = sg_assess_text(s, "requirement");
        if (strcmp(requirement, last) == 0 && json_integer_value(json_object_get(s, "part")) == part)
            continue;
        (void)fputs(i > 0 ? ", " : "", f);
        put_reference(f, s, "requirement");
        last = requirement;
        part = json_integer_value(json_object_get(s, "part"));
    }
}

static void put_gap(FILE *f, const json_t *gap)
{
    bool run = strstr(sg_assess_text(gap, "kind"), "run") != NULL;
    json_int_t line = json_integer_value(json_object_get(gap, "line"));

    (void)fprintf(f, "<tr><th scope=\"row\">%s", run ? "<code>" : "<span>");
    sg_assess_put(f, sg_assess_text(gap, "what"));
    (void)fprintf(f, "%s</th><td>", run ? "</code>" : "</span>");
    sg_assess_put(f, sg_assess_text(gap, "settle"));
    if (line > 0)
        (void)fprintf(f, " <small>(product.yaml, line %" JSON_INTEGER_FORMAT ")</small>", line);
    (void)fputs("</td><td>", f);
    put_settled(f, json_object_get(gap, "settles"));
    (void)fputs("</td></tr>\n", f);
}

static void put_gaps(FILE *f, const json_t *gaps)
{
    size_t i;
    json_t *gap;
    (void)fputs("<h2 id=\"gaps\">What is missing</h2>\n", f);
    if (json_array_size(gaps) == 0) {
        (void)fputs("<p>Nothing.</p>\n", f);
        return;
    }
    (void)fputs(
        "<p>What failed first, then the cheapest.</p>\n<div class=\"wide\"><table><thead><tr><th scope=\"col\">What"
        "</th><th scope=\"col\">By</th><th scope=\"col\">Settles</th></tr></thead><tbody>\n",
        f);
    json_array_foreach(gaps, i, gap) put_gap(f, gap);
    (void)fputs("</tbody></table></div>\n", f);
}

static void put_problems(FILE *f, const json_t *problems)
{
    size_t i;
    json_t *p;
    if (json_array_size(problems) == 0)
        return;
    (void)fputs("<h3>In the product file</h3>\n<ul>\n", f);
    json_array_foreach(problems, i, p)
    {
        (void)fprintf(f, "<li>line %" JSON_INTEGER_FORMAT ", ", json_integer_value(json_object_get(p, "line")));
        sg_assess_put(f, sg_assess_text(p, "fault"));
        (void)fputs(": ", f);
        sg_assess_put(f, sg_assess_text(p, "text"));
        (void)fputs("</li>\n", f);
    }
    (void)fputs("</ul>\n", f);
}

static void put_part(FILE *f, const json_t *s)
{
    const json_t *applies = json_object_get(s, "applies");
    size_t i;
    json_t *restriction;

    (void)fputs("<tr><th scope=\"row\">", f);
    sg_assess_put(f, sg_assess_text(s, "edition"));
    (void)fputs("<br><small>Article 3(3)(", f);
    sg_assess_put(f, sg_assess_text(s, "point"));
    (void)fputs("), ", f);
    sg_assess_put(f, sg_assess_text(s, "subject"));
    (void)fputs("; ", f);
    sg_assess_put(f, sg_assess_text(s, "reference"));
    (void)fprintf(f, "</small></th><td>%s</td><td>",
                  json_is_true(applies)    ? "applies"
                  : json_is_false(applies) ? "does not apply"
                                           : "<span class=\"missing\">not stated</span>");
    sg_assess_put(f, sg_assess_text(s, "reason"));
    (void)fputs(" <small>", f);
    sg_assess_put(f, sg_assess_text(s, "by"));
    (void)fputs(" ", f);
    sg_assess_put(f, sg_assess_text(s, "date"));
    (void)fputs("</small></td><td>", f);
    if (json_is_true(applies))
        sg_assess_put_badge(f, sg_assess_text(s, "result"));
    json_array_foreach(json_object_get(s, "restrictions"), i, restriction)
    {
        (void)fputs("<p><small>Restriction ", f);
        (void)fprintf(f, "%" JSON_INTEGER_FORMAT ": ", json_integer_value(json_object_get(restriction, "number")));
        sg_assess_put(f, sg_assess_text(restriction, "what"));
        (void)fputs("</small></p>", f);
    }
    (void)fputs("</td></tr>\n", f);
}

static void put_law(FILE *f, const json_t *result)
{
    const json_t *module = json_object_get(result, "module_a"), *keep = json_object_get(result, "keep_until");
    size_t i;
    json_t *o;

    (void)fputs("<h2 id=\"route\">Parts, route and dates</h2>\n<table><thead><tr><th scope=\"col\">Standard</th>"
                "<th scope=\"col\">Applies</th><th scope=\"col\">Because</th><th scope=\"col\">Result</th></tr></thead>"
                "<tbody>\n",
                f);
    json_array_foreach(json_object_get(result, "standards"), i, o) put_part(f, o);
    (void)fputs("</tbody></table>\n<p>Self-assessment (module A): <strong>", f);
    sg_assess_put(f, sg_assess_text(module, "state"));
    (void)fputs("</strong></p>\n<ul>\n", f);
    json_array_foreach(json_object_get(module, "reasons"), i, o)
        sg_assess_put_element(f, "li", json_is_string(o) ? json_string_value(o) : "");
    (void)fputs("</ul>\n<table class=\"facts\"><caption>Dates</caption><tbody>\n", f);
    json_array_foreach(json_object_get(result, "dates"), i, o)
        sg_assess_put_row(f, sg_assess_text(o, "date"), sg_assess_text(o, "event"));
    (void)fputs("</tbody></table>\n<p>To be kept until <strong>", f);
    sg_assess_put(f, sg_assess_text(keep, "date"));
    (void)fputs("</strong>: ", f);
    sg_assess_put(f, sg_assess_text(keep, "why"));
    (void)fputs("</p>\n", f);
}

static void put_short(FILE *f, const json_t *assessment)
{
    (void)fputs("<td>", f);
    if (json_is_true(json_object_get(assessment, "asked")))
        sg_assess_put(f, sg_assess_text(assessment, "result"));
    else
        (void)fputs("<small>not asked</small>", f);
    (void)fputs("</td>", f);
}

static void put_summary(FILE *f, const json_t *requirements)
{
    size_t i;
    json_t *r;
    (void)fputs(
        "<h2 id=\"summary\">Requirements</h2>\n<div class=\"wide\"><table><thead><tr><th scope=\"col\">Requirement"
        "</th><th scope=\"col\">Title</th><th scope=\"col\">Result</th><th scope=\"col\">Conceptual</th>"
        "<th scope=\"col\">Completeness</th><th scope=\"col\">Sufficiency</th><th scope=\"col\">Grade</th>"
        "<th scope=\"col\">Compared</th></tr></thead><tbody>\n",
        f);
    json_array_foreach(requirements, i, r)
    {
        (void)fputs("<tr><th scope=\"row\" class=\"tight\">", f);
        put_reference(f, r, "id");
        (void)fputs("</th>", f);
        sg_assess_put_element(f, "td", sg_assess_text(r, "title"));
        (void)fputs("<td>", f);
        sg_assess_put_badge(f, sg_assess_text(r, "result"));
        (void)fputs("</td>", f);
        put_short(f, json_object_get(r, "conceptual"));
        put_short(f, json_object_get(r, "completeness"));
        put_short(f, json_object_get(r, "sufficiency"));
        sg_assess_put_element(f, "td", sg_assess_text(r, "grade"));
        (void)fprintf(f, "<td>%s</td></tr>\n", json_is_object(json_object_get(r, "purchased")) ? "yes" : "no");
    }
    (void)fputs(
        "</tbody></table></div>\n<p><small>Grade: how sure public sources are of the questions that were answered, A "
        "the most. Compared: with a purchased copy of the standard.</small></p>\n",
        f);
}

static void put_page(FILE *f, const json_t *result)
{
    const json_t *product = json_object_get(json_object_get(result, "product"), "product");
    size_t i;
    json_t *r;

    sg_assess_put_head(f, "EN 18031 self-assessment", sg_assess_text(product, "name"));
    (void)fputs("<main>\n", f);
    put_product(f, result);
    put_verdict(f, result);
    (void)fputs("<nav><p><a href=\"#gaps\">What is missing</a> · <a href=\"#route\">Parts, route and dates</a> · "
                "<a href=\"#summary\">Requirements</a> · <a href=\"#evidence\">Evidence</a></p></nav>\n",
                f);
    put_gaps(f, json_object_get(result, "gaps"));
    put_problems(f, json_object_get(result, "problems"));
    put_law(f, result);
    put_summary(f, json_object_get(result, "requirements"));
    (void)fputs("<h2>Requirement by requirement</h2>\n", f);
    json_array_foreach(json_object_get(result, "requirements"), i, r) sg_assess_put_requirement(f, r);
    sg_assess_put_records(f, result);
    (void)fputs("</main>\n</body>\n</html>\n", f);
}

char *sg_assess_page(enum sg_assess_page_kind kind, const json_t *result, size_t *n, struct sg_error *err)
{
    static void (*const pages[])(FILE *, const json_t *) = {
        [SG_PAGE_REPORT] = put_page,
        [SG_PAGE_DOCUMENTATION] = sg_assess_put_documentation,
        [SG_PAGE_DECLARATION] = sg_assess_put_declaration,
    };
    char *text = NULL;
    if (json_integer_value(json_object_get(result, "format")) != 1) {
        (void)sg_fail(err, SG_EFORMAT, "this is not a result of `signet assess run` that this version reads");
        return NULL;
    }
    FILE *f = open_memstream(&text, n);
    if (f == NULL) {
        (void)sg_fail(err, SG_ENOMEM, "no memory is left for the report");
        return NULL;
    }
    pages[kind](f, result);
    if (fclose(f) != 0) {
        free(text);
        (void)sg_fail(err, SG_ENOMEM, "no memory is left for the report");
        return NULL;
    }
    return text;
}
