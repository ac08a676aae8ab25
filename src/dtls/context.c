/* SPDX-License-Identifier: Apache-2.0 */
/* libssl's settings, each named: nothing is left to a security level or to the system's openssl.cnf. */
#include "dtls/dtls_internal.h"

#include <openssl/err.h>

enum { SESSION_SECONDS = 24 * 60 * 60, CACHE_MAX = 20000, MAX_CERT_LIST = 16 * 1024 /* what a peer may send */ };

static int failed(struct sg_error *err, const char *what)
{
    unsigned long e = ERR_peek_last_error();
    const char *why = ERR_reason_error_string(e);
    ERR_clear_error();
    return sg_fail(err, SG_ECRYPTO, "DTLS endpoint: %s: %s", what, why ? why : "out of memory");
}

/* libssl's own timers never fire: ours go by the caller's clock (handshake.c). Microseconds; no handshake is longer. */
static unsigned int no_timer(SSL *ssl, unsigned int us)
{
    (void)ssl, (void)us;
    return 4000000000U;
}

static void info(const SSL *ssl, int where, int value)
{
    struct sg_dtls_hs *hs = SSL_get_app_data(ssl);
    if (!(where & SSL_CB_ALERT) || value >> 8 != SSL3_AL_FATAL)
        return;
    hs->alert = value & 0xff;
    hs->alert_from_peer = (where & SSL_CB_READ) != 0;
}

static int set_identity(SSL_CTX *ctx, const struct sg_dtls_config *config, struct sg_error *err)
{
    if (!config->cert != !config->key)
        return sg_fail(err, SG_EINVAL,
                       "DTLS endpoint: a certificate without its key, or a key without its certificate");
    if (config->psk_identity && (config->server || config->cert))
        return sg_fail(err, SG_EINVAL, "DTLS endpoint: a client shows a certificate or a pre-shared key, not both");
    if (!config->cert)
        return config->server ? sg_fail(err, SG_EINVAL, "DTLS endpoint: a server needs a certificate") : 0;
    if (SSL_CTX_use_certificate(ctx, config->cert) != 1)
        return failed(err, "certificate");
    if (SSL_CTX_use_PrivateKey(ctx, config->key) != 1)
        return failed(err, "the key does not belong to the certificate");
    if (config->chain && SSL_CTX_set1_chain(ctx, config->chain) != 1)
        return failed(err, "certificate chain");
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN); /* the leaf only, or what was given */
    return 0;
}

static int set_algorithms(SSL_CTX *ctx, const struct sg_dtls_config *config, struct sg_error *err)
{
    char space[256], groups[] = "P-256:X25519:P-384", signatures[] = "ECDSA+SHA256:ECDSA+SHA384";
    struct sg_buf list = sg_buf(space, sizeof space);
    int r = sg_dtls_suite_list(config, &list, err);
    if (r < 0)
        return r;
    if (SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) != 1)
        return failed(err, "DTLS 1.2");
    if (SSL_CTX_set_cipher_list(ctx, sg_buf_cstr(&list)) != 1)
        return failed(err, "cipher suites");
    if (SSL_CTX_set1_groups_list(ctx, groups) != 1)
        return failed(err, "elliptic curves");
    if (SSL_CTX_set1_sigalgs_list(ctx, signatures) != 1 || SSL_CTX_set1_client_sigalgs_list(ctx, signatures) != 1)
        return failed(err, "signature algorithms");
    return 0;
}

static int set_sessions(SSL_CTX *ctx, const struct sg_dtls *d, struct sg_error *err)
{
    static const unsigned char name[] = "signet";
    uint32_t slots = d->table->slots;
    SSL_CTX_set_session_cache_mode(ctx, d->config.server ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_OFF);
    SSL_CTX_sess_set_cache_size(ctx, slots < CACHE_MAX ? (long)slots : CACHE_MAX);
    SSL_CTX_set_timeout(ctx, SESSION_SECONDS);
    if (SSL_CTX_set_session_id_context(ctx, name, sizeof name - 1) != 1 ||
        (d->config.server && SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, sg_dtls_ticket_cb) != 1))
        return failed(err, "sessions");
    return 0;
}

static int set_all(SSL_CTX *ctx, struct sg_dtls *d, struct sg_error *err)
{
    int r = set_algorithms(ctx, &d->config, err);
    if (r == 0)
        r = set_identity(ctx, &d->config, err);
    if (r == 0)
        r = sg_dtls_psk_context(ctx, &d->config, err);
    if (r == 0)
        r = set_sessions(ctx, d, err);
    if (r == 0 && sg_dtls_cid_context(ctx, d) < 0)
        r = failed(err, "connection ids");
    if (r < 0)
        return r;

    SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_max_cert_list(ctx, MAX_CERT_LIST);
    static const uint16_t fragments[] = {
        [TLSEXT_max_fragment_length_512] = 512, [TLSEXT_max_fragment_length_1024] = 1024};
    for (size_t i = 1; i < sizeof fragments / sizeof *fragments; i++)
        if (d->config.max_fragment == fragments[i] && SSL_CTX_set_tlsext_max_fragment_length(ctx, (uint8_t)i) != 1)
            return failed(err, "max_fragment_length");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, sg_dtls_verify_cb, d);
    SSL_CTX_set_tlsext_servername_callback(ctx, sg_dtls_resumed_cb);
    SSL_CTX_set_cookie_generate_cb(ctx, sg_dtls_cookie_make);
    SSL_CTX_set_cookie_verify_cb(ctx, sg_dtls_cookie_check);
    SSL_CTX_set_info_callback(ctx, info);
    return 0;
}

SSL_CTX *sg_dtls_context(struct sg_dtls *d, struct sg_error *err)
{
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(d->config.server ? DTLS_server_method() : DTLS_client_method());
    if (!ctx)
        (void)failed(err, "OpenSSL");
    if (ctx && set_all(ctx, d, err) < 0) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

SSL *sg_dtls_ssl(struct sg_dtls_hs *hs)
{
    SSL *ssl = SSL_new(hs->d->ctx);
    BIO *bio = BIO_new(hs->d->bio);
    if (!ssl || !bio || SSL_set_app_data(ssl, hs) != 1 || SSL_set_mtu(ssl, hs->d->config.mtu) == 0) {
        SSL_free(ssl);
        BIO_free(bio);
        return NULL;
    }
    BIO_set_data(bio, hs);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    DTLS_set_timer_cb(ssl, no_timer);
    if (hs->d->config.server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return ssl;
}
