/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets in: verdicts and their alerts, resumption, cookies, new handshakes beside live associations, limits. */
#include "dtls_world.h"

#include <malloc.h>

static struct world *world(void)
{
    return make_world(&server_id, &client_id);
}

static void attempt(struct world *w)
{
    begin(w);
    settle(w);
}

/* Both sides tell the same alert, and the one that refused tells its reason. */
static void refused(const struct party *by, const struct party *other, int alert, const char *reason)
{
    const struct seen_event *mine = last(by, SG_DTLS_REFUSED), *theirs = last(other, SG_DTLS_REFUSED);
    assert_non_null(mine);
    assert_non_null(theirs);
    assert_int_equal(mine->e.alert, alert);
    assert_false(mine->e.alert_from_peer);
    assert_int_equal(mine->e.id, 0);
    if (!strstr(mine->reason, reason))
        print_error("\"%s\" is not in \"%s\"\n", reason, mine->reason);
    assert_non_null(strstr(mine->reason, reason));
    assert_int_equal(theirs->e.alert, alert);
    assert_true(theirs->e.alert_from_peer);
    assert_non_null(strstr(theirs->reason, sg_alert_name(alert)));
    assert_int_equal(count(by, SG_DTLS_CONNECTED) + count(other, SG_DTLS_CONNECTED), 0);
}

static void the_alert_is_the_verdicts(void **state)
{
    (void)state;
    static const int alerts[] = {SG_ALERT_HANDSHAKE_FAILURE,   SG_ALERT_BAD_CERTIFICATE, SG_ALERT_CERTIFICATE_REVOKED,
                                 SG_ALERT_CERTIFICATE_EXPIRED, SG_ALERT_UNKNOWN_CA,      SG_ALERT_CERTIFICATE_UNKNOWN,
                                 SG_ALERT_ACCESS_DENIED,       SG_ALERT_INTERNAL_ERROR};
    struct world *w = world();
    open_world(w);
    for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++) {
        struct sg_dtls_verdict no = {.alert = alerts[i], .reason = "certificate 5d:e1 is not for today", .identity = 5};
        struct sg_dtls_verdict yes = {.accept = true};
        w->server.verdict = no;
        w->client.verdict = yes;
        attempt(w);
        refused(&w->server, &w->client, alerts[i], no.reason);
        assert_int_equal(last(&w->server, SG_DTLS_REFUSED)->e.identity, 5);
        w->server.verdict = yes;
        w->client.verdict = no;
        attempt(w);
        refused(&w->client, &w->server, alerts[i], no.reason);
    }
    assert_int_equal(sg_dtls_next(w->server.d, 0), 0);
    assert_int_equal(sg_dtls_deadline(w->server.d), UINT64_MAX);
    free_world(w);
}

static void a_side_sends_its_leaf_alone_or_with_what_it_was_given(void **state)
{
    (void)state;
    struct world *w = world();
    open_world(w);
    connect_world(w);
    assert_int_equal(w->client.certificates, 1);
    assert_int_equal(w->server.certificates, 1);
    free_world(w);

    w = world();
    STACK_OF(X509) *chain = sk_X509_new_null();
    assert_int_equal(sk_X509_push(chain, client_id.cert), 1);
    w->server.config.chain = chain;
    open_world(w);
    connect_world(w);
    assert_int_equal(w->client.certificates, 2);
    free_world(w);
    sk_X509_free(chain);
}

static void a_client_without_certificate_is_refused(void **state)
{
    (void)state;
    struct world *w = make_world(&server_id, NULL);
    open_world(w);
    attempt(w);
    refused(&w->server, &w->client, SG_ALERT_HANDSHAKE_FAILURE, "sent no certificate");
    assert_int_equal(w->server.judged, 0);
    free_world(w);
}

static void no_suite_in_common_is_told(void **state)
{
    (void)state;
    static const uint16_t gcm = SG_SUITE_ECDHE_ECDSA_AES128_GCM, ccm8 = SG_SUITE_ECDHE_ECDSA_AES128_CCM8;
    struct world *w = world();
    w->server.config.suites = &gcm;
    w->client.config.suites = &ccm8;
    w->server.config.suite_count = w->client.config.suite_count = 1;
    open_world(w);
    attempt(w);
    refused(&w->server, &w->client, SG_ALERT_HANDSHAKE_FAILURE,
            "no cipher suite in common; it offers ECDHE-ECDSA-AES128-CCM8");
    free_world(w);
}

