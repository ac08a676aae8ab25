/* SPDX-License-Identifier: Apache-2.0 */
/* Pre-shared keys: recorded encrypted, one in use for each identity, erased when they end. */
#include "store/store_internal.h"
#include "test_store.h"

#define NAME "urn:imei:351516170000001"

static struct sg_device new_device(struct sg_store *s, const char *endpoint)
{
    struct sg_error err = {0};
    struct sg_device d = {.state = SG_DEVICE_ENROLLED, .created = NOW};
    strcpy(d.endpoint, endpoint);
    assert_done(sg_store_add_device(s, &d, &err), err);
    return d;
}

static struct sg_psk_row a_psk(int64_t device, const char *identity)
{
    struct sg_psk_row row = {.device = device, .state = SG_CERT_ISSUED, .tag = 7, .added = NOW};
    strcpy(row.identity, identity);
    memset(row.sealed, 0xa5, sizeof row.sealed);
    return row;
}

static void round_trip(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device d = new_device(s, NAME);
    struct sg_psk_row row = a_psk(d.number, NAME), got;
    assert_int_equal(sg_store_find_psk(s, NAME, &got, &err), SG_ENOTFOUND);
    assert_int_equal(sg_store_get_psk(s, 1, &got, &err), SG_ENOTFOUND);
    assert_done(sg_store_add_psk(s, &row, &err), err);
    assert_done(sg_store_find_psk(s, NAME, &got, &err), err);
    assert_memory_equal(&got, &row, sizeof row);
    assert_done(sg_store_activate_psk(s, row.number, &err), err);
    assert_done(sg_store_get_psk(s, row.number, &got, &err), err);
    assert_int_equal(got.state, SG_CERT_ACTIVE);
    sg_store_close(s);
}

static void one_in_use_for_each_identity(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device d = new_device(s, NAME);
    struct sg_psk_row first = a_psk(d.number, NAME), second = a_psk(d.number, NAME), got;
    assert_done(sg_store_add_psk(s, &first, &err), err);
    assert_int_equal(sg_store_add_psk(s, &second, &err), SG_EEXISTS);
    assert_contains(err.text, NAME);
    assert_done(sg_store_retire_psk(s, first.number, NOW + DAY, &err), err);
    assert_done(sg_store_find_psk(s, NAME, &got, &err), err); /* the newest, though it is of no use */
    assert_int_equal(got.state, SG_CERT_RETIRED);
    assert_int_equal(got.ended, NOW + DAY);
    static const uint8_t zeros[SG_PSK_SEALED];
    assert_memory_equal(got.sealed, zeros, sizeof zeros); /* erased */
    assert_done(sg_store_add_psk(s, &second, &err), err);
    assert_done(sg_store_find_psk(s, NAME, &got, &err), err);
    assert_int_equal(got.number, second.number);
    assert_int_equal(sg_store_activate_psk(s, first.number, &err), SG_ESTATE);
    assert_contains(err.text, "retired");
    sg_store_close(s);
}

static int keep_newest(void *user, const struct sg_audit_entry *e)
{
    *(struct sg_audit_entry *)user = *e;
    return 0;
}

static void revoked_with_its_device(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device d = new_device(s, NAME);
    struct sg_psk_row row = a_psk(d.number, NAME), got;
    struct sg_audit_entry e;
    assert_done(sg_store_add_psk(s, &row, &err), err);
    assert_done(sg_store_revoke_psk(s, row.number, SG_KEY_COMPROMISE, NOW + DAY, "ann", &err), err);
    assert_done(sg_store_get_psk(s, row.number, &got, &err), err);
    assert_int_equal(got.state, SG_CERT_REVOKED);
    assert_int_equal(got.reason, SG_KEY_COMPROMISE);
    assert_int_equal(got.ended, NOW + DAY);
    assert_done(sg_store_get_device(s, d.number, &d, &err), err);
    assert_int_equal(d.state, SG_DEVICE_REVOKED);
    assert_done(sg_store_each_audit(s, 1, keep_newest, &e, &err), err);
    assert_string_equal(e.what, "revoked");
    assert_string_equal(e.subject, NAME);
    assert_string_equal(e.who, "ann");
    assert_contains(e.detail, "pre-shared key, reason key-compromise");
    assert_int_equal(sg_store_revoke_psk(s, row.number, SG_SUPERSEDED, NOW, "ann", &err), SG_ESTATE);
    assert_done(sg_store_retire_psk(s, row.number, NOW, &err), err);
    assert_done(sg_store_get_psk(s, row.number, &got, &err), err);
    assert_int_equal(got.state, SG_CERT_REVOKED); /* for good */
    sg_store_close(s);
}

/* A device with another identity in use is not revoked with one of them. */
static void the_device_stays_while_one_is_left(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device d = new_device(s, NAME);
    struct sg_psk_row one = a_psk(d.number, NAME), two = a_psk(d.number, NAME "-2");
    assert_done(sg_store_add_psk(s, &one, &err), err);
    assert_done(sg_store_add_psk(s, &two, &err), err);
    assert_done(sg_store_revoke_psk(s, one.number, SG_SUPERSEDED, NOW, "ann", &err), err);
    assert_done(sg_store_get_device(s, d.number, &d, &err), err);
    assert_int_equal(d.state, SG_DEVICE_ENROLLED);
    assert_done(sg_store_revoke_psk(s, two.number, SG_SUPERSEDED, NOW, "ann", &err), err);
    assert_done(sg_store_get_device(s, d.number, &d, &err), err);
    assert_int_equal(d.state, SG_DEVICE_REVOKED);
    sg_store_close(s);
}

static int count(void *user, const struct sg_psk_row *row)
{
    ++*(int *)user;
    return row->number == 2 ? 5 : 0;
}

static void the_list_is_of_one_device_or_of_all(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device a = new_device(s, "a"), b = new_device(s, "b");
    struct sg_psk_row of_a = a_psk(a.number, "a"), of_b = a_psk(b.number, "b");
    int n = 0;
    assert_done(sg_store_add_psk(s, &of_a, &err), err);
    assert_done(sg_store_add_psk(s, &of_b, &err), err);
    assert_int_equal(sg_store_each_psk(s, a.number, count, &n, &err), 0);
    assert_int_equal(n, 1);
    assert_int_equal(sg_store_each_psk(s, 0, count, &n, &err), 5); /* what the function returned */
    assert_int_equal(n, 3);
    sg_store_close(s);
}

/* An inventory of version 1, as Signet wrote it before there were pre-shared keys. */
static void an_older_inventory_gets_the_table(void **state)
{
    (void)state;
    struct sg_error err = {0};
    unlink(DB);
    assert_int_equal(sql(DB, sg_store_migrations[0].sql), SQLITE_OK);
    struct sg_store *s = sg_store_open(DB, &err);
    assert_non_null(s);
    struct sg_device d = new_device(s, NAME);
    struct sg_psk_row row = a_psk(d.number, NAME);
    assert_done(sg_store_add_psk(s, &row, &err), err);
    sg_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(one_in_use_for_each_identity),
        cmocka_unit_test(revoked_with_its_device),
        cmocka_unit_test(the_device_stays_while_one_is_left),
        cmocka_unit_test(the_list_is_of_one_device_or_of_all),
        cmocka_unit_test(an_older_inventory_gets_the_table),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
