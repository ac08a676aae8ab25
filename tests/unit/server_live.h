/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of the running server: a home in a temporary folder (CAs, inventory, run-time directory), a server on a
 * loopback port, and devices that are real DTLS clients on sockets of their own. All bounded in time.
 */
#ifndef SG_TEST_SERVER_LIVE_H
#define SG_TEST_SERVER_LIVE_H

#include "dtls/dtls.h"
#include "server/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define UNUSED __attribute__((unused))
#define ALICE  "urn:imei:351516170000001"
#define BOB    "urn:imei:351516170000002"

enum { PATIENCE_MS = 10000, YEAR = 365 * 86400 };

struct party {
    EVP_PKEY *key;
    X509 *cert;
};

struct house {
    char dir[64], inventory[96], run_dir[96];
    struct party root, issuing, server, other_root;
    struct sg_store *store; /* the operator's connection */
    struct sg_server *up;
    unsigned workers;
    struct sg_psk_vault vault;
    bool psk; /* the server takes pre-shared keys */
};

static int64_t wall(void)
{
    return (int64_t)time(NULL);
}

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

#define must(call, err)                                                                                                \
    do {                                                                                                               \
        if (!(call))                                                                                                   \
            fail_msg("%s: %s", #call, (err).text);                                                                     \
    } while (0)

/* ------------------------------------------------------------------------------------------------------- house */

/* Around today: CAs are older than what they sign, which may have expired long ago. */
static struct sg_validity years(int64_t n)
{
    return (struct sg_validity){wall() - n * YEAR / 4, wall() + n * YEAR};
}

static struct sg_issuer issuer(const struct party *p)
{
    return (struct sg_issuer){p->cert, p->key};
}

static void record(struct house *h, const struct party *p, enum sg_cert_kind kind, const struct party *by,
                   int64_t device)
{
    struct sg_error err = {0};
    struct sg_cert_row row = {.kind = kind, .state = SG_CERT_ACTIVE, .device = device, .added = wall()};
    if (by != NULL)
        sg_cert_fingerprint(by->cert, &row.issuer);
    must(sg_store_add_cert(h->store, p->cert, &row, &err) == 0, err);
}

/* A device's key and certificate, of `ca`; in the inventory where `enrolled`. */
UNUSED static struct party make_device(struct house *h, const char *endpoint, const struct party *ca,
                                       struct sg_validity v, bool enrolled)
{
    struct sg_error err = {0};
    struct party p = {.key = sg_key_new(SG_P256, &err)};
    p.cert = sg_cert_device(issuer(ca), p.key, endpoint, v, &err);
    must(p.cert != NULL, err);
    if (enrolled) {
        struct sg_device d = {.state = SG_DEVICE_ENROLLED, .created = wall()};
        if (sg_store_find_device(h->store, endpoint, &d, &err) < 0) {
            snprintf(d.endpoint, sizeof d.endpoint, "%s", endpoint);
            must(sg_store_add_device(h->store, &d, &err) == 0, err);
        }
        record(h, &p, SG_CERT_DEVICE, ca, d.number);
    }
    return p;
}

UNUSED static struct party enrol(struct house *h, const char *endpoint)
{
    return make_device(h, endpoint, &h->issuing, years(1), true);
}

UNUSED static void free_party(struct party *p)
{
    X509_free(p->cert);
    EVP_PKEY_free(p->key);
}

static struct house *new_house(unsigned workers)
{
    struct house *h = calloc(1, sizeof *h);
    struct sg_error err = {0};
    snprintf(h->dir, sizeof h->dir, "/dev/shm/sg-server-XXXXXX");
    if (mkdtemp(h->dir) == NULL) {
        snprintf(h->dir, sizeof h->dir, "/tmp/sg-server-XXXXXX");
        assert_non_null(mkdtemp(h->dir));
    }
    snprintf(h->inventory, sizeof h->inventory, "%s/inventory.db", h->dir);
    snprintf(h->run_dir, sizeof h->run_dir, "%s/run", h->dir);
    h->workers = workers;
    struct party *all[] = {&h->root, &h->issuing, &h->server, &h->other_root};
    for (size_t i = 0; i < 4; i++)
        all[i]->key = sg_key_new(SG_P256, &err);
    h->root.cert = sg_cert_root(h->root.key, "Device root", years(20), &err);
    h->issuing.cert = sg_cert_issuing(issuer(&h->root), h->issuing.key, "Issuing CA", years(20), &err);
    h->other_root.cert = sg_cert_root(h->other_root.key, "Another root", years(20), &err);
    h->server.cert = sg_cert_server(issuer(&h->other_root), h->server.key, "localhost", years(1), &err);
    must(h->root.cert && h->issuing.cert && h->other_root.cert && h->server.cert, err);
    must(sg_store_create(h->inventory, &err) == 0, err);
    h->store = sg_store_open(h->inventory, &err);
    must(h->store != NULL, err);
    record(h, &h->root, SG_CERT_DEVICE_ROOT, NULL, 0);
    record(h, &h->issuing, SG_CERT_ISSUING_CA, &h->root, 0);
    return h;
}

static struct sg_server_config config_of(const struct house *h, const char *listen)
{
    return (struct sg_server_config){.listen = listen,
                                     .workers = h->workers,
                                     .max_devices = 32,
                                     .inventory = h->inventory,
                                     .run_dir = h->run_dir,
                                     .cert = h->server.cert,
                                     .key = h->server.key,
                                     .mtu = 1152,
                                     .cid = true,
                                     .psk = h->psk ? &h->vault : NULL};
}

UNUSED static void start_on(struct house *h, uint16_t port)
{
    struct sg_error err = {0};
    char listen[32];
    snprintf(listen, sizeof listen, "127.0.0.1:%u", port);
    struct sg_server_config c = config_of(h, listen);
    h->up = sg_server_start(&c, &err);
    must(h->up != NULL, err);
}

static void free_house(struct house *h)
{
    char command[120];
    sg_server_stop(h->up);
    sg_store_close(h->store);
    free_party(&h->root);
    free_party(&h->issuing);
    free_party(&h->server);
    free_party(&h->other_root);
    snprintf(command, sizeof command, "rm -rf %s", h->dir);
    if (system(command) != 0)
        abort();
    free(h);
}

UNUSED static int house_of_one(void **state)
{
    struct house *h = new_house(1);
    start_on(h, 0);
    *state = h;
    return 0;
}

UNUSED static int house_of_two(void **state)
{
    struct house *h = new_house(2);
    start_on(h, 0);
    *state = h;
    return 0;
}

UNUSED static int leave_house(void **state)
{
    free_house(*state);
    return 0;
}

/* How many audit entries say `what` of `subject` with `part` in their detail, and from where. */
struct audit_search {
    const char *what, *subject, *part;
    int n;
};
static int match_audit(void *user, const struct sg_audit_entry *e)
{
    struct audit_search *s = user;
    s->n +=
        strcmp(e->what, s->what) == 0 && strstr(e->subject, s->subject) != NULL && strstr(e->detail, s->part) != NULL;
    return 0;
}
UNUSED static int audited(struct house *h, const char *what, const char *subject, const char *part)
{
    struct audit_search s = {what, subject, part, 0};
    for (int i = 0; i < 100; i++) { /* the writer gathers */
        s.n = 0;
        assert_int_equal(sg_store_each_audit(h->store, 1, match_audit, &s, NULL), 0);
        if (s.n > 0)
            break;
        usleep(20000);
    }
    return s.n;
}

/* ------------------------------------------------------------------------------------------------------ device */

struct device {
    struct sg_dtls *dtls;
    int socket;
    struct sg_addr server;
    sg_dtls_id id;
    bool connected, closed, refused;
    int alert;
    uint16_t mid;
    char location[16];
    size_t n; /* of the last message */
    uint8_t message[1500];
    bool fresh; /* it was not looked at yet */
    int handshakes;
    uint64_t patience;   /* ms that it waits for an answer */
    bool hold;           /* it keeps its Finished to itself */
    uint8_t cid_out[32]; /* what the server wants on our records */
};

/* The length of those records that come before the first one of epoch 1. */
static size_t plain_records(struct sg_bytes datagram)
{
    size_t at = 0;
    while (at + 13 <= datagram.n && datagram.p[at + 4] == 0)
        at += 13 + (size_t)(datagram.p[at + 11] << 8 | datagram.p[at + 12]);
    return at;
}

static void device_send(void *user, const struct sg_addr *to, struct sg_bytes datagram)
{
    struct device *d = user;
    if (d->hold)
        datagram.n = plain_records(datagram);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(to->port)};
    memcpy(&in.sin_addr, to->ip + 12, 4);
    (void)sendto(d->socket, datagram.p, datagram.n, 0, (struct sockaddr *)&in, sizeof in);
}

