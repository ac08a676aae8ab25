/* SPDX-License-Identifier: Apache-2.0 */
/* The running server: devices over DTLS on loopback, who is refused and why, what can be asked, who is shut out. */
#include "server_live.h"

static void a_device_registers_and_is_seen(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE);
    struct sg_server_device seen;
    struct sg_server_counts counts;
    struct sg_registration_row row;
    struct sg_device inventory;
    assert_int_equal(sg_server_device(h->up, ALICE, &seen), SG_ENOTFOUND);
    struct device *d = registered_device(h, &alice, ALICE);

    assert_int_equal(sg_server_device(h->up, ALICE, &seen), 0);
    assert_true(seen.connected && seen.registered && seen.cid);
    assert_int_equal(seen.suite, SG_SUITE_ECDHE_ECDSA_AES128_GCM);
    assert_int_equal(seen.lifetime, 300);
    assert_string_equal(seen.version, "1.1");
    assert_string_equal(seen.objects, "</1/0>,</3/0>");
    assert_string_equal(seen.location + 4, d->location);
    assert_in_range(seen.registered_at, wall() - 5, wall());

    assert_int_equal(update_device(d), SG_COAP_CHANGED);
    sg_server_counts(h->up, &counts);
    assert_int_equal(counts.handshakes, 1);
    assert_int_equal(counts.registrations, 1);
    assert_int_equal(counts.updates, 1);
    assert_int_equal(sg_store_find_device(h->store, ALICE, &inventory, NULL), 0);
    for (int i = 0; i < 100 && (sg_store_get_registration(h->store, inventory.number, &row, NULL) < 0 || !row.active);
         i++)
        usleep(20000);
    assert_true(row.active);
    assert_string_equal(row.objects, "</1/0>,</3/0>");

    assert_int_equal(device_request(d, SG_COAP_DELETE, d->location, NULL, NULL, NULL), SG_COAP_DELETED);
    assert_int_equal(sg_server_device(h->up, ALICE, &seen), 0);
    assert_true(seen.connected && !seen.registered);
    assert_int_equal(update_device(d), SG_COAP_NOT_FOUND);
    free_device(d);
    free_party(&alice);
}

/* ------------------------------------------------------------------------------------------------------ strangers */

static void refuse(struct house *h, const struct party *p, int alert, const char *subject, const char *reason)
{
    struct device *d = new_device(h, p, SG_CID_ON);
    connect_device(d);
    assert_false(d->connected);
    assert_true(d->refused);
    if (d->alert != alert)
        fail_msg("%s: alert %s instead of %s", reason, sg_alert_name(d->alert), sg_alert_name(alert));
    if (audited(h, "refused", subject, reason) != 1)
        fail_msg("not one audit entry says \"%s\" of \"%s\"", reason, subject);
    free_device(d);
}

static void each_stranger_is_refused_with_its_reason(void **state)
{
    struct house *h = *state;
    const struct sg_validity past = {wall() - 2 * YEAR, wall() - YEAR}, future = {wall() + YEAR, wall() + 2 * YEAR};

    struct party other = make_device(h, "of-another-ca", &h->other_root, years(1), false);
    refuse(h, &other, SG_ALERT_UNKNOWN_CA, "of-another-ca", "Another root");
    struct party expired = make_device(h, "expired", &h->issuing, past, false);
    refuse(h, &expired, SG_ALERT_CERTIFICATE_EXPIRED, "expired", "expired on");
    struct party known_expired = make_device(h, "known-expired", &h->issuing, past, true);
    refuse(h, &known_expired, SG_ALERT_CERTIFICATE_EXPIRED, "known-expired", "signet enroll --renew");
    struct party early = make_device(h, "too-early", &h->issuing, future, true);
    refuse(h, &early, SG_ALERT_CERTIFICATE_EXPIRED, "too-early", "clock");
    struct party unknown = make_device(h, "unknown", &h->issuing, years(1), false);
    refuse(h, &unknown, SG_ALERT_CERTIFICATE_UNKNOWN, "unknown", "the inventory does not know it");
    struct party server = h->server; /* the right key, and no certificate for a device */
    refuse(h, &server, SG_ALERT_UNKNOWN_CA, "localhost", "Another root");
    refuse(h, NULL, SG_ALERT_HANDSHAKE_FAILURE, "127.0.0.1", "certificate");

    struct sg_server_counts counts;
    sg_server_counts(h->up, &counts);
    assert_int_equal(counts.refused, 7);
    assert_int_equal(counts.connected, 0);
    free_party(&other);
    free_party(&expired);
    free_party(&known_expired);
    free_party(&early);
    free_party(&unknown);
}

