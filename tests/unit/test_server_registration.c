/* SPDX-License-Identifier: Apache-2.0 */
/* The registration interface: what is taken, what is refused and why, what ends a registration, what a restart keeps.
 */
#include "server_world.h"

static void a_device_registers(void **state)
{
    struct world *w = *state;
    assert_int_equal(connect_as(w, ALICE, A), 0);
    say(w, A,
        &(struct message){SG_COAP_CON,
                          SG_COAP_POST,
                          7,
                          sg_str("tok"),
                          {"11 rd", "12 #40", "15 ep=" ALICE, "15 lt=60", "15 lwm2m=1.1", "15 b=UQ"},
                          OBJECTS});
    struct sg_coap m = hear(w, A);
    assert_int_equal(m.code, SG_COAP_CREATED);
    struct sg_coap_option o = {0};
    char location[32] = "";
    while (sg_coap_next(&m, &o)) {
        assert_int_equal(o.number, SG_COAP_OPT_LOCATION_PATH);
        snprintf(location + strlen(location), 16, "/%.*s", (int)o.value.n, (const char *)o.value.p);
    }
    const struct row *r = row_of(w, A);
    assert_string_equal(r->location, location);
    assert_int_equal(strlen(location), strlen("/rd/0123456789"));
    assert_true(r->registered);
    assert_int_equal(r->lifetime, 60);
    assert_string_equal(r->version, "1.1");
    assert_string_equal(r->binding, "UQ");
    assert_string_equal(r->objects, OBJECTS);
    assert_true(r->registered_at == w->desk.wall);
    assert_int_equal(w->desk.registered, 1);
    assert_int_equal(w->event_count, 1);
    assert_int_equal(w->events[0].what, DESK_REGISTERED);
    hear_nothing(w);
}

static void the_name_may_be_left_to_the_certificate(void **state)
{
    struct world *w = *state;
    connect_as(w, ALICE, A);
    assert_int_equal(
        request(w, A, &(struct message){SG_COAP_CON, SG_COAP_POST, 1, {0}, {"11 rd", "15 lwm2m=1.1"}, "</3/0>"}),
        SG_COAP_CREATED);
    const struct row *r = row_of(w, A);
    assert_int_equal(r->lifetime, 86400); /* the defaults of table 6.2.1-1 */
    assert_string_equal(r->binding, "U");
}

static void another_name_is_refused_with_both(void **state)
{
    struct world *w = *state;
    connect_as(w, ALICE, A);
    say(w, A, &(struct message){SG_COAP_CON, SG_COAP_POST, 1, {0}, {"11 rd", "15 ep=" BOB, "15 lwm2m=1.1"}, "</3/0>"});
    struct sg_coap m = hear(w, A);
    assert_int_equal(m.code, SG_COAP_FORBIDDEN);
    assert_non_null(memmem(m.payload.p, m.payload.n, ALICE, strlen(ALICE)));
    assert_int_equal(w->event_count, 1); /* one */
    assert_int_equal(w->events[0].what, DESK_REFUSED);
    assert_string_equal(w->events[0].reason,
                        "registers as \"" BOB "\", but its certificate 5d:e1:77 says \"" ALICE "\"");
    assert_true(strlen(w->events[0].cure) > 10);
    assert_false(row_of(w, A)->registered);
    assert_int_equal(w->desk.registered, 0);
}

