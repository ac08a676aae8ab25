/* SPDX-License-Identifier: Apache-2.0 */
/* signet assess diff: what a new firmware, part or statement changes, and what must be shown again. */
#include "assess.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* ----------------------------------------------------------------------------------------------------- the two sides
 */

/* One of the two: an assessment's folder, a sealed archive (unpacked into `temporary`), or a product file alone. */
struct side {
    struct sg_cli_assess at; /* its operand is the folder */
    char folder[SG_ASSESS_PATH], temporary[SG_ASSESS_PATH], product[SG_ASSESS_PATH];
    json_t *records, *gathered, *result;
};

static int unpack(struct side *s, const char *path)
{
    struct sg_error err = {0};
    size_t n;
    int code;
    uint8_t *archive = sg_cli_assess_archive(path, &n, &code);
    struct sg_seal_look *look = calloc(1, sizeof *look);
    if (archive == NULL || look == NULL) {
        free(archive);
        free(look);
        return code;
    }
    look->now = (int64_t)time(NULL);
    code = SG_CLI_DONE;
    int r = sg_cli_assess_look(sg_bytes(archive, n), look, &err);
    if (r == SG_EMISMATCH)
        (void)sg_cli_fail(0, "%s is not as it was sealed (`signet assess verify` tells what is different).", path);
    if ((r < 0 && r != SG_EMISMATCH) || sg_cli_assess_unpack(sg_bytes(archive, n), "", s->temporary, &err) < 0) {
        s->temporary[0] = '\0';
        code = sg_cli_fail(SG_CLI_FAILED, "%s is no folder, no product file and no sealed archive: %s", path, err.text);
    }
    (void)snprintf(s->folder, sizeof s->folder, "%s", s->temporary);
    free(archive);
    free(look);
    return code;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static int open_side(const struct sg_cli_assess *a, const char *path, struct side *s)
{
    struct stat st;
    int code = SG_CLI_DONE;
    *s = (struct side){.at = *a};
    s->at.operand = s->folder;
    if (stat(path, &st) != 0)
        return sg_cli_fail(SG_CLI_NOTHING, "there is no %s.", path);
    if (S_ISDIR(st.st_mode))
        (void)snprintf(s->folder, sizeof s->folder, "%s", path);
    else if (!ends_with(path, ".yaml") && !ends_with(path, ".yml"))
        code = unpack(s, path);
    if (code != SG_CLI_DONE)
        return code;
    if (s->folder[0] == '\0') { /* a product file brings nothing else */
        (void)snprintf(s->product, sizeof s->product, "%s", path);
        s->records = json_array();
        s->gathered = json_array();
        return code;
    }
    (void)sg_cli_assess_path(&s->at, "product.yaml", s->product);
    s->gathered = sg_cli_assess_gathered(&s->at);
    s->records = sg_cli_assess_records(&s->at);
    return s->records != NULL ? code : SG_CLI_FAILED;
}

static void close_side(struct side *s)
{
    if (s->temporary[0] != '\0')
        sg_cli_assess_unpacked(s->temporary);
    json_decref(s->records);
    json_decref(s->gathered);
    json_decref(s->result);
}

/* What its statements are worth, with these records. */
static int assess(struct side *s, json_t *records, json_t *gathered)
{
    struct sg_error err = {0};
    struct sg_product *product = sg_product_load(s->product, &err);
    struct sg_assess_input in = {
        .product = product, .records = records, .gathered = gathered, .now = time(NULL), .version = SG_VERSION};
    if (product != NULL)
        s->result = sg_assess_run(&in, &err);
    sg_product_free(product);
    if (s->result != NULL)
        return SG_CLI_DONE;
    return sg_cli_fail(err.code == SG_ENOTFOUND ? SG_CLI_NOTHING : SG_CLI_FAILED, "%s: %s", s->product, err.text);
}

/* ----------------------------------------------------------------------------------------------------------- output */

static const char *text(const json_t *o, const char *member, char clean[SG_CLI_TEXT])
{
    const char *t = json_string_value(json_object_get(o, member));
    return sg_cli_clean(t != NULL ? t : "", clean);
}

/* A value in a few words; "-" where there is none. */
static char *brief(const json_t *value, char out[SG_CLI_TEXT])
{
    enum { SHOWN = 48 };
    char *dump = json_is_string(value) ? strdup(json_string_value(value))
                 : value != NULL       ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT)
                                       : NULL;
    (void)sg_cli_clean(dump != NULL ? dump : "-", out);
    free(dump);
    size_t n = SHOWN;
    while (n > 0 && ((unsigned char)out[n] & 0xc0) == 0x80) /* between characters */
        n--;
    if (strnlen(out, SG_CLI_TEXT) > SHOWN)
        (void)snprintf(out + n, SG_CLI_TEXT - n, "…");
    return out;
}

