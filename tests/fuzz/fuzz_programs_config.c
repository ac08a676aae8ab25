/* SPDX-License-Identifier: Apache-2.0 */
/* sg_config_parse: any bytes as signet.yaml. What is taken must be within its bounds; what is not has a sentence. */
#include "programs/config.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct sg_config c;
    struct sg_error err = {0};

    if (sg_config_parse("f", sg_bytes(data, n), &c, &err) < 0) {
        if (err.code != SG_EFORMAT || err.text[0] == '\0')
            abort();
    } else if (c.server.workers < 1 || c.server.workers > 64 || c.server.mtu < 512 || c.server.mtu > 1452 ||
               strlen(c.server.name) == 0) {
        abort();
    }
    return 0;
}
