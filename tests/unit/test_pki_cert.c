/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: what we issue, openssl agrees with; what comes from outside is told apart and described. */
#include "test_pki.h"
#include <openssl/bio.h>
#include <openssl/x509v3.h>

#define ENDPOINT "urn:imei:351516170000001"
static const struct sg_validity ten_years = {NOW, NOW + 10 * YEARS};

static int write_house(void **state)
{
    static struct house h;
    if (enter_folder(state) != 0)
        return -1;
    h = build_house();
    *state = &h;
    return sg_cert_write("root.pem", h.root, NULL) || sg_cert_write("ca.pem", h.ca, NULL) ||
           sg_cert_write("server-root.pem", h.server_root, NULL);
}

static int leave_house(void **state)
{
    free_house(*state);
    return leave_folder(state);
}

static struct sg_issuer lot(const struct house *h)
{
    return (struct sg_issuer){h->ca, h->ca_key};
}

/* openssl itself, in its strict mode, for the purpose that the certificate was made for and at the tests' time. */
#define VERIFY "openssl verify -x509_strict -attime 1795420801 "

static void roots_and_issuing_cas(void **state)
{
    (void)state;
    assert_runs(VERIFY "-CAfile root.pem root.pem");
    assert_runs(VERIFY "-CAfile server-root.pem server-root.pem");
    assert_runs(VERIFY "-CAfile root.pem ca.pem");
    assert_int_equal(mode_of("ca.pem"), 0644);
    assert_runs("openssl x509 -in root.pem -noout -text");
    assert_contains(run_output, "CA:TRUE\n");
    assert_contains(run_output, "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n");
    assert_contains(run_output, "Subject: CN = Device root");
    assert_contains(run_output, "Not After : Nov 18 08:00:00 2046 GMT");
    assert_contains(run_output, "ecdsa-with-SHA256");
    assert_runs("openssl x509 -in ca.pem -noout -text");
    assert_contains(run_output, "CA:TRUE, pathlen:0");
    assert_contains(run_output, "Issuer: CN = Device root");
    assert_runs("openssl x509 -in server-root.pem -noout -text");
    assert_contains(run_output, "ecdsa-with-SHA384");
}

static void device_certificate_is_lean(void **state)
{
    struct house *h = *state;
    struct sg_cert_facts facts;
    X509 *cert = sg_cert_device(lot(h), h->key, ENDPOINT, ten_years, NULL);
    assert_non_null(cert);
    assert_int_equal(sg_cert_write("device.pem", cert, NULL), 0);
    assert_runs(VERIFY "-purpose sslclient -CAfile root.pem -untrusted ca.pem device.pem");
    assert_int_not_equal(run(VERIFY "-purpose sslserver -CAfile root.pem -untrusted ca.pem device.pem"), 0);
    assert_runs("openssl x509 -in device.pem -noout -text");
    assert_contains(run_output, "Subject: CN = " ENDPOINT "\n");
    assert_contains(run_output, "X509v3 Key Usage: critical\n                Digital Signature\n");
    assert_contains(run_output, "TLS Web Client Authentication");
    assert_contains(run_output, "X509v3 Authority Key Identifier");
    assert_null(strstr(run_output, "Subject Key Identifier"));
    assert_null(strstr(run_output, "Alternative Name"));
    assert_int_equal(sg_cert_facts(cert, &facts), 0);
    print_message("device certificate of CN=%s: %zu bytes DER\n", facts.cn, facts.der_len);
    assert_in_range(facts.der_len, 300, 399);
    X509_free(cert);
}

static void server_certificate(void **state)
{
    struct house *h = *state;
    struct sg_issuer root = {h->server_root, h->server_root_key};
    char long_name[] = "a-host-whose-name-is-longer-than-a-common-name-may-be.in-a-domain.example.com";
    char *const hosts[] = {(char[]){"lwm2m.example.com"}, (char[]){"192.0.2.7"}, (char[]){"2001:db8::7"}, long_name};
    for (size_t i = 0; i < 4; i++) {
        struct sg_error err = {0};
        X509 *cert = sg_cert_server(root, h->key, hosts[i], ten_years, &err);
        if (!cert)
            fail_msg("%s", err.text);
        unlink("server.pem");
        assert_int_equal(sg_cert_write("server.pem", cert, NULL), 0);
        bool ip = i == 1 || i == 2;
        assert_runs(VERIFY "-purpose sslserver -%s %s -CAfile server-root.pem server.pem",
                    ip ? "verify_ip" : "verify_hostname", hosts[i]);
        assert_int_not_equal(run(VERIFY "-purpose sslclient -CAfile server-root.pem server.pem"), 0);
        X509_free(cert);
    }
    assert_runs("openssl x509 -in server.pem -noout -ext subjectAltName -subject");
    assert_contains(run_output, "X509v3 Subject Alternative Name: critical");
    assert_contains(run_output, "subject=\n");
}

