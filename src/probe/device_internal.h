/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the device's runs share. Read in this order: device_hello.c (what a device says first),
 * device_certs.c (the certificates that it must refuse), device_lwm2m.c, device_good.c, device_bad.c and
 * device_forge.c (the servers that are played to it), device_control.c, device_refuse.c and the other files of runs,
 * device.c (the runs in their order). */
#ifndef SG_PROBE_DEVICE_INTERNAL_H
#define SG_PROBE_DEVICE_INTERNAL_H

#include "dtls/dtls.h"
#include "probe/probe_internal.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* ------------------------------------------------------------------------------ the first message, device_hello.c */

enum { SG_HELLO_SUITES = 128, SG_HELLO_GROUPS = 32, SG_HELLO_SIGNATURES = 48, SG_HELLO_NAME = 256 };

/* A ClientHello of DTLS (RFC 6347 section 4.2.1, RFC 5246 section 7.4.1.2). Lists are in the device's order; what does
 * not fit into them is counted in `more`. */
struct sg_probe_client_hello {
    uint16_t version; /* the newest that it speaks: 0xfefd is DTLS 1.2, 0xfeff 1.0 */
    uint8_t random[32];
    bool cookie, session; /* it brings a cookie; it offers to resume a session */
    bool compression;     /* it offers some */
    uint16_t suites[SG_HELLO_SUITES], groups[SG_HELLO_GROUPS], signatures[SG_HELLO_SIGNATURES];
    size_t suite_count, group_count, signature_count, more;
    char server_name[SG_HELLO_NAME]; /* "" where it names none; of printable characters */
    bool extended_master_secret, ticket, status_request, renegotiation_info, encrypt_then_mac;
    bool cid, cid_draft; /* connection ids: RFC 9146, or the number of its draft (53) */
    uint8_t cid_len;
    uint8_t max_fragment; /* RFC 6066 section 4: 1 is 512 bytes … 4 is 4096; 0: not asked for */
    bool dtls13;          /* supported_versions names DTLS 1.3 */
};
/* From a datagram that begins with it. SG_ENOTFOUND: it is something else; SG_EUNSUPPORTED: it comes in fragments;
 * SG_EFORMAT, SG_ETRUNCATED. */
int sg_probe_client_hello_parse(struct sg_bytes datagram, struct sg_probe_client_hello *h);

/* ------------------------------------------------------------------- certificates that a server shows, device_certs.c
 */

/* Each is right in all but the one thing that it is named after: names, usage and algorithms are those of the server
 * that the device trusts, and its CA has signed it. */
enum sg_probe_flaw {
    SG_FLAW_NONE,          /* the control */
    SG_FLAW_NONE_BELOW_CA, /* the control of those further down that have an issuing CA in their chain */
    SG_FLAW_WRONG_CA,      /* by a CA of another name */
    SG_FLAW_SAME_NAME,     /* all names, serial numbers and key ids are the right ones; all keys are others */
    SG_FLAW_WRONG_KEY,     /* the right certificate, and a key that is not its own */
    SG_FLAW_EXPIRED,
    SG_FLAW_FUTURE,
    SG_FLAW_WRONG_NAME,
    SG_FLAW_OTHER_SERVER, /* a sound certificate of the CA for another server of the same domain */
    SG_FLAW_USAGE,        /* for clients only */
    SG_FLAW_CA_LEAF,      /* a CA's own certificate, with the server's name */
    SG_FLAW_SHA1,
    SG_FLAW_BROKEN_CHAIN, /* the issuing CA between is not sent */
    SG_FLAW_NOT_A_CA,     /* issued by another server of the CA */
    SG_FLAW_SMALL_CURVE,  /* issued by a CA with a key on P-192 */
    SG_FLAW_RSA,          /* none but that its key is an RSA one: for suites that need it */
    SG_FLAW_SMALL_RSA     /* issued by a CA with 1024 bits of RSA */
};
struct sg_probe_credential {
    X509 *leaf;
    EVP_PKEY *key;
    STACK_OF(X509) * chain; /* to be sent after the leaf; NULL: none */
};
struct sg_probe_authority { /* borrowed */
    X509 *server;           /* the certificate of the server that the device trusts */
    EVP_PKEY *server_key;   /* its key; NULL: a certificate made here takes its place */
    struct sg_issuer ca;    /* what the device trusts it by */
};
int sg_probe_credential_make(const struct sg_probe_authority *a, enum sg_probe_flaw flaw, struct sg_probe_credential *c,
                             struct sg_error *err);
