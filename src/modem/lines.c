/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A modem's bytes cut into lines, and what each line is: information, final result, echo, unsolicited.
 *
 * at_host ends lines with CR LF, Serial Modem puts CR LF before them as well (modem notes 4.1, 11.1), so that empty
 * lines mean nothing. Base64 holds "OK", so that only whole lines are results. A credential that was read spans lines,
 * between quotes; quotes count only in lines that answer the running command, so that noise cannot swallow a result.
 * A shell's prompt is nothing, and its echo spans lines, between apostrophes.
 */
#include "modem/modem_internal.h"

static bool starts(struct sg_bytes line, struct sg_bytes with)
{
    return line.n >= with.n && sg_bytes_eq(sg_bytes(line.p, with.n), with);
}

/* "%CMNG" of "AT%CMNG=1,16", and of "AT%XSUDO=…;%CMNG=3,16,0". Empty for "AT" and "ATE0", and where no command runs. */
static struct sg_bytes command_name(struct sg_bytes head)
{
    size_t n = 2;

    if (starts(head, sg_str("AT%XSUDO="))) {
        while (head.n > 2 && head.p[1] != ';')
            head = sg_bytes(head.p + 1, head.n - 1);
    }
    while (n < head.n && head.p[n] != '=' && head.p[n] != '?')
        n++;
    if (head.n < 3 || (head.p[2] != '+' && head.p[2] != '%' && head.p[2] != '#'))
        return sg_bytes(NULL, 0);
    return sg_bytes(head.p + 2, n - 2);
}

static bool answers(struct sg_bytes line, struct sg_bytes head)
{
    struct sg_bytes name = command_name(head);

    return name.n > 0 && line.n > name.n && starts(line, name) && line.p[name.n] == ':';
}

/* The command as it was sent, or as much of it as has come back. */
static bool is_echo(struct sg_bytes line, struct sg_bytes head)
{
    return head.n > 0 && line.n >= 2 && (starts(line, head) || starts(head, line));
}

static void skip_nothing(struct sg_modem *m)
{
    size_t prompt;

    do {
        while (m->at < m->len && (m->in[m->at] == '\r' || m->in[m->at] == '\n' || m->in[m->at] == 0))
            m->at++;
        prompt = m->shell ? sg_modem_shell_prompt(sg_bytes(m->in + m->at, m->len - m->at)) : 0;
        m->at += prompt;
    } while (prompt > 0);
}

bool sg_modem_cut_line(struct sg_modem *m, struct sg_bytes head, struct sg_bytes *line)
{
    skip_nothing(m);
    bool quoted = false, typed = m->shell && sg_modem_shell_is_echo(sg_bytes(m->in + m->at, m->len - m->at));
    for (size_t i = m->at; i < m->len; i++) {
        uint8_t c = m->in[i];
        if (c == (typed ? '\'' : '"'))
            quoted = !quoted;
        if (c != '\r' && c != '\n')
            continue;
        *line = sg_bytes(m->in + m->at, i - m->at);
        if (quoted && (typed || answers(*line, head) || is_echo(*line, head)))
            continue;
        m->at = i + 1;
        return true;
    }
    return false;
}

int sg_modem_final(struct sg_bytes line, int *cme)
{
    struct sg_bytes rest;
    uint64_t number;

    int failure = sg_modem_shell_failure(line);

    *cme = SG_CME_PLAIN;
    if (failure < 0 || sg_bytes_eq_str(line, "OK"))
        return failure;
    if ((sg_modem_after(line, "+CME ERROR:", &rest) || sg_modem_after(line, "+CMS ERROR:", &rest)) &&
        sg_modem_field_number(&rest, 65535, &number))
        *cme = (int)number;
    return SG_EDENIED;
}

static bool is_final(struct sg_bytes line)
{
    struct sg_bytes rest;

    return sg_bytes_eq_str(line, "OK") || sg_bytes_eq_str(line, "ERROR") ||
           sg_modem_after(line, "+CME ERROR:", &rest) || sg_modem_after(line, "+CMS ERROR:", &rest) ||
           sg_modem_shell_failure(line) < 0;
}

/* What Nordic's hosts print when they start (modem notes 4.1, 4.3): it answers nothing. */
static bool is_boot_text(struct sg_bytes line)
{
    return sg_bytes_eq_str(line, "Ready") || sg_bytes_eq_str(line, "The AT host sample started");
}

/* "+CEREG: …": a mark, a name, a colon. Lines of another form (an IMEI, a model, hexadecimal data) carry no name. */
static bool is_named(struct sg_bytes line)
{
    size_t n = 1;

    if (line.p[0] != '+' && line.p[0] != '%' && line.p[0] != '#')
        return false;
    while (n < line.n && line.p[n] > ' ' && line.p[n] != ':')
        n++;
    return n < line.n && line.p[n] == ':';
}

enum sg_modem_kind sg_modem_kind(struct sg_bytes line, struct sg_bytes head)
{
    struct sg_bytes rest;

    if (is_final(line))
        return SG_LINE_FINAL;
    if (is_echo(line, head) || sg_modem_shell_is_echo(line))
        return SG_LINE_ECHO;
    /* Setting #XAPOLL answers nothing but OK, and events of the same name may come at once (modem notes 11.5). */
    if (sg_modem_after(line, "#XAPOLL:", &rest) && head.n > 0 && head.p[head.n - 1] != '?')
        return SG_LINE_UNSOLICITED;
    if (head.n == 0 || is_boot_text(line) || (is_named(line) && !answers(line, head)))
        return SG_LINE_UNSOLICITED;
    return SG_LINE_INFORMATION;
}
