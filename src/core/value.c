/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M values as people read and write them. OMA LwM2M 1.1 core appendix C, text column. */
#include "core/core_internal.h"

void sg_core_put_link(struct sg_buf *b, const uint16_t link[2])
{
    sg_put_udec(b, link[0]);
    sg_put_u8(b, ':');
    sg_put_udec(b, link[1]);
}

int sg_core_parse_link(struct sg_bytes text, uint16_t link[2])
{
    uint64_t object, instance;
    size_t colon = 0;

    while (colon < text.n && text.p[colon] != ':')
        colon++;
    if (colon == text.n)
        return SG_EFORMAT;
    /* 65535:65535 is the null link of appendix C, so 65535 is allowed here. */
    if (sg_parse_udec(sg_bytes(text.p, colon), UINT16_MAX, &object) < 0 ||
        sg_parse_udec(sg_bytes(text.p + colon + 1, text.n - colon - 1), UINT16_MAX, &instance) < 0)
        return SG_EFORMAT;
    link[0] = (uint16_t)object;
    link[1] = (uint16_t)instance;
    return 0;
}

void sg_value_put_text(struct sg_buf *b, const struct sg_value *v)
{
    switch (v->type) {
    case SG_NONE:
        break;
    case SG_STRING:
        sg_put_bytes(b, v->bytes);
        break;
    case SG_INTEGER:
    case SG_TIME:
        sg_put_dec(b, v->i);
        break;
    case SG_UNSIGNED:
        sg_put_udec(b, v->u);
        break;
    case SG_FLOAT:
        sg_core_put_double(b, v->f);
        break;
    case SG_BOOLEAN:
        sg_put_str(b, v->b ? "true" : "false");
        break;
    case SG_OPAQUE:
        sg_put_base64(b, v->bytes);
        break;
    case SG_OBJLNK:
        sg_core_put_link(b, v->link);
        break;
    }
}

static int parse_bool(struct sg_bytes text, bool *out)
{
    *out = sg_bytes_eq_str(text, "true") || sg_bytes_eq_str(text, "1");
    return *out || sg_bytes_eq_str(text, "false") || sg_bytes_eq_str(text, "0") ? 0 : SG_EFORMAT;
}

static int parse_opaque(struct sg_bytes text, struct sg_buf *scratch, struct sg_bytes *out)
{
    size_t start = scratch->len;
    int error = sg_parse_base64(text, scratch);

    if (error == 0)
        *out = sg_bytes(scratch->p + start, scratch->len - start);
    return error;
}

int sg_value_from_text(enum sg_type type, struct sg_bytes text, struct sg_buf *scratch, struct sg_value *v)
{
    *v = (struct sg_value){.type = type};
    switch (type) {
    case SG_NONE:
        break;
    case SG_STRING:
        v->bytes = text;
        return sg_core_utf8(text) ? 0 : SG_EFORMAT;
    case SG_INTEGER:
    case SG_TIME:
        return sg_parse_dec(text, &v->i);
    case SG_UNSIGNED:
        return sg_parse_udec(text, UINT64_MAX, &v->u);
    case SG_FLOAT:
        return sg_core_parse_double(text, &v->f);
    case SG_BOOLEAN:
        return parse_bool(text, &v->b);
    case SG_OPAQUE:
        return parse_opaque(text, scratch, &v->bytes);
    case SG_OBJLNK:
        return sg_core_parse_link(text, v->link);
    }
    return SG_EINVAL;
}
