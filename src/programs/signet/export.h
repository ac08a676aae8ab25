/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds of `signet export` share: the CAs that devices descend from, and folders of files. */
#ifndef SG_CLI_EXPORT_H
#define SG_CLI_EXPORT_H

#include "cli.h"

/* The device root and the issuing CAs, without those that were revoked. */
enum { SG_CLI_CAS = 256 };
struct sg_cli_cas {
    struct sg_cli_ca {
        X509 *cert;
        struct sg_cert_facts facts;
        bool root;
    } ca[SG_CLI_CAS];
    size_t n;
};
int sg_cli_get_cas(struct sg_store *store, struct sg_cli_cas *cas, struct sg_error *err);
void sg_cli_free_cas(struct sg_cli_cas *cas);

/* A folder that is made where it is missing. Files are written whole; at the end, those of an earlier export that are
 * not part of this one any more go: their names are like ours. */
struct sg_cli_folder {
    char dir[512];
    bool (*is_ours)(const char *name);
    char names[3 * SG_CLI_CAS][48];
    size_t n;
};
int sg_cli_folder_open(struct sg_cli_folder *f, const char *dir, const char *below, bool (*is_ours)(const char *name),
                       struct sg_error *err);
int sg_cli_folder_put(struct sg_cli_folder *f, const char *name, struct sg_bytes content, struct sg_error *err);
int sg_cli_folder_close(struct sg_cli_folder *f, struct sg_error *err);

/* The kinds. 0, or an SG_E… with a sentence. */
int sg_cli_export_leshan(struct sg_store *store, const char *dir, struct sg_error *err);
int sg_cli_export_openssl(struct sg_store *store, struct sg_issuer issuer, const char *dir, int64_t now,
                          struct sg_error *err);
/* The list of devices, for free(); NULL after an error. */
char *sg_cli_export_list(struct sg_store *store, bool json, struct sg_error *err);

#endif
