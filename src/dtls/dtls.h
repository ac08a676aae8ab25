/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dtls: DTLS 1.2 sessions (RFC 6347) with connection ids (RFC 9146), as server and as client.
 *
 * Datagrams in, datagrams out: an endpoint has no socket, no thread and no clock. libssl does the handshake; the
 * records of an established association are ours, in a plain struct per peer in a table that the caller may map from a
 * file, so that associations outlive the process. One endpoint belongs to one thread.
 *
 * Times are milliseconds of CLOCK_BOOTTIME or the like: any steady clock, the same before and after a restart.
 */
#ifndef SG_DTLS_H
#define SG_DTLS_H

#include "core/core.h"
#include <openssl/x509.h>

struct sg_dtls; /* an endpoint */

/* An association: its slot and generation, never used again for another peer. 0 is none. */
typedef uint64_t sg_dtls_id;

/* TLS alert descriptions that callers name (RFC 5246 section 7.2). */
enum {
    SG_ALERT_CLOSE_NOTIFY = 0,
    SG_ALERT_HANDSHAKE_FAILURE = 40,
    SG_ALERT_BAD_CERTIFICATE = 42,
    SG_ALERT_CERTIFICATE_REVOKED = 44,
    SG_ALERT_CERTIFICATE_EXPIRED = 45,
    SG_ALERT_CERTIFICATE_UNKNOWN = 46,
    SG_ALERT_UNKNOWN_CA = 48,
    SG_ALERT_ACCESS_DENIED = 49,
    SG_ALERT_DECRYPT_ERROR = 51,
    SG_ALERT_INTERNAL_ERROR = 80
};
const char *sg_alert_name(int alert); /* "certificate_revoked"; "alert" for unknown ones */

/* IANA cipher suite numbers that this room offers, AEAD all. All have forward secrecy but SG_SUITE_PSK_AES128_CCM8. The
 * two with a pre-shared key are offered only where there is one. */
enum {
    SG_SUITE_PSK_AES128_CCM8 = 0xC0A8,
    SG_SUITE_ECDHE_PSK_CHACHA20_POLY1305 = 0xCCAC,
    SG_SUITE_ECDHE_ECDSA_AES128_GCM = 0xC02B,
    SG_SUITE_ECDHE_ECDSA_AES256_GCM = 0xC02C,
    SG_SUITE_ECDHE_ECDSA_AES128_CCM = 0xC0AC,
    SG_SUITE_ECDHE_ECDSA_AES256_CCM = 0xC0AD,
    SG_SUITE_ECDHE_ECDSA_AES128_CCM8 = 0xC0AE,
    SG_SUITE_ECDHE_ECDSA_AES256_CCM8 = 0xC0AF
};
const char *sg_suite_name(uint16_t suite); /* "ECDHE-ECDSA-AES128-GCM-SHA256"; "unknown" */
bool sg_suite_forward_secret(uint16_t suite);

enum { SG_DTLS_PSK_MAX = 64 }; /* the longest pre-shared key (RFC 4279 section 5.3 asks for as much) */

/* What the room's user says of a peer's certificate or pre-shared key. The room itself trusts nobody. */
struct sg_dtls_verdict {
    bool accept;
    uint64_t identity; /* the user's number for this peer (its row in the inventory); kept with the association */
    int alert;         /* where not accepted: the alert that tells the truth, SG_ALERT_… */
    char reason[400];  /* where not accepted: what a person reads */
};

enum sg_dtls_what {
    SG_DTLS_CONNECTED, /* handshake complete; the peer is authentic */
    SG_DTLS_DATA,      /* `data` holds one application record, valid during the call */
    SG_DTLS_MOVED,     /* the peer's address changed to `addr`, shown by an authentic newer CID record */
    SG_DTLS_CLOSED,    /* ended by the peer, or replaced by its new handshake; the id is dead; `alert` tells how */
    SG_DTLS_REFUSED,   /* a handshake failed: `reason` and `alert`; there is no association (id 0) */
};

