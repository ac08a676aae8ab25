/* SPDX-License-Identifier: Apache-2.0 */
/* The sections and fields of a product file. docs/reference/assessment.md tells their meaning. */
#include "assess/product_internal.h"

const struct sg_product_section sg_product_sections[] = {
    {"product", false}, {"manufacturer", false}, {"declaration", false}, {"parts", true},    {"interfaces", true},
    {"services", true}, {"physical", true},      {"sensors", true},      {"assets", true},   {"mechanisms", true},
    {"keys", true},     {"passwords", true},     {"software", true},     {"hardware", true}, {"vulnerabilities", true},
    {"events", true},   {"notices", true},       {"statements", true},   {"checks", true},   {"purchased", true},
    {NULL, false},
};

#define TEXT    SG_FIELD_TEXT
#define ID      SG_FIELD_ID
#define YESNO   SG_FIELD_YESNO
#define DATE    SG_FIELD_DATE
#define NUMBER  SG_FIELD_NUMBER
#define CHOICE  SG_FIELD_CHOICE
#define LIST    SG_FIELD_LIST
#define NUMBERS SG_FIELD_NUMBERS
#define IDS     SG_FIELD_IDS
#define ANSWERS SG_FIELD_ANSWERS
#define TEXTS   SG_FIELD_TEXTS

