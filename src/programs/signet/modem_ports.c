/* SPDX-License-Identifier: Apache-2.0 */
/* signet modem ports: where modems are, and what else is at the ports where one could be. */
#include "modem.h"

#include <stdio.h>
#include <string.h>

struct search {
    struct sg_cli_modem *d;
    struct sg_cli_table table;
    json_t *json;
    unsigned modems;
};

static void note(struct search *s, const char *path, const char *state, const struct sg_modem_info *m)
{
    static const struct sg_modem_info none;
    const struct sg_modem_info *i = m != NULL ? m : &none;
    s->modems += m != NULL;
    if (s->json != NULL)
        (void)json_array_append_new(s->json, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "port", path, "state",
                                                       state, "model", i->model, "firmware", i->firmware, "imei",
                                                       i->imei, "uuid", i->uuid, "host", i->host));
    else
        sg_cli_row(&s->table, 6, (const char *const[]){path, state, i->model, i->firmware, i->imei, i->host});
}

static const char *why_not(int r)
{
    switch (r) {
    case SG_EBUSY:
        return "in use";
    case SG_EDENIED:
        return "no right to it";
    case SG_ENOTFOUND:
        return "not there";
    default:
        return "not usable";
    }
}

static void look(void *user, const char *path)
{
    struct search *s = user;
    struct sg_modem *m = &s->d->modem;
    struct sg_port port;
    struct sg_modem_info info;
    struct sg_error err = {0};
    int r = sg_port_open(&port, path, &err);
    if (r < 0) {
        note(s, path, why_not(r), NULL);
        return;
    }
    memset(m, 0, sizeof *m);
    r = sg_modem_attach(m, sg_port_io(&port));
    if (r < 0)
        note(s, path, "no modem answers", NULL);
    else if (sg_modem_identify(m, &info) < 0)
        note(s, path, "no nRF91", NULL);
    else
        note(s, path, "modem", &info);
    sg_port_close(&port);
}

int sg_cli_modem_ports(struct sg_cli_modem *d)
{
    struct search s = {.d = d, .json = d->cli->json ? json_array() : NULL};
    int count = 1;
    if (s.json == NULL)
        sg_cli_row(&s.table, 6, (const char *const[]){"PORT", "STATE", "MODEL", "FIRMWARE", "IMEI", "HOST"});
    if (d->port != NULL)
        look(&s, d->port);
    else
        count = sg_port_each(look, &s);
    if (s.json != NULL) {
        int code = sg_cli_print_json(json_pack("{s:o}", "ports", s.json));
        return code != SG_CLI_DONE ? code : s.modems > 0 ? SG_CLI_DONE : SG_CLI_NOTHING;
    }
    if (count > 0)
        sg_cli_print_table(&s.table);
    sg_cli_free_table(&s.table);
    if (s.modems > 0)
        return SG_CLI_DONE;
    return sg_cli_fail(SG_CLI_NOTHING,
                       count > 0 ? "there is no nRF91 modem at these ports. A board must be switched on, and run a "
                                   "firmware with an AT interface (at_client, Serial Modem, Modem Shell)."
                                 : "there is no /dev/ttyACM* or /dev/ttyUSB*: connect a board, or name its port with "
                                   "--port.");
}
