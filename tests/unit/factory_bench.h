/* SPDX-License-Identifier: Apache-2.0 */
/* A bench for the tests of the factory room: an inventory, an issuing CA, and a simulated modem whose replies can be
 * changed on their way. */
#ifndef FACTORY_BENCH_H
#define FACTORY_BENCH_H

#include "factory/factory.h"
#include "sim_rig.h"
#include "store/store.h"
#include <sys/stat.h>

#define ENDPOINT "urn:imei:351516170000001"
#define IMEI     "351516170000001"
#define DB       "inventory.db"

/* Changes the modem's whole answer to one command; `command` is without its CR. */
typedef void tamper_fn(void *user, const char *command, char *answer, size_t cap);

struct bench {
    struct rig rig;
    struct rig_ca ca, server_root;
    struct sg_store *store;
    struct sg_enroll enroll;
    struct sg_enroll_result result;
    struct sg_error err;
    char command[8192];
    tamper_fn *tamper;
    void *tamper_user;
    int stop_after; /* the step to end after; -1: none */
    char steps[2048], destroyed[1024];
    bool allow;
};

static char bench_folder[] = "/tmp/test_factory.XXXXXX";

UNUSED static int bench_enter(void **state)
{
    (void)state;
    return mkdtemp(bench_folder) && chdir(bench_folder) == 0 ? 0 : -1;
}

UNUSED static int bench_leave(void **state)
{
    char command[80];
    (void)state;
    (void)snprintf(command, sizeof command, "cd / && rm -rf %s", bench_folder);
    return system(command);
}

/* The simulator answers while it is written to: what lies in `out` after the CR is the whole answer. */
static int bench_write(void *user, const void *p, size_t n)
{
    struct bench *b = user;
    size_t at = strlen(b->command);
    assert_true(at + n < sizeof b->command);
    memcpy(b->command + at, p, n);
    b->command[at + n] = '\0';
    int r = rig_write(&b->rig, p, n);
    char *cr = strrchr(b->command, '\r');
    if (cr == NULL || cr[1] != '\0')
        return r;
    *cr = '\0';
    b->rig.out[b->rig.out_len] = '\0';
    if (b->tamper != NULL)
        b->tamper(b->tamper_user, b->command, b->rig.out, sizeof b->rig.out);
    b->rig.out_len = strlen(b->rig.out);
    b->command[0] = '\0';
    return r;
}

static int bench_read(void *user, void *p, size_t cap, uint32_t timeout_ms)
{
    struct bench *b = user;
    return rig_read(&b->rig, p, cap, timeout_ms);
}

static uint64_t bench_now(void *user)
{
    struct bench *b = user;
    return rig_now(&b->rig);
}

static int bench_step(void *user, enum sg_enroll_step step, const char *facts)
{
    struct bench *b = user;
    size_t at = strlen(b->steps);
    (void)snprintf(b->steps + at, sizeof b->steps - at, "%s: %s\n", sg_enroll_step_name(step), facts);
    return (int)step == b->stop_after;
}

static bool bench_may_destroy(void *user, const char *what)
{
    struct bench *b = user;
    (void)snprintf(b->destroyed, sizeof b->destroyed, "%s", what);
    return b->allow;
}

/* Puts another modem on the bench; the inventory and the CA stay. */
UNUSED static void bench_connect(struct bench *b, const struct sg_sim_config *config)
{
    struct sg_at_io io = {.user = b, .write = bench_write, .read = bench_read, .now = bench_now};
    if (b->rig.sim != NULL)
        rig_end(&b->rig);
    rig_start(&b->rig, config);
    b->rig.modem.io = io;
    b->enroll.modem = &b->rig.modem;
}

UNUSED static struct bench *bench_new(void)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    (void)unlink(DB);
    (void)unlink(DB "-wal");
    (void)unlink(DB "-shm");
    assert_int_equal(sg_store_create(DB, &b->err), 0);
    b->store = sg_store_open(DB, &b->err);
    assert_non_null(b->store);
    b->ca = rig_ca("first lot");
    b->server_root = rig_ca("Server root");
    b->stop_after = -1;
    b->enroll = (struct sg_enroll){
        .port = "/dev/bench",
        .store = b->store,
        .issuer = {b->ca.cert, b->ca.key},
        .server_root = b->server_root.cert,
        .now = time(NULL),
        .valid = 3600,
        .tag = -1,
        .who = "tester",
        .step = bench_step,
        .may_destroy = bench_may_destroy,
        .user = b,
    };
    bench_connect(b, &(struct sg_sim_config){.imei = IMEI});
    return b;
}

UNUSED static void bench_free(struct bench *b)
{
    rig_end(&b->rig);
    sg_store_close(b->store);
    rig_ca_free(&b->ca);
    rig_ca_free(&b->server_root);
    free(b);
}

UNUSED static int bench_enroll(struct bench *b)
{
    struct sg_at_io io = b->rig.modem.io;
    b->steps[0] = b->destroyed[0] = b->command[0] = '\0';
    memset(&b->err, 0, sizeof b->err);
    memset(&b->rig.modem, 0, sizeof b->rig.modem);
    b->rig.log[0] = '\0';
    assert_int_equal(sg_modem_open(&b->rig.modem, io), 0);
    return sg_enroll(&b->enroll, &b->result, &b->err);
}

#define assert_contains(text, part)                                                                                    \
    do {                                                                                                               \
        if (!strstr(text, part))                                                                                       \
            fail_msg("\"%s\" is not in \"%s\"", part, text);                                                           \
    } while (0)
#define assert_enrolled(b)                                                                                             \
    do {                                                                                                               \
        if (bench_enroll(b) != 0)                                                                                      \
            fail_msg("%s", (b)->err.text);                                                                             \
    } while (0)
#define assert_refused(b, code, says)                                                                                  \
    do {                                                                                                               \
        assert_int_equal(bench_enroll(b), code);                                                                       \
        assert_contains((b)->err.text, says);                                                                          \
    } while (0)

struct bench_count {
    int in[4]; /* by state */
};

static int bench_count_one(void *user, const struct sg_cert_row *row)
{
    struct bench_count *c = user;
    c->in[row->state]++;
    return 0;
}

/* How many certificates of devices there are in that state. */
UNUSED static int bench_certs(struct bench *b, enum sg_cert_state state)
{
    struct bench_count c = {{0}};
    assert_int_equal(sg_store_each_cert(b->store, SG_CERT_DEVICE, 0, bench_count_one, &c, &b->err), 0);
    return c.in[state];
}

UNUSED static enum sg_device_state bench_state(struct bench *b, const char *endpoint)
{
    struct sg_device d;
    assert_int_equal(sg_store_find_device(b->store, endpoint, &d, &b->err), 0);
    return d.state;
}

#endif
