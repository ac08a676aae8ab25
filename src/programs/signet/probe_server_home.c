/* SPDX-License-Identifier: Apache-2.0 */
/* signet probe server --throw-away: identities for the probe, enrolled in a test home and revoked at the end. */
#include "api_client.h"
#include "factory/factory.h"
#include "probe_server.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { VALID = 86400, REQUEST = 2048 };

static int enrol(void *user, const char *endpoint, struct sg_probe_identity *identity, struct sg_error *err)
{
    struct sg_cli_probe_server *w = user;
    uint8_t space[REQUEST];
    struct sg_buf request = sg_buf(space, sizeof space);
    struct sg_cert_row row;
    bool was_done;
    if (w->made == sizeof w->name_made / sizeof w->name_made[0])
        return sg_fail(err, SG_ENOSPC, "the probe has enrolled %zu identities, and makes no more", w->made);
    identity->key = sg_key_new(SG_P256, err);
    if (identity->key == NULL || sg_request_make(identity->key, endpoint, &request, err) < 0)
        return SG_ECRYPTO;
    const struct sg_issue issue = {.store = w->store,
                                   .issuer = w->server.issuer,
                                   .request = sg_buf_bytes(&request),
                                   .now = (int64_t)time(NULL),
                                   .valid = VALID,
                                   .who = sg_cli_who()};
    int r = sg_issue(&issue, &row, &was_done, err);
    if (r < 0)
        return r;
    (void)snprintf(w->name_made[w->made++], sizeof w->name_made[0], "%s", endpoint);
    identity->cert = sg_cert_parse(sg_bytes(row.der, row.der_len), err);
    return identity->cert != NULL ? 0 : SG_EFORMAT;
}

/* By signetd, so that it acts at once: that is what is probed. */
static int revoke(void *user, const char *endpoint, struct sg_error *err)
{
    struct sg_cli_probe_server *w = user;
    char path[SG_CLIENT_PATH];
    json_t *answer = NULL, *body = json_pack("{s:s}", "reason", "cessation");
    struct sg_client *client = sg_client_open(&w->probe.cli->home, err);
    int r = client != NULL
                ? sg_client_call(client, "POST", sg_client_path(endpoint, "revoke", NULL, path), body, &answer, err)
                : err->code;
    json_decref(body);
    json_decref(answer);
    sg_client_close(client);
    for (size_t i = 0; i < w->made && r == 0; i++)
        if (strcmp(w->name_made[i], endpoint) == 0)
            w->name_made[i][0] = '\0';
    return r;
}

static bool make_name(char name[64], const char *which)
{
    uint8_t random[4];
    if (RAND_bytes(random, sizeof random) != 1)
        return false;
    (void)snprintf(name, 64, "urn:signet:probe:%s:%02x%02x%02x%02x", which, random[0], random[1], random[2], random[3]);
    return true;
}

static int trust_root(struct sg_cli_probe_server *w, struct sg_error *err)
{
    X509 *root = sg_cert_read(w->probe.cli->home.server_root_cert, err);
    w->trust = root != NULL ? sg_trust_new(err) : NULL;
    int r = w->trust != NULL ? sg_trust_add(w->trust, root, err) : err->code;
    X509_free(root);
    w->server.trust = w->trust;
    return r;
}

static int make_all(struct sg_cli_probe_server *w, struct sg_error *err)
{
    struct sg_probe_identity other = {.cert = NULL};
    char name[64];
    int r = w->trust == NULL ? trust_root(w, err) : 0;
    if (r == 0)
        r = make_name(name, "good") ? enrol(w, name, &w->server.genuine, err) : SG_ECRYPTO;
    if (r == 0 && w->server.other_endpoint == NULL) {
        r = make_name(name, "other") ? enrol(w, name, &other, err) : SG_ECRYPTO;
        w->server.other_endpoint = w->name_made[w->made - 1];
        X509_free(other.cert);
        EVP_PKEY_free(other.key);
    }
    w->server.user = w;
    w->server.enrol = enrol;
    w->server.revoke = revoke;
    w->server.throw_away = true;
    return r;
}

int sg_cli_probe_server_home(struct sg_cli_probe_server *w)
{
    int code = 0;
    char question[SG_PATH + 300];
    struct sg_error err = {0};
    w->store = sg_cli_open_store(w->probe.cli, &code);
    if (w->store == NULL)
        return code;
    (void)snprintf(question, sizeof question,
                   "This enrols identities of the probe in the inventory of %s and revokes them at the end. They stay "
                   "there as revoked: it is meant for a test home, and not for one that devices in use depend on.",
                   w->probe.cli->home.shown);
    if (!sg_cli_confirm(question, w->yes))
        return SG_CLI_REFUSED;
    code = sg_cli_load_issuer(w->probe.cli, &w->passphrase, (int64_t)time(NULL), &w->server.issuer);
    if (code != 0)
        return code;
    return make_all(w, &err) < 0 ? sg_cli_fail_err(SG_CLI_FAILED, &err) : 0;
}

void sg_cli_probe_server_leave(struct sg_cli_probe_server *w)
{
    for (size_t i = 0; i < w->made; i++) {
        struct sg_error err = {0};
        char name[64];
        (void)snprintf(name, sizeof name, "%s", w->name_made[i]);
        if (name[0] != '\0' && revoke(w, name, &err) < 0)
            (void)sg_cli_fail(0, "%s was not revoked (%s). Do it: signet revoke %s --reason cessation", name, err.text,
                              name);
    }
}
