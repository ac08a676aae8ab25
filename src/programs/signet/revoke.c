/* SPDX-License-Identifier: Apache-2.0 */
/* signet revoke: shuts one device out. By signetd where it runs, so that it acts at once; else in the inventory. */
#include "api_client.h"
#include "commands.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { REASON, YES };
static const struct sg_cli_option options[] = {
    [REASON] = {"--reason", "REASON", "why, one of those above"},
    [YES] = {"--yes", NULL, "do not ask"},
    {NULL, NULL, NULL},
};

#define REASONS "key-compromise, superseded, cessation, privilege-withdrawn, affiliation-changed or unspecified"

struct wanted {
    const char *endpoint, *reason_name;
    enum sg_reason reason;
    bool yes;
};

static int parse(struct sg_cli *cli, struct wanted *w)
{
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        if (i == SG_CLI_BAD)
            return SG_CLI_USAGE;
        if (i == YES)
            w->yes = true;
        else if (i == REASON && sg_reason_parse(cli->value, &w->reason) < 0)
            return sg_cli_usage(cli, "%s is no reason. Reasons are " REASONS ".", cli->value);
        else if (i == REASON)
            w->reason_name = cli->value;
        else if (w->endpoint != NULL)
            return sg_cli_usage(cli, "there is one word too many: %s. Devices are revoked one at a time.", cli->value);
        else
            w->endpoint = cli->value;
    }
    if (w->endpoint == NULL)
        return sg_cli_usage(cli, "the endpoint name is missing: which device?");
    if (w->reason_name == NULL)
        return sg_cli_usage(cli, "the reason is missing. Give --reason " REASONS ".");
    return 0;
}

/* ----------------------------------------------------------------------------------------- in the inventory */

struct found {
    struct sg_store *store;
    const struct wanted *w;
    const char *who;
    int64_t now, device;
    unsigned valid, revoked;
    int64_t numbers[16]; /* of the certificates that are valid: normally one */
    struct sg_fingerprint newest;
    int64_t newest_until;
    unsigned psks;
    int64_t psk_numbers[16]; /* of the pre-shared keys that are in use */
};

static int take_cert(void *user, const struct sg_cert_row *row)
{
    struct found *f = user;
    if (row->state != SG_CERT_ACTIVE && row->state != SG_CERT_ISSUED)
        return 0;
    if (f->valid < sizeof f->numbers / sizeof f->numbers[0])
        f->numbers[f->valid++] = row->number;
    f->newest = row->facts.fingerprint;
    f->newest_until = row->facts.until;
    return 0;
}

static int take_psk(void *user, const struct sg_psk_row *row)
{
    struct found *f = user;
    if (row->state != SG_CERT_ACTIVE && row->state != SG_CERT_ISSUED)
        return 0;
    if (f->psks < sizeof f->psk_numbers / sizeof f->psk_numbers[0])
        f->psk_numbers[f->psks++] = row->number;
    return 0;
}

static int gather(struct found *f, struct sg_error *err)
{
    int r = sg_store_each_cert(f->store, SG_CERT_DEVICE, f->device, take_cert, f, err);
    return r == 0 ? sg_store_each_psk(f->store, f->device, take_psk, f, err) : r;
}

/* What there is now, not what there was before the question; so many at a time as are remembered, until none is left.
 */
static int revoke_all(struct found *f, struct sg_error *err)
{
    struct found present;
    int r = sg_store_begin(f->store, err);
    if (r < 0)
        return r;
    do {
        present = (struct found){.store = f->store, .device = f->device};
        r = gather(&present, err);
        for (unsigned i = 0; i < present.valid && r == 0; i++)
            r = sg_store_revoke_cert(f->store, present.numbers[i], f->w->reason, f->now, f->who, err);
        for (unsigned i = 0; i < present.psks && r == 0; i++)
            r = sg_store_revoke_psk(f->store, present.psk_numbers[i], f->w->reason, f->now, f->who, err);
    } while (r == 0 && present.valid + present.psks > 0);
    if (r == 0)
        return sg_store_commit(f->store, err);
    sg_store_rollback(f->store);
    return r;
}

