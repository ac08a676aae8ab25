/* SPDX-License-Identifier: Apache-2.0 */
/* The port file: clocks, and a UDP socket whose datagrams are captured and paced. */
#include "probe/probe_internal.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_us(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t sg_probe_now_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

int64_t sg_probe_now_ms(void)
{
    return sg_probe_now_us() / 1000;
}

uint64_t sg_probe_steady(void)
{
    return (uint64_t)clock_us(CLOCK_MONOTONIC) / 1000;
}

/* --------------------------------------------------------------------------------------------------- addresses */

union address {
    struct sockaddr_in6 v6; /* the largest */
    struct sockaddr_in v4;
    struct sockaddr any;
};

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

static socklen_t to_address(int family, const struct sg_addr *a, union address *s)
{
    memset(s, 0, sizeof *s);
    if (family == AF_INET) {
        s->v4.sin_family = AF_INET;
        s->v4.sin_port = htons(a->port);
        memcpy(&s->v4.sin_addr, a->ip + 12, 4);
        return sizeof s->v4;
    }
    s->v6.sin6_family = AF_INET6;
    s->v6.sin6_port = htons(a->port);
    memcpy(&s->v6.sin6_addr, a->ip, 16);
    return sizeof s->v6;
}

static struct sg_addr from_address(const union address *s)
{
    struct sg_addr a = {.port = 0};
    if (s->any.sa_family == AF_INET) {
        memcpy(a.ip, v4_mapped, sizeof v4_mapped);
        memcpy(a.ip + 12, &s->v4.sin_addr, 4);
        a.port = ntohs(s->v4.sin_port);
    } else {
        memcpy(a.ip, &s->v6.sin6_addr, 16);
        a.port = ntohs(s->v6.sin6_port);
    }
    return a;
}

/* ------------------------------------------------------------------------------------------------- the socket */

static int new_socket(int family)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1, off = 0;
    if (fd < 0)
        return -1;
    /* What a peer's host answers by ICMP comes in the socket's error queue; on a dual-stack socket too for IPv4. */
    if (setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on) == 0 &&
        (family == AF_INET || (setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on) == 0 &&
                               setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0)))
        return fd;
    int why = errno;
    (void)close(fd);
    errno = why;
    return -1;
}

int sg_probe_wire_open(struct sg_probe_wire *w, const struct sg_addr *local, unsigned rate, struct sg_error *err)
{
    static const uint8_t any[16] = {0};
    int family = memcmp(local->ip, v4_mapped, sizeof v4_mapped) == 0 ? AF_INET : AF_INET6;
    char text[SG_ADDR_TEXT];
    union address s;
    socklen_t n = sizeof s;

    *w = (struct sg_probe_wire){.fd = new_socket(family), .rate = rate};
    if (w->fd < 0 && memcmp(local->ip, any, sizeof any) == 0) /* a host without IPv6 */
        w->fd = new_socket(family = AF_INET);
    if (w->fd < 0)
        return sg_fail(err, SG_EIO, "opening a UDP socket: %s", strerror(errno));
    if (bind(w->fd, &s.any, to_address(family, local, &s)) < 0 || getsockname(w->fd, &s.any, &n) < 0) {
        int why = errno;
        sg_probe_wire_close(w);
        return sg_fail(err, why == EADDRINUSE ? SG_EBUSY : SG_EIO, "binding a UDP socket to %s: %s",
                       sg_addr_text(local, text), strerror(why));
    }
    w->local = from_address(&s);
    return 0;
}

void sg_probe_wire_close(struct sg_probe_wire *w)
{
    if (w->fd >= 0)
        (void)close(w->fd);
    w->fd = -1;
}

bool sg_probe_is_this_host(const struct sg_addr *a)
{
    struct sg_addr any_port = *a;
    struct sg_probe_wire w;
    any_port.port = 0;
    if (sg_probe_wire_open(&w, &any_port, 0, NULL) < 0) /* only an address of its own can be bound to */
        return false;
    sg_probe_wire_close(&w);
    return true;
}

