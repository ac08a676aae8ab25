/* SPDX-License-Identifier: Apache-2.0 */
/* Bills of materials from outside. */
#include "probe/image_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct sg_sbom s;
    struct sg_error err = {0};
    int r = sg_sbom_read(sg_bytes(data, n), &s, &err);
    if (r < 0 ? err.code != r : s.components != json_array_size(s.list) || s.without_version > s.components)
        abort();
    json_decref(s.list);
    return 0;
}
