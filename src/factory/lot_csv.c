/* SPDX-License-Identifier: Apache-2.0 */
/* The boards of a lot as a table for other programs (RFC 4180). */
#include "factory/lot_internal.h"

#include <stdio.h>
#include <stdlib.h>

static void put_text(FILE *f, const char *text, const char *end)
{
    (void)fputc('"', f);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            (void)fputc('"', f);
        (void)fputc(*text, f);
    }
    (void)fprintf(f, "\"%s", end);
}

static void put_board(FILE *f, const struct sg_factory_lot_board *b)
{
    char hex[SG_FACTORY_HEX] = "", from[SG_FACTORY_TIME] = "", until[SG_FACTORY_TIME] = "", began[SG_FACTORY_TIME];
    const struct sg_lot_board *last = &b->last;
    if (b->has_cert) {
        (void)sg_factory_hex(&b->cert.fingerprint, hex);
        (void)sg_factory_time(b->cert.from, from);
        (void)sg_factory_time(b->cert.until, until);
    }
    put_text(f, last->endpoint, ",");
    put_text(f, last->imei, ",");
    put_text(f, last->uuid, ",");
    put_text(f, last->model, ",");
    put_text(f, last->firmware, ",");
    if (b->has_identity)
        (void)fprintf(f, "%u", last->tag);
    (void)fprintf(f, ",%s,%s,%s,%s,%s,%s,%lld,", hex, b->has_cert ? b->cert.serial : "", from, until,
                  sg_lot_result_name(last->result), sg_factory_time(last->began, began), (long long)last->took_ms);
    put_text(f, last->who, ",");
    put_text(f, last->port, ",");
    put_text(f, last->reason, ",");
    if (b->bootstrap_tag != 0)
        (void)fprintf(f, "%u,%s\r\n", b->bootstrap_tag, sg_factory_hex(&b->bootstrap.fingerprint, hex));
    else
        (void)fputs(",\r\n", f);
}

char *sg_factory_lot_csv(const struct sg_factory_lot *l)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    if (f == NULL)
        return NULL;
    (void)fputs("endpoint,imei,uuid,model,firmware,tag,fingerprint,serial,valid_from,valid_until,result,began,took_ms,"
                "operator,port,reason,bootstrap_tag,bootstrap_fingerprint\r\n",
                f);
    for (size_t i = 0; i < l->n_boards; i++)
        put_board(f, &l->boards[i]);
    if (fclose(f) == 0)
        return text;
    free(text);
    return NULL;
}