static void the_servers_order_decides(void **state)
{
    (void)state;
    static const uint16_t gcm_first[] = {SG_SUITE_ECDHE_ECDSA_AES128_GCM, SG_SUITE_ECDHE_ECDSA_AES128_CCM8};
    static const uint16_t ccm_first[] = {SG_SUITE_ECDHE_ECDSA_AES128_CCM8, SG_SUITE_ECDHE_ECDSA_AES128_GCM};
    struct world *w = world();
    struct sg_dtls_info info;
    w->server.config.suites = ccm_first;
    w->client.config.suites = gcm_first;
    w->server.config.suite_count = w->client.config.suite_count = 2;
    open_world(w);
    connect_world(w);
    assert_true(sg_dtls_info(w->client.d, last(&w->client, SG_DTLS_CONNECTED)->e.id, &info));
    assert_int_equal(info.suite, SG_SUITE_ECDHE_ECDSA_AES128_CCM8);
    free_world(w);
}

static void a_p384_certificate_is_taken(void **state)
{
    (void)state;
    struct identity big = make_identity("urn:imei:351516170000002", "P-384");
    struct world *w = make_world(&server_id, &big);
    open_world(w);
    connect_world(w);
    talk(w);
    free_world(w);
    X509_free(big.cert);
    EVP_PKEY_free(big.key);
}

static void revoked_means_no_resumption(void **state)
{
    (void)state;
    struct world *w = world();
    w->client.config.resume = true;
    open_world(w);
    connect_world(w);
    attempt(w);
    assert_true(last(&w->client, SG_DTLS_CONNECTED)->e.resumed);
    assert_true(last(&w->server, SG_DTLS_CONNECTED)->e.resumed);
    assert_int_equal(w->server.judged, 1);
    assert_int_equal(w->server.judged_resumed, 1);
    assert_int_equal(w->client.judged_resumed, 1);

    w->server.verdict = (struct sg_dtls_verdict){.alert = SG_ALERT_CERTIFICATE_REVOKED, .reason = "revoked: stolen"};
    attempt(w);
    assert_int_equal(w->server.judged_resumed, 2);
    refused(&w->server, &w->client, SG_ALERT_CERTIFICATE_REVOKED, "revoked: stolen");
    attempt(w); /* the client has forgotten the session: a full handshake, refused as well */
    assert_int_equal(w->server.judged, 2);
    refused(&w->server, &w->client, SG_ALERT_CERTIFICATE_REVOKED, "revoked: stolen");
    free_world(w);
}

static void a_client_judges_a_resumed_server_too(void **state)
{
    (void)state;
    struct world *w = world();
    w->client.config.resume = true;
    open_world(w);
    connect_world(w);
    w->client.verdict = (struct sg_dtls_verdict){.alert = SG_ALERT_CERTIFICATE_EXPIRED, .reason = "out of date"};
    attempt(w);
    assert_int_equal(w->client.judged_resumed, 1);
    refused(&w->client, &w->server, SG_ALERT_CERTIFICATE_EXPIRED, "out of date");
    free_world(w);
}

/* RFC 5246 section 7.2.2, also where the client never heard of the alert and offers the session again. */
static void a_session_that_ended_badly_is_not_resumed(void **state)
{
    (void)state;
    struct world *w = world();
    w->client.config.resume = true;
    open_world(w);
    connect_world(w);
    sg_dtls_id id = last(&w->server, SG_DTLS_CONNECTED)->e.id;
    assert_int_equal(sg_dtls_close(w->server.d, id, SG_ALERT_ACCESS_DENIED, w->now), 0);
    w->queued = 0;
    attempt(w);
    refused(&w->server, &w->client, SG_ALERT_HANDSHAKE_FAILURE, "was ended with a fatal alert");
    attempt(w);
    assert_non_null(last(&w->server, SG_DTLS_CONNECTED));
    assert_false(last(&w->server, SG_DTLS_CONNECTED)->e.resumed);
    free_world(w);
}

/* ----------------------------------------------------------------------------------------------------- cookies */

static struct datagram first_hello(struct world *w)
{
    begin(w);
    assert_int_equal(w->queued, 1);
    w->queued = 0;
    return w->queue[0];
}

