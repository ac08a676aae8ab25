/* SPDX-License-Identifier: Apache-2.0 */
/* The characters that have a meaning in HTML. */
#include "core/core.h"

#include <stddef.h>

const char *sg_html_entity(uint8_t c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    default:
        return NULL;
    }
}