const struct sg_product_field sg_product_fields[] = {
    {"product", "name", TEXT, true, NULL},
    {"product", "kind", TEXT, true, NULL},
    {"product", "types", LIST, true, NULL},
    {"product", "configurations", LIST, true, NULL},
    {"product", "serials", TEXT, true, NULL},
    {"product", "hardware", TEXT, true, NULL},
    {"product", "firmware", TEXT, true, NULL},
    {"product", "firmware_date", DATE, true, NULL},
    {"product", "modem_firmware", TEXT, false, NULL},
    {"product", "intended_use", TEXT, true, NULL},
    {"product", "place_of_use", TEXT, true, NULL},
    {"product", "users", LIST, true, NULL},
    {"product", "user_documents", LIST, true, NULL},
    {"product", "setup", TEXT, true, NULL},
    {"product", "internet", YESNO, true, NULL},
    {"product", "personal_data", YESNO, true, NULL},
    {"product", "money", YESNO, true, NULL},
    {"product", "toy", YESNO, true, NULL},
    {"product", "childcare", YESNO, true, NULL},
    {"product", "wearable", YESNO, true, NULL},
    {"product", "network_equipment", YESNO, true, NULL},
    {"product", "special_categories", YESNO, true, NULL},
    {"product", "first_unit", DATE, false, NULL},
    {"product", "last_unit", DATE, false, NULL},
    {"product", "support_until", DATE, false, NULL},

    {"manufacturer", "name", TEXT, true, NULL},
    {"manufacturer", "address", TEXT, true, NULL},
    {"manufacturer", "contact", TEXT, false, NULL},
    {"manufacturer", "representative", TEXT, false, NULL},

    {"declaration", "object", TEXT, false, NULL},
    {"declaration", "other_acts", LIST, false, NULL},
    {"declaration", "other_standards", LIST, false, NULL},
    {"declaration", "notified_body", TEXT, false, NULL},
    {"declaration", "accessories", LIST, false, NULL},
    {"declaration", "frequency_bands", LIST, false, NULL},
    {"declaration", "signatory", TEXT, false, NULL},
    {"declaration", "function", TEXT, false, NULL},
    {"declaration", "place", TEXT, false, NULL},
    {"declaration", "address", TEXT, false, NULL},

    {"parts", "part", NUMBER, true, NULL},
    {"parts", "applies", YESNO, true, NULL},
    {"parts", "edition", TEXT, false, NULL},
    {"parts", "reason", TEXT, true, NULL},
    {"parts", "by", TEXT, true, NULL},
    {"parts", "date", DATE, true, NULL},

    {"interfaces", "id", ID, true, NULL},
    {"interfaces", "name", TEXT, true, NULL},
    {"interfaces", "kind", CHOICE, true, "network user machine"},
    {"interfaces", "items", TEXTS, false, NULL},

    {"services", "id", ID, true, NULL},
    {"services", "name", TEXT, true, NULL},
    {"services", "interface", IDS, true, "interfaces"},
    {"services", "optional", YESNO, true, NULL},
    {"services", "items", TEXTS, false, NULL},

    {"physical", "id", ID, true, NULL},
    {"physical", "name", TEXT, true, NULL},
    {"physical", "type", TEXT, true, NULL},
    {"physical", "purpose", TEXT, true, NULL},
    {"physical", "items", TEXTS, false, NULL},

    {"sensors", "id", ID, true, NULL},
    {"sensors", "name", TEXT, true, NULL},
    {"sensors", "items", TEXTS, false, NULL},

    {"assets", "id", ID, true, NULL},
    {"assets", "name", TEXT, true, NULL},
    {"assets", "kind", CHOICE, true, "security network privacy financial"},
    {"assets", "confidential", YESNO, true, NULL},
    {"assets", "sensitive", YESNO, true, NULL},
    {"assets", "of_the_user", YESNO, false, NULL},
    {"assets", "where", TEXT, true, NULL},
    {"assets", "access", TEXT, false, NULL},
    {"assets", "reachable_by", IDS, false, "interfaces"},
    {"assets", "managed_by", IDS, false, "mechanisms/access"},
    {"assets", "persistent", YESNO, true, NULL},
    {"assets", "stored_by", IDS, false, "mechanisms/storage"},
    {"assets", "travels", YESNO, true, NULL},
    {"assets", "communication", TEXT, false, NULL},
    {"assets", "carried_by", IDS, false, "mechanisms/communication"},
    {"assets", "items", TEXTS, false, NULL},

    {"mechanisms", "id", ID, true, NULL},
    {"mechanisms", "name", TEXT, true, NULL},
    {"mechanisms", "kind", CHOICE, true,
     "access authentication update storage communication resilience logging deletion notification generation"},
    {"mechanisms", "does", TEXT, true, NULL},
    {"mechanisms", "interfaces", IDS, false, "interfaces"},
    {"mechanisms", "authenticated_by", IDS, false, "mechanisms/authentication"},
    {"mechanisms", "keys", IDS, false, "keys"},
    {"mechanisms", "cryptography", TEXT, false, NULL},
    {"mechanisms", "items", TEXTS, false, NULL},

    {"keys", "id", ID, true, NULL},
    {"keys", "name", TEXT, true, NULL},
    {"keys", "asset", IDS, true, "assets"},
    {"keys", "strength", NUMBER, true, NULL},
    {"keys", "preinstalled", YESNO, true, NULL},
    {"keys", "generated_by", IDS, false, "mechanisms/generation"},
    {"keys", "items", TEXTS, false, NULL},

    {"passwords", "id", ID, true, NULL},
    {"passwords", "name", TEXT, true, NULL},
    {"passwords", "factory", YESNO, true, NULL},
    {"passwords", "may_be_absent", YESNO, true, NULL},
    {"passwords", "used_by", IDS, true, "mechanisms/authentication"},
    {"passwords", "items", TEXTS, false, NULL},

    {"software", "id", ID, true, NULL},
    {"software", "name", TEXT, true, NULL},
    {"software", "version", TEXT, true, NULL},
    {"software", "updated_by", IDS, false, "mechanisms/update"},
    {"software", "items", TEXTS, false, NULL},

    {"hardware", "id", ID, true, NULL},
    {"hardware", "name", TEXT, true, NULL},
    {"hardware", "version", TEXT, true, NULL},
    {"hardware", "items", TEXTS, false, NULL},

    {"vulnerabilities", "id", ID, true, NULL},
    {"vulnerabilities", "name", TEXT, true, NULL},
    {"vulnerabilities", "in", IDS, true, "software hardware"},
    {"vulnerabilities", "items", TEXTS, false, NULL},

    {"events", "id", ID, true, NULL},
    {"events", "name", TEXT, true, NULL},
    {"events", "logged_by", IDS, false, "mechanisms/logging"},
    {"events", "items", TEXTS, false, NULL},

    {"notices", "id", ID, true, NULL},
    {"notices", "name", TEXT, true, NULL},
    {"notices", "assets", IDS, true, "assets"},
    {"notices", "told_by", IDS, false, "mechanisms/notification"},
    {"notices", "items", TEXTS, false, NULL},

    {"statements", "requirement", TEXT, true, NULL},
    {"statements", "parts", NUMBERS, false, NULL},
    {"statements", "units", LIST, false, NULL},
    {"statements", "answers", ANSWERS, false, NULL},
    {"statements", "outcome", CHOICE, false, "PASS FAIL NOT_APPLICABLE"},
    {"statements", "categories", LIST, false, NULL},
    {"statements", "reason", TEXT, true, NULL},
    {"statements", "by", TEXT, true, NULL},
    {"statements", "date", DATE, true, NULL},
    {"statements", "evidence", LIST, false, NULL},
    {"statements", "items", TEXTS, false, NULL},

    {"checks", "requirements", LIST, true, NULL},
    {"checks", "kind", CHOICE, true, "completeness sufficiency"},
    {"checks", "result", CHOICE, true, "pass fail"},
    {"checks", "did", TEXT, true, NULL},
    {"checks", "saw", TEXT, true, NULL},
    {"checks", "instead_of", LIST, false, NULL},
    {"checks", "serial", TEXT, true, NULL},
    {"checks", "firmware", TEXT, true, NULL},
    {"checks", "by", TEXT, true, NULL},
    {"checks", "date", DATE, true, NULL},
    {"checks", "evidence", LIST, false, NULL},

    {"purchased", "requirements", LIST, true, NULL},
    {"purchased", "edition", TEXT, true, NULL},
    {"purchased", "by", TEXT, true, NULL},
    {"purchased", "date", DATE, true, NULL},
    {NULL, NULL, TEXT, false, NULL},
};
