/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the server's probe share: hellos and what a server answers, handshakes, and the runs made of them.
 */
#ifndef SG_PROBE_SERVER_INTERNAL_H
#define SG_PROBE_SERVER_INTERNAL_H

#include "dtls/dtls.h"
#include "probe/names_internal.h"
#include "probe/probe_internal.h"

#include <openssl/ssl.h>

/* ---------------------------------------------------------------------------------- hellos (server_hello.c, no I/O) */

enum { /* IANA, "TLS ExtensionType Values" */
       SG_EXT_SERVER_NAME = 0,
       SG_EXT_MAX_FRAGMENT = 1,
       SG_EXT_GROUPS = 10,
       SG_EXT_POINT_FORMATS = 11,
       SG_EXT_SIGNATURES = 13,
       SG_EXT_EXTENDED_MASTER_SECRET = 23,
       SG_EXT_TICKET = 35,
       SG_EXT_VERSIONS = 43,
       SG_EXT_KEY_SHARE = 51,
       SG_EXT_CID_DRAFT = 53, /* the number that drafts of RFC 9146 used before 54 was assigned */
       SG_EXT_CID = 54,
       SG_EXT_RENEGOTIATION = 0xff01
};

/* One ClientHello; what is 0 is left out. */
struct sg_probe_hello {
    uint16_t version; /* SG_DTLS_…; 1.3 is offered as its extension says it, with 1.2 in the old place */
    const uint16_t *suites, *groups, *signatures;
    size_t suite_count, group_count, signature_count;
    const char *name;                                            /* SNI */
    bool extended_master_secret, renegotiation, ticket, deflate; /* ticket: an empty one */
    bool cid, cid_draft;                                         /* offers an empty connection id */
    uint8_t max_fragment;                                        /* 1 to 4: 512 to 4096 bytes */
    uint8_t random[32];
    struct sg_bytes session, cookie;
    uint16_t message; /* the number of the handshake message, and of its record */
};
/* Appends the datagram. */
void sg_probe_put_hello(struct sg_buf *out, const struct sg_probe_hello *h);

/* ------------------------------------------------------------------- a server's flight (server_flight.c, no I/O) */

enum { SG_FLIGHT_BYTES = 32 * 1024, SG_FLIGHT_MESSAGES = 8, SG_FLIGHT_CERTS = 10, SG_FLIGHT_EXTENSIONS = 32 };

/* A handshake message that comes in pieces. */
struct sg_probe_message {
    bool begun, whole;
    uint8_t type;
    uint32_t length, at; /* where its bytes are in `bytes` of the flight */
    uint32_t got;        /* bytes of it that came, in order */
};

/* What a server answered to a hello, as far as it is in clear. Views borrow from `bytes`. */
struct sg_probe_flight {
    struct sg_probe_message message[SG_FLIGHT_MESSAGES];
    uint8_t bytes[SG_FLIGHT_BYTES];
    size_t used, next; /* the message that is looked at next */
    size_t received;   /* bytes of datagrams */
    size_t largest;    /* record */
    unsigned datagrams;
    const char *wrong; /* a rule that was broken; NULL: none */

    bool alerted;
    uint8_t alert_level, alert; /* the first one */
    bool verify_request;        /* HelloVerifyRequest */
    struct sg_bytes cookie;
    bool hello; /* ServerHello */
    uint16_t version, suite;
    uint8_t compression;
    bool retry; /* DTLS 1.3's HelloRetryRequest */
    struct sg_bytes session;
    size_t extensions;
    uint16_t extension[SG_FLIGHT_EXTENSIONS];
    struct sg_bytes extension_data[SG_FLIGHT_EXTENSIONS];
    size_t certs;
    struct sg_bytes cert[SG_FLIGHT_CERTS];
    bool key_exchange;
    uint16_t group, signature; /* 0: not told */
    unsigned dh_bits;          /* of a finite field */
    bool certificate_request;
    uint8_t types[16];
    size_t type_count, accepted_count, ca_count;
    uint16_t accepted[32]; /* signature algorithms that it takes from clients */
    bool done;             /* ServerHelloDone */
    bool verified;         /* it came after a HelloVerifyRequest (server_ask.c) */
};
void sg_probe_flight_init(struct sg_probe_flight *f);
/* Takes one datagram. What is not understood is left, and `wrong` says what it was; never fails. */
void sg_probe_flight_take(struct sg_probe_flight *f, struct sg_bytes datagram);
/* An extension of the ServerHello; `data` may be NULL. */
bool sg_probe_flight_extension(const struct sg_probe_flight *f, uint16_t type, struct sg_bytes *data);

/* --------------------------------------------------------------------------------- one probe of a server (server.c) */

struct sg_probe_session {
    const struct sg_probe_server *server;
    SSL_CTX *ctx;                   /* the client's settings */
    BIO_METHOD *bio;                /* what its datagrams pass */
    struct sg_probe_result *result; /* of the run under way */
    uint64_t next_send_us;          /* the pace, from one socket to the next */
    const volatile int *stop;

