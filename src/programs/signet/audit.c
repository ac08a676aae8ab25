/* SPDX-License-Identifier: Apache-2.0 */
/* signet audit: what decided about trust, who, when and from where; and whether the log is whole. */
#include "commands.h"

#include <stdio.h>
#include <string.h>

enum { SINCE, VERIFY };
static const struct sg_cli_option options[] = {
    [SINCE] = {"--since", "N", "begin with entry N"},
    [VERIFY] = {"--verify", NULL, "recompute the chain of hashes instead (also: `signet audit verify`)"},
    {NULL, NULL, NULL},
};

struct wanted {
    int64_t first;
    bool verify;
};

static int parse(struct sg_cli *cli, struct wanted *w)
{
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        uint64_t n;
        if (i == SG_CLI_BAD)
            return SG_CLI_USAGE;
        if (i == SINCE) {
            if (sg_parse_udec(sg_str(cli->value), INT64_MAX, &n) < 0 || n == 0)
                return sg_cli_usage(cli, "--since takes the number of an entry, not %s.", cli->value);
            w->first = (int64_t)n;
        } else if (i == VERIFY || strcmp(cli->value, "verify") == 0) {
            w->verify = true;
        } else {
            return sg_cli_usage(cli, "%s is neither an option nor `verify`.", cli->value);
        }
    }
    return 0;
}

static int print_entry(void *user, const struct sg_audit_entry *e)
{
    char when[SG_CLI_TIME], text[4][SG_CLI_TEXT];
    (void)user;
    (void)printf("%-6lld %s  %s%-18s%s %s  by %s (%s)\n", (long long)e->number, sg_cli_time(e->when, when),
                 sg_cli_style(SG_CLI_BOLD), sg_cli_clean(e->what, text[0]), sg_cli_style(SG_CLI_PLAIN),
                 sg_cli_clean(e->subject, text[1]), sg_cli_clean(e->who, text[2]), sg_cli_clean(e->from, text[3]));
    if (e->detail[0] != '\0')
        (void)printf("       %s\n", sg_cli_clean(e->detail, text[0]));
    return 0;
}

static int add_entry(void *user, const struct sg_audit_entry *e)
{
    char when[SG_CLI_TIME], hash[65], text[5][SG_CLI_TEXT];
    struct sg_buf hex = sg_buf(hash, sizeof hash);
    sg_put_hex(&hex, sg_bytes(e->hash, sizeof e->hash));
    json_t *one = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "number", (json_int_t)e->number, "when",
                            sg_cli_time(e->when, when), "what", sg_cli_clean(e->what, text[0]), "subject",
                            sg_cli_clean(e->subject, text[1]), "who", sg_cli_clean(e->who, text[2]), "from",
                            sg_cli_clean(e->from, text[3]), "detail", sg_cli_clean(e->detail, text[4]), "hash",
                            sg_buf_cstr(&hex));
    return json_array_append_new(user, one) == 0 ? 0 : SG_ENOMEM;
}

static int list(const struct sg_cli *cli, struct sg_store *store, int64_t first)
{
    struct sg_error err = {0};
    json_t *entries = cli->json ? json_array() : NULL;
    int r = sg_store_each_audit(store, first, cli->json ? add_entry : print_entry, entries, &err);
    if (r < 0) {
        json_decref(entries);
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    }
    return cli->json ? sg_cli_print_json(json_pack("{s:o}", "entries", entries)) : SG_CLI_DONE;
}

static int verify(const struct sg_cli *cli, struct sg_store *store)
{
    struct sg_error err = {0};
    int64_t count = 0;
    int r = sg_store_audit_verify(store, &count, &err);
    int code = SG_CLI_DONE;
    if (r < 0)
        code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (cli->json) {
        int printed = sg_cli_print_json(json_pack("{s:b, s:I}", "whole", r == 0, "entries", (json_int_t)count));
        return code != SG_CLI_DONE ? code : printed;
    }
    if (r == 0)
        (void)printf("The audit log is whole: each of its %lld entries carries the hash of the one before.\n",
                     (long long)count);
    return code;
}

static int run(struct sg_cli *cli)
{
    struct wanted w = {.first = 1};
    int code = parse(cli, &w);
    if (code != 0)
        return code;
    struct sg_store *store = sg_cli_open_store(cli, &code);
    if (store == NULL)
        return code;
    code = w.verify ? verify(cli, store) : list(cli, store, w.first);
    sg_store_close(store);
    return code;
}

const struct sg_cli_command sg_cli_audit = {
    "audit",
    "[verify] [OPTION…]",
    "shows who decided what about trust, and when",
    "Every entry carries the SHA-256 of the one before it, so that a changed or\n"
    "removed entry shows: `signet audit verify` recomputes the chain.\n",
    options,
    run,
};
