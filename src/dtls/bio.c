/* SPDX-License-Identifier: Apache-2.0 */
/* What libssl reads from and writes to: one record in at a time, and flights out that flight.c sends. */
#include "dtls/dtls_internal.h"

static int get(BIO *bio, char *out, int cap)
{
    struct sg_dtls_hs *hs = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!hs->in_len || cap <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = hs->in_len < (size_t)cap ? hs->in_len : (size_t)cap;
    memcpy(out, hs->in, n);
    if (!hs->peek)
        hs->in_len = 0;
    return (int)n;
}

static int put(BIO *bio, const char *p, int n)
{
    struct sg_dtls_hs *hs = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    return n >= 0 && sg_dtls_flight_add(&hs->flight, (const uint8_t *)p, (size_t)n) ? n : -1;
}

static long ctrl(BIO *bio, int what, long n, void *p)
{
    (void)p;
    struct sg_dtls_hs *hs = BIO_get_data(bio);
    switch (what) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_DGRAM_SET_PEEK_MODE: /* DTLSv1_listen of some versions looks at a ClientHello and leaves it there */
        hs->peek = n != 0;
        return 1;
    default:
        return 0;
    }
}

BIO_METHOD *sg_dtls_bio_method(void)
{
    int index = BIO_get_new_index();
    BIO_METHOD *m = index < 0 ? NULL : BIO_meth_new(index | BIO_TYPE_SOURCE_SINK, "Signet datagrams");
    if (m && (BIO_meth_set_read(m, get) != 1 || BIO_meth_set_write(m, put) != 1 || BIO_meth_set_ctrl(m, ctrl) != 1)) {
        BIO_meth_free(m);
        return NULL;
    }
    return m;
}
