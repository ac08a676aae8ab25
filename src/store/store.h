/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: the durable inventory. Devices, certificates, pre-shared keys, lots, revocations, registrations and the audit
 * log, in SQLite (WAL).
 *
 * A struct sg_store is one connection and belongs to one thread; several, in several processes, may be open on one
 * file. Each function that writes is one transaction, unless the caller opened one. What was acknowledged is durable
 * (synchronous=FULL). Times are seconds since 1970, and given by the caller.
 */
#ifndef SG_STORE_H
#define SG_STORE_H

#include "core/core.h"
#include "pki/pki.h"

struct sg_store;

/* Makes a new inventory (mode 0600). SG_EEXISTS where the file is there. */
int sg_store_create(const char *path, struct sg_error *err);
/* Opens one, bringing an older schema up to date. Tells apart: no such file (SG_ENOTFOUND), no inventory or damaged
 * (SG_EFORMAT), made by a newer Signet (SG_EUNSUPPORTED), locked by another (SG_EBUSY). Up to 8 MiB it checks all
 * pages as sg_store_check does; in a larger one, damage shows when it is met: every call then gives SG_EFORMAT. */
struct sg_store *sg_store_open(const char *path, struct sg_error *err);
/* Another connection to the inventory of `s`, for another thread. It is not checked again. */
struct sg_store *sg_store_open_again(const struct sg_store *s, struct sg_error *err);
void sg_store_close(struct sg_store *s);
/* Checks the structure of all pages, some 10 s a GB: for the start of a service and for `signet doctor`. SG_EFORMAT. */
int sg_store_check(struct sg_store *s, struct sg_error *err);

/* One transaction around several calls: BEGIN IMMEDIATE … COMMIT. */
int sg_store_begin(struct sg_store *s, struct sg_error *err);
int sg_store_commit(struct sg_store *s, struct sg_error *err);
void sg_store_rollback(struct sg_store *s);
/* A part of the open transaction, which can be undone alone; parts do not nest. The first without a transaction:
 * SG_ESTATE. */
int sg_store_begin_part(struct sg_store *s, struct sg_error *err);
int sg_store_end_part(struct sg_store *s, bool keep, struct sg_error *err);

/* True where another connection has committed since the last call: time to look again. */
bool sg_store_changed(struct sg_store *s);

/* --------------------------------------------------------------------------------------------------- devices */

enum sg_device_state {
    SG_DEVICE_ENROLLING, /* begun; no identity written and verified yet */
    SG_DEVICE_ENROLLED,
    SG_DEVICE_REVOKED,
};
const char *sg_device_state_name(enum sg_device_state s); /* "enrolling", "enrolled", "revoked" */

/* Where a modem's identity key was learnt from. */
enum sg_identity_source {
    SG_IDENTITY_UNKNOWN,     /* there is none */
    SG_IDENTITY_FIRST_SIGHT, /* worked out from what the modem signed when it was first seen, and pinned */
    SG_IDENTITY_MAKER,       /* from the maker's list */
};
const char *sg_identity_source_name(enum sg_identity_source s); /* "unknown", "first-sight", "maker" */

struct sg_device {
    int64_t number; /* its row, given by the store; never used again */
    char endpoint[128];
    char imei[24]; /* "" where unknown, as the three below */
    char uuid[40]; /* the modem's device UUID */
    char model[32];
    char firmware[64];
    uint32_t tag;           /* the security tag in its modem that its identity is at, or is being put; 0: none */
    uint32_t bootstrap_tag; /* the same of its bootstrap identity; 0: none */
    uint8_t identity[65];   /* the modem's own identity key, an uncompressed P-256 point (it begins with 4); zeros: not
                               known */
    enum sg_identity_source identity_source;
    enum sg_device_state state;
    int64_t created;
};
/* Adds a device (`number` is set). SG_EEXISTS: the endpoint name, IMEI or UUID is another's; err names which and whose.
 */
int sg_store_add_device(struct sg_store *s, struct sg_device *d, struct sg_error *err);
int sg_store_update_device(struct sg_store *s, const struct sg_device *d, struct sg_error *err); /* by number */
int sg_store_find_device(struct sg_store *s, const char *endpoint, struct sg_device *d,
                         struct sg_error *err); /* SG_ENOTFOUND */
/* The device that has this modem: by its UUID, else by its IMEI ("" matches nothing). SG_ENOTFOUND. */
int sg_store_find_modem(struct sg_store *s, const char *uuid, const char *imei, struct sg_device *d,
                        struct sg_error *err);
int sg_store_get_device(struct sg_store *s, int64_t number, struct sg_device *d, struct sg_error *err);
/* Calls `fn` for each, by endpoint name; a non-zero return ends the walk and is returned. */
int sg_store_each_device(struct sg_store *s, int (*fn)(void *user, const struct sg_device *d), void *user,
                         struct sg_error *err);

/* ---------------------------------------------------------------------------------------------- identity keys */

