/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the probe's records and people's checks show. The equipment is what is assessed: only a record made on it, of
 * this product and this firmware, whose chain and signature hold, is evidence; one that failed forbids PASS wherever
 * it was made.
 */
#include "assess/assess_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sg_run_matches(const char *pattern, const char *run)
{
    size_t n = strlen(pattern);
    return n > 0 && pattern[n - 1] == '*' ? strncmp(pattern, run, n - 1) == 0 : strcmp(pattern, run) == 0;
}

/* ------------------------------------------------------------------------------------------------- the records */

static bool is_product(const struct sg_assessing *a, const char *name)
{
    return strcmp(name, sg_product_text(a->p, "name")) == 0 ||
           sg_list_has(sg_row_list(sg_product_list(a->p, "product"), "types"), name);
}

/* Whether the record is of this product as it is stated now; `why` where it is not. */
static bool is_of_this(const struct sg_assessing *a, const json_t *record, char why[300])
{
    const json_t *target = json_object_get(record, "target");
    const char *product = sg_row_text(target, "product"), *firmware = sg_row_text(target, "firmware");
    const char *modem = sg_row_text(target, "modem_firmware"), *began = sg_row_text(record, "began");
    const char *wanted = sg_product_text(a->p, "firmware"), *since = sg_product_text(a->p, "firmware_date");
    const char *modem_wanted = sg_product_text(a->p, "modem_firmware");
    bool lot = strcmp(sg_row_text(target, "kind"), "batch") == 0;

    if (!is_product(a, product))
        (void)snprintf(why, 300, "it is of the product \"%.60s\", and this is %.60s", product,
                       sg_product_text(a->p, "name"));
    else if (strcmp(firmware, wanted) != 0 && (!lot || firmware[0] != '\0'))
        (void)snprintf(why, 300, "it is of firmware \"%.40s\", and the product file states %.40s", firmware, wanted);
    else if (modem[0] != '\0' && modem_wanted[0] != '\0' && strcmp(modem, modem_wanted) != 0)
        (void)snprintf(why, 300, "it is of modem firmware \"%.40s\", and the product file states %.40s", modem,
                       modem_wanted);
    else if (!lot && strncmp(began, since, 10) < 0)
        (void)snprintf(why, 300, "it was made on %.10s, before the firmware (%.10s)", began, since);
    else if (strncmp(began, a->today, 10) > 0)
        (void)snprintf(why, 300, "it was made on %.10s, which is still to come", began);
    else
        return true;
    return false;
}

/* What a device or its modem did was done by the modem's firmware too: where the product file states one, its record
 * must name it. (That another is named, is_of_this tells.) */
static bool names_modem(const struct sg_assessing *a, const json_t *target)
{
    const char *kind = sg_row_text(target, "kind");
    bool asked = strcmp(kind, "device") == 0 || strcmp(kind, "modem") == 0;
    return !asked || sg_product_text(a->p, "modem_firmware")[0] == '\0' ||
           sg_row_text(target, "modem_firmware")[0] != '\0';
}

static bool counts(const struct sg_assessing *a, const json_t *record, const char *wrong, char why[300])
{
    const char *verdict = sg_row_text(record, "verdict");
    const json_t *target = json_object_get(record, "target");
    const char *kind = sg_row_text(target, "kind");

    why[0] = '\0';
    if (wrong[0] != '\0')
        (void)snprintf(why, 300, "the record is not whole: %.200s", wrong);
    else if (strcmp(kind, "server") == 0)
        (void)snprintf(why, 300, "it is about a server: it supports, the equipment is what is assessed");
    else if (strcmp(sg_row_text(record, "setting"), "equipment") != 0)
        (void)snprintf(why, 300, "design verification: %.200s", sg_row_text(record, "setting_reason"));
    else if (strcmp(verdict, "skipped") == 0)
        (void)snprintf(why, 300, "it was skipped, which shows nothing: %.200s", sg_row_text(record, "reason"));
    else if (!is_of_this(a, record, why))
        return false;
    else if (!names_modem(a, target))
        (void)snprintf(why, 300, "it names no modem firmware (--modem-firmware), and the product file states %.40s",
                       sg_product_text(a->p, "modem_firmware"));
    else if (strcmp(sg_row_text(record, "weight"), "primary") != 0)
        (void)snprintf(why, 300, "it supports, and no requirement is tested by it");
    return why[0] == '\0';
}

