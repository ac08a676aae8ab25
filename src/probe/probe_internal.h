/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of probe share. */
#ifndef SG_PROBE_INTERNAL_H
#define SG_PROBE_INTERNAL_H

#include "probe/probe.h"

/* A table of runs: runs_KIND.c. */
struct sg_probe_runs {
    const struct sg_probe_run *run;
    size_t n;
};
extern const struct sg_probe_runs sg_probe_runs_server, sg_probe_runs_device, sg_probe_runs_modem, sg_probe_runs_image,
    sg_probe_runs_batch, sg_probe_runs_guided;

/* Forgets the key log: keys that are not throw-away ones were in use (capture.c). */
void sg_probe_capture_drop_keys(struct sg_capture *c);

/* ------------------------------------------------------------------------------------------- a record (record.c) */

/* A file beside the record. */
struct sg_probe_file {
    const char *name, *what;
    struct sg_bytes content;
};
/* The text of record.json (free()); NULL: out of memory. */
char *sg_probe_record_text(const struct sg_probe_target *t, const struct sg_probe_result *r, const char *who,
                           uint64_t number, const char *previous, const struct sg_probe_file *file, size_t files);
enum { SG_PROBE_SHA = 65, SG_PROBE_RECORD_MAX = 4 << 20 /* bytes of record.json */ };
char *sg_probe_sha(struct sg_bytes content, char text[SG_PROBE_SHA]); /* SHA-256 in hexadecimal digits */
/* The number at the begin of a record's folder's name ("0001-srv.plain"); 0: it is no such name. */
uint64_t sg_probe_folder_number(const char *name);

/* ------------------------------------------------------------------------------- the wire (wire.c): the port file */

/* The wall clock, for records. */
int64_t sg_probe_now_us(void);
int64_t sg_probe_now_ms(void);
/* A steady clock, for deadlines, in ms. */
uint64_t sg_probe_steady(void);

/* A UDP socket whose every datagram is captured, and that sends no faster than `rate` datagrams a second (0: no limit):
 * the probe is gentle with what it probes. */
struct sg_probe_wire {
    int fd;
    struct sg_addr local; /* as bound; of the wildcard address: the port only */
    unsigned rate;
    uint64_t next_send_us;
    struct sg_capture *capture; /* where datagrams go; NULL: nowhere. Borrowed */
};
/* Binds to `local` (port 0: any). SG_EIO, SG_EBUSY (in use). */
int sg_probe_wire_open(struct sg_probe_wire *w, const struct sg_addr *local, unsigned rate, struct sg_error *err);
void sg_probe_wire_close(struct sg_probe_wire *w);
int sg_probe_wire_send(struct sg_probe_wire *w, const struct sg_addr *to, struct sg_bytes datagram);
/* Waits until `deadline` (of sg_probe_steady) for one datagram: its length, 0 at the deadline, SG_ECLOSED where the
 * peer's host says that nobody listens there, another SG_E… on failure. */
int sg_probe_wire_receive(struct sg_probe_wire *w, struct sg_addr *from, uint8_t *datagram, size_t cap,
                          uint64_t deadline);

#endif
