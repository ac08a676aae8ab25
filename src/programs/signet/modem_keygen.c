/* SPDX-License-Identifier: Apache-2.0 */
/* signet modem keygen: a private key that nobody can copy, and its request, verified whole (modem notes 9.10). */
#include "modem.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct making {
    struct sg_cli_modem *d;
    uint32_t tag;
    struct sg_keygen k;
    struct sg_cli_modem_identity id;
    struct sg_request *request;
    const char *vouched; /* what is known of who signed the reply */
    uint8_t text_space[4096];
    struct sg_buf text; /* the request as it goes out */
};

/* What would be found out too late, once there is a key. */
static int check_before(const struct sg_cli_modem *d)
{
    if (d->tag > SG_TAG_MAX)
        return sg_cli_usage(d->cli, "--tag takes a number from 0 to %d (higher ones are the modem's own).", SG_TAG_MAX);
    if (d->usage != NULL && (strlen(d->usage) != 9 || strspn(d->usage, "01") != 9))
        return sg_cli_usage(d->cli, "--usage takes nine binary digits, not %s.", d->usage);
    /* Modem notes 9.13: neither commas in a value nor quotes can be told. */
    if (d->subject != NULL &&
        (strchr(d->subject, '"') != NULL || strchr(d->subject, '=') == NULL || strlen(d->subject) > 256))
        return sg_cli_usage(d->cli, "--subject takes attributes as \"CN=meter-7,O=Maker\", not %s.", d->subject);
    if (d->der && d->out == NULL)
        return sg_cli_usage(d->cli, "--der writes to a file: name it with --out.");
    if (d->out != NULL && access(d->out, F_OK) == 0)
        return sg_cli_fail(SG_CLI_REFUSED, "%s is there already. No key was made; name another file.", d->out);
    return 0;
}

static int check_empty(const struct making *w)
{
    struct sg_cred there;
    int found = sg_modem_find(&w->d->modem, w->tag, SG_CRED_KEY, &there);
    if (found < 0)
        return sg_cli_modem_fail(w->d, found, "listing what is at tag %u", w->tag);
    if (found == 0)
        return 0;
    return sg_cli_fail(
        SG_CLI_REFUSED,
        "the modem on %s has a private key at tag %u already (error 519). Use another tag, or delete that "
        "key first: there is no copy of it.",
        w->d->port, w->tag);
}

static int fail_verify(const struct making *w, const char *what)
{
    return sg_cli_fail(SG_CLI_FAILED,
                       "the key that the modem on %s made at tag %u is not to be trusted: %s. Delete it (`signet modem "
                       "delete --tag %u --type key`) and look at the line.",
                       w->d->port, w->tag, what, w->tag);
}

static int verify(struct making *w)
{
    const struct sg_keygen *k = &w->k;
    struct sg_error err = {0};
    uint8_t digest[32];
    char text[700];
    const char *what;
    sg_sha256(k->body, digest);
    if (sg_keygen_check(k, w->tag, w->d->info.uuid[0] != '\0' ? w->d->info.uuid_bytes : NULL, digest, &what) < 0) {
        (void)snprintf(text, sizeof text, "its reply names another %s", what);
        return fail_verify(w, text);
    }
    w->request = sg_request_parse(k->body, &err);
    if (w->request == NULL) {
        (void)snprintf(text, sizeof text, "its request is refused: %s", err.text);
        return fail_verify(w, text);
    }
    if (k->key_id != SG_KEY_ID_IDENTITY)
        return fail_verify(w, "its reply is not signed by the identity key");
    w->vouched = "not checked: the firmware has no AT%ATTESTTOKEN, and this home does not know its identity key";
    if (w->id.point[0] == 0)
        return 0;
    EVP_PKEY *key = sg_key_from_point(w->id.point, &err);
    int r = key == NULL ? SG_ECRYPTO : sg_attest_verify(key, k->protected_header, k->body, k->payload, k->signature);
    EVP_PKEY_free(key);
    if (r < 0)
        return fail_verify(w, "its reply is not signed by the identity key of this modem");
    w->vouched = sg_cli_modem_vouched(&w->id);
    return 0;
}

