/* SPDX-License-Identifier: Apache-2.0 */
/* Point 23 of the modem notes, section 8: %JWT, and the other commands around keys. */
#include "sim_rig.h"

#include <openssl/ec.h>
#include <openssl/evp.h>

static const struct sg_sim_config at_host = {.host = SG_SIM_AT_HOST};

/* The key that AT%KEYGEN made, from its answer. */
static EVP_PKEY *keygen(struct rig *r, const char *command)
{
    static struct sg_keygen k;
    char *answer = strdup(rig_ask(r, command)), *text = strchr(answer, '"');
    assert_non_null(text);
    *strchr(text + 1, '"') = 0;
    assert_int_equal(sg_keygen_parse(sg_str(text + 1), &k), 0);
    const uint8_t *p = k.body.p;
    EVP_PKEY *key = NULL;
    if (k.id == 8) {
        key = d2i_PUBKEY(NULL, &p, (long)k.body.n);
    } else {
        X509_REQ *req = sg_request_parse(k.body, NULL);
        key = sg_request_key(req);
        X509_REQ_free(req);
    }
    assert_non_null(key);
    free(answer);
    return key;
}

struct token {
    char signed_text[2048], header[128], claims[1024];
    uint8_t signature[64];
};

static void take_part(const char *p, size_t n, void *out, size_t cap, size_t *len)
{
    struct sg_buf b = sg_buf(out, cap);
    assert_int_equal(sg_parse_base64url(sg_bytes(p, n), &b), 0);
    *len = b.len;
}

static struct token jwt(struct rig *r, const char *command)
{
    struct token t = {.signed_text = ""};
    const char *answer = rig_ask(r, command);
    size_t n;
    assert_memory_equal(answer, "%JWT: \"", 7);
    const char *first = answer + 7, *second = strchr(first, '.') + 1, *third = strchr(second, '.') + 1;
    take_part(first, (size_t)(second - 1 - first), t.header, sizeof t.header - 1, &n);
    take_part(second, (size_t)(third - 1 - second), t.claims, sizeof t.claims - 1, &n);
    take_part(third, (size_t)(strchr(third, '"') - third), t.signature, sizeof t.signature, &n);
    assert_int_equal(n, 64);
    assert_string_equal(strchr(third, '"'), "\"\r\nOK");
    memcpy(t.signed_text, first, (size_t)(third - 1 - first));
    return t;
}

static bool verifies(const struct token *t, EVP_PKEY *key)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    uint8_t *der = NULL;
    ECDSA_SIG_set0(sig, BN_bin2bn(t->signature, 32, NULL), BN_bin2bn(t->signature + 32, 32, NULL));
    int n = i2d_ECDSA_SIG(sig, &der);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key), 1);
    int ok = EVP_DigestVerify(md, der, (size_t)n, (const uint8_t *)t->signed_text, strlen(t->signed_text));
    EVP_MD_CTX_free(md);
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    return ok == 1;
}

static void point_23_a_token_proves_the_key_that_keygen_made(void **state)
{
    struct rig r;
    char expected[128];
    (void)state;
    rig_start(&r, &at_host);
    EVP_PKEY *key = keygen(&r, "AT%KEYGEN=35724861,2,0"), *other = keygen(&r, "AT%KEYGEN=7,8,0");
    struct token t = jwt(&r, "AT%JWT=0,0,\"x\",\"y\",35724861,2");
    assert_string_equal(t.header, "{\"typ\":\"JWT\",\"alg\":\"ES256\"}");
    assert_true(verifies(&t, key));
    assert_false(verifies(&t, other));
    const char *uuid = rig_ask(&r, "AT%DEVICEUUID") + strlen("%DEVICEUUID: ");
    (void)snprintf(expected, sizeof expected, "{\"iss\":\"nRF9151.%.36s\",\"jti\":\"nRF9151.", uuid);
    assert_memory_equal(t.claims, expected, strlen(expected));
    assert_string_equal(t.claims + strlen(t.claims) - 22, "\",\"sub\":\"x\",\"aud\":\"y\"}");
    assert_null(strstr(t.claims, "iat"));
    struct token again = jwt(&r, "AT%JWT=0,0,\"x\",\"y\",35724861,2");
    assert_string_not_equal(t.claims, again.claims); /* jti is random */
    t = jwt(&r, "AT%JWT=,,,,7,8");
    assert_true(verifies(&t, other));
    assert_null(strstr(t.claims, "sub"));
    assert_null(strstr(t.claims, "aud"));
    t = jwt(&r, "AT%JWT"); /* the identity key */
    assert_false(verifies(&t, key));
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    rig_end(&r);
}

static void point_23_a_token_has_times_where_the_modem_knows_the_time(void **state)
{
    struct rig r;
    unsigned long long iat = 0, exp = 0;
    (void)state;
    rig_start(&r, &at_host);
    struct token t = jwt(&r, "AT%JWT=0,600,\"s\"");
    assert_null(strstr(t.claims, "exp"));
    rig_ask(&r, "AT+CFUN=1");
    rig_ask(&r, "AT+CFUN=4"); /* its clock goes on */
    t = jwt(&r, "AT%JWT=0,600,\"s\"");
    assert_int_equal(sscanf(strstr(t.claims, "\"iat\""), "\"iat\":%llu,\"exp\":%llu", &iat, &exp), 2);
    assert_true(llabs((long long)iat - (long long)time(NULL)) < 60);
    assert_int_equal(exp - iat, 600);
    t = jwt(&r, "AT%JWT=0,0,\"s\"");
    assert_null(strstr(t.claims, "iat"));
    sg_sim_reboot(r.sim, rig_now(&r));
    t = jwt(&r, "AT%JWT=0,600,\"s\"");
    assert_null(strstr(t.claims, "iat"));
    rig_end(&r);
}

static void point_23_a_token_that_cannot_be_made(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, &at_host);
    rig_ask(&r, "AT+CMEE=1");
    assert_string_equal(rig_ask(&r, "AT%JWT=0,0,\"x\",\"y\",9,2"), "+CME ERROR: 513");
    rig_ask(&r, "AT%CMNG=0,9,2,\"no key\"");
    assert_string_equal(rig_ask(&r, "AT%JWT=0,0,\"x\",\"y\",9,2"), "+CME ERROR: 514");
    static const char *const bad[] = {"AT%JWT=1",          "AT%JWT=0,604801",      "AT%JWT=0,0,x",
                                      "AT%JWT=0,0,,,9",    "AT%JWT=0,0,,,9,1",     "AT%JWT=0,0,,,,2",
                                      "AT%JWT=0,0,\"\\\"", "AT%JWT=0,0,,,9,2,\"\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_string_equal(rig_ask(&r, bad[i]), "+CME ERROR: 50");
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(point_23_a_token_proves_the_key_that_keygen_made),
        cmocka_unit_test(point_23_a_token_has_times_where_the_modem_knows_the_time),
        cmocka_unit_test(point_23_a_token_that_cannot_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