static void a_certificate_in_the_making_or_replaced_is_refused(void **state)
{
    struct house *h = *state;
    struct party p = enrol(h, "half-way");
    struct sg_fingerprint f;
    struct sg_cert_row row;
    sg_cert_fingerprint(p.cert, &f);
    assert_int_equal(sg_store_find_cert(h->store, &f, &row, NULL), 0);
    assert_int_equal(sg_store_set_cert_state(h->store, row.number, SG_CERT_ISSUED, NULL), 0);
    refuse(h, &p, SG_ALERT_CERTIFICATE_UNKNOWN, "half-way", "not finished");
    assert_int_equal(sg_store_set_cert_state(h->store, row.number, SG_CERT_ACTIVE, NULL), 0);
    struct device *d = registered_device(h, &p, "half-way");
    assert_int_equal(sg_store_set_cert_state(h->store, row.number, SG_CERT_RETIRED, NULL), 0);
    assert_true(live(d, &d->closed, 1000));
    free_device(d);
    refuse(h, &p, SG_ALERT_CERTIFICATE_UNKNOWN, "half-way", "replaced");
    free_party(&p);
}

static void another_name_is_refused(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE);
    struct device *d = new_device(h, &alice, SG_CID_ON);
    connect_device(d);
    assert_true(d->connected);
    assert_int_equal(register_device(d, BOB), SG_COAP_FORBIDDEN);
    assert_int_equal(audited(h, "refused", ALICE, "registers as \"" BOB "\""), 1);
    assert_int_equal(register_device(d, ALICE), SG_COAP_CREATED);
    free_device(d);
    free_party(&alice);
}

static void an_enrolment_acts_at_once(void **state)
{
    struct house *h = *state;
    struct party p = make_device(h, "late", &h->issuing, years(1), false);
    refuse(h, &p, SG_ALERT_CERTIFICATE_UNKNOWN, "late", "does not know it");
    struct sg_device dev = {.state = SG_DEVICE_ENROLLED, .created = wall(), .endpoint = "late"};
    assert_int_equal(sg_store_add_device(h->store, &dev, NULL), 0);
    record(h, &p, SG_CERT_DEVICE, &h->issuing, dev.number);
    struct device *d = registered_device(h, &p, "late"); /* without any wait: asked of the inventory */
    free_device(d);
    free_party(&p);
}

/* --------------------------------------------------------------------------------------------------- what is asked */

struct heard {
    pthread_mutex_t mutex;
    int values, ends;
    char last[16];
};

static void hear(void *user, const struct sg_server_notification *n)
{
    struct heard *x = user;
    pthread_mutex_lock(&x->mutex);
    if (n->ended)
        x->ends++;
    else
        x->values++;
    if (n->payload.n > 0)
        snprintf(x->last, sizeof x->last, "%.*s", (int)n->payload.n, (const char *)n->payload.p);
    pthread_mutex_unlock(&x->mutex);
}

static int heard_values(struct heard *x, int enough)
{
    int n = 0;
    for (int i = 0; i < 200 && n < enough; i++) {
        usleep(10000);
        pthread_mutex_lock(&x->mutex);
        n = x->values;
        pthread_mutex_unlock(&x->mutex);
    }
    return n;
}

