/* SPDX-License-Identifier: Apache-2.0 */
/* signet assess: the EN 18031 self-assessment. The table of what it does, and its options. */
#include "assess.h"
#include "commands.h"

#include <stdio.h>
#include <string.h>

static const struct sg_cli_option options[] = {
    [SG_ASSESS_PART] = {"--part", "N", "explain: the part of EN 18031, 1 to 3"},
    [SG_ASSESS_EXAMPLE] = {"--example", NULL, "new: a complete example, a water meter"},
    [SG_ASSESS_ANSWERS] = {"--answers", "FILE", "new: take the answers from there, do not ask"},
    [SG_ASSESS_LOT] = {"--lot", "NAME", "gather: the report of this lot, and what the log says of its devices"},
    [SG_ASSESS_NO_PDF] = {"--no-pdf", NULL, "report: pages only"},
    [SG_ASSESS_OUT] = {"--out", "FILE", "seal, renew: write the archive there"},
    [SG_ASSESS_DRAFT] = {"--draft", NULL, "seal: seal what is not finished, and mark it so"},
    [SG_ASSESS_SBOM] = {"--sbom", "FILE", "seal: add a list of software (may be given several times)"},
    [SG_ASSESS_SIGNER_CERT] = {"--signer-cert", "FILE", "seal: who signs; the issuing CA by default"},
    [SG_ASSESS_SIGNER_KEY] = {"--signer-key", "KEY", "seal: that certificate's key: a file or a URI"},
    [SG_ASSESS_PASSPHRASE_FILE] = {"--passphrase-file", "FILE", "seal: the key's passphrase is FILE's first line"},
    [SG_ASSESS_PASSPHRASE_FD] = {"--passphrase-fd", "N", "seal: take it from the open descriptor N"},
    [SG_ASSESS_TSA] = {"--tsa", "URL", "seal, renew: have it stamped by this authority (RFC 3161)"},
    [SG_ASSESS_TSA_FILE] = {"--tsa-file", "FILE", "renew: write the request there, or take the answer beside it"},
    [SG_ASSESS_TSA_CA] = {"--tsa-ca", "FILE", "seal, renew, verify: the CAs of the stamping authorities"},
    [SG_ASSESS_DIGEST] = {"--digest", "NAME", "renew: sha512 (the default) or sha3-512"},
    [SG_ASSESS_CA] = {"--ca", "FILE", "renew, verify: the CAs of the signer"},
    [SG_ASSESS_OPTIONS] = {NULL, NULL, NULL},
};

#define BIT(option) (1U << (option))
static const struct sub {
    const char *name;
    unsigned takes;      /* options, by bit */
    const char *without; /* the operand's default; NULL: it must be given; "": none */
    int (*run)(const struct sg_cli_assess *a);
} subs[] = {
    {"new", BIT(SG_ASSESS_EXAMPLE) | BIT(SG_ASSESS_ANSWERS), ".", sg_cli_assess_new},
    {"check", 0, ".", sg_cli_assess_check},
    {"gather", BIT(SG_ASSESS_LOT), ".", sg_cli_assess_gather},
    {"run", 0, ".", sg_cli_assess_run},
    {"explain", BIT(SG_ASSESS_PART), "", sg_cli_assess_explain},
    {"report", BIT(SG_ASSESS_NO_PDF), ".", sg_cli_assess_report},
    {"seal",
     BIT(SG_ASSESS_OUT) | BIT(SG_ASSESS_DRAFT) | BIT(SG_ASSESS_SBOM) | BIT(SG_ASSESS_SIGNER_CERT) |
         BIT(SG_ASSESS_SIGNER_KEY) | BIT(SG_ASSESS_PASSPHRASE_FILE) | BIT(SG_ASSESS_PASSPHRASE_FD) |
         BIT(SG_ASSESS_TSA) | BIT(SG_ASSESS_TSA_CA),
     ".", sg_cli_assess_seal},
    {"verify", BIT(SG_ASSESS_CA) | BIT(SG_ASSESS_TSA_CA), NULL, sg_cli_assess_verify},
    {"renew",
     BIT(SG_ASSESS_OUT) | BIT(SG_ASSESS_TSA) | BIT(SG_ASSESS_TSA_FILE) | BIT(SG_ASSESS_TSA_CA) | BIT(SG_ASSESS_DIGEST) |
         BIT(SG_ASSESS_CA),
     NULL, sg_cli_assess_renew},
    {"diff", 0, NULL, sg_cli_assess_diff},
};
enum { SUBS = sizeof subs / sizeof subs[0] };

