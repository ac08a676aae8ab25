/* SPDX-License-Identifier: Apache-2.0 */
/* The registration interface (OMA LwM2M 1.1 core, section 6.2): register, update, de-register. */
#include "server/desk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_LIFETIME = 86400 }; /* section 6.2.1, table 6.2.1-1 */

/* What a register or an update says. */
struct terms {
    struct sg_bytes version, binding, objects; /* n == 0: not given */
    uint32_t lifetime;
    bool has_lifetime;
};

__attribute__((format(printf, 3, 4))) static bool refuse(struct answer *a, uint8_t code, const char *fmt, ...)
{
    va_list args;

    a->code = code;
    va_start(args, fmt);
    if (vsnprintf(a->text, sizeof a->text, fmt, args) < 0)
        a->text[0] = '\0';
    va_end(args);
    return false;
}

static void tell_refusal(struct desk *d, const struct row *r, const char *reason, const char *cure)
{
    d->ports.event(d->ports.user, &(struct desk_event){.what = DESK_REFUSED, .row = r, .reason = reason, .cure = cure});
}

/* ----------------------------------------------------------------------------------------------- what is given */

/* Syntax throughout, and at least one object ("/3", "/3/0"): without one there is nothing to manage. */
static bool check_objects(struct sg_bytes text, struct answer *a)
{
    struct sg_cursor c = sg_cursor(text);
    struct sg_link link;
    struct sg_path path;
    bool any = false;

    while (sg_link_next(&c, &link))
        any = any || (sg_path_parse(link.target, &path) == 0 && path.depth >= 1);
    if (c.bad)
        return refuse(a, SG_COAP_BAD_REQUEST, "the object list breaks the link format");
    if (!any)
        return refuse(a, SG_COAP_BAD_REQUEST, "the object list names no object");
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < ' ' || text.p[i] > '~')
            return refuse(a, SG_COAP_BAD_REQUEST, "the object list holds other than printable ASCII");
    }
    return true;
}

static bool take_objects(const struct sg_coap *m, struct terms *t, struct answer *a)
{
    struct sg_coap_block block;
    struct sg_bytes option;

    if (sg_coap_find(m, SG_COAP_OPT_BLOCK1, &option) &&
        (!sg_coap_find_block(m, SG_COAP_OPT_BLOCK1, &block) || block.num != 0 || block.more))
        return refuse(a, SG_COAP_TOO_LARGE, "a registration in blocks is not taken");
    if (m->payload.n == 0)
        return true;
    if (sg_coap_find_uint(m, SG_COAP_OPT_CONTENT_FORMAT, SG_LINK) != SG_LINK)
        return refuse(a, SG_COAP_UNSUPPORTED_FORMAT, "the object list must be link format (40)");
    if (m->payload.n >= sizeof((struct row *)NULL)->objects)
        return refuse(a, SG_COAP_TOO_LARGE, "the object list is longer than 1023 bytes");
    t->objects = m->payload;
    return check_objects(m->payload, a);
}

static bool take_lifetime(const struct sg_coap *m, struct terms *t, struct answer *a)
{
    struct sg_bytes text;
    uint64_t seconds;

    if (!sg_coap_query(m, "lt", &text))
        return true;
    if (sg_parse_udec(text, UINT32_MAX, &seconds) < 0)
        return refuse(a, SG_COAP_BAD_REQUEST, "lt= is no number of seconds");
    t->lifetime = (uint32_t)seconds;
    t->has_lifetime = true;
    return true;
}

static bool take_binding(const struct sg_coap *m, struct terms *t, struct answer *a)
{
    if (!sg_coap_query(m, "b", &t->binding))
        return true;
    bool known = t->binding.n > 0 && t->binding.n < sizeof((struct row *)NULL)->binding;
    for (size_t i = 0; known && i < t->binding.n; i++)
        known = memchr("UMHTSNQ", t->binding.p[i], 7) != NULL; /* table 6.2.1.2-1, and Q of LwM2M 1.0 */
    return known || refuse(a, SG_COAP_BAD_REQUEST, "b= is no binding");
}

static bool take_version(const struct sg_coap *m, struct terms *t, struct answer *a)
{
    if (!sg_coap_query(m, "lwm2m", &t->version))
        return refuse(a, SG_COAP_BAD_REQUEST, "lwm2m= (the version) is missing");
    if (sg_bytes_eq_str(t->version, "1.0") || sg_bytes_eq_str(t->version, "1.1") || sg_bytes_eq_str(t->version, "1.2"))
        return true;
    return refuse(a, SG_COAP_PRECONDITION_FAILED, "lwm2m= must be 1.0, 1.1 or 1.2");
}

/* ------------------------------------------------------------------------------------------------- what is done */

static void copy_text(char *out, size_t cap, struct sg_bytes v)
{
    if (v.n < cap) { /* checked by those above */
        memcpy(out, v.p, v.n);
        out[v.n] = '\0';
    }
}

static void apply(struct desk *d, struct row *r, const struct terms *t)
{
    if (t->has_lifetime)
        r->lifetime = t->lifetime;
    if (t->binding.n > 0)
        copy_text(r->binding, sizeof r->binding, t->binding);
    if (t->objects.n > 0)
        copy_text(r->objects, sizeof r->objects, t->objects);
    r->updated_at = d->wall;
    r->expires = r->lifetime == 0 ? UINT64_MAX : d->now + (uint64_t)r->lifetime * 1000;
}

