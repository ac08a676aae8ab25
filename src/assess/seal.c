/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing: what must be there, what is written about it, and the signature. */
#include "seal_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------- whether it is complete */

static json_t *load_json(const struct sg_seal_file *file)
{
    return file != NULL ? json_loadb((const char *)file->content.p, file->content.n, JSON_REJECT_DUPLICATES, NULL)
                        : NULL;
}

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

/* Whether result.json was made of these records: as many, each of its folder and its time. */
static bool is_of_records(const struct sg_seal_files *f, const json_t *result, const json_t *manifest)
{
    const json_t *records = json_object_get(result, "records"), *entry;
    const json_t *there = json_object_get(json_object_get(manifest, "evidence"), "records");
    bool same = json_is_array(records) && (json_int_t)json_array_size(records) == json_integer_value(there);
    size_t i;
    json_array_foreach(records, i, entry)
    {
        char path[SG_SEAL_PATH];
        (void)snprintf(path, sizeof path, "evidence/%s/record.json", text_of(entry, "folder"));
        json_t *record = load_json(sg_seal_find(f, path));
        same = same && record != NULL && strcmp(text_of(record, "began"), text_of(entry, "began")) == 0;
        json_decref(record);
    }
    return same;
}

/* Whether the report is what result.json gives. */
static bool is_report(const struct sg_seal_file *report, const json_t *result)
{
    size_t n;
    char *page = sg_assess_page(SG_PAGE_REPORT, result, &n, NULL);
    bool same = page != NULL && sg_bytes_eq(sg_bytes(page, n), report->content);
    free(page);
    return same;
}

/* Why this is no finished assessment; NULL: it is one. */
static const char *unfinished(const struct sg_seal_files *f, const json_t *result, const json_t *manifest)
{
    const struct sg_seal_file *product = sg_seal_find(f, "product.yaml");
    const struct sg_seal_file *report = sg_seal_find(f, "report/report.html");
    char sum[SG_SEAL_DIGEST_TEXT];
    if (product == NULL)
        return "product.yaml is missing (`signet assess new` makes one)";
    if (result == NULL)
        return "result.json is missing or no JSON (`signet assess run` makes it)";
    (void)sg_seal_hex(product->content, "sha256", sum, sizeof sum);
    if (strcmp(text_of(json_object_get(result, "product_file"), "sha256"), sum) != 0)
        return "product.yaml was changed after result.json was made: run `signet assess run` again";
    if (!is_of_records(f, result, manifest))
        return "the records in evidence are others than when result.json was made: run `signet assess run` again";
    if (report == NULL)
        return "report/report.html is missing (`signet assess report` makes it)";
    if (!is_report(report, result))
        return "report/report.html was not made from this result.json: run `signet assess report` again";
    return NULL;
}

static int check_finished(const struct sg_seal_files *f, const json_t *manifest, const struct sg_seal_wanted *w,
                          struct sg_error *err)
{
    if (w->draft)
        return 0;
    json_t *result = load_json(sg_seal_find(f, "result.json"));
    const char *why = unfinished(f, result, manifest);
    json_decref(result);
    return why == NULL ? 0
                       : sg_fail(err, SG_ESTATE, "%s is not sealed: %s; or seal it as a draft (--draft)", w->dir, why);
}

/* ----------------------------------------------------------------------------------------------------- what is added
 */

static int add_text(struct sg_seal_files *f, const char *path, char *text, size_t n, struct sg_error *err)
{
    if (text == NULL)
        return sg_fail(err, SG_ENOMEM, "out of memory");
    return sg_seal_add(f, path, sg_bytes(text, n), (uint8_t *)text, err);
}

static int add_json(struct sg_seal_files *f, const char *path, const json_t *value, struct sg_error *err)
{
    char *text = json_dumps(value, JSON_INDENT(2));
    size_t n = text != NULL ? strlen(text) : 0;
    if (text != NULL)
        text[n] = '\n'; /* instead of its NUL: a text file ends with a line's end */
    return add_text(f, path, text, n + 1, err);
}

static bool any(const void *user, const char *path)
{
    (void)user;
    return strcmp(path, SG_SEAL_SHA256) != 0;
}

static int add_signature(struct sg_seal_files *f, struct sg_issuer signer, struct sg_bytes content,
                         struct sg_error *err)
{
    enum { ROOM = 8192 };
    uint8_t *space = malloc(ROOM);
    if (space == NULL)
        return sg_fail(err, SG_ENOMEM, "out of memory");
    struct sg_buf cms = sg_buf(space, ROOM);
    int r = sg_cms_sign(signer, content, &cms, err);
    if (r < 0) {
        free(space);
        return r;
    }
    return sg_seal_add(f, SG_SEAL_CMS, sg_buf_bytes(&cms), space, err);
}

/* Hashes, places, and the signature over the hashes; each covers what was added before it. */
static int add_own(struct sg_seal_files *f, const struct sg_seal_wanted *w, struct sg_error *err)
{
    size_t n = 0;
    int r = sg_seal_add(f, SG_SEAL_README, sg_str(sg_seal_readme), NULL, err);
    if (r == 0 && w->inventory != NULL)
        r = add_json(f, "inventory.json", w->inventory, err);
    sg_seal_sort(f);
    json_t *manifest = r == 0 ? sg_seal_manifest(f, w, err) : NULL;
    if (manifest == NULL)
        return r < 0 ? r : SG_EINVAL;
    r = check_finished(f, manifest, w, err);
    if (r == 0)
        r = add_json(f, SG_SEAL_JSON, manifest, err);
    json_decref(manifest);
    if (r < 0)
        return r;
    sg_seal_sort(f);
    char *text = sg_seal_places_write(f, &n);
    if ((r = add_text(f, SG_SEAL_PLACES, text, n, err)) < 0)
        return r;
    sg_seal_sort(f);
    text = sg_seal_sums(f, "sha256", any, NULL, &n);
    if ((r = add_text(f, SG_SEAL_SHA256, text, n, err)) < 0)
        return r;
    return add_signature(f, w->signer, sg_bytes(text, n), err);
}

uint8_t *sg_seal_make(const struct sg_seal_wanted *w, size_t *n, struct sg_error *err)
{
    struct sg_seal_files files = {.n = 0};
    uint8_t *tar = NULL;
    if (sg_seal_gather(&files, w, err) == 0 && add_own(&files, w, err) == 0) {
        sg_seal_sort(&files);
        tar = sg_seal_tar_write(&files, w->now, n, err);
    }
    sg_seal_free(&files);
    return tar;
}
