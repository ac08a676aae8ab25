/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M paths: /object/instance/resource/resource-instance. OMA LwM2M 1.1 core sections 7.1 and 7.2. */
#include "core/core.h"

#include <string.h>

enum { MAX_ID = 65534 }; /* 65535 is reserved: section 7.1 */

struct sg_path sg_path(uint8_t depth, uint16_t obj, uint16_t inst, uint16_t res, uint16_t res_inst)
{
    struct sg_path path = {.depth = depth < 4 ? depth : 4};
    const uint16_t id[4] = {obj, inst, res, res_inst};

    for (size_t i = 0; i < path.depth; i++)
        path.id[i] = id[i];
    return path;
}

static int append(struct sg_path *path, struct sg_bytes number)
{
    uint64_t id;

    if (path->depth == 4 || (number.n > 1 && number.p[0] == '0') || sg_parse_udec(number, MAX_ID, &id) < 0)
        return SG_EFORMAT;
    path->id[path->depth++] = (uint16_t)id;
    return 0;
}

int sg_path_parse(struct sg_bytes text, struct sg_path *path)
{
    struct sg_path found = {0};
    size_t at = 1;

    if (text.n == 0 || text.p[0] != '/')
        return SG_EFORMAT;
    while (text.n > 1 && at <= text.n) {
        size_t end = at;
        while (end < text.n && text.p[end] != '/')
            end++;
        if (append(&found, sg_bytes(text.p + at, end - at)) < 0)
            return SG_EFORMAT;
        at = end + 1;
    }
    *path = found;
    return 0;
}

char *sg_path_text(const struct sg_path *path, char text[SG_PATH_TEXT])
{
    struct sg_buf b = sg_buf(text, SG_PATH_TEXT);

    for (size_t i = 0; i < path->depth && i < 4; i++) {
        sg_put_u8(&b, '/');
        sg_put_udec(&b, path->id[i]);
    }
    if (b.len == 0)
        sg_put_u8(&b, '/');
    sg_put_u8(&b, '\0'); /* at most four times "/65535" and this */
    return text;
}

bool sg_path_eq(const struct sg_path *a, const struct sg_path *b)
{
    return a->depth == b->depth && sg_path_within(a, b);
}

bool sg_path_within(const struct sg_path *inner, const struct sg_path *outer)
{
    return inner->depth >= outer->depth && memcmp(inner->id, outer->id, outer->depth * sizeof outer->id[0]) == 0;
}

int sg_path_from_coap(const struct sg_coap *m, struct sg_path *path)
{
    struct sg_path found = {0};
    struct sg_coap_option o = {0};

    while (sg_coap_next(m, &o)) {
        if (o.number == SG_COAP_OPT_URI_PATH && append(&found, o.value) < 0)
            return SG_EFORMAT;
    }
    *path = found;
    return 0;
}

void sg_coap_put_path(struct sg_coap_writer *w, const struct sg_path *path)
{
    for (size_t i = 0; i < path->depth && i < 4; i++) {
        uint8_t digits[5];
        struct sg_buf b = sg_buf(digits, sizeof digits);
        sg_put_udec(&b, path->id[i]);
        sg_coap_put(w, SG_COAP_OPT_URI_PATH, sg_buf_bytes(&b));
    }
}
