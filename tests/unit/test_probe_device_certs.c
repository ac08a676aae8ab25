/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates that a device must refuse: each is wrong in the one thing that it is named after, which OpenSSL's
 * verification says, and right in all else. */
#include "probe/device_internal.h"

#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define HOST "lwm2m.example.com"

static struct sg_probe_authority authority;

static int make_authority(void **state)
{
    (void)state;
    const int64_t now = time(NULL);
    const struct sg_validity v = {now - 3600, now + 365 * INT64_C(86400)};
    authority.ca.key = sg_key_new(SG_P256, NULL);
    authority.ca.cert = sg_cert_root(authority.ca.key, "Server root", v, NULL);
    authority.server_key = sg_key_new(SG_P256, NULL);
    authority.server = sg_cert_server(authority.ca, authority.server_key, HOST, v, NULL);
    return authority.server != NULL ? 0 : -1;
}

static int free_authority(void **state)
{
    (void)state;
    X509_free(authority.server);
    EVP_PKEY_free(authority.server_key);
    X509_free(authority.ca.cert);
    EVP_PKEY_free(authority.ca.key);
    return 0;
}

static struct sg_probe_credential make(enum sg_probe_flaw flaw)
{
    struct sg_probe_authority a = authority;
    struct sg_probe_credential c;
    struct sg_error err = {0};
    a.server_key = NULL;
    if (sg_probe_credential_make(&a, flaw, &c, &err) < 0)
        fail_msg("%s", err.text);
    return c;
}

enum { STRICT = 0, ANY_TIME = 1, ANY_PURPOSE = 2, ANY_STRENGTH = 4, ANY_NAME = 8 };

/* What OpenSSL says of a credential when all but `relaxed` is looked at. */
static int verify(const struct sg_probe_credential *c, int relaxed)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_add_cert(store, authority.ca.cert), 1);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, c->leaf, c->chain), 1);
    X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
    if ((relaxed & ANY_TIME) != 0)
        X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_NO_CHECK_TIME);
    if ((relaxed & ANY_PURPOSE) == 0)
        X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_SERVER);
    if ((relaxed & ANY_NAME) == 0)
        assert_int_equal(X509_VERIFY_PARAM_set1_host(p, HOST, 0), 1);
    X509_VERIFY_PARAM_set_auth_level(p, (relaxed & ANY_STRENGTH) != 0 ? 0 : 2);
    (void)X509_verify_cert(ctx);
    const int error = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return error;
}

/* Whether a signature by its key is one by its certificate. */
static bool key_is_its_own(const struct sg_probe_credential *c)
{
    uint8_t signature[256];
    size_t n = sizeof signature;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, c->key), 1);
    assert_int_equal(EVP_DigestSign(md, signature, &n, (const uint8_t *)"text", 4), 1);
    EVP_MD_CTX_free(md);
    md = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, X509_get0_pubkey(c->leaf)), 1);
    const bool ok = EVP_DigestVerify(md, signature, n, (const uint8_t *)"text", 4) == 1;
    EVP_MD_CTX_free(md);
    return ok;
}

static void the_sound_ones_are_sound(void **state)
{
    (void)state;
    const enum sg_probe_flaw sound[] = {SG_FLAW_NONE, SG_FLAW_NONE_BELOW_CA};
    for (size_t i = 0; i < 2; i++) {
        struct sg_probe_credential c = make(sound[i]);
        assert_int_equal(verify(&c, STRICT), X509_V_OK);
        assert_true(key_is_its_own(&c));
        sg_probe_credential_free(&c);
    }
}

