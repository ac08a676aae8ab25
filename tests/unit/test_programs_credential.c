/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent to a modem of a file, and what is refused with which sentence. */
#include "pki/pki.h"
#include "programs/credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { MAX = SG_AT_COMMAND_MAX - 20 };

static struct sg_credential c;
static struct sg_error err;

static int prepare(unsigned type, const char *text)
{
    err = (struct sg_error){0};
    return sg_credential_prepare(type, sg_str(text), MAX, &c, &err);
}

static void sent(const char *text)
{
    if (c.n != strlen(text) || memcmp(c.bytes, text, c.n) != 0)
        fail_msg("sent would be: %.*s", (int)c.n, (const char *)c.bytes);
}

/* A certificate in PEM, one a program. */
static const char *certificate(void)
{
    static char pem[2048];
    if (pem[0] == '\0') {
        struct sg_buf b = sg_buf(pem, sizeof pem);
        int64_t now = time(NULL);
        EVP_PKEY *key = sg_key_new(SG_P256, NULL);
        X509 *cert = sg_cert_root(key, "a root", (struct sg_validity){now, now + 86400}, NULL);
        assert_non_null(cert);
        assert_int_equal(sg_cert_put_pem(&b, cert), 0);
        (void)sg_buf_cstr(&b);
        X509_free(cert);
        EVP_PKEY_free(key);
    }
    return pem;
}

/* `text` with each "\n" replaced. */
static const char *with_ends(const char *text, const char *end)
{
    static char out[8192];
    size_t at = 0;
    for (; *text != '\0'; text++)
        at += (size_t)snprintf(out + at, sizeof out - at, "%.*s", *text == '\n' ? 8 : 1, *text == '\n' ? end : text);
    return out;
}

static const char *joined(const char *a, const char *b, const char *d)
{
    static char out[16384];
    (void)snprintf(out, sizeof out, "%s%s%s", a, b, d);
    return out;
}

static void good_pem_goes_as_it_is(void **state)
{
    (void)state;
    assert_int_equal(prepare(SG_CRED_CA, certificate()), 0);
    sent(certificate());
    assert_int_equal(c.certificates, 1);
    assert_false(c.line_ends || c.blanks || c.lines_outside > 0);
    assert_int_equal(prepare(SG_CRED_CERT, joined(certificate(), certificate(), "")), 0);
    assert_int_equal(c.certificates, 2);
}

/* Modem notes 9.3: one form, so that digests can be compared. */
static void other_forms_become_that_one(void **state)
{
    (void)state;
    assert_int_equal(prepare(SG_CRED_CA, with_ends(certificate(), " \t\n")), 0);
    sent(certificate());
    assert_true(c.blanks && !c.line_ends);
    assert_int_equal(prepare(SG_CRED_CA, joined("\r\nsubject: x\r\n", certificate(), "\n\n\n")), 0);
    sent(certificate());
    assert_true(c.blanks && c.line_ends);
    assert_int_equal(c.lines_outside, 1);
    char bare[2048];
    (void)snprintf(bare, sizeof bare, "%s", certificate());
    bare[strlen(bare) - 1] = '\0'; /* without the last line end */
    assert_int_equal(prepare(SG_CRED_CA, bare), 0);
    sent(certificate());
}

static void refused(unsigned type, const char *text, int code, const char *sentence)
{
    assert_int_equal(prepare(type, text), code);
    if (strstr(err.text, sentence) == NULL)
        fail_msg("\"%s\" does not tell \"%s\"", err.text, sentence);
}

