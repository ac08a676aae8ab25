/* SPDX-License-Identifier: Apache-2.0 */
/* Device management: read, discover, write and execute, each refusal with its code, and messages that come twice. */
#include "device_line.h"

static const struct sg_bytes none = {NULL, 0};

static void expect_text(struct line *l, const char *path, const char *value)
{
    struct sg_coap m = line_get(l, path, ANY);
    assert_int_equal(m.code, SG_COAP_CONTENT);
    assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_CONTENT_FORMAT, ANY), SG_TEXT);
    assert_true(sg_bytes_eq_str(m.payload, value));
}

/* How many values of that content there are, and they can be read back. */
static int values(const struct sg_coap *m, const char *base, struct sg_record *records, size_t cap)
{
    static uint8_t space[2048];
    struct sg_buf scratch = sg_buf(space, sizeof space);
    struct sg_path path;
    uint32_t format = sg_coap_find_uint(m, SG_COAP_OPT_CONTENT_FORMAT, ANY);

    assert_int_equal(m->code, SG_COAP_CONTENT);
    assert_int_equal(sg_path_parse(sg_str(base), &path), 0);
    return sg_content_read((enum sg_format)format, &path, m->payload, &scratch, records, cap);
}

static void single_values_are_read_as_text(void **state)
{
    struct line *l = *state;
    expect_text(l, "/1/0/0", "123");
    expect_text(l, "/1/0/1", "300");
    expect_text(l, "/1/0/6", "0");
    expect_text(l, "/1/0/7", "U");
    expect_text(l, "/3/0/0", "Signet");
    expect_text(l, "/3/0/9", "80");
    expect_text(l, "/3/0/11/0", "0");
    expect_text(l, "/3/0/13", "1795001000");
    expect_text(l, "/3/0/16", "U");
    expect_text(l, "/4/0/2", "-85");
    expect_text(l, "/4/0/4/0", "192.0.2.7");
    expect_text(l, "/3303/0/5700", "21.5");
    expect_text(l, "/3303/0/5701", "Cel");
    assert_int_equal(line_told(l, SG_LWM2M_ANSWERED)->method, SG_COAP_GET);
    assert_int_equal(line_told(l, SG_LWM2M_ANSWERED)->code, SG_COAP_CONTENT);
    assert_int_equal(line_told(l, SG_LWM2M_ANSWERED)->path.id[2], 5701);
}

static void the_answer_is_in_the_format_that_is_asked_for(void **state)
{
    struct line *l = *state;
    struct sg_record r[1];
    struct sg_coap m = line_get(l, "/3303/0/5700", SG_CBOR);
    assert_true(sg_bytes_eq(m.payload, sg_bytes("\xf9\x4d\x60", 3)) ||
                sg_bytes_eq(m.payload, sg_bytes("\xfa\x41\xac\x00\x00", 5)));

    m = line_get(l, "/3/0/9", SG_TLV); /* resource 9, one byte, 80 */
    assert_true(sg_bytes_eq(m.payload, sg_bytes("\xc1\x09\x50", 3)));
    m = line_get(l, "/3/0/0", SG_SENML_CBOR);
    assert_int_equal(values(&m, "/3/0/0", r, 1), 1);
    assert_int_equal(r[0].value.type, SG_STRING);
    assert_true(sg_bytes_eq_str(r[0].value.bytes, "Signet"));
    assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_CONTENT_FORMAT, ANY), SG_SENML_CBOR);
}

static void formats_that_cannot_hold_it_are_not_acceptable(void **state)
{
    struct line *l = *state;
    static const struct {
        const char *path;
        uint32_t accept;
    } refused[] = {{"/3/0/0", SG_JSON},   {"/3/0/0", 50},      {"/3/0/0", 65535},
                   {"/3/0/0", SG_OCTETS}, {"/3/0", SG_TEXT},   {"/3/0", SG_CBOR},
                   {"/3", SG_OCTETS},     {"/3/0/6", SG_TEXT}, {"/3/0", SG_SENML_JSON}};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct sg_coap m = line_get(l, refused[i].path, refused[i].accept);
        assert_int_equal(m.code, SG_COAP_NOT_ACCEPTABLE);
        assert_int_equal(m.payload.n, 0);
    }
}

