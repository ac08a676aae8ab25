/* SPDX-License-Identifier: Apache-2.0 */
/* The defaults of a YAML file of fields, the commented file that documents them, and what most fields are made of. */
#include "programs/form.h"

#include <string.h>

bool sg_form_number(const char *text, uint64_t least, uint64_t most, uint64_t *n)
{
    return sg_parse_udec(sg_str(text), most, n) == 0 && *n >= least;
}

bool sg_form_text(const char *text, char *out, size_t cap)
{
    size_t n = strlen(text);
    if (n >= cap)
        return false;
    memcpy(out, text, n + 1);
    return true;
}

bool sg_form_truth(const char *text, bool *out)
{
    *out = strcmp(text, "true") == 0;
    return *out || strcmp(text, "false") == 0;
}

bool sg_form_choice(const char *text, const char *const *names, unsigned *index)
{
    for (*index = 0; names[*index] != NULL; ++*index)
        if (strcmp(text, names[*index]) == 0)
            return true;
    return false;
}

/* The next of a list's items, which stand with blanks between them; false at the end. */
static bool next_item(const char **items, char *item, size_t cap)
{
    *items += strspn(*items, " ");
    size_t n = strcspn(*items, " ");
    if (n == 0 || n >= cap)
        return false;
    memcpy(item, *items, n);
    item[n] = '\0';
    *items += n;
    return true;
}

void sg_form_defaults(const struct sg_form *form, void *out)
{
    for (size_t i = 0; i < form->count; i++) {
        const struct sg_form_field *f = &form->fields[i];
        const char *items = f->fallback;
        char item[SG_FORM_LONGEST];
        if (!f->list)
            (void)f->take(out, f->fallback);
        while (f->list && next_item(&items, item, sizeof item))
            (void)f->take(out, item);
    }
}

static void put_comment(struct sg_buf *out, const char *indent, const char *text)
{
    sg_put_str(out, indent);
    sg_put_str(out, "# ");
    for (; *text != '\0'; text++) {
        sg_put_u8(out, (uint8_t)*text);
        if (*text == '\n') {
            sg_put_str(out, indent);
            sg_put_str(out, "# ");
        }
    }
    sg_put_str(out, "\n");
}

static void put_list(struct sg_buf *out, const char *items)
{
    const char *before = "[";
    char item[SG_FORM_LONGEST];
    while (next_item(&items, item, sizeof item)) {
        sg_put_str(out, before);
        sg_put_str(out, "\"");
        sg_put_str(out, item);
        sg_put_str(out, "\"");
        before = ", ";
    }
    sg_put_str(out, "]\n");
}

/* Text is quoted, because "[::]:5684" and "" would mean something else to YAML; numbers, words and truth values are
 * not. */
static void put_value(struct sg_buf *out, const char *value)
{
    bool bare = value[0] != '\0' && value[strspn(value, "abcdefghijklmnopqrstuvwxyz_0123456789")] == '\0';
    sg_put_str(out, bare ? "" : "\"");
    sg_put_str(out, value);
    sg_put_str(out, bare ? "\n" : "\"\n");
}

static void put_field(struct sg_buf *out, const struct sg_form_field *f, const char *value)
{
    const char *indent = f->section[0] == '\0' ? "" : "  ";

    put_comment(out, indent, f->meaning);
    sg_put_str(out, indent);
    sg_put_str(out, "# Allowed: ");
    sg_put_str(out, f->allowed);
    sg_put_str(out, ".\n");
    sg_put_str(out, indent);
    sg_put_str(out, f->key);
    sg_put_str(out, ": ");
    if (f->list)
        put_list(out, value);
    else
        put_value(out, value);
}

void sg_form_template(const struct sg_form *form, const char *key, const char *value, struct sg_buf *out)
{
    const char *section = "";
    for (size_t i = 0; i < form->count; i++) {
        const struct sg_form_field *f = &form->fields[i];
        sg_put_str(out, "\n");
        if (strcmp(f->section, section) != 0 && f->section[0] != '\0') {
            sg_put_str(out, f->section);
            sg_put_str(out, ":\n");
        }
        section = f->section;
        put_field(out, f, key != NULL && strcmp(f->key, key) == 0 ? value : f->fallback);
    }
}
