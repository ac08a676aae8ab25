/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the api room share. One call goes: auth, route, then devices, resources or events; json helps all.
 */
#ifndef SG_API_INTERNAL_H
#define SG_API_INTERNAL_H

#include "api/api.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

#define SG_API_MAX_URL     1024
#define SG_API_MAX_BODY    65536
#define SG_API_MAX_PAYLOAD 1024 /* of a request to a device: sg_server_request's limit */

/* How JSON is written: 15 digits hold every decimal number that a device may have meant (20.8, not 20.800000000000001).
 */
#define SG_API_DUMP (JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15))

/* --------------------------------------------------------------------------------------------------- answers */

struct sg_api_stream;

/* What a call answers: a status with JSON, or a stream of events. */
struct sg_api_answer {
    unsigned status;              /* HTTP */
    json_t *body;                 /* its reference is the answer's */
    const char *allow;            /* 405: the methods that there are */
    struct sg_api_stream *stream; /* instead of a body */
};

/* Answers {"error":{"code":…,"message":…}}, in the place of whatever was there, and returns -1. */
int sg_api_refuse(struct sg_api_answer *answer, unsigned status, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ------------------------------------------------------------------------------------------------- auth.c */

enum { SG_API_REFUSAL_ROWS = 64, SG_API_REFUSAL_PERIOD = 60 /* seconds */ };

/* Refusals from one address that are counted, and not written to the audit log one by one. */
struct sg_api_refusals {
    char from[SG_ADDR_TEXT];
    int64_t since; /* when one was written last; 0: the row is free */
    uint64_t more; /* how many came after it */
};
struct sg_api_guard {
    uint8_t digest[32]; /* SHA-256 of the token: the token itself is not kept */
    pthread_mutex_t lock;
    struct sg_api_refusals rows[SG_API_REFUSAL_ROWS], others; /* others: when all rows are of the last minute */
};
int sg_api_guard_init(struct sg_api_guard *g, const char *token_file, struct sg_error *err);
void sg_api_guard_free(struct sg_api_guard *g);
/* The value of an Authorization header (NULL: there is none) against the token, in constant time. */
bool sg_api_guard_admits(const struct sg_api_guard *g, const char *authorization);

/* Writes an entry: `more` refusals from there were counted since the one before; `what` is NULL where they are all. */
typedef void sg_api_write_refusal(void *user, const char *from, const char *what, uint64_t more, int64_t since);
/* Takes note of a refusal: the first of a minute and an address is written, the others are counted. */
void sg_api_guard_refused(struct sg_api_guard *g, const char *from, const char *what, int64_t now,
                          sg_api_write_refusal *write, void *user);
/* Writes what was counted and not yet told. */
void sg_api_guard_flush(struct sg_api_guard *g, sg_api_write_refusal *write, void *user);

/* ------------------------------------------------------------------------------------------------ route.c */

enum sg_api_call {
    SG_API_STATUS,
    SG_API_DEVICES,
    SG_API_DEVICE,
    SG_API_READ,
    SG_API_WRITE,
    SG_API_EXECUTE,
    SG_API_DISCOVER,
    SG_API_OBSERVE,
    SG_API_REVOKE,
};
struct sg_api_route {
    enum sg_api_call call;
    char endpoint[128];  /* "" for STATUS and DEVICES */
    struct sg_path path; /* READ, WRITE, EXECUTE, DISCOVER, OBSERVE */
};
/* Which call a request line names; `url` is the path as it was sent, still percent-encoded. 0, or -1 with the answer.
 */
int sg_api_route(const char *method, struct sg_bytes url, struct sg_api_route *route, struct sg_api_answer *answer);

/* ------------------------------------------------------------------------------------------------- json.c */

/* A string of whatever bytes: as text where they are UTF-8 without NUL, else in base64. */
json_t *sg_api_json_text(struct sg_bytes v);
/* A sentence for people: bytes that are no UTF-8 (where it was cut, say) become question marks. */
json_t *sg_api_json_sentence(const char *text);
const char *sg_api_type_name(enum sg_type type);
/* {"path":…,"type":…,"value":…} */
json_t *sg_api_json_record(const struct sg_record *r);
/* What a device sent for `base`: one record where it is the value of `base` itself, else an array of them. NULL with a
 * sentence where it cannot be read. */
json_t *sg_api_json_content(int format, const struct sg_path *base, struct sg_bytes payload, struct sg_error *err);
/* Link format as [{"path":…,"attributes":{…}}, …]. NULL with a sentence. */
json_t *sg_api_json_links(struct sg_bytes links, struct sg_error *err);

/* "2026-11-23T10:00:00Z" (RFC 3339); null for 0, which is "never" and "none" wherever times are kept. */
json_t *sg_api_json_time(int64_t when);
json_t *sg_api_json_registration(bool active, int64_t since, uint32_t lifetime, const char *version,
                                 const char *binding, const char *objects);

/* The bodies of calls. 0, or -1 with the answer. Texts are copied into `scratch`. */
int sg_api_body_value(struct sg_bytes body, const struct sg_path *path, struct sg_buf *scratch, struct sg_value *v,
                      struct sg_api_answer *answer);
int sg_api_body_arguments(struct sg_bytes body, struct sg_buf *arguments, struct sg_api_answer *answer);
int sg_api_body_reason(struct sg_bytes body, enum sg_reason *reason, struct sg_api_answer *answer);

/* ------------------------------------------------------------------------- devices.c, resources.c, events.c */

struct sg_api {
    struct sg_server *server;
    char *inventory;
    struct MHD_Daemon *daemon;
    uint16_t port;
    int64_t started;
    atomic_bool stopping;
    atomic_uint calls; /* let in, and not answered whole */
    struct sg_api_guard guard;
};

/* A call that was let in. */
struct sg_api_request {
    struct sg_api_route route;
    uint32_t timeout_ms; /* for the device's answer */
    char from[SG_ADDR_TEXT];
    int fd; /* of the connection: to notice that the other side has gone */
    struct sg_bytes body;
};

void sg_api_call_devices(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer);
void sg_api_call_device(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer);
void sg_api_call_revoke(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer);
void sg_api_call_status(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer);

void sg_api_call_read(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer);
void sg_api_call_write(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer);
void sg_api_call_execute(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer);
void sg_api_call_discover(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer);
/* The inventory has no such device. Always -1. */
int sg_api_refuse_unknown(const char *endpoint, struct sg_api_answer *answer);
/* The server did not get an answer from the device. Always -1. */
int sg_api_refuse_failure(struct sg_api *a, const struct sg_api_request *r, int failure, const struct sg_error *why,
                          struct sg_api_answer *answer);
/* The device answered with an error code. Always -1. */
int sg_api_refuse_code(const struct sg_api_request *r, uint8_t code, struct sg_api_answer *answer);

void sg_api_call_observe(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer);
/* The next bytes of a stream, at most `cap`; waits for them. 0: it has ended, -1: the other side has gone. */
int64_t sg_api_stream_read(struct sg_api_stream *s, char *out, size_t cap);
void sg_api_stream_free(struct sg_api_stream *s);

#endif
