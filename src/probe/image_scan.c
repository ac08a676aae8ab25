/* SPDX-License-Identifier: Apache-2.0 */
/* The search of one image for what must not be in it, and the list of what was found. */
#include "probe/image_internal.h"

#include <string.h>

const char *sg_confidence_name(enum sg_confidence c)
{
    static const char *const names[] = {"possible", "likely", "certain"};
    return names[c];
}

bool sg_image_covered(const struct sg_image_scan *s, size_t at, size_t n)
{
    for (size_t i = 0; i < s->findings; i++)
        if (at < s->finding[i].at + s->finding[i].n && s->finding[i].at < at + n)
            return true;
    return false;
}

struct sg_finding *sg_image_find(struct sg_image_scan *s, const char *kind, enum sg_confidence c, size_t at, size_t n,
                                 struct sg_bytes secret)
{
    if (sg_image_covered(s, at, n))
        return NULL;
    if (s->findings == SG_IMAGE_FINDINGS) {
        s->more++;
        return NULL;
    }
    struct sg_finding *f = &s->finding[s->findings++];
    *f = (struct sg_finding){
        .kind = kind, .confidence = c, .severity = SG_SEVERITY_HIGH, .image = s->number, .at = at, .n = n};
    sg_sha256(secret, f->id);
    return f;
}

bool sg_image_varied(const uint8_t *p, size_t n, unsigned distinct)
{
    uint64_t seen[4] = {0};
    unsigned count = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t bit = 1ULL << (p[i] & 63);
        count += (seen[p[i] >> 6] & bit) == 0;
        seen[p[i] >> 6] |= bit;
    }
    return count >= distinct;
}

void sg_image_scan(struct sg_image_scan *s)
{
    /* From what is sure to what is a guess: what one search has found, the next ones leave alone. */
    for (size_t i = 0; i < s->image->segments; i++)
        sg_image_find_pem(s, &s->image->segment[i]);
    for (size_t i = 0; i < s->image->segments; i++)
        sg_image_find_keys(s, &s->image->segment[i]);
    sg_image_find_scalars(s);
    for (size_t i = 0; i < s->image->segments; i++)
        sg_image_find_psks(s, &s->image->segment[i]);
    for (size_t i = 0; i < s->image->segments; i++)
        sg_image_find_strings(s, &s->image->segment[i]);
}
