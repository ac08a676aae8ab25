/* SPDX-License-Identifier: Apache-2.0 */
/* signet modem info, list: who the modem is, and what its store holds. */
#include "modem.h"
#include "programs/credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_place(const void *a, const void *b)
{
    const struct sg_cred *x = a, *y = b;
    if (x->tag != y->tag)
        return x->tag < y->tag ? -1 : 1;
    return x->type < y->type ? -1 : x->type > y->type;
}

struct sg_cred *sg_cli_modem_list(struct sg_cli_modem *d, int64_t tag, size_t *n, int *code)
{
    size_t cap = 64;
    for (;;) {
        struct sg_cred *all = reallocarray(NULL, cap, sizeof *all);
        if (all == NULL)
            abort();
        int r = sg_modem_list(&d->modem, tag, all, cap);
        if (r >= 0 && (size_t)r <= cap) {
            *n = (size_t)r;
            *code = 0;
            qsort(all, *n, sizeof *all, by_place);
            return all;
        }
        free(all);
        if (r < 0) {
            *code = (r == SG_ETIMEOUT || r == SG_ENOSPC) && tag < 0
                        ? sg_cli_fail(SG_CLI_FAILED,
                                      "the modem on %s did not list its store. at_host drops a list of more than about "
                                      "45 credentials, a shell one of more than 30: list one tag at a time with --tag.",
                                      d->port)
                        : sg_cli_modem_fail(d, r, "listing its store (AT%%CMNG=1)");
            return NULL;
        }
        cap = (size_t)r;
    }
}

char *sg_cli_modem_sha(const uint8_t digest[32], char text[SG_CLI_SHA])
{
    for (size_t i = 0; i < 32; i++)
        (void)snprintf(text + 2 * i, 3, "%02X", digest[i]);
    return text;
}

bool sg_cli_modem_no_digest(const struct sg_cred *c)
{
    static const uint8_t zeros[32];
    return memcmp(c->sha256, zeros, sizeof zeros) == 0;
}

/* ------------------------------------------------------------------------------------------------------- info */

static const char *own_text(size_t own, char text[64])
{
    text[0] = '\0';
    if (own > 0)
        (void)snprintf(text, 64, " and %zu of the modem's own", own);
    return text;
}

static void say_store(const struct sg_cli_modem *d, const struct sg_cred *all, size_t n)
{
    char own[64];
    size_t users = 0;
    while (users < n && all[users].tag <= SG_TAG_MAX) /* sorted: the modem's own come last */
        users++;
    sg_cli_modem_say(d, "Store", "%zu %s%s", users, users == 1 ? "credential" : "credentials",
                     own_text(n - users, own));
    for (size_t i = 0; i < users;) {
        char name[16], text[400] = "";
        size_t at = 0, from = i;
        for (; i < users && all[i].tag == all[from].tag && at < sizeof text - 64; i++)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", at > 0 ? ", " : "",
                                   sg_cred_type_name(all[i].type));
        (void)snprintf(name, sizeof name, "  %u", all[from].tag);
        sg_cli_modem_say(d, name, "%s", text);
    }
}

static const char *lock_name(int state)
{
    return state > 0 ? "locked" : state == 0 ? "none" : state == SG_EUNSUPPORTED ? "unsupported" : "unknown";
}

static json_t *list_json(const struct sg_cred *all, size_t n)
{
    json_t *list = json_array();
    char sha[SG_CLI_SHA];
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(
            list, json_pack("{s:I, s:i, s:s, s:s, s:b}", "tag", (json_int_t)all[i].tag, "type", (int)all[i].type,
                            "name", sg_cred_type_name(all[i].type), "sha256",
                            sg_cli_modem_no_digest(&all[i]) ? "" : sg_cli_modem_sha(all[i].sha256, sha), "own",
                            all[i].tag > SG_TAG_MAX));
    return list;
}

struct facts {
    int function, lock;
    char key[SG_FINGERPRINT_TEXT]; /* of the lock; "" */
    struct sg_cred *all;
    size_t n;
};

