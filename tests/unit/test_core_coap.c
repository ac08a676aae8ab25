/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP messages, their options, and retransmission. */
#include "core/core.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct sg_bytes from_hex(const char *hex, uint8_t space[512])
{
    struct sg_buf b = sg_buf(space, 512);
    assert_int_equal(sg_parse_hex(sg_str(hex), &b), 0);
    return sg_buf_bytes(&b);
}

static void assert_hex(const struct sg_buf *b, const char *hex)
{
    uint8_t space[512];
    struct sg_bytes expect = from_hex(hex, space);
    assert_false(b->full);
    assert_int_equal(b->len, expect.n);
    assert_memory_equal(b->p, expect.p, expect.n);
}

/* RFC 7252 appendix A, figure 16. */
static void basic_get_request(void **state)
{
    (void)state;
    uint8_t space[64], wire[512];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_coap_writer w = sg_coap_begin(&b, SG_COAP_CON, SG_COAP_GET, 0x7d34, sg_bytes(NULL, 0));
    sg_coap_put_str(&w, SG_COAP_OPT_URI_PATH, "temperature");
    sg_coap_put_payload(&w, sg_bytes(NULL, 0));
    assert_hex(&b, "40017d34bb74656d7065726174757265");

    struct sg_coap m;
    bool header = false;
    assert_int_equal(sg_coap_parse(sg_buf_bytes(&b), &m, &header), 0);
    assert_true(header);
    assert_int_equal(m.type, SG_COAP_CON);
    assert_int_equal(m.code, SG_COAP_GET);
    assert_int_equal(m.mid, 0x7d34);
    assert_int_equal(m.token_len, 0);
    assert_int_equal(m.payload.n, 0);
    struct sg_bytes v;
    assert_true(sg_coap_find(&m, SG_COAP_OPT_URI_PATH, &v));
    assert_true(sg_bytes_eq_str(v, "temperature"));
    assert_false(sg_coap_find(&m, SG_COAP_OPT_ETAG, &v));

    assert_int_equal(sg_coap_parse(from_hex("60457d34ff32322e332043", wire), &m, NULL), 0);
    assert_int_equal(m.type, SG_COAP_ACK);
    assert_int_equal(m.code, SG_COAP_CONTENT);
    assert_true(sg_bytes_eq_str(m.payload, "22.3 C"));
}

/* Figure 19: a token, and figure 21's empty acknowledgement. */
static void token_and_empty_ack(void **state)
{
    (void)state;
    uint8_t space[64], wire[512];
    struct sg_coap m;
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_coap_writer w = sg_coap_begin(&b, SG_COAP_CON, SG_COAP_GET, 0x7d35, sg_bytes("\x20", 1));
    sg_coap_put_str(&w, SG_COAP_OPT_URI_PATH, "temperature");
    assert_hex(&b, "41017d3520bb74656d7065726174757265");
    assert_int_equal(sg_coap_parse(sg_buf_bytes(&b), &m, NULL), 0);
    assert_int_equal(m.token_len, 1);
    assert_int_equal(m.token[0], 0x20);

    assert_int_equal(sg_coap_parse(from_hex("6000ad7b", wire), &m, NULL), 0);
    assert_int_equal(m.type, SG_COAP_ACK);
    assert_int_equal(m.code, SG_COAP_EMPTY);
    assert_int_equal(m.mid, 0xad7b);
}

/* A registration of a LwM2M client, with every size of option delta and length. */
static void options_of_all_sizes(void **state)
{
    (void)state;
    uint8_t space[2048], lot[1300];
    memset(lot, 'x', sizeof lot);
    const size_t sizes[] = {0, 1, 12, 13, 14, 268, 269, 270, 1300};
    const uint16_t numbers[] = {0, 1, 12, 13, 14, 268, 269, 270, 65535};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
            struct sg_buf b = sg_buf(space, sizeof space);
            struct sg_coap_writer w = sg_coap_begin(&b, SG_COAP_NON, SG_COAP_POST, 1, sg_str("12345678"));
            sg_coap_put(&w, numbers[k], sg_bytes(lot, sizes[i]));
            sg_coap_put(&w, numbers[k], sg_bytes(lot, 3));
            sg_coap_put_payload(&w, sg_str("p"));
            struct sg_coap m;
            assert_int_equal(sg_coap_parse(sg_buf_bytes(&b), &m, NULL), 0);
            struct sg_coap_option o = {0};
            assert_true(sg_coap_next(&m, &o));
            assert_int_equal(o.number, numbers[k]);
            assert_int_equal(o.value.n, sizes[i]);
            assert_true(sg_coap_next(&m, &o));
            assert_int_equal(o.number, numbers[k]);
            assert_int_equal(o.value.n, 3);
            assert_false(sg_coap_next(&m, &o));
            assert_false(sg_coap_next(&m, &o));
            assert_true(sg_bytes_eq_str(m.payload, "p"));
            assert_int_equal(m.token_len, 8);
            assert_memory_equal(m.token, "12345678", 8);
        }
    }
}

