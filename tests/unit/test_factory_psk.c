/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment with a pre-shared key: what is written and recorded, interruptions, verification, and the way back to a
 * certificate. */
#include "factory_bench.h"

static struct sg_psk_vault vault = {{1, 2, 3}};

static struct bench *psk_bench(void)
{
    struct bench *b = bench_new();
    b->enroll.psk = true;
    b->enroll.vault = &vault;
    b->enroll.server_root = NULL; /* not needed */
    b->enroll.issuer = (struct sg_issuer){NULL, NULL};
    b->allow = true;
    return b;
}

/* What the inventory holds of the board. */
static struct sg_psk_row row_of(struct bench *b, char hex[2 * SG_PSK_KEY + 1])
{
    struct sg_psk_row row;
    struct sg_psk_secret psk;
    struct sg_buf text = sg_buf(hex, 2 * SG_PSK_KEY + 1);
    assert_int_equal(sg_store_find_psk(b->store, ENDPOINT, &row, &b->err), 0);
    assert_int_equal(sg_psk_unseal(&vault, ENDPOINT, row.sealed, &psk, &b->err), 0);
    sg_put_hex(&text, sg_bytes(psk.key, sizeof psk.key));
    (void)sg_buf_cstr(&text);
    return row;
}

/* The modem holds exactly this text: its list has the digest. */
static void assert_holds(struct bench *b, unsigned type, const char *text)
{
    struct sg_cred c;
    uint8_t digest[32];
    assert_int_equal(sg_modem_find(&b->rig.modem, SG_TAG_LWM2M, type, &c), 1);
    sg_sha256(sg_str(text), digest);
    assert_memory_equal(c.sha256, digest, sizeof digest);
}

static int see_secret(void *user, const struct sg_audit_entry *e)
{
    assert_null(strstr(e->detail, (const char *)user));
    return 0;
}

static void board_gets_a_key(void **state)
{
    struct bench *b = psk_bench();
    char hex[2 * SG_PSK_KEY + 1];
    (void)state;
    assert_enrolled(b);
    assert_true(b->result.psk);
    assert_false(b->result.was_done);
    struct sg_psk_row row = row_of(b, hex);
    assert_int_equal(row.state, SG_CERT_ACTIVE);
    assert_int_equal(row.tag, SG_TAG_LWM2M);
    assert_int_equal(bench_state(b, ENDPOINT), SG_DEVICE_ENROLLED);
    assert_holds(b, SG_CRED_PSK, hex);
    assert_holds(b, SG_CRED_PSK_ID, ENDPOINT);
    assert_int_equal(sg_modem_list(&b->rig.modem, SG_TAG_LWM2M, NULL, 0), 2);
    assert_null(strstr(b->steps, hex)); /* never shown */
    assert_null(strstr(b->rig.log, hex));
    assert_int_equal(sg_store_each_audit(b->store, 1, see_secret, hex, &b->err), 0);
    assert_int_equal(bench_certs(b, SG_CERT_ACTIVE), 0);
    bench_free(b);
}

static int last_audit(void *user, const struct sg_audit_entry *e)
{
    *(struct sg_audit_entry *)user = *e;
    return 0;
}

static void audit_says_what_it_is(void **state)
{
    struct bench *b = psk_bench();
    struct sg_audit_entry e;
    (void)state;
    assert_enrolled(b);
    assert_int_equal(sg_store_each_audit(b->store, 1, last_audit, &e, &b->err), 0);
    assert_string_equal(e.what, "enrolled");
    assert_contains(e.detail, "pre-shared key, no forward secrecy");
    bench_free(b);
}

static void again_verifies(void **state)
{
    struct bench *b = psk_bench();
    char before[2 * SG_PSK_KEY + 1], after[2 * SG_PSK_KEY + 1];
    (void)state;
    assert_enrolled(b);
    (void)row_of(b, before);
    for (int i = 0; i < 2; i++) { /* also without --psk: it is what it is */
        b->enroll.psk = i == 0;
        assert_enrolled(b);
        assert_true(b->result.was_done && b->result.psk);
        assert_contains(b->steps, "nothing written");
    }
    (void)row_of(b, after);
    assert_string_equal(before, after);
    bench_free(b);
}

