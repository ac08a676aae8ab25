/* SPDX-License-Identifier: Apache-2.0 */
/* signet renew: a new identity for a board in use, which keeps the old one until the new one is known to work. */
#include "commands.h"
#include "enroll_show.h"
#include "factory/factory.h"
#include "programs/config.h"
#include "programs/port.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PORT, TAG, SERVER, ADDRESS, KEEP, UNCONNECTED, UNVERIFIED, YEARS, WAIT, PASSPHRASE_FILE, PASSPHRASE_FD };
static const struct sg_cli_option options[] = {
    [PORT] = {"--port", "PATH", "the board's serial port"},
    [TAG] = {"--tag", "N", "the new security tag: 35724863 by default, or 35724861 where the board is at the former"},
    [SERVER] = {"--server", "HOST[:PORT]", "where the new identity is tried: by default the server of signet.yaml"},
    [ADDRESS] = {"--address", "IP", "the server's address, where the modem cannot find it by its name"},
    [KEEP] = {"--keep", NULL, "leave the old credentials in the modem; their certificate is retired all the same"},
    [UNCONNECTED] = {"--trust-unconnected", NULL, "retire the old identity without having seen the new one connect"},
    [UNVERIFIED] = {"--identity-unverified", NULL, "take a modem whose firmware cannot prove which modem it is"},
    [YEARS] = {"--years", "N", "how long the certificate is valid: 1 to 50, 10 by default"},
    [WAIT] = {"--wait", "S", "how many seconds the modem may take to find its network, 120 by default"},
    [PASSPHRASE_FILE] = {"--passphrase-file", "FILE", "take the CA's passphrase from the first line of FILE"},
    [PASSPHRASE_FD] = {"--passphrase-fd", "N", "take it from the open descriptor N"},
    {NULL, NULL, NULL},
};

enum { COAPS_PORT = 5684 };

struct wanted {
    const char *port, *server;
    char host[254];
    struct sg_cli_passphrase passphrase;
    struct sg_renew renew;
};

/* ------------------------------------------------------------------------------------------------- arguments */

static int take_number(struct sg_cli *cli, int option, struct wanted *w)
{
    uint64_t n;
    int r = sg_cli_number(cli, option, option == YEARS,
                          option == TAG     ? SG_TAG_MAX
                          : option == YEARS ? SG_CLI_YEARS
                                            : 3600,
                          &n);
    if (r != 0)
        return r;
    if (option == TAG)
        w->renew.enroll.tag = (int64_t)n;
    else if (option == YEARS)
        w->renew.enroll.valid = (int64_t)n * SG_CLI_YEAR;
    else
        w->renew.network_ms = (uint32_t)n * 1000;
    return 0;
}

static int take(struct sg_cli *cli, int option, struct wanted *w)
{
    switch (option) {
    case PORT:
        w->port = cli->value;
        return 0;
    case TAG:
    case YEARS:
    case WAIT:
        return take_number(cli, option, w);
    case SERVER:
        w->server = cli->value;
        return 0;
    case ADDRESS:
        w->renew.address = cli->value;
        return 0;
    case KEEP:
        w->renew.keep = true;
        return 0;
    case UNCONNECTED:
        w->renew.unconnected = true;
        return 0;
    case UNVERIFIED:
        w->renew.enroll.unverified = true;
        return 0;
    case PASSPHRASE_FILE:
    case PASSPHRASE_FD:
        return sg_cli_take_passphrase(cli, option, &w->passphrase);
    default:
        if (w->renew.enroll.endpoint != NULL)
            return sg_cli_usage(cli, "there is one word too many: %s. Boards are renewed one at a time.", cli->value);
        w->renew.enroll.endpoint = cli->value;
        return 0;
    }
}

static int parse(struct sg_cli *cli, struct wanted *w)
{
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        int r = i == SG_CLI_BAD ? SG_CLI_USAGE : take(cli, i, w);
        if (r != 0)
            return r;
    }
    if (w->renew.enroll.endpoint == NULL)
        return sg_cli_usage(cli, "the endpoint name is missing: which device?");
    if (w->port == NULL)
        return sg_cli_usage(cli, "the board's port is missing: --port PATH.");
    if (w->renew.unconnected && w->server != NULL)
        return sg_cli_usage(cli, "--trust-unconnected tries no server: leave one of it and --server out.");
    return 0;
}

/* HOST or HOST:PORT; an IPv6 address in brackets. */
static int parse_server(const struct sg_cli *cli, struct wanted *w)
{
    const char *s = w->server;
    bool bracket = s[0] == '[';
    s += bracket;
    size_t n = strcspn(s, bracket ? "]" : ":");
    const char *rest = s + n;
    uint64_t port = COAPS_PORT;
    bool whole = n > 0 && n < sizeof w->host && (!bracket || *rest++ == ']');
    if (whole && rest[0] == ':')
        whole = sg_parse_udec(sg_str(rest + 1), UINT16_MAX, &port) == 0 && port > 0;
    else
        whole = whole && rest[0] == '\0';
    if (!whole)
        return sg_cli_usage(cli, "--server takes HOST or HOST:PORT, not %s.", w->server);
    memcpy(w->host, s, n);
    w->host[n] = '\0';
    w->renew.server_port = (uint16_t)port;
    return 0;
}

