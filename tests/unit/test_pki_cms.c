/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures over documents: openssl agrees, and nothing else than what was signed passes. */
#include "test_pki.h"

#define DOCUMENT "{\"lot\": \"first\"}\n"

struct signature {
    uint8_t space[2048];
    struct sg_buf cms;
};

static void sign(struct signature *s, struct sg_issuer by)
{
    struct sg_error err = {0};
    s->cms = sg_buf(s->space, sizeof s->space);
    if (sg_cms_sign(by, sg_str(DOCUMENT), &s->cms, &err) != 0)
        fail_msg("%s", err.text);
}

static void openssl_agrees(void **state)
{
    static const char verify[] = "openssl cms -verify -binary -inform DER -in s.p7s -content document -CAfile root.pem "
                                 "-purpose any -no_check_time -out out";
    struct house h = build_house();
    struct signature s;
    (void)state;
    sign(&s, (struct sg_issuer){h.ca, h.ca_key});
    put_file("s.p7s", s.cms.p, s.cms.len);
    put_text("document", DOCUMENT);
    assert_int_equal(sg_cert_write("root.pem", h.root, NULL), 0);
    assert_runs("%s && cmp out document", verify);
    put_text("document", "{\"lot\": \"First\"}\n");
    assert_int_not_equal(run("%s", verify), 0);

    assert_runs("openssl cms -cmsout -print -inform DER -in s.p7s");
    assert_contains(run_output, "sha256");
    free_house(&h);
}

static void the_signer_is_told(void **state)
{
    struct house h = build_house();
    struct sg_error err = {0};
    struct signature s;
    (void)state;
    sign(&s, (struct sg_issuer){h.ca, h.ca_key});
    X509 *signer = sg_cms_verify(sg_buf_bytes(&s.cms), sg_str(DOCUMENT), &err);
    if (!signer)
        fail_msg("%s", err.text);
    assert_int_equal(X509_cmp(signer, h.ca), 0);
    X509_free(signer);
    free_house(&h);
}

static void another_document_is_refused(void **state)
{
    struct house h = build_house();
    struct sg_error err = {0};
    struct signature s;
    (void)state;
    sign(&s, (struct sg_issuer){h.ca, h.ca_key});
    static const char *const others[] = {"", "{\"lot\": \"First\"}\n", DOCUMENT "\n", "{\"lot\": \"first\"}\r\n"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_null(sg_cms_verify(sg_buf_bytes(&s.cms), sg_str(others[i]), &err));
        assert_int_equal(err.code, SG_EMISMATCH);
    }
    free_house(&h);
}

/* A certificate that came with it may change without that signature failing: so the caller compares the signer. */
static void a_changed_signature_is_refused(void **state)
{
    struct house h = build_house();
    struct signature s;
    (void)state;
    sign(&s, (struct sg_issuer){h.ca, h.ca_key});
    for (size_t i = 0; i < s.cms.len; i++)
        assert_null(sg_cms_verify(sg_bytes(s.space, i), sg_str(DOCUMENT), NULL));
    for (size_t i = s.cms.len - 64; i < s.cms.len; i++) { /* the ECDSA signature ends it */
        s.space[i] ^= 0x01;
        assert_null(sg_cms_verify(sg_buf_bytes(&s.cms), sg_str(DOCUMENT), NULL));
        s.space[i] ^= 0x01;
    }
    s.space[s.cms.len] = 0;
    assert_null(sg_cms_verify(sg_bytes(s.space, s.cms.len + 1), sg_str(DOCUMENT), NULL));
    free_house(&h);
}

static void a_key_that_is_not_the_certificates_is_refused(void **state)
{
    struct house h = build_house();
    struct sg_error err = {0};
    struct signature s = {.cms = sg_buf(s.space, sizeof s.space)};
    (void)state;
    assert_int_equal(sg_cms_sign((struct sg_issuer){h.ca, h.key}, sg_str(DOCUMENT), &s.cms, &err), SG_ECRYPTO);
    assert_contains(err.text, "signing failed");
    s.cms = sg_buf(s.space, 100);
    assert_int_equal(sg_cms_sign((struct sg_issuer){h.ca, h.ca_key}, sg_str(DOCUMENT), &s.cms, &err), SG_ENOSPC);
    free_house(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_agrees),
        cmocka_unit_test(the_signer_is_told),
        cmocka_unit_test(another_document_is_refused),
        cmocka_unit_test(a_changed_signature_is_refused),
        cmocka_unit_test(a_key_that_is_not_the_certificates_is_refused),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
