/* SPDX-License-Identifier: Apache-2.0 */
/* signet modem lock, unlock: a key of ours without which nobody changes the modem's store (modem notes 3.4). */
#include "modem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int sg_cli_modem_lock_path(const struct sg_cli_modem *d, char path[SG_PATH])
{
    int n = d->key != NULL ? snprintf(path, SG_PATH, "%s", d->key)
                           : snprintf(path, SG_PATH, "%s/modem-lock.key", d->cli->home.dir);
    return n < SG_PATH ? 0 : sg_cli_fail(SG_CLI_FAILED, "the path of the key file is too long.");
}

int sg_cli_modem_read_lock_key(struct sg_cli_modem *d, const char *path)
{
    struct sg_error err = {0};
    struct sg_secret passphrase = {.n = 0};
    const struct sg_cli_passphrase ask = {.fd = -1};
    if (access(path, F_OK) != 0)
        return sg_cli_fail(
            SG_CLI_REFUSED,
            "the modem on %s is locked: it takes commands only that are signed with its key, and there is "
            "no %s. Name the key's file with --key FILE.",
            d->port, path);
    int code = sg_key_is_encrypted(path) ? sg_cli_passphrase(&ask, path, false, &passphrase) : 0;
    if (code != 0)
        return code;
    d->lock_key = sg_key_read(path, &passphrase, &err);
    sg_secret_wipe(&passphrase);
    return d->lock_key != NULL ? 0 : sg_cli_fail_err(err.code == SG_EDENIED ? SG_CLI_REFUSED : SG_CLI_FAILED, &err);
}

/* ------------------------------------------------------------------------------------------------------- lock */

/* The key in the file, or a new one, made there first: a modem must never have a key that is nowhere. */
static int get_key(struct sg_cli_modem *d, char path[SG_PATH], bool *fresh)
{
    struct sg_error err = {0};
    int code = sg_cli_modem_lock_path(d, path);
    if (code != 0)
        return code;
    *fresh = access(path, F_OK) != 0;
    if (!*fresh)
        return sg_cli_modem_read_lock_key(d, path);
    if (d->key == NULL && sg_home_check(&d->cli->home, &err) < 0)
        return sg_cli_fail(SG_CLI_NOTHING, "%s Or name a file for the key with --key FILE.", err.text);
    d->lock_key = sg_key_new(SG_P256, &err);
    if (d->lock_key == NULL || sg_key_write(path, d->lock_key, NULL, &err) < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    sg_cli_modem_say(d, "Key", "made in %s; only you can read it. Keep a copy in a safe place.", path);
    return 0;
}

static bool confirm(const struct sg_cli_modem *d, const char *path)
{
    char question[SG_PATH + 300];
    (void)snprintf(question, sizeof question,
                   "From then on the store of the modem on %s changes only by commands that are signed with the key in "
                   "%s. If that key is lost, nobody can change the store again, nor unlock it.",
                   d->port, path);
    return sg_cli_confirm(question, d->yes);
}

static int refuse_locked(const struct sg_cli_modem *d)
{
    return sg_cli_fail(SG_CLI_REFUSED,
                       "the modem on %s is locked already. `signet modem info` tells with which key; `signet modem "
                       "unlock` removes it.",
                       d->port);
}

/* The modem must tell the very key that it was given. */
static int compare(struct sg_cli_modem *d, struct sg_bytes meant)
{
    uint8_t space[1024];
    struct sg_buf pem = sg_buf(space, sizeof space);
    int state = sg_modem_lock_state(&d->modem, &pem);
    if (state < 0)
        return sg_cli_modem_fail(d, state, "telling the key that it was locked with (AT%%XPMNG=2)");
    if (state == 1 && sg_bytes_eq(sg_buf_bytes(&pem), meant))
        return 0;
    return sg_cli_fail(SG_CLI_FAILED, "the modem on %s took the key, and does not tell the same one.", d->port);
}

static int print(const struct sg_cli_modem *d, const char *path, bool fresh)
{
    char text[SG_FINGERPRINT_TEXT] = "";
    struct sg_fingerprint f;
    if (sg_key_fingerprint(d->lock_key, &f) == 0)
        (void)sg_fingerprint_text(&f, text);
    if (d->cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:b, s:i, s:s, s:s, s:b}", "port", d->port, "locked", true, "tag",
                                           (int)d->modem.lock_tag, "key", text, "file", path, "made", fresh));
    sg_cli_modem_say(d, "Locked", "with the key %.23s… in %s", text, path);
    sg_cli_modem_say(d, "From now on",
                     "write, delete and keygen sign their commands with it; `signet modem unlock` "
                     "removes the lock");
    return SG_CLI_DONE;
}

