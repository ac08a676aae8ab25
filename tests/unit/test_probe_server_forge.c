/* SPDX-License-Identifier: Apache-2.0 */
/* Forged certificates differ from the genuine one in exactly what they are forged for, and in key and serial number. */
#include "probe/server_internal.h"

#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW = 1800000000, DAY = 86400 };

struct pki {
    EVP_PKEY *root_key, *key;
    X509 *root, *genuine;
    struct sg_trust *trust;
};

static int setup(void **state)
{
    const struct sg_validity v = {NOW - 100 * DAY, NOW + 100 * DAY};
    struct pki *p = calloc(1, sizeof *p);
    struct sg_error err;
    p->root_key = sg_key_new(SG_P256, &err);
    p->key = sg_key_new(SG_P256, &err);
    p->root = sg_cert_root(p->root_key, "devices", v, &err);
    p->genuine = sg_cert_device((struct sg_issuer){p->root, p->root_key}, p->key, "urn:dev:1", v, &err);
    p->trust = sg_trust_new(&err);
    assert_non_null(p->genuine);
    assert_int_equal(sg_trust_add(p->trust, p->root, &err), 0);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct pki *p = *state;
    sg_trust_free(p->trust);
    X509_free(p->genuine);
    X509_free(p->root);
    EVP_PKEY_free(p->key);
    EVP_PKEY_free(p->root_key);
    free(p);
    return 0;
}

static enum sg_trust_result verify(const struct pki *p, X509 *leaf)
{
    struct sg_error err;
    return sg_trust_verify(p->trust, leaf, NULL, SG_FOR_CLIENT, NULL, NOW, &err);
}

/* Forges, and looks at what holds of all: the same names, the forger's own key, another serial number. */
static struct sg_probe_identity forge(struct pki *p, const struct sg_probe_forgery *f, EVP_PKEY *signer)
{
    struct sg_probe_identity forged;
    struct sg_error err = {0};
    assert_int_equal(sg_probe_forge(p->genuine, f, signer, &forged, &err), 0);
    assert_int_equal(X509_NAME_cmp(X509_get_subject_name(forged.cert), X509_get_subject_name(p->genuine)), 0);
    assert_int_equal(X509_check_private_key(forged.cert, forged.key), 1);
    assert_int_not_equal(EVP_PKEY_eq(forged.key, p->key), 1);
    assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(forged.cert), X509_get0_serialNumber(p->genuine)), 0);
    return forged;
}

static void the_genuine_one_is_trusted(void **state)
{
    struct pki *p = *state;
    assert_int_equal(verify(p, p->genuine), SG_TRUSTED);
}

static void another_key_with_the_same_names(void **state)
{
    struct pki *p = *state;
    struct sg_probe_identity i = forge(p, &(struct sg_probe_forgery){.from = 0}, NULL);
    assert_int_equal(X509_NAME_cmp(X509_get_issuer_name(i.cert), X509_get_subject_name(p->root)), 0);
    assert_true(X509_get_ext_by_NID(i.cert, NID_authority_key_identifier, -1) >= 0);
    assert_int_not_equal(X509_verify(i.cert, p->root_key), 1);
    assert_int_not_equal(verify(p, i.cert), SG_TRUSTED);
    sg_probe_identity_free(&i);
}

static void signed_by_itself(void **state)
{
    struct pki *p = *state;
    struct sg_probe_identity i = forge(p, &(struct sg_probe_forgery){.self_signed = true}, NULL);
    assert_int_equal(X509_self_signed(i.cert, 1), 1);
    assert_int_equal(verify(p, i.cert), SG_UNTRUSTED_ISSUER);
    sg_probe_identity_free(&i);
}

static void out_of_its_time(void **state)
{
    struct pki *p = *state;
    struct sg_probe_identity old =
        forge(p, &(struct sg_probe_forgery){.from = NOW - 3 * DAY, .until = NOW - DAY}, p->root_key);
    struct sg_probe_identity young =
        forge(p, &(struct sg_probe_forgery){.from = NOW + DAY, .until = NOW + 3 * DAY}, p->root_key);
    assert_int_equal(verify(p, old.cert), SG_UNTRUSTED_EXPIRED);
    assert_int_equal(verify(p, young.cert), SG_UNTRUSTED_NOT_YET);
    sg_probe_identity_free(&old);
    sg_probe_identity_free(&young);
}

static void for_servers(void **state)
{
    struct pki *p = *state;
    struct sg_probe_identity i = forge(p, &(struct sg_probe_forgery){.usage = "serverAuth"}, p->root_key);
    assert_int_equal(X509_get_extended_key_usage(i.cert), XKU_SSL_SERVER);
    assert_int_equal(verify(p, i.cert), SG_UNTRUSTED_PURPOSE);
    sg_probe_identity_free(&i);
}

/* Nothing is wrong with it but that nobody wrote it down. */
static void unknown(void **state)
{
    struct pki *p = *state;
    struct sg_probe_identity i = forge(p, &(struct sg_probe_forgery){.from = 0}, p->root_key);
    assert_int_equal(verify(p, i.cert), SG_TRUSTED);
    sg_probe_identity_free(&i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_genuine_one_is_trusted, setup, teardown),
        cmocka_unit_test_setup_teardown(another_key_with_the_same_names, setup, teardown),
        cmocka_unit_test_setup_teardown(signed_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_its_time, setup, teardown),
        cmocka_unit_test_setup_teardown(for_servers, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
