/* SPDX-License-Identifier: Apache-2.0 */
/* A pre-shared key instead of a certificate: made here, recorded encrypted, written, compared; and never shown. */
#include "factory/factory_internal.h"

#include <stdio.h>
#include <string.h>

/* What the modem is to hold: the key as hexadecimal text, its identity as it is (modem notes 1.3). */
struct meant {
    uint8_t key[2 * SG_PSK_KEY];
    struct sg_bytes identity;
};

static const char *const what_is[] = {[SG_CRED_PSK] = "pre-shared key", [SG_CRED_PSK_ID] = "pre-shared key's identity"};

struct search {
    struct sg_factory_run *run;
    enum sg_cert_state state;
    bool found;
};

static int take_match(void *user, const struct sg_psk_row *row)
{
    struct search *s = user;
    if (row->state == s->state && row->tag == s->run->r->tag && strcmp(row->identity, s->run->endpoint) == 0) {
        s->run->psk = *row; /* newest last */
        s->found = true;
    }
    return 0;
}

int sg_factory_psk_find(struct sg_factory_run *run, enum sg_cert_state state)
{
    struct search s = {.run = run, .state = state};
    int r = sg_store_each_psk(run->store, run->r->device.number, take_match, &s, run->err);
    return r < 0 ? r : s.found;
}

static int retire_other(void *user, const struct sg_psk_row *row)
{
    struct sg_factory_run *run = user;
    if (row->number == run->psk.number || (row->state != SG_CERT_ACTIVE && row->state != SG_CERT_ISSUED))
        return 0;
    int r = sg_store_retire_psk(run->store, row->number, run->e->now, run->err);
    return r < 0 ? r : sg_factory_audit(run, "retired", "pre-shared key is replaced, and erased from the inventory");
}

int sg_factory_psk_retire_others(struct sg_factory_run *run)
{
    return sg_store_each_psk(run->store, run->r->device.number, retire_other, run, run->err);
}

/* ----------------------------------------------------------------------------------------------- what is meant */

static int prepare(struct sg_factory_run *run, struct meant *m)
{
    struct sg_psk_secret secret;
    struct sg_buf hex = sg_buf(m->key, sizeof m->key);
    if (run->e->vault == NULL)
        return sg_fail(run->err, SG_ENOTFOUND,
                       "%s has a pre-shared key, and there is no psk.key in the home folder that opens it: restore it "
                       "from a backup",
                       run->endpoint);
    int r = sg_psk_unseal(run->e->vault, run->psk.identity, run->psk.sealed, &secret, run->err);
    if (r < 0)
        return r;
    sg_put_hex(&hex, sg_bytes(secret.key, sizeof secret.key));
    sg_wipe(&secret, sizeof secret);
    m->identity = sg_str(run->psk.identity);
    return 0;
}

static struct sg_bytes content(const struct meant *m, unsigned type)
{
    return type == SG_CRED_PSK ? sg_bytes(m->key, sizeof m->key) : m->identity;
}

static int differs(struct sg_factory_run *run, const char *what, const char *how)
{
    return sg_fail(run->err, SG_EMISMATCH, "tag %u of the modem on %s: the %s %s. %s", run->r->tag, run->e->port, what,
                   how,
                   run->plan == SG_FACTORY_VERIFY ? "Somebody changed it after it was enrolled; `signet enroll --psk "
                                                    "--renew` gives the board a new key."
                                                  : "The same command tries it again.");
}

static int compare_one(struct sg_factory_run *run, const struct meant *m, unsigned type)
{
    uint8_t digest[32];
    const struct sg_cred *c = sg_factory_cred(run, type);
    if (c == NULL)
        return differs(run, what_is[type], "is missing");
    sg_sha256(content(m, type), digest);
    return memcmp(c->sha256, digest, sizeof digest) == 0 ? 0 : differs(run, what_is[type], "is not the one meant");
}

static int compare(struct sg_factory_run *run, const struct meant *m)
{
    int r = sg_factory_list(run);
    if (r == 0)
        r = compare_one(run, m, SG_CRED_PSK_ID);
    if (r == 0)
        r = compare_one(run, m, SG_CRED_PSK);
    if (r < 0)
        return r;
    /* The application takes the certificate where there is one (modem notes 6.2). */
    if (sg_factory_cred(run, SG_CRED_CERT) != NULL || sg_factory_cred(run, SG_CRED_KEY) != NULL)
        return differs(run, "pre-shared key", "shares the tag with a certificate or its key");
    return 0;
}

