/* SPDX-License-Identifier: Apache-2.0 */
/* The key block (RFC 5246 section 6.3), from the master secret of a handshake that libssl is in the middle of. */
#include "dtls/dtls_internal.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/sha.h>

enum { MASTER = 48, RANDOM = 32 };

static bool prf(const char *digest, uint8_t master[MASTER], struct sg_buf *seed, uint8_t *out, size_t n)
{
    char name[16];
    (void)snprintf(name, sizeof name, "%s", digest);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, MASTER),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed->p, seed->len),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    bool ok = ctx && EVP_KDF_derive(ctx, out, n, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return ok;
}

/* key_block: client_write_key, server_write_key, client_write_IV, server_write_IV. AEAD suites have no MAC keys. */
static void deal(const uint8_t *block, const struct sg_dtls_suite *s, bool server, struct sg_dtls_assoc *a)
{
    size_t key_len = s->key_len, iv_len = s->iv_len;
    struct sg_dtls_half *client_half = server ? &a->read : &a->write;
    struct sg_dtls_half *server_half = server ? &a->write : &a->read;
    memcpy(client_half->key, block, key_len);
    memcpy(server_half->key, block + key_len, key_len);
    memcpy(client_half->iv, block + 2 * key_len, iv_len);
    memcpy(server_half->iv, block + 2 * key_len + iv_len, iv_len);
}

/* The master secret of the handshake under way; false before there is one. A client that offers a session has that
 * session's secret at hand from the start: the server's random tells that the server has chosen. */
static bool master_secret(const SSL *ssl, uint8_t master[MASTER], uint8_t server_random[RANDOM])
{
    static const uint8_t zeros[RANDOM];
    SSL_SESSION *session = SSL_get_session(ssl);
    SSL_get_server_random(ssl, server_random, RANDOM);
    return session && memcmp(server_random, zeros, RANDOM) != 0 &&
           SSL_SESSION_get_master_key(session, master, MASTER) == MASTER;
}

uint64_t sg_dtls_session_tag(const SSL_SESSION *session)
{
    uint8_t master[MASTER] = {0}, digest[SHA256_DIGEST_LENGTH] = {0};
    uint64_t tag;
    (void)SSL_SESSION_get_master_key(session, master, sizeof master);
    (void)EVP_Digest(master, sizeof master, digest, NULL, EVP_sha256(), NULL);
    memcpy(&tag, digest, sizeof tag);
    sg_wipe(master, sizeof master);
    return tag;
}

bool sg_dtls_derive(struct sg_dtls_hs *hs)
{
    struct sg_dtls_assoc *a = &hs->d->table->assoc[hs->slot];
    uint8_t master[MASTER], space[80], client_random[RANDOM], server_random[RANDOM], block[2 * 32 + 2 * SG_DTLS_IV_MAX];
    struct sg_buf seed = sg_buf(space, sizeof space);
    if (hs->keyed || !hs->ssl)
        return hs->keyed;

    const SSL_CIPHER *cipher = SSL_get_pending_cipher(hs->ssl);
    const struct sg_dtls_suite *s = cipher ? sg_dtls_suite(SSL_CIPHER_get_protocol_id(cipher)) : NULL;
    if (!s || !master_secret(hs->ssl, master, server_random))
        return false;
    SSL_get_client_random(hs->ssl, client_random, RANDOM);
    sg_put_str(&seed, "key expansion");
    sg_put(&seed, server_random, RANDOM);
    sg_put(&seed, client_random, RANDOM);
    size_t n = 2U * s->key_len + 2U * s->iv_len;
    if (prf(s->digest, master, &seed, block, n)) {
        deal(block, s, hs->d->config.server, a);
        a->suite = s->id;
        if (!hs->cid_agreed)
            a->cid_in_len = 0;
        a->session = sg_dtls_session_tag(SSL_get_session(hs->ssl));
        hs->keyed = true;
    }
    sg_wipe(master, sizeof master);
    sg_wipe(block, sizeof block);
    return hs->keyed;
}
