/* SPDX-License-Identifier: Apache-2.0 */
/* What must differ from unit to unit: gathered, sorted, and twins named. */
#include "probe/batch_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct value {
    enum sg_batch_value what;
    char *unit, *text;
};

struct sg_probe_batch {
    struct value *value;
    size_t n, cap;
    char note[160];
};

static const struct {
    const char *one, *many, *json;
    enum sg_severity severity; /* of twins */
} kinds[SG_BATCH_VALUES] = {
    [SG_BATCH_KEY] = {"public key", "public keys", "public_key", SG_SEVERITY_CRITICAL},
    [SG_BATCH_CERTIFICATE] = {"certificate", "certificates", "certificate", SG_SEVERITY_CRITICAL},
    [SG_BATCH_SERIAL] = {"serial number", "serial numbers", "serial", SG_SEVERITY_HIGH},
    [SG_BATCH_DIGEST] = {"key digest", "key digests", "digest", SG_SEVERITY_CRITICAL},
    [SG_BATCH_PSK] = {"pre-shared key", "pre-shared keys", "pre_shared_key", SG_SEVERITY_CRITICAL},
    [SG_BATCH_IMEI] = {"IMEI", "IMEIs", "imei", SG_SEVERITY_MEDIUM},
    [SG_BATCH_UUID] = {"device UUID", "device UUIDs", "uuid", SG_SEVERITY_MEDIUM},
};

struct sg_probe_batch *sg_probe_batch_new(void)
{
    return calloc(1, sizeof(struct sg_probe_batch));
}

void sg_probe_batch_free(struct sg_probe_batch *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; i < b->n; i++) {
        free(b->value[i].unit);
        free(b->value[i].text);
    }
    free(b->value);
    free(b);
}

/* --------------------------------------------------------------------------------------------------- gathering */

int sg_probe_batch_put(struct sg_probe_batch *b, enum sg_batch_value what, const char *unit, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return 0;
    if (b->n == b->cap) {
        size_t cap = 2 * b->cap + 64;
        struct value *more = realloc(b->value, cap * sizeof *more);
        if (more == NULL)
            return SG_ENOMEM;
        b->value = more;
        b->cap = cap;
    }
    struct value v = {.what = what, .unit = strdup(unit), .text = strdup(text)};
    if (v.unit == NULL || v.text == NULL) {
        free(v.unit);
        free(v.text);
        return SG_ENOMEM;
    }
    b->value[b->n++] = v;
    return 0;
}

int sg_probe_batch_put_digest(struct sg_probe_batch *b, enum sg_batch_value what, const char *unit,
                              const uint8_t digest[32])
{
    static const uint8_t none[32];
    char text[SG_PROBE_SHA];
    struct sg_buf hex = sg_buf(text, sizeof text);
    if (memcmp(digest, none, sizeof none) == 0)
        return 0;
    sg_put_hex(&hex, sg_bytes(digest, 32));
    return sg_probe_batch_put(b, what, unit, sg_buf_cstr(&hex));
}

int sg_probe_batch_put_key(struct sg_probe_batch *b, const char *unit, const EVP_PKEY *key, struct sg_error *err)
{
    struct sg_fingerprint f;
    if (sg_key_fingerprint(key, &f) < 0)
        return sg_fail(err, SG_EFORMAT, "%s: a public key that cannot be read", unit);
    return sg_probe_batch_put_digest(b, SG_BATCH_KEY, unit, f.sha256);
}

int sg_probe_batch_put_cert(struct sg_probe_batch *b, const char *unit, const X509 *cert, struct sg_error *err)
{
    struct sg_cert_facts facts;
    char serial[256];
    if (sg_cert_facts(cert, &facts) < 0)
        return sg_fail(err, SG_EFORMAT, "%s: a certificate that cannot be read", unit);
    if (facts.ca)
        return 0;
    (void)snprintf(serial, sizeof serial, "%s of %s", facts.serial, facts.issuer_cn);
    int e = sg_probe_batch_put_digest(b, SG_BATCH_CERTIFICATE, unit, facts.fingerprint.sha256);
    if (e == 0)
        e = sg_probe_batch_put_digest(b, SG_BATCH_KEY, unit, facts.key.sha256);
    return e == 0 ? sg_probe_batch_put(b, SG_BATCH_SERIAL, unit, serial) : e;
}

void sg_probe_batch_note(struct sg_probe_batch *b, const char *what)
{
    (void)snprintf(b->note, sizeof b->note, "%s", what);
}

/* -------------------------------------------------------------------------------------------------- comparing */

static int by_value(const void *a, const void *b)
{
    const struct value *x = a, *y = b;
    int o = x->what != y->what ? (x->what < y->what ? -1 : 1) : strcmp(x->text, y->text);
    return o != 0 ? o : strcmp(x->unit, y->unit);
}

static int by_unit(const void *a, const void *b)
{
    const struct value *x = a, *y = b;
    return strcmp(x->unit, y->unit);
}

