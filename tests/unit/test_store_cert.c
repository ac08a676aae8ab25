/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and revocation: a key belongs to one certificate, and what is revoked stays revoked. */
#include "test_store.h"

static struct authority ca;

static int begin(void **state)
{
    ca = new_authority();
    return enter_folder(state);
}

static int end(void **state)
{
    free_authority(&ca);
    return leave_folder(state);
}

static void round_trip(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device d = add_device(s, "urn:imei:351516170000001");
    struct sg_cert_row row = add_cert(s, &ca, &d), got;
    assert_int_equal(row.number, 1);
    assert_string_equal(row.facts.cn, d.endpoint);
    for (int i = 0; i < 3; i++) {
        memset(&got, 0xff, sizeof got);
        int r = i == 0   ? sg_store_find_cert(s, &row.facts.fingerprint, &got, &err)
                : i == 1 ? sg_store_find_cert_by_key(s, &row.facts.key, &got, &err)
                         : sg_store_get_cert(s, row.number, &got, &err);
        assert_int_equal(r, 0);
        assert_int_equal(got.kind, SG_CERT_DEVICE);
        assert_int_equal(got.state, SG_CERT_ACTIVE);
        assert_int_equal(got.device, d.number);
        assert_int_equal(got.tag, 35724861);
        assert_int_equal(got.added, NOW);
        assert_int_equal(got.revoked_at, 0);
        assert_int_equal(got.der_len, row.der_len);
        assert_memory_equal(got.der, row.der, row.der_len);
        assert_memory_equal(&got.issuer, &row.issuer, sizeof row.issuer);
        assert_memory_equal(&got.facts.fingerprint, &row.facts.fingerprint, 64); /* and the key's */
        assert_string_equal(got.facts.cn, row.facts.cn);
        assert_string_equal(got.facts.issuer_cn, "Device root");
        assert_string_equal(got.facts.serial, row.facts.serial);
        assert_int_equal(got.facts.from, NOW);
        assert_int_equal(got.facts.until, NOW + 365 * DAY);
        assert_int_equal(got.facts.der_len, row.der_len);
        assert_false(got.facts.ca);
    }
    sg_store_close(s);
}

static void a_key_belongs_to_one_certificate(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device a = add_device(s, "a"), b = add_device(s, "b");
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    X509 *first = issue(&ca, key, "a"), *second = issue(&ca, key, "b");
    struct sg_cert_row row = {.kind = SG_CERT_DEVICE, .device = a.number, .added = NOW};
    assert_done(sg_store_add_cert(s, first, &row, &err), err);
    assert_int_equal(sg_store_add_cert(s, first, &row, &err), SG_EEXISTS);
    assert_contains(err.text, "of \"a\" is in the inventory already");
    row.device = b.number;
    assert_int_equal(sg_store_add_cert(s, second, &row, &err), SG_EEXISTS);
    assert_contains(err.text, "the public key of \"b\" is already that of \"a\"");
    /* The table itself refuses it too, whoever writes. */
    assert_int_equal(
        sql(DB, "INSERT INTO certificate SELECT 9, kind, state, device, tag, randomblob(32), key, issuer, key_digest, "
                "cn, issuer_cn, serial, names, valid_from, valid_until, der, added FROM certificate"),
        SQLITE_CONSTRAINT);
    X509_free(first);
    X509_free(second);
    EVP_PKEY_free(key);
    sg_store_close(s);
}

static void what_cannot_be_recorded(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    X509 *cert = issue(&ca, key, "a");
    struct sg_cert_row row = {.kind = SG_CERT_DEVICE, .device = 5, .added = NOW};
    assert_int_equal(sg_store_add_cert(s, cert, &row, &err), SG_ENOTFOUND); /* no such device */
    row.device = 0;
    assert_int_equal(sg_store_add_cert(s, cert, &row, &err), SG_EINVAL); /* a device's needs one */
    row.kind = SG_CERT_SERVER;
    row.state = SG_CERT_REVOKED;
    assert_int_equal(sg_store_add_cert(s, cert, &row, &err), SG_EINVAL);
    row.state = SG_CERT_ACTIVE;
    assert_done(sg_store_add_cert(s, cert, &row, &err), err);
    static const struct sg_fingerprint unknown;
    assert_int_equal(sg_store_find_cert(s, &unknown, &row, &err), SG_ENOTFOUND);
    assert_contains(err.text, "00:00:00");
    assert_int_equal(sg_store_find_cert_by_key(s, &unknown, &row, &err), SG_ENOTFOUND);
    assert_int_equal(sg_store_get_cert(s, 99, &row, &err), SG_ENOTFOUND);
    X509_free(cert);
    EVP_PKEY_free(key);
    sg_store_close(s);
}

static int last_entry(void *user, const struct sg_audit_entry *e)
{
    memcpy(user, e, sizeof *e);
    return 0;
}

