/* SPDX-License-Identifier: Apache-2.0 */
/* The files of an archive: kept by path, and gathered from an assessment's folder. */
#include "seal_internal.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH = 1024, DEEPEST = 8 };

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

static int take_folder(struct gathering *g, const char *dir, const char *below, int depth);

static int take_entry(struct gathering *g, const char *dir, const char *below, const char *name, int depth)
{
    char from[PATH], path[PATH];
    int n = snprintf(from, sizeof from, "%s/%s", dir, name);
    int m = snprintf(path, sizeof path, "%s%s%s", below, below[0] != '\0' ? "/" : "", name);
    struct stat st;
    if (n < 0 || m < 0 || (size_t)n >= sizeof from || (size_t)m >= sizeof path)
        return sg_fail(g->err, SG_ENOSPC, "the path %.80s… is too long", from);
    const char *why = why_left_out(path, name);
    if (why != NULL) {
        if (g->w->left_out != NULL)
            g->w->left_out(g->w->user, path, why);
        return 0;
    }
    if (lstat(from, &st) != 0)
        return sg_fail(g->err, SG_EIO, "looking at %s: %s", from, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return take_folder(g, from, path, depth + 1);
    if (S_ISREG(st.st_mode))
        return take_file(g, from, path);
    return sg_fail(g->err, SG_EINVAL, "%s is a link or a device: an archive has files only, so put a copy there", from);
}

static int take_folder(struct gathering *g, const char *dir, const char *below, int depth)
{
    if (depth > DEEPEST)
        return sg_fail(g->err, SG_EINVAL, "%s: folders are nested deeper than %d", dir, (int)DEEPEST);
    DIR *d = opendir(dir);
    if (d == NULL)
        return sg_fail(g->err, errno == ENOENT ? SG_ENOTFOUND : SG_EIO, "reading the folder %s: %s", dir,
                       strerror(errno));
    int r = 0;
    for (const struct dirent *e; r == 0 && (e = readdir(d)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            r = take_entry(g, dir, below, e->d_name, depth);
    (void)closedir(d);
    return r;
}

int sg_seal_gather(struct sg_seal_files *f, const struct sg_seal_wanted *w, struct sg_error *err)
{
    struct gathering g = {.files = f, .w = w, .err = err};
    int r = take_folder(&g, w->dir, "", 0);
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
