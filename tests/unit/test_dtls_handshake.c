/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes in each suite and each way with connection ids, over links that lose, double and reorder. */
#include "dtls_world.h"

static const uint16_t suites[] = {
    SG_SUITE_ECDHE_ECDSA_AES128_GCM, SG_SUITE_ECDHE_ECDSA_AES256_GCM,      SG_SUITE_ECDHE_ECDSA_AES128_CCM,
    SG_SUITE_ECDHE_ECDSA_AES256_CCM, SG_SUITE_ECDHE_ECDSA_AES128_CCM8,     SG_SUITE_ECDHE_ECDSA_AES256_CCM8,
    SG_SUITE_PSK_AES128_CCM8,        SG_SUITE_ECDHE_PSK_CHACHA20_POLY1305,
};
enum { SUITES = sizeof suites / sizeof suites[0] };

static struct world *world(const uint16_t *suite, enum sg_dtls_cid_mode server, enum sg_dtls_cid_mode client)
{
    struct world *w = make_world(&server_id, &client_id);
    w->client.config.suites = w->server.config.suites = suite;
    w->client.config.suite_count = w->server.config.suite_count = suite ? 1 : 0;
    if (suite && (*suite == SG_SUITE_PSK_AES128_CCM8 || *suite == SG_SUITE_ECDHE_PSK_CHACHA20_POLY1305))
        w->server.psk_name = w->client.psk_name = "urn:imei:351516170000001";
    w->server.config.cid = server;
    w->client.config.cid = client;
    return w;
}

static void every_suite_and_cid_mode_connects(void **state)
{
    (void)state;
    static const struct {
        enum sg_dtls_cid_mode server, client;
        size_t to_server, to_client;
    } modes[] = {
        {SG_CID_OFF, SG_CID_OFF, 0, 0},      {SG_CID_OFF, SG_CID_ON, 0, 0}, {SG_CID_ON, SG_CID_OFF, 0, 0},
        {SG_CID_ON, SG_CID_SUPPORTED, 6, 0}, {SG_CID_ON, SG_CID_ON, 6, 6},  {SG_CID_SUPPORTED, SG_CID_ON, 6, 6},
    };
    for (size_t s = 0; s < SUITES; s++) {
        for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++) {
            struct world *w = world(&suites[s], modes[m].server, modes[m].client);
            open_world(w);
            connect_world(w);
            talk(w);
            struct sg_dtls_info info;
            assert_true(sg_dtls_info(w->server.d, last(&w->server, SG_DTLS_CONNECTED)->e.id, &info));
            assert_int_equal(info.suite, suites[s]);
            assert_int_equal(info.identity, 77);
            assert_int_equal(info.cid_in_len, modes[m].to_server);
            assert_int_equal(info.cid_out_len, modes[m].to_client);
            if (info.cid_in_len)
                assert_int_equal(info.cid_in[0], 3);
            free_world(w);
        }
    }
}

/* ------------------------------------------------------------------------------------------------- bad links */

/* One handshake whose datagram `index` meets that fate; then data both ways. The number of datagrams it took. */
static int over_a_bad_link(struct world *w, int index, enum fate fate)
{
    begin(w);
    w->fated = index;
    w->fate = fate;
    run(w, 60000);
    int sent = w->sent;
    assert_int_equal(count(&w->client, SG_DTLS_CONNECTED), 1);
    assert_int_equal(count(&w->server, SG_DTLS_CONNECTED), 1);
    assert_int_equal(count(&w->client, SG_DTLS_REFUSED) + count(&w->server, SG_DTLS_REFUSED), 0);
    talk(w);
    return sent;
}

static void every_fate_of_every_datagram(struct world *w)
{
    open_world(w);
    int n = over_a_bad_link(w, -1, PASS);
    for (enum fate fate = DROP; fate <= LATE; fate++)
        for (int i = 0; i < n; i++)
            over_a_bad_link(w, i, fate);
    free_world(w);
}

static void full_handshakes_survive_a_bad_link(void **state)
{
    (void)state;
    for (size_t s = 0; s < SUITES; s++)
        for (enum sg_dtls_cid_mode cid = SG_CID_OFF; cid <= SG_CID_ON; cid++) {
            struct world *w = world(&suites[s], cid, cid);
            w->client.config.mtu = w->server.config.mtu = 512; /* more than one datagram in a flight */
            every_fate_of_every_datagram(w);
        }
}

static void resumed_handshakes_survive_a_bad_link(void **state)
{
    (void)state;
    for (enum sg_dtls_cid_mode cid = SG_CID_OFF; cid <= SG_CID_ON; cid++) {
        struct world *w = world(NULL, cid, cid);
        w->client.config.resume = true;
        open_world(w);
        connect_world(w);
        int n = over_a_bad_link(w, -1, PASS);
        for (enum fate fate = DROP; fate <= LATE; fate++)
            for (int i = 0; i < n; i++) {
                over_a_bad_link(w, i, fate);
                assert_true(last(&w->server, SG_DTLS_CONNECTED)->e.resumed);
            }
        assert_int_equal(w->server.judged, 1);
        free_world(w);
    }
}

