/* SPDX-License-Identifier: Apache-2.0 */
/* An observation as a stream of server-sent events (the HTML standard, section 9.2). */
#include "api/api_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    QUEUE = 64,      /* values that wait for a slow reader; the oldest give way */
    KEEP_ALIVE = 15, /* seconds without a value until a comment is sent */
};

/* One notification, copied out of the worker's call. */
struct note {
    int64_t at;
    int format;
    uint8_t code;
    bool ended;
    uint8_t *payload;
    size_t n;
};

struct sg_api_stream {
    struct sg_api *api;
    struct sg_path path;
    uint64_t handle;
    int fd;
    bool finished; /* the event "end" was formatted */
    char *text;    /* an event on its way out */
    size_t len, sent;
    time_t spoke; /* when something was formatted last (CLOCK_MONOTONIC) */

    pthread_mutex_t lock; /* for the members below, which the worker changes */
    pthread_cond_t news;
    struct note queue[QUEUE];
    size_t first, count;
    uint64_t missed; /* values that gave way since the last event */
};

/* ---------------------------------------------------------------------------------- the worker's side: put in */

static void drop_oldest(struct sg_api_stream *s)
{
    free(s->queue[s->first].payload);
    s->first = (s->first + 1) % QUEUE;
    s->count--;
    s->missed++;
}

static void take_notification(void *user, const struct sg_server_notification *n)
{
    struct sg_api_stream *s = user;
    struct note note = {.at = n->at, .format = n->format, .code = n->code, .ended = n->ended};

    if (n->payload.n > 0 && !n->ended) {
        note.payload = malloc(n->payload.n);
        note.n = n->payload.n;
        if (note.payload != NULL)
            memcpy(note.payload, n->payload.p, note.n);
    }
    pthread_mutex_lock(&s->lock);
    if (note.n > 0 && note.payload == NULL) {
        s->missed++; /* out of memory: the next value brings it up to date */
    } else {
        if (s->count == QUEUE)
            drop_oldest(s);
        s->queue[(s->first + s->count++) % QUEUE] = note;
    }
    pthread_cond_signal(&s->news);
    pthread_mutex_unlock(&s->lock);
}

/* -------------------------------------------------------------------------------- the connection's side: take out */

static bool has_gone(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static time_t seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* Waits for a notification until `deadline`. SG_ECLOSED: the API stops; SG_EIO: the other side has gone. */
static int wait_for_note(struct sg_api_stream *s, time_t deadline, struct note *note, uint64_t *missed)
{
    int r = SG_ETIMEOUT;

    pthread_mutex_lock(&s->lock);
    while (s->count == 0 && seconds() < deadline && !atomic_load(&s->api->stopping) && !has_gone(s->fd)) {
        struct timespec t; /* in steps, to notice the last two */
        clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_nsec += 500000000;
        t.tv_sec += t.tv_nsec / 1000000000;
        t.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&s->news, &s->lock, &t);
    }
    if (s->count > 0) {
        *note = s->queue[s->first];
        s->first = (s->first + 1) % QUEUE;
        s->count--;
        *missed = s->missed;
        s->missed = 0;
        r = 0;
    } else if (atomic_load(&s->api->stopping)) {
        r = SG_ECLOSED;
    } else if (has_gone(s->fd)) {
        r = SG_EIO;
    }
    pthread_mutex_unlock(&s->lock);
    return r;
}

/* Puts "event: NAME", "data: JSON" and an empty line, or a comment where `data` is NULL. Frees `data`. */
static void put_event(struct sg_api_stream *s, const char *name, json_t *data)
{
    char *json = data != NULL ? json_dumps(data, SG_API_DUMP) : NULL;
    size_t cap = strlen(name) + (json != NULL ? strlen(json) : 0) + 32;

    json_decref(data);
    free(s->text);
    s->text = malloc(cap);
    s->len = s->sent = 0;
    if (s->text != NULL) {
        struct sg_buf b = sg_buf(s->text, cap);
        sg_put_str(&b, json != NULL ? "event: " : ": ");
        sg_put_str(&b, name);
        if (json != NULL) {
            sg_put_str(&b, "\ndata: ");
            sg_put_str(&b, json);
        }
        sg_put_str(&b, "\n\n");
        s->len = b.len;
    }
    free(json);
    s->spoke = seconds();
}

static void put_end(struct sg_api_stream *s, const char *code, const char *why)
{
    put_event(s, "end", json_pack("{s:s,s:s}", "code", code, "message", why));
    s->finished = true;
}

static void put_ended_note(struct sg_api_stream *s, const struct note *note)
{
    if (note->code == 0)
        put_end(s, "went-away", "the device went away or was shut out; the observation has ended");
    else if (note->code >> 5 == 2) /* an answer without the Observe option: RFC 7641 section 4.2 */
        put_end(s, "not-observed", "the device sends this value when it is asked, and does not notify of its changes");
    else
        put_end(s, "refused", sg_coap_code_text(note->code));
}

