/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server: the LwM2M server. Registration, device management and information reporting over DTLS with connection ids;
 * who may connect, by the inventory; who is shut out, at once.
 *
 * Worker threads share nothing: each owns a UDP socket, its associations and registrations (in tables mapped from the
 * run-time directory, so they outlive the process), and a queue. Any thread may call the functions below.
 */
#ifndef SG_SERVER_H
#define SG_SERVER_H

#include "core/core.h"
#include "pki/pki.h"
#include "store/store.h"

struct sg_server;

struct sg_server_config {
    const char *listen;    /* "[::]:5684", "127.0.0.1:0" (0: any free port, see sg_server_port) */
    unsigned workers;      /* 1 to 64 */
    uint32_t max_devices;  /* per worker: rows in the tables; 1 to 2^24 */
    const char *inventory; /* the store's file; device root and issuing CAs are taken from it */
    const char *run_dir;   /* mode 0700, on a RAM file system; made if absent */
    X509 *cert;            /* borrowed, as all here */
    EVP_PKEY *key;
    uint16_t mtu;                   /* 512 to 1452 */
    bool cid;                       /* negotiate connection ids */
    const struct sg_psk_vault *psk; /* takes devices with pre-shared keys, and opens these; NULL: takes none */
};

/* Starts everything: store, tables, sockets, threads. NULL and a sentence on error, with nothing left behind.
 * What the tables hold from before goes on; the inventory is asked again about each peer in them. */
struct sg_server *sg_server_start(const struct sg_server_config *config, struct sg_error *err);
/* Ends the threads, writes what is still to be written, keeps associations and registrations in the tables. */
void sg_server_stop(struct sg_server *s);
uint16_t sg_server_port(const struct sg_server *s);

/* ---------------------------------------------------------------------------------------------- what is there */

struct sg_server_device {
    char endpoint[128];
    bool connected; /* it has a live DTLS association */
    bool registered;
    bool cid;            /* its records carry a connection id of ours */
    bool resumed;        /* its last handshake was an abbreviated one */
    bool psk;            /* it has a pre-shared key, and no certificate: `cert` says nothing */
    bool forward_secret; /* what was recorded stays secret, whatever becomes known later */
    uint16_t suite;
    struct sg_addr addr;
    struct sg_fingerprint cert;
    int64_t connected_at, registered_at, heard_at; /* seconds since 1970; 0: never */
    uint32_t lifetime;                             /* seconds */
    char version[8], binding[8];
    char location[16];  /* of its registration: "/rd/…" */
    char objects[1024]; /* link format as it was registered */
};
/* What the workers hold of a device. SG_ENOTFOUND: nothing at present (it may still be in the inventory). */
int sg_server_device(struct sg_server *s, const char *endpoint, struct sg_server_device *out);
/* For each device that has a live association or registration, in no order. A non-zero return ends the walk and is
 * returned. */
int sg_server_each_device(struct sg_server *s, int (*fn)(void *user, const struct sg_server_device *d), void *user);

struct sg_server_counts { /* since the start */
    uint64_t handshakes, resumed, refused, registrations, updates, datagrams_in, datagrams_out, moved;
    uint32_t connected, registered; /* now */
};
void sg_server_counts(struct sg_server *s, struct sg_server_counts *counts);

/* ------------------------------------------------------------------------------------------- what can be asked */

enum sg_server_op { SG_READ, SG_WRITE /* replace */, SG_EXECUTE, SG_DISCOVER };

struct sg_server_request {
    enum sg_server_op op;
    struct sg_path path;
    int format;              /* WRITE: of the payload; READ: what is asked for, -1: as the device likes */
    struct sg_bytes payload; /* WRITE; EXECUTE: its arguments as text; at most 1024 bytes */
};
struct sg_server_reply {
    uint8_t code; /* CoAP */
    int format;   /* of the payload, -1: none given */
    size_t n;
    uint8_t payload[4096];
};
/*
 * Sends a request to a registered device and waits for its answer. A device that answers with an error code gives 0 and
 * that code. SG_ENOTFOUND: not registered (err tells whether it is known at all and when it was last heard);
 * SG_ETIMEOUT: no answer; SG_ECLOSED: it was shut out or went away meanwhile; SG_ENOSPC: larger than the buffer.
 */
int sg_server_request(struct sg_server *s, const char *endpoint, const struct sg_server_request *request,
                      struct sg_server_reply *reply, uint32_t timeout_ms, struct sg_error *err);

/* Ends all requests that wait for an answer, with SG_ECLOSED: so that a stop does not wait for sleeping devices. */
void sg_server_hang_up(struct sg_server *s);

/* An observed value, or the end of an observation. `fn` runs on a worker's thread and must be quick. */
struct sg_server_notification {
    const char *endpoint;
    struct sg_path path;
    bool ended; /* nothing more comes: device gone, shut out, or it refused (`code`) */
    uint8_t code;
    int format;
    struct sg_bytes payload;
    int64_t at;
};
/* Observes (RFC 7641) until sg_server_unobserve. The first value comes as the first notification. *handle is its
 * number. */
int sg_server_observe(struct sg_server *s, const char *endpoint, const struct sg_path *path,
                      void (*fn)(void *user, const struct sg_server_notification *n), void *user, uint64_t *handle,
                      uint32_t timeout_ms, struct sg_error *err);
/* After its return `fn` is not called any more. */
void sg_server_unobserve(struct sg_server *s, uint64_t handle);

/* ---------------------------------------------------------------------------------------------- who is shut out */

struct sg_server_revoked {
    unsigned certificates, psks, associations, registrations; /* how many were ended */
    unsigned workers;                                         /* that confirmed it */
    uint32_t took_ms;
    char fingerprint[SG_FINGERPRINT_TEXT]; /* of the newest certificate revoked; "" where there was none */
};
/* Revokes all certificates and pre-shared keys of a device: durable first, then its live association (alert
 * access_denied) and registration end, and all workers confirm. `who` and `from` go to the audit log. SG_ENOTFOUND,
 * SG_ESTATE (revoked already). */
int sg_server_revoke(struct sg_server *s, const char *endpoint, enum sg_reason reason, const char *who,
                     const char *from, struct sg_server_revoked *out, struct sg_error *err);

/* ------------------------------------------------------------------------------------------------------- the log */

/* One line an event on standard error: time=2026-11-23T10:00:00.123Z level=info event=registered endpoint=urn:imei:… …
 * `pairs` are name, value, name, value, …, NULL; values are quoted where they need it and control characters never
 * pass. */
enum sg_log_level { SG_LOG_DEBUG, SG_LOG_INFO, SG_LOG_WARNING, SG_LOG_ERROR };
void sg_log_set_level(enum sg_log_level least);
void sg_log(enum sg_log_level level, const char *event, const char *const *pairs);
#define SG_LOG(level, event, ...) sg_log(level, event, (const char *const[]){__VA_ARGS__, NULL})

/* Writes one entry to the audit log by the server's own writer thread (for the API's refusals). Never waits. */
void sg_server_audit(struct sg_server *s, const char *who, const char *from, const char *what, const char *subject,
                     const char *detail);

#endif
