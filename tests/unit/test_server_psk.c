/* SPDX-License-Identifier: Apache-2.0 */
/* Devices with pre-shared keys at the running server: only where they are switched on, and shut out like any other. */
#include "server_live.h"

/* What an nRF91 has. */
static const uint16_t modem_suites[] = {SG_SUITE_PSK_AES128_CCM8};

static int with_psk(void **state)
{
    struct house *h = new_house(2);
    struct sg_error err = {0};
    char path[120];
    snprintf(path, sizeof path, "%s/psk.key", h->dir);
    must(sg_psk_vault_open(&h->vault, path, true, &err) == 0, err);
    h->psk = true;
    start_on(h, 0);
    *state = h;
    return 0;
}

/* Records a new key for that name. */
static struct sg_psk_secret enrol_psk(struct house *h, const char *endpoint, enum sg_cert_state state, int64_t *number)
{
    struct sg_error err = {0};
    struct sg_psk_secret psk;
    struct sg_device d = {.state = SG_DEVICE_ENROLLED, .created = wall()};
    if (sg_store_find_device(h->store, endpoint, &d, &err) < 0) {
        snprintf(d.endpoint, sizeof d.endpoint, "%s", endpoint);
        must(sg_store_add_device(h->store, &d, &err) == 0, err);
    }
    struct sg_psk_row row = {.device = d.number, .state = state, .added = wall()};
    snprintf(row.identity, sizeof row.identity, "%s", endpoint);
    must(sg_psk_new(&psk, &err) == 0, err);
    must(sg_psk_seal(&h->vault, endpoint, &psk, row.sealed, &err) == 0, err);
    must(sg_store_add_psk(h->store, &row, &err) == 0, err);
    if (number != NULL)
        *number = row.number;
    return psk;
}

static struct device *psk_device(const struct house *h, const char *name, const struct sg_psk_secret *psk, bool resume)
{
    const struct sg_dtls_config c = {.psk_identity = name,
                                     .psk_key = sg_bytes(psk->key, sizeof psk->key),
                                     .cid = resume ? SG_CID_OFF : SG_CID_ON,
                                     .resume = resume,
                                     .suites = modem_suites,
                                     .suite_count = 1};
    return make_client_as(c, sg_server_port(h->up));
}

static void refuse(struct house *h, const char *name, const struct sg_psk_secret *psk, const char *subject,
                   const char *reason)
{
    struct device *d = psk_device(h, name, psk, false);
    connect_device(d);
    assert_true(d->refused);
    assert_int_equal(d->alert, SG_ALERT_DECRYPT_ERROR);
    if (audited(h, "refused", subject, reason) != 1)
        fail_msg("not one audit entry says \"%s\" of \"%s\"", reason, subject);
    free_device(d);
}

static void a_device_registers(void **state)
{
    struct house *h = *state;
    struct sg_psk_secret psk = enrol_psk(h, ALICE, SG_CERT_ACTIVE, NULL);
    struct device *d = psk_device(h, ALICE, &psk, false);
    struct sg_server_device seen;
    connect_device(d);
    assert_true(d->connected);
    assert_int_equal(register_device(d, BOB), SG_COAP_FORBIDDEN); /* under another name */
    assert_int_equal(audited(h, "refused", ALICE, "but its pre-shared key"), 1);
    assert_int_equal(register_device(d, ALICE), SG_COAP_CREATED);
    assert_int_equal(sg_server_device(h->up, ALICE, &seen), 0);
    assert_true(seen.psk && seen.registered && seen.cid);
    assert_int_equal(seen.suite, SG_SUITE_PSK_AES128_CCM8);
    move(d);
    assert_int_equal(update_device(d), SG_COAP_CHANGED);

    struct party bob = enrol(h, BOB); /* beside it, one with a certificate */
    struct device *b = registered_device(h, &bob, BOB);
    assert_int_equal(sg_server_device(h->up, BOB, &seen), 0);
    assert_false(seen.psk);
    free_device(b);
    free_device(d);
    free_party(&bob);
}

static void each_stranger_is_refused_with_its_reason(void **state)
{
    struct house *h = *state;
    struct sg_psk_secret psk = enrol_psk(h, ALICE, SG_CERT_ACTIVE, NULL), wrong = psk;
    int64_t number;
    wrong.key[0] ^= 1;
    refuse(h, ALICE, &wrong, ALICE, "another pre-shared key than the one that belongs to the name");
    refuse(h, "nobody", &psk, "127.0.0.1", "\"nobody\", a name that no pre-shared key of the inventory has");
    refuse(h, "no\"\nbody", &psk, "127.0.0.1", "\"no??body\"");

    struct sg_psk_secret begun = enrol_psk(h, "begun", SG_CERT_ISSUED, NULL);
    refuse(h, "begun", &begun, "begun", "begun and not finished");
    struct sg_psk_secret old = enrol_psk(h, "replaced", SG_CERT_ACTIVE, &number);
    assert_int_equal(sg_store_retire_psk(h->store, number, wall(), NULL), 0);
    refuse(h, "replaced", &old, "replaced", "replaced by another identity");
    struct sg_psk_secret fresh = enrol_psk(h, "replaced", SG_CERT_ACTIVE, NULL);
    struct device *d = psk_device(h, "replaced", &fresh, false);
    connect_device(d);
    assert_true(d->connected);
    free_device(d);
}