static void instances_and_objects_are_read_whole(void **state)
{
    struct line *l = *state;
    struct sg_record r[SG_LWM2M_RECORDS_MAX];
    static const struct {
        const char *path;
        int count;
    } whole[] = {
        {"/1", 6},    /* 0 to 3, 6, 7; not 8, which is executed */
        {"/3/0", 14}, /* all but 4, 12 (executed), 17 to 19 (not set) */
        {"/4/0", 8},  /* not 7: no APN is set */
        {"/3303", 4},
    };
    static const uint32_t formats[] = {ANY, SG_SENML_CBOR, SG_TLV};

    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        for (size_t k = 0; k < sizeof formats / sizeof formats[0]; k++) {
            struct sg_coap m = line_get(l, whole[i].path, formats[k]);
            assert_int_equal(values(&m, whole[i].path, r, SG_LWM2M_RECORDS_MAX), whole[i].count);
            assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_CONTENT_FORMAT, ANY),
                             formats[k] == ANY ? SG_SENML_CBOR : formats[k]);
        }
    }
}

static void multiple_resources_have_instances(void **state)
{
    struct line *l = *state;
    struct sg_record r[4];
    l->device.errors[0] = 3;
    l->device.errors[1] = 7;
    l->device.error_count = 2;
    struct sg_coap m = line_get(l, "/3/0/11", ANY);
    assert_int_equal(values(&m, "/3/0/11", r, 4), 2);
    assert_int_equal(r[0].path.depth, 4);
    assert_int_equal(r[1].path.id[3], 1);
    assert_int_equal(r[1].value.i, 7);
    m = line_get(l, "/3/0/11", SG_TLV); /* a multiple resource, two instances of one byte */
    assert_true(sg_bytes_eq(m.payload, sg_bytes("\x86\x0b\x41\x00\x03\x41\x01\x07", 8)));
    expect_text(l, "/3/0/11/1", "7");
    assert_int_equal(line_get(l, "/3/0/11/2", ANY).code, SG_COAP_NOT_FOUND);
}

static void what_is_not_there_is_not_found(void **state)
{
    struct line *l = *state;
    static const char *const missing[] = {"/2",     "/5/0",         "/3/1",     "/3/0/5",     "/3/0/17",
                                          "/4/0/7", "/3303/1/5700", "/3/0/0/0", "/65534/0/0", "/3303/0/5701/0"};
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++)
        assert_int_equal(line_get(l, missing[i], ANY).code, SG_COAP_NOT_FOUND);
    assert_int_equal(line_write(l, SG_COAP_PUT, "/9/0/0", SG_TEXT, sg_str("x")).code, SG_COAP_NOT_FOUND);
    assert_int_equal(line_write(l, SG_COAP_POST, "/3/0/99", ANY, none).code, SG_COAP_NOT_FOUND);

    struct message m; /* no LwM2M path at all */
    line_clear(l);
    message_begin(&m, SG_COAP_CON, SG_COAP_GET, 1, "t");
    sg_coap_put_str(&m.w, SG_COAP_OPT_URI_PATH, ".well-known");
    sg_coap_put_str(&m.w, SG_COAP_OPT_URI_PATH, "core");
    message_put(l, &m);
    assert_int_equal(line_only(l).code, SG_COAP_NOT_FOUND);
}

/* OMA LwM2M 1.1 core, appendix E.1. */
static void the_security_object_is_nobodys(void **state)
{
    struct line *l = *state;
    static const char *const paths[] = {"/0", "/0/0", "/0/0/5", "/0/7/1"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_int_equal(line_get(l, paths[i], ANY).code, SG_COAP_UNAUTHORIZED);
        assert_int_equal(line_get(l, paths[i], SG_LINK).code, SG_COAP_UNAUTHORIZED);
        assert_int_equal(line_write(l, SG_COAP_PUT, paths[i], SG_TEXT, sg_str("x")).code, SG_COAP_UNAUTHORIZED);
        assert_int_equal(line_write(l, SG_COAP_DELETE, paths[i], ANY, none).code, SG_COAP_UNAUTHORIZED);
    }
}

