/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of signet-device. */
#include "agent.h"
#include "modem/modem.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { COAPS_PORT = 5684 }; /* RFC 7252 section 6.2 */
enum { LIFETIME = 300, INTERVAL = 10, INTERVAL_MAX = 86400, PAUSE = 5 * 60, ATTEMPTS_MAX = 1000000 };

static const char usage[] =
    "signet-device: a LwM2M device on Linux\n"
    "\n"
    "  signet-device --server coaps://HOST[:PORT] --modem PORT [--tag N]\n"
    "  signet-device --server coaps://HOST[:PORT] --ca FILE [--cert FILE --key FILE]\n"
    "  signet-device --server coaps://HOST[:PORT] --psk-file FILE --psk-identity NAME\n"
    "\n"
    "Identity\n"
    "  --modem PORT      in the credential store of the nRF91 modem at this serial port, which also connects\n"
    "  --tag N           at this security tag (35724861)\n"
    "  --cert FILE       in these files: certificate,\n"
    "  --key FILE        and private key\n"
    "  --ca FILE         the root that the server's certificate must come from\n"
    "  --psk-file FILE   or a pre-shared key, in hexadecimal, in this file,\n"
    "  --psk-identity NAME  and the name that goes with it\n"
    "  --endpoint NAME   the name to register with (urn:imei:IMEI, the certificate's common name, or the key's name)\n"
    "\n"
    "Server\n"
    "  --server URI      coaps://HOST[:PORT]\n"
    "  --name NAME       the name that its certificate must have (HOST)\n"
    "  --address IP      where HOST is to be found, if not by its name\n"
    "\n"
    "Behaviour\n"
    "  --lifetime S      of the registration, in seconds (300)\n"
    "  --interval S      between two changes of the temperature, 0 for none (10)\n"
    "  --pause S         the longest pause between two attempts (300)\n"
    "  --attempts N      give up after so many failed attempts in a row\n"
    "  --help, --version\n"
    "\n"
    "SIGTERM ends it and its registration. SIGUSR1, with an identity in files, moves it to another port.\n";

enum {
    SERVER = 1,
    MODEM,
    TAG,
    CERT,
    KEY,
    CA,
    PSK_FILE,
    PSK_IDENTITY,
    ENDPOINT,
    NAME,
    ADDRESS,
    LIFETIME_S,
    INTERVAL_S,
    PAUSE_S,
    ATTEMPTS,
    HELP,
    VERSION
};

static const struct option longs[] = {
    {"server", required_argument, NULL, SERVER},
    {"modem", required_argument, NULL, MODEM},
    {"tag", required_argument, NULL, TAG},
    {"cert", required_argument, NULL, CERT},
    {"key", required_argument, NULL, KEY},
    {"ca", required_argument, NULL, CA},
    {"psk-file", required_argument, NULL, PSK_FILE},
    {"psk-identity", required_argument, NULL, PSK_IDENTITY},
    {"endpoint", required_argument, NULL, ENDPOINT},
    {"name", required_argument, NULL, NAME},
    {"address", required_argument, NULL, ADDRESS},
    {"lifetime", required_argument, NULL, LIFETIME_S},
    {"interval", required_argument, NULL, INTERVAL_S},
    {"pause", required_argument, NULL, PAUSE_S},
    {"attempts", required_argument, NULL, ATTEMPTS},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
};

static int wrong(const char *what, const char *value)
{
    sg_agent_say("%s%s. See `signet-device --help`.", what, value);
    return SG_AGENT_USAGE;
}

static bool is_ip(const char *text)
{
    unsigned char ip[16];
    return inet_pton(AF_INET, text, ip) == 1 || inet_pton(AF_INET6, text, ip) == 1;
}

/* coaps://HOST[:PORT][/], HOST a name, an IPv4 address or an IPv6 address in brackets. */
static int parse_uri(const char *uri, struct sg_agent_options *o)
{
    static const char scheme[] = "coaps://";
    uint64_t port = COAPS_PORT;

    if (strncmp(uri, scheme, sizeof scheme - 1) != 0)
        return wrong("--server needs a URI like coaps://lwm2m.example.com:5684, not ", uri);
    const char *host = uri + sizeof scheme - 1;
    const bool bracket = host[0] == '[';
    host += bracket ? 1 : 0;
    const size_t n = strcspn(host, bracket ? "]" : ":/");
    const char *rest = host + n;
    if (bracket && *rest++ != ']')
        return wrong("--server: there is no ] in ", uri);
    if (n == 0 || n >= sizeof o->host)
        return wrong("--server: there is no host name of 1 to 255 characters in ", uri);
    if (rest[0] == ':') {
        const size_t digits = strcspn(++rest, "/");
        if (sg_parse_udec(sg_bytes(rest, digits), UINT16_MAX, &port) < 0 || port == 0)
            return wrong("--server: the port is no number from 1 to 65535 in ", uri);
        rest += digits;
    }
    if (rest[0] != '\0' && strcmp(rest, "/") != 0)
        return wrong("--server: nothing may follow host and port in ", uri);
    memcpy(o->host, host, n);
    o->host[n] = '\0';
    o->port = (uint16_t)port;
    o->host_is_ip = is_ip(o->host);
    return bracket && !o->host_is_ip ? wrong("--server: there is no IPv6 address between the brackets of ", uri) : 0;
}