static int family_of(const struct sg_probe_wire *w)
{
    int family = AF_INET6;
    socklen_t n = sizeof family;
    (void)getsockopt(w->fd, SOL_SOCKET, SO_DOMAIN, &family, &n);
    return family;
}

/* ---------------------------------------------------------------------------------------------------- sending */

static void pace(struct sg_probe_wire *w)
{
    if (w->rate == 0)
        return;
    uint64_t now = (uint64_t)clock_us(CLOCK_MONOTONIC);
    if (w->next_send_us > now) {
        const struct timespec until = {.tv_sec = (time_t)(w->next_send_us / 1000000),
                                       .tv_nsec = (long)(w->next_send_us % 1000000) * 1000};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
            ;
        now = w->next_send_us;
    }
    w->next_send_us = now + 1000000 / w->rate;
}

int sg_probe_wire_send(struct sg_probe_wire *w, const struct sg_addr *to, struct sg_bytes datagram)
{
    enum { ATTEMPTS = 10, PAUSE_MS = 100 };
    union address s;
    socklen_t n = to_address(family_of(w), to, &s);
    pace(w);
    for (int i = 0; i < ATTEMPTS; i++) {
        if (sendto(w->fd, datagram.p, datagram.n, MSG_NOSIGNAL, &s.any, n) >= 0) {
            if (w->capture != NULL)
                sg_capture_datagram(w->capture, sg_probe_now_us(), &w->local, to, datagram);
            return 0;
        }
        struct pollfd ready = {.fd = w->fd, .events = POLLOUT};
        if (errno == EAGAIN || errno == ENOBUFS)
            (void)poll(&ready, 1, PAUSE_MS);
        else if (errno != EINTR && errno != ECONNREFUSED) /* that was said of an earlier one: receive tells it */
            return SG_EIO;
    }
    return SG_EIO;
}

/* -------------------------------------------------------------------------------------------------- receiving */

/* Empties the error queue; true where a host said that nobody listens there. */
static bool take_errors(const struct sg_probe_wire *w)
{
    bool refused = false;
    for (;;) {
        union {
            struct cmsghdr align;
            uint8_t bytes[512];
        } control;
        struct msghdr m = {.msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
        if (recvmsg(w->fd, &m, MSG_ERRQUEUE) < 0)
            return refused;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
            struct sock_extended_err e;
            if ((c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_RECVERR) &&
                (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_RECVERR))
                continue;
            memcpy(&e, CMSG_DATA(c), sizeof e);
            refused |= e.ee_errno == ECONNREFUSED;
        }
    }
}

/* One datagram that is there: its length, or 0 where there is none after all (or an empty one), or SG_E…. */
static int take_datagram(struct sg_probe_wire *w, struct sg_addr *from, uint8_t *datagram, size_t cap)
{
    union address s = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t n = sizeof s;
    ssize_t got = recvfrom(w->fd, datagram, cap, MSG_TRUNC, &s.any, &n);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED ? 0 : SG_EIO;
    *from = from_address(&s);
    if ((size_t)got > cap)
        return SG_ENOSPC;
    if (w->capture != NULL)
        sg_capture_datagram(w->capture, sg_probe_now_us(), from, &w->local, sg_bytes(datagram, (size_t)got));
    return (int)got;
}

int sg_probe_wire_receive(struct sg_probe_wire *w, struct sg_addr *from, uint8_t *datagram, size_t cap,
                          uint64_t deadline)
{
    for (;;) {
        uint64_t now = sg_probe_steady();
        struct pollfd ready = {.fd = w->fd, .events = POLLIN};
        int wait = now >= deadline ? 0 : deadline - now > INT32_MAX ? INT32_MAX : (int)(deadline - now);
        int n = poll(&ready, 1, wait);
        if (n < 0 && errno != EINTR)
            return SG_EIO;
        if (n > 0 && (ready.revents & POLLERR) != 0 && take_errors(w))
            return SG_ECLOSED;
        if (n > 0 && (n = take_datagram(w, from, datagram, cap)) != 0)
            return n;
        if (sg_probe_steady() >= deadline)
            return 0;
    }
}
