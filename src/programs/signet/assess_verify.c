/* SPDX-License-Identifier: Apache-2.0 */
/* signet assess verify: whether a sealed archive is as it was sealed, who signed it, when, and how long that holds. */
#include "assess.h"
#include "probe/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

uint8_t *sg_cli_assess_archive(const char *path, size_t *n, int *exit_code)
{
    struct sg_error err = {0};
    struct stat st;
    *exit_code = SG_CLI_FAILED;
    if (stat(path, &st) == 0 && st.st_size > SG_SEAL_LARGEST) {
        (void)sg_cli_fail(SG_CLI_FAILED, "%s is larger than %d bytes: it is no archive of Signet.", path,
                          SG_SEAL_LARGEST);
        return NULL;
    }
    uint8_t *archive = sg_file_read(path, stat(path, &st) == 0 ? (size_t)st.st_size : 0, n, &err);
    if (archive == NULL)
        *exit_code = sg_cli_fail_err(err.code == SG_ENOTFOUND ? SG_CLI_NOTHING : SG_CLI_FAILED, &err);
    return archive;
}

bool sg_cli_assess_trust(const struct sg_cli_assess *a, enum sg_cli_assess_option option, struct sg_trust **trust)
{
    struct sg_error err = {0};
    *trust = NULL;
    if (a->value[option] == NULL || (*trust = sg_trust_read(a->value[option], &err)) != NULL)
        return true;
    (void)sg_cli_fail_err(SG_CLI_FAILED, &err);
    return false;
}

/* --------------------------------------------------------------------------------------------- the chain of records */

struct chain {
    struct sg_seal_look *look;
    size_t records;
};

static void tell(struct sg_seal_look *look, enum sg_seal_fault fault, const char *folder, const char *text)
{
    struct sg_seal_finding finding = {.fault = fault, .from = -1, .to = -1};
    (void)snprintf(finding.path, sizeof finding.path, "evidence%s%s", folder[0] != '\0' ? "/" : "", folder);
    (void)snprintf(finding.text, sizeof finding.text, "%s", text);
    look->faults++;
    if (look->found != NULL)
        look->found(look->user, &finding);
}

static int tell_record(void *user, const char *folder, json_t *record, const char *wrong)
{
    struct chain *c = user;
    (void)record;
    c->records++;
    if (wrong != NULL)
        tell(c->look, SG_SEAL_ALTERED, folder, wrong);
    return 0;
}

/* The records' own chain and signatures, by the probe's own code, in a folder that goes away again. */
static int check_records(struct sg_bytes archive, struct sg_seal_look *look, struct sg_error *err)
{
    struct chain c = {.look = look};
    char dir[SG_ASSESS_PATH], evidence[SG_ASSESS_PATH + 16], text[120];
    struct stat st;
    int r = sg_cli_assess_unpack(archive, "evidence/", dir, err);
    if (r < 0)
        return r;
    (void)snprintf(evidence, sizeof evidence, "%s/evidence", dir);
    if (stat(evidence, &st) == 0)
        r = sg_evidence_walk(evidence, tell_record, &c, err);
    sg_cli_assess_unpacked(dir);
    if (r < 0 && r != SG_EMISMATCH)
        return r;
    (void)snprintf(text, sizeof text, "it has %zu records, and the manifest says %zu", c.records, look->records);
    if (c.records != look->records && look->faults == 0)
        tell(look, SG_SEAL_MISSING, "", text);
    return 0;
}

int sg_cli_assess_look(struct sg_bytes archive, struct sg_seal_look *look, struct sg_error *err)
{
    int r = sg_seal_verify(archive, look, err);
    if (r < 0 && r != SG_EMISMATCH)
        return r;
    size_t faults = look->faults;
    if (faults == 0)
        r = check_records(archive, look, err);
    if (r == 0 && look->faults > 0)
        r = sg_fail(err, SG_EMISMATCH, "%zu faults", look->faults);
    return r;
}

/* --------------------------------------------------------------------------------------------------------- output */

struct telling {
    bool json;
    json_t *findings;
};

static void found(void *user, const struct sg_seal_finding *f)
{
    struct telling *t = user;
    char path[SG_CLI_TEXT], text[SG_CLI_TEXT];
    (void)sg_cli_clean(f->path, path);
    (void)sg_cli_clean(f->text, text);
    (void)json_array_append_new(t->findings,
                                json_pack("{s:s, s:s, s:o, s:o, s:s}", "fault", sg_seal_fault_name(f->fault), "path",
                                          path, "from", f->from >= 0 ? json_integer(f->from) : json_null(), "to",
                                          f->to >= 0 ? json_integer(f->to) : json_null(), "text", text));
    if (!t->json)
        (void)printf("%s%-9s%s %s%s%s\n", sg_cli_style(SG_CLI_RED), sg_seal_fault_name(f->fault),
                     sg_cli_style(SG_CLI_PLAIN), path, path[0] != '\0' ? ": " : "", text);
}

static json_t *stamps_json(const struct sg_seal_look *look)
{
    json_t *list = json_array();
    for (size_t i = 0; i < look->stamps; i++) {
        const struct sg_seal_stamp *s = &look->stamp[i];
        char when[SG_CLI_TIME], until[SG_CLI_TIME], fp[SG_FINGERPRINT_TEXT], cn[SG_CLI_TEXT];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:s}", "path", s->path, "time",
                            sg_cli_time(s->stamp.when, when), "authority", sg_cli_clean(s->stamp.authority.cn, cn),
                            "fingerprint", sg_fingerprint_text(&s->stamp.authority.fingerprint, fp), "trusted",
                            look->authorities != NULL ? json_true() : json_null(), "digest", s->stamp.digest, "key",
                            s->stamp.key, "until", sg_cli_time(s->until, until), "why", s->why));
    }
    return list;
}

