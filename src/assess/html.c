/* SPDX-License-Identifier: Apache-2.0 */
/* What the pages of the report have in common: text made safe, a head that serves screen, paper and screen reader. */
#include "assess/report_internal.h"

#include <string.h>

const char *sg_assess_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

void sg_assess_put_html(FILE *f, struct sg_bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        const char *entity = sg_html_entity(text.p[i]);
        if (entity != NULL)
            (void)fputs(entity, f);
        else
            (void)fputc(text.p[i], f);
    }
}

void sg_assess_put(FILE *f, const char *text)
{
    sg_assess_put_html(f, (struct sg_bytes){(const uint8_t *)text, strlen(text)});
}

void sg_assess_put_element(FILE *f, const char *element, const char *text)
{
    (void)fprintf(f, "<%s>", element);
    sg_assess_put(f, text);
    (void)fprintf(f, "</%s>", element);
}

void sg_assess_put_row(FILE *f, const char *name, const char *value)
{
    (void)fputs("<tr>", f);
    (void)fputs("<th scope=\"row\">", f);
    sg_assess_put(f, name);
    (void)fputs("</th>", f);
    if (value[0] != '\0')
        sg_assess_put_element(f, "td", value);
    else
        (void)fputs("<td class=\"missing\">missing</td>", f);
    (void)fputs("</tr>\n", f);
}

void sg_assess_put_badge(FILE *f, const char *result)
{
    const char *kind = strcmp(result, "FAIL") == 0             ? "fail"
                       : strcmp(result, "PASS") == 0           ? "pass"
                       : strcmp(result, "NOT APPLICABLE") == 0 ? "na"
                                                               : "open";
    (void)fprintf(f, "<span class=\"badge %s\">", kind);
    sg_assess_put(f, result);
    (void)fputs("</span>", f);
}

static const char style[] =
    "@page { size: A4; margin: 16mm 14mm; @bottom-left { content: string(title); font-size: 8pt }\n"
    "  @bottom-right { content: counter(page) \" of \" counter(pages); font-size: 8pt } }\n"
    ":root { color-scheme: light }\n"
    "body { font: 15px/1.5 system-ui, \"DejaVu Sans\", sans-serif; color: #000; background: #fff; max-width: 62rem;\n"
    "  margin: 2rem auto; padding: 0 1rem }\n"
    "h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .6rem; string-set: title content() }\n"
    "h2 { font-size: 1.3rem; margin: 2.4rem 0 .5rem; border-bottom: 2px solid #000; break-after: avoid }\n"
    "h3 { font-size: 1.08rem; margin: 2rem 0 .3rem; break-after: avoid }\n"
    "h4 { font-size: 1rem; margin: 1.2rem 0 .2rem; break-after: avoid }\n"
    "p { margin: .4rem 0; max-width: 46rem }\n"
    "a { color: inherit }\n"
    "table { border-collapse: collapse; width: 100%; margin: .6rem 0 }\n"
    "caption { text-align: left; font-weight: 600; padding: .3rem 0 }\n"
    "th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #999;\n"
    "  overflow-wrap: break-word }\n"
    "thead th { border-bottom: 2px solid #000; overflow-wrap: normal } th small { font-weight: 400 }\n"
    "tbody th { font-weight: 600 }\n"
    "table.facts { width: auto } .facts th, .facts td { border: 0; padding-block: .1rem }\n"
    "tr, figure { break-inside: avoid }\n"
    ".wide { overflow-x: auto }\n"
    ".tight { white-space: nowrap; overflow-wrap: normal }\n"
    "code { font: .87em/1.4 ui-monospace, \"DejaVu Sans Mono\", monospace; word-break: break-all }\n"
    ".badge { display: inline-block; border: 1.5px solid #000; border-radius: 1em; padding: 0 .7em; font-weight: 600;\n"
    "  font-size: .82em; line-height: 1.6; white-space: nowrap }\n"
    ".badge.fail { background: #000; color: #fff } .badge.open { border-style: dashed }\n"
    ".badge.na { border-color: #888; font-weight: 400 }\n"
    ".verdict { font-size: 1.5rem; margin: 1rem 0 }\n"
    ".count { display: flex; flex-wrap: wrap; margin: 1rem 0 } .count div { margin-right: 2.5rem }\n"
    ".count b { display: block; font-size: 1.9rem; line-height: 1.1 }\n"
    ".missing { font-style: italic } .missing::before { content: \"\\2014\\00a0\" }\n"
    ".note { border-left: 4px solid #000; padding-left: .8rem }\n"
    "figure { margin: .8rem 0 } figcaption { font-size: .9em }\n"
    "svg.tree { max-width: 100%; height: auto }\n"
    ".unit { border-left: 2px solid #999; padding-left: 1rem; margin: .8rem 0 }\n"
    "details > summary { cursor: pointer }\n"
    "@media print { body { font-size: 9.2pt; margin: 0; padding: 0; max-width: none } .wide { overflow: visible }\n"
    "  nav { display: none } svg.tree { width: 118mm; height: auto } }\n";

void sg_assess_put_head(FILE *f, const char *title, const char *of)
{
    (void)fprintf(
        f,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<style>\n%s</style>\n<title>",
        style);
    sg_assess_put(f, title);
    (void)fputs(": ", f);
    sg_assess_put(f, of);
    (void)fputs("</title>\n</head>\n<body>\n<h1>", f);
    sg_assess_put(f, title);
    (void)fputs(": ", f);
    sg_assess_put(f, of);
    (void)fputs("</h1>\n", f);
}
