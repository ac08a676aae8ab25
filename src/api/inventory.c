/* SPDX-License-Identifier: Apache-2.0 */
/* Devices as JSON, of the inventory alone: identity, the last registration, what the audit log has about them. */
#include "api/api_internal.h"

#include <stdio.h>
#include <string.h>

enum { AUDIT_SHOWN = 10 }; /* the newest entries about a device */

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? sg_api_json_text(sg_str(text)) : json_null();
}

/* ------------------------------------------------------------------------------------------------ identity */

static json_t *cert_json(const struct sg_cert_row *row)
{
    char fingerprint[SG_FINGERPRINT_TEXT], key[SG_FINGERPRINT_TEXT];
    bool revoked = row->state == SG_CERT_REVOKED;

    sg_fingerprint_text(&row->facts.fingerprint, fingerprint);
    sg_fingerprint_text(&row->facts.key, key);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:I,s:I,s:o,s:o,s:s?}", "kind", "certificate", "fingerprint",
                     fingerprint, "state", sg_cert_state_name(row->state), "serial", row->facts.serial, "key", key,
                     "issuer", sg_api_json_text(sg_str(row->facts.issuer_cn)), "valid_from",
                     sg_api_json_time(row->facts.from), "valid_until", sg_api_json_time(row->facts.until), "bytes",
                     (json_int_t)row->facts.der_len, "tag", (json_int_t)row->tag, "issued_at",
                     sg_api_json_time(row->added), "revoked_at", sg_api_json_time(row->revoked_at), "reason",
                     revoked ? sg_reason_name(row->reason) : NULL);
}

/* A pre-shared key: never the key itself. The nRF91, for which it is made, has no forward secrecy with it. */
static json_t *psk_json(const struct sg_psk_row *row)
{
    bool revoked = row->state == SG_CERT_REVOKED;

    return json_pack(
        "{s:s,s:s,s:o,s:I,s:b,s:o,s:o,s:o,s:s?}", "kind", "psk", "state", sg_cert_state_name(row->state), "name",
        sg_api_json_text(sg_str(row->identity)), "tag", (json_int_t)row->tag, "forward_secrecy", 0, "issued_at",
        sg_api_json_time(row->added), "retired_at", sg_api_json_time(revoked ? 0 : row->ended), "revoked_at",
        sg_api_json_time(revoked ? row->ended : 0), "reason", revoked ? sg_reason_name(row->reason) : NULL);
}

/* Which of a device's certificates and pre-shared keys is its identity: the one in use before one to come, before those
 * that were. */
static int rank(enum sg_cert_state state)
{
    switch (state) {
    case SG_CERT_ACTIVE:
        return 3;
    case SG_CERT_ISSUED:
        return 2;
    case SG_CERT_REVOKED:
        return 1;
    case SG_CERT_RETIRED:
        break;
    }
    return 0;
}

struct certs {
    uint32_t bootstrap_tag; /* of an identity that is not the one which is meant; 0: none */
    json_t *identity, *all, *psks;
    int rank;
    int64_t added; /* of the identity */
};

/* The newest comes last; of a certificate and a pre-shared key in one state, the later one. */
static void take_identity(struct certs *c, json_t *json, enum sg_cert_state state, int64_t added)
{
    if (c->identity != NULL && (rank(state) < c->rank || (rank(state) == c->rank && added < c->added)))
        return;
    json_decref(c->identity);
    c->identity = json_incref(json);
    c->rank = rank(state);
    c->added = added;
}

static int take_cert(void *user, const struct sg_cert_row *row)
{
    struct certs *c = user;
    json_t *json = cert_json(row);

    if (row->tag == 0 || row->tag != c->bootstrap_tag)
        take_identity(c, json, row->state, row->added);
    json_array_append_new(c->all, json);
    return 0;
}

static int take_psk(void *user, const struct sg_psk_row *row)
{
    struct certs *c = user;
    json_t *json = psk_json(row);

    take_identity(c, json, row->state, row->added);
    json_array_append_new(c->psks, json);
    return 0;
}

static void free_certs(struct certs *c)
{
    json_decref(c->all);
    json_decref(c->psks);
}

/* -------------------------------------------------------------------------------------------- registration */

static json_t *objects_json(const char *links)
{
    struct sg_error err;
    json_t *objects = sg_api_json_links(sg_str(links), &err);
    return objects != NULL ? objects : json_array(); /* cut off in the row */
}

json_t *sg_api_json_registration(bool active, int64_t since, uint32_t lifetime, const char *version,
                                 const char *binding, const char *objects)
{
    return json_pack("{s:b,s:o,s:I,s:o,s:o,s:o}", "active", active, "since", sg_api_json_time(since), "lifetime",
                     (json_int_t)lifetime, "version", text_or_null(version), "binding", text_or_null(binding),
                     "objects", objects_json(objects));
}

/* ------------------------------------------------------------------------------------------------- devices */

/* The modem's own identity key: its fingerprint, and where it was learnt from. */
static json_t *modem_key_json(const struct sg_device *d)
{
    struct sg_fingerprint f;
    char text[SG_FINGERPRINT_TEXT];
    EVP_PKEY *key = d->identity[0] != 0 ? sg_key_from_point(d->identity, NULL) : NULL;
    json_t *json = key != NULL && sg_key_fingerprint(key, &f) == 0
                       ? json_pack("{s:s,s:s}", "key", sg_fingerprint_text(&f, text), "source",
                                   sg_identity_source_name(d->identity_source))
                       : json_null();
    EVP_PKEY_free(key);
    return json;
}