static void make_location(struct desk *d, struct row *r)
{
    uint8_t id[5];
    struct sg_buf b = sg_buf(r->location, sizeof r->location);

    d->ports.random(d->ports.user, id, sizeof id);
    sg_put_str(&b, "/rd/");
    sg_put_hex(&b, sg_bytes(id, sizeof id));
    (void)sg_buf_cstr(&b);
}

/* The name must be the certificate's. It may be left out where the security identifies the device (section 6.2.1). */
static bool check_name(struct desk *d, const struct row *r, const struct sg_coap *m, struct answer *a)
{
    char said[129], reason[512], fingerprint[SG_FINGERPRINT_TEXT];
    struct sg_bytes name;

    if (!sg_coap_query(m, "ep", &name) || sg_bytes_eq_str(name, r->endpoint))
        return true;
    copy_text(said, sizeof said, name.n < sizeof said ? name : sg_bytes(name.p, sizeof said - 1));
    bool psk = (r->cert & PSK_NUMBER) != 0;
    const char *what = psk ? "pre-shared key" : "certificate";
    (void)snprintf(reason, sizeof reason, "registers as \"%s\", but its %s %.8s says \"%s\"", said, what,
                   psk ? "" : sg_fingerprint_text(&r->fingerprint, fingerprint), r->endpoint);
    tell_refusal(d, r, reason,
                 "set the name in its certificate as the device's endpoint name, or enrol it with the name that it "
                 "registers with");
    return refuse(a, SG_COAP_FORBIDDEN, "the %s says \"%.64s\"", what, r->endpoint);
}

static void do_register(struct desk *d, struct row *r, const struct sg_coap *m, struct answer *a)
{
    struct terms t = {.lifetime = DEFAULT_LIFETIME, .has_lifetime = true};

    if (!check_name(d, r, m, a))
        return;
    bool taken = take_version(m, &t, a) && take_lifetime(m, &t, a) && take_binding(m, &t, a) && take_objects(m, &t, a);
    if (taken && t.objects.n == 0)
        taken = refuse(a, SG_COAP_BAD_REQUEST, "the object list is missing");
    if (!taken) {
        tell_refusal(d, r, a->text, "correct the device's registration request");
        return;
    }
    sg_server_row_open(r);
    copy_text(r->version, sizeof r->version, t.version);
    copy_text(r->binding, sizeof r->binding, sg_str("U"));
    apply(d, r, &t);
    make_location(d, r);
    r->registered_at = d->wall;
    d->registered += !r->registered;
    r->registered = 1;
    sg_server_row_close(r);
    sg_server_desk_schedule(d, r);
    a->code = SG_COAP_CREATED;
    a->location = r->location;
    d->ports.event(d->ports.user, &(struct desk_event){.what = DESK_REGISTERED, .row = r});
}

static void do_update(struct desk *d, struct row *r, const struct sg_coap *m, struct answer *a)
{
    struct terms t = {0};

    if (!take_lifetime(m, &t, a) || !take_binding(m, &t, a) || !take_objects(m, &t, a)) {
        tell_refusal(d, r, a->text, "correct the device's update request");
        return;
    }
    sg_server_row_open(r);
    apply(d, r, &t);
    sg_server_row_close(r);
    sg_server_desk_schedule(d, r);
    a->code = SG_COAP_CHANGED;
    d->ports.event(d->ports.user, &(struct desk_event){.what = DESK_UPDATED, .row = r});
}

static void do_deregister(struct desk *d, struct row *r, struct answer *a)
{
    sg_server_desk_unregister(d, r);
    a->code = SG_COAP_DELETED;
    d->ports.event(d->ports.user, &(struct desk_event){.what = DESK_DEREGISTERED, .row = r});
}

/* The location that a request names, whole ("/rd/…"); false where the path has other than two parts. */
static bool location_of(const struct sg_coap *m, char location[16])
{
    struct sg_coap_option o = {0};
    struct sg_buf b = sg_buf(location, 16);
    size_t parts = 0;

    while (sg_coap_next(m, &o)) {
        if (o.number != SG_COAP_OPT_URI_PATH)
            continue;
        sg_put_str(&b, "/");
        sg_put_bytes(&b, o.value);
        parts++;
    }
    return parts == 2 && strlen(sg_buf_cstr(&b)) == b.len;
}

void sg_server_registration(struct desk *d, struct row *r, const struct sg_coap *m, struct answer *a)
{
    char location[16];
    struct sg_coap_option o = {0};
    size_t parts = 0;

    while (sg_coap_next(m, &o))
        parts += o.number == SG_COAP_OPT_URI_PATH;
    if (parts == 1 && m->code == SG_COAP_POST) {
        do_register(d, r, m, a);
    } else if (parts == 1) {
        a->code = SG_COAP_METHOD_NOT_ALLOWED;
    } else if (!location_of(m, location) || !r->registered || strcmp(location, r->location) != 0) {
        a->code = SG_COAP_NOT_FOUND; /* then a device registers anew (section 6.2.2) */
    } else if (m->code == SG_COAP_POST) {
        do_update(d, r, m, a);
    } else if (m->code == SG_COAP_DELETE) {
        do_deregister(d, r, a);
    } else {
        a->code = SG_COAP_METHOD_NOT_ALLOWED;
    }
}
