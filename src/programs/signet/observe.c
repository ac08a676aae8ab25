/* SPDX-License-Identifier: Apache-2.0 */
/* signet observe: prints values as a device sends them. */
#include "commands.h"
#include "online.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COUNT, SECONDS };
static const struct sg_cli_option options[] = {
    [COUNT] = {"--count", "N", "end after N values"},
    [SECONDS] = {"--seconds", "S", "end after S seconds"},
    {NULL, NULL, NULL},
};

struct watch {
    const char *endpoint;
    struct sg_path path;
    uint64_t count, seconds; /* 0: no limit */
    uint64_t seen;
    int64_t until; /* CLOCK_MONOTONIC */
    bool json;
    int code;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static int64_t seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static int take_number(struct sg_cli *cli, const char *name, uint64_t *n)
{
    if (sg_parse_udec(sg_str(cli->value), INT32_MAX, n) < 0 || *n == 0)
        return sg_cli_usage(cli, "%s takes a number from 1 on, not %s.", name, cli->value);
    return 0;
}

static int take(struct sg_cli *cli, struct watch *w)
{
    const char *operand[2] = {NULL};
    size_t n = 0;
    int r = 0;
    for (int i; r == 0 && (i = sg_cli_next(cli)) != SG_CLI_END;) {
        if (i == SG_CLI_BAD)
            return SG_CLI_USAGE;
        if (i == COUNT)
            r = take_number(cli, "--count", &w->count);
        else if (i == SECONDS)
            r = take_number(cli, "--seconds", &w->seconds);
        else if (n == 2)
            r = sg_cli_usage(cli, "there is one word too many: %s.", cli->value);
        else
            operand[n++] = cli->value;
    }
    if (r == 0 && n < 2)
        r = sg_cli_usage(cli, "%s is missing.", n == 0 ? "ENDPOINT" : "PATH");
    w->endpoint = operand[0];
    return r == 0 ? sg_cli_path(cli, operand[1], 1, 4, &w->path) : r;
}

static void print_value(const json_t *data, const json_t *record, bool with_path)
{
    char *value = sg_cli_value(record);
    (void)printf("%s  %s%s%s\n", sg_cli_text_of(data, "at"), with_path ? sg_cli_text_of(record, "path") : "",
                 with_path ? "  " : "", value);
    free(value);
}

static void print_values(const json_t *data)
{
    const json_t *record;
    size_t i;
    if (json_object_get(data, "value") != NULL)
        print_value(data, data, false);
    json_array_foreach(json_object_get(data, "values"), i, record) print_value(data, record, true);
}

static void print_json(const char *name, json_t *data)
{
    json_t *line = json_pack("{s:s}", "event", name);
    json_object_update_missing(line, data);
    (void)json_dumpf(line, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    (void)putchar('\n');
    json_decref(line);
}

static int on_event(void *user, const char *name, json_t *data)
{
    struct watch *w = user;

    if (w->json)
        print_json(name, data);
    if (strcmp(name, "end") == 0) {
        w->code = sg_cli_fail(SG_CLI_FAILED, "the observation ended: %s", sg_cli_text_of(data, "message"));
        return 1;
    }
    if (strcmp(name, "unreadable") == 0)
        (void)sg_cli_fail(0, "%s", sg_cli_text_of(data, "message"));
    else if (!w->json)
        print_values(data);
    if (fflush(stdout) != 0) { /* nobody reads on */
        w->code = SG_CLI_FAILED;
        return 1;
    }
    w->seen++;
    return w->count > 0 && w->seen >= w->count;
}

static int on_step(void *user)
{
    const struct watch *w = user;
    return interrupted || (w->seconds > 0 && seconds_now() >= w->until);
}

static int run(struct sg_cli *cli)
{
    struct watch w = {0};
    char url[SG_CLIENT_PATH];
    struct sg_error err = {0};
    const struct sigaction on_signal = {.sa_handler = interrupt};
    int code = take(cli, &w);
    if (code != 0)
        return code;
    struct sg_client *c = sg_cli_client(cli, &code);
    if (c == NULL)
        return code;
    w.json = cli->json;
    w.until = seconds_now() + (int64_t)w.seconds;
    (void)sigaction(SIGINT, &on_signal, NULL);
    (void)sigaction(SIGTERM, &on_signal, NULL);
    const struct sg_client_events events = {.user = &w, .event = on_event, .step = on_step};
    int r = sg_client_listen(c, sg_client_path(w.endpoint, "observe", &w.path, url), &events, &err);
    sg_client_close(c);
    return r < 0 ? sg_cli_call_failed(&err) : w.code;
}

const struct sg_cli_command sg_cli_observe = {
    .name = "observe",
    .synopsis = "ENDPOINT PATH [--count N] [--seconds S]",
    .what = "prints values as the device sends them, until Ctrl-C",
    .help = "    signet observe urn:imei:351516170000001 /3303/0/5700\n\n"
            "The first value comes at once, the others when the device notifies. With --json,\n"
            "one JSON object a line.\n",
    .options = options,
    .run = run,
};
