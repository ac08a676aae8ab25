/* SPDX-License-Identifier: Apache-2.0 */
/* A product file that was read: JSON of known shape, each entry of a list with its line. */
#ifndef SG_ASSESS_PRODUCT_INTERNAL_H
#define SG_ASSESS_PRODUCT_INTERNAL_H

#include "assess/assess.h"

#include <yaml.h>

struct sg_product {
    char name[256]; /* of the file, for sentences */
    json_t *doc;    /* sections; entries of lists have "line" */
    char sha256[65];
    size_t bytes;
    struct sg_product_problem *problem;
    size_t problems, room;
    bool out_of_memory;
};

/* What a field holds. */
enum sg_field_kind {
    SG_FIELD_TEXT,
    SG_FIELD_ID,     /* a name by which others refer to the entry, its own in the whole file */
    SG_FIELD_YESNO,  /* JSON true or false */
    SG_FIELD_DATE,   /* 2026-11-23 */
    SG_FIELD_NUMBER, /* JSON integer */
    SG_FIELD_CHOICE, /* one of `allowed` */
    SG_FIELD_LIST,   /* of texts */
    SG_FIELD_NUMBERS,
    SG_FIELD_IDS, /* of entries of the sections in `allowed` (separated by blanks); "mechanisms/storage": of a kind */
    SG_FIELD_ANSWERS, /* DN-1: yes */
    SG_FIELD_TEXTS,   /* name: text */
};
struct sg_product_field {
    const char *section, *key;
    enum sg_field_kind kind;
    bool needed;
    const char *allowed;
};
struct sg_product_section {
    const char *name;
    bool list;
};
extern const struct sg_product_section sg_product_sections[]; /* ended by a NULL name */
extern const struct sg_product_field sg_product_fields[];     /* ended by a NULL section */

/* Adds a problem (printf form). */
void sg_product_add(struct sg_product *p, enum sg_product_fault fault, size_t line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Reads the document's sections into p->doc (product_read.c). */
void sg_product_read(struct sg_product *p, yaml_document_t *doc);
/* Holds what was read against itself (product_check.c). */
void sg_product_check(struct sg_product *p);

/* ----------------------------------------------------------------- looking things up in what was read (product.c) */

/* A section's list, or a field's; an empty one where there is none. Borrowed. */
const json_t *sg_product_list(const struct sg_product *p, const char *section);
const json_t *sg_row_list(const json_t *row, const char *key);
/* A field of an entry: "" and false where there is none. */
const char *sg_row_text(const json_t *row, const char *key);
bool sg_row_yes(const json_t *row, const char *key);
size_t sg_row_line(const json_t *row);
bool sg_list_has(const json_t *list, const char *text);
/* A field of the section "product". */
bool sg_product_is(const struct sg_product *p, const char *key);
const char *sg_product_text(const struct sg_product *p, const char *key);
/* The entry of that id in any section, NULL; `section` (may be NULL) gets the section's name. */
const json_t *sg_product_find(const struct sg_product *p, const char *id, const char **section);
/* "2026-11-23", a day that exists. */
bool sg_is_date(const char *text);

#endif
