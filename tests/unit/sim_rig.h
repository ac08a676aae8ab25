/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated modem with the AT client of the modem room on its port, in one process: for the tests of the sim room.
 * Raw text can be typed too. Time is the clock's, but jumps over waits in which nothing can happen.
 */
#ifndef SIM_RIG_H
#define SIM_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "modem/modem.h"
#include "pki/pki.h"
#include "sim/sim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

struct rig {
    struct sg_sim_config config;
    struct sg_sim *sim;
    struct sg_modem modem;
    uint64_t skipped;
    char out[65536];
    size_t out_len;
    char log[65536], seen[4096];
    /* a peer in the same process: its socket, and what to do when something may have come or time has passed */
    int peer_fd;
    void (*peer)(void *user, uint64_t now);
    void *peer_user;
};

static uint64_t rig_now(void *user)
{
    struct rig *r = user;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 + r->skipped;
}

static void rig_output(void *user, struct sg_bytes bytes)
{
    struct rig *r = user;
    assert_true(r->out_len + bytes.n <= sizeof r->out);
    memcpy(r->out + r->out_len, bytes.p, bytes.n);
    r->out_len += bytes.n;
}

static void rig_log(void *user, const char *line)
{
    struct rig *r = user;
    size_t at = strlen(r->log);
    (void)snprintf(r->log + at, sizeof r->log - at, "%s\n", line);
}

static void rig_unsolicited(void *user, struct sg_bytes line)
{
    struct rig *r = user;
    size_t at = strlen(r->seen);
    (void)snprintf(r->seen + at, sizeof r->seen - at, "%.*s|", (int)line.n, (const char *)line.p);
}

/* Lets things happen for at most `ms`, and returns as soon as something did. */
static void rig_step(struct rig *r, uint32_t ms)
{
    struct pollfd fds[SG_SIM_SOCKETS + 1];
    size_t n = sg_sim_poll(r->sim, fds);
    uint64_t now = rig_now(r), deadline = sg_sim_deadline(r->sim);
    if (deadline < now + ms)
        ms = deadline > now ? (uint32_t)(deadline - now) : 0;
    if (n == 0) {
        r->skipped += ms;
    } else {
        fds[n++] = (struct pollfd){.fd = r->peer_fd, .events = POLLIN};
        (void)poll(fds, n, ms < 20 ? (int)ms : 20);
    }
    if (r->peer)
        r->peer(r->peer_user, rig_now(r));
    sg_sim_network(r->sim, rig_now(r));
    if (rig_now(r) >= sg_sim_deadline(r->sim))
        sg_sim_tick(r->sim, rig_now(r));
}

static int rig_write(void *user, const void *p, size_t n)
{
    struct rig *r = user;
    sg_sim_input(r->sim, sg_bytes(p, n), rig_now(r));
    return 0;
}

static int rig_read(void *user, void *p, size_t cap, uint32_t timeout_ms)
{
    struct rig *r = user;
    uint64_t until = rig_now(r) + timeout_ms;
    while (r->out_len == 0 && rig_now(r) < until)
        rig_step(r, (uint32_t)(until - rig_now(r)));
    size_t n = r->out_len < cap ? r->out_len : cap;
    memcpy(p, r->out, n);
    memmove(r->out, r->out + n, r->out_len - n);
    r->out_len -= n;
    return (int)n;
}

/* Starts a simulator; `config` may be NULL. The boot text is dropped. */
UNUSED static void rig_start(struct rig *r, const struct sg_sim_config *config)
{
    struct sg_error err = {0};
    *r = (struct rig){.peer_fd = -1};
    if (config)
        r->config = *config;
    r->config.user = r;
    r->config.output = rig_output;
    r->config.log = rig_log;
    r->sim = sg_sim_new(&r->config, rig_now(r), &err);
    if (r->sim == NULL)
        fail_msg("%s", err.text);
    r->out_len = 0;
    r->modem.unsolicited = rig_unsolicited;
    r->modem.user = r;
    r->modem.io = (struct sg_at_io){.user = r, .write = rig_write, .read = rig_read, .now = rig_now};
}

UNUSED static struct sg_modem *rig_modem(struct rig *r)
{
    struct sg_at_io io = r->modem.io;
    assert_int_equal(sg_modem_open(&r->modem, io), 0);
    return &r->modem;
}

UNUSED static void rig_end(struct rig *r)
{
    sg_sim_free(r->sim);
    r->sim = NULL;
}

/* Types bytes, and compares what comes back. */
UNUSED static void rig_type(struct rig *r, const char *text, const char *answer)
{
    r->out_len = 0;
    sg_sim_input(r->sim, sg_str(text), rig_now(r));
    r->out[r->out_len] = 0;
    assert_string_equal(r->out, answer);
    r->out_len = 0;
}

/* Types a command without CR; the answer without its last CR LF, to be used before the next call. */
UNUSED static const char *rig_ask(struct rig *r, const char *command)
{
    static char answer[65536];
    r->out_len = 0;
    sg_sim_input(r->sim, sg_str(command), rig_now(r));
    sg_sim_input(r->sim, sg_str("\r"), rig_now(r));
    assert_true(r->out_len >= 2);
    memcpy(answer, r->out, r->out_len - 2);
    answer[r->out_len - 2] = 0;
    r->out_len = 0;
    return answer;
}

/* A root, and certificates below it. */
struct rig_ca {
    EVP_PKEY *key;
    X509 *cert;
};

UNUSED static struct sg_validity rig_validity(void)
{
    int64_t now = time(NULL);
    return (struct sg_validity){now - 3600, now + 86400};
}

UNUSED static struct rig_ca rig_ca(const char *name)
{
    struct rig_ca ca = {.key = sg_key_new(SG_P256, NULL)};
    ca.cert = sg_cert_root(ca.key, name, rig_validity(), NULL);
    assert_non_null(ca.cert);
    return ca;
}

UNUSED static void rig_ca_free(struct rig_ca *ca)
{
    EVP_PKEY_free(ca->key);
    X509_free(ca->cert);
}

UNUSED static const char *rig_pem(const X509 *cert)
{
    static uint8_t space[4096];
    struct sg_buf b = sg_buf(space, sizeof space);
    assert_int_equal(sg_cert_put_pem(&b, cert), 0);
    return sg_buf_cstr(&b);
}

UNUSED static void rig_sha_text(const void *p, size_t n, char text[65])
{
    uint8_t sha[32];
    sg_sha256(sg_bytes(p, n), sha);
    for (size_t i = 0; i < 32; i++)
        (void)snprintf(text + 2 * i, 3, "%02X", sha[i]);
}

#endif
