/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of the dtls room: a server and a client in one process, a link between them that loses, doubles and
 * reorders as it is told, a clock that only this file moves, and an eye on the wire that fails the test when an epoch-1
 * sequence number is used twice.
 */
#ifndef SG_TEST_DTLS_WORLD_H
#define SG_TEST_DTLS_WORLD_H

#include "dtls/dtls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#define UNUSED __attribute__((unused))

enum { DATAGRAM_MAX = 2048, QUEUE_MAX = 256, EVENTS_MAX = 256 };
enum fate { PASS, DROP, TWICE, LATE }; /* LATE: after the one that follows it */

struct datagram {
    struct sg_addr from, to;
    uint8_t p[DATAGRAM_MAX];
    size_t n;
};

struct seen_event {
    struct sg_dtls_event e;
    char reason[600];
    uint8_t data[DATAGRAM_MAX];
};

struct world;
struct party {
    struct world *w;
    struct sg_dtls *d;
    struct sg_dtls_config config;
    struct sg_addr addr;
    void *table;
    struct seen_event events[EVENTS_MAX];
    int count;
    struct sg_dtls_verdict verdict; /* what this party says of the other's certificate */
    int judged, judged_resumed;
    int certificates;     /* how many the other sent */
    const char *psk_name; /* server: takes pre-shared keys, and knows this one; client: has it */
    uint8_t psk_key[32];
    const char *eager; /* what it says in the moment that it is connected */
    uint8_t *used;     /* epoch-1 numbers that went out: a bit each */
    uint64_t sealed;
};

struct world {
    uint64_t now;
    struct party server, client;
    struct datagram queue[QUEUE_MAX];
    int queued;
    int sent;  /* datagrams so far */
    int fated; /* the datagram that `fate` is for, -1: none */
    enum fate fate;
    bool joined;    /* datagrams that follow each other go as one */
    size_t bytes;   /* so far, in datagrams */
    size_t largest; /* datagram that was sent */
    void (*spy)(struct world *w, const struct datagram *g);
};

struct identity {
    EVP_PKEY *key;
    X509 *cert;
};

