/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that there are. */
#include "sim_internal.h"

#include <strings.h>

enum { SM = 1U << SG_SIM_SERIAL_MODEM, SLM29 = 1U << SG_SIM_SLM29, SLM31 = 1U << SG_SIM_SLM31, SLM = SLM29 | SLM31 };

static const struct sg_sim_verb verbs[] = {
    {.name = "", .handle = sg_sim_at},
    {.name = "E0", .handle = sg_sim_echo, .hosts = SM},
    {.name = "E1", .handle = sg_sim_echo, .hosts = SM},
    {.name = "+CFUN", .handle = sg_sim_cfun},
    {.name = "+CMEE", .handle = sg_sim_cmee},
    {.name = "+CEREG", .handle = sg_sim_cereg},
    {.name = "+CGPADDR", .handle = sg_sim_cgpaddr},
    {.name = "+CGSN", .handle = sg_sim_cgsn},
    {.name = "+CGMM", .handle = sg_sim_cgmm},
    {.name = "+CGMR", .handle = sg_sim_cgmr},
    {.name = "%HWVERSION", .handle = sg_sim_hwversion},
    {.name = "%DEVICEUUID", .handle = sg_sim_deviceuuid},
    {.name = "%CMNG", .handle = sg_sim_cmng, .secret = true},
    {.name = "%KEYGEN", .handle = sg_sim_keygen},
    {.name = "%ATTESTTOKEN", .handle = sg_sim_attesttoken},
    {.name = "%JWT", .handle = sg_sim_jwt},
    {.name = "%CERTEXPIRY", .handle = sg_sim_certexpiry},
    {.name = "%KEYINJECT", .handle = sg_sim_keyinject, .secret = true},
    {.name = "%CLAIMTOKEN", .handle = sg_sim_claimtoken},
    {.name = "%XPMNG", .handle = sg_sim_xpmng, .secret = true},
    {.name = "%XSUDO", .handle = sg_sim_xsudo, .secret = true},
    {.name = "+CGMI", .handle = sg_sim_guess},
    {.name = "%SHORTSWVER", .handle = sg_sim_guess},
    {.name = "%XMODEMUUID", .handle = sg_sim_guess},
    {.name = "#XSMVER", .handle = sg_sim_xsmver, .hosts = SM},
    {.name = "#XSOCKET", .handle = sg_sim_xsocket, .hosts = SM},
    {.name = "#XSSOCKET", .handle = sg_sim_xssocket, .hosts = SM},
    {.name = "#XSSOCKETOPT", .handle = sg_sim_xssocketopt, .hosts = SM},
    {.name = "#XSOCKETOPT", .handle = sg_sim_xsocketopt, .hosts = SM},
    {.name = "#XCONNECT", .handle = sg_sim_xconnect, .hosts = SM},
    {.name = "#XSEND", .handle = sg_sim_xsend, .hosts = SM, .secret = true},
    {.name = "#XRECV", .handle = sg_sim_xrecv, .hosts = SM},
    {.name = "#XAPOLL", .handle = sg_sim_xapoll, .hosts = SM},
    {.name = "#XCLOSE", .handle = sg_sim_xclose, .hosts = SM},
    {.name = "#XDATACTRL", .handle = sg_sim_xdatactrl, .hosts = SM | SLM},
    {.name = "#XSLMVER", .handle = sg_sim_xslmver, .hosts = SLM},
    {.name = "#XSOCKET", .handle = sg_sim_slm_socket, .hosts = SLM},
    {.name = "#XSSOCKET", .handle = sg_sim_slm_socket, .hosts = SLM},
    {.name = "#XSOCKETSELECT", .handle = sg_sim_slm_select, .hosts = SLM},
    {.name = "#XSSOCKETOPT", .handle = sg_sim_slm_tls_option, .hosts = SLM},
    {.name = "#XSOCKETOPT", .handle = sg_sim_slm_option, .hosts = SLM},
    {.name = "#XCONNECT", .handle = sg_sim_slm_connect, .hosts = SLM},
    {.name = "#XSEND", .handle = sg_sim_slm_send, .hosts = SLM, .secret = true},
    {.name = "#XRECV", .handle = sg_sim_slm_receive, .hosts = SLM},
    {.name = "#XPOLL", .handle = sg_sim_slm_poll, .hosts = SLM29},
    {.name = "#XAPOLL", .handle = sg_sim_slm_apoll, .hosts = SLM31},
};

/* Names are told apart without regard to case (modem notes 1.1, 11.1). */
static bool same_name(struct sg_bytes name, const char *verb)
{
    struct sg_bytes v = sg_str(verb);
    return name.n == v.n && (v.n == 0 || strncasecmp((const char *)name.p, verb, v.n) == 0);
}

const struct sg_sim_verb *sg_sim_verb(const struct sg_sim *s, struct sg_bytes name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (same_name(name, verbs[i].name) && (verbs[i].hosts == 0 || (verbs[i].hosts >> s->config.host & 1)))
            return &verbs[i];
    return NULL;
}
