/* SPDX-License-Identifier: Apache-2.0 */
/* What an attempt of a device says, and what its offer does: a refusal for another reason is never "nothing against".
 */
#include "probe/device_internal.h"

#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct sg_probe_run a_run = {.name = "dev.server.expired", .severity = SG_SEVERITY_MEDIUM};

static struct sg_probe_result judge(const char *run, struct sg_probe_dev_attempt t)
{
    struct sg_probe_result r;
    const struct sg_probe_dev_refusal *f = sg_probe_dev_find_refusal(run);
    assert_non_null(f);
    sg_probe_result_init(&r, &a_run);
    sg_probe_add_control(&r, true, "registers", "did");
    sg_probe_dev_judge_refusal(f, &t, &r);
    return r;
}

static void an_alert_is_held_against_the_cause(void **state)
{
    (void)state;
    static const struct {
        const char *run;
        int alert;
        enum sg_verdict verdict;
    } all[] = {
        {"dev.server.expired", SSL_AD_CERTIFICATE_EXPIRED, SG_VERDICT_NOTHING_AGAINST},
        {"dev.server.expired", SSL_AD_BAD_CERTIFICATE, SG_VERDICT_NOTHING_AGAINST},
        {"dev.server.expired", SSL_AD_CERTIFICATE_UNKNOWN, SG_VERDICT_NOTHING_AGAINST},
        {"dev.server.expired", SSL_AD_UNKNOWN_CA, SG_VERDICT_REMARK},
        {"dev.server.expired", SSL_AD_INTERNAL_ERROR, SG_VERDICT_REMARK},
        {"dev.server.wrong-name", SSL_AD_UNKNOWN_CA, SG_VERDICT_REMARK},
        {"dev.server.wrong-name", SSL_AD_CERTIFICATE_EXPIRED, SG_VERDICT_REMARK},
        {"dev.server.wrong-name", SSL_AD_BAD_CERTIFICATE, SG_VERDICT_NOTHING_AGAINST},
        {"dev.server.wrong-ca", SSL_AD_UNKNOWN_CA, SG_VERDICT_NOTHING_AGAINST},
        {"dev.server.wrong-key", SSL_AD_DECRYPT_ERROR, SG_VERDICT_NOTHING_AGAINST},
        {"dev.server.wrong-key", SSL_AD_UNKNOWN_CA, SG_VERDICT_REMARK},
        {"dev.suite.old-version", SSL_AD_PROTOCOL_VERSION, SG_VERDICT_NOTHING_AGAINST},
        {"dev.suite.weak", SSL_AD_DECODE_ERROR, SG_VERDICT_REMARK},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct sg_probe_result r =
            judge(all[i].run, (struct sg_probe_dev_attempt){.stage = SG_REACHED_HELLO, .alert = all[i].alert});
        assert_int_equal(r.verdict, all[i].verdict);
        sg_probe_result_free(&r);
    }
}

static void silence_shows_no_more_than_silence(void **state)
{
    (void)state;
    struct sg_probe_result r =
        judge("dev.server.expired", (struct sg_probe_dev_attempt){.stage = SG_REACHED_HELLO, .alert = -1});
    assert_int_equal(r.verdict, SG_VERDICT_REMARK);
    r = judge("dev.server.expired",
              (struct sg_probe_dev_attempt){.stage = SG_REACHED_HELLO, .alert = -1, .again = true});
    assert_int_equal(r.verdict, SG_VERDICT_REMARK);
    r = judge("dev.server.expired", (struct sg_probe_dev_attempt){.stage = SG_REACHED_NOTHING, .alert = -1});
    assert_int_equal(r.verdict, SG_VERDICT_SKIPPED);
    r = judge("dev.server.expired",
              (struct sg_probe_dev_attempt){.stage = SG_REACHED_HELLO, .alert = -1, .why = "no shared cipher"});
    assert_int_equal(r.verdict, SG_VERDICT_SKIPPED);
}

static void a_session_is_a_failure_unless_it_ends_before_a_word(void **state)
{
    (void)state;
    struct sg_probe_dev_attempt t = {.stage = SG_REACHED_FINISHED, .alert = -1, .complete = true};
    struct sg_probe_result r = judge("dev.server.expired", t);
    assert_int_equal(r.verdict, SG_VERDICT_FAIL);
    assert_int_equal(r.severity, SG_SEVERITY_MEDIUM);
    t.ended = true;
    r = judge("dev.server.expired", t);
    assert_int_equal(r.verdict, SG_VERDICT_REMARK);
    (void)snprintf(t.first, sizeof t.first, "POST /rd?ep=a");
    r = judge("dev.server.expired", t);
    assert_int_equal(r.verdict, SG_VERDICT_FAIL);
    assert_non_null(strstr(r.observed, "POST /rd?ep=a"));
    t.alert = 42; /* an alert after a message takes nothing back */
    r = judge("dev.server.expired", t);
    assert_int_equal(r.verdict, SG_VERDICT_FAIL);
    r = judge("dev.suite.weak", (struct sg_probe_dev_attempt){.stage = SG_REACHED_ANSWERED, .alert = -1});
    assert_int_equal(r.verdict, SG_VERDICT_FAIL);
}

