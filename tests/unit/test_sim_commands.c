/* SPDX-License-Identifier: Apache-2.0 */
/* Point 23 of the modem notes, section 8: %JWT, and the other commands around keys. */
#include "sim_signed.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

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
        struct sg_request *req = sg_request_parse(k.body, NULL);
        key = sg_request_key(req);
        sg_request_free(req);
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

/* --------------------------------------------------------------------------------------------- %CERTEXPIRY */

static void point_23_when_a_certificate_expires(void **state)
{
    static const char *const everywhere[] = {"certexpiry=all"};
    const struct sg_sim_config nrf9160 = {.host = SG_SIM_AT_HOST, .profile = "nrf9160-1.3.x"};
    const struct sg_sim_config all = {.host = SG_SIM_AT_HOST, .settings = everywhere, .setting_count = 1};
    struct rig_ca ca = rig_ca("Root");
    struct rig r;
    char command[4096], expected[256], times[2][32];
    (void)state;
    const int64_t ends[] = {rig_validity().from, rig_validity().until};
    for (int i = 0; i < 2; i++) {
        time_t t = (time_t)ends[i];
        struct tm tm;
        (void)strftime(times[i], sizeof times[i], "%Y%m%d%H%M%SZ", gmtime_r(&t, &tm));
        times[i][12] = 0; /* the second may have changed since */
    }
    BIGNUM *n = ASN1_INTEGER_to_BN(X509_get_serialNumber(ca.cert), NULL);
    char *hex = BN_bn2hex(n);
    for (int i = 0; i < 2; i++) {
        rig_start(&r, i == 0 ? &nrf9160 : &all);
        rig_ask(&r, "AT+CMEE=1");
        (void)snprintf(command, sizeof command, "AT%%CMNG=0,9,0,\"%s\"", rig_pem(ca.cert));
        assert_string_equal(rig_ask(&r, command), "OK");
        const char *answer = rig_ask(&r, "AT%CERTEXPIRY=9,0");
        (void)snprintf(expected, sizeof expected, "%s,%s", hex, times[0]);
        assert_memory_equal(answer, "%CERTEXPIRY: ", 13);
        assert_non_null(strstr(answer, expected)); /* a leading 00 may be before it, as in the published sample */
        assert_non_null(strstr(answer, times[1]));
        assert_string_equal(rig_ask(&r, "AT%CERTEXPIRY=9,1"), "+CME ERROR: 513");
        assert_string_equal(rig_ask(&r, "AT%CERTEXPIRY=9,2"), "+CME ERROR: 50");
        assert_string_equal(rig_ask(&r, "AT%CERTEXPIRY=0,0"), "+CME ERROR: 50");
        if (i == 0) { /* it does not validate, so that there can be nonsense */
            rig_ask(&r, "AT%CMNG=0,9,1,\"nonsense\"");
            assert_string_equal(rig_ask(&r, "AT%CERTEXPIRY=9,1"), "+CME ERROR: 527");
        }
        rig_end(&r);
    }
    rig_start(&r, &at_host);
    assert_string_equal(rig_ask(&r, "AT%CERTEXPIRY=9,0"), "ERROR"); /* only the nRF9160's manual has it */
    rig_end(&r);
    OPENSSL_free(hex);
    BN_free(n);
    rig_ca_free(&ca);
}

/* ------------------------------------------------------------------------------------------ %XPMNG and %XSUDO */

static void point_23_a_key_for_commands_is_written_once(void **state)
{
    EVP_PKEY *key = sg_key_new(SG_P256, NULL), *p384 = sg_key_new(SG_P384, NULL);
    struct rig r;
    char expected[1024];
    (void)state;
    rig_start(&r, &at_host);
    rig_ask(&r, "AT+CMEE=1");
    assert_string_equal(rig_ask(&r, "AT%XPMNG=2"), "+CME ERROR: 513");
    rig_ask(&r, "AT+CFUN=1");
    write_at_key(&r, key, "", "+CME ERROR: 518");
    rig_ask(&r, "AT+CFUN=4");
    write_at_key(&r, p384, "", "+CME ERROR: 50");
    assert_string_equal(rig_ask(&r, "AT%XPMNG=0,\"no key\""), "+CME ERROR: 50");
    write_at_key(&r, key, ",10", "+CME ERROR: 50");
    write_at_key(&r, key, ",3", "OK");
    write_at_key(&r, key, ",3", "+CME ERROR: 519");
    (void)snprintf(expected, sizeof expected, "%%XPMNG: \"%s\"\r\nOK", public_pem(key));
    assert_string_equal(rig_ask(&r, "AT%XPMNG=2,3"), expected);
    assert_string_equal(rig_ask(&r, "AT%XPMNG=2"), "+CME ERROR: 513");
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=1,3"), "%CMNG: 3,5,\""));
    assert_string_equal(rig_ask(&r, "AT%XPMNG=1"), "+CME ERROR: 50");
    EVP_PKEY_free(key);
    EVP_PKEY_free(p384);
    rig_end(&r);
}

