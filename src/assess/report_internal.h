/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the report share. All are written from result.json alone (docs/reference/assessment.md). */
#ifndef SG_ASSESS_REPORT_INTERNAL_H
#define SG_ASSESS_REPORT_INTERNAL_H

#include "assess/assess_internal.h"

#include <stdio.h>

/* A text member; "" where there is none. */
const char *sg_assess_text(const json_t *object, const char *key);

/* Text with what HTML and SVG give a meaning replaced. */
void sg_assess_put_html(FILE *f, struct sg_bytes text);
void sg_assess_put(FILE *f, const char *text);
void sg_assess_put_element(FILE *f, const char *element, const char *text);
/* A row of a table of facts; says that it is missing where `value` is "". */
void sg_assess_put_row(FILE *f, const char *name, const char *value);
/* A result, told apart by its form as well as by its word. */
void sg_assess_put_badge(FILE *f, const char *result);
/* All up to and including the page's heading, "TITLE: OF". */
void sg_assess_put_head(FILE *f, const char *title, const char *of);

/* The tree of a requirement in a part, as SVG, with the path taken (NULL: none). */
void sg_assess_draw(FILE *f, const struct sg_en_requirement *r, int part, const struct sg_en_path *path);
/* One requirement's section. */
void sg_assess_put_requirement(FILE *f, const json_t *requirement);
/* What the evidence is. */
void sg_assess_put_records(FILE *f, const json_t *result);

/* The papers, as pages. */
void sg_assess_put_documentation(FILE *f, const json_t *result);
void sg_assess_put_declaration(FILE *f, const json_t *result);

#endif
