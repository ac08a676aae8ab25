/* SPDX-License-Identifier: Apache-2.0 */
/* A port with a modem at its other end: a serial port or a pseudo-terminal (opened for us alone, raw, 115200 8N1 with
 * RTS/CTS, as Nordic's boards have it), or a TCP socket of a terminal server ("tcp:HOST:PORT"). */
#ifndef SG_PORT_H
#define SG_PORT_H

#include "core/core.h"
#include "modem/modem.h"

struct sg_port {
    int fd;             /* for poll(); -1: closed */
    bool socket;        /* it is a TCP socket */
    uint64_t waited_ms; /* how long reads have waited for the other end, in all */
};

/* SG_ENOTFOUND: there is no such port; SG_EDENIED: no right to it; SG_EFORMAT: not a serial port, or not of the form
 * tcp:HOST:PORT; SG_EBUSY: another program has it; SG_EIO; SG_ETIMEOUT. */
int sg_port_open(struct sg_port *p, const char *path, struct sg_error *err);
void sg_port_close(struct sg_port *p);
/* The transport for sg_modem_open; `p` must outlive it. */
struct sg_at_io sg_port_io(struct sg_port *p);

/* Calls `fn` with each port that a board may be at (ttyACM*, then ttyUSB*), in the order of their numbers. Returns
 * their count. */
int sg_port_each(void (*fn)(void *user, const char *path), void *user);

#endif
