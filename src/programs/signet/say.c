/* SPDX-License-Identifier: Apache-2.0 */
/* Failures on standard error, colour, and the word that was most likely meant. */
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { INDENT = 8, TEXT = 2048 }; /* INDENT: the width of "signet: " */

/* The width to wrap at; 0 where standard error is no terminal (then a sentence is one line, for grep). */
static size_t width(void)
{
    struct winsize w;
    if (!isatty(STDERR_FILENO) || ioctl(STDERR_FILENO, TIOCGWINSZ, &w) != 0)
        return 0;
    return w.ws_col > 40 ? w.ws_col : 80;
}

static void print_wrapped(const char *text, size_t columns)
{
    size_t at = INDENT;
    (void)fputs("signet:", stderr);
    while (*text != '\0') {
        size_t blank = strspn(text, " "), word = strcspn(text + blank, " ");
        if (at > INDENT && at + 1 + word > columns) {
            (void)fprintf(stderr, "\n%*s", INDENT, "");
            at = INDENT;
        } else {
            (void)fputc(' ', stderr);
            at++;
        }
        (void)fprintf(stderr, "%.*s", (int)word, text + blank);
        at += word;
        text += blank + word;
    }
    (void)fputc('\n', stderr);
}

static void say(const char *text)
{
    (void)fflush(stdout); /* so that both streams keep their order on one terminal */
    size_t columns = width();
    if (columns == 0)
        (void)fprintf(stderr, "signet: %s\n", text);
    else
        print_wrapped(text, columns);
}

int sg_cli_fail(int code, const char *fmt, ...)
{
    char text[TEXT];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    say(text);
    return code;
}

int sg_cli_fail_err(int code, const struct sg_error *err)
{
    say(err->text[0] != '\0' ? err->text : sg_strerror(err->code));
    return code;
}

int sg_cli_usage(const struct sg_cli *cli, const char *fmt, ...)
{
    char text[TEXT];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return sg_cli_fail(SG_CLI_USAGE, "%s See `signet help %s`.", text, cli->command->name);
}

/* How many letters must be added, dropped or changed to make `b` of `a`. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64], n = strlen(b);
    if (n >= sizeof row / sizeof row[0])
        return n;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 1; j <= n; j++) {
            size_t best = diagonal + (a[i] != b[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[n];
}

const char *sg_cli_nearest(const char *word, const char *const *names)
{
    const char *near = NULL;
    size_t least = 1 + strlen(word) / 3;
    for (size_t i = 0; names[i] != NULL; i++) {
        size_t d = distance(word, names[i]);
        if (d <= least && d < strlen(names[i])) {
            near = names[i];
            least = d > 0 ? d - 1 : 0; /* only a nearer one replaces it */
        }
    }
    return near;
}

bool sg_cli_colour(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if (no != NULL && no[0] != '\0')
        return false;
    return isatty(STDOUT_FILENO) && (term == NULL || strcmp(term, "dumb") != 0);
}

const char *sg_cli_style(enum sg_cli_style s)
{
    static const char *const escapes[] = {
        [SG_CLI_PLAIN] = "\033[0m", [SG_CLI_BOLD] = "\033[1m",   [SG_CLI_DIM] = "\033[2m",
        [SG_CLI_RED] = "\033[31m",  [SG_CLI_GREEN] = "\033[32m", [SG_CLI_YELLOW] = "\033[33m",
    };
    return sg_cli_colour() ? escapes[s] : "";
}
