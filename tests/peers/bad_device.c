/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A LwM2M device with exactly one fault, to be found by `signet probe device`:
 *
 *     bad_device PORT CA CERT KEY NAME ENDPOINT FAULT
 *
 * It connects to 127.0.0.1:PORT, wants a server certificate of CA for NAME, and registers as ENDPOINT. FAULT "none" is
 * a device without fault. It is built on our own rooms; where these cannot do wrong, it reaches into the dtls room.
 */
#include "core/core.h"
#include "device/device.h"
#include "dtls/dtls_internal.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum fault {
    NONE,
    ANY_CA,
    CA_BY_NAME,
    NO_SIGNATURE,
    NO_TIME,
    NO_NAME,
    NO_USAGE,
    NO_CONSTRAINTS,
    NO_STRENGTH,
    WEAK_SUITES,
    OLD_VERSION,
    NO_TAG,
    NO_REPLAY_WINDOW,
    NO_DEDUPLICATION,
    ENDS_ON_BAD_RECORD,
    REPEATS_NONCES,
    READS_SECURITY,
    SERIAL_IN_CLEAR,
    ANSWERS_PLAIN,
    FALLS_BACK,
    STORMS,
    ENDS_ON_ALERT,
    CRASHES_ON_COAP,
    CRASHES_ON_CBOR,
    ASKS_STATUS, /* no fault: it does more than the others */
    IGNORES_STATUS,
    FAULTS
};
static const char *const names[FAULTS] = {
    [NONE] = "none",
    [ANY_CA] = "any-ca",
    [CA_BY_NAME] = "ca-by-name",
    [NO_SIGNATURE] = "no-signature",
    [NO_TIME] = "no-time",
    [NO_NAME] = "no-name",
    [NO_USAGE] = "no-usage",
    [NO_CONSTRAINTS] = "no-constraints",
    [NO_STRENGTH] = "no-strength",
    [WEAK_SUITES] = "weak-suites",
    [OLD_VERSION] = "old-version",
    [NO_TAG] = "no-tag",
    [NO_REPLAY_WINDOW] = "no-replay-window",
    [NO_DEDUPLICATION] = "no-deduplication",
    [ENDS_ON_BAD_RECORD] = "ends-on-bad-record",
    [REPEATS_NONCES] = "repeats-nonces",
    [READS_SECURITY] = "reads-security",
    [SERIAL_IN_CLEAR] = "serial-in-clear",
    [ANSWERS_PLAIN] = "answers-plain",
    [FALLS_BACK] = "falls-back",
    [STORMS] = "storms",
    [ENDS_ON_ALERT] = "ends-on-alert",
    [CRASHES_ON_COAP] = "crashes-on-coap",
    [CRASHES_ON_CBOR] = "crashes-on-cbor",
    [ASKS_STATUS] = "asks-status",
    [IGNORES_STATUS] = "ignores-status",
};

#define SERIAL "serial-number-4711"
enum { SEEN = 64 };

static struct {
    enum fault fault;
    const char *name;
    X509_STORE *roots;
    int sock;
    struct sockaddr_in server;
    struct sg_addr server_addr;
    struct sg_dtls *dtls;
    sg_dtls_id id;
    char **argv;
    uint64_t connected_at;         /* when the present attempt began */
    bool got_any;                  /* something came since */
    bool connected, in_use, heard; /* heard: the last datagram was authentic */
    unsigned failures, records;
    uint64_t connect_at;
    struct sg_lwm2m client;
    struct sg_object_device device;
    struct { /* NO_REPLAY_WINDOW: what datagrams said */
        uint8_t datagram[512], plain[512];
        size_t n, plain_n;
    } seen[SEEN];
    size_t seen_count;
    struct sg_bytes now_reading;
} me;

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint32_t random32(void *user)
{
    uint32_t v = 0;
    (void)user;
    (void)!getrandom(&v, sizeof v, 0);
    return v;
}

/* 0.2 s doubling to 4 s, and a random part of it. */
static void session_over(void)
{
    const uint64_t most = 200U << (me.failures < 4 ? me.failures : 4);
    me.failures++;
    me.connected = me.in_use = false;
    sg_lwm2m_forget(&me.client);
    me.connect_at = me.fault == STORMS ? now_ms() : now_ms() + most / 2 + random32(NULL) % (most / 2 + 1);
}

/* ------------------------------------------------------------------------------------------- whom it trusts */

/* libssl's check of the server's signature over its key exchange comes here, because the program's symbols come first.
 * So does that of certificates, which are longer. */
int EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *sig, size_t siglen, const unsigned char *tbs, size_t tbslen)
{
    static int (*real)(EVP_MD_CTX *, const unsigned char *, size_t, const unsigned char *, size_t);
    if (me.fault == NO_SIGNATURE && tbslen < 2 * SSL3_RANDOM_SIZE + 140)
        return 1;
    if (real == NULL) {
        void *found = dlsym(RTLD_NEXT, "EVP_DigestVerify");
        memcpy(&real, &found, sizeof real);
    }
    return real(ctx, sig, siglen, tbs, tbslen);
}

/* So does its question about the key usage of the server's certificate. */
uint32_t X509_get_key_usage(X509 *cert)
{
    static uint32_t (*real)(X509 *);
    if (me.fault == NO_USAGE)
        return UINT32_MAX;
    if (real == NULL) {
        void *found = dlsym(RTLD_NEXT, "X509_get_key_usage");
        memcpy(&real, &found, sizeof real);
    }
    return real(cert);
}

/* A status that says anything but "good" is none to go on with. */
static int judge_status(SSL *ssl, void *arg)
{
    const unsigned char *der = NULL;
    const long n = SSL_get_tlsext_status_ocsp_resp(ssl, &der);
    (void)arg;
    if (n <= 0 || me.fault == IGNORES_STATUS)
        return 1;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &der, n);
    OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
    OCSP_SINGLERESP *single = basic != NULL ? OCSP_resp_get0(basic, 0) : NULL;
    const bool good = single != NULL && OCSP_basic_verify(basic, NULL, me.roots, 0) == 1 &&
                      OCSP_single_get0_status(single, NULL, NULL, NULL, NULL) == V_OCSP_CERTSTATUS_GOOD;
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    return good ? 1 : 0;
}

static int forgive(int ok, X509_STORE_CTX *ctx)
{
    const int e = X509_STORE_CTX_get_error(ctx);
    if (ok == 1)
        return 1;
    if (me.fault == ANY_CA)
        return e == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY || e == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
               e == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE || e == X509_V_ERR_CERT_SIGNATURE_FAILURE;
    if (me.fault == CA_BY_NAME)
        return e == X509_V_ERR_CERT_SIGNATURE_FAILURE;
    if (me.fault == NO_CONSTRAINTS)
        return e == X509_V_ERR_INVALID_CA || e == X509_V_ERR_KEYUSAGE_NO_CERTSIGN ||
               (e == X509_V_ERR_INVALID_PURPOSE && X509_STORE_CTX_get_error_depth(ctx) > 0);
    return 0;
}

static void verify(void *user, const struct sg_addr *peer, X509 *leaf, STACK_OF(X509) * sent,
                   struct sg_dtls_verdict *verdict)
{
    (void)user, (void)peer;
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_STORE_CTX_init(ctx, me.roots, leaf, sent);
    X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
    X509_STORE_CTX_set_verify_cb(ctx, forgive);
    X509_VERIFY_PARAM_set_auth_level(p, me.fault == NO_STRENGTH ? 0 : 2);
    if (me.fault == NO_TIME)
        X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_NO_CHECK_TIME);
    if (me.fault != NO_USAGE)
        X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_SERVER);
    if (me.fault != NO_NAME)
        X509_VERIFY_PARAM_set1_host(p, me.name, 0);
    const bool ok = X509_verify_cert(ctx) == 1;
    const int e = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    verdict->accept = ok;
    verdict->alert = e == X509_V_ERR_CERT_HAS_EXPIRED || e == X509_V_ERR_CERT_NOT_YET_VALID
                         ? SG_ALERT_CERTIFICATE_EXPIRED
                     : e == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY || e == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN
                         ? SG_ALERT_UNKNOWN_CA
                         : SG_ALERT_BAD_CERTIFICATE;
    snprintf(verdict->reason, sizeof verdict->reason, "%s", X509_verify_cert_error_string(e));
    ERR_clear_error();
}

/* ---------------------------------------------------------------------------------------------- its session */

static void send_plain(struct sg_bytes d)
{
    (void)!sendto(me.sock, d.p, d.n, 0, (const struct sockaddr *)&me.server, sizeof me.server);
}

static void dtls_send(void *user, const struct sg_addr *to, struct sg_bytes datagram)
{
    (void)user, (void)to;
    send_plain(datagram);
}

