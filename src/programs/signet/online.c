/* SPDX-License-Identifier: Apache-2.0 */
/* Operands, calls and errors of the commands that speak with signetd. */
#include "online.h"
#include "api/api.h"

#include <string.h>
#include <time.h>

int sg_cli_path(const struct sg_cli *cli, const char *text, uint8_t least, uint8_t most, struct sg_path *path)
{
    static const char *const forms[] = {"", "/3", "/3/0", "/3/0/0", "/3/0/6/0"};

    if (sg_path_parse(sg_str(text), path) < 0)
        return sg_cli_usage(cli, "%s is no LwM2M path: /object, /object/instance or /object/instance/resource, as %s.",
                            text, forms[least > 3 ? least : 3]);
    if (path->depth >= least && path->depth <= most)
        return 0;
    if (least == most)
        return sg_cli_usage(cli, "%s takes a path like %s, not %s.", cli->command->name, forms[least], text);
    return sg_cli_usage(cli, "%s takes a path like %s or %s, not %s.", cli->command->name, forms[least], forms[most],
                        text);
}

int sg_cli_endpoint_and_path(struct sg_cli *cli, uint8_t most, const char **endpoint, struct sg_path *path)
{
    static const char *const names[] = {"ENDPOINT", "PATH", NULL};
    const char *values[2];
    int r = sg_cli_operands(cli, names, values);
    if (r != 0)
        return r;
    *endpoint = values[0];
    return sg_cli_path(cli, values[1], 1, most, path);
}

struct sg_client *sg_cli_client_if_running(const struct sg_cli *cli, int *exit_code)
{
    struct sg_error err = {0};
    *exit_code = SG_CLI_DONE;
    int r = sg_home_check(&cli->home, &err);
    if (r < 0) {
        *exit_code = sg_cli_fail_err(r == SG_ENOTFOUND ? SG_CLI_NOTHING : SG_CLI_FAILED, &err);
        return NULL;
    }
    struct sg_client *c = sg_client_open(&cli->home, &err);
    if (c == NULL && err.code != SG_ECLOSED)
        *exit_code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    return c;
}

struct sg_client *sg_cli_client(const struct sg_cli *cli, int *exit_code)
{
    struct sg_client *c = sg_cli_client_if_running(cli, exit_code);
    if (c == NULL && *exit_code == SG_CLI_DONE)
        *exit_code = sg_cli_fail(SG_CLI_FAILED, "signetd does not run on %s. Start it: `signetd --home %s`",
                                 cli->home.shown, cli->home.shown);
    return c;
}

int sg_cli_call_failed(const struct sg_error *err)
{
    return sg_cli_fail_err(err->code == SG_ENOTFOUND ? SG_CLI_NOTHING : SG_CLI_FAILED, err);
}

json_t *sg_cli_call(struct sg_client *c, const char *method, const char *path, const json_t *body, int *exit_code)
{
    struct sg_error err = {0};
    json_t *answer = NULL;

    *exit_code = SG_CLI_DONE;
    if (sg_client_call(c, method, path, body, &answer, &err) < 0)
        *exit_code = sg_cli_call_failed(&err);
    sg_client_close(c);
    return answer;
}

json_t *sg_cli_get_devices(const struct sg_cli *cli, const char *endpoint, bool *live, int *exit_code)
{
    char path[SG_CLIENT_PATH];
    struct sg_error err = {0};
    json_t *json = NULL;
    struct sg_client *c = sg_cli_client_if_running(cli, exit_code);
    if (c == NULL && *exit_code != SG_CLI_DONE)
        return NULL;

    int r = SG_ECLOSED;
    if (c != NULL)
        r = sg_client_call(c, "GET", endpoint != NULL ? sg_client_path(endpoint, NULL, NULL, path) : "/devices", NULL,
                           &json, &err);
    sg_client_close(c);
    *live = r == 0;
    if (r == SG_ECLOSED) { /* killed just now, or never started */
        json = endpoint != NULL ? sg_api_device_json(cli->home.inventory, endpoint, &err)
                                : sg_api_devices_json(cli->home.inventory, &err);
        r = json != NULL ? 0 : err.code;
    }
    if (r < 0)
        *exit_code = sg_cli_call_failed(&err);
    return json;
}

const char *sg_cli_text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

int64_t sg_cli_number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

int64_t sg_cli_time_of(const json_t *object, const char *name)
{
    struct tm tm = {0};
    const char *end = strptime(sg_cli_text_of(object, name), "%Y-%m-%dT%H:%M:%SZ", &tm);
    return end != NULL && *end == '\0' ? (int64_t)timegm(&tm) : 0;
}

bool sg_cli_truth_of(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

const char *sg_cli_psk_text(const json_t *device)
{
    return sg_cli_truth_of(json_object_get(device, "connection"), "forward_secrecy") ? "PSK"
                                                                                     : "PSK (no forward secrecy)";
}
