/* SPDX-License-Identifier: Apache-2.0 */
/* A modem behind a terminal server (ser2net and its like): its bytes as they are, over TCP. */
#include "programs/port_internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT_MS = 5000, HOST = 256, SERVICE = 8 };

/* "HOST:PORT", "[ADDRESS]:PORT"; the port is what follows the last colon. */
static bool split(const char *text, char host[HOST], char service[SERVICE])
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL)
        return false;
    size_t n = (size_t)(colon - text);
    if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
        text++;
        n -= 2;
    } else if (memchr(text, ':', n) != NULL) {
        return false;
    }
    uint64_t port;
    if (n == 0 || n >= HOST || sg_parse_udec(sg_str(colon + 1), 65535, &port) < 0 || port == 0)
        return false;
    memcpy(host, text, n);
    host[n] = '\0';
    (void)snprintf(service, SERVICE, "%u", (unsigned)port);
    return true;
}

/* Connects within the time; 0 or an errno. */
static int connect_within(int fd, const struct addrinfo *a)
{
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int ready = poll(&p, 1, CONNECT_MS), error = 0;
    socklen_t n = sizeof error;
    if (ready == 0)
        return ETIMEDOUT;
    if (ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
        return errno;
    return error;
}

/* The first address that answers; else an errno in *error. */
static int connect_any(const struct addrinfo *list, int *error)
{
    *error = EADDRNOTAVAIL;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
        *error = fd < 0 ? errno : connect_within(fd, a);
        if (*error == 0)
            return fd;
        if (fd >= 0)
            (void)close(fd);
    }
    return -1;
}

static int fail_connect(int error, const char *path, struct sg_error *err)
{
    if (error == ECONNREFUSED)
        return sg_fail(err, SG_ENOTFOUND, "nothing listens at %s. Does the terminal server run, and serve this port?",
                       path);
    if (error == ETIMEDOUT)
        return sg_fail(err, SG_ETIMEOUT, "nothing answered at %s in %d s", path, CONNECT_MS / 1000);
    return sg_fail(err, SG_EIO, "connecting to %s: %s", path, strerror(error));
}

int sg_port_connect(struct sg_port *p, const char *path, struct sg_error *err)
{
    char host[HOST], service[SERVICE];
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    *p = (struct sg_port){.fd = -1};
    if (!split(path + sizeof SG_PORT_TCP - 1, host, service))
        return sg_fail(err, SG_EFORMAT, "%s is not of the form tcp:HOST:PORT (an IPv6 address: tcp:[ADDRESS]:PORT)",
                       path);
    int r = getaddrinfo(host, service, &hints, &list), error;
    if (r != 0)
        return sg_fail(err, SG_ENOTFOUND, "the host %s of %s is not known: %s", host, path, gai_strerror(r));
    int fd = connect_any(list, &error);
    freeaddrinfo(list);
    if (fd < 0)
        return fail_connect(error, path, err);
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* each command is waited for */
    *p = (struct sg_port){.fd = fd, .socket = true};
    return 0;
}
