/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem: an nRF91 modem by its AT commands: framing, credential store, identity, key generation, offloaded sockets.
 *
 * The transport is two callbacks, so the same code runs on a serial port, a pseudo-terminal and the chip. It blocks in
 * `read`, and nowhere else. Which of Nordic's hosts is at the other end (at_host, Serial Modem, a shell with its
 * command `at`) is found out; it makes no difference to the store's commands, but for the line ends of what a shell
 * writes. The socket commands need Serial Modem. One struct sg_modem is one port, used by one thread.
 */
#ifndef SG_MODEM_H
#define SG_MODEM_H

#include "core/core.h"

/* The longest command that every host takes (at_host drops the rest silently and wedges), and the longest reply. */
enum { SG_AT_COMMAND_MAX = 4095, SG_AT_REPLY_MAX = 8192 };

struct sg_at_io {
    void *user;
    /* Writes all n bytes. 0 or SG_EIO. */
    int (*write)(void *user, const void *p, size_t n);
    /* Waits up to timeout_ms for at least one byte; returns the count, 0 after the time, SG_EIO or SG_ECLOSED. */
    int (*read)(void *user, void *p, size_t cap, uint32_t timeout_ms);
    uint64_t (*now)(void *user); /* steady milliseconds */
};

struct sg_modem {
    struct sg_at_io io;
    /* Each line that answers no command (+CEREG: …, #XAPOLL: …), while a command runs or sg_modem_wait does. May be
     * NULL. Must not send commands. */
    void (*unsolicited)(void *user, struct sg_bytes line);
    /* Each line sent and received, for a log; credential content is replaced by its length. May be NULL. */
    void (*trace)(void *user, bool sent, struct sg_bytes line);
    /* Signs `text`, the three pieces in a row, with ECDSA over their SHA-256; appends the signature in its DER form.
     * Used for what changes the store once sg_modem_lock_state has found the modem locked. NULL: goes unsigned. */
    int (*sign)(void *user, const struct sg_bytes text[3], struct sg_buf *signature);
    void *user;
    bool locked;      /* as sg_modem_lock_state, sg_modem_lock and sg_modem_unlock found or left it */
    uint8_t lock_tag; /* of the key that locks it: 0 to SG_LOCK_TAG_MAX, usually 0 */
    int cme;          /* the last +CME ERROR, SG_CME_PLAIN where the last error was a plain ERROR or there was none */
    bool shell;       /* found: commands go through a shell */
    bool crlf;        /* private, as all below: commands end with CR LF, not CR */
    bool out_of_step; /* a command had no result: its reply may still come */
    bool overflow;    /* a line was longer than `in` */
    uint8_t escape;   /* of a shell's colours: what came of a sequence */
    size_t at, len;   /* what is read and not yet looked at: in[at] to in[len] */
    uint8_t in[SG_AT_REPLY_MAX];
};

/* +CME ERROR numbers of the store and key commands. */
enum {
    SG_CME_PLAIN = -1, /* ERROR */
    SG_CME_FAILURE = 0,
    SG_CME_MEMORY_FAILURE = 23,
    SG_CME_BAD_PARAMETER = 50,
    SG_CME_DISABLED = 51,
    SG_CME_SYSTEM = 60,
    SG_CME_NOT_FOUND = 513,
    SG_CME_NO_ACCESS = 514,
    SG_CME_FULL = 515,
    SG_CME_ACTIVE = 518,
    SG_CME_EXISTS = 519,
    SG_CME_AUTHENTICATION = 520,
    SG_CME_KEYGEN = 523,
    SG_CME_JWT = 525,
    SG_CME_BAD_CONTENT = 527,
    SG_CME_POWER_WARNING = 528,
    SG_CME_CLAIM = 529
};
/* A modem's error number: "not found", "not allowed while the modem is active"…; what to do about it. Never NULL. */
const char *sg_cme_name(int cme);
const char *sg_cme_cure(int cme); /* "" where nothing general can be said */

/*
 * Begins with a port: gets into step with whatever is there (half a command, a wedged quote, boot lines), asks for
 * numeric errors. *m must be zeroed before, but for the callbacks and `user`. SG_ETIMEOUT: nothing answers like a
 * modem.
 */
