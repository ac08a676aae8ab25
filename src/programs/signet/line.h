/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line: boards enrolled at several ports at once, as given or as they are plugged in. A thread a board at work,
 * each with its own connection to the inventory; what they write shares its commits (sg_turns). The modems are what
 * takes time.
 */
#ifndef SG_CLI_LINE_H
#define SG_CLI_LINE_H

#include "cli.h"
#include "factory/factory.h"
#include "programs/policy.h"

#include <pthread.h>
#include <stdatomic.h>

enum sg_board_state {
    SG_BOARD_WAITING, /* for its turn */
    SG_BOARD_WORKING,
    SG_BOARD_ENROLLED,
    SG_BOARD_VERIFIED, /* it was enrolled before */
    SG_BOARD_FAILED,
    SG_BOARD_STOPPED, /* by Ctrl-C, between two steps */
    SG_BOARD_SILENT,  /* no modem is there, and nobody said that there was */
    SG_BOARD_STATES,
};

/* One attempt at one port. */
struct sg_board {
    char port[256];
    enum sg_board_state state;
    char about[96];                 /* the modem, once it said who it is */
    int step;                       /* the last one that was done; -1: none yet */
    int64_t when;                   /* it began: seconds since 1970 */
    uint64_t began, stepped, ended; /* steady milliseconds */
    uint64_t modem_ms;              /* of it, spent waiting for the modem */
    bool gone, again;               /* its port went away; and came back before the attempt had ended */
    struct sg_enroll_result result;
    struct sg_error err;
};

enum sg_line_form { SG_LINE_PLAIN, SG_LINE_LIVE, SG_LINE_JSON };

struct sg_line {
    const struct sg_cli *cli;
    struct sg_enroll enroll;  /* what is the same for each board */
    const struct sg_lot *lot; /* NULL: none */
    unsigned parallel;
    size_t expected; /* boards in all; 0: not known */
    bool yes;        /* may destroy what `enroll.renew` replaces */
    bool watching;   /* ports come and go; one without a modem is no failure */
    enum sg_line_form form;

    pthread_mutex_t lock; /* of all below, and of the output */
    pthread_cond_t work;
    int wake; /* an eventfd: a board has ended */
    bool ending;
    int broken; /* a worker cannot begin: the exit code; else 0 */
    unsigned workers, idle;
    pthread_t worker[SG_POLICY_PARALLEL];
    struct sg_board **board; /* all attempts, in their order */
    size_t n, next;          /* `next`: the first that waits */
    size_t count[SG_BOARD_STATES];
    uint64_t began, last_end;
    size_t drawn; /* lines of the live display on the screen */
};

/* Ctrl-C: everything ends after the step under way. */
extern atomic_bool sg_line_interrupted;

uint64_t sg_line_now(void); /* steady milliseconds */

/* Opens the port and enrols what is there: the whole of one attempt. `common` is complete but for the modem and the
 * port. */
int sg_board_enroll(struct sg_board *b, const struct sg_enroll *common);
/* The exit code for a board that failed. */
int sg_board_exit(const struct sg_board *b);

/* Works on the given ports, and where `policy` is given on those that its patterns match as they appear. Returns an
 * exit code, after the last word on standard output. */
int sg_line_run(struct sg_line *line, char *const *ports, size_t n, const struct sg_policy *policy);

/* line_watch.c: ports that come and go, by inotify. */
struct sg_watch {
    int fd;
    const struct sg_policy *policy;
    int folder[SG_POLICY_PORTS]; /* the watch of each pattern's folder */
};
int sg_watch_open(struct sg_watch *w, const struct sg_policy *policy, struct sg_error *err);
void sg_watch_close(struct sg_watch *w);
/* Calls `fn` for each port that is there now. */
void sg_watch_each(const struct sg_policy *policy, void (*fn)(void *user, const char *port, bool there), void *user);
/* The same for each that came, changed or went since. */
void sg_watch_read(struct sg_watch *w, void (*fn)(void *user, const char *port, bool there), void *user);

/* line_show.c, all with the lock held: what a person or a script sees. */
void sg_line_show_begin(struct sg_line *line, const struct sg_board *b);
void sg_line_show_step(struct sg_line *line, const struct sg_board *b, const char *facts, uint64_t took_ms);
void sg_line_show_end(struct sg_line *line, const struct sg_board *b);
void sg_line_show_progress(struct sg_line *line); /* draws the live display anew */
void sg_line_show_sum(struct sg_line *line);      /* at the end */
const char *sg_board_state_name(enum sg_board_state state);

/* line_json.c: the same as JSON, one object a line. */
void sg_line_json_begin(const struct sg_board *b);
void sg_line_json_step(const struct sg_board *b, const char *facts, uint64_t took_ms);
void sg_line_json_end(const struct sg_board *b);
void sg_line_json_sum(const struct sg_line *line);

#endif
