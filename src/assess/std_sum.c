/* SPDX-License-Identifier: Apache-2.0 */
/* EN 18031: secure update (SUM-1 to SUM-3). */
#include "assess/assess_internal.h"

static const struct sg_en_node sum1_nodes[] = {
    {P123, 1, 2, NA, 'B', 2, "Can this part of the software touch the assets?"},
    {P123, 2, NA, 3, 'B', 2, "Would an update endanger people, so that functional safety rules it out?"},
    {P123, 3, NA, 4, 'B', 2, "Is it fixed for ever, so that nothing can change it?"},
    {P123, 4, NA, 5, 'B', 2, "Do other measures keep the assets safe for as long as the product lives?"},
    {P123, 5, PASS, FAIL, 'B', 2, "Is there a way, one at least, to bring a newer version of it onto the product?"},
};
static const struct sg_en_item sum1_items[] = {
    {P123, "PartOfSoftw", "", "the part of the software"},
    {P123, "PartOfSoftw.FuncSaftyImp", "DN-2 yes", "what would become unsafe (the name is spelled so)"},
    {P123, "PartOfSoftw.Immutable", "DN-3 yes", "why it is fixed, and what fixes it"},
    {P123, "PartOfSoftw.AltMeasures", "DN-4 yes", "the other measures"},
    {P123, "PartOfSoftw.SUM", "DN-5 yes", "the update mechanisms that reach it"},
};

static const struct sg_en_node sum2_nodes[] = {
    {P123, 1, PASS, FAIL, 'A', 2, "Does nothing get installed whose integrity and origin do not hold at that moment?"},
};
static const struct sg_en_item sum2_items[] = {
    {P123, "SUM", "", "the mechanism"},
    {P123, "SUM.Sign", "category AuthIntVal.Sign", "the signature: algorithm and keys"},
    {P123, "SUM.SecChan", "category AuthIntVal.SecChan", "the secure channel"},
    {P123, "SUM.AccContMech", "category AuthIntVal.AccContMech", "the access control, and the hash that goes with it"},
    {P123, "SUM.Generic", "category AuthIntVal.Generic", "how it works"},
};
static const struct sg_en_category sum2_categories[] = {
    {"AuthIntVal.Sign",
     "the cryptography is best practice (CRY-1); turned away: no signature, an altered signature, an "
     "altered image under the old one, the signature of somebody else"},
    {"AuthIntVal.SecChan", "the channel is one of SCM; turned away: another source, somebody in between, what was "
                           "altered on its way"},
    {"AuthIntVal.AccContMech", "the access is one of ACM; turned away: altered software with the old hash, a hash "
                               "function that is not supported, a supplier who is not authorised"},
    {"AuthIntVal.Generic", "turned away: software that was altered, and software of somebody else"},
};

static const struct sg_en_node sum3_nodes[] = {
    {P1 | P3, 1, PASS, 2, 'A', 2, "Can it update without anybody doing anything at the product?"},
    {P1 | P3, 2, PASS, 3, 'A', 2, "Can a person agree to an appointed time, and the rest happen alone?"},
    {P1 | P3, 3, PASS, FAIL, 'A', 2, "Can a person set it off by agreeing, and the rest happen alone?"},
    {P2, 1, 2, NA, 'B', 2, "Is the product connected to the internet?"},
    {P2, 2, PASS, 3, 'B', 1, "Can it update without anybody doing anything at the product?"},
    {P2, 3, PASS, 4, 'B', 1, "Can a person agree to an appointed time, and the rest happen alone?"},
    {P2, 4, PASS, FAIL, 'B', 1, "Can a person set it off, agreeing or watching, and the rest happen alone?"},
};
static const struct sg_en_item sum3_items[] = {
    {P123, "SUM", "", "the mechanism"},
    {P123, "SUM.Automation", "", "how much happens alone"},
};

static const char newer_software[] = "the product does its work; the manufacturer supplies newer software, rightly "
                                     "protected";

static const struct sg_en_requirement requirements[] = {
    {.id = "SUM-1",
     .parts = P123,
     .na = P123,
     .title = "Applicability of update mechanisms",
     .clause = {"6.3.1", "6.3.1", "6.3.1"},
     .units = SG_UNITS_SOFTWARE,
     .unit = "a part of the software, firmware included",
     .asks = "Each part of the software that can touch the assets can be brought up to date, unless safety forbids it, "
             "it is fixed for ever, or the assets are kept safe otherwise for life.",
     .sufficiency = "bring genuine newer software on by each documented mechanism, and see that it runs",
     .precondition = newer_software,
     .statement = "which parts are fixed for ever (a first boot stage), safety reasons, other measures",
     .note = "The tree is walked for parts of the software, while the test is told for mechanisms.",
     SG_EN_TABLE(nodes, sum1_nodes),
     SG_EN_TABLE(items, sum1_items)},
    {.id = "SUM-2",
     .parts = P123,
     .title = "Secure updates",
     .clause = {"6.3.2", "6.3.2", "6.3.2"},
     .units = SG_UNITS_UPDATE,
     .unit = "an update mechanism that SUM-1 calls for",
     .asks = "Nothing is installed unless it is whole and genuine at that moment.",
     .sufficiency = "offer what must be turned away, by the category in use",
     .precondition = newer_software,
     .statement = "who keeps the signing key, who may sign, and how its public half came into the product",
     .note =
         "No category seen tries to bring an older version back: that test is worth having and is asked for nowhere.",
     SG_EN_TABLE(nodes, sum2_nodes),
     SG_EN_TABLE(items, sum2_items),
     SG_EN_TABLE(categories, sum2_categories)},
    {.id = "SUM-3",
     .parts = P123,
     .na = P2,
     .title = "Automated updates",
     .clause = {"6.3.3", "6.3.3", "6.3.3"},
     .units = SG_UNITS_UPDATE,
     .unit = "an update mechanism that SUM-1 calls for",
     .asks = "An update needs nobody at the product, or somebody who agrees to it at most. Part 2 asks it of products "
             "on the internet only.",
     .sufficiency = "let one update happen so, and see that the new software runs",
     .precondition = newer_software,
     .statement = "who agrees to a roll-out, if anybody",
     .note = "The numbers of part 2's questions are known from one source.",
     SG_EN_TABLE(nodes, sum3_nodes),
     SG_EN_TABLE(items, sum3_items)},
};

const struct sg_en_mechanism sg_en_sum = {requirements, sizeof requirements / sizeof requirements[0]};
