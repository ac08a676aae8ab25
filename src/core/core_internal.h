/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share among themselves. */
#ifndef SG_CORE_INTERNAL_H
#define SG_CORE_INTERNAL_H

#include "core/core.h"

/* Well-formed UTF-8 of RFC 3629: shortest forms, no surrogates, at most U+10FFFF. */
bool sg_core_utf8(struct sg_bytes text);

/* decimal.c. A finite double as the digits that read back as the same number: "21.5", "1e+21", and back. */
void sg_core_put_double(struct sg_buf *b, double v);
int sg_core_parse_double(struct sg_bytes text, double *out); /* SG_EFORMAT, also where it is too large */

/* A number as a whole number, where it is one: false otherwise. */
bool sg_core_double_to_int(double v, int64_t *out);

/* cbor_read.c. An array or map of either length form (RFC 8949 section 3.2.2), for data that others wrote. */
struct sg_core_items {
    size_t left;
    bool indefinite;
};
void sg_core_cbor_open(struct sg_cursor *c, enum sg_cbor_type type, struct sg_core_items *items);
bool sg_core_cbor_more(struct sg_cursor *c, struct sg_core_items *items); /* true: one more item (or pair) follows */

/* One content format each: what sg_content_read and sg_content_write do for it. Arguments are checked already. */
struct sg_core_reader {
    const struct sg_path *base;
    struct sg_bytes payload;
    struct sg_buf *scratch;
    struct sg_record *records;
    size_t count, cap;
};
int sg_core_tlv_read(struct sg_core_reader *r);
int sg_core_senml_read(struct sg_core_reader *r);
int sg_core_text_read(struct sg_core_reader *r);
int sg_core_octets_read(struct sg_core_reader *r);
int sg_core_cbor_read(struct sg_core_reader *r);
/* Adds a record: SG_EFORMAT where the path is not within the base or names no resource, SG_ENOSPC. */
int sg_core_add(struct sg_core_reader *r, const struct sg_path *path, const struct sg_value *value);
/* The registered type of a resource, or `unknown`. */
enum sg_type sg_core_type_of(const struct sg_path *path, enum sg_type unknown);
/* Makes a number of another kind what its resource asks for (SenML and CBOR have one kind of number). SG_EFORMAT. */
int sg_core_fit(const struct sg_path *path, struct sg_value *value);

/* A CBOR integer or float as INTEGER, UNSIGNED (beyond int64) or FLOAT; `bad` for anything else. */
void sg_core_get_number(struct sg_cursor *c, struct sg_value *v);

int sg_core_tlv_write(const struct sg_path *base, const struct sg_record *records, size_t n, struct sg_buf *out);
int sg_core_senml_write(const struct sg_path *base, const struct sg_record *records, size_t n, struct sg_buf *out);
int sg_core_text_write(const struct sg_value *v, struct sg_buf *out);
int sg_core_octets_write(const struct sg_value *v, struct sg_buf *out);
int sg_core_cbor_write(const struct sg_value *v, struct sg_buf *out);

/* "3:0", the text form of an object link. SG_EFORMAT. */
int sg_core_parse_link(struct sg_bytes text, uint16_t link[2]);
void sg_core_put_link(struct sg_buf *b, const uint16_t link[2]);

#endif
