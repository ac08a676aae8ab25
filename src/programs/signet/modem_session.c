/* SPDX-License-Identifier: Apache-2.0 */
/* signet modem: a session with one modem, which is left as it was found. */
#include "enroll_ports.h"
#include "modem.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OFFLINE = 4 /* +CFUN */, NUMERIC = 1 /* +CMEE */ };

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

/* The first Ctrl-C lets the step under way end, so that the modem can be left as it was; a second one ends at once. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    action.sa_flags = (int)SA_RESETHAND;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

bool sg_cli_modem_interrupted(void)
{
    return interrupted != 0;
}

/* --------------------------------------------------------------------------------------------------- failures */

static int exit_of(int r, int cme)
{
    if (r == SG_ENOTFOUND)
        return SG_CLI_NOTHING;
    return r == SG_EDENIED && (cme == SG_CME_ACTIVE || cme == SG_CME_EXISTS) ? SG_CLI_REFUSED : SG_CLI_FAILED;
}

int sg_cli_modem_fail(const struct sg_cli_modem *d, int r, const char *fmt, ...)
{
    char what[300];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    int cme = r == SG_ENOTFOUND ? SG_CME_NOT_FOUND : d->modem.cme;
    if (r == SG_ETIMEOUT)
        return sg_cli_fail(SG_CLI_FAILED,
                           "the modem on %s did not answer in time: %s. Run it again; a board that "
                           "stays silent is helped by a reset.",
                           d->port, what);
    if (r == SG_EUNSUPPORTED && d->modem.shell)
        return sg_cli_fail(SG_CLI_FAILED,
                           "the shell on %s does not pass this on: %s. It leaves no apostrophe or backslash as it is, "
                           "takes line ends only in credentials that are written unsigned, and at most 3578 "
                           "characters. Use a firmware with at_host or Serial Modem.",
                           d->port, what);
    if (r == SG_ENOSPC)
        return sg_cli_fail(SG_CLI_FAILED, "the answer of the modem on %s is too long for its host: %s.", d->port, what);
    if ((r == SG_EDENIED || r == SG_ENOTFOUND) && cme >= 0)
        return sg_cli_fail(exit_of(r, cme), "the modem on %s refused: %s: %s (error %d). %s", d->port, what,
                           sg_cme_name(cme), cme, sg_cme_cure(cme));
    if (r == SG_EDENIED)
        return sg_cli_fail(SG_CLI_FAILED, "the modem on %s refused: %s, without a reason (ERROR).", d->port, what);
    return sg_cli_fail(SG_CLI_FAILED, "the modem on %s: %s: %s.", d->port, what, sg_strerror(r));
}

void sg_cli_modem_say(const struct sg_cli_modem *d, const char *name, const char *fmt, ...)
{
    char text[1600], clean[SG_CLI_TEXT];
    va_list args;
    if (d->cli->json)
        return;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)printf("%-15s %s\n", name, sg_cli_clean(text, clean));
}

/* --------------------------------------------------------------------------------------------------- the port */

/* The only board; of several, one must be named. */
static int choose_port(struct sg_cli_modem *d)
{
    struct sg_cli_ports found = {.n = 0};
    struct sg_policy policy;
    if (d->port != NULL)
        return 0;
    sg_policy_defaults(&policy);
    int code = sg_cli_find_ports(&found, &policy, true);
    if (code == 0 && found.n > 1)
        code = sg_cli_usage(d->cli, "there are %zu modems (%s, %s%s): name one with --port.", found.n, found.path[0],
                            found.path[1], found.n > 2 ? ", …" : "");
    if (code == 0) {
        d->port = d->found_port = strdup(found.path[0]);
        if (d->port == NULL)
            abort();
    }
    sg_cli_free_ports(&found);
    return code;
}

static int open_port(struct sg_cli_modem *d)
{
    struct sg_error err = {0};
    int code = choose_port(d);
    if (code != 0)
        return code;
    int r = sg_port_open(&d->line, d->port, &err);
    if (r < 0)
        return sg_cli_fail_err(r == SG_ENOTFOUND ? SG_CLI_NOTHING : SG_CLI_FAILED, &err);
    catch_signals();
    d->modem.user = d;
    r = sg_modem_attach(&d->modem, sg_port_io(&d->line));
    if (r == SG_ETIMEOUT)
        return sg_cli_fail(SG_CLI_FAILED,
                           "what is on %s does not answer like a modem (AT). A board may have several ports: try the "
                           "others; and its firmware must have an AT interface (at_client, Serial Modem, Modem Shell).",
                           d->port);
    return r < 0 ? sg_cli_fail(SG_CLI_FAILED, "talking to %s: %s", d->port, sg_strerror(r)) : 0;
}

int sg_cli_modem_attach(struct sg_cli_modem *d)
{
    int code = open_port(d);
    return code == 0 ? 0 : sg_cli_modem_end(d, code);
}

int sg_cli_modem_begin(struct sg_cli_modem *d)
{
    int code = sg_cli_modem_attach(d);
    if (code != 0)
        return code;
    d->errors = sg_modem_get_errors(&d->modem);
    int r = d->errors == NUMERIC ? 0 : sg_modem_set_errors(&d->modem, NUMERIC);
    if (r == 0 || r == SG_EDENIED)
        r = sg_modem_identify(&d->modem, &d->info);
    if (r == SG_EFORMAT)
        code =
            sg_cli_fail(SG_CLI_FAILED, "what is on %s answers AT commands, but not like an nRF91 (AT+CGMM).", d->port);
    else if (r < 0)
        code = sg_cli_modem_fail(d, r, "saying who it is");
    return code == 0 ? 0 : sg_cli_modem_end(d, code);
}

