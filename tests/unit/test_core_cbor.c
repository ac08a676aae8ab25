/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR: the examples of RFC 8949 appendix A, and what must be refused (appendix F). */
#include "core/core.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct sg_cursor cursor_of(const char *hex, uint8_t space[256])
{
    struct sg_buf b = sg_buf(space, 256);
    assert_int_equal(sg_parse_hex(sg_str(hex), &b), 0);
    return sg_cursor(sg_buf_bytes(&b));
}

static void assert_hex(const struct sg_buf *b, const char *hex)
{
    char space[600];
    struct sg_buf text = sg_buf(space, sizeof space);
    sg_put_hex(&text, sg_buf_bytes(b));
    assert_string_equal(sg_buf_cstr(&text), hex);
}

static void integers(void **state)
{
    (void)state;
    static const struct {
        int64_t v;
        const char *hex;
    } cases[] = {
        {0, "00"},
        {1, "01"},
        {10, "0a"},
        {23, "17"},
        {24, "1818"},
        {25, "1819"},
        {100, "1864"},
        {1000, "1903e8"},
        {1000000, "1a000f4240"},
        {-1, "20"},
        {-10, "29"},
        {-100, "3863"},
        {-1000, "3903e7"},
        {255, "18ff"},
        {256, "190100"},
        {65535, "19ffff"},
        {65536, "1a00010000"},
        {4294967295, "1affffffff"},
        {-256, "38ff"},
        {4294967296, "1b0000000100000000"},
        {1000000000000, "1b000000e8d4a51000"},
        {INT64_MAX, "1b7fffffffffffffff"},
        {INT64_MIN, "3b7fffffffffffffff"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t space[256], in[256];
        struct sg_buf b = sg_buf(space, sizeof space);
        sg_cbor_put_int(&b, cases[i].v);
        assert_hex(&b, cases[i].hex);
        struct sg_cursor c = cursor_of(cases[i].hex, in);
        assert_int_equal(sg_cbor_peek(&c), cases[i].v < 0 ? SG_CBOR_NINT : SG_CBOR_UINT);
        assert_true(sg_cbor_get_int(&c) == cases[i].v);
        assert_false(c.bad);
        assert_int_equal(sg_left(&c), 0);
        assert_int_equal(sg_cbor_peek(&c), SG_CBOR_END);
        c = cursor_of(cases[i].hex, in);
        assert_true(sg_cbor_get_uint(&c) == (cases[i].v < 0 ? 0 : (uint64_t)cases[i].v));
        assert_int_equal(c.bad, cases[i].v < 0);
    }
    uint8_t space[256];
    struct sg_buf b = sg_buf(space, sizeof space);
    sg_cbor_put_uint(&b, UINT64_MAX);
    assert_hex(&b, "1bffffffffffffffff");
    struct sg_cursor c = sg_cursor(sg_buf_bytes(&b));
    assert_true(sg_cbor_get_uint(&c) == UINT64_MAX);
    c = sg_cursor(sg_buf_bytes(&b));
    assert_true(sg_cbor_get_int(&c) == 0);
    assert_true(c.bad); /* beyond int64 */
    c = cursor_of("3bffffffffffffffff", space);
    assert_true(sg_cbor_get_int(&c) == 0);
    assert_true(c.bad);
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        double v;
    } cases[] = {
        {"f90000", 0.0},
        {"f98000", -0.0},
        {"f93c00", 1.0},
        {"fb3ff199999999999a", 1.1},
        {"f93e00", 1.5},
        {"f97bff", 65504.0},
        {"fa47c35000", 100000.0},
        {"fa7f7fffff", 3.4028234663852886e+38},
        {"fb7e37e43c8800759c", 1.0e+300},
        {"f90001", 5.960464477539063e-8},
        {"f903ff", 6.097555160522461e-5},
        {"f90400", 0.00006103515625},
        {"f9c400", -4.0},
        {"fbc010666666666666", -4.1},
        {"f97c00", HUGE_VAL},
        {"f9fc00", -HUGE_VAL},
        {"fa7f800000", HUGE_VAL},
        {"faff800000", -HUGE_VAL},
        {"fb7ff0000000000000", HUGE_VAL},
        {"fbfff0000000000000", -HUGE_VAL},
        {"fa00000001", 1.401298464324817e-45},
        {"1864", 100},
        {"3863", -100},
        {"1bffffffffffffffff", 18446744073709551615.0},
        {"3bffffffffffffffff", -18446744073709551616.0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t in[256];
        struct sg_cursor c = cursor_of(cases[i].hex, in);
        double v = sg_cbor_get_number(&c);
        if (c.bad || memcmp(&v, &cases[i].v, sizeof v) != 0)
            fail_msg("%s was read as %.17g", cases[i].hex, v);
    }
    static const char *const nans[] = {"f97e00", "fa7fc00000", "fb7ff8000000000000", "f97c01"};
    for (size_t i = 0; i < sizeof nans / sizeof nans[0]; i++) {
        uint8_t in[256];
        struct sg_cursor c = cursor_of(nans[i], in);
        assert_true(isnan(sg_cbor_get_number(&c)));
        assert_false(c.bad);
    }
}

static void doubles_are_written_as_short_as_is_exact(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *hex;
    } cases[] = {
        {1.1, "fb3ff199999999999a"},   {100000.0, "fa47c35000"}, {3.4028234663852886e+38, "fa7f7fffff"},
        {1e300, "fb7e37e43c8800759c"}, {HUGE_VAL, "fa7f800000"}, {-HUGE_VAL, "faff800000"},
        {(double)NAN, "fa7fc00000"},   {-0.0, "fa80000000"},     {21.5, "fa41ac0000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t space[16];
        struct sg_buf b = sg_buf(space, sizeof space);
        sg_cbor_put_double(&b, cases[i].v);
        assert_hex(&b, cases[i].hex);
    }
}

static void simple_values(void **state)
{
    (void)state;
    uint8_t in[256], space[16];
    struct sg_buf b = sg_buf(space, sizeof space);
    sg_cbor_put_bool(&b, false);
    sg_cbor_put_bool(&b, true);
    sg_cbor_put_null(&b);
    assert_hex(&b, "f4f5f6");
    struct sg_cursor c = sg_cursor(sg_buf_bytes(&b));
    assert_int_equal(sg_cbor_peek(&c), SG_CBOR_SIMPLE);
    assert_false(sg_cbor_get_null(&c));
    assert_false(sg_cbor_get_bool(&c));
    assert_true(sg_cbor_get_bool(&c));
    assert_true(sg_cbor_get_null(&c));
    assert_false(sg_cbor_get_null(&c));
    assert_false(c.bad);
    c = cursor_of("f7", in); /* undefined */
    sg_cbor_get_bool(&c);
    assert_true(c.bad);
    c = cursor_of("f4", in);
    sg_cbor_get_number(&c);
    assert_true(c.bad);
}

static void strings(void **state)
{
    (void)state;
    uint8_t in[256], space[16];
    struct sg_cursor c = cursor_of("4401020304", in);
    assert_true(sg_bytes_eq(sg_cbor_get_bytes(&c), sg_bytes("\1\2\3\4", 4)));
    c = cursor_of("6161", in);
    assert_true(sg_bytes_eq_str(sg_cbor_get_text(&c), "a"));
    c = cursor_of("62c3bc", in);
    assert_true(sg_bytes_eq_str(sg_cbor_get_text(&c), "ü"));
    c = cursor_of("64f0908591", in);
    assert_true(sg_bytes_eq_str(sg_cbor_get_text(&c), "\xf0\x90\x85\x91"));
    c = cursor_of("62225c", in);
    assert_true(sg_bytes_eq_str(sg_cbor_get_text(&c), "\"\\"));
    c = cursor_of("60", in);
    assert_int_equal(sg_cbor_get_text(&c).n, 0);
    assert_false(c.bad);
    c = cursor_of("61ff", in); /* not UTF-8 */
    sg_cbor_get_text(&c);
    assert_true(c.bad);
    struct sg_buf b = sg_buf(space, sizeof space);
    sg_cbor_put_bytes(&b, sg_bytes("\1\2\3\4", 4));
    sg_cbor_put_text(&b, sg_str("IETF"));
    assert_hex(&b, "44010203046449455446");
}

static void arrays_maps_and_tags(void **state)
{
    (void)state;
    uint8_t in[256], space[256];
    struct sg_cursor c = cursor_of("8301820203820405", in); /* [1, [2, 3], [4, 5]] */
    assert_int_equal(sg_cbor_get_array(&c), 3);
    assert_int_equal(sg_cbor_get_uint(&c), 1);
    assert_int_equal(sg_cbor_get_array(&c), 2);
    assert_int_equal(sg_cbor_get_uint(&c), 2);
    sg_cbor_skip(&c);
    assert_int_equal(sg_cbor_peek(&c), SG_CBOR_ARRAY);
    sg_cbor_skip(&c);
    assert_false(c.bad);
    assert_int_equal(sg_left(&c), 0);
    c = cursor_of("c11a514b67b0", in); /* 1(1363896240) */
    assert_int_equal(sg_cbor_get_tag(&c), 1);
    assert_int_equal(sg_cbor_get_uint(&c), 1363896240);

    struct sg_buf b = sg_buf(space, sizeof space); /* {"a": 1, "b": [2, 3]} */
    sg_cbor_put_map(&b, 2);
    sg_cbor_put_text(&b, sg_str("a"));
    sg_cbor_put_uint(&b, 1);
    sg_cbor_put_text(&b, sg_str("b"));
    sg_cbor_put_array(&b, 2);
    sg_cbor_put_uint(&b, 2);
    sg_cbor_put_uint(&b, 3);
    assert_hex(&b, "a26161016162820203");
    c = sg_cursor(sg_buf_bytes(&b));
    assert_int_equal(sg_cbor_get_map(&c), 2);
    b.len = 0;
    sg_cbor_put_array(&b, 25);
    sg_cbor_put_tag(&b, 32);
    assert_hex(&b, "9819d820");
}

/* One item each, of every kind in appendix A. */
static void everything_well_formed_is_skipped(void **state)
{
    (void)state;
    static const char *const good[] = {
        "00",
        "1bffffffffffffffff",
        "c249010000000000000000",
        "3bffffffffffffffff",
        "f90000",
        "fb3ff199999999999a",
        "f4",
        "f7",
        "f0",
        "f8ff",
        "c074323031332d30332d32315432303a30343a30305a",
        "c1fb41d452d9ec200000",
        "d74401020304",
        "d818456449455446",
        "40",
        "60",
        "80",
        "83010203",
        "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
        "a0",
        "a201020304",
        "a26161016162820203",
        "826161a161626163",
        "5f42010243030405ff",
        "7f657374726561646d696e67ff",
        "9fff",
        "9f018202039f0405ffff",
        "83018202039f0405ff",
        "83019f0203ff820405",
        "bf61610161629f0203ffff",
        "826161bf61626163ff",
        "bf6346756ef563416d7421ff",
        "5fff",
        "7fff",
        "bfff",
        "81818181818181818181818181818180",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint8_t in[256];
        struct sg_cursor c = cursor_of(good[i], in);
        sg_cbor_skip(&c);
        if (c.bad || sg_left(&c) != 0)
            fail_msg("%s: %s, %zu left", good[i], c.bad ? "refused" : "taken", sg_left(&c));
        for (size_t cut = 1; cut < c.n; cut++) { /* and no beginning of it is */
            struct sg_cursor part = sg_cursor(sg_bytes(in, c.n - cut));
            sg_cbor_skip(&part);
            if (!part.bad)
                fail_msg("%s without its last %zu bytes was taken", good[i], cut);
        }
    }
}

static void what_is_not_well_formed_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", /* nothing */
        "1c",
        "1d",
        "1e",
        "3c", /* reserved lengths */
        "5c",
        "7d",
        "9e",
        "bc",
        "dc",
        "fc",
        "fd",
        "fe",
        "1f",
        "3f",
        "df", /* numbers and tags of indefinite length */
        "ff", /* a break alone */
        "81ff",
        "8200ff",
        "a1ff",
        "a100ff",
        "c1ff",
        "9f81ff",
        "bf00ff",
        "bf0000a1ff", /* a break in the midst of something */
        "f800",
        "f81f", /* simple values in two bytes that have one */
        "5f00ff",
        "5f6100ff",
        "7f4100ff",     /* chunks of another type */
        "5f5f4100ffff", /* nested chunks */
        "7f61ffff",
        "62c328", /* not UTF-8 */
        "5bffffffffffffffff",
        "9bffffffffffffffff",
        "bb8000000000000000",
        "bb7fffffffffffffff", /* absurd lengths */
        "8181818181818181818181818181818181"
        "00", /* 17 deep */
        "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1"
        "00", /* tags too */
        "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f"
        "ffffffffffffffffffffffffffffffffff",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t in[256];
        struct sg_cursor c = cursor_of(bad[i], in);
        sg_cbor_skip(&c);
        if (!c.bad)
            fail_msg("%s was taken", bad[i]);
        assert_int_equal(sg_cbor_peek(&c), SG_CBOR_END);
        assert_int_equal(sg_cbor_get_uint(&c), 0); /* and stays so */
    }
}

