/* SPDX-License-Identifier: Apache-2.0 */
/* signet ca crl: the issuing CA's revocation list. */
#include "ca.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <time.h>

static int write_crl(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w, const X509_CRL *crl, size_t n)
{
    struct sg_error err = {0};
    if (w->out == NULL) {
        if (PEM_write_X509_CRL(stdout, crl) != 1)
            return sg_cli_fail(SG_CLI_FAILED, "writing the revocation list to standard output failed.");
        return SG_CLI_DONE;
    }
    if (sg_crl_write(w->out, crl, &err) < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:I}", "file", w->out, "revoked", (json_int_t)n));
    (void)printf("Wrote %s: %zu revoked %s, valid for %d days.\n", w->out, n, n == 1 ? "certificate" : "certificates",
                 SG_CLI_CRL_DAYS);
    return SG_CLI_DONE;
}

static int make_crl(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w, struct sg_store *store,
                    struct sg_issuer issuer, int64_t now)
{
    struct sg_error err = {0};
    size_t n;
    X509_CRL *crl = sg_cli_new_crl(store, issuer, now, &n, &err);
    if (crl == NULL)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    int code = write_crl(cli, w, crl, n);
    X509_CRL_free(crl);
    return code;
}

int sg_cli_ca_crl(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w)
{
    int64_t now = (int64_t)time(NULL);
    struct sg_issuer issuer;
    int code;
    struct sg_store *store = sg_cli_open_store(cli, &code);
    if (store == NULL)
        return code;
    code = sg_cli_load_issuer(cli, &w->passphrase, now, &issuer);
    if (code == 0) {
        code = make_crl(cli, w, store, issuer, now);
        sg_cli_free_issuer(&issuer);
    }
    sg_store_close(store);
    return code;
}
