/* SPDX-License-Identifier: Apache-2.0 */
/* Each kind of secret is found in an image where it is the only one, as what it is and where it is; in code nothing is.
 */
#include "image_world.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <stdio.h>

/* A key in the form `put` writes it in. */
static size_t write_key(EVP_PKEY *key, const char *form, uint8_t *out, size_t cap)
{
    BIO *bio = BIO_new(BIO_s_mem());
    unsigned char phrase[] = "secret";
    char *p;
    if (strcmp(form, "pkcs8.pem") == 0)
        assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    else if (strcmp(form, "sealed.pem") == 0)
        assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL), 1);
    else if (strcmp(form, "old.pem") == 0)
        assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    else if (strcmp(form, "old-sealed.pem") == 0)
        assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, key, EVP_aes_128_cbc(), phrase, 6, NULL, NULL), 1);
    else if (strcmp(form, "old.der") == 0)
        assert_int_equal(i2d_PrivateKey_bio(bio, key), 1);
    else
        assert_int_equal(i2d_PKCS8PrivateKeyInfo_bio(bio, key), 1);
    long n = BIO_get_mem_data(bio, &p);
    assert_true((size_t)n <= cap);
    memcpy(out, p, (size_t)n);
    BIO_free(bio);
    return (size_t)n;
}

static void one(const void *what, size_t n, const char *kind, enum sg_confidence c, size_t at, const char *says)
{
    struct sg_image_scan *s = scan_with(what, n, NULL);
    if (s->findings != 1)
        print_message("for: %s\n", says);
    assert_int_equal(s->findings, 1);
    assert_string_equal(s->finding[0].kind, kind);
    assert_int_equal(s->finding[0].confidence, c);
    assert_int_equal(s->finding[0].at, at);
    if (strstr(s->finding[0].what, says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", s->finding[0].what, says);
    assert_non_null(s->finding[0].cure);
    end_scan(s);
}

static void text(const char *what, const char *kind, enum sg_confidence c, const char *secret)
{
    const char *at = strstr(what, secret);
    struct sg_image_scan *s = scan_with(what, strlen(what) + 1, NULL);
    if (s->findings != 1)
        print_message("in: %s\n", what);
    assert_int_equal(s->findings, 1);
    assert_string_equal(s->finding[0].kind, kind);
    if (s->finding[0].confidence != c)
        fail_msg("%s: %s", what, sg_confidence_name(s->finding[0].confidence));
    assert_int_equal(s->finding[0].at, PLACE + (size_t)(at - what));
    if (strcmp(kind, "security-tag") != 0) { /* the secret is never shown */
        assert_null(strstr(s->finding[0].excerpt, secret));
        assert_null(strstr(s->finding[0].what, secret));
    }
    end_scan(s);
}

static void nothing(const char *what)
{
    struct sg_image_scan *s = scan_with(what, strlen(what) + 1, NULL);
    if (s->findings != 0)
        fail_msg("%s: %s", what, s->finding[0].what);
    end_scan(s);
}

static void code_has_none(void **state)
{
    struct sg_image_scan *s = scan_with(NULL, 0, NULL);
    (void)state;
    assert_int_equal(s->findings, 0);
    assert_int_equal(s->certs, 0);
    assert_int_equal(s->points, 0);
    end_scan(s);
}

static void private_keys(void **state)
{
    static uint8_t bytes[8192];
    EVP_PKEY *p256 = sg_key_new(SG_P256, NULL), *p384 = sg_key_new(SG_P384, NULL);
    EVP_PKEY *rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024), *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    struct {
        EVP_PKEY *key;
        const char *form, *says;
        enum sg_confidence c;
    } cases[] = {
        {p256, "pkcs8.pem", "P-256 in PEM", SG_CERTAIN},
        {p256, "old.pem", "P-256 in PEM", SG_CERTAIN},
        {p256, "old.der", "P-256 in DER", SG_CERTAIN},
        {p256, "pkcs8.der", "P-256 in DER", SG_CERTAIN},
        {p384, "pkcs8.der", "384 bits", SG_CERTAIN},
        {rsa, "old.pem", "RSA", SG_CERTAIN},
        {rsa, "old.der", "RSA", SG_CERTAIN},
        {rsa, "pkcs8.der", "RSA", SG_CERTAIN},
        {ed, "pkcs8.der", "ED25519", SG_CERTAIN},
        {ed, "pkcs8.pem", "ED25519", SG_CERTAIN},
        {p256, "sealed.pem", "encrypted", SG_LIKELY},
        {rsa, "old-sealed.pem", "encrypted", SG_LIKELY},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = write_key(cases[i].key, cases[i].form, bytes, sizeof bytes);
        one(bytes, n, "private-key", cases[i].c, PLACE, cases[i].says);
    }
    EVP_PKEY_free(p256);
    EVP_PKEY_free(p384);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ed);
}

