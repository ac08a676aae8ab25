/* SPDX-License-Identifier: Apache-2.0 */
/* signet enroll: gives boards their identity, one after the other. */
#include "commands.h"
#include "enroll_ports.h"
#include "enroll_psk.h"
#include "enroll_show.h"
#include "factory/factory.h"
#include "programs/port.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PORT, TAG, NAME, OFFLINE, RENEW, PSK, UNVERIFIED, YES, YEARS, PASSPHRASE_FILE, PASSPHRASE_FD };
static const struct sg_cli_option options[] = {
    [PORT] = {"--port", "PATH", "the board's serial port; may be given several times. Without it, ports are searched"},
    [TAG] = {"--tag", "N", "the modem's security tag, 35724861 by default (LwM2M in nRF Connect SDK)"},
    [NAME] = {"--name", "ENDPOINT", "the endpoint name, urn:imei:IMEI by default"},
    [OFFLINE] = {"--offline", NULL, "take a modem off the network for it, and put it back"},
    [RENEW] = {"--renew", NULL, "replace an identity, or credentials of others, by a new one"},
    [PSK] = {"--psk", NULL, "a pre-shared key instead of a certificate: the weaker identity"},
    [UNVERIFIED] = {"--identity-unverified", NULL, "take a modem whose firmware cannot prove which modem it is"},
    [YES] = {"--yes", NULL, "do not ask before something is replaced"},
    [YEARS] = {"--years", "N", "how long the certificate is valid: 1 to 50, 10 by default"},
    [PASSPHRASE_FILE] = {"--passphrase-file", "FILE", "take the CA's passphrase from the first line of FILE"},
    [PASSPHRASE_FD] = {"--passphrase-fd", "N", "take it from the open descriptor N"},
    {NULL, NULL, NULL},
};

struct wanted {
    struct sg_cli_ports ports;
    struct sg_cli_passphrase passphrase;
    struct sg_enroll enroll; /* what is the same for each board */
    struct sg_psk_vault vault;
    bool yes;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

/* The first Ctrl-C ends after the step under way; a second one ends at once. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    action.sa_flags = (int)SA_RESETHAND;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* ------------------------------------------------------------------------------------------------- arguments */

static int take_number(struct sg_cli *cli, int option, struct wanted *w)
{
    uint64_t n;
    if (option == TAG) {
        if (sg_parse_udec(sg_str(cli->value), SG_TAG_MAX, &n) < 0)
            return sg_cli_usage(cli, "--tag takes a number from 0 to %d, not %s (higher ones are the modem's own).",
                                SG_TAG_MAX, cli->value);
        w->enroll.tag = (int64_t)n;
    } else {
        if (sg_parse_udec(sg_str(cli->value), 50, &n) < 0 || n == 0)
            return sg_cli_usage(cli, "--years takes a number from 1 to 50, not %s.", cli->value);
        w->enroll.valid = (int64_t)n * 365 * 86400;
    }
    return 0;
}

static int take(struct sg_cli *cli, int option, struct wanted *w)
{
    switch (option) {
    case PORT:
        return sg_cli_add_port(&w->ports, cli->value) ? 0 : sg_cli_usage(cli, "more than %d ports.", SG_CLI_PORTS);
    case TAG:
    case YEARS:
        return take_number(cli, option, w);
    case NAME:
        w->enroll.endpoint = cli->value;
        return 0;
    case OFFLINE:
        w->enroll.offline = true;
        return 0;
    case RENEW:
        w->enroll.renew = true;
        return 0;
    case PSK:
        w->enroll.psk = true;
        return 0;
    case UNVERIFIED:
        w->enroll.unverified = true;
        return 0;
    case YES:
        w->yes = true;
        return 0;
    case PASSPHRASE_FILE:
        w->passphrase.file = cli->value;
        return 0;
    case PASSPHRASE_FD:
        return sg_cli_passphrase_fd(cli, &w->passphrase) ? 0 : SG_CLI_USAGE;
    default:
        return sg_cli_usage(cli, "there is one word too many: %s. Ports are given with --port.", cli->value);
    }
}

static int parse(struct sg_cli *cli, struct wanted *w)
{
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        int r = i == SG_CLI_BAD ? SG_CLI_USAGE : take(cli, i, w);
        if (r != 0)
            return r;
    }
    if (w->enroll.endpoint != NULL && w->ports.n != 1)
        return sg_cli_usage(cli, "--name names one board: give exactly one --port with it.");
    if (w->passphrase.file != NULL && w->passphrase.fd >= 0)
        return sg_cli_usage(cli, "--passphrase-file and --passphrase-fd exclude each other.");
    return 0;
}

/* ---------------------------------------------------------------------------------------------- one board */

/* What the callbacks of one enrolment need. */
struct board {
    struct sg_cli_progress progress;
    bool yes, declined;
};

static int on_step(void *user, enum sg_enroll_step step, const char *facts)
{
    struct board *b = user;
    sg_cli_show_step(&b->progress, step, facts);
    return interrupted;
}

static bool on_destroy(void *user, const char *what)
{
    struct board *b = user;
    char question[700];
    sg_cli_hide_working(&b->progress);
    (void)snprintf(question, sizeof question, "This destroys %s.", what);
    b->declined = !sg_cli_confirm(question, b->yes);
    return !b->declined;
}

