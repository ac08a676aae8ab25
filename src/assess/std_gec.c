/* SPDX-License-Identifier: Apache-2.0 */
/* EN 18031: what equipment can do in general (GEC-1 to GEC-8). */
#include "assess/assess_internal.h"

static const struct sg_en_node gec1_nodes[] = {
    {P123, 1, 2, PASS, 'B', 2, "Does it contain a vulnerability that is publicly known and can be exploited?"},
    {P123, 2, 3, NA, 'B', 2, "Can the vulnerability touch the assets?"},
    {P123, 3, 4, NA, 'B', 2, "Can it be exploited in this product, as it is built and used?"},
    {P123, 4, NA, 5, 'B', 2, "Has something been done against it, so that the risk which is left is acceptable?"},
    {P123, 5, NA, FAIL, 'B', 2, "Has its risk been weighed and accepted, with reasons?"},
};
static const struct sg_en_item gec1_items[] = {
    {P123, "SoftwareDocumentation", "", "software components and their versions"},
    {P123, "HardwareDocumentation", "", "hardware parts"},
    {P123, "<A>Asset", "", "the assets that they can touch"},
    {P123, "ListOfVulnerabilities", "", "the vulnerabilities, and the day of the data they were looked up in"},
    {P123, "ListOfVulnerabilities.Remediated", "if any", "what removed it"},
    {P123, "ListOfVulnerabilities.SpecificCondition", "DN-3 no", "why it cannot be exploited here"},
    {P123, "ListOfVulnerabilities.Mitgated", "DN-4 yes", "what was done against it (one table spells the name so)"},
    {P123, "ListOfVulnerabilities.Accepted", "DN-5 yes", "how its risk was weighed"},
};

static const struct sg_en_node gec2_nodes[] = {
    {P123, 1, 2, NA, 'B', 2, "Is it there in a product as it leaves the factory?"},
    {P123, 2, 3, NA, 'B', 2, "Can it touch the assets?"},
    {P123, 3, PASS, FAIL, 'B', 2, "Could the product be neither set up nor do its basic work without it?"},
};
static const struct sg_en_item gec2_items[] = {
    {P123, "NetworkInterface.Exposure", "", "the interface or service"},
    {P123, "Setup", "", "how the product is set up"},
    {P123, "<A>Asset", "", "the assets within its reach"},
};

static const struct sg_en_node gec3_nodes[] = {
    {P123, 1, 2, NA, 'A', 2, "Can it touch the assets?"},
    {P123, 2, PASS, FAIL, 'A', 2, "Can a user with the right to it switch it on and off?"},
};
static const struct sg_en_item gec3_items[] = {
    {P123, "NetworkInterface.Exposure", "", "the optional service"},
    {P123, "<A>Asset", "", "the assets within its reach"},
};

static const struct sg_en_node gec4_nodes[] = {
    {P123, 1, 2, NA, 'A', 2, "Is it there in a product as it leaves the factory?"},
    {P123, 2, PASS, FAIL, 'A', 2, "Does the user's documentation describe it?"},
};
static const struct sg_en_item gec4_items[] = {
    {P123, "NetworkInterface.Exposure", "", "the interface or service"},
    {P123, "UserDoc.NetworkInterface.Exposure", "", "document and page that describe it"},
};

static const struct sg_en_node gec5_nodes[] = {
    {P123, 1, PASS, FAIL, 'A', 2, "Would the product fail its purpose without this interface?"},
};
static const struct sg_en_item gec5_items[] = {
    {P123, "PhysicalExternalInterface", "", "the interface"},
    {P123, "PhysicalExternalInterface.Purpose", "", "what it is for"},
    {P123, "PhysicalExternalInterface.Type", "", "what kind of interface it is"},
    {P123, "IntFunc", "", "what the product is for"},
};

