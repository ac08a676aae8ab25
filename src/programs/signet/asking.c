/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the person at the terminal: confirmations and passphrases. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

const char *sg_cli_who(void)
{
    static char name[64];
    const struct passwd *pw = getpwuid(geteuid());
    if (pw != NULL)
        (void)snprintf(name, sizeof name, "%s", pw->pw_name);
    else
        (void)snprintf(name, sizeof name, "uid %u", (unsigned)geteuid());
    return name;
}

bool sg_cli_confirm(const char *question, bool yes)
{
    if (yes)
        return true;
    FILE *tty = fopen("/dev/tty", "r+");
    if (tty == NULL) {
        (void)sg_cli_fail(0, "%s There is no terminal to ask at: confirm with --yes.", question);
        return false;
    }
    char answer[16] = "";
    (void)fflush(stdout);
    (void)fprintf(tty, "%s Type yes to go on: ", question);
    (void)fflush(tty);
    bool sure = fgets(answer, sizeof answer, tty) != NULL && strcmp(answer, "yes\n") == 0;
    (void)fclose(tty);
    if (!sure)
        (void)sg_cli_fail(0, "not confirmed: nothing was changed.");
    return sure;
}

bool sg_cli_passphrase_fd(const struct sg_cli *cli, struct sg_cli_passphrase *p)
{
    uint64_t fd;
    if (sg_parse_udec(sg_str(cli->value), 1 << 20, &fd) < 0) {
        (void)sg_cli_usage(cli, "--passphrase-fd needs the number of an open descriptor, not %s.", cli->value);
        return false;
    }
    p->fd = (int)fd;
    return true;
}

int sg_cli_take_passphrase(const struct sg_cli *cli, int option, struct sg_cli_passphrase *p)
{
    if (strcmp(cli->command->options[option].name, "--passphrase-file") == 0)
        p->file = cli->value;
    else if (!sg_cli_passphrase_fd(cli, p))
        return SG_CLI_USAGE;
    if (p->file != NULL && p->fd >= 0)
        return sg_cli_usage(cli, "--passphrase-file and --passphrase-fd exclude each other.");
    return 0;
}

/* One line of a descriptor, without its end, to its last byte: nothing after the line is taken from a pipe. */
static int read_line(int fd, const char *what, struct sg_secret *out)
{
    for (out->n = 0; out->n < sizeof out->text;) {
        char c;
        ssize_t r = read(fd, &c, 1);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return sg_cli_fail(SG_CLI_FAILED, "reading the passphrase from %s: %s", what, strerror(errno));
        if (r == 0 || c == '\n')
            break;
        out->text[out->n++] = c;
    }
    if (out->n > 0 && out->text[out->n - 1] == '\r')
        out->n--;
    if (out->n == 0)
        return sg_cli_fail(SG_CLI_FAILED, "the first line of %s is empty: there is no passphrase in it.", what);
    if (out->n >= sizeof out->text)
        return sg_cli_fail(SG_CLI_FAILED, "the passphrase in %s is longer than %zu characters.", what,
                           sizeof out->text - 1);
    out->text[out->n] = '\0';
    return 0;
}

static int from_file(const char *path, struct sg_secret *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return sg_cli_fail(SG_CLI_FAILED, "opening the passphrase file %s: %s", path, strerror(errno));
    int r = 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
        r = sg_cli_fail(SG_CLI_REFUSED, "the passphrase file %s can be read by others (mode %04o). Run `chmod 600 %s`.",
                        path, (unsigned)(st.st_mode & 07777), path);
    if (r == 0)
        r = read_line(fd, path, out);
    (void)close(fd);
    return r;
}

/* Reads keys without echo until Enter. -1: cancelled with Ctrl-C or Ctrl-D. */
static int read_hidden(int tty, struct sg_secret *out)
{
    enum { CTRL_C = 3, CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21, DEL = 127 };
    for (out->n = 0;;) {
        char c;
        ssize_t r = read(tty, &c, 1);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0 || c == CTRL_C || c == CTRL_D)
            return -1;
        if (c == '\n' || c == '\r')
            break;
        if (c == CTRL_U)
            out->n = 0;
        else if (c == BACKSPACE || c == DEL)
            out->n -= out->n > 0;
        else if (out->n < sizeof out->text - 1)
            out->text[out->n++] = c;
    }
    out->text[out->n] = '\0';
    return 0;
}

/* Prompts with echo and signal keys off, so that an interrupt cannot leave the terminal mute. */
static int prompt(int tty, const char *text, struct sg_secret *out)
{
    struct termios old, raw;
    if (tcgetattr(tty, &old) != 0)
        return -1;
    raw = old;
    raw.c_lflag &= (tcflag_t) ~(ECHO | ICANON | ISIG);
    /* First this, which drops what was typed before: an answer to the prompt must not be among it. */
    if (tcsetattr(tty, TCSAFLUSH, &raw) != 0)
        return -1;
    int r = dprintf(tty, "%s: ", text) < 0 ? -1 : read_hidden(tty, out);
    (void)tcsetattr(tty, TCSAFLUSH, &old);
    (void)dprintf(tty, "\n");
    return r;
}

static int ask(int tty, const char *what, bool fresh, struct sg_secret *out)
{
    char text[128];
    (void)snprintf(text, sizeof text, fresh ? "New passphrase for %s" : "Passphrase for %s", what);
    if (prompt(tty, text, out) < 0)
        return sg_cli_fail(SG_CLI_FAILED, "no passphrase was given: nothing was changed.");
    if (out->n == 0)
        return sg_cli_fail(SG_CLI_FAILED, "the passphrase is empty: nothing was changed.%s",
                           fresh ? " To keep keys without one, say --plain-keys." : "");
    if (!fresh)
        return 0;
    struct sg_secret again = {.n = 0};
    int r = prompt(tty, "The same again", &again);
    bool same = r == 0 && again.n == out->n && sg_secret_eq(again.text, out->text, out->n);
    sg_secret_wipe(&again);
    return same ? 0 : sg_cli_fail(SG_CLI_FAILED, "the two passphrases differ: nothing was changed.");
}

int sg_cli_passphrase(const struct sg_cli_passphrase *p, const char *what, bool fresh, struct sg_secret *out)
{
    int r;
    memset(out, 0, sizeof *out);
    if (p->file != NULL) {
        r = from_file(p->file, out);
    } else if (p->fd >= 0) {
        char name[40];
        (void)snprintf(name, sizeof name, "descriptor %d", p->fd);
        r = read_line(p->fd, name, out);
    } else {
        int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (tty < 0)
            return sg_cli_fail(SG_CLI_USAGE,
                               "a passphrase is needed for %s, and there is no terminal to ask at. Give "
                               "--passphrase-file F or --passphrase-fd N%s.",
                               what, fresh ? ", or --plain-keys to keep keys without one" : "");
        r = ask(tty, what, fresh, out);
        (void)close(tty);
    }
    if (r != 0)
        sg_secret_wipe(out);
    return r;
}
