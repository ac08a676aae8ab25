/* SPDX-License-Identifier: Apache-2.0 */
/* What a modem vouches for, altered on its way: each character of the reply, and each byte of what it encodes. No
 * certificate is ever issued for it, whether the modem's key is not known yet, pinned, or in the maker's list. */
#include "factory_bench.h"

/* Alters the reply that begins with `prefix`, once per enrolment. */
struct alter {
    const char *command, *prefix;
    bool decoded; /* a byte of what it encodes, and not a character of it */
    size_t at;    /* which */
    bool done;    /* there was such a one */
};

/* The text of a reply, the body and the message decoded one after the other. */
static size_t decode(const char *text, size_t n, uint8_t *bytes, size_t cap, size_t *body)
{
    struct sg_buf b = sg_buf(bytes, cap);
    size_t dot = strcspn(text, ".");
    assert_true(dot < n);
    assert_int_equal(sg_parse_base64url(sg_bytes(text, dot), &b), 0);
    *body = b.len;
    assert_int_equal(sg_parse_base64url(sg_bytes(text + dot + 1, n - dot - 1), &b), 0);
    return b.len;
}

static void alter_byte(struct alter *a, char *text, size_t n)
{
    uint8_t bytes[2048];
    size_t body, all = decode(text, n, bytes, sizeof bytes, &body);
    if (a->at >= all)
        return;
    bytes[a->at] ^= (uint8_t)(1U << a->at % 8);
    struct sg_buf b = sg_buf(text, n);
    sg_put_base64url(&b, sg_bytes(bytes, body));
    sg_put_str(&b, ".");
    sg_put_base64url(&b, sg_bytes(bytes + body, all - body));
    assert_false(b.full);
    assert_int_equal(b.len, n);
    a->done = true;
}

static void alter(void *user, const char *command, char *answer, size_t cap)
{
    struct alter *a = user;
    (void)cap;
    if (strncmp(command, a->command, strlen(a->command)) != 0)
        return;
    char *text = strstr(answer, a->prefix);
    assert_non_null(text);
    if (a->decoded) {
        text += strlen(a->prefix) + 2; /* blank, quote */
        alter_byte(a, text, strcspn(text, "\""));
    } else if (a->at < strcspn(text, "\r")) {
        text[a->at] ^= (char)(1 << a->at % 7);
        a->done = true;
    }
}

static void assert_nothing_issued(struct bench *b, int retired, size_t at)
{
    int n = bench_certs(b, SG_CERT_ISSUED) + bench_certs(b, SG_CERT_ACTIVE) + bench_certs(b, SG_CERT_REVOKED);
    if (n != 0 || bench_certs(b, SG_CERT_RETIRED) != retired)
        fail_msg("a certificate in spite of a change at %zu", at);
}

/* Every place of one reply. */
static void alter_everywhere(struct bench *b, const char *command, const char *prefix, bool decoded, size_t at_least)
{
    struct alter a = {.command = command, .prefix = prefix, .decoded = decoded};
    b->tamper = alter;
    b->tamper_user = &a;
    for (a.at = 0;; a.at++) {
        a.done = false;
        int r = bench_enroll(b);
        if (!a.done) /* the reply had ended before: it was left as it is */
            break;
        if (r == 0 || b->err.text[0] == '\0')
            fail_msg("%s: a change at %zu was not noticed (%d)", prefix, a.at, r);
        assert_nothing_issued(b, 0, a.at);
    }
    assert_true(a.at >= at_least);
    b->tamper = NULL;
    assert_int_equal(b->result.device.state, SG_DEVICE_ENROLLED);
}

/* The identity key of the modem on the bench. */
static void learn(struct bench *b, struct sg_identity *id)
{
    *id = (struct sg_identity){.added = b->enroll.now};
    assert_enrolled(b);
    assert_int_equal(b->result.device.identity_source, SG_IDENTITY_FIRST_SIGHT);
    (void)snprintf(id->uuid, sizeof id->uuid, "%s", b->result.device.uuid);
    memcpy(id->point, b->result.device.identity, sizeof id->point);
}

static void alter_it(const char *command, const char *prefix, bool decoded, size_t at_least, bool listed)
{
    static const struct sg_sim_config config = {.imei = IMEI, .store = "modem"};
    struct sg_identity id;
    struct bench *b = bench_new();
    (void)unlink("modem");
    if (listed) { /* once, to read the key; then a new inventory, with the list */
        bench_connect(b, &config);
        learn(b, &id);
        (void)rig_ask(&b->rig, "AT%CMNG=3,35724861,0");
        (void)rig_ask(&b->rig, "AT%CMNG=3,35724861,1");
        (void)rig_ask(&b->rig, "AT%CMNG=3,35724861,2");
        bench_free(b);
        b = bench_new();
        bench_connect(b, &config);
        assert_int_equal(sg_store_add_identity(b->store, &id, &b->err), SG_IDENTITY_NEW);
    }
    alter_everywhere(b, command, prefix, decoded, at_least);
    assert_int_equal(b->result.device.identity_source, listed ? SG_IDENTITY_MAKER : SG_IDENTITY_FIRST_SIGHT);
    assert_contains(b->steps, listed ? "identity key (maker's list)" : "identity key (now pinned)");
    bench_free(b);
}

static void each_character_of_the_request(void **state)
{
    (void)state;
    alter_it("AT%KEYGEN", "%KEYGEN:", false, 500, false);
}

static void each_character_of_the_request_of_a_listed_modem(void **state)
{
    (void)state;
    alter_it("AT%KEYGEN", "%KEYGEN:", false, 500, true);
}

static void each_byte_of_the_request(void **state)
{
    (void)state;
    alter_it("AT%KEYGEN", "%KEYGEN:", true, 370, false);
}

static void each_byte_of_the_request_of_a_listed_modem(void **state)
{
    (void)state;
    alter_it("AT%KEYGEN", "%KEYGEN:", true, 370, true);
}

static void each_character_of_the_token(void **state)
{
    (void)state;
    alter_it("AT%ATTESTTOKEN", "%ATTESTTOKEN:", false, 190, false);
}

static void each_byte_of_the_token(void **state)
{
    (void)state;
    alter_it("AT%ATTESTTOKEN", "%ATTESTTOKEN:", true, 134, false);
}

static void each_byte_of_the_token_of_a_listed_modem(void **state)
{
    (void)state;
    alter_it("AT%ATTESTTOKEN", "%ATTESTTOKEN:", true, 134, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_character_of_the_request),
        cmocka_unit_test(each_character_of_the_request_of_a_listed_modem),
        cmocka_unit_test(each_byte_of_the_request),
        cmocka_unit_test(each_byte_of_the_request_of_a_listed_modem),
        cmocka_unit_test(each_character_of_the_token),
        cmocka_unit_test(each_byte_of_the_token),
        cmocka_unit_test(each_byte_of_the_token_of_a_listed_modem),
    };
    return cmocka_run_group_tests(tests, bench_enter, bench_leave);
}
