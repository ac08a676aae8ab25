/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the subcommands of `signet` share: the table's rows, options, how failures are told, tables, JSON, passphrases.
 * One file per subcommand; each has one `sg_cli_NAME` row, named in main.c.
 */
#ifndef SG_CLI_H
#define SG_CLI_H

#include "core/core.h"
#include "pki/pki.h"
#include "programs/home.h"
#include "store/store.h"

#include <jansson.h>

/* Exit codes, as in signet(1). */
enum sg_cli_exit {
    SG_CLI_DONE = 0,
    SG_CLI_FAILED = 1,
    SG_CLI_USAGE = 2,
    SG_CLI_REFUSED = 3, /* for safety */
    SG_CLI_NOTHING = 4, /* nothing to do, or not found */
};

struct sg_cli_option {
    const char *name;  /* "--port" */
    const char *value; /* "PATH"; NULL: a flag */
    const char *what;
};

struct sg_cli;
struct sg_cli_command {
    const char *name;
    const char *synopsis; /* what follows the name: "ENDPOINT PATH [OPTION…]" */
    const char *what;     /* one line */
    const char *help;     /* a paragraph or more, lines of at most 80 characters; NULL: nothing more to say */
    const struct sg_cli_option *options; /* ended by a row without a name; NULL: none */
    int (*run)(struct sg_cli *cli);      /* an exit code */
};

/* One run of signet. */
struct sg_cli {
    const struct sg_cli_command *command;
    int argc, at; /* the arguments, and the next of them */
    char **argv;
    bool no_options;     /* "--" was seen */
    const char *value;   /* of the option or operand that sg_cli_next found */
    const char *dir;     /* --home */
    bool json;           /* --json */
    struct sg_home home; /* found when sg_cli_next came to the end */
};

/*
 * The next argument: the index of its row in `command->options` (cli->value is its value), SG_CLI_OPERAND (cli->value),
 * SG_CLI_END, or SG_CLI_BAD after a sentence about it (return SG_CLI_USAGE). "--name VALUE" and "--name=VALUE" are
 * taken; options and operands in any order. --home, --json and --help belong to every command and never show up here.
 */
enum { SG_CLI_END = -1, SG_CLI_OPERAND = -2, SG_CLI_BAD = -3 };
int sg_cli_next(struct sg_cli *cli);
/* For commands without options of their own: takes exactly the operands that `names` (ended by NULL) lists. 0, or
 * SG_CLI_USAGE after a sentence. */
int sg_cli_operands(struct sg_cli *cli, const char *const *names, const char **values);

/* ------------------------------------------------------------------------------------------------- failures */

/* "signet: " and a sentence on standard error, wrapped on a terminal; returns `code`, so that a caller can return it.
 */
