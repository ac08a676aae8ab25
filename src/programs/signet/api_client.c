/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTPS API of signetd, called by libcurl: where it is, who it must be, what its answers mean. */
#include "api_client.h"
#include "pki/pki.h"
#include "programs/config.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_ANSWER = 256 << 20,
    CONNECT_SECONDS = 5,
    CALL_SECONDS = 150, /* above the API's own limit for a device's answer */
};

struct sg_client {
    CURL *curl;
    struct curl_slist *headers, *connect_to;
    char shown[SG_PATH], ca[SG_PATH];
    char base[300]; /* "https://lwm2m.example.com:8443/api/v1" */
    uint16_t port;
    char problem[CURL_ERROR_SIZE];
};

uint16_t sg_client_port(const struct sg_client *c)
{
    return c->port;
}

/* ------------------------------------------------------------------------------------------------- finding it */

static int not_running(const struct sg_home *home, struct sg_error *err)
{
    return sg_fail(err, SG_ECLOSED, "signetd does not run on %s. Start it: `signetd --home %s`", home->shown,
                   home->shown);
}

/* One line "NAME=number" of the file that signetd writes when it is ready. */
static bool number_of(const char *text, const char *name, uint64_t *out)
{
    size_t n = strlen(name);
    for (const char *line = text; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');
        size_t len = end != NULL ? (size_t)(end - line) : strlen(line);
        if (len > n && strncmp(line, name, n) == 0 && line[n] == '=')
            return sg_parse_udec(sg_bytes(line + n + 1, len - n - 1), INT32_MAX, out) == 0;
        line = end != NULL ? end + 1 : NULL;
    }
    return false;
}

static int find_port(struct sg_client *c, const struct sg_home *home, const struct sg_config *config,
                     struct sg_error *err)
{
    char dir[SG_PATH], file[SG_PATH + 8];
    uint64_t port, pid;
    int r = sg_home_run_dir(home, config->run_dir, false, dir, err);
    if (r < 0)
        return r;
    (void)snprintf(file, sizeof file, "%s/ports", dir);
    char *text = (char *)sg_file_read(file, 1000, NULL, err);
    if (text == NULL)
        return err->code == SG_ENOTFOUND ? not_running(home, err) : err->code;
    bool whole = number_of(text, "api", &port) && number_of(text, "pid", &pid) && port > 0 && port <= UINT16_MAX;
    free(text);
    if (!whole)
        return sg_fail(err, SG_EFORMAT,
                       "%s, which signetd writes at its start, has no lines api=PORT and pid=NUMBER. Restart signetd",
                       file);
    if (kill((pid_t)pid, 0) < 0 && errno == ESRCH) /* it was killed, and left the file */
        return not_running(home, err);
    c->port = (uint16_t)port;
    return 0;
}

static int put_token(struct sg_client *c, const struct sg_home *home, struct sg_error *err)
{
    char header[400];
    size_t n;
    char *token = (char *)sg_file_read(home->token, 300, &n, err);
    if (token == NULL)
        return sg_fail_in(err, "reading the API's token");
    token[strcspn(token, "\r\n")] = '\0';
    (void)snprintf(header, sizeof header, "Authorization: Bearer %s", token);
    c->headers = curl_slist_append(NULL, header);
    sg_wipe(header, sizeof header);
    sg_wipe(token, n);
    free(token);
    c->headers = c->headers != NULL ? curl_slist_append(c->headers, "Content-Type: application/json") : NULL;
    return c->headers != NULL ? 0 : sg_fail(err, SG_ENOMEM, "out of memory");
}

/* The server is asked for by the name in its certificate, and reached on the loopback address that it listens on. */
static int aim(struct sg_client *c, const struct sg_config *config, struct sg_error *err)
{
    const char *listen = config->api.listen, *colon = strrchr(listen, ':');
    const char *name = config->server.name;
    bool v6 = strchr(name, ':') != NULL;
    char to[400];

    (void)snprintf(c->base, sizeof c->base, "https://%s%s%s:%u/api/v1", v6 ? "[" : "", name, v6 ? "]" : "", c->port);
    (void)snprintf(to, sizeof to, "::%.*s:%u", colon != NULL ? (int)(colon - listen) : 0, listen, c->port);
    c->connect_to = curl_slist_append(NULL, to);
    return c->connect_to != NULL ? 0 : sg_fail(err, SG_ENOMEM, "out of memory");
}

