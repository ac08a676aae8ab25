/* SPDX-License-Identifier: Apache-2.0 */
/* The report: the evidence, record by record, and what was gathered beside it. */
#include "assess/report_internal.h"

#include <string.h>

static void put_files(FILE *f, const char *folder, const json_t *files)
{
    size_t i;
    json_t *file;
    json_array_foreach(files, i, file)
    {
        const char *name = json_is_string(file) ? json_string_value(file) : sg_assess_text(file, "name");
        (void)fputs("<br><a href=\"../evidence/", f);
        sg_assess_put(f, folder);
        (void)fputs("/", f);
        sg_assess_put(f, name);
        (void)fputs("\">", f);
        sg_assess_put(f, name);
        (void)fputs("</a>", f);
    }
}

static void put_record(FILE *f, const json_t *r)
{
    const char *folder = sg_assess_text(r, "folder");
    const json_t *target = json_object_get(r, "target");

    (void)fputs("<tr><th scope=\"row\"><a href=\"../evidence/", f);
    sg_assess_put(f, folder);
    (void)fputs("/record.json\">", f);
    sg_assess_put(f, folder);
    (void)fputs("</a>", f);
    put_files(f, folder, json_object_get(r, "files"));
    (void)fputs("</th><td>", f);
    sg_assess_put(f, sg_assess_text(r, "verdict"));
    (void)fputs("<br><small>", f);
    sg_assess_put(f, strcmp(sg_assess_text(r, "setting"), "equipment") == 0 ? "on the product" : "design verification");
    (void)fputs("</small></td><td>", f);
    sg_assess_put(f, sg_assess_text(r, "observed"));
    (void)fputs("<br><small>", f);
    sg_assess_put(f, sg_assess_text(r, "reason"));
    (void)fputs("</small></td><td>", f);
    sg_assess_put(f, sg_assess_text(r, "began"));
    (void)fputs("<br><small>", f);
    sg_assess_put(f, sg_assess_text(r, "operator"));
    (void)fputs("; ", f);
    sg_assess_put(f, sg_assess_text(target, "product"));
    (void)fputs(" ", f);
    sg_assess_put(f, sg_assess_text(target, "serial"));
    (void)fputs(" ", f);
    sg_assess_put(f, sg_assess_text(target, "firmware"));
    (void)fputs("</small></td><td>", f);
    if (json_is_true(json_object_get(r, "counts")))
        (void)fputs("yes", f);
    else
        (void)fputs("no: ", f);
    sg_assess_put(f, sg_assess_text(r, "why_not"));
    (void)fputs("</td></tr>\n", f);
}

static void put_gathered(FILE *f, const json_t *gathered)
{
    size_t i;
    json_t *g;
    if (json_array_size(gathered) == 0)
        return;
    (void)fputs(
        "<table><caption>From the factory and the server</caption><thead><tr><th scope=\"col\">File</th>"
        "<th scope=\"col\">What it is</th><th scope=\"col\">When</th><th scope=\"col\">SHA-256</th></tr></thead>"
        "<tbody>\n",
        f);
    json_array_foreach(gathered, i, g)
    {
        (void)fputs("<tr><th scope=\"row\">", f);
        sg_assess_put(f, sg_assess_text(g, "file"));
        (void)fputs("</th>", f);
        sg_assess_put_element(f, "td", sg_assess_text(g, "what"));
        sg_assess_put_element(f, "td", sg_assess_text(g, "when"));
        (void)fputs("<td><code>", f);
        sg_assess_put(f, sg_assess_text(g, "sha256"));
        (void)fputs("</code></td></tr>\n", f);
    }
    (void)fputs("</tbody></table>\n", f);
}

void sg_assess_put_records(FILE *f, const json_t *result)
{
    const json_t *records = json_object_get(result, "records");
    size_t i;
    json_t *r;

    (void)fputs("<h2 id=\"evidence\">Evidence</h2>\n", f);
    if (json_array_size(records) == 0) {
        (void)fputs("<p class=\"missing\">No run of the probe is recorded.</p>\n", f);
    } else {
        (void)fputs(
            "<p>A record counts as evidence about the product where the run was made on the product itself, with "
            "the firmware that is assessed. Everything else is design verification.</p>\n<div class=\"wide\"><table>"
            "<thead><tr><th scope=\"col\">Record</th><th scope=\"col\">Verdict</th><th scope=\"col\">Seen</th>"
            "<th scope=\"col\">When, who, on what</th><th scope=\"col\">Counts</th></tr></thead><tbody>\n",
            f);
        json_array_foreach(records, i, r) put_record(f, r);
        (void)fputs("</tbody></table></div>\n", f);
    }
    put_gathered(f, json_object_get(result, "gathered"));
}
