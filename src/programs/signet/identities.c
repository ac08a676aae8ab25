/* SPDX-License-Identifier: Apache-2.0 */
/* signet identities: the maker's list of modems' identity keys. */
#include "commands.h"
#include "factory/factory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LIST_MAX = 64 * 1024 * 1024 };

static int import(const struct sg_cli *cli, struct sg_store *store, const char *file)
{
    struct sg_error err = {0};
    struct sg_identities_done done;
    size_t n;
    uint8_t *text = sg_file_read(file, LIST_MAX, &n, &err);
    if (text == NULL)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    struct sg_identities list = {
        .store = store, .text = sg_bytes(text, n), .name = file, .who = sg_cli_who(), .now = (int64_t)time(NULL)};
    int r = sg_identities_import(&list, &done, &err);
    free(text);
    if (r < 0)
        return sg_cli_fail(r == SG_EMISMATCH ? SG_CLI_REFUSED : SG_CLI_FAILED, "%s: %s. Nothing was imported.", file,
                           err.text);
    if (cli->json)
        return sg_cli_print_json(
            json_pack("{s:I, s:I}", "added", (json_int_t)done.added, "known", (json_int_t)done.known));
    (void)printf("Imported %zu identity %s, %zu known before.\n", done.added, done.added == 1 ? "key" : "keys",
                 done.known);
    return SG_CLI_DONE;
}

static int run(struct sg_cli *cli)
{
    static const char *const names[] = {"what to do (`signet identities import FILE`)", "the FILE to import", NULL};
    const char *operands[2];
    int code = sg_cli_operands(cli, names, operands);
    if (code != 0)
        return code;
    if (strcmp(operands[0], "import") != 0)
        return sg_cli_usage(cli, "there is no `signet identities %s`.", operands[0]);
    struct sg_store *store = sg_cli_open_store(cli, &code);
    if (store == NULL)
        return code;
    code = import(cli, store, operands[1]);
    sg_store_close(store);
    return code;
}

const struct sg_cli_command sg_cli_identities = {
    .name = "identities",
    .synopsis = "import FILE",
    .what = "takes the maker's list of modems' identity keys",
    .help = "A modem in the list must prove that it holds its key before it gets a certificate.\n"
            "The key of any other is worked out from what it signs when it is first seen, and\n"
            "asked for from then on. FILE is CSV (UUID,KEY) or PEM (a line with the UUID\n"
            "before each key); it is taken whole or not at all, and again without effect.\n",
    .run = run,
};
