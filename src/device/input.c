/* SPDX-License-Identifier: Apache-2.0 */
/* A datagram that arrived: what kind of message it is, and whose (RFC 7252 sections 4.2, 4.3 and 5.3.2). */
#include "device/device_internal.h"

#include <string.h>

/* Section 4.2: an acknowledgement without an answer. The answer comes in a message of its own. */
static void acknowledged(struct sg_lwm2m *c, uint16_t mid, uint64_t now)
{
    if (c->exchange.kind == SG_LWM2M_NONE || mid != c->exchange.mid)
        return;
    if (c->exchange.kind == SG_LWM2M_NOTIFY) {
        sg_lwm2m_notification_confirmed(c, now);
        return;
    }
    c->exchange.acknowledged = true;
    c->exchange.retry.at = now + SG_LWM2M_TRANSMIT_WAIT_MS;
}

/* A Reset: the server knows nothing of what was sent. */
static void rejected(struct sg_lwm2m *c, uint16_t mid)
{
    if (c->exchange.kind != SG_LWM2M_NONE && c->exchange.kind != SG_LWM2M_NOTIFY && mid == c->exchange.mid)
        sg_lwm2m_lost(c);
    else
        sg_lwm2m_notification_rejected(c, mid);
}

static void empty(struct sg_lwm2m *c, const struct sg_coap *m, uint64_t now)
{
    switch (m->type) {
    case SG_COAP_CON: /* section 4.3: a ping */
        sg_lwm2m_reset(c, m->mid);
        break;
    case SG_COAP_ACK:
        acknowledged(c, m->mid, now);
        break;
    case SG_COAP_RST:
        rejected(c, m->mid);
        break;
    case SG_COAP_NON: /* section 4.3: to be ignored */
        break;
    }
}

static bool answers_exchange(const struct sg_lwm2m *c, const struct sg_coap *m)
{
    const struct sg_lwm2m_exchange *e = &c->exchange;

    if (e->kind == SG_LWM2M_NONE || e->kind == SG_LWM2M_NOTIFY)
        return false;
    if (m->type == SG_COAP_ACK && m->mid != e->mid)
        return false;
    return m->token_len == sizeof e->token && memcmp(m->token, e->token, sizeof e->token) == 0;
}

static void acknowledge(struct sg_lwm2m *c, uint16_t mid, uint64_t now)
{
    uint8_t datagram[4];
    struct sg_buf b = sg_buf(datagram, sizeof datagram);

    sg_coap_begin(&b, SG_COAP_ACK, SG_COAP_EMPTY, mid, sg_bytes(NULL, 0));
    sg_lwm2m_remember(c, mid, sg_buf_bytes(&b), now);
    c->config.send(c->config.user, sg_buf_bytes(&b));
}

static void response(struct sg_lwm2m *c, const struct sg_coap *m, uint64_t now)
{
    const bool ours = answers_exchange(c, m) && sg_coap_unknown_critical(m) == 0; /* section 5.4.1 */

    if (m->type == SG_COAP_CON) {
        if (!ours) {
            sg_lwm2m_reset(c, m->mid);
            return;
        }
        acknowledge(c, m->mid, now);
    }
    if (ours)
        sg_lwm2m_answered(c, m, now);
}

/* Table 1 of section 4.3 says which types may carry what; anything else is ignored. */
static void message(struct sg_lwm2m *c, const struct sg_coap *m, uint64_t now)
{
    const bool is_request = m->code >> 5 == 0;

    if (m->type == SG_COAP_RST || (m->type == SG_COAP_ACK && is_request))
        return;
    if (m->type != SG_COAP_ACK && sg_lwm2m_repeated(c, m, now))
        return;
    if (is_request)
        sg_lwm2m_request(c, m, now);
    else
        response(c, m, now);
}

void sg_lwm2m_input(struct sg_lwm2m *c, struct sg_bytes datagram, uint64_t now)
{
    struct sg_coap m;
    bool has_header;

    if (c->state == SG_LWM2M_IDLE)
        return;
    if (sg_coap_parse(datagram, &m, &has_header) < 0) {
        if (has_header && m.type == SG_COAP_CON) /* section 4.2: what cannot be read is rejected */
            sg_lwm2m_reset(c, m.mid);
    } else if (m.code == SG_COAP_EMPTY) {
        empty(c, &m, now);
    } else {
        message(c, &m, now);
    }
    sg_lwm2m_go(c, now);
}
