/* SPDX-License-Identifier: Apache-2.0 */
/* What a device answers to servers that are played to it: datagrams of a handshake, and CoAP messages in a session. */
#include "probe/device_internal.h"

#include <stdlib.h>
#include <string.h>

static void answered(void *user, struct sg_bytes datagram)
{
    struct sg_coap m;
    (void)user;
    if (sg_coap_parse(datagram, &m, NULL) < 0)
        abort(); /* whatever came, what the server says is sound */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct sg_probe_dev_attempt t = {.stage = SG_REACHED_HELLO, .alert = -1};
    static struct sg_probe_lwm2m l;

    sg_probe_dev_read_reply(sg_bytes(data, n), &t);
    if (t.stage < SG_REACHED_HELLO || t.stage > SG_REACHED_FINISHED || t.alert < -1 || t.alert > 255)
        abort();
    sg_probe_lwm2m_init(&l, 7, NULL, answered);
    sg_probe_lwm2m_input(&l, sg_bytes(data, n));
    if (memchr(l.endpoint, '\0', sizeof l.endpoint) == NULL || memchr(l.first, '\0', sizeof l.first) == NULL ||
        l.answer.n > sizeof l.answer.payload)
        abort();
    return 0;
}
