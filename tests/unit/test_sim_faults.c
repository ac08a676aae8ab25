/* SPDX-License-Identifier: Apache-2.0 */
/* Points 18 to 21 of the modem notes, section 8: faults on order, and what they leave behind. Traps 7 and 8. */
#include "sim_rig.h"

#define BOOT "The AT host sample started\r\nReady\r\n"

static char store[64];

/* A modem whose store is in a file, so that it can be looked at after the power has gone. */
static void start(struct rig *r, const char *fault)
{
    struct sg_error err = {0};
    (void)snprintf(store, sizeof store, "/tmp/test_sim_faults.XXXXXX");
    close(mkstemp(store));
    unlink(store);
    const struct sg_sim_config config = {.host = SG_SIM_AT_HOST, .store = store};
    rig_start(r, &config);
    rig_ask(r, "AT+CMEE=1"); /* command 1 */
    if (fault && sg_sim_fault(r->sim, fault, &err) < 0)
        fail_msg("%s", err.text);
}

static void order(struct rig *r, const char *fault)
{
    assert_int_equal(sg_sim_fault(r->sim, fault, NULL), 0);
}

static void end(struct rig *r)
{
    char lock[80];
    rig_end(r);
    unlink(store);
    (void)snprintf(lock, sizeof lock, "%s.lock", store);
    unlink(lock);
}

static void point_21_the_power_goes_before_or_after_the_write(void **state)
{
    struct rig r;
    (void)state;
    start(&r, "power-cut=before@2");
    rig_type(&r, "AT%CMNG=0,1,4,\"x\"\r", BOOT);
    assert_string_equal(rig_ask(&r, "AT+CMEE?"), "+CMEE: 0\r\nOK"); /* it has started anew */
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,1"), "OK");
    end(&r);
    start(&r, "power-cut=after@2");
    rig_type(&r, "AT%CMNG=0,1,4,\"x\"\r", BOOT);
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=1,1"), "%CMNG: 1,4,"));
    assert_string_equal(rig_ask(&r, "AT%CMNG=3,1,4"), "OK"); /* once only */
    end(&r);
    start(&r, "power-cut=after@%KEYGEN");
    rig_type(&r, "AT%KEYGEN=1,2,0\r", BOOT);
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=1,1"), "%CMNG: 1,2,")); /* a key that nobody knows of */
    end(&r);
}

static void point_21_the_power_goes_while_a_command_is_typed(void **state)
{
    struct rig r;
    (void)state;
    start(&r, "power-cut=12@2");
    rig_type(&r, "AT%CMNG=0,1,", BOOT);
    rig_type(&r, "4,\"x\"\r", "ERROR\r\n"); /* the rest means nothing to the one that has started */
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,1"), "OK");
    end(&r);
}

static void point_21_the_reply_of_keygen_is_lost(void **state)
{
    struct rig r;
    (void)state;
    start(&r, "lost-reply@%KEYGEN");
    rig_type(&r, "AT%KEYGEN=1,2,0\r", "");
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=1,1"), "%CMNG: 1,2,"));
    assert_string_equal(rig_ask(&r, "AT%KEYGEN=1,2,0"), "+CME ERROR: 519");
    assert_non_null(strstr(rig_ask(&r, "AT%JWT=0,0,\"x\",\"y\",1,2"), "%JWT: \"")); /* it can be proven, or */
    assert_string_equal(rig_ask(&r, "AT%CMNG=3,1,2"), "OK");                        /* made again */
    assert_non_null(strstr(rig_ask(&r, "AT%KEYGEN=1,2,0"), "%KEYGEN: \""));
    end(&r);
}

static void point_21_errors_are_forced(void **state)
{
    struct rig r;
    (void)state;
    start(&r, "error=523@%KEYGEN");
    assert_string_equal(rig_ask(&r, "AT%KEYGEN=1,2,0"), "+CME ERROR: 523");
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,1"), "OK");
    assert_non_null(strstr(rig_ask(&r, "AT%KEYGEN=1,2,0"), "%KEYGEN: \""));
    order(&r, "error=518@%cmng*"); /* each of them, whatever the case */
    for (int i = 0; i < 3; i++)
        assert_string_equal(rig_ask(&r, "AT%CMNG=1"), "+CME ERROR: 518");
    assert_string_equal(rig_ask(&r, "AT+CFUN?"), "+CFUN: 0\r\nOK");
    order(&r, "error=off");
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=1"), "OK"));
    end(&r);
}

