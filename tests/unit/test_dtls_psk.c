/* SPDX-License-Identifier: Apache-2.0 */
/* Pre-shared keys: who gets in by one, what a stranger can tell, resumption, and what each side refuses to be set to.
 */
#include "dtls_world.h"

#define NAME "urn:imei:351516170000001"

/* A server that takes certificates and pre-shared keys, and a client with a key. */
static struct world *world(void)
{
    struct world *w = make_world(&server_id, &client_id);
    w->server.psk_name = w->client.psk_name = NAME;
    memset(w->server.psk_key, 0x5c, sizeof w->server.psk_key);
    memcpy(w->client.psk_key, w->server.psk_key, sizeof w->client.psk_key);
    w->server.config.cid = w->client.config.cid = SG_CID_ON;
    return w;
}

static uint16_t suite_used(const struct world *w)
{
    struct sg_dtls_info info;
    assert_true(sg_dtls_info(w->server.d, last(&w->server, SG_DTLS_CONNECTED)->e.id, &info));
    return info.suite;
}

static void forward_secrecy_is_preferred(void **state)
{
    (void)state;
    struct world *w = world();
    open_world(w);
    connect_world(w);
    talk(w);
    assert_int_equal(suite_used(w), SG_SUITE_ECDHE_PSK_CHACHA20_POLY1305);
    assert_int_equal(last(&w->server, SG_DTLS_CONNECTED)->e.identity, 77);
    free_world(w);
    assert_true(sg_suite_forward_secret(SG_SUITE_ECDHE_PSK_CHACHA20_POLY1305));
    assert_true(sg_suite_forward_secret(SG_SUITE_ECDHE_ECDSA_AES128_GCM));
    assert_false(sg_suite_forward_secret(SG_SUITE_PSK_AES128_CCM8));
    assert_false(sg_suite_forward_secret(0x1234));
}

/* The suite of an nRF91. */
static void plain_psk_where_the_peer_has_no_more(void **state)
{
    (void)state;
    static const uint16_t modem[] = {SG_SUITE_PSK_AES128_CCM8};
    struct world *w = world();
    w->client.config.suites = modem;
    w->client.config.suite_count = 1;
    open_world(w);
    connect_world(w);
    talk(w);
    assert_int_equal(suite_used(w), SG_SUITE_PSK_AES128_CCM8);
    free_world(w);
}

static void a_certificate_still_gets_in(void **state)
{
    (void)state;
    struct world *w = world();
    w->client.psk_name = NULL;
    open_world(w);
    connect_world(w);
    assert_int_equal(suite_used(w), SG_SUITE_ECDHE_ECDSA_AES128_GCM);
    free_world(w);
}

/* ---------------------------------------------------------------------------------------------------- refusals */

/* What can be seen of a refusal from outside. */
struct trace {
    int to_client;        /* datagrams */
    uint64_t bytes, took; /* to the client; until it was told */
    int alert;
};

static struct trace refused(struct world *w, const char *reason)
{
    struct trace t = {0};
    uint64_t begun = w->now;
    begin(w);
    for (uint64_t end = w->now + 70000; !last(&w->client, SG_DTLS_REFUSED);) {
        while (w->queued) {
            struct datagram g = w->queue[0];
            memmove(w->queue, w->queue + 1, (size_t)--w->queued * sizeof g);
            if (sg_addr_eq(&g.to, &w->client.addr)) {
                t.to_client++;
                t.bytes += g.n;
            }
            deliver(w, &g);
        }
        if (!last(&w->client, SG_DTLS_REFUSED))
            assert_true(wait(w, end));
    }
    const struct seen_event *mine = last(&w->server, SG_DTLS_REFUSED), *theirs = last(&w->client, SG_DTLS_REFUSED);
    assert_non_null(mine);
    assert_int_equal(mine->e.alert, SG_ALERT_DECRYPT_ERROR);
    assert_false(mine->e.alert_from_peer);
    if (!strstr(mine->reason, reason))
        print_error("\"%s\" is not in \"%s\"\n", reason, mine->reason);
    assert_non_null(strstr(mine->reason, reason));
    assert_true(theirs->e.alert_from_peer);
    assert_int_equal(count(&w->server, SG_DTLS_CONNECTED) + count(&w->client, SG_DTLS_CONNECTED), 0);
    assert_int_equal(sg_dtls_next(w->server.d, 0), 0);
    t.alert = theirs->e.alert;
    t.took = w->now - begun;
    return t;
}

