/* SPDX-License-Identifier: Apache-2.0 */
/* signet probe server: a LwM2M or CoAP server, looked at from outside and by clients good and bad. */
#include "probe_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum {
    CERT = SG_CLI_PROBE_OWN,
    KEY,
    CA,
    NAME,
    ENDPOINT,
    OTHER_ENDPOINT,
    ISSUER_CERT,
    ISSUER_KEY,
    REVOKED_CERT,
    REVOKED_KEY,
    THROW_AWAY,
    YES,
    PASSPHRASE_FILE,
    PLAIN_PORT,
    RATE,
    WAIT,
    HTML
};
static const struct sg_cli_option options[] = {
    SG_CLI_PROBE_OPTIONS,
    [CERT] = {"--cert", "FILE", "a genuine device's certificate (PEM or DER)"},
    [KEY] = {"--key", "FILE", "its private key"},
    [CA] = {"--ca", "FILE", "the root that devices trust servers by"},
    [NAME] = {"--name", "NAME", "what the server is called, where the URL has an address"},
    [ENDPOINT] = {"--endpoint", "NAME", "the genuine device's endpoint name; its common name by default"},
    [OTHER_ENDPOINT] = {"--other-endpoint", "NAME", "another device's, which it will try to pass for"},
    [ISSUER_CERT] = {"--issuer-cert", "FILE", "the CA of --cert, of a test system: makes expired ones and so on"},
    [ISSUER_KEY] = {"--issuer-key", "FILE", "its private key"},
    [REVOKED_CERT] = {"--revoked-cert", "FILE", "a certificate that was revoked"},
    [REVOKED_KEY] = {"--revoked-key", "FILE", "its private key"},
    [THROW_AWAY] = {"--throw-away", NULL, "make all that in the home, a test home; it stays there as revoked"},
    [YES] = {"--yes", NULL, "do not ask"},
    [PASSPHRASE_FILE] = {"--passphrase-file", "FILE", "take the CA's passphrase from the first line of FILE"},
    [PLAIN_PORT] = {"--plain-port", "N", "where plain CoAP would be, 5683 by default; 0: not looked at"},
    [RATE] = {"--rate", "N", "at most so many datagrams a second, 100 by default; five times that in a storm"},
    [WAIT] = {"--wait", "MS", "how long to wait for an answer, 1000 by default"},
    [HTML] = {"--html", "FILE", "write the page to a file, too"},
    {NULL, NULL, NULL},
};

enum { COAPS_PORT = 5684, COAP_PORT = 5683, URL_MAX = 300 };

/* ------------------------------------------------------------------------------------------------------ options */

static int take_number(struct sg_cli *cli, const char *option, uint64_t least, uint64_t most, uint64_t *n)
{
    if (sg_parse_udec(sg_str(cli->value), most, n) == 0 && *n >= least)
        return 0;
    return sg_cli_usage(cli, "%s takes a number from %llu to %llu, not %s.", option, (unsigned long long)least,
                        (unsigned long long)most, cli->value);
}

static int take_other(struct sg_cli *cli, int option, struct sg_cli_probe_server *w)
{
    uint64_t n = 0;
    int code = 0;
    switch (option) {
    case THROW_AWAY:
        w->throw_away = true;
        break;
    case YES:
        w->yes = true;
        break;
    case PLAIN_PORT:
        code = take_number(cli, "--plain-port", 0, UINT16_MAX, &n);
        w->plain_port = (uint16_t)n;
        break;
    case RATE:
        code = take_number(cli, "--rate", 1, 10000, &n);
        w->server.rate = (unsigned)n;
        break;
    case WAIT:
        code = take_number(cli, "--wait", 50, 60000, &n);
        w->server.wait_ms = (unsigned)n;
        break;
    default:
        if (w->url != NULL)
            return sg_cli_usage(cli, "there is one word too many: %s. Servers are probed one at a time.", cli->value);
        w->url = cli->value;
        break;
    }
    return code;
}

static int take(struct sg_cli *cli, int option, struct sg_cli_probe_server *w)
{
    const char **const texts[] = {
        [CERT] = &w->cert,
        [KEY] = &w->key,
        [CA] = &w->ca,
        [NAME] = &w->name,
        [ENDPOINT] = &w->server.endpoint,
        [OTHER_ENDPOINT] = &w->server.other_endpoint,
        [ISSUER_CERT] = &w->issuer_cert,
        [ISSUER_KEY] = &w->issuer_key,
        [REVOKED_CERT] = &w->revoked_cert,
        [REVOKED_KEY] = &w->revoked_key,
        [PASSPHRASE_FILE] = &w->passphrase.file,
        [HTML] = &w->html,
    };
    if (option == SG_CLI_BAD)
        return SG_CLI_USAGE;
    if (option >= 0 && option < SG_CLI_PROBE_OWN)
        sg_cli_probe_option(&w->probe, option);
    else if (option >= 0 && (size_t)option < sizeof texts / sizeof texts[0] && texts[option] != NULL)
        *texts[option] = cli->value;
    else
        return take_other(cli, option, w);
    return 0;
}

