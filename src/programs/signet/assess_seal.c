/* SPDX-License-Identifier: Apache-2.0 */
/* signet assess seal: an assessment's folder becomes one archive, signed and stamped. */
#include "assess.h"
#include "probe/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

/* ----------------------------------------------------------------------------------------------------- what goes in */

static void left_out(void *user, const char *path, const char *why)
{
    char clean[SG_CLI_TEXT];
    const struct sg_cli_assess *a = user;
    if (!a->cli->json)
        (void)printf("left out  %s: %s\n", sg_cli_clean(path, clean), why);
}

static int first_wrong(void *user, const char *folder, json_t *record, const char *wrong)
{
    char *text = user;
    (void)record;
    if (wrong != NULL && text[0] == '\0')
        (void)snprintf(text, SG_CLI_TEXT, "%s: %s", folder, wrong);
    return 0;
}

/* The records must be whole before they are sealed. */
static int check_records(const struct sg_cli_assess *a)
{
    char dir[SG_ASSESS_PATH], wrong[SG_CLI_TEXT] = "";
    struct sg_error err = {0};
    struct stat st;
    (void)sg_cli_assess_path(a, "evidence", dir);
    if (stat(dir, &st) != 0)
        return 0; /* result.json says what that means */
    int r = sg_evidence_walk(dir, first_wrong, wrong, &err);
    if (wrong[0] != '\0')
        return sg_cli_fail(SG_CLI_REFUSED, "the records in %s are not as they were made, and are not sealed: %s", dir,
                           wrong);
    return r < 0 && r != SG_ENOTFOUND ? sg_cli_fail_err(SG_CLI_FAILED, &err) : 0;
}

/* The inventory's extract, where there is a home. */
static int get_inventory(const struct sg_cli_assess *a, json_t **extract)
{
    struct sg_error err = {0};
    int code = 0;
    *extract = NULL;
    if (sg_home_check(&a->cli->home, NULL) < 0 && a->cli->dir == NULL) {
        left_out((void *)(uintptr_t)a, "the inventory's extract", "there is no home (--home DIR names one)");
        return 0;
    }
    struct sg_store *store = sg_cli_open_store(a->cli, &code);
    if (store == NULL)
        return code;
    *extract = sg_seal_inventory(store, &err);
    sg_store_close(store);
    return *extract != NULL ? 0 : sg_cli_fail_err(SG_CLI_FAILED, &err);
}

/* ---------------------------------------------------------------------------------------------------------- who signs
 */

static int load_signer(const struct sg_cli_assess *a, const struct sg_cli_passphrase *p, struct sg_issuer *signer)
{
    struct sg_error err = {0};
    struct sg_secret passphrase = {.n = 0};
    const char *cert = a->value[SG_ASSESS_SIGNER_CERT], *key = a->value[SG_ASSESS_SIGNER_KEY];
    int code = 0;
    *signer = (struct sg_issuer){.cert = sg_cert_read(cert, &err)};
    if (signer->cert == NULL)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (sg_key_is_encrypted(key))
        code = sg_cli_passphrase(p, "the signer's key", false, &passphrase);
    if (code == 0 && (signer->key = sg_key_read(key, &passphrase, &err)) == NULL)
        code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    else if (code == 0 && X509_check_private_key(signer->cert, signer->key) != 1)
        code = sg_cli_fail(SG_CLI_FAILED, "the key %s is not that of the certificate %s.", key, cert);
    sg_secret_wipe(&passphrase);
    return code;
}

static int get_signer(const struct sg_cli_assess *a, int64_t now, struct sg_issuer *signer)
{
    struct sg_cli_passphrase p = {.file = a->value[SG_ASSESS_PASSPHRASE_FILE], .fd = -1};
    struct sg_cli cli = *a->cli;
    cli.value = a->value[SG_ASSESS_PASSPHRASE_FD];
    *signer = (struct sg_issuer){NULL, NULL};
    if (cli.value != NULL && !sg_cli_passphrase_fd(&cli, &p))
        return SG_CLI_USAGE;
    if (p.file != NULL && p.fd >= 0)
        return sg_cli_usage(a->cli, "--passphrase-file and --passphrase-fd exclude each other.");
    if ((a->value[SG_ASSESS_SIGNER_CERT] == NULL) != (a->value[SG_ASSESS_SIGNER_KEY] == NULL))
        return sg_cli_usage(a->cli, "--signer-cert and --signer-key belong together.");
    if (a->value[SG_ASSESS_SIGNER_CERT] != NULL)
        return load_signer(a, &p, signer);
    struct sg_error err = {0};
    if (sg_home_check(&a->cli->home, &err) < 0)
        return sg_cli_fail(SG_CLI_FAILED, "there is nobody to sign: give --signer-cert and --signer-key, or the home "
                                          "whose issuing CA signs (--home DIR).");
    return sg_cli_load_issuer(a->cli, &p, now, signer);
}