static void bad_hosts_are_refused(void **state)
{
    struct house *h = *state;
    static const char *const bad[] = {
        "",   "a b",       "a,DNS:evil.example", "-a.example",    "a-.example", "a..b",         ".a",
        "a.", "ä.example", "a_b.example",        "10.0.0.1:5684", "[::1]",      "*.example.com"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sg_error err = {0};
        X509 *cert =
            sg_cert_server((struct sg_issuer){h->server_root, h->server_root_key}, h->key, bad[i], ten_years, &err);
        if (cert)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_int_equal(err.code, SG_EINVAL);
        assert_contains(err.text, "neither a host name");
    }
}

static void serial_numbers_are_random_and_positive(void **state)
{
    struct house *h = *state;
    char last[64] = "";
    size_t longest = 0;
    for (int i = 0; i < 40; i++) {
        struct sg_cert_facts facts;
        X509 *cert = sg_cert_device(lot(h), h->key, ENDPOINT, ten_years, NULL);
        assert_int_equal(sg_cert_facts(cert, &facts), 0);
        assert_string_not_equal(facts.serial, last);
        assert_int_not_equal(facts.serial[0], '-');
        longest = strlen(facts.serial) > longest ? strlen(facts.serial) : longest;
        strcpy(last, facts.serial);
        X509_free(cert);
    }
    assert_int_equal(longest, 32); /* 128 bits */
}

static void validity_is_cut_to_the_issuers(void **state)
{
    struct house *h = *state;
    struct sg_cert_facts facts, ca;
    X509 *cert = sg_cert_device(lot(h), h->key, ENDPOINT, (struct sg_validity){0, NOW + 90 * YEARS}, NULL);
    assert_int_equal(sg_cert_facts(cert, &facts), 0);
    assert_int_equal(sg_cert_facts(h->ca, &ca), 0);
    assert_int_equal(facts.from, ca.from);
    assert_int_equal(facts.until, ca.until);
    assert_int_equal(facts.until, NOW + 20 * YEARS);
    X509_free(cert);
    struct sg_error err = {0};
    assert_null(
        sg_cert_device(lot(h), h->key, ENDPOINT, (struct sg_validity){NOW + 21 * YEARS, NOW + 22 * YEARS}, &err));
    assert_int_equal(err.code, SG_ESTATE);
    assert_contains(err.text, "\"CN=first lot\" is valid from 2026-11-22 08:00:00 UTC to 2046-11-18 08:00:00 UTC");
    assert_null(sg_cert_device(lot(h), h->key, ENDPOINT, (struct sg_validity){NOW, NOW}, &err));
    assert_int_equal(err.code, SG_EINVAL);
}

static void times_after_2050(void **state)
{
    struct house *h = *state;
    struct sg_cert_facts facts;
    X509 *cert = sg_cert_root(h->key, "late", (struct sg_validity){NOW, INT64_C(253402300799)}, NULL);
    assert_int_equal(sg_cert_facts(cert, &facts), 0);
    assert_int_equal(facts.until, INT64_C(253402300799)); /* RFC 5280 section 4.1.2.5: no well-defined end */
    X509_free(cert);
}

