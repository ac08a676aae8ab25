/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client and a server's end of the line, for the tests of the device room: what the client sends is kept datagram by
 * datagram, what it tells event by event, and time passes only where a test says so.
 */
#ifndef DEVICE_LINE_H
#define DEVICE_LINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "device/device.h"
#include <string.h>

enum { LINE_KEPT = 32, LINE_EVENTS = 64, ANY = 65536 };

struct datagram {
    size_t n;
    uint8_t bytes[SG_LWM2M_DATAGRAM_MAX];
};

struct line {
    struct sg_lwm2m client;
    struct sg_object_device device;
    struct sg_object_connectivity connectivity;
    struct sg_object_temperature temperature;
    struct sg_lwm2m_object objects[3];
    uint64_t now;
    uint16_t mid; /* of the server's next message */
    unsigned reboots;
    size_t sent, events;
    struct datagram kept[LINE_KEPT];
    struct sg_lwm2m_event told[LINE_EVENTS];
    char location[SG_LWM2M_LOCATION_MAX]; /* of the last REGISTERED */
};

static inline void line_send(void *user, struct sg_bytes datagram)
{
    struct line *l = user;
    assert_true(l->sent < LINE_KEPT);
    assert_true(datagram.n >= 4 && datagram.n <= SG_LWM2M_DATAGRAM_MAX);
    memcpy(l->kept[l->sent].bytes, datagram.p, datagram.n);
    l->kept[l->sent++].n = datagram.n;
}

static inline void line_event(void *user, const struct sg_lwm2m_event *event)
{
    struct line *l = user;
    assert_true(l->events < LINE_EVENTS);
    assert_non_null(event->text);
    if (event->what == SG_LWM2M_REGISTERED)
        strcpy(l->location, event->text);
    l->told[l->events++] = *event;
}

static inline uint32_t line_random(void *user)
{
    (void)user;
    return 0x01020304; /* the first wait for an acknowledgement is then 2,168 ms */
}

static inline void line_reboot(void *user)
{
    ((struct line *)user)->reboots++;
}

static inline struct sg_lwm2m_config line_config(struct line *l)
{
    return (struct sg_lwm2m_config){
        .endpoint = "urn:imei:351516170000001",
        .lifetime = 300,
        .server_id = 123,
        .objects = l->objects,
        .object_count = 3,
        .user = l,
        .send = line_send,
        .event = line_event,
        .random = line_random,
    };
}

static inline void line_fill(struct line *l)
{
    memset(l, 0, sizeof *l);
    l->now = 1000000;
    l->mid = 100;
    l->device = (struct sg_object_device){.manufacturer = "Signet",
                                          .model = "test",
                                          .serial = "351516170000001",
                                          .firmware = "1.2.3",
                                          .power_source = 1,
                                          .millivolts = 3700,
                                          .battery_percent = 80,
                                          .memory_free_kib = 64,
                                          .unix_offset_ms = 1795000000000,
                                          .utc_offset = "+01:00",
                                          .timezone = "Europe/Berlin",
                                          .user = l,
                                          .reboot = line_reboot};
    l->connectivity = (struct sg_object_connectivity){
        .bearer = 6, .signal_dbm = -85, .address = "192.0.2.7", .cell = 42, .mnc = 1, .mcc = 262};
    sg_object_temperature_set(&l->temperature, 21.5);
    l->objects[0] = sg_lwm2m_object_device(&l->device);
    l->objects[1] = sg_lwm2m_object_connectivity(&l->connectivity);
    l->objects[2] = sg_lwm2m_object_temperature(&l->temperature);
}

/* Forgets what was sent and told so far. */
static inline void line_clear(struct line *l)
{
    l->sent = l->events = 0;
}

/* The only datagram that was sent since line_clear. */
static inline struct sg_coap line_only(struct line *l)
{
    struct sg_coap m;
    assert_int_equal(l->sent, 1);
    assert_int_equal(sg_coap_parse(sg_bytes(l->kept[0].bytes, l->kept[0].n), &m, NULL), 0);
    return m;
}

static inline struct sg_coap line_last(struct line *l)
{
    struct sg_coap m;
    assert_true(l->sent > 0);
    assert_int_equal(sg_coap_parse(sg_bytes(l->kept[l->sent - 1].bytes, l->kept[l->sent - 1].n), &m, NULL), 0);
    return m;
}

static inline const struct sg_lwm2m_event *line_told(const struct line *l, enum sg_lwm2m_what what)
{
    for (size_t i = l->events; i > 0; i--) {
        if (l->told[i - 1].what == what)
            return &l->told[i - 1];
    }
    return NULL;
}

