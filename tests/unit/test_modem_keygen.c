/* SPDX-License-Identifier: Apache-2.0 */
/* Key generation replies, against two that a real nRF9160 made (nRFCloud/utils, ADVANCED.md: the examples of
 * AT%KEYGEN=17,2,0 and AT%KEYGEN=16,2,1). */
#include "modem_line.h"

#define REQUEST_BODY                                                                                                   \
    "MIIBCjCBrwIBADAvMS0wKwYDVQQDDCQ1MDM2MzE1NC0zOTMxLTQ0ZjAtODAyMi0xMjFiNjQwMTYyN2QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC" \
    "AAQqD6pNfa29o_EXnw62bnQWr8-JqsNh_HZxS3k3bMD4KZ8-qxnvgeoiqQ5zAycEP_Wcmzqypvwyf3qWMrZ2VB5aoB4wHAYJKoZIhvcNAQkOMQ8w" \
    "DTALBgNVHQ8EBAMCA-gwDAYIKoZIzj0EAwIFAANIADBFAiEAv7OLZ_dXbszfhhjcLMUT72wTmw-z6GlgWxVhyWgR27ACIAvY_lPu3yfYZY5AL6uY" \
    "TkUFp4GQkbSOUC_lsHyCxOuG"
#define REQUEST_COSE                                                                                                   \
    "0oRDoQEmoQRBIVhL2dn3hQlQUDYxVDkxRPCAIhIbZAFifUERWCBwKj1W8FsvclMdZQgl4gBB4unZMYw0toU6uQZuXHLoDFAbhyLuHetYFWbiyxNZ" \
    "snzSWEDUiTl7wwFt0hEsCiEQsxj-hCtpBk8Za8UXfdAycpx2faCOPJIrkfmiSS8-Y6_2tTAoAMN1BiWiTOimY1wZE3Ud"
#define PUBLIC_KEY                                                                                                     \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZKgDx0O0FKa7i1yFoxYngNdV5Csyi4rEPHcFTfeBVtkkJX-G0QZs-yesfzIaPs91b4x5xYN_g28k" \
    "63gkeVMJwA.0oRDoQEmoQRBIVhL2dn3hQhQUDYxVDkxRPCAIhIbZAFifUEQWCDlovwqMVoJ1W-x93Tqypy2v_1ALv3-GCF1R9gYIy2WVlBQXvxKq" \
    "A9JTveFh3nVwce-WEAMltwSSkVh8jSBPhP79ndSG0HJTOaTF9SExIq-FstjdLUW2inxdvVfqzLa05rgXqxshN5vfQIs22QT-swCt30h"

static const uint8_t uuid[16] = {0x50, 0x36, 0x31, 0x54, 0x39, 0x31, 0x44, 0xf0,
                                 0x80, 0x22, 0x12, 0x1b, 0x64, 0x01, 0x62, 0x7d};
static const uint8_t digest[32] = {0x70, 0x2a, 0x3d, 0x56, 0xf0, 0x5b, 0x2f, 0x72, 0x53, 0x1d, 0x65,
                                   0x08, 0x25, 0xe2, 0x00, 0x41, 0xe2, 0xe9, 0xd9, 0x31, 0x8c, 0x34,
                                   0xb6, 0x85, 0x3a, 0xb9, 0x06, 0x6e, 0x5c, 0x72, 0xe8, 0x0c};

static void a_real_request_is_decoded(void **state)
{
    static struct sg_keygen k;
    (void)state;
    assert_int_equal(sg_keygen_parse(sg_str(REQUEST_BODY "." REQUEST_COSE), &k), 0);
    assert_int_equal(k.body.n, 270);
    assert_int_equal(k.body.p[0], 0x30);
    assert_int_equal(k.id, 9);
    assert_memory_equal(k.uuid, uuid, 16);
    assert_int_equal(k.tag, 17);
    assert_memory_equal(k.digest, digest, 32);
    assert_int_equal(k.nonce[0], 0x1b);
    assert_int_equal(k.nonce[15], 0xd2);
    assert_int_equal(k.key_id, -2);
    assert_int_equal(k.protected_header.n, 3);
    assert_int_equal(k.payload.p[0], 0xd9);
    assert_int_equal(k.signature[0], 0xd4);
    assert_int_equal(k.signature[63], 0x1d);
}

