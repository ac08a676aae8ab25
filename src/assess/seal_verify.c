/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a sealed assessment is as it was sealed; and if not, what is different, down to the file and byte. */
#include "seal_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOCATED = 100 }; /* changes whose place is looked for */

struct verifying {
    struct sg_bytes tar;
    struct sg_seal_files files;
    struct sg_seal_frame frame;
    struct sg_seal_look *look;
    char *rebuilt; /* the sums of the files as they are */
    size_t rebuilt_n;
    struct sg_bytes sums;        /* the sums that were signed, as far as that can be known */
    struct sg_seal_files listed; /* what they list: the hash as content */
    json_t *manifest;
};

const char *sg_seal_fault_name(enum sg_seal_fault f)
{
    static const char *const names[] = {"altered", "cut",      "missing",   "added",
                                        "renamed", "unsigned", "unstamped", "overdue"};
    return names[f];
}

static void tell(struct sg_seal_look *look, enum sg_seal_fault fault, const char *path, int64_t from, int64_t to,
                 const char *fmt, ...) __attribute__((format(printf, 6, 7)));
static void tell(struct sg_seal_look *look, enum sg_seal_fault fault, const char *path, int64_t from, int64_t to,
                 const char *fmt, ...)
{
    struct sg_seal_finding finding = {.fault = fault, .from = from, .to = to};
    va_list args;
    (void)snprintf(finding.path, sizeof finding.path, "%s", path);
    va_start(args, fmt);
    (void)vsnprintf(finding.text, sizeof finding.text, fmt, args);
    va_end(args);
    look->faults++;
    if (look->found != NULL)
        look->found(look->user, &finding);
}

/* --------------------------------------------------------------------------------------------- where a change is */

/* First and last byte of what differs; false where nothing does. */
static bool compare(struct sg_bytes then, struct sg_bytes now, size_t *from, size_t *to)
{
    size_t least = then.n < now.n ? then.n : now.n, first = 0;
    while (first < least && then.p[first] == now.p[first])
        first++;
    *from = first;
    *to = now.n > first ? now.n - 1 : first;
    if (then.n == now.n && first < least)
        while (*to > first && then.p[*to] == now.p[*to])
            (*to)--;
    return first < least || then.n != now.n;
}

static void tell_bytes(struct sg_seal_look *look, const char *path, size_t from, size_t to, const char *how)
{
    if (from == to)
        tell(look, SG_SEAL_ALTERED, path, (int64_t)from, (int64_t)to, "byte %zu %s", from, how);
    else
        tell(look, SG_SEAL_ALTERED, path, (int64_t)from, (int64_t)to, "bytes %zu to %zu %s", from, to, how);
}

/* The length that the manifest knows of a file; -1: it does not know it. */
static int64_t length_of(const struct verifying *v, const char *path)
{
    size_t i;
    const json_t *file;
    json_array_foreach(json_object_get(v->manifest, "files"), i, file)
    {
        const char *p = json_string_value(json_object_get(file, "path"));
        if (p != NULL && strcmp(p, path) == 0)
            return json_integer_value(json_object_get(file, "bytes"));
    }
    return -1;
}

/* Of a file whose length changed. Of a row that was cut off it is not known whether it was changed too. */
static void tell_length(struct verifying *v, const char *path, const struct sg_seal_place *at, int64_t then,
                        int64_t now)
{
    int64_t from = at->known ? (int64_t)at->from : -1;
    bool at_end = from < 0 || (then > now && from >= now - now % SG_SEAL_ROW);
    long long by = then > now ? then - now : now - then;
    if (then > now && at_end)
        tell(v->look, SG_SEAL_CUT, path, now, then - 1, "the last %lld of its %lld bytes are missing", by,
             (long long)then);
    else if (at_end)
        tell(v->look, SG_SEAL_ALTERED, path, then, now - 1, "%lld bytes were added at its end, from byte %lld on", by,
             (long long)then);
    else
        tell(v->look, SG_SEAL_ALTERED, path, from, (int64_t)at->to,
             "it is %lld bytes %s; the first change is within bytes %zu to %zu", by, then > now ? "shorter" : "longer",
             at->from, at->to);
}

