/* SPDX-License-Identifier: Apache-2.0 */
/* signet init: makes a home folder. */
#include "commands.h"
#include "new_home.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SERVER, FACTORY, DEVICE_ROOT, SERVER_ROOT, CURVE, YEARS, CA_NAME, PLAIN_KEYS, PASSPHRASE_FILE, PASSPHRASE_FD };
static const struct sg_cli_option options[] = {
    [SERVER] = {"--server", "HOST", "the DNS name (or IP address) that devices reach your server by"},
    [FACTORY] = {"--factory", NULL, "a home that only enrols: both roots are another home's, their keys stay there"},
    [DEVICE_ROOT] = {"--device-root", "FILE", "with --factory: the certificate ca/device-root.pem of that home"},
    [SERVER_ROOT] = {"--server-root", "FILE", "with --factory: the certificate ca/server-root.pem of that home"},
    [CURVE] = {"--curve", "CURVE", "of the two roots: p256 (default) or p384"},
    [YEARS] = {"--years", "N", "how long the roots are valid: 1 to 50, 20 by default"},
    [CA_NAME] = {"--ca-name", "NAME", "of the issuing CA: \"first lot\" by default"},
    [PLAIN_KEYS] = {"--plain-keys", NULL, "keep the CA keys unencrypted (mode 0600)"},
    [PASSPHRASE_FILE] = {"--passphrase-file", "FILE", "take the passphrase from the first line of FILE"},
    [PASSPHRASE_FD] = {"--passphrase-fd", "N", "take it from the open descriptor N"},
    {NULL, NULL, NULL},
};

struct wanted {
    struct sg_new_home home;
    struct sg_cli_passphrase passphrase;
    bool plain_keys, factory;
    const char *device_root, *server_root; /* files, of a factory's home */
};

static int take_years(struct sg_cli *cli, unsigned *years)
{
    uint64_t n = 0;
    int r = sg_cli_number(cli, YEARS, 1, SG_CLI_YEARS, &n);
    *years = (unsigned)n;
    return r;
}

static int take_curve(struct sg_cli *cli, enum sg_curve *curve)
{
    bool p384 = strcmp(cli->value, "p384") == 0;
    if (!p384 && strcmp(cli->value, "p256") != 0)
        return sg_cli_usage(cli, "--curve takes p256 or p384, not %s.", cli->value);
    *curve = p384 ? SG_P384 : SG_P256;
    return 0;
}

static int take(struct sg_cli *cli, int option, struct wanted *w)
{
    switch (option) {
    case SERVER:
        w->home.host = cli->value;
        return 0;
    case FACTORY:
        w->factory = true;
        return 0;
    case DEVICE_ROOT:
        w->device_root = cli->value;
        return 0;
    case SERVER_ROOT:
        w->server_root = cli->value;
        return 0;
    case CURVE:
        return take_curve(cli, &w->home.curve);
    case YEARS:
        return take_years(cli, &w->home.years);
    case CA_NAME:
        w->home.ca_name = cli->value;
        return 0;
    case PLAIN_KEYS:
        w->plain_keys = true;
        return 0;
    case PASSPHRASE_FILE:
    case PASSPHRASE_FD:
        return sg_cli_take_passphrase(cli, option, &w->passphrase);
    default:
        return sg_cli_usage(cli, "there is one word too many: %s.", cli->value);
    }
}

static int parse(struct sg_cli *cli, struct wanted *w)
{
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        int r = i == SG_CLI_BAD ? SG_CLI_USAGE : take(cli, i, w);
        if (r != 0)
            return r;
    }
    if (w->factory != (w->device_root != NULL) || w->factory != (w->server_root != NULL))
        return sg_cli_usage(cli, "--factory, --device-root FILE and --server-root FILE belong together.");
    if (w->factory)
        return w->home.host == NULL ? 0
                                    : sg_cli_usage(cli, "a factory's home serves nobody: leave --server out with "
                                                        "--factory.");
    if (w->home.host == NULL)
        return sg_cli_usage(cli, "the server's name is missing: devices check it. Give --server HOST, for example "
                                 "--server lwm2m.example.com.");
    if (w->plain_keys && (w->passphrase.file != NULL || w->passphrase.fd >= 0))
        return sg_cli_usage(cli, "--plain-keys, --passphrase-file and --passphrase-fd exclude each other.");
    return 0;
}

