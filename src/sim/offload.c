/* SPDX-License-Identifier: Apache-2.0 */
/* DTLS inside the modem, with what its store holds at one security tag (modem notes, section 5). */
#include "sim_internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { VERIFY_NONE = 0, VERIFY_OPTIONAL = 1, WAITING_MAX = 16 };
enum { CHAIN_MAX = 4096, RECORD_MAX = 2303, DATAGRAM_MAX = 4096 };

/* Of the suites that the dtls room has, those that the modem has: no CCM_8 with ECDSA, no ECDHE with a pre-shared key
 * (5.2). */
static const uint16_t suite_of_certificate[] = {SG_SUITE_ECDHE_ECDSA_AES128_GCM};
static const uint16_t suite_of_psk[] = {SG_SUITE_PSK_AES128_CCM8};

/* --------------------------------------------------------------------------------------------------- credentials */

static X509 *next_certificate(BIO *in)
{
    X509 *cert = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    ERR_clear_error();
    return cert;
}

static bool load_trust(struct sg_sim *s, struct sg_sim_socket *k)
{
    const struct sg_sim_entry *e = sg_sim_store_find(&s->store, k->tag, SG_CRED_CA);
    BIO *in = e ? BIO_new_mem_buf(e->content, (int)e->len) : NULL;
    size_t count = 0;
    X509 *ca;

    k->trust = sg_trust_new(NULL);
    while (k->trust && (ca = next_certificate(in)) != NULL) {
        count += sg_trust_add(k->trust, ca, NULL) == 0;
        X509_free(ca);
    }
    BIO_free(in);
    return count > 0;
}

/* The client certificate, what was written after it, and its key. Both may be absent: then the modem shows none. */
static bool load_identity(struct sg_sim *s, struct sg_sim_socket *k)
{
    const struct sg_sim_entry *cert = sg_sim_store_find(&s->store, k->tag, SG_CRED_CERT);
    const struct sg_sim_entry *key = sg_sim_store_find(&s->store, k->tag, SG_CRED_KEY);
    X509 *more;

    if (cert == NULL && key == NULL)
        return true;
    if (cert == NULL || key == NULL)
        return false;
    BIO *in = BIO_new_mem_buf(cert->content, (int)cert->len);
    k->cert = next_certificate(in);
    k->chain = sk_X509_new_null();
    while (k->chain && (more = next_certificate(in)) != NULL)
        if (sk_X509_push(k->chain, more) == 0)
            X509_free(more);
    BIO_free(in);
    k->key = sg_sim_key_parse(key);
    return k->cert && k->key && k->chain && X509_check_private_key(k->cert, k->key) == 1;
}

/* A pre-shared key and its identity, where both are there: the key in hexadecimal. */
static bool load_psk(struct sg_sim *s, struct sg_sim_socket *k)
{
    const struct sg_sim_entry *key = sg_sim_store_find(&s->store, k->tag, SG_CRED_PSK);
    const struct sg_sim_entry *identity = sg_sim_store_find(&s->store, k->tag, SG_CRED_PSK_ID);
    struct sg_buf b = sg_buf(k->psk_key, sizeof k->psk_key);

    if (key == NULL || identity == NULL || identity->len >= sizeof k->psk_identity)
        return false;
    if (sg_parse_hex(sg_bytes(key->content, key->len), &b) < 0 || b.full || b.len == 0)
        return false;
    k->psk_len = b.len;
    memcpy(k->psk_identity, identity->content, identity->len);
    k->psk_identity[identity->len] = '\0';
    return true;
}

/* Whether the handshake is made with the pre-shared key. Beside a certificate, what is used is not known; one report
 * says that nothing works then (9.15). */
static bool uses_psk(const struct sg_sim *s, const struct sg_sim_socket *k)
{
    return k->psk_identity[0] != '\0' && (k->cert == NULL || sg_sim_is(s, SG_SIM_PSK_BESIDE, "psk"));
}

/* ----------------------------------------------------------------------------------------------------- callbacks */

static void on_send(void *user, const struct sg_addr *to, struct sg_bytes datagram)
{
    struct sg_sim_socket *k = user;
    for (unsigned n = k->fd >= 0 ? sg_sim_fault_copies(k->sim, true) : 0; n > 0; n--)
        sg_sim_udp_send(k->fd, to, datagram);
}

static void queue(struct sg_sim_socket *k, struct sg_bytes data)
{
    struct sg_sim_datagram *d = k->waiting < WAITING_MAX ? malloc(sizeof *d + data.n) : NULL;

    if (d == NULL) {
        sg_sim_log(k->sim, "! a datagram was lost: %d are waiting to be read", WAITING_MAX);
        return;
    }
    *d = (struct sg_sim_datagram){.n = data.n};
    if (data.n > 0)
        memcpy(d->p, data.p, data.n);
    *k->last = d;
    k->last = &d->next;
    k->waiting++;
    sg_sim_socket_event(k->sim, k, SG_SIM_POLL_IN);
}

