/* SPDX-License-Identifier: Apache-2.0 */
/* One command at a time: bytes in, the command's handler, its reply out, and what waits meanwhile. */
#include "sim_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CAPACITY = 32768, URC_HOLD_MS = 100 };

/* ---------------------------------------------------------------------------------------------------- the log */

void sg_sim_log(struct sg_sim *s, const char *fmt, ...)
{
    char text[700];
    va_list ap;

    if (s->config.log == NULL)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    s->config.log(s->config.user, text);
}

/* The command as it was understood; credentials and payloads as their length. */
static void log_command(struct sg_sim *s, const struct sg_sim_command *c, bool secret)
{
    char text[600];
    size_t at =
        (size_t)snprintf(text, sizeof text, "AT%.*s%s", (int)(c->name.n < 40 ? c->name.n : 40), (const char *)c->name.p,
                         c->form == SG_SIM_READ   ? "?"
                         : c->form == SG_SIM_TEST ? "=?"
                                                  : "");
    for (size_t i = 0; i < c->count; i++) {
        struct sg_bytes t = c->params[i].text;
        const char *quote = c->params[i].kind == SG_SIM_STRING ? "\"" : "";
        at += (size_t)snprintf(text + at, sizeof text - at, "%c", i == 0 ? '=' : ',');
        if (t.n > 64 || (secret && *quote))
            at += (size_t)snprintf(text + at, sizeof text - at, "<%zu bytes>", t.n);
        else
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%.*s%s", quote, (int)t.n, (const char *)t.p, quote);
    }
    sg_sim_log(s, "> %s", text);
}

/* --------------------------------------------------------------------------------------------------- replies */

static bool decorated(const struct sg_sim *s)
{
    return s->config.host == SG_SIM_SERIAL_MODEM || sg_sim_is_slm(s);
}

/* Serial Modem puts an empty line before a reply, and before each line of its own commands (modem notes 4.3, 11.1). */
struct sg_buf *sg_sim_say(struct sg_sim *s)
{
    if (decorated(s) && s->reply.len == 0)
        sg_put_str(&s->reply, "\r\n");
    return &s->reply;
}

void sg_sim_said(struct sg_sim *s)
{
    sg_put_str(&s->reply, "\r\n");
}

static void send_events(struct sg_sim *s)
{
    if (s->events.len > 0)
        sg_sim_output(s, sg_buf_bytes(&s->events));
    s->events.len = 0;
    s->events.full = false;
}

static bool may_send_events(const struct sg_sim *s)
{
    return s->running == SG_SIM_IDLE && !s->data.on && (s->line.len == 0 || s->now >= s->typed_at + URC_HOLD_MS);
}

void sg_sim_tell(struct sg_sim *s, const char *line)
{
    uint8_t space[128];
    struct sg_buf at_once = sg_buf(space, sizeof space), *b = sg_sim_is_slm(s) ? &at_once : &s->events;

    sg_sim_log(s, "* %s", line);
    if (sg_sim_is_slm(s) && s->data.on)
        return; /* lost in data mode (modem notes 11.1) */
    if (strlen(line) + 4 > b->cap - b->len)
        return; /* as the AT monitor's heap: what is too much is lost (modem notes 4.1) */
    if (decorated(s))
        sg_put_str(b, "\r\n");
    sg_put_str(b, line);
    sg_put_str(b, "\r\n");
    if (b == &at_once)
        sg_sim_output(s, sg_buf_bytes(b));
}

/* What at_host does with a reply that is longer than its buffer: no result, and what the buffer held before is printed
 * (modem notes 4.1). */
static bool is_too_long(struct sg_sim *s)
{
    uint64_t limit = sg_sim_fault_number(s, SG_SIM_REPLY_LIMIT);

    if (limit == 0 || s->reply.len <= limit)
        return false;
    sg_sim_log(s, "! a reply of %zu bytes does not fit into %u", s->reply.len, (unsigned)limit);
    sg_sim_output(s, sg_bytes(s->line.text, s->line.len));
    sg_sim_output(s, sg_str("\r\n"));
    return true;
}