static void device_event(void *user, const struct sg_dtls_event *e)
{
    struct device *d = user;
    struct sg_dtls_info info;
    switch (e->what) {
    case SG_DTLS_CONNECTED:
        d->id = e->id;
        d->connected = true;
        d->handshakes++;
        if (sg_dtls_info(d->dtls, e->id, &info))
            memcpy(d->cid_out, info.cid_out, sizeof d->cid_out);
        break;
    case SG_DTLS_DATA:
        assert_true(e->data.n <= sizeof d->message);
        memcpy(d->message, e->data.p, e->data.n);
        d->n = e->data.n;
        d->fresh = true;
        break;
    case SG_DTLS_CLOSED:
        d->closed = true;
        d->connected = false;
        d->alert = e->alert;
        break;
    case SG_DTLS_REFUSED:
        d->refused = true;
        d->alert = e->alert;
        break;
    case SG_DTLS_MOVED:
        break;
    }
}

static void device_verify(void *user, const struct sg_addr *peer, X509 *leaf, STACK_OF(X509) * sent,
                          struct sg_dtls_verdict *v)
{
    (void)user, (void)peer, (void)leaf, (void)sent;
    v->accept = true;
}

static int loopback_socket(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&in, sizeof in) == 0);
    return fd;
}

/* With what `c` says of its identity. */
static struct device *make_client_as(struct sg_dtls_config c, uint16_t port)
{
    struct device *d = calloc(1, sizeof *d);
    struct sg_error err = {0};
    c.user = d;
    c.send = device_send;
    c.event = device_event;
    c.verify = device_verify;
    d->socket = loopback_socket();
    d->dtls = sg_dtls_new(&c, NULL, 4, &err);
    must(d->dtls != NULL, err);
    d->server = (struct sg_addr){.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}, .port = port};
    d->mid = 100;
    d->patience = 5000;
    return d;
}

