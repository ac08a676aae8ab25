/* SPDX-License-Identifier: Apache-2.0 */
/* The issuing CA of a home, ready to sign. */
#include "cli.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { URI_MAX = 512 };

/* The URI in the file at `uri_path` ("" where there is no such file). */
static int read_uri(const char *uri_path, char uri[URI_MAX], struct sg_error *err)
{
    size_t n;
    uri[0] = '\0';
    struct sg_error why = {0};
    char *text = (char *)sg_file_read(uri_path, URI_MAX - 1, &n, &why);
    if (text == NULL)
        return why.code == SG_ENOTFOUND ? 0 : sg_fail(err, why.code, "%s", why.text);
    (void)snprintf(uri, URI_MAX, "%.*s", (int)strcspn(text, "\r\n"), text);
    free(text);
    return sg_key_is_uri(uri)
               ? 0
               : sg_fail(err, SG_EFORMAT, "%s does not hold the URI of a key, but \"%s\"", uri_path, uri);
}

int sg_cli_load_ca_key(const char *key_path, const char *uri_path, const char *whose, const struct sg_cli_passphrase *p,
                       EVP_PKEY **key)
{
    struct sg_secret passphrase = {.n = 0};
    struct sg_error err = {0};
    char uri[URI_MAX];
    int exit_code = SG_CLI_DONE;
    *key = NULL;
    if (read_uri(uri_path, uri, &err) < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    const char *where = uri[0] != '\0' ? uri : key_path;
    if (sg_key_is_encrypted(where))
        exit_code = sg_cli_passphrase(p, whose, false, &passphrase);
    if (exit_code == SG_CLI_DONE && (*key = sg_key_read(where, &passphrase, &err)) == NULL)
        exit_code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    sg_secret_wipe(&passphrase);
    return exit_code;
}

/* Where an issuing CA's certificate is, and its key. */
struct files {
    char cert[SG_PATH + 64], key[SG_PATH + 64], uri[SG_PATH + 64];
};

static int check(const struct files *files, const struct sg_issuer *issuer, int64_t now)
{
    struct sg_cert_facts facts;
    char until[SG_CLI_TIME];
    if (sg_cert_facts(issuer->cert, &facts) < 0)
        return sg_cli_fail(SG_CLI_FAILED, "%s cannot be read as a certificate.", files->cert);
    if (facts.until <= now)
        return sg_cli_fail(SG_CLI_FAILED, "the issuing CA \"%s\" has expired on %s: it can issue nothing any more.",
                           facts.cn, sg_cli_date(facts.until, until));
    if (X509_check_private_key(issuer->cert, issuer->key) != 1)
        return sg_cli_fail(SG_CLI_FAILED, "the key in %s (or at the URI beside it) is not that of the certificate %s.",
                           files->key, files->cert);
    return 0;
}

static int load(const struct files *files, const struct sg_cli_passphrase *p, int64_t now, struct sg_issuer *issuer)
{
    struct sg_error err = {0};
    *issuer = (struct sg_issuer){.cert = sg_cert_read(files->cert, &err)};
    if (issuer->cert == NULL)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    int exit_code = sg_cli_load_ca_key(files->key, files->uri, "the issuing CA's key", p, &issuer->key);
    if (exit_code == 0)
        exit_code = check(files, issuer, now);
    if (exit_code != 0)
        sg_cli_free_issuer(issuer);
    return exit_code;
}

int sg_cli_load_issuer(const struct sg_cli *cli, const struct sg_cli_passphrase *p, int64_t now,
                       struct sg_issuer *issuer)
{
    const struct sg_home *h = &cli->home;
    struct files files;
    if (access(h->issuing_cert, F_OK) != 0)
        return sg_cli_fail(
            SG_CLI_FAILED,
            "%s has no issuing CA yet. Ask for one with `signet ca request`, have the root's keeper sign it "
            "(`signet ca sign`), and bring it home with `signet ca import`.",
            h->shown);
    (void)snprintf(files.cert, sizeof files.cert, "%s", h->issuing_cert);
    (void)snprintf(files.key, sizeof files.key, "%s", h->issuing_key);
    (void)snprintf(files.uri, sizeof files.uri, "%s", h->issuing_uri);
    return load(&files, p, now, issuer);
}

/* "…/issuing-0123456789abcdef.pem": the key, or where it is, lies beside it. */
static void set_files(struct files *files, const char *cert)
{
    int n = (int)(strlen(cert) - strlen(".pem"));
    (void)snprintf(files->cert, sizeof files->cert, "%s", cert);
    (void)snprintf(files->key, sizeof files->key, "%.*s.key", n, cert);
    (void)snprintf(files->uri, sizeof files->uri, "%.*s.uri", n, cert);
}

/* Those that `signet ca import` has put aside lie beside the present one. Returns how many have that name. */
static unsigned find_named(const struct sg_home *h, const char *name, struct files *files)
{
    char pattern[SG_PATH + 64];
    struct sg_cert_facts facts;
    glob_t found;
    unsigned n = 0;
    (void)snprintf(pattern, sizeof pattern, "%s/issuing*.pem", h->ca);
    if (glob(pattern, 0, NULL, &found) != 0)
        return 0;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        X509 *cert = sg_cert_read(found.gl_pathv[i], NULL);
        if (cert != NULL && sg_cert_facts(cert, &facts) == 0 && strcmp(facts.cn, name) == 0) {
            set_files(files, found.gl_pathv[i]);
            n++;
        }
        X509_free(cert);
    }
    globfree(&found);
    return n;
}

int sg_cli_load_issuer_named(const struct sg_cli *cli, const char *name, const struct sg_cli_passphrase *p, int64_t now,
                             struct sg_issuer *issuer)
{
    struct files files;
    if (name[0] == '\0')
        return sg_cli_load_issuer(cli, p, now, issuer);
    unsigned n = find_named(&cli->home, name, &files);
    if (n != 1)
        return sg_cli_fail(SG_CLI_FAILED,
                           "%s has %s issuing CA called \"%s\" with its files in %s. `signet ca` lists all.",
                           cli->home.shown, n == 0 ? "no" : "more than one", name, cli->home.ca);
    return load(&files, p, now, issuer);
}

void sg_cli_free_issuer(struct sg_issuer *issuer)
{
    X509_free(issuer->cert);
    EVP_PKEY_free(issuer->key);
    *issuer = (struct sg_issuer){NULL, NULL};
}
