/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of EN 18031 against what is publicly known of its structure, and every path of every tree. */
#include "assess/assess.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Per part, a group for each node: where yes and where no lead (a node, Pass, Fail, Not applicable, ?), and its grade.
 * Then the parts in which NOT APPLICABLE is permitted, and whether there are functional assessments. */
static const struct fact {
    const char *id, *clause[SG_EN_PARTS], *tree[SG_EN_PARTS], *na;
    bool completeness, sufficiency;
} facts[] = {
    {"ACM-1",
     {"6.1.1", "6.1.1", "6.1.1"},
     {"N2A N3A N4A PFA", "N2A N3A N4A PFA", "N2A N3A N4A PFA"},
     "123",
     true,
     true},
    {"ACM-2", {"6.1.2", "6.1.2", "6.1.2"}, {"PFA", "PFA", "PFA"}, "", false, true},
    {"ACM-3", {NULL, "6.1.3", NULL}, {NULL, "2NA PFA", NULL}, "2", true, true},
    {"ACM-4", {NULL, "6.1.4", NULL}, {NULL, "2NB 3NB PFA", NULL}, "2", true, true},
    {"ACM-5", {NULL, "6.1.5", NULL}, {NULL, "2NA PFA", NULL}, "2", true, true},
    {"ACM-6", {NULL, "6.1.6", NULL}, {NULL, "2NA PFA", NULL}, "2", true, true},
    {"AUM-1-1", {"6.2.1.1", "6.2.1.1", "6.2.1.1"}, {"N2A N3A PFA", "N2A N3A PFA", "PFB"}, "12", true, true},
    {"AUM-1-2", {"6.2.1.2", "6.2.1.2", "6.2.1.2"}, {"N2A N3A N4A PFA", "N2A N3A N4A PFA", "PFB"}, "12", true, true},
    {"AUM-1-3", {NULL, NULL, "6.2.1.3"}, {NULL, NULL, "PFB"}, "", true, true},
    {"AUM-2", {"6.2.2", "6.2.2.1", "6.2.2.1"}, {"PFA", "PFA", "PFA"}, "", false, true},
    {"AUM-2-2", {NULL, "6.2.2.2", "6.2.2.2"}, {NULL, "2NA PFA", "PFB"}, "2", false, true},
    {"AUM-3", {"6.2.3", "6.2.3", "6.2.3"}, {"PFA", "PFA", "PFA"}, "", false, true},
    {"AUM-4", {"6.2.4", "6.2.4", "6.2.4"}, {"N2A PFA", "N2A PFA", "N2A PFA"}, "123", false, true},
    {"AUM-5-1", {"6.2.5.1", "6.2.5.1", "6.2.5.1"}, {"P2A 3FA PFA", "P2A 3FA PFA", "P2A 3FA PFA"}, "", false, true},
    {"AUM-5-2", {"6.2.5.2", "6.2.5.2", "6.2.5.2"}, {"P2A P3A PFA", "P2A P3A PFA", "P2A P3A PFA"}, "", false, true},
    {"AUM-6", {"6.2.6", "6.2.6", "6.2.6"}, {"PFA", "PFA", "PFA"}, "", false, true},
    {"SUM-1",
     {"6.3.1", "6.3.1", "6.3.1"},
     {"2NB N3B N4B N5B PFB", "2NB N3B N4B N5B PFB", "2NB N3B N4B N5B PFB"},
     "123",
     false,
     true},
    {"SUM-2", {"6.3.2", "6.3.2", "6.3.2"}, {"PFA", "PFA", "PFA"}, "", false, true},
    {"SUM-3", {"6.3.3", "6.3.3", "6.3.3"}, {"P2A P3A PFA", "2NB P3B P4B PFB", "P2A P3A PFA"}, "2", false, true},
    {"SSM-1", {"6.4.1", "6.4.1", "6.4.1"}, {"N2A PFA", "N2A PFA", "N2A PFA"}, "123", true, true},
    {"SSM-2", {"6.4.2", "6.4.2", "6.4.2"}, {"PFA", "PFA", "PFA"}, "", false, true},
    {"SSM-3", {"6.4.3", "6.4.3", "6.4.3"}, {"PFA", "PFA", "PFA"}, "", true, true},
    {"SCM-1", {"6.5.1", "6.5.1", "6.5.1"}, {"P2A N3A NFA", "P2A N3A NFA", "PFA"}, "12", true, true},
    {"SCM-2", {"6.5.2", "6.5.2", "6.5.2"}, {"P2A NFA", "P2A NFA", "PFA"}, "12", false, true},
    {"SCM-3", {"6.5.3", "6.5.3", "6.5.3"}, {"P2A NFA", "P2A NFA", "PFA"}, "12", false, true},
    {"SCM-4", {"6.5.4", "6.5.4", "6.5.4"}, {"P2B N3B NFB", "P2B N3B NFB", "P2B NFB"}, "123", false, true},
    {"RLM-1", {"6.6.1", NULL, NULL}, {"P2B N3B NFB", NULL, NULL}, "1", true, true},
    {"NMM-1", {"6.7.1", NULL, NULL}, {"2NA PFA", NULL, NULL}, "1", false, true},
    {"TCM-1", {"6.8.1", NULL, NULL}, {"2NA PFA", NULL, NULL}, "1", false, true},
    {"LGM-1", {NULL, "6.6.1", "6.6.1"}, {NULL, "N2A PFA", "N2A PFA"}, "23", false, true},
    {"LGM-2", {NULL, "6.6.2", "6.6.2"}, {NULL, "N2A PFA", "N2A PFA"}, "23", false, true},
    {"LGM-3", {NULL, "6.6.3", "6.6.3"}, {NULL, "PFA", "PFA"}, "", false, true},
    {"LGM-4", {NULL, "6.6.4", "6.6.4"}, {NULL, "2?C ??C", "2?C ??C"}, "", false, true},
    {"DLM-1", {NULL, "6.7.1", NULL}, {NULL, "PFA", NULL}, "", true, true},
    {"UNM-1", {NULL, "6.8.1", NULL}, {NULL, "N2A PFA", NULL}, "2", true, true},
    {"UNM-2", {NULL, "6.8.2", NULL}, {NULL, "PFA", NULL}, "", false, true},
    {"CCK-1", {"6.9.1", "6.9.1", "6.7.1"}, {"N2A PFA", "N2A PFA", "N2A PFA"}, "123", true, true},
    {"CCK-2", {"6.9.2", "6.9.2", "6.7.2"}, {"N2A PFA", "N2A PFA", "N2A PFA"}, "123", false, false},
    {"CCK-3", {"6.9.3", "6.9.3", "6.7.3"}, {"P2B N3B NFB", "P2B N3B NFB", "P2B N3B NFB"}, "123", true, true},
    {"GEC-1",
     {"6.10.1", "6.10.1", "6.8.1"},
     {"2PB 3NB 4NB N5B NFB", "2PB 3NB 4NB N5B NFB", "2PB 3NB 4NB N5B NFB"},
     "123",
     true,
     true},
    {"GEC-2", {"6.10.2", "6.10.2", "6.8.2"}, {"2NB 3NB PFB", "2NB 3NB PFB", "2NB 3NB PFB"}, "123", true, false},
    {"GEC-3", {"6.10.3", "6.10.3", "6.8.3"}, {"2NA PFA", "2NA PFA", "2NA PFA"}, "123", true, true},
    {"GEC-4", {"6.10.4", "6.10.4", "6.8.4"}, {"2NA PFA", "2NA PFA", "2NA PFA"}, "123", true, false},
    {"GEC-5", {"6.10.5", "6.10.5", "6.8.5"}, {"PFA", "PFA", "PFA"}, "", true, false},
    {"GEC-6", {"6.10.6", "6.10.6", "6.8.6"}, {"2NA PFA", "2NA PFA", "2NA PFA"}, "123", true, true},
    {"GEC-7", {NULL, "6.10.7", NULL}, {NULL, "2NA PFA", NULL}, "2", true, false},
    {"GEC-8", {NULL, NULL, "6.8.8"}, {NULL, NULL, "2FA PFA"}, "", true, true},
    {"CRY-1", {"6.11.1", "6.11.1", "6.9.1"}, {"N2A PFA", "N2A PFA", "N2A PFA"}, "123", true, true},
};
enum { FACTS = sizeof facts / sizeof facts[0] };

