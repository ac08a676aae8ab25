/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `signet probe server` share. */
#ifndef SG_CLI_PROBE_SERVER_H
#define SG_CLI_PROBE_SERVER_H

#include "probe.h"

struct sg_cli_probe_server {
    struct sg_cli_probe probe;
    struct sg_probe_server server;
    struct sg_probe_target target;
    struct sg_probe_cost cost;
    /* what was asked for */
    const char *url, *name, *cert, *key, *ca, *issuer_cert, *issuer_key, *revoked_cert, *revoked_key, *html;
    uint16_t plain_port;
    bool throw_away, yes;
    struct sg_cli_passphrase passphrase;
    /* what is borrowed by `server` */
    char host[256];
    uint16_t port;
    struct sg_trust *trust;
    /* the test home (probe_server_home.c) */
    struct sg_store *store;
    size_t made;
    char name_made[16][64]; /* enrolled here, and not yet revoked */
};

/* Makes what runs need from the CA of a test home, and has its server know it. 0, or an exit code after a sentence. */
int sg_cli_probe_server_home(struct sg_cli_probe_server *w);
/* Revokes all that was made there. */
void sg_cli_probe_server_leave(struct sg_cli_probe_server *w);

/* The page, of the results as they are in JSON: on the terminal, or as a file of its own. */
void sg_cli_probe_server_page(const struct sg_cli_probe_server *w);
int sg_cli_probe_server_html(const struct sg_cli_probe_server *w);
/* A fact of a run; NULL: the run was not made, or has no such fact. */
json_t *sg_cli_probe_server_fact(const struct sg_cli_probe_server *w, const char *run, const char *fact);

#endif
