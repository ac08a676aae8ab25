/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assess: EN 18031 as data, the product file, and the walk of each requirement's tree that makes a result.
 *
 * A person states, a machine measures, and this room never mixes the two up: PASS needs both, FAIL needs either, and
 * what is missing is NOT ENOUGH EVIDENCE. The result is one JSON document (docs/reference/assessment.md); the report
 * and the sealed archive are made from it alone.
 */
#ifndef SG_ASSESS_H
#define SG_ASSESS_H

#include "core/core.h"

#include <jansson.h>

/* ---------------------------------------------------------------------------------------------- the standard */
/* Identifiers, titles, clauses, the order of the questions and their outcomes are the standard's; all other text is
 * ours. Nothing was checked against a purchased copy: each node carries how sure it is. */

enum { SG_EN_PARTS = 3 };                   /* EN 18031-1, -2, -3 */
#define SG_EN_PART(part) (1U << ((part)-1)) /* in a set of parts */

/* Where an answer leads: > 0 is the node of that number in the same tree. */
enum sg_en_leaf { SG_EN_UNKNOWN = 0, SG_EN_PASS = -1, SG_EN_FAIL = -2, SG_EN_NA = -3 };

struct sg_en_node {
    unsigned parts; /* in whose tree it is; a number may come again with other parts */
    int number;     /* 2: "DN-2" */
    int yes, no;    /* SG_EN_UNKNOWN: no public source tells */
    char grade;     /* 'A': sources agree; 'B': one encoding, consistent with the permitted results; 'C': unconfirmed */
    unsigned sources; /* public sources that say so */
    const char *question;
};

/* A piece of information that the technical documentation must hold: E.Info.ID.name. An `A` in front of "Asset" that
 * is written "<A>" stands for Security (all parts), Network (-1), Privacy (-2) and Financial (-3). */
struct sg_en_item {
    unsigned parts;
    const char *name; /* "<A>Asset.Access" */
    const char *when; /* "": always; "DN-2 yes": only on such a path; "category Sign"; "if any" */
    const char *what;
};

/* An implementation category, IC.ID.name, and what its assessment unit looks at on the equipment. */
struct sg_en_category {
    const char *name, *unit;
};

/* What a requirement's tree is walked for, once each. */
enum sg_en_units {
    SG_UNITS_PRODUCT,              /* the product, once */
    SG_UNITS_REACHABLE,            /* assets that some entity can reach */
    SG_UNITS_MANAGED,              /* those whose access is managed (ACM-1 PASS) */
    SG_UNITS_CHILD,                /* the product; of a toy, each privacy asset whose access is managed */
    SG_UNITS_NETWORK_ACCESS,       /* access control mechanisms over a network interface */
    SG_UNITS_USER_ACCESS,          /* … over a user interface */
    SG_UNITS_MACHINE_ACCESS,       /* … over a machine interface */
    SG_UNITS_AUTHENTICATION,       /* authentication mechanisms that AUM-1 calls for */
    SG_UNITS_FACTORY_PASSWORDS,    /* passwords set in the factory */
    SG_UNITS_OTHER_PASSWORDS,      /* all others */
    SG_UNITS_SOFTWARE,             /* parts of the software */
    SG_UNITS_UPDATE,               /* update mechanisms that SUM-1 calls for */
    SG_UNITS_STORED,               /* assets stored persistently */
    SG_UNITS_STORAGE,              /* secure storage mechanisms that SSM-1 calls for */
    SG_UNITS_SECRET_STORAGE,       /* those that hold something confidential */
    SG_UNITS_COMMUNICATED,         /* assets that travel over a network interface */
    SG_UNITS_COMMUNICATION,        /* secure communication mechanisms that SCM-1 calls for */
    SG_UNITS_SECRET_COMMUNICATION, /* those that carry something confidential */
    SG_UNITS_NETWORK_INTERFACES,
    SG_UNITS_EVENTS,         /* events that matter to privacy or money */
    SG_UNITS_LOGGING,        /* logging mechanisms that LGM-1 calls for */
    SG_UNITS_STORED_LOGGING, /* those that keep the log in the product (LGM-2 PASS) */
    SG_UNITS_DELETABLE,      /* stored personal information, and stored security parameters of the user */
    SG_UNITS_NOTICES,        /* changes that users are told of */
    SG_UNITS_NOTIFICATIONS,  /* those told by the product (UNM-1 PASS) */
    SG_UNITS_KEYS,           /* confidential cryptographic keys */
    SG_UNITS_PREINSTALLED,   /* those that are in the product when it leaves the factory */
    SG_UNITS_COMPONENTS,     /* software and hardware parts without known vulnerabilities, and each vulnerability */
    SG_UNITS_EXPOSED,        /* network interfaces and services over them */
    SG_UNITS_OPTIONAL,       /* optional services exposed in factory default state */
    SG_UNITS_PHYSICAL,       /* physical interfaces that can be reached from outside */
    SG_UNITS_INTERFACES,     /* external interfaces of any kind */
    SG_UNITS_SENSORS,        /* interfaces that sense */
    SG_UNITS_CRYPTOGRAPHY,   /* mechanisms that use cryptography */
};

