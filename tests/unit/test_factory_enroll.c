/* SPDX-License-Identifier: Apache-2.0 */
/* An enrolment's way, its stops, and its refusals before anything is changed. */
#include "factory_bench.h"

static void a_modem_gets_an_identity(void **state)
{
    struct bench *b = bench_new();
    struct sg_cert_row row;
    (void)state;
    assert_enrolled(b);
    assert_string_equal(b->result.device.endpoint, ENDPOINT);
    assert_int_equal(b->result.tag, SG_TAG_LWM2M);
    assert_false(b->result.was_done);
    assert_int_equal(bench_state(b, ENDPOINT), SG_DEVICE_ENROLLED);
    assert_int_equal(sg_store_find_cert(b->store, &b->result.cert.fingerprint, &row, &b->err), 0);
    assert_int_equal(row.state, SG_CERT_ACTIVE);
    assert_int_equal(row.tag, SG_TAG_LWM2M);
    assert_string_equal(row.facts.cn, ENDPOINT);
    assert_in_range(row.facts.der_len, 200, 400);
    assert_contains(b->steps, "modem: nRF9151");
    assert_contains(b->steps, "store: empty at tag 35724861\nkey: made");
    assert_contains(b->steps, "(now pinned); the modem holds its key\n"
                              "certificate: CN=" ENDPOINT);
    assert_contains(b->steps, "written: ");
    bench_free(b);
}

static int take_what(void *user, const struct sg_audit_entry *e)
{
    char *text = user;
    assert_string_equal(e->subject, ENDPOINT);
    assert_string_equal(e->who, "tester");
    (void)snprintf(text + strlen(text), 200 - strlen(text), "%s ", e->what);
    return 0;
}

static void the_audit_log_tells_it(void **state)
{
    struct bench *b = bench_new();
    char what[200] = "";
    (void)state;
    assert_enrolled(b);
    assert_enrolled(b); /* verifying decides nothing */
    b->enroll.renew = b->allow = true;
    assert_enrolled(b);
    assert_int_equal(sg_store_each_audit(b->store, 1, take_what, what, &b->err), 0);
    assert_string_equal(what, "issued enrolled issued retired enrolled ");
    bench_free(b);
}

static void stopped_after_each_step_it_goes_on(void **state)
{
    (void)state;
    for (int step = SG_ENROLL_MODEM; step <= SG_ENROLL_WRITTEN; step++) {
        struct bench *b = bench_new();
        b->stop_after = step;
        assert_refused(b, SG_ECLOSED, "the same command does the rest");
        assert_contains(b->err.text, sg_enroll_step_name((enum sg_enroll_step)step));
        assert_int_equal(bench_certs(b, SG_CERT_ACTIVE), 0);
        b->stop_after = -1;
        assert_enrolled(b);
        assert_int_equal(bench_state(b, ENDPOINT), SG_DEVICE_ENROLLED);
        assert_int_equal(bench_certs(b, SG_CERT_ACTIVE), 1);
        assert_int_equal(bench_certs(b, SG_CERT_ISSUED), 0);
        assert_int_equal(bench_certs(b, SG_CERT_RETIRED), 0); /* what was issued was used */
        bench_free(b);
    }
}

static void a_recorded_certificate_whose_key_is_gone_is_retired(void **state)
{
    struct bench *b = bench_new();
    (void)state;
    b->stop_after = SG_ENROLL_CERTIFICATE;
    assert_int_equal(bench_enroll(b), SG_ECLOSED);
    assert_int_equal(bench_certs(b, SG_CERT_ISSUED), 1);
    assert_contains(rig_ask(&b->rig, "AT%CMNG=3,35724861,2"), "OK");
    b->stop_after = -1;
    assert_enrolled(b);
    assert_int_equal(bench_certs(b, SG_CERT_ACTIVE), 1);
    assert_int_equal(bench_certs(b, SG_CERT_RETIRED), 1);
    bench_free(b);
}

