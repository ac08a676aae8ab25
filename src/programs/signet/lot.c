/* SPDX-License-Identifier: Apache-2.0 */
/* signet lot: what was made together, and its signed report. */
#include "commands.h"
#include "factory/factory.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PASSPHRASE_FILE, PASSPHRASE_FD };
static const struct sg_cli_option options[] = {
    [PASSPHRASE_FILE] = {"--passphrase-file", "FILE", "take the CA's passphrase from the first line of FILE"},
    [PASSPHRASE_FD] = {"--passphrase-fd", "N", "take it from the open descriptor N"},
    {NULL, NULL, NULL},
};

struct wanted {
    const char *what, *name;
    struct sg_cli_passphrase passphrase;
};

static int take(struct sg_cli *cli, int option, struct wanted *w)
{
    if (option == PASSPHRASE_FILE || option == PASSPHRASE_FD)
        return sg_cli_take_passphrase(cli, option, &w->passphrase);
    if (w->what == NULL)
        w->what = cli->value;
    else if (w->name == NULL)
        w->name = cli->value;
    else
        return sg_cli_usage(cli, "there is one word too many: %s.", cli->value);
    return 0;
}

static int parse(struct sg_cli *cli, struct wanted *w)
{
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        int r = i == SG_CLI_BAD ? SG_CLI_USAGE : take(cli, i, w);
        if (r != 0)
            return r;
    }
    return 0;
}

static int fail(const struct sg_error *err)
{
    return sg_cli_fail_err(err->code == SG_ENOTFOUND ? SG_CLI_NOTHING : SG_CLI_FAILED, err);
}

static json_t *lot_json(const struct sg_lot *lot, const struct sg_lot_count *n)
{
    char begun[SG_CLI_TIME], ended[SG_CLI_TIME];
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "name", lot->name, "operator", lot->who,
                     "begun", sg_cli_time(lot->begun, begun), "ended", sg_cli_time(lot->ended, ended), "boards",
                     (json_int_t)n->boards, "enrolled", (json_int_t)n->enrolled, "verified", (json_int_t)n->verified,
                     "failed", (json_int_t)n->failed, "attempts", (json_int_t)n->attempts, "failures",
                     (json_int_t)n->failures);
}

/* ------------------------------------------------------------------------------------------------------ list */

struct listing {
    struct sg_store *store;
    struct sg_cli_table table;
    json_t *lots;
    struct sg_error err;
};

static int list_one(void *user, const struct sg_lot *lot)
{
    struct listing *l = user;
    struct sg_lot_count n;
    char begun[SG_CLI_TIME], ended[SG_CLI_TIME], boards[24], good[24], bad[24];
    int r = sg_lot_count(l->store, lot->name, &n, &l->err);
    if (r < 0)
        return r;
    (void)json_array_append_new(l->lots, lot_json(lot, &n));
    (void)snprintf(boards, sizeof boards, "%zu", n.boards);
    (void)snprintf(good, sizeof good, "%zu", n.enrolled + n.verified);
    (void)snprintf(bad, sizeof bad, "%zu", n.failed);
    sg_cli_row(&l->table, 7,
               (const char *const[]){lot->name, boards, good, bad, sg_cli_date(lot->begun, begun),
                                     lot->ended != 0 ? sg_cli_date(lot->ended, ended) : "open", lot->who});
    return 0;
}

static int list(const struct sg_cli *cli, struct sg_store *store)
{
    struct listing l = {.store = store, .lots = json_array()};
    sg_cli_row(&l.table, 7, (const char *const[]){"LOT", "BOARDS", "GOOD", "FAILED", "BEGUN", "ENDED", "OPERATOR"});
    int code = SG_CLI_DONE;
    if (sg_store_each_lot(store, list_one, &l, &l.err) < 0)
        code = fail(&l.err);
    else if (cli->json)
        code = sg_cli_print_json(json_pack("{s:O}", "lots", l.lots));
    else if (json_array_size(l.lots) == 0)
        (void)printf("There are no lots yet: `signet enroll --lot NAME` begins one.\n");
    else
        sg_cli_print_table(&l.table);
    sg_cli_free_table(&l.table);
    json_decref(l.lots);
    return code;
}

/* ------------------------------------------------------------------------------------------------------ show */

struct showing {
    struct sg_cli_table boards;
    json_t *attempts;
};

static int show_one(void *user, const struct sg_lot_board *b)
{
    struct showing *s = user;
    char began[SG_CLI_TIME], fp[SG_CLI_FP], full[SG_FINGERPRINT_TEXT] = "";
    bool good = b->endpoint[0] != '\0';
    (void)sg_cli_time(b->began, began);
    if (good)
        (void)sg_fingerprint_text(&b->certificate, full);
    (void)json_array_append_new(
        s->attempts,
        json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s}", "port", b->port, "operator",
                  b->who, "began", began, "took_ms", (json_int_t)b->took_ms, "imei", b->imei, "uuid", b->uuid, "model",
                  b->model, "firmware", b->firmware, "endpoint", b->endpoint, "fingerprint", full, "tag",
                  (json_int_t)b->tag, "result", sg_lot_result_name(b->result), "reason", b->reason));
    sg_cli_row(&s->boards, 5,
               (const char *const[]){began, b->port, sg_lot_result_name(b->result), good ? b->endpoint : b->imei,
                                     good ? sg_cli_short_fp(&b->certificate, 4, fp) : b->reason});
    return 0;
}

