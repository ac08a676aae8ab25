/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation: the exact bytes that an nRF91 signs (section 2.3 of the modem notes), signed here by the openssl
 * program. */
#include "test_pki.h"

static const uint8_t es256[] = {0xa1, 0x01, 0x26};
static EVP_PKEY *identity, *stranger;

static int make_keys(void **state)
{
    identity = sg_key_new(SG_P256, NULL);
    stranger = sg_key_new(SG_P256, NULL);
    return enter_folder(state) || sg_key_write("identity.pem", identity, NULL, NULL);
}

static int drop_keys(void **state)
{
    EVP_PKEY_free(identity);
    EVP_PKEY_free(stranger);
    return leave_folder(state);
}

/* One INTEGER of `openssl asn1parse`, right-aligned in 32 bytes. */
static void take_integer(const char **text, uint8_t out[32])
{
    *text = strstr(*text, "INTEGER");
    assert_non_null(*text);
    *text = strchr(*text, ':') + 1;
    size_t digits = strcspn(*text, "\n");
    struct sg_buf b = sg_buf(out + 32 - digits / 2, digits / 2);
    memset(out, 0, 32);
    assert_int_equal(sg_parse_hex(sg_bytes(*text, digits), &b), 0);
}

static void sign(const void *tbs, size_t n, uint8_t signature[64])
{
    put_file("tbs", tbs, n);
    assert_runs("openssl dgst -sha256 -sign identity.pem -out sig tbs && openssl asn1parse -inform DER -in sig");
    const char *text = run_output;
    take_integer(&text, signature);
    take_integer(&text, signature + 32);
}

static int verify(EVP_PKEY *key, const char *body, const char *payload, const uint8_t signature[64])
{
    return sg_attest_verify(key, sg_bytes(es256, sizeof es256), sg_str(body), sg_str(payload), signature);
}

static void with_payload(void **state)
{
    (void)state;
    uint8_t signature[64];
    static const char tbs[] = "\x84\x6aSignature1\x43\xa1\x01\x26\x44"
                              "body\x47"
                              "payload";
    for (int i = 0; i < 4; i++) { /* r and s vary in length */
        sign(tbs, sizeof tbs - 1, signature);
        assert_int_equal(verify(identity, "body", "payload", signature), 0);
    }
    assert_int_equal(verify(stranger, "body", "payload", signature), SG_EMISMATCH);
    assert_int_equal(verify(identity, "Body", "payload", signature), SG_EMISMATCH);
    assert_int_equal(verify(identity, "body", "Payload", signature), SG_EMISMATCH);
    assert_int_equal(verify(identity, "bodyp", "ayload", signature), SG_EMISMATCH);
    assert_int_equal(verify(identity, "body", "", signature), SG_EMISMATCH);
    signature[63] ^= 1;
    assert_int_equal(verify(identity, "body", "payload", signature), SG_EMISMATCH);
}

static void without_payload_it_is_null(void **state)
{
    (void)state;
    uint8_t signature[64];
    static const char tbs[] = "\x84\x6aSignature1\x43\xa1\x01\x26\x44"
                              "body\xf6";
    sign(tbs, sizeof tbs - 1, signature);
    assert_int_equal(verify(identity, "body", "", signature), 0);
    static const char rfc9052[] = "\x84\x6aSignature1\x43\xa1\x01\x26\x44"
                                  "body\x40";
    sign(rfc9052, sizeof rfc9052 - 1, signature);
    assert_int_equal(verify(identity, "body", "", signature), SG_EMISMATCH);
}

static void nonsense_is_no_match(void **state)
{
    (void)state;
    static const uint8_t zeros[64];
    static uint8_t big[5000];
    assert_int_equal(verify(identity, "body", "payload", zeros), SG_EMISMATCH);
    assert_int_equal(sg_attest_verify(identity, sg_bytes(es256, 3), sg_bytes(big, sizeof big), sg_str(""), zeros),
                     SG_ECRYPTO);
    EVP_PKEY *p384 = sg_key_new(SG_P384, NULL);
    assert_int_equal(verify(p384, "body", "payload", zeros), SG_ECRYPTO);
    EVP_PKEY_free(p384);
    assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_payload),
        cmocka_unit_test(without_payload_it_is_null),
        cmocka_unit_test(nonsense_is_no_match),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
