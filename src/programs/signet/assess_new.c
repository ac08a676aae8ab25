/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signet assess new: the first product file. It asks what only the manufacturer can say; the lists of interfaces,
 * assets, mechanisms and so on, and what may be stated of them, are those of the example: a start for a device with an
 * nRF91 that speaks LwM2M. No statement of it is signed, so none counts before a person has read it.
 */
#include "assess.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The example, embedded by CMakeLists.txt. */
extern const unsigned char sg_example_meter[];
extern const size_t sg_example_meter_size;

enum kind { TEXT, LIST, YESNO };
static const struct question {
    const char *section, *key; /* of the product file */
    enum kind kind;
    const char *ask;
} questions[] = {
    {"product", "name", TEXT, "The product's name"},
    {"product", "kind", TEXT, "What it is, in a few words"},
    {"product", "types", LIST, "Its types, separated by commas"},
    {"product", "configurations", LIST, "All its configurations (they are all assessed), separated by commas"},
    {"product", "serials", TEXT, "Which serial numbers"},
    {"product", "hardware", TEXT, "Version of the hardware"},
    {"product", "firmware", TEXT, "Version of the firmware"},
    {"product", "firmware_date", TEXT, "Since when there is that firmware, as 2026-11-23"},
    {"product", "modem_firmware", TEXT, "Firmware of the modem, as mfw_nrf91x1_2.0.2"},
    {"product", "intended_use", TEXT, "What it is for"},
    {"product", "place_of_use", TEXT, "Where it is used, who comes near it there, and what protects it"},
    {"product", "users", LIST, "Its users, separated by commas"},
    {"product", "user_documents", LIST, "The documents that users get, separated by commas"},
    {"product", "setup", TEXT, "How it is set up"},
    {"product", "internet", YESNO, "Can it communicate over the internet, directly or through other equipment?"},
    {"product", "personal_data", YESNO, "Can it process personal data, traffic data or location data?"},
    {"product", "money", YESNO, "Do users move money or credit with it?"},
    {"product", "toy", YESNO, "Is it a toy?"},
    {"product", "childcare", YESNO, "Is it made for looking after children?"},
    {"product", "wearable", YESNO, "Is it worn?"},
    {"product", "network_equipment", YESNO, "Does it connect other equipment to the internet?"},
    {"product", "special_categories", YESNO, "Is it mainly there for health data or the like?"},
    {"manufacturer", "name", TEXT, "The manufacturer's name"},
    {"manufacturer", "address", TEXT, "The manufacturer's postal address"},
    {"manufacturer", "contact", TEXT, "Where vulnerabilities are reported"},
    {"parts", "1", TEXT, "Why part 1 (network) applies, or not"},
    {"parts", "2", TEXT, "Why part 2 (privacy) applies, or not"},
    {"parts", "3", TEXT, "Why part 3 (money) applies, or not"},
    {"", "by", TEXT, "Who answers: your name and function"},
};
enum { QUESTIONS = sizeof questions / sizeof questions[0], LONGEST = 1000 };

struct answers {
    char text[QUESTIONS][LONGEST]; /* "": not answered yet */
};

static const char *name_of(const struct question *q, char name[40])
{
    (void)snprintf(name, 40, "%s%s%s", q->section, q->section[0] != '\0' ? "." : "", q->key);
    return name;
}

static bool is_good(const struct question *q, const char *text)
{
    return text[0] != '\0' && (q->kind != YESNO || strcmp(text, "yes") == 0 || strcmp(text, "no") == 0);
}

/* ------------------------------------------------------------------------------------------------ the answers */

/* One line "product.name: Aqua One". NULL, or what is wrong with it. */
static const char *take_line(char *line, struct answers *a)
{
    char name[40], *value = strstr(line, ": ");
    size_t i = 0;
    if (value == NULL)
        return "the answer is missing, as \"name: answer\"";
    *value = '\0';
    value += 2;
    while (i < QUESTIONS && strcmp(name_of(&questions[i], name), line) != 0)
        i++;
    if (i == QUESTIONS)
        return "there is no such question";
    if (a->text[i][0] != '\0')
        return "it is answered twice";
    if (!is_good(&questions[i], value))
        return questions[i].kind == YESNO ? "it is yes or no" : "the answer is empty";
    int n = snprintf(a->text[i], LONGEST, "%s", value);
    return n < LONGEST ? NULL : "the answer is too long";
}

