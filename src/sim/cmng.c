/* SPDX-License-Identifier: Apache-2.0 */
/* %CMNG with the modem's rules (modem notes, section 1). */
#include "sim_internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

enum { WRITE = 0, LIST = 1, READ = 2, DELETE = 3, TYPE_MAX = 65535 };

/* The largest certificate that is taken: the modem has 4 kB for a chain (modem notes 5.3). */
enum { CERTIFICATE_MAX = 4096 };

/* What Nordic put in before it left the factory (modem notes 1.2). The digests of the two that are the same on every
 * device are those that Nordic's own tools are tested with; that of the identity key is the device's. */
struct resident {
    uint32_t tag;
    unsigned type;
    const char *sha;
};
static const struct resident residents[] = {
    {4294967292U, SG_CRED_NORDIC_BASE, "672E2F05962B4EFBFA8801255D87E0E0418F2DDF4DDAEFC59E9B4162F512CB63"},
    {4294967293U, SG_CRED_NORDIC_ROOT, "2C43952EE9E000FF2ACC4E2ED0897C0A72AD5FA72C3D934E81741CBD54F05BD1"},
    {4294967294U, SG_CRED_IDENTITY, NULL},
};

static const struct resident *find_resident(uint64_t tag, uint64_t type)
{
    for (size_t i = 0; i < sizeof residents / sizeof *residents; i++)
        if (residents[i].tag == tag && residents[i].type == type)
            return &residents[i];
    return NULL;
}

static void put_upper_hex(struct sg_buf *b, const uint8_t sha[32])
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < 32; i++) {
        sg_put_u8(b, (uint8_t)digits[sha[i] >> 4]);
        sg_put_u8(b, (uint8_t)digits[sha[i] & 15]);
    }
}

/* `%CMNG: <tag>,<type>,"<sha>` without the closing quote */
static struct sg_buf *say_entry(struct sg_sim *s, uint32_t tag, unsigned type, const uint8_t sha[32], const char *hex)
{
    struct sg_buf *b = sg_sim_say(s);
    sg_put_str(b, "%CMNG: ");
    sg_put_udec(b, tag);
    sg_put_str(b, ",");
    sg_put_udec(b, type);
    sg_put_str(b, ",\"");
    if (hex)
        sg_put_str(b, hex);
    else
        put_upper_hex(b, sha);
    sg_put_str(b, "\"");
    return b;
}

static void say_resident(struct sg_sim *s, const struct resident *r)
{
    uint8_t space[256], sha[32];
    struct sg_buf spki = sg_buf(space, sizeof space);

    (void)sg_sim_key_put_spki(s->store.identity, &spki);
    sg_sha256(sg_buf_bytes(&spki), sha);
    (void)say_entry(s, r->tag, r->type, sha, r->sha);
    sg_sim_said(s);
}

static int list(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t tag = UINT64_MAX, type = UINT64_MAX;

    if (!sg_sim_optional(c, 1, UINT32_MAX, &tag) || !sg_sim_optional(c, 2, TYPE_MAX, &type) || c->count > 3 ||
        (type != UINT64_MAX && tag == UINT64_MAX))
        return SG_CME_BAD_PARAMETER;
    for (size_t i = 0; i < s->store.count; i++) {
        const struct sg_sim_entry *e = &s->store.entries[i];
        if ((tag != UINT64_MAX && e->tag != tag) || (type != UINT64_MAX && e->type != type))
            continue;
        (void)say_entry(s, e->tag, e->type, e->sha256, NULL);
        sg_sim_said(s);
    }
    for (size_t i = 0; i < sizeof residents / sizeof *residents; i++)
        if ((tag == UINT64_MAX || residents[i].tag == tag) && (type == UINT64_MAX || residents[i].type == type))
            say_resident(s, &residents[i]);
    return SG_SIM_OK;
}

