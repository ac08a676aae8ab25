/* SPDX-License-Identifier: Apache-2.0 */
/* signet probe device: plays servers, good and bad, to the device that connects. */
#include "probe.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SECONDS_MAX = 86400, RATE_MAX = 10000, KNOWN_MAX = 16, MESSAGES_MAX = 1000000 };
#define LISTEN "0.0.0.0:5684"

enum {
    LISTEN_AT = SG_CLI_PROBE_OWN,
    SERVER_CERT,
    SERVER_KEY,
    SERVER_CA,
    SERVER_CA_KEY,
    PASSPHRASE_FILE,
    PATIENCE,
    RATE_LIMIT,
    KNOWN,
    SILENCE,
    MESSAGES,
    SEED,
    SCAN
};

static const struct sg_cli_option options[] = {
    SG_CLI_PROBE_OPTIONS,
    [LISTEN_AT] = {"--listen", "ADDR:PORT", "where the device connects to (" LISTEN ")"},
    [SERVER_CERT] = {"--server-cert", "FILE", "the server's certificate, for its names; the home's by default"},
    [SERVER_KEY] = {"--server-key", "FILE", "its key, for devices that take this very certificate only"},
    [SERVER_CA] = {"--server-ca", "FILE", "the CA that the device trusts; the home's server root by default"},
    [SERVER_CA_KEY] = {"--server-ca-key", "FILE", "its key"},
    [PASSPHRASE_FILE] = {"--passphrase-file", "FILE", "its passphrase, on the first line"},
    [PATIENCE] = {"--patience", "SECONDS", "how long the device may take to come back (600)"},
    [RATE_LIMIT] = {"--rate", "N", "datagrams a second at most (50)"},
    [KNOWN] = {"--known", "VALUE", "must not be seen in clear in its datagrams; as often as needed"},
    [SILENCE] = {"--silence", "SECONDS", "how long the server is silent in dev.silence (60)"},
    [MESSAGES] = {"--messages", "N", "odd messages in each of dev.fuzz.* (400)"},
    [SEED] = {"--seed", "N", "that they are made from (1)"},
    [SCAN] = {"--scan", "IP", "where the device's open ports are looked for; without it they are not"},
    {NULL, NULL, NULL},
};

struct wanted {
    struct sg_cli_probe p;
    const char *scan, *listen, *cert, *key, *ca, *ca_key;
    const char *known[KNOWN_MAX];
    struct sg_cli_passphrase passphrase;
    struct sg_addr scan_addr;
    struct sg_probe_device_options o;
};

static int number(const struct sg_cli *cli, const char *option, uint64_t max, unsigned *out)
{
    uint64_t v;
    if (sg_parse_udec(sg_str(cli->value), max, &v) < 0 || v == 0)
        return sg_cli_usage(cli, "%s takes a number from 1 to %llu, not \"%s\".", option, (unsigned long long)max,
                            cli->value);
    *out = (unsigned)v;
    return 0;
}

static int take(struct wanted *w, int option)
{
    struct sg_cli *cli = w->p.cli;
    switch (option) {
    case LISTEN_AT:
        w->listen = cli->value;
        return 0;
    case SERVER_CERT:
        w->cert = cli->value;
        return 0;
    case SERVER_KEY:
        w->key = cli->value;
        return 0;
    case SERVER_CA:
        w->ca = cli->value;
        return 0;
    case SERVER_CA_KEY:
        w->ca_key = cli->value;
        return 0;
    case PASSPHRASE_FILE:
        w->passphrase.file = cli->value;
        return 0;
    case PATIENCE:
        return number(cli, "--patience", SECONDS_MAX, &w->o.patience);
    case RATE_LIMIT:
        return number(cli, "--rate", RATE_MAX, &w->o.rate);
    case SILENCE:
        return number(cli, "--silence", SECONDS_MAX, &w->o.silence);
    case MESSAGES:
        return number(cli, "--messages", MESSAGES_MAX, &w->o.messages);
    case SEED:
        return sg_parse_udec(sg_str(cli->value), INT64_MAX, &w->o.seed) < 0
                   ? sg_cli_usage(cli, "--seed takes a number, not \"%s\".", cli->value)
                   : 0;
    case SCAN:
        w->scan = cli->value;
        return 0;
    case KNOWN:
        if (w->o.known_count == KNOWN_MAX)
            return sg_cli_usage(cli, "--known may be given %d times.", KNOWN_MAX);
        w->known[w->o.known_count++] = cli->value;
        return 0;
    default:
        sg_cli_probe_option(&w->p, option);
        return 0;
    }
}

