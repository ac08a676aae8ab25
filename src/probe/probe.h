/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe: plays the hostile peer against a server, a device, a modem, a firmware image or a lot, and records what
 * happened.
 *
 * A run tries one thing that must be refused, or looks at one thing that must hold. It shows a fault, or that nothing
 * spoke against the target; it never shows more. Each refusal stands between two control runs, in which the same is
 * done rightly and succeeds: without them "refused" may mean "not reachable". Each run leaves a record in an evidence
 * folder, signed and chained to the one before (docs/reference/records.md).
 */
#ifndef SG_PROBE_H
#define SG_PROBE_H

#include "core/core.h"
#include "modem/modem.h"
#include "pki/pki.h"
#include "store/store.h"

#include <jansson.h>

/* ------------------------------------------------------------------------------------------------- the catalogue */

/* What a run says. The order is that of how much a person must look at it. */
enum sg_verdict {
    SG_VERDICT_NOTHING_AGAINST, /* it behaved as it must; "pass" is a person's word */
    SG_VERDICT_REMARK, /* the same, but only a part of the property was shown, or for another reason than meant */
    SG_VERDICT_NOT_APPLICABLE, /* the target has no such thing; the reason says why */
    SG_VERDICT_SKIPPED,        /* not run, or its control failed: shows nothing, and never counts as passed */
    SG_VERDICT_FAIL,
};
const char *sg_verdict_name(enum sg_verdict v); /* "nothing-against", "remark", "not-applicable", "skipped", "fail" */

/* What a failure of this run means for whoever relies on the target. */
enum sg_severity { SG_SEVERITY_INFO, SG_SEVERITY_LOW, SG_SEVERITY_MEDIUM, SG_SEVERITY_HIGH, SG_SEVERITY_CRITICAL };
const char *sg_severity_name(enum sg_severity s); /* "info", "low", … */

/* What a run on the product itself is worth to the assessment of EN 18031: it speaks to a functional assessment of the
 * equipment, it supports one, or no requirement names it. A run that is no run on the product only supports. */
enum sg_weight { SG_WEIGHT_PRIMARY, SG_WEIGHT_SUPPORTING, SG_WEIGHT_EXTRA };
const char *sg_weight_name(enum sg_weight w); /* "primary", "supporting", "extra" */

enum sg_probe_kind {
    SG_PROBE_SERVER,
    SG_PROBE_DEVICE,
    SG_PROBE_MODEM,
    SG_PROBE_IMAGE,
    SG_PROBE_BATCH,
    SG_PROBE_GUIDED
};
const char *sg_probe_kind_name(enum sg_probe_kind k); /* "server", … */

/* One run of the catalogue. Tables of them are in runs_KIND.c. */
struct sg_probe_run {
    const char *name;         /* "dev.server.wrong-ca" */
    const char *title;        /* what is done, a short sentence without its full stop */
    const char *expected;     /* what a sound target does */
    const char *requirements; /* of EN 18031, separated by blanks: "AUM-3 SCM-2"; "" where none names it */
    const char *cure;         /* what to do where it fails */
    enum sg_weight weight;
    enum sg_severity severity; /* of a failure, where the run does not find a graver or milder one */
};
/* The runs of a kind, in the order in which they are made; *n of them. */
const struct sg_probe_run *sg_probe_runs(enum sg_probe_kind kind, size_t *n);
/* By name; NULL where there is none. */
const struct sg_probe_run *sg_probe_find_run(const char *name);

/* -------------------------------------------------------------------------------------------------- the records */

/* Whose behaviour was seen. */
struct sg_probe_target {
    enum sg_probe_kind kind;
    char address[256];  /* where it is: URL, source address of its datagrams, port, file */
    char identity[256]; /* who it says it is: endpoint name, fingerprint of its certificate, SHA-256 of the image; "" */
    char product[128], serial[64]; /* as the operator says */
    char firmware[64], modem_firmware[64];
    bool equipment;       /* the operator says that this is the product itself, and nothing seen speaks against it */
    char why_design[200]; /* where it is not: why the runs are design verification only */
};

/* Whether an address is one of this host: then nothing is seen of the product itself there. */
bool sg_probe_is_this_host(const struct sg_addr *a);