static void tell_place(struct verifying *v, const struct sg_seal_file *file)
{
    const struct sg_seal_file *places = sg_seal_find(&v->files, SG_SEAL_PLACES);
    struct sg_seal_place at = {.known = false};
    int64_t then = length_of(v, file->path), now = (int64_t)file->content.n;
    char how[120], more[80] = "";
    size_t common = then >= 0 && then < now ? (size_t)then : file->content.n;
    if (places != NULL && v->look->faults < LOCATED)
        sg_seal_places_find(places->content, file->path, sg_bytes(file->content.p, common), &at);
    if (at.pieces > 1)
        (void)snprintf(more, sizeof more, ", and there are changes in %zu more pieces", at.pieces - 1);
    (void)snprintf(how, sizeof how, "%s%s", at.from == at.to ? "was changed" : "were changed", more);
    if (then >= 0 && then != now)
        tell_length(v, file->path, &at, then, now);
    else if (!at.known)
        tell(v->look, SG_SEAL_ALTERED, file->path, -1, -1, "it is another; where in it cannot be told");
    else if (at.exact)
        tell_bytes(v->look, file->path, at.from, at.to, how);
    else
        tell(v->look, SG_SEAL_ALTERED, file->path, (int64_t)at.from, (int64_t)at.to,
             "changed within bytes %zu to %zu%s", at.from, at.to, more);
}

/* What another file can be worked out from: MANIFEST.places from all others, where these are whole. */
static bool tell_rebuilt(struct verifying *v, const struct sg_seal_file *file, struct sg_bytes sum)
{
    char again[SG_SEAL_DIGEST_TEXT];
    struct sg_seal_files covered = {.n = 0};
    size_t n = 0, from, to;
    int r = 0;
    if (strcmp(file->path, SG_SEAL_PLACES) != 0)
        return false;
    for (size_t i = 0; r == 0 && i < v->files.n; i++) {
        const struct sg_seal_file *f = &v->files.file[i];
        if (!sg_seal_is_own(f->path) || strcmp(f->path, SG_SEAL_README) == 0 || strcmp(f->path, SG_SEAL_JSON) == 0)
            r = sg_seal_add(&covered, f->path, f->content, NULL, NULL);
    }
    char *text = r == 0 ? sg_seal_places_write(&covered, &n) : NULL;
    bool fits = text != NULL && sg_bytes_eq_str(sum, sg_seal_hex(sg_bytes(text, n), "sha256", again, sizeof again));
    if (fits && compare(sg_bytes(text, n), file->content, &from, &to))
        tell_bytes(v->look, file->path, from, to, from == to ? "was changed" : "were changed");
    free(text);
    sg_seal_free(&covered);
    return fits;
}

/* ------------------------------------------------------------------------------------------------------- the files */

/* One line of the sums, "HASH  PATH". */
static int take_line(struct verifying *v, struct sg_bytes line)
{
    enum { HASH = SG_SEAL_DIGEST_TEXT - 1 };
    char path[SG_SEAL_PATH];
    if (line.n <= HASH + 2 || line.n - HASH - 2 >= sizeof path || memcmp(line.p + HASH, "  ", 2) != 0)
        return SG_EFORMAT;
    memcpy(path, line.p + HASH + 2, line.n - HASH - 2);
    path[line.n - HASH - 2] = '\0';
    return sg_seal_add(&v->listed, path, sg_bytes(line.p, HASH), NULL, NULL);
}

