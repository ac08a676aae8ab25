/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the modem room share. */
#ifndef SG_MODEM_INTERNAL_H
#define SG_MODEM_INTERNAL_H

#include "modem/modem.h"

/* How long the modem may take (milliseconds). Key generation needs seconds; nrfcredstore allows it 15. */
enum { SG_MODEM_SOON = 5000, SG_MODEM_STORE = 15000, SG_MODEM_KEYGEN = 40000, SG_MODEM_CONNECT = 135000 };

/* A command in up to three pieces, so that a long one needs no second buffer; `hex`: the middle goes out as digits. */
struct sg_modem_text {
    struct sg_bytes head, body, tail;
    bool hex;
};

/* One information line of the running command. A negative result is kept and returned after the final result. */
typedef int sg_modem_line_fn(void *user, struct sg_bytes line);

int sg_modem_run(struct sg_modem *m, const struct sg_modem_text *text, sg_modem_line_fn *fn, void *user,
                 uint32_t timeout_ms);
/* The same for a command in one piece. A buffer that is full is SG_EINVAL. */
int sg_modem_ask(struct sg_modem *m, const struct sg_buf *command, sg_modem_line_fn *fn, void *user,
                 uint32_t timeout_ms);

/* The same for a command that changes the store: signed, where the modem is locked and there is somebody to sign. */
int sg_modem_change(struct sg_modem *m, const struct sg_modem_text *text, sg_modem_line_fn *fn, void *user,
                    uint32_t timeout_ms);
enum { SG_MODEM_SIGNED_MORE = 116 }; /* by so much a signed command is longer, at most */
/* SG_ENOTFOUND for 513; SG_EUNSUPPORTED for what a modem says to commands that it does not have (for the commands that
 * only some firmware has); else e. */
int sg_modem_not_found(const struct sg_modem *m, int e);
int sg_modem_unsupported(const struct sg_modem *m, int e);

/* What the lines of a modem are, seen from the running command; `head` is how that begins, empty where none runs. */
enum sg_modem_kind {
    SG_LINE_INFORMATION,
    SG_LINE_FINAL,
    SG_LINE_ECHO,
    SG_LINE_UNSOLICITED,
};
/* Cuts the next line that is not empty out of what was read. False where it has not ended yet. */
bool sg_modem_cut_line(struct sg_modem *m, struct sg_bytes head, struct sg_bytes *line);
enum sg_modem_kind sg_modem_kind(struct sg_bytes line, struct sg_bytes head);
/* The result that a final line tells: 0, SG_EDENIED and *cme, or a shell's failure. */
int sg_modem_final(struct sg_bytes line, int *cme);

/* How a command goes to a shell, and what a shell makes of the replies (modem notes 4.2). */
size_t sg_modem_command_max(const struct sg_modem *m); /* the longest that the host takes */
/* Whether the shell leaves the command as it is: no apostrophe, backslash or control character in it, and no line end
 * but CR LF in what is written to the store. */
bool sg_modem_shell_passes(const struct sg_modem_text *text);
int sg_modem_shell_write(struct sg_modem *m, const struct sg_modem_text *text);
/* Adds the next n bytes behind in[len] to what was read: without colours, and with the line ends that the modem sent.
 */
void sg_modem_shell_clean(struct sg_modem *m, size_t n);
size_t sg_modem_shell_prompt(struct sg_bytes text); /* the length of the prompt that it begins with */
bool sg_modem_shell_is_echo(struct sg_bytes line);
bool sg_modem_shell_is_there(struct sg_bytes line); /* "AT: command not found" */
/* What the shell says instead of a result: SG_ENOSPC, SG_EDENIED, SG_EUNSUPPORTED (it had no room for the command); 0:
 * something else. */
int sg_modem_shell_failure(struct sg_bytes line);

void sg_modem_trace_sent(struct sg_modem *m, const struct sg_modem_text *text);
void sg_modem_trace_received(struct sg_modem *m, struct sg_bytes head, struct sg_bytes line);

/* True where `line` begins with `prefix` ("%CMNG:"); the rest of the line is then in *rest. */
bool sg_modem_after(struct sg_bytes line, const char *prefix, struct sg_bytes *rest);
/* Takes the next parameter off *rest: blanks before it are skipped, quotes around it removed. False at the end, and
 * where a quote is not closed. */
bool sg_modem_field(struct sg_bytes *rest, struct sg_bytes *field);
/* The next parameter as a number of at most `max`. */
bool sg_modem_field_number(struct sg_bytes *rest, uint64_t max, uint64_t *out);

/* True where the text can stand between quotes in a command: 1 to `max` bytes of ASCII without quotes, NUL, and the
 * two characters that a host takes as line editing, 08 and 7F (modem notes 4.1). */
bool sg_modem_quotable(struct sg_bytes text, size_t max);

/*
 * A body, and the message in which the modem vouches for it:
 *
 *     base64url(body) "." base64url(18([protected, {4: key id}, payload, signature]))
 *
 * Views into the buffer that the parser was given.
 */
struct sg_modem_vouched {
    struct sg_bytes body, payload, protected_header;
    bool has_payload; /* false: it is null, which an empty one is not */
    int key_id;
    uint8_t signature[64];
};
enum { SG_MODEM_SELF_DESCRIBED = 55799 }; /* the tag around what is signed (RFC 8949 section 3.4.6) */
int sg_modem_vouched_parse(struct sg_bytes text, struct sg_buf space, struct sg_modem_vouched *v);
/* A bstr of exactly n bytes; a CBOR integer wrapped into a bstr, as the modem packs key ids and tags. */
void sg_modem_get_fixed(struct sg_cursor *c, uint8_t *out, size_t n);
int64_t sg_modem_get_wrapped(struct sg_cursor *c);

#endif
