/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's thread: its socket, its queue, its timers; and the start, where tables of an earlier process go on. */
#include "server/server_internal.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH = 16,              /* datagrams per system call */
    DATAGRAM_MAX = 65535,    /* what UDP can carry */
    SPARE_ASSOCIATIONS = 64, /* a device that returns has two for a moment */
    GROW = 256,              /* rows whose room is reserved at a time */
    RECHECK_MS = 60000,      /* certificates expire without anybody writing it down */
};

uint64_t sg_server_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int64_t sg_server_wall(void)
{
    return (int64_t)time(NULL);
}

/* -------------------------------------------------------------------------------------------------------- queue */

void sg_server_wait(struct waiter *w)
{
    pthread_mutex_lock(&w->mutex);
    while (!w->done)
        pthread_cond_wait(&w->cond, &w->mutex);
    pthread_mutex_unlock(&w->mutex);
    pthread_cond_destroy(&w->cond);
    pthread_mutex_destroy(&w->mutex);
}

void sg_server_wake(struct waiter *w)
{
    pthread_mutex_lock(&w->mutex);
    w->done = true;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->mutex);
}

void sg_server_post(struct worker *w, struct job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&w->queue_mutex);
    *w->queue_end = job;
    w->queue_end = &job->next;
    pthread_mutex_unlock(&w->queue_mutex);
    (void)eventfd_write(w->wake, 1);
}

static void set_time(struct worker *w)
{
    w->desk.now = sg_server_now();
    w->desk.wall = sg_server_wall();
}

static void run_jobs(struct worker *w)
{
    eventfd_t n;

    (void)eventfd_read(w->wake, &n);
    pthread_mutex_lock(&w->queue_mutex);
    struct job *job = w->queue;
    w->queue = NULL;
    w->queue_end = &w->queue;
    pthread_mutex_unlock(&w->queue_mutex);
    while (job != NULL) {
        struct job *next = job->next;
        job->run(w, job);
        job = next;
    }
}

/* ------------------------------------------------------------------------------------------------------- datagrams */

static void send_datagram(void *user, const struct sg_addr *to, struct sg_bytes datagram)
{
    struct worker *w = user;
    struct sockaddr_storage ss;
    unsigned n = sg_server_addr_to(to, w->family, &ss);

    if (sendto(w->socket, datagram.p, datagram.n, MSG_NOSIGNAL, (struct sockaddr *)&ss, (socklen_t)n) < 0)
        return; /* as if lost on the way: both sides send again */
    atomic_fetch_add_explicit(&w->counts.datagrams_out, 1, memory_order_relaxed);
}

/* Room for one call of recvmmsg. */
struct batch {
    struct mmsghdr message[BATCH];
    struct iovec iov[BATCH];
    struct sockaddr_storage from[BATCH];
    uint8_t datagram[BATCH][DATAGRAM_MAX];
};

static struct batch *new_batch(void)
{
    struct batch *b = calloc(1, sizeof *b);

    if (b == NULL)
        return NULL;
    for (int i = 0; i < BATCH; i++) {
        b->iov[i] = (struct iovec){b->datagram[i], DATAGRAM_MAX};
        b->message[i].msg_hdr.msg_iov = &b->iov[i];
        b->message[i].msg_hdr.msg_iovlen = 1;
        b->message[i].msg_hdr.msg_name = &b->from[i];
    }
    return b;
}

/* Takes what has arrived, one batch, so that queue and timers get their turn. */
static void receive(struct worker *w)
{
    struct batch *b = w->batch;

    for (int i = 0; i < BATCH; i++)
        b->message[i].msg_hdr.msg_namelen = sizeof b->from[i];
    int n = recvmmsg(w->socket, b->message, BATCH, MSG_DONTWAIT, NULL);
    set_time(w);
    for (int i = 0; i < n; i++) {
        struct sg_addr from;
        sg_server_addr_from(&from, &b->from[i]);
        sg_dtls_input(w->dtls, &from, b->datagram[i], b->message[i].msg_len, w->desk.now);
    }
    if (n > 0)
        atomic_fetch_add_explicit(&w->counts.datagrams_in, (uint64_t)n, memory_order_relaxed);
}

/* ----------------------------------------------------------------------------------------------------------- thread */

static void publish(struct worker *w)
{
    atomic_store_explicit(&w->counts.connected, w->desk.connected, memory_order_relaxed);
    atomic_store_explicit(&w->counts.registered, w->desk.registered, memory_order_relaxed);
}

static int wait_ms(const struct worker *w, uint64_t recheck)
{
    uint64_t at = sg_dtls_deadline(w->dtls), other = sg_server_desk_deadline(&w->desk), now = sg_server_now();

    if (other < at)
        at = other;
    if (recheck < at)
        at = recheck;
    return at <= now ? 0 : (int)(at - now);
}

