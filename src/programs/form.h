/* SPDX-License-Identifier: Apache-2.0 */
/* A YAML file whose fields stand in a table, for reading, checking and documenting them: signet.yaml, a line's policy.
 */
#ifndef SG_FORM_H
#define SG_FORM_H

#include "core/core.h"

#include <cyaml/cyaml.h>

struct sg_form_field {
    const char *section; /* "" for the top of the file */
    const char *key;
    size_t at; /* in what libcyaml loads, of its text: a char *, NULL where it is absent; of a struct sg_form_list */
    bool list; /* `take` is called for each item, after NULL has told that a list begins */
    bool (*take)(void *out, const char *text); /* false: not allowed */
    const char *fallback;                      /* its default, as it stands in the file; a list's items with blanks */
    const char *allowed;                       /* completes "allowed: …" */
    const char *meaning;                       /* comment lines of the template, separated by '\n' */
};

struct sg_form_list {
    char **item;
    unsigned count;
};

struct sg_form {
    const cyaml_schema_value_t *schema;
    const struct sg_form_field *fields; /* grouped by section; those of a section stand together */
    size_t count;
};

/* A text field `member` of the struct that libcyaml loads. */
enum { SG_FORM_LONGEST = 1024 };
#define SG_FORM_TEXT(type, member)                                                                                     \
    CYAML_FIELD_STRING_PTR(#member, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 0, SG_FORM_LONGEST)

/* Reads a file into `out`; what it does not say is left as it is there. SG_ENOTFOUND, SG_EIO; SG_EFORMAT: `err` names
 * the file, the line, the key, what stands there and what is allowed. */
int sg_form_load(const struct sg_form *form, const char *path, void *out, struct sg_error *err);
int sg_form_parse(const struct sg_form *form, const char *name, struct sg_bytes text, void *out, struct sg_error *err);
/* Every field's default. */
void sg_form_defaults(const struct sg_form *form, void *out);
/* Appends all fields with their meaning and default; the one named `key` (NULL: none) has `value` instead. */
void sg_form_template(const struct sg_form *form, const char *key, const char *value, struct sg_buf *out);

/* For `take`: a number within its limits; a text that fits. */
bool sg_form_number(const char *text, uint64_t least, uint64_t most, uint64_t *n);
bool sg_form_text(const char *text, char *out, size_t cap);
bool sg_form_truth(const char *text, bool *out);
/* The index of `text` in a list ended by NULL. */
bool sg_form_choice(const char *text, const char *const *names, unsigned *index);

#endif