static void read_sums(struct verifying *v)
{
    for (size_t at = 0; at < v->sums.n;) {
        const uint8_t *end = memchr(v->sums.p + at, '\n', v->sums.n - at);
        size_t n = (end != NULL ? (size_t)(end - v->sums.p) : v->sums.n) - at;
        if (take_line(v, sg_bytes(v->sums.p + at, n)) < 0)
            tell(v->look, SG_SEAL_ALTERED, SG_SEAL_SHA256, (int64_t)at, (int64_t)(at + n),
                 "byte %zu begins a line that is none of sha256sum", at);
        at += n + 1;
    }
    sg_seal_sort(&v->listed);
}

static bool is_signature(const char *path)
{
    return strcmp(path, SG_SEAL_SHA256) == 0 || strcmp(path, SG_SEAL_CMS) == 0 || strcmp(path, SG_SEAL_STAMP) == 0 ||
           sg_seal_renewal_number(path, NULL) > 0;
}

/* A file with that content that has no business here; NULL: none. */
static struct sg_seal_file *find_moved(struct verifying *v, struct sg_bytes sum)
{
    char now[SG_SEAL_DIGEST_TEXT];
    for (size_t i = 0; i < v->files.n; i++)
        if (!is_signature(v->files.file[i].path) &&
            sg_bytes_eq_str(sum, sg_seal_hex(v->files.file[i].content, "sha256", now, sizeof now)) &&
            sg_seal_find(&v->listed, v->files.file[i].path) == NULL)
            return &v->files.file[i];
    return NULL;
}

static void check_listed(struct verifying *v, const char *path, struct sg_bytes sum)
{
    char now[SG_SEAL_DIGEST_TEXT];
    const struct sg_seal_file *file = sg_seal_find(&v->files, path);
    if (file == NULL) {
        struct sg_seal_file *moved = find_moved(v, sum);
        if (moved != NULL) {
            moved->moved = true;
            tell(v->look, SG_SEAL_RENAMED, path, -1, -1, "it is there as %s", moved->path);
        } else {
            tell(v->look, SG_SEAL_MISSING, path, -1, -1, "it was sealed, and is not there any more");
        }
    } else if (!sg_bytes_eq_str(sum, sg_seal_hex(file->content, "sha256", now, sizeof now))) {
        if (!tell_rebuilt(v, file, sum))
            tell_place(v, file);
    } else {
        v->look->files++;
        v->look->bytes += file->content.n;
    }
}

static void check_files(struct verifying *v)
{
    read_sums(v);
    for (size_t i = 0; i < v->listed.n; i++)
        check_listed(v, v->listed.file[i].path, v->listed.file[i].content);
    for (size_t i = 0; i < v->files.n; i++) {
        const char *there = v->files.file[i].path;
        if (!is_signature(there) && !v->files.file[i].moved && sg_seal_find(&v->listed, there) == NULL)
            tell(v->look, SG_SEAL_ADDED, there, -1, -1, "it was not there when this was sealed");
    }
}

/* The second family of hashes, and what the manifest says besides. */
static void check_manifest(struct verifying *v)
{
    size_t i;
    const json_t *entry;
    char sum[SG_SEAL_DIGEST_TEXT], sha3[SG_SEAL_DIGEST_TEXT];
    json_array_foreach(json_object_get(v->manifest, "files"), i, entry)
    {
        const char *path = json_string_value(json_object_get(entry, "path"));
        const char *second = json_string_value(json_object_get(entry, "sha3_256"));
        const char *first = json_string_value(json_object_get(entry, "sha256"));
        const struct sg_seal_file *file = path != NULL ? sg_seal_find(&v->files, path) : NULL;
        if (file == NULL || first == NULL || second == NULL)
            continue; /* told already, where it is missing */
        bool same = strcmp(sg_seal_hex(file->content, "sha256", sum, sizeof sum), first) == 0;
        bool same3 = strcmp(sg_seal_hex(file->content, "sha3-256", sha3, sizeof sha3), second) == 0;
        if (same != same3)
            tell(v->look, SG_SEAL_ALTERED, path, -1, -1,
                 "of its two hashes in " SG_SEAL_JSON ", the %s fits and the other does not",
                 same ? "SHA-256" : "SHA3-256");
    }
    v->look->draft = json_is_true(json_object_get(v->manifest, "draft"));
    const char *by = json_string_value(json_object_get(v->manifest, "by"));
    (void)snprintf(v->look->by, sizeof v->look->by, "%s", by != NULL ? by : "");
    const json_t *records = json_object_get(json_object_get(v->manifest, "evidence"), "records");
    v->look->records = (size_t)json_integer_value(records);
    const char *sealed = json_string_value(json_object_get(v->manifest, "sealed"));
    struct tm tm = {0};
    bool dated = sealed != NULL && strptime(sealed, "%Y-%m-%dT%H:%M:%SZ", &tm) != NULL;
    v->look->sealed = dated ? timegm(&tm) : 0;
}

