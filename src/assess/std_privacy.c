/* SPDX-License-Identifier: Apache-2.0 */
/* EN 18031-2 alone: deletion (DLM-1), user notification (UNM-1, UNM-2). */
#include "assess/assess_internal.h"

static const struct sg_en_node dlm1_nodes[] = {
    {P2, 1, PASS, FAIL, 'A', 2, "Can it be erased when the product is given away, scrapped or exchanged?"},
};
static const struct sg_en_item dlm1_items[] = {
    {P2, "PersonalData", "", "the personal information"},
    {P2, "SenSecParam", "", "the security parameters"},
    {P2, "DLM", "", "what erases them"},
};

static const struct sg_en_node unm1_nodes[] = {
    {P2, 1, NA, 2, 'A', 2, "Do users learn of it in a way in which the product has no share?"},
    {P2, 2, PASS, FAIL, 'A', 2, "Does the product itself tell them in this case?"},
};
static const struct sg_en_item unm1_items[] = {
    {P2, "PersonalInformation", "", "the information"},
    {P2, "PersonalInformation.UseCase", "", "the cases in which its protection changes"},
    {P2, "PersonalInformation.UseCase.Notification", "DN-2 yes", "what the product tells"},
    {P2, "PersonalInformation.UseCase.OtherInfo", "DN-1 yes", "the other way in which they learn of it"},
};

static const struct sg_en_node unm2_nodes[] = {
    {P2, 1, PASS, FAIL, 'A', 2, "Does it say what changes, and what that does to the protection?"},
};
static const struct sg_en_item unm2_items[] = {
    {P2, "Notifications", "", "the notifications"},
    {P2, "Notifications.UseCase", "", "the case"},
    {P2, "Notifications.UseCase.Content", "", "its words"},
};

static const struct sg_en_requirement requirements[] = {
    {.id = "DLM-1",
     .parts = P2,
     .title = "Applicability of deletion mechanisms",
     .clause = {NULL, "6.7.1", NULL},
     .units = SG_UNITS_DELETABLE,
     .unit = "stored personal information, or a stored security parameter",
     .asks = "The user, or somebody authorised to do it for the user, can erase them when the product goes.",
     .completeness = "stored personal information and parameters that the documentation leaves out",
     .sufficiency = "erase each, and see that it is gone",
     .statement = "who can set it off, and how the user learns of it",
     .note = "Security parameters are read as those that have to do with the user (in the product file: "
             "`of_the_user`), since a boot key must stay. That is a reading, not the text.",
     SG_EN_TABLE(nodes, dlm1_nodes),
     SG_EN_TABLE(items, dlm1_items)},
    {.id = "UNM-1",
     .parts = P2,
     .na = P2,
     .title = "Applicability of user notification mechanisms",
     .clause = {NULL, "6.8.1", NULL},
     .units = SG_UNITS_NOTICES,
     .unit = "a case in which the protection of personal information changes",
     .asks = "Users are told when the protection of their personal information changes: by the product, or otherwise.",
     .completeness = "cases that the documentation leaves out",
     .sufficiency = "bring each case about, and see that a notification exists",
     .statement = "the other ways: a portal, a letter, a mail; the usual one for a meter",
     SG_EN_TABLE(nodes, unm1_nodes),
     SG_EN_TABLE(items, unm1_items)},
    {.id = "UNM-2",
     .parts = P2,
     .title = "Appropriate user notification content",
     .clause = {NULL, "6.8.2", NULL},
     .units = SG_UNITS_NOTIFICATIONS,
     .unit = "a notification by the product (UNM-1)",
     .asks = "A notification says what changes, and what it means for the protection of personal information.",
     .sufficiency = "read each notification on the product, and hold it against its documentation",
     .statement = "the words",
     SG_EN_TABLE(nodes, unm2_nodes),
     SG_EN_TABLE(items, unm2_items)},
};

const struct sg_en_mechanism sg_en_privacy = {requirements, sizeof requirements / sizeof requirements[0]};
