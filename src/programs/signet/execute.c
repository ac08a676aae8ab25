/* SPDX-License-Identifier: Apache-2.0 */
/* signet execute: lets a device do something. */
#include "commands.h"
#include "online.h"

#include <stdio.h>

static int take(struct sg_cli *cli, const char *operand[3])
{
    static const char *const names[] = {"ENDPOINT", "PATH"};
    size_t n = 0;
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        if (i == SG_CLI_BAD)
            return SG_CLI_USAGE;
        if (n == 3)
            return sg_cli_usage(cli, "there is one word too many: %s. Arguments with blanks need quotes.", cli->value);
        operand[n++] = cli->value;
    }
    return n >= 2 ? 0 : sg_cli_usage(cli, "%s is missing.", names[n]);
}

static int run(struct sg_cli *cli)
{
    const char *operand[3] = {NULL};
    struct sg_path path;
    char url[SG_CLIENT_PATH], text[SG_PATH_TEXT], name[SG_CLI_NAME];
    int code = take(cli, operand);
    if (code == 0)
        code = sg_cli_path(cli, operand[1], 3, 3, &path);
    if (code != 0)
        return code;
    json_t *body = json_pack("{s:s*}", "arguments", operand[2]);
    if (body == NULL)
        return sg_cli_usage(cli, "the arguments are no UTF-8 text.");
    struct sg_client *c = sg_cli_client(cli, &code);
    json_t *answer =
        c != NULL ? sg_cli_call(c, "POST", sg_client_path(operand[0], "resources", &path, url), body, &code) : NULL;
    json_decref(body);
    if (answer == NULL)
        return code;
    if (cli->json)
        return sg_cli_print_json(answer);
    (void)sg_path_text(&path, text);
    (void)sg_cli_path_name(text, name);
    (void)printf("Executed %s%s%s%s (the device says %s)\n", text, name[0] != '\0' ? " (" : "", name,
                 name[0] != '\0' ? ")" : "", sg_cli_text_of(answer, "device"));
    json_decref(answer);
    return SG_CLI_DONE;
}

const struct sg_cli_command sg_cli_execute = {
    .name = "execute",
    .synopsis = "ENDPOINT PATH [ARGUMENTS]",
    .what = "lets a device do something: reboot, reset a measured maximum",
    .help = "    signet execute urn:imei:351516170000001 /3/0/4\n\n"
            "Arguments are passed as LwM2M writes them: 0='60',1\n",
    .run = run,
};