/* How many units there are, and how many of them with something that must be theirs alone. */
static size_t count_units(struct sg_probe_batch *b, size_t *with_keys)
{
    size_t units = 0;
    bool counted = false;
    *with_keys = 0;
    if (b->n > 0)
        qsort(b->value, b->n, sizeof *b->value, by_unit);
    for (size_t i = 0; i < b->n; i++) {
        bool key = kinds[b->value[i].what].severity == SG_SEVERITY_CRITICAL;
        bool next = i == 0 || strcmp(b->value[i].unit, b->value[i - 1].unit) != 0;
        units += next;
        counted = counted && !next;
        *with_keys += key && !counted;
        counted = counted || key;
    }
    return units;
}

struct comparing {
    size_t units, with_keys, distinct[SG_BATCH_VALUES], twins;
    enum sg_severity worst;
    char observed[600];
    json_t *twin;
};

static void add(struct comparing *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct comparing *c, const char *fmt, ...)
{
    size_t n = strlen(c->observed);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(c->observed + n, sizeof c->observed - n, fmt, args);
    va_end(args);
}

/* n values in a row that are the same: twins, where they are of several units. */
static void compare_equal(struct comparing *c, const struct value *v, size_t n)
{
    json_t *units = json_array();
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(v[i].unit, v[i - 1].unit) != 0)
            (void)json_array_append_new(units, json_string(v[i].unit));
    c->distinct[v->what]++;
    if (json_array_size(units) < 2) {
        json_decref(units);
        return;
    }
    bool digest = strlen(v->text) == SG_PROBE_SHA - 1; /* its begin is enough for people */
    add(c, "%s%zu units share the %s %.*s: %s, %s%s", c->twins++ > 0 ? "; " : "", json_array_size(units),
        kinds[v->what].one, digest ? 16 : 80, v->text, json_string_value(json_array_get(units, 0)),
        json_string_value(json_array_get(units, 1)), json_array_size(units) > 2 ? "…" : "");
    if (kinds[v->what].severity > c->worst)
        c->worst = kinds[v->what].severity;
    (void)json_array_append_new(
        c->twin, json_pack("{s:s,s:s,s:o}", "what", kinds[v->what].json, "value", v->text, "units", units));
}

static void compare(struct sg_probe_batch *b, struct comparing *c)
{
    c->units = count_units(b, &c->with_keys);
    if (b->n > 0)
        qsort(b->value, b->n, sizeof *b->value, by_value);
    for (size_t i = 0, n; i < b->n; i += n) {
        const struct value *v = &b->value[i];
        for (n = 1; i + n < b->n && v[n].what == v->what && strcmp(v[n].text, v->text) == 0; n++)
            ;
        compare_equal(c, v, n);
    }
}

static json_t *facts(struct comparing *c)
{
    json_t *distinct = json_object();
    for (size_t k = 0; k < SG_BATCH_VALUES; k++)
        if (c->distinct[k] > 0)
            (void)json_object_set_new(distinct, kinds[k].json, json_integer((json_int_t)c->distinct[k]));
    return json_pack("{s:I,s:o,s:o}", "units", (json_int_t)c->units, "distinct", distinct, "twins", c->twin);
}

static void conclude(const struct sg_probe_batch *b, struct comparing *c, struct sg_probe_result *r)
{
    bool failed = c->twins > 0;
    r->facts = facts(c);
    r->severity = c->worst;
    if (!failed) {
        add(c, c->units == 1 ? "%zu unit" : "%zu units", c->units);
        for (size_t k = 0; k < SG_BATCH_VALUES; k++)
            if (c->distinct[k] > 0)
                add(c, ", %zu %s", c->distinct[k], c->distinct[k] == 1 ? kinds[k].one : kinds[k].many);
    }
    if (failed)
        sg_probe_conclude(r, SG_VERDICT_FAIL, c->observed,
                          "Who takes one of these units apart can pass for the other ones.");
    else if (c->units < 2)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, c->observed, "Two units at least are needed to compare.");
    else if (c->with_keys < 2)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, c->observed,
                          "Keys, certificates or their digests of two units at least are needed to compare.");
    else if (b->note[0] != '\0')
        sg_probe_conclude(r, SG_VERDICT_REMARK, c->observed, b->note);
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, c->observed, "No two units have one of them in common.");
}

int sg_probe_batch_run(struct sg_probe_batch *b, const struct sg_probe_target *target,
                       const struct sg_probe_watch *watch)
{
    struct comparing *c = calloc(1, sizeof *c);
    struct sg_probe_result r;
    const struct sg_probe_run *run = sg_probe_find_run("batch.unique");
    if (c == NULL)
        return SG_ENOMEM;
    if (watch->begin != NULL)
        watch->begin(watch->user, run);
    sg_probe_result_init(&r, run);
    c->twin = json_array();
    compare(b, c);
    conclude(b, c, &r);
    int e = watch->done(watch->user, target, &r);
    sg_probe_result_free(&r);
    free(c);
    return e;
}
