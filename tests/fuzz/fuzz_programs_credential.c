/* SPDX-License-Identifier: Apache-2.0 */
/* A file to be written to a modem: what is taken can be sent, and is taken again unchanged. */
#include "programs/credential.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sg_credential c, again;
    struct sg_error err;

    if (size == 0)
        return 0;
    unsigned type = data[0] % 5;
    if (sg_credential_prepare(type, sg_bytes(data + 1, size - 1), SG_AT_COMMAND_MAX - 16, &c, &err) < 0)
        return 0;
    if (c.n == 0 || memchr(c.bytes, '"', c.n) != NULL || memchr(c.bytes, '\r', c.n) != NULL)
        abort();
    if (sg_credential_prepare(type, sg_bytes(c.bytes, c.n), SG_AT_COMMAND_MAX - 16, &again, &err) < 0 ||
        again.n != c.n || memcmp(again.bytes, c.bytes, c.n) != 0 || again.line_ends || again.blanks ||
        again.lines_outside > 0)
        abort();
    return 0;
}
