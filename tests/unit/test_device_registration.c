/* SPDX-License-Identifier: Apache-2.0 */
/* The registration interface of the device room: what is sent, when, and what each answer leads to. */
#include "device_line.h"

static struct line line;

static int fill(void **state)
{
    line_fill(&line);
    const struct sg_lwm2m_config config = line_config(&line);
    *state = &line;
    return sg_lwm2m_init(&line.client, &config);
}

/* The options of that number, joined by '&' (queries) or '/'. */
static const char *joined(const struct sg_coap *m, uint16_t number, char separator, char text[256])
{
    struct sg_buf b = sg_buf(text, 256);
    struct sg_coap_option o = {0};

    while (sg_coap_next(m, &o)) {
        if (o.number != number)
            continue;
        if (b.len > 0)
            sg_put_u8(&b, (uint8_t)separator);
        sg_put_bytes(&b, o.value);
    }
    return sg_buf_cstr(&b);
}

static void registers_as_lwm2m_1_1_says(void **state)
{
    struct line *l = *state;
    char text[256];

    assert_true(sg_lwm2m_deadline(&l->client) == UINT64_MAX);
    sg_lwm2m_register(&l->client, l->now);
    struct sg_coap m = line_only(l);
    assert_int_equal(m.type, SG_COAP_CON);
    assert_int_equal(m.code, SG_COAP_POST);
    assert_int_equal(m.token_len, 4);
    assert_string_equal(joined(&m, SG_COAP_OPT_URI_PATH, '/', text), "rd");
    assert_string_equal(joined(&m, SG_COAP_OPT_URI_QUERY, '&', text),
                        "ep=urn:imei:351516170000001&lt=300&lwm2m=1.1&b=U");
    assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_CONTENT_FORMAT, ANY), SG_LINK);
    assert_true(sg_bytes_eq_str(m.payload, "</>;rt=\"oma.lwm2m\";ct=\"60 112 11542\",</1/0>,</3/0>,</4/0>,</3303/0>"));

    line_answer(l, SG_COAP_CREATED, line_location);
    assert_int_equal(l->client.state, SG_LWM2M_IN_USE);
    assert_non_null(line_told(l, SG_LWM2M_REGISTERED));
    assert_string_equal(l->location, "rd/5a3f");
}

static void versions_and_empty_objects_are_named(void **state)
{
    struct line *l = *state;
    l->objects[0].version = "1.2";
    l->objects[1].instances = 0;
    l->objects[2].instances = 2;
    sg_lwm2m_register(&l->client, l->now);
    struct sg_coap m = line_only(l);
    assert_true(sg_bytes_eq_str(
        m.payload, "</>;rt=\"oma.lwm2m\";ct=\"60 112 11542\",</1/0>,</3>;ver=1.2,</3/0>,</4>,</3303/0>,</3303/1>"));
}

/* RFC 7252 section 4.2: five transmissions, the interval doubles, and after the fifth interval it is given up. */
static void lost_registrations_are_sent_again(void **state)
{
    struct line *l = *state;
    const uint64_t begin = l->now;
    uint64_t interval = 2168;

    sg_lwm2m_register(&l->client, l->now);
    for (size_t sent = 1; sent < 5; sent++) {
        assert_int_equal(l->sent, sent);
        assert_int_equal(sg_lwm2m_deadline(&l->client) - l->now, interval);
        line_tick(l, interval - 1);
        assert_int_equal(l->sent, sent);
        line_tick(l, 1);
        assert_int_equal(l->kept[sent].n, l->kept[0].n);
        assert_memory_equal(l->kept[sent].bytes, l->kept[0].bytes, l->kept[0].n);
        interval *= 2;
    }
    assert_null(line_told(l, SG_LWM2M_LOST));
    line_to_deadline(l);
    assert_int_equal(l->sent, 5);
    assert_non_null(line_told(l, SG_LWM2M_LOST));
    assert_int_equal(l->client.state, SG_LWM2M_IDLE);
    assert_int_equal(l->now - begin, 2168 * 31);
    assert_true(sg_lwm2m_deadline(&l->client) == UINT64_MAX);
}

static void a_late_answer_ends_the_repetition(void **state)
{
    struct line *l = *state;
    sg_lwm2m_register(&l->client, l->now);
    line_to_deadline(l);
    line_to_deadline(l);
    assert_int_equal(l->sent, 3);
    line_answer(l, SG_COAP_CREATED, line_location);
    assert_int_equal(l->client.state, SG_LWM2M_IN_USE);
    line_answer(l, SG_COAP_CREATED, line_location); /* the answer to a repetition */
    assert_int_equal(l->sent, 3);
    assert_int_equal(l->events, 1);
}