static void point_23_with_that_key_writing_needs_a_signature(void **state)
{
    EVP_PKEY *key = sg_key_new(SG_P256, NULL), *other = sg_key_new(SG_P256, NULL);
    struct rig r;
    char damaged[4096];
    (void)state;
    rig_start(&r, &at_host);
    rig_ask(&r, "AT+CMEE=1");
    rig_ask(&r, "AT%CMNG=0,1,4,\"id\"");
    assert_string_equal(rig_ask(&r, signed_command(key, "%CMNG=0,1,4,\"x\"", "")), "+CME ERROR: 513");
    write_at_key(&r, key, "", "OK");
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,1,4,\"other\""), "+CME ERROR: 514");
    assert_string_equal(rig_ask(&r, "AT%CMNG=3,1,4"), "+CME ERROR: 514");
    assert_string_equal(rig_ask(&r, "AT%KEYGEN=2,2,0"), "+CME ERROR: 514");
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=2,1,4"), ",\"id\"")); /* reading does not */

    assert_string_equal(rig_ask(&r, signed_command(other, "%CMNG=0,1,4,\"a,;b\"", "")), "+CME ERROR: 520");
    assert_string_equal(rig_ask(&r, signed_command(key, "%CMNG=0,1,4,\"a,;b\"", ",1")), "+CME ERROR: 513");
    (void)snprintf(damaged, sizeof damaged, "%s", signed_command(key, "%CMNG=0,1,4,\"a,;b\"", ""));
    *strstr(damaged, ";b") = '!';
    assert_string_equal(rig_ask(&r, damaged), "+CME ERROR: 520");
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=2,1,4"), ",\"id\""));
    assert_string_equal(rig_ask(&r, signed_command(key, "%CMNG=0,1,4,\"a,;b\"", "")), "OK");
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=2,1,4"), ",\"a,;b\""));
    (void)snprintf(damaged, sizeof damaged, "%s  ", signed_command(key, "%CMNG=0,1,4,\"y\"", ",0"));
    assert_string_equal(rig_ask(&r, damaged), "OK"); /* what is beyond the length is ignored */
    assert_string_equal(rig_ask(&r, signed_command(key, "%NOSUCH", "")), "ERROR");
    assert_non_null(strstr(rig_ask(&r, signed_command(key, "%KEYGEN=2,2,0", "")), "%KEYGEN: \""));
    assert_string_equal(rig_ask(&r, signed_command(key, "%CMNG=3,0,5", "")), "OK"); /* unlocked */
    assert_string_equal(rig_ask(&r, "AT%CMNG=3,1,4"), "OK");
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    rig_end(&r);
}

/* ------------------------------------------------------------------------------------------------- settings */

static void start_with(struct rig *r, const char *setting)
{
    static const char *one[1];
    one[0] = setting;
    const struct sg_sim_config config = {.host = SG_SIM_AT_HOST, .settings = one, .setting_count = 1};
    rig_start(r, &config);
    rig_ask(r, "AT+CMEE=1");
}

