/* SPDX-License-Identifier: Apache-2.0 */
/* Bad servers, by libssl with all its guards off: each is played to one attempt of the device, and how far the device
 * goes with it is written down. */
#include "probe/device_internal.h"
#include "probe/server_internal.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

enum {
    MTU = 1152,         /* as the good server's */
    SILENCE_MS = 30000, /* a device that says nothing for so long has given up without a word */
    PAYLOAD_MS = 12000  /* how long the first message in a session that stands is waited for */
};
enum { CLIENT_KEY_EXCHANGE = 16, FINISHED = 20 }; /* RFC 5246 section 7.4 */

/* One attempt under way. */
struct play {
    struct sg_probe_device *p;
    struct sg_probe_dev_attempt *t;
    struct sg_probe_lwm2m lwm2m;
    SSL *ssl;
    const uint8_t *in; /* the datagram for libssl */
    size_t in_len;
};

/* ------------------------------------------------------------------------------------ libssl reads and writes */

static int bio_read(BIO *bio, char *out, int cap)
{
    struct play *y = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (y->in_len == 0 || cap <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const size_t n = y->in_len < (size_t)cap ? y->in_len : (size_t)cap;
    memcpy(out, y->in, n);
    y->in_len = 0;
    return (int)n;
}

static int bio_write(BIO *bio, const char *data, int n)
{
    struct play *y = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (n > 0)
        (void)sg_probe_wire_send(&y->p->wire, &y->t->from, sg_bytes(data, (size_t)n)); /* what is lost is sent again */
    return n;
}

static long bio_ctrl(BIO *bio, int what, long n, void *arg)
{
    (void)bio, (void)n, (void)arg;
    return what == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO *new_bio(struct play *y, BIO_METHOD **method)
{
    *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams of a probe");
    if (*method == NULL || BIO_meth_set_read(*method, bio_read) != 1 || BIO_meth_set_write(*method, bio_write) != 1 ||
        BIO_meth_set_ctrl(*method, bio_ctrl) != 1)
        return NULL;
    BIO *bio = BIO_new(*method);
    if (bio != NULL) {
        BIO_set_data(bio, y);
        BIO_set_init(bio, 1);
    }
    return bio;
}

/* --------------------------------------------------------------------------------------------- what is seen */

static void seen(int write, int version, int type, const void *data, size_t n, SSL *ssl, void *arg)
{
    struct play *y = arg;
    const uint8_t *p = data;
    (void)version, (void)ssl;
    if (type == SSL3_RT_ALERT && n == 2) {
        if (write == 0 && p[1] == SSL_AD_CLOSE_NOTIFY)
            y->t->ended = true;
        else if (write == 0)
            y->t->alert = p[1];
    } else if (type == SSL3_RT_HANDSHAKE && n > 0 && write == 0) {
        if (p[0] == CLIENT_KEY_EXCHANGE && y->t->stage < SG_REACHED_ANSWERED)
            y->t->stage = SG_REACHED_ANSWERED;
        if (p[0] == FINISHED)
            y->t->stage = SG_REACHED_FINISHED;
    }
}

/* The keys of such a session are thrown away with it. */
static void log_keys(const SSL *ssl, const char *line)
{
    const struct play *y = SSL_get_app_data(ssl);
    if (y->p->wire.capture != NULL)
        sg_capture_key_log(y->p->wire.capture, line);
}

static void why(struct play *y)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    if (reason != NULL && y->t->why[0] == '\0')
        (void)snprintf(y->t->why, sizeof y->t->why, "%s", reason);
    ERR_clear_error();
}

static int any_certificate(X509_STORE_CTX *store, void *arg)
{
    (void)store, (void)arg;
    return 1;
}

/* --------------------------------------------------------------------------------------------------- the server */

static const char good_suites[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES256-GCM-SHA384:"
                                  "ECDHE-ECDSA-AES256-CCM8:ECDHE-ECDSA-AES128-CCM:ECDHE-ECDSA-AES256-CCM";

/* "Revoked an hour ago, for key compromise", signed by the CA itself (RFC 6960 section 4.2.2.2). */
static OCSP_BASICRESP *new_status(const struct sg_probe_authority *a, X509 *leaf)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), leaf, a->ca.cert);
    ASN1_TIME *then = X509_gmtime_adj(NULL, -3600), *next = X509_gmtime_adj(NULL, 86400);
    const bool ok = basic != NULL && id != NULL && then != NULL && next != NULL &&
                    OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_REVOKED, OCSP_REVOKED_STATUS_KEYCOMPROMISE,
                                           then, then, next) != NULL &&
                    OCSP_basic_sign(basic, a->ca.cert, a->ca.key, EVP_sha256(), NULL, 0) == 1;
    OCSP_CERTID_free(id);
    ASN1_TIME_free(then);
    ASN1_TIME_free(next);
    if (ok)
        return basic;
    OCSP_BASICRESP_free(basic);
    return NULL;
}

