/* SPDX-License-Identifier: Apache-2.0 */
/* Established associations: what is dropped, what moves them, how they end, and how they outlive the process. */
#include "dtls/dtls_internal.h"
#include "dtls_world.h"

static struct world *connected(enum sg_dtls_cid_mode cid)
{
    struct world *w = make_world(&server_id, &client_id);
    w->server.config.cid = w->client.config.cid = cid;
    open_world(w);
    connect_world(w);
    return w;
}

static sg_dtls_id id_of(const struct party *p)
{
    return last(p, SG_DTLS_CONNECTED)->e.id;
}

/* The datagram that `p` sends for this text, taken off the wire. */
static struct datagram record_of(struct world *w, struct party *p, const char *text)
{
    assert_int_equal(w->queued, 0);
    say(w, p, text);
    assert_int_equal(w->queued, 1);
    w->queued = 0;
    return w->queue[0];
}

static struct sg_dtls_info info_of(const struct party *p)
{
    struct sg_dtls_info info;
    assert_true(sg_dtls_info(p->d, id_of(p), &info));
    return info;
}

static void a_record_counts_once(void **state)
{
    (void)state;
    for (enum sg_dtls_cid_mode cid = SG_CID_OFF; cid <= SG_CID_ON; cid++) {
        struct world *w = connected(cid);
        struct datagram g[70];
        for (int i = 0; i < 70; i++)
            g[i] = record_of(w, &w->client, "once");
        w->server.count = 0;
        for (int i = 69; i >= 0; i--) { /* the newest first: what is 64 and more behind it is too old */
            deliver(w, &g[i]);
            deliver(w, &g[i]);
        }
        assert_int_equal(count(&w->server, SG_DTLS_DATA), 64);
        w->server.count = 0;
        for (int i = 0; i < 70; i++)
            deliver(w, &g[i]);
        assert_int_equal(w->server.count, 0);
        free_world(w);
    }
}

static void every_altered_byte_is_noticed(void **state)
{
    (void)state;
    for (enum sg_dtls_cid_mode cid = SG_CID_OFF; cid <= SG_CID_ON; cid++) {
        struct world *w = connected(cid);
        struct datagram good = record_of(w, &w->client, "do not change this");
        w->server.count = 0;
        for (size_t i = 0; i < good.n; i++)
            for (int bit = 0; bit < 8; bit++) {
                struct datagram bad = good;
                bad.p[i] = (uint8_t)(bad.p[i] ^ 1 << bit);
                deliver(w, &bad);
            }
        for (size_t n = 0; n < good.n; n++) {
            struct datagram bad = good;
            bad.n = n;
            deliver(w, &bad);
        }
        assert_int_equal(w->server.count, 0);
        deliver(w, &good);
        heard(&w->server, "do not change this");
        free_world(w);
    }
}

static void several_records_share_a_datagram(void **state)
{
    (void)state;
    struct world *w = connected(SG_CID_ON);
    struct datagram a = record_of(w, &w->client, "first"), b = record_of(w, &w->client, "second");
    memcpy(a.p + a.n, b.p, b.n);
    a.n += b.n;
    w->server.count = 0;
    deliver(w, &a);
    assert_int_equal(count(&w->server, SG_DTLS_DATA), 2);
    heard(&w->server, "second");
    free_world(w);
}

static void a_connection_id_survives_another_port(void **state)
{
    (void)state;
    struct world *w = connected(SG_CID_ON);
    struct datagram old = record_of(w, &w->client, "from the first port");
    w->client.addr = addr_of("77", 1024);
    w->server.count = 0;
    say(w, &w->client, "from another port");
    settle(w);
    assert_int_equal(w->server.count, 2);
    assert_int_equal(w->server.events[0].e.what, SG_DTLS_MOVED);
    assert_true(sg_addr_eq(&w->server.events[0].e.addr, &w->client.addr));
    heard(&w->server, "from another port");
    struct sg_dtls_info info;
    sg_dtls_id id = sg_dtls_next(w->server.d, 0);
    assert_true(sg_dtls_info(w->server.d, id, &info));
    assert_true(sg_addr_eq(&info.addr, &w->client.addr));
    assert_int_equal(sg_dtls_send(w->server.d, id, sg_str("found you"), w->now), 0);
    settle(w);
    heard(&w->client, "found you");

    /* An older record that somebody sends from his own address is authentic, and moves nothing. */
    old.from = addr_of("66", 6666);
    w->server.count = 0;
    deliver(w, &old);
    assert_int_equal(count(&w->server, SG_DTLS_MOVED), 0);
    assert_true(sg_dtls_info(w->server.d, id, &info));
    assert_true(sg_addr_eq(&info.addr, &w->client.addr));
    free_world(w);
}

