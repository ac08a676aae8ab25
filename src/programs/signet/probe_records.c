/* SPDX-License-Identifier: Apache-2.0 */
/* signet probe records: lists an evidence folder, and checks all that is in it. */
#include "probe.h"

#include <stdio.h>
#include <string.h>

struct listing {
    struct sg_cli_table table;
    json_t *records;
    size_t n, wrong;
};

static const char *member(const json_t *record, const char *name, char text[SG_CLI_TEXT])
{
    const char *s = json_string_value(json_object_get(record, name));
    return sg_cli_clean(s != NULL ? s : "", text);
}

static int list(void *user, const char *folder, json_t *record, const char *wrong)
{
    struct listing *l = user;
    char name[SG_CLI_TEXT], began[SG_CLI_TEXT], verdict[SG_CLI_TEXT], observed[SG_CLI_TEXT], sentence[SG_CLI_TEXT];
    char whole[2 * SG_CLI_TEXT];
    l->n++;
    l->wrong += wrong != NULL;
    (void)snprintf(whole, sizeof whole, "%s%s", wrong != NULL ? "WRONG: " : "",
                   wrong != NULL ? sg_cli_clean(wrong, sentence) : member(record, "observed", observed));
    (void)member(record, "began", began);
    began[strcspn(began, ".")] = '\0';
    sg_cli_row(&l->table, 4,
               (const char *const[]){sg_cli_clean(folder, name), sg_cli_probe_word(member(record, "verdict", verdict)),
                                     began, whole});
    json_t *o = json_object();
    (void)json_object_set_new(o, "folder", json_string(name));
    (void)json_object_set_new(o, "wrong", wrong != NULL ? json_string(sentence) : json_null());
    (void)json_object_set_new(o, "record", record != NULL ? json_incref(record) : json_null());
    (void)json_array_append_new(l->records, o);
    return 0;
}

static int run(struct sg_cli *cli)
{
    const char *dir = NULL;
    struct sg_error err = {0};
    struct listing l = {.records = json_array()};
    int code = sg_cli_operands(cli, (const char *const[]){"the DIR of the evidence", NULL}, &dir);
    if (code != 0) {
        json_decref(l.records);
        return code;
    }
    sg_cli_row(&l.table, 4, (const char *const[]){"RECORD", "VERDICT", "BEGAN (UTC)", "OBSERVED"});
    int r = sg_evidence_walk(dir, list, &l, &err);
    bool walked = r >= 0 || r == SG_EMISMATCH;
    if (walked && cli->json)
        code = sg_cli_print_json(
            json_pack("{s:O,s:I,s:b}", "records", l.records, "wrong", (json_int_t)l.wrong, "whole", l.wrong == 0));
    else if (walked && l.n > 0)
        sg_cli_print_table(&l.table);
    sg_cli_free_table(&l.table);
    json_decref(l.records);
    if (!walked)
        return sg_cli_fail_err(r == SG_ENOTFOUND ? SG_CLI_NOTHING : SG_CLI_FAILED, &err);
    if (l.wrong > 0)
        return sg_cli_fail(SG_CLI_FAILED, "%zu of %zu records in %s are not as they were made.", l.wrong, l.n, dir);
    if (code == SG_CLI_DONE && !cli->json)
        (void)printf("%zu %s: chain, signatures and files are whole.\n", l.n, l.n == 1 ? "record" : "records");
    return code;
}

const struct sg_cli_command sg_cli_probe_records = {
    "probe records",
    "DIR",
    "lists the records of an evidence folder, and checks each: chain, signature, files",
    "What was cut off at the end shows only against an anchor outside: the archive of\n"
    "`signet assess seal`. How to check by hand: docs/reference/records.md.\n",
    NULL,
    run,
};
