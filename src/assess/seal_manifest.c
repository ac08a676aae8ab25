/* SPDX-License-Identifier: Apache-2.0 */
/* What the seal writes about the files: their sums, as sha256sum takes them, and MANIFEST.json. */
#include "seal_internal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SUM_TEXT = 2 * EVP_MAX_MD_SIZE + 1 };

char *sg_seal_sums(const struct sg_seal_files *f, const char *digest,
                   bool (*wanted)(const void *user, const char *path), const void *user, size_t *n)
{
    size_t cap = f->n * (SUM_TEXT + SG_SEAL_PATH + 4) + 1;
    char *text = malloc(cap), sum[SUM_TEXT];
    struct sg_buf b = sg_buf(text, text != NULL ? cap : 0);
    for (size_t i = 0; i < f->n; i++) {
        if (!wanted(user, f->file[i].path))
            continue;
        sg_put_str(&b, sg_seal_hex(f->file[i].content, digest, sum, sizeof sum));
        sg_put_str(&b, "  ");
        sg_put_str(&b, f->file[i].path);
        sg_put_str(&b, "\n");
    }
    *n = b.len;
    return text;
}

static json_t *list_of(const struct sg_seal_files *f)
{
    json_t *list = json_array();
    for (size_t i = 0; i < f->n; i++) {
        char sha2[SUM_TEXT], sha3[SUM_TEXT];
        const struct sg_seal_file *file = &f->file[i];
        (void)json_array_append_new(list, json_pack("{s:s, s:I, s:s, s:s}", "path", file->path, "bytes",
                                                    (json_int_t)file->content.n, "sha256",
                                                    sg_seal_hex(file->content, "sha256", sha2, sizeof sha2), "sha3_256",
                                                    sg_seal_hex(file->content, "sha3-256", sha3, sizeof sha3)));
    }
    return list;
}

/* How many records there are, and the last one's hash: what is cut off behind it shows in these. */
static json_t *records_of(const struct sg_seal_files *f)
{
    const struct sg_seal_file *last = NULL;
    json_int_t n = 0;
    char sum[SUM_TEXT] = "";
    for (size_t i = 0; i < f->n; i++) {
        const char *path = f->file[i].path, *slash = strrchr(path, '/');
        if (strncmp(path, "evidence/", 9) != 0 || slash == path + 8 || strcmp(slash, "/record.json") != 0)
            continue;
        n++;
        last = &f->file[i]; /* they are sorted, and their numbers have leading zeros */
    }
    if (last != NULL)
        (void)sg_seal_hex(last->content, "sha256", sum, sizeof sum);
    return json_pack("{s:I, s:s}", "records", n, "last_sha256", sum);
}

json_t *sg_seal_manifest(const struct sg_seal_files *f, const struct sg_seal_wanted *w, struct sg_error *err)
{
    struct sg_cert_facts signer;
    char fingerprint[SG_FINGERPRINT_TEXT], when[32] = "";
    time_t now = w->now;
    struct tm tm;
    (void)sg_cert_facts(w->signer.cert, &signer);
    (void)sg_fingerprint_text(&signer.fingerprint, fingerprint);
    if (gmtime_r(&now, &tm) != NULL)
        (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    json_t *manifest =
        json_pack("{s:i, s:s, s:b, s:s, s:{s:s, s:s}, s:{s:s, s:s, s:s, s:s}, s:o, s:o}", "format", 1, "sealed", when,
                  "draft", w->draft, "by", w->who, "signer", "name", signer.cn, "fingerprint", fingerprint, "tool",
                  "name", "signet", "version", w->version, "openssl", OpenSSL_version(OPENSSL_VERSION), "system",
                  w->system, "evidence", records_of(f), "files", list_of(f));
    if (manifest == NULL)
        (void)sg_fail(err, SG_EINVAL, "the manifest cannot be written: a name in it is no UTF-8, or memory is out");
    return manifest;
}