/* The server speaks as soon as it is connected: its record goes beside its Finished, and with LATE before it. */
static void data_beside_the_finished(void **state)
{
    (void)state;
    for (enum sg_dtls_cid_mode cid = SG_CID_OFF; cid <= SG_CID_ON; cid++)
        for (int joined = 0; joined < 2; joined++)
            for (int resume = 0; resume < 2; resume++) {
                struct world *w = world(NULL, cid, cid);
                w->joined = joined != 0;
                w->client.config.resume = resume != 0;
                w->server.eager = "from the server at once";
                w->client.eager = "from the client at once";
                open_world(w);
                int n = 0;
                for (int round = 0; round <= resume; round++) {
                    begin(w);
                    settle(w);
                    heard(&w->client, "from the server at once");
                    heard(&w->server, "from the client at once");
                    n = w->sent;
                }
                for (int i = 0; i < n; i++) { /* none is lost when only the order changes */
                    begin(w);
                    w->fated = i;
                    w->fate = LATE;
                    run(w, 10000);
                    heard(&w->client, "from the server at once");
                    heard(&w->server, "from the client at once");
                }
                free_world(w);
            }
}

/* The server's last flight is lost, so the client sends its own again, and the server its Finished; at the same time
 * application data takes numbers from the same counter. watch() fails on a number that is used twice. */
static void a_finished_sent_again_has_a_number_of_its_own(void **state)
{
    (void)state;
    for (enum sg_dtls_cid_mode cid = SG_CID_OFF; cid <= SG_CID_ON; cid++) {
        struct world *w = world(NULL, cid, cid);
        open_world(w);
        connect_world(w);
        int n = w->sent;
        begin(w);
        w->fated = n - 1; /* the last datagram of the handshake is the server's */
        w->fate = DROP;
        settle(w);
        assert_int_equal(count(&w->server, SG_DTLS_CONNECTED), 1);
        assert_int_equal(count(&w->client, SG_DTLS_CONNECTED), 0);
        uint64_t finished_once = w->server.sealed, client_once = w->client.sealed;
        say(w, &w->server, "before the client is ready"); /* with a number that a careless Finished would take again */
        settle(w);
        assert_int_equal(w->server.sealed, finished_once + 1);
        assert_true(wait(w, w->now + 10000)); /* the client's timer */
        settle(w);
        assert_int_equal(w->client.sealed, client_once + 1);   /* its Finished again */
        assert_int_equal(w->server.sealed, finished_once + 2); /* and the server's */
        assert_int_equal(count(&w->client, SG_DTLS_CONNECTED), 1);
        heard(&w->client, "before the client is ready");
        talk(w);
        free_world(w);
    }
}

/* The same with the roles changed: in a resumed handshake the client's flight is the last. */
static void a_clients_finished_sent_again_has_a_number_of_its_own(void **state)
{
    (void)state;
    struct world *w = world(NULL, SG_CID_ON, SG_CID_ON);
    w->client.config.resume = true;
    open_world(w);
    connect_world(w);
    connect_world(w);
    int n = w->sent;
    begin(w);
    w->fated = n - 1;
    w->fate = DROP;
    settle(w);
    assert_int_equal(count(&w->client, SG_DTLS_CONNECTED), 1);
    assert_int_equal(count(&w->server, SG_DTLS_CONNECTED), 0);
    uint64_t once = w->client.sealed;
    say(w, &w->client, "before the server is ready");
    settle(w);
    assert_int_equal(count(&w->server, SG_DTLS_DATA), 0);
    assert_true(wait(w, w->now + 10000)); /* the server's timer */
    settle(w);
    assert_int_equal(w->client.sealed, once + 2);
    assert_int_equal(count(&w->server, SG_DTLS_CONNECTED), 1);
    heard(&w->server, "before the server is ready"); /* held until its sender was known */
    talk(w);
    free_world(w);
}

/* The last flight is kept until the peer shows that it has it, or for a minute; a Finished that comes later than that
 * is left unanswered. */
static void the_last_flight_is_kept_for_a_minute(void **state)
{
    (void)state;
    struct world *w = world(NULL, SG_CID_OFF, SG_CID_OFF);
    open_world(w);
    connect_world(w);
    assert_int_equal(sg_dtls_deadline(w->server.d), w->now + 60000);
    assert_int_equal(sg_dtls_deadline(w->client.d), UINT64_MAX);
    talk(w);
    assert_int_equal(sg_dtls_deadline(w->server.d), UINT64_MAX);
    begin(w);
    settle(w);
    w->now += 60000;
    sg_dtls_tick(w->server.d, w->now);
    assert_int_equal(sg_dtls_deadline(w->server.d), UINT64_MAX);
    talk(w);
    free_world(w);
}

