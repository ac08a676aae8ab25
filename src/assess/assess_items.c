/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pieces of information that the technical documentation must hold, found in the product file: in the statement's
 * `items`, in those of the unit or of what the unit names, in a field that says just this; and where a path calls for
 * a piece, in the statement's reason.
 */
#include "assess/assess_internal.h"

#include <stdio.h>
#include <string.h>

/* Items that are a field of the unit's entry. The first that fits is taken; "" as requirement: any. */
static const struct {
    const char *requirement, *item, *field;
} fields[] = {
    {"", "<A>Asset.Access", "access"},
    {"", "<A>Asset.ACM", "managed_by"},
    {"", "<A>Asset.SSM", "stored_by"},
    {"SCM-1", "<A>Asset.Com", "communication"},
    {"SCM-1", "<A>Asset.NetworkInterface", "carried_by"},
    {"SCM-1", "SCM", "carried_by"},
    {"", "SCM.CCK", "keys"},
    {"", "ACM.NetworkInterface", "interfaces"},
    {"", "ACM.UserInterface", "interfaces"},
    {"", "ACM.MachineInterface", "interfaces"},
    {"", "ACM.AuthenticationMechanism", "authenticated_by"},
    {"", "PartOfSoftw.SUM", "updated_by"},
    {"", "CCK.SecurityStrength", "strength"},
    {"CCK-2", "Generation", "generated_by"},
    {"CCK-2", "Generation.CCK", "name"},
    {"LGM-1", "PrivacyAssetEvent.LGM", "logged_by"},
    {"LGM-1", "FinancialAssetEvent.LGM", "logged_by"},
    {"UNM-1", "PersonalInformation", "assets"},
    {"UNM-1", "PersonalInformation.UseCase.Notification", "told_by"},
    {"GEC-5", "PhysicalExternalInterface.Purpose", "purpose"},
    {"GEC-5", "PhysicalExternalInterface.Type", "type"},
    {"CRY-1", "Assets.Cryptography", "cryptography"},
};
/* Items that are the assets which name the unit in a field, with what one of their own fields says. */
static const struct {
    const char *item, *by, *field;
} asset_items[] = {
    {"SSM.Asset", "stored_by", NULL},
    {"<A>Asset.Com", "carried_by", "communication"},
    {"ACM.ManagedAccess<A>Asset", "managed_by", "access"},
    {"Assets", "stored_by", NULL},
    {"Assets", "carried_by", NULL},
};
/* Items that are what the product is. */
static const struct {
    const char *item, *field;
} product_fields[] = {{"IntFunc", "intended_use"}, {"Setup", "setup"}};
/* Items that are simply the unit: its name, and what its entry says it is or does. */
static const char *const unit_items[] = {"<A>Asset",
                                         "ACM",
                                         "AUM",
                                         "SUM",
                                         "SSM",
                                         "SCM",
                                         "LGM",
                                         "AuthenticationMechanism",
                                         "PartOfSoftw",
                                         "NetworkInterface",
                                         "CCK",
                                         "PrivacyAssetEvent",
                                         "FinancialAssetEvent",
                                         "Events",
                                         "PersonalInformation.UseCase",
                                         "Notifications",
                                         "NetworkInterface.Exposure",
                                         "PhysicalExternalInterface",
                                         "ExternalInterface",
                                         "NonNetworkInterface",
                                         "PersonalData",
                                         "SenSecParam",
                                         "PrivacyAsset",
                                         "SecurityAsset"};

static const char *put_value(const json_t *v, struct sg_buf *b)
{
    if (json_is_string(v))
        sg_put_str(b, json_string_value(v));
    else if (json_is_integer(v))
        sg_put_dec(b, json_integer_value(v));
    for (size_t i = 0; i < json_array_size(v); i++) {
        sg_put_str(b, i > 0 ? ", " : "");
        sg_put_str(b, json_string_value(json_array_get(v, i)));
    }
    return sg_buf_cstr(b);
}

