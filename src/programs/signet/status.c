/* SPDX-License-Identifier: Apache-2.0 */
/* signet status: how signetd does. */
#include "commands.h"
#include "online.h"

#include <stdio.h>
#include <time.h>

static long long count(const json_t *counts, const char *name)
{
    return (long long)sg_cli_number_of(counts, name);
}

static void print_status(const json_t *s, uint16_t api_port)
{
    const json_t *c = json_object_get(s, "counts");
    char ago[SG_CLI_AGO];

    (void)printf("signetd       %s, process %lld, started %s\n", sg_cli_text_of(s, "version"),
                 (long long)sg_cli_number_of(s, "pid"), sg_cli_ago(sg_cli_time_of(s, "started"), time(NULL), ago));
    (void)printf("listens       LwM2M on UDP port %lld, API on TCP port %u (this machine only)\n",
                 (long long)sg_cli_number_of(s, "lwm2m_port"), api_port);
    (void)printf("devices       %lld registered, %lld connected\n", count(c, "registered"), count(c, "connected"));
    (void)printf("handshakes    %lld, of which %lld resumed; %lld refused\n", count(c, "handshakes"),
                 count(c, "resumed"), count(c, "refused"));
    (void)printf("registration  %lld new, %lld updates; %lld times a device came from a new address\n",
                 count(c, "registrations"), count(c, "updates"), count(c, "moved"));
    (void)printf("datagrams     %lld in, %lld out\n", count(c, "datagrams_in"), count(c, "datagrams_out"));
}

static int run(struct sg_cli *cli)
{
    static const char *const none[] = {NULL};
    int code = sg_cli_operands(cli, none, NULL);
    if (code != 0)
        return code;
    struct sg_client *c = sg_cli_client(cli, &code);
    if (c == NULL)
        return code;
    uint16_t port = sg_client_port(c);
    json_t *answer = sg_cli_call(c, "GET", "/status", NULL, &code);
    if (answer == NULL)
        return code;
    json_object_set_new(answer, "api_port", json_integer(port));
    if (cli->json)
        return sg_cli_print_json(answer);
    print_status(answer, port);
    json_decref(answer);
    return SG_CLI_DONE;
}

const struct sg_cli_command sg_cli_status = {
    .name = "status",
    .synopsis = "",
    .what = "tells how signetd does: devices, handshakes, refusals since its start",
    .run = run,
};
