/* SPDX-License-Identifier: Apache-2.0 */
/* signet probe server --html: the page as a file of its own, for a screen, paper, and a screen reader: each verdict is
 * a word, tables have headings, and nothing comes from elsewhere. */
#include "probe_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char style[] =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#111;"
    "background:#fff}h1{font-size:1.5rem;margin-bottom:0}h2{font-size:1.15rem;margin-top:2rem}"
    "table{border-collapse:collapse;width:100%}caption{text-align:left;font-style:italic;padding-bottom:.3rem}"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #bbb}"
    "td.v{white-space:nowrap}td.n,th.n{white-space:nowrap;font-family:ui-monospace,monospace}"
    ".fail{font-weight:700;border-left:.4rem solid #b00020;padding-left:.5rem}"
    ".look{border-left:.4rem double #8a5a00;padding-left:.5rem}.fine{border-left:.4rem dotted #2e6b34;"
    "padding-left:.5rem}p.total{font-size:1.1rem}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}th,td{border-color:#555}}"
    "@media print{body{margin:0;max-width:none;font-size:11px}h2{break-after:avoid}tr{break-inside:avoid}}";

/* Text of a stranger: no markup, and nothing that a reader does not see. */
static void put_text(FILE *f, const char *text)
{
    char clean[SG_CLI_TEXT];
    for (const char *p = sg_cli_clean(text, clean); *p != '\0'; p++) {
        const char *entity = sg_html_entity((uint8_t)*p);
        if (entity != NULL)
            (void)fputs(entity, f);
        else
            (void)fputc(*p, f);
    }
}

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

static void put_cell(FILE *f, const char *tag, const char *class, const char *text)
{
    (void)fprintf(f, "<%s%s%s%s>", tag, class[0] != '\0' ? " class=\"" : "", class, class[0] != '\0' ? "\"" : "");
    put_text(f, text);
    (void)fprintf(f, "</%.2s>", tag);
}

static void begin_table(FILE *f, const char *caption, const char *const *heads)
{
    (void)fprintf(f, "<table><caption>%s</caption><thead><tr>", caption);
    for (; *heads != NULL; heads++)
        put_cell(f, "th scope=\"col\"", "", *heads);
    (void)fputs("</tr></thead><tbody>\n", f);
}

static void end_table(FILE *f)
{
    (void)fputs("</tbody></table>\n", f);
}

/* ------------------------------------------------------------------------------------------------- what it takes */

static void put_versions(FILE *f, const struct sg_cli_probe_server *w)
{
    size_t i;
    json_t *v, *versions = sg_cli_probe_server_fact(w, "srv.version", "versions");
    if (versions == NULL)
        return;
    (void)fputs("<h2>Versions</h2>\n", f);
    begin_table(f, "What it says to each version", (const char *const[]){"Version", "Taken", "Answer", NULL});
    json_array_foreach(versions, i, v)
    {
        (void)fputs("<tr>", f);
        put_cell(f, "th scope=\"row\"", "", text_of(v, "version"));
        put_cell(f, "td", "", json_is_true(json_object_get(v, "taken")) ? "yes" : "no");
        put_cell(f, "td", "", text_of(v, "answer"));
        (void)fputs("</tr>\n", f);
    }
    end_table(f);
}

static void put_suites(FILE *f, const struct sg_cli_probe_server *w)
{
    size_t i;
    json_t *s, *suites = sg_cli_probe_server_fact(w, "srv.suites", "suites");
    const char *order = json_string_value(sg_cli_probe_server_fact(w, "srv.suites", "order"));
    char number[24];
    if (suites == NULL)
        return;
    (void)fputs("<h2>Cipher suites</h2>\n", f);
    begin_table(f,
                order != NULL && strcmp(order, "client") == 0 ? "The client's order counts"
                                                              : "In the order in which the server chooses",
                (const char *const[]){"Place", "Number", "Name", "Class", NULL});
    json_array_foreach(suites, i, s)
    {
        (void)snprintf(number, sizeof number, "%zu", i + 1);
        (void)fputs("<tr>", f);
        put_cell(f, "td", "", number);
        put_cell(f, "td", "n", text_of(s, "number"));
        put_cell(f, "th scope=\"row\"", "n", text_of(s, "name"));
        put_cell(f, "td", "", text_of(s, "class"));
        (void)fputs("</tr>\n", f);
    }
    end_table(f);
}

static void put_names(FILE *f, const char *what, const json_t *list)
{
    size_t i;
    json_t *v;
    if (list == NULL)
        return;
    (void)fprintf(f, "<tr><th scope=\"row\">%s</th><td>", what);
    json_array_foreach(list, i, v)
    {
        (void)fputs(i > 0 ? ", " : "", f);
        put_text(f, json_is_string(v) ? json_string_value(v) : text_of(v, "name"));
    }
    (void)fprintf(f, "%s</td></tr>\n", json_array_size(list) == 0 ? "none" : "");
}

/* -------------------------------------------------------------------------------------------------------- the runs */

