/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A LwM2M server by X.509 that is sound but for one fault, for the probe to find. The handshakes are OpenSSL's.
 *
 *     bad_server CERT KEY DEVICE-ROOT KNOWN REVOKED [option …]
 *
 * KNOWN and REVOKED are files with serial numbers in hexadecimal, one a line. Prints "ready PORT PLAIN-PORT".
 * Options: --fault NAME (one of the list below)   --chain FILE (sent after the leaf)   --rsa CERT KEY (a second one)
 */
#include "core/core.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const faults[] = {
    "none",
    "any-client-ca",        /* takes what no CA of ours signed */
    "no-client-cert",       /* lets in who shows none */
    "ignores-time",         /* takes what has expired or is not valid yet */
    "ignores-usage",        /* takes a server's certificate from a client */
    "ignores-inventory",    /* takes all that the CA signed */
    "ignores-revocation",   /* takes what was revoked */
    "ignores-name",         /* registers anybody by any name */
    "generic-alerts",       /* refuses rightly, and never says why */
    "dtls10",               /* speaks DTLS 1.0 */
    "null-suite",           /* takes ECDHE without encryption */
    "anonymous-suite",      /* takes ECDH without authentication */
    "static-rsa",           /* takes RSA key transport (needs --rsa) */
    "plain-psk",            /* takes a pre-shared key without forward secrecy */
    "cbc-sha1",             /* takes CBC with HMAC-SHA-1 */
    "client-order",         /* the client's order of suites counts */
    "weak-curve",           /* takes P-224 */
    "sha1-signature",       /* signs with SHA-1 */
    "no-cookie",            /* answers an address that nobody confirmed */
    "no-extended-secret",   /* leaves RFC 7627 out */
    "legacy-renegotiation", /* leaves RFC 5746 out */
    "compression",          /* chooses DEFLATE */
    "large-records",        /* agrees to records of 512 bytes, and sends larger ones (needs --chain) */
    "draft-cid",            /* answers the draft's connection ids */
    "plain-port",           /* answers CoAP on a port without DTLS */
    "plain-on-dtls-port",   /* answers CoAP without DTLS on the DTLS port */
    "crashes",              /* ends on a record that is cut off */
    "accepts-replays",      /* answers a record that came before */
    "accepts-altered",      /* answers a record that was altered */
    "repeats-nonce",        /* uses a record number and nonce twice */
    "fills-up",             /* never forgets a handshake that was begun */
};

static const char *fault = "none";

static bool is(const char *name)
{
    return strcmp(fault, name) == 0;
}

