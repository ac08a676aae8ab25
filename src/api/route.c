/* SPDX-License-Identifier: Apache-2.0 */
/* Which call a method and a URL path name. Percent-encoding is taken off once, segment by segment. */
#include "api/api_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "/api/v1/"
enum { MAX_SEGMENTS = 8 };

/* The parts of a path between its slashes, decoded and ended with NUL. */
struct segments {
    char space[SG_API_MAX_URL + MAX_SEGMENTS + 1];
    const char *text[MAX_SEGMENTS];
    size_t n;
};

int sg_api_refuse(struct sg_api_answer *answer, unsigned status, const char *code, const char *fmt, ...)
{
    char text[900];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    json_decref(answer->body);
    answer->status = status;
    answer->body = json_pack("{s:{s:s,s:o}}", "error", "code", code, "message", sg_api_json_sentence(text));
    return -1;
}

/* One segment. SG_EFORMAT: a broken escape, or what no name here has: an empty segment, control characters, bytes that
 * are no UTF-8. */
static int put_segment(struct sg_buf *b, struct sg_bytes in)
{
    size_t start = b->len;
    for (size_t i = 0; i < in.n; i++) {
        uint8_t c = in.p[i];
        if (c == '%') {
            struct sg_buf one = sg_buf(&c, 1);
            if (in.n - i < 3 || sg_parse_hex(sg_bytes(in.p + i + 1, 2), &one) < 0)
                return SG_EFORMAT;
            i += 2;
        }
        if (c < 0x20 || c == 0x7f)
            return SG_EFORMAT;
        sg_put_u8(b, c);
    }
    if (b->len == start)
        return SG_EFORMAT;
    json_t *utf8 = json_stringn((const char *)b->p + start, b->len - start);
    json_decref(utf8);
    sg_put_u8(b, 0);
    return utf8 == NULL || b->full ? SG_EFORMAT : 0;
}

static int split(struct sg_bytes path, struct segments *s)
{
    struct sg_buf b = sg_buf(s->space, sizeof s->space);
    size_t from = 0;

    s->n = 0;
    for (size_t i = 0; i <= path.n; i++) {
        if (i < path.n && path.p[i] != '/')
            continue;
        if (s->n == MAX_SEGMENTS)
            return SG_EFORMAT;
        s->text[s->n++] = s->space + b.len;
        if (put_segment(&b, sg_bytes(path.p + from, i - from)) < 0)
            return SG_EFORMAT;
        from = i + 1;
    }
    return 0;
}

/* The LwM2M path in the segments from `first` on. */
static int take_path(const struct segments *s, size_t first, struct sg_api_route *route, struct sg_api_answer *answer)
{
    char text[64];
    struct sg_buf b = sg_buf(text, sizeof text);

    for (size_t i = first; i < s->n; i++) {
        sg_put_u8(&b, '/');
        sg_put_str(&b, s->text[i]);
    }
    if (s->n > first && !b.full && sg_path_parse(sg_buf_bytes(&b), &route->path) == 0)
        return 0;
    return sg_api_refuse(answer, 400, "bad-path",
                         "the URL ends in no LwM2M path: after .../%s come one to four numbers from 0 to 65534, "
                         "/object/instance/resource, as in .../%s/3/0/0",
                         s->text[first - 1], s->text[first - 1]);
}

/* A method of a call on a path, and how deep that path may be. */
struct method {
    const char *name;
    enum sg_api_call call;
    uint8_t least, most;
    const char *needs;
};
struct family {
    const char *name, *allow;
    struct method methods[3];
};

static const struct family families[] = {
    {"resources",
     "GET, PUT, POST",
     {{"GET", SG_API_READ, 1, 4, "an object, an instance or a resource"},
      {"PUT", SG_API_WRITE, 3, 4, "a resource, as /3/0/14"},
      {"POST", SG_API_EXECUTE, 3, 3, "a resource, as /3/0/4"}}},
    {"discover", "GET", {{"GET", SG_API_DISCOVER, 1, 3, "an object, an instance or a resource"}}},
    {"observe", "GET", {{"GET", SG_API_OBSERVE, 1, 4, "an object, an instance or a resource"}}},
};