int sg_modem_open(struct sg_modem *m, struct sg_at_io io);
/* The same without asking for numeric errors: nothing is changed in the modem. */
int sg_modem_attach(struct sg_modem *m, struct sg_at_io io);

/*
 * Sends one command (without its end of line) and waits for its final result. Information lines, joined with '\n', are
 * appended to `reply` (NULL: dropped); the command's echo, blank lines and unsolicited lines are left out. A quoted
 * string may span lines. 0; SG_EDENIED (ERROR or +CME ERROR: see m->cme), SG_ETIMEOUT, SG_EIO, SG_ECLOSED, SG_ENOSPC
 * (the reply; the command was carried out), SG_EINVAL (the command: longer than SG_AT_COMMAND_MAX, a NUL, an open
 * quote, or a line end outside quotes; nothing was sent), SG_EUNSUPPORTED (a shell cannot pass it on: an apostrophe, a
 * backslash, a line end, or too long).
 */
int sg_modem_command(struct sg_modem *m, struct sg_bytes command, struct sg_buf *reply, uint32_t timeout_ms);
/* Waits for unsolicited lines for so long; returns 1 after one or more, 0 after the time, or SG_EIO, SG_ECLOSED. */
int sg_modem_wait(struct sg_modem *m, uint32_t timeout_ms);

/* -------------------------------------------------------------------------------------------------- identity */

struct sg_modem_info {
    char imei[20];     /* +CGSN; "" where none is programmed */
    char model[32];    /* +CGMM: "nRF9151-LACA" */
    char firmware[48]; /* +CGMR: "mfw_nrf91x1_2.0.2" */
    char uuid[37];     /* %DEVICEUUID; "" where the firmware has no such command */
    uint8_t uuid_bytes[16];
    char host[48]; /* "serial-modem v1.99.0", "slm 2.5.0", "at_host", "shell" */
};
/* SG_EFORMAT: it answers, but not like an nRF91. */
int sg_modem_identify(struct sg_modem *m, struct sg_modem_info *info);

int sg_modem_get_function(struct sg_modem *m);           /* +CFUN?: 0 to 44, or an error */
int sg_modem_set_function(struct sg_modem *m, int cfun); /* 0 off, 1 normal, 4 offline */
bool sg_modem_function_is_active(int cfun);              /* 1, 2, 21: the store refuses writing */
int sg_modem_get_errors(struct sg_modem *m);             /* +CMEE?: 0 plain, 1 numeric, or an error */
int sg_modem_set_errors(struct sg_modem *m, int cmee);

/* ------------------------------------------------------------------------------------------- credential store */

enum sg_cred_type {
    SG_CRED_CA = 0,
    SG_CRED_CERT = 1,
    SG_CRED_KEY = 2,
    SG_CRED_PSK = 3,
    SG_CRED_PSK_ID = 4,
    SG_CRED_AT_KEY = 5,
    SG_CRED_IDENTITY = 6,
    SG_CRED_ENDORSEMENT = 8,
    SG_CRED_OWNERSHIP = 9,
    SG_CRED_NORDIC_ROOT = 10,
    SG_CRED_NORDIC_BASE = 11,
    SG_CRED_ASSET = 13
};
const char *sg_cred_type_name(unsigned type); /* "client certificate"; "type 12" is "unknown" */

enum { SG_TAG_LWM2M = 35724861, SG_TAG_BOOTSTRAP = 35724862 };
enum { SG_TAG_MAX = 2147483647 }; /* what a user may write; the modem lists higher ones of its own */

struct sg_cred {
    uint32_t tag;
    unsigned type;
    uint8_t sha256[32];
};
/* Lists what is at `tag` (-1: everywhere). Returns the number, even where more than `cap`: then the first `cap` are
 * filled. */