static void a_device_is_asked(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE);
    struct device *d = registered_device(h, &alice, ALICE);
    struct answering *a = begin_answering(d);
    struct sg_server_request read = {.op = SG_READ, .path = {3, {3, 0, 0}}, .format = -1};
    struct sg_server_reply *reply = malloc(sizeof *reply);
    struct sg_error err = {0};

    must(sg_server_request(h->up, ALICE, &read, reply, PATIENCE_MS, &err) == 0, err);
    assert_int_equal(reply->code, SG_COAP_CONTENT);
    assert_int_equal(reply->format, SG_TEXT);
    assert_int_equal(reply->n, 5);
    assert_memory_equal(reply->payload, "value", 5);
    read.path.id[0] = 9;
    assert_int_equal(sg_server_request(h->up, ALICE, &read, reply, PATIENCE_MS, &err), 0);
    assert_int_equal(reply->code, SG_COAP_NOT_FOUND);

    struct heard x = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    uint64_t handle;
    struct sg_path path = {3, {3, 0, 9}};
    must(sg_server_observe(h->up, ALICE, &path, hear, &x, &handle, PATIENCE_MS, &err) == 0, err);
    assert_int_equal(heard_values(&x, 1), 1);
    a->notify = 2;
    assert_int_equal(heard_values(&x, 3), 3);
    assert_string_equal(x.last, "again");
    sg_server_unobserve(h->up, handle);
    sg_server_unobserve(h->up, handle);
    for (int i = 0; i < 100 && a->observed; i++)
        usleep(10000);
    assert_false(a->observed); /* it was told */
    a->notify = 1;
    for (int i = 0; i < 100 && a->resets == 0; i++)
        usleep(10000);
    assert_int_equal(a->resets, 1); /* and is told again, when it does not listen */
    assert_int_equal(x.values, 3);
    assert_int_equal(x.ends, 0);
    end_answering(a);
    free(reply);
    free_device(d);
    free_party(&alice);
}

struct asker {
    struct house *h;
    char endpoint[16];
    pthread_t thread;
    int answered, observed;
};

static int ignore_device(void *user, const struct sg_server_device *d)
{
    (void)user, (void)d;
    return 0;
}

static void *ask_all_the_time(void *arg)
{
    struct asker *a = arg;
    struct sg_server_reply *reply = malloc(sizeof *reply);
    const struct sg_server_request read = {.op = SG_READ, .path = {3, {3, 0, 0}}, .format = -1};
    const struct sg_path path = {3, {3, 0, 9}};
    for (int i = 0; i < 25; i++) {
        struct heard x = {.mutex = PTHREAD_MUTEX_INITIALIZER};
        struct sg_server_counts counts;
        uint64_t handle;
        a->answered += sg_server_request(a->h->up, a->endpoint, &read, reply, PATIENCE_MS, NULL) == 0;
        if (sg_server_observe(a->h->up, a->endpoint, &path, hear, &x, &handle, PATIENCE_MS, NULL) == 0) {
            sg_server_unobserve(a->h->up, handle);
            a->observed += x.values > 0 && x.ends == 0;
        }
        (void)sg_server_each_device(a->h->up, ignore_device, NULL);
        sg_server_counts(a->h->up, &counts);
    }
    free(reply);
    return NULL;
}

static void many_ask_at_once(void **state)
{
    struct house *h = *state;
    enum { DEVICES = 4, ASKERS = 8 };
    struct party p[DEVICES];
    struct answering *talk[DEVICES];
    struct asker askers[ASKERS];
    for (int i = 0; i < DEVICES; i++) {
        char name[16];
        snprintf(name, sizeof name, "device-%d", i);
        p[i] = enrol(h, name);
        talk[i] = begin_answering(registered_device(h, &p[i], name));
    }
    for (int i = 0; i < ASKERS; i++) { /* two for each device */
        askers[i] = (struct asker){.h = h};
        snprintf(askers[i].endpoint, sizeof askers[i].endpoint, "device-%d", i % DEVICES);
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_all_the_time, &askers[i]), 0);
    }
    for (int i = 0; i < ASKERS; i++) {
        pthread_join(askers[i].thread, NULL);
        assert_int_equal(askers[i].answered, 25);
        assert_int_equal(askers[i].observed, 25);
    }
    for (int i = 0; i < DEVICES; i++) {
        struct device *d = talk[i]->d;
        end_answering(talk[i]);
        free_device(d);
        free_party(&p[i]);
    }
}

static void *hang_up_soon(void *server)
{
    usleep(200000);
    sg_server_hang_up(server);
    return NULL;
}

