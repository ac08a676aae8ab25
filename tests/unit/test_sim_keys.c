/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, requests and attestation: points 13 to 16 of the modem notes, section 8, and a whole enrolment. */
#include "sim_rig.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

static struct sg_keygen *keygen(struct rig *r, uint32_t tag, const char *subject)
{
    static struct sg_keygen k;
    assert_int_equal(sg_modem_keygen(&r->modem, tag, subject, NULL, &k), 0);
    return &k;
}

/* The identity key's digest as the modem lists it, and of this SubjectPublicKeyInfo. */
static void digest_of(EVP_PKEY *key, uint8_t sha[32])
{
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(key, &der);
    sg_sha256(sg_bytes(der, (size_t)n), sha);
    OPENSSL_free(der);
}

static bool has(struct sg_bytes body, const void *bytes, size_t n)
{
    for (size_t i = 0; i + n <= body.n; i++)
        if (memcmp(body.p + i, bytes, n) == 0)
            return true;
    return false;
}

/* All that OpenSSL reads in a request, after sg_request_parse checked its signature and curve. */
static X509_REQ *request(struct sg_bytes der)
{
    struct sg_error err = {0};
    struct sg_request *checked = sg_request_parse(der, &err);
    const uint8_t *p = der.p;
    if (checked == NULL)
        fail_msg("%s", err.text);
    sg_request_free(checked);
    return d2i_X509_REQ(NULL, &p, (long)der.n);
}

static X509_NAME_ENTRY *subject_entry(X509_REQ *req, int at)
{
    return X509_NAME_get_entry(X509_REQ_get_subject_name(req), at);
}

static void assert_entry(X509_REQ *req, int at, int nid, int type, const char *text)
{
    X509_NAME_ENTRY *e = subject_entry(req, at);
    assert_non_null(e);
    assert_int_equal(OBJ_obj2nid(X509_NAME_ENTRY_get_object(e)), nid);
    ASN1_STRING *s = X509_NAME_ENTRY_get_data(e);
    assert_int_equal(ASN1_STRING_type(s), type);
    assert_int_equal(ASN1_STRING_length(s), strlen(text));
    assert_memory_equal(ASN1_STRING_get0_data(s), text, strlen(text));
}

static void point_13_one_uuid_per_device(void **state)
{
    struct rig r;
    struct sg_modem_info a, b;
    (void)state;
    rig_start(&r, NULL);
    assert_int_equal(sg_modem_identify(rig_modem(&r), &a), 0);
    assert_int_equal(a.uuid_bytes[6] >> 4, 4); /* RFC 9562: version 4, variant 10 */
    assert_int_equal(a.uuid_bytes[8] >> 6, 2);
    assert_memory_equal(keygen(&r, 1, NULL)->uuid, a.uuid_bytes, 16);
    assert_memory_equal(keygen(&r, 2, NULL)->uuid, a.uuid_bytes, 16);
    rig_end(&r);
    rig_start(&r, NULL);
    assert_int_equal(sg_modem_identify(rig_modem(&r), &b), 0);
    assert_string_not_equal(a.uuid, b.uuid);
    assert_string_not_equal(a.imei, b.imei);
    assert_int_equal(strlen(b.imei), 15);
    rig_end(&r);
}

static void identity_commands_have_every_form(void **state)
{
    const struct sg_sim_config config = {.host = SG_SIM_AT_HOST, .imei = "352656100367872", .model = "nRF9160"};
    struct rig r;
    (void)state;
    rig_start(&r, &config);
    assert_string_equal(rig_ask(&r, "AT+CGSN"), "352656100367872\r\nOK");
    assert_string_equal(rig_ask(&r, "AT+CGSN=0"), "352656100367872\r\nOK");
    assert_string_equal(rig_ask(&r, "AT+CGSN=1"), "+CGSN: \"352656100367872\"\r\nOK");
    assert_string_equal(rig_ask(&r, "AT+CGSN=2"), "+CGSN: \"3526561003678701\"\r\nOK");
    assert_string_equal(rig_ask(&r, "AT+CGSN=3"), "+CGSN: \"01\"\r\nOK");
    assert_string_equal(rig_ask(&r, "AT+CGSN=4"), "ERROR");
    assert_string_equal(rig_ask(&r, "AT+CGMM"), "nRF9160-SICA\r\nOK");
    assert_string_equal(rig_ask(&r, "AT+CGMR"), "mfw_nrf9160_1.3.6\r\nOK");
    assert_string_equal(rig_ask(&r, "AT%HWVERSION"), "%HWVERSION: nRF9160 SICA B1A\r\nOK");
    rig_end(&r);
}

