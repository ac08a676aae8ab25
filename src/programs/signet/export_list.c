/* SPDX-License-Identifier: Apache-2.0 */
/* All devices with their certificates, as CSV (a line a certificate, RFC 4180) or JSON. */
#include "export.h"

#include <stdio.h>
#include <stdlib.h>

struct listing {
    struct sg_store *store;
    struct sg_error *err;
    FILE *csv;
    json_t *json, *certificates;
    const struct sg_device *device;
    size_t rows; /* of that device */
};

static void put(FILE *f, const char *text, const char *end)
{
    (void)fputc('"', f);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            (void)fputc('"', f);
        (void)fputc(*text, f);
    }
    (void)fprintf(f, "\"%s", end);
}

static void put_device(FILE *f, const struct sg_device *d)
{
    put(f, d->endpoint, ",");
    put(f, sg_device_state_name(d->state), ",");
    put(f, d->imei, ",");
    put(f, d->uuid, ",");
    put(f, d->model, ",");
    put(f, d->firmware, ",");
}

static int take_cert(void *user, const struct sg_cert_row *row)
{
    struct listing *l = user;
    const struct sg_cert_facts *f = &row->facts;
    char fp[SG_FINGERPRINT_TEXT], from[SG_CLI_TIME], until[SG_CLI_TIME], when[SG_CLI_TIME];
    const char *why = row->state == SG_CERT_REVOKED ? sg_reason_name(row->reason) : "";
    (void)sg_fingerprint_text(&f->fingerprint, fp);
    (void)sg_cli_time(f->from, from);
    (void)sg_cli_time(f->until, until);
    (void)sg_cli_time(row->revoked_at, when);
    l->rows++;
    if (l->csv == NULL) {
        char der[4 * (sizeof row->der / 3) + 8];
        struct sg_buf text = sg_buf(der, sizeof der);
        sg_put_base64(&text, sg_bytes(row->der, row->der_len));
        return json_array_append_new(l->certificates,
                                     json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "state",
                                               sg_cert_state_name(row->state), "fingerprint", fp, "serial", f->serial,
                                               "issuer", f->issuer_cn, "valid_from", from, "valid_until", until, "tag",
                                               (json_int_t)row->tag, "revoked_at", when, "reason", why, "der",
                                               sg_buf_cstr(&text)));
    }
    put_device(l->csv, l->device);
    (void)fprintf(l->csv, "%u,%s,%s,%s,", row->tag, sg_cert_state_name(row->state), fp, f->serial);
    put(l->csv, f->issuer_cn, ",");
    (void)fprintf(l->csv, "%s,%s,%s,%s\r\n", from, until, when, why);
    return 0;
}

static int take_device(void *user, const struct sg_device *d)
{
    struct listing *l = user;
    l->device = d;
    l->rows = 0;
    l->certificates = l->csv == NULL ? json_array() : NULL;
    int r = sg_store_each_cert(l->store, SG_CERT_DEVICE, d->number, take_cert, l, l->err);
    if (r == 0 && l->csv == NULL)
        r = json_array_append_new(l->json,
                                  json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:O}", "endpoint", d->endpoint,
                                            "state", sg_device_state_name(d->state), "imei", d->imei, "uuid", d->uuid,
                                            "model", d->model, "firmware", d->firmware, "bootstrap_tag",
                                            (json_int_t)d->bootstrap_tag, "certificates", l->certificates));
    if (r == 0 && l->csv != NULL && l->rows == 0) {
        put_device(l->csv, d);
        (void)fputs(",,,,,,,,\r\n", l->csv);
    }
    json_decref(l->certificates);
    return r;
}

static char *dump(struct listing *l)
{
    json_t *all = json_pack("{s:O}", "devices", l->json);
    char *text = all != NULL ? json_dumps(all, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    json_decref(all);
    return text;
}

char *sg_cli_export_list(struct sg_store *store, bool json, struct sg_error *err)
{
    char *text = NULL;
    size_t n;
    struct listing l = {.store = store, .err = err, .json = json_array()};
    if (!json)
        l.csv = open_memstream(&text, &n);
    if (l.csv != NULL)
        (void)fputs("endpoint,state,imei,uuid,model,firmware,tag,certificate,fingerprint,serial,issuer,valid_from,"
                    "valid_until,revoked_at,reason\r\n",
                    l.csv);
    int r = sg_store_each_device(store, take_device, &l, err);
    bool whole = l.csv == NULL || fclose(l.csv) == 0;
    if (r == 0 && json)
        text = dump(&l);
    json_decref(l.json);
    if (r == 0 && whole && text != NULL)
        return text;
    free(text);
    if (r >= 0 || err->code == 0)
        (void)sg_fail(err, SG_ENOMEM, "out of memory");
    return NULL;
}
