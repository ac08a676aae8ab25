/* SPDX-License-Identifier: Apache-2.0 */
/* The link with an identity in files: DTLS of our own over a UDP socket. */
#include "agent.h"
#include "dtls/dtls.h"
#include "pki/pki.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DATAGRAM = 65536, DATAGRAMS_AT_ONCE = 32, BEARER_ETHERNET = 41 /* /4/0/0 */ };

struct files {
    struct sg_agent *agent;
    int sock;
    int family; /* of the socket */
    unsigned attempt;
    struct sg_addr server;
    struct sg_dtls *dtls;
    sg_dtls_id session;
    X509 *cert;
    EVP_PKEY *key;
    struct sg_trust *trust;
    uint8_t psk[SG_DTLS_PSK_MAX];
    size_t psk_len;
    uint8_t datagram[DATAGRAM];
};

/* ---------------------------------------------------------------------------------------------------- UDP socket */

union address {
    struct sockaddr_in6 v6; /* the largest */
    struct sockaddr_in v4;
    struct sockaddr any;
};

static socklen_t to_address(const struct files *f, const struct sg_addr *a, union address *s)
{
    memset(s, 0, sizeof *s);
    if (f->family == AF_INET) {
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
    struct sg_addr a = {0};

    if (s->any.sa_family == AF_INET) {
        a.ip[10] = a.ip[11] = 0xff;
        memcpy(a.ip + 12, &s->v4.sin_addr, 4);
        a.port = ntohs(s->v4.sin_port);
    } else {
        memcpy(a.ip, &s->v6.sin6_addr, 16);
        a.port = ntohs(s->v6.sin6_port);
    }
    return a;
}

/* The address that our datagrams to the server leave from, for /4/0/4. */
static void note_own_address(struct files *f)
{
    union address s;
    socklen_t n = to_address(f, &f->server, &s);
    const int probe = socket(f->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (probe >= 0 && connect(probe, &s.any, n) == 0) {
        n = sizeof s;
        if (getsockname(probe, &s.any, &n) == 0)
            (void)getnameinfo(&s.any, n, f->agent->address, sizeof f->agent->address, NULL, 0, NI_NUMERICHOST);
    }
    if (probe >= 0)
        (void)close(probe);
}

static int open_socket(struct files *f, struct sg_error *err)
{
    if (f->sock >= 0)
        (void)close(f->sock);
    f->sock = socket(f->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (f->sock < 0)
        return sg_fail(err, SG_EIO, "Opening a UDP socket: %s.", strerror(errno));
    return 0;
}

/* Looks the server up; of several addresses each attempt takes the next. */
static int find_server(struct files *f, struct sg_error *err)
{
    const struct sg_agent_options *o = f->agent->options;
    const char *where = o->address != NULL ? o->address : o->host;
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    union address s = {0};

    int e = getaddrinfo(where, NULL, &hints, &found);
    if (e != 0)
        return sg_fail(err, SG_ENOTFOUND, "Looking up %s: %s.", where, gai_strerror(e));
    const struct addrinfo *one = found;
    for (unsigned i = f->attempt++; i > 0; i--)
        one = one->ai_next != NULL ? one->ai_next : found;
    memcpy(&s, one->ai_addr, one->ai_addrlen <= sizeof s ? one->ai_addrlen : sizeof s);
    f->family = one->ai_family;
    freeaddrinfo(found);
    f->server = from_address(&s);
    f->server.port = o->port;
    return 0;
}

/* ---------------------------------------------------------------------------------------------- DTLS's callbacks */

static void dtls_send(void *user, const struct sg_addr *to, struct sg_bytes datagram)
{
    const struct files *f = user;
    union address s;
    const socklen_t n = to_address(f, to, &s);

    (void)sendto(f->sock, datagram.p, datagram.n, 0, &s.any, n); /* what is lost is sent again */
}

static int alert_for(enum sg_trust_result r)
{
    switch (r) {
    case SG_UNTRUSTED_ISSUER:
        return SG_ALERT_UNKNOWN_CA;
    case SG_UNTRUSTED_EXPIRED:
    case SG_UNTRUSTED_NOT_YET:
        return SG_ALERT_CERTIFICATE_EXPIRED;
    case SG_TRUSTED:
    case SG_UNTRUSTED_PURPOSE:
    case SG_UNTRUSTED_NAME:
    case SG_UNTRUSTED_BAD:
        break;
    }
    return SG_ALERT_BAD_CERTIFICATE;
}

static void dtls_verify(void *user, const struct sg_addr *peer, X509 *leaf, STACK_OF(X509) * sent,
                        struct sg_dtls_verdict *verdict)
{
    const struct files *f = user;
    struct sg_error err = {0};

    (void)peer;
    const enum sg_trust_result r =
        sg_trust_verify(f->trust, leaf, sent, SG_FOR_SERVER, f->agent->options->name, (int64_t)time(NULL), &err);
    verdict->accept = r == SG_TRUSTED;
    verdict->alert = alert_for(r);
    (void)snprintf(verdict->reason, sizeof verdict->reason, "%.*s", (int)sizeof verdict->reason - 1, err.text);
}

static void connected(struct files *f, const struct sg_dtls_event *e)
{
    struct sg_dtls_info info;
    char how[200], address[SG_ADDR_TEXT];

    f->session = e->id;
    if (!sg_dtls_info(f->dtls, e->id, &info))
        return;
    const char *cid = info.cid_in_len > 0 && info.cid_out_len > 0 ? "connection ids in both directions"
                      : info.cid_out_len > 0                      ? "a connection id to the server"
                      : info.cid_in_len > 0                       ? "a connection id from the server"
                                                                  : "no connection id";
    (void)snprintf(how, sizeof how, "at %s, %s, %s, %s handshake", sg_addr_text(&f->server, address),
                   sg_suite_name(info.suite), cid, e->resumed ? "abbreviated" : "full");
    sg_agent_connected(f->agent, how);
}

/* What a reason says beyond the alert's name, which is said already. */
static const char *beyond_name(const char *reason, const char *alert)
{
    const char *at = strstr(reason, alert);

    return at != NULL && strncmp(at + strlen(alert), ": ", 2) == 0 ? at + strlen(alert) + 2 : reason;
}

static void ended(struct files *f, const char *what, const struct sg_dtls_event *e)
{
    char why[900];

    f->session = 0;
    if (e->alert < 0)
        (void)snprintf(why, sizeof why, "%s: %s.", what, e->reason);
    else if (e->alert_from_peer)
        (void)snprintf(why, sizeof why, "%s by the server: alert %s: %s.", what, sg_alert_name(e->alert),
                       beyond_name(e->reason, sg_alert_name(e->alert)));
    else
        (void)snprintf(why, sizeof why, "%s: %s (we sent the alert %s).", what, e->reason, sg_alert_name(e->alert));
    sg_agent_ended(f->agent, why);
}

static void dtls_event(void *user, const struct sg_dtls_event *e)
{
    struct files *f = user;

    switch (e->what) {
    case SG_DTLS_CONNECTED:
        connected(f, e);
        break;
    case SG_DTLS_DATA:
        if (e->id == f->session)
            sg_agent_datagram(f->agent, e->data);
        break;
    case SG_DTLS_MOVED:
        break;
    case SG_DTLS_CLOSED:
        if (e->id == f->session)
            ended(f, "Session ended", e);
        break;
    case SG_DTLS_REFUSED:
        ended(f, "Refused", e);
        break;
    }
}

/* ------------------------------------------------------------------------------------------------ the link's calls */

static int files_connect(struct sg_agent *a, struct sg_error *err)
{
    struct files *f = a->state;
    int error = find_server(f, err);

    if (error == 0)
        error = open_socket(f, err);
    if (error < 0)
        return error;
    note_own_address(f);
    return sg_dtls_connect(f->dtls, &f->server, sg_agent_now(), err);
}

static void files_send(struct sg_agent *a, struct sg_bytes datagram)
{
    struct files *f = a->state;
    (void)sg_dtls_send(f->dtls, f->session, datagram, sg_agent_now()); /* a session that is gone is told of by itself */
}

static void files_run(struct sg_agent *a)
{
    struct files *f = a->state;

    for (int i = 0; i < DATAGRAMS_AT_ONCE && f->sock >= 0; i++) {
        union address s = {0};
        socklen_t n = sizeof s;
        const ssize_t got = recvfrom(f->sock, f->datagram, sizeof f->datagram, 0, &s.any, &n);
        if (got < 0)
            break;
        const struct sg_addr from = from_address(&s);
        sg_dtls_input(f->dtls, &from, f->datagram, (size_t)got, sg_agent_now());
    }
    sg_dtls_tick(f->dtls, sg_agent_now());
}

static uint64_t files_deadline(struct sg_agent *a)
{
    const struct files *f = a->state;
    return sg_dtls_deadline(f->dtls);
}

static int files_fd(struct sg_agent *a)
{
    const struct files *f = a->state;
    return f->sock;
}

static void files_close(struct sg_agent *a)
{
    struct files *f = a->state;

    if (f->session != 0)
        (void)sg_dtls_close(f->dtls, f->session, SG_ALERT_CLOSE_NOTIFY, sg_agent_now());
    f->session = 0;
}

static void files_move(struct sg_agent *a)
{
    struct files *f = a->state;
    struct sg_error err = {0};

    if (!a->connected)
        sg_agent_say("There is no session that could move to another port.");
    else if (open_socket(f, &err) < 0)
        sg_agent_say("Moving to another port: %s", err.text);
    else
        sg_agent_say("Moved to another port, as behind a NAT.");
}

static void files_free(struct sg_agent *a)
{
    struct files *f = a->state;

    if (f->sock >= 0)
        (void)close(f->sock);
    sg_dtls_free(f->dtls);
    sg_trust_free(f->trust);
    X509_free(f->cert);
    EVP_PKEY_free(f->key);
    sg_wipe(f->psk, sizeof f->psk);
    free(f);
    a->link = NULL;
}

static const struct sg_agent_link link_files = {
    .connect = files_connect,
    .send = files_send,
    .run = files_run,
    .deadline = files_deadline,
    .fd = files_fd,
    .close = files_close,
    .move = files_move,
    .free = files_free,
};

/* --------------------------------------------------------------------------------------------------------- opening */

/* The endpoint name is the certificate's common name or the pre-shared key's, unless another is asked for. */
static int take_name(struct sg_agent *a, const X509 *cert, struct sg_error *err)
{
    struct sg_cert_facts facts;

    const struct sg_agent_options *o = a->options;
    if (o->endpoint != NULL || o->psk_identity != NULL) {
        (void)snprintf(a->endpoint, sizeof a->endpoint, "%s", o->endpoint != NULL ? o->endpoint : o->psk_identity);
        return 0;
    }
    if (sg_cert_facts(cert, &facts) < 0 || facts.cn[0] == '\0')
        return sg_fail(err, SG_ENOTFOUND,
                       "The certificate %s has no common name to register with. Give --endpoint NAME.",
                       a->options->cert);
    (void)snprintf(a->endpoint, sizeof a->endpoint, "%s", facts.cn);
    return 0;
}

static int read_identity(struct files *f, struct sg_error *err)
{
    const struct sg_agent_options *o = f->agent->options;
    struct sg_buf psk = sg_buf(f->psk, sizeof f->psk);

    if (o->psk_file != NULL) {
        int r = sg_psk_read(o->psk_file, &psk, err);
        f->psk_len = psk.len;
        return r;
    }
    X509 *root = sg_cert_read(o->ca, err);

    if (root == NULL)
        return err->code;
    f->trust = sg_trust_new(err);
    int error = f->trust != NULL ? sg_trust_add(f->trust, root, err) : err->code;
    X509_free(root);
    if (error < 0 || o->cert == NULL)
        return error;
    if ((f->cert = sg_cert_read(o->cert, err)) == NULL || (f->key = sg_key_read(o->key, NULL, err)) == NULL)
        return err->code;
    if (X509_check_private_key(f->cert, f->key) != 1)
        return sg_fail(err, SG_EMISMATCH, "The key in %s does not belong to the certificate in %s.", o->key, o->cert);
    return 0;
}

static int make_endpoint(struct files *f, struct sg_error *err)
{
    const struct sg_agent_options *o = f->agent->options;
    const struct sg_dtls_config config = {
        .cert = f->cert,
        .key = f->key,
        .psk_identity = o->psk_identity,
        .psk_key = sg_bytes(f->psk, f->psk_len),
        .cid = SG_CID_ON,
        .server_name = o->host_is_ip && o->name == o->host ? NULL : o->name, /* RFC 6066: no IP address as SNI */
        .resume = true,
        .user = f,
        .send = dtls_send,
        .event = dtls_event,
        .verify = dtls_verify,
    };
    f->dtls = sg_dtls_new(&config, NULL, 1, err);
    return f->dtls != NULL ? 0 : err->code;
}

int sg_agent_open_files(struct sg_agent *a, struct sg_error *err)
{
    struct files *f = calloc(1, sizeof *f);

    if (f == NULL)
        return sg_fail(err, SG_ENOMEM, "out of memory");
    f->agent = a;
    f->sock = -1;
    a->state = f;
    a->link = &link_files;
    a->connectivity = (struct sg_object_connectivity){.bearer = BEARER_ETHERNET, .address = a->address};
    (void)snprintf(a->model, sizeof a->model, "Linux");
    (void)snprintf(a->firmware, sizeof a->firmware, "%s", SG_VERSION);
    (void)snprintf(a->serial, sizeof a->serial, "0");
    (void)snprintf(a->address, sizeof a->address, "::");
    int error = read_identity(f, err);
    if (error == 0)
        error = take_name(a, f->cert, err);
    return error == 0 ? make_endpoint(f, err) : error;
}