/* A key that was encrypted with another psk.key, as after a wrong backup. */
static void a_key_that_does_not_open_is_told(void **state)
{
    struct house *h = *state;
    struct sg_psk_vault right = h->vault;
    h->vault.secret[0] ^= 1;
    struct sg_psk_secret psk = enrol_psk(h, ALICE, SG_CERT_ACTIVE, NULL);
    h->vault = right;
    refuse(h, ALICE, &psk, ALICE, "does not open");
}

static void a_revoked_device_is_shut_out_at_once(void **state)
{
    struct house *h = *state;
    struct sg_psk_secret psk = enrol_psk(h, ALICE, SG_CERT_ACTIVE, NULL);
    struct device *d = psk_device(h, ALICE, &psk, true);
    struct sg_server_revoked out;
    struct sg_error err = {0};
    struct sg_device row;
    connect_device(d);
    assert_int_equal(register_device(d, ALICE), SG_COAP_CREATED);
    must(sg_server_revoke(h->up, ALICE, SG_KEY_COMPROMISE, "api", "local", &out, &err) == 0, err);
    assert_int_equal(out.certificates, 0);
    assert_int_equal(out.psks, 1);
    assert_int_equal(out.associations, 1);
    assert_int_equal(out.registrations, 1);
    assert_int_equal(out.workers, 2);
    assert_string_equal(out.fingerprint, "");
    assert_true(live(d, &d->closed, 1000));
    assert_int_equal(d->alert, SG_ALERT_ACCESS_DENIED);
    connect_device(d); /* also by the session that it has */
    assert_false(d->connected);
    struct device *again = psk_device(h, ALICE, &psk, false);
    connect_device(again);
    assert_true(again->refused);
    assert_int_equal(again->alert, SG_ALERT_DECRYPT_ERROR);
    assert_true(audited(h, "refused", ALICE, "the pre-shared key of " ALICE " was revoked") > 0);
    free_device(again);
    assert_int_equal(sg_store_find_device(h->store, ALICE, &row, NULL), 0);
    assert_int_equal(row.state, SG_DEVICE_REVOKED);
    assert_int_equal(sg_server_revoke(h->up, ALICE, SG_SUPERSEDED, "api", "local", &out, &err), SG_ESTATE);
    free_device(d);
}

/* By another process, in the inventory. */
static void a_revocation_in_the_inventory_acts_too(void **state)
{
    struct house *h = *state;
    int64_t number;
    struct sg_psk_secret psk = enrol_psk(h, ALICE, SG_CERT_ACTIVE, &number);
    struct device *d = psk_device(h, ALICE, &psk, false);
    connect_device(d);
    assert_int_equal(register_device(d, ALICE), SG_COAP_CREATED);
    assert_int_equal(sg_store_revoke_psk(h->store, number, SG_KEY_COMPROMISE, wall(), "operator", NULL), 0);
    assert_true(live(d, &d->closed, 3000));
    assert_int_equal(audited(h, "shut-out", ALICE, "revoked"), 1);
    free_device(d);
}

/* Switched off, the server takes neither new handshakes nor what its tables hold from before. */
static void switched_off_means_off(void **state)
{
    struct house *h = *state;
    struct sg_psk_secret psk = enrol_psk(h, ALICE, SG_CERT_ACTIVE, NULL);
    struct device *d = psk_device(h, ALICE, &psk, false);
    uint16_t port = sg_server_port(h->up);
    connect_device(d);
    assert_int_equal(register_device(d, ALICE), SG_COAP_CREATED);
    sg_server_stop(h->up);
    start_on(h, port); /* still on: it goes on */
    assert_int_equal(update_device(d), SG_COAP_CHANGED);
    sg_server_stop(h->up);
    h->psk = false;
    start_on(h, port);
    assert_int_equal(audited(h, "shut-out", ALICE, "psk: true"), 1);
    assert_dead(d);
    connect_device(d);
    assert_true(d->refused);
    assert_int_equal(d->alert, SG_ALERT_HANDSHAKE_FAILURE);
    assert_int_equal(audited(h, "refused", "127.0.0.1", "Cure: set `psk: true`"), 1);
    free_device(d);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, with_psk, leave_house)
    const struct CMUnitTest tests[] = {
        TEST(a_device_registers),
        TEST(each_stranger_is_refused_with_its_reason),
        TEST(a_key_that_does_not_open_is_told),
        TEST(a_revoked_device_is_shut_out_at_once),
        TEST(a_revocation_in_the_inventory_acts_too),
        TEST(switched_off_means_off),
    };
    sg_log_set_level(SG_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
