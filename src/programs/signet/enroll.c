/* SPDX-License-Identifier: Apache-2.0 */
/* signet enroll: gives boards their identity, one at the desk or a line of them. */
#include "commands.h"
#include "enroll_ports.h"
#include "enroll_psk.h"
#include "enroll_show.h"
#include "line.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PORT,
    WATCH,
    POLICY,
    POLICY_TEMPLATE,
    LOT,
    BOARDS,
    PARALLEL,
    TAG,
    NAME,
    OFFLINE,
    RENEW,
    PSK,
    UNVERIFIED,
    YES,
    YEARS,
    PASSPHRASE_FILE,
    PASSPHRASE_FD
};
static const struct sg_cli_option options[] = {
    [PORT] = {"--port", "PATH", "the board's serial port; may be given several times. Without it, ports are searched"},
    [WATCH] = {"--watch", NULL, "work on boards as they are plugged in, until Ctrl-C"},
    [POLICY] = {"--policy", "FILE", "what is done with each board, in a YAML file"},
    [POLICY_TEMPLATE] = {"--policy-template", NULL, "print such a file with every field, its default and its meaning"},
    [LOT] = {"--lot", "NAME", "the boards belong to this lot, whose signed report is written at the end"},
    [BOARDS] = {"--boards", "N", "--watch ends when so many are done"},
    [PARALLEL] = {"--parallel", "N", "boards that are worked on at one time: 1 to 64, 64 by default"},
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
    struct sg_policy policy;
    struct sg_enroll enroll; /* what is the same for each board */
    struct sg_psk_vault vault;
    const char *policy_file, *lot;
    bool watch, template, yes;
    uint64_t boards, parallel, years; /* 0: as the policy says */
};

