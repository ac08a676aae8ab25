/* SPDX-License-Identifier: Apache-2.0 */
/* A guided run: what to do is said, what was seen is asked, and recorded as what a person saw. */
#include "probe/guide_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct play {
    const struct sg_probe_guide *g;
    const struct sg_guide *script;
    struct sg_probe_result r;
    json_t *answers;
    struct sg_probe_watched watched[2]; /* before and after */
    char seen[SG_PROBE_ANSWER], statement[SG_PROBE_ANSWER], witness[SG_PROBE_ANSWER];
};

static int ask(struct play *p, const char *key, const char *text, const char *choices, char answer[SG_PROBE_ANSWER])
{
    const struct sg_probe_question q = {key, text, choices};
    int e = p->g->ask(p->g->user, &q, answer);
    if (e == 0)
        (void)json_object_set_new(p->answers, key, json_string(answer));
    return e;
}

static int control(struct play *p, const char *key, const char *question)
{
    char answer[SG_PROBE_ANSWER], what[96];
    if (question == NULL)
        return 0;
    int e = ask(p, key, question, "yes no", answer);
    (void)snprintf(what, sizeof what, "%s", question);
    if (e == 0)
        sg_probe_add_control(&p->r, strcmp(answer, "yes") == 0, what, answer);
    return e;
}

static int look(struct play *p, size_t i)
{
    return p->g->look != NULL ? p->g->look(p->g->user, &p->watched[i]) : 0;
}

/* "refused: the device refused it", a line each; and the bare words. */
static int ask_seen(struct play *p)
{
    char choices[160] = "";
    for (size_t i = 0; i < p->script->n; i++) {
        char line[300];
        const struct sg_guide_seen *s = &p->script->seen[i];
        size_t n = strlen(choices);
        (void)snprintf(choices + n, sizeof choices - n, "%s%s", i > 0 ? " " : "", s->answer);
        (void)snprintf(line, sizeof line, "  %-16s  %s", s->answer, s->means);
        p->g->tell(p->g->user, line);
    }
    return ask(p, "seen", "What was seen?", choices, p->seen);
}

static int play(struct play *p)
{
    const struct sg_guide *s = p->script;
    char ready[SG_PROBE_ANSWER];
    p->g->tell(p->g->user, "You need:");
    p->g->tell(p->g->user, s->need);
    int e = ask(p, "witness", "Who watches? (name)", NULL, p->witness);
    if (e == 0)
        e = control(p, "before", s->before);
    if (e == 0)
        e = look(p, 0);
    if (e == 0) {
        p->g->tell(p->g->user, "Now:");
        p->g->tell(p->g->user, s->action);
        e = ask(p, "done", "Is that done?", "yes no", ready);
    }
    if (e == 0 && strcmp(ready, "yes") != 0)
        sg_probe_add_control(&p->r, false, "doing what is tried", "it was not done");
    if (e == 0)
        e = look(p, 1);
    if (e == 0)
        e = ask_seen(p);
    if (e == 0)
        e = ask(p, "statement", "In your own words, with the log line or the version that tells it:", NULL,
                p->statement);
    return e == 0 ? control(p, "after", s->after) : e;
}

/* ------------------------------------------------------------------------------------------------ the verdict */

static const struct sg_guide_seen *find_seen(const struct play *p)
{
    for (size_t i = 0; i < p->script->n; i++)
        if (strcmp(p->script->seen[i].answer, p->seen) == 0)
            return &p->script->seen[i];
    return NULL;
}

/* Whether the command that watched tells another story than the person. */
static bool contradicts(const struct play *p, const struct sg_guide_seen *seen)
{
    bool changed = p->watched[0].code != p->watched[1].code || strcmp(p->watched[0].output, p->watched[1].output) != 0;
    if (p->g->look == NULL || (seen->verdict != SG_VERDICT_NOTHING_AGAINST && seen->verdict != SG_VERDICT_REMARK))
        return false;
    return (p->script->change == SG_GUIDE_SAME && changed) || (p->script->change == SG_GUIDE_OTHER && !changed);
}

/* Whether the command that should have watched cannot be run, as shells tell it. */
static bool is_blind(const struct play *p)
{
    return p->g->look != NULL && (p->watched[0].code == 126 || p->watched[0].code == 127 || p->watched[1].code == 126 ||
                                  p->watched[1].code == 127);
}

static json_t *watched_json(const struct play *p)
{
    json_t *all = json_array();
    for (size_t i = 0; i < 2 && p->g->look != NULL; i++) {
        json_t *output = json_string(p->watched[i].output);
        (void)json_array_append_new(all, json_pack("{s:s,s:i,s:o}", "when", i == 0 ? "before" : "after", "exit_code",
                                                   p->watched[i].code, "output",
                                                   output != NULL ? output : json_string("(no text)")));
    }
    return all;
}

static void put_facts(struct play *p)
{
    char sha[SG_PROBE_SHA];
    p->r.facts = json_pack("{s:s,s:s,s:O,s:o}", "observation", "a person's", "witness", p->witness, "answers",
                           p->answers, "watched", watched_json(p));
    if (p->g->file != NULL)
        (void)json_object_set_new(p->r.facts, "offered",
                                  json_pack("{s:s,s:s,s:I}", "name", p->g->file, "sha256",
                                            sg_probe_sha(p->g->content, sha), "bytes", (json_int_t)p->g->content.n));
}

static void conclude(struct play *p)
{
    char observed[600], reason[600];
    const struct sg_guide_seen *seen = find_seen(p);
    (void)snprintf(observed, sizeof observed, "%.60s saw: %.30s. %.400s", p->witness, p->seen, p->statement);
    put_facts(p);
    if (seen == NULL) {
        sg_probe_conclude(&p->r, SG_VERDICT_SKIPPED, observed, "The answer is none of those that there are.");
    } else if (is_blind(p)) {
        sg_probe_conclude(&p->r, SG_VERDICT_SKIPPED, observed,
                          "Nothing was watched: the command for it could not be run. Mend it, or do without --watch.");
    } else if (contradicts(p, seen)) {
        (void)snprintf(reason, sizeof reason, "What was watched %s, which does not go with what was seen. Look again.",
                       p->script->change == SG_GUIDE_SAME ? "changed" : "stayed the same");
        sg_probe_conclude(&p->r, SG_VERDICT_SKIPPED, observed, reason);
    } else {
        (void)snprintf(reason, sizeof reason, "A person's observation: %s.", seen->means);
        sg_probe_conclude(&p->r, seen->verdict, observed, reason);
    }
}

int sg_probe_guide(const struct sg_probe_guide *g, const struct sg_probe_run *run, const struct sg_probe_watch *watch)
{
    struct play *p = calloc(1, sizeof *p);
    char line[700];
    if (p == NULL)
        return SG_ENOMEM;
    *p = (struct play){.g = g, .script = sg_probe_find_guide(run->name), .answers = json_object()};
    (void)snprintf(line, sizeof line, "%s: %s. A sound device: %s.", run->name, run->title, run->expected);
    g->tell(g->user, line);
    sg_probe_result_init(&p->r, run);
    int e = p->script != NULL ? play(p) : SG_ENOTFOUND;
    if (e == 0) {
        conclude(p);
        e = watch->done(watch->user, g->target, &p->r);
    }
    sg_probe_result_free(&p->r);
    json_decref(p->answers);
    free(p);
    return e;
}
