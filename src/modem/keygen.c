/* SPDX-License-Identifier: Apache-2.0 */
/*
 * %KEYGEN: a key made inside the modem, and the message in which it vouches for it (modem notes, section 2), whose
 * payload is 55799([id, device UUID, tag, digest, nonce]).
 */
#include "modem/modem_internal.h"

#include <string.h>

enum { ID_PUBLIC_KEY = 8, ID_REQUEST = 9, SUBJECT_MAX = 256 };

/* Tags above 2^31-1 may come as negative numbers (modem notes 2.3). */
static uint32_t get_tag(struct sg_cursor *c)
{
    int64_t tag = sg_modem_get_wrapped(c);

    if (tag < INT32_MIN || tag > UINT32_MAX)
        c->bad = true;
    return (uint32_t)tag;
}

static bool parse_payload(struct sg_keygen *k)
{
    struct sg_cursor c = sg_cursor(k->payload);

    if (sg_cbor_get_tag(&c) != SG_MODEM_SELF_DESCRIBED || sg_cbor_get_array(&c) != 5)
        return false;
    uint64_t id = sg_cbor_get_uint(&c);
    sg_modem_get_fixed(&c, k->uuid, sizeof k->uuid);
    k->tag = get_tag(&c);
    sg_modem_get_fixed(&c, k->digest, sizeof k->digest);
    sg_modem_get_fixed(&c, k->nonce, sizeof k->nonce);
    k->id = (unsigned)(id == ID_REQUEST || id == ID_PUBLIC_KEY ? id : 0);
    return !c.bad && sg_left(&c) == 0 && k->id != 0;
}

int sg_keygen_parse(struct sg_bytes text, struct sg_keygen *k)
{
    struct sg_modem_vouched v;
    int e = sg_modem_vouched_parse(text, sg_buf(k->buffer, sizeof k->buffer), &v);

    if (e < 0)
        return e;
    k->body = v.body;
    k->payload = v.payload;
    k->protected_header = v.protected_header;
    k->key_id = v.key_id;
    memcpy(k->signature, v.signature, sizeof k->signature);
    return parse_payload(k) ? 0 : SG_EFORMAT;
}

struct keygen_reply {
    struct sg_keygen *k;
    bool found;
};

static int take_reply(void *user, struct sg_bytes line)
{
    struct keygen_reply *r = user;
    struct sg_bytes rest, text;

    if (!sg_modem_after(line, "%KEYGEN:", &rest))
        return 0;
    if (r->found || !sg_modem_field(&rest, &text) || rest.n > 0)
        return SG_EFORMAT;
    r->found = true;
    return sg_keygen_parse(text, r->k);
}

/* Nine digits, 0 or 1: the bits of KeyUsage (modem notes 2.1). */
static bool is_usage(const char *usage)
{
    size_t n = 0;
    while (usage[n] == '0' || usage[n] == '1')
        n++;
    return n == 9 && usage[n] == '\0';
}

static void put_quoted(struct sg_buf *b, const char *text)
{
    sg_put_str(b, ",\"");
    sg_put_str(b, text);
    sg_put_str(b, "\"");
}

int sg_modem_keygen(struct sg_modem *m, uint32_t tag, const char *subject, const char *usage, struct sg_keygen *k)
{
    uint8_t space[SUBJECT_MAX + 64];
    struct sg_buf command = sg_buf(space, sizeof space);
    struct keygen_reply r = {.k = k};

    if (tag > SG_TAG_MAX || (subject && !sg_modem_quotable(sg_str(subject), SUBJECT_MAX)) ||
        (usage && !is_usage(usage)))
        return SG_EINVAL;
    sg_put_str(&command, "AT%KEYGEN=");
    sg_put_udec(&command, tag);
    sg_put_str(&command, ",2,0");
    if (subject)
        put_quoted(&command, subject);
    else if (usage)
        sg_put_str(&command, ",");
    if (usage)
        put_quoted(&command, usage);
    struct sg_modem_text text = {.head = sg_buf_bytes(&command)};
    int e = command.full ? SG_EINVAL : sg_modem_change(m, &text, take_reply, &r, SG_MODEM_KEYGEN);
    return e < 0 ? e : r.found ? 0 : SG_EFORMAT;
}

int sg_keygen_check(const struct sg_keygen *k, uint32_t tag, const uint8_t *uuid, const uint8_t digest[32],
                    const char **what)
{
    if (memcmp(k->digest, digest, sizeof k->digest) != 0)
        *what = "digest";
    else if (uuid && memcmp(k->uuid, uuid, sizeof k->uuid) != 0)
        *what = "device UUID";
    else if (k->tag != tag)
        *what = "tag";
    else
        return 0;
    return SG_EMISMATCH;
}
