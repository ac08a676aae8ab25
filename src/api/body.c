/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON bodies that calls take. */
#include "api/api_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The body as an object with no members but `allowed` (ended by NULL). */
static json_t *parse(struct sg_bytes body, const char *const *allowed, struct sg_api_answer *answer)
{
    json_error_t why;
    json_t *json = json_loadb(body.n > 0 ? (const char *)body.p : "", body.n, JSON_REJECT_DUPLICATES, &why);
    const char *name;
    json_t *member;

    if (json == NULL) {
        sg_api_refuse(answer, 400, "bad-json", "the body is not JSON: %s, at line %d, column %d", why.text, why.line,
                      why.column);
        return NULL;
    }
    if (!json_is_object(json)) {
        sg_api_refuse(answer, 400, "bad-json", "the body must be a JSON object: {\"%s\": ...}", allowed[0]);
        json_decref(json);
        return NULL;
    }
    json_object_foreach(json, name, member)
    {
        size_t i = 0;
        while (allowed[i] != NULL && strcmp(allowed[i], name) != 0)
            i++;
        if (allowed[i] != NULL)
            continue;
        sg_api_refuse(answer, 400, "bad-json",
                      "the body has a member \"%.40s\", which this call does not know; it takes \"%s\"", name,
                      allowed[0]);
        json_decref(json);
        return NULL;
    }
    return json;
}

static const struct {
    enum sg_type type;
    const char *is; /* "/3303/0/5700 is …" */
} types[] = {
    {SG_STRING, "a string"},
    {SG_INTEGER, "an integer"},
    {SG_UNSIGNED, "an unsigned integer"},
    {SG_FLOAT, "a float"},
    {SG_BOOLEAN, "a boolean (true or false)"},
    {SG_OPAQUE, "opaque (bytes, in base64)"},
    {SG_TIME, "a time (seconds since 1970)"},
    {SG_OBJLNK, "an object link (object:instance, as 3:0)"},
};
enum { TYPES = sizeof types / sizeof types[0] };

static int refuse_value(enum sg_type type, const struct sg_path *path, const json_t *value,
                        struct sg_api_answer *answer)
{
    const char *is = "of another type";
    char text[SG_PATH_TEXT];

    for (size_t i = 0; i < TYPES; i++)
        if (types[i].type == type)
            is = types[i].is;
    sg_path_text(path, text);
    if (json_is_string(value))
        return sg_api_refuse(answer, 400, "wrong-type", "%s is %s; '%.80s' is not", text, is, json_string_value(value));
    char *shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    sg_api_refuse(answer, 400, "wrong-type", "%s is %s; %.80s is not", text, is, shown != NULL ? shown : "the value");
    free(shown);
    return -1;
}

/* A JSON string stands for any type, as its text form. SG_EFORMAT, SG_ENOSPC. */
static int from_string(enum sg_type type, const json_t *json, struct sg_buf *scratch, struct sg_value *v)
{
    struct sg_bytes text = sg_bytes(json_string_value(json), json_string_length(json));

    if (type == SG_STRING) { /* it must outlive the JSON */
        struct sg_bytes copy = sg_bytes(scratch->p + scratch->len, text.n);
        sg_put_bytes(scratch, text);
        text = copy;
    }
    return scratch->full ? SG_ENOSPC : sg_value_from_text(type, text, scratch, v);
}

static int from_json(enum sg_type type, const json_t *json, struct sg_buf *scratch, struct sg_value *v)
{
    *v = (struct sg_value){.type = type};
    if (json_is_string(json))
        return from_string(type, json, scratch, v);
    if (type == SG_BOOLEAN && json_is_boolean(json))
        v->b = json_is_true(json);
    else if ((type == SG_INTEGER || type == SG_TIME) && json_is_integer(json))
        v->i = json_integer_value(json);
    else if (type == SG_UNSIGNED && json_is_integer(json) && json_integer_value(json) >= 0)
        v->u = (uint64_t)json_integer_value(json);
    else if (type == SG_FLOAT && json_is_number(json))
        v->f = json_number_value(json);
    else
        return SG_EFORMAT;
    return 0;
}

