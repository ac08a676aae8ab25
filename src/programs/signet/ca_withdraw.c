/* SPDX-License-Identifier: Apache-2.0 */
/* signet ca withdraw: an issuing CA is trusted no longer, and with it none of its devices. */
#include "ca.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int sg_cli_ca_audit(struct sg_store *store, int64_t now, const char *what, const struct sg_cert_facts *ca,
                    const char *detail, struct sg_error *err)
{
    struct sg_audit_entry e = {.when = now, .from = "local"};
    char fingerprint[SG_FINGERPRINT_TEXT];
    (void)snprintf(e.who, sizeof e.who, "%s", sg_cli_who());
    (void)snprintf(e.what, sizeof e.what, "%s", what);
    (void)snprintf(e.subject, sizeof e.subject, "%s", sg_fingerprint_text(&ca->fingerprint, fingerprint));
    (void)snprintf(e.detail, sizeof e.detail, "issuing CA \"%s\": %s", ca->cn, detail);
    return sg_store_audit(store, &e, err);
}

struct search {
    const char *name;
    struct sg_cert_row row;
    size_t matches, withdrawn;
};

/* By its name, or by the beginning of its fingerprint where several have one name. */
static int take(void *user, const struct sg_cert_row *row)
{
    struct search *s = user;
    char fingerprint[SG_FINGERPRINT_TEXT];
    (void)sg_fingerprint_text(&row->facts.fingerprint, fingerprint);
    size_t n = strlen(s->name);
    if (strcmp(row->facts.cn, s->name) != 0 && (n < 5 || strncmp(fingerprint, s->name, n) != 0))
        return 0;
    if (row->state == SG_CERT_REVOKED) {
        s->withdrawn++;
        return 0;
    }
    s->row = *row;
    s->matches++;
    return 0;
}

static int find(struct sg_store *store, struct search *s)
{
    struct sg_error err = {0};
    if (sg_store_each_cert(store, SG_CERT_ISSUING_CA, 0, take, s, &err) < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (s->matches == 1)
        return 0;
    if (s->matches > 1)
        return sg_cli_fail(
            SG_CLI_USAGE,
            "%zu issuing CAs are called \"%s\": say which by its fingerprint, as `signet ca show` has it.", s->matches,
            s->name);
    if (s->withdrawn > 0)
        return sg_cli_fail(SG_CLI_NOTHING, "the issuing CA \"%s\" is withdrawn already.", s->name);
    return sg_cli_fail(SG_CLI_NOTHING, "there is no issuing CA \"%s\" (`signet ca show` lists them).", s->name);
}

static int withdraw(const struct sg_cli *cli, struct sg_store *store, const struct sg_cert_row *ca,
                    enum sg_reason reason, int64_t devices)
{
    struct sg_error err = {0};
    int64_t now = (int64_t)time(NULL);
    char detail[120], fingerprint[SG_FINGERPRINT_TEXT];
    (void)snprintf(detail, sizeof detail, "withdrawn (%s), and with it the identities of %lld devices",
                   sg_reason_name(reason), (long long)devices);
    int r = sg_store_begin(store, &err);
    if (r == 0)
        r = sg_store_revoke_cert(store, ca->number, reason, now, sg_cli_who(), &err);
    if (r == 0)
        r = sg_cli_ca_audit(store, now, "ca-withdrawn", &ca->facts, detail, &err);
    r = r == 0 ? sg_store_commit(store, &err) : (sg_store_rollback(store), r);
    if (r < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    (void)sg_fingerprint_text(&ca->facts.fingerprint, fingerprint);
    if (cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:s, s:s, s:I}", "name", ca->facts.cn, "fingerprint", fingerprint,
                                           "reason", sg_reason_name(reason), "devices", (json_int_t)devices));
    (void)printf("Withdrew the issuing CA \"%s\": %lld %s shut out. A signetd on this home sees it within a second.\n",
                 ca->facts.cn, (long long)devices, devices == 1 ? "device is" : "devices are");
    return SG_CLI_DONE;
}

int sg_cli_ca_withdraw(const struct sg_cli *cli, const struct sg_cli_ca_wanted *w)
{
    enum sg_reason reason;
    struct sg_error err = {0};
    struct search s = {.name = w->operand};
    char question[300];
    int64_t devices = 0;
    int code;
    if (w->reason == NULL || sg_reason_parse(w->reason, &reason) < 0)
        return sg_cli_usage(cli, "say why: --reason ca-compromise, key-compromise, superseded, cessation, "
                                 "privilege-withdrawn, affiliation-changed or unspecified.");
    struct sg_store *store = sg_cli_open_store(cli, &code);
    if (store == NULL)
        return code;
    code = find(store, &s);
    if (code == 0 && sg_store_count_issued(store, &s.row.facts.fingerprint, 0, &devices, &err) < 0)
        code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    (void)snprintf(question, sizeof question,
                   "This shuts out all %lld devices of the issuing CA \"%s\", for good: each needs a new identity.",
                   (long long)devices, s.row.facts.cn);
    if (code == 0 && !sg_cli_confirm(question, w->yes))
        code = SG_CLI_REFUSED;
    if (code == 0)
        code = withdraw(cli, store, &s.row, reason, devices);
    sg_store_close(store);
    return code;
}