static const struct sg_en_node gec6_nodes[] = {
    {P123, 1, 2, NA, 'A', 2, "Does anything come in here?"},
    {P123, 2, PASS, FAIL, 'A', 2, "Is what comes in, and could harm the assets, checked before it is used?"},
};
static const struct sg_en_item gec6_items[] = {
    {P123, "ExternalInterface", "", "the interface"},
    {P123, "ExternalInterface.Capabilities", "DN-1 yes", "what comes in"},
    {P123, "ExternalInterface.Validation", "DN-1 yes", "how it is checked"},
    {P123, "<A>Asset", "", "the assets that it could harm"},
};

static const struct sg_en_node gec7_nodes[] = {
    {P2, 1, 2, NA, 'A', 2, "Could what it senses concern the private life of the user or subscriber?"},
    {P2, 2, PASS, FAIL, 'A', 2, "Does the user's documentation say so?"},
};
static const struct sg_en_item gec7_items[] = {
    {P2, "NonNetworkInterface", "", "what senses"},
    {P2, "UserDoc.NonNetworkInterface", "", "document and page that describe it"},
};

static const struct sg_en_node gec8_nodes[] = {
    {P3, 1, 2, FAIL, 'A', 2,
     "Does a chain of checks that begins in hardware verify it cryptographically at each boot?"},
    {P3, 2, PASS, FAIL, 'A', 2,
     "Can the beginning of that chain not be changed, or only by somebody who proves the right to it "
     "cryptographically?"},
};
static const struct sg_en_item gec8_items[] = {
    {P3, "PartOfSoftw", "", "the part of the software"},
    {P3, "BootProcess", "", "how it boots"},
    {P3, "BootProcess.TrustAnchor", "", "where the chain of checks begins"},
    {P3, "BootProcess.SecMech", "", "what checks what"},
    {P3, "BootProcess.Modes", "", "its modes"},
};

static const char with_rights[] = "the product does its work and is set up; whoever tests has the rights";

