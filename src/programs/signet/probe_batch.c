/* SPDX-License-Identifier: Apache-2.0 */
/* signet probe batch: the identities of an inventory, a lot, or files. */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOT = SG_CLI_PROBE_OWN, OPTIONS };
static const struct sg_cli_option options[] = {
    SG_CLI_PROBE_OPTIONS,
    [LOT] = {"--lot", "NAME", "the devices of this lot; without it and without files, all of the home's inventory"},
    [OPTIONS] = {NULL, NULL, NULL},
};

enum { FILE_MAX = 64 << 20 };

static int add_file(struct sg_probe_batch *b, const char *path)
{
    struct sg_error err = {0};
    size_t n;
    uint8_t *content = sg_file_read(path, FILE_MAX, &n, &err);
    if (content == NULL)
        return sg_cli_fail_err(err.code == SG_ENOTFOUND ? SG_CLI_NOTHING : SG_CLI_FAILED, &err);
    int r = sg_probe_batch_add_file(b, path, sg_bytes(content, n), &err);
    free(content);
    return r == 0 ? 0 : sg_cli_fail_err(SG_CLI_FAILED, &err);
}

static int add_inventory(const struct sg_cli *cli, struct sg_probe_batch *b, const char *lot)
{
    struct sg_psk_vault vault = {.secret = {0}};
    struct sg_error err = {0};
    int code = 0;
    struct sg_store *store = sg_cli_open_store(cli, &code);
    if (store == NULL)
        return code;
    bool open = sg_psk_vault_open(&vault, cli->home.psk_key, false, NULL) == 0;
    int r = sg_probe_batch_add_inventory(b, store, lot, open ? &vault : NULL, &err);
    sg_wipe(&vault, sizeof vault);
    sg_store_close(store);
    return r == 0 ? 0 : sg_cli_fail_err(r == SG_ENOTFOUND ? SG_CLI_NOTHING : SG_CLI_FAILED, &err);
}

static void fill_target(struct sg_probe_target *t, const struct sg_cli *cli, const char *lot, int files,
                        const char *first)
{
    char rest[40] = "";
    if (files > 1)
        (void)snprintf(rest, sizeof rest, " and %d more", files - 1);
    (void)snprintf(t->address, sizeof t->address, "%.100s%s%.100s%s", files == 0 || lot != NULL ? cli->home.shown : "",
                   files > 0 && lot != NULL ? ", " : "", first, rest);
    if (lot != NULL)
        (void)snprintf(t->identity, sizeof t->identity, "lot %s", lot);
}

static int probe(struct sg_cli_probe *p, struct sg_probe_batch *b, const char *lot, int files, const char *first)
{
    struct sg_probe_target target = {.kind = SG_PROBE_BATCH};
    struct sg_error err = {0};
    fill_target(&target, p->cli, lot, files, first);
    int code = files == 0 || lot != NULL ? add_inventory(p->cli, b, lot) : 0;
    if (code == 0)
        code = sg_cli_probe_begin(p, SG_PROBE_BATCH, &target, NULL);
    return code == 0 ? sg_cli_probe_end(p, sg_probe_batch_run(b, &target, &p->watch), &err) : code;
}

static int run(struct sg_cli *cli)
{
    struct sg_cli_probe p;
    const char *lot = NULL, *first = "";
    int files = 0, code = 0;
    struct sg_probe_batch *b = sg_probe_batch_new();
    if (b == NULL)
        return sg_cli_fail(SG_CLI_FAILED, "out of memory");
    sg_cli_probe_init(&p, cli);
    for (int i; code == 0 && (i = sg_cli_next(cli)) != SG_CLI_END;) {
        if (i == SG_CLI_BAD)
            code = SG_CLI_USAGE;
        else if (i == SG_CLI_OPERAND) {
            code = add_file(b, cli->value);
            first = files++ == 0 ? cli->value : first;
        } else if (i == LOT)
            lot = cli->value;
        else
            sg_cli_probe_option(&p, i);
    }
    if (code == 0)
        code = probe(&p, b, lot, files, first);
    sg_probe_batch_free(b);
    return code;
}

const struct sg_cli_command sg_cli_probe_batch = {
    "probe batch",
    "[FILE…] [--lot NAME] [OPTION…]",
    "compares the identities of many units: no two may share a key, a certificate, a digest",
    "A FILE has certificates, requests or public keys in PEM (each file or block is one\n"
    "unit), or is the report of a lot, or what `signet modem list --json` printed of one\n"
    "modem. No unit may be given twice.\n",
    options,
    run,
};
