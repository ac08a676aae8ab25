/* SPDX-License-Identifier: Apache-2.0 */
/* EN 18031: authentication, what is presented (AUM-3 to AUM-6). */
#include "assess/assess_internal.h"

static const struct sg_en_node aum3_nodes[] = {
    {P123, 1, PASS, FAIL, 'A', 2,
     "Is everything that matters about the authenticator looked at, as far as it can be known where the product is "
     "used?"},
};
static const struct sg_en_item aum3_items[] = {
    {P123, "AUM", "", "the mechanism"},
    {P123, "AUM.AuthVal", "", "what is looked at, and how"},
    {P123, "AUM.AuthEnv", "", "what the product can know about an authenticator at the place of use"},
};
static const struct sg_en_category aum3_categories[] = {
    {"Password", "turned away: a wrong password, a part of the right one, another account's; and a recording of the "
                 "exchange, where strangers can make one"},
    {"CertificatePrivateKey",
     "turned away: the right certificate with another key; a good key whose certificate is not trusted, expired, "
     "revoked, wrongly chained or wrongly issued; another entity's; and a recording, where strangers can make one"},
    {"Generic", "turned away: a wrong authenticator, another entity's, and a recording, where strangers can make one"},
};

static const struct sg_en_node aum4_nodes[] = {
    {P123, 1, NA, 2, 'A', 4, "Is there a security goal that forbids exchanging the authenticator?"},
    {P123, 2, PASS, FAIL, 'A', 3, "Can somebody authorised exchange it?"},
};
static const struct sg_en_item aum4_items[] = {
    {P123, "AUM", "", "the mechanism"},
    {P123, "AUM.AuthChange", "", "how it is exchanged"},
    {P123, "AUM.ConfSecGoals", "DN-1 yes", "the goal that stands against it"},
};

static const struct sg_en_node aum51_nodes[] = {
    {P123, 1, PASS, 2, 'A', 3, "Does the product insist on a new one before it is first used, or at that moment?"},
    {P123, 2, 3, FAIL, 'A', 3, "Has every unit another one?"},
    {P123, 3, PASS, FAIL, 'A', 3, "Does it withstand guessing by today's best practice?"},
};
static const struct sg_en_node aum52_nodes[] = {
    {P123, 1, PASS, 2, 'A', 3,
     "Does the product insist that it is set before it is first used, or at that moment, and before it takes part in "
     "a network?"},
    {P123, 2, PASS, 3, 'A', 3, "Does somebody authorised set it, in a network that is closed to others?"},
    {P123, 3, PASS, FAIL, 'A', 3,
     "Does the product make a strong one up and show it to somebody authorised only, in a network that is closed to "
     "others?"},
};
static const struct sg_en_item password_items[] = {
    {P123, "AUM", "", "the mechanism"},
    {P123, "AUM.PwdProperty", "", "what makes the password good: how it is made, or how the user is made to set it"},
};
static const struct sg_en_category aum51_categories[] = {
    {"UniqueBestPractice", "the passwords on real units are as described, and they work"},
    {"EnforceSettingFirstUse", "the product, put into service, goes no further before the password is changed"},
};
static const struct sg_en_category aum52_categories[] = {
    {"SettingFirstUse", "the product goes no further, and into no network, before the password is set"},
    {"DefinedAuthEntity", "nobody but the authorised entity can set it"},
    {"EquipmentGenerated", "it is made as described, and nobody else gets to see it"},
};

static const struct sg_en_node aum6_nodes[] = {
    {P123, 1, PASS, FAIL, 'A', 2, "Does guessing, as often as one likes, lead nowhere?"},
};
static const struct sg_en_item aum6_items[] = {
    {P123, "AUM", "", "the mechanism"},
    {P123, "AUM.BFProtection", "", "what makes guessing hopeless"},
};
static const struct sg_en_category aum6_categories[] = {
    {"TimeDelay", "fail again and again, time the pauses, and hold them against the documented ones"},
    {"LimitedAttempts", "fail until it is refused altogether, count, and hold that against the documented number"},
    {"AuthenticatorComplexity", "a weak authenticator cannot be set; guessing is tried"},
    {"Generic", "guessing is tried"},
};

