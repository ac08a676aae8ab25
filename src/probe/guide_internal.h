/* SPDX-License-Identifier: Apache-2.0 */
/* The scripts of the guided runs (guide_scripts.c), which guide.c plays. */
#ifndef SG_PROBE_GUIDE_INTERNAL_H
#define SG_PROBE_GUIDE_INTERNAL_H

#include "probe/probe_internal.h"

/* One of the things that may have been seen. */
struct sg_guide_seen {
    const char *answer, *means; /* "installed", "the device runs the image that it was offered" */
    enum sg_verdict verdict;
};

/* What the command that watches must tell, where it tells the version. */
enum sg_guide_change { SG_GUIDE_ANY, SG_GUIDE_SAME, SG_GUIDE_OTHER };

struct sg_guide {
    const char *run;
    const char *need;   /* what must be at hand */
    const char *before; /* the control before, as a question; NULL: none */
    const char *action; /* what to do */
    const struct sg_guide_seen *seen;
    size_t n; /* of them */
    enum sg_guide_change change;
    const char *after; /* the control after, as a question; NULL: none */
};
const struct sg_guide *sg_probe_find_guide(const char *run);

#endif
