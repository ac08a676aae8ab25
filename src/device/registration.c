/* SPDX-License-Identifier: Apache-2.0 */
/* The registration interface: register, update, deregister (OMA LwM2M 1.1 core section 6.2). */
#include "device/device_internal.h"

#include <string.h>

/* "name=" and a text or a number, as a Uri-Query option. */
static void put_query(struct sg_coap_writer *w, const char *name, const char *text, uint32_t number)
{
    uint8_t space[160];
    struct sg_buf b = sg_buf(space, sizeof space);

    sg_put_str(&b, name);
    if (text != NULL)
        sg_put_str(&b, text);
    else
        sg_put_udec(&b, number);
    sg_coap_put(w, SG_COAP_OPT_URI_QUERY, sg_buf_bytes(&b));
}

/* The objects and instances that there are; first what is understood: CBOR, SenML-CBOR and TLV (core section 6.2.1;
 * text and opaque go without saying). */
static void put_objects(const struct sg_lwm2m *c, struct sg_buf *b)
{
    const size_t start = b->len;
    const struct sg_lwm2m_object *object;

    sg_put_str(b, "</>;rt=\"oma.lwm2m\";ct=\"60 112 11542\"");
    for (size_t i = 0; (object = sg_lwm2m_object_at(c, i)) != NULL; i++) {
        if (object->version != NULL || object->instances == 0) {
            const struct sg_path path = sg_path(1, object->id, 0, 0, 0);
            sg_link_put(b, start, &path);
        }
        if (object->version != NULL) {
            sg_put_str(b, ";ver=");
            sg_put_str(b, object->version);
        }
        for (uint16_t k = 0; k < object->instances; k++) {
            const struct sg_path path = sg_path(2, object->id, k, 0, 0);
            sg_link_put(b, start, &path);
        }
    }
}

void sg_lwm2m_put_register(struct sg_lwm2m *c, struct sg_buf *b)
{
    struct sg_buf links = sg_buf(c->content, sizeof c->content);
    struct sg_coap_writer w = sg_lwm2m_begin(c, SG_LWM2M_REGISTER, SG_COAP_POST, b);

    put_objects(c, &links);
    sg_coap_put_str(&w, SG_COAP_OPT_URI_PATH, "rd");
    sg_coap_put_uint(&w, SG_COAP_OPT_CONTENT_FORMAT, SG_LINK);
    put_query(&w, "ep=", c->config.endpoint, 0);
    put_query(&w, "lt=", NULL, c->lifetime);
    put_query(&w, "lwm2m=", "1.1", 0);
    put_query(&w, "b=", "U", 0);
    sg_coap_put_payload(&w, sg_buf_bytes(&links));
    b->full = b->full || links.full;
}

void sg_lwm2m_send_register(struct sg_lwm2m *c, uint64_t now)
{
    struct sg_buf b;

    c->state = SG_LWM2M_REGISTERING;
    c->lifetime_changed = c->want_update = false;
    sg_lwm2m_put_register(c, &b);
    sg_lwm2m_exchange(c, &b, now);
}

static void put_location(const struct sg_lwm2m *c, struct sg_coap_writer *w)
{
    const char *at = c->location;

    while (*at != '\0') {
        const char *end = at;
        while (*end != '\0' && *end != '/')
            end++;
        sg_coap_put(w, SG_COAP_OPT_URI_PATH, sg_bytes(at, (size_t)(end - at)));
        at = *end == '/' ? end + 1 : end;
    }
}

void sg_lwm2m_send_update(struct sg_lwm2m *c, uint64_t now)
{
    struct sg_buf b;
    struct sg_coap_writer w = sg_lwm2m_begin(c, SG_LWM2M_UPDATE, SG_COAP_POST, &b);

    put_location(c, &w);
    if (c->lifetime_changed) /* only what changed: core section 6.2.2 */
        put_query(&w, "lt=", NULL, c->lifetime);
    c->lifetime_changed = c->want_update = false;
    sg_lwm2m_exchange(c, &b, now);
}

