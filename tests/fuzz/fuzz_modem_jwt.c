/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a JSON Web Token; what is decoded must lie within the struct that holds it. */
#include "modem/modem.h"

#include <stdlib.h>

static void within(const struct sg_jwt *t, struct sg_bytes v)
{
    if (v.n > 0 && (v.p < t->buffer || v.p + v.n > t->buffer + sizeof t->buffer))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sg_jwt t;

    if (sg_jwt_parse(sg_bytes(data, size), &t) < 0)
        return 0;
    within(&t, t.text);
    within(&t, t.claims);
    return 0;
}
