/* SPDX-License-Identifier: Apache-2.0 */
/* Start and stop: everything in order, and nothing left behind where something is missing. */
#include "server/server_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int check_config(const struct sg_server_config *c, struct sg_error *err)
{
    if (c->workers < 1 || c->workers > MAX_WORKERS)
        return sg_fail(err, SG_EINVAL, "%u workers: 1 to %d are possible", c->workers, MAX_WORKERS);
    if (c->max_devices < 1 || c->max_devices > 1u << 24)
        return sg_fail(err, SG_EINVAL, "%u devices per worker: 1 to 16777216 are possible", c->max_devices);
    if (c->mtu < 512 || c->mtu > 1452)
        return sg_fail(err, SG_EINVAL, "datagrams of %u bytes: 512 to 1452 are possible", c->mtu);
    if (c->cert == NULL || c->key == NULL || X509_check_private_key(c->cert, c->key) != 1)
        return sg_fail(err, SG_EMISMATCH, "the server's private key does not belong to its certificate");
    return 0;
}

static int copy_config(struct sg_server *s, const struct sg_server_config *c, struct sg_error *err)
{
    s->config = *c;
    s->config.listen = strdup(c->listen);
    s->config.inventory = strdup(c->inventory);
    s->config.run_dir = strdup(c->run_dir);
    if (s->config.listen == NULL || s->config.inventory == NULL || s->config.run_dir == NULL)
        return sg_fail(err, SG_ENOMEM, "out of memory");
    return 0;
}

static void free_text(const char *text)
{
    free((void *)(uintptr_t)text);
}

/* ------------------------------------------------------------------------- another process wrote to the inventory */

static void run_recheck(struct worker *w, struct job *job)
{
    free(job);
    sg_server_recheck(w);
}

static void inventory_changed(void *user)
{
    struct sg_server *s = user;

    for (unsigned i = 0; i < s->config.workers; i++) {
        struct job *job = calloc(1, sizeof *job);
        if (job == NULL)
            return; /* the workers look by themselves within a minute */
        job->run = run_recheck;
        sg_server_post(&s->workers[i], job);
    }
}

/* ------------------------------------------------------------------------------------------------------- start */

static int open_workers(struct sg_server *s, struct sg_error *err)
{
    int fds[MAX_WORKERS];
    int rc = sg_server_sockets(s->config.listen, s->config.workers, fds, &s->port, err);

    if (rc < 0)
        return rc;
    for (unsigned i = 0; i < s->config.workers; i++)
        s->workers[i].socket = fds[i];
    for (; s->opened < s->config.workers; s->opened++) {
        struct worker *w = &s->workers[s->opened];
        rc = sg_server_worker_open(w, s, (uint8_t)s->opened, w->socket, err);
        if (rc < 0) {
            s->opened++; /* it is closed with the others */
            break;
        }
    }
    for (unsigned i = s->opened; i < s->config.workers; i++) /* those that were not reached */
        close(fds[i]);
    return rc;
}

static int start(struct sg_server *s, const struct sg_server_config *config, struct sg_error *err)
{
    int rc = copy_config(s, config, err);

    if (rc < 0)
        return rc;
    s->lock = sg_server_run_dir(s->config.run_dir, err);
    if (s->lock < 0)
        return s->lock;
    s->known = sg_server_known_new(config->psk);
    if (s->known == NULL)
        return sg_fail(err, SG_ENOMEM, "out of memory");
    s->writer = sg_server_writer_start(s->config.inventory, s->known, inventory_changed, s, err);
    if (s->writer == NULL)
        return SG_EIO;
    rc = open_workers(s, err);
    for (unsigned i = 0; rc == 0 && i < s->config.workers; i++)
        rc = sg_server_worker_start(&s->workers[i], err);
    if (rc == 0)
        sg_server_writer_watch(s->writer, true);
    return rc;
}

struct sg_server *sg_server_start(const struct sg_server_config *config, struct sg_error *err)
{
    if (check_config(config, err) < 0)
        return NULL;
    struct sg_server *s = calloc(1, sizeof *s);
    if (s == NULL) {
        sg_fail(err, SG_ENOMEM, "out of memory");
        return NULL;
    }
    s->lock = -1;
    if (start(s, config, err) == 0)
        return s;
    sg_server_stop(s);
    return NULL;
}

void sg_server_stop(struct sg_server *s)
{
    if (s == NULL)
        return;
    if (s->writer != NULL)
        sg_server_writer_watch(s->writer, false);
    for (unsigned i = 0; i < s->opened; i++)
        sg_server_worker_stop(&s->workers[i]);
    for (unsigned i = 0; i < 2 * s->opened; i++) /* twice: a job may post one to another worker, which posts none */
        sg_server_worker_drain(&s->workers[i % s->opened]);
    for (unsigned i = 0; i < s->opened; i++)
        sg_server_worker_close(&s->workers[i]);
    sg_server_writer_stop(s->writer);
    sg_server_known_free(s->known);
    if (s->lock >= 0)
        close(s->lock);
    free_text(s->config.listen);
    free_text(s->config.inventory);
    free_text(s->config.run_dir);
    free(s);
}

uint16_t sg_server_port(const struct sg_server *s)
{
    return s->port;
}

void sg_server_audit(struct sg_server *s, const char *who, const char *from, const char *what, const char *subject,
                     const char *detail)
{
    sg_server_writer_audit(s->writer, who, from, what, subject, detail);
}

void sg_server_counts(struct sg_server *s, struct sg_server_counts *counts)
{
    memset(counts, 0, sizeof *counts);
    for (unsigned i = 0; i < s->config.workers; i++) {
        const struct worker_counts *c = &s->workers[i].counts;
        counts->handshakes += c->handshakes;
        counts->resumed += c->resumed;
        counts->refused += c->refused;
        counts->registrations += c->registrations;
        counts->updates += c->updates;
        counts->datagrams_in += c->datagrams_in;
        counts->datagrams_out += c->datagrams_out;
        counts->moved += c->moved;
        counts->connected += c->connected;
        counts->registered += c->registered;
    }
}
