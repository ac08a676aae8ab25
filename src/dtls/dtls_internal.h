/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the dtls room share. Read in this order: table.c (what an association is), record.c and aead.c (its
 * records), handshake.c with bio.c, keys.c, cid.c and flight.c (how it comes to be), association.c (how it lives),
 * endpoint.c (the room's interface).
 */
#ifndef SG_DTLS_INTERNAL_H
#define SG_DTLS_INTERNAL_H

#include "dtls/dtls.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { /* RFC 6347 section 4.1, RFC 9146 section 4 */
       SG_DTLS_CCS = 20,
       SG_DTLS_ALERT = 21,
       SG_DTLS_HANDSHAKE = 22,
       SG_DTLS_APPLICATION = 23,
       SG_DTLS_HEADER = 13, /* of a record without connection id */
       SG_DTLS_IV_MAX = 12,
       SG_DTLS_PLAIN_MAX = 1 << 14,  /* content of one record */
       SG_DTLS_BUFFER = 16384 + 512, /* any record */
       SG_DTLS_CID_MAX = 32,         /* the longest id that we put on records for a peer */
       SG_DTLS_HELLO_RANDOM = 27,    /* from a ClientHello's record to its random: headers and version */
       SG_DTLS_NAME_MAX = 64,
};
#define SG_DTLS_VERSION 0xfefd              /* DTLS 1.2 */
#define SG_DTLS_SEQ_END ((uint64_t)1 << 48) /* sequence numbers end before this */
#define SG_DTLS_NONE    UINT32_MAX          /* no slot */
#define SG_DTLS_NEVER   UINT64_MAX

/* ------------------------------------------------------------------------------------------ suites, suites.c */

enum sg_dtls_cipher {
    SG_DTLS_GCM_128,
    SG_DTLS_GCM_256,
    SG_DTLS_CCM_128,
    SG_DTLS_CCM_256,
    SG_DTLS_CHACHA,
    SG_DTLS_CIPHERS
};

struct sg_dtls_suite {
    const char *name;   /* OpenSSL's */
    const char *digest; /* of the PRF */
    enum sg_dtls_cipher cipher;
    uint16_t id;
    uint8_t key_len, tag_len;
    /* GCM and CCM: 4 bytes of IV, and 8 in the record (RFC 5288 section 3, RFC 6655 section 3). ChaCha20: 12 and none,
     * the record's number is added (RFC 7905 section 2). */
    uint8_t iv_len, explicit_len;
    bool psk;
};
const struct sg_dtls_suite *sg_dtls_suite(uint16_t id); /* NULL for others than ours */
/* The list as SSL_CTX_set_cipher_list takes it. */
int sg_dtls_suite_list(const struct sg_dtls_config *config, struct sg_buf *out, struct sg_error *err);

/* ---------------------------------------------------------------------------------------- associations, table.c */

enum { SG_DTLS_FREE, SG_DTLS_SHAKING, SG_DTLS_LIVE };

/* The keys of one direction. */
struct sg_dtls_half {
    uint8_t key[32], iv[SG_DTLS_IV_MAX];
};

/* One peer. It lies in memory that outlives the process, which may be killed between any two stores: so a slot becomes
 * LIVE by the last store, and a number is taken from write_seq before it is used. */
struct sg_dtls_assoc {
    uint64_t identity;
    uint64_t since, heard;
    uint64_t write_seq;   /* the next number of epoch 1, for whatever we send in it */
    uint64_t read_next;   /* one above the highest authentic number that we got */
    uint64_t read_window; /* bit i: read_next - 1 - i was here */
    uint64_t session;     /* names the session, to bar it from resumption */
    uint8_t hello[8];     /* begin of ClientHello.random, to know its late duplicates */
    uint32_t generation;  /* of the slot; part of the id */
    uint16_t suite;
    uint16_t fragment; /* most content in a record */
    struct sg_addr addr;
    uint8_t state;
    uint8_t cid_in_len, cid_out_len;
    uint8_t cid_in[SG_DTLS_CID_LEN];
    uint8_t cid_out[SG_DTLS_CID_MAX];
    struct sg_dtls_half read, write;
};
_Static_assert(sizeof(struct sg_dtls_assoc) <= 256, "an association is to be small");

