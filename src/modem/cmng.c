/* SPDX-License-Identifier: Apache-2.0 */
/* %CMNG: the credential store (modem notes, section 1). */
#include "modem/modem_internal.h"

enum { COMMAND_MAX = 64 };

const char *sg_cred_type_name(unsigned type)
{
    static const char *const names[] = {
        [SG_CRED_CA] = "root CA certificate",
        [SG_CRED_CERT] = "client certificate",
        [SG_CRED_KEY] = "client private key",
        [SG_CRED_PSK] = "PSK",
        [SG_CRED_PSK_ID] = "PSK identity",
        [SG_CRED_AT_KEY] = "public key for AT commands",
        [SG_CRED_IDENTITY] = "device identity public key",
        [7] = "reserved",
        [SG_CRED_ENDORSEMENT] = "endorsement private key",
        [SG_CRED_OWNERSHIP] = "ownership public key",
        [SG_CRED_NORDIC_ROOT] = "Nordic identity root CA",
        [SG_CRED_NORDIC_BASE] = "Nordic base public key",
        [12] = "unknown",
        [SG_CRED_ASSET] = "asset encryption key",
    };
    return type < sizeof names / sizeof *names ? names[type] : "unknown";
}

/* "AT%CMNG=<operation>,<tag>,<type>" */
static void put_command(struct sg_buf *b, unsigned operation, uint32_t tag, unsigned type)
{
    sg_put_str(b, "AT%CMNG=");
    sg_put_udec(b, operation);
    sg_put_str(b, ",");
    sg_put_udec(b, tag);
    sg_put_str(b, ",");
    sg_put_udec(b, type);
}

/* "%CMNG: <tag>,<type>[,"<sha>"[,"<content>"]]". Tags reach 2^32-1, types are more than the manuals name. */
static bool parse_line(struct sg_bytes line, struct sg_cred *cred, struct sg_bytes *content)
{
    struct sg_bytes rest, sha;
    uint64_t tag, type;

    *cred = (struct sg_cred){0};
    *content = sg_bytes(NULL, 0);
    if (!sg_modem_after(line, "%CMNG:", &rest) || !sg_modem_field_number(&rest, UINT32_MAX, &tag) ||
        !sg_modem_field_number(&rest, 65535, &type))
        return false;
    cred->tag = (uint32_t)tag;
    cred->type = (unsigned)type;
    if (rest.n == 0)
        return true;
    struct sg_buf digest = sg_buf(cred->sha256, sizeof cred->sha256);
    if (!sg_modem_field(&rest, &sha) || sg_parse_hex(sha, &digest) < 0 || digest.len != sizeof cred->sha256)
        return false;
    return rest.n == 0 || (sg_modem_field(&rest, content) && rest.n == 0);
}

size_t sg_modem_write_max(const struct sg_modem *m, uint32_t tag, unsigned type)
{
    uint8_t space[COMMAND_MAX];
    struct sg_buf command = sg_buf(space, sizeof space);

    put_command(&command, 0, tag, type);
    return sg_modem_command_max(m) - command.len - sizeof ",\"\"" + 1 -
           (m->locked && m->sign ? SG_MODEM_SIGNED_MORE : 0);
}

struct listing {
    struct sg_cred *creds;
    size_t cap, n;
};

static int take_listed(void *user, struct sg_bytes line)
{
    struct listing *l = user;
    struct sg_bytes content, rest;
    struct sg_cred cred;

    if (!sg_modem_after(line, "%CMNG:", &rest))
        return 0;
    if (!parse_line(line, &cred, &content))
        return SG_EFORMAT;
    if (l->n < l->cap)
        l->creds[l->n] = cred;
    l->n++;
    return 0;
}

