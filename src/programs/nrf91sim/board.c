/* SPDX-License-Identifier: Apache-2.0 */
/* One simulated modem on its own pseudo-terminal: its files and links, and the line's speed. */
#include "board.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* So much of a line's time is one piece: short against any command, long enough to let sixty-four boards sleep. */
enum { PIECE_US = 5000, BITS_PER_BYTE = 10 /* 8N1 */ };

/* ------------------------------------------------------------------------------------------------------- line */

static size_t piece(const struct board *b, size_t n)
{
    size_t most = b->baud ? (size_t)b->baud * PIECE_US / BITS_PER_BYTE / 1000000 : n;
    most = most > 0 ? most : 1;
    return n < most ? n : most;
}

/* Sends `n` bytes on their way; a line that was busy until a moment ago goes on from then. */
static void begin(const struct board *b, struct board_line *l, size_t n, uint64_t now)
{
    uint64_t from = now < l->due + PIECE_US ? l->due : now;

    l->n = n;
    l->due = b->baud ? (from > 0 ? from : now) + (uint64_t)n * BITS_PER_BYTE * 1000000 / b->baud : now;
}

static void write_port(struct board *b, uint64_t now)
{
    for (;;) {
        if (b->out.n == 0 && b->unread > 0)
            begin(b, &b->out, piece(b, b->unread), now);
        if (b->out.n == 0 || b->out.due > now)
            return;
        ssize_t n = write(b->pty.master, b->output, b->out.n);
        if (n < 0 && errno == EINTR)
            continue;
        b->stuck = n <= 0;
        if (b->stuck)
            return;
        b->unread -= (size_t)n;
        memmove(b->output, b->output + n, b->unread);
        b->out.n = 0;
    }
}

/* What nobody reads is lost in the end, as on a serial line. */
static void on_output(void *user, struct sg_bytes bytes)
{
    struct board *b = user;
    size_t room = sizeof b->output - b->unread, n = bytes.n < room ? bytes.n : room;

    if (n > 0)
        memcpy(b->output + b->unread, bytes.p, n);
    b->unread += n;
}

static void read_port(struct board *b, bool readable, uint64_t now)
{
    if (b->in.n == 0 && readable) {
        ssize_t n = read(b->pty.master, b->input, piece(b, sizeof b->input));
        if (n > 0)
            begin(b, &b->in, (size_t)n, now);
    }
    if (b->in.n == 0 || b->in.due > now)
        return;
    sg_sim_input(b->sim, sg_bytes(b->input, b->in.n), now / 1000);
    sg_wipe(b->input, b->in.n); /* private keys may have been among it */
    b->in.n = 0;
}

static void on_log(void *user, const char *line)
{
    const struct board *b = user;
    struct timespec t;
    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    uint64_t ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 - b->started / 1000;
    (void)fprintf(stderr, "%6llu.%03llu %s%s\n", (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000),
                  b->name, line);
}

/* ------------------------------------------------------------------------------------------------------- link */

/* Takes the place of a link that an earlier run left, and of nothing else. */
static int make_link(const struct board *b, struct sg_error *err)
{
    char temp[PATH_MAX + 32];
    struct stat st;

    if (b->link[0] == 0)
        return 0;
    if (lstat(b->link, &st) == 0 && !S_ISLNK(st.st_mode))
        return sg_fail(err, SG_EEXISTS, "%s is there and is no symbolic link: name another", b->link);
    (void)snprintf(temp, sizeof temp, "%s.%ld", b->link, (long)getpid());
    if (symlink(b->pty.path, temp) == 0 && rename(temp, b->link) == 0)
        return 0;
    int why = errno;
    (void)unlink(temp);
    return sg_fail(err, SG_EIO, "cannot make the link %s: %s", b->link, strerror(why));
}

static void remove_link(const struct board *b)
{
    char target[PATH_MAX];
    ssize_t n = b->link[0] ? readlink(b->link, target, sizeof target - 1) : -1;

    if (n < 0)
        return;
    target[n] = 0;
    if (strcmp(target, b->pty.path) == 0) /* a later run may have put its own there */
        (void)unlink(b->link);
}