static void without_a_connection_id_nothing_moves(void **state)
{
    (void)state;
    struct world *w = connected(SG_CID_OFF);
    struct datagram g = record_of(w, &w->client, "from elsewhere");
    g.from = addr_of("77", 1024);
    w->server.count = 0;
    deliver(w, &g);
    assert_int_equal(w->server.count, 0);
    free_world(w);
}

static void another_connection_id_is_ignored(void **state)
{
    (void)state;
    struct world *w = connected(SG_CID_ON);
    struct datagram good = record_of(w, &w->client, "to the right one");
    w->server.count = 0;
    for (int slot = 0; slot < 300; slot++) {
        struct datagram bad = good;
        bad.p[SG_DTLS_CID_OFFSET + 2] = (uint8_t)(slot >> 8);
        bad.p[SG_DTLS_CID_OFFSET + 3] = (uint8_t)slot;
        bad.p[SG_DTLS_CID_OFFSET + 5] = (uint8_t)(bad.p[SG_DTLS_CID_OFFSET + 5] + 1);
        deliver(w, &bad);
    }
    assert_int_equal(w->server.count, 0);
    free_world(w);
}

/* RFC 9146 section 3: who agreed on an id must use it. */
static void a_plain_record_is_not_taken_where_ids_are_agreed(void **state)
{
    (void)state;
    struct world *w = connected(SG_CID_ON);
    struct datagram g = record_of(w, &w->client, "with id");
    memmove(g.p + SG_DTLS_CID_OFFSET, g.p + SG_DTLS_CID_OFFSET + SG_DTLS_CID_LEN,
            g.n - SG_DTLS_CID_OFFSET - SG_DTLS_CID_LEN);
    g.n -= SG_DTLS_CID_LEN;
    g.p[0] = 23;
    w->server.count = 0;
    deliver(w, &g);
    assert_int_equal(w->server.count, 0);
    free_world(w);
}

static void garbage_changes_nothing(void **state)
{
    (void)state;
    for (enum sg_dtls_cid_mode cid = SG_CID_OFF; cid <= SG_CID_ON; cid++) {
        struct world *w = connected(cid);
        uint32_t x = 12345;
        int sent = w->sent;
        w->server.count = w->client.count = 1; /* keep the first: CONNECTED */
        for (int i = 0; i < 1000; i++) {
            struct datagram g = {.from = i & 1 ? w->client.addr : addr_of("50", (uint16_t)i), .to = w->server.addr};
            x = x * 1664525 + 1013904223;
            g.n = x >> 16 & 0x1ff;
            for (size_t k = 0; k < g.n; k++) {
                x = x * 1664525 + 1013904223;
                g.p[k] = (uint8_t)(x >> 24);
            }
            if (g.n > 13 && i % 3) { /* with a header that is right */
                static const uint8_t types[] = {20, 21, 22, 23, 25};
                g.p[0] = types[i % 5];
                g.p[1] = 0xfe;
                g.p[2] = 0xfd;
                g.p[3] = 0;
                g.p[4] = (uint8_t)(i & 1);
                g.p[11] = (uint8_t)((g.n - 13) >> 8);
                g.p[12] = (uint8_t)(g.n - 13);
            }
            deliver(w, &g);
        }
        assert_int_equal(w->server.count, 1);
        assert_int_equal(w->sent, sent);
        talk(w);
        free_world(w);
    }
}

static void the_server_ends_it(void **state)
{
    (void)state;
    static const int alerts[] = {SG_ALERT_CLOSE_NOTIFY, SG_ALERT_ACCESS_DENIED, SG_ALERT_CERTIFICATE_REVOKED};
    for (size_t i = 0; i < 3; i++) {
        struct world *w = connected(SG_CID_ON);
        sg_dtls_id id = id_of(&w->server);
        assert_int_equal(sg_dtls_close(w->server.d, id, alerts[i], w->now), 0);
        settle(w);
        const struct seen_event *e = last(&w->client, SG_DTLS_CLOSED);
        assert_non_null(e);
        assert_int_equal(e->e.alert, alerts[i]);
        assert_true(e->e.alert_from_peer);
        assert_int_equal(count(&w->server, SG_DTLS_CLOSED), 0);
        assert_int_equal(sg_dtls_send(w->server.d, id, sg_str("x"), w->now), SG_ENOTFOUND);
        assert_int_equal(sg_dtls_close(w->server.d, id, 0, w->now), SG_ENOTFOUND);
        assert_int_equal(sg_dtls_next(w->server.d, 0), 0);
        assert_int_equal(sg_dtls_next(w->client.d, 0), 0);
        free_world(w);
    }
}