static const struct sg_en_requirement *requirement(size_t i)
{
    const struct sg_en_requirement *r = sg_en_requirement(i);
    assert_non_null(r);
    assert_string_equal(r->id, facts[i].id);
    return r;
}

static int leads(char c)
{
    return c == 'P' ? SG_EN_PASS : c == 'F' ? SG_EN_FAIL : c == 'N' ? SG_EN_NA : c == '?' ? SG_EN_UNKNOWN : c - '0';
}

static void structure_is_the_standards(void **state)
{
    size_t count[SG_EN_PARTS] = {0};
    (void)state;
    assert_int_equal(FACTS, 48);
    assert_null(sg_en_requirement(FACTS));
    for (size_t i = 0; i < FACTS; i++) {
        const struct sg_en_requirement *r = requirement(i);
        assert_ptr_equal(sg_en_find(r->id), r);
        assert_int_equal(r->completeness != NULL, facts[i].completeness);
        assert_int_equal(r->sufficiency != NULL, facts[i].sufficiency);
        for (int part = 1; part <= SG_EN_PARTS; part++) {
            const char *tree = facts[i].tree[part - 1], *clause = facts[i].clause[part - 1];
            assert_int_equal((r->parts & SG_EN_PART(part)) != 0, tree != NULL);
            assert_int_equal((r->na & SG_EN_PART(part)) != 0, strchr(facts[i].na, '0' + part) != NULL);
            if (tree == NULL) {
                assert_null(r->clause[part - 1]);
                assert_null(sg_en_node(r, part, 1));
                continue;
            }
            count[part - 1]++;
            assert_string_equal(r->clause[part - 1], clause);
            int nodes = (int)(strlen(tree) + 1) / 4;
            for (int n = 1; n <= nodes; n++) {
                const struct sg_en_node *node = sg_en_node(r, part, n);
                assert_non_null(node);
                assert_int_equal(node->yes, leads(tree[4 * n - 4]));
                assert_int_equal(node->no, leads(tree[4 * n - 3]));
                assert_int_equal(node->grade, tree[4 * n - 2]);
            }
            assert_null(sg_en_node(r, part, nodes + 1));
        }
    }
    assert_int_equal(count[0], 33);
    assert_int_equal(count[1], 43);
    assert_int_equal(count[2], 37);
}

