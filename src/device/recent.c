/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that come again (RFC 7252 section 4.5): answered as before, and not carried out twice. What is idempotent
 * is simply done again, as that section allows, so only answers without content are kept.
 */
#include "device/device_internal.h"

#include <string.h>

void sg_lwm2m_remember(struct sg_lwm2m *c, uint16_t mid, struct sg_bytes answer, uint64_t now)
{
    struct sg_lwm2m_recent *oldest = &c->recent[0];

    if (answer.n > sizeof oldest->answer)
        return;
    for (size_t i = 0; i < SG_LWM2M_RECENT && oldest->used; i++) {
        if (!c->recent[i].used || c->recent[i].at < oldest->at)
            oldest = &c->recent[i];
    }
    *oldest = (struct sg_lwm2m_recent){.used = true, .at = now, .mid = mid, .n = (uint8_t)answer.n};
    if (answer.n > 0)
        memcpy(oldest->answer, answer.p, answer.n);
}

bool sg_lwm2m_repeated(struct sg_lwm2m *c, const struct sg_coap *m, uint64_t now)
{
    for (size_t i = 0; i < SG_LWM2M_RECENT; i++) {
        const struct sg_lwm2m_recent *r = &c->recent[i];
        if (!r->used || r->mid != m->mid || now - r->at >= SG_LWM2M_EXCHANGE_LIFETIME_MS)
            continue;
        if (m->type == SG_COAP_CON)
            c->config.send(c->config.user, sg_bytes(r->answer, r->n));
        return true;
    }
    return false;
}