static void an_unverified_address_costs_nothing(void **state)
{
    (void)state;
    struct world *w = world();
    open_world(w);
    struct datagram hello = first_hello(w);
    for (int warm = 0; warm < 2; warm++)
        deliver(w, &hello);
    w->queued = 0;
    size_t before = mallinfo2().uordblks;
    for (uint16_t port = 1; port <= 2000; port++) {
        hello.from = addr_of("200", port);
        deliver(w, &hello);
        assert_int_equal(w->queued, 1); /* one answer, to that address, not longer than the question */
        assert_true(sg_addr_eq(&w->queue[0].to, &hello.from));
        assert_true(w->queue[0].n <= hello.n);
        w->queued = 0;
    }
    /* Half a byte for each is the allocator's own rounding, not something that is kept. */
    assert_true(mallinfo2().uordblks < before + 1000);
    assert_int_equal(sg_dtls_deadline(w->server.d), UINT64_MAX);
    free_world(w);
}

static struct datagram hello_with_cookie(struct world *w)
{
    struct datagram hello = first_hello(w);
    deliver(w, &hello);
    assert_int_equal(w->queued, 1);
    struct datagram verify = w->queue[0];
    w->queued = 0;
    deliver(w, &verify);
    assert_int_equal(w->queued, 1);
    w->queued = 0;
    return w->queue[0];
}

/* True where it began a handshake; false where the server asked for another cookie, or said nothing. */
static bool begins(struct world *w, struct datagram hello)
{
    deliver(w, &hello);
    w->queued = 0;
    return sg_dtls_deadline(w->server.d) != UINT64_MAX;
}

static void a_cookie_is_good_for_one_address_and_a_minute_or_two(void **state)
{
    (void)state;
    struct world *w = world();
    open_world(w);
    struct datagram hello = hello_with_cookie(w), other = hello;
    other.from = addr_of("201", hello.from.port);
    assert_false(begins(w, other));
    other.from = hello.from;
    other.from.port++;
    assert_false(begins(w, other));
    w->now += 121000;
    assert_false(begins(w, hello));
    hello = hello_with_cookie(w);
    w->now += 59000;
    assert_true(begins(w, hello));
    free_world(w);
}

/* ------------------------------------------------------------------------- new handshakes at a live address */

/* A second client, which has the address of the first: the device began anew. */
static struct party *reborn(struct world *w, const struct identity *identity)
{
    struct party *p = calloc(1, sizeof *p);
    assert_non_null(p);
    *p = (struct party){.w = w, .addr = w->client.addr, .verdict = {.accept = true}, .used = calloc(1, 8192)};
    p->config = (struct sg_dtls_config){.cert = identity->cert, .key = identity->key, .cid = w->client.config.cid};
    open_party(p);
    return p;
}

static void bury(struct party *p)
{
    sg_dtls_free(p->d);
    free(p->used);
    free(p);
}

/* Swaps who answers at the client's address. */
static void exchange(struct world *w, struct party *p)
{
    struct sg_dtls *d = w->client.d;
    w->client.d = p->d;
    p->d = d;
}

static void a_new_handshake_disturbs_nothing_before_it_is_complete(void **state)
{
    (void)state;
    for (enum sg_dtls_cid_mode cid = SG_CID_OFF; cid <= SG_CID_ON; cid++) {
        struct world *w = world();
        struct sg_error err;
        w->server.config.cid = w->client.config.cid = cid;
        open_world(w);
        connect_world(w);
        sg_dtls_id old = last(&w->server, SG_DTLS_CONNECTED)->e.id;
        struct party *p = reborn(w, &client_id);
        assert_int_equal(sg_dtls_connect(p->d, &w->server.addr, w->now, &err), 0);
        for (int step = 0; step < 4; step++) {
            /* One datagram of the new handshake, then data of the old association. */
            struct datagram g = w->queue[0];
            memmove(w->queue, w->queue + 1, (size_t)--w->queued * sizeof g);
            uint8_t copy[DATAGRAM_MAX];
            memcpy(copy, g.p, g.n);
            if (sg_addr_eq(&g.to, &w->server.addr))
                sg_dtls_input(w->server.d, &g.from, copy, g.n, w->now);
            else
                sg_dtls_input(p->d, &g.from, copy, g.n, w->now);
            struct datagram kept[4];
            int n = w->queued;
            assert_in_range(n, 1, 4);
            memcpy(kept, w->queue, (size_t)n * sizeof kept[0]);
            w->queued = 0;
            talk(w);
            memcpy(w->queue, kept, (size_t)n * sizeof kept[0]);
            w->queued = n;
        }
        memset(w->server.used, 0, 8192); /* the numbers of another association from here on */
        assert_int_equal(count(&w->server, SG_DTLS_CLOSED), 0);
        exchange(w, p);
        w->server.count = 0;
        settle(w);
        assert_int_equal(w->server.events[0].e.what, SG_DTLS_CLOSED);
        assert_int_equal(w->server.events[0].e.id, old);
        assert_string_equal(w->server.events[0].reason, "replaced by a new handshake");
        assert_int_equal(w->server.events[1].e.what, SG_DTLS_CONNECTED);
        assert_int_equal(w->server.count, 2);
        exchange(w, p);
        bury(p);
        free_world(w);
    }
}

