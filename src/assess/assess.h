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
#include "pki/pki.h"
#include "store/store.h"

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

/* A piece of information that the technical documentation must hold: E.Info.ID.name. "<A>Asset" in a name stands for
 * SecurityAsset, and for NetworkAsset (-1), PrivacyAsset (-2), FinancialAsset (-3). */
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

/* ------------------------------------------------------------------------------------------------ the comparison */

/* What differs between two results: "changed" (statements of the product file: path, old, new), "results" (of
 * requirements), "again" (runs and people's checks that counted in the first, and do not in the second, nor were made
 * again). docs/reference/json.md. A new reference; NULL: no memory. */
json_t *sg_assess_diff(const json_t *before, const json_t *after);

/* ---------------------------------------------------------------------------------------------------- the seal */

/*
 * A sealed assessment is one tar file of plain files: MANIFEST.sha256 has the hashes of all, manifest.p7s a signature
 * over that, manifest.tsr a time stamp over the signature, renewal-N.* later stamps over everything before them
 * (docs/reference/archive.md). It is held in memory as a whole.
 */
enum { SG_SEAL_LARGEST = 1 << 30 };

struct sg_seal_wanted {
    const char *dir;         /* the assessment's folder */
    const char *const *sbom; /* files, from wherever they are */
    size_t sboms;
    const json_t *inventory; /* the extract; NULL: none */
    struct sg_issuer signer;
    const char *who, *version, *system; /* who seals; of signet; of the machine, as uname tells */
    int64_t now;
    bool draft; /* seal what is not finished: the manifest says so */
    void *user;
    void (*left_out)(void *user, const char *path, const char *why);
};
/* Seals: the archive's bytes in new memory (free()), without a time stamp. NULL: SG_EDENIED (a secret is among the
 * files), SG_ESTATE (result or report are missing, or older than product file and records), SG_EINVAL, SG_EIO. */
uint8_t *sg_seal_make(const struct sg_seal_wanted *w, size_t *n, struct sg_error *err);
/* Public facts of the inventory: devices, certificates, revocations, the audit log's length and last hash. */
json_t *sg_seal_inventory(struct sg_store *store, struct sg_error *err);

/* What is wrong with an archive. */
enum sg_seal_fault {
    SG_SEAL_ALTERED,
    SG_SEAL_CUT, /* a file's end is missing */
    SG_SEAL_MISSING,
    SG_SEAL_ADDED,
    SG_SEAL_RENAMED,
    SG_SEAL_UNSIGNED,  /* the signature does not fit, or is by another than it should be */
    SG_SEAL_UNSTAMPED, /* a time stamp does not fit, or is by another than it should be */
    SG_SEAL_OVERDUE,   /* a stamp proves nothing any more, and no later one covers it */
};
const char *sg_seal_fault_name(enum sg_seal_fault f); /* "altered", "cut", … */
struct sg_seal_finding {
    enum sg_seal_fault fault;
    char path[256];   /* "": the archive itself */
    int64_t from, to; /* the bytes in it; -1: not known */
    char text[600];
};

enum { SG_SEAL_STAMPS = 64 };
struct sg_seal_stamp {
    char path[32];
    struct sg_stamp stamp;
    int64_t until;   /* until when it proves its time by itself */
    const char *why; /* what ends then */
};
struct sg_seal_look {
    const struct sg_trust *signers, *authorities; /* CAs; NULL: not asked */
    int64_t now;
    void *user;
    void (*found)(void *user, const struct sg_seal_finding *finding);
    /* What was found: */
    size_t files, records, faults;
    uint64_t bytes;
    int64_t sealed; /* as the manifest says */
    char by[64];
    bool draft, has_signer, signer_trusted; /* the last where `signers` are given */
    struct sg_cert_facts signer;
    struct sg_seal_stamp stamp[SG_SEAL_STAMPS];
    size_t stamps;
    int64_t due; /* when the next stamp must be there; 0: there is none yet */
};
/* Checks everything but the chain of the records. 0; SG_EMISMATCH: there are faults, each told to `found`; SG_EFORMAT:
 * this is no archive that could be looked at, err says why. */
int sg_seal_verify(struct sg_bytes archive, struct sg_seal_look *look, struct sg_error *err);
/* Calls `fn` for each file of an archive, by path. What it returns ends the walk where it is not 0. */
int sg_seal_each(struct sg_bytes archive, int (*fn)(void *user, const char *path, struct sg_bytes content), void *user,
                 struct sg_error *err);

/* The next time stamp of an archive: the first, over its signature, or a renewal, over all that is there. */
struct sg_seal_next {
    char path[32];    /* of the stamp: "manifest.tsr", "renewal-1.tsr" */
    char sums[32];    /* of what it is over, which joins the archive with it; "": it is there already */
    char digest[16];  /* OpenSSL's name */
    uint8_t *content; /* what it is over; of malloc() */
    size_t n;
};
/* `digest`: "sha256" (the first only), "sha512", "sha3-512". SG_EINVAL, SG_ENOSPC (there are too many), SG_EFORMAT. */
int sg_seal_next(struct sg_bytes archive, const char *digest, struct sg_seal_next *next, struct sg_error *err);
/* The archive with that stamp (which the caller has verified), in new memory. */
uint8_t *sg_seal_add_stamp(struct sg_bytes archive, const struct sg_seal_next *next, struct sg_bytes stamp, size_t *n,
                           struct sg_error *err);

#endif
