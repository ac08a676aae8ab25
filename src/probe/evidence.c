/* SPDX-License-Identifier: Apache-2.0 */
/* An evidence folder that is written to: its lock, its signer, and records that are there whole or not at all. */
#include "probe/probe_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A record is made here, and gets its name when it is complete. */
#define UNFINISHED ".unfinished"

enum { PATH = 1024, SIGNATURE_MAX = 2048, FILES = 2 };
static const int64_t SIGNER_LIFE = INT64_C(30) * 365 * 86400; /* longer than records are kept */

struct sg_evidence {
    int fd; /* of the folder, with the lock */
    char dir[PATH];
    X509 *cert;
    EVP_PKEY *key;
    uint64_t last; /* the number of the last record; 0: none */
    char previous[SG_PROBE_SHA];
};

static int path_in(const struct sg_evidence *e, const char *name, char path[PATH], struct sg_error *err)
{
    int n = snprintf(path, PATH, "%s/%s", e->dir, name);
    return n >= 0 && n < PATH ? 0 : sg_fail(err, SG_EIO, "the path %s/%s is too long", e->dir, name);
}

/* ------------------------------------------------------------------------------------------------- the folder */

/* What lies in the folder: the last record's name, and how many other things there are. */
struct content {
    char last[256];
    uint64_t number;
    size_t strange;
};

/* signer.key or signer.crt before it had its name (sg_file_write). */
static bool is_half_signer(const char *name)
{
    return strncmp(name, "signer.key.", 11) == 0 || strncmp(name, "signer.crt.", 11) == 0;
}

