/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys: what is written, openssl reads; what openssl writes, is read; what others may read, is refused. */
#include "test_pki.h"

static struct sg_secret secret(const char *text)
{
    struct sg_secret s = {.n = strlen(text)};
    memcpy(s.text, text, s.n);
    return s;
}

static void assert_key_error(const char *path, const struct sg_secret *pass, int code, const char *part)
{
    struct sg_error err = {0};
    assert_null(sg_key_read(path, pass, &err));
    if (err.code != code)
        fail_msg("%s: code %d, %s", path, err.code, err.text);
    assert_contains(err.text, part);
    assert_contains(err.text, path);
    assert_int_equal(ERR_peek_error(), 0);
}

static void assert_reads(const char *path, const struct sg_secret *pass, EVP_PKEY *same)
{
    struct sg_error err = {0};
    EVP_PKEY *key = sg_key_read(path, pass, &err);
    if (!key)
        fail_msg("%s", err.text);
    assert_int_equal(EVP_PKEY_eq(key, same), 1);
    EVP_PKEY_free(key);
}

static void plain_key_round_trip(void **state)
{
    (void)state;
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    assert_int_equal(sg_key_write("plain.pem", key, NULL, NULL), 0);
    assert_int_equal(mode_of("plain.pem"), 0600);
    assert_false(sg_key_is_encrypted("plain.pem"));
    assert_reads("plain.pem", NULL, key);
    assert_runs("openssl pkey -in plain.pem -noout -text");
    assert_contains(run_output, "prime256v1");
    assert_runs("head -1 plain.pem");
    assert_string_equal(run_output, "-----BEGIN PRIVATE KEY-----\n");
    /* A new file only. */
    struct sg_error err = {0};
    assert_int_equal(sg_key_write("plain.pem", key, NULL, &err), SG_EEXISTS);
    EVP_PKEY_free(key);
}

static void encrypted_key_round_trip(void **state)
{
    (void)state;
    struct sg_secret right = secret("correct horse"), wrong = secret("battery"), none = {0};
    EVP_PKEY *key = sg_key_new(SG_P384, NULL);
    assert_int_equal(sg_key_write("sealed.pem", key, &right, NULL), 0);
    assert_int_equal(mode_of("sealed.pem"), 0600);
    assert_true(sg_key_is_encrypted("sealed.pem"));
    assert_reads("sealed.pem", &right, key);
    assert_key_error("sealed.pem", &wrong, SG_EMISMATCH, "wrong passphrase");
    assert_key_error("sealed.pem", NULL, SG_EDENIED, "no passphrase was given");
    assert_key_error("sealed.pem", &none, SG_EDENIED, "no passphrase was given");
    assert_runs("openssl pkey -in sealed.pem -passin 'pass:correct horse' -noout -text");
    assert_contains(run_output, "secp384r1");
    assert_int_not_equal(run("openssl pkey -in sealed.pem -passin pass:battery -noout"), 0);
    assert_runs("openssl asn1parse -in sealed.pem");
    assert_contains(run_output, ":aes-256-cbc");
    assert_contains(run_output, ":hmacWithSHA256");
    assert_contains(run_output, ":0927C0"); /* 600000 rounds */
    EVP_PKEY_free(key);
}