struct sg_en_requirement {
    const char *id;    /* "AUM-1-1" */
    const char *alias; /* what `alias_parts` call it; NULL: the same */
    unsigned alias_parts, parts;
    unsigned na; /* the parts in which its tree may end in NOT APPLICABLE */
    const char *title;
    const char *clause[SG_EN_PARTS]; /* NULL: not in this part */
    enum sg_en_units units;
    const char *unit;         /* what a unit is, a few words */
    const char *asks;         /* what it asks, in our words */
    const char *completeness; /* what the functional check for completeness looks for; NULL: there is none */
    const char *sufficiency;  /* what is tried on the equipment; NULL: nothing */
    const char *precondition; /* of both; NULL: the equipment does its work */
    const char *statement;    /* what only the manufacturer can say */
    const char *note;         /* what to know about how sure this is; NULL */
    const struct sg_en_node *nodes;
    size_t n_nodes;
    const struct sg_en_item *items; /* without E.Info.DT.ID and E.Just.DT.ID, which every requirement has */
    size_t n_items;
    const struct sg_en_category *categories;
    size_t n_categories;
};
/* All, in the order of the standard. */
const struct sg_en_requirement *sg_en_requirement(size_t i); /* NULL after the last */
const struct sg_en_requirement *sg_en_find(const char *id);  /* by its id or alias; NULL */
/* What the part calls it. */
const char *sg_en_name(const struct sg_en_requirement *r, int part);
/* A node of the part's tree; NULL: there is none. Node 1 is the root. */
const struct sg_en_node *sg_en_node(const struct sg_en_requirement *r, int part, int number);
/* "PASS", "FAIL", "NOT APPLICABLE", "unknown". */
const char *sg_en_leaf_name(int leaf);

/* An item's identifier in a part; false where the part does not have it. `which`: 0 or 1 ("<A>Asset" stands for two
 * kinds in each part), false after the last. */
enum { SG_EN_ITEM_ID = 96 };
bool sg_en_item_id(const struct sg_en_requirement *r, const struct sg_en_item *item, int part, unsigned which,
                   char id[SG_EN_ITEM_ID]);

/* The walk of one tree with a person's answers. */
enum sg_answer { SG_ANSWER_NONE, SG_ANSWER_YES, SG_ANSWER_NO };
enum { SG_EN_LONGEST = 5 }; /* nodes of the longest tree */
struct sg_en_path {
    const struct sg_en_node *node[SG_EN_LONGEST];
    bool yes[SG_EN_LONGEST];
    size_t n;
    int leaf;                      /* an enum sg_en_leaf; SG_EN_UNKNOWN also where an answer is missing */
    const struct sg_en_node *open; /* the node whose answer is missing; NULL: none */
    int stray;                     /* a node that was answered and is not on the path; 0: none */
};
/* `answers[i]` is for node i + 1. */
void sg_en_walk(const struct sg_en_requirement *r, int part, const enum sg_answer answers[SG_EN_LONGEST],
                struct sg_en_path *path);

