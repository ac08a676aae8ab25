/* SPDX-License-Identifier: Apache-2.0 */
/* What the inventory keeps of a device's modem: its tag, its identity key, the digest of its private key. */
#include "test_store.h"

static void a_device_is_found_by_its_modem(void **state)
{
    struct sg_error err = {0};
    struct sg_store *s = new_store();
    struct sg_device found, a = {.endpoint = "a", .imei = "351516170000001", .uuid = "uuid-a"},
                            b = {.endpoint = "b", .imei = "", .uuid = "uuid-b"};
    (void)state;
    assert_done(sg_store_add_device(s, &a, &err), err);
    assert_done(sg_store_add_device(s, &b, &err), err);
    assert_done(sg_store_find_modem(s, "uuid-b", "351516170000001", &found, &err), err);
    assert_string_equal(found.endpoint, "b"); /* the UUID goes before the IMEI */
    assert_done(sg_store_find_modem(s, "uuid-c", "351516170000001", &found, &err), err);
    assert_string_equal(found.endpoint, "a");
    assert_int_equal(sg_store_find_modem(s, "", "", &found, &err), SG_ENOTFOUND); /* b has no IMEI, and is not found */
    assert_int_equal(sg_store_find_modem(s, "uuid-c", "1", &found, &err), SG_ENOTFOUND);
    sg_store_close(s);
}

static void tag_and_identity_key_are_kept(void **state)
{
    struct sg_error err = {0};
    struct sg_store *s = new_store();
    struct sg_device found, d = add_device(s, "x");
    (void)state;
    assert_done(sg_store_find_device(s, "x", &found, &err), err);
    assert_int_equal(found.tag, 0);
    assert_int_equal(found.identity[0], 0);
    d.tag = 4000000000;
    memset(d.identity, 7, sizeof d.identity);
    d.identity_source = SG_IDENTITY_FIRST_SIGHT;
    assert_done(sg_store_update_device(s, &d, &err), err);
    assert_done(sg_store_find_device(s, "x", &found, &err), err);
    assert_int_equal(found.tag, 4000000000);
    assert_memory_equal(found.identity, d.identity, sizeof d.identity);
    assert_int_equal(found.identity_source, SG_IDENTITY_FIRST_SIGHT);
    sg_store_close(s);
}

static void the_digest_of_the_key_is_kept(void **state)
{
    static const uint8_t unknown[32];
    struct sg_error err = {0};
    struct sg_store *s = new_store();
    struct authority ca = new_authority();
    struct sg_device d = add_device(s, "x");
    struct sg_cert_row found, plain = add_cert(s, &ca, &d), row = {.kind = SG_CERT_DEVICE, .device = d.number};
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    X509 *cert = issue(&ca, key, "x");
    (void)state;
    memset(row.key_digest, 9, sizeof row.key_digest);
    assert_done(sg_store_add_cert(s, cert, &row, &err), err);
    assert_done(sg_store_find_cert(s, &row.facts.fingerprint, &found, &err), err);
    assert_memory_equal(found.key_digest, row.key_digest, sizeof found.key_digest);
    assert_done(sg_store_find_cert(s, &plain.facts.fingerprint, &found, &err), err);
    assert_memory_equal(found.key_digest, unknown, sizeof unknown);
    X509_free(cert);
    EVP_PKEY_free(key);
    free_authority(&ca);
    sg_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_is_found_by_its_modem),
        cmocka_unit_test(tag_and_identity_key_are_kept),
        cmocka_unit_test(the_digest_of_the_key_is_kept),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
