/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, bytes, buffers, cursors, digits, base64 and addresses. */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void errors_have_names(void **state)
{
    (void)state;
    for (int e = SG_ECLOSED; e < 0; e++)
        assert_string_not_equal(sg_strerror(e), "unknown error");
    assert_string_equal(sg_strerror(SG_ENOTFOUND), "not found");
    assert_string_equal(sg_strerror(SG_ECLOSED - 1), "unknown error");
    assert_string_equal(sg_strerror(5), "no error");
}

static void failures_tell_a_sentence(void **state)
{
    (void)state;
    struct sg_error err = {0};
    assert_int_equal(sg_fail(&err, SG_EIO, "reading %s: error %d", "x.pem", 7), SG_EIO);
    assert_int_equal(err.code, SG_EIO);
    assert_string_equal(err.text, "reading x.pem: error 7");
    assert_int_equal(sg_fail_in(&err, "device %d", 3), SG_EIO);
    assert_string_equal(err.text, "device 3: reading x.pem: error 7");
    sg_fail(&err, SG_EINVAL, "again: %s", err.text);
    assert_string_equal(err.text, "again: device 3: reading x.pem: error 7");
    assert_int_equal(sg_fail(NULL, SG_EBUSY, "nobody reads this"), SG_EBUSY);
    assert_true(sg_fail_in(NULL, "nor this") < 0);
}

static void long_sentences_are_cut(void **state)
{
    (void)state;
    struct sg_error err = {0};
    char lot[1000];
    memset(lot, 'a', sizeof lot - 1);
    lot[sizeof lot - 1] = '\0';
    sg_fail(&err, SG_EIO, "%s", lot);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    sg_fail_in(&err, "prefix");
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_memory_equal(err.text, "prefix: aaaa", 12);
    sg_fail_in(&err, "%s", lot);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

static void views_compare(void **state)
{
    (void)state;
    assert_true(sg_bytes_eq(sg_str("abc"), sg_bytes("abcd", 3)));
    assert_false(sg_bytes_eq(sg_str("abc"), sg_str("abd")));
    assert_false(sg_bytes_eq(sg_str("abc"), sg_str("ab")));
    assert_true(sg_bytes_eq(sg_bytes(NULL, 0), sg_str("")));
    assert_true(sg_bytes_eq_str(sg_str("x"), "x"));
    assert_true(sg_secret_eq("12345", "12345", 5));
    assert_false(sg_secret_eq("12345", "12344", 5));
    assert_true(sg_secret_eq("1", "2", 0));
    char secret[4] = "key";
    sg_wipe(secret, sizeof secret);
    assert_memory_equal(secret, "\0\0\0\0", 4);
    sg_wipe(NULL, 0);
}

static void buffers_fill_and_stay_full(void **state)
{
    (void)state;
    uint8_t space[16];
    struct sg_buf b = sg_buf(space, sizeof space);
    sg_put_u8(&b, 1);
    sg_put_u16(&b, 0x0203);
    sg_put_u24(&b, 0x040506);
    sg_put_u32(&b, 0x0708090a);
    assert_memory_equal(space, "\1\2\3\4\5\6\7\10\11\12", 10);
    sg_put_u64(&b, 1); /* 10 + 8 > 16 */
    assert_true(b.full);
    assert_int_equal(b.len, 10);
    sg_put_u8(&b, 1); /* would fit, and is too late */
    assert_int_equal(b.len, 10);
    assert_int_equal(sg_buf_bytes(&b).n, 0);
    assert_string_equal(sg_buf_cstr(&b), "");

    b = sg_buf(space, 4);
    sg_put_str(&b, "abc");
    assert_string_equal(sg_buf_cstr(&b), "abc");
    assert_int_equal(b.len, 3);
    sg_put_str(&b, "d");
    assert_int_equal(sg_buf_bytes(&b).n, 4);
    assert_string_equal(sg_buf_cstr(&b), "");
    b = sg_buf(NULL, 0);
    sg_put_bytes(&b, sg_bytes(NULL, 0));
    assert_false(b.full);
    assert_string_equal(sg_buf_cstr(&b), "");
}

static void cursors_stop_at_the_end(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};
    struct sg_cursor c = sg_cursor(sg_bytes(bytes, sizeof bytes));
    assert_int_equal(sg_get_u8(&c), 1);
    assert_int_equal(sg_get_u16(&c), 0x0203);
    assert_int_equal(sg_get_u24(&c), 0x040506);
    assert_int_equal(sg_get_u32(&c), 0x0708090a);
    assert_int_equal(sg_left(&c), 8);
    struct sg_cursor copy = c;
    assert_true(sg_get_u64(&copy) == 0x0b0c0d0e0f101112);
    assert_int_equal(sg_left(&copy), 0);
    assert_false(copy.bad);
    assert_int_equal(sg_get(&c, 0).n, 0);
    assert_false(c.bad);
    assert_int_equal(sg_get(&c, 9).n, 0);
    assert_true(c.bad);
    assert_int_equal(sg_get_u8(&c), 0); /* there was one, but it is too late */
    assert_int_equal(sg_left(&c), 0);
    assert_int_equal(sg_rest(&c).n, 0);
    c = sg_cursor(sg_bytes(bytes, 3));
    assert_int_equal(sg_get_u8(&c), 1);
    assert_true(sg_bytes_eq(sg_rest(&c), sg_bytes(bytes + 1, 2)));
    c = sg_cursor(sg_bytes(NULL, 0));
    assert_int_equal(sg_rest(&c).n, 0);
    assert_false(c.bad);
    assert_int_equal(sg_get_u64(&c), 0);
    assert_true(c.bad);
}