static int print_json(const struct sg_seal_look *look, json_t *findings)
{
    char sealed[SG_CLI_TIME], due[SG_CLI_TIME], by[SG_CLI_TEXT], cn[SG_CLI_TEXT], fp[SG_FINGERPRINT_TEXT];
    (void)sg_fingerprint_text(&look->signer.fingerprint, fp);
    return sg_cli_print_json(
        json_pack("{s:b, s:s, s:s, s:b, s:{s:s, s:s, s:o}, s:I, s:I, s:I, s:o, s:s, s:O}", "whole", look->faults == 0,
                  "sealed", sg_cli_time(look->sealed, sealed), "by", sg_cli_clean(look->by, by), "draft", look->draft,
                  "signer", "name", sg_cli_clean(look->signer.cn, cn), "fingerprint", look->has_signer ? fp : "",
                  "trusted", look->signers != NULL ? json_boolean(look->signer_trusted) : json_null(), "files",
                  (json_int_t)look->files, "bytes", (json_int_t)look->bytes, "records", (json_int_t)look->records,
                  "stamps", stamps_json(look), "due", sg_cli_time(look->due, due), "findings", findings));
}

static void print_stamps(const struct sg_seal_look *look)
{
    char when[SG_CLI_TIME], until[SG_CLI_TIME], cn[SG_CLI_TEXT], ago[SG_CLI_AGO];
    for (size_t i = 0; i < look->stamps; i++) {
        const struct sg_seal_stamp *s = &look->stamp[i];
        (void)printf("%-11s %s by \"%s\" (%s, %s)%s, in %s\n", i == 0 ? "Stamped" : "",
                     sg_cli_time(s->stamp.when, when), sg_cli_clean(s->stamp.authority.cn, cn), s->stamp.key,
                     s->stamp.digest, look->authorities != NULL ? ", trusted" : "", s->path);
    }
    if (look->stamps == 0) {
        (void)printf("%-11s no: nothing but the signer's word says when\n", "Stamped");
        return;
    }
    if (look->authorities == NULL)
        (void)printf("%-11s who the authorities are was not asked (--tsa-ca FILE)\n", "");
    (void)printf("%-11s before %s (%s): %s\n", "Renew", sg_cli_date(look->due, until),
                 sg_cli_ago(look->due, look->now, ago), look->stamp[look->stamps - 1].why);
}

static void print_whole(const struct sg_seal_look *look)
{
    char sealed[SG_CLI_TIME], by[SG_CLI_TEXT], cn[SG_CLI_TEXT], fp[SG_FINGERPRINT_TEXT];
    (void)printf("%-11s %s by %s%s\n", "Sealed", sg_cli_time(look->sealed, sealed), sg_cli_clean(look->by, by),
                 look->draft ? ", as a DRAFT: it is no finished assessment" : "");
    (void)printf("%-11s by \"%s\" %s%s\n", "Signed", sg_cli_clean(look->signer.cn, cn),
                 sg_fingerprint_text(&look->signer.fingerprint, fp), look->signers != NULL ? ", trusted" : "");
    if (look->signers == NULL)
        (void)printf("%-11s compare that fingerprint with one that reached you otherwise, or give --ca FILE\n", "");
    print_stamps(look);
    (void)printf("%-11s %zu, %llu bytes: all as sealed, none added\n", "Files", look->files,
                 (unsigned long long)look->bytes);
    (void)printf("%-11s %zu%s\n", "Records", look->records,
                 look->records > 0 ? ": chain, signatures and files are whole" : "");
}

static int verify(const struct sg_cli_assess *a, struct sg_bytes archive, struct sg_seal_look *look)
{
    struct sg_error err = {0};
    struct telling t = {.json = a->cli->json, .findings = json_array()};
    look->user = &t;
    look->found = found;
    look->now = (int64_t)time(NULL);
    int r = sg_cli_assess_look(archive, look, &err), code = SG_CLI_DONE;
    if (r < 0 && r != SG_EMISMATCH)
        code = sg_cli_fail(SG_CLI_FAILED, "%s cannot be checked: %s", a->operand, err.text);
    else if (t.json)
        code = print_json(look, t.findings);
    else if (r == 0)
        print_whole(look);
    if (r == SG_EMISMATCH)
        code = sg_cli_fail(SG_CLI_FAILED, "%s is not as it was sealed: %zu %s.", a->operand, look->faults,
                           look->faults == 1 ? "fault" : "faults");
    json_decref(t.findings);
    return code;
}

int sg_cli_assess_verify(const struct sg_cli_assess *a)
{
    struct sg_trust *signers = NULL, *authorities = NULL;
    size_t n = 0;
    int code = SG_CLI_FAILED;
    uint8_t *archive = sg_cli_assess_archive(a->operand, &n, &code);
    if (archive != NULL && sg_cli_assess_trust(a, SG_ASSESS_CA, &signers) &&
        sg_cli_assess_trust(a, SG_ASSESS_TSA_CA, &authorities)) {
        struct sg_seal_look *look = calloc(1, sizeof *look);
        if (look != NULL) {
            look->signers = signers;
            look->authorities = authorities;
            code = verify(a, sg_bytes(archive, n), look);
        }
        free(look);
    }
    sg_trust_free(signers);
    sg_trust_free(authorities);
    free(archive);
    return code;
}
