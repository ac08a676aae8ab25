/* SPDX-License-Identifier: Apache-2.0 */
/* The good server: our own DTLS endpoint, with the right certificate, and the LwM2M server over it. It trusts any
 * device: what is under test is whom the device trusts. */
#include "probe/device_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4, MIDS = 1024 /* that a session may use */, ANSWER_MS = 12000, SEND_AGAIN_MS = 2500 };

static void look(const struct sg_probe_device *p, bool from_device, struct sg_bytes datagram)
{
    if (p->spy != NULL)
        p->spy(p->spy_user, from_device, datagram);
}

static void to_wire(void *user, const struct sg_addr *to, struct sg_bytes datagram)
{
    struct sg_probe_good *g = user;
    if (!g->hold) {
        look(g->p, false, datagram);
        (void)sg_probe_wire_send(&g->p->wire, to, datagram);
    } else if (datagram.n <= sizeof g->held) {
        memcpy(g->held, datagram.p, datagram.n);
        g->held_len = datagram.n;
    }
}

static void judge(void *user, const struct sg_addr *peer, X509 *leaf, STACK_OF(X509) * sent,
                  struct sg_dtls_verdict *verdict)
{
    struct sg_probe_good *g = user;
    struct sg_cert_facts facts;
    char text[SG_FINGERPRINT_TEXT];
    (void)peer, (void)sent;
    (void)sg_cert_facts(leaf, &facts);
    (void)snprintf(g->identity, sizeof g->identity, "%.100s", sg_fingerprint_text(&facts.fingerprint, text));
    verdict->accept = true;
}

static void happened(void *user, const struct sg_dtls_event *e)
{
    struct sg_probe_good *g = user;
    struct sg_dtls_info info;
    switch (e->what) {
    case SG_DTLS_CONNECTED:
        g->connected = true;
        g->closed = g->refused = false;
        g->id = e->id;
        if (sg_dtls_info(g->dtls, e->id, &info))
            g->suite = info.suite;
        break;
    case SG_DTLS_DATA:
        if (e->id == g->id)
            sg_probe_lwm2m_input(&g->lwm2m, e->data);
        break;
    case SG_DTLS_MOVED:
        break;
    case SG_DTLS_CLOSED:
        if (e->id != g->id)
            break;
        g->closed = true;
        g->alert = e->alert;
        (void)snprintf(g->why, sizeof g->why, "%s", e->reason);
        break;
    case SG_DTLS_REFUSED:
        g->refused = true;
        g->alert = e->alert;
        (void)snprintf(g->why, sizeof g->why, "%s", e->reason);
        break;
    }
}

static void seal(void *user, struct sg_bytes datagram)
{
    struct sg_probe_good *g = user;
    if (g->connected && !g->closed)
        (void)sg_dtls_send(g->dtls, g->id, datagram, sg_probe_steady());
}

static void free_good(struct sg_probe_good *g)
{
    if (g == NULL)
        return;
    sg_dtls_free(g->dtls);
    sg_probe_credential_free(&g->credential);
    free(g);
}

int sg_probe_good_open(struct sg_probe_device *p, enum sg_probe_flaw kind, struct sg_error *err)
{
    sg_probe_good_end(p);
    struct sg_probe_good *g = calloc(1, sizeof *g);
    if (g == NULL)
        return sg_fail(err, SG_ENOMEM, "out of memory");
    g->p = p;
    g->alert = -1;
    sg_probe_lwm2m_init(&g->lwm2m, p->next_mid, g, seal);
    p->next_mid = (uint16_t)(p->next_mid + MIDS);
    const int r = sg_probe_credential_make(&p->authority, kind, &g->credential, err);
    const struct sg_dtls_config config = {.server = true,
                                          .cert = g->credential.leaf,
                                          .key = g->credential.key,
                                          .chain = g->credential.chain,
                                          .cid = SG_CID_ON,
                                          .user = g,
                                          .send = to_wire,
                                          .event = happened,
                                          .verify = judge};
    if (r < 0 || (g->dtls = sg_dtls_new(&config, NULL, SLOTS, err)) == NULL) {
        free_good(g);
        return r < 0 ? r : SG_ECRYPTO;
    }
    p->good = g;
    return 0;
}

