/* SPDX-License-Identifier: Apache-2.0 */
/* The modem's functional mode: off the network while its store is written, and how it is left. */
#include "factory/factory_internal.h"

enum { ONLINE = 1, OFFLINE = 4 }; /* +CFUN */

static int get(struct sg_factory_run *run)
{
    int found = sg_modem_get_function(run->e->modem);
    if (found < 0)
        return sg_factory_modem_fail(run, found, "asking for its functional mode (AT+CFUN?)");
    run->r->found = run->r->function = found;
    return 0;
}

/* Modem notes 1.7: writing needs a modem that is not active. */
int sg_factory_take_down(struct sg_factory_run *run)
{
    int r = get(run);
    if (r < 0 || !sg_modem_function_is_active(run->r->found))
        return r;
    if (!run->e->offline)
        return sg_factory_refuse(run, SG_ESTATE,
                                 "the modem on %s will not take credentials while it is on the network (AT+CFUN=%d, "
                                 "error 518). Enrolment takes it offline and back. Run again with --offline, or "
                                 "with `take_offline: true` in the line's policy.",
                                 run->e->port, run->r->found);
    run->r->taken_down = true;
    r = sg_modem_set_function(run->e->modem, OFFLINE);
    if (r == 0)
        r = run->r->function = sg_modem_get_function(run->e->modem);
    if (r < 0)
        return sg_factory_modem_fail(run, r, "going offline (AT+CFUN=4)");
    if (sg_modem_function_is_active(r))
        return sg_fail(run->err, SG_ESTATE, "the modem on %s took AT+CFUN=4 and is still active (AT+CFUN? says %d)",
                       run->e->port, r);
    return 0;
}

/* Also after a failure: such a board is left as it was found. */
void sg_factory_leave(struct sg_factory_run *run, int r)
{
    enum sg_leave leave = r == 0 ? run->e->leave : SG_LEAVE_AS_FOUND;
    if (leave != SG_LEAVE_AS_FOUND && run->r->found < 0 && get(run) < 0)
        return;
    int meant = leave == SG_LEAVE_ONLINE ? ONLINE : leave == SG_LEAVE_OFFLINE ? OFFLINE : run->r->found;
    if (meant < 0 || (meant == run->r->function && !run->r->taken_down))
        return;
    run->r->function = sg_modem_set_function(run->e->modem, meant) == 0 ? meant : -1;
}
