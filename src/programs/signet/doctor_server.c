/* SPDX-License-Identifier: Apache-2.0 */
/* signet doctor: the server's configuration, its name, and whether it runs. */
#include "api_client.h"
#include "doctor.h"
#include "programs/config.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The name must be the one in the server's certificate, since devices compare them. */
static void look_at_name(struct sg_cli_doctor *d, const char *name)
{
    struct sg_error err = {0};
    struct sg_cert_facts facts;
    char wanted[300];
    uint8_t ip[16];
    X509 *cert = sg_cert_read(d->cli->home.server_cert, &err);
    if (cert == NULL || sg_cert_facts(cert, &facts) < 0) {
        X509_free(cert);
        return; /* told already */
    }
    X509_free(cert);
    bool is_ip = inet_pton(AF_INET, name, ip) == 1 || inet_pton(AF_INET6, name, ip) == 1;
    (void)snprintf(wanted, sizeof wanted, "%s:%s", is_ip ? "ip" : "dns", name);
    if (strcasecmp(facts.names, wanted) != 0)
        sg_cli_note(d, SG_CLI_PROBLEM, "server name",
                    "signet.yaml says \"%s\", but the server's certificate is for %s: devices will refuse it", name,
                    facts.names);
}

static void look_at_address(struct sg_cli_doctor *d, const char *name)
{
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_DGRAM};
    char address[NI_MAXHOST] = "";
    int r = getaddrinfo(name, NULL, &hints, &found);
    if (r != 0) {
        sg_cli_note(d, SG_CLI_WARNING, "server name", "%s does not resolve here (%s): devices need a name that does",
                    name, gai_strerror(r));
        return;
    }
    (void)getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof address, NULL, 0, NI_NUMERICHOST);
    sg_cli_note(d, SG_CLI_WELL, "server name", "%s resolves to %s", name, address);
    freeaddrinfo(found);
}

static void look_at_daemon(struct sg_cli_doctor *d)
{
    struct sg_error err = {0};
    json_t *status = NULL;
    struct sg_client *client = sg_client_open(&d->cli->home, &err);
    if (client == NULL) {
        sg_cli_note(d, err.code == SG_ECLOSED ? SG_CLI_WARNING : SG_CLI_PROBLEM, "signetd", "%s", err.text);
        return;
    }
    if (sg_client_call(client, "GET", "/status", NULL, &status, &err) < 0) {
        sg_cli_note(d, SG_CLI_PROBLEM, "signetd", "%s", err.text);
    } else {
        const json_t *counts = json_object_get(status, "counts");
        sg_cli_note(d, SG_CLI_WELL, "signetd", "runs, with %lld devices connected and %lld registered",
                    (long long)json_integer_value(json_object_get(counts, "connected")),
                    (long long)json_integer_value(json_object_get(counts, "registered")));
        json_decref(status);
    }
    sg_client_close(client);
}

void sg_cli_doctor_server(struct sg_cli_doctor *d)
{
    struct sg_config config;
    struct sg_error err = {0};
    if (sg_config_load(d->cli->home.config, &config, &err) < 0) {
        sg_cli_note(d, SG_CLI_PROBLEM, "config", "%s", err.text);
        return;
    }
    look_at_name(d, config.server.name);
    look_at_address(d, config.server.name);
    look_at_daemon(d);
}
