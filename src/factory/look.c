/* SPDX-License-Identifier: Apache-2.0 */
/* What the modem and the inventory hold at the tag, and what is therefore to be done. */
#include "factory/factory_internal.h"

#include <stdio.h>
#include <string.h>

/* The types that make up an identity at a tag: CA, certificate, key, PSK, PSK identity. Others are not ours to judge.
 */
static bool is_identity(const struct sg_cred *c)
{
    return c->type <= SG_CRED_PSK_ID;
}

int sg_factory_list_at(struct sg_factory_run *run, uint32_t tag)
{
    struct sg_cred all[16];
    int n = sg_modem_list(run->e->modem, tag, all, sizeof all / sizeof all[0]);
    if (n < 0)
        return sg_factory_modem_fail(run, n, "listing its credentials (AT%CMNG=1)");
    run->n_creds = 0;
    for (int i = 0; i < n && i < 16; i++)
        if (all[i].tag == tag && is_identity(&all[i]) && run->n_creds < SG_FACTORY_CREDS)
            run->creds[run->n_creds++] = all[i];
    return 0;
}

int sg_factory_list(struct sg_factory_run *run)
{
    return sg_factory_list_at(run, run->r->tag);
}

const struct sg_cred *sg_factory_cred(const struct sg_factory_run *run, unsigned type)
{
    for (size_t i = 0; i < run->n_creds; i++)
        if (run->creds[i].type == type)
            return &run->creds[i];
    return NULL;
}

struct search {
    struct sg_factory_run *run;
    enum sg_cert_state state;
    bool found;
};

static int take_match(void *user, const struct sg_cert_row *row)
{
    struct search *s = user;
    if (row->state == s->state && row->tag == s->run->r->tag) {
        s->run->cert = *row; /* newest last */
        s->found = true;
    }
    return 0;
}

int sg_factory_find_cert(struct sg_factory_run *run, enum sg_cert_state state)
{
    struct search s = {.run = run, .state = state};
    int r = sg_store_each_cert(run->store, SG_CERT_DEVICE, run->r->device.number, take_match, &s, run->err);
    return r < 0 ? r : s.found;
}

bool sg_factory_has_key(const struct sg_factory_run *run)
{
    static const uint8_t unknown[32];
    const struct sg_cred *key = sg_factory_cred(run, SG_CRED_KEY);
    return key != NULL && memcmp(run->cert.key_digest, unknown, sizeof unknown) != 0 &&
           memcmp(key->sha256, run->cert.key_digest, sizeof key->sha256) == 0;
}

/* Asks before something goes for good. */
static int ask(struct sg_factory_run *run, const char *what)
{
    if (run->e->may_destroy != NULL && run->e->may_destroy(run->e->user, what))
        return 0;
    return sg_factory_refuse(run, SG_EDENIED, "not allowed to destroy %s: nothing was changed", what);
}

/* --renew of a device that is enrolled or revoked, or of a modem with credentials of others. */
static int plan_replacement(struct sg_factory_run *run)
{
    char what[512], creds[320];
    run->plan = SG_FACTORY_REPLACE;
    if (run->n_creds == 0)
        return 0;
    bool ours = false;
    if (run->known) {
        bool revoked = run->r->device.state == SG_DEVICE_REVOKED;
        int r = sg_factory_find_cert(run, revoked ? SG_CERT_REVOKED : SG_CERT_ACTIVE);
        if (r < 0)
            return r;
        ours = r == 1 && sg_factory_has_key(run);
        run->cert.number = 0;
        if (ours && revoked) /* worth nothing to anybody */
            return 0;
    }
    (void)snprintf(what, sizeof what, "%s at tag %u of the modem on %s%s%s",
                   sg_factory_creds_text(run, creds, sizeof creds), run->r->tag, run->e->port,
                   ours ? ", the present identity of " : "", ours ? run->endpoint : "");
    return ask(run, what);
}

static int refuse_occupied(struct sg_factory_run *run)
{
    char creds[320];
    return sg_factory_refuse(run, SG_EEXISTS,
                             "tag %u of the modem on %s is used already, by %s, which the inventory does not know. Use "
                             "another tag (--tag), or replace what is there (--renew).",
                             run->r->tag, run->e->port, sg_factory_creds_text(run, creds, sizeof creds));
}

/* The identity goes to the other tag, which must be empty, and what is at this one goes when it is in place. */
static int plan_other_tag(struct sg_factory_run *run)
{
    uint32_t first = run->r->tag;
    run->r->tag = run->e->other_tag;
    int r = sg_factory_list(run);
    if (r < 0)
        return r;
    if (run->n_creds > 0 || run->r->tag == first)
        return refuse_occupied(run);
    run->vacate = first;
    run->plan = SG_FACTORY_BEGIN;
    return 0;
}

static bool has_only_psk(const struct sg_factory_run *run)
{
    for (size_t i = 0; i < run->n_creds; i++)
        if (run->creds[i].type != SG_CRED_PSK && run->creds[i].type != SG_CRED_PSK_ID)
            return false;
    return true;
}

/* A modem that the inventory does not know, with credentials at the tag. */
static int plan_occupied(struct sg_factory_run *run)
{
    if (run->e->renew)
        return plan_replacement(run);
    if (run->e->occupied == SG_OCCUPIED_OTHER_TAG && !(run->e->remove_psk && has_only_psk(run)))
        return plan_other_tag(run);
    if (run->e->occupied == SG_OCCUPIED_REFUSE && !(run->e->remove_psk && has_only_psk(run)))
        return refuse_occupied(run);
    run->plan = SG_FACTORY_REPLACE;
    return 0;
}

static int plan_known(struct sg_factory_run *run)
{
    const struct sg_device *d = &run->r->device;
    if (d->state == SG_DEVICE_ENROLLING && d->tag == run->r->tag) {
        run->plan = SG_FACTORY_CONTINUE;
        if (sg_factory_is_moved(run))
            run->vacate = sg_factory_first_tag(run);
        return 0;
    }
    if (run->e->renew)
        return plan_replacement(run);
    if (d->state == SG_DEVICE_REVOKED)
        return sg_factory_refuse(run, SG_EDENIED,
                                 "%s was revoked. Give the board a new identity with `signet enroll --renew`.",
                                 d->endpoint);
    run->plan = SG_FACTORY_VERIFY;
    return 0;
}

static int tell(struct sg_factory_run *run)
{
    char creds[320];
    const char *state = "";
    if (run->plan == SG_FACTORY_CONTINUE)
        state = "begun by an earlier run at";
    else if (run->plan == SG_FACTORY_VERIFY)
        state = "enrolled before at";
    else if (run->n_creds > 0)
        state = "to be replaced at";
    if (run->n_creds == 0 && run->vacate >= 0)
        return sg_factory_step(run, SG_ENROLL_STORE, "empty at tag %u; tag %u will be emptied", run->r->tag,
                               (unsigned)run->vacate);
    if (run->n_creds == 0)
        return sg_factory_step(run, SG_ENROLL_STORE, "empty at tag %u", run->r->tag);
    return sg_factory_step(run, SG_ENROLL_STORE, "%s tag %u: %s", state, run->r->tag,
                           sg_factory_creds_text(run, creds, sizeof creds));
}

int sg_factory_look(struct sg_factory_run *run)
{
    int r = sg_factory_list(run);
    if (r < 0)
        return r;
    if (run->known) {
        r = plan_known(run);
    } else if (run->n_creds == 0) {
        run->plan = SG_FACTORY_BEGIN;
    } else {
        r = plan_occupied(run);
    }
    return r < 0 ? r : tell(run);
}
