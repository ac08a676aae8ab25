/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a modem is: two tokens over fresh challenges must be signed by one key, and where the inventory knows a key for
 * that device UUID (the maker's list, or first sight), it must be that one. Modem notes 2.3 and 3.1.
 */
#include "modem.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

const char *sg_cli_modem_vouched(const struct sg_cli_modem_identity *id)
{
    if (strcmp(id->source, "maker") == 0)
        return "the maker's list has it";
    if (strcmp(id->source, "first-sight") == 0)
        return "the one that this modem was first seen with";
    return "worked out now: this home does not know it, so nobody vouches for it";
}

char *sg_cli_modem_key_text(const uint8_t point[SG_POINT], char text[SG_FINGERPRINT_TEXT])
{
    struct sg_fingerprint f;
    EVP_PKEY *key = point[0] != 0 ? sg_key_from_point(point, NULL) : NULL;
    text[0] = '\0';
    if (key != NULL && sg_key_fingerprint(key, &f) == 0)
        (void)sg_fingerprint_text(&f, text);
    EVP_PKEY_free(key);
    return text;
}

/* The text between the quotes of "%ATTESTTOKEN: "…"". */
static int get_text(struct sg_buf *reply, char *text, size_t cap)
{
    const char *all = sg_buf_cstr(reply), *begin = strchr(all, '"');
    const char *end = begin != NULL ? strchr(begin + 1, '"') : NULL;
    if (end == NULL || (size_t)(end - begin) > cap)
        return SG_EFORMAT;
    memcpy(text, begin + 1, (size_t)(end - begin - 1));
    text[end - begin - 1] = '\0';
    return 0;
}

/* One token; its text too, which others may want to verify. SG_EUNSUPPORTED. */
static int get_token(struct sg_cli_modem *d, const uint8_t challenge[16], struct sg_attestation *a, char text[512])
{
    uint8_t space[1024], command_space[64];
    struct sg_buf reply = sg_buf(space, sizeof space), command = sg_buf(command_space, sizeof command_space);
    sg_put_str(&command, "AT%ATTESTTOKEN=\"");
    sg_put_hex(&command, sg_bytes(challenge, 16));
    sg_put_str(&command, "\"");
    int r = sg_modem_command(&d->modem, sg_buf_bytes(&command), &reply, 15000);
    if (r == SG_EDENIED && d->modem.cme <= SG_CME_FAILURE) /* what a modem says to commands it does not have */
        return SG_EUNSUPPORTED;
    if (r == 0)
        r = get_text(&reply, text, 512);
    return r < 0 ? r : sg_attestation_parse(sg_str(text), a);
}

static int check_token(const struct sg_cli_modem *d, const struct sg_attestation *a, const uint8_t challenge[16])
{
    const char *what = NULL;
    if (memcmp(a->nonce, challenge, sizeof a->nonce) != 0)
        what = "is for another challenge: it is not fresh";
    else if (d->info.uuid[0] != '\0' && memcmp(a->uuid, d->info.uuid_bytes, sizeof a->uuid) != 0)
        what = "names another device UUID than AT%DEVICEUUID";
    else if (a->key_id != SG_KEY_ID_IDENTITY)
        what = "is not signed by its identity key, but by another of its keys";
    if (what == NULL)
        return 0;
    return sg_cli_fail(SG_CLI_REFUSED, "the token of the modem on %s (AT%%ATTESTTOKEN) %s.", d->port, what);
}

static bool is_signed(const uint8_t point[SG_POINT], const struct sg_attestation *a)
{
    EVP_PKEY *key = sg_key_from_point(point, NULL);
    bool ok = key != NULL && sg_attest_verify(key, a->protected_header, a->body, sg_bytes(NULL, 0), a->signature) == 0;
    EVP_PKEY_free(key);
    return ok;
}

static int work_out(const struct sg_cli_modem *d, const struct sg_attestation *first,
                    const struct sg_attestation *second, struct sg_cli_modem_identity *id)
{
    uint8_t points[2][SG_POINT];
    if (sg_attest_recover(first->protected_header, first->body, sg_bytes(NULL, 0), first->signature, points) == 0)
        for (size_t i = 0; i < 2; i++)
            if (is_signed(points[i], second)) {
                memcpy(id->point, points[i], SG_POINT);
                return 0;
            }
    return sg_cli_fail(
        SG_CLI_REFUSED,
        "two tokens of the modem on %s are not signed by one key: they were altered, or do not come from "
        "one modem.",
        d->port);
}

/* What the inventory knows of it, where there is a home. */
static int ask_inventory(const struct sg_cli_modem *d, uint8_t known[SG_POINT], struct sg_cli_modem_identity *id)
{
    struct sg_device device;
    struct sg_identity listed;
    struct sg_error err = {0};
    int code = 0;
    known[0] = 0;
    if (sg_home_check(&d->cli->home, &err) == SG_ENOTFOUND)
        return 0;
    struct sg_store *store = sg_cli_open_store(d->cli, &code);
    if (store == NULL)
        return code;
    int r = sg_store_find_modem(store, d->info.uuid, d->info.imei, &device, &err);
    if (r == 0) {
        (void)snprintf(id->endpoint, sizeof id->endpoint, "%s", device.endpoint);
        memcpy(known, device.identity, SG_POINT);
        if (known[0] != 0)
            id->source = sg_identity_source_name(device.identity_source);
    }
    if (r == 0 || r == SG_ENOTFOUND)
        r = sg_store_find_identity(store, d->info.uuid, &listed, &err);
    if (r == 0) {
        memcpy(known, listed.point, SG_POINT);
        id->source = sg_identity_source_name(SG_IDENTITY_MAKER);
    }
    sg_store_close(store);
    return r == 0 || r == SG_ENOTFOUND ? 0 : sg_cli_fail_err(SG_CLI_FAILED, &err);
}

int sg_cli_modem_identify(struct sg_cli_modem *d, const uint8_t challenge[16], struct sg_cli_modem_identity *id)
{
    static struct sg_attestation first, second;
    uint8_t again[16], known[SG_POINT];
    char text[512];
    *id = (struct sg_cli_modem_identity){.source = sg_identity_source_name(SG_IDENTITY_UNKNOWN)};
    int code = ask_inventory(d, known, id);
    if (code != 0)
        return code;
    if (RAND_bytes(again, sizeof again) != 1)
        return sg_cli_fail(SG_CLI_FAILED, "no random numbers for a challenge.");
    int r = get_token(d, challenge, &first, id->token);
    if (r == SG_EUNSUPPORTED) {
        memcpy(id->point, known, SG_POINT);
        return 0;
    }
    if (r == 0)
        r = get_token(d, again, &second, text);
    if (r < 0)
        return sg_cli_modem_fail(d, r, "vouching for itself (AT%%ATTESTTOKEN)");
    id->has_token = true;
    memcpy(id->firmware_uuid, first.firmware_uuid, sizeof id->firmware_uuid);
    code = check_token(d, &first, challenge);
    if (code == 0)
        code = check_token(d, &second, again);
    if (code == 0)
        code = work_out(d, &first, &second, id);
    if (code != 0 || known[0] == 0 || memcmp(known, id->point, SG_POINT) == 0)
        return code;
    return sg_cli_fail(SG_CLI_REFUSED,
                       "the modem on %s is not the one with UUID %s that %s: its tokens are signed by another identity "
                       "key. It is another modem that says the same UUID.",
                       d->port, d->info.uuid,
                       strcmp(id->source, "maker") == 0 ? "the maker's list has" : "was first seen");
}
