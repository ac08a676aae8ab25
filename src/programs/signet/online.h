/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share that speak with signetd: their operands, their errors, values as people read them. */
#ifndef SG_CLI_ONLINE_H
#define SG_CLI_ONLINE_H

#include "api_client.h"
#include "cli.h"

/* A path operand: "/3/0/0", of `least` to `most` numbers. 0, or SG_CLI_USAGE after a sentence. */
int sg_cli_path(const struct sg_cli *cli, const char *text, uint8_t least, uint8_t most, struct sg_path *path);
/* ENDPOINT and PATH, for commands that take nothing else. */
int sg_cli_endpoint_and_path(struct sg_cli *cli, uint8_t most, const char **endpoint, struct sg_path *path);

/* The signetd of this home. NULL after a sentence, with an exit code. */
struct sg_client *sg_cli_client(const struct sg_cli *cli, int *exit_code);
/* The same where none is needed: NULL without a sentence where none runs (*exit_code is SG_CLI_DONE then). */
struct sg_client *sg_cli_client_if_running(const struct sg_cli *cli, int *exit_code);
/* One call, and the end of the client. The answer, or NULL after a sentence, with an exit code. */
json_t *sg_cli_call(struct sg_client *c, const char *method, const char *path, const json_t *body, int *exit_code);
/* Tells a failure of a call; returns its exit code. */
int sg_cli_call_failed(const struct sg_error *err);

/* sg_cli_clean for a text of any length. The caller's (free). */
char *sg_cli_safe(const char *text);
/* {"type":…,"value":…} as a person reads it. The caller's (free). */
char *sg_cli_value(const json_t *record);
/* "Manufacturer" of "/3/0/0", "Device" of "/3/0"; with the number of a resource instance: "Available Power Sources 1".
 * "" where it is not known. */
enum { SG_CLI_NAME = 80 };
const char *sg_cli_path_name(const char *path, char name[SG_CLI_NAME]);
/* Lines of up to three cells, the columns aligned, without a heading; the cells are copied. */
struct sg_cli_lines {
    size_t count, cap;
    char **cell;
};
void sg_cli_line(struct sg_cli_lines *l, const char *a, const char *b, const char *c);
void sg_cli_print_lines(struct sg_cli_lines *l); /* and frees them */

/* A member of an object: its text ("" for null and others), number (0), truth (false). */
const char *sg_cli_text_of(const json_t *object, const char *name);
int64_t sg_cli_number_of(const json_t *object, const char *name);
int64_t sg_cli_time_of(const json_t *object, const char *name); /* of "2026-11-23T10:00:00Z"; 0 for null */
bool sg_cli_truth_of(const json_t *object, const char *name);
/* What a device with a pre-shared key shows in place of a fingerprint: "PSK (no forward secrecy)"; "PSK" where its live
 * connection has it. */
const char *sg_cli_psk_text(const json_t *device);

/* The device or devices as the inventory knows them, with what signetd sees where one runs; *live tells. `endpoint`
 * NULL: all. NULL after a sentence, with an exit code. */
json_t *sg_cli_get_devices(const struct sg_cli *cli, const char *endpoint, bool *live, int *exit_code);

#endif