static void bad_requests_are_refused_with_a_reason(void **state)
{
    struct world *w = *state;
    char longest[1100];
    memset(longest, 'a', sizeof longest - 1);
    memcpy(longest, "</3/0>,</", 9);
    memcpy(longest + sizeof longest - 2, ">", 2);
    const struct {
        const char *options[6];
        const char *payload;
        uint8_t code;
        const char *says;
    } bad[] = {
        {{"11 rd"}, "</3/0>", SG_COAP_BAD_REQUEST, "version"},
        {{"11 rd", "15 lwm2m=2.0"}, "</3/0>", SG_COAP_PRECONDITION_FAILED, "1.0, 1.1 or 1.2"},
        {{"11 rd", "15 lwm2m=1.1", "15 lt=-5"}, "</3/0>", SG_COAP_BAD_REQUEST, "lt="},
        {{"11 rd", "15 lwm2m=1.1", "15 lt=4294967296"}, "</3/0>", SG_COAP_BAD_REQUEST, "lt="},
        {{"11 rd", "15 lwm2m=1.1", "15 b=X"}, "</3/0>", SG_COAP_BAD_REQUEST, "b="},
        {{"11 rd", "15 lwm2m=1.1", "15 b="}, "</3/0>", SG_COAP_BAD_REQUEST, "b="},
        {{"11 rd", "15 lwm2m=1.1", "15 b=UUUUUUUU"}, "</3/0>", SG_COAP_BAD_REQUEST, "b="},
        {{"11 rd", "15 lwm2m=1.1"}, NULL, SG_COAP_BAD_REQUEST, "missing"},
        {{"11 rd", "15 lwm2m=1.1"}, "</3/0", SG_COAP_BAD_REQUEST, "link format"},
        {{"11 rd", "15 lwm2m=1.1"}, "</>;rt=\"oma.lwm2m\"", SG_COAP_BAD_REQUEST, "no object"},
        {{"11 rd", "15 lwm2m=1.1"}, "</3/0>;t=\"\x1b[2J\"", SG_COAP_BAD_REQUEST, "printable"},
        {{"11 rd", "12 #0", "15 lwm2m=1.1"}, "</3/0>", SG_COAP_UNSUPPORTED_FORMAT, "link format"},
        {{"11 rd", "15 lwm2m=1.1"}, longest, SG_COAP_TOO_LARGE, "1023"},
        {{"11 rd", "15 lwm2m=1.1", "27 #14"}, "</3/0>", SG_COAP_TOO_LARGE, "blocks"}, /* 0, more, 1024 */
    };
    connect_as(w, ALICE, A);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct message m = {.type = SG_COAP_CON, .code = SG_COAP_POST, .mid = (uint16_t)(100 + i)};
        memcpy(m.options, bad[i].options, sizeof bad[i].options);
        m.payload = bad[i].payload;
        assert_int_equal(request(w, A, &m), bad[i].code);
        assert_int_equal(w->event_count, i + 1);
        assert_int_equal(w->events[i].what, DESK_REFUSED);
        if (strstr(w->events[i].reason, bad[i].says) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", w->events[i].reason, bad[i].says);
        assert_false(row_of(w, A)->registered);
    }
}

static void what_is_no_registration(void **state)
{
    struct world *w = *state;
    register_as(w, ALICE, A, 1);
    assert_int_equal(request(w, A, &(struct message){SG_COAP_CON, SG_COAP_GET, 2, {0}, {"11 rd"}, NULL}),
                     SG_COAP_METHOD_NOT_ALLOWED);
    assert_int_equal(request(w, A, &(struct message){SG_COAP_CON, SG_COAP_GET, 3, {0}, {"11 secret"}, NULL}),
                     SG_COAP_NOT_FOUND);
    assert_int_equal(request(w, A, &(struct message){SG_COAP_CON, SG_COAP_POST, 4, {0}, {NULL}, NULL}),
                     SG_COAP_NOT_FOUND);
    assert_int_equal(
        request(w, A, &(struct message){SG_COAP_CON, SG_COAP_POST, 5, {0}, {"9 x", "11 rd"}, NULL}), /* critical */
        SG_COAP_BAD_OPTION);
    assert_int_equal(request(w, A, &(struct message){SG_COAP_CON, SG_COAP_GET, 6, {0}, {"35 coap://x/"}, NULL}),
                     SG_COAP_PROXYING);
    assert_true(row_of(w, A)->registered);
}

