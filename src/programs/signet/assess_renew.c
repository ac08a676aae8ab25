/* SPDX-License-Identifier: Apache-2.0 */
/* signet assess renew: a later time stamp over all that an archive has, before the earlier ones age. */
#include "assess.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int print(const struct sg_cli_assess *a, const char *out, const struct sg_stamp *stamp)
{
    char when[SG_CLI_TIME], until[SG_CLI_TIME], cn[SG_CLI_TEXT];
    (void)sg_cli_time(stamp->when, when);
    (void)sg_cli_clean(stamp->authority.cn, cn);
    if (a->cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:s, s:s, s:s, s:s}", "file", out, "time", when, "authority", cn,
                                           "digest", stamp->digest, "valid_until",
                                           sg_cli_time(stamp->authority.until, until)));
    (void)printf("Stamped   %s by \"%s\" with %s, in %s\n", when, cn, stamp->digest, out);
    return SG_CLI_DONE;
}

/* Only what is whole is stamped: a stamp over an altered archive would vouch for the alteration. */
static int check(const struct sg_cli_assess *a, struct sg_bytes archive)
{
    struct sg_error err = {0};
    struct sg_seal_look *look = calloc(1, sizeof *look);
    struct sg_trust *signers = NULL;
    int code = SG_CLI_FAILED;
    if (look != NULL && sg_cli_assess_trust(a, SG_ASSESS_CA, &signers)) {
        look->signers = signers;
        look->now = (int64_t)time(NULL);
        int r = sg_cli_assess_look(archive, look, &err);
        code = r == 0 ? 0
               : r == SG_EMISMATCH
                   ? sg_cli_fail(SG_CLI_REFUSED,
                                 "%s is not as it was sealed, and is not stamped. `signet assess verify %s` tells what "
                                 "is different.",
                                 a->operand, a->operand)
                   : sg_cli_fail(SG_CLI_FAILED, "%s cannot be checked: %s", a->operand, err.text);
    }
    sg_trust_free(signers);
    free(look);
    return code;
}

int sg_cli_assess_renew(const struct sg_cli_assess *a)
{
    struct sg_error err = {0};
    struct sg_stamp stamp = {.when = 0};
    size_t n = 0;
    int code = SG_CLI_FAILED;
    const char *out = a->value[SG_ASSESS_OUT] != NULL ? a->value[SG_ASSESS_OUT] : a->operand;
    if ((a->value[SG_ASSESS_TSA] == NULL) == (a->value[SG_ASSESS_TSA_FILE] == NULL))
        return sg_cli_usage(a->cli, "say who stamps: --tsa URL, or --tsa-file FILE where this machine has no way out.");
    uint8_t *archive = sg_cli_assess_archive(a->operand, &n, &code);
    if (archive == NULL)
        return code;
    code = check(a, sg_bytes(archive, n));
    if (code == 0)
        code = sg_cli_assess_stamp(a, &archive, &n, &stamp);
    bool replaces = a->value[SG_ASSESS_OUT] == NULL;
    if (code == 0 && sg_file_write(out, 0644, !replaces, sg_bytes(archive, n), &err) < 0)
        code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (code == 0)
        code = print(a, out, &stamp);
    free(archive);
    return code;
}
