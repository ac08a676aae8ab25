/* SPDX-License-Identifier: Apache-2.0 */
/* EN 18031: access control (ACM-1 to ACM-6). */
#include "assess/assess_internal.h"

static const struct sg_en_node acm1_nodes[] = {
    {P123, 1, NA, 2, 'A', 4, "Is the asset meant to be open to everybody, as part of what the product is for?"},
    {P123, 2, NA, 3, 'A', 4,
     "Where the product is used, do walls, locks or closed networks already hold back everyone who is not authorised?"},
    {P123, 3, NA, 4, 'A', 4, "Is there a law under which access to this asset must not be controlled?"},
    {P123, 4, PASS, FAIL, 'A', 3, "Does an access control mechanism of the product decide who gets at the asset?"},
};
static const struct sg_en_item acm1_items[] = {
    {P123, "<A>Asset", "", "the asset, described"},
    {P123, "<A>Asset.Access", "", "which entities get at it, and whether they read, change or use it"},
    {P123, "<A>Asset.PublicAccess", "DN-1 yes", "the purpose for which it is open to everybody"},
    {P123, "<A>Asset.Environment", "DN-2 yes",
     "what at the place of use holds others back, and how people are told apart and admitted there"},
    {P123, "<A>Asset.Legal", "DN-3 yes", "the law, its passages, and why they apply to this product"},
    {P123, "<A>Asset.ACM", "DN-4 yes", "every access control mechanism that stands before it"},
};

static const struct sg_en_node acm2_nodes[] = {
    {P123, 1, PASS, FAIL, 'A', 2, "Do the mechanisms let nobody but authorised entities through?"},
};
static const struct sg_en_item acm2_items[] = {
    {P123, "<A>Asset", "", "the asset, described"},
    {P123, "<A>Asset.ACM", "", "each mechanism before it: of which category it is, and how it keeps the others out"},
};
static const struct sg_en_category acm2_categories[] = {
    {"RBAC", "rights hang on roles: everyone has one, no role may more than its work needs, the wrong role is turned "
             "away, and nobody unauthorised moves a role"},
    {"DAC", "rights hang on identities: each has its own, none may more than its work needs, the wrong identity is "
            "turned away, and nobody unauthorised moves a right"},
    {"MAC", "the operating system or an administrator clears each access: nothing works without clearance, it goes no "
            "further than needed, and only that administrator can hand the duty on"},
    {"Generic", "another way: others stay outside, rights go no further than needed, and nobody unauthorised changes "
                "settings or rights"},
};

static const char not_for_children[] = "The Official Journal gives no presumption of conformity for part 2 where the "
                                       "chosen way does not put parents or guardians in control.";
static const struct sg_en_category child_categories[] = {
    {"RBAC", "as for ACM-2, the child or the stranger being the role that is held back"},
    {"DAC", "as for ACM-2, the child or the stranger being the identity that is held back"},
    {"MAC", "as for ACM-2, no clearance being given to the child or the stranger"},
    {"Generic", "as for ACM-2, for the child or the stranger"},
};

static const struct sg_en_node acm3_nodes[] = {
    {P2, 1, 2, NA, 'A', 2, "Is it a toy?"},
    {P2, 2, PASS, FAIL, 'A', 2,
     "As delivered, can a child get only at outside content whose source somebody authorised has approved?"},
};
static const struct sg_en_item acm3_items[] = {
    {P2, "PrivacyAsset", "", "the privacy assets meant"},
    {P2, "PrivacyAsset.TrustedSources", "", "whose content is approved"},
    {P2, "ACM", "", "what controls this access"},
};

static const struct sg_en_node acm4_nodes[] = {
    {P2, 1, 2, NA, 'B', 2, "Is the product a toy, or made for looking after children?"},
    {P2, 2, 3, NA, 'B', 2, "Could the product not do its work without this access being authorised?"},
    {P2, 3, PASS, FAIL, 'A', 2, "As delivered, is everyone kept away except the child and those who bring it up?"},
};
static const struct sg_en_item acm4_items[] = {
    {P2, "PrivacyAsset", "", "the functions and the information of the child that are meant"},
    {P2, "ACM", "", "what controls the access"},
    {P2, "AuthorisedAccess", "if any", "the access without which the product cannot do its work"},
};

static const struct sg_en_node acm5_nodes[] = {
    {P2, 1, 2, NA, 'A', 2, "Is it a toy?"},
    {P2, 2, PASS, FAIL, 'A', 2, "Can somebody authorised set limits to what a child may do with the asset?"},
};
static const struct sg_en_item acm5_items[] = {
    {P2, "SecurityAsset", "", "the security assets meant"},
    {P2, "PrivacyAsset", "", "the privacy assets meant"},
    {P2, "ACM", "", "what controls this access"},
};

static const struct sg_en_node acm6_nodes[] = {
    {P2, 1, 2, NA, 'A', 2, "Is it a toy?"},
    {P2, 2, PASS, FAIL, 'A', 2, "Can somebody authorised set limits to what others may do with what is the child's?"},
};
static const struct sg_en_item acm6_items[] = {
    {P2, "PrivacyAsset", "", "the privacy assets meant"},
    {P2, "ACM", "", "what controls this access"},
};