    /* What was learnt. */
    size_t suite_count;
    uint16_t suite[SG_PROBE_SUITES]; /* that it takes, in its order */
    X509 *cert[SG_FLIGHT_CERTS];     /* its chain as sent */
    size_t certs, bad_certs;         /* what can be read of it, and what cannot */
    bool learned;                    /* it answered to the end: what is not here, it does not send */
    bool registers;                  /* a genuine client could register here */
    unsigned tokens;
    unsigned long datagrams; /* sent so far */
};
/* A run: makes it and concludes. The result is begun, and has a capture. */
typedef void sg_probe_server_run(struct sg_probe_session *s, struct sg_probe_result *r);
sg_probe_server_run sg_srv_version, sg_srv_suites, sg_srv_weak, sg_srv_static, sg_srv_cbc_sha1, sg_srv_curves,
    sg_srv_signatures, sg_srv_cert_time, sg_srv_cert_name, sg_srv_cert_chain, sg_srv_cert_strength, sg_srv_cert_usage,
    sg_srv_cookie, sg_srv_extended_secret, sg_srv_renegotiation, sg_srv_compression, sg_srv_cid, sg_srv_resumption,
    sg_srv_fragment, sg_srv_garbage, sg_srv_plain, sg_srv_no_cert, sg_srv_wrong_ca, sg_srv_self_signed, sg_srv_expired,
    sg_srv_future, sg_srv_usage, sg_srv_unknown, sg_srv_revoked, sg_srv_name, sg_srv_replay, sg_srv_tamper,
    sg_srv_nonce, sg_srv_revocation_speed, sg_srv_flood;

unsigned sg_probe_wait(const struct sg_probe_session *s); /* for an answer, ms */
bool sg_probe_is_name(const char *host);                  /* a DNS name, and no address */
bool sg_probe_stopped(const struct sg_probe_session *s);
/* A socket for the run under way, at the session's pace, and its end. */
int sg_probe_session_open(struct sg_probe_session *s, struct sg_probe_wire *w, struct sg_error *err);
int sg_probe_session_send(struct sg_probe_session *s, struct sg_probe_wire *w, struct sg_bytes datagram);
void sg_probe_session_close(struct sg_probe_session *s, struct sg_probe_wire *w);
/* Adds a member to the run's facts; takes the reference. */
void sg_probe_fact(struct sg_probe_result *r, const char *name, json_t *value);

/* ---------------------------------------------------------------------------------- hello and answer (server_ask.c) */

enum sg_probe_answer {
    SG_ANSWER_HELLO,  /* a ServerHello */
    SG_ANSWER_ALERT,  /* no ServerHello, but an alert */
    SG_ANSWER_NONE,   /* nothing in time, or a HelloVerifyRequest and then nothing */
    SG_ANSWER_CLOSED, /* its host says that nobody listens */
};
/* A hello that offers everything that there is: a server that lives answers it. */
struct sg_probe_offer {
    struct sg_probe_hello hello;
    uint16_t suites[SG_PROBE_SUITES], groups[SG_PROBE_NAMED], signatures[SG_PROBE_NAMED];
};
void sg_probe_offer_all(const struct sg_probe_session *s, struct sg_probe_offer *o);
void sg_probe_offer_suites(struct sg_probe_offer *o, unsigned classes); /* these only */
/* Sends it (again after half the time), sends the cookie back, gathers the flight, and ends the handshake with an alert
 * so that the server forgets it. */
enum sg_probe_answer sg_probe_ask(struct sg_probe_session *s, struct sg_probe_hello *h, struct sg_probe_flight *f);
/* Sends it once, and gathers all that comes back within a few seconds to a client that shows no cookie. Returns the
 * number of bytes sent. */
size_t sg_probe_ask_unverified(struct sg_probe_session *s, struct sg_probe_hello *h, struct sg_probe_flight *f);
/* "chose TLS_…", "handshake failure (40)", "no answer": for a person. */
enum { SG_ANSWER_TEXT = 160 };
char *sg_probe_answer_text(enum sg_probe_answer a, const struct sg_probe_flight *f, char text[SG_ANSWER_TEXT]);
char *sg_probe_alert_text(int alert, char text[SG_ANSWER_TEXT]);
/* Asks once, for what holds during all runs: the certificates. */
void sg_probe_session_learn(struct sg_probe_session *s, struct sg_probe_target *target);
/* A control: the server answers a hello that offers everything. */
bool sg_probe_control_hello(struct sg_probe_session *s, struct sg_probe_result *r, const char *when);

/* ----------------------------------------------------------------------------------- a client (server_client.c) */

enum sg_client_stage {
    SG_CLIENT_CONNECTED,
    SG_CLIENT_REFUSED,     /* with `alert` */
    SG_CLIENT_SILENT,      /* the handshake did not end in time */
    SG_CLIENT_UNREACHABLE, /* its host says that nobody listens */
    SG_CLIENT_FAILED       /* our side would not go on: `why` */
};

