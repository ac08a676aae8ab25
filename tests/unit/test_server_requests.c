/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to devices and observations: what goes out, when it goes out again, and what each answer means. */
#include "server_world.h"

struct result {
    struct ask ask;
    int calls, rc;
    uint8_t code;
    char payload[64];
};

static void done(struct desk *d, struct ask *a, int rc, const struct sg_coap *reply)
{
    struct result *r = a->user;
    (void)d;
    r->calls++;
    r->rc = rc;
    if (rc != 0) {
        assert_null(reply);
        return;
    }
    r->code = reply->code;
    snprintf(r->payload, sizeof r->payload, "%.*s", (int)reply->payload.n, (const char *)reply->payload.p);
}

static void ask(struct world *w, uint64_t assoc, const struct sg_server_request *q, struct result *r)
{
    struct row *row = row_of(w, assoc);
    memset(r, 0, sizeof *r);
    r->rc = 1;
    r->ask.done = done;
    r->ask.user = r;
    r->ask.until = w->desk.now + 200000;
    assert_int_equal(sg_server_ask_build(&w->desk, row, q, -1, &r->ask), 0);
    sg_server_ask(&w->desk, row, &r->ask);
}

static const struct sg_server_request read_303 = {SG_READ, {3, {3, 0, 3}}, -1, {0}};

/* A device's answer to the message `q` of ours. */
static void reply(struct world *w, uint64_t assoc, const struct sg_coap *q, enum sg_coap_type type, uint16_t mid,
                  uint8_t code, const char *option, const char *payload)
{
    say(w, assoc, &(struct message){type, code, mid, sg_bytes(q->token, q->token_len), {option}, payload});
}

static void each_operation_has_its_message(void **state)
{
    struct world *w = *state;
    static const struct {
        struct sg_server_request q;
        uint8_t code;
        int accept, format;
        const char *payload;
    } all[] = {
        {{SG_READ, {3, {3, 0, 0}}, -1, {0}}, SG_COAP_GET, -1, -1, ""},
        {{SG_READ, {1, {3}}, SG_TLV, {0}}, SG_COAP_GET, SG_TLV, -1, ""},
        {{SG_DISCOVER, {1, {3}}, -1, {0}}, SG_COAP_GET, SG_LINK, -1, ""},
        {{SG_WRITE, {3, {3303, 0, 5750}}, SG_TEXT, {(const uint8_t *)"cellar", 6}}, SG_COAP_PUT, -1, SG_TEXT, "cellar"},
        {{SG_WRITE, {3, {3303, 0, 5750}}, SG_OCTETS, {(const uint8_t *)"", 0}}, SG_COAP_PUT, -1, SG_OCTETS, ""},
        {{SG_EXECUTE, {3, {3, 0, 4}}, -1, {0}}, SG_COAP_POST, -1, -1, ""},
        {{SG_EXECUTE, {3, {3, 0, 4}}, -1, {(const uint8_t *)"0='5'", 5}}, SG_COAP_POST, -1, SG_TEXT, "0='5'"},
    };
    register_as(w, ALICE, A, 1);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct result r;
        struct sg_path path;
        ask(w, A, &all[i].q, &r);
        struct sg_coap m = hear(w, A);
        assert_int_equal(m.type, SG_COAP_CON);
        assert_int_equal(m.code, all[i].code);
        assert_int_equal(m.token_len, 8);
        assert_int_equal(sg_path_from_coap(&m, &path), 0);
        assert_true(sg_path_eq(&path, &all[i].q.path));
        assert_int_equal((int)sg_coap_find_uint(&m, SG_COAP_OPT_ACCEPT, UINT32_MAX), all[i].accept);
        assert_int_equal((int)sg_coap_find_uint(&m, SG_COAP_OPT_CONTENT_FORMAT, UINT32_MAX), all[i].format);
        assert_true(sg_bytes_eq_str(m.payload, all[i].payload));
        reply(w, A, &m, SG_COAP_ACK, m.mid, SG_COAP_CONTENT, NULL, "yes");
        assert_int_equal(r.calls, 1);
        assert_int_equal(r.rc, 0);
        assert_int_equal(r.code, SG_COAP_CONTENT);
        assert_string_equal(r.payload, "yes");
        reply(w, A, &m, SG_COAP_ACK, m.mid, SG_COAP_CONTENT, NULL, "again"); /* a duplicate */
        assert_int_equal(r.calls, 1);
        hear_nothing(w);
    }
}