static void operations_that_are_not_offered_are_not_allowed(void **state)
{
    struct line *l = *state;
    assert_int_equal(line_get(l, "/3/0/4", ANY).code, SG_COAP_METHOD_NOT_ALLOWED); /* execute only */
    assert_int_equal(line_get(l, "/", ANY).code, SG_COAP_METHOD_NOT_ALLOWED);
    assert_int_equal(line_write(l, SG_COAP_PUT, "/3/0/0", SG_TEXT, sg_str("x")).code, SG_COAP_METHOD_NOT_ALLOWED);
    assert_int_equal(line_write(l, SG_COAP_PUT, "/3/0/9", SG_TEXT, sg_str("no number")).code,
                     SG_COAP_METHOD_NOT_ALLOWED);
    assert_int_equal(line_write(l, SG_COAP_POST, "/3/0/0", ANY, none).code, SG_COAP_METHOD_NOT_ALLOWED);
    assert_int_equal(line_write(l, SG_COAP_POST, "/3/0/11/0", ANY, none).code, SG_COAP_METHOD_NOT_ALLOWED);
    assert_int_equal(line_write(l, SG_COAP_POST, "/3", SG_TLV, sg_str("x")).code, SG_COAP_METHOD_NOT_ALLOWED);
    assert_int_equal(line_write(l, SG_COAP_PUT, "/3", SG_TLV, sg_str("x")).code, SG_COAP_METHOD_NOT_ALLOWED);
    assert_int_equal(line_write(l, SG_COAP_DELETE, "/3303/0", ANY, none).code, SG_COAP_METHOD_NOT_ALLOWED);
    assert_int_equal(line_write(l, SG_COAP_FETCH, "/3/0/0", ANY, none).code, SG_COAP_METHOD_NOT_ALLOWED);
    assert_int_equal(line_write(l, SG_COAP_IPATCH, "/3/0/15", ANY, none).code, SG_COAP_METHOD_NOT_ALLOWED);
    assert_string_equal(l->device.timezone, "Europe/Berlin");
}

static void discover_lists_what_is_there(void **state)
{
    struct line *l = *state;
    l->device.error_count = 2;
    struct sg_coap m = line_get(l, "/3303", SG_LINK);
    assert_int_equal(m.code, SG_COAP_CONTENT);
    assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_CONTENT_FORMAT, ANY), SG_LINK);
    assert_true(sg_bytes_eq_str(m.payload, "</3303>,</3303/0>,</3303/0/5601>,</3303/0/5602>,</3303/0/5605>,"
                                           "</3303/0/5700>,</3303/0/5701>"));
    m = line_get(l, "/4/0", SG_LINK); /* no APN */
    assert_true(sg_bytes_eq_str(m.payload, "</4/0>,</4/0/0>,</4/0/1>;dim=1,</4/0/2>,</4/0/3>,</4/0/4>;dim=1,</4/0/8>,"
                                           "</4/0/9>,</4/0/10>"));
    m = line_get(l, "/3/0/11", SG_LINK);
    assert_true(sg_bytes_eq_str(m.payload, "</3/0/11>;dim=2"));
    assert_int_equal(line_get(l, "/3/0/17", SG_LINK).code, SG_COAP_NOT_FOUND);
    assert_int_equal(line_get(l, "/3/0/11/0", SG_LINK).code, SG_COAP_METHOD_NOT_ALLOWED);
    l->objects[2].version = "1.1";
    m = line_get(l, "/3303", SG_LINK);
    assert_memory_equal(m.payload.p, "</3303>;ver=1.1,", 16);
}

