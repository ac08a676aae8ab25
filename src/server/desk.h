/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk: what one worker does for its devices, as pure protocol. Messages in, messages out, the time handed in; no
 * socket, no thread, no clock. Records come and go through DTLS associations, which the desk knows by number only.
 *
 * A device has a row (what outlives the process; in memory that the caller may map from a file) and, at the same index,
 * a peer (what a restart may forget). It has both while it is connected or registered.
 */
#ifndef SG_SERVER_DESK_H
#define SG_SERVER_DESK_H

#include "core/core.h"
#include "pki/pki.h"
#include "server/server.h"

#include <stdatomic.h>

/* ------------------------------------------------------------------------------------------------------- rows */

enum row_state {
    ROW_FREE,
    ROW_LIVE,
    ROW_TORN, /* between sg_server_row_open and _close: a process that died there left something half-written */
};

/* Numbers of pre-shared keys have this bit, those of certificates do not: together they are who a peer is. */
#define PSK_NUMBER ((uint64_t)1 << 63)

/* Fixed layout, part of the table file: a change needs a new version in tables.c. */
struct row {
    _Atomic uint32_t state; /* enum row_state */
    uint16_t next_mid;      /* the message id of our next request */
    uint8_t registered, resumed;
    uint64_t assoc;   /* its live association; 0: none */
    uint64_t cert;    /* number of the certificate or pre-shared key that it last connected with */
    int64_t device;   /* number of the device */
    uint64_t since;   /* steady ms: when that association was made */
    uint64_t expires; /* of the registration, steady ms; UINT64_MAX: never */
    int64_t connected_at, registered_at, updated_at, heard_at;
    struct sg_fingerprint fingerprint; /* of that certificate */
    uint32_t lifetime;                 /* seconds; 0: for ever (LwM2M 1.1, resource /1/x/1) */
    char endpoint[128];
    char version[8], binding[8];
    char location[16]; /* "/rd/" and ten hexadecimal digits */
    char objects[1024];
};
void sg_server_row_open(struct row *r); /* before a change of more than one aligned field */
void sg_server_row_close(struct row *r);

/* ------------------------------------------------------------------------------------------------ index, timers */

/* A chained hash index of rows. */
struct row_index {
    uint32_t *head, *next; /* row + 1; 0: end */
    uint32_t mask;
};
bool sg_server_index_init(struct row_index *x, uint32_t rows);
void sg_server_index_free(struct row_index *x);
void sg_server_index_add(struct row_index *x, uint32_t hash, uint32_t row);
void sg_server_index_remove(struct row_index *x, uint32_t hash, uint32_t row);
/* The first row of a chain, and the one after it; UINT32_MAX at the end. Chains mix hashes: the caller compares. */
uint32_t sg_server_index_first(const struct row_index *x, uint32_t hash);
uint32_t sg_server_index_after(const struct row_index *x, uint32_t row);
uint32_t sg_server_hash(struct sg_bytes v);
uint32_t sg_server_hash_u64(uint64_t v);

/* Deadlines of rows, earliest first: a binary heap, in which each row stands at most once. */
struct timers {
    struct timer {
        uint64_t at;
        uint32_t row;
    } * heap;
    uint32_t *place; /* of each row in the heap, + 1; 0: not there */
    uint32_t n;
};
bool sg_server_timers_init(struct timers *t, uint32_t rows);
void sg_server_timers_free(struct timers *t);
void sg_server_timers_set(struct timers *t, uint32_t row, uint64_t at); /* UINT64_MAX: no deadline */
uint64_t sg_server_timers_first(const struct timers *t, uint32_t *row); /* UINT64_MAX: there is none */

/* ------------------------------------------------------------------------------------------- requests, watches */

enum { MESSAGE_MAX = 1280, TOKEN_LEN = 8, REPLY_MAX = 128 };

struct desk;

/* A request of ours. It belongs to its maker, but for the time between sg_server_ask and `done`. */
struct ask {
    struct ask *next;
    enum { ASK_QUEUED, ASK_SENT, ASK_ACKNOWLEDGED } state;
    uint64_t until; /* steady ms: give up */
    struct sg_coap_retry retry;
    uint16_t mid;
    uint8_t token[TOKEN_LEN];
    size_t n;
    uint8_t message[MESSAGE_MAX];
    /* Called once. `rc` 0: `reply` is the answer; SG_ETIMEOUT; SG_ECLOSED: the device went away or was shut out;
     * SG_EIO: it reset the message; SG_ENOSPC: request or answer exceed one datagram; SG_EFORMAT: no answer by the
     * rules. */
    void (*done)(struct desk *d, struct ask *a, int rc, const struct sg_coap *reply);
    void *user;
};

/* An observation of ours: malloced by its maker, freed here. */
struct watch {
    struct watch *next;
    uint64_t handle;
    struct sg_path path;
    uint8_t token[TOKEN_LEN];
    uint32_t seq;    /* RFC 7641 section 3.4: of the newest notification */
    uint64_t seq_at; /* steady ms; 0: none yet */
    void (*fn)(void *user, const struct sg_server_notification *n);
    void *user;
    /* Called once, when the device has answered (0; what it said went to `fn`) or has not (rc as of ask.done, and
     * then there is no observation). NULL after that. */
    void (*begun)(void *user, int rc);
    void *begun_user;
};

/* ------------------------------------------------------------------------------------------------------- desk */

struct peer {
    struct ask *asks;
    struct watch *watches;
    struct {
        bool valid;
        uint16_t mid;
        uint64_t at;
        size_t n;
        uint8_t reply[REPLY_MAX];
    } seen; /* the last confirmable message and what was answered (RFC 7252 section 4.5) */
};

