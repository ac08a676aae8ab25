/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the modem's runs share: the session with it. */
#ifndef SG_PROBE_MODEM_INTERNAL_H
#define SG_PROBE_MODEM_INTERNAL_H

#include "probe/probe_internal.h"

#include <stdio.h>

enum { SG_PROBE_CREDS = 256, SG_PROBE_OFFLINE = 4 /* +CFUN */ };

struct sg_probe_desk {
    const struct sg_probe_modem *p;
    struct sg_modem *m;
    struct sg_cred cred[SG_PROBE_CREDS]; /* what was found */
    size_t creds;
    int function;    /* +CFUN as found */
    int locked;      /* as sg_modem_lock_state: 1, 0, or SG_EUNSUPPORTED */
    bool may_change; /* the operator allows it */
    uint32_t tag;    /* free, or what an earlier probe left is there: */
    bool stale;
    FILE *talk;       /* the run's transcript grows here */
    EVP_PKEY *signer; /* of the next signed command: the lock's key, or another one */
    bool other_text;  /* it signs another text than the command's */
};

/* Whether a command that changes the store can be given at all: offline, and signed where it must be. A failed control
 * is added where not (r NULL: none). */
bool sg_probe_desk_prepare(struct sg_probe_desk *d, struct sg_probe_result *r);
/* Takes the modem to a functional mode, unless it is there. 0 or an error. */
int sg_probe_desk_function(struct sg_probe_desk *d, int function);
/* Writes a small credential that is no secret (a PSK identity) to the free tag, or deletes it. */
int sg_probe_desk_put(struct sg_probe_desk *d);
int sg_probe_desk_take(struct sg_probe_desk *d);
/* The same as a control, added to the result. True where it went well. */
bool sg_probe_desk_control(struct sg_probe_desk *d, struct sg_probe_result *r, const char *what,
                           int (*fn)(struct sg_probe_desk *d));
/* Not run, for the failed control: that makes it "skipped", and says why. */
void sg_probe_desk_skip(struct sg_probe_result *r);
/* What came back, for people: "OK", "refused (error 518)", "no answer in time"; `text` has 64 bytes. */
enum { SG_PROBE_CAME = 64 };
const char *sg_probe_desk_came(const struct sg_probe_desk *d, int e, char text[SG_PROBE_CAME]);
/* Whether that is the modem's refusal, and no failure of the port. */
bool sg_probe_desk_refused(int e);

void sg_probe_modem_tags(struct sg_probe_desk *d, struct sg_probe_result *r);
void sg_probe_modem_digests(struct sg_probe_desk *d, struct sg_probe_result *r);
void sg_probe_modem_read_key(struct sg_probe_desk *d, struct sg_probe_result *r);
void sg_probe_modem_write_online(struct sg_probe_desk *d, struct sg_probe_result *r);
void sg_probe_modem_write_unsigned(struct sg_probe_desk *d, struct sg_probe_result *r);
void sg_probe_modem_wrong_signer(struct sg_probe_desk *d, struct sg_probe_result *r);
void sg_probe_modem_replay(struct sg_probe_desk *d, struct sg_probe_result *r);
void sg_probe_modem_keygen(struct sg_probe_desk *d, struct sg_probe_result *r);

#endif