struct sg_dtls_event {
    enum sg_dtls_what what;
    sg_dtls_id id;
    uint64_t identity; /* the verdict's; REFUSED: 0 where it did not come to a verdict */
    struct sg_addr addr;
    struct sg_bytes data;
    int alert;            /* CLOSED, REFUSED: SG_ALERT_…, -1 where none was sent or received (time-out) */
    bool alert_from_peer; /* the peer sent it, not we */
    bool resumed;         /* CONNECTED: an abbreviated handshake */
    bool wants_psk;       /* REFUSED: it offered pre-shared keys, which are switched off here */
    const char *reason;   /* CLOSED, REFUSED: a sentence, never NULL there */
};

/* How connection ids are negotiated (RFC 9146 section 3). */
enum sg_dtls_cid_mode {
    SG_CID_OFF,       /* extension neither offered nor answered */
    SG_CID_SUPPORTED, /* client: offers a zero-length id, uses the one that the server gives; server: as ON */
    SG_CID_ON,        /* asks the peer to use an id of ours as well */
};

struct sg_dtls_config {
    bool server;
    X509 *cert; /* own leaf; NULL for a client without identity. Borrowed for the endpoint's life, as is all below */
    EVP_PKEY *key;
    STACK_OF(X509) * chain; /* certificates to send after the leaf, or NULL: the leaf only */
    const uint16_t
        *suites; /* in order of preference; NULL: AES128-GCM, AES128-CCM8, AES256-GCM, AES256-CCM, AES128-CCM; with
                    pre-shared keys ECDHE-PSK and PSK after them, or those two alone for a client */
    size_t suite_count;
    enum sg_dtls_cid_mode cid;
    uint8_t worker;           /* server: the first byte of every connection id made here */
    uint16_t mtu;             /* largest datagram to send, 512 to 1452; 0: 1152 */
    const char *server_name;  /* client: SNI and the name for the verify callback's use; NULL: none */
    const char *psk_identity; /* client: it has a pre-shared key instead of a certificate, and this is its name, at most
                                 127 bytes; NULL: none. The server is then authentic because it has the key too */
    struct sg_bytes psk_key;  /* 1 to SG_DTLS_PSK_MAX bytes */
    bool resume;              /* client: offer the last session again. A server always resumes (ids and tickets) */
    uint16_t max_fragment;    /* client: asks the server for records of at most 512 or 1024 bytes (RFC 6066 section 4);
                                 0: does not ask */
    uint32_t handshake_ms;    /* give up a handshake after so long; 0: 60,000 */
    uint32_t max_handshakes;  /* server: handshakes at once past the cookie; 0: 1024. More are dropped silently */

    void
        *user; /* for the callbacks, which must not call back into the endpoint except sg_dtls_send, _close and _info */
    void (*send)(void *user, const struct sg_addr *to, struct sg_bytes datagram);
    void (*event)(void *user, const struct sg_dtls_event *event);
    /* Judges the peer's leaf, with the certificates as it sent them, leaf first (`sent`); also called for each resumed
     * session, with `sent` NULL: a peer revoked meanwhile must not come back by resumption. Fills *verdict. The peer
     * has not yet shown that it holds the key: that, the CONNECTED event tells. Never called without a leaf: a peer
     * that sends none is refused (handshake_failure, "sent no certificate"). */
    void (*verify)(void *user, const struct sg_addr *peer, X509 *leaf, STACK_OF(X509) * sent,
                   struct sg_dtls_verdict *verdict);
    /* Server: puts the pre-shared key of the peer that calls itself `identity` into `key` (room for SG_DTLS_PSK_MAX
     * bytes) and judges it; also called for each resumed session, with `key` NULL. NULL: pre-shared keys are not
     * offered. A peer that is refused is not told so: the handshake goes on with a random key and ends, at the same
     * moment and with the same alert (decrypt_error, RFC 4279 section 2), as with a known identity and a wrong key. */
    void (*psk)(void *user, const struct sg_addr *peer, struct sg_bytes identity, struct sg_buf *key,
                struct sg_dtls_verdict *verdict);
};

