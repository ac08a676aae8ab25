/* SPDX-License-Identifier: Apache-2.0 */
/* One AT command at a time over a byte transport: sending it, waiting for its final result, getting into step. */
#include "modem/modem_internal.h"

#include <string.h>

enum { PROBE_MS = 600, UNWEDGE_MS = 300, QUIET_MS = 50, DRAIN_READS = 64 };

static int write_all(struct sg_modem *m, struct sg_bytes v)
{
    return v.n == 0 ? 0 : m->io.write(m->io.user, v.p, v.n);
}

static int write_hex(struct sg_modem *m, struct sg_bytes v)
{
    uint8_t digits[512];

    for (size_t at = 0, n; at < v.n; at += n) {
        struct sg_buf b = sg_buf(digits, sizeof digits);
        n = v.n - at < sizeof digits / 2 ? v.n - at : sizeof digits / 2;
        sg_put_hex(&b, sg_bytes(v.p + at, n));
        int e = write_all(m, sg_buf_bytes(&b));
        if (e < 0)
            return e;
    }
    return 0;
}

static int write_plain(struct sg_modem *m, const struct sg_modem_text *text)
{
    int e = write_all(m, text->head);

    if (e == 0)
        e = text->hex ? write_hex(m, text->body) : write_all(m, text->body);
    return e < 0 ? e : write_all(m, text->tail);
}

static int write_text(struct sg_modem *m, const struct sg_modem_text *text)
{
    int e = m->shell ? sg_modem_shell_write(m, text) : write_plain(m, text);

    return e < 0 ? e : write_all(m, sg_bytes("\r\n", m->crlf ? 2 : 1));
}

/* Reads once. What is too long for any line is dropped, and remembered. Returns the count, 0 after the time. */
static int refill(struct sg_modem *m, uint32_t timeout_ms)
{
    if (m->at == 0 && m->len == sizeof m->in) {
        m->overflow = true;
        m->len = 0;
    }
    memmove(m->in, m->in + m->at, m->len - m->at);
    m->len -= m->at;
    m->at = 0;
    int n = m->io.read(m->io.user, m->in + m->len, sizeof m->in - m->len, timeout_ms);
    if (n > 0 && (size_t)n > sizeof m->in - m->len)
        return SG_EIO;
    if (n > 0 && m->shell)
        sg_modem_shell_clean(m, (size_t)n);
    else if (n > 0)
        m->len += (size_t)n;
    return n;
}

static void unsolicited(struct sg_modem *m, struct sg_bytes line)
{
    if (m->unsolicited)
        m->unsolicited(m->user, line);
}

/* While it gets into step: whether the line tells that there is a shell. */
static bool finds_shell(struct sg_modem *m, struct sg_bytes line)
{
    if (!m->out_of_step || m->shell || !sg_modem_shell_is_there(line))
        return false;
    m->shell = true;
    m->at = m->len; /* its prompt, not cleaned yet */
    return true;
}

/* Passes on the lines that came while no command ran; a result among them is one that nobody waits for any more. */
static int pass_idle_lines(struct sg_modem *m)
{
    struct sg_bytes line, none = sg_bytes(NULL, 0);
    int count = 0;

    while (sg_modem_cut_line(m, none, &line)) {
        sg_modem_trace_received(m, none, line);
        if (finds_shell(m, line) || sg_modem_kind(line, none) != SG_LINE_UNSOLICITED)
            continue;
        unsolicited(m, line);
        count++;
    }
    return count;
}

/* Takes in what is there, until nothing came for quiet_ms. */
static int drain(struct sg_modem *m, uint32_t quiet_ms)
{
    for (int i = 0; i < DRAIN_READS; i++) {
        int n = refill(m, quiet_ms);
        if (n < 0)
            return n;
        pass_idle_lines(m);
        if (n == 0)
            break;
    }
    return 0;
}

static void take_line(struct sg_modem *m, struct sg_bytes line, enum sg_modem_kind kind, sg_modem_line_fn *fn,
                      void *user, int *kept)
{
    if (kind == SG_LINE_UNSOLICITED)
        unsolicited(m, line);
    if (kind == SG_LINE_INFORMATION && fn && *kept == 0)
        *kept = fn(user, line);
}

/* The final result of a command that was sent. */
static int wait_final(struct sg_modem *m, struct sg_bytes head, sg_modem_line_fn *fn, void *user, uint32_t timeout_ms)
{
    uint64_t until = m->io.now(m->io.user) + timeout_ms;
    int kept = 0;

    for (;;) {
        struct sg_bytes line;
        while (sg_modem_cut_line(m, head, &line)) {
            enum sg_modem_kind kind = sg_modem_kind(line, head);
            if (kind != SG_LINE_ECHO)
                sg_modem_trace_received(m, head, line);
            if (kind == SG_LINE_FINAL) {
                int e = sg_modem_final(line, &m->cme);
                return e < 0 ? e : m->overflow ? SG_ENOSPC : kept;
            }
            if (finds_shell(m, line))
                return SG_EDENIED;
            take_line(m, line, kind, fn, user, &kept);
        }
        uint64_t now = m->io.now(m->io.user);
        if (now >= until)
            return SG_ETIMEOUT;
        int n = refill(m, (uint32_t)(until - now));
        if (n < 0)
            return n;
    }
}

static int send_and_wait(struct sg_modem *m, struct sg_bytes head, uint32_t timeout_ms)
{
    struct sg_modem_text text = {.head = head};
    int e = write_text(m, &text);

    return e < 0 ? e : wait_final(m, head, NULL, NULL, timeout_ms);
}

