/* SPDX-License-Identifier: Apache-2.0 */
/* What the modem is doing and how it talks: AT, ATE, +CFUN, +CMEE, +CEREG, +CGPADDR. */
#include "sim_internal.h"

int sg_sim_at(struct sg_sim *s, const struct sg_sim_command *c)
{
    (void)s;
    return c->form == SG_SIM_EXECUTE ? SG_SIM_OK : SG_SIM_ERROR;
}

int sg_sim_echo(struct sg_sim *s, const struct sg_sim_command *c)
{
    if (c->form != SG_SIM_EXECUTE)
        return SG_SIM_ERROR;
    s->echo = c->name.p[1] == '1';
    return SG_SIM_OK;
}

/* The modes of modem notes 3.2. */
static bool is_mode(uint64_t cfun)
{
    static const uint8_t modes[] = {0, 1, 2, 4, 20, 21, 30, 31, 40, 41, 44};
    for (size_t i = 0; i < sizeof modes; i++)
        if (modes[i] == cfun)
            return true;
    return false;
}

int sg_sim_cfun(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t cfun;

    if (c->form == SG_SIM_READ) {
        struct sg_buf *b = sg_sim_say(s);
        sg_put_str(b, "+CFUN: ");
        sg_put_udec(b, s->cfun);
        sg_sim_said(s);
        return SG_SIM_OK;
    }
    if (c->form != SG_SIM_SET)
        return SG_SIM_ERROR;
    if (c->count != 1 || !sg_sim_number(c, 0, 255, &cfun) || !is_mode(cfun))
        return SG_CME_BAD_PARAMETER;
    if (!sg_modem_function_is_active((int)cfun))
        sg_sim_sockets_die(s, cfun); /* the PDN is lost (modem notes 11.6) */
    if (cfun == 0)
        sg_sim_sessions_purge(s);
    s->cfun = (unsigned)cfun;
    s->knows_time = s->knows_time || sg_modem_function_is_active((int)cfun);
    return SG_SIM_OK;
}

int sg_sim_cmee(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t cmee;

    if (c->form == SG_SIM_READ) {
        struct sg_buf *b = sg_sim_say(s);
        sg_put_str(b, "+CMEE: ");
        sg_put_udec(b, s->cmee);
        sg_sim_said(s);
        return SG_SIM_OK;
    }
    if (c->form != SG_SIM_SET || c->count != 1 || !sg_sim_number(c, 0, 1, &cmee))
        return SG_SIM_ERROR; /* +CMEE=2 too: there are no texts (modem notes 3.2) */
    s->cmee = cmee == 1;
    return SG_SIM_OK;
}

/* Registered as soon as the modem is active: the simulated network is always there. */
int sg_sim_cereg(struct sg_sim *s, const struct sg_sim_command *c)
{
    if (c->form != SG_SIM_READ)
        return SG_SIM_ERROR;
    struct sg_buf *b = sg_sim_say(s);
    sg_put_str(b, "+CEREG: 0,");
    sg_put_udec(b, sg_modem_function_is_active((int)s->cfun));
    sg_sim_said(s);
    return SG_SIM_OK;
}

/* An address behind the operator's NAT, the same for a device each time. */
int sg_sim_cgpaddr(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t cid = 0;

    if (c->form == SG_SIM_READ || c->form == SG_SIM_TEST || c->count > 1)
        return SG_SIM_ERROR;
    if (!sg_sim_optional(c, 0, 0, &cid))
        return SG_CME_BAD_PARAMETER;
    struct sg_buf *b = sg_sim_say(s);
    sg_put_str(b, "+CGPADDR: 0,\"");
    if (sg_modem_function_is_active((int)s->cfun)) {
        sg_put_str(b, "10");
        for (size_t i = 0; i < 3; i++) {
            sg_put_str(b, ".");
            sg_put_udec(b, s->store.uuid[i]);
        }
    }
    sg_put_str(b, "\"");
    sg_sim_said(s);
    return SG_SIM_OK;
}
