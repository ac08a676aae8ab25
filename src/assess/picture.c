/* SPDX-License-Identifier: Apache-2.0 */
/* A decision tree drawn as SVG: its questions in a column, what they end in beside them, the path taken in bold. It is
 * read without colour, and has its path in words for who does not see it. */
#include "assess/report_internal.h"

#include <stdio.h>
#include <string.h>

/* In units of the picture. Text is set at 13 units; a glyph of it is 6.6 wide on average, and 7 is safe. */
enum {
    LEFT = 2,
    BOX = 400,      /* width of a question */
    EXIT = 78,      /* between a question and what it ends in */
    LEAF = 148,     /* width of an end */
    LEAF_HIGH = 26, /* its height */
    LINE = 17,      /* of text */
    PAD = 12,
    GAP = 26, /* between two questions */
    GLYPH = 7,
    ACROSS = (BOX - 2 * PAD) / GLYPH, /* characters in a line */
    WIDTH = LEFT + BOX + EXIT + LEAF + 4,
    NODES = SG_EN_LONGEST
};

struct row {
    const struct sg_en_node *node;
    int top, high;
    int lines;
};

struct picture {
    FILE *f;
    const struct sg_en_path *path; /* NULL: the tree alone */
    struct row row[NODES];
    int n;
};

/* How much of `text` goes into one line. */
static size_t one_line(const char *text)
{
    size_t n = strlen(text);
    if (n <= ACROSS)
        return n;
    for (n = ACROSS; n > 1 && text[n] != ' ';)
        n--;
    return n;
}

static int count_lines(const char *text)
{
    int lines = 0;
    while (*text != '\0') {
        text += one_line(text);
        text += strspn(text, " ");
        lines++;
    }
    return lines;
}

static int taken(const struct picture *p, const struct sg_en_node *node)
{
    for (size_t i = 0; p->path != NULL && i < p->path->n; i++)
        if (p->path->node[i] == node)
            return p->path->yes[i] ? 1 : 0;
    return -1;
}

static bool open(const struct picture *p, const struct sg_en_node *node)
{
    return p->path != NULL && p->path->open == node;
}

static void lay_out(struct picture *p, const struct sg_en_requirement *r, int part)
{
    int at = 2;
    const struct sg_en_node *node;
    while (p->n < NODES && (node = sg_en_node(r, part, p->n + 1)) != NULL) {
        struct row *row = &p->row[p->n++];
        row->node = node;
        row->lines = count_lines(node->question);
        row->top = at;
        row->high = 2 * PAD + (row->lines + 1) * LINE;
        if (row->high < 2 * LEAF_HIGH + 3 * PAD / 2)
            row->high = 2 * LEAF_HIGH + 3 * PAD / 2;
        at += row->high + GAP;
    }
}

/* Every mark is on the element itself: a picture stays what it is wherever it is taken. */
static const char bold[] = "stroke=\"#000\" stroke-width=\"2.6\"";
static const char thin[] = "stroke=\"#666\" stroke-width=\"1\"";

static void draw_question(const struct picture *p, const struct row *row)
{
    const struct sg_en_node *node = row->node;
    bool on = taken(p, node) >= 0;
    int y = row->top + PAD + LINE - 5;

    (void)fprintf(p->f, "<rect fill=\"%s\" %s%s x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/>\n",
                  on ? "#ececec" : "#fff", on || open(p, node) ? bold : thin,
                  open(p, node) ? " stroke-dasharray=\"7 5\"" : "", LEFT, row->top, BOX, row->high);
    (void)fprintf(p->f, "<text font-weight=\"bold\" x=\"%d\" y=\"%d\">DN-%d%s%s</text>\n", LEFT + PAD, y, node->number,
                  node->grade == 'A'   ? ""
                  : node->grade == 'B' ? " · less sure (B)"
                                       : " · unconfirmed (C)",
                  open(p, node) ? " · no answer yet" : "");
    for (const char *text = node->question; *text != '\0';) {
        size_t n = one_line(text);
        y += LINE;
        (void)fprintf(p->f, "<text x=\"%d\" y=\"%d\">", LEFT + PAD, y);
        sg_assess_put_html(p->f, (struct sg_bytes){(const uint8_t *)text, n});
        (void)fputs("</text>\n", p->f);
        text += n;
        text += strspn(text, " ");
    }
}

/* A line that ends in an arrow's head at (x, y), pointing right or down, with its label. */
struct arrow {
    const char *way;
    int x, y;
    bool down;
    const char *label;
    int label_x, label_y;
};