static struct device *make_client(const struct party *p, uint16_t port, enum sg_dtls_cid_mode cid, bool resume)
{
    const struct sg_dtls_config c = {
        .cert = p != NULL ? p->cert : NULL, .key = p != NULL ? p->key : NULL, .cid = cid, .resume = resume};
    return make_client_as(c, port);
}

UNUSED static struct device *new_device(const struct house *h, const struct party *p, enum sg_dtls_cid_mode cid)
{
    return make_client(p, sg_server_port(h->up), cid, false);
}

UNUSED static struct device *new_resuming_device(const struct house *h, const struct party *p)
{
    return make_client(p, sg_server_port(h->up), SG_CID_OFF, true);
}

UNUSED static void free_device(struct device *d)
{
    sg_dtls_free(d->dtls);
    close(d->socket);
    free(d);
}

/* Lets a device live for at most `ms`, or until *what. */
UNUSED static bool live(struct device *d, const bool *what, uint64_t ms)
{
    uint64_t until = now_ms() + ms;
    while (!(what != NULL && *what) && now_ms() < until) {
        struct pollfd p = {.fd = d->socket, .events = POLLIN};
        uint64_t wait = sg_dtls_deadline(d->dtls), left = until - now_ms();
        wait = wait == UINT64_MAX || wait > now_ms() + left ? left : wait > now_ms() ? wait - now_ms() : 0;
        if (poll(&p, 1, (int)wait) > 0) {
            uint8_t datagram[2048];
            ssize_t n = recv(d->socket, datagram, sizeof datagram, 0);
            if (n > 0)
                sg_dtls_input(d->dtls, &d->server, datagram, (size_t)n, now_ms());
        }
        sg_dtls_tick(d->dtls, now_ms());
    }
    return what != NULL && *what;
}

UNUSED static void connect_device(struct device *d)
{
    struct sg_error err = {0};
    d->connected = d->refused = d->closed = false;
    must(sg_dtls_connect(d->dtls, &d->server, now_ms(), &err) == 0, err);
    for (int i = 0; i < 200 && !d->connected && !d->refused; i++)
        live(d, &d->connected, 50);
}

/* Sends a confirmable request and waits for the answer's code; 0: none came. */
UNUSED static uint8_t device_request(struct device *d, uint8_t code, const char *id, const char *ep, const char *lt,
                                     const char *payload)
{
    uint8_t space[1200];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_coap_writer w = sg_coap_begin(&b, SG_COAP_CON, code, ++d->mid, sg_str("tk"));
    struct sg_coap m;
    sg_coap_put_str(&w, SG_COAP_OPT_URI_PATH, "rd");
    if (id != NULL)
        sg_coap_put_str(&w, SG_COAP_OPT_URI_PATH, id);
    if (ep != NULL) {
        char query[160];
        sg_coap_put_str(&w, SG_COAP_OPT_URI_QUERY, "lwm2m=1.1");
        snprintf(query, sizeof query, "ep=%s", ep);
        sg_coap_put_str(&w, SG_COAP_OPT_URI_QUERY, query);
    }
    if (lt != NULL)
        sg_coap_put_str(&w, SG_COAP_OPT_URI_QUERY, lt);
    if (payload != NULL)
        sg_coap_put_payload(&w, sg_str(payload));
    d->fresh = false;
    assert_int_equal(sg_dtls_send(d->dtls, d->id, sg_buf_bytes(&b), now_ms()), 0);
    if (!live(d, &d->fresh, d->patience) || sg_coap_parse(sg_bytes(d->message, d->n), &m, NULL) < 0)
        return 0;
    assert_int_equal(m.type, SG_COAP_ACK);
    assert_int_equal(m.mid, d->mid);
    struct sg_coap_option o = {0};
    while (sg_coap_next(&m, &o)) {
        if (o.number == SG_COAP_OPT_LOCATION_PATH && o.value.n > 2)
            snprintf(d->location, sizeof d->location, "%.*s", (int)o.value.n, (const char *)o.value.p);
    }
    return m.code;
}

