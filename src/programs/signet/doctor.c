/* SPDX-License-Identifier: Apache-2.0 */
/* signet doctor: looks whether all is well, and says what to do where it is not. */
#include "doctor.h"
#include "commands.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum { PORT };
static const struct sg_cli_option options[] = {
    [PORT] = {"--port", "PATH", "look at what is on this port instead of at the home"},
    {NULL, NULL, NULL},
};

void sg_cli_note(struct sg_cli_doctor *d, enum sg_cli_level level, const char *subject, const char *fmt, ...)
{
    static const char *const names[] = {"well", "warning", "problem"};
    static const enum sg_cli_style styles[] = {SG_CLI_GREEN, SG_CLI_YELLOW, SG_CLI_RED};
    char text[800], clean[SG_CLI_TEXT];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    d->warnings += level == SG_CLI_WARNING;
    d->problems += level == SG_CLI_PROBLEM;
    (void)sg_cli_clean(text, clean);
    if (d->checks != NULL)
        (void)json_array_append_new(
            d->checks, json_pack("{s:s, s:s, s:s}", "level", names[level], "subject", subject, "sentence", clean));
    else
        (void)printf("%s%-8s%s %-12s %s\n", sg_cli_style(styles[level]), names[level], sg_cli_style(SG_CLI_PLAIN),
                     subject, clean);
}

static int finish(struct sg_cli_doctor *d)
{
    int code = d->problems > 0 ? SG_CLI_FAILED : SG_CLI_DONE;
    if (d->checks != NULL) {
        int printed = sg_cli_print_json(json_pack("{s:o, s:i, s:i}", "checks", d->checks, "warnings", (int)d->warnings,
                                                  "problems", (int)d->problems));
        return code != SG_CLI_DONE ? code : printed;
    }
    if (d->problems + d->warnings == 0)
        (void)printf("All is well.\n");
    else
        (void)printf("%u %s, %u %s.\n", d->problems, d->problems == 1 ? "problem" : "problems", d->warnings,
                     d->warnings == 1 ? "warning" : "warnings");
    return code;
}

static int run(struct sg_cli *cli)
{
    const char *port = NULL;
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        if (i == SG_CLI_BAD)
            return SG_CLI_USAGE;
        if (i == SG_CLI_OPERAND)
            return sg_cli_usage(cli, "there is one word too many: %s.", cli->value);
        port = cli->value;
    }
    struct sg_cli_doctor d = {.cli = cli, .now = (int64_t)time(NULL), .checks = cli->json ? json_array() : NULL};
    if (port != NULL) {
        sg_cli_doctor_port(&d, port);
        return finish(&d);
    }
    struct sg_error err = {0};
    int r = sg_home_check(&cli->home, &err);
    if (r == SG_ENOTFOUND || r == SG_EFORMAT) {
        json_decref(d.checks);
        return sg_cli_fail_err(SG_CLI_NOTHING, &err);
    }
    sg_cli_doctor_home(&d);
    sg_cli_doctor_store(&d);
    sg_cli_doctor_server(&d);
    return finish(&d);
}

const struct sg_cli_command sg_cli_doctor_command = {
    "doctor",
    "[--port PATH]",
    "looks whether all is well: the home, its certificates, the server, a port",
    "Says what is wrong, and what to do. Ends with 1 where something is a problem;\n"
    "warnings alone end with 0.\n",
    options,
    run,
};
