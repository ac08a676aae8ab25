/* SPDX-License-Identifier: Apache-2.0 */
/* Build configurations from outside. */
#include "probe/image_internal.h"

#include <stdlib.h>

static void tell(void *user, const struct sg_kconfig_finding *f)
{
    (void)user;
    if (f->option[0] == '\0' || f->reason == NULL || f->cure == NULL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct sg_error err = {0};
    int r = sg_kconfig_check(sg_bytes(data, n), tell, NULL, &err);
    if (r == 0 || (r < 0 && err.code != r))
        abort();
    return 0;
}
