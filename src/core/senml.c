/* SPDX-License-Identifier: Apache-2.0 */
/* SenML in CBOR: RFC 8428 section 6, as OMA LwM2M 1.1 core section 7.4.4 uses it. */
#include "core/core_internal.h"

#include <string.h>

/* RFC 8428 table 4. */
enum {
    BASE_VERSION = -1,
    BASE_NAME = -2,
    BASE_TIME = -3,
    BASE_UNIT = -4,
    BASE_VALUE = -5,
    BASE_SUM = -6,
    NAME = 0,
    UNIT = 1,
    VALUE = 2,
    STRING = 3,
    BOOLEAN = 4,
    SUM = 5,
    TIME = 6,
    UPDATE_TIME = 7,
    DATA = 8,
};
enum { VERSION = 10 }; /* RFC 8428 section 4.4 */

/* One record as it is written, and what it takes over from those before it (section 4.6). */
struct entry {
    struct sg_bytes name;
    struct sg_value value; /* SG_NONE: there is none */
};
struct bases {
    struct sg_bytes name;
    struct sg_value value; /* SG_NONE: there is none */
};

static int set_value(struct entry *e, struct sg_value value)
{
    if (e->value.type != SG_NONE)
        return SG_EFORMAT; /* section 4.2: one value in a record */
    e->value = value;
    return 0;
}

static int known_field(struct sg_cursor *c, int64_t label, struct bases *bases, struct entry *e)
{
    struct sg_value v = {.type = SG_NONE};

    switch (label) {
    case BASE_VERSION:
        return sg_cbor_get_int(c) > VERSION ? SG_EUNSUPPORTED : 0;
    case BASE_NAME:
        bases->name = sg_cbor_get_text(c);
        return 0;
    case BASE_VALUE:
        sg_core_get_number(c, &bases->value);
        return 0;
    case NAME:
        e->name = sg_cbor_get_text(c);
        return 0;
    case VALUE:
        sg_core_get_number(c, &v);
        return set_value(e, v);
    case STRING:
        return set_value(e, (struct sg_value){.type = SG_STRING, .bytes = sg_cbor_get_text(c)});
    case BOOLEAN:
        return set_value(e, (struct sg_value){.type = SG_BOOLEAN, .b = sg_cbor_get_bool(c)});
    case DATA:
        return set_value(e, (struct sg_value){.type = SG_OPAQUE, .bytes = sg_cbor_get_bytes(c)});
    case BASE_TIME:
    case BASE_SUM:
    case SUM:
    case TIME:
    case UPDATE_TIME:
        sg_cbor_get_number(c);
        return 0;
    case BASE_UNIT:
    case UNIT:
        sg_cbor_get_text(c);
        return 0;
    default:
        sg_cbor_skip(c);
        return 0;
    }
}

/* "vlo" is LwM2M's own; an unknown name that ends with "_" must be understood (RFC 8428 section 4.4). */
static int named_field(struct sg_cursor *c, struct entry *e)
{
    struct sg_bytes label = sg_cbor_get_text(c);
    struct sg_value v = {.type = SG_OBJLNK};

    if (sg_bytes_eq_str(label, "vlo")) {
        if (sg_core_parse_link(sg_cbor_get_text(c), v.link) < 0)
            return SG_EFORMAT;
        return set_value(e, v);
    }
    sg_cbor_skip(c);
    return label.n > 0 && label.p[label.n - 1] == '_' ? SG_EUNSUPPORTED : 0;
}

static int read_entry(struct sg_cursor *c, struct bases *bases, struct entry *e)
{
    struct sg_core_items fields;

    sg_core_cbor_open(c, SG_CBOR_MAP, &fields);
    while (sg_core_cbor_more(c, &fields)) {
        int error;
        if (sg_cbor_peek(c) == SG_CBOR_TEXT) {
            error = named_field(c, e);
        } else {
            int64_t label = sg_cbor_get_int(c);
            error = c->bad ? SG_EFORMAT : known_field(c, label, bases, e);
        }
        if (error < 0)
            return error;
    }
    return c->bad ? SG_EFORMAT : 0;
}

/* Section 4.5.3: the base value is added to a number. */
static int add_base(struct sg_value *v, const struct sg_value *base)
{
    if (base->type == SG_NONE || (v->type != SG_INTEGER && v->type != SG_UNSIGNED && v->type != SG_FLOAT))
        return 0;
    if (base->type == SG_INTEGER && v->type == SG_INTEGER)
        return __builtin_add_overflow(v->i, base->i, &v->i) ? SG_EFORMAT : 0;
    struct sg_value sum = *base;
    double a = v->type == SG_INTEGER ? (double)v->i : v->type == SG_UNSIGNED ? (double)v->u : v->f;
    double b = sum.type == SG_INTEGER ? (double)sum.i : sum.type == SG_UNSIGNED ? (double)sum.u : sum.f;
    *v = (struct sg_value){.type = SG_FLOAT, .f = a + b};
    return 0;
}

