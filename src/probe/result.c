/* SPDX-License-Identifier: Apache-2.0 */
/* The result of one run, from its begin to its verdict. */
#include "probe/probe_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sg_probe_result_init(struct sg_probe_result *r, const struct sg_probe_run *run)
{
    *r = (struct sg_probe_result){
        .run = run, .verdict = SG_VERDICT_SKIPPED, .severity = run->severity, .began = sg_probe_now_ms()};
}

void sg_probe_result_free(struct sg_probe_result *r)
{
    json_decref(r->facts);
    sg_capture_free(r->capture);
    free(r->transcript);
    *r = (struct sg_probe_result){.run = r->run};
}

static void copy(char *to, size_t cap, const char *from)
{
    (void)snprintf(to, cap, "%s", from != NULL ? from : "");
}

void sg_probe_add_control(struct sg_probe_result *r, bool ok, const char *what, const char *observed)
{
    /* Where there is no room, the last gives way, but never a failed one. */
    if (r->controls == SG_PROBE_CONTROLS && !r->control[SG_PROBE_CONTROLS - 1].ok)
        return;
    struct sg_probe_control *c = &r->control[r->controls < SG_PROBE_CONTROLS ? r->controls++ : SG_PROBE_CONTROLS - 1];
    *c = (struct sg_probe_control){.when = sg_probe_now_ms(), .ok = ok};
    copy(c->what, sizeof c->what, what);
    copy(c->observed, sizeof c->observed, observed);
}

static const struct sg_probe_control *failed_control(const struct sg_probe_result *r)
{
    for (size_t i = 0; i < r->controls; i++)
        if (!r->control[i].ok)
            return &r->control[i];
    return NULL;
}

void sg_probe_conclude(struct sg_probe_result *r, enum sg_verdict v, const char *observed, const char *reason)
{
    r->ended = sg_probe_now_ms();
    r->verdict = v;
    if (observed != NULL)
        copy(r->observed, sizeof r->observed, observed);
    copy(r->reason, sizeof r->reason, reason);
    const struct sg_probe_control *failed = failed_control(r);
    if (failed == NULL || (v != SG_VERDICT_NOTHING_AGAINST && v != SG_VERDICT_REMARK))
        return;
    r->verdict = SG_VERDICT_SKIPPED;
    (void)snprintf(r->reason, sizeof r->reason, "A control failed (%s: %s), so that a refusal shows nothing.",
                   failed->what, failed->observed);
}
