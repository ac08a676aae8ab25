/* SPDX-License-Identifier: Apache-2.0 */
/* signet assess report: the result as pages, and as PDF by WeasyPrint. */
#include "assess.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RESULT_MOST = 64 << 20, PRODUCT_MOST = 1 << 20 };

/* result.json must be of this very product file: a report of an older one would mislead. 0, or an exit code. */
static int check_fresh(const struct sg_cli_assess *a, const json_t *result)
{
    const char *meant = json_string_value(json_object_get(json_object_get(result, "product_file"), "sha256"));
    char path[SG_ASSESS_PATH], hex[65];
    struct sg_error err = {0};
    uint8_t digest[32];
    size_t n;
    uint8_t *text = sg_file_read(sg_cli_assess_path(a, "product.yaml", path), PRODUCT_MOST, &n, &err);

    if (text == NULL)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    sg_sha256((struct sg_bytes){text, n}, digest);
    free(text);
    struct sg_buf b = sg_buf(hex, sizeof hex);
    sg_put_hex(&b, (struct sg_bytes){digest, sizeof digest});
    if (meant != NULL && strcmp(sg_buf_cstr(&b), meant) == 0)
        return 0;
    return sg_cli_fail(SG_CLI_REFUSED, "%s was changed after result.json was made. Run `signet assess run %s` first.",
                       path, a->operand);
}

static json_t *read_result(const struct sg_cli_assess *a, int *exit_code)
{
    char path[SG_ASSESS_PATH];
    struct sg_error err = {0};
    json_error_t wrong;
    size_t n;
    uint8_t *text = sg_file_read(sg_cli_assess_path(a, "result.json", path), RESULT_MOST, &n, &err);

    if (text == NULL) {
        *exit_code =
            err.code == SG_ENOTFOUND
                ? sg_cli_fail(SG_CLI_NOTHING, "there is no %s yet. Run `signet assess run %s` first.", path, a->operand)
                : sg_cli_fail_err(SG_CLI_FAILED, &err);
        return NULL;
    }
    json_t *result = json_loadb((const char *)text, n, JSON_REJECT_DUPLICATES, &wrong);
    free(text);
    if (result == NULL) {
        *exit_code = sg_cli_fail(SG_CLI_FAILED, "%s is no JSON: %s in line %d. Run `signet assess run %s` again.", path,
                                 wrong.text, wrong.line, a->operand);
        return NULL;
    }
    *exit_code = check_fresh(a, result);
    if (*exit_code != 0) {
        json_decref(result);
        return NULL;
    }
    return result;
}

/* 0, or an exit code after a sentence. */
static int write_page(const struct sg_cli_assess *a, const json_t *result, enum sg_assess_page_kind kind,
                      const char *file)
{
    char path[SG_ASSESS_PATH];
    struct sg_error err = {0};
    size_t n;
    char *page = sg_assess_page(kind, result, &n, &err);
    int r = page != NULL ? sg_file_write(sg_cli_assess_path(a, file, path), 0644, false,
                                         (struct sg_bytes){(uint8_t *)page, n}, &err)
                         : err.code;
    free(page);
    return r == 0 ? 0 : sg_cli_fail_err(SG_CLI_FAILED, &err);
}

/* Runs WeasyPrint; its exit status, or -1 where it cannot be started. */
static int print(char *page, char *pdf)
{
    char name[] = "weasyprint", quiet[] = "--quiet", variant[] = "--pdf-variant=pdf/ua-1"; /* for screen readers */
    char *argv[] = {name, quiet, variant, page, pdf, NULL};
    pid_t child;
    int status;
    if (posix_spawnp(&child, argv[0], NULL, NULL, argv, environ) != 0)
        return -1;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* The PDF appears whole or not at all. */
static int write_pdf(const struct sg_cli_assess *a, const char *page_file, const char *pdf_file)
{
    char page[SG_ASSESS_PATH], pdf[SG_ASSESS_PATH], part[SG_ASSESS_PATH + 8];
    (void)sg_cli_assess_path(a, page_file, page);
    (void)sg_cli_assess_path(a, pdf_file, pdf);
    (void)snprintf(part, sizeof part, "%s.part", pdf);
    int status = print(page, part);
    if (status == 0 && rename(part, pdf) == 0)
        return 0;
    (void)unlink(part);
    if (status < 0)
        return sg_cli_fail(
            SG_CLI_FAILED,
            "the pages are written, but no PDF: there is no weasyprint. Install the package weasyprint, or "
            "take --no-pdf and print %s from a browser.",
            page);
    return sg_cli_fail(SG_CLI_FAILED, "the pages are written, but weasyprint made no PDF of %s (exit status %d).", page,
                       status);
}

static const struct {
    enum sg_assess_page_kind kind;
    const char *page, *pdf;
} pages[] = {
    {SG_PAGE_REPORT, "report/report.html", "report/report.pdf"},
    {SG_PAGE_DOCUMENTATION, "report/technical-documentation.html", "report/technical-documentation.pdf"},
    {SG_PAGE_DECLARATION, "report/declaration.html", "report/declaration.pdf"},
};
enum { PAGES = sizeof pages / sizeof pages[0] };

/* What was written. */
static int tell(const struct sg_cli_assess *a)
{
    char path[SG_ASSESS_PATH];
    json_t *files = json_array();
    for (size_t i = 0; i < PAGES; i++) {
        (void)json_array_append_new(files, json_string(sg_cli_assess_path(a, pages[i].page, path)));
        if (a->value[SG_ASSESS_NO_PDF] == NULL)
            (void)json_array_append_new(files, json_string(sg_cli_assess_path(a, pages[i].pdf, path)));
    }
    if (a->cli->json)
        return sg_cli_print_json(json_pack("{s:o}", "files", files));
    for (size_t i = 0; i < json_array_size(files); i++)
        (void)printf("%s\n", json_string_value(json_array_get(files, i)));
    json_decref(files);
    return SG_CLI_DONE;
}

int sg_cli_assess_report(const struct sg_cli_assess *a)
{
    char path[SG_ASSESS_PATH];
    int r = 0;
    json_t *result = read_result(a, &r);

    if (result == NULL)
        return r;
    if (mkdir(sg_cli_assess_path(a, "report", path), 0755) != 0 && errno != EEXIST)
        r = sg_cli_fail(SG_CLI_FAILED, "cannot make the folder %s: %s.", path, strerror(errno));
    for (size_t i = 0; i < PAGES && r == 0; i++)
        r = write_page(a, result, pages[i].kind, pages[i].page);
    for (size_t i = 0; i < PAGES && r == 0 && a->value[SG_ASSESS_NO_PDF] == NULL; i++)
        r = write_pdf(a, pages[i].page, pages[i].pdf);
    json_decref(result);
    return r == 0 ? tell(a) : r;
}
