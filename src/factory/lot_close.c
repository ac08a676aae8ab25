/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a lot. */
#include "factory/factory.h"

int sg_lot_close(const struct sg_lot_close *c, struct sg_error *err)
{
    struct sg_lot lot;
    int r = sg_store_find_lot(c->store, c->name, &lot, err);
    if (r < 0 || lot.ended != 0)
        return r;
    lot.ended = c->now;
    return sg_store_update_lot(c->store, &lot, err);
}