static const char *class_of(const char *verdict)
{
    if (strcmp(verdict, "fail") == 0)
        return "v fail";
    return strcmp(verdict, "nothing-against") == 0 ? "v fine" : "v look";
}

static void put_cures(FILE *f, const struct sg_cli_probe_server *w)
{
    bool any = false;
    for (int s = SG_SEVERITY_CRITICAL; s >= SG_SEVERITY_INFO; s--) {
        size_t i;
        json_t *run;
        json_array_foreach(w->probe.results, i, run)
        {
            if (strcmp(text_of(run, "severity"), sg_severity_name((enum sg_severity)s)) != 0)
                continue;
            if (!any) {
                (void)fputs("<h2>What to do</h2>\n", f);
                begin_table(f, "Failures, the gravest first",
                            (const char *const[]){"Severity", "Run", "What is wrong", "What to do", NULL});
            }
            any = true;
            (void)fputs("<tr>", f);
            put_cell(f, "td", "v fail", text_of(run, "severity"));
            put_cell(f, "th scope=\"row\"", "n", text_of(run, "run"));
            put_cell(f, "td", "", text_of(run, "reason"));
            put_cell(f, "td", "", text_of(run, "cure"));
            (void)fputs("</tr>\n", f);
        }
    }
    if (any)
        end_table(f);
}

static void put_runs(FILE *f, const struct sg_cli_probe_server *w)
{
    size_t i;
    json_t *run;
    (void)fputs("<h2>All runs</h2>\n", f);
    begin_table(f, "In the order in which they were made",
                (const char *const[]){"Verdict", "Run", "Observed", "Reason", NULL});
    json_array_foreach(w->probe.results, i, run)
    {
        const char *verdict = text_of(run, "verdict");
        (void)fputs("<tr>", f);
        put_cell(f, "td", class_of(verdict), sg_cli_probe_word(verdict));
        put_cell(f, "th scope=\"row\"", "n", text_of(run, "run"));
        put_cell(f, "td", "", text_of(run, "observed"));
        put_cell(f, "td", "", text_of(run, "reason"));
        (void)fputs("</tr>\n", f);
    }
    end_table(f);
}

/* ------------------------------------------------------------------------------------------------------- the page */

static void put_head(FILE *f, const struct sg_cli_probe_server *w)
{
    char now[SG_CLI_TIME];
    (void)fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>Probe of ", f);
    put_text(f, w->target.address);
    (void)fprintf(f,
                  "</title>\n<meta name=\"viewport\" content=\"width=device-width\">\n<style>%s</style></head>\n"
                  "<body><main><h1>",
                  style);
    put_text(f, w->target.address);
    (void)fprintf(f, "</h1>\n<p>Probed on %s by signet %s: %lu datagrams in %.1f s.",
                  sg_cli_time((int64_t)time(NULL), now), SG_VERSION, w->cost.datagrams, (double)w->cost.ms / 1000);
    if (w->target.identity[0] != '\0') {
        (void)fputs(" Certificate <span class=\"n\">", f);
        put_text(f, w->target.identity);
        (void)fputs("</span>.", f);
    }
    (void)fputs("</p>\n<p class=\"total\">", f);
    for (int v = SG_VERDICT_FAIL; v >= SG_VERDICT_NOTHING_AGAINST; v--)
        (void)fprintf(f, "%zu %s%s", w->probe.count[v], sg_cli_probe_word(sg_verdict_name((enum sg_verdict)v)),
                      v > SG_VERDICT_NOTHING_AGAINST ? ", " : ".</p>\n");
    (void)fputs("<p>A run shows a fault, or that nothing spoke against the server; it never shows more. A skipped run "
                "shows nothing.</p>\n",
                f);
}

int sg_cli_probe_server_html(const struct sg_cli_probe_server *w)
{
    char *text = NULL;
    size_t n = 0;
    struct sg_error err = {0};
    FILE *f = open_memstream(&text, &n);
    if (f == NULL)
        return sg_cli_fail(SG_CLI_FAILED, "there is no memory for the page.");
    put_head(f, w);
    put_cures(f, w);
    put_versions(f, w);
    put_suites(f, w);
    (void)fputs("<h2>Curves and signatures</h2>\n<table><caption>What it agrees keys on, and how it signs</caption>"
                "<tbody>\n",
                f);
    put_names(f, "Curves", sg_cli_probe_server_fact(w, "srv.curves", "curves"));
    put_names(f, "Signs with", sg_cli_probe_server_fact(w, "srv.signatures", "makes"));
    put_names(f, "Takes from clients", sg_cli_probe_server_fact(w, "srv.signatures", "accepts_from_clients"));
    end_table(f);
    put_runs(f, w);
    (void)fputs("</main></body></html>\n", f);
    int r = fclose(f) == 0 ? sg_file_write(w->html, 0644, false, sg_bytes(text, n), &err) : SG_ENOMEM;
    free(text);
    return r < 0 ? sg_cli_fail_err(SG_CLI_FAILED, &err) : 0;
}
