/* SPDX-License-Identifier: Apache-2.0 */
/* Who the modem is (modem notes 3.2). */
#include "sim_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sg_sim_model models[] = {
    {"nRF9151", "nRF9151-LACA", "nRF9151 LACA A0A", "mfw_nrf91x1_2.0.2", 6},
    {"nRF9160", "nRF9160-SICA", "nRF9160 SICA B1A", "mfw_nrf9160_1.3.6", 3},
    {"nRF9161", "nRF9161-LACA", "nRF9161 LACA A0A", "mfw_nrf91x1_2.0.2", 4},
};

const struct sg_sim_model *sg_sim_model(const char *option)
{
    if (option == NULL)
        return &models[0];
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (strcmp(models[i].option, option) == 0)
            return &models[i];
    return NULL;
}

bool sg_sim_firmware_at_least(const char *firmware, unsigned major, unsigned minor, unsigned patch)
{
    const unsigned wanted[] = {major, minor, patch};
    const char *version = strrchr(firmware, '_');

    for (size_t i = 0; version != NULL && i < 3; i++) {
        char *end;
        unsigned long part = strtoul(version + 1, &end, 10);
        if (end == version + 1 || part != wanted[i])
            return end != version + 1 && part > wanted[i];
        version = end;
    }
    return version != NULL;
}

char sg_sim_imei_check_digit(const char *fourteen)
{
    unsigned sum = 0;

    for (size_t i = 0; i < 14; i++) {
        unsigned digit = (unsigned)(fourteen[i] - '0');
        if (i % 2 == 1)
            digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
        sum += digit;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

int sg_sim_imei_after(const char *imei, size_t further, char out[16], struct sg_error *err)
{
    uint64_t fourteen;

    if (strlen(imei) != 15 || sg_parse_udec(sg_bytes(imei, 14), 99999999999999 - further, &fourteen) < 0)
        return sg_fail(err, SG_EINVAL, "\"%s\" is no IMEI that has %zu after it", imei, further);
    (void)snprintf(out, 16, "%014llu", (unsigned long long)(fourteen + further) % 100000000000000);
    out[14] = imei[14];
    if (further)
        out[14] = sg_sim_imei_check_digit(out);
    out[15] = 0;
    return 0;
}

static int say(struct sg_sim *s, const char *prefix, const char *text, const char *suffix)
{
    struct sg_buf *b = sg_sim_say(s);
    sg_put_str(b, prefix);
    sg_put_str(b, text);
    sg_put_str(b, suffix);
    sg_sim_said(s);
    return SG_SIM_OK;
}

int sg_sim_cgsn(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t what;
    char imeisv[17];

    if (s->no_imei)
        return SG_SIM_ERROR;
    if (c->form == SG_SIM_EXECUTE)
        return say(s, "", s->store.imei, "");
    if (c->form != SG_SIM_SET || c->count != 1 || !sg_sim_number(c, 0, 3, &what))
        return SG_SIM_ERROR;
    (void)snprintf(imeisv, sizeof imeisv, "%.14s01", s->store.imei); /* software version 01 for the check digit */
    switch (what) {
    case 0:
        return say(s, "", s->store.imei, "");
    case 1:
        return say(s, "+CGSN: \"", s->store.imei, "\"");
    case 2:
        return say(s, "+CGSN: \"", imeisv, "\"");
    default:
        return say(s, "+CGSN: \"", imeisv + 14, "\"");
    }
}

int sg_sim_cgmm(struct sg_sim *s, const struct sg_sim_command *c)
{
    return c->form == SG_SIM_EXECUTE ? say(s, "", s->model->model, "") : SG_SIM_ERROR;
}

int sg_sim_cgmr(struct sg_sim *s, const struct sg_sim_command *c)
{
    return c->form == SG_SIM_EXECUTE ? say(s, "", s->firmware, "") : SG_SIM_ERROR;
}

int sg_sim_hwversion(struct sg_sim *s, const struct sg_sim_command *c)
{
    return c->form == SG_SIM_EXECUTE ? say(s, "%HWVERSION: ", s->model->hardware, "") : SG_SIM_ERROR;
}

char *sg_sim_uuid_text(const uint8_t uuid[16], char text[SG_SIM_UUID_TEXT])
{
    size_t at = 0;

    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[at++] = '-';
        at += (size_t)snprintf(text + at, SG_SIM_UUID_TEXT - at, "%02x", uuid[i]);
    }
    return text;
}

void sg_sim_uuid_mark(uint8_t uuid[16])
{
    uuid[6] = (uint8_t)((uuid[6] & 0x0F) | 0x40);
    uuid[8] = (uint8_t)((uuid[8] & 0x3F) | 0x80);
}

int sg_sim_deviceuuid(struct sg_sim *s, const struct sg_sim_command *c)
{
    char text[SG_SIM_UUID_TEXT];
    return c->form == SG_SIM_EXECUTE && s->firmware_has.keygen
               ? say(s, "%DEVICEUUID: ", sg_sim_uuid_text(s->store.uuid, text), "")
               : SG_SIM_ERROR;
}

/* Whose answers no manual that was read tells (modem notes 3.2). */
int sg_sim_guess(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint8_t uuid[16];
    char text[SG_SIM_UUID_TEXT];

    if (c->form != SG_SIM_EXECUTE || !sg_sim_is(s, SG_SIM_GUESSES, "yes"))
        return SG_SIM_ERROR;
    switch (c->name.p[1] | 0x20) {
    case 'c':
        return say(s, "", "Nordic Semiconductor ASA", "");
    case 's':
        return say(s, "%SHORTSWVER: ", s->firmware + strlen("mfw_"), "");
    default:
        sg_sim_firmware_uuid(s, uuid);
        return say(s, "%XMODEMUUID: ", sg_sim_uuid_text(uuid, text), "");
    }
}
