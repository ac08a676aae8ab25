/* SPDX-License-Identifier: Apache-2.0 */
/* A DTLS server on loopback beside the simulated modem of sim_rig.h, and a modem that is ready to connect to it. */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include "sim_rig.h"

#include "dtls/dtls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#define HOST "lwm2m.example.com"

/* A server that echoes what it gets, and remembers what happened. */
struct server {
    int fd;
    uint16_t port;
    struct sg_dtls *dtls;
    struct rig_ca root;
    EVP_PKEY *key;
    X509 *cert;
    struct sg_addr peer; /* where its last datagram went */
    X509 *device;        /* the certificate of the last device that was judged */
    int sent;            /* certificates that it sent */
    bool refuse, silent;
    sg_dtls_id id;
    uint64_t now;
    unsigned connected, closed, moved, refused;
    int alert;
    size_t data_len;
    uint8_t data[2048];
    struct rig_ca lot;
};

static void on_send(void *user, const struct sg_addr *to, struct sg_bytes datagram)
{
    struct server *s = user;
    s->peer = *to;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(to->port)};
    memcpy(&a.sin_addr, to->ip + 12, 4);
    (void)sendto(s->fd, datagram.p, datagram.n, 0, (struct sockaddr *)&a, sizeof a);
}

static void on_event(void *user, const struct sg_dtls_event *e)
{
    struct server *s = user;
    if (e->what == SG_DTLS_CONNECTED) {
        s->connected++;
        s->id = e->id;
    } else if (e->what == SG_DTLS_DATA) {
        memcpy(s->data, e->data.p, e->data.n);
        s->data_len = e->data.n;
        if (!s->silent)
            assert_int_equal(sg_dtls_send(s->dtls, e->id, e->data, s->now), 0);
    } else if (e->what == SG_DTLS_MOVED) {
        s->moved++;
    } else {
        s->alert = e->alert;
        s->closed += e->what == SG_DTLS_CLOSED;
        s->refused += e->what == SG_DTLS_REFUSED;
    }
}

static void on_verify(void *user, const struct sg_addr *peer, X509 *leaf, STACK_OF(X509) * sent,
                      struct sg_dtls_verdict *verdict)
{
    struct server *s = user;
    (void)peer;
    s->sent = sent ? sk_X509_num(sent) : 0;
    X509_free(s->device);
    s->device = X509_dup(leaf);
    verdict->accept = !s->refuse;
    verdict->alert = SG_ALERT_CERTIFICATE_REVOKED;
}

static void on_psk(void *user, const struct sg_addr *peer, struct sg_bytes identity, struct sg_buf *key,
                   struct sg_dtls_verdict *verdict)
{
    static const uint8_t shared[32] = {0xa1, 0xb2};
    struct server *s = user;
    (void)peer;
    verdict->accept = sg_bytes_eq_str(identity, "urn:imei:1") && !s->refuse;
    verdict->identity = 9;
    if (key)
        sg_put(key, shared, sizeof shared);
}

static void server_pump(void *user, uint64_t now)
{
    struct server *s = user;
    uint8_t datagram[2048];
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    ssize_t got;
    s->now = now;
    while ((got = recvfrom(s->fd, datagram, sizeof datagram, MSG_DONTWAIT, (struct sockaddr *)&a, &n)) >= 0) {
        struct sg_addr from = {.ip = {[10] = 0xFF, [11] = 0xFF}, .port = ntohs(a.sin_port)};
        memcpy(from.ip + 12, &a.sin_addr, 4);
        sg_dtls_input(s->dtls, &from, datagram, (size_t)got, now);
    }
    if (now >= sg_dtls_deadline(s->dtls))
        sg_dtls_tick(s->dtls, now);
}

/* What the server sends after its leaf. */
static STACK_OF(X509) * server_chain;

