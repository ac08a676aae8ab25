/* SPDX-License-Identifier: Apache-2.0 */
/* Content formats: the first byte picks format and base. Whatever is read is within its base, and what is written from
 * it reads as the same records. */
#include "core/core.h"

#include <stdlib.h>
#include <string.h>

enum { MAX = 128 };

static const enum sg_format formats[] = {SG_TLV, SG_SENML_CBOR, SG_TEXT, SG_OCTETS, SG_CBOR};
static const struct sg_path bases[] = {
    {0, {0}},       {1, {3}},        {2, {3, 0}},          {3, {3, 0, 9}}, {4, {3, 0, 6, 0}},
    {1, {1}},       {3, {3, 0, 13}}, {3, {3303, 0, 5700}}, {3, {9, 0, 9}}, {2, {9, 0}},
    {3, {1, 0, 6}}, {3, {1, 0, 10}}, {3, {1, 0, 11}},      {3, {5, 0, 0}}, {4, {3, 0, 22, 1}},
    {1, {9}},       {3, {3, 0, 0}},
};

static bool same(const struct sg_value *a, const struct sg_value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case SG_STRING:
    case SG_OPAQUE:
        return sg_bytes_eq(a->bytes, b->bytes);
    case SG_INTEGER:
    case SG_TIME:
        return a->i == b->i;
    case SG_UNSIGNED:
        return a->u == b->u;
    case SG_FLOAT:
        return a->f == b->f || (a->f != a->f && b->f != b->f);
    case SG_BOOLEAN:
        return a->b == b->b;
    case SG_OBJLNK:
        return memcmp(a->link, b->link, sizeof a->link) == 0;
    case SG_NONE:
        break;
    }
    abort(); /* no record has no value */
}

static int by_path(const void *x, const void *y)
{
    const struct sg_record *a = x, *b = y;

    for (size_t i = 0; i < 4; i++) {
        int p = i < a->path.depth ? a->path.id[i] : -1;
        int q = i < b->path.depth ? b->path.id[i] : -1;
        if (p != q)
            return p - q;
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t decoded[8192], written[65536], decoded_again[65536];
    static struct sg_record records[MAX], again[MAX];

    if (size == 0 || size > sizeof decoded)
        return 0;
    enum sg_format format = formats[data[0] % 5];
    const struct sg_path *base = &bases[data[0] / 5 % (sizeof bases / sizeof bases[0])];
    /* no more scratch space than promised, so that a sanitizer sees what is beyond */
    struct sg_buf scratch = sg_buf(decoded, size - 1);
    int n = sg_content_read(format, base, sg_bytes(data + 1, size - 1), &scratch, records, MAX);
    if (n == SG_EINVAL || n > MAX)
        abort();
    if (n < 0)
        return 0;
    for (int i = 0; i < n; i++) {
        if (records[i].path.depth < 3 || records[i].path.depth > 4 || !sg_path_within(&records[i].path, base))
            abort();
    }
    qsort(records, (size_t)n, sizeof records[0], by_path);
    struct sg_buf out = sg_buf(written, sizeof written);
    int error = sg_content_write(format, base, records, (size_t)n, &out);
    if (error == SG_EINVAL || error == SG_EUNSUPPORTED) /* a resource twice, or nothing for one value */
        return 0;
    if (error != 0)
        abort();
    scratch = sg_buf(decoded_again, out.len);
    if (sg_content_read(format, base, sg_buf_bytes(&out), &scratch, again, MAX) != n)
        abort();
    for (int i = 0; i < n; i++) {
        if (!sg_path_eq(&records[i].path, &again[i].path) || !same(&records[i].value, &again[i].value))
            abort();
    }
    return 0;
}
