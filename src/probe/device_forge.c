/* SPDX-License-Identifier: Apache-2.0 */
/* A server's first flight made by hand, for what libssl would not do: choose a suite or a version that the device did
 * not offer, leave the certificate out, sign with a CA's own key (RFC 5246 section 7.4, RFC 8422 section 5.4, RFC 6347
 * section 4.2.2). */
#include "probe/device_internal.h"
#include "probe/server_internal.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

enum { ALERT = 21, HANDSHAKE = 22 };
enum { SERVER_HELLO = 2, CERTIFICATE = 11, SERVER_KEY_EXCHANGE = 12, SERVER_HELLO_DONE = 14, CLIENT_KEY_EXCHANGE = 16 };
enum { NAMED_CURVE = 3, P256 = 23, P384 = 24, X25519 = 29, ECDSA_SHA256 = 0x0403, RSA_SHA256 = 0x0401, RANDOM = 32 };

struct forge {
    const struct sg_probe_client_hello *h;
    const struct sg_probe_credential *c;
    struct sg_buf *out;
    uint16_t version, suite;
    uint8_t random[RANDOM];
    uint8_t message; /* the number of the next one, and of its record */
};

/* One handshake message, whole, in a record of its own. */
static void put_message(struct forge *f, uint8_t type, const struct sg_buf *body)
{
    sg_put_u8(f->out, HANDSHAKE);
    sg_put_u16(f->out, f->version);
    sg_put_u16(f->out, 0); /* epoch */
    sg_put_u16(f->out, 0);
    sg_put_u32(f->out, f->message);
    sg_put_u16(f->out, (uint16_t)(body->len + 12));
    sg_put_u8(f->out, type);
    sg_put_u24(f->out, (uint32_t)body->len);
    sg_put_u16(f->out, f->message);
    sg_put_u24(f->out, 0);
    sg_put_u24(f->out, (uint32_t)body->len);
    sg_put(f->out, body->p, body->len);
    f->out->full |= body->full;
    f->message++;
}

static void put_server_hello(struct forge *f)
{
    uint8_t space[128];
    struct sg_buf b = sg_buf(space, sizeof space);
    sg_put_u16(&b, f->version);
    sg_put(&b, f->random, RANDOM);
    sg_put_u8(&b, 0); /* no session to be resumed */
    sg_put_u16(&b, f->suite);
    sg_put_u8(&b, 0);
    if (f->h->renegotiation_info || f->h->extended_master_secret) {
        sg_put_u16(&b, (uint16_t)((f->h->renegotiation_info ? 5 : 0) + (f->h->extended_master_secret ? 4 : 0)));
        if (f->h->renegotiation_info) {
            sg_put_u16(&b, SG_EXT_RENEGOTIATION);
            sg_put_u16(&b, 1);
            sg_put_u8(&b, 0);
        }
        if (f->h->extended_master_secret) {
            sg_put_u16(&b, SG_EXT_EXTENDED_MASTER_SECRET);
            sg_put_u16(&b, 0);
        }
    }
    put_message(f, SERVER_HELLO, &b);
}

static void put_certificate(struct forge *f)
{
    uint8_t space[2048], der_space[2000];
    struct sg_buf b = sg_buf(space, sizeof space), der = sg_buf(der_space, sizeof der_space);
    (void)sg_cert_put_der(&der, f->c->leaf);
    sg_put_u24(&b, (uint32_t)(der.len + 3));
    sg_put_u24(&b, (uint32_t)der.len);
    sg_put_bytes(&b, sg_buf_bytes(&der));
    b.full |= der.full;
    put_message(f, CERTIFICATE, &b);
}

/* The first group of the device's that we have. */
static EVP_PKEY *ephemeral(const struct sg_probe_client_hello *h, uint16_t *group)
{
    *group = P256;
    for (size_t i = 0; i < h->group_count; i++)
        if (h->groups[i] == P256 || h->groups[i] == P384 || h->groups[i] == X25519) {
            *group = h->groups[i];
            break;
        }
    return *group == X25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "X25519")
                            : EVP_PKEY_Q_keygen(NULL, NULL, "EC", *group == P384 ? "P-384" : "P-256");
}

/* The signature over both randoms and the parameters; DTLS 1.0 has SHA-1 there and no word about it. */
static int put_signature(const struct forge *f, struct sg_buf *b)
{
    uint8_t space[512], signature[512];
    struct sg_buf text = sg_buf(space, sizeof space);
    size_t n = sizeof signature;
    const bool old = f->version == SG_DTLS_1_0;
    EVP_MD_CTX *md = EVP_MD_CTX_new();

    sg_put(&text, f->h->random, RANDOM);
    sg_put(&text, f->random, RANDOM);
    sg_put(&text, b->p, b->len);
    const bool ok = md != NULL && !text.full &&
                    EVP_DigestSignInit(md, NULL, old ? EVP_sha1() : EVP_sha256(), NULL, f->c->key) == 1 &&
                    EVP_DigestSign(md, signature, &n, text.p, text.len) == 1;
    EVP_MD_CTX_free(md);
    if (!ok)
        return SG_ECRYPTO;
    if (!old)
        sg_put_u16(b, EVP_PKEY_is_a(f->c->key, "RSA") ? RSA_SHA256 : ECDSA_SHA256);
    sg_put_u16(b, (uint16_t)n);
    sg_put(b, signature, n);
    return 0;
}

