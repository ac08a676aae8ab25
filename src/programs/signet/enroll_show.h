/* SPDX-License-Identifier: Apache-2.0 */
/* How `signet enroll` shows what happens: a line a step, and a table or JSON at the end. */
#ifndef SG_CLI_ENROLL_SHOW_H
#define SG_CLI_ENROLL_SHOW_H

#include "enroll_ports.h"
#include "factory/factory.h"

/* One board's lines. */
struct sg_cli_progress {
    const char *port;
    bool quiet;             /* --json: no lines */
    bool working;           /* "working" stands on the last line of the terminal */
    uint64_t started, last; /* milliseconds: the board, its last step */
};
void sg_cli_show_port(struct sg_cli_progress *p, const char *port, bool quiet);
void sg_cli_show_step(struct sg_cli_progress *p, enum sg_enroll_step step, const char *facts);
void sg_cli_hide_working(struct sg_cli_progress *p);
void sg_cli_show_done(struct sg_cli_progress *p, const struct sg_enroll_result *r, uint64_t modem_ms);
/* Where a modem that was taken offline is left. */
void sg_cli_show_function(const struct sg_cli_progress *p, const struct sg_enroll_result *r);

/* What became of each board. */
struct sg_cli_board {
    char port[64];
    int result; /* 0, or an SG_E… with the sentence below */
    char sentence[600];
    char endpoint[128], model[32], firmware[48], imei[20], uuid[37];
    uint32_t tag;
    struct sg_cert_facts cert;
    bool was_done, psk;
    enum sg_identity_source identity;
};
struct sg_cli_boards {
    size_t n; /* that are enrolled */
    size_t all;
    struct sg_cli_board board[SG_CLI_PORTS];
};
void sg_cli_add_board(struct sg_cli_boards *b, const char *port, int result, const struct sg_enroll_result *r,
                      const struct sg_error *err);
/* The table of those that are enrolled, or JSON of all; returns `code`, or SG_CLI_FAILED where it cannot print. */
int sg_cli_print_boards(const struct sg_cli_boards *b, bool json, int code);

#endif
