/* SPDX-License-Identifier: Apache-2.0 */
/* factory: one enrolment under way, and its parts: meet the modem, look at its store, make a key, issue, put in place.
 */
#ifndef SG_FACTORY_INTERNAL_H
#define SG_FACTORY_INTERNAL_H

#include "factory/factory.h"

enum { SG_FACTORY_CREDS = 8, SG_FACTORY_PEM = 2048, SG_FACTORY_CRLF = SG_FACTORY_PEM + 64 };
/* Certificates begin an hour ago: the clock of the one who checks them may be behind ours. */
enum { SG_FACTORY_CLOCK_SLACK = 3600 };

/* What is to be done, once the modem and the inventory were looked at. */
enum sg_factory_plan {
    SG_FACTORY_VERIFY,   /* it is enrolled: compare, write nothing */
    SG_FACTORY_BEGIN,    /* the tag is empty */
    SG_FACTORY_REPLACE,  /* what is at the tag goes (allowed) */
    SG_FACTORY_CONTINUE, /* an enrolment was interrupted: all at the tag is ours */
};

struct sg_factory_run {
    const struct sg_enroll *e;
    struct sg_enroll_result *r;
    struct sg_error *err;
    struct sg_store *store;      /* e->store; in a turn to write, the one that all share */
    bool known;                  /* the inventory has this modem: r->device is its row */
    char endpoint[128];          /* its name after this enrolment */
    struct sg_attestation token; /* what the modem said when it was asked who it is */
    bool has_token;
    enum sg_factory_plan plan;
    struct sg_cred creds[SG_FACTORY_CREDS]; /* of the types 0 to 4 at the tag */
    size_t n_creds;
    int64_t vacate;              /* a tag that is emptied once the identity is in place elsewhere; -1: none */
    struct sg_cert_row cert;     /* the certificate of this enrolment, once there is one (number != 0) */
    bool second;                 /* this is the bootstrap identity: the first is in place */
    bool proven;                 /* the modem has proven that it holds its private key */
    char pem[2][SG_FACTORY_PEM]; /* what is written as type 0 and as type 1; a shell makes CR LF of its line ends */
    size_t pem_len[2];
    struct sg_psk_row psk; /* the pre-shared key of this enrolment, once there is one (number != 0) */
};

