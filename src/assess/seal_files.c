/* SPDX-License-Identifier: Apache-2.0 */
/* The files of an archive: kept by path, and gathered from an assessment's folder. */
#include "seal_internal.h"

#include <errno.h>
#include <fts.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH = 1024 };

/* -------------------------------------------------------------------------------------------------------- paths */

/* Why an archive may not have such a path; NULL: it may. */
static const char *fault_of(const char *path)
{
    size_t n = strlen(path);
    if (n == 0 || n >= SG_SEAL_PATH)
        return n == 0 ? "it is empty" : "it is too long";
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)path[i] < ' ' || path[i] == 0x7f || path[i] == '\\')
            return "it has control characters or a backslash";
    for (const char *part = path; part != NULL;) {
        size_t length = strcspn(part, "/");
        if (length == 0)
            return "a part of it is empty";
        if (part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.')))
            return "it leads out of its folder";
        part = part[length] == '/' ? part + length + 1 : NULL;
    }
    return NULL;
}

int sg_seal_add(struct sg_seal_files *f, const char *path, struct sg_bytes content, uint8_t *owned,
                struct sg_error *err)
{
    const char *fault = fault_of(path);
    int r = 0;
    if (fault != NULL)
        r = sg_fail(err, SG_EINVAL, "the path \"%.80s\" is none for an archive: %s", path, fault);
    else if (f->n == SG_SEAL_FILES)
        r = sg_fail(err, SG_ENOSPC, "there are more than %d files", (int)SG_SEAL_FILES);
    if (r == 0 && f->n == f->cap) {
        size_t cap = f->cap == 0 ? 64 : f->cap * 2;
        struct sg_seal_file *more = realloc(f->file, cap * sizeof *more);
        if (more == NULL) {
            r = sg_fail(err, SG_ENOMEM, "out of memory");
        } else {
            f->file = more;
            f->cap = cap;
        }
    }
    if (r < 0) {
        free(owned);
        return r;
    }
    struct sg_seal_file *file = &f->file[f->n++];
    (void)snprintf(file->path, sizeof file->path, "%s", path);
    file->content = content;
    file->owned = owned;
    file->moved = false;
    return 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct sg_seal_file *)a)->path, ((const struct sg_seal_file *)b)->path);
}

void sg_seal_sort(struct sg_seal_files *f)
{
    if (f->n > 1)
        qsort(f->file, f->n, sizeof *f->file, by_path);
}

const struct sg_seal_file *sg_seal_find(const struct sg_seal_files *f, const char *path)
{
    struct sg_seal_file key;
    if (f->n == 0 || strlen(path) >= sizeof key.path)
        return NULL;
    (void)snprintf(key.path, sizeof key.path, "%s", path);
    return bsearch(&key, f->file, f->n, sizeof *f->file, by_path);
}

void sg_seal_free(struct sg_seal_files *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->file[i].owned);
    free(f->file);
    *f = (struct sg_seal_files){.n = 0};
}

bool sg_seal_is_own(const char *path)
{
    static const char *const own[] = {SG_SEAL_README, SG_SEAL_JSON, SG_SEAL_PLACES,
                                      SG_SEAL_SHA256, SG_SEAL_CMS,  SG_SEAL_STAMP};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(path, own[i]) == 0)
            return true;
    return sg_seal_renewal_number(path, NULL) > 0;
}

