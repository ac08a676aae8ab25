/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One DTLS endpoint on a UDP socket, for tests against peers that others wrote. It tells what happens, a line an event.
 *
 *     dtls_peer [options] server PORT CERT KEY [CA]      echoes application data; PORT 0 takes a free one
 *     dtls_peer [options] client HOST PORT [CERT KEY]    sends each line of its input as application data
 *
 * Options: --cid off|supported|on   --suite C0AE   --mtu N   --resume   --sni NAME   --psk IDENTITY=HEX
 * A client's input: "!move" goes on from another port, "!reconnect" makes a new handshake, "!close" ends the session.
 */
#include "dtls/dtls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int sock = -1;
static struct sg_dtls *dtls;
static struct sg_addr server_addr;
static sg_dtls_id current;
static X509_STORE *store; /* NULL: every certificate is good */
static char peer_name[256];
static uint16_t one_suite;
static const char *psk_identity; /* --psk */
static uint8_t psk_space[SG_DTLS_PSK_MAX];
static struct sg_buf psk_key;
static struct sg_dtls_config config = {.cid = SG_CID_ON};

static void die(const char *what)
{
    (void)fprintf(stderr, "dtls_peer: %s\n", what);
    exit(1);
}

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static struct sg_addr from_sockaddr(const struct sockaddr_in6 *s)
{
    struct sg_addr a = {.port = ntohs(s->sin6_port)};
    memcpy(a.ip, &s->sin6_addr, 16);
    return a;
}

static void open_socket(uint16_t port)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_any};
    int off = 0;
    socklen_t n = sizeof any;
    if (sock >= 0)
        (void)close(sock);
    sock = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sock < 0 || setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0 ||
        bind(sock, (struct sockaddr *)&any, sizeof any) < 0 || getsockname(sock, (struct sockaddr *)&any, &n) < 0)
        die("no socket");
    printf("listening %u\n", ntohs(any.sin6_port));
}

static void on_send(void *user, const struct sg_addr *to, struct sg_bytes datagram)
{
    (void)user;
    struct sockaddr_in6 s = {.sin6_family = AF_INET6, .sin6_port = htons(to->port)};
    memcpy(&s.sin6_addr, to->ip, 16);
    (void)sendto(sock, datagram.p, datagram.n, 0, (struct sockaddr *)&s, sizeof s);
}

static void on_verify(void *user, const struct sg_addr *peer, X509 *leaf, STACK_OF(X509) * sent,
                      struct sg_dtls_verdict *verdict)
{
    (void)user, (void)peer;
    X509_NAME_get_text_by_NID(X509_get_subject_name(leaf), NID_commonName, peer_name, sizeof peer_name);
    verdict->accept = true;
    if (!store)
        return;
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (!ctx || X509_STORE_CTX_init(ctx, store, leaf, sent) != 1)
        die("no memory");
    verdict->accept = X509_verify_cert(ctx) == 1;
    verdict->alert = SG_ALERT_UNKNOWN_CA;
    (void)snprintf(verdict->reason, sizeof verdict->reason, "certificate of %s: %s", peer_name,
                   X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
    X509_STORE_CTX_free(ctx);
}

static void on_psk(void *user, const struct sg_addr *peer, struct sg_bytes identity, struct sg_buf *key,
                   struct sg_dtls_verdict *verdict)
{
    (void)user, (void)peer;
    verdict->accept = sg_bytes_eq_str(identity, psk_identity);
    (void)snprintf(peer_name, sizeof peer_name, "%.*s", (int)identity.n, (const char *)identity.p);
    (void)snprintf(verdict->reason, sizeof verdict->reason, "nobody is called %.200s", peer_name);
    if (key)
        sg_put_bytes(key, sg_buf_bytes(&psk_key));
}

static void take_psk(char *value)
{
    char *equals = strchr(value, '=');
    psk_key = sg_buf(psk_space, sizeof psk_space);
    if (!equals || sg_parse_hex(sg_str(equals + 1), &psk_key) < 0)
        die("--psk needs IDENTITY=HEX");
    *equals = '\0';
    psk_identity = value;
}

static void print_hex(const char *name, const uint8_t *p, size_t n)
{
    printf(" %s=", name);
    for (size_t i = 0; i < n; i++)
        printf("%02x", p[i]);
}

static void on_event(void *user, const struct sg_dtls_event *e)
{
    static const char *const names[] = {"connected", "data", "moved", "closed", "refused"};
    char text[SG_ADDR_TEXT];
    struct sg_dtls_info info;
    (void)user;
    printf("%s %s", names[e->what], sg_addr_text(&e->addr, text));
    if (e->what == SG_DTLS_CONNECTED && sg_dtls_info(dtls, e->id, &info)) {
        current = e->id;
        printf(" suite=%s resumed=%d", sg_suite_name(info.suite), e->resumed);
        print_hex("cid_in", info.cid_in, info.cid_in_len);
        print_hex("cid_out", info.cid_out, info.cid_out_len);
        printf(" max=%zu name=%s", sg_dtls_max_data(dtls, e->id), peer_name);
    } else if (e->what == SG_DTLS_DATA) {
        size_t n = e->data.n; /* without the end of the line that it may have */
        (void)putchar(' ');
        for (size_t i = 0; i < (e->data.p[n - 1] == '\n' ? n - 1 : n); i++)
            (void)putchar(e->data.p[i] >= ' ' && e->data.p[i] <= '~' ? e->data.p[i] : '?');
        if (config.server)
            (void)sg_dtls_send(dtls, e->id, e->data, now_ms());
    } else if (e->reason) {
        printf(" alert=%s from=%s %s", e->alert < 0 ? "none" : sg_alert_name(e->alert),
               e->alert_from_peer ? "peer" : "us", e->reason);
    }
    printf("\n");
}

static void load_pem(const char *cert, const char *key)
{
    FILE *c = fopen(cert, "r"), *k = fopen(key, "r");
    if (!c || !k)
        die("cannot open the certificate or the key");
    config.cert = PEM_read_X509(c, NULL, NULL, NULL);
    config.key = PEM_read_PrivateKey(k, NULL, NULL, NULL);
    (void)fclose(c);
    (void)fclose(k);
    if (!config.cert || !config.key)
        die("cannot read the certificate or the key");
}

static void connect_again(void)
{
    struct sg_error err;
    if (sg_dtls_connect(dtls, &server_addr, now_ms(), &err) < 0)
        die(err.text);
}

/* False at the end of the input. */
static bool read_line(void)
{
    char line[1400];
    if (!fgets(line, sizeof line, stdin)) {
        (void)sg_dtls_close(dtls, current, SG_ALERT_CLOSE_NOTIFY, now_ms());
        return false;
    }
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "!move") == 0)
        open_socket(0);
    else if (strcmp(line, "!reconnect") == 0)
        connect_again();
    else if (strcmp(line, "!close") == 0)
        (void)sg_dtls_close(dtls, current, SG_ALERT_CLOSE_NOTIFY, now_ms());
    else
        (void)sg_dtls_send(dtls, current, sg_str(line), now_ms());
    return true;
}