static uint8_t update(struct world *w, uint64_t assoc, uint16_t mid, uint8_t code, const char *id, const char *query)
{
    char path[40];
    snprintf(path, sizeof path, "11 %s", id);
    return request(w, assoc, &(struct message){SG_COAP_CON, code, mid, {0}, {"11 rd", path, query}, NULL});
}

static void updates_prolong(void **state)
{
    struct world *w = *state;
    register_as(w, ALICE, A, 1); /* lifetime 300 s */
    struct row *r = row_of(w, A);
    pass(w, 299000);
    assert_int_equal(update(w, A, 2, SG_COAP_POST, r->location + 4, NULL), SG_COAP_CHANGED);
    assert_int_equal(w->events[1].what, DESK_UPDATED);
    pass(w, 299000);
    assert_true(r->registered);
    assert_int_equal(update(w, A, 3, SG_COAP_POST, r->location + 4, "15 lt=10"), SG_COAP_CHANGED);
    assert_int_equal(r->lifetime, 10);
    assert_string_equal(r->objects, OBJECTS);
    pass(w, 10001);
    assert_false(r->registered);
    assert_int_equal(w->events[w->event_count - 1].what, DESK_EXPIRED);
    assert_int_equal(update(w, A, 5, SG_COAP_POST, r->location + 4, NULL), SG_COAP_NOT_FOUND);
    assert_int_equal(w->desk.registered, 0);
    assert_int_equal(w->desk.connected, 1); /* its association lives on: it registers anew with it */
}

static void an_update_may_bring_new_objects(void **state)
{
    struct world *w = *state;
    register_as(w, ALICE, A, 1);
    struct row *r = row_of(w, A);
    char path[40];
    snprintf(path, sizeof path, "11 %s", r->location + 4);
    struct message m = {SG_COAP_CON, SG_COAP_POST, 2, {0}, {"11 rd", path, "12 #40", "15 b=T"}, "</3/0>"};
    assert_int_equal(request(w, A, &m), SG_COAP_CHANGED);
    assert_string_equal(r->objects, "</3/0>");
    assert_string_equal(r->binding, "T");
    m.mid = 3;
    m.payload = "<<<";
    assert_int_equal(request(w, A, &m), SG_COAP_BAD_REQUEST);
    assert_string_equal(r->objects, "</3/0>");
}

static void a_location_is_its_devices_own(void **state)
{
    struct world *w = *state;
    register_as(w, ALICE, A, 1);
    register_as(w, BOB, B, 1);
    const char *alices = row_of(w, A)->location + 4;
    assert_int_equal(update(w, B, 2, SG_COAP_POST, alices, NULL), SG_COAP_NOT_FOUND);
    assert_int_equal(update(w, B, 3, SG_COAP_DELETE, alices, NULL), SG_COAP_NOT_FOUND);
    assert_int_equal(update(w, A, 4, SG_COAP_POST, "ffffffffff", NULL), SG_COAP_NOT_FOUND);
    assert_int_equal(update(w, A, 5, SG_COAP_POST, "", NULL), SG_COAP_NOT_FOUND);
    assert_int_equal(update(w, A, 6, SG_COAP_POST, "000000000000000000000000000000", NULL), SG_COAP_NOT_FOUND);
    assert_int_equal(update(w, A, 7, SG_COAP_GET, alices, NULL), SG_COAP_METHOD_NOT_ALLOWED);
    assert_true(row_of(w, A)->registered);
    assert_int_equal(update(w, A, 8, SG_COAP_DELETE, alices, NULL), SG_COAP_DELETED);
    assert_false(row_of(w, A)->registered);
    assert_int_equal(w->events[w->event_count - 1].what, DESK_DEREGISTERED);
    assert_true(row_of(w, B)->registered);
}

static void a_lifetime_of_zero_never_ends(void **state)
{
    struct world *w = *state;
    connect_as(w, ALICE, A);
    assert_int_equal(
        request(w, A,
                &(struct message){SG_COAP_CON, SG_COAP_POST, 1, {0}, {"11 rd", "15 lwm2m=1.1", "15 lt=0"}, "</3/0>"}),
        SG_COAP_CREATED);
    pass(w, UINT64_C(1000) * 86400 * 3650);
    assert_true(row_of(w, A)->registered);
}

