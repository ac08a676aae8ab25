/* SPDX-License-Identifier: Apache-2.0 */
/* The runs against the devices of a lot, together. */
#include "probe/probe_internal.h"

const struct sg_probe_runs sg_probe_runs_batch = {NULL, 0};
