/* SPDX-License-Identifier: Apache-2.0 */
/* What an archive says of the inventory: public facts only. */
#include "seal_internal.h"

#include <stdio.h>
#include <time.h>

struct extract {
    json_t *devices, *certificates;
    json_int_t entries;
    uint8_t last[32];
};

static char *time_text(int64_t when, char text[32])
{
    time_t t = when;
    struct tm tm;
    text[0] = '\0';
    if (when != 0 && gmtime_r(&t, &tm) != NULL)
        (void)strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return text;
}

static int take_device(void *user, const struct sg_device *d)
{
    struct extract *e = user;
    char created[32];
    return json_array_append_new(
        e->devices,
        json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "number", (json_int_t)d->number, "endpoint",
                  d->endpoint, "imei", d->imei, "uuid", d->uuid, "model", d->model, "firmware", d->firmware, "tag",
                  (json_int_t)d->tag, "identity_key", sg_identity_source_name(d->identity_source), "state",
                  sg_device_state_name(d->state), "created", time_text(d->created, created)));
}

static int take_cert(void *user, const struct sg_cert_row *c)
{
    struct extract *e = user;
    char fingerprint[SG_FINGERPRINT_TEXT], key[SG_FINGERPRINT_TEXT], from[32], until[32], revoked[32];
    return json_array_append_new(
        e->certificates,
        json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "kind", sg_cert_kind_name(c->kind),
                  "state", sg_cert_state_name(c->state), "device", (json_int_t)c->device, "name", c->facts.cn, "issuer",
                  c->facts.issuer_cn, "serial", c->facts.serial, "fingerprint",
                  sg_fingerprint_text(&c->facts.fingerprint, fingerprint), "key_fingerprint",
                  sg_fingerprint_text(&c->facts.key, key), "valid_from", time_text(c->facts.from, from), "valid_until",
                  time_text(c->facts.until, until), "revoked", time_text(c->revoked_at, revoked), "reason",
                  c->state == SG_CERT_REVOKED ? sg_reason_name(c->reason) : ""));
}

static int take_entry(void *user, const struct sg_audit_entry *a)
{
    struct extract *e = user;
    e->entries = a->number;
    memcpy(e->last, a->hash, sizeof e->last);
    return 0;
}

json_t *sg_seal_inventory(struct sg_store *store, struct sg_error *err)
{
    struct extract e = {.devices = json_array(), .certificates = json_array()};
    char last[SG_SEAL_DIGEST_TEXT];
    struct sg_buf hex = sg_buf(last, sizeof last);
    int r = sg_store_each_device(store, take_device, &e, err);
    if (r == 0)
        r = sg_store_each_cert(store, -1, 0, take_cert, &e, err);
    if (r == 0)
        r = sg_store_each_audit(store, 1, take_entry, &e, err);
    if (e.entries > 0)
        sg_put_hex(&hex, sg_bytes(e.last, sizeof e.last));
    json_t *all = r == 0 ? json_pack("{s:O, s:O, s:{s:I, s:s}}", "devices", e.devices, "certificates", e.certificates,
                                     "audit", "entries", e.entries, "last_sha256", sg_buf_cstr(&hex))
                         : NULL;
    json_decref(e.devices);
    json_decref(e.certificates);
    if (r == 0 && all == NULL)
        (void)sg_fail(err, SG_EFORMAT, "the inventory has a text that is no UTF-8");
    return all;
}
