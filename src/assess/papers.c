/* SPDX-License-Identifier: Apache-2.0 */
/* The papers that RED asks for: skeletons of the technical documentation (Annex V) and of the declaration of conformity
 * (Annexes VI and VII), filled from the product file and the result. What is not known is marked as missing. */
#include "assess/report_internal.h"

#include <string.h>

static const json_t *file_of(const json_t *result, const char *section)
{
    return json_object_get(json_object_get(result, "product"), section);
}

/* A member that may be a text or a list of texts. */
static void put_value(FILE *f, const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    size_t i;
    json_t *item;
    if (json_is_string(v) && json_string_length(v) > 0) {
        sg_assess_put_element(f, "p", json_string_value(v));
    } else if (json_is_array(v) && json_array_size(v) > 0) {
        (void)fputs("<ul>\n", f);
        json_array_foreach(v, i, item) sg_assess_put_element(
            f, "li", json_is_string(item) ? json_string_value(item) : sg_assess_text(item, "name"));
        (void)fputs("</ul>\n", f);
    } else {
        (void)fprintf(f, "<p class=\"missing\">missing: <code>%s</code> in product.yaml, or by hand</p>\n", key);
    }
}

static void put_by_hand(FILE *f, const char *what)
{
    (void)fputs("<p class=\"missing\">by hand: ", f);
    sg_assess_put(f, what);
    (void)fputs("</p>\n", f);
}

static void put_standards(FILE *f, const json_t *result)
{
    size_t i;
    json_t *s;
    (void)fputs("<table><thead><tr><th scope=\"col\">Standard</th><th scope=\"col\">Article 3(3)</th><th scope=\"col\">"
                "Applied</th><th scope=\"col\">Result</th></tr></thead><tbody>\n",
                f);
    json_array_foreach(json_object_get(result, "standards"), i, s)
    {
        bool applies = json_is_true(json_object_get(s, "applies"));
        (void)fputs("<tr>", f);
        sg_assess_put_element(f, "th", sg_assess_text(s, "edition"));
        sg_assess_put_element(f, "td", sg_assess_text(s, "point"));
        (void)fprintf(f, "<td>%s</td><td>", applies ? "in full" : "no: ");
        if (applies)
            sg_assess_put_badge(f, sg_assess_text(s, "result"));
        else
            sg_assess_put(f, sg_assess_text(s, "reason"));
        (void)fputs("</td></tr>\n", f);
    }
    (void)fputs("</tbody></table>\n", f);
}

void sg_assess_put_documentation(FILE *f, const json_t *result)
{
    const json_t *product = file_of(result, "product");

    sg_assess_put_head(f, "Technical documentation", sg_assess_text(product, "name"));
    (void)fputs(
        "<p class=\"note\">A skeleton after Annex V of Directive 2014/53/EU, for Article 3(3) only; it is to be "
        "complete before the first unit is sold. The same file also answers Article 3(1) and 3(2).</p>\n"
        "<h2>(a) General description</h2>\n",
        f);
    put_value(f, product, "kind");
    put_value(f, product, "intended_use");
    put_value(f, product, "place_of_use");
    (void)fputs("<h3>Types and configurations</h3>\n", f);
    put_value(f, product, "types");
    put_value(f, product, "configurations");
    (void)fputs("<h3>Versions of software that matter here</h3>\n", f);
    put_value(f, json_object_get(result, "product"), "software");
    (void)fputs("<h3>Photographs, user information and instructions</h3>\n", f);
    put_value(f, product, "user_documents");
    put_by_hand(f, "photographs or drawings of the outside, marking and inside");
    (void)fputs("<h2>(b) Drawings and schemes</h2>\n", f);
    put_by_hand(f, "design and production drawings, schemes of components and circuits");
    (void)fputs("<h2>(c) What explains them</h2>\n", f);
    put_by_hand(f, "descriptions without which (b) is not understood");
    (void)fputs("<h2>(d) Harmonised standards applied</h2>\n", f);
    put_standards(f, result);
    (void)fputs(
        "<h2>(e) EU declaration of conformity</h2>\n<p><a href=\"declaration.html\">declaration.html</a>, once it is "
        "signed.</p>\n<h2>(f) EU-type examination certificate</h2>\n<p>None with module A.</p>\n"
        "<h2>(g) Results of design calculations and examinations</h2>\n<p><a href=\"report.html\">report.html</a>: the "
        "decision trees, their reasons, the checks made.</p>\n<h2>(h) Test reports</h2>\n<p>The records under <a "
        "href=\"report.html#evidence\">Evidence</a>, each with its capture.</p>\n"
        "<h2>(i) Use in the Union, and its restrictions</h2>\n",
        f);
    put_by_hand(
        f, "that it can be used in at least one member state without breaking its rules on spectrum (Article 10(2)); "
           "what is printed on the packaging about restrictions (Article 10(10))");
    (void)fputs("<h2>How long it is kept</h2>\n<p>Until ", f);
    sg_assess_put(f, sg_assess_text(json_object_get(result, "keep_until"), "date"));
    (void)fputs(": ", f);
    sg_assess_put(f, sg_assess_text(json_object_get(result, "keep_until"), "why"));
    (void)fputs("</p>\n</body>\n</html>\n", f);
}

