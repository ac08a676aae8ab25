/* SPDX-License-Identifier: Apache-2.0 */
/* signet assess run and check: product file and evidence in, result.json and what is missing out. */
#include "assess.h"
#include "probe/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { MOST_RECORDS = 20000 };

/* ------------------------------------------------------------------------------------------------------ reading */

static int take_record(void *user, const char *folder, json_t *record, const char *wrong)
{
    json_t *list = user;
    if (json_array_size(list) >= MOST_RECORDS)
        return SG_ENOSPC;
    return json_array_append_new(list, json_pack("{sssOss}", "folder", folder, "record", record, "wrong",
                                                 wrong != NULL ? wrong : "")) == 0
               ? 0
               : SG_ENOMEM;
}

/* The records of the folder's evidence; an empty list where there is none. NULL after a sentence. */
json_t *sg_cli_assess_records(const struct sg_cli_assess *a)
{
    char path[SG_ASSESS_PATH];
    struct sg_error err = {0};
    struct stat st;
    json_t *list = json_array();

    if (stat(sg_cli_assess_path(a, "evidence", path), &st) != 0)
        return list;
    int n = sg_evidence_walk(path, take_record, list, &err);
    if (n == SG_EMISMATCH) { /* each record carries what is wrong with it, and does not count */
        (void)fprintf(stderr, "signet: %s\n", err.text);
        return list;
    }
    if (n >= 0)
        return list;
    (void)sg_cli_fail_err(SG_CLI_FAILED, &err);
    json_decref(list);
    return NULL;
}

json_t *sg_cli_assess_gathered(const struct sg_cli_assess *a)
{
    char path[SG_ASSESS_PATH];
    json_t *list = json_load_file(sg_cli_assess_path(a, "evidence-files/gathered.json", path), 0, NULL);
    if (json_is_array(list))
        return list;
    json_decref(list);
    return json_array();
}

static int load(const struct sg_cli_assess *a, struct sg_product **product)
{
    char path[SG_ASSESS_PATH];
    struct sg_error err = {0};
    *product = sg_product_load(sg_cli_assess_path(a, "product.yaml", path), &err);
    if (*product != NULL)
        return SG_CLI_DONE;
    if (err.code == SG_ENOTFOUND)
        return sg_cli_fail(SG_CLI_NOTHING, "there is no %s. `signet assess new %s` writes one.", path, a->operand);
    return sg_cli_fail_err(SG_CLI_FAILED, &err);
}

/* The errors of a product file that cannot be assessed. */
static int tell_errors(const struct sg_cli_assess *a, const struct sg_product *product)
{
    size_t n, errors = 0;
    const struct sg_product_problem *problem = sg_product_problems(product, &n);
    for (size_t i = 0; i < n; i++) {
        if (problem[i].fault != SG_PRODUCT_ERROR)
            continue;
        (void)fprintf(stderr, "%s/product.yaml:%zu: %s\n", a->operand, problem[i].line, problem[i].text);
        errors++;
    }
    return errors == 0 ? SG_CLI_DONE
                       : sg_cli_fail(SG_CLI_FAILED, "the product file has %zu error%s, and is not assessed.", errors,
                                     errors == 1 ? "" : "s");
}

static json_t *assess(const struct sg_cli_assess *a, const struct sg_product *product, struct sg_error *err)
{
    json_t *records = sg_cli_assess_records(a), *gathered = sg_cli_assess_gathered(a), *result = NULL;
    struct sg_assess_input in = {
        .product = product, .records = records, .gathered = gathered, .now = time(NULL), .version = SG_VERSION};
    if (records != NULL && (result = sg_assess_run(&in, err)) == NULL)
        (void)sg_cli_fail_err(SG_CLI_FAILED, err);
    json_decref(records);
    json_decref(gathered);
    return result;
}

/* ------------------------------------------------------------------------------------------------------ printing */

static const char *text(const json_t *o, const char *key)
{
    const char *t = json_string_value(json_object_get(o, key));
    return t != NULL ? t : "";
}

static const char *colour_of(const char *result)
{
    return sg_cli_style(strcmp(result, "FAIL") == 0                  ? SG_CLI_RED
                        : strcmp(result, "NOT ENOUGH EVIDENCE") == 0 ? SG_CLI_YELLOW
                        : strcmp(result, "PASS") == 0                ? SG_CLI_GREEN
                                                                     : SG_CLI_DIM);
}

static void print_problems(const struct sg_cli_assess *a, const json_t *problems)
{
    size_t i;
    const json_t *p;
    json_array_foreach((json_t *)(uintptr_t)problems, i, p)
    {
        (void)printf("%s/product.yaml:%lld: %s: %s\n", a->operand,
                     (long long)json_integer_value(json_object_get(p, "line")), text(p, "fault"), text(p, "text"));
    }
    if (json_array_size(problems) > 0)
        (void)printf("\n");
}

