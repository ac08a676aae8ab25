/* SPDX-License-Identifier: Apache-2.0 */
/* signet show: everything about one device. */
#include "commands.h"
#include "dtls/dtls.h"
#include "online.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "  modem         …": a label, or blanks for the lines below it. */
static void line(const char *label, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void line(const char *label, const char *fmt, ...)
{
    char text[1200];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    char *safe = sg_cli_safe(text);
    (void)printf("  %-13s %s\n", label, safe);
    free(safe);
}

static void print_modem(const json_t *d)
{
    const char *model = sg_cli_text_of(d, "model"), *firmware = sg_cli_text_of(d, "firmware");
    const char *imei = sg_cli_text_of(d, "imei"), *uuid = sg_cli_text_of(d, "uuid");
    if (model[0] != '\0' || imei[0] != '\0')
        line("modem", "%s%s%s%s%s", model, firmware[0] != '\0' ? " " : "", firmware, imei[0] != '\0' ? "  IMEI " : "",
             imei);
    if (uuid[0] != '\0')
        line("", "UUID %s", uuid);
    const json_t *key = json_object_get(d, "modem_identity");
    const char *source = sg_cli_text_of(key, "source");
    if (json_is_object(key))
        line("", "its identity key %.17s… is %s", sg_cli_text_of(key, "key"),
             strcmp(source, "maker") == 0 ? "in the maker's list" : "known from first sight (pinned)");
}

static void print_psk(const json_t *device, const json_t *psk)
{
    line("identity", "%s: the weaker identity, this side has the key too", sg_cli_psk_text(device));
    line("", "%s, named \"%s\", since %s", sg_cli_text_of(psk, "state"), sg_cli_text_of(psk, "name"),
         sg_cli_text_of(psk, "issued_at"));
    if (sg_cli_number_of(psk, "tag") != 0)
        line("", "in the modem's store at tag %lld", (long long)sg_cli_number_of(psk, "tag"));
    if (sg_cli_time_of(psk, "revoked_at") != 0)
        line("", "revoked %s: %s", sg_cli_text_of(psk, "revoked_at"), sg_cli_text_of(psk, "reason"));
}

static void print_identity(const json_t *device, int64_t now)
{
    const json_t *cert = json_object_get(device, "identity");
    char from[SG_CLI_TIME], until[SG_CLI_TIME], ago[SG_CLI_AGO];
    int64_t end = sg_cli_time_of(cert, "valid_until");
    if (!json_is_object(cert)) {
        line("identity", "none: its enrolment has not been finished. Run `signet enroll` again");
        return;
    }
    if (strcmp(sg_cli_text_of(cert, "kind"), "psk") == 0) {
        print_psk(device, cert);
        return;
    }
    line("identity", "%s", sg_cli_text_of(cert, "fingerprint"));
    line("", "%s, issued by \"%s\", %lld bytes, serial %s", sg_cli_text_of(cert, "state"),
         sg_cli_text_of(cert, "issuer"), (long long)sg_cli_number_of(cert, "bytes"), sg_cli_text_of(cert, "serial"));
    line("", "valid from %s to %s (%s%s)", sg_cli_date(sg_cli_time_of(cert, "valid_from"), from),
         sg_cli_date(end, until), end < now ? "EXPIRED " : "", sg_cli_ago(end, now, ago));
    if (sg_cli_number_of(cert, "tag") != 0)
        line("", "in the modem's store at tag %lld", (long long)sg_cli_number_of(cert, "tag"));
    if (sg_cli_time_of(cert, "revoked_at") != 0)
        line("", "revoked %s: %s", sg_cli_text_of(cert, "revoked_at"), sg_cli_text_of(cert, "reason"));
    line("key", "%s", sg_cli_text_of(cert, "key"));
}

static void print_connection(const json_t *d, int64_t now)
{
    const json_t *c = json_object_get(d, "connection");
    char ago[SG_CLI_AGO];
    uint16_t suite = (uint16_t)strtoul(sg_cli_text_of(c, "suite"), NULL, 16);

    if (json_is_object(c))
        line("connection", "%s%s, %s, %s handshake %s", sg_cli_text_of(d, "address"),
             sg_cli_truth_of(c, "cid") ? " with a connection id" : "", sg_suite_name(suite),
             sg_cli_truth_of(c, "resumed") ? "resumed" : "full", sg_cli_ago(sg_cli_time_of(c, "since"), now, ago));
    line("last seen", "%s%s%s", sg_cli_ago(sg_cli_time_of(d, "last_seen"), now, ago),
         sg_cli_text_of(d, "address")[0] != '\0' ? " at " : "", sg_cli_text_of(d, "address"));
}

static void print_registration(const json_t *r, int64_t now)
{
    char ago[SG_CLI_AGO], name[SG_CLI_NAME], text[1100];
    struct sg_buf b = sg_buf(text, sizeof text);
    const json_t *object;
    size_t i;

    if (!json_is_object(r)) {
        line("registration", "never");
        return;
    }
    line("registration", "%s %s, for %lld s at a time, LwM2M %s, binding %s",
         sg_cli_truth_of(r, "active") ? "since" : "ended; was of", sg_cli_ago(sg_cli_time_of(r, "since"), now, ago),
         (long long)sg_cli_number_of(r, "lifetime"), sg_cli_text_of(r, "version"), sg_cli_text_of(r, "binding"));
    json_array_foreach(json_object_get(r, "objects"), i, object)
    {
        const char *path = sg_cli_text_of(object, "path");
        if (strcmp(path, "/") == 0) /* carries attributes of the device itself */
            continue;
        sg_put_str(&b, b.len > 0 ? ", " : "");
        sg_put_str(&b, path);
        sg_put_str(&b, sg_cli_path_name(path, name)[0] != '\0' ? " " : "");
        sg_put_str(&b, name);
    }
    line("objects", "%s", b.full ? "more than fit here; see --json" : sg_buf_cstr(&b));
}

static void print_others(const json_t *d)
{
    const json_t *identity = json_object_get(d, "identity"), *psk;
    const char *current = sg_cli_text_of(identity, "fingerprint");
    char from[SG_CLI_TIME], until[SG_CLI_TIME];
    const char *label = "before";
    const json_t *cert;
    size_t i;

    json_array_foreach(json_object_get(d, "certificates"), i, cert)
    {
        if (strcmp(sg_cli_text_of(cert, "fingerprint"), current) == 0)
            continue;
        line(label, "%.17s… %s, %s to %s", sg_cli_text_of(cert, "fingerprint"), sg_cli_text_of(cert, "state"),
             sg_cli_date(sg_cli_time_of(cert, "valid_from"), from),
             sg_cli_date(sg_cli_time_of(cert, "valid_until"), until));
        label = "";
    }
    json_array_foreach(json_object_get(d, "pre_shared_keys"), i, psk)
    {
        if (json_equal(psk, identity))
            continue;
        line(label, "PSK %s, since %s", sg_cli_text_of(psk, "state"), sg_cli_text_of(psk, "issued_at"));
        label = "";
    }
}

static void print_trail(const json_t *entries)
{
    const json_t *e;
    size_t i;
    const char *label = "audit";

    json_array_foreach(entries, i, e)
    {
        line(label, "%s  %s by %s from %s", sg_cli_text_of(e, "when"), sg_cli_text_of(e, "what"),
             sg_cli_text_of(e, "who"), sg_cli_text_of(e, "from"));
        if (sg_cli_text_of(e, "detail")[0] != '\0')
            line("", "  %s", sg_cli_text_of(e, "detail"));
        label = "";
    }
}

static int run(struct sg_cli *cli)
{
    static const char *const names[] = {"ENDPOINT", NULL};
    const char *endpoint;
    bool live;
    int code = sg_cli_operands(cli, names, &endpoint);
    if (code != 0)
        return code;
    json_t *d = sg_cli_get_devices(cli, endpoint, &live, &code);
    if (d == NULL)
        return code;
    if (cli->json) {
        json_object_set_new(d, "live", json_boolean(live));
        return sg_cli_print_json(d);
    }
    int64_t now = time(NULL);
    char *name = sg_cli_safe(endpoint);
    (void)printf("%s%s%s  %s\n", sg_cli_style(SG_CLI_BOLD), name, sg_cli_style(SG_CLI_PLAIN),
                 sg_cli_text_of(d, "state"));
    free(name);
    print_modem(d);
    print_identity(d, now);
    print_others(d);
    print_connection(d, now);
    print_registration(json_object_get(d, "registration"), now);
    print_trail(json_object_get(d, "audit"));
    if (!live)
        (void)sg_cli_fail(0, "signetd does not run on %s: this is what the inventory knows.", cli->home.shown);
    json_decref(d);
    return SG_CLI_DONE;
}

const struct sg_cli_command sg_cli_show = {
    .name = "show",
    .synopsis = "ENDPOINT",
    .what = "tells all about one device: identity, registration, what happened to it",
    .help = "The last ten entries of the audit log that are about it come at the end, refusals\n"
            "with both sides of what disagreed.\n",
    .run = run,
};
