/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pre-shared keys (RFC 4279, RFC 5489). Who has none that counts here gets a random one, so the handshake goes on to
 * the peer's Finished, which does not open. Such a record may also be forged by somebody who wants to end an honest
 * peer's handshake: so it ends nothing by itself, but the true one must come within two seconds. Then the handshake is
 * refused, for an unknown identity and a wrong key at the same time and by the same alert.
 */
#include "dtls/dtls_internal.h"

#include <openssl/rand.h>

enum { DOUBT_MS = 2000, FATAL = 2 };

/* What the room's user says of a name; false where it refuses. */
static bool judge(struct sg_dtls_hs *hs, const char *identity, struct sg_buf *key)
{
    const struct sg_dtls_config *config = &hs->d->config;
    hs->verdict = (struct sg_dtls_verdict){.accept = false};
    config->psk(config->user, &hs->addr, sg_str(identity), key, &hs->verdict);
    hs->verdict.alert = SG_ALERT_DECRYPT_ERROR;
    hs->judged = hs->psk = true;
    return hs->verdict.accept;
}

static unsigned int server_key(SSL *ssl, const char *identity, unsigned char *psk, unsigned int cap)
{
    struct sg_dtls_hs *hs = SSL_get_app_data(ssl);
    uint8_t space[SG_DTLS_PSK_MAX], random[SG_DTLS_PSK_MAX];
    struct sg_buf key = sg_buf(space, sizeof space);
    if (!hs || cap < sizeof random || RAND_bytes(random, sizeof random) != 1)
        return 0;
    bool ok = judge(hs, identity ? identity : "", &key) && key.len && !key.full;
    if (!ok)
        hs->verdict.accept = false;
    unsigned int n = ok ? (unsigned int)key.len : 32;
    memcpy(psk, ok ? space : random, n);
    sg_wipe(space, sizeof space);
    sg_wipe(random, sizeof random);
    return n;
}

static unsigned int client_key(SSL *ssl, const char *hint, char *identity, unsigned int identity_cap,
                               unsigned char *psk, unsigned int cap)
{
    struct sg_dtls_hs *hs = SSL_get_app_data(ssl);
    const struct sg_dtls_config *config = &hs->d->config;
    (void)hint;
    if (config->psk_key.n > cap || strlen(config->psk_identity) >= identity_cap)
        return 0;
    memcpy(identity, config->psk_identity, strlen(config->psk_identity) + 1);
    memcpy(psk, config->psk_key.p, config->psk_key.n);
    hs->verdict = (struct sg_dtls_verdict){.accept = true};
    hs->judged = true;
    return (unsigned int)config->psk_key.n;
}

int sg_dtls_psk_context(SSL_CTX *ctx, const struct sg_dtls_config *config, struct sg_error *err)
{
    if (config->psk)
        SSL_CTX_set_psk_server_callback(ctx, server_key);
    if (!config->psk_identity)
        return 0;
    size_t n = strlen(config->psk_identity);
    if (!n || n > 127 || !config->psk_key.n || config->psk_key.n > SG_DTLS_PSK_MAX)
        return sg_fail(err, SG_EINVAL,
                       "DTLS endpoint: a pre-shared key has 1 to %d bytes, and its identity 1 to 127; here they have "
                       "%zu and %zu",
                       SG_DTLS_PSK_MAX, config->psk_key.n, n);
    SSL_CTX_set_psk_client_callback(ctx, client_key);
    return 0;
}

bool sg_dtls_psk_resumed(struct sg_dtls_hs *hs)
{
    const struct sg_dtls_config *config = &hs->d->config;
    const char *identity = SSL_get_psk_identity(hs->ssl);
    if (identity && config->psk) {
        judge(hs, identity, NULL);
        return true;
    }
    if (!identity || !config->psk_identity || strcmp(identity, config->psk_identity) != 0)
        return false;
    hs->verdict = (struct sg_dtls_verdict){.accept = true};
    hs->judged = true;
    return true;
}

void sg_dtls_psk_doubt(struct sg_dtls_hs *hs)
{
    uint64_t at = hs->d->now + DOUBT_MS;
    if (!hs->psk || hs->doubted || !hs->ssl)
        return;
    hs->doubted = true;
    if (at < hs->until)
        hs->until = at;
    (void)sg_dtls_timer_set(hs->d, hs, hs->until);
}

void sg_dtls_psk_wrong(struct sg_dtls_hs *hs, char *reason, size_t cap)
{
    uint8_t space[SG_DTLS_HEADER + 2];
    struct sg_buf b = sg_buf(space, sizeof space);
    sg_put_u8(&b, SG_DTLS_ALERT);
    sg_put_u16(&b, SG_DTLS_VERSION);
    sg_put_u64(&b, hs->epoch0_next);
    sg_put_u16(&b, 2);
    sg_put_u8(&b, FATAL);
    sg_put_u8(&b, SG_ALERT_DECRYPT_ERROR);
    sg_dtls_send_datagram(hs->d, &hs->addr, sg_buf_bytes(&b));
    hs->alert = SG_ALERT_DECRYPT_ERROR;
    if (hs->verdict.accept)
        (void)snprintf(reason, cap, "%s",
                       "it has another pre-shared key than the one that belongs to the name it gives");
    else
        (void)snprintf(reason, cap, "%s", hs->verdict.reason);
}

bool sg_dtls_psk_offered(const SSL *ssl)
{
    STACK_OF(SSL_CIPHER) *offered = SSL_get_client_ciphers(ssl);
    int n = offered ? sk_SSL_CIPHER_num(offered) : 0;
    for (int i = 0; i < n; i++)
        if (SSL_CIPHER_get_auth_nid(sk_SSL_CIPHER_value(offered, i)) == NID_auth_psk)
            return true;
    return false;
}