static void writes_change_values(void **state)
{
    struct line *l = *state;
    assert_int_equal(line_write(l, SG_COAP_PUT, "/3/0/15", SG_TEXT, sg_str("UTC")).code, SG_COAP_CHANGED);
    assert_string_equal(l->device.timezone, "UTC");
    assert_int_equal(line_write(l, SG_COAP_PUT, "/3/0/15", ANY, sg_str("Asia/Tokyo")).code, SG_COAP_CHANGED);
    assert_string_equal(l->device.timezone, "Asia/Tokyo");
    assert_int_equal(line_write(l, SG_COAP_PUT, "/3/0/14", SG_CBOR, sg_str("\x66+09:00")).code, SG_COAP_CHANGED);
    assert_string_equal(l->device.utc_offset, "+09:00");
    assert_int_equal(line_write(l, SG_COAP_PUT, "/3/0/13", SG_TLV, sg_bytes("\xc4\x0d\x6b\x00\x00\x00", 6)).code,
                     SG_COAP_CHANGED);
    expect_text(l, "/3/0/13", "1795162112");
    l->now += 5000;
    expect_text(l, "/3/0/13", "1795162117"); /* the clock goes on */
    assert_int_equal(line_write(l, SG_COAP_PUT, "/3/0/15", ANY, none).code, SG_COAP_CHANGED);
    assert_string_equal(l->device.timezone, "");
}

/* SenML-CBOR: [{-2: "/3/0/", 0: "14", 3: "-05:00"}, {0: "15", 3: "UTC"}], and the same with a read-only and a missing
 * resource, and a value that is refused. */
static const char two[] = "\x82\xa3\x21\x65/3/0/\x00\x62"
                          "14\x03\x66-05:00\xa2\x00\x62"
                          "15\x03\x63UTC";
static const char read_only[] = "\x82\xa3\x21\x65/3/0/\x00\x62"
                                "14\x03\x66-05:00\xa2\x00\x61"
                                "0\x03\x63UTC";
static const char missing[] = "\x82\xa3\x21\x65/3/0/\x00\x62"
                              "14\x03\x66-05:00\xa2\x00\x62"
                              "99\x03\x63UTC";
static const char refused[] = "\x82\xa3\x21\x65/3/0/\x00\x62"
                              "15\x03\x63UTC\xa2\x00\x62"
                              "14\x03\x66+99:00";

static void instances_are_written_whole_or_not_at_all(void **state)
{
    struct line *l = *state;
    static const uint8_t methods[] = {SG_COAP_PUT, SG_COAP_POST}; /* replace, update */

    for (size_t i = 0; i < 2; i++) {
        strcpy(l->device.utc_offset, "Z");
        strcpy(l->device.timezone, "Before");
        struct sg_coap m = line_write(l, methods[i], "/3/0", SG_SENML_CBOR, sg_bytes(read_only, sizeof read_only - 1));
        assert_int_equal(m.code, SG_COAP_METHOD_NOT_ALLOWED);
        m = line_write(l, methods[i], "/3/0", SG_SENML_CBOR, sg_bytes(missing, sizeof missing - 1));
        assert_int_equal(m.code, SG_COAP_NOT_FOUND);
        m = line_write(l, methods[i], "/3/0", SG_SENML_CBOR, sg_bytes(refused, sizeof refused - 1));
        assert_int_equal(m.code, SG_COAP_BAD_REQUEST);
        assert_string_equal(l->device.utc_offset, "Z");
        assert_string_equal(l->device.timezone, "Before");
        m = line_write(l, methods[i], "/3/0", SG_SENML_CBOR, sg_bytes(two, sizeof two - 1));
        assert_int_equal(m.code, SG_COAP_CHANGED);
        assert_string_equal(l->device.utc_offset, "-05:00");
        assert_string_equal(l->device.timezone, "UTC");
    }
}