struct sg_dtls_ticket_key {
    uint8_t name[16], aes[32], mac[32];
};

enum { SG_DTLS_BARRED = 1024 };

struct sg_dtls_table {
    char magic[8];
    uint32_t size_of_assoc, slots;
    uint64_t cookie_since, ticket_since; /* when [0] was made; [1] is the one before it */
    uint8_t cookie_ready, ticket_ready, reserved[6];
    uint8_t cookie[2][32];
    struct sg_dtls_ticket_key ticket[2];
    uint64_t barred[SG_DTLS_BARRED]; /* sessions that ended with a fatal alert; the oldest is forgotten first */
    uint64_t barred_count;
    struct sg_dtls_assoc assoc[];
};

struct sg_dtls_hs;

/* Slots by address, and slots that are free: chains of slot numbers in process memory, made anew at each start. */
struct sg_dtls_index {
    uint32_t *head, *next;
    uint32_t mask; /* number of heads - 1 */
    uint32_t free;
    uint64_t seed[2];
};

int sg_dtls_table_open(struct sg_dtls *d, void *memory, uint32_t slots, struct sg_error *err);
void sg_dtls_table_close(struct sg_dtls *d);
uint32_t sg_dtls_slot_take(struct sg_dtls *d,
                           const struct sg_addr *addr);   /* SHAKING; SG_DTLS_NONE where all are used */
void sg_dtls_slot_drop(struct sg_dtls *d, uint32_t slot); /* wiped, but for the generation */
void sg_dtls_slot_move(struct sg_dtls *d, uint32_t slot, const struct sg_addr *addr);
/* The slots with that address, one after the other: `after` SG_DTLS_NONE to begin. */
uint32_t sg_dtls_slot_at(const struct sg_dtls *d, const struct sg_addr *addr, uint32_t after);
uint32_t sg_dtls_slot_of_cid(const struct sg_dtls *d, const uint8_t cid[SG_DTLS_CID_LEN]);
sg_dtls_id sg_dtls_slot_id(const struct sg_dtls *d, uint32_t slot);
uint32_t sg_dtls_slot_live(const struct sg_dtls *d, sg_dtls_id id); /* SG_DTLS_NONE where it is no more */
void sg_dtls_session_bar(struct sg_dtls *d, uint64_t session);
bool sg_dtls_session_barred(const struct sg_dtls *d, uint64_t session);

/* ------------------------------------------------------------------------------------------ records, record.c */

struct sg_dtls_record {
    uint8_t type; /* on the wire */
    uint16_t version, epoch;
    uint64_t seq;
    const uint8_t *cid; /* SG_DTLS_CID_LEN bytes where type is 25 */
    struct sg_bytes body, whole;
};

struct sg_dtls_aead;

/* The next record of a datagram; false at its end or where the rest is no record. */
bool sg_dtls_record_next(struct sg_cursor *c, struct sg_dtls_record *r);
/* Opens a record of epoch 1 into `out` (SG_DTLS_BUFFER bytes). The length of its content, which is never 0, and its
 * true type; -1 where it is not authentic or not well-formed. */
int sg_dtls_open(struct sg_dtls_aead *aead, uint16_t suite, const struct sg_dtls_half *half,
                 const struct sg_dtls_record *r, uint8_t *out, uint8_t *type);
/* Seals one record of epoch 1, with connection id where it is not empty, at the end of `out`. SG_ENOSPC, SG_ECRYPTO. */
int sg_dtls_seal(struct sg_dtls_aead *aead, uint16_t suite, const struct sg_dtls_half *half, uint64_t seq,
                 struct sg_bytes cid, uint8_t type, struct sg_bytes content, struct sg_buf *out);
/* What sealing adds to content. */
size_t sg_dtls_overhead(uint16_t suite, size_t cid_len);
/* Seals with the association's next number, which is used up whatever happens. */
int sg_dtls_seal_next(struct sg_dtls *d, struct sg_dtls_assoc *a, uint8_t type, struct sg_bytes content,
                      struct sg_buf *out);