static void a_request_that_comes_twice_is_done_once(void **state)
{
    struct world *w = *state;
    connect_as(w, ALICE, A);
    const struct message m = {SG_COAP_CON, SG_COAP_POST, 9, sg_str("t"), {"11 rd", "15 lwm2m=1.1"}, "</3/0>"};
    say(w, A, &m);
    say(w, A, &m);
    assert_int_equal(w->sent_count, 2);
    assert_int_equal(w->sent[0].n, w->sent[1].n);
    assert_memory_equal(w->sent[0].p, w->sent[1].p, w->sent[0].n);
    assert_int_equal(w->event_count, 1);
    pass(w, 248000); /* EXCHANGE_LIFETIME later the number means another message */
    say(w, A, &m);
    assert_int_equal(w->event_count, 2);
}

static void garbage_gets_no_echo(void **state)
{
    struct world *w = *state;
    connect_as(w, ALICE, A);
    static const struct {
        const char *p;
        size_t n;
        bool reset;
    } garbage[] = {
        {"", 0, false},
        {"\x40", 1, false},
        {"\xff\xff\xff\xff", 4, false},        /* version 3 */
        {"\x50\x01\x00\x07\xff", 5, false},    /* NON, a marker without payload */
        {"\x40\x01\x00\x08\xff", 5, true},     /* CON, the same: RFC 7252 section 4.2 */
        {"\x40\x00\x00\x09", 4, true},         /* a ping: section 4.3 */
        {"\x40\x21\x00\x0a", 4, true},         /* a reserved class, 1.01 */
        {"\x60\x01\x00\x0b", 4, false},        /* an acknowledgement that asks */
        {"\x70\x00\x00\x0c", 4, false},        /* a reset of nothing */
        {"\x60\x45\x00\x0d", 4, false},        /* an answer to nothing */
        {"\x50\x45\x00\x0e", 4, false},        /* the same, not confirmable */
        {"\x40\x45\x00\x0f", 4, true},         /* the same, confirmable */
        {"\x51\x45\x00\x10\x01\x60", 6, true}, /* a notification that nobody asked for: RFC 7641 section 3.6 */
        {"\x50\x01\x00\x11\x91x", 6, false},   /* NON with an unknown critical option: section 5.4.1 */
    };
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        sg_server_desk_input(&w->desk, A, sg_bytes(garbage[i].p, garbage[i].n));
        if (garbage[i].reset) {
            struct sg_coap m = hear(w, A);
            assert_int_equal(m.type, SG_COAP_RST);
            assert_int_equal(m.code, SG_COAP_EMPTY);
            assert_int_equal(m.mid, garbage[i].p[3]);
        }
        if (w->taken != w->sent_count)
            fail_msg("garbage %zu was answered", i);
    }
    sg_server_desk_input(&w->desk, 99, sg_bytes("\x40\x00\x00\x09", 4)); /* of an association that is none */
    hear_nothing(w);
}

static void the_newest_association_is_the_device(void **state)
{
    struct world *w = *state;
    register_as(w, ALICE, A, 1);
    struct row *r = row_of(w, A);
    assert_int_equal(connect_as(w, ALICE, 33), 0);
    assert_int_equal(w->closed_count, 1);
    assert_int_equal(w->closed[0], A);
    assert_int_equal(w->alerts[0], 0);
    assert_null(row_of(w, A));
    assert_ptr_equal(row_of(w, 33), r);
    assert_true(r->registered);
    assert_int_equal(update(w, 33, 2, SG_COAP_POST, r->location + 4, NULL), SG_COAP_CHANGED);
    assert_int_equal(w->desk.connected, 1);
}

