/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: HTTPS on loopback, in front of one running server: JSON calls for the command and for scripts, observations as
 * server-sent events. Every call needs the token of the home folder. docs/reference/api.md lists the calls.
 */
#ifndef SG_API_H
#define SG_API_H

#include "server/server.h"

struct sg_api;
struct json_t; /* jansson's */

struct sg_api_config {
    struct sg_server *server;          /* borrowed, outlives the API */
    const char *listen;                /* "127.0.0.1:8443"; port 0: any free one */
    const char *inventory;             /* opened anew for each call that reads it */
    const char *token_file;            /* read at the start; must be mode 0600 */
    struct sg_bytes cert_pem, key_pem; /* of the HTTPS side; the key is wiped by the caller after the start */
};
struct sg_api *sg_api_start(const struct sg_api_config *config, struct sg_error *err);
void sg_api_stop(struct sg_api *a); /* ends event streams too */
uint16_t sg_api_port(const struct sg_api *a);

/* What the calls /devices and /devices/NAME answer, of the inventory alone: for the command when no server runs. The
 * caller's (json_decref). NULL with a sentence on error (SG_ENOTFOUND: no such device). */
struct json_t *sg_api_devices_json(const char *inventory, struct sg_error *err);
struct json_t *sg_api_device_json(const char *inventory, const char *endpoint, struct sg_error *err);

#endif
