/* SPDX-License-Identifier: Apache-2.0 */
/* nrf91sim: the simulated modem on a pseudo-terminal. Bytes, datagrams, time and signals to the sim room and back. */
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { UNREAD_MAX = 65536 };

struct program {
    struct sg_sim *sim;
    struct sg_sim_pty pty;
    const char *link;
    int signals;
    uint64_t started;
    size_t unread; /* output that the port has not taken yet */
    uint8_t output[UNREAD_MAX];
};

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------------------------------------------- port */

static void flush_output(struct program *p)
{
    while (p->unread > 0) {
        ssize_t n = write(p->pty.master, p->output, p->unread);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        p->unread -= (size_t)n;
        memmove(p->output, p->output + n, p->unread);
    }
}

/* What nobody reads is lost in the end, as on a serial line. */
static void on_output(void *user, struct sg_bytes bytes)
{
    struct program *p = user;
    size_t room = sizeof p->output - p->unread, n = bytes.n < room ? bytes.n : room;

    if (n > 0)
        memcpy(p->output + p->unread, bytes.p, n);
    p->unread += n;
    flush_output(p);
}

static void on_log(void *user, const char *line)
{
    const struct program *p = user;
    uint64_t ms = now_ms() - p->started;
    (void)fprintf(stderr, "%6llu.%03llu %s\n", (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000), line);
}

static void read_port(struct program *p)
{
    uint8_t in[4096];
    ssize_t n = read(p->pty.master, in, sizeof in);

    if (n > 0)
        sg_sim_input(p->sim, sg_bytes(in, (size_t)n), now_ms());
    sg_wipe(in, sizeof in); /* private keys may have been among it */
}

/* ------------------------------------------------------------------------------------------------------- link */

/* Takes the place of a link that an earlier run left, and of nothing else. */
static int make_link(const struct program *p, struct sg_error *err)
{
    char temp[PATH_MAX];
    struct stat st;

    if (p->link == NULL)
        return 0;
    if (lstat(p->link, &st) == 0 && !S_ISLNK(st.st_mode))
        return sg_fail(err, SG_EEXISTS, "%s is there and is no symbolic link: name another", p->link);
    int n = snprintf(temp, sizeof temp, "%s.%ld", p->link, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof temp)
        return sg_fail(err, SG_EIO, "the path of --link is too long");
    if (symlink(p->pty.path, temp) == 0 && rename(temp, p->link) == 0)
        return 0;
    int why = errno;
    (void)unlink(temp);
    return sg_fail(err, SG_EIO, "cannot make the link %s: %s", p->link, strerror(why));
}

static void remove_link(const struct program *p)
{
    char target[PATH_MAX];
    ssize_t n = p->link ? readlink(p->link, target, sizeof target - 1) : -1;

    if (n < 0)
        return;
    target[n] = 0;
    if (strcmp(target, p->pty.path) == 0) /* a later run may have put its own there */
        (void)unlink(p->link);
}

/* ---------------------------------------------------------------------------------------------------- signals */

static int watch_signals(void)
{
    sigset_t set;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGUSR1);
    (void)sigaddset(&set, SIGUSR2);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* False: the end. */
static bool take_signal(struct program *p)
{
    struct signalfd_siginfo info;

    if (read(p->signals, &info, sizeof info) != sizeof info)
        return true;
    if (info.ssi_signo == SIGUSR1) {
        size_t n = sg_sim_forget_nat(p->sim);
        (void)fprintf(stderr, "nrf91sim: the network forgot its NAT bindings: %zu socket%s on another port\n", n,
                      n == 1 ? "" : "s");
        return true;
    }
    if (info.ssi_signo == SIGUSR2) {
        (void)fprintf(stderr, "nrf91sim: reset\n");
        sg_sim_reboot(p->sim, now_ms());
        return true;
    }
    return false;
}

/* -------------------------------------------------------------------------------------------------------- run */

static int wait_ms(uint64_t deadline, uint64_t now)
{
    if (deadline == UINT64_MAX)
        return -1;
    if (deadline <= now)
        return 0;
    return deadline - now < INT_MAX ? (int)(deadline - now) : INT_MAX;
}

static void run(struct program *p)
{
    for (;;) {
        struct pollfd fds[2 + SG_SIM_SOCKETS] = {
            {.fd = p->pty.master, .events = (short)(POLLIN | (p->unread > 0 ? POLLOUT : 0))},
            {.fd = p->signals, .events = POLLIN},
        };
        size_t n = 2 + sg_sim_poll(p->sim, fds + 2);
        if (poll(fds, n, wait_ms(sg_sim_deadline(p->sim), now_ms())) < 0 && errno != EINTR)
            return;
        if (fds[0].revents & POLLOUT)
            flush_output(p);
        if (fds[0].revents & POLLIN)
            read_port(p);
        sg_sim_network(p->sim, now_ms());
        if (now_ms() >= sg_sim_deadline(p->sim))
            sg_sim_tick(p->sim, now_ms());
        if ((fds[1].revents & POLLIN) && !take_signal(p))
            return;
    }
}

static int fail(const struct sg_error *err)
{
    (void)fprintf(stderr, "nrf91sim: %s\n", err->text);
    return err->code == SG_EINVAL ? 2 : 1;
}

int main(int argc, char **argv)
{
    static struct program p;
    struct options o;
    struct sg_error err = {0};

    int r = options_parse(&o, argc, argv);
    if (r >= 0)
        return r;
    p.started = now_ms();
    p.signals = watch_signals();
    p.link = o.link;
    if (sg_sim_pty_open(&p.pty, &err) < 0)
        return fail(&err);
    o.sim.user = &p;
    o.sim.output = on_output;
    o.sim.log = o.verbose ? on_log : NULL;
    p.sim = sg_sim_new(&o.sim, p.started, &err);
    if (p.sim == NULL || make_link(&p, &err) < 0) {
        sg_sim_free(p.sim);
        sg_sim_pty_close(&p.pty);
        return fail(&err);
    }
    (void)printf("%s\n", p.pty.path);
    (void)fflush(stdout);
    if (o.verbose)
        (void)fprintf(stderr, "nrf91sim: IMEI %s on %s\n", sg_sim_imei(p.sim), p.link ? p.link : p.pty.path);
    run(&p);
    remove_link(&p);
    sg_sim_free(p.sim);
    sg_sim_pty_close(&p.pty);
    return 0;
}
