/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a port sends: the client must come back, and nothing that it hands out may lie outside its buffers. */
#include "modem/modem.h"

#include <stdlib.h>
#include <string.h>

struct port {
    const uint8_t *p;
    size_t n;
    uint64_t now;
};

static int port_write(void *user, const void *p, size_t n)
{
    (void)user;
    (void)p;
    (void)n;
    return 0;
}

/* The first byte of each read says how many come at once; 0 is a pause. */
static int port_read(void *user, void *p, size_t cap, uint32_t timeout_ms)
{
    struct port *port = user;
    size_t n = port->n ? port->p[0] & 0x3F : 0;
    if (port->n) {
        port->p++;
        port->n--;
    }
    if (n > port->n)
        n = port->n;
    if (n > cap)
        n = cap;
    memcpy(p, port->p, n);
    port->p += n;
    port->n -= n;
    if (n == 0)
        port->now += timeout_ms + 1;
    return (int)n;
}

static uint64_t port_now(void *user)
{
    return ((struct port *)user)->now;
}

static void look(struct sg_bytes line)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < line.n; i++)
        sum = (uint8_t)(sum + line.p[i]);
    if (sum == 1 && line.n == 0)
        abort();
}

static void on_unsolicited(void *user, struct sg_bytes line)
{
    struct sg_modem_socket s = {.handle = 0};
    (void)user;
    look(line);
    sg_modem_socket_event(&s, line);
}

static void on_trace(void *user, bool sent, struct sg_bytes line)
{
    (void)user;
    (void)sent;
    look(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sg_modem m;
    static struct sg_keygen k;
    struct port port = {.p = data, .n = size};
    struct sg_modem_info info;
    struct sg_cred creds[4];
    struct sg_modem_socket s = {.handle = 0};
    uint8_t space[128];

    memset(&m, 0, sizeof m);
    m.unsolicited = on_unsolicited;
    m.trace = on_trace;
    struct sg_at_io io = {.user = &port, .write = port_write, .read = port_read, .now = port_now};
    if (size == 0)
        return 0;
    uint8_t which = data[0];
    port.p++;
    port.n--;
    m.io = io;
    m.shell = (which & 0x80) != 0;
    while (port.n > 0) {
        struct sg_buf b = sg_buf(space, sizeof space);
        switch (which++ % 9) {
        case 0:
            (void)sg_modem_open(&m, io);
            break;
        case 1:
            (void)sg_modem_identify(&m, &info);
            break;
        case 2:
            (void)sg_modem_list(&m, -1, creds, 4);
            break;
        case 3:
            (void)sg_modem_read(&m, 7, 0, &b);
            break;
        case 4:
            (void)sg_modem_keygen(&m, 7, NULL, NULL, &k);
            break;
        case 5:
            (void)sg_modem_receive(&m, &s, &b);
            break;
        case 6:
            (void)sg_modem_connect(&m, &s, 7, "a", "b", 1, SG_MODEM_CID_ENABLED);
            break;
        case 7:
            (void)sg_modem_suite_used(&m, &s);
            break;
        default:
            (void)sg_modem_wait(&m, 10);
            break;
        }
    }
    return 0;
}