static void a_real_public_key_is_decoded(void **state)
{
    static struct sg_keygen k;
    (void)state;
    assert_int_equal(sg_keygen_parse(sg_str(PUBLIC_KEY), &k), 0);
    assert_int_equal(k.id, 8);
    assert_int_equal(k.tag, 16);
    assert_int_equal(k.body.n, 91);
}

static void what_the_reply_says_is_compared(void **state)
{
    static struct sg_keygen k;
    uint8_t other[32] = {0};
    const char *what = NULL;
    (void)state;
    assert_int_equal(sg_keygen_parse(sg_str(REQUEST_BODY "." REQUEST_COSE), &k), 0);
    assert_int_equal(sg_keygen_check(&k, 17, uuid, digest, &what), 0);
    assert_int_equal(sg_keygen_check(&k, 17, NULL, digest, &what), 0);
    assert_null(what);
    assert_int_equal(sg_keygen_check(&k, 18, uuid, digest, &what), SG_EMISMATCH);
    assert_string_equal(what, "tag");
    assert_int_equal(sg_keygen_check(&k, 17, other, digest, &what), SG_EMISMATCH);
    assert_string_equal(what, "device UUID");
    assert_int_equal(sg_keygen_check(&k, 17, uuid, other, &what), SG_EMISMATCH);
    assert_string_equal(what, "digest");
}

/* A message as the modem would make it, with one thing changed. */
struct message {
    uint64_t outer, inner, id;
    int64_t alg, key_id, tag;
    size_t uuid_len, digest_len, signature_len, fields;
    bool trailing;
};
static const struct message good = {18, 55799, 9, -7, -2, 1235, 16, 32, 64, 5, false};

static int parse(const struct message *m, struct sg_keygen *k)
{
    static const uint8_t zeros[64];
    uint8_t space[5][512];
    struct sg_buf b[5];
    for (size_t i = 0; i < 5; i++)
        b[i] = sg_buf(space[i], sizeof space[i]);
    sg_cbor_put_int(&b[0], m->tag);
    sg_cbor_put_tag(&b[1], m->inner);
    sg_cbor_put_array(&b[1], m->fields);
    sg_cbor_put_uint(&b[1], m->id);
    sg_cbor_put_bytes(&b[1], sg_bytes(zeros, m->uuid_len));
    sg_cbor_put_bytes(&b[1], sg_buf_bytes(&b[0]));
    sg_cbor_put_bytes(&b[1], sg_bytes(zeros, m->digest_len));
    sg_cbor_put_bytes(&b[1], sg_bytes(zeros, 16));
    sg_cbor_put_map(&b[2], 1);
    sg_cbor_put_int(&b[2], 1);
    sg_cbor_put_int(&b[2], m->alg);
    b[0].len = 0;
    sg_cbor_put_int(&b[0], m->key_id);
    sg_cbor_put_tag(&b[3], m->outer);
    sg_cbor_put_array(&b[3], 4);
    sg_cbor_put_bytes(&b[3], sg_buf_bytes(&b[2]));
    sg_cbor_put_map(&b[3], 1);
    sg_cbor_put_int(&b[3], 4);
    sg_cbor_put_bytes(&b[3], sg_buf_bytes(&b[0]));
    sg_cbor_put_bytes(&b[3], sg_buf_bytes(&b[1]));
    sg_cbor_put_bytes(&b[3], sg_bytes(zeros, m->signature_len));
    if (m->trailing)
        sg_put_u8(&b[3], 0);
    sg_put_str(&b[4], "MFkw.");
    sg_put_base64url(&b[4], sg_buf_bytes(&b[3]));
    return sg_keygen_parse(sg_buf_bytes(&b[4]), k);
}

static void tags_of_every_size(void **state)
{
    static struct sg_keygen k;
    struct message m = good;
    (void)state;
    assert_int_equal(parse(&m, &k), 0);
    assert_int_equal(k.tag, 1235);
    m.tag = 4294967294;
    assert_int_equal(parse(&m, &k), 0);
    assert_int_equal(k.tag, 4294967294U);
    m.tag = -2; /* the same tag, as a signed number */
    assert_int_equal(parse(&m, &k), 0);
    assert_int_equal(k.tag, 4294967294U);
    m.tag = 4294967296;
    assert_int_equal(parse(&m, &k), SG_EFORMAT);
}

