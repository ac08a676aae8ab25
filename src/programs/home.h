/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A home folder: where it is, what lies where in it, and the run-time directory that belongs to it.
 * `signet init` makes one; every other program only finds it.
 */
#ifndef SG_HOME_H
#define SG_HOME_H

#include "core/core.h"

enum { SG_PATH = 512 }; /* the longest path here, with its NUL */

struct sg_home {
    char dir[SG_PATH];
    char shown[SG_PATH]; /* `dir` as a person writes it: "~/.signet" */
    char config[SG_PATH];
    char inventory[SG_PATH];
    char ca[SG_PATH]; /* the folder of the six files below */
    char device_root_cert[SG_PATH], device_root_key[SG_PATH];
    char issuing_cert[SG_PATH], issuing_key[SG_PATH];
    char device_root_uri[SG_PATH], issuing_uri[SG_PATH]; /* instead of a key: a file that says where it is */
    char next_key[SG_PATH], next_uri[SG_PATH];           /* of an issuing CA that was asked for (signet ca request) */
    char server_root_cert[SG_PATH], server_root_key[SG_PATH];
    char server[SG_PATH]; /* the folder of the two files below */
    char server_cert[SG_PATH], server_key[SG_PATH];
    char psk_key[SG_PATH]; /* encrypts pre-shared keys in the inventory; not there until one is made */
    char token[SG_PATH];
    char lots[SG_PATH];
};

/* Fills the paths: of `option` (--home DIR; NULL: not given), else $SIGNET_HOME, else ~/.signet. Nothing needs to exist
 * yet. SG_ENOSPC: the path is too long; SG_ENOTFOUND: nothing says where home is. */
int sg_home_find(struct sg_home *h, const char *option, struct sg_error *err);
/* The paths of a home at `dir`, wherever that is. SG_ENOSPC. */
int sg_home_at(struct sg_home *h, const char *dir, struct sg_error *err);

/* Whether a home is there that can be worked with. SG_ENOTFOUND: nothing there (err: run `signet init`); SG_EFORMAT:
 * something there that is no home; SG_EDENIED: it is another user's, or others may enter it; SG_EIO. */
int sg_home_check(const struct sg_home *h, struct sg_error *err);

/*
 * The run-time directory of this home: what a process needs while it lives, and what must never reach a disk (session
 * keys). It is `configured` (signet.yaml's run_dir; NULL or "": none), else a folder named by the SHA-256 of the home's
 * real path below the first of these that is on a RAM file system and ours to write: /run/signet,
 * $XDG_RUNTIME_DIR/signet, /dev/shm/signet-UID. With `make`, it is made (mode 0700), and refused where another user
 * could look inside (SG_EDENIED).
 */
int sg_home_run_dir(const struct sg_home *h, const char *configured, bool make, char path[SG_PATH],
                    struct sg_error *err);

#endif