static int refuse_method(const char *method, const char *allow, struct sg_api_answer *answer)
{
    answer->allow = allow;
    return sg_api_refuse(answer, 405, "method-not-allowed", "%.16s is no method of this call; it takes %s", method,
                         allow);
}

static int route_path(const struct family *f, const char *method, const struct segments *s, struct sg_api_route *route,
                      struct sg_api_answer *answer)
{
    for (size_t i = 0; i < sizeof f->methods / sizeof f->methods[0] && f->methods[i].name != NULL; i++) {
        const struct method *m = &f->methods[i];
        if (strcmp(m->name, method) != 0)
            continue;
        route->call = m->call;
        if (take_path(s, 3, route, answer) < 0)
            return -1;
        if (route->path.depth >= m->least && route->path.depth <= m->most)
            return 0;
        char text[SG_PATH_TEXT];
        return sg_api_refuse(answer, 400, "bad-path", "%s %s: this call needs the path of %s", method,
                             sg_path_text(&route->path, text), m->needs);
    }
    return refuse_method(method, f->allow, answer);
}

/* A call of which there is one method. */
static int route_single(enum sg_api_call call, const char *only, const char *method, struct sg_api_route *route,
                        struct sg_api_answer *answer)
{
    route->call = call;
    return strcmp(method, only) == 0 ? 0 : refuse_method(method, only, answer);
}

static int route_device(const char *method, const struct segments *s, struct sg_api_route *route,
                        struct sg_api_answer *answer)
{
    size_t n = strlen(s->text[1]);
    if (n >= sizeof route->endpoint)
        return sg_api_refuse(answer, 404, "no-such-device",
                             "an endpoint name has at most %zu bytes; the one asked for has %zu",
                             sizeof route->endpoint - 1, n);
    memcpy(route->endpoint, s->text[1], n + 1);
    if (s->n == 2)
        return route_single(SG_API_DEVICE, "GET", method, route, answer);
    if (s->n == 3 && strcmp(s->text[2], "revoke") == 0)
        return route_single(SG_API_REVOKE, "POST", method, route, answer);
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (strcmp(s->text[2], families[i].name) == 0)
            return route_path(&families[i], method, s, route, answer);
    return sg_api_refuse(answer, 404, "no-such-call", "a device has no \"%.40s\" here: see docs/reference/api.md",
                         s->text[2]);
}

int sg_api_route(const char *method, struct sg_bytes url, struct sg_api_route *route, struct sg_api_answer *answer)
{
    struct segments s;
    size_t prefix = sizeof PREFIX - 1;

    memset(route, 0, sizeof *route);
    if (url.n > SG_API_MAX_URL)
        return sg_api_refuse(answer, 414, "url-too-long", "the URL's path has %zu bytes; %d are allowed", url.n,
                             SG_API_MAX_URL);
    if (url.n <= prefix || memcmp(url.p, PREFIX, prefix) != 0)
        return sg_api_refuse(answer, 404, "no-such-call", "all calls are below %s: see docs/reference/api.md", PREFIX);
    if (split(sg_bytes(url.p + prefix, url.n - prefix), &s) < 0)
        return sg_api_refuse(answer, 404, "no-such-call",
                             "the URL names no call: a part of it is empty, has a broken percent escape, bytes that "
                             "are no UTF-8 text, or there are too many parts");
    if (strcmp(s.text[0], "devices") == 0 && s.n > 1)
        return route_device(method, &s, route, answer);
    if (strcmp(s.text[0], "devices") == 0)
        return route_single(SG_API_DEVICES, "GET", method, route, answer);
    if (strcmp(s.text[0], "status") == 0 && s.n == 1)
        return route_single(SG_API_STATUS, "GET", method, route, answer);
    return sg_api_refuse(answer, 404, "no-such-call", "there is no call %s%.40s: see docs/reference/api.md", PREFIX,
                         s.text[0]);
}
