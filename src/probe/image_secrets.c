/* SPDX-License-Identifier: Apache-2.0 */
/* image.secrets and image.shared: what the search found becomes a verdict. */
#include "probe/image_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sg_image_say(char *text, size_t cap, const char *fmt, ...)
{
    size_t n = strlen(text);
    va_list args;
    if (n > 0 && n + 3 < cap)
        n += (size_t)snprintf(text + n, cap - n, "; ");
    va_start(args, fmt);
    (void)vsnprintf(text + n, cap - n, fmt, args);
    va_end(args);
}

json_t *sg_image_place_json(const struct sg_image *im, size_t at)
{
    struct sg_image_place p = sg_image_place(im, at);
    json_t *o = json_pack("{s:s, s:I}", "image", im->name, "offset", (json_int_t)p.offset);
    (void)json_object_set_new(o, "address", p.addressed ? json_integer((json_int_t)p.address) : json_null());
    return o;
}

/* "offset 0x3039, flash 0x43039" */
static const char *place_text(const struct sg_image *im, size_t at, char text[64])
{
    struct sg_image_place p = sg_image_place(im, at);
    int n = snprintf(text, 64, "offset 0x%zx", p.offset);
    if (p.addressed)
        (void)snprintf(text + n, 64 - (size_t)n, ", flash 0x%llx", (unsigned long long)p.address);
    return text;
}

static json_t *finding_json(const struct sg_image *im, const struct sg_finding *f)
{
    json_t *o = sg_image_place_json(im, f->at);
    json_t *more = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "length", (json_int_t)f->n, "kind", f->kind,
                             "confidence", sg_confidence_name(f->confidence), "severity", sg_severity_name(f->severity),
                             "what", f->what, "excerpt", f->excerpt, "cure", f->cure);
    (void)json_object_update(o, more);
    json_decref(more);
    return o;
}

static json_t *cert_json(const struct sg_image *im, const struct sg_image_cert *c)
{
    char fp[SG_FINGERPRINT_TEXT];
    json_t *o = sg_image_place_json(im, c->at);
    json_t *more =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:b, s:s}", "what", sg_seen_kind_name(c->kind), "cn",
                  c->facts.cn, "issuer", c->facts.issuer_cn, "fingerprint",
                  sg_fingerprint_text(&c->facts.fingerprint, fp), "from", (json_int_t)c->facts.from, "until",
                  (json_int_t)c->facts.until, "expired", c->expired, "test", c->test, "endpoint", c->endpoint);
    if (more != NULL) /* a name that is no UTF-8 is left out */
        (void)json_object_update(o, more);
    json_decref(more);
    return o;
}

/* What is said of one file. */
struct saying {
    char first[300], remarks[500];
    size_t grave, guesses; /* findings that fail, and those that only may be one */
    enum sg_severity worst;
};

static void say_finding(struct saying *y, const struct sg_image *im, const struct sg_finding *f)
{
    char where[64];
    if (f->confidence == SG_POSSIBLE) {
        y->guesses++;
    } else {
        y->grave++;
        if (f->severity > y->worst)
            y->worst = f->severity;
    }
    if (y->grave + y->guesses == 1)
        (void)snprintf(y->first, sizeof y->first, "%s at %s (%s)", f->what, place_text(im, f->at, where),
                       sg_confidence_name(f->confidence));
}

static void say_cert(struct saying *y, const struct sg_image *im, const struct sg_image_cert *c)
{
    char where[64];
    const char *why = c->endpoint[0] != '\0' ? "is a device's of the inventory: all that have this image would share it"
                      : c->kind == SG_SEEN_DEVICE ? "is a device's: all that have this image share it"
                      : c->expired                ? "has expired"
                      : c->not_yet                ? "is not valid yet"
                      : c->test                   ? "is for tests, by its name"
                                                  : NULL;
    if (why != NULL)
        sg_image_say(y->remarks, sizeof y->remarks, "the certificate of %.80s at %s %s", c->facts.cn,
                     place_text(im, c->at, where), why);
}