int sg_modem_list(struct sg_modem *m, int64_t tag, struct sg_cred *creds, size_t cap);
/* Finds one; 1 found, 0 not there, or an error. */
int sg_modem_find(struct sg_modem *m, uint32_t tag, unsigned type, struct sg_cred *cred);
/* The text with CR LF for each LF: the only line ends that can be written where m->shell. */
void sg_modem_put_crlf(struct sg_buf *out, struct sg_bytes text);
/* Writes exactly these bytes. SG_EINVAL where they cannot be sent (a quote, a NUL, 08, 7F or above, empty, longer than
 * SG_AT_COMMAND_MAX with its command) or the tag is above SG_TAG_MAX. SG_EDENIED: m->cme. */
int sg_modem_write(struct sg_modem *m, uint32_t tag, unsigned type, struct sg_bytes content);
/* Whether that can be sent at all: 0, SG_EINVAL, or SG_EUNSUPPORTED (a shell does not pass it on: an apostrophe, a
 * backslash, another line end than CR LF, or any in a signed command). Nothing is sent. */
int sg_modem_may_write(const struct sg_modem *m, uint32_t tag, unsigned type, struct sg_bytes content);
/* The longest content that fits into such a command; less where it must be signed. */
size_t sg_modem_write_max(const struct sg_modem *m, uint32_t tag, unsigned type);
/* Reading and deleting what is not there: SG_ENOTFOUND (513). */
int sg_modem_read(struct sg_modem *m, uint32_t tag, unsigned type, struct sg_buf *content);
int sg_modem_delete(struct sg_modem *m, uint32_t tag, unsigned type);

/* -------------------------------------------------------------------------------------------- key generation */

enum { SG_KEY_ID_IDENTITY = -2 }; /* the key that signs for a device (modem notes 2.3) */

/* A %KEYGEN reply, decoded. Views into `buffer`. */
struct sg_keygen {
    struct sg_bytes body;    /* DER: the PKCS#10 request (id 9) or the SubjectPublicKeyInfo (id 8) */
    struct sg_bytes payload; /* what was signed beside the body; its five fields follow */
    unsigned id;
    uint8_t uuid[16];
    uint32_t tag;
    uint8_t digest[32]; /* SHA-256 of the body, says the modem */
    uint8_t nonce[16];
    struct sg_bytes protected_header;
    int key_id;            /* SG_KEY_ID_IDENTITY */
    uint8_t signature[64]; /* ES256, r and s */
    uint8_t buffer[2048];
};
/* Decodes the text between the quotes: "base64url.base64url". SG_EFORMAT says that it is not of the documented form. */
int sg_keygen_parse(struct sg_bytes text, struct sg_keygen *k);
/* Makes a client key at `tag`; the modem's request carries `subject` ("CN=…") and `usage` ("101010000": nine digits,
 * bit 0 of RFC 5280's KeyUsage first). NULL: the modem's default. */
int sg_modem_keygen(struct sg_modem *m, uint32_t tag, const char *subject, const char *usage, struct sg_keygen *k);
/* Compares what the reply says with what the caller knows. SG_EMISMATCH and, in *what, "digest", "device UUID" or
 * "tag". `digest` is SHA-256 of k->body, computed by the caller; uuid NULL: not compared. */
int sg_keygen_check(const struct sg_keygen *k, uint32_t tag, const uint8_t *uuid, const uint8_t digest[32],
                    const char **what);

/* An %ATTESTTOKEN reply, decoded: the modem says who it is. Views into `buffer`. */
struct sg_attestation {
    struct sg_bytes body; /* what was signed */
    uint8_t uuid[16], firmware_uuid[16];
    uint8_t nonce[16]; /* the challenge */
    struct sg_bytes protected_header;
    int key_id;
    uint8_t signature[64];
    uint8_t buffer[512];
};
/* Decodes the text between the quotes. SG_EFORMAT says that it is not of the documented form. */
int sg_attestation_parse(struct sg_bytes text, struct sg_attestation *a);
/* Asks for one. SG_EDENIED: also where the firmware has no such command. */
int sg_modem_attest(struct sg_modem *m, const uint8_t challenge[16], struct sg_attestation *a);

/* ------------------------------------------------------------------------- keys and certificates in the store */

