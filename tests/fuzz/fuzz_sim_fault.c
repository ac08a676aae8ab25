/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a fault to order; what is taken must not hurt the commands that follow. */
#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

static void on_output(void *user, struct sg_bytes bytes)
{
    size_t *n = user;
    *n += bytes.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sg_sim *s;
    static size_t output;
    static const char commands[] = "AT+CFUN?\rAT%CMNG=0,1,4,\"x\"\rAT%CMNG=1\r\x7f\"\r";
    const struct sg_sim_config config = {.user = &output, .output = on_output, .host = SG_SIM_AT_HOST};
    char spec[128] = "";

    if (s == NULL && (s = sg_sim_new(&config, 0, NULL)) == NULL) /* making its key is slow */
        abort();
    memcpy(spec, data, size < sizeof spec - 1 ? size : sizeof spec - 1);
    if (sg_sim_fault(s, spec, NULL) < 0)
        return 0;
    sg_sim_input(s, sg_str(commands), 0);
    sg_sim_tick(s, UINT64_MAX - 1);
    sg_sim_free(s);
    s = NULL;
    return 0;
}