static void decimals(void **state)
{
    (void)state;
    static const int64_t numbers[] = {0, 1, -1, 9, 10, -10, 65535, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char text[24], expect[24];
        struct sg_buf b = sg_buf(text, sizeof text);
        int64_t back = 99;
        sg_put_dec(&b, numbers[i]);
        snprintf(expect, sizeof expect, "%lld", (long long)numbers[i]);
        assert_string_equal(sg_buf_cstr(&b), expect);
        assert_int_equal(sg_parse_dec(sg_buf_bytes(&b), &back), 0);
        assert_true(back == numbers[i]);
    }
    uint64_t u = 0;
    assert_int_equal(sg_parse_udec(sg_str("18446744073709551615"), UINT64_MAX, &u), 0);
    assert_true(u == UINT64_MAX);
    assert_int_equal(sg_parse_udec(sg_str("007"), 7, &u), 0);
    assert_int_equal(u, 7);
    int64_t i = 0;
    assert_int_equal(sg_parse_dec(sg_str("+5"), &i), 0);
    assert_int_equal(i, 5);
}

static void bad_decimals_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "-", "+", " 1", "1 ", "--1", "1x", "0x10", "18446744073709551616", "٣"};
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        uint64_t u;
        int64_t i;
        assert_int_equal(sg_parse_udec(sg_str(bad[k]), UINT64_MAX, &u), SG_EFORMAT);
        assert_int_equal(sg_parse_dec(sg_str(bad[k]), &i), SG_EFORMAT);
    }
    uint64_t u;
    int64_t i;
    assert_int_equal(sg_parse_udec(sg_str("8"), 7, &u), SG_EFORMAT);
    assert_int_equal(sg_parse_udec(sg_str("256"), 255, &u), SG_EFORMAT);
    assert_int_equal(sg_parse_dec(sg_str("9223372036854775808"), &i), SG_EFORMAT);
    assert_int_equal(sg_parse_dec(sg_str("-9223372036854775809"), &i), SG_EFORMAT);
}

static void hexadecimals(void **state)
{
    (void)state;
    char text[16];
    struct sg_buf b = sg_buf(text, sizeof text);
    sg_put_hex(&b, sg_bytes("\x00\x9f\xAb", 3));
    assert_string_equal(sg_buf_cstr(&b), "009fab");
    b.len = 0;
    assert_int_equal(sg_parse_hex(sg_str("009fAB"), &b), 0);
    assert_int_equal(b.len, 3);
    assert_memory_equal(text, "\x00\x9f\xab", 3);
    assert_int_equal(sg_parse_hex(sg_str("123"), &b), SG_EFORMAT);
    assert_int_equal(sg_parse_hex(sg_str("12g4"), &b), SG_EFORMAT);
    assert_int_equal(b.len, 3); /* nothing half-done */
    b = sg_buf(text, 1);
    assert_int_equal(sg_parse_hex(sg_str("0102"), &b), SG_ENOSPC);
}

/* RFC 4648 section 10. */
static void base64_vectors(void **state)
{
    (void)state;
    static const char *const vectors[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xef\xff", "++//"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char text[32], back[32];
        struct sg_buf b = sg_buf(text, sizeof text);
        struct sg_buf d = sg_buf(back, sizeof back);
        sg_put_base64(&b, sg_str(vectors[i][0]));
        assert_string_equal(sg_buf_cstr(&b), vectors[i][1]);
        assert_int_equal(sg_parse_base64(sg_buf_bytes(&b), &d), 0);
        assert_string_equal(sg_buf_cstr(&d), vectors[i][0]);
        while (b.len > 0 && text[b.len - 1] == '=') /* padding may be left out */
            b.len--;
        d.len = 0;
        assert_int_equal(sg_parse_base64(sg_buf_bytes(&b), &d), 0);
        assert_string_equal(sg_buf_cstr(&d), vectors[i][0]);
    }
    char text[32];
    struct sg_buf b = sg_buf(text, sizeof text);
    sg_put_base64url(&b, sg_bytes("\xfb\xef\xff\x01", 4));
    assert_string_equal(sg_buf_cstr(&b), "--__AQ");
    b.len = 0;
    assert_int_equal(sg_parse_base64url(sg_str("--__AQ=="), &b), 0);
    assert_memory_equal(text, "\xfb\xef\xff\x01", 4);
}

