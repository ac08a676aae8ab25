/* SPDX-License-Identifier: Apache-2.0 */
/* What the server's account may not do on the device, and what a repeated request must not do twice. */
#include "probe/device_internal.h"

#include <stdio.h>
#include <string.h>

enum { SECURITY = 0, DEVICE = 3 }; /* objects */

static const struct {
    const char *what;
    struct sg_probe_dev_request request;
    enum sg_severity severity;
} beyond[] = {
    {"read of the Security object /0", {SG_COAP_GET, {1, {SECURITY}}, UINT32_MAX, {0}}, SG_SEVERITY_CRITICAL},
    {"read of /0/0", {SG_COAP_GET, {2, {SECURITY, 0}}, UINT32_MAX, {0}}, SG_SEVERITY_CRITICAL},
    {"read of the public key /0/0/3", {SG_COAP_GET, {3, {SECURITY, 0, 3}}, UINT32_MAX, {0}}, SG_SEVERITY_HIGH},
    {"read of the secret key /0/0/5", {SG_COAP_GET, {3, {SECURITY, 0, 5}}, UINT32_MAX, {0}}, SG_SEVERITY_CRITICAL},
    {"discovery of /0", {SG_COAP_GET, {1, {SECURITY}}, SG_LINK, {0}}, SG_SEVERITY_LOW},
    {"write of the hold-off time /0/0/11",
     {SG_COAP_PUT, {3, {SECURITY, 0, 11}}, SG_TEXT, {(const uint8_t *)"0", 1}},
     SG_SEVERITY_HIGH},
    {"write of the manufacturer /3/0/0",
     {SG_COAP_PUT, {3, {DEVICE, 0, 0}}, SG_TEXT, {(const uint8_t *)"probe", 5}},
     SG_SEVERITY_MEDIUM},
    {"deletion of the Device object /3/0", {SG_COAP_DELETE, {2, {DEVICE, 0}}, UINT32_MAX, {0}}, SG_SEVERITY_MEDIUM},
};
enum { BEYOND = sizeof beyond / sizeof beyond[0] };

void sg_probe_dev_rights(struct sg_probe_device *p, struct sg_probe_result *r)
{
    char text[500];
    struct sg_buf faults = sg_buf(text, sizeof text - 1);
    unsigned silent = 0;
    enum sg_severity worst = SG_SEVERITY_INFO;

    if (!sg_probe_dev_session(p, r))
        return;
    r->facts = json_object();
    for (size_t i = 0; i < BEYOND; i++) {
        const bool answered = sg_probe_good_ask(p->good, &beyond[i].request);
        const uint8_t code = p->good->lwm2m.answer.code;
        (void)json_object_set_new(r->facts, beyond[i].what,
                                  json_string(answered ? sg_coap_code_text(code) : "no answer"));
        silent += answered ? 0 : 1;
        if (!answered || code >> 5 != 2)
            continue;
        sg_put_str(&faults, faults.len > 0 ? ", " : "");
        sg_put_str(&faults, beyond[i].what);
        worst = beyond[i].severity > worst ? beyond[i].severity : worst;
    }
    text[faults.len] = '\0';
    sg_probe_add_control(r, sg_probe_good_lives(p->good), "still answers", "to a read of /3/0/0");
    if (faults.len > 0) {
        char observed[560];
        r->severity = worst;
        (void)snprintf(observed, sizeof observed, "It granted: %s.", text);
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed,
                          "The server's account has no right to this (OMA LwM2M 1.1 core, "
                          "appendix E.1: the Security object is the bootstrap server's).");
    } else if (silent > 0) {
        sg_probe_conclude(r, SG_VERDICT_REMARK, "It granted nothing, and left some requests without an answer.",
                          "Nothing was granted; silence is not the refusal that was expected.");
    } else {
        sg_probe_conclude(
            r, SG_VERDICT_NOTHING_AGAINST, "It refused all of them.",
            "Reads of the Security object and its keys, writes and a deletion beyond the account's rights "
            "were refused.");
    }
}

/* RFC 7252 section 4.5: a message that comes twice is answered twice, and its request done once. */
void sg_probe_dev_repeat(struct sg_probe_device *p, struct sg_probe_result *r)
{
    enum { EFFECT_MS = 8000, AGAIN_MS = 3000 };
    const struct sg_probe_dev_request trigger = {SG_COAP_POST, sg_path(3, 1, 0, 8, 0), UINT32_MAX, {0}};
    uint8_t space[64];
    struct sg_buf b = sg_buf(space, sizeof space);

    if (!sg_probe_dev_session(p, r))
        return;
    struct sg_probe_lwm2m *l = &p->good->lwm2m;
    l->updated = false;
    sg_probe_lwm2m_write(l, &trigger, &b);
    l->send(l->user, sg_buf_bytes(&b));
    if (!sg_probe_good_run(p->good, &l->updated, sg_probe_steady() + EFFECT_MS)) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "It sends no update when it is told to (/1/0/8).",
                          "There is no operation here whose effect could be seen to happen twice.");
        return;
    }
    (void)sg_probe_good_run(p->good, NULL, sg_probe_steady() + AGAIN_MS / 3);
    const unsigned before = l->updates;
    for (int i = 0; i < 2; i++) {
        l->send(l->user, sg_buf_bytes(&b));
        (void)sg_probe_good_run(p->good, NULL, sg_probe_steady() + AGAIN_MS / 2);
    }
    const unsigned again = l->updates - before;
    sg_probe_add_control(r, sg_probe_good_lives(p->good), "still answers", "to a read of /3/0/0");
    r->facts = json_pack("{s:i, s:i}", "repeated", 2, "done_again", (int)again);
    if (again > 0)
        sg_probe_conclude(r, SG_VERDICT_FAIL, "It did the same request again, when the message came again.",
                          "A repeated message (same number and token) is the same request.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST,
                          "It did the request once, though its message came three times.",
                          "Repeated messages are known as such.");
}
