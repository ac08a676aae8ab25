/* SPDX-License-Identifier: Apache-2.0 */
/* Devices as the inventory knows them, and over it what the server sees now; their end; how the server does. */
#include "api/api_internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What the server holds of a device: the members that go over those from the inventory. */
static json_t *live_json(const struct sg_server_device *d)
{
    char address[SG_ADDR_TEXT], suite[8];
    json_t *live = json_pack("{s:s,s:s,s:o}", "state", d->registered ? "registered" : "connected", "address",
                             sg_addr_text(&d->addr, address), "last_seen", sg_api_json_time(d->heard_at));

    (void)snprintf(suite, sizeof suite, "0x%04X", d->suite);
    if (d->connected)
        json_object_set_new(live, "connection",
                            json_pack("{s:b,s:b,s:s,s:b,s:o}", "cid", d->cid, "resumed", d->resumed, "suite", suite,
                                      "forward_secrecy", d->forward_secret, "since",
                                      sg_api_json_time(d->connected_at)));
    if (d->registered)
        json_object_set_new(
            live, "registration",
            sg_api_json_registration(true, d->registered_at, d->lifetime, d->version, d->binding, d->objects));
    return live;
}

static int take_live(void *user, const struct sg_server_device *d)
{
    json_object_set_new(user, d->endpoint, live_json(d));
    return 0;
}

void sg_api_call_devices(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer)
{
    struct sg_error err = {0};
    json_t *live, *device, *json = sg_api_devices_json(a->inventory, &err);
    size_t i;
    (void)r;

    if (json == NULL) {
        sg_api_refuse(answer, 500, "failed", "%s", err.text);
        return;
    }
    live = json_object(); /* by endpoint name */
    (void)sg_server_each_device(a->server, take_live, live);
    json_array_foreach(json_object_get(json, "devices"), i, device)
    {
        json_object_update(device, json_object_get(live, json_string_value(json_object_get(device, "endpoint"))));
        json_object_del(json_object_get(device, "registration"), "objects"); /* a list is to be short */
    }
    json_decref(live);
    answer->status = 200;
    answer->body = json;
}

void sg_api_call_device(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer)
{
    struct sg_error err = {0};
    struct sg_server_device now;
    json_t *json = sg_api_device_json(a->inventory, r->route.endpoint, &err);

    if (json == NULL && err.code == SG_ENOTFOUND)
        sg_api_refuse_unknown(r->route.endpoint, answer);
    else if (json == NULL)
        sg_api_refuse(answer, 500, "failed", "%s", err.text);
    if (json == NULL)
        return;
    if (sg_server_device(a->server, r->route.endpoint, &now) == 0) {
        json_t *live = live_json(&now);
        json_object_update(json, live);
        json_decref(live);
    }
    answer->status = 200;
    answer->body = json;
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
    answer->body = json_pack(
        "{s:o,s:s,s:s?,s:i,s:i,s:i,s:i,s:i,s:I}", "endpoint", sg_api_json_text(sg_str(r->route.endpoint)), "reason",
        sg_reason_name(reason), "fingerprint", done.certificates > 0 ? done.fingerprint : NULL, "certificates",
        (int)done.certificates, "pre_shared_keys", (int)done.psks, "associations", (int)done.associations,
        "registrations", (int)done.registrations, "workers", (int)done.workers, "took_ms", (json_int_t)done.took_ms);
}

void sg_api_call_status(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer)
{
    struct sg_server_counts c;
    int64_t now = time(NULL);
    (void)r;

    sg_server_counts(a->server, &c);
    answer->status = 200;
    answer->body = json_pack(
        "{s:s,s:I,s:o,s:I,s:i,s:{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}}", "version", SG_VERSION, "pid",
        (json_int_t)getpid(), "started", sg_api_json_time(a->started), "uptime", (json_int_t)(now - a->started),
        "lwm2m_port", (int)sg_server_port(a->server), "counts", "connected", (json_int_t)c.connected, "registered",
        (json_int_t)c.registered, "handshakes", (json_int_t)c.handshakes, "resumed", (json_int_t)c.resumed, "refused",
        (json_int_t)c.refused, "registrations", (json_int_t)c.registrations, "updates", (json_int_t)c.updates, "moved",
        (json_int_t)c.moved, "datagrams_in", (json_int_t)c.datagrams_in, "datagrams_out", (json_int_t)c.datagrams_out);
}