/* RFC 7252 section 5.2.2. */
static void a_separate_answer_is_acknowledged(void **state)
{
    struct line *l = *state;
    struct message m;

    sg_lwm2m_register(&l->client, l->now);
    struct sg_coap request = line_last(l);
    line_acknowledge(l, SG_COAP_ACK, request.mid);
    assert_int_equal(sg_lwm2m_deadline(&l->client) - l->now, 93000);
    l->now += 10000;
    message_begin(&m, SG_COAP_CON, SG_COAP_CREATED, 7, "");
    m.b = sg_buf(m.bytes, sizeof m.bytes);
    m.w = sg_coap_begin(&m.b, SG_COAP_CON, SG_COAP_CREATED, 7, sg_bytes(request.token, request.token_len));
    sg_coap_put_str(&m.w, SG_COAP_OPT_LOCATION_PATH, "rd");
    line_clear(l);
    message_put(l, &m);
    assert_int_equal(l->kept[0].n, 4);
    assert_memory_equal(l->kept[0].bytes, "\x60\x00\x00\x07", 4);
    assert_string_equal(l->location, "rd");
    message_put(l, &m); /* our acknowledgement was lost */
    assert_int_equal(l->sent, 2);
    assert_memory_equal(l->kept[1].bytes, "\x60\x00\x00\x07", 4);
    assert_int_equal(l->events, 1);
}

static void an_acknowledgement_without_answer_is_not_waited_for_for_ever(void **state)
{
    struct line *l = *state;
    sg_lwm2m_register(&l->client, l->now);
    line_acknowledge(l, SG_COAP_ACK, line_last(l).mid);
    line_tick(l, 92999);
    assert_null(line_told(l, SG_LWM2M_LOST));
    line_tick(l, 1);
    assert_int_equal(l->sent, 1);
    assert_non_null(line_told(l, SG_LWM2M_LOST));
}

static void answers_of_others_are_not_taken(void **state)
{
    struct line *l = *state;
    struct message m;

    sg_lwm2m_register(&l->client, l->now);
    struct sg_coap request = line_last(l);
    message_begin(&m, SG_COAP_ACK, SG_COAP_CREATED, request.mid, "othr");
    sg_coap_put_str(&m.w, SG_COAP_OPT_LOCATION_PATH, "rd");
    message_put(l, &m); /* right message id, wrong token */
    m.b = sg_buf(m.bytes, sizeof m.bytes);
    m.w = sg_coap_begin(&m.b, SG_COAP_ACK, SG_COAP_CREATED, (uint16_t)(request.mid + 1),
                        sg_bytes(request.token, request.token_len));
    sg_coap_put_str(&m.w, SG_COAP_OPT_LOCATION_PATH, "rd");
    message_put(l, &m); /* right token, wrong message id */
    line_acknowledge(l, SG_COAP_RST, (uint16_t)(request.mid + 1));
    assert_int_equal(l->client.state, SG_LWM2M_REGISTERING);
    assert_int_equal(l->events, 0);
    assert_int_equal(l->sent, 1);
    message_begin(&m, SG_COAP_CON, SG_COAP_CONTENT, 9, "othr"); /* a confirmable answer to nothing: section 4.2 */
    message_put(l, &m);
    assert_memory_equal(l->kept[1].bytes, "\x70\x00\x00\x09", 4);
}

static void a_reset_means_that_the_server_knows_nothing(void **state)
{
    struct line *l = *state;
    sg_lwm2m_register(&l->client, l->now);
    line_acknowledge(l, SG_COAP_RST, line_last(l).mid);
    assert_non_null(line_told(l, SG_LWM2M_LOST));
    assert_int_equal(l->client.state, SG_LWM2M_IDLE);
}

static void refusals_are_told_with_their_code(void **state)
{
    struct line *l = *state;
    static const uint8_t codes[] = {SG_COAP_BAD_REQUEST, SG_COAP_FORBIDDEN, SG_COAP_PRECONDITION_FAILED,
                                    SG_COAP_UNAVAILABLE};
    for (size_t i = 0; i < sizeof codes; i++) {
        line_clear(l);
        sg_lwm2m_register(&l->client, l->now);
        line_answer(l, codes[i], NULL);
        assert_int_equal(line_told(l, SG_LWM2M_REFUSED)->code, codes[i]);
        assert_int_equal(l->client.state, SG_LWM2M_IDLE);
        assert_true(sg_lwm2m_deadline(&l->client) == UINT64_MAX);
    }
}

