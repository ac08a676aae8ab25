/* SPDX-License-Identifier: Apache-2.0 */
/* Observations (RFC 7641): what is notified, when, how it is confirmed, and what ends it. */
#include "device_line.h"

static const struct sg_path temperature = {3, {3303, 0, 5700}};

static struct sg_coap observe(struct line *l, const char *path, const char *token)
{
    return line_ask(l, (struct ask){SG_COAP_GET, path, ANY, ANY, 0, sg_str(""), token});
}

static void measure(struct line *l, double value)
{
    const struct sg_path path = sg_path(3, 3303, 0, 5700, 0);
    sg_object_temperature_set(&l->temperature, value);
    sg_lwm2m_changed(&l->client, &path);
}

/* One change, told at once: the notification, which must be the only thing sent. */
static struct sg_coap notified(struct line *l, double value)
{
    line_clear(l);
    measure(l, value);
    assert_int_equal(sg_lwm2m_deadline(&l->client), 0);
    line_tick(l, 1000);
    return line_only(l);
}

static void changes_are_notified(void **state)
{
    struct line *l = *state;
    struct sg_coap first = observe(l, "/3303/0/5700", "obs");
    assert_int_equal(first.code, SG_COAP_CONTENT);
    assert_true(sg_bytes_eq_str(first.payload, "21.5"));
    const uint32_t sequence = sg_coap_find_uint(&first, SG_COAP_OPT_OBSERVE, ANY);
    assert_int_not_equal(sequence, ANY);
    assert_int_equal(line_told(l, SG_LWM2M_OBSERVED)->path.id[2], 5700);

    struct sg_coap m = notified(l, 22);
    assert_int_equal(m.type, SG_COAP_NON);
    assert_int_equal(m.code, SG_COAP_CONTENT);
    assert_int_equal(m.token_len, 3);
    assert_memory_equal(m.token, "obs", 3);
    assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_OBSERVE, ANY), sequence + 1);
    assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_CONTENT_FORMAT, ANY), SG_TEXT);
    assert_true(sg_bytes_eq_str(m.payload, "22"));
    assert_int_equal(line_told(l, SG_LWM2M_NOTIFIED)->path.id[2], 5700);
    assert_false(line_told(l, SG_LWM2M_NOTIFIED)->confirmable);
    m = notified(l, 23);
    assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_OBSERVE, ANY), sequence + 2);
}

static void the_same_value_is_not_notified_twice(void **state)
{
    struct line *l = *state;
    observe(l, "/3303/0/5700", "obs");
    line_clear(l);
    measure(l, 21.5);
    line_tick(l, 1000);
    assert_int_equal(l->sent, 0);
    assert_true(sg_lwm2m_deadline(&l->client) > l->now);
}

static void several_changes_are_one_notification(void **state)
{
    struct line *l = *state;
    observe(l, "/3303/0/5700", "obs");
    line_clear(l);
    measure(l, 1);
    measure(l, 2);
    measure(l, 3);
    line_tick(l, 0);
    assert_true(sg_bytes_eq_str(line_only(l).payload, "3"));
}

static void an_observation_sees_what_is_within_it(void **state)
{
    struct line *l = *state;
    observe(l, "/3303", "obj");
    observe(l, "/3303/0", "ins");
    observe(l, "/3303/0/5700", "res");
    observe(l, "/3303/0/5701", "oth");
    observe(l, "/3/0", "dev");
    line_clear(l);
    measure(l, 40);
    line_tick(l, 0);
    assert_int_equal(l->sent, 3);
    struct sg_coap m;
    assert_int_equal(sg_coap_parse(sg_bytes(l->kept[1].bytes, l->kept[1].n), &m, NULL), 0);
    assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_CONTENT_FORMAT, ANY), SG_SENML_CBOR);
    const struct sg_path whole = sg_path(1, 3303, 0, 0, 0); /* a change above is a change below */
    line_clear(l);
    sg_object_temperature_set(&l->temperature, 41);
    sg_lwm2m_changed(&l->client, &whole);
    line_tick(l, 0);
    assert_int_equal(l->sent, 3);
}

