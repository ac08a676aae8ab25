/* SPDX-License-Identifier: Apache-2.0 */
/* A port with a modem at its other end. */
#include "programs/port_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { WRITE_MS = 5000 }; /* longer than 4 kB take at 115200 baud; then the other end has stopped us for good */

static uint64_t now_ms(void *user)
{
    (void)user;
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Waits for `events`; 1, 0 after the time, or -1. Signals do not end it. */
static int wait_for(int fd, short events, uint32_t timeout_ms)
{
    uint64_t until = now_ms(NULL) + timeout_ms;
    for (;;) {
        uint64_t now = now_ms(NULL);
        struct pollfd p = {.fd = fd, .events = events};
        int r = poll(&p, 1, now < until ? (int)(until - now) : 0);
        if (r >= 0 || errno != EINTR)
            return r;
    }
}

static int port_write(void *user, const void *p, size_t n)
{
    const struct sg_port *port = user;
    const uint8_t *at = p;
    while (n > 0) {
        if (wait_for(port->fd, POLLOUT, WRITE_MS) != 1)
            return SG_EIO;
        ssize_t r = port->socket ? send(port->fd, at, n, MSG_NOSIGNAL) : write(port->fd, at, n);
        if (r < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (r <= 0)
            return SG_EIO;
        at += r;
        n -= (size_t)r;
    }
    return 0;
}

static int port_read(void *user, void *p, size_t cap, uint32_t timeout_ms)
{
    struct sg_port *port = user;
    uint64_t start = now_ms(NULL);
    int ready = wait_for(port->fd, POLLIN, timeout_ms);
    port->waited_ms += now_ms(NULL) - start;
    if (ready <= 0)
        return ready == 0 ? 0 : SG_EIO;
    ssize_t n = read(port->fd, p, cap);
    if (n > 0)
        return (int)n;
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    return n == 0 || errno == EIO ? SG_ECLOSED : SG_EIO; /* EIO: unplugged, or a pseudo-terminal's other end is gone */
}

static int fail_open(const char *path, struct sg_error *err)
{
    switch (errno) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return sg_fail(err, SG_ENOTFOUND, "there is no port %s. Is the board connected and switched on?", path);
    case EACCES:
    case EPERM:
        return sg_fail(
            err, SG_EDENIED,
            "you may not use the port %s. Add yourself to its group (often: `sudo adduser $USER dialout`) and "
            "log in again.",
            path);
    case EBUSY:
        return sg_fail(err, SG_EBUSY, "the port %s is in use by another program. Close it there and try again.", path);
    default:
        return sg_fail(err, SG_EIO, "opening the port %s: %s", path, strerror(errno));
    }
}

static int set_raw(int fd)
{
    struct termios t;
    if (tcgetattr(fd, &t) != 0)
        return -1;
    cfmakeraw(&t);
    t.c_cflag &= (tcflag_t) ~(HUPCL | CSTOPB | PARENB); /* no HUPCL: a falling DTR restarts some boards */
    t.c_cflag |= CLOCAL | CREAD | CRTSCTS | CS8;
    t.c_cc[VMIN] = 0;
    t.c_cc[VTIME] = 0;
    if (cfsetspeed(&t, B115200) != 0)
        return -1;
    return tcsetattr(fd, TCSANOW, &t);
}

/* Numbers that Linux gives to pseudo-terminals (Documentation/admin-guide/devices.txt). */
static bool is_pseudo(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && major(st.st_rdev) >= 136 && major(st.st_rdev) <= 143;
}

/* flock() keeps other copies of us out, TIOCEXCL everybody. The latter would outlive us on a pseudo-terminal whose
 * other end also holds this one open. */
static int claim(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        errno = EBUSY;
        return -1;
    }
    return is_pseudo(fd) ? 0 : ioctl(fd, TIOCEXCL);
}

int sg_port_open(struct sg_port *p, const char *path, struct sg_error *err)
{
    if (strncmp(path, SG_PORT_TCP, sizeof SG_PORT_TCP - 1) == 0)
        return sg_port_connect(p, path, err);
    *p = (struct sg_port){.fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
    if (p->fd < 0)
        return fail_open(path, err);
    int r = 0;
    if (!isatty(p->fd))
        r = sg_fail(err, SG_EFORMAT, "%s is not a serial port. Boards are at /dev/ttyACM* or /dev/ttyUSB*.", path);
    else if (claim(p->fd) != 0 || set_raw(p->fd) != 0)
        r = fail_open(path, err);
    if (r < 0)
        sg_port_close(p);
    return r;
}

void sg_port_close(struct sg_port *p)
{
    if (p->fd >= 0)
        (void)close(p->fd);
    p->fd = -1;
}

struct sg_at_io sg_port_io(struct sg_port *p)
{
    return (struct sg_at_io){.user = p, .write = port_write, .read = port_read, .now = now_ms};
}

int sg_port_each(void (*fn)(void *user, const char *path), void *user)
{
    static const char *const patterns[] = {"/dev/ttyACM[0-9]", "/dev/ttyACM[0-9][0-9]", "/dev/ttyUSB[0-9]",
                                           "/dev/ttyUSB[0-9][0-9]"};
    int count = 0;
    for (size_t k = 0; k < sizeof patterns / sizeof patterns[0]; k++) {
        glob_t found;
        if (glob(patterns[k], 0, NULL, &found) == 0)
            for (size_t i = 0; i < found.gl_pathc; i++, count++)
                fn(user, found.gl_pathv[i]);
        globfree(&found);
    }
    return count;
}
