/* SPDX-License-Identifier: Apache-2.0 */
/* signet ca import: the issuing CA that was asked for comes home, and is the one from then on. */
#include "ca.h"

#include <errno.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* It must be a CA that this home's device root made, and in its time. */
static int check(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w, X509 *cert, int64_t now,
                 struct sg_fingerprint *root_fingerprint)
{
    struct sg_error err = {0};
    struct sg_cert_facts facts = {0};
    X509 *root = sg_cert_read(cli->home.device_root_cert, &err);
    if (root == NULL)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    (void)sg_cert_facts(cert, &facts);
    bool ours = X509_check_issued(root, cert) == X509_V_OK && X509_verify(cert, X509_get0_pubkey(root)) == 1;
    int r = sg_cert_fingerprint(root, root_fingerprint);
    X509_free(root);
    if (r < 0 || !ours || X509_check_ca(cert) != 1)
        return sg_cli_fail(SG_CLI_REFUSED,
                           "%s (\"%s\", issued by \"%s\") is not an issuing CA of this home's device root.", w->operand,
                           facts.cn, facts.issuer_cn);
    if (facts.until <= now || facts.from > now)
        return sg_cli_fail(SG_CLI_REFUSED, "the CA \"%s\" in %s is not in its time. Is this machine's clock right?",
                           facts.cn, w->operand);
    return 0;
}

static int exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* The key that waits, or, where an earlier run has put it in place, the present one. */
static int check_key(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w, X509 *cert, bool *in_place)
{
    const struct sg_home *h = &cli->home;
    EVP_PKEY *key = NULL;
    *in_place = !exists(h->next_key) && !exists(h->next_uri);
    if (*in_place && !exists(h->issuing_key) && !exists(h->issuing_uri))
        return sg_cli_fail(SG_CLI_FAILED, "no key waits for this certificate: `signet ca request` makes one.");
    int code = sg_cli_load_ca_key(*in_place ? h->issuing_key : h->next_key, *in_place ? h->issuing_uri : h->next_uri,
                                  "the key that waits for this certificate", &w->passphrase, &key);
    if (code == 0 && X509_check_private_key(cert, key) != 1)
        code = sg_cli_fail(SG_CLI_REFUSED, "%s is for another key than the one that waits here.", w->operand);
    EVP_PKEY_free(key);
    return code;
}

static int record(struct sg_store *store, X509 *cert, const struct sg_fingerprint *root, int64_t now,
                  struct sg_error *err)
{
    struct sg_cert_row row = {.kind = SG_CERT_ISSUING_CA, .state = SG_CERT_ACTIVE, .issuer = *root, .added = now};
    struct sg_cert_row there;
    struct sg_fingerprint f;
    if (sg_cert_fingerprint(cert, &f) < 0)
        return sg_fail(err, SG_ECRYPTO, "computing a fingerprint failed");
    int r = sg_store_find_cert(store, &f, &there, err);
    if (r == 0 && there.state == SG_CERT_REVOKED)
        return sg_fail(err, SG_EDENIED, "the CA \"%s\" was withdrawn", there.facts.cn);
    if (r != SG_ENOTFOUND)
        return r;
    r = sg_store_begin(store, err);
    if (r == 0)
        r = sg_store_add_cert(store, cert, &row, err);
    if (r == 0)
        r = sg_cli_ca_audit(store, now, "ca-imported", &row.facts, "issues from now on", err);
    if (r == 0)
        return sg_store_commit(store, err);
    sg_store_rollback(store);
    return r;
}

static int move(const char *from, const char *to, struct sg_error *err)
{
    if (!exists(from) || rename(from, to) == 0)
        return 0;
    return sg_fail(err, SG_EIO, "renaming %s to %s: %s", from, to, strerror(errno));
}

/* What issued before keeps its files under its fingerprint: its devices stay trusted. */
static int put_aside(const struct sg_home *h, struct sg_error *err)
{
    const struct {
        const char *from, *end;
    } files[] = {{h->issuing_key, "key"}, {h->issuing_uri, "uri"}, {h->issuing_cert, "pem"}};
    struct sg_fingerprint f;
    char hex[17], to[SG_PATH + 64];
    X509 *old = exists(h->issuing_cert) ? sg_cert_read(h->issuing_cert, err) : NULL;
    if (old == NULL)
        return exists(h->issuing_cert) ? err->code : 0;
    struct sg_buf b = sg_buf(hex, sizeof hex);
    int r = sg_cert_fingerprint(old, &f);
    X509_free(old);
    sg_put_hex(&b, sg_bytes(f.sha256, 8));
    (void)sg_buf_cstr(&b);
    for (size_t i = 0; i < 3 && r == 0; i++) {
        (void)snprintf(to, sizeof to, "%s/issuing-%s.%s", h->ca, hex, files[i].end);
        r = move(files[i].from, to, err);
    }
    return r;
}

/* The certificate last: until then the same command goes on. */
static int put_in_place(const struct sg_home *h, X509 *cert, bool in_place, struct sg_error *err)
{
    uint8_t space[4096];
    struct sg_buf pem = sg_buf(space, sizeof space);
    int r = in_place ? 0 : put_aside(h, err);
    if (r == 0)
        r = move(h->next_key, h->issuing_key, err);
    if (r == 0)
        r = move(h->next_uri, h->issuing_uri, err);
    if (r == 0)
        r = sg_cert_put_pem(&pem, cert);
    return r == 0 ? sg_file_write(h->issuing_cert, 0644, false, sg_buf_bytes(&pem), err) : r;
}

static int import(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w, struct sg_store *store, X509 *cert)
{
    struct sg_error err = {0};
    struct sg_fingerprint root;
    struct sg_cert_facts facts;
    bool in_place;
    int64_t now = (int64_t)time(NULL);
    int code = check(cli, w, cert, now, &root);
    if (code == 0)
        code = check_key(cli, w, cert, &in_place);
    if (code != 0)
        return code;
    int r = record(store, cert, &root, now, &err);
    if (r == 0)
        r = put_in_place(&cli->home, cert, in_place, &err);
    if (r < 0)
        return sg_cli_fail_err(r == SG_EDENIED ? SG_CLI_REFUSED : SG_CLI_FAILED, &err);
    (void)sg_cert_facts(cert, &facts);
    char fingerprint[SG_FINGERPRINT_TEXT];
    (void)sg_fingerprint_text(&facts.fingerprint, fingerprint);
    if (cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:s}", "name", facts.cn, "fingerprint", fingerprint));
    (void)printf("The issuing CA is now \"%s\"  %.23s…\n", facts.cn, fingerprint);
    return SG_CLI_DONE;
}

int sg_cli_ca_import(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w)
{
    struct sg_error err = {0};
    int code;
    struct sg_store *store = sg_cli_open_store(cli, &code);
    if (store == NULL)
        return code;
    X509 *cert = sg_cert_read(w->operand, &err);
    code = cert != NULL ? import(cli, w, store, cert) : sg_cli_fail_err(SG_CLI_FAILED, &err);
    X509_free(cert);
    sg_store_close(store);
    return code;
}