static void a_write_or_execute_by_the_server_is_a_change(void **state)
{
    struct line *l = *state;
    observe(l, "/3/0/15", "tz");
    line_clear(l);
    line_put(l, (struct ask){SG_COAP_PUT, "/3/0/15", ANY, SG_TEXT, ANY, sg_str("UTC"), NULL});
    assert_int_equal(l->sent, 2);
    assert_true(sg_bytes_eq_str(line_last(l).payload, "UTC"));
    observe(l, "/3303/0/5602", "max");
    measure(l, 50);
    line_tick(l, 0);
    measure(l, 20);
    line_tick(l, 0);
    line_clear(l);
    line_put(l, (struct ask){SG_COAP_POST, "/3303/0/5605", ANY, ANY, ANY, sg_str(""), NULL});
    assert_int_equal(l->sent, 2);
    assert_true(sg_bytes_eq_str(line_last(l).payload, "20"));
}

static void the_format_stays_the_one_that_was_asked_for(void **state)
{
    struct line *l = *state;
    line_ask(l, (struct ask){SG_COAP_GET, "/3303/0/5700", SG_TLV, ANY, 0, sg_str(""), "obs"});
    struct sg_coap m = notified(l, 22);
    assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_CONTENT_FORMAT, ANY), SG_TLV);
}

/* Eight in a row are not confirmed, the ninth is; and so is each that comes five minutes after the last. */
static void some_notifications_are_confirmed(void **state)
{
    struct line *l = *state;
    observe(l, "/3303/0/5700", "obs");
    for (int i = 0; i < 8; i++)
        assert_int_equal(notified(l, 30 + i).type, SG_COAP_NON);
    struct sg_coap m = notified(l, 50);
    assert_int_equal(m.type, SG_COAP_CON);
    assert_true(line_told(l, SG_LWM2M_NOTIFIED)->confirmable);
    line_acknowledge(l, SG_COAP_ACK, m.mid);
    assert_int_equal(notified(l, 51).type, SG_COAP_NON);
    l->client.update_at = UINT64_MAX;
    l->now += 300000;
    m = notified(l, 52);
    assert_int_equal(m.type, SG_COAP_CON);
    line_acknowledge(l, SG_COAP_ACK, m.mid);
    assert_int_equal(notified(l, 53).type, SG_COAP_NON);
}

static uint16_t confirmable_in_flight(struct line *l)
{
    observe(l, "/3303/0/5700", "obs");
    for (int i = 0; i < 8; i++)
        notified(l, 30 + i);
    return notified(l, 50).mid;
}

static void a_newer_value_waits_for_the_acknowledgement(void **state)
{
    struct line *l = *state;
    const uint16_t mid = confirmable_in_flight(l);
    const uint64_t retry = sg_lwm2m_deadline(&l->client);

    line_clear(l);
    measure(l, 51);
    line_tick(l, 0);
    assert_int_equal(l->sent, 0);
    assert_true(sg_lwm2m_deadline(&l->client) == retry); /* no busy waiting */
    line_to_deadline(l);
    assert_int_equal(line_only(l).mid, mid); /* sent again as it was */
    line_clear(l);
    line_acknowledge(l, SG_COAP_ACK, mid);
    assert_true(sg_bytes_eq_str(line_only(l).payload, "51"));
    assert_int_equal(line_only(l).type, SG_COAP_NON);
}

static void a_notification_without_acknowledgement_is_a_loss(void **state)
{
    struct line *l = *state;
    confirmable_in_flight(l);
    for (int i = 0; i < 5; i++)
        line_to_deadline(l);
    assert_int_equal(l->sent, 5);
    assert_non_null(line_told(l, SG_LWM2M_LOST));
    assert_int_equal(l->client.state, SG_LWM2M_IDLE);
}

static void an_update_waits_for_the_acknowledgement(void **state)
{
    struct line *l = *state;
    const uint16_t mid = confirmable_in_flight(l);
    line_clear(l);
    sg_lwm2m_update(&l->client, l->now);
    assert_int_equal(l->sent, 0);
    line_acknowledge(l, SG_COAP_ACK, mid);
    assert_int_equal(line_only(l).code, SG_COAP_POST);
}

