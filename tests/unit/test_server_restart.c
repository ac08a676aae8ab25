/* SPDX-License-Identifier: Apache-2.0 */
/* A restart costs no device anything: stopped or killed, the server goes on with what its tables hold. And what is
 * refused at a start. */
#include "server_live.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

static int cold_house_of_one(void **state)
{
    *state = new_house(1);
    return 0;
}

static int cold_house_of_two(void **state)
{
    *state = new_house(2);
    return 0;
}

static void restart(struct house *h)
{
    uint16_t port = sg_server_port(h->up);
    sg_server_stop(h->up);
    h->up = NULL;
    start_on(h, port);
}

static void a_restart_is_not_noticed(void **state)
{
    struct house *h = *state;
    start_on(h, 0);
    struct party alice = enrol(h, ALICE), bob = enrol(h, BOB);
    struct device *a = registered_device(h, &alice, ALICE);
    struct device *b = new_device(h, &bob, SG_CID_OFF);
    connect_device(b);
    assert_int_equal(register_device(b, BOB), SG_COAP_CREATED);
    for (int i = 0; i < 3; i++) {
        restart(h);
        struct sg_server_device seen;
        assert_int_equal(sg_server_device(h->up, ALICE, &seen), 0);
        assert_true(seen.connected && seen.registered);
        assert_string_equal(seen.location + 4, a->location);
        assert_string_equal(seen.objects, "</1/0>,</3/0>");
        assert_int_equal(update_device(a), SG_COAP_CHANGED);
        assert_int_equal(update_device(b), SG_COAP_CHANGED);
        move(a);
        assert_int_equal(update_device(a), SG_COAP_CHANGED);
        struct sg_server_counts counts;
        sg_server_counts(h->up, &counts);
        assert_int_equal(counts.handshakes, 0);
        assert_int_equal(counts.connected, 2);
    }
    assert_int_equal(a->handshakes, 1);
    assert_int_equal(b->handshakes, 1);
    struct answering *talk = begin_answering(a); /* and it can be asked */
    const struct sg_server_request read = {.op = SG_READ, .path = {3, {3, 0, 0}}, .format = -1};
    struct sg_server_reply *reply = malloc(sizeof *reply);
    struct sg_error err = {0};
    must(sg_server_request(h->up, ALICE, &read, reply, PATIENCE_MS, &err) == 0, err);
    assert_int_equal(reply->code, SG_COAP_CONTENT);
    end_answering(talk);
    free(reply);
    free_device(a);
    free_device(b);
    free_party(&alice);
    free_party(&bob);
}

/* A server in a process of its own, on that port (0: any), which is told back. The inventory's connection must not
 * cross the fork. */
static pid_t fork_server(struct house *h, uint16_t *port)
{
    int fds[2];
    sg_store_close(h->store);
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        start_on(h, *port);
        uint16_t actual = sg_server_port(h->up);
        if (write(fds[1], &actual, sizeof actual) != sizeof actual)
            _exit(1);
        for (;;)
            pause();
    }
    assert_true(pid > 0);
    close(fds[1]);
    assert_int_equal(read(fds[0], port, sizeof *port), sizeof *port);
    close(fds[0]);
    h->store = sg_store_open(h->inventory, NULL);
    assert_non_null(h->store);
    return pid;
}

