/* SPDX-License-Identifier: Apache-2.0 */
/* signet devices: all of them, a line each. */
#include "commands.h"
#include "online.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "5d:e1:… to 2036-11" */
static void identity_text(const json_t *device, int64_t now, char *out, size_t cap)
{
    const json_t *identity = json_object_get(device, "identity");
    char date[SG_CLI_TIME];
    int64_t until = sg_cli_time_of(identity, "valid_until");
    if (!json_is_object(identity)) {
        (void)snprintf(out, cap, "none");
        return;
    }
    if (strcmp(sg_cli_text_of(identity, "kind"), "psk") == 0) {
        (void)snprintf(out, cap, "%s", sg_cli_psk_text(device));
        return;
    }
    (void)sg_cli_date(until, date);
    (void)snprintf(out, cap, "%.5s:… %s %.7s", sg_cli_text_of(identity, "fingerprint"), until < now ? "expired" : "to",
                   date);
}

static void put_row(struct sg_cli_table *table, const json_t *device, int64_t now)
{
    char identity[64], ago[SG_CLI_AGO], address[SG_ADDR_TEXT + 8];
    char *endpoint = sg_cli_safe(sg_cli_text_of(device, "endpoint"));

    identity_text(device, now, identity, sizeof identity);
    (void)snprintf(address, sizeof address, "%s%s", sg_cli_text_of(device, "address"),
                   sg_cli_truth_of(json_object_get(device, "connection"), "cid") ? " (CID)" : "");
    const char *cells[] = {endpoint, sg_cli_text_of(device, "state"), identity,
                           sg_cli_ago(sg_cli_time_of(device, "last_seen"), now, ago), address};
    sg_cli_row(table, 5, cells);
    free(endpoint);
}

static void print_devices(const json_t *devices)
{
    static const char *const heading[] = {"ENDPOINT", "STATE", "IDENTITY", "LAST SEEN", "ADDRESS"};
    struct sg_cli_table table = {0};
    const json_t *device;
    size_t i;

    sg_cli_row(&table, 5, heading);
    json_array_foreach(devices, i, device) put_row(&table, device, time(NULL));
    sg_cli_print_table(&table);
}

static int run(struct sg_cli *cli)
{
    static const char *const none[] = {NULL};
    bool live;
    int code = sg_cli_operands(cli, none, NULL);
    if (code != 0)
        return code;
    json_t *answer = sg_cli_get_devices(cli, NULL, &live, &code);
    if (answer == NULL)
        return code;
    if (cli->json) {
        json_object_set_new(answer, "live", json_boolean(live));
        return sg_cli_print_json(answer);
    }
    const json_t *devices = json_object_get(answer, "devices");
    if (json_array_size(devices) > 0)
        print_devices(devices);
    else
        (void)printf("No devices yet. Connect a board and run `signet enroll`.\n");
    if (!live && json_array_size(devices) > 0)
        (void)sg_cli_fail(0, "signetd does not run on %s: this is what the inventory knows.", cli->home.shown);
    json_decref(answer);
    return SG_CLI_DONE;
}

const struct sg_cli_command sg_cli_devices = {
    .name = "devices",
    .synopsis = "",
    .what = "lists the devices: state, identity, when and where they were seen last",
    .help = "States: registered, connected (not registered yet), enrolled (not there now),\n"
            "enrolling (its enrolment was interrupted: run `signet enroll` again), revoked.\n"
            "PSK (no forward secrecy): a pre-shared key, the weaker identity.\n"
            "(CID): it is known by a connection id, wherever it comes from. Without signetd,\n"
            "the inventory alone is shown.\n",
    .run = run,
};
