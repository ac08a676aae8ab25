/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each requirement's tree is walked for. Where a requirement takes its units from another's result, those are
 * carried on whose path passed, and those that are still open; what was excepted or failed needs no further question.
 */
#include "assess/assess_internal.h"

#include <string.h>

int sg_assess_leaf(const struct sg_assessing *a, const char *requirement, int part, const char *unit)
{
    for (size_t i = 0; i < json_array_size(a->requirements); i++) {
        const json_t *r = json_array_get(a->requirements, i), *units = json_object_get(r, "units");
        if (strcmp(sg_row_text(r, "id"), requirement) != 0 || json_integer_value(json_object_get(r, "part")) != part)
            continue;
        for (size_t u = 0; u < json_array_size(units); u++) {
            const json_t *at = json_array_get(units, u);
            for (int leaf = SG_EN_NA; leaf < 0 && strcmp(sg_row_text(at, "id"), unit) == 0; leaf++)
                if (strcmp(sg_row_text(at, "leaf"), sg_en_leaf_name(leaf)) == 0)
                    return leaf;
        }
    }
    return SG_EN_UNKNOWN;
}

static bool goes_on(const struct sg_assessing *a, const char *requirement, int part, const json_t *row)
{
    int leaf = sg_assess_leaf(a, requirement, part, sg_row_text(row, "id"));
    return leaf == SG_EN_PASS || leaf == SG_EN_UNKNOWN;
}

static bool of_part(const json_t *asset, int part)
{
    static const char *const own[SG_EN_PARTS] = {"network", "privacy", "financial"};
    const char *kind = sg_row_text(asset, "kind");
    return strcmp(kind, "security") == 0 || strcmp(kind, own[part - 1]) == 0;
}

static bool is_kind(const json_t *row, const char *kind)
{
    return strcmp(sg_row_text(row, "kind"), kind) == 0;
}

static void add(json_t *units, const json_t *row)
{
    const char *id = sg_row_text(row, "id");
    for (size_t i = 0; i < json_array_size(units); i++)
        if (strcmp(sg_row_text(json_array_get(units, i), "id"), id) == 0)
            return;
    (void)json_array_append_new(units, json_pack("{sssssO}", "id", id, "name", sg_row_text(row, "name"), "row", row));
}

/* The entries that `row` names in a field. */
static void add_named(const struct sg_assessing *a, json_t *units, const json_t *row, const char *field)
{
    const json_t *ids = sg_row_list(row, field);
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const json_t *target = sg_product_find(a->p, json_string_value(json_array_get(ids, i)), NULL);
        if (target != NULL)
            add(units, target);
    }
}

/* One of the mechanism's interfaces is of that kind. */
static bool serves(const struct sg_assessing *a, const json_t *mechanism, const char *kind)
{
    const json_t *ids = sg_row_list(mechanism, "interfaces");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const json_t *target = sg_product_find(a->p, json_string_value(json_array_get(ids, i)), NULL);
        if (target != NULL && is_kind(target, kind))
            return true;
    }
    return false;
}

/* ------------------------------------------------------------------------------------------------- from assets */

static bool has(const json_t *row, const char *field)
{
    return json_array_size(sg_row_list(row, field)) > 0;
}

static bool is_deletable(const json_t *row)
{
    if (!sg_row_yes(row, "persistent"))
        return false;
    return is_kind(row, "privacy") ||
           (is_kind(row, "security") && json_object_get(row, "of_the_user") != json_false() &&
            (sg_row_yes(row, "confidential") || sg_row_yes(row, "sensitive")));
}

static void from_asset(const struct sg_assessing *a, json_t *units, enum sg_en_units kind, int part, const json_t *row)
{
    bool secret = sg_row_yes(row, "confidential");
    if ((kind == SG_UNITS_REACHABLE && has(row, "reachable_by")) ||
        (kind == SG_UNITS_MANAGED && has(row, "reachable_by") && goes_on(a, "ACM-1", part, row)) ||
        (kind == SG_UNITS_CHILD && is_kind(row, "privacy") && goes_on(a, "ACM-1", part, row)) ||
        (kind == SG_UNITS_STORED && sg_row_yes(row, "persistent")) ||
        (kind == SG_UNITS_COMMUNICATED && sg_row_yes(row, "travels")) ||
        (kind == SG_UNITS_DELETABLE && is_deletable(row)))
        add(units, row);
    if ((kind == SG_UNITS_STORAGE || (kind == SG_UNITS_SECRET_STORAGE && secret)) && goes_on(a, "SSM-1", part, row))
        add_named(a, units, row, "stored_by");
    if ((kind == SG_UNITS_COMMUNICATION || (kind == SG_UNITS_SECRET_COMMUNICATION && secret)) &&
        goes_on(a, "SCM-1", part, row))
        add_named(a, units, row, "carried_by");
}

