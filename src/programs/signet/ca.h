/* SPDX-License-Identifier: Apache-2.0 */
/* What the words after `signet ca` share: what was asked for. */
#ifndef SG_CLI_CA_H
#define SG_CLI_CA_H

#include "cli.h"

struct sg_cli_ca_wanted {
    const char *what, *operand;
    const char *name, *key, *out, *reason; /* NULL: not given */
    int64_t years, days, devices;          /* 0: not given */
    bool plain_keys, yes;
    struct sg_cli_passphrase passphrase;
};
/* Each returns an exit code. */
int sg_cli_ca_show(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w);
int sg_cli_ca_crl(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w);
int sg_cli_ca_request(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w);
int sg_cli_ca_sign(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w);
int sg_cli_ca_import(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w);
int sg_cli_ca_withdraw(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w);

/* An audit entry about a CA. */
int sg_cli_ca_audit(struct sg_store *store, int64_t now, const char *what, const struct sg_cert_facts *ca,
                    const char *detail, struct sg_error *err);

#endif