static int parse_number(const char *option, const char *text, uint32_t max, uint32_t *out)
{
    uint64_t v;

    if (sg_parse_udec(sg_str(text), max, &v) < 0) {
        sg_agent_say("--%s needs a number from 0 to %u, not \"%s\". See `signet-device --help`.", option, max, text);
        return SG_AGENT_USAGE;
    }
    *out = (uint32_t)v;
    return 0;
}

static int take(int option, const char *value, struct sg_agent_options *o)
{
    switch (option) {
    case SERVER:
        return parse_uri(value, o);
    case MODEM:
        o->modem = value;
        return 0;
    case TAG:
        return parse_number("tag", value, SG_TAG_MAX, &o->tag);
    case CERT:
        o->cert = value;
        return 0;
    case KEY:
        o->key = value;
        return 0;
    case CA:
        o->ca = value;
        return 0;
    case PSK_FILE:
        o->psk_file = value;
        return 0;
    case PSK_IDENTITY:
        o->psk_identity = value;
        return 0;
    case ENDPOINT:
        o->endpoint = value;
        return 0;
    case NAME:
        o->name = value;
        return 0;
    case ADDRESS:
        o->address = value;
        return is_ip(value) ? 0 : wrong("--address needs an IP address, not ", value);
    case LIFETIME_S:
        return parse_number("lifetime", value, UINT32_MAX, &o->lifetime);
    case INTERVAL_S:
        return parse_number("interval", value, INTERVAL_MAX, &o->interval);
    case PAUSE_S:
        return parse_number("pause", value, INTERVAL_MAX, &o->pause);
    default:
        return parse_number("attempts", value, ATTEMPTS_MAX, &o->attempts);
    }
}

static int check_psk(const struct sg_agent_options *o)
{
    if ((o->psk_file == NULL) != (o->psk_identity == NULL))
        return wrong("--psk-file and --psk-identity belong together", "");
    if (o->psk_file == NULL)
        return 0;
    if (o->modem != NULL || o->ca != NULL || o->cert != NULL || o->key != NULL)
        return wrong("a pre-shared key takes the place of --modem, --ca, --cert and --key: leave them out", "");
    if (o->psk_identity[0] == '\0' || strlen(o->psk_identity) > 127)
        return wrong("--psk-identity needs a name of 1 to 127 bytes", "");
    return 0;
}

/* What belongs together. */
static int check(struct sg_agent_options *o)
{
    if (o->host[0] == '\0')
        return wrong("--server is missing", "");
    if (check_psk(o) != 0)
        return SG_AGENT_USAGE;
    if (o->modem == NULL && o->ca == NULL && o->psk_file == NULL)
        return wrong("there is no identity: give --modem PORT, or --ca FILE with --cert FILE and --key FILE", "");
    if (o->modem != NULL && (o->ca != NULL || o->cert != NULL || o->key != NULL))
        return wrong("with --modem the certificates are in the modem: leave out --ca, --cert and --key", "");
    if ((o->cert == NULL) != (o->key == NULL))
        return wrong("--cert and --key belong together", "");
    if (o->modem == NULL && o->cert == NULL && o->psk_file == NULL && o->endpoint == NULL)
        return wrong("without a certificate there is no endpoint name: give --endpoint NAME", "");
    if (o->endpoint != NULL && (o->endpoint[0] == '\0' || strlen(o->endpoint) >= SG_AGENT_ENDPOINT))
        return wrong("--endpoint needs a name of 1 to 128 bytes", "");
    if (o->modem != NULL && o->host_is_ip && o->name == NULL)
        return wrong("the modem compares the server's certificate with a DNS name: give --name NAME", "");
    if (o->name == NULL)
        o->name = o->host;
    return -1;
}

int sg_agent_options(int argc, char **argv, struct sg_agent_options *o)
{
    int option;

    *o = (struct sg_agent_options){.tag = SG_TAG_LWM2M, .lifetime = LIFETIME, .interval = INTERVAL, .pause = PAUSE};
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
        if (option == ':')
            return wrong("there is no value for ", argv[optind - 1]);
        if (option == '?')
            return wrong("there is no option ", argv[optind - 1]);
        if (option == HELP || option == VERSION) {
            (void)fputs(option == HELP ? usage : "signet-device " SG_VERSION "\n", stdout);
            return SG_AGENT_DONE;
        }
        int code = take(option, optarg, o);
        if (code != 0)
            return code;
    }
    if (optind < argc)
        return wrong("there is one word too many: ", argv[optind]);
    return check(o);
}
