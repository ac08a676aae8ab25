/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the seal share, and nobody else sees. */
#ifndef SG_ASSESS_SEAL_INTERNAL_H
#define SG_ASSESS_SEAL_INTERNAL_H

#include "assess/assess.h"

/* The one folder in the archive, and what the seal itself puts into it. */
#define SG_SEAL_FOLDER  "assessment/"
#define SG_SEAL_README  "README.txt"
#define SG_SEAL_JSON    "MANIFEST.json"
#define SG_SEAL_PLACES  "MANIFEST.places"
#define SG_SEAL_SHA256  "MANIFEST.sha256"
#define SG_SEAL_CMS     "manifest.p7s"
#define SG_SEAL_STAMP   "manifest.tsr"
#define SG_SEAL_RENEWAL "renewal-"

enum {
    SG_SEAL_PATH = 200,      /* of a file in the folder, with its NUL; what a ustar header holds */
    SG_SEAL_FILES = 100000,  /* in an archive */
    SG_SEAL_DIGEST_TEXT = 65 /* SHA-256 in hexadecimal, and NUL */
};

/* ------------------------------------------------------------------------------------------- files (seal_files.c) */

struct sg_seal_file {
    char path[SG_SEAL_PATH]; /* in the folder: "evidence/0001-srv.plain/record.json" */
    struct sg_bytes content;
    uint8_t *owned; /* of malloc(); NULL: borrowed */
    bool moved;     /* found to be another, renamed */
};
struct sg_seal_files {
    struct sg_seal_file *file;
    size_t n, cap;
};
/* Adds a file; takes `owned`, in error too. SG_EINVAL (not a path that an archive may have; err says why), SG_ENOSPC
 * (too many), SG_ENOMEM. */
int sg_seal_add(struct sg_seal_files *f, const char *path, struct sg_bytes content, uint8_t *owned,
                struct sg_error *err);
void sg_seal_sort(struct sg_seal_files *f); /* by path */
/* Of sorted ones. NULL: there is none. */
const struct sg_seal_file *sg_seal_find(const struct sg_seal_files *f, const char *path);
void sg_seal_free(struct sg_seal_files *f);
/* True for a path that the seal writes itself, and a payload may not have. */
bool sg_seal_is_own(const char *path);
/* Takes all files below `dir` that belong into an archive, and tells of those that stay out. SG_EDENIED: a secret. */
int sg_seal_gather(struct sg_seal_files *f, const struct sg_seal_wanted *w, struct sg_error *err);
/* Whether a file holds a secret: what it is, or NULL (seal_secrets.c). */
const char *sg_seal_secret(const char *path, struct sg_bytes content);

char *sg_seal_hex(struct sg_bytes content, const char *digest, char *text, size_t cap); /* by OpenSSL's name; "" */

/* -------------------------------------------------------------------------------------------------- tar (seal_tar.c)
 */

/* Where an archive's frame, what is around the files, is not sound: `at` is the first byte that is wrong. */
struct sg_seal_frame {
    int64_t time; /* of the first header */
    bool unsound;
    size_t at;
    char what[80];
};
/* The bytes of an archive of sorted files, of malloc(). The same files and time give the same bytes. NULL: SG_ENOMEM.
 */
uint8_t *sg_seal_tar_write(const struct sg_seal_files *f, int64_t time, size_t *n, struct sg_error *err);
/* The files of one; they borrow from it. Refused (SG_EFORMAT): links and devices, paths out of the folder, two of one
 * name, what is cut off. */
int sg_seal_tar_read(struct sg_bytes tar, struct sg_seal_files *f, struct sg_seal_frame *frame, struct sg_error *err);

/* ------------------------------------------------------------------------------------ places (seal_places.c) */

/* Checksums by row and column, from which the place of a change shows, of all files; of malloc(), NULL: no memory. */
char *sg_seal_places_write(const struct sg_seal_files *f, size_t *n);
/* Where a file's content, cut to its length then if it is longer now, differs from its checksums in `places`. */
enum { SG_SEAL_ROW = 64 };
struct sg_seal_place {
    bool known;              /* false: there are no checksums of this file, or they say nothing */
    size_t from, to, pieces; /* the first changed bytes, and how many pieces of the file are changed */
    bool exact;              /* `from` and `to` are changed bytes; false: the change is within */
};
void sg_seal_places_find(struct sg_bytes places, const char *path, struct sg_bytes content, struct sg_seal_place *at);

/* --------------------------------------------------------------------------------- manifest (seal_manifest.c) */

/* "HASH  PATH\n" for each file that `wanted` names, as sha256sum and its like write it; of malloc(). */
char *sg_seal_sums(const struct sg_seal_files *f, const char *digest,
                   bool (*wanted)(const void *user, const char *path), const void *user, size_t *n);
json_t *sg_seal_manifest(const struct sg_seal_files *f, const struct sg_seal_wanted *w, struct sg_error *err);
/* What README.txt says. */
extern const char sg_seal_readme[];

/* -------------------------------------------------------------------------------------- ageing (seal_age.c) */

/* Until when a stamp proves its time: its authority's certificate ends, or its algorithms age. */
int64_t sg_seal_lasts(const struct sg_stamp *stamp, const char **why);

/* ------------------------------------------------------------------------------------ renewals (seal_renew.c) */

/* The number N of "renewal-N.DIGEST" or "renewal-N.tsr"; 0: the path is none. `digest` (16 bytes, or NULL): "tsr" or
 * the digest. */
unsigned sg_seal_renewal_number(const char *path, char digest[16]);
/* What renewal N is over: the sums of all files that were there before it. Of malloc(). */
char *sg_seal_renewal_sums(const struct sg_seal_files *f, unsigned number, const char *digest, size_t *n);

#endif
