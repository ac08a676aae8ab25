/* SPDX-License-Identifier: Apache-2.0 */
/* signet enroll --psk: what encrypts the keys, and the warning. */
#include "enroll_psk.h"
#include "programs/config.h"

static void warn(const struct sg_cli *cli)
{
    struct sg_config config;
    (void)sg_cli_fail(0,
                      "an nRF91 offers no forward secrecy with a pre-shared key: whoever records the traffic and gets "
                      "the key later, from the modem or from this home, reads it all. Without --psk a board gets a "
                      "certificate.");
    if (sg_config_load(cli->home.config, &config, NULL) == 0 && !config.server.psk)
        (void)sg_cli_fail(0, "signetd refuses such a device until `psk: true` stands below `server:` in %s.",
                          cli->home.config);
}

int sg_cli_open_vault(const struct sg_cli *cli, struct sg_enroll *e, struct sg_psk_vault *vault)
{
    struct sg_error err = {0};
    if (e->psk)
        warn(cli);
    int r = sg_psk_vault_open(vault, cli->home.psk_key, e->psk, &err);
    if (r == SG_ENOTFOUND)
        return 0;
    if (r < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    e->vault = vault;
    return 0;
}
