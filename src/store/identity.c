/* SPDX-License-Identifier: Apache-2.0 */
/* The maker's list of modems' identity keys. */
#include "store_internal.h"
#include <string.h>

int sg_store_find_identity(struct sg_store *s, const char *uuid, struct sg_identity *i, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, "SELECT uuid, point, added FROM identity WHERE uuid = ?");
    sg_store_bind_text(&q, uuid);
    bool found = sg_store_row(&q);
    if (found) {
        *i = (struct sg_identity){.added = 0};
        sg_store_get_text(&q, i->uuid, sizeof i->uuid);
        (void)sg_store_get_blob(&q, i->point, sizeof i->point);
        i->added = sg_store_get_int(&q);
    }
    int r = sg_store_end(&q, err, "cannot read the list of identity keys");
    if (r == 0 && !found)
        return sg_fail(err, SG_ENOTFOUND, "the maker's list has no identity key for the modem with UUID %s", uuid);
    return r;
}

static int insert(struct sg_store *s, const struct sg_identity *i, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, "INSERT INTO identity (uuid, point, added) VALUES (?, ?, ?)");
    sg_store_bind_text(&q, i->uuid);
    sg_store_bind_blob(&q, sg_bytes(i->point, sizeof i->point));
    sg_store_bind_int(&q, i->added);
    (void)sg_store_row(&q);
    return sg_store_end(&q, err, "cannot record the identity key");
}

/* A device that was enrolled before its key came in the list. */
static int tell_device(struct sg_store *s, const struct sg_identity *i, struct sg_error *err)
{
    struct sg_device d;
    int r = sg_store_find_modem(s, i->uuid, "", &d, err);
    if (r < 0)
        return r == SG_ENOTFOUND ? 0 : r;
    if (d.identity[0] != 0 && memcmp(d.identity, i->point, sizeof d.identity) != 0)
        return sg_fail(err, SG_EMISMATCH,
                       "the modem with UUID %s, enrolled as %s, was seen with another identity key than the list has. "
                       "One of the two is wrong: find out which modem it is before you go on",
                       i->uuid, d.endpoint);
    memcpy(d.identity, i->point, sizeof d.identity);
    d.identity_source = SG_IDENTITY_MAKER;
    return sg_store_update_device(s, &d, err);
}

static int add(struct sg_store *s, const struct sg_identity *i, struct sg_error *err)
{
    struct sg_identity there;
    int r = sg_store_find_identity(s, i->uuid, &there, err);
    if (r == 0 && memcmp(there.point, i->point, sizeof there.point) != 0)
        return sg_fail(err, SG_EMISMATCH,
                       "the inventory has another identity key for the modem with UUID %s. A modem has one for life: "
                       "one of the two lists is wrong",
                       i->uuid);
    if (r == 0)
        return SG_IDENTITY_KNOWN;
    if (r != SG_ENOTFOUND)
        return r;
    r = insert(s, i, err);
    if (r == 0)
        r = tell_device(s, i, err);
    return r < 0 ? r : SG_IDENTITY_NEW;
}

int sg_store_add_identity(struct sg_store *s, const struct sg_identity *i, struct sg_error *err)
{
    struct sg_store_step step;
    int r = sg_store_step_begin(s, &step, err);
    return r < 0 ? r : sg_store_step_end(s, &step, add(s, i, err), err);
}
