/* SPDX-License-Identifier: Apache-2.0 */
/* The log: one line an event on standard error, written by one call, so that lines of threads do not mix. */
#include "server/server.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static _Atomic unsigned least_level = SG_LOG_INFO;

void sg_log_set_level(enum sg_log_level least)
{
    atomic_store_explicit(&least_level, least, memory_order_relaxed);
}

static void put_time(struct sg_buf *b)
{
    struct timespec now;
    struct tm tm;
    char text[40];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(text + n, sizeof text - n, ".%03dZ", (int)(now.tv_nsec / 1000000));
    sg_put_str(b, text);
}

static bool is_plain(const char *value)
{
    for (const char *p = value; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~' || *p == '"' || *p == '\\' || *p == '=')
            return false;
    }
    return value[0] != '\0';
}

/* What a device or a stranger chose to say must not be able to forge a line or to speak to a terminal. */
static void put_quoted(struct sg_buf *b, const char *value)
{
    sg_put_u8(b, '"');
    for (const char *p = value; *p != '\0'; p++) {
        uint8_t c = (uint8_t)*p;
        if (c == '"' || c == '\\') {
            sg_put_u8(b, '\\');
            sg_put_u8(b, c);
        } else if (c >= ' ' && c <= '~') {
            sg_put_u8(b, c);
        } else {
            sg_put_str(b, "\\x");
            sg_put_hex(b, sg_bytes(&c, 1));
        }
    }
    sg_put_u8(b, '"');
}

/* Where a value does not fit any more, the line ends before it. */
static void put_pair(struct sg_buf *b, const char *name, const char *value)
{
    size_t before = b->len;

    sg_put_u8(b, ' ');
    sg_put_str(b, name);
    sg_put_u8(b, '=');
    if (is_plain(value))
        sg_put_str(b, value);
    else
        put_quoted(b, value);
    if (b->full) {
        b->len = before;
        b->full = false;
    }
}

void sg_log(enum sg_log_level level, const char *event, const char *const *pairs)
{
    static const char *const names[] = {
        [SG_LOG_DEBUG] = "debug", [SG_LOG_INFO] = "info", [SG_LOG_WARNING] = "warning", [SG_LOG_ERROR] = "error"};
    char line[4096];
    struct sg_buf b = sg_buf(line, sizeof line - 1);

    if (level < atomic_load_explicit(&least_level, memory_order_relaxed))
        return;
    sg_put_str(&b, "time=");
    put_time(&b);
    put_pair(&b, "level", names[level]);
    put_pair(&b, "event", event);
    for (size_t i = 0; pairs[i] != NULL; i += 2)
        put_pair(&b, pairs[i], pairs[i + 1] != NULL ? pairs[i + 1] : "");
    line[b.len] = '\n';
    ssize_t written = write(STDERR_FILENO, line, b.len + 1);
    (void)written; /* there is nowhere else to say it */
}