static void kill_server(pid_t pid)
{
    int status;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void a_kill_is_not_noticed(void **state)
{
    struct house *h = *state;
    struct party alice = enrol(h, ALICE), bob = enrol(h, BOB);
    uint16_t port = 0;
    pid_t pid = fork_server(h, &port);
    struct device *a = make_client(&alice, port, SG_CID_ON, false), *b = make_client(&bob, port, SG_CID_OFF, false);
    connect_device(a);
    connect_device(b);
    assert_true(a->connected && b->connected);
    assert_int_equal(register_device(a, ALICE), SG_COAP_CREATED);
    assert_int_equal(register_device(b, BOB), SG_COAP_CREATED);
    for (int i = 0; i < 3; i++) {
        kill_server(pid);
        if (i == 1)
            move(a); /* while nobody listens */
        pid = fork_server(h, &port);
        assert_int_equal(update_device(a), SG_COAP_CHANGED);
        assert_int_equal(update_device(b), SG_COAP_CHANGED);
        assert_int_equal(update_device(a), SG_COAP_CHANGED);
    }
    assert_int_equal(a->handshakes, 1);
    assert_int_equal(b->handshakes, 1);
    assert_false(a->closed || b->closed);
    kill_server(pid);
    free_device(a);
    free_device(b);
    free_party(&alice);
    free_party(&bob);
}

static void who_was_revoked_meanwhile_does_not_come_back(void **state)
{
    struct house *h = *state;
    start_on(h, 0);
    struct party alice = enrol(h, ALICE), bob = enrol(h, BOB);
    struct device *a = registered_device(h, &alice, ALICE), *b = registered_device(h, &bob, BOB);
    struct sg_fingerprint f;
    struct sg_cert_row row;
    struct sg_server_device seen;
    uint16_t port = sg_server_port(h->up);
    sg_server_stop(h->up);
    h->up = NULL;
    sg_cert_fingerprint(alice.cert, &f);
    assert_int_equal(sg_store_find_cert(h->store, &f, &row, NULL), 0);
    assert_int_equal(sg_store_revoke_cert(h->store, row.number, SG_KEY_COMPROMISE, wall(), "operator", NULL), 0);
    start_on(h, port);
    assert_int_equal(sg_server_device(h->up, ALICE, &seen), SG_ENOTFOUND);
    assert_true(live(a, &a->closed, 1000));
    assert_int_equal(a->alert, SG_ALERT_ACCESS_DENIED);
    assert_int_equal(audited(h, "shut-out", ALICE, "revoked"), 1);
    assert_int_equal(update_device(b), SG_COAP_CHANGED);
    free_device(a);
    free_device(b);
    free_party(&alice);
    free_party(&bob);
}

/* The inventory was restored from a backup, and the number of Alice's certificate went to Bob's. */
static void a_number_that_is_anothers_now_lets_nobody_stay(void **state)
{
    struct house *h = *state;
    start_on(h, 0);
    struct party alice = enrol(h, ALICE);
    struct device *a = registered_device(h, &alice, ALICE);
    struct sg_error err = {0};
    struct sg_server_device seen;
    uint16_t port = sg_server_port(h->up);
    sg_server_stop(h->up);
    h->up = NULL;
    sg_store_close(h->store);
    assert_int_equal(unlink(h->inventory), 0);
    must(sg_store_create(h->inventory, &err) == 0, err);
    h->store = sg_store_open(h->inventory, &err);
    must(h->store != NULL, err);
    record(h, &h->root, SG_CERT_DEVICE_ROOT, NULL, 0);
    record(h, &h->issuing, SG_CERT_ISSUING_CA, &h->root, 0);
    struct party bob = enrol(h, BOB);
    start_on(h, port);
    assert_int_equal(sg_server_device(h->up, ALICE, &seen), SG_ENOTFOUND);
    assert_int_equal(sg_server_device(h->up, BOB, &seen), SG_ENOTFOUND);
    assert_int_equal(audited(h, "shut-out", ALICE, "not in the inventory any more"), 1);
    assert_true(live(a, &a->closed, 1000));
    free_device(a);
    free_party(&alice);
    free_party(&bob);
}

static void damage(const struct house *h, const char *file, off_t at, const char *with)
{
    char name[160];
    snprintf(name, sizeof name, "%s/%s", h->run_dir, file);
    int fd = open(name, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, with, strlen(with), at), strlen(with));
    close(fd);
}

static void damaged_tables_are_put_aside(void **state)
{
    struct house *h = *state;
    start_on(h, 0);
    struct party alice = enrol(h, ALICE);
    struct device *a = registered_device(h, &alice, ALICE);
    struct sg_server_device seen;
    char aside[160];
    uint16_t port = sg_server_port(h->up);

    sg_server_stop(h->up);
    damage(h, "worker0.devices", 0, "no table of ours");
    start_on(h, port);
    snprintf(aside, sizeof aside, "%s/worker0.devices.damaged", h->run_dir);
    assert_int_equal(access(aside, F_OK), 0);
    assert_int_equal(sg_server_device(h->up, ALICE, &seen), 0); /* the association is there: it registers anew */
    assert_true(seen.connected && !seen.registered);
    assert_int_equal(update_device(a), SG_COAP_NOT_FOUND);
    assert_int_equal(register_device(a, ALICE), SG_COAP_CREATED);
    assert_int_equal(a->handshakes, 1);

    sg_server_stop(h->up);
    damage(h, "worker0.dtls", 0, "no table of ours");
    start_on(h, port);
    assert_int_equal(sg_server_device(h->up, ALICE, &seen), 0); /* the registration is there: it handshakes anew */
    assert_true(!seen.connected && seen.registered);
    connect_device(a);
    assert_true(a->connected);
    assert_int_equal(update_device(a), SG_COAP_CHANGED);

    sg_server_stop(h->up); /* a file cut short */
    snprintf(aside, sizeof aside, "%s/worker0.devices", h->run_dir);
    assert_int_equal(truncate(aside, 1000), 0);
    start_on(h, port);
    assert_int_equal(update_device(a), SG_COAP_NOT_FOUND);
    free_device(a);
    free_party(&alice);
}

