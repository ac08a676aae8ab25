/* SPDX-License-Identifier: Apache-2.0 */
/* Start and stop, and the way of one HTTP request: who, what, its body, its answer. HTTP and TLS are libmicrohttpd's.
 */
#include "api/api_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* TLS 1.2 and 1.3 with AEAD and forward secrecy; anything older, or weaker, is not offered. */
#define PRIORITIES                                                                                                     \
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-CIPHER-ALL:+AES-128-GCM:"          \
    "+AES-256-GCM:+CHACHA20-POLY1305"

enum {
    MAX_CONNECTIONS = 64,
    STRANGER_SECONDS = 10, /* a connection that has not shown a token yet */
    DEFAULT_TIMEOUT = 60,  /* seconds for a device's answer: above RFC 7252's MAX_TRANSMIT_SPAN of 45 */
    MAX_TIMEOUT = 120,
};

/* One request on its way in. */
struct exchange {
    struct sg_api_request request;
    struct sg_api_answer answer;
    uint8_t *body;
    size_t n, expected;
    bool counted; /* in sg_api's calls */
};

/* ------------------------------------------------------------------------------------------------- answering */

static ssize_t read_stream(void *user, uint64_t at, char *out, size_t cap)
{
    (void)at;
    int64_t n = sg_api_stream_read(user, out, cap);
    return n > 0 ? (ssize_t)n : n == 0 ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_stream(void *user)
{
    sg_api_stream_free(user);
}

static struct MHD_Response *response_of(struct sg_api_answer *answer)
{
    if (answer->stream != NULL) {
        struct MHD_Response *r =
            MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, answer->stream, free_stream);
        if (r == NULL)
            sg_api_stream_free(answer->stream);
        answer->stream = NULL; /* the response's now */
        return r;
    }
    char *text = answer->body != NULL ? json_dumps(answer->body, SG_API_DUMP) : NULL;
    if (text == NULL)
        return NULL;
    size_t n = strlen(text);
    char *line = realloc(text, n + 2);
    if (line == NULL) {
        free(text);
        return NULL;
    }
    line[n] = '\n';
    struct MHD_Response *r = MHD_create_response_from_buffer(n + 1, line, MHD_RESPMEM_MUST_FREE);
    if (r == NULL)
        free(line);
    return r;
}

static enum MHD_Result answer(struct MHD_Connection *c, struct sg_api_answer *a)
{
    bool stream = a->stream != NULL;
    struct MHD_Response *r = response_of(a);
    if (r == NULL)
        return MHD_NO; /* out of memory: the connection is closed */
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, stream ? "text/event-stream" : "application/json");
    MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (a->status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(r, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"signet\"");
    if (a->allow != NULL)
        MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, a->allow);
    enum MHD_Result queued = MHD_queue_response(c, a->status, r);
    MHD_destroy_response(r);
    return queued;
}

/* --------------------------------------------------------------------------------------------------- refusing */

static void write_refusal(void *user, const char *from, const char *what, uint64_t more, int64_t since)
{
    struct sg_api *a = user;
    char detail[400], before[120] = "";

    if (more > 0)
        (void)snprintf(before, sizeof before, "%s%llu more since %lld (seconds since 1970) counted, not written",
                       what != NULL ? "; " : "", (unsigned long long)more, (long long)since);
    (void)snprintf(detail, sizeof detail, "%s%s", what != NULL ? what : "", before);
    sg_server_audit(a->server, "api", from, "api-denied", "token", detail);
}

static void peer_address(struct MHD_Connection *c, char text[SG_ADDR_TEXT])
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct sg_buf b = sg_buf(text, SG_ADDR_TEXT);

    text[0] = '\0';
    if (info == NULL ||
        getnameinfo(info->client_addr,
                    info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in),
                    text, SG_ADDR_TEXT, NULL, 0, NI_NUMERICHOST) != 0) {
        sg_put_str(&b, "unknown");
        (void)sg_buf_cstr(&b);
    }
}