/* As it stands in a C text that was written into another: "\n" instead of line ends. */
static void a_key_with_written_line_ends(void **state)
{
    static uint8_t bytes[8192];
    static char escaped[8192];
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    size_t n = write_key(key, "pkcs8.pem", bytes, sizeof bytes), m = 0;
    (void)state;
    for (size_t i = 0; i < n; i++)
        if (bytes[i] == '\n') {
            escaped[m++] = '\\';
            escaped[m++] = 'n';
        } else {
            escaped[m++] = (char)bytes[i];
        }
    one(escaped, m, "private-key", SG_CERTAIN, PLACE, "P-256 in PEM");
    EVP_PKEY_free(key);
}

static void a_scalar_beside_its_point(void **state)
{
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    BIGNUM *d = NULL;
    (void)state;
    assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &d), 1);
    for (size_t distance = 40; distance < SG_SCALAR_DISTANCE; distance += 997) {
        static uint8_t bytes[4096];
        fill_code(bytes, sizeof bytes);
        assert_int_equal(BN_bn2binpad(d, bytes + 1, 32), 32);
        assert_int_equal(sg_key_point(key, bytes + 1 + distance), 0);
        one(bytes, sizeof bytes, "private-key", SG_CERTAIN, PLACE + 1, "P-256 as 32 bytes");
        memset(bytes + 1, 0, 32); /* the public half alone is no secret */
        struct sg_image_scan *s = scan_with(bytes, sizeof bytes, NULL);
        assert_int_equal(s->findings, 0);
        assert_int_equal(s->points, 1);
        end_scan(s);
    }
    BN_clear_free(d);
    EVP_PKEY_free(key);
}

static void keys_of_the_inventory(void **state)
{
    struct sg_known_psks *k = sg_known_psks_new();
    struct sg_psk_secret psk[200];
    uint8_t hex[66] = {0};
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        char identity[32];
        assert_int_equal(sg_psk_new(&psk[i], NULL), 0);
        (void)snprintf(identity, sizeof identity, "urn:imei:%u", i);
        assert_int_equal(sg_known_psks_add(k, &psk[i], identity), 0);
    }
    for (unsigned i = 0; i < 200; i += 199) {
        char says[64];
        struct sg_buf b = sg_buf(hex + 1, sizeof hex - 1);
        (void)snprintf(says, sizeof says, "the pre-shared key of urn:imei:%u,", i);
        struct sg_image_scan *s = scan_with(psk[i].key, 32, k);
        assert_int_equal(s->findings, 1);
        assert_int_equal(s->finding[0].at, PLACE);
        assert_non_null(strstr(s->finding[0].what, says));
        end_scan(s);
        sg_put_hex(&b, sg_bytes(psk[i].key, 32));
        hex[0] = 'f'; /* a digit before it: it need not stand alone */
        s = scan_with(hex, 65, k);
        assert_int_equal(s->findings, 1);
        assert_int_equal(s->finding[0].at, PLACE + 1);
        assert_non_null(strstr(s->finding[0].what, says));
        end_scan(s);
    }
    sg_known_psks_free(k);
}