static void who_waits_can_be_told(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE);
    struct device *d = registered_device(h, &alice, ALICE); /* it will not answer */
    const struct sg_server_request read = {.op = SG_READ, .path = {3, {3, 0, 0}}, .format = -1};
    struct sg_server_reply *reply = malloc(sizeof *reply);
    struct sg_error err = {0};
    pthread_t other;
    uint64_t begun = now_ms();
    assert_int_equal(pthread_create(&other, NULL, hang_up_soon, h->up), 0);
    assert_int_equal(sg_server_request(h->up, ALICE, &read, reply, 60000, &err), SG_ECLOSED);
    assert_true(now_ms() - begun < 5000);
    pthread_join(other, NULL);
    free(reply);
    free_device(d);
    free_party(&alice);
}

static void why_a_device_cannot_be_asked(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE);
    const struct sg_server_request read = {.op = SG_READ, .path = {3, {3, 0, 0}}, .format = -1};
    struct sg_server_reply *reply = malloc(sizeof *reply);
    struct sg_error err = {0};

    assert_int_equal(sg_server_request(h->up, "nobody", &read, reply, 1000, &err), SG_ENOTFOUND);
    assert_non_null(strstr(err.text, "no device \"nobody\""));
    assert_int_equal(sg_server_request(h->up, ALICE, &read, reply, 1000, &err), SG_ENOTFOUND);
    assert_non_null(strstr(err.text, "never registered"));
    struct device *d = new_device(h, &alice, SG_CID_ON);
    connect_device(d);
    assert_int_equal(sg_server_request(h->up, ALICE, &read, reply, 1000, &err), SG_ENOTFOUND);
    assert_non_null(strstr(err.text, "not registered yet"));
    assert_int_equal(register_device(d, ALICE), SG_COAP_CREATED);
    uint64_t begun = now_ms();
    assert_int_equal(sg_server_request(h->up, ALICE, &read, reply, 300, &err), SG_ETIMEOUT); /* it does not answer */
    assert_in_range(now_ms() - begun, 300, 1500);
    live(d, NULL, 100); /* takes our request, and leaves it */
    assert_int_equal(device_request(d, SG_COAP_DELETE, d->location, NULL, NULL, NULL), SG_COAP_DELETED);
    sg_dtls_close(d->dtls, d->id, SG_ALERT_CLOSE_NOTIFY, now_ms());
    usleep(300000);
    assert_int_equal(sg_server_request(h->up, ALICE, &read, reply, 1000, &err), SG_ENOTFOUND);
    assert_non_null(strstr(err.text, "last heard"));
    free(reply);
    free_device(d);
    free_party(&alice);
}

/* ------------------------------------------------------------------------------------------------- who is shut out */

static int count_live(void *user, const struct sg_server_device *d)
{
    (void)d;
    ++*(int *)user;
    return 0;
}