struct sg_client *sg_client_open(const struct sg_home *home, struct sg_error *err)
{
    struct sg_config config;
    struct sg_client *c = calloc(1, sizeof *c);
    if (c == NULL) {
        sg_fail(err, SG_ENOMEM, "out of memory");
        return NULL;
    }
    (void)snprintf(c->shown, sizeof c->shown, "%s", home->shown);
    (void)snprintf(c->ca, sizeof c->ca, "%s", home->server_root_cert);
    if (sg_config_load(home->config, &config, err) < 0 || find_port(c, home, &config, err) < 0 ||
        aim(c, &config, err) < 0 || put_token(c, home, err) < 0) {
        sg_client_close(c);
        return NULL;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (c->curl = curl_easy_init()) == NULL) {
        sg_fail(err, SG_EIO, "libcurl cannot start");
        sg_client_close(c);
        return NULL;
    }
    return c;
}

void sg_client_close(struct sg_client *c)
{
    if (c == NULL)
        return;
    curl_easy_cleanup(c->curl);
    for (struct curl_slist *h = c->headers; h != NULL; h = h->next)
        sg_wipe(h->data, strlen(h->data));
    curl_slist_free_all(c->headers);
    curl_slist_free_all(c->connect_to);
    free(c);
}

/* Endpoint names may have any character; what RFC 3986 calls unreserved, and the colons of a URN, stay as they are. */
const char *sg_client_path(const char *endpoint, const char *what, const struct sg_path *path,
                           char text[SG_CLIENT_PATH])
{
    char number[SG_PATH_TEXT];
    struct sg_buf b = sg_buf(text, SG_CLIENT_PATH);

    sg_put_str(&b, "/devices/");
    for (const char *c = endpoint; *c != '\0'; c++) {
        bool plain = strchr("-._~:", *c) != NULL || (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= 'a' && *c <= 'z');
        if (!plain)
            sg_put_str(&b, "%");
        if (plain)
            sg_put(&b, c, 1);
        else
            sg_put_hex(&b, sg_bytes(c, 1));
    }
    if (what != NULL) {
        sg_put_str(&b, "/");
        sg_put_str(&b, what);
    }
    if (path != NULL)
        sg_put_str(&b, sg_path_text(path, number));
    return sg_buf_cstr(&b);
}

/* ---------------------------------------------------------------------------------------------------- one call */

struct gathered {
    char *text;
    size_t n;
};

static size_t gather(char *data, size_t size, size_t n, void *user)
{
    struct gathered *g = user;
    (void)size; /* 1 */
    if (g->n + n > MAX_ANSWER)
        return 0;
    char *more = realloc(g->text, g->n + n);
    if (more == NULL)
        return 0;
    memcpy(more + g->n, data, n);
    g->text = more;
    g->n += n;
    return n;
}

static void prepare(struct sg_client *c, const char *url)
{
    CURL *h = c->curl;

    curl_easy_reset(h);
    curl_easy_setopt(h, CURLOPT_URL, url);
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(h, CURLOPT_NOPROXY, "*"); /* whatever the environment says: it is this machine */
    curl_easy_setopt(h, CURLOPT_CONNECT_TO, c->connect_to);
    curl_easy_setopt(h, CURLOPT_CAINFO, c->ca);
    curl_easy_setopt(h, CURLOPT_CAPATH, NULL); /* the server root of the home, and no other */
    curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, c->problem);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    c->problem[0] = '\0';
}

/* What libcurl says, for people. */
static int refuse_transport(struct sg_client *c, CURLcode code, struct sg_error *err)
{
    switch ((int)code) {
    case CURLE_COULDNT_CONNECT:
        return sg_fail(err, SG_ECLOSED,
                       "signetd does not run on %s: nothing listens on port %u. Start it: `signetd --home %s`",
                       c->shown, c->port, c->shown);
    case CURLE_PEER_FAILED_VERIFICATION:
        return sg_fail(err, SG_EMISMATCH,
                       "what listens on port %u is not the signetd of %s: its certificate does not come from the "
                       "server root of this home, has another name, or is out of its time (%s)",
                       c->port, c->shown, c->problem);
    case CURLE_SSL_CACERT_BADFILE:
        return sg_fail(err, SG_EFORMAT, "the server root %s cannot be read: %s", c->ca, c->problem);
    case CURLE_OPERATION_TIMEDOUT:
        return sg_fail(err, SG_ETIMEOUT, "signetd on port %u does not answer (%s)", c->port, c->problem);
    default:
        return sg_fail(err, SG_EIO, "calling signetd on port %u failed: %s", c->port,
                       c->problem[0] != '\0' ? c->problem : curl_easy_strerror(code));
    }
}