static void unusable_locations_are_refused(void **state)
{
    struct line *l = *state;
    static const char too_long[] = "0123456789012345678901234567890123456789012345678901234567890123";
    static const char *const bad[][3] = {{NULL}, {"rd", "a/b", NULL}, {"rd", "", NULL}, {too_long, NULL}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        line_clear(l);
        sg_lwm2m_register(&l->client, l->now);
        line_answer(l, SG_COAP_CREATED, bad[i]);
        assert_int_equal(line_told(l, SG_LWM2M_REFUSED)->code, SG_COAP_CREATED);
        assert_int_equal(l->client.state, SG_LWM2M_IDLE);
    }
    line_clear(l);
    sg_lwm2m_register(&l->client, l->now);
    line_answer(l, SG_COAP_CREATED, (const char *const[]){too_long + 1, NULL});
    assert_string_equal(l->location, too_long + 1);
}

static void updates_come_before_the_lifetime_ends(void **state)
{
    struct line *l = *state;
    static const struct {
        uint32_t lifetime;
        uint64_t after;
    } rule[] = {{300, 207000}, {86400, 86307000}, {187, 94000}, {186, 93000}, {60, 30000}, {1, 500}};

    for (size_t i = 0; i < sizeof rule / sizeof rule[0]; i++) {
        l->client.lifetime = rule[i].lifetime;
        line_clear(l);
        sg_lwm2m_register(&l->client, l->now);
        line_answer(l, SG_COAP_CREATED, line_location);
        line_clear(l);
        assert_int_equal(sg_lwm2m_deadline(&l->client) - l->now, rule[i].after);
        line_tick(l, rule[i].after - 1);
        assert_int_equal(l->sent, 0);
        line_tick(l, 1);
        struct sg_coap m = line_only(l);
        char text[256];
        assert_int_equal(m.code, SG_COAP_POST);
        assert_string_equal(joined(&m, SG_COAP_OPT_URI_PATH, '/', text), "rd/5a3f");
        assert_string_equal(joined(&m, SG_COAP_OPT_URI_QUERY, '&', text), "");
        assert_int_equal(m.payload.n, 0);
        line_answer(l, SG_COAP_CHANGED, NULL);
        assert_non_null(line_told(l, SG_LWM2M_UPDATED));
        assert_int_equal(sg_lwm2m_deadline(&l->client) - l->now, rule[i].after);
    }
    l->client.lifetime = 0; /* for ever */
    sg_lwm2m_register(&l->client, l->now);
    line_answer(l, SG_COAP_CREATED, line_location);
    assert_true(sg_lwm2m_deadline(&l->client) == UINT64_MAX);
}

static void a_server_that_forgot_is_registered_with_anew(void **state)
{
    struct line *l = *state;
    line_register(l);
    assert_int_equal(sg_lwm2m_update(&l->client, l->now), 0);
    line_answer(l, SG_COAP_NOT_FOUND, NULL);
    assert_non_null(line_told(l, SG_LWM2M_FORGOTTEN));
    assert_int_equal(l->client.state, SG_LWM2M_REGISTERING);
    assert_int_equal(l->sent, 2);
    line_answer(l, SG_COAP_CREATED, (const char *const[]){"rd", "new", NULL});
    assert_string_equal(l->location, "rd/new");
}

static void a_refused_update_ends_the_registration(void **state)
{
    struct line *l = *state;
    line_register(l);
    sg_lwm2m_update(&l->client, l->now);
    line_answer(l, SG_COAP_FORBIDDEN, NULL);
    assert_int_equal(line_told(l, SG_LWM2M_REFUSED)->code, SG_COAP_FORBIDDEN);
    assert_int_equal(l->client.state, SG_LWM2M_IDLE);
    assert_int_equal(sg_lwm2m_update(&l->client, l->now), SG_ESTATE);
}

static void an_update_without_answer_is_a_loss(void **state)
{
    struct line *l = *state;
    line_register(l);
    line_to_deadline(l);
    for (int i = 0; i < 5; i++)
        line_to_deadline(l);
    assert_int_equal(l->sent, 5);
    assert_non_null(line_told(l, SG_LWM2M_LOST));
}

static void deregisters(void **state)
{
    struct line *l = *state;
    char text[256];

    line_register(l);
    sg_lwm2m_deregister(&l->client, l->now);
    struct sg_coap m = line_only(l);
    assert_int_equal(m.code, SG_COAP_DELETE);
    assert_string_equal(joined(&m, SG_COAP_OPT_URI_PATH, '/', text), "rd/5a3f");
    sg_lwm2m_deregister(&l->client, l->now); /* asked for twice, done once */
    assert_int_equal(l->sent, 1);
    line_answer(l, SG_COAP_DELETED, NULL);
    assert_int_equal(line_told(l, SG_LWM2M_DEREGISTERED)->code, SG_COAP_DELETED);
    assert_int_equal(l->client.state, SG_LWM2M_IDLE);
}

