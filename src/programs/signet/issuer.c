/* SPDX-License-Identifier: Apache-2.0 */
/* The issuing CA of a home, ready to sign. */
#include "cli.h"

static EVP_PKEY *load_key(const struct sg_cli *cli, const struct sg_cli_passphrase *p, int *exit_code)
{
    struct sg_secret passphrase = {.n = 0};
    struct sg_error err = {0};
    *exit_code = SG_CLI_DONE;
    if (sg_key_is_encrypted(cli->home.issuing_key))
        *exit_code = sg_cli_passphrase(p, "the issuing CA's key", false, &passphrase);
    if (*exit_code != SG_CLI_DONE)
        return NULL;
    EVP_PKEY *key = sg_key_read(cli->home.issuing_key, &passphrase, &err);
    sg_secret_wipe(&passphrase);
    if (key == NULL)
        *exit_code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    return key;
}

static int check(const struct sg_cli *cli, const struct sg_issuer *issuer, int64_t now)
{
    struct sg_cert_facts facts;
    char until[SG_CLI_TIME];
    if (sg_cert_facts(issuer->cert, &facts) < 0)
        return sg_cli_fail(SG_CLI_FAILED, "%s cannot be read as a certificate.", cli->home.issuing_cert);
    if (facts.until <= now)
        return sg_cli_fail(SG_CLI_FAILED, "the issuing CA \"%s\" has expired on %s: it can issue nothing any more.",
                           facts.cn, sg_cli_date(facts.until, until));
    if (X509_check_private_key(issuer->cert, issuer->key) != 1)
        return sg_cli_fail(SG_CLI_FAILED, "%s is not the key of the certificate %s.", cli->home.issuing_key,
                           cli->home.issuing_cert);
    return 0;
}

int sg_cli_load_issuer(const struct sg_cli *cli, const struct sg_cli_passphrase *p, int64_t now,
                       struct sg_issuer *issuer)
{
    struct sg_error err = {0};
    int exit_code;
    *issuer = (struct sg_issuer){.cert = sg_cert_read(cli->home.issuing_cert, &err)};
    if (issuer->cert == NULL)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    issuer->key = load_key(cli, p, &exit_code);
    if (issuer->key != NULL)
        exit_code = check(cli, issuer, now);
    if (exit_code != 0)
        sg_cli_free_issuer(issuer);
    return exit_code;
}

void sg_cli_free_issuer(struct sg_issuer *issuer)
{
    X509_free(issuer->cert);
    EVP_PKEY_free(issuer->key);
    *issuer = (struct sg_issuer){NULL, NULL};
}
