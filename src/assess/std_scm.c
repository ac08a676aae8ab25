/* SPDX-License-Identifier: Apache-2.0 */
/* EN 18031: secure communication (SCM-1 to SCM-4). */
#include "assess/assess_internal.h"

static const struct sg_en_node scm1_nodes[] = {
    {P12, 1, PASS, 2, 'A', 3, "Does a secure communication mechanism carry the asset?"},
    {P12, 2, NA, 3, 'A', 3, "Can a connection not be set up or looked after without showing the asset for a moment?"},
    {P12, 3, NA, FAIL, 'A', 3, "Does the place of use shield it from everyone who is not authorised?"},
    {P3, 1, PASS, FAIL, 'A', 3, "Does a secure communication mechanism carry the asset?"},
};
static const struct sg_en_item scm1_items[] = {
    {P123, "NetworkInterface", "", "the network interface"},
    {P123, "NetworkInterface.Radio", "if any", "of a radio: what it is physically"},
    {P123, "NetworkInterface.Wired", "if any", "of a cable: what it is physically"},
    {P123, "NetworkInterface.Optical", "if any", "of light: what it is physically"},
    {P123, "NetworkInterface.Acoustic", "if any", "of sound: what it is physically"},
    {P123, "NetworkInterface.Protocol", "", "protocols with version and mode, and the libraries that speak them"},
    {P123, "NetworkInterface.Configuration", "", "settings that make it behave otherwise"},
    {P123, "<A>Asset", "", "the asset that travels"},
    {P123, "<A>Asset.Class", "if any", "its class"},
    {P123, "<A>Asset.Com", "", "how it travels, and which protection it needs on its way"},
    {P123, "<A>Asset.NetworkInterface", "", "the interface that it passes"},
    {P1, "<A>Asset.Environment", "DN-3 yes", "what shields it at the place of use"},
    {P2, "SecurityAsset.Environment", "DN-3 yes", "what shields it at the place of use"},
    {P12, "<A>Asset.AddMeasures", "DN-2 yes", "what else is done while it shows"},
    {P2, "PrivacyAsset.TrustedEnv", "DN-3 yes", "what shields it at the place of use"},
    {P123, "SCM", "", "the secure communication mechanism"},
    {P123, "SCM.Protocol", "", "its protocol"},
    {P123, "SCM.States", "", "the states of the product in which it is in use"},
    {P123, "SCM.SecObjectives", "", "what it gives: integrity, authenticity, secrecy, no repetition"},
    {P123, "SCM.Manage", "if any", "how it is managed"},
};

static const struct sg_en_node scm2_nodes[] = {
    {P12, 1, PASS, 2, 'A', 2, "Are integrity and origin of what travels protected by best practice?"},
    {P12, 2, NA, FAIL, 'A', 2, "Would the product not work together with others without departing from best practice?"},
    {P3, 1, PASS, FAIL, 'A', 3, "Are integrity and origin of what travels protected by best practice?"},
};
static const struct sg_en_item scm2_items[] = {
    {P123, "NetworkInterface.Protocol", "", "the protocol there"},
    {P123, "<A>Asset.Com", "", "how the asset travels"},
    {P123, "SCM", "", "the mechanism"},
    {P123, "SCM.Capabilities", "", "what it can do"},
    {P123, "SCM.ManufSecret", "category ManufSecret", "how the secret from the factory is used"},
    {P123, "SCM.SecChanExchange", "category SecChanExchange", "how the secret is exchanged"},
    {P123, "SCM.PKI-based", "category PKI-based", "how certificates are used"},
    {P123, "SCM.ThirdPartyTrust", "category ThirdPartyTrust", "how the third party vouches"},
    {P123, "SCM.Generic", "category Generic", "how it works"},
    {P123, "SCM.ImplDetail", "if any", "details of the implementation"},
    {P123, "SCM.CCK", "", "the confidential keys in use"},
    {P123, "SCM.ThreatProtection", "", "the attacks that it stands up to"},
};
static const struct sg_en_category scm2_categories[] = {
    {"ManufSecret", "nobody can listen in on the secret from the factory; what was changed or comes from a stranger is "
                    "dropped; nobody gets in between"},
    {"SecChanExchange", "nobody can listen in on the secret while it is exchanged; what was changed or comes from a "
                        "stranger is dropped; nobody gets in between"},
    {"PKI-based", "a false certificate is turned away; what was changed or comes from a stranger is dropped; nobody "
                  "gets in between"},
    {"ThirdPartyTrust", "what the third party says cannot be changed; what was changed or comes from a stranger is "
                        "dropped; nobody gets in between"},
    {"Generic", "secrets cannot be caught and misused; what was changed or comes from a stranger is dropped; nobody "
                "gets in between"},
};

static const struct sg_en_node scm3_nodes[] = {
    {P12, 1, PASS, 2, 'A', 2, "Is what travels kept secret by best practice?"},
    {P12, 2, NA, FAIL, 'A', 2, "Would the product not work together with others without departing from best practice?"},
    {P3, 1, PASS, FAIL, 'A', 3, "Is what travels kept secret by best practice?"},
};
static const struct sg_en_item scm3_items[] = {
    {P123, "NetworkInterface.Protocol", "", "the protocol there"},
    {P123, "<A>Asset.Com", "", "how the asset travels"},
    {P123, "SCM", "", "the mechanism"},
    {P123, "SCM.Capabilities", "", "what it can do"},
    {P123, "MessageEnc", "category MessageEnc", "how each message is encrypted"},
    {P123, "ChannelEnc", "category ChannelEnc", "how the channel is encrypted"},
    {P123, "Generic", "category Generic", "how it works"},
    {P123, "SCM.ImplDetail", "if any", "details of the implementation"},
    {P123, "SCM.CCK", "", "the confidential keys in use"},
    {P123, "SCM.ThreatProtection", "", "the attacks that it stands up to"},
};
static const struct sg_en_category scm3_categories[] = {
    {"MessageEnc", "the key that goes along with a message stays secret, and so does the content"},
    {"ChannelEnc", "nobody can catch the channel's key or listen in on the content"},
    {"Generic", "nobody can catch the secret or listen in on the content"},
};