static void an_answer_may_come_by_itself(void **state)
{
    struct world *w = *state;
    struct result r;
    register_as(w, ALICE, A, 1);
    ask(w, A, &read_303, &r);
    struct sg_coap q = hear(w, A);
    reply(w, A, &(struct sg_coap){0}, SG_COAP_ACK, q.mid, SG_COAP_EMPTY, NULL, NULL);
    pass(w, 60000); /* it was taken: nothing is sent again */
    hear_nothing(w);
    assert_int_equal(r.calls, 0);
    reply(w, A, &q, SG_COAP_CON, 77, SG_COAP_CONTENT, NULL, "late");
    struct sg_coap m = hear(w, A);
    assert_int_equal(m.type, SG_COAP_ACK);
    assert_int_equal(m.code, SG_COAP_EMPTY);
    assert_int_equal(m.mid, 77);
    assert_int_equal(r.calls, 1);
    assert_string_equal(r.payload, "late");
    reply(w, A, &q, SG_COAP_CON, 77, SG_COAP_CONTENT, NULL, "late"); /* our acknowledgement was lost */
    m = hear(w, A);
    assert_int_equal(m.type, SG_COAP_ACK);
    ask(w, A, &read_303, &r);
    q = hear(w, A);
    reply(w, A, &q, SG_COAP_NON, 78, SG_COAP_NOT_FOUND, NULL, NULL); /* its acknowledgement was lost */
    assert_int_equal(r.rc, 0);
    assert_int_equal(r.code, SG_COAP_NOT_FOUND);
    hear_nothing(w);
}

static void one_is_outstanding_the_others_wait(void **state)
{
    struct world *w = *state;
    struct result r[3];
    register_as(w, ALICE, A, 1);
    register_as(w, BOB, B, 1);
    for (int i = 0; i < 2; i++)
        ask(w, A, &read_303, &r[i]);
    ask(w, B, &read_303, &r[2]);
    struct sg_coap first = hear(w, A);
    struct sg_coap bobs = hear(w, B); /* another device waits for nobody */
    hear_nothing(w);
    reply(w, A, &(struct sg_coap){0}, SG_COAP_ACK, first.mid, SG_COAP_EMPTY, NULL, NULL);
    struct sg_coap second = hear(w, A); /* the first is no longer outstanding: RFC 7252 section 4.7 */
    assert_memory_not_equal(first.token, second.token, 8);
    assert_int_not_equal(first.mid, second.mid);
    reply(w, A, &second, SG_COAP_ACK, second.mid, SG_COAP_CONTENT, NULL, "2");
    reply(w, A, &first, SG_COAP_NON, 5, SG_COAP_CONTENT, NULL, "1");
    reply(w, B, &bobs, SG_COAP_ACK, bobs.mid, SG_COAP_CONTENT, NULL, "3");
    assert_string_equal(r[0].payload, "1");
    assert_string_equal(r[1].payload, "2");
    assert_string_equal(r[2].payload, "3");
}

static void it_is_sent_again_until_given_up(void **state)
{
    struct world *w = *state;
    struct result r;
    register_as(w, ALICE, A, 1);
    connect_as(w, ALICE, A + 1); /* no expiry within this test */
    row_of(w, A + 1)->expires = UINT64_MAX;
    ask(w, A + 1, &read_303, &r);
    struct sg_coap first = hear(w, A + 1);
    uint64_t begun = w->desk.now;
    int sent = 1;
    while (r.calls == 0) {
        uint64_t at = sg_server_desk_deadline(&w->desk);
        assert_true(at != UINT64_MAX && at > w->desk.now);
        pass(w, at - w->desk.now);
        while (w->taken < w->sent_count) {
            struct sg_coap again = hear(w, A + 1);
            assert_int_equal(again.mid, first.mid);
            sent++;
        }
    }
    assert_int_equal(sent, 5); /* MAX_RETRANSMIT 4 */
    assert_int_equal(r.rc, SG_ETIMEOUT);
    assert_in_range(w->desk.now - begun, 62000, 93000); /* MAX_TRANSMIT_WAIT */
    reply(w, A + 1, &first, SG_COAP_ACK, first.mid, SG_COAP_CONTENT, NULL, "too late");
    assert_int_equal(r.calls, 1);
    hear_nothing(w);
}