static void other_forms_are_refused(void **state)
{
    static struct sg_keygen k;
    struct message m[11];
    (void)state;
    for (size_t i = 0; i < 11; i++)
        m[i] = good;
    m[0].outer = 17;
    m[1].inner = 55798;
    m[2].id = 7;
    m[3].alg = -35; /* ES384 */
    m[4].uuid_len = 15;
    m[5].digest_len = 31;
    m[6].signature_len = 63;
    m[7].trailing = true;
    m[8].fields = 4;
    m[9].fields = 6;
    m[10].key_id = -70000;
    for (size_t i = 0; i < 11; i++)
        assert_int_equal(parse(&m[i], &k), SG_EFORMAT);
    m[10].key_id = -4; /* the base production key: another signer, the same form */
    assert_int_equal(parse(&m[10], &k), 0);
    assert_int_equal(k.key_id, -4);
}

static void text_that_is_no_message(void **state)
{
    static const char *const bad[] = {"",
                                      ".",
                                      REQUEST_BODY,
                                      REQUEST_BODY ".",
                                      "." REQUEST_COSE,
                                      "foo.bar",
                                      REQUEST_BODY "." REQUEST_BODY,
                                      REQUEST_BODY "." REQUEST_COSE "AA",
                                      "a+b/." REQUEST_COSE};
    static char large[4000];
    static struct sg_keygen k;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_true(sg_keygen_parse(sg_str(bad[i]), &k) < 0);
    memset(large, 'A', sizeof large - 1);
    large[3000] = '.';
    assert_int_equal(sg_keygen_parse(sg_str(large), &k), SG_ENOSPC);
    for (size_t n = 0; n < sizeof REQUEST_COSE - 1; n++) {
        char text[700];
        (void)snprintf(text, sizeof text, "%s.%.*s", REQUEST_BODY, (int)n, REQUEST_COSE);
        assert_true(sg_keygen_parse(sg_str(text), &k) < 0);
    }
}

static void asking_for_a_key(void **state)
{
    const struct step steps[] = {{"AT%KEYGEN=17,2,0,\"CN=urn:imei:352656100367872\"\r",
                                  "+CEREG: 0\r\n%KEYGEN: \"" REQUEST_BODY "." REQUEST_COSE "\"\r\nOK\r\n"},
                                 {"AT%KEYGEN=17,2,0\r", "+CME ERROR: 519\r\n"},
                                 {"AT%KEYGEN=18,2,0\r", "OK\r\n"},
                                 {"AT%KEYGEN=18,2,0,\"CN=a\",\"101010000\"\r", "OK\r\n"},
                                 {"AT%KEYGEN=18,2,0,,\"100000000\"\r", "OK\r\n"},
                                 {"AT%KEYGEN=18,2,0\r", "%KEYGEN: \"-----BEGIN CERTIFICATE REQUEST-----\"\r\nOK\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    static struct sg_keygen k;
    (void)state;
    assert_int_equal(sg_modem_keygen(m, 17, "CN=urn:imei:352656100367872", NULL, &k), 0);
    assert_int_equal(k.tag, 17);
    assert_int_equal(sg_modem_keygen(m, 17, NULL, NULL, &k), SG_EDENIED);
    assert_int_equal(m->cme, SG_CME_EXISTS);
    assert_int_equal(sg_modem_keygen(m, 18, NULL, NULL, &k), SG_EFORMAT);
    assert_int_equal(sg_modem_keygen(m, 18, "CN=a", "101010000", &k), SG_EFORMAT);
    assert_int_equal(sg_modem_keygen(m, 18, NULL, "100000000", &k), SG_EFORMAT);
    assert_int_equal(sg_modem_keygen(m, 18, NULL, NULL, &k), SG_EFORMAT);
    assert_int_equal(sg_modem_keygen(m, SG_TAG_MAX + 1U, NULL, NULL, &k), SG_EINVAL);
    assert_int_equal(sg_modem_keygen(m, 1, "CN=a\",\"", NULL, &k), SG_EINVAL);
    assert_int_equal(sg_modem_keygen(m, 1, NULL, "10101000", &k), SG_EINVAL);
    assert_int_equal(sg_modem_keygen(m, 1, NULL, "10101000\"", &k), SG_EINVAL);
    line_done(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_request_is_decoded),
        cmocka_unit_test(a_real_public_key_is_decoded),
        cmocka_unit_test(what_the_reply_says_is_compared),
        cmocka_unit_test(tags_of_every_size),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(text_that_is_no_message),
        cmocka_unit_test(asking_for_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