static int exit_of(int r, const struct sg_enroll_result *result)
{
    if (r == SG_EINVAL && result->refused)
        return SG_CLI_USAGE;
    return result->refused ? SG_CLI_REFUSED : SG_CLI_FAILED;
}

static int open_board(const char *path, struct sg_port *port, struct sg_modem *modem, struct sg_error *err)
{
    int r = sg_port_open(port, path, err);
    if (r < 0)
        return r;
    r = sg_modem_open(modem, sg_port_io(port));
    if (r == SG_ETIMEOUT)
        sg_fail(err, r,
                "what is on %s does not answer like a modem (AT). Is it the right port, and does the board run a "
                "firmware with an AT interface (at_client, Serial Modem)?",
                path);
    else if (r < 0)
        sg_fail(err, r, "talking to %s: %s", path, sg_strerror(r));
    if (r < 0)
        sg_port_close(port);
    return r;
}

static int enroll_one(const struct sg_cli *cli, const struct wanted *w, const char *path, struct sg_cli_boards *done)
{
    static struct sg_modem modem; /* large, and one at a time */
    struct sg_port port;
    struct sg_enroll_result result = {.function = -1};
    struct sg_error err = {0};
    struct board b = {.yes = w->yes};
    struct sg_enroll e = w->enroll;

    memset(&modem, 0, sizeof modem);
    sg_cli_show_port(&b.progress, path, cli->json);
    int r = open_board(path, &port, &modem, &err);
    if (r == 0) {
        e.modem = &modem;
        e.port = path;
        e.now = (int64_t)time(NULL);
        e.step = on_step;
        e.may_destroy = on_destroy;
        e.user = &b;
        r = sg_enroll(&e, &result, &err);
        sg_port_close(&port);
    }
    sg_cli_hide_working(&b.progress);
    sg_cli_add_board(done, path, r, &result, &err);
    if (r == 0) {
        sg_cli_show_done(&b.progress, &result, port.waited_ms);
        return SG_CLI_DONE;
    }
    int code = exit_of(r, &result);
    if (!b.declined) /* that was told where it was asked */
        (void)sg_cli_fail_err(code, &err);
    sg_cli_show_function(&b.progress, &result);
    return code;
}

/* The first failure decides the exit code; the other boards are still done. */
static int enroll_all(const struct sg_cli *cli, const struct wanted *w)
{
    struct sg_cli_boards done = {0};
    int code = SG_CLI_DONE;
    for (size_t i = 0; i < w->ports.n && !interrupted; i++) {
        int r = enroll_one(cli, w, w->ports.path[i], &done);
        if (code == SG_CLI_DONE)
            code = r;
    }
    if (interrupted && code == SG_CLI_DONE)
        code = sg_cli_fail(SG_CLI_FAILED, "interrupted: %zu of %zu boards were done.", done.n, w->ports.n);
    return sg_cli_print_boards(&done, cli->json, code);
}

/* What identities are made with. 0, or an exit code after a sentence. */
static int load(const struct sg_cli *cli, struct wanted *w)
{
    struct sg_error err = {0};
    int code = sg_cli_open_vault(cli, &w->enroll, &w->vault);
    if (code != 0 || w->enroll.psk)
        return code;
    w->enroll.server_root = sg_cert_read(cli->home.server_root_cert, &err);
    return w->enroll.server_root == NULL
               ? sg_cli_fail_err(SG_CLI_FAILED, &err)
               : sg_cli_load_issuer(cli, &w->passphrase, (int64_t)time(NULL), &w->enroll.issuer);
}

static int run(struct sg_cli *cli)
{
    struct wanted w = {.enroll = {.tag = -1, .valid = 10LL * 365 * 86400}, .passphrase = {.fd = -1}};
    int code = parse(cli, &w);
    if (code != 0)
        return code;
    w.enroll.store = sg_cli_open_store(cli, &code);
    if (w.enroll.store == NULL)
        return code;
    w.enroll.who = sg_cli_who();
    code = load(cli, &w);
    catch_signals();
    if (code == 0 && w.ports.n == 0)
        code = sg_cli_find_ports(&w.ports, cli->json);
    if (code == 0)
        code = enroll_all(cli, &w);
    sg_cli_free_issuer(&w.enroll.issuer);
    X509_free(w.enroll.server_root);
    sg_wipe(&w.vault, sizeof w.vault);
    sg_store_close(w.enroll.store);
    sg_cli_free_ports(&w.ports);
    return code;
}

const struct sg_cli_command sg_cli_enroll = {
    "enroll",
    "[--port PATH]… [OPTION…]",
    "gives boards an identity: the modem makes a key, its request is checked, a certificate written",
    "The private key is made inside the modem and never leaves it. Interrupted\n"
    "anywhere, the same command does the rest; for a board that is done already it\n"
    "compares what the modem holds with what was meant, and writes nothing.\n"
    "Credentials that the inventory does not know are never replaced without\n"
    "--renew, nor is a revoked identity.\n"
    "\n"
    "--psk gives a board a random pre-shared key of its own instead, for makers whose\n"
    "server cannot do X.509. The key is never shown; the inventory keeps it encrypted.\n"
    "An nRF91 offers no forward secrecy with it, and signetd takes such a device only\n"
    "with `psk: true` in signet.yaml.\n",
    options,
    run,
};