/* ------------------------------------------------------------------------------------------------- the signature */

static bool not_signature(const void *user, const char *path)
{
    (void)user;
    return !is_signature(path);
}

/* Who signed, and what: the sums as they stand in the archive, or, where these were altered, as the files give them. */
static void check_signature(struct verifying *v, X509 **signer)
{
    const struct sg_seal_file *sums = sg_seal_find(&v->files, SG_SEAL_SHA256);
    const struct sg_seal_file *cms = sg_seal_find(&v->files, SG_SEAL_CMS);
    struct sg_bytes rebuilt = sg_bytes(v->rebuilt, v->rebuilt_n);
    struct sg_error err = {0};
    size_t from, to;
    v->sums = sums != NULL ? sums->content : rebuilt;
    if (sums == NULL)
        tell(v->look, SG_SEAL_MISSING, SG_SEAL_SHA256, -1, -1, "the list of what was sealed is not there any more");
    if (cms == NULL) {
        tell(v->look, SG_SEAL_UNSIGNED, SG_SEAL_CMS, -1, -1, "the signature is missing");
        return;
    }
    *signer = sg_cms_verify(cms->content, v->sums, &err);
    if (*signer != NULL)
        return;
    *signer = sg_cms_verify(cms->content, rebuilt, NULL);
    if (*signer == NULL) {
        tell(v->look, SG_SEAL_UNSIGNED, SG_SEAL_CMS, -1, -1, "it does not fit " SG_SEAL_SHA256 ": %s", err.text);
        return;
    }
    v->sums = rebuilt;
    if (sums != NULL && compare(rebuilt, sums->content, &from, &to))
        tell_bytes(v->look, SG_SEAL_SHA256, from, to, from == to ? "was changed" : "were changed");
}

static void check_signer(struct verifying *v, X509 *signer)
{
    struct sg_seal_look *look = v->look;
    char fingerprint[SG_FINGERPRINT_TEXT];
    struct sg_error err = {0};
    if (signer == NULL)
        return;
    look->has_signer = true;
    (void)sg_cert_facts(signer, &look->signer);
    (void)sg_fingerprint_text(&look->signer.fingerprint, fingerprint);
    const json_t *meant = json_object_get(json_object_get(v->manifest, "signer"), "fingerprint");
    if (json_is_string(meant) && strcmp(json_string_value(meant), fingerprint) != 0)
        tell(look, SG_SEAL_UNSIGNED, SG_SEAL_CMS, -1, -1, "signed with \"%s\" (%s), but the manifest says %s",
             look->signer.cn, fingerprint, json_string_value(meant));
    /* A stamp shows that the signature was there then; without one, only now is sure. */
    int64_t when =
        look->stamps > 0 && strcmp(look->stamp[0].path, SG_SEAL_STAMP) == 0 ? look->stamp[0].stamp.when : look->now;
    look->signer_trusted = look->signers != NULL && sg_trust_verify(look->signers, signer, NULL, SG_FOR_DOCUMENTS, NULL,
                                                                    when, &err) == SG_TRUSTED;
    if (look->signers != NULL && !look->signer_trusted)
        tell(look, SG_SEAL_UNSIGNED, SG_SEAL_CMS, -1, -1, "%s", err.text);
}

