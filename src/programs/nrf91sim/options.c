/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of nrf91sim. */
#include "options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "nrf91sim [OPTION]...: an nRF91 modem on a pseudo-terminal, whose path is the first line that it prints\n"
    "\n"
    "  --count N               so many modems, each on its own pseudo-terminal; --store is a folder then, --link has\n"
    "                          -01, -02 … added, and IMEIs count up from --imei\n"
    "  --baud RATE             the line's speed, both ways: 115200 as on the boards; default: no limit\n"
    "  --store FILE            keep the credential store there; without it, it ends with the program\n"
    "  --imei DIGITS           the modem's IMEI; default: the store's, or a new one; \"none\": not programmed\n"
    "  --profile NAME          commands, errors and validation of that firmware; default nrf91x1-2.0.x\n"
    "  --set NAME=VALUE        how it does what the manuals leave open; may be given 64 times\n"
    "  --settings              print the profiles and settings that there are\n"
    "  --fault FAULT           a fault on order, such as power-cut@7 or lost-reply@%KEYGEN; see nrf91sim(1)\n"
    "  --control PATH          make a named pipe there, which takes faults while it runs, one a line\n"
    "  --model NAME            nRF9151, nRF9160, nRF9161; default the profile's\n"
    "  --firmware STRING       what AT+CGMR says, and another release's rules; default the profile's\n"
    "  --host NAME             what runs in front of the modem: serial-modem (default; has the socket commands)\n"
    "                          at_host (the usual factory firmware), shell (Modem Shell's `at` command),\n"
    "                          slm-2.9 or slm-3.1 (Serial LTE Modem, which came before serial-modem)\n"
    "  --echo                  begin as after ATE1 (serial-modem)\n"
    "  --capacity BYTES        what the credential store takes; default 32768\n"
    "  --link PATH             make a symbolic link to the pseudo-terminal there, removed at the end\n"
    "  --resolve NAME=ADDRESS  the simulated network's DNS knows this name; may be given 16 times\n"
    "  --verbose               a line for each command and event on standard error\n"
    "  --help, --version       print this, or the version\n"
    "\n"
    "SIGUSR1: the network forgets its NAT bindings, every open socket goes on from another port.\n"
    "SIGUSR2: the modem is reset. SIGINT, SIGTERM: the end.\n";

enum {
    COUNT = 1,
    BAUD,
    STORE,
    IMEI,
    PROFILE,
    SET,
    SETTINGS,
    FAULT,
    CONTROL,
    MODEL,
    FIRMWARE,
    HOST,
    ECHO_ON,
    CAPACITY,
    LINK,
    RESOLVE,
    VERBOSE,
    HELP,
    VERSION
};

static const struct option table[] = {
    {"count", required_argument, NULL, COUNT},
    {"baud", required_argument, NULL, BAUD},
    {"store", required_argument, NULL, STORE},
    {"imei", required_argument, NULL, IMEI},
    {"profile", required_argument, NULL, PROFILE},
    {"set", required_argument, NULL, SET},
    {"settings", no_argument, NULL, SETTINGS},
    {"fault", required_argument, NULL, FAULT},
    {"control", required_argument, NULL, CONTROL},
    {"model", required_argument, NULL, MODEL},
    {"firmware", required_argument, NULL, FIRMWARE},
    {"host", required_argument, NULL, HOST},
    {"echo", no_argument, NULL, ECHO_ON},
    {"capacity", required_argument, NULL, CAPACITY},
    {"link", required_argument, NULL, LINK},
    {"resolve", required_argument, NULL, RESOLVE},
    {"verbose", no_argument, NULL, VERBOSE},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
};

static int wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int wrong(const char *fmt, ...)
{
    va_list ap;

    (void)fputs("nrf91sim: ", stderr);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputs(" (see nrf91sim --help)\n", stderr);
    return 2;
}

static int take_host(struct options *o, const char *name)
{
    if (strcmp(name, "serial-modem") == 0)
        o->sim.host = SG_SIM_SERIAL_MODEM;
    else if (strcmp(name, "at_host") == 0)
        o->sim.host = SG_SIM_AT_HOST;
    else if (strcmp(name, "shell") == 0)
        o->sim.host = SG_SIM_SHELL;
    else if (strcmp(name, "slm-2.9") == 0)
        o->sim.host = SG_SIM_SLM29;
    else if (strcmp(name, "slm-3.1") == 0)
        o->sim.host = SG_SIM_SLM31;
    else
        return wrong("--host %s: there are serial-modem, at_host, shell, slm-2.9 and slm-3.1", name);
    return -1;
}