void sg_probe_credential_free(struct sg_probe_credential *c);

/* ------------------------------------------------------------------------ the LwM2M server that is played,
 * device_lwm2m.c */

enum { SG_PLAYED_SEEN = 64, SG_PLAYED_PAYLOAD = 1280, SG_PLAYED_DATAGRAM = 1400, SG_PLAYED_RECEIVED = 4096 };

struct sg_probe_dev_answer {
    uint8_t code;
    uint32_t format; /* UINT32_MAX: none named */
    size_t n;
    uint8_t payload[SG_PLAYED_PAYLOAD];
};

/* One LwM2M server, towards one device, over whatever carries its datagrams. */
struct sg_probe_lwm2m {
    void *user;
    void (*send)(void *user, struct sg_bytes datagram);
    bool mute; /* takes what comes and answers nothing */
    char endpoint[160];
    char first[120];            /* the first request that came, for people: "POST /rd?ep=…" */
    bool registered, bootstrap; /* it asked to be registered; to be bootstrapped */
    bool updated;               /* an update came */
    unsigned registrations, updates;
    uint16_t mid; /* of the last request sent */
    bool answered;
    struct sg_probe_dev_answer answer; /* to the last request sent */
    struct {                           /* tokens of responses as they came, whatever they belong to */
        uint8_t token[8], token_len;
    } seen[SG_PLAYED_SEEN];
    size_t seen_count;
};
/* `mid` is the number before that of the first request. */
void sg_probe_lwm2m_init(struct sg_probe_lwm2m *l, uint16_t mid, void *user,
                         void (*send)(void *user, struct sg_bytes datagram));
void sg_probe_lwm2m_input(struct sg_probe_lwm2m *l, struct sg_bytes datagram);
/* A confirmable request with a number and a token of its own. `format` is that of the payload, or what is accepted
 * where there is none; UINT32_MAX: not named. */
struct sg_probe_dev_request {
    uint8_t method;
    struct sg_path path;
    uint32_t format;
    struct sg_bytes payload;
};
void sg_probe_lwm2m_write(struct sg_probe_lwm2m *l, const struct sg_probe_dev_request *r, struct sg_buf *out);
/* Text from outside: what is not printable ASCII becomes '?'; cut to fit. */
void sg_probe_dev_text(struct sg_bytes from, char *to, size_t cap);
/* A request, for people: "POST /rd?ep=…&lt=300". */
void sg_probe_dev_describe(const struct sg_coap *m, char *text, size_t cap);
/* How many answers came to the message of that number. */
unsigned sg_probe_lwm2m_answers(const struct sg_probe_lwm2m *l, uint16_t mid);

/* -------------------------------------------------------------------------------------------- the probe of a device */

struct sg_probe_good;
struct sg_probe_device {
    const struct sg_probe_device_options *o;
    const struct sg_probe_watch *watch;
    struct sg_probe_target *target;
    struct sg_probe_authority authority;
    struct sg_probe_wire wire;
    struct sg_probe_good *good;         /* the session with the good server, or NULL */
    struct sg_probe_client_hello hello; /* the device's latest first message to the good server */
    struct sg_addr peer;                /* where its latest first message came from */
    bool known;                         /* it registered once */
    struct sg_probe_control last;       /* the latest control */
    enum sg_probe_flaw last_kind;
    bool last_fresh;   /* nothing was done since but in that session */
    uint16_t next_mid; /* each session has numbers of its own: late answers are known for what they are */
    void *spy_user;
    /* Sees each datagram of the good server's sessions; NULL: nobody looks. */
    void (*spy)(void *user, bool from_device, struct sg_bytes datagram);
};
bool sg_probe_device_stopped(const struct sg_probe_device *p);