int sg_assess_records(struct sg_assessing *a, struct sg_error *err)
{
    static const char *const copied[] = {"run",      "title",    "verdict", "setting",      "weight", "began",
                                         "operator", "observed", "reason",  "requirements", "target", "files"};
    for (size_t i = 0; i < json_array_size(a->in->records); i++) {
        const json_t *from = json_array_get(a->in->records, i), *record = json_object_get(from, "record");
        char why[300], elsewhere[300];
        const char *wrong = sg_row_text(from, "wrong");
        if (!json_is_object(record))
            return sg_fail(err, SG_EFORMAT, "the record %s is no record", sg_row_text(from, "folder"));
        bool ok = counts(a, record, wrong, why);
        json_t *out = json_pack("{sssbss}", "folder", sg_row_text(from, "folder"), "counts", ok, "why_not", why);
        for (size_t k = 0; k < sizeof copied / sizeof copied[0]; k++)
            if (json_object_get(record, copied[k]) != NULL)
                (void)json_object_set(out, copied[k], json_object_get(record, copied[k]));
        bool server = strcmp(sg_row_text(json_object_get(record, "target"), "kind"), "server") == 0;
        /* What an altered record said, nobody knows: else a failure would be lifted by spoiling its record. */
        bool against = wrong[0] != '\0' || (strcmp(sg_row_text(record, "verdict"), "fail") == 0 && !server &&
                                            is_of_this(a, record, elsewhere));
        (void)json_object_set_new(out, "whole", json_boolean(wrong[0] == '\0'));
        (void)json_object_set_new(out, "against", json_boolean(against));
        if (json_array_append_new(a->records, out) != 0)
            return sg_fail(err, SG_ENOMEM, "looking at the records: out of memory");
    }
    return 0;
}

bool sg_assess_speaks(const json_t *record, const struct sg_en_requirement *r)
{
    const struct sg_assess_link *link;
    const json_t *list = sg_row_list(record, "requirements");

    if (sg_list_has(list, r->id) || (r->alias != NULL && sg_list_has(list, r->alias)))
        return true;
    for (size_t i = 0; (link = sg_assess_link(i)) != NULL; i++)
        if (strcmp(link->requirement, r->id) == 0 && sg_run_matches(link->run, sg_row_text(record, "run")))
            return true;
    return false;
}

/* ------------------------------------------------------------------------------------------------ people's checks */

const char *sg_assess_unsigned(const struct sg_assessing *a, const json_t *row, bool reason)
{
    if (reason && sg_row_text(row, "reason")[0] == '\0')
        return "it gives no reason";
    if (sg_row_text(row, "by")[0] == '\0')
        return "nobody has put a name to it";
    if (sg_row_text(row, "date")[0] == '\0')
        return "it has no date";
    return strcmp(sg_row_text(row, "date"), a->today) > 0 ? "its date is still to come" : NULL;
}

static bool names_requirement(const json_t *row, const struct sg_en_requirement *r)
{
    const json_t *list = sg_row_list(row, "requirements");
    return sg_list_has(list, "all") || sg_list_has(list, r->id) || (r->alias != NULL && sg_list_has(list, r->alias));
}

static const char *check_wrong(const struct sg_assessing *a, const json_t *row)
{
    const char *missing = sg_assess_unsigned(a, row, false);
    if (missing != NULL)
        return missing;
    if (sg_row_text(row, "did")[0] == '\0' || sg_row_text(row, "saw")[0] == '\0')
        return "it does not tell what was done and seen";
    if (sg_row_text(row, "serial")[0] == '\0')
        return "it does not name the unit that was looked at";
    if (strcmp(sg_row_text(row, "firmware"), sg_product_text(a->p, "firmware")) != 0)
        return "it was made on another firmware than the product file states";
    return NULL;
}

json_t *sg_assess_checks(const struct sg_assessing *a, const struct sg_en_requirement *r, const char *kind)
{
    const json_t *list = sg_product_list(a->p, "checks");
    json_t *out = json_array();
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *row = json_array_get(list, i);
        if (strcmp(sg_row_text(row, "kind"), kind) == 0 && names_requirement(row, r) && check_wrong(a, row) == NULL)
            (void)json_array_append(out, row);
    }
    return out;
}

const json_t *sg_assess_purchased(const struct sg_assessing *a, const struct sg_en_requirement *r, int part)
{
    const json_t *list = sg_product_list(a->p, "purchased");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        if (names_requirement(row, r) && strcmp(sg_row_text(row, "edition"), sg_en_standard(part)->edition) == 0 &&
            sg_assess_unsigned(a, row, false) == NULL)
            return row;
    }
    return NULL;
}

/* -------------------------------------------------------------------------------------- the test of a unit */

/* A person has looked at it: the statement names the folder or the run. */
static bool is_named(const json_t *statement, const json_t *record)
{
    const json_t *list = sg_row_list(statement, "evidence");
    return sg_list_has(list, sg_row_text(record, "folder")) || sg_list_has(list, sg_row_text(record, "run"));
}

static bool shows(const json_t *record, const json_t *statement)
{
    const char *verdict = sg_row_text(record, "verdict");
    if (!json_is_true(json_object_get(record, "counts")))
        return false;
    return strcmp(verdict, "nothing-against") == 0 ||
           ((strcmp(verdict, "remark") == 0 || strcmp(verdict, "not-applicable") == 0) && is_named(statement, record));
}

