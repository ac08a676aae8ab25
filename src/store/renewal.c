/* SPDX-License-Identifier: Apache-2.0 */
/* Renewals that are under way. */
#include "store_internal.h"

int sg_store_put_renewal(struct sg_store *s, const struct sg_renewal *r, struct sg_error *err)
{
    struct sg_store_query q =
        sg_store_query(s, "INSERT OR REPLACE INTO renewal (device, old_tag, tag, begun) VALUES (?, ?, ?, ?)");
    sg_store_bind_int(&q, r->device);
    sg_store_bind_int(&q, r->old_tag);
    sg_store_bind_int(&q, r->tag);
    sg_store_bind_int(&q, r->begun);
    (void)sg_store_row(&q);
    return sg_store_end(&q, err, "cannot record that a renewal begins");
}

int sg_store_get_renewal(struct sg_store *s, int64_t device, struct sg_renewal *r, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, "SELECT device, old_tag, tag, begun FROM renewal WHERE device = ?");
    sg_store_bind_int(&q, device);
    bool found = sg_store_row(&q);
    if (found) {
        r->device = sg_store_get_int(&q);
        r->old_tag = (uint32_t)sg_store_get_int(&q);
        r->tag = (uint32_t)sg_store_get_int(&q);
        r->begun = sg_store_get_int(&q);
    }
    int failed = sg_store_end(&q, err, "cannot read the renewal");
    return failed < 0 ? failed : found;
}

int sg_store_end_renewal(struct sg_store *s, int64_t device, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, "DELETE FROM renewal WHERE device = ?");
    sg_store_bind_int(&q, device);
    (void)sg_store_row(&q);
    return sg_store_end(&q, err, "cannot record that a renewal has ended");
}
