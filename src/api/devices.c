/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: what the inventory knows, and over it what the server sees now; their end; how the server does. */
#include "api/api_internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { AUDIT_SHOWN = 10 }; /* the newest entries about a device */

/* 0 is "never" and "none" throughout the stored rows. */
static json_t *time_or_null(int64_t when)
{
    return when != 0 ? json_integer(when) : json_null();
}

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
    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:I,s:I,s:I,s:I,s:I,s:o,s:s?}", "fingerprint", fingerprint, "state",
                     sg_cert_state_name(row->state), "serial", row->facts.serial, "key", key, "issuer",
                     sg_api_json_text(sg_str(row->facts.issuer_cn)), "from", (json_int_t)row->facts.from, "until",
                     (json_int_t)row->facts.until, "bytes", (json_int_t)row->facts.der_len, "tag", (json_int_t)row->tag,
                     "issued_at", (json_int_t)row->added, "revoked_at", time_or_null(row->revoked_at), "reason",
                     revoked ? sg_reason_name(row->reason) : NULL);
}

/* Which of a device's certificates is its identity: the one in use before one to come, before those that were. */
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
    json_t *identity, *all;
    int rank;
};

static int take_cert(void *user, const struct sg_cert_row *row)
{
    struct certs *c = user;
    json_t *json = cert_json(row);

    if (c->identity == NULL || rank(row->state) >= c->rank) { /* the newest comes last */
        json_decref(c->identity);
        c->identity = json_incref(json);
        c->rank = rank(row->state);
    }
    json_array_append_new(c->all, json);
    return 0;
}

/* -------------------------------------------------------------------------------------------- registration */

static json_t *objects_json(const char *links)
{
    struct sg_error err;
    json_t *objects = sg_api_json_links(sg_str(links), &err);
    return objects != NULL ? objects : json_array(); /* cut off in the row */
}

static json_t *registration_json(bool active, int64_t since, uint32_t lifetime, const char *version,
                                 const char *binding, const char *objects)
{
    return json_pack("{s:b,s:o,s:I,s:o,s:o,s:o}", "active", active, "since", time_or_null(since), "lifetime",
                     (json_int_t)lifetime, "version", text_or_null(version), "binding", text_or_null(binding),
                     "objects", objects_json(objects));
}

/* What the server holds of a device: the members that go over those from the inventory. */
static json_t *live_json(const struct sg_server_device *d)
{
    char address[SG_ADDR_TEXT], suite[8];
    json_t *live = json_pack("{s:s,s:s,s:o}", "state", d->registered ? "registered" : "connected", "address",
                             sg_addr_text(&d->addr, address), "last_seen", time_or_null(d->heard_at));

    (void)snprintf(suite, sizeof suite, "0x%04X", d->suite);
    if (d->connected)
        json_object_set_new(live, "connection",
                            json_pack("{s:b,s:b,s:s,s:o}", "cid", d->cid, "resumed", d->resumed, "suite", suite,
                                      "since", time_or_null(d->connected_at)));
    if (d->registered)
        json_object_set_new(live, "registration",
                            registration_json(true, d->registered_at, d->lifetime, d->version, d->binding, d->objects));
    return live;
}

/* ------------------------------------------------------------------------------------------------- devices */

/* The members that a device has in every answer, from the inventory. */
static int device_json(struct sg_store *store, const struct sg_device *d, json_t **out, struct certs *certs,
                       struct sg_error *err)
{
    struct sg_registration_row r;
    *certs = (struct certs){.all = json_array()};
    int e = sg_store_each_cert(store, SG_CERT_DEVICE, d->number, take_cert, certs, err);
    int known = e < 0 ? e : sg_store_get_registration(store, d->number, &r, err);
    if (known < 0 && known != SG_ENOTFOUND) {
        json_decref(certs->identity);
        json_decref(certs->all);
        return known;
    }
    bool was = known == 0;
    *out = json_pack(
        "{s:o,s:s,s:o,s:o,s:o,s:o,s:I,s:o?,s:o,s:o,s:n,s:o}", "endpoint", sg_api_json_text(sg_str(d->endpoint)),
        "state", sg_device_state_name(d->state), "imei", text_or_null(d->imei), "uuid", text_or_null(d->uuid), "model",
        text_or_null(d->model), "firmware", text_or_null(d->firmware), "created", (json_int_t)d->created, "identity",
        certs->identity, "last_seen", time_or_null(was ? r.updated : 0), "address", text_or_null(was ? r.address : ""),
        "connection", "registration",
        was ? registration_json(r.active, r.registered, r.lifetime, r.version, r.binding, r.objects) : json_null());
    return 0;
}

struct listing {
    struct sg_store *store;
    json_t *devices;
    json_t *live; /* by endpoint name; NULL: no server runs */
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
    json_decref(certs.all);
    if (l->live != NULL)
        json_object_update(json, json_object_get(l->live, d->endpoint));
    json_object_del(json_object_get(json, "registration"), "objects");
    json_array_append_new(l->devices, json);
    return 0;
}