/* A message from the server, put together part by part. */
struct message {
    struct sg_buf b;
    struct sg_coap_writer w;
    uint8_t bytes[2048];
};

static inline void message_begin(struct message *m, enum sg_coap_type type, uint8_t code, uint16_t mid,
                                 const char *token)
{
    m->b = sg_buf(m->bytes, sizeof m->bytes);
    m->w = sg_coap_begin(&m->b, type, code, mid, sg_str(token));
}

static inline void message_put(struct line *l, struct message *m)
{
    assert_false(m->b.full);
    sg_lwm2m_input(&l->client, sg_buf_bytes(&m->b), l->now);
}

/* A whole request to `path`; ANY: without that option. Returns the answer, which must be the only thing sent. */
struct ask {
    uint8_t method;
    const char *path;
    uint32_t accept, format, observe;
    struct sg_bytes payload;
    const char *token;
};

static inline void line_put(struct line *l, struct ask a)
{
    struct message m;
    struct sg_path path;

    assert_int_equal(sg_path_parse(sg_str(a.path), &path), 0);
    message_begin(&m, SG_COAP_CON, a.method, l->mid++, a.token != NULL ? a.token : "tok");
    if (a.observe != ANY)
        sg_coap_put_uint(&m.w, SG_COAP_OPT_OBSERVE, a.observe);
    sg_coap_put_path(&m.w, &path);
    if (a.format != ANY)
        sg_coap_put_uint(&m.w, SG_COAP_OPT_CONTENT_FORMAT, a.format);
    if (a.accept != ANY)
        sg_coap_put_uint(&m.w, SG_COAP_OPT_ACCEPT, a.accept);
    sg_coap_put_payload(&m.w, a.payload);
    message_put(l, &m);
}

static inline struct sg_coap line_ask(struct line *l, struct ask a)
{
    line_clear(l);
    line_put(l, a);
    struct sg_coap m = line_only(l);
    assert_int_equal(m.type, SG_COAP_ACK);
    assert_int_equal(m.mid, (uint16_t)(l->mid - 1));
    return m;
}

static inline struct sg_coap line_get(struct line *l, const char *path, uint32_t accept)
{
    return line_ask(l, (struct ask){SG_COAP_GET, path, accept, ANY, ANY, sg_str(""), NULL});
}

static inline struct sg_coap line_write(struct line *l, uint8_t method, const char *path, uint32_t format,
                                        struct sg_bytes payload)
{
    return line_ask(l, (struct ask){method, path, ANY, format, ANY, payload, NULL});
}

/* The server's answer to the client's last message, in its acknowledgement. */
static inline void line_answer(struct line *l, uint8_t code, const char *const *location)
{
    struct sg_coap request = line_last(l);
    struct message m;

    m.b = sg_buf(m.bytes, sizeof m.bytes);
    m.w = sg_coap_begin(&m.b, SG_COAP_ACK, code, request.mid, sg_bytes(request.token, request.token_len));
    for (; location != NULL && *location != NULL; location++)
        sg_coap_put_str(&m.w, SG_COAP_OPT_LOCATION_PATH, *location);
    message_put(l, &m);
}

static inline void line_acknowledge(struct line *l, enum sg_coap_type type, uint16_t mid)
{
    struct message m;
    message_begin(&m, type, SG_COAP_EMPTY, mid, "");
    message_put(l, &m);
}

static inline void line_tick(struct line *l, uint64_t ms)
{
    l->now += ms;
    sg_lwm2m_tick(&l->client, l->now);
}

/* Lets time pass to the client's next deadline. */
static inline void line_to_deadline(struct line *l)
{
    uint64_t at = sg_lwm2m_deadline(&l->client);
    assert_true(at != UINT64_MAX);
    line_tick(l, at > l->now ? at - l->now : 0);
}

static const char *const line_location[] = {"rd", "5a3f", NULL};

/* A client that is registered at rd/5a3f. */
static inline void line_register(struct line *l)
{
    const struct sg_lwm2m_config config = line_config(l);
    assert_int_equal(sg_lwm2m_init(&l->client, &config), 0);
    sg_lwm2m_register(&l->client, l->now);
    line_answer(l, SG_COAP_CREATED, line_location);
    assert_int_equal(l->client.state, SG_LWM2M_IN_USE);
    line_clear(l);
}

/* For cmocka's set-up: one line in *state, registered. */
static inline int line_setup(void **state)
{
    static struct line line;
    line_fill(&line);
    line_register(&line);
    *state = &line;
    return 0;
}

#endif
