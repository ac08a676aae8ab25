/* SPDX-License-Identifier: Apache-2.0 */
/* signet probe guide: what a person does at a bench, step by step, and what he sees. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWERS = SG_CLI_PROBE_OWN, WITNESS, WATCH, IMAGE, OPTIONS };
static const struct sg_cli_option options[] = {
    SG_CLI_PROBE_OPTIONS,
    [ANSWERS] = {"--answers", "FILE", "take the answers from a JSON file instead of asking"},
    [WITNESS] = {"--witness", "NAME", "who watches, instead of asking"},
    [WATCH] = {"--watch", "COMMAND", "run this before and after, and record what it says, as the version"},
    [IMAGE] = {"--image", "FILE", "what is offered to the device: its digest is recorded"},
    [OPTIONS] = {NULL, NULL, NULL},
};

enum { FILE_MAX = 64 << 20 };

struct guiding {
    struct sg_cli_probe p;
    const char *run, *answers_file, *witness, *command, *image;
    json_t *answers; /* NULL: a person is asked */
};

/* ---------------------------------------------------------------------------------------------------- talking */

/* To the person, whom --json must not hide the steps from. */
static void tell(void *user, const char *text)
{
    const struct guiding *w = user;
    if (w->answers == NULL)
        (void)fprintf(stderr, "%s\n", text);
}

static bool is_choice(const char *choices, const char *answer)
{
    size_t n = strlen(answer);
    for (const char *p = choices; n > 0 && *p != '\0';) {
        size_t word = strcspn(p, " ");
        if (word == n && strncmp(p, answer, n) == 0)
            return true;
        p += word + (p[word] == ' ');
    }
    return false;
}

static int from_file(const struct guiding *w, const struct sg_probe_question *q, char answer[SG_PROBE_ANSWER])
{
    const char *text = json_string_value(json_object_get(w->answers, q->key));
    if (text == NULL || text[0] == '\0' || strlen(text) >= SG_PROBE_ANSWER ||
        (q->choices != NULL && !is_choice(q->choices, text))) {
        (void)sg_cli_fail(0, "%s has no fitting answer for \"%s\": %s %s%s", w->answers_file, q->key, q->text,
                          q->choices != NULL ? "One of: " : "A text of 1 to 399 bytes.",
                          q->choices != NULL ? q->choices : "");
        return SG_EFORMAT;
    }
    (void)snprintf(answer, SG_PROBE_ANSWER, "%s", text);
    return 0;
}

static int from_person(const struct sg_probe_question *q, char answer[SG_PROBE_ANSWER])
{
    for (;;) {
        (void)fprintf(stderr, "? %s%s%s%s ", q->text, q->choices != NULL ? " (" : "",
                      q->choices != NULL ? q->choices : "", q->choices != NULL ? ")" : "");
        if (fgets(answer, SG_PROBE_ANSWER, stdin) == NULL) {
            (void)fputc('\n', stderr);
            (void)sg_cli_fail(0, "ended before all was answered: nothing was recorded of this run.");
            return SG_ECLOSED;
        }
        answer[strcspn(answer, "\n")] = '\0';
        if (q->choices == NULL ? answer[0] != '\0' : is_choice(q->choices, answer))
            return 0;
    }
}

static int ask(void *user, const struct sg_probe_question *q, char answer[SG_PROBE_ANSWER])
{
    const struct guiding *w = user;
    if (strcmp(q->key, "witness") == 0 && w->witness != NULL) {
        (void)snprintf(answer, SG_PROBE_ANSWER, "%s", w->witness);
        return 0;
    }
    return w->answers != NULL ? from_file(w, q, answer) : from_person(q, answer);
}

/* The operator's own command, its standard output into `out`. The child, or -1. */
static pid_t start(const char *command, int out)
{
    char shell[] = "sh", option[] = "-c", *copy = strdup(command);
    char *const argv[] = {shell, option, copy, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child = -1;
    if (copy == NULL || posix_spawn_file_actions_init(&actions) != 0) {
        free(copy);
        return -1;
    }
    if (posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO) != 0 ||
        posix_spawn(&child, "/bin/sh", &actions, NULL, argv, environ) != 0)
        child = -1;
    (void)posix_spawn_file_actions_destroy(&actions);
    free(copy);
    return child;
}

/* All that comes, of which the first bytes are kept. */
static void keep_output(int from, struct sg_probe_watched *watched)
{
    char piece[512];
    size_t have = 0;
    for (ssize_t n; (n = read(from, piece, sizeof piece)) > 0 || (n < 0 && errno == EINTR);) {
        size_t room = sizeof watched->output - 1 - have, kept = n < 0 ? 0 : (size_t)n < room ? (size_t)n : room;
        memcpy(watched->output + have, piece, kept);
        have += kept;
    }
    watched->output[have] = '\0';
}

