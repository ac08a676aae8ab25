/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the server room share: threads, sockets, files around the desk (desk.h), which is pure protocol. */
#ifndef SG_SERVER_INTERNAL_H
#define SG_SERVER_INTERNAL_H

#include "dtls/dtls.h"
#include "server/desk.h"

#include <pthread.h>

enum { MAX_WORKERS = 64 };

uint64_t sg_server_now(void); /* CLOCK_BOOTTIME in ms: it counts on through a restart and while the machine sleeps */
int64_t sg_server_wall(void); /* seconds since 1970 */

/* -------------------------------------------------------------------------------------------------- who is known */

/* A device's certificate or pre-shared key, as the inventory has it. */
struct known_cert {
    struct sg_fingerprint fingerprint; /* of a pre-shared key: of the name that goes with it, never of the key */
    uint64_t cert;
    int64_t device, from, until;
    enum sg_cert_state state;
    enum sg_device_state device_state;
    bool ca_revoked; /* an issuing CA above it is */
    bool psk_off;    /* a pre-shared key, and they are switched off */
    char endpoint[128];
    uint8_t sealed[SG_PSK_SEALED]; /* of a pre-shared key that is in use; opened for a handshake only */
};

/* All of them, and the CAs that are trusted: one copy in memory for all workers, so that a handshake asks no file. */
struct known;
/* `vault` opens pre-shared keys, borrowed; NULL: none is taken. */
struct known *sg_server_known_new(const struct sg_psk_vault *vault);
void sg_server_known_free(struct known *k);
/* Reads the inventory and takes its place whole. */
int sg_server_known_load(struct known *k, struct sg_store *store, struct sg_error *err);
bool sg_server_known_find(struct known *k, const struct sg_fingerprint *f, struct known_cert *out);
bool sg_server_known_get(struct known *k, uint64_t cert, struct known_cert *out);
/* Adds one that the inventory got meanwhile, or replaces one (by number), unless that is revoked. */
void sg_server_known_put(struct known *k, const struct known_cert *c);
enum sg_trust_result sg_server_known_verify(struct known *k, X509 *leaf, STACK_OF(X509) * sent, int64_t now,
                                            struct sg_error *err);
/* One certificate, directly from the inventory. False: it is not there, or it cannot be read. */
bool sg_server_known_lookup(struct known *k, struct sg_store *store, const struct sg_fingerprint *f,
                            struct known_cert *out);

/* The same of a pre-shared key: by its name, or (NULL) by its number. */
bool sg_server_known_lookup_psk(struct known *k, struct sg_store *store, const char *identity, uint64_t number,
                                struct known_cert *out);
void sg_server_psk_fingerprint(const char *identity, struct sg_fingerprint *f);
/* The key itself. False where it does not open (err). */
bool sg_server_known_key(struct known *k, const char *identity, const struct known_cert *c, struct sg_psk_secret *key,
                         struct sg_error *err);

/* Whether it may connect now; otherwise alert and reason are set. */
bool sg_server_judge(const struct known_cert *c, int64_t now, struct sg_dtls_verdict *verdict);

/* --------------------------------------------------------------------------------------------------- the writer */

/* The one thread that writes to the inventory: group commits; and the one that sees what other processes wrote. */
struct writer;
/* Reads who is known. `changed` is called on its thread after that was read anew; only while it is told to watch. */
struct writer *sg_server_writer_start(const char *inventory, struct known *known, void (*changed)(void *user),
                                      void *user, struct sg_error *err);
void sg_server_writer_watch(struct writer *w, bool watching);
void sg_server_writer_stop(struct writer *w); /* what was given is written first */
/* These never wait; what does not fit into the queue is counted and told in the log and the audit log. */
void sg_server_writer_audit(struct writer *w, const char *who, const char *from, const char *what, const char *subject,
                            const char *detail);
void sg_server_writer_registration(struct writer *w, const struct sg_registration_row *r);
/* Runs `fn` on its thread and waits for its result. */
int sg_server_writer_call(struct writer *w, int (*fn)(struct sg_store *store, void *arg, struct sg_error *err),
                          void *arg, struct sg_error *err);

/* -------------------------------------------------------------------------------------------------------- tables */

/* A file of the run-time directory, mapped whole. */
struct table {
    void *p;
    size_t n, reserved; /* bytes; what is reserved can be written whatever else fills the file system */
    int fd;             /* while p is not NULL */
};
/* The directory, made if absent and refused if others may look into it, and its lock. Returns the lock's descriptor. */
int sg_server_run_dir(const char *path, struct sg_error *err);
/* Maps run_dir/NAME of exactly n bytes; *fresh: it is new and zero. One of another size is moved aside. Its space must
 * be reserved before it is written. */
int sg_server_table_map(struct table *t, const char *run_dir, const char *name, size_t n, bool *fresh,
                        struct sg_error *err);
