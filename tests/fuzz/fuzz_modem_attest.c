/* SPDX-License-Identifier: Apache-2.0 */
/* The text of an attestation token; what is decoded must lie within the struct that holds it. */
#include "modem/modem.h"

#include <stdlib.h>

static void within(const struct sg_attestation *a, struct sg_bytes v)
{
    if (v.n > 0 && (v.p < a->buffer || v.p + v.n > a->buffer + sizeof a->buffer))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sg_attestation a;

    if (sg_attestation_parse(sg_bytes(data, size), &a) < 0)
        return 0;
    within(&a, a.body);
    within(&a, a.protected_header);
    return 0;
}