static void a_revocation_acts_at_once(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE), bob = enrol(h, BOB);
    struct device *a = registered_device(h, &alice, ALICE), *b = registered_device(h, &bob, BOB);
    struct sg_server_revoked what;
    struct sg_registration_row row;
    struct sg_device device;
    struct sg_error err = {0};
    int n = 0;

    assert_int_equal(sg_server_each_device(h->up, count_live, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(sg_server_revoke(h->up, "nobody", SG_KEY_COMPROMISE, "me", "here", &what, &err), SG_ENOTFOUND);
    must(sg_server_revoke(h->up, ALICE, SG_KEY_COMPROMISE, "me", "here", &what, &err) == 0, err);
    assert_int_equal(what.certificates, 1);
    assert_int_equal(what.associations, 1);
    assert_int_equal(what.registrations, 1);
    assert_int_equal(what.workers, h->workers);
    assert_true(what.took_ms < 1000);
    assert_true(live(a, &a->closed, 1000));
    assert_int_equal(a->alert, SG_ALERT_ACCESS_DENIED);
    assert_int_equal(audited(h, "revoked", ALICE, "key-compromise"), 1);
    assert_int_equal(sg_server_revoke(h->up, ALICE, SG_KEY_COMPROMISE, "me", "here", &what, &err), SG_ESTATE);
    refuse(h, &alice, SG_ALERT_CERTIFICATE_REVOKED, ALICE, "was revoked");
    assert_int_equal(sg_store_find_device(h->store, ALICE, &device, NULL), 0);
    assert_int_equal(sg_store_get_registration(h->store, device.number, &row, NULL), 0);
    assert_true(!row.active && row.registered != 0);
    assert_int_equal(update_device(b), SG_COAP_CHANGED); /* the other misses nothing */
    assert_int_equal(b->handshakes, 1);
    n = 0;
    assert_int_equal(sg_server_each_device(h->up, count_live, &n), 0);
    assert_int_equal(n, 1);
    free_device(a);
    free_device(b);
    free_party(&alice);
    free_party(&bob);
}

/* However many certificates it had in its life. */
static void a_device_of_many_certificates_is_shut_out(void **state)
{
    enum { MANY = 70 };
    struct house *h = *state;
    struct party alice[MANY];
    struct sg_server_revoked done;
    struct sg_error err = {0};
    struct sg_device device;
    for (int i = 0; i < MANY; i++)
        alice[i] = enrol(h, ALICE);
    struct device *d = registered_device(h, &alice[MANY - 1], ALICE);
    must(sg_server_revoke(h->up, ALICE, SG_KEY_COMPROMISE, "operator", "here", &done, &err) == 0, err);
    assert_int_equal(done.certificates, MANY);
    assert_true(live(d, &d->closed, 1000));
    assert_int_equal(sg_store_find_device(h->store, ALICE, &device, NULL), 0);
    assert_int_equal(device.state, SG_DEVICE_REVOKED);
    refuse(h, &alice[0], SG_ALERT_CERTIFICATE_REVOKED, ALICE, "revoked");
    free_device(d);
    for (int i = 0; i < MANY; i++)
        free_party(&alice[i]);
}

/* Any CA above counts, and a second look at the inventory is no way round. */
static void a_revoked_root_lets_nobody_in(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE);
    struct device *d = registered_device(h, &alice, ALICE);
    struct sg_fingerprint f;
    struct sg_cert_row row;
    sg_cert_fingerprint(h->root.cert, &f);
    assert_int_equal(sg_store_find_cert(h->store, &f, &row, NULL), 0);
    assert_int_equal(sg_store_revoke_cert(h->store, row.number, SG_CA_COMPROMISE, wall(), "operator", NULL), 0);
    assert_true(live(d, &d->closed, 3000));
    refuse(h, &alice, SG_ALERT_CERTIFICATE_REVOKED, ALICE, "issuing CA");
    free_device(d);
    free_party(&alice);
}

static void a_revocation_by_another_process_acts_too(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE), bob = enrol(h, BOB);
    struct device *a = registered_device(h, &alice, ALICE), *b = registered_device(h, &bob, BOB);
    struct sg_fingerprint f;
    struct sg_cert_row row;
    struct sg_server_device seen;

    sg_cert_fingerprint(alice.cert, &f);
    assert_int_equal(sg_store_find_cert(h->store, &f, &row, NULL), 0);
    assert_int_equal(sg_store_revoke_cert(h->store, row.number, SG_KEY_COMPROMISE, wall(), "operator", NULL), 0);
    assert_true(live(a, &a->closed, 1000)); /* within a second */
    assert_int_equal(a->alert, SG_ALERT_ACCESS_DENIED);
    assert_int_equal(sg_server_device(h->up, ALICE, &seen), SG_ENOTFOUND);
    assert_int_equal(audited(h, "shut-out", ALICE, "revoked"), 1);
    refuse(h, &alice, SG_ALERT_CERTIFICATE_REVOKED, ALICE, "was revoked");
    assert_int_equal(update_device(b), SG_COAP_CHANGED);
    free_device(a);
    free_device(b);
    free_party(&alice);
    free_party(&bob);
}

/* The certificate came in while it was good, the handshake ends when it is not any more. */
static void a_revocation_meets_a_handshake(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE);
    struct device *d = new_device(h, &alice, SG_CID_ON);
    struct sg_server_revoked what;
    struct sg_server_device seen;
    d->hold = true;
    assert_int_equal(sg_dtls_connect(d->dtls, &d->server, now_ms(), NULL), 0);
    live(d, NULL, 500);
    assert_false(d->connected || d->refused);
    assert_int_equal(sg_server_revoke(h->up, ALICE, SG_KEY_COMPROMISE, "me", "here", &what, NULL), 0);
    assert_int_equal(what.associations, 0);
    d->hold = false; /* and it is sent again */
    for (int i = 0; i < 100 && !d->closed && !d->refused; i++)
        live(d, &d->closed, 50);
    assert_true(d->closed || d->refused);
    assert_int_equal(d->alert, SG_ALERT_ACCESS_DENIED);
    assert_int_equal(sg_server_device(h->up, ALICE, &seen), SG_ENOTFOUND);
    assert_int_equal(audited(h, "shut-out", ALICE, "was revoked"), 1);
    free_device(d);
    free_party(&alice);
}