static void grades_are_counted(void **state)
{
    size_t nodes = 0, grade[3] = {0};
    (void)state;
    for (size_t i = 0; i < FACTS; i++) {
        const struct sg_en_requirement *r = requirement(i);
        for (size_t n = 0; n < r->n_nodes; n++, nodes++) {
            assert_in_range(r->nodes[n].grade, 'A', 'C');
            assert_true(r->nodes[n].sources > 0);
            grade[r->nodes[n].grade - 'A']++;
        }
    }
    assert_int_equal(nodes, 115);
    assert_int_equal(grade[0], 80);
    assert_int_equal(grade[1], 33);
    assert_int_equal(grade[2], 2);
}

/* Each tree: every target exists and is the next node (which pictures rest on), every node is reached, PASS and FAIL
 * can be reached, NOT APPLICABLE just where it is permitted. LGM-4 alone has outcomes that nobody knows. */
static void trees_are_trees(void **state)
{
    (void)state;
    for (size_t i = 0; i < FACTS; i++) {
        const struct sg_en_requirement *r = requirement(i);
        for (int part = 1; part <= SG_EN_PARTS; part++) {
            unsigned reached = 1U << 1, leaves = 0;
            const struct sg_en_node *node;
            if ((r->parts & SG_EN_PART(part)) == 0)
                continue;
            for (int n = 1; (node = sg_en_node(r, part, n)) != NULL; n++) {
                assert_true(n <= SG_EN_LONGEST);
                assert_true((reached & 1U << n) != 0);
                const int to[2] = {node->yes, node->no};
                for (int k = 0; k < 2; k++) {
                    assert_true(to[k] <= 0 || (to[k] == n + 1 && sg_en_node(r, part, to[k]) != NULL));
                    if (to[k] > 0)
                        reached |= 1U << to[k];
                    else
                        leaves |= 1U << -to[k];
                }
            }
            bool unknown = strcmp(r->id, "LGM-4") == 0;
            assert_int_equal((leaves & 1U << -SG_EN_UNKNOWN) != 0, unknown);
            assert_int_equal((leaves & 1U << -SG_EN_PASS) != 0, !unknown);
            assert_int_equal((leaves & 1U << -SG_EN_FAIL) != 0, !unknown);
            assert_int_equal((leaves & 1U << -SG_EN_NA) != 0, (r->na & SG_EN_PART(part)) != 0);
        }
    }
}

