/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of the port into commands, as each host does it (modem notes 4.1 and 4.3). CR ends a command outside quotes
 * only; an LF before a command belongs to it and is skipped later.
 */
#include "sim_internal.h"

enum { BACKSPACE = 0x08, DEL = 0x7F };

/* at_host: a deleted quote does not change the quote flag, and what is too much is dropped without a word, so that a
 * lost closing quote leaves the port waiting. */
static enum sg_sim_fed feed_at_host(struct sg_sim_line *l, uint8_t c)
{
    if (c == BACKSPACE || c == DEL) {
        if (l->len > 0)
            l->len--;
        return SG_SIM_NOT_YET;
    }
    if (c == '\r' && !l->quoted)
        return SG_SIM_COMMAND;
    if (l->len == (l->max && l->max < SG_SIM_AT_HOST_MAX ? l->max : SG_SIM_AT_HOST_MAX))
        return SG_SIM_NOT_YET;
    if (c == '"')
        l->quoted = !l->quoted;
    l->text[l->len++] = c;
    return SG_SIM_NOT_YET;
}

static bool is_letter(uint8_t c, char letter)
{
    return (c | 0x20) == letter;
}

/* Serial Modem: nothing counts before "AT"; a deleted quote does; too much is an ERROR, and a fresh start. SLM, which
 * came before it, has a buffer of half the size, and wants CR LF (modem notes 4.3, 11.1). */
static enum sg_sim_fed feed_serial_modem(struct sg_sim_line *l, bool slm, uint8_t c)
{
    size_t max = slm ? SG_SIM_SLM_MAX : sizeof l->text;

    if (c == BACKSPACE || c == DEL) {
        if (l->len > 0 && l->text[--l->len] == '"')
            l->quoted = !l->quoted;
        return SG_SIM_NOT_YET;
    }
    if (l->len == 1 && !is_letter(c, 't'))
        l->len = 0;
    if (l->len == 0 && !is_letter(c, 'a'))
        return SG_SIM_NOT_YET;
    if (c == '\r' && !l->quoted && !slm)
        return SG_SIM_COMMAND;
    if (c == '\n' && !l->quoted && slm && l->text[l->len - 1] == '\r')
        return SG_SIM_COMMAND;
    if (l->len == (l->max && l->max < max ? l->max : max)) {
        l->len = 0;
        l->quoted = false;
        return SG_SIM_OVERFLOW;
    }
    if (c == '"')
        l->quoted = !l->quoted;
    l->text[l->len++] = c;
    return SG_SIM_NOT_YET;
}

/* A shell: quotes are its own matter, later. */
static enum sg_sim_fed feed_shell(struct sg_sim_line *l, uint8_t c)
{
    if (c == BACKSPACE || c == DEL)
        l->len -= l->len > 0;
    else if (c == '\r')
        return SG_SIM_COMMAND;
    else if (c != '\n' && l->len < (l->max && l->max < SG_SIM_SHELL_MAX ? l->max : SG_SIM_SHELL_MAX))
        l->text[l->len++] = c;
    return SG_SIM_NOT_YET;
}

enum sg_sim_fed sg_sim_line_feed(struct sg_sim_line *l, enum sg_sim_host host, uint8_t c)
{
    switch (host) {
    case SG_SIM_SERIAL_MODEM:
    case SG_SIM_SLM29:
    case SG_SIM_SLM31:
        return feed_serial_modem(l, host != SG_SIM_SERIAL_MODEM, c);
    case SG_SIM_AT_HOST:
        return feed_at_host(l, c);
    case SG_SIM_SHELL:
        return feed_shell(l, c);
    }
    return SG_SIM_NOT_YET;
}