static void on_event(void *user, const struct sg_dtls_event *e)
{
    struct sg_sim_socket *k = user;

    switch (e->what) {
    case SG_DTLS_CONNECTED:
        k->id = e->id;
        k->resumed = e->resumed;
        break;
    case SG_DTLS_DATA:
        queue(k, e->data);
        break;
    case SG_DTLS_MOVED:
        break;
    case SG_DTLS_CLOSED:
        sg_sim_log(k->sim, "! the peer has ended it: %s", e->reason);
        k->id = 0;
        k->ended = SG_SIM_POLL_HUP;
        sg_sim_socket_event(k->sim, k, SG_SIM_POLL_HUP);
        break;
    case SG_DTLS_REFUSED:
        sg_sim_log(k->sim, "! no handshake: %s", e->reason);
        k->refused = true;
        k->silent = e->alert < 0;
        break;
    }
}

/* 5.3: a longer chain has made modems crash; this one refuses it, whether it is to verify or not. */
static bool is_too_long(STACK_OF(X509) * sent)
{
    int total = 0;

    for (int i = 0; i < sk_X509_num(sent); i++)
        total += i2d_X509(sk_X509_value(sent, i), NULL);
    return total > CHAIN_MAX;
}

static void on_verify(void *user, const struct sg_addr *peer, X509 *leaf, STACK_OF(X509) * sent,
                      struct sg_dtls_verdict *verdict)
{
    static const int alerts[] = {
        [SG_UNTRUSTED_ISSUER] = SG_ALERT_UNKNOWN_CA,           [SG_UNTRUSTED_EXPIRED] = SG_ALERT_CERTIFICATE_EXPIRED,
        [SG_UNTRUSTED_NOT_YET] = SG_ALERT_CERTIFICATE_EXPIRED, [SG_UNTRUSTED_PURPOSE] = SG_ALERT_BAD_CERTIFICATE,
        [SG_UNTRUSTED_NAME] = SG_ALERT_BAD_CERTIFICATE,        [SG_UNTRUSTED_BAD] = SG_ALERT_BAD_CERTIFICATE,
    };
    struct sg_sim_socket *k = user;
    struct sg_error err = {0};

    (void)peer;
    if (sent && is_too_long(sent)) {
        verdict->alert = SG_ALERT_BAD_CERTIFICATE;
        (void)snprintf(verdict->reason, sizeof verdict->reason, "the server's chain is longer than %d bytes",
                       CHAIN_MAX);
        return;
    }
    enum sg_trust_result r =
        sg_trust_verify(k->trust, leaf, sent, SG_FOR_SERVER, k->host[0] ? k->host : NULL, time(NULL), &err);
    verdict->accept = r == SG_TRUSTED || k->peer_verify == VERIFY_NONE || k->peer_verify == VERIFY_OPTIONAL;
    if (!verdict->accept) {
        verdict->alert = alerts[r];
        (void)snprintf(verdict->reason, sizeof verdict->reason, "%.399s", err.text);
    }
}

/* ----------------------------------------------------------------------------------------------------- begin, end */

static int refuse(struct sg_sim *s, struct sg_sim_socket *k, const char *why)
{
    sg_sim_log(s, "! no handshake: at tag %u %s", (unsigned)k->tag, why);
    sg_sim_errno(s, "connect", SG_SIM_ECONNREFUSED);
    sg_sim_offload_end(k);
    return SG_EDENIED;
}

