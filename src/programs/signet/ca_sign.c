/* SPDX-License-Identifier: Apache-2.0 */
/* signet ca sign: the device root makes an issuing CA of a request, and says how much that may issue. */
#include "ca.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REQUEST_MAX = 16 * 1024, CLOCK_SLACK = 3600, YEAR = 365 * 86400, DAY = 86400 };

struct signing {
    const struct sg_cli *cli;
    const struct sg_cli_ca_wanted *w;
    struct sg_store *store;
    struct sg_issuer root;
    EVP_PKEY *key;
    char name[128];
    int64_t now;
    struct sg_error err;
};

static int read_request(struct signing *s)
{
    size_t n;
    uint8_t *text = sg_file_read(s->w->operand, REQUEST_MAX, &n, &s->err);
    struct sg_request *req = text != NULL ? sg_request_parse(sg_bytes(text, n), &s->err) : NULL;
    free(text);
    if (req == NULL)
        return sg_cli_fail(SG_CLI_FAILED, "%s: %s.", s->w->operand, s->err.text);
    int r = 0;
    if (s->w->name != NULL)
        (void)snprintf(s->name, sizeof s->name, "%s", s->w->name);
    else
        r = sg_request_cn(req, s->name, sizeof s->name);
    s->key = sg_request_key(req);
    sg_request_free(req);
    if (r < 0 || s->key == NULL)
        return sg_cli_fail(SG_CLI_FAILED, "%s names no CA: give it a name with --name.", s->w->operand);
    return 0;
}

static int load_root(struct signing *s)
{
    const struct sg_home *h = &s->cli->home;
    s->root.cert = sg_cert_read(h->device_root_cert, &s->err);
    if (s->root.cert == NULL)
        return sg_cli_fail_err(SG_CLI_FAILED, &s->err);
    return sg_cli_load_ca_key(h->device_root_key, h->device_root_uri, "the device root's key", &s->w->passphrase,
                              &s->root.key);
}

static int record(struct signing *s, const X509 *cert, const struct sg_ca_limits *limits)
{
    struct sg_cert_row row = {.kind = SG_CERT_ISSUING_CA, .state = SG_CERT_ACTIVE, .added = s->now};
    char detail[400];
    if (sg_cert_fingerprint(s->root.cert, &row.issuer) < 0)
        return sg_fail(&s->err, SG_ECRYPTO, "computing a fingerprint failed");
    int r = sg_store_begin(s->store, &s->err);
    if (r == 0)
        r = sg_store_add_cert(s->store, cert, &row, &s->err);
    (void)snprintf(detail, sizeof detail, "issuing CA \"%s\" for a request; devices: %lld, days: %lld (0: no limit)",
                   s->name, (long long)limits->devices, (long long)s->w->days);
    if (r == 0)
        r = sg_cli_ca_audit(s->store, s->now, "ca-created", &row.facts, detail, &s->err);
    if (r == 0)
        return sg_store_commit(s->store, &s->err);
    sg_store_rollback(s->store);
    return r;
}

static int make(struct signing *s, X509 **cert)
{
    struct sg_validity v = {s->now - CLOCK_SLACK, s->now + s->w->years * YEAR};
    struct sg_ca_limits limits = {s->w->devices, s->w->days != 0 ? s->now + s->w->days * DAY : 0};
    *cert = sg_cert_issuing_limited(s->root, s->key, s->name, v, limits, &s->err);
    if (*cert == NULL || record(s, *cert, &limits) < 0)
        return sg_cli_fail_err(s->err.code == SG_EEXISTS ? SG_CLI_REFUSED : SG_CLI_FAILED, &s->err);
    return 0;
}

/* A request that was signed before gives the same certificate: its file may have been lost. */
static int find_before(struct signing *s, X509 **cert)
{
    struct sg_fingerprint key;
    struct sg_cert_row row;
    if (sg_key_fingerprint(s->key, &key) < 0)
        return sg_cli_fail(SG_CLI_FAILED, "%s has no usable key.", s->w->operand);
    int r = sg_store_find_cert_by_key(s->store, &key, &row, &s->err);
    if (r == SG_ENOTFOUND)
        return 0;
    if (r < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &s->err);
    if (row.kind != SG_CERT_ISSUING_CA || row.state != SG_CERT_ACTIVE)
        return sg_cli_fail(SG_CLI_REFUSED, "the key of %s is that of \"%s\" (%s, %s): ask with a new key.",
                           s->w->operand, row.facts.cn, sg_cert_kind_name(row.kind), sg_cert_state_name(row.state));
    *cert = sg_cert_parse(sg_bytes(row.der, row.der_len), &s->err);
    return *cert != NULL ? 0 : sg_cli_fail_err(SG_CLI_FAILED, &s->err);
}

static int deliver(const struct signing *s, const X509 *cert)
{
    uint8_t pem[4096];
    struct sg_buf out = sg_buf(pem, sizeof pem);
    struct sg_error err = {0};
    struct sg_cert_facts facts;
    struct sg_ca_limits limits;
    char fingerprint[SG_FINGERPRINT_TEXT], until[SG_CLI_TIME], last[SG_CLI_TIME];
    int r = sg_cert_put_pem(&out, cert);
    if (r == 0 && s->w->out != NULL)
        r = sg_file_write(s->w->out, 0644, false, sg_buf_bytes(&out), &err);
    else if (r == 0 && !s->cli->json && fwrite(out.p, 1, out.len, stdout) != out.len)
        r = sg_fail(&err, SG_EIO, "cannot write the certificate to standard output");
    if (r < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    (void)sg_cert_facts(cert, &facts);
    (void)sg_cert_limits(cert, &limits);
    (void)sg_fingerprint_text(&facts.fingerprint, fingerprint);
    if (s->cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:s, s:s, s:I, s:s, s:s?}", "name", facts.cn, "fingerprint",
                                           fingerprint, "valid_until", sg_cli_time(facts.until, until), "devices",
                                           (json_int_t)limits.devices, "issues_until", sg_cli_time(limits.until, last),
                                           "file", s->w->out));
    FILE *to = s->w->out != NULL ? stdout : stderr;
    (void)fprintf(to, "Signed the issuing CA \"%s\"  %.23s…  valid until %s", facts.cn, fingerprint,
                  sg_cli_date(facts.until, until));
    if (limits.devices != 0)
        (void)fprintf(to, ", at most %lld devices", (long long)limits.devices);
    if (limits.until != 0)
        (void)fprintf(to, ", issues until %s", sg_cli_date(limits.until, last));
    (void)fprintf(to, "\n");
    return SG_CLI_DONE;
}

int sg_cli_ca_sign(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w)
{
    struct signing s = {.cli = cli, .w = w, .now = (int64_t)time(NULL)};
    X509 *cert = NULL;
    int code = 0;
    s.store = sg_cli_open_store(cli, &code);
    if (s.store != NULL)
        code = read_request(&s);
    if (code == 0)
        code = find_before(&s, &cert);
    if (code == 0 && cert == NULL)
        code = load_root(&s);
    if (code == 0 && cert == NULL)
        code = make(&s, &cert);
    if (code == 0)
        code = deliver(&s, cert);
    X509_free(cert);
    EVP_PKEY_free(s.key);
    sg_cli_free_issuer(&s.root);
    sg_store_close(s.store);
    return code;
}
