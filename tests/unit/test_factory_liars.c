/* SPDX-License-Identifier: Apache-2.0 */
/* Modems that do not say what they should, and answers that come from somewhere else: no certificate for them. */
#include "factory_bench.h"

/* Replaces what stands between `from` and the next quote after it. */
static void replace_quoted(char *answer, size_t cap, const char *prefix, const char *with)
{
    static char copy[65536];
    char *at = strstr(answer, prefix);
    if (at == NULL)
        return;
    at += strlen(prefix);
    (void)snprintf(copy, sizeof copy, "%s%s", with, strchr(at, '"'));
    (void)snprintf(at, cap - (size_t)(at - answer), "%s", copy);
}

/* One command's answer is another: `begins` says which command. */
struct swap {
    const char *begins, *answer; /* the whole answer; or */
    const char *prefix, *quoted; /* what follows `prefix` up to the next quote */
    int times;
};

static void swap(void *user, const char *command, char *answer, size_t cap)
{
    struct swap *s = user;
    if (strncmp(command, s->begins, strlen(s->begins)) != 0)
        return;
    s->times++;
    if (s->answer != NULL)
        (void)snprintf(answer, cap, "%s", s->answer);
    else
        replace_quoted(answer, cap, s->prefix, s->quoted);
}

/* What a KEYGEN command of a modem gives; the key is deleted again. */
static char *keygen_text(struct rig *r, unsigned tag, const char *cn)
{
    char command[120], *text = calloc(1, 4096);
    (void)snprintf(command, sizeof command, "AT%%KEYGEN=%u,2,0,\"CN=%s\"", tag, cn);
    const char *at = strstr(rig_ask(r, command), "%KEYGEN: \"");
    assert_non_null(at);
    at += strlen("%KEYGEN: \"");
    memcpy(text, at, strcspn(at, "\""));
    (void)snprintf(command, sizeof command, "AT%%CMNG=3,%u,2", tag);
    assert_non_null(strstr(rig_ask(r, command), "OK"));
    return text;
}

/* Enrols with another KEYGEN reply than the modem's, and expects to be refused. */
static void refuse_reply(struct bench *b, const char *reply, const char *says)
{
    struct swap s = {.begins = "AT%KEYGEN", .prefix = "%KEYGEN: \"", .quoted = reply};
    b->tamper = swap;
    b->tamper_user = &s;
    assert_refused(b, SG_EMISMATCH, says);
    assert_int_equal(s.times, 1);
    for (int state = SG_CERT_ISSUED; state <= SG_CERT_RETIRED; state++)
        assert_int_equal(bench_certs(b, (enum sg_cert_state)state), 0);
    assert_int_equal(bench_state(b, ENDPOINT), SG_DEVICE_ENROLLING);
    b->tamper = NULL;
    assert_enrolled(b); /* and nothing is spoilt by it */
}

static void the_reply_of_another_modem(void **state)
{
    struct bench *b = bench_new();
    static struct rig other;
    (void)state;
    rig_start(&other, NULL);
    char *reply = keygen_text(&other, SG_TAG_LWM2M, ENDPOINT);
    refuse_reply(b, reply, "another device UUID");
    free(reply);
    rig_end(&other);
    bench_free(b);
}

static void the_reply_for_another_tag(void **state)
{
    struct bench *b = bench_new();
    (void)state;
    char *reply = keygen_text(&b->rig, 5, ENDPOINT);
    refuse_reply(b, reply, "another tag");
    free(reply);
    bench_free(b);
}

static void the_reply_for_another_name(void **state)
{
    struct bench *b = bench_new();
    (void)state;
    char *reply = keygen_text(&b->rig, SG_TAG_LWM2M, "urn:imei:000000000000000");
    refuse_reply(b, reply, "is for the name \"urn:imei:000000000000000\", but \"" ENDPOINT "\" was asked for");
    free(reply);
    bench_free(b);
}

static void a_request_that_is_not_the_one_vouched_for(void **state)
{
    struct bench *b = bench_new();
    char mixed[8192];
    (void)state;
    char *one = keygen_text(&b->rig, SG_TAG_LWM2M, ENDPOINT), *two = keygen_text(&b->rig, SG_TAG_LWM2M, ENDPOINT);
    (void)snprintf(mixed, sizeof mixed, "%.*s%s", (int)strcspn(one, "."), one, strchr(two, '.'));
    refuse_reply(b, mixed, "another digest");
    free(one);
    free(two);
    bench_free(b);
}

/* A signature of another key: the last but one character of the message, which holds bits of s. */
static char *bend(const char *text)
{
    char *bent = strdup(text);
    size_t at = strlen(bent) - 3;
    bent[at] = bent[at] == 'A' ? 'B' : 'A';
    return bent;
}

