/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AT port of a board that is done is locked with the line's key (%XPMNG, modem notes 3.4): from then on its store
 * changes only by commands that are signed with it. A board that is locked with it already is worked on by such
 * commands.
 */
#include "factory/factory_internal.h"

#include <string.h>

static int sign(void *user, const struct sg_bytes text[3], struct sg_buf *signature)
{
    return sg_key_sign(user, text, 3, signature, NULL);
}

/* 1 locked with our key, 0 not locked, or a refusal. */
static int ask(struct sg_factory_run *run)
{
    uint8_t space[1024];
    struct sg_buf pem = sg_buf(space, sizeof space);
    struct sg_fingerprint theirs, ours;
    char text[SG_FINGERPRINT_TEXT];
    int state = sg_modem_lock_state(run->e->modem, &pem);
    if (state == SG_EUNSUPPORTED)
        return sg_factory_refuse(run, state,
                                 "the AT port of the modem on %s cannot be locked: its firmware %s has no AT%%XPMNG. "
                                 "Leave lock_port out of the policy, or update the firmware.",
                                 run->e->port, run->r->modem.firmware);
    if (state < 0)
        return sg_factory_modem_fail(run, state, "telling whether its port is locked (AT%XPMNG=2)");
    if (state == 0)
        return 0;
    EVP_PKEY *key = sg_key_parse_public(sg_buf_bytes(&pem), run->err);
    bool readable = key != NULL && sg_key_fingerprint(key, &theirs) == 0;
    EVP_PKEY_free(key);
    if (readable && sg_key_fingerprint(run->e->lock_key, &ours) == 0 && memcmp(&theirs, &ours, sizeof ours) == 0)
        return 1;
    return sg_factory_refuse(run, SG_EDENIED,
                             "the AT port of the modem on %s is locked with another key (%.23s…) than the policy's. "
                             "`signet modem unlock --key FILE` removes it, by whoever has that key.",
                             run->e->port, readable ? sg_fingerprint_text(&theirs, text) : "unreadable");
}

int sg_factory_look_lock(struct sg_factory_run *run)
{
    struct sg_modem *m = run->e->modem;
    if (run->e->lock_key == NULL)
        return 0;
    m->sign = sign;
    m->user = run->e->lock_key;
    int r = ask(run);
    return r < 0 ? r : 0;
}

static int lock(struct sg_factory_run *run)
{
    uint8_t space[1024];
    struct sg_buf pem = sg_buf(space, sizeof space);
    if (sg_key_put_public(&pem, run->e->lock_key) < 0)
        return sg_fail(run->err, SG_ECRYPTO, "the key that locks ports cannot be written as a public key");
    int r = sg_modem_lock(run->e->modem, sg_buf_bytes(&pem));
    if (r < 0 && r != SG_EEXISTS)
        return sg_factory_modem_fail(run, r, "taking the key that locks its port (AT%XPMNG)");
    r = ask(run);
    if (r == 0)
        return sg_fail(run->err, SG_EMISMATCH, "the modem on %s took the key that locks its port, and tells none",
                       run->e->port);
    return r < 0 ? r : 0;
}

static int record(struct sg_factory_run *run, const char *key)
{
    const struct sg_device *d = &run->r->device;
    int r = sg_factory_begin(run);
    if (r < 0)
        return r;
    r = sg_factory_audit(run, "port-locked", "the AT port of the modem with IMEI %s, UUID %s, with the key %s", d->imei,
                         d->uuid, key);
    return sg_factory_end(run, r);
}

int sg_factory_lock(struct sg_factory_run *run)
{
    struct sg_fingerprint f;
    char key[SG_FINGERPRINT_TEXT] = "";
    if (run->e->lock_key == NULL || run->e->modem->locked)
        return 0;
    int r = run->r->was_done ? sg_factory_take_down(run) : 0;
    if (r < 0)
        return r;
    run->r->was_done = false;
    r = lock(run);
    if (r == 0 && sg_key_fingerprint(run->e->lock_key, &f) == 0)
        r = record(run, sg_fingerprint_text(&f, key));
    return r < 0 ? r : sg_factory_step(run, SG_ENROLL_LOCKED, "with the key %.23s…", key);
}
