/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second identity of the same device, for the bootstrap server: its own key and certificate at a tag of its own, made
 * after the first is in place. What is reached is in the inventory: the device's bootstrap tag before the first change
 * there, from when on everything at it is ours; the certificate as that of the first.
 */
#include "factory/factory_internal.h"

#include <string.h>

static uint32_t wanted(const struct sg_factory_run *run)
{
    uint32_t has = run->r->device.bootstrap_tag;
    return has != 0 && !(run->e->renew && run->e->bootstrap_tag != 0) ? has : run->e->bootstrap_tag;
}

static bool is_ours(const struct sg_factory_run *run)
{
    return run->known && run->r->device.bootstrap_tag == wanted(run);
}

int sg_factory_look_bootstrap(struct sg_factory_run *run)
{
    uint32_t tag = wanted(run);
    char creds[320];
    if (tag == 0 || run->e->psk)
        return 0;
    if (run->e->bootstrap_tag != 0 && tag != run->e->bootstrap_tag)
        return sg_factory_refuse(run, SG_EEXISTS,
                                 "%s has its bootstrap identity at tag %u, not at tag %u. Leave bootstrap_tag out of "
                                 "the policy, or give it new identities with --renew.",
                                 run->endpoint, tag, run->e->bootstrap_tag);
    if (tag == run->r->tag)
        return sg_factory_refuse(run, SG_EINVAL, "tag %u cannot hold both identities of %s: they need one each.", tag,
                                 run->endpoint);
    if (is_ours(run) || run->e->occupied == SG_OCCUPIED_REPLACE)
        return 0;
    struct sg_cred mine[SG_FACTORY_CREDS];
    size_t n = run->n_creds;
    memcpy(mine, run->creds, sizeof mine);
    int r = sg_factory_list_at(run, tag);
    if (r == 0 && run->n_creds > 0)
        r = sg_factory_refuse(run, SG_EEXISTS,
                              "tag %u of the modem on %s, where the bootstrap identity is to go, is used already, by "
                              "%s, which the inventory does not know. Name another bootstrap_tag in the policy, or "
                              "have it replaced (`occupied: replace`).",
                              tag, run->e->port, sg_factory_creds_text(run, creds, sizeof creds));
    memcpy(run->creds, mine, sizeof mine);
    run->n_creds = n;
    return r;
}

/* From now on everything at its tag is ours. */
static int begin(struct sg_factory_run *run)
{
    struct sg_device *d = &run->r->device;
    if (d->bootstrap_tag == run->r->tag)
        return 0;
    d->bootstrap_tag = run->r->tag;
    int r = sg_factory_begin(run);
    return r < 0 ? r : sg_factory_end(run, sg_store_update_device(run->store, d, run->err));
}

static int record(struct sg_factory_run *run)
{
    char fingerprint[SG_FINGERPRINT_TEXT];
    const struct sg_device *d = &run->r->device;
    int r = sg_store_set_cert_state(run->store, run->cert.number, SG_CERT_ACTIVE, run->err);
    if (r == 0)
        r = sg_factory_retire_others(run);
    return r < 0 ? r
                 : sg_factory_audit(run, "enrolled",
                                    "bootstrap identity: certificate %s at tag %u of the modem with IMEI %s, UUID %s",
                                    sg_fingerprint_text(&run->cert.facts.fingerprint, fingerprint), run->r->tag,
                                    d->imei, d->uuid);
}

static int change(struct sg_factory_run *run)
{
    int r = run->r->was_done ? sg_factory_may_change(run) : 0;
    run->r->was_done = false;
    if (r == 0)
        r = begin(run);
    if (r == 0)
        r = sg_factory_change_certificate(run);
    if (r == 0)
        r = sg_factory_step(run, SG_ENROLL_WRITTEN, "bootstrap identity at tag %u: server root, certificate; as meant",
                            run->r->tag);
    if (r == 0)
        r = sg_factory_begin(run);
    return r < 0 ? r : sg_factory_end(run, record(run));
}

static int verify(struct sg_factory_run *run)
{
    run->plan = SG_FACTORY_VERIFY;
    int r = sg_factory_prepare(run);
    if (r == 0)
        r = sg_factory_compare(run);
    return r < 0 ? r
                 : sg_factory_step(run, SG_ENROLL_WRITTEN, "bootstrap identity at tag %u: as it was meant%s",
                                   run->r->tag, run->proven ? "; the modem holds its key" : "");
}

static int put(struct sg_factory_run *run)
{
    int r = sg_factory_list(run);
    if (r == 0)
        r = sg_factory_find_cert(run, SG_CERT_ACTIVE);
    if (r < 0)
        return r;
    if (r == 1 && !run->e->renew)
        return verify(run);
    run->cert.number = 0;
    run->plan = is_ours(run) && !run->e->renew ? SG_FACTORY_CONTINUE : SG_FACTORY_REPLACE;
    char creds[320];
    const char *what = run->plan == SG_FACTORY_CONTINUE ? "begun by an earlier run, " : "to be replaced, ";
    r = sg_factory_step(run, SG_ENROLL_STORE, "bootstrap identity: %s%s at tag %u", run->n_creds == 0 ? "empty" : what,
                        sg_factory_creds_text(run, creds, sizeof creds), run->r->tag);
    return r < 0 ? r : change(run);
}

int sg_factory_bootstrap(struct sg_factory_run *run)
{
    uint32_t first = run->r->tag;
    if (wanted(run) == 0 || run->psk.number != 0)
        return 0;
    run->r->tag = wanted(run);
    run->cert.number = 0;
    run->proven = false;
    run->second = true;
    int r = put(run);
    if (r == 0) {
        run->r->bootstrap_tag = run->r->tag;
        run->r->bootstrap = run->cert.facts;
    }
    run->r->tag = first;
    return r;
}