static void the_client_ends_it(void **state)
{
    (void)state;
    struct world *w = connected(SG_CID_OFF);
    sg_dtls_id id = id_of(&w->server);
    w->sent = 0;
    assert_int_equal(sg_dtls_close(w->client.d, id_of(&w->client), SG_ALERT_CLOSE_NOTIFY, w->now), 0);
    settle(w);
    assert_int_equal(w->sent, 2); /* answered in kind */
    const struct seen_event *e = last(&w->server, SG_DTLS_CLOSED);
    assert_int_equal(e->e.id, id);
    assert_int_equal(e->e.alert, SG_ALERT_CLOSE_NOTIFY);
    assert_int_equal(e->e.identity, 77);
    free_world(w);
}

static void an_id_is_never_used_again(void **state)
{
    (void)state;
    struct world *w = connected(SG_CID_OFF);
    sg_dtls_id ids[20];
    for (int i = 0; i < 20; i++) {
        connect_world(w);
        ids[i] = id_of(&w->server);
        assert_int_not_equal(ids[i], 0);
        for (int k = 0; k < i; k++)
            assert_int_not_equal(ids[i], ids[k]);
    }
    free_world(w);
}

/* Another process, killed at any time before, goes on where the table is: no number is used again (watch()), nothing is
 * accepted twice, the ids and addresses are the same. */
static void associations_outlive_the_process(void **state)
{
    (void)state;
    for (enum sg_dtls_cid_mode cid = SG_CID_OFF; cid <= SG_CID_ON; cid++) {
        struct world *w = connected(cid);
        sg_dtls_id id = id_of(&w->server);
        struct datagram old = record_of(w, &w->client, "before");
        deliver(w, &old);
        say(w, &w->server, "one number more");
        settle(w);

        struct sg_dtls *killed = w->server.d;
        open_party(&w->server);
        w->server.count = 1;
        assert_int_equal(sg_dtls_next(w->server.d, 0), id);
        struct sg_dtls_info info = info_of(&w->server);
        assert_int_equal(info.identity, 77);
        assert_true(sg_addr_eq(&info.addr, &w->client.addr));
        deliver(w, &old);
        assert_int_equal(w->server.count, 1);
        talk(w);
        if (cid == SG_CID_ON) {
            w->client.addr = addr_of("78", 999);
            talk(w);
            assert_int_equal(count(&w->server, SG_DTLS_MOVED), 1);
        }
        begin(w);
        settle(w);
        assert_int_equal(count(&w->server, SG_DTLS_CONNECTED), 1);
        assert_int_not_equal(id_of(&w->server), id);
        talk(w);
        sg_dtls_free(killed);
        free_world(w);
    }
}

static void *table_when_sent;

static void copy_table(struct world *w, const struct datagram *g)
{
    if (sg_addr_eq(&g->from, &w->server.addr))
        memcpy(table_when_sent, w->server.table, sg_dtls_table_size(SLOTS));
}

/* Killed in the very moment that a record leaves: the table says already that its number is used. */
static void a_number_is_used_up_before_it_is_used(void **state)
{
    (void)state;
    struct world *w = connected(SG_CID_ON);
    table_when_sent = calloc(1, sg_dtls_table_size(SLOTS));
    w->spy = copy_table;
    say(w, &w->server, "the last words of a process");
    w->spy = NULL;
    void *table = w->server.table;
    struct sg_dtls *killed = w->server.d;
    w->server.table = table_when_sent;
    open_party(&w->server);
    talk(w); /* watch() fails on a number that is used twice */
    sg_dtls_free(killed);
    free(table);
    free_world(w);
}

static void a_handshake_does_not_outlive_the_process(void **state)
{
    (void)state;
    struct world *w = make_world(&server_id, &client_id);
    open_world(w);
    for (int i = 0; i < 3 * SLOTS; i++) { /* slots of handshakes that were cut short come back */
        begin(w);
        w->fated = 4; /* the client's second flight after the cookie */
        w->fate = DROP;
        settle(w);
        assert_int_equal(count(&w->server, SG_DTLS_CONNECTED), 0);
        struct sg_dtls *killed = w->server.d;
        open_party(&w->server);
        sg_dtls_free(killed);
        assert_int_equal(sg_dtls_next(w->server.d, 0), 0);
    }
    connect_world(w);
    talk(w);
    free_world(w);
}

