/* SPDX-License-Identifier: Apache-2.0 */
/* signet modem: a developer's desk. The table of what it does, and its options. */
#include "modem.h"
#include "commands.h"
#include "programs/credential.h"

#include <stdio.h>
#include <string.h>

enum { PORT, TAG, TYPE, OUT, SUBJECT, USAGE, DER, CHALLENGE, KEY, OFFLINE, REPLACE, ALL, YES, OPTIONS };
static const struct sg_cli_option options[] = {
    [PORT] = {"--port", "PATH", "a serial port, a pseudo-terminal, or tcp:HOST:PORT; without it, ports are searched"},
    [TAG] = {"--tag", "N", "the security tag; for lock and unlock 0 to 9, 0 by default"},
    [TYPE] = {"--type", "NAME", "ca, cert, key, psk or psk-id"},
    [OUT] = {"--out", "FILE", "read, keygen: write it there instead of to standard output"},
    [SUBJECT] = {"--subject", "NAME", "keygen: of the request, as \"CN=meter-7\"; the device UUID by default"},
    [USAGE] = {"--usage", "BITS", "keygen: key usage, nine digits as 101010000, digitalSignature first"},
    [DER] = {"--der", NULL, "keygen: the request in DER, not in PEM"},
    [CHALLENGE] = {"--challenge", "HEX", "attest: 32 digits that the token is to be over; random by default"},
    [KEY] = {"--key", "FILE", "the key that signs commands; modem-lock.key in the home by default"},
    [OFFLINE] = {"--offline", NULL, "take a modem off the network for it, and put it back"},
    [REPLACE] = {"--replace", NULL, "write: delete what is there first"},
    [ALL] = {"--all", NULL, "delete: everything but what is the modem's own"},
    [YES] = {"--yes", NULL, "do not ask"},
    [OPTIONS] = {NULL, NULL, NULL},
};

#define BIT(option) (1U << (option))
static const struct sub {
    const char *name;
    unsigned takes, needs; /* options, by bit; PORT goes without saying */
    const char *operand;   /* NULL: none */
    int (*run)(struct sg_cli_modem *d);
} subs[] = {
    {"info", 0, 0, NULL, sg_cli_modem_info},
    {"list", BIT(TAG) | BIT(TYPE), 0, NULL, sg_cli_modem_list_all},
    {"read", BIT(TAG) | BIT(TYPE) | BIT(OUT), BIT(TAG) | BIT(TYPE), NULL, sg_cli_modem_read},
    {"write", BIT(TAG) | BIT(TYPE) | BIT(REPLACE) | BIT(KEY) | BIT(OFFLINE) | BIT(YES), BIT(TAG) | BIT(TYPE), "FILE",
     sg_cli_modem_write},
    {"delete", BIT(TAG) | BIT(TYPE) | BIT(ALL) | BIT(KEY) | BIT(OFFLINE) | BIT(YES), 0, NULL, sg_cli_modem_delete},
    {"keygen", BIT(TAG) | BIT(OUT) | BIT(SUBJECT) | BIT(USAGE) | BIT(DER) | BIT(KEY) | BIT(OFFLINE), BIT(TAG), NULL,
     sg_cli_modem_keygen},
    {"attest", BIT(CHALLENGE), 0, NULL, sg_cli_modem_attest},
    {"lock", BIT(TAG) | BIT(KEY) | BIT(OFFLINE) | BIT(YES), 0, NULL, sg_cli_modem_lock},
    {"unlock", BIT(TAG) | BIT(KEY) | BIT(OFFLINE), 0, NULL, sg_cli_modem_unlock},
    {"console", 0, 0, NULL, sg_cli_modem_console},
    {"ports", 0, 0, NULL, sg_cli_modem_ports},
};
enum { SUBS = sizeof subs / sizeof subs[0] };

/* -------------------------------------------------------------------------------------------------- arguments */

static int take_number(struct sg_cli *cli, struct sg_cli_modem *d)
{
    uint64_t n;
    if (sg_parse_udec(sg_str(cli->value), UINT32_MAX, &n) < 0)
        return sg_cli_usage(cli, "--tag takes a number, not %s.", cli->value);
    d->tag = (int64_t)n;
    return 0;
}

/* A name of a type, or its number, which the modem lists for those that nobody writes. */
static int take_type(struct sg_cli *cli, struct sg_cli_modem *d)
{
    uint64_t n;
    unsigned type;
    if (sg_credential_type(cli->value, &type) == 0)
        d->type = (int)type;
    else if (sg_parse_udec(sg_str(cli->value), 255, &n) == 0)
        d->type = (int)n;
    else
        return sg_cli_usage(cli, "there is no type %s: ca, cert, key, psk, psk-id, or a number as the modem lists it.",
                            cli->value);
    return 0;
}

