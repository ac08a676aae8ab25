/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a firmware image, whatever file they come in. */
#include "probe/image_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sg_image_clear(struct sg_image *im)
{
    if (im->data != NULL)
        sg_wipe(im->data, im->n);
    free(im->data);
    free(im->segment);
    free(im->line);
    memset(im, 0, sizeof *im);
}

void sg_images_free(struct sg_images *set)
{
    for (size_t i = 0; i < set->n; i++)
        sg_image_clear(&set->image[i]);
    set->n = 0;
}

int sg_image_load_raw(struct sg_image *im, struct sg_bytes file, struct sg_error *err)
{
    im->data = malloc(file.n + 1);
    im->segment = calloc(1, sizeof *im->segment);
    if (im->data == NULL || im->segment == NULL)
        return sg_fail(err, SG_ENOMEM, "There is no memory for an image of %zu bytes.", file.n);
    if (file.n > 0)
        memcpy(im->data, file.p, file.n);
    im->format = "raw";
    im->n = file.n;
    im->segments = 1;
    im->segment[0] = (struct sg_image_segment){.n = file.n};
    return 0;
}

static int load(struct sg_image *im, struct sg_bytes file, struct sg_error *err)
{
    int r = SG_EUNSUPPORTED;
    if (sg_image_is_hex(file))
        r = sg_image_load_hex(im, file, err);
    else if (file.n >= 4 && memcmp(file.p,
                                   "\x7f"
                                   "ELF",
                                   4) == 0)
        r = sg_image_load_elf(im, file, err);
    return r == SG_EUNSUPPORTED ? sg_image_load_raw(im, file, err) : r;
}

struct sg_image *sg_images_add(struct sg_images *set, const char *name, struct sg_bytes file, struct sg_error *err)
{
    if (set->n == SG_IMAGES) {
        (void)sg_fail(err, SG_ENOSPC, "%s: there are more than %d images; give fewer at once.", name, SG_IMAGES);
        return NULL;
    }
    struct sg_image *im = &set->image[set->n];
    memset(im, 0, sizeof *im);
    if (load(im, file, err) < 0) {
        (void)sg_fail_in(err, "%s", name);
        sg_image_clear(im);
        return NULL;
    }
    (void)snprintf(im->name, sizeof im->name, "%s", name);
    json_t *utf8 = json_string(im->name);
    for (char *p = im->name; utf8 == NULL && *p != '\0'; p++) /* a file's name may be anything; records are UTF-8 */
        if (*p < ' ' || *p > '~')
            *p = '?';
    json_decref(utf8);
    im->file = set->files;
    set->n++;
    return im;
}

int sg_image_load(struct sg_images *set, const char *name, struct sg_bytes file, struct sg_error *err)
{
    struct sg_error own = {0};
    int r = 0;
    if (set->files == SG_IMAGES)
        return sg_fail(err, SG_ENOSPC, "There are more than %d files; give fewer at once.", SG_IMAGES);
    if (file.n > SG_IMAGE_SIZE)
        return sg_fail(err, SG_ENOSPC, "%s has %zu bytes; an image may have %d.", name, file.n, SG_IMAGE_SIZE);
    if (file.n >= 4 && memcmp(file.p, "PK\x03\x04", 4) == 0)
        r = sg_images_load_zip(set, name, file, &own);
    else if (sg_images_add(set, name, file, &own) == NULL)
        r = own.code;
    if (r < 0)
        return sg_fail(err, r, "%s", own.text);
    set->files++;
    return 0;
}

struct sg_image_place sg_image_place(const struct sg_image *im, size_t at)
{
    struct sg_image_place p = {.offset = at};
    for (size_t i = 0; i < im->segments; i++)
        if (at >= im->segment[i].at && at - im->segment[i].at < im->segment[i].n && im->segment[i].addressed) {
            p.address = im->segment[i].address + (at - im->segment[i].at);
            p.addressed = true;
            break;
        }
    size_t low = 0, high = im->lines; /* the last line that begins at or before `at` */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (im->line[middle].at <= at)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0)
        p.offset = im->line[low - 1].offset + 2 * (at - im->line[low - 1].at);
    return p;
}