static int take_live(void *user, const struct sg_server_device *d)
{
    json_object_set_new(user, d->endpoint, live_json(d));
    return 0;
}

static json_t *devices(struct sg_server *server, const char *inventory, struct sg_error *err)
{
    struct listing l = {.store = sg_store_open(inventory, err), .err = err};
    if (l.store == NULL)
        return NULL;
    if (server != NULL) {
        l.live = json_object();
        (void)sg_server_each_device(server, take_live, l.live);
    }
    l.devices = json_array();
    int e = sg_store_each_device(l.store, list_one, &l, err);
    sg_store_close(l.store);
    json_decref(l.live);
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
        t->entries, json_pack("{s:I,s:I,s:o,s:o,s:o,s:o,s:o}", "number", (json_int_t)e->number, "at",
                              (json_int_t)e->when, "what", sg_api_json_text(sg_str(e->what)), "who",
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
    json_object_set_new(json, "audit", trail.entries);
    if (e == 0)
        return json;
    json_decref(json);
    return NULL;
}

static json_t *device(struct sg_server *server, const char *inventory, const char *endpoint, struct sg_error *err)
{
    struct sg_server_device live;
    struct sg_store *store = sg_store_open(inventory, err);
    if (store == NULL)
        return NULL;
    json_t *json = device_in(store, endpoint, err);
    sg_store_close(store);
    if (json != NULL && server != NULL && sg_server_device(server, endpoint, &live) == 0) {
        json_t *over = live_json(&live);
        json_object_update(json, over);
        json_decref(over);
    }
    return json;
}

json_t *sg_api_devices_json(const char *inventory, struct sg_error *err)
{
    return devices(NULL, inventory, err);
}

json_t *sg_api_device_json(const char *inventory, const char *endpoint, struct sg_error *err)
{
    return device(NULL, inventory, endpoint, err);
}

/* --------------------------------------------------------------------------------------------------- calls */

static void answer_with(struct sg_api_answer *answer, json_t *json, const char *endpoint, const struct sg_error *err)
{
    answer->status = 200;
    answer->body = json;
    if (json == NULL && err->code == SG_ENOTFOUND)
        sg_api_refuse(answer, 404, "no-such-device",
                      "the inventory has no device \"%s\". `signet devices` lists those that there are", endpoint);
    else if (json == NULL)
        sg_api_refuse(answer, 500, "failed", "%s", err->text);
}

void sg_api_call_devices(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer)
{
    struct sg_error err = {0};
    (void)r;
    json_t *json = devices(a->server, a->inventory, &err);
    if (json == NULL)
        err.code = SG_EIO; /* nothing was asked for by name */
    answer_with(answer, json, "", &err);
}

void sg_api_call_device(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer)
{
    struct sg_error err = {0};
    json_t *json = device(a->server, a->inventory, r->route.endpoint, &err);
    answer_with(answer, json, r->route.endpoint, &err);
}

void sg_api_call_revoke(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer)
{
    struct sg_error err = {0};
    struct sg_server_revoked done;
    enum sg_reason reason;

    if (sg_api_body_reason(r->body, &reason, answer) < 0)
        return;
    int e = sg_server_revoke(a->server, r->route.endpoint, reason, "api", r->from, &done, &err);
    if (e == SG_ESTATE)
        sg_api_refuse(answer, 409, "revoked-already", "%s", err.text);
    else if (e == SG_ENOTFOUND)
        sg_api_refuse(answer, 404, "no-such-device", "%s", err.text);
    else if (e < 0)
        sg_api_refuse(answer, 500, "failed", "%s", err.text);
    if (e < 0)
        return;
    answer->status = 200;
    answer->body =
        json_pack("{s:o,s:s,s:s,s:i,s:i,s:i,s:i,s:I}", "endpoint", sg_api_json_text(sg_str(r->route.endpoint)),
                  "reason", sg_reason_name(reason), "fingerprint", done.fingerprint, "certificates",
                  (int)done.certificates, "associations", (int)done.associations, "registrations",
                  (int)done.registrations, "workers", (int)done.workers, "took_ms", (json_int_t)done.took_ms);
}

void sg_api_call_status(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer)
{
    struct sg_server_counts c;
    int64_t now = time(NULL);
    (void)r;

    sg_server_counts(a->server, &c);
    answer->status = 200;
    answer->body = json_pack(
        "{s:s,s:I,s:I,s:I,s:i,s:{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}}", "version", SG_VERSION, "pid",
        (json_int_t)getpid(), "started", (json_int_t)a->started, "uptime", (json_int_t)(now - a->started), "lwm2m_port",
        (int)sg_server_port(a->server), "counts", "connected", (json_int_t)c.connected, "registered",
        (json_int_t)c.registered, "handshakes", (json_int_t)c.handshakes, "resumed", (json_int_t)c.resumed, "refused",
        (json_int_t)c.refused, "registrations", (json_int_t)c.registrations, "updates", (json_int_t)c.updates, "moved",
        (json_int_t)c.moved, "datagrams_in", (json_int_t)c.datagrams_in, "datagrams_out", (json_int_t)c.datagrams_out);
}
