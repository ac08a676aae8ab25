/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the room share. */
#ifndef SG_ASSESS_INTERNAL_H
#define SG_ASSESS_INTERNAL_H

#include "assess/product_internal.h"

/* ------------------------------------------------------------------------------- the standard's tables (std_*.c) */

enum {
    P1 = SG_EN_PART(1),
    P2 = SG_EN_PART(2),
    P3 = SG_EN_PART(3),
    P12 = P1 | P2,
    P23 = P2 | P3,
    P123 = P1 | P2 | P3,
    PASS = SG_EN_PASS,
    FAIL = SG_EN_FAIL,
    NA = SG_EN_NA
};
#define SG_EN_TABLE(field, table) .field = (table), .n_##field = sizeof(table) / sizeof((table)[0])

struct sg_en_mechanism { /* the requirements of a mechanism, or of several small ones */
    const struct sg_en_requirement *requirement;
    size_t n;
};
extern const struct sg_en_mechanism sg_en_acm, sg_en_aum, sg_en_aum_more, sg_en_sum, sg_en_ssm, sg_en_scm,
    sg_en_network, sg_en_lgm, sg_en_privacy, sg_en_cck, sg_en_gec, sg_en_cry;

/* --------------------------------------------------------------------------------- an assessment under way */

struct sg_assessing {
    const struct sg_assess_input *in;
    const struct sg_product *p;
    char today[16];
    json_t *records;      /* of result.json, each with what it counts for */
    json_t *requirements; /* of result.json, those that are done */
    json_t *gaps, *problems;
};

/* What a requirement's tree is walked for: {"id", "name", "row" (of the product file; absent: the product)}, once
 * each. A new reference. `derived`: the list follows from another requirement's result (assess_units.c). */
json_t *sg_assess_units(const struct sg_assessing *a, const struct sg_en_requirement *r, int part, bool *derived);
/* The leaf of a unit in a requirement that is done; SG_EN_UNKNOWN where it is open or there is no such unit. */
int sg_assess_leaf(const struct sg_assessing *a, const char *requirement, int part, const char *unit);

/* A unit's statement, the path and its verdict (assess_unit.c): a unit of result.json, a new reference. */
json_t *sg_assess_unit(struct sg_assessing *a, const struct sg_en_requirement *r, int part, const json_t *unit);
/* The statement about a unit; NULL: there is none. `line` of a second one that is as special, 0: none. */
const json_t *sg_assess_statement(const struct sg_product *p, const struct sg_en_requirement *r, int part,
                                  const char *unit, size_t *second);
/* Why a statement, check or tick does not count: a name, a date or a reason is missing. NULL: it counts. */
const char *sg_assess_unsigned(const struct sg_assessing *a, const json_t *row, bool reason);
/* Who compared it with a purchased copy of this part; NULL: nobody. */
const json_t *sg_assess_purchased(const struct sg_assessing *a, const struct sg_en_requirement *r, int part);

/* The required information of a unit: "items" of result.json. Names those that are missing in `missing`
 * (assess_items.c). */
json_t *sg_assess_items(const struct sg_assessing *a, const struct sg_en_requirement *r, int part, const json_t *unit,
                        const json_t *statement, const struct sg_en_path *path, struct sg_buf *missing);

/* Looks at each record once: what it counts for (assess_evidence.c). 0, SG_EFORMAT, SG_ENOMEM. */
int sg_assess_records(struct sg_assessing *a, struct sg_error *err);
/* Whether a record or run speaks to a requirement. */
bool sg_assess_speaks(const json_t *record, const struct sg_en_requirement *r);
bool sg_run_matches(const char *pattern, const char *run);
/* The test of a unit on the equipment: its result, `runs` of result.json, and gaps. */
enum sg_result sg_assess_sufficiency(struct sg_assessing *a, const struct sg_en_requirement *r, int part,
                                     const char *unit, const json_t *statement, json_t *runs, struct sg_buf *why);
/* Whether a record that failed forbids PASS: which, in `why`; `equipment`: one of them failed on the equipment. */
bool sg_assess_forbidden(const struct sg_assessing *a, const struct sg_en_requirement *r, struct sg_buf *why,
                         bool *equipment);
/* A requirement's checks of a kind, those that count. A new reference. */
json_t *sg_assess_checks(const struct sg_assessing *a, const struct sg_en_requirement *r, const char *kind);

/* One requirement of a part, done: an object of result.json (assess_requirement.c). */
json_t *sg_assess_requirement(struct sg_assessing *a, const struct sg_en_requirement *r, int part);

/* Something that stands between here and the end. */
enum sg_gap { SG_GAP_FIX, SG_GAP_STATEMENT, SG_GAP_RUN, SG_GAP_GUIDED, SG_GAP_CHECK };
void sg_assess_gap(struct sg_assessing *a, enum sg_gap kind, const struct sg_en_requirement *r, int part,
                   const char *unit, size_t line, const char *settle, const char *what, ...)
    __attribute__((format(printf, 8, 9)));
/* The same about a run that is missing: how to make it. */
void sg_assess_gap_run(struct sg_assessing *a, const struct sg_en_requirement *r, int part, const char *unit,
                       const char *run);
void sg_assess_problem(struct sg_assessing *a, enum sg_product_fault fault, size_t line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void sg_assess_sort_gaps(struct sg_assessing *a);

#endif
