/* SPDX-License-Identifier: Apache-2.0 */
/* Orders while it runs: "lost-reply@%KEYGEN", or for one of many boards "3 power-cut@7". */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int control_open(struct control *c, const char *path, struct sg_error *err)
{
    *c = (struct control){.fd = -1, .path = path};
    if (path == NULL)
        return 0;
    if (mkfifo(path, 0600) < 0)
        return sg_fail(err, SG_EIO, "cannot make the pipe %s: %s", path, strerror(errno));
    c->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC); /* for writing too: so it never ends */
    if (c->fd < 0)
        return sg_fail(err, SG_EIO, "cannot open %s: %s", path, strerror(errno));
    return 0;
}

void control_close(struct control *c)
{
    if (c->fd < 0)
        return;
    close(c->fd);
    (void)unlink(c->path);
    c->fd = -1;
}

static void take_line(const char *line, void (*order)(void *user, size_t board, const char *fault), void *user)
{
    const char *blank = strchr(line, ' ');
    uint64_t board;

    if (blank && sg_parse_udec(sg_bytes(line, (size_t)(blank - line)), 999, &board) == 0)
        order(user, (size_t)board, blank + 1);
    else
        order(user, 0, line);
}

void control_read(struct control *c, void (*order)(void *user, size_t board, const char *fault), void *user)
{
    char byte;

    while (c->fd >= 0 && read(c->fd, &byte, 1) == 1) {
        if (byte != '\n') {
            if (c->n < sizeof c->line - 1)
                c->line[c->n++] = byte;
            continue;
        }
        c->line[c->n] = 0;
        c->n = 0;
        if (c->line[0])
            take_line(c->line, order, user);
    }
}