/* RFC 7641 section 3.6. */
static void the_server_ends_it(void **state)
{
    struct line *l = *state;

    observe(l, "/3303/0/5700", "one"); /* by a Reset of a notification */
    struct sg_coap m = notified(l, 22);
    line_acknowledge(l, SG_COAP_RST, (uint16_t)(m.mid + 1)); /* of another message */
    assert_null(line_told(l, SG_LWM2M_OBSERVED_ENDED));
    line_acknowledge(l, SG_COAP_RST, m.mid);
    assert_non_null(line_told(l, SG_LWM2M_OBSERVED_ENDED));
    line_clear(l);
    measure(l, 23);
    line_tick(l, 0);
    assert_int_equal(l->sent, 0);

    observe(l, "/3303/0/5700", "two"); /* by a GET with Observe 1 and the same token */
    line_ask(l, (struct ask){SG_COAP_GET, "/3303/0/5700", ANY, ANY, 1, sg_str(""), "other"});
    assert_null(line_told(l, SG_LWM2M_OBSERVED_ENDED));
    m = line_ask(l, (struct ask){SG_COAP_GET, "/3303/0/5700", ANY, ANY, 1, sg_str(""), "two"});
    assert_int_equal(m.code, SG_COAP_CONTENT);
    assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_OBSERVE, ANY), ANY);
    assert_non_null(line_told(l, SG_LWM2M_OBSERVED_ENDED));
    line_clear(l);
    measure(l, 24);
    line_tick(l, 0);
    assert_int_equal(l->sent, 0);
}

static void an_ended_observation_is_not_sent_again(void **state)
{
    struct line *l = *state;
    const uint16_t mid = confirmable_in_flight(l);
    line_acknowledge(l, SG_COAP_RST, mid);
    assert_non_null(line_told(l, SG_LWM2M_OBSERVED_ENDED));
    assert_null(line_told(l, SG_LWM2M_LOST));
    line_clear(l);
    line_tick(l, 60000);
    assert_int_equal(l->sent, 0);
    assert_int_equal(l->client.state, SG_LWM2M_IN_USE);
}

static void the_same_token_takes_the_place(void **state)
{
    struct line *l = *state;
    observe(l, "/3303/0/5700", "obs");
    struct sg_coap m = observe(l, "/3/0/15", "obs");
    assert_true(sg_coap_find_uint(&m, SG_COAP_OPT_OBSERVE, ANY) < ANY);
    line_clear(l);
    measure(l, 60);
    line_tick(l, 0);
    assert_int_equal(l->sent, 0);
    m = observe(l, "/3/0/15", "obs"); /* asked for again: the numbers go on */
    assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_OBSERVE, ANY), 2);
}

static void without_a_free_place_it_is_a_plain_read(void **state)
{
    struct line *l = *state;
    char token[3] = "t0";
    for (int i = 0; i < SG_LWM2M_OBSERVATIONS_MAX; i++, token[1]++) {
        struct sg_coap m = observe(l, "/3303/0/5700", token);
        assert_true(sg_coap_find_uint(&m, SG_COAP_OPT_OBSERVE, ANY) < ANY);
    }
    struct sg_coap m = observe(l, "/3303/0/5700", "more");
    assert_int_equal(m.code, SG_COAP_CONTENT);
    assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_OBSERVE, ANY), ANY);
}

static void what_cannot_be_read_cannot_be_observed(void **state)
{
    struct line *l = *state;
    static const struct {
        const char *path;
        uint8_t code;
    } refused[] = {
        {"/3/0/4", SG_COAP_METHOD_NOT_ALLOWED}, {"/3/0/17", SG_COAP_NOT_FOUND}, {"/0/0", SG_COAP_UNAUTHORIZED}};
    for (size_t i = 0; i < 3; i++) {
        struct sg_coap m = observe(l, refused[i].path, "obs");
        assert_int_equal(m.code, refused[i].code);
        assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_OBSERVE, ANY), ANY);
        assert_null(line_told(l, SG_LWM2M_OBSERVED));
    }
}

/* RFC 7641 section 4.2: the last notification is an error. */
static void a_value_that_goes_ends_it(void **state)
{
    struct line *l = *state;
    observe(l, "/3303/0/5700", "obs");
    l->temperature.measured = false;
    sg_lwm2m_changed(&l->client, &temperature);
    line_clear(l);
    line_tick(l, 0);
    struct sg_coap m = line_only(l);
    assert_int_equal(m.code, SG_COAP_NOT_FOUND);
    assert_memory_equal(m.token, "obs", 3);
    assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_OBSERVE, ANY), ANY);
    assert_non_null(line_told(l, SG_LWM2M_OBSERVED_ENDED));
    l->temperature.measured = true;
    line_clear(l);
    measure(l, 70);
    line_tick(l, 0);
    assert_int_equal(l->sent, 0);
}