static void bad_base64_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "A",     "=",    "==",   "A===", "AA=",   "AAA==", "AAAA=",   "AAAA==", "AA==AA==", "Zg=\n",    "Zm9v\n",
        "Zm 9v", "Zh==", "Zm9=", "Zm9",  "AAAAA", "--__",  "Zm9v===", "A=AA",   "=AAA",     "AAAA====",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[32] = "kept";
        struct sg_buf b = sg_buf(text, sizeof text);
        b.len = 4;
        assert_int_equal(sg_parse_base64(sg_str(bad[i]), &b), SG_EFORMAT);
        assert_int_equal(b.len, 4);
    }
    char text[2];
    struct sg_buf b = sg_buf(text, sizeof text);
    assert_int_equal(sg_parse_base64url(sg_str("++//"), &b), SG_EFORMAT);
    assert_int_equal(sg_parse_base64(sg_str("Zm9v"), &b), SG_ENOSPC);
}

static void check_addr(struct sg_bytes ip_hex, uint16_t port, const char *expect)
{
    struct sg_addr a = {.port = port};
    char text[SG_ADDR_TEXT];
    struct sg_buf ip = sg_buf(a.ip, sizeof a.ip);
    assert_int_equal(sg_parse_hex(ip_hex, &ip), 0);
    assert_string_equal(sg_addr_text(&a, text), expect);
}

static void addresses_as_text(void **state)
{
    (void)state;
    check_addr(sg_str("00000000000000000000ffffc0000207"), 40112, "192.0.2.7:40112");
    check_addr(sg_str("00000000000000000000ffffffffffff"), 65535, "255.255.255.255:65535");
    check_addr(sg_str("20010db8000000000000000000000001"), 5684, "[2001:db8::1]:5684");
    check_addr(sg_str("00000000000000000000000000000000"), 0, "[::]:0");
    check_addr(sg_str("00000000000000000000000000000001"), 1, "[::1]:1");
    check_addr(sg_str("fe800000000000000000000000000000"), 1, "[fe80::]:1");
    check_addr(sg_str("20010db8000000010001000100010001"), 1, "[2001:db8:0:1:1:1:1:1]:1"); /* RFC 5952 section 4.2.2 */
    check_addr(sg_str("20010000000000010000000000000001"), 1, "[2001:0:0:1::1]:1");        /* section 4.2.3 */
    check_addr(sg_str("20010db8000000000001000000000001"), 1, "[2001:db8::1:0:0:1]:1");
    check_addr(sg_str("ffffffffffffffffffffffffffffffff"), 65535, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
    struct sg_addr a = {.ip = {1}, .port = 2}, b = a;
    assert_true(sg_addr_eq(&a, &b));
    b.port = 3;
    assert_false(sg_addr_eq(&a, &b));
    b = a;
    b.ip[15] = 1;
    assert_false(sg_addr_eq(&a, &b));
}

static void addresses_from_text(void **state)
{
    (void)state;
    static const char *const good[] = {"192.0.2.7:40112", "0.0.0.0:0", "[::]:5684", "[2001:db8::1]:65535"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct sg_addr a;
        char text[SG_ADDR_TEXT];
        assert_int_equal(sg_addr_parse(good[i], &a, NULL), 0);
        assert_string_equal(sg_addr_text(&a, text), good[i]);
    }
    static const char *const bad[] = {
        "",        "5684",       "192.0.2.7",  "192.0.2.7:",  "192.0.2:1", "192.0.2.7:65536",
        "::1:80",  "[::1]",      "[::1:80",    "[]:80",       ":80",       "localhost:80",
        "[::1]80", "1.2.3.4:-1", "1.2.3.4: 1", "[1.2.3.4]:1", "[[::1]]:1", "[::1%lo]:1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sg_addr a = {.port = 77};
        struct sg_error err = {0};
        assert_int_equal(sg_addr_parse(bad[i], &a, &err), SG_EFORMAT);
        assert_non_null(strstr(err.text, bad[i]));
        assert_int_equal(a.port, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_have_names),
        cmocka_unit_test(failures_tell_a_sentence),
        cmocka_unit_test(long_sentences_are_cut),
        cmocka_unit_test(views_compare),
        cmocka_unit_test(buffers_fill_and_stay_full),
        cmocka_unit_test(cursors_stop_at_the_end),
        cmocka_unit_test(decimals),
        cmocka_unit_test(bad_decimals_are_refused),
        cmocka_unit_test(hexadecimals),
        cmocka_unit_test(base64_vectors),
        cmocka_unit_test(bad_base64_is_refused),
        cmocka_unit_test(addresses_as_text),
        cmocka_unit_test(addresses_from_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
