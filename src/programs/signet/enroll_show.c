/* SPDX-License-Identifier: Apache-2.0 */
/* How `signet enroll` shows one board: a line a step, and a table at the end. */
#include "enroll_show.h"

#include <stdio.h>
#include <unistd.h>

/* On a terminal alone: a key takes a modem seconds. */
static void show_working(struct sg_cli_progress *p)
{
    if (!isatty(STDOUT_FILENO))
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

void sg_cli_show_port(struct sg_cli_progress *p, const char *port)
{
    *p = (struct sg_cli_progress){.port = port, .started = sg_line_now()};
    p->last = p->started;
    show_working(p);
}

void sg_cli_show_step(struct sg_cli_progress *p, enum sg_enroll_step step, const char *facts)
{
    uint64_t now = sg_line_now();
    double seconds = (double)(now - p->last) / 1000;
    p->last = now;
    sg_cli_hide_working(p);
    if (step == SG_ENROLL_MODEM)
        (void)printf("%s%-15s%s %s", sg_cli_style(SG_CLI_BOLD), p->port, sg_cli_style(SG_CLI_PLAIN), facts);
    else
        (void)printf("  %-13s %s", sg_enroll_step_name(step), facts);
    (void)printf("%s  %.1f s%s\n", sg_cli_style(SG_CLI_DIM), seconds, sg_cli_style(SG_CLI_PLAIN));
    show_working(p);
}

void sg_cli_show_function(const struct sg_enroll_result *r)
{
    if (r->found >= 0 && r->function < 0)
        (void)printf("  %-13s could not be left as it was meant: send AT+CFUN=%d to it yourself\n", "modem", r->found);
    else if (r->taken_down && r->function == r->found)
        (void)printf("  %-13s was taken offline, and is back (AT+CFUN=%d)\n", "modem", r->function);
    else if (r->function != r->found)
        (void)printf("  %-13s is left with AT+CFUN=%d\n", "modem", r->function);
}

static void put_row(struct sg_cli_table *table, const struct sg_board *b)
{
    char tag[16], fingerprint[SG_CLI_FP], until[SG_CLI_TIME];
    (void)snprintf(tag, sizeof tag, "%u", b->result.tag);
    sg_cli_row(table, 5,
               (const char *const[]){b->result.device.endpoint, b->result.modem.model, tag,
                                     b->result.psk ? "PSK (no forward secrecy)"
                                                   : sg_cli_short_fp(&b->result.cert.fingerprint, 6, fingerprint),
                                     b->result.psk ? "-" : sg_cli_date(b->result.cert.until, until)});
    if (b->result.bootstrap_tag == 0)
        return;
    (void)snprintf(tag, sizeof tag, "%u", b->result.bootstrap_tag);
    sg_cli_row(table, 5,
               (const char *const[]){"  bootstrap", "", tag,
                                     sg_cli_short_fp(&b->result.bootstrap.fingerprint, 6, fingerprint),
                                     sg_cli_date(b->result.bootstrap.until, until)});
}

void sg_cli_show_table(struct sg_board *const *boards, size_t n)
{
    struct sg_cli_table table = {0};
    (void)putchar('\n');
    sg_cli_row(&table, 5, (const char *const[]){"ENDPOINT", "MODEM", "TAG", "FINGERPRINT", "VALID UNTIL"});
    for (size_t i = 0; i < n; i++)
        if (boards[i]->state == SG_BOARD_ENROLLED || boards[i]->state == SG_BOARD_VERIFIED)
            put_row(&table, boards[i]);
    sg_cli_print_table(&table);
}

void sg_cli_show_done(struct sg_board *b)
{
    sg_cli_show_function(&b->result);
    const char *green = sg_cli_style(SG_CLI_GREEN), *plain = sg_cli_style(SG_CLI_PLAIN);
    if (b->result.was_done)
        (void)printf("%sVerified%s %s: it was enrolled before, and nothing was written", green, plain,
                     b->result.device.endpoint);
    else
        (void)printf("%sEnrolled%s %s", green, plain, b->result.device.endpoint);
    (void)printf("  (%.1f s, of which modem %.1f s)\n", (double)(b->ended - b->began) / 1000,
                 (double)b->modem_ms / 1000);
    sg_cli_show_table(&b, 1);
}
