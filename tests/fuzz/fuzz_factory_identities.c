/* SPDX-License-Identifier: Apache-2.0 */
/* A list of identity keys, in either form: taken whole, or refused with a sentence. */
#include "factory/factory.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct sg_store *store;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    char folder[] = "/dev/shm/fuzz_identities.XXXXXX", path[64]; /* commits are many */
    static const char *const files[] = {"inventory.db", "inventory.db-wal", "inventory.db-shm"};
    if (mkdtemp(folder) == NULL)
        abort();
    (void)snprintf(path, sizeof path, "%s/%s", folder, files[0]);
    if (sg_store_create(path, NULL) < 0 || (store = sg_store_open(path, NULL)) == NULL)
        abort();
    for (size_t i = 0; i < 3; i++) { /* the open files stay until the end */
        (void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_identities i = {.store = store, .text = sg_bytes(data, size), .name = "list", .who = "fuzz", .now = 1};
    struct sg_identities_done done;
    struct sg_error err = {0};
    int r = sg_identities_import(&i, &done, &err);
    if (r < 0 ? err.text[0] == '\0' : done.added + done.known == 0)
        abort();
    return 0;
}