/* The access control mechanisms before an asset that serve a kind of interface. */
static void from_managed(const struct sg_assessing *a, json_t *units, const char *interface, int part,
                         const json_t *row)
{
    json_t *all = json_array();
    if (has(row, "reachable_by") && goes_on(a, "ACM-1", part, row))
        add_named(a, all, row, "managed_by");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *mechanism = json_object_get(json_array_get(all, i), "row");
        if (serves(a, mechanism, interface))
            add(units, mechanism);
    }
    json_decref(all);
}

static void from_assets(const struct sg_assessing *a, json_t *units, enum sg_en_units kind, int part)
{
    const json_t *assets = sg_product_list(a->p, "assets");
    const char *interface = kind == SG_UNITS_NETWORK_ACCESS   ? "network"
                            : kind == SG_UNITS_USER_ACCESS    ? "user"
                            : kind == SG_UNITS_MACHINE_ACCESS ? "machine"
                                                              : NULL;
    for (size_t i = 0; i < json_array_size(assets); i++) {
        const json_t *row = json_array_get(assets, i);
        if (!of_part(row, part))
            continue;
        if (interface != NULL)
            from_managed(a, units, interface, part, row);
        else
            from_asset(a, units, kind, part, row);
    }
}

/* Authentication mechanisms of the access control mechanisms that AUM-1 was walked for and that need it. */
static void from_access(const struct sg_assessing *a, json_t *units, int part)
{
    static const struct {
        const char *requirement;
        enum sg_en_units units;
        unsigned parts;
    } from[] = {{"AUM-1-1", SG_UNITS_NETWORK_ACCESS, P123},
                {"AUM-1-2", SG_UNITS_USER_ACCESS, P123},
                {"AUM-1-3", SG_UNITS_MACHINE_ACCESS, P3}};
    for (size_t k = 0; k < sizeof from / sizeof from[0]; k++) {
        json_t *access = json_array();
        if ((from[k].parts & SG_EN_PART(part)) != 0)
            from_assets(a, access, from[k].units, part);
        for (size_t i = 0; i < json_array_size(access); i++) {
            const json_t *row = json_object_get(json_array_get(access, i), "row");
            if (goes_on(a, from[k].requirement, part, row))
                add_named(a, units, row, "authenticated_by");
        }
        json_decref(access);
    }
}

/* ---------------------------------------------------------------------------------------------- from other lists */

static bool is_vulnerable(const struct sg_assessing *a, const json_t *component)
{
    const json_t *list = sg_product_list(a->p, "vulnerabilities");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (sg_list_has(sg_row_list(json_array_get(list, i), "in"), sg_row_text(component, "id")))
            return true;
    return false;
}

