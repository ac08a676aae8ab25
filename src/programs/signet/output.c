/* SPDX-License-Identifier: Apache-2.0 */
/* Tables, JSON, times and fingerprints as people and scripts read them. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void sg_cli_row(struct sg_cli_table *t, size_t columns, const char *const *cells)
{
    if (t->cells + columns > t->cap) {
        t->cap = 2 * t->cap + 16 * columns;
        t->cell = reallocarray(t->cell, t->cap, sizeof *t->cell);
        if (t->cell == NULL)
            abort();
    }
    t->columns = columns;
    for (size_t i = 0; i < columns; i++) {
        char *copy = strdup(cells[i]);
        if (copy == NULL)
            abort();
        t->cell[t->cells++] = copy;
    }
}

/* Characters, not bytes, of a UTF-8 text. */
static size_t letters(const char *s)
{
    size_t n = 0;
    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

void sg_cli_print_table(struct sg_cli_table *t)
{
    size_t widths[16] = {0};
    for (size_t i = 0; i < t->cells; i++) {
        size_t column = i % t->columns, n = letters(t->cell[i]);
        if (column < 16 && n > widths[column])
            widths[column] = n;
    }
    for (size_t i = 0; i < t->cells; i++) {
        size_t column = i % t->columns;
        bool last = column + 1 == t->columns;
        if (i == 0)
            (void)fputs(sg_cli_style(SG_CLI_BOLD), stdout);
        (void)fputs(t->cell[i], stdout);
        if (!last)
            (void)printf("%*s", (int)(widths[column] - letters(t->cell[i]) + 2), "");
        if (i + 1 == t->columns)
            (void)fputs(sg_cli_style(SG_CLI_PLAIN), stdout);
        if (last)
            (void)putchar('\n');
    }
    sg_cli_free_table(t);
}

void sg_cli_free_table(struct sg_cli_table *t)
{
    for (size_t i = 0; i < t->cells; i++)
        free(t->cell[i]);
    free(t->cell);
    memset(t, 0, sizeof *t);
}

int sg_cli_print_json(json_t *value)
{
    int r =
        value == NULL ? -1 : json_dumpf(value, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    if (value != NULL)
        json_decref(value);
    if (r < 0 || putchar('\n') == EOF || fflush(stdout) != 0)
        return sg_cli_fail(SG_CLI_FAILED, "writing JSON to standard output failed");
    return SG_CLI_DONE;
}

/* The length of the UTF-8 character at `s`, 0 where it is none, or one that controls the terminal (RFC 3629; C0, DEL,
 * C1). */
static size_t printable(const unsigned char *s)
{
    if (s[0] < 0x80)
        return s[0] >= ' ' && s[0] != 0x7f;
    size_t n = s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || (s[0] == 0xc2 && s[1] < 0xa0))
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool bad = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
               (s[0] == 0xf4 && s[1] > 0x8f);
    return bad ? 0 : n;
}

void sg_cli_clean_into(const char *from, char *text, size_t cap)
{
    size_t at = 0;
    while (*from != '\0') {
        size_t n = printable((const unsigned char *)from);
        if (at + (n > 0 ? n : 1) >= cap)
            break;
        if (n == 0)
            text[at++] = '?';
        else
            memcpy(text + at, from, n);
        at += n;
        from += n > 0 ? n : 1;
    }
    text[at] = '\0';
}

char *sg_cli_clean(const char *from, char text[SG_CLI_TEXT])
{
    sg_cli_clean_into(from, text, SG_CLI_TEXT);
    return text;
}

char *sg_cli_time(int64_t when, char text[SG_CLI_TIME])
{
    time_t t = (time_t)when;
    struct tm tm;
    text[0] = '\0';
    if (when != 0 && gmtime_r(&t, &tm) != NULL && strftime(text, SG_CLI_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        text[0] = '\0';
    return text;
}

char *sg_cli_date(int64_t when, char text[SG_CLI_TIME])
{
    (void)sg_cli_time(when, text);
    text[strcspn(text, "T")] = '\0';
    return text;
}

char *sg_cli_ago(int64_t when, int64_t now, char text[SG_CLI_AGO])
{
    static const struct {
        int64_t seconds;
        const char *one, *many;
    } units[] = {
        {365 * 86400LL, "year", "years"}, {86400, "day", "days"}, {3600, "h", "h"}, {60, "min", "min"}, {1, "s", "s"}};
    if (when == 0) {
        (void)snprintf(text, SG_CLI_AGO, "never");
        return text;
    }
    int64_t span = when <= now ? now - when : when - now;
    size_t u = 0;
    while (u < 4 && span < 2 * units[u].seconds)
        u++;
    long long n = (long long)(span / units[u].seconds);
    (void)snprintf(text, SG_CLI_AGO, when <= now ? "%lld %s ago" : "in %lld %s", n,
                   n == 1 ? units[u].one : units[u].many);
    return text;
}

char *sg_cli_short_fp(const struct sg_fingerprint *f, unsigned pairs, char text[SG_CLI_FP])
{
    char full[SG_FINGERPRINT_TEXT];
    (void)sg_fingerprint_text(f, full);
    (void)snprintf(text, SG_CLI_FP, "%.*s:…", (int)(3 * pairs - 1), full);
    return text;
}