static const struct sg_en_requirement requirements[] = {
    {.id = "GEC-1",
     .parts = P123,
     .na = P123,
     .title = "Up-to-date software and hardware with no publicly known exploitable vulnerabilities",
     .clause = {"6.10.1", "6.10.1", "6.8.1"},
     .units = SG_UNITS_COMPONENTS,
     .unit = "a component of software or hardware; where it has known vulnerabilities, each of these",
     .asks = "A vulnerability that is publicly known does no harm to the assets: it is gone, cannot be exploited here, "
             "is contained, or its risk is accepted with reasons.",
     .completeness = "known vulnerabilities that the documentation leaves out, by today's methods",
     .sufficiency = "see that what is documented against each vulnerability is really in place",
     .precondition = "the product does its work; vulnerability data of these days",
     .statement =
         "why a vulnerability cannot be exploited, what contains it, why it is accepted; faults of the hardware",
     .note = "The tree begins with components and goes on with vulnerabilities: a component with known ones is asked "
             "about through them.",
     SG_EN_TABLE(nodes, gec1_nodes),
     SG_EN_TABLE(items, gec1_items)},
    {.id = "GEC-2",
     .parts = P123,
     .na = P123,
     .title = "Limit exposure of services via related network interfaces",
     .clause = {"6.10.2", "6.10.2", "6.8.2"},
     .units = SG_UNITS_EXPOSED,
     .unit = "a network interface, or a service over it",
     .asks = "As it leaves the factory, the product shows the network only what it needs to be set up and to work.",
     .completeness = "interfaces and services that are there and undocumented, or not needed",
     .precondition = "the product as it leaves the factory, not set up; its networks connected",
     .statement = "what setting up and basic work need",
     SG_EN_TABLE(nodes, gec2_nodes),
     SG_EN_TABLE(items, gec2_items)},
    {.id = "GEC-3",
     .parts = P123,
     .na = P123,
     .title = "Configuration of optional services and the related exposed network interfaces",
     .clause = {"6.10.3", "6.10.3", "6.8.3"},
     .units = SG_UNITS_OPTIONAL,
     .unit = "an optional interface or service that is there when the product leaves the factory",
     .asks = "What is optional can be switched on and off by a user with the right to it.",
     .completeness = "optional services that the documentation leaves out",
     .sufficiency = "switch each on and off, with the right to it and without",
     .precondition = with_rights,
     .statement = "the optional services; often there are none",
     SG_EN_TABLE(nodes, gec3_nodes),
     SG_EN_TABLE(items, gec3_items)},
    {.id = "GEC-4",
     .parts = P123,
     .na = P123,
     .title = "Documentation of exposed network interfaces and exposed services via network interfaces",
     .clause = {"6.10.4", "6.10.4", "6.8.4"},
     .units = SG_UNITS_EXPOSED,
     .unit = "a network interface, or a service over it",
     .asks = "The user can read which interfaces and services a new product has.",
     .completeness = "interfaces and services that the user's documentation leaves out",
     .precondition = "the product as it leaves the factory; its networks connected",
     .statement = "the user's documentation",
     SG_EN_TABLE(nodes, gec4_nodes),
     SG_EN_TABLE(items, gec4_items)},
    {.id = "GEC-5",
     .parts = P123,
     .title = "No unnecessary external interfaces",
     .clause = {"6.10.5", "6.10.5", "6.8.5"},
     .units = SG_UNITS_PHYSICAL,
     .unit = "a physical interface that can be reached from outside",
     .asks = "No connector is there that the product's purpose does not need.",
     .completeness = "physical interfaces that the documentation leaves out",
     .statement = "connectors, buttons, antennas, SIM slot, pads within reach; what each is for",
     SG_EN_TABLE(nodes, gec5_nodes),
     SG_EN_TABLE(items, gec5_items)},
    {.id = "GEC-6",
     .parts = P123,
     .na = P123,
     .title = "Input validation",
     .clause = {"6.10.6", "6.10.6", "6.8.6"},
     .units = SG_UNITS_INTERFACES,
     .unit = "an external interface: for users, machines or networks",
     .asks = "What comes in from outside and could harm the assets is checked.",
     .completeness = "external interfaces that the documentation leaves out",
     .sufficiency = "send wrong and hostile input; the checks must work as documented, and the interface hold",
     .precondition = "the product does its work, its interfaces on; whoever tests can authenticate",
     .statement = "what comes in at each interface, and how it is checked",
     SG_EN_TABLE(nodes, gec6_nodes),
     SG_EN_TABLE(items, gec6_items)},
    {.id = "GEC-7",
     .parts = P2,
     .na = P2,
     .title = "Documentation of external sensing capabilities",
     .clause = {NULL, "6.10.7", NULL},
     .units = SG_UNITS_SENSORS,
     .unit = "an interface that senses and is no network interface",
     .asks = "The user can read what the product senses, where that concerns private life.",
     .completeness = "sensors that the documentation leaves out",
     .statement = "the sensors (position, sound, presence, fine-grained consumption), and where users read of them",
     .note = "Two sources name the items differently.",
     SG_EN_TABLE(nodes, gec7_nodes),
     SG_EN_TABLE(items, gec7_items)},
    {.id = "GEC-8",
     .parts = P3,
     .title = "Equipment integrity",
     .clause = {NULL, NULL, "6.8.8"},
     .units = SG_UNITS_SOFTWARE,
     .unit = "a part of the software that handles security or money",
     .asks =
         "Equipment that handles money verifies its software at each boot, beginning in hardware that stays as it is.",
     .completeness = "such software, and ways to boot, that the documentation leaves out",
     .sufficiency = "boot what was tampered with; hold the boot process against its documentation",
     .statement = "the boot process and where it begins",
     .note = "The clause number is known from one source, and two sources name the items differently.",
     SG_EN_TABLE(nodes, gec8_nodes),
     SG_EN_TABLE(items, gec8_items)},
};

const struct sg_en_mechanism sg_en_gec = {requirements, sizeof requirements / sizeof requirements[0]};
