/* SPDX-License-Identifier: Apache-2.0 */
/* %CMNG with the modem's rules (modem notes, section 1). */
#include "sim_internal.h"

#include <stdlib.h>
#include <string.h>

enum { WRITE = 0, LIST = 1, READ = 2, DELETE = 3, TYPE_MAX = 65535, PASSWORD_MAX = 32 };

/* What Nordic put in before it left the factory (modem notes 1.2). The digests of the two that are the same on every
 * device are those that Nordic's own tools are tested with; that of the identity key is the device's. */
struct resident {
    uint32_t tag;
    unsigned type;
    const char *sha;
    bool other; /* of a type that not every modem has; its tag is a guess */
};
static const struct resident residents[] = {
    {4294967292U, SG_CRED_NORDIC_BASE, "672E2F05962B4EFBFA8801255D87E0E0418F2DDF4DDAEFC59E9B4162F512CB63", false},
    {4294967293U, SG_CRED_NORDIC_ROOT, "2C43952EE9E000FF2ACC4E2ED0897C0A72AD5FA72C3D934E81741CBD54F05BD1", false},
    {4294967294U, SG_CRED_IDENTITY, NULL, false},
    {4294967290U, SG_CRED_OWNERSHIP, "", true},
    {4294967291U, SG_CRED_ASSET, "", true},
};
enum { RESIDENTS = sizeof residents / sizeof *residents };

static bool is_there(const struct sg_sim *s, const struct resident *r)
{
    return !r->other || sg_sim_is(s, SG_SIM_OTHER_TYPES, "listed");
}

static const struct resident *find_resident(const struct sg_sim *s, uint64_t tag, uint64_t type)
{
    for (size_t i = 0; i < RESIDENTS; i++)
        if (residents[i].tag == tag && residents[i].type == type && is_there(s, &residents[i]))
            return &residents[i];
    return NULL;
}

void sg_sim_put_upper_hex(struct sg_buf *b, struct sg_bytes v)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < v.n; i++) {
        sg_put_u8(b, (uint8_t)digits[v.p[i] >> 4]);
        sg_put_u8(b, (uint8_t)digits[v.p[i] & 15]);
    }
}

/* A line of a reply: an entry of the store, or one that the factory put in. */
struct line {
    uint32_t tag;
    unsigned type;
    uint8_t sha256[32];
};

static struct line line_of_entry(const struct sg_sim *s, const struct sg_sim_entry *e)
{
    struct line l = {.tag = e->tag, .type = e->type};

    if (e->made && sg_sim_is(s, SG_SIM_KEY_DIGEST, "private"))
        sg_sha256(sg_bytes(e->content, e->len), l.sha256);
    else if (s->firmware_has.digests && !(e->made && sg_sim_is(s, SG_SIM_KEY_DIGEST, "zero")))
        memcpy(l.sha256, e->sha256, sizeof l.sha256);
    return l;
}

static struct line line_of_resident(const struct sg_sim *s, const struct resident *r)
{
    struct line l = {.tag = r->tag, .type = r->type};
    uint8_t space[256];
    struct sg_buf spki = sg_buf(space, sizeof space), sha = sg_buf(l.sha256, sizeof l.sha256);

    if (r->sha) {
        (void)sg_parse_hex(sg_str(r->sha), &sha);
        return l;
    }
    (void)sg_sim_key_put_spki(s->store.identity, &spki);
    sg_sha256(sg_buf_bytes(&spki), l.sha256);
    return l;
}

/* `%CMNG: <tag>,<type>,"<sha>"` */
static struct sg_buf *say(struct sg_sim *s, const struct line *l)
{
    const char *comma = sg_sim_is(s, SG_SIM_LIST_BLANKS, "yes") ? ", " : ",";
    struct sg_buf *b = sg_sim_say(s);

    sg_put_str(b, "%CMNG: ");
    sg_put_udec(b, l->tag);
    sg_put_str(b, comma);
    sg_put_udec(b, l->type);
    sg_put_str(b, comma);
    sg_put_str(b, "\"");
    sg_sim_put_upper_hex(b, sg_bytes(l->sha256, sizeof l->sha256));
    sg_put_str(b, "\"");
    return b;
}

/* The order of the lines is not known (modem notes 1.4): by digest is as good as none, and the same each time. */
static int by_digest(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int o = memcmp(x->sha256, y->sha256, sizeof x->sha256);
    return o != 0 ? o : x->tag != y->tag ? (x->tag > y->tag ? 1 : -1) : (int)x->type - (int)y->type;
}

static bool wanted(uint64_t tag, uint64_t type, uint32_t its_tag, unsigned its_type)
{
    return (tag == UINT64_MAX || tag == its_tag) && (type == UINT64_MAX || type == its_type);
}

static int list(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t tag = UINT64_MAX, type = UINT64_MAX;
    size_t n = 0;

    if (!sg_sim_optional(c, 1, UINT32_MAX, &tag) || !sg_sim_optional(c, 2, TYPE_MAX, &type) || c->count > 3 ||
        (type != UINT64_MAX && tag == UINT64_MAX))
        return SG_CME_BAD_PARAMETER;
    struct line *lines = calloc(s->store.count + RESIDENTS, sizeof *lines);
    if (lines == NULL)
        return SG_CME_MEMORY_FAILURE;
    for (size_t i = 0; i < s->store.count; i++)
        if (wanted(tag, type, s->store.entries[i].tag, s->store.entries[i].type))
            lines[n++] = line_of_entry(s, &s->store.entries[i]);
    for (size_t i = 0; i < RESIDENTS; i++)
        if (is_there(s, &residents[i]) && wanted(tag, type, residents[i].tag, residents[i].type))
            lines[n++] = line_of_resident(s, &residents[i]);
    if (sg_sim_is(s, SG_SIM_LIST_ORDER, "scattered"))
        qsort(lines, n, sizeof *lines, by_digest);
    for (size_t i = 0; i < n; i++) {
        (void)say(s, &lines[i]);
        sg_sim_said(s);
    }
    free(lines);
    return SG_SIM_OK;
}