static void *run(void *arg)
{
    struct worker *w = arg;
    struct epoll_event event = {.events = EPOLLIN}, ready[2];
    uint64_t recheck = sg_server_now() + RECHECK_MS;
    int poll = epoll_create1(EPOLL_CLOEXEC);

    event.data.fd = w->socket;
    (void)epoll_ctl(poll, EPOLL_CTL_ADD, w->socket, &event);
    event.data.fd = w->wake;
    (void)epoll_ctl(poll, EPOLL_CTL_ADD, w->wake, &event);
    while (!w->stop) {
        int n = epoll_wait(poll, ready, 2, wait_ms(w, recheck));
        set_time(w);
        for (int i = 0; i < n; i++) {
            if (ready[i].data.fd == w->socket)
                receive(w);
            else
                run_jobs(w);
        }
        sg_dtls_tick(w->dtls, w->desk.now);
        sg_server_desk_tick(&w->desk);
        if (w->desk.now >= recheck) {
            sg_server_recheck(w);
            recheck = w->desk.now + RECHECK_MS;
        }
        publish(w);
    }
    close(poll);
    return NULL;
}

int sg_server_worker_start(struct worker *w, struct sg_error *err)
{
    int e = pthread_create(&w->thread, NULL, run, w);

    if (e != 0)
        return sg_fail(err, SG_EIO, "starting worker %u: %s", w->number, strerror(e));
    w->started = true;
    return 0;
}

static void run_stop(struct worker *w, struct job *job)
{
    (void)job;
    w->stop = true;
}

void sg_server_worker_stop(struct worker *w)
{
    struct job stop = {.run = run_stop};

    if (!w->started)
        return;
    sg_server_post(w, &stop);
    pthread_join(w->thread, NULL);
    w->started = false;
}

/* ------------------------------------------------------------------------------------------------ beginning and end */

static int send_message(void *user, uint64_t assoc, struct sg_bytes message)
{
    struct worker *w = user;
    return sg_dtls_send(w->dtls, assoc, message, w->desk.now);
}

static void close_association(void *user, uint64_t assoc, int alert)
{
    struct worker *w = user;
    (void)sg_dtls_close(w->dtls, assoc, alert, w->desk.now);
}

static void random_bytes(void *user, void *p, size_t n)
{
    (void)user;
    (void)RAND_bytes(p, (int)n); /* it ends the process where the system has no randomness */
}

/* Keeps the room of the rows some way ahead of their use. */
static int grow(void *user, uint32_t rows)
{
    struct worker *w = user;
    struct sg_error err = {0};
    uint32_t up_to = (rows + GROW - 1) / GROW * GROW;

    if (up_to > w->desk.count)
        up_to = w->desk.count;
    int rc = sg_server_table_reserve(&w->row_table, sg_server_rows_size(up_to), &err);
    if (rc < 0)
        SG_LOG(SG_LOG_ERROR, "no-room", "reason", err.text);
    return rc;
}

static int map_whole(struct table *t, const char *run_dir, const char *name, size_t n, struct sg_error *err)
{
    bool fresh;
    int rc = sg_server_table_map(t, run_dir, name, n, &fresh, err);
    return rc < 0 ? rc : sg_server_table_reserve(t, n, err);
}

static int open_dtls(struct worker *w, struct sg_error *err)
{
    const struct sg_server_config *c = &w->server->config;
    const struct sg_dtls_config config = {.server = true,
                                          .cert = c->cert,
                                          .key = c->key,
                                          .cid = c->cid ? SG_CID_ON : SG_CID_OFF,
                                          .worker = w->number,
                                          .mtu = c->mtu,
                                          .user = w,
                                          .send = send_datagram,
                                          .event = sg_server_dtls_event,
                                          .verify = sg_server_verify,
                                          .psk = c->psk != NULL ? sg_server_psk : NULL};
    uint32_t slots = c->max_devices + SPARE_ASSOCIATIONS;
    char name[32];

    if (slots > 1u << 24)
        slots = 1u << 24;
    (void)snprintf(name, sizeof name, "worker%u.dtls", w->number);
    int rc = map_whole(&w->dtls_table, c->run_dir, name, sg_dtls_table_size(slots), err);
    if (rc < 0)
        return rc;
    struct sg_error why = {0};
    w->dtls = sg_dtls_new(&config, w->dtls_table.p, slots, &why);
    if (w->dtls == NULL && why.code == SG_EFORMAT) {
        rc = sg_server_table_renew(&w->dtls_table, c->run_dir, name, why.text, err);
        if (rc == 0)
            rc = sg_server_table_reserve(&w->dtls_table, w->dtls_table.n, err);
        if (rc < 0)
            return rc;
        w->dtls = sg_dtls_new(&config, w->dtls_table.p, slots, &why);
    }
    return w->dtls != NULL ? 0 : sg_fail(err, why.code, "%s", why.text);
}