UNUSED static struct identity make_identity(const char *name, const char *curve)
{
    struct identity id = {EVP_EC_gen(curve), X509_new()};
    assert_non_null(id.key);
    ASN1_INTEGER_set(X509_get_serialNumber(id.cert), 1);
    X509_set_version(id.cert, 2);
    X509_gmtime_adj(X509_getm_notBefore(id.cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(id.cert), 86400);
    X509_NAME *n = X509_get_subject_name(id.cert);
    X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(id.cert, n);
    X509_set_pubkey(id.cert, id.key);
    assert_true(X509_sign(id.cert, id.key, EVP_sha256()) > 0);
    return id;
}

UNUSED static struct identity server_id, client_id;

UNUSED static int make_identities(void **state)
{
    (void)state;
    server_id = make_identity("server", "P-256");
    client_id = make_identity("urn:imei:351516170000001", "P-256");
    return 0;
}

UNUSED static int free_identities(void **state)
{
    (void)state;
    X509_free(server_id.cert);
    EVP_PKEY_free(server_id.key);
    X509_free(client_id.cert);
    EVP_PKEY_free(client_id.key);
    return 0;
}

UNUSED static struct sg_addr addr_of(const char *last, uint16_t port)
{
    struct sg_addr a = {.port = port};
    a.ip[10] = a.ip[11] = 0xff;
    a.ip[12] = 192;
    a.ip[14] = 2;
    a.ip[15] = (uint8_t)atoi(last);
    return a;
}

/* Fails where an epoch-1 number goes out again under the same keys. */
static void watch(struct party *p, struct sg_bytes datagram)
{
    for (size_t at = 0; at + 13 <= datagram.n;) {
        const uint8_t *r = datagram.p + at;
        size_t cid = 0;
        if (r[0] == SG_DTLS_CID_RECORD) {
            struct party *other = p == &p->w->server ? &p->w->client : &p->w->server;
            cid = other->config.cid == SG_CID_ON || other->config.server ? SG_DTLS_CID_LEN : 0;
        }
        if (r[3] << 8 | r[4]) {
            uint64_t seq = 0;
            for (int i = 5; i < 11; i++)
                seq = seq << 8 | r[i];
            assert_true(seq < 65536);
            assert_false(p->used[seq / 8] >> (seq % 8) & 1);
            p->used[seq / 8] = (uint8_t)(p->used[seq / 8] | 1 << (seq % 8));
            p->sealed++;
        }
        at += 13 + cid + (size_t)(r[11 + cid] << 8 | r[12 + cid]);
    }
}

UNUSED static void enqueue(struct world *w, const struct datagram *g)
{
    struct datagram *before = w->queued ? &w->queue[w->queued - 1] : NULL;
    if (w->joined && before && sg_addr_eq(&before->to, &g->to) && before->n + g->n <= sizeof g->p) {
        memcpy(before->p + before->n, g->p, g->n);
        before->n += g->n;
        return;
    }
    assert_true(w->queued < QUEUE_MAX);
    w->queue[w->queued++] = *g;
}

UNUSED static void on_send(void *user, const struct sg_addr *to, struct sg_bytes bytes)
{
    struct party *p = user;
    struct world *w = p->w;
    struct datagram g = {.from = p->addr, .to = *to, .n = bytes.n};
    assert_true(bytes.n <= sizeof g.p);
    assert_true(bytes.n <= (p->config.mtu ? p->config.mtu : 1152));
    memcpy(g.p, bytes.p, bytes.n);
    watch(p, bytes);
    w->bytes += bytes.n;
    if (bytes.n > w->largest)
        w->largest = bytes.n;
    if (w->spy)
        w->spy(w, &g);
    int index = w->sent++;
    enum fate fate = index == w->fated ? w->fate : PASS;
    if (fate == DROP)
        return;
    enqueue(w, &g);
    if (fate == TWICE)
        enqueue(w, &g);
    if (index == w->fated + 1 && w->fate == LATE && w->queued >= 2) {
        struct datagram t = w->queue[w->queued - 1];
        w->queue[w->queued - 1] = w->queue[w->queued - 2];
        w->queue[w->queued - 2] = t;
    }
}

static void on_event(void *user, const struct sg_dtls_event *e)
{
    struct party *p = user;
    assert_true(p->count < EVENTS_MAX);
    struct seen_event *s = &p->events[p->count++];
    s->e = *e;
    if (e->what == SG_DTLS_CLOSED || e->what == SG_DTLS_REFUSED)
        assert_non_null(e->reason);
    (void)snprintf(s->reason, sizeof s->reason, "%s", e->reason ? e->reason : "");
    assert_true(e->data.n <= sizeof s->data);
    if (e->data.n)
        memcpy(s->data, e->data.p, e->data.n);
    s->e.data = sg_bytes(s->data, e->data.n);
    s->e.reason = s->reason;
    if (e->what == SG_DTLS_CONNECTED && p->eager)
        assert_int_equal(sg_dtls_send(p->d, e->id, sg_str(p->eager), p->w->now), 0);
}

static void on_verify(void *user, const struct sg_addr *peer, X509 *leaf, STACK_OF(X509) * sent,
                      struct sg_dtls_verdict *verdict)
{
    struct party *p = user;
    (void)peer;
    assert_non_null(leaf);
    if (sent)
        p->judged++;
    else
        p->judged_resumed++;
    p->certificates = sent ? sk_X509_num(sent) : 0;
    *verdict = p->verdict;
}

static void on_psk(void *user, const struct sg_addr *peer, struct sg_bytes identity, struct sg_buf *key,
                   struct sg_dtls_verdict *verdict)
{
    struct party *p = user;
    (void)peer;
    if (key)
        p->judged++;
    else
        p->judged_resumed++;
    *verdict = (struct sg_dtls_verdict){.reason = "nobody has that name"};
    if (!sg_bytes_eq_str(identity, p->psk_name))
        return;
    *verdict = p->verdict;
    if (key)
        sg_put(key, p->psk_key, sizeof p->psk_key);
}

enum { SLOTS = 8 };

UNUSED static void open_party(struct party *p)
{
    struct sg_error err = {0};
    if (p->psk_name && p->config.server) {
        p->config.psk = on_psk;
    } else if (p->psk_name) {
        p->config.psk_identity = p->psk_name;
        p->config.psk_key = sg_bytes(p->psk_key, sizeof p->psk_key);
        p->config.cert = NULL;
        p->config.key = NULL;
    }
    p->config.user = p;
    p->config.send = on_send;
    p->config.event = on_event;
    p->config.verify = on_verify;
    p->d = sg_dtls_new(&p->config, p->table, SLOTS, &err);
    if (!p->d)
        print_error("%s\n", err.text);
    assert_non_null(p->d);
}

/* A world whose parties are configured and not yet open. */
UNUSED static struct world *make_world(const struct identity *server, const struct identity *client)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->now = 1000;
    w->fated = -1;
    w->server.w = w->client.w = w;
    w->server.addr = addr_of("1", 5684);
    w->client.addr = addr_of("2", 40000);
    w->server.config = (struct sg_dtls_config){.server = true, .cert = server->cert, .key = server->key, .worker = 3};
    w->client.config =
        (struct sg_dtls_config){.cert = client ? client->cert : NULL, .key = client ? client->key : NULL};
    w->server.verdict = (struct sg_dtls_verdict){.accept = true, .identity = 77};
    w->client.verdict = (struct sg_dtls_verdict){.accept = true, .identity = 11};
    w->server.used = calloc(1, 8192);
    w->client.used = calloc(1, 8192);
    w->server.table = calloc(1, sg_dtls_table_size(SLOTS));
    return w;
}

