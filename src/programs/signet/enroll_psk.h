/* SPDX-License-Identifier: Apache-2.0 */
/* signet enroll --psk: what encrypts the keys, and the warning. */
#ifndef SG_ENROLL_PSK_H
#define SG_ENROLL_PSK_H

#include "cli.h"
#include "factory/factory.h"

/* Opens the home's psk.key into `vault` and points e->vault to it; makes it, and warns, where e->psk asks for
 * pre-shared keys; leaves e->vault NULL where there is none. 0, or an exit code after a sentence. */
int sg_cli_open_vault(const struct sg_cli *cli, struct sg_enroll *e, struct sg_psk_vault *vault);

#endif
