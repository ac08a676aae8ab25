/* SPDX-License-Identifier: Apache-2.0 */
/* signet probe image: firmware images and their build are searched for what must not be in them. */
#include "probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { KEY = SG_CLI_PROBE_OWN, CONFIG, SBOM };
static const struct sg_cli_option options[] = {
    SG_CLI_PROBE_OPTIONS,
    [KEY] = {"--key", "FILE", "the public key that signs (PEM); again for each further one"},
    [CONFIG] = {"--config", "FILE", "the build's .config"},
    [SBOM] = {"--sbom", "FILE", "its bill of materials: SPDX 2 or CycloneDX"},
    {NULL, NULL, NULL},
};

enum { FILES = 64, KEYS = 8 };
struct probe {
    struct sg_cli_probe shared; /* the watch is its own, with findings shown behind each run */
    struct sg_probe_watch watch;
    const char *file[FILES], *key[KEYS];
    struct sg_probe_image_job job;
    struct sg_psk_vault vault;
};

static int take(struct probe *p, int option)
{
    struct sg_cli *cli = p->shared.cli;
    if (option == SG_CLI_OPERAND) {
        if (p->job.files == FILES)
            return sg_cli_usage(cli, "there are more than %d files.", FILES);
        p->file[p->job.files++] = cli->value;
    } else if (option == KEY) {
        if (p->job.keys == KEYS)
            return sg_cli_usage(cli, "there are more than %d keys.", KEYS);
        p->key[p->job.keys++] = cli->value;
    } else if (option == CONFIG) {
        p->job.config = cli->value;
    } else if (option == SBOM) {
        p->job.sbom = cli->value;
    } else {
        sg_cli_probe_option(&p->shared, option);
    }
    return 0;
}

static int parse(struct probe *p)
{
    for (int i; (i = sg_cli_next(p->shared.cli)) != SG_CLI_END;) {
        int code = i == SG_CLI_BAD ? SG_CLI_USAGE : take(p, i);
        if (code != 0)
            return code;
    }
    if (p->job.files == 0 && p->job.config == NULL && p->job.sbom == NULL)
        return sg_cli_usage(p->shared.cli, "name an image: `signet probe image build/zephyr/dfu_application.zip`.");
    return 0;
}

/* --------------------------------------------------------------------------------------------------- display */

enum { INDENT = 17 /* below the names of the runs */ };

static const char *text_of(const json_t *o, const char *member, char clean[SG_CLI_TEXT])
{
    const char *text = json_string_value(json_object_get(o, member));
    return sg_cli_clean(text != NULL ? text : "", clean);
}

static void print_place(const json_t *o)
{
    const json_t *address = json_object_get(o, "address");
    (void)printf("%*s0x%06" PRIx64, INDENT, "", (uint64_t)json_integer_value(json_object_get(o, "offset")));
    if (json_is_integer(address))
        (void)printf("  flash 0x%08" PRIx64, (uint64_t)json_integer_value(address));
}

/* A finding of image.secrets, or of image.config. */
static void print_finding(const json_t *o)
{
    char a[SG_CLI_TEXT], b[SG_CLI_TEXT], c[SG_CLI_TEXT];
    if (json_object_get(o, "option") != NULL) {
        (void)printf("%*s%s=%s (%s)\n", INDENT, "", text_of(o, "option", a), text_of(o, "value", b),
                     text_of(o, "severity", c));
        (void)printf("%*s  %s\n", INDENT, "", text_of(o, "reason", a));
    } else {
        print_place(o);
        (void)printf("  %s: %s  %s\n", text_of(o, "confidence", a), text_of(o, "what", b), text_of(o, "excerpt", c));
    }
    (void)printf("%*s  to do: %s\n", INDENT, "", text_of(o, "cure", a));
}