static void what_is_not_what_it_should_be(void **state)
{
    static char long_bundle[16384];
    (void)state;
    refused(SG_CRED_CA, "", SG_EFORMAT, "no PEM block");
    refused(SG_CRED_CA, "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n", SG_EFORMAT, "ends at line 3");
    refused(SG_CRED_CA, "-----BEGIN CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n", SG_EFORMAT,
            "line 2 begins a block");
    refused(SG_CRED_CA, "-----BEGIN CERTIFICATE-----\n-----END PUBLIC KEY-----\n", SG_EFORMAT, "ends another block");
    refused(SG_CRED_CA, "-----BEGIN CERTIFICATE-----\nx\n", SG_EFORMAT, "middle of a PEM block");
    refused(SG_CRED_CA, "-----BEGIN CERTIFICATE----- x -----END CERTIFICATE-----\n", SG_EFORMAT, "line ends are lost");
    refused(SG_CRED_CERT, "-----BEGIN EC PRIVATE KEY-----\n", SG_EFORMAT, "begins a private key");
    refused(SG_CRED_KEY, certificate(), SG_EFORMAT, "a PRIVATE KEY is expected");
    refused(SG_CRED_KEY, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", SG_EDENIED, "is encrypted");
    refused(SG_CRED_KEY, "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n", SG_EFORMAT, "is damaged");
    long_bundle[0] = '\0';
    while (strlen(long_bundle) <= MAX)
        strcat(long_bundle, certificate());
    refused(SG_CRED_CA, long_bundle, SG_ENOSPC, "4095");
    assert_int_equal(sg_credential_prepare(SG_CRED_CA, sg_bytes("0\0", 2), MAX, &c, &err), SG_EFORMAT);
    assert_non_null(strstr(err.text, "DER"));
}

static void secrets_and_names(void **state)
{
    (void)state;
    assert_int_equal(prepare(SG_CRED_PSK, "00aAfF\r\n"), 0);
    sent("00aAfF");
    assert_true(c.blanks);
    refused(SG_CRED_PSK, "00a\n", SG_EFORMAT, "even number");
    refused(SG_CRED_PSK, "00 11\n", SG_EFORMAT, "character 3");
    refused(SG_CRED_PSK, "\n", SG_EFORMAT, "empty");
    assert_int_equal(prepare(SG_CRED_PSK_ID, "urn:imei:351516170000001"), 0);
    sent("urn:imei:351516170000001");
    assert_false(c.blanks);
    refused(SG_CRED_PSK_ID, "a\nb", SG_EFORMAT, "more than one line");
    refused(SG_CRED_PSK_ID, "a\"", SG_EFORMAT, "character 2");
    refused(SG_CRED_PSK_ID, "\xC3\xA5", SG_EFORMAT, "character 1");
}

static void a_key_goes_without_its_curve(void **state)
{
    static const char key[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgpFezox1ypTsX1zEp\n"
                              "hZ962QrN1UBHbQe5H1tlwQ7XAjChRANCAARWdGQFrE9cAGcICajllkmz4zU9MUzn\n"
                              "6A/jb8YJhbAOCn/5L7UYrvE8CCxs+gpPr78tO6Gwi+uexdSPVDmhb8nb\n"
                              "-----END PRIVATE KEY-----\n"; /* made for this test */
    (void)state;
    assert_int_equal(prepare(SG_CRED_KEY, joined("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                                                 "-----END EC PARAMETERS-----\n",
                                                 key, "")),
                     0);
    sent(key);
    assert_int_equal(c.lines_outside, 3);
    refused(SG_CRED_KEY, joined(key, key, ""), SG_EFORMAT, "2 private keys");
}

static void types_have_names(void **state)
{
    unsigned type;
    (void)state;
    assert_int_equal(sg_credential_type("psk-id", &type), 0);
    assert_int_equal(type, SG_CRED_PSK_ID);
    assert_string_equal(sg_credential_name(SG_CRED_CERT), "cert");
    assert_null(sg_credential_name(SG_CRED_AT_KEY));
    assert_int_equal(sg_credential_type("CA", &type), SG_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_pem_goes_as_it_is),        cmocka_unit_test(other_forms_become_that_one),
        cmocka_unit_test(what_is_not_what_it_should_be), cmocka_unit_test(secrets_and_names),
        cmocka_unit_test(a_key_goes_without_its_curve),  cmocka_unit_test(types_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
