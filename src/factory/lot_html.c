/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a lot for people: one page that needs nothing else, for a screen and for paper, in black and white. */
#include "factory/lot_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<style>\n"
    "@page { size: A4; margin: 14mm }\n"
    "body { font: 14px/1.45 system-ui, sans-serif; color: #000; background: #fff; max-width: 60rem;\n"
    "  margin: 2rem auto; padding: 0 1rem }\n"
    "h1 { font-size: 1.7rem; margin: 0 }\n"
    "h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; break-after: avoid }\n"
    "p { margin: .4rem 0 }\n"
    ".count { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; margin: 1.2rem 0 }\n"
    ".count b { display: block; font-size: 1.9rem; line-height: 1.1; font-variant-numeric: tabular-nums }\n"
    "table { border-collapse: collapse; width: 100% }\n"
    "th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid #999 }\n"
    "th { border-bottom: 2px solid #000; font-weight: 600 }\n"
    "table.facts { width: auto } .facts th, .facts td { border: 0; padding-block: .1rem }\n"
    "tr { break-inside: avoid }\n"
    "code { font: .85em/1.4 ui-monospace, monospace; overflow-wrap: anywhere }\n"
    "pre { border: 1px solid #999; padding: .6rem; overflow-x: auto; font: .85em/1.4 ui-monospace, monospace }\n"
    ".n { text-align: right; font-variant-numeric: tabular-nums }\n"
    ".bad { font-weight: 700 }\n"
    "td code, .t { white-space: nowrap }\n"
    ".wide { overflow-x: auto }\n"
    "@media print { body { font-size: 8.5pt; margin: 0; padding: 0; max-width: none } .wide { overflow: visible }\n"
    "  pre { white-space: pre-wrap } }\n"
    "</style>\n";

static void put(FILE *f, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *entity = sg_html_entity((uint8_t)*text);
        if (entity != NULL)
            (void)fputs(entity, f);
        else
            (void)fputc(*text, f);
    }
}

static void put_fact(FILE *f, const char *name, const char *value)
{
    (void)fprintf(f, "<tr><th>%s</th><td>", name);
    put(f, value);
    (void)fputs("</td></tr>\n", f);
}

/* "2026-11-23 10:00:00": as a person reads it, in UTC as said at the top. */
static const char *when(int64_t at, char text[SG_FACTORY_TIME])
{
    (void)sg_factory_time(at, text);
    for (char *c = text; *c != '\0'; c++)
        if (*c == 'T' || *c == 'Z')
            *c = *c == 'T' ? ' ' : '\0';
    return text;
}

static void put_top(FILE *f, const struct sg_factory_lot *l)
{
    char text[SG_FACTORY_TIME], hex[SG_FACTORY_HEX];
    (void)fputs(head, f);
    (void)fprintf(f, "<title>Lot %s</title>\n</head>\n<body>\n<h1>Lot %s</h1>\n<table class=\"facts\">\n", l->lot.name,
                  l->lot.name);
    put_fact(f, "Begun", when(l->lot.begun, text));
    put_fact(f, "Ended", when(l->lot.ended, text));
    put_fact(f, "Operator", l->lot.who);
    put_fact(f, "Signed by", l->ca.cn);
    (void)fprintf(f, "<tr><th></th><td><code>%s</code></td></tr>\n", sg_factory_hex(&l->ca.fingerprint, hex));
    (void)fputs("</table>\n<p>All times are UTC. Fingerprints are SHA-256.</p>\n<div class=\"count\">\n", f);
    const struct {
        const char *what;
        size_t n;
    } counts[] = {{"boards", l->n_boards},
                  {"enrolled in this lot", l->enrolled},
                  {"enrolled before, verified", l->verified},
                  {"not enrolled", l->failed},
                  {"failed attempts", l->n_failures}};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        (void)fprintf(f, "<div><b>%zu</b>%s</div>\n", counts[i].n, counts[i].what);
    (void)fputs("</div>\n", f);
}

static void put_modem(FILE *f, const struct sg_lot_board *b)
{
    put(f, b->model[0] != '\0' ? b->model : "did not say who it is");
    (void)fputs("<br>", f);
    put(f, b->firmware);
}

