/* SPDX-License-Identifier: Apache-2.0 */
/* EN 18031: secure storage (SSM-1 to SSM-3). */
#include "assess/assess_internal.h"

static const struct sg_en_node ssm1_nodes[] = {
    {P123, 1, NA, 2, 'A', 3, "Does the place of use, physically or logically, keep strangers from the memory?"},
    {P123, 2, PASS, FAIL, 'A', 2, "Is a secure storage mechanism what keeps the asset?"},
};
static const struct sg_en_item ssm1_items[] = {
    {P123, "<A>Asset", "", "the stored asset"},
    {P123, "<A>Asset.Environment", "DN-1 yes", "what keeps strangers from the memory"},
    {P123, "<A>Asset.SSM", "DN-2 yes", "the secure storage mechanism"},
};

static const struct sg_en_node ssm2_nodes[] = {
    {P123, 1, PASS, FAIL, 'A', 2, "Would an attack on the memory fail to change the asset unnoticed?"},
};
static const struct sg_en_item ssm2_items[] = {
    {P123, "SSM", "", "the mechanism"},
    {P123, "SSM.Asset", "", "the assets in it"},
    {P123, "SSM.DigitalSignature", "category DigitalSignature", "how signatures are used"},
    {P123, "SSM.AccessControl", "category AccessControl", "how access is controlled"},
    {P123, "SSM.OTProgrammable", "category OTProgrammable", "what memory it is that is written once"},
    {P123, "SSM.HardwareProtection", "category HardwareProtection", "what the hardware does"},
    {P123, "SSM.Generic", "category Generic", "how it works"},
    {P123, "SSM.ComplianceEvidence", "if any", "certificates and reports about it"},
};
static const struct sg_en_category ssm2_categories[] = {
    {"DigitalSignature", "as described; the signing secret stays out of reach; a change without signature is noticed"},
    {"AccessControl", "as described; a change without the right to it is refused"},
    {"OTProgrammable", "as described; what is written stays"},
    {"HardwareProtection", "as described; a change without the right to it is impossible, or noticed"},
    {"Generic", "as described; a change without the right to it is impossible, or noticed"},
};

static const struct sg_en_node ssm3_nodes[] = {
    {P123, 1, PASS, FAIL, 'A', 2, "Would an attack on the memory fail to bring the secret to light?"},
};
static const struct sg_en_item ssm3_items[] = {
    {P123, "SSM", "", "the mechanism"},
    {P123, "SSM.Asset", "", "the confidential assets in it"},
    {P123, "SSM.Encryption", "category Encryption", "how it is encrypted"},
    {P123, "SSM.AccessControl", "category AccessControl", "how access is controlled"},
    {P123, "SSM.HardwareProtection", "category HardwareProtection", "what the hardware does"},
    {P123, "SSM.Generic", "category Generic", "how it works"},
    {P123, "SSM.ComplianceEvidence", "if any", "certificates and reports about it"},
};
static const struct sg_en_category ssm3_categories[] = {
    {"Encryption", "as described; the key stays out of reach, and without it nothing can be read"},
    {"AccessControl", "as described; reading without the right to it is refused"},
    {"HardwareProtection", "as described; it can be neither broken nor gone round, and reading is impossible"},
    {"Generic", "as described; reading without the right to it is impossible"},
};

static const struct sg_en_requirement requirements[] = {
    {.id = "SSM-1",
     .parts = P123,
     .na = P123,
     .title = "Applicability of secure storage mechanisms",
     .clause = {"6.4.1", "6.4.1", "6.4.1"},
     .units = SG_UNITS_STORED,
     .unit = "an asset that outlives a loss of power",
     .asks = "What is kept in lasting memory is kept by a secure storage mechanism, unless strangers cannot come near "
             "that memory where the product is used.",
     .completeness = "stored assets that the documentation leaves out",
     .sufficiency = "look where each asset lies; it must lie in the documented mechanisms and nowhere else",
     .statement = "a claim that enclosure or place protect the memory",
     SG_EN_TABLE(nodes, ssm1_nodes),
     SG_EN_TABLE(items, ssm1_items)},
    {.id = "SSM-2",
     .parts = P123,
     .title = "Appropriate integrity protection for secure storage mechanisms",
     .clause = {"6.4.2", "6.4.2", "6.4.2"},
     .units = SG_UNITS_STORAGE,
     .unit = "a secure storage mechanism that SSM-1 calls for",
     .asks = "Whoever attacks the memory does not get an altered asset into use.",
     .sufficiency = "try to change what is stored, by the category in use",
     .statement = "why a store of the chip's counts as protected by hardware or by access control; its certificates",
     .note = "Asked once for each mechanism; the standard's unit is each stored asset. In part 2 one item's identifier "
             "begins with IC. where E.Info. is meant.",
     SG_EN_TABLE(nodes, ssm2_nodes),
     SG_EN_TABLE(items, ssm2_items),
     SG_EN_TABLE(categories, ssm2_categories)},
    {.id = "SSM-3",
     .parts = P123,
     .title = "Appropriate confidentiality protection for secure storage mechanisms",
     .clause = {"6.4.3", "6.4.3", "6.4.3"},
     .units = SG_UNITS_SECRET_STORAGE,
     .unit = "a secure storage mechanism that holds something confidential",
     .asks = "Whoever attacks the memory does not learn what is confidential.",
     .completeness = "confidential assets in memory that the documentation leaves out",
     .sufficiency = "try to read what is stored, by the category in use",
     .statement = "against which attackers the chip is said to protect",
     .note = "Asked once for each mechanism; the standard's unit is each stored confidential asset.",
     SG_EN_TABLE(nodes, ssm3_nodes),
     SG_EN_TABLE(items, ssm3_items),
     SG_EN_TABLE(categories, ssm3_categories)},
};

const struct sg_en_mechanism sg_en_ssm = {requirements, sizeof requirements / sizeof requirements[0]};
