/* SPDX-License-Identifier: Apache-2.0 */
/* signet issue: a certificate for a request that was made elsewhere, for a device without an nRF91 modem. */
#include "commands.h"
#include "factory/factory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OUT, NAME, YEARS, PASSPHRASE_FILE, PASSPHRASE_FD };
static const struct sg_cli_option options[] = {
    [OUT] = {"--out", "FILE", "where the certificate goes; without it, to standard output"},
    [NAME] = {"--name", "ENDPOINT", "the endpoint name, the request's common name by default"},
    [YEARS] = {"--years", "N", "how long the certificate is valid: 1 to 50, 10 by default"},
    [PASSPHRASE_FILE] = {"--passphrase-file", "FILE", "take the CA's passphrase from the first line of FILE"},
    [PASSPHRASE_FD] = {"--passphrase-fd", "N", "take it from the open descriptor N"},
    {NULL, NULL, NULL},
};

enum { REQUEST_MAX = 16 * 1024 };

struct wanted {
    const char *request, *out;
    struct sg_cli_passphrase passphrase;
    struct sg_issue issue;
};

static int take(struct sg_cli *cli, int option, struct wanted *w)
{
    uint64_t years = 0;
    int r;
    switch (option) {
    case OUT:
        w->out = cli->value;
        return 0;
    case NAME:
        w->issue.endpoint = cli->value;
        return 0;
    case YEARS:
        r = sg_cli_number(cli, option, 1, SG_CLI_YEARS, &years);
        w->issue.valid = (int64_t)years * SG_CLI_YEAR;
        return r;
    case PASSPHRASE_FILE:
    case PASSPHRASE_FD:
        return sg_cli_take_passphrase(cli, option, &w->passphrase);
    default:
        if (w->request != NULL)
            return sg_cli_usage(cli, "there is one word too many: %s. Requests are taken one at a time.", cli->value);
        w->request = cli->value;
        return 0;
    }
}

static int parse(struct sg_cli *cli, struct wanted *w)
{
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        int r = i == SG_CLI_BAD ? SG_CLI_USAGE : take(cli, i, w);
        if (r != 0)
            return r;
    }
    if (w->request == NULL)
        return sg_cli_usage(cli, "the request is missing: a PKCS#10 file, PEM or DER (openssl req -new makes one).");
    return 0;
}

static int print(const struct sg_cli *cli, const struct wanted *w, const struct sg_cert_row *cert, bool was_done)
{
    char fp[SG_FINGERPRINT_TEXT], until[SG_CLI_TIME];
    sg_fingerprint_text(&cert->facts.fingerprint, fp);
    if (cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:s, s:s, s:b, s:s?}", "endpoint", cert->facts.cn, "fingerprint", fp,
                                           "valid_until", sg_cli_time(cert->facts.until, until), "was_done", was_done,
                                           "file", w->out));
    FILE *to = w->out != NULL ? stdout : stderr; /* standard output is the certificate's where there is no file */
    (void)fprintf(to, "%s %s  certificate %s, %zu bytes, valid until %s\n", was_done ? "Issued before:" : "Issued",
                  cert->facts.cn, fp, cert->facts.der_len, sg_cli_date(cert->facts.until, until));
    return SG_CLI_DONE;
}

/* The certificate is in the inventory by now: if it cannot be put where it is wanted, the same command does that. */
static int deliver(const struct wanted *w, const struct sg_cert_row *cert, bool json)
{
    uint8_t pem[4096];
    struct sg_buf out = sg_buf(pem, sizeof pem);
    struct sg_error err = {0};
    X509 *x509 = sg_cert_parse(sg_bytes(cert->der, cert->der_len), &err);
    int r = x509 != NULL ? sg_cert_put_pem(&out, x509) : err.code;
    X509_free(x509);
    if (r == 0 && w->out != NULL)
        r = sg_file_write(w->out, 0644, false, sg_buf_bytes(&out), &err);
    else if (r == 0 && !json && fwrite(out.p, 1, out.len, stdout) != out.len)
        r = sg_fail(&err, SG_EIO, "cannot write the certificate to standard output");
    return r < 0 ? sg_cli_fail_err(SG_CLI_FAILED, &err) : SG_CLI_DONE;
}

static int issue(const struct sg_cli *cli, struct wanted *w)
{
    struct sg_cert_row cert;
    struct sg_error err = {0};
    bool was_done;
    int r = sg_issue(&w->issue, &cert, &was_done, &err);
    if (r < 0)
        return sg_cli_fail_err(r == SG_EEXISTS || r == SG_EDENIED ? SG_CLI_REFUSED : SG_CLI_FAILED, &err);
    int code = deliver(w, &cert, cli->json);
    return code == SG_CLI_DONE ? print(cli, w, &cert, was_done) : code;
}

static int run(struct sg_cli *cli)
{
    struct wanted w = {.issue = {.valid = 10LL * SG_CLI_YEAR}, .passphrase = {.fd = -1}};
    struct sg_error err = {0};
    int code = parse(cli, &w);
    if (code != 0)
        return code;
    size_t n;
    uint8_t *request = sg_file_read(w.request, REQUEST_MAX, &n, &err);
    if (request == NULL)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    w.issue.request = sg_bytes(request, n);
    w.issue.now = (int64_t)time(NULL);
    w.issue.who = sg_cli_who();
    w.issue.store = sg_cli_open_store(cli, &code);
    if (w.issue.store != NULL)
        code = sg_cli_load_issuer(cli, &w.passphrase, w.issue.now, &w.issue.issuer);
    if (code == 0)
        code = issue(cli, &w);
    sg_cli_free_issuer(&w.issue.issuer);
    sg_store_close(w.issue.store);
    free(request);
    return code;
}

const struct sg_cli_command sg_cli_issue = {
    "issue",
    "REQUEST [OPTION…]",
    "gives an identity to a device whose key is not in a modem: a certificate for its request",
    "REQUEST is a PKCS#10 file that the device made for its own key. The certificate is\n"
    "recorded in the inventory before it is handed out; the same request again gives\n"
    "the same certificate. Where such a key is kept is the device's business: for an\n"
    "nRF91, use `signet enroll`, which makes the key inside the modem.\n",
    options,
    run,
};
