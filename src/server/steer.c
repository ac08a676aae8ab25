/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets: one per worker on one port (SO_REUSEPORT), and the filter that gives a datagram to its worker. A record with
 * a connection id (RFC 9146: type 25) names its worker by the id's first byte, wherever it comes from; anything else
 * goes by the hash of its addresses, so that all of one handshake reach one worker.
 */
#include "server/server_internal.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_v4(const struct sg_addr *a)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(a->ip, mapped, sizeof mapped) == 0;
}

void sg_server_addr_from(struct sg_addr *a, const struct sockaddr_storage *ss)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    *a = (struct sg_addr){0};
    if (ss->ss_family == AF_INET) {
        memcpy(&in, ss, sizeof in);
        a->ip[10] = a->ip[11] = 0xff;
        memcpy(a->ip + 12, &in.sin_addr, 4);
        a->port = ntohs(in.sin_port);
    } else {
        memcpy(&in6, ss, sizeof in6);
        memcpy(a->ip, &in6.sin6_addr, 16);
        a->port = ntohs(in6.sin6_port);
    }
}

unsigned sg_server_addr_to(const struct sg_addr *a, int family, struct sockaddr_storage *ss)
{
    memset(ss, 0, sizeof *ss);
    if (family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)ss;
        in->sin_family = AF_INET;
        memcpy(&in->sin_addr, a->ip + 12, 4);
        in->sin_port = htons(a->port);
        return sizeof *in;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;
    in6->sin6_family = AF_INET6;
    memcpy(&in6->sin6_addr, a->ip, 16);
    in6->sin6_port = htons(a->port);
    return sizeof *in6;
}

/* The program sees the UDP payload; what it returns is an index into the group, in the order of binding. An index that
 * does not exist, and 0xffffffff is none, makes the kernel choose by its hash of the addresses. */
static int steer(int fd)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SG_DTLS_CID_OFFSET, 0, 4),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SG_DTLS_CID_RECORD, 0, 2),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SG_DTLS_CID_OFFSET),
        BPF_STMT(BPF_RET | BPF_A, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    };
    const struct sock_fprog filter = {.len = sizeof program / sizeof program[0], .filter = program};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter);
}

static int open_one(const struct sg_addr *a, const char *listen, bool group, struct sg_error *err)
{
    int family = is_v4(a) ? AF_INET : AF_INET6;
    int on = 1, off = 0, room = 4 << 20;
    struct sockaddr_storage ss;

    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return sg_fail(err, SG_EIO, "opening a UDP socket for %s: %s", listen, strerror(errno));
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room); /* as much as the system allows */
    if (family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if ((group && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) ||
        bind(fd, (struct sockaddr *)&ss, (socklen_t)sg_server_addr_to(a, family, &ss)) < 0) {
        int e = errno;
        close(fd);
        return sg_fail(err, e == EADDRINUSE ? SG_EBUSY : SG_EIO, "listening on %s: %s%s", listen, strerror(e),
                       e == EADDRINUSE ? ". Another program uses this port: stop it, or choose another (server.listen)"
                                       : "");
    }
    return fd;
}

static int actual_port(int fd, uint16_t *port)
{
    struct sockaddr_storage ss = {0};
    socklen_t n = sizeof ss;
    struct sg_addr a;

    if (getsockname(fd, (struct sockaddr *)&ss, &n) < 0)
        return SG_EIO;
    sg_server_addr_from(&a, &ss);
    *port = a.port;
    return 0;
}

/* SO_REUSEPORT lets any process of this user join the group, a second server too. A socket without it tells, and finds
 * a port that is nobody's. */
static int claim(struct sg_addr *a, const char *listen, struct sg_error *err)
{
    int fd = open_one(a, listen, false, err);

    if (fd < 0)
        return fd;
    int rc = actual_port(fd, &a->port);
    close(fd);
    return rc;
}

int sg_server_sockets(const char *listen, unsigned workers, int fds[MAX_WORKERS], uint16_t *port, struct sg_error *err)
{
    struct sg_addr a;
    unsigned n = 0;

    int rc = sg_addr_parse(listen, &a, err);
    if (rc < 0)
        return rc;
    rc = claim(&a, listen, err);
    while (rc == 0 && n < workers) {
        int fd = open_one(&a, listen, workers > 1, err);
        if (fd < 0) {
            rc = fd;
            break;
        }
        fds[n++] = fd;
    }
    if (rc == 0 && workers > 1 && steer(fds[0]) < 0)
        rc = sg_fail(err, SG_EIO, "attaching the filter that steers datagrams to workers: %s", strerror(errno));
    if (rc == 0) {
        *port = a.port;
        return 0;
    }
    while (n > 0)
        close(fds[--n]);
    return rc;
}
