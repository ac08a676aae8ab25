/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a port share. */
#ifndef SG_PORT_INTERNAL_H
#define SG_PORT_INTERNAL_H

#include "programs/port.h"

#define SG_PORT_TCP "tcp:"
/* Opens "tcp:HOST:PORT". */
int sg_port_connect(struct sg_port *p, const char *path, struct sg_error *err);

#endif