static void deregistering_ends_with_or_without_an_answer(void **state)
{
    struct line *l = *state;
    line_register(l);
    sg_lwm2m_deregister(&l->client, l->now);
    for (int i = 0; i < 5; i++)
        line_to_deadline(l);
    assert_int_equal(line_told(l, SG_LWM2M_DEREGISTERED)->code, 0);
    assert_null(line_told(l, SG_LWM2M_LOST));
    line_clear(l);
    sg_lwm2m_deregister(&l->client, l->now); /* where nothing is registered */
    assert_int_equal(l->sent, 0);
    assert_non_null(line_told(l, SG_LWM2M_DEREGISTERED));
}

static void deregistering_does_not_wait_for_an_update(void **state)
{
    struct line *l = *state;
    line_register(l);
    sg_lwm2m_update(&l->client, l->now);
    const uint16_t update = line_last(l).mid;
    sg_lwm2m_deregister(&l->client, l->now);
    assert_int_equal(line_last(l).code, SG_COAP_DELETE);
    line_acknowledge(l, SG_COAP_RST, update); /* too late to matter */
    assert_int_equal(l->client.state, SG_LWM2M_DEREGISTERING);
    line_answer(l, SG_COAP_DELETED, NULL);
    assert_int_equal(l->client.state, SG_LWM2M_IDLE);
}

static void a_forgotten_session_is_silent(void **state)
{
    struct line *l = *state;
    struct message m;

    line_register(l);
    sg_lwm2m_forget(&l->client);
    line_tick(l, 1000000);
    message_begin(&m, SG_COAP_CON, SG_COAP_EMPTY, 1, "");
    message_put(l, &m);
    assert_int_equal(l->sent, 0);
    assert_true(sg_lwm2m_deadline(&l->client) == UINT64_MAX);
    sg_lwm2m_register(&l->client, l->now);
    assert_int_equal(l->sent, 1);
}

static void what_cannot_work_is_refused_at_the_start(void **state)
{
    struct line *l = *state;
    struct sg_lwm2m_config config = line_config(l);
    char endpoint[130];

    memset(endpoint, 'e', sizeof endpoint);
    endpoint[128] = '\0';
    config.endpoint = endpoint;
    assert_int_equal(sg_lwm2m_init(&l->client, &config), 0);
    endpoint[128] = 'e';
    endpoint[129] = '\0';
    assert_int_equal(sg_lwm2m_init(&l->client, &config), SG_EINVAL);
    config.endpoint = "";
    assert_int_equal(sg_lwm2m_init(&l->client, &config), SG_EINVAL);
    config.endpoint = NULL;
    assert_int_equal(sg_lwm2m_init(&l->client, &config), SG_EINVAL);

    config = line_config(l);
    const struct sg_lwm2m_object first = l->objects[0];
    l->objects[0] = l->objects[2]; /* not ascending */
    assert_int_equal(sg_lwm2m_init(&l->client, &config), SG_EINVAL);
    l->objects[0] = first;
    l->objects[0].id = 1; /* the client's own */
    assert_int_equal(sg_lwm2m_init(&l->client, &config), SG_EINVAL);
    l->objects[0] = first;
    l->objects[2].instances = 200; /* 200 links are more than a datagram */
    assert_int_equal(sg_lwm2m_init(&l->client, &config), SG_ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(registers_as_lwm2m_1_1_says, fill),
        cmocka_unit_test_setup(versions_and_empty_objects_are_named, fill),
        cmocka_unit_test_setup(lost_registrations_are_sent_again, fill),
        cmocka_unit_test_setup(a_late_answer_ends_the_repetition, fill),
        cmocka_unit_test_setup(a_separate_answer_is_acknowledged, fill),
        cmocka_unit_test_setup(an_acknowledgement_without_answer_is_not_waited_for_for_ever, fill),
        cmocka_unit_test_setup(answers_of_others_are_not_taken, fill),
        cmocka_unit_test_setup(a_reset_means_that_the_server_knows_nothing, fill),
        cmocka_unit_test_setup(refusals_are_told_with_their_code, fill),
        cmocka_unit_test_setup(unusable_locations_are_refused, fill),
        cmocka_unit_test_setup(updates_come_before_the_lifetime_ends, fill),
        cmocka_unit_test_setup(a_server_that_forgot_is_registered_with_anew, fill),
        cmocka_unit_test_setup(a_refused_update_ends_the_registration, fill),
        cmocka_unit_test_setup(an_update_without_answer_is_a_loss, fill),
        cmocka_unit_test_setup(deregisters, fill),
        cmocka_unit_test_setup(deregistering_ends_with_or_without_an_answer, fill),
        cmocka_unit_test_setup(deregistering_does_not_wait_for_an_update, fill),
        cmocka_unit_test_setup(a_forgotten_session_is_silent, fill),
        cmocka_unit_test_setup(what_cannot_work_is_refused_at_the_start, fill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
