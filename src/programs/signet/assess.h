/* SPDX-License-Identifier: Apache-2.0 */
/* What the words after `signet assess` share: the folder, and the options by number. A new word adds its row to the
 * table in assess.c, and its options to the list here and to theirs. */
#ifndef SG_CLI_ASSESS_H
#define SG_CLI_ASSESS_H

#include "assess/assess.h"
#include "cli.h"

enum sg_cli_assess_option {
    SG_ASSESS_PART,
    SG_ASSESS_EXAMPLE,
    SG_ASSESS_ANSWERS,
    SG_ASSESS_LOT,
    SG_ASSESS_NO_PDF,
    SG_ASSESS_OUT,
    SG_ASSESS_DRAFT,
    SG_ASSESS_SBOM,
    SG_ASSESS_SIGNER_CERT,
    SG_ASSESS_SIGNER_KEY,
    SG_ASSESS_PASSPHRASE_FILE,
    SG_ASSESS_PASSPHRASE_FD,
    SG_ASSESS_TSA,
    SG_ASSESS_TSA_FILE,
    SG_ASSESS_TSA_CA,
    SG_ASSESS_DIGEST,
    SG_ASSESS_CA,
    SG_ASSESS_OPTIONS
};

enum { SG_ASSESS_SBOMS = 16 };
struct sg_cli_assess {
    const struct sg_cli *cli;
    const char *operand;                  /* the folder of the assessment, "." by default; or what the word takes */
    const char *second;                   /* the second operand of `diff`; NULL */
    const char *value[SG_ASSESS_OPTIONS]; /* NULL: not given; "" where it is a flag; of several the last */
    const char *sbom[SG_ASSESS_SBOMS];    /* all of --sbom */
    size_t sboms;
};

/* Each returns an exit code. */
int sg_cli_assess_new(const struct sg_cli_assess *a);
int sg_cli_assess_gather(const struct sg_cli_assess *a);
int sg_cli_assess_explain(const struct sg_cli_assess *a);
int sg_cli_assess_check(const struct sg_cli_assess *a);
int sg_cli_assess_run(const struct sg_cli_assess *a);
int sg_cli_assess_report(const struct sg_cli_assess *a);
int sg_cli_assess_seal(const struct sg_cli_assess *a);
int sg_cli_assess_verify(const struct sg_cli_assess *a);
int sg_cli_assess_renew(const struct sg_cli_assess *a);
int sg_cli_assess_diff(const struct sg_cli_assess *a);

/* A file of the assessment's folder: "DIR/result.json". */
enum { SG_ASSESS_PATH = 4096 };
const char *sg_cli_assess_path(const struct sg_cli_assess *a, const char *file, char path[SG_ASSESS_PATH]);

/* The records of an assessment's evidence, and what was gathered for it; empty lists where there are none. The first is
 * NULL after a sentence. */
json_t *sg_cli_assess_records(const struct sg_cli_assess *a);
json_t *sg_cli_assess_gathered(const struct sg_cli_assess *a);

/* Reads a whole archive (free()). NULL after a sentence, with an exit code. */
uint8_t *sg_cli_assess_archive(const char *path, size_t *n, int *exit_code);
/* Unpacks what is `below` ("": all) into a new folder, which sg_cli_assess_unpacked removes. */
int sg_cli_assess_unpack(struct sg_bytes archive, const char *below, char dir[SG_ASSESS_PATH], struct sg_error *err);
void sg_cli_assess_unpacked(const char *dir);
/* CAs of --ca and --tsa-ca: NULL where the option was not given. False after a sentence. */
bool sg_cli_assess_trust(const struct sg_cli_assess *a, enum sg_cli_assess_option option, struct sg_trust **trust);
/* Checks an archive whole, the chain of its records too. 0, SG_EMISMATCH (what was found is told to
 * look->found), or another error. */
int sg_cli_assess_look(struct sg_bytes archive, struct sg_seal_look *look, struct sg_error *err);
/* Adds the next time stamp, by --tsa or --tsa-file; replaces *archive. 0, or an exit code after a sentence. */
int sg_cli_assess_stamp(const struct sg_cli_assess *a, uint8_t **archive, size_t *n, struct sg_stamp *stamp);

#endif