/* ---------------------------------------------------------------------------------------- the good server,
 * device_good.c */

/* A session of the device with a server that is right in all. */
struct sg_probe_good {
    struct sg_probe_device *p;
    struct sg_dtls *dtls;
    sg_dtls_id id;
    struct sg_probe_credential credential;
    struct sg_probe_lwm2m lwm2m;
    bool connected, closed, refused;
    int alert;
    char why[240];      /* refused or closed: a sentence */
    char identity[200]; /* the device's certificate: fingerprint and common name */
    uint16_t suite;
    bool hold; /* what is to be sent is kept in `held`, the last datagram of it */
    uint8_t held[SG_PLAYED_DATAGRAM + 200];
    size_t held_len;
};
/* Plays it from now on; the session before it is ended. */
int sg_probe_good_open(struct sg_probe_device *p, enum sg_probe_flaw kind, struct sg_error *err);
/* Lets things happen until `until` (NULL: nothing) is true, the session or the attempt has ended, or the deadline. */
bool sg_probe_good_run(struct sg_probe_good *g, const bool *until, uint64_t deadline);
/* Asks the device, and waits for its answer, sending again as RFC 7252 says. False: there is none. */
bool sg_probe_good_ask(struct sg_probe_good *g, const struct sg_probe_dev_request *r);
/* Seals a request, and gives the datagram back instead of sending it. Empty where the session is no more. */
struct sg_bytes sg_probe_good_hold(struct sg_probe_good *g, struct sg_bytes message);
/* Sends a datagram to where the device is, as it is. */
void sg_probe_good_throw(struct sg_probe_good *g, struct sg_bytes datagram);
/* Whether the device still answers in this session. */
bool sg_probe_good_lives(struct sg_probe_good *g);
/* Makes the device need a new handshake: has it send something, and ends the session by close_notify. */
void sg_probe_good_end(struct sg_probe_device *p);

/* ------------------------------------------------------------------------------------------ bad servers, device_bad.c
 */

struct sg_probe_bad { /* what is bad about it */
    enum sg_probe_flaw flaw;
    bool relays;        /* what the device says in its session is answered as the good server would */
    const char *suites; /* libssl's names; NULL: those that the good one has */
    bool forged;        /* its messages are made here: libssl would not do such a thing */
    uint16_t version;   /* forged: 0 is DTLS 1.2 */
    uint16_t suite;     /* forged: the one chosen, whether the device offers it or not; 0: one that it offers */
    bool (*offered)(uint16_t suite); /* forged: the first that is so is chosen instead, where it offers one */
    bool revoked;        /* libssl: a status of the certificate is sent along, which says so (RFC 6066 section 8) */
    bool no_certificate; /* forged: none is sent */
};

/* How far a device went with it. */
enum sg_probe_dev_stage {
    SG_REACHED_NOTHING,  /* it did not come */
    SG_REACHED_HELLO,    /* its first message came */
    SG_REACHED_ANSWERED, /* it went on after the server's certificate: its key exchange came */
    SG_REACHED_FINISHED  /* its Finished came: to it, the server is authentic */
};
struct sg_probe_dev_attempt {
    enum sg_probe_dev_stage stage;
    struct sg_probe_client_hello hello;
    struct sg_addr from;
    int alert;     /* the device's, -1: none */
    bool complete; /* the session stands */
    bool ended;    /* by the device's close_notify, after that */
    bool again;    /* it began anew without a word */
    char suite[64];
    char first[120]; /* what it said first in the session, "" where nothing */
    char why[160];   /* where the probe's side gave up: why */
};
/* Plays it to the device's next attempt, until that has ended. 0, or what kept it from being played. */
int sg_probe_bad_play(struct sg_probe_device *p, const struct sg_probe_bad *bad, struct sg_probe_dev_attempt *t,
                      struct sg_error *err);