/* READS_SECURITY: object 0 as if it were any other. */
static bool read_security(struct sg_bytes d)
{
    struct sg_coap m;
    struct sg_path path;
    uint8_t space[64];
    struct sg_buf b = sg_buf(space, sizeof space);
    if (me.fault != READS_SECURITY || sg_coap_parse(d, &m, NULL) < 0 || m.code != SG_COAP_GET ||
        sg_path_from_coap(&m, &path) < 0 || path.depth < 1 || path.id[0] != 0)
        return false;
    struct sg_coap_writer w = sg_coap_begin(&b, SG_COAP_ACK, SG_COAP_CONTENT, m.mid, sg_bytes(m.token, m.token_len));
    sg_coap_put_uint(&w, SG_COAP_OPT_CONTENT_FORMAT, SG_OCTETS);
    sg_coap_put_payload(&w, sg_str("the secret key"));
    (void)sg_dtls_send(me.dtls, me.id, sg_buf_bytes(&b), now_ms());
    return true;
}

/* A crash, and the reboot after it. */
static void crash(void)
{
    fprintf(stderr, "bad_device: crashed\n");
    (void)close(me.sock);
    (void)execv("/proc/self/exe", me.argv);
    abort();
}

/* CRASHES_ON_CBOR: arrays in arrays, more than its stack would hold. */
static bool is_deep(const struct sg_coap *m)
{
    size_t depth = 0;
    while (depth < m->payload.n && (m->payload.p[depth] == 0x81 || m->payload.p[depth] == 0x9f))
        depth++;
    return m->code == SG_COAP_PUT && depth > 10;
}

static void take_message(struct sg_bytes d)
{
    struct sg_coap m;
    const bool sound = sg_coap_parse(d, &m, NULL) == 0;
    if ((me.fault == CRASHES_ON_COAP && !sound) || (me.fault == CRASHES_ON_CBOR && sound && is_deep(&m)))
        crash();
    if (me.fault == NO_DEDUPLICATION)
        memset(me.client.recent, 0, sizeof me.client.recent);
    if (!read_security(d))
        sg_lwm2m_input(&me.client, d, now_ms());
}

static void remember(struct sg_bytes plain)
{
    const size_t i = me.seen_count++ % SEEN;
    if (me.now_reading.n > sizeof me.seen[i].datagram || plain.n > sizeof me.seen[i].plain)
        return;
    memcpy(me.seen[i].datagram, me.now_reading.p, me.seen[i].n = me.now_reading.n);
    memcpy(me.seen[i].plain, plain.p, me.seen[i].plain_n = plain.n);
}

static void event(void *user, const struct sg_dtls_event *e)
{
    (void)user;
    switch (e->what) {
    case SG_DTLS_CONNECTED:
        me.connected = me.heard = true;
        me.id = e->id;
        me.seen_count = 0;
        sg_lwm2m_register(&me.client, now_ms());
        break;
    case SG_DTLS_DATA:
        me.heard = true;
        remember(e->data);
        take_message(e->data);
        break;
    case SG_DTLS_MOVED:
        break;
    case SG_DTLS_CLOSED:
    case SG_DTLS_REFUSED:
        me.heard = true;
        fprintf(stderr, "bad_device: %s\n", e->reason);
        session_over();
        break;
    }
}

/* --------------------------------------------------------------------------------- faults of its record layer */

/* NO_TAG: AES-GCM without its tag is AES in counter mode (NIST SP 800-38D section 7.2). */
static void open_without_tag(const uint8_t *d, size_t n)
{
    const struct sg_dtls_assoc *a = &me.dtls->table->assoc[0];
    uint8_t counter[16] = {[15] = 2}, plain[2048];
    int out = 0;
    const size_t header = SG_DTLS_HEADER + a->cid_in_len;
    if (!me.connected || a->suite != SG_SUITE_ECDHE_ECDSA_AES128_GCM || n < header + 8 + 16 || n > sizeof plain ||
        d[0] != SG_DTLS_CID_RECORD)
        return;
    memcpy(counter, a->read.iv, 4);
    memcpy(counter + 4, d + header, 8);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    EVP_DecryptInit_ex(ctx, EVP_aes_128_ctr(), NULL, a->read.key, counter);
    EVP_DecryptUpdate(ctx, plain, &out, d + header + 8, (int)(n - header - 8 - 16));
    EVP_CIPHER_CTX_free(ctx);
    size_t len = (size_t)out;
    while (len > 0 && plain[len - 1] == 0)
        len--;
    if (len >= 2 && plain[len - 1] == SG_DTLS_APPLICATION)
        take_message(sg_bytes(plain, len - 1));
}

