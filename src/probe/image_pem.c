/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates in PEM (RFC 7468), with real line ends or with those of a C or JSON text ("\n"). */
#include "probe/image_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL = 32, BODY = 32 * 1024 /* characters */, SHORTEST = 48 /* characters: no key is shorter */ };
static const char begin[] = "-----BEGIN ";

/* The base64 characters of a body, without what separates lines. It ends at the first other character. */
static struct sg_bytes gather(struct sg_bytes text, char body[BODY], size_t *end)
{
    size_t n = 0, i = 0;
    for (; i < text.n && n < BODY; i++) {
        uint8_t c = text.p[i];
        bool digit = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
                     c == '/' || c == '=';
        if (c == '\\' && i + 1 < text.n && (text.p[i + 1] == 'n' || text.p[i + 1] == 'r'))
            i++;
        else if (digit)
            body[n++] = (char)c;
        else if (c != '\n' && c != '\r' && c != ' ' && c != '\t' && c != '"')
            break;
    }
    *end = i;
    return sg_bytes(body, n);
}

static bool is_private(const char *label)
{
    size_t n = strlen(label);
    return n >= 11 && strcmp(label + n - 11, "PRIVATE KEY") == 0;
}

/* What OpenSSL did not take: a private key's label, and a body of a key's size behind it. */
static void take_unread(struct sg_image_scan *s, const char *label, struct sg_bytes body, size_t at, size_t n,
                        bool sealed)
{
    struct sg_finding *f = sg_image_find(s, "private-key", SG_LIKELY, at, n, body);
    if (f == NULL)
        return;
    f->severity = sealed ? SG_SEVERITY_HIGH : SG_SEVERITY_CRITICAL;
    (void)snprintf(f->what, sizeof f->what, "%s in PEM (%s)", sealed ? "an encrypted private key" : "a private key",
                   label);
    f->cure = "Take it out of the build: each device makes its own key in its modem (AT%KEYGEN, `signet enroll`).";
}

/* A PEM at `at`, of which `text` begins behind the first line's dashes. The length of what was used of `text`. */
static size_t take(struct sg_image_scan *s, const char *label, struct sg_bytes text, size_t at, size_t head)
{
    size_t end;
    char *body = malloc(BODY);
    uint8_t *space = malloc(BODY);
    if (body == NULL || space == NULL) {
        free(body);
        free(space);
        return 0;
    }
    bool sealed = strcmp(label, "ENCRYPTED PRIVATE KEY") == 0;
    size_t skip = 0;
    const uint8_t *info = memmem(text.p, text.n < 200 ? text.n : 200, "DEK-Info:", 9); /* RFC 1421 section 4.6.1.3 */
    if (info != NULL) {
        const uint8_t *line = memchr(info, '\n', text.n - (size_t)(info - text.p));
        skip = line != NULL ? (size_t)(line - text.p) : 0;
        sealed = true;
    }
    struct sg_bytes digits = gather(sg_bytes(text.p + skip, text.n - skip), body, &end);
    struct sg_buf der = sg_buf(space, BODY);
    size_t before = s->findings;
    bool found = digits.n >= SHORTEST && sg_parse_base64(digits, &der) == 0 &&
                 sg_image_take_der(s, sg_buf_bytes(&der), at, head + skip + end, "PEM");
    if (!found && digits.n >= SHORTEST && is_private(label))
        take_unread(s, label, digits, at, head + skip + end, sealed);
    if (s->findings > before)
        (void)snprintf(s->finding[before].excerpt, sizeof s->finding[before].excerpt, "-----BEGIN %s-----…", label);
    sg_wipe(body, BODY);
    sg_wipe(space, BODY);
    free(body);
    free(space);
    return skip + end;
}

void sg_image_find_pem(struct sg_image_scan *s, const struct sg_image_segment *seg)
{
    const uint8_t *p = s->image->data + seg->at, *end = p + seg->n;
    const size_t n = sizeof begin - 1;
    for (const uint8_t *at; (at = memmem(p, (size_t)(end - p), begin, n)) != NULL;) {
        char label[LABEL + 1];
        const uint8_t *name = at + n;
        size_t left = (size_t)(end - name);
        const uint8_t *dashes = memmem(name, left < LABEL + 5 ? left : LABEL + 5, "-----", 5);
        p = name;
        if (dashes == NULL)
            continue;
        (void)snprintf(label, sizeof label, "%.*s", (int)(dashes - name), (const char *)name);
        p = dashes + 5;
        p += take(s, label, sg_bytes(p, (size_t)(end - p)), (size_t)(at - s->image->data), (size_t)(p - at));
    }
}
