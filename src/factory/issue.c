/* SPDX-License-Identifier: Apache-2.0 */
/* A key made in the modem, its request checked, its certificate issued and recorded. */
#include "factory/factory_internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int make_key(struct sg_factory_run *run, struct sg_keygen *k)
{
    char subject[128 + 4];
    (void)snprintf(subject, sizeof subject, "CN=%s", run->endpoint);
    int r = sg_modem_keygen(run->e->modem, run->r->tag, subject, run->e->key_usage, k);
    if (r < 0)
        return sg_factory_modem_fail(run, r, "making a key (AT%KEYGEN)");
    return sg_factory_step(run, SG_ENROLL_KEY, "made in the modem; it cannot be read out");
}

/* The message must be about this request, this device and this tag (modem notes 9.10). */
static int check_message(struct sg_factory_run *run, const struct sg_keygen *k)
{
    uint8_t digest[32];
    const char *what = "";
    sg_sha256(k->body, digest);
    const uint8_t *uuid = run->r->modem.uuid[0] != '\0' ? run->r->modem.uuid_bytes : NULL;
    if (sg_keygen_check(k, run->r->tag, uuid, digest, &what) == 0)
        return 0;
    return sg_fail(
        run->err, SG_EMISMATCH,
        "the modem on %s vouches for a request with another %s than the one meant: this is not the answer of "
        "this modem to this command. No certificate was issued.",
        run->e->port, what);
}

/* The request itself: self-signature and curve by its parser, and the name that was asked for. */
static int check_request(struct sg_factory_run *run, const struct sg_keygen *k, EVP_PKEY **key)
{
    char cn[128];
    int r = check_message(run, k);
    if (r < 0)
        return r;
    struct sg_request *req = sg_request_parse(k->body, run->err);
    if (req == NULL) {
        (void)sg_fail_in(run->err, "the request of the modem on %s", run->e->port);
        return run->err->code;
    }
    *key = NULL;
    if (sg_request_cn(req, cn, sizeof cn) < 0 || strcmp(cn, run->endpoint) != 0)
        r = sg_fail(
            run->err, SG_EMISMATCH,
            "the request of the modem on %s is for the name \"%s\", but \"%s\" was asked for. No certificate was "
            "issued.",
            run->e->port, cn, run->endpoint);
    else if ((*key = sg_request_key(req)) == NULL)
        r = sg_fail(run->err, SG_ECRYPTO, "the request of the modem on %s has no usable key", run->e->port);
    sg_request_free(req);
    return r;
}

/* An older reply of this modem, for the same tag and name, is whole in every other way. */
static int check_possession(struct sg_factory_run *run, EVP_PKEY *key)
{
    int r = sg_factory_prove(run, key);
    run->proven = r == 1;
    if (r != SG_EMISMATCH)
        return r < 0 ? r : 0;
    static const char detail[] = "the request is not for the key that the modem holds: it is an older one, played "
                                 "again. No certificate was issued";
    r = sg_factory_begin(run);
    if (r == 0)
        r = sg_factory_end(run, sg_factory_audit(run, "refused", "%s", detail));
    return r < 0 ? r : sg_fail(run->err, SG_EMISMATCH, "the modem on %s: %s.", run->e->port, detail);
}

/* Durable before it is written to the modem: never a certificate that the inventory does not know. */
static int record(struct sg_factory_run *run, const X509 *cert)
{
    struct sg_cert_row *row = &run->cert;
    struct sg_cred key;
    *row = (struct sg_cert_row){.kind = SG_CERT_DEVICE,
                                .state = SG_CERT_ISSUED,
                                .device = run->r->device.number,
                                .tag = run->r->tag,
                                .added = run->e->now};
    int r = sg_modem_find(run->e->modem, run->r->tag, SG_CRED_KEY, &key);
    if (r < 0)
        return sg_factory_modem_fail(run, r, "listing its new key");
    if (r == 0)
        return sg_fail(run->err, SG_EMISMATCH, "the modem on %s says that it made a key, but lists none at tag %u",
                       run->e->port, run->r->tag);
    memcpy(row->key_digest, key.sha256, sizeof row->key_digest);
    if (sg_cert_fingerprint(run->e->issuer.cert, &row->issuer) < 0)
        return sg_fail(run->err, SG_ECRYPTO, "computing the issuing CA's fingerprint failed");

    char fingerprint[SG_FINGERPRINT_TEXT];
    r = sg_factory_begin(run);
    if (r < 0)
        return r;
    r = sg_factory_may_issue(run->store, run->e->issuer.cert, run->r->device.number, run->e->now, run->err);
    run->r->refused = r == SG_EDENIED;
    if (r == 0)
        r = sg_store_update_device(run->store, &run->r->device, run->err); /* the identity key may be new */
    if (r == 0)
        r = sg_store_add_cert(run->store, cert, row, run->err);
    if (r == 0)
        r = sg_factory_audit(run, "issued",
                             "certificate %s by \"%s\" for the key at tag %u of the modem with IMEI %s, "
                             "UUID %s%s",
                             sg_fingerprint_text(&row->facts.fingerprint, fingerprint), row->facts.issuer_cn,
                             run->r->tag, run->r->device.imei, run->r->device.uuid,
                             run->proven ? ", which has proven that it holds it" : "");
    return sg_factory_end(run, r);
}

static int certify(struct sg_factory_run *run, EVP_PKEY *key)
{
    struct sg_validity v = {run->e->now - SG_FACTORY_CLOCK_SLACK, run->e->now + run->e->valid};
    X509 *cert = sg_cert_device(run->e->issuer, key, run->endpoint, v, run->err);
    if (cert == NULL)
        return run->err->code;
    int r = record(run, cert);
    X509_free(cert);
    return r;
}

static const char *date(int64_t when, char text[16])
{
    time_t t = (time_t)when;
    struct tm tm;
    if (gmtime_r(&t, &tm) == NULL || strftime(text, 16, "%Y-%m-%d", &tm) == 0)
        return "?";
    return text;
}

int sg_factory_issue(struct sg_factory_run *run)
{
    struct sg_keygen k;
    EVP_PKEY *key = NULL;
    int r = make_key(run, &k);
    if (r == 0)
        r = check_request(run, &k, &key);
    const char *how = "";
    if (r == 0)
        r = sg_factory_attest(run, &k, &how);
    if (r == 0)
        r = check_possession(run, key);
    if (r == 0)
        r = sg_factory_step(run, SG_ENROLL_REQUEST, "self-signature, digest, tag, device and name ok; %s%s", how,
                            run->proven ? "; the modem holds its key" : "");
    if (r == 0)
        r = certify(run, key);
    EVP_PKEY_free(key);
    if (r < 0)
        return r;
    char until[16];
    return sg_factory_step(run, SG_ENROLL_CERTIFICATE, "CN=%s, %zu bytes, valid until %s", run->endpoint,
                           run->cert.facts.der_len, date(run->cert.facts.until, until));
}
