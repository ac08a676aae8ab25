/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_issue [COUNT]: how many certificates a core issues in a second, against the floor of what cannot be left out:
 * one ECDSA P-256 verification (the request's own signature) and one signature (the certificate's).
 *
 * A certificate here is the whole of it: the request parsed and verified, the certificate made and signed, device,
 * certificate and audit entry written to an inventory, durably: with one commit for 64 of them, and with one for each.
 * The inventory is made in the present folder, so that its disk is the one that is measured.
 */
#include "factory/factory.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, REQUEST_MAX = 1024 };
#define DB "bench_issue.db"

static const char *const files[] = {DB, DB "-wal", DB "-shm"};

struct request {
    uint8_t text[REQUEST_MAX];
    size_t n;
};

struct span {
    double wall, cpu; /* seconds */
};

static double seconds(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct span now(void)
{
    return (struct span){seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};
}

static struct span since(struct span start)
{
    struct span end = now();
    return (struct span){end.wall - start.wall, end.cpu - start.cpu};
}

static void must(bool done, const char *what, const struct sg_error *err)
{
    if (done)
        return;
    (void)fprintf(stderr, "bench_issue: %s: %s\n", what, err != NULL ? err->text : "failed");
    exit(1);
}

/* ------------------------------------------------------------------------------------------------------ floor */

/* Signatures and verifications a second of one core, over as many bytes as a certificate's. */
static double floor_rate(int count)
{
    uint8_t message[300] = {1}, signature[80];
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    struct span start = now();
    for (int i = 0; i < count; i++) {
        size_t n = sizeof signature;
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        must(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
                 EVP_DigestSign(md, signature, &n, message, sizeof message) == 1,
             "signing", NULL);
        EVP_MD_CTX_free(md);
        md = EVP_MD_CTX_new();
        must(EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
                 EVP_DigestVerify(md, signature, n, message, sizeof message) == 1,
             "verifying", NULL);
        EVP_MD_CTX_free(md);
    }
    double rate = count / since(start).cpu;
    EVP_PKEY_free(key);
    return rate;
}

/* --------------------------------------------------------------------------------------------------- requests */

static void make_request(struct request *r, int number)
{
    char name[64];
    struct sg_error err = {0};
    struct sg_buf out = sg_buf(r->text, sizeof r->text);
    EVP_PKEY *key = sg_key_new(SG_P256, &err);
    (void)snprintf(name, sizeof name, "urn:imei:%015d", number);
    must(key != NULL && sg_request_make(key, name, &out, &err) == 0, "making a request", &err);
    r->n = out.len;
    EVP_PKEY_free(key);
}

/* ---------------------------------------------------------------------------------------------------- issuing */

struct bench {
    struct sg_store *store;
    struct sg_issuer issuer;
    struct sg_fingerprint issuer_fingerprint;
    int64_t when;
    struct sg_error err;
};

static void record(struct bench *b, const char *name, const X509 *cert)
{
    struct sg_device d = {.state = SG_DEVICE_ENROLLED, .created = b->when};
    struct sg_cert_row row = {.kind = SG_CERT_DEVICE, .state = SG_CERT_ACTIVE, .added = b->when};
    struct sg_audit_entry entry = {.when = b->when, .who = "bench", .from = "local", .what = "issued"};
    (void)snprintf(d.endpoint, sizeof d.endpoint, "%s", name);
    (void)snprintf(entry.subject, sizeof entry.subject, "%s", name);
    must(sg_store_add_device(b->store, &d, &b->err) == 0, "recording the device", &b->err);
    row.device = d.number;
    row.issuer = b->issuer_fingerprint;
    must(sg_store_add_cert(b->store, cert, &row, &b->err) == 0, "recording the certificate", &b->err);
    must(sg_store_audit(b->store, &entry, &b->err) == 0, "recording the entry", &b->err);
}

static void issue(struct bench *b, const struct request *r)
{
    char name[128];
    struct sg_validity v = {b->when, b->when + 3600};
    struct sg_request *req = sg_request_parse(sg_bytes(r->text, r->n), &b->err);
    must(req != NULL && sg_request_cn(req, name, sizeof name) >= 0, "reading a request", &b->err);
    EVP_PKEY *key = sg_request_key(req);
    X509 *cert = sg_cert_device(b->issuer, key, name, v, &b->err);
    must(cert != NULL, "issuing", &b->err);
    record(b, name, cert);
    X509_free(cert);
    EVP_PKEY_free(key);
    sg_request_free(req);
}

static void issue_all(struct bench *b, const struct request *requests, int count, int batch)
{
    for (int i = 0; i < count; i++) {
        if (i % batch == 0)
            must(sg_store_begin(b->store, &b->err) == 0, "beginning", &b->err);
        issue(b, &requests[i]);
        if (i % batch == batch - 1 || i + 1 == count)
            must(sg_store_commit(b->store, &b->err) == 0, "committing", &b->err);
    }
}

static void remove_files(void)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        (void)unlink(files[i]);
}

static void measure(struct bench *b, const struct request *requests, int count, int batch, double floor)
{
    remove_files();
    must(sg_store_create(DB, &b->err) == 0, "making an inventory", &b->err);
    b->store = sg_store_open(DB, &b->err);
    must(b->store != NULL, "opening it", &b->err);
    struct span start = now();
    issue_all(b, requests, count, batch);
    struct span took = since(start);
    sg_store_close(b->store);
    remove_files();
    (void)printf("one commit for %2d: %7.0f certificates/s/core, %.2f of the floor; %7.0f/s with the disk's delay\n",
                 batch, count / took.cpu, count / took.cpu / floor, count / took.wall);
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 4096;
    if (count < BATCH || count > 1000000) {
        (void)fprintf(stderr, "usage: bench_issue [COUNT], from %d on\n", BATCH);
        return 2;
    }
    struct bench b = {.when = time(NULL)};
    struct request *requests = calloc((size_t)count, sizeof *requests);
    must(requests != NULL, "memory", NULL);
    for (int i = 0; i < count; i++)
        make_request(&requests[i], i);
    b.issuer.key = sg_key_new(SG_P256, &b.err);
    b.issuer.cert = sg_cert_root(b.issuer.key, "Bench", (struct sg_validity){b.when - 60, b.when + 86400}, &b.err);
    must(b.issuer.cert != NULL && sg_cert_fingerprint(b.issuer.cert, &b.issuer_fingerprint) == 0, "making a CA",
         &b.err);
    double floor = floor_rate(count);
    (void)printf("floor: one signature and one verification, ECDSA P-256: %.0f/s/core\n", floor);
    measure(&b, requests, count, BATCH, floor);
    measure(&b, requests, count, 1, floor);
    X509_free(b.issuer.cert);
    EVP_PKEY_free(b.issuer.key);
    free(requests);
    return 0;
}
