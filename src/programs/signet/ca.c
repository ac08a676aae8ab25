/* SPDX-License-Identifier: Apache-2.0 */
/* signet ca: the certificates that trust rests on, and the issuing CA's revocation list. */
#include "commands.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { OUT, PASSPHRASE_FILE, PASSPHRASE_FD };
static const struct sg_cli_option options[] = {
    [OUT] = {"--out", "FILE", "crl: write it there instead of to standard output"},
    [PASSPHRASE_FILE] = {"--passphrase-file", "FILE", "crl: take the CA's passphrase from the first line of FILE"},
    [PASSPHRASE_FD] = {"--passphrase-fd", "N", "crl: take it from the open descriptor N"},
    {NULL, NULL, NULL},
};

struct wanted {
    const char *what, *out;
    struct sg_cli_passphrase passphrase;
};

static int parse(struct sg_cli *cli, struct wanted *w)
{
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        if (i == SG_CLI_BAD)
            return SG_CLI_USAGE;
        if (i == OUT)
            w->out = cli->value;
        else if (i == PASSPHRASE_FILE)
            w->passphrase.file = cli->value;
        else if (i == PASSPHRASE_FD && !sg_cli_passphrase_fd(cli, &w->passphrase))
            return SG_CLI_USAGE;
        else if (i == SG_CLI_OPERAND && w->what[0] == '\0')
            w->what = cli->value;
        else if (i == SG_CLI_OPERAND)
            return sg_cli_usage(cli, "there is one word too many: %s.", cli->value);
    }
    if (w->what[0] == '\0')
        return sg_cli_usage(cli, "say what: `signet ca show` or `signet ca crl`.");
    return 0;
}

/* ------------------------------------------------------------------------------------------------------ show */

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

static int show(const struct sg_cli *cli)
{
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

/* ------------------------------------------------------------------------------------------------------- crl */

static int write_crl(const struct sg_cli *cli, const struct wanted *w, const X509_CRL *crl, size_t n)
{
    struct sg_error err = {0};
    if (w->out == NULL) {
        if (PEM_write_X509_CRL(stdout, crl) != 1)
            return sg_cli_fail(SG_CLI_FAILED, "writing the revocation list to standard output failed.");
        return SG_CLI_DONE;
    }
    if (sg_crl_write(w->out, crl, &err) < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:I}", "file", w->out, "revoked", (json_int_t)n));
    (void)printf("Wrote %s: %zu revoked %s, valid for %d days.\n", w->out, n, n == 1 ? "certificate" : "certificates",
                 SG_CLI_CRL_DAYS);
    return SG_CLI_DONE;
}

static int make_crl(const struct sg_cli *cli, const struct wanted *w, struct sg_store *store, struct sg_issuer issuer,
                    int64_t now)
{
    struct sg_error err = {0};
    size_t n;
    X509_CRL *crl = sg_cli_new_crl(store, issuer, now, &n, &err);
    if (crl == NULL)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    int code = write_crl(cli, w, crl, n);
    X509_CRL_free(crl);
    return code;
}

static int crl(const struct sg_cli *cli, const struct wanted *w)
{
    int64_t now = (int64_t)time(NULL);
    struct sg_issuer issuer;
    int code;
    struct sg_store *store = sg_cli_open_store(cli, &code);
    if (store == NULL)
        return code;
    code = sg_cli_load_issuer(cli, &w->passphrase, now, &issuer);
    if (code == 0) {
        code = make_crl(cli, w, store, issuer, now);
        sg_cli_free_issuer(&issuer);
    }
    sg_store_close(store);
    return code;
}

static int run(struct sg_cli *cli)
{
    struct wanted w = {.what = "", .passphrase = {.fd = -1}};
    int code = parse(cli, &w);
    if (code != 0)
        return code;
    if (strcmp(w.what, "show") == 0)
        return show(cli);
    if (strcmp(w.what, "crl") == 0)
        return crl(cli, &w);
    const char *near = sg_cli_nearest(w.what, (const char *const[]){"show", "crl", NULL});
    if (near != NULL)
        return sg_cli_usage(cli, "there is no `signet ca %s`. Did you mean `signet ca %s`?", w.what, near);
    return sg_cli_usage(cli, "there is no `signet ca %s`.", w.what);
}

const struct sg_cli_command sg_cli_ca = {
    "ca",
    "show | crl [OPTION…]",
    "shows the roots and CAs, or makes the issuing CA's revocation list",
    "Signet's own server asks the inventory, and needs no list. The list (X.509 CRL,\n"
    "PEM) is for others who must know what was revoked.\n",
    options,
    run,
};