/* One run of the table against the records and checks: an entry of "runs". */
static json_t *one_run(const struct sg_assessing *a, const struct sg_assess_link *link, const json_t *statement,
                       const json_t *checks)
{
    json_t *folders = json_array();
    const char *state = "missing";
    for (size_t i = 0; i < json_array_size(a->records); i++) {
        const json_t *record = json_array_get(a->records, i);
        if (!sg_run_matches(link->run, sg_row_text(record, "run")) || json_is_false(json_object_get(record, "counts")))
            continue;
        (void)json_array_append(folders, json_object_get(record, "folder"));
        if (strcmp(sg_row_text(record, "verdict"), "fail") == 0)
            state = "failed";
        else if (shows(record, statement) && strcmp(state, "missing") == 0)
            state = "shown";
    }
    for (size_t i = 0; i < json_array_size(checks) && strcmp(state, "missing") == 0; i++) {
        const json_t *check = json_array_get(checks, i);
        if (sg_list_has(sg_row_list(check, "instead_of"), link->run) &&
            strcmp(sg_row_text(check, "result"), "pass") == 0)
            state = "shown";
    }
    return json_pack("{sssbsoss}", "run", link->run, "needed", link->needed, "records", folders, "state", state);
}

static bool applies(const struct sg_assess_link *link, const struct sg_en_requirement *r, const json_t *statement)
{
    return strcmp(link->requirement, r->id) == 0 &&
           (link->category[0] == '\0' || sg_list_has(sg_row_list(statement, "categories"), link->category));
}

/* What a person tested where the probe has no run. */
static enum sg_result by_check(struct sg_assessing *a, const struct sg_en_requirement *r, int part, const char *unit,
                               const json_t *checks, struct sg_buf *why)
{
    for (size_t i = 0; i < json_array_size(checks); i++)
        if (json_array_size(sg_row_list(json_array_get(checks, i), "instead_of")) == 0)
            return SG_RESULT_PASS;
    sg_put_str(why, "nobody has tested it on the equipment");
    sg_assess_gap(a, SG_GAP_CHECK, r, part, unit, 0, "checks: sufficiency", "%s", r->sufficiency);
    return SG_RESULT_NOT_ENOUGH;
}

bool sg_assess_forbidden(const struct sg_assessing *a, const struct sg_en_requirement *r, struct sg_buf *why,
                         bool *equipment)
{
    bool found = false;
    *equipment = false;
    for (size_t i = 0; i < json_array_size(a->records); i++) {
        const json_t *record = json_array_get(a->records, i);
        if (!json_is_true(json_object_get(record, "against")) || !sg_assess_speaks(record, r))
            continue;
        bool counts_here = json_is_true(json_object_get(record, "counts"));
        if (why->len < 400) { /* the rest is in the list of records */
            sg_put_str(why, found ? "; " : "");
            sg_put_str(why, sg_row_text(record, "folder"));
            sg_put_str(why, counts_here                                      ? " failed on the equipment"
                            : json_is_true(json_object_get(record, "whole")) ? " failed, and forbids PASS"
                                                                             : " is not whole, and forbids PASS");
        }
        found = true;
        *equipment = *equipment || counts_here;
    }
    return found;
}

enum sg_result sg_assess_sufficiency(struct sg_assessing *a, const struct sg_en_requirement *r, int part,
                                     const char *unit, const json_t *statement, json_t *runs, struct sg_buf *why)
{
    enum sg_result result = SG_RESULT_PASS;
    const struct sg_assess_link *link;
    size_t needed = 0;
    json_t *checks = sg_assess_checks(a, r, "sufficiency");

    for (size_t i = 0; (link = sg_assess_link(i)) != NULL; i++) {
        if (!applies(link, r, statement))
            continue;
        json_t *run = one_run(a, link, statement, checks);
        const char *state = sg_row_text(run, "state");
        needed += link->needed;
        if (strcmp(state, "failed") == 0) {
            result = SG_RESULT_FAIL;
        } else if (link->needed && strcmp(state, "missing") == 0) {
            if (result == SG_RESULT_PASS) {
                result = SG_RESULT_NOT_ENOUGH;
                sg_put_str(why, "not shown on the equipment:");
            }
            if (result == SG_RESULT_NOT_ENOUGH) {
                sg_put_str(why, " ");
                sg_put_str(why, link->run);
            }
            sg_assess_gap_run(a, r, part, unit, link->run);
        }
        (void)json_array_append_new(runs, run);
    }
    for (size_t i = 0; i < json_array_size(checks); i++)
        if (strcmp(sg_row_text(json_array_get(checks, i), "result"), "fail") == 0)
            result = SG_RESULT_FAIL;
    if (result == SG_RESULT_PASS && needed == 0)
        result = by_check(a, r, part, unit, checks, why);
    json_decref(checks);
    if (result == SG_RESULT_FAIL)
        why->len = 0;
    bool equipment;
    if (result != SG_RESULT_NOT_ENOUGH && sg_assess_forbidden(a, r, why, &equipment) && result == SG_RESULT_PASS)
        result = SG_RESULT_NOT_ENOUGH;
    if (result == SG_RESULT_FAIL && why->len == 0)
        sg_put_str(why, "a test on the equipment failed");
    return result;
}
