/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signet modem console: AT commands by hand, or as a script on standard input. A command is a line; within quotes, line
 * ends are part of it. Nothing is sent that the person did not write, but "AT" to get into step.
 */
#include "modem.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { PATIENCE = 45000, CONNECT_PATIENCE = 135000 /* a handshake: modem notes 11.6 */ };

struct console {
    struct sg_cli_modem *d;
    bool terminal;
    unsigned line; /* of the input, where the command began */
    unsigned lines;
    uint8_t text[SG_AT_COMMAND_MAX + 1];
    size_t n;
    bool quoted, too_long;
    json_t *replies; /* NULL: people read */
};

/* ------------------------------------------------------------------------------------------------------ output */

static void print_line(const struct console *c, struct sg_bytes line)
{
    char raw[SG_AT_REPLY_MAX + 1], clean[SG_AT_REPLY_MAX + 1];
    size_t n = line.n < SG_AT_REPLY_MAX ? line.n : SG_AT_REPLY_MAX;
    (void)c;
    memcpy(raw, line.p, n);
    raw[n] = '\0';
    sg_cli_clean_into(raw, clean, sizeof clean);
    (void)puts(clean);
}

/* Each line of a reply. */
static void each_line(struct console *c, struct sg_bytes reply, json_t *list)
{
    while (reply.n > 0) {
        const uint8_t *end = memchr(reply.p, '\n', reply.n);
        size_t n = end != NULL ? (size_t)(end - reply.p) : reply.n;
        size_t shown = n > 0 && reply.p[n - 1] == '\r' ? n - 1 : n; /* of content that was written with CR LF */
        if (list != NULL)
            (void)json_array_append_new(list, json_stringn((const char *)reply.p, shown));
        else
            print_line(c, sg_bytes(reply.p, shown));
        n += end != NULL;
        reply = sg_bytes(reply.p + n, reply.n - n);
    }
}

static void on_unsolicited(void *user, struct sg_bytes line)
{
    struct console *c = user;
    if (c->replies != NULL)
        (void)json_array_append_new(c->replies,
                                    json_pack("{s:o}", "unsolicited", json_stringn((const char *)line.p, line.n)));
    else
        print_line(c, line);
    (void)fflush(stdout);
}

static void tell(struct console *c, int r, struct sg_bytes reply)
{
    char result[64] = "OK";
    int cme = c->d->modem.cme;
    if (r == SG_EDENIED && cme >= 0)
        (void)snprintf(result, sizeof result, "+CME ERROR: %d", cme);
    else if (r < 0)
        (void)snprintf(result, sizeof result, "%s", r == SG_EDENIED ? "ERROR" : sg_strerror(r));
    if (c->replies != NULL) {
        json_t *lines = json_array();
        each_line(c, reply, lines);
        (void)json_array_append_new(
            c->replies, json_pack("{s:i, s:s, s:o}", "line", (int)c->line, "result", result, "lines", lines));
        return;
    }
    each_line(c, reply, NULL);
    if (r == 0 || r == SG_EDENIED)
        (void)printf(r == SG_EDENIED && cme >= 0 ? "%s (%s)\n" : "%s\n", result, sg_cme_name(cme));
    (void)fflush(stdout);
}

/* ----------------------------------------------------------------------------------------------------- commands */

/* What is no command is not sent: a modem would wait for its end, or take half of it. 0, or an exit code. */
static int refuse(const struct console *c)
{
    if (c->too_long)
        return sg_cli_fail(SG_CLI_USAGE,
                           "line %u: a command has at most %d characters, which is what every host takes.", c->line,
                           SG_AT_COMMAND_MAX);
    if (c->n < 2 || strncasecmp((const char *)c->text, "AT", 2) != 0)
        return sg_cli_fail(SG_CLI_USAGE, "line %u: commands begin with AT.", c->line);
    return 0;
}

