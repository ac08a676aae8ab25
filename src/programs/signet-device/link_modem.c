/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The link with an identity in an nRF91 modem: DTLS runs inside the modem, with the key from its credential store. What
 * goes wrong with a handshake the modem does not tell; the server's log does.
 */
#include "agent.h"
#include "dtls/dtls.h"
#include "modem/modem.h"
#include "programs/port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEARER_LTE = 6 /* /4/0/0: LTE-FDD */, NORMAL = 1 /* +CFUN */ };
enum { COMMAND_MS = 5000, NETWORK_MS = 120 * 1000, DATAGRAM = 2048 };

struct modem {
    struct sg_agent *agent;
    struct sg_port port;
    struct sg_at_io io;  /* the port's own */
    bool patient;        /* false: SIGTERM ends a wait */
    bool open;           /* the port is open and in step */
    const char *trouble; /* what a callback met, to be told by the next run; NULL: nothing */
    struct sg_modem modem;
    struct sg_modem_socket socket;
    uint8_t datagram[DATAGRAM];
};

/* ------------------------------------------------------------------------------------------------------- the port */

/* As the port's own, but a handshake, which may last two minutes, is not waited for when we are to end. */
static int port_read(void *user, void *p, size_t cap, uint32_t timeout_ms)
{
    struct modem *m = user;
    const uint64_t until = sg_agent_now() + timeout_ms;

    for (;;) {
        const uint64_t now = sg_agent_now();
        const uint32_t left = until > now ? (uint32_t)(until - now) : 0;
        const uint32_t slice = m->patient || left < 100 ? left : 100;
        const int n = m->io.read(m->io.user, p, cap, slice);
        if (n != 0 || slice == left)
            return n;
        if (sg_agent_told_to_end())
            return SG_ECLOSED;
    }
}

static int port_write(void *user, const void *p, size_t n)
{
    struct modem *m = user;
    return m->io.write(m->io.user, p, n);
}

static uint64_t port_now(void *user)
{
    (void)user;
    return sg_agent_now();
}

static void unsolicited(void *user, struct sg_bytes line)
{
    struct modem *m = user;
    sg_modem_socket_event(&m->socket, line);
}

static void close_port(struct modem *m)
{
    sg_port_close(&m->port);
    m->open = false;
    m->socket = (struct sg_modem_socket){.handle = -1};
}

static int open_port(struct modem *m, struct sg_error *err)
{
    const char *path = m->agent->options->modem;

    if (m->open)
        return 0;
    int error = sg_port_open(&m->port, path, err);
    if (error < 0)
        return error;
    m->io = sg_port_io(&m->port);
    m->modem = (struct sg_modem){.unsolicited = unsolicited, .user = m};
    error = sg_modem_open(&m->modem, (struct sg_at_io){m, port_write, port_read, port_now});
    if (error < 0) {
        close_port(m);
        return sg_fail(err, error, "Nothing at %s answers like a modem (%s).", path, sg_strerror(error));
    }
    m->open = true;
    return 0;
}

/* A command that failed: the port is opened anew for the next attempt where it is no more to be relied on. */
static int failed(struct modem *m, int error, const char *doing, struct sg_error *err)
{
    const char *path = m->agent->options->modem;

    if (error == SG_EDENIED)
        return sg_fail(err, error, "%s: the modem at %s answered %s. %s", doing, path, sg_cme_name(m->modem.cme),
                       sg_cme_cure(m->modem.cme));
    close_port(m);
    return sg_fail(err, error, "%s: the modem at %s: %s.", doing, path, sg_strerror(error));
}

/* ------------------------------------------------------------------------------------------------- on the network */

/* +CEREG: 0,1 (home network) or 0,5 (roaming): 3GPP TS 27.007 section 10.1.22. */
static bool on_network(struct modem *m, int *error)
{
    char space[128];
    struct sg_buf reply = sg_buf(space, sizeof space);

    *error = sg_modem_command(&m->modem, sg_str("AT+CEREG?"), &reply, COMMAND_MS);
    if (*error < 0)
        return false;
    const char *comma = strchr(sg_buf_cstr(&reply), ',');
    return comma != NULL && (comma[1] == '1' || comma[1] == '5') && (comma[2] < '0' || comma[2] > '9');
}