static void the_askers_patience_ends_earlier(void **state)
{
    struct world *w = *state;
    struct result r[2];
    register_as(w, ALICE, A, 1);
    for (int i = 0; i < 2; i++) {
        ask(w, A, &read_303, &r[i]);
        r[i].ask.until = w->desk.now + 1000;
    }
    sg_server_desk_schedule(&w->desk, row_of(w, A));
    pass(w, 1000);
    assert_int_equal(r[0].rc, SG_ETIMEOUT);
    assert_int_equal(r[1].rc, SG_ETIMEOUT); /* it never went out */
    (void)hear(w, A);
    hear_nothing(w);
    pass(w, 100000);
    hear_nothing(w);
}

static void what_else_ends_a_request(void **state)
{
    struct world *w = *state;
    struct result r;
    register_as(w, ALICE, A, 1);

    ask(w, A, &read_303, &r);
    struct sg_coap q = hear(w, A);
    reply(w, A, &(struct sg_coap){0}, SG_COAP_RST, q.mid, SG_COAP_EMPTY, NULL, NULL);
    assert_int_equal(r.rc, SG_EIO);

    ask(w, A, &read_303, &r);
    q = hear(w, A);
    reply(w, A, &q, SG_COAP_ACK, q.mid, SG_COAP_CONTENT, "23 #14", "first of many"); /* block 0, more follow */
    assert_int_equal(r.rc, SG_ENOSPC);

    ask(w, A, &read_303, &r);
    q = hear(w, A);
    reply(w, A, &q, SG_COAP_ACK, q.mid, SG_COAP_CONTENT, "9 critical", "x");
    assert_int_equal(r.rc, SG_EFORMAT);

    ask(w, A, &read_303, &r);
    q = hear(w, A);
    struct sg_coap other = {.token_len = 2, .token = {1, 2}};
    reply(w, A, &other, SG_COAP_ACK, q.mid, SG_COAP_CONTENT, NULL, "of another"); /* not its token */
    assert_int_equal(r.calls, 0);
    sg_server_desk_closed(&w->desk, A);
    assert_int_equal(r.rc, SG_ECLOSED);

    register_as(w, ALICE, A, 2);
    ask(w, A, &read_303, &r);
    (void)hear(w, A);
    sg_server_desk_drop(&w->desk, ALICE, 49);
    assert_int_equal(r.rc, SG_ECLOSED);

    register_as(w, ALICE, A, 3);
    w->send_result = SG_ENOSPC;
    ask(w, A, &read_303, &r);
    assert_int_equal(r.rc, SG_ENOSPC);
    w->send_result = 0;
    uint8_t big[1400] = {0};
    const struct sg_server_request write = {SG_WRITE, {3, {5, 0, 0}}, SG_OCTETS, {big, sizeof big}};
    assert_int_equal(sg_server_ask_build(&w->desk, row_of(w, A), &write, -1, &r.ask), SG_ENOSPC);
}

static void a_request_survives_a_new_handshake(void **state)
{
    struct world *w = *state;
    struct result r;
    register_as(w, ALICE, A, 1);
    ask(w, A, &read_303, &r);
    struct sg_coap q = hear(w, A);
    connect_as(w, ALICE, 33);
    assert_int_equal(r.calls, 0);
    pass(w, 3000);
    struct sg_coap again = hear(w, 33);
    assert_int_equal(again.mid, q.mid);
    reply(w, 33, &again, SG_COAP_ACK, again.mid, SG_COAP_CONTENT, NULL, "here");
    assert_string_equal(r.payload, "here");
}

/* -------------------------------------------------------------------------------------------------- observations */

static struct {
    int calls, begun, begun_rc;
    bool ended;
    uint8_t code;
    int format;
    char payload[64], endpoint[64];
} seen;

static void notified(void *user, const struct sg_server_notification *n)
{
    (void)user;
    seen.calls++;
    seen.ended = n->ended;
    seen.code = n->code;
    seen.format = n->format;
    snprintf(seen.payload, sizeof seen.payload, "%.*s", (int)n->payload.n, (const char *)n->payload.p);
    snprintf(seen.endpoint, sizeof seen.endpoint, "%s", n->endpoint);
}

static void begun(void *user, int rc)
{
    (void)user;
    seen.begun++;
    seen.begun_rc = rc;
}

