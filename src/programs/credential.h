/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A credential in the form in which a modem gets it: PEM with LF line ends, one at the end and nothing outside its
 * blocks; hexadecimal digits of a PSK; the text of its identity. So the digest that the modem lists can be compared
 * (modem notes, section 9, points 3 to 6).
 */
#ifndef SG_CREDENTIAL_H
#define SG_CREDENTIAL_H

#include "core/core.h"
#include "modem/modem.h"

struct sg_credential {
    uint8_t bytes[SG_AT_COMMAND_MAX]; /* wiped by sg_credential_wipe */
    size_t n;
    unsigned certificates;  /* for SG_CRED_CA and SG_CRED_CERT */
    bool line_ends;         /* what was made of the file: CR LF and CR became LF, */
    bool blanks;            /* blank lines, blanks at line ends and further line ends at the end went away, */
    unsigned lines_outside; /* and lines outside the PEM blocks */
};

/* Types by name: "ca", "cert", "key", "psk", "psk-id"; NULL and SG_ENOTFOUND for others. */
const char *sg_credential_name(unsigned type);
int sg_credential_type(const char *name, unsigned *type);

/*
 * Checks what is to be written as `type`, and puts it into that form; at most `max` bytes of it. SG_EFORMAT: it is not
 * what its type says, or a modem would not take it; SG_ENOSPC: too long; SG_EDENIED: an encrypted key.
 */
int sg_credential_prepare(unsigned type, struct sg_bytes file, size_t max, struct sg_credential *c,
                          struct sg_error *err);
void sg_credential_wipe(struct sg_credential *c);

#endif
