/* SPDX-License-Identifier: Apache-2.0 */
/* %JWT: a JSON web token (RFC 7519) signed by a key that never leaves the modem (modem notes 3.3). */
#include "sim_internal.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <time.h>

enum { CLAIMS_MAX = 1024, TOKEN_MAX = 2048, EXPIRY_MAX = 7 * 24 * 3600, ES256 = 0, MEMBER_MAX = 255 };

struct jwt {
    uint64_t lifetime, tag, type;
    struct sg_bytes subject, audience;
    bool own_key; /* no tag was given: the device's identity key signs */
};

/* What can stand in a JSON string as it is. */
static bool is_member(struct sg_bytes text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < 0x20 || text.p[i] > 0x7E || text.p[i] == '\\')
            return false;
    return text.n <= MEMBER_MAX;
}

static bool take_member(const struct sg_sim_command *c, size_t at, struct sg_bytes *out)
{
    return !sg_sim_given(c, at) || (sg_sim_string(c, at, out) && is_member(*out));
}

static bool parse(const struct sg_sim_command *c, struct jwt *j)
{
    uint64_t algorithm = ES256;

    *j = (struct jwt){.own_key = !sg_sim_given(c, 4)};
    if (c->count > 6 || !sg_sim_optional(c, 0, ES256, &algorithm) || !sg_sim_optional(c, 1, EXPIRY_MAX, &j->lifetime) ||
        !take_member(c, 2, &j->subject) || !take_member(c, 3, &j->audience))
        return false;
    if (j->own_key)
        return !sg_sim_given(c, 5);
    return sg_sim_number(c, 4, SG_TAG_MAX, &j->tag) && sg_sim_number(c, 5, SG_CRED_ENDORSEMENT, &j->type) &&
           (j->type == SG_CRED_KEY || j->type == SG_CRED_ENDORSEMENT);
}

static void put_member(struct sg_buf *b, const char *name, struct sg_bytes value)
{
    if (value.n == 0)
        return;
    sg_put_str(b, ",\"");
    sg_put_str(b, name);
    sg_put_str(b, "\":\"");
    sg_put_bytes(b, value);
    sg_put_str(b, "\"");
}

/* {"iss":"nRF9151.<device UUID>","jti":"nRF9151.<firmware UUID>.<random>", …} */
static int put_claims(const struct sg_sim *s, const struct jwt *j, struct sg_buf *b)
{
    uint8_t firmware[16], random[16];
    char text[SG_SIM_UUID_TEXT];

    if (RAND_bytes(random, sizeof random) != 1)
        return SG_ECRYPTO;
    sg_sim_firmware_uuid(s, firmware);
    sg_put_str(b, "{\"iss\":\"");
    sg_put_str(b, s->model->option);
    sg_put_str(b, ".");
    sg_put_str(b, sg_sim_uuid_text(s->store.uuid, text));
    sg_put_str(b, "\",\"jti\":\"");
    sg_put_str(b, s->model->option);
    sg_put_str(b, ".");
    sg_put_str(b, sg_sim_uuid_text(firmware, text));
    sg_put_str(b, ".");
    sg_put_hex(b, sg_bytes(random, sizeof random));
    sg_put_str(b, "\"");
    if (j->lifetime > 0 && s->knows_time) {
        uint64_t now = (uint64_t)time(NULL);
        sg_put_str(b, ",\"iat\":");
        sg_put_udec(b, now);
        sg_put_str(b, ",\"exp\":");
        sg_put_udec(b, now + j->lifetime);
    }
    put_member(b, "sub", j->subject);
    put_member(b, "aud", j->audience);
    sg_put_str(b, "}");
    return b->full ? SG_ENOSPC : 0;
}

static int put_token(const struct sg_sim *s, const struct jwt *j, EVP_PKEY *key, struct sg_buf *out)
{
    uint8_t space[CLAIMS_MAX], signature[64];
    struct sg_buf claims = sg_buf(space, sizeof space);
    int r = put_claims(s, j, &claims);

    if (r < 0)
        return r;
    sg_put_base64url(out, sg_str("{\"typ\":\"JWT\",\"alg\":\"ES256\"}"));
    sg_put_str(out, ".");
    sg_put_base64url(out, sg_buf_bytes(&claims));
    r = out->full ? SG_ENOSPC : sg_sim_sign(key, sg_buf_bytes(out), signature);
    sg_put_str(out, ".");
    sg_put_base64url(out, sg_bytes(signature, sizeof signature));
    return r < 0 ? r : out->full ? SG_ENOSPC : 0;
}

static int say(struct sg_sim *s, const struct jwt *j, EVP_PKEY *key)
{
    uint8_t space[TOKEN_MAX];
    struct sg_buf token = sg_buf(space, sizeof space);

    if (!EVP_PKEY_is_a(key, "EC"))
        return SG_CME_NO_ACCESS;
    if (put_token(s, j, key, &token) < 0)
        return SG_CME_JWT;
    struct sg_buf *b = sg_sim_say(s);
    sg_put_str(b, "%JWT: \"");
    sg_put_bytes(b, sg_buf_bytes(&token));
    sg_put_str(b, "\"");
    sg_sim_said(s);
    return SG_SIM_OK;
}

int sg_sim_jwt(struct sg_sim *s, const struct sg_sim_command *c)
{
    struct jwt j;

    if ((c->form != SG_SIM_EXECUTE && c->form != SG_SIM_SET) || !s->firmware_has.keygen)
        return SG_SIM_ERROR;
    if (!parse(c, &j))
        return SG_CME_BAD_PARAMETER;
    if (j.own_key)
        return say(s, &j, s->store.identity);
    const struct sg_sim_entry *e = sg_sim_store_find(&s->store, (uint32_t)j.tag, (unsigned)j.type);
    if (e == NULL)
        return SG_CME_NOT_FOUND;
    EVP_PKEY *key = sg_sim_key_parse(e);
    int r = key ? say(s, &j, key) : SG_CME_NO_ACCESS;
    EVP_PKEY_free(key);
    return r;
}
