/* SPDX-License-Identifier: Apache-2.0 */
/* Orders while it runs: lines written to a named pipe. */
#ifndef NRF91SIM_CONTROL_H
#define NRF91SIM_CONTROL_H

#include "core/core.h"

struct control {
    int fd; /* -1: there is none */
    const char *path;
    char line[512];
    size_t n;
};

int control_open(struct control *c, const char *path, struct sg_error *err);
void control_close(struct control *c);
/* Calls `order` for each line that has come: the number of the board (0: all) and the fault. */
void control_read(struct control *c, void (*order)(void *user, size_t board, const char *fault), void *user);

#endif
