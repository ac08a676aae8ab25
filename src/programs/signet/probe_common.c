/* SPDX-License-Identifier: Apache-2.0 */
/* signet probe: what all commands that make runs do alike: options, display, records, totals, exit codes. */
#include "probe.h"

#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile int stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

/* The first Ctrl-C lets the run under way end, so that what it changed is put back; a second one ends at once. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    action.sa_flags = (int)SA_RESETHAND;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

void sg_cli_probe_init(struct sg_cli_probe *p, struct sg_cli *cli)
{
    *p = (struct sg_cli_probe){.cli = cli, .evidence_dir = "evidence"};
}

void sg_cli_probe_option(struct sg_cli_probe *p, int option)
{
    const char **const where[SG_CLI_PROBE_OWN] = {
        [SG_CLI_PROBE_EVIDENCE] = &p->evidence_dir,
        [SG_CLI_PROBE_EQUIPMENT] = &p->product,
        [SG_CLI_PROBE_SERIAL] = &p->serial,
        [SG_CLI_PROBE_FIRMWARE] = &p->firmware,
        [SG_CLI_PROBE_MODEM_FIRMWARE] = &p->modem_firmware,
        [SG_CLI_PROBE_ONLY] = &p->only,
        [SG_CLI_PROBE_SKIP] = &p->skip,
    };
    *where[option] = p->cli->value;
}

/* ------------------------------------------------------------------------------------------------ which runs */

/* Calls `fn` with each name of a list with commas, until it returns false; false then. */
static bool each_name(const char *list, bool (*fn)(void *user, const char *name), void *user)
{
    char name[96];
    for (const char *p = list; p != NULL && *p != '\0';) {
        size_t n = strcspn(p, ",");
        (void)snprintf(name, sizeof name, "%.*s", (int)n, p);
        if (!fn(user, name))
            return false;
        p += n + (p[n] == ',');
    }
    return true;
}

static bool differs(void *user, const char *name)
{
    const struct sg_probe_run *run = user;
    return fnmatch(name, run->name, 0) != 0;
}

static bool is_in(const char *list, const struct sg_probe_run *run)
{
    struct sg_probe_run copy = *run;
    return !each_name(list, differs, &copy);
}

static bool wanted(void *user, const struct sg_probe_run *run)
{
    const struct sg_cli_probe *p = user;
    return (p->only == NULL || is_in(p->only, run)) && !is_in(p->skip, run);
}

/* Each name that was given must be one of a run of this kind, or match some. */
static bool is_known(void *user, const char *name)
{
    const struct sg_cli_probe *p = user;
    enum { NAMES = 128 };
    const char *names[NAMES + 1] = {NULL};
    size_t n;
    const struct sg_probe_run *run = sg_probe_runs(p->kind, &n);
    for (size_t i = 0; i < n && i < NAMES; i++) {
        if (fnmatch(name, run[i].name, 0) == 0)
            return true;
        names[i] = run[i].name;
    }
    const char *near = sg_cli_nearest(name, names);
    (void)sg_cli_fail(0, "there is no run %s here.%s%s%s See `signet probe runs`.", name,
                      near != NULL ? " Did you mean " : "", near != NULL ? near : "", near != NULL ? "?" : "");
    return false;
}

static int check_runs(struct sg_cli_probe *p)
{
    size_t n, chosen = 0;
    if (!each_name(p->only, is_known, p) || !each_name(p->skip, is_known, p))
        return SG_CLI_USAGE;
    const struct sg_probe_run *run = sg_probe_runs(p->kind, &n);
    for (size_t i = 0; i < n; i++)
        chosen += wanted(p, &run[i]);
    return chosen > 0 ? 0 : sg_cli_usage(p->cli, "--only and --skip together leave no run to be made.");
}

/* --------------------------------------------------------------------------------------------------- display */