static void a_registration_outlives_its_association(void **state)
{
    struct world *w = *state;
    register_as(w, ALICE, A, 1);
    connect_as(w, BOB, B);
    sg_server_desk_closed(&w->desk, A);
    sg_server_desk_closed(&w->desk, B);
    assert_non_null(sg_server_desk_find(&w->desk, ALICE));
    assert_null(sg_server_desk_find(&w->desk, BOB)); /* nothing is left of it */
    assert_int_equal(w->desk.connected, 0);
    assert_int_equal(w->desk.registered, 1);
    pass(w, 301000);
    assert_int_equal(w->events[w->event_count - 1].what, DESK_EXPIRED);
    assert_null(sg_server_desk_find(&w->desk, ALICE));
    assert_int_equal(w->desk.free_count, w->used);
}

static void a_full_desk_says_so(void **state)
{
    struct world *w = *state;
    char name[32];
    w->no_room = true;
    assert_int_equal(connect_as(w, "too-early", 99), SG_ENOSPC);
    assert_int_equal(w->used, 0);
    w->no_room = false;
    for (unsigned i = 0; i < ROWS; i++) {
        snprintf(name, sizeof name, "device-%u", i);
        assert_int_equal(connect_as(w, name, 100 + i), 0);
    }
    assert_int_equal(connect_as(w, "one-more", 200), SG_ENOSPC);
    assert_int_equal(connect_as(w, "device-2", 201), 0); /* it has its row */
    sg_server_desk_closed(&w->desk, 103);
    assert_int_equal(connect_as(w, "one-more", 202), 0);
}

static void a_device_is_dropped_whole(void **state)
{
    struct world *w = *state;
    register_as(w, ALICE, A, 1);
    register_as(w, BOB, B, 1);
    struct dropped what = sg_server_desk_drop(&w->desk, ALICE, 49);
    assert_int_equal(what.associations, 1);
    assert_int_equal(what.registrations, 1);
    assert_int_equal(w->closed[0], A);
    assert_int_equal(w->alerts[0], 49);
    assert_null(sg_server_desk_find(&w->desk, ALICE));
    assert_non_null(sg_server_desk_find(&w->desk, BOB));
    what = sg_server_desk_drop(&w->desk, ALICE, 49);
    assert_int_equal(what.associations + what.registrations, 0);
    sg_server_desk_input(&w->desk, A, sg_bytes("\x40\x00\x00\x09", 4));
    hear_nothing(w);
}

static void rows_outlive_the_desk(void **state)
{
    struct world *w = *state;
    register_as(w, ALICE, A, 1);
    register_as(w, BOB, B, 1);
    struct row *alice = row_of(w, A);
    uint16_t mid = alice->next_mid;
    sg_server_row_open(row_of(w, B)); /* the process dies here */
    struct desk_ports ports = w->desk.ports;
    sg_server_desk_free(&w->desk);
    assert_int_equal(sg_server_desk_init(&w->desk, &ports, w->rows, &w->used, ROWS), 0);
    w->desk.now = 1005000;
    assert_ptr_equal(row_of(w, A), alice);
    assert_true(alice->registered);
    assert_int_equal(alice->next_mid, mid);
    assert_null(row_of(w, B)); /* half-written: as if it had never been */
    assert_int_equal(w->desk.free_count, w->used - 1);
    assert_int_equal(w->desk.registered, 1);
    assert_int_equal(update(w, A, 2, SG_COAP_POST, alice->location + 4, NULL), SG_COAP_CHANGED);
    pass(w, 301000);
    assert_false(alice->registered); /* its time went on */
}

static void a_damaged_row_is_emptied(void **state)
{
    struct world *w = *state;
    register_as(w, ALICE, A, 1);
    memset(row_of(w, A)->objects, 'x', sizeof w->rows[0].objects);
    struct desk_ports ports = w->desk.ports;
    sg_server_desk_free(&w->desk);
    assert_int_equal(sg_server_desk_init(&w->desk, &ports, w->rows, &w->used, ROWS), 0);
    assert_null(sg_server_desk_find(&w->desk, ALICE));
    assert_int_equal(w->desk.free_count, 1);
}