static void what_was_changed_is_noticed(void **state)
{
    static const struct {
        unsigned type;
        const char *text, *says;
    } changes[] = {
        {SG_CRED_PSK, "00112233445566778899aabbccddeeff", "the pre-shared key is not the one meant"},
        {SG_CRED_PSK_ID, "urn:imei:351516170000009", "the pre-shared key's identity is not the one meant"},
        {SG_CRED_PSK, NULL, "the pre-shared key is missing"},
        {SG_CRED_PSK_ID, NULL, "the pre-shared key's identity is missing"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct bench *b = psk_bench();
        assert_enrolled(b);
        assert_int_equal(sg_modem_delete(&b->rig.modem, SG_TAG_LWM2M, changes[i].type), 0);
        if (changes[i].text != NULL)
            assert_int_equal(sg_modem_write(&b->rig.modem, SG_TAG_LWM2M, changes[i].type, sg_str(changes[i].text)), 0);
        assert_refused(b, SG_EMISMATCH, changes[i].says);
        b->enroll.renew = true;
        assert_enrolled(b);
        bench_free(b);
    }
}

/* Ended after each step, the next run does the rest, with the key that was recorded. */
static void an_interrupted_run_is_finished(void **state)
{
    (void)state;
    for (int step = SG_ENROLL_MODEM; step <= SG_ENROLL_WRITTEN; step++) {
        struct bench *b = psk_bench();
        char hex[2 * SG_PSK_KEY + 1], again[2 * SG_PSK_KEY + 1];
        b->stop_after = step;
        int r = bench_enroll(b);
        bool has_step = step != SG_ENROLL_REQUEST && step != SG_ENROLL_CERTIFICATE;
        assert_int_equal(r, has_step ? SG_ECLOSED : 0);
        bool recorded = has_step && step >= SG_ENROLL_KEY;
        if (recorded)
            assert_int_equal(row_of(b, hex).state, SG_CERT_ISSUED);
        b->stop_after = -1;
        assert_enrolled(b);
        assert_int_equal(row_of(b, again).state, SG_CERT_ACTIVE);
        if (recorded)
            assert_string_equal(hex, again);
        assert_holds(b, SG_CRED_PSK, again);
        bench_free(b);
    }
}

static void a_renewal_erases_the_old_key(void **state)
{
    struct bench *b = psk_bench();
    char before[2 * SG_PSK_KEY + 1], after[2 * SG_PSK_KEY + 1];
    struct sg_psk_row old;
    (void)state;
    assert_enrolled(b);
    int64_t number = row_of(b, before).number;
    b->enroll.renew = true;
    b->allow = false;
    assert_refused(b, SG_EDENIED, "nothing was changed");
    b->allow = true;
    assert_enrolled(b);
    (void)row_of(b, after);
    assert_string_not_equal(before, after);
    assert_int_equal(sg_store_get_psk(b->store, number, &old, &b->err), 0);
    assert_int_equal(old.state, SG_CERT_RETIRED);
    bench_free(b);
}

static void from_a_certificate_to_a_key_and_back(void **state)
{
    struct bench *b = psk_bench();
    struct sg_psk_row row;
    (void)state;
    b->enroll.psk = false;
    b->enroll.server_root = b->server_root.cert;
    b->enroll.issuer = (struct sg_issuer){b->ca.cert, b->ca.key};
    assert_enrolled(b);
    b->enroll.psk = true;
    assert_refused(b, SG_EEXISTS, "a pre-shared key would be a weaker identity");
    assert_true(b->result.refused);
    b->enroll.renew = true;
    assert_enrolled(b);
    assert_int_equal(bench_certs(b, SG_CERT_ACTIVE), 0);
    assert_int_equal(bench_certs(b, SG_CERT_RETIRED), 1);
    assert_int_equal(sg_modem_list(&b->rig.modem, SG_TAG_LWM2M, NULL, 0), 2);
    b->enroll.psk = false;
    assert_enrolled(b);
    assert_false(b->result.psk);
    assert_int_equal(bench_certs(b, SG_CERT_ACTIVE), 1);
    assert_int_equal(sg_store_find_psk(b->store, ENDPOINT, &row, &b->err), 0);
    assert_int_equal(row.state, SG_CERT_RETIRED);
    assert_int_equal(sg_modem_list(&b->rig.modem, SG_TAG_LWM2M, NULL, 0), 3);
    bench_free(b);
}

static void without_the_vault_nothing_is_verified(void **state)
{
    struct bench *b = psk_bench();
    struct sg_psk_vault other = {{9}};
    (void)state;
    assert_enrolled(b);
    b->enroll.vault = NULL;
    assert_refused(b, SG_ENOTFOUND, "there is no psk.key");
    b->enroll.vault = &other;
    assert_refused(b, SG_EMISMATCH, "does not open");
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(board_gets_a_key),
        cmocka_unit_test(audit_says_what_it_is),
        cmocka_unit_test(again_verifies),
        cmocka_unit_test(what_was_changed_is_noticed),
        cmocka_unit_test(an_interrupted_run_is_finished),
        cmocka_unit_test(a_renewal_erases_the_old_key),
        cmocka_unit_test(from_a_certificate_to_a_key_and_back),
        cmocka_unit_test(without_the_vault_nothing_is_verified),
    };
    return cmocka_run_group_tests(tests, bench_enter, bench_leave);
}
