/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of nrf91sim. */
#ifndef NRF91SIM_OPTIONS_H
#define NRF91SIM_OPTIONS_H

#include "sim/sim.h"

enum { NAMES_MAX = 16, SETTINGS_MAX = 64, FAULTS_MAX = 32 };

struct options {
    struct sg_sim_config sim;
    struct sg_sim_name names[NAMES_MAX];
    const char *settings[SETTINGS_MAX];
    const char *faults[FAULTS_MAX];
    size_t fault_count;
    const char *control;
    const char *link;
    size_t count;  /* 0: one modem, whose files have no numbers */
    unsigned baud; /* 0: unthrottled */
    bool verbose;
};

/* -1: go on; else the exit code: the help was asked for, or something is wrong and was said. */
int options_parse(struct options *o, int argc, char **argv);

#endif