static void on_signal(int number)
{
    (void)number;
    atomic_store(&sg_line_interrupted, true);
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

/* The options that are numbers. */
static int take_number(struct sg_cli *cli, int option, struct wanted *w)
{
    uint64_t n;
    if (option == TAG) {
        if (sg_parse_udec(sg_str(cli->value), SG_TAG_MAX, &n) < 0)
            return sg_cli_usage(cli, "--tag takes a number from 0 to %d, not %s (higher ones are the modem's own).",
                                SG_TAG_MAX, cli->value);
        w->enroll.tag = (int64_t)n;
        return 0;
    }
    uint64_t most = option == YEARS ? SG_CLI_YEARS : option == PARALLEL ? SG_POLICY_PARALLEL : 1000000;
    int r = sg_cli_number(cli, option, 1, most, &n);
    *(option == YEARS ? &w->years : option == PARALLEL ? &w->parallel : &w->boards) = r == 0 ? n : 0;
    return r;
}

static int take(struct sg_cli *cli, int option, struct wanted *w)
{
    switch (option) {
    case PORT:
        return sg_cli_add_port(&w->ports, cli->value) ? 0 : sg_cli_usage(cli, "more than %d ports.", SG_CLI_PORTS);
    case WATCH:
        w->watch = true;
        return 0;
    case POLICY:
        w->policy_file = cli->value;
        return 0;
    case POLICY_TEMPLATE:
        w->template = true;
        return 0;
    case LOT:
        w->lot = cli->value;
        return 0;
    case TAG:
    case YEARS:
    case BOARDS:
    case PARALLEL:
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
    case PASSPHRASE_FD:
        return sg_cli_take_passphrase(cli, option, &w->passphrase);
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
    if (w->enroll.endpoint != NULL && (w->ports.n != 1 || w->watch))
        return sg_cli_usage(cli, "--name names one board: give exactly one --port with it.");
    if (w->boards > 0 && !w->watch)
        return sg_cli_usage(cli, "--boards goes with --watch.");
    return 0;
}

static int print_template(void)
{
    static uint8_t space[8192];
    struct sg_buf text = sg_buf(space, sizeof space);
    if (sg_policy_template(&text) < 0)
        return sg_cli_fail(SG_CLI_FAILED, "the template does not fit.");
    (void)fputs(sg_buf_cstr(&text), stdout);
    return SG_CLI_DONE;
}

/* The policy of the file, or the defaults; what the command line says goes before it. */
static int apply_policy(const struct sg_cli *cli, struct wanted *w)
{
    struct sg_error err = {0};
    struct sg_policy *p = &w->policy;
    struct sg_enroll *e = &w->enroll;
    sg_policy_defaults(p);
    if (w->policy_file != NULL && sg_policy_load(w->policy_file, p, &err) < 0)
        return sg_cli_fail_err(err.code == SG_EFORMAT ? SG_CLI_USAGE : SG_CLI_FAILED, &err);
    if (e->tag >= 0 && p->occupied == SG_OCCUPIED_OTHER_TAG && e->tag == (int64_t)p->second_tag)
        return sg_cli_usage(cli, "--tag is the policy's second_tag: with `occupied: renew` they must differ.");
    e->first_tag = p->tag;
    e->other_tag = p->second_tag;
    e->name_form = p->name;
    e->key_usage = p->key_usage[0] != '\0' ? p->key_usage : NULL;
    e->occupied = p->occupied;
    e->remove_psk = p->remove_psk;
    e->offline = e->offline || p->take_offline;
    e->leave = p->modem_after;
    e->bootstrap_tag = p->bootstrap_tag;
    if (w->lot == NULL && p->lot[0] != '\0')
        w->lot = p->lot;
    if (e->psk && (p->bootstrap_tag != 0 || p->issuing_ca[0] != '\0'))
        return sg_cli_usage(cli, "--psk makes no certificates: leave bootstrap_tag and issuing_ca out of the policy.");
    e->valid = (int64_t)(w->years > 0 ? w->years : p->years) * SG_CLI_YEAR;
    w->boards = w->boards > 0 ? w->boards : p->boards;
    w->parallel = w->parallel > 0 ? w->parallel : p->parallel;
    return 0;
}

/* ---------------------------------------------------------------------------------------------- one board */

/* What the callbacks of one enrolment need. */
struct desk {
    struct sg_cli_progress progress;
    bool yes, declined;
};

static int on_step(void *user, enum sg_enroll_step step, const char *facts)
{
    struct desk *d = user;
    sg_cli_show_step(&d->progress, step, facts);
    return atomic_load(&sg_line_interrupted);
}

static bool on_destroy(void *user, const char *what)
{
    struct desk *d = user;
    char question[700];
    sg_cli_hide_working(&d->progress);
    (void)snprintf(question, sizeof question, "This destroys %s.", what);
    d->declined = !sg_cli_confirm(question, d->yes);
    return !d->declined;
}

/* One board in full, with somebody at the desk who can be asked. */
static int enroll_one(const struct wanted *w, const char *path)
{
    static struct sg_board b; /* large */
    struct desk d = {.yes = w->yes};
    struct sg_enroll e = w->enroll;
    e.step = on_step;
    e.may_destroy = on_destroy;
    e.user = &d;
    (void)snprintf(b.port, sizeof b.port, "%s", path);
    b.began = sg_line_now();
    sg_cli_show_port(&d.progress, path);
    int r = sg_board_enroll(&b, &e);
    sg_cli_hide_working(&d.progress);
    if (r == 0) {
        sg_cli_show_done(&b);
        return SG_CLI_DONE;
    }
    if (!d.declined) /* that was told where it was asked */
        (void)sg_cli_fail_err(SG_CLI_FAILED, &b.err);
    sg_cli_show_function(&b.result);
    return sg_board_exit(&b);
}

/* ------------------------------------------------------------------------------------------------------ a line */

static int run_line(const struct sg_cli *cli, const struct wanted *w, const struct sg_lot *lot)
{
    static struct sg_line line; /* large */
    line = (struct sg_line){.cli = cli,
                            .enroll = w->enroll,
                            .lot = lot,
                            .parallel = (unsigned)w->parallel,
                            .expected = w->watch ? (size_t)w->boards : w->ports.n,
                            .yes = w->yes};
    line.form = cli->json ? SG_LINE_JSON : isatty(STDOUT_FILENO) ? SG_LINE_LIVE : SG_LINE_PLAIN;
    if (line.form == SG_LINE_PLAIN && w->watch)
        (void)printf("Waiting for boards. Ctrl-C ends.\n");
    (void)fflush(stdout);
    return sg_line_run(&line, w->ports.path, w->ports.n, w->watch ? &w->policy : NULL);
}

/* A lot is opened before the first board, and its report written after the last. */
static int run_lot(const struct sg_cli *cli, const struct wanted *w)
{
    struct sg_error err = {0};
    struct sg_lot lot;
    const struct sg_enroll *e = &w->enroll;
    int r = sg_lot_open(e->store, w->lot, e->who, (int64_t)time(NULL), &lot, &err);
    if (r < 0)
        return sg_cli_fail_err(r == SG_EINVAL ? SG_CLI_USAGE : SG_CLI_FAILED, &err);
    int code = run_line(cli, w, &lot);
    const struct sg_lot_close c = {.store = e->store,
                                   .issuer = e->issuer,
                                   .name = w->lot,
                                   .dir = cli->home.lots,
                                   .who = e->who,
                                   .now = (int64_t)time(NULL)};
    if (sg_lot_close(&c, &err) < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (!cli->json)
        (void)printf("Report          %s/%s.html, .json, .p7s, .csv\n", cli->home.lots, w->lot);
    return code;
}

static int enroll(const struct sg_cli *cli, struct wanted *w)
{
    int code = 0;
    if (w->ports.n == 0 && !w->watch)
        code = sg_cli_find_ports(&w->ports, &w->policy, cli->json);
    if (code != 0)
        return code;
    if (w->lot != NULL)
        return run_lot(cli, w);
    if (w->ports.n == 1 && !w->watch && !cli->json)
        return enroll_one(w, w->ports.path[0]);
    return run_line(cli, w, NULL);
}

/* What identities are made with, and reports signed. 0, or an exit code after a sentence. */
static int load(const struct sg_cli *cli, struct wanted *w)
{
    struct sg_error err = {0};
    int code = sg_cli_open_vault(cli, &w->enroll, &w->vault);
    if (code != 0 || (w->enroll.psk && w->lot == NULL))
        return code;
    w->enroll.server_root = sg_cert_read(cli->home.server_root_cert, &err);
    return w->enroll.server_root == NULL ? sg_cli_fail_err(SG_CLI_FAILED, &err)
                                         : sg_cli_load_issuer_named(cli, w->policy.issuing_ca, &w->passphrase,
                                                                    (int64_t)time(NULL), &w->enroll.issuer);
}

/* The key that locks the boards' ports. */
static int load_lock(struct wanted *w)
{
    const char *path = w->policy.lock_port;
    const struct sg_cli_passphrase ask = {.fd = -1};
    struct sg_secret passphrase = {.n = 0};
    struct sg_error err = {0};
    uint8_t point[SG_POINT];
    if (path[0] == '\0')
        return 0;
    int code = sg_key_is_encrypted(path) ? sg_cli_passphrase(&ask, path, false, &passphrase) : 0;
    if (code == 0 && (w->enroll.lock_key = sg_key_read(path, &passphrase, &err)) == NULL)
        code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    else if (code == 0 && sg_key_point(w->enroll.lock_key, point) < 0)
        code = sg_cli_fail(SG_CLI_FAILED, "the key in %s is none of P-256: modems take no other to lock their ports.",
                           path);
    sg_secret_wipe(&passphrase);
    return code;
}

static int run(struct sg_cli *cli)
{
    static struct wanted w; /* large */
    w.enroll.tag = w.passphrase.fd = -1;
    int code = parse(cli, &w);
    if (code == 0 && w.template)
        return print_template();
    if (code == 0)
        code = apply_policy(cli, &w);
    if (code != 0)
        return code;
    w.enroll.store = sg_cli_open_store(cli, &code);
    if (w.enroll.store == NULL)
        return code;
    w.enroll.who = sg_cli_who();
    code = load(cli, &w);
    if (code == 0)
        code = load_lock(&w);
    catch_signals();
    if (code == 0)
        code = enroll(cli, &w);
    sg_cli_free_issuer(&w.enroll.issuer);
    EVP_PKEY_free(w.enroll.lock_key);
    X509_free(w.enroll.server_root);
    sg_wipe(&w.vault, sizeof w.vault);
    sg_store_close(w.enroll.store);
    sg_cli_free_ports(&w.ports);
    return code;
}

const struct sg_cli_command sg_cli_enroll = {
    "enroll",
    "[--port PATH]… [--watch] [--policy FILE] [OPTION…]",
    "gives boards an identity: the modem makes a key, its request is checked, a certificate written",
    "The private key is made inside the modem and never leaves it. Interrupted\n"
    "anywhere, the same command does the rest; for a board that is done already it\n"
    "compares what the modem holds with what was meant, and writes nothing.\n"
    "Credentials that the inventory does not know are never replaced without\n"
    "--renew or a policy that says so, nor is a revoked identity without --renew.\n"
    "Several boards are worked on at the same time. With --watch, boards are\n"
    "enrolled as they are plugged in. Ctrl-C ends after the steps under way;\n"
    "a second one ends at once, and the next run does the rest.\n"
    "\n"
    "--psk gives a board a random pre-shared key of its own instead, for makers whose\n"
    "server cannot do X.509. The key is never shown; the inventory keeps it encrypted.\n"
    "An nRF91 offers no forward secrecy with it, and signetd takes such a device only\n"
    "with `psk: true` in signet.yaml.\n",
    options,
    run,
};