static int lock(struct sg_cli_modem *d)
{
    uint8_t space[1024];
    struct sg_buf pem = sg_buf(space, sizeof space);
    char path[SG_PATH];
    bool fresh;
    int state = sg_modem_lock_state(&d->modem, NULL);
    if (state == 1)
        return refuse_locked(d);
    if (state == SG_EUNSUPPORTED)
        return sg_cli_fail(SG_CLI_FAILED, "the modem on %s cannot be locked: its firmware %s has no AT%%XPMNG.",
                           d->port, d->info.firmware);
    if (state < 0)
        return sg_cli_modem_fail(d, state, "telling whether it is locked (AT%%XPMNG=2)");
    int code = sg_cli_modem_lock_path(d, path);
    if (code == 0 && !confirm(d, path))
        code = SG_CLI_REFUSED;
    if (code == 0)
        code = sg_cli_modem_prepare(d);
    if (code == 0 && d->modem.locked) /* with another tag */
        code = refuse_locked(d);
    if (code == 0)
        code = get_key(d, path, &fresh);
    if (code != 0)
        return code;
    if (sg_key_put_public(&pem, d->lock_key) < 0)
        return sg_cli_fail(SG_CLI_FAILED, "the key in %s cannot be written as a public key.", path);
    int r = sg_modem_lock(&d->modem, sg_buf_bytes(&pem));
    if (r == SG_EEXISTS)
        return refuse_locked(d);
    if (r == SG_EUNSUPPORTED)
        return sg_cli_modem_fail(d, r, "the key that locks it, which has several lines");
    if (r < 0)
        return sg_cli_modem_fail(d, r, "taking the key that locks it (AT%%XPMNG). It must be a key of P-256");
    code = compare(d, sg_buf_bytes(&pem));
    return code == 0 ? print(d, path, fresh) : code;
}

int sg_cli_modem_lock(struct sg_cli_modem *d)
{
    if (d->tag > SG_LOCK_TAG_MAX)
        return sg_cli_usage(d->cli, "a lock has a tag from 0 to %d.", SG_LOCK_TAG_MAX);
    int code = sg_cli_modem_begin(d);
    if (code != 0)
        return code;
    d->modem.lock_tag = (uint8_t)(d->tag > 0 ? d->tag : 0);
    return sg_cli_modem_end(d, lock(d));
}

/* ----------------------------------------------------------------------------------------------------- unlock */

static int unlock(struct sg_cli_modem *d)
{
    int code = sg_cli_modem_prepare(d);
    if (code != 0)
        return code;
    if (!d->modem.locked)
        return sg_cli_fail(SG_CLI_NOTHING, "the modem on %s is not locked.", d->port);
    int r = sg_modem_unlock(&d->modem);
    if (r < 0)
        return sg_cli_modem_fail(d, r, "deleting the key that locks it");
    r = sg_modem_lock_state(&d->modem, NULL);
    if (r != 0)
        return sg_cli_fail(SG_CLI_FAILED, "the modem on %s deleted the key that locks it, and still tells one.",
                           d->port);
    if (d->cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:b}", "port", d->port, "locked", false));
    sg_cli_modem_say(d, "Unlocked",
                     "whoever is at its port can change the store now. The key's file stays: other "
                     "modems may be locked with it.");
    return SG_CLI_DONE;
}

int sg_cli_modem_unlock(struct sg_cli_modem *d)
{
    if (d->tag > SG_LOCK_TAG_MAX)
        return sg_cli_usage(d->cli, "a lock has a tag from 0 to %d.", SG_LOCK_TAG_MAX);
    int code = sg_cli_modem_begin(d);
    if (code != 0)
        return code;
    d->modem.lock_tag = (uint8_t)(d->tag > 0 ? d->tag : 0);
    return sg_cli_modem_end(d, unlock(d));
}