static void die(const char *what)
{
    (void)fprintf(stderr, "bad_server: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(2);
}

/* ------------------------------------------------------------------------------------------------------- peers */

enum { PEERS = 2048, HALF_OPEN_MAX = 150, DATAGRAM = 16 * 1024 };

struct peer {
    struct sockaddr_in addr;
    SSL *ssl;
    uint8_t in[DATAGRAM], last[DATAGRAM], answer[256];
    size_t in_len, last_len, answer_len;
    unsigned sealed;     /* application records sent */
    uint8_t nonce[2][8]; /* number and nonce of the last of them */
    bool raw;            /* its hello has renegotiation_info as an extension: a hello of the probe, never finished */
    bool deflate;        /* its hello offers compression */
    char name[128];      /* of its certificate */
};
static struct peer *peers[PEERS];
static int sock, plain_sock;
static SSL_CTX *ctx;
static char *known, *revoked;

/* Where the compression method and the extensions of a ServerHello are, to be spoilt in handshakes that nobody ends. */
static void spoil_hello(const struct peer *p, uint8_t *record, size_t n)
{
    enum { SESSION = 13 + 12 + 2 + 32 };
    if (n <= SESSION || record[0] != 22 || record[13] != 2)
        return;
    size_t at = SESSION + 1 + record[SESSION] + 2;
    if (is("compression") && at < n && p->deflate)
        record[at] = 1;
    for (size_t i = at + 3; p->raw && i + 4 < n;) {
        if (is("large-records") && record[i] == 0 && record[i + 1] == 1)
            record[i + 4] = 1; /* 512, where libssl was asked for 4096 */
        if (is("legacy-renegotiation") && record[i] == 0xff && record[i + 1] == 0x01)
            record[i + 1] = 0xfe; /* a number of nobody */
        i += 4 + (size_t)(record[i + 2] << 8 | record[i + 3]);
    }
}

static void repeat_nonce(struct peer *p, uint8_t *record, size_t n)
{
    if (record[0] != 23 || n < 21)
        return;
    if (++p->sealed == 4) {
        memcpy(record + 3, p->nonce[0], 8);
        memcpy(record + 13, p->nonce[1], 8);
    }
    memcpy(p->nonce[0], record + 3, 8);
    memcpy(p->nonce[1], record + 13, 8);
}

static int bio_write(BIO *bio, const char *data, int n)
{
    struct peer *p = BIO_get_data(bio);
    uint8_t copy[DATAGRAM];
    BIO_clear_retry_flags(bio);
    if (n <= 13 || n > DATAGRAM)
        return n;
    memcpy(copy, data, (size_t)n);
    spoil_hello(p, copy, (size_t)n);
    if (is("repeats-nonce"))
        repeat_nonce(p, copy, (size_t)n);
    (void)sendto(sock, copy, (size_t)n, 0, (struct sockaddr *)&p->addr, sizeof p->addr);
    return n;
}

static int bio_read(BIO *bio, char *data, int cap)
{
    struct peer *p = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (p->in_len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    int n = (int)p->in_len < cap ? (int)p->in_len : cap;
    memcpy(data, p->in, (size_t)n);
    p->in_len = 0;
    return n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static void new_session(struct peer *p)
{
    static BIO_METHOD *method;
    if (!method) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bad server");
        BIO_meth_set_write(method, bio_write);
        BIO_meth_set_read(method, bio_read);
        BIO_meth_set_ctrl(method, bio_ctrl);
    }
    SSL_free(p->ssl);
    p->ssl = SSL_new(ctx);
    BIO *bio = BIO_new(method);
    if (!p->ssl || !bio)
        die("out of memory");
    BIO_set_data(bio, p);
    BIO_set_init(bio, 1);
    SSL_set_bio(p->ssl, bio, bio);
    SSL_set_app_data(p->ssl, p);
    SSL_set_mtu(p->ssl, 1200);
    SSL_set_accept_state(p->ssl);
    p->sealed = 0;
    p->last_len = p->answer_len = 0;
    p->name[0] = '\0';
}

static void forget(size_t i)
{
    SSL_free(peers[i]->ssl);
    free(peers[i]);
    peers[i] = NULL;
}

/* The peer of that address; a new one where there is room, and where the table is full in place of any other. */
static struct peer *find_peer(const struct sockaddr_in *from)
{
    static size_t victim;
    size_t spare = PEERS, half_open = 0;
    for (size_t i = 0; i < PEERS; i++) {
        if (!peers[i])
            spare = i;
        else if (peers[i]->addr.sin_port == from->sin_port && peers[i]->addr.sin_addr.s_addr == from->sin_addr.s_addr)
            return peers[i];
        else
            half_open += !SSL_is_init_finished(peers[i]->ssl);
    }
    if (is("fills-up") && half_open >= HALF_OPEN_MAX)
        return NULL;
    if (spare == PEERS)
        forget(spare = victim++ % PEERS);
    peers[spare] = calloc(1, sizeof *peers[spare]);
    if (!peers[spare])
        die("out of memory");
    peers[spare]->addr = *from;
    new_session(peers[spare]);
    return peers[spare];
}

static void drop(struct peer *p)
{
    for (size_t i = 0; i < PEERS; i++)
        if (peers[i] == p)
            forget(i);
}

/* -------------------------------------------------------------------------------------------------------- trust */

static bool is_listed(const char *list, X509 *cert)
{
    BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *hex = BN_bn2hex(n);
    bool listed = strstr(list, hex) != NULL;
    OPENSSL_free(hex);
    BN_free(n);
    return listed;
}

/* 1, or 0 with the error whose alert tells the truth. */
static int verify(X509_STORE_CTX *x, void *unused)
{
    (void)unused;
    X509 *leaf = X509_STORE_CTX_get0_cert(x);
    int error = X509_V_OK;
    if (X509_verify_cert(x) != 1)
        error = X509_STORE_CTX_get_error(x);
    else if (is_listed(revoked, leaf))
        error = is("ignores-revocation") ? X509_V_OK : X509_V_ERR_CERT_REVOKED;
    else if (!is_listed(known, leaf))
        error = is("ignores-inventory") ? X509_V_OK : X509_V_ERR_UNNESTED_RESOURCE; /* sent as certificate_unknown */
    if (is("ignores-time") && (error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID))
        error = X509_V_OK;
    if (is("ignores-usage") && error == X509_V_ERR_INVALID_PURPOSE)
        error = X509_V_OK;
    if (is("any-client-ca") &&
        (error == X509_V_ERR_CERT_SIGNATURE_FAILURE || error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
         error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT || error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE))
        error = X509_V_OK;
    if (error == X509_V_ERR_CERT_NOT_YET_VALID) /* RFC 5246 section 7.2.2: "or is not currently valid" */
        error = X509_V_ERR_CERT_HAS_EXPIRED;
    if (error != X509_V_OK && is("generic-alerts"))
        error = X509_V_ERR_APPLICATION_VERIFICATION; /* sent as handshake_failure */
    X509_STORE_CTX_set_error(x, error);
    return error == X509_V_OK;
}

/* -------------------------------------------------------------------------------------------------------- LwM2M */

static uint8_t answer_code(struct peer *p, const struct sg_coap *m)
{
    struct sg_bytes path = {NULL, 0}, endpoint;
    if (!sg_coap_find(m, SG_COAP_OPT_URI_PATH, &path) || !sg_bytes_eq_str(path, "rd"))
        return SG_COAP_NOT_FOUND;
    if (m->code == SG_COAP_DELETE)
        return SG_COAP_DELETED;
    if (m->code != SG_COAP_POST)
        return SG_COAP_METHOD_NOT_ALLOWED;
    if (!sg_coap_query(m, "ep", &endpoint))
        return SG_COAP_CHANGED;
    return is("ignores-name") || p->name[0] == '\0' || sg_bytes_eq_str(endpoint, p->name) ? SG_COAP_CREATED
                                                                                          : SG_COAP_FORBIDDEN;
}

static size_t make_answer(struct peer *p, struct sg_bytes request, uint8_t *out, size_t cap)
{
    struct sg_buf b = sg_buf(out, cap);
    struct sg_coap m;
    if (sg_coap_parse(request, &m, NULL) < 0 || m.code == 0 || m.code >= SG_COAP_CODE(2, 0))
        return 0;
    uint8_t code = answer_code(p, &m);
    struct sg_coap_writer w = sg_coap_begin(&b, SG_COAP_ACK, code, m.mid, sg_bytes(m.token, m.token_len));
    if (code == SG_COAP_CREATED) {
        sg_coap_put_str(&w, SG_COAP_OPT_LOCATION_PATH, "rd");
        sg_coap_put_str(&w, SG_COAP_OPT_LOCATION_PATH, "1");
    }
    return b.len;
}

static void answer_plain(int from_sock, const struct sockaddr_in *to, struct sg_bytes request)
{
    static struct peer nobody;
    uint8_t out[256];
    size_t n = make_answer(&nobody, request, out, sizeof out);
    (void)sendto(from_sock, out, n, 0, (const struct sockaddr *)to, sizeof *to);
}

/* ----------------------------------------------------------------------------------------------------- sessions */

static void note_name(struct peer *p)
{
    X509 *cert = SSL_get0_peer_certificate(p->ssl);
    if (p->name[0] == '\0' && cert)
        (void)X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, p->name, sizeof p->name);
}

/* What libssl makes of the datagram that is there. True where it was a request. */
static bool work(struct peer *p)
{
    uint8_t data[DATAGRAM];
    bool any = false;
    ERR_clear_error();
    int n = SSL_is_init_finished(p->ssl) ? 1 : SSL_accept(p->ssl);
    while (n > 0) {
        note_name(p);
        ERR_clear_error(); /* what a verification left there is no failure */
        n = SSL_read(p->ssl, data, sizeof data);
        if (n <= 0)
            break;
        p->answer_len = make_answer(p, sg_bytes(data, (size_t)n), p->answer, sizeof p->answer);
        any = true;
        if (p->answer_len > 0)
            (void)SSL_write(p->ssl, p->answer, (int)p->answer_len);
    }
    int e = SSL_get_error(p->ssl, n);
    if (e == SSL_ERROR_ZERO_RETURN || e == SSL_ERROR_SSL)
        drop(p);
    return any;
}

/* A hello at the begin of a handshake, from an address whose last one did not end. */
static bool is_first_hello(const uint8_t *d, size_t n)
{
    static const uint8_t first[8];
    return n > 25 && d[0] == 22 && memcmp(d + 3, first, 8) == 0 && d[13] == 1 && d[17] == 0 && d[18] == 0;
}

static void take(const struct sockaddr_in *from, const uint8_t *d, size_t n)
{
    if (is("crashes") && (n < 13 || 13 + (size_t)(d[11] << 8 | d[12]) > n))
        abort();
    if (n > 3 && d[0] >= 0x40 && d[0] < 0x80) {
        if (is("plain-on-dtls-port"))
            answer_plain(sock, from, sg_bytes(d, n));
        return;
    }
    struct peer *p = find_peer(from);
    if (!p)
        return;
    if (is_first_hello(d, n)) {
        p->raw = memmem(d, n, "\xff\x01\x00\x01\x00", 5) != NULL;
        new_session(p);
    }
    bool data = n > 13 && d[0] == 23, again = data && n == p->last_len && memcmp(d, p->last, n) == 0;
    memcpy(p->in, d, n);
    p->in_len = n;
    uint8_t *limit = is("large-records") && p->raw ? memmem(p->in, n, "\0\1\0\1\1", 5) : NULL;
    if (limit)
        limit[4] = 4;
    if (data) {
        memcpy(p->last, d, n);
        p->last_len = n;
    }
    SSL *ssl = p->ssl;
    bool request = work(p);
    if (data && !request && p->ssl == ssl && p->answer_len > 0 &&
        ((again && is("accepts-replays")) || (!again && is("accepts-altered"))))
        (void)SSL_write(p->ssl, p->answer, (int)p->answer_len);
}

/* ----------------------------------------------------------------------------------------------------- settings */

static int make_cookie(SSL *ssl, unsigned char *cookie, unsigned int *n)
{
    const struct peer *p = SSL_get_app_data(ssl);
    memcpy(cookie, "cookie for ", 11);
    memcpy(cookie + 11, &p->addr.sin_port, 2);
    *n = 13;
    return 1;
}

static int check_cookie(SSL *ssl, const unsigned char *cookie, unsigned int n)
{
    unsigned char right[32];
    unsigned int m;
    (void)make_cookie(ssl, right, &m);
    return n == m && memcmp(cookie, right, n) == 0;
}

/* DTLS 1.0 has no AEAD: CBC is for those hellos only. */
static int on_hello(SSL *ssl, int *alert, void *unused)
{
    (void)alert, (void)unused;
    const unsigned char *methods;
    struct peer *p = SSL_get_app_data(ssl);
    p->deflate = SSL_client_hello_get0_compression_methods(ssl, &methods) > 1;
    if (is("dtls10") && SSL_client_hello_get0_legacy_version(ssl) == DTLS1_VERSION)
        SSL_set_cipher_list(ssl, "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0");
    return SSL_CLIENT_HELLO_SUCCESS;
}

static unsigned int on_psk(SSL *ssl, const char *identity, unsigned char *key, unsigned int cap)
{
    (void)ssl, (void)identity;
    memset(key, 7, cap < 16 ? cap : 16);
    return 16;
}

static int add_cid(SSL *ssl, unsigned type, unsigned context, const unsigned char **out, size_t *n, X509 *x, size_t i,
                   int *alert, void *user)
{
    (void)ssl, (void)type, (void)context, (void)x, (void)i, (void)alert, (void)user;
    *out = (const unsigned char *)"\2ab";
    *n = 3;
    return 1;
}

static int parse_cid(SSL *ssl, unsigned type, unsigned context, const unsigned char *in, size_t n, X509 *x, size_t i,
                     int *alert, void *user)
{
    (void)ssl, (void)type, (void)context, (void)in, (void)n, (void)x, (void)i, (void)alert, (void)user;
    return 1;
}

static void set_suites(void)
{
    char groups[] = "P-256", weak_groups[] = "P-224:P-256";
    char signatures[] = "ECDSA+SHA256:RSA+SHA256", weak_signatures[] = "ECDSA+SHA256:RSA+SHA256:ECDSA+SHA1";
    char list[300] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256";
    const char *more = is("null-suite")        ? ":ECDHE-ECDSA-NULL-SHA"
                       : is("anonymous-suite") ? ":AECDH-AES128-SHA"
                       : is("static-rsa")      ? ":AES128-GCM-SHA256"
                       : is("plain-psk")       ? ":PSK-AES128-GCM-SHA256"
                       : is("cbc-sha1")        ? ":ECDHE-ECDSA-AES128-SHA"
                                               : "";
    (void)snprintf(list + strlen(list), sizeof list - strlen(list), "%s:@SECLEVEL=0", more);
    if (SSL_CTX_set_cipher_list(ctx, list) != 1)
        die("suites");
    SSL_CTX_set1_groups_list(ctx, is("weak-curve") ? weak_groups : groups);
    SSL_CTX_set1_sigalgs_list(ctx, is("sha1-signature") ? weak_signatures : signatures);
    SSL_CTX_set1_client_sigalgs_list(ctx, signatures);
    if (is("plain-psk"))
        SSL_CTX_set_psk_server_callback(ctx, on_psk);
}

static void set_up(char **files)
{
    ctx = SSL_CTX_new(DTLS_server_method());
    SSL_CTX_set_min_proto_version(ctx, is("dtls10") ? DTLS1_VERSION : DTLS1_2_VERSION);
    SSL_CTX_set_client_hello_cb(ctx, on_hello, NULL);
    set_suites();
    if (SSL_CTX_use_certificate_file(ctx, files[0], SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, files[1], SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_load_verify_file(ctx, files[2]) != 1)
        die("certificate, key or root");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | (is("no-client-cert") ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT), NULL);
    SSL_CTX_set_cert_verify_callback(ctx, verify, NULL);
    SSL_CTX_set_purpose(ctx, X509_PURPOSE_SSL_CLIENT);
    SSL_CTX_set_cookie_generate_cb(ctx, make_cookie);
    SSL_CTX_set_cookie_verify_cb(ctx, check_cookie);
    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"bad", 3);
    SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION |
                                 (is("client-order") ? 0 : SSL_OP_CIPHER_SERVER_PREFERENCE) |
                                 (is("no-cookie") ? 0 : SSL_OP_COOKIE_EXCHANGE) |
                                 (is("no-extended-secret") ? SSL_OP_NO_EXTENDED_MASTER_SECRET : 0));
    if (is("draft-cid"))
        SSL_CTX_add_custom_ext(ctx, 53, SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_DTLS_ONLY, add_cid,
                               NULL, NULL, parse_cid, NULL);
}