void sg_lwm2m_send_deregister(struct sg_lwm2m *c, uint64_t now)
{
    struct sg_buf b;
    struct sg_coap_writer w = sg_lwm2m_begin(c, SG_LWM2M_DEREGISTER, SG_COAP_DELETE, &b);

    put_location(c, &w);
    sg_lwm2m_exchange(c, &b, now);
}

/* Joins the Location-Path options. False where they are none, too long, or not to be told apart afterwards. */
static bool take_location(struct sg_lwm2m *c, const struct sg_coap *m)
{
    struct sg_buf b = sg_buf(c->location, sizeof c->location);
    struct sg_coap_option o = {0};

    while (sg_coap_next(m, &o)) {
        if (o.number != SG_COAP_OPT_LOCATION_PATH)
            continue;
        if (o.value.n == 0 || memchr(o.value.p, '/', o.value.n) != NULL || memchr(o.value.p, 0, o.value.n) != NULL)
            return false;
        if (b.len > 0)
            sg_put_u8(&b, '/');
        sg_put_bytes(&b, o.value);
    }
    sg_put_u8(&b, '\0');
    return !b.full && b.len > 1;
}

/*
 * When the next update is due. An update that is lost is sent again for up to MAX_TRANSMIT_WAIT, 93 s (RFC 7252
 * section 4.8.2), so a lifetime of more than twice that is renewed 93 s before its end; a shorter one at its half.
 */
static uint64_t update_time(const struct sg_lwm2m *c, uint64_t now)
{
    const uint64_t lifetime = (uint64_t)c->lifetime * 1000;

    if (lifetime == 0)
        return UINT64_MAX;
    return now + (lifetime > 2 * SG_LWM2M_TRANSMIT_WAIT_MS ? lifetime - SG_LWM2M_TRANSMIT_WAIT_MS : lifetime / 2);
}

static void refused(struct sg_lwm2m *c, uint8_t code, const char *why)
{
    sg_lwm2m_forget(c);
    sg_lwm2m_event(c, SG_LWM2M_REFUSED, code, why);
}

static void registered(struct sg_lwm2m *c, const struct sg_coap *m, uint64_t now)
{
    if (m->code != SG_COAP_CREATED) {
        refused(c, m->code, "the server refused the registration");
    } else if (!take_location(c, m)) {
        refused(c, m->code, "the server's answer to the registration has no usable location");
    } else {
        c->state = SG_LWM2M_IN_USE;
        c->update_at = update_time(c, now);
        sg_lwm2m_event(c, SG_LWM2M_REGISTERED, m->code, c->location);
    }
}

static void updated(struct sg_lwm2m *c, const struct sg_coap *m, uint64_t now)
{
    if (m->code == SG_COAP_CHANGED) {
        c->update_at = update_time(c, now);
        sg_lwm2m_event(c, SG_LWM2M_UPDATED, m->code, c->location);
    } else if (m->code == SG_COAP_NOT_FOUND) {
        memset(c->observations, 0, sizeof c->observations); /* they went with the registration */
        sg_lwm2m_event(c, SG_LWM2M_FORGOTTEN, m->code, c->location);
        sg_lwm2m_send_register(c, now);
    } else {
        refused(c, m->code, "the server refused the update of the registration");
    }
}

void sg_lwm2m_answered(struct sg_lwm2m *c, const struct sg_coap *m, uint64_t now)
{
    const uint8_t kind = c->exchange.kind;

    c->exchange.kind = SG_LWM2M_NONE;
    if (kind == SG_LWM2M_REGISTER) {
        registered(c, m, now);
    } else if (kind == SG_LWM2M_UPDATE) {
        updated(c, m, now);
    } else if (kind == SG_LWM2M_DEREGISTER) {
        sg_lwm2m_forget(c);
        sg_lwm2m_event(c, SG_LWM2M_DEREGISTERED, m->code, "");
    }
}

void sg_lwm2m_lost(struct sg_lwm2m *c)
{
    const bool leaving = c->state == SG_LWM2M_DEREGISTERING;

    sg_lwm2m_forget(c);
    if (leaving)
        sg_lwm2m_event(c, SG_LWM2M_DEREGISTERED, 0, "");
    else
        sg_lwm2m_event(c, SG_LWM2M_LOST, 0, "");
}