/* The device's next first message, whose datagram is n bytes; 0: none came. */
size_t sg_probe_await_hello(struct sg_probe_device *p, struct sg_probe_dev_attempt *t, uint8_t *datagram, size_t cap);
/* Whether a datagram begins another attempt than that one. */
bool sg_probe_begins_anew(const struct sg_probe_dev_attempt *t, struct sg_bytes datagram);

/* ------------------------------------------------------------------------------------- forged flights, device_forge.c
 */

/* The suite that such a server chooses for that hello; 0: there is none. */
uint16_t sg_probe_dev_choose(const struct sg_probe_client_hello *h, const struct sg_probe_bad *bad);
/* ServerHello to ServerHelloDone in one datagram. SG_ECRYPTO, SG_ENOSPC, SG_EUNSUPPORTED (no suite). */
int sg_probe_dev_forge(const struct sg_probe_client_hello *h, const struct sg_probe_bad *bad,
                       const struct sg_probe_credential *c, uint16_t suite, struct sg_buf *out);
/* What a datagram of the device says about how far it goes with that. */
void sg_probe_dev_read_reply(struct sg_bytes datagram, struct sg_probe_dev_attempt *t);

/* ------------------------------------------------------------------------------------------- controls,
 * device_control.c */

/* Has the device register with the good server, anew unless it just did and nothing was done since. What came of it is
 * p->last. False where it did not register. */
bool sg_probe_dev_control(struct sg_probe_device *p, enum sg_probe_flaw kind);
/* Puts p->last among the result's controls. */
void sg_probe_dev_note_control(const struct sg_probe_device *p, struct sg_probe_result *r);

/* -------------------------------------------------------------------------------------------- refusals,
 * device_refuse.c */

enum { SG_REFUSAL_ALERTS = 6 };
struct sg_probe_dev_refusal {
    const char *run;
    struct sg_probe_bad bad;
    enum sg_probe_flaw control;
    const char *wrong;             /* "whose certificate has expired" */
    int alerts[SG_REFUSAL_ALERTS]; /* those that name this cause, ended by 0; besides those that name none */
};
/* NULL: the run is none of them. */
const struct sg_probe_dev_refusal *sg_probe_dev_find_refusal(const char *run);
int sg_probe_dev_refuse(struct sg_probe_device *p, const struct sg_probe_dev_refusal *f, struct sg_probe_result *r,
                        struct sg_error *err);
/* What an attempt says; the only judge of it. */
void sg_probe_dev_judge_refusal(const struct sg_probe_dev_refusal *f, const struct sg_probe_dev_attempt *t,
                                struct sg_probe_result *r);

/* ---------------------------------------------------------------------------------------- runs in the good session */

typedef void sg_probe_dev_run(struct sg_probe_device *p, struct sg_probe_result *r);
sg_probe_dev_run sg_probe_dev_offer;                                              /* device_offer.c */
sg_probe_dev_run sg_probe_dev_rights, sg_probe_dev_repeat;                        /* device_rights.c */
sg_probe_dev_run sg_probe_dev_tamper, sg_probe_dev_replay, sg_probe_dev_truncate; /* device_records.c */
sg_probe_dev_run sg_probe_dev_clear, sg_probe_dev_nonces;                         /* device_spy.c */
sg_probe_dev_run sg_probe_dev_fuzz_coap, sg_probe_dev_fuzz_lwm2m;                 /* device_fuzz.c */
sg_probe_dev_run sg_probe_dev_flood, sg_probe_dev_silence, sg_probe_dev_plain;    /* device_storm.c */
sg_probe_dev_run sg_probe_dev_scan;                                               /* device_scan.c */
/* Has the device in a good session, and notes that as a control; concludes and returns false where it did not come. */
bool sg_probe_dev_session(struct sg_probe_device *p, struct sg_probe_result *r);

/* What the allow list says of a first message: the faults for people in `text`, and how grave the worst is; false where
 * there is none. */
bool sg_probe_dev_offer_faults(const struct sg_probe_client_hello *h, char *text, size_t cap, enum sg_severity *worst);

#endif
