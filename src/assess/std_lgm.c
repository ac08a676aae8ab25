/* SPDX-License-Identifier: Apache-2.0 */
/* EN 18031-2 and -3: logging (LGM-1 to LGM-4). */
#include "assess/assess_internal.h"

static const struct sg_en_node lgm1_nodes[] = {
    {P23, 1, NA, 2, 'A', 2, "Is there a law under which the event must not be logged?"},
    {P23, 2, PASS, FAIL, 'A', 2, "Does the event leave an entry in a log?"},
};
static const struct sg_en_item lgm1_items[] = {
    {P2, "PrivacyAssetEvent", "", "the event"},
    {P3, "FinancialAssetEvent", "", "the event"},
    {P2, "PrivacyAssetEvent.Legal", "DN-1 yes", "the law and its passages"},
    {P3, "FinancialAssetEvent.Legal", "DN-1 yes", "the law and its passages"},
    {P2, "PrivacyAssetEvent.LGM", "DN-2 yes", "the logging mechanism"},
    {P3, "FinancialAssetEvent.LGM", "DN-2 yes", "the logging mechanism"},
};

static const struct sg_en_node lgm2_nodes[] = {
    {P23, 1, NA, 2, 'A', 2, "Is it outside the product that log data is kept?"},
    {P23, 2, PASS, FAIL, 'A', 2, "Is it in the product's lasting memory that log data is kept?"},
};
static const struct sg_en_item lgm2_items[] = {
    {P23, "LGM", "", "the mechanism"},
    {P23, "LGM.InternalStorage", "DN-2 yes", "the memory in the product"},
    {P23, "LGM.ExternalStorage", "DN-1 yes", "the place outside"},
};

static const struct sg_en_node lgm3_nodes[] = {
    {P23, 1, PASS, FAIL, 'A', 2,
     "Are the newest events, the very last among them, always there in the number that the documentation promises?"},
};
static const struct sg_en_item lgm3_items[] = {
    {P23, "Events", "", "the events"},
    {P23, "Quantity", "", "how many at least"},
};

static const struct sg_en_node lgm4_nodes[] = {
    {P23, 1, 2, SG_EN_UNKNOWN, 'C', 1, "Where the product knows the time: does each entry carry it?"},
    {P23, 2, SG_EN_UNKNOWN, SG_EN_UNKNOWN, 'C', 1,
     "Where it does not: does each entry carry something that tells the order or the distance in time?"},
};
static const struct sg_en_item lgm4_items[] = {
    {P23, "Events", "", "the events"},
    {P23, "LGM", "", "the mechanism"},
    {P23, "LGM.Timestamp", "if any", "the time in an entry, where the product knows the time"},
    {P23, "LGM.Timerelated", "if any", "what stands for it, where the product does not"},
};

static const struct sg_en_requirement requirements[] = {
    {.id = "LGM-1",
     .parts = P23,
     .na = P23,
     .title = "Applicability of logging mechanisms",
     .clause = {NULL, "6.6.1", "6.6.1"},
     .units = SG_UNITS_EVENTS,
     .unit = "an event that matters to the protection of privacy or money",
     .asks = "Events that matter to the protection of the part's assets are logged, unless a law forbids it.",
     .sufficiency = "make each event happen, and read what the log says of it",
     .statement = "which events matter; laws that forbid logging",
     SG_EN_TABLE(nodes, lgm1_nodes),
     SG_EN_TABLE(items, lgm1_items)},
    {.id = "LGM-2",
     .parts = P23,
     .na = P23,
     .title = "Persistent storage of log data",
     .clause = {NULL, "6.6.2", "6.6.2"},
     .units = SG_UNITS_LOGGING,
     .unit = "a logging mechanism that LGM-1 calls for",
     .asks = "Log data lies in lasting memory of the product, unless it is kept outside.",
     .sufficiency = "make events happen, take the power away, and find the entries",
     .statement = "where log data is kept, and how long",
     .note = "Asked once for each mechanism; the standard's unit is each logged event.",
     SG_EN_TABLE(nodes, lgm2_nodes),
     SG_EN_TABLE(items, lgm2_items)},
    {.id = "LGM-3",
     .parts = P23,
     .title = "Minimum number of persistently stored events",
     .clause = {NULL, "6.6.3", "6.6.3"},
     .units = SG_UNITS_STORED_LOGGING,
     .unit = "a logging mechanism that keeps its data in the product",
     .asks = "A documented number of the newest events is always in the log, the last one included.",
     .sufficiency = "make more events happen than that, and count those that are there",
     .statement = "the number",
     SG_EN_TABLE(nodes, lgm3_nodes),
     SG_EN_TABLE(items, lgm3_items)},
    {.id = "LGM-4",
     .parts = P23,
     .title = "Time-related information of persistently stored log data",
     .clause = {NULL, "6.6.4", "6.6.4"},
     .units = SG_UNITS_STORED_LOGGING,
     .unit = "a logging mechanism that keeps its data in the product",
     .asks = "An entry carries the time where the product knows it, and otherwise something that tells the order.",
     .sufficiency = "read entries made with and without a known time",
     .statement = "where the time comes from, and how exact it is",
     .note =
         "The printed tree is reported as faulty: its first question leads into the second although the two exclude "
         "each other, and no public source tells where the answers lead. Read part 2 or 3, and state the outcome.",
     SG_EN_TABLE(nodes, lgm4_nodes),
     SG_EN_TABLE(items, lgm4_items)},
};

const struct sg_en_mechanism sg_en_lgm = {requirements, sizeof requirements / sizeof requirements[0]};