/* The inventory's name for a certificate. */
static void recognise(const struct sg_image_work *w, struct sg_image_cert *c)
{
    struct sg_cert_row row;
    struct sg_device device;
    if (w->job->store == NULL || sg_store_find_cert(w->job->store, &c->facts.fingerprint, &row, NULL) < 0 ||
        row.device == 0 || sg_store_get_device(w->job->store, row.device, &device, NULL) < 0)
        return;
    (void)snprintf(c->endpoint, sizeof c->endpoint, "%s", device.endpoint);
}

/* Why what is in an image of MCUboot was not seen; NULL: it was. */
static const char *hidden(const struct sg_image *im)
{
    struct sg_mcuboot m;
    for (size_t i = 0; i < im->segments; i++)
        if (sg_mcuboot_parse(sg_bytes(im->data, im->segment[i].at + im->segment[i].n), im->segment[i].at, &m) == 0 &&
            (m.encrypted || m.compressed))
            return m.encrypted ? "encrypted" : "compressed";
    return NULL;
}

static void gather(struct sg_image_work *w, size_t number, struct saying *y, json_t *facts)
{
    const struct sg_image *im = &w->set.image[number];
    struct sg_image_scan *s = w->scan[number];
    json_t *image =
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "name", im->name, "format", im->format, "bytes",
                  (json_int_t)im->n, "public_keys", (json_int_t)s->points, "scalars_tried", (json_int_t)s->tried,
                  "scalars_left", (json_int_t)s->untried, "left_out", (json_int_t)s->more);
    (void)json_array_append_new(json_object_get(facts, "images"), image);
    for (size_t i = 0; i < s->findings; i++) {
        say_finding(y, im, &s->finding[i]);
        (void)json_array_append_new(json_object_get(facts, "findings"), finding_json(im, &s->finding[i]));
    }
    for (size_t i = 0; i < s->certs; i++) {
        recognise(w, &s->cert[i]);
        say_cert(y, im, &s->cert[i]);
        (void)json_array_append_new(json_object_get(facts, "certificates"), cert_json(im, &s->cert[i]));
    }
    const char *how = hidden(im);
    if (how != NULL)
        sg_image_say(y->remarks, sizeof y->remarks,
                     "%.80s is %s: what is in it was not seen; give the image from before", im->name, how);
    if (s->untried > 0)
        sg_image_say(y->remarks, sizeof y->remarks,
                     "near the public keys of %.80s, %zu of %zu places were not tried for their private halves",
                     im->name, s->untried, s->tried + s->untried);
    if (s->more > 0)
        sg_image_say(y->remarks, sizeof y->remarks, "%zu more findings of %.80s are not listed", s->more, im->name);
}

/* Whether there was anything to search: an ELF file may load nothing, a package may hold nothing. */
static bool any_code(const struct sg_images *set, size_t file)
{
    for (size_t i = 0; i < set->n; i++)
        for (size_t k = 0; set->image[i].file == file && k < set->image[i].segments; k++)
            if (set->image[i].segment[k].n > 0)
                return true;
    return false;
}