/* coaps://HOST[:PORT][/], HOST a name, an IPv4 address or an IPv6 address in brackets. */
static int parse_url(struct sg_cli *cli, struct sg_cli_probe_server *w)
{
    static const char scheme[] = "coaps://";
    uint64_t port = COAPS_PORT;
    const char *host = w->url + sizeof scheme - 1;
    if (strncmp(w->url, scheme, sizeof scheme - 1) != 0)
        return sg_cli_usage(cli, "%s is no URL like coaps://lwm2m.example.com:5684.", w->url);
    bool bracket = host[0] == '[';
    host += bracket;
    size_t n = strcspn(host, bracket ? "]" : ":/");
    const char *rest = host + n + (bracket && host[n] == ']');
    size_t digits = rest[0] == ':' ? strcspn(rest + 1, "/") : 0;
    if (rest[0] == ':' && (sg_parse_udec(sg_bytes(rest + 1, digits), UINT16_MAX, &port) < 0 || port == 0))
        return sg_cli_usage(cli, "the port in %s is no number from 1 to 65535.", w->url);
    rest += digits > 0 ? digits + 1 : 0;
    if (n == 0 || n >= sizeof w->host || (rest[0] != '\0' && strcmp(rest, "/") != 0))
        return sg_cli_usage(cli, "%s is no URL like coaps://lwm2m.example.com:5684.", w->url);
    (void)snprintf(w->host, sizeof w->host, "%.*s", (int)n, host);
    w->port = (uint16_t)port;
    if (w->name == NULL)
        w->name = w->host;
    return 0;
}

static int check_pair(struct sg_cli *cli, const char *cert, const char *key, const char *names)
{
    return (cert == NULL) == (key == NULL) ? 0 : sg_cli_usage(cli, "%s belong together: one is missing.", names);
}

static int parse(struct sg_cli *cli, struct sg_cli_probe_server *w)
{
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        int code = take(cli, i, w);
        if (code != 0)
            return code;
    }
    if (w->url == NULL)
        return sg_cli_usage(cli, "the server is missing: coaps://HOST[:PORT].");
    int code = parse_url(cli, w);
    if (code == 0)
        code = check_pair(cli, w->cert, w->key, "--cert and --key");
    if (code == 0)
        code = check_pair(cli, w->issuer_cert, w->issuer_key, "--issuer-cert and --issuer-key");
    if (code == 0)
        code = check_pair(cli, w->revoked_cert, w->revoked_key, "--revoked-cert and --revoked-key");
    if (code == 0 && w->throw_away && (w->cert != NULL || w->issuer_cert != NULL || w->revoked_cert != NULL))
        code = sg_cli_usage(cli, "--throw-away makes all identities itself: leave --cert, --issuer-cert and "
                                 "--revoked-cert out.");
    return code;
}

/* ------------------------------------------------------------------------------------------- what they lead to */

static struct sg_addr from_sockaddr(const struct sockaddr *s, uint16_t port)
{
    struct sg_addr a = {.port = port};
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (s->sa_family == AF_INET) {
        memcpy(&v4, s, sizeof v4);
        a.ip[10] = a.ip[11] = 0xff;
        memcpy(a.ip + 12, &v4.sin_addr, 4);
    } else {
        memcpy(&v6, s, sizeof v6);
        memcpy(a.ip, &v6.sin6_addr, 16);
    }
    return a;
}

static int resolve(struct sg_cli_probe_server *w)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    int r = getaddrinfo(w->host, NULL, &hints, &found);
    if (r != 0)
        return sg_cli_fail(SG_CLI_FAILED, "%s has no address: %s.", w->host,
                           r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
    w->server.addr = from_sockaddr(found->ai_addr, w->port);
    w->server.plain = w->server.addr;
    w->server.plain.port = w->plain_port != w->port ? w->plain_port : 0;
    freeaddrinfo(found);
    w->server.name = w->name;
    char address[SG_ADDR_TEXT];
    (void)snprintf(w->target.address, sizeof w->target.address, "coaps://%.120s:%u (%s)", w->host, w->port,
                   sg_addr_text(&w->server.addr, address));
    return 0;
}

