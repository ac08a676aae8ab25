/* SPDX-License-Identifier: Apache-2.0 */
/* signet assess explain: the requirements, or all about one: what it asks, its questions, what must be written down. */
#include "assess.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int list_json(void)
{
    json_t *list = json_array();
    const struct sg_en_requirement *r;
    for (size_t i = 0; (r = sg_en_requirement(i)) != NULL; i++) {
        json_t *parts = json_array();
        for (int part = 1; part <= SG_EN_PARTS; part++)
            if ((r->parts & SG_EN_PART(part)) != 0)
                (void)json_array_append_new(parts, json_integer(part));
        (void)json_array_append_new(
            list, json_pack("{sssossss}", "id", r->id, "parts", parts, "title", r->title, "asks", r->asks));
    }
    return sg_cli_print_json(list);
}

static int list(void)
{
    struct sg_cli_table t = {0};
    const struct sg_en_requirement *r;
    sg_cli_row(&t, 3, (const char *const[]){"REQUIREMENT", "PARTS", "TITLE"});
    for (size_t i = 0; (r = sg_en_requirement(i)) != NULL; i++) {
        char parts[8];
        struct sg_buf b = sg_buf(parts, sizeof parts);
        for (int part = 1; part <= SG_EN_PARTS; part++)
            sg_put_str(&b, (r->parts & SG_EN_PART(part)) == 0 ? "-" : part == 1 ? "1" : part == 2 ? "2" : "3");
        sg_cli_row(&t, 3, (const char *const[]){r->id, sg_buf_cstr(&b), r->title});
    }
    sg_cli_print_table(&t);
    return SG_CLI_DONE;
}

static const char *leads(int to, char text[24])
{
    if (to > 0)
        (void)snprintf(text, 24, "DN-%d", to);
    else
        (void)snprintf(text, 24, "%s", sg_en_leaf_name(to));
    return text;
}

static json_t *items_json(const struct sg_en_requirement *r, int part)
{
    json_t *list = json_array();
    char id[SG_EN_ITEM_ID];
    for (size_t i = 0; i < r->n_items; i++)
        for (unsigned w = 0; sg_en_item_id(r, &r->items[i], part, w, id); w++)
            (void)json_array_append_new(
                list, json_pack("{ssssss}", "id", id, "when", r->items[i].when, "what", r->items[i].what));
    return list;
}

/* What the probe can try: the runs that the requirement's test needs, and those that support it. */
static json_t *runs_json(const struct sg_en_requirement *r)
{
    json_t *list = json_array();
    const struct sg_assess_link *link;
    for (size_t i = 0; (link = sg_assess_link(i)) != NULL; i++)
        if (strcmp(link->requirement, r->id) == 0)
            (void)json_array_append_new(
                list, json_pack("{sssssb}", "run", link->run, "category", link->category, "needed", link->needed));
    return list;
}

static void print_runs(const struct sg_en_requirement *r)
{
    const struct sg_assess_link *link;
    for (size_t i = 0; (link = sg_assess_link(i)) != NULL; i++)
        if (strcmp(link->requirement, r->id) == 0)
            (void)printf("  signet probe: %-28s %s %s\n", link->run, link->needed ? "needed" : "supports",
                         link->category);
}

static int one_json(const struct sg_en_requirement *r, int part)
{
    char yes[24], no[24];
    json_t *nodes = json_array();
    const struct sg_en_node *n;
    for (int i = 1; (n = sg_en_node(r, part, i)) != NULL; i++)
        (void)json_array_append_new(nodes, json_pack("{sisssssssssi}", "number", n->number, "question", n->question,
                                                     "yes", leads(n->yes, yes), "no", leads(n->no, no), "grade",
                                                     (const char[]){n->grade, '\0'}, "sources", (int)n->sources));
    return sg_cli_print_json(
        json_pack("{sssisssssssssosssssoso}", "id", sg_en_name(r, part), "part", part, "clause", r->clause[part - 1],
                  "title", r->title, "asks", r->asks, "unit", r->unit, "questions", nodes, "completeness",
                  r->completeness != NULL ? r->completeness : "", "sufficiency",
                  r->sufficiency != NULL ? r->sufficiency : "", "items", items_json(r, part), "runs", runs_json(r)));
}

static void print_questions(const struct sg_en_requirement *r, int part)
{
    char yes[24], no[24];
    const struct sg_en_node *n;
    for (int i = 1; (n = sg_en_node(r, part, i)) != NULL; i++)
        (void)printf("  DN-%d  %s\n        yes: %s, no: %s    (%c, %u source%s)\n", i, n->question, leads(n->yes, yes),
                     leads(n->no, no), n->grade, n->sources, n->sources == 1 ? "" : "s");
}

static void print_items(const struct sg_en_requirement *r, int part)
{
    char id[SG_EN_ITEM_ID];
    for (size_t i = 0; i < r->n_items; i++)
        for (unsigned w = 0; sg_en_item_id(r, &r->items[i], part, w, id); w++)
            (void)printf("  %s%s%s%s\n        %s\n", id, r->items[i].when[0] != '\0' ? "  (" : "", r->items[i].when,
                         r->items[i].when[0] != '\0' ? ")" : "", r->items[i].what);
}

static int one(const struct sg_en_requirement *r, int part)
{
    const char *bold = sg_cli_style(SG_CLI_BOLD), *plain = sg_cli_style(SG_CLI_PLAIN);
    (void)printf("%s%s%s  %s\n%s, clause %s\n\n%s\nAsked for: %s.\n\n", bold, sg_en_name(r, part), plain, r->title,
                 sg_en_standard(part)->edition, r->clause[part - 1], r->asks, r->unit);
    print_questions(r, part);
    if (r->completeness != NULL)
        (void)printf("\nLooked for on the product: %s\n", r->completeness);
    if (r->sufficiency != NULL)
        (void)printf("Tried on the product: %s\n", r->sufficiency);
    for (size_t i = 0; i < r->n_categories; i++)
        (void)printf("  %-22s %s\n", r->categories[i].name, r->categories[i].unit);
    print_runs(r);
    (void)printf("Only the manufacturer can say: %s\n", r->statement);
    (void)printf("\nTo be written down:\n");
    print_items(r, part);
    if (r->note != NULL)
        (void)printf("\n%s\n", r->note);
    return SG_CLI_DONE;
}

int sg_cli_assess_explain(const struct sg_cli_assess *a)
{
    if (a->operand[0] == '\0')
        return a->cli->json ? list_json() : list();
    const struct sg_en_requirement *r = sg_en_find(a->operand);
    if (r == NULL)
        return sg_cli_fail(SG_CLI_NOTHING, "EN 18031 has no requirement %s; `signet assess explain` lists them.",
                           a->operand);
    int part = 1;
    while ((r->parts & SG_EN_PART(part)) == 0)
        part++;
    if (a->value[SG_ASSESS_PART] != NULL) {
        uint64_t n = 0;
        if (sg_parse_udec(sg_str(a->value[SG_ASSESS_PART]), SG_EN_PARTS, &n) < 0 || n == 0)
            return sg_cli_usage(a->cli, "--part takes 1, 2 or 3, not %s.", a->value[SG_ASSESS_PART]);
        if ((r->parts & SG_EN_PART(n)) == 0)
            return sg_cli_fail(SG_CLI_NOTHING, "part %d of EN 18031 has no %s.", (int)n, r->id);
        part = (int)n;
    }
    return a->cli->json ? one_json(r, part) : one(r, part);
}
