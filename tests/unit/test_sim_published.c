/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of one real device that Nordic has published (nRF Cloud utils, ADVANCED.md; modem notes 2.3), and what the
 * simulator makes with the same device UUID and tag: the same bytes, but for keys, nonces, digests and signatures.
 */
#include "sim_rig.h"

#include <openssl/evp.h>
#include <openssl/param_build.h>

#define CSR                                                                                                            \
    "MIIBCjCBrwIBADAvMS0wKwYDVQQDDCQ1MDM2MzE1NC0zOTMxLTQ0ZjAtODAyMi0xMjFiNjQwMTYyN2QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC" \
    "AAQqD6pNfa29o_EXnw62bnQWr8-JqsNh_HZxS3k3bMD4KZ8-qxnvgeoiqQ5zAycEP_Wcmzqypvwyf3qWMrZ2VB5aoB4wHAYJKoZIhvcNAQkOMQ8w" \
    "DTALBgNVHQ8EBAMCA-gwDAYIKoZIzj0EAwIFAANIADBFAiEAv7OLZ_dXbszfhhjcLMUT72wTmw-z6GlgWxVhyWgR27ACIAvY_lPu3yfYZY5AL6uY" \
    "TkUFp4GQkbSOUC_lsHyCxOuG"
#define CSR_COSE                                                                                                       \
    "0oRDoQEmoQRBIVhL2dn3hQlQUDYxVDkxRPCAIhIbZAFifUERWCBwKj1W8FsvclMdZQgl4gBB4unZMYw0toU6uQZuXHLoDFAbhyLuHetYFWbiyxNZ" \
    "snzSWEDUiTl7wwFt0hEsCiEQsxj-hCtpBk8Za8UXfdAycpx2faCOPJIrkfmiSS8-Y6_2tTAoAMN1BiWiTOimY1wZE3Ud"
#define PUBLIC_KEY                                                                                                     \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZKgDx0O0FKa7i1yFoxYngNdV5Csyi4rEPHcFTfeBVtkkJX-G0QZs-yesfzIaPs91b4x5xYN_g28k" \
    "63gkeVMJwA"
#define PUBLIC_KEY_COSE                                                                                                \
    "0oRDoQEmoQRBIVhL2dn3hQhQUDYxVDkxRPCAIhIbZAFifUEQWCDlovwqMVoJ1W-x93Tqypy2v_1ALv3-GCF1R9gYIy2WVlBQXvxKqA9JTveFh3nV" \
    "wce-WEAMltwSSkVh8jSBPhP79ndSG0HJTOaTF9SExIq-FstjdLUW2inxdvVfqzLa05rgXqxshN5vfQIs22QT-swCt30h"
#define TOKEN "2dn3hQFQUDYxVDkxRPCAIhIbZAFifQNQGv86y_GmR2SiY0wmRsHGVFDT791_BPH8YOWFiyCHND1q"
#define TOKEN_COSE                                                                                                     \
    "0oRDoQEmoQRBIfZYQGuXwJliinHc6xDPruiyjsaXyXZbZVpUuOhHG9YS8L05VuglCcJhMN4EUhWVGpaHgNnHHno6ahi-d5tOeZmAcNY"

static const uint8_t uuid[16] = {0x50, 0x36, 0x31, 0x54, 0x39, 0x31, 0x44, 0xF0,
                                 0x80, 0x22, 0x12, 0x1B, 0x64, 0x01, 0x62, 0x7D};
/* The identity public key, as it follows from the published messages: 04, x, y. */
static const uint8_t identity_point[65] = {
    4,    0x7b, 0x76, 0xff, 0xcb, 0x03, 0x39, 0xa5, 0x9c, 0x09, 0x16, 0x51, 0xaf, 0xe0, 0x19, 0xa5, 0xf9,
    0xae, 0x5d, 0x0d, 0xc4, 0x42, 0x99, 0x42, 0x07, 0xbb, 0xb2, 0x48, 0xf7, 0x4c, 0xd8, 0x08, 0x48, 0x61,
    0xb9, 0x8a, 0x7b, 0x0e, 0x8d, 0xea, 0x68, 0xec, 0xfb, 0x04, 0xcb, 0x09, 0x85, 0xd1, 0xee, 0x18, 0x68,
    0x6e, 0xe7, 0xb3, 0xf0, 0xaf, 0x4b, 0xd1, 0xde, 0x51, 0x43, 0x9c, 0x1f, 0x97, 0xbd};