static void integers_in_options(void **state)
{
    (void)state;
    static const struct {
        uint32_t value;
        const char *hex;
    } cases[] = {
        {0, "4001000160"},
        {1, "400100016101"},
        {255, "4001000161ff"},
        {256, "40010001620100"},
        {65536, "4001000163010000"},
        {0x01000000, "400100016401000000"},
        {UINT32_MAX, "4001000164ffffffff"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t space[32];
        struct sg_coap m;
        struct sg_buf b = sg_buf(space, sizeof space);
        struct sg_coap_writer w = sg_coap_begin(&b, SG_COAP_CON, SG_COAP_GET, 1, sg_bytes(NULL, 0));
        sg_coap_put_uint(&w, SG_COAP_OPT_OBSERVE, cases[i].value);
        assert_hex(&b, cases[i].hex);
        assert_int_equal(sg_coap_parse(sg_buf_bytes(&b), &m, NULL), 0);
        assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_OBSERVE, 7), cases[i].value);
        assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_ACCEPT, 7), 7);
    }
    struct sg_coap m;
    uint8_t wire[512];
    assert_int_equal(sg_coap_parse(from_hex("40010001650000000001", wire), &m, NULL), 0);
    assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_OBSERVE, 7), 7); /* five bytes: too long */
    assert_int_equal(sg_coap_parse(from_hex("4001000163000001", wire), &m, NULL), 0);
    assert_int_equal(sg_coap_find_uint(&m, SG_COAP_OPT_OBSERVE, 7), 1); /* leading zeros */
}

static void queries(void **state)
{
    (void)state;
    uint8_t space[128];
    struct sg_coap m;
    struct sg_bytes v;
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_coap_writer w = sg_coap_begin(&b, SG_COAP_CON, SG_COAP_POST, 1, sg_bytes(NULL, 0));
    sg_coap_put_str(&w, SG_COAP_OPT_URI_QUERY, "epx=no");
    sg_coap_put_str(&w, SG_COAP_OPT_URI_QUERY, "ep=urn:imei:351516170000001");
    sg_coap_put_str(&w, SG_COAP_OPT_URI_QUERY, "lt=");
    sg_coap_put_str(&w, SG_COAP_OPT_URI_QUERY, "Q");
    assert_int_equal(sg_coap_parse(sg_buf_bytes(&b), &m, NULL), 0);
    assert_true(sg_coap_query(&m, "ep", &v));
    assert_true(sg_bytes_eq_str(v, "urn:imei:351516170000001"));
    assert_true(sg_coap_query(&m, "lt", &v));
    assert_int_equal(v.n, 0);
    assert_true(sg_coap_query(&m, "Q", &v));
    assert_int_equal(v.n, 0);
    assert_false(sg_coap_query(&m, "e", &v));
    assert_false(sg_coap_query(&m, "lwm2m", &v));
}

static void blocks(void **state)
{
    (void)state;
    struct sg_coap m;
    struct sg_coap_block block;
    for (uint16_t size = 16; size <= 1024; size = (uint16_t)(size * 2)) {
        const uint32_t numbers[] = {0, 1, 15, 16, 4095, 4096, 0xfffff};
        for (size_t i = 0; i < 2 * sizeof numbers / sizeof numbers[0]; i++) {
            uint8_t space[32];
            struct sg_buf b = sg_buf(space, sizeof space);
            struct sg_coap_writer w = sg_coap_begin(&b, SG_COAP_CON, SG_COAP_PUT, 1, sg_bytes(NULL, 0));
            struct sg_coap_block put = {.num = numbers[i / 2], .more = i % 2 != 0, .size = size};
            sg_coap_put_block(&w, SG_COAP_OPT_BLOCK1, put);
            assert_int_equal(sg_coap_parse(sg_buf_bytes(&b), &m, NULL), 0);
            assert_true(sg_coap_find_block(&m, SG_COAP_OPT_BLOCK1, &block));
            assert_int_equal(block.num, put.num);
            assert_int_equal(block.more, put.more);
            assert_int_equal(block.size, size);
            assert_false(sg_coap_find_block(&m, SG_COAP_OPT_BLOCK2, &block));
        }
    }
    uint8_t wire[512];
    /* RFC 7959 figure 7: Block1 1:0/1/128 is 0x0b. */
    assert_int_equal(sg_coap_parse(from_hex("40030001d10e0b", wire), &m, NULL), 0);
    assert_true(sg_coap_find_block(&m, SG_COAP_OPT_BLOCK1, &block));
    assert_int_equal(block.size, 128);
    assert_true(block.more);
    assert_int_equal(sg_coap_parse(from_hex("40030001d10e0f", wire), &m, NULL), 0);
    assert_false(sg_coap_find_block(&m, SG_COAP_OPT_BLOCK1, &block)); /* SZX 7 */
    assert_int_equal(sg_coap_parse(from_hex("40030001d40e00000000", wire), &m, NULL), 0);
    assert_false(sg_coap_find_block(&m, SG_COAP_OPT_BLOCK1, &block)); /* four bytes */
}

