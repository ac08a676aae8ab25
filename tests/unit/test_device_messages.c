/* SPDX-License-Identifier: Apache-2.0 */
/* The message layer of the device room: options, blocks, pings, and what breaks the rules (RFC 7252, RFC 7959). */
#include "device_line.h"

static void get_device(struct message *m, enum sg_coap_type type, const char *instance)
{
    message_begin(m, type, SG_COAP_GET, 500, "t");
    sg_coap_put_str(&m->w, SG_COAP_OPT_URI_PATH, "3");
    sg_coap_put_str(&m->w, SG_COAP_OPT_URI_PATH, instance);
}

/* RFC 7252 section 5.4.1. */
static void unknown_critical_options_are_refused(void **state)
{
    struct line *l = *state;
    struct message m;

    get_device(&m, SG_COAP_CON, "0");
    sg_coap_put_str(&m.w, 2049, "x");
    message_put(l, &m);
    assert_int_equal(line_only(l).code, SG_COAP_BAD_OPTION);
    get_device(&m, SG_COAP_NON, "0");
    sg_coap_put_str(&m.w, 2049, "x");
    message_put(l, &m);
    assert_int_equal(l->sent, 1); /* rejected in silence */
    line_clear(l);
    get_device(&m, SG_COAP_CON, "0");
    sg_coap_put_uint(&m.w, SG_COAP_OPT_ACCEPT, SG_TLV);
    sg_coap_put_uint(&m.w, SG_COAP_OPT_ACCEPT, SG_TLV); /* not repeatable: section 5.4.5 */
    message_put(l, &m);
    assert_int_equal(line_only(l).code, SG_COAP_BAD_OPTION);
    line_clear(l);
    get_device(&m, SG_COAP_CON, "0");
    sg_coap_put_str(&m.w, 2048, "x"); /* elective */
    message_put(l, &m);
    assert_int_equal(line_only(l).code, SG_COAP_CONTENT);
}

static void an_answer_with_an_unknown_critical_option_is_none(void **state)
{
    struct line *l = *state;
    struct message m;

    sg_lwm2m_update(&l->client, l->now);
    struct sg_coap update = line_only(l);
    const struct sg_bytes token = sg_bytes(update.token, update.token_len);
    m.b = sg_buf(m.bytes, sizeof m.bytes);
    m.w = sg_coap_begin(&m.b, SG_COAP_ACK, SG_COAP_CHANGED, update.mid, token);
    sg_coap_put_str(&m.w, 2049, "x");
    message_put(l, &m);
    assert_int_equal(l->sent, 1);
    m.b = sg_buf(m.bytes, sizeof m.bytes);
    m.w = sg_coap_begin(&m.b, SG_COAP_CON, SG_COAP_CHANGED, 77, token);
    sg_coap_put_str(&m.w, 2049, "x");
    message_put(l, &m);
    assert_int_equal(line_last(l).type, SG_COAP_RST);
    assert_int_equal(line_last(l).mid, 77);
    assert_null(line_told(l, SG_LWM2M_UPDATED));
    line_to_deadline(l); /* it is still waited for */
    assert_int_equal(line_last(l).mid, update.mid);
}

static void proxying_is_not_offered(void **state)
{
    struct line *l = *state;
    struct message m;

    get_device(&m, SG_COAP_CON, "0");
    sg_coap_put_str(&m.w, SG_COAP_OPT_PROXY_URI, "coap://example.com/3/0");
    message_put(l, &m);
    assert_int_equal(line_only(l).code, SG_COAP_PROXYING);
}

