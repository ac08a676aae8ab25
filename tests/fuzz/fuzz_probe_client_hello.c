/* SPDX-License-Identifier: Apache-2.0 */
/* A device's first message: sg_probe_client_hello_parse. */
#include "probe/device_internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct sg_probe_client_hello h;
    const int r = sg_probe_client_hello_parse(sg_bytes(data, n), &h);

    if (h.suite_count > SG_HELLO_SUITES || h.group_count > SG_HELLO_GROUPS || h.signature_count > SG_HELLO_SIGNATURES ||
        memchr(h.server_name, '\0', sizeof h.server_name) == NULL)
        abort();
    for (const char *p = h.server_name; *p != '\0'; p++)
        if (*p < ' ' || *p > '~')
            abort();
    if (r == 0 && h.version == 0 && n < 13 + 12 + 34)
        abort(); /* a message that short has no version and random */
    return 0;
}
