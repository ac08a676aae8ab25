/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the sim room share. */
#ifndef SG_SIM_INTERNAL_H
#define SG_SIM_INTERNAL_H

#include "dtls/dtls.h"
#include "modem/modem.h"
#include "pki/pki.h"
#include "sim/sim.h"

/* --------------------------------------------------------------------------------------- the bytes of the port */

/* at_host: CONFIG_AT_HOST_CMD_MAX_LEN 4096 with its NUL; Serial Modem: CONFIG_SM_AT_BUF_SIZE (modem notes 4.1, 4.3) */
enum { SG_SIM_AT_HOST_MAX = 4095, SG_SIM_SERIAL_MODEM_MAX = 8192, SG_SIM_REPLY_MAX = 65536 };
/* Modem Shell: CONFIG_SHELL_CMD_BUFF_SIZE 3584 with its NUL */
enum { SG_SIM_SHELL_MAX = 3583, SG_SIM_SLM_MAX = 4096 };

struct sg_sim_line {
    uint8_t text[SG_SIM_SERIAL_MODEM_MAX];
    size_t len;
    bool quoted;
    size_t max; /* a shorter buffer than the host's; 0: that */
};
enum sg_sim_fed { SG_SIM_NOT_YET, SG_SIM_COMMAND, SG_SIM_OVERFLOW };
/* Takes one byte. After SG_SIM_COMMAND `text` holds the command; the caller then sets `len` to 0. */
enum sg_sim_fed sg_sim_line_feed(struct sg_sim_line *l, enum sg_sim_host host, uint8_t c);

/* at_shell. A whole line: true where it leaves an AT command in s->line. */
bool sg_sim_shell_take(struct sg_sim *s);
void sg_sim_shell_prompt(struct sg_sim *s);
void sg_sim_shell_echo(struct sg_sim *s, uint8_t c);
void sg_sim_shell_reply(struct sg_sim *s); /* prints s->reply */

/* -------------------------------------------------------------------------------------------------- commands */

enum { SG_SIM_PARAMS = 8 };

struct sg_sim_param {
    enum { SG_SIM_ABSENT, SG_SIM_BARE, SG_SIM_STRING } kind;
    struct sg_bytes text;
};

struct sg_sim_command {
    enum { SG_SIM_EXECUTE, SG_SIM_READ, SG_SIM_TEST, SG_SIM_SET } form; /* AT+X, AT+X?, AT+X=?, AT+X=… */
    struct sg_bytes name;                                               /* "%CMNG", in the case that it came in */
    struct sg_sim_param params[SG_SIM_PARAMS];
    size_t count;
    struct sg_bytes rest; /* %XSUDO: the command after the semicolon */
};
/* Takes a line apart. False where it is no command: it does not begin with AT, or a quote is out of place. */
bool sg_sim_command_parse(struct sg_bytes line, struct sg_sim_command *c);
bool sg_sim_command_parse_bare(struct sg_bytes line, struct sg_sim_command *c); /* the same without AT */
/* The parameter as a number of at most `max`; false where it is absent, quoted or no such number. */
bool sg_sim_number(const struct sg_sim_command *c, size_t at, uint64_t max, uint64_t *out);
/* The same, and *out stays where the parameter is absent. */
bool sg_sim_optional(const struct sg_sim_command *c, size_t at, uint64_t max, uint64_t *out);
bool sg_sim_string(const struct sg_sim_command *c, size_t at, struct sg_bytes *out);
bool sg_sim_given(const struct sg_sim_command *c, size_t at);

/* What a command results in: one of these, or the number of a +CME ERROR. */
enum {
    SG_SIM_OK = -1,
    SG_SIM_ERROR = -2, /* plain, whatever +CMEE says: what is unknown, and all socket commands */
    SG_SIM_LATER = -3, /* sg_sim_finish will be called */
};
typedef int sg_sim_handler(struct sg_sim *s, const struct sg_sim_command *c);

struct sg_sim_verb {
    const char *name;
    sg_sim_handler *handle;
    unsigned hosts; /* a bit for each host whose command it is; 0: the modem's own */
    bool secret;    /* its strings do not go to the log */
};
const struct sg_sim_verb *sg_sim_verb(const struct sg_sim *s, struct sg_bytes name);

