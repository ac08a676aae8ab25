/* SPDX-License-Identifier: Apache-2.0 */
/*
 * factory: gives a modem its identity. The key is made in the modem and stays there; its request is checked, a
 * certificate issued, recorded and written, and the modem's store compared with what was meant.
 *
 * Interrupted anywhere (a pulled cable, a kill), the same call does the rest: what was reached is in the inventory, and
 * each step looks at the modem first. What is recorded when:
 *
 *     device "enrolling", with its tag     before the first change to the modem: all at that tag is ours from then on
 *     certificate "issued"                 before it is written, with the digest that the modem lists for the key
 *     pre-shared key "issued"              before it is written, encrypted
 *     certificate "active",
 *     device "enrolled", audit entry       together, after the modem's digests are as meant
 *     device's bootstrap tag               before the first change there; then its certificate as the first
 *
 * A key without a recorded certificate is a key whose request was lost: it is deleted and made again. A recorded
 * certificate goes on being used as long as the modem lists the same digest for the key at the tag.
 */
#ifndef SG_FACTORY_H
#define SG_FACTORY_H

#include "core/core.h"
#include "modem/modem.h"
#include "pki/pki.h"
#include "store/store.h"

/*
 * Several enrolments at once, each in its thread with its own connection for what it reads, write through one
 * connection in turn, and share the disk's delay: who comes while another one waits for its commit joins it.
 */
struct sg_turns;
struct sg_turns *sg_turns_new(const struct sg_store *store, struct sg_error *err); /* `store` is only looked at */
void sg_turns_free(struct sg_turns *t);

enum sg_enroll_step {
    SG_ENROLL_MODEM,       /* who it is */
    SG_ENROLL_STORE,       /* what its credential store holds at the tag */
    SG_ENROLL_KEY,         /* makes the key */
    SG_ENROLL_REQUEST,     /* checks its request */
    SG_ENROLL_CERTIFICATE, /* issues and records */
    SG_ENROLL_WRITTEN,     /* writes, and compares */
    SG_ENROLL_CONNECTED,   /* sg_renew only: a server takes the new identity */
    SG_ENROLL_RETIRED,     /* sg_renew only: the old one goes */
    SG_ENROLL_LOCKED,      /* with a lock_key only: the AT port is locked with it */
};
const char *sg_enroll_step_name(enum sg_enroll_step step); /* "modem", "store", "key", … */

/* What is done with a tag that holds credentials which the inventory does not know. */
enum sg_occupied {
    SG_OCCUPIED_REFUSE,
    SG_OCCUPIED_OTHER_TAG, /* the identity goes to `other_tag`; once it is in place, the first tag is emptied */
    SG_OCCUPIED_REPLACE,   /* they are deleted */
};
/* How a modem is left. */
enum sg_leave { SG_LEAVE_AS_FOUND, SG_LEAVE_ONLINE, SG_LEAVE_OFFLINE };

struct sg_enroll {
    struct sg_modem *modem; /* opened; borrowed, as all here */
    const char *port;       /* its name, for sentences */
    struct sg_store *store;
    struct sg_turns *turns; /* where several run at once; NULL: alone */
    struct sg_issuer issuer;
    X509 *server_root;  /* written beside the certificate: who may serve */
    int64_t now;        /* seconds since 1970 */
    int64_t valid;      /* seconds that the certificate is valid for */
    int64_t tag;        /* where to; -1: where it was before, else SG_TAG_LWM2M */
    uint32_t first_tag; /* where to, with tag -1, for a modem that has no place yet; 0: SG_TAG_LWM2M */
    uint32_t other_tag; /* of SG_OCCUPIED_OTHER_TAG */
    /* Where a second identity goes, for the bootstrap server; 0: none, but for the one that the device has. */
    uint32_t bootstrap_tag;
    const char *endpoint;  /* its name; NULL: the one it has, else made by name_form */
    const char *name_form; /* with {imei} and {uuid} in it; NULL: "urn:imei:{imei}" */
    const char *key_usage; /* of the request, as %KEYGEN takes it: "101010000"; NULL: the modem's default */
    enum sg_occupied occupied;
    bool remove_psk; /* a tag that holds a PSK and its identity alone is emptied, whatever `occupied` says */
    enum sg_leave leave;
    /* Of P-256: locks the AT port of a board that is done, and signs what is sent to one that is locked with it
     * (modem->sign and modem->user are set then). NULL: ports stay as they are. */
    EVP_PKEY *lock_key;
    bool offline;    /* may take an active modem off the network, and puts it back */
    bool renew;      /* may replace what is there: a new key, a new certificate */
    bool unverified; /* goes on where a modem cannot prove who it is: its firmware has no %ATTESTTOKEN, and its identity
                        key is not known */
    const char *who; /* for the audit log */
    /* A pre-shared key instead of a certificate: the weaker identity (docs/reference/psk.md). `issuer`, `server_root`
     * and `valid` are not used then. The vault encrypts it in the inventory; without one, a device that has a
     * pre-shared key cannot be verified. */
    bool psk;
    const struct sg_psk_vault *vault;