/* Observes /3303/0/5700 of Alice; returns our request. */
static struct sg_coap observe(struct world *w, uint64_t *handle)
{
    struct watch *watch = calloc(1, sizeof *watch);
    memset(&seen, 0, sizeof seen);
    *watch = (struct watch){.path = {3, {3303, 0, 5700}}, .fn = notified, .begun = begun};
    register_as(w, ALICE, A, 1);
    sg_server_watch(&w->desk, row_of(w, A), watch, 2, w->desk.now + 10000, handle);
    struct sg_coap q = hear(w, A);
    assert_int_equal(q.code, SG_COAP_GET);
    assert_int_equal(sg_coap_find_uint(&q, SG_COAP_OPT_OBSERVE, 99), 0);
    assert_int_equal(*handle >> 56, 2);
    return q;
}

static void notify(struct world *w, const struct sg_coap *q, enum sg_coap_type type, uint16_t mid, uint32_t seq,
                   const char *payload)
{
    char option[24];
    snprintf(option, sizeof option, "6 #%u", seq);
    say(w, A,
        &(struct message){type, SG_COAP_CONTENT, mid, sg_bytes(q->token, q->token_len), {option, "12 #0"}, payload});
}

static void values_come_in_order(void **state)
{
    struct world *w = *state;
    uint64_t handle;
    struct sg_coap q = observe(w, &handle);
    notify(w, &q, SG_COAP_ACK, q.mid, 5, "20.0");
    assert_int_equal(seen.begun, 1);
    assert_int_equal(seen.begun_rc, 0);
    assert_int_equal(seen.calls, 1);
    assert_string_equal(seen.payload, "20.0");
    assert_string_equal(seen.endpoint, ALICE);
    assert_int_equal(seen.format, SG_TEXT);
    notify(w, &q, SG_COAP_CON, 200, 7, "21.0");
    struct sg_coap m = hear(w, A);
    assert_int_equal(m.type, SG_COAP_ACK);
    assert_int_equal(m.mid, 200);
    notify(w, &q, SG_COAP_NON, 201, 6, "20.5"); /* overtaken */
    notify(w, &q, SG_COAP_NON, 202, 7, "21.0"); /* a copy */
    assert_int_equal(seen.calls, 2);
    notify(w, &q, SG_COAP_CON, 200, 7, "21.0"); /* our acknowledgement was lost */
    assert_int_equal(hear(w, A).type, SG_COAP_ACK);
    assert_int_equal(seen.calls, 2);
    notify(w, &q, SG_COAP_NON, 203, 8, "22.0");
    assert_int_equal(seen.calls, 3);
    pass(w, 128001); /* RFC 7641 section 3.4 */
    notify(w, &q, SG_COAP_NON, 204, 1, "23.0");
    assert_string_equal(seen.payload, "23.0");
    notify(w, &q, SG_COAP_NON, 205, 0xffffff, "old"); /* numbers are circular: this is before 1 */
    assert_string_equal(seen.payload, "23.0");
    hear_nothing(w);
}

static void an_observation_is_ended_by_us(void **state)
{
    struct world *w = *state;
    uint64_t handle;
    struct sg_coap q = observe(w, &handle);
    notify(w, &q, SG_COAP_ACK, q.mid, 1, "20.0");
    sg_server_unwatch(&w->desk, handle);
    struct sg_coap cancel = hear(w, A);
    assert_int_equal(cancel.code, SG_COAP_GET);
    assert_int_equal(sg_coap_find_uint(&cancel, SG_COAP_OPT_OBSERVE, 99), 1);
    assert_memory_equal(cancel.token, q.token, 8);
    reply(w, A, &cancel, SG_COAP_ACK, cancel.mid, SG_COAP_CONTENT, NULL, "20.0");
    assert_int_equal(seen.calls, 1);
    notify(w, &q, SG_COAP_CON, 300, 2, "21.0"); /* it did not listen */
    assert_int_equal(hear(w, A).type, SG_COAP_RST);
    sg_server_unwatch(&w->desk, handle); /* twice does no harm, nor does a number that never was */
    sg_server_unwatch(&w->desk, UINT64_MAX);
    hear_nothing(w);
    assert_int_equal(seen.calls, 1);
}

