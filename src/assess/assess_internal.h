/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the room share. */
#ifndef SG_ASSESS_INTERNAL_H
#define SG_ASSESS_INTERNAL_H

#include "assess/assess.h"

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

#endif