static int send_status(SSL *ssl, void *arg)
{
    const struct play *y = SSL_get_app_data(ssl);
    (void)arg;
    OCSP_BASICRESP *basic = new_status(&y->p->authority, SSL_get_certificate(ssl));
    OCSP_RESPONSE *response = basic != NULL ? OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic) : NULL;
    uint8_t *der = NULL;
    const int n = response != NULL ? i2d_OCSP_RESPONSE(response, &der) : -1;
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    if (n <= 0)
        return SSL_TLSEXT_ERR_NOACK;
    (void)SSL_set_tlsext_status_ocsp_resp(ssl, der, n); /* takes it */
    return SSL_TLSEXT_ERR_OK;
}

static bool set_up(SSL_CTX *ctx, const struct sg_probe_bad *bad, const struct sg_probe_credential *c)
{
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_keylog_callback(ctx, log_keys);
    SSL_CTX_set_cert_verify_callback(ctx, any_certificate, NULL);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    if (bad->revoked)
        (void)SSL_CTX_set_tlsext_status_cb(ctx, send_status);
    return SSL_CTX_use_certificate(ctx, c->leaf) == 1 && SSL_CTX_use_PrivateKey(ctx, c->key) == 1 &&
           (c->chain == NULL || SSL_CTX_set1_chain(ctx, c->chain) == 1) &&
           SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) == 1 && SSL_CTX_set_dh_auto(ctx, 1) == 1 &&
           SSL_CTX_set_cipher_list(ctx, bad->suites != NULL ? bad->suites : good_suites) == 1;
}

static SSL *new_ssl(SSL_CTX *ctx, struct play *y, BIO_METHOD **method)
{
    SSL *ssl = SSL_new(ctx);
    BIO *bio = new_bio(y, method);
    if (ssl == NULL || bio == NULL || SSL_set_app_data(ssl, y) != 1 || SSL_set_mtu(ssl, MTU) == 0) {
        SSL_free(ssl);
        BIO_free(bio);
        return NULL;
    }
    SSL_set_bio(ssl, bio, bio);
    SSL_set_msg_callback(ssl, seen);
    SSL_set_msg_callback_arg(ssl, y);
    SSL_set_accept_state(ssl);
    return ssl;
}

static void to_session(void *user, struct sg_bytes datagram)
{
    struct play *y = user;
    (void)SSL_write(y->ssl, datagram.p, (int)datagram.n);
}

/* ------------------------------------------------------------------------------------------------------ the play */

static void advance(struct play *y)
{
    uint8_t data[SG_PLAYED_RECEIVED];
    if (!y->t->complete) {
        if (SSL_do_handshake(y->ssl) == 1) {
            y->t->complete = true;
            (void)snprintf(y->t->suite, sizeof y->t->suite, "%s", SSL_get_cipher_name(y->ssl));
        } else if (SSL_get_error(y->ssl, -1) != SSL_ERROR_WANT_READ) {
            why(y);
        }
    }
    int n = 0;
    while (y->t->complete && (n = SSL_read(y->ssl, data, sizeof data)) > 0)
        sg_probe_lwm2m_input(&y->lwm2m, sg_bytes(data, (size_t)n));
    ERR_clear_error();
    (void)snprintf(y->t->first, sizeof y->t->first, "%s", y->lwm2m.first);
}

static bool over(const struct play *y)
{
    const struct sg_probe_dev_attempt *t = y->t;
    return t->alert >= 0 || t->ended || t->again || t->why[0] != '\0' || t->first[0] != '\0';
}

size_t sg_probe_await_hello(struct sg_probe_device *p, struct sg_probe_dev_attempt *t, uint8_t *datagram, size_t cap)
{
    enum { LOOK_MS = 500 };
    const uint64_t end = sg_probe_steady() + (uint64_t)p->o->patience * 1000;
    while (sg_probe_steady() < end && !sg_probe_device_stopped(p)) {
        const int n = sg_probe_wire_receive(&p->wire, &t->from, datagram, cap, sg_probe_steady() + LOOK_MS);
        if (n <= 0)
            continue;
        const int r = sg_probe_client_hello_parse(sg_bytes(datagram, (size_t)n), &t->hello);
        if (r == 0 || r == SG_EUNSUPPORTED) {
            t->stage = SG_REACHED_HELLO;
            return (size_t)n;
        }
    }
    return 0;
}

/* Its first message has another random number. Another address may be the same attempt. */
bool sg_probe_begins_anew(const struct sg_probe_dev_attempt *t, struct sg_bytes datagram)
{
    struct sg_probe_client_hello h;
    return sg_probe_client_hello_parse(datagram, &h) == 0 && memcmp(h.random, t->hello.random, sizeof h.random) != 0;
}

static void take(struct play *y, const struct sg_addr *from, const uint8_t *datagram, size_t n)
{
    if (sg_probe_begins_anew(y->t, sg_bytes(datagram, n))) {
        y->t->again = true;
    } else if (sg_addr_eq(from, &y->t->from)) {
        y->in = datagram;
        y->in_len = n;
        advance(y);
    }
}