static void an_observation_is_ended_by_the_device(void **state)
{
    struct world *w = *state;
    uint64_t handle;
    struct sg_coap q = observe(w, &handle);
    reply(w, A, &q, SG_COAP_ACK, q.mid, SG_COAP_NOT_FOUND, NULL, NULL); /* it has no such resource */
    assert_int_equal(seen.begun, 1);
    assert_true(seen.ended);
    assert_int_equal(seen.code, SG_COAP_NOT_FOUND);
    assert_int_equal(seen.calls, 1);

    q = observe(w, &handle);
    reply(w, A, &q, SG_COAP_ACK, q.mid, SG_COAP_CONTENT, NULL, "20.0"); /* it answers, and does not observe */
    assert_int_equal(seen.calls, 2);
    assert_true(seen.ended);

    q = observe(w, &handle);
    notify(w, &q, SG_COAP_ACK, q.mid, 1, "20.0");
    reply(w, A, &q, SG_COAP_CON, 301, SG_COAP_NOT_FOUND, NULL, NULL); /* the resource is gone */
    assert_int_equal(hear(w, A).type, SG_COAP_ACK);
    assert_true(seen.ended);
    assert_int_equal(seen.code, SG_COAP_NOT_FOUND);

    q = observe(w, &handle);
    notify(w, &q, SG_COAP_ACK, q.mid, 1, "20.0");
    sg_server_desk_drop(&w->desk, ALICE, 49);
    assert_true(seen.ended);
    assert_int_equal(seen.code, 0);

    q = observe(w, &handle);
    pass(w, 10000); /* no answer */
    assert_int_equal(seen.begun, 1);
    assert_int_equal(seen.begun_rc, SG_ETIMEOUT);
    assert_int_equal(seen.calls, 0);
}

static void an_observation_begins_again_with_a_registration(void **state)
{
    struct world *w = *state;
    uint64_t handle;
    struct sg_coap q = observe(w, &handle);
    notify(w, &q, SG_COAP_ACK, q.mid, 50, "20.0");
    sg_server_desk_closed(&w->desk, A); /* the device starts anew */
    assert_false(seen.ended);
    connect_as(w, ALICE, A);
    register_as(w, ALICE, A, 900);
    struct sg_coap again = hear(w, A);
    assert_int_equal(sg_coap_find_uint(&again, SG_COAP_OPT_OBSERVE, 99), 0);
    assert_memory_equal(again.token, q.token, 8);
    notify(w, &again, SG_COAP_ACK, again.mid, 1, "30.0"); /* its numbers begin anew */
    assert_string_equal(seen.payload, "30.0");
    assert_int_equal(seen.begun, 1);
    notify(w, &again, SG_COAP_NON, 901, 2, "31.0");
    assert_string_equal(seen.payload, "31.0");
    assert_false(seen.ended);
    pass(w, 301000); /* the registration ends: so does the observation */
    assert_true(seen.ended);
}

/* A device that registers over and over, and answers nothing, makes us hold one question about each observation. */
static void registrations_do_not_pile_up_questions(void **state)
{
    struct world *w = *state;
    uint64_t handle;
    struct sg_coap q = observe(w, &handle);
    notify(w, &q, SG_COAP_ACK, q.mid, 50, "20.0");
    for (uint16_t i = 0; i < 20; i++) {
        register_as(w, ALICE, A, (uint16_t)(900 + i));
        q = hear(w, A);
    }
    size_t n = 0;
    for (const struct ask *a = sg_server_desk_peer(&w->desk, row_of(w, A))->asks; a != NULL; a = a->next)
        n++;
    assert_int_equal(n, 1);
    notify(w, &q, SG_COAP_ACK, q.mid, 1, "30.0"); /* the last one counts */
    assert_string_equal(seen.payload, "30.0");
    assert_false(seen.ended);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(each_operation_has_its_message),
        WITH_WORLD(an_answer_may_come_by_itself),
        WITH_WORLD(one_is_outstanding_the_others_wait),
        WITH_WORLD(it_is_sent_again_until_given_up),
        WITH_WORLD(the_askers_patience_ends_earlier),
        WITH_WORLD(what_else_ends_a_request),
        WITH_WORLD(a_request_survives_a_new_handshake),
        WITH_WORLD(values_come_in_order),
        WITH_WORLD(an_observation_is_ended_by_us),
        WITH_WORLD(an_observation_is_ended_by_the_device),
        WITH_WORLD(an_observation_begins_again_with_a_registration),
        WITH_WORLD(registrations_do_not_pile_up_questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
