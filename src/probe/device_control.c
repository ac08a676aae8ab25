/* SPDX-License-Identifier: Apache-2.0 */
/* Controls: the device registers with the good server. Without them "refused" may mean "not reachable". */
#include "probe/device_internal.h"

#include <stdio.h>
#include <string.h>

enum { QUICK_MS = 4000 }; /* what takes longer is told */

static void note(struct sg_probe_device *p, enum sg_probe_flaw kind, bool ok, const char *observed)
{
    p->last = (struct sg_probe_control){.when = sg_probe_now_ms(), .ok = ok};
    p->last_kind = kind;
    p->last_fresh = ok;
    (void)snprintf(p->last.what, sizeof p->last.what, "%s",
                   kind == SG_FLAW_NONE_BELOW_CA ? "registers with the good server, an issuing CA in its chain"
                                                 : "registers with the good server");
    (void)snprintf(p->last.observed, sizeof p->last.observed, "%s", observed);
}

/* Says what is waited for; where the device is known, only when it takes its time. */
static bool await(struct sg_probe_device *p, uint64_t end)
{
    const uint64_t quick = sg_probe_steady() + (p->known ? QUICK_MS : 0);
    char text[120], address[SG_ADDR_TEXT];

    if (sg_probe_good_run(p->good, &p->good->lwm2m.registered, quick < end ? quick : end))
        return true;
    if (p->good->refused || p->good->closed || quick >= end)
        return false;
    (void)snprintf(text, sizeof text, "%s %s", p->known ? "the device to come back to" : "a device to connect to",
                   sg_addr_text(&p->wire.local, address));
    if (p->o->waits != NULL)
        p->o->waits(p->o->user, text);
    return sg_probe_good_run(p->good, &p->good->lwm2m.registered, end);
}

bool sg_probe_dev_control(struct sg_probe_device *p, enum sg_probe_flaw kind)
{
    enum { ATTEMPTS = 3 };
    char text[200] = "it did not come";
    struct sg_error err = {0};
    const uint64_t end = sg_probe_steady() + (uint64_t)p->o->patience * 1000;

    if (p->last_fresh && p->last_kind == kind && p->good != NULL && !p->good->closed)
        return true;
    for (int i = 0; i < ATTEMPTS && sg_probe_steady() < end && !sg_probe_device_stopped(p); i++) {
        if (sg_probe_good_open(p, kind, &err) < 0) {
            note(p, kind, false, err.text);
            return false;
        }
        if (await(p, end)) {
            (void)snprintf(text, sizeof text, "registered as %.90s by %.60s", p->good->lwm2m.endpoint,
                           sg_suite_name(p->good->suite));
            note(p, kind, true, text);
            return true;
        }
        if (p->good->lwm2m.bootstrap)
            (void)snprintf(text, sizeof text, "it asks to be bootstrapped, and this server manages only");
        else if (p->good->refused || p->good->closed)
            (void)snprintf(text, sizeof text, "%.190s", p->good->why);
        else if (p->good->connected)
            (void)snprintf(text, sizeof text, "a session stood, and no registration came in it");
    }
    note(p, kind, false, text);
    return false;
}

void sg_probe_dev_note_control(const struct sg_probe_device *p, struct sg_probe_result *r)
{
    if (r->controls < SG_PROBE_CONTROLS)
        r->control[r->controls++] = p->last;
}

bool sg_probe_dev_session(struct sg_probe_device *p, struct sg_probe_result *r)
{
    const bool ok = sg_probe_dev_control(p, SG_FLAW_NONE);
    sg_probe_dev_note_control(p, r);
    if (!ok)
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, "Nothing was tried.", ""); /* which a failed control skips */
    return ok;
}
