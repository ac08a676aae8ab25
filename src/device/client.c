/* SPDX-License-Identifier: Apache-2.0 */
/* The client as its user drives it: start, end, and what is due when. */
#include "device/device_internal.h"

#include <string.h>

enum { ENDPOINT_MAX = 128 };

int sg_lwm2m_init(struct sg_lwm2m *c, const struct sg_lwm2m_config *config)
{
    const size_t endpoint = config->endpoint != NULL ? strlen(config->endpoint) : 0;
    struct sg_buf b;

    if (endpoint == 0 || endpoint > ENDPOINT_MAX)
        return SG_EINVAL;
    for (size_t i = 0; i < config->object_count; i++) {
        const unsigned before = i > 0 ? config->objects[i - 1].id : 1; /* 0 and 1 are the client's own */
        if (config->objects[i].id <= before)
            return SG_EINVAL;
    }
    memset(c, 0, sizeof *c);
    c->config = *config;
    c->lifetime = config->lifetime;
    c->server = sg_lwm2m_object_server(c);
    c->next_mid = (uint16_t)config->random(config->user);
    sg_lwm2m_put_register(c, &b);
    c->exchange.kind = SG_LWM2M_NONE;
    return b.full ? SG_ENOSPC : 0;
}

void sg_lwm2m_forget(struct sg_lwm2m *c)
{
    c->state = SG_LWM2M_IDLE;
    c->exchange.kind = SG_LWM2M_NONE;
    c->want_update = false;
    memset(c->observations, 0, sizeof c->observations);
    memset(c->recent, 0, sizeof c->recent);
}

void sg_lwm2m_register(struct sg_lwm2m *c, uint64_t now)
{
    sg_lwm2m_forget(c);
    sg_lwm2m_send_register(c, now);
}

int sg_lwm2m_update(struct sg_lwm2m *c, uint64_t now)
{
    if (c->state != SG_LWM2M_IN_USE)
        return SG_ESTATE;
    c->want_update = true;
    sg_lwm2m_go(c, now);
    return 0;
}

void sg_lwm2m_deregister(struct sg_lwm2m *c, uint64_t now)
{
    if (c->state == SG_LWM2M_IN_USE) { /* whatever else waits for an acknowledgement is not waited for */
        c->state = SG_LWM2M_DEREGISTERING;
        memset(c->observations, 0, sizeof c->observations);
        sg_lwm2m_send_deregister(c, now);
    } else if (c->state != SG_LWM2M_DEREGISTERING) {
        sg_lwm2m_forget(c);
        sg_lwm2m_event(c, SG_LWM2M_DEREGISTERED, 0, "");
    }
}

void sg_lwm2m_go(struct sg_lwm2m *c, uint64_t now)
{
    if (c->state != SG_LWM2M_IN_USE)
        return;
    if (c->exchange.kind == SG_LWM2M_NONE && (c->want_update || now >= c->update_at))
        sg_lwm2m_send_update(c, now);
    sg_lwm2m_notify(c, now);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t sg_lwm2m_deadline(const struct sg_lwm2m *c)
{
    uint64_t at = UINT64_MAX;

    if (c->exchange.kind != SG_LWM2M_NONE)
        at = c->exchange.retry.at;
    if (c->state != SG_LWM2M_IN_USE)
        return at;
    if (c->exchange.kind == SG_LWM2M_NONE)
        at = c->want_update ? 0 : c->update_at;
    return sooner(at, sg_lwm2m_notify_deadline(c));
}

void sg_lwm2m_tick(struct sg_lwm2m *c, uint64_t now)
{
    if (c->exchange.kind != SG_LWM2M_NONE && now >= c->exchange.retry.at && !sg_lwm2m_exchange_again(c, now))
        sg_lwm2m_lost(c);
    sg_lwm2m_go(c, now);
}
