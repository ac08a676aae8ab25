/* SPDX-License-Identifier: Apache-2.0 */
/* What happens on the line as JSON: an object a line as it happens, and all of it at the end. docs/reference/json.md.
 */
#include "line.h"

#include <stdio.h>
#include <stdlib.h>

static void print(json_t *value)
{
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6)) : NULL;
    if (text != NULL)
        (void)puts(text);
    (void)fflush(stdout);
    free(text);
    json_decref(value);
}

static double seconds(uint64_t ms)
{
    return (double)ms / 1000;
}

void sg_line_json_begin(const struct sg_board *b)
{
    char when[SG_CLI_TIME];
    print(json_pack("{s:s, s:s, s:s}", "event", "begin", "port", b->port, "time", sg_cli_time(b->when, when)));
}

void sg_line_json_step(const struct sg_board *b, const char *facts, uint64_t took_ms)
{
    char clean[SG_CLI_TEXT];
    print(json_pack("{s:s, s:s, s:s, s:s, s:f}", "event", "step", "port", b->port, "step",
                    sg_enroll_step_name((enum sg_enroll_step)b->step), "facts", sg_cli_clean(facts, clean), "seconds",
                    seconds(took_ms)));
}

static void set(json_t *to, const char *name, const char *text)
{
    char clean[SG_CLI_TEXT];
    (void)json_object_set_new(to, name, text == NULL ? json_null() : json_string(sg_cli_clean(text, clean)));
}

static json_t *bootstrap_json(const struct sg_enroll_result *r)
{
    char text[SG_FINGERPRINT_TEXT], until[SG_CLI_TIME];
    if (r->bootstrap_tag == 0)
        return json_null();
    return json_pack("{s:I, s:s, s:s, s:s}", "tag", (json_int_t)r->bootstrap_tag, "fingerprint",
                     sg_fingerprint_text(&r->bootstrap.fingerprint, text), "serial", r->bootstrap.serial, "valid_until",
                     sg_cli_time(r->bootstrap.until, until));
}

static json_t *board_json(const struct sg_board *b)
{
    char text[SG_FINGERPRINT_TEXT], until[SG_CLI_TIME];
    const struct sg_enroll_result *r = &b->result;
    json_t *j = json_object();
    set(j, "port", b->port);
    if (b->state == SG_BOARD_ENROLLED || b->state == SG_BOARD_VERIFIED) {
        set(j, "endpoint", r->device.endpoint);
        set(j, "model", r->modem.model);
        set(j, "firmware", r->modem.firmware);
        set(j, "imei", r->modem.imei);
        set(j, "uuid", r->modem.uuid);
        (void)json_object_set_new(j, "tag", json_integer(r->tag));
        set(j, "identity_kind", r->psk ? "psk" : "certificate");
        set(j, "fingerprint", r->psk ? NULL : sg_fingerprint_text(&r->cert.fingerprint, text));
        set(j, "serial", r->psk ? NULL : r->cert.serial);
        set(j, "valid_until", r->psk ? NULL : sg_cli_time(r->cert.until, until));
        (void)json_object_set_new(j, "bootstrap", bootstrap_json(r));
        (void)json_object_set_new(j, "enrolled_before", json_boolean(r->was_done));
        set(j, "identity_key", sg_identity_source_name(r->device.identity_source));
    } else {
        if (r->modem.imei[0] != '\0')
            set(j, "imei", r->modem.imei);
        set(j, "error", sg_strerror(b->err.code));
        set(j, "sentence", b->err.text);
    }
    (void)json_object_set_new(j, "seconds", json_real(seconds(b->ended - b->began)));
    (void)json_object_set_new(j, "modem_seconds", json_real(seconds(b->modem_ms)));
    return j;
}

void sg_line_json_end(const struct sg_board *b)
{
    json_t *j = json_object();
    set(j, "event", sg_board_state_name(b->state));
    json_t *rest = board_json(b);
    (void)json_object_update(j, rest);
    json_decref(rest);
    print(j);
}

void sg_line_json_sum(const struct sg_line *line)
{
    json_t *enrolled = json_array(), *failed = json_array();
    for (size_t i = 0; i < line->n; i++) {
        const struct sg_board *b = line->board[i];
        if (b->state == SG_BOARD_ENROLLED || b->state == SG_BOARD_VERIFIED)
            (void)json_array_append_new(enrolled, board_json(b));
        else if (b->state == SG_BOARD_FAILED || b->state == SG_BOARD_STOPPED)
            (void)json_array_append_new(failed, board_json(b));
    }
    print(json_pack("{s:s, s:o, s:o, s:f}", "event", "end", "enrolled", enrolled, "failed", failed, "seconds",
                    seconds(sg_line_now() - line->began)));
}
