/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serial LTE Modem's forms of the socket commands (modem notes, section 11): they are for the active socket, where
 * Serial Modem's name one. Each is put into Serial Modem's form and goes the same way from there; replies come without
 * the handle.
 */
#include "sim_internal.h"

#include <string.h>

enum { STRING_MAX = 1024, CLOSE = 0, IPV4 = 1, IPV6 = 2, CLIENT = 0, DATAGRAM = 2 };
enum { HANDSHAKE_TIMEOUT = 18, KEEP_OPEN = 34 };

static const struct sg_sim_param zero = {.kind = SG_SIM_BARE, .text = {(const uint8_t *)"0", 1}};

static struct sg_sim_socket *active(struct sg_sim *s)
{
    return s->active >= 0 ? &s->sockets[s->active] : NULL;
}

/* Serial Modem's form: the active socket's handle, and these parameters. */
static int run(struct sg_sim *s, sg_sim_handler *handler, const struct sg_sim_command *c,
               const struct sg_sim_param *params, size_t count)
{
    static const char digits[] = "01234567";
    struct sg_sim_command sm = {.form = SG_SIM_SET, .name = c->name, .count = count + 1};

    if (active(s) == NULL || c->form != SG_SIM_SET || count >= SG_SIM_PARAMS)
        return SG_SIM_ERROR;
    sm.params[0] = (struct sg_sim_param){.kind = SG_SIM_BARE, .text = {(const uint8_t *)digits + s->active, 1}};
    memcpy(&sm.params[1], params, count * sizeof *params);
    return handler(s, &sm);
}

int sg_sim_xslmver(struct sg_sim *s, const struct sg_sim_command *c)
{
    if (c->form != SG_SIM_EXECUTE)
        return SG_SIM_ERROR;
    sg_put_str(sg_sim_say(s), s->config.host == SG_SIM_SLM29 ? "#XSLMVER: \"2.9.0\",\"2.9.0-lte-5ccd2d4dd54c\""
                                                             : "#XSLMVER: \"3.1.0\",\"3.1.0-lte-5ccd2d4dd54c\"");
    sg_sim_said(s);
    return SG_SIM_OK;
}

/* ------------------------------------------------------------------------------------------ open, close, select */

static void activate_latest(struct sg_sim *s)
{
    unsigned highest = 0;

    s->active = -1;
    for (int i = 0; i < SG_SIM_SOCKETS; i++)
        if (s->sockets[i].used && s->sockets[i].ranking > highest) {
            highest = s->sockets[i].ranking;
            s->active = i;
        }
}

static int close_active(struct sg_sim *s)
{
    if (active(s) == NULL)
        return SG_SIM_ERROR;
    sg_sim_socket_close(s, active(s));
    activate_latest(s);
    sg_put_str(sg_sim_say(s), "#XSOCKET: 0,\"closed\""); /* of a secure one too */
    sg_sim_said(s);
    return SG_SIM_OK;
}

/* #XSOCKET, #XSSOCKET: 0 closes the active one, whichever of the two it is. Plain ones are not opened here. */
int sg_sim_slm_socket(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t operation;
    bool secure = c->name.n == sizeof "#XSSOCKET" - 1;

    if (c->form == SG_SIM_READ) {
        if (secure && active(s))
            sg_sim_socket_list(s, active(s));
        return SG_SIM_OK;
    }
    if (c->form == SG_SIM_SET && c->count == 1 && sg_sim_number(c, 0, CLOSE, &operation))
        return close_active(s);
    return secure ? sg_sim_xssocket(s, c) : SG_SIM_ERROR;
}

static void list_ranked(struct sg_sim *s)
{
    for (size_t i = 0; i < SG_SIM_SOCKETS; i++) {
        const struct sg_sim_socket *k = &s->sockets[i];
        const uint64_t values[] = {i, k->ipv6 ? IPV6 : IPV4, CLIENT, DATAGRAM, k->tag, k->ranking, 0};
        if (!k->used)
            continue;
        struct sg_buf *b = sg_sim_socket_line(s, "#XSOCKETSELECT: ");
        for (size_t v = 0; v < sizeof values / sizeof *values; v++)
            sg_sim_put_value(b, values[v]);
        sg_sim_said(s);
    }
}

int sg_sim_slm_select(struct sg_sim *s, const struct sg_sim_command *c)
{
    const struct sg_sim_socket *k = c->form == SG_SIM_SET && c->count == 1 ? sg_sim_socket_find(s, c, 0) : NULL;

    if (c->form == SG_SIM_READ)
        list_ranked(s);
    else if (k != NULL)
        s->active = (int)(k - s->sockets);
    else
        return SG_SIM_ERROR;
    if (s->active >= 0) {
        sg_sim_put_value(sg_sim_socket_line(s, "#XSOCKETSELECT: "), (uint64_t)s->active);
        sg_sim_said(s);
    }
    return SG_SIM_OK;
}

/* ------------------------------------------------------------------------------------------------------ options */

/* The documents of NCS 2.5 have other numbers for three of them; above 18, all came with Serial Modem. */
static bool renumber(const struct sg_sim *s, struct sg_sim_param *name)
{
    static const char *const old[][2] = {{"17", "14"}, {"18", "15"}, {"14", "18"}};
    uint64_t number;

    if (sg_sim_is(s, SG_SIM_SLM_NUMBERS, "2.5"))
        for (size_t i = 0; i < sizeof old / sizeof *old; i++)
            if (sg_bytes_eq_str(name->text, old[i][0])) {
                name->text = sg_str(old[i][1]);
                return true;
            }
    return sg_parse_udec(name->text, HANDSHAKE_TIMEOUT, &number) == 0;
}

