/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed archives from outside: no bytes upset the reader, the checks, or what adds a stamp. */
#include "assess/assess.h"
#include <stdlib.h>
#include <string.h>

static int see(void *user, const char *path, struct sg_bytes content)
{
    (void)user, (void)content;
    if (path[0] == '/' || path[0] == '\0' || strncmp(path, "../", 3) == 0 || strstr(path, "/../") != NULL ||
        strchr(path, '\n') != NULL)
        abort();
    return 0;
}

static void heed(void *user, const struct sg_seal_finding *finding)
{
    (void)user;
    if (finding->text[0] == '\0' || strlen(finding->path) >= sizeof finding->path)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct sg_seal_look look;
    struct sg_error err = {0};
    struct sg_seal_next next;
    struct sg_bytes archive = sg_bytes(data, n);
    look = (struct sg_seal_look){.now = 1795420800, .found = heed};
    int r = sg_seal_verify(archive, &look, &err);
    if (r != 0 && err.text[0] == '\0')
        abort();
    if (sg_seal_each(archive, see, NULL, &err) == 0 && sg_seal_next(archive, NULL, &next, &err) == 0) {
        size_t stamped_n;
        uint8_t *stamped = sg_seal_add_stamp(archive, &next, sg_str("stamp"), &stamped_n, &err);
        if (stamped != NULL && sg_seal_each(sg_bytes(stamped, stamped_n), see, NULL, &err) != 0)
            abort();
        free(stamped);
        free(next.content);
    }
    return 0;
}
