/* SPDX-License-Identifier: Apache-2.0 */
/* signet probe modem: an nRF91 modem at its AT port. */
#include "modem.h"
#include "probe.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = SG_CLI_PROBE_OWN, TAG, KEY, KEYS, YES, OPTIONS };
static const struct sg_cli_option options[] = {
    SG_CLI_PROBE_OPTIONS,
    [PORT] = {"--port", "PATH", "a serial port, a pseudo-terminal, or tcp:HOST:PORT; without it, ports are searched"},
    [TAG] = {"--tag", "N", "write to this tag, which must be free; one is looked for by default"},
    [KEY] = {"--key", "FILE", "the key that signs commands; modem-lock.key in the home by default"},
    [KEYS] = {"--keys", "N", "how many keys modem.keygen makes, 2 to 32; 3 by default"},
    [YES] = {"--yes", NULL, "do not ask before the runs that write to a free tag and go online"},
    [OPTIONS] = {NULL, NULL, NULL},
};

struct probing {
    struct sg_cli_probe p;
    struct sg_cli_modem d;
    struct sg_probe_target target;
    struct sg_probe_modem modem;
    struct sg_psk_vault vault;
};

static int take_number(struct sg_cli *cli, const char *option, uint64_t least, uint64_t most, int64_t *out)
{
    uint64_t n;
    if (sg_parse_udec(sg_str(cli->value), most, &n) < 0 || n < least)
        return sg_cli_usage(cli, "%s takes a number from %llu to %llu, not %s.", option, (unsigned long long)least,
                            (unsigned long long)most, cli->value);
    *out = (int64_t)n;
    return 0;
}

static int take(struct probing *w, int option)
{
    struct sg_cli *cli = w->p.cli;
    int64_t keys = 0;
    int code;
    switch (option) {
    case SG_CLI_BAD:
        return SG_CLI_USAGE;
    case SG_CLI_OPERAND:
        return sg_cli_usage(cli, "there is one word too many: %s.", cli->value);
    case PORT:
        w->d.port = cli->value;
        return 0;
    case TAG:
        return take_number(cli, "--tag", 0, SG_TAG_MAX, &w->modem.tag);
    case KEY:
        w->d.key = cli->value;
        return 0;
    case KEYS:
        code = take_number(cli, "--keys", 2, 32, &keys);
        w->modem.keys = (unsigned)keys;
        return code;
    case YES:
        w->d.yes = true;
        return 0;
    default:
        sg_cli_probe_option(&w->p, option);
        return 0;
    }
}

/* Why what is at the port is not the product itself; NULL: it may be. */
static const char *find_here(int fd)
{
    struct sockaddr_storage s = {.ss_family = AF_UNSPEC};
    socklen_t n = sizeof s;
    char name[128], text[INET6_ADDRSTRLEN + 8];
    struct sg_addr peer;
    if (ttyname_r(fd, name, sizeof name) == 0)
        return strncmp(name, "/dev/pts/", 9) == 0 ? "the port is a pseudo-terminal, with a program at its other end"
                                                  : NULL;
    if (getpeername(fd, (struct sockaddr *)&s, &n) < 0)
        return NULL;
    const void *ip = s.ss_family == AF_INET ? (const void *)&((const struct sockaddr_in *)&s)->sin_addr
                                            : (const void *)&((const struct sockaddr_in6 *)&s)->sin6_addr;
    char ip_text[INET6_ADDRSTRLEN] = "";
    (void)inet_ntop(s.ss_family, ip, ip_text, sizeof ip_text);
    (void)snprintf(text, sizeof text, s.ss_family == AF_INET ? "%s:1" : "[%s]:1", ip_text);
    return sg_addr_parse(text, &peer, NULL) == 0 && sg_probe_is_this_host(&peer) ? "its address is one of this host"
                                                                                 : NULL;
}

