/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stateless cookies (RFC 6347 section 4.2.1): an authenticator of the peer's address, by a secret that turns each
 * minute. The secrets of cookies and session tickets lie in the table, so that they outlive the process.
 */
#include "dtls/dtls_internal.h"

#include <openssl/hmac.h>
#include <openssl/rand.h>

enum { COOKIE = 16, COOKIE_MS = 60 * 1000, TICKET_MS = 24 * 60 * 60 * 1000 };

static bool cookie_for(const struct sg_addr *addr, const uint8_t secret[32], uint8_t cookie[COOKIE])
{
    uint8_t text[18], mac[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    struct sg_buf b = sg_buf(text, sizeof text);
    sg_put(&b, addr->ip, sizeof addr->ip);
    sg_put_u16(&b, addr->port);
    if (!HMAC(EVP_sha256(), secret, 32, text, sizeof text, mac, &n))
        return false;
    memcpy(cookie, mac, COOKIE);
    return true;
}

int sg_dtls_cookie_make(SSL *ssl, unsigned char *cookie, unsigned int *len)
{
    struct sg_dtls_hs *hs = SSL_get_app_data(ssl);
    *len = COOKIE;
    return hs->d->table->cookie_ready && cookie_for(&hs->addr, hs->d->table->cookie[0], cookie);
}

int sg_dtls_cookie_check(SSL *ssl, const unsigned char *cookie, unsigned int len)
{
    struct sg_dtls_hs *hs = SSL_get_app_data(ssl);
    uint8_t mine[COOKIE];
    bool ok = false;
    for (int i = 0; i < 2 && len == COOKIE && hs->d->table->cookie_ready && !ok; i++)
        ok = cookie_for(&hs->addr, hs->d->table->cookie[i], mine) && sg_secret_eq(mine, cookie, COOKIE);
    return ok;
}

/* Makes *secret[0] new and keeps the one before as [1], once its time is over. */
static void turn(uint64_t now, uint64_t period, uint8_t *ready, uint64_t *since, void *secret, size_t n)
{
    uint8_t *p = secret;
    if (*ready && now >= *since && now - *since < period)
        return;
    if (*ready && now >= *since && now - *since < 2 * period) {
        memcpy(p + n, p, n);
    } else if (RAND_bytes(p + n, (int)n) != 1) {
        return;
    }
    if (RAND_bytes(p, (int)n) != 1)
        return;
    *since = now;
    *ready = 1;
}

void sg_dtls_secrets_turn(struct sg_dtls *d)
{
    struct sg_dtls_table *t = d->table;
    turn(d->now, COOKIE_MS, &t->cookie_ready, &t->cookie_since, t->cookie, sizeof t->cookie[0]);
    turn(d->now, TICKET_MS, &t->ticket_ready, &t->ticket_since, t->ticket, sizeof t->ticket[0]);
}