static void foreign_forms_are_read(void **state)
{
    (void)state;
    struct sg_secret right = secret("pw");
    assert_runs("umask 077; openssl ecparam -name prime256v1 -genkey -out sec1-params.pem &&"
                "openssl ec -in sec1-params.pem -out sec1.pem && openssl ec -in sec1.pem -outform DER -out sec1.der &&"
                "openssl pkcs8 -topk8 -nocrypt -in sec1.pem -out p8.pem &&"
                "openssl pkcs8 -topk8 -nocrypt -in sec1.pem -outform DER -out p8.der &&"
                "openssl pkcs8 -topk8 -passout pass:pw -in sec1.pem -out p8enc.pem &&"
                "openssl pkcs8 -topk8 -passout pass:pw -in sec1.pem -outform DER -out p8enc.der &&"
                "openssl ec -aes128 -passout pass:pw -in sec1.pem -out sec1enc.pem");
    EVP_PKEY *key = sg_key_read("p8.pem", NULL, NULL);
    assert_non_null(key);
    static const char *const plain[] = {"sec1-params.pem", "sec1.pem", "sec1.der", "p8.der"};
    static const char *const sealed[] = {"p8enc.pem", "p8enc.der", "sec1enc.pem"};
    for (size_t i = 0; i < 4; i++) {
        assert_reads(plain[i], NULL, key);
        assert_false(sg_key_is_encrypted(plain[i]));
    }
    for (size_t i = 0; i < 3; i++) {
        assert_reads(sealed[i], &right, key);
        assert_true(sg_key_is_encrypted(sealed[i]));
        assert_key_error(sealed[i], NULL, SG_EDENIED, "encrypted");
    }
    EVP_PKEY_free(key);
}

static void key_that_others_may_read_is_refused(void **state)
{
    (void)state;
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    assert_int_equal(sg_key_write("open.pem", key, NULL, NULL), 0);
    static const unsigned wide[] = {0640, 0604, 0644, 0620, 0660};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        assert_int_equal(chmod("open.pem", wide[i]), 0);
        assert_key_error("open.pem", NULL, SG_EDENIED, "chmod 600 open.pem");
    }
    assert_int_equal(chmod("open.pem", 0400), 0);
    assert_reads("open.pem", NULL, key);
    EVP_PKEY_free(key);
}

static void what_is_no_key_is_refused(void **state)
{
    (void)state;
    struct sg_secret pass = secret("pw");
    umask(077);
    assert_key_error("missing.pem", NULL, SG_ENOTFOUND, "No such file");
    put_text("empty.pem", "");
    assert_key_error("empty.pem", NULL, SG_EFORMAT, "no private key");
    put_text("noise.pem", "hello, world\n");
    assert_key_error("noise.pem", &pass, SG_EFORMAT, "no private key");
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    assert_int_equal(sg_key_write("k.pem", key, NULL, NULL), 0);
    assert_runs("openssl pkey -in k.pem -pubout -out public.pem && head -3 k.pem > cut.pem");
    assert_key_error("public.pem", NULL, SG_EFORMAT, "no private key");
    assert_key_error("cut.pem", NULL, SG_EFORMAT, "no private key");
    assert_false(sg_key_is_encrypted("public.pem"));
    assert_false(sg_key_is_encrypted("missing.pem"));
    EVP_PKEY_free(key);
}

static void secret_is_wiped(void **state)
{
    (void)state;
    struct sg_secret s = secret("correct horse");
    static const struct sg_secret zero;
    sg_secret_wipe(&s);
    assert_memory_equal(&s, &zero, sizeof s);
}

static void fingerprint_is_openssls(void **state)
{
    (void)state;
    struct sg_fingerprint f, g;
    char text[SG_FINGERPRINT_TEXT];
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    assert_int_equal(sg_key_write("fp.pem", key, NULL, NULL), 0);
    assert_int_equal(sg_key_fingerprint(key, &f), 0);
    assert_int_equal(strlen(sg_fingerprint_text(&f, text)), 95);
    assert_runs("openssl pkey -in fp.pem -pubout -outform DER | openssl dgst -sha256 -c");
    assert_contains(run_output, text);
    /* The same key with its point compressed is the same key. */
    assert_runs("umask 077; openssl ec -in fp.pem -conv_form compressed -out compressed.pem");
    EVP_PKEY *same = sg_key_read("compressed.pem", NULL, NULL);
    assert_int_equal(sg_key_fingerprint(same, &g), 0);
    assert_memory_equal(&f, &g, sizeof f);
    EVP_PKEY_free(same);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_key_round_trip),      cmocka_unit_test(encrypted_key_round_trip),
        cmocka_unit_test(foreign_forms_are_read),    cmocka_unit_test(key_that_others_may_read_is_refused),
        cmocka_unit_test(what_is_no_key_is_refused), cmocka_unit_test(secret_is_wiped),
        cmocka_unit_test(fingerprint_is_openssls),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
