/* SPDX-License-Identifier: Apache-2.0 */
/* When a confirmable CoAP message is sent again: RFC 7252 sections 4.2 and 4.8. */
#include "core/core.h"

enum {
    ACK_TIMEOUT_MS = 2000,
    ACK_SPREAD_MS = 1000, /* ACK_TIMEOUT * (ACK_RANDOM_FACTOR - 1) */
    MAX_RETRANSMIT = 4,
};

void sg_coap_retry_start(struct sg_coap_retry *r, uint64_t now, uint32_t random)
{
    r->timeout = ACK_TIMEOUT_MS + random % (ACK_SPREAD_MS + 1);
    r->at = now + r->timeout;
    r->sent = 1;
}

bool sg_coap_retry_again(struct sg_coap_retry *r, uint64_t now)
{
    if (r->sent > MAX_RETRANSMIT)
        return false;
    r->timeout *= 2;
    r->at = now + r->timeout;
    r->sent++;
    return true;
}
