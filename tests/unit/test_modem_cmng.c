/* SPDX-License-Identifier: Apache-2.0 */
/* The credential store's commands as they go over the wire, and the replies that documentation and recordings show. */
#include "modem_line.h"

#define SHA_A "2C43952EE9E000FF2ACC4E2ED0897C0A72AD5FA72C3D934E81741CBD54F05BD1"
#define SHA_B "672E2F05962B4EFBFA8801255D87E0E0418F2DDF4DDAEFC59E9B4162F512CB63"

static int list(const char *written, const char *answer, int64_t tag, struct sg_cred *creds, size_t cap)
{
    const struct step steps[] = {{written, answer}, {0}};
    struct line l = {0};
    int n = sg_modem_list(line_modem(&l, steps), tag, creds, cap);
    line_done(&l);
    return n;
}

static void listing_takes_every_tag_and_type(void **state)
{
    struct sg_cred c[4];
    (void)state;
    assert_int_equal(list("AT%CMNG=1\r",
                          "%CMNG: 123,0,\"" SHA_A "\"\r\n"
                          "+CEREG: 1\r\n"
                          "%CMNG: 4294967292, 11, \"" SHA_B "\"\r\n"
                          "%CMNG: 2147483650,13\r\nOK\r\n",
                          -1, c, 4),
                     3);
    assert_int_equal(c[0].tag, 123);
    assert_int_equal(c[0].type, SG_CRED_CA);
    assert_int_equal(c[0].sha256[0], 0x2C);
    assert_int_equal(c[0].sha256[31], 0xD1);
    assert_int_equal(c[1].tag, 4294967292U);
    assert_int_equal(c[1].type, SG_CRED_NORDIC_BASE);
    assert_int_equal(c[1].sha256[0], 0x67);
    assert_int_equal(c[2].tag, 2147483650U);
    assert_int_equal(c[2].type, 13);
    assert_string_equal(sg_cred_type_name(13), "asset encryption key");
    assert_string_equal(sg_cred_type_name(SG_CRED_CERT), "client certificate");
}

static void listing_tells_how_many_there_are(void **state)
{
    struct sg_cred c[1];
    (void)state;
    assert_int_equal(list("AT%CMNG=1,35724861\r", "OK\r\n", SG_TAG_LWM2M, c, 1), 0);
    assert_int_equal(list("AT%CMNG=1,1\r", "%CMNG: 1,0,\"" SHA_A "\"\r\n%CMNG: 1,1,\"" SHA_B "\"\r\nOK\r\n", 1, c, 1),
                     2);
    assert_int_equal(c[0].type, 0);
    assert_int_equal(list("AT%CMNG=1\r", "+CME ERROR: 0\r\n", -1, c, 1), SG_EDENIED);
}

static void listing_refuses_lines_of_another_form(void **state)
{
    static const char *const bad[] = {
        "%CMNG: x,0,\"" SHA_A "\"\r\nOK\r\n",  "%CMNG: 4294967296,0,\"" SHA_A "\"\r\nOK\r\n",
        "%CMNG: 1,0,\"ABCD\"\r\nOK\r\n",       "%CMNG: 1\r\nOK\r\n",
        "%CMNG: 1,0,\"" SHA_A "x\"\r\nOK\r\n", "%CMNG: -1,0,\"" SHA_A "\"\r\nOK\r\n"};
    struct sg_cred c[1];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(list("AT%CMNG=1\r", bad[i], -1, c, 1), SG_EFORMAT);
}

