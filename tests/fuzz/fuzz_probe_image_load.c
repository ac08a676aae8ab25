/* SPDX-License-Identifier: Apache-2.0 */
/* Image files from outside, in all formats: what is loaded lies within its memory, and each byte of it has a place. */
#include "probe/image_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct sg_images *set = calloc(1, sizeof *set);
    struct sg_error err = {0};
    if (set == NULL)
        return 0;
    int r = sg_image_load(set, "image", sg_bytes(data, n), &err);
    if (r < 0 && (err.text[0] == '\0' || err.code != r))
        abort();
    for (size_t i = 0; i < set->n; i++) {
        const struct sg_image *im = &set->image[i];
        for (size_t k = 0; k < im->segments; k++) {
            const struct sg_image_segment *seg = &im->segment[k];
            struct sg_mcuboot m;
            if (seg->at > im->n || seg->n > im->n - seg->at)
                abort();
            if (seg->n > 0 && im->lines > 0 && sg_image_place(im, seg->at + seg->n - 1).offset >= n)
                abort();
            if (sg_mcuboot_parse(sg_bytes(im->data, seg->at + seg->n), seg->at, &m) == 0)
                (void)sg_mcuboot_check_hash(&m);
        }
    }
    sg_images_free(set);
    free(set);
    return 0;
}