const char *sg_cli_probe_word(const char *verdict)
{
    static const char *const words[][2] = {{"nothing-against", "nothing against"},
                                           {"not-applicable", "not applicable"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(verdict, words[i][0]) == 0)
            return words[i][1];
    return verdict;
}

enum sg_cli_style sg_cli_probe_style(const char *verdict)
{
    if (strcmp(verdict, "fail") == 0)
        return SG_CLI_RED;
    if (strcmp(verdict, "nothing-against") == 0)
        return SG_CLI_GREEN;
    return strcmp(verdict, "not-applicable") == 0 ? SG_CLI_DIM : SG_CLI_YELLOW;
}

enum { WORD = 15, NAME = 24 }; /* columns */

static void begin_run(void *user, const struct sg_probe_run *run)
{
    const struct sg_cli_probe *p = user;
    if (p->cli->json || !isatty(STDOUT_FILENO))
        return;
    (void)printf("%-*s  %s: %s…\r", WORD, "under way", run->name, run->title);
    (void)fflush(stdout);
}

static void print_detail(const char *what, const char *text)
{
    char clean[SG_CLI_TEXT];
    if (text[0] != '\0')
        (void)printf("%*s  %s%s\n", WORD, "", what, sg_cli_clean(text, clean));
}

static void print_result(const struct sg_probe_result *r)
{
    const char *verdict = sg_verdict_name(r->verdict);
    char clean[SG_CLI_TEXT];
    (void)printf("%s%s%-*s%s  %-*s  %s\n", isatty(STDOUT_FILENO) ? "\r\033[K" : "",
                 sg_cli_style(sg_cli_probe_style(verdict)), WORD, sg_cli_probe_word(verdict),
                 sg_cli_style(SG_CLI_PLAIN), NAME, r->run->name, sg_cli_clean(r->observed, clean));
    if (r->verdict != SG_VERDICT_NOTHING_AGAINST)
        print_detail("", r->reason);
    if (r->verdict == SG_VERDICT_FAIL) {
        print_detail("severity: ", sg_severity_name(r->severity));
        print_detail("to do: ", r->run->cure);
    }
    (void)fflush(stdout);
}

/* ------------------------------------------------------------------------------------------------- the results */

static json_t *text_json(const char *text)
{
    char clean[SG_CLI_TEXT];
    return json_string(sg_cli_clean(text, clean));
}

static void keep(struct sg_cli_probe *p, const struct sg_probe_target *t, const struct sg_probe_result *r)
{
    bool failed = r->verdict == SG_VERDICT_FAIL;
    json_t *o = json_object();
    (void)json_object_set_new(o, "record", text_json(p->last));
    (void)json_object_set_new(o, "run", text_json(r->run->name));
    (void)json_object_set_new(o, "verdict", text_json(sg_verdict_name(r->verdict)));
    (void)json_object_set_new(o, "severity", text_json(failed ? sg_severity_name(r->severity) : ""));
    (void)json_object_set_new(o, "setting", text_json(t->equipment ? "equipment" : "design"));
    (void)json_object_set_new(o, "observed", text_json(r->observed));
    (void)json_object_set_new(o, "reason", text_json(r->reason));
    (void)json_object_set_new(o, "cure", text_json(failed ? r->run->cure : ""));
    (void)json_object_set_new(o, "facts", r->facts != NULL ? json_deep_copy(r->facts) : json_object());
    (void)json_array_append_new(p->results, o);
}

static int done(void *user, const struct sg_probe_target *target, struct sg_probe_result *r)
{
    struct sg_cli_probe *p = user;
    struct sg_error err = {0};
    int e = sg_evidence_add(p->evidence, target, r, sg_cli_who(), p->last, &err);
    if (e < 0) {
        (void)sg_cli_fail_err(0, &err);
        return e;
    }
    if (p->first[0] == '\0')
        memcpy(p->first, p->last, sizeof p->first);
    p->count[r->verdict]++;
    if (r->verdict == SG_VERDICT_FAIL && r->severity > p->worst)
        p->worst = r->severity;
    if (p->cli->json || p->page)
        keep(p, target, r);
    else
        print_result(r);
    return 0;
}

/* ------------------------------------------------------------------------------------------- begin and the end */

static void fill(char *to, size_t cap, const char *from)
{
    if (from != NULL)
        (void)snprintf(to, cap, "%s", from);
}

static int fill_target(const struct sg_cli_probe *p, struct sg_probe_target *t, const char *here)
{
    if (p->product != NULL && here != NULL)
        return sg_cli_fail(SG_CLI_REFUSED,
                           "--equipment says that this is the product itself, but %s: what is seen there verifies a "
                           "design, and no equipment. Leave it out.",
                           here);
    if (p->product != NULL && p->serial == NULL)
        return sg_cli_usage(p->cli, "--equipment names a product: --serial must say which one of them this is.");
    t->kind = p->kind;
    t->equipment = p->product != NULL;
    fill(t->product, sizeof t->product, p->product);
    fill(t->serial, sizeof t->serial, p->serial);
    fill(t->firmware, sizeof t->firmware, p->firmware);
    fill(t->modem_firmware, sizeof t->modem_firmware, p->modem_firmware);
    if (!t->equipment)
        fill(t->why_design, sizeof t->why_design,
             here != NULL ? here : "nobody said that it is the product itself (--equipment)");
    return 0;
}

static void print_target(const struct sg_cli_probe *p, const struct sg_probe_target *t)
{
    char clean[SG_CLI_TEXT];
    if (p->cli->json)
        return;
    (void)printf("%-*s  %s", WORD, "Target", sg_cli_clean(t->address, clean));
    (void)printf("%s%s\n", t->identity[0] != '\0' ? ", " : "", sg_cli_clean(t->identity, clean));
    if (t->equipment)
        (void)printf("%-*s  %s %s, says who runs this\n\n", WORD, "Equipment", t->product, t->serial);
    else
        (void)printf("%-*s  design verification: %s\n\n", WORD, "Setting", sg_cli_clean(t->why_design, clean));
}

int sg_cli_probe_begin(struct sg_cli_probe *p, enum sg_probe_kind kind, struct sg_probe_target *target,
                       const char *here)
{
    struct sg_error err = {0};
    p->kind = kind;
    int code = check_runs(p);
    if (code == 0)
        code = fill_target(p, target, here);
    if (code != 0)
        return code;
    p->evidence = sg_evidence_open(p->evidence_dir, &err);
    if (p->evidence == NULL)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    p->results = json_array();
    p->watch = (struct sg_probe_watch){.user = p, .begin = begin_run, .done = done, .wanted = wanted, .stop = &stop};
    catch_signals();
    print_target(p, target);
    return 0;
}

static size_t total(const struct sg_cli_probe *p)
{
    size_t n = 0;
    for (size_t v = 0; v <= SG_VERDICT_FAIL; v++)
        n += p->count[v];
    return n;
}

static void print_totals(const struct sg_cli_probe *p)
{
    size_t n = total(p);
    (void)printf("%zu %s:", n, n == 1 ? "run" : "runs");
    const char *comma = "";
    for (size_t v = SG_VERDICT_FAIL + 1; v-- > 0;) {
        if (p->count[v] == 0)
            continue;
        const char *verdict = sg_verdict_name((enum sg_verdict)v);
        (void)printf("%s %s%zu %s%s", comma, sg_cli_style(sg_cli_probe_style(verdict)), p->count[v],
                     sg_cli_probe_word(verdict), sg_cli_style(SG_CLI_PLAIN));
        comma = ",";
    }
    if (n == 1)
        (void)printf(". Record %.4s is in %s.\n", p->last, p->evidence_dir);
    else
        (void)printf(". Records %.4s to %.4s are in %s.\n", p->first, p->last, p->evidence_dir);
}

static int print_json(struct sg_cli_probe *p)
{
    json_t *totals = json_object(), *o = json_object();
    for (size_t v = 0; v <= SG_VERDICT_FAIL; v++)
        (void)json_object_set_new(totals, sg_verdict_name((enum sg_verdict)v), json_integer((json_int_t)p->count[v]));
    (void)json_object_set_new(o, "evidence", text_json(p->evidence_dir));
    (void)json_object_set_new(o, "results", p->results);
    (void)json_object_set_new(o, "totals", totals);
    p->results = NULL;
    return sg_cli_print_json(o);
}

static int verdict_code(const struct sg_cli_probe *p)
{
    if (p->count[SG_VERDICT_FAIL] > 0)
        return p->worst >= SG_SEVERITY_HIGH ? SG_CLI_PROBE_GRAVE : SG_CLI_PROBE_FOUND;
    return p->count[SG_VERDICT_SKIPPED] > 0 ? SG_CLI_PROBE_SKIPPED : SG_CLI_DONE;
}

int sg_cli_probe_end(struct sg_cli_probe *p, int r, const struct sg_error *err)
{
    int code = verdict_code(p);
    if (p->cli->json && print_json(p) != SG_CLI_DONE)
        code = SG_CLI_FAILED;
    else if (!p->cli->json && total(p) > 0)
        print_totals(p);
    if (stop != 0)
        code = sg_cli_fail(SG_CLI_FAILED, "stopped after %zu %s. What was recorded stays.", total(p),
                           total(p) == 1 ? "run" : "runs");
    else if (r < 0)
        code = err->text[0] != '\0' ? sg_cli_fail_err(SG_CLI_FAILED, err) : SG_CLI_FAILED; /* else told already */
    json_decref(p->results);
    sg_evidence_close(p->evidence);
    return code;
}