static void bad_content_is_refused(void **state)
{
    struct line *l = *state;
    static const struct {
        const char *path;
        uint32_t format;
        const char *payload;
        uint8_t code;
    } bad[] = {
        {"/3/0/15", 50, "x", SG_COAP_UNSUPPORTED_FORMAT},
        {"/3/0/15", SG_LINK, "x", SG_COAP_UNSUPPORTED_FORMAT},
        {"/3/0/15", SG_JSON, "x", SG_COAP_UNSUPPORTED_FORMAT},
        {"/3/0", SG_TEXT, "x", SG_COAP_UNSUPPORTED_FORMAT},
        {"/3/0", ANY, "x", SG_COAP_BAD_REQUEST},
        {"/3/0/13", SG_TEXT, "noon", SG_COAP_BAD_REQUEST},
        {"/3/0/13", SG_TEXT, "-1", SG_COAP_BAD_REQUEST},
        {"/3/0/13", SG_TEXT, "253402300800", SG_COAP_BAD_REQUEST}, /* the year 10000 */
        {"/3/0/14", SG_TEXT, "+1:00", SG_COAP_BAD_REQUEST},
        {"/3/0/14", SG_TEXT, "+01:60", SG_COAP_BAD_REQUEST},
        {"/3/0/14", SG_TEXT, "+15:00", SG_COAP_BAD_REQUEST},
        {"/3/0/14", SG_TEXT, "+01:000", SG_COAP_BAD_REQUEST},
        {"/3/0/14", SG_TEXT, "", SG_COAP_BAD_REQUEST},
        {"/3/0/15", SG_TEXT, "two words", SG_COAP_BAD_REQUEST},
        {"/3/0/15", SG_TEXT, "0123456789012345678901234567890123456789", SG_COAP_BAD_REQUEST},
        {"/3/0/15", SG_CBOR, "\x01", SG_COAP_BAD_REQUEST}, /* a number for a string */
        {"/3/0/15", SG_TLV, "\xc8", SG_COAP_BAD_REQUEST},
        {"/3/0", SG_SENML_CBOR, "\x80", SG_COAP_BAD_REQUEST}, /* nothing to write */
        {"/1/0/1", SG_TEXT, "-1", SG_COAP_BAD_REQUEST},
        {"/1/0/1", SG_TEXT, "4294967296", SG_COAP_BAD_REQUEST},
        {"/1/0/6", SG_TEXT, "1", SG_COAP_BAD_REQUEST},  /* notifications are not stored */
        {"/1/0/7", SG_TEXT, "UQ", SG_COAP_BAD_REQUEST}, /* there is UDP alone */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sg_coap m = line_write(l, SG_COAP_PUT, bad[i].path, bad[i].format, sg_str(bad[i].payload));
        if (m.code != bad[i].code)
            fail_msg("%s \"%s\": %s", bad[i].path, bad[i].payload, sg_coap_code_text(m.code));
    }
    assert_string_equal(l->device.timezone, "Europe/Berlin");
    assert_string_equal(l->device.utc_offset, "+01:00");
    assert_int_equal(l->client.lifetime, 300);
}

static void utc_offsets_of_iso_8601_are_taken(void **state)
{
    struct line *l = *state;
    static const char *const good[] = {"Z", "+00", "-1130", "+14:00", "-00:30"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(line_write(l, SG_COAP_PUT, "/3/0/14", SG_TEXT, sg_str(good[i])).code, SG_COAP_CHANGED);
        assert_string_equal(l->device.utc_offset, good[i]);
    }
}

static void attributes_are_not_offered(void **state)
{
    struct line *l = *state;
    struct message m;
    message_begin(&m, SG_COAP_CON, SG_COAP_PUT, 1, "t");
    sg_coap_put_str(&m.w, SG_COAP_OPT_URI_PATH, "3");
    sg_coap_put_str(&m.w, SG_COAP_OPT_URI_PATH, "0");
    sg_coap_put_str(&m.w, SG_COAP_OPT_URI_PATH, "15");
    sg_coap_put_str(&m.w, SG_COAP_OPT_URI_QUERY, "pmin=10");
    message_put(l, &m);
    assert_int_equal(line_only(l).code, SG_COAP_METHOD_NOT_ALLOWED);
    assert_string_equal(l->device.timezone, "Europe/Berlin");
}

