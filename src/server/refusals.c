/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How refusals reach the audit log without filling the disk: of one address so many a minute are written, the others
 * are counted, and their number is written.
 */
#include "server/server_internal.h"

#include <stdio.h>
#include <string.h>

enum { PERIOD_MS = 60000, WRITTEN_MAX = 60 };

/* One machine may have a whole /64 of IPv6 addresses (RFC 4291 section 2.5.4). */
static void subject_of(const struct sg_addr *a, struct sg_addr *key)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    *key = *a;
    key->port = 0;
    if (memcmp(a->ip, mapped, sizeof mapped) != 0)
        memset(key->ip + 8, 0, 8);
}

static void tell(struct worker *w, struct refusals *row)
{
    char from[SG_ADDR_TEXT] = "other addresses", detail[120];

    if (row->more > 0) {
        if (row != &w->refusals[REFUSAL_ROWS])
            sg_addr_text(&row->from, from);
        (void)snprintf(detail, sizeof detail, "%llu more in a minute were counted, not written",
                       (unsigned long long)row->more);
        sg_server_writer_audit(w->server->writer, "signetd", from, "refused", from, detail);
    }
    memset(row, 0, sizeof *row);
}

static bool is_over(const struct worker *w, const struct refusals *row)
{
    return row->n == 0 || w->desk.now - row->since >= PERIOD_MS;
}

/* The row of an address: its own, else one that is free or whose minute is over, else that of all others. */
static struct refusals *row_of(struct worker *w, const struct sg_addr *from)
{
    struct refusals *row = &w->refusals[REFUSAL_ROWS];

    for (size_t i = 0; i < REFUSAL_ROWS; i++) {
        if (w->refusals[i].n > 0 && sg_addr_eq(&w->refusals[i].from, from))
            return &w->refusals[i];
        if (is_over(w, &w->refusals[i]))
            row = &w->refusals[i];
    }
    return row;
}

bool sg_server_refusal_is_written(struct worker *w, const struct sg_addr *from)
{
    struct sg_addr key;

    subject_of(from, &key);
    struct refusals *row = row_of(w, &key);
    if (is_over(w, row)) {
        tell(w, row);
        row->from = key;
        row->since = w->desk.now;
    }
    if (row->n < WRITTEN_MAX)
        row->n++;
    else
        row->more++;
    return row->more == 0;
}

void sg_server_refusals_tell(struct worker *w, bool all)
{
    for (size_t i = 0; i <= REFUSAL_ROWS; i++) {
        if (all || is_over(w, &w->refusals[i]))
            tell(w, &w->refusals[i]);
    }
}
