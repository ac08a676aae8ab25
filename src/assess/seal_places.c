/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MANIFEST.places: where in a file a change is. A file is cut into squares of 4096 bytes, 64 rows of 64; each row and
 * each column has a short sum, the first two bytes of its SHA-256. The rows and columns that do not fit cross at what
 * was changed. That a file was changed is not asked here: its whole hash tells that.
 *
 *     report/report.html                     a path;
 *      0 3f9a… 77e0…                         for each square its place, its rows' sums, its columns' sums
 */
#include "seal_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = SG_SEAL_ROW, SQUARE = SIDE * SIDE };

struct square {
    size_t rows, columns;
    uint16_t row[SIDE], column[SIDE];
};

static uint16_t short_sum(struct sg_bytes v)
{
    uint8_t digest[32];
    sg_sha256(v, digest);
    return (uint16_t)(digest[0] << 8 | digest[1]);
}

static void measure(struct sg_bytes v, struct square *s)
{
    s->rows = (v.n + SIDE - 1) / SIDE;
    s->columns = v.n < SIDE ? v.n : SIDE;
    for (size_t r = 0; r < s->rows; r++) {
        size_t left = v.n - r * SIDE;
        s->row[r] = short_sum(sg_bytes(v.p + r * SIDE, left < SIDE ? left : SIDE));
    }
    for (size_t c = 0; c < s->columns; c++) {
        uint8_t column[SIDE];
        size_t n = 0;
        for (size_t at = c; at < v.n; at += SIDE)
            column[n++] = v.p[at];
        s->column[c] = short_sum(sg_bytes(column, n));
    }
}

/* The square at `at`; shorter at the file's end. */
static struct sg_bytes square_at(struct sg_bytes content, size_t at)
{
    if (at >= content.n)
        return sg_bytes(NULL, 0);
    size_t left = content.n - at;
    return sg_bytes(content.p + at, left < SQUARE ? left : SQUARE);
}

/* ------------------------------------------------------------------------------------------------------- write */

static void put_sums(struct sg_buf *b, const uint16_t *sums, size_t n)
{
    sg_put_str(b, " ");
    for (size_t i = 0; i < n; i++) {
        uint8_t two[2] = {(uint8_t)(sums[i] >> 8), (uint8_t)sums[i]};
        sg_put_hex(b, sg_bytes(two, 2));
    }
}

char *sg_seal_places_write(const struct sg_seal_files *f, size_t *n)
{
    enum { LINE = 2 * SIDE * 4 + 32 };
    size_t cap = 1;
    for (size_t i = 0; i < f->n; i++)
        cap += strlen(f->file[i].path) + 1 + (f->file[i].content.n / SQUARE + 1) * LINE;
    char *text = malloc(cap);
    if (text == NULL)
        return NULL;
    struct sg_buf b = sg_buf(text, cap);
    for (size_t i = 0; i < f->n; i++) {
        struct square s;
        sg_put_str(&b, f->file[i].path);
        sg_put_str(&b, "\n");
        for (size_t at = 0; at < f->file[i].content.n; at += SQUARE) {
            measure(square_at(f->file[i].content, at), &s);
            sg_put_str(&b, " ");
            sg_put_udec(&b, at);
            put_sums(&b, s.row, s.rows);
            put_sums(&b, s.column, s.columns);
            sg_put_str(&b, "\n");
        }
    }
    *n = b.len;
    return text;
}

/* -------------------------------------------------------------------------------------------------------- find */

static struct sg_bytes take_until(struct sg_cursor *c, uint8_t end)
{
    struct sg_bytes rest = sg_bytes(c->p + c->at, c->n - c->at);
    const uint8_t *found = rest.n > 0 ? memchr(rest.p, end, rest.n) : NULL;
    size_t n = found != NULL ? (size_t)(found - rest.p) : rest.n;
    c->at += found != NULL ? n + 1 : n;
    return sg_bytes(rest.p, n);
}

static int parse_sums(struct sg_bytes text, uint16_t sums[SIDE], size_t *n)
{
    uint8_t space[2 * SIDE];
    struct sg_buf b = sg_buf(space, sizeof space);
    if (sg_parse_hex(text, &b) < 0 || b.len % 2 != 0)
        return SG_EFORMAT;
    *n = b.len / 2;
    for (size_t i = 0; i < *n; i++)
        sums[i] = (uint16_t)(space[2 * i] << 8 | space[2 * i + 1]);
    return 0;
}

static int parse_line(struct sg_bytes line, size_t *at, struct square *s)
{
    struct sg_cursor c = sg_cursor(line);
    uint64_t place;
    if (sg_get_u8(&c) != ' ' || sg_parse_udec(take_until(&c, ' '), SIZE_MAX / 2, &place) < 0)
        return SG_EFORMAT;
    *at = (size_t)place;
    if (parse_sums(take_until(&c, ' '), s->row, &s->rows) < 0)
        return SG_EFORMAT;
    return parse_sums(take_until(&c, '\n'), s->column, &s->columns);
}

/* First and last of those that differ; how many in all. */
struct span {
    size_t first, last, n;
};
static struct span differing(const uint16_t *a, const uint16_t *b, size_t n)
{
    struct span d = {.n = 0};
    for (size_t i = 0; i < n; i++) {
        if (a[i] == b[i])
            continue;
        if (d.n++ == 0)
            d.first = i;
        d.last = i;
    }
    return d;
}

/* What one square says: where in it the change is. */
static void cross(const struct square *then, const struct square *now, size_t at, size_t length,
                  struct sg_seal_place *place)
{
    size_t rows = then->rows < now->rows ? then->rows : now->rows;
    size_t columns = then->columns < now->columns ? then->columns : now->columns;
    struct span r = differing(then->row, now->row, rows), c = differing(then->column, now->column, columns);
    bool same_length = then->rows == now->rows && then->columns == now->columns;
    if (r.n == 0 && same_length)
        return;
    place->pieces++;
    if (place->known)
        return;
    place->known = true;
    if (r.n == 0)
        r.first = r.last = rows; /* all that was there before fits: it goes on, or ends, here */
    place->exact = same_length && r.n == 1 && c.n > 0;
    place->from = at + r.first * SIDE + (place->exact ? c.first : 0);
    place->to = at + r.last * SIDE + (place->exact ? c.last : SIDE - 1);
    if (place->to >= at + length)
        place->to = at + (length > 0 ? length - 1 : 0);
}

void sg_seal_places_find(struct sg_bytes places, const char *path, struct sg_bytes content, struct sg_seal_place *at)
{
    struct sg_cursor c = sg_cursor(places);
    bool ours = false;
    *at = (struct sg_seal_place){.known = false};
    while (sg_left(&c) > 0) {
        struct square then, now;
        size_t place;
        struct sg_bytes line = take_until(&c, '\n');
        if (line.n == 0 || line.p[0] != ' ') {
            if (ours)
                return;
            ours = sg_bytes_eq_str(line, path);
        } else if (ours && parse_line(line, &place, &then) == 0) {
            struct sg_bytes square = square_at(content, place);
            measure(square, &now);
            cross(&then, &now, place, square.n, at);
        }
    }
}
