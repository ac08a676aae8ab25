/* SPDX-License-Identifier: Apache-2.0 */
/* Until when a time stamp proves its time by itself: then a later one must cover it. */
#include "seal_internal.h"

#include <string.h>

/*
 * How long signatures are to be trusted, by what guidance says today:
 * - below 112 bits: not any more; 112 bits (RSA 2048): to the end of 2030 (NIST SP 800-57 part 1 rev. 5, table 4);
 * - RSA and elliptic curves of any strength: to the end of 2035 (NIST IR 8547, initial public draft, table 2).
 * Hashes of 256 bits and more, and the signatures after quantum computers, have no end yet.
 */
static const struct {
    unsigned strength; /* below this many bits */
    const char *key;   /* whose name begins so; "": any */
    int64_t until;
    const char *why;
} ages[] = {
    {112, "", 0, "its key or its digest is too weak"},
    {128, "", INT64_C(1924991999), "its key of 112 bits of strength is to be trusted to the end of 2030"},
    {~0U, "RSA", INT64_C(2082758399), "RSA signatures are to be trusted to the end of 2035"},
    {~0U, "EC", INT64_C(2082758399), "signatures with elliptic curves are to be trusted to the end of 2035"},
    {~0U, "ED", INT64_C(2082758399), "signatures with elliptic curves are to be trusted to the end of 2035"},
};

int64_t sg_seal_lasts(const struct sg_stamp *stamp, const char **why)
{
    int64_t until = stamp->authority.until;
    *why = "its authority's certificate ends";
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
        bool applies = stamp->strength < ages[i].strength && strncmp(stamp->key, ages[i].key, strlen(ages[i].key)) == 0;
        if (applies && ages[i].until < until) {
            until = ages[i].until;
            *why = ages[i].why;
        }
    }
    return until;
}