sg_sim_handler sg_sim_at, sg_sim_echo, sg_sim_cfun, sg_sim_cmee, sg_sim_cereg, sg_sim_cgpaddr;
sg_sim_handler sg_sim_guess, sg_sim_cgsn, sg_sim_cgmm, sg_sim_cgmr, sg_sim_hwversion, sg_sim_deviceuuid;
sg_sim_handler sg_sim_cmng, sg_sim_keygen, sg_sim_attesttoken, sg_sim_jwt, sg_sim_xpmng, sg_sim_xsudo,
    sg_sim_certexpiry, sg_sim_keyinject, sg_sim_claimtoken;
sg_sim_handler sg_sim_xsmver, sg_sim_xssocket, sg_sim_xssocketopt, sg_sim_xsocketopt, sg_sim_xconnect, sg_sim_xsend,
    sg_sim_xrecv, sg_sim_xapoll, sg_sim_xclose, sg_sim_xsocket, sg_sim_xdatactrl;
sg_sim_handler sg_sim_xslmver, sg_sim_slm_socket, sg_sim_slm_select, sg_sim_slm_tls_option, sg_sim_slm_option,
    sg_sim_slm_connect, sg_sim_slm_send, sg_sim_slm_receive, sg_sim_slm_poll, sg_sim_slm_apoll;

/* The command of an %XSUDO whose signature was right; its result. */
int sg_sim_run_signed(struct sg_sim *s, struct sg_bytes command);
/* A type 5 key is there, and this command is not carried out without %XSUDO. */
bool sg_sim_needs_signature(const struct sg_sim *s, const struct sg_sim_verb *verb, const struct sg_sim_command *c);

