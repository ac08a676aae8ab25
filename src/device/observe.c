/* SPDX-License-Identifier: Apache-2.0 */
/* Observations and their notifications (RFC 7641; OMA LwM2M 1.1 core section 6.4). */
#include "device/device_internal.h"

#include <string.h>

/*
 * A notification is confirmable where the last acknowledged one is so far back in number or in time. So a value that
 * changes rarely is always confirmed, and one that changes often costs few acknowledgements (RFC 7641 section 4.5 asks
 * for one in 24 hours at least).
 */
enum { UNCONFIRMED_MAX = 8, UNCONFIRMED_MS = 5 * 60 * 1000 };

uint32_t sg_lwm2m_digest(struct sg_bytes content)
{
    uint32_t digest = 2166136261U;

    for (size_t i = 0; i < content.n; i++)
        digest = (digest ^ content.p[i]) * 16777619U;
    return digest;
}

static struct sg_lwm2m_observation *find(struct sg_lwm2m *c, const struct sg_coap *m)
{
    for (size_t i = 0; i < SG_LWM2M_OBSERVATIONS_MAX; i++) {
        struct sg_lwm2m_observation *o = &c->observations[i];
        if (o->used && o->token_len == m->token_len && memcmp(o->token, m->token, m->token_len) == 0)
            return o;
    }
    return NULL;
}

static struct sg_lwm2m_observation *find_free(struct sg_lwm2m *c)
{
    for (size_t i = 0; i < SG_LWM2M_OBSERVATIONS_MAX; i++) {
        if (!c->observations[i].used)
            return &c->observations[i];
    }
    return NULL;
}

static bool in_flight(const struct sg_lwm2m *c, const struct sg_lwm2m_observation *o)
{
    return c->exchange.kind == SG_LWM2M_NOTIFY && &c->observations[c->exchange.observation] == o;
}

static void event(struct sg_lwm2m *c, enum sg_lwm2m_what what, const struct sg_path *path, bool confirmable)
{
    const struct sg_lwm2m_event e = {.what = what, .path = *path, .confirmable = confirmable, .text = ""};

    c->config.event(c->config.user, &e);
}

/* Frees its place; a notification in flight is not sent again (RFC 7641 section 4.2). */
static void end(struct sg_lwm2m *c, struct sg_lwm2m_observation *o)
{
    const struct sg_path path = o->path;

    if (in_flight(c, o))
        c->exchange.kind = SG_LWM2M_NONE;
    *o = (struct sg_lwm2m_observation){0};
    event(c, SG_LWM2M_OBSERVED_ENDED, &path, false);
}

void sg_lwm2m_observe(struct sg_lwm2m *c, const struct sg_coap *m, const struct sg_path *path, uint64_t now,
                      struct sg_lwm2m_answer *answer)
{
    struct sg_lwm2m_observation *o = find(c, m);
    uint32_t sequence = 0;
    const bool fresh = o == NULL;

    if (fresh) {
        o = find_free(c);
    } else { /* RFC 7641 section 4.1: the same token takes the place of what was there */
        sequence = o->sequence + 1;
        if (in_flight(c, o))
            c->exchange.kind = SG_LWM2M_NONE;
    }
    if (o == NULL)
        return;
    *o = (struct sg_lwm2m_observation){
        .used = true,
        .token_len = m->token_len,
        .format = answer->format,
        .path = *path,
        .sequence = sequence & 0xffffff,
        .digest = sg_lwm2m_digest(sg_bytes(c->content, answer->n)),
        .sent_at = now,
        .confirmed_at = now, /* the request has just shown that the server listens */
    };
    memcpy(o->token, m->token, m->token_len);
    answer->observed = true;
    answer->sequence = o->sequence;
    if (fresh)
        event(c, SG_LWM2M_OBSERVED, path, false);
}

void sg_lwm2m_unobserve(struct sg_lwm2m *c, const struct sg_coap *m)
{
    struct sg_lwm2m_observation *o = find(c, m);

    if (o != NULL)
        end(c, o);
}

void sg_lwm2m_notification_rejected(struct sg_lwm2m *c, uint16_t mid)
{
    for (size_t i = 0; i < SG_LWM2M_OBSERVATIONS_MAX; i++) {
        struct sg_lwm2m_observation *o = &c->observations[i];
        if (o->used && o->notified && o->mid == mid) {
            end(c, o);
            return;
        }
    }
}

void sg_lwm2m_notification_confirmed(struct sg_lwm2m *c, uint64_t now)
{
    struct sg_lwm2m_observation *o = &c->observations[c->exchange.observation];

    c->exchange.kind = SG_LWM2M_NONE;
    o->unconfirmed = 0;
    o->confirmed_at = now;
}

