/* SPDX-License-Identifier: Apache-2.0 */
/* signet doctor: the inventory, its audit log, the clock, and certificates that end soon. */
#include "doctor.h"

#include <string.h>

enum { DAY = 86400, SOON_CA = 365, SOON_SERVER = 30, SOON_DEVICE = 60 };

struct look {
    struct sg_cli_doctor *d;
    int64_t newest_audit; /* the time of the newest entry */
    int64_t newest_from;  /* the latest begin of a certificate */
    unsigned devices, enrolling, revoked;
    unsigned soon, over; /* devices' certificates */
};

static int take_device(void *user, const struct sg_device *device)
{
    struct look *l = user;
    l->devices++;
    l->enrolling += device->state == SG_DEVICE_ENROLLING;
    l->revoked += device->state == SG_DEVICE_REVOKED;
    return 0;
}

static void judge(struct look *l, const struct sg_cert_row *row, int64_t soon)
{
    struct sg_cli_doctor *d = l->d;
    char until[SG_CLI_TIME], ago[SG_CLI_AGO];
    const char *kind = sg_cert_kind_name(row->kind);
    (void)sg_cli_date(row->facts.until, until);
    (void)sg_cli_ago(row->facts.until, d->now, ago);
    if (row->facts.until <= d->now)
        sg_cli_note(d, SG_CLI_PROBLEM, kind, "\"%s\" has expired on %s (%s)", row->facts.cn, until, ago);
    else if (row->facts.until - d->now < soon * DAY)
        sg_cli_note(d, SG_CLI_WARNING, kind, "\"%s\" expires on %s (%s)", row->facts.cn, until, ago);
    else
        sg_cli_note(d, SG_CLI_WELL, kind, "\"%s\" is valid until %s (%s)", row->facts.cn, until, ago);
}

static int take_cert(void *user, const struct sg_cert_row *row)
{
    struct look *l = user;
    if (row->state != SG_CERT_ACTIVE)
        return 0;
    if (row->facts.from > l->newest_from)
        l->newest_from = row->facts.from;
    if (row->kind != SG_CERT_DEVICE) {
        judge(l, row, row->kind == SG_CERT_SERVER ? SOON_SERVER : SOON_CA);
        return 0;
    }
    l->over += row->facts.until <= l->d->now;
    l->soon += row->facts.until > l->d->now && row->facts.until - l->d->now < (int64_t)SOON_DEVICE * DAY;
    return 0;
}

static int take_entry(void *user, const struct sg_audit_entry *e)
{
    struct look *l = user;
    if (e->when > l->newest_audit)
        l->newest_audit = e->when;
    return 0;
}

static void look_at_clock(const struct look *l)
{
    struct sg_cli_doctor *d = l->d;
    char now[SG_CLI_TIME], then[SG_CLI_TIME];
    (void)sg_cli_time(d->now, now);
    if (d->now < l->newest_from)
        sg_cli_note(d, SG_CLI_PROBLEM, "clock",
                    "this computer says %s, and certificates of this home begin at %s: they "
                    "are not valid yet. Set the clock.",
                    now, sg_cli_time(l->newest_from, then));
    else if (d->now + 60 < l->newest_audit)
        sg_cli_note(d, SG_CLI_PROBLEM, "clock",
                    "this computer says %s, but the audit log was written at %s: the clock "
                    "went back. Set it.",
                    now, sg_cli_time(l->newest_audit, then));
    else
        sg_cli_note(d, SG_CLI_WELL, "clock", "%s", now);
}

static void look_at_devices(const struct look *l)
{
    struct sg_cli_doctor *d = l->d;
    sg_cli_note(d, SG_CLI_WELL, "inventory", "%u devices, of which %u revoked", l->devices, l->revoked);
    if (l->enrolling > 0)
        sg_cli_note(d, SG_CLI_WARNING, "devices",
                    "%u %s not finished. Run `signet enroll` again with the board at hand.", l->enrolling,
                    l->enrolling == 1 ? "enrolment was" : "enrolments were");
    if (l->over > 0)
        sg_cli_note(d, SG_CLI_PROBLEM, "devices", "%u %s expired: they cannot connect any more", l->over,
                    l->over == 1 ? "certificate has" : "certificates have");
    if (l->soon > 0)
        sg_cli_note(d, SG_CLI_WARNING, "devices", "%u %s within %d days", l->soon,
                    l->soon == 1 ? "certificate expires" : "certificates expire", SOON_DEVICE);
}

void sg_cli_doctor_store(struct sg_cli_doctor *d)
{
    struct look l = {.d = d};
    struct sg_error err = {0};
    int64_t entries;
    struct sg_store *store = sg_store_open(d->cli->home.inventory, &err);
    if (store == NULL) {
        sg_cli_note(d, SG_CLI_PROBLEM, "inventory", "%s", err.text);
        return;
    }
    int r = sg_store_check(store, &err);
    if (r == 0)
        r = sg_store_each_device(store, take_device, &l, &err);
    if (r == 0)
        r = sg_store_each_cert(store, -1, 0, take_cert, &l, &err);
    if (r == 0)
        r = sg_store_each_audit(store, 1, take_entry, &l, &err);
    if (r < 0) {
        sg_cli_note(d, SG_CLI_PROBLEM, "inventory", "%s", err.text);
    } else {
        look_at_devices(&l);
        look_at_clock(&l);
        if (sg_store_audit_verify(store, &entries, &err) < 0)
            sg_cli_note(d, SG_CLI_PROBLEM, "audit log", "%s", err.text);
        else
            sg_cli_note(d, SG_CLI_WELL, "audit log", "whole, %lld entries", (long long)entries);
    }
    sg_store_close(store);
}
