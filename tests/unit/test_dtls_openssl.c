/* SPDX-License-Identifier: Apache-2.0 */
/* Stock libssl as the peer, in the same process: what our own client never does. */
#include "dtls_world.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

struct stock {
    struct party server;
    struct world w;
    struct sg_addr addr;
    SSL_CTX *ctx;
    SSL *ssl;
    int ours, theirs;
    int drop; /* so many datagrams to the peer get lost */
    int to_peer;
};

static void to_stock(void *user, const struct sg_addr *to, struct sg_bytes datagram)
{
    struct stock *s = user;
    assert_true(sg_addr_eq(to, &s->addr));
    watch(&s->server, datagram);
    s->to_peer++;
    if (s->drop > 0 && s->drop--)
        return;
    assert_int_equal(write(s->ours, datagram.p, datagram.n), datagram.n);
}

static void from_room(void *user, const struct sg_dtls_event *e)
{
    struct stock *s = user;
    on_event(&s->server, e);
}

static void judge(void *user, const struct sg_addr *peer, X509 *leaf, STACK_OF(X509) * sent,
                  struct sg_dtls_verdict *verdict)
{
    struct stock *s = user;
    on_verify(&s->server, peer, leaf, sent, verdict);
}

static struct stock *make_stock(void)
{
    struct stock *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->addr = addr_of("3", 3333);
    s->w.now = 5000;
    s->server.w = &s->w;
    s->server.used = calloc(1, 8192);
    s->server.verdict.accept = true;
    s->server.config = (struct sg_dtls_config){.server = true,
                                               .cert = server_id.cert,
                                               .key = server_id.key,
                                               .cid = SG_CID_ON,
                                               .user = s,
                                               .send = to_stock,
                                               .event = from_room,
                                               .verify = judge};
    s->server.d = sg_dtls_new(&s->server.config, NULL, SLOTS, NULL);
    assert_non_null(s->server.d);
    s->ctx = SSL_CTX_new(DTLS_client_method());
    SSL_CTX_use_certificate(s->ctx, client_id.cert);
    SSL_CTX_use_PrivateKey(s->ctx, client_id.key);
    SSL_CTX_set_options(s->ctx, SSL_OP_NO_QUERY_MTU);
    s->ours = s->theirs = -1;
    return s;
}

static void hang_up(struct stock *s)
{
    SSL_set_shutdown(s->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); /* its session stays good */
    SSL_free(s->ssl);
    s->ssl = NULL;
    (void)close(s->ours);
    (void)close(s->theirs);
}

static void free_stock(struct stock *s)
{
    hang_up(s);
    SSL_CTX_free(s->ctx);
    sg_dtls_free(s->server.d);
    free(s->server.used);
    free(s);
}

static void dial(struct stock *s, SSL_SESSION *session)
{
    int fds[2];
    if (s->ssl)
        hang_up(s);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds), 0);
    s->ours = fds[0];
    s->theirs = fds[1];
    s->ssl = SSL_new(s->ctx);
    BIO *bio = BIO_new_socket(s->theirs, BIO_NOCLOSE);
    SSL_set_bio(s->ssl, bio, bio);
    SSL_set_mtu(s->ssl, 1200);
    SSL_set_connect_state(s->ssl);
    if (session)
        assert_int_equal(SSL_set_session(s->ssl, session), 1);
    s->server.count = 0;
    memset(s->server.used, 0, 8192);
}

/* Carries what the peer sent until it is silent. */
static void carry(struct stock *s)
{
    uint8_t p[4096], q[4096];
    for (int idle = 0; idle < 2;) {
        int r = SSL_read(s->ssl, q, sizeof q); /* the handshake too */
        ssize_t n = read(s->ours, p, sizeof p);
        idle = n > 0 || r > 0 ? 0 : idle + 1;
        if (n > 0)
            sg_dtls_input(s->server.d, &s->addr, p, (size_t)n, s->w.now);
        if (r > 0)
            assert_memory_equal(q, "pong", 4);
    }
}