static void send_reply(struct sg_sim *s)
{
    struct sg_sim_fault fault = {.moment = SG_SIM_BEFORE};

    bool lost = sg_sim_fault_hit(s, SG_SIM_LOST_REPLY, &fault);
    if (s->config.host == SG_SIM_SHELL) {
        if (!lost)
            sg_sim_shell_reply(s);
        sg_sim_shell_prompt(s);
    } else if (!lost && !is_too_long(s)) {
        sg_sim_fault_unsolicited(s, sg_buf_bytes(&s->reply));
    }
    if (sg_sim_fault_hit(s, SG_SIM_WEDGE, &fault))
        s->line.quoted = true;
    sg_wipe(s->reply.p, s->reply.len);
    s->reply.len = 0;
    s->reply.full = false;
}

void sg_sim_finish(struct sg_sim *s, int result)
{
    char text[40];

    if (result == SG_SIM_OK)
        (void)snprintf(text, sizeof text, "OK");
    else if (result == SG_SIM_ERROR || !s->cmee)
        (void)snprintf(text, sizeof text, "ERROR");
    else
        (void)snprintf(text, sizeof text, "+CME ERROR: %d", result);
    sg_sim_log(s, result > 0 && !s->cmee ? "< %s (%s)" : "< %s", text, result > 0 ? sg_cme_name(result) : "");
    if (result >= 0) /* the modem's own errors come without the lines before them */
        s->reply.len = 0;
    if (decorated(s))
        sg_put_str(&s->reply, "\r\n");
    sg_put_str(&s->reply, text);
    sg_put_str(&s->reply, "\r\n");
    struct sg_sim_fault fault = {.moment = SG_SIM_BEFORE};
    s->running = SG_SIM_IDLE;
    if (sg_sim_fault_hit(s, SG_SIM_BUSY_PAUSE, &fault)) {
        s->running = SG_SIM_PAUSING;
        s->running_until = s->now + fault.number;
        return;
    }
    send_reply(s);
}

/* -------------------------------------------------------------------------------------------------- commands */

static bool is_blank(struct sg_bytes line)
{
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] > ' ')
            return false;
    return true;
}

static void run(struct sg_sim *s, struct sg_bytes line)
{
    struct sg_sim_command c = {.name = sg_str("")};
    int result = SG_SIM_ERROR;

    if (is_blank(line)) /* dropped without an answer (modem notes 4.1) */
        return;
    const struct sg_sim_verb *verb = NULL;
    if (sg_sim_command_parse(line, &c))
        verb = sg_sim_verb(s, c.name);
    if (verb && c.rest.p && verb->handle != sg_sim_xsudo)
        verb = NULL;
    s->commands++;
    (void)snprintf(s->command_name, sizeof s->command_name, "%.*s", (int)c.name.n, (const char *)c.name.p);
    if (verb)
        log_command(s, &c, verb->secret);
    else
        sg_sim_log(s, "> %zu bytes that are no command of this modem", line.n);
    struct sg_sim_fault fault = {.moment = SG_SIM_BEFORE}, after = {.moment = SG_SIM_AFTER};
    if (sg_sim_fault_hit(s, SG_SIM_POWER_CUT, &fault)) {
        sg_sim_reboot(s, s->now);
        return;
    }
    if (sg_sim_fault_hit(s, SG_SIM_FORCED_ERROR, &fault))
        result = (int)fault.number;
    else if (verb)
        result = sg_sim_needs_signature(s, verb, &c) ? SG_CME_NO_ACCESS : verb->handle(s, &c);
    if (sg_sim_fault_hit(s, SG_SIM_POWER_CUT, &after))
        sg_sim_reboot(s, s->now);
    else if (result != SG_SIM_LATER)
        sg_sim_finish(s, result);
}

int sg_sim_run_signed(struct sg_sim *s, struct sg_bytes command)
{
    struct sg_sim_command c;

    if (!sg_sim_command_parse_bare(command, &c) || c.rest.p)
        return SG_SIM_ERROR;
    const struct sg_sim_verb *verb = sg_sim_verb(s, c.name);
    if (verb == NULL || verb->hosts != 0 || verb->handle == sg_sim_xsudo)
        return SG_SIM_ERROR;
    log_command(s, &c, verb->secret);
    return verb->handle(s, &c);
}