static void critical_options(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *what;
        uint16_t expect;
    } cases[] = {
        {"40010001", "no option", 0},
        {"40010001b161", "Uri-Path", 0},
        {"40010001b1610161", "Uri-Path twice", 0},
        {"4001000120", "option 2 is elective", 0},
        {"4001000190", "option 9 (OSCORE) is not ours", 9},
        {"40010001e0fef2", "option 65535", 65535},
        {"40010001e0fef1", "option 65534 is elective", 0},
        {"4001000130", "an empty Uri-Host", 3},
        {"400100017100", "Uri-Port", 0},
        {"4001000171000100", "Uri-Port twice", 7},
        {"400100015100", "If-None-Match with a value", 5},
        {"40010001d304000001", "Accept of 3 bytes", 17},
        {"40010001d40a00000000", "Block2 of 4 bytes", 23},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t wire[512];
        struct sg_coap m;
        if (sg_coap_parse(from_hex(cases[i].hex, wire), &m, NULL) != 0)
            fail_msg("%s does not parse", cases[i].what);
        if (sg_coap_unknown_critical(&m) != cases[i].expect)
            fail_msg("%s: %u", cases[i].what, (unsigned)sg_coap_unknown_critical(&m));
    }
}

static void malformed_messages_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *what;
        int error;
        bool header;
    } cases[] = {
        {"", "nothing", SG_ETRUNCATED, false},
        {"400100", "three bytes", SG_ETRUNCATED, false},
        {"00010001", "version 0", SG_EFORMAT, false},
        {"80010001", "version 2", SG_EFORMAT, false},
        {"4901000101020304050607080a", "a token of 9", SG_EFORMAT, true},
        {"4f010001", "token length 15", SG_EFORMAT, true},
        {"42010001aa", "half a token", SG_ETRUNCATED, true},
        {"41000001aa", "an empty message with a token", SG_EFORMAT, true},
        {"40000001b161", "an empty message with an option", SG_EFORMAT, true},
        {"40000001ff01", "an empty message with a payload", SG_EFORMAT, true},
        {"40200001", "class 1", SG_EFORMAT, true},
        {"40c00001", "class 6", SG_EFORMAT, true},
        {"40e10001", "class 7", SG_EFORMAT, true},
        {"40010001ff", "a marker and no payload", SG_EFORMAT, true},
        {"40010001f1", "a delta of 15", SG_EFORMAT, true},
        {"400100011f", "a length of 15", SG_EFORMAT, true},
        {"40010001b2aa", "half an option", SG_ETRUNCATED, true},
        {"40010001d0", "a delta cut short", SG_ETRUNCATED, true},
        {"40010001e001", "a delta cut short", SG_ETRUNCATED, true},
        {"400100010d", "a length cut short", SG_ETRUNCATED, true},
        {"400100010e01", "a length cut short", SG_ETRUNCATED, true},
        {"40010001e0fef3", "option 65536", SG_EFORMAT, true},
        {"40010001e0fef210", "option 65536, in two steps", SG_EFORMAT, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t wire[512];
        struct sg_coap m;
        bool header = !cases[i].header;
        int error = sg_coap_parse(from_hex(cases[i].hex, wire), &m, &header);
        if (error != cases[i].error || header != cases[i].header)
            fail_msg("%s: %d (%s)", cases[i].what, error, sg_strerror(error));
        if (header)
            assert_int_equal(m.mid, 1);
    }
}

static void messages_that_do_not_fit(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 20; cap++) {
        uint8_t space[20];
        struct sg_buf b = sg_buf(space, cap);
        struct sg_coap_writer w = sg_coap_begin(&b, SG_COAP_CON, SG_COAP_GET, 1, sg_str("to"));
        sg_coap_put_str(&w, SG_COAP_OPT_URI_PATH, "path");
        sg_coap_put_payload(&w, sg_str("payload!")); /* 4 + 2 + 5 + 9 = 20 */
        assert_true(b.full);
        assert_int_equal(sg_buf_bytes(&b).n, 0);
    }
}