    /* After each step, with what was found or done. A non-zero return ends the enrolment there (SG_ECLOSED): the next
     * call goes on. May be NULL. */
    int (*step)(void *user, enum sg_enroll_step step, const char *facts);
    /* Asked before anything is destroyed (only with `renew`), with what: true to go on. NULL: never. */
    bool (*may_destroy)(void *user, const char *what);
    void *user;
};

struct sg_enroll_result {
    struct sg_modem_info modem;
    struct sg_device device;
    struct sg_cert_facts cert;
    bool psk; /* it has a pre-shared key: `cert` says nothing */
    uint32_t tag;
    struct sg_cert_facts bootstrap; /* of the bootstrap identity, and */
    uint32_t bootstrap_tag;         /* where it is; 0: there is none */
    bool was_done;                  /* it was enrolled already: verified, and nothing written */
    bool refused;                   /* (on error) nothing was changed, for safety: something must be decided first */
    bool taken_down;                /* the modem was active, and was taken off the network for it */
    int found;                      /* its functional mode (+CFUN) at the beginning; -1: not known */
    int function;                   /* its functional mode (+CFUN) at the end; -1: not known */
};

/*
 * Enrols one modem. 0, or:
 *   SG_ESTATE     the modem is on the network, and `offline` is not set
 *   SG_EEXISTS    something else is there: credentials of others at the tag, another identity or name for this modem
 *   SG_EUNSUPPORTED  the modem cannot prove who it is, and `unverified` is not set
 *   SG_EDENIED    the device was revoked; may_destroy said no; the modem refused a command (modem->cme tells)
 *   SG_EMISMATCH  what the modem says does not agree with what was meant: request, identity, written digests
 *   SG_ECLOSED    ended by `step`, or the port went away
 *   others        of the modem, pki and store rooms
 * `result` holds what was known by then, also on error.
 */
int sg_enroll(const struct sg_enroll *e, struct sg_enroll_result *result, struct sg_error *err);

/*
 * A certificate for a request that was made elsewhere: a device whose key is not in an nRF91 modem, or a peer in a
 * test. Nothing is known of where such a key is kept, and the audit log says so. The device is enrolled with it at
 * once.
 */
struct sg_issue {
    struct sg_store *store; /* borrowed, as all here */
    struct sg_issuer issuer;
    struct sg_bytes request; /* PKCS#10, DER or PEM */
    const char *endpoint;    /* NULL: the request's common name */
    int64_t now, valid;      /* seconds since 1970; seconds that it is valid for */
    const char *who;         /* for the audit log */
};
/*
 * `cert` is the certificate's row on success; the same request again gives the same certificate (*was_done).
 * SG_EEXISTS: that name has another identity, or that key is another's; SG_EDENIED: the device was revoked; SG_EFORMAT:
 * no usable request.
 */
int sg_issue(const struct sg_issue *i, struct sg_cert_row *cert, bool *was_done, struct sg_error *err);

/* --------------------------------------------------------------------------------------------------- renewal */

enum { SG_TAG_SECOND = 35724863 }; /* where an identity at SG_TAG_LWM2M is renewed to; 35724862 is the bootstrap's */

/*
 * Renews the identity of a device that is in use, without a moment in which it has none: a new key at a second tag, its
 * certificate, a handshake by the modem itself with a server; only then the old certificate is retired, and the old tag
 * emptied. Until then both are accepted. Interrupted anywhere, the same call does the rest; what was reached is in the
 * inventory:
 *
 *     renewal                              before the first change to the modem: all at the new tag is ours
 *     certificate "issued", then "active"  as in an enrolment; the old one stays active
 *     device at the new tag, old retired   together, after the handshake
 *     no renewal                           after the old tag is empty
 */
struct sg_renew {
    struct sg_enroll enroll; /* as there, but: `endpoint` says which device is meant; `tag` is the new one, -1: the
                                other of SG_TAG_LWM2M and SG_TAG_SECOND. Not used: name_form, occupied, leave, offline
                                (a modem is taken off the network and back), renew, may_destroy, psk */
    const char *host;        /* the server: a name in its certificate */
    const char *address;     /* where it is; NULL: host */
    uint16_t server_port;
    uint32_t network_ms; /* how long the modem may take to find its network */
    bool unconnected;    /* without the handshake: for hosts without socket commands (at_host) */
    bool keep;           /* the old tag's credentials stay in the modem */
};
/*
 * As sg_enroll, and: SG_ENOTFOUND: the inventory does not know the device; SG_EUNSUPPORTED: the host has no socket
 * commands; SG_EDENIED: the handshake failed, and both identities stay.
 */
