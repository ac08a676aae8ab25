/* SPDX-License-Identifier: Apache-2.0 */
/* `signet` alone: what there is, and what to do next. */
#include "commands.h"

#include <stdio.h>

static int count_device(void *user, const struct sg_device *d)
{
    unsigned *counts = user;
    counts[d->state]++;
    return 0;
}

int sg_cli_overview(struct sg_cli *cli)
{
    struct sg_error err = {0};
    if (sg_home_find(&cli->home, cli->dir, &err) < 0)
        return sg_cli_fail_err(SG_CLI_USAGE, &err);
    (void)printf("signet %s gives nRF91 devices an X.509 identity, and manages them by LwM2M.\n\n", SG_VERSION);
    int r = sg_home_check(&cli->home, &err);
    if (r < 0) {
        (void)printf("%s\n", err.text);
        sg_cli_print_commands();
        return r == SG_ENOTFOUND ? SG_CLI_DONE : SG_CLI_FAILED;
    }
    int exit_code;
    struct sg_store *store = sg_cli_open_store(cli, &exit_code);
    if (store == NULL)
        return exit_code;
    unsigned counts[3] = {0};
    r = sg_store_each_device(store, count_device, counts, &err);
    sg_store_close(store);
    if (r < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    (void)printf("Home      %s\nDevices   %u enrolled, %u being enrolled, %u revoked\n", cli->home.shown,
                 counts[SG_DEVICE_ENROLLED], counts[SG_DEVICE_ENROLLING], counts[SG_DEVICE_REVOKED]);
    if (counts[SG_DEVICE_ENROLLING] > 0)
        (void)printf("Next: run `signet enroll` again for what was interrupted; it goes on where it stopped.\n");
    else if (counts[SG_DEVICE_ENROLLED] == 0)
        (void)printf("Next: connect a board and run `signet enroll`.\n");
    else
        (void)printf("Next: `signet devices` lists them; `signet doctor` looks whether all is well.\n");
    sg_cli_print_commands();
    return SG_CLI_DONE;
}