static void take(struct sg_sim *s, uint8_t c)
{
    if (s->running != SG_SIM_IDLE && sg_sim_fault_is(s, SG_SIM_DEAF))
        return;
    if (s->running != SG_SIM_IDLE) { /* the host reads on when the command is done; what is too much is lost */
        if (s->backlog.len < s->backlog.cap)
            sg_put_u8(&s->backlog, c);
        return;
    }
    if (s->data.on) {
        sg_sim_data_input(s, c);
        return;
    }
    if (s->config.host == SG_SIM_SHELL)
        sg_sim_shell_echo(s, c);
    else if (s->echo)
        sg_sim_output(s, sg_bytes(&c, 1));
    switch (sg_sim_line_feed(&s->line, s->config.host, c)) {
    case SG_SIM_NOT_YET:
        if (sg_sim_fault_typing(s))
            sg_sim_reboot(s, s->now);
        break;
    case SG_SIM_OVERFLOW:
        sg_sim_finish(s, SG_SIM_ERROR);
        break;
    case SG_SIM_COMMAND:
        if (s->config.host != SG_SIM_SHELL || sg_sim_shell_take(s))
            run(s, sg_bytes(s->line.text, s->line.len));
        sg_wipe(s->line.text, s->line.len);
        s->line.len = 0;
        break;
    }
}

/* What the running command waits for may have come; then what the host wrote meanwhile, and the events held back. */
static void go_on(struct sg_sim *s)
{
    if (s->running == SG_SIM_PAUSING && s->now >= s->running_until) {
        s->running = SG_SIM_IDLE;
        send_reply(s);
    }
    sg_sim_data_continue(s);
    sg_sim_sockets_continue(s);
    while (s->running == SG_SIM_IDLE && s->backlog.len > 0) {
        uint8_t c = s->backlog.p[0];
        memmove(s->backlog.p, s->backlog.p + 1, --s->backlog.len);
        take(s, c);
        sg_sim_sockets_continue(s);
    }
    if (may_send_events(s))
        send_events(s);
}

void sg_sim_input(struct sg_sim *s, struct sg_bytes bytes, uint64_t now)
{
    s->now = now;
    sg_sim_data_continue(s);
    if (bytes.n > 0)
        s->typed_at = now;
    for (size_t i = 0; i < bytes.n; i++) {
        uint8_t c = bytes.p[i];
        if (sg_sim_fault_byte(s, &c))
            take(s, c);
    }
    go_on(s);
}

/* ------------------------------------------------------------------------------------------------- the network */

size_t sg_sim_poll(const struct sg_sim *s, struct pollfd fds[SG_SIM_SOCKETS])
{
    size_t n = 0;

    for (size_t i = 0; i < SG_SIM_SOCKETS; i++)
        if (s->sockets[i].fd >= 0)
            fds[n++] = (struct pollfd){.fd = s->sockets[i].fd, .events = POLLIN};
    return n;
}

void sg_sim_network(struct sg_sim *s, uint64_t now)
{
    s->now = now;
    for (size_t i = 0; i < SG_SIM_SOCKETS; i++)
        sg_sim_offload_receive(s, &s->sockets[i]);
    go_on(s);
}

uint64_t sg_sim_deadline(const struct sg_sim *s)
{
    bool timed = s->running == SG_SIM_RECEIVING || s->running == SG_SIM_PAUSING || s->running == SG_SIM_POLLING;
    uint64_t at = timed ? s->running_until : UINT64_MAX;

    if (sg_sim_data_deadline(s) < at)
        at = sg_sim_data_deadline(s);
    if (s->events.len > 0 && s->typed_at + URC_HOLD_MS < at)
        at = s->typed_at + URC_HOLD_MS;
    for (size_t i = 0; i < SG_SIM_SOCKETS; i++) {
        const struct sg_sim_socket *k = &s->sockets[i];
        uint64_t d = k->dtls ? sg_dtls_deadline(k->dtls) : UINT64_MAX;
        at = d < at ? d : at;
    }
    return at;
}