static int error_of(long status)
{
    switch (status) {
    case 400:
    case 413:
        return SG_EINVAL;
    case 401:
        return SG_EDENIED;
    case 404:
        return SG_ENOTFOUND;
    case 409:
        return SG_ESTATE;
    case 504:
        return SG_ETIMEOUT;
    default:
        return SG_EIO;
    }
}

/* The answer's JSON, or the sentence of its error. */
static int judge(struct sg_client *c, const struct gathered *g, json_t **answer, struct sg_error *err)
{
    long status = 0;
    json_t *json = json_loadb(g->text != NULL ? g->text : "", g->n, 0, NULL);

    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    if (json != NULL && status == 200) {
        *answer = json;
        return 0;
    }
    const char *message = json_string_value(json_object_get(json_object_get(json, "error"), "message"));
    int r =
        status == 401     ? sg_fail(err, SG_EDENIED,
                                    "signetd refuses the token in %s/token. It reads the token at its start: restart it "
                                        "if the file has changed since",
                                    c->shown)
        : message != NULL ? sg_fail(err, error_of(status), "%s", message)
                          : sg_fail(err, SG_EIO, "signetd on port %u answered %ld, and not in JSON", c->port, status);
    json_decref(json);
    return r;
}

int sg_client_call(struct sg_client *c, const char *method, const char *path, const json_t *body, json_t **answer,
                   struct sg_error *err)
{
    char url[sizeof c->base + SG_CLIENT_PATH];
    struct gathered g = {0};
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;

    (void)snprintf(url, sizeof url, "%s%s", c->base, path);
    prepare(c, url);
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, (long)CALL_SECONDS);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, gather);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &g);
    if (text != NULL)
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, text);
    CURLcode code = curl_easy_perform(c->curl);
    int r = code == CURLE_OK ? judge(c, &g, answer, err) : refuse_transport(c, code, err);
    free(g.text);
    free(text);
    return r;
}

/* ----------------------------------------------------------------------------------------------------- events */

/* A stream of events on its way in: lines, gathered to events. */
struct stream {
    struct sg_client *c;
    const struct sg_client_events *events;
    struct gathered all; /* the answer, where it is none of events */
    char line[16384];
    size_t len;
    char name[40];
    json_t *data;
    bool done; /* by the caller's wish */
};

static void take_line(struct stream *s)
{
    s->line[s->len] = '\0';
    if (s->len == 0 && s->data != NULL) { /* an empty line ends an event */
        s->done = s->events->event(s->events->user, s->name, s->data) != 0;
        json_decref(s->data);
        s->data = NULL;
    } else if (strncmp(s->line, "event: ", 7) == 0) {
        (void)snprintf(s->name, sizeof s->name, "%s", s->line + 7);
    } else if (strncmp(s->line, "data: ", 6) == 0) {
        json_decref(s->data);
        s->data = json_loads(s->line + 6, 0, NULL);
    }
    s->len = 0;
}

static size_t take_stream(char *data, size_t size, size_t n, void *user)
{
    struct stream *s = user;
    long status = 0;
    (void)size; /* 1 */

    curl_easy_getinfo(s->c->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return gather(data, 1, n, &s->all);
    for (size_t i = 0; i < n && !s->done; i++) {
        if (data[i] == '\n')
            take_line(s);
        else if (s->len < sizeof s->line - 1)
            s->line[s->len++] = data[i];
        else
            return 0; /* longer than signetd makes them */
    }
    return s->done ? 0 : n;
}

static int step(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct stream *s = user;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    s->done = s->done || (s->events->step != NULL && s->events->step(s->events->user) != 0);
    return s->done;
}

int sg_client_listen(struct sg_client *c, const char *path, const struct sg_client_events *events, struct sg_error *err)
{
    char url[sizeof c->base + SG_CLIENT_PATH];
    json_t *answer = NULL;
    struct stream *s = calloc(1, sizeof *s);
    if (s == NULL)
        return sg_fail(err, SG_ENOMEM, "out of memory");
    s->c = c;
    s->events = events;
    (void)snprintf(url, sizeof url, "%s%s", c->base, path);
    prepare(c, url);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take_stream);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT, 1L); /* a byte a second: a comment comes each 15 s at least */
    curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME, (long)CALL_SECONDS);
    curl_easy_setopt(c->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, step);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFODATA, s);
    CURLcode code = curl_easy_perform(c->curl);
    long status = 0;
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    int r = 0;
    if (code != CURLE_OK && !s->done)
        r = refuse_transport(c, code, err);
    else if (status != 200 && !s->done)
        r = judge(c, &s->all, &answer, err);
    json_decref(answer);
    json_decref(s->data);
    free(s->all.text);
    free(s);
    return r;
}