static void refuse_stranger(struct sg_api *a, struct exchange *x, const char *method, const char *url,
                            const char *authorization)
{
    const char *problem = authorization == NULL ? "without a token" : "with a token that is not this server's";
    char what[240];

    (void)snprintf(what, sizeof what, "%.16s %.120s %s", method, url, problem);
    sg_api_guard_refused(&a->guard, x->request.from, what, time(NULL), write_refusal, a);
    if (authorization == NULL)
        sg_api_refuse(&x->answer, 401, "unauthorized",
                      "this call needs a token: send the header `Authorization: Bearer ...` with the content of the "
                      "file `token` in the home folder");
    else
        sg_api_refuse(&x->answer, 401, "unauthorized",
                      "the token sent is not this server's: it is in the file `token` of the home folder that signetd "
                      "was started on, and is read at its start");
}

/* ---------------------------------------------------------------------------------------------------- headers */

/* The length that the body will have; a body must announce it, so that one that is too large is never taken. */
static int check_length(struct MHD_Connection *c, struct exchange *x)
{
    const char *encoding = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING);
    const char *length = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t n = 0;

    if (encoding != NULL)
        return sg_api_refuse(&x->answer, 411, "length-required",
                             "a body must come with Content-Length, not in chunks (Transfer-Encoding)");
    if (length != NULL && sg_parse_udec(sg_str(length), SG_API_MAX_BODY, &n) < 0)
        return sg_api_refuse(&x->answer, 413, "too-large", "the body is larger than the %d bytes allowed",
                             SG_API_MAX_BODY);
    x->expected = (size_t)n;
    x->body = n > 0 ? malloc((size_t)n) : NULL;
    if (n > 0 && x->body == NULL)
        return sg_api_refuse(&x->answer, 500, "failed", "out of memory");
    return 0;
}

static int check_timeout(struct MHD_Connection *c, struct exchange *x)
{
    const char *text = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "timeout");
    uint64_t seconds = DEFAULT_TIMEOUT;

    if (text != NULL && (sg_parse_udec(sg_str(text), MAX_TIMEOUT, &seconds) < 0 || seconds == 0))
        return sg_api_refuse(&x->answer, 400, "bad-timeout", "?timeout= must be 1 to %d seconds", MAX_TIMEOUT);
    x->request.timeout_ms = (uint32_t)seconds * 1000;
    return 0;
}

/* Everything that can be said before the body is there. */
static int admit(struct sg_api *a, struct MHD_Connection *c, struct exchange *x, const char *method, const char *url)
{
    const char *authorization = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

    peer_address(c, x->request.from);
    x->request.fd = info != NULL ? info->connect_fd : -1;
    if (!sg_api_guard_admits(&a->guard, authorization)) {
        refuse_stranger(a, x, method, url, authorization);
        return -1;
    }
    if (atomic_load(&a->stopping))
        return sg_api_refuse(&x->answer, 503, "stopped", "signetd stops");
    if (sg_api_route(method, sg_str(url), &x->request.route, &x->answer) < 0 || check_length(c, x) < 0 ||
        check_timeout(c, x) < 0)
        return -1;
    /* libmicrohttpd counts the time in which a device is waited for as idle. */
    MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)(2 * MAX_TIMEOUT));
    return 0;
}

/* ------------------------------------------------------------------------------------------------------ calls */

static void run(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *out)
{
    switch (r->route.call) {
    case SG_API_STATUS:
        sg_api_call_status(a, r, out);
        break;
    case SG_API_DEVICES:
        sg_api_call_devices(a, r, out);
        break;
    case SG_API_DEVICE:
        sg_api_call_device(a, r, out);
        break;
    case SG_API_READ:
        sg_api_call_read(a, r, out);
        break;
    case SG_API_WRITE:
        sg_api_call_write(a, r, out);
        break;
    case SG_API_EXECUTE:
        sg_api_call_execute(a, r, out);
        break;
    case SG_API_DISCOVER:
        sg_api_call_discover(a, r, out);
        break;
    case SG_API_OBSERVE:
        sg_api_call_observe(a, r, out);
        break;
    case SG_API_REVOKE:
        sg_api_call_revoke(a, r, out);
        break;
    }
}