static const char as_delivered[] = "the product as delivered, not put into service; the factory password at hand";
static const char no_password[] = "that there is no such password; then there is nothing to walk the tree for";
static const char password_note[] =
    "The Official Journal gives no presumption of conformity where a user may go without setting and using a password. "
    "That a product without any password is untouched by this is how vendors read it, not a ruling; nor is it settled "
    "what an empty list of units is called here: it is shown as such, never as PASS.";

static const struct sg_en_requirement requirements[] = {
    {.id = "AUM-3",
     .parts = P123,
     .title = "Authenticator validation",
     .clause = {"6.2.3", "6.2.3", "6.2.3"},
     .units = SG_UNITS_AUTHENTICATION,
     .unit = "an authentication mechanism that AUM-1 calls for",
     .asks = "Whatever is presented is looked at in every respect that matters, as far as the product can know it "
             "where it is used.",
     .sufficiency = "present what must be turned away, by the category in use",
     .statement = "what matters about it, what the product cannot look at (no clock, no revocation list), and why that "
                  "is acceptable",
     .note = "It is the product that is tested: that the server turns bad devices away only supports.",
     SG_EN_TABLE(nodes, aum3_nodes),
     SG_EN_TABLE(items, aum3_items),
     SG_EN_TABLE(categories, aum3_categories)},
    {.id = "AUM-4",
     .parts = P123,
     .na = P123,
     .title = "Changing authenticators",
     .clause = {"6.2.4", "6.2.4", "6.2.4"},
     .units = SG_UNITS_AUTHENTICATION,
     .unit = "an authentication mechanism that AUM-1 calls for",
     .asks = "Somebody authorised can exchange the authenticator, unless a security goal needs it fixed.",
     .sufficiency = "exchange it: the new one works wherever the old one did, the old one nowhere",
     .statement = "for each authenticator that stays for ever, the goal that needs it so",
     SG_EN_TABLE(nodes, aum4_nodes),
     SG_EN_TABLE(items, aum4_items)},
    {.id = "AUM-5-1",
     .parts = P123,
     .title = "Password strength: factory default passwords",
     .clause = {"6.2.5.1", "6.2.5.1", "6.2.5.1"},
     .units = SG_UNITS_FACTORY_PASSWORDS,
     .unit = "a password set in the factory",
     .asks = "A password from the factory is strong and no unit shares it, or the user must change it at first use.",
     .sufficiency = "look at real units, by the category in use",
     .precondition = as_delivered,
     .statement = no_password,
     .note = password_note,
     SG_EN_TABLE(nodes, aum51_nodes),
     SG_EN_TABLE(items, password_items),
     SG_EN_TABLE(categories, aum51_categories)},
    {.id = "AUM-5-2",
     .parts = P123,
     .title = "Password strength: non-factory default passwords",
     .clause = {"6.2.5.2", "6.2.5.2", "6.2.5.2"},
     .units = SG_UNITS_OTHER_PASSWORDS,
     .unit = "any other password",
     .asks = "Any other password is set at first use and before the product is on a network, or by somebody authorised "
             "in a closed network, or made by the product and shown in a closed network only.",
     .sufficiency = "try to do without, by the category in use",
     .precondition = as_delivered,
     .statement = no_password,
     .note = password_note,
     SG_EN_TABLE(nodes, aum52_nodes),
     SG_EN_TABLE(items, password_items),
     SG_EN_TABLE(categories, aum52_categories)},
    {.id = "AUM-6",
     .parts = P123,
     .title = "Brute force protection",
     .clause = {"6.2.6", "6.2.6", "6.2.6"},
     .units = SG_UNITS_AUTHENTICATION,
     .unit = "an authentication mechanism that AUM-1 calls for",
     .asks = "Guessing does not get anybody past the mechanism.",
     .sufficiency = "guess, by the category in use",
     .statement = "why guessing is hopeless: for a key of 256 bits on a curve, its size",
     SG_EN_TABLE(nodes, aum6_nodes),
     SG_EN_TABLE(items, aum6_items),
     SG_EN_TABLE(categories, aum6_categories)},
};

const struct sg_en_mechanism sg_en_aum_more = {requirements, sizeof requirements / sizeof requirements[0]};