static void names_have_limits(void **state)
{
    struct house *h = *state;
    struct sg_error err = {0};
    char name[66];
    memset(name, 'a', 65);
    name[64] = 0;
    X509 *cert = sg_cert_device(lot(h), h->key, name, ten_years, &err);
    assert_non_null(cert);
    X509_free(cert);
    name[64] = 'a';
    name[65] = 0;
    const char *const bad[] = {name, "", "a\nb", "a\x7f", "a\xff"};
    for (size_t i = 0; i < 5; i++) {
        assert_null(sg_cert_device(lot(h), h->key, bad[i], ten_years, &err));
        assert_int_equal(err.code, SG_EINVAL);
        assert_contains(err.text, "name");
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void only_a_ca_issues(void **state)
{
    struct house *h = *state;
    struct sg_error err = {0};
    X509 *cert = sg_cert_device(lot(h), h->key, ENDPOINT, ten_years, NULL);
    assert_null(sg_cert_device((struct sg_issuer){cert, h->key}, h->key, "x", ten_years, &err));
    assert_contains(err.text, "\"CN=" ENDPOINT "\" is not a CA's certificate");
    assert_null(sg_cert_device((struct sg_issuer){h->ca, h->key}, h->key, "x", ten_years, &err));
    assert_int_equal(err.code, SG_EMISMATCH);
    assert_contains(err.text, "not that of the CA \"CN=first lot\"");
    X509_free(cert);
}

static void facts_agree_with_openssl(void **state)
{
    struct house *h = *state;
    struct sg_cert_facts facts;
    char text[SG_FINGERPRINT_TEXT];
    X509 *cert = sg_cert_device(lot(h), h->key, ENDPOINT, ten_years, NULL);
    assert_int_equal(sg_cert_facts(cert, &facts), 0);
    assert_int_equal(sg_cert_write("facts.pem", cert, NULL), 0);
    assert_string_equal(facts.cn, ENDPOINT);
    assert_string_equal(facts.issuer_cn, "first lot");
    assert_string_equal(facts.names, "");
    assert_int_equal(facts.from, NOW);
    assert_int_equal(facts.until, NOW + 10 * YEARS);
    assert_false(facts.ca);
    assert_runs("openssl x509 -in facts.pem -noout -serial | sed 's/serial=//' | tr -d '\\n' | tr A-F a-f");
    assert_string_equal(run_output, facts.serial);
    assert_runs("openssl x509 -in facts.pem -outform DER | openssl dgst -sha256 -c");
    assert_contains(run_output, sg_fingerprint_text(&facts.fingerprint, text));
    assert_runs(
        "openssl x509 -in facts.pem -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -c");
    assert_contains(run_output, sg_fingerprint_text(&facts.key, text));
    assert_runs("openssl x509 -in facts.pem -outform DER | wc -c");
    assert_int_equal(atoi(run_output), facts.der_len);
    X509_free(cert);
    assert_int_equal(sg_cert_facts(h->ca, &facts), 0);
    assert_true(facts.ca);
}

static void facts_of_foreign_certificates(void **state)
{
    (void)state;
    struct sg_cert_facts facts;
    assert_runs("openssl req -x509 -newkey rsa:2048 -nodes -keyout rsa.pem -out san.pem -subj /O=Acme -days 9 -addext "
                "subjectAltName=DNS:a.example,email:x@y.example,IP:192.0.2.1,IP:2001:db8::1,URI:urn:x");
    X509 *cert = sg_cert_read("san.pem", NULL);
    assert_int_equal(sg_cert_facts(cert, &facts), 0);
    assert_string_equal(facts.cn, "");
    assert_string_equal(facts.names, "dns:a.example ip:192.0.2.1 ip:2001:db8::1 uri:urn:x");
    X509_free(cert);
    /* As many names as fit, none cut in half. */
    assert_runs("openssl req -x509 -key rsa.pem -out many.pem -subj /CN=b/CN=c -addext subjectAltName=DNS:x$(seq -s "
                ",DNS:x 1000 1050)");
    cert = sg_cert_read("many.pem", NULL);
    assert_int_equal(sg_cert_facts(cert, &facts), 0);
    assert_string_equal(facts.cn, "c");
    assert_int_equal(strlen(facts.names) % 10, 9); /* "dns:x1000 " … without the last blank */
    X509_free(cert);
}

/* A NUL in a name must not let "good" stand for "good\0.evil". */
static void name_with_control_characters_has_no_cn(void **state)
{
    struct house *h = *state;
    struct sg_cert_facts facts;
    X509 *cert = sg_cert_device(lot(h), h->key, "x", ten_years, NULL);
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", V_ASN1_UTF8STRING,
                                                (const unsigned char *)"good\0.evil", 10, -1, 0),
                     1);
    assert_true(X509_sign(cert, h->ca_key, EVP_sha256()) > 0);
    assert_int_equal(sg_cert_facts(cert, &facts), SG_EFORMAT);
    assert_string_equal(facts.cn, "");
    assert_string_equal(facts.issuer_cn, "first lot");
    X509_free(cert);
}

