/* SPDX-License-Identifier: Apache-2.0 */
/* struct sg_error: the sentence that a person reads. Host only, because it formats with stdio. */
#include "core/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int sg_fail(struct sg_error *err, int code, const char *fmt, ...)
{
    if (err == NULL)
        return code;
    /* Through a copy, because an argument may be err->text itself. */
    char text[sizeof err->text];
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(text, sizeof text, fmt, args) < 0)
        text[0] = '\0';
    va_end(args);
    memcpy(err->text, text, sizeof text);
    err->code = code;
    return code;
}

int sg_fail_in(struct sg_error *err, const char *fmt, ...)
{
    if (err == NULL)
        return SG_EIO;
    char text[sizeof err->text];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n < 0)
        return err->code;
    size_t used = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    size_t room = sizeof text - 1 - used;
    if (room > 2) /* the prefix says what it was for: it is kept whole, and the rest is cut */
        (void)snprintf(text + used, room + 1, ": %.*s", (int)(room - 2), err->text);
    memcpy(err->text, text, sizeof text);
    return err->code;
}
