/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that is a shell (Modem Shell; modem notes 4.2): an AT command is the argument of its command `at`.
 *
 *     mosh:~$ at 'AT%CMNG=0,1,0,"-----BEGIN CERTIFICATE-----\nMIIB…\n"'
 *
 * Within apostrophes the shell leaves most characters alone; in AT%CMNG=0, `at` makes CR LF of the two characters \n,
 * and that is the only way for a line end to get through. What the shell prints has a prompt, colours, and one CR more
 * before each LF than the modem sent; its echo is broken at the terminal's edge.
 */
#include "modem/modem_internal.h"

enum { SHELL_LINE_MAX = 3583 /* Modem Shell: CONFIG_SHELL_CMD_BUFF_SIZE 3584 with its NUL */, PROMPT_MAX = 32 };
enum { ESCAPE = 0x1B, E2BIG_OF_LIBRARY = 7 };

static const char begin[] = "at '", end[] = "'";

size_t sg_modem_command_max(const struct sg_modem *m)
{
    return m->shell ? SHELL_LINE_MAX - (sizeof begin - 1) - (sizeof end - 1) : SG_AT_COMMAND_MAX;
}

/* -------------------------------------------------------------------------------------------------------- sending */

static bool passes(struct sg_bytes piece, bool line_ends)
{
    for (size_t i = 0; i < piece.n; i++) {
        uint8_t c = piece.p[i];
        if (line_ends && c == '\r' && i + 1 < piece.n && piece.p[i + 1] == '\n')
            i++;
        else if (c < ' ' || c >= 0x7F || c == '\'' || c == '\\')
            return false;
    }
    return true;
}

bool sg_modem_shell_passes(const struct sg_modem_text *text)
{
    struct sg_bytes rest;
    bool line_ends = sg_modem_after(text->head, "AT%CMNG=0", &rest);

    return !text->hex && passes(text->head, line_ends) && passes(text->body, line_ends) && passes(text->tail, false);
}

static int write_piece(struct sg_modem *m, struct sg_bytes v)
{
    int e = 0;

    for (size_t at = 0, n; at < v.n && e == 0; at += n) {
        bool line_end = v.p[at] == '\r';
        for (n = line_end ? 2 : 0; !line_end && at + n < v.n && v.p[at + n] != '\r'; n++)
            ;
        e = m->io.write(m->io.user, line_end ? (const void *)"\\n" : v.p + at, n);
    }
    return e;
}

int sg_modem_shell_write(struct sg_modem *m, const struct sg_modem_text *text)
{
    const struct sg_bytes pieces[] = {sg_str(begin), text->head, text->body, text->tail, sg_str(end)};
    int e = 0;

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces && e == 0; i++)
        e = write_piece(m, pieces[i]);
    return e;
}

void sg_modem_put_crlf(struct sg_buf *out, struct sg_bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n' && (i == 0 || text.p[i - 1] != '\r'))
            sg_put_u8(out, '\r');
        sg_put_u8(out, text.p[i]);
    }
}

/* ------------------------------------------------------------------------------------------------------ receiving */

void sg_modem_shell_clean(struct sg_modem *m, size_t n)
{
    const uint8_t *p = m->in + m->len;

    for (size_t i = 0; i < n; i++) {
        uint8_t c = p[i];
        if (m->escape == '[')
            m->escape = c >= '@' && c <= '~' ? 0 : '['; /* ECMA-48 section 5.4 */
        else if (m->escape == ESCAPE)
            m->escape = c == '[' ? '[' : 0;
        else if (c == ESCAPE)
            m->escape = ESCAPE;
        else if (c == '\n' && m->len > m->at && m->in[m->len - 1] == '\r')
            m->in[m->len - 1] = '\n';
        else
            m->in[m->len++] = c;
    }
}

/* "mosh:~$ ", "uart:~$ " */
size_t sg_modem_shell_prompt(struct sg_bytes text)
{
    static const char sign[] = ":~$ ";
    size_t length = sizeof sign - 1;

    for (size_t n = 0; n < PROMPT_MAX && n + length <= text.n && text.p[n] > ' '; n++)
        if (sg_bytes_eq_str(sg_bytes(text.p + n, length), sign))
            return n + length;
    return 0;
}

bool sg_modem_shell_is_echo(struct sg_bytes line)
{
    struct sg_bytes rest;
    return sg_modem_after(line, begin, &rest);
}

bool sg_modem_shell_is_there(struct sg_bytes line)
{
    static const char unknown[] = ": command not found";
    size_t n = sizeof unknown - 1;

    return line.n > n && sg_bytes_eq_str(sg_bytes(line.p + line.n - n, n), unknown);
}

int sg_modem_shell_failure(struct sg_bytes line)
{
    struct sg_bytes rest;
    uint64_t number;

    if (sg_modem_after(line, "not terminated: ", &rest))
        return SG_EUNSUPPORTED;
    if (!sg_modem_after(line, "Sending AT command failed with error code -", &rest))
        return 0;
    return sg_parse_udec(rest, 65535, &number) == 0 && number == E2BIG_OF_LIBRARY ? SG_ENOSPC : SG_EDENIED;
}
