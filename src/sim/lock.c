/* SPDX-License-Identifier: Apache-2.0 */
/* One simulator for each store: the file itself is replaced at each write, so that the lock is on one beside it. */
#include "sim_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

int sg_sim_lock(const char *store, struct sg_error *err)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s.lock", store);
    int fd = n > 0 && (size_t)n < sizeof path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;

    if (fd < 0)
        return sg_fail(err, SG_EIO, "cannot make %s.lock: %s", store, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    close(fd);
    return sg_fail(err, SG_EBUSY, "%s is another simulator's, which is running: end that, or name another file", store);
}
