/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file, signet.yaml: one YAML file, every field documented by the template that `signet init` writes.
 */
#ifndef SG_CONFIG_H
#define SG_CONFIG_H

#include "core/core.h"
#include "server/server.h"

struct sg_config {
    struct {
        char name[254];   /* what devices call this server: DNS name or IP address */
        char listen[64];  /* "[::]:5684" */
        unsigned workers; /* 1 to 64 */
        uint32_t max_devices;
        uint16_t mtu;
        bool cid;
        bool psk; /* take devices with pre-shared keys */
    } server;
    struct {
        char listen[64]; /* "127.0.0.1:8443" */
    } api;
    struct {
        enum sg_log_level level;
    } log;
    char run_dir[512]; /* "": the default of the home folder */
};

/* Reads a configuration file; what it does not say has its default. SG_ENOTFOUND, SG_EIO: no such file, not readable;
 * SG_EFORMAT: `err` names the file, the line, the key, what stands there and what is allowed. */
int sg_config_load(const char *path, struct sg_config *config, struct sg_error *err);
/* The same of a text; `name` stands for the file in errors. */
int sg_config_parse(const char *name, struct sg_bytes text, struct sg_config *config, struct sg_error *err);
/* What holds without any file. */
void sg_config_defaults(struct sg_config *config);

/* Appends a commented file in which each field has its default and `server.name` is `server_name`. SG_ENOSPC (4 KiB
 * are enough); SG_EFORMAT: that is no host name. */
int sg_config_template(const char *server_name, struct sg_buf *out);

#endif