static void loop(void)
{
    uint8_t bytes[65536];
    for (bool input = !config.server; input || config.server;) {
        uint64_t deadline = sg_dtls_deadline(dtls), now = now_ms();
        int ms = deadline == UINT64_MAX ? -1 : deadline <= now ? 0 : (int)(deadline - now);
        struct pollfd fds[2] = {{sock, POLLIN, 0}, {current && !config.server ? 0 : -1, POLLIN, 0}};
        (void)poll(fds, 2, ms);
        if (fds[0].revents) {
            struct sockaddr_in6 s;
            socklen_t len = sizeof s;
            ssize_t n = recvfrom(sock, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&s, &len);
            struct sg_addr from = from_sockaddr(&s);
            if (n > 0)
                sg_dtls_input(dtls, &from, bytes, (size_t)n, now_ms());
        }
        sg_dtls_tick(dtls, now_ms());
        if (fds[1].revents)
            input = read_line();
    }
}

static int options(int argc, char **argv)
{
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--resume") == 0) {
            config.resume = true;
            continue;
        }
        if (strcmp(argv[i], "--cid") == 0)
            config.cid = !strcmp(value, "off") ? SG_CID_OFF : !strcmp(value, "on") ? SG_CID_ON : SG_CID_SUPPORTED;
        else if (strcmp(argv[i], "--suite") == 0)
            one_suite = (uint16_t)strtoul(value, NULL, 16);
        else if (strcmp(argv[i], "--mtu") == 0)
            config.mtu = (uint16_t)strtoul(value, NULL, 10);
        else if (strcmp(argv[i], "--sni") == 0)
            config.server_name = value;
        else if (strcmp(argv[i], "--psk") == 0 && i + 1 < argc)
            take_psk(argv[i + 1]);
        else
            die("unknown option");
        i++;
    }
    return i;
}

int main(int argc, char **argv)
{
    struct sg_error err;
    int i = options(argc, argv);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)setvbuf(stdin, NULL, _IONBF, 0); /* poll() is to see each line */
    if (argc - i < 3)
        die("usage: dtls_peer [options] server PORT CERT KEY [CA] | client HOST PORT [CERT KEY]");
    config.server = strcmp(argv[i], "server") == 0;
    config.send = on_send;
    config.event = on_event;
    config.verify = on_verify;
    if (psk_identity && config.server) {
        config.psk = on_psk;
    } else if (psk_identity) {
        config.psk_identity = psk_identity;
        config.psk_key = sg_buf_bytes(&psk_key);
    }
    if (one_suite) {
        config.suites = &one_suite;
        config.suite_count = 1;
    }
    if (argc - i >= (config.server ? 4 : 5))
        load_pem(argv[i + (config.server ? 2 : 3)], argv[i + (config.server ? 3 : 4)]);
    if (config.server && argc - i >= 5) {
        store = X509_STORE_new();
        if (!store || X509_STORE_load_file(store, argv[i + 4]) != 1)
            die("cannot read the CA");
    }
    open_socket(config.server ? (uint16_t)strtoul(argv[i + 1], NULL, 10) : 0);
    dtls = sg_dtls_new(&config, NULL, 1024, &err);
    if (!dtls)
        die(err.text);
    if (!config.server) {
        struct in_addr v4;
        if (inet_pton(AF_INET, argv[i + 1], &v4) == 1) {
            server_addr.ip[10] = server_addr.ip[11] = 0xff;
            memcpy(server_addr.ip + 12, &v4, 4);
        } else if (inet_pton(AF_INET6, argv[i + 1], server_addr.ip) != 1) {
            die("HOST is to be an address");
        }
        server_addr.port = (uint16_t)strtoul(argv[i + 2], NULL, 10);
        connect_again();
    }
    loop();
    sg_dtls_free(dtls);
    return 0;
}
