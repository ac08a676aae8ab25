/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the pki room share: a folder of their own, and the openssl program. */
#ifndef TEST_PKI_H
#define TEST_PKI_H

#include "pki/pki.h"
#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW   INT64_C(1795420800) /* 2026-11-23 08:00:00 UTC */
#define DAY   INT64_C(86400)
#define YEARS (365 * DAY)

static char test_folder[] = "/tmp/test_pki.XXXXXX";

/* Each test program works in a folder of its own, so that file names are short. */
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

/* Runs a shell command; its output, both streams, is in run_output. Returns the exit code. */
static char run_output[16384];
static inline int run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline int run(const char *fmt, ...)
{
    char command[1024] = "exec 2>&1; ";
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(command + strlen(command), sizeof command - strlen(command), fmt, ap);
    va_end(ap);
    FILE *p = popen(command, "r");
    size_t n = fread(run_output, 1, sizeof run_output - 1, p);
    run_output[n] = 0;
    int status = pclose(p);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define assert_runs(...)                                                                                               \
    do {                                                                                                               \
        if (run(__VA_ARGS__) != 0)                                                                                     \
            fail_msg("%s", run_output);                                                                                \
    } while (0)
#define assert_contains(text, part)                                                                                    \
    do {                                                                                                               \
        if (!strstr(text, part))                                                                                       \
            fail_msg("\"%s\" is not in \"%s\"", part, text);                                                           \
    } while (0)

static inline unsigned mode_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (unsigned)(st.st_mode & 07777) : 0;
}

static inline void put_file(const char *path, const void *content, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(content, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static inline void put_text(const char *path, const char *text)
{
    put_file(path, text, strlen(text));
}

/* The certificates of a small house: a device root, an issuing CA, a server root. */
struct house {
    EVP_PKEY *root_key, *ca_key, *server_root_key, *key;
    X509 *root, *ca, *server_root;
};
#define HOUSE_YEARS ((struct sg_validity){NOW - DAY, NOW + 20 * YEARS})

static inline struct house build_house(void)
{
    struct sg_error err = {0};
    struct house h = {
        .root_key = sg_key_new(SG_P256, &err),
        .ca_key = sg_key_new(SG_P256, &err),
        .server_root_key = sg_key_new(SG_P384, &err),
        .key = sg_key_new(SG_P256, &err),
    };
    h.root = sg_cert_root(h.root_key, "Device root", HOUSE_YEARS, &err);
    assert_non_null(h.root);
    h.ca = sg_cert_issuing((struct sg_issuer){h.root, h.root_key}, h.ca_key, "first lot", HOUSE_YEARS, &err);
    assert_non_null(h.ca);
    h.server_root = sg_cert_root(h.server_root_key, "Server root", HOUSE_YEARS, &err);
    assert_non_null(h.server_root);
    return h;
}

static inline void free_house(struct house *h)
{
    EVP_PKEY_free(h->root_key);
    EVP_PKEY_free(h->ca_key);
    EVP_PKEY_free(h->server_root_key);
    EVP_PKEY_free(h->key);
    X509_free(h->root);
    X509_free(h->ca);
    X509_free(h->server_root);
}

#endif
