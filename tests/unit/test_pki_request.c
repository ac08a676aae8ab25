/* SPDX-License-Identifier: Apache-2.0 */
/* Requests: a modem's and openssl's are taken when they are sound; each fault is refused with its reason. */
#include "test_pki.h"
#include <openssl/ec.h>

static struct sg_bytes load(const char *path)
{
    static uint8_t *content;
    size_t n;
    free(content);
    content = sg_file_read(path, 100000, &n, NULL);
    assert_non_null(content);
    return sg_bytes(content, n);
}

static void assert_request_error(struct sg_bytes request, int code, const char *part)
{
    struct sg_error err = {0};
    assert_null(sg_request_parse(request, &err));
    assert_int_equal(err.code, code);
    assert_contains(err.text, part);
    assert_int_equal(ERR_peek_error(), 0);
}

static void assert_cn(struct sg_bytes request, const char *cn)
{
    struct sg_error err = {0};
    char text[128];
    struct sg_request *req = sg_request_parse(request, &err);
    if (!req)
        fail_msg("%s", err.text);
    assert_int_equal(sg_request_cn(req, text, sizeof text), 0);
    assert_string_equal(text, cn);
    sg_request_free(req);
}

static void our_own_round_trip(void **state)
{
    (void)state;
    uint8_t space[1000];
    struct sg_buf der = sg_buf(space, sizeof space), small = sg_buf(space, 100);
    struct sg_error err = {0};
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    assert_int_equal(sg_request_make(key, "urn:dev:ops:1", &der, &err), 0);
    assert_cn(sg_buf_bytes(&der), "urn:dev:ops:1");
    struct sg_request *req = sg_request_parse(sg_buf_bytes(&der), NULL);
    EVP_PKEY *back = sg_request_key(req);
    assert_int_equal(EVP_PKEY_eq(key, back), 1);
    EVP_PKEY_free(back);
    sg_request_free(req);
    put_file("own.der", space, der.len);
    assert_runs("openssl req -inform DER -in own.der -noout -verify -text");
    assert_contains(run_output, "Subject: CN = urn:dev:ops:1\n");
    assert_int_equal(sg_request_make(key, "urn:dev:ops:1", &small, &err), SG_ENOSPC);
    assert_int_equal(sg_request_make(key, "", &der, &err), SG_EINVAL);
    EVP_PKEY_free(key);
}

static void openssls_requests(void **state)
{
    (void)state;
    assert_runs("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out r.pem -subj "
                "/CN=50363154-3931-44f0-8022-121b6401627d -addext keyUsage=digitalSignature,keyAgreement && "
                "openssl req -in r.pem -outform DER -out r.der");
    assert_cn(load("r.pem"), "50363154-3931-44f0-8022-121b6401627d");
    assert_cn(load("r.der"), "50363154-3931-44f0-8022-121b6401627d");
}

/* Older modem firmware gives the signature algorithm NULL parameters (section 2.2 of the modem notes); RFC 5758 section
 * 3.2 has none. What is signed stays the same. */
