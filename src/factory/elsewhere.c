/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate for a key that is not in a modem: from a request that was made elsewhere. */
#include "factory/factory_internal.h"

#include <stdio.h>
#include <string.h>

/* What the request asks for, and what the inventory knows of that name. */
struct asked {
    EVP_PKEY *key;
    struct sg_fingerprint fingerprint; /* of the key */
    struct sg_device device;           /* `number` is 0 where the name is new */
};

static int read_request(const struct sg_issue *i, struct asked *a, struct sg_error *err)
{
    struct sg_request *req = sg_request_parse(i->request, err);
    if (!req)
        return err->code;
    int r = 0;
    if (i->endpoint)
        (void)snprintf(a->device.endpoint, sizeof a->device.endpoint, "%s", i->endpoint);
    else if (sg_request_cn(req, a->device.endpoint, sizeof a->device.endpoint) < 0)
        r = sg_fail(err, SG_EFORMAT, "the request has no common name, so the endpoint name must be given: --name");
    if (r == 0 && (!(a->key = sg_request_key(req)) || sg_key_fingerprint(a->key, &a->fingerprint) < 0))
        r = sg_fail(err, SG_ECRYPTO, "the request has no usable key");
    sg_request_free(req);
    return r;
}

struct search {
    const struct asked *asked;
    struct sg_cert_row *cert;
};

static int take_same_key(void *user, const struct sg_cert_row *row)
{
    struct search *s = user;
    if (row->state == SG_CERT_ACTIVE && memcmp(&row->facts.key, &s->asked->fingerprint, sizeof row->facts.key) == 0)
        *s->cert = *row;
    return 0;
}

/* 1: this very certificate was issued before; 0: the name is new; or a refusal. */
static int look(const struct sg_issue *i, struct asked *a, struct sg_cert_row *cert, struct sg_error *err)
{
    struct sg_device known;
    int r = sg_store_find_device(i->store, a->device.endpoint, &known, err);
    if (r == SG_ENOTFOUND)
        return 0;
    if (r < 0)
        return r;
    if (known.state == SG_DEVICE_REVOKED)
        return sg_fail(err, SG_EDENIED, "%s was revoked: its name gets no new identity this way", known.endpoint);
    struct search s = {a, cert};
    r = sg_store_each_cert(i->store, SG_CERT_DEVICE, known.number, take_same_key, &s, err);
    if (r < 0)
        return r;
    if (cert->number != 0)
        return 1;
    return sg_fail(err, SG_EEXISTS, "%s has another identity already: revoke it first, or take another name (--name)",
                   known.endpoint);
}

static int audit(const struct sg_issue *i, const struct sg_cert_row *cert, const char *endpoint, struct sg_error *err)
{
    char fingerprint[SG_FINGERPRINT_TEXT];
    struct sg_audit_entry e = {.when = i->now};
    (void)snprintf(e.who, sizeof e.who, "%s", i->who);
    (void)snprintf(e.from, sizeof e.from, "local");
    (void)snprintf(e.what, sizeof e.what, "enrolled");
    (void)snprintf(e.subject, sizeof e.subject, "%s", endpoint);
    (void)snprintf(e.detail, sizeof e.detail,
                   "certificate %s by \"%s\" for a request that was made elsewhere: where its key is kept is not known",
                   sg_fingerprint_text(&cert->facts.fingerprint, fingerprint), cert->facts.issuer_cn);
    return sg_store_audit(i->store, &e, err);
}

/* Device, certificate and audit entry, together. */
static int record(const struct sg_issue *i, struct asked *a, const X509 *x509, struct sg_cert_row *cert,
                  struct sg_error *err)
{
    a->device.state = SG_DEVICE_ENROLLED;
    a->device.created = i->now;
    *cert = (struct sg_cert_row){.kind = SG_CERT_DEVICE, .state = SG_CERT_ACTIVE, .added = i->now};
    if (sg_cert_fingerprint(i->issuer.cert, &cert->issuer) < 0)
        return sg_fail(err, SG_ECRYPTO, "computing the issuing CA's fingerprint failed");
    int r = sg_store_begin(i->store, err);
    if (r < 0)
        return r;
    r = sg_factory_may_issue(i->store, i->issuer.cert, 0, i->now, err);
    if (r == 0)
        r = sg_store_add_device(i->store, &a->device, err);
    cert->device = a->device.number;
    if (r == 0)
        r = sg_store_add_cert(i->store, x509, cert, err);
    if (r == 0)
        r = audit(i, cert, a->device.endpoint, err);
    if (r == 0)
        return sg_store_commit(i->store, err);
    sg_store_rollback(i->store);
    return r;
}

static int certify(const struct sg_issue *i, struct asked *a, struct sg_cert_row *cert, struct sg_error *err)
{
    struct sg_validity v = {i->now - SG_FACTORY_CLOCK_SLACK, i->now + i->valid};
    X509 *x509 = sg_cert_device(i->issuer, a->key, a->device.endpoint, v, err);
    if (!x509)
        return err->code;
    int r = record(i, a, x509, cert, err);
    X509_free(x509);
    return r;
}

int sg_issue(const struct sg_issue *i, struct sg_cert_row *cert, bool *was_done, struct sg_error *err)
{
    struct sg_error unread;
    struct asked a = {0};
    err = err ? err : &unread;
    *cert = (struct sg_cert_row){0};
    int r = read_request(i, &a, err);
    if (r == 0)
        r = look(i, &a, cert, err);
    *was_done = r == 1;
    if (r == 0)
        r = certify(i, &a, cert, err);
    EVP_PKEY_free(a.key);
    return r < 0 ? r : 0;
}