static void converse(struct play *y)
{
    uint8_t datagram[SG_PLAYED_RECEIVED];
    struct sg_addr from;
    uint64_t end = sg_probe_steady() + SILENCE_MS;

    while (!over(y) && sg_probe_steady() < end && !sg_probe_device_stopped(y->p)) {
        struct timeval left = {.tv_usec = 500000};
        const bool timed = !y->t->complete && DTLSv1_get_timeout(y->ssl, &left) == 1;
        const uint64_t wait = (uint64_t)left.tv_sec * 1000 + (uint64_t)left.tv_usec / 1000;
        const int n = sg_probe_wire_receive(&y->p->wire, &from, datagram, sizeof datagram, sg_probe_steady() + wait);
        const bool stood = y->t->complete;
        if (n > 0) {
            take(y, &from, datagram, (size_t)n);
            end = sg_probe_steady() + SILENCE_MS;
        } else if (timed && DTLSv1_handle_timeout(y->ssl) < 0) {
            why(y);
        }
        if (y->t->complete && !stood)
            end = sg_probe_steady() + PAYLOAD_MS;
    }
}

static int play_libssl(struct sg_probe_device *p, const struct sg_probe_bad *bad, const struct sg_probe_credential *c,
                       struct sg_probe_dev_attempt *t, struct sg_error *err)
{
    struct play y = {.p = p, .t = t};
    uint8_t datagram[SG_PLAYED_RECEIVED];
    BIO_METHOD *method = NULL;
    int r = 0;

    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(DTLS_server_method());
    if (ctx == NULL || !set_up(ctx, bad, c) || (y.ssl = new_ssl(ctx, &y, &method)) == NULL) {
        why(&y);
        r = sg_fail(err, SG_ECRYPTO, "playing a bad server: %s", t->why);
    } else if ((y.in_len = sg_probe_await_hello(p, t, datagram, sizeof datagram)) > 0) {
        sg_probe_lwm2m_init(&y.lwm2m, 0, &y, to_session);
        y.lwm2m.mute = !bad->relays;
        y.in = datagram;
        advance(&y);
        converse(&y);
        if (t->complete)
            (void)SSL_shutdown(y.ssl);
    }
    SSL_free(y.ssl);
    SSL_CTX_free(ctx);
    BIO_meth_free(method);
    return r;
}

/* ------------------------------------------------------------------------------------------------- forged messages */

/* Sent again when the device asks again; it is not told more than the device tells. */
static int play_forged(struct sg_probe_device *p, const struct sg_probe_bad *bad, const struct sg_probe_credential *c,
                       struct sg_probe_dev_attempt *t, struct sg_error *err)
{
    enum { LOOK_MS = 500, FLIGHT = 4096 };
    uint8_t datagram[SG_PLAYED_RECEIVED], space[FLIGHT];
    struct sg_buf flight = sg_buf(space, sizeof space);
    struct sg_addr from;

    if (sg_probe_await_hello(p, t, datagram, sizeof datagram) == 0)
        return 0;
    const uint16_t suite = sg_probe_dev_choose(&t->hello, bad);
    (void)snprintf(t->suite, sizeof t->suite, "%s", sg_probe_suite_name(suite));
    const int r = sg_probe_dev_forge(&t->hello, bad, c, suite, &flight);
    if (r < 0)
        return sg_fail(err, r, "forging a server's messages: %s", sg_strerror(r));
    (void)sg_probe_wire_send(&p->wire, &t->from, sg_buf_bytes(&flight));
    uint64_t end = sg_probe_steady() + SILENCE_MS;
    while (t->stage < SG_REACHED_FINISHED && t->alert < 0 && !t->again && sg_probe_steady() < end &&
           !sg_probe_device_stopped(p)) {
        struct sg_probe_client_hello h;
        const int n = sg_probe_wire_receive(&p->wire, &from, datagram, sizeof datagram, sg_probe_steady() + LOOK_MS);
        if (n <= 0)
            continue;
        if (sg_probe_begins_anew(t, sg_bytes(datagram, (size_t)n)))
            t->again = true;
        else if (sg_probe_client_hello_parse(sg_bytes(datagram, (size_t)n), &h) == 0)
            (void)sg_probe_wire_send(&p->wire, &from, sg_buf_bytes(&flight));
        else if (sg_addr_eq(&from, &t->from))
            sg_probe_dev_read_reply(sg_bytes(datagram, (size_t)n), t);
    }
    return 0;
}

int sg_probe_bad_play(struct sg_probe_device *p, const struct sg_probe_bad *bad, struct sg_probe_dev_attempt *t,
                      struct sg_error *err)
{
    struct sg_probe_credential c;

    sg_probe_good_end(p);
    *t = (struct sg_probe_dev_attempt){.alert = -1};
    const bool rsa = bad->forged && strstr(sg_probe_suite_name(sg_probe_dev_choose(&p->hello, bad)), "_RSA_") != NULL;
    int r = sg_probe_credential_make(&p->authority, rsa ? SG_FLAW_RSA : bad->flaw, &c, err);
    if (r < 0)
        return r;
    r = bad->forged ? play_forged(p, bad, &c, t, err) : play_libssl(p, bad, &c, t, err);
    sg_probe_credential_free(&c);
    return r;
}
