/* SPDX-License-Identifier: Apache-2.0 */
/* A whole DTLS client: libssl shakes hands and seals; every datagram goes through our hands, so that records can be
 * looked at, kept, lost, altered and sent again. */
#include "probe/server_internal.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

enum { MTU = 1200, HEADER = 13 };

/* ------------------------------------------------------------------------------------------------- datagrams */

static int bio_write(BIO *bio, const char *data, int n)
{
    struct sg_probe_client *c = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (n <= 0 || (size_t)n > sizeof c->out)
        return -1;
    if (!c->aside) {
        memcpy(c->out, data, (size_t)n);
        c->out_len = (size_t)n;
    }
    if (c->hold)
        return n;
    return sg_probe_session_send(c->s, &c->wire, sg_bytes(data, (size_t)n)) < 0 ? -1 : n;
}

static int bio_read(BIO *bio, char *data, int cap)
{
    struct sg_probe_client *c = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (c->in_len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    int n = (int)c->in_len < cap ? (int)c->in_len : cap;
    memcpy(data, c->in, (size_t)n);
    c->in_len = 0;
    return n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT;
}

BIO_METHOD *sg_probe_client_bio(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "probe");
    if (m != NULL && BIO_meth_set_write(m, bio_write) && BIO_meth_set_read(m, bio_read) &&
        BIO_meth_set_ctrl(m, bio_ctrl))
        return m;
    BIO_meth_free(m);
    return NULL;
}

static BIO *new_bio(struct sg_probe_client *c)
{
    BIO *bio = BIO_new(c->s->bio);
    if (bio != NULL) {
        BIO_set_data(bio, c);
        BIO_set_init(bio, 1);
    }
    return bio;
}

/* Keeps what shows of the server's protected records (RFC 6347 section 4.1); true where there was one. */
static bool look_at(struct sg_probe_client *c, struct sg_bytes datagram)
{
    struct sg_cursor in = sg_cursor(datagram);
    size_t before = c->sealed_count;
    while (sg_left(&in) > 0) {
        uint8_t type = sg_get_u8(&in);
        (void)sg_get_u16(&in);
        uint64_t number = sg_get_u64(&in);
        struct sg_bytes body = sg_get(&in, sg_get_u16(&in));
        if (in.bad)
            break;
        if (number >> 48 == 0 || c->sealed_count == SG_CLIENT_RECORDS || body.n < sizeof c->sealed[0].head)
            continue;
        struct sg_probe_sealed *r = &c->sealed[c->sealed_count++];
        *r = (struct sg_probe_sealed){.number = number, .type = type};
        memcpy(r->head, body.p, sizeof r->head);
        sg_sha256(body, r->digest);
    }
    return c->sealed_count > before;
}

/* Waits for a datagram of the server and puts it where libssl reads. As sg_probe_wire_receive. */
static int take_datagram(struct sg_probe_client *c, uint64_t deadline)
{
    for (;;) {
        struct sg_addr from;
        int n = sg_probe_wire_receive(&c->wire, &from, c->in, sizeof c->in, deadline);
        if (n <= 0)
            return n;
        if (!sg_addr_eq(&from, &c->s->server->addr))
            continue;
        if (look_at(c, sg_bytes(c->in, (size_t)n)) && c->lose > 0) {
            c->lose--;
            continue;
        }
        c->in_len = (size_t)n;
        return n;
    }
}

/* ---------------------------------------------------------------------------------------------------- settings */

static void on_alert(const SSL *ssl, int where, int value)
{
    struct sg_probe_client *c = SSL_get_app_data(ssl);
    if ((where & SSL_CB_ALERT) != 0 && (where & SSL_CB_READ) != 0)
        c->alert = value & 0xff;
}

static void on_key_log(const SSL *ssl, const char *line)
{
    const struct sg_probe_client *c = SSL_get_app_data(ssl);
    if (c->s->server->throw_away && c->wire.capture != NULL)
        sg_capture_key_log(c->wire.capture, line);
}

/* Takes everything: what is wrong with the server, other runs say. */
SSL_CTX *sg_probe_client_context(struct sg_error *err)
{
    SSL_CTX *ctx = SSL_CTX_new(DTLS_client_method());
    if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, DTLS1_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ctx, "DEFAULT:@SECLEVEL=0") != 1) {
        SSL_CTX_free(ctx);
        (void)sg_fail(err, SG_ECRYPTO, "OpenSSL gives no DTLS client");
        return NULL;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_LEGACY_SERVER_CONNECT);
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_info_callback(ctx, on_alert);
    SSL_CTX_set_keylog_callback(ctx, on_key_log);
    return ctx;
}