/* What a modem makes of a certificate that it holds (%CERTEXPIRY). */
struct sg_cert_expiry {
    char serial[48];          /* hexadecimal, as the modem writes it */
    char from[16], until[16]; /* "20170823084737Z" */
};
/* `type`: SG_CRED_CA, SG_CRED_CERT or SG_CRED_NORDIC_ROOT. SG_ENOTFOUND; SG_EUNSUPPORTED: the firmware has no such
 * command; SG_EDENIED: m->cme, SG_CME_BAD_CONTENT where the modem cannot read the certificate. */
int sg_modem_cert_expiry(struct sg_modem *m, uint32_t tag, unsigned type, struct sg_cert_expiry *e);

/* A JSON Web Token (RFC 7519), decoded. Views into `buffer`. */
struct sg_jwt {
    struct sg_bytes text;   /* what was signed: "header.claims" as they came */
    struct sg_bytes claims; /* decoded: a JSON object */
    uint8_t signature[64];  /* ES256, r and s */
    uint8_t buffer[2048];
};
/* Decodes "base64url.base64url.base64url". SG_EFORMAT, SG_ENOSPC. */
int sg_jwt_parse(struct sg_bytes text, struct sg_jwt *t);
/*
 * Lets the key at `tag` sign a token for this subject and audience (%JWT), which must be fresh: printable, 16 to 64
 * characters, none of them a quote or a backslash. The caller verifies the signature with the key that he expects
 * there. SG_EMISMATCH: the token is for another subject or audience; SG_ENOTFOUND: there is no key; SG_EUNSUPPORTED;
 * SG_EDENIED.
 */
int sg_modem_prove_key(struct sg_modem *m, uint32_t tag, const char *subject, const char *audience, struct sg_jwt *t);

/* ------------------------------------------------------------------------------------------------------ lock */

/*
 * A modem that holds a public key for AT commands (type 5, %XPMNG) takes changes to its store only signed (%XSUDO):
 * then sg_modem_write, sg_modem_delete and sg_modem_keygen have m->sign sign them. Such keys have tags of their own, 0
 * to 9: m->lock_tag says which is meant.
 */
enum { SG_LOCK_TAG_MAX = 9 };
/* 1: locked, and the key (PEM) is in `pem`, which may be NULL; 0: not. SG_EUNSUPPORTED: the firmware knows no lock. */
int sg_modem_lock_state(struct sg_modem *m, struct sg_buf *pem);
/* Locks with a P-256 public key (PEM). SG_EEXISTS: it is locked already. */
int sg_modem_lock(struct sg_modem *m, struct sg_bytes pem);
int sg_modem_unlock(struct sg_modem *m);

/* ------------------------------------------------------------------- offloaded sockets (Serial Modem, section 11) */

enum sg_modem_cid { SG_MODEM_CID_OFF, SG_MODEM_CID_SUPPORTED, SG_MODEM_CID_ENABLED };

struct sg_modem_socket {
    int handle;    /* -1: none */
    bool readable; /* an #XAPOLL said so and it was not read since */
    bool hung_up;  /* an #XAPOLL told of an error or the peer's close */
};
/* Opens a DTLS client socket with the identity at `tag`, checks the server's certificate against `host` (a DNS name,
 * always), asks for a connection id, and does the handshake: up to 130 s. On failure nothing stays open. */
int sg_modem_connect(struct sg_modem *m, struct sg_modem_socket *s, uint32_t tag, const char *host, const char *address,
                     uint16_t port, enum sg_modem_cid cid);
int sg_modem_send(struct sg_modem *m, struct sg_modem_socket *s,
                  struct sg_bytes datagram); /* at most 1400 bytes, hex mode */
/* One datagram; returns its length, 0 where none waits, SG_ECLOSED. */
int sg_modem_receive(struct sg_modem *m, struct sg_modem_socket *s, struct sg_buf *datagram);
/* To be called with each unsolicited line: notes #XAPOLL events of this socket. */
void sg_modem_socket_event(struct sg_modem_socket *s, struct sg_bytes line);
int sg_modem_cid_status(struct sg_modem *m, struct sg_modem_socket *s); /* 0 off, 1 downlink, 2 uplink, 3 both */
int sg_modem_suite_used(struct sg_modem *m, struct sg_modem_socket *s); /* IANA number */
int sg_modem_close(struct sg_modem *m, struct sg_modem_socket *s);

#endif