static int take_challenge(struct sg_cli *cli, struct sg_cli_modem *d)
{
    struct sg_buf b = sg_buf(d->challenge, sizeof d->challenge);
    if (sg_parse_hex(sg_str(cli->value), &b) < 0 || b.len != sizeof d->challenge)
        return sg_cli_usage(cli, "--challenge takes 32 hexadecimal digits, not %s.", cli->value);
    d->has_challenge = true;
    return 0;
}

static int take_option(struct sg_cli *cli, int option, struct sg_cli_modem *d)
{
    const struct {
        const char **text;
        bool *flag;
    } plain[OPTIONS] = {
        [PORT] = {.text = &d->port},       [OUT] = {.text = &d->out},         [SUBJECT] = {.text = &d->subject},
        [USAGE] = {.text = &d->usage},     [KEY] = {.text = &d->key},         [DER] = {.flag = &d->der},
        [OFFLINE] = {.flag = &d->offline}, [REPLACE] = {.flag = &d->replace}, [ALL] = {.flag = &d->all},
        [YES] = {.flag = &d->yes},
    };
    if (option == TAG)
        return take_number(cli, d);
    if (option == TYPE)
        return take_type(cli, d);
    if (option == CHALLENGE)
        return take_challenge(cli, d);
    if (plain[option].text != NULL)
        *plain[option].text = cli->value;
    else
        *plain[option].flag = true;
    return 0;
}

static int find_sub(const struct sg_cli *cli, const struct sub **sub)
{
    const char *names[SUBS + 1] = {NULL};
    for (size_t i = 0; i < SUBS; i++) {
        names[i] = subs[i].name;
        if (strcmp(subs[i].name, cli->value) == 0) {
            *sub = &subs[i];
            return 0;
        }
    }
    const char *near = sg_cli_nearest(cli->value, names);
    if (near != NULL)
        return sg_cli_usage(cli, "there is no `signet modem %s`. Did you mean `signet modem %s`?", cli->value, near);
    return sg_cli_usage(cli, "there is no `signet modem %s`.", cli->value);
}

static int take_operand(const struct sg_cli *cli, const struct sub **sub, struct sg_cli_modem *d)
{
    if (*sub == NULL)
        return find_sub(cli, sub);
    if ((*sub)->operand == NULL || d->file != NULL)
        return sg_cli_usage(cli, "there is one word too many: %s.", cli->value);
    d->file = cli->value;
    return 0;
}

static int check(const struct sg_cli *cli, const struct sub *sub, unsigned given, const struct sg_cli_modem *d)
{
    for (int i = 0; i < OPTIONS; i++) {
        if ((given & BIT(i) & ~(sub->takes | BIT(PORT))) != 0)
            return sg_cli_usage(cli, "`signet modem %s` takes no %s.", sub->name, options[i].name);
        if ((sub->needs & BIT(i) & ~given) != 0)
            return sg_cli_usage(cli, "`signet modem %s` needs %s %s.", sub->name, options[i].name, options[i].value);
    }
    if (sub->operand != NULL && d->file == NULL)
        return sg_cli_usage(cli, "`signet modem %s` needs a %s (- for standard input).", sub->name, sub->operand);
    return 0;
}

static int run(struct sg_cli *cli)
{
    static struct sg_cli_modem desk; /* large: a modem is in it */
    struct sg_cli_modem *d = &desk;
    const struct sub *sub = NULL;
    unsigned given = 0;
    *d = (struct sg_cli_modem){.cli = cli, .tag = -1, .type = -1, .errors = -1, .function = -1, .line = {.fd = -1}};
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        int r = i == SG_CLI_BAD       ? SG_CLI_USAGE
                : i == SG_CLI_OPERAND ? take_operand(cli, &sub, d)
                                      : take_option(cli, i, d);
        if (r != 0)
            return r;
        if (i >= 0)
            given |= BIT(i);
    }
    if (sub == NULL)
        return sg_cli_usage(cli, "say what to do: `signet modem info`, for example.");
    int code = check(cli, sub, given, d);
    return code != 0 ? code : sub->run(d);
}

const struct sg_cli_command sg_cli_modem_command = {
    "modem",
    "WHAT [OPTION…]",
    "works with one modem at the desk: its credential store, its keys, its AT interface",
    "  info               who it is, and what its store holds\n"
    "  list               every credential with the digest that the modem tells\n"
    "  read               prints the exact bytes of one (--tag, --type)\n"
    "  write FILE         checks, writes and compares one (--tag, --type)\n"
    "  delete             one (--tag, --type), all at a tag (--tag), or --all\n"
    "  keygen             makes a private key in the modem, and gives its request (--tag)\n"
    "  attest             lets the modem prove who it is\n"
    "  lock, unlock       the store changes only by commands that are signed with a key\n"
    "  console            AT commands by hand, or from a script on standard input\n"
    "  ports              where modems are\n"
    "\n"
    "The modem is left as it was found: its functional mode (+CFUN) and its form of\n"
    "errors (+CMEE). What destroys something asks first. A private key that is made\n"
    "in the modem cannot be copied: deleting it ends the identity that it is for.\n",
    options,
    run,
};