static void what_the_manuals_leave_open_can_be_set(void **state)
{
    static const struct {
        const char *setting, *before, *command, *answer;
    } cases[] = {
        {"read-refused=513", "AT%CMNG=0,1,2,\"x\"", "AT%CMNG=2,1,2", "+CME ERROR: 513"},
        {"read-refused=514", "AT%CMNG=0,1,2,\"x\"", "AT%CMNG=2,1,2", "+CME ERROR: 514"},
        {"overwrite=public", "AT%CMNG=0,1,4,\"x\"", "AT%CMNG=0,1,4,\"y\"", "OK"},
        {"overwrite=public", "AT%CMNG=0,1,2,\"x\"", "AT%CMNG=0,1,2,\"y\"", "+CME ERROR: 519"},
        {"overwrite=none", "AT%CMNG=0,1,4,\"x\"", "AT%CMNG=0,1,4,\"y\"", "+CME ERROR: 519"},
        {"overwrite=all", "AT%KEYGEN=1,2,0", "AT%CMNG=0,1,2,\"y\"", "OK"},
        {"password=refused", "AT", "AT%CMNG=0,1,2,\"x\",\"secret\"", "+CME ERROR: 50"},
        {"password=ignored", "AT", "AT%CMNG=0,1,2,\"x\",\"secret\"", "OK"},
        {"password=ignored", "AT", "AT%CMNG=0,1,2,\"x\",\"123456789012345678901234567890123\"", "+CME ERROR: 50"},
        {"psk-max=32", "AT", "AT%CMNG=0,1,3,\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"",
         "OK"},
        {"psk-max=32", "AT", "AT%CMNG=0,1,3,\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00\"",
         "+CME ERROR: 50"},
        {"psk-max=64", "AT", "AT%CMNG=0,1,3,\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00\"",
         "OK"},
        {"guesses=no", "AT", "AT+CGMI", "ERROR"},
        {"guesses=yes", "AT", "AT+CGMI", "Nordic Semiconductor ASA\r\nOK"},
        {"guesses=yes", "AT", "AT%SHORTSWVER", "%SHORTSWVER: nrf91x1_2.0.2\r\nOK"},
        {"keygen-response=required", "AT", "AT%KEYGEN=1,2", "+CME ERROR: 50"},
    };
    struct rig r;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start_with(&r, cases[i].setting);
        rig_ask(&r, cases[i].before);
        assert_string_equal(rig_ask(&r, cases[i].command), cases[i].answer);
        rig_end(&r);
    }
}

static void settings_of_longer_answers(void **state)
{
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    char zeros[128] = "";
    struct rig r;
    (void)state;
    start_with(&r, "list-blanks=yes");
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=1,4294967294"), "%CMNG: 4294967294, 6, \""));
    rig_end(&r);
    start_with(&r, "list-order=sorted");
    for (int i = 9; i > 0; i--) {
        char command[64];
        (void)snprintf(command, sizeof command, "AT%%CMNG=0,%d,4,\"%d\"", i, i);
        rig_ask(&r, command);
    }
    const char *at = rig_ask(&r, "AT%CMNG=1");
    for (int i = 1; i < 10; i++, at++) {
        char line[32];
        (void)snprintf(line, sizeof line, "%%CMNG: %d,4", i);
        at = strstr(at, line);
        assert_non_null(at);
    }
    rig_end(&r);
    start_with(&r, "key-digest=zero");
    memset(zeros, '0', 64);
    rig_ask(&r, "AT%KEYGEN=1,2,0");
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=1,1,2"), zeros));
    rig_end(&r);
    start_with(&r, "xpmng-exists=520");
    write_at_key(&r, key, "", "OK");
    write_at_key(&r, key, "", "+CME ERROR: 520");
    rig_end(&r);
    start_with(&r, "restricted=all");
    write_at_key(&r, key, "", "OK");
    assert_string_equal(rig_ask(&r, "AT%CMNG=1"), "+CME ERROR: 514");
    rig_end(&r);
    start_with(&r, "restricted=nothing");
    write_at_key(&r, key, "", "OK");
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,1,4,\"x\""), "OK");
    rig_end(&r);
    start_with(&r, "read-identity=yes");
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=2,4294967294,6"), ",\"-----BEGIN PUBLIC KEY-----"));
    rig_end(&r);
    start_with(&r, "keygen-response=public");
    EVP_PKEY_free(key);
    key = keygen(&r, "AT%KEYGEN=1,2");
    EVP_PKEY_free(key);
    rig_end(&r);
}

static void a_setting_that_is_none_is_refused_in_words(void **state)
{
    static const char *const wrong[] = {"read-cert", "read-cert=maybe", "nonsense=1", ""};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct sg_error err = {0};
        const struct sg_sim_config config = {.settings = &wrong[i], .setting_count = 1};
        assert_null(sg_sim_new(&config, 0, &err));
        assert_int_equal(err.code, SG_EINVAL);
        assert_non_null(strstr(err.text, i < 2 ? "no or yes" : "--settings"));
    }
    const struct sg_sim_config config = {.profile = "nrf52"};
    struct sg_error err = {0};
    assert_null(sg_sim_new(&config, 0, &err));
    assert_non_null(strstr(err.text, "nrf52"));
}

/* -------------------------------------------------------------------------------------------------- profiles */