/* A list, a condition on its entries, and (where units are named by them) the field and the requirement in between. */
static const struct source {
    enum sg_en_units units;
    const char *section;
    const char *kind;       /* of the entry; NULL: any */
    const char *field;      /* a yes-or-no field that must be so; NULL: none */
    bool value;             /* how it must be */
    const char *via, *from; /* the entries named there, where `from` goes on; NULL: the entry itself */
} sources[] = {
    {SG_UNITS_FACTORY_PASSWORDS, "passwords", NULL, "factory", true, NULL, NULL},
    {SG_UNITS_OTHER_PASSWORDS, "passwords", NULL, "factory", false, NULL, NULL},
    {SG_UNITS_SOFTWARE, "software", NULL, NULL, false, NULL, NULL},
    {SG_UNITS_UPDATE, "software", NULL, NULL, false, "updated_by", "SUM-1"},
    {SG_UNITS_NETWORK_INTERFACES, "interfaces", "network", NULL, false, NULL, NULL},
    {SG_UNITS_EVENTS, "events", NULL, NULL, false, NULL, NULL},
    {SG_UNITS_LOGGING, "events", NULL, NULL, false, "logged_by", "LGM-1"},
    {SG_UNITS_STORED_LOGGING, "events", NULL, NULL, false, "logged_by", "LGM-1"},
    {SG_UNITS_NOTICES, "notices", NULL, NULL, false, NULL, NULL},
    {SG_UNITS_NOTIFICATIONS, "notices", NULL, NULL, false, NULL, "UNM-1"},
    {SG_UNITS_KEYS, "keys", NULL, NULL, false, NULL, NULL},
    {SG_UNITS_PREINSTALLED, "keys", NULL, "preinstalled", true, NULL, NULL},
    {SG_UNITS_COMPONENTS, "software", NULL, NULL, false, NULL, NULL},
    {SG_UNITS_COMPONENTS, "hardware", NULL, NULL, false, NULL, NULL},
    {SG_UNITS_COMPONENTS, "vulnerabilities", NULL, NULL, false, NULL, NULL},
    {SG_UNITS_EXPOSED, "interfaces", "network", NULL, false, NULL, NULL},
    {SG_UNITS_EXPOSED, "services", NULL, NULL, false, NULL, NULL},
    {SG_UNITS_OPTIONAL, "services", NULL, "optional", true, NULL, NULL},
    {SG_UNITS_PHYSICAL, "physical", NULL, NULL, false, NULL, NULL},
    {SG_UNITS_INTERFACES, "interfaces", NULL, NULL, false, NULL, NULL},
    {SG_UNITS_SENSORS, "sensors", NULL, NULL, false, NULL, NULL},
};

static void from_list(const struct sg_assessing *a, json_t *units, const struct source *s, int part)
{
    const json_t *list = sg_product_list(a->p, s->section);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        if ((s->kind != NULL && !is_kind(row, s->kind)) ||
            (s->field != NULL && sg_row_yes(row, s->field) != s->value) ||
            (s->from != NULL && !goes_on(a, s->from, part, row)) ||
            (s->units == SG_UNITS_COMPONENTS && is_vulnerable(a, row)))
            continue;
        if (s->via != NULL)
            add_named(a, units, row, s->via);
        else
            add(units, row);
    }
}

static void drop_logs_kept_outside(const struct sg_assessing *a, json_t *units, int part)
{
    for (size_t i = json_array_size(units); i-- > 0;)
        if (!goes_on(a, "LGM-2", part, json_object_get(json_array_get(units, i), "row")))
            (void)json_array_remove(units, i);
}

static void from_cryptography(const struct sg_assessing *a, json_t *units)
{
    const json_t *list = sg_product_list(a->p, "mechanisms");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (sg_row_text(json_array_get(list, i), "cryptography")[0] != '\0')
            add(units, json_array_get(list, i));
}

/* Lists that follow from another requirement's result: an empty one needs no statement. */
static bool is_derived(enum sg_en_units kind)
{
    switch ((int)kind) {
    case SG_UNITS_MANAGED:
    case SG_UNITS_AUTHENTICATION:
    case SG_UNITS_UPDATE:
    case SG_UNITS_STORAGE:
    case SG_UNITS_SECRET_STORAGE:
    case SG_UNITS_COMMUNICATION:
    case SG_UNITS_SECRET_COMMUNICATION:
    case SG_UNITS_LOGGING:
    case SG_UNITS_STORED_LOGGING:
    case SG_UNITS_NOTIFICATIONS:
        return true;
    default:
        return false;
    }
}

json_t *sg_assess_units(const struct sg_assessing *a, const struct sg_en_requirement *r, int part, bool *derived)
{
    json_t *units = json_array();
    bool child = sg_product_is(a->p, "toy") || sg_product_is(a->p, "childcare");

    *derived = is_derived(r->units);
    if (r->units == SG_UNITS_PRODUCT || (r->units == SG_UNITS_CHILD && !child))
        (void)json_array_append_new(units, json_pack("{ssss}", "id", "product", "name", sg_product_text(a->p, "name")));
    else if (r->units == SG_UNITS_AUTHENTICATION)
        from_access(a, units, part);
    else if (r->units == SG_UNITS_CRYPTOGRAPHY)
        from_cryptography(a, units);
    else
        from_assets(a, units, r->units, part);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (sources[i].units == r->units)
            from_list(a, units, &sources[i], part);
    if (r->units == SG_UNITS_STORED_LOGGING)
        drop_logs_kept_outside(a, units, part);
    return units;
}
