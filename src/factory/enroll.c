/* SPDX-License-Identifier: Apache-2.0 */
/* The whole way of one enrolment. */
#include "factory/factory_internal.h"

#include <stdio.h>
#include <string.h>

/* The row that makes everything at the tag ours: before the first change to the modem. */
static int begin(struct sg_factory_run *run)
{
    struct sg_device *d = &run->r->device;
    if (run->known && d->state == SG_DEVICE_ENROLLING && d->tag == run->r->tag &&
        strcmp(d->endpoint, run->endpoint) == 0)
        return 0;
    d->state = SG_DEVICE_ENROLLING;
    d->tag = run->r->tag;
    (void)snprintf(d->endpoint, sizeof d->endpoint, "%s", run->endpoint);
    if (!run->known)
        d->created = run->e->now;
    int r = sg_factory_begin(run);
    if (r < 0)
        return r;
    r = run->known ? sg_store_update_device(run->store, d, run->err) : sg_store_add_device(run->store, d, run->err);
    return sg_factory_end(run, r);
}

/* What became of a key that an earlier run left: for the audit log. */
static int tell_key(struct sg_factory_run *run, const char *what, const char *how)
{
    int r = sg_factory_begin(run);
    if (r < 0)
        return r;
    r = sg_factory_audit(run, what, "the key at tag %u of the modem with IMEI %s, UUID %s, %s", run->r->tag,
                         run->r->device.imei, run->r->device.uuid, how);
    return sg_factory_end(run, r);
}

/* 1: the modem holds the key of the certificate that an interrupted run recorded (run->cert); 0: it does not, or there
 * is none. Old firmware lists no digests for keys: those must be proven. */
static int find_interrupted(struct sg_factory_run *run)
{
    int found = run->plan == SG_FACTORY_CONTINUE ? sg_factory_find_cert(run, SG_CERT_ISSUED) : 0;
    if (found <= 0 || sg_factory_cred(run, SG_CRED_KEY) == NULL)
        return found < 0 ? found : 0;
    int r = sg_factory_prove_cert(run);
    if (r == SG_EMISMATCH)
        return 0;
    run->proven = r == 1;
    if (r == 1)
        r = tell_key(run, "key-proven",
                     "is that of the certificate that an interrupted run recorded: it signed a "
                     "challenge");
    else if (r == 0)
        return sg_factory_has_key(run);
    return r < 0 ? r : 1;
}

/* A key whose request never arrived, or that is not the one which was certified: it is made again. */
static int discard_key(struct sg_factory_run *run)
{
    if (run->plan != SG_FACTORY_CONTINUE || sg_factory_cred(run, SG_CRED_KEY) == NULL)
        return 0;
    return tell_key(run, "key-discarded",
                    run->cert.number == 0
                        ? "whose request was lost: no certificate was issued for it, and another key takes its place"
                        : "is not the one that was certified: another key takes its place");
}

/* Uses the certificate of an interrupted run, or starts with a new key. */
static int get_certificate(struct sg_factory_run *run)
{
    int r = find_interrupted(run);
    if (r < 0)
        return r;
    if (r == 0) {
        r = discard_key(run);
        if (r == 0)
            r = sg_factory_clear(run);
        return r < 0 ? r : sg_factory_issue(run);
    }
    r = sg_factory_step(run, SG_ENROLL_KEY, "made by the run before, still in the modem%s",
                        run->proven ? ", as it has proven" : "");
    return r < 0 ? r : sg_factory_step(run, SG_ENROLL_CERTIFICATE, "CN=%s, issued by the run before", run->endpoint);
}

/* Retires what this certificate replaces. */
static int retire_other(void *user, const struct sg_cert_row *row)
{
    struct sg_factory_run *run = user;
    bool second = row->tag != 0 && row->tag == run->r->device.bootstrap_tag;
    if (second != run->second && !(second && run->e->renew))
        return 0;
    if (row->number == run->cert.number || (row->state != SG_CERT_ACTIVE && row->state != SG_CERT_ISSUED))
        return 0;
    int r = sg_store_set_cert_state(run->store, row->number, SG_CERT_RETIRED, run->err);
    if (r < 0)
        return r;
    char fingerprint[SG_FINGERPRINT_TEXT];
    return sg_factory_audit(run, "retired", "certificate %s is replaced",
                            sg_fingerprint_text(&row->facts.fingerprint, fingerprint));
}

int sg_factory_retire_others(struct sg_factory_run *run)
{
    int r = sg_store_each_cert(run->store, SG_CERT_DEVICE, run->r->device.number, retire_other, run, run->err);
    return r < 0 || run->second ? r : sg_factory_psk_retire_others(run);
}

static int audit_enrolled(struct sg_factory_run *run)
{
    const struct sg_device *d = &run->r->device;
    const char *identity = sg_identity_source_name(d->identity_source);
    char fingerprint[SG_FINGERPRINT_TEXT];
    if (run->psk.number != 0)
        return sg_factory_audit(run, "enrolled",
                                "pre-shared key, no forward secrecy, at tag %u of the modem with IMEI %s, UUID %s, its "
                                "identity key: %s",
                                run->r->tag, d->imei, d->uuid, identity);
    return sg_factory_audit(
        run, "enrolled", "certificate %s at tag %u of the modem with IMEI %s, UUID %s, its identity key: %s",
        sg_fingerprint_text(&run->cert.facts.fingerprint, fingerprint), run->r->tag, d->imei, d->uuid, identity);
}