/* Another device has got the address that the first had before its NAT forgot it. With a connection id the first is
 * still there, wherever it is now; without one, nothing can be told apart from the new device any more. */
static void another_device_at_an_old_address(void **state)
{
    (void)state;
    for (enum sg_dtls_cid_mode cid = SG_CID_OFF; cid <= SG_CID_ON; cid++) {
        struct world *w = world();
        struct sg_error err;
        w->server.config.cid = w->client.config.cid = cid;
        open_world(w);
        connect_world(w);
        struct party *p = reborn(w, &client_id);
        w->server.verdict.identity = 78;
        assert_int_equal(sg_dtls_connect(p->d, &w->server.addr, w->now, &err), 0);
        memset(w->server.used, 0, 8192);
        exchange(w, p);
        settle(w);
        exchange(w, p);
        assert_int_equal(count(&w->server, SG_DTLS_CONNECTED), 2);
        assert_int_equal(count(&w->server, SG_DTLS_CLOSED), cid == SG_CID_OFF);
        if (cid == SG_CID_ON) {
            w->client.addr = addr_of("79", 7979);
            say(w, &w->client, "I am here now");
            settle(w);
            heard(&w->server, "I am here now");
            assert_int_equal(last(&w->server, SG_DTLS_MOVED)->e.identity, 77);
        }
        bury(p);
        free_world(w);
    }
}

static void a_late_copy_of_a_hello_begins_nothing(void **state)
{
    (void)state;
    struct world *w = world();
    open_world(w);
    struct datagram hello = hello_with_cookie(w);
    deliver(w, &hello);
    int queued = w->queued;
    deliver(w, &hello);
    assert_int_equal(w->queued, queued);
    settle(w);
    talk(w);
    assert_int_equal(count(&w->server, SG_DTLS_CONNECTED), 1);
    deliver(w, &hello);
    assert_int_equal(w->queued, 0);
    assert_int_equal(sg_dtls_deadline(w->server.d), UINT64_MAX);
    talk(w);
    free_world(w);
}

/* ------------------------------------------------------------------------------------------------------- limits */

static void handshakes_at_once_are_bounded(void **state)
{
    (void)state;
    struct world *w = world();
    w->server.config.max_handshakes = 2;
    open_world(w);
    for (int i = 0; i < 3; i++) {
        w->client.addr.port = (uint16_t)(50000 + i);
        struct datagram hello = first_hello(w);
        deliver(w, &hello);
        if (i < 2) {
            settle(w);
            assert_int_equal(count(&w->server, SG_DTLS_CONNECTED), 1);
        }
        w->queued = 0;
    }
    free_world(w);

    w = world();
    w->server.config.max_handshakes = 2;
    open_world(w);
    for (int i = 0; i < 2; i++) {
        w->client.addr.port = (uint16_t)(50000 + i);
        struct datagram hello = hello_with_cookie(w);
        deliver(w, &hello);
        assert_true(w->queued > 0);
        w->queued = 0;
    }
    w->client.addr.port = 50002;
    struct datagram hello = first_hello(w);
    deliver(w, &hello);
    assert_int_equal(w->queued, 0);
    w->now += 60000; /* the two are given up */
    sg_dtls_tick(w->server.d, w->now);
    assert_int_equal(count(&w->server, SG_DTLS_REFUSED), 2);
    connect_world(w);
    free_world(w);
}