void sg_sim_tick(struct sg_sim *s, uint64_t now)
{
    s->now = now;
    for (size_t i = 0; i < SG_SIM_SOCKETS; i++)
        if (s->sockets[i].dtls)
            sg_dtls_tick(s->sockets[i].dtls, now);
    go_on(s);
}

/* ----------------------------------------------------------------------------------------------- on and off */

static void start(struct sg_sim *s)
{
    s->cfun = 0;
    s->cmee = false;
    s->knows_time = false;
    sg_sim_sessions_purge(s);
    s->echo = s->config.echo && s->config.host == SG_SIM_SERIAL_MODEM;
    s->running = SG_SIM_IDLE;
    s->data.on = false;
    s->data.limit_ms = 0;
    s->watched = 0;
    s->active = -1;
    s->line.len = 0;
    s->line.quoted = false;
    s->reply = sg_buf(s->reply_space, sizeof s->reply_space);
    s->events = sg_buf(s->event_space, sizeof s->event_space);
    s->backlog = sg_buf(s->backlog_space, sizeof s->backlog_space);
    struct sg_bytes text = decorated(s) ? sg_str("Ready\r\n") : sg_str("The AT host sample started\r\nReady\r\n");
    if (s->config.host == SG_SIM_SHELL)
        sg_sim_shell_prompt(s);
    else
        sg_sim_output(s, text);
}

static int check_config(struct sg_sim *s, struct sg_error *err)
{
    const struct sg_sim_config *c = &s->config;

    s->no_imei = c->imei && strcmp(c->imei, "none") == 0;
    if (s->no_imei)
        s->config.imei = NULL;
    if (c->imei && (strlen(c->imei) != 15 || strspn(c->imei, "0123456789") != 15))
        return sg_fail(err, SG_EINVAL, "\"%s\" is no IMEI: that is 15 digits", c->imei);
    if (s->config.capacity == 0)
        s->config.capacity = CAPACITY;
    return sg_sim_take_profile(s, err);
}

static int open_store(struct sg_sim *s, struct sg_error *err)
{
    const struct sg_sim_config *c = &s->config;
    struct sg_error why = {0};

    if (c->store && (s->lock = sg_sim_lock(c->store, err)) < 0)
        return s->lock;
    int r = c->store ? sg_sim_store_load(&s->store, c->store, &why) : SG_ENOTFOUND;

    if (r == SG_ENOTFOUND) {
        r = sg_sim_store_new(&s->store, c->imei, err);
        return r == 0 && c->store ? sg_sim_store_save(&s->store, c->store, err) : r;
    }
    if (r < 0)
        return sg_fail(err, r, "%s", why.text);
    if (c->imei && strcmp(c->imei, s->store.imei) != 0)
        return sg_fail(err, SG_EMISMATCH,
                       "%s belongs to the modem with IMEI %s, not %s: leave --imei out, or name "
                       "another file",
                       c->store, s->store.imei, c->imei);
    return 0;
}

struct sg_sim *sg_sim_new(const struct sg_sim_config *config, uint64_t now, struct sg_error *err)
{
    struct sg_sim *s = calloc(1, sizeof *s);

    if (s == NULL) {
        sg_fail(err, SG_ENOMEM, "out of memory");
        return NULL;
    }
    s->config = *config;
    s->now = s->typed_at = now;
    s->lock = -1;
    sg_sim_sockets_init(s);
    if (check_config(s, err) < 0 || open_store(s, err) < 0) {
        sg_sim_free(s);
        return NULL;
    }
    start(s);
    return s;
}

void sg_sim_free(struct sg_sim *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < SG_SIM_SOCKETS; i++)
        sg_sim_socket_end(&s->sockets[i]);
    sg_sim_store_wipe(&s->store);
    EVP_PKEY_free(s->same_key);
    if (s->lock >= 0)
        close(s->lock);
    sg_wipe(s, sizeof *s);
    free(s);
}

void sg_sim_reboot(struct sg_sim *s, uint64_t now)
{
    s->now = now;
    for (size_t i = 0; i < SG_SIM_SOCKETS; i++)
        sg_sim_socket_end(&s->sockets[i]);
    start(s);
}

const char *sg_sim_imei(const struct sg_sim *s)
{
    return s->store.imei;
}
