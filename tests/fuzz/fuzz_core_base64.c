/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 and hexadecimal: bytes have one text, and text that decodes is that text (padding and case aside). */
#include "core/core.h"

#include <stdlib.h>
#include <string.h>

typedef void put(struct sg_buf *, struct sg_bytes);
typedef int parse(struct sg_bytes, struct sg_buf *);

static void there_and_back(put *write, parse *read, struct sg_bytes bytes)
{
    static uint8_t text[16384], back[16384];
    struct sg_buf t = sg_buf(text, sizeof text), b = sg_buf(back, sizeof back);

    write(&t, bytes);
    if (t.full || read(sg_buf_bytes(&t), &b) < 0 || !sg_bytes_eq(sg_buf_bytes(&b), bytes))
        abort();
}

static void back_and_there(put *write, parse *read, struct sg_bytes text)
{
    static uint8_t bytes[16384], again[16384];
    struct sg_buf b = sg_buf(bytes, sizeof bytes), t = sg_buf(again, sizeof again);

    if (read(text, &b) < 0) {
        if (b.len != 0)
            abort();
        return;
    }
    write(&t, sg_buf_bytes(&b));
    while (text.n > 0 && text.p[text.n - 1] == '=')
        text.n--;
    while (t.len > 0 && again[t.len - 1] == '=')
        t.len--;
    if (t.len != text.n)
        abort();
    for (size_t i = 0; i < t.len && write != sg_put_hex; i++) {
        if (again[i] != text.p[i])
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_bytes v = sg_bytes(data, size);

    if (size > 4096)
        return 0;
    there_and_back(sg_put_base64, sg_parse_base64, v);
    there_and_back(sg_put_base64url, sg_parse_base64url, v);
    there_and_back(sg_put_hex, sg_parse_hex, v);
    back_and_there(sg_put_base64, sg_parse_base64, v);
    back_and_there(sg_put_base64url, sg_parse_base64url, v);
    back_and_there(sg_put_hex, sg_parse_hex, v);
    return 0;
}