/* RFC 4279 section 2: an unknown identity must not be told from a wrong key; nor must one that was revoked. */
static void all_refusals_look_alike(void **state)
{
    (void)state;
    static const uint16_t suites[] = {SG_SUITE_PSK_AES128_CCM8, SG_SUITE_ECDHE_PSK_CHACHA20_POLY1305};
    for (size_t i = 0; i < 2; i++) {
        struct trace t[3];
        for (int kind = 0; kind < 3; kind++) {
            struct world *w = world();
            static const char *const reasons[] = {"has another pre-shared key", "nobody has that name", "was revoked"};
            w->client.config.suites = &suites[i];
            w->client.config.suite_count = 1;
            if (kind == 0)
                w->client.psk_key[31] ^= 1;
            else if (kind == 1)
                w->client.psk_name = "urn:imei:351516170000002"; /* as long */
            else
                w->server.verdict = (struct sg_dtls_verdict){
                    .alert = SG_ALERT_ACCESS_DENIED, .identity = 5, .reason = "its key was revoked"};
            open_world(w);
            t[kind] = refused(w, reasons[kind]);
            assert_int_equal(last(&w->server, SG_DTLS_REFUSED)->e.identity, kind == 0 ? 77 : kind == 1 ? 0 : 5);
            free_world(w);
        }
        assert_int_equal(t[0].alert, SG_ALERT_DECRYPT_ERROR);
        assert_int_equal(t[0].took, 2000);
        assert_memory_equal(&t[0], &t[1], sizeof t[0]);
        assert_memory_equal(&t[0], &t[2], sizeof t[0]);
    }
}

/* Whoever can send from an honest peer's address cannot end its handshake by one bad record. */
static void a_forged_record_ends_nothing(void **state)
{
    (void)state;
    struct world *w = world();
    w->server.config.cid = w->client.config.cid = SG_CID_OFF;
    w->client.config.mtu = 512;
    open_world(w);
    begin(w);
    for (int i = 0; i < 4; i++) { /* up to the server's flight: the client's last is on its way then */
        struct datagram g = w->queue[0];
        memmove(w->queue, w->queue + 1, (size_t)--w->queued * sizeof g);
        deliver(w, &g);
    }
    assert_int_equal(w->queued, 1);
    struct datagram forged = w->queue[0];
    forged.p[forged.n - 1] ^= 1; /* its ClientKeyExchange is good, its Finished is not */
    deliver(w, &forged);
    assert_int_equal(count(&w->server, SG_DTLS_CONNECTED), 0);
    run(w, 1000);
    assert_int_equal(count(&w->server, SG_DTLS_CONNECTED), 1);
    assert_int_equal(count(&w->client, SG_DTLS_CONNECTED), 1);
    run(w, 70000);
    assert_int_equal(count(&w->server, SG_DTLS_REFUSED), 0);
    talk(w);
    free_world(w);
}

static void a_server_without_them_says_so(void **state)
{
    (void)state;
    struct world *w = world();
    w->server.psk_name = NULL;
    open_world(w);
    begin(w);
    settle(w);
    const struct seen_event *e = last(&w->server, SG_DTLS_REFUSED);
    assert_non_null(e);
    assert_true(e->e.wants_psk);
    assert_int_equal(e->e.alert, SG_ALERT_HANDSHAKE_FAILURE);
    assert_non_null(strstr(e->reason, "Pre-shared keys are switched off here"));
    free_world(w);
}

/* A client that has a key never takes a server that shows a certificate instead of it. */
static void a_client_wants_the_server_to_have_the_key(void **state)
{
    (void)state;
    struct world *w = world();
    memset(w->server.psk_key, 1, sizeof w->server.psk_key);
    open_world(w);
    begin(w);
    run(w, 70000);
    assert_int_equal(count(&w->client, SG_DTLS_CONNECTED), 0);
    assert_int_equal(w->client.judged, 0);
    free_world(w);
}

/* -------------------------------------------------------------------------------------------------- resumption */

