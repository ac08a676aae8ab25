/* SPDX-License-Identifier: Apache-2.0 */
/*
 * %KEYGEN: a key made inside the modem, and the message in which it vouches for it (modem notes, section 2):
 *
 *     base64url(body) "." base64url(18([protected, {4: key id}, payload, signature]))
 *     payload = 55799([id, device UUID, tag, digest, nonce])
 */
#include "modem/modem_internal.h"

#include <string.h>

enum { TAG_COSE_SIGN1 = 18, TAG_SELF_DESCRIBED = 55799, ALG_HEADER = 1, ALG_ES256 = -7, KID_HEADER = 4 };
enum { ID_PUBLIC_KEY = 8, ID_REQUEST = 9, SUBJECT_MAX = 256 };

/* A bstr of exactly n bytes. */
static void get_fixed(struct sg_cursor *c, uint8_t *out, size_t n)
{
    struct sg_bytes v = sg_cbor_get_bytes(c);

    if (v.n != n)
        c->bad = true;
    else
        memcpy(out, v.p, n);
}

/* A CBOR integer wrapped into a bstr, as the modem packs key ids and tags. */
static int64_t get_wrapped(struct sg_cursor *c)
{
    struct sg_cursor in = sg_cursor(sg_cbor_get_bytes(c));
    int64_t v = sg_cbor_get_int(&in);

    if (in.bad || sg_left(&in) > 0)
        c->bad = true;
    return v;
}

/* Tags above 2^31-1 may come as negative numbers (modem notes 2.3). */
static uint32_t get_tag(struct sg_cursor *c)
{
    int64_t tag = get_wrapped(c);

    if (tag < INT32_MIN || tag > UINT32_MAX)
        c->bad = true;
    return (uint32_t)tag;
}

static bool parse_payload(struct sg_keygen *k)
{
    struct sg_cursor c = sg_cursor(k->payload);

    if (sg_cbor_get_tag(&c) != TAG_SELF_DESCRIBED || sg_cbor_get_array(&c) != 5)
        return false;
    uint64_t id = sg_cbor_get_uint(&c);
    get_fixed(&c, k->uuid, sizeof k->uuid);
    k->tag = get_tag(&c);
    get_fixed(&c, k->digest, sizeof k->digest);
    get_fixed(&c, k->nonce, sizeof k->nonce);
    k->id = (unsigned)(id == ID_REQUEST || id == ID_PUBLIC_KEY ? id : 0);
    return !c.bad && sg_left(&c) == 0 && k->id != 0;
}

/* The protected header is {1: -7}: ES256, and nothing else that a verifier would have to understand. */
static bool is_es256(struct sg_bytes header)
{
    struct sg_cursor c = sg_cursor(header);

    return sg_cbor_get_map(&c) == 1 && sg_cbor_get_int(&c) == ALG_HEADER && sg_cbor_get_int(&c) == ALG_ES256 &&
           !c.bad && sg_left(&c) == 0;
}

static bool parse_cose(struct sg_bytes cose, struct sg_keygen *k)
{
    struct sg_cursor c = sg_cursor(cose);

    if (sg_cbor_get_tag(&c) != TAG_COSE_SIGN1 || sg_cbor_get_array(&c) != 4)
        return false;
    k->protected_header = sg_cbor_get_bytes(&c);
    if (!is_es256(k->protected_header) || sg_cbor_get_map(&c) != 1 || sg_cbor_get_int(&c) != KID_HEADER)
        return false;
    int64_t key_id = get_wrapped(&c);
    if (key_id < -65536 || key_id > 65535)
        return false;
    k->key_id = (int)key_id;
    k->payload = sg_cbor_get_bytes(&c);
    get_fixed(&c, k->signature, sizeof k->signature);
    return !c.bad && sg_left(&c) == 0 && parse_payload(k);
}

int sg_keygen_parse(struct sg_bytes text, struct sg_keygen *k)
{
    struct sg_buf decoded = sg_buf(k->buffer, sizeof k->buffer);
    size_t dot = 0;

    while (dot < text.n && text.p[dot] != '.')
        dot++;
    if (dot == 0 || dot == text.n)
        return SG_EFORMAT;
    int e = sg_parse_base64url(sg_bytes(text.p, dot), &decoded);
    size_t body = decoded.len;
    if (e == 0)
        e = sg_parse_base64url(sg_bytes(text.p + dot + 1, text.n - dot - 1), &decoded);
    if (e < 0)
        return e;
    k->body = sg_bytes(k->buffer, body);
    return parse_cose(sg_bytes(k->buffer + body, decoded.len - body), k) ? 0 : SG_EFORMAT;
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

int sg_modem_keygen(struct sg_modem *m, uint32_t tag, const char *subject, struct sg_keygen *k)
{
    uint8_t space[SUBJECT_MAX + 64];
    struct sg_buf command = sg_buf(space, sizeof space);
    struct keygen_reply r = {.k = k};

    if (tag > SG_TAG_MAX || (subject && !sg_modem_quotable(sg_str(subject), SUBJECT_MAX)))
        return SG_EINVAL;
    sg_put_str(&command, "AT%KEYGEN=");
    sg_put_udec(&command, tag);
    sg_put_str(&command, ",2,0");
    if (subject) {
        sg_put_str(&command, ",\"");
        sg_put_str(&command, subject);
        sg_put_str(&command, "\"");
    }
    int e = sg_modem_ask(m, &command, take_reply, &r, SG_MODEM_KEYGEN);
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
