/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that come and go: the folders of a policy's patterns, watched by inotify. */
#include "line.h"

#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* IN_ATTRIB: a new port is root's alone until udev has given it to its group. */
enum { CAME = IN_CREATE | IN_MOVED_TO | IN_ATTRIB, WENT = IN_DELETE | IN_MOVED_FROM };

/* The folder of a pattern, which is an absolute path. */
static void folder_of(const char *pattern, char folder[256])
{
    size_t n = (size_t)(strrchr(pattern, '/') - pattern);
    (void)snprintf(folder, 256, "%.*s", (int)(n > 0 ? n : 1), pattern);
}

int sg_watch_open(struct sg_watch *w, const struct sg_policy *policy, struct sg_error *err)
{
    *w = (struct sg_watch){.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), .policy = policy};
    if (w->fd < 0)
        return sg_fail(err, SG_EIO, "watching for ports: %s", strerror(errno));
    for (size_t i = 0; i < policy->n_ports; i++) {
        char folder[256];
        folder_of(policy->ports[i], folder);
        w->folder[i] = inotify_add_watch(w->fd, folder, CAME | WENT | IN_ONLYDIR);
        if (w->folder[i] >= 0)
            continue;
        (void)sg_fail(err, SG_EIO, "watching the folder %s for the ports %s: %s", folder, policy->ports[i],
                      strerror(errno));
        sg_watch_close(w);
        return SG_EIO;
    }
    return 0;
}

void sg_watch_close(struct sg_watch *w)
{
    if (w->fd >= 0)
        (void)close(w->fd);
    w->fd = -1;
}

void sg_watch_each(const struct sg_policy *policy, void (*fn)(void *user, const char *port, bool there), void *user)
{
    glob_t found = {.gl_pathc = 0};
    for (size_t i = 0; i < policy->n_ports; i++)
        (void)glob(policy->ports[i], i > 0 ? GLOB_APPEND : 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++)
        fn(user, found.gl_pathv[i], true);
    globfree(&found);
}

static void take(const struct sg_watch *w, const struct inotify_event *e,
                 void (*fn)(void *user, const char *port, bool there), void *user)
{
    for (size_t i = 0; i < w->policy->n_ports && e->len > 0; i++) {
        const char *pattern = w->policy->ports[i];
        char port[512];
        if (w->folder[i] != e->wd)
            continue;
        (void)snprintf(port, sizeof port, "%.*s%s", (int)(strrchr(pattern, '/') - pattern + 1), pattern, e->name);
        if (fnmatch(pattern, port, FNM_PATHNAME | FNM_PERIOD) == 0) {
            fn(user, port, (e->mask & CAME) != 0);
            return;
        }
    }
}

void sg_watch_read(struct sg_watch *w, void (*fn)(void *user, const char *port, bool there), void *user)
{
    _Alignas(struct inotify_event) char space[4096];
    for (ssize_t n; (n = read(w->fd, space, sizeof space)) > 0;) {
        for (char *at = space; at < space + n;) {
            const struct inotify_event *e = (const struct inotify_event *)(const void *)at;
            if ((e->mask & IN_Q_OVERFLOW) != 0) /* too much at once: what is there is seen, what went shows by itself */
                sg_watch_each(w->policy, fn, user);
            else
                take(w, e, fn, user);
            at += sizeof *e + e->len;
        }
    }
}