/* The name of an item as people write it: "<A>Asset.Access" for any kind, or with the kind in it. */
static const char *in_texts(const json_t *row, const char *name, const char *plain)
{
    const json_t *texts = json_object_get(row, "items");
    const char *text = sg_row_text(texts, plain);
    return text[0] != '\0' ? text : sg_row_text(texts, name);
}

/* In the entries that `row` names. */
static const char *in_next(const struct sg_assessing *a, const json_t *row, const char *name, const char *plain)
{
    const char *key, *text;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)row, key, v)
    {
        for (size_t i = 0; i < json_array_size(v); i++) {
            const char *id = json_string_value(json_array_get(v, i));
            const json_t *target = id != NULL ? sg_product_find(a->p, id, NULL) : NULL;
            if (target != NULL && (text = in_texts(target, name, plain))[0] != '\0')
                return text;
        }
    }
    return "";
}

/* In the entries that `row` names, else in those that these name. */
static const char *in_named(const struct sg_assessing *a, const json_t *row, const char *name, const char *plain)
{
    const char *key, *text = in_next(a, row, name, plain);
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)row, key, v)
    {
        for (size_t i = 0; i < json_array_size(v) && text[0] == '\0'; i++) {
            const char *id = json_string_value(json_array_get(v, i));
            const json_t *target = id != NULL ? sg_product_find(a->p, id, NULL) : NULL;
            if (target != NULL)
                text = in_next(a, target, name, plain);
        }
    }
    return text;
}

static void put_unit(const json_t *unit, const json_t *row, struct sg_buf *b)
{
    static const char *const more[] = {"does", "where", "version"};
    sg_put_str(b, sg_row_text(unit, "name"));
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        const char *text = sg_row_text(row, more[i]);
        sg_put_str(b, text[0] != '\0' ? ": " : "");
        sg_put_str(b, text);
    }
}

static void put_assets(const struct sg_assessing *a, const char *unit, const char *by, const char *field,
                       struct sg_buf *b)
{
    const json_t *assets = sg_product_list(a->p, "assets");
    for (size_t i = 0; i < json_array_size(assets); i++) {
        const json_t *row = json_array_get(assets, i);
        if (!sg_list_has(sg_row_list(row, by), unit))
            continue;
        sg_put_str(b, b->len > 0 ? "; " : "");
        sg_put_str(b, sg_row_text(row, "name"));
        if (field != NULL && sg_row_text(row, field)[0] != '\0') {
            sg_put_str(b, ": ");
            sg_put_str(b, sg_row_text(row, field));
        }
    }
}

static void put_mechanisms(const struct sg_assessing *a, const char *kind, struct sg_buf *b)
{
    const json_t *list = sg_product_list(a->p, "mechanisms");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        if (strcmp(sg_row_text(row, "kind"), kind) != 0)
            continue;
        sg_put_str(b, b->len > 0 ? "; " : "");
        put_unit(row, row, b);
    }
}

/* From the fields of the product file. */
static void from_fields(const struct sg_assessing *a, const struct sg_en_requirement *r, const char *item,
                        const json_t *unit, struct sg_buf *b)
{
    const json_t *row = json_object_get(unit, "row");
    for (size_t i = 0; i < sizeof product_fields / sizeof product_fields[0]; i++)
        if (strcmp(product_fields[i].item, item) == 0)
            sg_put_str(b, sg_product_text(a->p, product_fields[i].field));
    for (size_t i = 0; b->len == 0 && i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].item, item) == 0 &&
            (fields[i].requirement[0] == '\0' || strcmp(fields[i].requirement, r->id) == 0))
            (void)put_value(json_object_get(row, fields[i].field), b);
    for (size_t i = 0; i < sizeof asset_items / sizeof asset_items[0]; i++)
        if (strcmp(asset_items[i].item, item) == 0)
            put_assets(a, sg_row_text(unit, "id"), asset_items[i].by, asset_items[i].field, b);
    for (size_t i = 0; b->len == 0 && i < sizeof unit_items / sizeof unit_items[0]; i++)
        if (strcmp(unit_items[i], item) == 0)
            put_unit(unit, row, b);
    if (strcmp(item, "DLM") == 0)
        put_mechanisms(a, "deletion", b);
}

