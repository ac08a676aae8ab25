/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `signet modem` share: what was asked for, and the session with one modem. */
#ifndef SG_CLI_MODEM_H
#define SG_CLI_MODEM_H

#include "cli.h"
#include "modem/modem.h"
#include "programs/port.h"

/* The digits of a SHA-256 as the modem lists it, and NUL. */
enum { SG_CLI_SHA = 65 };

struct sg_cli_modem {
    struct sg_cli *cli;
    /* what was asked for */
    const char *port; /* NULL: to be found */
    int64_t tag;      /* -1: not given */
    int type;         /* -1: not given */
    const char *file; /* the operand; NULL: none */
    const char *out, *subject, *usage, *key;
    uint8_t challenge[16];
    bool has_challenge, offline, replace, all, der, yes;
    /* the session */
    char *found_port;
    struct sg_port line;
    struct sg_modem modem;
    struct sg_modem_info info;
    int errors;     /* +CMEE as it was found; -1: not known */
    int function;   /* +CFUN as it was found; -1: not known */
    bool down;      /* it was taken offline */
    bool has_state; /* the lock was asked for: modem.locked tells */
    EVP_PKEY *lock_key;
};

/* ------------------------------------------------------------------------------------------------- session */

/* Opens the port asked for, or the only one with a modem; numeric errors on; asks who it is. 0, or an exit code after a
 * sentence. */
int sg_cli_modem_begin(struct sg_cli_modem *d);
/* Opens it alone: nothing is changed, nobody asked. */
int sg_cli_modem_attach(struct sg_cli_modem *d);
/* Before the store is changed: offline, and able to sign where it is locked. `what` ends "… will not take". */
int sg_cli_modem_prepare(struct sg_cli_modem *d);
/* Puts back what was found, and closes. Returns `code`, or SG_CLI_FAILED where that went wrong and `code` was done. */
int sg_cli_modem_end(struct sg_cli_modem *d, int code);
/* A failed step of the modem: what was attempted, what came back, what to do. Returns the exit code. */
int sg_cli_modem_fail(const struct sg_cli_modem *d, int r, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Whether Ctrl-C was pressed. */
bool sg_cli_modem_interrupted(void);

/* Everything in the store, sorted by tag and type; to be freed. NULL after a sentence, with an exit code. */
struct sg_cred *sg_cli_modem_list(struct sg_cli_modem *d, int64_t tag, size_t *n, int *code);
char *sg_cli_modem_sha(const uint8_t digest[32], char text[SG_CLI_SHA]);
bool sg_cli_modem_no_digest(const struct sg_cred *c); /* old firmware lists zeros */

/* "Device UUID     …": one fact a line, but for --json. */
void sg_cli_modem_say(const struct sg_cli_modem *d, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* -------------------------------------------------------------------------------------------------- identity */

/* Who a modem is, as far as it can prove it. */
struct sg_cli_modem_identity {
    bool has_token;     /* false: its firmware has no %ATTESTTOKEN */
    const char *source; /* "maker", "first-sight": the inventory knows its key from there; "unknown" */
    uint8_t point[SG_POINT];
    char endpoint[128]; /* the device that it is in the inventory; "" */
    uint8_t firmware_uuid[16];
    char token[512]; /* over the first challenge */
};
/* Challenges it twice, and compares the key that signed both with what the inventory knows. 0, or an exit code after a
 * sentence. */
int sg_cli_modem_identify(struct sg_cli_modem *d, const uint8_t challenge[16], struct sg_cli_modem_identity *id);
/* "… the maker's list has it": for people. */
const char *sg_cli_modem_vouched(const struct sg_cli_modem_identity *id);
/* The key's fingerprint; "" where it is not known. */
char *sg_cli_modem_key_text(const uint8_t point[SG_POINT], char text[SG_FINGERPRINT_TEXT]);

/* The file of the key that signs commands: --key, else in the home. */
int sg_cli_modem_lock_path(const struct sg_cli_modem *d, char path[SG_PATH]);
int sg_cli_modem_read_lock_key(struct sg_cli_modem *d, const char *path);

/* ---------------------------------------------------------------------------------------------- subcommands */

int sg_cli_modem_info(struct sg_cli_modem *d);
int sg_cli_modem_list_all(struct sg_cli_modem *d);
int sg_cli_modem_read(struct sg_cli_modem *d);
int sg_cli_modem_write(struct sg_cli_modem *d);
int sg_cli_modem_delete(struct sg_cli_modem *d);
int sg_cli_modem_keygen(struct sg_cli_modem *d);
int sg_cli_modem_attest(struct sg_cli_modem *d);
int sg_cli_modem_lock(struct sg_cli_modem *d);
int sg_cli_modem_unlock(struct sg_cli_modem *d);
int sg_cli_modem_console(struct sg_cli_modem *d);
int sg_cli_modem_ports(struct sg_cli_modem *d);

#endif
