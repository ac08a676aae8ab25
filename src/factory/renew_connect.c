/* SPDX-License-Identifier: Apache-2.0 */
/* The proof that a new identity works: a handshake with a server, by the modem itself. */
#include "factory/factory_internal.h"

#include <string.h>

enum { ONLINE = 1 /* +CFUN */, COMMAND_MS = 5000, POLL_MS = 500 };

int sg_factory_set_function(struct sg_factory_run *run, int function)
{
    if (run->r->function == function)
        return 0;
    int r = sg_modem_set_function(run->e->modem, function);
    if (r < 0)
        return sg_factory_modem_fail(run, r, function == ONLINE ? "going online (AT+CFUN=1)" : "changing AT+CFUN");
    run->r->function = function;
    return 0;
}

/* +CEREG: 0,1 (home network) or 0,5 (roaming): 3GPP TS 27.007 section 10.1.22. */
static int is_on_network(struct sg_factory_run *run)
{
    char space[128];
    struct sg_buf reply = sg_buf(space, sizeof space);
    int r = sg_modem_command(run->e->modem, sg_str("AT+CEREG?"), &reply, COMMAND_MS);
    if (r < 0)
        return sg_factory_modem_fail(run, r, "telling whether it has a network (AT+CEREG?)");
    const char *comma = strchr(sg_buf_cstr(&reply), ',');
    return comma != NULL && (comma[1] == '1' || comma[1] == '5') && (comma[2] < '0' || comma[2] > '9');
}

static int find_network(struct sg_factory_run *run, uint32_t timeout_ms)
{
    struct sg_modem *m = run->e->modem;
    uint64_t until = m->io.now(m->io.user) + timeout_ms;
    int r;
    while ((r = is_on_network(run)) == 0) {
        if (m->io.now(m->io.user) >= until)
            return sg_fail(run->err, SG_ETIMEOUT,
                           "the modem on %s found no network within %u s, so the new identity at tag %u could not be "
                           "tried. The old one is as it was; the same command tries it again.",
                           run->e->port, timeout_ms / 1000, run->r->tag);
        r = sg_modem_wait(m, POLL_MS);
        if (r < 0)
            return sg_factory_modem_fail(run, r, "waiting for its network");
    }
    return r < 0 ? r : 0;
}

int sg_factory_connect(struct sg_factory_run *run, const struct sg_renew *n)
{
    struct sg_modem *m = run->e->modem;
    struct sg_modem_socket s;
    const char *where = n->address != NULL ? n->address : n->host;
    int r = sg_factory_set_function(run, ONLINE);
    if (r == 0)
        r = find_network(run, n->network_ms);
    if (r < 0)
        return r;
    r = sg_modem_connect(m, &s, run->r->tag, n->host, where, n->server_port, SG_MODEM_CID_OFF);
    if (r == SG_EDENIED)
        return sg_fail(
            run->err, r,
            "the new identity at tag %u of the modem on %s did not connect to %s port %u. The modem does not "
            "say why; the server's log does. The old identity is as it was; the same command tries it again.",
            run->r->tag, run->e->port, where, n->server_port);
    if (r < 0)
        return sg_factory_modem_fail(run, r, "connecting with its new identity");
    (void)sg_modem_close(m, &s);
    return sg_factory_step(run, SG_ENROLL_CONNECTED, "%s port %u took the new identity", where, n->server_port);
}