struct message {
    uint8_t body[512], cose[256];
    size_t body_n, cose_n;
};

static struct message decode(struct sg_bytes text)
{
    struct message m = {.body_n = 0};
    struct sg_buf body = sg_buf(m.body, sizeof m.body), cose = sg_buf(m.cose, sizeof m.cose);
    const uint8_t *dot = memchr(text.p, '.', text.n);
    size_t n = (size_t)(dot - text.p);
    assert_int_equal(sg_parse_base64url(sg_bytes(text.p, n), &body), 0);
    assert_int_equal(sg_parse_base64url(sg_bytes(dot + 1, text.n - n - 1), &cose), 0);
    m.body_n = body.len;
    m.cose_n = cose.len;
    return m;
}

static struct message ask(struct rig *r, const char *command)
{
    const char *answer = rig_ask(r, command), *first = strchr(answer, '"');
    assert_non_null(first);
    return decode(sg_bytes(first + 1, (size_t)(strchr(first + 1, '"') - first - 1)));
}

/* A device with that UUID: a new one's store, with the UUID changed in the file. */
static void start(struct rig *r, const char *profile)
{
    static char path[32];
    uint8_t file[4096], mine[16];
    struct sg_modem_info info;
    (void)snprintf(path, sizeof path, "/tmp/test_sim_pub.XXXXXX");
    close(mkstemp(path));
    unlink(path);
    const struct sg_sim_config config = {.host = SG_SIM_AT_HOST, .profile = profile, .store = path};
    rig_start(r, &config);
    assert_int_equal(sg_modem_identify(rig_modem(r), &info), 0);
    memcpy(mine, info.uuid_bytes, sizeof mine);
    rig_end(r);
    FILE *f = fopen(path, "r+b");
    size_t n = fread(file, 1, sizeof file, f);
    uint8_t *at = memmem(file, n, mine, sizeof mine);
    assert_non_null(at);
    assert_int_equal(fseek(f, at - file, SEEK_SET), 0);
    assert_int_equal(fwrite(uuid, 1, sizeof uuid, f), sizeof uuid);
    (void)fclose(f);
    rig_start(r, &config);
    unlink(path);
}

static void blank(uint8_t *p, size_t n, size_t at, size_t count)
{
    assert_true(at + count <= n);
    memset(p + at, 0, count);
}

/* The COSE of %KEYGEN: digest at 38, nonce at 71, signature at 89 up to the end. */
static void blank_keygen(struct message *m)
{
    assert_int_equal(m->cose_n, 153);
    blank(m->cose, m->cose_n, 38, 32);
    blank(m->cose, m->cose_n, 71, 16);
    blank(m->cose, m->cose_n, 89, 64);
}

