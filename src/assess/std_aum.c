/* SPDX-License-Identifier: Apache-2.0 */
/* EN 18031: authentication (AUM-1-1 to AUM-2-2; the rest is in std_aum_more.c). */
#include "assess/assess_internal.h"

static const struct sg_en_node aum11_nodes[] = {
    {P12, 1, NA, 2, 'A', 4,
     "Does the access concern a network function (part 2: a privacy function) or its settings, and could the product "
     "not serve its purpose if it had to be authenticated?"},
    {P12, 2, NA, 3, 'A', 4, "Is the network closed, physically or logically, to everyone who is not authorised?"},
    {P12, 3, PASS, FAIL, 'A', 3, "Must whoever wants in authenticate?"},
    {P3, 1, PASS, FAIL, 'B', 1, "Must whoever wants in authenticate?"},
};
static const struct sg_en_item aum11_items[] = {
    {P123, "ACM", "", "the access control mechanism"},
    {P123, "ACM.NetworkInterface", "", "the network interfaces on which it stands"},
    {P123, "ACM.ManagedAccess<A>Asset", "", "the assets behind it, and what may be done with them"},
    {P12, "ACM.IntendedFunctionality", "DN-1 yes", "the purpose that leaves no room for authentication"},
    {P12, "ACM.AuthorizedEntity", "DN-2 yes",
     "how the network is kept closed, and who is let in (one source calls it TrustedNetwork)"},
    {P12, "ACM.AuthenticationMechanism", "DN-3 yes", "the authentication mechanisms"},
    {P3, "ACM.AuthenticationMechanism", "", "the authentication mechanisms"},
};

static const struct sg_en_node aum12_nodes[] = {
    {P12, 1, NA, 2, 'A', 4, "Can a person who is there be believed, because of walls, locks or rules at that place?"},
    {P12, 2, NA, 3, 'A', 4,
     "Does a person only read network functions (part 2: privacy functions) or their settings, and does the purpose "
     "rule authentication out?"},
    {P12, 3, NA, 4, 'A', 4, "Does a person only read there, and does a law rule authentication out?"},
    {P12, 4, PASS, FAIL, 'A', 3, "Must whoever wants in authenticate?"},
    {P3, 1, PASS, FAIL, 'B', 1, "Must whoever wants in authenticate?"},
};
static const struct sg_en_item aum12_items[] = {
    {P123, "ACM", "", "the access control mechanism"},
    {P123, "ACM.UserInterface", "", "the user interfaces on which it stands (one source: UserInterfaces)"},
    {P123, "ACM.ManagedAccess<A>Asset", "", "the assets behind it, and what may be done with them"},
    {P12, "ACM.IntendedEnvironment", "DN-1 yes", "what at the place of use makes a person believable"},
    {P12, "ACM.ReadOnlyFunctionality", "DN-2 yes", "the purpose for which reading is open"},
    {P12, "ACM.ReadOnlyLegal", "DN-3 yes", "the law and its passages"},
    {P12, "ACM.AuthenticationMechanism", "DN-4 yes", "the authentication mechanisms"},
    {P3, "ACM.AuthenticationMechanism", "", "the authentication mechanisms"},
};

static const struct sg_en_node aum13_nodes[] = {
    {P3, 1, PASS, FAIL, 'B', 2, "Must the device or service at the other end authenticate?"},
};
static const struct sg_en_item aum13_items[] = {
    {P3, "ACM", "", "the access control mechanism"},
    {P3, "ACM.MachineInterface", "", "the machine interfaces on which it stands"},
    {P3, "ACM.ManagedAccess<A>Asset", "", "the assets behind it, and what may be done with them"},
    {P3, "ACM.AuthenticationMechanism", "", "the authentication mechanisms"},
};

static const struct sg_en_node aum2_nodes[] = {
    {P123, 1, PASS, FAIL, 'A', 2, "Does it rest on something that is known, owned or inborn: one factor at least?"},
};
static const struct sg_en_item factor_items[] = {
    {P123, "AuthenticationMechanism", "", "the mechanism"},
    {P123, "AuthenticationMechanism.AuthFactor", "", "its factor or factors"},
};

static const struct sg_en_node aum22_nodes[] = {
    {P2, 1, 2, NA, 'A', 2,
     "Is the product there, mainly, to process special categories of personal data (health, biometrics and the like)?"},
    {P2, 2, PASS, FAIL, 'A', 2, "Can it ask for two factors of different kinds?"},
    {P3, 1, PASS, FAIL, 'B', 1, "Does it ask for two factors of different kinds?"},
};