static void point_21_a_store_that_fills_up_and_a_voltage_that_falls(void **state)
{
    static const struct sg_sim_config older = {.host = SG_SIM_AT_HOST, .profile = "nrf9160-1.3.1"};
    struct rig r;
    (void)state;
    start(&r, "full=10");
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,1,4,\"1234567\""), "OK");
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,2,4,\"1234\""), "+CME ERROR: 515");
    assert_string_equal(rig_ask(&r, "AT%KEYGEN=3,2,0"), "+CME ERROR: 515");
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,3"), "OK");
    order(&r, "full=off");
    order(&r, "low-voltage");
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,2,4,\"1234\""), "+CME ERROR: 528");
    assert_string_equal(rig_ask(&r, "AT%CMNG=3,1,4"), "+CME ERROR: 528");
    assert_string_equal(rig_ask(&r, "AT%KEYGEN=3,2,0"), "+CME ERROR: 528");
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=2,1,4"), ",\"1234567\"")); /* reading goes on */
    order(&r, "low-voltage=off");
    assert_string_equal(rig_ask(&r, "AT%CMNG=3,1,4"), "OK");
    end(&r);
    rig_start(&r, &older); /* before mfw 1.3.2 nobody warned */
    order(&r, "low-voltage");
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,2,4,\"1234\""), "OK");
    rig_end(&r);
}

static void point_19_a_pause_and_bytes_that_come_meanwhile(void **state)
{
    struct rig r;
    (void)state;
    start(&r, "busy=3000@%KEYGEN");
    uint64_t before = rig_now(&r);
    rig_type(&r, "AT%KEYGEN=1,2,0\r", "");
    rig_type(&r, "AT+CFUN?\r", ""); /* waits */
    while (r.out_len == 0)
        rig_step(&r, 10000);
    assert_in_range(rig_now(&r) - before, 3000, 3500);
    r.out[r.out_len] = 0;
    assert_memory_equal(r.out, "%KEYGEN: \"", 10);
    assert_string_equal(strstr(r.out, "\r\nOK\r\n"), "\r\nOK\r\n+CFUN: 0\r\nOK\r\n");
    order(&r, "busy=500@+CFUN");
    order(&r, "deaf");
    rig_type(&r, "AT+CFUN?\r", "");
    rig_type(&r, "AT+CMEE?\r", ""); /* trap 7: at_host does not hear it */
    while (r.out_len == 0)
        rig_step(&r, 10000);
    rig_type(&r, "", "");
    assert_string_equal(rig_ask(&r, "AT"), "OK");
    end(&r);
}

static void point_20_unsolicited_lines_at_any_place(void **state)
{
    struct rig r;
    (void)state;
    start(&r, "urc=0:+CEREG: 5@%CMNG");
    rig_ask(&r, "AT%CMNG=0,1,4,\"x\"");
    order(&r, "urc=0:+CEREG: 5@+CFUN");
    rig_type(&r, "AT+CFUN?\r", "+CEREG: 5\r\n+CFUN: 0\r\nOK\r\n");
    order(&r, "urc=1:%MDMEV: ME OVERHEATED@+CFUN");
    rig_type(&r, "AT+CFUN?\r", "+CFUN: 0\r\n%MDMEV: ME OVERHEATED\r\nOK\r\n");
    order(&r, "urc=9:+CEREG: 5@+CFUN");
    rig_type(&r, "AT+CFUN?\r", "+CFUN: 0\r\nOK\r\n+CEREG: 5\r\n");
    rig_modem(&r);
    order(&r, "urc=1:+CEREG: 5,\"OK\""); /* with each command: the client is not led astray */
    for (int i = 0; i < 3; i++) {
        struct sg_cred c[8];
        assert_int_equal(sg_modem_list(&r.modem, -1, c, 8), 4);
        assert_int_equal(sg_modem_get_function(&r.modem), 0);
    }
    end(&r);
}

