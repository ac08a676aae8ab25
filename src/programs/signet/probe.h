/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of `signet probe` share. Each word after `signet probe` is a command of its own, with its own options,
 * in a file of its own (probe_NAME.c); its row is named below and in probe.c.
 *
 * Those that make runs do it in these steps: sg_cli_probe_init, then sg_cli_probe_option for each shared option that
 * sg_cli_next finds, sg_cli_probe_begin, the runs of the room with p.watch, sg_cli_probe_end.
 */
#ifndef SG_CLI_PROBE_H
#define SG_CLI_PROBE_H

#include "cli.h"
#include "probe/probe.h"

/* The words after `signet probe`. */
extern const struct sg_cli_command sg_cli_probe_server, sg_cli_probe_device, sg_cli_probe_modem, sg_cli_probe_image,
    sg_cli_probe_batch, sg_cli_probe_guide, sg_cli_probe_runs, sg_cli_probe_records;
/* By its word; NULL where there is none. */
const struct sg_cli_command *sg_cli_find_probe(const char *word);

/* Exit codes of commands that make runs, beside those of sg_cli_exit: 0 is "nothing spoke against the target". */
enum {
    SG_CLI_PROBE_FOUND = 5,   /* a failure, of medium severity at most */
    SG_CLI_PROBE_GRAVE = 6,   /* a failure of high or critical severity */
    SG_CLI_PROBE_SKIPPED = 7, /* no failure, but a run showed nothing */
};

/* The options that all of them have: first in their tables. Their own follow from SG_CLI_PROBE_OWN on. */
enum {
    SG_CLI_PROBE_EVIDENCE,
    SG_CLI_PROBE_EQUIPMENT,
    SG_CLI_PROBE_SERIAL,
    SG_CLI_PROBE_FIRMWARE,
    SG_CLI_PROBE_MODEM_FIRMWARE,
    SG_CLI_PROBE_ONLY,
    SG_CLI_PROBE_SKIP,
    SG_CLI_PROBE_OWN
};
#define SG_CLI_PROBE_OPTIONS                                                                                           \
    [SG_CLI_PROBE_EVIDENCE] = {"--evidence", "DIR", "where records go; evidence in the working folder by default"},    \
    [SG_CLI_PROBE_EQUIPMENT] = {"--equipment", "PRODUCT", "this is the product itself, of that name; needs --serial"}, \
    [SG_CLI_PROBE_SERIAL] = {"--serial", "S", "its serial number"},                                                    \
    [SG_CLI_PROBE_FIRMWARE] = {"--firmware", "V", "its firmware's version"},                                           \
    [SG_CLI_PROBE_MODEM_FIRMWARE] = {"--modem-firmware", "V", "its modem's firmware's version"},                       \
    [SG_CLI_PROBE_ONLY] = {"--only", "RUN[,RUN]", "make these runs alone (srv.* for all that begin so)"},              \
    [SG_CLI_PROBE_SKIP] = {"--skip", "RUN[,RUN]", "make all runs but these"}

struct sg_cli_probe {
    struct sg_cli *cli;
    /* what was asked for */
    const char *evidence_dir, *only, *skip;
    const char *product, *serial, *firmware, *modem_firmware;
    /* the runs */
    enum sg_probe_kind kind;
    struct sg_probe_watch watch; /* for the runs of the room: display, records, --only and --skip, Ctrl-C */
    struct sg_evidence *evidence;
    json_t *results; /* for --json, or where the command shows them itself */
    bool page;       /* it does */
    size_t count[SG_VERDICT_FAIL + 1];
    enum sg_severity worst;     /* of the failures */
    char first[128], last[128]; /* the records made */
};
void sg_cli_probe_init(struct sg_cli_probe *p, struct sg_cli *cli);
/* Takes an option of SG_CLI_PROBE_OPTIONS (its value is cli->value). */
void sg_cli_probe_option(struct sg_cli_probe *p, int option);
/*
 * Checks what was asked for, opens the evidence folder, and fills in what the operator says of the target. `here`: why
 * the target cannot be the product itself ("its address is one of this host"; sg_probe_is_this_host), or NULL;
 * --equipment is refused then. 0, or an exit code after a sentence.
 */
int sg_cli_probe_begin(struct sg_cli_probe *p, enum sg_probe_kind kind, struct sg_probe_target *target,
                       const char *here);
/* Totals, or the JSON; closes the evidence folder. `r` and `err` are what the runs returned: a negative one is told.
 * Returns the exit code. */
int sg_cli_probe_end(struct sg_cli_probe *p, int r, const struct sg_error *err);

/* "nothing against", for people, and its style. */
const char *sg_cli_probe_word(const char *verdict);
enum sg_cli_style sg_cli_probe_style(const char *verdict);

#endif