static void a_signature_by_another_key(void **state)
{
    struct bench *b = bench_new();
    (void)state;
    char *reply = keygen_text(&b->rig, SG_TAG_LWM2M, ENDPOINT), *bent = bend(reply);
    refuse_reply(b, bent, "not signed by one key");
    free(reply);
    free(bent);
    bench_free(b);
}

static void a_token_for_another_challenge(void **state)
{
    struct bench *b = bench_new();
    struct swap s = {.begins = "AT%ATTESTTOKEN", .prefix = "%ATTESTTOKEN: \""};
    char token[1024] = "";
    (void)state;
    const char *at = strstr(rig_ask(&b->rig, "AT%ATTESTTOKEN"), "%ATTESTTOKEN: \"");
    assert_non_null(at);
    at += strlen(s.prefix);
    memcpy(token, at, strcspn(at, "\""));
    s.quoted = token;
    b->tamper = swap;
    b->tamper_user = &s;
    assert_refused(b, SG_EMISMATCH, "is for another challenge: it is not fresh");
    assert_true(b->result.refused);
    assert_null(strstr(b->rig.log, "%KEYGEN")); /* it was not even asked for a key */
    assert_int_equal(bench_certs(b, SG_CERT_ISSUED), 0);
    bench_free(b);
}

static void a_firmware_without_tokens_is_enrolled_only_if_allowed(void **state)
{
    struct bench *b = bench_new();
    struct swap s = {.begins = "AT%ATTESTTOKEN", .answer = "ERROR\r\n"};
    struct sg_device d;
    (void)state;
    b->tamper = swap;
    b->tamper_user = &s;
    assert_refused(b, SG_EUNSUPPORTED, "cannot prove who it is: its firmware mfw_nrf91x1_2.0.2 has no AT%ATTESTTOKEN");
    assert_contains(b->err.text, "--identity-unverified");
    assert_true(b->result.refused);
    assert_int_equal(sg_store_find_device(b->store, ENDPOINT, &d, NULL), SG_ENOTFOUND);
    b->enroll.unverified = true;
    assert_enrolled(b);
    assert_contains(b->steps, "NOT CHECKED who signed it");
    assert_int_equal(b->result.device.identity[0], 0);
    assert_int_equal(b->result.device.identity_source, SG_IDENTITY_UNKNOWN);
    b->enroll.unverified = false;
    assert_enrolled(b); /* to compare, nothing need be proved */
    assert_true(b->result.was_done);
    bench_free(b);
}

/* The identity key is kept from the first time on. */
static void another_modem_with_the_same_uuid(void **state)
{
    struct bench *b = bench_new();
    struct sg_device d;
    (void)state;
    assert_enrolled(b);
    assert_int_equal(sg_store_find_device(b->store, ENDPOINT, &d, &b->err), 0);
    assert_int_equal(d.identity[0], 4);
    b->enroll.renew = b->allow = true;
    assert_enrolled(b);
    assert_contains(b->steps, "identity key (pinned)");

    static struct rig other; /* its identity key: what a reply of it recovers to */
    static struct sg_keygen k;
    uint8_t points[2][SG_POINT];
    rig_start(&other, NULL);
    char *reply = keygen_text(&other, 5, "x");
    assert_int_equal(sg_keygen_parse(sg_str(reply), &k), 0);
    assert_int_equal(sg_attest_recover(k.protected_header, k.body, k.payload, k.signature, points), 0);
    memcpy(d.identity, points[0], sizeof d.identity);
    d.state = SG_DEVICE_ENROLLED;
    assert_int_equal(sg_store_update_device(b->store, &d, &b->err), 0);
    assert_refused(b, SG_EMISMATCH, "another modem that says the same UUID");
    free(reply);
    rig_end(&other);
    bench_free(b);
}

static void two_modems_with_one_imei(void **state)
{
    struct bench *b = bench_new();
    (void)state;
    assert_enrolled(b);
    bench_connect(b, &(struct sg_sim_config){.imei = IMEI});
    assert_refused(b, SG_EEXISTS, "Two modems cannot share an IMEI");
    assert_true(b->result.refused);
    assert_contains(rig_ask(&b->rig, "AT%CMNG=1,35724861"), "OK");
    assert_null(strstr(b->rig.log, "KEYGEN"));
    bench_free(b);
}