static int record_enrolled(struct sg_factory_run *run)
{
    int r = run->psk.number != 0 ? sg_store_activate_psk(run->store, run->psk.number, run->err)
                                 : sg_store_set_cert_state(run->store, run->cert.number, SG_CERT_ACTIVE, run->err);
    if (r == 0)
        r = sg_factory_retire_others(run);
    if (r == 0) {
        run->r->device.state = SG_DEVICE_ENROLLED;
        r = sg_store_update_device(run->store, &run->r->device, run->err);
    }
    return r == 0 ? audit_enrolled(run) : r;
}

/* One transaction: the device is enrolled, or it is not. */
static int finish(struct sg_factory_run *run)
{
    int r = sg_factory_begin(run);
    return r < 0 ? r : sg_factory_end(run, record_enrolled(run));
}

int sg_factory_change_certificate(struct sg_factory_run *run)
{
    int r = get_certificate(run);
    if (r == 0)
        r = sg_factory_prepare(run);
    if (r == 0)
        r = sg_factory_place(run);
    return r == 0 ? sg_factory_compare(run) : r;
}

static int change(struct sg_factory_run *run)
{
    int r = begin(run);
    if (r == 0)
        r = run->e->psk ? sg_factory_psk_change(run) : sg_factory_change_certificate(run);
    if (r == 0)
        r = sg_factory_vacate(run);
    if (r == 0)
        r = sg_factory_step(run, SG_ENROLL_WRITTEN, "%s; both digests as meant",
                            run->e->psk ? "pre-shared key, its identity" : "server root, certificate");
    return r == 0 ? finish(run) : r;
}

/* A device that is enrolled: its modem must hold what the inventory says. */
static int verify(struct sg_factory_run *run)
{
    int r = sg_factory_find_cert(run, SG_CERT_ACTIVE);
    if (r < 0)
        return r;
    if (r == 0 && (r = sg_factory_psk_find(run, SG_CERT_ACTIVE)) != 0)
        return r < 0 ? r : sg_factory_psk_verify(run);
    if (r == 0)
        return sg_fail(run->err, SG_EMISMATCH, "%s is enrolled, but the inventory has no certificate of it at tag %u",
                       run->endpoint, run->r->tag);
    if (run->e->psk)
        return sg_factory_refuse(
            run, SG_EEXISTS,
            "%s is enrolled with a certificate; a pre-shared key would be a weaker identity. Leave "
            "--psk out, or replace the certificate with --renew.",
            run->endpoint);
    r = sg_factory_prepare(run);
    if (r == 0)
        r = sg_factory_compare(run);
    if (r < 0)
        return r;
    run->r->was_done = true;
    const char *who = run->r->device.identity[0] == 0 || !run->has_token ? "" : "; its identity key answers";
    return sg_factory_step(run, SG_ENROLL_WRITTEN,
                           "server root, certificate, key; as they were meant, nothing written%s%s", who,
                           run->proven ? "; the modem holds its key" : "");
}

/* Before the modem is touched; looked at again in the transaction that records the certificate. */
static int may_issue(struct sg_factory_run *run)
{
    if (run->e->psk)
        return 0;
    int r = sg_factory_may_issue(run->store, run->e->issuer.cert, run->r->device.number, run->e->now, run->err);
    run->r->refused = r == SG_EDENIED;
    return r;
}

int sg_factory_may_change(struct sg_factory_run *run)
{
    int r = sg_factory_may_trust(run);
    if (r == 0)
        r = may_issue(run);
    return r == 0 ? sg_factory_take_down(run) : r;
}

int sg_enroll(const struct sg_enroll *e, struct sg_enroll_result *result, struct sg_error *err)
{
    struct sg_error unread;
    struct sg_factory_run run = {
        .e = e, .store = e->store, .vacate = -1, .r = result, .err = err != NULL ? err : &unread};
    *result = (struct sg_enroll_result){.found = -1, .function = -1};

    int r = sg_factory_meet(&run);
    if (r == 0)
        r = sg_factory_challenge(&run);
    if (r == 0)
        r = sg_factory_look_lock(&run);
    if (r == 0)
        r = sg_factory_look(&run);
    if (r == 0)
        r = sg_factory_look_bootstrap(&run);
    bool begun = r == 0;
    if (begun && run.plan == SG_FACTORY_VERIFY) {
        r = verify(&run);
    } else if (begun) {
        r = sg_factory_may_change(&run);
        if (r == 0)
            r = change(&run);
    }
    if (run.cert.number != 0)
        result->cert = run.cert.facts;
    result->psk = run.psk.number != 0;
    if (r == 0)
        r = sg_factory_bootstrap(&run);
    if (r == 0)
        r = sg_factory_lock(&run);
    if (begun)
        sg_factory_leave(&run, r);
    return r;
}
