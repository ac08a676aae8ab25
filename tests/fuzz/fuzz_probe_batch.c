/* SPDX-License-Identifier: Apache-2.0 */
/* A file of a batch, of any kind: its values are gathered, or it is refused with a sentence. */
#include "probe/probe.h"

#include <stdlib.h>

static int take(void *user, const struct sg_probe_target *target, struct sg_probe_result *r)
{
    (void)user;
    (void)target;
    if (r->facts == NULL || r->observed[0] == '\0')
        abort();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sg_probe_target target = {.kind = SG_PROBE_BATCH};
    const struct sg_probe_watch watch = {.done = take};
    struct sg_error err = {0};
    struct sg_probe_batch *b = sg_probe_batch_new();
    if (sg_probe_batch_add_file(b, "file", sg_bytes(data, size), &err) < 0 && err.text[0] == '\0')
        abort();
    if (sg_probe_batch_run(b, &target, &watch) != 0)
        abort();
    sg_probe_batch_free(b);
    return 0;
}
