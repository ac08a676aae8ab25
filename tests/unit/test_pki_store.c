/* SPDX-License-Identifier: Apache-2.0 */
/* Keys by URI. A TPM's is in tests/system/test_ca_keys.py, where one is simulated. */
#include "test_pki.h"

static EVP_PKEY *made;

static int make_key(void **state)
{
    made = sg_key_new(SG_P256, NULL);
    return enter_folder(state) || sg_key_write("key.pem", made, NULL, NULL);
}

static int drop_key(void **state)
{
    EVP_PKEY_free(made);
    return leave_folder(state);
}

static void what_is_a_uri(void **state)
{
    (void)state;
    static const char *const uris[] = {"file:key.pem", "handle:0x81000001", "pkcs11:token=ca;object=issuing",
                                       "a-b+c.d:x"};
    static const char *const paths[] = {"", "key.pem", "/ca/issuing.key", "./a:b", "c:key", ":x", "-a:b", "a/b:c"};
    for (size_t i = 0; i < sizeof uris / sizeof *uris; i++)
        assert_true(sg_key_is_uri(uris[i]));
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_false(sg_key_is_uri(paths[i]));
}

static void a_file_by_its_uri(void **state)
{
    (void)state;
    char path[200], uri[220];
    struct sg_error err = {0};
    assert_non_null(getcwd(path, sizeof path));
    (void)snprintf(uri, sizeof uri, "file://%s/key.pem", path);
    const char *const ways[] = {"key.pem", "file:key.pem", uri};
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *key = sg_key_read(ways[i], NULL, &err);
        if (!key)
            fail_msg("%s", err.text);
        assert_int_equal(EVP_PKEY_eq(key, made), 1);
        EVP_PKEY_free(key);
    }
    assert_null(sg_key_read("file:none.pem", NULL, &err));
    assert_int_equal(err.code, SG_ENOTFOUND);
    assert_int_equal(chmod("key.pem", 0644), 0);
    assert_null(sg_key_read("file:key.pem", NULL, &err));
    assert_int_equal(err.code, SG_EDENIED); /* a URI is no way around the rights */
    assert_int_equal(chmod("key.pem", 0600), 0);
}

static void encrypted_behind_a_uri(void **state)
{
    (void)state;
    struct sg_secret right = {"right", 5}, wrong = {"wrong", 5};
    struct sg_error err = {0};
    unlink("locked.pem");
    assert_int_equal(sg_key_write("locked.pem", made, &right, &err), 0);
    assert_true(sg_key_is_encrypted("file:locked.pem"));
    assert_false(sg_key_is_encrypted("file:key.pem"));
    assert_null(sg_key_read("file:locked.pem", NULL, &err));
    assert_int_equal(err.code, SG_EDENIED);
    assert_null(sg_key_read("file:locked.pem", &wrong, &err));
    assert_int_equal(err.code, SG_EMISMATCH);
    EVP_PKEY *key = sg_key_read("file:locked.pem", &right, &err);
    assert_non_null(key);
    EVP_PKEY_free(key);
}

static void no_such_store(void **state)
{
    (void)state;
    struct sg_error err = {0};
    assert_null(sg_key_read("nowhere:key", NULL, &err));
    assert_int_equal(err.code, SG_ENOTFOUND);
    assert_non_null(strstr(err.text, "no private key at nowhere:key, or its store cannot be reached"));
    assert_int_equal(ERR_peek_error(), 0);
}

static void limits_are_in_the_certificate(void **state)
{
    (void)state;
    struct sg_error err = {0};
    EVP_PKEY *root_key = sg_key_new(SG_P256, NULL), *key = sg_key_new(SG_P256, NULL);
    X509 *root = sg_cert_root(root_key, "root", (struct sg_validity){NOW, NOW + 20 * YEARS}, &err);
    struct sg_issuer by = {root, root_key};
    struct sg_ca_limits got, cases[] = {{0, 0}, {1, 0}, {0, NOW + DAY}, {5000000000, NOW + 30 * YEARS}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        X509 *ca = sg_cert_issuing_limited(by, key, "lot", (struct sg_validity){NOW, NOW + YEARS}, cases[i], &err);
        if (!ca)
            fail_msg("%s", err.text);
        assert_int_equal(sg_cert_limits(ca, &got), 0);
        assert_int_equal(got.devices, cases[i].devices);
        assert_int_equal(got.until, cases[i].until);
        unlink("root.pem");
        unlink("ca.pem");
        assert_int_equal(sg_cert_write("root.pem", root, &err), 0);
        assert_int_equal(sg_cert_write("ca.pem", ca, &err), 0);
        assert_runs("openssl verify -no_check_time -x509_strict -CAfile root.pem ca.pem");
        X509_free(ca);
    }
    X509_free(root);
    EVP_PKEY_free(key);
    EVP_PKEY_free(root_key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_a_uri),
        cmocka_unit_test(a_file_by_its_uri),
        cmocka_unit_test(encrypted_behind_a_uri),
        cmocka_unit_test(no_such_store),
        cmocka_unit_test(limits_are_in_the_certificate),
    };
    return cmocka_run_group_tests(tests, make_key, drop_key);
}
