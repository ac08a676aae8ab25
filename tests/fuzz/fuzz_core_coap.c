/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP: whatever parses is written again as the same bytes. */
#include "core/core.h"

#include <stdlib.h>

static void write_again(const struct sg_coap *m, struct sg_bytes datagram)
{
    uint8_t space[8192];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_coap_writer w = sg_coap_begin(&b, m->type, m->code, m->mid, sg_bytes(m->token, m->token_len));
    struct sg_coap_option o = {0};

    while (sg_coap_next(m, &o))
        sg_coap_put(&w, o.number, o.value);
    sg_coap_put_payload(&w, m->payload);
    if (!sg_bytes_eq(sg_buf_bytes(&b), datagram))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_bytes datagram = sg_bytes(data, size), v;
    struct sg_coap m;
    struct sg_coap_block block;
    struct sg_path path;

    if (size > 8192 || sg_coap_parse(datagram, &m, NULL) < 0)
        return 0;
    write_again(&m, datagram);
    sg_coap_unknown_critical(&m);
    sg_coap_query(&m, "ep", &v);
    sg_coap_find_uint(&m, SG_COAP_OPT_OBSERVE, 0);
    if (sg_coap_find_block(&m, SG_COAP_OPT_BLOCK1, &block) && (block.size < 16 || block.size > 1024))
        abort();
    if (sg_path_from_coap(&m, &path) == 0 && path.depth > 4)
        abort();
    return 0;
}
