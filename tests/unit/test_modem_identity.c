/* SPDX-License-Identifier: Apache-2.0 */
/* Who is at the end of the line. */
#include "modem_line.h"

static int identify(const struct step *steps, struct sg_modem_info *info)
{
    struct line l = {0};
    int e = sg_modem_identify(line_modem(&l, steps), info);
    line_done(&l);
    return e;
}

static void a_modem_behind_serial_modem(void **state)
{
    const struct step steps[] = {
        {"AT+CGMM\r", "\r\nnRF9151-LACA\r\n\r\nOK\r\n"},
        {"AT+CGMR\r", "\r\nmfw_nrf91x1_2.0.2\r\n\r\nOK\r\n"},
        {"AT+CGSN\r", "\r\n352656100367872\r\n\r\nOK\r\n"},
        {"AT%DEVICEUUID\r", "\r\n%DEVICEUUID: 504d5632-3739-42fb-80c8-1411df972166\r\n\r\nOK\r\n"},
        {"AT#XSMVER\r", "\r\n#XSMVER: \"v1.99.0\",\"3.3.99\"\r\n\r\nOK\r\n"},
        {0}};
    struct sg_modem_info info;
    (void)state;
    assert_int_equal(identify(steps, &info), 0);
    assert_string_equal(info.model, "nRF9151-LACA");
    assert_string_equal(info.firmware, "mfw_nrf91x1_2.0.2");
    assert_string_equal(info.imei, "352656100367872");
    assert_string_equal(info.uuid, "504d5632-3739-42fb-80c8-1411df972166");
    assert_int_equal(info.uuid_bytes[0], 0x50);
    assert_int_equal(info.uuid_bytes[15], 0x66);
    assert_string_equal(info.host, "serial-modem v1.99.0");
}

static void an_older_board_without_imei(void **state)
{
    const struct step steps[] = {{"AT+CGMM\r", "nRF9160-SICA\r\nOK\r\n"},
                                 {"AT+CGMR\r", "mfw_nrf9160_1.2.3\r\nOK\r\n"},
                                 {"AT+CGSN\r", "ERROR\r\n"},
                                 {"AT%DEVICEUUID\r", "ERROR\r\n"},
                                 {"AT#XSMVER\r", "ERROR\r\n"},
                                 {"AT#XSLMVER\r", "#XSLMVER: \"2.5.0\",\"2.5.0-lte-5ccd2d4dd54c\"\r\nOK\r\n"},
                                 {0}};
    struct sg_modem_info info;
    (void)state;
    assert_int_equal(identify(steps, &info), 0);
    assert_string_equal(info.imei, "");
    assert_string_equal(info.uuid, "");
    assert_string_equal(info.host, "slm 2.5.0");
}

static void at_host_knows_no_version_command(void **state)
{
    const struct step steps[] = {{"AT+CGMM\r", "nRF9161-LACA\r\nOK\r\n"},
                                 {"AT+CGMR\r", "mfw_nrf91x1_2.0.1\r\nOK\r\n"},
                                 {"AT+CGSN\r", "352656100367872\r\nOK\r\n"},
                                 {"AT%DEVICEUUID\r", "%DEVICEUUID: 504d5632-3739-42fb-80c8-1411df972166\r\nOK\r\n"},
                                 {"AT#XSMVER\r", "ERROR\r\n"},
                                 {"AT#XSLMVER\r", "ERROR\r\n"},
                                 {0}};
    struct sg_modem_info info;
    (void)state;
    assert_int_equal(identify(steps, &info), 0);
    assert_string_equal(info.host, "at_host");
}

static void another_makers_modem_is_told(void **state)
{
    const struct step other[] = {{"AT+CGMM\r", "SIMCOM_SIM7600E\r\nOK\r\n"}, {0}};
    const struct step none[] = {{"AT+CGMM\r", "ERROR\r\n"}, {0}};
    const struct step uuid[] = {{"AT+CGMM\r", "nRF9151-LACA\r\nOK\r\n"},
                                {"AT+CGMR\r", "mfw_nrf91x1_2.0.2\r\nOK\r\n"},
                                {"AT+CGSN\r", "352656100367872\r\nOK\r\n"},
                                {"AT%DEVICEUUID\r", "%DEVICEUUID: 504d5632-3739-42fb-80c8-1411df97216\r\nOK\r\n"},
                                {0}};
    struct sg_modem_info info;
    (void)state;
    assert_int_equal(identify(other, &info), SG_EFORMAT);
    assert_int_equal(identify(none, &info), SG_EFORMAT);
    assert_int_equal(identify(uuid, &info), SG_EFORMAT);
}

static void functional_mode(void **state)
{
    const struct step steps[] = {{"AT+CFUN?\r", "+CFUN: 4\r\nOK\r\n"},
                                 {"AT+CFUN=1\r", "OK\r\n"},
                                 {"AT+CFUN=99\r", "+CME ERROR: 50\r\n"},
                                 {"AT+CFUN?\r", "OK\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    assert_int_equal(sg_modem_get_function(m), 4);
    assert_int_equal(sg_modem_set_function(m, 1), 0);
    assert_int_equal(sg_modem_set_function(m, 99), SG_EDENIED);
    assert_int_equal(sg_modem_get_function(m), SG_EFORMAT);
    static const int active[] = {1, 2, 21}, passive[] = {0, 4, 20, 30, 31, 40, 41, 44};
    for (size_t i = 0; i < 3; i++)
        assert_true(sg_modem_function_is_active(active[i]));
    for (size_t i = 0; i < 8; i++)
        assert_false(sg_modem_function_is_active(passive[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_modem_behind_serial_modem),
        cmocka_unit_test(an_older_board_without_imei),
        cmocka_unit_test(at_host_knows_no_version_command),
        cmocka_unit_test(another_makers_modem_is_told),
        cmocka_unit_test(functional_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
