/* SPDX-License-Identifier: Apache-2.0 */
/* %JWT and %CERTEXPIRY, as documentation and RFC 7515 show them. */
#include "modem_line.h"

/* RFC 7515 appendix A.3.1. */
#define HEADER    "eyJhbGciOiJFUzI1NiJ9"
#define CLAIMS    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define SIGNATURE "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
/* {"sub":"subject-01234567","aud":"audience-0123456"} */
#define FRESH "eyJzdWIiOiJzdWJqZWN0LTAxMjM0NTY3IiwiYXVkIjoiYXVkaWVuY2UtMDEyMzQ1NiJ9"

static void a_token_is_taken_apart(void **state)
{
    static struct sg_jwt t;
    (void)state;
    assert_int_equal(sg_jwt_parse(sg_str(HEADER "." CLAIMS "." SIGNATURE), &t), 0);
    assert_true(sg_bytes_eq_str(t.text, HEADER "." CLAIMS));
    assert_true(sg_bytes_eq_str(t.claims, "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
                                          "\"http://example.com/is_root\":true}"));
    assert_int_equal(t.signature[0], 14); /* R of that appendix begins 14, 209; S ends 84, 213 */
    assert_int_equal(t.signature[63], 213);
}

static void what_is_no_token_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      ".",
                                      "..",
                                      HEADER,
                                      HEADER "." CLAIMS,
                                      HEADER "." CLAIMS ".",
                                      HEADER "." CLAIMS ".AAAA",
                                      HEADER "." CLAIMS "." SIGNATURE "AAAA",
                                      HEADER "." CLAIMS "." SIGNATURE "." SIGNATURE,
                                      HEADER ".a+b/." SIGNATURE};
    static struct sg_jwt t;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(sg_jwt_parse(sg_str(bad[i]), &t), SG_EFORMAT);
}

#define ASK "AT%JWT=0,0,\"subject-01234567\",\"audience-0123456\",35724861,2\r"

static int prove(const char *answer)
{
    const struct step steps[] = {{ASK, answer}, {0}};
    struct line l = {0};
    static struct sg_jwt t;
    int r = sg_modem_prove_key(line_modem(&l, steps), SG_TAG_LWM2M, "subject-01234567", "audience-0123456", &t);
    line_done(&l);
    return r;
}

static void a_token_must_be_fresh(void **state)
{
    (void)state;
    assert_int_equal(prove("%JWT: \"" HEADER "." FRESH "." SIGNATURE "\"\r\nOK\r\n"), 0);
    assert_int_equal(prove("%JWT: \"" HEADER "." CLAIMS "." SIGNATURE "\"\r\nOK\r\n"), SG_EMISMATCH);
}

static void why_there_is_no_token(void **state)
{
    (void)state;
    assert_int_equal(prove("+CME ERROR: 513\r\n"), SG_ENOTFOUND);
    assert_int_equal(prove("+CME ERROR: 51\r\n"), SG_EUNSUPPORTED);
    assert_int_equal(prove("ERROR\r\n"), SG_EUNSUPPORTED);
    assert_int_equal(prove("+CME ERROR: 514\r\n"), SG_EDENIED);
    assert_int_equal(prove("OK\r\n"), SG_EFORMAT);
}

static void what_is_not_fresh_is_not_asked(void **state)
{
    const struct step steps[] = {{0}};
    struct line l = {0};
    static struct sg_jwt t;
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    assert_int_equal(sg_modem_prove_key(m, 1, "short", "audience-0123456", &t), SG_EINVAL);
    assert_int_equal(sg_modem_prove_key(m, 1, "subject-01234567", "audience\"0123456", &t), SG_EINVAL);
    assert_int_equal(sg_modem_prove_key(m, 1, "subject-0123456\\", "audience-0123456", &t), SG_EINVAL);
    assert_int_equal(sg_modem_prove_key(m, 1, "subject 01234567", "audience-0123456", &t), SG_EINVAL);
}

static int expiry(const char *answer, struct sg_cert_expiry *e)
{
    const struct step steps[] = {{"AT%CERTEXPIRY=5,1\r", answer}, {0}};
    struct line l = {0};
    int r = sg_modem_cert_expiry(line_modem(&l, steps), 5, SG_CRED_CERT, e);
    line_done(&l);
    return r;
}

static void what_the_modem_reads_of_a_certificate(void **state)
{
    struct sg_cert_expiry e;
    (void)state;
    assert_int_equal(expiry("%CERTEXPIRY: 00AEF87681FA968B61,20170823084737Z,20180823084737Z\r\nOK\r\n", &e), 0);
    assert_string_equal(e.serial, "00AEF87681FA968B61");
    assert_string_equal(e.from, "20170823084737Z");
    assert_string_equal(e.until, "20180823084737Z");
    assert_int_equal(expiry("+CME ERROR: 513\r\n", &e), SG_ENOTFOUND);
    assert_int_equal(expiry("+CME ERROR: 527\r\n", &e), SG_EDENIED);
    assert_int_equal(expiry("ERROR\r\n", &e), SG_EUNSUPPORTED);
    assert_int_equal(expiry("%CERTEXPIRY: 00,20170823084737Z\r\nOK\r\n", &e), SG_EFORMAT);
    assert_int_equal(expiry("%CERTEXPIRY: 0G,20170823084737Z,20180823084737Z\r\nOK\r\n", &e), SG_EFORMAT);
    assert_int_equal(expiry("%CERTEXPIRY: 00,2017082308473Z,20180823084737Z\r\nOK\r\n", &e), SG_EFORMAT);
}

static void the_form_of_errors_can_be_asked_and_put_back(void **state)
{
    const struct step steps[] = {{"AT\r", "OK\r\n"},
                                 {"AT+CMEE?\r", "+CMEE: 0\r\nOK\r\n"},
                                 {"AT+CMEE=1\r", "OK\r\n"},
                                 {"AT+CMEE?\r", "ERROR\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    assert_int_equal(sg_modem_attach(m, m->io), 0); /* in step, and nothing changed */
    assert_int_equal(sg_modem_get_errors(m), 0);
    assert_int_equal(sg_modem_set_errors(m, 1), 0);
    assert_int_equal(sg_modem_get_errors(m), SG_EDENIED);
    line_done(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_taken_apart),
        cmocka_unit_test(what_is_no_token_is_refused),
        cmocka_unit_test(a_token_must_be_fresh),
        cmocka_unit_test(why_there_is_no_token),
        cmocka_unit_test(what_is_not_fresh_is_not_asked),
        cmocka_unit_test(what_the_modem_reads_of_a_certificate),
        cmocka_unit_test(the_form_of_errors_can_be_asked_and_put_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
