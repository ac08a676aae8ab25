/* SPDX-License-Identifier: Apache-2.0 */
/* Where a home folder is, what lies where in it, and its run-time directory. */
#include "programs/home.h"
#include "pki/pki.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static int put_path(char out[SG_PATH], const char *dir, const char *name, struct sg_error *err)
{
    int n = snprintf(out, SG_PATH, "%s/%s", dir, name);
    if (n < 0 || n >= SG_PATH)
        return sg_fail(err, SG_ENOSPC, "the path %s/%s is longer than the %d characters allowed", dir, name,
                       SG_PATH - 1);
    return 0;
}

/* The user's own folder; "" where nothing tells. */
static const char *user_dir(void)
{
    const char *env = getenv("HOME");
    if (env != NULL && env[0] == '/')
        return env;
    const struct passwd *pw = getpwuid(getuid());
    return pw != NULL && pw->pw_dir != NULL ? pw->pw_dir : "";
}

static void show(struct sg_home *h)
{
    const char *user = user_dir();
    size_t n = strlen(user);
    if (n > 1 && strncmp(h->dir, user, n) == 0 && h->dir[n] == '/')
        (void)snprintf(h->shown, SG_PATH, "~%s", h->dir + n);
    else
        (void)snprintf(h->shown, SG_PATH, "%s", h->dir);
}

