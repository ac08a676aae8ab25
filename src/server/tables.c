/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run-time directory: its lock, and the tables that outlive the process, mapped from files. It lies on a RAM file
 * system, so what is here ends with a reboot and never reaches a disk. Should it lie on a disk all the same, tables of
 * before a reboot are removed: their times mean nothing any more, and after a power cut an older state may be what is
 * left, with sequence numbers that were used already.
 */
#include "server/server_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PID_TEXT = 24, BOOT_TEXT = 48 };

/* ---------------------------------------------------------------------------------------------------- directory */

static int check_dir(const char *path, struct sg_error *err)
{
    struct stat st;

    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return sg_fail(err, SG_EIO, "making the run-time directory %s: %s", path, strerror(errno));
    if (lstat(path, &st) < 0)
        return sg_fail(err, SG_EIO, "looking at the run-time directory %s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return sg_fail(err, SG_EINVAL, "the run-time directory %s is no directory: remove it, or name another", path);
    if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
        return sg_fail(
            err, SG_EDENIED,
            "the run-time directory %s would hold session keys, and others can look into it (mode %03o, user "
            "%u): make it yours with mode 700",
            path, (unsigned)st.st_mode & 0777, (unsigned)st.st_uid);
    return 0;
}

static int refuse_second(int fd, const char *path, struct sg_error *err)
{
    char pid[PID_TEXT] = "";
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);

    pid[n > 0 ? n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    return sg_fail(err, SG_EBUSY,
                   "a signetd runs already for this home (process %s, run-time directory %s): stop it first, or use "
                   "another home",
                   pid[0] != '\0' ? pid : "unknown", path);
}

static void this_boot(char text[BOOT_TEXT])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, BOOT_TEXT - 1) : 0;

    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (fd >= 0)
        close(fd);
}

/* The lock file's second line tells the boot that the tables are of. */
static bool is_of(int fd, const char *boot)
{
    char text[PID_TEXT + BOOT_TEXT];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    const char *line = strchr(text, '\n');
    return line != NULL && strncmp(line + 1, boot, strlen(boot)) == 0;
}

static void remove_tables(const char *path)
{
    static const char *const tables[] = {"dtls", "devices"};
    char name[600];
    bool had = false;

    for (unsigned i = 0; i < 2 * MAX_WORKERS; i++) {
        (void)snprintf(name, sizeof name, "%s/worker%u.%s", path, i / 2, tables[i % 2]);
        had |= unlink(name) == 0;
    }
    if (had)
        SG_LOG(SG_LOG_WARNING, "tables-removed", "run_dir", path, "reason", "they are of before the last reboot",
               "consequence", "the devices in them handshake and register anew", "cure",
               "name a run_dir on a RAM file system: session keys should never reach a disk");
}

static int write_lock(int fd, const char *name, const char *boot, struct sg_error *err)
{
    char text[PID_TEXT + BOOT_TEXT];
    int n = snprintf(text, sizeof text, "%ld\n%s\n", (long)getpid(), boot);

    if (pwrite(fd, text, (size_t)n, 0) != n || ftruncate(fd, n) < 0)
        return sg_fail(err, SG_EIO, "writing %s: %s", name, strerror(errno));
    return 0;
}