/* "ACM-1, ACM-2 (parts 1, 2)": the requirements that a gap would settle, each once. */
static const char *settled(const json_t *gap, char out[200])
{
    struct sg_buf b = sg_buf(out, 200);
    const char *last = "";
    size_t i, more = 0;
    const json_t *s;
    json_array_foreach(json_object_get(gap, "settles"), i, s)
    {
        const char *id = text(s, "requirement");
        if (strcmp(id, last) == 0 || strstr(sg_buf_cstr(&b), id) != NULL)
            continue;
        last = id;
        if (b.len > 80) {
            more++;
            continue;
        }
        sg_put_str(&b, b.len > 0 ? ", " : "");
        sg_put_str(&b, id);
    }
    if (more > 0) {
        sg_put_str(&b, " and ");
        sg_put_udec(&b, more);
        sg_put_str(&b, " more");
    }
    return sg_buf_cstr(&b);
}

static void print_gap(const json_t *gap)
{
    char names[200], where[64] = "";
    bool run = strstr(text(gap, "kind"), "run") != NULL; /* the run, and what it speaks to */
    if (run) {
        (void)printf("  %-26s %s\n", text(gap, "what"), settled(gap, names));
        return;
    }
    json_int_t line = json_integer_value(json_object_get(gap, "line"));
    const char *kind = text(gap, "kind"), *unit = text(json_array_get(json_object_get(gap, "settles"), 0), "unit");
    if (line > 0)
        (void)snprintf(where, sizeof where, "  (product.yaml line %lld)", (long long)line);
    else if (strcmp(kind, "statement") == 0 && unit[0] != '\0')
        (void)snprintf(where, sizeof where, "  (%s)", unit);
    (void)printf("  %s%s%s  %s%s\n", sg_cli_style(SG_CLI_BOLD), settled(gap, names), sg_cli_style(SG_CLI_PLAIN),
                 text(gap, "what"), where);
}

/* The command that makes a kind of runs, as far as the product file knows what goes into it. */
static void print_command(const struct sg_cli_assess *a, const json_t *product, const char *command)
{
    const char *modem = text(product, "modem_firmware");
    bool named = modem[0] != '\0' && (strstr(command, "device") != NULL || strstr(command, "modem") != NULL);
    (void)printf("  %s --evidence %s/evidence --equipment \"%s\" --serial … --firmware %s%s%s …\n", command, a->operand,
                 text(product, "name"), text(product, "firmware"), named ? " --modem-firmware " : "",
                 named ? modem : "");
}

/* By kind, as they are sorted; a heading where what settles them changes. */
static void print_gaps(const struct sg_cli_assess *a, const json_t *product, const json_t *gaps)
{
    static const struct {
        const char *kind, *settle, *heading;
    } groups[] = {
        {"fix", "", "Failed:"},
        {"statement", "", "To be stated in product.yaml:"},
        {"run", "signet probe device", "To be measured on the equipment, with `signet probe device`:"},
        {"run", "signet probe modem", "To be measured on the equipment, with `signet probe modem`:"},
        {"run", "signet probe image", "To be measured on the firmware's image, with `signet probe image`:"},
        {"run", "signet probe batch", "To be measured on a lot, with `signet probe batch`:"},
        {"guided run", "", "To be tried at a bench, with `signet probe guide`:"},
        {"check", "checks: sufficiency",
         "To be tested on the equipment by a person, and written down (checks, kind: sufficiency):"},
        {"check", "checks: completeness",
         "To be looked for on the equipment by a person, and written down (checks, kind: completeness):"},
    };
    size_t i;
    const json_t *gap;
    for (size_t k = 0; k < sizeof groups / sizeof groups[0]; k++) {
        bool first = true;
        json_array_foreach((json_t *)(uintptr_t)gaps, i, gap)
        {
            if (strcmp(text(gap, "kind"), groups[k].kind) != 0 ||
                (groups[k].settle[0] != '\0' && strcmp(text(gap, "settle"), groups[k].settle) != 0))
                continue;
            if (first)
                (void)printf("%s%s%s\n", sg_cli_style(SG_CLI_BOLD), groups[k].heading, sg_cli_style(SG_CLI_PLAIN));
            if (first && strcmp(groups[k].kind, "run") == 0)
                print_command(a, product, groups[k].settle);
            first = false;
            print_gap(gap);
        }
        if (!first)
            (void)printf("\n");
    }
}

static const char *marks(const json_t *r)
{
    const char *grade = text(r, "grade");
    bool bought = json_is_object(json_object_get(r, "purchased"));
    if (bought)
        return "";
    return strcmp(grade, "B") == 0 ? "B" : strcmp(grade, "C") == 0 ? "C" : "";
}

