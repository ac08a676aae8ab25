/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person sees of the line. On a terminal: a line for each board at work, drawn anew in place, and a line of
 * totals; what is done stands above for good. Elsewhere: a line for each step, as it is done.
 */
#include "enroll_show.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDEST = 512 };

static double seconds(uint64_t ms)
{
    return (double)ms / 1000;
}

static size_t done(const struct sg_line *line)
{
    return line->count[SG_BOARD_ENROLLED] + line->count[SG_BOARD_VERIFIED];
}

/* ----------------------------------------------------------------------------------------------- live display */

static void screen(size_t *rows, size_t *columns)
{
    struct winsize w;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 20 && w.ws_row > 4;
    *rows = known ? w.ws_row : 24;
    *columns = known ? w.ws_col : 80;
}

/* Takes the live lines away again: what is printed next stands there for good. */
static void erase(struct sg_line *line)
{
    if (line->drawn > 0)
        (void)printf("\r\033[%zuA\033[J", line->drawn);
    line->drawn = 0;
}

/* One line, cut to the screen: a wrapped one would be two for erase(). */
static void draw(struct sg_line *line, size_t columns, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void draw(struct sg_line *line, size_t columns, const char *fmt, ...)
{
    char text[WIDEST], clean[SG_CLI_TEXT];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)sg_cli_clean(text, clean);
    size_t at = 0, letters = 0;
    while (clean[at] != '\0' && letters < columns - 1) {
        at++;
        while (((unsigned char)clean[at] & 0xc0) == 0x80)
            at++;
        letters++;
    }
    (void)printf("%.*s\n", (int)at, clean);
    line->drawn++;
}

/* What is done now: the step after the last one. */
static const char *doing(const struct sg_board *b)
{
    return b->step >= SG_ENROLL_WRITTEN ? "recording" : sg_enroll_step_name((enum sg_enroll_step)(b->step + 1));
}

static void put_estimate(const struct sg_line *line, double per_minute, char *text, size_t cap)
{
    text[0] = '\0';
    if (line->expected <= done(line) || per_minute <= 0)
        return;
    double left = (double)(line->expected - done(line)) / per_minute * 60;
    (void)snprintf(text, cap, left < 90 ? ", about %.0f s to go" : ", about %.0f min to go",
                   left < 90 ? left : left / 60);
}

/* Until the last one was done: waiting for the next board is no part of it. */
static double boards_a_minute(const struct sg_line *line)
{
    double minutes = line->last_end > line->began ? seconds(line->last_end - line->began) / 60 : 0;
    return minutes > 0 ? (double)done(line) / minutes : 0;
}

static void draw_totals(struct sg_line *line, size_t columns)
{
    double per_minute = boards_a_minute(line);
    char estimate[64], of[32] = "";
    put_estimate(line, per_minute, estimate, sizeof estimate);
    if (line->expected > 0)
        (void)snprintf(of, sizeof of, " of %zu", line->expected);
    draw(line, columns, "%zu%s done, %zu failed, %zu at work, %zu waiting  (%.1f boards a minute%s)%s", done(line), of,
         line->count[SG_BOARD_FAILED], line->count[SG_BOARD_WORKING], line->count[SG_BOARD_WAITING], per_minute,
         estimate, line->watching && line->expected == 0 ? "  Ctrl-C ends" : "");
}

void sg_line_show_progress(struct sg_line *line)
{
    size_t rows, columns, room, hidden = 0;
    uint64_t now = sg_line_now();
    if (line->form != SG_LINE_LIVE)
        return;
    screen(&rows, &columns);
    room = rows - 3;
    erase(line);
    for (size_t i = 0; i < line->next; i++) {
        const struct sg_board *b = line->board[i];
        if (b->state != SG_BOARD_WORKING)
            continue;
        if (line->drawn < room)
            draw(line, columns, "%-16s %-12s %5.1f s  %s", b->port, doing(b), seconds(now - b->began), b->about);
        else
            hidden++;
    }
    if (hidden > 0)
        draw(line, columns, "… and %zu more", hidden);
    draw_totals(line, columns);
    (void)fflush(stdout);
}

