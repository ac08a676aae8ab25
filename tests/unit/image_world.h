/* SPDX-License-Identifier: Apache-2.0 */
/* Images with one thing in them, for the tests of the search. */
#ifndef IMAGE_WORLD_H
#define IMAGE_WORLD_H

#include "probe/image_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WORLD = 32 * 1024, PLACE = 12345 /* not aligned: nothing may depend on it */ };

/* Something like code: repeats, few texts, no secrets. */
static inline void fill_code(uint8_t *p, size_t n)
{
    static const char text[] =
        "E: Failed to connect to %s, password required\0key\0identity=%s\0usage: set password=<value>";
    uint32_t x = 1;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = i % 4 == 3 ? (uint8_t)(0x46 + (x >> 30)) : (uint8_t)(x >> 28);
    }
    if (n > 2048 + sizeof text)
        memcpy(p + 2048, text, sizeof text);
}

/* An image of code with `what` at PLACE, searched; ended by end_scan. */
static struct sg_images *world;
static inline struct sg_image_scan *scan_with(const void *what, size_t n, const struct sg_known_psks *psks)
{
    static uint8_t space[WORLD];
    struct sg_image_scan *s = calloc(1, sizeof *s);
    struct sg_error err = {0};
    world = calloc(1, sizeof *world);
    fill_code(space, sizeof space);
    if (n > 0)
        memcpy(space + PLACE, what, n);
    assert_int_equal(sg_image_load(world, "app.bin", sg_bytes(space, sizeof space), &err), 0);
    s->image = &world->image[0];
    s->now = 1795430400; /* 2026-11-23 */
    s->psks = psks;
    sg_image_scan(s);
    return s;
}

static inline void end_scan(struct sg_image_scan *s)
{
    sg_images_free(world);
    free(world);
    free(s);
}

#endif