/* A control: the same done rightly, just before or after. */
struct sg_probe_control {
    int64_t when; /* ms since 1970 */
    char what[96], observed[200];
    bool ok;
};

enum { SG_PROBE_CONTROLS = 4 };
struct sg_probe_result {
    const struct sg_probe_run *run;
    enum sg_verdict verdict;
    enum sg_severity severity; /* of a failure */
    int64_t began, ended;      /* ms since 1970 */
    char observed[600];        /* what the target did: alert, stage, what came back */
    char reason[600];          /* why that gives this verdict */
    struct sg_probe_control control[SG_PROBE_CONTROLS];
    size_t controls;
    json_t *facts;              /* what was measured, for machines (an object); NULL: nothing. The result's */
    struct sg_capture *capture; /* the datagrams; NULL: none. The result's */
    char *transcript;    /* what was said on a port, or other plain text; NULL: none. The result's, of malloc() */
    bool capture_secret; /* keys that are not throw-away ones were in use: no key log is kept */
};
void sg_probe_result_init(struct sg_probe_result *r, const struct sg_probe_run *run);
void sg_probe_result_free(struct sg_probe_result *r);
/* Adds a control that was made now. */
void sg_probe_add_control(struct sg_probe_result *r, bool ok, const char *what, const char *observed);
/* Sets verdict, observed and reason; `observed` may be NULL where it is set already. A refusal whose controls did not
 * all succeed becomes SKIPPED, with that reason: the only place where this is decided, so call it last. */
void sg_probe_conclude(struct sg_probe_result *r, enum sg_verdict v, const char *observed, const char *reason);

/* Told while runs are made, for the terminal and the evidence. A non-zero return of `done` ends the runs. */
struct sg_probe_watch {
    void *user;
    void (*begin)(void *user, const struct sg_probe_run *run);
    int (*done)(void *user, const struct sg_probe_target *target, struct sg_probe_result *result);
    bool (*wanted)(void *user, const struct sg_probe_run *run); /* NULL: all */
    const volatile int *stop;                                   /* not 0: end after the run under way; NULL: never */
};

/* An evidence folder: one folder a record, NNNN-RUN, with record.json, record.p7s (detached CMS) and what belongs to
 * it. The signer's certificate is signer.crt; its key, made with the folder, signer.key. */
struct sg_evidence;
/* Opens, and makes where there is none. SG_EIO; SG_EFORMAT (something else is there); SG_EBUSY (another writes). */
struct sg_evidence *sg_evidence_open(const char *dir, struct sg_error *err);
void sg_evidence_close(struct sg_evidence *e);
/* Records one result: whole, or not at all. `who`: the operator. `folder` (128 bytes, or NULL) gets the record's
 * folder's name. */
int sg_evidence_add(struct sg_evidence *e, const struct sg_probe_target *t, struct sg_probe_result *r, const char *who,
                    char folder[128], struct sg_error *err);
/* Walks the records in order and checks each: chain, signature, hashes of its files. `fn` gets the record and what is
 * wrong with it (NULL: nothing). Returns the number of records, or the first error found after all were walked
 * (SG_EMISMATCH), or what `fn` returned if negative. The last record can be cut off unnoticed: the seal of
 * `signet assess seal` is the anchor. */
int sg_evidence_walk(const char *dir, int (*fn)(void *user, const char *folder, json_t *record, const char *wrong),
                     void *user, struct sg_error *err);

/* -------------------------------------------------------------------------------------------------- a modem */

/* A modem at its AT port. What is found in its store stays; what the runs write goes to a free tag and is removed
 * again; the functional mode is put back. */
struct sg_probe_modem {
    struct sg_modem *modem; /* opened; its callbacks are used meanwhile. Borrowed, as all here */
    const struct sg_modem_info *info;
    const struct sg_probe_target *target;
    EVP_PKEY *lock_key;               /* signs commands where the modem is locked; NULL: not at hand */
    struct sg_store *store;           /* the inventory that should know what is in it; NULL: none */
    const struct sg_psk_vault *vault; /* opens the inventory's pre-shared keys; NULL: they are not compared */
    int64_t tag;                      /* the free tag to write to; -1: one is looked for */
    unsigned keys;                    /* how many keys modem.keygen makes */
    /* Asked once, before the first run that writes or goes online; NULL: never. */
    bool (*may_change)(void *user, uint32_t tag);
    void *user;
};
/* Makes the runs. 0, or why they could not be made: of the modem room, SG_EEXISTS (the tag is in use), what
 * watch->done returned, SG_ESTATE (something could not be put back: err says what). */
