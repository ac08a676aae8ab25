/* SPDX-License-Identifier: Apache-2.0 */
/* %KEYGEN: keys that are made in the modem and never leave it (modem notes, section 2). */
#include "sim_internal.h"

#include <openssl/rand.h>

enum { RESPONSE_REQUEST = 0, RESPONSE_PUBLIC_KEY = 1, TAG_SELF_DESCRIBED = 55799 };
enum { ID_PUBLIC_KEY = 8, ID_REQUEST = 9, BODY_MAX = 1024 };

struct keygen {
    uint64_t tag, type, response;
    struct sg_sim_request request;
};

static bool parse(const struct sg_sim *s, const struct sg_sim_command *c, struct keygen *k)
{
    *k = (struct keygen){
        .request = {.null_parameters = !s->firmware_has.no_null, .many_ids = sg_sim_is(s, SG_SIM_KEYGEN_IDS, "many")},
        .response = sg_sim_is(s, SG_SIM_KEYGEN_RESPONSE, "public")};
    if (c->count < 2 || c->count > 5 || !sg_sim_number(c, 0, UINT32_MAX, &k->tag) ||
        !sg_sim_number(c, 1, 65535, &k->type) || (k->type != SG_CRED_KEY && k->type != SG_CRED_ENDORSEMENT) ||
        !sg_sim_optional(c, 2, RESPONSE_PUBLIC_KEY, &k->response))
        return false;
    if (k->type == SG_CRED_KEY && !sg_sim_given(c, 2) && sg_sim_is(s, SG_SIM_KEYGEN_RESPONSE, "required"))
        return false;
    if (sg_sim_given(c, 3) && !sg_sim_string(c, 3, &k->request.attributes))
        return false;
    return !sg_sim_given(c, 4) || sg_sim_string(c, 4, &k->request.key_usage);
}

/* 55799([id, uuid, tag in a byte string, SHA-256 of the body, nonce]) */
static int put_payload(struct sg_sim *s, const struct keygen *k, unsigned id, struct sg_bytes body, struct sg_buf *b)
{
    uint8_t space[8], sha[32], nonce[16];
    struct sg_buf tag = sg_buf(space, sizeof space);

    if (RAND_bytes(nonce, sizeof nonce) != 1)
        return SG_ECRYPTO;
    sg_cbor_put_uint(&tag, k->tag);
    sg_sha256(body, sha);
    sg_cbor_put_tag(b, TAG_SELF_DESCRIBED);
    sg_cbor_put_array(b, 5);
    sg_cbor_put_uint(b, id);
    sg_cbor_put_bytes(b, sg_bytes(s->store.uuid, 16));
    sg_cbor_put_bytes(b, sg_buf_bytes(&tag));
    sg_cbor_put_bytes(b, sg_bytes(sha, sizeof sha));
    sg_cbor_put_bytes(b, sg_bytes(nonce, sizeof nonce));
    return 0;
}

static int put_reply(struct sg_sim *s, const struct keygen *k, EVP_PKEY *key, struct sg_buf *out)
{
    uint8_t body_space[BODY_MAX], payload_space[128];
    struct sg_buf body = sg_buf(body_space, sizeof body_space), payload = sg_buf(payload_space, sizeof payload_space);
    char uuid[SG_SIM_UUID_TEXT];
    bool request = k->type == SG_CRED_KEY && k->response == RESPONSE_REQUEST;
    (void)sg_sim_uuid_text(s->store.uuid, uuid);
    const char *fallback = sg_sim_is(s, SG_SIM_KEYGEN_CN, "uuid") ? uuid : NULL;
    int r = request ? sg_sim_request_make(key, uuid, fallback, &k->request, &body) : sg_sim_key_put_spki(key, &body);

    if (r == 0)
        r = put_payload(s, k, request ? ID_REQUEST : ID_PUBLIC_KEY, sg_buf_bytes(&body), &payload);
    return r < 0 ? r : sg_sim_attest(s, sg_buf_bytes(&body), sg_buf_bytes(&payload), out);
}

static int say(struct sg_sim *s, struct sg_bytes text)
{
    struct sg_buf *b = sg_sim_say(s);
    sg_put_str(b, "%KEYGEN: \"");
    sg_put_bytes(b, text);
    sg_put_str(b, "\"");
    sg_sim_said(s);
    return SG_SIM_OK;
}

static EVP_PKEY *new_key(struct sg_sim *s)
{
    if (!sg_sim_fault_is(s, SG_SIM_SAME_KEY))
        return sg_key_new(SG_P256, NULL);
    if (s->same_key == NULL)
        s->same_key = sg_key_new(SG_P256, NULL);
    return s->same_key && EVP_PKEY_up_ref(s->same_key) == 1 ? s->same_key : NULL;
}

static int make(struct sg_sim *s, const struct keygen *k, struct sg_buf *text)
{
    uint8_t space[512];
    struct sg_buf der = sg_buf(space, sizeof space);
    EVP_PKEY *key = new_key(s);
    int r = key ? put_reply(s, k, key, text) : SG_ECRYPTO;

    if (r == 0)
        r = sg_sim_key_put_pkcs8(key, &der);
    int result = r == SG_EINVAL ? SG_CME_BAD_PARAMETER : SG_CME_KEYGEN;
    if (r == 0)
        result = sg_sim_commit_put(s, (uint32_t)k->tag, (unsigned)k->type, true, sg_buf_bytes(&der));
    EVP_PKEY_free(key);
    sg_wipe(space, sizeof space);
    return result;
}

int sg_sim_keygen(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint8_t space[2048];
    struct sg_buf text = sg_buf(space, sizeof space);
    struct keygen k;

    if (c->form != SG_SIM_SET || !s->firmware_has.keygen)
        return SG_SIM_ERROR;
    if (sg_sim_store_is_closed(s))
        return SG_CME_ACTIVE;
    if (!parse(s, c, &k))
        return SG_CME_BAD_PARAMETER;
    if (k.tag > SG_TAG_MAX)
        return SG_CME_NO_ACCESS;
    const struct sg_sim_entry *e = sg_sim_store_find(&s->store, (uint32_t)k.tag, (unsigned)k.type);
    if (e && k.type == SG_CRED_KEY)
        return SG_CME_EXISTS;
    if (e == NULL) {
        int r = make(s, &k, &text);
        return r == SG_SIM_OK ? say(s, sg_buf_bytes(&text)) : r;
    }
    /* The endorsement key is made once; later the reply is of the key that is there (modem notes 2.1). */
    EVP_PKEY *key = sg_sim_key_parse(e);
    int r = key ? put_reply(s, &k, key, &text) : SG_ECRYPTO;
    EVP_PKEY_free(key);
    return r < 0 ? SG_CME_KEYGEN : say(s, sg_buf_bytes(&text));
}
