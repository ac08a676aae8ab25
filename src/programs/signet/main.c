/* SPDX-License-Identifier: Apache-2.0 */
/* signet: the operator's command. The table of subcommands, help, and what to do next. */
#include "cli.h"
#include "commands.h"
#include "probe.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int help(struct sg_cli *cli);
static const struct sg_cli_command help_command = {"help", "[COMMAND]", "tells what there is, or all about one command",
                                                   NULL,   NULL,        help};

static const struct sg_cli_command *const commands[] = {
    &sg_cli_init,   &sg_cli_enroll, &sg_cli_issue,          &sg_cli_adopt,   &sg_cli_modem_command,  &sg_cli_devices,
    &sg_cli_show,   &sg_cli_read,   &sg_cli_write,          &sg_cli_execute, &sg_cli_observe,        &sg_cli_discover,
    &sg_cli_revoke, &sg_cli_ca,     &sg_cli_identities,     &sg_cli_lot,     &sg_cli_renew,          &sg_cli_export,
    &sg_cli_audit,  &sg_cli_status, &sg_cli_doctor_command, &sg_cli_probe,   &sg_cli_assess_command, &help_command,
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct sg_cli_command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

/* `signet probe` has commands of its own. */
static const struct sg_cli_command *find_below(const struct sg_cli_command *c, const char *word)
{
    return c == &sg_cli_probe ? sg_cli_find_probe(word) : NULL;
}

static int unknown_command(const char *word)
{
    const char *names[COMMANDS + 1] = {NULL};
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i]->name;
    const char *near = sg_cli_nearest(word, names);
    if (near != NULL)
        return sg_cli_fail(SG_CLI_USAGE, "there is no command %s. Did you mean `signet %s`?", word, near);
    return sg_cli_fail(SG_CLI_USAGE, "there is no command %s. See `signet help`.", word);
}

void sg_cli_print_commands(void)
{
    (void)printf("\nCommands:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        (void)printf("  %s%-11s%s %s\n", sg_cli_style(SG_CLI_BOLD), commands[i]->name, sg_cli_style(SG_CLI_PLAIN),
                     commands[i]->what);
    (void)printf("\nEvery command takes --home DIR (else $SIGNET_HOME, else ~/.signet), --json where it prints data,\n"
                 "and --help. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused for safety, 4 nothing to do or\n"
                 "not found. The manual is signet(1).\n");
}

static int print_help(const struct sg_cli_command *c)
{
    (void)printf("signet %s%s%s\n    %s\n", c->name, c->synopsis[0] != '\0' ? " " : "", c->synopsis, c->what);
    if (c->help != NULL)
        (void)printf("\n%s", c->help);
    if (c->options != NULL && c->options[0].name != NULL)
        (void)printf("\nOptions:\n");
    for (const struct sg_cli_option *o = c->options; o != NULL && o->name != NULL; o++) {
        char left[40];
        (void)snprintf(left, sizeof left, "%s%s%s", o->name, o->value != NULL ? " " : "",
                       o->value != NULL ? o->value : "");
        (void)printf("  %-24s %s\n", left, o->what);
    }
    return SG_CLI_DONE;
}

static int help(struct sg_cli *cli)
{
    int i = sg_cli_next(cli);
    if (i == SG_CLI_BAD)
        return SG_CLI_USAGE;
    if (i == SG_CLI_END) {
        (void)printf("signet gives nRF91 devices an X.509 identity, and manages them by LwM2M.\n");
        sg_cli_print_commands();
        return SG_CLI_DONE;
    }
    const struct sg_cli_command *c = find_command(cli->value), *below;
    if (c == NULL)
        return unknown_command(cli->value);
    while ((i = sg_cli_next(cli)) == SG_CLI_OPERAND && (below = find_below(c, cli->value)) != NULL)
        c = below;
    if (i == SG_CLI_OPERAND)
        return sg_cli_fail(SG_CLI_USAGE, "there is no `signet %s %s`. See `signet help %s`.", c->name, cli->value,
                           c->name);
    return i == SG_CLI_END ? print_help(c) : SG_CLI_USAGE;
}

/* Whether --help stands among a command's arguments. */
static bool wants_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    struct sg_cli cli = {.command = &help_command, .argc = argc, .at = 1, .argv = argv};
    int i = 1;
    while (i < argc && argv[i][0] == '-') { /* options before the command */
        if (strcmp(argv[i], "--version") == 0) {
            (void)printf("signet %s\n", SG_VERSION);
            return SG_CLI_DONE;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            cli.at = argc;
            return help(&cli);
        }
        if (strcmp(argv[i], "--home") != 0 || i + 1 >= argc)
            return sg_cli_fail(SG_CLI_USAGE,
                               "%s stands before the command, where only --home DIR, --version and --help "
                               "may stand. See `signet help`.",
                               argv[i]);
        cli.dir = argv[i + 1];
        i += 2;
    }
    if (i >= argc)
        return sg_cli_overview(&cli);
    const struct sg_cli_command *c = find_command(argv[i]);
    if (c == NULL)
        return unknown_command(argv[i]);
    const struct sg_cli_command *below = i + 1 < argc ? find_below(c, argv[i + 1]) : NULL;
    if (below != NULL) {
        c = below;
        i++;
    }
    if (wants_help(argc - i - 1, argv + i + 1))
        return print_help(c);
    cli.command = c;
    cli.at = i + 1;
    int code = c->run(&cli);
    if (fflush(stdout) != 0 && code == SG_CLI_DONE)
        return sg_cli_fail(SG_CLI_FAILED, "writing to standard output failed");
    return code;
}