/* One datagram, or what is due. */
static void step(struct sg_probe_good *g, uint64_t deadline)
{
    uint8_t datagram[SG_PLAYED_RECEIVED];
    struct sg_addr from;
    struct sg_probe_client_hello hello;
    const uint64_t due = sg_dtls_deadline(g->dtls);
    const int n = sg_probe_wire_receive(&g->p->wire, &from, datagram, sizeof datagram, due < deadline ? due : deadline);

    if (n > 0) {
        look(g->p, true, sg_bytes(datagram, (size_t)n));
        if (sg_probe_client_hello_parse(sg_bytes(datagram, (size_t)n), &hello) == 0) {
            g->p->hello = hello;
            g->p->peer = from;
        }
        sg_dtls_input(g->dtls, &from, datagram, (size_t)n, sg_probe_steady());
    }
    sg_dtls_tick(g->dtls, sg_probe_steady());
}

bool sg_probe_good_run(struct sg_probe_good *g, const bool *until, uint64_t deadline)
{
    enum { LOOK_MS = 500 }; /* how often the person's wish to stop is looked at */
    for (;;) {
        const uint64_t now = sg_probe_steady();
        if (until != NULL && *until)
            return true;
        if (g->closed || g->refused || now >= deadline || sg_probe_device_stopped(g->p))
            return false;
        step(g, now + LOOK_MS < deadline ? now + LOOK_MS : deadline);
    }
}

bool sg_probe_good_ask(struct sg_probe_good *g, const struct sg_probe_dev_request *r)
{
    uint8_t space[SG_PLAYED_DATAGRAM];
    struct sg_buf b = sg_buf(space, sizeof space);
    const uint64_t end = sg_probe_steady() + ANSWER_MS;

    sg_probe_lwm2m_write(&g->lwm2m, r, &b);
    while (sg_probe_steady() < end && !g->closed && !sg_probe_device_stopped(g->p)) {
        seal(g, sg_buf_bytes(&b));
        if (sg_probe_good_run(g, &g->lwm2m.answered, sg_probe_steady() + SEND_AGAIN_MS))
            return true;
    }
    return g->lwm2m.answered;
}

struct sg_bytes sg_probe_good_hold(struct sg_probe_good *g, struct sg_bytes message)
{
    g->held_len = 0;
    g->hold = true;
    seal(g, message);
    g->hold = false;
    return sg_bytes(g->held, g->held_len);
}

void sg_probe_good_throw(struct sg_probe_good *g, struct sg_bytes datagram)
{
    struct sg_dtls_info info;
    if (sg_dtls_info(g->dtls, g->id, &info))
        (void)sg_probe_wire_send(&g->p->wire, &info.addr, datagram);
}

bool sg_probe_good_lives(struct sg_probe_good *g)
{
    const struct sg_probe_dev_request r = {SG_COAP_GET, sg_path(3, 3, 0, 0, 0), UINT32_MAX, {0}};
    return sg_probe_good_ask(g, &r);
}

/* /1/0/8: Registration Update Trigger. What is pending when the session ends makes the device come back soon. */
void sg_probe_good_end(struct sg_probe_device *p)
{
    struct sg_probe_good *g = p->good;
    uint8_t space[64];
    struct sg_buf b = sg_buf(space, sizeof space);

    if (g != NULL && g->connected && !g->closed) {
        const struct sg_probe_dev_request trigger = {SG_COAP_POST, sg_path(3, 1, 0, 8, 0), UINT32_MAX, {0}};
        sg_probe_lwm2m_write(&g->lwm2m, &trigger, &b);
        seal(g, sg_buf_bytes(&b));
        (void)sg_dtls_close(g->dtls, g->id, SG_ALERT_CLOSE_NOTIFY, sg_probe_steady());
    }
    free_good(g);
    p->good = NULL;
}
