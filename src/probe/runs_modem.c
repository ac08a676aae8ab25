/* SPDX-License-Identifier: Apache-2.0 */
/* The runs against an nRF91 modem at its AT port. */
#include "probe/probe_internal.h"

const struct sg_probe_runs sg_probe_runs_modem = {NULL, 0};
