/* SPDX-License-Identifier: Apache-2.0 */
/* One simulated modem on its own pseudo-terminal, with a line of a certain speed between them. Times are steady
 * microseconds. */
#ifndef NRF91SIM_BOARD_H
#define NRF91SIM_BOARD_H

#include "options.h"

enum { BOARD_OUTPUT = 65536, BOARD_INPUT = 4096, BOARD_FDS = 1 + SG_SIM_SOCKETS };

/* Bytes under way in one direction: they arrive at `due`. */
struct board_line {
    uint64_t due;
    size_t n; /* 0: idle */
};

struct board {
    struct sg_sim *sim;
    struct sg_sim_pty pty;
    char name[24];                /* what log lines begin with; "" where there is but one */
    char store[4096], link[4096]; /* "": none */
    char imei[16];
    unsigned baud; /* 0: bytes arrive at once */
    uint64_t started;
    struct board_line in, out;
    bool stuck;    /* the port takes nothing at the moment */
    size_t unread; /* output that is not sent yet */
    uint8_t output[BOARD_OUTPUT], input[BOARD_INPUT];
};

/* The board of that number (from 1) of those that the options ask for: its port, its modem, its link. */
int board_open(struct board *b, const struct options *o, size_t number, uint64_t now, struct sg_error *err);
void board_close(struct board *b);

/* What to wait for, the number of descriptors returned; and until when. */
size_t board_poll(const struct board *b, struct pollfd fds[BOARD_FDS]);
uint64_t board_deadline(const struct board *b);
/* After the wait. */
void board_go_on(struct board *b, const struct pollfd *port, uint64_t now);

#endif