static void an_enrolled_modem_is_compared_and_not_changed(void **state)
{
    struct bench *b = bench_new();
    (void)state;
    assert_enrolled(b);
    assert_enrolled(b);
    assert_true(b->result.was_done);
    assert_null(strstr(b->rig.log, "AT%CMNG=0"));
    assert_null(strstr(b->rig.log, "AT%CMNG=3"));
    assert_null(strstr(b->rig.log, "AT%KEYGEN"));
    assert_null(strstr(b->rig.log, "AT+CFUN="));
    assert_contains(rig_ask(&b->rig, "AT%CMNG=3,35724861,0"), "OK");
    assert_refused(b, SG_EMISMATCH, "the server root is missing");
    assert_int_equal(bench_state(b, ENDPOINT), SG_DEVICE_ENROLLED);
    bench_free(b);
}

static void another_key_under_the_certificate_shows(void **state)
{
    struct bench *b = bench_new();
    (void)state;
    assert_enrolled(b);
    assert_contains(rig_ask(&b->rig, "AT%CMNG=3,35724861,2"), "OK");
    assert_contains(rig_ask(&b->rig, "AT%KEYGEN=35724861,2,0"), "OK");
    assert_refused(b, SG_EMISMATCH, "the private key is not the one that the certificate was issued for");
    bench_free(b);
}

static void a_leftover_psk_shows(void **state)
{
    struct bench *b = bench_new();
    (void)state;
    assert_enrolled(b);
    assert_contains(rig_ask(&b->rig, "AT%CMNG=0,35724861,3,\"00112233\""), "OK");
    assert_refused(b, SG_EMISMATCH, "shares the tag with a PSK");
    bench_free(b);
}

/* ------------------------------------------------------------------------------------------------- refusals */

static void an_active_modem_is_taken_down_only_if_allowed(void **state)
{
    struct bench *b = bench_new();
    (void)state;
    assert_contains(rig_ask(&b->rig, "AT+CFUN=1"), "OK");
    assert_refused(b, SG_ESTATE, "while it is on the network (AT+CFUN=1, error 518)");
    assert_true(b->result.refused);
    assert_int_equal(sg_store_find_device(b->store, ENDPOINT, &b->result.device, NULL), SG_ENOTFOUND);
    b->enroll.offline = true;
    assert_enrolled(b);
    assert_true(b->result.taken_down);
    assert_int_equal(b->result.function, 1);
    assert_contains(rig_ask(&b->rig, "AT+CFUN?"), "+CFUN: 1");
    bench_free(b);
}

static void after_a_failure_the_modem_is_back_too(void **state)
{
    struct bench *b = bench_new();
    (void)state;
    assert_contains(rig_ask(&b->rig, "AT+CFUN=1"), "OK");
    b->enroll.offline = true;
    b->stop_after = SG_ENROLL_KEY;
    assert_int_equal(bench_enroll(b), SG_ECLOSED);
    assert_contains(rig_ask(&b->rig, "AT+CFUN?"), "+CFUN: 1");
    bench_free(b);
}

static void what_others_wrote_is_named_and_left(void **state)
{
    struct bench *b = bench_new();
    (void)state;
    assert_contains(rig_ask(&b->rig, "AT%CMNG=0,35724861,3,\"00112233\""), "OK");
    assert_refused(b, SG_EEXISTS, "used already, by a PSK (SHA-256 ");
    assert_true(b->result.refused);
    b->enroll.renew = true;
    assert_refused(b, SG_EDENIED, "nothing was changed");
    assert_contains(b->destroyed, "a PSK (SHA-256 ");
    assert_contains(rig_ask(&b->rig, "AT%CMNG=1,35724861"), "35724861,3,");
    b->enroll.may_destroy = NULL;
    assert_refused(b, SG_EDENIED, "nothing was changed"); /* nobody to ask: never */
    b->enroll.may_destroy = bench_may_destroy;
    b->allow = true;
    assert_enrolled(b);
    assert_null(strstr(rig_ask(&b->rig, "AT%CMNG=1,35724861"), "35724861,3,"));
    bench_free(b);
}