/* ------------------------------------------------------------------------------------------- before a change */

static int take_down(struct sg_cli_modem *d)
{
    d->function = sg_modem_get_function(&d->modem);
    if (d->function < 0)
        return sg_cli_modem_fail(d, d->function, "telling its functional mode (AT+CFUN?)");
    if (!sg_modem_function_is_active(d->function))
        return 0;
    if (!d->offline)
        return sg_cli_fail(SG_CLI_REFUSED,
                           "the modem on %s will not change its store while it is on the network (AT+CFUN=%d, error "
                           "518). Run again with --offline, which takes it off and puts it back.",
                           d->port, d->function);
    d->down = true;
    int r = sg_modem_set_function(&d->modem, OFFLINE);
    if (r == 0)
        r = sg_modem_get_function(&d->modem);
    if (r < 0)
        return sg_cli_modem_fail(d, r, "going offline (AT+CFUN=4)");
    if (sg_modem_function_is_active(r))
        return sg_cli_fail(SG_CLI_FAILED, "the modem on %s took AT+CFUN=4, and is still active (AT+CFUN? says %d).",
                           d->port, r);
    return 0;
}

static int sign(void *user, const struct sg_bytes text[3], struct sg_buf *signature)
{
    const struct sg_cli_modem *d = user;
    return sg_key_sign(d->lock_key, text, 3, signature, NULL);
}

/* The key that the modem holds must be the one that we have. */
static int compare_keys(struct sg_cli_modem *d, struct sg_bytes pem, const char *path)
{
    struct sg_fingerprint held, ours;
    char held_text[SG_CLI_FP], ours_text[SG_CLI_FP];
    EVP_PKEY *key = sg_key_parse_public(pem, NULL);
    bool ok = key != NULL && sg_key_fingerprint(key, &held) == 0 && sg_key_fingerprint(d->lock_key, &ours) == 0;
    EVP_PKEY_free(key);
    if (!ok)
        return sg_cli_fail(SG_CLI_FAILED, "the modem on %s is locked, and the key that it names cannot be read.",
                           d->port);
    if (memcmp(&held, &ours, sizeof held) == 0)
        return 0;
    return sg_cli_fail(SG_CLI_REFUSED,
                       "the modem on %s is locked with another key (%s) than the one in %s (%s). Name the right one "
                       "with --key FILE.",
                       d->port, sg_cli_short_fp(&held, 8, held_text), path, sg_cli_short_fp(&ours, 8, ours_text));
}

/* Where type 5 keys are listed, they tell the tag; else it is the usual one. */
static int find_lock(struct sg_cli_modem *d)
{
    size_t n;
    int code;
    struct sg_cred *all = sg_cli_modem_list(d, -1, &n, &code);
    if (all == NULL)
        return code;
    for (size_t i = 0; i < n; i++)
        if (all[i].type == SG_CRED_AT_KEY && all[i].tag <= SG_LOCK_TAG_MAX) {
            d->modem.lock_tag = (uint8_t)all[i].tag;
            break;
        }
    free(all);
    return 0;
}

static int get_signer(struct sg_cli_modem *d)
{
    uint8_t space[1024];
    struct sg_buf pem = sg_buf(space, sizeof space);
    char path[SG_PATH];
    int code = find_lock(d);
    if (code != 0)
        return code;
    int state = sg_modem_lock_state(&d->modem, &pem);
    d->has_state = state >= 0;
    if (state == 0 || state == SG_EUNSUPPORTED)
        return 0;
    if (state < 0)
        return sg_cli_modem_fail(d, state, "telling whether it is locked (AT%%XPMNG=2)");
    code = sg_cli_modem_lock_path(d, path);
    if (code == 0)
        code = sg_cli_modem_read_lock_key(d, path);
    if (code == 0)
        code = compare_keys(d, sg_buf_bytes(&pem), path);
    if (code == 0)
        d->modem.sign = sign;
    return code;
}

int sg_cli_modem_prepare(struct sg_cli_modem *d)
{
    int code = get_signer(d);
    return code != 0 ? code : take_down(d);
}

/* ---------------------------------------------------------------------------------------------------- the end */

int sg_cli_modem_end(struct sg_cli_modem *d, int code)
{
    if (d->down && sg_modem_set_function(&d->modem, d->function) == 0)
        sg_cli_modem_say(d, "Mode", "was taken offline, and is back (AT+CFUN=%d)", d->function);
    else if (d->down)
        code =
            sg_cli_fail(code != SG_CLI_DONE ? code : SG_CLI_FAILED,
                        "the modem on %s was taken offline, and did not go back to AT+CFUN=%d.", d->port, d->function);
    if (d->errors >= 0 && d->errors != NUMERIC)
        (void)sg_modem_set_errors(&d->modem, d->errors);
    sg_port_close(&d->line);
    EVP_PKEY_free(d->lock_key);
    d->lock_key = NULL;
    free(d->found_port);
    d->found_port = NULL;
    return code;
}