static const char tried_access[] = "try each documented access without authenticating; nothing may open";

static const struct sg_en_requirement requirements[] = {
    {.id = "AUM-1-1",
     .parts = P123,
     .na = P12,
     .title = "Applicability of authentication mechanisms: network interface",
     .clause = {"6.2.1.1", "6.2.1.1", "6.2.1.1"},
     .units = SG_UNITS_NETWORK_ACCESS,
     .unit = "an access control mechanism on a network interface",
     .asks = "Over a network, nobody reads what is confidential, changes what is sensitive or uses a function without "
             "authentication. Parts 1 and 2 know two exceptions: the purpose needs it open, or the network is closed.",
     .completeness = "managed accesses over network interfaces that the documentation leaves out",
     .sufficiency = tried_access,
     .statement = "why a function needs no authentication; a claim that a network is closed (a private access point "
                  "name alone needs good reasons)",
     .note = "One more public data set lets the exceptions pass instead of making them not applicable; three sources "
             "agree. That the one question of part 3 has number 1 is known from one source.",
     SG_EN_TABLE(nodes, aum11_nodes),
     SG_EN_TABLE(items, aum11_items)},
    {.id = "AUM-1-2",
     .parts = P123,
     .na = P12,
     .title = "Applicability of authentication mechanisms: user interface",
     .clause = {"6.2.1.2", "6.2.1.2", "6.2.1.2"},
     .units = SG_UNITS_USER_ACCESS,
     .unit = "an access control mechanism on a user interface",
     .asks = "The same at a user interface. Parts 1 and 2 know three exceptions: the place vouches for the person, or "
             "the person only reads and either the purpose or a law rules authentication out.",
     .completeness = "managed accesses over user interfaces that the documentation leaves out",
     .sufficiency = tried_access,
     .statement = "whether there is a user interface at all (buttons, lamps, display, console); how the enclosure is "
                  "protected",
     .note = "A port that a person types at is a user interface; the same port with a processor at the other end is a "
             "machine interface. That the one question of part 3 has number 1 is known from one source.",
     SG_EN_TABLE(nodes, aum12_nodes),
     SG_EN_TABLE(items, aum12_items)},
    {.id = "AUM-1-3",
     .parts = P3,
     .title = "Applicability of authentication mechanisms: machine interface",
     .clause = {NULL, NULL, "6.2.1.3"},
     .units = SG_UNITS_MACHINE_ACCESS,
     .unit = "an access control mechanism on a machine interface",
     .asks = "The same where a device or a service is at the other end; part 3 only.",
     .completeness = "managed accesses over machine interfaces that the documentation leaves out",
     .sufficiency = tried_access,
     .statement = "which devices and services are connected, and how they prove who they are",
     .note = "A test plan also permits NOT APPLICABLE here, the one encoded tree does not.",
     SG_EN_TABLE(nodes, aum13_nodes),
     SG_EN_TABLE(items, aum13_items)},
    {.id = "AUM-2",
     .alias = "AUM-2-1",
     .alias_parts = P23,
     .parts = P123,
     .title = "Appropriate authentication mechanisms",
     .clause = {"6.2.2", "6.2.2.1", "6.2.2.1"},
     .units = SG_UNITS_AUTHENTICATION,
     .unit = "an authentication mechanism that AUM-1 calls for",
     .asks = "The mechanism looks at one factor at least.",
     .sufficiency = "authenticate, and see that it goes as documented",
     .statement = "which factor it is, and whom it tells apart",
     SG_EN_TABLE(nodes, aum2_nodes),
     SG_EN_TABLE(items, factor_items)},
    {.id = "AUM-2-2",
     .parts = P23,
     .na = P2,
     .title = "Appropriate authentication mechanisms: two factors",
     .clause = {NULL, "6.2.2.2", "6.2.2.2"},
     .units = SG_UNITS_PRODUCT,
     .unit = "the product: its access to special categories of data (part 2) or to what moves money (part 3)",
     .asks = "From a user interface over a network, health data and the like (part 2, where that is the product's main "
             "purpose) and functions that move money (part 3) open to two factors of different kinds.",
     .sufficiency = "authenticate with both factors, and see that it goes as documented",
     .statement = "that special categories of data are not the product's main purpose",
     .note = "That the one question of part 3 has number 1 is known from one source.",
     SG_EN_TABLE(nodes, aum22_nodes),
     SG_EN_TABLE(items, factor_items)},
};

const struct sg_en_mechanism sg_en_aum = {requirements, sizeof requirements / sizeof requirements[0]};