static void ping_pong(struct stock *s)
{
    assert_int_equal(SSL_write(s->ssl, "ping", 4), 4);
    carry(s);
    heard(&s->server, "ping");
    sg_dtls_id id = last(&s->server, SG_DTLS_CONNECTED)->e.id;
    char q[8] = "";
    assert_int_equal(sg_dtls_send(s->server.d, id, sg_str("pong"), s->w.now), 0);
    assert_int_equal(SSL_read(s->ssl, q, sizeof q), 4);
    assert_string_equal(q, "pong");
}

static void it_connects(void **state)
{
    (void)state;
    struct stock *s = make_stock();
    dial(s, NULL);
    carry(s);
    ping_pong(s);
    assert_int_equal(SSL_shutdown(s->ssl), 0);
    carry(s);
    assert_int_equal(last(&s->server, SG_DTLS_CLOSED)->e.alert, SG_ALERT_CLOSE_NOTIFY);
    assert_true(SSL_get_shutdown(s->ssl) & SSL_RECEIVED_SHUTDOWN);
    free_stock(s);
}

static void resumption(bool tickets)
{
    struct stock *s = make_stock();
    if (!tickets)
        SSL_CTX_set_options(s->ctx, SSL_OP_NO_TICKET);
    dial(s, NULL);
    carry(s);
    ping_pong(s);
    assert_false(last(&s->server, SG_DTLS_CONNECTED)->e.resumed);
    SSL_SESSION *session = SSL_get1_session(s->ssl);
    assert_int_equal(SSL_SESSION_has_ticket(session), tickets);
    SSL_shutdown(s->ssl);
    carry(s);
    for (int i = 0; i < 2; i++) {
        dial(s, session);
        carry(s);
        ping_pong(s);
        assert_true(last(&s->server, SG_DTLS_CONNECTED)->e.resumed);
        SSL_shutdown(s->ssl);
        carry(s);
    }
    assert_int_equal(s->server.judged, 1);
    assert_int_equal(s->server.judged_resumed, 2);

    /* After a fatal alert: not again. */
    dial(s, session);
    carry(s);
    sg_dtls_id id = last(&s->server, SG_DTLS_CONNECTED)->e.id;
    s->drop = 1;
    assert_int_equal(sg_dtls_close(s->server.d, id, SG_ALERT_CERTIFICATE_REVOKED, s->w.now), 0);
    dial(s, session);
    carry(s);
    assert_null(last(&s->server, SG_DTLS_CONNECTED));
    assert_int_equal(last(&s->server, SG_DTLS_REFUSED)->e.alert, SG_ALERT_HANDSHAKE_FAILURE);
    SSL_SESSION_free(session);
    free_stock(s);
}

static void it_resumes_by_ticket(void **state)
{
    (void)state;
    resumption(true);
}

static void it_resumes_by_session_id(void **state)
{
    (void)state;
    resumption(false);
}

/* RFC 6066 section 4: neither the handshake's records nor ours hold more than was asked for. */
static void it_asks_for_small_fragments(void **state)
{
    (void)state;
    static const uint8_t modes[] = {TLSEXT_max_fragment_length_512, TLSEXT_max_fragment_length_1024};
    static const size_t sizes[] = {512, 1024};
    for (size_t i = 0; i < 2; i++) {
        struct stock *s = make_stock();
        SSL_CTX_set_tlsext_max_fragment_length(s->ctx, modes[i]);
        dial(s, NULL);
        carry(s);
        ping_pong(s);
        sg_dtls_id id = last(&s->server, SG_DTLS_CONNECTED)->e.id;
        assert_int_equal(sg_dtls_max_data(s->server.d, id), sizes[i]);
        uint8_t data[1025] = {'x'}, q[2000];
        assert_int_equal(sg_dtls_send(s->server.d, id, sg_bytes(data, sizes[i] + 1), s->w.now), SG_ENOSPC);
        assert_int_equal(sg_dtls_send(s->server.d, id, sg_bytes(data, sizes[i]), s->w.now), 0);
        assert_int_equal(SSL_read(s->ssl, q, sizeof q), sizes[i]);
        free_stock(s);
    }
}