/* A row for each requirement, a column for each part. */
static void print_table(const json_t *requirements)
{
    struct sg_cli_table t = {0};
    const struct sg_en_requirement *r;
    sg_cli_row(&t, 5, (const char *const[]){"REQUIREMENT", "PART 1", "PART 2", "PART 3", "GRADE"});
    for (size_t i = 0; (r = sg_en_requirement(i)) != NULL; i++) {
        const char *cell[5] = {r->id, "-", "-", "-", ""};
        size_t k, found = 0;
        const json_t *done;
        json_array_foreach((json_t *)(uintptr_t)requirements, k, done)
        {
            if (strcmp(text(done, "id"), r->id) != 0)
                continue;
            cell[json_integer_value(json_object_get(done, "part"))] = text(done, "result");
            if (marks(done)[0] > cell[4][0])
                cell[4] = marks(done);
            found++;
        }
        if (found > 0)
            sg_cli_row(&t, 5, cell);
    }
    sg_cli_print_table(&t);
}

static void print_law(const json_t *result)
{
    const json_t *module = json_object_get(result, "module_a"), *reason, *keep = json_object_get(result, "keep_until");
    size_t i;
    (void)printf("Self-assessment (module A): %s\n", text(module, "state"));
    json_array_foreach(json_object_get(module, "reasons"), i, reason)(void) printf("  %s\n", json_string_value(reason));
    (void)printf("Last day to place units on the market under these rules: %s. Keep the documentation until %s.\n",
                 SG_EN_LAST_DAY, text(keep, "date"));
}

static void print_result(const struct sg_cli_assess *a, const json_t *result)
{
    const json_t *counts = json_object_get(result, "counts");
    const char *word = text(result, "result");
    print_problems(a, json_object_get(result, "problems"));
    print_gaps(a, json_object_get(json_object_get(result, "product"), "product"), json_object_get(result, "gaps"));
    print_table(json_object_get(result, "requirements"));
    (void)printf("\n%s%s%s: %lld pass, %lld not applicable, %lld without enough evidence, %lld fail.\n",
                 colour_of(word), word, sg_cli_style(SG_CLI_PLAIN),
                 (long long)json_integer_value(json_object_get(counts, "pass")),
                 (long long)json_integer_value(json_object_get(counts, "not_applicable")),
                 (long long)json_integer_value(json_object_get(counts, "not_enough")),
                 (long long)json_integer_value(json_object_get(counts, "fail")));
    (void)printf("GRADE marks requirements whose questions nobody compared with a purchased copy, and of which public\n"
                 "sources are less sure (B: one encoding, C: unconfirmed).\n");
    print_law(result);
}

/* ------------------------------------------------------------------------------------------------- the commands */

static int write_result(const struct sg_cli_assess *a, const json_t *result)
{
    char path[SG_ASSESS_PATH];
    struct sg_error err = {0};
    char *json = json_dumps(result, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    if (json == NULL)
        return sg_cli_fail(SG_CLI_FAILED, "writing the result: out of memory");
    int rc = sg_file_write(sg_cli_assess_path(a, "result.json", path), 0644, false, sg_str(json), &err);
    free(json);
    return rc == 0 ? SG_CLI_DONE : sg_cli_fail_err(SG_CLI_FAILED, &err);
}

int sg_cli_assess_run(const struct sg_cli_assess *a)
{
    struct sg_product *product = NULL;
    struct sg_error err = {0};
    int code = load(a, &product);
    if (code == SG_CLI_DONE)
        code = tell_errors(a, product);
    json_t *result = code == SG_CLI_DONE ? assess(a, product, &err) : NULL;
    if (code == SG_CLI_DONE && result == NULL)
        code = SG_CLI_FAILED;
    if (code == SG_CLI_DONE)
        code = write_result(a, result);
    if (code == SG_CLI_DONE && a->cli->json)
        code = sg_cli_print_json(json_incref(result));
    else if (code == SG_CLI_DONE)
        print_result(a, result);
    if (code == SG_CLI_DONE && strcmp(text(result, "result"), "PASS") != 0)
        code = SG_CLI_FAILED;
    json_decref(result);
    sg_product_free(product);
    return code;
}

int sg_cli_assess_check(const struct sg_cli_assess *a)
{
    struct sg_product *product = NULL;
    struct sg_error err = {0};
    int code = load(a, &product);
    if (code == SG_CLI_DONE)
        code = tell_errors(a, product);
    json_t *result = code == SG_CLI_DONE ? assess(a, product, &err) : NULL;
    if (code == SG_CLI_DONE && result == NULL)
        code = SG_CLI_FAILED;
    if (code == SG_CLI_DONE) {
        json_t *problems = json_object_get(result, "problems");
        code = json_array_size(problems) > 0 ? SG_CLI_FAILED : SG_CLI_DONE;
        if (a->cli->json && sg_cli_print_json(json_incref(problems)) != SG_CLI_DONE)
            code = SG_CLI_FAILED;
        if (!a->cli->json)
            print_problems(a, problems);
        if (!a->cli->json && code == SG_CLI_DONE)
            (void)printf("Nothing in %s/product.yaml contradicts itself, and nothing is left out.\n", a->operand);
    }
    json_decref(result);
    sg_product_free(product);
    return code;
}