static void cookies_and_tickets_outlive_the_process(void **state)
{
    (void)state;
    struct world *w = make_world(&server_id, &client_id);
    w->client.config.resume = true;
    open_world(w);
    connect_world(w);
    sg_dtls_free(w->server.d);
    w->server.judged = 0;
    open_party(&w->server);
    begin(w);
    struct datagram hello = w->queue[0]; /* the cookie for it is made by one process and checked by the next */
    w->queued = 0;
    deliver(w, &hello);
    sg_dtls_free(w->server.d);
    open_party(&w->server);
    w->sent = 0;
    settle(w);
    assert_int_equal(w->sent, 3); /* the hello with its cookie, the flights of server and client: no second cookie */
    assert_true(last(&w->server, SG_DTLS_CONNECTED)->e.resumed);
    assert_int_equal(w->server.judged, 0);
    free_world(w);
}

static void a_table_of_another_kind_is_refused(void **state)
{
    (void)state;
    struct world *w = connected(SG_CID_OFF);
    struct sg_error err;
    struct sg_dtls_config config = w->server.config;
    assert_null(sg_dtls_new(&config, w->server.table, SLOTS - 1, &err));
    assert_int_equal(err.code, SG_EFORMAT);
    assert_non_null(strstr(err.text, "has 8 slots, not 7"));
    ((uint8_t *)w->server.table)[0] = 'x';
    assert_null(sg_dtls_new(&config, w->server.table, SLOTS, &err));
    assert_int_equal(err.code, SG_EFORMAT);
    ((uint8_t *)w->server.table)[0] = 'S';
    free_world(w);
}

static void spoil(struct sg_dtls_assoc *a, int how)
{
    switch (how) {
    case 0:
        a->cid_out_len = 255;
        break;
    case 1:
        a->cid_in_len = 7;
        break;
    case 2:
        a->suite = 0x1301;
        break;
    case 3:
        a->fragment = 0;
        break;
    case 4:
        a->write_seq = SG_DTLS_SEQ_END + 1;
        break;
    default:
        a->read_next = UINT64_MAX;
    }
}

/* Damage in one slot ends that association, and no byte beyond its parts is read: no key goes out as a connection id.
 */
static void a_damaged_slot_is_emptied(void **state)
{
    (void)state;
    for (int how = 0; how < 6; how++) {
        struct world *w = connected(SG_CID_ON);
        struct sg_dtls_table *table = w->server.table;
        sg_dtls_free(w->server.d);
        for (uint32_t slot = 0; slot < SLOTS; slot++)
            if (table->assoc[slot].state == SG_DTLS_LIVE)
                spoil(&table->assoc[slot], how);
        open_party(&w->server);
        if (sg_dtls_next(w->server.d, 0) != 0)
            fail_msg("damage %d was not seen", how);
        connect_world(w);
        talk(w);
        free_world(w);
    }
}

static void numbers_of_slots_pass_over_none(void **state)
{
    (void)state;
    struct world *w = connected(SG_CID_ON);
    struct sg_dtls_table *table = w->server.table;
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        table->assoc[slot].generation = UINT32_MAX;
    for (int i = 0; i < SLOTS; i++) {
        connect_world(w);
        assert_int_not_equal(id_of(&w->server) >> 32, 0);
    }
    free_world(w);
}

static void keys_are_wiped(void **state)
{
    (void)state;
    struct world *w = connected(SG_CID_ON);
    talk(w);
    assert_int_equal(sg_dtls_close(w->server.d, id_of(&w->server), 0, w->now), 0);
    settle(w);
    const uint8_t *table = w->server.table;
    size_t begin_of_slots = sg_dtls_table_size(0), set = 0;
    for (size_t i = begin_of_slots; i < sg_dtls_table_size(SLOTS); i++)
        set += table[i] != 0;
    assert_int_equal(set, 1); /* the generation */
    free_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_counts_once),
        cmocka_unit_test(every_altered_byte_is_noticed),
        cmocka_unit_test(several_records_share_a_datagram),
        cmocka_unit_test(a_connection_id_survives_another_port),
        cmocka_unit_test(without_a_connection_id_nothing_moves),
        cmocka_unit_test(another_connection_id_is_ignored),
        cmocka_unit_test(a_plain_record_is_not_taken_where_ids_are_agreed),
        cmocka_unit_test(garbage_changes_nothing),
        cmocka_unit_test(the_server_ends_it),
        cmocka_unit_test(the_client_ends_it),
        cmocka_unit_test(an_id_is_never_used_again),
        cmocka_unit_test(associations_outlive_the_process),
        cmocka_unit_test(a_number_is_used_up_before_it_is_used),
        cmocka_unit_test(a_handshake_does_not_outlive_the_process),
        cmocka_unit_test(cookies_and_tickets_outlive_the_process),
        cmocka_unit_test(a_table_of_another_kind_is_refused),
        cmocka_unit_test(a_damaged_slot_is_emptied),
        cmocka_unit_test(numbers_of_slots_pass_over_none),
        cmocka_unit_test(keys_are_wiped),
    };
    return cmocka_run_group_tests(tests, make_identities, free_identities);
}
