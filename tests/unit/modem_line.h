/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line with a script at its far end, for the tests of the modem room: each step is what must be written, to the byte,
 * and what then arrives. Time is virtual: it passes where the reader waits for nothing.
 */
#ifndef MODEM_LINE_H
#define MODEM_LINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "modem/modem.h"
#include <stdio.h>
#include <string.h>

struct step {
    const char *write; /* NULL ends the script; "" comes at once, before anything is written */
    const char *arrives;
};

struct line {
    const struct step *steps;
    size_t chunk; /* bytes that one read gives at most; 0: as many as fit */
    uint64_t now;
    char written[8192], arriving[16384];
    size_t written_len, arriving_len, arriving_at;
    char seen[2048]; /* unsolicited lines, each ended by '|' */
    char log[4096];  /* traced lines, the same */
};

static void line_arrive(struct line *l, const char *text)
{
    size_t n = strlen(text);
    assert_true(l->arriving_len + n <= sizeof l->arriving);
    memcpy(l->arriving + l->arriving_len, text, n);
    l->arriving_len += n;
}

static int line_write(void *user, const void *p, size_t n)
{
    struct line *l = user;
    assert_true(l->written_len + n < sizeof l->written);
    memcpy(l->written + l->written_len, p, n);
    l->written_len += n;
    l->written[l->written_len] = 0;
    if (l->steps->write == NULL)
        fail_msg("nothing more was to be written, but: %s", l->written);
    if (strlen(l->steps->write) <= l->written_len) {
        assert_string_equal(l->written, l->steps->write);
        line_arrive(l, l->steps->arrives);
        l->written_len = 0;
        l->steps++;
    }
    return 0;
}

static int line_read(void *user, void *p, size_t cap, uint32_t timeout_ms)
{
    struct line *l = user;
    size_t n = l->arriving_len - l->arriving_at;
    if (n == 0) {
        l->now += timeout_ms;
        return 0;
    }
    if (n > cap)
        n = cap;
    if (l->chunk && n > l->chunk)
        n = l->chunk;
    memcpy(p, l->arriving + l->arriving_at, n);
    l->arriving_at += n;
    return (int)n;
}

static uint64_t line_now(void *user)
{
    return ((struct line *)user)->now;
}

static void line_unsolicited(void *user, struct sg_bytes line)
{
    struct line *l = user;
    size_t at = strlen(l->seen);
    (void)snprintf(l->seen + at, sizeof l->seen - at, "%.*s|", (int)line.n, (const char *)line.p);
}

static void line_trace(void *user, bool sent, struct sg_bytes line)
{
    struct line *l = user;
    size_t at = strlen(l->log);
    (void)snprintf(l->log + at, sizeof l->log - at, "%s%.*s|", sent ? "> " : "< ", (int)line.n, (const char *)line.p);
}

/* A modem at the end of a line, as sg_modem_open would leave it. */
static struct sg_modem *line_modem(struct line *l, const struct step *steps)
{
    static struct sg_modem m;
    memset(&m, 0, sizeof m);
    l->steps = steps;
    if (steps->write && steps->write[0] == 0) {
        line_arrive(l, steps->arrives);
        l->steps++;
    }
    m.io = (struct sg_at_io){.user = l, .write = line_write, .read = line_read, .now = line_now};
    m.unsolicited = line_unsolicited;
    m.trace = line_trace;
    m.user = l;
    return &m;
}

static void line_done(const struct line *l)
{
    if (l->steps->write != NULL)
        fail_msg("never written: %s", l->steps->write);
}

#endif