/* Called with the header, then with each part of the body, then once more. */
static enum MHD_Result handle(void *user, struct MHD_Connection *c, const char *url, const char *method,
                              const char *version, const char *data, size_t *n, void **context)
{
    struct sg_api *a = user;
    struct exchange *x = *context;
    (void)version;

    if (x == NULL) {
        x = *context = calloc(1, sizeof *x);
        if (x == NULL)
            return MHD_NO;
        x->counted = admit(a, c, x, method, url) == 0;
        if (!x->counted)
            return answer(c, &x->answer);
        atomic_fetch_add(&a->calls, 1);
        return MHD_YES;
    }
    if (*n > 0) {
        if (*n > x->expected - x->n)
            return MHD_NO;
        memcpy(x->body + x->n, data, *n);
        x->n += *n;
        *n = 0;
        return MHD_YES;
    }
    x->request.body = sg_bytes(x->body, x->n);
    run(a, &x->request, &x->answer);
    return answer(c, &x->answer);
}

static void forget(void *user, struct MHD_Connection *c, void **context, enum MHD_RequestTerminationCode how)
{
    struct sg_api *a = user;
    struct exchange *x = *context;
    (void)c;
    (void)how;
    if (x == NULL)
        return;
    if (x->counted)
        atomic_fetch_sub(&a->calls, 1);
    json_decref(x->answer.body);
    free(x->body);
    free(x);
}

/* ---------------------------------------------------------------------------------------------- start and stop */

/* URLs are decoded in route.c, once, and after they were split. */
static size_t keep_escapes(void *user, struct MHD_Connection *c, char *s)
{
    (void)user;
    (void)c;
    return strlen(s);
}

static void log_line(void *user, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));
static void log_line(void *user, const char *fmt, va_list args)
{
    char text[300];
    (void)user;
    (void)vsnprintf(text, sizeof text, fmt, args);
    text[strcspn(text, "\r\n")] = '\0';
    SG_LOG(SG_LOG_DEBUG, "api-http", "message", text);
}

static bool is_loopback(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    struct sockaddr_in6 in6;
    memcpy(&in6, sa, sizeof in6);
    return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
}

/* "127.0.0.1:8443", "[::1]:8443". */
static struct addrinfo *resolve(const char *listen_at, struct sg_error *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    const char *colon = strrchr(listen_at, ':');
    size_t n = colon != NULL ? (size_t)(colon - listen_at) : 0;
    bool brackets = n >= 2 && listen_at[0] == '[' && listen_at[n - 1] == ']';
    struct addrinfo *found = NULL;
    char host[64];

    if (n > 0 && n < sizeof host) {
        (void)snprintf(host, sizeof host, "%.*s", (int)(brackets ? n - 2 : n), listen_at + (brackets ? 1 : 0));
        if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
            found = NULL;
    }
    if (found == NULL)
        sg_fail(err, SG_EINVAL, "the API cannot listen on \"%s\": this is no address and port, as 127.0.0.1:8443 is",
                listen_at);
    else if (!is_loopback(found->ai_addr)) {
        sg_fail(
            err, SG_EDENIED,
            "the API does not listen on %s: it is offered on the loopback addresses 127.0.0.1 and [::1] only, since "
            "its token commands every device. From another machine, come through a tunnel (ssh -L)",
            listen_at);
        freeaddrinfo(found);
        found = NULL;
    }
    return found;
}