UNUSED static uint8_t register_device(struct device *d, const char *ep)
{
    return device_request(d, SG_COAP_POST, NULL, ep, "lt=300", "</1/0>,</3/0>");
}

UNUSED static uint8_t update_device(struct device *d)
{
    return device_request(d, SG_COAP_POST, d->location, NULL, NULL, NULL);
}

/* Its keys are no longer good for anything: no answer comes. */
UNUSED static void assert_dead(struct device *d)
{
    d->patience = 400;
    assert_int_equal(update_device(d), 0);
}

UNUSED static struct device *registered_device(struct house *h, const struct party *p, const char *ep)
{
    struct device *d = new_device(h, p, SG_CID_ON);
    connect_device(d);
    assert_true(d->connected);
    assert_int_equal(register_device(d, ep), SG_COAP_CREATED);
    return d;
}

/* Another local port, as behind a NAT that has forgotten. */
UNUSED static void move(struct device *d)
{
    close(d->socket);
    d->socket = loopback_socket();
}

/* ------------------------------------------------------------- a device that answers, on a thread of its own */

struct answering {
    struct device *d;
    pthread_t thread;
    atomic_bool stop;
    atomic_int requests;
    uint8_t observe_token[8]; /* guarded by `observed` */
    atomic_bool observed;
    atomic_int notify; /* values still to be sent */
    atomic_int resets;
};

static void answer_one(struct answering *a, const struct sg_coap *q)
{
    uint8_t space[256];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_bytes token = sg_bytes(q->token, q->token_len);
    uint32_t observe = sg_coap_find_uint(q, SG_COAP_OPT_OBSERVE, UINT32_MAX);
    struct sg_path path = {0};
    (void)sg_path_from_coap(q, &path);
    bool there = path.depth == 3 && path.id[0] == 3;
    uint8_t code = q->code == SG_COAP_GET ? SG_COAP_CONTENT : SG_COAP_CHANGED;
    struct sg_coap_writer w = sg_coap_begin(&b, SG_COAP_ACK, there ? code : SG_COAP_NOT_FOUND, q->mid, token);
    if (observe == 0 && there) {
        memcpy(a->observe_token, q->token, 8);
        sg_coap_put_uint(&w, SG_COAP_OPT_OBSERVE, 1);
        a->observed = true;
    } else if (observe == 1) {
        a->observed = false;
    }
    if (q->code == SG_COAP_GET && there) {
        sg_coap_put_uint(&w, SG_COAP_OPT_CONTENT_FORMAT, SG_TEXT);
        sg_coap_put_payload(&w, sg_str("value"));
    }
    a->requests++;
    (void)sg_dtls_send(a->d->dtls, a->d->id, sg_buf_bytes(&b), now_ms());
}

static void notify_one(struct answering *a, uint32_t seq)
{
    uint8_t space[64];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_coap_writer w =
        sg_coap_begin(&b, SG_COAP_NON, SG_COAP_CONTENT, ++a->d->mid, sg_bytes(a->observe_token, 8));
    sg_coap_put_uint(&w, SG_COAP_OPT_OBSERVE, seq);
    sg_coap_put_payload(&w, sg_str("again"));
    (void)sg_dtls_send(a->d->dtls, a->d->id, sg_buf_bytes(&b), now_ms());
}

static void *answer_all(void *arg)
{
    struct answering *a = arg;
    uint32_t seq = 1;
    while (!a->stop) {
        struct sg_coap m;
        a->d->fresh = false;
        if (live(a->d, &a->d->fresh, 20) && sg_coap_parse(sg_bytes(a->d->message, a->d->n), &m, NULL) == 0) {
            if (m.code != 0 && m.code >> 5 == 0)
                answer_one(a, &m);
            else if (m.type == SG_COAP_RST)
                a->resets++;
        }
        if (a->notify > 0) {
            a->notify--;
            notify_one(a, ++seq);
        }
    }
    return NULL;
}

UNUSED static struct answering *begin_answering(struct device *d)
{
    struct answering *a = calloc(1, sizeof *a);
    a->d = d;
    assert_int_equal(pthread_create(&a->thread, NULL, answer_all, a), 0);
    return a;
}

UNUSED static void end_answering(struct answering *a)
{
    a->stop = true;
    pthread_join(a->thread, NULL);
    free(a);
}

#endif
