/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in force: editions, references in the Official Journal, their restrictions, and the dates that matter.
 *
 * Sources: Delegated Regulation (EU) 2022/30, 2023/2444 and its repeal 2026/339; Implementing Decision (EU) 2025/138;
 * Directive 2014/53/EU (RED); Regulation (EU) 2024/2847 (CRA). Look at the Commission's list before each release of a
 * product: an edition that is not cited there gives no presumption of conformity.
 */
#include "assess/assess.h"

#define REFERENCE "Implementing Decision (EU) 2025/138"

static const struct sg_en_standard standards[SG_EN_PARTS] = {
    {1, "EN 18031-1", "EN 18031-1:2024", "2024-08-01", "d", "the network", REFERENCE, "2025-01-30"},
    {2, "EN 18031-2", "EN 18031-2:2024", "2024-08-01", "e", "personal data and privacy", REFERENCE, "2025-01-30"},
    {3, "EN 18031-3", "EN 18031-3:2024", "2024-08-01", "f", "money", REFERENCE, "2025-01-30"},
};

static const struct sg_en_restriction restrictions[] = {
    {SG_EN_PART(1) | SG_EN_PART(2) | SG_EN_PART(3), 1, "",
     "What the standard says under rationale and under guidance gives no presumption of conformity."},
    {SG_EN_PART(1) | SG_EN_PART(2) | SG_EN_PART(3), 2, "AUM-5-1 AUM-5-2",
     "No presumption of conformity where a user is allowed to go without setting and using a password."},
    {SG_EN_PART(2), 3, "ACM-3 ACM-4 ACM-5 ACM-6",
     "No presumption of conformity where parents or guardians are not in control of what children reach."},
    {SG_EN_PART(3), 3, "SUM-2",
     "The criteria of secure updates give no presumption of conformity for equipment that handles money, by whichever "
     "method."},
};

static const struct sg_en_date dates[] = {
    {"2025-08-01", "Article 3(3)(d), (e) and (f) apply to every unit placed on the market from this day on",
     "Delegated Regulation (EU) 2023/2444"},
    {"2026-09-11", "duty to report exploited vulnerabilities and incidents, for products already sold as well",
     "Regulation (EU) 2024/2847, Articles 14 and 69(3)"},
    {"2027-12-10", "last day on which units are placed on the market under Delegated Regulation (EU) 2022/30",
     "Delegated Regulation (EU) 2026/339"},
    {"2027-12-11", "the Cyber Resilience Act applies in full; Delegated Regulation (EU) 2022/30 is repealed",
     "Regulation (EU) 2024/2847; Delegated Regulation (EU) 2026/339"},
};

const struct sg_en_standard *sg_en_standard(int part)
{
    return &standards[part - 1];
}

const struct sg_en_restriction *sg_en_restriction(size_t i)
{
    return i < sizeof restrictions / sizeof restrictions[0] ? &restrictions[i] : NULL;
}

const struct sg_en_date *sg_en_date(size_t i)
{
    return i < sizeof dates / sizeof dates[0] ? &dates[i] : NULL;
}
