/* SPDX-License-Identifier: Apache-2.0 */
/* What the modem's identity key signed, around %KEYGEN and %ATTESTTOKEN replies (modem notes 2.3, 3.1). */
#include "modem/modem_internal.h"

#include <string.h>

enum { TAG_COSE_SIGN1 = 18, ALG_HEADER = 1, ALG_ES256 = -7, KID_HEADER = 4 };

void sg_modem_get_fixed(struct sg_cursor *c, uint8_t *out, size_t n)
{
    struct sg_bytes v = sg_cbor_get_bytes(c);

    if (v.n != n)
        c->bad = true;
    else
        memcpy(out, v.p, n);
}

int64_t sg_modem_get_wrapped(struct sg_cursor *c)
{
    struct sg_cursor in = sg_cursor(sg_cbor_get_bytes(c));
    int64_t v = sg_cbor_get_int(&in);

    if (in.bad || sg_left(&in) > 0)
        c->bad = true;
    return v;
}

/* The protected header is {1: -7}: ES256, and nothing else that a verifier would have to understand. */
static bool is_es256(struct sg_bytes header)
{
    struct sg_cursor c = sg_cursor(header);

    return sg_cbor_get_map(&c) == 1 && sg_cbor_get_int(&c) == ALG_HEADER && sg_cbor_get_int(&c) == ALG_ES256 &&
           !c.bad && sg_left(&c) == 0;
}

static bool parse_cose(struct sg_bytes cose, struct sg_modem_vouched *v)
{
    struct sg_cursor c = sg_cursor(cose);

    if (sg_cbor_get_tag(&c) != TAG_COSE_SIGN1 || sg_cbor_get_array(&c) != 4)
        return false;
    v->protected_header = sg_cbor_get_bytes(&c);
    if (!is_es256(v->protected_header) || sg_cbor_get_map(&c) != 1 || sg_cbor_get_int(&c) != KID_HEADER)
        return false;
    int64_t key_id = sg_modem_get_wrapped(&c);
    if (key_id < -65536 || key_id > 65535)
        return false;
    v->key_id = (int)key_id;
    v->has_payload = !sg_cbor_get_null(&c);
    v->payload = v->has_payload ? sg_cbor_get_bytes(&c) : sg_bytes(NULL, 0);
    sg_modem_get_fixed(&c, v->signature, sizeof v->signature);
    return !c.bad && sg_left(&c) == 0;
}

int sg_modem_vouched_parse(struct sg_bytes text, struct sg_buf space, struct sg_modem_vouched *v)
{
    size_t dot = 0;

    while (dot < text.n && text.p[dot] != '.')
        dot++;
    if (dot == 0 || dot == text.n)
        return SG_EFORMAT;
    int e = sg_parse_base64url(sg_bytes(text.p, dot), &space);
    size_t body = space.len;
    if (e == 0)
        e = sg_parse_base64url(sg_bytes(text.p + dot + 1, text.n - dot - 1), &space);
    if (e < 0)
        return e;
    v->body = sg_bytes(space.p, body);
    return parse_cose(sg_bytes(space.p + body, space.len - body), v) ? 0 : SG_EFORMAT;
}