static int encode(struct making *w)
{
    w->text = sg_buf(w->text_space, sizeof w->text_space);
    if (w->d->der) {
        sg_put_bytes(&w->text, w->k.body);
        return 0;
    }
    int r = sg_request_put_pem(&w->text, w->k.body); /* what was hashed and signed: not encoded anew */
    return r == 0 ? 0 : sg_cli_fail(SG_CLI_FAILED, "encoding the request failed.");
}

static int print(struct making *w)
{
    struct sg_cli_modem *d = w->d;
    struct sg_error err = {0};
    char cn[128] = "", key_text[SG_FINGERPRINT_TEXT] = "", identity[SG_FINGERPRINT_TEXT];
    struct sg_fingerprint f;
    EVP_PKEY *key = sg_request_key(w->request);
    if (key != NULL && sg_key_fingerprint(key, &f) == 0)
        (void)sg_fingerprint_text(&f, key_text);
    EVP_PKEY_free(key);
    (void)sg_request_cn(w->request, cn, sizeof cn);
    const char *text = sg_buf_cstr(&w->text);
    int code = SG_CLI_DONE;
    bool filed = d->out != NULL && sg_file_write(d->out, 0644, true, sg_buf_bytes(&w->text), &err) == 0;
    if (d->out != NULL && !filed) /* the request is not lost all the same: it follows on standard output */
        code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (d->cli->json) {
        int printed = sg_cli_print_json(json_pack(
            "{s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "port", d->port, "tag", (json_int_t)w->tag, "uuid",
            d->info.uuid, "cn", cn, "key", key_text, "identity_key", sg_cli_modem_key_text(w->id.point, identity),
            "known_from", w->id.source, "file", filed ? d->out : "", "request", d->der ? "" : text));
        return code != SG_CLI_DONE ? code : printed;
    }
    if (!filed && !d->der) {
        (void)fputs(text, stdout);
        return code;
    }
    sg_cli_modem_say(d, "Key", "made in the modem at tag %u; it cannot be read out (%.23s…)", w->tag, key_text);
    sg_cli_modem_say(d, "Request", "CN=%s; its own signature, digest, tag and device UUID are right", cn);
    sg_cli_modem_say(d, "Signed", "by the modem's identity key, %s", w->vouched);
    if (filed)
        sg_cli_modem_say(d, "Written", "%s", d->out);
    return code;
}

/* A reply that was lost leaves a key whose public half nobody knows (modem notes 9.8). */
static int fail_keygen(const struct making *w, int r)
{
    struct sg_cred there;
    int code = sg_cli_modem_fail(w->d, r, "making a key at tag %u", w->tag);
    if (r != SG_EDENIED && sg_modem_find(&w->d->modem, w->tag, SG_CRED_KEY, &there) == 1)
        (void)sg_cli_fail(code,
                          "there is a key at tag %u now whose request was lost. Delete it (`signet modem delete --tag "
                          "%u --type key`), and make another.",
                          w->tag, w->tag);
    return code;
}

static int work(struct making *w)
{
    uint8_t challenge[16];
    int code = check_empty(w);
    if (code == 0)
        code = sg_cli_modem_prepare(w->d);
    if (code == 0 && RAND_bytes(challenge, sizeof challenge) != 1)
        code = sg_cli_fail(SG_CLI_FAILED, "no random numbers for a challenge.");
    if (code == 0)
        code = sg_cli_modem_identify(w->d, challenge, &w->id);
    if (code != 0)
        return code;
    int r = sg_modem_keygen(&w->d->modem, w->tag, w->d->subject, w->d->usage, &w->k);
    if (r < 0)
        return fail_keygen(w, r);
    code = verify(w);
    if (code == 0)
        code = encode(w);
    return code == 0 ? print(w) : code;
}

int sg_cli_modem_keygen(struct sg_cli_modem *d)
{
    static struct making making;
    struct making *w = &making;
    *w = (struct making){.d = d, .tag = (uint32_t)d->tag};
    int code = check_before(d);
    if (code == 0)
        code = sg_cli_modem_begin(d);
    if (code == 0)
        code = sg_cli_modem_end(d, work(w));
    sg_request_free(w->request);
    return code;
}