/* The members that a device has in every answer, from the inventory. */
static int device_json(struct sg_store *store, const struct sg_device *d, json_t **out, struct certs *certs,
                       struct sg_error *err)
{
    struct sg_registration_row r;
    *certs = (struct certs){.bootstrap_tag = d->bootstrap_tag, .all = json_array(), .psks = json_array()};
    int e = sg_store_each_cert(store, SG_CERT_DEVICE, d->number, take_cert, certs, err);
    if (e == 0)
        e = sg_store_each_psk(store, d->number, take_psk, certs, err);
    int known = e < 0 ? e : sg_store_get_registration(store, d->number, &r, err);
    if (known < 0 && known != SG_ENOTFOUND) {
        json_decref(certs->identity);
        free_certs(certs);
        return known;
    }
    bool was = known == 0;
    *out = json_pack(
        "{s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o?,s:o,s:o,s:n,s:o}", "endpoint", sg_api_json_text(sg_str(d->endpoint)),
        "state", sg_device_state_name(d->state), "imei", text_or_null(d->imei), "uuid", text_or_null(d->uuid), "model",
        text_or_null(d->model), "firmware", text_or_null(d->firmware), "modem_identity", modem_key_json(d), "created",
        sg_api_json_time(d->created), "identity", certs->identity, "last_seen", sg_api_json_time(was ? r.updated : 0),
        "address", text_or_null(was ? r.address : ""), "connection", "registration",
        was ? sg_api_json_registration(r.active, r.registered, r.lifetime, r.version, r.binding, r.objects)
            : json_null());
    json_object_set(*out, "identity_kind", json_object_get(certs->identity, "kind"));
    return 0;
}

struct listing {
    struct sg_store *store;
    json_t *devices;
    struct sg_error *err;
};

static int list_one(void *user, const struct sg_device *d)
{
    struct listing *l = user;
    struct certs certs;
    json_t *json;
    int e = device_json(l->store, d, &json, &certs, l->err);

    if (e < 0)
        return e;
    free_certs(&certs);
    json_object_del(json_object_get(json, "registration"), "objects");
    json_array_append_new(l->devices, json);
    return 0;
}

json_t *sg_api_devices_json(const char *inventory, struct sg_error *err)
{
    struct listing l = {.store = sg_store_open(inventory, err), .err = err};
    if (l.store == NULL)
        return NULL;
    l.devices = json_array();
    int e = sg_store_each_device(l.store, list_one, &l, err);
    sg_store_close(l.store);
    if (e == 0)
        return json_pack("{s:o}", "devices", l.devices);
    json_decref(l.devices);
    return NULL;
}

/* ---------------------------------------------------------------------------------------------- one device */

struct trail {
    const char *endpoint;
    const json_t *certificates;
    json_t *entries;
};

static bool is_about(const struct trail *t, const struct sg_audit_entry *e)
{
    char quoted[sizeof((struct sg_device *)NULL)->endpoint + 2];
    const json_t *cert;
    size_t i;

    if (strcmp(e->subject, t->endpoint) == 0)
        return true;
    json_array_foreach(t->certificates, i,
                       cert) if (strcmp(e->subject, json_string_value(json_object_get(cert, "fingerprint"))) ==
                                 0) return true;
    /* A refusal is about the name that was claimed as well as about the one in the certificate; it has both in quotes.
     */
    (void)snprintf(quoted, sizeof quoted, "\"%s\"", t->endpoint);
    return strcmp(e->what, "refused") == 0 && strstr(e->detail, quoted) != NULL;
}

static int take_entry(void *user, const struct sg_audit_entry *e)
{
    struct trail *t = user;

    if (!is_about(t, e))
        return 0;
    json_array_append_new(
        t->entries, json_pack("{s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "number", (json_int_t)e->number, "when",
                              sg_api_json_time(e->when), "what", sg_api_json_text(sg_str(e->what)), "who",
                              sg_api_json_text(sg_str(e->who)), "from", sg_api_json_text(sg_str(e->from)), "subject",
                              sg_api_json_text(sg_str(e->subject)), "detail", sg_api_json_sentence(e->detail)));
    if (json_array_size(t->entries) > AUDIT_SHOWN)
        json_array_remove(t->entries, 0);
    return 0;
}

static json_t *device_in(struct sg_store *store, const char *endpoint, struct sg_error *err)
{
    struct sg_device d;
    struct certs certs;
    json_t *json;

    if (sg_store_find_device(store, endpoint, &d, err) < 0 || device_json(store, &d, &json, &certs, err) < 0)
        return NULL;
    struct trail trail = {.endpoint = endpoint, .certificates = certs.all, .entries = json_array()};
    int e = sg_store_each_audit(store, 1, take_entry, &trail, err);
    json_object_set_new(json, "certificates", certs.all);
    json_object_set_new(json, "pre_shared_keys", certs.psks);
    json_object_set_new(json, "audit", trail.entries);
    if (e == 0)
        return json;
    json_decref(json);
    return NULL;
}

json_t *sg_api_device_json(const char *inventory, const char *endpoint, struct sg_error *err)
{
    struct sg_store *store = sg_store_open(inventory, err);
    if (store == NULL)
        return NULL;
    json_t *json = device_in(store, endpoint, err);
    sg_store_close(store);
    return json;
}
