/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of exported files, and the CAs that are exported. */
#include "export.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int make(const char *dir, struct sg_error *err)
{
    if (mkdir(dir, 0755) == 0 || errno == EEXIST)
        return 0;
    return sg_fail(err, SG_EIO, "making the folder %s: %s", dir, strerror(errno));
}

int sg_cli_folder_open(struct sg_cli_folder *f, const char *dir, const char *below, bool (*is_ours)(const char *name),
                       struct sg_error *err)
{
    memset(f, 0, sizeof *f);
    f->is_ours = is_ours;
    int n = snprintf(f->dir, sizeof f->dir, "%s%s%s", dir, below[0] != '\0' ? "/" : "", below);
    if (n < 0 || (size_t)n >= sizeof f->dir - sizeof f->names[0])
        return sg_fail(err, SG_ENOSPC, "the path %s is too long", dir);
    int r = make(dir, err);
    return r < 0 ? r : make(f->dir, err);
}

int sg_cli_folder_put(struct sg_cli_folder *f, const char *name, struct sg_bytes content, struct sg_error *err)
{
    char path[sizeof f->dir + sizeof f->names[0]];
    if (f->n == sizeof f->names / sizeof f->names[0])
        return sg_fail(err, SG_ENOSPC, "too many files for %s", f->dir);
    (void)snprintf(f->names[f->n++], sizeof f->names[0], "%s", name);
    (void)snprintf(path, sizeof path, "%s/%s", f->dir, name);
    return sg_file_write(path, 0644, false, content, err);
}

static bool is_meant(const struct sg_cli_folder *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->names[i], name) == 0)
            return true;
    return false;
}

int sg_cli_folder_close(struct sg_cli_folder *f, struct sg_error *err)
{
    DIR *d = opendir(f->dir);
    int r = 0;
    if (d == NULL)
        return sg_fail(err, SG_EIO, "reading the folder %s: %s", f->dir, strerror(errno));
    for (struct dirent *e; r == 0 && (e = readdir(d)) != NULL;) {
        if (!f->is_ours(e->d_name) || is_meant(f, e->d_name))
            continue;
        if (unlinkat(dirfd(d), e->d_name, 0) != 0)
            r = sg_fail(err, SG_EIO, "removing %s/%s, which is not trusted any more: %s", f->dir, e->d_name,
                        strerror(errno));
    }
    (void)closedir(d);
    return r;
}

/* ------------------------------------------------------------------------------------------------------- CAs */

struct gathering {
    struct sg_cli_cas *cas;
    struct sg_error *err;
};

static int take(void *user, const struct sg_cert_row *row)
{
    struct gathering *g = user;
    if (row->state == SG_CERT_REVOKED)
        return 0;
    if (g->cas->n == SG_CLI_CAS)
        return sg_fail(g->err, SG_ENOSPC, "there are more than %d CAs", SG_CLI_CAS);
    struct sg_cli_ca *ca = &g->cas->ca[g->cas->n];
    ca->cert = sg_cert_parse(sg_bytes(row->der, row->der_len), g->err);
    if (ca->cert == NULL)
        return g->err->code;
    ca->facts = row->facts;
    ca->root = row->kind == SG_CERT_DEVICE_ROOT;
    g->cas->n++;
    return 0;
}

int sg_cli_get_cas(struct sg_store *store, struct sg_cli_cas *cas, struct sg_error *err)
{
    struct gathering g = {cas, err};
    cas->n = 0;
    int r = sg_store_each_cert(store, SG_CERT_DEVICE_ROOT, 0, take, &g, err);
    return r < 0 ? r : sg_store_each_cert(store, SG_CERT_ISSUING_CA, 0, take, &g, err);
}

void sg_cli_free_cas(struct sg_cli_cas *cas)
{
    while (cas->n > 0)
        X509_free(cas->ca[--cas->n].cert);
}