/* A certificate and its key, and what follows the certificate in its file. */
static int read_identity(const char *cert, const char *key, struct sg_probe_identity *identity, struct sg_error *err)
{
    if (cert == NULL)
        return 0;
    identity->cert = sg_cert_read(cert, err);
    identity->key = identity->cert != NULL ? sg_key_read(key, NULL, err) : NULL;
    if (identity->key == NULL)
        return err->code;
    if (X509_check_private_key(identity->cert, identity->key) != 1)
        return sg_fail(err, SG_EMISMATCH, "the key %s does not belong to the certificate %s", key, cert);
    return 0;
}

static int read_files(struct sg_cli_probe_server *w)
{
    struct sg_error err = {0};
    struct sg_probe_identity issuer = {.cert = NULL};
    int r = read_identity(w->cert, w->key, &w->server.genuine, &err);
    if (r == 0)
        r = read_identity(w->revoked_cert, w->revoked_key, &w->server.revoked, &err);
    if (r == 0)
        r = read_identity(w->issuer_cert, w->issuer_key, &issuer, &err);
    if (issuer.cert != NULL)
        w->server.issuer = (struct sg_issuer){issuer.cert, issuer.key};
    if (r == 0 && w->ca != NULL) {
        X509 *root = sg_cert_read(w->ca, &err);
        w->trust = root != NULL ? sg_trust_new(&err) : NULL;
        r = w->trust != NULL ? sg_trust_add(w->trust, root, &err) : err.code;
        X509_free(root);
        w->server.trust = w->trust;
    }
    return r < 0 ? sg_cli_fail_err(SG_CLI_FAILED, &err) : 0;
}

/* ----------------------------------------------------------------------------------------------------- the runs */

json_t *sg_cli_probe_server_fact(const struct sg_cli_probe_server *w, const char *run, const char *fact)
{
    size_t i;
    json_t *result;
    json_array_foreach(w->probe.results, i, result)
    {
        if (strcmp(json_string_value(json_object_get(result, "run")), run) == 0)
            return json_object_get(json_object_get(result, "facts"), fact);
    }
    return NULL;
}

static int probe(struct sg_cli_probe_server *w)
{
    struct sg_error err = {0};
    int code = sg_cli_probe_begin(&w->probe, SG_PROBE_SERVER, &w->target,
                                  "a server is what the equipment speaks with, and not the equipment");
    if (code != 0)
        return code;
    w->probe.page = true;
    int r = sg_probe_server(&w->server, &w->target, &w->probe.watch, &w->cost, &err);
    if (r == 0 && w->html != NULL)
        code = sg_cli_probe_server_html(w);
    if (!w->probe.cli->json && json_array_size(w->probe.results) > 0)
        sg_cli_probe_server_page(w);
    int ended = sg_cli_probe_end(&w->probe, r, &err);
    return code != 0 ? code : ended;
}

static void free_all(struct sg_cli_probe_server *w)
{
    sg_trust_free(w->trust);
    X509_free(w->server.genuine.cert);
    EVP_PKEY_free(w->server.genuine.key);
    X509_free(w->server.revoked.cert);
    EVP_PKEY_free(w->server.revoked.key);
    sg_cli_free_issuer(&w->server.issuer);
    sg_store_close(w->store);
}

static int run(struct sg_cli *cli)
{
    struct sg_cli_probe_server w = {.plain_port = COAP_PORT, .passphrase = {.fd = -1}};
    sg_cli_probe_init(&w.probe, cli);
    int code = parse(cli, &w);
    if (code == 0)
        code = resolve(&w);
    if (code == 0)
        code = read_files(&w);
    if (code == 0 && w.throw_away)
        code = sg_cli_probe_server_home(&w);
    if (code == 0)
        code = probe(&w);
    if (w.throw_away)
        sg_cli_probe_server_leave(&w);
    free_all(&w);
    return code;
}

const struct sg_cli_command sg_cli_probe_server = {
    "probe server",
    "coaps://HOST[:PORT] [OPTION…]",
    "looks at a LwM2M or CoAP server: versions, suites, certificate, and whom it lets in",
    "Needs no home and no certificate; then the runs for which somebody must come in\n"
    "are skipped. With --cert and --key of a genuine device they are made: THAT DEVICE\n"
    "IS REGISTERED AND DEREGISTERED MANY TIMES, so take one that nobody needs. With a\n"
    "test CA (--issuer-cert) expired, unknown and other wrong identities are made of\n"
    "it. --throw-away does all of this in the home on which the server works, a test\n"
    "home: what it enrols there is revoked at the end, and stays in the inventory so.\n"
    "\n"
    "Datagrams are sent at --rate at most. Give --wait more for a server that is far.\n",
    options,
    run,
};