int sg_home_at(struct sg_home *h, const char *dir, struct sg_error *err)
{
    memset(h, 0, sizeof *h);
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    if (n == 0 || n >= SG_PATH)
        return sg_fail(err, SG_ENOSPC, "the home folder's name is empty or longer than %d characters", SG_PATH - 1);
    memcpy(h->dir, dir, n);
    show(h);

    const struct {
        char *out;
        const char *name;
    } paths[] = {
        {h->config, "signet.yaml"},
        {h->inventory, "inventory.db"},
        {h->ca, "ca"},
        {h->device_root_cert, "ca/device-root.pem"},
        {h->device_root_key, "ca/device-root.key"},
        {h->issuing_cert, "ca/issuing.pem"},
        {h->issuing_key, "ca/issuing.key"},
        {h->device_root_uri, "ca/device-root.uri"},
        {h->issuing_uri, "ca/issuing.uri"},
        {h->next_key, "ca/next.key"},
        {h->next_uri, "ca/next.uri"},
        {h->server_root_cert, "ca/server-root.pem"},
        {h->server_root_key, "ca/server-root.key"},
        {h->server, "server"},
        {h->server_cert, "server/server.pem"},
        {h->server_key, "server/server.key"},
        {h->psk_key, "psk.key"},
        {h->token, "token"},
        {h->lots, "lots"},
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        int r = put_path(paths[i].out, h->dir, paths[i].name, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int sg_home_find(struct sg_home *h, const char *option, struct sg_error *err)
{
    if (option != NULL)
        return sg_home_at(h, option, err);
    const char *env = getenv("SIGNET_HOME");
    if (env != NULL && env[0] != '\0')
        return sg_home_at(h, env, err);
    const char *user = user_dir();
    if (user[0] == '\0')
        return sg_fail(err, SG_ENOTFOUND, "nothing says where the home folder is: give --home DIR or set SIGNET_HOME");
    char dir[SG_PATH];
    int r = put_path(dir, user, ".signet", err);
    return r < 0 ? r : sg_home_at(h, dir, err);
}

int sg_home_check(const struct sg_home *h, struct sg_error *err)
{
    struct stat st;
    if (stat(h->dir, &st) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return sg_fail(err, SG_ENOTFOUND, "there is no home folder at %s. Make one with `signet init`.", h->shown);
        return sg_fail(err, SG_EIO, "looking at the home folder %s: %s", h->shown, strerror(errno));
    }
    if (!S_ISDIR(st.st_mode))
        return sg_fail(err, SG_EFORMAT, "%s is not a folder, so no home. Choose another with --home DIR.", h->shown);
    if (st.st_uid != geteuid() && geteuid() != 0)
        return sg_fail(err, SG_EDENIED, "the home folder %s belongs to another user (uid %u)", h->shown,
                       (unsigned)st.st_uid);
    if ((st.st_mode & 077) != 0)
        return sg_fail(err, SG_EDENIED, "the home folder %s can be entered by others (mode %04o). Run `chmod 700 %s`.",
                       h->shown, (unsigned)(st.st_mode & 07777), h->dir);
    if (access(h->inventory, F_OK) != 0)
        return sg_fail(err, SG_EFORMAT, "%s holds no inventory.db, so it is no home. Make one with `signet init`.",
                       h->shown);
    return 0;
}

static bool on_ram(const char *dir)
{
    struct statfs fs;
    if (statfs(dir, &fs) != 0)
        return false;
    unsigned long type = (unsigned long)fs.f_type;
    return type == TMPFS_MAGIC || type == RAMFS_MAGIC;
}

/* Whether `base` is there and ours to write, or can be made in `parent`; both on a RAM file system. */
static bool usable(const char *base, const char *parent)
{
    struct stat st;
    if (lstat(base, &st) == 0)
        return S_ISDIR(st.st_mode) && access(base, W_OK | X_OK) == 0 && on_ram(base);
    return access(parent, W_OK | X_OK) == 0 && on_ram(parent);
}

/* Where run-time directories of this user live. */
static bool find_base(char base[SG_PATH])
{
    (void)snprintf(base, SG_PATH, "/run/signet");
    if (usable(base, "/run"))
        return true;
    const char *xdg = getenv("XDG_RUNTIME_DIR");
    if (xdg != NULL && xdg[0] == '/' && snprintf(base, SG_PATH, "%s/signet", xdg) < SG_PATH && usable(base, xdg))
        return true;
    (void)snprintf(base, SG_PATH, "/dev/shm/signet-%u", (unsigned)geteuid());
    return usable(base, "/dev/shm");
}

/* Makes a folder of our own, or checks that the one there is, without the `forbidden` rights: /dev/shm is everybody's,
 * so a name in it may have been taken by somebody else first. */
static int make_private(const char *dir, mode_t forbidden, struct sg_error *err)
{
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return sg_fail(err, SG_EIO, "making the run-time directory %s: %s", dir, strerror(errno));
    struct stat st;
    if (lstat(dir, &st) != 0)
        return sg_fail(err, SG_EIO, "looking at the run-time directory %s: %s", dir, strerror(errno));
    if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & forbidden) != 0)
        return sg_fail(err, SG_EDENIED,
                       "the run-time directory %s is not ours alone (uid %u, mode %04o). Remove it, or set run_dir in "
                       "signet.yaml.",
                       dir, (unsigned)st.st_uid, (unsigned)(st.st_mode & 07777));
    return 0;
}

int sg_home_run_dir(const struct sg_home *h, const char *configured, bool make, char path[SG_PATH],
                    struct sg_error *err)
{
    if (configured != NULL && configured[0] != '\0') {
        if (snprintf(path, SG_PATH, "%s", configured) >= SG_PATH)
            return sg_fail(err, SG_ENOSPC, "run_dir in signet.yaml is longer than %d characters", SG_PATH - 1);
        return make ? make_private(path, 077, err) : 0;
    }

    char real[PATH_MAX], base[SG_PATH];
    if (realpath(h->dir, real) == NULL)
        return sg_fail(err, errno == ENOENT ? SG_ENOTFOUND : SG_EIO, "finding the home folder %s: %s", h->shown,
                       strerror(errno));
    if (!find_base(base))
        return sg_fail(err, SG_ENOTFOUND,
                       "no RAM file system to write to was found at /run, $XDG_RUNTIME_DIR or /dev/shm: set run_dir in "
                       "signet.yaml");
    uint8_t digest[32];
    char name[17];
    sg_sha256(sg_str(real), digest);
    struct sg_buf text = sg_buf(name, sizeof name);
    sg_put_hex(&text, sg_bytes(digest, 8));
    int r = put_path(path, base, sg_buf_cstr(&text), err);
    if (r < 0 || !make)
        return r;
    r = make_private(base, 022, err);
    return r < 0 ? r : make_private(path, 077, err);
}