/* Tells a step. SG_ECLOSED where the caller wants to end there. */
int sg_factory_step(struct sg_factory_run *run, enum sg_enroll_step step, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A sentence for a failed command of the modem. `doing` completes "the modem on PORT failed at …". Returns `code`. */
int sg_factory_modem_fail(struct sg_factory_run *run, int code, const char *doing);
/* A refusal before anything was changed. Returns `code`. */
int sg_factory_refuse(struct sg_factory_run *run, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* An audit entry about this device. */
int sg_factory_audit(struct sg_factory_run *run, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Says what lies at the tag: "a root CA certificate (sha-256 3f9a…) and a client private key". */
char *sg_factory_creds_text(const struct sg_factory_run *run, char *text, size_t cap);

/* turns.c: around everything that one enrolment writes at once. The second returns `r`, or why it is not durable. */
int sg_factory_begin(struct sg_factory_run *run);
int sg_factory_end(struct sg_factory_run *run, int r);

/* meet.c: who the modem is, what the inventory knows of it, its name and tag. */
int sg_factory_meet(struct sg_factory_run *run);
/* The tag of an identity that finds it empty, and whether this modem's went to the other one instead. */
uint32_t sg_factory_first_tag(const struct sg_factory_run *run);
bool sg_factory_is_moved(const struct sg_factory_run *run);
/* look.c: what is at the tag; sets the plan, or refuses. */
int sg_factory_look(struct sg_factory_run *run);
int sg_factory_list(struct sg_factory_run *run);
int sg_factory_list_at(struct sg_factory_run *run, uint32_t tag);
const struct sg_cred *sg_factory_cred(const struct sg_factory_run *run, unsigned type);
/* The device's certificate at the tag in that state, the newest: 1 and run->cert, 0, or an error. */
int sg_factory_find_cert(struct sg_factory_run *run, enum sg_cert_state state);
/* Whether the modem still holds the key of run->cert, as far as its list tells. */
bool sg_factory_has_key(const struct sg_factory_run *run);

/* enroll.c: all identities of the device but this one are replaced. The bootstrap identity stays, unless both are
 * renewed; and that replaces none but its own. */
int sg_factory_retire_others(struct sg_factory_run *run);
/* Whether this modem may get an identity, and from this CA; and off the network with it. */
int sg_factory_may_change(struct sg_factory_run *run);
/* A certificate by the plan, recorded, written and compared; it is not active yet. */
int sg_factory_change_certificate(struct sg_factory_run *run);

/* bootstrap.c: before anything is changed, whether its tag can have the bootstrap identity; and that identity, where
 * one is wanted. */
int sg_factory_look_bootstrap(struct sg_factory_run *run);
int sg_factory_bootstrap(struct sg_factory_run *run);

/* lock.c: whether the port is locked, and with the line's key: commands are signed from then on. And its end: locked.
 */
int sg_factory_look_lock(struct sg_factory_run *run);
int sg_factory_lock(struct sg_factory_run *run);

/* limits.c: whether the CA may issue for this device (its number; 0: a new one). SG_EDENIED: it was withdrawn, or has
 * reached its limit. */
int sg_factory_may_issue(struct sg_store *store, X509 *ca, int64_t device, int64_t now, struct sg_error *err);

/* issue.c: a key, its request, its certificate; run->cert is recorded as issued after it. */
int sg_factory_issue(struct sg_factory_run *run);

/* identity.c: asks the modem who it is, before anything is changed. A modem whose identity key is known, by the maker's
 * list or from first sight, must sign a fresh challenge with it. */
int sg_factory_challenge(struct sg_factory_run *run);
/* Refuses to give an identity to a modem that cannot prove which it is, unless that is allowed. */
int sg_factory_may_trust(struct sg_factory_run *run);
/* Whether the same key signed the request's message; *how tells what was checked. Pins the key in r->device where it is
 * new. */
int sg_factory_attest(struct sg_factory_run *run, const struct sg_keygen *k, const char **how);

/* proof.c: whether the modem holds this private key at the tag. 1: it has proven that; 0: its firmware cannot;
 * SG_EMISMATCH, without a sentence: it holds another, or none. The second: the key of run->cert. */
int sg_factory_prove(struct sg_factory_run *run, EVP_PKEY *key);
int sg_factory_prove_cert(struct sg_factory_run *run);

/* psk.c: a pre-shared key instead of a certificate. */
int sg_factory_psk_change(struct sg_factory_run *run); /* records one, writes it, compares */
int sg_factory_psk_verify(struct sg_factory_run *run);
int sg_factory_psk_find(struct sg_factory_run *run, enum sg_cert_state state); /* as sg_factory_find_cert, run->psk */
int sg_factory_psk_retire_others(struct sg_factory_run *run);

/* place.c: the two PEM texts; writes what is not there yet; compares all three digests. */
int sg_factory_prepare(struct sg_factory_run *run);
int sg_factory_place(struct sg_factory_run *run);
int sg_factory_compare(struct sg_factory_run *run);
int sg_factory_clear(struct sg_factory_run *run);  /* deletes what is at the tag */
int sg_factory_vacate(struct sg_factory_run *run); /* deletes what is at run->vacate */

/* function.c: whether the modem is on the network. Before something is changed: off it, where that is allowed. */
int sg_factory_take_down(struct sg_factory_run *run);
/* At the end, with the result: as it was found, or as it is to be left. */
void sg_factory_leave(struct sg_factory_run *run, int r);

/* renew_connect.c: whether a server takes the identity at the tag. */
int sg_factory_connect(struct sg_factory_run *run, const struct sg_renew *n);
/* Sets the functional mode, unless it is that already. */
int sg_factory_set_function(struct sg_factory_run *run, int function);

#endif