int sg_sim_offload_begin(struct sg_sim *s, struct sg_sim_socket *k, const struct sg_addr *server)
{
    static const enum sg_dtls_cid_mode modes[] = {SG_CID_OFF, SG_CID_SUPPORTED, SG_CID_ON};
    struct sg_error err = {0};

    k->sim = s;
    k->refused = k->silent = k->resumed = false;
    k->server = *server;
    bool psk = load_psk(s, k), trust = load_trust(s, k);
    if (!load_identity(s, k))
        return refuse(s, k, "certificate and private key are not a pair");
    if (psk && k->cert != NULL && sg_sim_is(s, SG_SIM_PSK_BESIDE, "fails"))
        return refuse(s, k, "there is a pre-shared key beside the certificate (psk-beside=fails)");
    psk = uses_psk(s, k);
    if (!psk && !trust) /* even where nothing is verified, one must be there (5.3) */
        return refuse(s, k, "there is no CA certificate");
    if (!psk && !s->firmware_has.gcm)
        return refuse(s, k, "this firmware has CBC suites only, which this simulator cannot do");
    unsigned limit = k->handshake_s;
    if (sg_sim_is(s, SG_SIM_CONNECT_LIMIT, "send") && k->send_s < limit)
        limit = k->send_s;
    const struct sg_dtls_config config = {
        .cert = psk ? NULL : k->cert,
        .key = psk ? NULL : k->key,
        .chain = !psk && k->chain && sk_X509_num(k->chain) > 0 ? k->chain : NULL,
        .psk_identity = psk ? k->psk_identity : NULL,
        .psk_key = sg_bytes(k->psk_key, k->psk_len),
        .suites = psk ? suite_of_psk : suite_of_certificate,
        .suite_count = 1,
        .cid = modes[k->cid],
        .server_name = k->host[0] ? k->host : NULL,
        .handshake_ms = limit * 1000,
        .max_fragment = (uint16_t)(k->fragments * 512),
        .resume = k->session_cache != 0,
        .user = k,
        .send = on_send,
        .event = on_event,
        .verify = on_verify,
    };
    k->fd = sg_sim_udp_open(server);
    k->dtls = k->fd >= 0 ? sg_dtls_new(&config, NULL, 1, &err) : NULL;
    if (k->dtls)
        sg_sim_session_offer(s, k);
    if (k->dtls == NULL || sg_dtls_connect(k->dtls, server, s->now, &err) < 0)
        return refuse(s, k, err.code < 0 ? err.text : "no socket is to be had");
    return 0;
}

void sg_sim_offload_end(struct sg_sim_socket *k)
{
    sg_dtls_free(k->dtls);
    k->dtls = NULL;
    k->id = 0;
    if (k->fd >= 0)
        close(k->fd);
    k->fd = -1;
    X509_free(k->cert);
    EVP_PKEY_free(k->key);
    sk_X509_pop_free(k->chain, X509_free);
    sg_trust_free(k->trust);
    sg_wipe(k->psk_key, sizeof k->psk_key);
    k->psk_identity[0] = '\0';
    k->psk_len = 0;
    k->cert = NULL;
    k->key = NULL;
    k->chain = NULL;
    k->trust = NULL;
}

void sg_sim_errno(struct sg_sim *s, const char *call, int number)
{
    sg_sim_log(s, "! %s() error: -%d", call, number);
}

/* Whether the modem can take each record of the datagram in: none is longer than RECORD_MAX (5.3). */
static bool fits(const uint8_t *p, size_t n)
{
    struct sg_cursor c = sg_cursor(sg_bytes(p, n));

    while (sg_left(&c) > 0 && !c.bad) {
        bool cid = sg_get_u8(&c) == SG_DTLS_CID_RECORD;
        (void)sg_get(&c, SG_DTLS_CID_OFFSET - 1 + (cid ? SG_DTLS_CID_LEN : 0U));
        size_t length = sg_get_u16(&c);
        if (length > RECORD_MAX)
            return false;
        (void)sg_get(&c, length);
    }
    return true;
}

static void input(struct sg_sim_socket *k, const struct sg_addr *from, uint8_t *p, size_t n)
{
    if (k->saved)
        sg_sim_log(k->sim, "! a datagram was lost: the connection is saved");
    else if (!fits(p, n))
        sg_sim_log(k->sim, "! a datagram was lost: it has a record of more than %d bytes", RECORD_MAX);
    else
        sg_dtls_input(k->dtls, from, p, n, k->sim->now);
}

void sg_sim_offload_receive(struct sg_sim *s, struct sg_sim_socket *k)
{
    uint8_t came[DATAGRAM_MAX], given[DATAGRAM_MAX];
    struct sg_addr from;

    for (int n; k->fd >= 0 && k->dtls && (n = sg_sim_udp_receive(k->fd, &from, came, sizeof came)) >= 0;)
        for (unsigned copies = sg_sim_fault_copies(s, false); copies > 0 && k->dtls; copies--) {
            memcpy(given, came, (size_t)n); /* it is opened where it lies */
            input(k, &from, given, (size_t)n);
        }
}

void sg_sim_offload_move(struct sg_sim_socket *k)
{
    int fd = sg_sim_udp_open(&k->server);

    if (fd < 0)
        return;
    close(k->fd);
    k->fd = fd;
}

size_t sg_sim_forget_nat(struct sg_sim *s)
{
    size_t moved = 0;

    for (size_t i = 0; i < SG_SIM_SOCKETS; i++) {
        struct sg_sim_socket *k = &s->sockets[i];
        struct sg_dtls_info info;
        if (k->fd < 0 || k->dtls == NULL || !sg_dtls_info(k->dtls, k->id, &info))
            continue;
        sg_sim_offload_move(k);
        moved++;
    }
    return moved;
}
