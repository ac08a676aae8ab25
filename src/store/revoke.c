/* SPDX-License-Identifier: Apache-2.0 */
/* Revocation: the certificate, its device where nothing else is left of it, and the audit entry, in one transaction. */
#include "store_internal.h"
#include <stdio.h>

static int mark_revoked(struct sg_store *s, int64_t number, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, "UPDATE certificate SET state = 'revoked' WHERE number = ?");
    sg_store_bind_int(&q, number);
    (void)sg_store_row(&q);
    return sg_store_end(&q, err, "cannot revoke the certificate");
}

static int insert(struct sg_store *s, int64_t number, enum sg_reason reason, int64_t when, struct sg_error *err)
{
    struct sg_store_query q =
        sg_store_query(s, "INSERT INTO revocation (certificate, revoked_at, reason) VALUES (?, ?, ?)");
    sg_store_bind_int(&q, number);
    sg_store_bind_int(&q, when);
    sg_store_bind_text(&q, sg_reason_name(reason));
    (void)sg_store_row(&q);
    return sg_store_end(&q, err, "cannot revoke the certificate");
}

/* A device without an identity that is in use, or about to be, is revoked. */
int sg_store_revoke_device(struct sg_store *s, int64_t device, struct sg_error *err)
{
    struct sg_store_query q =
        sg_store_query(s, "UPDATE device SET state = 'revoked' WHERE number = ?1 AND NOT EXISTS"
                          " (SELECT 1 FROM certificate WHERE device = ?1 AND state IN ('issued', 'active'))"
                          " AND NOT EXISTS (SELECT 1 FROM psk WHERE device = ?1 AND sealed IS NOT NULL)");
    sg_store_bind_int(&q, device);
    (void)sg_store_row(&q);
    return sg_store_end(&q, err, "cannot revoke the device");
}

static int tell(struct sg_store *s, const struct sg_cert_row *row, enum sg_reason reason, int64_t when, const char *who,
                struct sg_error *err)
{
    char text[SG_FINGERPRINT_TEXT];
    struct sg_audit_entry e = {.when = when, .from = "local", .what = "revoked"};
    (void)snprintf(e.who, sizeof e.who, "%s", who);
    (void)snprintf(e.subject, sizeof e.subject, "%s", row->facts.cn);
    (void)snprintf(e.detail, sizeof e.detail, "certificate %s, serial number %s, reason %s",
                   sg_fingerprint_text(&row->facts.fingerprint, text), row->facts.serial, sg_reason_name(reason));
    return sg_store_audit(s, &e, err);
}

static int revoke(struct sg_store *s, int64_t number, enum sg_reason reason, int64_t when, const char *who,
                  struct sg_error *err)
{
    struct sg_cert_row row;
    int r = sg_store_get_cert(s, number, &row, err);
    if (r == 0 && row.state == SG_CERT_REVOKED)
        r = sg_fail(err, SG_ESTATE, "the certificate of \"%s\" is revoked already (%s)", row.facts.cn,
                    sg_reason_name(row.reason));
    if (r == 0)
        r = mark_revoked(s, number, err);
    if (r == 0)
        r = insert(s, number, reason, when, err);
    if (r == 0 && row.device != 0)
        r = sg_store_revoke_device(s, row.device, err);
    if (r == 0)
        r = tell(s, &row, reason, when, who, err);
    return r;
}

int sg_store_revoke_cert(struct sg_store *s, int64_t number, enum sg_reason reason, int64_t when, const char *who,
                         struct sg_error *err)
{
    struct sg_store_step step;
    int r = sg_store_step_begin(s, &step, err);
    if (r < 0)
        return r;
    r = revoke(s, number, reason, when, who, err);
    return sg_store_step_end(s, &step, r, err);
}
