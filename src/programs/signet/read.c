/* SPDX-License-Identifier: Apache-2.0 */
/* signet read: asks a device for values. */
#include "commands.h"
#include "online.h"

#include <stdlib.h>

static void put_record(struct sg_cli_lines *lines, const json_t *record)
{
    char name[SG_CLI_NAME];
    const char *path = sg_cli_text_of(record, "path");
    char *value = sg_cli_value(record);
    sg_cli_line(lines, path, sg_cli_path_name(path, name), value);
    free(value);
}

/* A value that was asked for by its own path needs no path before it; its name helps. */
static void put_single(struct sg_cli_lines *lines, const json_t *record)
{
    char name[SG_CLI_NAME];
    char *value = sg_cli_value(record);
    sg_cli_line(lines, sg_cli_path_name(sg_cli_text_of(record, "path"), name), "", value);
    free(value);
}

static void print_records(const json_t *answer)
{
    struct sg_cli_lines lines = {0};
    const json_t *record;
    size_t i;

    if (json_is_object(answer))
        put_single(&lines, answer);
    json_array_foreach(answer, i, record) put_record(&lines, record);
    sg_cli_print_lines(&lines);
}

static int run(struct sg_cli *cli)
{
    const char *endpoint;
    struct sg_path path;
    char url[SG_CLIENT_PATH];
    int code = sg_cli_endpoint_and_path(cli, 4, &endpoint, &path);
    if (code != 0)
        return code;
    struct sg_client *c = sg_cli_client(cli, &code);
    if (c == NULL)
        return code;
    json_t *answer = sg_cli_call(c, "GET", sg_client_path(endpoint, "resources", &path, url), NULL, &code);
    if (answer == NULL)
        return code;
    if (cli->json)
        return sg_cli_print_json(answer);
    print_records(answer);
    json_decref(answer);
    return SG_CLI_DONE;
}

const struct sg_cli_command sg_cli_read = {
    .name = "read",
    .synopsis = "ENDPOINT PATH",
    .what = "asks a device for a resource, an instance or an object",
    .help = "    signet read urn:imei:351516170000001 /3/0/0\n"
            "    signet read urn:imei:351516170000001 /3\n\n"
            "One line per resource: its path, its name where it is known, its value. Opaque\n"
            "values are shown in base64. The device has a minute to answer.\n",
    .run = run,
};