static const char children_completeness[] = "assets and functions of this kind that the documentation leaves out";
static const char children_sufficiency[] = "try it as the child or the stranger would, by the category in use";
static const char children_statement[] = "that the product is no toy and is not made for looking after children";

static const struct sg_en_requirement requirements[] = {
    {.id = "ACM-1",
     .parts = P123,
     .na = P123,
     .title = "Applicability of access control mechanisms",
     .clause = {"6.1.1", "6.1.1", "6.1.1"},
     .units = SG_UNITS_REACHABLE,
     .unit = "an asset that some entity can reach",
     .asks = "Whoever wants to get at an asset must pass an access control mechanism, unless the asset is public on "
             "purpose, the place of use keeps strangers away, or a law forbids the control.",
     .completeness = "assets within reach that the documentation leaves out: in every part of the software, and behind "
                     "every port",
     .sufficiency = "go to each asset by each documented way; the mechanism that is claimed must be met there",
     .statement = "the assets and who may reach them; which are public on purpose; the place of use; laws that forbid "
                  "control",
     SG_EN_TABLE(nodes, acm1_nodes),
     SG_EN_TABLE(items, acm1_items)},
    {.id = "ACM-2",
     .parts = P123,
     .title = "Appropriate access control mechanisms",
     .clause = {"6.1.2", "6.1.2", "6.1.2"},
     .units = SG_UNITS_MANAGED,
     .unit = "an asset whose access is managed (ACM-1)",
     .asks = "The mechanisms that ACM-1 calls for must keep everyone out who is not authorised.",
     .sufficiency =
         "try with and without rights, by the category in use; try to change rights without having the right",
     .statement = "the model of roles and rights, and why it gives nobody more than is needed",
     SG_EN_TABLE(nodes, acm2_nodes),
     SG_EN_TABLE(items, acm2_items),
     SG_EN_TABLE(categories, acm2_categories)},
    {.id = "ACM-3",
     .parts = P2,
     .na = P2,
     .title = "Default access control for children in toys",
     .clause = {NULL, "6.1.3", NULL},
     .units = SG_UNITS_CHILD,
     .unit = "a privacy function that brings outside content to a child",
     .asks = "A toy, as delivered, shows children only outside content that somebody authorised stands behind.",
     .completeness = children_completeness,
     .sufficiency = children_sufficiency,
     .statement = children_statement,
     .note = not_for_children,
     SG_EN_TABLE(nodes, acm3_nodes),
     SG_EN_TABLE(items, acm3_items),
     SG_EN_TABLE(categories, child_categories)},
    {.id = "ACM-4",
     .parts = P2,
     .na = P2,
     .title = "Default access control to children's privacy assets for toys and childcare equipment",
     .clause = {NULL, "6.1.4", NULL},
     .units = SG_UNITS_CHILD,
     .unit = "an access of others to what is private to a child",
     .asks = "Toys and childcare equipment, as delivered, keep others away from what is private to the child, as far "
             "as the product works without them.",
     .completeness = "accesses of this kind that the documentation leaves out",
     .sufficiency = children_sufficiency,
     .statement = children_statement,
     .note = "Sources differ on question 1 (toys only, or childcare too), and the direction of question 2 is reported "
             "as a likely slip of the print. It does not matter for a sensor or a meter.",
     SG_EN_TABLE(nodes, acm4_nodes),
     SG_EN_TABLE(items, acm4_items),
     SG_EN_TABLE(categories, child_categories)},
    {.id = "ACM-5",
     .parts = P2,
     .na = P2,
     .title = "Parental/guardian access controls for children in toys",
     .clause = {NULL, "6.1.5", NULL},
     .units = SG_UNITS_CHILD,
     .unit = "a managed asset within a child's reach",
     .asks = "In a toy, parents or guardians can narrow what a child reaches.",
     .completeness = children_completeness,
     .sufficiency = children_sufficiency,
     .statement = children_statement,
     .note = not_for_children,
     SG_EN_TABLE(nodes, acm5_nodes),
     SG_EN_TABLE(items, acm5_items),
     SG_EN_TABLE(categories, child_categories)},
    {.id = "ACM-6",
     .parts = P2,
     .na = P2,
     .title = "Parental/guardian access controls for other entities' access to children's privacy assets in toys",
     .clause = {NULL, "6.1.6", NULL},
     .units = SG_UNITS_CHILD,
     .unit = "a managed privacy asset of a child within the reach of others",
     .asks = "In a toy, parents or guardians can narrow what others reach of the child's privacy.",
     .completeness = children_completeness,
     .sufficiency = children_sufficiency,
     .statement = children_statement,
     .note = not_for_children,
     SG_EN_TABLE(nodes, acm6_nodes),
     SG_EN_TABLE(items, acm6_items),
     SG_EN_TABLE(categories, child_categories)},
};

const struct sg_en_mechanism sg_en_acm = {requirements, sizeof requirements / sizeof requirements[0]};