static void the_minimum_period_is_kept(void **state)
{
    struct line *l = *state;
    assert_int_equal(line_write(l, SG_COAP_PUT, "/1/0/2", SG_TEXT, sg_str("10")).code, SG_COAP_CHANGED);
    observe(l, "/3303/0/5700", "obs");
    line_clear(l);
    measure(l, 22);
    line_tick(l, 9999);
    assert_int_equal(l->sent, 0);
    assert_int_equal(sg_lwm2m_deadline(&l->client) - l->now, 1);
    measure(l, 23);
    line_tick(l, 1);
    assert_true(sg_bytes_eq_str(line_only(l).payload, "23"));
}

static void the_maximum_period_is_kept(void **state)
{
    struct line *l = *state;
    assert_int_equal(line_write(l, SG_COAP_PUT, "/1/0/3", SG_TEXT, sg_str("20")).code, SG_COAP_CHANGED);
    observe(l, "/3303/0/5700", "obs");
    line_clear(l);
    assert_int_equal(sg_lwm2m_deadline(&l->client) - l->now, 20000);
    line_tick(l, 19999);
    assert_int_equal(l->sent, 0);
    line_tick(l, 1);
    assert_true(sg_bytes_eq_str(line_only(l).payload, "21.5")); /* though nothing changed */
    assert_int_equal(sg_lwm2m_deadline(&l->client) - l->now, 20000);
}

static void observations_end_with_the_registration(void **state)
{
    struct line *l = *state;
    observe(l, "/3303/0/5700", "obs");
    sg_lwm2m_update(&l->client, l->now);
    line_answer(l, SG_COAP_NOT_FOUND, NULL);
    line_answer(l, SG_COAP_CREATED, line_location);
    line_clear(l);
    measure(l, 80);
    line_tick(l, 0);
    assert_int_equal(l->sent, 0);
}

static void numbers_wrap_at_24_bits(void **state)
{
    struct line *l = *state;
    observe(l, "/3303/0/5700", "obs");
    l->client.observations[0].sequence = 0xffffff;
    struct sg_coap m = notified(l, 90);
    assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_OBSERVE, ANY), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(changes_are_notified, line_setup),
        cmocka_unit_test_setup(the_same_value_is_not_notified_twice, line_setup),
        cmocka_unit_test_setup(several_changes_are_one_notification, line_setup),
        cmocka_unit_test_setup(an_observation_sees_what_is_within_it, line_setup),
        cmocka_unit_test_setup(a_write_or_execute_by_the_server_is_a_change, line_setup),
        cmocka_unit_test_setup(the_format_stays_the_one_that_was_asked_for, line_setup),
        cmocka_unit_test_setup(some_notifications_are_confirmed, line_setup),
        cmocka_unit_test_setup(a_newer_value_waits_for_the_acknowledgement, line_setup),
        cmocka_unit_test_setup(a_notification_without_acknowledgement_is_a_loss, line_setup),
        cmocka_unit_test_setup(an_update_waits_for_the_acknowledgement, line_setup),
        cmocka_unit_test_setup(the_server_ends_it, line_setup),
        cmocka_unit_test_setup(an_ended_observation_is_not_sent_again, line_setup),
        cmocka_unit_test_setup(the_same_token_takes_the_place, line_setup),
        cmocka_unit_test_setup(without_a_free_place_it_is_a_plain_read, line_setup),
        cmocka_unit_test_setup(what_cannot_be_read_cannot_be_observed, line_setup),
        cmocka_unit_test_setup(a_value_that_goes_ends_it, line_setup),
        cmocka_unit_test_setup(the_minimum_period_is_kept, line_setup),
        cmocka_unit_test_setup(the_maximum_period_is_kept, line_setup),
        cmocka_unit_test_setup(observations_end_with_the_registration, line_setup),
        cmocka_unit_test_setup(numbers_wrap_at_24_bits, line_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