static int look(const struct sg_evidence *e, struct content *c, struct sg_error *err)
{
    DIR *d = opendir(e->dir);
    *c = (struct content){.number = 0};
    if (d == NULL)
        return sg_fail(err, SG_EIO, "reading the folder %s: %s", e->dir, strerror(errno));
    for (const struct dirent *entry; (entry = readdir(d)) != NULL;) {
        uint64_t number = sg_probe_folder_number(entry->d_name);
        if (number > c->number) {
            c->number = number;
            (void)snprintf(c->last, sizeof c->last, "%s", entry->d_name);
        }
        if (is_half_signer(entry->d_name)) /* a crash left it */
            (void)unlinkat(e->fd, entry->d_name, 0);
        else
            c->strange += number == 0 && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    (void)closedir(d);
    return 0;
}

/* Makes the folder where there is none, and takes it for us alone. */
static int take_folder(struct sg_evidence *e, struct sg_error *err)
{
    if (mkdir(e->dir, 0755) < 0 && errno != EEXIST)
        return sg_fail(err, SG_EIO, "making the evidence folder %s: %s", e->dir, strerror(errno));
    e->fd = open(e->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (e->fd < 0)
        return sg_fail(err, errno == ENOTDIR ? SG_EFORMAT : SG_EIO, "opening the evidence folder %s: %s", e->dir,
                       strerror(errno));
    if (flock(e->fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return sg_fail(err, SG_EBUSY, "another probe is writing to the evidence folder %s", e->dir);
    return sg_fail(err, SG_EIO, "locking the evidence folder %s: %s", e->dir, strerror(errno));
}

/* What a crash left behind. */
static int remove_unfinished(const struct sg_evidence *e, struct sg_error *err)
{
    char path[PATH];
    int r = path_in(e, UNFINISHED, path, err);
    if (r < 0)
        return r;
    DIR *d = opendir(path);
    if (d == NULL)
        return errno == ENOENT ? 0 : sg_fail(err, SG_EIO, "opening %s: %s", path, strerror(errno));
    for (const struct dirent *entry; (entry = readdir(d)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(d), entry->d_name, 0);
    (void)closedir(d);
    return rmdir(path) == 0 ? 0 : sg_fail(err, SG_EIO, "removing %s: %s", path, strerror(errno));
}

/* -------------------------------------------------------------------------------------------------- the signer */

static bool exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static int make_certificate(struct sg_evidence *e, const char *path, struct sg_error *err)
{
    int64_t now = sg_probe_now_ms() / 1000;
    e->cert = sg_cert_root(e->key, "Signet probe evidence", (struct sg_validity){now, now + SIGNER_LIFE}, err);
    return e->cert != NULL ? sg_cert_write(path, e->cert, err) : SG_ECRYPTO;
}

/* The key first, then its certificate: a crash between the two leaves a key without one, which the next takes up. */
static int get_signer(struct sg_evidence *e, const struct content *c, struct sg_error *err)
{
    char key[PATH], cert[PATH];
    int r = path_in(e, "signer.key", key, err);
    if (r == 0)
        r = path_in(e, "signer.crt", cert, err);
    if (r < 0)
        return r;
    bool fresh = !exists(key) && !exists(cert);
    if (fresh && (c->number > 0 || c->strange > 0))
        return sg_fail(
            err, SG_EFORMAT,
            "the folder %s is not empty, and has no signer.crt and signer.key: it is no evidence folder that "
            "can be added to. Name another one",
            e->dir);
    if (fresh && (e->key = sg_key_new(SG_P256, err)) != NULL && (r = sg_key_write(key, e->key, NULL, err)) < 0)
        return r;
    if (e->key == NULL)
        e->key = sg_key_read(key, NULL, err);
    if (e->key == NULL)
        return sg_fail_in(err, "the key that signs evidence");
    if (!exists(cert))
        return make_certificate(e, cert, err);
    e->cert = sg_cert_read(cert, err);
    if (e->cert == NULL)
        return SG_EFORMAT;
    if (X509_check_private_key(e->cert, e->key) == 1)
        return 0;
    return sg_fail(err, SG_EFORMAT, "%s and %s do not belong together", key, cert);
}

static int get_previous(struct sg_evidence *e, const struct content *c, struct sg_error *err)
{
    char name[PATH], path[PATH];
    size_t n;
    if (c->number == 0)
        return 0;
    (void)snprintf(name, sizeof name, "%s/record.json", c->last);
    int r = path_in(e, name, path, err);
    uint8_t *text = r == 0 ? sg_file_read(path, SG_PROBE_RECORD_MAX, &n, err) : NULL;
    if (text == NULL)
        return sg_fail(err, SG_EFORMAT, "the last record of %s cannot be read: %s", e->dir, err->text);
    (void)sg_probe_sha(sg_bytes(text, n), e->previous);
    e->last = c->number;
    free(text);
    return 0;
}

struct sg_evidence *sg_evidence_open(const char *dir, struct sg_error *err)
{
    struct sg_error own = {0};
    struct content c;
    struct sg_evidence *e = calloc(1, sizeof *e);
    if (err == NULL)
        err = &own;
    if (e == NULL) {
        (void)sg_fail(err, SG_ENOMEM, "out of memory");
        return NULL;
    }
    e->fd = -1;
    int r = strlen(dir) < sizeof e->dir ? 0 : sg_fail(err, SG_EIO, "the path %.80s… is too long", dir);
    (void)snprintf(e->dir, sizeof e->dir, "%s", dir);
    if (r == 0)
        r = take_folder(e, err);
    if (r == 0)
        r = remove_unfinished(e, err);
    if (r == 0)
        r = look(e, &c, err);
    if (r == 0)
        r = get_signer(e, &c, err);
    if (r == 0)
        r = get_previous(e, &c, err);
    if (r == 0)
        return e;
    sg_evidence_close(e);
    return NULL;
}

void sg_evidence_close(struct sg_evidence *e)
{
    if (e == NULL)
        return;
    if (e->fd >= 0)
        (void)close(e->fd); /* and so unlocked */
    X509_free(e->cert);
    EVP_PKEY_free(e->key);
    free(e);
}

/* --------------------------------------------------------------------------------------------------- a record */

/* What belongs to the result, beside the record. */
static int gather(struct sg_probe_result *r, struct sg_probe_file file[FILES], uint8_t **capture, struct sg_error *err)
{
    int n = 0;
    *capture = NULL;
    if (r->capture != NULL && sg_capture_count(r->capture) > 0) {
        size_t size;
        if (r->capture_secret)
            sg_probe_capture_drop_keys(r->capture);
        *capture = sg_capture_pcapng(r->capture, &size);
        if (*capture == NULL)
            return sg_fail(err, SG_ENOMEM, "out of memory");
        file[n++] = (struct sg_probe_file){"capture.pcapng", "the datagrams, as pcapng", sg_bytes(*capture, size)};
    }
    if (r->transcript != NULL)
        file[n++] = (struct sg_probe_file){"transcript.txt", "what was said", sg_str(r->transcript)};
    return n;
}

static int write_file(const struct sg_evidence *e, const char *name, struct sg_bytes content, struct sg_error *err)
{
    char path[PATH], within[PATH];
    (void)snprintf(within, sizeof within, UNFINISHED "/%s", name);
    int r = path_in(e, within, path, err);
    return r == 0 ? sg_file_write(path, 0644, true, content, err) : r;
}

/* Everything into the unfinished folder, then its name. */
static int put_folder(const struct sg_evidence *e, const char *name, struct sg_bytes record, struct sg_bytes signature,
                      const struct sg_probe_file *file, size_t files, struct sg_error *err)
{
    if (mkdirat(e->fd, UNFINISHED, 0755) < 0)
        return sg_fail(err, SG_EIO, "making %s/" UNFINISHED ": %s", e->dir, strerror(errno));
    int r = 0;
    for (size_t i = 0; i < files && r == 0; i++)
        r = write_file(e, file[i].name, file[i].content, err);
    if (r == 0)
        r = write_file(e, "record.json", record, err);
    if (r == 0)
        r = write_file(e, "record.p7s", signature, err); /* each makes what lies in the folder durable */
    if (r < 0)
        return r;
    if (renameat(e->fd, UNFINISHED, e->fd, name) < 0 || fsync(e->fd) < 0)
        return sg_fail(err, SG_EIO, "putting the record %s/%s in place: %s", e->dir, name, strerror(errno));
    return 0;
}

static int add(struct sg_evidence *e, const char *name, const char *text, const struct sg_probe_file *file,
               size_t files, struct sg_error *err)
{
    uint8_t space[SIGNATURE_MAX];
    struct sg_buf signature = sg_buf(space, sizeof space);
    if (strlen(text) > SG_PROBE_RECORD_MAX)
        return sg_fail(err, SG_ENOSPC, "the record is longer than %d bytes", SG_PROBE_RECORD_MAX);
    int r = sg_cms_sign((struct sg_issuer){e->cert, e->key}, sg_str(text), &signature, err);
    if (r == 0)
        r = put_folder(e, name, sg_str(text), sg_buf_bytes(&signature), file, files, err);
    if (r < 0) {
        (void)remove_unfinished(e, NULL);
        return r;
    }
    e->last++;
    (void)sg_probe_sha(sg_str(text), e->previous);
    return 0;
}

int sg_evidence_add(struct sg_evidence *e, const struct sg_probe_target *t, struct sg_probe_result *r, const char *who,
                    char folder[128], struct sg_error *err)
{
    struct sg_probe_file file[FILES] = {{.name = NULL}};
    uint8_t *capture;
    char name[128];
    int files = gather(r, file, &capture, err);
    if (files < 0)
        return files;
    (void)snprintf(name, sizeof name, "%04llu-%s", (unsigned long long)e->last + 1, r->run->name);
    char *text = sg_probe_record_text(t, r, who, e->last + 1, e->previous, file, (size_t)files);
    int done = text != NULL ? add(e, name, text, file, (size_t)files, err) : sg_fail(err, SG_ENOMEM, "out of memory");
    free(text);
    free(capture);
    if (done == 0 && folder != NULL)
        (void)snprintf(folder, 128, "%s", name);
    return done == 0 ? 0 : sg_fail_in(err, "recording %s", name);
}
