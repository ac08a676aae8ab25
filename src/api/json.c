/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M values, records and links as JSON, and what devices sent, read into it. */
#include "api/api_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_RECORDS = 400 }; /* one of them takes 10 bytes of a payload at least; a payload has 4,096 at most */

static json_t *base64(struct sg_bytes v)
{
    size_t cap = (v.n + 2) / 3 * 4;
    char *text = malloc(cap + 1);
    if (text == NULL)
        return NULL;
    struct sg_buf b = sg_buf(text, cap);
    sg_put_base64(&b, v);
    json_t *json = json_stringn(text, b.len);
    free(text);
    return json;
}

json_t *sg_api_json_text(struct sg_bytes v)
{
    json_t *text = NULL;
    if (v.n == 0)
        return json_string("");
    if (memchr(v.p, 0, v.n) == NULL)
        text = json_stringn((const char *)v.p, v.n);
    return text != NULL ? text : base64(v);
}

json_t *sg_api_json_sentence(const char *text)
{
    json_t *json = json_string(text);
    if (json != NULL)
        return json;
    char ascii[1000];
    size_t n = 0;
    for (; text[n] != '\0' && n < sizeof ascii - 1; n++) {
        ascii[n] = '?';
        if ((unsigned char)text[n] < 0x80)
            ascii[n] = text[n];
    }
    return json_stringn(ascii, n);
}

json_t *sg_api_json_time(int64_t when)
{
    time_t t = (time_t)when;
    struct tm tm;
    char text[32];

    if (when == 0 || gmtime_r(&t, &tm) == NULL || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return json_null();
    return json_string(text);
}

const char *sg_api_type_name(enum sg_type type)
{
    switch (type) {
    case SG_STRING:
        return "string";
    case SG_INTEGER:
        return "integer";
    case SG_UNSIGNED:
        return "unsigned";
    case SG_FLOAT:
        return "float";
    case SG_BOOLEAN:
        return "boolean";
    case SG_OPAQUE:
        return "opaque";
    case SG_TIME:
        return "time";
    case SG_OBJLNK:
        return "objlnk";
    case SG_NONE:
        break;
    }
    return "none";
}

/* What JSON has no number for, as text: infinities, unsigned integers above 2^63 - 1, links. */
static json_t *value_text(const struct sg_value *v)
{
    char text[400];
    struct sg_buf b = sg_buf(text, sizeof text);
    sg_value_put_text(&b, v);
    return json_string(sg_buf_cstr(&b));
}

static json_t *value_json(const struct sg_value *v)
{
    switch (v->type) {
    case SG_INTEGER:
    case SG_TIME:
        return json_integer(v->i);
    case SG_UNSIGNED:
        return v->u <= INT64_MAX ? json_integer((json_int_t)v->u) : value_text(v);
    case SG_FLOAT:
        return isfinite(v->f) ? json_real(v->f) : value_text(v);
    case SG_BOOLEAN:
        return json_boolean(v->b);
    case SG_STRING:
        return sg_api_json_text(v->bytes);
    case SG_OPAQUE:
        return base64(v->bytes);
    case SG_OBJLNK:
        return value_text(v);
    case SG_NONE:
        break;
    }
    return json_null();
}

json_t *sg_api_json_record(const struct sg_record *r)
{
    char path[SG_PATH_TEXT];
    return json_pack("{s:s,s:s,s:o}", "path", sg_path_text(&r->path, path), "type", sg_api_type_name(r->value.type),
                     "value", value_json(&r->value));
}

static const char *content_problem(int code)
{
    switch (code) {
    case SG_ENOSPC:
        return "it has more values than are taken at once; read them one by one";
    case SG_ETRUNCATED:
        return "it ends too early";
    case SG_EFORMAT:
        return "it breaks the rules of its format, has a value of another type than its resource has, or one outside "
               "what was asked for";
    default:
        return sg_strerror(code);
    }
}

json_t *sg_api_json_content(int format, const struct sg_path *base, struct sg_bytes payload, struct sg_error *err)
{
    struct sg_record records[MAX_RECORDS];
    uint8_t space[4096];
    struct sg_buf scratch = sg_buf(space, sizeof space);
    char path[SG_PATH_TEXT];

    sg_path_text(base, path);
    if (format < 0) /* a device that names none means text for one value, TLV for several: OMA LwM2M 1.0 section 6.4 */
        format = base->depth >= 3 ? SG_TEXT : SG_TLV;
    if (!sg_format_known((uint32_t)format)) {
        sg_fail(
            err, SG_EUNSUPPORTED,
            "the device sent the value of %s in content format %d, which Signet does not read (it reads plain text, "
            "octets, CBOR, TLV and SenML CBOR)",
            path, format);
        return NULL;
    }
    int n = sg_content_read((enum sg_format)format, base, payload, &scratch, records, MAX_RECORDS);
    if (n < 0) {
        sg_fail(err, n, "the device sent %zu bytes in content format %d for %s, and they cannot be read: %s", payload.n,
                format, path, content_problem(n));
        return NULL;
    }
    if (n == 1 && sg_path_eq(&records[0].path, base))
        return sg_api_json_record(&records[0]);
    json_t *all = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(all, sg_api_json_record(&records[i]));
    return all;
}

/* What stands between two semicolons that are not within quotes. */
static struct sg_bytes next_param(struct sg_bytes params, size_t *at)
{
    size_t from = ++*at; /* after the semicolon */
    bool quoted = false;

    for (; *at < params.n && (quoted || params.p[*at] != ';'); ++*at)
        quoted ^= params.p[*at] == '"';
    return from <= *at ? sg_bytes(params.p + from, *at - from) : sg_bytes(NULL, 0);
}

/* name, name=value or name="value". */
static void put_param(json_t *all, struct sg_bytes param)
{
    const uint8_t *equals = param.n > 0 ? memchr(param.p, '=', param.n) : NULL;
    size_t key = equals != NULL ? (size_t)(equals - param.p) : param.n;
    json_t *value = json_true();

    if (key == 0)
        return;
    if (equals != NULL) {
        struct sg_bytes v = sg_bytes(equals + 1, param.n - key - 1);
        bool quoted = v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"';
        value = sg_api_json_text(quoted ? sg_bytes(v.p + 1, v.n - 2) : v);
    }
    /* A name that is no text is left out; the value is freed then, too. */
    (void)json_object_setn_new(all, (const char *)param.p, key, value);
}

/* ";ver=1.1;title=\"a;b\";obs" as {"ver":"1.1","title":"a;b","obs":true}. */
static json_t *attributes_json(struct sg_bytes params)
{
    json_t *all = json_object();

    for (size_t at = 0; at < params.n;)
        put_param(all, next_param(params, &at));
    return all;
}

json_t *sg_api_json_links(struct sg_bytes links, struct sg_error *err)
{
    struct sg_cursor c = sg_cursor(links);
    struct sg_link link;
    json_t *all = json_array();

    while (sg_link_next(&c, &link))
        json_array_append_new(all, json_pack("{s:o,s:o}", "path", sg_api_json_text(link.target), "attributes",
                                             attributes_json(link.params)));
    if (!c.bad)
        return all;
    json_decref(all);
    sg_fail(err, SG_EFORMAT, "the device's list of links is no link format (RFC 6690)");
    return NULL;
}
