/* SPDX-License-Identifier: Apache-2.0 */
/* signet probe server: the page on the terminal. It reads what --json would print, and says it to a person. */
#include "probe_server.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAME = 22, VERDICT = 16 };

static void heading(const char *text)
{
    (void)printf("\n%s%s%s\n", sg_cli_style(SG_CLI_BOLD), text, sg_cli_style(SG_CLI_PLAIN));
}

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

static void line(enum sg_cli_style style, const char *name, const char *text)
{
    (void)printf("  %-*s  %s%s%s\n", NAME, name, sg_cli_style(style), text, sg_cli_style(SG_CLI_PLAIN));
}

/* ------------------------------------------------------------------------------------------------- what it takes */

static void print_versions(const struct sg_cli_probe_server *w)
{
    size_t i;
    json_t *v, *versions = sg_cli_probe_server_fact(w, "srv.version", "versions");
    if (versions == NULL)
        return;
    heading("Versions");
    json_array_foreach(versions, i, v)
    {
        const char *name = text_of(v, "version");
        bool taken = json_is_true(json_object_get(v, "taken")), old = strcmp(name, "DTLS 1.0") == 0;
        char text[200];
        (void)snprintf(text, sizeof text, "%s%s", taken ? "taken" : "not taken",
                       taken && old ? ", and must not be (RFC 8996)" : "");
        line(taken ? (old ? SG_CLI_RED : SG_CLI_GREEN) : SG_CLI_DIM, name, text);
    }
}

static void print_suites(const struct sg_cli_probe_server *w)
{
    size_t i;
    json_t *s, *suites = sg_cli_probe_server_fact(w, "srv.suites", "suites");
    const char *order = json_string_value(sg_cli_probe_server_fact(w, "srv.suites", "order"));
    char title[80];
    if (suites == NULL)
        return;
    (void)snprintf(title, sizeof title, "Cipher suites%s",
                   order == NULL || strcmp(order, "unknown") == 0 ? ""
                   : strcmp(order, "server") == 0                 ? ", in the server's order"
                                                                  : " (the client's order counts)");
    heading(title);
    json_array_foreach(suites, i, s)
    {
        const char *class = text_of(s, "class");
        bool sound = strcmp(class, "sound") == 0, weak = strcmp(class, "weak") == 0;
        (void)printf("  %3zu  %s  %-48s%s%s%s\n", i + 1, text_of(s, "number"), text_of(s, "name"),
                     sg_cli_style(sound  ? SG_CLI_GREEN
                                  : weak ? SG_CLI_RED
                                         : SG_CLI_YELLOW),
                     sound                          ? "sound"
                     : weak                         ? "WEAK"
                     : strcmp(class, "static") == 0 ? "no forward secrecy"
                                                    : "CBC with SHA-1",
                     sg_cli_style(SG_CLI_PLAIN));
    }
}

/* A list of names, or of objects with a name, in one line. */
static void print_names(const char *name, const json_t *list)
{
    size_t i;
    json_t *v;
    if (list == NULL)
        return;
    (void)printf("  %-*s  ", NAME, name);
    json_array_foreach(list, i, v)
    {
        const char *text = json_is_string(v) ? json_string_value(v) : text_of(v, "name");
        (void)printf("%s%s", i > 0 ? ", " : "", text);
    }
    (void)printf("%s\n", json_array_size(list) == 0 ? "none" : "");
}

/* -------------------------------------------------------------------------------------------------------- the runs */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* What was seen, a line a run; more where somebody must look at it. */
static void print_run(const json_t *run)
{
    const char *verdict = text_of(run, "verdict");
    bool quiet = strcmp(verdict, "nothing-against") == 0;
    const char *observed = text_of(run, "observed"), *reason = text_of(run, "reason");
    (void)printf("  %s%-*s%s%-*s  %s\n", sg_cli_style(sg_cli_probe_style(verdict)), VERDICT, sg_cli_probe_word(verdict),
                 sg_cli_style(SG_CLI_PLAIN), NAME, text_of(run, "run"), observed[0] != '\0' ? observed : reason);
    if (!quiet && observed[0] != '\0')
        (void)printf("  %*s  %s\n", VERDICT + NAME, "", reason);
}

static void print_runs(const struct sg_cli_probe_server *w, const char *title, bool (*wanted)(const char *run))
{
    size_t i;
    json_t *run;
    bool any = false;
    json_array_foreach(w->probe.results, i, run)
    {
        if (!wanted(text_of(run, "run")))
            continue;
        if (!any)
            heading(title);
        any = true;
        print_run(run);
    }
}

static const char *const about_clients[] = {"srv.no-cert", "srv.wrong-ca",        "srv.self-signed", "srv.expired",
                                            "srv.future",  "srv.usage",           "srv.unknown",     "srv.revoked",
                                            "srv.name",    "srv.revocation-speed"};

static bool is_certificate(const char *run)
{
    return begins(run, "srv.cert.");
}

static bool is_client(const char *run)
{
    for (size_t i = 0; i < sizeof about_clients / sizeof about_clients[0]; i++)
        if (strcmp(run, about_clients[i]) == 0)
            return true;
    return false;
}

static bool is_other(const char *run)
{
    return !is_certificate(run) && !is_client(run);
}

/* ----------------------------------------------------------------------------------------------------- to be done */

static void print_cures(const struct sg_cli_probe_server *w)
{
    bool any = false;
    for (int s = SG_SEVERITY_CRITICAL; s >= SG_SEVERITY_INFO; s--) {
        const char *severity = sg_severity_name((enum sg_severity)s);
        size_t i;
        json_t *run;
        json_array_foreach(w->probe.results, i, run)
        {
            if (strcmp(text_of(run, "severity"), severity) != 0)
                continue;
            if (!any)
                heading("What to do");
            any = true;
            (void)printf("  %s%-*s%s%-*s  %s\n  %*s  %s\n", sg_cli_style(SG_CLI_RED), VERDICT, severity,
                         sg_cli_style(SG_CLI_PLAIN), NAME, text_of(run, "run"), text_of(run, "reason"), VERDICT + NAME,
                         "", text_of(run, "cure"));
        }
    }
}

void sg_cli_probe_server_page(const struct sg_cli_probe_server *w)
{
    if (isatty(STDOUT_FILENO))
        (void)printf("\r\033[K");
    if (w->target.identity[0] != '\0')
        (void)printf("Certificate      %.47s…\n", w->target.identity);
    print_versions(w);
    print_suites(w);
    json_t *curves = sg_cli_probe_server_fact(w, "srv.curves", "curves"),
           *makes = sg_cli_probe_server_fact(w, "srv.signatures", "makes");
    if (curves != NULL || makes != NULL)
        heading("Curves and signatures");
    print_names("curves", curves);
    print_names("signs with", makes);
    print_names("takes from clients", sg_cli_probe_server_fact(w, "srv.signatures", "accepts_from_clients"));
    print_runs(w, "Certificate", is_certificate);
    print_runs(w, "Protocol", is_other);
    print_runs(w, "Who is let in", is_client);
    print_cures(w);
    (void)printf("\n%lu datagrams sent in %.1f s, %u a second at most", w->cost.datagrams, (double)w->cost.ms / 1000,
                 w->server.rate != 0 ? w->server.rate : SG_PROBE_RATE);
    (void)printf(" (five times that in the storm).\n");
}
