/* SPDX-License-Identifier: Apache-2.0 */
/* signet modem attest: the modem proves who it is, and gives the token that others can verify. */
#include "modem.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

static void hex(const uint8_t *p, size_t n, char *text)
{
    for (size_t i = 0; i < n; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", p[i]);
}

static void uuid_text(const uint8_t uuid[16], char text[37])
{
    char digits[33];
    hex(uuid, 16, digits);
    (void)snprintf(text, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8, digits + 12, digits + 16, digits + 20);
}

static int print(const struct sg_cli_modem *d, const struct sg_cli_modem_identity *id)
{
    char challenge[33], firmware[37], key[SG_FINGERPRINT_TEXT];
    hex(d->challenge, sizeof d->challenge, challenge);
    uuid_text(id->firmware_uuid, firmware);
    (void)sg_cli_modem_key_text(id->point, key);
    if (d->cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "port", d->port, "imei",
                                           d->info.imei, "uuid", d->info.uuid, "firmware_uuid", firmware, "challenge",
                                           challenge, "token", id->token, "identity_key", key, "known_from", id->source,
                                           "endpoint", id->endpoint));
    sg_cli_modem_say(d, "Modem", "%s, %s", d->info.model, d->info.firmware);
    sg_cli_modem_say(d, "Device UUID", "%s", d->info.uuid);
    sg_cli_modem_say(d, "Firmware UUID", "%s", firmware);
    sg_cli_modem_say(d, "Challenge", "%s%s", challenge, d->has_challenge ? "" : " (random)");
    sg_cli_modem_say(d, "Identity key", "%.23s…, %s", key, sg_cli_modem_vouched(id));
    if (id->endpoint[0] != '\0')
        sg_cli_modem_say(d, "Device", "%s", id->endpoint);
    sg_cli_modem_say(d, "Token", "%s", id->token);
    return SG_CLI_DONE;
}

int sg_cli_modem_attest(struct sg_cli_modem *d)
{
    struct sg_cli_modem_identity id;
    if (!d->has_challenge && RAND_bytes(d->challenge, sizeof d->challenge) != 1)
        return sg_cli_fail(SG_CLI_FAILED, "no random numbers for a challenge.");
    int code = sg_cli_modem_begin(d);
    if (code != 0)
        return code;
    code = sg_cli_modem_identify(d, d->challenge, &id);
    if (code == 0 && !id.has_token)
        code = sg_cli_fail(SG_CLI_FAILED,
                           "the modem on %s cannot prove who it is: its firmware %s has no AT%%ATTESTTOKEN. Update the "
                           "firmware.",
                           d->port, d->info.firmware);
    return sg_cli_modem_end(d, code == 0 ? print(d, &id) : code);
}
