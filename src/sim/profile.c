/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs from one modem firmware to the next, and the switches for what the manuals leave open (modem notes,
 * section 10): the first value of each is the most cautious reading, and the default.
 */
#include "sim_internal.h"

#include <string.h>

static const struct sg_sim_profile profiles[] = {
    {"nrf91x1-2.0.x", "nRF9151", "mfw_nrf91x1_2.0.2"}, {"nrf91x1-2.0.4", "nRF9151", "mfw_nrf91x1_2.0.4"},
    {"nrf91x1-2.0.1", "nRF9161", "mfw_nrf91x1_2.0.1"}, {"nrf9151-ntn-1.x", "nRF9151", "mfw_nrf9151-ntn_1.0.0"},
    {"nrf9160-1.3.x", "nRF9160", "mfw_nrf9160_1.3.6"}, {"nrf9160-1.3.1", "nRF9160", "mfw_nrf9160_1.3.1"},
    {"nrf9160-1.2.x", "nRF9160", "mfw_nrf9160_1.2.7"},
};

const struct sg_sim_profile *sg_sim_profile(size_t at)
{
    return at < sizeof profiles / sizeof *profiles ? &profiles[at] : NULL;
}

const struct sg_sim_profile *sg_sim_profile_named(const char *name)
{
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i];
    return NULL;
}

static const struct sg_sim_setting settings[SG_SIM_SETTINGS] = {
    [SG_SIM_READ_CERT] = {"read-cert", {"no", "yes"}, "AT%CMNG=2 returns a client certificate (type 1)"},
    [SG_SIM_READ_IDENTITY] = {"read-identity", {"no", "yes"}, "AT%CMNG=2 returns the identity public key (type 6)"},
    [SG_SIM_READ_REFUSED] = {"read-refused", {"514", "513", "50"}, "the error when a credential cannot be read"},
    [SG_SIM_OVERWRITE] = {"overwrite", {"public", "none", "all"}, "types that AT%CMNG=0 overwrites; others: 519"},
    [SG_SIM_LIST_ORDER] = {"list-order", {"scattered", "sorted"}, "the order of AT%CMNG=1's lines"},
    [SG_SIM_LIST_BLANKS] = {"list-blanks", {"no", "yes"}, "blanks after the commas of %CMNG lines"},
    [SG_SIM_OTHER_TYPES] = {"other-types", {"none", "listed"}, "entries of types 9 and 13 from the factory"},
    [SG_SIM_KEY_DIGEST] = {"key-digest",
                           {"public", "private", "zero"},
                           "what is hashed for a key that was made inside"},
    [SG_SIM_KEYGEN_RESPONSE] = {"keygen-response",
                                {"required", "request", "public"},
                                "AT%KEYGEN for a client key without <response_content>"},
    [SG_SIM_KEYGEN_CN] = {"keygen-cn", {"none", "uuid"}, "the common name where the attributes have none"},
    [SG_SIM_KEYGEN_IDS] = {"keygen-ids", {"few", "many"}, "attribute ids: CN, O, L, C; or OU and ST as well"},
    [SG_SIM_PASSWORD] = {"password", {"refused", "ignored"}, "AT%CMNG=0 with a PKCS #8 password"},
    [SG_SIM_PSK_MAX] = {"psk-max", {"32", "64"}, "bytes of the longest pre-shared key"},
    [SG_SIM_PSK_BESIDE] = {"psk-beside",
                           {"fails", "certificate", "psk"},
                           "what a handshake uses where a tag holds a pre-shared key beside a certificate"},
    [SG_SIM_XPMNG_EXISTS] = {"xpmng-exists", {"519", "520"}, "the error of AT%XPMNG=0 where there is a key"},
    [SG_SIM_RESTRICTED] = {"restricted",
                           {"writes", "all", "nothing"},
                           "store commands that need AT%XSUDO once there is a type 5 key"},
    [SG_SIM_REPLAYED] = {"replayed", {"taken", "refused"}, "AT%XSUDO with a signature that was used before"},
    [SG_SIM_CERTEXPIRY] = {"certexpiry", {"nrf9160", "all", "none"}, "modems that have AT%CERTEXPIRY"},
    [SG_SIM_GUESSES] = {"guesses",
                        {"no", "yes"},
                        "+CGMI, %SHORTSWVER, %XMODEMUUID, whose answers are in no manual that was read"},
    [SG_SIM_SHELL_LINES] = {"shell-lines", {"crlf", "as-typed"}, "what --host shell makes of \\n in AT%CMNG=0"},
    [SG_SIM_SLM_NUMBERS] = {"slm-numbers",
                            {"2.9", "2.5"},
                            "numbers of #XSSOCKETOPT's options: those of NCS 2.9 or 2.5"},
    [SG_SIM_RECV_REST] = {"recv-rest", {"lost", "kept"}, "what #XRECV left of a datagram"},
    [SG_SIM_POLL_AGAIN] = {"poll-again", {"no", "yes"}, "#XAPOLL tells again of a datagram that still waits"},
    [SG_SIM_RECONNECT] = {"reconnect", {"no", "yes"}, "a socket can be connected again after a failure"},
    [SG_SIM_CONNECT_LIMIT] = {"connect-limit",
                              {"handshake", "send"},
                              "what bounds #XCONNECT: the handshake's time, or SNDTIMEO of 30 s"},
    [SG_SIM_ENDED_READ] = {"ended-read", {"error", "ok"}, "#XRECV after the peer's end: ERROR, or OK without data"},
};

