/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a YAML file of fields. libcyaml holds the file against the schema; each value is then checked by the table of
 * fields, because libcyaml takes "3k" for 3 and "maybe" for true. The line of what is wrong is asked of libyaml, since
 * libcyaml's own line is that of the event before.
 */
#include "programs/form.h"
#include "pki/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { LONGEST_FILE = 65536 };

/* ------------------------------------------------------------------------------------------------------ lines */

/* The line of the last key of that name below `node` (a mapping or not); 0: there is none. */
static size_t key_line(yaml_document_t *doc, const yaml_node_t *node, const char *key)
{
    size_t line = 0;

    if (node == NULL || node->type != YAML_MAPPING_NODE)
        return 0;
    for (const yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
        const yaml_node_t *k = yaml_document_get_node(doc, p->key);
        if (k != NULL && k->type == YAML_SCALAR_NODE && strcmp((const char *)k->data.scalar.value, key) == 0)
            line = k->start_mark.line + 1;
    }
    return line;
}

/* The value of a section of the file. */
static const yaml_node_t *section_node(yaml_document_t *doc, const yaml_node_t *root, const char *section)
{
    if (root == NULL || root->type != YAML_MAPPING_NODE)
        return NULL;
    for (const yaml_node_pair_t *p = root->data.mapping.pairs.start; p < root->data.mapping.pairs.top; p++) {
        const yaml_node_t *k = yaml_document_get_node(doc, p->key);
        if (k != NULL && k->type == YAML_SCALAR_NODE && strcmp((const char *)k->data.scalar.value, section) == 0)
            return yaml_document_get_node(doc, p->value);
    }
    return NULL;
}

/* `section` "" is the top of the file. */
static size_t line_of(yaml_document_t *doc, const char *section, const char *key)
{
    const yaml_node_t *node = yaml_document_get_root_node(doc);

    if (section[0] != '\0')
        node = section_node(doc, node, section);
    size_t line = key_line(doc, node, key);
    return line > 0 ? line : 1;
}

/* ------------------------------------------------------------------------------------------------- the schema */

/* What libcyaml said: its first sentence, and the innermost two fields that it was in. */
struct complaint {
    char text[200];
    char field[2][64];
    size_t fields;
};

__attribute__((format(printf, 3, 0))) static void listen_to(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
    struct complaint *c = ctx;
    char line[sizeof c->text];

    (void)level;
    if (vsnprintf(line, sizeof line, fmt, args) < 0)
        return;
    line[strcspn(line, "\n")] = '\0';
    const char *text = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
    if (c->text[0] == '\0')
        memcpy(c->text, text, strlen(text) + 1);
    const char *field = strstr(text, "in mapping field '");
    if (field != NULL && c->fields < 2)
        (void)sscanf(field, "in mapping field '%63[^']'", c->field[c->fields++]);
}

static void put_allowed_keys(struct sg_buf *out, const struct sg_form *form, const char *section)
{
    const char *last = "";

    for (size_t i = 0; i < form->count; i++) {
        const struct sg_form_field *f = &form->fields[i];
        const char *name = section[0] == '\0' && f->section[0] != '\0' ? f->section : f->key;
        if ((section[0] != '\0' && strcmp(f->section, section) != 0) || strcmp(name, last) == 0)
            continue;
        sg_put_str(out, last[0] == '\0' ? "" : ", ");
        sg_put_str(out, name);
        last = name;
    }
}

static int refuse_shape(const struct sg_form *form, const char *name, yaml_document_t *doc, const struct complaint *c,
                        struct sg_error *err)
{
    static const char unexpected[] = "Unexpected key: ";
    char keys[300];
    struct sg_buf allowed = sg_buf(keys, sizeof keys);

    if (strncmp(c->text, unexpected, sizeof unexpected - 1) == 0) {
        const char *key = c->text + sizeof unexpected - 1;
        const char *section = c->fields > 0 ? c->field[0] : "";
        put_allowed_keys(&allowed, form, section);
        return sg_fail(err, SG_EFORMAT, "%s line %zu: there is no field \"%s\"%s%s; allowed: %s", name,
                       line_of(doc, section, key), key, section[0] != '\0' ? " in " : "", section,
                       sg_buf_cstr(&allowed));
    }
    if (c->fields == 0)
        return sg_fail(err, SG_EFORMAT, "%s: %s; it must begin with \"%s:\" or another name of the template", name,
                       c->text, form->fields[0].section[0] != '\0' ? form->fields[0].section : form->fields[0].key);
    const char *section = c->fields > 1 ? c->field[1] : "";
    return sg_fail(err, SG_EFORMAT, "%s line %zu: %s%s%s: %s", name, line_of(doc, section, c->field[0]), section,
                   section[0] != '\0' ? "." : "", c->field[0], c->text);
}

