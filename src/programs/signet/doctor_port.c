/* SPDX-License-Identifier: Apache-2.0 */
/* signet doctor --port: what is on a port, and whether it can be enrolled. */
#include "doctor.h"
#include "programs/port.h"

#include <stdio.h>
#include <string.h>

static void look_at_store(struct sg_cli_doctor *d, struct sg_modem *m)
{
    struct sg_cred creds[64];
    char text[600] = "";
    size_t at = 0;
    unsigned users = 0;
    int n = sg_modem_list(m, -1, creds, sizeof creds / sizeof creds[0]);
    if (n < 0) {
        sg_cli_note(d, SG_CLI_PROBLEM, "store", "the modem does not list its credentials (AT%%CMNG=1): %s",
                    m->cme >= 0 ? sg_cme_name(m->cme) : sg_strerror(n));
        return;
    }
    for (int i = 0; i < n && i < 64; i++) {
        if (creds[i].tag > SG_TAG_MAX) /* the modem's own */
            continue;
        users++;
        if (at < sizeof text - 64)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%u: %s", at > 0 ? ", " : "", creds[i].tag,
                                   sg_cred_type_name(creds[i].type));
    }
    if (users == 0)
        sg_cli_note(d, SG_CLI_WELL, "store", "no credentials but the modem's own: ready to be enrolled");
    else
        sg_cli_note(d, SG_CLI_WELL, "store", "%u credentials (tag: type): %s", users, text);
}

static void look_at_function(struct sg_cli_doctor *d, struct sg_modem *m)
{
    int function = sg_modem_get_function(m);
    if (function < 0)
        sg_cli_note(d, SG_CLI_PROBLEM, "mode", "the modem does not tell its functional mode (AT+CFUN?)");
    else if (sg_modem_function_is_active(function))
        sg_cli_note(d, SG_CLI_WARNING, "mode",
                    "AT+CFUN=%d: the modem is active, and takes no credentials so. `signet enroll --offline` takes it "
                    "offline and back.",
                    function);
    else
        sg_cli_note(d, SG_CLI_WELL, "mode", "AT+CFUN=%d: the modem takes credentials", function);
}

static void look_at_modem(struct sg_cli_doctor *d, struct sg_modem *m, const char *path)
{
    struct sg_modem_info info;
    int r = sg_modem_identify(m, &info);
    if (r < 0) {
        sg_cli_note(d, SG_CLI_PROBLEM, "modem", "what is on %s answers AT commands, but not like an nRF91 (%s)", path,
                    sg_strerror(r));
        return;
    }
    sg_cli_note(d, SG_CLI_WELL, "modem", "%s, %s, behind %s", info.model, info.firmware, info.host);
    if (info.imei[0] != '\0')
        sg_cli_note(d, SG_CLI_WELL, "IMEI", "%s", info.imei);
    else
        sg_cli_note(d, SG_CLI_WARNING, "IMEI", "none is programmed: `signet enroll` needs --name then");
    if (info.uuid[0] != '\0')
        sg_cli_note(d, SG_CLI_WELL, "device UUID", "%s", info.uuid);
    /* Modem notes 5.2: no firmware offers it with X.509. */
    sg_cli_note(d, SG_CLI_WELL, "suites",
                "no nRF91 firmware offers CCM_8 with certificates: other servers must offer "
                "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 (signetd does)");
    look_at_function(d, m);
    look_at_store(d, m);
}

void sg_cli_doctor_port(struct sg_cli_doctor *d, const char *path)
{
    static struct sg_modem modem; /* large, and one at a time */
    struct sg_port port;
    struct sg_error err = {0};
    int r = sg_port_open(&port, path, &err);
    if (r < 0) {
        sg_cli_note(d, SG_CLI_PROBLEM, "port", "%s", err.text);
        return;
    }
    memset(&modem, 0, sizeof modem);
    r = sg_modem_attach(&modem, sg_port_io(&port));
    if (r == SG_ETIMEOUT)
        sg_cli_note(
            d, SG_CLI_PROBLEM, "port",
            "what is on %s does not answer like a modem (AT). A board may have several ports: try the others; and "
            "its firmware must have an AT interface (at_client, Serial Modem, Modem Shell).",
            path);
    else if (r < 0)
        sg_cli_note(d, SG_CLI_PROBLEM, "port", "talking to %s: %s", path, sg_strerror(r));
    else
        look_at_modem(d, &modem, path);
    sg_port_close(&port);
}
