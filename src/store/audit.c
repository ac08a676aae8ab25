/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log: a chain of entries, each with the hash of all before it. */
#include "store_internal.h"
#include <stdio.h>
#include <string.h>

#define TEXTS 5

/* An entry as it is hashed: whatever the row holds, uncut. */
struct raw {
    int64_t number, when;
    struct sg_bytes text[TEXTS]; /* who, from, what, subject, detail */
};

/* One field: its length in 4 bytes, then its bytes, so that no two entries look alike. */
static void hash_field(EVP_MD_CTX *md, const void *p, size_t n)
{
    uint8_t head[4];
    struct sg_buf b = sg_buf(head, sizeof head);
    sg_put_u32(&b, (uint32_t)n);
    EVP_DigestUpdate(md, head, sizeof head);
    if (n > 0)
        EVP_DigestUpdate(md, p, n);
}

static void hash_number(EVP_MD_CTX *md, int64_t v)
{
    uint8_t bytes[8];
    struct sg_buf b = sg_buf(bytes, sizeof bytes);
    sg_put_u64(&b, (uint64_t)v);
    hash_field(md, bytes, sizeof bytes);
}

/* SHA-256 over the hash before (zeros for the first entry) and all fields: docs/reference/inventory.md. */
static int chain(const uint8_t before[32], const struct raw *e, uint8_t hash[32])
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    int r = SG_ECRYPTO;
    if (md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(md, before, 32) == 1) {
        hash_number(md, e->number);
        hash_number(md, e->when);
        for (size_t i = 0; i < TEXTS; i++)
            hash_field(md, e->text[i].p, e->text[i].n);
        r = EVP_DigestFinal_ex(md, hash, NULL) == 1 ? 0 : SG_ECRYPTO;
    }
    EVP_MD_CTX_free(md);
    return r;
}

/* The last entry's number and hash; zeros in an empty log. */
static int read_last(struct sg_store *s, int64_t *number, uint8_t hash[32], struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1");
    *number = 0;
    memset(hash, 0, 32);
    if (sg_store_row(&q)) {
        *number = sg_store_get_int(&q);
        (void)sg_store_get_blob(&q, hash, 32);
    }
    return sg_store_end(&q, err, "cannot read the audit log");
}

static int insert(struct sg_store *s, const struct sg_audit_entry *e, struct sg_error *err)
{
    struct sg_store_query q =
        sg_store_query(s, "INSERT INTO audit (number, at, who, origin, what, subject, detail, hash)"
                          " VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    sg_store_bind_int(&q, e->number);
    sg_store_bind_int(&q, e->when);
    sg_store_bind_text(&q, e->who);
    sg_store_bind_text(&q, e->from);
    sg_store_bind_text(&q, e->what);
    sg_store_bind_text(&q, e->subject);
    sg_store_bind_text(&q, e->detail);
    sg_store_bind_blob(&q, sg_bytes(e->hash, sizeof e->hash));
    (void)sg_store_row(&q);
    return sg_store_end(&q, err, "cannot add to the audit log");
}

static int add(struct sg_store *s, struct sg_audit_entry *e, struct sg_error *err)
{
    uint8_t before[32];
    int r = read_last(s, &e->number, before, err);
    if (r < 0)
        return r;
    e->number++;
    struct raw raw = {
        e->number, e->when, {sg_str(e->who), sg_str(e->from), sg_str(e->what), sg_str(e->subject), sg_str(e->detail)}};
    r = chain(before, &raw, e->hash);
    return r < 0 ? sg_fail(err, r, "cannot add to the audit log: SHA-256 failed") : insert(s, e, err);
}

int sg_store_audit(struct sg_store *s, struct sg_audit_entry *e, struct sg_error *err)
{
    struct sg_store_step step;
    int r = sg_store_step_begin(s, &step, err); /* holds the write lock: nobody else adds in between */
    if (r < 0)
        return r;
    r = add(s, e, err);
    return sg_store_step_end(s, &step, r, err);
}

/* ----------------------------------------------------------------------------------------------------- read */

static const char walk[] = "SELECT number, at, who, origin, what, subject, detail, hash FROM audit"
                           " WHERE number >= ? ORDER BY number";

int sg_store_each_audit(struct sg_store *s, int64_t first, int (*fn)(void *user, const struct sg_audit_entry *e),
                        void *user, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, walk);
    int stop = 0;
    sg_store_bind_int(&q, first);
    while (stop == 0 && sg_store_row(&q)) {
        struct sg_audit_entry e = {.number = sg_store_get_int(&q)};
        e.when = sg_store_get_int(&q);
        sg_store_get_text(&q, e.who, sizeof e.who);
        sg_store_get_text(&q, e.from, sizeof e.from);
        sg_store_get_text(&q, e.what, sizeof e.what);
        sg_store_get_text(&q, e.subject, sizeof e.subject);
        sg_store_get_text(&q, e.detail, sizeof e.detail);
        (void)sg_store_get_blob(&q, e.hash, sizeof e.hash);
        stop = fn(user, &e);
    }
    int r = sg_store_end(&q, err, "cannot read the audit log");
    return r < 0 ? r : stop;
}

/* Checks the entry of the present row against what came before it, and steps on. */
static int check_row(struct sg_store_query *q, int64_t *count, uint8_t hash[32], struct sg_error *err)
{
    struct raw raw = {.number = sg_store_get_int(q)};
    uint8_t expected[32];
    raw.when = sg_store_get_int(q);
    for (size_t i = 0; i < TEXTS; i++)
        raw.text[i] = sg_store_get_bytes(q);
    struct sg_bytes recorded = sg_store_get_bytes(q);
    if (raw.number != *count + 1)
        return sg_fail(err, SG_EMISMATCH, "the audit log was tampered with: entry %lld is missing (%lld follows %lld)",
                       (long long)*count + 1, (long long)raw.number, (long long)*count);
    if (chain(hash, &raw, expected) < 0)
        return sg_fail(err, SG_ECRYPTO, "cannot check the audit log: SHA-256 failed");
    if (!sg_bytes_eq(recorded, sg_bytes(expected, sizeof expected)))
        return sg_fail(err, SG_EMISMATCH,
                       "the audit log was tampered with: entry %lld does not fit its hash; it was altered, or one "
                       "before it was replaced",
                       (long long)raw.number);
    memcpy(hash, expected, sizeof expected);
    *count = raw.number;
    return 0;
}

int sg_store_audit_verify(struct sg_store *s, int64_t *count, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, walk);
    uint8_t hash[32] = {0};
    int r = 0;
    *count = 0;
    sg_store_bind_int(&q, INT64_MIN);
    while (r == 0 && sg_store_row(&q))
        r = check_row(&q, count, hash, err);
    int e = sg_store_end(&q, r < 0 ? NULL : err, "cannot read the audit log");
    return r < 0 ? r : e;
}