/* ----------------------------------------------------------------------------------------- what stands for good */

void sg_line_show_begin(struct sg_line *line, const struct sg_board *b)
{
    if (line->form == SG_LINE_JSON)
        sg_line_json_begin(b);
}

void sg_line_show_step(struct sg_line *line, const struct sg_board *b, const char *facts, uint64_t took_ms)
{
    char clean[SG_CLI_TEXT];
    if (line->form == SG_LINE_JSON) {
        sg_line_json_step(b, facts, took_ms);
    } else if (line->form == SG_LINE_PLAIN) {
        (void)printf("%-16s %-12s %s  %.1f s\n", b->port, sg_enroll_step_name((enum sg_enroll_step)b->step),
                     sg_cli_clean(facts, clean), seconds(took_ms));
        (void)fflush(stdout);
    }
}

static void show_done(const struct sg_board *b)
{
    char fingerprint[SG_CLI_FP], until[SG_CLI_TIME], what[100];
    bool verified = b->state == SG_BOARD_VERIFIED;
    (void)snprintf(what, sizeof what, "%s until %s", sg_cli_short_fp(&b->result.cert.fingerprint, 6, fingerprint),
                   sg_cli_date(b->result.cert.until, until));
    (void)printf("%-16s %s%-12s%s %s  %s  (%.1f s, of which modem %.1f s)%s\n", b->port, sg_cli_style(SG_CLI_GREEN),
                 verified ? "Verified" : "Enrolled", sg_cli_style(SG_CLI_PLAIN), b->result.device.endpoint,
                 b->result.psk ? "PSK (no forward secrecy)" : what, seconds(b->ended - b->began), seconds(b->modem_ms),
                 verified ? ": nothing was written" : "");
    if (b->result.function < 0 && b->result.found >= 0)
        (void)printf("%-16s %-12s could not be left as it was meant: send AT+CFUN=%d to it yourself\n", b->port,
                     "modem", b->result.found);
}

static void show_failed(const struct sg_board *b)
{
    (void)printf("%-16s %s%-12s%s %s  (%.1f s)\n", b->port, sg_cli_style(SG_CLI_RED),
                 b->state == SG_BOARD_STOPPED ? "Stopped" : "Failed", sg_cli_style(SG_CLI_PLAIN),
                 b->result.modem.imei[0] != '\0' ? b->result.modem.imei : "before the modem said who it is",
                 seconds(b->ended - b->began));
    (void)sg_cli_fail_err(SG_CLI_FAILED, &b->err);
}

void sg_line_show_end(struct sg_line *line, const struct sg_board *b)
{
    if (line->form == SG_LINE_JSON) {
        sg_line_json_end(b);
        if (b->state == SG_BOARD_FAILED)
            (void)sg_cli_fail_err(SG_CLI_FAILED, &b->err);
        return;
    }
    erase(line);
    if (b->state == SG_BOARD_ENROLLED || b->state == SG_BOARD_VERIFIED)
        show_done(b);
    else if (b->state == SG_BOARD_SILENT)
        (void)printf("%-16s %-12s %s\n", b->port, "no modem", sg_strerror(b->err.code));
    else
        show_failed(b);
    (void)fflush(stdout);
}

void sg_line_show_sum(struct sg_line *line)
{
    if (line->form == SG_LINE_JSON) {
        sg_line_json_sum(line);
        return;
    }
    erase(line);
    if (!line->watching && line->count[SG_BOARD_ENROLLED] + line->count[SG_BOARD_VERIFIED] > 0)
        sg_cli_show_table(line->board, line->n);
    (void)printf("%zu enrolled, %zu verified, %zu failed in %.1f s", line->count[SG_BOARD_ENROLLED],
                 line->count[SG_BOARD_VERIFIED], line->count[SG_BOARD_FAILED], seconds(sg_line_now() - line->began));
    if (done(line) > 1)
        (void)printf(" (%.1f boards a minute)", boards_a_minute(line));
    (void)putchar('\n');
    (void)fflush(stdout);
}
