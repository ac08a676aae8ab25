/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands: one file each, named after it. */
#ifndef SG_CLI_COMMANDS_H
#define SG_CLI_COMMANDS_H

#include "cli.h"

extern const struct sg_cli_command sg_cli_init, sg_cli_enroll, sg_cli_issue, sg_cli_adopt, sg_cli_ca, sg_cli_identities,
    sg_cli_lot, sg_cli_renew, sg_cli_export, sg_cli_revoke, sg_cli_audit, sg_cli_doctor_command, sg_cli_modem_command,
    sg_cli_probe, sg_cli_assess_command;

/* `signet` alone: what there is, and what to do next. */
int sg_cli_overview(struct sg_cli *cli);
/* The list of commands, and what they have in common (main.c). */
void sg_cli_print_commands(void);

/* The rows of those that speak with signetd. */
extern const struct sg_cli_command sg_cli_devices, sg_cli_show, sg_cli_status, sg_cli_read, sg_cli_write,
    sg_cli_execute, sg_cli_discover, sg_cli_observe;

#endif