static void preconditions_are_kept(void **state)
{
    struct line *l = *state;
    struct message m;
    static const struct {
        uint16_t option;
        const char *tag, *instance;
        uint8_t code;
    } cases[] = {
        {SG_COAP_OPT_IF_MATCH, "", "0", SG_COAP_CONTENT},
        {SG_COAP_OPT_IF_MATCH, "tag", "0", SG_COAP_PRECONDITION_FAILED},
        {SG_COAP_OPT_IF_NONE_MATCH, "", "0", SG_COAP_PRECONDITION_FAILED},
        {SG_COAP_OPT_IF_MATCH, "", "1", SG_COAP_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        line_clear(l);
        message_begin(&m, SG_COAP_CON, SG_COAP_GET, 500, "t");
        sg_coap_put_str(&m.w, cases[i].option, cases[i].tag);
        sg_coap_put_str(&m.w, SG_COAP_OPT_URI_PATH, "3");
        sg_coap_put_str(&m.w, SG_COAP_OPT_URI_PATH, cases[i].instance);
        message_put(l, &m);
        assert_int_equal(line_only(l).code, cases[i].code);
    }
}

/* RFC 7959: an answer in parts, each with the same entity tag, that together are the whole. */
static void answers_come_in_blocks_where_asked(void **state)
{
    struct line *l = *state;
    struct sg_coap whole = line_get(l, "/3/0", SG_TLV);
    uint8_t expected[SG_LWM2M_CONTENT_MAX], joined[SG_LWM2M_CONTENT_MAX], tag[4] = {0};
    const size_t n = whole.payload.n;
    struct sg_coap_block block = {.size = 64};
    struct sg_bytes v;
    size_t at = 0;

    assert_false(sg_coap_find(&whole, SG_COAP_OPT_BLOCK2, &v));
    memcpy(expected, whole.payload.p, n);
    do {
        struct message m;
        line_clear(l);
        get_device(&m, SG_COAP_CON, "0");
        sg_coap_put_uint(&m.w, SG_COAP_OPT_ACCEPT, SG_TLV);
        block.more = false;
        sg_coap_put_block(&m.w, SG_COAP_OPT_BLOCK2, block);
        message_put(l, &m);
        struct sg_coap part = line_only(l);
        const uint32_t num = block.num;
        assert_int_equal(part.code, SG_COAP_CONTENT);
        assert_true(sg_coap_find_block(&part, SG_COAP_OPT_BLOCK2, &block));
        assert_int_equal(block.num, num);
        assert_int_equal(block.size, 64);
        assert_true(block.more ? part.payload.n == 64 : part.payload.n <= 64);
        assert_true(sg_coap_find(&part, SG_COAP_OPT_ETAG, &v) && v.n == 4);
        assert_true(num == 0 || memcmp(tag, v.p, 4) == 0);
        memcpy(tag, v.p, 4);
        memcpy(joined + at, part.payload.p, part.payload.n);
        at += part.payload.n;
        block.num++;
    } while (block.more);
    assert_int_equal(at, n);
    assert_memory_equal(joined, expected, n);

    struct message m; /* there is no such part */
    line_clear(l);
    get_device(&m, SG_COAP_CON, "0");
    block = (struct sg_coap_block){.num = 99, .size = 64};
    sg_coap_put_block(&m.w, SG_COAP_OPT_BLOCK2, block);
    message_put(l, &m);
    assert_int_equal(line_only(l).code, SG_COAP_BAD_REQUEST);
}

static void block_sizes_must_be_possible(void **state)
{
    struct line *l = *state;
    struct message m;
    static const uint16_t options[] = {SG_COAP_OPT_BLOCK2, SG_COAP_OPT_BLOCK1};

    for (size_t i = 0; i < 2; i++) {
        line_clear(l);
        get_device(&m, SG_COAP_CON, "0");
        sg_coap_put_uint(&m.w, options[i], 7); /* RFC 7959 section 2.2: reserved */
        message_put(l, &m);
        assert_int_equal(line_only(l).code, SG_COAP_BAD_REQUEST);
    }
}

static void put_timezone(struct message *m, uint32_t block1)
{
    message_begin(m, SG_COAP_CON, SG_COAP_PUT, (uint16_t)(600 + block1), "t");
    sg_coap_put_str(&m->w, SG_COAP_OPT_URI_PATH, "3");
    sg_coap_put_str(&m->w, SG_COAP_OPT_URI_PATH, "0");
    sg_coap_put_str(&m->w, SG_COAP_OPT_URI_PATH, "15");
    sg_coap_put_uint(&m->w, SG_COAP_OPT_CONTENT_FORMAT, SG_TEXT);
    sg_coap_put_uint(&m->w, SG_COAP_OPT_BLOCK1, block1);
    sg_coap_put_payload(&m->w, sg_str("UTC"));
}

static void content_comes_in_one_block(void **state)
{
    struct line *l = *state;
    struct message m;
    struct sg_coap_block block;

    put_timezone(&m, 2); /* number 0, the last, 64 bytes */
    message_put(l, &m);
    struct sg_coap answer = line_only(l);
    assert_int_equal(answer.code, SG_COAP_CHANGED);
    assert_true(sg_coap_find_block(&answer, SG_COAP_OPT_BLOCK1, &block));
    assert_int_equal(block.size, 64);
    message_put(l, &m);
    assert_memory_equal(l->kept[0].bytes, l->kept[1].bytes, l->kept[0].n);
    assert_string_equal(l->device.timezone, "UTC");
    strcpy(l->device.timezone, "Before");

    static const uint32_t parts[] = {8 | 2, 16 | 2}; /* more to come; the second */
    for (size_t i = 0; i < 2; i++) {
        line_clear(l);
        put_timezone(&m, parts[i]);
        message_put(l, &m);
        assert_int_equal(line_only(l).code, SG_COAP_TOO_LARGE);
    }
    assert_string_equal(l->device.timezone, "Before");
}

/* RFC 7252 section 4.3. */
static void pings_are_answered(void **state)
{
    struct line *l = *state;
    line_acknowledge(l, SG_COAP_CON, 0x1234);
    assert_int_equal(l->kept[0].n, 4);
    assert_memory_equal(l->kept[0].bytes, "\x70\x00\x12\x34", 4);
    line_clear(l);
    line_acknowledge(l, SG_COAP_NON, 0x1234);
    line_acknowledge(l, SG_COAP_ACK, 0x1234);
    line_acknowledge(l, SG_COAP_RST, 0x1234);
    assert_int_equal(l->sent, 0);
}

/* RFC 7252 sections 4.2 and 4.3: confirmable messages that cannot be read are reset, all others are ignored. */
static void malformed_messages_are_rejected(void **state)
{
    struct line *l = *state;
    static const struct {
        const char *bytes;
        size_t n;
        bool reset;
    } bad[] = {
        {"\x49\x01\x12\x34", 4, true},      /* a token of 9 bytes */
        {"\x44\x01\x12\x34\x01", 5, true},  /* a token that ends early */
        {"\x40\x01\x12\x34\xf0", 5, true},  /* a reserved option delta */
        {"\x40\x01\x12\x34\xff", 5, true},  /* a marker without payload */
        {"\x40\x00\x12\x34\x00", 5, true},  /* an empty message with more than a header */
        {"\x40\x20\x12\x34", 4, true},      /* a reserved class */
        {"\x50\x01\x12\x34\xf0", 5, false}, /* non-confirmable */
        {"\x60\x01\x12\x34\xf0", 5, false}, /* an acknowledgement */
        {"\x80\x01\x12\x34", 4, false},     /* another version */
        {"\x40\x01\x12", 3, false},         /* no whole header */
        {"", 0, false},
        {"\x60\x01\x12\x34", 4, false}, /* a request in an acknowledgement */
        {"\x70\x01\x12\x34", 4, false}, /* a request in a reset */
        {"\x70\x45\x12\x34", 4, false}, /* an answer in a reset */
        {"\x60\x45\x12\x34", 4, false}, /* an answer to nothing, in an acknowledgement */
        {"\x50\x45\x12\x34", 4, false}, /* the same, non-confirmable */
        {"\x40\x45\x12\x34", 4, true},  /* the same, confirmable */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        line_clear(l);
        sg_lwm2m_input(&l->client, sg_bytes(bad[i].bytes, bad[i].n), l->now);
        if (l->sent != (bad[i].reset ? 1 : 0))
            fail_msg("case %zu: %zu datagrams", i, l->sent);
        if (bad[i].reset)
            assert_memory_equal(l->kept[0].bytes, "\x70\x00\x12\x34", 4);
        assert_int_equal(l->events, 0);
    }
}

static void requests_are_answered_while_an_update_is_under_way(void **state)
{
    struct line *l = *state;
    sg_lwm2m_update(&l->client, l->now);
    struct sg_coap update = line_only(l);
    const struct datagram before = l->kept[0];
    assert_int_equal(line_get(l, "/3/0/0", ANY).code, SG_COAP_CONTENT);
    line_to_deadline(l);
    assert_int_equal(l->kept[1].n, before.n);
    assert_memory_equal(l->kept[1].bytes, before.bytes, before.n);
    line_acknowledge(l, SG_COAP_ACK, update.mid);
    assert_int_equal(l->client.state, SG_LWM2M_IN_USE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(unknown_critical_options_are_refused, line_setup),
        cmocka_unit_test_setup(an_answer_with_an_unknown_critical_option_is_none, line_setup),
        cmocka_unit_test_setup(proxying_is_not_offered, line_setup),
        cmocka_unit_test_setup(preconditions_are_kept, line_setup),
        cmocka_unit_test_setup(answers_come_in_blocks_where_asked, line_setup),
        cmocka_unit_test_setup(block_sizes_must_be_possible, line_setup),
        cmocka_unit_test_setup(content_comes_in_one_block, line_setup),
        cmocka_unit_test_setup(pings_are_answered, line_setup),
        cmocka_unit_test_setup(malformed_messages_are_rejected, line_setup),
        cmocka_unit_test_setup(requests_are_answered_while_an_update_is_under_way, line_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
