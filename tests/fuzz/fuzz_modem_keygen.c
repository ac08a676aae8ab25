/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a key generation reply; what is decoded must lie within the struct that holds it. */
#include "modem/modem.h"

#include <stdlib.h>

static void within(const struct sg_keygen *k, struct sg_bytes v)
{
    if (v.n > 0 && (v.p < k->buffer || v.p + v.n > k->buffer + sizeof k->buffer))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sg_keygen k;

    if (sg_keygen_parse(sg_bytes(data, size), &k) < 0)
        return 0;
    within(&k, k.body);
    within(&k, k.payload);
    within(&k, k.protected_header);
    if ((k.id != 8 && k.id != 9) || k.payload.n < 70)
        abort();
    return 0;
}