static void a_resumed_session_is_judged_again(void **state)
{
    (void)state;
    for (enum sg_dtls_cid_mode cid = SG_CID_OFF; cid <= SG_CID_ON; cid++) { /* by ticket, and by session id */
        struct world *w = world();
        w->server.config.cid = w->client.config.cid = cid;
        w->client.config.resume = true;
        open_world(w);
        connect_world(w);
        assert_false(last(&w->server, SG_DTLS_CONNECTED)->e.resumed);
        connect_world(w);
        assert_true(last(&w->server, SG_DTLS_CONNECTED)->e.resumed);
        assert_int_equal(last(&w->server, SG_DTLS_CONNECTED)->e.identity, 77);
        talk(w);
        assert_int_equal(w->server.judged, 1);
        assert_int_equal(w->server.judged_resumed, 1);
        w->server.verdict = (struct sg_dtls_verdict){.reason = "its key was revoked"};
        begin(w);
        settle(w);
        assert_int_equal(last(&w->server, SG_DTLS_REFUSED)->e.alert, SG_ALERT_DECRYPT_ERROR);
        assert_string_equal(last(&w->server, SG_DTLS_REFUSED)->reason, "its key was revoked");
        assert_int_equal(count(&w->client, SG_DTLS_CONNECTED), 0);
        free_world(w);
    }
}

/* A session made by a key does not come back at a server that takes none any more. */
static void a_session_does_not_outlive_the_switch(void **state)
{
    (void)state;
    struct world *w = world();
    w->server.config.cid = w->client.config.cid = SG_CID_OFF; /* so that there is a ticket */
    w->client.config.resume = true;
    open_world(w);
    connect_world(w);
    sg_dtls_free(w->server.d);
    w->server.config.psk = NULL;
    w->server.psk_name = NULL;
    open_party(&w->server); /* on the same table: the same ticket keys */
    begin(w);
    settle(w);
    assert_int_equal(count(&w->server, SG_DTLS_CONNECTED), 0);
    assert_non_null(last(&w->server, SG_DTLS_REFUSED));
    free_world(w);
}

/* ---------------------------------------------------------------------------------------------------- settings */

static void settings_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const uint16_t psk[] = {SG_SUITE_PSK_AES128_CCM8}, ecdsa[] = {SG_SUITE_ECDHE_ECDSA_AES128_GCM};
    static const uint8_t key[SG_DTLS_PSK_MAX + 1];
    char name[129];
    struct sg_error err = {0};
    const struct sg_dtls_config good = {
        .psk_identity = NAME, .psk_key = {key, 32}, .send = on_send, .event = on_event, .verify = on_verify};
    struct sg_dtls *d = sg_dtls_new(&good, NULL, 1, &err);
    assert_non_null(d);
    sg_dtls_free(d);
    memset(name, 'n', 128);
    name[128] = '\0';
    struct sg_dtls_config bad[7];
    for (size_t i = 0; i < 7; i++)
        bad[i] = good;
    bad[0].psk_key.n = 0;
    bad[1].psk_key.n = sizeof key;
    bad[2].psk_identity = "";
    bad[3].psk_identity = name;
    bad[4].cert = client_id.cert;
    bad[4].key = client_id.key;
    bad[5].suites = ecdsa;
    bad[5].suite_count = 1;
    bad[6].psk_identity = NULL;
    bad[6].suites = psk;
    bad[6].suite_count = 1;
    for (size_t i = 0; i < 7; i++) {
        assert_null(sg_dtls_new(&bad[i], NULL, 1, &err));
        assert_int_equal(err.code, SG_EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_secrecy_is_preferred),
        cmocka_unit_test(plain_psk_where_the_peer_has_no_more),
        cmocka_unit_test(a_certificate_still_gets_in),
        cmocka_unit_test(all_refusals_look_alike),
        cmocka_unit_test(a_forged_record_ends_nothing),
        cmocka_unit_test(a_server_without_them_says_so),
        cmocka_unit_test(a_client_wants_the_server_to_have_the_key),
        cmocka_unit_test(a_resumed_session_is_judged_again),
        cmocka_unit_test(a_session_does_not_outlive_the_switch),
        cmocka_unit_test(settings_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, make_identities, free_identities);
}