int sg_cli_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int sg_cli_fail_err(int code, const struct sg_error *err);
/* A usage error: the sentence, and where the help is. Returns SG_CLI_USAGE. */
int sg_cli_usage(const struct sg_cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The value of an option that is a number. 0, or SG_CLI_USAGE after a sentence. */
int sg_cli_number(const struct sg_cli *cli, int option, uint64_t least, uint64_t most, uint64_t *n);
enum { SG_CLI_YEARS = 50, SG_CLI_YEAR = 365 * 86400 }; /* the most of --years; seconds of each */

/* The name in a list (NULL-terminated) that was most likely meant by `word`; NULL where none is near. */
const char *sg_cli_nearest(const char *word, const char *const *names);

/* ---------------------------------------------------------------------------------------------------- output */

/* Whether standard output is a terminal that wants colour (NO_COLOR, TERM=dumb: not). */
bool sg_cli_colour(void);
/* The escape for a style, "" without colour. */
enum sg_cli_style { SG_CLI_PLAIN, SG_CLI_BOLD, SG_CLI_DIM, SG_CLI_RED, SG_CLI_GREEN, SG_CLI_YELLOW };
const char *sg_cli_style(enum sg_cli_style s);

/* An aligned table: cells are copied; the last column is not padded. */
struct sg_cli_table {
    size_t columns, cells, cap;
    char **cell;
};
void sg_cli_row(struct sg_cli_table *t, size_t columns, const char *const *cells); /* the first row is the heading */
void sg_cli_print_table(struct sg_cli_table *t);                                   /* and frees it */
void sg_cli_free_table(struct sg_cli_table *t);

/* Prints JSON to standard output, indented, members in the order in which they were set; takes the reference. Returns
 * SG_CLI_DONE, or SG_CLI_FAILED after a sentence. */
int sg_cli_print_json(json_t *value);
/* A text that may come from a stranger, safe for a terminal and for JSON: control characters become '?'. */
enum { SG_CLI_TEXT = 1024 };
char *sg_cli_clean(const char *from, char text[SG_CLI_TEXT]);
void sg_cli_clean_into(const char *from, char *text, size_t cap); /* of any length: strlen(from) + 1 is always enough */
/* "2026-11-23T10:00:00Z"; `text` has room for SG_CLI_TIME bytes. A time of 0 is "". */
enum { SG_CLI_TIME = 24 };
char *sg_cli_time(int64_t when, char text[SG_CLI_TIME]);
char *sg_cli_date(int64_t when, char text[SG_CLI_TIME]); /* "2026-11-23" */
/* "3 s ago", "2 days ago", "in 9 years", "never" for 0. */
enum { SG_CLI_AGO = 32 };
char *sg_cli_ago(int64_t when, int64_t now, char text[SG_CLI_AGO]);
/* The first `pairs` bytes of a fingerprint: "5d:e1:07…". */
enum { SG_CLI_FP = 40 };
char *sg_cli_short_fp(const struct sg_fingerprint *f, unsigned pairs, char text[SG_CLI_FP]);

/* -------------------------------------------------------------------------------------------- home and asking */

/* Opens the inventory of the home, after looking at the home itself; NULL after a sentence, with an exit code. */
struct sg_store *sg_cli_open_store(const struct sg_cli *cli, int *exit_code);
/* Who runs this: the login name of the effective user, for the audit log. */
const char *sg_cli_who(void);

/* Asks a question that only "yes" answers, on the terminal. `yes`: answered by --yes. False after a sentence where
 * there is no terminal to ask at, or the answer is another one. */
bool sg_cli_confirm(const char *question, bool yes);

/* Where a passphrase comes from; at most one is set. */
struct sg_cli_passphrase {
    const char *file; /* --passphrase-file: its first line; others must not be able to read it */
    int fd;           /* --passphrase-fd: the first line of an open descriptor; -1: none */
};
/* Parses the value of --passphrase-fd. False after a sentence. */
bool sg_cli_passphrase_fd(const struct sg_cli *cli, struct sg_cli_passphrase *p);
/* Takes the value of either option, which must not come together. 0, or SG_CLI_USAGE after a sentence. */
int sg_cli_take_passphrase(const struct sg_cli *cli, int option, struct sg_cli_passphrase *p);
/* Gets it; with neither, asks on the terminal for `what`, twice where it is a `fresh` one. 0, or an exit code after a
 * sentence. */
int sg_cli_passphrase(const struct sg_cli_passphrase *p, const char *what, bool fresh, struct sg_secret *out);

/* The issuing CA of the home, ready to sign; asks for the passphrase where its key is encrypted. 0, or an exit code
 * after a sentence. `issuer` is the caller's, to be freed with sg_cli_free_issuer. */
int sg_cli_load_issuer(const struct sg_cli *cli, const struct sg_cli_passphrase *p, int64_t now,
                       struct sg_issuer *issuer);
/* The one of that name, of those whose files the home has; "": as above. */
int sg_cli_load_issuer_named(const struct sg_cli *cli, const char *name, const struct sg_cli_passphrase *p, int64_t now,
                             struct sg_issuer *issuer);
/* A CA's private key: at the URI that the file `uri_path` holds, else in the file `key_path`. */
int sg_cli_load_ca_key(const char *key_path, const char *uri_path, const char *whose, const struct sg_cli_passphrase *p,
                       EVP_PKEY **key);
void sg_cli_free_issuer(struct sg_issuer *issuer);

/* The issuing CA's revocation list at `now`, *n certificates in it; the caller's, to be freed with X509_CRL_free. */
enum { SG_CLI_CRL_DAYS = 30 }; /* how long it is valid */
X509_CRL *sg_cli_new_crl(struct sg_store *store, struct sg_issuer issuer, int64_t now, size_t *n, struct sg_error *err);

#endif