/* ----------------------------------------------------------------------------------------------------- the stamps */

static void check_stamp(struct verifying *v, const char *path, const char *over, struct sg_bytes content)
{
    struct sg_seal_look *look = v->look;
    const struct sg_seal_file *file = sg_seal_find(&v->files, path);
    struct sg_error err = {0};
    struct sg_seal_stamp *s = &look->stamp[look->stamps];
    if (file == NULL) {
        tell(look, SG_SEAL_UNSTAMPED, path, -1, -1, "the time stamp over %s is missing", over);
    } else if (sg_stamp_verify(file->content, content, look->authorities, &s->stamp, &err) < 0) {
        tell(look, SG_SEAL_UNSTAMPED, path, -1, -1, "over %s: %s", over, err.text);
    } else {
        (void)snprintf(s->path, sizeof s->path, "%s", path);
        s->until = sg_seal_lasts(&s->stamp, &s->why);
        look->stamps++;
    }
}

/* The path in the line of a list of sums that byte `at` is in. */
static void path_at(struct sg_bytes sums, size_t at, char path[SG_SEAL_PATH])
{
    size_t begin = at < sums.n ? at : sums.n, end = begin;
    while (begin > 0 && sums.p[begin - 1] != '\n')
        begin--;
    while (end < sums.n && sums.p[end] != '\n')
        end++;
    const uint8_t *blank = end > begin ? memmem(sums.p + begin, end - begin, "  ", 2) : NULL;
    size_t from = blank != NULL ? (size_t)(blank - sums.p) + 2 : end;
    (void)snprintf(path, SG_SEAL_PATH, "%.*s", (int)(end - from), (const char *)sums.p + from);
}

/* Renewal `number`: whether its sums, by `digest`, are those of the files, and whether its stamp is over them. */
static void check_renewal(struct verifying *v, unsigned number, const char *digest, const struct sg_seal_file *sums)
{
    char path[SG_SEAL_PATH];
    size_t n = 0, from, to, faults = v->look->faults;
    char *again = sg_seal_renewal_sums(&v->files, number, digest, &n);
    (void)snprintf(path, sizeof path, SG_SEAL_RENEWAL "%u.tsr", number);
    check_stamp(v, path, sums->path, sums->content);
    if (again != NULL && compare(sg_bytes(again, n), sums->content, &from, &to)) {
        path_at(sums->content, from, path);
        if (v->look->faults == faults && is_signature(path))
            tell(v->look, SG_SEAL_ALTERED, path, -1, -1, "its hash in %s is another", sums->path);
        else if (v->look->faults == 0 || v->look->faults > faults)
            tell(v->look, SG_SEAL_ALTERED, sums->path, (int64_t)from, (int64_t)to,
                 "from byte %zu on it does not fit the files that it is over", from);
    }
    free(again);
}

static bool find_renewal(const struct verifying *v, unsigned number, char digest[16], const struct sg_seal_file **sums)
{
    bool any = false;
    *sums = NULL;
    for (size_t i = 0; i < v->files.n; i++) {
        char end[16];
        if (sg_seal_renewal_number(v->files.file[i].path, end) != number)
            continue;
        any = true;
        if (strcmp(end, "tsr") != 0) {
            *sums = &v->files.file[i];
            memcpy(digest, end, sizeof end);
        }
    }
    return any;
}

static void check_stamps(struct verifying *v)
{
    const struct sg_seal_file *cms = sg_seal_find(&v->files, SG_SEAL_CMS), *sums;
    unsigned last = 0;
    char digest[16];
    for (size_t i = 0; i < v->files.n; i++) {
        unsigned n = sg_seal_renewal_number(v->files.file[i].path, NULL);
        last = n > last ? n : last;
    }
    bool stamped = sg_seal_find(&v->files, SG_SEAL_STAMP) != NULL;
    if (cms != NULL && (stamped || last > 0))
        check_stamp(v, SG_SEAL_STAMP, SG_SEAL_CMS, cms->content);
    for (unsigned n = 1; n <= last; n++) {
        char name[32];
        (void)snprintf(name, sizeof name, SG_SEAL_RENEWAL "%u", n);
        if (find_renewal(v, n, digest, &sums) && sums != NULL)
            check_renewal(v, n, digest, sums);
        else
            tell(v->look, SG_SEAL_MISSING, name, -1, -1, "this renewal, or its list of hashes, is missing");
    }
}

