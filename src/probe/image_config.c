/* SPDX-License-Identifier: Apache-2.0 */
/* A build's configuration as Kconfig writes it (.config): "CONFIG_X=y", "CONFIG_X=12", "CONFIG_X=\"text\"",
 * "# CONFIG_X is not set". Those of sysbuild begin with SB_CONFIG_. */
#include "probe/image_internal.h"

#include <stdlib.h>
#include <string.h>

enum { OPTIONS = 65536, LINE = 8192 };

void sg_kconfig_free(struct sg_kconfig *c)
{
    free(c->option);
    *c = (struct sg_kconfig){0};
}

static int add(struct sg_kconfig *c, struct sg_kconfig_option option, struct sg_error *err)
{
    if (c->n == OPTIONS)
        return sg_fail(err, SG_ENOSPC, "line %u: a configuration has at most %d options.", option.line, OPTIONS);
    if (c->n == c->cap) {
        size_t cap = c->cap == 0 ? 512 : 2 * c->cap;
        struct sg_kconfig_option *more = realloc(c->option, cap * sizeof *more);
        if (more == NULL)
            return sg_fail(err, SG_ENOMEM, "There is no memory for a configuration of %zu options.", cap);
        c->option = more;
        c->cap = cap;
    }
    c->option[c->n++] = option;
    return 0;
}

static bool begins(struct sg_bytes text, const char *with)
{
    size_t n = strlen(with);
    return text.n >= n && memcmp(text.p, with, n) == 0;
}

static int take_line(struct sg_kconfig *c, struct sg_bytes line, unsigned number, struct sg_error *err)
{
    static const char unset[] = " is not set";
    struct sg_kconfig_option o = {.line = number};
    if (begins(line, "# ") && line.n > sizeof unset &&
        memcmp(line.p + line.n - (sizeof unset - 1), unset, sizeof unset - 1) == 0) {
        o.name = sg_bytes(line.p + 2, line.n - 2 - (sizeof unset - 1));
        return begins(o.name, "CONFIG_") || begins(o.name, "SB_CONFIG_") ? add(c, o, err) : 0;
    }
    if (line.n == 0 || line.p[0] == '#')
        return 0;
    const uint8_t *equals = memchr(line.p, '=', line.n);
    if (equals == NULL || (!begins(line, "CONFIG_") && !begins(line, "SB_CONFIG_")))
        return sg_fail(err, SG_EFORMAT, "line %u is none of a .config (CONFIG_NAME=value): is it the right file?",
                       number);
    o.name = sg_bytes(line.p, (size_t)(equals - line.p));
    o.value = sg_bytes(equals + 1, line.n - o.name.n - 1);
    if (o.value.n >= 2 && o.value.p[0] == '"' && o.value.p[o.value.n - 1] == '"') {
        o.value = sg_bytes(o.value.p + 1, o.value.n - 2);
        o.text = true;
    }
    return add(c, o, err);
}

int sg_kconfig_parse(struct sg_kconfig *c, struct sg_bytes text, struct sg_error *err)
{
    unsigned number = 0;
    *c = (struct sg_kconfig){0};
    for (size_t at = 0; at < text.n;) {
        const uint8_t *end = memchr(text.p + at, '\n', text.n - at);
        size_t n = end != NULL ? (size_t)(end - text.p) - at : text.n - at, skip = n + 1;
        while (n > 0 && (text.p[at + n - 1] == '\r' || text.p[at + n - 1] == ' '))
            n--;
        number++;
        int r = n > LINE ? sg_fail(err, SG_EFORMAT, "line %u has more than %d characters.", number, LINE)
                         : take_line(c, sg_bytes(text.p + at, n), number, err);
        if (r < 0)
            return r;
        at += skip;
    }
    return c->n > 0 ? 0 : sg_fail(err, SG_EFORMAT, "no option is in it: is it the .config of a build?");
}

/* Kconfig lets the last line speak. */
bool sg_kconfig_is(const struct sg_kconfig *c, const char *name)
{
    for (size_t i = c->n; i > 0; i--)
        if (sg_bytes_eq_str(c->option[i - 1].name, name))
            return sg_bytes_eq_str(c->option[i - 1].value, "y");
    return false;
}