static void print_certificate(const json_t *o)
{
    char a[SG_CLI_TEXT], b[SG_CLI_TEXT], until[SG_CLI_TIME];
    print_place(o);
    (void)printf("  certificate (%s) %s until %s%s%s\n", text_of(o, "what", a), text_of(o, "cn", b),
                 sg_cli_date((int64_t)json_integer_value(json_object_get(o, "until")), until),
                 json_is_true(json_object_get(o, "expired")) ? ", expired" : "",
                 json_is_true(json_object_get(o, "test")) ? ", for tests by its name" : "");
}

static int done(void *user, const struct sg_probe_target *target, struct sg_probe_result *r)
{
    struct probe *p = user;
    int e = p->shared.watch.done(&p->shared, target, r);
    if (e != 0 || p->shared.cli->json)
        return e;
    const json_t *findings = json_object_get(r->facts, "findings"), *certs = json_object_get(r->facts, "certificates");
    for (size_t i = 0; i < json_array_size(findings); i++)
        print_finding(json_array_get(findings, i));
    for (size_t i = 0; i < json_array_size(certs); i++)
        print_certificate(json_array_get(certs, i));
    return 0;
}

static void begin(void *user, const struct sg_probe_run *run)
{
    const struct probe *p = user;
    p->shared.watch.begin(p->shared.watch.user, run);
}

static bool wanted(void *user, const struct sg_probe_run *run)
{
    const struct probe *p = user;
    return p->shared.watch.wanted(p->shared.watch.user, run);
}

/* ------------------------------------------------------------------------------------------------- inventory */

/* The home's inventory, where there is one: without --home it may be missing. */
static int open_home(struct probe *p, struct sg_store **store)
{
    struct sg_cli *cli = p->shared.cli;
    int code = 0;
    if (cli->dir == NULL && sg_home_check(&cli->home, NULL) < 0)
        return 0;
    *store = sg_cli_open_store(cli, &code);
    if (*store == NULL)
        return code;
    p->job.store = *store;
    struct sg_error err = {0};
    int r = sg_psk_vault_open(&p->vault, cli->home.psk_key, false, &err);
    if (r == 0)
        p->job.vault = &p->vault;
    return r == 0 || r == SG_ENOTFOUND ? 0 : sg_cli_fail_err(SG_CLI_FAILED, &err);
}

static int run(struct sg_cli *cli)
{
    struct probe p = {.job = {.files = 0}};
    struct sg_store *store = NULL;
    struct sg_error err = {0};
    p.job.file = p.file;
    p.job.key = p.key;
    sg_cli_probe_init(&p.shared, cli);
    int code = parse(&p);
    if (code == 0)
        code = open_home(&p, &store);
    if (code == 0) {
        const char *first = p.job.files > 0 ? p.file[0] : p.job.config != NULL ? p.job.config : p.job.sbom;
        (void)snprintf(p.job.target.address, sizeof p.job.target.address, p.job.files > 1 ? "%s, and %zu more" : "%s",
                       first, p.job.files - 1);
    }
    if (code == 0)
        code = sg_cli_probe_begin(&p.shared, SG_PROBE_IMAGE, &p.job.target, NULL);
    if (code == 0) {
        p.watch = (struct sg_probe_watch){
            .user = &p, .begin = begin, .done = done, .wanted = wanted, .stop = p.shared.watch.stop};
        int r = sg_probe_image(&p.job, &p.watch, &err);
        code = sg_cli_probe_end(&p.shared, r, &err);
    }
    sg_wipe(&p.vault, sizeof p.vault);
    sg_store_close(store);
    return code;
}

const struct sg_cli_command sg_cli_probe_image = {
    "probe image",
    "FILE… [OPTION…]",
    "searches firmware images for keys, passwords and tokens; checks signature and build",
    "Takes raw binaries, Intel hex, S-records, ELF, signed images of MCUboot, and the\n"
    "update package of nRF Connect SDK (dfu_application.zip). image.config is made\n"
    "where --config is given, image.sbom where --sbom is, image.shared where there are\n"
    "several files. With a home, its pre-shared keys are sought and its certificates\n"
    "recognised. Secrets are never shown. What each finding means, and what the search\n"
    "cannot see: docs/reference/probe-image.md.\n",
    options,
    run,
};
