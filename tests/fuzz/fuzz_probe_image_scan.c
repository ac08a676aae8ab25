/* SPDX-License-Identifier: Apache-2.0 */
/* The search of any bytes: what is found lies within them, is told of in words, and nothing is found twice. */
#include "probe/image_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct sg_image im = {0};
    struct sg_image_scan *s = calloc(1, sizeof *s);
    struct sg_known_psks *known = sg_known_psks_new();
    struct sg_psk_secret psk = {"0123456789abcdefghijklmnopqrstu"};
    if (s == NULL || known == NULL || sg_known_psks_add(known, &psk, "urn:imei:1") < 0 ||
        sg_image_load_raw(&im, sg_bytes(data, n), NULL) < 0)
        abort();
    s->image = &im;
    s->now = 1795430400;
    s->psks = known;
    sg_image_scan(s);
    for (size_t i = 0; i < s->findings; i++) {
        const struct sg_finding *f = &s->finding[i];
        if (f->n == 0 || f->at > n || f->n > n - f->at || f->what[0] == '\0' || f->cure == NULL)
            abort();
        for (size_t k = 0; k < i; k++)
            if (f->at < s->finding[k].at + s->finding[k].n && s->finding[k].at < f->at + f->n)
                abort();
    }
    sg_image_clear(&im);
    sg_known_psks_free(known);
    free(s);
    return 0;
}
