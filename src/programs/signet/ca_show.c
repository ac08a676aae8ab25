/* SPDX-License-Identifier: Apache-2.0 */
/* signet ca show: the certificates that trust rests on. */
#include "ca.h"

#include <stdio.h>

struct listing {
    struct sg_cli_table table;
    json_t *json;
};

static int take_cert(void *user, const struct sg_cert_row *row)
{
    struct listing *l = user;
    char short_fp[SG_CLI_FP], until[SG_CLI_TIME], text[SG_CLI_TEXT], fingerprint[SG_FINGERPRINT_TEXT];
    if (row->kind == SG_CERT_DEVICE)
        return 0;
    (void)sg_cli_clean(row->facts.cn, text);
    if (l->json != NULL) {
        json_t *one = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "kind", sg_cert_kind_name(row->kind),
                                "name", text, "state", sg_cert_state_name(row->state), "fingerprint",
                                sg_fingerprint_text(&row->facts.fingerprint, fingerprint), "serial", row->facts.serial,
                                "issuer", row->facts.issuer_cn, "names", row->facts.names, "valid_until",
                                sg_cli_time(row->facts.until, until));
        return json_array_append_new(l->json, one) == 0 ? 0 : SG_ENOMEM;
    }
    sg_cli_row(&l->table, 5,
               (const char *const[]){sg_cert_kind_name(row->kind), text, sg_cert_state_name(row->state),
                                     sg_cli_short_fp(&row->facts.fingerprint, 8, short_fp),
                                     sg_cli_date(row->facts.until, until)});
    return 0;
}

int sg_cli_ca_show(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w)
{
    (void)w;
    struct sg_error err = {0};
    int code;
    struct sg_store *store = sg_cli_open_store(cli, &code);
    if (store == NULL)
        return code;
    struct listing l = {.json = cli->json ? json_array() : NULL};
    sg_cli_row(&l.table, 5, (const char *const[]){"WHAT", "NAME", "STATE", "FINGERPRINT", "VALID UNTIL"});
    int r = sg_store_each_cert(store, -1, 0, take_cert, &l, &err);
    sg_store_close(store);
    if (r == 0 && !cli->json) {
        sg_cli_print_table(&l.table);
        return SG_CLI_DONE;
    }
    sg_cli_free_table(&l.table);
    if (r == 0)
        return sg_cli_print_json(json_pack("{s:o}", "certificates", l.json));
    json_decref(l.json);
    return sg_cli_fail_err(SG_CLI_FAILED, &err);
}
