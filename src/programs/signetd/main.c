/* SPDX-License-Identifier: Apache-2.0 */
/* signetd: the service. Options, wiring, signals, and the file that tells where it listens. */
#include "api/api.h"
#include "pki/pki.h"
#include "programs/config.h"
#include "programs/home.h"
#include "server/server.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 65536 };

struct service {
    struct sg_home home;
    struct sg_config config;
    const char *config_file; /* --config */
    char run_dir[SG_PATH], ports[SG_PATH + 8];
    X509 *cert;
    EVP_PKEY *key;
    struct sg_psk_vault vault;
    struct sg_server *server;
    struct sg_api *api;
};

static const char usage[] =
    "signetd: the LwM2M server of a home folder, with its HTTPS API.\n"
    "\n"
    "Usage: signetd [--home DIR] [--config FILE]\n"
    "\n"
    "  --home DIR     the home folder that `signet init` made (else $SIGNET_HOME, else ~/.signet)\n"
    "  --config FILE  another configuration than the home's signet.yaml\n"
    "  --version      prints the version\n"
    "  --help         prints this\n"
    "\n"
    "It stays in the foreground, logs to standard error, and ends on SIGTERM or SIGINT. Devices\n"
    "notice nothing of a restart.\n";

/* --------------------------------------------------------------------------------------------------- wiring */

static int open_server(struct service *s, struct sg_error *err)
{
    s->cert = sg_cert_read(s->home.server_cert, err);
    if (s->cert == NULL)
        return sg_fail_in(err, "the server's certificate");
    s->key = sg_key_read(s->home.server_key, NULL, err);
    if (s->key == NULL)
        return sg_fail_in(err, "the server's key");
    if (s->config.server.psk && sg_psk_vault_open(&s->vault, s->home.psk_key, true, err) < 0)
        return SG_EIO;
    const struct sg_server_config config = {.listen = s->config.server.listen,
                                            .workers = s->config.server.workers,
                                            .max_devices = s->config.server.max_devices,
                                            .inventory = s->home.inventory,
                                            .run_dir = s->run_dir,
                                            .cert = s->cert,
                                            .key = s->key,
                                            .mtu = s->config.server.mtu,
                                            .cid = s->config.server.cid,
                                            .psk = s->config.server.psk ? &s->vault : NULL};
    if (config.psk != NULL)
        SG_LOG(SG_LOG_WARNING, "psk-on", "reason",
               "devices with pre-shared keys are taken (server.psk); an nRF91 has no forward secrecy with them");
    s->server = sg_server_start(&config, err);
    return s->server != NULL ? 0 : SG_EIO;
}

static int open_api(struct service *s, struct sg_error *err)
{
    size_t cert_n = 0, key_n = 0;
    uint8_t *cert = sg_file_read(s->home.server_cert, KEY_FILE_MAX, &cert_n, err);
    uint8_t *key = cert != NULL ? sg_file_read(s->home.server_key, KEY_FILE_MAX, &key_n, err) : NULL;

    if (key != NULL) {
        const struct sg_api_config config = {.server = s->server,
                                             .listen = s->config.api.listen,
                                             .inventory = s->home.inventory,
                                             .token_file = s->home.token,
                                             .cert_pem = sg_bytes(cert, cert_n),
                                             .key_pem = sg_bytes(key, key_n)};
        s->api = sg_api_start(&config, err);
        sg_wipe(key, key_n);
    }
    free(cert);
    free(key);
    return s->api != NULL ? 0 : SG_EIO;
}

/* So that `signet` finds a port that was chosen by the system. */
static int write_ports(const struct service *s, struct sg_error *err)
{
    char text[100];
    int n = snprintf(text, sizeof text, "lwm2m=%u\napi=%u\npid=%ld\n", sg_server_port(s->server), sg_api_port(s->api),
                     (long)getpid());
    return sg_file_write(s->ports, 0600, false, sg_bytes(text, (size_t)n), err);
}

static void tell_ready(const struct service *s)
{
    char lwm2m[8], api[8], pid[24], workers[8];

    (void)snprintf(lwm2m, sizeof lwm2m, "%u", sg_server_port(s->server));
    (void)snprintf(api, sizeof api, "%u", sg_api_port(s->api));
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
    (void)snprintf(workers, sizeof workers, "%u", s->config.server.workers);
    SG_LOG(SG_LOG_INFO, "ready", "version", SG_VERSION, "home", s->home.dir, "run_dir", s->run_dir, "lwm2m", lwm2m,
           "api", api, "workers", workers, "pid", pid);
}

static int start(struct service *s, struct sg_error *err)
{
    int rc = sg_home_check(&s->home, err);

    if (rc == 0)
        rc = sg_config_load(s->config_file != NULL ? s->config_file : s->home.config, &s->config, err);
    if (rc < 0)
        return rc;
    sg_log_set_level(s->config.log.level);
    rc = sg_home_run_dir(&s->home, s->config.run_dir, true, s->run_dir, err);
    if (rc < 0)
        return rc;
    (void)snprintf(s->ports, sizeof s->ports, "%s/ports", s->run_dir);
    rc = open_server(s, err);
    if (rc == 0)
        rc = open_api(s, err);
    if (rc == 0)
        rc = write_ports(s, err);
    return rc;
}

/* In the reverse order; the associations stay in their tables for the next start. */
static void stop(struct service *s)
{
    if (s->server != NULL) /* a second signetd that was refused must not take the first one's file away */
        (void)unlink(s->ports);
    sg_api_stop(s->api);
    sg_server_stop(s->server);
    X509_free(s->cert);
    EVP_PKEY_free(s->key);
    sg_wipe(&s->vault, sizeof s->vault);
}

/* ------------------------------------------------------------------------------------------------------- main */

/* -1: go on; otherwise an exit code. */
static int options(struct service *s, int argc, char **argv)
{
    static const struct option names[] = {{"home", required_argument, NULL, 'd'},
                                          {"config", required_argument, NULL, 'c'},
                                          {"version", no_argument, NULL, 'v'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const char *home = NULL;
    struct sg_error err = {0};
    int o;

    while ((o = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (o == 'd') {
            home = optarg;
        } else if (o == 'c') {
            s->config_file = optarg;
        } else if (o == 'v') {
            return puts("signetd " SG_VERSION) < 0;
        } else if (o == 'h') {
            return fputs(usage, stdout) < 0;
        } else {
            (void)fputs("Try `signetd --help`.\n", stderr);
            return 2;
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "signetd: it takes no \"%s\". Try `signetd --help`.\n", argv[optind]);
        return 2;
    }
    if (sg_home_find(&s->home, home, &err) < 0) {
        (void)fprintf(stderr, "signetd: %s\n", err.text);
        return 1;
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct service s = {0};
    struct sg_error err = {0};
    sigset_t signals;
    int which = 0;

    int code = options(&s, argc, argv);
    if (code >= 0)
        return code;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL); /* inherited by all threads: only the wait below takes them */
    (void)signal(SIGPIPE, SIG_IGN);
    if (start(&s, &err) < 0) {
        (void)fprintf(stderr, "signetd: %s\n", err.text);
        stop(&s);
        return 1;
    }
    tell_ready(&s);
    (void)sigwait(&signals, &which);
    SG_LOG(SG_LOG_INFO, "stopping", "signal", which == SIGTERM ? "SIGTERM" : "SIGINT");
    stop(&s);
    return 0;
}