static int arguments(struct wanted *w)
{
    struct sg_cli *cli = w->p.cli;
    struct sg_error err = {0};
    int i, code;
    while ((i = sg_cli_next(cli)) != SG_CLI_END) {
        if (i == SG_CLI_BAD)
            return SG_CLI_USAGE;
        if (i == SG_CLI_OPERAND)
            return sg_cli_usage(cli, "there is one word too many: %s.", cli->value);
        if ((code = take(w, i)) != 0)
            return code;
    }
    if (sg_addr_parse(w->listen, &w->o.listen, &err) < 0)
        return sg_cli_usage(cli, "--listen: %s", err.text);
    if (w->scan != NULL) {
        char text[100];
        const bool v6 = strchr(w->scan, ':') != NULL;
        (void)snprintf(text, sizeof text, "%s%s%s:1", v6 ? "[" : "", w->scan, v6 ? "]" : "");
        if (sg_addr_parse(text, &w->scan_addr, &err) < 0)
            return sg_cli_usage(cli, "--scan takes an IP address, not \"%s\".", w->scan);
        w->o.scan = &w->scan_addr;
    }
    if ((w->ca == NULL) != (w->ca_key == NULL))
        return sg_cli_usage(cli, "--server-ca and --server-ca-key belong together.");
    return 0;
}

static int load_ca_key(struct wanted *w, const char *where)
{
    struct sg_secret passphrase = {.n = 0};
    struct sg_error err = {0};
    int code =
        sg_key_is_encrypted(where) ? sg_cli_passphrase(&w->passphrase, "the server root's key", false, &passphrase) : 0;
    if (code == 0 && (w->o.ca.key = sg_key_read(where, &passphrase, &err)) == NULL)
        code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    sg_secret_wipe(&passphrase);
    return code;
}

/* What the home does not have to give is not looked for in it. */
static int load(struct wanted *w)
{
    const struct sg_home *home = &w->p.cli->home;
    struct sg_error err = {0};
    if ((w->cert == NULL || w->ca == NULL) && sg_home_check(home, &err) < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    w->o.server = sg_cert_read(w->cert != NULL ? w->cert : home->server_cert, &err);
    w->o.ca.cert = w->o.server != NULL ? sg_cert_read(w->ca != NULL ? w->ca : home->server_root_cert, &err) : NULL;
    if (w->o.ca.cert == NULL)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (w->key != NULL && (w->o.server_key = sg_key_read(w->key, NULL, &err)) == NULL)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    const char *where = w->ca_key != NULL ? w->ca_key : home->server_root_key;
    const int code = load_ca_key(w, where);
    if (code != 0)
        return code;
    if (w->o.server_key != NULL && X509_check_private_key(w->o.server, w->o.server_key) != 1)
        return sg_cli_fail(SG_CLI_FAILED, "the key in %s is not that of the server's certificate.", w->key);
    if (X509_check_private_key(w->o.ca.cert, w->o.ca.key) != 1)
        return sg_cli_fail(SG_CLI_FAILED, "the key in %s is not that of the CA that the device trusts.", where);
    return 0;
}

static void waits(void *user, const char *for_what)
{
    const struct sg_cli_probe *p = user;
    const bool terminal = !p->cli->json && isatty(STDOUT_FILENO);
    (void)fprintf(stderr, "%sWaiting for %s.\n", terminal ? "\r\033[K" : "", for_what);
}

static int run(struct sg_cli *cli)
{
    struct wanted w = {.listen = LISTEN, .passphrase = {.fd = -1}};
    struct sg_probe_target target = {.kind = SG_PROBE_DEVICE};
    struct sg_error err = {0};

    sg_cli_probe_init(&w.p, cli);
    w.o.user = &w.p;
    w.o.known = w.known;
    w.o.seed = 1;
    w.o.waits = waits;
    int code = arguments(&w);
    if (code == 0)
        code = load(&w);
    (void)snprintf(target.address, sizeof target.address, "what connects to %s", w.listen);
    if (code == 0)
        code = sg_cli_probe_begin(&w.p, SG_PROBE_DEVICE, &target, NULL);
    if (code == 0)
        code = sg_cli_probe_end(&w.p, sg_probe_device(&w.o, &target, &w.p.watch, &err), &err);
    X509_free(w.o.server);
    EVP_PKEY_free(w.o.server_key);
    X509_free(w.o.ca.cert);
    EVP_PKEY_free(w.o.ca.key);
    return code;
}

const struct sg_cli_command sg_cli_probe_device = {
    "probe device",
    "--listen ADDR:PORT [OPTION…]",
    "plays servers, good and bad, to the device that connects",
    "Point the device at this address, as if the server were here. The probe has it\n"
    "register with a good server, then leads it to bad ones, and back after each: the\n"
    "device's own attempts to reconnect set the pace. It takes the server root's key\n"
    "to make certificates that are right in all but one thing: use a home made for\n"
    "tests. docs/reference/probe-device.md tells each run.\n",
    options,
    run,
};
