/* SPDX-License-Identifier: Apache-2.0 */
/* How `signet enroll` shows what happens: a line a step, and a table or JSON at the end. */
#include "enroll_show.h"
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* On a terminal alone: a key takes a modem seconds. */
static void show_working(struct sg_cli_progress *p)
{
    if (p->quiet || !isatty(STDOUT_FILENO))
        return;
    (void)printf("  … working\r");
    (void)fflush(stdout);
    p->working = true;
}

void sg_cli_hide_working(struct sg_cli_progress *p)
{
    if (p->working)
        (void)printf("           \r");
    p->working = false;
    (void)fflush(stdout);
}

void sg_cli_show_port(struct sg_cli_progress *p, const char *port, bool quiet)
{
    *p = (struct sg_cli_progress){.port = port, .quiet = quiet, .started = now_ms()};
    p->last = p->started;
    show_working(p);
}

void sg_cli_show_step(struct sg_cli_progress *p, enum sg_enroll_step step, const char *facts)
{
    uint64_t now = now_ms();
    double seconds = (double)(now - p->last) / 1000;
    p->last = now;
    if (p->quiet)
        return;
    sg_cli_hide_working(p);
    if (step == SG_ENROLL_MODEM)
        (void)printf("%s%-15s%s %s", sg_cli_style(SG_CLI_BOLD), p->port, sg_cli_style(SG_CLI_PLAIN), facts);
    else
        (void)printf("  %-13s %s", sg_enroll_step_name(step), facts);
    (void)printf("%s  %.1f s%s\n", sg_cli_style(SG_CLI_DIM), seconds, sg_cli_style(SG_CLI_PLAIN));
    show_working(p);
}

void sg_cli_show_function(const struct sg_cli_progress *p, const struct sg_enroll_result *r)
{
    if (p->quiet)
        return;
    if (r->found >= 0 && r->function < 0)
        (void)printf("  %-13s could not be left as it was meant: send AT+CFUN=%d to it yourself\n", "modem", r->found);
    else if (r->taken_down && r->function == r->found)
        (void)printf("  %-13s was taken offline, and is back (AT+CFUN=%d)\n", "modem", r->function);
    else if (r->function != r->found)
        (void)printf("  %-13s is left with AT+CFUN=%d\n", "modem", r->function);
}

void sg_cli_show_done(struct sg_cli_progress *p, const struct sg_enroll_result *r, uint64_t modem_ms)
{
    if (p->quiet)
        return;
    sg_cli_show_function(p, r);
    const char *green = sg_cli_style(SG_CLI_GREEN), *plain = sg_cli_style(SG_CLI_PLAIN);
    if (r->was_done)
        (void)printf("%sVerified%s %s: it was enrolled before, and nothing was written", green, plain,
                     r->device.endpoint);
    else
        (void)printf("%sEnrolled%s %s", green, plain, r->device.endpoint);
    (void)printf("  (%.1f s, of which modem %.1f s)\n\n", (double)(now_ms() - p->started) / 1000,
                 (double)modem_ms / 1000);
}

void sg_cli_add_board(struct sg_cli_boards *b, const char *port, int result, const struct sg_enroll_result *r,
                      const struct sg_error *err)
{
    struct sg_cli_board *one = &b->board[b->all++];
    b->n += result == 0;
    one->result = result;
    (void)snprintf(one->port, sizeof one->port, "%s", port);
    (void)snprintf(one->sentence, sizeof one->sentence, "%s", result == 0 ? "" : err->text);
    (void)snprintf(one->endpoint, sizeof one->endpoint, "%s", r->device.endpoint);
    (void)snprintf(one->model, sizeof one->model, "%s", r->modem.model);
    (void)snprintf(one->firmware, sizeof one->firmware, "%s", r->modem.firmware);
    (void)snprintf(one->imei, sizeof one->imei, "%s", r->modem.imei);
    (void)snprintf(one->uuid, sizeof one->uuid, "%s", r->modem.uuid);
    one->tag = r->tag;
    one->cert = r->cert;
    one->was_done = r->was_done;
    one->psk = r->psk;
    one->identity = r->device.identity_source;
}

static json_t *board_json(const struct sg_cli_board *one)
{
    char fingerprint[SG_FINGERPRINT_TEXT], until[SG_CLI_TIME];
    if (one->result != 0)
        return json_pack("{s:s, s:s, s:s}", "port", one->port, "error", sg_strerror(one->result), "sentence",
                         one->sentence);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s?, s:s?, s:s?, s:b, s:s}", "port", one->port,
                     "endpoint", one->endpoint, "model", one->model, "firmware", one->firmware, "imei", one->imei,
                     "uuid", one->uuid, "tag", (json_int_t)one->tag, "identity_kind", one->psk ? "psk" : "certificate",
                     "fingerprint", one->psk ? NULL : sg_fingerprint_text(&one->cert.fingerprint, fingerprint),
                     "serial", one->psk ? NULL : one->cert.serial, "valid_until",
                     one->psk ? NULL : sg_cli_time(one->cert.until, until), "enrolled_before", one->was_done,
                     "identity_key", sg_identity_source_name(one->identity));
}

static int print_json(const struct sg_cli_boards *b)
{
    json_t *enrolled = json_array(), *failed = json_array();
    for (size_t i = 0; i < b->all; i++)
        (void)json_array_append_new(b->board[i].result == 0 ? enrolled : failed, board_json(&b->board[i]));
    return sg_cli_print_json(json_pack("{s:o, s:o}", "enrolled", enrolled, "failed", failed));
}

int sg_cli_print_boards(const struct sg_cli_boards *b, bool json, int code)
{
    if (json) {
        int r = print_json(b);
        return code != SG_CLI_DONE ? code : r;
    }
    if (b->n == 0)
        return code;
    struct sg_cli_table table = {0};
    sg_cli_row(&table, 5, (const char *const[]){"ENDPOINT", "MODEM", "TAG", "FINGERPRINT", "VALID UNTIL"});
    for (size_t i = 0; i < b->all; i++) {
        const struct sg_cli_board *one = &b->board[i];
        char tag[16], fingerprint[SG_CLI_FP], until[SG_CLI_TIME];
        if (one->result != 0)
            continue;
        (void)snprintf(tag, sizeof tag, "%u", one->tag);
        sg_cli_row(&table, 5,
                   (const char *const[]){one->endpoint, one->model, tag,
                                         one->psk ? "PSK (no forward secrecy)"
                                                  : sg_cli_short_fp(&one->cert.fingerprint, 6, fingerprint),
                                         one->psk ? "-" : sg_cli_date(one->cert.until, until)});
    }
    sg_cli_print_table(&table);
    return code;
}
