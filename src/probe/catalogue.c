/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of runs: names of its words, and finding one. The runs themselves are in runs_KIND.c. */
#include "probe/probe_internal.h"

#include <string.h>

const char *sg_verdict_name(enum sg_verdict v)
{
    static const char *const names[] = {"nothing-against", "remark", "not-applicable", "skipped", "fail"};
    return names[v];
}

const char *sg_severity_name(enum sg_severity s)
{
    static const char *const names[] = {"info", "low", "medium", "high", "critical"};
    return names[s];
}

const char *sg_weight_name(enum sg_weight w)
{
    static const char *const names[] = {"primary", "supporting", "extra"};
    return names[w];
}

const char *sg_probe_kind_name(enum sg_probe_kind k)
{
    static const char *const names[] = {"server", "device", "modem", "image", "batch", "guided"};
    return names[k];
}

static const struct sg_probe_runs *const tables[] = {
    [SG_PROBE_SERVER] = &sg_probe_runs_server, [SG_PROBE_DEVICE] = &sg_probe_runs_device,
    [SG_PROBE_MODEM] = &sg_probe_runs_modem,   [SG_PROBE_IMAGE] = &sg_probe_runs_image,
    [SG_PROBE_BATCH] = &sg_probe_runs_batch,   [SG_PROBE_GUIDED] = &sg_probe_runs_guided,
};

const struct sg_probe_run *sg_probe_runs(enum sg_probe_kind kind, size_t *n)
{
    *n = tables[kind]->n;
    return tables[kind]->run;
}

const struct sg_probe_run *sg_probe_find_run(const char *name)
{
    for (size_t k = 0; k < sizeof tables / sizeof tables[0]; k++)
        for (size_t i = 0; i < tables[k]->n; i++)
            if (strcmp(tables[k]->run[i].name, name) == 0)
                return &tables[k]->run[i];
    return NULL;
}