int sg_renew(const struct sg_renew *n, struct sg_enroll_result *result, struct sg_error *err);

/* ------------------------------------------------------------------------------------------------------ lots */

/*
 * Boards that are enrolled together belong to a lot: of one run, or of several under the same name. Each attempt is
 * recorded when it ends; at the end of each run the lot is closed, which writes its report: NAME.json, what it says for
 * people (NAME.html), for the maker's own systems (NAME.csv, NAME-labels.html), and the issuing CA's signature over
 * NAME.json (NAME.p7s). docs/reference/lots.md.
 */

/* Opens a lot; one that was closed is opened again. SG_EINVAL: that is no name for one. */
int sg_lot_open(struct sg_store *store, const char *name, const char *who, int64_t now, struct sg_lot *lot,
                struct sg_error *err);

/* What became of one board. */
struct sg_lot_attempt {
    const char *port;
    int code;                              /* what sg_enroll returned, or why it could not begin */
    const struct sg_enroll_result *result; /* of sg_enroll; NULL: it did not begin */
    const char *why;                       /* the sentence, where code is not 0 */
    int64_t began, took_ms;                /* seconds since 1970; milliseconds */
};
/* `turns`: as in struct sg_enroll. */
int sg_lot_record(struct sg_store *store, struct sg_turns *turns, const struct sg_lot *lot,
                  const struct sg_lot_attempt *a, struct sg_error *err);

struct sg_lot_close {
    struct sg_store *store; /* borrowed, as all here */
    struct sg_issuer issuer;
    const char *name;
    const char *dir; /* where the report goes: the home's lots folder; made where it is missing */
    const char *who; /* for the audit log */
    int64_t now;
};
/* Ends the lot and writes its report, each file whole or not at all. What is there and right already stays as it is: so
 * it can be called again. SG_ENOTFOUND: there is no such lot. */
int sg_lot_close(const struct sg_lot_close *c, struct sg_error *err);

/* What became of its boards. A board is known by its modem; of those that never said who they are, only the attempts
 * count. */
struct sg_lot_count {
    size_t boards, enrolled, verified, failed; /* the last three are of the first: as their last attempt ended */
    size_t attempts, failures;
};
int sg_lot_count(struct sg_store *store, const char *name, struct sg_lot_count *n, struct sg_error *err);
/* Whether the report in `dir` is whole, signed by an issuing CA of this home (*signer tells which) that was not
 * revoked, and says what the inventory says. SG_ENOTFOUND: no such lot, or no report; SG_EMISMATCH, SG_EDENIED
 * (revoked). */
int sg_lot_verify(struct sg_store *store, const char *dir, const char *name, struct sg_cert_facts *signer,
                  struct sg_error *err);

/* ---------------------------------------------------------------------------------- the maker's identity keys */

struct sg_identities {
    struct sg_store *store;
    struct sg_bytes text; /* CSV or PEM: docs/reference/identities.md */
    const char *name;     /* of the list, for the audit log */
    const char *who;
    int64_t now;
};
struct sg_identities_done {
    size_t added, known;
};
/* Imports a list of modems' identity keys: all of it or nothing. SG_EFORMAT, and SG_EMISMATCH where the inventory has
 * another key for one of the modems; the sentence begins with the line. */
int sg_identities_import(const struct sg_identities *i, struct sg_identities_done *done, struct sg_error *err);

/* ------------------------------------------------------------------------- from a factory's inventory to another's */

/*
 * Takes over a device that another home has enrolled, below a CA of ours: its certificate is verified against the CAs
 * of this inventory, its common name must be the endpoint name. Call within a transaction, so that a list is taken
 * whole or not at all. 1 added; 0 it was known just so; SG_EEXISTS: the name, modem or key is another's, or was revoked
 * here; SG_EDENIED: the certificate is not trusted, and err tells why.
 */
struct sg_adopt {
    struct sg_store *store; /* borrowed, as all here */
    struct sg_trust *trust; /* sg_adopt_trust */
    int64_t now;
    const char *who;
};
int sg_adopt(const struct sg_adopt *a, const struct sg_device *device, X509 *cert, uint32_t tag, struct sg_error *err);
/* The device root and the issuing CAs of an inventory that are not revoked: for sg_trust_free. NULL on error. */
struct sg_trust *sg_adopt_trust(struct sg_store *store, struct sg_error *err);

#endif
