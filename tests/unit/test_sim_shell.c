/* SPDX-License-Identifier: Apache-2.0 */
/* The AT client behind a shell (modem notes 4.2): found by itself, the same answers, and what cannot get through. */
#include "sim_rig.h"

static const struct sg_sim_config shell = {.host = SG_SIM_SHELL, .imei = "352656100367872"};

static void it_is_found_and_says_who_it_is(void **state)
{
    struct sg_modem_info info;
    struct rig r;
    (void)state;
    rig_start(&r, &shell);
    struct sg_modem *m = rig_modem(&r);
    assert_true(m->shell);
    assert_int_equal(sg_modem_identify(m, &info), 0);
    assert_string_equal(info.host, "shell");
    assert_string_equal(info.imei, "352656100367872");
    assert_string_equal(info.model, "nRF9151-LACA");
    assert_int_equal(strlen(info.uuid), 36);
    assert_int_equal(sg_modem_get_function(m), 0);
    assert_string_equal(r.seen, ""); /* prompts, colours and echo are nothing */
    rig_end(&r);
}

static void it_is_found_whatever_was_typed_before(void **state)
{
    static const char *const before[] = {"at", "at 'AT%CMNG=0,1,4,\"half", "\"", "at AT+CGSN\r\r", "\x1b[A"};
    (void)state;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        struct rig r;
        rig_start(&r, &shell);
        sg_sim_input(r.sim, sg_str(before[i]), rig_now(&r));
        assert_true(rig_modem(&r)->shell);
        assert_int_equal(sg_modem_get_function(&r.modem), 0);
        rig_end(&r);
    }
}

static void others_are_no_shell(void **state)
{
    (void)state;
    for (int host = SG_SIM_SERIAL_MODEM; host <= SG_SIM_AT_HOST; host++) {
        struct rig r;
        rig_start(&r, &(struct sg_sim_config){.host = (enum sg_sim_host)host});
        assert_false(rig_modem(&r)->shell);
        rig_end(&r);
    }
}

static void what_is_written_is_read_to_the_byte(void **state)
{
    struct rig_ca ca = rig_ca("Root");
    static uint8_t written_space[4096], read_space[4096];
    struct sg_buf written = sg_buf(written_space, sizeof written_space), got = sg_buf(read_space, sizeof read_space);
    uint8_t digest[32];
    struct sg_cred cred;
    struct rig r;
    (void)state;
    rig_start(&r, &shell);
    struct sg_modem *m = rig_modem(&r);
    struct sg_bytes pem = sg_str(rig_pem(ca.cert));
    assert_int_equal(sg_modem_write(m, 1, SG_CRED_CA, pem), SG_EUNSUPPORTED); /* LF alone does not get through */
    assert_int_equal(sg_modem_find(m, 1, SG_CRED_CA, &cred), 0);
    sg_modem_put_crlf(&written, pem);
    assert_int_equal(sg_modem_write(m, 1, SG_CRED_CA, sg_buf_bytes(&written)), 0); /* its echo has many lines */
    assert_int_equal(sg_modem_find(m, 1, SG_CRED_CA, &cred), 1);
    sg_sha256(sg_buf_bytes(&written), digest);
    assert_memory_equal(cred.sha256, digest, sizeof digest);
    assert_int_equal(sg_modem_read(m, 1, SG_CRED_CA, &got), 0);
    assert_true(sg_bytes_eq(sg_buf_bytes(&got), sg_buf_bytes(&written)));
    assert_int_equal(sg_modem_delete(m, 1, SG_CRED_CA), 0);
    assert_int_equal(sg_modem_delete(m, 1, SG_CRED_CA), SG_ENOTFOUND);
    rig_end(&r);
    rig_ca_free(&ca);
}

static void what_a_shell_would_change_is_not_sent(void **state)
{
    static uint8_t longer[3578];
    struct rig r;
    (void)state;
    rig_start(&r, &shell);
    struct sg_modem *m = rig_modem(&r);
    r.log[0] = 0;
    assert_int_equal(sg_modem_write(m, 1, SG_CRED_PSK_ID, sg_str("O'Neil")), SG_EUNSUPPORTED);
    assert_int_equal(sg_modem_write(m, 1, SG_CRED_PSK_ID, sg_str("a\\x41")), SG_EUNSUPPORTED);
    assert_int_equal(sg_modem_write(m, 1, SG_CRED_PSK_ID, sg_str("a\tb")), SG_EUNSUPPORTED);
    assert_int_equal(sg_modem_command(m, sg_str("AT%CMNG=0,1,4,\"a\nb\""), NULL, 1000), SG_EUNSUPPORTED);
    assert_int_equal(sg_modem_lock(m, sg_str("-----BEGIN PUBLIC KEY-----\r\nx")), SG_EUNSUPPORTED);
    memset(longer, 'x', sizeof longer);
    size_t max = sg_modem_write_max(m, 1, SG_CRED_PSK_ID);
    assert_int_equal(max, 3578 - strlen("AT%CMNG=0,1,4,\"\""));
    assert_int_equal(sg_modem_write(m, 1, SG_CRED_PSK_ID, sg_bytes(longer, max + 1)), SG_EINVAL);
    assert_string_equal(r.log, "");
    assert_int_equal(sg_modem_write(m, 1, SG_CRED_PSK_ID, sg_bytes(longer, max)),
                     0); /* its buffer is full to the brim */
    rig_end(&r);
}