static void print_lot(const struct sg_cli *cli, const struct sg_lot *lot, const struct sg_lot_count *n)
{
    char begun[SG_CLI_TIME], ended[SG_CLI_TIME];
    (void)printf("%-12s %s\n", "Lot", lot->name);
    (void)printf("%-12s %s by %s\n", "Begun", sg_cli_time(lot->begun, begun), lot->who);
    (void)printf("%-12s %s\n", "Ended", lot->ended != 0 ? sg_cli_time(lot->ended, ended) : "it is open");
    (void)printf("%-12s %zu: %zu enrolled, %zu verified, %zu failed; %zu attempts\n", "Boards", n->boards, n->enrolled,
                 n->verified, n->failed, n->attempts);
    if (lot->ended != 0)
        (void)printf("%-12s %s/%s.html, .json, .p7s, .csv, -labels.html\n", "Report", cli->home.lots, lot->name);
    (void)putchar('\n');
}

static int show(const struct sg_cli *cli, const struct wanted *w, struct sg_store *store)
{
    struct showing s = {.attempts = json_array()};
    struct sg_error err = {0};
    struct sg_lot lot;
    struct sg_lot_count n;
    sg_cli_row(&s.boards, 5, (const char *const[]){"BEGAN", "PORT", "RESULT", "DEVICE", "CERTIFICATE, OR WHY NOT"});
    int r = sg_store_find_lot(store, w->name, &lot, &err);
    if (r == 0)
        r = sg_lot_count(store, w->name, &n, &err);
    if (r == 0)
        r = sg_store_each_lot_board(store, lot.number, show_one, &s, &err);
    int code = r < 0 ? fail(&err) : SG_CLI_DONE;
    if (r == 0 && cli->json) {
        json_t *all = lot_json(&lot, &n);
        (void)json_object_set(all, "list", s.attempts);
        code = sg_cli_print_json(all);
    } else if (r == 0) {
        print_lot(cli, &lot, &n);
        sg_cli_print_table(&s.boards);
    }
    sg_cli_free_table(&s.boards);
    json_decref(s.attempts);
    return code;
}

/* ---------------------------------------------------------------------------------------------- close, verify */

static int close_lot(const struct sg_cli *cli, const struct wanted *w, struct sg_store *store)
{
    struct sg_lot_close c = {
        .store = store, .name = w->name, .dir = cli->home.lots, .who = sg_cli_who(), .now = (int64_t)time(NULL)};
    struct sg_error err = {0};
    struct sg_lot lot;
    if (sg_store_find_lot(store, w->name, &lot, &err) < 0) /* before a passphrase is asked for */
        return fail(&err);
    int code = sg_cli_load_issuer(cli, &w->passphrase, c.now, &c.issuer);
    if (code != 0)
        return code;
    code = sg_lot_close(&c, &err) < 0 ? fail(&err) : SG_CLI_DONE;
    sg_cli_free_issuer(&c.issuer);
    if (code != SG_CLI_DONE)
        return code;
    if (cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:s}", "name", w->name, "folder", cli->home.lots));
    (void)printf("Lot %s is closed. Its report: %s/%s.html (to read), .json and .p7s (signed), .csv, -labels.html\n",
                 w->name, cli->home.lots, w->name);
    return SG_CLI_DONE;
}

static int verify(const struct sg_cli *cli, const struct wanted *w, struct sg_store *store)
{
    struct sg_error err = {0};
    struct sg_cert_facts signer;
    char fp[SG_FINGERPRINT_TEXT];
    if (sg_lot_verify(store, cli->home.lots, w->name, &signer, &err) < 0)
        return fail(&err);
    (void)sg_fingerprint_text(&signer.fingerprint, fp);
    if (cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:b, s:s, s:s}", "name", w->name, "genuine", 1, "signed_by",
                                           signer.cn, "fingerprint", fp));
    (void)printf("The report of lot %s is genuine: signed by \"%s\" (%s), and the inventory says the same.\n", w->name,
                 signer.cn, fp);
    return SG_CLI_DONE;
}

static int run(struct sg_cli *cli)
{
    struct wanted w = {.passphrase = {.fd = -1}};
    int code = parse(cli, &w);
    if (code != 0)
        return code;
    static const char *const names[] = {"list", "show", "close", "verify", NULL};
    const char *what = w.what != NULL ? w.what : "list";
    size_t i = 0;
    while (names[i] != NULL && strcmp(names[i], what) != 0)
        i++;
    if (names[i] == NULL)
        return sg_cli_usage(cli, "there is no `signet lot %s`. There are list, show, close and verify.", what);
    if (i > 0 && w.name == NULL)
        return sg_cli_usage(cli, "the lot's name is missing (`signet lot list` lists all).");
    if (i == 0 && w.name != NULL)
        return sg_cli_usage(cli, "there is one word too many: %s. Did you mean `signet lot show %s`?", w.name, w.name);
    struct sg_store *store = sg_cli_open_store(cli, &code);
    if (store == NULL)
        return code;
    code = i == 0   ? list(cli, store)
           : i == 1 ? show(cli, &w, store)
           : i == 2 ? close_lot(cli, &w, store)
                    : verify(cli, &w, store);
    sg_store_close(store);
    return code;
}

const struct sg_cli_command sg_cli_lot = {
    "lot",
    "[list | show NAME | close NAME | verify NAME] [OPTION…]",
    "shows lots of boards, writes their signed reports, and verifies them",
    "A lot is what was enrolled under one name (`signet enroll --lot NAME`), in one run\n"
    "or in several. `close` writes its report to the home's lots folder: a page to\n"
    "read or print, JSON with the issuing CA's signature, a CSV table, and labels\n"
    "with QR codes. `signet enroll` does that itself at the end of a run.\n",
    options,
    run,
};