enum { SG_CLIENT_RECORDS = 128, SG_CLIENT_DATAGRAM = 16 * 1024 + 512 };
/* A protected record as it came. */
struct sg_probe_sealed {
    uint64_t number; /* epoch and sequence number */
    uint8_t head[8]; /* the first bytes after the header: the explicit nonce of AES-GCM and AES-CCM */
    uint8_t digest[32];
    uint8_t type;
};

/* A whole DTLS client: libssl for the handshake and the records, every datagram through the wire. */
struct sg_probe_client {
    struct sg_probe_session *s;
    struct sg_probe_wire wire;
    SSL *ssl;
    enum sg_client_stage stage;
    int alert; /* that the server sent; -1: none */
    char why[120];
    uint64_t began, took; /* ms */
    bool hold;            /* what libssl sends is kept in `out`, and not sent */
    bool aside;           /* it is sent, and not kept in `out` */
    unsigned lose;        /* so many of the server's protected datagrams are yet to be lost on purpose */
    size_t in_len, out_len;
    uint8_t in[SG_CLIENT_DATAGRAM], out[SG_CLIENT_DATAGRAM]; /* a datagram on its way to libssl; the last one sent */
    size_t sealed_count;
    struct sg_probe_sealed sealed[SG_CLIENT_RECORDS];
    char location[2][64]; /* where it is registered; "": not */
};
SSL_CTX *sg_probe_client_context(struct sg_error *err);
BIO_METHOD *sg_probe_client_bio(void); /* NULL: out of memory */
/* Shakes hands as `identity` (NULL: without one), resuming `session` where not NULL. The client is to be closed
 * whatever comes out. */
enum sg_client_stage sg_probe_client_open(struct sg_probe_client *c, struct sg_probe_session *s,
                                          const struct sg_probe_identity *identity, SSL_SESSION *session,
                                          unsigned lose);
void sg_probe_client_close(struct sg_probe_client *c);
/* Sends one application record as it is. */
int sg_probe_client_send(struct sg_probe_client *c, struct sg_bytes data);
/* The next application record until `deadline`: its length, 0 at the deadline, SG_ECLOSED where the server ended the
 * session (c->alert). */
int sg_probe_client_receive(struct sg_probe_client *c, struct sg_buf *out, uint64_t deadline);

/* ------------------------------------------------------------------------------------ LwM2M (server_lwm2m.c) */

struct sg_probe_request {
    uint8_t code;
    const char *path[3], *query[4]; /* as many as are not NULL */
    const char *payload;            /* link format; NULL: none */
};
struct sg_probe_reply {
    struct sg_coap message; /* views into `bytes` */
    uint8_t bytes[16 * 1024];
};
/* A request and its answer: the answer's code, 0 where none came, SG_ECLOSED. */
int sg_probe_client_request(struct sg_probe_client *c, const struct sg_probe_request *q, struct sg_probe_reply *reply);
/* LwM2M: registers as `endpoint`, and takes it back. The answer's code as above. */
int sg_probe_client_register(struct sg_probe_client *c, const char *endpoint);
void sg_probe_client_deregister(struct sg_probe_client *c);
const char *sg_probe_endpoint(const struct sg_probe_session *s, char text[128]); /* of the genuine identity */

/* A name that no device has. */
enum { SG_PROBE_NAME = 32 };
void sg_probe_new_name(char name[SG_PROBE_NAME]);

/* An identity tries to come in: handshake, then registration as `endpoint`. */
struct sg_probe_attempt {
    enum sg_client_stage stage;
    int alert; /* of the handshake, or that ended the session; -1 */
    int code;  /* of the registration's answer; 0: none; SG_ECLOSED */
    uint64_t took;
    char text[200]; /* what was seen */
};
void sg_probe_attempt(struct sg_probe_session *s, const struct sg_probe_identity *identity, const char *endpoint,
                      struct sg_probe_attempt *a);
/* A control: the genuine identity comes in. With `registered`, it must register, too. */
bool sg_probe_control_client(struct sg_probe_session *s, struct sg_probe_result *r, const char *when, bool registered);

/* ------------------------------------------------------------------------- a revocation (server_revocation.c) */

struct sg_probe_revoked {
    bool ended, refused, resumed; /* said by the server: with an alert, with 4.xx in the session */
    bool mute, deaf;              /* it said nothing, time and again: in the session, to new handshakes */
    uint64_t ended_ms, refused_ms;
};
void sg_probe_revoked_conclude(struct sg_probe_result *r, const struct sg_probe_revoked *m);

/* ------------------------------------------------------------------------- identities that are not (server_forge.c) */

/* How a certificate differs from the one that it is made like. */
struct sg_probe_forgery {
    int64_t from, until; /* 0: as it is */
    const char *usage;   /* the extended key usage instead of its own, as OpenSSL writes it; NULL: its own */
    bool self_signed;    /* issuer = subject, no authority key id */
};
/* A certificate like `like` (same names, same extensions), with a new key of P-256 and a new serial number, signed by
 * `signer` (NULL: a key that nobody has). */
int sg_probe_forge(X509 *like, const struct sg_probe_forgery *f, EVP_PKEY *signer, struct sg_probe_identity *out,
                   struct sg_error *err);
void sg_probe_identity_free(struct sg_probe_identity *i);

#endif
