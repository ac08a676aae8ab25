/* SPDX-License-Identifier: Apache-2.0 */
/* The runs against a firmware image. */
#include "probe/probe_internal.h"

const struct sg_probe_runs sg_probe_runs_image = {NULL, 0};