/* What can be revoked of the device. 0, or an exit code after a sentence. */
static int look(struct found *f)
{
    struct sg_device device;
    struct sg_error err = {0};
    int r = sg_store_find_device(f->store, f->w->endpoint, &device, &err);
    if (r == SG_ENOTFOUND)
        return sg_cli_fail(SG_CLI_NOTHING,
                           "there is no device \"%s\" in the inventory. `signet devices` lists those that there are.",
                           f->w->endpoint);
    f->device = device.number;
    if (r == 0)
        r = gather(f, &err);
    if (r < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (f->valid == 0 && f->psks == 0)
        return sg_cli_fail(SG_CLI_NOTHING, "%s has no identity that could be revoked (the device is %s).",
                           device.endpoint, sg_device_state_name(device.state));
    return 0;
}

/* "certificate 5d:e1:…", or "pre-shared key". */
static const char *identity_text(const struct found *f, unsigned pairs, char text[SG_CLI_FP + 16])
{
    char short_fp[SG_CLI_FP];
    if (f->valid == 0)
        return "pre-shared key";
    (void)snprintf(text, SG_CLI_FP + 16, "certificate %s", sg_cli_short_fp(&f->newest, pairs, short_fp));
    return text;
}

static bool ask(const struct found *f)
{
    char question[512], text[SG_CLI_FP + 16];
    (void)snprintf(question, sizeof question,
                   "This shuts %s out for good: its %s can never be used again, and the board needs a new "
                   "one (`signet enroll --renew`, with the board at hand).",
                   f->w->endpoint, identity_text(f, 4, text));
    return sg_cli_confirm(question, f->w->yes);
}

/* ------------------------------------------------------------------------------------------------- by signetd */

static int print_done(const struct sg_cli *cli, const struct found *f, json_t *answer)
{
    char text[SG_CLI_FP + 16], fingerprint[SG_FINGERPRINT_TEXT];
    if (cli->json && answer == NULL)
        answer = json_pack("{s:s, s:s, s:s?, s:i, s:i}", "endpoint", f->w->endpoint, "reason", f->w->reason_name,
                           "fingerprint", f->valid > 0 ? sg_fingerprint_text(&f->newest, fingerprint) : NULL,
                           "certificates", (int)f->valid, "pre_shared_keys", (int)f->psks);
    if (cli->json)
        return sg_cli_print_json(answer);
    (void)printf("Revoked %s (%s).", f->w->endpoint, identity_text(f, 2, text));
    if (answer != NULL) {
        int workers = (int)json_integer_value(json_object_get(answer, "workers"));
        (void)printf(" %s, %s, %d %s confirmed in %lld ms.\n",
                     json_integer_value(json_object_get(answer, "associations")) > 0 ? "Live association ended"
                                                                                     : "No live association",
                     json_integer_value(json_object_get(answer, "registrations")) > 0 ? "registration removed"
                                                                                      : "no registration",
                     workers, workers == 1 ? "worker" : "workers",
                     (long long)json_integer_value(json_object_get(answer, "took_ms")));
    } else {
        (void)printf(" signetd does not run on this home: it will refuse the device when it starts.\n");
    }
    (void)printf("A new identity for this board: `signet enroll --renew`.\n");
    json_decref(answer);
    return SG_CLI_DONE;
}

static int revoke(const struct sg_cli *cli, struct found *f)
{
    struct sg_error err = {0};
    char path[SG_CLIENT_PATH];
    json_t *answer = NULL;
    int r = SG_ECLOSED;
    struct sg_client *client = sg_client_open(&cli->home, &err);
    if (client != NULL) {
        json_t *body = json_pack("{s:s}", "reason", f->w->reason_name);
        r = sg_client_call(client, "POST", sg_client_path(f->w->endpoint, "revoke", NULL, path), body, &answer, &err);
        json_decref(body);
        sg_client_close(client);
    } else {
        r = err.code;
    }
    if (r == SG_ECLOSED)
        r = revoke_all(f, &err);
    if (r < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    return print_done(cli, f, answer);
}

static int run(struct sg_cli *cli)
{
    struct wanted w = {.yes = false};
    int code = parse(cli, &w);
    if (code != 0)
        return code;
    struct found f = {.w = &w, .who = sg_cli_who(), .now = (int64_t)time(NULL)};
    f.store = sg_cli_open_store(cli, &code);
    if (f.store == NULL)
        return code;
    code = look(&f);
    if (code == 0)
        code = ask(&f) ? revoke(cli, &f) : SG_CLI_REFUSED;
    sg_store_close(f.store);
    return code;
}

const struct sg_cli_command sg_cli_revoke = {
    "revoke",
    "ENDPOINT --reason REASON [--yes]",
    "shuts one device out, at once and for good",
    "The certificate is revoked in the inventory; a running signetd ends the live\n"
    "association and removes the registration within a second. Other devices notice\n"
    "nothing. Reasons: key-compromise, superseded, cessation, privilege-withdrawn,\n"
    "affiliation-changed, unspecified (RFC 5280 section 5.3.1).\n",
    options,
    run,
};
