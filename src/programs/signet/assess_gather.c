/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signet assess gather: what a home knows and the assessment may lean on. The signed report of a lot, and what the
 * audit log says of its devices (enrolled, revoked, refused), with the log's chain recomputed. It supports; no
 * requirement passes by it.
 */
#include "assess.h"
#include "factory/factory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { MOST_REPORT = 64 << 20 };

struct gathering {
    const struct sg_cli_assess *a;
    struct sg_store *store;
    const char *lot; /* NULL: all */
    json_t *endpoints, *entries, *words, *list;
    int64_t last;
    char head[65];
    struct sg_error err;
};

/* --------------------------------------------------------------------------------------------------- the files */

/* Writes a file of the folder, and lists it in place of what was listed under its name. */
static int keep(struct gathering *g, const char *file, const char *what, struct sg_bytes content, json_t *more)
{
    char name[SG_ASSESS_PATH], path[SG_ASSESS_PATH], when[SG_CLI_TIME], hash[65];
    struct sg_buf hex = sg_buf(hash, sizeof hash);
    uint8_t digest[32];

    (void)snprintf(name, sizeof name, "evidence-files/%.200s", file);
    int r = sg_file_write(sg_cli_assess_path(g->a, name, path), 0644, false, content, &g->err);
    if (r < 0) {
        json_decref(more);
        return r;
    }
    sg_sha256(content, digest);
    sg_put_hex(&hex, sg_bytes(digest, sizeof digest));
    json_t *entry = json_pack("{ssssssssso}", "file", file, "what", what, "sha256", sg_buf_cstr(&hex), "when",
                              sg_cli_time(time(NULL), when), "bytes", json_integer((json_int_t)content.n));
    (void)json_object_update(entry, more);
    json_decref(more);
    for (size_t i = json_array_size(g->list); i-- > 0;) {
        const char *old = json_string_value(json_object_get(json_array_get(g->list, i), "file"));
        if (old != NULL && strcmp(old, file) == 0)
            (void)json_array_remove(g->list, i);
    }
    return json_array_append_new(g->list, entry) == 0 ? 0 : sg_fail(&g->err, SG_ENOMEM, "gathering: out of memory");
}

static int copy(struct gathering *g, const char *from, const char *file, const char *what, json_t *more)
{
    size_t n;
    uint8_t *content = sg_file_read(from, MOST_REPORT, &n, &g->err);
    if (content == NULL) {
        json_decref(more);
        return g->err.code;
    }
    int r = keep(g, file, what, sg_bytes(content, n), more);
    free(content);
    return r;
}

/* ----------------------------------------------------------------------------------------------------- the lot */

static int add_endpoint(void *user, const struct sg_lot_board *b)
{
    struct gathering *g = user;
    char fp[SG_FINGERPRINT_TEXT];
    if (b->endpoint[0] == '\0')
        return 0;
    (void)json_object_set_new(g->endpoints, b->endpoint, json_true());
    return json_object_set_new(g->endpoints, sg_fingerprint_text(&b->certificate, fp), json_true());
}

static int gather_lot(struct gathering *g)
{
    const char *dir = g->a->cli->home.lots;
    char from[SG_ASSESS_PATH], file[200];
    struct sg_cert_facts signer;
    struct sg_lot lot;
    struct sg_lot_count n = {0};

    int r = sg_store_find_lot(g->store, g->lot, &lot, &g->err);
    if (r == 0)
        r = sg_lot_verify(g->store, dir, g->lot, &signer, &g->err);
    if (r == 0)
        r = sg_lot_count(g->store, g->lot, &n, &g->err);
    if (r == 0)
        r = sg_store_each_lot_board(g->store, lot.number, add_endpoint, g, &g->err);
    if (r < 0)
        return r;
    (void)snprintf(from, sizeof from, "%s/%s.json", dir, g->lot);
    (void)snprintf(file, sizeof file, "lot-%.150s.json", g->lot);
    r = copy(g, from, file, "report of a lot",
             json_pack("{sssIsIsIss}", "lot", g->lot, "boards", (json_int_t)n.boards, "good",
                       (json_int_t)n.enrolled + (json_int_t)n.verified, "failed", (json_int_t)n.failed, "signed_by",
                       signer.cn));
    (void)snprintf(from, sizeof from, "%s/%s.p7s", dir, g->lot);
    (void)snprintf(file, sizeof file, "lot-%.150s.p7s", g->lot);
    return r < 0 ? r : copy(g, from, file, "its signature (CMS, detached)", json_pack("{ss}", "lot", g->lot));
}

