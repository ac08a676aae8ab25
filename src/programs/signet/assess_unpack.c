/* SPDX-License-Identifier: Apache-2.0 */
/* An archive's files in a folder that goes away again. */
#include "assess.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define UNPACKED "/signet-archive.XXXXXX"

struct unpacking {
    const char *dir, *below;
    struct sg_error *err;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

void sg_cli_assess_unpacked(const char *dir)
{
    (void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int r = mkdir(path, 0700);
        *slash = '/';
        if (r != 0 && errno != EEXIST)
            return SG_EIO;
    }
    return 0;
}

/* The archive's reader let no path pass that leads out of its folder. */
static int unpack(void *user, const char *path, struct sg_bytes content)
{
    struct unpacking *u = user;
    char to[SG_ASSESS_PATH + 256];
    if (strncmp(path, u->below, strlen(u->below)) != 0)
        return 0;
    int n = snprintf(to, sizeof to, "%s/%s", u->dir, path);
    if (n < 0 || (size_t)n >= sizeof to || make_folders(to) < 0)
        return sg_fail(u->err, SG_EIO, "cannot unpack %s below %s: %s", path, u->dir, strerror(errno));
    return sg_file_write(to, 0600, true, content, u->err);
}

int sg_cli_assess_unpack(struct sg_bytes archive, const char *below, char dir[SG_ASSESS_PATH], struct sg_error *err)
{
    struct unpacking u = {.dir = dir, .below = below, .err = err};
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(dir, SG_ASSESS_PATH, "%.*s" UNPACKED, SG_ASSESS_PATH - 64, tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(dir) == NULL)
        return sg_fail(err, SG_EIO, "making a folder to unpack into, %s: %s", dir, strerror(errno));
    int r = sg_seal_each(archive, unpack, &u, err);
    if (r < 0)
        sg_cli_assess_unpacked(dir);
    return r;
}