static int turn_on(struct modem *m, struct sg_error *err)
{
    const uint64_t until = sg_agent_now() + NETWORK_MS;
    int error = sg_modem_get_function(&m->modem);

    if (error < 0)
        return failed(m, error, "Asking for the modem's state", err);
    if (error != NORMAL) {
        sg_agent_say("Turning the modem on.");
        error = sg_modem_set_function(&m->modem, NORMAL);
        if (error < 0)
            return failed(m, error, "Turning the modem on", err);
    }
    while (!on_network(m, &error)) {
        if (error < 0)
            return failed(m, error, "Asking for the network", err);
        if (sg_agent_now() >= until || sg_agent_told_to_end())
            return sg_fail(err, SG_ETIMEOUT, "The modem has found no network yet.");
        (void)sg_modem_wait(&m->modem, 1000);
    }
    return 0;
}

/* The modem's address on the network; "0.0.0.0" where it does not tell. */
static void note_own_address(struct modem *m)
{
    char space[256];
    struct sg_buf reply = sg_buf(space, sizeof space);
    struct sg_agent *a = m->agent;

    (void)snprintf(a->address, sizeof a->address, "0.0.0.0");
    if (sg_modem_command(&m->modem, sg_str("AT+CGPADDR=0"), &reply, COMMAND_MS) < 0)
        return;
    const char *begin = strchr(sg_buf_cstr(&reply), '"');
    const size_t n = begin != NULL ? strcspn(begin + 1, "\"") : 0;
    if (n > 0)
        (void)snprintf(a->address, sizeof a->address, "%.*s", (int)n, begin + 1);
}

/* ----------------------------------------------------------------------------------------------- the link's calls */

static void tell_connected(struct modem *m)
{
    static const char *const cid[] = {"no connection id", "a connection id from the server",
                                      "a connection id to the server", "connection ids in both directions"};
    char how[200];
    const int suite = sg_modem_suite_used(&m->modem, &m->socket);
    const int status = sg_modem_cid_status(&m->modem, &m->socket);

    (void)snprintf(how, sizeof how, "by the modem at %s, %s, %s", m->agent->options->modem,
                   suite > 0 ? sg_suite_name((uint16_t)suite) : "unknown suite",
                   status >= 0 && status <= 3 ? cid[status] : "connection id unknown");
    sg_agent_connected(m->agent, how);
}

static int modem_connect(struct sg_agent *a, struct sg_error *err)
{
    struct modem *m = a->state;
    const struct sg_agent_options *o = a->options;
    const char *where = o->address != NULL ? o->address : o->host;

    int error = open_port(m, err);
    if (error == 0)
        error = turn_on(m, err);
    if (error < 0)
        return error;
    note_own_address(m);
    m->patient = false;
    error = sg_modem_connect(&m->modem, &m->socket, o->tag, o->name, where, o->port, SG_MODEM_CID_ENABLED);
    m->patient = true;
    if (error == SG_EDENIED)
        return sg_fail(
            err, error,
            "Refused: the modem could not connect to %s port %u. It does not say why (no such name, no answer, "
            "or the handshake failed); the server's log does.",
            where, o->port);
    if (error < 0)
        return failed(m, error, "Connecting", err);
    tell_connected(m);
    return 0;
}

/* Called by the client, whose session must not change under its feet: so trouble is noted, and told by modem_run. */
static void modem_send(struct sg_agent *a, struct sg_bytes datagram)
{
    struct modem *m = a->state;

    if (m->trouble == NULL && sg_modem_send(&m->modem, &m->socket, datagram) < 0)
        m->trouble = "Session ended: the modem could not send.";
}

static void receive(struct modem *m)
{
    while (m->trouble == NULL && m->agent->connected && m->socket.readable) {
        struct sg_buf b = sg_buf(m->datagram, sizeof m->datagram);
        const int n = sg_modem_receive(&m->modem, &m->socket, &b);
        if (n < 0)
            m->trouble = n == SG_ECLOSED ? "Session ended: by the server, or the network is gone."
                                         : "Session ended: the modem could not receive.";
        else if (n > 0)
            sg_agent_datagram(m->agent, sg_buf_bytes(&b));
    }
    if (m->trouble == NULL && m->agent->connected && m->socket.hung_up && !m->socket.readable)
        m->trouble = "Session ended: by the server, or the network is gone.";
}

/* Takes what the modem has said unasked, also what came behind a command's reply. */
static void listen_to(struct modem *m)
{
    if (m->open && sg_modem_wait(&m->modem, 0) < 0) {
        close_port(m);
        m->trouble = "The modem's port is gone.";
    }
}