/* One or more PEM certificates and nothing that is none; blank lines may stand between. */
static bool is_certificates(struct sg_bytes content)
{
    if (content.n > CERTIFICATE_MAX)
        return false;
    BIO *in = BIO_new_mem_buf(content.p, (int)content.n);
    size_t count = 0;
    X509 *cert;
    while (in && (cert = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
        X509_free(cert);
        count++;
    }
    BIO_free(in);
    /* A block that does not parse ends the loop as the end of the text does: count the blocks that there are. */
    size_t begun = 0;
    static const char begin[] = "-----BEGIN ";
    for (size_t i = 0; i + sizeof begin - 1 <= content.n; i++)
        begun += memcmp(content.p + i, begin, sizeof begin - 1) == 0;
    ERR_clear_error();
    return count > 0 && count == begun;
}

/* Tags that users may write: all up to 2^31-1, and from mfw 2.0.0 on the twenty for traffic that Nordic can decrypt. */
static bool is_users(const struct sg_sim *s, uint64_t tag)
{
    return tag <= SG_TAG_MAX || (tag <= SG_TAG_MAX + UINT64_C(20) && sg_sim_firmware_at_least(s->firmware, 2, 0, 0));
}

static int write_credential(struct sg_sim *s, const struct sg_sim_command *c, uint64_t tag, uint64_t type)
{
    struct sg_bytes content, password;

    if (!sg_sim_string(c, 3, &content) || content.n == 0 || c->count > 5 ||
        (sg_sim_given(c, 4) && !sg_sim_string(c, 4, &password)))
        return SG_CME_BAD_PARAMETER;
    if (!is_users(s, tag) || type > SG_CRED_PSK_ID)
        return SG_CME_NO_ACCESS;
    const struct sg_sim_entry *e = sg_sim_store_find(&s->store, (uint32_t)tag, (unsigned)type);
    if (e && e->made)
        return SG_CME_EXISTS; /* the only copy of a private key is not overwritten (modem notes 1.9) */
    if (s->validates && (type == SG_CRED_CA || type == SG_CRED_CERT) && !is_certificates(content))
        return SG_CME_BAD_CONTENT;
    return sg_sim_commit_put(s, (uint32_t)tag, (unsigned)type, false, content);
}

static int read_credential(struct sg_sim *s, uint64_t tag, uint64_t type)
{
    if (find_resident(tag, type))
        return SG_CME_NO_ACCESS;
    const struct sg_sim_entry *e = sg_sim_store_find(&s->store, (uint32_t)tag, (unsigned)type);
    if (e == NULL)
        return SG_CME_NOT_FOUND;
    if (type == SG_CRED_KEY || type == SG_CRED_PSK || type == SG_CRED_ENDORSEMENT)
        return SG_CME_NO_ACCESS;
    struct sg_buf *b = say_entry(s, e->tag, e->type, e->sha256, NULL);
    sg_put_str(b, ",\"");
    sg_put(b, e->content, e->len);
    sg_put_str(b, "\"");
    sg_sim_said(s);
    return SG_SIM_OK;
}

static int delete_credential(struct sg_sim *s, uint64_t tag, uint64_t type)
{
    if (find_resident(tag, type))
        return SG_CME_NO_ACCESS;
    if (sg_sim_store_find(&s->store, (uint32_t)tag, (unsigned)type) == NULL)
        return SG_CME_NOT_FOUND;
    return sg_sim_commit_drop(s, (uint32_t)tag, (unsigned)type);
}

int sg_sim_cmng(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t operation, tag, type;

    if (c->form != SG_SIM_SET)
        return SG_SIM_ERROR;
    if (!sg_sim_number(c, 0, DELETE, &operation))
        return SG_CME_BAD_PARAMETER;
    if (operation == LIST)
        return list(s, c);
    if (operation != READ && sg_modem_function_is_active((int)s->cfun))
        return SG_CME_ACTIVE;
    if (!sg_sim_number(c, 1, UINT32_MAX, &tag) || !sg_sim_number(c, 2, TYPE_MAX, &type))
        return SG_CME_BAD_PARAMETER;
    if (operation == WRITE)
        return write_credential(s, c, tag, type);
    if (c->count > 3)
        return SG_CME_BAD_PARAMETER;
    return operation == READ ? read_credential(s, tag, type) : delete_credential(s, tag, type);
}
