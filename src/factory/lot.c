/* SPDX-License-Identifier: Apache-2.0 */
/* A lot while it is worked on: opened, and what became of each board. */
#include "factory/factory_internal.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Its name is that of files, and stands on paper. */
static bool is_lot_name(const char *s)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t n = strlen(s);
    return n >= 1 && n < sizeof((struct sg_lot *)0)->name && strspn(s, allowed) == n && s[0] != '.' && s[0] != '-';
}

/* The length of the UTF-8 character at `s`; 0 where it is none, or one that controls a terminal. */
static size_t letter(const char *s)
{
    if ((unsigned char)s[0] < 0x80)
        return s[0] >= ' ' && s[0] != 0x7f;
    for (size_t n = 2; n <= 4 && strnlen(s, n) == n; n++) {
        json_t *text = json_stringn(s, n); /* it takes UTF-8 only */
        json_decref(text);
        if (text != NULL)
            return n;
    }
    return 0;
}

/* What a modem says, or a sentence about it: it goes to JSON, to a page and to paper. */
static void keep(char *to, size_t cap, const char *from)
{
    size_t at = 0;
    for (size_t n; *from != '\0'; from += n > 0 ? n : 1) {
        n = letter(from);
        if (at + (n > 0 ? n : 1) >= cap)
            break;
        memcpy(to + at, n > 0 ? from : "?", n > 0 ? n : 1);
        at += n > 0 ? n : 1;
    }
    to[at] = '\0';
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
    keep(lot->who, sizeof lot->who, who);
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
    keep(b->port, sizeof b->port, a->port);
    keep(b->reason, sizeof b->reason, a->code == 0 || a->why == NULL ? "" : a->why);
    if (a->result == NULL)
        return;
    const struct sg_modem_info *m = &a->result->modem;
    keep(b->imei, sizeof b->imei, m->imei);
    keep(b->uuid, sizeof b->uuid, m->uuid);
    keep(b->model, sizeof b->model, m->model);
    keep(b->firmware, sizeof b->firmware, m->firmware);
    if (a->code != 0)
        return;
    keep(b->endpoint, sizeof b->endpoint, a->result->device.endpoint);
    b->tag = a->result->tag;
    if (!a->result->psk)
        b->certificate = a->result->cert.fingerprint;
    if (a->result->bootstrap_tag != 0)
        b->bootstrap = a->result->bootstrap.fingerprint;
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
