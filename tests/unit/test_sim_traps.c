/* SPDX-License-Identifier: Apache-2.0 */
/* Traps for a provisioning tool (modem notes, section 9): the simulated modem has each that is the modem's, so that
 * what falls into one falls here too. Traps 7, 8, 15, 16 and 19 are in other files of this room; 14 and 16, which are
 * the firmware's and the server's, in tests/system/test_traps.py; 1 and 4 are seen by the interop tests. */
#include "sim_rig.h"

static const struct sg_sim_config at_host = {.host = SG_SIM_AT_HOST};

static void trap_1_a_modem_that_is_active_takes_nothing(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, &at_host);
    rig_ask(&r, "AT+CFUN=1");
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,1,4,\"x\""), "ERROR");
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,1"), "OK"); /* the store does not tell */
    rig_ask(&r, "AT+CFUN=4");
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,1,4,\"x\""), "OK");
    assert_string_equal(rig_ask(&r, "AT+CFUN?"), "+CFUN: 4\r\nOK"); /* and it stays offline */
    rig_end(&r);
}

static void trap_2_without_cmee_all_errors_are_the_same(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, &at_host);
    rig_ask(&r, "AT%KEYGEN=1,2,0");
    for (int numeric = 0; numeric < 2; numeric++) {
        if (numeric)
            rig_ask(&r, "AT+CMEE=1");
        assert_string_equal(rig_ask(&r, "AT%KEYGEN=1,2,0"), numeric ? "+CME ERROR: 519" : "ERROR");
        assert_string_equal(rig_ask(&r, "AT%CMNG=0,1,0,\"x\""), numeric ? "+CME ERROR: 527" : "ERROR");
        rig_ask(&r, "AT+CFUN=1");
        assert_string_equal(rig_ask(&r, "AT%CMNG=3,1,2"), numeric ? "+CME ERROR: 518" : "ERROR");
        rig_ask(&r, "AT+CFUN=4");
    }
    rig_end(&r);
}

static void trap_3_and_4_line_ends_make_another_digest(void **state)
{
    struct rig_ca ca = rig_ca("Root");
    char lf[2048], crlf[4096], command[4200], sha[3][65];
    size_t n = 0;
    struct rig r;
    (void)state;
    (void)snprintf(lf, sizeof lf, "%s", rig_pem(ca.cert));
    for (const char *p = lf; *p; p++) {
        if (*p == '\n')
            crlf[n++] = '\r';
        crlf[n++] = *p;
    }
    crlf[n] = 0;
    const char *const forms[] = {lf, crlf, lf};
    rig_start(&r, &at_host);
    for (size_t i = 0; i < 3; i++) {
        if (i == 2)
            lf[strlen(lf) - 1] = 0; /* no newline at the end */
        (void)snprintf(command, sizeof command, "AT%%CMNG=0,1,0,\"%s\"", forms[i]);
        assert_string_equal(rig_ask(&r, command), "OK");
        rig_sha_text(forms[i], strlen(forms[i]), sha[i]);
        assert_non_null(strstr(rig_ask(&r, "AT%CMNG=1,1,0"), sha[i]));
    }
    assert_string_not_equal(sha[0], sha[1]);
    assert_string_not_equal(sha[0], sha[2]);
    rig_end(&r);
    rig_ca_free(&ca);
}

static void trap_5_literal_line_ends_and_flat_text(void **state)
{
    const struct sg_sim_config older = {.host = SG_SIM_AT_HOST, .profile = "nrf91x1-2.0.1"};
    struct rig_ca ca = rig_ca("Root");
    char literal[4096], flat[4096];
    size_t n = 0;
    struct rig r;
    (void)state;
    (void)snprintf(flat, sizeof flat, "AT%%CMNG=0,1,0,\"%s\"", rig_pem(ca.cert));
    for (char *p = flat; *p; p++) {
        if (*p == '\n') {
            literal[n++] = '\\';
            literal[n++] = 'n';
            *p = ' ';
        } else {
            literal[n++] = *p;
        }
    }
    literal[n] = 0;
    rig_start(&r, &at_host);
    rig_ask(&r, "AT+CMEE=1");
    assert_string_equal(rig_ask(&r, literal), "+CME ERROR: 527");
    assert_string_equal(rig_ask(&r, flat), "+CME ERROR: 527");
    rig_end(&r);
    rig_start(&r, &older); /* silently taken */
    assert_string_equal(rig_ask(&r, literal), "OK");
    assert_string_equal(rig_ask(&r, flat), "OK");
    rig_end(&r);
    rig_ca_free(&ca);
}

static void trap_6_what_cannot_be_content(void **state)
{
    struct rig r;
    uint8_t nul[] = {'a', 0, 'b'};
    (void)state;
    rig_start(&r, &at_host);
    rig_ask(&r, "AT+CMEE=1");
    rig_type(&r, "AT%CMNG=0,1,4,\"a\"b\"\r", "");
    rig_type(&r, "\x7f\"\r", "ERROR\r\n"); /* the third quote had left the port waiting */
    struct sg_modem *m = rig_modem(&r);
    assert_int_equal(sg_modem_write(m, 1, SG_CRED_PSK_ID, sg_str("a\"b")), SG_EINVAL);
    assert_int_equal(sg_modem_write(m, 1, SG_CRED_PSK_ID, sg_bytes(nul, sizeof nul)), SG_EINVAL);
    static uint8_t longer[4200];
    memset(longer, 'x', sizeof longer);
    assert_int_equal(sg_modem_write(m, 1, SG_CRED_PSK_ID, sg_bytes(longer, sizeof longer)), SG_EINVAL);
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,1"), "OK");
    rig_end(&r);
}