static char *read_list(const char *path)
{
    static char empty[1];
    char *text = calloc(1, 65536);
    FILE *f = fopen(path, "r");
    if (!f || !text)
        return empty;
    (void)fread(text, 1, 65535, f);
    (void)fclose(f);
    return text;
}

static int listen_on(uint16_t *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int s = socket(AF_INET, SOCK_DGRAM, 0), room = 1 << 20;
    (void)setsockopt(s, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof a) < 0 || getsockname(s, (struct sockaddr *)&a, &n) < 0)
        die("no socket");
    *port = ntohs(a.sin_port);
    return s;
}

static void options(int argc, char **argv)
{
    for (int i = 6; i < argc; i++) {
        if (strcmp(argv[i], "--chain") == 0 && i + 1 < argc) {
            X509 *extra = NULL;
            BIO *file = BIO_new_file(argv[++i], "r");
            while (file && (extra = PEM_read_bio_X509(file, NULL, NULL, NULL)))
                SSL_CTX_add_extra_chain_cert(ctx, extra);
            BIO_free(file);
        } else if (strcmp(argv[i], "--rsa") == 0 && i + 2 < argc) {
            if (SSL_CTX_use_certificate_file(ctx, argv[i + 1], SSL_FILETYPE_PEM) != 1 ||
                SSL_CTX_use_PrivateKey_file(ctx, argv[i + 2], SSL_FILETYPE_PEM) != 1)
                die("the RSA certificate");
            i += 2;
        } else if (strcmp(argv[i], "--fault") == 0) {
            i++;
        } else {
            die("unknown option");
        }
    }
}