static void point_21_characters_are_dropped_and_garbled_by_a_seed(void **state)
{
    static const char *const faults[] = {"drop=20", "garble=20"};
    char first[2][4096];
    struct rig r;
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < 3; i++) {
            char seed[16];
            rig_start(&r, &(struct sg_sim_config){.host = SG_SIM_AT_HOST, .imei = "352656100367872"});
            (void)snprintf(seed, sizeof seed, "seed=%d", i < 2 ? 7 : 8);
            order(&r, seed);
            order(&r, faults[k]);
            for (int n = 0; n < 30; n++)
                sg_sim_input(r.sim, sg_str("AT+CGSN\r"), rig_now(&r));
            r.out[r.out_len] = 0;
            if (i == 0)
                (void)snprintf(first[k], sizeof first[k], "%s", r.out);
            assert_int_equal(strcmp(r.out, first[k]) == 0, i < 2);
            rig_end(&r);
        }
        assert_non_null(strstr(first[k], "352656100367872")); /* most get through, */
        assert_true(strlen(first[k]) < (size_t)30 * 21);      /* some do not */
    }
    assert_string_not_equal(first[0], first[1]);
}

static void point_18_a_shorter_buffer_wedges_earlier(void **state)
{
    struct rig r;
    char command[300] = "AT%CMNG=0,1,4,\"";
    (void)state;
    start(&r, "buffer=200");
    memset(command + 15, 'x', 250);
    memcpy(command + 265, "\"\r", 3);
    rig_type(&r, command, "");
    rig_type(&r, "AT\r", ""); /* the closing quote was dropped */
    rig_modem(&r);            /* DEL, a quote, CR */
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,1"), "OK");
    order(&r, "buffer=off");
    order(&r, "wedge@+CFUN");
    rig_type(&r, "AT+CFUN?\r", "+CFUN: 0\r\nOK\r\n");
    rig_type(&r, "AT\r", "");
    rig_modem(&r);
    assert_string_equal(rig_ask(&r, "AT"), "OK");
    end(&r);
}

static void point_18_a_reply_that_is_longer_than_the_buffer(void **state)
{
    struct rig r;
    (void)state;
    start(&r, "reply-limit=4096");
    for (int i = 0; i < 60; i++) {
        char command[64];
        (void)snprintf(command, sizeof command, "AT%%CMNG=0,%d,4,\"%d\"", 16842000 + i, i);
        assert_string_equal(rig_ask(&r, command), "OK");
    }
    rig_type(&r, "AT%CMNG=1\r", "AT%CMNG=1\r\n"); /* no result, what was in the buffer */
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=1,16842001"), "OK"));
    end(&r);
}

static void what_is_no_fault_is_said(void **state)
{
    static const char *const bad[] = {
        "",           "explode",     "power-cut=soon", "error",       "error=x",
        "urc=+CEREG", "urc=x:y",     "urc=1:",         "busy=-1",     "wedge=1",
        "drop=",      "power-cut@0", "busy=1@",        "power-cut=5", "busy=1@a-name-that-is-too-long"};
    struct rig r;
    (void)state;
    start(&r, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sg_error err = {0};
        assert_int_equal(sg_sim_fault(r.sim, bad[i], &err), SG_EINVAL);
        assert_non_null(strstr(err.text, "no fault"));
    }
    for (int i = 0; i < 32; i++)
        order(&r, "busy=1@999");
    assert_int_equal(sg_sim_fault(r.sim, "busy=1@999", NULL), SG_EINVAL);
    order(&r, "busy=off");
    order(&r, "busy=1@999");
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(point_21_the_power_goes_before_or_after_the_write),
        cmocka_unit_test(point_21_the_power_goes_while_a_command_is_typed),
        cmocka_unit_test(point_21_the_reply_of_keygen_is_lost),
        cmocka_unit_test(point_21_errors_are_forced),
        cmocka_unit_test(point_21_a_store_that_fills_up_and_a_voltage_that_falls),
        cmocka_unit_test(point_19_a_pause_and_bytes_that_come_meanwhile),
        cmocka_unit_test(point_20_unsolicited_lines_at_any_place),
        cmocka_unit_test(point_21_characters_are_dropped_and_garbled_by_a_seed),
        cmocka_unit_test(point_18_a_shorter_buffer_wedges_earlier),
        cmocka_unit_test(point_18_a_reply_that_is_longer_than_the_buffer),
        cmocka_unit_test(what_is_no_fault_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