static void modems_null_parameters(void **state)
{
    (void)state;
    static const uint8_t algorithm[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    uint8_t space[1000], with_null[1000];
    struct sg_buf der = sg_buf(space, sizeof space), out = sg_buf(with_null, sizeof with_null);
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    assert_int_equal(sg_request_make(key, "50363154-3931-44f0-8022-121b6401627d", &der, NULL), 0);
    uint8_t *at = memmem(space, der.len, algorithm, sizeof algorithm);
    assert_non_null(at);
    assert_int_equal(space[1], 0x81); /* SEQUENCE with one length byte */
    assert_true(space[2] < 0xfe);
    size_t before = (size_t)(at - space), after = before + sizeof algorithm;
    sg_put_u8(&out, 0x30);
    sg_put_u8(&out, 0x81);
    sg_put_u8(&out, (uint8_t)(space[2] + 2));
    sg_put(&out, space + 3, before - 3);
    sg_put_u8(&out, 0x30);
    sg_put_u8(&out, 0x0c);
    sg_put(&out, algorithm + 2, sizeof algorithm - 2);
    sg_put(&out, "\x05\x00", 2);
    sg_put(&out, space + after, der.len - after);
    put_file("null.der", with_null, out.len);
    assert_runs("openssl asn1parse -inform DER -in null.der");
    assert_contains(run_output, "NULL");
    assert_cn(sg_buf_bytes(&out), "50363154-3931-44f0-8022-121b6401627d");
    EVP_PKEY_free(key);
}

static void altered_request_is_refused(void **state)
{
    (void)state;
    uint8_t space[1000];
    struct sg_buf der = sg_buf(space, sizeof space);
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    assert_int_equal(sg_request_make(key, "urn:imei:351516170000001", &der, NULL), 0);
    uint8_t *digit = memmem(space, der.len, "351516170000001", 15);
    digit[14] = '2';
    assert_request_error(sg_buf_bytes(&der), SG_EMISMATCH, "does not fit its own public key");
    EVP_PKEY_free(key);
}

static void other_keys_are_refused(void **state)
{
    (void)state;
    assert_runs(
        "openssl req -new -newkey rsa:2048 -nodes -keyout rsa.pem -out rsa-r.pem -subj /CN=x && "
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout k3.pem -out p384.pem -subj "
        "/CN=x && openssl ecparam -name prime256v1 -genkey -noout -out k4.pem && "
        "openssl ec -in k4.pem -conv_form compressed -out k5.pem && "
        "openssl ec -in k4.pem -param_enc explicit -out k6.pem && "
        "openssl req -new -key k5.pem -out compressed.pem -subj /CN=x && "
        "openssl req -new -key k6.pem -out explicit.pem -subj /CN=x && "
        "openssl req -new -sha1 -key k4.pem -out sha1.pem -subj /CN=x");
    assert_request_error(load("rsa-r.pem"), SG_EUNSUPPORTED, "not for a P-256 key");
    assert_request_error(load("p384.pem"), SG_EUNSUPPORTED, "not for a P-256 key");
    assert_request_error(load("compressed.pem"), SG_EUNSUPPORTED, "uncompressed point");
    assert_request_error(load("explicit.pem"), SG_EUNSUPPORTED, "named curve");
    assert_request_error(load("sha1.pem"), SG_EUNSUPPORTED, "SHA-2");
}

static void what_is_no_request_is_refused(void **state)
{
    (void)state;
    uint8_t space[1000];
    struct sg_buf der = sg_buf(space, sizeof space);
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    assert_request_error(sg_bytes(NULL, 0), SG_EFORMAT, "not a certificate request");
    assert_request_error(sg_str("hello"), SG_EFORMAT, "not a certificate request");
    assert_int_equal(sg_request_make(key, "x", &der, NULL), 0);
    assert_request_error(sg_bytes(space, der.len - 1), SG_EFORMAT, "not a certificate request");
    assert_request_error(sg_bytes(space, der.len + 1), SG_EFORMAT, "not a certificate request");
    EVP_PKEY_free(key);
}

static void request_without_cn(void **state)
{
    (void)state;
    char cn[128];
    assert_runs("openssl ecparam -name prime256v1 -genkey -noout -out k7.pem && "
                "openssl req -new -key k7.pem -out nameless.pem -subj /O=Acme");
    struct sg_request *req = sg_request_parse(load("nameless.pem"), NULL);
    assert_non_null(req);
    assert_int_equal(sg_request_cn(req, cn, sizeof cn), SG_ENOTFOUND);
    sg_request_free(req);
    assert_runs("openssl req -new -key k7.pem -out named.pem -subj /CN=gr\xc3\xbc\xc3\x9f -utf8");
    req = sg_request_parse(load("named.pem"), NULL);
    assert_int_equal(sg_request_cn(req, cn, 6), SG_ENOSPC);
    assert_string_equal(cn, "gr\xc3\xbc"); /* cut between characters */
    sg_request_free(req);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_round_trip),     cmocka_unit_test(openssls_requests),
        cmocka_unit_test(modems_null_parameters), cmocka_unit_test(altered_request_is_refused),
        cmocka_unit_test(other_keys_are_refused), cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(request_without_cn),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
