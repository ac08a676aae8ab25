/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of signet.yaml: one table for reading, checking and documenting them. */
#ifndef SG_CONFIG_INTERNAL_H
#define SG_CONFIG_INTERNAL_H

#include "programs/config.h"

/* The file as libcyaml loads it: every scalar as its text, NULL where it is absent. */
struct sg_config_raw {
    struct sg_config_raw_server {
        char *name, *listen, *workers, *max_devices, *mtu, *cid, *psk;
    } server;
    struct sg_config_raw_api {
        char *listen;
    } api;
    struct sg_config_raw_log {
        char *level;
    } log;
    char *run_dir;
};

struct sg_config_field {
    const char *section; /* "" for the top of the file */
    const char *key;
    size_t at; /* of its text in struct sg_config_raw */
    bool (*take)(struct sg_config *config, const char *text);
    const char *fallback; /* its default, as it stands in the file */
    const char *allowed;  /* completes "allowed: …" */
    const char *meaning;  /* comment lines of the template, separated by '\n' */
};
extern const struct sg_config_field sg_config_fields[];
extern const size_t sg_config_field_count;

#endif