/* Moves it aside (NAME.damaged) with a log line that says `why`, and maps a new one. */
int sg_server_table_renew(struct table *t, const char *run_dir, const char *name, const char *why,
                          struct sg_error *err);
/* Its first n bytes. */
int sg_server_table_reserve(struct table *t, size_t n, struct sg_error *err);
void sg_server_table_unmap(struct table *t);

/* A table of rows: the size for `count`, or up to the end of the first `count`; the rows, and where the number of those
 * that were ever used stands. NULL: no such table of ours. */
size_t sg_server_rows_size(uint32_t count);
struct row *sg_server_rows(const struct table *t, bool fresh, uint32_t count, uint32_t **used);

/* ------------------------------------------------------------------------------------------------------- sockets */

/* One UDP socket per worker on one port, with the filter that steers. *port: the actual one. */
int sg_server_sockets(const char *listen, unsigned workers, int fds[MAX_WORKERS], uint16_t *port, struct sg_error *err);
/* The address of a datagram, from and to the system's form (`len` of either family). */
struct sockaddr;
struct sockaddr_storage;
void sg_server_addr_from(struct sg_addr *a, const struct sockaddr_storage *ss);
unsigned sg_server_addr_to(const struct sg_addr *a, int family, struct sockaddr_storage *ss);

/* ------------------------------------------------------------------------------------------------------- workers */

struct worker;
/* Something to be done on a worker's thread. */
struct job {
    struct job *next;
    void (*run)(struct worker *w, struct job *job);
};

/* Somebody who waits for a job's end. */
struct waiter {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool done;
};
#define WAITER_INIT                                                                                                    \
    {                                                                                                                  \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false                                                     \
    }
void sg_server_wait(struct waiter *w);
void sg_server_wake(struct waiter *w);

/* Refusals of one address in the present minute. */
struct refusals {
    struct sg_addr from;
    uint64_t since; /* steady ms */
    unsigned n;     /* written; 0: the row is free */
    uint64_t more;
};
enum { REFUSAL_ROWS = 16 };

struct worker_counts {
    _Atomic uint64_t handshakes, resumed, refused, registrations, updates, datagrams_in, datagrams_out, moved;
    _Atomic uint32_t connected, registered;
};

struct worker {
    struct sg_server *server;
    uint8_t number;
    int socket, family, wake; /* wake: an eventfd */
    bool started, stop;
    pthread_t thread;
    pthread_mutex_t queue_mutex;
    struct job *queue, **queue_end;
    struct batch *batch; /* room for datagrams; worker.c's */
    struct table dtls_table, row_table;
    struct sg_dtls *dtls;
    struct desk desk;
    struct sg_store *store; /* for certificates that `known` does not have yet */
    struct {                /* what `verify` refused last, for the REFUSED event that follows it */
        struct sg_addr addr;
        char subject[128];
    } refused;
    struct refusals refusals[REFUSAL_ROWS + 1]; /* the last: of all other addresses */
    struct worker_counts counts;
};

/* Tables, association endpoint, desk; what the tables hold is held against the inventory. */
int sg_server_worker_open(struct worker *w, struct sg_server *s, uint8_t number, int socket, struct sg_error *err);
int sg_server_worker_start(struct worker *w, struct sg_error *err);
void sg_server_worker_stop(struct worker *w); /* ends its thread, when there is one */
/* Without its thread: runs what is left in its queue, which may post to other workers. */
void sg_server_worker_drain(struct worker *w);
void sg_server_worker_close(struct worker *w);
void sg_server_post(struct worker *w, struct job *job);
/* Ends whatever there is of a device, and writes down the end of its registration: after it nothing is written that
 * was said before. */
struct dropped sg_server_shut_out(struct worker *w, const char *endpoint, int alert);
/* Holds every live row against what is known now, and shuts out who may not be here any more. */
void sg_server_recheck(struct worker *w);
void sg_server_verify(void *user, const struct sg_addr *peer, X509 *leaf, STACK_OF(X509) * sent,
                      struct sg_dtls_verdict *verdict);
void sg_server_psk(void *user, const struct sg_addr *peer, struct sg_bytes identity, struct sg_buf *key,
                   struct sg_dtls_verdict *verdict);
void sg_server_dtls_event(void *user, const struct sg_dtls_event *e);
void sg_server_desk_event(void *user, const struct desk_event *e);
/* Whether a refusal goes to the audit log one by one; where not, it is counted. */
bool sg_server_refusal_is_written(struct worker *w, const struct sg_addr *from);
void sg_server_refusals_tell(struct worker *w, bool all);    /* what was counted, `all` or where its minute is over */
void sg_server_seize(struct worker *w, const struct row *r); /* other workers let go of that device */

struct sg_server {
    struct sg_server_config config; /* its strings are copies */
    int lock;
    uint16_t port;
    struct known *known;
    struct writer *writer;
    unsigned opened; /* workers */
    struct worker workers[MAX_WORKERS];
};

#endif