static void a_key_is_made_and_signs(void **state)
{
    static struct sg_keygen k;
    static struct sg_jwt token;
    struct sg_attestation a;
    uint8_t challenge[16] = {1}, digest[32];
    const char *what;
    struct rig r;
    (void)state;
    rig_start(&r, &shell);
    struct sg_modem *m = rig_modem(&r);
    assert_int_equal(sg_modem_keygen(m, 35724861, "CN=urn:imei:352656100367872", "101010000", &k), 0);
    sg_sha256(k.body, digest);
    assert_int_equal(sg_keygen_check(&k, 35724861, NULL, digest, &what), 0);
    assert_int_equal(sg_modem_attest(m, challenge, &a), 0);
    assert_int_equal(sg_modem_prove_key(m, 35724861, "0123456789abcdef", "fedcba9876543210", &token), 0);
    rig_end(&r);
}

/* 2700 bytes of a reply, 3583 of a line: the shell says so at once. */
static void what_is_too_long_for_the_shell_is_told(void **state)
{
    struct sg_cred c[4];
    struct rig r;
    (void)state;
    rig_start(&r, &shell);
    struct sg_modem *m = rig_modem(&r);
    for (uint32_t i = 0; i < 40; i++)
        assert_int_equal(sg_modem_write(m, i, SG_CRED_PSK_ID, sg_str("x")), 0);
    uint64_t before = rig_now(&r);
    assert_int_equal(sg_modem_list(m, -1, c, 4), SG_ENOSPC);
    assert_int_equal(sg_modem_list(m, 7, c, 4), 1);
    assert_int_equal(sg_sim_fault(r.sim, "buffer=64", NULL), 0); /* a shell with less room */
    static const char sixty[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    assert_int_equal(sg_modem_write(m, 50, SG_CRED_PSK_ID, sg_str(sixty)), SG_EUNSUPPORTED);
    assert_int_equal(sg_modem_list(m, 50, c, 4), 0);
    assert_true(rig_now(&r) - before < 4000);
    rig_end(&r);
}

/* Without CONFIG_AT_SHELL_UNESCAPE_LF. */
static void a_shell_that_leaves_line_ends_as_typed(void **state)
{
    const struct sg_sim_config config = {
        .host = SG_SIM_SHELL, .settings = (const char *const[]){"shell-lines=as-typed"}, .setting_count = 1};
    struct rig_ca ca = rig_ca("Root");
    static uint8_t space[4096];
    struct sg_buf pem = sg_buf(space, sizeof space);
    struct rig r;
    (void)state;
    rig_start(&r, &config);
    struct sg_modem *m = rig_modem(&r);
    sg_modem_put_crlf(&pem, sg_str(rig_pem(ca.cert)));
    assert_int_equal(sg_modem_write(m, 1, SG_CRED_CA, sg_buf_bytes(&pem)), SG_EDENIED);
    assert_int_equal(m->cme, SG_CME_BAD_CONTENT);
    rig_end(&r);
    rig_ca_free(&ca);
}

static void a_reset_in_between_is_survived(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, &shell);
    struct sg_modem *m = rig_modem(&r);
    assert_int_equal(sg_sim_fault(r.sim, "power-cut=after@+CFUN", NULL), 0);
    assert_int_equal(sg_modem_set_function(m, 4), SG_ETIMEOUT);
    assert_int_equal(sg_modem_set_function(m, 4), 0);
    assert_int_equal(sg_sim_fault(r.sim, "urc=0:+CEREG: 5", NULL), 0);
    assert_int_equal(sg_modem_get_function(m), 4);
    assert_string_equal(r.seen, "+CEREG: 5|");
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_found_and_says_who_it_is),
        cmocka_unit_test(it_is_found_whatever_was_typed_before),
        cmocka_unit_test(others_are_no_shell),
        cmocka_unit_test(what_is_written_is_read_to_the_byte),
        cmocka_unit_test(what_a_shell_would_change_is_not_sent),
        cmocka_unit_test(a_key_is_made_and_signs),
        cmocka_unit_test(what_is_too_long_for_the_shell_is_told),
        cmocka_unit_test(a_shell_that_leaves_line_ends_as_typed),
        cmocka_unit_test(a_reset_in_between_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
