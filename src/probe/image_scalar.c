/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys as 32 raw bytes: near a public key of P-256, each window of 32 bytes that is as varied as random ones is
 * taken for the private half d (big-endian) and d·G compared with the public keys. The nearest come first.
 */
#include "probe/image_internal.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCALAR = 32, DISTINCT = 24 /* of 32 random bytes: 30 in the mean, fewer than 24 once in 10^6 */ };

struct search {
    struct sg_image_scan *s;
    EC_GROUP *group;
    EC_POINT *product;
    BIGNUM *d;
    BN_CTX *ctx;
    uint8_t *tried; /* a bit for each window */
};

static const struct sg_image_segment *segment_of(const struct sg_image *im, size_t at)
{
    for (size_t i = 0; i < im->segments; i++)
        if (at >= im->segment[i].at && at - im->segment[i].at < im->segment[i].n)
            return &im->segment[i];
    return NULL;
}

static void report(struct search *q, const struct sg_image_point *point, size_t at)
{
    uint8_t full[SG_POINT] = {4};
    struct sg_fingerprint fp;
    memcpy(full + 1, point->xy, 64);
    struct sg_finding *f =
        sg_image_find(q->s, "private-key", SG_CERTAIN, at, SCALAR, sg_bytes(q->s->image->data + at, SCALAR));
    if (f == NULL)
        return;
    EVP_PKEY *key = sg_key_from_point(full, NULL);
    if (key != NULL && sg_key_fingerprint(key, &fp) == 0)
        memcpy(f->id, fp.sha256, sizeof f->id);
    EVP_PKEY_free(key);
    f->severity = SG_SEVERITY_CRITICAL;
    (void)snprintf(f->what, sizeof f->what, "a private key of P-256 as 32 bytes; its public half is at offset 0x%zx",
                   sg_image_place(q->s->image, point->at).offset);
    (void)snprintf(f->excerpt, sizeof f->excerpt, "(32 bytes)");
    f->cure = "Take it out of the build: each device makes its own key in its modem (AT%KEYGEN, `signet enroll`). "
              "Treat this key as known to all: revoke what was issued for it.";
}

/* One window; SG_SCALAR_TRIES of them are multiplied out. */
static void try_window(struct search *q, size_t at)
{
    struct sg_image_scan *s = q->s;
    uint8_t full[SG_POINT];
    if ((q->tried[at / 8] & 1 << at % 8) != 0)
        return;
    q->tried[at / 8] = (uint8_t)(q->tried[at / 8] | 1 << at % 8);
    const uint8_t *window = s->image->data + at;
    if (!sg_image_varied(window, SCALAR, DISTINCT) || sg_image_covered(s, at, SCALAR))
        return;
    if (s->tried == SG_SCALAR_TRIES) {
        s->untried++;
        return;
    }
    s->tried++;
    if (BN_bin2bn(window, SCALAR, q->d) == NULL || EC_POINT_mul(q->group, q->product, q->d, NULL, NULL, q->ctx) != 1 ||
        EC_POINT_point2oct(q->group, q->product, POINT_CONVERSION_UNCOMPRESSED, full, sizeof full, q->ctx) != SG_POINT)
        return;
    for (size_t i = 0; i < s->points; i++)
        if (memcmp(full + 1, s->point[i].xy, 64) == 0) {
            report(q, &s->point[i], at);
            return;
        }
}

/* The windows at one distance from a point, before and behind it. */
static void try_at(struct search *q, const struct sg_image_point *point, size_t distance)
{
    const struct sg_image_segment *seg = segment_of(q->s->image, point->at);
    if (seg == NULL)
        return;
    if (point->at + distance + SCALAR <= seg->at + seg->n)
        try_window(q, point->at + distance);
    if (point->at >= seg->at + distance && point->at - distance + SCALAR <= seg->at + seg->n)
        try_window(q, point->at - distance);
}

void sg_image_find_scalars(struct sg_image_scan *s)
{
    struct search q = {.s = s};
    if (s->points == 0)
        return;
    q.group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    q.product = q.group != NULL ? EC_POINT_new(q.group) : NULL;
    q.d = BN_secure_new();
    q.ctx = BN_CTX_secure_new();
    q.tried = calloc(1, s->image->n / 8 + 1);
    if (q.product != NULL && q.d != NULL && q.ctx != NULL && q.tried != NULL)
        for (size_t distance = 0; distance <= SG_SCALAR_DISTANCE; distance++)
            for (size_t i = 0; i < s->points; i++)
                try_at(&q, &s->point[i], distance);
    free(q.tried);
    BN_CTX_free(q.ctx);
    BN_clear_free(q.d);
    EC_POINT_free(q.product);
    EC_GROUP_free(q.group);
}
