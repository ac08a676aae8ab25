/* SPDX-License-Identifier: Apache-2.0 */
/* signet probe: the words after it, each a command of its own. */
#include "probe.h"
#include "commands.h"

#include <string.h>

static const struct {
    const char *word;
    const struct sg_cli_command *command;
} words[] = {
    {"server", &sg_cli_probe_server}, {"device", &sg_cli_probe_device},   {"modem", &sg_cli_probe_modem},
    {"image", &sg_cli_probe_image},   {"batch", &sg_cli_probe_batch},     {"guide", &sg_cli_probe_guide},
    {"runs", &sg_cli_probe_runs},     {"records", &sg_cli_probe_records},
};
enum { WORDS = sizeof words / sizeof words[0] };

const struct sg_cli_command *sg_cli_find_probe(const char *word)
{
    for (size_t i = 0; i < WORDS; i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].command;
    return NULL;
}

/* Only what names none of the words comes here. */
static int run(struct sg_cli *cli)
{
    const char *names[WORDS + 1] = {NULL};
    int i = sg_cli_next(cli);
    if (i == SG_CLI_BAD)
        return SG_CLI_USAGE;
    if (i == SG_CLI_END)
        return sg_cli_usage(cli, "say what to probe: `signet probe modem`, for example.");
    for (size_t n = 0; n < WORDS; n++)
        names[n] = words[n].word;
    const char *near = sg_cli_nearest(cli->value, names);
    if (near != NULL)
        return sg_cli_usage(cli, "there is no `signet probe %s`. Did you mean `signet probe %s`?", cli->value, near);
    return sg_cli_usage(cli, "there is no `signet probe %s`.", cli->value);
}

const struct sg_cli_command sg_cli_probe = {
    "probe",
    "WHAT [OPTION…]",
    "tries what must be refused, and records what happened",
    "  device             a device that connects to servers, good and bad\n"
    "  modem              an nRF91 modem at its AT port\n"
    "  server coaps://…   a LwM2M or CoAP server: versions, suites, certificate, clients\n"
    "  image FILE…        firmware images: keys, passwords, signature, build\n"
    "  batch [FILE…]      the identities of a lot: no two units may share one\n"
    "  guide [RUN]        what a person does at a bench: updates, debug port, reset\n"
    "  runs               the catalogue: every run, and the requirements it speaks to\n"
    "  records DIR        lists an evidence folder, and checks all that is in it\n"
    "\n"
    "`signet help probe WHAT` tells all about one. Each run leaves a signed record in\n"
    "an evidence folder. Exit codes of what makes runs: 0 nothing spoke against the\n"
    "target, 5 a failure of medium severity at most, 6 of high or critical severity,\n"
    "7 no failure, but something was skipped; 1 to 4 as everywhere.\n",
    NULL,
    run,
};
