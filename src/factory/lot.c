/* SPDX-License-Identifier: Apache-2.0 */
/* A lot while it is worked on: opened, and what became of each board. */
#include "factory/factory_internal.h"

#include <stdio.h>
#include <string.h>

/* Its name is that of files, and stands on paper. */
static bool is_lot_name(const char *s)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t n = strlen(s);
    return n >= 1 && n < sizeof((struct sg_lot *)0)->name && strspn(s, allowed) == n && s[0] != '.' && s[0] != '-';
}

int sg_lot_open(struct sg_store *store, const char *name, const char *who, int64_t now, struct sg_lot *lot,
                struct sg_error *err)
{
    if (!is_lot_name(name))
        return sg_fail(err, SG_EINVAL,
                       "\"%.80s\" cannot be a lot's name: 1 to 63 letters, digits and . _ - (not first)", name);
    int r = sg_store_find_lot(store, name, lot, err);
    bool fresh = r == SG_ENOTFOUND;
    if (r < 0 && !fresh)
        return r;
    if (fresh) {
        *lot = (struct sg_lot){.begun = now};
        (void)snprintf(lot->name, sizeof lot->name, "%s", name);
    }
    (void)snprintf(lot->who, sizeof lot->who, "%s", who);
    lot->ended = 0;
    return fresh ? sg_store_add_lot(store, lot, err) : sg_store_update_lot(store, lot, err);
}

static enum sg_lot_result result_of(const struct sg_lot_attempt *a)
{
    if (a->code == 0)
        return a->result != NULL && a->result->was_done ? SG_LOT_VERIFIED : SG_LOT_ENROLLED;
    return a->result != NULL && a->result->refused ? SG_LOT_REFUSED : SG_LOT_FAILED;
}

static void fill(struct sg_lot_board *b, const struct sg_lot_attempt *a)
{
    b->result = result_of(a);
    b->began = a->began;
    b->took_ms = a->took_ms;
    (void)snprintf(b->port, sizeof b->port, "%s", a->port);
    (void)snprintf(b->reason, sizeof b->reason, "%s", a->code == 0 || a->why == NULL ? "" : a->why);
    if (a->result == NULL)
        return;
    const struct sg_modem_info *m = &a->result->modem;
    (void)snprintf(b->imei, sizeof b->imei, "%s", m->imei);
    (void)snprintf(b->uuid, sizeof b->uuid, "%s", m->uuid);
    (void)snprintf(b->model, sizeof b->model, "%s", m->model);
    (void)snprintf(b->firmware, sizeof b->firmware, "%s", m->firmware);
    if (a->code != 0)
        return;
    (void)snprintf(b->endpoint, sizeof b->endpoint, "%s", a->result->device.endpoint);
    b->tag = a->result->tag;
    b->certificate = a->result->cert.fingerprint;
}

int sg_lot_record(struct sg_store *store, struct sg_turns *turns, const struct sg_lot *lot,
                  const struct sg_lot_attempt *a, struct sg_error *err)
{
    struct sg_enroll e = {.store = store, .turns = turns};
    struct sg_factory_run run = {.e = &e, .store = store, .err = err};
    struct sg_lot_board b = {.lot = lot->number};
    (void)snprintf(b.who, sizeof b.who, "%s", lot->who);
    fill(&b, a);
    int r = sg_factory_begin(&run);
    return r < 0 ? r : sg_factory_end(&run, sg_store_add_lot_board(run.store, &b, err));
}
