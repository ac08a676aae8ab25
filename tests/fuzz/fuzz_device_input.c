/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A registered client and whatever arrives: the input is a row of steps, each a length byte, that many bytes of a
 * datagram (length 255: half a minute passes instead). It must never send what is no CoAP message, and always knows
 * its next deadline.
 */
#include "device/device.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 64, WAIT = 255 };

static uint8_t sent[SG_LWM2M_DATAGRAM_MAX];
static size_t sent_len;

static void keep(void *user, struct sg_bytes datagram)
{
    struct sg_coap m;

    (void)user;
    if (datagram.n > sizeof sent || sg_coap_parse(datagram, &m, NULL) < 0 || sg_coap_unknown_critical(&m) != 0)
        abort();
    memcpy(sent, datagram.p, datagram.n);
    sent_len = datagram.n;
}

static void look(void *user, const struct sg_lwm2m_event *event)
{
    (void)user;
    if (event->text == NULL || event->path.depth > 4)
        abort();
}

static uint32_t same(void *user)
{
    (void)user;
    return 0x01020304;
}

/* 2.01 with a location, in the acknowledgement of what was sent last. */
static void accept_registration(struct sg_lwm2m *c, uint64_t now)
{
    uint8_t bytes[32];
    struct sg_buf b = sg_buf(bytes, sizeof bytes);
    struct sg_coap m;

    if (sg_coap_parse(sg_bytes(sent, sent_len), &m, NULL) < 0)
        abort();
    struct sg_coap_writer w = sg_coap_begin(&b, SG_COAP_ACK, SG_COAP_CREATED, m.mid, sg_bytes(m.token, m.token_len));
    sg_coap_put_str(&w, SG_COAP_OPT_LOCATION_PATH, "rd");
    sg_coap_put_str(&w, SG_COAP_OPT_LOCATION_PATH, "1");
    sg_lwm2m_input(c, sg_buf_bytes(&b), now);
    if (c->state != SG_LWM2M_IN_USE)
        abort();
}

static void step(struct sg_lwm2m *c, struct sg_cursor *in, struct sg_object_temperature *t, uint64_t *now)
{
    const struct sg_path changed = sg_path(2, 3303, 0, 0, 0);
    const uint8_t n = sg_get_u8(in);

    if (n == WAIT) {
        *now += 30000;
        sg_object_temperature_set(t, t->value + 1);
        sg_lwm2m_changed(c, &changed);
        sg_lwm2m_tick(c, *now);
    } else {
        sg_lwm2m_input(c, sg_get(in, n <= sg_left(in) ? n : sg_left(in)), *now);
    }
    if (c->state == SG_LWM2M_IN_USE && sg_lwm2m_deadline(c) < 1000)
        sg_lwm2m_tick(c, *now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sg_lwm2m c;
    struct sg_object_device device = {.manufacturer = "Signet", .battery_percent = 50};
    struct sg_object_connectivity connectivity = {.bearer = 6, .address = "192.0.2.1"};
    struct sg_object_temperature temperature = {.measured = true, .value = 20, .least = 20, .most = 20};
    const struct sg_lwm2m_object objects[] = {sg_lwm2m_object_device(&device),
                                              sg_lwm2m_object_connectivity(&connectivity),
                                              sg_lwm2m_object_temperature(&temperature)};
    const struct sg_lwm2m_config config = {
        .endpoint = "fuzz",
        .lifetime = 300,
        .server_id = 1,
        .objects = objects,
        .object_count = 3,
        .send = keep,
        .event = look,
        .random = same,
    };
    struct sg_cursor in = sg_cursor(sg_bytes(data, size));
    uint64_t now = 1000;

    if (sg_lwm2m_init(&c, &config) < 0)
        abort();
    sg_lwm2m_register(&c, now);
    accept_registration(&c, now);
    for (int i = 0; i < STEPS_MAX && sg_left(&in) > 0; i++)
        step(&c, &in, &temperature, &now);
    return 0;
}