const char *sg_cli_assess_path(const struct sg_cli_assess *a, const char *file, char path[SG_ASSESS_PATH])
{
    int n = snprintf(path, SG_ASSESS_PATH, "%s/%s", a->operand, file);
    return n > 0 && n < SG_ASSESS_PATH ? path : "";
}

static const struct sub *find(const struct sg_cli *cli, const char *word)
{
    const char *names[SUBS + 1] = {NULL};
    for (size_t i = 0; i < SUBS; i++) {
        if (strcmp(subs[i].name, word) == 0)
            return &subs[i];
        names[i] = subs[i].name;
    }
    const char *near = sg_cli_nearest(word, names);
    if (near != NULL)
        (void)sg_cli_usage(cli, "there is no `signet assess %s`. Did you mean `signet assess %s`?", word, near);
    else
        (void)sg_cli_usage(cli, "there is no `signet assess %s`.", word);
    return NULL;
}

/* What is compared are two. */
static bool takes_two(const struct sub *sub)
{
    return sub->run == sg_cli_assess_diff;
}

static int take_word(struct sg_cli *cli, const struct sub **sub, struct sg_cli_assess *a)
{
    if (*sub == NULL)
        return (*sub = find(cli, cli->value)) != NULL ? 0 : SG_CLI_USAGE;
    if (a->operand == NULL)
        a->operand = cli->value;
    else if (a->second == NULL && takes_two(*sub))
        a->second = cli->value;
    else
        return sg_cli_usage(cli, "there is one word too many: %s.", cli->value);
    return 0;
}

static int run(struct sg_cli *cli)
{
    struct sg_cli_assess a = {.cli = cli};
    const struct sub *sub = NULL;
    for (int i; (i = sg_cli_next(cli)) != SG_CLI_END;) {
        if (i == SG_CLI_BAD)
            return SG_CLI_USAGE;
        if (i == SG_CLI_OPERAND) {
            int r = take_word(cli, &sub, &a);
            if (r != 0)
                return r;
        } else {
            a.value[i] = cli->value != NULL && options[i].value != NULL ? cli->value : "";
            if (i == SG_ASSESS_SBOM && a.sboms < SG_ASSESS_SBOMS)
                a.sbom[a.sboms++] = cli->value;
            else if (i == SG_ASSESS_SBOM)
                return sg_cli_usage(cli, "there are more than %d --sbom.", (int)SG_ASSESS_SBOMS);
        }
    }
    if (sub == NULL)
        return sg_cli_usage(cli, "say what: `signet assess new`, run, report, seal.");
    for (int i = 0; i < SG_ASSESS_OPTIONS; i++)
        if (a.value[i] != NULL && (sub->takes & BIT(i)) == 0)
            return sg_cli_usage(cli, "`signet assess %s` has no option %s.", sub->name, options[i].name);
    if ((a.operand == NULL && sub->without == NULL) || (a.second == NULL && takes_two(sub)))
        return sg_cli_usage(cli, "`signet assess %s` needs a word more.", sub->name);
    if (a.operand == NULL)
        a.operand = sub->without;
    return sub->run(&a);
}

const struct sg_cli_command sg_cli_assess_command = {
    "assess",
    "new | check | gather | run | report | seal | verify | renew | diff | explain [OPTION…]",
    "answers for a product: the EN 18031 self-assessment",
    "  new        asks what the product is, and writes DIR/product.yaml\n"
    "  check      tells what in it contradicts itself or is left out, by line\n"
    "  gather     fetches a lot's report and the audit log of the home as evidence\n"
    "  run        holds statements against records, writes DIR/result.json, and tells\n"
    "             what is missing; exit code 0 where everything passes\n"
    "  report     DIR/report: pages and PDFs of the result\n"
    "  seal       one signed archive of it all; verify checks one, renew stamps it anew,\n"
    "             diff tells what a new one changes\n"
    "  explain    what a requirement asks, and how sure public sources are of it\n\n"
    "An assessment is a folder, the present one by default. verify and renew take an\n"
    "archive, diff two archives or folders, explain a requirement's name.\n\n"
    "Nothing here is legal advice, and no text of the standard is in it: what the\n"
    "requirements ask is told in other words (explain), each question with how sure\n"
    "public sources are of it. Buy the parts that apply.\n",
    options,
    run,
};
