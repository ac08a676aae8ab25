/* SPDX-License-Identifier: Apache-2.0 */
/* The runs against the devices of a lot, together. */
#include "probe/probe_internal.h"

static const struct sg_probe_run runs[] = {
    {"batch.unique", "public keys, certificates, serial numbers and digests of all units are compared", "all differ",
     "CCK-3",
     "none of the units named may be shipped with what they share: enrol them anew (`signet enroll --renew`), and find "
     "out where it was copied",
     SG_WEIGHT_PRIMARY, SG_SEVERITY_CRITICAL},
};
const struct sg_probe_runs sg_probe_runs_batch = {runs, sizeof runs / sizeof runs[0]};