static int read_answers(const char *path, struct answers *a)
{
    struct sg_error err = {0};
    char *file = (char *)sg_file_read(path, 100000, NULL, &err), *save = NULL;
    if (file == NULL)
        return sg_cli_fail_err(err.code == SG_ENOTFOUND ? SG_CLI_NOTHING : SG_CLI_FAILED, &err);
    int code = SG_CLI_DONE;
    for (char *line = strtok_r(file, "\n", &save); line != NULL && code == SG_CLI_DONE;
         line = strtok_r(NULL, "\n", &save)) {
        const char *wrong = line[0] == '#' ? NULL : take_line(line, a);
        if (wrong != NULL)
            code = sg_cli_fail(SG_CLI_FAILED, "%s, %.60s: %s.", path, line, wrong);
    }
    free(file);
    for (size_t i = 0; i < QUESTIONS && code == SG_CLI_DONE; i++) {
        char name[40];
        if (a->text[i][0] == '\0')
            code = sg_cli_fail(SG_CLI_FAILED, "%s does not answer %s: %s", path, name_of(&questions[i], name),
                               questions[i].ask);
    }
    return code;
}

static int ask(struct answers *a)
{
    if (isatty(STDIN_FILENO) == 0)
        return sg_cli_fail(SG_CLI_USAGE, "there is no terminal to ask at. Give the answers in a file (--answers), or "
                                         "begin with the example (--example).");
    for (size_t i = 0; i < QUESTIONS;) {
        char *line = a->text[i];
        (void)printf("%s%s\n> ", questions[i].ask, questions[i].kind == YESNO ? " (yes or no)" : "");
        (void)fflush(stdout);
        if (fgets(line, LONGEST, stdin) == NULL)
            return sg_cli_fail(SG_CLI_FAILED, "the answers ended: nothing was written.");
        line[strcspn(line, "\n")] = '\0';
        i += is_good(&questions[i], line);
    }
    return SG_CLI_DONE;
}

/* -------------------------------------------------------------------------------------------------- the file */

static void put_quoted(struct sg_buf *out, const char *text, size_t n)
{
    sg_put_str(out, "\"");
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"' || text[i] == '\\')
            sg_put_str(out, "\\");
        sg_put(out, &text[i], 1);
    }
    sg_put_str(out, "\"");
}

static void put_list(struct sg_buf *out, const char *text)
{
    sg_put_str(out, "\n");
    while (*text != '\0') {
        size_t n = strcspn(text, ",");
        sg_put_str(out, "    - ");
        put_quoted(out, text, n);
        sg_put_str(out, "\n");
        text += n;
        text += strspn(text, ", ");
    }
}

static const char *answer(const struct answers *a, const char *section, const char *key)
{
    for (size_t i = 0; i < QUESTIONS; i++)
        if (strcmp(questions[i].section, section) == 0 && strcmp(questions[i].key, key) == 0)
            return a->text[i];
    return "";
}

static void put_section(struct sg_buf *out, const struct answers *a, const char *section)
{
    sg_put_str(out, section);
    sg_put_str(out, ":\n");
    for (size_t i = 0; i < QUESTIONS; i++) {
        if (strcmp(questions[i].section, section) != 0)
            continue;
        sg_put_str(out, "  ");
        sg_put_str(out, questions[i].key);
        sg_put_str(out, questions[i].kind == LIST ? ":" : ": ");
        if (questions[i].kind == YESNO)
            sg_put_str(out, a->text[i]);
        else if (questions[i].kind == TEXT)
            put_quoted(out, a->text[i], strlen(a->text[i]));
        else
            put_list(out, a->text[i]);
        if (questions[i].kind != LIST)
            sg_put_str(out, "\n");
    }
    sg_put_str(out, "\n");
}

static void put_parts(struct sg_buf *out, const struct answers *a)
{
    static const char *const why[SG_EN_PARTS] = {"internet", "personal_data", "money"};
    char today[SG_CLI_TIME];
    (void)sg_cli_date(time(NULL), today);
    sg_put_str(out, "parts:\n");
    for (int part = 1; part <= SG_EN_PARTS; part++) {
        const char key[] = {(char)('0' + part), '\0'}, *reason = answer(a, "parts", key), *by = answer(a, "", "by");
        sg_put_str(out, "  - part: ");
        sg_put_str(out, key);
        sg_put_str(out, "\n    applies: ");
        sg_put_str(out, answer(a, "product", why[part - 1]));
        sg_put_str(out, "\n    edition: ");
        sg_put_str(out, sg_en_standard(part)->edition);
        sg_put_str(out, "\n    reason: ");
        put_quoted(out, reason, strlen(reason));
        sg_put_str(out, "\n    by: ");
        put_quoted(out, by, strlen(by));
        sg_put_str(out, "\n    date: ");
        sg_put_str(out, today);
        sg_put_str(out, "\n");
    }
    sg_put_str(out, "\n");
}