static void a_modem_without_imei_needs_a_name(void **state)
{
    struct bench *b = bench_new();
    struct swap s = {.begins = "AT+CGSN", .answer = "ERROR\r\n"};
    (void)state;
    b->tamper = swap;
    b->tamper_user = &s;
    assert_refused(b, SG_EINVAL, "has no IMEI programmed (AT+CGSN), so no name. Give it one with --name");
    b->enroll.endpoint = "bench-1";
    assert_enrolled(b);
    assert_string_equal(b->result.device.imei, "");
    b->tamper = NULL; /* the IMEI is programmed later: it is the same modem */
    b->enroll.endpoint = NULL;
    assert_enrolled(b);
    assert_string_equal(b->result.device.endpoint, "bench-1");
    bench_free(b);
}

/* The whole answer to a command, by what it begins with; also of a firmware that lacks it. */
struct replay {
    const char *reply;
    bool no_jwt;
};

static void replay(void *user, const char *command, char *answer, size_t cap)
{
    const struct replay *r = user;
    if (strncmp(command, "AT%KEYGEN", 9) == 0 && r->reply != NULL)
        replace_quoted(answer, cap, "%KEYGEN: \"", r->reply);
    if (strncmp(command, "AT%JWT", 6) == 0 && r->no_jwt)
        (void)snprintf(answer, cap, "\r\nERROR\r\n");
}

static int find_audit(void *user, const struct sg_audit_entry *e)
{
    const char *const *wanted = user;
    return strcmp(e->what, wanted[0]) == 0 && strstr(e->detail, wanted[1]) != NULL;
}

static bool is_audited(struct bench *b, const char *what, const char *part)
{
    const char *wanted[] = {what, part};
    return sg_store_each_audit(b->store, 1, find_audit, wanted, &b->err) == 1;
}

/* Of the same modem, for the same tag and name, whole, and never seen by the inventory: but its key is gone. */
static void an_older_reply_played_again(void **state)
{
    struct bench *b = bench_new();
    (void)state;
    char *reply = keygen_text(&b->rig, SG_TAG_LWM2M, ENDPOINT);
    refuse_reply(b, reply, "not for the key that the modem holds: it is an older one");
    assert_true(is_audited(b, "refused", "an older one, played again"));
    assert_true(is_audited(b, "key-discarded", "whose request was lost"));
    assert_true(is_audited(b, "issued", "which has proven that it holds it"));
    assert_contains(b->steps, "; the modem holds its key");
    free(reply);
    bench_free(b);
}

static void without_jwt_a_replay_shows_when_it_is_one_of_ours(void **state)
{
    struct bench *b = bench_new();
    (void)state;
    char *reply = keygen_text(&b->rig, SG_TAG_LWM2M, ENDPOINT);
    struct replay r = {.reply = reply, .no_jwt = true};
    b->tamper = replay;
    b->tamper_user = &r;
    assert_enrolled(b); /* this request is as good as any: nothing tells that its key is gone */
    assert_false(is_audited(b, "issued", "proven"));
    r.no_jwt = false; /* a newer firmware */
    assert_refused(b, SG_EMISMATCH, "the private key does not sign for the certificate (AT%JWT)");
    r.no_jwt = b->enroll.renew = b->allow = true;
    assert_refused(b, SG_EEXISTS, "public key");
    free(reply);
    bench_free(b);
}

static void the_key_of_an_interrupted_run_is_proven(void **state)
{
    struct replay r = {.reply = NULL};
    (void)state;
    for (int no_jwt = 0; no_jwt < 2; no_jwt++) {
        struct bench *b = bench_new();
        r.no_jwt = no_jwt != 0;
        b->tamper = replay;
        b->tamper_user = &r;
        b->stop_after = SG_ENROLL_CERTIFICATE;
        assert_int_equal(bench_enroll(b), SG_ECLOSED);
        b->stop_after = -1;
        assert_enrolled(b);
        assert_int_equal(is_audited(b, "key-proven", "it signed a challenge"), !r.no_jwt);
        assert_int_equal(bench_certs(b, SG_CERT_RETIRED), 0);
        bench_free(b);
    }
}

