/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels for the boards of a lot: a page to print, one label for each board that has an identity. Its QR code says the
 * endpoint name and the certificate's fingerprint, on two lines.
 */
#include "factory/lot_internal.h"

#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<style>\n"
    "@page { size: A4; margin: 10mm }\n"
    "body { margin: 0; color: #000; background: #fff; font: 2.5mm/1.3 system-ui, sans-serif;\n"
    "  display: grid; grid-template-columns: repeat(3, 62mm); gap: 2mm }\n"
    ".label { box-sizing: border-box; height: 27mm; padding: 1.5mm; border: .2mm dashed #999; display: flex; gap: "
    "2mm;\n"
    "  align-items: center; overflow: hidden; break-inside: avoid }\n"
    "svg { width: 24mm; height: 24mm; flex: none }\n"
    "b { font-size: 1.95mm; overflow-wrap: anywhere }\n"
    "code { font: 2.1mm/1.25 ui-monospace, monospace }\n"
    "</style>\n";

/* Four modules of white around it (ISO/IEC 18004 section 5.3.8). */
enum { QUIET = 4 };

static bool put_code(FILE *f, const char *text)
{
    QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (qr == NULL)
        return false;
    int side = qr->width + 2 * QUIET;
    (void)fprintf(f, "<svg viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\"><path d=\"", side, side);
    for (int y = 0; y < qr->width; y++) {
        for (int x = 0, run; x < qr->width; x += run) {
            const unsigned char *row = qr->data + y * qr->width; /* bit 0: black */
            for (run = 1; x + run < qr->width && ((row[x] ^ row[x + run]) & 1) == 0; run++)
                continue;
            if (row[x] & 1)
                (void)fprintf(f, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, run, run);
        }
    }
    (void)fputs("\"/></svg>", f);
    QRcode_free(qr);
    return true;
}

/* Endpoint names of modems have no character that HTML takes for its own (meet.c). */
static bool put_label(FILE *f, const struct sg_factory_lot_board *b)
{
    char hex[SG_FACTORY_HEX], text[sizeof b->last.endpoint + SG_FACTORY_HEX + 1];
    (void)snprintf(hex, sizeof hex, "%-64s", "pre-shared key");
    if (b->has_cert)
        (void)sg_factory_hex(&b->cert.fingerprint, hex);
    (void)snprintf(text, sizeof text, "%s%s%s", b->last.endpoint, b->has_cert ? "\n" : "", b->has_cert ? hex : "");
    (void)fputs("<div class=\"label\">", f);
    if (!put_code(f, text))
        return false;
    (void)fprintf(f, "<div><b>%s</b><br><code>%.16s<br>%.16s<br>%.16s<br>%.16s</code></div></div>\n", b->last.endpoint,
                  hex, hex + 16, hex + 32, hex + 48);
    return true;
}

char *sg_factory_lot_labels(const struct sg_factory_lot *l)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    bool whole = f != NULL;
    if (whole)
        (void)fprintf(f, "%s<title>Labels of lot %s</title>\n</head>\n<body>\n", head, l->lot.name);
    for (size_t i = 0; whole && i < l->n_boards; i++)
        if (l->boards[i].has_identity)
            whole = put_label(f, &l->boards[i]);
    if (whole)
        (void)fputs("</body>\n</html>\n", f);
    if (f != NULL && fclose(f) == 0 && whole)
        return text;
    free(text);
    return NULL;
}