static int print_info(const struct sg_cli_modem *d, const struct facts *f)
{
    const struct sg_modem_info *m = &d->info;
    if (d->cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:s, s:s, s:o}", "port", d->port,
                                           "model", m->model, "firmware", m->firmware, "imei", m->imei, "uuid", m->uuid,
                                           "host", m->host, "function", f->function, "active",
                                           sg_modem_function_is_active(f->function), "lock", lock_name(f->lock),
                                           "lock_key", f->key, "credentials", list_json(f->all, f->n)));
    sg_cli_modem_say(d, "Port", "%s", d->port);
    sg_cli_modem_say(d, "Model", "%s", m->model);
    sg_cli_modem_say(d, "Firmware", "%s", m->firmware);
    sg_cli_modem_say(d, "IMEI", "%s", m->imei[0] != '\0' ? m->imei : "none is programmed");
    sg_cli_modem_say(d, "Device UUID", "%s", m->uuid[0] != '\0' ? m->uuid : "the firmware tells none");
    sg_cli_modem_say(d, "Host", "%s", m->host);
    sg_cli_modem_say(d, "Mode", "AT+CFUN=%d: %s", f->function,
                     sg_modem_function_is_active(f->function) ? "active; its store cannot be changed so"
                                                              : "not active; its store can be changed");
    say_store(d, f->all, f->n);
    if (f->lock > 0)
        sg_cli_modem_say(d, "Lock", "only commands signed with the key %.23s… change the store", f->key);
    else if (f->lock == 0)
        sg_cli_modem_say(d, "Lock", "none: whoever is at its port can change the store");
    else
        sg_cli_modem_say(d, "Lock", "the firmware tells of none");
    return SG_CLI_DONE;
}

static void look_at_lock(struct sg_cli_modem *d, struct facts *f)
{
    uint8_t space[1024];
    struct sg_buf pem = sg_buf(space, sizeof space);
    struct sg_fingerprint fp;
    for (size_t i = 0; i < f->n; i++)
        if (f->all[i].type == SG_CRED_AT_KEY && f->all[i].tag <= SG_LOCK_TAG_MAX)
            d->modem.lock_tag = (uint8_t)f->all[i].tag;
    f->lock = sg_modem_lock_state(&d->modem, &pem);
    EVP_PKEY *key = f->lock == 1 ? sg_key_parse_public(sg_buf_bytes(&pem), NULL) : NULL;
    if (key != NULL && sg_key_fingerprint(key, &fp) == 0)
        (void)sg_fingerprint_text(&fp, f->key);
    EVP_PKEY_free(key);
}

int sg_cli_modem_info(struct sg_cli_modem *d)
{
    struct facts f = {.lock = SG_EUNSUPPORTED};
    int code = sg_cli_modem_begin(d);
    if (code != 0)
        return code;
    f.function = sg_modem_get_function(&d->modem);
    if (f.function < 0)
        code = sg_cli_modem_fail(d, f.function, "telling its functional mode (AT+CFUN?)");
    else
        f.all = sg_cli_modem_list(d, -1, &f.n, &code);
    if (code == 0) {
        look_at_lock(d, &f);
        code = print_info(d, &f);
    }
    free(f.all);
    return sg_cli_modem_end(d, code);
}

/* ------------------------------------------------------------------------------------------------------- list */

static int print_list(const struct sg_cli_modem *d, const struct sg_cred *all, size_t n)
{
    struct sg_cli_table table = {.cells = 0};
    if (d->cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:o}", "port", d->port, "credentials", list_json(all, n)));
    sg_cli_row(&table, 4, (const char *const[]){"TAG", "TYPE", "WHAT", "SHA-256"});
    for (size_t i = 0; i < n; i++) {
        char tag[16], type[16], sha[SG_CLI_SHA];
        const char *name = sg_credential_name(all[i].type);
        (void)snprintf(tag, sizeof tag, "%u", all[i].tag);
        (void)snprintf(type, sizeof type, "%u", all[i].type);
        sg_cli_row(&table, 4,
                   (const char *const[]){tag, name != NULL ? name : type, sg_cred_type_name(all[i].type),
                                         sg_cli_modem_no_digest(&all[i]) ? "" : sg_cli_modem_sha(all[i].sha256, sha)});
    }
    sg_cli_print_table(&table);
    return SG_CLI_DONE;
}

int sg_cli_modem_list_all(struct sg_cli_modem *d)
{
    size_t n = 0, kept = 0;
    int code = sg_cli_modem_begin(d);
    if (code != 0)
        return code;
    struct sg_cred *all = sg_cli_modem_list(d, d->tag, &n, &code);
    for (size_t i = 0; all != NULL && i < n; i++)
        if (d->type < 0 || all[i].type == (unsigned)d->type)
            all[kept++] = all[i];
    if (all != NULL && kept == 0 && !d->cli->json)
        code = sg_cli_fail(SG_CLI_NOTHING, "the store of the modem on %s holds nothing%s.", d->port,
                           d->tag >= 0 || d->type >= 0 ? " of that kind" : "");
    else if (all != NULL)
        code = print_list(d, all, kept);
    free(all);
    return sg_cli_modem_end(d, code);
}
