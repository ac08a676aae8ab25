/* SPDX-License-Identifier: Apache-2.0 */
/* image.signature: what MCUboot will find when it looks at an image, and what it would not. */
#include "probe/image_internal.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

enum { HEADERS = 16 /* of MCUboot, in one file */ };

struct verdict {
    char faults[500], remarks[500];
    enum sg_severity worst;
};

static void fault(struct verdict *v, enum sg_severity s, const char *what)
{
    sg_image_say(v->faults, sizeof v->faults, "%s", what);
    if (s > v->worst)
        v->worst = s;
}

/* The images of MCUboot in one file; a header at a segment's begin whose rest is missing is told of as a fault. */
static size_t find(const struct sg_image_work *w, size_t file, struct sg_mcuboot found[HEADERS], struct verdict *v)
{
    static const uint8_t magic[4] = {0x3d, 0xb8, 0xf3, 0x96};
    size_t n = 0;
    for (size_t i = 0; i < w->set.n; i++) {
        const struct sg_image *im = &w->set.image[i];
        for (size_t k = 0; im->file == file && k < im->segments; k++) {
            const struct sg_image_segment *seg = &im->segment[k];
            struct sg_bytes data = sg_bytes(im->data, seg->at + seg->n);
            const uint8_t *hit;
            for (size_t at = seg->at; n < HEADERS && (hit = memmem(im->data + at, data.n - at, magic, 4)) != NULL;
                 at++) {
                at = (size_t)(hit - im->data);
                int r = sg_mcuboot_parse(data, at, &found[n]);
                found[n].image = i;
                if (r == 0)
                    at += found[n++].signed_bytes.n - 1;
                else if (at == seg->at && v != NULL)
                    fault(v, SG_SEVERITY_HIGH,
                          r == SG_ETRUNCATED ? "the image is cut off: its end or its signature is missing"
                                             : "the image's header and what follows it do not fit together");
            }
        }
    }
    return n;
}

static long order(const struct sg_mcuboot *a, const struct sg_mcuboot *b)
{
    const long x[4] = {a->major, a->minor, a->revision, (long)a->build};
    const long y[4] = {b->major, b->minor, b->revision, (long)b->build};
    for (size_t i = 0; i < 4; i++)
        if (x[i] != y[i])
            return x[i] - y[i];
    return 0;
}

/* The same place in the other files: an older version must not have a higher counter. */
static void compare_counters(const struct sg_image_work *w, size_t file, size_t number, const struct sg_mcuboot *m,
                             struct verdict *v)
{
    struct sg_mcuboot other[HEADERS];
    char text[160], here[SG_MCUBOOT_VERSION], there[SG_MCUBOOT_VERSION];
    for (size_t f = 0; f < w->set.files; f++) {
        if (f == file || find(w, f, other, NULL) <= number)
            continue;
        const struct sg_mcuboot *o = &other[number];
        if (!m->has_counter || !o->has_counter || order(m, o) <= 0 || m->security_counter >= o->security_counter)
            continue;
        (void)snprintf(text, sizeof text, "version %s has security counter %u, and the older %s has %u",
                       sg_mcuboot_version(m, here), (unsigned)m->security_counter, sg_mcuboot_version(o, there),
                       (unsigned)o->security_counter);
        fault(v, SG_SEVERITY_MEDIUM, text);
    }
}

/* Whether one of the keys given made the signature: 1, 0, or -1 where that cannot be said. */
static int check_signature(const struct sg_image_work *w, const struct sg_mcuboot *m, struct verdict *v,
                           struct sg_fingerprint *by)
{
    if (m->kind == SG_MCUBOOT_UNSIGNED) {
        fault(v, SG_SEVERITY_CRITICAL, "the image is not signed");
        return 0;
    }
    if (m->encrypted)
        return -1;
    for (size_t i = 0; i < w->job->keys; i++) {
        int r = sg_mcuboot_check_signature(m, w->key[i]);
        ERR_clear_error();
        if (r == 0)
            return sg_key_fingerprint(w->key[i], by) == 0 ? 1 : -1;
    }
    if (w->job->keys > 0) {
        fault(v, SG_SEVERITY_CRITICAL, "its signature was not made over this image by a key that was given");
        return 0;
    }
    sg_image_say(v->remarks, sizeof v->remarks,
                 "whose signature it is was not checked: give the public key with --key");
    return -1;
}