/* A new lifetime is told to the server by an update (core section 6.2.2), after the answer to the write. */
static void a_written_lifetime_is_told(void **state)
{
    struct line *l = *state;
    struct sg_bytes query;

    line_put(l, (struct ask){SG_COAP_PUT, "/1/0/1", ANY, SG_TEXT, ANY, sg_str("600"), NULL});
    assert_int_equal(l->sent, 2);
    struct sg_coap m = line_last(l);
    assert_int_equal(m.code, SG_COAP_POST);
    assert_true(sg_coap_query(&m, "lt", &query));
    assert_true(sg_bytes_eq_str(query, "600"));
    line_answer(l, SG_COAP_CHANGED, NULL);
    assert_int_equal(sg_lwm2m_deadline(&l->client) - l->now, 507000);
    line_clear(l);
    line_to_deadline(l);
    m = line_only(l);
    assert_false(sg_coap_query(&m, "lt", &query)); /* once is enough */
}

static void the_server_can_ask_for_an_update(void **state)
{
    struct line *l = *state;
    line_put(l, (struct ask){SG_COAP_POST, "/1/0/8", ANY, ANY, ANY, none, NULL});
    assert_int_equal(l->sent, 2);
    assert_int_equal(l->kept[0].bytes[1], SG_COAP_CHANGED); /* first the answer */
    assert_int_equal(line_last(l).code, SG_COAP_POST);
    line_answer(l, SG_COAP_CHANGED, NULL);
    assert_non_null(line_told(l, SG_LWM2M_UPDATED));
}

static void execute_is_done_once(void **state)
{
    struct line *l = *state;
    struct message m;

    message_begin(&m, SG_COAP_CON, SG_COAP_POST, 500, "t");
    sg_coap_put_str(&m.w, SG_COAP_OPT_URI_PATH, "3");
    sg_coap_put_str(&m.w, SG_COAP_OPT_URI_PATH, "0");
    sg_coap_put_str(&m.w, SG_COAP_OPT_URI_PATH, "4");
    message_put(l, &m);
    assert_int_equal(line_only(l).code, SG_COAP_CHANGED);
    l->now += 200000;
    message_put(l, &m); /* RFC 7252 section 4.5: the same answer, byte for byte */
    assert_int_equal(l->sent, 2);
    assert_int_equal(l->kept[1].n, l->kept[0].n);
    assert_memory_equal(l->kept[1].bytes, l->kept[0].bytes, l->kept[0].n);
    assert_int_equal(l->reboots, 1);
    assert_int_equal(l->events, 1);
    l->now += 47000; /* EXCHANGE_LIFETIME is over: another request with that id */
    message_put(l, &m);
    assert_int_equal(l->reboots, 2);
}

static void non_confirmable_requests_are_done_once_too(void **state)
{
    struct line *l = *state;
    struct message m;

    message_begin(&m, SG_COAP_NON, SG_COAP_POST, 500, "t");
    sg_coap_put_str(&m.w, SG_COAP_OPT_URI_PATH, "3");
    sg_coap_put_str(&m.w, SG_COAP_OPT_URI_PATH, "0");
    sg_coap_put_str(&m.w, SG_COAP_OPT_URI_PATH, "4");
    message_put(l, &m);
    struct sg_coap answer = line_only(l);
    assert_int_equal(answer.type, SG_COAP_NON);
    assert_int_equal(answer.code, SG_COAP_CHANGED);
    message_put(l, &m);
    assert_int_equal(l->sent, 1);
    assert_int_equal(l->reboots, 1);
}

static void many_requests_later_the_oldest_is_forgotten_first(void **state)
{
    struct line *l = *state;
    for (uint16_t i = 0; i < SG_LWM2M_RECENT; i++) {
        l->now++;
        line_write(l, SG_COAP_POST, "/3/0/4", ANY, none);
    }
    assert_int_equal(l->reboots, SG_LWM2M_RECENT);
    l->mid = (uint16_t)(l->mid - SG_LWM2M_RECENT);
    for (uint16_t i = 0; i < SG_LWM2M_RECENT; i++)
        line_write(l, SG_COAP_POST, "/3/0/4", ANY, none);
    assert_int_equal(l->reboots, SG_LWM2M_RECENT);
}