/* ------------------------------------------------------------------------------------------------- the values */

/* The first text of a field that is not allowed, NULL where there is none. */
static const char *take_field(const struct sg_form_field *f, const void *raw, void *out)
{
    const char *text;
    if (!f->list) {
        memcpy(&text, (const char *)raw + f->at, sizeof text);
        return text == NULL || f->take(out, text) ? NULL : text;
    }
    struct sg_form_list list;
    memcpy(&list, (const char *)raw + f->at, sizeof list);
    if (list.count > 0)
        (void)f->take(out, NULL);
    for (unsigned i = 0; i < list.count; i++)
        if (!f->take(out, list.item[i]))
            return list.item[i];
    return NULL;
}

static int take_values(const struct sg_form *form, const char *name, yaml_document_t *doc, const void *raw, void *out,
                       struct sg_error *err)
{
    for (size_t i = 0; i < form->count; i++) {
        const struct sg_form_field *f = &form->fields[i];
        const char *wrong = take_field(f, raw, out);
        if (wrong != NULL)
            return sg_fail(err, SG_EFORMAT, "%s line %zu: %s%s%s is \"%.100s\"; allowed: %s", name,
                           line_of(doc, f->section, f->key), f->section, f->section[0] != '\0' ? "." : "", f->key,
                           wrong, f->allowed);
    }
    return 0;
}

static int take_document(const struct sg_form *form, const char *name, struct sg_bytes text, yaml_document_t *doc,
                         void *out, struct sg_error *err)
{
    struct complaint complaint = {0};
    void *raw = NULL;
    const cyaml_config_t how = {.log_fn = listen_to,
                                .log_ctx = &complaint,
                                .mem_fn = cyaml_mem,
                                .log_level = CYAML_LOG_WARNING,
                                .flags = CYAML_CFG_NO_ALIAS};

    cyaml_err_t e = cyaml_load_data(text.p, text.n, &how, form->schema, &raw, NULL);
    if (e != CYAML_OK && complaint.text[0] == '\0')
        return sg_fail(err, SG_EFORMAT, "%s: %s", name, cyaml_strerror(e));
    int rc = 0;
    if (complaint.text[0] != '\0') /* a warning is one too: "Ignoring documents after first in stream" */
        rc = refuse_shape(form, name, doc, &complaint, err);
    else if (raw != NULL) /* NULL: nothing but comments */
        rc = take_values(form, name, doc, raw, out, err);
    if (raw != NULL)
        (void)cyaml_free(&how, form->schema, raw, 0);
    return rc;
}

int sg_form_parse(const struct sg_form *form, const char *name, struct sg_bytes text, void *out, struct sg_error *err)
{
    yaml_parser_t parser;
    yaml_document_t doc;
    int rc;

    if (yaml_parser_initialize(&parser) != 1)
        return sg_fail(err, SG_ENOMEM, "reading %s: out of memory", name);
    yaml_parser_set_input_string(&parser, text.p, text.n);
    if (yaml_parser_load(&parser, &doc) == 1) {
        rc = take_document(form, name, text, &doc, out, err);
        yaml_document_delete(&doc);
    } else {
        rc = sg_fail(err, SG_EFORMAT, "%s line %zu: this is no YAML: %s%s%s", name, parser.problem_mark.line + 1,
                     parser.problem != NULL ? parser.problem : "unreadable", parser.context != NULL ? ", " : "",
                     parser.context != NULL ? parser.context : "");
    }
    yaml_parser_delete(&parser);
    return rc;
}

int sg_form_load(const struct sg_form *form, const char *path, void *out, struct sg_error *err)
{
    size_t n;
    uint8_t *text = sg_file_read(path, LONGEST_FILE, &n, err);
    if (text == NULL)
        return err != NULL && err->code != 0 ? err->code : SG_EIO;
    int rc = sg_form_parse(form, path, sg_bytes(text, n), out, err);
    free(text);
    return rc;
}
