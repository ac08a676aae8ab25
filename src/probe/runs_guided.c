/* SPDX-License-Identifier: Apache-2.0 */
/* The runs against what a person does at a bench, guided and recorded. */
#include "probe/probe_internal.h"

const struct sg_probe_runs sg_probe_runs_guided = {NULL, 0};
