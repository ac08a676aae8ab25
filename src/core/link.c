/* SPDX-License-Identifier: Apache-2.0 */
/* CoRE link format: RFC 6690 section 2, as LwM2M registers its objects with it. */
#include "core/core.h"

static bool at(const struct sg_cursor *c, uint8_t ch)
{
    return sg_left(c) > 0 && c->p[c->at] == ch;
}

/* Blanks are allowed around the comma (RFC 5988 section 5, on which RFC 6690 builds). */
static void skip_blanks(struct sg_cursor *c)
{
    while (at(c, ' ') || at(c, '\t'))
        c->at++;
}

/* What a parameter's name or an unquoted value may contain: RFC 6690 section 2, "ptoken" (names are a subset). */
static bool is_token(uint8_t ch)
{
    return ch > ' ' && ch < 0x7f && ch != '"' && ch != ',' && ch != ';' && ch != '\\';
}

static struct sg_bytes token(struct sg_cursor *c, bool name)
{
    size_t start = c->at;

    while (sg_left(c) > 0 && is_token(c->p[c->at]) && !(name && c->p[c->at] == '='))
        c->at++;
    if (c->at == start)
        c->bad = true;
    return c->bad ? sg_bytes(NULL, 0) : sg_bytes(c->p + start, c->at - start);
}

/* After the opening quote, up to the closing one; a backslash takes the next character with it. */
static struct sg_bytes quoted(struct sg_cursor *c)
{
    size_t start = c->at;

    while (sg_left(c) > 0 && c->p[c->at] != '"')
        c->at += c->p[c->at] == '\\' && sg_left(c) > 1 ? 2 : 1;
    struct sg_bytes text = sg_bytes(c->p + start, c->at - start);
    sg_get_u8(c); /* the closing quote, or bad */
    return c->bad ? sg_bytes(NULL, 0) : text;
}

/* ;name or ;name=value or ;name="value" */
static void param(struct sg_cursor *c, struct sg_bytes *name, struct sg_bytes *value)
{
    if (sg_get_u8(c) != ';')
        c->bad = true;
    *name = token(c, true);
    *value = sg_bytes(NULL, 0);
    if (!at(c, '='))
        return;
    c->at++;
    if (at(c, '"')) {
        c->at++;
        *value = quoted(c);
    } else {
        *value = token(c, false);
    }
}

static struct sg_bytes target(struct sg_cursor *c)
{
    if (sg_get_u8(c) != '<')
        c->bad = true;
    size_t start = c->at;
    while (sg_left(c) > 0 && c->p[c->at] != '>')
        c->at++;
    struct sg_bytes text = sg_bytes(c->p + start, c->at - start);
    sg_get_u8(c); /* '>', or bad */
    return text;
}

bool sg_link_next(struct sg_cursor *c, struct sg_link *link)
{
    struct sg_bytes name, value;

    if (sg_left(c) == 0)
        return false;
    skip_blanks(c);
    link->target = target(c);
    size_t start = c->at;
    while (at(c, ';'))
        param(c, &name, &value);
    if (c->bad)
        return false;
    link->params = sg_bytes(c->p + start, c->at - start);
    skip_blanks(c);
    if (sg_left(c) == 0)
        return true;
    if (sg_get_u8(c) != ',' || sg_left(c) == 0) /* a comma promises another link */
        c->bad = true;
    return !c->bad;
}

bool sg_link_param(const struct sg_link *link, const char *name, struct sg_bytes *value)
{
    struct sg_cursor c = sg_cursor(link->params);
    struct sg_bytes found_name, found_value;

    while (sg_left(&c) > 0) {
        param(&c, &found_name, &found_value);
        if (!c.bad && sg_bytes_eq_str(found_name, name)) {
            *value = found_value;
            return true;
        }
    }
    return false;
}

void sg_link_put(struct sg_buf *b, size_t start, const struct sg_path *path)
{
    char text[SG_PATH_TEXT];

    if (b->len > start)
        sg_put_u8(b, ',');
    sg_put_u8(b, '<');
    sg_put_str(b, sg_path_text(path, text));
    sg_put_u8(b, '>');
}
