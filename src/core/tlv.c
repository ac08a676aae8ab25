/* SPDX-License-Identifier: Apache-2.0 */
/* The TLV content format: OMA LwM2M 1.1 core section 7.4.3. */
#include "core/core_internal.h"

#include <float.h>
#include <string.h>

/* Table 7.4.3: the type byte is kind (2 bits), identifier of 16 bits (1), size of the length (2), length (3). */
enum kind { INSTANCE = 0 << 6, RESOURCE_INSTANCE = 1 << 6, MULTIPLE = 2 << 6, RESOURCE = 3 << 6 };
enum { KIND = 3 << 6, LONG_ID = 1 << 5, LENGTH_8 = 1 << 3, LENGTH_16 = 2 << 3, LENGTH_24 = 3 << 3, SHORT_LENGTH = 7 };

struct tlv {
    enum kind kind;
    uint16_t id;
    struct sg_bytes value;
};

/* --------------------------------------------------------------------------------------------------------- read */

/* 1, 0 at the end, or an error. */
static int next(struct sg_cursor *c, struct tlv *t)
{
    if (sg_left(c) == 0)
        return 0;
    uint8_t type = sg_get_u8(c);
    size_t length = type & SHORT_LENGTH;
    t->kind = (enum kind)(type & KIND);
    t->id = (type & LONG_ID) != 0 ? sg_get_u16(c) : sg_get_u8(c);
    if ((type & LENGTH_24) == LENGTH_8)
        length = sg_get_u8(c);
    else if ((type & LENGTH_24) == LENGTH_16)
        length = sg_get_u16(c);
    else if ((type & LENGTH_24) == LENGTH_24)
        length = sg_get_u24(c);
    t->value = sg_get(c, length);
    if (c->bad)
        return SG_ETRUNCATED;
    return t->id == UINT16_MAX ? SG_EFORMAT : 1;
}

/* Appendix C: whole numbers have 1, 2, 4 or 8 bytes. */
static bool get_unsigned(struct sg_bytes v, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < v.n; i++)
        *out = *out << 8 | v.p[i];
    return v.n == 1 || v.n == 2 || v.n == 4 || v.n == 8;
}

static bool get_integer(struct sg_bytes v, int64_t *out)
{
    uint64_t u;

    if (!get_unsigned(v, &u))
        return false;
    uint64_t sign = (uint64_t)1 << (8 * v.n - 1);
    u = (u ^ sign) - sign; /* extends the sign */
    memcpy(out, &u, sizeof *out);
    return true;
}

static bool get_float(struct sg_bytes v, double *out)
{
    uint64_t bits;
    float single;

    if (!get_unsigned(v, &bits) || v.n < 4)
        return false;
    if (v.n == 8) {
        memcpy(out, &bits, sizeof *out);
        return true;
    }
    uint32_t bits32 = (uint32_t)bits;
    memcpy(&single, &bits32, sizeof single);
    *out = (double)single;
    return true;
}

static bool get_value(enum sg_type type, struct sg_bytes bytes, struct sg_value *v)
{
    uint64_t u;

    *v = (struct sg_value){.type = type};
    switch (type) {
    case SG_NONE:
        return false;
    case SG_STRING:
    case SG_OPAQUE:
        v->bytes = bytes;
        return type == SG_OPAQUE || sg_core_utf8(bytes);
    case SG_INTEGER:
    case SG_TIME:
        return get_integer(bytes, &v->i);
    case SG_UNSIGNED:
        return get_unsigned(bytes, &v->u);
    case SG_FLOAT:
        return get_float(bytes, &v->f);
    case SG_BOOLEAN:
        if (!get_unsigned(bytes, &u) || bytes.n != 1 || u > 1)
            return false;
        v->b = u == 1;
        return true;
    case SG_OBJLNK:
        if (!get_unsigned(bytes, &u) || bytes.n != 4)
            return false;
        v->link[0] = (uint16_t)(u >> 16);
        v->link[1] = (uint16_t)u;
        return true;
    }
    return false;
}