void sg_lwm2m_changed(struct sg_lwm2m *c, const struct sg_path *path)
{
    for (size_t i = 0; i < SG_LWM2M_OBSERVATIONS_MAX; i++) {
        struct sg_lwm2m_observation *o = &c->observations[i];
        if (o->used && (sg_path_within(&o->path, path) || sg_path_within(path, &o->path)))
            o->due = true;
    }
}

/* When it may or must be notified: a change not before the minimum period, anything at the maximum period (/1/0/2 and
 * /1/0/3; 0 means none). */
static uint64_t notify_at(const struct sg_lwm2m *c, const struct sg_lwm2m_observation *o)
{
    if (o->due)
        return c->pmin == 0 ? 0 : o->sent_at + (uint64_t)c->pmin * 1000;
    return c->pmax == 0 ? UINT64_MAX : o->sent_at + (uint64_t)c->pmax * 1000;
}

static bool to_be_confirmed(const struct sg_lwm2m_observation *o, uint64_t now)
{
    return o->unconfirmed >= UNCONFIRMED_MAX || now - o->confirmed_at >= UNCONFIRMED_MS;
}

static void put_notification(struct sg_lwm2m *c, const struct sg_lwm2m_observation *o,
                             const struct sg_lwm2m_answer *answer, bool confirmable, struct sg_buf *b)
{
    struct sg_coap_writer w = sg_coap_begin(b, confirmable ? SG_COAP_CON : SG_COAP_NON, answer->code, o->mid,
                                            sg_bytes(o->token, o->token_len));

    if (!answer->has_content)
        return;
    sg_coap_put_uint(&w, SG_COAP_OPT_OBSERVE, o->sequence);
    sg_coap_put_uint(&w, SG_COAP_OPT_CONTENT_FORMAT, answer->format);
    sg_coap_put_payload(&w, sg_bytes(c->content, answer->n));
}

static void send_confirmable(struct sg_lwm2m *c, const struct sg_lwm2m_observation *o,
                             const struct sg_lwm2m_answer *answer, uint64_t now)
{
    struct sg_buf b = sg_buf(c->exchange.datagram, sizeof c->exchange.datagram);

    c->exchange.kind = SG_LWM2M_NOTIFY;
    c->exchange.mid = o->mid;
    c->exchange.observation = (uint8_t)(o - c->observations);
    put_notification(c, o, answer, true, &b);
    sg_lwm2m_exchange(c, &b, now);
}

/* Tells the present value, if it is another than was told before or the maximum period is over. */
static void notify_one(struct sg_lwm2m *c, struct sg_lwm2m_observation *o, bool confirmable, uint64_t now)
{
    struct sg_lwm2m_answer answer = {0};
    const bool only_if_changed = o->due;
    struct sg_buf b = sg_buf(c->out, sizeof c->out);

    sg_lwm2m_read(c, &o->path, o->format, now, &answer);
    const uint32_t digest = sg_lwm2m_digest(sg_bytes(c->content, answer.n));
    o->due = false;
    if (only_if_changed && answer.has_content && digest == o->digest)
        return;
    o->digest = digest;
    o->sequence = (o->sequence + 1) & 0xffffff; /* RFC 7641 section 4.4 */
    o->mid = sg_lwm2m_mid(c);
    o->sent_at = now;
    o->notified = true;
    if (confirmable) {
        send_confirmable(c, o, &answer, now);
    } else {
        o->unconfirmed++;
        put_notification(c, o, &answer, false, &b);
        c->config.send(c->config.user, sg_buf_bytes(&b));
    }
    event(c, SG_LWM2M_NOTIFIED, &o->path, confirmable);
    if (!answer.has_content) /* RFC 7641 section 4.2: an error is the last notification */
        end(c, o);
}

void sg_lwm2m_notify(struct sg_lwm2m *c, uint64_t now)
{
    for (size_t i = 0; i < SG_LWM2M_OBSERVATIONS_MAX; i++) {
        struct sg_lwm2m_observation *o = &c->observations[i];
        if (!o->used || now < notify_at(c, o))
            continue;
        const bool confirmable = to_be_confirmed(o, now);
        /* While one of its notifications waits for its acknowledgement, a newer value waits too. */
        o->waits = in_flight(c, o) || (confirmable && c->exchange.kind != SG_LWM2M_NONE);
        if (!o->waits)
            notify_one(c, o, confirmable, now);
    }
}

uint64_t sg_lwm2m_notify_deadline(const struct sg_lwm2m *c)
{
    uint64_t soonest = UINT64_MAX;

    for (size_t i = 0; i < SG_LWM2M_OBSERVATIONS_MAX; i++) {
        const struct sg_lwm2m_observation *o = &c->observations[i];
        if (!o->used || (o->waits && c->exchange.kind != SG_LWM2M_NONE))
            continue;
        const uint64_t at = notify_at(c, o);
        soonest = at < soonest ? at : soonest;
    }
    return soonest;
}