/* What the JSON itself says, for resources that nothing is known about. */
static enum sg_type type_of_json(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_INTEGER:
        return SG_INTEGER;
    case JSON_REAL:
        return SG_FLOAT;
    case JSON_TRUE:
    case JSON_FALSE:
        return SG_BOOLEAN;
    case JSON_STRING:
    case JSON_OBJECT:
    case JSON_ARRAY:
    case JSON_NULL:
        break;
    }
    return SG_STRING;
}

static int choose_type(const json_t *named, const json_t *value, const struct sg_path *path, enum sg_type *type,
                       struct sg_api_answer *answer)
{
    const struct sg_resource_def *def = sg_resource(path->id[0], path->id[2]);
    char text[SG_PATH_TEXT];

    if (named != NULL) {
        for (size_t i = 0; i < TYPES; i++) {
            *type = types[i].type;
            if (json_is_string(named) && strcmp(json_string_value(named), sg_api_type_name(*type)) == 0)
                return 0;
        }
        return sg_api_refuse(answer, 400, "bad-type",
                             "\"type\" is none of string, integer, unsigned, float, boolean, opaque, time, objlnk");
    }
    if (def != NULL && def->type == SG_NONE)
        return sg_api_refuse(answer, 400, "not-writable", "%s (%s) is executed, not written: use POST",
                             sg_path_text(path, text), def->name);
    *type = def != NULL ? def->type : type_of_json(value);
    return 0;
}

int sg_api_body_value(struct sg_bytes body, const struct sg_path *path, struct sg_buf *scratch, struct sg_value *v,
                      struct sg_api_answer *answer)
{
    static const char *const allowed[] = {"value", "type", NULL};
    json_t *json = parse(body, allowed, answer);
    enum sg_type type = SG_NONE;
    if (json == NULL)
        return -1;

    const json_t *value = json_object_get(json, "value");
    int r = value != NULL ? choose_type(json_object_get(json, "type"), value, path, &type, answer)
                          : sg_api_refuse(answer, 400, "bad-json", "the body has no \"value\": {\"value\": ...}");
    if (r == 0) {
        r = from_json(type, value, scratch, v);
        if (r == SG_ENOSPC)
            r = sg_api_refuse(answer, 413, "too-large", "a write carries at most %d bytes", SG_API_MAX_PAYLOAD);
        else if (r < 0)
            r = refuse_value(type, path, value, answer);
    }
    json_decref(json);
    return r;
}

int sg_api_body_arguments(struct sg_bytes body, struct sg_buf *arguments, struct sg_api_answer *answer)
{
    static const char *const allowed[] = {"arguments", NULL};
    if (body.n == 0)
        return 0;
    json_t *json = parse(body, allowed, answer);
    if (json == NULL)
        return -1;

    const json_t *text = json_object_get(json, "arguments");
    int r = 0;
    if (json_is_string(text))
        sg_put(arguments, json_string_value(text), json_string_length(text));
    else if (text != NULL)
        r = sg_api_refuse(answer, 400, "bad-json", "\"arguments\" must be a string, as in {\"arguments\": \"0='60'\"}");
    if (arguments->full)
        r = sg_api_refuse(answer, 413, "too-large", "arguments have at most %d bytes", SG_API_MAX_PAYLOAD);
    json_decref(json);
    return r;
}

int sg_api_body_reason(struct sg_bytes body, enum sg_reason *reason, struct sg_api_answer *answer)
{
    static const char *const allowed[] = {"reason", NULL};
    json_t *json = parse(body, allowed, answer);
    if (json == NULL)
        return -1;

    const char *name = json_string_value(json_object_get(json, "reason"));
    int r = 0;
    if (name == NULL || sg_reason_parse(name, reason) < 0)
        r = sg_api_refuse(answer, 400, "bad-reason",
                          "\"reason\" must be one of unspecified, key-compromise, ca-compromise, affiliation-changed, "
                          "superseded, cessation, privilege-withdrawn");
    json_decref(json);
    return r;
}