UNUSED static void server_start(struct server *s, const uint16_t *suites, size_t suite_count)
{
    struct sg_error err = {0};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    *s = (struct server){.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), .root = rig_ca("Server root")};
    s->lot = rig_ca("Device root");
    assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &n), 0);
    s->port = ntohs(a.sin_port);
    s->key = sg_key_new(SG_P256, NULL);
    s->cert = sg_cert_server((struct sg_issuer){s->root.cert, s->root.key}, s->key, HOST, rig_validity(), NULL);
    const struct sg_dtls_config config = {.server = true,
                                          .cert = s->cert,
                                          .key = s->key,
                                          .chain = server_chain,
                                          .suites = suites,
                                          .suite_count = suite_count,
                                          .cid = SG_CID_ON,
                                          .user = s,
                                          .send = on_send,
                                          .event = on_event,
                                          .verify = on_verify,
                                          .psk = suites ? NULL : on_psk};
    s->dtls = sg_dtls_new(&config, NULL, 16, &err);
    if (s->dtls == NULL)
        fail_msg("%s", err.text);
}

UNUSED static void server_end(struct server *s)
{
    sg_dtls_free(s->dtls);
    close(s->fd);
    X509_free(s->cert);
    X509_free(s->device);
    EVP_PKEY_free(s->key);
    rig_ca_free(&s->root);
    rig_ca_free(&s->lot);
}

/* A modem with an identity that it made itself, on the network, and the server as its peer. */
UNUSED static struct sg_modem *modem_start_as(struct rig *r, struct server *s, const char *profile,
                                              const char *const *setting)
{
    static const struct sg_sim_name names[] = {
        {HOST, "127.0.0.1"}, {"other.example.com", "127.0.0.1"}, {"no.address", "nowhere"}};
    const struct sg_sim_config config = {
        .profile = profile, .names = names, .name_count = 3, .settings = setting, .setting_count = setting ? 1 : 0};
    static struct sg_keygen k;

    rig_start(r, &config);
    r->peer = server_pump;
    r->peer_user = s;
    r->peer_fd = s->fd;
    struct sg_modem *m = rig_modem(r);
    assert_int_equal(sg_modem_keygen(m, SG_TAG_LWM2M, "CN=urn:imei:1", NULL, &k), 0);
    struct sg_request *req = sg_request_parse(k.body, NULL);
    EVP_PKEY *key = sg_request_key(req);
    X509 *cert = sg_cert_device((struct sg_issuer){s->lot.cert, s->lot.key}, key, "urn:imei:1", rig_validity(), NULL);
    assert_int_equal(sg_modem_write(m, SG_TAG_LWM2M, SG_CRED_CA, sg_str(rig_pem(s->root.cert))), 0);
    assert_int_equal(sg_modem_write(m, SG_TAG_LWM2M, SG_CRED_CERT, sg_str(rig_pem(cert))), 0);
    assert_int_equal(sg_modem_set_function(m, 1), 0);
    X509_free(cert);
    EVP_PKEY_free(key);
    sg_request_free(req);
    return m;
}

UNUSED static struct sg_modem *modem_start_with(struct rig *r, struct server *s, const char *const *setting)
{
    return modem_start_as(r, s, NULL, setting);
}

UNUSED static struct sg_modem *modem_start(struct rig *r, struct server *s)
{
    return modem_start_with(r, s, NULL);
}

UNUSED static int connect_to(struct sg_modem *m, struct sg_modem_socket *k, const struct server *s, const char *host)
{
    return sg_modem_connect(m, k, SG_TAG_LWM2M, host, host, s->port, SG_MODEM_CID_ENABLED);
}

/* Waits for the events that the unsolicited lines tell of. */
UNUSED static void wait_event(struct rig *r, struct sg_modem_socket *k, bool hung_up)
{
    for (int i = 0; i < 100 && !(hung_up ? k->hung_up : k->readable); i++) {
        r->seen[0] = 0;
        (void)sg_modem_wait(&r->modem, 50);
        for (char *line = r->seen, *end; (end = strchr(line, '|')) != NULL; line = end + 1)
            sg_modem_socket_event(k, sg_bytes(line, (size_t)(end - line)));
    }
    assert_true(hung_up ? k->hung_up : k->readable);
}

static struct server server;
static struct rig rig;

#endif