static void put_maker(FILE *f, const json_t *maker)
{
    (void)fputs("<table class=\"facts\"><tbody>\n", f);
    sg_assess_put_row(f, "Name", sg_assess_text(maker, "name"));
    sg_assess_put_row(f, "Address", sg_assess_text(maker, "address"));
    (void)fputs("</tbody></table>\n", f);
}

/* Whether a declaration may be signed on this ground. */
static void put_ground(FILE *f, const json_t *result)
{
    if (strcmp(sg_assess_text(result, "result"), "PASS") == 0 &&
        strcmp(sg_assess_text(json_object_get(result, "module_a"), "state"), "open") == 0)
        return;
    (void)fputs("<p class=\"note\"><strong>Not to be signed on this ground.</strong> The assessment says ", f);
    sg_assess_put_badge(f, sg_assess_text(result, "result"));
    (void)fputs(", and self-assessment is ", f);
    sg_assess_put(f, sg_assess_text(json_object_get(result, "module_a"), "state"));
    (void)fputs(".</p>\n", f);
}

static void put_short_form(FILE *f, const json_t *result)
{
    (void)fputs("<h2>Short form (Annex VII)</h2>\n<p>", f);
    sg_assess_put(f, sg_assess_text(file_of(result, "manufacturer"), "name"));
    (void)fputs(" declares that the radio equipment ", f);
    sg_assess_put(f, sg_assess_text(file_of(result, "product"), "name"));
    (void)fputs(" conforms to Directive 2014/53/EU. The whole declaration: ", f);
    sg_assess_put(f, sg_assess_text(file_of(result, "declaration"), "address"));
    (void)fputs("</p>\n", f);
}

void sg_assess_put_declaration(FILE *f, const json_t *result)
{
    const json_t *product = file_of(result, "product"), *declaration = file_of(result, "declaration");
    size_t i;
    json_t *s;

    sg_assess_put_head(f, "EU declaration of conformity", sg_assess_text(product, "name"));
    put_ground(f, result);
    (void)fputs(
        "<p class=\"note\">A skeleton after Annex VI of Directive 2014/53/EU, told in other words: sign the wording of "
        "the directive, in the language of each country where it is sold. One declaration covers all acts that "
        "apply.</p>\n<h2>1. Radio equipment</h2>\n<table class=\"facts\"><tbody>\n",
        f);
    sg_assess_put_row(f, "Product", sg_assess_text(product, "name"));
    sg_assess_put_row(f, "Batch or serial numbers", sg_assess_text(product, "serials"));
    (void)fputs("</tbody></table>\n", f);
    put_value(f, product, "types");
    (void)fputs("<h2>2. Manufacturer</h2>\n", f);
    put_maker(f, file_of(result, "manufacturer"));
    (void)fputs("<h2>3. Responsibility</h2>\n<p>The manufacturer alone answers for this declaration.</p>\n"
                "<h2>4. Object</h2>\n",
                f);
    put_value(f, declaration, "object");
    (void)fputs(
        "<h2>5. Union law that it conforms to</h2>\n<ul>\n<li>Directive 2014/53/EU with Delegated Regulation (EU) "
        "2022/30</li>\n</ul>\n",
        f);
    put_value(f, declaration, "other_acts");
    (void)fputs("<h2>6. Harmonised standards</h2>\n<ul>\n", f);
    json_array_foreach(json_object_get(result, "standards"), i, s) if (json_is_true(json_object_get(s, "applies")))
    {
        (void)fputs("<li>", f);
        sg_assess_put(f, sg_assess_text(s, "edition"));
        (void)fputs(" (Article 3(3)(", f);
        sg_assess_put(f, sg_assess_text(s, "point"));
        (void)fputs("))</li>\n", f);
    }
    (void)fputs("</ul>\n", f);
    put_value(f, declaration, "other_standards");
    (void)fputs("<h2>7. Notified body</h2>\n", f);
    if (sg_assess_text(declaration, "notified_body")[0] != '\0')
        put_value(f, declaration, "notified_body");
    else
        (void)fputs("<p>None with module A.</p>\n", f);
    (void)fputs("<h2>8. Accessories and components, software included</h2>\n", f);
    put_value(f, declaration, "accessories");
    (void)fputs("<h2>9. Signed for and on behalf of</h2>\n<table class=\"facts\"><tbody>\n", f);
    sg_assess_put_row(f, "Manufacturer", sg_assess_text(file_of(result, "manufacturer"), "name"));
    sg_assess_put_row(f, "Place", sg_assess_text(declaration, "place"));
    sg_assess_put_row(f, "Name", sg_assess_text(declaration, "signatory"));
    sg_assess_put_row(f, "Function", sg_assess_text(declaration, "function"));
    sg_assess_put_row(f, "Date and signature", "");
    (void)fputs("</tbody></table>\n", f);
    put_short_form(f, result);
    (void)fputs("</body>\n</html>\n", f);
}
