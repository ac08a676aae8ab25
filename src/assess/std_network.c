/* SPDX-License-Identifier: Apache-2.0 */
/* EN 18031-1 alone: resilience (RLM-1), network monitoring (NMM-1), traffic control (TCM-1). */
#include "assess/assess_internal.h"

static const struct sg_en_node rlm1_nodes[] = {
    {P1, 1, PASS, 2, 'B', 2,
     "Does the product blunt attacks that are to stop its service here, and find back to a state that is defined?"},
    {P1, 2, NA, 3, 'B', 2, "Does the interface serve nothing but talk with other devices of a local network?"},
    {P1, 3, NA, FAIL, 'B', 2, "Do other devices of the network shield it sufficiently?"},
};
static const struct sg_en_item rlm1_items[] = {
    {P1, "NetworkInterface", "", "the interface"},
    {P1, "RLM", "DN-1 yes", "what blunts the attacks, and the state that it finds back to"},
};

static const struct sg_en_node nmm1_nodes[] = {
    {P1, 1, 2, NA, 'A', 3, "Is it network equipment: does it connect others to the internet for good, and forward?"},
    {P1, 2, PASS, FAIL, 'A', 3, "Does it look in what it forwards for signs of attacks that are to stop a service?"},
};
static const struct sg_en_item nmm1_items[] = {
    {P1, "NMM", "DN-1 yes", "the monitoring mechanism"},
    {P1, "NMM.GTPFiltering", "category GTPFiltering", "how messages of the tunnelling protocol are filtered"},
    {P1, "NMM.IPPacketFiltering", "category IPPacketFiltering", "how packets are filtered"},
    {P1, "NMM.NetworkEquipment", "if any", "the networks and protocols that it handles"},
};
static const struct sg_en_category nmm1_categories[] = {
    {"GTPFiltering", "messages of the tunnelling protocol are watched, senders checked, rules kept"},
    {"IPPacketFiltering", "floods of ICMP and ARP are noticed and limited"},
    {"Generic", "as documented"},
};

static const struct sg_en_node tcm1_nodes[] = {
    {P1, 1, 2, NA, 'A', 3, "Is it network equipment: does it connect others to the internet for good, and forward?"},
    {P1, 2, PASS, FAIL, 'A', 3, "Does it decide what it forwards?"},
};
static const struct sg_en_item tcm1_items[] = {
    {P1, "TCM", "DN-1 yes", "the traffic control mechanism"},
    {P1, "TCM.DatagramRules", "category DatagramRules", "the rules for datagrams"},
    {P1, "TCM.TrafficSeparation", "category TrafficSeparation", "what is kept apart, and how"},
    {P1, "TCM.NetworkEquipment", "if any", "the networks and protocols that it handles"},
};
static const struct sg_en_category tcm1_categories[] = {
    {"DatagramRules", "datagrams are watched; malicious ones and those of addresses without the right are dropped"},
    {"TrafficSeparation", "nothing crosses from one domain to another"},
    {"Generic", "as documented"},
};

static const char no_network_equipment[] = "that the product is no network equipment: it connects nothing else to the "
                                           "internet";

static const struct sg_en_requirement requirements[] = {
    {.id = "RLM-1",
     .parts = P1,
     .na = P1,
     .title = "Applicability and appropriateness of resilience mechanisms",
     .clause = {"6.6.1", NULL, NULL},
     .units = SG_UNITS_NETWORK_INTERFACES,
     .unit = "a network interface",
     .asks = "Attacks that are to stop the service are blunted at each network interface, and the product finds back "
             "to a defined state; unless the interface is local, or others shield it.",
     .completeness = "network interfaces and mechanisms of this kind that the documentation leaves out",
     .sufficiency =
         "scan, flood and fuzz the interface; the documented mechanisms must work, and the product come back",
     .precondition = "the product does its work, every interface on; the mechanisms' settings documented",
     .statement = "the network interfaces; the defined state; a claim that the operator's network shields",
     .note = "A cellular interface is not local: the first question has to be answered with yes.",
     SG_EN_TABLE(nodes, rlm1_nodes),
     SG_EN_TABLE(items, rlm1_items)},
    {.id = "NMM-1",
     .parts = P1,
     .na = P1,
     .title = "Applicability and appropriateness of network monitoring mechanisms",
     .clause = {"6.7.1", NULL, NULL},
     .units = SG_UNITS_PRODUCT,
     .unit = "the product",
     .asks = "Network equipment notices attacks in the traffic between networks.",
     .sufficiency = "simulate attacks, by the category in use",
     .statement = no_network_equipment,
     SG_EN_TABLE(nodes, nmm1_nodes),
     SG_EN_TABLE(items, nmm1_items),
     SG_EN_TABLE(categories, nmm1_categories)},
    {.id = "TCM-1",
     .parts = P1,
     .na = P1,
     .title = "Applicability of and appropriate traffic control mechanisms",
     .clause = {"6.8.1", NULL, NULL},
     .units = SG_UNITS_PRODUCT,
     .unit = "the product",
     .asks = "Network equipment decides which traffic it forwards.",
     .sufficiency = "send what must not pass, by the category in use",
     .statement = no_network_equipment,
     SG_EN_TABLE(nodes, tcm1_nodes),
     SG_EN_TABLE(items, tcm1_items),
     SG_EN_TABLE(categories, tcm1_categories)},
};

const struct sg_en_mechanism sg_en_network = {requirements, sizeof requirements / sizeof requirements[0]};