static EVP_PKEY *published_identity(void)
{
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD_push_utf8_string(bld, "group", "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(bld, "pub", identity_point, sizeof identity_point);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static int verify(EVP_PKEY *key, const struct message *m)
{
    struct sg_cursor c = sg_cursor(sg_bytes(m->cose, m->cose_n));
    struct sg_bytes payload = {0}, signature;
    assert_int_equal(sg_cbor_get_tag(&c), 18);
    assert_int_equal(sg_cbor_get_array(&c), 4);
    struct sg_bytes header = sg_cbor_get_bytes(&c);
    sg_cbor_skip(&c);
    if (!sg_cbor_get_null(&c))
        payload = sg_cbor_get_bytes(&c);
    signature = sg_cbor_get_bytes(&c);
    assert_int_equal(signature.n, 64);
    return sg_attest_verify(key, header, sg_bytes(m->body, m->body_n), payload, signature.p);
}

static void the_published_messages_verify(void **state)
{
    static const char *const texts[] = {CSR "." CSR_COSE, PUBLIC_KEY "." PUBLIC_KEY_COSE, TOKEN "." TOKEN_COSE};
    EVP_PKEY *identity = published_identity();
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct message m = decode(sg_str(texts[i]));
        assert_int_equal(verify(identity, &m), 0);
        for (size_t k = 0; k < m.body_n; k++) { /* any byte of the body counts */
            m.body[k] ^= 1;
            assert_int_equal(verify(identity, &m), SG_EMISMATCH);
            m.body[k] ^= 1;
        }
    }
    EVP_PKEY_free(identity);
}

static void point_14_a_request_is_the_published_one_bit_for_bit(void **state)
{
    struct message theirs = decode(sg_str(CSR "." CSR_COSE)), ours;
    struct rig r;
    (void)state;
    start(&r, "nrf9160-1.3.x"); /* its algorithm has NULL parameters, as theirs */
    /* The length of the DER signature varies with its integers: take one of the same length. */
    do {
        rig_ask(&r, "AT%CMNG=3,17,2");
        ours = ask(&r, "AT%KEYGEN=17,2,0");
    } while (ours.body_n != theirs.body_n);
    rig_end(&r);
    static const uint8_t algorithm[] = {0x30, 0x0C, 0x06, 0x08, 0x2A, 0x86, 0x48,
                                        0xCE, 0x3D, 0x04, 0x03, 0x02, 0x05, 0x00};
    const uint8_t *end = memmem(theirs.body, theirs.body_n, algorithm, sizeof algorithm);
    size_t request = (size_t)(end - theirs.body) + sizeof algorithm;
    const uint8_t *spki = memmem(theirs.body, theirs.body_n, "\x03\x42\x00\x04", 4);
    size_t point = (size_t)(spki - theirs.body) + 4;
    blank(theirs.body, theirs.body_n, point, 64);
    blank(ours.body, ours.body_n, point, 64);
    assert_memory_equal(ours.body, theirs.body, request + 3); /* up to the signature, its header included */
    blank_keygen(&theirs);
    blank_keygen(&ours);
    assert_int_equal(ours.cose_n, theirs.cose_n);
    assert_memory_equal(ours.cose, theirs.cose, theirs.cose_n);
}

static void point_15_a_public_key_is_the_published_one_bit_for_bit(void **state)
{
    struct message theirs = decode(sg_str(PUBLIC_KEY "." PUBLIC_KEY_COSE)), ours;
    struct rig r;
    (void)state;
    start(&r, "nrf9160-1.3.x");
    ours = ask(&r, "AT%KEYGEN=16,2,1");
    rig_end(&r);
    assert_int_equal(ours.body_n, theirs.body_n);
    assert_memory_equal(ours.body, theirs.body, 27);
    blank_keygen(&theirs);
    blank_keygen(&ours);
    assert_memory_equal(ours.cose, theirs.cose, theirs.cose_n);
}

static void point_16_a_token_is_the_published_one_bit_for_bit(void **state)
{
    struct message theirs = decode(sg_str(TOKEN "." TOKEN_COSE)), ours;
    struct rig r;
    (void)state;
    start(&r, "nrf9160-1.3.x");
    ours = ask(&r, "AT%ATTESTTOKEN=\"d3efdd7f04f1fc60e5858b2087343d6a\"");
    rig_end(&r);
    assert_int_equal(ours.body_n, theirs.body_n);
    blank(ours.body, ours.body_n, 24, 16); /* the firmware's UUID */
    blank(theirs.body, theirs.body_n, 24, 16);
    assert_memory_equal(ours.body, theirs.body, theirs.body_n); /* the nonce is the challenge */
    assert_int_equal(ours.cose_n, theirs.cose_n);
    assert_memory_equal(ours.cose, theirs.cose, ours.cose_n - 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_messages_verify),
        cmocka_unit_test(point_14_a_request_is_the_published_one_bit_for_bit),
        cmocka_unit_test(point_15_a_public_key_is_the_published_one_bit_for_bit),
        cmocka_unit_test(point_16_a_token_is_the_published_one_bit_for_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