/* One walk, beside one along the fact's letters. */
static void walk(const struct sg_en_requirement *r, int part, const char *tree, const enum sg_answer *answers)
{
    struct sg_en_path path;
    unsigned seen = 0;
    size_t n = 0;
    int at = 1;

    sg_en_walk(r, part, answers, &path);
    while (at > 0 && answers[at - 1] != SG_ANSWER_NONE) {
        bool yes = answers[at - 1] == SG_ANSWER_YES;
        assert_true(n < path.n);
        assert_int_equal(path.node[n]->number, at);
        assert_int_equal(path.yes[n], yes);
        n++;
        seen |= 1U << at;
        at = leads(tree[4 * at - (yes ? 4 : 3)]);
    }
    assert_int_equal(path.n, n);
    assert_int_equal(path.leaf, at > 0 ? SG_EN_UNKNOWN : at);
    assert_int_equal(path.open != NULL ? path.open->number : 0, at > 0 ? at : 0);
    int stray = 0;
    for (int i = SG_EN_LONGEST; i >= 1; i--)
        if (answers[i - 1] != SG_ANSWER_NONE && (seen & 1U << i) == 0)
            stray = i;
    assert_int_equal(path.stray, stray);
}

/* Every tree with every set of answers: yes, no or none to each of its nodes. */
static void every_path_is_walked(void **state)
{
    size_t walks = 0;
    (void)state;
    for (size_t i = 0; i < FACTS; i++) {
        const struct sg_en_requirement *r = requirement(i);
        for (int part = 1; part <= SG_EN_PARTS; part++) {
            const char *tree = facts[i].tree[part - 1];
            if (tree == NULL)
                continue;
            unsigned sets = 1;
            for (size_t n = 0; n < (strlen(tree) + 1) / 4; n++)
                sets *= 3;
            for (unsigned set = 0; set < sets; set++, walks++) {
                enum sg_answer answers[SG_EN_LONGEST] = {SG_ANSWER_NONE};
                unsigned rest = set;
                for (size_t n = 0; n < SG_EN_LONGEST; n++, rest /= 3)
                    answers[n] = rest % 3 == 0 ? SG_ANSWER_NONE : rest % 3 == 1 ? SG_ANSWER_YES : SG_ANSWER_NO;
                walk(r, part, tree, answers);
            }
        }
    }
    assert_true(walks > 1000);
}

static void answers_beyond_the_tree_stray(void **state)
{
    struct sg_en_path path;
    (void)state;
    sg_en_walk(sg_en_find("ACM-2"), 1, (enum sg_answer[SG_EN_LONGEST]){SG_ANSWER_YES, SG_ANSWER_NO}, &path);
    assert_int_equal(path.leaf, SG_EN_PASS);
    assert_int_equal(path.stray, 2);
}

