/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that must be signed (modem notes 3.4): %XPMNG keeps the public key, %XSUDO carries the command and its
 * signature. What is signed is the text after the semicolon, without AT.
 */
#include "sim_internal.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <strings.h>

enum { WRITE = 0, READ = 2, DELETE = 3, TAG_MAX = 9, SIGNATURE_MAX = 80 };

static EVP_PKEY *parse_key(struct sg_bytes pem)
{
    BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *key = in ? PEM_read_bio_PUBKEY(in, NULL, NULL, NULL) : NULL;
    char group[32] = "";

    BIO_free(in);
    if (key && (EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1 ||
                (strcasecmp(group, "prime256v1") != 0 && strcasecmp(group, "P-256") != 0))) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    ERR_clear_error();
    return key;
}

static int write_key(struct sg_sim *s, struct sg_bytes pem, uint32_t tag)
{
    if (sg_sim_store_is_closed(s))
        return SG_CME_ACTIVE;
    if (sg_sim_store_find(&s->store, tag, SG_CRED_AT_KEY))
        return sg_sim_setting_number(s, SG_SIM_XPMNG_EXISTS);
    EVP_PKEY *key = parse_key(pem);
    if (key == NULL)
        return SG_CME_BAD_PARAMETER;
    EVP_PKEY_free(key);
    return sg_sim_commit_put(s, tag, SG_CRED_AT_KEY, false, pem);
}

static int read_key(struct sg_sim *s, uint32_t tag)
{
    const struct sg_sim_entry *e = sg_sim_store_find(&s->store, tag, SG_CRED_AT_KEY);

    if (e == NULL)
        return SG_CME_NOT_FOUND;
    struct sg_buf *b = sg_sim_say(s);
    sg_put_str(b, "%XPMNG: \"");
    sg_put(b, e->content, e->len);
    sg_put_str(b, "\"");
    sg_sim_said(s);
    return SG_SIM_OK;
}

int sg_sim_xpmng(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t operation, tag = 0;
    struct sg_bytes pem;

    if (c->form != SG_SIM_SET)
        return SG_SIM_ERROR;
    if (!sg_sim_number(c, 0, READ, &operation))
        return SG_CME_BAD_PARAMETER;
    if (operation == WRITE && c->count <= 3 && sg_sim_string(c, 1, &pem) && sg_sim_optional(c, 2, TAG_MAX, &tag))
        return write_key(s, pem, (uint32_t)tag);
    if (operation == READ && c->count <= 2 && sg_sim_optional(c, 1, TAG_MAX, &tag))
        return read_key(s, (uint32_t)tag);
    return SG_CME_BAD_PARAMETER;
}

static bool is_signed(EVP_PKEY *key, struct sg_bytes text, struct sg_bytes signature)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md && EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestVerify(md, signature.p, signature.n, text.p, text.n) == 1;

    EVP_MD_CTX_free(md);
    ERR_clear_error();
    return ok;
}

/* Nothing in a signed command tells the first from the second: a modem that refuses one must remember it (520). */
static bool is_replayed(struct sg_sim *s, struct sg_bytes signature)
{
    struct sg_sim_used used;
    size_t kept = s->used_count < SG_SIM_USED ? s->used_count : SG_SIM_USED;

    if (sg_sim_is(s, SG_SIM_REPLAYED, "taken"))
        return false;
    sg_sha256(signature, used.sha256);
    for (size_t i = 0; i < kept; i++)
        if (memcmp(&s->used[i], &used, sizeof used) == 0)
            return true;
    s->used[s->used_count++ % SG_SIM_USED] = used;
    return false;
}

/* The signature is one over the text with the key of that entry; a bad modem (SG_SIM_TAKES_ANY_SIGNER) takes any. */
static bool is_authentic(struct sg_sim *s, const struct sg_sim_entry *e, struct sg_bytes text, struct sg_bytes base64)
{
    uint8_t space[SIGNATURE_MAX];
    struct sg_buf signature = sg_buf(space, sizeof space);
    EVP_PKEY *key = parse_key(sg_bytes(e->content, e->len));
    bool ok = key && sg_parse_base64(base64, &signature) == 0 && is_signed(key, text, sg_buf_bytes(&signature));

    EVP_PKEY_free(key);
    return (ok || sg_sim_fault_is(s, SG_SIM_TAKES_ANY_SIGNER)) && !is_replayed(s, base64);
}

int sg_sim_xsudo(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t length, tag = 0;
    struct sg_bytes base64;

    if (c->form != SG_SIM_SET)
        return SG_SIM_ERROR;
    if (c->count > 3 || !sg_sim_number(c, 0, SG_SIM_SERIAL_MODEM_MAX, &length) || length == 0 || length > c->rest.n ||
        !sg_sim_string(c, 1, &base64) || !sg_sim_optional(c, 2, TAG_MAX, &tag))
        return SG_CME_BAD_PARAMETER;
    const struct sg_sim_entry *e = sg_sim_store_find(&s->store, (uint32_t)tag, SG_CRED_AT_KEY);
    if (e == NULL)
        return SG_CME_NOT_FOUND;
    struct sg_bytes text = sg_bytes(c->rest.p, (size_t)length); /* extra characters are ignored */
    return is_authentic(s, e, text, base64) ? sg_sim_run_signed(s, text) : SG_CME_AUTHENTICATION;
}

static bool has_key(const struct sg_sim *s)
{
    for (size_t i = 0; i < s->store.count; i++)
        if (s->store.entries[i].type == SG_CRED_AT_KEY)
            return true;
    return false;
}

bool sg_sim_needs_signature(const struct sg_sim *s, const struct sg_sim_verb *verb, const struct sg_sim_command *c)
{
    uint64_t operation = WRITE;
    bool store = verb->handle == sg_sim_cmng, keygen = verb->handle == sg_sim_keygen;

    if ((!store && !keygen) || sg_sim_is(s, SG_SIM_RESTRICTED, "nothing") ||
        sg_sim_fault_is(s, SG_SIM_TAKES_UNSIGNED) || !has_key(s))
        return false;
    if (keygen || sg_sim_is(s, SG_SIM_RESTRICTED, "all"))
        return true;
    (void)sg_sim_number(c, 0, DELETE, &operation);
    return operation == WRITE || operation == DELETE;
}
