/* SPDX-License-Identifier: Apache-2.0 */
/* signet ca: the CAs; what each word after it does is in a file of its own. */
#include "ca.h"
#include "commands.h"

#include <string.h>

enum { NAME, YEARS, DAYS, DEVICES, KEY, PLAIN_KEYS, OUT, REASON, YES, PASSPHRASE_FILE, PASSPHRASE_FD };
static const struct sg_cli_option options[] = {
    [NAME] = {"--name", "NAME", "request, sign: of the new issuing CA"},
    [YEARS] = {"--years", "N", "sign: how long its certificate is valid, 1 to 50; 20 by default"},
    [DAYS] = {"--days", "N", "sign: it may issue for so many days only"},
    [DEVICES] = {"--devices", "N", "sign: it may issue for so many devices only"},
    [KEY] = {"--key", "URI", "request: the key is there already, and stays there (handle:…, pkcs11:…, file:…)"},
    [PLAIN_KEYS] = {"--plain-keys", NULL, "request: keep the new key unencrypted (mode 0600)"},
    [OUT] = {"--out", "FILE", "request, sign, crl: write it there instead of to standard output"},
    [REASON] = {"--reason", "REASON", "withdraw: ca-compromise, key-compromise, superseded, cessation…"},
    [YES] = {"--yes", NULL, "withdraw: do not ask"},
    [PASSPHRASE_FILE] = {"--passphrase-file", "FILE", "take the key's passphrase (or PIN) from the first line of FILE"},
    [PASSPHRASE_FD] = {"--passphrase-fd", "N", "take it from the open descriptor N"},
    {NULL, NULL, NULL},
};

static int take_number(const struct sg_cli *cli, int option, uint64_t most, int64_t *out)
{
    uint64_t n = 0;
    int r = sg_cli_number(cli, option, 1, most, &n);
    *out = (int64_t)n;
    return r;
}

static int take_word(struct sg_cli *cli, struct sg_cli_ca_wanted *w)
{
    if (w->what[0] == '\0')
        w->what = cli->value;
    else if (w->operand == NULL)
        w->operand = cli->value;
    else
        return sg_cli_usage(cli, "there is one word too many: %s.", cli->value);
    return 0;
}

static int take(struct sg_cli *cli, int option, struct sg_cli_ca_wanted *w)
{
    switch (option) {
    case NAME:
        w->name = cli->value;
        return 0;
    case YEARS:
        return take_number(cli, option, SG_CLI_YEARS, &w->years);
    case DAYS:
        return take_number(cli, option, 50LL * 365, &w->days);
    case DEVICES:
        return take_number(cli, option, 1000000000000, &w->devices);
    case KEY:
        w->key = cli->value;
        return 0;
    case PLAIN_KEYS:
        w->plain_keys = true;
        return 0;
    case OUT:
        w->out = cli->value;
        return 0;
    case REASON:
        w->reason = cli->value;
        return 0;
    case YES:
        w->yes = true;
        return 0;
    case PASSPHRASE_FILE:
    case PASSPHRASE_FD:
        return sg_cli_take_passphrase(cli, option, &w->passphrase);
    default:
        return take_word(cli, w);
    }
}

static const struct {
    const char *word, *operand; /* operand: what it must be given; NULL: nothing */
    int (*run)(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w);
} words[] = {
    {"show", NULL, sg_cli_ca_show},
    {"crl", NULL, sg_cli_ca_crl},
    {"request", NULL, sg_cli_ca_request},
    {"sign", "the REQUEST that `signet ca request` made", sg_cli_ca_sign},
    {"import", "the CERT that `signet ca sign` made", sg_cli_ca_import},
    {"withdraw", "the NAME of the issuing CA (`signet ca show` lists them)", sg_cli_ca_withdraw},
};
enum { WORDS = sizeof words / sizeof words[0] };

static int unknown(const struct sg_cli *cli, const char *word)
{
    const char *names[WORDS + 1] = {NULL};
    for (size_t i = 0; i < WORDS; i++)
        names[i] = words[i].word;
    const char *near = sg_cli_nearest(word, names);
    if (near != NULL)
        return sg_cli_usage(cli, "there is no `signet ca %s`. Did you mean `signet ca %s`?", word, near);
    return sg_cli_usage(cli, "there is no `signet ca %s`.", word);
}

static int run(struct sg_cli *cli)
{
    struct sg_cli_ca_wanted w = {.what = "", .years = 20, .passphrase = {.fd = -1}};
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        int r = i == SG_CLI_BAD ? SG_CLI_USAGE : take(cli, i, &w);
        if (r != 0)
            return r;
    }
    if (w.what[0] == '\0')
        return sg_cli_usage(cli, "say what: `signet ca show`, crl, request, sign, import or withdraw.");
    for (size_t i = 0; i < WORDS; i++) {
        if (strcmp(w.what, words[i].word) != 0)
            continue;
        if (words[i].operand != NULL && w.operand == NULL)
            return sg_cli_usage(cli, "%s is missing.", words[i].operand);
        if (words[i].operand == NULL && w.operand != NULL)
            return sg_cli_usage(cli, "there is one word too many: %s.", w.operand);
        return words[i].run(cli, &w);
    }
    return unknown(cli, w.what);
}

const struct sg_cli_command sg_cli_ca = {
    "ca",
    "show | crl | request | sign REQUEST | import CERT | withdraw NAME [OPTION…]",
    "shows the CAs; moves an issuing CA to a factory; withdraws one",
    "A factory needs the issuing CA's key only. Its host asks for one (request), the\n"
    "host with the root signs (sign, with limits), and the answer comes back\n"
    "(import). All devices of a CA that is withdrawn are shut out, others are not.\n"
    "A key may stay in a TPM or a token: --key, or a URI in ca/issuing.uri.\n"
    "Signet's own server asks the inventory; the revocation list (crl) is for others.\n",
    options,
    run,
};
