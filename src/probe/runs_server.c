/* SPDX-License-Identifier: Apache-2.0 */
/* The runs against a LwM2M server, or any that speaks CoAP over DTLS. */
#include "probe/probe_internal.h"

const struct sg_probe_runs sg_probe_runs_server = {NULL, 0};