/* Tags that users may write: all up to 2^31-1, and from mfw 2.0.0 on the twenty for traffic that Nordic can decrypt. */
static bool is_users(const struct sg_sim *s, uint64_t tag)
{
    return tag <= SG_TAG_MAX || (tag <= SG_TAG_MAX + (uint64_t)SG_SIM_TEST_TAGS && s->firmware_has.decrypted_tags);
}

/* Whether what is there may be replaced. The only copy of a private key is not (modem notes 1.9). */
static bool may_overwrite(const struct sg_sim *s, uint64_t type)
{
    return sg_sim_is(s, SG_SIM_OVERWRITE, "all") || (type != SG_CRED_KEY && sg_sim_is(s, SG_SIM_OVERWRITE, "public"));
}

static int write_credential(struct sg_sim *s, const struct sg_sim_command *c, uint64_t tag, uint64_t type)
{
    struct sg_bytes content, password = {0};

    if (!sg_sim_string(c, 3, &content) || content.n == 0 || c->count > 5 ||
        (sg_sim_given(c, 4) && !sg_sim_string(c, 4, &password)))
        return SG_CME_BAD_PARAMETER;
    if (sg_sim_given(c, 4) && (password.n > PASSWORD_MAX || sg_sim_is(s, SG_SIM_PASSWORD, "refused")))
        return SG_CME_BAD_PARAMETER;
    if (!is_users(s, tag) || type > SG_CRED_PSK_ID)
        return SG_CME_NO_ACCESS;
    if (type == SG_CRED_PSK && content.n > 2 * (size_t)sg_sim_setting_number(s, SG_SIM_PSK_MAX))
        return SG_CME_BAD_PARAMETER;
    if (sg_sim_store_find(&s->store, (uint32_t)tag, (unsigned)type) && !may_overwrite(s, type))
        return SG_CME_EXISTS;
    if (s->firmware_has.validates && (type == SG_CRED_CA || type == SG_CRED_CERT) && !sg_sim_is_certificates(content))
        return SG_CME_BAD_CONTENT;
    return sg_sim_commit_put(s, (uint32_t)tag, (unsigned)type, false, content);
}

/* A public key as %XPMNG has it. What the modem would answer for its own is not known. */
static int read_identity(struct sg_sim *s, const struct resident *r)
{
    struct line l = line_of_resident(s, r);
    uint8_t space[512];
    struct sg_buf pem = sg_buf(space, sizeof space);

    if (sg_sim_key_put_public_pem(s->store.identity, &pem) < 0)
        return SG_CME_SYSTEM;
    struct sg_buf *b = say(s, &l);
    sg_put_str(b, ",\"");
    sg_put_bytes(b, sg_buf_bytes(&pem));
    sg_put_str(b, "\"");
    sg_sim_said(s);
    return SG_SIM_OK;
}

/* What may be read, and what a bad modem (SG_SIM_READS_SECRETS) gives out besides. */
static bool is_readable(const struct sg_sim *s, uint64_t type)
{
    if (type == SG_CRED_KEY || type == SG_CRED_PSK || type == SG_CRED_ENDORSEMENT)
        return sg_sim_fault_is(s, SG_SIM_READS_SECRETS);
    return type == SG_CRED_CA || type == SG_CRED_PSK_ID ||
           (type == SG_CRED_CERT && sg_sim_is(s, SG_SIM_READ_CERT, "yes"));
}

static void put_content(const struct sg_sim_entry *e, struct sg_buf *b)
{
    EVP_PKEY *key = e->made ? sg_sim_key_parse(e) : NULL;

    if (key)
        (void)sg_sim_key_put_private_pem(key, b);
    else
        sg_put(b, e->content, e->len);
    EVP_PKEY_free(key);
}

static int read_credential(struct sg_sim *s, uint64_t tag, uint64_t type)
{
    const struct resident *r = find_resident(s, tag, type);

    if (r && type == SG_CRED_IDENTITY && sg_sim_is(s, SG_SIM_READ_IDENTITY, "yes"))
        return read_identity(s, r);
    if (r)
        return sg_sim_setting_number(s, SG_SIM_READ_REFUSED);
    const struct sg_sim_entry *e = sg_sim_store_find(&s->store, (uint32_t)tag, (unsigned)type);
    if (e == NULL)
        return SG_CME_NOT_FOUND;
    if (!is_readable(s, type))
        return sg_sim_setting_number(s, SG_SIM_READ_REFUSED);
    struct line l = line_of_entry(s, e);
    struct sg_buf *b = say(s, &l);
    sg_put_str(b, ",\"");
    put_content(e, b);
    sg_put_str(b, "\"");
    sg_sim_said(s);
    return SG_SIM_OK;
}

static int delete_credential(struct sg_sim *s, uint64_t tag, uint64_t type)
{
    if (find_resident(s, tag, type))
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
    if (operation != READ && sg_sim_store_is_closed(s))
        return SG_CME_ACTIVE;
    if (!sg_sim_number(c, 1, UINT32_MAX, &tag) || !sg_sim_number(c, 2, TYPE_MAX, &type))
        return SG_CME_BAD_PARAMETER;
    if (operation == WRITE)
        return write_credential(s, c, tag, type);
    if (c->count > 3)
        return SG_CME_BAD_PARAMETER;
    return operation == READ ? read_credential(s, tag, type) : delete_credential(s, tag, type);
}
