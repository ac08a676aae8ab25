/* SPDX-License-Identifier: Apache-2.0 */
/* signet discover: what a device has below a path. */
#include "commands.h"
#include "online.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "pmin=10 dim=2 obs" */
static char *attributes_text(const json_t *link)
{
    json_t *attributes = json_object_get(link, "attributes"), *value;
    const char *name;
    char text[1000];
    struct sg_buf b = sg_buf(text, sizeof text);

    json_object_foreach(attributes, name, value)
    {
        sg_put_str(&b, b.len > 0 ? " " : "");
        sg_put_str(&b, name);
        if (json_is_string(value)) {
            sg_put_str(&b, "=");
            sg_put_str(&b, json_string_value(value));
        }
    }
    return sg_cli_safe(b.full ? "(too many attributes to show; see --json)" : sg_buf_cstr(&b));
}

static int run(struct sg_cli *cli)
{
    const char *endpoint;
    struct sg_path path;
    char url[SG_CLIENT_PATH], name[SG_CLI_NAME];
    struct sg_cli_lines lines = {0};
    const json_t *link;
    size_t i;
    int code = sg_cli_endpoint_and_path(cli, 3, &endpoint, &path);
    if (code != 0)
        return code;
    struct sg_client *c = sg_cli_client(cli, &code);
    if (c == NULL)
        return code;
    json_t *answer = sg_cli_call(c, "GET", sg_client_path(endpoint, "discover", &path, url), NULL, &code);
    if (answer == NULL)
        return code;
    if (cli->json)
        return sg_cli_print_json(answer);
    json_array_foreach(json_object_get(answer, "links"), i, link)
    {
        char *target = sg_cli_safe(sg_cli_text_of(link, "path")), *attributes = attributes_text(link);
        sg_cli_line(&lines, target, sg_cli_path_name(target, name), attributes);
        free(target);
        free(attributes);
    }
    sg_cli_print_lines(&lines);
    json_decref(answer);
    return SG_CLI_DONE;
}

const struct sg_cli_command sg_cli_discover = {
    .name = "discover",
    .synopsis = "ENDPOINT PATH",
    .what = "lists what a device has below a path, and its attributes",
    .help = "    signet discover urn:imei:351516170000001 /3\n",
    .run = run,
};