/* On a disk, tables may outlive the machine's reboot, in an older state than the last. */
static void tables_do_not_outlive_a_reboot(void **state)
{
    struct house *h = *state;
    start_on(h, 0);
    struct party alice = enrol(h, ALICE);
    struct device *a = registered_device(h, &alice, ALICE);
    struct sg_server_device seen;
    uint16_t port = sg_server_port(h->up);
    sg_server_stop(h->up);
    damage(h, "lock", 0, "1\n00000000-0000-4000-8000-000000000000\n");
    start_on(h, port);
    assert_int_equal(sg_server_device(h->up, ALICE, &seen), SG_ENOTFOUND);
    connect_device(a);
    assert_int_equal(register_device(a, ALICE), SG_COAP_CREATED);
    free_device(a);
    free_party(&alice);
}

/* ------------------------------------------------------------------------------------------------ what is refused */

static void refuse_start(const struct sg_server_config *c, int code, const char *says)
{
    struct sg_error err = {0};
    assert_null(sg_server_start(c, &err));
    if (err.code != code || strstr(err.text, says) == NULL)
        fail_msg("%d \"%s\" instead of %d \"%s\"", err.code, err.text, code, says);
}

static void a_second_server_is_refused(void **state)
{
    struct house *h = *state;
    char text[64];
    start_on(h, 0);
    struct sg_server_config c = config_of(h, "127.0.0.1:0");
    snprintf(text, sizeof text, "process %ld", (long)getpid());
    refuse_start(&c, SG_EBUSY, text);
    char other[120];
    snprintf(other, sizeof other, "%s/run2", h->dir);
    snprintf(text, sizeof text, "127.0.0.1:%u", sg_server_port(h->up));
    c.run_dir = other;
    c.listen = text;
    refuse_start(&c, SG_EBUSY, "another"); /* the port is taken, by however many workers */
    c.workers = 3;
    refuse_start(&c, SG_EBUSY, text);
    struct sg_server_counts counts;
    sg_server_counts(h->up, &counts); /* the first is whole */
}

static void what_a_start_needs(void **state)
{
    struct house *h = *state;
    struct sg_server_config good = config_of(h, "127.0.0.1:0"), c;
    char name[120];

    c = good;
    c.workers = 0;
    refuse_start(&c, SG_EINVAL, "workers");
    c = good;
    c.max_devices = 0;
    refuse_start(&c, SG_EINVAL, "devices");
    c = good;
    c.mtu = 1500;
    refuse_start(&c, SG_EINVAL, "512 to 1452");
    c = good;
    c.key = h->root.key;
    refuse_start(&c, SG_EMISMATCH, "private key");
    c = good;
    c.listen = "localhost:5684";
    refuse_start(&c, SG_EFORMAT, "localhost:5684");
    c.listen = "192.0.2.1:5684"; /* of nobody here */
    refuse_start(&c, SG_EIO, "192.0.2.1:5684");

    c = good;
    snprintf(name, sizeof name, "%s/none.db", h->dir);
    c.inventory = name;
    refuse_start(&c, SG_ENOTFOUND, "none.db");
    assert_int_equal(sg_store_create(name, NULL), 0);
    refuse_start(&c, SG_ENOTFOUND, "device root");
    int fd = open(name, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, "this is no inventory, and it is long enough to be looked at", 60), 60);
    close(fd);
    refuse_start(&c, SG_EFORMAT, "none.db");

    c = good;
    snprintf(name, sizeof name, "%s/open", h->dir);
    assert_int_equal(mkdir(name, 0755), 0);
    assert_int_equal(chmod(name, 0755), 0);
    c.run_dir = name;
    refuse_start(&c, SG_EDENIED, "mode 755");
    snprintf(name, sizeof name, "%s/file", h->dir);
    close(open(name, O_WRONLY | O_CREAT, 0600));
    refuse_start(&c, SG_EINVAL, "no directory");
    snprintf(name, sizeof name, "%s/not/there", h->dir);
    refuse_start(&c, SG_EIO, "not/there");

    struct sg_error err = {0};
    h->up = sg_server_start(&good, &err); /* nothing of all this is in the way */
    must(h->up != NULL, err);
}

#define COLD_ONE(test) cmocka_unit_test_setup_teardown(test, cold_house_of_one, leave_house)
#define COLD_TWO(test) cmocka_unit_test_setup_teardown(test, cold_house_of_two, leave_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        COLD_ONE(a_kill_is_not_noticed), /* before any thread of this process */
        COLD_TWO(a_kill_is_not_noticed),
        COLD_ONE(a_restart_is_not_noticed),
        COLD_TWO(a_restart_is_not_noticed),
        COLD_ONE(who_was_revoked_meanwhile_does_not_come_back),
        COLD_ONE(a_number_that_is_anothers_now_lets_nobody_stay),
        COLD_TWO(who_was_revoked_meanwhile_does_not_come_back),
        COLD_ONE(damaged_tables_are_put_aside),
        COLD_ONE(tables_do_not_outlive_a_reboot),
        COLD_ONE(a_second_server_is_refused),
        COLD_TWO(a_second_server_is_refused),
        COLD_ONE(what_a_start_needs),
    };
    sg_log_set_level(SG_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
