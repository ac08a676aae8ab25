/* SPDX-License-Identifier: Apache-2.0 */
/* What the words after `signet assess` share: the folder, and the options by number. A new word adds its row to the
 * table in assess.c, and its options to the list here and to theirs. */
#ifndef SG_CLI_ASSESS_H
#define SG_CLI_ASSESS_H

#include "assess/assess.h"
#include "cli.h"

enum sg_cli_assess_option { SG_ASSESS_PART, SG_ASSESS_NO_PDF, SG_ASSESS_OPTIONS };

struct sg_cli_assess {
    const struct sg_cli *cli;
    const char *operand;                  /* the folder of the assessment, "." by default; or what the word takes */
    const char *value[SG_ASSESS_OPTIONS]; /* NULL: not given; "" where it is a flag */
};

/* Each returns an exit code. */
int sg_cli_assess_explain(const struct sg_cli_assess *a);
int sg_cli_assess_check(const struct sg_cli_assess *a);
int sg_cli_assess_run_command(const struct sg_cli_assess *a);
int sg_cli_assess_report(const struct sg_cli_assess *a);

/* A file of the assessment's folder: "DIR/result.json". */
enum { SG_ASSESS_PATH = 4096 };
const char *sg_cli_assess_path(const struct sg_cli_assess *a, const char *file, char path[SG_ASSESS_PATH]);

#endif
