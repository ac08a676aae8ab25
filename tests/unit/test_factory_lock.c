/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that are locked when their board is done: and boards that come back locked. */
#include "factory_bench.h"

static struct bench *bench_locking(void)
{
    struct bench *b = bench_new();
    b->enroll.lock_key = sg_key_new(SG_P256, &b->err);
    return b;
}

static void bench_locking_free(struct bench *b)
{
    EVP_PKEY_free(b->enroll.lock_key);
    bench_free(b);
}

static int count_lock(void *user, const struct sg_audit_entry *e)
{
    *(int *)user += strcmp(e->what, "port-locked") == 0;
    return 0;
}

static void assert_locked(struct bench *b, int times)
{
    int n = 0;
    assert_contains(rig_ask(&b->rig, "AT%XPMNG=2"), "BEGIN PUBLIC KEY");
    assert_contains(rig_ask(&b->rig, "AT%CMNG=3,35724861,0"), "ERROR");
    assert_int_equal(sg_store_each_audit(b->store, 1, count_lock, &n, &b->err), 0);
    assert_int_equal(n, times);
}

static void a_board_that_is_done_is_locked(void **state)
{
    struct bench *b = bench_locking();
    (void)state;
    assert_enrolled(b);
    assert_contains(b->steps, "locked: with the key ");
    assert_locked(b, 1);
    assert_enrolled(b); /* again: compared, nothing written */
    assert_true(b->result.was_done);
    assert_locked(b, 1);
    bench_locking_free(b);
}

static void a_board_of_before_is_locked_too(void **state)
{
    struct bench *b = bench_locking();
    EVP_PKEY *key = b->enroll.lock_key;
    (void)state;
    b->enroll.lock_key = NULL;
    assert_enrolled(b);
    assert_contains(rig_ask(&b->rig, "AT%XPMNG=2"), "+CME ERROR: 513");
    b->enroll.lock_key = key;
    assert_enrolled(b);
    assert_false(b->result.was_done);
    assert_locked(b, 1);
    bench_locking_free(b);
}

static void a_locked_board_is_worked_on_by_signed_commands(void **state)
{
    struct bench *b = bench_locking();
    (void)state;
    assert_enrolled(b);
    b->enroll.bootstrap_tag = SG_TAG_BOOTSTRAP;
    b->enroll.renew = b->allow = true;
    for (int step = SG_ENROLL_KEY; step <= SG_ENROLL_WRITTEN; step++) { /* interrupted anywhere */
        b->stop_after = step;
        assert_int_equal(bench_enroll(b), SG_ECLOSED);
        b->enroll.renew = false;
    }
    b->stop_after = -1;
    assert_enrolled(b);
    assert_int_equal(bench_certs(b, SG_CERT_ACTIVE), 2);
    assert_contains(b->rig.log, "AT%XSUDO");
    assert_locked(b, 1);
    bench_locking_free(b);
}

static void another_key_is_refused(void **state)
{
    struct bench *b = bench_locking();
    (void)state;
    assert_enrolled(b);
    EVP_PKEY_free(b->enroll.lock_key);
    b->enroll.lock_key = sg_key_new(SG_P256, &b->err);
    assert_refused(b, SG_EDENIED, "is locked with another key");
    assert_true(b->result.refused);
    bench_locking_free(b);
}

static void a_board_that_failed_stays_open(void **state)
{
    struct bench *b = bench_locking();
    (void)state;
    b->stop_after = SG_ENROLL_WRITTEN;
    assert_int_equal(bench_enroll(b), SG_ECLOSED);
    assert_contains(rig_ask(&b->rig, "AT%XPMNG=2"), "+CME ERROR: 513");
    bench_locking_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_board_that_is_done_is_locked),
        cmocka_unit_test(a_board_of_before_is_locked_too),
        cmocka_unit_test(a_locked_board_is_worked_on_by_signed_commands),
        cmocka_unit_test(another_key_is_refused),
        cmocka_unit_test(a_board_that_failed_stays_open),
    };
    return cmocka_run_group_tests(tests, bench_enter, bench_leave);
}
