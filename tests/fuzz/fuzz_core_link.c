/* SPDX-License-Identifier: Apache-2.0 */
/* Link format: links lie within the list, in order; a target that is a path is written as it was. */
#include "core/core.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_cursor c = sg_cursor(sg_bytes(data, size));
    struct sg_link link;
    struct sg_bytes value;
    size_t before = 0;

    while (sg_link_next(&c, &link)) {
        if (c.at <= before || link.target.n + link.params.n > size)
            abort();
        before = c.at;
        sg_link_param(&link, "ver", &value);
        if (sg_link_param(&link, "rt", &value) && value.n > link.params.n)
            abort();
        struct sg_path path;
        uint8_t text[64];
        struct sg_buf b = sg_buf(text, sizeof text);
        if (sg_path_parse(link.target, &path) == 0) {
            sg_link_put(&b, 0, &path);
            if (b.len != link.target.n + 2 || memcmp(text + 1, link.target.p, link.target.n) != 0)
                abort();
        }
    }
    if (!c.bad && sg_left(&c) > 0)
        abort();
    return 0;
}
