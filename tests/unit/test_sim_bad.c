/* SPDX-License-Identifier: Apache-2.0 */
/* A bad modem on order: each fault is seen by what it is for, and by nothing else. */
#include "sim_signed.h"

static const struct sg_sim_config good = {.host = SG_SIM_AT_HOST,
                                          .profile = "nrf91x1-2.0.4",
                                          .settings = (const char *const[]){"replayed=refused"},
                                          .setting_count = 1};
static const struct sg_sim_config as_it_comes = {.host = SG_SIM_AT_HOST};

static bool works(struct rig *r, const char *command)
{
    const char *answer = rig_ask(r, command);
    size_t n = strlen(answer);
    return n >= 2 && strcmp(answer + n - 2, "OK") == 0;
}

static void fresh(struct rig *r, const struct sg_sim_config *config, const char *fault)
{
    struct sg_error err = {0};
    rig_start(r, config);
    rig_ask(r, "AT+CMEE=1");
    if (fault[0] && sg_sim_fault(r->sim, fault, &err) < 0)
        fail_msg("%s", err.text);
}

static bool reads_secrets(struct rig *r)
{
    bool written = works(r, "AT%CMNG=0,1,3,\"00112233\"") && works(r, "AT%KEYGEN=1,2,0") && works(r, "AT%KEYGEN=1,8") &&
                   works(r, "AT%CMNG=0,2,2,\"a key in PEM\"");
    assert_true(written);
    bool psk = works(r, "AT%CMNG=2,1,3"), key = works(r, "AT%CMNG=2,1,2"), other = works(r, "AT%CMNG=2,2,2");
    assert_true(psk == key && key == other && key == works(r, "AT%CMNG=2,1,8"));
    return key;
}

static bool writes_online(struct rig *r)
{
    rig_ask(r, "AT%CMNG=0,3,4,\"x\"");
    rig_ask(r, "AT+CFUN=1");
    bool writes = works(r, "AT%CMNG=0,4,4,\"x\""), deletes = works(r, "AT%CMNG=3,3,4"),
         makes = works(r, "AT%KEYGEN=4,2,0");
    assert_true(writes == deletes && deletes == makes);
    rig_ask(r, "AT+CFUN=4");
    return writes;
}

/* With the modem locked. Commands that are signed with its key work in any case. */
static void look_at_lock(struct rig *r, char *found)
{
    EVP_PKEY *key = sg_key_new(SG_P256, NULL), *other = sg_key_new(SG_P256, NULL);
    char command[512];
    write_at_key(r, key, "", "OK");
    (void)snprintf(command, sizeof command, "%s", signed_command(key, "%CMNG=0,5,4,\"x\"", ""));
    assert_true(works(r, command) && works(r, signed_command(key, "%CMNG=3,5,4", "")));
    if (works(r, command))
        strcat(found, " replayed");
    bool writes = works(r, "AT%CMNG=0,6,4,\"x\""), makes = works(r, "AT%KEYGEN=6,2,0"),
         deletes = works(r, "AT%CMNG=3,6,4");
    assert_true(writes == makes && makes == deletes);
    if (writes)
        strcat(found, " takes-unsigned");
    if (works(r, signed_command(other, "%CMNG=0,7,4,\"x\"", "")))
        strcat(found, " takes-any-signer");
    bool made_up = works(r, "AT%XSUDO=15,\"AAAA\";%CMNG=0,8,4,\"x\"");
    assert_int_equal(made_up, strstr(found, "takes-any-signer") != NULL);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

/* The public keys stand before the dot. */
static bool makes_the_same_key(struct rig *r)
{
    char first[1024];
    (void)snprintf(first, sizeof first, "%s", rig_ask(r, "AT%KEYGEN=20,2,1"));
    const char *second = rig_ask(r, "AT%KEYGEN=21,2,1");
    size_t n = strcspn(first, ".");
    assert_in_range(n, 100, 200);
    return strncmp(first, second, n) == 0;
}

/* What is wrong with the modem, all of it. */
static const char *wrong_with(const struct sg_sim_config *config, const char *fault)
{
    static char found[200];
    struct rig r;
    found[0] = 0;
    fresh(&r, config, fault);
    if (strstr(rig_ask(&r, "AT%CMNG=1"), ": 21474836") != NULL)
        strcat(found, " test-tag");
    if (makes_the_same_key(&r))
        strcat(found, " same-key");
    if (reads_secrets(&r))
        strcat(found, " reads-secrets");
    if (writes_online(&r))
        strcat(found, " writes-online");
    look_at_lock(&r, found);
    rig_end(&r);
    return found[0] ? found + 1 : found;
}

static void a_good_modem_has_none(void **state)
{
    (void)state;
    assert_string_equal(wrong_with(&good, ""), "");
    assert_string_equal(wrong_with(&as_it_comes, ""), "replayed"); /* what is not known: the more cautious answer */
}

static void each_fault_is_one(void **state)
{
    static const char *const faults[] = {"reads-secrets", "writes-online", "takes-unsigned", "takes-any-signer",
                                         "same-key"};
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        assert_string_equal(wrong_with(&good, faults[i]), faults[i]);
    assert_string_equal(wrong_with(&good, "test-tag=2147483650"), "test-tag");
}

static void secrets_are_read_as_they_are(void **state)
{
    struct rig r;
    char sha[65], expected[512];
    (void)state;
    fresh(&r, &good, "reads-secrets");
    rig_ask(&r, "AT%CMNG=0,1,3,\"00112233\"");
    rig_ask(&r, "AT%KEYGEN=1,2,0");
    rig_sha_text("00112233", 8, sha);
    (void)snprintf(expected, sizeof expected, "%%CMNG: 1,3,\"%s\",\"00112233\"\r\nOK", sha);
    assert_string_equal(rig_ask(&r, "AT%CMNG=2,1,3"), expected);
    const char *begin = strstr(rig_ask(&r, "AT%CMNG=2,1,2"), "-----BEGIN PRIVATE KEY-----\n");
    assert_non_null(begin);
    BIO *in = BIO_new_mem_buf(begin, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    assert_non_null(key);
    EVP_PKEY_free(key);
    BIO_free(in);
    assert_int_equal(sg_sim_fault(r.sim, "reads-secrets=off", NULL), 0);
    assert_string_equal(rig_ask(&r, "AT%CMNG=2,1,3"), "+CME ERROR: 514");
    rig_end(&r);
}

static void a_test_tag_can_be_cleared(void **state)
{
    static const char *const bad[] = {"test-tag", "test-tag=2147483647", "test-tag=2147483668",
                                      "test-tag=2147483648@3"};
    struct rig r;
    (void)state;
    fresh(&r, &good, "test-tag=2147483667");
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=1"), "%CMNG: 2147483667,4,\""));
    assert_string_equal(rig_ask(&r, "AT%CMNG=3,2147483667,4"), "OK");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(sg_sim_fault(r.sim, bad[i], NULL), SG_EINVAL);
    rig_end(&r);
    rig_start(&r, &(struct sg_sim_config){.profile = "nrf9160-1.3.x"}); /* it has no such tags */
    assert_int_equal(sg_sim_fault(r.sim, "test-tag=2147483648", NULL), SG_EINVAL);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_modem_has_none),
        cmocka_unit_test(each_fault_is_one),
        cmocka_unit_test(secrets_are_read_as_they_are),
        cmocka_unit_test(a_test_tag_can_be_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
