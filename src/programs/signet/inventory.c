/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the inventory of a home. */
#include "cli.h"

struct sg_store *sg_cli_open_store(const struct sg_cli *cli, int *exit_code)
{
    struct sg_error err = {0};
    int r = sg_home_check(&cli->home, &err);
    if (r < 0) {
        *exit_code = sg_cli_fail_err(r == SG_ENOTFOUND ? SG_CLI_NOTHING : SG_CLI_FAILED, &err);
        return NULL;
    }
    struct sg_store *store = sg_store_open(cli->home.inventory, &err);
    if (store == NULL)
        *exit_code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    return store;
}