static const struct sg_en_node scm4_nodes[] = {
    {P123, 1, PASS, 2, 'B', 2, "Does best practice keep a stranger from sending the asset once more?"},
    {P12, 2, NA, 3, 'B', 2, "Would it do no harm if it arrived twice?"},
    {P12, 3, NA, FAIL, 'B', 2, "Would the product not work together with others without this departure?"},
    {P3, 2, NA, FAIL, 'B', 2, "Would it do no harm if it arrived twice?"},
};
static const struct sg_en_item scm4_items[] = {
    {P123, "NetworkInterface.Protocol", "", "the protocol there"},
    {P123, "<A>Asset.Com", "", "how the asset travels"},
    {P123, "SCM", "", "the mechanism"},
    {P123, "SCM.Capabilities", "", "what it can do"},
    {P123, "SCM.SeqNumb", "category SeqNumb", "how sequence numbers are used"},
    {P123, "SCM.TimeStamp", "category TimeStamp", "how time stamps are used"},
    {P123, "SCM.OneTimeEncKey", "category OneTimeEncKey", "how keys for one use are made"},
    {P123, "SCM.Generic", "category Generic", "how it works"},
    {P123, "SCM.ImplDetail", "if any", "details of the implementation"},
    {P123, "SCM.Repudiation", "", "how a message that comes again is told apart and dropped (read from its name)"},
};
static const struct sg_en_category scm4_categories[] = {
    {"SeqNumb", "a number that was used is turned away"},
    {"TimeStamp", "a time stamp out of order is turned away"},
    {"OneTimeEncKey", "the key cannot be caught, and a copy of the bytes is turned away"},
    {"Generic", "a copy of the bytes of an accepted message is turned away"},
};

static const char suites[] = "why the cipher suites in use are best practice; where working together with others "
                             "forces a departure";

static const struct sg_en_requirement requirements[] = {
    {.id = "SCM-1",
     .parts = P123,
     .na = P12,
     .title = "Applicability of secure communication mechanisms",
     .clause = {"6.5.1", "6.5.1", "6.5.1"},
     .units = SG_UNITS_COMMUNICATED,
     .unit = "an asset that travels over a network interface",
     .asks = "Assets travel over networks by secure communication mechanisms only. In parts 1 and 2 an asset may show "
             "for the moment that a connection needs, or where strangers cannot be.",
     .completeness = "assets that travel and that the documentation leaves out",
     .sufficiency = "watch each documented asset travel; the documented mechanism must carry it, in every documented "
                    "state",
     .statement = "which assets are confidential or sensitive; what shows while a connection is set up; closed places",
     SG_EN_TABLE(nodes, scm1_nodes),
     SG_EN_TABLE(items, scm1_items)},
    {.id = "SCM-2",
     .parts = P123,
     .na = P12,
     .title = "Appropriate integrity and authenticity protection for secure communication mechanisms",
     .clause = {"6.5.2", "6.5.2", "6.5.2"},
     .units = SG_UNITS_COMMUNICATION,
     .unit = "a secure communication mechanism that SCM-1 calls for",
     .asks = "What travels cannot be changed or forged unnoticed, by best practice; parts 1 and 2 allow a reasoned "
             "departure that working together with others forces.",
     .sufficiency = "talk rightly in every documented state, then try the attacks of the category in use",
     .statement = suites,
     SG_EN_TABLE(nodes, scm2_nodes),
     SG_EN_TABLE(items, scm2_items),
     SG_EN_TABLE(categories, scm2_categories)},
    {.id = "SCM-3",
     .parts = P123,
     .na = P12,
     .title = "Appropriate confidentiality protection for secure communication mechanisms",
     .clause = {"6.5.3", "6.5.3", "6.5.3"},
     .units = SG_UNITS_SECRET_COMMUNICATION,
     .unit = "a secure communication mechanism that carries something confidential",
     .asks = "What travels and is confidential stays so, by best practice; parts 1 and 2 allow a reasoned departure "
             "that working together with others forces.",
     .sufficiency = "talk rightly in every documented state, then listen in and look for keys, by the category in use",
     .statement = suites,
     .note = "Nordic's security tags 2147483648 to 2147483667 let tools decrypt a modem's traffic: a credential of the "
             "product there undoes this requirement.",
     SG_EN_TABLE(nodes, scm3_nodes),
     SG_EN_TABLE(items, scm3_items),
     SG_EN_TABLE(categories, scm3_categories)},
    {.id = "SCM-4",
     .parts = P123,
     .na = P123,
     .title = "Appropriate replay protection for secure communication mechanisms",
     .clause = {"6.5.4", "6.5.4", "6.5.4"},
     .units = SG_UNITS_COMMUNICATION,
     .unit = "a secure communication mechanism that SCM-1 calls for",
     .asks = "What was sent once cannot be sent again by a stranger with effect, by best practice; unless a second "
             "arrival is harmless, or (parts 1 and 2) working together with others forces a departure.",
     .sufficiency = "send a copy of what was accepted, by the category in use",
     .statement = "where a second arrival does no harm, and why",
     SG_EN_TABLE(nodes, scm4_nodes),
     SG_EN_TABLE(items, scm4_items),
     SG_EN_TABLE(categories, scm4_categories)},
};

const struct sg_en_mechanism sg_en_scm = {requirements, sizeof requirements / sizeof requirements[0]};