/* The memory that holds `slots` associations (1 to 2^24), session-ticket keys included: RAM only, never a disk. */
size_t sg_dtls_table_size(uint32_t slots);

/*
 * Makes an endpoint. `table` (8-byte aligned, sg_dtls_table_size(slots) bytes, zeroed when new) outlives it; what an
 * earlier endpoint left there, in this or another process, goes on: exact sequence numbers, same ids. A table of
 * another layout or slot count is refused (SG_EFORMAT). NULL: own memory. NULL on error.
 */
struct sg_dtls *sg_dtls_new(const struct sg_dtls_config *config, void *table, uint32_t slots, struct sg_error *err);
/* Frees the endpoint; associations stay in the table, and are wiped with it where the table was its own. Sends nothing.
 */
void sg_dtls_free(struct sg_dtls *d);

/* One datagram that arrived. `datagram` is used as scratch space. Never fails: what is not authentic is dropped. */
void sg_dtls_input(struct sg_dtls *d, const struct sg_addr *from, uint8_t *datagram, size_t n, uint64_t now);

/* Client: begins a handshake with a server, ending a present association. The CONNECTED or REFUSED event tells the
 * rest. */
int sg_dtls_connect(struct sg_dtls *d, const struct sg_addr *server, uint64_t now, struct sg_error *err);

/* Client with `resume`: the session as secret bytes, and one to be offered to that server by the next sg_dtls_connect.
 * SG_ENOTFOUND (no session), SG_ENOSPC; SG_EFORMAT. */
int sg_dtls_session_save(const struct sg_dtls *d, struct sg_buf *out);
int sg_dtls_session_load(struct sg_dtls *d, const struct sg_addr *server, struct sg_bytes session);

/* Seals one application record and sends it to the peer's present address. 1 to sg_dtls_max_data bytes.
 * SG_ENOTFOUND (no such association any more), SG_ENOSPC, SG_EINVAL (no data). */
int sg_dtls_send(struct sg_dtls *d, sg_dtls_id id, struct sg_bytes data, uint64_t now);
/* What fits into one record to that peer: the MTU, its suite, its connection id and the max_fragment_length that it
 * asked for (RFC 6066 section 4). 0 where there is no such association. */
size_t sg_dtls_max_data(const struct sg_dtls *d, sg_dtls_id id);

/* Ends an association with that alert (close_notify or a fatal one), sent once. A CLOSED event is not made for it.
 * Its session cannot be resumed unless the alert is close_notify. SG_ENOTFOUND. */
int sg_dtls_close(struct sg_dtls *d, sg_dtls_id id, int alert, uint64_t now);

/* When sg_dtls_tick must next be called; UINT64_MAX: not before the next datagram. */
uint64_t sg_dtls_deadline(const struct sg_dtls *d);
void sg_dtls_tick(struct sg_dtls *d, uint64_t now);

/* What is known of an association. False where it is no more. */
struct sg_dtls_info {
    uint64_t identity;
    struct sg_addr addr;
    uint16_t suite;
    uint8_t cid_in_len, cid_out_len; /* the id that the peer puts on records to us; the one we put on records to it */
    uint8_t cid_in[8], cid_out[32];
    uint64_t since, heard; /* times of handshake and last authentic record */
};
bool sg_dtls_info(const struct sg_dtls *d, sg_dtls_id id, struct sg_dtls_info *info);

/* The next association after `id` (0: the first), 0 at the end: for a restart, and to find what is to be ended. */
sg_dtls_id sg_dtls_next(const struct sg_dtls *d, sg_dtls_id id);

/* Where a record with a connection id of ours carries the worker's byte: offset 11, in records of type 25. For the
 * socket filter that steers datagrams to workers. */
enum { SG_DTLS_CID_RECORD = 25, SG_DTLS_CID_OFFSET = 11, SG_DTLS_CID_LEN = 6 };

#endif