static void one_host_cannot_take_all_handshakes(void **state)
{
    (void)state;
    struct world *w = world();
    w->server.config.max_handshakes = SLOTS;
    open_world(w);
    int taken = 0;
    for (int i = 0; i < SLOTS; i++) {
        w->client.addr.port = (uint16_t)(50000 + i);
        struct datagram hello = hello_with_cookie(w);
        w->queued = 0;
        deliver(w, &hello);
        taken += w->queued > 0;
        w->queued = 0;
    }
    assert_int_equal(taken, SLOTS / 2); /* half of the places */
    w->client.addr.ip[15]++;            /* another host still gets in */
    struct datagram hello = hello_with_cookie(w);
    w->queued = 0;
    deliver(w, &hello);
    assert_true(w->queued > 0);
    free_world(w);
}

static void a_full_table_takes_nobody_and_loses_nobody(void **state)
{
    (void)state;
    struct world *w = world();
    open_world(w);
    for (int i = 0; i <= SLOTS; i++) {
        for (sg_dtls_id id = 0; (id = sg_dtls_next(w->client.d, id));)
            assert_int_equal(sg_dtls_close(w->client.d, id, SG_ALERT_CLOSE_NOTIFY, w->now), 0);
        w->queued = 0; /* the server does not hear of it */
        w->client.addr.port = (uint16_t)(50000 + i);
        begin(w);
        settle(w);
        assert_int_equal(count(&w->server, SG_DTLS_CONNECTED), i < SLOTS);
    }
    int n = 0;
    for (sg_dtls_id id = 0; (id = sg_dtls_next(w->server.d, id));)
        n++;
    assert_int_equal(n, SLOTS);
    free_world(w);
}

static void a_wrong_configuration_is_told(void **state)
{
    (void)state;
    struct world *w = world();
    struct sg_error err;
    struct sg_dtls_config good = w->server.config;
    good.send = on_send;
    good.event = on_event;
    good.verify = on_verify;
    struct sg_dtls_config c = good;
    c.mtu = 100;
    assert_null(sg_dtls_new(&c, NULL, 1, &err));
    assert_non_null(strstr(err.text, "an MTU of 100; 512 to 1452"));
    c = good;
    c.key = client_id.key;
    assert_null(sg_dtls_new(&c, NULL, 1, &err));
    assert_non_null(strstr(err.text, "the key does not belong to the certificate"));
    c = good;
    c.cert = NULL;
    assert_null(sg_dtls_new(&c, NULL, 1, &err));
    assert_int_equal(err.code, SG_EINVAL);
    c = good;
    static const uint16_t rsa = 0xc02f;
    c.suites = &rsa;
    c.suite_count = 1;
    assert_null(sg_dtls_new(&c, NULL, 1, &err));
    assert_non_null(strstr(err.text, "c02f is not one that is offered"));
    assert_null(sg_dtls_new(&good, NULL, 0, &err));
    assert_null(sg_dtls_new(&good, NULL, (1U << 24) + 1, &err));
    free_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_alert_is_the_verdicts),
        cmocka_unit_test(a_side_sends_its_leaf_alone_or_with_what_it_was_given),
        cmocka_unit_test(a_client_without_certificate_is_refused),
        cmocka_unit_test(no_suite_in_common_is_told),
        cmocka_unit_test(the_servers_order_decides),
        cmocka_unit_test(a_p384_certificate_is_taken),
        cmocka_unit_test(revoked_means_no_resumption),
        cmocka_unit_test(a_client_judges_a_resumed_server_too),
        cmocka_unit_test(a_session_that_ended_badly_is_not_resumed),
        cmocka_unit_test(an_unverified_address_costs_nothing),
        cmocka_unit_test(a_cookie_is_good_for_one_address_and_a_minute_or_two),
        cmocka_unit_test(a_new_handshake_disturbs_nothing_before_it_is_complete),
        cmocka_unit_test(another_device_at_an_old_address),
        cmocka_unit_test(a_late_copy_of_a_hello_begins_nothing),
        cmocka_unit_test(handshakes_at_once_are_bounded),
        cmocka_unit_test(one_host_cannot_take_all_handshakes),
        cmocka_unit_test(a_full_table_takes_nobody_and_loses_nobody),
        cmocka_unit_test(a_wrong_configuration_is_told),
    };
    return cmocka_run_group_tests(tests, make_identities, free_identities);
}
