/* SPDX-License-Identifier: Apache-2.0 */
/* How `signet enroll` shows one board: a line a step, and a table at the end. */
#ifndef SG_CLI_ENROLL_SHOW_H
#define SG_CLI_ENROLL_SHOW_H

#include "line.h"

/* One board's lines. */
struct sg_cli_progress {
    const char *port;
    bool working;           /* "working" stands on the last line of the terminal */
    uint64_t started, last; /* milliseconds: the board, its last step */
};
void sg_cli_show_port(struct sg_cli_progress *p, const char *port);
void sg_cli_show_step(struct sg_cli_progress *p, enum sg_enroll_step step, const char *facts);
void sg_cli_hide_working(struct sg_cli_progress *p);
/* What became of it, and its row. */
void sg_cli_show_done(struct sg_board *b);
/* A row for each board that is enrolled, under a heading. */
void sg_cli_show_table(struct sg_board *const *boards, size_t n);
/* Where a modem that was taken offline is left. */
void sg_cli_show_function(const struct sg_enroll_result *r);

#endif