UNUSED static void open_world(struct world *w)
{
    open_party(&w->server);
    open_party(&w->client);
}

UNUSED static void free_world(struct world *w)
{
    sg_dtls_free(w->server.d);
    sg_dtls_free(w->client.d);
    free(w->server.table);
    free(w->client.table);
    free(w->server.used);
    free(w->client.used);
    free(w);
}

UNUSED static void deliver(struct world *w, const struct datagram *g)
{
    uint8_t copy[DATAGRAM_MAX];
    memcpy(copy, g->p, g->n);
    if (sg_addr_eq(&g->to, &w->server.addr))
        sg_dtls_input(w->server.d, &g->from, copy, g->n, w->now);
    else if (sg_addr_eq(&g->to, &w->client.addr))
        sg_dtls_input(w->client.d, &g->from, copy, g->n, w->now);
}

/* Delivers all that is on its way, without time passing. */
UNUSED static void settle(struct world *w)
{
    while (w->queued) {
        struct datagram g = w->queue[0];
        memmove(w->queue, w->queue + 1, (size_t)--w->queued * sizeof g);
        deliver(w, &g);
    }
}

/* Goes to the next deadline of either party and lets it act. False where there is none before `end`. */
UNUSED static bool wait(struct world *w, uint64_t end)
{
    uint64_t a = sg_dtls_deadline(w->server.d), b = sg_dtls_deadline(w->client.d);
    uint64_t at = a < b ? a : b;
    if (at >= end) {
        w->now = end;
        return false;
    }
    assert_true(at >= w->now);
    w->now = at;
    sg_dtls_tick(w->server.d, w->now);
    sg_dtls_tick(w->client.d, w->now);
    return true;
}

UNUSED static const struct seen_event *last(const struct party *p, enum sg_dtls_what what)
{
    for (int i = p->count; i-- > 0;)
        if (p->events[i].e.what == what)
            return &p->events[i];
    return NULL;
}

UNUSED static int count(const struct party *p, enum sg_dtls_what what)
{
    int n = 0;
    for (int i = 0; i < p->count; i++)
        n += p->events[i].e.what == what;
    return n;
}

/* Runs until the link is silent, or for at most `ms`. */
UNUSED static void run(struct world *w, uint64_t ms)
{
    uint64_t end = w->now + ms;
    do
        settle(w);
    while (wait(w, end));
}

/* A new handshake, after the end of what there was. */
UNUSED static void begin(struct world *w)
{
    struct sg_error err = {0};
    for (sg_dtls_id id = 0; (id = sg_dtls_next(w->client.d, id));)
        assert_int_equal(sg_dtls_close(w->client.d, id, SG_ALERT_CLOSE_NOTIFY, w->now), 0);
    settle(w);
    w->fated = -1;
    memset(w->server.used, 0, 8192);
    memset(w->client.used, 0, 8192);
    w->server.count = w->client.count = 0;
    w->sent = 0;
    w->bytes = 0;
    assert_int_equal(sg_dtls_connect(w->client.d, &w->server.addr, w->now, &err), 0);
}

UNUSED static void say(struct world *w, struct party *p, const char *text)
{
    const struct seen_event *s = last(p, SG_DTLS_CONNECTED);
    assert_non_null(s);
    assert_int_equal(sg_dtls_send(p->d, s->e.id, sg_str(text), w->now), 0);
}

UNUSED static void heard(const struct party *p, const char *text)
{
    const struct seen_event *s = last(p, SG_DTLS_DATA);
    assert_non_null(s);
    assert_true(sg_bytes_eq_str(s->e.data, text));
}

/* Data both ways. */
UNUSED static void talk(struct world *w)
{
    say(w, &w->client, "to the server");
    settle(w);
    heard(&w->server, "to the server");
    say(w, &w->server, "to the client");
    settle(w);
    heard(&w->client, "to the client");
}

UNUSED static void connect_world(struct world *w)
{
    begin(w);
    settle(w);
    assert_int_equal(count(&w->client, SG_DTLS_CONNECTED), 1);
    assert_int_equal(count(&w->server, SG_DTLS_CONNECTED), 1);
}

#endif
