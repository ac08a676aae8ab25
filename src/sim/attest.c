/* SPDX-License-Identifier: Apache-2.0 */
/* What the device's identity key vouches for, and %ATTESTTOKEN (modem notes 2.3, 3.1). */
#include "sim_internal.h"

#include <openssl/rand.h>
#include <string.h>

enum { TAG_COSE_SIGN1 = 18, TAG_SELF_DESCRIBED = 55799, ID_DEVICE_IDENTITY = 1, BODY_MAX = 2048 };

static const uint8_t es256[] = {0xA1, 0x01, 0x26}; /* {1: -7} */
static const uint8_t identity_key[] = {0x21};      /* -2 */

static void put_payload(struct sg_buf *b, struct sg_bytes payload)
{
    if (payload.n > 0)
        sg_cbor_put_bytes(b, payload);
    else
        sg_cbor_put_null(b);
}

/* ["Signature1", protected, external_aad = body, payload]: null where it is absent, which is not RFC 9052's way. */
static int sign(EVP_PKEY *key, struct sg_bytes body, struct sg_bytes payload, uint8_t signature[64])
{
    uint8_t space[BODY_MAX + 256];
    struct sg_buf b = sg_buf(space, sizeof space);

    sg_cbor_put_array(&b, 4);
    sg_cbor_put_text(&b, sg_str("Signature1"));
    sg_cbor_put_bytes(&b, sg_bytes(es256, sizeof es256));
    sg_cbor_put_bytes(&b, body);
    put_payload(&b, payload);
    return b.full ? SG_ENOSPC : sg_sim_sign(key, sg_buf_bytes(&b), signature);
}

int sg_sim_attest(struct sg_sim *s, struct sg_bytes body, struct sg_bytes payload, struct sg_buf *out)
{
    uint8_t space[512], signature[64];
    struct sg_buf cose = sg_buf(space, sizeof space);

    if (sign(s->store.identity, body, payload, signature) < 0)
        return SG_ECRYPTO;
    sg_cbor_put_tag(&cose, TAG_COSE_SIGN1);
    sg_cbor_put_array(&cose, 4);
    sg_cbor_put_bytes(&cose, sg_bytes(es256, sizeof es256));
    sg_cbor_put_map(&cose, 1);
    sg_cbor_put_int(&cose, 4);
    sg_cbor_put_bytes(&cose, sg_bytes(identity_key, sizeof identity_key));
    put_payload(&cose, payload);
    sg_cbor_put_bytes(&cose, sg_bytes(signature, sizeof signature));
    sg_put_base64url(out, body);
    sg_put_str(out, ".");
    sg_put_base64url(out, sg_buf_bytes(&cose));
    return cose.full || out->full ? SG_ENOSPC : 0;
}

void sg_sim_firmware_uuid(const struct sg_sim *s, uint8_t uuid[16])
{
    uint8_t sha[32];
    sg_sha256(sg_str(s->firmware), sha);
    memcpy(uuid, sha, 16);
    sg_sim_uuid_mark(uuid);
}

int sg_sim_attesttoken(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint8_t space[64], nonce[16], uuid[16];
    struct sg_buf body = sg_buf(space, sizeof space), challenge = sg_buf(nonce, sizeof nonce);
    struct sg_bytes text;

    if (!s->firmware_has.keygen)
        return SG_SIM_ERROR;
    if (c->form == SG_SIM_SET) {
        if (c->count != 1 || !sg_sim_string(c, 0, &text) || sg_parse_hex(text, &challenge) < 0 || challenge.len != 16)
            return SG_CME_BAD_PARAMETER;
    } else if (c->form != SG_SIM_EXECUTE) {
        return SG_SIM_ERROR;
    } else if (RAND_bytes(nonce, sizeof nonce) != 1) {
        return SG_CME_SYSTEM;
    }
    sg_sim_firmware_uuid(s, uuid);
    sg_cbor_put_tag(&body, TAG_SELF_DESCRIBED);
    sg_cbor_put_array(&body, 5);
    sg_cbor_put_uint(&body, ID_DEVICE_IDENTITY);
    sg_cbor_put_bytes(&body, sg_bytes(s->store.uuid, 16));
    sg_cbor_put_uint(&body, s->model->attested);
    sg_cbor_put_bytes(&body, sg_bytes(uuid, 16));
    sg_cbor_put_bytes(&body, sg_bytes(nonce, 16));
    struct sg_buf *b = sg_sim_say(s);
    sg_put_str(b, "%ATTESTTOKEN: \"");
    int r = sg_sim_attest(s, sg_buf_bytes(&body), sg_bytes(NULL, 0), b);
    sg_put_str(b, "\"");
    sg_sim_said(s);
    return r < 0 ? SG_CME_SYSTEM : SG_SIM_OK;
}