/* The example from its lists on, its statements without name and date. */
static void put_proposals(struct sg_buf *out)
{
    struct sg_bytes text = sg_bytes(sg_example_meter, sg_example_meter_size);
    bool begun = false, statements = false;
    for (size_t at = 0, n; at < text.n; at += n) {
        const char *line = (const char *)text.p + at;
        const char *end = memchr(line, '\n', text.n - at);
        n = end != NULL ? (size_t)(end - line) + 1 : text.n - at;
        begun = begun || (n > 11 && strncmp(line, "interfaces:", 11) == 0);
        statements = statements || (n > 11 && strncmp(line, "statements:", 11) == 0);
        if (!begun)
            continue;
        if (statements && n > 8 && strncmp(line, "    by: ", 8) == 0)
            sg_put_str(out, "    by:\n");
        else if (statements && n > 10 && strncmp(line, "    date: ", 10) == 0)
            sg_put_str(out, "    date:\n");
        else
            sg_put(out, line, n);
    }
}

static void put_file(struct sg_buf *out, const struct answers *a)
{
    sg_put_str(out,
               "# What this product is, and what its manufacturer states about it (docs/reference/assessment.md).\n"
               "# From \"interfaces\" on these are proposals for a device with an nRF91 that speaks LwM2M: make "
               "them true.\n"
               "# A statement counts once somebody has read it, and put a name (by) and a day (date) to it.\n"
               "format: 1\n\n");
    put_section(out, a, "product");
    put_section(out, a, "manufacturer");
    put_parts(out, a);
    put_proposals(out);
}

/* ---------------------------------------------------------------------------------------------------- the command */

static int write_product(const struct sg_cli_assess *a, struct sg_bytes text)
{
    char path[SG_ASSESS_PATH];
    struct sg_error err = {0};
    size_t n;
    (void)sg_cli_assess_path(a, "product.yaml", path);
    struct sg_product *p = sg_product_parse(path, text, &err);
    if (p == NULL)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    const struct sg_product_problem *problem = sg_product_problems(p, &n);
    int code = SG_CLI_DONE;
    for (size_t i = 0; i < n && code == SG_CLI_DONE; i++)
        if (problem[i].fault == SG_PRODUCT_ERROR)
            code = sg_cli_fail(SG_CLI_FAILED, "an answer cannot be used: %s. Nothing was written.", problem[i].text);
    sg_product_free(p);
    if (code != SG_CLI_DONE)
        return code;
    if (mkdir(a->operand, 0755) != 0 && errno != EEXIST)
        return sg_cli_fail(SG_CLI_FAILED, "making the folder %s failed: %s.", a->operand, strerror(errno));
    int r = sg_file_write(path, 0644, true, text, &err);
    if (r == SG_EEXISTS)
        return sg_cli_fail(SG_CLI_REFUSED, "%s is there already, and is not written over.", path);
    if (r < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (a->cli->json)
        return sg_cli_print_json(json_pack("{ss}", "file", path));
    (void)printf("%s is written. Edit it until it is true, and sign what you state.\n"
                 "`signet assess check %s` tells what contradicts itself, `signet assess run %s` what is missing.\n",
                 path, a->operand, a->operand);
    return SG_CLI_DONE;
}

int sg_cli_assess_new(const struct sg_cli_assess *a)
{
    struct answers answers = {{{0}}};
    char path[SG_ASSESS_PATH];
    int code = SG_CLI_DONE;
    if (access(sg_cli_assess_path(a, "product.yaml", path), F_OK) == 0)
        return sg_cli_fail(SG_CLI_REFUSED, "%s is there already, and is not written over.", path);
    if (a->value[SG_ASSESS_EXAMPLE] != NULL)
        return write_product(a, sg_bytes(sg_example_meter, sg_example_meter_size));
    if (a->value[SG_ASSESS_ANSWERS] != NULL)
        code = read_answers(a->value[SG_ASSESS_ANSWERS], &answers);
    else
        code = ask(&answers);
    uint8_t *space = code == SG_CLI_DONE ? malloc(SG_PRODUCT_MOST) : NULL;
    if (code == SG_CLI_DONE && space == NULL)
        code = sg_cli_fail(SG_CLI_FAILED, "writing %s: out of memory", path);
    if (code == SG_CLI_DONE) {
        struct sg_buf out = sg_buf(space, SG_PRODUCT_MOST);
        put_file(&out, &answers);
        code = write_product(a, sg_buf_bytes(&out));
    }
    free(space);
    return code;
}