/* The process died between a row's making and its association. */
static void a_row_of_nobody_is_emptied(void **state)
{
    struct world *w = *state;
    connect_as(w, ALICE, A);
    row_of(w, A)->assoc = 0;
    struct desk_ports ports = w->desk.ports;
    sg_server_desk_free(&w->desk);
    assert_int_equal(sg_server_desk_init(&w->desk, &ports, w->rows, &w->used, ROWS), 0);
    assert_null(sg_server_desk_find(&w->desk, ALICE));
    assert_int_equal(w->desk.free_count, 1);
}

static void a_registration_is_carried_over(void **state)
{
    struct world *w = *state;
    struct row from;
    register_as(w, ALICE, A, 1);
    from = *row_of(w, A);
    sg_server_desk_drop(&w->desk, ALICE, 0);
    sg_server_desk_carry(&w->desk, &from); /* it is not here any more: nothing */
    assert_null(sg_server_desk_find(&w->desk, ALICE));
    connect_as(w, ALICE, 44);
    sg_server_desk_carry(&w->desk, &from);
    assert_true(row_of(w, 44)->registered);
    assert_int_equal(w->desk.registered, 1);
    assert_int_equal(update(w, 44, 2, SG_COAP_POST, from.location + 4, NULL), SG_COAP_CHANGED);
    pass(w, 5000);
    register_as(w, ALICE, 44, 3); /* newer than what comes late */
    sg_server_desk_carry(&w->desk, &from);
    assert_string_not_equal(row_of(w, 44)->location, from.location);
}

static void deadlines_come_in_order(void **state)
{
    (void)state;
    struct timers t;
    uint32_t row;
    enum { N = 200 };
    uint64_t at[N];
    uint32_t seed = 7;
    assert_true(sg_server_timers_init(&t, N));
    for (int round = 0; round < 5; round++) {
        for (uint32_t i = 0; i < N; i++) {
            seed = seed * 1103515245 + 12345;
            at[i] = seed >> 8 & 1 ? seed >> 16 : UINT64_MAX;
            sg_server_timers_set(&t, i, at[i]);
        }
    }
    uint64_t last = 0, first;
    uint32_t n = 0, expect = 0;
    for (uint32_t i = 0; i < N; i++)
        expect += at[i] != UINT64_MAX;
    while ((first = sg_server_timers_first(&t, &row)) != UINT64_MAX) {
        assert_true(first >= last);
        assert_true(first == at[row]);
        last = first;
        n++;
        sg_server_timers_set(&t, row, UINT64_MAX);
    }
    assert_int_equal(n, expect);
    sg_server_timers_free(&t);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(a_device_registers),
        WITH_WORLD(the_name_may_be_left_to_the_certificate),
        WITH_WORLD(another_name_is_refused_with_both),
        WITH_WORLD(bad_requests_are_refused_with_a_reason),
        WITH_WORLD(what_is_no_registration),
        WITH_WORLD(updates_prolong),
        WITH_WORLD(an_update_may_bring_new_objects),
        WITH_WORLD(a_location_is_its_devices_own),
        WITH_WORLD(a_lifetime_of_zero_never_ends),
        WITH_WORLD(a_request_that_comes_twice_is_done_once),
        WITH_WORLD(garbage_gets_no_echo),
        WITH_WORLD(the_newest_association_is_the_device),
        WITH_WORLD(a_registration_outlives_its_association),
        WITH_WORLD(a_full_desk_says_so),
        WITH_WORLD(a_device_is_dropped_whole),
        WITH_WORLD(rows_outlive_the_desk),
        WITH_WORLD(a_damaged_row_is_emptied),
        WITH_WORLD(a_row_of_nobody_is_emptied),
        WITH_WORLD(a_registration_is_carried_over),
        cmocka_unit_test(deadlines_come_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
