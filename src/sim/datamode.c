/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data mode: after #XSEND's mode 2, what the host writes goes out as it is, until the announced count or "+++" (modem
 * notes 11.4). A pause longer than the time limit sends what is there, so that one datagram becomes two.
 */
#include "sim_internal.h"

#include <string.h>

enum { LIMIT_MS = 32 /* the least: 256 bytes at 115200 baud, and 10 ms */, LIMIT_MAX_MS = 3600000 };

static const char terminator[] = "+++";
enum { TERMINATOR = sizeof terminator - 1 };

void sg_sim_data_begin(struct sg_sim *s, struct sg_sim_socket *k, size_t expected)
{
    s->data.on = true;
    s->data.discarding = false;
    s->data.handle = (size_t)(k - s->sockets);
    s->data.counted = expected > 0;
    s->data.left = expected;
    s->data.len = 0;
}

static uint32_t limit(const struct sg_sim *s)
{
    return s->data.limit_ms ? s->data.limit_ms : LIMIT_MS;
}

/* Sends what there is. A failure is told by the modem's own terminator. */
static bool send_buffered(struct sg_sim *s)
{
    struct sg_bytes data = sg_bytes(s->data.text, s->data.len);
    bool ok = data.n == 0 || sg_sim_socket_send(s, &s->sockets[s->data.handle], data) == 0;

    sg_wipe(s->data.text, s->data.len);
    s->data.len = 0;
    if (sg_sim_is_slm(s)) /* nobody is told */
        return true;
    if (!ok)
        sg_sim_output(s, sg_str(terminator));
    return ok;
}

static void end(struct sg_sim *s, bool ok)
{
    s->data.on = false;
    sg_sim_tell(s, ok ? "#XDATAMODE: 0" : sg_sim_is_slm(s) ? "#XDATAMODE: -139" : "#XDATAMODE: -1");
}

/* What comes after a failure in the middle means nothing, up to the host's terminator. */
static void discard(struct sg_sim *s, uint8_t c)
{
    s->data.len = c == '+' ? s->data.len + 1 : 0;
    if (s->data.len == TERMINATOR)
        end(s, false);
}

static void fail_in_the_middle(struct sg_sim *s)
{
    s->data.discarding = true;
    s->data.len = 0;
}

void sg_sim_data_input(struct sg_sim *s, uint8_t c)
{
    if (s->data.discarding) {
        discard(s, c);
        return;
    }
    if (s->data.len == sizeof s->data.text) { /* larger than its buffer: nothing of it is sent */
        if (!sg_sim_is_slm(s))
            sg_sim_output(s, sg_str(terminator));
        fail_in_the_middle(s);
        discard(s, c);
        return;
    }
    s->data.text[s->data.len++] = c;
    if (s->data.counted) {
        if (--s->data.left == 0)
            end(s, send_buffered(s));
    } else if (s->data.len >= TERMINATOR &&
               memcmp(s->data.text + s->data.len - TERMINATOR, terminator, TERMINATOR) == 0) {
        s->data.len -= TERMINATOR;
        end(s, send_buffered(s));
    }
}

uint64_t sg_sim_data_deadline(const struct sg_sim *s)
{
    return s->data.on && !s->data.discarding && s->data.len > 0 ? s->typed_at + limit(s) : UINT64_MAX;
}

void sg_sim_data_continue(struct sg_sim *s)
{
    if (s->now >= sg_sim_data_deadline(s) && !send_buffered(s))
        fail_in_the_middle(s);
}

int sg_sim_xdatactrl(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t ms;

    if (c->form == SG_SIM_READ) {
        struct sg_buf *b = sg_sim_say(s);
        sg_put_str(b, "#XDATACTRL: ");
        sg_put_udec(b, s->data.limit_ms);
        sg_put_str(b, ",");
        sg_put_udec(b, LIMIT_MS);
        sg_sim_said(s);
        return SG_SIM_OK;
    }
    if (c->form != SG_SIM_SET || c->count != 1 || !sg_sim_number(c, 0, LIMIT_MAX_MS, &ms) || ms < LIMIT_MS)
        return SG_SIM_ERROR;
    s->data.limit_ms = (uint32_t)ms;
    return SG_SIM_OK;
}