static void point_11_each_profile_has_its_firmwares_commands(void **state)
{
    struct rig r;
    char zeros[65] = "", expected[64];
    (void)state;
    memset(zeros, '0', 64);
    for (size_t i = 0; sg_sim_profile(i); i++) {
        const struct sg_sim_profile *p = sg_sim_profile(i);
        const struct sg_sim_config config = {.host = SG_SIM_AT_HOST, .profile = p->name};
        bool old = strcmp(p->name, "nrf9160-1.2.x") == 0;
        rig_start(&r, &config);
        (void)snprintf(expected, sizeof expected, "%s\r\nOK", p->firmware);
        assert_string_equal(rig_ask(&r, "AT+CGMR"), expected);
        assert_memory_equal(rig_ask(&r, "AT+CGMM"), p->model, strlen(p->model));
        rig_ask(&r, "AT+CMEE=1");
        bool validates = strcmp(rig_ask(&r, "AT%CMNG=0,1,0,\"x\""), "+CME ERROR: 527") == 0;
        assert_int_equal(validates, strstr(p->name, "2.0.x") || strstr(p->name, "2.0.4") || strstr(p->name, "ntn"));
        rig_ask(&r, "AT%CMNG=0,1,4,\"x\"");
        bool digest = strstr(rig_ask(&r, "AT%CMNG=1,1,4"), zeros) == NULL;
        assert_int_equal(digest, strcmp(p->name, "nrf9160-1.2.x") != 0 && strcmp(p->name, "nrf9160-1.3.1") != 0);
        static const char *const newer[] = {"AT%KEYGEN=2,2,0", "AT%ATTESTTOKEN", "AT%JWT", "AT%DEVICEUUID"};
        for (size_t k = 0; k < 4; k++)
            assert_int_equal(strcmp(rig_ask(&r, newer[k]), "ERROR") == 0, old);
        rig_end(&r);
    }
}

static void trap_19_an_imei_may_be_missing(void **state)
{
    const struct sg_sim_config config = {.host = SG_SIM_AT_HOST, .imei = "none"};
    struct sg_modem_info info;
    struct rig r;
    (void)state;
    rig_start(&r, &config);
    assert_string_equal(rig_ask(&r, "AT+CGSN"), "ERROR");
    assert_string_equal(rig_ask(&r, "AT+CGSN=1"), "ERROR");
    assert_int_equal(sg_modem_identify(rig_modem(&r), &info), 0); /* the UUID names it */
    assert_string_equal(info.imei, "");
    assert_int_equal(strlen(info.uuid), 36);
    rig_end(&r);
}

/* ------------------------------------------------------------------------------------------- what is not known */

