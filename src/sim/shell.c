/* SPDX-License-Identifier: Apache-2.0 */
/*
 * at_shell, as in Nordic's Modem Shell: a Zephyr shell whose command `at` passes one argument to the modem (modem notes
 * 4.2; Zephyr's subsys/shell for the rest). Quotes are the shell's, so that a command with quotes of its own stands in
 * apostrophes; in AT%CMNG=0 the two characters \n become CR LF (CONFIG_AT_SHELL_UNESCAPE_LF). What is typed comes back
 * in lines of a terminal's width, and whatever is printed gets a CR before each LF, the modem's own CR LF too.
 */
#include "sim_internal.h"

#include <string.h>

enum { PROMPT = 8, WIDTH = 80 /* CONFIG_SHELL_DEFAULT_TERMINAL_WIDTH */, REPLY_MAX = 2700 };
enum { BACKSPACE = 0x08, DEL = 0x7F };

void sg_sim_shell_prompt(struct sg_sim *s)
{
    s->column = PROMPT;
    sg_sim_output(s, sg_str("\x1b[1;32mmosh:~$ \x1b[m"));
}

static void print_error(struct sg_sim *s, const char *before, struct sg_bytes what, const char *after)
{
    sg_sim_output(s, sg_str("\x1b[1;31m"));
    sg_sim_output(s, sg_str(before));
    sg_sim_output(s, what);
    sg_sim_output(s, sg_str(after));
    sg_sim_output(s, sg_str("\r\n\x1b[m"));
}

void sg_sim_shell_echo(struct sg_sim *s, uint8_t c)
{
    if (c == '\n' || (c != '\r' && s->line.len >= SG_SIM_SHELL_MAX))
        return;
    if (c != '\r')
        sg_sim_output(s, sg_bytes(&c, 1));
    if (c == BACKSPACE || c == DEL) {
        s->column -= s->column > PROMPT;
        return;
    }
    s->column += c != '\r';
    if ((c == '\r') != (s->column % WIDTH == 0)) /* after the edge the cursor is in a new line already */
        sg_sim_output(s, sg_str("\r\n"));
}

/* The shell's quotes off, in place: what is left of the argument. The quote that is not closed, or 0. */
static uint8_t unquote(uint8_t *p, size_t *n)
{
    size_t out = 0;
    uint8_t quote = 0;

    for (size_t i = 0; i < *n; i++) {
        if (quote == 0 && (p[i] == '\'' || p[i] == '"'))
            quote = p[i];
        else if (quote != 0 && p[i] == quote)
            quote = 0;
        else if (quote == 0 && p[i] == ' ')
            break; /* the next argument, which `at` does not take */
        else {
            i += p[i] == '\\' && i + 1 < *n && (quote == 0 || p[i + 1] == quote);
            p[out++] = p[i];
        }
    }
    *n = out;
    return quote;
}

/* Each \n becomes CR LF, which has the same length. */
static void unescape(const struct sg_sim *s, uint8_t *p, size_t n)
{
    static const char write[] = "AT%CMNG=0";

    if (n < sizeof write - 1 || memcmp(p, write, sizeof write - 1) != 0 || sg_sim_is(s, SG_SIM_SHELL_LINES, "as-typed"))
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
        l->len -= n;
        memmove(l->text, l->text + n, l->len);
        uint8_t open = unquote(l->text, &l->len);
        if (open != 0) {
            print_error(s, "not terminated: ", sg_bytes(&open, 1), "");
        } else if (l->len > 0) {
            unescape(s, l->text, l->len);
            return true;
        }
    } else if (n > 0) {
        print_error(s, "", sg_bytes(l->text, n), ": command not found");
    }
    sg_sim_shell_prompt(s);
    return false;
}

void sg_sim_shell_reply(struct sg_sim *s)
{
    uint8_t space[2 * REPLY_MAX + 2];
    struct sg_buf b = sg_buf(space, sizeof space);

    if (s->reply.len > REPLY_MAX) { /* NRF_E2BIG of the modem library */
        sg_sim_output(s, sg_str("Sending AT command failed with error code -7\r\n"));
        return;
    }
    for (size_t i = 0; i < s->reply.len; i++) {
        if (s->reply.p[i] == '\n')
            sg_put_u8(&b, '\r');
        sg_put_u8(&b, s->reply.p[i]);
    }
    sg_put_str(&b, "\r\n");
    sg_sim_fault_unsolicited(s, sg_buf_bytes(&b));
    sg_wipe(space, sizeof space);
}
