/* SPDX-License-Identifier: Apache-2.0 */
/* The pre-shared keys that the inventory knows, sought in an image: as they are, and in hexadecimal. */
#include "probe/image_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct known {
    struct sg_psk_secret psk;
    char identity[SG_PSK_IDENTITY];
};

/* An open hash table over the keys' first eight bytes; at most half of its places are in use. */
struct sg_known_psks {
    struct known *known;
    size_t n, cap;
    uint32_t *place; /* number of a key + 1, 0: free */
    unsigned bits;   /* 1 << bits places */
};

struct sg_known_psks *sg_known_psks_new(void)
{
    return calloc(1, sizeof(struct sg_known_psks));
}

void sg_known_psks_free(struct sg_known_psks *k)
{
    if (k == NULL)
        return;
    if (k->known != NULL)
        sg_wipe(k->known, k->n * sizeof *k->known);
    free(k->known);
    free(k->place);
    free(k);
}

size_t sg_known_psks_count(const struct sg_known_psks *k)
{
    return k->n;
}

static size_t first_place(const struct sg_known_psks *k, const uint8_t *key)
{
    uint64_t v;
    memcpy(&v, key, sizeof v);
    return (size_t)(v * 0x9e3779b97f4a7c15ULL >>
                    (64 - k->bits)); /* the fraction of the golden ratio: Fibonacci hashing */
}

static void put(struct sg_known_psks *k, size_t number)
{
    size_t mask = ((size_t)1 << k->bits) - 1, at = first_place(k, k->known[number].psk.key);
    while (k->place[at] != 0)
        at = (at + 1) & mask;
    k->place[at] = (uint32_t)(number + 1);
}

/* Twice the room. The old copy of the keys is wiped. */
static int grow(struct sg_known_psks *k)
{
    size_t cap = k->cap == 0 ? 64 : 2 * k->cap;
    struct known *known = calloc(cap, sizeof *known);
    uint32_t *place = calloc(2 * cap, sizeof *place);
    if (known == NULL || place == NULL) {
        free(known);
        free(place);
        return SG_ENOMEM;
    }
    if (k->n > 0) {
        memcpy(known, k->known, k->n * sizeof *known);
        sg_wipe(k->known, k->n * sizeof *known);
    }
    free(k->known);
    free(k->place);
    k->known = known;
    k->place = place;
    k->cap = cap;
    for (k->bits = 1; (size_t)1 << k->bits < 2 * cap; k->bits++)
        ;
    for (size_t i = 0; i < k->n; i++)
        put(k, i);
    return 0;
}

int sg_known_psks_add(struct sg_known_psks *k, const struct sg_psk_secret *psk, const char *identity)
{
    int r = k->n == k->cap ? grow(k) : 0;
    if (r < 0)
        return r;
    k->known[k->n].psk = *psk;
    (void)snprintf(k->known[k->n].identity, sizeof k->known[k->n].identity, "%s", identity);
    put(k, k->n++);
    return 0;
}

const char *sg_known_psks_match(const struct sg_known_psks *k, const uint8_t bytes[SG_PSK_KEY])
{
    if (k->n == 0)
        return NULL;
    size_t mask = ((size_t)1 << k->bits) - 1;
    for (size_t at = first_place(k, bytes); k->place[at] != 0; at = (at + 1) & mask) {
        const struct known *one = &k->known[k->place[at] - 1];
        if (sg_secret_eq(one->psk.key, bytes, SG_PSK_KEY))
            return one->identity;
    }
    return NULL;
}

static void report(struct sg_image_scan *s, const char *identity, size_t at, const uint8_t *key, const char *form,
                   size_t n)
{
    struct sg_finding *f = sg_image_find(s, "psk", SG_CERTAIN, at, n, sg_bytes(key, SG_PSK_KEY));
    if (f == NULL)
        return;
    f->severity = SG_SEVERITY_CRITICAL;
    (void)snprintf(f->what, sizeof f->what, "the pre-shared key of %.120s, %s", identity, form);
    (void)snprintf(f->excerpt, sizeof f->excerpt, "(%zu %s)", n, n == SG_PSK_KEY ? "bytes" : "digits");
    f->cure = "Take it out of the build, revoke it (`signet revoke`) and give the device another (`signet enroll "
              "--renew`).";
}

/* 64 digits in a row, wherever they begin. */
static void take_digits(struct sg_image_scan *s, const uint8_t *p, size_t at)
{
    uint8_t key[SG_PSK_KEY];
    struct sg_buf out = sg_buf(key, sizeof key);
    if (sg_parse_hex(sg_bytes(p, 2 * sizeof key), &out) < 0)
        return;
    const char *identity = sg_known_psks_match(s->psks, key);
    if (identity != NULL)
        report(s, identity, at, key, "in hexadecimal", 2 * sizeof key);
    sg_wipe(key, sizeof key);
}

void sg_image_find_psks(struct sg_image_scan *s, const struct sg_image_segment *seg)
{
    const uint8_t *p = s->image->data + seg->at;
    size_t digits = 0; /* hexadecimal digits in a row up to here */
    if (s->psks == NULL || sg_known_psks_count(s->psks) == 0)
        return;
    for (size_t i = 0; i < seg->n; i++) {
        bool digit = (p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f') || (p[i] >= 'A' && p[i] <= 'F');
        digits = digit ? digits + 1 : 0;
        if (digits >= 2 * SG_PSK_KEY)
            take_digits(s, p + i + 1 - 2 * SG_PSK_KEY, seg->at + i + 1 - 2 * SG_PSK_KEY);
        if (seg->n - i < SG_PSK_KEY)
            continue;
        const char *identity = sg_known_psks_match(s->psks, p + i);
        if (identity != NULL)
            report(s, identity, seg->at + i, p + i, "as it is", SG_PSK_KEY);
    }
}
