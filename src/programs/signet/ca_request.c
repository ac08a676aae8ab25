/* SPDX-License-Identifier: Apache-2.0 */
/* signet ca request: a factory's host asks for an issuing CA. The key is made here, or is where a URI says. */
#include "ca.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool waits(const struct sg_home *h)
{
    return access(h->next_key, F_OK) == 0 || access(h->next_uri, F_OK) == 0;
}

static int make_key(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w, EVP_PKEY **key)
{
    struct sg_secret passphrase = {.n = 0};
    struct sg_error err = {0};
    int code = w->plain_keys ? 0 : sg_cli_passphrase(&w->passphrase, "the new issuing CA's key", true, &passphrase);
    if (code != 0)
        return code;
    *key = sg_key_new(SG_P256, &err);
    if (*key == NULL || sg_key_write(cli->home.next_key, *key, &passphrase, &err) < 0)
        code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    sg_secret_wipe(&passphrase);
    return code;
}

/* The URI is kept, and the key tried at once: it must sign. */
static int note_uri(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w, EVP_PKEY **key)
{
    struct sg_error err = {0};
    char text[600];
    if (!sg_key_is_uri(w->key))
        return sg_cli_fail(SG_CLI_USAGE, "--key takes a URI (handle:0x81000001, pkcs11:…, file:…), not %s.", w->key);
    if (snprintf(text, sizeof text, "%s\n", w->key) >= 512)
        return sg_cli_fail(SG_CLI_USAGE, "the URI of the key is longer than 510 characters.");
    int code = sg_cli_load_ca_key(w->key, cli->home.next_uri, "the key at --key", &w->passphrase, key);
    if (code == 0 && sg_file_write(cli->home.next_uri, 0600, true, sg_str(text), &err) < 0)
        code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    return code;
}

static int get_key(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w, EVP_PKEY **key)
{
    const struct sg_home *h = &cli->home;
    if (!waits(h))
        return w->key != NULL ? note_uri(cli, w, key) : make_key(cli, w, key);
    if (w->key != NULL)
        return sg_cli_fail(
            SG_CLI_REFUSED,
            "an issuing CA was asked for before, and its key waits in %s. Leave --key out to ask with it "
            "again, or remove that file.",
            access(h->next_uri, F_OK) == 0 ? h->next_uri : h->next_key);
    return sg_cli_load_ca_key(h->next_key, h->next_uri, "the key that waits for its certificate", &w->passphrase, key);
}

static int write_request(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w, struct sg_bytes der)
{
    struct sg_error err = {0};
    char space[3072];
    struct sg_buf pem = sg_buf(space, sizeof space);
    int r = sg_request_put_pem(&pem, der);
    if (r < 0)
        (void)sg_fail(&err, r, "cannot write the request as PEM");
    else if (w->out != NULL)
        r = sg_file_write(w->out, 0644, false, sg_buf_bytes(&pem), &err);
    else if (fwrite(pem.p, 1, pem.len, stdout) != pem.len)
        r = sg_fail(&err, SG_EIO, "cannot write the request to standard output");
    if (r < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (w->out != NULL && cli->json)
        return sg_cli_print_json(json_pack("{s:s}", "file", w->out));
    (void)fprintf(
        w->out != NULL ? stdout : stderr,
        "Next: have it signed on the host with the device root (`signet ca sign`), then `signet ca import`.\n");
    return SG_CLI_DONE;
}

int sg_cli_ca_request(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w)
{
    struct sg_error err = {0};
    uint8_t space[2048];
    struct sg_buf der = sg_buf(space, sizeof space);
    EVP_PKEY *key = NULL;
    if (sg_home_check(&cli->home, &err) < 0)
        return sg_cli_fail_err(err.code == SG_ENOTFOUND ? SG_CLI_NOTHING : SG_CLI_FAILED, &err);
    int code = get_key(cli, w, &key);
    if (code == 0 && sg_request_make(key, w->name != NULL ? w->name : "factory", &der, &err) < 0)
        code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    EVP_PKEY_free(key);
    return code == 0 ? write_request(cli, w, sg_buf_bytes(&der)) : code;
}
