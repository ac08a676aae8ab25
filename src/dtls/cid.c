/* SPDX-License-Identifier: Apache-2.0 */
/* Negotiation of connection ids: extension 54 (RFC 9146 section 3), one id for each direction. */
#include "dtls/dtls_internal.h"

enum { CONNECTION_ID = 54 };

static struct sg_dtls_assoc *assoc_of(SSL *ssl)
{
    struct sg_dtls_hs *hs = SSL_get_app_data(ssl);
    return &hs->d->table->assoc[hs->slot];
}

/* Our extension: the id that the peer is to use. An empty one means that we take an id, and want none ourselves. */
static int add(SSL *ssl, unsigned int type, unsigned int context, const unsigned char **out, size_t *len, X509 *x,
               size_t i, int *alert, void *arg)
{
    (void)type, (void)context, (void)x, (void)i, (void)alert;
    const struct sg_dtls *d = arg;
    const struct sg_dtls_hs *hs = SSL_get_app_data(ssl);
    const struct sg_dtls_assoc *a = assoc_of(ssl);
    if (d->config.cid == SG_CID_OFF || (d->config.server && !hs->cid_agreed))
        return 0;
    static const unsigned char none[1] = {0};
    *out = none;
    *len = 1;
    if (a->cid_in_len) {
        unsigned char *p = OPENSSL_malloc(1U + a->cid_in_len);
        if (!p)
            return -1;
        p[0] = a->cid_in_len;
        memcpy(p + 1, a->cid_in, a->cid_in_len);
        *out = p;
        *len = 1U + a->cid_in_len;
    }
    return 1;
}

static void added(SSL *ssl, unsigned int type, unsigned int context, const unsigned char *out, void *arg)
{
    (void)type, (void)context, (void)arg;
    const struct sg_dtls_assoc *a = assoc_of(ssl);
    if (a->cid_in_len) {
        void *p;
        memcpy(&p, &out, sizeof p); /* made by add(), so not const */
        OPENSSL_free(p);
    }
}

/* The peer's extension: the id that we are to use. */
static int parse(SSL *ssl, unsigned int type, unsigned int context, const unsigned char *in, size_t len, X509 *x,
                 size_t i, int *alert, void *arg)
{
    (void)type, (void)context, (void)x, (void)i;
    const struct sg_dtls *d = arg;
    struct sg_dtls_hs *hs = SSL_get_app_data(ssl);
    struct sg_dtls_assoc *a = assoc_of(ssl);
    if (len < 1 || len != 1U + in[0]) {
        *alert = SSL_AD_DECODE_ERROR;
        return 0;
    }
    if (d->config.cid == SG_CID_OFF)
        return 1;
    if (len - 1 > sizeof a->cid_out) {
        /* Longer than any that is in use: a server does as if it did not know the extension, a client cannot. */
        *alert = SSL_AD_ILLEGAL_PARAMETER;
        return d->config.server ? 1 : 0;
    }
    a->cid_out_len = in[0];
    memcpy(a->cid_out, in + 1, len - 1);
    hs->cid_agreed = true;
    return 1;
}

/* A peer with a connection id keeps its association; should that be lost, it resumes by session id. A ticket would cost
 * it some 600 bytes now, and twice as many in its next ClientHellos. libssl decides this before it parses extensions.
 */
static int hello(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    const struct sg_dtls *d = arg;
    const unsigned char *p;
    size_t n;
    if (d->config.cid != SG_CID_OFF && SSL_client_hello_get0_ext(ssl, CONNECTION_ID, &p, &n) == 1)
        SSL_set_options(ssl, SSL_OP_NO_TICKET);
    return SSL_CLIENT_HELLO_SUCCESS;
}

int sg_dtls_cid_context(SSL_CTX *ctx, struct sg_dtls *d)
{
    const unsigned int where = SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_DTLS_ONLY;
    if (d->config.server)
        SSL_CTX_set_client_hello_cb(ctx, hello, d);
    return SSL_CTX_add_custom_ext(ctx, CONNECTION_ID, where, add, added, d, parse, d) == 1 ? 0 : SG_ECRYPTO;
}
