/* SPDX-License-Identifier: Apache-2.0 */
/* A command line taken apart: AT, a name, a form, parameters between commas. */
#include "sim_internal.h"

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0;
}

static bool is_name(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static void skip(struct sg_bytes *v, size_t n)
{
    v->p += n;
    v->n -= n;
}

/* One parameter off *rest, with the comma after it. Blanks before it are tolerated (modem notes 1.1). */
static bool take_param(struct sg_bytes *rest, struct sg_sim_param *p)
{
    size_t n = 0;

    while (rest->n > 0 && rest->p[0] == ' ')
        skip(rest, 1);
    bool string = rest->n > 0 && rest->p[0] == '"';
    if (string)
        skip(rest, 1);
    while (n < rest->n && (string ? rest->p[n] != '"' : rest->p[n] != ',' && rest->p[n] != ';')) {
        if (!string && rest->p[n] == '"')
            return false;
        n++;
    }
    if (string && n == rest->n)
        return false;
    p->text = sg_bytes(rest->p, n);
    p->kind = string ? SG_SIM_STRING : n > 0 ? SG_SIM_BARE : SG_SIM_ABSENT;
    skip(rest, string ? n + 1 : n);
    return rest->n == 0 || rest->p[0] == ',' || rest->p[0] == ';';
}

static bool take_params(struct sg_bytes rest, struct sg_sim_command *c)
{
    c->form = SG_SIM_SET;
    for (;;) {
        if (c->count == SG_SIM_PARAMS || !take_param(&rest, &c->params[c->count]))
            return false;
        c->count++;
        if (rest.n == 0)
            return true;
        bool last = rest.p[0] == ';';
        skip(&rest, 1);
        if (last) {
            c->rest = rest;
            return true;
        }
    }
}

bool sg_sim_command_parse(struct sg_bytes line, struct sg_sim_command *c)
{
    while (line.n > 0 && is_blank(line.p[0]))
        skip(&line, 1);
    while (line.n > 0 && is_blank(line.p[line.n - 1]))
        line.n--;
    if (line.n < 2 || (line.p[0] | 0x20) != 'a' || (line.p[1] | 0x20) != 't')
        return false;
    skip(&line, 2);
    return sg_sim_command_parse_bare(line, c);
}

bool sg_sim_command_parse_bare(struct sg_bytes line, struct sg_sim_command *c)
{
    size_t n = 0;

    *c = (struct sg_sim_command){.form = SG_SIM_EXECUTE};
    if (line.n > 0 && (line.p[0] == '+' || line.p[0] == '%' || line.p[0] == '#'))
        n = 1;
    while (n < line.n && is_name(line.p[n]))
        n++;
    c->name = sg_bytes(line.p, n);
    skip(&line, n);
    if (line.n == 0)
        return true;
    if (sg_bytes_eq_str(line, "?"))
        c->form = SG_SIM_READ;
    else if (sg_bytes_eq_str(line, "=?"))
        c->form = SG_SIM_TEST;
    else if (line.p[0] == '=') {
        skip(&line, 1);
        return take_params(line, c);
    } else
        return false;
    return true;
}

bool sg_sim_given(const struct sg_sim_command *c, size_t at)
{
    return at < c->count && c->params[at].kind != SG_SIM_ABSENT;
}

bool sg_sim_number(const struct sg_sim_command *c, size_t at, uint64_t max, uint64_t *out)
{
    if (at >= c->count || c->params[at].kind != SG_SIM_BARE)
        return false;
    struct sg_bytes t = c->params[at].text;
    if (t.n > 1 && t.p[0] == '0') /* refused by the hosts' parser (modem notes 11.1) */
        return false;
    return sg_parse_udec(t, max, out) == 0;
}

bool sg_sim_optional(const struct sg_sim_command *c, size_t at, uint64_t max, uint64_t *out)
{
    return !sg_sim_given(c, at) || sg_sim_number(c, at, max, out);
}

bool sg_sim_string(const struct sg_sim_command *c, size_t at, struct sg_bytes *out)
{
    if (at >= c->count || c->params[at].kind != SG_SIM_STRING)
        return false;
    *out = c->params[at].text;
    return true;
}