static int look(void *user, struct sg_probe_watched *watched)
{
    const struct guiding *w = user;
    int ends[2], status = 0;
    pid_t child = -1;
    if (pipe2(ends, O_CLOEXEC) == 0) {
        child = start(w->command, ends[1]);
        (void)close(ends[1]);
        if (child > 0)
            keep_output(ends[0], watched);
        (void)close(ends[0]);
    }
    if (child < 0) {
        (void)sg_cli_fail(0, "running %s: %s", w->command, strerror(errno));
        return SG_EIO;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    watched->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    tell(user, "What watches says:");
    tell(user, watched->output);
    return 0;
}

/* ------------------------------------------------------------------------------------------------- arguments */

static int take(struct guiding *w, int option)
{
    struct sg_cli *cli = w->p.cli;
    switch (option) {
    case SG_CLI_BAD:
        return SG_CLI_USAGE;
    case ANSWERS:
        w->answers_file = cli->value;
        return 0;
    case WITNESS:
        w->witness = cli->value;
        return 0;
    case WATCH:
        w->command = cli->value;
        return 0;
    case IMAGE:
        w->image = cli->value;
        return 0;
    case SG_CLI_OPERAND:
        if (w->run != NULL)
            return sg_cli_usage(cli, "there is one word too many: %s.", cli->value);
        w->run = cli->value;
        return 0;
    default:
        sg_cli_probe_option(&w->p, option);
        return 0;
    }
}

static int list_guides(const struct sg_cli *cli)
{
    size_t n;
    const struct sg_probe_run *run = sg_probe_runs(SG_PROBE_GUIDED, &n);
    struct sg_cli_table table = {.cells = 0};
    if (cli->json)
        return sg_cli_usage(cli, "name the run: `signet probe runs --json` lists them.");
    sg_cli_row(&table, 2, (const char *const[]){"RUN", "WHAT IS DONE"});
    for (size_t i = 0; i < n; i++)
        sg_cli_row(&table, 2, (const char *const[]){run[i].name, run[i].title});
    sg_cli_print_table(&table);
    return SG_CLI_DONE;
}

static int get_answers(struct guiding *w)
{
    json_error_t why;
    if (w->answers_file == NULL)
        return isatty(STDIN_FILENO) ? 0
                                    : sg_cli_fail(SG_CLI_USAGE, "there is no terminal to ask at: give --answers FILE.");
    w->answers = json_load_file(w->answers_file, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(w->answers))
        return sg_cli_fail(SG_CLI_FAILED, "%s is not a JSON object of answers: line %d: %s", w->answers_file, why.line,
                           w->answers == NULL ? why.text : "something else");
    return 0;
}

static int guide(struct guiding *w, const struct sg_probe_run *run, struct sg_bytes image)
{
    struct sg_probe_target target = {.kind = SG_PROBE_GUIDED, .address = "a bench"};
    struct sg_probe_guide g = {.target = &target,
                               .tell = tell,
                               .ask = ask,
                               .look = w->command != NULL ? look : NULL,
                               .user = w,
                               .file = w->image,
                               .content = image};
    struct sg_error err = {0};
    int code = get_answers(w);
    if (code == 0)
        code = sg_cli_probe_begin(&w->p, SG_PROBE_GUIDED, &target, NULL);
    return code == 0 ? sg_cli_probe_end(&w->p, sg_probe_guide(&g, run, &w->p.watch), &err) : code;
}

static int run(struct sg_cli *cli)
{
    struct guiding w = {.answers = NULL};
    struct sg_error err = {0};
    uint8_t *image = NULL;
    size_t n = 0;
    sg_cli_probe_init(&w.p, cli);
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        int code = take(&w, i);
        if (code != 0)
            return code;
    }
    if (w.run == NULL)
        return list_guides(cli);
    const struct sg_probe_run *run = sg_probe_find_run(w.run);
    if (run == NULL)
        return sg_cli_usage(cli, "there is no run %s: `signet probe guide` lists them.", w.run);
    w.p.only = w.run; /* refused where it is no guided one */
    if (w.image != NULL && (image = sg_file_read(w.image, FILE_MAX, &n, &err)) == NULL)
        return sg_cli_fail_err(err.code == SG_ENOTFOUND ? SG_CLI_NOTHING : SG_CLI_FAILED, &err);
    int code = guide(&w, run, sg_bytes(image, n));
    free(image);
    json_decref(w.answers);
    return code;
}

const struct sg_cli_command sg_cli_probe_guide = {
    "probe guide",
    "[RUN] [OPTION…]",
    "guides a person through a run at a bench, and records who saw what",
    "Says what to do, asks what was seen, and records it as a person's observation,\n"
    "with the name of the witness. Without RUN, lists the runs. The answers in a file:\n"
    "a JSON object with witness, before, done, seen, statement and after.\n",
    options,
    run,
};