static int put_key_exchange(struct forge *f, bool anonymous)
{
    uint8_t space[512], *point = NULL;
    struct sg_buf b = sg_buf(space, sizeof space);
    uint16_t group;
    int r = SG_ECRYPTO;
    EVP_PKEY *key = ephemeral(f->h, &group);
    const size_t n = key != NULL ? EVP_PKEY_get1_encoded_public_key(key, &point) : 0;

    if (n > 0 && n < UINT8_MAX) {
        sg_put_u8(&b, NAMED_CURVE);
        sg_put_u16(&b, group);
        sg_put_u8(&b, (uint8_t)n);
        sg_put(&b, point, n);
        r = anonymous ? 0 : put_signature(f, &b);
    }
    OPENSSL_free(point);
    EVP_PKEY_free(key);
    if (r == 0)
        put_message(f, SERVER_KEY_EXCHANGE, &b);
    return r;
}

/* Where nothing is said, one that the device offers and that goes with an elliptic-curve certificate; in DTLS 1.0 only
 * such with CBC can be. */
uint16_t sg_probe_dev_choose(const struct sg_probe_client_hello *h, const struct sg_probe_bad *bad)
{
    uint16_t any = 0;
    for (size_t i = 0; bad->offered != NULL && i < h->suite_count; i++)
        if (bad->offered(h->suites[i]))
            return h->suites[i];
    if (bad->suite != 0)
        return bad->suite;
    for (size_t i = 0; i < h->suite_count; i++) {
        if (strstr(sg_probe_suite_name(h->suites[i]), "TLS_ECDHE_ECDSA_") == NULL)
            continue;
        if (bad->version != SG_DTLS_1_0 || sg_probe_suite_class(h->suites[i]) == SG_SUITE_CBC_SHA1)
            return h->suites[i];
        any = any == 0 ? h->suites[i] : any;
    }
    return any;
}

int sg_probe_dev_forge(const struct sg_probe_client_hello *h, const struct sg_probe_bad *bad,
                       const struct sg_probe_credential *c, uint16_t suite, struct sg_buf *out)
{
    struct forge f = {.h = h, .c = c, .out = out, .suite = suite};
    struct sg_buf nothing = sg_buf(NULL, 0);
    int r = 0;

    f.version = bad->version != 0 ? bad->version : SG_DTLS_1_2;
    if (f.suite == 0)
        return SG_EUNSUPPORTED;
    if (RAND_bytes(f.random, sizeof f.random) != 1)
        return SG_ECRYPTO;
    const char *name = sg_probe_suite_name(f.suite);
    const bool anonymous = strstr(name, "_anon_") != NULL, psk = strstr(name, "TLS_PSK_") != NULL;
    const bool own_key = strstr(name, "DHE_") != NULL || anonymous; /* else there is no message of it */
    put_server_hello(&f);
    if (!bad->no_certificate && !anonymous && !psk)
        put_certificate(&f);
    if (own_key)
        r = put_key_exchange(&f, anonymous);
    put_message(&f, SERVER_HELLO_DONE, &nothing);
    return r < 0 ? r : out->full ? SG_ENOSPC : 0;
}

/* ------------------------------------------------------------------------------------------------ what comes back */

static void read_record(uint8_t type, uint16_t epoch, struct sg_bytes body, struct sg_probe_dev_attempt *t)
{
    if (epoch > 0 && (type == HANDSHAKE || type == SG_DTLS_CID_RECORD)) {
        if (t->stage >= SG_REACHED_ANSWERED)
            t->stage = SG_REACHED_FINISHED; /* sealed: what follows ChangeCipherSpec */
    } else if (epoch == 0 && type == ALERT && body.n == 2) {
        t->alert = body.p[1];
    } else if (epoch == 0 && type == HANDSHAKE && body.n > 0 && body.p[0] == CLIENT_KEY_EXCHANGE &&
               t->stage < SG_REACHED_ANSWERED) {
        t->stage = SG_REACHED_ANSWERED;
    }
}

void sg_probe_dev_read_reply(struct sg_bytes datagram, struct sg_probe_dev_attempt *t)
{
    struct sg_cursor c = sg_cursor(datagram);
    while (sg_left(&c) > 0) {
        const uint8_t type = sg_get_u8(&c);
        (void)sg_get_u16(&c);
        const uint16_t epoch = sg_get_u16(&c);
        (void)sg_get(&c, 6);
        const struct sg_bytes body = type == SG_DTLS_CID_RECORD ? sg_rest(&c) : sg_get(&c, sg_get_u16(&c));
        if (c.bad)
            return;
        read_record(type, epoch, body, t);
    }
}