/* Each stamp must have been good when the next was made, and the last must be good now. */
static void check_ages(struct sg_seal_look *look)
{
    for (size_t i = 0; i < look->stamps; i++) {
        const struct sg_seal_stamp *s = &look->stamp[i];
        bool last = i + 1 == look->stamps;
        int64_t needed = last ? look->now : look->stamp[i + 1].stamp.when;
        if (!last && needed < s->stamp.when)
            tell(look, SG_SEAL_UNSTAMPED, look->stamp[i + 1].path, -1, -1, "it is older than %s, which it is over",
                 s->path);
        if (needed > s->until)
            tell(look, SG_SEAL_OVERDUE, s->path, -1, -1, "%s: it proves nothing %s", s->why,
                 last ? "any more, and no later stamp covers it" : "since before the next stamp was made");
        if (last)
            look->due = s->until;
    }
}

/* ------------------------------------------------------------------------------------------------------ the frame */

/* Whether what is around the files is as the seal wrote it, byte for byte. */
static void check_frame(struct verifying *v)
{
    size_t n = 0, from, to;
    struct sg_seal_look *look = v->look;
    if (v->frame.unsound) {
        uint8_t *again = sg_seal_tar_write(&v->files, v->frame.time, &n, NULL);
        bool found = again != NULL && look->faults == 0 && compare(sg_bytes(again, n), v->tar, &from, &to);
        if (!found)
            from = v->frame.at;
        free(again);
        tell(look, SG_SEAL_ALTERED, "", (int64_t)from, (int64_t)from, "byte %zu of the archive, around its files: %s",
             from, v->frame.what);
    }
}

static void check_all(struct verifying *v)
{
    X509 *signer = NULL;
    v->rebuilt = sg_seal_sums(&v->files, "sha256", not_signature, NULL, &v->rebuilt_n);
    const struct sg_seal_file *json = sg_seal_find(&v->files, SG_SEAL_JSON);
    if (json != NULL)
        v->manifest = json_loadb((const char *)json->content.p, json->content.n, 0, NULL);
    check_signature(v, &signer);
    check_files(v);
    check_manifest(v);
    check_stamps(v);
    check_signer(v, signer);
    check_ages(v->look);
    check_frame(v);
    X509_free(signer);
    json_decref(v->manifest);
    free(v->rebuilt);
    sg_seal_free(&v->listed);
}

int sg_seal_verify(struct sg_bytes archive, struct sg_seal_look *look, struct sg_error *err)
{
    struct verifying v = {.tar = archive, .look = look};
    int r = sg_seal_tar_read(archive, &v.files, &v.frame, err);
    look->files = look->records = look->faults = look->stamps = 0;
    if (r == 0)
        check_all(&v);
    sg_seal_free(&v.files);
    if (r == 0 && look->faults > 0)
        return sg_fail(err, SG_EMISMATCH, "%zu faults", look->faults);
    return r < 0 ? SG_EFORMAT : 0;
}

int sg_seal_each(struct sg_bytes archive, int (*fn)(void *user, const char *path, struct sg_bytes content), void *user,
                 struct sg_error *err)
{
    struct sg_seal_files files = {.n = 0};
    struct sg_seal_frame frame;
    int r = sg_seal_tar_read(archive, &files, &frame, err);
    for (size_t i = 0; r == 0 && i < files.n; i++)
        r = fn(user, files.file[i].path, files.file[i].content);
    sg_seal_free(&files);
    return r;
}