static int check_hash(const struct sg_mcuboot *m, struct verdict *v)
{
    if (m->encrypted) {
        sg_image_say(v->remarks, sizeof v->remarks,
                     "it is encrypted: digest and signature are those of what is inside, and were not checked");
        return -1;
    }
    int r = sg_mcuboot_check_hash(m);
    if (r == SG_EMISMATCH)
        fault(v, SG_SEVERITY_HIGH, "the image was changed: its digest is another");
    else if (r == SG_ENOTFOUND && !m->pure)
        fault(v, SG_SEVERITY_HIGH, "the image has no digest");
    return r == SG_ENOTFOUND ? -1 : r == 0;
}

static json_t *answer(int a)
{
    return a < 0 ? json_null() : json_boolean(a);
}

static void check(struct sg_image_work *w, size_t file, size_t number, const struct sg_mcuboot *m, struct verdict *v,
                  json_t *list)
{
    const struct sg_image *im = &w->set.image[m->image];
    char version[SG_MCUBOOT_VERSION], key[SG_FINGERPRINT_TEXT] = "";
    struct sg_fingerprint by;
    int hash = check_hash(m, v), signature = check_signature(w, m, v, &by);
    (void)sg_mcuboot_version(m, version);
    if (signature == 1)
        (void)sg_fingerprint_text(&by, key);
    if (!m->has_counter)
        sg_image_say(v->remarks, sizeof v->remarks,
                     "it has no security counter that is signed: an older image with known weaknesses may be put back");
    if (strncmp(version, "0.0.0+", 6) == 0)
        sg_image_say(v->remarks, sizeof v->remarks, "its version is %s: it was never set", version);
    size_t n = strlen(im->declared_version);
    if (n > 0 && (strncmp(im->declared_version, version, n) != 0 || (version[n] != '\0' && version[n] != '+')))
        fault(v, SG_SEVERITY_LOW, "manifest.json tells another version than the image's header");
    compare_counters(w, file, number, m, v);
    json_t *o = sg_image_place_json(im, m->at);
    (void)json_object_set_new(o, "version", json_string(version));
    (void)json_object_set_new(o, "declared_version", json_string(im->declared_version));
    (void)json_object_set_new(o, "hash_bits", json_integer(m->hash_bits));
    (void)json_object_set_new(o, "hash_ok", answer(hash));
    (void)json_object_set_new(o, "signature", json_string(sg_mcuboot_signature_name(m->kind)));
    (void)json_object_set_new(o, "signature_ok", answer(signature));
    (void)json_object_set_new(o, "key", json_string(key));
    (void)json_object_set_new(o, "security_counter", m->has_counter ? json_integer(m->security_counter) : json_null());
    (void)json_object_set_new(o, "dependencies", json_integer(m->dependencies));
    (void)json_object_set_new(o, "encrypted", json_boolean(m->encrypted));
    (void)json_array_append_new(list, o);
}

void sg_image_run_signature(struct sg_image_work *w, size_t file, struct sg_probe_result *r)
{
    struct sg_mcuboot found[HEADERS];
    struct verdict v = {0};
    char observed[600] = "", version[SG_MCUBOOT_VERSION];
    size_t n = find(w, file, found, &v);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        check(w, file, i, &found[i], &v, list);
        sg_image_say(observed, sizeof observed, "version %s, signature %s%s", sg_mcuboot_version(&found[i], version),
                     sg_mcuboot_signature_name(found[i].kind), found[i].has_counter ? "" : ", no security counter");
        if (found[i].has_counter)
            (void)snprintf(observed + strlen(observed), sizeof observed - strlen(observed), ", security counter %u",
                           (unsigned)found[i].security_counter);
    }
    r->facts = json_pack("{s:o}", "mcuboot", list);
    if (w->set.fault[file][0] != '\0')
        fault(&v, SG_SEVERITY_LOW, w->set.fault[file]);
    if (v.faults[0] != '\0') {
        r->severity = v.worst;
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed[0] != '\0' ? observed : "an image of MCUboot", v.faults);
    } else if (n == 0) {
        sg_probe_conclude(r, SG_VERDICT_NOT_APPLICABLE, "no header of MCUboot",
                          "No image of MCUboot is in it: give the signed one (app_update.bin, dfu_application.zip).");
    } else if (v.remarks[0] != '\0') {
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed, v.remarks);
    } else {
        sg_probe_conclude(
            r, SG_VERDICT_NOTHING_AGAINST, observed,
            "Digest and signature hold for the key given; that the device's bootloader asks for them, the "
            "runs fw.* show.");
    }
}
