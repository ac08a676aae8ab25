/* SPDX-License-Identifier: Apache-2.0 */
/* A store file that something has damaged. */
#include "sim/sim_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_sim_store st;

    if (sg_sim_store_parse(&st, sg_bytes(data, size)) < 0)
        return 0;
    for (size_t i = 0; i < st.count; i++)
        if (sg_sim_store_find(&st, st.entries[i].tag, st.entries[i].type) != &st.entries[i])
            abort();
    sg_sim_store_wipe(&st);
    return 0;
}
