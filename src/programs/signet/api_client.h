/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTPS API of the signetd that runs on a home, for the commands that need it. docs/reference/api.md. */
#ifndef SG_CLI_API_CLIENT_H
#define SG_CLI_API_CLIENT_H

#include "core/core.h"
#include "programs/home.h"

#include <jansson.h>

struct sg_client;

/* Finds the signetd of this home. NULL and a sentence; SG_ECLOSED in err->code: none runs. */
struct sg_client *sg_client_open(const struct sg_home *home, struct sg_error *err);
void sg_client_close(struct sg_client *c);
uint16_t sg_client_port(const struct sg_client *c); /* of its API */

/*
 * Calls `method` on a path below /api/v1 (put together by sg_client_path), with a JSON body or NULL. 0: *answer is the
 * caller's. Otherwise `err` is what the server says: SG_ENOTFOUND (404: no such device, resource), SG_EINVAL (400),
 * SG_EDENIED (401: the token), SG_ESTATE (409: not registered, revoked already), SG_ETIMEOUT, SG_ECLOSED (signetd does
 * not run), SG_EIO (all else).
 */
int sg_client_call(struct sg_client *c, const char *method, const char *path, const json_t *body, json_t **answer,
                   struct sg_error *err);

/* Runs a stream of events: `fn` for each; `step` once a second or oftener (may be NULL). A non-zero return of either
 * ends it. 0: they ended it, or the server did; else as sg_client_call. */
struct sg_client_events {
    void *user;
    int (*event)(void *user, const char *name, json_t *data);
    int (*step)(void *user);
};
int sg_client_listen(struct sg_client *c, const char *path, const struct sg_client_events *events,
                     struct sg_error *err);

/* "/devices/ENDPOINT/WHAT/3/0/0", percent-encoded where needed; `what` NULL: the device itself; `path` NULL: none. */
enum { SG_CLIENT_PATH = 600 };
const char *sg_client_path(const char *endpoint, const char *what, const struct sg_path *path,
                           char text[SG_CLIENT_PATH]);

#endif
