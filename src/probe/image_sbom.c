/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bill of materials: which components of which versions are in a build. SPDX 2 as tag-value (what `west spdx` writes)
 * and JSON, CycloneDX as JSON. Which of them have known weaknesses, a scanner with today's data tells, not this.
 */
#include "probe/image_internal.h"

#include <stdio.h>
#include <string.h>

enum { COMPONENTS = 10000, NAME = 200 };

static void take(struct sg_sbom *s, const char *name, const char *version)
{
    bool known = version != NULL && version[0] != '\0' && strcmp(version, "NOASSERTION") != 0;
    if (name == NULL || name[0] == '\0' || s->components == COMPONENTS)
        return;
    s->components++;
    s->without_version += !known;
    json_t *one = json_pack("{s:s, s:s}", "name", name, "version", known ? version : "");
    if (one == NULL) /* no UTF-8 */
        one = json_pack("{s:s, s:s}", "name", "(not readable)", "version", "");
    (void)json_array_append_new(s->list, one);
}

/* "Tag: value" lines (SPDX 2.3, annex H); PackageVersion follows its PackageName. Longer values are cut. */
static void read_tags(struct sg_bytes text, struct sg_sbom *s)
{
    char name[NAME] = "", version[NAME] = "";
    for (size_t at = 0; at < text.n;) {
        char line[NAME + 32], value[NAME];
        const uint8_t *end = memchr(text.p + at, '\n', text.n - at);
        size_t n = end != NULL ? (size_t)(end - text.p) - at : text.n - at;
        (void)snprintf(line, sizeof line, "%.*s", n < sizeof line ? (int)n : (int)sizeof line - 1,
                       (const char *)text.p + at);
        line[strcspn(line, "\r")] = '\0';
        at += n + 1;
        const char *colon = strchr(line, ':');
        if (colon == NULL)
            continue;
        (void)snprintf(value, sizeof value, "%s", colon + 1 + strspn(colon + 1, " "));
        if (strncmp(line, "SPDXVersion:", 12) == 0) {
            (void)snprintf(s->version, sizeof s->version, "%.31s", value);
        } else if (strncmp(line, "PackageName:", 12) == 0) {
            take(s, name, version);
            memcpy(name, value, sizeof name);
            version[0] = '\0';
        } else if (strncmp(line, "PackageVersion:", 15) == 0) {
            memcpy(version, value, sizeof version);
        }
    }
    take(s, name, version);
}

static void read_list(const json_t *list, const char *version, struct sg_sbom *s)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        take(s, json_string_value(json_object_get(one, "name")), json_string_value(json_object_get(one, version)));
    }
}

static int read_json(const json_t *root, struct sg_sbom *s, struct sg_error *err)
{
    const char *cyclone = json_string_value(json_object_get(root, "bomFormat"));
    const char *spdx = json_string_value(json_object_get(root, "spdxVersion"));
    const char *version = spdx;
    if (cyclone != NULL && strcmp(cyclone, "CycloneDX") == 0) {
        s->format = "CycloneDX (JSON)";
        version = json_string_value(json_object_get(root, "specVersion"));
        read_list(json_object_get(root, "components"), "version", s);
    } else if (spdx != NULL) {
        s->format = "SPDX (JSON)";
        read_list(json_object_get(root, "packages"), "versionInfo", s);
    } else {
        return sg_fail(err, SG_EFORMAT, "it is JSON, and neither SPDX 2 (spdxVersion) nor CycloneDX (bomFormat).");
    }
    (void)snprintf(s->version, sizeof s->version, "%s", version != NULL ? version : "");
    return 0;
}

int sg_sbom_read(struct sg_bytes text, struct sg_sbom *s, struct sg_error *err)
{
    int r = 0;
    *s = (struct sg_sbom){.list = json_array()};
    size_t blank = 0;
    while (blank < text.n && strchr(" \t\r\n", text.p[blank]) != NULL && text.p[blank] != '\0')
        blank++;
    if (text.n > blank && text.p[blank] == '{') {
        json_t *root = json_loadb((const char *)text.p, text.n, 0, NULL);
        r = root == NULL ? sg_fail(err, SG_EFORMAT, "it begins as JSON and is none.") : read_json(root, s, err);
        json_decref(root);
    } else if (text.n > blank && text.p[blank] == '<') {
        r = sg_fail(err, SG_EUNSUPPORTED, "it is XML; give SPDX 2 (tag-value, JSON) or CycloneDX as JSON.");
    } else if (text.n > 0 && memmem(text.p, text.n, "SPDXVersion:", 12) != NULL) {
        s->format = "SPDX (tag-value)";
        read_tags(text, s);
    } else {
        r = sg_fail(err, SG_EFORMAT, "it is neither SPDX 2 nor CycloneDX.");
    }
    if (r == 0 && s->components == 0)
        r = sg_fail(err, SG_EFORMAT, "it names no component.");
    return r;
}