enum desk_what {
    DESK_REGISTERED,
    DESK_UPDATED,
    DESK_DEREGISTERED,
    DESK_EXPIRED,
    DESK_REFUSED, /* a registration that is not taken: `reason`, `cure` */
};
struct desk_event {
    enum desk_what what;
    const struct row *row;
    const char *reason, *cure; /* sentences without a full stop; REFUSED only */
};

struct desk_ports {
    void *user;
    int (*send)(void *user, uint64_t assoc, struct sg_bytes message); /* 0, SG_ENOSPC, SG_ENOTFOUND */
    void (*close)(void *user, uint64_t assoc, int alert);
    void (*event)(void *user, const struct desk_event *e);
    void (*random)(void *user, void *p, size_t n);
    int (*grow)(void *user, uint32_t rows); /* the first so many rows are about to be used. SG_ENOSPC */
};

struct desk {
    struct desk_ports ports;
    struct row *rows; /* borrowed, as is `used`: rows from there on were never touched */
    uint32_t *used;
    struct peer *peers;
    uint32_t *free_rows; /* a stack, of those that were used before */
    uint32_t count, free_count, connected, registered;
    struct row_index by_assoc, by_endpoint;
    struct timers timers;
    uint64_t now; /* steady ms; the caller sets both before each call */
    int64_t wall; /* seconds since 1970 */
};

/* Takes the first *used of `count` rows as they are; torn ones are emptied. SG_ENOMEM. */
int sg_server_desk_init(struct desk *d, const struct desk_ports *ports, struct row *rows, uint32_t *used,
                        uint32_t count);
/* Ends all requests (SG_ECLOSED) and observations; rows stay. */
void sg_server_desk_free(struct desk *d);

/* Who a peer is, by the inventory. */
struct caller {
    uint64_t cert;
    int64_t device;
    struct sg_fingerprint fingerprint;
    char endpoint[128];
};
/* A device has connected; an older association of it is closed. SG_ENOSPC: the table is full. */
int sg_server_desk_connected(struct desk *d, const struct caller *c, uint64_t assoc, bool resumed);
/* A message from it. */
void sg_server_desk_input(struct desk *d, uint64_t assoc, struct sg_bytes message);
/* Its association ended by itself: the registration stays. */
void sg_server_desk_closed(struct desk *d, uint64_t assoc);
/* Ends whatever there is of a device, its association with `alert`. Counts what was there. */
struct dropped {
    unsigned associations, registrations;
};
struct dropped sg_server_desk_drop(struct desk *d, const char *endpoint, int alert);

uint64_t sg_server_desk_deadline(const struct desk *d);
void sg_server_desk_tick(struct desk *d);

struct row *sg_server_desk_find(const struct desk *d, const char *endpoint); /* NULL: nothing live */
struct row *sg_server_desk_of(const struct desk *d, uint64_t assoc);

/* Carries a registration from another worker's desk over to this one, where it is newer than what is here. */
void sg_server_desk_carry(struct desk *d, const struct row *from);

/* For the desk's own files. */
uint32_t sg_server_desk_number(const struct desk *d, const struct row *r);
struct peer *sg_server_desk_peer(const struct desk *d, const struct row *r);
void sg_server_desk_schedule(struct desk *d, const struct row *r); /* after any change of deadlines */
void sg_server_desk_unregister(struct desk *d, struct row *r);     /* the event is the caller's */

/* ------------------------------------------------------------------------------------------------ registration */

/* An answer to a device's request. */
struct answer {
    uint8_t code;
    const char *location; /* "/rd/…" or NULL */
    char text[96];        /* diagnostic payload (RFC 7252 section 5.5.2); "" for none */
};
/* A request below /rd from the device of that row. */
void sg_server_registration(struct desk *d, struct row *r, const struct sg_coap *m, struct answer *a);

/* ---------------------------------------------------------------------------------------------------- requests */

/* Fills message, mid and token of a request to that row's device. `observe` is -1, or 0 or 1 as in RFC 7641: then the
 * token is the caller's. SG_ENOSPC. */
int sg_server_ask_build(struct desk *d, struct row *r, const struct sg_server_request *request, int observe,
                        struct ask *a);
/* Takes it into the queue of that device; `done` may be called at once. */
void sg_server_ask(struct desk *d, struct row *r, struct ask *a);
/* A response, acknowledgement or reset. False: it belongs to no request. */
bool sg_server_ask_input(struct desk *d, struct row *r, const struct sg_coap *m);
void sg_server_ask_tick(struct desk *d, struct row *r);
void sg_server_ask_end_all(struct desk *d, struct row *r, int rc);
uint64_t sg_server_ask_deadline(const struct peer *p);

/* ------------------------------------------------------------------------------------------------ observations */

/* Begins to observe w->path; the watch is the desk's from here on. *handle is set before anything is called; `worker`
 * is its top byte. Gives up at `until`. */
void sg_server_watch(struct desk *d, struct row *r, struct watch *w, uint8_t worker, uint64_t until, uint64_t *handle);
/* A notification. False: no observation of ours has that token. */
bool sg_server_watch_input(struct desk *d, struct row *r, const struct sg_coap *m);
/* Ends one: tells the device, and not `fn`. */
void sg_server_unwatch(struct desk *d, uint64_t handle);
/* Ends all of a device's, telling `fn`. */
void sg_server_watch_end_all(struct desk *d, struct row *r);
/* After a new registration: the device has forgotten what it was asked to observe (LwM2M 1.1 core section 6.2.1). */
void sg_server_watch_again(struct desk *d, struct row *r);

#endif