static void take_fault(int argc, char **argv)
{
    bool found = false;
    for (int i = 6; i + 1 < argc; i++)
        if (strcmp(argv[i], "--fault") == 0)
            fault = argv[i + 1];
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        found = found || is(faults[i]);
    if (!found)
        die("there is no such fault");
}

int main(int argc, char **argv)
{
    uint16_t port, plain_port;
    uint8_t datagram[DATAGRAM];
    if (argc < 6)
        die("usage: bad_server CERT KEY DEVICE-ROOT KNOWN REVOKED [--fault NAME] [--chain FILE] [--rsa CERT KEY]");
    take_fault(argc, argv);
    set_up(argv + 1);
    options(argc, argv);
    known = read_list(argv[4]);
    revoked = read_list(argv[5]);
    sock = listen_on(&port);
    plain_sock = listen_on(&plain_port);
    printf("ready %u %u\n", port, plain_port);
    (void)fflush(stdout);
    for (;;) {
        struct pollfd fds[2] = {{sock, POLLIN, 0}, {plain_sock, POLLIN, 0}};
        int ready = poll(fds, 2, 100);
        for (int i = 0; i < 2; i++) {
            struct sockaddr_in from;
            socklen_t len = sizeof from;
            if (ready <= 0 || !fds[i].revents)
                continue;
            ssize_t n = recvfrom(fds[i].fd, datagram, sizeof datagram, 0, (struct sockaddr *)&from, &len);
            if (n > 0 && i == 0)
                take(&from, datagram, (size_t)n);
            else if (n > 0 && is("plain-port"))
                answer_plain(plain_sock, &from, sg_bytes(datagram, (size_t)n));
        }
        for (size_t i = 0; i < PEERS; i++)
            if (peers[i] && !SSL_is_init_finished(peers[i]->ssl) && !is("fills-up"))
                (void)DTLSv1_handle_timeout(peers[i]->ssl);
    }
}