static void point_14_a_request_as_the_modem_makes_it(void **state)
{
    static const uint8_t usage_default[] = {0x03, 0x02, 0x03, 0xE8};
    static const uint8_t algorithm[] = {0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02};
    struct rig r;
    struct sg_modem_info info;
    (void)state;
    rig_start(&r, NULL);
    assert_int_equal(sg_modem_identify(rig_modem(&r), &info), 0);
    struct sg_keygen *k = keygen(&r, 1235, NULL);
    X509_REQ *req = request(k->body);
    assert_int_equal(X509_REQ_get_version(req), 0);
    assert_int_equal(X509_NAME_entry_count(X509_REQ_get_subject_name(req)), 1);
    assert_entry(req, 0, NID_commonName, V_ASN1_UTF8STRING, info.uuid);
    STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(req);
    assert_int_equal(sk_X509_EXTENSION_num(list), 1);
    X509_EXTENSION *usage = sk_X509_EXTENSION_value(list, 0);
    assert_int_equal(OBJ_obj2nid(X509_EXTENSION_get_object(usage)), NID_key_usage);
    assert_int_equal(X509_EXTENSION_get_critical(usage), 0);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    X509_REQ_free(req);
    assert_true(has(k->body, usage_default, sizeof usage_default));
    assert_true(has(k->body, algorithm, sizeof algorithm));
    assert_in_range(k->body.n, 240, 275);
    assert_int_equal(k->id, 9);
    assert_int_equal(k->tag, 1235);
    assert_int_equal(k->key_id, -2);
    uint8_t digest[32];
    const char *what = NULL;
    sg_sha256(k->body, digest);
    assert_int_equal(sg_keygen_check(k, 1235, info.uuid_bytes, digest, &what), 0);
    rig_end(&r);
}

