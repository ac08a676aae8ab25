/* SPDX-License-Identifier: Apache-2.0 */
/* `signet` alone: what there is, and what to do next. */
#include "commands.h"

#include <stdio.h>

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
    sg_cli_print_commands();
    return SG_CLI_DONE;
}
