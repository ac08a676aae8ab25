/* SPDX-License-Identifier: Apache-2.0 */
/* nrf91sim: simulated modems on pseudo-terminals. Bytes, datagrams, time and signals to the sim room and back. */
#include "board.h"
#include "control.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

struct program {
    struct board **boards;
    size_t count;
    struct pollfd *fds;
    int signals;
    struct control control;
};

static uint64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

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
    size_t moved = 0;

    if (read(p->signals, &info, sizeof info) != sizeof info)
        return true;
    if (info.ssi_signo == SIGUSR1) {
        for (size_t i = 0; i < p->count; i++)
            moved += sg_sim_forget_nat(p->boards[i]->sim);
        (void)fprintf(stderr, "nrf91sim: the network forgot its NAT bindings: %zu socket%s on another port\n", moved,
                      moved == 1 ? "" : "s");
        return true;
    }
    if (info.ssi_signo == SIGUSR2) {
        (void)fprintf(stderr, "nrf91sim: reset\n");
        for (size_t i = 0; i < p->count; i++)
            sg_sim_reboot(p->boards[i]->sim, now_us() / 1000);
        return true;
    }
    return false;
}

static void on_order(void *user, size_t board, const char *fault)
{
    struct program *p = user;
    struct sg_error err = {0};

    if (board > p->count)
        (void)fprintf(stderr, "nrf91sim: there is no modem %zu\n", board);
    for (size_t i = board ? board - 1 : 0; i < (board ? board : p->count) && i < p->count; i++)
        if (sg_sim_fault(p->boards[i]->sim, fault, &err) < 0) {
            (void)fprintf(stderr, "nrf91sim: %s\n", err.text);
            return;
        }
    if (board <= p->count)
        (void)fprintf(stderr, "nrf91sim: fault ordered: %s\n", fault);
}

static int wait_ms(const struct program *p)
{
    uint64_t deadline = UINT64_MAX, now = now_us();

    for (size_t i = 0; i < p->count; i++) {
        uint64_t d = board_deadline(p->boards[i]);
        deadline = d < deadline ? d : deadline;
    }
    if (deadline == UINT64_MAX)
        return -1;
    if (deadline <= now)
        return 0;
    uint64_t ms = (deadline - now + 999) / 1000;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

static void run(struct program *p)
{
    for (;;) {
        size_t n = 2, at = 2;
        p->fds[0] = (struct pollfd){.fd = p->signals, .events = POLLIN};
        p->fds[1] = (struct pollfd){.fd = p->control.fd, .events = POLLIN};
        for (size_t i = 0; i < p->count; i++)
            n += board_poll(p->boards[i], p->fds + n);
        if (poll(p->fds, n, wait_ms(p)) < 0 && errno != EINTR)
            return;
        control_read(&p->control, on_order, p);
        for (size_t i = 0; i < p->count; i++) {
            struct pollfd *port = &p->fds[at];
            struct pollfd ignored[BOARD_FDS];
            at += board_poll(p->boards[i], ignored); /* before it goes on: that may open sockets */
            board_go_on(p->boards[i], port, now_us());
        }
        if ((p->fds[0].revents & POLLIN) && !take_signal(p))
            return;
    }
}

static int open_all(struct program *p, const struct options *o, struct sg_error *err)
{
    size_t count = o->count ? o->count : 1;

    p->boards = calloc(count, sizeof *p->boards);
    p->fds = calloc(2 + count * BOARD_FDS, sizeof *p->fds);
    if (p->boards == NULL || p->fds == NULL)
        return sg_fail(err, SG_ENOMEM, "out of memory");
    while (p->count < count) {
        struct board *b = calloc(1, sizeof *b);
        if (b == NULL)
            return sg_fail(err, SG_ENOMEM, "out of memory");
        p->boards[p->count++] = b;
        int r = board_open(b, o, p->count, now_us(), err);
        if (r < 0)
            return r;
    }
    return control_open(&p->control, o->control, err);
}

static void close_all(struct program *p)
{
    control_close(&p->control);
    for (size_t i = 0; i < p->count; i++) {
        board_close(p->boards[i]);
        free(p->boards[i]);
    }
    free(p->boards);
    free(p->fds);
}

int main(int argc, char **argv)
{
    struct program p = {.control.fd = -1};
    struct options o;
    struct sg_error err = {0};

    int r = options_parse(&o, argc, argv);
    if (r >= 0)
        return r;
    p.signals = watch_signals();
    r = open_all(&p, &o, &err);
    if (r < 0) {
        (void)fprintf(stderr, "nrf91sim: %s\n", err.text);
        close_all(&p);
        return r == SG_EINVAL ? 2 : 1;
    }
    for (size_t i = 0; i < p.count; i++) {
        const struct board *b = p.boards[i];
        (void)printf("%s\n", b->pty.path);
        if (o.verbose)
            (void)fprintf(stderr, "nrf91sim: IMEI %s on %s\n", sg_sim_imei(b->sim), b->link[0] ? b->link : b->pty.path);
    }
    (void)fflush(stdout);
    run(&p);
    close_all(&p);
    return 0;
}