/* ------------------------------------------------------------------------------------------------ open, close */

static int put_path(char *out, size_t cap, const char *what, const char *path, const char *middle, size_t number,
                    const char *tail, struct sg_error *err)
{
    int n = number ? snprintf(out, cap, "%s%s%02zu%s", path, middle, number, tail) : snprintf(out, cap, "%s", path);
    return n > 0 && (size_t)n < cap ? 0 : sg_fail(err, SG_EIO, "the path of %s is too long", what);
}

/* Many boards have a number in the names of their files, and IMEIs one after the other. */
static int name_all(struct board *b, const struct options *o, size_t number, struct sg_error *err)
{
    size_t shown = o->count ? number : 0;
    int r = 0;

    if (shown)
        (void)snprintf(b->name, sizeof b->name, "%02zu ", number);
    if (o->sim.store)
        r = put_path(b->store, sizeof b->store, "--store", o->sim.store, "/modem-", shown, ".store", err);
    if (r == 0 && o->link)
        r = put_path(b->link, sizeof b->link, "--link", o->link, "-", shown, "", err);
    if (r == 0 && shown && o->sim.store && mkdir(o->sim.store, 0700) < 0 && errno != EEXIST)
        r = sg_fail(err, SG_EIO, "cannot make the folder %s: %s", o->sim.store, strerror(errno));
    if (r == 0 && shown && o->sim.imei && strcmp(o->sim.imei, "none") != 0)
        r = sg_sim_imei_after(o->sim.imei, number - 1, b->imei, err);
    return r;
}

int board_open(struct board *b, const struct options *o, size_t number, uint64_t now, struct sg_error *err)
{
    struct sg_sim_config config = o->sim;
    int r = name_all(b, o, number, err);

    b->pty.master = b->pty.slave = -1;
    b->started = now;
    if (r < 0 || (r = sg_sim_pty_open(&b->pty, err)) < 0)
        return r;
    if (b->store[0])
        config.store = b->store;
    if (b->imei[0])
        config.imei = b->imei;
    config.user = b;
    config.output = on_output;
    config.log = o->verbose ? on_log : NULL;
    b->sim = sg_sim_new(&config, now / 1000, err);
    if (b->sim == NULL)
        return err->code;
    for (size_t i = 0; i < o->fault_count; i++)
        if ((r = sg_sim_fault(b->sim, o->faults[i], err)) < 0)
            return r;
    write_port(b, now); /* the boot text is there before anybody knows of the port */
    b->baud = o->baud;
    r = make_link(b, err);
    if (r < 0)
        b->link[0] = 0;
    return r;
}

void board_close(struct board *b)
{
    remove_link(b);
    sg_sim_free(b->sim);
    sg_sim_pty_close(&b->pty);
    sg_wipe(b->input, sizeof b->input);
}

/* --------------------------------------------------------------------------------------------------------- run */

size_t board_poll(const struct board *b, struct pollfd fds[BOARD_FDS])
{
    fds[0] = (struct pollfd){
        .fd = b->pty.master,
        .events = (short)((b->in.n == 0 ? POLLIN : 0) | (b->stuck ? POLLOUT : 0)),
    };
    return 1 + sg_sim_poll(b->sim, fds + 1);
}

uint64_t board_deadline(const struct board *b)
{
    uint64_t at = sg_sim_deadline(b->sim);

    at = at < UINT64_MAX / 1000 ? at * 1000 : UINT64_MAX;
    if (b->in.n > 0 && b->in.due < at)
        at = b->in.due;
    if (b->out.n > 0 && !b->stuck && b->out.due < at)
        at = b->out.due;
    return b->out.n == 0 && b->unread > 0 ? 0 : at;
}

void board_go_on(struct board *b, const struct pollfd *port, uint64_t now)
{
    read_port(b, (port->revents & POLLIN) != 0, now);
    sg_sim_network(b->sim, now / 1000);
    if (now / 1000 >= sg_sim_deadline(b->sim))
        sg_sim_tick(b->sim, now / 1000);
    write_port(b, now);
}
