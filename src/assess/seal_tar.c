/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The archive's form: POSIX ustar (IEEE Std 1003.1, pax, "ustar Interchange Format"), regular files only, written
 * always the same way, read as any tar wrote it.
 */
#include "seal_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = 512,
    NAME = 100,
    MODE = 100,
    UID = 108,
    SIZE = 124,
    TIME = 136,
    SUM = 148,
    TYPE = 156,
    MAGIC = 257,
    PREFIX = 345
};

static size_t padded(size_t n)
{
    return (n + BLOCK - 1) / BLOCK * BLOCK;
}

/* ------------------------------------------------------------------------------------------------------- write */

static void put_octal(uint8_t *at, size_t width, uint64_t value)
{
    at[width - 1] = 0;
    for (size_t i = width - 1; i-- > 0; value >>= 3)
        at[i] = (uint8_t)('0' + (value & 7));
}

/* The sum of a header's bytes, those of the sum itself counted as blanks. */
static unsigned sum_of(const uint8_t header[BLOCK])
{
    unsigned sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= SUM && i < SUM + 8 ? ' ' : header[i];
    return sum;
}

/* A name longer than its field is cut at a '/', and its beginning goes to the prefix. */
static int put_name(uint8_t header[BLOCK], const char *path)
{
    char name[sizeof SG_SEAL_FOLDER + SG_SEAL_PATH];
    (void)snprintf(name, sizeof name, SG_SEAL_FOLDER "%s", path);
    size_t n = strlen(name), cut = 0;
    while (n - cut > NAME) {
        const char *slash = strchr(name + cut, '/');
        if (slash == NULL)
            return SG_ENOSPC;
        cut = (size_t)(slash - name) + 1;
    }
    if (cut > 155 + 1)
        return SG_ENOSPC;
    memcpy(header + NAME - NAME, name + cut, n - cut);
    memcpy(header + PREFIX, name, cut > 0 ? cut - 1 : 0);
    return 0;
}

static int put_header(uint8_t header[BLOCK], const char *path, size_t size, int64_t time)
{
    memset(header, 0, BLOCK);
    if (put_name(header, path) < 0)
        return SG_ENOSPC;
    put_octal(header + MODE, 8, 0644);
    put_octal(header + UID, 8, 0);
    put_octal(header + UID + 8, 8, 0);
    put_octal(header + SIZE, 12, size);
    put_octal(header + TIME, 12, (uint64_t)time);
    header[TYPE] = '0';
    memcpy(header + MAGIC,
           "ustar\0"
           "00",
           8);
    put_octal(header + SUM, 7, sum_of(header));
    header[SUM + 7] = ' ';
    return 0;
}

uint8_t *sg_seal_tar_write(const struct sg_seal_files *f, int64_t time, size_t *n, struct sg_error *err)
{
    size_t total = (size_t)2 * BLOCK, at = 0;
    for (size_t i = 0; i < f->n; i++)
        total += BLOCK + padded(f->file[i].content.n);
    uint8_t *tar = calloc(1, total);
    if (tar == NULL) {
        (void)sg_fail(err, SG_ENOMEM, "out of memory for an archive of %zu bytes", total);
        return NULL;
    }
    for (size_t i = 0; i < f->n; i++) {
        const struct sg_seal_file *file = &f->file[i];
        if (put_header(tar + at, file->path, file->content.n, time) < 0) {
            free(tar);
            (void)sg_fail(err, SG_ENOSPC, "the path %s does not fit into an archive: shorten a name", file->path);
            return NULL;
        }
        if (file->content.n > 0)
            memcpy(tar + at + BLOCK, file->content.p, file->content.n);
        at += BLOCK + padded(file->content.n);
    }
    *n = total;
    return tar;
}

/* -------------------------------------------------------------------------------------------------------- read */

static int get_octal(const uint8_t *at, size_t width, uint64_t *value)
{
    size_t i = 0;
    *value = 0;
    while (i < width && at[i] == ' ')
        i++;
    size_t first = i;
    for (; i < width && at[i] >= '0' && at[i] <= '7'; i++)
        *value = *value << 3 | (uint64_t)(at[i] - '0');
    bool ended = i == width || at[i] == 0 || at[i] == ' ';
    return i > first && ended ? 0 : SG_EFORMAT;
}

static bool is_zero(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != 0)
            return false;
    return true;
}

static void unsound(struct sg_seal_frame *frame, size_t at, const char *what)
{
    if (frame->unsound)
        return;
    frame->unsound = true;
    frame->at = at;
    (void)snprintf(frame->what, sizeof frame->what, "%s", what);
}