int sg_server_run_dir(const char *path, struct sg_error *err)
{
    char name[600], boot[BOOT_TEXT];

    int rc = check_dir(path, err);
    if (rc < 0)
        return rc;
    (void)snprintf(name, sizeof name, "%s/lock", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return sg_fail(err, SG_EIO, "opening %s: %s", name, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        rc = errno == EWOULDBLOCK ? refuse_second(fd, path, err)
                                  : sg_fail(err, SG_EIO, "locking %s: %s", name, strerror(errno));
        close(fd);
        return rc;
    }
    this_boot(boot);
    if (!is_of(fd, boot))
        remove_tables(path);
    rc = write_lock(fd, name, boot, err);
    if (rc < 0)
        close(fd);
    return rc < 0 ? rc : fd;
}

/* ------------------------------------------------------------------------------------------------------ mapping */

/* Without it, a full file system would end the process at some later write (SIGBUS). */
int sg_server_table_reserve(struct table *t, size_t n, struct sg_error *err)
{
    if (n <= t->reserved)
        return 0;
    int e = posix_fallocate(t->fd, 0, (off_t)n);
    if (e != 0)
        return sg_fail(err, SG_ENOSPC,
                       "reserving %zu bytes in the run-time directory: %s. Make room there, or name another "
                       "(run_dir)",
                       n, strerror(e));
    t->reserved = n;
    return 0;
}

/* Maps an open file, which is the table's from here on. */
static int map(struct table *t, int fd, const char *path, size_t n, struct sg_error *err)
{
    void *p = MAP_FAILED;

    if (ftruncate(fd, (off_t)n) == 0)
        p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        int rc = sg_fail(err, SG_EIO, "mapping %s: %s", path, strerror(errno));
        close(fd);
        return rc;
    }
    *t = (struct table){.p = p, .n = n, .fd = fd};
    return 0;
}

static void move_aside(const char *name, const char *why)
{
    char aside[640];

    (void)snprintf(aside, sizeof aside, "%s.damaged", name);
    SG_LOG(SG_LOG_ERROR, "table-put-aside", "file", name, "reason", why, "consequence",
           "the devices in it handshake and register anew");
    if (rename(name, aside) < 0)
        (void)unlink(name);
}

int sg_server_table_map(struct table *t, const char *run_dir, const char *name, size_t n, bool *fresh,
                        struct sg_error *err)
{
    char path[600];
    struct stat st = {0};

    (void)snprintf(path, sizeof path, "%s/%s", run_dir, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size != 0 && (size_t)st.st_size != n) {
        close(fd);
        move_aside(path, "its size is that of another number of devices (server.max_devices) or of another version");
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        st.st_size = 0;
    }
    if (fd < 0)
        return sg_fail(err, SG_EIO, "opening %s: %s", path, strerror(errno));
    *fresh = st.st_size == 0;
    return map(t, fd, path, n, err);
}

int sg_server_table_renew(struct table *t, const char *run_dir, const char *name, const char *why, struct sg_error *err)
{
    char path[600];
    size_t n = t->n;
    bool fresh;

    sg_server_table_unmap(t);
    (void)snprintf(path, sizeof path, "%s/%s", run_dir, name);
    move_aside(path, why);
    return sg_server_table_map(t, run_dir, name, n, &fresh, err);
}

void sg_server_table_unmap(struct table *t)
{
    if (t->p != NULL) {
        munmap(t->p, t->n);
        close(t->fd);
    }
    *t = (struct table){0};
}

/* --------------------------------------------------------------------------------------------------------- rows */

struct rows_header {
    char magic[8];
    uint32_t version, row_size, count, used;
};
static const char rows_magic[8] = "SGROWS\r\n";
enum { ROWS_VERSION = 1 };

size_t sg_server_rows_size(uint32_t count)
{
    return sizeof(struct rows_header) + (size_t)count * sizeof(struct row);
}

struct row *sg_server_rows(const struct table *t, bool fresh, uint32_t count, uint32_t **used)
{
    struct rows_header *h = t->p;

    if (fresh) {
        *h = (struct rows_header){.version = ROWS_VERSION, .row_size = sizeof(struct row), .count = count};
        memcpy(h->magic, rows_magic, sizeof h->magic);
    }
    *used = &h->used;
    bool ours = memcmp(h->magic, rows_magic, sizeof h->magic) == 0 && h->version == ROWS_VERSION &&
                h->row_size == sizeof(struct row) && h->count == count && h->used <= count;
    return ours ? (struct row *)(h + 1) : NULL;
}
