/* SPDX-License-Identifier: Apache-2.0 */
/* The ports that `signet enroll` works on: as given, or as found. */
#include "enroll_ports.h"
#include "line.h"
#include "programs/port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sg_cli_add_port(struct sg_cli_ports *p, const char *path)
{
    if (p->n == SG_CLI_PORTS)
        return false;
    p->path[p->n] = strdup(path);
    if (p->path[p->n] == NULL)
        abort();
    p->n++;
    return true;
}

void sg_cli_free_ports(struct sg_cli_ports *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->path[i]);
    p->n = 0;
}

struct search {
    struct sg_cli_ports *ports;
    bool quiet;
    size_t count;
    char seen[512]; /* what was looked at in vain, for the sentence */
};

static void note(struct search *s, const char *path, const char *what)
{
    size_t n = strlen(s->seen);
    (void)snprintf(s->seen + n, sizeof s->seen - n, "%s%s (%s)", n > 0 ? ", " : "", path, what);
}

static void look(void *user, const char *path, bool there)
{
    static struct sg_modem modem; /* large, and one at a time */
    struct search *s = user;
    struct sg_port port;
    struct sg_modem_info info;
    struct sg_error err = {0};

    (void)there;
    s->count++;
    memset(&modem, 0, sizeof modem);
    int r = sg_port_open(&port, path, &err);
    if (r < 0) {
        note(s, path, r == SG_EBUSY ? "in use by another program" : r == SG_EDENIED ? "no right to it" : "not usable");
        return;
    }
    if (sg_modem_attach(&modem, sg_port_io(&port)) < 0) /* what is only looked at stays as it is */
        note(s, path, "does not answer like a modem");
    else if (sg_modem_identify(&modem, &info) < 0)
        note(s, path, "is no nRF91");
    else if (sg_cli_add_port(s->ports, path) && !s->quiet)
        (void)printf("Found %s at %s\n", info.model, path);
    sg_port_close(&port);
}

int sg_cli_find_ports(struct sg_cli_ports *p, const struct sg_policy *policy, bool quiet)
{
    struct search s = {.ports = p, .quiet = quiet};
    char patterns[SG_POLICY_PORTS * 260];
    struct sg_buf b = sg_buf(patterns, sizeof patterns);
    sg_watch_each(policy, look, &s);
    for (size_t i = 0; i < policy->n_ports; i++) {
        sg_put_str(&b, i > 0 ? " or " : "");
        sg_put_str(&b, policy->ports[i]);
    }
    if (s.count == 0)
        return sg_cli_fail(SG_CLI_NOTHING,
                           "no board was found: there is no %s. Connect one, or name its port with --port.",
                           sg_buf_cstr(&b));
    if (p->n == 0)
        return sg_cli_fail(SG_CLI_NOTHING, "no nRF91 modem was found at %s. Name its port with --port.", s.seen);
    return 0;
}