/* RFC 6347 section 4.1.2.6: a window of 64 numbers. */
bool sg_dtls_window_new(const struct sg_dtls_assoc *a, uint64_t seq);
void sg_dtls_window_mark(struct sg_dtls_assoc *a, uint64_t seq);

/* aead.c */
struct sg_dtls_aead {
    EVP_CIPHER_CTX *ctx[SG_DTLS_CIPHERS][2]; /* [1] seals */
};
int sg_dtls_aead_open(struct sg_dtls_aead *aead);
void sg_dtls_aead_close(struct sg_dtls_aead *aead);
/* `in` is sealed to in.n + tag bytes, or opened to in.n - tag bytes at `out`, which is apart from it. False where the
 * tag is wrong. There must be at least one byte of content. */
bool sg_dtls_aead(struct sg_dtls_aead *aead, const struct sg_dtls_suite *suite, bool seal, const uint8_t *key,
                  const uint8_t nonce[12], struct sg_bytes aad, struct sg_bytes in, uint8_t *out);

/* ------------------------------------------------------------------------------------- handshakes, handshake.c */

/* The records that libssl wrote last, in its own form: they are sealed again each time that they are sent. */
struct sg_dtls_flight {
    uint8_t *p;
    size_t len, cap;
    bool old; /* the next write begins a new flight */
};

struct sg_dtls_hs {
    struct sg_dtls *d;
    SSL *ssl;      /* NULL once complete: what is left is the last flight, in case the peer did not get it */
    uint32_t slot; /* SG_DTLS_NONE: listens for ClientHellos with a cookie */
    struct sg_addr addr;
    uint8_t hello[8];

    const uint8_t *in; /* the record for libssl */
    size_t in_len;
    bool peek;

    struct sg_dtls_flight flight;
    uint64_t epoch0_next; /* the next sequence number of epoch 0 */
    uint8_t *held;        /* records of epoch 1 that came before their time */
    size_t held_len;
    bool keyed;      /* the association has its keys */
    bool heard;      /* the peer answered our first flight, if only in part */
    bool cid_agreed; /* both sides named the extension */

    uint64_t at, until; /* when to send the flight again; when to give up */
    uint32_t interval;
    size_t timer; /* place in the heap, 0: none */

    bool judged; /* `verdict` is filled */
    struct sg_dtls_verdict verdict;
    int alert; /* sent or received, -1 */
    bool alert_from_peer;
    bool psk;     /* the peer's name is in the verdict's hands, its key not yet shown */
    bool doubted; /* a record came that its pre-shared key does not open */
};

/* Server: a ClientHello. Answers it with a HelloVerifyRequest, or begins a handshake. */
void sg_dtls_hello(struct sg_dtls *d, const struct sg_addr *from, const struct sg_dtls_record *r);
int sg_dtls_hs_begin(struct sg_dtls *d, const struct sg_addr *server, struct sg_error *err); /* client */
void sg_dtls_hs_plain(struct sg_dtls_hs *hs, const struct sg_dtls_record *r);                /* a record of epoch 0 */
void sg_dtls_hs_sealed(struct sg_dtls_hs *hs, const struct sg_dtls_record *r);               /* a record of epoch 1 */
void sg_dtls_hs_tick(struct sg_dtls_hs *hs);
void sg_dtls_hs_free(struct sg_dtls_hs *hs); /* its slot too, unless it is LIVE */
struct sg_dtls_hs *sg_dtls_hs_at(const struct sg_dtls *d, const struct sg_addr *addr); /* under way, or NULL */

BIO_METHOD *sg_dtls_bio_method(void);                              /* bio.c */
SSL_CTX *sg_dtls_context(struct sg_dtls *d, struct sg_error *err); /* context.c */
SSL *sg_dtls_ssl(struct sg_dtls_hs *hs);                           /* NULL: no memory */
/* verify.c: the peer of a resumed session is judged by its leaf. */
int sg_dtls_verify_cb(X509_STORE_CTX *store, void *arg);
int sg_dtls_resumed_cb(SSL *ssl, int *alert, void *arg);