static void print_changes(const json_t *list)
{
    struct sg_cli_table t = {0};
    char path[SG_CLI_TEXT], old[SG_CLI_TEXT], new[SG_CLI_TEXT];
    sg_cli_row(&t, 3, (const char *const[]){"STATEMENT", "OLD", "NEW"});
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *c = json_array_get(list, i), *before = json_object_get(c, "old"),
                     *after = json_object_get(c, "new");
        (void)brief(json_is_null(before) ? NULL : before, old);
        sg_cli_row(&t, 3,
                   (const char *const[]){text(c, "path", path), old, brief(json_is_null(after) ? NULL : after, new)});
    }
    if (json_array_size(list) > 0)
        sg_cli_print_table(&t);
    else
        (void)printf("No statement is different.\n");
    sg_cli_free_table(&t);
}

static void print_results(const json_t *list)
{
    struct sg_cli_table t = {0};
    char part[24], id[SG_CLI_TEXT], old[SG_CLI_TEXT], new[SG_CLI_TEXT];
    sg_cli_row(&t, 4, (const char *const[]){"REQUIREMENT", "PART", "OLD", "NEW"});
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *r = json_array_get(list, i);
        (void)snprintf(part, sizeof part, "%d", (int)json_integer_value(json_object_get(r, "part")));
        sg_cli_row(&t, 4,
                   (const char *const[]){text(r, "requirement", id), part, text(r, "old", old), text(r, "new", new)});
    }
    (void)putchar('\n');
    if (json_array_size(list) > 0)
        sg_cli_print_table(&t);
    else
        (void)printf("No requirement's result is different.\n");
    sg_cli_free_table(&t);
}

static void print_again(const json_t *list)
{
    char what[SG_CLI_TEXT], why[SG_CLI_TEXT], folder[SG_CLI_TEXT];
    if (json_array_size(list) == 0) {
        (void)printf("\nNo evidence that counted must be gathered again.\n");
        return;
    }
    (void)printf("\nTo be done again:\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *e = json_array_get(list, i), *ids = json_object_get(e, "requirements");
        bool run = strcmp(text(e, "kind", what), "run") == 0;
        (void)printf("  %s %s", run ? "run  " : "check", text(e, "what", what));
        for (size_t k = 0; k < json_array_size(ids); k++)
            (void)printf("%s%s", k == 0 ? "  for " : ", ", json_string_value(json_array_get(ids, k)));
        (void)printf("\n        %s%s%s\n", text(e, "folder", folder), folder[0] != '\0' ? ": " : "",
                     text(e, "why", why));
    }
}

int sg_cli_assess_diff(const struct sg_cli_assess *a)
{
    struct side old = {.temporary = ""}, new = {.temporary = ""};
    json_t *diff = NULL;
    int code = open_side(a, a->operand, &old);
    if (code == SG_CLI_DONE)
        code = open_side(a, a->second, &new);
    if (code == SG_CLI_DONE)
        code = assess(&old, old.records, old.gathered);
    /* Without evidence of its own, the new one is held against the old one's. */
    bool bare = json_array_size(new.records) == 0;
    if (code == SG_CLI_DONE)
        code = assess(&new, bare ? old.records : new.records, bare ? old.gathered : new.gathered);
    if (code == SG_CLI_DONE && (diff = sg_assess_diff(old.result, new.result)) == NULL)
        code = sg_cli_fail(SG_CLI_FAILED, "out of memory.");
    if (diff != NULL && a->cli->json) {
        code = sg_cli_print_json(json_incref(diff));
    } else if (diff != NULL) {
        print_changes(json_object_get(diff, "changed"));
        print_results(json_object_get(diff, "results"));
        print_again(json_object_get(diff, "again"));
    }
    json_decref(diff);
    close_side(&old);
    close_side(&new);
    return code;
}