static void put_failures(FILE *f, const struct sg_factory_lot *l)
{
    char text[SG_FACTORY_TIME];
    if (l->n_failures == 0)
        return;
    (void)fputs("<h2>Failed attempts</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>Time</th><th>Port</th>"
                "<th>Modem</th><th>IMEI</th><th>Why</th></tr></thead>\n<tbody>\n",
                f);
    for (size_t i = 0; i < l->n_failures; i++) {
        const struct sg_lot_board *b = &l->failures[i];
        (void)fprintf(f, "<tr><td class=\"t\">%s</td><td>", when(b->began, text));
        put(f, b->port);
        (void)fputs("</td><td>", f);
        put_modem(f, b);
        (void)fputs("</td><td>", f);
        put(f, b->imei);
        (void)fprintf(f, "</td><td><b>%s</b>: ", sg_lot_result_name(b->result));
        put(f, b->reason);
        (void)fputs("</td></tr>\n", f);
    }
    (void)fputs("</tbody></table></div>\n", f);
}

static void put_identity(FILE *f, const struct sg_factory_lot_board *b)
{
    char hex[SG_FACTORY_HEX], text[SG_FACTORY_TIME];
    if (!b->has_identity) {
        (void)fprintf(f, "<td>IMEI %s<br><span class=\"bad\">no identity</span></td><td></td>", b->last.imei);
        return;
    }
    (void)fputs("<td>", f);
    put(f, b->last.endpoint);
    if (!b->has_cert) {
        (void)fprintf(f, "<br>pre-shared key: the weaker identity</td><td>tag %u</td>", b->last.tag);
        return;
    }
    (void)sg_factory_hex(&b->cert.fingerprint, hex);
    (void)fprintf(f, "<br><code>%.32s<br>%s</code>", hex, hex + 32);
    if (b->bootstrap_tag != 0) {
        (void)sg_factory_hex(&b->bootstrap.fingerprint, hex);
        (void)fprintf(f, "<br>bootstrap, tag %u<br><code>%.32s<br>%s</code>", b->bootstrap_tag, hex, hex + 32);
    }
    (void)fprintf(f, "</td><td class=\"t\">tag %u<br>until %.10s</td>", b->last.tag, when(b->cert.until, text));
}

static void put_boards(FILE *f, const struct sg_factory_lot *l)
{
    char text[SG_FACTORY_TIME];
    if (l->n_boards == 0)
        return;
    (void)fputs("<h2>Boards</h2>\n<div class=\"wide\"><table>\n<thead><tr><th class=\"n\">No.</th><th>Endpoint name, "
                "fingerprint</th><th>Certificate</th><th>Modem, firmware</th><th>Begun, took</th><th>Result</th></tr>"
                "</thead>\n<tbody>\n",
                f);
    for (size_t i = 0; i < l->n_boards; i++) {
        const struct sg_factory_lot_board *b = &l->boards[i];
        (void)fprintf(f, "<tr><td class=\"n\">%zu</td>", i + 1);
        put_identity(f, b);
        (void)fputs("<td>", f);
        put_modem(f, &b->last);
        (void)fprintf(f, "</td><td class=\"t\">%s<br>%.1f s</td><td%s>%s", when(b->last.began, text),
                      (double)b->last.took_ms / 1000, b->has_identity ? "" : " class=\"bad\"",
                      sg_lot_result_name(b->last.result));
        if (b->attempts > 1)
            (void)fprintf(f, "<br>%u attempts", b->attempts);
        (void)fputs("</td></tr>\n", f);
    }
    (void)fputs("</tbody></table></div>\n", f);
}

static void put_signature(FILE *f, const struct sg_factory_lot *l)
{
    const char *name = l->lot.name;
    (void)fprintf(f,
                  "<h2>Is this report genuine?</h2>\n"
                  "<p>This page is for reading. What is signed is <code>%s.json</code>, which says the same; the "
                  "signature is <code>%s.p7s</code>. On the machine that made it, <code>signet lot verify %s</code>; "
                  "anywhere else, with the device root's certificate:</p>\n"
                  "<pre>openssl cms -verify -binary -inform DER -in %s.p7s -content %s.json \\\n"
                  "    -CAfile device-root.pem -purpose any -out /dev/null</pre>\n</body>\n</html>\n",
                  name, name, name, name, name);
}

char *sg_factory_lot_html(const struct sg_factory_lot *l)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    if (f == NULL)
        return NULL;
    put_top(f, l);
    put_failures(f, l);
    put_boards(f, l);
    put_signature(f, l);
    if (fclose(f) == 0)
        return text;
    free(text);
    return NULL;
}
