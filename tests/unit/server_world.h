/* SPDX-License-Identifier: Apache-2.0 */
/* For the protocol tests of the server room: a desk without sockets, its devices played by the test, byte by byte. */
#ifndef SG_TEST_SERVER_WORLD_H
#define SG_TEST_SERVER_WORLD_H

#include "server/desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UNUSED __attribute__((unused))
#define ALICE  "urn:imei:351516170000001"
#define BOB    "urn:imei:351516170000002"

enum { ROWS = 4, MESSAGES = 64, A = 11, B = 22 /* associations of Alice and Bob */ };

struct world {
    struct desk desk;
    struct row rows[ROWS];
    uint32_t used;
    struct {
        uint64_t assoc;
        size_t n;
        uint8_t p[MESSAGE_MAX];
    } sent[MESSAGES];
    size_t sent_count, taken;
    struct {
        enum desk_what what;
        char endpoint[128], reason[512], cure[256];
    } events[MESSAGES];
    size_t event_count;
    uint64_t closed[MESSAGES];
    int alerts[MESSAGES];
    size_t closed_count;
    int send_result;
    bool no_room;
    uint8_t random;
};

static int world_send(void *user, uint64_t assoc, struct sg_bytes m)
{
    struct world *w = user;
    assert_true(w->sent_count < MESSAGES && m.n <= MESSAGE_MAX);
    if (w->send_result < 0)
        return w->send_result;
    w->sent[w->sent_count].assoc = assoc;
    w->sent[w->sent_count].n = m.n;
    memcpy(w->sent[w->sent_count++].p, m.p, m.n);
    return 0;
}

static void world_close(void *user, uint64_t assoc, int alert)
{
    struct world *w = user;
    w->closed[w->closed_count] = assoc;
    w->alerts[w->closed_count++] = alert;
}

static void world_event(void *user, const struct desk_event *e)
{
    struct world *w = user;
    w->events[w->event_count].what = e->what;
    snprintf(w->events[w->event_count].endpoint, 128, "%s", e->row->endpoint);
    snprintf(w->events[w->event_count].reason, 512, "%s", e->reason != NULL ? e->reason : "");
    snprintf(w->events[w->event_count++].cure, 256, "%s", e->cure != NULL ? e->cure : "");
}

static void world_random(void *user, void *p, size_t n)
{
    struct world *w = user;
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)p)[i] = ++w->random;
}

static int world_grow(void *user, uint32_t rows)
{
    struct world *w = user;
    assert_in_range(rows, w->used + 1, ROWS);
    return w->no_room ? SG_ENOSPC : 0;
}

static const struct desk_ports world_ports = {NULL, world_send, world_close, world_event, world_random, world_grow};

UNUSED static int open_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct desk_ports ports = world_ports;
    ports.user = w;
    *state = w;
    int rc = sg_server_desk_init(&w->desk, &ports, w->rows, &w->used, ROWS);
    w->desk.now = 1000000;
    w->desk.wall = 1795420800;
    return rc;
}

UNUSED static int close_world(void **state)
{
    struct world *w = *state;
    sg_server_desk_free(&w->desk);
    free(w);
    return 0;
}

UNUSED static void pass(struct world *w, uint64_t ms)
{
    w->desk.now += ms;
    w->desk.wall += (int64_t)(ms / 1000);
    sg_server_desk_tick(&w->desk);
}

UNUSED static int connect_as(struct world *w, const char *endpoint, uint64_t assoc)
{
    struct caller c = {.cert = assoc + 1000, .device = (int64_t)assoc + 2000, .fingerprint = {{0x5d, 0xe1, 0x77}}};
    snprintf(c.endpoint, sizeof c.endpoint, "%s", endpoint);
    return sg_server_desk_connected(&w->desk, &c, assoc, false);
}

/* What a device sends: options as text, "11 rd", "15 ep=x", "6 #0" (a number), "12 #40". */
struct message {
    enum sg_coap_type type;
    uint8_t code;
    uint16_t mid;
    struct sg_bytes token;
    const char *options[8];
    const char *payload;
};

UNUSED static void say(struct world *w, uint64_t assoc, const struct message *m)
{
    uint8_t space[2048];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_coap_writer out = sg_coap_begin(&b, m->type, m->code, m->mid, m->token);
    for (size_t i = 0; i < 8 && m->options[i] != NULL; i++) {
        char *value;
        uint16_t number = (uint16_t)strtol(m->options[i], &value, 10);
        value++;
        if (*value == '#')
            sg_coap_put_uint(&out, number, (uint32_t)strtoul(value + 1, NULL, 10));
        else
            sg_coap_put_str(&out, number, value);
    }
    if (m->payload != NULL)
        sg_coap_put_payload(&out, sg_str(m->payload));
    assert_false(b.full);
    sg_server_desk_input(&w->desk, assoc, sg_buf_bytes(&b));
}

/* The next message that was sent, which must exist and go to `assoc`. */
UNUSED static struct sg_coap hear(struct world *w, uint64_t assoc)
{
    struct sg_coap m;
    if (w->taken == w->sent_count)
        fail_msg("nothing was sent");
    assert_int_equal(w->sent[w->taken].assoc, assoc);
    assert_int_equal(sg_coap_parse(sg_bytes(w->sent[w->taken].p, w->sent[w->taken].n), &m, NULL), 0);
    w->taken++;
    return m;
}

UNUSED static void hear_nothing(const struct world *w)
{
    if (w->taken != w->sent_count)
        fail_msg("%zu messages more than expected", w->sent_count - w->taken);
}

/* A confirmable request and the code of its answer. */
UNUSED static uint8_t request(struct world *w, uint64_t assoc, const struct message *m)
{
    say(w, assoc, m);
    struct sg_coap answer = hear(w, assoc);
    assert_int_equal(answer.type, SG_COAP_ACK);
    assert_int_equal(answer.mid, m->mid);
    assert_true(sg_bytes_eq(sg_bytes(answer.token, answer.token_len), m->token));
    return answer.code;
}

#define OBJECTS "</>;rt=\"oma.lwm2m\",</1/0>,</3/0>,</3303/0>"

UNUSED static void register_as(struct world *w, const char *endpoint, uint64_t assoc, uint16_t mid)
{
    char ep[140];
    snprintf(ep, sizeof ep, "15 ep=%s", endpoint);
    if (sg_server_desk_of(&w->desk, assoc) == NULL)
        assert_int_equal(connect_as(w, endpoint, assoc), 0);
    assert_int_equal(request(w, assoc,
                             &(struct message){SG_COAP_CON,
                                               SG_COAP_POST,
                                               mid,
                                               sg_str("tk"),
                                               {"11 rd", "12 #40", "15 lwm2m=1.1", ep, "15 lt=300", "15 b=U"},
                                               OBJECTS}),
                     SG_COAP_CREATED);
}

UNUSED static struct row *row_of(struct world *w, uint64_t assoc)
{
    return sg_server_desk_of(&w->desk, assoc);
}

#endif