/* What is in force. */
struct sg_en_standard {
    int part;
    const char *number;                     /* "EN 18031-1" */
    const char *edition, *edition_date;     /* "EN 18031-1:2024", approved */
    const char *point, *subject;            /* of Article 3(3): "d", "the network" */
    const char *reference, *reference_date; /* what put it into the Official Journal, and when */
};
const struct sg_en_standard *sg_en_standard(int part);
/* What the Official Journal says against presuming conformity. */
struct sg_en_restriction {
    unsigned parts;
    int number;
    const char *requirements; /* "AUM-5-1 AUM-5-2"; "": all */
    const char *what;
};
const struct sg_en_restriction *sg_en_restriction(size_t i); /* NULL after the last */
struct sg_en_date {
    const char *date, *event, *source;
};
const struct sg_en_date *sg_en_date(size_t i); /* NULL after the last */
/* The last day on which units are placed on the market under Delegated Regulation (EU) 2022/30. */
#define SG_EN_LAST_DAY "2027-12-10"

/* ------------------------------------------------------------------------------------------- the product file */

/* What is wrong with a product file, with its line. */
enum sg_product_fault {
    SG_PRODUCT_ERROR,         /* it cannot be read so */
    SG_PRODUCT_CONTRADICTION, /* two statements that exclude each other */
    SG_PRODUCT_MISSING,       /* a statement that the assessment needs */
};
const char *sg_product_fault_name(enum sg_product_fault f); /* "error", "contradiction", "missing" */
struct sg_product_problem {
    enum sg_product_fault fault;
    size_t line;
    char *text;
};

/* A product file that was read; see docs/reference/assessment.md. */
struct sg_product;
enum { SG_PRODUCT_MOST = 1 << 20 }; /* bytes of a product file */
/* NULL where it is no YAML of the right shape at all (SG_EFORMAT), or not there (SG_ENOTFOUND). What is wrong inside is
 * in its problems: with an error among them it cannot be assessed. */
struct sg_product *sg_product_load(const char *path, struct sg_error *err);
struct sg_product *sg_product_parse(const char *name, struct sg_bytes text, struct sg_error *err);
void sg_product_free(struct sg_product *p);
/* In the order of the lines. */
const struct sg_product_problem *sg_product_problems(const struct sg_product *p, size_t *n);
/* The file as JSON: the same names, lists and texts. A new reference. */
json_t *sg_product_json(const struct sg_product *p);

/* --------------------------------------------------------------------------------------------- the assessment */

/* The result of a unit, a requirement or a whole. Ordered by how much a person must look at it. */
enum sg_result { SG_RESULT_NOT_APPLICABLE, SG_RESULT_PASS, SG_RESULT_NOT_ENOUGH, SG_RESULT_FAIL };
const char *sg_result_name(enum sg_result r); /* "NOT APPLICABLE", "PASS", "NOT ENOUGH EVIDENCE", "FAIL" */

struct sg_assess_input {
    const struct sg_product *product;
    /* Records of the probe: a list of {"folder": text, "record": record.json, "wrong": text or null}, as
     * sg_evidence_walk tells them. Borrowed. */
    json_t *records;
    json_t *gathered; /* what `signet assess gather` fetched (its gathered.json); NULL: nothing. Borrowed */
    int64_t now;      /* seconds since 1970 */
    const char *version;
};
/* Assesses: result.json as a new reference. NULL: SG_EFORMAT (the product file has errors), SG_ENOMEM. */
json_t *sg_assess_run(const struct sg_assess_input *in, struct sg_error *err);

/* Which runs of the probe speak to a requirement's assessment on the equipment. */
struct sg_assess_link {
    const char *requirement, *run;
    const char *category; /* of its implementation categories; "": all */
    bool needed;          /* the sufficiency assessment needs it; otherwise it supports */
};
const struct sg_assess_link *sg_assess_link(size_t i); /* NULL after the last */

/* ------------------------------------------------------------------------------------------------ the report */

/* A page that needs nothing else but the evidence that it links to, made from result.json alone: the report; skeletons
 * of the technical documentation (RED Annex V) and of the declaration of conformity (Annexes VI and VII). It lies in
 * report/ of the assessment's folder. *n bytes in new memory (free()). NULL: SG_EFORMAT (not a result), SG_ENOMEM. */
enum sg_assess_page_kind { SG_PAGE_REPORT, SG_PAGE_DOCUMENTATION, SG_PAGE_DECLARATION };
char *sg_assess_page(enum sg_assess_page_kind kind, const json_t *result, size_t *n, struct sg_error *err);

#endif
