/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `signet doctor`: each looks at one thing and notes what it finds. */
#ifndef SG_CLI_DOCTOR_H
#define SG_CLI_DOCTOR_H

#include "cli.h"

enum sg_cli_level { SG_CLI_WELL, SG_CLI_WARNING, SG_CLI_PROBLEM };

struct sg_cli_doctor {
    const struct sg_cli *cli;
    int64_t now;
    json_t *checks; /* --json: gathered; else NULL, and printed at once */
    unsigned warnings, problems;
};
/* One finding: a short subject ("inventory") and a sentence. */
void sg_cli_note(struct sg_cli_doctor *d, enum sg_cli_level level, const char *subject, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

void sg_cli_doctor_home(struct sg_cli_doctor *d);   /* files, rights, keys that fit their certificates */
void sg_cli_doctor_store(struct sg_cli_doctor *d);  /* inventory, audit log, clock, times of certificates */
void sg_cli_doctor_server(struct sg_cli_doctor *d); /* configuration, name, signetd */
void sg_cli_doctor_port(struct sg_cli_doctor *d, const char *path);

#endif