static void names_and_items(void **state)
{
    char id[SG_EN_ITEM_ID];
    (void)state;
    const struct sg_en_requirement *r = sg_en_find("AUM-2-1");
    assert_non_null(r);
    assert_string_equal(sg_en_name(r, 1), "AUM-2");
    assert_string_equal(sg_en_name(r, 2), "AUM-2-1");
    assert_true(sg_en_item_id(r, &r->items[0], 2, 0, id));
    assert_string_equal(id, "E.Info.AUM-2-1.AuthenticationMechanism");
    assert_false(sg_en_item_id(r, &r->items[0], 2, 1, id));

    r = sg_en_find("ACM-1");
    static const char *const own[SG_EN_PARTS] = {"E.Info.ACM-1.NetworkAsset.Access", "E.Info.ACM-1.PrivacyAsset.Access",
                                                 "E.Info.ACM-1.FinancialAsset.Access"};
    for (int part = 1; part <= SG_EN_PARTS; part++) {
        assert_true(sg_en_item_id(r, &r->items[1], part, 0, id));
        assert_string_equal(id, "E.Info.ACM-1.SecurityAsset.Access");
        assert_true(sg_en_item_id(r, &r->items[1], part, 1, id));
        assert_string_equal(id, own[part - 1]);
    }
    assert_null(sg_en_find("ACM-7"));
}

/* An item's condition names a node of the tree or a category; each requirement says all that a person reads of it. */
static void texts_are_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < FACTS; i++) {
        const struct sg_en_requirement *r = requirement(i);
        assert_true(strlen(r->title) > 5 && strlen(r->unit) > 5 && strlen(r->asks) > 20 && strlen(r->statement) > 5);
        for (size_t n = 0; n < r->n_nodes; n++) {
            const char *q = r->nodes[n].question;
            assert_true(strlen(q) > 10 && q[strlen(q) - 1] == '?');
        }
        for (size_t k = 0; k < r->n_items; k++) {
            const struct sg_en_item *item = &r->items[k];
            bool known = item->when[0] == '\0' || strcmp(item->when, "if any") == 0;
            int node = 0;
            char answer[4] = "";
            if (sscanf(item->when, "DN-%d %3s", &node, answer) == 2)
                for (int part = 1; part <= SG_EN_PARTS; part++)
                    known = known || sg_en_node(r, part, node) != NULL;
            for (size_t c = 0; c < r->n_categories; c++)
                known = known || (strncmp(item->when, "category ", 9) == 0 &&
                                  strcmp(item->when + 9, r->categories[c].name) == 0);
            assert_true(known);
            assert_true(strlen(item->what) > 5);
            assert_int_not_equal(item->parts & r->parts, 0);
        }
    }
}

static void law_is_dated(void **state)
{
    (void)state;
    for (int part = 1; part <= SG_EN_PARTS; part++) {
        const struct sg_en_standard *s = sg_en_standard(part);
        assert_int_equal(s->part, part);
        assert_non_null(strstr(s->edition, s->number));
        assert_string_equal(s->reference_date, "2025-01-30");
    }
    const struct sg_en_restriction *x;
    size_t n = 0;
    for (; (x = sg_en_restriction(n)) != NULL; n++) {
        char text[64], *save = NULL;
        (void)snprintf(text, sizeof text, "%s", x->requirements);
        for (char *id = strtok_r(text, " ", &save); id != NULL; id = strtok_r(NULL, " ", &save))
            assert_non_null(sg_en_find(id));
    }
    assert_int_equal(n, 4);
    const char *before = "";
    for (size_t i = 0; sg_en_date(i) != NULL; i++) {
        assert_true(strcmp(before, sg_en_date(i)->date) < 0);
        before = sg_en_date(i)->date;
    }
    assert_string_equal(before, "2027-12-11");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structure_is_the_standards),
        cmocka_unit_test(grades_are_counted),
        cmocka_unit_test(trees_are_trees),
        cmocka_unit_test(every_path_is_walked),
        cmocka_unit_test(answers_beyond_the_tree_stray),
        cmocka_unit_test(names_and_items),
        cmocka_unit_test(texts_are_there),
        cmocka_unit_test(law_is_dated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
