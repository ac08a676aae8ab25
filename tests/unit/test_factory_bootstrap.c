/* SPDX-License-Identifier: Apache-2.0 */
/* A second identity of a device, for the bootstrap server: as whole, as resumable and as well told as the first. */
#include "factory_bench.h"

static struct bench *bench_two(void)
{
    struct bench *b = bench_new();
    b->enroll.bootstrap_tag = SG_TAG_BOOTSTRAP;
    return b;
}

static void assert_two(struct bench *b)
{
    struct sg_device d;
    struct sg_cert_row row;
    struct sg_cred creds[8];
    assert_int_equal(sg_store_find_device(b->store, ENDPOINT, &d, &b->err), 0);
    assert_int_equal(d.state, SG_DEVICE_ENROLLED);
    assert_int_equal(d.tag, SG_TAG_LWM2M);
    assert_int_equal(d.bootstrap_tag, SG_TAG_BOOTSTRAP);
    assert_int_equal(b->result.tag, SG_TAG_LWM2M);
    assert_int_equal(b->result.bootstrap_tag, SG_TAG_BOOTSTRAP);
    assert_int_equal(bench_certs(b, SG_CERT_ACTIVE), 2);
    assert_int_equal(bench_certs(b, SG_CERT_ISSUED), 0);
    const struct sg_cert_facts *facts[] = {&b->result.cert, &b->result.bootstrap};
    const uint32_t tags[] = {SG_TAG_LWM2M, SG_TAG_BOOTSTRAP};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(sg_store_find_cert(b->store, &facts[i]->fingerprint, &row, &b->err), 0);
        assert_int_equal(row.state, SG_CERT_ACTIVE);
        assert_int_equal(row.tag, tags[i]);
        assert_string_equal(row.facts.cn, ENDPOINT);
        assert_int_equal(sg_modem_list(&b->rig.modem, tags[i], creds, 8), 3);
    }
    assert_memory_not_equal(&facts[0]->key, &facts[1]->key, sizeof facts[0]->key);
}

static void a_board_gets_both(void **state)
{
    struct bench *b = bench_two();
    (void)state;
    assert_enrolled(b);
    assert_false(b->result.was_done);
    assert_two(b);
    assert_contains(b->steps, "store: bootstrap identity: empty at tag 35724862\nkey: made");
    assert_contains(b->steps, "written: bootstrap identity at tag 35724862: server root, certificate");
    bench_free(b);
}

static void again_both_are_compared_and_nothing_is_written(void **state)
{
    struct bench *b = bench_two();
    (void)state;
    assert_enrolled(b);
    b->enroll.bootstrap_tag = 0; /* it has one all the same */
    assert_enrolled(b);
    assert_true(b->result.was_done);
    assert_two(b);
    assert_null(strstr(b->rig.log, "AT%CMNG=0"));
    assert_null(strstr(b->rig.log, "AT%CMNG=3"));
    assert_null(strstr(b->rig.log, "AT%KEYGEN"));
    assert_contains(rig_ask(&b->rig, "AT%CMNG=3,35724862,1"), "OK");
    assert_refused(b, SG_EMISMATCH, "tag 35724862 of the modem on /dev/bench: the certificate is missing");
    bench_free(b);
}

static void a_board_of_before_gets_the_second_one_too(void **state)
{
    struct bench *b = bench_two();
    (void)state;
    b->enroll.bootstrap_tag = 0;
    assert_enrolled(b);
    struct sg_fingerprint first = b->result.cert.fingerprint;
    assert_int_equal(b->result.bootstrap_tag, 0);
    b->enroll.bootstrap_tag = SG_TAG_BOOTSTRAP;
    assert_contains(rig_ask(&b->rig, "AT+CFUN=1"), "OK");
    assert_refused(b, SG_ESTATE, "while it is on the network");
    b->enroll.offline = true;
    assert_enrolled(b);
    assert_false(b->result.was_done);
    assert_memory_equal(&b->result.cert.fingerprint, &first, sizeof first);
    assert_two(b);
    assert_contains(rig_ask(&b->rig, "AT+CFUN?"), "+CFUN: 1");
    bench_free(b);
}

/* Steps are told twice, once for each identity: stops at the second of each kind. */
struct stop {
    struct bench *b;
    int step, skip;
};

static int stop_at(void *user, enum sg_enroll_step step, const char *facts)
{
    struct stop *s = user;
    (void)facts;
    return (int)step == s->step && s->skip-- == 0;
}

static void stopped_after_each_step_it_goes_on(void **state)
{
    (void)state;
    for (int step = SG_ENROLL_STORE; step <= SG_ENROLL_WRITTEN; step++) {
        struct bench *b = bench_two();
        struct stop s = {b, step, 1};
        b->enroll.step = stop_at;
        b->enroll.user = &s;
        assert_int_equal(bench_enroll(b), SG_ECLOSED);
        assert_int_equal(bench_certs(b, SG_CERT_ACTIVE), 1);
        b->enroll.step = NULL;
        assert_enrolled(b);
        assert_two(b);
        assert_int_equal(bench_certs(b, SG_CERT_RETIRED), 0); /* what was issued was used */
        bench_free(b);
    }
}

static void both_are_renewed_together(void **state)
{
    struct bench *b = bench_two();
    (void)state;
    assert_enrolled(b);
    struct sg_fingerprint second = b->result.bootstrap.fingerprint;
    b->enroll.renew = b->allow = true;
    b->enroll.bootstrap_tag = 0;
    assert_enrolled(b);
    assert_two(b);
    assert_memory_not_equal(&b->result.bootstrap.fingerprint, &second, sizeof second);
    assert_int_equal(bench_certs(b, SG_CERT_RETIRED), 2);
    bench_free(b);
}

static void what_is_in_the_way_is_told_before_anything_is_done(void **state)
{
    struct bench *b = bench_two();
    (void)state;
    assert_contains(rig_ask(&b->rig, "AT%CMNG=0,35724862,4,\"somebody\""), "OK");
    assert_refused(b, SG_EEXISTS, "tag 35724862 of the modem on /dev/bench, where the bootstrap identity is to go");
    assert_true(b->result.refused);
    assert_null(strstr(b->rig.log, "AT%KEYGEN"));
    b->enroll.occupied = SG_OCCUPIED_REPLACE;
    assert_enrolled(b);
    assert_two(b);
    bench_free(b);
}

static void tags_that_cannot_be(void **state)
{
    struct bench *b = bench_two();
    (void)state;
    b->enroll.bootstrap_tag = SG_TAG_LWM2M;
    assert_refused(b, SG_EINVAL, "cannot hold both identities");
    b->enroll.bootstrap_tag = SG_TAG_BOOTSTRAP;
    assert_enrolled(b);
    b->enroll.bootstrap_tag = 77;
    assert_refused(b, SG_EEXISTS, "has its bootstrap identity at tag 35724862, not at tag 77");
    assert_true(b->result.refused);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_board_gets_both),
        cmocka_unit_test(again_both_are_compared_and_nothing_is_written),
        cmocka_unit_test(a_board_of_before_gets_the_second_one_too),
        cmocka_unit_test(stopped_after_each_step_it_goes_on),
        cmocka_unit_test(both_are_renewed_together),
        cmocka_unit_test(what_is_in_the_way_is_told_before_anything_is_done),
        cmocka_unit_test(tags_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, bench_enter, bench_leave);
}