static bool set_up(struct sg_probe_client *c, const struct sg_probe_identity *identity, SSL_SESSION *session)
{
    BIO *bio = new_bio(c);
    c->ssl = SSL_new(c->s->ctx);
    if (c->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        return false;
    }
    SSL_set_bio(c->ssl, bio, bio);
    SSL_set_app_data(c->ssl, c);
    SSL_set_mtu(c->ssl, MTU);
    char name[256]; /* the macro wants to write to it */
    (void)snprintf(name, sizeof name, "%s", c->s->server->name);
    if (sg_probe_is_name(name) && SSL_set_tlsext_host_name(c->ssl, name) != 1)
        return false;
    if (session != NULL && SSL_set_session(c->ssl, session) != 1)
        return false;
    return identity == NULL || identity->cert == NULL ||
           (SSL_use_certificate(c->ssl, identity->cert) == 1 && SSL_use_PrivateKey(c->ssl, identity->key) == 1 &&
            (identity->chain == NULL || SSL_set1_chain(c->ssl, identity->chain) == 1));
}

/* --------------------------------------------------------------------------------------------------- handshake */

static enum sg_client_stage failed(struct sg_probe_client *c)
{
    const char *why = ERR_reason_error_string(ERR_peek_error());
    (void)snprintf(c->why, sizeof c->why, "%s", why != NULL ? why : "unknown");
    ERR_clear_error();
    return c->stage = c->alert >= 0 ? SG_CLIENT_REFUSED : SG_CLIENT_FAILED;
}

/* When libssl wants to send its flight again, but not after `deadline`. */
static uint64_t next_time(struct sg_probe_client *c, uint64_t deadline)
{
    struct timeval t;
    if (DTLSv1_get_timeout(c->ssl, &t) != 1)
        return deadline;
    uint64_t at = sg_probe_steady() + (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_usec / 1000 + 1;
    return at < deadline ? at : deadline;
}

static enum sg_client_stage shake_hands(struct sg_probe_client *c, uint64_t deadline)
{
    for (;;) {
        ERR_clear_error();
        int r = SSL_connect(c->ssl);
        if (r == 1)
            return c->stage = SG_CLIENT_CONNECTED;
        if (SSL_get_error(c->ssl, r) != SSL_ERROR_WANT_READ)
            return failed(c);
        int n = take_datagram(c, next_time(c, deadline));
        if (n == SG_ECLOSED)
            return c->stage = SG_CLIENT_UNREACHABLE;
        if (n == 0 && sg_probe_steady() >= deadline)
            return c->stage = SG_CLIENT_SILENT;
        if (n == 0)
            (void)DTLSv1_handle_timeout(c->ssl);
    }
}

enum sg_client_stage sg_probe_client_open(struct sg_probe_client *c, struct sg_probe_session *s,
                                          const struct sg_probe_identity *identity, SSL_SESSION *session, unsigned lose)
{
    memset(c, 0, sizeof *c);
    *c = (struct sg_probe_client){.s = s, .alert = -1, .lose = lose, .stage = SG_CLIENT_FAILED, .wire.fd = -1};
    c->began = sg_probe_steady();
    if (sg_probe_session_open(s, &c->wire, NULL) < 0 || !set_up(c, identity, session)) {
        (void)snprintf(c->why, sizeof c->why, "the client could not be set up");
        return c->stage;
    }
    (void)shake_hands(c, c->began + 5 * (uint64_t)sg_probe_wait(s));
    c->took = sg_probe_steady() - c->began;
    return c->stage;
}

void sg_probe_client_close(struct sg_probe_client *c)
{
    if (c->ssl != NULL && c->stage == SG_CLIENT_CONNECTED)
        (void)SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
    c->ssl = NULL;
    if (c->wire.fd >= 0)
        sg_probe_session_close(c->s, &c->wire);
    ERR_clear_error();
}

/* -------------------------------------------------------------------------------------------------------- data */

int sg_probe_client_send(struct sg_probe_client *c, struct sg_bytes data)
{
    ERR_clear_error();
    return SSL_write(c->ssl, data.p, (int)data.n) == (int)data.n ? 0 : SG_ECLOSED;
}

int sg_probe_client_receive(struct sg_probe_client *c, struct sg_buf *out, uint64_t deadline)
{
    for (;;) {
        ERR_clear_error();
        int n = SSL_read(c->ssl, out->p, (int)out->cap);
        if (n > 0) {
            out->len = (size_t)n;
            return n;
        }
        if (SSL_get_error(c->ssl, n) != SSL_ERROR_WANT_READ)
            return SG_ECLOSED;
        n = take_datagram(c, deadline);
        if (n == 0)
            return 0;
        if (n < 0)
            return SG_ECLOSED;
    }
}
