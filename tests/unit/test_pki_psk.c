/* SPDX-License-Identifier: Apache-2.0 */
/* Pre-shared keys in the vault: what is sealed opens again, under its own identity and its own vault's key alone. */
#include "test_pki.h"

#include <sys/stat.h>

#define VAULT "psk.key"

static void the_vault_is_made_once(void **state)
{
    struct sg_error err = {0};
    struct sg_psk_vault a, b;
    struct stat st;
    (void)state;
    unlink(VAULT);
    assert_int_equal(sg_psk_vault_open(&a, VAULT, false, &err), SG_ENOTFOUND);
    assert_int_equal(sg_psk_vault_open(&a, VAULT, true, &err), 0);
    assert_int_equal(stat(VAULT, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(sg_psk_vault_open(&b, VAULT, true, &err), 0);
    assert_memory_equal(&a, &b, sizeof a);
}

static void a_vault_that_is_none_is_refused(void **state)
{
    struct sg_error err = {0};
    struct sg_psk_vault v;
    (void)state;
    unlink(VAULT);
    assert_int_equal(sg_psk_vault_open(&v, VAULT, true, &err), 0);
    assert_int_equal(chmod(VAULT, 0640), 0);
    assert_int_equal(sg_psk_vault_open(&v, VAULT, true, &err), SG_EDENIED);
    assert_non_null(strstr(err.text, "chmod 600"));
    for (size_t n = 31; n <= 33; n += 2) { /* cut, and with something after it */
        uint8_t wrong[33] = {0};
        assert_int_equal(sg_file_write(VAULT, 0600, false, sg_bytes(wrong, n), &err), 0);
        assert_int_equal(sg_psk_vault_open(&v, VAULT, true, &err), SG_EFORMAT);
        assert_non_null(strstr(err.text, "backup"));
    }
    unlink(VAULT);
}

static void what_is_sealed_opens_again(void **state)
{
    struct sg_error err = {0};
    struct sg_psk_vault v = {{1}}, other = {{2}};
    struct sg_psk_secret psk, got = {{0}};
    uint8_t sealed[SG_PSK_SEALED], again[SG_PSK_SEALED];
    (void)state;
    assert_int_equal(sg_psk_new(&psk, &err), 0);
    assert_int_equal(sg_psk_seal(&v, "urn:imei:1", &psk, sealed, &err), 0);
    assert_int_equal(sg_psk_seal(&v, "urn:imei:1", &psk, again, &err), 0);
    assert_memory_not_equal(sealed, again, sizeof sealed); /* a new nonce each time */
    assert_int_equal(sg_psk_unseal(&v, "urn:imei:1", sealed, &got, &err), 0);
    assert_memory_equal(&got, &psk, sizeof psk);
    assert_int_equal(sg_psk_unseal(&other, "urn:imei:1", sealed, &got, &err), SG_EMISMATCH);
    assert_int_equal(sg_psk_unseal(&v, "urn:imei:2", sealed, &got, &err), SG_EMISMATCH);
    assert_non_null(strstr(err.text, "psk.key"));
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        assert_int_equal(sg_psk_unseal(&v, "urn:imei:1", sealed, &got, &err), SG_EMISMATCH);
        sealed[i] ^= 1;
    }
}

static void read_file(const char *content, unsigned mode, int result, const char *says)
{
    struct sg_error err = {0};
    uint8_t space[64];
    struct sg_buf key = sg_buf(space, sizeof space);
    assert_int_equal(sg_file_write("key.hex", mode, false, sg_str(content), &err), 0);
    assert_int_equal(sg_psk_read("key.hex", &key, &err), result);
    if (says)
        assert_non_null(strstr(err.text, says));
    else
        assert_memory_equal(space, "\x00\xa5\xff", 3);
}

static void a_key_is_read_from_a_file(void **state)
{
    static char longest[130];
    (void)state;
    memset(longest, 'a', 128);
    read_file("00a5ff", 0600, 0, NULL);
    read_file("00A5FF\n", 0600, 0, NULL);
    read_file("00a5ff\r\n", 0600, 0, NULL);
    read_file("00a5ff", 0640, SG_EDENIED, "chmod 600");
    read_file("00a5f", 0600, SG_EFORMAT, "in hexadecimal");
    read_file("key", 0600, SG_EFORMAT, "in hexadecimal");
    read_file("", 0600, SG_EFORMAT, "1 to 64 bytes");
    longest[128] = 'a', longest[129] = '\0';
    read_file(longest, 0600, SG_EFORMAT, "1 to 64 bytes");
    struct sg_error err = {0};
    struct sg_buf none = sg_buf(NULL, 0);
    assert_int_equal(sg_psk_read("there is none", &none, &err), SG_ENOTFOUND);
}

static void keys_differ(void **state)
{
    struct sg_error err = {0};
    struct sg_psk_secret a, b;
    (void)state;
    assert_int_equal(sg_psk_new(&a, &err), 0);
    assert_int_equal(sg_psk_new(&b, &err), 0);
    assert_memory_not_equal(&a, &b, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vault_is_made_once),
        cmocka_unit_test(a_vault_that_is_none_is_refused),
        cmocka_unit_test(what_is_sealed_opens_again),
        cmocka_unit_test(a_key_is_read_from_a_file),
        cmocka_unit_test(keys_differ),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
