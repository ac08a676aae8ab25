/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR: the skipper and a reader that walks item by item agree on where an item ends, and what was read is written
 * in its preferred form, which reads as the same again. */
#include "core/core.h"

#include <stdlib.h>
#include <string.h>

/* Copies one definite-length item in preferred form; false where it is not one. */
static bool copy(struct sg_cursor *in, struct sg_buf *out, unsigned depth)
{
    enum sg_cbor_type type = sg_cbor_peek(in);
    size_t inside = 0;

    if (depth == 16 && (type == SG_CBOR_ARRAY || type == SG_CBOR_MAP || type == SG_CBOR_TAG))
        return false;
    switch (type) {
    case SG_CBOR_UINT:
        sg_cbor_put_uint(out, sg_cbor_get_uint(in));
        break;
    case SG_CBOR_NINT:
        sg_cbor_put_int(out, sg_cbor_get_int(in));
        break;
    case SG_CBOR_BYTES:
        sg_cbor_put_bytes(out, sg_cbor_get_bytes(in));
        break;
    case SG_CBOR_TEXT:
        sg_cbor_put_text(out, sg_cbor_get_text(in));
        break;
    case SG_CBOR_ARRAY:
        inside = sg_cbor_get_array(in);
        sg_cbor_put_array(out, inside);
        break;
    case SG_CBOR_MAP:
        inside = sg_cbor_get_map(in);
        sg_cbor_put_map(out, inside);
        inside *= 2;
        break;
    case SG_CBOR_TAG:
        sg_cbor_put_tag(out, sg_cbor_get_tag(in));
        inside = 1;
        break;
    case SG_CBOR_SIMPLE:
        if (sg_cbor_get_null(in)) {
            sg_cbor_put_null(out);
        } else {
            struct sg_cursor here = *in;
            bool b = sg_cbor_get_bool(in);
            if (!in->bad) {
                sg_cbor_put_bool(out, b);
            } else {
                *in = here;
                sg_cbor_put_double(out, sg_cbor_get_number(in));
            }
        }
        break;
    case SG_CBOR_END:
        return false;
    }
    for (; inside > 0 && !in->bad; inside--) {
        if (!copy(in, out, depth + 1))
            return false;
    }
    return !in->bad;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t first[32768], second[32768];
    struct sg_cursor walked = sg_cursor(sg_bytes(data, size)), skipped = walked;
    struct sg_buf a = sg_buf(first, sizeof first), b = sg_buf(second, sizeof second);

    sg_cbor_skip(&skipped);
    if (!copy(&walked, &a, 0))
        return 0;
    if (skipped.bad || skipped.at != walked.at)
        abort();
    if (a.full)
        return 0;
    struct sg_cursor again = sg_cursor(sg_buf_bytes(&a));
    if (!copy(&again, &b, 0) || sg_left(&again) != 0 || !sg_bytes_eq(sg_buf_bytes(&a), sg_buf_bytes(&b)))
        abort();
    return 0;
}