static void fill_target(struct probing *w)
{
    struct sg_probe_target *t = &w->target;
    const struct sg_modem_info *info = &w->d.info;
    (void)snprintf(t->address, sizeof t->address, "%s", w->d.port);
    (void)snprintf(t->identity, sizeof t->identity, "%s %s%s%s", info->model, info->imei,
                   info->imei[0] != '\0' ? " " : "", info->uuid);
    (void)snprintf(t->modem_firmware, sizeof t->modem_firmware, "%s", info->firmware);
}

/* The key is needed where the modem is locked; without it, the runs that sign are skipped. */
static int get_lock_key(struct probing *w)
{
    char path[SG_PATH];
    int code = sg_cli_modem_lock_path(&w->d, path);
    if (code != 0 || (w->d.key == NULL && access(path, F_OK) != 0))
        return code;
    if (sg_modem_lock_state(&w->d.modem, NULL) != 1)
        return 0;
    code = sg_cli_modem_read_lock_key(&w->d, path);
    w->modem.lock_key = w->d.lock_key;
    return code;
}

static int open_inventory(struct probing *w)
{
    const struct sg_home *home = &w->p.cli->home;
    int code = 0;
    if (sg_home_check(home, NULL) == SG_ENOTFOUND)
        return 0;
    w->modem.store = sg_cli_open_store(w->p.cli, &code);
    if (w->modem.store != NULL && sg_psk_vault_open(&w->vault, home->psk_key, false, NULL) == 0)
        w->modem.vault = &w->vault;
    return code;
}

static bool may_change(void *user, uint32_t tag)
{
    const struct probing *w = user;
    char question[400];
    (void)snprintf(question, sizeof question,
                   "The runs write to the free tag %u of the modem on %s, make keys there, and delete them again; they "
                   "take it offline and for a moment online (AT+CFUN=1). What is in its store stays, and its mode is "
                   "put back.",
                   tag, w->d.port);
    return sg_cli_confirm(question, w->d.yes);
}

static int probe(struct probing *w)
{
    struct sg_error err = {0};
    int code = get_lock_key(w);
    if (code == 0)
        code = open_inventory(w);
    fill_target(w);
    if (code == 0 && w->p.modem_firmware != NULL && strcmp(w->p.modem_firmware, w->d.info.firmware) != 0)
        code = sg_cli_fail(SG_CLI_REFUSED, "--modem-firmware says %s, and the modem on %s says %s.",
                           w->p.modem_firmware, w->d.port, w->d.info.firmware);
    if (code == 0)
        code = sg_cli_probe_begin(&w->p, SG_PROBE_MODEM, &w->target, find_here(w->d.line.fd));
    if (code == 0) {
        w->modem.modem = &w->d.modem;
        w->modem.info = &w->d.info;
        w->modem.target = &w->target;
        w->modem.may_change = may_change;
        w->modem.user = w;
        int r = sg_probe_modem(&w->modem, &w->p.watch, &err);
        code = sg_cli_probe_end(&w->p, r, &err);
    }
    sg_store_close(w->modem.store);
    sg_wipe(&w->vault, sizeof w->vault);
    return code;
}

static int run(struct sg_cli *cli)
{
    static struct probing probing; /* large: a modem is in it */
    struct probing *w = &probing;
    *w = (struct probing){.d = {.cli = cli, .tag = -1, .type = -1, .errors = -1, .function = -1, .line = {.fd = -1}},
                          .modem = {.tag = -1, .keys = 3}};
    sg_cli_probe_init(&w->p, cli);
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        int code = take(w, i);
        if (code != 0)
            return code;
    }
    int code = sg_cli_modem_begin(&w->d);
    return code != 0 ? code : sg_cli_modem_end(&w->d, probe(w));
}

const struct sg_cli_command sg_cli_probe_modem = {
    "probe modem",
    "[--port PATH] [OPTION…]",
    "tries what an nRF91 modem must refuse at its AT port",
    "Keys and pre-shared keys are read, credentials written while it is online, and on\n"
    "a locked modem written unsigned, wrongly signed, and by a command seen before;\n"
    "keys are made and compared. What is in its store stays: the runs write to a free\n"
    "tag, and empty it again. With a home, what the store holds is compared with its\n"
    "inventory.\n",
    options,
    run,
};