/* The maker's list of modems' identity keys, by device UUID (lower case). */
struct sg_identity {
    char uuid[40];
    uint8_t point[SG_POINT];
    int64_t added;
};
enum sg_identity_added { SG_IDENTITY_KNOWN, SG_IDENTITY_NEW };
/* Adds one; a device that was seen with this key is told so (its source becomes the maker). SG_IDENTITY_KNOWN where it
 * is there already. SG_EMISMATCH: the list, or the inventory since first sight, has another key for that UUID. */
int sg_store_add_identity(struct sg_store *s, const struct sg_identity *i, struct sg_error *err);
int sg_store_find_identity(struct sg_store *s, const char *uuid, struct sg_identity *i,
                           struct sg_error *err); /* SG_ENOTFOUND */

/* ---------------------------------------------------------------------------------------------- certificates */

enum sg_cert_kind { SG_CERT_DEVICE_ROOT, SG_CERT_ISSUING_CA, SG_CERT_SERVER_ROOT, SG_CERT_SERVER, SG_CERT_DEVICE };
enum sg_cert_state {
    SG_CERT_ISSUED, /* recorded, not yet known to be in place */
    SG_CERT_ACTIVE, /* in use */
    SG_CERT_REVOKED,
    SG_CERT_RETIRED, /* replaced in good order */
};
const char *sg_cert_kind_name(enum sg_cert_kind k);
const char *sg_cert_state_name(enum sg_cert_state s);

struct sg_cert_row {
    int64_t number;
    enum sg_cert_kind kind;
    enum sg_cert_state state;
    int64_t device;               /* 0 but for SG_CERT_DEVICE */
    uint32_t tag;                 /* the modem's security tag; 0 where there is none */
    struct sg_cert_facts facts;   /* filled from the certificate */
    struct sg_fingerprint issuer; /* fingerprint of the issuer's certificate; zeros for a root */
    uint8_t key_digest[32];       /* what the modem listed for the private key when this was issued: tells later whether
                                     it still holds that key; zeros: not known */
    uint8_t der[2048];
    size_t der_len;
    int64_t added;
    int64_t revoked_at; /* 0 where it is not revoked */
    enum sg_reason reason;
};
/* Records a certificate; kind, state, device, tag, issuer, key_digest and added are the caller's, the rest is read from
 * `cert`. SG_EEXISTS: this certificate is recorded, or its public key is another's: two devices cannot share a key. */
int sg_store_add_cert(struct sg_store *s, const X509 *cert, struct sg_cert_row *row, struct sg_error *err);
int sg_store_find_cert(struct sg_store *s, const struct sg_fingerprint *f, struct sg_cert_row *row,
                       struct sg_error *err);
int sg_store_find_cert_by_key(struct sg_store *s, const struct sg_fingerprint *key, struct sg_cert_row *row,
                              struct sg_error *err);
int sg_store_get_cert(struct sg_store *s, int64_t number, struct sg_cert_row *row, struct sg_error *err);
/* How many devices other than `except` have had a certificate of this issuer, in whatever state it is now. */
int sg_store_count_issued(struct sg_store *s, const struct sg_fingerprint *issuer, int64_t except, int64_t *n,
                          struct sg_error *err);
int sg_store_set_cert_state(struct sg_store *s, int64_t number, enum sg_cert_state state,
                            struct sg_error *err); /* not REVOKED */
/* Revokes one certificate, and its device where it was the device's last. Adds the audit entry in the same transaction.
 */
int sg_store_revoke_cert(struct sg_store *s, int64_t number, enum sg_reason reason, int64_t when, const char *who,
                         struct sg_error *err);
/* kind < 0: all kinds. device 0: all devices'. Newest last. */
int sg_store_each_cert(struct sg_store *s, int kind, int64_t device,
                       int (*fn)(void *user, const struct sg_cert_row *row), void *user, struct sg_error *err);

/* --------------------------------------------------------------------------------------------- pre-shared keys */

/* A device's pre-shared key, encrypted. Once it is retired or revoked, the key itself is erased. */
struct sg_psk_row {
    int64_t number;
    int64_t device;
    enum sg_cert_state state; /* as of a certificate */
    uint32_t tag;             /* the modem's security tag; 0 where there is none */
    char identity[SG_PSK_IDENTITY];
    uint8_t sealed[SG_PSK_SEALED]; /* zeros where it is erased */
    int64_t added;
    int64_t ended; /* retired or revoked; 0: not */
    enum sg_reason reason;
};
/* Records one as issued or active; `number` is set. SG_EEXISTS: that identity has a key in use. */
int sg_store_add_psk(struct sg_store *s, struct sg_psk_row *row, struct sg_error *err);
int sg_store_get_psk(struct sg_store *s, int64_t number, struct sg_psk_row *row, struct sg_error *err);
/* Of that identity: the one in use, else the newest. SG_ENOTFOUND. */
int sg_store_find_psk(struct sg_store *s, const char *identity, struct sg_psk_row *row, struct sg_error *err);
/* It is in place, and in use. SG_ESTATE: it was retired or revoked. */
int sg_store_activate_psk(struct sg_store *s, int64_t number, struct sg_error *err);
/* It is replaced in good order: erases the key. One that is revoked stays so. */
int sg_store_retire_psk(struct sg_store *s, int64_t number, int64_t when, struct sg_error *err);
/* Revokes it and erases the key; its device too, where nothing else is left of it. Adds the audit entry in the same
 * transaction. SG_ESTATE: it is revoked. */
