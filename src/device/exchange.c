/* SPDX-License-Identifier: Apache-2.0 */
/* The one confirmable message that waits for its acknowledgement (RFC 7252 section 4.2; NSTART is 1: section 4.7). */
#include "device/device_internal.h"

#include <string.h>

uint16_t sg_lwm2m_mid(struct sg_lwm2m *c)
{
    return c->next_mid++;
}

struct sg_coap_writer sg_lwm2m_begin(struct sg_lwm2m *c, enum sg_lwm2m_kind kind, uint8_t method, struct sg_buf *b)
{
    const uint32_t token = c->config.random(c->config.user);

    memcpy(c->exchange.token, &token, sizeof c->exchange.token);
    c->exchange.kind = (uint8_t)kind;
    c->exchange.mid = sg_lwm2m_mid(c);
    *b = sg_buf(c->exchange.datagram, sizeof c->exchange.datagram);
    return sg_coap_begin(b, SG_COAP_CON, method, c->exchange.mid,
                         sg_bytes(c->exchange.token, sizeof c->exchange.token));
}

void sg_lwm2m_exchange(struct sg_lwm2m *c, const struct sg_buf *b, uint64_t now)
{
    const struct sg_bytes datagram = sg_buf_bytes(b);

    c->exchange.n = datagram.n;
    c->exchange.acknowledged = false;
    sg_coap_retry_start(&c->exchange.retry, now, c->config.random(c->config.user));
    c->config.send(c->config.user, datagram);
}

bool sg_lwm2m_exchange_again(struct sg_lwm2m *c, uint64_t now)
{
    if (c->exchange.acknowledged || !sg_coap_retry_again(&c->exchange.retry, now))
        return false;
    c->config.send(c->config.user, sg_bytes(c->exchange.datagram, c->exchange.n));
    return true;
}

void sg_lwm2m_reset(struct sg_lwm2m *c, uint16_t mid)
{
    uint8_t datagram[4];
    struct sg_buf b = sg_buf(datagram, sizeof datagram);

    sg_coap_begin(&b, SG_COAP_RST, SG_COAP_EMPTY, mid, sg_bytes(NULL, 0));
    c->config.send(c->config.user, sg_buf_bytes(&b));
}

void sg_lwm2m_event(struct sg_lwm2m *c, enum sg_lwm2m_what what, uint8_t code, const char *text)
{
    const struct sg_lwm2m_event event = {.what = what, .code = code, .text = text};

    c->config.event(c->config.user, &event);
}
