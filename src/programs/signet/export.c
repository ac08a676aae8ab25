/* SPDX-License-Identifier: Apache-2.0 */
/* signet export: who is trusted, in the forms that other servers take. */
#include "export.h"
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FORMAT, OUT, PASSPHRASE_FILE, PASSPHRASE_FD };
static const struct sg_cli_option options[] = {
    [FORMAT] = {"--format", "FORMAT", "of the list: csv (default) or json"},
    [OUT] = {"--out", "FILE", "where the list goes; without it, to standard output"},
    [PASSPHRASE_FILE] = {"--passphrase-file", "FILE", "take the CA's passphrase from the first line of FILE"},
    [PASSPHRASE_FD] = {"--passphrase-fd", "N", "take it from the open descriptor N"},
    {NULL, NULL, NULL},
};

struct wanted {
    const char *what, *dir, *format, *out;
    struct sg_cli_passphrase passphrase;
};

static int take(struct sg_cli *cli, int option, struct wanted *w)
{
    if (option == FORMAT)
        w->format = cli->value;
    else if (option == OUT)
        w->out = cli->value;
    else if (option == PASSPHRASE_FILE || option == PASSPHRASE_FD)
        return sg_cli_take_passphrase(cli, option, &w->passphrase);
    else if (w->what[0] == '\0')
        w->what = cli->value;
    else if (w->dir[0] == '\0')
        w->dir = cli->value;
    else
        return sg_cli_usage(cli, "there is one word too many: %s.", cli->value);
    return 0;
}

static int parse(struct sg_cli *cli, struct wanted *w)
{
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        int r = i == SG_CLI_BAD ? SG_CLI_USAGE : take(cli, i, w);
        if (r != 0)
            return r;
    }
    if (w->what[0] == '\0')
        return sg_cli_usage(cli, "export what? There are leshan DIR, openssl DIR and list.");
    bool list = strcmp(w->what, "list") == 0;
    if (!list && strcmp(w->what, "leshan") != 0 && strcmp(w->what, "openssl") != 0)
        return sg_cli_usage(cli, "there is no `signet export %s`. There are leshan DIR, openssl DIR and list.",
                            w->what);
    if (list && w->dir[0] != '\0')
        return sg_cli_usage(cli, "there is one word too many: %s. A file is named with --out.", w->dir);
    if (!list && w->dir[0] == '\0')
        return sg_cli_usage(cli, "the folder is missing: where is it to go?");
    if (!list && (w->format != NULL || w->out != NULL))
        return sg_cli_usage(cli, "--format and --out are for the list.");
    if (w->format != NULL && strcmp(w->format, "csv") != 0 && strcmp(w->format, "json") != 0)
        return sg_cli_usage(cli, "--format takes csv or json, not %s.", w->format);
    return 0;
}

static int list(const struct sg_cli *cli, const struct wanted *w, struct sg_store *store)
{
    struct sg_error err = {0};
    bool json = w->format != NULL ? strcmp(w->format, "json") == 0 : cli->json;
    char *text = sg_cli_export_list(store, json, &err);
    int r = text == NULL ? err.code : 0;
    if (r == 0 && w->out != NULL)
        r = sg_file_write(w->out, 0644, false, sg_str(text), &err);
    else if (r == 0 && fputs(text, stdout) == EOF)
        r = sg_fail(&err, SG_EIO, "cannot write the list to standard output");
    free(text);
    return r < 0 ? sg_cli_fail_err(SG_CLI_FAILED, &err) : SG_CLI_DONE;
}

static int openssl(const struct sg_cli *cli, const struct wanted *w, struct sg_store *store, struct sg_error *err)
{
    int64_t now = (int64_t)time(NULL);
    struct sg_issuer issuer;
    int code = sg_cli_load_issuer(cli, &w->passphrase, now, &issuer);
    if (code != 0)
        return code;
    int r = sg_cli_export_openssl(store, issuer, w->dir, now, err);
    sg_cli_free_issuer(&issuer);
    return r < 0 ? sg_cli_fail_err(SG_CLI_FAILED, err) : SG_CLI_DONE;
}

static int export(const struct sg_cli *cli, const struct wanted *w, struct sg_store *store)
{
    struct sg_error err = {0};
    bool leshan = strcmp(w->what, "leshan") == 0;
    int code = SG_CLI_DONE;
    if (!leshan)
        code = openssl(cli, w, store, &err);
    else if (sg_cli_export_leshan(store, w->dir, &err) < 0)
        code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (code != SG_CLI_DONE)
        return code;
    if (cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:s}", "kind", w->what, "folder", w->dir));
    (void)printf("Wrote to %s: %s\n", w->dir,
                 leshan ? "trust/, trust.pem, clients.json, removed.json" : "ca.pem, crl.pem, certs/, index.txt");
    (void)printf("Make it again after each enrolment and each revocation: that server asks nobody.\n");
    return SG_CLI_DONE;
}

static int run(struct sg_cli *cli)
{
    struct wanted w = {.what = "", .dir = "", .passphrase = {.fd = -1}};
    int code = parse(cli, &w);
    if (code != 0)
        return code;
    struct sg_store *store = sg_cli_open_store(cli, &code);
    if (store == NULL)
        return code;
    code = strcmp(w.what, "list") == 0 ? list(cli, &w, store) : export(cli, &w, store);
    sg_store_close(store);
    return code;
}

const struct sg_cli_command sg_cli_export = {
    "export",
    "leshan DIR | openssl DIR | list [OPTION…]",
    "writes trust anchors, devices and revocations in the forms that other servers take",
    "`leshan`: certificates and a list of clients for Leshan's server. `openssl`: a CA\n"
    "file, a revocation list, a hashed folder of both, and an index, for everything\n"
    "that is built on OpenSSL. `list`: all devices with their certificates.\n",
    options,
    run,
};
