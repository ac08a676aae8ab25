/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For Leshan's server: the issuing CAs as DER files in a folder (its option --truststore) and as PEM, and the clients
 * as the JSON objects that its REST API takes (PUT /api/security/clients), one for each device that may connect.
 *
 * The issuing CAs are the anchors, not the root: devices send their leaf only. Leshan looks at no revocation list: who
 * is not among its clients is refused.
 */
#include "export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct clients {
    struct sg_store *store;
    struct sg_error *err;
    json_t *allowed, *removed;
    bool active; /* the device at hand has a certificate in use */
};

static int take_cert(void *user, const struct sg_cert_row *row)
{
    struct clients *c = user;
    c->active |= row->state == SG_CERT_ACTIVE;
    return 0;
}

static int take_device(void *user, const struct sg_device *d)
{
    struct clients *c = user;
    c->active = false;
    int r = sg_store_each_cert(c->store, SG_CERT_DEVICE, d->number, take_cert, c, c->err);
    if (r < 0)
        return r;
    if (c->active && d->state != SG_DEVICE_REVOKED)
        return json_array_append_new(c->allowed,
                                     json_pack("{s:s, s:{s:s}}", "endpoint", d->endpoint, "tls", "mode", "x509"));
    return json_array_append_new(c->removed, json_string(d->endpoint));
}

static int put_json(struct sg_cli_folder *f, const char *name, const json_t *value, struct sg_error *err)
{
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    int r = text != NULL ? sg_cli_folder_put(f, name, sg_str(text), err) : sg_fail(err, SG_ENOMEM, "out of memory");
    free(text);
    return r;
}

static int put_clients(struct sg_store *store, struct sg_cli_folder *f, struct sg_error *err)
{
    struct clients c = {.store = store, .err = err, .allowed = json_array(), .removed = json_array()};
    int r = sg_store_each_device(store, take_device, &c, err);
    if (r == 0)
        r = put_json(f, "clients.json", c.allowed, err);
    if (r == 0)
        r = put_json(f, "removed.json", c.removed, err);
    json_decref(c.allowed);
    json_decref(c.removed);
    return r;
}

/* "5de107….der": the first 16 digits of its fingerprint. */
static bool is_anchor(const char *name)
{
    return strlen(name) == 20 && strspn(name, "0123456789abcdef") == 16 && strcmp(name + 16, ".der") == 0;
}

static int put_anchor(struct sg_cli_folder *f, const struct sg_cli_ca *ca, FILE *pem, struct sg_error *err)
{
    uint8_t space[4096], text[8192];
    char name[24];
    struct sg_buf hex = sg_buf(name, sizeof name), der = sg_buf(space, sizeof space), p = sg_buf(text, sizeof text);
    sg_put_hex(&hex, sg_bytes(ca->facts.fingerprint.sha256, 8));
    sg_put_str(&hex, ".der");
    (void)sg_buf_cstr(&hex);
    if (sg_cert_put_der(&der, ca->cert) < 0 || sg_cert_put_pem(&p, ca->cert) < 0)
        return sg_fail(err, SG_ENOSPC, "the certificate of \"%s\" is too large", ca->facts.cn);
    (void)fwrite(p.p, 1, p.len, pem);
    return sg_cli_folder_put(f, name, sg_buf_bytes(&der), err);
}

static int put_anchors(struct sg_store *store, const char *dir, struct sg_cli_folder *trust, FILE *pem,
                       struct sg_error *err)
{
    struct sg_cli_cas cas;
    int r = sg_cli_get_cas(store, &cas, err);
    if (r == 0)
        r = sg_cli_folder_open(trust, dir, "trust", is_anchor, err);
    for (size_t i = 0; r == 0 && i < cas.n; i++)
        if (!cas.ca[i].root)
            r = put_anchor(trust, &cas.ca[i], pem, err);
    if (r == 0)
        r = sg_cli_folder_close(trust, err);
    sg_cli_free_cas(&cas);
    return r;
}

static bool is_none(const char *name)
{
    (void)name;
    return false;
}

int sg_cli_export_leshan(struct sg_store *store, const char *dir, struct sg_error *err)
{
    static struct sg_cli_folder top, trust; /* large */
    char *text = NULL;
    size_t n;
    FILE *pem = open_memstream(&text, &n);
    if (pem == NULL)
        return sg_fail(err, SG_ENOMEM, "out of memory");
    int r = sg_cli_folder_open(&top, dir, "", is_none, err);
    if (r == 0)
        r = put_clients(store, &top, err);
    if (r == 0)
        r = put_anchors(store, dir, &trust, pem, err);
    if (fclose(pem) != 0 && r == 0)
        r = sg_fail(err, SG_ENOMEM, "out of memory");
    if (r == 0)
        r = sg_cli_folder_put(&top, "trust.pem", sg_bytes(text, n), err);
    free(text);
    return r;
}
