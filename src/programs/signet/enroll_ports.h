/* SPDX-License-Identifier: Apache-2.0 */
/* The ports that `signet enroll` works on: as given, or as found. */
#ifndef SG_CLI_ENROLL_PORTS_H
#define SG_CLI_ENROLL_PORTS_H

#include "programs/policy.h"

#include <stdbool.h>
#include <stddef.h>

enum { SG_CLI_PORTS = 64 };

struct sg_cli_ports {
    char *path[SG_CLI_PORTS]; /* copies */
    size_t n;
};

bool sg_cli_add_port(struct sg_cli_ports *p, const char *path); /* false: too many */
/* Looks at the policy's ports, and takes those with an nRF91 modem; tells what it found unless `quiet`. 0, or an exit
 * code after a sentence. */
int sg_cli_find_ports(struct sg_cli_ports *p, const struct sg_policy *policy, bool quiet);
void sg_cli_free_ports(struct sg_cli_ports *p);

#endif