static void modem_run(struct sg_agent *a)
{
    struct modem *m = a->state;

    listen_to(m);
    receive(m);
    if (m->trouble == NULL)
        return;
    const char *trouble = m->trouble;
    m->trouble = NULL;
    if (m->open && sg_modem_close(&m->modem, &m->socket) < 0)
        close_port(m);
    if (a->connected)
        sg_agent_ended(a, trouble);
}

static uint64_t modem_deadline(struct sg_agent *a)
{
    struct modem *m = a->state;

    listen_to(m);
    return m->trouble != NULL || (a->connected && (m->socket.readable || m->socket.hung_up)) ? 0 : UINT64_MAX;
}

static int modem_fd(struct sg_agent *a)
{
    const struct modem *m = a->state;
    return m->open ? m->port.fd : -1;
}

static void modem_close(struct sg_agent *a)
{
    struct modem *m = a->state;

    if (m->open && m->socket.handle >= 0)
        (void)sg_modem_close(&m->modem, &m->socket);
    m->trouble = NULL;
}

static void modem_free(struct sg_agent *a)
{
    struct modem *m = a->state;

    modem_close(a);
    close_port(m);
    free(m);
    a->link = NULL;
}

static const struct sg_agent_link link_modem = {
    .connect = modem_connect,
    .send = modem_send,
    .run = modem_run,
    .deadline = modem_deadline,
    .fd = modem_fd,
    .close = modem_close,
    .free = modem_free,
};

/* --------------------------------------------------------------------------------------------------------- opening */

/* A pre-shared key with its identity, or a certificate with its key and the root: without, nothing can work, and the
 * modem would only say ERROR. */
static int check_credentials(struct modem *m, struct sg_error *err)
{
    static const unsigned needed[] = {SG_CRED_CA, SG_CRED_CERT, SG_CRED_KEY};
    const struct sg_agent_options *o = m->agent->options;
    struct sg_cred cred;

    const int psk = sg_modem_find(&m->modem, o->tag, SG_CRED_PSK, &cred);
    if (psk == 1 && sg_modem_find(&m->modem, o->tag, SG_CRED_PSK_ID, &cred) == 1)
        return 0;
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        const int found = sg_modem_find(&m->modem, o->tag, needed[i], &cred);
        if (found < 0)
            return failed(m, found, "Looking for the modem's credentials", err);
        if (found == 0)
            return sg_fail(err, SG_ENOTFOUND,
                           "The modem at %s has no %s at tag %u. Enrol it: `signet enroll --port %s`.", o->modem,
                           sg_cred_type_name(needed[i]), o->tag, o->modem);
    }
    return 0;
}

static int identify(struct modem *m, struct sg_error *err)
{
    static const char has_sockets[] = "serial-modem ";
    struct sg_agent *a = m->agent;
    struct sg_modem_info info;

    const int error = sg_modem_identify(&m->modem, &info);
    if (error < 0)
        return failed(m, error, "Identifying the modem", err);
    if (strncmp(info.host, has_sockets, sizeof has_sockets - 1) != 0)
        return sg_fail(
            err, SG_EUNSUPPORTED,
            "The board at %s runs %s, which has none of the socket commands that this needs. Nordic's Serial "
            "Modem application has them.",
            a->options->modem, info.host);
    if (info.imei[0] == '\0' && a->options->endpoint == NULL)
        return sg_fail(err, SG_ENOTFOUND, "The modem at %s has no IMEI to register with. Give --endpoint NAME.",
                       a->options->modem);
    (void)snprintf(a->model, sizeof a->model, "%s", info.model);
    (void)snprintf(a->firmware, sizeof a->firmware, "%s", info.firmware);
    (void)snprintf(a->serial, sizeof a->serial, "%s", info.imei);
    if (a->options->endpoint != NULL)
        (void)snprintf(a->endpoint, sizeof a->endpoint, "%s", a->options->endpoint);
    else
        (void)snprintf(a->endpoint, sizeof a->endpoint, "urn:imei:%s", info.imei);
    return 0;
}

int sg_agent_open_modem(struct sg_agent *a, struct sg_error *err)
{
    struct modem *m = calloc(1, sizeof *m);

    if (m == NULL)
        return sg_fail(err, SG_ENOMEM, "out of memory");
    m->agent = a;
    m->patient = true;
    m->port.fd = -1;
    m->socket.handle = -1;
    a->state = m;
    a->link = &link_modem;
    a->connectivity = (struct sg_object_connectivity){.bearer = BEARER_LTE, .signal_dbm = -85, .address = a->address};
    int error = open_port(m, err);
    if (error == 0)
        error = identify(m, err);
    if (error == 0)
        error = check_credentials(m, err);
    return error;
}
