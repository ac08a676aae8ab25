/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a host types at the simulated modem. The first byte chooses the host program. No socket is opened. */
#include "sim/sim.h"

#include <netdb.h>
#include <stdlib.h>

/* In place of the C library's: no name has an address, so that nothing leaves this process. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
    (void)node;
    (void)service;
    (void)hints;
    (void)list;
    return EAI_FAIL;
}

static void on_output(void *user, struct sg_bytes bytes)
{
    uint8_t *sum = user;
    for (size_t i = 0; i < bytes.n; i++)
        *sum = (uint8_t)(*sum + bytes.p[i]);
}

static void on_log(void *user, const char *line)
{
    on_output(user, sg_str(line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t sum = 0;
    struct sg_sim_config config = {.user = &sum, .output = on_output, .log = on_log, .capacity = 2000};

    if (size == 0)
        return 0;
    config.host = data[0] & 8    ? SG_SIM_SHELL
                  : data[0] & 1  ? SG_SIM_AT_HOST
                  : data[0] & 32 ? SG_SIM_SLM29
                  : data[0] & 64 ? SG_SIM_SLM31
                                 : SG_SIM_SERIAL_MODEM;
    config.echo = (data[0] & 2) != 0;
    config.model = data[0] & 4 ? "nRF9160" : NULL;
    struct sg_sim *s = sg_sim_new(&config, 0, NULL);
    if (s == NULL)
        abort();
    if (data[0] & 16)
        (void)sg_sim_fault(s, "garble=50", NULL);
    for (size_t at = 1, n; at < size; at += n) {
        n = size - at < 100 ? size - at : 100;
        sg_sim_input(s, sg_bytes(data + at, n), at);
        sg_sim_tick(s, at);
    }
    sg_sim_free(s);
    return 0;
}