static void revoked(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device a = add_device(s, "a"), b = add_device(s, "b");
    struct sg_cert_row row = add_cert(s, &ca, &a), other = add_cert(s, &ca, &b);
    struct sg_audit_entry e = {0};
    assert_done(sg_store_revoke_cert(s, row.number, SG_KEY_COMPROMISE, NOW + 7, "ada", &err), err);
    assert_done(sg_store_get_cert(s, row.number, &row, &err), err);
    assert_int_equal(row.state, SG_CERT_REVOKED);
    assert_int_equal(row.revoked_at, NOW + 7);
    assert_int_equal(row.reason, SG_KEY_COMPROMISE);
    assert_done(sg_store_get_device(s, a.number, &a, &err), err);
    assert_int_equal(a.state, SG_DEVICE_REVOKED);
    assert_done(sg_store_each_audit(s, 1, last_entry, &e, &err), err);
    assert_int_equal(e.number, 1);
    assert_int_equal(e.when, NOW + 7);
    assert_string_equal(e.who, "ada");
    assert_string_equal(e.what, "revoked");
    assert_string_equal(e.subject, "a");
    assert_contains(e.detail, row.facts.serial);
    assert_contains(e.detail, "key-compromise");
    /* The other device notices nothing. */
    assert_done(sg_store_get_device(s, b.number, &b, &err), err);
    assert_int_equal(b.state, SG_DEVICE_ENROLLING);
    assert_done(sg_store_get_cert(s, other.number, &other, &err), err);
    assert_int_equal(other.state, SG_CERT_ACTIVE);
    /* Revoked once, and for good. */
    assert_int_equal(sg_store_revoke_cert(s, row.number, SG_SUPERSEDED, NOW, "ada", &err), SG_ESTATE);
    assert_contains(err.text, "revoked already (key-compromise)");
    assert_int_equal(sg_store_set_cert_state(s, row.number, SG_CERT_ACTIVE, &err), SG_ESTATE);
    assert_contains(err.text, "is revoked, and stays so");
    assert_int_equal(sg_store_revoke_cert(s, 99, SG_SUPERSEDED, NOW, "ada", &err), SG_ENOTFOUND);
    sg_store_close(s);
}

static void a_device_with_another_certificate_stays(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device d = add_device(s, "a");
    struct sg_cert_row old = add_cert(s, &ca, &d), new = add_cert(s, &ca, &d);
    d.state = SG_DEVICE_ENROLLED;
    assert_done(sg_store_update_device(s, &d, &err), err);
    assert_done(sg_store_revoke_cert(s, old.number, SG_SUPERSEDED, NOW, "ada", &err), err);
    assert_done(sg_store_get_device(s, d.number, &d, &err), err);
    assert_int_equal(d.state, SG_DEVICE_ENROLLED);
    assert_done(sg_store_revoke_cert(s, new.number, SG_CESSATION, NOW, "ada", &err), err);
    assert_done(sg_store_get_device(s, d.number, &d, &err), err);
    assert_int_equal(d.state, SG_DEVICE_REVOKED);
    sg_store_close(s);
}

static void states_change(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device d = add_device(s, "a");
    struct sg_cert_row row = add_cert(s, &ca, &d);
    assert_done(sg_store_set_cert_state(s, row.number, SG_CERT_RETIRED, &err), err);
    assert_done(sg_store_get_cert(s, row.number, &row, &err), err);
    assert_int_equal(row.state, SG_CERT_RETIRED);
    assert_int_equal(sg_store_set_cert_state(s, row.number, SG_CERT_REVOKED, &err), SG_EINVAL);
    assert_int_equal(sg_store_set_cert_state(s, 99, SG_CERT_ACTIVE, &err), SG_ENOTFOUND);
    sg_store_close(s);
}

static int count(void *user, const struct sg_cert_row *row)
{
    int *n = user;
    (void)row;
    return ++*n == 10 ? 5 : 0;
}

static int list(struct sg_store *s, int kind, int64_t device)
{
    int n = 0;
    assert_int_equal(sg_store_each_cert(s, kind, device, count, &n, NULL), 0);
    return n;
}

static void lists(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device a = add_device(s, "a"), b = add_device(s, "b");
    struct sg_cert_row root = {.kind = SG_CERT_DEVICE_ROOT, .state = SG_CERT_ACTIVE, .added = NOW};
    assert_done(sg_store_add_cert(s, ca.cert, &root, &err), err);
    add_cert(s, &ca, &a);
    add_cert(s, &ca, &a);
    add_cert(s, &ca, &b);
    assert_int_equal(list(s, -1, 0), 4);
    assert_int_equal(list(s, SG_CERT_DEVICE, 0), 3);
    assert_int_equal(list(s, SG_CERT_DEVICE, a.number), 2);
    assert_int_equal(list(s, -1, b.number), 1);
    assert_int_equal(list(s, SG_CERT_SERVER, 0), 0);
    assert_int_equal(list(s, SG_CERT_DEVICE_ROOT, a.number), 0);
    int n = 8;
    assert_int_equal(sg_store_each_cert(s, -1, 0, count, &n, NULL), 5);
    sg_store_close(s);
}

/* SQLite has no checksums of its own: a bit that flipped in a certificate shows by its fingerprint. */
static void altered_certificate_is_damage(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device d = add_device(s, "a");
    struct sg_cert_row row = add_cert(s, &ca, &d), got;
    assert_int_equal(sql(DB, "UPDATE certificate SET der = randomblob(length(der))"), SQLITE_OK);
    assert_int_equal(sg_store_get_cert(s, row.number, &got, &err), SG_EFORMAT);
    assert_contains(err.text, "is damaged");
    assert_contains(err.text, "restore it from a backup");
    int n = 0;
    assert_int_equal(sg_store_each_cert(s, -1, 0, count, &n, &err), SG_EFORMAT);
    assert_int_equal(n, 0);
    sg_store_close(s);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(sg_cert_kind_name(SG_CERT_DEVICE_ROOT), "device-root");
    assert_string_equal(sg_cert_kind_name(SG_CERT_DEVICE), "device");
    assert_string_equal(sg_cert_state_name(SG_CERT_ISSUED), "issued");
    assert_string_equal(sg_cert_state_name(SG_CERT_RETIRED), "retired");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(a_key_belongs_to_one_certificate),
        cmocka_unit_test(what_cannot_be_recorded),
        cmocka_unit_test(revoked),
        cmocka_unit_test(a_device_with_another_certificate_stays),
        cmocka_unit_test(states_change),
        cmocka_unit_test(lists),
        cmocka_unit_test(altered_certificate_is_damage),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
