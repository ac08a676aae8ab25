/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the server's probe share: hellos and what a server answers, handshakes, and the runs made of them.
 */
#ifndef SG_PROBE_SERVER_INTERNAL_H
#define SG_PROBE_SERVER_INTERNAL_H

#include "probe/probe_internal.h"

#include <openssl/ssl.h>

/* ------------------------------------------------------------------------------ suites (server_suites.c, no I/O) */

enum sg_suite_class {
    SG_SUITE_SOUND = 1,    /* fresh keys for each session, and a cipher that stands */
    SG_SUITE_CBC_SHA1 = 2, /* the same, with CBC and HMAC-SHA-1 */
    SG_SUITE_STATIC = 4,   /* no forward secrecy: static RSA, (EC)DH, plain PSK */
    SG_SUITE_WEAK = 8,     /* no encryption, no authentication, or a cipher that is broken */
    SG_SUITE_ANY = 15
};
enum { SG_PROBE_SUITES = 256 };
enum sg_suite_class sg_probe_suite_class(uint16_t suite);
const char *sg_probe_suite_name(uint16_t suite); /* IANA's; "unknown" */
/* The numbers of all known suites of these classes, strongest first. */
size_t sg_probe_suites(unsigned classes, uint16_t *list, size_t cap);

/* ---------------------------------------------------------------------------------- hellos (server_hello.c, no I/O) */

enum { SG_DTLS_1_0 = 0xfeff, SG_DTLS_1_2 = 0xfefd, SG_DTLS_1_3 = 0xfefc };
enum { /* IANA, "TLS ExtensionType Values" */
       SG_EXT_SERVER_NAME = 0,
       SG_EXT_MAX_FRAGMENT = 1,
       SG_EXT_GROUPS = 10,
       SG_EXT_POINT_FORMATS = 11,
       SG_EXT_SIGNATURES = 13,
       SG_EXT_ENCRYPT_THEN_MAC = 22,
       SG_EXT_EXTENDED_MASTER_SECRET = 23,
       SG_EXT_RECORD_SIZE_LIMIT = 28,
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

const char *sg_probe_version_name(uint16_t version); /* "DTLS 1.2" */
const char *sg_probe_group_name(uint16_t group);     /* "secp256r1"; "unknown" */
unsigned sg_probe_group_bits(uint16_t group);        /* of security: 128 for P-256; 0 unknown */
const char *sg_probe_signature_name(uint16_t signature);
bool sg_probe_signature_weak(uint16_t signature);   /* MD5, SHA-1, SHA-224 or DSA */
enum { SG_PROBE_NAMED = 32 };                       /* there are no more of either */
size_t sg_probe_groups(uint16_t *list, size_t cap); /* all that have a name here, best first */
size_t sg_probe_signatures(uint16_t *list, size_t cap);

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
};
void sg_probe_flight_init(struct sg_probe_flight *f);
/* Takes one datagram. What is not understood is left, and `wrong` says what it was; never fails. */
void sg_probe_flight_take(struct sg_probe_flight *f, struct sg_bytes datagram);
/* An extension of the ServerHello; `data` may be NULL. */
bool sg_probe_flight_extension(const struct sg_probe_flight *f, uint16_t type, struct sg_bytes *data);

#endif