/* ----------------------------------------------------------------------------------------------- the audit log */

static int add_entry(void *user, const struct sg_audit_entry *e)
{
    struct gathering *g = user;
    char when[SG_CLI_TIME], text[5][SG_CLI_TEXT];
    struct sg_buf hex = sg_buf(g->head, sizeof g->head);
    sg_put_hex(&hex, sg_bytes(e->hash, sizeof e->hash));
    (void)sg_buf_cstr(&hex);
    g->last = e->number;
    if (g->lot != NULL && strcmp(e->subject, g->lot) != 0 && json_object_get(g->endpoints, e->subject) == NULL)
        return 0;
    json_t *count = json_object_get(g->words, e->what);
    (void)json_object_set_new(g->words, sg_cli_clean(e->what, text[0]), json_integer(json_integer_value(count) + 1));
    return json_array_append_new(
        g->entries,
        json_pack("{sIssssssssssssss}", "number", (json_int_t)e->number, "when", sg_cli_time(e->when, when), "what",
                  text[0], "subject", sg_cli_clean(e->subject, text[1]), "who", sg_cli_clean(e->who, text[2]), "from",
                  sg_cli_clean(e->from, text[3]), "detail", sg_cli_clean(e->detail, text[4]), "hash", g->head));
}

static int gather_audit(struct gathering *g)
{
    int64_t count = 0;
    int r = sg_store_audit_verify(g->store, &count, &g->err);
    if (r < 0) /* a log that is not whole is no evidence */
        return r;
    r = sg_store_each_audit(g->store, 1, add_entry, g, &g->err);
    if (r < 0)
        return r;
    json_t *log =
        json_pack("{sssbsIs{sIss}sO}", "about", g->lot != NULL ? g->lot : "all", "whole", 1, "entries_in_log",
                  (json_int_t)count, "head", "number", (json_int_t)g->last, "hash", g->head, "entries", g->entries);
    char *text = json_dumps(log, JSON_INDENT(1) | JSON_PRESERVE_ORDER), file[200];
    json_decref(log);
    if (text == NULL)
        return sg_fail(&g->err, SG_ENOMEM, "gathering: out of memory");
    (void)snprintf(file, sizeof file, "audit%s%.150s.json", g->lot != NULL ? "-" : "", g->lot != NULL ? g->lot : "");
    r = keep(g, file, "extract of the audit log, whose chain was recomputed", sg_str(text),
             json_pack("{sIsssO}", "entries_in_log", (json_int_t)count, "head", g->head, "words", g->words));
    free(text);
    return r;
}

/* ---------------------------------------------------------------------------------------------------- the command */

static int gather(struct gathering *g)
{
    char path[SG_ASSESS_PATH];
    if (mkdir(sg_cli_assess_path(g->a, "evidence-files", path), 0755) != 0 && errno != EEXIST)
        return sg_fail(&g->err, SG_EIO, "making the folder %s failed: %s", path, strerror(errno));
    g->list = json_load_file(sg_cli_assess_path(g->a, "evidence-files/gathered.json", path), 0, NULL);
    if (!json_is_array(g->list)) {
        json_decref(g->list);
        g->list = json_array();
    }
    int r = g->lot != NULL ? gather_lot(g) : 0;
    if (r == 0)
        r = gather_audit(g);
    char *text = r == 0 ? json_dumps(g->list, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;
    if (text != NULL)
        r = sg_file_write(path, 0644, false, sg_str(text), &g->err);
    free(text);
    return r;
}

int sg_cli_assess_gather(const struct sg_cli_assess *a)
{
    struct gathering g = {.a = a, .lot = a->value[SG_ASSESS_LOT]};
    int code = SG_CLI_DONE;
    g.store = sg_cli_open_store(a->cli, &code);
    if (g.store == NULL)
        return code;
    g.endpoints = json_object();
    g.entries = json_array();
    g.words = json_object();
    if (gather(&g) < 0)
        code = sg_cli_fail_err(g.err.code == SG_ENOTFOUND ? SG_CLI_NOTHING : SG_CLI_FAILED, &g.err);
    else if (a->cli->json)
        code = sg_cli_print_json(json_incref(g.list));
    else
        (void)printf("%s/evidence-files holds %zu file%s now; `signet assess run %s` lists them in its result.\n",
                     a->operand, json_array_size(g.list), json_array_size(g.list) == 1 ? "" : "s", a->operand);
    json_decref(g.endpoints);
    json_decref(g.entries);
    json_decref(g.words);
    json_decref(g.list);
    sg_store_close(g.store);
    return code;
}