static int read_value(struct sg_core_reader *r, const struct sg_path *path, struct sg_bytes bytes)
{
    struct sg_value v;

    if (!get_value(sg_core_type_of(path, SG_OPAQUE), bytes, &v))
        return SG_EFORMAT;
    return sg_core_add(r, path, &v);
}

static struct sg_path below(const struct sg_path *path, uint16_t id)
{
    struct sg_path p = *path;

    p.id[p.depth++] = id;
    return p;
}

/* The resource instances within a multiple resource. */
static int read_multiple(struct sg_core_reader *r, const struct sg_path *resource, struct sg_bytes value)
{
    struct sg_cursor c = sg_cursor(value);
    struct tlv t;
    int got;

    while ((got = next(&c, &t)) > 0) {
        struct sg_path path = below(resource, t.id);
        int error = t.kind == RESOURCE_INSTANCE ? read_value(r, &path, t.value) : SG_EFORMAT;
        if (error < 0)
            return error;
    }
    return got;
}

static int read_resource(struct sg_core_reader *r, const struct sg_path *instance, const struct tlv *t)
{
    struct sg_path path = below(instance, t->id);

    if (t->kind == RESOURCE)
        return read_value(r, &path, t->value);
    return t->kind == MULTIPLE ? read_multiple(r, &path, t->value) : SG_EFORMAT;
}

static int read_instance(struct sg_core_reader *r, const struct sg_path *instance, struct sg_bytes value)
{
    struct sg_cursor c = sg_cursor(value);
    struct tlv t;
    int got;

    while ((got = next(&c, &t)) > 0) {
        int error = read_resource(r, instance, &t);
        if (error < 0)
            return error;
    }
    return got;
}

/* What may stand at the top depends on the path that was asked for; sg_core_add refuses what is beside it. */
static int read_top(struct sg_core_reader *r, const struct tlv *t)
{
    struct sg_path parent = *r->base;

    if (t->kind == INSTANCE && r->base->depth <= 2) {
        parent.depth = 1;
        struct sg_path instance = below(&parent, t->id);
        return sg_path_within(&instance, r->base) ? read_instance(r, &instance, t->value) : SG_EFORMAT;
    }
    if (r->base->depth < 2)
        return SG_EFORMAT;
    if (t->kind == RESOURCE_INSTANCE && r->base->depth >= 3) {
        parent.depth = 3;
        struct sg_path path = below(&parent, t->id);
        return read_value(r, &path, t->value);
    }
    parent.depth = 2;
    return read_resource(r, &parent, t);
}

int sg_core_tlv_read(struct sg_core_reader *r)
{
    struct sg_cursor c = sg_cursor(r->payload);
    struct tlv t;
    int got;

    if (r->base->depth == 0)
        return SG_EUNSUPPORTED; /* TLV cannot name an object */
    while ((got = next(&c, &t)) > 0) {
        int error = read_top(r, &t);
        if (error < 0)
            return error;
    }
    return got;
}

/* -------------------------------------------------------------------------------------------------------- write */

static void put_head(struct sg_buf *b, enum kind kind, uint16_t id, size_t length)
{
    unsigned type = kind;

    type |= id > UINT8_MAX ? LONG_ID : 0;
    if (length <= SHORT_LENGTH)
        type |= (unsigned)length;
    else
        type |= length <= UINT8_MAX ? LENGTH_8 : length <= UINT16_MAX ? LENGTH_16 : LENGTH_24;
    sg_put_u8(b, (uint8_t)type);
    if (id > UINT8_MAX)
        sg_put_u16(b, id);
    else
        sg_put_u8(b, (uint8_t)id);
    if (length > UINT16_MAX)
        sg_put_u24(b, (uint32_t)length);
    else if (length > UINT8_MAX)
        sg_put_u16(b, (uint16_t)length);
    else if (length > SHORT_LENGTH)
        sg_put_u8(b, (uint8_t)length);
}

/* Puts the head before what was written since `start`, now that its length is known. */
static void wrap(struct sg_buf *b, size_t start, enum kind kind, uint16_t id)
{
    uint8_t space[6];
    struct sg_buf head = sg_buf(space, sizeof space);
    size_t length = b->len - start;

    put_head(&head, kind, id, length);
    if (length >= 1U << 24)
        b->full = true;
    sg_put(b, head.p, head.len);
    if (b->full)
        return;
    memmove(b->p + start + head.len, b->p + start, length);
    memcpy(b->p + start, head.p, head.len);
}