int sg_probe_modem(const struct sg_probe_modem *p, const struct sg_probe_watch *watch, struct sg_error *err);

/* ---------------------------------------------------------------------------------------------------- a batch */

/* What must differ from unit to unit, gathered from files and an inventory. */
struct sg_probe_batch;
struct sg_probe_batch *sg_probe_batch_new(void); /* NULL: out of memory */
void sg_probe_batch_free(struct sg_probe_batch *b);
/*
 * A file, named `name`: certificates (those of CAs are left out), requests and public keys in PEM, each file or block
 * one unit; a lot's report (docs/reference/lots.md); or what `signet modem list --json` or `modem info --json` printed
 * of one modem. SG_EFORMAT: none of these.
 */
int sg_probe_batch_add_file(struct sg_probe_batch *b, const char *name, struct sg_bytes content, struct sg_error *err);
/* All devices of an inventory, or those of one lot; `vault` opens pre-shared keys (NULL: they are not compared). */
int sg_probe_batch_add_inventory(struct sg_probe_batch *b, struct sg_store *store, const char *lot,
                                 const struct sg_psk_vault *vault, struct sg_error *err);
/* Makes the runs. 0, or what watch->done returned. */
int sg_probe_batch_run(struct sg_probe_batch *b, const struct sg_probe_target *target,
                       const struct sg_probe_watch *watch);

/* -------------------------------------------------------------------------------------------- a person at a bench */

struct sg_probe_question {
    const char *key;     /* "seen" */
    const char *text;    /* what is asked */
    const char *choices; /* the answers that there are, separated by blanks; NULL: any text */
};
/* What a command printed that tells the target's state, as its version: before what is done, and after. */
struct sg_probe_watched {
    int code; /* its exit code */
    char output[1024];
};
enum { SG_PROBE_ANSWER = 400 };
struct sg_probe_guide {
    const struct sg_probe_target *target;
    void (*tell)(void *user, const char *text);
    /* 0 with one of the choices; else the run ends there, without a record, and that is returned. */
    int (*ask)(void *user, const struct sg_probe_question *q, char answer[SG_PROBE_ANSWER]);
    int (*look)(void *user, struct sg_probe_watched *w); /* NULL: nothing can be watched */
    void *user;
    const char *file; /* what is offered to the target, as an image; NULL: nothing */
    struct sg_bytes content;
};
/* One guided run: says what to do, asks what was seen and by whom, and records that as a person's observation. 0, what
 * `ask` or `look` returned, or what watch->done returned. */
int sg_probe_guide(const struct sg_probe_guide *g, const struct sg_probe_run *run, const struct sg_probe_watch *watch);

/* -------------------------------------------------------------------------------------------------- the captures */

/* Datagrams seen, as a pcapng file that the usual tools open: linktype RAW, IP and UDP headers made from the addresses.
 */
struct sg_capture;
struct sg_capture *sg_capture_new(size_t max); /* keeps at most `max` bytes of datagrams, and counts what did not fit */
void sg_capture_free(struct sg_capture *c);
void sg_capture_datagram(struct sg_capture *c, int64_t when_us, const struct sg_addr *from, const struct sg_addr *to,
                         struct sg_bytes datagram);
/* A line of an NSS key log, for throw-away keys only: becomes a Decryption Secrets Block. */
void sg_capture_key_log(struct sg_capture *c, const char *line);
size_t sg_capture_count(const struct sg_capture *c);
/* The file's bytes, in new memory (free()), *n of them. NULL: out of memory. */
uint8_t *sg_capture_pcapng(const struct sg_capture *c, size_t *n);

/* --------------------------------------------------------------------------------------------------- the device */