static int send_command(struct console *c)
{
    uint8_t space[SG_AT_REPLY_MAX];
    struct sg_buf reply = sg_buf(space, sizeof space);
    int code = refuse(c);
    if (code != 0)
        return code;
    bool slow = memmem(c->text, c->n, "#XCONNECT", 9) != NULL;
    int r = sg_modem_command(&c->d->modem, sg_bytes(c->text, c->n), &reply, slow ? CONNECT_PATIENCE : PATIENCE);
    if (r == SG_EINVAL)
        return sg_cli_fail(SG_CLI_USAGE, "line %u is no AT command that can be sent: there is a NUL in it.", c->line);
    tell(c, r, sg_buf_bytes(&reply));
    if (r == 0)
        return SG_CLI_DONE;
    if (r != SG_EDENIED)
        return sg_cli_modem_fail(c->d, r, "answering the command of line %u", c->line);
    if (!c->terminal)
        (void)sg_cli_fail(0, "line %u: the modem refused the command; what follows it was not sent.", c->line);
    return SG_CLI_FAILED;
}

/* A command is whole: empty lines and comments are passed over. */
static int end_command(struct console *c)
{
    int code = SG_CLI_DONE;
    if (c->n > 0 && c->text[0] != '#')
        code = send_command(c);
    sg_wipe(c->text, sizeof c->text); /* it may have been a key */
    c->n = 0;
    c->quoted = c->too_long = false;
    return code;
}

static int take(struct console *c, uint8_t byte)
{
    if (c->n == 0 && !c->too_long)
        c->line = c->lines + 1;
    c->lines += byte == '\n';
    if (!c->quoted && byte == '\r')
        return SG_CLI_DONE;
    if (!c->quoted && byte == '\n')
        return end_command(c);
    c->quoted ^= byte == '"' && !(c->n > 0 && c->text[0] == '#');
    if (c->n < sizeof c->text - 1)
        c->text[c->n++] = byte;
    else
        c->too_long = true;
    return SG_CLI_DONE;
}

/* ------------------------------------------------------------------------------------------------------- input */

/* What was typed, or the next part of a script. True at the end. A failed command ends a script, not a session. */
static bool read_input(struct console *c, int *code)
{
    uint8_t space[1024];
    ssize_t n = read(STDIN_FILENO, space, sizeof space);
    if (n < 0)
        return errno != EINTR && errno != EAGAIN;
    if (n == 0 && c->quoted)
        *code =
            sg_cli_fail(SG_CLI_USAGE, "the input ends within quotes that line %u opened: that was not sent.", c->line);
    else if (n == 0)
        *code = end_command(c);
    for (ssize_t i = 0; i < n && !sg_cli_modem_interrupted(); i++) {
        *code = take(c, space[i]);
        if (*code != SG_CLI_DONE && !c->terminal)
            return true;
    }
    sg_wipe(space, sizeof space);
    return n == 0;
}

static int converse(struct console *c)
{
    int code = SG_CLI_DONE;
    for (bool end = false; !end && !sg_cli_modem_interrupted();) {
        struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = c->d->line.fd, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[1].revents != 0) {
            int r = sg_modem_wait(&c->d->modem, 0);
            if (r < 0)
                return sg_cli_modem_fail(c->d, r, "the port went away");
        }
        if (fds[0].revents != 0)
            end = read_input(c, &code);
    }
    return c->terminal ? SG_CLI_DONE : code;
}

int sg_cli_modem_console(struct sg_cli_modem *d)
{
    static struct console console;
    struct console *c = &console;
    *c = (struct console){.d = d, .terminal = isatty(STDIN_FILENO) == 1, .replies = d->cli->json ? json_array() : NULL};
    int code = sg_cli_modem_attach(d);
    if (code != 0) {
        json_decref(c->replies);
        return code;
    }
    d->modem.user = c;
    d->modem.unsolicited = on_unsolicited;
    if (c->terminal && c->replies == NULL)
        (void)printf("At %s. A command is a line; quotes may span lines; Ctrl-D ends.\n", d->port);
    (void)fflush(stdout);
    code = converse(c);
    d->modem.user = d;
    d->modem.unsolicited = NULL;
    if (c->replies != NULL) {
        int printed = sg_cli_print_json(json_pack("{s:s, s:o}", "port", d->port, "replies", c->replies));
        code = code != SG_CLI_DONE ? code : printed;
    }
    return sg_cli_modem_end(d, code);
}