static void point_14_attributes_and_key_usage(void **state)
{
    static const uint8_t usage[] = {0x03, 0x02, 0x03, 0xA8};
    struct rig r;
    struct sg_modem_info info;
    (void)state;
    rig_start(&r, NULL);
    assert_int_equal(sg_modem_identify(rig_modem(&r), &info), 0);
    struct sg_keygen *k = keygen(&r, 1, "CN=urn:imei:352656106107108");
    X509_REQ *req = request(k->body);
    assert_int_equal(X509_NAME_entry_count(X509_REQ_get_subject_name(req)), 1);
    assert_entry(req, 0, NID_commonName, V_ASN1_UTF8STRING, "urn:imei:352656106107108");
    X509_REQ_free(req);
    k = keygen(&r, 2, "O=Nordic Semiconductor,L=Trondheim,C=no,CN=mydevice");
    req = request(k->body);
    assert_entry(req, 0, NID_organizationName, V_ASN1_UTF8STRING, "Nordic Semiconductor");
    assert_entry(req, 1, NID_localityName, V_ASN1_UTF8STRING, "Trondheim");
    assert_entry(req, 2, NID_countryName, V_ASN1_PRINTABLESTRING, "no");
    assert_entry(req, 3, NID_commonName, V_ASN1_UTF8STRING, "mydevice");
    X509_REQ_free(req);
    k = keygen(&r, 3, "O=Nordic"); /* no CN is added */
    req = request(k->body);
    assert_int_equal(X509_NAME_entry_count(X509_REQ_get_subject_name(req)), 1);
    assert_entry(req, 0, NID_organizationName, V_ASN1_UTF8STRING, "Nordic");
    X509_REQ_free(req);

    static struct sg_keygen parsed;
    char *answer = strdup(rig_ask(&r, "AT%KEYGEN=4,2,0,\"CN=x\",\"101010000\""));
    char *text = strchr(answer, '"') + 1;
    *strchr(text, '"') = 0;
    assert_int_equal(sg_keygen_parse(sg_str(text), &parsed), 0);
    assert_true(has(parsed.body, usage, sizeof usage));
    free(answer);

    static const char *const bad[] = {"AT%KEYGEN=5,2,0,\"CN\"",
                                      "AT%KEYGEN=5,2,0,\"CN=\"",
                                      "AT%KEYGEN=5,2,0,\"XX=1\"",
                                      "AT%KEYGEN=5,2,0,\"CN=x\",\"10101\"",
                                      "AT%KEYGEN=5,2,0,\"CN=x\",\"10101000x\"",
                                      "AT%KEYGEN=5,2,0,CN",
                                      "AT%KEYGEN=5,2,0,\"ST=Oslo\"",
                                      "AT%KEYGEN=5,2",
                                      "AT%KEYGEN=5,2,2",
                                      "AT%KEYGEN=5,3,0",
                                      "AT%KEYGEN=5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_string_equal(rig_ask(&r, bad[i]), "\r\n+CME ERROR: 50");
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,5"), "\r\nOK"); /* and no key was made */
    assert_string_equal(rig_ask(&r, "AT%KEYGEN=2147483648,2,0"), "\r\n+CME ERROR: 514");
    rig_end(&r);
}

static void point_14_older_firmware_has_null_parameters(void **state)
{
    static const uint8_t algorithm[] = {0x30, 0x0C, 0x06, 0x08, 0x2A, 0x86, 0x48,
                                        0xCE, 0x3D, 0x04, 0x03, 0x02, 0x05, 0x00};
    const struct sg_sim_config config = {.model = "nRF9160"};
    struct rig r;
    (void)state;
    rig_start(&r, &config);
    rig_modem(&r);
    struct sg_keygen *k = keygen(&r, 1, NULL);
    assert_true(has(k->body, algorithm, sizeof algorithm));
    struct sg_request *req = sg_request_parse(k->body, NULL);
    assert_non_null(req);
    sg_request_free(req);
    rig_end(&r);
}

static void point_14_the_identity_key_signs_with_the_body_as_external_data(void **state)
{
    char path[] = "/tmp/test_sim_keys.XXXXXX";
    const struct sg_sim_config config = {.store = path};
    struct rig r;
    struct sg_cred listed;
    uint8_t sha[32], file[8192];
    (void)state;
    close(mkstemp(path));
    unlink(path);
    rig_start(&r, &config);
    rig_modem(&r);
    struct sg_keygen *k = keygen(&r, 1, NULL);
    assert_int_equal(sg_modem_find(&r.modem, 4294967294U, SG_CRED_IDENTITY, &listed), 1);
    rig_end(&r);

    /* The store holds the identity key: its public half is the one that is listed, and verifies the reply. */
    FILE *f = fopen(path, "rb");
    struct sg_cursor c = sg_cursor(sg_bytes(file, fread(file, 1, sizeof file, f)));
    (void)fclose(f);
    unlink(path);
    sg_cbor_get_array(&c);
    sg_cbor_get_text(&c);
    sg_cbor_get_text(&c);
    sg_cbor_get_bytes(&c);
    struct sg_bytes der = sg_cbor_get_bytes(&c);
    const uint8_t *p = der.p;
    EVP_PKEY *identity = d2i_AutoPrivateKey(NULL, &p, (long)der.n);
    assert_non_null(identity);
    digest_of(identity, sha);
    assert_memory_equal(sha, listed.sha256, 32);
    assert_int_equal(sg_attest_verify(identity, k->protected_header, k->body, k->payload, k->signature), 0);
    k->signature[3] ^= 1;
    assert_int_equal(sg_attest_verify(identity, k->protected_header, k->body, k->payload, k->signature), SG_EMISMATCH);
    EVP_PKEY_free(identity);
}

static void point_15_an_occupied_tag(void **state)
{
    static struct sg_keygen one, two;
    struct rig r;
    struct sg_cred before, after;
    char *answer;
    (void)state;
    rig_start(&r, NULL);
    struct sg_modem *m = rig_modem(&r);
    keygen(&r, 1, NULL);
    assert_int_equal(sg_modem_find(m, 1, SG_CRED_KEY, &before), 1);
    assert_int_equal(sg_modem_keygen(m, 1, NULL, NULL, &one), SG_EDENIED);
    assert_int_equal(m->cme, SG_CME_EXISTS);
    assert_int_equal(sg_modem_write(m, 1, SG_CRED_KEY, sg_str("-----BEGIN PRIVATE KEY-----")), SG_EDENIED);
    assert_int_equal(m->cme, SG_CME_EXISTS); /* the only copy of a key is not overwritten */
    assert_int_equal(sg_modem_find(m, 1, SG_CRED_KEY, &after), 1);
    assert_memory_equal(before.sha256, after.sha256, 32);
    assert_int_equal(sg_modem_delete(m, 1, SG_CRED_KEY), 0);
    keygen(&r, 1, NULL);
    assert_int_equal(sg_modem_find(m, 1, SG_CRED_KEY, &after), 1);
    assert_memory_not_equal(before.sha256, after.sha256, 32);

    answer = strdup(rig_ask(&r, "AT%KEYGEN=2,2,1")); /* a public key */
    char *text = strchr(answer, '"') + 1;
    *strchr(text, '"') = 0;
    assert_int_equal(sg_keygen_parse(sg_str(text), &one), 0);
    assert_int_equal(one.id, 8);
    assert_int_equal(one.body.n, 91);
    free(answer);

    for (int i = 0; i < 2; i++) { /* the endorsement key stays the same */
        answer = strdup(rig_ask(&r, "AT%KEYGEN=3,8"));
        text = strchr(answer, '"') + 1;
        *strchr(text, '"') = 0;
        assert_int_equal(sg_keygen_parse(sg_str(text), i == 0 ? &one : &two), 0);
        free(answer);
    }
    assert_int_equal(one.id, 8);
    assert_true(sg_bytes_eq(one.body, two.body));
    assert_memory_not_equal(one.nonce, two.nonce, 16);
    rig_end(&r);
}

static void point_16_the_attestation_token(void **state)
{
    static const struct {
        const char *model;
        unsigned type;
    } models[] = {{"nRF9151", 6}, {"nRF9161", 4}, {"nRF9160", 3}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct sg_sim_config config = {.host = SG_SIM_AT_HOST, .model = models[i].model};
        struct rig r;
        uint8_t space[256];
        struct sg_buf b = sg_buf(space, sizeof space);
        rig_start(&r, &config);
        const char *answer = rig_ask(&r, "AT%ATTESTTOKEN=\"000102030405060708090a0b0c0d0e0f\"");
        assert_memory_equal(answer, "%ATTESTTOKEN: \"", 15);
        assert_int_equal(strlen(answer), 15 + 180 + 1 + 4); /* "\r\nOK" */
        assert_int_equal(answer[15 + 76], '.');
        assert_int_equal(sg_parse_base64url(sg_bytes(answer + 15, 76), &b), 0);
        assert_int_equal(b.len, 57);
        struct sg_cursor c = sg_cursor(sg_buf_bytes(&b));
        assert_int_equal(sg_cbor_get_tag(&c), 55799);
        assert_int_equal(sg_cbor_get_array(&c), 5);
        assert_int_equal(sg_cbor_get_uint(&c), 1);
        assert_int_equal(sg_cbor_get_bytes(&c).n, 16);
        assert_int_equal(sg_cbor_get_uint(&c), models[i].type);
        assert_int_equal(sg_cbor_get_bytes(&c).n, 16);
        struct sg_bytes nonce = sg_cbor_get_bytes(&c);
        assert_int_equal(nonce.n, 16);
        assert_int_equal(nonce.p[15], 15);
        b.len = 0;
        assert_int_equal(sg_parse_base64url(sg_bytes(answer + 15 + 77, 103), &b), 0);
        assert_int_equal(b.len, 77);
        c = sg_cursor(sg_buf_bytes(&b));
        assert_int_equal(sg_cbor_get_tag(&c), 18);
        assert_int_equal(sg_cbor_get_array(&c), 4);
        sg_cbor_skip(&c);
        sg_cbor_skip(&c);
        assert_true(sg_cbor_get_null(&c));
        char first[256];
        (void)snprintf(first, sizeof first, "%s", rig_ask(&r, "AT%ATTESTTOKEN"));
        assert_string_not_equal(rig_ask(&r, "AT%ATTESTTOKEN"), first);
        rig_ask(&r, "AT+CMEE=1");
        assert_string_equal(rig_ask(&r, "AT%ATTESTTOKEN=\"0001\""), "+CME ERROR: 50");
        rig_end(&r);
    }
}

/* ------------------------------------------------------------------------------------------- from end to end */

static void assert_stored(struct sg_modem *m, uint32_t tag, unsigned type, const char *pem)
{
    struct sg_cred c;
    uint8_t sha[32], space[4096];
    struct sg_buf b = sg_buf(space, sizeof space);
    sg_sha256(sg_str(pem), sha);
    assert_int_equal(sg_modem_find(m, tag, type, &c), 1);
    assert_memory_equal(c.sha256, sha, 32);
    if (type == SG_CRED_CA) {
        assert_int_equal(sg_modem_read(m, tag, type, &b), 0);
        assert_true(sg_bytes_eq_str(sg_buf_bytes(&b), pem));
    }
}

static void enrol(const struct sg_sim_config *config)
{
    struct rig r;
    struct rig_ca root = rig_ca("Server root"), lot = rig_ca("Device root");
    struct sg_modem_info info;
    struct sg_cred creds[8];
    char subject[64], endpoint[32], ca_pem[2048], cert_pem[2048], cn[64];

    rig_start(&r, config);
    struct sg_modem *m = rig_modem(&r);
    assert_int_equal(sg_modem_identify(m, &info), 0);
    assert_int_equal(sg_modem_set_function(m, 1), 0);
    assert_int_equal(sg_modem_get_function(m), 1);
    assert_int_equal(sg_modem_list(m, SG_TAG_LWM2M, creds, 8), 0);
    (void)snprintf(endpoint, sizeof endpoint, "urn:imei:%s", info.imei);
    (void)snprintf(subject, sizeof subject, "CN=%s", endpoint);
    (void)snprintf(ca_pem, sizeof ca_pem, "%s", rig_pem(root.cert));

    assert_int_equal(sg_modem_write(m, SG_TAG_LWM2M, SG_CRED_CA, sg_str(ca_pem)), SG_EDENIED);
    assert_int_equal(m->cme, SG_CME_ACTIVE);
    assert_int_equal(sg_modem_set_function(m, 4), 0);
    struct sg_keygen *k = keygen(&r, SG_TAG_LWM2M, subject);
    struct sg_request *req = sg_request_parse(k->body, NULL);
    assert_int_equal(sg_request_cn(req, cn, sizeof cn), 0);
    assert_string_equal(cn, endpoint);
    EVP_PKEY *key = sg_request_key(req);
    X509 *cert = sg_cert_device((struct sg_issuer){lot.cert, lot.key}, key, cn, rig_validity(), NULL);
    (void)snprintf(cert_pem, sizeof cert_pem, "%s", rig_pem(cert));
    assert_int_equal(sg_modem_write(m, SG_TAG_LWM2M, SG_CRED_CA, sg_str(ca_pem)), 0);
    assert_int_equal(sg_modem_write(m, SG_TAG_LWM2M, SG_CRED_CERT, sg_str(cert_pem)), 0);
    assert_int_equal(sg_modem_list(m, SG_TAG_LWM2M, creds, 8), 3);
    assert_int_equal(creds[0].type + creds[1].type + creds[2].type, 3); /* 0, 1, 2 in any order */
    assert_stored(m, SG_TAG_LWM2M, SG_CRED_CA, ca_pem);
    assert_stored(m, SG_TAG_LWM2M, SG_CRED_CERT, cert_pem);
    uint8_t space[64];
    struct sg_buf b = sg_buf(space, sizeof space);
    assert_int_equal(sg_modem_read(m, SG_TAG_LWM2M, SG_CRED_KEY, &b), SG_EDENIED);
    assert_int_equal(m->cme, SG_CME_NO_ACCESS);
    assert_int_equal(sg_modem_set_function(m, 1), 0);
    assert_null(strstr(r.log, "BEGIN"));

    X509_free(cert);
    EVP_PKEY_free(key);
    sg_request_free(req);
    rig_end(&r);
    rig_ca_free(&root);
    rig_ca_free(&lot);
}

static void a_modem_is_enrolled_through_every_host(void **state)
{
    const struct sg_sim_config configs[] = {
        {.host = SG_SIM_SERIAL_MODEM}, {.host = SG_SIM_SERIAL_MODEM, .echo = true}, {.host = SG_SIM_AT_HOST}};
    (void)state;
    for (size_t i = 0; i < 3; i++)
        enrol(&configs[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(point_13_one_uuid_per_device),
        cmocka_unit_test(identity_commands_have_every_form),
        cmocka_unit_test(point_14_a_request_as_the_modem_makes_it),
        cmocka_unit_test(point_14_attributes_and_key_usage),
        cmocka_unit_test(point_14_older_firmware_has_null_parameters),
        cmocka_unit_test(point_14_the_identity_key_signs_with_the_body_as_external_data),
        cmocka_unit_test(point_15_an_occupied_tag),
        cmocka_unit_test(point_16_the_attestation_token),
        cmocka_unit_test(a_modem_is_enrolled_through_every_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