void sg_image_run_secrets(struct sg_image_work *w, size_t file, struct sg_probe_result *r)
{
    struct saying y = {0};
    char observed[400], reason[600];
    r->facts = json_pack("{s:[], s:[], s:[], s:I, s:i}", "images", "findings", "certificates", "psks_known",
                         (json_int_t)(w->psks != NULL ? sg_known_psks_count(w->psks) : 0), "scalar_distance",
                         SG_SCALAR_DISTANCE);
    for (size_t i = 0; i < w->set.n; i++)
        if (w->set.image[i].file == file && w->scan[i] != NULL)
            gather(w, i, &y, r->facts);
    size_t certs = json_array_size(json_object_get(r->facts, "certificates")), all = y.grave + y.guesses;
    if (!any_code(&w->set, file)) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "nothing was searched",
                          "There is nothing in this file that is loaded.");
        return;
    }
    if (all == 0)
        (void)snprintf(observed, sizeof observed, "no credential was found; %zu certificate%s", certs,
                       certs == 1 ? "" : "s");
    else
        (void)snprintf(observed, sizeof observed, "%zu finding%s%s", all, all == 1 ? ": " : "s, the first: ", y.first);
    if (y.grave > 0) {
        r->severity = y.worst;
        (void)snprintf(reason, sizeof reason, "Whoever has the image, or one device, has what is in it: %zu finding%s.",
                       y.grave, y.grave == 1 ? "" : "s");
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, reason);
    } else if (y.guesses > 0 || y.remarks[0] != '\0') {
        (void)snprintf(reason, sizeof reason, "%s%s", y.guesses > 0 ? "A person must look at what may be one. " : "",
                       y.remarks);
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed, reason);
    } else {
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed,
                          "The search knows keys in PEM and DER, P-256 keys beside their public half, the inventory's "
                          "pre-shared keys, and patterns of text; what is stored in another way it does not see.");
    }
}

/* ---------------------------------------------------------------------------------------------- image.shared */

/* One credential that may be in several images. */
struct credential {
    const uint8_t *id;
    const char *what;
    size_t image, at;
};

static void compare(const struct sg_image_work *w, struct credential a, struct credential b, char observed[600],
                    json_t *shared)
{
    char here[64], there[64];
    const struct sg_image *x = &w->set.image[a.image], *y = &w->set.image[b.image];
    if (memcmp(a.id, b.id, 32) != 0)
        return;
    json_t *both = json_pack("{s:s, s:[o, o]}", "what", a.what, "places", sg_image_place_json(x, a.at),
                             sg_image_place_json(y, b.at));
    (void)json_array_append_new(shared, both);
    sg_image_say(observed, 600, "%.100s: %.60s, %s, and %.60s, %s", a.what, x->name, place_text(x, a.at, here), y->name,
                 place_text(y, b.at, there));
}

/* The i-th credential of an image: its findings, then its certificates of devices. False behind the last. */
static bool credential(const struct sg_image_work *w, size_t image, size_t i, struct credential *c)
{
    const struct sg_image_scan *s = w->scan[image];
    *c = (struct credential){.image = image};
    if (i < s->findings) {
        c->id = s->finding[i].id;
        c->what = s->finding[i].what;
        c->at = s->finding[i].at;
        return true;
    }
    if (i - s->findings >= s->certs)
        return false;
    const struct sg_image_cert *cert = &s->cert[i - s->findings];
    if (cert->kind != SG_SEEN_DEVICE && cert->kind != SG_SEEN_LEAF)
        return true; /* many may trust one root: no credential, and id stays NULL */
    c->id = cert->facts.key.sha256;
    c->what = "a device's certificate";
    c->at = cert->at;
    return true;
}

void sg_image_run_shared(struct sg_image_work *w, struct sg_probe_result *r)
{
    char observed[600] = "";
    struct credential a, b;
    json_t *shared = json_array();
    for (size_t x = 0; x < w->set.n; x++)
        for (size_t y = x + 1; y < w->set.n; y++) {
            if (w->set.image[x].file == w->set.image[y].file || w->scan[x] == NULL || w->scan[y] == NULL)
                continue;
            for (size_t i = 0; credential(w, x, i, &a); i++)
                for (size_t k = 0; a.id != NULL && credential(w, y, k, &b); k++)
                    if (b.id != NULL)
                        compare(w, a, b, observed, shared);
        }
    bool found = json_array_size(shared) > 0;
    r->facts = json_pack("{s:I, s:o}", "files", (json_int_t)w->set.files, "shared", shared);
    if (found)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "What is in two images is no device's own.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, "no credential is in two of the images",
                          "What the search of each image finds was compared; what it does not find it cannot compare.");
}
