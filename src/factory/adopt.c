/* SPDX-License-Identifier: Apache-2.0 */
/* A device that another home has enrolled is taken into this inventory. */
#include "factory/factory_internal.h"

#include <stdio.h>
#include <string.h>

struct gathering {
    struct sg_trust *trust;
    struct sg_error *err;
};

static int take_ca(void *user, const struct sg_cert_row *row)
{
    struct gathering *g = user;
    if (row->state != SG_CERT_ACTIVE)
        return 0;
    X509 *ca = sg_cert_parse(sg_bytes(row->der, row->der_len), g->err);
    int r = ca ? sg_trust_add(g->trust, ca, g->err) : g->err->code;
    X509_free(ca);
    return r;
}

struct sg_trust *sg_adopt_trust(struct sg_store *store, struct sg_error *err)
{
    struct gathering g = {sg_trust_new(err), err};
    if (!g.trust)
        return NULL;
    int r = sg_store_each_cert(store, SG_CERT_DEVICE_ROOT, 0, take_ca, &g, err);
    if (r == 0)
        r = sg_store_each_cert(store, SG_CERT_ISSUING_CA, 0, take_ca, &g, err);
    if (r == 0)
        return g.trust;
    sg_trust_free(g.trust);
    return NULL;
}

/* 1: this very certificate is in use here; 0: it is not known. */
static int known(const struct sg_adopt *a, const struct sg_device *device, const struct sg_fingerprint *f,
                 struct sg_error *err)
{
    struct sg_cert_row row;
    struct sg_device owner;
    int r = sg_store_find_cert(a->store, f, &row, err);
    if (r == SG_ENOTFOUND)
        return 0;
    if (r == 0)
        r = sg_store_get_device(a->store, row.device, &owner, err);
    if (r < 0)
        return r;
    if (strcmp(owner.endpoint, device->endpoint) != 0)
        return sg_fail(err, SG_EEXISTS, "the certificate of %s is that of %s here", device->endpoint, owner.endpoint);
    if (row.state != SG_CERT_ACTIVE)
        return sg_fail(err, SG_EEXISTS, "the certificate of %s is %s here", device->endpoint,
                       sg_cert_state_name(row.state));
    return 1;
}

static int check(const struct sg_adopt *a, const struct sg_device *device, X509 *cert, struct sg_cert_facts *facts,
                 struct sg_error *err)
{
    if (sg_cert_facts(cert, facts) < 0)
        return sg_fail(err, SG_EFORMAT, "the certificate of %s cannot be read", device->endpoint);
    if (strcmp(facts->cn, device->endpoint) != 0)
        return sg_fail(err, SG_EDENIED, "the device is called %s, and its certificate says %s", device->endpoint,
                       facts->cn);
    if (sg_trust_verify(a->trust, cert, NULL, SG_FOR_CLIENT, NULL, a->now, err) == SG_TRUSTED)
        return 0;
    return sg_fail_in(err, "%s", device->endpoint);
}

static int audit(const struct sg_adopt *a, const struct sg_device *device, const struct sg_cert_facts *facts,
                 struct sg_error *err)
{
    char fingerprint[SG_FINGERPRINT_TEXT];
    struct sg_audit_entry e = {.when = a->now};
    (void)snprintf(e.who, sizeof e.who, "%s", a->who);
    (void)snprintf(e.from, sizeof e.from, "local");
    (void)snprintf(e.what, sizeof e.what, "adopted");
    (void)snprintf(e.subject, sizeof e.subject, "%s", device->endpoint);
    (void)snprintf(e.detail, sizeof e.detail, "enrolled by another home; certificate %s by \"%s\"",
                   sg_fingerprint_text(&facts->fingerprint, fingerprint), facts->issuer_cn);
    return sg_store_audit(a->store, &e, err);
}

/* Its second certificate is that of its bootstrap identity; any other is another device's. */
static int add_device(const struct sg_adopt *a, struct sg_device *d, uint32_t tag, struct sg_error *err)
{
    struct sg_device there;
    bool second = tag != 0 && tag == d->bootstrap_tag &&
                  sg_store_find_device(a->store, d->endpoint, &there, err) == 0 && there.state == SG_DEVICE_ENROLLED &&
                  strcmp(there.uuid, d->uuid) == 0;
    if (second) {
        *d = there;
        return 0;
    }
    d->number = 0;
    d->state = SG_DEVICE_ENROLLED;
    d->created = a->now;
    return sg_store_add_device(a->store, d, err);
}

int sg_adopt(const struct sg_adopt *a, const struct sg_device *device, X509 *cert, uint32_t tag, struct sg_error *err)
{
    struct sg_error unread;
    struct sg_cert_facts facts;
    struct sg_device d = *device;
    err = err ? err : &unread;
    int r = check(a, device, cert, &facts, err);
    if (r == 0)
        r = known(a, device, &facts.fingerprint, err);
    if (r != 0)
        return r < 0 ? r : 0;
    r = add_device(a, &d, tag, err);
    struct sg_cert_row row = {
        .kind = SG_CERT_DEVICE, .state = SG_CERT_ACTIVE, .device = d.number, .tag = tag, .added = a->now};
    if (r == 0)
        r = sg_store_add_cert(a->store, cert, &row, err);
    if (r == 0)
        r = audit(a, device, &facts, err);
    return r < 0 ? r : 1;
}
