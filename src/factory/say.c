/* SPDX-License-Identifier: Apache-2.0 */
/* What an enrolment says: steps, refusals, the modem's errors, audit entries. */
#include "factory/factory_internal.h"

#include <stdarg.h>
#include <stdio.h>

const char *sg_enroll_step_name(enum sg_enroll_step step)
{
    static const char *const names[] = {
        [SG_ENROLL_MODEM] = "modem",
        [SG_ENROLL_STORE] = "store",
        [SG_ENROLL_KEY] = "key",
        [SG_ENROLL_REQUEST] = "request",
        [SG_ENROLL_CERTIFICATE] = "certificate",
        [SG_ENROLL_WRITTEN] = "written",
        [SG_ENROLL_CONNECTED] = "connected",
        [SG_ENROLL_RETIRED] = "retired",
        [SG_ENROLL_LOCKED] = "locked",
    };
    return names[step];
}

int sg_factory_step(struct sg_factory_run *run, enum sg_enroll_step step, const char *fmt, ...)
{
    char facts[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(facts, sizeof facts, fmt, args);
    va_end(args);
    if (run->e->step == NULL || run->e->step(run->e->user, step, facts) == 0)
        return 0;
    return sg_fail(run->err, SG_ECLOSED,
                   "stopped after the step \"%s\". What was reached is recorded: the same command does the rest.",
                   sg_enroll_step_name(step));
}

int sg_factory_modem_fail(struct sg_factory_run *run, int code, const char *doing)
{
    const char *port = run->e->port;
    int cme = run->e->modem->cme;
    switch (code) {
    case SG_EDENIED:
        if (cme < 0)
            return sg_fail(run->err, code, "the modem on %s failed at %s: it says ERROR, and no more", port, doing);
        return sg_fail(run->err, code, "the modem on %s failed at %s: +CME ERROR: %d (%s). %s", port, doing, cme,
                       sg_cme_name(cme), sg_cme_cure(cme));
    case SG_ETIMEOUT:
        return sg_fail(run->err, code,
                       "the modem on %s failed at %s: no answer in time. Is it still there? The same command goes on "
                       "where it stopped.",
                       port, doing);
    case SG_EIO:
    case SG_ECLOSED:
        return sg_fail(run->err, code,
                       "the port %s went away at %s. Connect the board again: the same command goes on where it "
                       "stopped.",
                       port, doing);
    case SG_EUNSUPPORTED:
        return sg_fail(
            run->err, code,
            "the shell on %s does not pass on what %s needs: an apostrophe, a backslash, or more than it has "
            "room for. Use a board firmware with at_host or Serial Modem.",
            port, doing);
    default:
        return sg_fail(run->err, code, "the modem on %s failed at %s: its answer is not of the documented form (%s)",
                       port, doing, sg_strerror(code));
    }
}

int sg_factory_refuse(struct sg_factory_run *run, int code, const char *fmt, ...)
{
    char text[sizeof run->err->text];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    run->r->refused = true;
    return sg_fail(run->err, code, "%s", text);
}

int sg_factory_audit(struct sg_factory_run *run, const char *what, const char *fmt, ...)
{
    struct sg_audit_entry entry = {.when = run->e->now};
    (void)snprintf(entry.who, sizeof entry.who, "%s", run->e->who);
    (void)snprintf(entry.from, sizeof entry.from, "local");
    (void)snprintf(entry.what, sizeof entry.what, "%s", what);
    (void)snprintf(entry.subject, sizeof entry.subject, "%s", run->endpoint);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(entry.detail, sizeof entry.detail, fmt, args);
    va_end(args);
    return sg_store_audit(run->store, &entry, run->err);
}

char *sg_factory_creds_text(const struct sg_factory_run *run, char *text, size_t cap)
{
    struct sg_buf b = sg_buf(text, cap);
    for (size_t i = 0; i < run->n_creds; i++) {
        const struct sg_cred *c = &run->creds[i];
        sg_put_str(&b, i == 0 ? "a " : i + 1 == run->n_creds ? " and a " : ", a ");
        sg_put_str(&b, sg_cred_type_name(c->type));
        sg_put_str(&b, " (SHA-256 ");
        sg_put_hex(&b, sg_bytes(c->sha256, 4));
        sg_put_str(&b, "…)");
    }
    (void)sg_buf_cstr(&b);
    return text;
}
