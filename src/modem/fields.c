/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of an information line: numbers and quoted strings between commas. */
#include "modem/modem_internal.h"

bool sg_modem_after(struct sg_bytes line, const char *prefix, struct sg_bytes *rest)
{
    struct sg_bytes p = sg_str(prefix);

    if (line.n < p.n || !sg_bytes_eq(sg_bytes(line.p, p.n), p))
        return false;
    *rest = sg_bytes(line.p + p.n, line.n - p.n);
    return true;
}

static void skip(struct sg_bytes *rest, size_t n)
{
    rest->p += n;
    rest->n -= n;
}

/* Documentation shows blanks after the commas, the tools' recordings do not (modem notes 1.4): both are taken. */
static void skip_blanks(struct sg_bytes *rest)
{
    while (rest->n > 0 && rest->p[0] == ' ')
        skip(rest, 1);
}

static size_t find(struct sg_bytes text, uint8_t c)
{
    size_t i = 0;

    while (i < text.n && text.p[i] != c)
        i++;
    return i;
}

bool sg_modem_field(struct sg_bytes *rest, struct sg_bytes *field)
{
    skip_blanks(rest);
    if (rest->n == 0)
        return false;
    if (rest->p[0] == '"') {
        skip(rest, 1);
        size_t n = find(*rest, '"');
        if (n == rest->n)
            return false;
        *field = sg_bytes(rest->p, n);
        skip(rest, n + 1);
        skip_blanks(rest);
        if (rest->n > 0 && rest->p[0] != ',')
            return false;
    } else {
        size_t n = find(*rest, ',');
        *field = sg_bytes(rest->p, n);
        skip(rest, n);
        while (field->n > 0 && field->p[field->n - 1] == ' ')
            field->n--;
    }
    if (rest->n > 0)
        skip(rest, 1);
    return true;
}

bool sg_modem_field_number(struct sg_bytes *rest, uint64_t max, uint64_t *out)
{
    struct sg_bytes field;

    return sg_modem_field(rest, &field) && sg_parse_udec(field, max, out) == 0;
}

bool sg_modem_quotable(struct sg_bytes text, size_t max)
{
    if (text.n == 0 || text.n > max)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == 0 || c == '"' || c == 0x08 || c >= 0x7F)
            return false;
    }
    return true;
}