/* ------------------------------------------------------------------------------------------------------------- result
 */

static int print(const struct sg_cli_assess *a, const char *out, size_t n, const struct sg_issuer *signer,
                 const struct sg_stamp *stamp)
{
    struct sg_cert_facts facts;
    char fp[SG_FINGERPRINT_TEXT], when[SG_CLI_TIME];
    bool draft = a->value[SG_ASSESS_DRAFT] != NULL;
    (void)sg_cert_facts(signer->cert, &facts);
    (void)sg_fingerprint_text(&facts.fingerprint, fp);
    if (a->cli->json)
        return sg_cli_print_json(
            json_pack("{s:s, s:I, s:b, s:s, s:s, s:o}", "file", out, "bytes", (json_int_t)n, "draft", draft,
                      "signed_by", facts.cn, "fingerprint", fp, "stamped",
                      stamp->when != 0 ? json_string(sg_cli_time(stamp->when, when)) : json_null()));
    (void)printf("Sealed    %s, %zu bytes%s\n", out, n, draft ? ", a DRAFT" : "");
    (void)printf("Signed    by \"%s\" %s\n", facts.cn, fp);
    if (stamp->when != 0)
        (void)printf("Stamped   %s by \"%s\"\n", sg_cli_time(stamp->when, when), stamp->authority.cn);
    else
        (void)printf("Stamped   no: nothing but this signature says when. `signet assess renew %s --tsa URL` adds a "
                     "stamp\n",
                     out);
    (void)printf("Check it with `signet assess verify %s`, or by hand as its README.txt says.\n", out);
    return SG_CLI_DONE;
}

static int seal(const struct sg_cli_assess *a, const struct sg_seal_wanted *w, const char *out)
{
    struct sg_error err = {0};
    struct sg_stamp stamp = {.when = 0};
    size_t n = 0;
    uint8_t *archive = sg_seal_make(w, &n, &err);
    if (archive == NULL)
        return sg_cli_fail_err(err.code == SG_EDENIED || err.code == SG_ESTATE ? SG_CLI_REFUSED
                               : err.code == SG_ENOTFOUND                      ? SG_CLI_NOTHING
                                                                               : SG_CLI_FAILED,
                               &err);
    int code = a->value[SG_ASSESS_TSA] != NULL ? sg_cli_assess_stamp(a, &archive, &n, &stamp) : 0;
    if (code == 0 && sg_file_write(out, 0644, true, sg_bytes(archive, n), &err) < 0)
        code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (code == 0)
        code = print(a, out, n, &w->signer, &stamp);
    free(archive);
    return code;
}

int sg_cli_assess_seal(const struct sg_cli_assess *a)
{
    char name[64], system[256] = "", path[SG_ASSESS_PATH];
    struct utsname u;
    struct sg_seal_wanted w = {.dir = a->operand,
                               .sbom = a->sbom,
                               .sboms = a->sboms,
                               .who = sg_cli_who(),
                               .version = SG_VERSION,
                               .system = system,
                               .now = (int64_t)time(NULL),
                               .draft = a->value[SG_ASSESS_DRAFT] != NULL,
                               .user = (void *)(uintptr_t)a,
                               .left_out = left_out};
    json_t *inventory = NULL;
    if (uname(&u) == 0)
        (void)snprintf(system, sizeof system, "%s %s %s", u.sysname, u.release, u.machine);
    char date[SG_CLI_TIME];
    (void)snprintf(name, sizeof name, "sealed-%s.tar", sg_cli_date(w.now, date));
    const char *out = a->value[SG_ASSESS_OUT] != NULL ? a->value[SG_ASSESS_OUT] : sg_cli_assess_path(a, name, path);
    int code = check_records(a);
    if (code == 0)
        code = get_inventory(a, &inventory);
    if (code == 0)
        code = get_signer(a, w.now, &w.signer);
    w.inventory = inventory;
    if (code == 0)
        code = seal(a, &w, out);
    sg_cli_free_issuer(&w.signer);
    json_decref(inventory);
    return code;
}