static bool is_empty_folder(const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return false;
    int entries = 0;
    while (entries <= 2 && readdir(dir) != NULL) /* "." and ".." */
        entries++;
    (void)closedir(dir);
    return entries <= 2;
}

/* Looks before a passphrase is asked for; sg_new_home_make decides. */
static int check_free(const struct sg_home *h)
{
    struct stat st;
    if (lstat(h->dir, &st) == 0 && !is_empty_folder(h->dir))
        return sg_cli_fail(SG_CLI_REFUSED,
                           "something is at %s already, and init never overwrites. Choose another folder with --home "
                           "DIR, or work with what is there (`signet doctor` looks at it).",
                           h->shown);
    return 0;
}

static json_t *cert_json(const struct sg_cert_facts *f)
{
    char fingerprint[SG_FINGERPRINT_TEXT], from[SG_CLI_TIME], until[SG_CLI_TIME];
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", f->cn, "fingerprint",
                     sg_fingerprint_text(&f->fingerprint, fingerprint), "serial", f->serial, "valid_from",
                     sg_cli_time(f->from, from), "valid_until", sg_cli_time(f->until, until));
}

static int print_json(const struct sg_home *h, const struct sg_new_home_facts *f)
{
    return sg_cli_print_json(json_pack("{s:s, s:o, s:o, s:o, s:o}", "home", h->dir, "device_root",
                                       cert_json(&f->device_root), "issuing_ca", cert_json(&f->issuing), "server_root",
                                       cert_json(&f->server_root), "server", cert_json(&f->server)));
}

static void print_line(const char *label, const char *what, const char *rest)
{
    (void)printf("%-15s %s%s%s\n", label, what, rest[0] != '\0' ? "  " : "", rest);
}

static void print_people(const struct sg_home *h, const struct wanted *w, const struct sg_new_home_facts *f)
{
    char fp[SG_CLI_FP], until[SG_CLI_TIME], text[SG_PATH + 64];
    const char *root = w->home.curve == SG_P384 ? "P-384" : "P-256";
    (void)snprintf(text, sizeof text, "%s (only you can read it)", h->shown);
    print_line("Home", text, "");
    (void)snprintf(text, sizeof text, "%s  %s  valid until %s", root,
                   sg_cli_short_fp(&f->device_root.fingerprint, 3, fp), sg_cli_date(f->device_root.until, until));
    print_line("Device root", text, "who may connect");
    (void)snprintf(text, sizeof text, "P-256  %s  signed by the device root",
                   sg_cli_short_fp(&f->issuing.fingerprint, 3, fp));
    char name[160];
    (void)snprintf(name, sizeof name, "\"%s\"", f->issuing.cn);
    print_line("Issuing CA", text, name);
    (void)snprintf(text, sizeof text, "%s  %s  valid until %s", root,
                   sg_cli_short_fp(&f->server_root.fingerprint, 3, fp), sg_cli_date(f->server_root.until, until));
    print_line("Server root", text, "who may serve");
    (void)snprintf(text, sizeof text, "%s  signed by the server root, valid until %s", w->home.host,
                   sg_cli_date(f->server.until, until));
    print_line("Server", text, "");
    print_line("CA keys", w->plain_keys ? "not encrypted (--plain-keys)" : "encrypted with your passphrase", "");

    uint8_t ip[16];
    if (inet_pton(AF_INET, w->home.host, ip) == 1 || inet_pton(AF_INET6, w->home.host, ip) == 1)
        (void)printf("Note: %s is an IP address. Zephyr's LwM2M client checks no name then: a DNS name is safer.\n",
                     w->home.host);
    (void)printf("Next: connect a board and run `signet enroll`.\n");
}

