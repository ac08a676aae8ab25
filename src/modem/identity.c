/* SPDX-License-Identifier: Apache-2.0 */
/* Who the modem is, what runs in front of it, and which functional mode it is in (modem notes 3.2, 11). */
#include "modem/modem_internal.h"

#include <string.h>

static int ask(struct sg_modem *m, const char *command, struct sg_buf *reply)
{
    reply->len = 0;
    reply->full = false;
    return sg_modem_command(m, sg_str(command), reply, SG_MODEM_SOON);
}

/* The first line of a reply as a C string, where it fits. */
static bool keep_line(struct sg_bytes reply, char *out, size_t cap)
{
    size_t n = 0;

    while (n < reply.n && reply.p[n] != '\n')
        n++;
    if (n == 0 || n >= cap)
        return false;
    memcpy(out, reply.p, n);
    out[n] = 0;
    return true;
}

static bool is_imei(const char *s)
{
    for (; *s >= '0' && *s <= '9'; s++)
        ;
    return *s == 0;
}

/* "504d5632-3739-42fb-80c8-1411df972166" */
static bool parse_uuid(const char *text, uint8_t out[16])
{
    struct sg_buf b = sg_buf(out, 16);
    struct sg_bytes rest = sg_str(text);
    static const uint8_t groups[] = {8, 4, 4, 4, 12};

    if (rest.n != 36)
        return false;
    for (size_t i = 0; i < sizeof groups; i++) {
        if (sg_parse_hex(sg_bytes(rest.p, groups[i]), &b) < 0)
            return false;
        size_t next = groups[i] + (rest.n > groups[i] ? 1U : 0U);
        if (next > groups[i] && rest.p[groups[i]] != '-')
            return false;
        rest = sg_bytes(rest.p + next, rest.n - next);
    }
    return b.len == 16;
}

static int ask_uuid(struct sg_modem *m, struct sg_buf *reply, struct sg_modem_info *info)
{
    struct sg_bytes rest, text;

    int e = ask(m, "AT%DEVICEUUID", reply);
    if (e < 0)
        return e == SG_EDENIED ? 0 : e;
    if (!sg_modem_after(sg_buf_bytes(reply), "%DEVICEUUID:", &rest) || !sg_modem_field(&rest, &text) ||
        !keep_line(text, info->uuid, sizeof info->uuid) || !parse_uuid(info->uuid, info->uuid_bytes))
        return SG_EFORMAT;
    return 0;
}

/* "#XSMVER: "v1.99.0","3.3.99"" of Serial Modem, "#XSLMVER: …" of its predecessor; at_host and shell know neither.
 */
static int ask_host(struct sg_modem *m, struct sg_buf *reply, struct sg_modem_info *info)
{
    static const struct {
        const char *command, *prefix, *name;
    } hosts[] = {{"AT#XSMVER", "#XSMVER:", "serial-modem "}, {"AT#XSLMVER", "#XSLMVER:", "slm "}};
    struct sg_buf host = sg_buf(info->host, sizeof info->host);

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct sg_bytes rest, version;
        int e = ask(m, hosts[i].command, reply);
        if (e < 0 && e != SG_EDENIED)
            return e;
        if (e < 0 || !sg_modem_after(sg_buf_bytes(reply), hosts[i].prefix, &rest) || !sg_modem_field(&rest, &version))
            continue;
        sg_put_str(&host, hosts[i].name);
        sg_put_bytes(&host, version);
        sg_buf_cstr(&host);
        return host.full ? SG_EFORMAT : 0;
    }
    sg_put_str(&host, m->shell ? "shell" : "at_host");
    sg_buf_cstr(&host);
    return 0;
}

int sg_modem_identify(struct sg_modem *m, struct sg_modem_info *info)
{
    uint8_t space[256];
    struct sg_buf reply = sg_buf(space, sizeof space);
    struct sg_bytes rest;

    *info = (struct sg_modem_info){0};
    int e = ask(m, "AT+CGMM", &reply);
    if (e < 0)
        return e == SG_EDENIED ? SG_EFORMAT : e;
    if (!sg_modem_after(sg_buf_bytes(&reply), "nRF91", &rest) ||
        !keep_line(sg_buf_bytes(&reply), info->model, sizeof info->model))
        return SG_EFORMAT;
    e = ask(m, "AT+CGMR", &reply);
    if (e < 0)
        return e == SG_EDENIED ? SG_EFORMAT : e;
    if (!keep_line(sg_buf_bytes(&reply), info->firmware, sizeof info->firmware))
        return SG_EFORMAT;
    e = ask(m, "AT+CGSN", &reply); /* ERROR where no IMEI is programmed yet (modem notes 9.19) */
    if (e < 0 && e != SG_EDENIED)
        return e;
    if (e == 0 && (!keep_line(sg_buf_bytes(&reply), info->imei, sizeof info->imei) || !is_imei(info->imei)))
        return SG_EFORMAT;
    e = ask_uuid(m, &reply, info);
    return e < 0 ? e : ask_host(m, &reply, info);
}

/* The number that a question is answered with: "+CFUN: 4". */
static int get_number(struct sg_modem *m, const char *question, const char *prefix)
{
    uint8_t space[64];
    struct sg_buf reply = sg_buf(space, sizeof space);
    struct sg_bytes rest;
    uint64_t number;

    int e = ask(m, question, &reply);
    if (e < 0)
        return e;
    if (!sg_modem_after(sg_buf_bytes(&reply), prefix, &rest) || !sg_modem_field_number(&rest, 255, &number))
        return SG_EFORMAT;
    return (int)number;
}

static int set_number(struct sg_modem *m, const char *command, int number)
{
    uint8_t space[32];
    struct sg_buf b = sg_buf(space, sizeof space);

    sg_put_str(&b, command);
    sg_put_dec(&b, number);
    return sg_modem_ask(m, &b, NULL, NULL, SG_MODEM_STORE);
}

int sg_modem_get_function(struct sg_modem *m)
{
    return get_number(m, "AT+CFUN?", "+CFUN:");
}

int sg_modem_set_function(struct sg_modem *m, int cfun)
{
    return set_number(m, "AT+CFUN=", cfun);
}

int sg_modem_get_errors(struct sg_modem *m)
{
    return get_number(m, "AT+CMEE?", "+CMEE:");
}

int sg_modem_set_errors(struct sg_modem *m, int cmee)
{
    return set_number(m, "AT+CMEE=", cmee);
}

bool sg_modem_function_is_active(int cfun)
{
    return cfun == 1 || cfun == 2 || cfun == 21; /* modem notes 1.7 */
}