/* What plays servers, good and bad, to the one device that connects. All is borrowed. */
struct sg_probe_device_options {
    struct sg_addr listen;
    X509 *server;         /* the certificate of the server that the device trusts */
    EVP_PKEY *server_key; /* its key; NULL: a certificate of the same names is made, which the device must take too */
    struct sg_issuer ca;  /* the CA that the device trusts, with its key */
    unsigned patience;    /* seconds that the device may take to come back; 0: 600 */
    unsigned rate;        /* datagrams a second at most; 0: 50 */
    const struct sg_addr *scan; /* where open ports of the device are looked for; NULL: they are not */
    unsigned silence;           /* seconds in which the server is silent; 0: 60 */
    unsigned messages;          /* odd ones, of each kind; 0: 400 */
    uint64_t seed;              /* that they are made from */
    const char *const *known;   /* values that must not be seen in clear */
    size_t known_count;
    void *user;
    void (*waits)(void *user, const char *for_what); /* the device has to do something, or a person; NULL: not told */
};
/* Makes the wanted runs. `target` is what the operator says, and gets what the device says of itself. 0 after all of
 * them; SG_ETIMEOUT: no device came; another SG_E…, or what `watch->done` returned. */
int sg_probe_device(const struct sg_probe_device_options *o, struct sg_probe_target *target,
                    const struct sg_probe_watch *watch, struct sg_error *err);

/* ---------------------------------------------------------------------------------------------------- a server */

/* Who the probe is to a server. */
struct sg_probe_identity {
    X509 *cert; /* NULL: none */
    EVP_PKEY *key;
    STACK_OF(X509) * chain; /* what is sent after the leaf; NULL: nothing */
};

enum { SG_PROBE_RATE = 100 };

/* All of it is borrowed. What is not given makes the runs that need it skipped. */
struct sg_probe_server {
    struct sg_addr addr, plain;       /* of the DTLS port, and where plain CoAP would be (port 0: not looked at) */
    const char *name;                 /* what the URL calls it: a DNS name (then also sent as SNI) or an address */
    struct sg_probe_identity genuine; /* an identity that the server lets in */
    const char *endpoint;             /* its endpoint name; NULL: the certificate's common name */
    const char *other_endpoint;       /* another one that the server knows; NULL: none is known */
    struct sg_probe_identity revoked; /* one that was let in once, and is revoked */
    struct sg_issuer issuer;          /* the CA of `genuine`: makes those that are expired, unknown, … */
    const struct sg_trust *trust;     /* who may say who the server is; NULL: not looked at */
    bool throw_away;                  /* all of these identities are: keys may be kept in captures */
    unsigned rate;                    /* datagrams a second; 0: SG_PROBE_RATE. A storm is five times that */
    unsigned wait_ms;                 /* for an answer; 0: 1000 */

    void *user;
    /* Makes an identity and has the server know it; and takes it back: when this returns, the server was told. NULL:
     * cannot be done. The identity is the caller's, to be freed by it. */
    int (*enrol)(void *user, const char *endpoint, struct sg_probe_identity *identity, struct sg_error *err);
    int (*revoke)(void *user, const char *endpoint, struct sg_error *err);
};
/* What it cost. */
struct sg_probe_cost {
    unsigned long datagrams; /* sent */
    uint64_t ms;
};
/* Makes the runs in the catalogue's order, and fills in `target` what they see of it. 0; SG_ECLOSED, SG_ETIMEOUT
 * (nothing answers at that address); what `watch->done` returned; SG_EIO, SG_ECRYPTO. */
int sg_probe_server(const struct sg_probe_server *server, struct sg_probe_target *target,
                    const struct sg_probe_watch *watch, struct sg_probe_cost *cost, struct sg_error *err);

/* ------------------------------------------------------------------------------------------------ firmware images */

/* What `image.*` looks at. The runs on the configuration, the bill of materials and the key are made where there is
 * one, and image.shared where there are two files. */
struct sg_probe_image_job {
    const char *const *file; /* raw, Intel hex, S-record, ELF, MCUboot, or an update package: paths */
    size_t files;
    const char *const *key; /* public keys that may have signed, PEM: paths */
    size_t keys;
    const char *config, *sbom;        /* paths; NULL: none */
    struct sg_store *store;           /* whose keys and certificates are recognised; NULL: none */
    const struct sg_psk_vault *vault; /* that opens the store's pre-shared keys; NULL: none */
    struct sg_probe_target target;    /* as the operator says; address and identity are set for each run */
};
/* Reads everything, then makes the runs. 0, what `watch->done` returned if it is not 0, or an error. */
int sg_probe_image(const struct sg_probe_image_job *job, const struct sg_probe_watch *watch, struct sg_error *err);

#endif