static int take_number(const char *option, const char *text, uint64_t max, uint64_t *out)
{
    if (sg_parse_udec(sg_str(text), max, out) < 0 || *out == 0)
        return wrong("--%s %s: a number from 1 to %llu", option, text, (unsigned long long)max);
    return -1;
}

static int take_capacity(struct options *o, const char *text)
{
    uint64_t v = 0;
    int r = take_number("capacity", text, 1 << 20, &v);
    o->sim.capacity = (size_t)v;
    return r;
}

static int take_name(struct options *o, char *text)
{
    char *equals = strchr(text, '=');

    if (equals == NULL || equals == text || equals[1] == 0)
        return wrong("--resolve %s: NAME=ADDRESS is meant, as in lwm2m.example.com=127.0.0.1", text);
    if (o->sim.name_count == NAMES_MAX)
        return wrong("--resolve %s: there are %d already", text, NAMES_MAX);
    *equals = 0;
    o->names[o->sim.name_count++] = (struct sg_sim_name){.name = text, .address = equals + 1};
    return -1;
}

static int take_setting(struct options *o, const char *text)
{
    if (o->sim.setting_count == SETTINGS_MAX)
        return wrong("--set %s: there are %d already", text, SETTINGS_MAX);
    o->settings[o->sim.setting_count++] = text;
    return -1;
}

static int print_settings(void)
{
    const struct sg_sim_profile *p;
    const struct sg_sim_setting *t;

    (void)puts("Profiles (--profile); the first is the default:");
    for (size_t i = 0; (p = sg_sim_profile(i)) != NULL; i++)
        (void)printf("  %-18s %s, %s\n", p->name, p->model, p->firmware);
    (void)puts(
        "\nWhat the manuals leave open (--set NAME=VALUE); the first value is the most cautious, and the default:");
    for (size_t i = 0; (t = sg_sim_setting(i)) != NULL; i++)
        (void)printf("  %-16s %s|%s%s%s\n  %-16s %s\n", t->name, t->values[0], t->values[1], t->values[2] ? "|" : "",
                     t->values[2] ? t->values[2] : "", "", t->what);
    return 0;
}

/* The number of modems, their lines, faults and firmware. -2: another option. */
static int take_kind(struct options *o, int option)
{
    uint64_t v = 0;
    int r;

    switch (option) {
    case COUNT:
        r = take_number("count", optarg, 999, &v);
        o->count = (size_t)v;
        return r;
    case BAUD:
        r = take_number("baud", optarg, 4000000, &v);
        o->baud = (unsigned)v;
        return r;
    case PROFILE:
        o->sim.profile = optarg;
        return -1;
    case SET:
        return take_setting(o, optarg);
    case SETTINGS:
        return print_settings();
    case FAULT:
        if (o->fault_count == FAULTS_MAX)
            return wrong("--fault %s: there are %d already", optarg, FAULTS_MAX);
        o->faults[o->fault_count++] = optarg;
        return -1;
    case CONTROL:
        o->control = optarg;
        return -1;
    default:
        return -2;
    }
}

static int take(struct options *o, int option)
{
    int r = take_kind(o, option);

    if (r != -2)
        return r;
    switch (option) {
    case STORE:
        o->sim.store = optarg;
        return -1;
    case IMEI:
        o->sim.imei = optarg;
        return -1;
    case MODEL:
        o->sim.model = optarg;
        return -1;
    case FIRMWARE:
        o->sim.firmware = optarg;
        return -1;
    case HOST:
        return take_host(o, optarg);
    case ECHO_ON:
        o->sim.echo = true;
        return -1;
    case CAPACITY:
        return take_capacity(o, optarg);
    case LINK:
        o->link = optarg;
        return -1;
    case RESOLVE:
        return take_name(o, optarg);
    case VERBOSE:
        o->verbose = true;
        return -1;
    case HELP:
        (void)fputs(help, stdout);
        return 0;
    case VERSION:
        (void)puts("nrf91sim " SG_VERSION);
        return 0;
    default:
        return 2;
    }
}

int options_parse(struct options *o, int argc, char **argv)
{
    int option, r = -1;

    *o = (struct options){.link = NULL};
    o->sim.names = o->names;
    o->sim.settings = o->settings;
    opterr = 0;
    while (r < 0 && (option = getopt_long(argc, argv, ":", table, NULL)) != -1) {
        if (option == ':')
            return wrong("%s needs a value", argv[optind - 1]);
        if (option == '?')
            return wrong("there is no option %s", argv[optind - 1]);
        r = take(o, option);
    }
    if (r < 0 && optind < argc)
        return wrong("%s is one word too many", argv[optind]);
    return r;
}