static void draw_arrow(const struct picture *p, bool on, const struct arrow *a)
{
    int h = on ? 6 : 4;
    (void)fprintf(p->f, "<path fill=\"none\" %s d=\"%s\"/>\n<path fill=\"%s\" d=\"M%d %d", on ? bold : thin, a->way,
                  on ? "#000" : "#666", a->x, a->y);
    if (a->down)
        (void)fprintf(p->f, "l%d %dh%dz\"/>\n", -h, -2 * h, 2 * h);
    else
        (void)fprintf(p->f, "l%d %dv%dz\"/>\n", -2 * h, -h, 2 * h);
    (void)fprintf(p->f, "<text%s x=\"%d\" y=\"%d\">%s</text>\n", on ? " font-weight=\"bold\"" : " fill=\"#555\"",
                  a->label_x, a->label_y, a->label);
}

/* An exit that ends the tree: yes above, no below. */
static void draw_end(const struct picture *p, const struct row *row, bool yes, bool on)
{
    int leaf = yes ? row->node->yes : row->node->no;
    int middle = row->top + row->high / 4 * (yes ? 1 : 3);
    int x = LEFT + BOX + EXIT;
    char way[64];

    (void)snprintf(way, sizeof way, "M%d %dH%d", LEFT + BOX, middle, x - 8);
    draw_arrow(p, on, &(struct arrow){way, x - 1, middle, false, yes ? "yes" : "no", LEFT + BOX + 12, middle - 6});
    (void)fprintf(p->f, "<rect fill=\"%s\" %s x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"13\"/>\n",
                  on ? "#000" : "#fff", on ? bold : thin, x, middle - LEAF_HIGH / 2, LEAF, LEAF_HIGH);
    (void)fprintf(p->f, "<text text-anchor=\"middle\" fill=\"%s\"%s x=\"%d\" y=\"%d\">%s</text>\n",
                  on ? "#fff" : "#555", on ? " font-weight=\"bold\"" : "", x + LEAF / 2, middle + 5,
                  sg_en_leaf_name(leaf));
}

/* An exit to the next question: no tree of the standard leads to another one. */
static void draw_step(const struct picture *p, const struct row *row, bool yes, bool on)
{
    int x = LEFT + BOX / 2, top = row->top + row->high;
    char way[64];

    (void)snprintf(way, sizeof way, "M%d %dV%d", x, top, top + GAP - 8);
    draw_arrow(p, on, &(struct arrow){way, x, top + GAP - 1, true, yes ? "yes" : "no", x + 10, top + 17});
}

static void draw_exits(const struct picture *p, const struct row *row)
{
    for (int yes = 0; yes < 2; yes++) {
        int to = yes != 0 ? row->node->yes : row->node->no;
        bool on = taken(p, row->node) == yes;
        if (to > 0)
            draw_step(p, row, yes != 0, on);
        else
            draw_end(p, row, yes != 0, on);
    }
}

static void describe(const struct picture *p)
{
    if (p->path == NULL) {
        (void)fputs("No path is taken.", p->f);
        return;
    }
    for (size_t i = 0; i < p->path->n; i++)
        (void)fprintf(p->f, "DN-%d %s. ", p->path->node[i]->number, p->path->yes[i] ? "yes" : "no");
    if (p->path->open != NULL)
        (void)fprintf(p->f, "DN-%d has no answer yet.", p->path->open->number);
    else
        (void)fprintf(p->f, "It ends in %s.", sg_en_leaf_name(p->path->leaf));
}

void sg_assess_draw(FILE *f, const struct sg_en_requirement *r, int part, const struct sg_en_path *path)
{
    struct picture p = {.f = f, .path = path};
    lay_out(&p, r, part);
    if (p.n == 0)
        return;
    int high = p.row[p.n - 1].top + p.row[p.n - 1].high + 2;

    (void)fprintf(f,
                  "<svg class=\"tree\" role=\"img\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
                  "xmlns=\"http://www.w3.org/2000/svg\" font-family=\"sans-serif\" font-size=\"13\">\n<title>Decision "
                  "tree of %s</title>\n<desc>",
                  WIDTH, high, WIDTH, high, sg_en_name(r, part));
    describe(&p);
    (void)fputs("</desc>\n", f);
    for (int i = 0; i < p.n; i++)
        draw_exits(&p, &p.row[i]);
    for (int i = 0; i < p.n; i++)
        draw_question(&p, &p.row[i]);
    (void)fputs("</svg>\n", f);
}
