/* SPDX-License-Identifier: Apache-2.0 */
/* Revocation lists: openssl reads what we write, and refuses the certificates that are in it. */
#include "test_pki.h"

static const struct sg_validity one_year = {NOW - DAY, NOW + 365 * DAY}, one_week = {NOW - DAY, NOW + 7 * DAY};

static void openssl_agrees(void **state)
{
    (void)state;
    struct house h = build_house();
    struct sg_issuer ca = {h.ca, h.ca_key};
    struct sg_revoked revoked[2] = {{.when = NOW, .reason = SG_KEY_COMPROMISE}, {.when = NOW - 60}};
    static const char *const names[] = {"leaked", "lost", "good"};
    for (int i = 0; i < 3; i++) {
        struct sg_cert_facts facts;
        char path[20];
        X509 *cert = sg_cert_device(ca, h.key, names[i], one_year, NULL);
        assert_int_equal(sg_cert_facts(cert, &facts), 0);
        if (i < 2)
            memcpy(revoked[i].serial, facts.serial, sizeof facts.serial);
        snprintf(path, sizeof path, "%s.pem", names[i]);
        assert_int_equal(sg_cert_write(path, cert, NULL), 0);
        X509_free(cert);
    }
    assert_int_equal(sg_cert_write("root.pem", h.root, NULL), 0);
    assert_int_equal(sg_cert_write("ca.pem", h.ca, NULL), 0);
    struct sg_error err = {0};
    X509_CRL *crl = sg_crl_new(ca, revoked, 2, 7, one_week, &err);
    if (!crl)
        fail_msg("%s", err.text);
    assert_int_equal(sg_crl_write("crl.pem", crl, NULL), 0);
    assert_int_equal(sg_crl_write("crl.pem", crl, NULL), 0); /* replaces */
    assert_int_equal(mode_of("crl.pem"), 0644);
    X509_CRL_free(crl);

    assert_runs("cat root.pem ca.pem > cas.pem; openssl crl -in crl.pem -CAfile cas.pem -noout -text");
    assert_contains(run_output, "verify OK");
    assert_contains(run_output, "Version 2 (0x1)");
    assert_contains(run_output, "X509v3 CRL Number: \n                7\n");
    assert_contains(run_output, "X509v3 Authority Key Identifier");
    assert_contains(run_output, "Revocation Date: Nov 23 08:00:00 2026 GMT\n        CRL entry extensions:\n"
                                "            X509v3 CRL Reason Code: \n                Key Compromise\n");
    assert_runs("openssl crl -in crl.pem -noout -text | grep -c 'Reason Code'");
    assert_string_equal(run_output, "1\n"); /* none for "unspecified" */
    const char *verify = "openssl verify -attime 1795420801 -crl_check -CRLfile crl.pem -CAfile cas.pem";
    assert_runs("%s good.pem", verify);
    assert_int_not_equal(run("%s leaked.pem", verify), 0);
    assert_contains(run_output, "certificate revoked");
    assert_int_not_equal(run("%s lost.pem", verify), 0);
    free_house(&h);
}

static void empty_list(void **state)
{
    (void)state;
    struct house h = build_house();
    X509_CRL *crl = sg_crl_new((struct sg_issuer){h.server_root, h.server_root_key}, NULL, 0, 1, one_week, NULL);
    assert_int_equal(sg_crl_write("empty.pem", crl, NULL), 0);
    X509_CRL_free(crl);
    assert_runs("openssl crl -in empty.pem -noout -text");
    assert_contains(run_output, "No Revoked Certificates");
    assert_contains(run_output, "ecdsa-with-SHA384");
    free_house(&h);
}

static void faults_are_refused(void **state)
{
    (void)state;
    struct house h = build_house();
    struct sg_error err = {0};
    static const char *const bad[] = {"", "12zz", "-12", "0x12", " 12"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sg_revoked r = {.when = NOW};
        strcpy(r.serial, bad[i]);
        assert_null(sg_crl_new((struct sg_issuer){h.ca, h.ca_key}, &r, 1, 1, one_week, &err));
        assert_int_equal(err.code, SG_EINVAL);
        assert_contains(err.text, "not hexadecimal");
    }
    assert_null(sg_crl_new((struct sg_issuer){h.ca, h.key}, NULL, 0, 1, one_week, &err));
    assert_int_equal(err.code, SG_EMISMATCH);
    free_house(&h);
}

static void reasons_have_names(void **state)
{
    (void)state;
    static const enum sg_reason all[] = {SG_UNSPECIFIED,         SG_KEY_COMPROMISE, SG_CA_COMPROMISE,
                                         SG_AFFILIATION_CHANGED, SG_SUPERSEDED,     SG_CESSATION,
                                         SG_PRIVILEGE_WITHDRAWN};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        enum sg_reason r = SG_CESSATION;
        assert_int_equal(sg_reason_parse(sg_reason_name(all[i]), &r), 0);
        assert_int_equal(r, all[i]);
    }
    enum sg_reason r = SG_CESSATION;
    assert_string_equal(sg_reason_name(SG_KEY_COMPROMISE), "key-compromise");
    assert_int_equal(sg_reason_parse("Key-Compromise", &r), SG_ENOTFOUND);
    assert_int_equal(r, SG_CESSATION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_agrees),
        cmocka_unit_test(empty_list),
        cmocka_unit_test(faults_are_refused),
        cmocka_unit_test(reasons_have_names),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
