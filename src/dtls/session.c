/* SPDX-License-Identifier: Apache-2.0 */
/* A client's session outside its endpoint: saved, and offered again by another one. */
#include "dtls/dtls_internal.h"

#include <openssl/err.h>

int sg_dtls_session_save(const struct sg_dtls *d, struct sg_buf *out)
{
    uint8_t *der = NULL;
    int n = d->session ? i2d_SSL_SESSION(d->session, &der) : 0;

    if (!d->session)
        return SG_ENOTFOUND;
    if (n <= 0)
        return SG_ECRYPTO;
    sg_put(out, der, (size_t)n);
    OPENSSL_clear_free(der, (size_t)n);
    return out->full ? SG_ENOSPC : 0;
}

int sg_dtls_session_load(struct sg_dtls *d, const struct sg_addr *server, struct sg_bytes session)
{
    const uint8_t *p = session.p;
    SSL_SESSION *s = d->config.server ? NULL : d2i_SSL_SESSION(NULL, &p, (long)session.n);

    ERR_clear_error();
    if (!s)
        return SG_EFORMAT;
    SSL_SESSION_free(d->session);
    d->session = s;
    d->session_addr = *server;
    return 0;
}
