/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sg_server_desk_input: datagrams of a registered device, while a request and an observation wait for it. The input is
 * a list of datagrams, each after its length in one byte; bytes 0xfe and 0xff in that place let time pass and ask
 * again. Whatever comes, what the desk sends is sound, and its counts fit its rows.
 */
#include "server/desk.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { ROWS = 2, ASSOC = 7 };

static struct row rows[ROWS];

static int grow(void *user, uint32_t n)
{
    (void)user;
    return n <= ROWS ? 0 : SG_ENOSPC;
}

static int take(void *user, uint64_t assoc, struct sg_bytes m)
{
    struct sg_coap parsed;
    (void)user;
    if (assoc != ASSOC || sg_coap_parse(m, &parsed, NULL) < 0)
        abort(); /* what we send is sound */
    return 0;
}

static void close_one(void *user, uint64_t assoc, int alert)
{
    (void)user, (void)assoc, (void)alert;
}

static void event(void *user, const struct desk_event *e)
{
    (void)user;
    if (e->what == DESK_REFUSED && (e->reason == NULL || e->cure == NULL))
        abort();
}

/* Zeros: so that an input can name tokens and locations. */
static void zeros(void *user, void *p, size_t n)
{
    (void)user;
    memset(p, 0, n);
}

static void notified(void *user, const struct sg_server_notification *n)
{
    (void)user;
    if (n->endpoint == NULL || (n->payload.n > 0 && n->payload.p == NULL))
        abort();
}

static void done(struct desk *d, struct ask *a, int rc, const struct sg_coap *reply)
{
    (void)d;
    if ((rc == 0) != (reply != NULL))
        abort();
    free(a);
}

static void begin(struct desk *d)
{
    struct row *r = sg_server_desk_of(d, ASSOC);
    const struct sg_server_request read = {SG_READ, {3, {3, 0, 0}}, -1, {0}};
    struct ask *a = calloc(1, sizeof *a);
    struct watch *w = calloc(1, sizeof *w);
    uint64_t handle;

    if (r == NULL || a == NULL || w == NULL)
        abort();
    a->done = done;
    a->until = d->now + 100000;
    if (sg_server_ask_build(d, r, &read, -1, a) < 0)
        abort();
    sg_server_ask(d, r, a);
    *w = (struct watch){.path = read.path, .fn = notified};
    sg_server_watch(d, r, w, 0, d->now + 100000, &handle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char registration[] = "\x40\x02\xff\xf0\xb2rd\x49lwm2m=1.1\xff</3/0>";
    const struct desk_ports ports = {NULL, take, close_one, event, zeros, grow};
    struct caller c = {.cert = 1, .device = 1, .endpoint = "x"};
    struct desk d;
    uint32_t used = 0;
    struct sg_cursor in = sg_cursor(sg_bytes(data, n));

    memset(rows, 0, sizeof rows);
    if (sg_server_desk_init(&d, &ports, rows, &used, ROWS) < 0)
        return 0;
    d.now = 1;
    (void)sg_server_desk_connected(&d, &c, ASSOC, false);
    sg_server_desk_input(&d, ASSOC, sg_bytes(registration, sizeof registration - 1));
    begin(&d);
    while (sg_left(&in) > 0) {
        uint8_t len = sg_get_u8(&in);
        if (len == 0xff) {
            d.now += 10000;
            sg_server_desk_tick(&d);
        } else if (len == 0xfe) {
            begin(&d);
        } else {
            sg_server_desk_input(&d, ASSOC, sg_get(&in, len <= sg_left(&in) ? len : sg_left(&in)));
            if (d.connected != 1 || d.registered != rows[0].registered)
                abort();
        }
    }
    sg_server_desk_free(&d);
    return 0;
}