static bool make_mistake(int mistake)
{
    static uint8_t space[70000], lot[66000];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_coap_writer w = sg_coap_begin(&b, SG_COAP_CON, SG_COAP_GET, 1, sg_bytes(lot, mistake == 0 ? 9 : 8));
    if (mistake == 1) {
        sg_coap_put_str(&w, SG_COAP_OPT_URI_PATH, "b");
        sg_coap_put_str(&w, SG_COAP_OPT_URI_HOST, "a");
    } else if (mistake == 2) {
        sg_coap_put_payload(&w, sg_str("payload"));
        sg_coap_put_str(&w, SG_COAP_OPT_URI_PATH, "b");
    } else if (mistake == 3) {
        sg_coap_put(&w, SG_COAP_OPT_URI_PATH, sg_bytes(lot, 65805));
    } else if (mistake == 4) {
        sg_coap_put_block(&w, SG_COAP_OPT_BLOCK2, (struct sg_coap_block){.size = 100});
    } else if (mistake == 5) {
        sg_coap_put_block(&w, SG_COAP_OPT_BLOCK2, (struct sg_coap_block){.num = 1U << 20, .size = 16});
    }
    return b.full;
}

/* With assertions the program stops; without them there is no message rather than a wrong one. */
static void callers_mistakes_make_no_message(void **state)
{
    (void)state;
    for (int mistake = 0; mistake < 6; mistake++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(STDERR_FILENO);
            _exit(make_mistake(mistake) ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        bool stopped = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
        bool nothing = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (!stopped && !nothing)
            fail_msg("mistake %d made a message", mistake);
    }
}

static void code_names(void **state)
{
    (void)state;
    assert_string_equal(sg_coap_code_text(SG_COAP_GET), "GET");
    assert_string_equal(sg_coap_code_text(SG_COAP_CONTENT), "2.05 Content");
    assert_string_equal(sg_coap_code_text(SG_COAP_NOT_FOUND), "4.04 Not Found");
    assert_string_equal(sg_coap_code_text(SG_COAP_PROXYING), "5.05 Proxying Not Supported");
    for (unsigned code = 0; code < 256; code++)
        assert_non_null(sg_coap_code_text((uint8_t)code));
    assert_string_equal(sg_coap_code_text(SG_COAP_CODE(4, 30)), "4.xx unknown refusal");
}

/* RFC 7252 section 4.2 and 4.8.2: five sendings within MAX_TRANSMIT_SPAN (45 s), given up within MAX_TRANSMIT_WAIT (93
 * s). */
static void retransmission(void **state)
{
    (void)state;
    const uint32_t randoms[] = {0, 1, 500, 1000, 1001, UINT32_MAX};
    for (size_t i = 0; i < sizeof randoms / sizeof randoms[0]; i++) {
        struct sg_coap_retry r;
        uint64_t now = 1000000;
        sg_coap_retry_start(&r, now, randoms[i]);
        assert_in_range(r.timeout, 2000, 3000);
        uint32_t first = r.timeout;
        for (unsigned k = 0; k < 4; k++) {
            assert_true(r.at == now + ((uint64_t)first << k));
            now = r.at;
            assert_true(sg_coap_retry_again(&r, now));
        }
        assert_in_range(now - 1000000, 30000, 45000);
        now = r.at;
        assert_in_range(now - 1000000, 62000, 93000);
        assert_int_equal(r.sent, 5);
        assert_false(sg_coap_retry_again(&r, now));
        assert_false(sg_coap_retry_again(&r, now));
    }
    struct sg_coap_retry low, high;
    sg_coap_retry_start(&low, 0, 0);
    sg_coap_retry_start(&high, 0, 1000);
    assert_int_equal(low.timeout, 2000);
    assert_int_equal(high.timeout, 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(basic_get_request),
        cmocka_unit_test(token_and_empty_ack),
        cmocka_unit_test(options_of_all_sizes),
        cmocka_unit_test(integers_in_options),
        cmocka_unit_test(queries),
        cmocka_unit_test(blocks),
        cmocka_unit_test(critical_options),
        cmocka_unit_test(malformed_messages_are_refused),
        cmocka_unit_test(messages_that_do_not_fit),
        cmocka_unit_test(callers_mistakes_make_no_message),
        cmocka_unit_test(code_names),
        cmocka_unit_test(retransmission),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