/* psk.c: pre-shared keys. */
int sg_dtls_psk_context(SSL_CTX *ctx, const struct sg_dtls_config *config, struct sg_error *err);
bool sg_dtls_psk_resumed(struct sg_dtls_hs *hs); /* judges; false where the session was not made by one */
void sg_dtls_psk_doubt(struct sg_dtls_hs *hs);   /* a record of epoch 1 did not open */
void sg_dtls_psk_wrong(struct sg_dtls_hs *hs, char *reason, size_t cap); /* its time is over: tells the peer */
bool sg_dtls_psk_offered(const SSL *ssl);                                /* by the client */

bool sg_dtls_derive(struct sg_dtls_hs *hs); /* keys.c: true once the association has its keys */
uint64_t sg_dtls_session_tag(const SSL_SESSION *session);

int sg_dtls_cid_context(SSL_CTX *ctx, struct sg_dtls *d); /* cid.c: negotiates connection ids */

bool sg_dtls_flight_add(struct sg_dtls_flight *f, const uint8_t *p, size_t n); /* flight.c */
void sg_dtls_flight_send(struct sg_dtls_hs *hs);

int sg_dtls_cookie_make(SSL *ssl, unsigned char *cookie, unsigned int *len); /* cookie.c */
int sg_dtls_cookie_check(SSL *ssl, const unsigned char *cookie, unsigned int len);
void sg_dtls_secrets_turn(struct sg_dtls *d); /* new cookie and ticket secrets when their time has come */
int sg_dtls_ticket_cb(SSL *ssl, unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                      int enc); /* ticket.c */

/* alert.c: why a handshake failed, for a person; from libssl's error queue, which it empties. */
void sg_dtls_why(const struct sg_dtls_hs *hs, char *out, size_t cap);
const char *sg_dtls_alert_meaning(int alert); /* "it does not trust the issuer of our certificate" */

/* ------------------------------------------------------------------------------------ lives, association.c */

/* A record of epoch 1 for a LIVE slot. False where it is not authentic or was here before. */
bool sg_dtls_assoc_record(struct sg_dtls *d, uint32_t slot, const struct sg_addr *from, const struct sg_dtls_record *r);
void sg_dtls_assoc_alert(struct sg_dtls *d, uint32_t slot, int alert); /* seals and sends it */
void sg_dtls_assoc_end(struct sg_dtls *d, uint32_t slot, int alert);   /* frees the slot, silently */
void sg_dtls_assoc_closed(struct sg_dtls *d, uint32_t slot, int alert, bool from_peer, const char *reason);

/* ------------------------------------------------------------------------------------------- timers, timers.c */

/* The handshakes by time. */
struct sg_dtls_timers {
    struct sg_dtls_hs **heap; /* from 1 */
    size_t n, cap;
};
bool sg_dtls_timer_set(struct sg_dtls *d, struct sg_dtls_hs *hs, uint64_t at); /* false: no memory */
void sg_dtls_timer_drop(struct sg_dtls *d, struct sg_dtls_hs *hs);

/* --------------------------------------------------------------------------------------- the endpoint, endpoint.c */

struct sg_dtls {
    struct sg_dtls_config config;
    SSL_CTX *ctx;
    BIO_METHOD *bio;
    struct sg_dtls_aead aead;
    struct sg_dtls_table *table;
    bool own_table;
    struct sg_dtls_index index;
    struct sg_dtls_hs **hs;      /* by slot: under way, or complete and not yet answered */
    struct sg_dtls_hs *listener; /* server: takes ClientHellos, one at a time, and remembers none */
    BIO_ADDR *listener_addr;
    uint32_t shaking; /* handshakes under way */
    struct sg_dtls_timers timers;
    SSL_SESSION *session; /* client: to be resumed */
    struct sg_addr session_addr;
    uint64_t now;
    uint8_t *again; /* held records whose time has come */
    size_t again_len;
    struct sg_addr again_from;
    uint8_t plain[SG_DTLS_BUFFER], wire[SG_DTLS_BUFFER + 64];
};

void sg_dtls_emit(struct sg_dtls *d, const struct sg_dtls_event *event);
void sg_dtls_send_datagram(struct sg_dtls *d, const struct sg_addr *to, struct sg_bytes datagram);

#endif
