/* SPDX-License-Identifier: Apache-2.0 */
/* What an issuing CA may still do: one may be withdrawn, and limited in time and in the number of devices. */
#include "factory/factory_internal.h"

#include <stdio.h>
#include <time.h>

static const char *day(int64_t when, char text[16])
{
    time_t t = (time_t)when;
    struct tm tm;
    return gmtime_r(&t, &tm) != NULL && strftime(text, 16, "%Y-%m-%d", &tm) > 0 ? text : "?";
}

static int check_limits(struct sg_store *store, X509 *ca, const struct sg_cert_facts *facts, int64_t device,
                        int64_t now, struct sg_error *err)
{
    static const char cure[] = "A new issuing CA is needed: `signet ca request`";
    struct sg_ca_limits limits;
    char text[16];
    int64_t issued;
    if (sg_cert_limits(ca, &limits) < 0)
        return sg_fail(err, SG_EFORMAT, "how much the issuing CA \"%s\" may issue cannot be read from its certificate",
                       facts->cn);
    if (limits.until != 0 && now > limits.until)
        return sg_fail(err, SG_EDENIED, "the issuing CA \"%s\" may issue until %s, and no longer. %s.", facts->cn,
                       day(limits.until, text), cure);
    if (limits.devices == 0)
        return 0;
    int r = sg_store_count_issued(store, &facts->fingerprint, device, &issued, err);
    if (r < 0)
        return r;
    if (issued >= limits.devices)
        return sg_fail(err, SG_EDENIED, "the issuing CA \"%s\" may issue for %lld devices, and has. %s.", facts->cn,
                       (long long)limits.devices, cure);
    return 0;
}

int sg_factory_may_issue(struct sg_store *store, X509 *ca, int64_t device, int64_t now, struct sg_error *err)
{
    struct sg_cert_facts facts;
    struct sg_cert_row row;
    (void)sg_cert_facts(ca, &facts);
    int r = sg_store_find_cert(store, &facts.fingerprint, &row, err);
    if (r < 0 && r != SG_ENOTFOUND)
        return r;
    if (r == 0 && row.state == SG_CERT_REVOKED)
        return sg_fail(err, SG_EDENIED,
                       "the issuing CA \"%s\" was withdrawn (%s): what it issues is refused. A new one is needed: "
                       "`signet ca request`.",
                       facts.cn, sg_reason_name(row.reason));
    return check_limits(store, ca, &facts, device, now, err);
}