static int open_desk(struct worker *w, struct sg_error *err)
{
    const struct sg_server_config *c = &w->server->config;
    const struct desk_ports ports = {w, send_message, close_association, sg_server_desk_event, random_bytes, grow};
    char name[32];
    bool fresh;
    uint32_t *used;

    (void)snprintf(name, sizeof name, "worker%u.devices", w->number);
    int rc = sg_server_table_map(&w->row_table, c->run_dir, name, sg_server_rows_size(c->max_devices), &fresh, err);
    if (rc == 0)
        rc = sg_server_table_reserve(&w->row_table, sg_server_rows_size(0), err);
    if (rc < 0)
        return rc;
    struct row *rows = sg_server_rows(&w->row_table, fresh, c->max_devices, &used);
    if (rows == NULL) {
        rc = sg_server_table_renew(&w->row_table, c->run_dir, name, "it is no table of this version, or damaged", err);
        if (rc == 0)
            rc = sg_server_table_reserve(&w->row_table, sg_server_rows_size(0), err);
        if (rc < 0)
            return rc;
        rows = sg_server_rows(&w->row_table, true, c->max_devices, &used);
    }
    return sg_server_desk_init(&w->desk, &ports, rows, used, c->max_devices) == 0
               ? 0
               : sg_fail(err, SG_ENOMEM, "worker %u: out of memory", w->number);
}

/* Rows whose association is gone, and associations without a row: a process may be killed between the two. */
static void reconcile(struct worker *w)
{
    struct sg_dtls_info info;
    struct known_cert c;

    for (uint32_t i = 0; i < *w->desk.used; i++) {
        uint64_t assoc = w->desk.rows[i].assoc;
        if (assoc != 0 && (!sg_dtls_info(w->dtls, assoc, &info) || info.identity != w->desk.rows[i].cert))
            sg_server_desk_closed(&w->desk, assoc);
    }
    sg_dtls_id next;
    for (sg_dtls_id id = sg_dtls_next(w->dtls, 0); id != 0; id = next) {
        next = sg_dtls_next(w->dtls, id);
        if (sg_server_desk_of(&w->desk, id) != NULL || !sg_dtls_info(w->dtls, id, &info))
            continue;
        if (sg_server_known_get(w->server->known, info.identity, &c)) {
            struct caller caller = {.cert = c.cert, .device = c.device, .fingerprint = c.fingerprint};
            memcpy(caller.endpoint, c.endpoint, sizeof caller.endpoint);
            if (sg_server_desk_connected(&w->desk, &caller, id, false) == 0)
                continue;
        }
        (void)sg_dtls_close(w->dtls, id, SG_ALERT_ACCESS_DENIED, w->desk.now);
    }
}

int sg_server_worker_open(struct worker *w, struct sg_server *s, uint8_t number, int socket, struct sg_error *err)
{
    struct sockaddr_storage ss = {0};
    socklen_t n = sizeof ss;

    w->server = s;
    w->number = number;
    w->socket = socket;
    (void)getsockname(socket, (struct sockaddr *)&ss, &n);
    w->family = ss.ss_family;
    pthread_mutex_init(&w->queue_mutex, NULL);
    w->queue_end = &w->queue;
    w->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    w->batch = new_batch();
    if (w->wake < 0 || w->batch == NULL)
        return sg_fail(err, SG_EIO, "worker %u: %s", number, strerror(errno));
    w->store = sg_store_open(s->config.inventory, err);
    if (w->store == NULL)
        return err != NULL && err->code != 0 ? err->code : SG_EIO;
    int rc = open_dtls(w, err);
    if (rc == 0)
        rc = open_desk(w, err);
    if (rc < 0)
        return rc;
    set_time(w);
    reconcile(w);
    sg_server_recheck(w);
    publish(w);
    return 0;
}

void sg_server_worker_drain(struct worker *w)
{
    if (w->desk.rows == NULL)
        return;
    set_time(w);
    run_jobs(w);
}

void sg_server_worker_close(struct worker *w)
{
    sg_server_refusals_tell(w, true);
    sg_server_desk_free(&w->desk);
    if (w->dtls != NULL)
        sg_dtls_free(w->dtls);
    if (w->store != NULL)
        sg_store_close(w->store);
    sg_server_table_unmap(&w->row_table);
    sg_server_table_unmap(&w->dtls_table);
    free(w->batch);
    if (w->wake >= 0)
        close(w->wake);
    if (w->socket >= 0)
        close(w->socket);
    pthread_mutex_destroy(&w->queue_mutex);
}
