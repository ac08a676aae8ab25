/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M content formats: the choice among them, and what they have in common. OMA LwM2M 1.1 core section 7.4. */
#include "core/core_internal.h"

enum sg_type sg_core_type_of(const struct sg_path *path, enum sg_type unknown)
{
    const struct sg_resource_def *def = sg_resource(path->id[0], path->id[2]);

    return def != NULL ? def->type : unknown;
}

int sg_core_add(struct sg_core_reader *r, const struct sg_path *path, const struct sg_value *value)
{
    if (path->depth < 3 || !sg_path_within(path, r->base))
        return SG_EFORMAT;
    if (r->count == r->cap)
        return SG_ENOSPC;
    r->records[r->count++] = (struct sg_record){*path, *value};
    return 0;
}

static int fit_integer(struct sg_value *v)
{
    if (v->type == SG_INTEGER)
        return 0;
    if (v->type == SG_FLOAT && sg_core_double_to_int(v->f, &v->i))
        return 0;
    return SG_EFORMAT;
}

static int fit_unsigned(struct sg_value *v)
{
    if (fit_integer(v) < 0 || v->i < 0)
        return SG_EFORMAT;
    v->u = (uint64_t)v->i;
    return 0;
}

static int fit_float(struct sg_value *v)
{
    if (v->type == SG_INTEGER)
        v->f = (double)v->i;
    else if (v->type == SG_UNSIGNED)
        v->f = (double)v->u;
    else
        return SG_EFORMAT;
    return 0;
}

int sg_core_fit(const struct sg_path *path, struct sg_value *v)
{
    enum sg_type type = sg_core_type_of(path, v->type);
    int error = SG_EFORMAT;

    if (type == v->type && type != SG_NONE)
        return 0;
    if (type == SG_INTEGER || type == SG_TIME)
        error = fit_integer(v);
    else if (type == SG_UNSIGNED)
        error = fit_unsigned(v);
    else if (type == SG_FLOAT)
        error = fit_float(v);
    else if (type == SG_OBJLNK && v->type == SG_STRING)
        error = sg_core_parse_link(v->bytes, v->link);
    if (error == 0)
        v->type = type;
    return error;
}

bool sg_format_known(uint32_t format)
{
    return format == SG_TEXT || format == SG_OCTETS || format == SG_CBOR || format == SG_SENML_CBOR || format == SG_TLV;
}

int sg_content_read(enum sg_format format, const struct sg_path *base, struct sg_bytes payload, struct sg_buf *scratch,
                    struct sg_record *records, size_t cap)
{
    struct sg_core_reader r = {base, payload, scratch, records, 0, cap < INT32_MAX ? cap : INT32_MAX};
    int error = SG_EUNSUPPORTED;

    if (base->depth > 4)
        return SG_EINVAL;
    switch (format) {
    case SG_TEXT:
        error = sg_core_text_read(&r);
        break;
    case SG_OCTETS:
        error = sg_core_octets_read(&r);
        break;
    case SG_CBOR:
        error = sg_core_cbor_read(&r);
        break;
    case SG_SENML_CBOR:
        error = sg_core_senml_read(&r);
        break;
    case SG_TLV:
        error = sg_core_tlv_read(&r);
        break;
    case SG_LINK:
    case SG_SENML_JSON:
    case SG_JSON:
        break;
    }
    return error < 0 ? error : (int)r.count;
}

/* Below 0, 0, above 0, as memcmp: paths in the order of their numbers, a resource before its instances. */
static int compare(const struct sg_path *a, const struct sg_path *b)
{
    for (size_t i = 0; i < 4; i++) {
        if (i == a->depth || i == b->depth)
            return a->depth - b->depth;
        if (a->id[i] != b->id[i])
            return a->id[i] - b->id[i];
    }
    return 0;
}

/* Within the base, with a value each, in ascending order; a resource has a value or instances, not both. */
static int check(const struct sg_path *base, const struct sg_record *records, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct sg_path *path = &records[i].path;
        if (path->depth < 3 || path->depth > 4 || !sg_path_within(path, base) || records[i].value.type == SG_NONE)
            return SG_EINVAL;
        if (i > 0 && (compare(&records[i - 1].path, path) >= 0 || sg_path_within(path, &records[i - 1].path)))
            return SG_EINVAL;
    }
    return 0;
}

static int write_as(enum sg_format format, const struct sg_path *base, const struct sg_record *records, size_t n,
                    struct sg_buf *out)
{
    bool one_value = n == 1 && sg_path_eq(&records[0].path, base);

    switch (format) {
    case SG_TEXT:
        return one_value ? sg_core_text_write(&records[0].value, out) : SG_EUNSUPPORTED;
    case SG_OCTETS:
        return one_value ? sg_core_octets_write(&records[0].value, out) : SG_EUNSUPPORTED;
    case SG_CBOR:
        return one_value ? sg_core_cbor_write(&records[0].value, out) : SG_EUNSUPPORTED;
    case SG_SENML_CBOR:
        return sg_core_senml_write(base, records, n, out);
    case SG_TLV:
        return sg_core_tlv_write(base, records, n, out);
    case SG_LINK:
    case SG_SENML_JSON:
    case SG_JSON:
        break;
    }
    return SG_EUNSUPPORTED;
}

int sg_content_write(enum sg_format format, const struct sg_path *base, const struct sg_record *records, size_t n,
                     struct sg_buf *out)
{
    int error = check(base, records, n);

    if (error == 0)
        error = write_as(format, base, records, n, out);
    if (error == 0 && out->full)
        error = SG_ENOSPC;
    return error;
}