static void trap_9_a_deleted_key_is_gone(void **state)
{
    struct rig r;
    char before[256];
    (void)state;
    rig_start(&r, &at_host);
    rig_ask(&r, "AT%KEYGEN=1,2,0");
    (void)snprintf(before, sizeof before, "%s", rig_ask(&r, "AT%CMNG=1,1,2"));
    assert_string_equal(rig_ask(&r, "AT%CMNG=3,1,2"), "OK"); /* nothing asks twice */
    rig_ask(&r, "AT%KEYGEN=1,2,0");
    assert_string_not_equal(rig_ask(&r, "AT%CMNG=1,1,2"), before);
    rig_end(&r);
}

static void trap_10_to_13_each_reply_has_what_can_be_checked(void **state)
{
    struct rig r;
    struct sg_modem_info info;
    static struct sg_keygen k;
    uint8_t digest[32];
    char cn[64];
    const char *what = NULL;
    (void)state;
    rig_start(&r, &(struct sg_sim_config){.profile = "nrf9160-1.3.x"});
    struct sg_modem *m = rig_modem(&r);
    assert_int_equal(sg_modem_identify(m, &info), 0);
    assert_int_equal(sg_modem_keygen(m, 35724861, NULL, NULL, &k), 0);
    sg_sha256(k.body, digest); /* before any repair of its NULL parameters */
    assert_int_equal(sg_keygen_check(&k, 35724861, info.uuid_bytes, digest, &what), 0);
    assert_int_equal(sg_keygen_check(&k, 35724862, info.uuid_bytes, digest, &what), SG_EMISMATCH);
    struct sg_request *req = sg_request_parse(k.body, NULL);
    assert_int_equal(sg_request_cn(req, cn, sizeof cn), 0);
    assert_string_equal(cn, info.uuid); /* not the endpoint that LwM2M uses */
    sg_request_free(req);
    rig_end(&r);
}

static void trap_17_tags_of_the_modem_itself(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, &at_host);
    rig_ask(&r, "AT+CMEE=1");
    assert_string_equal(rig_ask(&r, "AT%CMNG=3,4294967294,6"), "+CME ERROR: 514");
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,2147483648,4,\"x\""), "OK"); /* a tag whose traffic can be read: */
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,2147483667,4,\"x\""), "OK"); /* the modem does not warn */
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,2147483668,4,\"x\""), "+CME ERROR: 514");
    struct sg_modem *m = rig_modem(&r);
    assert_int_equal(sg_modem_write(m, 2147483648U, SG_CRED_PSK_ID, sg_str("x")), SG_EINVAL); /* the client refuses */
    rig_end(&r);
}

static void trap_18_high_tags_and_unknown_types_are_listed(void **state)
{
    struct sg_cred c[8];
    struct rig r;
    bool high = false, other = false;
    (void)state;
    rig_start(&r, &(struct sg_sim_config){.host = SG_SIM_AT_HOST,
                                          .settings = (const char *const[]){"other-types=listed"},
                                          .setting_count = 1});
    int n = sg_modem_list(rig_modem(&r), -1, c, 8);
    assert_int_equal(n, 5);
    for (int i = 0; i < n; i++) {
        high = high || (c[i].tag == 4294967292U && c[i].type == SG_CRED_NORDIC_BASE);
        other = other || (c[i].tag == 4294967291U && c[i].type == SG_CRED_ASSET);
    }
    assert_true(high && other);
    assert_string_equal(sg_cred_type_name(12), "unknown");
    assert_string_equal(sg_cred_type_name(13), "asset encryption key");
    assert_string_equal(sg_cred_type_name(14), "unknown");
    for (int type = 9; type <= 13; type += 4) { /* neither written, nor read, nor deleted */
        char command[64];
        for (int operation = 0; operation <= 3; operation++) {
            (void)snprintf(command, sizeof command, "AT%%CMNG=%d,%u,%d%s", operation,
                           operation == 0 ? 7
                           : type == 9    ? 4294967290U
                                          : 4294967291U,
                           type, operation == 0 ? ",\"x\"" : "");
            if (operation != 1)
                assert_string_equal(rig_ask(&r, command), "+CME ERROR: 514");
        }
    }
    rig_end(&r);
}

static void trap_20_results_are_whole_lines(void **state)
{
    uint8_t space[64];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct rig r;
    (void)state;
    rig_start(&r, &at_host);
    struct sg_modem *m = rig_modem(&r);
    assert_int_equal(sg_sim_fault(r.sim, "urc=0:+CEREG: 1,\"OK\",\"ERROR\"", NULL), 0);
    assert_int_equal(sg_modem_write(m, 1, SG_CRED_PSK_ID, sg_str("aOK\r\nOK\r\nERROR\r\nb")), 0);
    assert_int_equal(sg_modem_read(m, 1, SG_CRED_PSK_ID, &b), 0);
    assert_true(sg_bytes_eq_str(sg_buf_bytes(&b), "aOK\r\nOK\r\nERROR\r\nb"));
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trap_1_a_modem_that_is_active_takes_nothing),
        cmocka_unit_test(trap_2_without_cmee_all_errors_are_the_same),
        cmocka_unit_test(trap_3_and_4_line_ends_make_another_digest),
        cmocka_unit_test(trap_5_literal_line_ends_and_flat_text),
        cmocka_unit_test(trap_6_what_cannot_be_content),
        cmocka_unit_test(trap_9_a_deleted_key_is_gone),
        cmocka_unit_test(trap_10_to_13_each_reply_has_what_can_be_checked),
        cmocka_unit_test(trap_17_tags_of_the_modem_itself),
        cmocka_unit_test(trap_18_high_tags_and_unknown_types_are_listed),
        cmocka_unit_test(trap_20_results_are_whole_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
