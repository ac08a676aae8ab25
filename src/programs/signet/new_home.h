/* SPDX-License-Identifier: Apache-2.0 */
/* Builds a home folder: keys, certificates, inventory, configuration, token. All of it, or nothing. */
#ifndef SG_CLI_NEW_HOME_H
#define SG_CLI_NEW_HOME_H

#include "pki/pki.h"
#include "programs/home.h"

struct sg_new_home {
    const char *host;    /* the server's DNS name or IP literal */
    const char *ca_name; /* the issuing CA's common name */
    enum sg_curve curve; /* of the roots */
    int64_t now;
    unsigned years;                  /* of the roots and the issuing CA */
    struct sg_secret *passphrase;    /* for the CAs' keys; NULL: none */
    const char *who;                 /* for the audit log */
    X509 *device_root, *server_root; /* of another home: this one enrols only, and makes no keys; else NULL */
};

/* The four certificates that were made, or the two roots. */
struct sg_new_home_facts {
    struct sg_cert_facts device_root, issuing, server_root, server;
};

/* Makes it in a temporary folder beside `h->dir`, and renames that into place. SG_EEXISTS: something is there. */
int sg_new_home_make(const struct sg_home *h, const struct sg_new_home *n, struct sg_new_home_facts *facts,
                     struct sg_error *err);

#endif