int sg_modem_list(struct sg_modem *m, int64_t tag, struct sg_cred *creds, size_t cap)
{
    uint8_t space[COMMAND_MAX];
    struct sg_buf command = sg_buf(space, sizeof space);
    struct listing l = {.creds = creds, .cap = cap};

    if (tag < -1 || tag > UINT32_MAX)
        return SG_EINVAL;
    sg_put_str(&command, "AT%CMNG=1");
    if (tag >= 0) {
        sg_put_str(&command, ",");
        sg_put_dec(&command, tag);
    }
    int e = sg_modem_ask(m, &command, take_listed, &l, SG_MODEM_STORE);
    return e < 0 ? e : (int)l.n;
}

int sg_modem_find(struct sg_modem *m, uint32_t tag, unsigned type, struct sg_cred *cred)
{
    uint8_t space[COMMAND_MAX];
    struct sg_buf command = sg_buf(space, sizeof space);
    struct listing l = {.creds = cred, .cap = 1};

    put_command(&command, 1, tag, type);
    int e = sg_modem_ask(m, &command, take_listed, &l, SG_MODEM_STORE);
    if (e < 0 || l.n == 0)
        return e;
    return l.n == 1 && cred->tag == tag && cred->type == type ? 1 : SG_EFORMAT;
}

int sg_modem_may_write(const struct sg_modem *m, uint32_t tag, unsigned type, struct sg_bytes content)
{
    struct sg_modem_text text = {.head = sg_str(m->locked && m->sign ? "AT%XSUDO=" : "AT%CMNG=0,"), .body = content};

    if (tag > SG_TAG_MAX || !sg_modem_quotable(content, sg_modem_write_max(m, tag, type)))
        return SG_EINVAL;
    return m->shell && !sg_modem_shell_passes(&text) ? SG_EUNSUPPORTED : 0;
}

int sg_modem_write(struct sg_modem *m, uint32_t tag, unsigned type, struct sg_bytes content)
{
    uint8_t space[COMMAND_MAX];
    struct sg_buf command = sg_buf(space, sizeof space);
    int e = sg_modem_may_write(m, tag, type, content);

    if (e < 0)
        return e;
    put_command(&command, 0, tag, type);
    sg_put_str(&command, ",\"");
    struct sg_modem_text text = {.head = sg_buf_bytes(&command), .body = content, .tail = sg_str("\"")};
    return sg_modem_change(m, &text, NULL, NULL, SG_MODEM_STORE);
}

struct reading {
    uint32_t tag;
    unsigned type;
    struct sg_buf *content;
    bool found;
};

static int take_content(void *user, struct sg_bytes line)
{
    struct reading *r = user;
    struct sg_bytes content, rest;
    struct sg_cred cred;

    if (!sg_modem_after(line, "%CMNG:", &rest))
        return 0;
    if (r->found || !parse_line(line, &cred, &content) || cred.tag != r->tag || cred.type != r->type)
        return SG_EFORMAT;
    r->found = true;
    sg_put_bytes(r->content, content);
    return r->content->full ? SG_ENOSPC : 0;
}

int sg_modem_read(struct sg_modem *m, uint32_t tag, unsigned type, struct sg_buf *content)
{
    uint8_t space[COMMAND_MAX];
    struct sg_buf command = sg_buf(space, sizeof space);
    struct reading r = {.tag = tag, .type = type, .content = content};

    put_command(&command, 2, tag, type);
    int e = sg_modem_ask(m, &command, take_content, &r, SG_MODEM_STORE);
    return e < 0 ? sg_modem_not_found(m, e) : r.found ? 0 : SG_EFORMAT;
}

int sg_modem_delete(struct sg_modem *m, uint32_t tag, unsigned type)
{
    uint8_t space[COMMAND_MAX];
    struct sg_buf command = sg_buf(space, sizeof space);

    put_command(&command, 3, tag, type);
    struct sg_modem_text text = {.head = sg_buf_bytes(&command)};
    return sg_modem_not_found(m, sg_modem_change(m, &text, NULL, NULL, SG_MODEM_STORE));
}