char *sg_seal_hex(struct sg_bytes content, const char *digest, char *text, size_t cap)
{
    uint8_t value[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    const EVP_MD *md = EVP_get_digestbyname(digest);
    struct sg_buf b = sg_buf(text, cap);
    if (md != NULL && EVP_Digest(content.p, content.n, value, &n, md, NULL) == 1)
        sg_put_hex(&b, sg_bytes(value, n));
    (void)sg_buf_cstr(&b);
    return text;
}

/* ------------------------------------------------------------------------------------------------------- gather */

struct gathering {
    struct sg_seal_files *files;
    const struct sg_seal_wanted *w;
    uint64_t bytes;
    struct sg_error *err;
};

static int take_file(struct gathering *g, const char *from, const char *path)
{
    size_t n = 0;
    if (sg_seal_is_own(path))
        return sg_fail(g->err, SG_EINVAL, "%s: that name is the archive's own; name it otherwise", from);
    struct stat st;
    if (stat(from, &st) != 0 || (uint64_t)st.st_size + g->bytes > SG_SEAL_LARGEST)
        return sg_fail(g->err, SG_ENOSPC, "with %s the archive would be larger than %d bytes", from, SG_SEAL_LARGEST);
    uint8_t *content = sg_file_read(from, (size_t)st.st_size, &n, g->err);
    if (content == NULL)
        return g->err != NULL ? g->err->code : SG_EIO;
    const char *secret = sg_seal_secret(path, sg_bytes(content, n));
    if (secret != NULL) {
        sg_wipe(content, n);
        free(content);
        return sg_fail(g->err, SG_EDENIED,
                       "%s is or has %s, and an archive is given to others: take it out of the folder, and seal again",
                       from, secret);
    }
    g->bytes += n;
    return sg_seal_add(g->files, path, sg_bytes(content, n), content, g->err);
}

/* Why a file of the folder is no part of the archive; NULL: it is one. */
static const char *why_left_out(const char *path, const char *name)
{
    size_t n = strlen(path);
    if (strcmp(path, "evidence/signer.key") == 0)
        return "it is the key that signs records, a secret";
    if (strchr(path, '/') == NULL && n > 4 && strcmp(path + n - 4, ".tar") == 0)
        return "it is an archive, maybe an earlier seal";
    if (name[0] == '.' || path[n - 1] == '~')
        return "it is a hidden file or a backup";
    return NULL;
}

static int take_entry(struct gathering *g, FTS *tree, FTSENT *e)
{
    const char *path = e->fts_path + strlen(g->w->dir);
    path += strspn(path, "/");
    if (path[0] == '\0' || e->fts_info == FTS_DP)
        return 0;
    const char *why = why_left_out(path, e->fts_name);
    if (why != NULL) {
        (void)fts_set(tree, e, FTS_SKIP);
        if (g->w->left_out != NULL)
            g->w->left_out(g->w->user, path, why);
        return 0;
    }
    switch (e->fts_info) {
    case FTS_D:
        return 0;
    case FTS_F:
        return take_file(g, e->fts_path, path);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return sg_fail(g->err, SG_EIO, "reading %s: %s", e->fts_path, strerror(e->fts_errno));
    default:
        return sg_fail(g->err, SG_EINVAL, "%s is a link or a device: an archive has files only, so put a copy there",
                       e->fts_path);
    }
}

static int take_folder(struct gathering *g)
{
    char *const roots[] = {strdup(g->w->dir), NULL};
    struct stat st;
    int r = 0;
    if (stat(g->w->dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        free(roots[0]);
        return sg_fail(g->err, SG_ENOTFOUND, "there is no folder %s", g->w->dir);
    }
    FTS *tree = roots[0] != NULL ? fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL) : NULL;
    if (tree == NULL)
        r = sg_fail(g->err, SG_EIO, "reading the folder %s: %s", g->w->dir, strerror(errno));
    for (FTSENT *e; r == 0 && (e = fts_read(tree)) != NULL;)
        r = take_entry(g, tree, e);
    if (tree != NULL)
        (void)fts_close(tree);
    free(roots[0]);
    return r;
}

int sg_seal_gather(struct sg_seal_files *f, const struct sg_seal_wanted *w, struct sg_error *err)
{
    struct gathering g = {.files = f, .w = w, .err = err};
    int r = take_folder(&g);
    for (size_t i = 0; r == 0 && i < w->sboms; i++) {
        char path[PATH];
        const char *slash = strrchr(w->sbom[i], '/');
        (void)snprintf(path, sizeof path, "sbom/%s", slash != NULL ? slash + 1 : w->sbom[i]);
        r = take_file(&g, w->sbom[i], path);
    }
    sg_seal_sort(f);
    for (size_t i = 1; r == 0 && i < f->n; i++)
        if (strcmp(f->file[i - 1].path, f->file[i].path) == 0)
            r = sg_fail(err, SG_EINVAL, "there are two files for %s", f->file[i].path);
    return r;
}
