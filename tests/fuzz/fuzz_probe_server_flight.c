/* SPDX-License-Identifier: Apache-2.0 */
/* What a server answers to the probe's hello, as datagrams, each after its length of two bytes. */
#include "probe/server_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct sg_probe_flight f;
    struct sg_cursor c = sg_cursor(sg_bytes(data, n));
    sg_probe_flight_init(&f);
    while (sg_left(&c) > 2) {
        size_t want = sg_get_u16(&c), left = sg_left(&c);
        sg_probe_flight_take(&f, sg_get(&c, want < left ? want : left));
    }
    volatile uint8_t sum = 0; /* each view is to be readable */
    for (size_t i = 0; i < f.certs; i++)
        for (size_t k = 0; k < f.cert[i].n; k++)
            sum = (uint8_t)(sum + f.cert[i].p[k]);
    for (size_t i = 0; i < f.extensions; i++)
        for (size_t k = 0; k < f.extension_data[i].n; k++)
            sum = (uint8_t)(sum + f.extension_data[i].p[k]);
    for (size_t k = 0; k < f.cookie.n; k++)
        sum = (uint8_t)(sum + f.cookie.p[k]);
    if (f.used > sizeof f.bytes)
        abort();
    return 0;
}
