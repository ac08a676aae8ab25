/* SPDX-License-Identifier: Apache-2.0 */
/* What a device offers in its first message, against the allow list. */
#include "probe/device_internal.h"
#include "probe/names_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { RENEGOTIATION_SCSV = 0x00ff, FALLBACK_SCSV = 0x5600, GREASE = 0x0a0a, GREASE_MASK = 0x0f0f };
enum { GROUP_BITS = 128 };

struct faults {
    struct sg_buf text;
    enum sg_severity worst;
};

static void fault(struct faults *f, enum sg_severity severity, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void fault(struct faults *f, enum sg_severity severity, const char *fmt, ...)
{
    char one[120];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(one, sizeof one, fmt, ap);
    va_end(ap);
    if (f->text.len + strlen(one) + 8 < f->text.cap) {
        sg_put_str(&f->text, f->text.len > 0 ? ", " : "");
        sg_put_str(&f->text, one);
    } else if (f->text.len + 8 < f->text.cap && f->text.p[f->text.len - 1] != '.') {
        sg_put_str(&f->text, ", ...");
    }
    f->worst = severity > f->worst ? severity : f->worst;
}

static void judge_suite(struct faults *f, uint16_t suite)
{
    const char *name = sg_probe_suite_name(suite);
    if (suite == RENEGOTIATION_SCSV || suite == FALLBACK_SCSV || (suite & GREASE_MASK) == GREASE)
        return; /* RFC 5746 section 3.3, RFC 7507, RFC 8701: no suites */
    if (strcmp(name, "unknown") == 0) {
        fault(f, SG_SEVERITY_LOW, "suite %04x, which is not on the list", suite);
        return;
    }
    switch (sg_probe_suite_class(suite)) {
    case SG_SUITE_WEAK:
        fault(f, SG_SEVERITY_HIGH, "%s", name);
        break;
    case SG_SUITE_STATIC:
        fault(f, SG_SEVERITY_MEDIUM, "%s (no forward secrecy)", name);
        break;
    case SG_SUITE_CBC_SHA1:
        fault(f, SG_SEVERITY_MEDIUM, "%s (SHA-1)", name);
        break;
    case SG_SUITE_SOUND:
    case SG_SUITE_ANY:
        break;
    }
}

bool sg_probe_dev_offer_faults(const struct sg_probe_client_hello *h, char *text, size_t cap, enum sg_severity *worst)
{
    struct faults f = {.text = sg_buf(text, cap - 1), .worst = SG_SEVERITY_INFO};

    if (h->version != SG_DTLS_1_2)
        fault(&f, SG_SEVERITY_HIGH, "%s as its newest version", sg_probe_version_name(h->version));
    if (h->compression)
        fault(&f, SG_SEVERITY_MEDIUM, "compression");
    for (size_t i = 0; i < h->suite_count; i++)
        judge_suite(&f, h->suites[i]);
    for (size_t i = 0; i < h->group_count; i++) {
        const unsigned bits = sg_probe_group_bits(h->groups[i]);
        if (bits != 0 && bits < GROUP_BITS)
            fault(&f, SG_SEVERITY_MEDIUM, "curve %s", sg_probe_group_name(h->groups[i]));
    }
    for (size_t i = 0; i < h->signature_count; i++)
        if (sg_probe_signature_weak(h->signatures[i]))
            fault(&f, SG_SEVERITY_MEDIUM, "signatures %s", sg_probe_signature_name(h->signatures[i]));
    text[f.text.len] = '\0';
    *worst = f.worst;
    return f.text.len > 0;
}

static json_t *names(const uint16_t *list, size_t n, const char *(*name)(uint16_t))
{
    json_t *out = json_array();
    char text[80];
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(text, sizeof text, "%04x %s", list[i], name(list[i]));
        (void)json_array_append_new(out, json_string(text));
    }
    return out;
}

void sg_probe_dev_offer(struct sg_probe_device *p, struct sg_probe_result *r)
{
    const struct sg_probe_client_hello *h = &p->hello;
    char text[440], observed[560];

    if (!sg_probe_dev_session(p, r))
        return;
    if (h->suite_count == 0) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "Its first message was not read.", "It came in fragments.");
        return;
    }
    r->facts =
        json_pack("{s:s, s:o, s:o, s:o, s:s, s:b, s:b, s:b, s:i}", "version", sg_probe_version_name(h->version),
                  "suites", names(h->suites, h->suite_count, sg_probe_suite_name), "groups",
                  names(h->groups, h->group_count, sg_probe_group_name), "signatures",
                  names(h->signatures, h->signature_count, sg_probe_signature_name), "server_name", h->server_name,
                  "extended_master_secret", h->extended_master_secret ? 1 : 0, "status_request",
                  h->status_request ? 1 : 0, "connection_id", h->cid ? 1 : 0, "max_fragment", (int)h->max_fragment);
    if (sg_probe_dev_offer_faults(h, text, sizeof text, &r->severity)) {
        (void)snprintf(observed, sizeof observed, "It offers %s.", text);
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed,
                          "What is offered, a server may choose: these are not on the allow list.");
        return;
    }
    (void)snprintf(observed, sizeof observed, "It offers %zu suites, %s%s%s.", h->suite_count,
                   sg_probe_version_name(h->version), h->server_name[0] != '\0' ? ", and names the server " : "",
                   h->server_name);
    if (!h->extended_master_secret)
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed,
                          "All on the allow list. It lacks the extended master secret (RFC 7627).");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "All on the allow list.");
}