/* 127.255.255.255: the kernel knows no way there, and nothing leaves this host. */
static void where_no_way_leads_nothing_was_scanned(void **state)
{
    static const struct sg_addr nowhere = {.ip = {[10] = 0xff, 0xff, 127, 255, 255, 255}};
    static const struct sg_probe_run run = {.name = "dev.scan"};
    const struct sg_probe_device_options o = {.scan = &nowhere, .rate = 100000};
    const struct sg_probe_watch watch = {.stop = NULL};
    struct sg_probe_device p = {.o = &o, .watch = &watch};
    struct sg_probe_result r;
    (void)state;
    sg_probe_result_init(&r, &run);
    sg_probe_dev_scan(&p, &r);
    assert_string_equal(r.reason, "Nothing answered at all: is the device at that address?");
    assert_int_equal(r.verdict, SG_VERDICT_SKIPPED);
    sg_probe_result_free(&r);
}

static void what_is_not_on_the_allow_list_is_named(void **state)
{
    (void)state;
    char text[300];
    enum sg_severity worst;
    struct sg_probe_client_hello h = {.version = 0xfefd, .suites = {0xc02b, 0xc0ae, 0x00ff}, .suite_count = 3};
    h.groups[h.group_count++] = 23;
    h.signatures[h.signature_count++] = 0x0403;
    assert_false(sg_probe_dev_offer_faults(&h, text, sizeof text, &worst));
    h.suites[h.suite_count++] = 0xc009;
    assert_true(sg_probe_dev_offer_faults(&h, text, sizeof text, &worst));
    assert_string_equal(text, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA (SHA-1)");
    assert_int_equal(worst, SG_SEVERITY_MEDIUM);
    h.suites[h.suite_count++] = 0xc006;
    h.groups[h.group_count++] = 19;
    assert_true(sg_probe_dev_offer_faults(&h, text, sizeof text, &worst));
    assert_non_null(strstr(text, "TLS_ECDHE_ECDSA_WITH_NULL_SHA"));
    assert_non_null(strstr(text, "curve secp192r1"));
    assert_int_equal(worst, SG_SEVERITY_HIGH);
    h = (struct sg_probe_client_hello){.version = 0xfeff, .suites = {0xc02b}, .suite_count = 1};
    assert_true(sg_probe_dev_offer_faults(&h, text, sizeof text, &worst));
    assert_non_null(strstr(text, "DTLS 1.0"));
}

static void a_long_list_of_faults_is_cut_and_says_so(void **state)
{
    (void)state;
    char text[120];
    enum sg_severity worst;
    struct sg_probe_client_hello h = {.version = 0xfefd};
    for (uint16_t i = 0; i < 20; i++)
        h.suites[h.suite_count++] = (uint16_t)(0xc001 + i);
    assert_true(sg_probe_dev_offer_faults(&h, text, sizeof text, &worst));
    assert_true(strlen(text) < sizeof text);
    assert_string_equal(text + strlen(text) - 3, "...");
    assert_int_equal(worst, SG_SEVERITY_HIGH);
}

static void every_run_of_the_catalogue_can_be_made(void **state)
{
    (void)state;
    size_t n;
    const struct sg_probe_run *runs = sg_probe_runs(SG_PROBE_DEVICE, &n);
    assert_true(n >= 30);
    for (size_t i = 0; i < n; i++) {
        const bool server = strncmp(runs[i].name, "dev.server.", 11) == 0;
        assert_true(!server || sg_probe_dev_find_refusal(runs[i].name) != NULL);
        assert_ptr_equal(sg_probe_find_run(runs[i].name), &runs[i]);
        assert_true(runs[i].title[0] != '\0' && runs[i].expected[0] != '\0' && runs[i].cure[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_held_against_the_cause),
        cmocka_unit_test(silence_shows_no_more_than_silence),
        cmocka_unit_test(a_session_is_a_failure_unless_it_ends_before_a_word),
        cmocka_unit_test(where_no_way_leads_nothing_was_scanned),
        cmocka_unit_test(what_is_not_on_the_allow_list_is_named),
        cmocka_unit_test(a_long_list_of_faults_is_cut_and_says_so),
        cmocka_unit_test(every_run_of_the_catalogue_can_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
