/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated network: UDP sockets of this machine, and names. */
#include "sim_internal.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static bool is_ipv4(const struct sg_addr *a)
{
    return memcmp(a->ip, mapped, sizeof mapped) == 0;
}

static socklen_t to_system(const struct sg_addr *a, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (is_ipv4(a)) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(a->port)};
        memcpy(&in.sin_addr, a->ip + sizeof mapped, 4);
        memcpy(out, &in, sizeof in);
        return sizeof in;
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
    memcpy(&in6.sin6_addr, a->ip, 16);
    memcpy(out, &in6, sizeof in6);
    return sizeof in6;
}

static bool from_system(const struct sockaddr_storage *a, struct sg_addr *out)
{
    if (a->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, a, sizeof in);
        memcpy(out->ip, mapped, sizeof mapped);
        memcpy(out->ip + sizeof mapped, &in.sin_addr, 4);
        out->port = ntohs(in.sin_port);
        return true;
    }
    if (a->ss_family != AF_INET6)
        return false;
    struct sockaddr_in6 in6;
    memcpy(&in6, a, sizeof in6);
    memcpy(out->ip, &in6.sin6_addr, 16);
    out->port = ntohs(in6.sin6_port);
    return true;
}

int sg_sim_udp_open(const struct sg_addr *to)
{
    return socket(is_ipv4(to) ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void sg_sim_udp_send(int fd, const struct sg_addr *to, struct sg_bytes datagram)
{
    struct sockaddr_storage a;
    socklen_t n = to_system(to, &a);
    (void)sendto(fd, datagram.p, datagram.n, 0, (const struct sockaddr *)&a, n); /* as on the air: lost is lost */
}

int sg_sim_udp_receive(int fd, struct sg_addr *from, uint8_t *p, size_t cap)
{
    struct sockaddr_storage a = {0};
    socklen_t n = sizeof a;
    ssize_t got = recvfrom(fd, p, cap, 0, (struct sockaddr *)&a, &n);
    return got >= 0 && from_system(&a, from) ? (int)got : -1;
}

static int look_up(const char *name, int flags, bool ipv6, struct sg_addr *out)
{
    struct addrinfo hints = {.ai_family = ipv6 ? AF_INET6 : AF_INET, .ai_socktype = SOCK_DGRAM, .ai_flags = flags};
    struct addrinfo *list = NULL;
    struct sockaddr_storage a = {0};

    if (getaddrinfo(name, NULL, &hints, &list) != 0)
        return SG_ENOTFOUND;
    memcpy(&a, list->ai_addr, list->ai_addrlen);
    freeaddrinfo(list);
    return from_system(&a, out) ? 0 : SG_ENOTFOUND;
}

int sg_sim_resolve(const struct sg_sim *s, const char *name, bool ipv6, uint16_t port, struct sg_addr *out)
{
    int flags = 0;

    for (size_t i = 0; i < s->config.name_count; i++)
        if (strcmp(s->config.names[i].name, name) == 0) {
            name = s->config.names[i].address;
            flags = AI_NUMERICHOST;
        }
    int r = look_up(name, flags, ipv6, out);
    out->port = port;
    return r;
}