static void put_integer(struct sg_buf *b, int64_t v)
{
    if (v >= INT8_MIN && v <= INT8_MAX)
        sg_put_u8(b, (uint8_t)v);
    else if (v >= INT16_MIN && v <= INT16_MAX)
        sg_put_u16(b, (uint16_t)v);
    else if (v >= INT32_MIN && v <= INT32_MAX)
        sg_put_u32(b, (uint32_t)v);
    else
        sg_put_u64(b, (uint64_t)v);
}

static void put_unsigned(struct sg_buf *b, uint64_t v)
{
    if (v <= UINT8_MAX)
        sg_put_u8(b, (uint8_t)v);
    else if (v <= UINT16_MAX)
        sg_put_u16(b, (uint16_t)v);
    else if (v <= UINT32_MAX)
        sg_put_u32(b, (uint32_t)v);
    else
        sg_put_u64(b, v);
}

/* Four bytes where they say the same as eight. */
static void put_float(struct sg_buf *b, double v)
{
    uint64_t bits;
    uint32_t bits32;

    if (v >= -(double)FLT_MAX && v <= (double)FLT_MAX && (double)(float)v == v) {
        float single = (float)v;
        memcpy(&bits32, &single, sizeof bits32);
        sg_put_u32(b, bits32);
        return;
    }
    memcpy(&bits, &v, sizeof bits);
    sg_put_u64(b, bits);
}

static void put_value(struct sg_buf *b, const struct sg_value *v)
{
    switch (v->type) {
    case SG_NONE:
        break;
    case SG_STRING:
    case SG_OPAQUE:
        sg_put_bytes(b, v->bytes);
        break;
    case SG_INTEGER:
    case SG_TIME:
        put_integer(b, v->i);
        break;
    case SG_UNSIGNED:
        put_unsigned(b, v->u);
        break;
    case SG_FLOAT:
        put_float(b, v->f);
        break;
    case SG_BOOLEAN:
        sg_put_u8(b, v->b ? 1 : 0);
        break;
    case SG_OBJLNK:
        sg_put_u16(b, v->link[0]);
        sg_put_u16(b, v->link[1]);
        break;
    }
}

static void put_record(struct sg_buf *b, enum kind kind, const struct sg_record *r)
{
    size_t start = b->len;

    put_value(b, &r->value);
    wrap(b, start, kind, r->path.id[r->path.depth - 1]);
}

/* The first resource of `records`, with all its instances; returns how many records that were. */
static size_t put_resource(struct sg_buf *b, const struct sg_record *records, size_t n)
{
    struct sg_path resource = records[0].path;
    const size_t start = b->len;
    size_t i = 0;

    if (resource.depth == 3) {
        put_record(b, RESOURCE, &records[0]);
        return 1;
    }
    resource.depth = 3;
    for (; i < n && sg_path_within(&records[i].path, &resource); i++)
        put_record(b, RESOURCE_INSTANCE, &records[i]);
    wrap(b, start, MULTIPLE, resource.id[2]);
    return i;
}

/* The first object instance of `records`. */
static size_t put_instance(struct sg_buf *b, const struct sg_record *records, size_t n)
{
    struct sg_path instance = records[0].path;
    const size_t start = b->len;
    size_t i = 0;

    instance.depth = 2;
    while (i < n && sg_path_within(&records[i].path, &instance))
        i += put_resource(b, records + i, n - i);
    wrap(b, start, INSTANCE, instance.id[1]);
    return i;
}

int sg_core_tlv_write(const struct sg_path *base, const struct sg_record *records, size_t n, struct sg_buf *out)
{
    if (base->depth == 0)
        return SG_EUNSUPPORTED;
    for (size_t i = 0; i < n;) {
        if (base->depth == 1)
            i += put_instance(out, records + i, n - i);
        else if (base->depth < 4)
            i += put_resource(out, records + i, n - i);
        else
            put_record(out, RESOURCE_INSTANCE, &records[i++]);
    }
    return 0;
}
