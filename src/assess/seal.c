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

/* A hash that result.json gives for one of its inputs, against the file's. */
static bool is_current(const json_t *inputs, const char *member, struct sg_bytes content)
{
    char sum[SG_SEAL_DIGEST_TEXT];
    const char *then = json_string_value(json_object_get(inputs, member));
    return then != NULL && strcmp(then, sg_seal_hex(content, "sha256", sum, sizeof sum)) == 0;
}

/* The last record's hash; "" where there are none. */
static bool records_are_current(const json_t *inputs, const json_t *manifest)
{
    const json_t *evidence = json_object_get(manifest, "evidence");
    const char *now = json_string_value(json_object_get(evidence, "last_sha256"));
    const char *then = json_string_value(json_object_get(inputs, "last_record_sha256"));
    return now != NULL && then != NULL && strcmp(now, then) == 0;
}

/* Why this is no finished assessment; NULL: it is one. */
static const char *unfinished(const struct sg_seal_files *f, const json_t *result, const json_t *manifest)
{
    const struct sg_seal_file *product = sg_seal_find(f, "product.yaml");
    const json_t *inputs = json_object_get(result, "inputs");
    if (product == NULL)
        return "product.yaml is missing (`signet assess new` makes one)";
    if (result == NULL)
        return "result.json is missing or no JSON (`signet assess run` makes it)";
    if (!is_current(inputs, "product_sha256", product->content))
        return "product.yaml was changed after result.json was made: run `signet assess run` again";
    if (!records_are_current(inputs, manifest))
        return "the records in evidence are others than when result.json was made: run `signet assess run` again";
    if (sg_seal_find(f, "report/report.html") == NULL)
        return "report/report.html is missing (`signet assess report` makes it)";
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