static void each_other_is_wrong_in_its_one_thing(void **state)
{
    (void)state;
    static const struct {
        enum sg_probe_flaw flaw;
        int error, relaxed; /* what it is refused for, and what must not be looked at for it to be taken */
    } all[] = {
        {SG_FLAW_EXPIRED, X509_V_ERR_CERT_HAS_EXPIRED, ANY_TIME},
        {SG_FLAW_FUTURE, X509_V_ERR_CERT_NOT_YET_VALID, ANY_TIME},
        {SG_FLAW_WRONG_NAME, X509_V_ERR_HOSTNAME_MISMATCH, ANY_NAME},
        {SG_FLAW_OTHER_SERVER, X509_V_ERR_HOSTNAME_MISMATCH, ANY_NAME},
        {SG_FLAW_USAGE, X509_V_ERR_INVALID_PURPOSE, ANY_PURPOSE},
        {SG_FLAW_CA_LEAF, X509_V_ERR_INVALID_PURPOSE, ANY_PURPOSE},
        {SG_FLAW_SHA1, X509_V_ERR_CA_MD_TOO_WEAK, ANY_STRENGTH},
        {SG_FLAW_SMALL_CURVE, X509_V_ERR_CA_KEY_TOO_SMALL, ANY_STRENGTH},
        {SG_FLAW_SMALL_RSA, X509_V_ERR_CA_KEY_TOO_SMALL, ANY_STRENGTH},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct sg_probe_credential c = make(all[i].flaw);
        assert_int_equal(verify(&c, STRICT), all[i].error);
        assert_int_equal(verify(&c, all[i].relaxed), X509_V_OK);
        assert_true(key_is_its_own(&c));
        sg_probe_credential_free(&c);
    }
}

static void a_chain_that_leads_elsewhere_is_not_taken(void **state)
{
    (void)state;
    static const struct {
        enum sg_probe_flaw flaw;
        int error;
    } all[] = {
        {SG_FLAW_WRONG_CA, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN},
        {SG_FLAW_SAME_NAME, X509_V_ERR_CERT_SIGNATURE_FAILURE},
        {SG_FLAW_BROKEN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
        {SG_FLAW_NOT_A_CA, X509_V_ERR_INVALID_CA},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct sg_probe_credential c = make(all[i].flaw);
        assert_int_equal(verify(&c, STRICT), all[i].error);
        assert_true(key_is_its_own(&c));
        assert_int_equal(X509_check_host(c.leaf, HOST, 0, 0, NULL), 1);
        sg_probe_credential_free(&c);
    }
}

static void the_twin_says_all_that_the_server_says(void **state)
{
    (void)state;
    struct sg_probe_credential c = make(SG_FLAW_SAME_NAME);
    assert_int_equal(X509_NAME_cmp(X509_get_subject_name(c.leaf), X509_get_subject_name(authority.server)), 0);
    assert_int_equal(X509_NAME_cmp(X509_get_issuer_name(c.leaf), X509_get_issuer_name(authority.server)), 0);
    assert_int_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(c.leaf), X509_get0_serialNumber(authority.server)), 0);
    assert_int_equal(
        ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(c.leaf), X509_get0_authority_key_id(authority.server)), 0);
    assert_int_not_equal(EVP_PKEY_eq(X509_get0_pubkey(c.leaf), X509_get0_pubkey(authority.server)), 1);
    assert_int_not_equal(EVP_PKEY_eq(X509_get0_pubkey(sk_X509_value(c.chain, 0)), authority.ca.key), 1);
    sg_probe_credential_free(&c);
}

static void the_right_certificate_comes_with_a_key_that_is_not_its_own(void **state)
{
    (void)state;
    struct sg_probe_credential c = make(SG_FLAW_WRONG_KEY);
    assert_int_equal(X509_cmp(c.leaf, authority.server), 0);
    assert_int_equal(X509_check_private_key(c.leaf, c.key), 1); /* so libssl takes it */
    assert_false(key_is_its_own(&c));
    sg_probe_credential_free(&c);
}

static void the_servers_own_key_is_used_where_it_is_given(void **state)
{
    (void)state;
    struct sg_probe_credential c;
    assert_int_equal(sg_probe_credential_make(&authority, SG_FLAW_NONE, &c, NULL), 0);
    assert_int_equal(X509_cmp(c.leaf, authority.server), 0);
    assert_true(key_is_its_own(&c));
    sg_probe_credential_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sound_ones_are_sound),
        cmocka_unit_test(each_other_is_wrong_in_its_one_thing),
        cmocka_unit_test(a_chain_that_leads_elsewhere_is_not_taken),
        cmocka_unit_test(the_twin_says_all_that_the_server_says),
        cmocka_unit_test(the_right_certificate_comes_with_a_key_that_is_not_its_own),
        cmocka_unit_test(the_servers_own_key_is_used_where_it_is_given),
    };
    return cmocka_run_group_tests(tests, make_authority, free_authority);
}
