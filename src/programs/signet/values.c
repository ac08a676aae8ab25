/* SPDX-License-Identifier: Apache-2.0 */
/* Values, names and lines as people read them. */
#include "online.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *must(char *text)
{
    if (text == NULL)
        abort();
    return text;
}

char *sg_cli_safe(const char *text)
{
    size_t cap = strlen(text) + 1;
    char *safe = must(malloc(cap));

    sg_cli_clean_into(text, safe, cap);
    return safe;
}

char *sg_cli_value(const json_t *record)
{
    const json_t *v = json_object_get(record, "value");
    char text[400];
    struct sg_buf b = sg_buf(text, sizeof text);
    struct sg_value number = {.type = SG_FLOAT};

    switch (v != NULL ? json_typeof(v) : JSON_NULL) {
    case JSON_STRING:
        return sg_cli_safe(json_string_value(v));
    case JSON_REAL:
        number.f = json_real_value(v);
        break;
    case JSON_INTEGER:
        number = (struct sg_value){.type = SG_INTEGER, .i = json_integer_value(v)};
        if (strcmp(sg_cli_text_of(record, "type"), "time") == 0 && number.i > 0) {
            char when[SG_CLI_TIME];
            return must(strdup(sg_cli_time(number.i, when)));
        }
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        number = (struct sg_value){.type = SG_BOOLEAN, .b = json_is_true(v)};
        break;
    case JSON_NULL:
    case JSON_OBJECT:
    case JSON_ARRAY:
        return must(strdup(""));
    }
    sg_value_put_text(&b, &number);
    return must(strdup(sg_buf_cstr(&b)));
}

const char *sg_cli_path_name(const char *path, char name[SG_CLI_NAME])
{
    struct sg_path p;
    const struct sg_object_def *object = NULL;
    const struct sg_resource_def *resource = NULL;

    name[0] = '\0';
    if (sg_path_parse(sg_str(path), &p) < 0 || p.depth == 0)
        return name;
    object = sg_object(p.id[0]);
    resource = p.depth > 2 ? sg_resource(p.id[0], p.id[2]) : NULL;
    if (p.depth == 4 && resource != NULL)
        (void)snprintf(name, SG_CLI_NAME, "%s %u", resource->name, p.id[3]);
    else if (p.depth == 3 && resource != NULL)
        (void)snprintf(name, SG_CLI_NAME, "%s", resource->name);
    else if (p.depth < 3 && object != NULL)
        (void)snprintf(name, SG_CLI_NAME, "%s", object->name);
    return name;
}

void sg_cli_line(struct sg_cli_lines *l, const char *a, const char *b, const char *c)
{
    const char *cells[3] = {a, b, c};
    if (l->count + 3 > l->cap) {
        l->cap = 2 * l->cap + 48;
        l->cell = reallocarray(l->cell, l->cap, sizeof *l->cell);
        if (l->cell == NULL)
            abort();
    }
    for (size_t i = 0; i < 3; i++)
        l->cell[l->count++] = must(strdup(cells[i]));
}

void sg_cli_print_lines(struct sg_cli_lines *l)
{
    size_t widths[2] = {0};
    for (size_t i = 0; i < l->count; i++)
        if (i % 3 < 2 && strlen(l->cell[i]) > widths[i % 3])
            widths[i % 3] = strlen(l->cell[i]);
    for (size_t i = 0; i < l->count; i += 3) {
        size_t last = l->cell[i + 2][0] != '\0' ? 2 : l->cell[i + 1][0] != '\0' ? 1 : 0;
        for (size_t k = 0; k < 3; k++) {
            if (k < last && widths[k] > 0)
                (void)printf("%-*s  ", (int)widths[k], l->cell[i + k]);
            else if (k == last)
                (void)puts(l->cell[i + k]);
            free(l->cell[i + k]);
        }
    }
    free(l->cell);
    *l = (struct sg_cli_lines){0};
}
