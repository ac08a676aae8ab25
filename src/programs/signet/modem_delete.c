/* SPDX-License-Identifier: Apache-2.0 */
/* signet modem delete: names what it destroys, asks, and looks afterwards whether it is gone. */
#include "modem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the modem's maker put there stays (modem notes 9.17), and a lock is removed by unlock. */
static bool is_meant(const struct sg_cli_modem *d, const struct sg_cred *c)
{
    return c->tag <= SG_TAG_MAX && c->type != SG_CRED_AT_KEY && (d->tag < 0 || c->tag == (uint32_t)d->tag) &&
           (d->type < 0 || c->type == (unsigned)d->type);
}

static bool confirm(const struct sg_cli_modem *d, const struct sg_cred *all, size_t n)
{
    char question[900];
    size_t keys = 0;
    int at = snprintf(question, sizeof question, "This destroys, in the modem on %s: ", d->port);
    for (size_t i = 0; i < n; i++) {
        keys += all[i].type == SG_CRED_KEY || all[i].type == SG_CRED_ENDORSEMENT;
        if (at < 500)
            at += snprintf(question + at, sizeof question - (size_t)at, "%sthe %s at tag %u", i > 0 ? ", " : "",
                           sg_cred_type_name(all[i].type), all[i].tag);
        else if (i + 1 == n)
            at += snprintf(question + at, sizeof question - (size_t)at, " and others, %zu in all", n);
    }
    (void)snprintf(question + at, sizeof question - (size_t)at, "%s",
                   keys == 0   ? "."
                   : keys == 1 ? ". Of the private key there is no other copy: what it identifies is gone for good."
                               : ". Of the private keys there are no other copies: what they identify is gone for "
                                 "good.");
    return sg_cli_confirm(question, d->yes);
}

/* One after the other; *done counts those that are gone by the modem's own list. */
static int delete_each(struct sg_cli_modem *d, const struct sg_cred *all, size_t n, size_t *done)
{
    struct sg_cred there;
    for (*done = 0; *done < n; (*done)++) {
        const struct sg_cred *c = &all[*done];
        if (sg_cli_modem_interrupted())
            return sg_cli_fail(SG_CLI_FAILED, "interrupted: %zu of %zu were deleted.", *done, n);
        int r = sg_modem_delete(&d->modem, c->tag, c->type);
        if (r < 0)
            return sg_cli_modem_fail(d, r, "deleting the %s at tag %u", sg_cred_type_name(c->type), c->tag);
        r = sg_modem_find(&d->modem, c->tag, c->type, &there);
        if (r != 0)
            return sg_cli_fail(SG_CLI_FAILED, "the modem on %s deleted the %s at tag %u, and still lists it.", d->port,
                               sg_cred_type_name(c->type), c->tag);
        sg_cli_modem_say(d, "Deleted", "the %s at tag %u", sg_cred_type_name(c->type), c->tag);
    }
    return SG_CLI_DONE;
}

static int print(const struct sg_cli_modem *d, const struct sg_cred *all, size_t done, int code)
{
    if (!d->cli->json)
        return code;
    json_t *list = json_array();
    for (size_t i = 0; i < done; i++)
        (void)json_array_append_new(list, json_pack("{s:I, s:i, s:s}", "tag", (json_int_t)all[i].tag, "type",
                                                    (int)all[i].type, "name", sg_cred_type_name(all[i].type)));
    int printed = sg_cli_print_json(json_pack("{s:s, s:o}", "port", d->port, "deleted", list));
    return code != SG_CLI_DONE ? code : printed;
}

static int delete_meant(struct sg_cli_modem *d, struct sg_cred *all, size_t n)
{
    size_t kept = 0, done = 0;
    for (size_t i = 0; i < n; i++)
        if (is_meant(d, &all[i]))
            all[kept++] = all[i];
    if (kept == 0)
        return sg_cli_fail(SG_CLI_NOTHING, "the modem on %s holds nothing of that kind: nothing was deleted.", d->port);
    if (!confirm(d, all, kept))
        return SG_CLI_REFUSED;
    int code = sg_cli_modem_prepare(d);
    if (code == 0)
        code = delete_each(d, all, kept, &done);
    return print(d, all, done, code);
}

int sg_cli_modem_delete(struct sg_cli_modem *d)
{
    size_t n;
    if (d->all == (d->tag >= 0))
        return sg_cli_usage(d->cli, "say what to delete: --tag N, with --type NAME for one alone, or --all.");
    if (d->tag > SG_TAG_MAX)
        return sg_cli_usage(d->cli, "tags above %d are the modem's own, and stay.", SG_TAG_MAX);
    if (d->type == SG_CRED_AT_KEY)
        return sg_cli_usage(d->cli, "a lock is removed by `signet modem unlock`.");
    int code = sg_cli_modem_begin(d);
    if (code != 0)
        return code;
    struct sg_cred *all = sg_cli_modem_list(d, d->tag, &n, &code);
    if (all != NULL)
        code = delete_meant(d, all, n);
    free(all);
    return sg_cli_modem_end(d, code);
}