int sg_store_revoke_psk(struct sg_store *s, int64_t number, enum sg_reason reason, int64_t when, const char *who,
                        struct sg_error *err);
/* device 0: all devices'. Newest last. */
int sg_store_each_psk(struct sg_store *s, int64_t device, int (*fn)(void *user, const struct sg_psk_row *row),
                      void *user, struct sg_error *err);

/* ------------------------------------------------------------------------------------------------------ lots */

/* Boards that were made together, in one run or in several. */
struct sg_lot {
    int64_t number;
    char name[64];
    char who[64];         /* who works on it, or did last */
    int64_t begun, ended; /* ended 0: it is open */
};
enum sg_lot_result {
    SG_LOT_ENROLLED,
    SG_LOT_VERIFIED, /* it was enrolled before, and is as it was meant */
    SG_LOT_REFUSED,  /* nothing was changed, for safety */
    SG_LOT_FAILED,
};
const char *sg_lot_result_name(enum sg_lot_result r);

/* One attempt to enrol one board of a lot. What was not known by its end is "" or zeros. */
struct sg_lot_board {
    int64_t number, lot;
    char who[64]; /* who made it */
    char port[64];
    char imei[24], uuid[40], model[32], firmware[64], endpoint[128];
    uint32_t tag;
    struct sg_fingerprint certificate, bootstrap; /* of its two identities */
    int64_t began, took_ms;
    enum sg_lot_result result;
    char reason[600]; /* why it was not enrolled */
};
/* Adds an open lot; SG_EEXISTS: there is one of that name. */
int sg_store_add_lot(struct sg_store *s, struct sg_lot *lot, struct sg_error *err);
int sg_store_update_lot(struct sg_store *s, const struct sg_lot *lot, struct sg_error *err); /* by number */
int sg_store_find_lot(struct sg_store *s, const char *name, struct sg_lot *lot,
                      struct sg_error *err); /* SG_ENOTFOUND */
/* Oldest first. */
int sg_store_each_lot(struct sg_store *s, int (*fn)(void *user, const struct sg_lot *lot), void *user,
                      struct sg_error *err);
int sg_store_add_lot_board(struct sg_store *s, struct sg_lot_board *b, struct sg_error *err);
/* In the order in which they were recorded. */
int sg_store_each_lot_board(struct sg_store *s, int64_t lot, int (*fn)(void *user, const struct sg_lot_board *b),
                            void *user, struct sg_error *err);

/* -------------------------------------------------------------------------------------------------- renewals */

/* A device whose identity is being renewed: everything at `tag` of its modem is ours, and what is at `old_tag` goes
 * once device.tag is `tag`. */
struct sg_renewal {
    int64_t device;
    uint32_t old_tag, tag;
    int64_t begun;
};
int sg_store_put_renewal(struct sg_store *s, const struct sg_renewal *r, struct sg_error *err);
/* 1, 0 where none is under way, or an error. */
int sg_store_get_renewal(struct sg_store *s, int64_t device, struct sg_renewal *r, struct sg_error *err);
int sg_store_end_renewal(struct sg_store *s, int64_t device, struct sg_error *err);

/* --------------------------------------------------------------------------------------------- registrations */

/* The last that the server knew of a device's registration: for people and for later; the live ones are in the server's
 * memory. */
struct sg_registration_row {
    int64_t device;
    bool active;
    int64_t registered, updated;
    uint32_t lifetime;
    char version[8], binding[8];
    char address[SG_ADDR_TEXT];
    char objects[1024]; /* link format */
};
int sg_store_put_registration(struct sg_store *s, const struct sg_registration_row *r,
                              struct sg_error *err); /* by device */
int sg_store_get_registration(struct sg_store *s, int64_t device, struct sg_registration_row *r, struct sg_error *err);

/* ------------------------------------------------------------------------------------------------- audit log */

/* Everything that decides about trust: who, when, from where. Each entry carries the SHA-256 of the one before. */
struct sg_audit_entry {
    int64_t number; /* 1, 2, 3, … without gaps */
    int64_t when;
    char who[64];      /* "root", "signetd", "api" */
    char from[64];     /* an address, "local" */
    char what[40];     /* one word with hyphens: "enrolled", "revoked", "refused", "ca-created", "api-denied" */
    char subject[160]; /* endpoint name, fingerprint */
    char detail[600];  /* a sentence */
    uint8_t hash[32];
};
/* number and hash are set. */
int sg_store_audit(struct sg_store *s, struct sg_audit_entry *e, struct sg_error *err);
/* Entries from `first` on (1: all), in order. */
int sg_store_each_audit(struct sg_store *s, int64_t first, int (*fn)(void *user, const struct sg_audit_entry *e),
                        void *user, struct sg_error *err);
/* Recomputes the chain. 0, or SG_EMISMATCH with the first entry that does not fit in err; *count entries were seen. */
int sg_store_audit_verify(struct sg_store *s, int64_t *count, struct sg_error *err);

#endif