static void texts(void **state)
{
    (void)state;
    text("psk=8f1d7c0ba29e4455b1c3d6e7f8091a2b", "psk", SG_LIKELY, "8f1d7c0ba29e4455b1c3d6e7f8091a2b");
    text("device key 8f1d7c0ba29e4455b1c3d6e7f8091a2b8f1d7c0ba29e4455b1c3d6e7f8091a2c", "psk", SG_POSSIBLE,
         "8f1d7c0ba29e4455b1c3d6e7f8091a2b8f1d7c0ba29e4455b1c3d6e7f8091a2c");
    text("000102030405060708090a0b0c0d0e0f", "psk", SG_CERTAIN, "000102030405060708090a0b0c0d0e0f");
    text("AT%CMNG=0,35724861,3,\"8f1d7c0ba29e4455\"", "psk", SG_CERTAIN, "8f1d7c0ba29e4455");
    text("AT%CMNG=0,2147483650,4,\"%s\"", "security-tag", SG_CERTAIN, "2147483650");
    text("wifi_password=Blue4Horses", "password", SG_LIKELY, "Blue4Horses");
    text("{\"mqtt_password\":\"hunter-two\"}", "password", SG_POSSIBLE, "hunter-two");
    text("mqtts://meter:s3cretWord@broker.example.net:8883", "password", SG_LIKELY, "s3cretWord");
    text("HostName=h;SharedAccessKey=Zm9vYmFyYmF6cXV4MTIzNA==", "token", SG_LIKELY, "Zm9vYmFyYmF6cXV4MTIzNA==");
    text("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLXNpZ25hdHVyZQ", "token", SG_CERTAIN,
         "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLXNpZ25hdHVyZQ");
    text("ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8", "token", SG_LIKELY, "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
}

static void texts_that_are_none(void **state)
{
    static const char *const cases[] = {
        "password=%s",
        "password=<value>",
        "Password: wrong, try again",
        "password=password",
        "AT%CMNG=0,%u,%u,\"%s\"",
        "AT%CMNG=0,16842753,3,\"%s\"",
        "commit 8f1d7c0ba29e4455b1c3d6e7f8091a2b",
        "key 00000000000000000000000000000000",
        "http://user:%s@host",
        "http://host:8080/path@2",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
        "token=********",
        "eyJhbGciOiJub25l.short.x",
        "secret=${SECRET_VALUE}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        nothing(cases[i]);
}

static void certificates(void **state)
{
    static uint8_t space[8192];
    struct sg_validity now = {1780000000, 1800000000}, past = {1500000000, 1600000000};
    EVP_PKEY *ca_key = sg_key_new(SG_P256, NULL), *key = sg_key_new(SG_P256, NULL);
    X509 *root = sg_cert_root(ca_key, "Device root", now, NULL);
    struct sg_issuer ca = {root, ca_key};
    X509 *issuing = sg_cert_issuing(ca, key, "First lot", now, NULL);
    X509 *device = sg_cert_device(ca, key, "urn:imei:351516170000001", now, NULL);
    X509 *server = sg_cert_server(ca, key, "lwm2m.meters.net", now, NULL);
    X509 *old = sg_cert_root(ca_key, "A test CA", past, NULL);
    struct {
        X509 *cert;
        enum sg_seen_kind kind;
        bool expired, test;
    } cases[] = {
        {root, SG_SEEN_ROOT, false, false},     {issuing, SG_SEEN_ISSUING, false, false},
        {device, SG_SEEN_DEVICE, false, false}, {server, SG_SEEN_SERVER, false, false},
        {old, SG_SEEN_ROOT, true, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int pem = 0; pem <= 1; pem++) {
            struct sg_buf b = sg_buf(space, sizeof space);
            assert_int_equal(pem ? sg_cert_put_pem(&b, cases[i].cert) : sg_cert_put_der(&b, cases[i].cert), 0);
            struct sg_image_scan *s = scan_with(space, b.len, NULL);
            assert_int_equal(s->findings, 0);
            assert_int_equal(s->certs, 1);
            assert_int_equal(s->cert[0].kind, cases[i].kind);
            assert_int_equal(s->cert[0].expired, cases[i].expired);
            assert_int_equal(s->cert[0].test, cases[i].test);
            assert_int_equal(s->cert[0].at, PLACE);
            assert_true(s->points >= 1); /* so the private half is sought near by */
            end_scan(s);
        }
    X509_free(root);
    X509_free(issuing);
    X509_free(device);
    X509_free(server);
    X509_free(old);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_has_none),
        cmocka_unit_test(private_keys),
        cmocka_unit_test(a_key_with_written_line_ends),
        cmocka_unit_test(a_scalar_beside_its_point),
        cmocka_unit_test(keys_of_the_inventory),
        cmocka_unit_test(texts),
        cmocka_unit_test(texts_that_are_none),
        cmocka_unit_test(certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