static void execute_checks_its_arguments(void **state)
{
    struct line *l = *state;
    static const char *const good[] = {"", "0", "0='a'", "1,2='it, is',9"};
    static const char *const bad[] = {"a", "0=", "0='", "0='a", "10", "0,", ",0", "0=a", "0='a'1", "0='\n'"};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(line_write(l, SG_COAP_POST, "/3/0/4", SG_TEXT, sg_str(good[i])).code, SG_COAP_CHANGED);
    assert_int_equal(l->reboots, sizeof good / sizeof good[0]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(line_write(l, SG_COAP_POST, "/3/0/4", ANY, sg_str(bad[i])).code, SG_COAP_BAD_REQUEST);
    assert_int_equal(line_write(l, SG_COAP_POST, "/3/0/4", SG_TLV, sg_str("0")).code, SG_COAP_UNSUPPORTED_FORMAT);
    assert_int_equal(l->reboots, sizeof good / sizeof good[0]);
    l->device.reboot = NULL;
    assert_int_equal(line_write(l, SG_COAP_POST, "/3/0/4", ANY, none).code, SG_COAP_METHOD_NOT_ALLOWED);
}

static void resets_work(void **state)
{
    struct line *l = *state;
    l->device.errors[0] = 3;
    l->device.error_count = 1;
    assert_int_equal(line_write(l, SG_COAP_POST, "/3/0/12", ANY, none).code, SG_COAP_CHANGED);
    expect_text(l, "/3/0/11/0", "0");

    sg_object_temperature_set(&l->temperature, 30);
    sg_object_temperature_set(&l->temperature, 10.25);
    expect_text(l, "/3303/0/5601", "10.25");
    expect_text(l, "/3303/0/5602", "30");
    assert_int_equal(line_write(l, SG_COAP_POST, "/3303/0/5605", ANY, none).code, SG_COAP_CHANGED);
    expect_text(l, "/3303/0/5602", "10.25");
}

static void a_sensor_without_measurement_has_no_value(void **state)
{
    struct line *l = *state;
    l->temperature.measured = false;
    assert_int_equal(line_get(l, "/3303/0/5700", ANY).code, SG_COAP_NOT_FOUND);
    struct sg_coap m = line_get(l, "/3303/0", SG_LINK);
    assert_true(sg_bytes_eq_str(m.payload, "</3303/0>,</3303/0/5605>,</3303/0/5701>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(single_values_are_read_as_text, line_setup),
        cmocka_unit_test_setup(the_answer_is_in_the_format_that_is_asked_for, line_setup),
        cmocka_unit_test_setup(formats_that_cannot_hold_it_are_not_acceptable, line_setup),
        cmocka_unit_test_setup(instances_and_objects_are_read_whole, line_setup),
        cmocka_unit_test_setup(multiple_resources_have_instances, line_setup),
        cmocka_unit_test_setup(what_is_not_there_is_not_found, line_setup),
        cmocka_unit_test_setup(the_security_object_is_nobodys, line_setup),
        cmocka_unit_test_setup(operations_that_are_not_offered_are_not_allowed, line_setup),
        cmocka_unit_test_setup(discover_lists_what_is_there, line_setup),
        cmocka_unit_test_setup(writes_change_values, line_setup),
        cmocka_unit_test_setup(instances_are_written_whole_or_not_at_all, line_setup),
        cmocka_unit_test_setup(bad_content_is_refused, line_setup),
        cmocka_unit_test_setup(utc_offsets_of_iso_8601_are_taken, line_setup),
        cmocka_unit_test_setup(attributes_are_not_offered, line_setup),
        cmocka_unit_test_setup(a_written_lifetime_is_told, line_setup),
        cmocka_unit_test_setup(the_server_can_ask_for_an_update, line_setup),
        cmocka_unit_test_setup(execute_is_done_once, line_setup),
        cmocka_unit_test_setup(non_confirmable_requests_are_done_once_too, line_setup),
        cmocka_unit_test_setup(many_requests_later_the_oldest_is_forgotten_first, line_setup),
        cmocka_unit_test_setup(execute_checks_its_arguments, line_setup),
        cmocka_unit_test_setup(resets_work, line_setup),
        cmocka_unit_test_setup(a_sensor_without_measurement_has_no_value, line_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
