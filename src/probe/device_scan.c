/* SPDX-License-Identifier: Apache-2.0 */
/* Which ports of the device are open: TCP by connecting, a few UDP services by asking. Bounded and paced. */
#include "probe/device_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LOW_PORTS = 1024, AT_ONCE = 32, WAIT_MS = 2000, TEXT = 300 };

/* Beyond the first 1024: what embedded devices are found to listen on. */
static const uint16_t high[] = {1080, 1883, 1900, 2000,  2323,  2455,  3000,  3389,  4000,  4840,  5000, 5060, 5353,
                                5555, 5683, 5684, 5900,  7547,  8000,  8008,  8080,  8081,  8443,  8883, 8888, 9000,
                                9100, 9200, 9999, 10000, 20000, 23423, 37777, 44818, 47808, 49152, 55555};
enum { HIGH = sizeof high / sizeof high[0], TCP_PORTS = LOW_PORTS + HIGH };

static const uint16_t udp[] = {53, 67, 69, 123, 137, 161, 500, 1900, 5060, 5353, 5683, 5684, 47808};
enum { UDP_PORTS = sizeof udp / sizeof udp[0] };

struct scan {
    struct sg_addr addr;
    char open[TEXT]; /* "23/tcp, 5683/udp" */
    unsigned found, silent;
};

static void found(struct scan *s, uint16_t port, const char *kind)
{
    const size_t n = strlen(s->open);
    s->found++;
    (void)snprintf(s->open + n, sizeof s->open - n, "%s%u/%s", n > 0 ? ", " : "", port, kind);
}

static int begin(const struct sg_addr *a, uint16_t port)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(port)}; /* IPv4 in its mapped form */
    const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int off = 0;
    memcpy(&to.sin6_addr, a->ip, sizeof a->ip);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS || errno == ECONNREFUSED)
        return fd;
    (void)close(fd);
    return -1;
}

/* A few ports at once. Only an open one and one that refuses have answered; all others are silent: filtered, no such
 * host, or no way to it. */
static void scan_tcp(struct scan *s, const uint16_t *ports, size_t n)
{
    struct pollfd fd[AT_ONCE];
    const uint64_t end = sg_probe_steady() + WAIT_MS;
    size_t left = n;

    for (size_t i = 0; i < n; i++) {
        fd[i] = (struct pollfd){.fd = begin(&s->addr, ports[i]), .events = POLLOUT};
        s->silent += fd[i].fd < 0 ? 1 : 0;
    }
    while (left > 0 && sg_probe_steady() < end) {
        (void)poll(fd, (nfds_t)n, 100);
        left = 0;
        for (size_t i = 0; i < n; i++) {
            int error = 0;
            socklen_t size = sizeof error;
            if (fd[i].fd >= 0 && fd[i].revents != 0) {
                (void)getsockopt(fd[i].fd, SOL_SOCKET, SO_ERROR, &error, &size);
                if (error == 0 && (fd[i].revents & POLLHUP) == 0)
                    found(s, ports[i], "tcp");
                s->silent += error != 0 && error != ECONNREFUSED ? 1 : 0;
                (void)close(fd[i].fd);
                fd[i].fd = -1;
            }
            left += fd[i].fd >= 0 ? 1 : 0;
        }
    }
    for (size_t i = 0; i < n; i++)
        if (fd[i].fd >= 0) {
            s->silent++;
            (void)close(fd[i].fd);
        }
}

static void pace(unsigned rate, size_t n)
{
    const struct timespec t = {.tv_sec = (time_t)(n / rate), .tv_nsec = (long)(n % rate) * 1000000000L / (long)rate};
    (void)nanosleep(&t, NULL);
}

/* A CoAP ping, which other services answer with an error if at all. */
static void scan_udp(struct scan *s, unsigned rate)
{
    static const uint8_t ping[] = {0x40, 0, 0x12, 0x34};
    const struct sg_addr any = {.port = 0};
    struct sg_probe_wire w;
    uint8_t answer[1500];
    struct sg_addr from;

    if (sg_probe_wire_open(&w, &any, rate, NULL) < 0)
        return;
    for (size_t i = 0; i < UDP_PORTS; i++) {
        struct sg_addr to = s->addr;
        to.port = udp[i];
        if (sg_probe_wire_send(&w, &to, sg_bytes(ping, sizeof ping)) < 0)
            continue;
        const uint64_t end = sg_probe_steady() + WAIT_MS / 4;
        const int n = sg_probe_wire_receive(&w, &from, answer, sizeof answer, end);
        if (n > 0 && sg_addr_eq(&from, &to))
            found(s, udp[i], "udp");
    }
    sg_probe_wire_close(&w);
}

void sg_probe_dev_scan(struct sg_probe_device *p, struct sg_probe_result *r)
{
    struct scan s = {.found = 0};
    uint16_t ports[AT_ONCE];
    char observed[400], address[SG_ADDR_TEXT];

    if (p->o->scan == NULL) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "Not scanned.",
                          "Where the device is must be said (--scan): the address that its datagrams come from may be "
                          "that of a network between.");
        return;
    }
    s.addr = *p->o->scan;
    for (size_t i = 0; i < TCP_PORTS && !sg_probe_device_stopped(p);) {
        size_t n = 0;
        for (; n < AT_ONCE && i < TCP_PORTS; n++, i++)
            ports[n] = i < LOW_PORTS ? (uint16_t)(i + 1) : high[i - LOW_PORTS];
        scan_tcp(&s, ports, n);
        pace(p->o->rate, n);
    }
    scan_udp(&s, p->o->rate);
    r->facts = json_pack("{s:s, s:s, s:i, s:i, s:i}", "address", sg_addr_text(&s.addr, address), "open", s.open,
                         "tcp_ports", TCP_PORTS, "udp_ports", UDP_PORTS, "silent", (int)s.silent);
    (void)snprintf(observed, sizeof observed, "Of %d TCP and %d UDP ports at most %u a second: %s%s.", TCP_PORTS,
                   UDP_PORTS, p->o->rate, s.found > 0 ? "open are " : "none is open", s.open);
    if (s.found > 0)
        sg_probe_conclude(
            r, SG_VERDICT_FAIL, observed,
            "A device that is a client alone listens nowhere. Each open port must be documented, or closed.");
    else if (s.silent == TCP_PORTS)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, observed, "Nothing answered at all: is the device at that address?");
    else if (s.silent > 0)
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed,
                          "Some ports did not answer at all: something filters them, and what is behind was not seen.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "No open port was found among these.");
}
