/* SPDX-License-Identifier: Apache-2.0 */
/* The runs against a device that connects to servers which the probe plays. */
#include "probe/probe_internal.h"

const struct sg_probe_runs sg_probe_runs_device = {NULL, 0};