static void a_silent_server_is_given_up(void **state)
{
    (void)state;
    struct world *w = world(NULL, SG_CID_OFF, SG_CID_OFF);
    open_world(w);
    struct sg_addr nowhere = addr_of("9", 5684);
    struct sg_error err;
    uint64_t start = w->now;
    assert_int_equal(sg_dtls_connect(w->client.d, &nowhere, w->now, &err), 0);
    run(w, 100000);
    const struct seen_event *e = last(&w->client, SG_DTLS_REFUSED);
    assert_non_null(e);
    assert_int_equal(e->e.alert, -1);
    assert_non_null(strstr(e->reason, "given up after 60 s: no answer"));
    assert_int_equal(w->sent, 5); /* at 0, 2, 6, 14 and 30 seconds */
    assert_int_equal(w->now, start + 100000);
    free_world(w);
}

/* Half-way, for the server: the client's second flight never comes. */
static void a_silent_client_is_given_up(void **state)
{
    (void)state;
    struct world *w = world(NULL, SG_CID_OFF, SG_CID_OFF);
    open_world(w);
    begin(w);
    struct datagram g;
    for (int i = 0; i < 3; i++) { /* ClientHello, HelloVerifyRequest, ClientHello */
        g = w->queue[0];
        w->queued = 0;
        deliver(w, &g);
    }
    w->now += 60000;
    sg_dtls_tick(w->server.d, w->now);
    const struct seen_event *e = last(&w->server, SG_DTLS_REFUSED);
    assert_non_null(e);
    assert_int_equal(e->e.alert, -1);
    assert_non_null(strstr(e->reason, "try a smaller MTU"));
    assert_int_equal(sg_dtls_deadline(w->server.d), UINT64_MAX);
    free_world(w);
}

/* What a full handshake costs on the air, so that nobody adds to it unawares. A peer with a connection id gets no
 * ticket. */
static void a_handshake_with_connection_ids_has_no_ticket(void **state)
{
    (void)state;
    size_t bytes[2];
    for (int cid = 0; cid < 2; cid++) {
        struct world *w = world(NULL, cid ? SG_CID_ON : SG_CID_OFF, cid ? SG_CID_ON : SG_CID_OFF);
        w->client.config.resume = true;
        open_world(w);
        connect_world(w);
        bytes[cid] = w->bytes;
        begin(w);
        settle(w);
        assert_true(last(&w->server, SG_DTLS_CONNECTED)->e.resumed);
        talk(w);
        free_world(w);
    }
    assert_true(bytes[1] + 400 < bytes[0]);
    assert_in_range(bytes[1], 1200, 2000);
}

static void no_datagram_is_longer_than_the_mtu(void **state)
{
    (void)state;
    for (uint16_t mtu = 512; mtu <= 1452; mtu = (uint16_t)(mtu + 47)) {
        struct world *w = world(NULL, SG_CID_ON, SG_CID_ON);
        w->server.config.mtu = w->client.config.mtu = mtu;
        open_world(w);
        connect_world(w);
        sg_dtls_id id = last(&w->server, SG_DTLS_CONNECTED)->e.id;
        size_t most = sg_dtls_max_data(w->server.d, id);
        uint8_t data[1452] = {1};
        assert_int_equal(sg_dtls_send(w->server.d, id, sg_bytes(data, most), w->now), 0);
        settle(w);
        assert_int_equal(last(&w->client, SG_DTLS_DATA)->e.data.n, most);
        assert_int_equal(w->largest, mtu);
        assert_int_equal(sg_dtls_send(w->server.d, id, sg_bytes(data, most + 1), w->now), SG_ENOSPC);
        free_world(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite_and_cid_mode_connects),
        cmocka_unit_test(full_handshakes_survive_a_bad_link),
        cmocka_unit_test(resumed_handshakes_survive_a_bad_link),
        cmocka_unit_test(data_beside_the_finished),
        cmocka_unit_test(a_finished_sent_again_has_a_number_of_its_own),
        cmocka_unit_test(a_clients_finished_sent_again_has_a_number_of_its_own),
        cmocka_unit_test(the_last_flight_is_kept_for_a_minute),
        cmocka_unit_test(a_silent_server_is_given_up),
        cmocka_unit_test(a_silent_client_is_given_up),
        cmocka_unit_test(a_handshake_with_connection_ids_has_no_ticket),
        cmocka_unit_test(no_datagram_is_longer_than_the_mtu),
    };
    return cmocka_run_group_tests(tests, make_identities, free_identities);
}