static void put_value(struct sg_api_stream *s, const struct note *note, uint64_t missed)
{
    struct sg_error err = {0};
    char path[SG_PATH_TEXT];
    json_t *content = sg_api_json_content(note->format, &s->path, sg_bytes(note->payload, note->n), &err);
    json_t *data = json_pack("{s:o,s:s}", "at", sg_api_json_time(note->at), "path", sg_path_text(&s->path, path));

    if (missed > 0)
        json_object_set_new(data, "missed", json_integer((json_int_t)missed));
    if (json_is_object(content))
        json_object_update_missing(data, content);
    else if (content != NULL)
        json_object_set(data, "values", content);
    else
        json_object_set_new(data, "message", sg_api_json_sentence(err.text));
    put_event(s, content != NULL ? "value" : "unreadable", data);
    json_decref(content);
}

/* The next event, within KEEP_ALIVE seconds. -1: there is nobody to send it to. */
static int prepare(struct sg_api_stream *s)
{
    struct note note;
    uint64_t missed;

    switch (wait_for_note(s, s->spoke + KEEP_ALIVE, &note, &missed)) {
    case 0:
        if (note.ended)
            put_ended_note(s, &note);
        else
            put_value(s, &note, missed);
        free(note.payload);
        return 0;
    case SG_ETIMEOUT:
        put_event(s, "keep-alive", NULL);
        return 0;
    case SG_ECLOSED:
        put_end(s, "stopped", "signetd stops; the observation has ended");
        return 0;
    default:
        return -1;
    }
}

int64_t sg_api_stream_read(struct sg_api_stream *s, char *out, size_t cap)
{
    if (s->sent == s->len) {
        if (s->finished)
            return 0;
        if (prepare(s) < 0 || s->text == NULL)
            return -1;
    }
    size_t n = s->len - s->sent < cap ? s->len - s->sent : cap;
    memcpy(out, s->text + s->sent, n);
    s->sent += n;
    return (int64_t)n;
}

/* --------------------------------------------------------------------------------------------- begin and end */

static struct sg_api_stream *stream_new(struct sg_api *a, const struct sg_api_request *r)
{
    struct sg_api_stream *s = calloc(1, sizeof *s);
    pthread_condattr_t monotonic;
    if (s == NULL)
        return NULL;
    s->api = a;
    s->path = r->route.path;
    s->fd = r->fd;
    s->spoke = seconds();
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->news, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return s;
}

void sg_api_stream_free(struct sg_api_stream *s)
{
    if (s->handle != 0)
        sg_server_unobserve(s->api->server, s->handle);
    while (s->count > 0)
        drop_oldest(s);
    pthread_cond_destroy(&s->news);
    pthread_mutex_destroy(&s->lock);
    free(s->text);
    free(s);
}

/* Waits for the first notification, so that a refusal is an HTTP error and not the first event. */
static int begin(struct sg_api *a, const struct sg_api_request *r, struct sg_api_stream *s,
                 struct sg_api_answer *answer)
{
    struct sg_error err = {0};
    struct note note;
    uint64_t missed;
    char path[SG_PATH_TEXT];
    int e = sg_server_observe(a->server, r->route.endpoint, &r->route.path, take_notification, s, &s->handle,
                              r->timeout_ms, &err);
    if (e < 0)
        return sg_api_refuse_failure(a, r, e, &err, answer);

    switch (wait_for_note(s, seconds() + (time_t)((r->timeout_ms + 999) / 1000), &note, &missed)) {
    case 0:
        break;
    case SG_ECLOSED:
        return sg_api_refuse(answer, 503, "stopped", "signetd stops");
    default:
        return sg_api_refuse(answer, 504, "timeout", "the device \"%s\" took the observation of %s and sent no value",
                             r->route.endpoint, sg_path_text(&r->route.path, path));
    }
    if (!note.ended) {
        put_value(s, &note, 0);
        free(note.payload);
        return 0;
    }
    free(note.payload);
    if (note.code >> 5 > 2)
        return sg_api_refuse_code(r, note.code, answer);
    return sg_api_refuse(answer, 409, "went-away", "the device \"%s\" went away before it sent a value",
                         r->route.endpoint);
}

void sg_api_call_observe(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer)
{
    struct sg_api_stream *s = stream_new(a, r);
    if (s == NULL) {
        sg_api_refuse(answer, 500, "failed", "out of memory");
        return;
    }
    if (begin(a, r, s, answer) < 0) {
        sg_api_stream_free(s);
        return;
    }
    answer->status = 200;
    answer->stream = s;
}
