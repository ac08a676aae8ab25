/* SPDX-License-Identifier: Apache-2.0 */
/* signet write: sets a resource of a device. */
#include "commands.h"
#include "online.h"

#include <stdio.h>

enum { TYPE };
static const struct sg_cli_option options[] = {
    [TYPE] = {"--type", "TYPE", "string, integer, unsigned, float, boolean, opaque, time or objlnk"},
    {NULL, NULL, NULL},
};

struct wanted {
    const char *operand[3]; /* endpoint, path, value */
    size_t n;
    const char *type;
};

static int take(struct sg_cli *cli, struct wanted *w)
{
    static const char *const names[] = {"ENDPOINT", "PATH", "VALUE"};
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        if (i == SG_CLI_BAD)
            return SG_CLI_USAGE;
        if (i == TYPE)
            w->type = cli->value;
        else if (w->n == 3)
            return sg_cli_usage(cli, "there is one word too many: %s. A value with blanks needs quotes.", cli->value);
        else
            w->operand[w->n++] = cli->value;
    }
    return w->n == 3 ? 0 : sg_cli_usage(cli, "%s is missing.", names[w->n]);
}

static int run(struct sg_cli *cli)
{
    struct wanted w = {0};
    struct sg_path path;
    char url[SG_CLIENT_PATH], text[SG_PATH_TEXT], name[SG_CLI_NAME];
    int code = take(cli, &w);
    if (code == 0)
        code = sg_cli_path(cli, w.operand[1], 3, 4, &path);
    if (code != 0)
        return code;
    json_t *body = json_pack("{s:s,s:s*}", "value", w.operand[2], "type", w.type);
    if (body == NULL)
        return sg_cli_usage(cli, "the value is no UTF-8 text; give bytes in base64, with --type opaque.");
    struct sg_client *c = sg_cli_client(cli, &code);
    json_t *answer =
        c != NULL ? sg_cli_call(c, "PUT", sg_client_path(w.operand[0], "resources", &path, url), body, &code) : NULL;
    json_decref(body);
    if (answer == NULL)
        return code;
    if (cli->json)
        return sg_cli_print_json(answer);
    (void)sg_path_text(&path, text);
    (void)sg_cli_path_name(text, name);
    (void)printf("Written %s%s%s%s (the device says %s)\n", text, name[0] != '\0' ? " (" : "", name,
                 name[0] != '\0' ? ")" : "", sg_cli_text_of(answer, "device"));
    json_decref(answer);
    return SG_CLI_DONE;
}

const struct sg_cli_command sg_cli_write = {
    .name = "write",
    .synopsis = "ENDPOINT PATH VALUE [--type TYPE]",
    .what = "sets a resource of a device",
    .help = "    signet write urn:imei:351516170000001 /3/0/15 Europe/Oslo\n\n"
            "The value's type is the one that the object's definition says. A resource that\n"
            "Signet does not know is written as a string unless --type says otherwise. Opaque\n"
            "values are given in base64, times in seconds since 1970, object links as 3:0.\n",
    .options = options,
    .run = run,
};
