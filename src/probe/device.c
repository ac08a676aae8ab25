/* SPDX-License-Identifier: Apache-2.0 */
/* The runs against a device, in their order: who comes, what it says of itself, and one run after the other. */
#include "probe/device_internal.h"

#include <stdio.h>
#include <string.h>

enum { PATIENCE_S = 600, RATE = 50, SILENCE_S = 60, MESSAGES = 400, CAPTURE_BYTES = 4 << 20 };

bool sg_probe_device_stopped(const struct sg_probe_device *p)
{
    return p->watch->stop != NULL && *p->watch->stop != 0;
}

/* ------------------------------------------------------------------------------------------------- who it is */

/* A text resource, for people; "" where the device does not say it. */
static void read_text(struct sg_probe_good *g, uint16_t resource, char *text, size_t cap)
{
    const struct sg_probe_dev_request r = {SG_COAP_GET, sg_path(3, 3, 0, resource, 0), SG_TEXT, {0}};
    text[0] = '\0';
    if (sg_probe_good_ask(g, &r) && g->lwm2m.answer.code == SG_COAP_CONTENT)
        sg_probe_dev_text(sg_bytes(g->lwm2m.answer.payload, g->lwm2m.answer.n), text, cap);
}

/* The operator's word is kept only where nothing that was seen speaks against it. */
static void doubt(struct sg_probe_target *t, const char *why)
{
    if (!t->equipment)
        return;
    t->equipment = false;
    (void)snprintf(t->why_design, sizeof t->why_design, "%s", why);
}

static void compare(struct sg_probe_target *t, const char *what, char *said, size_t cap, const char *read)
{
    char why[200];
    if (said[0] != '\0' && read[0] != '\0' && strcmp(said, read) != 0) {
        (void)snprintf(why, sizeof why, "its %s is said to be %.60s, and it says %.60s", what, said, read);
        doubt(t, why);
    } else if (said[0] == '\0') {
        (void)snprintf(said, cap, "%s", read);
    }
}

static void get_to_know(struct sg_probe_device *p)
{
    enum { SERIAL = 2, FIRMWARE = 3 }; /* /3/0/2 and /3/0/3 */
    struct sg_probe_target *t = p->target;
    char address[SG_ADDR_TEXT], text[64];

    p->known = true;
    t->kind = SG_PROBE_DEVICE;
    (void)snprintf(t->address, sizeof t->address, "%s", sg_addr_text(&p->peer, address));
    (void)snprintf(t->identity, sizeof t->identity, "%.100s, certificate %.110s", p->good->lwm2m.endpoint,
                   p->good->identity);
    read_text(p->good, SERIAL, text, sizeof text);
    compare(t, "serial number", t->serial, sizeof t->serial, text);
    read_text(p->good, FIRMWARE, text, sizeof text);
    compare(t, "firmware", t->firmware, sizeof t->firmware, text);
    if (sg_probe_is_this_host(&p->peer))
        doubt(t, "it runs on the host of the probe");
}

/* ---------------------------------------------------------------------------------------------------- the runs */

/* Those that are no refusals. */
static const struct {
    const char *name;
    sg_probe_dev_run *make;
} others[] = {
    {"dev.suite.offer", sg_probe_dev_offer},     {"dev.rights", sg_probe_dev_rights},
    {"dev.record.tamper", sg_probe_dev_tamper},  {"dev.record.truncate", sg_probe_dev_truncate},
    {"dev.record.nonce", sg_probe_dev_nonces},   {"dev.coap.repeat", sg_probe_dev_repeat},
    {"dev.record.replay", sg_probe_dev_replay},  {"dev.fuzz.coap", sg_probe_dev_fuzz_coap},
    {"dev.fuzz.lwm2m", sg_probe_dev_fuzz_lwm2m}, {"dev.flood", sg_probe_dev_flood},
    {"dev.capture", sg_probe_dev_clear},         {"dev.plain", sg_probe_dev_plain},
    {"dev.silence", sg_probe_dev_silence},       {"dev.scan", sg_probe_dev_scan},
};

static int make(struct sg_probe_device *p, const struct sg_probe_run *run, struct sg_probe_result *r,
                struct sg_error *err)
{
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(others[i].name, run->name) == 0) {
            others[i].make(p, r);
            return 0;
        }
    const struct sg_probe_dev_refusal *refusal = sg_probe_dev_find_refusal(run->name);
    return refusal != NULL ? sg_probe_dev_refuse(p, refusal, r, err)
                           : sg_fail(err, SG_EUNSUPPORTED, "the run %s cannot be made", run->name);
}

static int one(struct sg_probe_device *p, const struct sg_probe_run *run, struct sg_error *err)
{
    struct sg_probe_result r;
    if (p->watch->begin != NULL)
        p->watch->begin(p->watch->user, run);
    sg_probe_result_init(&r, run);
    p->wire.capture = r.capture = sg_capture_new(CAPTURE_BYTES);
    int code = make(p, run, &r, err);
    p->wire.capture = NULL;
    if (code == 0 && sg_probe_device_stopped(p)) /* half of it says nothing */
        sg_probe_conclude(&r, SG_VERDICT_SKIPPED, "Not made to its end.", "The operator ended it.");
    if (code == 0)
        code = p->watch->done(p->watch->user, p->target, &r);
    sg_probe_result_free(&r);
    return code;
}

static bool wanted(const struct sg_probe_device *p, const struct sg_probe_run *run)
{
    return p->watch->wanted == NULL || p->watch->wanted(p->watch->user, run);
}

static int all(struct sg_probe_device *p, struct sg_error *err)
{
    size_t n;
    const struct sg_probe_run *runs = sg_probe_runs(SG_PROBE_DEVICE, &n);
    int code = 0;

    if (!sg_probe_dev_control(p, SG_FLAW_NONE)) {
        if (sg_probe_device_stopped(p))
            return 0;
        return sg_fail(err, SG_ETIMEOUT, "No device registered with the good server within %u s: %s.", p->o->patience,
                       p->last.observed);
    }
    get_to_know(p);
    for (size_t i = 0; i < n && code == 0 && !sg_probe_device_stopped(p); i++)
        if (wanted(p, &runs[i]))
            code = one(p, &runs[i], err);
    return code;
}

int sg_probe_device(const struct sg_probe_device_options *o, struct sg_probe_target *target,
                    const struct sg_probe_watch *watch, struct sg_error *err)
{
    struct sg_probe_device_options options = *o;
    struct sg_probe_device p = {.o = &options,
                                .watch = watch,
                                .target = target,
                                .authority = {.server = o->server, .server_key = o->server_key, .ca = o->ca}};

    options.patience = o->patience != 0 ? o->patience : PATIENCE_S;
    options.silence = o->silence != 0 ? o->silence : SILENCE_S;
    options.messages = o->messages != 0 ? o->messages : MESSAGES;
    options.rate = o->rate != 0 ? o->rate : RATE;
    int code = sg_probe_wire_open(&p.wire, &o->listen, options.rate, err);
    if (code < 0)
        return code;
    code = all(&p, err);
    sg_probe_good_end(&p);
    sg_probe_wire_close(&p.wire);
    return code;
}