static void other_types_are_refused(void **state)
{
    (void)state;
    static const char *const items[] = {"00", "20", "40", "60", "80", "a0", "c100", "f4", "f6", "fa00000000"};
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        uint8_t in[256];
        for (size_t k = 0; k < 9; k++) {
            struct sg_cursor c = cursor_of(items[i], in);
            bool fits = false;
            switch (k) {
            case 0:
                sg_cbor_get_uint(&c);
                fits = i == 0;
                break;
            case 1:
                sg_cbor_get_int(&c);
                fits = i < 2;
                break;
            case 2:
                sg_cbor_get_bytes(&c);
                fits = i == 2;
                break;
            case 3:
                sg_cbor_get_text(&c);
                fits = i == 3;
                break;
            case 4:
                sg_cbor_get_array(&c);
                fits = i == 4;
                break;
            case 5:
                sg_cbor_get_map(&c);
                fits = i == 5;
                break;
            case 6:
                sg_cbor_get_tag(&c);
                fits = i == 6;
                break;
            case 7:
                sg_cbor_get_bool(&c);
                fits = i == 7;
                break;
            default:
                sg_cbor_get_number(&c);
                fits = i < 2 || i == 9;
                break;
            }
            if (c.bad == fits)
                fail_msg("%s by getter %zu", items[i], k);
        }
    }
    static const char *const indefinite[] = {"5f4101ff", "7f6161ff", "9f00ff", "bf0000ff"};
    for (size_t i = 0; i < 4; i++) {
        uint8_t in[256];
        struct sg_cursor c[4];
        for (size_t k = 0; k < 4; k++)
            c[k] = cursor_of(indefinite[i], in);
        sg_cbor_get_bytes(&c[0]);
        sg_cbor_get_text(&c[1]);
        sg_cbor_get_array(&c[2]);
        sg_cbor_get_map(&c[3]);
        for (size_t k = 0; k < 4; k++)
            assert_true(c[k].bad);
    }
    uint8_t in[256];
    struct sg_cursor c = cursor_of("9a00ffffff00", in); /* more items than bytes */
    assert_int_equal(sg_cbor_get_array(&c), 0);
    assert_true(c.bad);
    c = cursor_of("a20000", in);
    assert_int_equal(sg_cbor_get_map(&c), 0);
    assert_true(c.bad);
}

static void every_half_float(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 65536; bits++) {
        uint8_t wire[3] = {0xf9, (uint8_t)(bits >> 8), (uint8_t)bits};
        struct sg_cursor c = sg_cursor(sg_bytes(wire, sizeof wire));
        double v = sg_cbor_get_number(&c);
        int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
        double expect = exponent == 0 ? ldexp(fraction, -24) : ldexp(fraction + 1024, exponent - 25);
        if (exponent == 31)
            expect = fraction == 0 ? HUGE_VAL : (double)NAN;
        if (bits >> 15 != 0)
            expect = -expect;
        assert_true(isnan(expect) ? isnan(v) : memcmp(&v, &expect, sizeof v) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(numbers),
        cmocka_unit_test(doubles_are_written_as_short_as_is_exact),
        cmocka_unit_test(simple_values),
        cmocka_unit_test(strings),
        cmocka_unit_test(arrays_maps_and_tags),
        cmocka_unit_test(everything_well_formed_is_skipped),
        cmocka_unit_test(what_is_not_well_formed_is_refused),
        cmocka_unit_test(other_types_are_refused),
        cmocka_unit_test(every_half_float),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