/* The record layer dropped it: what a bad one makes of it. */
static void dropped(const uint8_t *d, size_t n)
{
    size_t before = 0; /* whether it came before, and is no altered one */
    while (before < SEEN && before < me.seen_count &&
           (me.seen[before].n != n || memcmp(me.seen[before].datagram, d, n) != 0))
        before++;
    const bool again = before < SEEN && before < me.seen_count;
    if (me.fault == NO_TAG && !again)
        open_without_tag(d, n);
    if (me.fault == NO_REPLAY_WINDOW && again)
        take_message(sg_bytes(me.seen[before].plain, me.seen[before].plain_n));
    if (me.fault == ENDS_ON_BAD_RECORD && me.connected) {
        (void)sg_dtls_close(me.dtls, me.id, SG_ALERT_DECRYPT_ERROR, now_ms());
        session_over();
    }
}

/* What comes in clear: whether a bad one took it. */
static bool take_plain(const uint8_t *d, size_t n)
{
    struct sg_coap m;
    uint8_t space[128];
    struct sg_buf b = sg_buf(space, sizeof space);
    if (me.fault == ENDS_ON_ALERT && me.connected && n > 2 && d[0] == SG_DTLS_ALERT && d[4] == 0) {
        (void)sg_dtls_close(me.dtls, me.id, SG_ALERT_CLOSE_NOTIFY, now_ms());
        session_over();
        return true;
    }
    if (n == 0 || d[0] >> 6 != 1 || sg_coap_parse(sg_bytes(d, n), &m, NULL) < 0)
        return false;
    if (me.fault == ANSWERS_PLAIN && m.code == SG_COAP_GET) {
        struct sg_coap_writer w =
            sg_coap_begin(&b, SG_COAP_ACK, SG_COAP_CONTENT, m.mid, sg_bytes(m.token, m.token_len));
        sg_coap_put_payload(&w, sg_str("an answer"));
        send_plain(sg_buf_bytes(&b));
    }
    if (me.fault == FALLS_BACK && !me.connected) {
        struct sg_coap_writer w = sg_coap_begin(&b, SG_COAP_CON, SG_COAP_POST, 1, sg_str("fall"));
        sg_coap_put_str(&w, SG_COAP_OPT_URI_PATH, "rd");
        sg_coap_put_str(&w, SG_COAP_OPT_URI_QUERY, "ep=somebody");
        send_plain(sg_buf_bytes(&b));
    }
    return true;
}

static void receive(void)
{
    uint8_t d[4096], copy[4096];
    ssize_t n;
    while ((n = recv(me.sock, d, sizeof d, MSG_DONTWAIT)) >= 0) {
        memcpy(copy, d, (size_t)n);
        me.now_reading = sg_bytes(copy, (size_t)n);
        me.got_any = true;
        if (take_plain(copy, (size_t)n))
            continue;
        const bool stood = me.connected;
        me.heard = false;
        sg_dtls_input(me.dtls, &me.server_addr, d, (size_t)n, now_ms());
        if (stood && me.connected && !me.heard)
            dropped(copy, (size_t)n);
    }
}

/* ------------------------------------------------------------------------------------------------ its client */

static void client_send(void *user, struct sg_bytes datagram)
{
    (void)user;
    if (!me.connected)
        return;
    if (me.fault == REPEATS_NONCES && ++me.records % 8 == 0)
        me.dtls->table->assoc[0].write_seq--;
    (void)sg_dtls_send(me.dtls, me.id, datagram, now_ms());
}

static void client_event(void *user, const struct sg_lwm2m_event *e)
{
    (void)user;
    if (e->what == SG_LWM2M_REGISTERED) {
        me.in_use = true;
        me.failures = 0;
        if (me.fault == SERIAL_IN_CLEAR)
            send_plain(sg_str("hello, I am " SERIAL));
    } else if (e->what == SG_LWM2M_LOST || e->what == SG_LWM2M_REFUSED) {
        me.connect_at = 0; /* the loop makes a new session */
    }
}

static void open_client(const char *endpoint)
{
    static struct sg_lwm2m_object objects[1];
    static char name[128];
    snprintf(name, sizeof name, "%s", endpoint);
    me.device = (struct sg_object_device){.manufacturer = "Signet's tests", .model = "bad_device", .serial = SERIAL};
    objects[0] = sg_lwm2m_object_device(&me.device);
    const struct sg_lwm2m_config config = {.endpoint = name,
                                           .lifetime = 300,
                                           .server_id = 1,
                                           .objects = objects,
                                           .object_count = 1,
                                           .send = client_send,
                                           .event = client_event,
                                           .random = random32};
    if (sg_lwm2m_init(&me.client, &config) < 0)
        abort();
}