/* A device sends with the keys that it has: nothing comes back. */
static void what_is_shut_out_gets_no_word(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE);
    struct device *d = registered_device(h, &alice, ALICE);
    struct sg_server_revoked what;
    assert_int_equal(sg_server_revoke(h->up, ALICE, SG_UNSPECIFIED, "me", "here", &what, NULL), 0);
    assert_dead(d);
    free_device(d);
    free_party(&alice);
}

/* ------------------------------------------------------------------------------------------------------- moving */

static void a_device_moves(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE);
    struct device *d = registered_device(h, &alice, ALICE);
    struct sg_server_device before, after;
    struct sg_server_counts counts;
    assert_int_equal(sg_server_device(h->up, ALICE, &before), 0);
    for (int i = 0; i < 8; i++) { /* each port would hash to another worker */
        move(d);
        assert_int_equal(update_device(d), SG_COAP_CHANGED);
    }
    assert_int_equal(d->handshakes, 1);
    assert_int_equal(sg_server_device(h->up, ALICE, &after), 0);
    assert_int_not_equal(before.addr.port, after.addr.port);
    sg_server_counts(h->up, &counts);
    assert_int_equal(counts.moved, 8);
    assert_int_equal(counts.handshakes, 1);
    free_device(d);
    free_party(&alice);
}

static void two_workers_share_the_devices(void **state)
{
    struct house *h = *state;
    enum { N = 12 };
    struct party p[N];
    struct device *d[N];
    int of[2] = {0, 0};
    for (int i = 0; i < N; i++) {
        char name[16];
        snprintf(name, sizeof name, "device-%d", i);
        p[i] = enrol(h, name);
        d[i] = registered_device(h, &p[i], name);
        assert_true(d[i]->cid_out[0] < 2); /* the first byte names the worker */
        of[d[i]->cid_out[0]]++;
    }
    assert_true(of[0] > 0 && of[1] > 0); /* all in one: a chance of 1 in 2048 */
    for (int i = 0; i < N; i++) {
        move(d[i]);
        assert_int_equal(update_device(d[i]), SG_COAP_CHANGED);
        assert_int_equal(d[i]->handshakes, 1);
    }
    int n = 0;
    assert_int_equal(sg_server_each_device(h->up, count_live, &n), 0);
    assert_int_equal(n, N);
    for (int i = 0; i < N; i++) {
        free_device(d[i]);
        free_party(&p[i]);
    }
}

/* A new handshake may reach another worker: its registration goes with it, and it is there once. */
static void a_new_handshake_may_reach_another_worker(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE);
    struct device *d = registered_device(h, &alice, ALICE);
    struct sg_server_counts counts;
    uint8_t first = d->cid_out[0];
    char location[16];
    memcpy(location, d->location, sizeof location);
    for (int i = 0; i < 40 && d->cid_out[0] == first; i++) {
        move(d);
        connect_device(d);
        assert_true(d->connected);
    }
    assert_int_not_equal(d->cid_out[0], first);
    usleep(200000);
    assert_int_equal(update_device(d), SG_COAP_CHANGED);
    int n = 0;
    assert_int_equal(sg_server_each_device(h->up, count_live, &n), 0);
    assert_int_equal(n, 1);
    usleep(100000);
    sg_server_counts(h->up, &counts);
    assert_int_equal(counts.connected, 1);
    assert_int_equal(counts.registered, 1);
    free_device(d);
    free_party(&alice);
}

static void a_device_without_cid_is_known_by_its_address(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE);
    struct device *d = new_device(h, &alice, SG_CID_OFF);
    struct sg_server_device seen;
    connect_device(d);
    assert_true(d->connected);
    assert_int_equal(register_device(d, ALICE), SG_COAP_CREATED);
    assert_int_equal(update_device(d), SG_COAP_CHANGED);
    assert_int_equal(sg_server_device(h->up, ALICE, &seen), 0);
    assert_false(seen.cid);
    free_device(d);
    free_party(&alice);
}