/* Begins an information line, which the caller fills and ends. */
struct sg_buf *sg_sim_say(struct sg_sim *s);
void sg_sim_said(struct sg_sim *s);
/* Ends the running command. */
void sg_sim_finish(struct sg_sim *s, int result);
/* An unsolicited line; it waits while a command runs or is being typed. */
void sg_sim_tell(struct sg_sim *s, const char *line);
void sg_sim_log(struct sg_sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ------------------------------------------------------------------------------------------------- the store */

struct sg_sim_entry {
    uint32_t tag;
    uint16_t type;
    bool made;        /* by %KEYGEN: `content` is a PKCS#8 key in DER */
    uint8_t *content; /* a NUL follows */
    size_t len;
    uint8_t sha256[32];
};

/* All that a device keeps when it is off. */
struct sg_sim_store {
    char imei[16];
    uint8_t uuid[16];
    EVP_PKEY *identity;
    struct sg_sim_entry *entries; /* in order of tag and type */
    size_t count;
};

/* A new device's. */
int sg_sim_store_new(struct sg_sim_store *st, const char *imei, struct sg_error *err);
/* SG_EFORMAT. */
int sg_sim_store_parse(struct sg_sim_store *st, struct sg_bytes content);
/* The lock's file descriptor; SG_EBUSY, SG_EIO. Closing it unlocks. */
int sg_sim_lock(const char *store, struct sg_error *err);
int sg_sim_store_load(struct sg_sim_store *st, const char *path, struct sg_error *err);
int sg_sim_store_save(const struct sg_sim_store *st, const char *path, struct sg_error *err);
void sg_sim_store_wipe(struct sg_sim_store *st);

struct sg_sim_entry *sg_sim_store_find(const struct sg_sim_store *st, uint32_t tag, unsigned type);
size_t sg_sim_store_used(const struct sg_sim_store *st); /* bytes of content */
/* Puts a copy of `content` there, replacing what was. SG_ENOMEM, SG_ECRYPTO. */
int sg_sim_store_put(struct sg_sim_store *st, uint32_t tag, unsigned type, bool made, struct sg_bytes content);
void sg_sim_store_drop(struct sg_sim_store *st, uint32_t tag, unsigned type);

/* What the commands do: to the file as well, or not at all. SG_SIM_OK or the number of an error. */
int sg_sim_commit_put(struct sg_sim *s, uint32_t tag, unsigned type, bool made, struct sg_bytes content);
int sg_sim_commit_drop(struct sg_sim *s, uint32_t tag, unsigned type);
/* The store is not written while the modem is active (518). */
bool sg_sim_store_is_closed(const struct sg_sim *s);
/* Tags up to 2^31-1 are the users'; from mfw 2.0.0 on there are twenty more, whose traffic Nordic's tools can decrypt.
 */
enum { SG_SIM_TEST_TAGS = 20 };

void sg_sim_put_upper_hex(struct sg_buf *b, struct sg_bytes v);
bool sg_sim_is_certificates(struct sg_bytes content);

/* ---------------------------------------------------------------------------------------- profiles and settings */

enum sg_sim_setting_id {
    SG_SIM_READ_CERT,
    SG_SIM_READ_IDENTITY,
    SG_SIM_READ_REFUSED,
    SG_SIM_OVERWRITE,
    SG_SIM_LIST_ORDER,
    SG_SIM_LIST_BLANKS,
    SG_SIM_OTHER_TYPES,
    SG_SIM_KEY_DIGEST,
    SG_SIM_KEYGEN_RESPONSE,
    SG_SIM_KEYGEN_CN,
    SG_SIM_KEYGEN_IDS,
    SG_SIM_PASSWORD,
    SG_SIM_PSK_MAX,
    SG_SIM_PSK_BESIDE,
    SG_SIM_XPMNG_EXISTS,
    SG_SIM_RESTRICTED,
    SG_SIM_REPLAYED,
    SG_SIM_CERTEXPIRY,
    SG_SIM_GUESSES,
    SG_SIM_SHELL_LINES,
    SG_SIM_SLM_NUMBERS,
    SG_SIM_RECV_REST,
    SG_SIM_POLL_AGAIN,
    SG_SIM_RECONNECT,
    SG_SIM_CONNECT_LIMIT,
    SG_SIM_ENDED_READ,
    SG_SIM_SETTINGS
};
const char *sg_sim_value(const struct sg_sim *s, enum sg_sim_setting_id id);
bool sg_sim_is(const struct sg_sim *s, enum sg_sim_setting_id id, const char *value);
int sg_sim_setting_number(const struct sg_sim *s, enum sg_sim_setting_id id);

/* What came with a release of the modem's firmware. */
struct sg_sim_firmware {
    bool keygen;         /* %KEYGEN, %ATTESTTOKEN, %JWT, %DEVICEUUID */
    bool gcm;            /* AES-GCM suites */
    bool digests;        /* %CMNG=1 shows them; zeros before */
    bool power_warning;  /* 528 */
    bool cid;            /* connection ids; connections saved and loaded */
    bool no_null;        /* the request's algorithm has no NULL parameters */
    bool decrypted_tags; /* the twenty tags above 2^31 - 1 that Nordic's tools can listen to */
    bool suite_used;     /* the suite can be asked for */
    bool keep_open;      /* KEEPOPEN */
    bool validates;      /* certificates are parsed at write */
    bool fragments;      /* max_fragment_length */
    bool certexpiry;
    bool claimtoken;
};
/* From the config: model, firmware, settings. SG_EINVAL. */
int sg_sim_take_profile(struct sg_sim *s, struct sg_error *err);
const struct sg_sim_profile *sg_sim_profile_named(const char *name);

/* ------------------------------------------------------------------------------------------------------ faults */

enum sg_sim_fault_kind {
    SG_SIM_POWER_CUT,
    SG_SIM_LOST_REPLY,
    SG_SIM_FORCED_ERROR,
    SG_SIM_BUSY_PAUSE,
    SG_SIM_UNSOLICITED,
    SG_SIM_WEDGE,
    SG_SIM_LOW_VOLTAGE,
    SG_SIM_FULL_STORE,
    SG_SIM_DROP,
    SG_SIM_GARBLE,
    SG_SIM_SEED,
    SG_SIM_DEAF,
    SG_SIM_BUFFER,
    SG_SIM_REPLY_LIMIT,
    SG_SIM_CONNECT,
    SG_SIM_LOSE,
    SG_SIM_DOUBLE,
    SG_SIM_READS_SECRETS, /* a modem that should not be, from here on */
    SG_SIM_WRITES_ONLINE,
    SG_SIM_TAKES_UNSIGNED,
    SG_SIM_TAKES_ANY_SIGNER,
    SG_SIM_TEST_TAG,
    SG_SIM_SAME_KEY,
    SG_SIM_FAULTS
};
enum { SG_SIM_FAULTS_MAX = 32 };
struct sg_sim_fault {
    unsigned kind;
    enum { SG_SIM_BEFORE, SG_SIM_AFTER, SG_SIM_TYPING } moment; /* SG_SIM_POWER_CUT */
    uint64_t at;                                                /* a command's number; 0 */
    char name[16];                                              /* a command's name; "" */
    bool each;
    bool up; /* SG_SIM_LOSE, SG_SIM_DOUBLE: to the network; they come true when `number` is counted down */
    uint64_t number;
    char text[64];
};
/* Whether the running command is hit by a fault of that kind and `out`'s moment, which is spent then. */
bool sg_sim_fault_hit(struct sg_sim *s, unsigned kind, struct sg_sim_fault *out);
bool sg_sim_fault_typing(struct sg_sim *s); /* the power goes at this byte */
/* Of faults that last. */
bool sg_sim_fault_is(const struct sg_sim *s, unsigned kind);
uint64_t sg_sim_fault_number(const struct sg_sim *s, unsigned kind);
unsigned sg_sim_fault_copies(struct sg_sim *s, bool up); /* of this datagram: 0, 1 or 2 */
bool sg_sim_fault_byte(struct sg_sim *s, uint8_t *c);    /* false: it is lost */
void sg_sim_fault_unsolicited(struct sg_sim *s, struct sg_bytes reply);
/* To the port, over a bad line where one was ordered. */
void sg_sim_output(struct sg_sim *s, struct sg_bytes bytes);

/* ------------------------------------------------------------------------------------------------ attestation */

enum { SG_SIM_UUID_TEXT = 37 };
char *sg_sim_uuid_text(const uint8_t uuid[16], char text[SG_SIM_UUID_TEXT]);
/* Sets version 4 and variant 10 (RFC 9562 section 5.4). */
void sg_sim_uuid_mark(uint8_t uuid[16]);
/* The same for every modem with this firmware. */
void sg_sim_firmware_uuid(const struct sg_sim *s, uint8_t uuid[16]);
/* ES256. SG_ECRYPTO. */
int sg_sim_sign(EVP_PKEY *key, struct sg_bytes message, uint8_t signature[64]);
/* Appends "base64url(body).base64url(COSE_Sign1)", signed with the identity key (modem notes 2.3). `payload` of length
 * 0 is null. SG_ECRYPTO. */
int sg_sim_attest(struct sg_sim *s, struct sg_bytes body, struct sg_bytes payload, struct sg_buf *out);
/* DER: the request of a key (modem notes 2.2), its SubjectPublicKeyInfo, the key. SG_ECRYPTO, SG_EINVAL (attributes or
 * key usage are not of their form). */
struct sg_sim_request {
    struct sg_bytes attributes; /* "CN=…,O=…"; empty: the default */
    struct sg_bytes key_usage;  /* "101010000"; empty: the default */
    bool null_parameters;       /* the signature algorithm as older firmware encodes it */
    bool many_ids;              /* OU and ST too */
};
/* `default_cn`: where there are no attributes; `fallback_cn`: where they have no CN, NULL: then there is none. */
int sg_sim_request_make(EVP_PKEY *key, const char *default_cn, const char *fallback_cn, const struct sg_sim_request *r,
                        struct sg_buf *out);
int sg_sim_key_put_spki(EVP_PKEY *key, struct sg_buf *out);
int sg_sim_key_put_public_pem(EVP_PKEY *key, struct sg_buf *out);
int sg_sim_key_put_private_pem(EVP_PKEY *key, struct sg_buf *out);
int sg_sim_key_put_pkcs8(EVP_PKEY *key, struct sg_buf *out);
EVP_PKEY *sg_sim_key_parse(const struct sg_sim_entry *e); /* of an entry, DER or PEM; NULL */

/* ----------------------------------------------------------------------------------------------------- sockets */

struct sg_sim_datagram {
    struct sg_sim_datagram *next;
    size_t n;
    uint8_t p[];
};

struct sg_sim_socket {
    bool used;
    bool ipv6;
    uint32_t tag;
    unsigned peer_verify, cid, handshake_s, session_cache, fragments;
    unsigned send_s, receive_s, keep_open;
    bool saved; /* the connection lies in the modem's memory, and cannot be used before it is loaded */
    struct sg_addr server;
    char host[128]; /* "": no name is checked */

    int fd; /* -1 */
    struct sg_dtls *dtls;
    sg_dtls_id id; /* 0 but while connected */
    X509 *cert;
    EVP_PKEY *key;
    STACK_OF(X509) * chain;
    struct sg_trust *trust;
    char psk_identity[128]; /* "": none */
    uint8_t psk_key[64];
    size_t psk_len;

    struct sg_sim *sim;
    bool refused; /* the handshake failed, */
    bool silent;  /* since no answer came */
    bool resumed;
    unsigned ended;   /* 0: alive; else how #XAPOLL tells that the peer or the network has ended it */
    unsigned watched; /* #XAPOLL: events asked for, */
    bool armed;       /* and whether POLLIN is to be told of again */
    unsigned ranking; /* SLM: the latest opened has the highest */
    bool told_of_end;
    struct sg_sim_datagram *first, **last;
    size_t waiting;
};

void sg_sim_sockets_init(struct sg_sim *s);
/* The open socket that a command names; NULL. */
struct sg_sim_socket *sg_sim_socket_find(struct sg_sim *s, const struct sg_sim_command *c, size_t at);
/* Sends a datagram; 0, or SG_E… after telling the log. */
int sg_sim_socket_send(struct sg_sim *s, struct sg_sim_socket *k, struct sg_bytes data);
/* Data mode: everything that is typed is for this socket, until so many bytes (0: "+++") have come. */
void sg_sim_data_begin(struct sg_sim *s, struct sg_sim_socket *k, size_t expected);
void sg_sim_data_input(struct sg_sim *s, uint8_t c);
uint64_t sg_sim_data_deadline(const struct sg_sim *s); /* when the host has paused too long */
void sg_sim_data_continue(struct sg_sim *s);
bool sg_sim_is_slm(const struct sg_sim *s);
/* Begins an information line with `name` ("#XSEND: "); the second with the handle too, which SLM leaves out. */
struct sg_buf *sg_sim_socket_line(struct sg_sim *s, const char *name);
struct sg_buf *sg_sim_socket_say(struct sg_sim *s, const char *name, const struct sg_sim_socket *k);
/* A value, after a comma where it is not the first; the comma alone. */
void sg_sim_put_value(struct sg_buf *b, uint64_t v);
void sg_sim_put_comma(struct sg_buf *b);
/* "#XSSOCKET: <handle>,<family>,<role>,<type>,<tag>,<context>" */
void sg_sim_socket_list(struct sg_sim *s, const struct sg_sim_socket *k);
void sg_sim_socket_close(struct sg_sim *s, struct sg_sim_socket *k); /* with a word to the peer */
void sg_sim_slm_continue(struct sg_sim *s);                          /* #XPOLL: what it waits for may have come */
void sg_sim_socket_end(struct sg_sim_socket *k);                     /* closes and frees; the slot is unused then */
/* No network any more, as after AT+CFUN=4: sockets are dead until they are closed, but for those that KEEPOPEN and a
 * connection id carry over it. */
void sg_sim_sockets_die(struct sg_sim *s, uint64_t cfun);
/* What #XAPOLL's events tell (modem notes 11.5). */
enum { SG_SIM_POLL_IN = 1, SG_SIM_POLL_OUT = 4, SG_SIM_POLL_ERR = 8, SG_SIM_POLL_HUP = 16 };
/* Errors are told of whenever a socket is watched; watching for nothing is watching for errors. */
enum { SG_SIM_WATCHED = 0x100 };
void sg_sim_socket_event(struct sg_sim *s, struct sg_sim_socket *k, unsigned event);
void sg_sim_socket_watch(struct sg_sim *s, struct sg_sim_socket *k, unsigned watched);
/* Takes the credentials at the socket's tag and begins the handshake. 0, or SG_EDENIED after telling the log why. */
int sg_sim_offload_begin(struct sg_sim *s, struct sg_sim_socket *k, const struct sg_addr *server);
/* Takes in what has come for it. */
void sg_sim_offload_receive(struct sg_sim *s, struct sg_sim_socket *k);
void sg_sim_offload_move(struct sg_sim_socket *k); /* to another port of its own */
/* How the application's log tells that a socket call failed (modem notes 11.6). */
enum {
    SG_SIM_EAGAIN = 11,
    SG_SIM_ENOMEM = 12,
    SG_SIM_EINVAL = 22,
    SG_SIM_EPROTO = 71,
    SG_SIM_ECONNREFUSED = 111,
    SG_SIM_ENETDOWN = 115,
    SG_SIM_ETIMEDOUT = 116,
    SG_SIM_EISCONN = 127
};
void sg_sim_errno(struct sg_sim *s, const char *call, int number);

/* Sessions that are kept for sockets with that wish. */
void sg_sim_session_keep(struct sg_sim *s, const struct sg_sim_socket *k);
void sg_sim_session_offer(struct sg_sim *s, const struct sg_sim_socket *k);
void sg_sim_session_forget(struct sg_sim *s, const struct sg_sim_socket *k);
void sg_sim_sessions_purge(struct sg_sim *s);
void sg_sim_offload_end(struct sg_sim_socket *k); /* frees it all; the slot stays */
/* After datagrams and time: what the running command waits for may have come. */
void sg_sim_sockets_continue(struct sg_sim *s);

/* A UDP socket for the family of `to`, on a port that the system chooses. -1. */
int sg_sim_udp_open(const struct sg_addr *to);
void sg_sim_udp_send(int fd, const struct sg_addr *to, struct sg_bytes datagram);
/* The next datagram; its length, or -1 where none waits. */
int sg_sim_udp_receive(int fd, struct sg_addr *from, uint8_t *p, size_t cap);
int sg_sim_resolve(const struct sg_sim *s, const char *name, bool ipv6, uint16_t port, struct sg_addr *out);

/* --------------------------------------------------------------------------------------------- the whole of it */

enum { SG_SIM_SESSIONS = 4, SG_SIM_SESSION_MAX = 4096 };
enum { SG_SIM_USED = 64 };
enum { SG_SIM_BACKLOG = 8192, SG_SIM_EVENTS = 4096, SG_SIM_DATA_MAX = 4096 };

struct sg_sim {
    struct sg_sim_config config;
    const struct sg_sim_model *model;
    const char *firmware;
    struct sg_sim_firmware firmware_has;
    uint8_t settings[SG_SIM_SETTINGS]; /* which value of each */

    struct sg_sim_store store;
    int lock; /* of the store's file; -1 */
    unsigned cfun;
    bool cmee, echo;
    bool no_imei;    /* none was programmed */
    bool knows_time; /* the network has told it since it was switched on */

    uint64_t commands; /* since it was made */
    char command_name[16];
    struct sg_sim_fault faults[SG_SIM_FAULTS_MAX];
    size_t fault_count;
    uint32_t random;
    EVP_PKEY *same_key; /* SG_SIM_SAME_KEY: made once */
    struct sg_sim_used {
        uint8_t sha256[32];
    } used[SG_SIM_USED]; /* signatures, for the setting "replayed" */
    size_t used_count;

    struct sg_sim_line line;
    size_t column;          /* of the shell's cursor */
    struct sg_buf reply;    /* of the running command */
    struct sg_buf events;   /* unsolicited lines that wait */
    struct sg_buf backlog;  /* what came while a command ran */
    uint64_t now, typed_at; /* the present call's time; when the last byte came */

    enum { SG_SIM_IDLE, SG_SIM_CONNECTING, SG_SIM_RECEIVING, SG_SIM_PAUSING, SG_SIM_POLLING } running;
    size_t running_handle;
    uint64_t running_until; /* SG_SIM_RECEIVING, SG_SIM_PAUSING, SG_SIM_POLLING */
    unsigned polled;        /* SG_SIM_POLLING: a bit for each socket */
    int active;             /* SLM: the socket that commands are for; -1 */
    unsigned rankings;
    struct sg_sim_receive {
        bool hex, peek;
        size_t max;
    } receive;
    struct {
        bool on, discarding;
        bool counted; /* it ends when so many bytes have come; else with "+++" */
        size_t handle, left, len;
        uint32_t limit_ms; /* 0: the least */
        uint8_t text[SG_SIM_DATA_MAX];
    } data;

    struct sg_sim_socket sockets[SG_SIM_SOCKETS];
    struct sg_sim_session {
        uint32_t tag;
        struct sg_addr server;
        char host[128];
        size_t n; /* 0: none */
        uint8_t der[SG_SIM_SESSION_MAX];
    } sessions[SG_SIM_SESSIONS];
    size_t sessions_made;
    unsigned watched; /* what sockets are watched for that are yet to be opened */
    uint8_t reply_space[SG_SIM_REPLY_MAX], event_space[SG_SIM_EVENTS], backlog_space[SG_SIM_BACKLOG];
};

struct sg_sim_model {
    const char *option;   /* "nRF9151" */
    const char *model;    /* +CGMM */
    const char *hardware; /* %HWVERSION */
    const char *firmware;
    unsigned attested; /* the device type of %ATTESTTOKEN */
};
const struct sg_sim_model *sg_sim_model(const char *option);
/* True where the x.y.z in "mfw_nrf91x1_2.0.2" is at least that. */
bool sg_sim_firmware_at_least(const char *firmware, unsigned major, unsigned minor, unsigned patch);
/* The 15th digit, by Luhn (3GPP TS 23.003 annex B). */
char sg_sim_imei_check_digit(const char *fourteen);

#endif
