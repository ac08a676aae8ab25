/* SPDX-License-Identifier: Apache-2.0 */
/* %JWT and %CERTEXPIRY: what the modem can tell of a key that nobody can read, and of a certificate (modem notes 1.10,
 * 3.3). */
#include "modem/modem_internal.h"

#include <string.h>

enum { WORD_MIN = 16, WORD_MAX = 64, DATE = 15, COMMAND_MAX = 256 };

/* The one line that answers: what stands behind its prefix goes to `take`. */
struct answer {
    const char *prefix;
    int (*take)(void *user, struct sg_bytes fields);
    void *user;
    bool found;
};

static int take_line(void *user, struct sg_bytes line)
{
    struct answer *a = user;
    struct sg_bytes rest;

    if (!sg_modem_after(line, a->prefix, &rest))
        return 0;
    if (a->found)
        return SG_EFORMAT;
    a->found = true;
    return a->take(a->user, rest);
}

static int ask(struct sg_modem *m, const struct sg_buf *command, struct answer *a)
{
    int e = sg_modem_ask(m, command, take_line, a, SG_MODEM_STORE);

    e = sg_modem_unsupported(m, sg_modem_not_found(m, e));
    return e < 0 ? e : a->found ? 0 : SG_EFORMAT;
}

/* -------------------------------------------------------------------------------------------- certificates */

static bool keep(struct sg_bytes field, char *out, size_t cap, bool (*is_good)(uint8_t c))
{
    if (field.n == 0 || field.n >= cap)
        return false;
    for (size_t i = 0; i < field.n; i++)
        if (!is_good(field.p[i]))
            return false;
    memcpy(out, field.p, field.n);
    out[field.n] = 0;
    return true;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static bool is_date_letter(uint8_t c)
{
    return is_digit(c) || c == 'Z';
}

static int take_expiry(void *user, struct sg_bytes rest)
{
    struct sg_cert_expiry *e = user;
    struct sg_bytes serial, from, until;

    if (!sg_modem_field(&rest, &serial) || !sg_modem_field(&rest, &from) || !sg_modem_field(&rest, &until) ||
        rest.n > 0 || from.n != DATE || until.n != DATE)
        return SG_EFORMAT;
    return keep(serial, e->serial, sizeof e->serial, is_hex) && keep(from, e->from, sizeof e->from, is_date_letter) &&
                   keep(until, e->until, sizeof e->until, is_date_letter)
               ? 0
               : SG_EFORMAT;
}

int sg_modem_cert_expiry(struct sg_modem *m, uint32_t tag, unsigned type, struct sg_cert_expiry *e)
{
    uint8_t space[COMMAND_MAX];
    struct sg_buf command = sg_buf(space, sizeof space);
    struct answer a = {.prefix = "%CERTEXPIRY:", .take = take_expiry, .user = e};

    *e = (struct sg_cert_expiry){0};
    sg_put_str(&command, "AT%CERTEXPIRY=");
    sg_put_udec(&command, tag);
    sg_put_str(&command, ",");
    sg_put_udec(&command, type);
    return ask(m, &command, &a);
}

/* ---------------------------------------------------------------------------------------------------- keys */

static size_t find_dot(struct sg_bytes text, size_t from)
{
    while (from < text.n && text.p[from] != '.')
        from++;
    return from;
}

int sg_jwt_parse(struct sg_bytes text, struct sg_jwt *t)
{
    struct sg_buf space = sg_buf(t->buffer, sizeof t->buffer), signature = sg_buf(t->signature, sizeof t->signature);
    size_t first = find_dot(text, 0), second = find_dot(text, first + 1);

    if (first >= text.n || second >= text.n)
        return SG_EFORMAT;
    sg_put(&space, text.p, second);
    t->text = sg_bytes(t->buffer, second);
    if (space.full)
        return SG_ENOSPC;
    size_t at = space.len;
    int e = sg_parse_base64url(sg_bytes(text.p + first + 1, second - first - 1), &space);
    t->claims = sg_bytes(t->buffer + at, space.len - at);
    if (e == 0)
        e = sg_parse_base64url(sg_bytes(text.p + second + 1, text.n - second - 1), &signature);
    if (e == SG_ENOSPC && signature.full)
        return SG_EFORMAT;
    return e < 0 ? e : signature.len == sizeof t->signature ? 0 : SG_EFORMAT;
}

static int take_token(void *user, struct sg_bytes rest)
{
    struct sg_bytes text;

    return sg_modem_field(&rest, &text) && rest.n == 0 ? sg_jwt_parse(text, user) : SG_EFORMAT;
}

static bool holds(struct sg_bytes text, const char *word)
{
    struct sg_bytes w = sg_str(word);

    for (size_t i = 0; i + w.n <= text.n; i++)
        if (sg_bytes_eq(sg_bytes(text.p + i, w.n), w))
            return true;
    return false;
}

static bool is_word(const char *s)
{
    size_t n = strlen(s);

    for (size_t i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\')
            return false;
    return n >= WORD_MIN && n <= WORD_MAX;
}

int sg_modem_prove_key(struct sg_modem *m, uint32_t tag, const char *subject, const char *audience, struct sg_jwt *t)
{
    uint8_t space[COMMAND_MAX];
    struct sg_buf command = sg_buf(space, sizeof space);
    struct answer a = {.prefix = "%JWT:", .take = take_token, .user = t};

    if (!is_word(subject) || !is_word(audience))
        return SG_EINVAL;
    sg_put_str(&command, "AT%JWT=0,0,\"");
    sg_put_str(&command, subject);
    sg_put_str(&command, "\",\"");
    sg_put_str(&command, audience);
    sg_put_str(&command, "\",");
    sg_put_udec(&command, tag);
    sg_put_str(&command, ",2");
    int e = ask(m, &command, &a);
    /* Random words, signed: wherever they stand in the claims, nobody could have asked for them before. */
    if (e == 0 && !(holds(t->claims, subject) && holds(t->claims, audience)))
        return SG_EMISMATCH;
    return e;
}
