/* SPDX-License-Identifier: Apache-2.0 */
/* An issuing CA issues for so many devices, until its time, and not once it was withdrawn; the modem is not touched. */
#include "factory_bench.h"

static X509 *lot;
static EVP_PKEY *lot_key;

/* An issuing CA below the bench's, in the inventory. */
static void limit(struct bench *b, struct sg_ca_limits limits, struct sg_cert_row *row)
{
    lot_key = sg_key_new(SG_P256, NULL);
    lot = sg_cert_issuing_limited((struct sg_issuer){b->ca.cert, b->ca.key}, lot_key, "lot 7", rig_validity(), limits,
                                  &b->err);
    assert_non_null(lot);
    *row = (struct sg_cert_row){.kind = SG_CERT_ISSUING_CA, .state = SG_CERT_ACTIVE, .added = 1};
    assert_int_equal(sg_store_add_cert(b->store, lot, row, &b->err), 0);
    b->enroll.issuer = (struct sg_issuer){lot, lot_key};
}

static void done(struct bench *b)
{
    X509_free(lot);
    EVP_PKEY_free(lot_key);
    bench_free(b);
}

static void assert_untouched(struct bench *b)
{
    assert_true(b->result.refused);
    assert_null(strstr(b->rig.log, "%KEYGEN"));
    assert_null(strstr(b->rig.log, "%CMNG=3"));
}

static void so_many_devices(void **state)
{
    struct bench *b = bench_new();
    struct sg_cert_row row;
    (void)state;
    limit(b, (struct sg_ca_limits){.devices = 1}, &row);
    assert_enrolled(b);
    bench_connect(b, NULL); /* another modem */
    assert_refused(b, SG_EDENIED, "the issuing CA \"lot 7\" may issue for 1 devices, and has");
    assert_untouched(b);
    assert_int_equal(bench_certs(b, SG_CERT_ACTIVE), 1);
    done(b);
}

static void the_same_device_again_is_no_other(void **state)
{
    struct bench *b = bench_new();
    struct sg_cert_row row;
    (void)state;
    limit(b, (struct sg_ca_limits){.devices = 1}, &row);
    assert_enrolled(b);
    b->enroll.renew = b->allow = true;
    assert_enrolled(b);
    done(b);
}

static void until_its_time(void **state)
{
    struct bench *b = bench_new();
    struct sg_cert_row row;
    int64_t until = b->enroll.now + 600;
    (void)state;
    limit(b, (struct sg_ca_limits){.until = until}, &row);
    b->enroll.now = until + 1;
    assert_refused(b, SG_EDENIED, "the issuing CA \"lot 7\" may issue until ");
    assert_untouched(b);
    b->enroll.now = until;
    assert_enrolled(b);
    b->enroll.now = until + 1;
    assert_enrolled(b); /* to compare is not to issue */
    assert_true(b->result.was_done);
    done(b);
}

static void not_once_it_was_withdrawn(void **state)
{
    struct bench *b = bench_new();
    struct sg_cert_row row;
    (void)state;
    limit(b, (struct sg_ca_limits){0, 0}, &row);
    assert_int_equal(sg_store_revoke_cert(b->store, row.number, SG_CA_COMPROMISE, 1, "tester", &b->err), 0);
    assert_refused(b, SG_EDENIED, "the issuing CA \"lot 7\" was withdrawn (ca-compromise)");
    assert_untouched(b);
    done(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_devices),
        cmocka_unit_test(the_same_device_again_is_no_other),
        cmocka_unit_test(until_its_time),
        cmocka_unit_test(not_once_it_was_withdrawn),
    };
    return cmocka_run_group_tests(tests, bench_enter, bench_leave);
}