static void pem_is_as_modems_want_it(void **state)
{
    struct house *h = *state;
    char pem[2000], small[100];
    struct sg_buf b = sg_buf(pem, sizeof pem), too_small = sg_buf(small, sizeof small);
    assert_int_equal(sg_cert_put_pem(&b, h->ca), 0);
    assert_int_equal(strncmp(pem, "-----BEGIN CERTIFICATE-----\n", 28), 0);
    assert_int_equal(strcmp(sg_buf_cstr(&b) + b.len - 26, "-----END CERTIFICATE-----\n"), 0);
    assert_null(strchr(pem, '\r'));
    assert_int_equal(sg_cert_put_pem(&too_small, h->ca), SG_ENOSPC);
}

static void parse_takes_pem_and_der(void **state)
{
    struct house *h = *state;
    uint8_t space[4000];
    struct sg_buf der = sg_buf(space, sizeof space);
    struct sg_error err = {0};
    assert_int_equal(sg_cert_put_der(&der, h->ca), 0);
    X509 *cert = sg_cert_parse(sg_buf_bytes(&der), &err);
    assert_int_equal(X509_cmp(cert, h->ca), 0);
    X509_free(cert);
    cert = sg_cert_read("ca.pem", &err);
    assert_int_equal(X509_cmp(cert, h->ca), 0);
    X509_free(cert);
    sg_put_u8(&der, 0);
    assert_null(sg_cert_parse(sg_buf_bytes(&der), &err));
    assert_contains(err.text, "1 bytes follow its end");
}

static void what_is_no_certificate_is_refused(void **state)
{
    (void)state;
    struct sg_error err = {0};
    assert_null(sg_cert_parse(sg_str(""), &err));
    assert_int_equal(err.code, SG_EFORMAT);
    assert_null(sg_cert_parse(sg_str("hello"), &err));
    assert_contains(err.text, "not a certificate");
    assert_runs("cat root.pem ca.pem > two.pem; head -c 300 ca.pem > cut.pem");
    assert_null(sg_cert_read("two.pem", &err));
    assert_contains(err.text, "cannot read a certificate from two.pem: more than one certificate");
    assert_null(sg_cert_read("cut.pem", &err));
    assert_contains(err.text, "cut.pem: not a certificate");
    assert_null(sg_cert_read("missing.pem", &err));
    assert_int_equal(err.code, SG_ENOTFOUND);
    /* An encrypted block must not make OpenSSL ask on the terminal. */
    put_text("sealed.pem", "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,"
                           "00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END CERTIFICATE-----\n");
    assert_null(sg_cert_read("sealed.pem", &err));
    assert_int_equal(ERR_peek_error(), 0);
}

static void existing_file_is_kept(void **state)
{
    struct house *h = *state;
    struct sg_error err = {0};
    assert_int_equal(sg_cert_write("ca.pem", h->root, &err), SG_EEXISTS);
    X509 *cert = sg_cert_read("ca.pem", NULL);
    assert_int_equal(X509_cmp(cert, h->ca), 0);
    X509_free(cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_and_issuing_cas),
        cmocka_unit_test(device_certificate_is_lean),
        cmocka_unit_test(server_certificate),
        cmocka_unit_test(bad_hosts_are_refused),
        cmocka_unit_test(serial_numbers_are_random_and_positive),
        cmocka_unit_test(validity_is_cut_to_the_issuers),
        cmocka_unit_test(times_after_2050),
        cmocka_unit_test(names_have_limits),
        cmocka_unit_test(only_a_ca_issues),
        cmocka_unit_test(facts_agree_with_openssl),
        cmocka_unit_test(facts_of_foreign_certificates),
        cmocka_unit_test(name_with_control_characters_has_no_cn),
        cmocka_unit_test(pem_is_as_modems_want_it),
        cmocka_unit_test(parse_takes_pem_and_der),
        cmocka_unit_test(what_is_no_certificate_is_refused),
        cmocka_unit_test(existing_file_is_kept),
    };
    return cmocka_run_group_tests(tests, write_house, leave_house);
}
