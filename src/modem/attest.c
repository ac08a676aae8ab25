/* SPDX-License-Identifier: Apache-2.0 */
/* %ATTESTTOKEN: the modem says who it is, freshly (modem notes 3.1): 55799([1, UUID, type, firmware UUID, nonce]). */
#include "modem/modem_internal.h"

enum { ID_DEVICE_IDENTITY = 1 };

static bool parse_body(struct sg_attestation *a)
{
    struct sg_cursor c = sg_cursor(a->body);

    if (sg_cbor_get_tag(&c) != SG_MODEM_SELF_DESCRIBED || sg_cbor_get_array(&c) != 5 ||
        sg_cbor_get_uint(&c) != ID_DEVICE_IDENTITY)
        return false;
    sg_modem_get_fixed(&c, a->uuid, sizeof a->uuid);
    (void)sg_cbor_get_uint(&c); /* the type of device, of which new ones come with new parts */
    sg_modem_get_fixed(&c, a->firmware_uuid, sizeof a->firmware_uuid);
    sg_modem_get_fixed(&c, a->nonce, sizeof a->nonce);
    return !c.bad && sg_left(&c) == 0;
}

int sg_attestation_parse(struct sg_bytes text, struct sg_attestation *a)
{
    struct sg_modem_vouched v;
    int e = sg_modem_vouched_parse(text, sg_buf(a->buffer, sizeof a->buffer), &v);

    if (e < 0)
        return e;
    a->body = v.body;
    a->protected_header = v.protected_header;
    a->key_id = v.key_id;
    for (size_t i = 0; i < sizeof a->signature; i++)
        a->signature[i] = v.signature[i];
    return !v.has_payload && parse_body(a) ? 0 : SG_EFORMAT;
}

struct token_reply {
    struct sg_attestation *a;
    bool found;
};

static int take_reply(void *user, struct sg_bytes line)
{
    struct token_reply *r = user;
    struct sg_bytes rest, text;

    if (!sg_modem_after(line, "%ATTESTTOKEN:", &rest))
        return 0;
    if (r->found || !sg_modem_field(&rest, &text) || rest.n > 0)
        return SG_EFORMAT;
    r->found = true;
    return sg_attestation_parse(text, r->a);
}

int sg_modem_attest(struct sg_modem *m, const uint8_t challenge[16], struct sg_attestation *a)
{
    uint8_t space[64];
    struct sg_buf command = sg_buf(space, sizeof space);
    struct token_reply r = {.a = a};

    sg_put_str(&command, "AT%ATTESTTOKEN=\"");
    sg_put_hex(&command, sg_bytes(challenge, 16));
    sg_put_str(&command, "\"");
    int e = sg_modem_ask(m, &command, take_reply, &r, SG_MODEM_STORE);
    return e < 0 ? e : r.found ? 0 : SG_EFORMAT;
}
