/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the modem's own identity key signed the request's message. Nordic keeps the list of those keys, not we: so
 * the key is worked out from two messages of the modem, one of them over a challenge of ours, and kept (pinned). A
 * request that comes later under the same UUID must be signed by it. Modem notes 2.3.
 */
#include "factory/factory_internal.h"

#include <openssl/rand.h>
#include <string.h>

enum { IDENTITY_KEY = -2 };

/* 0 where the key at `point` signed the message. */
static int signed_by(const uint8_t point[SG_POINT], struct sg_bytes protected_header, struct sg_bytes body,
                     struct sg_bytes payload, const uint8_t signature[64])
{
    EVP_PKEY *key = sg_key_from_point(point, NULL);
    int r = key == NULL ? SG_ECRYPTO : sg_attest_verify(key, protected_header, body, payload, signature);
    EVP_PKEY_free(key);
    return r;
}

/* A fresh token. 1, 0 where the firmware has none, or an error. */
static int get_token(struct sg_factory_run *run, struct sg_attestation *token)
{
    uint8_t challenge[16];
    if (RAND_bytes(challenge, sizeof challenge) != 1)
        return sg_fail(run->err, SG_ECRYPTO, "no random numbers for a challenge");
    int r = sg_modem_attest(run->e->modem, challenge, token);
    if (r == SG_EDENIED)
        return 0;
    if (r < 0)
        return sg_factory_modem_fail(run, r, "vouching for itself (AT%ATTESTTOKEN)");
    if (memcmp(token->nonce, challenge, sizeof challenge) != 0)
        return sg_fail(
            run->err, SG_EMISMATCH,
            "the modem on %s answers a challenge with a token for another one: it does not speak for itself. "
            "No certificate was issued.",
            run->e->port);
    if (run->r->modem.uuid[0] != '\0' && memcmp(token->uuid, run->r->modem.uuid_bytes, sizeof token->uuid) != 0)
        return sg_fail(run->err, SG_EMISMATCH,
                       "the token of the modem on %s names another device UUID than AT%%DEVICEUUID. No certificate was "
                       "issued.",
                       run->e->port);
    return 1;
}

/* The one key that may have signed both messages. */
static int work_out(struct sg_factory_run *run, const struct sg_keygen *k, const struct sg_attestation *token)
{
    uint8_t points[2][SG_POINT];
    struct sg_bytes none = sg_bytes(NULL, 0);
    if (sg_attest_recover(k->protected_header, k->body, k->payload, k->signature, points) == 0)
        for (size_t i = 0; i < 2; i++)
            if (signed_by(points[i], token->protected_header, token->body, none, token->signature) == 0) {
                memcpy(run->r->device.identity, points[i], SG_POINT);
                return 0;
            }
    return sg_fail(run->err, SG_EMISMATCH,
                   "the request and the token of the modem on %s are not signed by one key: they do not come from one "
                   "modem. No certificate was issued.",
                   run->e->port);
}

int sg_factory_attest(struct sg_factory_run *run, const struct sg_keygen *k, const char **how)
{
    const uint8_t *pinned = run->r->device.identity;
    struct sg_attestation token = {.key_id = 0};
    if (k->key_id != IDENTITY_KEY)
        return sg_fail(run->err, SG_EMISMATCH,
                       "the request of the modem on %s is signed by its key %d instead of its identity key (-2). No "
                       "certificate was issued.",
                       run->e->port, k->key_id);
    if (pinned[0] != 0) {
        *how = "signed by this modem's identity key (pinned)";
        if (signed_by(pinned, k->protected_header, k->body, k->payload, k->signature) == 0)
            return 0;
        return sg_fail(
            run->err, SG_EMISMATCH,
            "the request of the modem on %s is not signed by the identity key that %s was first seen with: it "
            "is another modem that says the same UUID. No certificate was issued.",
            run->e->port, run->r->device.uuid);
    }
    int r = get_token(run, &token);
    if (r < 0)
        return r;
    *how = r > 0 ? "signed by this modem's identity key (now pinned)"
                 : "identity key not checked: the firmware has no AT%ATTESTTOKEN";
    return r > 0 ? work_out(run, k, &token) : 0;
}
