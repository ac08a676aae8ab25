/* SPDX-License-Identifier: Apache-2.0 */
/* The identity key of a real nRF9160, worked out from messages that it signed (nRFCloud/utils, ADVANCED.md: the
 * examples of AT%KEYGEN=17,2,0 and AT%KEYGEN=16,2,1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "modem/modem.h"
#include "pki/pki.h"
#include <string.h>

#define REQUEST                                                                                                        \
    "MIIBCjCBrwIBADAvMS0wKwYDVQQDDCQ1MDM2MzE1NC0zOTMxLTQ0ZjAtODAyMi0xMjFiNjQwMTYyN2QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC" \
    "AAQqD6pNfa29o_EXnw62bnQWr8-JqsNh_HZxS3k3bMD4KZ8-qxnvgeoiqQ5zAycEP_Wcmzqypvwyf3qWMrZ2VB5aoB4wHAYJKoZIhvcNAQkOMQ8w" \
    "DTALBgNVHQ8EBAMCA-gwDAYIKoZIzj0EAwIFAANIADBFAiEAv7OLZ_dXbszfhhjcLMUT72wTmw-z6GlgWxVhyWgR27ACIAvY_lPu3yfYZY5AL6uY" \
    "TkUFp4GQkbSOUC_lsHyCxOuG.0oRDoQEmoQRBIVhL2dn3hQlQUDYxVDkxRPCAIhIbZAFifUERWCBwKj1W8FsvclMdZQgl4gBB4unZMYw0toU6uQZ" \
    "uXHLoDFAbhyLuHetYFWbiyxNZsnzSWEDUiTl7wwFt0hEsCiEQsxj-hCtpBk8Za8UXfdAycpx2faCOPJIrkfmiSS8-Y6_2tTAoAMN1BiWiTOimY1w" \
    "ZE3Ud"
#define PUBLIC_KEY                                                                                                     \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZKgDx0O0FKa7i1yFoxYngNdV5Csyi4rEPHcFTfeBVtkkJX-G0QZs-yesfzIaPs91b4x5xYN_g28k" \
    "63gkeVMJwA.0oRDoQEmoQRBIVhL2dn3hQhQUDYxVDkxRPCAIhIbZAFifUEQWCDlovwqMVoJ1W-x93Tqypy2v_1ALv3-GCF1R9gYIy2WVlBQXvxKq" \
    "A9JTveFh3nVwce-WEAMltwSSkVh8jSBPhP79ndSG0HJTOaTF9SExIq-FstjdLUW2inxdvVfqzLa05rgXqxshN5vfQIs22QT-swCt30h"

/* The modem notes, section 2.3. */
static const uint8_t known[SG_POINT] = {0x04, 0x7b, 0x76, 0xff, 0xcb, 0x03, 0x39, 0xa5, 0x9c, 0x09, 0x16, 0x51, 0xaf,
                                        0xe0, 0x19, 0xa5, 0xf9, 0xae, 0x5d, 0x0d, 0xc4, 0x42, 0x99, 0x42, 0x07, 0xbb,
                                        0xb2, 0x48, 0xf7, 0x4c, 0xd8, 0x08, 0x48, 0x61, 0xb9, 0x8a, 0x7b, 0x0e, 0x8d,
                                        0xea, 0x68, 0xec, 0xfb, 0x04, 0xcb, 0x09, 0x85, 0xd1, 0xee, 0x18, 0x68, 0x6e,
                                        0xe7, 0xb3, 0xf0, 0xaf, 0x4b, 0xd1, 0xde, 0x51, 0x43, 0x9c, 0x1f, 0x97, 0xbd};

static bool among(uint8_t points[2][SG_POINT], const uint8_t *point)
{
    return memcmp(points[0], point, SG_POINT) == 0 || memcmp(points[1], point, SG_POINT) == 0;
}

static int recover(const struct sg_keygen *k, uint8_t points[2][SG_POINT])
{
    return sg_attest_recover(k->protected_header, k->body, k->payload, k->signature, points);
}

static int verify(const struct sg_keygen *k, const uint8_t *point)
{
    EVP_PKEY *key = sg_key_from_point(point, NULL);
    assert_non_null(key);
    int r = sg_attest_verify(key, k->protected_header, k->body, k->payload, k->signature);
    EVP_PKEY_free(key);
    return r;
}

static void two_messages_have_one_key_in_common(void **state)
{
    static struct sg_keygen request, key;
    uint8_t of_request[2][SG_POINT], of_key[2][SG_POINT];
    (void)state;
    assert_int_equal(sg_keygen_parse(sg_str(REQUEST), &request), 0);
    assert_int_equal(sg_keygen_parse(sg_str(PUBLIC_KEY), &key), 0);
    assert_int_equal(recover(&request, of_request), 0);
    assert_int_equal(recover(&key, of_key), 0);
    assert_true(among(of_request, known));
    assert_true(among(of_key, known));
    for (size_t i = 0; i < 2; i++) { /* each key fits its own message; only one fits both */
        assert_int_equal(verify(&request, of_request[i]), 0);
        bool is_known = memcmp(of_request[i], known, SG_POINT) == 0;
        assert_int_equal(verify(&key, of_request[i]), is_known ? 0 : SG_EMISMATCH);
    }
}

static void nonsense_has_no_key(void **state)
{
    static struct sg_keygen k;
    uint8_t points[2][SG_POINT], point[SG_POINT] = {4};
    struct sg_error err = {0};
    (void)state;
    assert_int_equal(sg_keygen_parse(sg_str(REQUEST), &k), 0);
    memset(k.signature, 0, 32); /* r = 0 */
    assert_int_equal(recover(&k, points), SG_ECRYPTO);
    memset(k.signature, 0xff, 32); /* r above the order */
    assert_int_equal(recover(&k, points), SG_ECRYPTO);
    assert_null(sg_key_from_point(point, &err)); /* (0, 0) is not on the curve */
    assert_int_equal(err.code, SG_ECRYPTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_messages_have_one_key_in_common),
        cmocka_unit_test(nonsense_has_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