static void finding_one(void **state)
{
    const struct step steps[] = {{"AT%CMNG=1,7,1\r", "%CMNG: 7,1,\"" SHA_A "\"\r\nOK\r\n"},
                                 {"AT%CMNG=1,7,2\r", "OK\r\n"},
                                 {"AT%CMNG=1,7,1\r", "%CMNG: 7,0,\"" SHA_A "\"\r\nOK\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    struct sg_cred c;
    (void)state;
    assert_int_equal(sg_modem_find(m, 7, SG_CRED_CERT, &c), 1);
    assert_int_equal(c.sha256[1], 0x43);
    assert_int_equal(sg_modem_find(m, 7, SG_CRED_KEY, &c), 0);
    assert_int_equal(sg_modem_find(m, 7, SG_CRED_CERT, &c), SG_EFORMAT);
}

static void writing_sends_the_bytes_as_they_are(void **state)
{
    const struct step steps[] = {
        {"AT%CMNG=0,2147483647,0,\"a\r\nb\n\"\r", "OK\r\n"}, {"AT%CMNG=0,1,2,\"k\"\r", "+CME ERROR: 518\r\n"}, {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    assert_int_equal(sg_modem_write(m, SG_TAG_MAX, SG_CRED_CA, sg_str("a\r\nb\n")), 0);
    assert_int_equal(sg_modem_write(m, 1, SG_CRED_KEY, sg_str("k")), SG_EDENIED);
    assert_int_equal(m->cme, SG_CME_ACTIVE);
    line_done(&l);
}

static void what_cannot_be_written_is_refused_before_sending(void **state)
{
    static char large[SG_AT_COMMAND_MAX];
    const struct step steps[] = {{0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    memset(large, 'x', sizeof large);
    assert_int_equal(sg_modem_write(m, 1, 0, sg_str("a\"b")), SG_EINVAL);
    assert_int_equal(sg_modem_write(m, 1, 0, sg_bytes("a\0b", 3)), SG_EINVAL);
    assert_int_equal(sg_modem_write(m, 1, 0, sg_str("a\x7F")), SG_EINVAL);
    assert_int_equal(sg_modem_write(m, 1, 0, sg_str("a\b")), SG_EINVAL);
    assert_int_equal(sg_modem_write(m, 1, 0, sg_str("\xC3\xA5")), SG_EINVAL);
    assert_int_equal(sg_modem_write(m, 1, 0, sg_str("")), SG_EINVAL);
    assert_int_equal(sg_modem_write(m, SG_TAG_MAX + 1U, 0, sg_str("a")), SG_EINVAL);
    /* AT%CMNG=0,1,0," and the closing quote take 16 characters. */
    assert_int_equal(sg_modem_write(m, 1, 0, sg_bytes(large, SG_AT_COMMAND_MAX - 15)), SG_EINVAL);
}

static void the_largest_content_fits(void **state)
{
    static char large[SG_AT_COMMAND_MAX + 2] = "AT%CMNG=0,1,0,\"";
    (void)state;
    memset(large + 15, 'x', SG_AT_COMMAND_MAX - 16);
    large[SG_AT_COMMAND_MAX - 1] = '"';
    large[SG_AT_COMMAND_MAX] = '\r';
    const struct step steps[] = {{large, "+CME ERROR: 515\r\n"}, {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    assert_int_equal(sg_modem_write(m, 1, 0, sg_bytes(large + 15, SG_AT_COMMAND_MAX - 16)), SG_EDENIED);
    assert_int_equal(m->cme, SG_CME_FULL);
    line_done(&l);
}

static void reading_gives_back_every_line_end(void **state)
{
    for (size_t chunk = 0; chunk < 40; chunk++) {
        const struct step steps[] = {{"AT%CMNG=2,5,0\r", "%CMNG: 5,0,\"" SHA_A "\",\"\na\r\nOK\n,b\r\"\r\nOK\r\n"},
                                     {0}};
        struct line l = {.chunk = chunk};
        uint8_t space[64];
        struct sg_buf content = sg_buf(space, sizeof space);
        (void)state;
        assert_int_equal(sg_modem_read(line_modem(&l, steps), 5, 0, &content), 0);
        assert_true(sg_bytes_eq_str(sg_buf_bytes(&content), "\na\r\nOK\n,b\r"));
    }
}

static void reading_what_is_not_there_or_secret(void **state)
{
    const struct step steps[] = {{"AT%CMNG=2,5,0\r", "+CME ERROR: 513\r\n"},
                                 {"AT%CMNG=2,5,2\r", "+CME ERROR: 514\r\n"},
                                 {"AT%CMNG=2,5,1\r", "OK\r\n"},
                                 {"AT%CMNG=2,5,1\r", "%CMNG: 6,1,\"" SHA_A "\",\"x\"\r\nOK\r\n"},
                                 {"AT%CMNG=2,5,1\r", "%CMNG: 5,1,\"" SHA_A "\",\"too long\"\r\nOK\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    uint8_t space[4];
    struct sg_buf content = sg_buf(space, sizeof space);
    (void)state;
    assert_int_equal(sg_modem_read(m, 5, 0, &content), SG_ENOTFOUND);
    assert_int_equal(sg_modem_read(m, 5, 2, &content), SG_EDENIED);
    assert_int_equal(m->cme, SG_CME_NO_ACCESS);
    assert_int_equal(sg_modem_read(m, 5, 1, &content), SG_EFORMAT);
    assert_int_equal(sg_modem_read(m, 5, 1, &content), SG_EFORMAT);
    assert_int_equal(sg_modem_read(m, 5, 1, &content), SG_ENOSPC);
}

static void deleting(void **state)
{
    const struct step steps[] = {{"AT%CMNG=3,5,0\r", "OK\r\n"},
                                 {"AT%CMNG=3,5,1\r", "+CME ERROR: 513\r\n"},
                                 {"AT%CMNG=3,4294967294,6\r", "+CME ERROR: 514\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    assert_int_equal(sg_modem_delete(m, 5, 0), 0);
    assert_int_equal(sg_modem_delete(m, 5, 1), SG_ENOTFOUND);
    assert_int_equal(sg_modem_delete(m, 4294967294U, 6), SG_EDENIED);
    line_done(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listing_takes_every_tag_and_type),
        cmocka_unit_test(listing_tells_how_many_there_are),
        cmocka_unit_test(listing_refuses_lines_of_another_form),
        cmocka_unit_test(finding_one),
        cmocka_unit_test(writing_sends_the_bytes_as_they_are),
        cmocka_unit_test(what_cannot_be_written_is_refused_before_sending),
        cmocka_unit_test(the_largest_content_fits),
        cmocka_unit_test(reading_gives_back_every_line_end),
        cmocka_unit_test(reading_what_is_not_there_or_secret),
        cmocka_unit_test(deleting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
