/* SPDX-License-Identifier: Apache-2.0 */
/* The serial port: a pseudo-terminal whose slave side passes bytes as they are. */
#include "sim/sim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* No echo, no line editing, no CR or LF of its own, at the speed that hosts expect. */
static int make_raw(int slave)
{
    struct termios t;

    if (tcgetattr(slave, &t) < 0)
        return -1;
    cfmakeraw(&t);
    cfsetispeed(&t, B115200);
    cfsetospeed(&t, B115200);
    t.c_cflag |= CLOCAL | CREAD;
    return tcsetattr(slave, TCSANOW, &t);
}

int sg_sim_pty_open(struct sg_sim_pty *pty, struct sg_error *err)
{
    *pty = (struct sg_sim_pty){.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK), .slave = -1};
    if (pty->master >= 0 && grantpt(pty->master) == 0 && unlockpt(pty->master) == 0 &&
        ptsname_r(pty->master, pty->path, sizeof pty->path) == 0)
        pty->slave = open(pty->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (pty->slave >= 0 && make_raw(pty->slave) == 0)
        return 0;
    int why = errno;
    sg_sim_pty_close(pty);
    return sg_fail(err, SG_EIO, "cannot make a pseudo-terminal: %s", strerror(why));
}

void sg_sim_pty_close(struct sg_sim_pty *pty)
{
    if (pty->master >= 0)
        close(pty->master);
    if (pty->slave >= 0)
        close(pty->slave);
    pty->master = pty->slave = -1;
}
