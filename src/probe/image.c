/* SPDX-License-Identifier: Apache-2.0 */
/* The runs on firmware images: everything is read, then the runs are made file by file. */
#include "probe/image_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEY_FILE = 16 * 1024, TEXT_FILE = 8 << 20 };

static int read_keys(struct sg_image_work *w, struct sg_error *err)
{
    w->key = calloc(w->job->keys + 1, sizeof *w->key);
    for (size_t i = 0; w->key != NULL && i < w->job->keys; i++) {
        size_t n;
        uint8_t *pem = sg_file_read(w->job->key[i], KEY_FILE, &n, err);
        if (pem == NULL)
            return err->code;
        w->key[i] = sg_key_parse_public(sg_bytes(pem, n), err);
        free(pem);
        if (w->key[i] == NULL)
            return sg_fail_in(err, "%s", w->job->key[i]);
    }
    return w->key != NULL ? 0 : sg_fail(err, SG_ENOMEM, "There is no memory for %zu keys.", w->job->keys);
}

static int read_images(struct sg_image_work *w, struct sg_error *err)
{
    w->digest = calloc(w->job->files + 1, sizeof *w->digest);
    if (w->digest == NULL)
        return sg_fail(err, SG_ENOMEM, "There is no memory for %zu files.", w->job->files);
    for (size_t i = 0; i < w->job->files; i++) {
        size_t n;
        uint8_t digest[32], *bytes = sg_file_read(w->job->file[i], SG_IMAGE_SIZE, &n, err);
        if (bytes == NULL)
            return err->code;
        struct sg_buf hex = sg_buf(w->digest[i], sizeof w->digest[i]);
        sg_sha256(sg_bytes(bytes, n), digest);
        sg_put_hex(&hex, sg_bytes(digest, sizeof digest));
        (void)sg_buf_cstr(&hex);
        int r = n == 0 ? sg_fail(err, SG_EFORMAT, "%s is empty.", w->job->file[i])
                       : sg_image_load(&w->set, w->job->file[i], sg_bytes(bytes, n), err);
        sg_wipe(bytes, n);
        free(bytes);
        for (size_t k = 0; r == 0 && k < i; k++)
            if (strcmp(w->digest[k], w->digest[i]) == 0)
                r = sg_fail(err, SG_EEXISTS, "%s and %s are the same file; give each image once.", w->job->file[k],
                            w->job->file[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

static int take_psk(void *user, const struct sg_psk_row *row)
{
    struct sg_image_work *w = user;
    struct sg_psk_secret psk;
    struct sg_error ignored = {0};
    if (row->state != SG_CERT_ACTIVE && row->state != SG_CERT_ISSUED)
        return 0; /* erased */
    int r = sg_psk_unseal(w->job->vault, row->identity, row->sealed, &psk, &ignored);
    if (r == 0)
        r = sg_known_psks_add(w->psks, &psk, row->identity);
    sg_wipe(&psk, sizeof psk);
    return r;
}

static int read_psks(struct sg_image_work *w, struct sg_error *err)
{
    if (w->job->store == NULL || w->job->vault == NULL)
        return 0;
    w->psks = sg_known_psks_new();
    if (w->psks == NULL)
        return sg_fail(err, SG_ENOMEM, "There is no memory for the pre-shared keys of the inventory.");
    return sg_store_each_psk(w->job->store, 0, take_psk, w, err);
}

static int scan(struct sg_image_work *w, size_t file, struct sg_error *err)
{
    for (size_t i = 0; i < w->set.n; i++) {
        if (w->set.image[i].file != file || w->scan[i] != NULL)
            continue;
        w->scan[i] = calloc(1, sizeof **w->scan);
        if (w->scan[i] == NULL)
            return sg_fail(err, SG_ENOMEM, "There is no memory to search %s.", w->set.image[i].name);
        w->scan[i]->image = &w->set.image[i];
        w->scan[i]->number = i;
        w->scan[i]->now = (int64_t)time(NULL);
        w->scan[i]->psks = w->psks;
        sg_image_scan(w->scan[i]);
    }
    return 0;
}

enum what { SECRETS, SIGNATURE, SHARED, CONFIG, SBOM };

static int fill(struct sg_image_work *w, enum what what, size_t file, struct sg_probe_result *r, struct sg_error *err)
{
    int e = 0;
    switch (what) {
    case SECRETS:
        e = scan(w, file, err);
        if (e == 0)
            sg_image_run_secrets(w, file, r);
        break;
    case SIGNATURE:
        sg_image_run_signature(w, file, r);
        break;
    case SHARED:
        for (size_t i = 0; e == 0 && i < w->set.files; i++)
            e = scan(w, i, err);
        if (e == 0)
            sg_image_run_shared(w, r);
        break;
    case CONFIG:
        e = sg_image_run_config(w, r, err);
        break;
    case SBOM:
        e = sg_image_run_sbom(w, r, err);
        break;
    }
    return e;
}

/* One run; `address` is what it looks at. */
static int make(struct sg_image_work *w, enum what what, size_t file, const char *address, struct sg_error *err)
{
    static const char *const names[] = {"image.secrets", "image.signature", "image.shared", "image.config",
                                        "image.sbom"};
    const struct sg_probe_run *run = sg_probe_find_run(names[what]);
    const struct sg_probe_watch *watch = w->watch;
    struct sg_probe_target target = w->job->target;
    struct sg_probe_result r;
    if ((watch->stop != NULL && *watch->stop != 0) || (watch->wanted != NULL && !watch->wanted(watch->user, run)))
        return 0;
    (void)snprintf(target.address, sizeof target.address, "%s", address);
    if (what == SECRETS || what == SIGNATURE)
        (void)snprintf(target.identity, sizeof target.identity, "sha256:%s", w->digest[file]);
    if (watch->begin != NULL)
        watch->begin(watch->user, run);
    sg_probe_result_init(&r, run);
    int e = fill(w, what, file, &r, err);
    if (e == 0)
        e = watch->done(watch->user, &target, &r);
    sg_probe_result_free(&r);
    return e;
}

static int make_all(struct sg_image_work *w, struct sg_error *err)
{
    const struct sg_probe_image_job *job = w->job;
    char all[256] = "";
    int r = 0;
    for (size_t i = 0; r == 0 && i < job->files; i++) {
        r = make(w, SECRETS, i, job->file[i], err);
        if (r == 0)
            r = make(w, SIGNATURE, i, job->file[i], err);
        sg_image_say(all, sizeof all, "%s", job->file[i]);
    }
    if (r == 0 && job->files > 1)
        r = make(w, SHARED, 0, all, err);
    if (r == 0 && job->config != NULL)
        r = make(w, CONFIG, 0, job->config, err);
    if (r == 0 && job->sbom != NULL)
        r = make(w, SBOM, 0, job->sbom, err);
    return r;
}

int sg_probe_image(const struct sg_probe_image_job *job, const struct sg_probe_watch *watch, struct sg_error *err)
{
    struct sg_image_work *w = calloc(1, sizeof *w);
    if (w == NULL)
        return sg_fail(err, SG_ENOMEM, "There is no memory for the runs.");
    w->job = job;
    w->watch = watch;
    int r = read_keys(w, err);
    if (r == 0)
        r = read_images(w, err);
    if (r == 0)
        r = read_psks(w, err);
    if (r == 0)
        r = make_all(w, err);
    for (size_t i = 0; i < SG_IMAGES; i++)
        free(w->scan[i]);
    for (size_t i = 0; w->key != NULL && i < job->keys; i++)
        EVP_PKEY_free(w->key[i]);
    sg_known_psks_free(w->psks);
    sg_images_free(&w->set);
    free(w->key);
    free(w->digest);
    free(w);
    return r;
}

/* ----------------------------------------------------------------------------------- image.config, image.sbom */

struct telling {
    char observed[600];
    json_t *list;
    enum sg_severity worst;
};

static void tell(void *user, const struct sg_kconfig_finding *f)
{
    struct telling *t = user;
    if (f->severity > t->worst)
        t->worst = f->severity;
    sg_image_say(t->observed, sizeof t->observed, "%s=%s", f->option, f->value);
    (void)json_array_append_new(t->list,
                                json_pack("{s:s, s:s, s:I, s:s, s:s, s:s}", "option", f->option, "value", f->value,
                                          "line", (json_int_t)f->line, "severity", sg_severity_name(f->severity),
                                          "reason", f->reason, "cure", f->cure));
}

int sg_image_run_config(struct sg_image_work *w, struct sg_probe_result *r, struct sg_error *err)
{
    struct telling t = {.list = json_array()};
    char reason[200];
    size_t n = 0;
    uint8_t *text = sg_file_read(w->job->config, TEXT_FILE, &n, err);
    int options = text == NULL ? err->code : sg_kconfig_check(sg_bytes(text, n), tell, &t, err);
    free(text);
    if (options < 0) {
        json_decref(t.list);
        return text == NULL ? options : sg_fail_in(err, "%s", w->job->config);
    }
    n = json_array_size(t.list);
    r->facts = json_pack("{s:i, s:o}", "options", options, "findings", t.list);
    if (n == 0) {
        (void)snprintf(reason, sizeof reason, "None of %d options is on the list; other options were not judged.",
                       options);
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, "no option that the list speaks against", reason);
    } else {
        r->severity = t.worst;
        (void)snprintf(reason, sizeof reason,
                       "%zu option%s of %d %s on the list of what a delivered device must not have.", n,
                       n == 1 ? "" : "s", options, n == 1 ? "is" : "are");
        sg_probe_conclude(r, t.worst > SG_SEVERITY_LOW ? SG_VERDICT_FAIL : SG_VERDICT_REMARK, t.observed, reason);
    }
    return 0;
}

int sg_image_run_sbom(struct sg_image_work *w, struct sg_probe_result *r, struct sg_error *err)
{
    struct sg_sbom s = {0};
    char observed[200];
    size_t n = 0;
    uint8_t *text = sg_file_read(w->job->sbom, TEXT_FILE, &n, err);
    if (text == NULL)
        return err->code;
    int e = sg_sbom_read(sg_bytes(text, n), &s, err);
    free(text);
    if (e < 0) {
        json_decref(s.list);
        return sg_fail_in(err, "%s", w->job->sbom);
    }
    r->facts = json_pack("{s:s, s:s, s:I, s:I, s:o}", "format", s.format, "format_version", s.version, "components",
                         (json_int_t)s.components, "without_version", (json_int_t)s.without_version, "list", s.list);
    (void)snprintf(observed, sizeof observed, "%s %.20s: %zu components, %zu without a version", s.format, s.version,
                   s.components, s.without_version);
    if (s.without_version > 0)
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed,
                          "What has no version cannot be looked up: no scan can say whether it has known weaknesses.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed,
                          "All can be looked up. That was not done: a scanner with today's data has to, and its dated "
                          "report goes beside this record.");
    return 0;
}
