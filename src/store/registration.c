/* SPDX-License-Identifier: Apache-2.0 */
/* Registrations: the last that the server knew, one row a device. */
#include "store_internal.h"

int sg_store_put_registration(struct sg_store *s, const struct sg_registration_row *r, struct sg_error *err)
{
    struct sg_store_query q =
        sg_store_query(s, "REPLACE INTO registration (device, active, registered, updated, lifetime, version, binding,"
                          " address, objects) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    sg_store_bind_int(&q, r->device);
    sg_store_bind_int(&q, r->active);
    sg_store_bind_int(&q, r->registered);
    sg_store_bind_int(&q, r->updated);
    sg_store_bind_int(&q, r->lifetime);
    sg_store_bind_text(&q, r->version);
    sg_store_bind_text(&q, r->binding);
    sg_store_bind_text(&q, r->address);
    sg_store_bind_text(&q, r->objects);
    (void)sg_store_row(&q);
    return sg_store_end(&q, err, "cannot record the registration");
}

int sg_store_get_registration(struct sg_store *s, int64_t device, struct sg_registration_row *r, struct sg_error *err)
{
    struct sg_store_query q =
        sg_store_query(s, "SELECT device, active, registered, updated, lifetime, version, binding, address, objects"
                          " FROM registration WHERE device = ?");
    sg_store_bind_int(&q, device);
    bool found = sg_store_row(&q);
    *r = (struct sg_registration_row){0};
    if (found) {
        r->device = sg_store_get_int(&q);
        r->active = sg_store_get_int(&q) != 0;
        r->registered = sg_store_get_int(&q);
        r->updated = sg_store_get_int(&q);
        r->lifetime = (uint32_t)sg_store_get_int(&q);
        sg_store_get_text(&q, r->version, sizeof r->version);
        sg_store_get_text(&q, r->binding, sizeof r->binding);
        sg_store_get_text(&q, r->address, sizeof r->address);
        sg_store_get_text(&q, r->objects, sizeof r->objects);
    }
    int e = sg_store_end(&q, err, "cannot read the registration");
    if (e == 0 && !found)
        return sg_fail(err, SG_ENOTFOUND, "device %lld has never registered", (long long)device);
    return e;
}
