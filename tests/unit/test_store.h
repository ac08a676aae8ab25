/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the store room share: a folder of their own, an inventory, certificates, and SQL beside it. */
#ifndef TEST_STORE_H
#define TEST_STORE_H

#include "store/store.h"
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW INT64_C(1795420800) /* 2026-11-23 08:00:00 UTC */
#define DAY INT64_C(86400)
#define DB  "inventory.db"

static char test_folder[] = "/tmp/test_store.XXXXXX";

static inline int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(test_folder) && chdir(test_folder) == 0 ? 0 : -1;
}

static inline int leave_folder(void **state)
{
    char command[80];
    (void)state;
    snprintf(command, sizeof command, "cd / && rm -rf %s", test_folder);
    return system(command);
}

#define assert_contains(text, part)                                                                                    \
    do {                                                                                                               \
        if (!strstr(text, part))                                                                                       \
            fail_msg("\"%s\" is not in \"%s\"", part, text);                                                           \
    } while (0)
#define assert_done(call, err)                                                                                         \
    do {                                                                                                               \
        if ((call) != 0)                                                                                               \
            fail_msg("%s: %s", #call, (err).text);                                                                     \
    } while (0)

/* A new, empty inventory, opened. */
static inline struct sg_store *new_store(void)
{
    struct sg_error err = {0};
    unlink(DB);
    unlink(DB "-wal");
    unlink(DB "-shm");
    assert_done(sg_store_create(DB, &err), err);
    struct sg_store *s = sg_store_open(DB, &err);
    if (!s)
        fail_msg("%s", err.text);
    return s;
}

/* What somebody else does to the file with SQLite. */
static inline int sql(const char *path, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    int rc = sqlite3_exec(db, text, NULL, NULL, NULL);
    sqlite3_close(db);
    return rc;
}

static inline struct sg_device add_device(struct sg_store *s, const char *endpoint)
{
    struct sg_error err = {0};
    struct sg_device d = {.state = SG_DEVICE_ENROLLING, .created = NOW};
    snprintf(d.endpoint, sizeof d.endpoint, "%s", endpoint);
    assert_done(sg_store_add_device(s, &d, &err), err);
    return d;
}

/* A CA for the tests, and certificates below it. */
struct authority {
    EVP_PKEY *key;
    X509 *cert;
};

static inline struct authority new_authority(void)
{
    struct authority a = {.key = sg_key_new(SG_P256, NULL)};
    a.cert = sg_cert_root(a.key, "Device root", (struct sg_validity){NOW - DAY, NOW + 3650 * DAY}, NULL);
    assert_non_null(a.cert);
    return a;
}

static inline void free_authority(struct authority *a)
{
    X509_free(a->cert);
    EVP_PKEY_free(a->key);
}

static inline X509 *issue(const struct authority *a, EVP_PKEY *key, const char *endpoint)
{
    X509 *cert = sg_cert_device((struct sg_issuer){a->cert, a->key}, key, endpoint,
                                (struct sg_validity){NOW, NOW + 365 * DAY}, NULL);
    assert_non_null(cert);
    return cert;
}

/* A certificate for a device of the inventory, with a key of its own. */
static inline struct sg_cert_row add_cert(struct sg_store *s, const struct authority *a, const struct sg_device *d)
{
    struct sg_error err = {0};
    struct sg_cert_row row = {
        .kind = SG_CERT_DEVICE, .state = SG_CERT_ACTIVE, .device = d->number, .tag = 35724861, .added = NOW};
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    X509 *cert = issue(a, key, d->endpoint);
    assert_int_equal(sg_cert_fingerprint(a->cert, &row.issuer), 0);
    assert_done(sg_store_add_cert(s, cert, &row, &err), err);
    X509_free(cert);
    EVP_PKEY_free(key);
    return row;
}

#endif