static int open_socket(const char *listen_at, uint16_t *port, struct sg_error *err)
{
    struct addrinfo *at = resolve(listen_at, err);
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    char service[8] = "0";
    int on = 1;
    if (at == NULL)
        return -1;

    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, at->ai_addr, at->ai_addrlen) < 0 || listen(fd, MAX_CONNECTIONS) < 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &len) < 0) {
        sg_fail(err, errno == EADDRINUSE ? SG_EBUSY : SG_EIO, "the API cannot listen on %s: %s%s", listen_at,
                strerror(errno),
                errno == EADDRINUSE ? ". Another program, perhaps another signetd, has this port; choose another in "
                                      "signet.yaml (0: any free one)"
                                    : "");
        if (fd >= 0)
            close(fd);
        freeaddrinfo(at);
        return -1;
    }
    freeaddrinfo(at);
    getnameinfo((struct sockaddr *)&bound, len, NULL, 0, service, sizeof service, NI_NUMERICSERV);
    *port = (uint16_t)strtoul(service, NULL, 10);
    return fd;
}

/* A C string of PEM, as libmicrohttpd wants it. */
static char *copy_pem(struct sg_bytes pem)
{
    char *text = malloc(pem.n + 1);
    if (text != NULL) {
        memcpy(text, pem.p, pem.n);
        text[pem.n] = '\0';
    }
    return text;
}

static struct MHD_Daemon *start_http(struct sg_api *a, const struct sg_api_config *config, int fd)
{
    char *cert = copy_pem(config->cert_pem), *key = copy_pem(config->key_pem);
    struct MHD_Daemon *daemon = NULL;

    if (cert != NULL && key != NULL)
        daemon = MHD_start_daemon(MHD_USE_TLS | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                                      MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG,
                                  0, NULL, NULL, handle, a, MHD_OPTION_EXTERNAL_LOGGER, log_line, NULL,
                                  MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_HTTPS_MEM_CERT, cert,
                                  MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_HTTPS_PRIORITIES, PRIORITIES,
                                  MHD_OPTION_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
                                  (unsigned)STRANGER_SECONDS, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
                                  MHD_OPTION_NOTIFY_COMPLETED, forget, a, MHD_OPTION_END);
    if (key != NULL)
        sg_wipe(key, config->key_pem.n);
    free(key);
    free(cert);
    return daemon;
}

struct sg_api *sg_api_start(const struct sg_api_config *config, struct sg_error *err)
{
    struct sg_api *a = calloc(1, sizeof *a);
    if (a == NULL || (a->inventory = strdup(config->inventory)) == NULL) {
        free(a);
        sg_fail(err, SG_ENOMEM, "starting the API: out of memory");
        return NULL;
    }
    a->server = config->server;
    a->started = time(NULL);
    if (sg_api_guard_init(&a->guard, config->token_file, err) < 0) {
        free(a->inventory);
        free(a);
        return NULL;
    }
    int fd = open_socket(config->listen, &a->port, err);
    if (fd >= 0 && (a->daemon = start_http(a, config, fd)) != NULL)
        return a;
    if (fd >= 0) {
        sg_fail(err, SG_EIO,
                "the API cannot start HTTPS on %s: its certificate or its key cannot be used. Check server/ in the "
                "home folder",
                config->listen);
        close(fd);
    }
    sg_api_guard_free(&a->guard);
    free(a->inventory);
    free(a);
    return NULL;
}

void sg_api_stop(struct sg_api *a)
{
    const struct timespec step = {.tv_nsec = 10000000};
    if (a == NULL)
        return;
    atomic_store(&a->stopping, true);
    sg_server_hang_up(a->server);
    /* libmicrohttpd ends connections where they are; those who wait are to be told why. */
    for (int i = 0; i < 200 && atomic_load(&a->calls) > 0; i++)
        (void)nanosleep(&step, NULL);
    MHD_stop_daemon(a->daemon);
    sg_api_guard_flush(&a->guard, write_refusal, a);
    sg_api_guard_free(&a->guard);
    free(a->inventory);
    free(a);
}

uint16_t sg_api_port(const struct sg_api *a)
{
    return a->port;
}
