/* SPDX-License-Identifier: Apache-2.0 */
/* A line's policy: what `signet enroll` does with each board, in a YAML file. */
#ifndef SG_POLICY_H
#define SG_POLICY_H

#include "factory/factory.h"

enum { SG_POLICY_PORTS = 16, SG_POLICY_PARALLEL = 64 };

struct sg_policy {
    char ports[SG_POLICY_PORTS][256]; /* patterns of paths */
    size_t n_ports;
    unsigned parallel; /* boards at once, at most */
    uint32_t boards;   /* how many the lot has; 0: not known */
    uint32_t tag, second_tag;
    uint32_t bootstrap_tag;        /* 0: no bootstrap identity */
    char lot[64], issuing_ca[128]; /* "": none; the home's present one */
    char lock_port[256];           /* the file of the key that locks the port afterwards; "": it stays open */
    char name[128];                /* the endpoint name's form */
    unsigned years;
    char key_usage[10]; /* "": the modem's default */
    enum sg_occupied occupied;
    bool remove_psk;
    bool take_offline;
    enum sg_leave modem_after;
};

/* What holds without a file. */
void sg_policy_defaults(struct sg_policy *policy);
/* Reads a file; what it does not say has its default. SG_ENOTFOUND, SG_EIO; SG_EFORMAT: `err` names the file, the line,
 * the key, what stands there and what is allowed. */
int sg_policy_load(const char *path, struct sg_policy *policy, struct sg_error *err);
/* The same of a text; `name` stands for the file in errors. */
int sg_policy_parse(const char *name, struct sg_bytes text, struct sg_policy *policy, struct sg_error *err);
/* Appends a commented file in which each field has its default. SG_ENOSPC (8 KiB are enough). */
int sg_policy_template(struct sg_buf *out);

#endif
