/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that a person configures: "192.0.2.7:5684", "[::]:5684". */
#include "core/core.h"

#include <arpa/inet.h>
#include <string.h>

static int parse_ip(const char *ip, bool v6, struct sg_addr *a)
{
    if (v6)
        return inet_pton(AF_INET6, ip, a->ip) == 1 ? 0 : SG_EFORMAT;
    memset(a->ip, 0, 10);
    a->ip[10] = a->ip[11] = 0xff;
    return inet_pton(AF_INET, ip, a->ip + 12) == 1 ? 0 : SG_EFORMAT;
}

int sg_addr_parse(const char *text, struct sg_addr *a, struct sg_error *err)
{
    const char *colon = strrchr(text, ':');
    bool v6 = text[0] == '[';
    char ip[INET6_ADDRSTRLEN];
    uint64_t port = 0;

    if (colon == NULL || sg_parse_udec(sg_str(colon + 1), UINT16_MAX, &port) < 0)
        return sg_fail(err, SG_EFORMAT, "\"%s\" does not end with a port: write it like 127.0.0.1:5684 or [::1]:5684",
                       text);
    const char *from = v6 ? text + 1 : text;
    const char *to = v6 && colon > from && colon[-1] == ']' ? colon - 1 : colon;
    size_t n = (size_t)(to - from);
    struct sg_addr found = {.port = (uint16_t)port};
    if (n < sizeof ip && (!v6 || to < colon)) {
        memcpy(ip, from, n);
        ip[n] = '\0';
        if (parse_ip(ip, v6, &found) == 0) {
            *a = found;
            return 0;
        }
    }
    return sg_fail(err, SG_EFORMAT, "\"%s\" is no IP address and port: write it like 127.0.0.1:5684 or [::1]:5684",
                   text);
}
