/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Later time stamps, before what is there ages. In the spirit of evidence records (RFC 4998 section 5.3, hash-tree
 * renewal), as plain files: the sums of all that was there before, by a digest of today, and a stamp over those.
 */
#include "seal_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const digests[] = {"sha512", "sha3-512"}; /* of renewals */

unsigned sg_seal_renewal_number(const char *path, char digest[16])
{
    static const size_t prefix = sizeof SG_SEAL_RENEWAL - 1;
    uint64_t number;
    if (strncmp(path, SG_SEAL_RENEWAL, prefix) != 0 || path[prefix] == '0')
        return 0;
    size_t n = strspn(path + prefix, "0123456789");
    if (path[prefix + n] != '.' || sg_parse_udec(sg_bytes(path + prefix, n), SG_SEAL_STAMPS - 1, &number) < 0)
        return 0;
    const char *end = path + prefix + n + 1;
    bool known = strcmp(end, "tsr") == 0;
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++)
        known = known || strcmp(end, digests[i]) == 0;
    if (known && digest != NULL)
        (void)snprintf(digest, 16, "%s", end);
    return known ? (unsigned)number : 0;
}

static bool is_before(const void *user, const char *path)
{
    unsigned n = sg_seal_renewal_number(path, NULL);
    return n == 0 || n < *(const unsigned *)user;
}

char *sg_seal_renewal_sums(const struct sg_seal_files *f, unsigned number, const char *digest, size_t *n)
{
    return sg_seal_sums(f, digest, is_before, &number, n);
}

static int first_stamp(const struct sg_seal_files *f, struct sg_seal_next *next, struct sg_error *err)
{
    const struct sg_seal_file *signature = sg_seal_find(f, SG_SEAL_CMS);
    if (signature == NULL)
        return sg_fail(err, SG_EFORMAT, "the archive has no signature: there is nothing to stamp");
    (void)snprintf(next->path, sizeof next->path, "%s", SG_SEAL_STAMP);
    next->n = signature->content.n;
    next->content = malloc(next->n + 1);
    if (next->content == NULL)
        return sg_fail(err, SG_ENOMEM, "out of memory");
    memcpy(next->content, signature->content.p, next->n);
    return 0;
}

static int renewal(const struct sg_seal_files *f, unsigned number, struct sg_seal_next *next, struct sg_error *err)
{
    if (number >= SG_SEAL_STAMPS)
        return sg_fail(err, SG_ENOSPC, "the archive has %d renewals: seal the assessment anew", SG_SEAL_STAMPS - 1);
    (void)snprintf(next->path, sizeof next->path, SG_SEAL_RENEWAL "%u.tsr", number);
    (void)snprintf(next->sums, sizeof next->sums, SG_SEAL_RENEWAL "%u.%s", number, next->digest);
    next->content = (uint8_t *)sg_seal_renewal_sums(f, number, next->digest, &next->n);
    return next->content != NULL ? 0 : sg_fail(err, SG_ENOMEM, "out of memory");
}

static int check_digest(const char *digest, bool first, struct sg_error *err)
{
    bool known = first && strcmp(digest, "sha256") == 0;
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++)
        known = known || strcmp(digest, digests[i]) == 0;
    return known ? 0
                 : sg_fail(err, SG_EINVAL, "such a stamp is made with %ssha512 or sha3-512, not with %s",
                           first ? "sha256, " : "", digest);
}

int sg_seal_next(struct sg_bytes archive, const char *digest, struct sg_seal_next *next, struct sg_error *err)
{
    struct sg_seal_files files = {.n = 0};
    struct sg_seal_frame frame;
    unsigned last = 0;
    memset(next, 0, sizeof *next);
    int r = sg_seal_tar_read(archive, &files, &frame, err);
    for (size_t i = 0; r == 0 && i < files.n; i++) {
        unsigned n = sg_seal_renewal_number(files.file[i].path, NULL);
        last = n > last ? n : last;
    }
    bool first = r == 0 && last == 0 && sg_seal_find(&files, SG_SEAL_STAMP) == NULL;
    (void)snprintf(next->digest, sizeof next->digest, "%s", digest != NULL ? digest : first ? "sha256" : "sha512");
    if (r == 0)
        r = check_digest(next->digest, first, err);
    if (r == 0)
        r = first ? first_stamp(&files, next, err) : renewal(&files, last + 1, next, err);
    sg_seal_free(&files);
    return r;
}

uint8_t *sg_seal_add_stamp(struct sg_bytes archive, const struct sg_seal_next *next, struct sg_bytes stamp, size_t *n,
                           struct sg_error *err)
{
    struct sg_seal_files files = {.n = 0};
    struct sg_seal_frame frame;
    uint8_t *tar = NULL;
    int r = sg_seal_tar_read(archive, &files, &frame, err);
    if (r == 0 && next->sums[0] != '\0')
        r = sg_seal_add(&files, next->sums, sg_bytes(next->content, next->n), NULL, err);
    if (r == 0)
        r = sg_seal_add(&files, next->path, stamp, NULL, err);
    if (r == 0) {
        sg_seal_sort(&files);
        tar = sg_seal_tar_write(&files, frame.time, n, err);
    }
    sg_seal_free(&files);
    return tar;
}