/* As after a power failure: the same address, and nothing of the old keys. */
static void a_device_starts_anew(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE);
    struct device *old = registered_device(h, &alice, ALICE);
    struct device *d = new_device(h, &alice, SG_CID_ON);
    struct sg_server_device seen;
    struct sg_server_counts counts;
    close(d->socket);
    d->socket = dup(old->socket);
    connect_device(d);
    assert_true(d->connected);
    assert_int_equal(sg_server_device(h->up, ALICE, &seen), 0);
    assert_true(seen.connected && seen.registered);
    assert_int_equal(register_device(d, ALICE), SG_COAP_CREATED);
    assert_string_not_equal(d->location, old->location);
    assert_int_equal(update_device(d), SG_COAP_CHANGED);
    assert_dead(old);
    usleep(100000);
    sg_server_counts(h->up, &counts);
    assert_int_equal(counts.connected, 1);
    assert_int_equal(counts.registered, 1);
    free_device(old);
    free_device(d);
    free_party(&alice);
}

/* Without a connection id a new address needs a handshake, which is a short one; but not for who was revoked. */
static void a_device_resumes(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE);
    struct device *d = new_resuming_device(h, &alice);
    struct sg_server_device seen;
    struct sg_server_revoked what;
    connect_device(d);
    assert_true(d->connected);
    assert_int_equal(register_device(d, ALICE), SG_COAP_CREATED);
    move(d);
    connect_device(d);
    assert_true(d->connected);
    assert_int_equal(sg_server_device(h->up, ALICE, &seen), 0);
    assert_true(seen.resumed && seen.registered);
    assert_int_equal(update_device(d), SG_COAP_CHANGED); /* of the same registration */
    struct sg_server_counts counts;
    sg_server_counts(h->up, &counts);
    assert_int_equal(counts.handshakes, 2);
    assert_int_equal(counts.resumed, 1);
    assert_int_equal(sg_server_revoke(h->up, ALICE, SG_KEY_COMPROMISE, "me", "here", &what, NULL), 0);
    move(d);
    connect_device(d);
    assert_false(d->connected);
    free_device(d);
    free_party(&alice);
}

#define WITH_ONE(test) cmocka_unit_test_setup_teardown(test, house_of_one, leave_house)
#define WITH_TWO(test) cmocka_unit_test_setup_teardown(test, house_of_two, leave_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ONE(a_device_registers_and_is_seen),
        WITH_ONE(each_stranger_is_refused_with_its_reason),
        WITH_ONE(a_certificate_in_the_making_or_replaced_is_refused),
        WITH_ONE(another_name_is_refused),
        WITH_ONE(an_enrolment_acts_at_once),
        WITH_ONE(a_device_is_asked),
        WITH_ONE(why_a_device_cannot_be_asked),
        WITH_ONE(who_waits_can_be_told),
        WITH_ONE(a_revocation_acts_at_once),
        WITH_ONE(a_device_of_many_certificates_is_shut_out),
        WITH_ONE(a_revoked_root_lets_nobody_in),
        WITH_ONE(a_revocation_by_another_process_acts_too),
        WITH_ONE(what_is_shut_out_gets_no_word),
        WITH_ONE(a_revocation_meets_a_handshake),
        WITH_ONE(a_device_moves),
        WITH_ONE(a_device_without_cid_is_known_by_its_address),
        WITH_ONE(a_device_starts_anew),
        WITH_ONE(a_device_resumes),
        WITH_TWO(a_device_registers_and_is_seen),
        WITH_TWO(a_device_is_asked),
        WITH_TWO(many_ask_at_once),
        WITH_TWO(a_revocation_acts_at_once),
        WITH_TWO(a_revocation_by_another_process_acts_too),
        WITH_TWO(a_device_moves),
        WITH_TWO(a_device_starts_anew),
        WITH_TWO(two_workers_share_the_devices),
        WITH_TWO(a_new_handshake_may_reach_another_worker),
        WITH_TWO(a_device_without_cid_is_known_by_its_address),
    };
    sg_log_set_level(getenv("SG_TEST_LOG") != NULL ? SG_LOG_DEBUG : SG_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
