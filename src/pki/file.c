/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are written whole or not at all, and read with a bound. */
#include "pki_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, struct sg_bytes content)
{
    while (content.n > 0) {
        ssize_t n = write(fd, content.p, content.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        content = sg_bytes(content.p + n, content.n - (size_t)n);
    }
    return 0;
}

/* A rename is durable once its folder is. */
static int sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    memcpy(folder, path, n);
    memcpy(folder + n, ".", 2);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int r = fsync(fd);
    close(fd);
    return r;
}

/* Gives the finished temporary file its name. link() refuses an existing name, rename() replaces it. */
static int put_in_place(const char *temp, const char *path, bool fresh)
{
    if (!fresh)
        return rename(temp, path);
    if (link(temp, path) < 0)
        return -1;
    return unlink(temp);
}

int sg_file_write(const char *path, unsigned mode, bool fresh, struct sg_bytes content, struct sg_error *err)
{
    char temp[PATH_MAX];
    int length = snprintf(temp, sizeof temp, "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof temp)
        return sg_fail(err, SG_EIO, "cannot write %.80s…: the path is too long", path);
    int fd = mkostemp(temp, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return sg_fail(err, SG_EIO, "cannot write %s: %s (its folder must exist and be writable)", path,
                       strerror(errno));

    bool written = write_all(fd, content) == 0 && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    int why = errno;
    if (close(fd) < 0 && written) {
        written = false;
        why = errno;
    }
    if (written && put_in_place(temp, path, fresh) == 0) {
        if (sync_folder(path) == 0)
            return 0;
        return sg_fail(err, SG_EIO, "wrote %s, but its folder could not be flushed to disk: %s", path, strerror(errno));
    }
    if (written)
        why = errno;
    unlink(temp);
    if (written && fresh && why == EEXIST)
        return sg_fail(err, SG_EEXISTS, "%s is there already and is not replaced", path);
    return sg_fail(err, SG_EIO, "cannot write %s: %s", path, strerror(why));
}

/* At most `max` bytes and a NUL after them, or NULL with errno (EFBIG where there are more). */
static uint8_t *read_all(int fd, size_t max, size_t *n)
{
    uint8_t *content = malloc(max + 1); /* its full size at once: growing would leave copies of secrets behind */
    size_t have = 0;
    ssize_t got = -1;
    while (content && (got = read(fd, content + have, max + 1 - have)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        have += (size_t)got;
        if (have > max) {
            got = -1;
            errno = EFBIG;
            break;
        }
    }
    if (got < 0) {
        int why = errno;
        if (content)
            sg_wipe(content, have);
        free(content);
        errno = why;
        return NULL;
    }
    content[have] = 0;
    *n = have;
    return content;
}

uint8_t *sg_pki_file_read(const char *path, size_t max, unsigned forbidden, size_t *n, struct sg_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        sg_fail(err, errno == ENOENT ? SG_ENOTFOUND : SG_EIO, "cannot read %s: %s", path, strerror(errno));
        return NULL;
    }
    struct stat st;
    uint8_t *content = NULL;
    size_t length = 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & forbidden) != 0) {
        sg_fail(err, SG_EDENIED, "%s holds a secret, but its mode %04o lets others at it: chmod 600 %s", path,
                (unsigned)(st.st_mode & 07777), path);
    } else if (!(content = read_all(fd, max, &length))) {
        if (errno == EFBIG)
            sg_fail(err, SG_ENOSPC, "%s is larger than the %zu bytes expected at most", path, max);
        else
            sg_fail(err, SG_EIO, "cannot read %s: %s", path, strerror(errno));
    }
    close(fd);
    if (n)
        *n = length;
    return content;
}

uint8_t *sg_file_read(const char *path, size_t max, size_t *n, struct sg_error *err)
{
    return sg_pki_file_read(path, max, 0, n, err);
}