/* Section 4.5.1: the name is the base name and the name, put together. */
static int resolve_name(const struct bases *bases, const struct entry *e, struct sg_path *path)
{
    uint8_t text[SG_PATH_TEXT];
    struct sg_buf name = sg_buf(text, sizeof text);

    sg_put_bytes(&name, bases->name);
    sg_put_bytes(&name, e->name);
    return name.full ? SG_EFORMAT : sg_path_parse(sg_buf_bytes(&name), path);
}

static int take(struct sg_core_reader *r, const struct bases *bases, struct entry *e)
{
    struct sg_path path;

    if (e->value.type == SG_NONE) /* a record may set bases for those that follow, and say nothing itself */
        return e->name.n == 0 ? 0 : SG_EFORMAT;
    if (resolve_name(bases, e, &path) < 0 || path.depth < 3 || add_base(&e->value, &bases->value) < 0 ||
        sg_core_fit(&path, &e->value) < 0)
        return SG_EFORMAT;
    return sg_core_add(r, &path, &e->value);
}

int sg_core_senml_read(struct sg_core_reader *r)
{
    struct sg_cursor c = sg_cursor(r->payload);
    struct sg_core_items entries;
    struct bases bases = {.value.type = SG_NONE};

    sg_core_cbor_open(&c, SG_CBOR_ARRAY, &entries);
    while (sg_core_cbor_more(&c, &entries)) {
        struct entry e = {.value.type = SG_NONE};
        int error = read_entry(&c, &bases, &e);
        if (error == 0)
            error = take(r, &bases, &e);
        if (error < 0)
            return error;
    }
    return c.bad || sg_left(&c) > 0 ? SG_EFORMAT : 0;
}

/* -------------------------------------------------------------------------------------------------------- write */

/* "/3/0/" for records below /3/0; "/3/0/9" where that is the record itself; nothing for the root. */
static void put_base_name(struct sg_buf *out, const struct sg_path *base, const struct sg_path *first)
{
    char text[SG_PATH_TEXT + 1];

    sg_path_text(base, text);
    if (!sg_path_eq(base, first))
        memcpy(text + strlen(text), "/", 2);
    sg_cbor_put_int(out, BASE_NAME);
    sg_cbor_put_text(out, sg_str(text));
}

static void put_name(struct sg_buf *out, const struct sg_path *base, const struct sg_path *path)
{
    char text[SG_PATH_TEXT];
    struct sg_path rest = {0};

    for (size_t i = base->depth; i < path->depth; i++)
        rest.id[rest.depth++] = path->id[i];
    sg_path_text(&rest, text);
    sg_cbor_put_int(out, NAME);
    sg_cbor_put_text(out, sg_str(base->depth > 0 ? text + 1 : text));
}

static void put_value(struct sg_buf *out, const struct sg_value *v)
{
    uint8_t text[12];
    struct sg_buf link = sg_buf(text, sizeof text);

    switch (v->type) {
    case SG_NONE:
        break;
    case SG_STRING:
        sg_cbor_put_int(out, STRING);
        sg_cbor_put_text(out, v->bytes);
        break;
    case SG_INTEGER:
    case SG_TIME:
        sg_cbor_put_int(out, VALUE);
        sg_cbor_put_int(out, v->i);
        break;
    case SG_UNSIGNED:
        sg_cbor_put_int(out, VALUE);
        sg_cbor_put_uint(out, v->u);
        break;
    case SG_FLOAT:
        sg_cbor_put_int(out, VALUE);
        sg_cbor_put_double(out, v->f);
        break;
    case SG_BOOLEAN:
        sg_cbor_put_int(out, BOOLEAN);
        sg_cbor_put_bool(out, v->b);
        break;
    case SG_OPAQUE:
        sg_cbor_put_int(out, DATA);
        sg_cbor_put_bytes(out, v->bytes);
        break;
    case SG_OBJLNK:
        sg_core_put_link(&link, v->link);
        sg_cbor_put_text(out, sg_str("vlo"));
        sg_cbor_put_text(out, sg_buf_bytes(&link));
        break;
    }
}

int sg_core_senml_write(const struct sg_path *base, const struct sg_record *records, size_t n, struct sg_buf *out)
{
    sg_cbor_put_array(out, n);
    for (size_t i = 0; i < n; i++) {
        bool with_base = i == 0 && base->depth > 0;
        bool with_name = !sg_path_eq(base, &records[i].path);
        sg_cbor_put_map(out, 1U + with_base + with_name);
        if (with_base)
            put_base_name(out, base, &records[i].path);
        if (with_name)
            put_name(out, base, &records[i].path);
        put_value(out, &records[i].value);
    }
    return 0;
}
