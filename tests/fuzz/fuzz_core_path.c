/* SPDX-License-Identifier: Apache-2.0 */
/* Paths, and values as text (the first byte picks the type): what parses prints as text that parses as the same. */
#include "core/core.h"

#include <stdlib.h>

static void try_path(struct sg_bytes text)
{
    struct sg_path path;
    char again[SG_PATH_TEXT];

    if (sg_path_parse(text, &path) == 0 && !sg_bytes_eq_str(text, sg_path_text(&path, again)))
        abort(); /* a path has one spelling */
}

static void try_value(enum sg_type type, struct sg_bytes text)
{
    uint8_t first[4096], second[8192], third[8192];
    struct sg_buf scratch = sg_buf(first, sizeof first), b = sg_buf(second, sizeof second);
    struct sg_value v, again;

    if (sg_value_from_text(type, text, &scratch, &v) < 0)
        return;
    sg_value_put_text(&b, &v);
    scratch = sg_buf(third, sizeof third);
    if (b.full || sg_value_from_text(type, sg_buf_bytes(&b), &scratch, &again) < 0)
        abort();
    if (type == SG_STRING || type == SG_OPAQUE) {
        if (!sg_bytes_eq(v.bytes, again.bytes))
            abort();
    } else if (v.i != again.i) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 4096)
        return 0;
    try_path(sg_bytes(data, size));
    try_value((enum sg_type)(data[0] % 9), sg_bytes(data + 1, size - 1));
    return 0;
}