static void other_tags_and_the_modems_own_are_never_touched(void **state)
{
    struct bench *b = bench_new();
    (void)state;
    assert_contains(rig_ask(&b->rig, "AT%CMNG=0,7,3,\"00112233\""), "OK");
    assert_enrolled(b);
    assert_contains(rig_ask(&b->rig, "AT%CMNG=1"), "%CMNG: 7,3,");
    assert_contains(rig_ask(&b->rig, "AT%CMNG=1"), "%CMNG: 4294967294,6,");
    assert_null(strstr(b->rig.log, "AT%CMNG=3"));
    bench_free(b);
}

static void renewing_makes_a_new_key_under_the_same_name(void **state)
{
    struct bench *b = bench_new();
    (void)state;
    assert_enrolled(b);
    struct sg_cert_facts old = b->result.cert;
    b->enroll.renew = true;
    assert_int_equal(bench_enroll(b), SG_EDENIED);
    assert_contains(b->destroyed, "the present identity of " ENDPOINT);
    b->allow = true;
    assert_enrolled(b);
    assert_memory_not_equal(b->result.cert.key.sha256, old.key.sha256, 32);
    assert_int_equal(bench_certs(b, SG_CERT_RETIRED), 1);
    assert_int_equal(bench_certs(b, SG_CERT_ACTIVE), 1);
    bench_free(b);
}

static void a_revoked_device_needs_renewal(void **state)
{
    struct bench *b = bench_new();
    struct sg_cert_row row;
    (void)state;
    assert_enrolled(b);
    assert_int_equal(sg_store_find_cert(b->store, &b->result.cert.fingerprint, &row, &b->err), 0);
    assert_int_equal(sg_store_revoke_cert(b->store, row.number, SG_SUPERSEDED, 1, "tester", &b->err), 0);
    assert_refused(b, SG_EDENIED, "was revoked");
    assert_true(b->result.refused);
    b->enroll.renew = true; /* a revoked key is worth nothing: nobody is asked */
    assert_enrolled(b);
    assert_string_equal(b->destroyed, "");
    assert_int_equal(bench_state(b, ENDPOINT), SG_DEVICE_ENROLLED);
    assert_int_equal(bench_certs(b, SG_CERT_REVOKED), 1);
    bench_free(b);
}

static void names_that_cannot_be(void **state)
{
    static const char *const bad[] = {
        "",     "a,b",      "a\"b",
        "CN=x", "a b",      "a\nb",
        "a\\b", "\xc3\xa9", "0123456789012345678901234567890123456789012345678901234567890123x"};
    struct bench *b = bench_new();
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        b->enroll.endpoint = bad[i];
        assert_refused(b, SG_EINVAL, "cannot be an endpoint name");
        assert_true(b->result.refused);
    }
    b->enroll.endpoint = "urn:dev:ops:32473-Refrigerator-5002";
    assert_enrolled(b);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_modem_gets_an_identity),
        cmocka_unit_test(the_audit_log_tells_it),
        cmocka_unit_test(stopped_after_each_step_it_goes_on),
        cmocka_unit_test(a_recorded_certificate_whose_key_is_gone_is_retired),
        cmocka_unit_test(an_enrolled_modem_is_compared_and_not_changed),
        cmocka_unit_test(another_key_under_the_certificate_shows),
        cmocka_unit_test(a_leftover_psk_shows),
        cmocka_unit_test(an_active_modem_is_taken_down_only_if_allowed),
        cmocka_unit_test(after_a_failure_the_modem_is_back_too),
        cmocka_unit_test(what_others_wrote_is_named_and_left),
        cmocka_unit_test(other_tags_and_the_modems_own_are_never_touched),
        cmocka_unit_test(renewing_makes_a_new_key_under_the_same_name),
        cmocka_unit_test(a_revoked_device_needs_renewal),
        cmocka_unit_test(names_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, bench_enter, bench_leave);
}
