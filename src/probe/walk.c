/* SPDX-License-Identifier: Apache-2.0 */
/* Reading an evidence folder: each record against its signature, its files, and the record before it. */
#include "probe/probe_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH = 1200, NAME = 256, WRONG = 400, FILE_MAX = 1 << 30 };

struct walk {
    const char *dir;
    X509 *signer;
    uint64_t number;             /* of the record looked at */
    char previous[SG_PROBE_SHA]; /* the digest of the record before; "": of the first, or it was wrong itself */
    bool chained;                /* `previous` is what the next must name */
    char wrong[WRONG];           /* the first thing found; "": nothing */
};

static void blame(struct walk *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void blame(struct walk *w, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (w->wrong[0] == '\0')
        (void)vsnprintf(w->wrong, sizeof w->wrong, fmt, args);
    va_end(args);
}

static uint8_t *read_file(const struct walk *w, const char *folder, const char *name, size_t max, size_t *n)
{
    char path[PATH];
    int length = snprintf(path, sizeof path, "%s/%s/%s", w->dir, folder, name);
    return length > 0 && (size_t)length < sizeof path ? sg_file_read(path, max, n, NULL) : NULL;
}

/* -------------------------------------------------------------------------------------------------- one record */

static void check_signature(struct walk *w, const char *folder, struct sg_bytes text)
{
    size_t n;
    uint8_t *cms = read_file(w, folder, "record.p7s", 65536, &n);
    if (cms == NULL) {
        blame(w, "its signature record.p7s is not there");
        return;
    }
    struct sg_error err = {0};
    X509 *by = sg_cms_verify(sg_bytes(cms, n), text, &err);
    if (by == NULL && err.code == SG_EMISMATCH)
        blame(w, "record.json is not what was signed: it was altered");
    else if (by == NULL)
        blame(w, "record.p7s is no signature");
    else if (X509_cmp(by, w->signer) != 0)
        blame(w, "it is signed by another key than signer.crt names");
    X509_free(by);
    free(cms);
}

static const char *text_of(const json_t *o, const char *member)
{
    const char *s = json_string_value(json_object_get(o, member));
    return s != NULL ? s : "";
}

static void check_place(struct walk *w, const char *folder, const json_t *record)
{
    json_int_t number = json_integer_value(json_object_get(record, "number"));
    if (number != (json_int_t)w->number)
        blame(w, "it is record %lld, in the place of record %llu", (long long)number, (unsigned long long)w->number);
    else if (strcmp(strchr(folder, '-') + 1, text_of(record, "run")) != 0)
        blame(w, "it is of the run %s, which its folder does not say", text_of(record, "run"));
    else if (w->chained && strcmp(text_of(record, "previous"), w->previous) != 0)
        blame(w, w->number == 1 ? "it names a record before it, and is the first"
                                : "it follows another record than the one before it: that was exchanged");
}

static bool is_listed(const json_t *files, const char *name)
{
    size_t i;
    json_t *file;
    json_array_foreach(files, i, file) if (strcmp(text_of(file, "name"), name) == 0) return true;
    return strcmp(name, "record.json") == 0 || strcmp(name, "record.p7s") == 0;
}

static void check_nothing_else(struct walk *w, const char *folder, const json_t *files)
{
    char path[PATH];
    (void)snprintf(path, sizeof path, "%s/%s", w->dir, folder);
    DIR *d = opendir(path);
    if (d == NULL)
        return; /* record.json was read from it */
    for (const struct dirent *e; (e = readdir(d)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && !is_listed(files, e->d_name))
            blame(w, "the file %s lies in it, which the record does not know", e->d_name);
    (void)closedir(d);
}

static void check_files(struct walk *w, const char *folder, const json_t *record)
{
    const json_t *files = json_object_get(record, "files");
    size_t i;
    json_t *file;
    json_array_foreach(files, i, file)
    {
        const char *name = text_of(file, "name");
        char sha[SG_PROBE_SHA];
        size_t n = 0;
        uint8_t *content = strchr(name, '/') == NULL ? read_file(w, folder, name, FILE_MAX, &n) : NULL;
        if (content == NULL)
            blame(w, "its file %s is not there", name);
        else if (strcmp(sg_probe_sha(sg_bytes(content, n), sha), text_of(file, "sha256")) != 0)
            blame(w, "its file %s was altered", name);
        free(content);
    }
    check_nothing_else(w, folder, files);
}

/* The record (to be released), or NULL; what is wrong is in w->wrong. */
static json_t *check(struct walk *w, const char *folder)
{
    size_t n;
    uint8_t *text = read_file(w, folder, "record.json", SG_PROBE_RECORD_MAX, &n);
    if (text == NULL) {
        blame(w, "its record.json cannot be read");
        w->chained = false;
        return NULL;
    }
    check_signature(w, folder, sg_bytes(text, n));
    json_t *record = json_loadb((const char *)text, n, JSON_REJECT_DUPLICATES, NULL);
    if (json_integer_value(json_object_get(record, "format")) != 1)
        blame(w, "its record.json is not of a format that is known here");
    if (record != NULL) {
        check_place(w, folder, record);
        check_files(w, folder, record);
    }
    w->chained = w->wrong[0] == '\0'; /* one that is wrong itself says nothing about the next */
    (void)sg_probe_sha(sg_bytes(text, n), w->previous);
    free(text);
    return record;
}

/* ----------------------------------------------------------------------------------------------------- the walk */

struct folders {
    char (*name)[NAME];
    size_t n, cap;
};

static int by_number(const void *a, const void *b)
{
    uint64_t x = sg_probe_folder_number(a), y = sg_probe_folder_number(b);
    return x != y ? (x < y ? -1 : 1) : strcmp(a, b);
}

static int list(const char *dir, struct folders *f, struct sg_error *err)
{
    DIR *d = opendir(dir);
    int r = 0;
    if (d == NULL)
        return sg_fail(err, errno == ENOENT ? SG_ENOTFOUND : SG_EIO, "opening the evidence folder %s: %s", dir,
                       strerror(errno));
    for (const struct dirent *e; r == 0 && (e = readdir(d)) != NULL;) {
        if (sg_probe_folder_number(e->d_name) == 0)
            continue;
        if (f->n == f->cap) {
            size_t cap = f->cap * 2 + 64;
            void *more = realloc(f->name, cap * sizeof *f->name);
            if (more == NULL) {
                r = sg_fail(err, SG_ENOMEM, "out of memory");
                break;
            }
            f->name = more;
            f->cap = cap;
        }
        (void)snprintf(f->name[f->n++], NAME, "%s", e->d_name);
    }
    (void)closedir(d);
    if (r == 0 && f->n > 1)
        qsort(f->name, f->n, sizeof *f->name, by_number);
    return r;
}

struct teller {
    int (*fn)(void *user, const char *folder, json_t *record, const char *wrong);
    void *user;
    struct sg_error *err;
    int first; /* SG_EMISMATCH once something was wrong */
};

static int tell(struct teller *t, struct walk *w, const char *folder, json_t *record)
{
    const char *wrong = w->wrong[0] != '\0' ? w->wrong : NULL;
    if (wrong != NULL && t->first == 0)
        t->first = sg_fail(t->err, SG_EMISMATCH, "%s/%s: %s", w->dir, folder, wrong);
    int r = t->fn(t->user, folder, record, wrong);
    json_decref(record);
    return r < 0 ? r : 0;
}

/* The next folder, before which others may be missing, or which may have a number twice. */
static int step(struct teller *t, struct walk *w, const char *folder)
{
    uint64_t number = sg_probe_folder_number(folder);
    int r = 0;
    for (; w->number + 1 < number && r == 0; w->chained = false) {
        char gone[32];
        w->wrong[0] = '\0';
        (void)snprintf(gone, sizeof gone, "%04llu", (unsigned long long)++w->number);
        blame(w, "the record is not there: it was removed");
        r = tell(t, w, gone, NULL);
        if (number - w->number > 1000) /* of a number that nobody counted to */
            w->number = number - 1;
    }
    if (r < 0)
        return r;
    w->wrong[0] = '\0';
    if (number <= w->number) {
        blame(w, "there is another record of that number");
        return tell(t, w, folder, NULL);
    }
    w->number = number;
    return tell(t, w, folder, check(w, folder));
}

int sg_evidence_walk(const char *dir, int (*fn)(void *user, const char *folder, json_t *record, const char *wrong),
                     void *user, struct sg_error *err)
{
    struct folders f = {.n = 0};
    struct walk w = {.dir = dir, .chained = true};
    struct teller t = {fn, user, err, 0};
    char path[PATH];
    int r = list(dir, &f, err);
    (void)snprintf(path, sizeof path, "%s/signer.crt", dir);
    if (r == 0 && (w.signer = sg_cert_read(path, err)) == NULL)
        r = SG_EFORMAT;
    for (size_t i = 0; i < f.n && r == 0; i++)
        r = step(&t, &w, f.name[i]);
    X509_free(w.signer);
    free(f.name);
    if (r < 0)
        return r;
    return t.first < 0 ? t.first : (int)f.n;
}