static void it_may_not_renegotiate(void **state)
{
    (void)state;
    struct stock *s = make_stock();
    dial(s, NULL);
    carry(s);
    ping_pong(s);
    s->to_peer = 0;
    SSL_renegotiate(s->ssl);
    (void)SSL_do_handshake(s->ssl);
    uint8_t p[4096];
    ssize_t n = read(s->ours, p, sizeof p);
    assert_true(n > 0);
    sg_dtls_input(s->server.d, &s->addr, p, (size_t)n, s->w.now);
    assert_int_equal(s->to_peer, 1); /* a warning: no_renegotiation */
    assert_int_equal(count(&s->server, SG_DTLS_CLOSED), 0);
    assert_int_equal(sg_dtls_send(s->server.d, last(&s->server, SG_DTLS_CONNECTED)->e.id, sg_str("x"), s->w.now), 0);
    free_stock(s);
}

/* Its timer is real: one second. */
static void it_sends_its_finished_again(void **state)
{
    (void)state;
    struct stock *s = make_stock();
    dial(s, NULL);
    s->drop = 0;
    uint8_t p[4096];
    for (int i = 0; i < 20 && !last(&s->server, SG_DTLS_CONNECTED); i++) {
        (void)SSL_do_handshake(s->ssl);
        for (ssize_t n; (n = read(s->ours, p, sizeof p)) > 0;) {
            s->drop = s->to_peer == 2 ? 9 : 0; /* all after the HelloVerifyRequest and the first flight */
            sg_dtls_input(s->server.d, &s->addr, p, (size_t)n, s->w.now);
        }
    }
    assert_non_null(last(&s->server, SG_DTLS_CONNECTED));
    assert_false(SSL_is_init_finished(s->ssl));
    s->drop = 0;
    (void)usleep(1050000);
    assert_true(DTLSv1_handle_timeout(s->ssl) > 0);
    carry(s);
    assert_true(SSL_is_init_finished(s->ssl));
    ping_pong(s);
    free_stock(s);
}

static void it_has_no_suite_that_we_take(void **state)
{
    (void)state;
    struct stock *s = make_stock();
    SSL_CTX_set_cipher_list(s->ctx, "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0");
    dial(s, NULL);
    carry(s);
    assert_non_null(strstr(last(&s->server, SG_DTLS_REFUSED)->reason, "it offers ECDHE-ECDSA-AES128-SHA"));
    free_stock(s);
}

static void it_speaks_an_old_version(void **state)
{
    (void)state;
    struct stock *s = make_stock();
    SSL_CTX_set_cipher_list(s->ctx, "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(s->ctx, DTLS1_VERSION);
    SSL_CTX_set_max_proto_version(s->ctx, DTLS1_VERSION);
    dial(s, NULL);
    carry(s);
    assert_string_equal(last(&s->server, SG_DTLS_REFUSED)->reason, "it does not speak DTLS 1.2");
    assert_int_equal(last(&s->server, SG_DTLS_REFUSED)->e.alert, 70);
    free_stock(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_connects),
        cmocka_unit_test(it_resumes_by_ticket),
        cmocka_unit_test(it_resumes_by_session_id),
        cmocka_unit_test(it_asks_for_small_fragments),
        cmocka_unit_test(it_may_not_renegotiate),
        cmocka_unit_test(it_sends_its_finished_again),
        cmocka_unit_test(it_has_no_suite_that_we_take),
        cmocka_unit_test(it_speaks_an_old_version),
    };
    return cmocka_run_group_tests(tests, make_identities, free_identities);
}