/* The modem lists the digest of the key that was certified, and holds another: as old firmware, which lists none. */
static void a_key_that_only_looks_like_the_certified_one_is_made_again(void **state)
{
    struct bench *b = bench_new();
    struct sg_cred key;
    char hex[65];
    (void)state;
    b->stop_after = SG_ENROLL_CERTIFICATE;
    assert_int_equal(bench_enroll(b), SG_ECLOSED);
    assert_int_equal(sg_modem_find(&b->rig.modem, SG_TAG_LWM2M, SG_CRED_KEY, &key), 1);
    struct sg_buf text = sg_buf(hex, sizeof hex);
    sg_put_hex(&text, sg_bytes(key.sha256, sizeof key.sha256));
    (void)sg_buf_cstr(&text);
    assert_contains(rig_ask(&b->rig, "AT%CMNG=3,35724861,2"), "OK");
    assert_contains(rig_ask(&b->rig, "AT%KEYGEN=35724861,2,0"), "OK");
    struct swap s = {.begins = "AT%CMNG=1,35724861", .prefix = "%CMNG: 35724861,2,\"", .quoted = hex};
    b->tamper = swap;
    b->tamper_user = &s;
    b->stop_after = SG_ENROLL_REQUEST; /* of the key that was made again */
    assert_int_equal(bench_enroll(b), SG_ECLOSED);
    assert_true(is_audited(b, "key-discarded", "is not the one that was certified"));
    b->tamper = NULL;
    b->stop_after = -1;
    assert_enrolled(b);
    assert_int_equal(bench_certs(b, SG_CERT_RETIRED), 1);
    bench_free(b);
}

static void a_digest_that_was_not_meant(void **state)
{
    struct bench *b = bench_new();
    struct swap s = {.begins = "AT%CMNG=1,35724861",
                     .prefix = "%CMNG: 35724861,1,\"",
                     .quoted = "0000000000000000000000000000000000000000000000000000000000000000"};
    (void)state;
    b->tamper = swap;
    b->tamper_user = &s;
    assert_refused(b, SG_EMISMATCH, "the certificate has the digest 0000000000000000…, but ");
    assert_int_equal(bench_state(b, ENDPOINT), SG_DEVICE_ENROLLING);
    assert_int_equal(bench_certs(b, SG_CERT_ACTIVE), 0);
    assert_int_equal(bench_certs(b, SG_CERT_ISSUED), 1);
    bench_free(b);
}

static void errors_are_told_with_their_cure(void **state)
{
    static const struct {
        const char *begins, *answer, *says;
    } cases[] = {
        {"AT%CMNG=0", "+CME ERROR: 515\r\n", "+CME ERROR: 515 (credential store full). Delete credentials"},
        {"AT%CMNG=0", "+CME ERROR: 527\r\n",
         "writing the server root to tag 35724861: +CME ERROR: 527 (invalid content)"},
        {"AT%CMNG=0", "+CME ERROR: 528\r\n", "528 (power-off warning active). The supply voltage is too low"},
        {"AT%CMNG=0", "+CME ERROR: 518\r\n", "518 (not allowed while the modem is active)"},
        {"AT%KEYGEN", "+CME ERROR: 519\r\n", "making a key (AT%KEYGEN): +CME ERROR: 519 (already exists)"},
        {"AT%KEYGEN", "+CME ERROR: 523\r\n", "523 (key generation failed)"},
        {"AT%KEYGEN", "%KEYGEN: \"none\"\r\nOK\r\n", "its answer is not of the documented form"},
        {"AT+CGMM", "EC25\r\nOK\r\n", "not like an nRF91 modem"},
        {"AT%CMNG=1", "ERROR\r\n", "it says ERROR, and no more"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench *b = bench_new();
        struct swap s = {.begins = cases[i].begins, .answer = cases[i].answer};
        b->tamper = swap;
        b->tamper_user = &s;
        assert_true(bench_enroll(b) < 0);
        assert_contains(b->err.text, cases[i].says);
        assert_contains(b->err.text, "/dev/bench");
        assert_int_equal(bench_certs(b, SG_CERT_ACTIVE), 0);
        b->tamper = NULL;
        assert_enrolled(b);
        bench_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reply_of_another_modem),
        cmocka_unit_test(the_reply_for_another_tag),
        cmocka_unit_test(the_reply_for_another_name),
        cmocka_unit_test(a_request_that_is_not_the_one_vouched_for),
        cmocka_unit_test(a_signature_by_another_key),
        cmocka_unit_test(a_token_for_another_challenge),
        cmocka_unit_test(a_firmware_without_tokens_is_enrolled_only_if_allowed),
        cmocka_unit_test(another_modem_with_the_same_uuid),
        cmocka_unit_test(two_modems_with_one_imei),
        cmocka_unit_test(a_modem_without_imei_needs_a_name),
        cmocka_unit_test(an_older_reply_played_again),
        cmocka_unit_test(without_jwt_a_replay_shows_when_it_is_one_of_ours),
        cmocka_unit_test(the_key_of_an_interrupted_run_is_proven),
        cmocka_unit_test(a_key_that_only_looks_like_the_certified_one_is_made_again),
        cmocka_unit_test(a_digest_that_was_not_meant),
        cmocka_unit_test(errors_are_told_with_their_cure),
    };
    return cmocka_run_group_tests(tests, bench_enter, bench_leave);
}
