/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of cloud services in text, known by their form, and JSON Web Tokens (RFC 7519). */
#include "probe/image_internal.h"

#include <stdio.h>
#include <string.h>

static const char cure[] =
    "Take it out of the build and withdraw it where it was issued: whoever has the image has it.";

/* What begins so, and goes on for at least so many characters of the set. The issuers publish these forms, so that they
 * can be searched for. */
static const struct {
    const char *begin;
    size_t least;
    bool upper; /* capital letters and digits only */
    const char *what;
} forms[] = {
    {"AKIA", 16, true, "an access key's name of Amazon Web Services"},
    {"AIza", 35, false, "a key for Google's APIs"},
    {"ghp_", 36, false, "a token of GitHub"},
    {"github_pat_", 40, false, "a token of GitHub"},
    {"glpat-", 20, false, "a token of GitLab"},
    {"xoxb-", 20, false, "a token of Slack"},
    {"sk_live_", 20, false, "a key of Stripe"},
};

static bool is_token(uint8_t c, bool upper)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (!upper && ((c >= 'a' && c <= 'z') || c == '_' || c == '-'));
}

static size_t length(struct sg_bytes text, size_t from, bool upper)
{
    size_t n = 0;
    while (from + n < text.n && is_token(text.p[from + n], upper))
        n++;
    return n;
}

static void report(struct sg_image_scan *s, enum sg_confidence c, struct sg_bytes token, size_t at, const char *what,
                   const char *begin)
{
    struct sg_finding *f = sg_image_find(s, "token", c, at, token.n, token);
    if (f == NULL)
        return;
    (void)snprintf(f->what, sizeof f->what, "%s", what);
    (void)snprintf(f->excerpt, sizeof f->excerpt, "%s…", begin);
    f->cure = cure;
}

/* header.payload.signature, the header an object with "alg". */
static void take_jwt(struct sg_image_scan *s, struct sg_bytes run, size_t i, size_t at)
{
    uint8_t space[256];
    struct sg_buf header = sg_buf(space, sizeof space);
    size_t a = length(run, i, false), b = length(run, i + a + 1, false), c = length(run, i + a + b + 2, false);
    if (i + a + b + 2 >= run.n || run.p[i + a] != '.' || run.p[i + a + 1 + b] != '.' || b < 8 || c < 16 ||
        sg_parse_base64url(sg_bytes(run.p + i, a), &header) < 0)
        return;
    json_t *object = json_loadb((const char *)header.p, header.len, 0, NULL);
    if (json_is_string(json_object_get(object, "alg")))
        report(s, SG_CERTAIN, sg_bytes(run.p + i, a + b + c + 2), at + i, "a JSON Web Token", "eyJ");
    json_decref(object);
}

void sg_image_find_tokens(struct sg_image_scan *s, struct sg_bytes run, size_t at)
{
    for (size_t i = 0; i + 20 <= run.n; i++) {
        if (i > 0 && is_token(run.p[i - 1], false))
            continue;
        if (memcmp(run.p + i, "eyJ", 3) == 0)
            take_jwt(s, run, i, at);
        for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++) {
            size_t n = strlen(forms[k].begin);
            if (run.p[i] != (uint8_t)forms[k].begin[0] || memcmp(run.p + i, forms[k].begin, n) != 0)
                continue;
            size_t more = length(run, i + n, forms[k].upper);
            if (more >= forms[k].least && sg_image_varied(run.p + i + n, more, 9))
                report(s, SG_LIKELY, sg_bytes(run.p + i, n + more), at + i, forms[k].what, forms[k].begin);
        }
    }
}