static int make(const struct sg_cli *cli, const struct wanted *w)
{
    struct sg_secret passphrase = {.n = 0};
    struct sg_new_home wanted = w->home;
    struct sg_new_home_facts facts;
    struct sg_error err = {0};
    if (!w->plain_keys) {
        int r = sg_cli_passphrase(&w->passphrase, "the CA keys", true, &passphrase);
        if (r != 0)
            return r;
        wanted.passphrase = &passphrase;
    }
    wanted.who = sg_cli_who();
    wanted.now = (int64_t)time(NULL);
    int r = sg_new_home_make(&cli->home, &wanted, &facts, &err);
    sg_secret_wipe(&passphrase);
    if (r < 0)
        return sg_cli_fail_err(r == SG_EEXISTS ? SG_CLI_REFUSED : r == SG_EINVAL ? SG_CLI_USAGE : SG_CLI_FAILED, &err);
    if (cli->json)
        return print_json(&cli->home, &facts);
    print_people(&cli->home, w, &facts);
    return SG_CLI_DONE;
}

/* A root of another home: a CA's certificate that signed itself. */
static X509 *read_root(const char *file)
{
    struct sg_error err = {0};
    X509 *cert = sg_cert_read(file, &err);
    if (cert == NULL)
        (void)sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (cert == NULL || X509_self_signed(cert, 1) == 1)
        return cert;
    (void)sg_cli_fail(SG_CLI_FAILED, "%s is no root: it did not sign itself.", file);
    X509_free(cert);
    return NULL;
}

static int make_factory(const struct sg_cli *cli, const struct wanted *w)
{
    struct sg_new_home wanted = w->home;
    struct sg_new_home_facts facts = {0};
    struct sg_error err = {0};
    int code = SG_CLI_FAILED;
    wanted.host = "localhost"; /* it serves nobody */
    wanted.who = sg_cli_who();
    wanted.now = (int64_t)time(NULL);
    wanted.device_root = read_root(w->device_root);
    wanted.server_root = wanted.device_root != NULL ? read_root(w->server_root) : NULL;
    if (wanted.server_root != NULL) {
        int r = sg_new_home_make(&cli->home, &wanted, &facts, &err);
        code = r == 0 ? SG_CLI_DONE : sg_cli_fail_err(r == SG_EEXISTS ? SG_CLI_REFUSED : SG_CLI_FAILED, &err);
    }
    X509_free(wanted.device_root);
    X509_free(wanted.server_root);
    if (code != SG_CLI_DONE)
        return code;
    if (cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:o, s:o}", "home", cli->home.dir, "device_root",
                                           cert_json(&facts.device_root), "server_root",
                                           cert_json(&facts.server_root)));
    char fp[SG_CLI_FP];
    (void)printf("%-15s %s (only you can read it; it enrols, and serves nobody)\n", "Home", cli->home.shown);
    (void)printf("%-15s %s  who may connect\n", "Device root", sg_cli_short_fp(&facts.device_root.fingerprint, 3, fp));
    (void)printf("%-15s %s  who may serve\n", "Server root", sg_cli_short_fp(&facts.server_root.fingerprint, 3, fp));
    (void)printf("Next: `signet ca request`, for an issuing CA of its own.\n");
    return SG_CLI_DONE;
}

static int run(struct sg_cli *cli)
{
    struct wanted w = {.home = {.ca_name = "first lot", .years = 20, .curve = SG_P256}, .passphrase = {.fd = -1}};
    int r = parse(cli, &w);
    if (r == 0)
        r = check_free(&cli->home);
    if (r != 0)
        return r;
    return w.factory ? make_factory(cli, &w) : make(cli, &w);
}

const struct sg_cli_command sg_cli_init = {
    "init",
    "--server HOST | --factory [OPTION…]",
    "makes a home folder: roots, issuing CA, server, inventory",
    "Makes two separate roots: one says which devices may connect, the other which\n"
    "server they may trust. An issuing CA below the device root signs devices'\n"
    "certificates, so that it can be replaced without a new root. The CA keys are\n"
    "encrypted with a passphrase; the server's key is not, since signetd starts\n"
    "without a person, and is readable by you alone. A home that exists is never\n"
    "touched.\n",
    options,
    run,
};