int sg_sim_slm_tls_option(struct sg_sim *s, const struct sg_sim_command *c)
{
    struct sg_sim_command own = *c;

    if (c->count < 2 || !renumber(s, &own.params[1]))
        return SG_SIM_ERROR;
    return run(s, sg_sim_xssocketopt, c, own.params, c->count);
}

int sg_sim_slm_option(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t name;

    if (!sg_sim_number(c, 1, 255, &name) || name == KEEP_OPEN)
        return SG_SIM_ERROR;
    return run(s, sg_sim_xsocketopt, c, c->params, c->count);
}

/* ----------------------------------------------------------------------------------------- connect, send, receive */

int sg_sim_slm_connect(struct sg_sim *s, const struct sg_sim_command *c)
{
    return run(s, sg_sim_xconnect, c, c->params, c->count);
}

/* ="<data>"[,<flags>]; without data, data mode. Flags came with NCS 3.1. */
int sg_sim_slm_send(struct sg_sim *s, const struct sg_sim_command *c)
{
    size_t most = s->config.host == SG_SIM_SLM31 ? 2 : 1;
    struct sg_bytes data;

    if (active(s) == NULL || c->count > most || (c->form != SG_SIM_SET && c->form != SG_SIM_EXECUTE))
        return SG_SIM_ERROR;
    if (c->form == SG_SIM_EXECUTE || (c->count == 2 && !sg_sim_given(c, 0))) {
        sg_sim_data_begin(s, active(s), 0);
        return SG_SIM_OK;
    }
    if (!sg_sim_string(c, 0, &data) || data.n > STRING_MAX)
        return SG_SIM_ERROR;
    const struct sg_sim_param params[] = {zero, c->count == 2 ? c->params[1] : zero, c->params[0]};
    return run(s, sg_sim_xsend, c, params, 3);
}

/* =<timeout>[,<flags>]; always as it came. */
int sg_sim_slm_receive(struct sg_sim *s, const struct sg_sim_command *c)
{
    const struct sg_sim_param params[] = {zero, sg_sim_given(c, 1) ? c->params[1] : zero, c->params[0]};

    return c->count > 2 ? SG_SIM_ERROR : run(s, sg_sim_xrecv, c, params, 3);
}

/* --------------------------------------------------------------------------------------------------------- polls */

static unsigned ready(const struct sg_sim_socket *k)
{
    return (k->first ? (unsigned)SG_SIM_POLL_IN : 0U) | k->ended;
}

/* The sockets that a command names from parameter `at` on, a bit for each; where it names none, all that are open. */
static bool take_sockets(struct sg_sim *s, const struct sg_sim_command *c, size_t at, unsigned *set)
{
    *set = 0;
    for (size_t i = 0; i < SG_SIM_SOCKETS && c->count <= at; i++)
        *set |= s->sockets[i].used ? 1U << i : 0;
    for (size_t i = at; i < c->count; i++) {
        const struct sg_sim_socket *k = sg_sim_socket_find(s, c, i);
        if (k == NULL)
            return false;
        *set |= 1U << (k - s->sockets);
    }
    return true;
}

void sg_sim_slm_continue(struct sg_sim *s)
{
    static const char digits[] = "0123456789abcdef";
    bool any = false;

    for (size_t i = 0; i < SG_SIM_SOCKETS; i++) {
        unsigned events = (s->polled >> i & 1) != 0 ? ready(&s->sockets[i]) : 0;
        if (events == 0)
            continue;
        struct sg_buf *b = sg_sim_socket_line(s, "#XPOLL: ");
        sg_sim_put_value(b, i);
        sg_put_str(b, ",\"0x00");
        sg_put_u8(b, (uint8_t)digits[events >> 4 & 15]);
        sg_put_u8(b, (uint8_t)digits[events & 15]);
        sg_put_str(b, "\"");
        sg_sim_said(s);
        any = true;
    }
    if (any || s->now >= s->running_until)
        sg_sim_finish(s, SG_SIM_OK);
}

/* =<ms>[,<handle>…]: waits for so long; 0 does not wait, -1 for ever. */
int sg_sim_slm_poll(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t ms = 0;

    if (c->form != SG_SIM_SET || c->count < 1)
        return SG_SIM_ERROR;
    bool for_ever = c->params[0].kind == SG_SIM_BARE && sg_bytes_eq_str(c->params[0].text, "-1");
    if ((!for_ever && !sg_sim_number(c, 0, INT32_MAX, &ms)) || !take_sockets(s, c, 1, &s->polled) || s->polled == 0)
        return SG_SIM_ERROR;
    s->running = SG_SIM_POLLING;
    s->running_until = for_ever ? UINT64_MAX : s->now + ms;
    return SG_SIM_LATER;
}

/* =<on>,<events>[,<handle>…] */
int sg_sim_slm_apoll(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t on, events;
    unsigned set;

    if (c->form != SG_SIM_SET || !sg_sim_number(c, 0, 1, &on) ||
        !sg_sim_number(c, 1, SG_SIM_POLL_IN | SG_SIM_POLL_OUT, &events) ||
        (events & ~(uint64_t)(SG_SIM_POLL_IN | SG_SIM_POLL_OUT)) != 0 || !take_sockets(s, c, 2, &set))
        return SG_SIM_ERROR;
    unsigned watched = on ? SG_SIM_WATCHED | (unsigned)events : 0;
    if (c->count == 2)
        s->watched = watched; /* of those to come, too */
    for (size_t i = 0; i < SG_SIM_SOCKETS; i++)
        if ((set >> i & 1) != 0)
            sg_sim_socket_watch(s, &s->sockets[i], watched);
    return SG_SIM_OK;
}