/* Whether the path or the categories in use call for it; `path_item`: a path does. */
static bool is_needed(const struct sg_en_item *item, const json_t *statement, const struct sg_en_path *path,
                      bool product, bool *path_item)
{
    *path_item = false;
    if (item->when[0] == '\0') /* a tree that the whole product leaves at once needs its reason alone */
        return path->leaf != SG_EN_NA || !product;
    if (strncmp(item->when, "category ", 9) == 0)
        return (*path_item = sg_list_has(sg_row_list(statement, "categories"), item->when + 9));
    if (strncmp(item->when, "DN-", 3) != 0)
        return false;                    /* "if any" */
    for (size_t i = 0; i < path->n; i++) /* "DN-2 yes" */
        if (path->node[i]->number == item->when[3] - '0' && path->yes[i] == (strcmp(item->when + 5, "yes") == 0))
            *path_item = true;
    return *path_item;
}

/* An item of a kind of asset that the unit is not. */
static bool is_foreign(const struct sg_en_item *item, unsigned which, int part, const json_t *row)
{
    static const char *const own[SG_EN_PARTS] = {"network", "privacy", "financial"};
    if (strstr(item->name, "<A>") == NULL || json_object_get(row, "confidential") == NULL)
        return strstr(item->name, "<A>") != NULL && which == 1; /* told once */
    return strcmp(sg_row_text(row, "kind"), which == 0 ? "security" : own[part - 1]) != 0;
}

static json_t *one_item(const struct sg_assessing *a, const struct sg_en_requirement *r, const struct sg_en_item *item,
                        const char *id, const json_t *unit, const json_t *statement, const struct sg_en_path *path)
{
    char space[9000];
    struct sg_buf b = sg_buf(space, sizeof space);
    const json_t *row = json_object_get(unit, "row");
    const char *plain = strchr(id + strlen("E.Info."), '.') + 1; /* requirement ids have no dot */
    const char *from = "product", *text;
    bool path_item, needed = is_needed(item, statement, path, row == NULL, &path_item);

    if ((text = in_texts(statement, item->name, plain))[0] != '\0')
        from = "statement";
    else if ((text = in_texts(row, item->name, plain))[0] == '\0')
        text = in_named(a, row, item->name, plain);
    if (text[0] == '\0') {
        from_fields(a, r, item->name, unit, &b);
        text = sg_buf_cstr(&b);
    }
    if (text[0] == '\0' && path_item) {
        text = sg_row_text(statement, "reason");
        from = "statement";
    }
    return json_pack("{sssssssbss}", "id", id, "what", item->what, "value", text, "needed", needed, "from",
                     text[0] != '\0' ? from : "");
}

json_t *sg_assess_items(const struct sg_assessing *a, const struct sg_en_requirement *r, int part, const json_t *unit,
                        const json_t *statement, const struct sg_en_path *path, struct sg_buf *missing)
{
    json_t *list = json_array();
    char id[SG_EN_ITEM_ID];
    for (size_t i = 0; i < r->n_items; i++) {
        for (unsigned w = 0; sg_en_item_id(r, &r->items[i], part, w, id); w++) {
            if (is_foreign(&r->items[i], w, part, json_object_get(unit, "row")))
                continue;
            json_t *item = one_item(a, r, &r->items[i], id, unit, statement, path);
            if (sg_row_yes(item, "needed") && sg_row_text(item, "value")[0] == '\0') {
                sg_put_str(missing, missing->len > 0 ? ", " : "");
                sg_put_str(missing, id);
            }
            (void)json_array_append_new(list, item);
        }
    }
    return list;
}