/* ------------------------------------------------------------------------------------------------------ begin */

static X509 *read_cert(const char *path)
{
    BIO *in = BIO_new_file(path, "r");
    X509 *cert = in != NULL ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    BIO_free(in);
    return cert;
}

static void open_dtls(char **argv)
{
    struct sg_error err = {0};
    X509 *ca = read_cert(argv[2]), *cert = read_cert(argv[3]);
    BIO *in = BIO_new_file(argv[4], "r");
    EVP_PKEY *key = in != NULL ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;
    BIO_free(in);
    me.roots = X509_STORE_new();
    if (ca == NULL || cert == NULL || key == NULL || X509_STORE_add_cert(me.roots, ca) != 1) {
        fprintf(stderr, "bad_device: its files cannot be read\n");
        exit(2);
    }
    const struct sg_dtls_config config = {.cert = cert,
                                          .key = key,
                                          .cid = SG_CID_ON,
                                          .server_name = me.name,
                                          .handshake_ms = 4000,
                                          .send = dtls_send,
                                          .event = event,
                                          .verify = verify};
    me.dtls = sg_dtls_new(&config, NULL, 1, &err);
    if (me.dtls == NULL) {
        fprintf(stderr, "bad_device: %s\n", err.text);
        exit(2);
    }
    if (me.fault == WEAK_SUITES || me.fault == OLD_VERSION)
        SSL_CTX_set_security_level(me.dtls->ctx, 0);
    if (me.fault == WEAK_SUITES)
        SSL_CTX_set_cipher_list(me.dtls->ctx, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-NULL-SHA:AECDH-NULL-SHA:"
                                              "AES128-SHA");
    if (me.fault == OLD_VERSION) {
        SSL_CTX_set_min_proto_version(me.dtls->ctx, DTLS1_VERSION);
        SSL_CTX_set_cipher_list(me.dtls->ctx, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA");
        char signatures[] = "ECDSA+SHA256:ECDSA+SHA1";
        SSL_CTX_set1_sigalgs_list(me.dtls->ctx, signatures);
    }
    if (me.fault == ASKS_STATUS || me.fault == IGNORES_STATUS) {
        SSL_CTX_set_tlsext_status_type(me.dtls->ctx, TLSEXT_STATUSTYPE_ocsp);
        SSL_CTX_set_tlsext_status_cb(me.dtls->ctx, judge_status);
    }
    X509_free(ca);
}

static void open_socket(void)
{
    if (me.sock >= 0)
        close(me.sock);
    me.sock = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
}

static void connect_now(void)
{
    struct sg_error err = {0};
    me.connect_at = UINT64_MAX;
    me.connected = me.got_any = false;
    me.connected_at = now_ms();
    open_socket();
    if (sg_dtls_connect(me.dtls, &me.server_addr, now_ms(), &err) < 0)
        session_over();
}

static void run(void)
{
    for (;;) {
        uint64_t at = me.connect_at, due = sg_dtls_deadline(me.dtls), mine = sg_lwm2m_deadline(&me.client);
        at = due < at ? due : at;
        at = me.connected && mine < at ? mine : at;
        const uint64_t now = now_ms();
        struct pollfd fd = {.fd = me.sock, .events = POLLIN};
        (void)poll(&fd, 1, at <= now ? 0 : at - now > 200 ? 200 : (int)(at - now));
        receive();
        sg_dtls_tick(me.dtls, now_ms());
        if (me.connected)
            sg_lwm2m_tick(&me.client, now_ms());
        if (me.fault == STORMS && !me.connected && !me.got_any && now_ms() >= me.connected_at + 400)
            me.connect_at = now_ms();
        if (now_ms() >= me.connect_at)
            connect_now();
    }
}

int main(int argc, char **argv)
{
    if (argc != 8)
        return 2;
    for (int i = 0; i < FAULTS; i++)
        if (strcmp(argv[7], names[i]) == 0)
            me.fault = (enum fault)i;
    if (strcmp(argv[7], names[me.fault]) != 0)
        return 2;
    me.argv = argv;
    me.sock = -1;
    me.name = argv[5];
    me.server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    me.server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    me.server_addr = (struct sg_addr){.ip = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}};
    me.server_addr.port = ntohs(me.server.sin_port);
    open_dtls(argv);
    open_client(argv[6]);
    open_socket();
    run();
}