/* The server that devices of this home know. */
static int find_server(const struct sg_cli *cli, struct wanted *w)
{
    struct sg_config config;
    struct sg_error err = {0};
    struct sg_addr listen;
    w->renew.host = w->host;
    if (w->server != NULL)
        return parse_server(cli, w);
    if (sg_config_load(cli->home.config, &config, &err) < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    memcpy(w->host, config.server.name, sizeof w->host);
    if (sg_addr_parse(config.server.listen, &listen, &err) < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    w->renew.server_port = listen.port;
    if (listen.port == 0 && !w->renew.unconnected)
        return sg_cli_fail(SG_CLI_FAILED, "%s lets signetd take any port: say with --server HOST:PORT where it is.",
                           cli->home.config);
    return 0;
}

/* --------------------------------------------------------------------------------------------------- the board */

static int on_step(void *user, enum sg_enroll_step step, const char *facts)
{
    sg_cli_show_step(user, step, facts);
    return 0;
}

static int open_board(const struct wanted *w, struct sg_port *port, struct sg_modem *modem, struct sg_error *err)
{
    int r = sg_port_open(port, w->port, err);
    if (r < 0)
        return r;
    r = sg_modem_open(modem, sg_port_io(port));
    if (r == 0)
        return 0;
    sg_port_close(port);
    return sg_fail(err, r, "what is on %s does not answer like a modem (AT): %s. Is it the right port?", w->port,
                   sg_strerror(r));
}

static int print_done(const struct sg_cli *cli, const struct wanted *w, const struct sg_enroll_result *r)
{
    char fp[SG_FINGERPRINT_TEXT], until[SG_CLI_TIME];
    (void)sg_fingerprint_text(&r->cert.fingerprint, fp);
    if (cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:I, s:s, s:s, s:b}", "endpoint", r->device.endpoint, "tag",
                                           (json_int_t)r->device.tag, "fingerprint", fp, "valid_until",
                                           sg_cli_time(r->cert.until, until), "connected", !w->renew.unconnected));
    (void)printf("%sRenewed%s %s  tag %u, certificate %.17s…, valid until %s\n", sg_cli_style(SG_CLI_GREEN),
                 sg_cli_style(SG_CLI_PLAIN), r->device.endpoint, r->device.tag, fp, sg_cli_date(r->cert.until, until));
    return SG_CLI_DONE;
}

static int exit_of(int r, const struct sg_enroll_result *result)
{
    if (r == SG_EINVAL && result->refused)
        return SG_CLI_USAGE;
    return result->refused ? SG_CLI_REFUSED : r == SG_ENOTFOUND ? SG_CLI_NOTHING : SG_CLI_FAILED;
}

static int renew(const struct sg_cli *cli, const struct wanted *w)
{
    static struct sg_modem modem; /* large */
    struct sg_port port;
    struct sg_enroll_result result = {.found = -1, .function = -1};
    struct sg_error err = {0};
    struct sg_cli_progress progress = {.port = w->port};
    int r = open_board(w, &port, &modem, &err);
    if (r < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (!cli->json)
        sg_cli_show_port(&progress, w->port);
    struct sg_renew n = w->renew;
    n.enroll.modem = &modem;
    n.enroll.port = w->port;
    n.enroll.step = cli->json ? NULL : on_step;
    n.enroll.user = &progress;
    r = sg_renew(&n, &result, &err);
    sg_port_close(&port);
    sg_cli_hide_working(&progress);
    int code = r < 0 ? sg_cli_fail_err(exit_of(r, &result), &err) : SG_CLI_DONE;
    if (!cli->json)
        sg_cli_show_function(&result);
    return r < 0 ? code : print_done(cli, w, &result);
}

static int run(struct sg_cli *cli)
{
    struct wanted w = {.renew = {.enroll = {.tag = -1, .valid = 10LL * SG_CLI_YEAR}, .network_ms = 120 * 1000},
                       .passphrase = {.fd = -1}};
    struct sg_enroll *e = &w.renew.enroll;
    struct sg_error err = {0};
    int code = parse(cli, &w);
    if (code != 0)
        return code;
    e->store = sg_cli_open_store(cli, &code);
    if (e->store == NULL)
        return code;
    e->who = sg_cli_who();
    e->now = (int64_t)time(NULL);
    code = find_server(cli, &w);
    if (code == 0) {
        e->server_root = sg_cert_read(cli->home.server_root_cert, &err);
        code = e->server_root == NULL ? sg_cli_fail_err(SG_CLI_FAILED, &err)
                                      : sg_cli_load_issuer(cli, &w.passphrase, e->now, &e->issuer);
    }
    if (code == 0)
        code = renew(cli, &w);
    sg_cli_free_issuer(&e->issuer);
    X509_free(e->server_root);
    sg_store_close(e->store);
    return code;
}

const struct sg_cli_command sg_cli_renew = {
    "renew",
    "ENDPOINT --port PATH [OPTION…]",
    "gives a board in use a new identity, and retires the old one when the new one works",
    "The modem makes a new key at a second security tag, a certificate is issued and\n"
    "written, and the modem itself connects to the server with it. Until that succeeds\n"
    "the old identity stays as it is, and both are accepted; then the old certificate\n"
    "is retired and its tag emptied. Interrupted anywhere, the same command does the\n"
    "rest. The board's firmware must find its identity at the new tag from then on.\n",
    options,
    run,
};
