/* SPDX-License-Identifier: Apache-2.0 */
/*
 * at_shell, as in Nordic's Modem Shell: a Zephyr shell whose command `at` passes one argument to the modem (modem notes
 * 4.2). Quotes are the shell's, so that a command with quotes of its own stands in apostrophes; in AT%CMNG=0 the two
 * characters \n become CR LF (CONFIG_AT_SHELL_UNESCAPE_LF).
 */
#include "sim_internal.h"

#include <string.h>
#include <strings.h>

static const char prompt[] = "\x1b[1;32muart:~$ \x1b[m";

void sg_sim_shell_prompt(struct sg_sim *s)
{
    sg_sim_output(s, sg_str(prompt));
}

/* The shell's quotes off, in place: what is left of the argument. */
static size_t unquote(uint8_t *p, size_t n)
{
    size_t out = 0;
    uint8_t quote = 0;

    for (size_t i = 0; i < n; i++) {
        if (quote == 0 && (p[i] == '\'' || p[i] == '"'))
            quote = p[i];
        else if (quote != 0 && p[i] == quote)
            quote = 0;
        else if (quote == 0 && p[i] == ' ')
            break; /* the next argument, which `at` does not take */
        else {
            i += quote != 0 && p[i] == '\\' && i + 1 < n && p[i + 1] == quote;
            p[out++] = p[i];
        }
    }
    return out;
}

/* Each \n becomes CR LF, which has the same length. */
static void unescape(uint8_t *p, size_t n)
{
    static const char write[] = "AT%CMNG=0";

    if (n < sizeof write - 1 || strncasecmp((const char *)p, write, sizeof write - 1) != 0)
        return;
    for (size_t i = 0; i + 1 < n; i++)
        if (p[i] == '\\' && p[i + 1] == 'n')
            memcpy(p + i, "\r\n", 2);
}

bool sg_sim_shell_take(struct sg_sim *s)
{
    struct sg_sim_line *l = &s->line;
    size_t n = 0;

    while (n < l->len && l->text[n] > ' ')
        n++;
    if (n == 2 && memcmp(l->text, "at", 2) == 0) {
        while (n < l->len && l->text[n] == ' ')
            n++;
        l->len = unquote(l->text + n, l->len - n);
        memmove(l->text, l->text + n, l->len);
        unescape(l->text, l->len);
        if (l->len > 0)
            return true;
    } else if (n > 0) {
        sg_sim_output(s, sg_bytes(l->text, n));
        sg_sim_output(s, sg_str(": command not found\r\n"));
    }
    sg_sim_shell_prompt(s);
    return false;
}
