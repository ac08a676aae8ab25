/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for a log. Credentials, and the plain text that offloaded sockets carry, are replaced by their length. */
#include "modem/modem_internal.h"

enum { TRACE_MAX = 256, SHOWN_MAX = 128 };

static void put_length(struct sg_buf *out, size_t n)
{
    sg_put_str(out, "<");
    sg_put_udec(out, n);
    sg_put_str(out, n == 1 ? " byte>" : " bytes>");
}

/* Copies `line`, hiding the quoted strings from number `hide` on (0: all) and all that are long. */
static void put_shown(struct sg_buf *out, struct sg_bytes line, size_t hide)
{
    size_t at = 0;

    for (size_t strings = 0; at < line.n; strings++) {
        size_t from = at;
        while (at < line.n && line.p[at] != '"')
            at++;
        sg_put(out, line.p + from, at - from);
        if (at == line.n)
            return;
        from = ++at;
        while (at < line.n && line.p[at] != '"')
            at++;
        if (strings >= hide || at - from > SHOWN_MAX) {
            put_length(out, at - from);
        } else {
            sg_put_str(out, "\"");
            sg_put(out, line.p + from, at - from);
            sg_put_str(out, "\"");
        }
        if (at < line.n)
            at++;
    }
}

static void tell(struct sg_modem *m, bool sent, const struct sg_buf *out, size_t n)
{
    uint8_t small[32];
    struct sg_buf length = sg_buf(small, sizeof small);

    if (out->full)
        put_length(&length, n);
    m->trace(m->user, sent, sg_buf_bytes(out->full ? &length : out));
}

void sg_modem_trace_sent(struct sg_modem *m, const struct sg_modem_text *text)
{
    uint8_t space[TRACE_MAX];
    struct sg_buf out = sg_buf(space, sizeof space);
    size_t n = text->head.n + text->body.n + text->tail.n;

    if (m->trace == NULL)
        return;
    if (text->body.n > 0) {
        sg_put(&out, text->head.p, text->head.n - 1); /* without its opening quote */
        put_length(&out, text->body.n);
    } else {
        struct sg_bytes rest;
        put_shown(&out, text->head, sg_modem_after(text->head, "AT%CMNG=", &rest) ? 0 : SIZE_MAX);
    }
    tell(m, true, &out, n);
}

/* A line without a name that no command asks for may be the rest of a credential whose answer came late, cut at the
 * ends of its lines. */
static bool is_stray(struct sg_bytes head, struct sg_bytes line)
{
    struct sg_bytes rest;
    bool named = line.n > 0 && (line.p[0] == '+' || line.p[0] == '%' || line.p[0] == '#');

    return !named && (head.n == 0 || sg_bytes_eq_str(head, "AT") || sg_modem_after(head, "AT%CMNG=", &rest)) &&
           sg_modem_kind(line, head) != SG_LINE_FINAL;
}

void sg_modem_trace_received(struct sg_modem *m, struct sg_bytes head, struct sg_bytes line)
{
    uint8_t space[TRACE_MAX];
    struct sg_buf out = sg_buf(space, sizeof space);
    struct sg_bytes rest;

    if (m->trace == NULL)
        return;
    /* The second string of a %CMNG line is the credential; what follows a #XRECV line is what was received. */
    if (is_stray(head, line) || (sg_modem_after(head, "AT#XRECV=", &rest) &&
                                 sg_modem_kind(line, head) == SG_LINE_INFORMATION && line.p[0] != '#'))
        put_length(&out, line.n);
    else
        put_shown(&out, line, sg_modem_after(line, "%CMNG:", &rest) ? 1 : SIZE_MAX);
    tell(m, false, &out, line.n);
}