/* Section 3.5: their forms are known, and what they carry is not. */
static void keys_are_not_injected_and_nothing_is_claimed(void **state)
{
    static const struct {
        const char *profile, *command, *answer;
    } cases[] = {
        {"nrf91x1-2.0.x", "AT%KEYINJECT=\"0GA.0oQ\"", "+CME ERROR: 51"},
        {"nrf91x1-2.0.x", "AT%KEYINJECT=\"0GA\"", "+CME ERROR: 50"},
        {"nrf91x1-2.0.x", "AT%KEYINJECT=\"0GA.\"", "+CME ERROR: 50"},
        {"nrf91x1-2.0.x", "AT%KEYINJECT=\"0G=.0oQ\"", "+CME ERROR: 50"},
        {"nrf91x1-2.0.x", "AT%KEYINJECT", "ERROR"},
        {"nrf9160-1.2.x", "AT%KEYINJECT=\"0GA.0oQ\"", "ERROR"},
        {"nrf9160-1.3.x", "AT%CLAIMTOKEN=16", "+CME ERROR: 529"},
        {"nrf9160-1.3.x", "AT%CLAIMTOKEN=16,\"00112233445566778899aabbccddeeff\"", "+CME ERROR: 529"},
        {"nrf9160-1.3.x", "AT%CLAIMTOKEN=16,\"0011\"", "+CME ERROR: 50"},
        {"nrf9160-1.3.x", "AT%CLAIMTOKEN=", "+CME ERROR: 50"},
        {"nrf9160-1.3.1", "AT%CLAIMTOKEN=16", "ERROR"}, /* from 1.3.4 on */
        {"nrf91x1-2.0.x", "AT%CLAIMTOKEN=16", "ERROR"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig r;
        rig_start(&r, &(struct sg_sim_config){.host = SG_SIM_AT_HOST, .profile = cases[i].profile});
        rig_ask(&r, "AT+CMEE=1");
        assert_string_equal(rig_ask(&r, cases[i].command), cases[i].answer);
        rig_end(&r);
    }
}

/* ------------------------------------------------------------------------------------------------- at_shell */

#define PROMPT "\x1b[1;32mmosh:~$ \x1b[m"

static void the_shell_passes_one_argument_to_the_modem(void **state)
{
    const struct sg_sim_config config = {.host = SG_SIM_SHELL, .imei = "352656100367872"};
    struct rig r;
    char expected[512], sha[65];
    (void)state;
    rig_start(&r, &config);
    rig_type(&r, "\r\n", "\r\n" PROMPT);
    rig_type(&r, "at AT+CGSN\r\n", "at AT+CGSN\r\n352656100367872\r\r\nOK\r\r\n\r\n" PROMPT);
    rig_type(&r, "AT+CGSN\r", "AT+CGSN\r\n\x1b[1;31mAT+CGSN: command not found\r\n\x1b[m" PROMPT);
    rig_type(&r, "at 'AT+CGSN\r", "at 'AT+CGSN\r\n\x1b[1;31mnot terminated: '\r\n\x1b[m" PROMPT);
    rig_type(&r, "at\r", "at\r\n" PROMPT);
    rig_type(&r, "at AT+CMEE=1\r", "at AT+CMEE=1\r\nOK\r\r\n\r\n" PROMPT);
    rig_type(&r, "at 'AT%CMNG=0,1,4,\"a\\nb\"'\r", "at 'AT%CMNG=0,1,4,\"a\\nb\"'\r\nOK\r\r\n\r\n" PROMPT);
    rig_sha_text("a\r\nb", 4, sha); /* \n became CR LF */
    (void)snprintf(expected, sizeof expected,
                   "at AT%%CMNG=2,1,4\r\n%%CMNG: 1,4,\"%s\",\"a\r\r\nb\"\r\r\nOK\r\r\n\r\n" PROMPT, sha);
    rig_type(&r, "at AT%CMNG=2,1,4\r", expected);
    /* Without apostrophes the shell takes the quotes away. */
    rig_type(&r, "at AT%CMNG=0,2,4,\"x\"\r", "at AT%CMNG=0,2,4,\"x\"\r\n+CME ERROR: 50\r\r\n\r\n" PROMPT);
    rig_type(&r, "at AT\bT+CFUN?\r", "at AT\bT+CFUN?\r\n+CFUN: 0\r\r\nOK\r\r\n\r\n" PROMPT);
    for (int i = 0; i < 60; i++) {
        char command[64];
        (void)snprintf(command, sizeof command, "at 'AT%%CMNG=0,%d,4,\"%d\"'", i + 10, i);
        (void)rig_ask(&r, command);
    }
    rig_type(&r, "at AT%CMNG=1\r", /* more than its 2700 bytes */
             "at AT%CMNG=1\r\nSending AT command failed with error code -7\r\n" PROMPT);
    rig_end(&r);
}

/* Prompt and text make lines of 80 characters. */
static void the_shell_breaks_its_echo_at_the_edge(void **state)
{
    const struct sg_sim_config config = {.host = SG_SIM_SHELL};
    struct rig r;
    char typed[200], expected[400];
    (void)state;
    rig_start(&r, &config);
    memset(typed, 'x', 72);
    (void)snprintf(typed + 72, sizeof typed - 72, "\r");
    (void)snprintf(expected, sizeof expected, "%.72s\r\n\x1b[1;31m%.72s: command not found\r\n\x1b[m" PROMPT, typed,
                   typed);
    rig_type(&r, typed, expected); /* the line was full: no second line end */
    memset(typed, 'y', 73);
    (void)snprintf(typed + 73, sizeof typed - 73, "\r");
    (void)snprintf(expected, sizeof expected, "%.72s\r\ny\r\n\x1b[1;31m%.73s: command not found\r\n\x1b[m" PROMPT,
                   typed, typed);
    rig_type(&r, typed, expected);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(point_23_a_token_proves_the_key_that_keygen_made),
        cmocka_unit_test(point_23_a_token_has_times_where_the_modem_knows_the_time),
        cmocka_unit_test(point_23_a_token_that_cannot_be_made),
        cmocka_unit_test(point_23_when_a_certificate_expires),
        cmocka_unit_test(point_23_a_key_for_commands_is_written_once),
        cmocka_unit_test(point_23_with_that_key_writing_needs_a_signature),
        cmocka_unit_test(what_the_manuals_leave_open_can_be_set),
        cmocka_unit_test(settings_of_longer_answers),
        cmocka_unit_test(a_setting_that_is_none_is_refused_in_words),
        cmocka_unit_test(trap_19_an_imei_may_be_missing),
        cmocka_unit_test(keys_are_not_injected_and_nothing_is_claimed),
        cmocka_unit_test(the_shell_passes_one_argument_to_the_modem),
        cmocka_unit_test(the_shell_breaks_its_echo_at_the_edge),
        cmocka_unit_test(point_11_each_profile_has_its_firmwares_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
