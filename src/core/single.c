/* SPDX-License-Identifier: Apache-2.0 */
/* The content formats of one value: text, octets (OMA LwM2M 1.1 core sections 7.4.1 and 7.4.2) and CBOR (7.4.5). */
#include "core/core_internal.h"

enum { TAG_EPOCH = 1 }; /* RFC 8949 section 3.4.2 */

int sg_core_text_read(struct sg_core_reader *r)
{
    struct sg_value v;
    enum sg_type type = sg_core_type_of(r->base, SG_STRING);

    if (r->base->depth < 3)
        return SG_EUNSUPPORTED;
    if (type == SG_NONE)
        return SG_EFORMAT;
    if (type == SG_BOOLEAN && r->payload.n != 1) /* appendix C: "0" or "1"; the words are for people */
        return SG_EFORMAT;
    int error = sg_value_from_text(type, r->payload, r->scratch, &v);
    return error < 0 ? error : sg_core_add(r, r->base, &v);
}

int sg_core_text_write(const struct sg_value *v, struct sg_buf *out)
{
    if (v->type == SG_FLOAT && v->f - v->f != 0) /* appendix C has no text for infinities */
        return SG_EUNSUPPORTED;
    if (v->type == SG_BOOLEAN)
        sg_put_u8(out, v->b ? '1' : '0');
    else
        sg_value_put_text(out, v);
    return 0;
}

int sg_core_octets_read(struct sg_core_reader *r)
{
    struct sg_value v = {.type = SG_OPAQUE, .bytes = r->payload};

    if (r->base->depth < 3)
        return SG_EUNSUPPORTED;
    if (sg_core_type_of(r->base, SG_OPAQUE) != SG_OPAQUE)
        return SG_EFORMAT;
    return sg_core_add(r, r->base, &v);
}

int sg_core_octets_write(const struct sg_value *v, struct sg_buf *out)
{
    if (v->type != SG_OPAQUE)
        return SG_EUNSUPPORTED;
    sg_put_bytes(out, v->bytes);
    return 0;
}

void sg_core_get_number(struct sg_cursor *c, struct sg_value *v)
{
    enum sg_cbor_type type = sg_cbor_peek(c);

    if (type == SG_CBOR_NINT) {
        *v = (struct sg_value){.type = SG_INTEGER, .i = sg_cbor_get_int(c)};
    } else if (type == SG_CBOR_UINT) {
        uint64_t u = sg_cbor_get_uint(c);
        if (u <= INT64_MAX)
            *v = (struct sg_value){.type = SG_INTEGER, .i = (int64_t)u};
        else
            *v = (struct sg_value){.type = SG_UNSIGNED, .u = u};
    } else {
        *v = (struct sg_value){.type = SG_FLOAT, .f = sg_cbor_get_number(c)};
    }
}

static void get_time(struct sg_cursor *c, struct sg_value *v)
{
    if (sg_cbor_get_tag(c) != TAG_EPOCH)
        c->bad = true;
    sg_core_get_number(c, v);
    if (v->type == SG_FLOAT && !sg_core_double_to_int(v->f, &v->i)) /* no fractions of a second in LwM2M */
        c->bad = true;
    if (v->type == SG_UNSIGNED)
        c->bad = true;
    v->type = SG_TIME;
}

static void get_simple(struct sg_cursor *c, struct sg_value *v)
{
    struct sg_cursor here = *c;
    bool b = sg_cbor_get_bool(c);

    if (!c->bad) {
        *v = (struct sg_value){.type = SG_BOOLEAN, .b = b};
        return;
    }
    *c = here;
    sg_core_get_number(c, v);
}

int sg_core_cbor_read(struct sg_core_reader *r)
{
    struct sg_cursor c = sg_cursor(r->payload);
    struct sg_value v = {.type = SG_NONE};

    if (r->base->depth < 3)
        return SG_EUNSUPPORTED;
    switch (sg_cbor_peek(&c)) {
    case SG_CBOR_UINT:
    case SG_CBOR_NINT:
        sg_core_get_number(&c, &v);
        break;
    case SG_CBOR_BYTES:
        v = (struct sg_value){.type = SG_OPAQUE, .bytes = sg_cbor_get_bytes(&c)};
        break;
    case SG_CBOR_TEXT:
        v = (struct sg_value){.type = SG_STRING, .bytes = sg_cbor_get_text(&c)};
        break;
    case SG_CBOR_TAG:
        get_time(&c, &v);
        break;
    case SG_CBOR_SIMPLE:
        get_simple(&c, &v);
        break;
    case SG_CBOR_ARRAY:
    case SG_CBOR_MAP:
    case SG_CBOR_END:
        return SG_EFORMAT;
    }
    if (c.bad || sg_left(&c) > 0 || sg_core_fit(r->base, &v) < 0)
        return SG_EFORMAT;
    return sg_core_add(r, r->base, &v);
}

int sg_core_cbor_write(const struct sg_value *v, struct sg_buf *out)
{
    uint8_t text[12];
    struct sg_buf link = sg_buf(text, sizeof text);

    switch (v->type) {
    case SG_NONE:
        return SG_EINVAL;
    case SG_STRING:
        sg_cbor_put_text(out, v->bytes);
        break;
    case SG_TIME:
        sg_cbor_put_tag(out, TAG_EPOCH);
        sg_cbor_put_int(out, v->i);
        break;
    case SG_INTEGER:
        sg_cbor_put_int(out, v->i);
        break;
    case SG_UNSIGNED:
        sg_cbor_put_uint(out, v->u);
        break;
    case SG_FLOAT:
        sg_cbor_put_double(out, v->f);
        break;
    case SG_BOOLEAN:
        sg_cbor_put_bool(out, v->b);
        break;
    case SG_OPAQUE:
        sg_cbor_put_bytes(out, v->bytes);
        break;
    case SG_OBJLNK:
        sg_core_put_link(&link, v->link);
        sg_cbor_put_text(out, sg_buf_bytes(&link));
        break;
    }
    return 0;
}
