/* SPDX-License-Identifier: Apache-2.0 */
/* Write and execute (OMA LwM2M 1.1 core sections 6.3.3 and 6.3.5). */
#include "device/device_internal.h"

static const uint32_t no_format = UINT32_MAX;

/* The format of a write's content. A client that names none for a single value (as simple CoAP tools do) means text. */
static uint8_t content_format(const struct sg_path *path, const struct sg_coap *m, enum sg_format *format)
{
    const uint32_t given = sg_coap_find_uint(m, SG_COAP_OPT_CONTENT_FORMAT, no_format);
    struct sg_bytes query;

    if (given == no_format) {
        if (m->payload.n == 0 && sg_coap_find(m, SG_COAP_OPT_URI_QUERY, &query))
            return SG_COAP_METHOD_NOT_ALLOWED; /* Write-Attributes, which this device does not offer */
        *format = SG_TEXT;
        return path->depth >= 3 ? 0 : SG_COAP_BAD_REQUEST;
    }
    if (!sg_format_known(given))
        return SG_COAP_UNSUPPORTED_FORMAT;
    *format = (enum sg_format)given;
    return path->depth >= 3 || *format == SG_SENML_CBOR || *format == SG_TLV ? 0 : SG_COAP_UNSUPPORTED_FORMAT;
}

static uint8_t content_code(int error)
{
    switch (error) {
    case SG_ENOSPC:
        return SG_COAP_TOO_LARGE;
    case SG_EUNSUPPORTED:
        return SG_COAP_UNSUPPORTED_FORMAT;
    default:
        return SG_COAP_BAD_REQUEST;
    }
}

static uint8_t judge(struct sg_lwm2m *c, const struct sg_record *record, uint64_t now)
{
    struct sg_lwm2m_target target;

    if (!sg_lwm2m_find(c, &record->path, &target) || target.resource == NULL)
        return SG_COAP_NOT_FOUND;
    if ((target.resource->ops & SG_OP_WRITE) == 0)
        return SG_COAP_METHOD_NOT_ALLOWED;
    if (target.resource->multiple != (record->path.depth == 4))
        return SG_COAP_BAD_REQUEST;
    int error = target.object->write(target.object->user, &record->path, now, &record->value, false);
    return error < 0 ? sg_lwm2m_code(error) : 0;
}

static uint8_t commit(struct sg_lwm2m *c, const struct sg_record *record, uint64_t now)
{
    struct sg_lwm2m_target target;

    sg_lwm2m_find(c, &record->path, &target);
    if (target.object->write(target.object->user, &record->path, now, &record->value, true) < 0)
        return SG_COAP_INTERNAL; /* it had said yes */
    return 0;
}

/* Replace and update are the same here: all resources that can be written are always there. */
uint8_t sg_lwm2m_write(struct sg_lwm2m *c, const struct sg_path *path, const struct sg_coap *m, uint64_t now)
{
    struct sg_buf scratch = sg_buf(c->content, sizeof c->content);
    struct sg_lwm2m_target target;
    enum sg_format format;

    if (sg_lwm2m_find(c, path, &target) && target.resource != NULL && (target.resource->ops & SG_OP_WRITE) == 0)
        return SG_COAP_METHOD_NOT_ALLOWED; /* whatever the content */
    uint8_t code = content_format(path, m, &format);
    if (code != 0)
        return code;
    int n = sg_content_read(format, path, m->payload, &scratch, c->records, SG_LWM2M_RECORDS_MAX);
    if (n <= 0)
        return content_code(n);
    for (int i = 0; i < n && code == 0; i++)
        code = judge(c, &c->records[i], now);
    for (int i = 0; i < n && code == 0; i++)
        code = commit(c, &c->records[i], now);
    if (code != 0)
        return code;
    sg_lwm2m_changed(c, path);
    return SG_COAP_CHANGED;
}

/* Core section 6.3.5: arguments are 0 to 9, each with a value in single quotes or none: 0='a',1,7='b'. */
static bool arguments_valid(struct sg_bytes v)
{
    size_t i = 0;

    while (i < v.n) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return false;
        i++;
        if (i + 1 < v.n && v.p[i] == '=' && v.p[i + 1] == '\'') {
            i += 2;
            while (i < v.n && v.p[i] != '\'' && v.p[i] >= ' ')
                i++;
            if (i == v.n || v.p[i] != '\'')
                return false;
            i++;
        }
        if (i < v.n && (v.p[i] != ',' || ++i == v.n))
            return false;
    }
    return true;
}

uint8_t sg_lwm2m_execute(struct sg_lwm2m *c, const struct sg_path *path, const struct sg_coap *m, uint64_t now)
{
    const uint32_t format = sg_coap_find_uint(m, SG_COAP_OPT_CONTENT_FORMAT, no_format);
    struct sg_lwm2m_target target;

    if (!sg_lwm2m_find(c, path, &target))
        return SG_COAP_NOT_FOUND;
    if ((target.resource->ops & SG_OP_EXECUTE) == 0)
        return SG_COAP_METHOD_NOT_ALLOWED;
    if (format != no_format && format != SG_TEXT)
        return SG_COAP_UNSUPPORTED_FORMAT;
    if (!arguments_valid(m->payload))
        return SG_COAP_BAD_REQUEST;
    int error = target.object->execute(target.object->user, path, now, m->payload);
    if (error < 0)
        return sg_lwm2m_code(error);
    const struct sg_path instance = sg_path(2, path->id[0], path->id[1], 0, 0);
    sg_lwm2m_changed(c, &instance); /* whatever it did */
    return SG_COAP_CHANGED;
}
