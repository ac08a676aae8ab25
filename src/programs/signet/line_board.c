/* SPDX-License-Identifier: Apache-2.0 */
/* One board: its port opened, its modem enrolled. */
#include "line.h"
#include "programs/port.h"

#include <stdlib.h>
#include <time.h>

uint64_t sg_line_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

const char *sg_board_state_name(enum sg_board_state state)
{
    static const char *const names[] = {
        [SG_BOARD_WAITING] = "waiting",   [SG_BOARD_WORKING] = "working", [SG_BOARD_ENROLLED] = "enrolled",
        [SG_BOARD_VERIFIED] = "verified", [SG_BOARD_FAILED] = "failed",   [SG_BOARD_STOPPED] = "stopped",
        [SG_BOARD_SILENT] = "silent",
    };
    return state < SG_BOARD_STATES ? names[state] : "";
}

static int open_modem(const char *path, struct sg_port *port, struct sg_modem *modem, struct sg_error *err)
{
    int r = sg_port_open(port, path, err);
    if (r < 0)
        return r;
    r = sg_modem_open(modem, sg_port_io(port));
    if (r == SG_ETIMEOUT)
        (void)sg_fail(err, r,
                      "what is on %s does not answer like a modem (AT). Is it the right port, and does the board run a "
                      "firmware with an AT interface (at_client, Serial Modem, Modem Shell)?",
                      path);
    else if (r == SG_ECLOSED || r == SG_EIO)
        (void)sg_fail(err, r, "the port %s went away. Connect the board again.", path);
    else if (r < 0)
        (void)sg_fail(err, r, "talking to %s: %s", path, sg_strerror(r));
    if (r < 0)
        sg_port_close(port);
    return r;
}

static enum sg_board_state state_of(int r, const struct sg_board *b)
{
    if (r == 0)
        return b->result.was_done ? SG_BOARD_VERIFIED : SG_BOARD_ENROLLED;
    return r == SG_ECLOSED && atomic_load(&sg_line_interrupted) ? SG_BOARD_STOPPED : SG_BOARD_FAILED;
}

int sg_board_enroll(struct sg_board *b, const struct sg_enroll *common)
{
    struct sg_enroll e = *common;
    struct sg_port port = {.fd = -1};
    struct sg_modem *modem = calloc(1, sizeof *modem); /* large for a thread's stack */
    b->result = (struct sg_enroll_result){.found = -1, .function = -1};
    if (modem == NULL)
        return sg_fail(&b->err, SG_ENOMEM, "out of memory");
    int r = open_modem(b->port, &port, modem, &b->err);
    if (r == 0) {
        e.modem = modem;
        e.port = b->port;
        e.now = (int64_t)time(NULL);
        r = sg_enroll(&e, &b->result, &b->err);
        sg_port_close(&port);
    }
    free(modem);
    b->modem_ms = port.waited_ms;
    b->err.code = r;
    b->state = state_of(r, b);
    b->ended = sg_line_now();
    return r;
}

int sg_board_exit(const struct sg_board *b)
{
    if (b->err.code == SG_EINVAL && b->result.refused)
        return SG_CLI_USAGE;
    return b->result.refused ? SG_CLI_REFUSED : SG_CLI_FAILED;
}
