/* SPDX-License-Identifier: Apache-2.0 */
/* The modem room's commands for a desk against the simulated modem: a lock and signed commands, a proof of possession,
 * what the modem reads of a certificate. */
#include "sim_rig.h"

#include <strings.h>

enum { TAG = 7 };

static EVP_PKEY *lock_key;

static int sign(void *user, const struct sg_bytes text[3], struct sg_buf *signature)
{
    (void)user;
    return sg_key_sign(lock_key, text, 3, signature, NULL);
}

static struct sg_bytes public_pem(EVP_PKEY *key)
{
    static uint8_t space[512];
    struct sg_buf b = sg_buf(space, sizeof space);
    assert_int_equal(sg_key_put_public(&b, key), 0);
    return sg_buf_bytes(&b);
}

static void a_locked_modem_takes_signed_changes_alone(void **state)
{
    struct rig r;
    static struct sg_keygen k;
    struct sg_cred cred;
    (void)state;
    rig_start(&r, NULL);
    struct sg_modem *m = rig_modem(&r);
    lock_key = sg_key_new(SG_P256, NULL);
    assert_int_equal(sg_modem_lock_state(m, NULL), 0);
    assert_int_equal(sg_modem_lock(m, public_pem(lock_key)), 0);
    assert_int_equal(sg_modem_lock(m, public_pem(lock_key)), SG_EEXISTS);
    assert_int_equal(sg_modem_lock_state(m, NULL), 1);

    assert_int_equal(sg_modem_write(m, TAG, SG_CRED_PSK_ID, sg_str("x")), SG_EDENIED); /* nobody signs */
    assert_int_equal(sg_modem_keygen(m, TAG, NULL, NULL, &k), SG_EDENIED);
    m->sign = sign;
    assert_int_equal(sg_modem_write(m, TAG, SG_CRED_PSK_ID, sg_str("x")), 0);
    assert_int_equal(sg_modem_keygen(m, TAG, NULL, NULL, &k), 0);
    assert_int_equal(sg_modem_find(m, TAG, SG_CRED_KEY, &cred), 1);
    assert_int_equal(sg_modem_delete(m, TAG, SG_CRED_KEY), 0);
    assert_int_equal(sg_modem_delete(m, TAG, SG_CRED_KEY), SG_ENOTFOUND);

    EVP_PKEY *right = lock_key;
    lock_key = sg_key_new(SG_P256, NULL);
    assert_int_equal(sg_modem_unlock(m), SG_EDENIED); /* another key's signature */
    assert_int_equal(m->cme, SG_CME_AUTHENTICATION);
    EVP_PKEY_free(lock_key);
    lock_key = right;
    assert_int_equal(sg_modem_unlock(m), 0);
    assert_int_equal(sg_modem_lock_state(m, NULL), 0);
    assert_int_equal(sg_modem_delete(m, TAG, SG_CRED_PSK_ID), 0);
    EVP_PKEY_free(lock_key);
    rig_end(&r);
}

static void the_longest_signed_content_goes_through(void **state)
{
    static char content[SG_AT_COMMAND_MAX];
    struct rig r;
    struct sg_cred cred;
    uint8_t digest[32];
    (void)state;
    rig_start(&r, NULL);
    struct sg_modem *m = rig_modem(&r);
    lock_key = sg_key_new(SG_P256, NULL);
    m->lock_tag = 9;
    m->sign = sign;
    assert_int_equal(sg_modem_lock(m, public_pem(lock_key)), 0);
    memset(content, 'x', sizeof content);
    size_t most = sg_modem_write_max(m, TAG, SG_CRED_PSK_ID);
    assert_int_equal(sg_modem_write(m, TAG, SG_CRED_PSK_ID, sg_bytes(content, most)), 0);
    sg_sha256(sg_bytes(content, most), digest);
    assert_int_equal(sg_modem_find(m, TAG, SG_CRED_PSK_ID, &cred), 1);
    assert_memory_equal(cred.sha256, digest, sizeof digest);
    EVP_PKEY_free(lock_key);
    rig_end(&r);
}

static void a_key_proves_itself(void **state)
{
    static struct sg_keygen k;
    static struct sg_jwt t;
    struct rig r;
    (void)state;
    rig_start(&r, NULL);
    struct sg_modem *m = rig_modem(&r);
    assert_int_equal(sg_modem_prove_key(m, TAG, "a subject of this test", "0123456789abcdef", &t), SG_EINVAL);
    assert_int_equal(sg_modem_prove_key(m, TAG, "0123456789ABCDEF", "0123456789abcdef", &t), SG_ENOTFOUND);
    assert_int_equal(sg_modem_keygen(m, TAG, NULL, NULL, &k), 0);
    assert_int_equal(sg_modem_prove_key(m, TAG, "0123456789ABCDEF", "0123456789abcdef", &t), 0);
    struct sg_request *request = sg_request_parse(k.body, NULL);
    assert_non_null(request);
    EVP_PKEY *key = sg_request_key(request), *other = sg_key_new(SG_P256, NULL), *large = sg_key_new(SG_P384, NULL);
    assert_int_equal(sg_es256_verify(key, t.text, t.signature), 0);
    assert_int_equal(sg_es256_verify(other, t.text, t.signature), SG_EMISMATCH);
    assert_int_equal(sg_es256_verify(large, t.text, t.signature), SG_ECRYPTO);
    t.buffer[0] ^= 1;
    assert_int_equal(sg_es256_verify(key, t.text, t.signature), SG_EMISMATCH);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    EVP_PKEY_free(large);
    sg_request_free(request);
    rig_end(&r);
}

static void the_modem_reads_a_certificate(void **state)
{
    const struct sg_sim_config old = {.model = "nRF9160"};
    struct sg_cert_expiry e;
    struct sg_cert_facts facts;
    struct rig r;
    (void)state;
    rig_start(&r, &old);
    struct sg_modem *m = rig_modem(&r);
    struct rig_ca ca = rig_ca("a CA");
    const char *pem = rig_pem(ca.cert);
    assert_int_equal(sg_modem_write(m, TAG, SG_CRED_CA, sg_str(pem)), 0);
    int result = sg_modem_cert_expiry(m, TAG, SG_CRED_CA, &e);
    assert_int_equal(result, 0);
    assert_int_equal(sg_cert_facts(ca.cert, &facts), 0);
    size_t skip = strlen(e.serial) > strlen(facts.serial) ? 2 : 0; /* DER's zero before a high bit */
    assert_int_equal(strcasecmp(e.serial + skip, facts.serial), 0);
    assert_int_equal(strlen(e.until), 15);
    assert_int_equal(sg_modem_cert_expiry(m, TAG, SG_CRED_CERT, &e), SG_ENOTFOUND);
    rig_ca_free(&ca);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_locked_modem_takes_signed_changes_alone),
        cmocka_unit_test(the_longest_signed_content_goes_through),
        cmocka_unit_test(a_key_proves_itself),
        cmocka_unit_test(the_modem_reads_a_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