const struct sg_sim_setting *sg_sim_setting(size_t at)
{
    return at < SG_SIM_SETTINGS ? &settings[at] : NULL;
}

static int take_setting(struct sg_sim *s, const char *text, struct sg_error *err)
{
    const char *equals = strchr(text, '=');
    size_t n = equals ? (size_t)(equals - text) : strlen(text);

    for (size_t i = 0; i < SG_SIM_SETTINGS; i++) {
        if (strlen(settings[i].name) != n || memcmp(settings[i].name, text, n) != 0)
            continue;
        for (uint8_t v = 0; equals && v < SG_SIM_VALUES && settings[i].values[v]; v++)
            if (strcmp(settings[i].values[v], equals + 1) == 0) {
                s->settings[i] = v;
                return 0;
            }
        return sg_fail(err, SG_EINVAL, "\"%s\": %s is %s or %s%s%s", text, settings[i].name, settings[i].values[0],
                       settings[i].values[1], settings[i].values[2] ? " or " : "",
                       settings[i].values[2] ? settings[i].values[2] : "");
    }
    return sg_fail(err, SG_EINVAL, "\"%s\" is no setting: nrf91sim --settings tells what there is", text);
}

const char *sg_sim_value(const struct sg_sim *s, enum sg_sim_setting_id id)
{
    return settings[id].values[s->settings[id]];
}

bool sg_sim_is(const struct sg_sim *s, enum sg_sim_setting_id id, const char *value)
{
    return strcmp(sg_sim_value(s, id), value) == 0;
}

int sg_sim_setting_number(const struct sg_sim *s, enum sg_sim_setting_id id)
{
    uint64_t v = 0;
    (void)sg_parse_udec(sg_str(sg_sim_value(s, id)), 1000, &v);
    return (int)v;
}

/* The numbers are those of the firmware's releases (modem notes 1.4, 1.9, 1.7, 2.1, 2.2, 3.3, 3.5, 5.2, 5.4). */
static void take_firmware(struct sg_sim *s)
{
    const char *f = s->firmware;
    bool nrf9160 = strcmp(s->model->option, "nRF9160") == 0, ntn = strstr(f, "ntn") != NULL;
#define AT_LEAST(a, b, c) (ntn || sg_sim_firmware_at_least(f, a, b, c))
    s->firmware_has = (struct sg_sim_firmware){
        .keygen = AT_LEAST(1, 3, 0),
        .gcm = AT_LEAST(1, 3, 1),
        .digests = AT_LEAST(1, 3, 2),
        .power_warning = AT_LEAST(1, 3, 2),
        .cid = AT_LEAST(1, 3, 5),
        .no_null = AT_LEAST(2, 0, 0),
        .decrypted_tags = AT_LEAST(2, 0, 0),
        .suite_used = AT_LEAST(2, 0, 0),
        .keep_open = AT_LEAST(2, 0, 1),
        .validates = AT_LEAST(2, 0, 2),
        .fragments = AT_LEAST(2, 0, 4),
        .certexpiry = sg_sim_is(s, SG_SIM_CERTEXPIRY, "all") || (sg_sim_is(s, SG_SIM_CERTEXPIRY, "nrf9160") && nrf9160),
        .claimtoken = nrf9160 && AT_LEAST(1, 3, 4),
    };
#undef AT_LEAST
}

int sg_sim_take_profile(struct sg_sim *s, struct sg_error *err)
{
    const struct sg_sim_config *c = &s->config;
    const struct sg_sim_profile *p = c->profile ? sg_sim_profile_named(c->profile) : &profiles[0];

    if (p == NULL)
        return sg_fail(err, SG_EINVAL, "no profile \"%s\": nrf91sim --settings tells which there are", c->profile);
    s->model = sg_sim_model(c->model ? c->model : p->model);
    if (s->model == NULL)
        return sg_fail(err, SG_EINVAL, "no model \"%s\": there are nRF9151, nRF9160 and nRF9161", c->model);
    s->firmware = c->firmware ? c->firmware : c->model && c->profile == NULL ? s->model->firmware : p->firmware;
    if (strncmp(s->firmware, "mfw", 3) != 0 || strlen(s->firmware) > 40)
        return sg_fail(err, SG_EINVAL, "\"%s\" is no modem firmware: that reads like %s", s->firmware,
                       s->model->firmware);
    for (size_t i = 0; i < c->setting_count; i++) {
        int r = take_setting(s, c->settings[i], err);
        if (r < 0)
            return r;
    }
    take_firmware(s);
    return 0;
}