/* "AT" until OK. An ERROR tells that half a command was there before, or that a shell is there: once more then. */
static int probe(struct sg_modem *m)
{
    m->at = m->len = 0;
    int e = send_and_wait(m, sg_str("AT"), PROBE_MS);
    return e == SG_EDENIED ? send_and_wait(m, sg_str("AT"), PROBE_MS) : e;
}

/* The port does not work: trying again is of no use. */
static bool is_gone(int e)
{
    return e == SG_EIO || e == SG_ECLOSED;
}

/*
 * Hosts end commands with CR or with CR LF (modem notes 4.1, 11.1): a lone CR is tried first, since at_host counts the
 * LF to the next command, and the longest ones then do not fit. A host that waits for the end of a quoted string is
 * freed by DEL, a quote, the end of the line (4.1). DEL may remove a quote, so that it takes two rounds; and there are
 * five, so that what no command takes finds room after the quote: what stands there, cut off, must not be carried out.
 */
static const char unwedge[] = "\x7F\x7F\x7F\x7F\x7F\"x,,x";

static int get_in_step(struct sg_modem *m)
{
    static const struct {
        bool crlf, unwedge;
    } tries[] = {{false, false}, {false, true}, {false, true}, {true, false}, {true, true}, {true, true}};
    int e = SG_ETIMEOUT;

    (void)drain(m, 0); /* an OK that is there already is nobody's */
    m->out_of_step = true;
    m->shell = false;
    m->escape = 0;
    for (size_t i = 0; i < sizeof tries / sizeof *tries && e != 0; i++) {
        m->crlf = tries[i].crlf;
        if (tries[i].unwedge)
            e = send_and_wait(m, sg_str(unwedge), UNWEDGE_MS);
        if (!is_gone(e))
            e = probe(m);
        if (is_gone(e))
            break;
    }
    bool shell = m->shell;
    if (e == 0)
        e = drain(m, QUIET_MS); /* results of earlier tries that come late */
    if (e == 0 && m->shell != shell)
        e = probe(m); /* the OK was an earlier one's */
    m->out_of_step = e != 0;
    return e == 0 || is_gone(e) ? e : SG_ETIMEOUT;
}

int sg_modem_attach(struct sg_modem *m, struct sg_at_io io)
{
    m->io = io;
    m->cme = SG_CME_PLAIN;
    m->at = m->len = 0;
    m->overflow = false;
    return get_in_step(m);
}

int sg_modem_open(struct sg_modem *m, struct sg_at_io io)
{
    int e = sg_modem_attach(m, io);
    if (e == 0)
        e = sg_modem_command(m, sg_str("AT+CMEE=1"), NULL, SG_MODEM_SOON);
    return e == SG_EDENIED ? 0 : e; /* a host that knows no +CMEE is asked who it is, by sg_modem_identify */
}

static size_t length(const struct sg_modem_text *text)
{
    return text->head.n + (text->hex ? 2 : 1) * text->body.n + text->tail.n;
}

/* A NUL, an open quote and a line end outside quotes would each leave the host waiting, or doing something else. */
static bool is_one_command(const struct sg_modem_text *text)
{
    const struct sg_bytes pieces[] = {text->head, text->hex ? sg_bytes(NULL, 0) : text->body, text->tail};
    bool quoted = false;

    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < pieces[k].n; i++) {
            uint8_t c = pieces[k].p[i];
            if (c == '"')
                quoted = !quoted;
            if (c == 0 || (!quoted && (c == '\r' || c == '\n')))
                return false;
        }
    return !quoted && length(text) <= SG_AT_COMMAND_MAX;
}

int sg_modem_run(struct sg_modem *m, const struct sg_modem_text *text, sg_modem_line_fn *fn, void *user,
                 uint32_t timeout_ms)
{
    if (!is_one_command(text))
        return SG_EINVAL;
    int e = m->out_of_step ? get_in_step(m) : drain(m, 0);
    if (e < 0)
        return e;
    if (m->shell && (length(text) > sg_modem_command_max(m) || !sg_modem_shell_passes(text)))
        return SG_EUNSUPPORTED;
    m->cme = SG_CME_PLAIN;
    m->overflow = false;
    sg_modem_trace_sent(m, text);
    e = write_text(m, text);
    if (e == 0)
        e = wait_final(m, text->head, fn, user, timeout_ms);
    m->out_of_step = e == SG_ETIMEOUT || is_gone(e);
    return e;
}

int sg_modem_ask(struct sg_modem *m, const struct sg_buf *command, sg_modem_line_fn *fn, void *user,
                 uint32_t timeout_ms)
{
    struct sg_modem_text text = {.head = sg_buf_bytes(command)};

    return command->full ? SG_EINVAL : sg_modem_run(m, &text, fn, user, timeout_ms);
}

static int join(void *user, struct sg_bytes line)
{
    struct sg_buf *reply = user;

    if (reply->len > 0)
        sg_put_u8(reply, '\n');
    sg_put_bytes(reply, line);
    return reply->full ? SG_ENOSPC : 0;
}

int sg_modem_command(struct sg_modem *m, struct sg_bytes command, struct sg_buf *reply, uint32_t timeout_ms)
{
    struct sg_modem_text text = {.head = command};

    return sg_modem_run(m, &text, reply ? join : NULL, reply, timeout_ms);
}

int sg_modem_wait(struct sg_modem *m, uint32_t timeout_ms)
{
    uint64_t until = m->io.now(m->io.user) + timeout_ms;

    for (bool last = false;;) {
        if (pass_idle_lines(m) > 0)
            return 1;
        if (last)
            return 0;
        uint64_t now = m->io.now(m->io.user);
        last = now >= until;
        int n = refill(m, last ? 0 : (uint32_t)(until - now));
        if (n < 0)
            return n;
    }
}
