/* SPDX-License-Identifier: Apache-2.0 */
/* EN 18031 as a whole: finding a requirement, a node, an item's identifier; the walk of a tree. */
#include "assess/assess_internal.h"

#include <stdio.h>
#include <string.h>

static const struct sg_en_mechanism *const mechanisms[] = {
    &sg_en_acm,     &sg_en_aum, &sg_en_aum_more, &sg_en_sum, &sg_en_ssm, &sg_en_scm,
    &sg_en_network, &sg_en_lgm, &sg_en_privacy,  &sg_en_cck, &sg_en_gec, &sg_en_cry,
};

const struct sg_en_requirement *sg_en_requirement(size_t i)
{
    for (size_t m = 0; m < sizeof mechanisms / sizeof mechanisms[0]; m++) {
        if (i < mechanisms[m]->n)
            return &mechanisms[m]->requirement[i];
        i -= mechanisms[m]->n;
    }
    return NULL;
}

const struct sg_en_requirement *sg_en_find(const char *id)
{
    const struct sg_en_requirement *r;
    for (size_t i = 0; (r = sg_en_requirement(i)) != NULL; i++)
        if (strcmp(r->id, id) == 0 || (r->alias != NULL && strcmp(r->alias, id) == 0))
            return r;
    return NULL;
}

const char *sg_en_name(const struct sg_en_requirement *r, int part)
{
    return (r->alias_parts & SG_EN_PART(part)) != 0 ? r->alias : r->id;
}

const struct sg_en_node *sg_en_node(const struct sg_en_requirement *r, int part, int number)
{
    for (size_t i = 0; i < r->n_nodes; i++)
        if (r->nodes[i].number == number && (r->nodes[i].parts & SG_EN_PART(part)) != 0)
            return &r->nodes[i];
    return NULL;
}

const char *sg_en_leaf_name(int leaf)
{
    switch (leaf) {
    case SG_EN_PASS:
        return "PASS";
    case SG_EN_FAIL:
        return "FAIL";
    case SG_EN_NA:
        return "NOT APPLICABLE";
    default:
        return "unknown";
    }
}

bool sg_en_item_id(const struct sg_en_requirement *r, const struct sg_en_item *item, int part, unsigned which,
                   char id[SG_EN_ITEM_ID])
{
    static const char *const own[SG_EN_PARTS] = {"Network", "Privacy", "Financial"};
    const char *mark = strstr(item->name, "<A>");

    if ((item->parts & r->parts & SG_EN_PART(part)) == 0 || which > (mark != NULL ? 1U : 0U))
        return false;
    if (mark == NULL)
        (void)snprintf(id, SG_EN_ITEM_ID, "E.Info.%s.%s", sg_en_name(r, part), item->name);
    else
        (void)snprintf(id, SG_EN_ITEM_ID, "E.Info.%s.%.*s%s%s", sg_en_name(r, part), (int)(mark - item->name),
                       item->name, which == 0 ? "Security" : own[part - 1], mark + 3);
    return true;
}

static bool on_path(const struct sg_en_path *path, int number)
{
    for (size_t i = 0; i < path->n; i++)
        if (path->node[i]->number == number)
            return true;
    return path->open != NULL && path->open->number == number;
}

void sg_en_walk(const struct sg_en_requirement *r, int part, const enum sg_answer answers[SG_EN_LONGEST],
                struct sg_en_path *path)
{
    const struct sg_en_node *node = sg_en_node(r, part, 1);

    *path = (struct sg_en_path){.leaf = SG_EN_UNKNOWN};
    while (node != NULL && path->n < SG_EN_LONGEST) {
        enum sg_answer a = answers[node->number - 1];
        if (a == SG_ANSWER_NONE) {
            path->open = node;
            break;
        }
        int to = a == SG_ANSWER_YES ? node->yes : node->no;
        path->node[path->n] = node;
        path->yes[path->n++] = a == SG_ANSWER_YES;
        path->leaf = to > 0 ? SG_EN_UNKNOWN : to;
        node = to > 0 ? sg_en_node(r, part, to) : NULL;
    }
    for (int i = 1; i <= SG_EN_LONGEST && path->stray == 0; i++)
        if (answers[i - 1] != SG_ANSWER_NONE && !on_path(path, i))
            path->stray = i;
}