/* The path in our folder. */
static int get_path(const uint8_t *header, char *path, size_t cap)
{
    char name[155 + 1 + NAME + 1];
    size_t prefix = strnlen((const char *)header + PREFIX, 155), n = strnlen((const char *)header, NAME);
    if (header[MAGIC + 5] != 0) /* GNU's own form has other things there */
        prefix = 0;
    (void)snprintf(name, sizeof name, "%.*s%s%.*s", (int)prefix, (const char *)header + PREFIX, prefix > 0 ? "/" : "",
                   (int)n, (const char *)header);
    const char *inner = strncmp(name, "./", 2) == 0 ? name + 2 : name;
    if (strncmp(inner, SG_SEAL_FOLDER, strlen(SG_SEAL_FOLDER)) != 0)
        return SG_EFORMAT;
    inner += strlen(SG_SEAL_FOLDER);
    if (strlen(inner) >= cap)
        return SG_ENOSPC;
    memcpy(path, inner, strlen(inner) + 1);
    return 0;
}

struct reading {
    struct sg_bytes tar;
    size_t at;
    struct sg_seal_files *files;
    struct sg_seal_frame *frame;
    struct sg_error *err;
};

/* Takes the entry at r->at, and goes behind it. */
static int read_entry(struct reading *r)
{
    const uint8_t *h = r->tar.p + r->at;
    uint64_t size, sum, time;
    char path[SG_SEAL_PATH] = "";
    if (memcmp(h + MAGIC, "ustar", 5) != 0)
        return sg_fail(r->err, SG_EFORMAT, "byte %zu: no header of a tar archive is there", r->at);
    if (get_octal(h + SUM, 8, &sum) < 0 || sum != sum_of(h))
        unsound(r->frame, r->at, "a header's checksum does not fit");
    if (get_octal(h + SIZE, 12, &size) < 0 || size > r->tar.n - r->at - BLOCK)
        return sg_fail(r->err, SG_ETRUNCATED, "byte %zu: the file that begins there is cut off", r->at);
    if (h[TYPE] != '0' && h[TYPE] != '5' && h[TYPE] != 0)
        return sg_fail(r->err, SG_EFORMAT, "byte %zu: an entry of type '%c' (a link, a device, …) does not belong here",
                       r->at + TYPE, h[TYPE] > ' ' && h[TYPE] < 0x7f ? h[TYPE] : '?');
    size_t content = r->at + BLOCK, end = content + (size_t)size, next = content + padded((size_t)size);
    if (get_octal(h + TIME, 12, &time) == 0 && r->files->n == 0)
        r->frame->time = (int64_t)(time & INT64_MAX);
    bool folder = h[TYPE] == '5';
    if (folder ? size > 0 : get_path(h, path, sizeof path) < 0)
        return sg_fail(r->err, SG_EFORMAT, "byte %zu: what is not below " SG_SEAL_FOLDER " does not belong here",
                       r->at);
    if (next > r->tar.n)
        next = r->tar.n;
    if (!is_zero(r->tar.p + end, next - end))
        unsound(r->frame, end, "there is something behind a file's end");
    r->at = next;
    return folder ? 0 : sg_seal_add(r->files, path, sg_bytes(r->tar.p + content, (size_t)size), NULL, r->err);
}

static int check_unique(const struct sg_seal_files *f, struct sg_error *err)
{
    for (size_t i = 1; i < f->n; i++)
        if (strcmp(f->file[i - 1].path, f->file[i].path) == 0)
            return sg_fail(err, SG_EFORMAT, "%s is in the archive twice", f->file[i].path);
    return 0;
}

int sg_seal_tar_read(struct sg_bytes tar, struct sg_seal_files *f, struct sg_seal_frame *frame, struct sg_error *err)
{
    struct reading r = {.tar = tar, .files = f, .frame = frame, .err = err};
    memset(frame, 0, sizeof *frame);
    while (tar.n - r.at >= BLOCK && !is_zero(tar.p + r.at, BLOCK)) {
        int e = read_entry(&r);
        if (e < 0)
            return e;
    }
    if (f->n == 0)
        return sg_fail(err, SG_EFORMAT, "this is no archive of `signet assess seal`");
    if (tar.n - r.at < BLOCK)
        unsound(frame, tar.n, "the archive's end is cut off");
    for (size_t i = r.at; i < tar.n; i++)
        if (tar.p[i] != 0)
            unsound(frame, i, "there is something behind the archive's end");
    sg_seal_sort(f);
    return check_unique(f, err);
}