/* ----------------------------------------------------------------------------------------------------- writing */

static int place_one(struct sg_factory_run *run, const struct meant *m, unsigned type)
{
    const struct sg_cred *there = sg_factory_cred(run, type);
    uint8_t digest[32];
    char doing[80];
    int r = 0;
    sg_sha256(content(m, type), digest);
    if (there != NULL && memcmp(there->sha256, digest, sizeof digest) == 0)
        return 0;
    if (there != NULL) /* whether a modem overwrites is not certain: modem notes 1.9 */
        r = sg_modem_delete(run->e->modem, run->r->tag, type);
    if (r == 0 || r == SG_ENOTFOUND)
        r = sg_modem_write(run->e->modem, run->r->tag, type, content(m, type));
    if (r == 0)
        return 0;
    (void)snprintf(doing, sizeof doing, "writing the %s to tag %u", what_is[type], run->r->tag);
    return sg_factory_modem_fail(run, r, doing);
}

static int record(struct sg_factory_run *run)
{
    int r = sg_factory_begin(run);
    if (r < 0)
        return r;
    run->psk.number = 0;
    r = sg_factory_psk_retire_others(run); /* the modem has them no more */
    if (r == 0)
        r = sg_store_add_psk(run->store, &run->psk, run->err);
    if (r == 0)
        r = sg_factory_audit(run, "issued", "pre-shared key for tag %u of the modem with IMEI %s, UUID %s", run->r->tag,
                             run->r->device.imei, run->r->device.uuid);
    return sg_factory_end(run, r);
}

/* Durable before it is written to the modem: never a key that only the modem knows. */
static int make(struct sg_factory_run *run)
{
    struct sg_psk_secret secret;
    run->psk = (struct sg_psk_row){
        .device = run->r->device.number, .state = SG_CERT_ISSUED, .tag = run->r->tag, .added = run->e->now};
    (void)snprintf(run->psk.identity, sizeof run->psk.identity, "%s", run->endpoint);
    int r = sg_psk_new(&secret, run->err);
    if (r == 0)
        r = sg_psk_seal(run->e->vault, run->psk.identity, &secret, run->psk.sealed, run->err);
    sg_wipe(&secret, sizeof secret);
    if (r == 0)
        r = record(run);
    return r < 0 ? r
                 : sg_factory_step(run, SG_ENROLL_KEY, "a pre-shared key, %d random bytes of its own; not shown",
                                   SG_PSK_KEY);
}

/* The key of an interrupted run, or a new one in an empty place. */
static int get_key(struct sg_factory_run *run)
{
    int found = run->plan == SG_FACTORY_CONTINUE ? sg_factory_psk_find(run, SG_CERT_ISSUED) : 0;
    if (found < 0)
        return found;
    bool mixed = sg_factory_cred(run, SG_CRED_CA) != NULL || sg_factory_cred(run, SG_CRED_CERT) != NULL ||
                 sg_factory_cred(run, SG_CRED_KEY) != NULL;
    int r = found == 0 || mixed ? sg_factory_clear(run) : 0;
    if (r < 0)
        return r;
    return found == 0 ? make(run) : sg_factory_step(run, SG_ENROLL_KEY, "the pre-shared key of the run before");
}

int sg_factory_psk_change(struct sg_factory_run *run)
{
    struct meant m;
    if (run->e->vault == NULL)
        return sg_fail(run->err, SG_EINVAL, "a pre-shared key needs the key that encrypts it in the inventory");
    int r = get_key(run);
    if (r == 0)
        r = prepare(run, &m);
    if (r == 0)
        r = place_one(run, &m, SG_CRED_PSK_ID);
    if (r == 0)
        r = place_one(run, &m, SG_CRED_PSK);
    if (r == 0)
        r = compare(run, &m);
    sg_wipe(&m, sizeof m);
    return r;
}

int sg_factory_psk_verify(struct sg_factory_run *run)
{
    struct meant m;
    int r = prepare(run, &m);
    if (r == 0)
        r = compare(run, &m);
    sg_wipe(&m, sizeof m);
    if (r < 0)
        return r;
    run->r->was_done = true;
    return sg_factory_step(run, SG_ENROLL_WRITTEN, "pre-shared key, its identity; as they were meant, nothing written");
}
