/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the modem is the one that it says, by its own identity key (modem notes 2.3): its answer to a challenge, and
 * the request's message, must be signed by it. The key comes from a list that the maker imported. For a modem that is
 * not in it, the key is worked out from those two messages and kept (pinned): from then on it is asked for.
 */
#include "factory/factory_internal.h"

#include <openssl/rand.h>
#include <string.h>

/* 0 where the key at `point` signed the message. */
static int signed_by(const uint8_t point[SG_POINT], struct sg_bytes protected_header, struct sg_bytes body,
                     struct sg_bytes payload, const uint8_t signature[64])
{
    EVP_PKEY *key = sg_key_from_point(point, NULL);
    int r = key == NULL ? SG_ECRYPTO : sg_attest_verify(key, protected_header, body, payload, signature);
    EVP_PKEY_free(key);
    return r;
}

static bool is_known(const struct sg_factory_run *run)
{
    return run->r->device.identity[0] != 0;
}

/* The maker's list comes before what was seen; where both know the modem, they must agree. */
static int ask_list(struct sg_factory_run *run)
{
    struct sg_device *d = &run->r->device;
    struct sg_identity listed;
    int r = sg_store_find_identity(run->e->store, d->uuid, &listed, run->err);
    if (r == SG_ENOTFOUND)
        return 0;
    if (r < 0)
        return r;
    if (is_known(run) && memcmp(d->identity, listed.point, sizeof d->identity) != 0)
        return sg_factory_refuse(run, SG_EMISMATCH,
                                 "the maker's list has another identity key for the modem with UUID %s than %s was "
                                 "first seen with: one of them is not what it says.",
                                 d->uuid, d->endpoint);
    memcpy(d->identity, listed.point, sizeof d->identity);
    d->identity_source = SG_IDENTITY_MAKER;
    return 0;
}

/* A fresh token into run->token; has_token stays false where the firmware has none. */
static int get_token(struct sg_factory_run *run)
{
    struct sg_attestation *token = &run->token;
    uint8_t challenge[16];
    if (RAND_bytes(challenge, sizeof challenge) != 1)
        return sg_fail(run->err, SG_ECRYPTO, "no random numbers for a challenge");
    int r = sg_modem_attest(run->e->modem, challenge, token);
    if (r == SG_EDENIED && run->e->modem->cme <= SG_CME_FAILURE) /* what a modem says to commands it does not have */
        return 0;
    if (r < 0)
        return sg_factory_modem_fail(run, r, "vouching for itself (AT%ATTESTTOKEN)");
    run->has_token = true;
    const char *what = NULL;
    if (memcmp(token->nonce, challenge, sizeof challenge) != 0)
        what = "is for another challenge: it is not fresh";
    else if (run->r->modem.uuid[0] != '\0' && memcmp(token->uuid, run->r->modem.uuid_bytes, sizeof token->uuid) != 0)
        what = "names another device UUID than AT%DEVICEUUID";
    else if (token->key_id != SG_KEY_ID_IDENTITY)
        what = "is not signed by its identity key, but by another of its keys";
    if (what == NULL)
        return 0;
    return sg_factory_refuse(run, SG_EMISMATCH,
                             "the token of the modem on %s (AT%%ATTESTTOKEN) %s. Nothing was changed, and no "
                             "certificate was issued.",
                             run->e->port, what);
}

int sg_factory_challenge(struct sg_factory_run *run)
{
    const struct sg_attestation *t = &run->token;
    int r = ask_list(run);
    if (r == 0)
        r = get_token(run);
    if (r < 0)
        return r;
    if (!run->has_token || !is_known(run) ||
        signed_by(run->r->device.identity, t->protected_header, t->body, sg_bytes(NULL, 0), t->signature) == 0)
        return 0;
    return sg_factory_refuse(run, SG_EMISMATCH,
                             "the modem on %s is not the one with UUID %s that %s: its token is signed by another "
                             "identity key. It is another modem that says the same UUID. Nothing was changed.",
                             run->e->port, run->r->device.uuid,
                             run->r->device.identity_source == SG_IDENTITY_MAKER ? "the maker's list has"
                                                                                 : "was first seen");
}

int sg_factory_may_trust(struct sg_factory_run *run)
{
    if (run->has_token || is_known(run) || run->e->unverified)
        return 0;
    return sg_factory_refuse(
        run, SG_EUNSUPPORTED,
        "the modem on %s cannot prove who it is: its firmware %s has no AT%%ATTESTTOKEN, and its identity key is "
        "not "
        "in the maker's list. Import the list (signet identities import FILE), update the firmware, or enrol it "
        "all the same with --identity-unverified.",
        run->e->port, run->r->modem.firmware);
}

/* The one key that may have signed both messages. */
static int work_out(struct sg_factory_run *run, const struct sg_keygen *k)
{
    const struct sg_attestation *t = &run->token;
    uint8_t points[2][SG_POINT];
    if (sg_attest_recover(k->protected_header, k->body, k->payload, k->signature, points) == 0)
        for (size_t i = 0; i < 2; i++)
            if (signed_by(points[i], t->protected_header, t->body, sg_bytes(NULL, 0), t->signature) == 0) {
                memcpy(run->r->device.identity, points[i], SG_POINT);
                run->r->device.identity_source = SG_IDENTITY_FIRST_SIGHT;
                return 0;
            }
    return sg_fail(run->err, SG_EMISMATCH,
                   "the request and the token of the modem on %s are not signed by one key: they do not come from one "
                   "modem. No certificate was issued.",
                   run->e->port);
}

int sg_factory_attest(struct sg_factory_run *run, const struct sg_keygen *k, const char **how)
{
    const struct sg_device *d = &run->r->device;
    if (k->key_id != SG_KEY_ID_IDENTITY)
        return sg_fail(run->err, SG_EMISMATCH,
                       "the request of the modem on %s is signed by its key %d instead of its identity key (%d). No "
                       "certificate was issued.",
                       run->e->port, k->key_id, SG_KEY_ID_IDENTITY);
    if (!is_known(run) && !run->has_token) {
        *how = "NOT CHECKED who signed it (--identity-unverified)";
        return 0;
    }
    if (!is_known(run)) {
        *how = "signed by this modem's identity key (now pinned)";
        return work_out(run, k);
    }
    *how = d->identity_source == SG_IDENTITY_MAKER ? "signed by this modem's identity key (maker's list)"
                                                   : "signed by this modem's identity key (pinned)";
    if (signed_by(d->identity, k->protected_header, k->body, k->payload, k->signature) == 0)
        return 0;
    return sg_fail(run->err, SG_EMISMATCH,
                   "the request of the modem on %s is not signed by the identity key of the modem with UUID %s (%s): "
                   "it is another modem, or its answer was altered. No certificate was issued.",
                   run->e->port, d->uuid, sg_identity_source_name(d->identity_source));
}
