/* SPDX-License-Identifier: Apache-2.0 */
/* Options and operands of a command line, by the command's own table. */
#include "cli.h"

#include <string.h>

/* Options that every command has. */
static const struct sg_cli_option common[] = {
    {"--home", "DIR", NULL},
    {"--json", NULL, NULL},
    {NULL, NULL, NULL},
};

/* Whether `arg` is "NAME" or "NAME=…"; *value is what follows the '='. */
static bool is_option(const char *arg, const char *name, const char **value)
{
    size_t n = strlen(name);
    if (strncmp(arg, name, n) != 0)
        return false;
    *value = arg[n] == '=' ? arg + n + 1 : NULL;
    return arg[n] == '\0' || arg[n] == '=';
}

static int find(const struct sg_cli_option *options, const char *arg, const char **value)
{
    for (int i = 0; options != NULL && options[i].name != NULL; i++)
        if (is_option(arg, options[i].name, value))
            return i;
    return -1;
}

static int unknown(const struct sg_cli *cli, const char *arg)
{
    const char *names[32] = {"--home", "--json", "--help"};
    size_t n = 3;
    for (const struct sg_cli_option *o = cli->command->options; o != NULL && o->name != NULL; o++)
        if (n < sizeof names / sizeof names[0] - 1)
            names[n++] = o->name;
    const char *near = sg_cli_nearest(arg, names);
    if (near != NULL)
        (void)sg_cli_usage(cli, "there is no option %s. Did you mean %s?", arg, near);
    else
        (void)sg_cli_usage(cli, "there is no option %s.", arg);
    return SG_CLI_BAD;
}

/* Takes an option's value, from behind its '=' or from the next argument. */
static bool take_value(struct sg_cli *cli, const struct sg_cli_option *o, const char *inline_value)
{
    cli->value = inline_value;
    if (o->value == NULL) {
        if (inline_value != NULL)
            (void)sg_cli_usage(cli, "the option %s takes no value (here: %s).", o->name, inline_value);
        return inline_value == NULL;
    }
    if (inline_value == NULL && cli->at < cli->argc)
        cli->value = cli->argv[cli->at++];
    if (cli->value == NULL || cli->value[0] == '\0') {
        (void)sg_cli_usage(cli, "the option %s needs a value: %s %s.", o->name, o->name, o->value);
        return false;
    }
    return true;
}

int sg_cli_next(struct sg_cli *cli)
{
    while (cli->at < cli->argc) {
        const char *arg = cli->argv[cli->at++], *value = NULL;
        /* "-" alone and "-5" are operands: no option begins with a digit, and values may be negative. */
        if (cli->no_options || arg[0] != '-' || arg[1] == '\0' || (arg[1] >= '0' && arg[1] <= '9')) {
            cli->value = arg;
            return SG_CLI_OPERAND;
        }
        if (strcmp(arg, "--") == 0) {
            cli->no_options = true;
            continue;
        }
        int i = find(cli->command->options, arg, &value);
        if (i >= 0)
            return take_value(cli, &cli->command->options[i], value) ? i : SG_CLI_BAD;
        i = find(common, arg, &value);
        if (i < 0)
            return unknown(cli, arg);
        if (!take_value(cli, &common[i], value))
            return SG_CLI_BAD;
        if (i == 0)
            cli->dir = cli->value;
        else
            cli->json = true;
    }
    struct sg_error err = {0};
    if (sg_home_find(&cli->home, cli->dir, &err) < 0) {
        (void)sg_cli_fail_err(SG_CLI_USAGE, &err);
        return SG_CLI_BAD;
    }
    return SG_CLI_END;
}

int sg_cli_number(const struct sg_cli *cli, int option, uint64_t least, uint64_t most, uint64_t *n)
{
    if (sg_parse_udec(sg_str(cli->value), most, n) == 0 && *n >= least)
        return 0;
    return sg_cli_usage(cli, "%s takes a number from %llu to %llu, not %s.", cli->command->options[option].name,
                        (unsigned long long)least, (unsigned long long)most, cli->value);
}

int sg_cli_operands(struct sg_cli *cli, const char *const *names, const char **values)
{
    size_t n = 0;
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        if (i == SG_CLI_BAD)
            return SG_CLI_USAGE;
        if (names[n] == NULL)
            return sg_cli_usage(cli, "there is one word too many: %s.", cli->value);
        values[n++] = cli->value;
    }
    if (names[n] != NULL)
        return sg_cli_usage(cli, "%s is missing.", names[n]);
    return 0;
}
