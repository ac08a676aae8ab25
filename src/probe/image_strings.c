/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the text in an image gives away: keys in hexadecimal beside words that name them, passwords that are set,
 * tokens, and commands that write credentials into a modem. Patterns guess: a finding says how sure it is.
 */
#include "probe/image_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    SHORTEST = 6,    /* characters of a text that is looked at */
    LONGEST = 128,   /* of a password */
    COMMAND = 16384, /* of a command with its content */
    NEAR = 48        /* bytes before and behind, in which a word speaks for a key */
};

static const char cure_psk[] =
    "Take it out of the build. A key is one device's own: `signet enroll --psk` writes one into each modem.";
static const char cure_password[] =
    "Take it out of the build: what all devices know is no secret. Set it at production, one for each device.";

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_number(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(uint8_t c)
{
    return is_upper(c) || is_lower(c) || is_number(c) || c == '_' || c == '-' || c == '.';
}

static bool has_word(struct sg_bytes text, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= text.n; i++)
        if (strncasecmp((const char *)text.p + i, word, n) == 0)
            return true;
    return false;
}

/* ---------------------------------------------------------------------------- commands that write credentials */

/* The decryptable range of security tags: nRF91 modem firmware 2.0.0 and newer (notes on the modem, section on tags).
 */
static const uint64_t TAG_FIRST = 2147483648U, TAG_LAST = 2147483667U;

static size_t number(struct sg_bytes text, uint64_t *out)
{
    size_t n = 0;
    while (n < text.n && n < 10 && is_number(text.p[n]))
        n++;
    return sg_parse_udec(sg_bytes(text.p, n), UINT32_MAX, out) == 0 ? n : 0;
}

/* AT%CMNG=0,TAG,TYPE,"CONTENT" (AT command manual of the nRF91x1, %CMNG): `text` begins behind "%CMNG=0,". */
static void take_cmng(struct sg_image_scan *s, struct sg_bytes text, size_t at)
{
    static const char *const names[] = {"", "", "a private key", "a pre-shared key", "a pre-shared key's identity"};
    uint64_t tag, type;
    size_t n = number(text, &tag);
    if (n == 0 || n + 2 >= text.n || text.p[n] != ',')
        return;
    if (tag >= TAG_FIRST && tag <= TAG_LAST) {
        struct sg_finding *f = sg_image_find(s, "security-tag", SG_CERTAIN, at, n, sg_bytes(text.p, n));
        if (f != NULL) {
            (void)snprintf(f->what, sizeof f->what, "credentials under security tag %u, whose traffic can be decrypted",
                           (unsigned)tag);
            (void)snprintf(f->excerpt, sizeof f->excerpt, "AT%%CMNG=0,%u,…", (unsigned)tag);
            f->cure = "Use a tag outside 2147483648 to 2147483667: those are for tests with Nordic's tools.";
        }
    }
    size_t m = number(sg_bytes(text.p + n + 1, text.n - n - 1), &type), from = n + 1 + m + 1;
    while (from < text.n && (text.p[from] == '"' || text.p[from] == '\\'))
        from++;
    const uint8_t *end = from < text.n ? memchr(text.p + from, '"', text.n - from) : NULL;
    size_t length = end != NULL ? (size_t)(end - text.p) - from : from < text.n ? text.n - from : 0;
    if (m == 0 || (type != 2 && type != 3) || length < 8 || text.p[from] == '%' || text.p[from] == '<')
        return;
    struct sg_finding *f = sg_image_find(s, type == 2 ? "private-key" : "psk", SG_CERTAIN, at + from, length,
                                         sg_bytes(text.p + from, length));
    if (f == NULL)
        return;
    f->severity = SG_SEVERITY_CRITICAL;
    (void)snprintf(f->what, sizeof f->what, "a command that writes %s under tag %u", names[type], (unsigned)tag);
    (void)snprintf(f->excerpt, sizeof f->excerpt, "AT%%CMNG=0,%u,%u,\"…\"", (unsigned)tag, (unsigned)type);
    f->cure = cure_psk;
}

static void find_cmng(struct sg_image_scan *s, struct sg_bytes run, size_t at)
{
    static const char command[] = "%CMNG=0,";
    const size_t n = sizeof command - 1;
    for (const uint8_t *p = run.p, *hit; (hit = memmem(p, run.n - (size_t)(p - run.p), command, n)) != NULL;
         p = hit + n) {
        size_t behind = (size_t)(hit - run.p) + n;
        size_t left = run.n - behind < COMMAND ? run.n - behind : COMMAND;
        take_cmng(s, sg_bytes(run.p + behind, left), at + behind);
    }
}

/* ----------------------------------------------------------------------------------------- keys in hexadecimal */

/* The default of CONFIG_APP_LWM2M_PSK in the LwM2M sample of nRF Connect SDK: known to all. */
static const char sample_psk[] = "000102030405060708090a0b0c0d0e0f";

/* Digits of one case, and as mixed as random ones. */
static bool plausible_hex(const uint8_t *p, size_t n)
{
    bool lower = false, upper = false, digit = false;
    uint32_t seen = 0;
    for (size_t i = 0; i < n; i++) {
        lower = lower || is_lower(p[i]);
        upper = upper || is_upper(p[i]);
        digit = digit || is_number(p[i]);
        seen |= 1U << (is_number(p[i]) ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
    }
    return digit && lower != upper && __builtin_popcount(seen) >= (n == 32 ? 9 : 12);
}

static void take_hex(struct sg_image_scan *s, const struct sg_image_segment *seg, size_t from, size_t n)
{
    const uint8_t *data = s->image->data;
    size_t before = from - seg->at < NEAR ? from - seg->at : NEAR;
    size_t behind = seg->at + seg->n - from - n < NEAR ? seg->at + seg->n - from - n : NEAR;
    struct sg_bytes near[2] = {sg_bytes(data + from - before, before), sg_bytes(data + from + n, behind)};
    bool sample = n == sizeof sample_psk - 1 && strncasecmp((const char *)data + from, sample_psk, n) == 0;
    bool psk = has_word(near[0], "psk") || has_word(near[1], "psk"), word = psk;
    static const char *const words[] = {"key", "identity", "secret"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        word = word || has_word(near[0], words[i]) || has_word(near[1], words[i]);
    if (!sample && (!word || !plausible_hex(data + from, n)))
        return;
    struct sg_finding *f = sg_image_find(s, "psk",
                                         sample ? SG_CERTAIN
                                         : psk  ? SG_LIKELY
                                                : SG_POSSIBLE,
                                         from, n, sg_bytes(data + from, n));
    if (f == NULL)
        return;
    f->severity = sample ? SG_SEVERITY_CRITICAL : psk ? SG_SEVERITY_HIGH : SG_SEVERITY_MEDIUM;
    if (sample)
        (void)snprintf(f->what, sizeof f->what,
                       "the pre-shared key that the LwM2M sample of nRF Connect SDK is published "
                       "with");
    else
        (void)snprintf(f->what, sizeof f->what, "%zu bytes in hexadecimal beside the word \"%s\"", n / 2,
                       psk ? "psk" : "key, identity or secret");
    (void)snprintf(f->excerpt, sizeof f->excerpt, "(%zu digits)", n);
    f->cure = sample ? "Set CONFIG_APP_LWM2M_PSK=\"\": as it is, each start also overwrites the device's own identity."
                     : cure_psk;
}

static void find_hex(struct sg_image_scan *s, const struct sg_image_segment *seg, struct sg_bytes run, size_t at)
{
    for (size_t i = 0; i < run.n;) {
        size_t n = 0;
        while (i + n < run.n && is_hex(run.p[i + n]))
            n++;
        bool alone = (i == 0 || !is_word(run.p[i - 1])) && (i + n == run.n || !is_word(run.p[i + n]));
        if (alone && (n == 32 || n == 64))
            take_hex(s, seg, at + i, n);
        i += n + 1;
    }
}

/* --------------------------------------------------------------------------------------------------- passwords */

/* The end of a setting's name, and what its value is called. */
static const struct {
    const char *end, *kind, *what;
} settings[] = {
    {"password", "password", "a password"},
    {"passwd", "password", "a password"},
    {"passphrase", "password", "a passphrase"},
    {"pwd", "password", "a password"},
    {"psk", "psk", "a pre-shared key"},
    {"secret", "token", "a secret"},
    {"token", "token", "a token"},
    {"apikey", "token", "a key of an API"},
    {"api_key", "token", "a key of an API"},
    {"api-key", "token", "a key of an API"},
    {"access_key", "token", "an access key"},
    {"accesskey", "token", "an access key"},
};

/* How much a value looks like a secret, and not like a word about one, a format or a name: -1, or a confidence. */
static int plausible_value(struct sg_bytes v)
{
    static const char *const words[] = {"null",    "none",     "true",   "false", "required", "optional",
                                        "string",  "value",    "prompt", "empty", "unset",    "invalid",
                                        "missing", "password", "secret", "token", "stdin",    "file",
                                        "default", "unknown",  "failed", "error"};
    if (v.n < 6 || v.n > LONGEST || (v.p[0] < '0' && v.p[0] != '!' && v.p[0] != '#') ||
        strchr(":;<=>?[\\]{|}`", v.p[0]))
        return -1;
    unsigned letters = 0, digits = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (strchr("%<{$(\\", v.p[i]) != NULL)
            return -1; /* a format, a place for a value, code */
        letters += is_upper(v.p[i]) || is_lower(v.p[i]);
        digits += is_number(v.p[i]);
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (v.n >= strlen(words[i]) && strncasecmp((const char *)v.p, words[i], strlen(words[i])) == 0)
            return -1;
    if (!sg_image_varied(v.p, v.n, 4))
        return -1; /* "********", "xxxxxxxx" */
    return letters > 0 && digits > 0 ? SG_LIKELY : SG_POSSIBLE;
}

/* Where the value behind a '=' or ':' at `i` is; empty: there is none that is set there. */
static struct sg_bytes value_at(struct sg_bytes run, size_t i)
{
    bool colon = run.p[i] == ':';
    i++;
    if (colon && i < run.n && run.p[i] == ' ')
        i++;
    bool quoted = i < run.n && (run.p[i] == '"' || run.p[i] == '\'');
    if (colon && !quoted) /* "password: wrong": a sentence */
        return sg_bytes(NULL, 0);
    uint8_t quote = quoted ? run.p[i++] : 0;
    size_t n = 0;
    while (i + n < run.n && n <= LONGEST) {
        uint8_t c = run.p[i + n];
        if (quoted ? c == quote : c == ' ' || c == '&' || c == ';' || c == ',' || c == '"' || c == '\'' || c == ')')
            break;
        n++;
    }
    return sg_bytes(run.p + i, n);
}

/* The name that ends before `end`: in quotes or not. */
static struct sg_bytes name_before(struct sg_bytes run, size_t end)
{
    if (end > 0 && (run.p[end - 1] == '"' || run.p[end - 1] == '\''))
        end--;
    size_t from = end;
    while (from > 0 && is_word(run.p[from - 1]))
        from--;
    return sg_bytes(run.p + from, end - from);
}

static void take_setting(struct sg_image_scan *s, struct sg_bytes run, size_t at, size_t i)
{
    struct sg_bytes name = name_before(run, i);
    for (size_t k = 0; k < sizeof settings / sizeof settings[0]; k++) {
        size_t n = strlen(settings[k].end);
        if (name.n < n || strncasecmp((const char *)name.p + name.n - n, settings[k].end, n) != 0)
            continue;
        struct sg_bytes value = value_at(run, i);
        int confidence = plausible_value(value);
        struct sg_finding *f = confidence < 0 ? NULL
                                              : sg_image_find(s, settings[k].kind, (enum sg_confidence)confidence,
                                                              at + (size_t)(value.p - run.p), value.n, value);
        if (f == NULL)
            return;
        f->severity = confidence == SG_LIKELY ? SG_SEVERITY_HIGH : SG_SEVERITY_MEDIUM;
        (void)snprintf(f->what, sizeof f->what, "%s that is set in text", settings[k].what);
        (void)snprintf(f->excerpt, sizeof f->excerpt, "%.*s%c…", name.n > 40 ? 40 : (int)name.n, (const char *)name.p,
                       run.p[i]);
        f->cure = cure_password;
        return;
    }
}

/* scheme://user:password@host (RFC 3986 section 3.2.1). */
static void take_url(struct sg_image_scan *s, struct sg_bytes run, size_t at, size_t i)
{
    size_t colon = 0, k = i + 3;
    for (; k < run.n && (is_word(run.p[k]) || (run.p[k] > ' ' && strchr("!*+,;=:~%$&", run.p[k]) != NULL)); k++)
        if (run.p[k] == ':' && colon == 0)
            colon = k;
    if (colon == 0 || k == run.n || run.p[k] != '@' || colon == i + 3 || k + 1 == run.n || !is_word(run.p[k + 1]))
        return;
    struct sg_bytes value = sg_bytes(run.p + colon + 1, k - colon - 1);
    if (plausible_value(value) < 0)
        return;
    size_t scheme = i;
    while (scheme > 0 && is_word(run.p[scheme - 1]))
        scheme--;
    struct sg_finding *f = sg_image_find(s, "password", SG_LIKELY, at + colon + 1, value.n, value);
    if (f == NULL)
        return;
    (void)snprintf(f->what, sizeof f->what, "a password in an address");
    (void)snprintf(f->excerpt, sizeof f->excerpt, "%.*s://…:…@", i - scheme > 20 ? 20 : (int)(i - scheme),
                   (const char *)run.p + scheme);
    f->cure = cure_password;
}

static void find_settings(struct sg_image_scan *s, struct sg_bytes run, size_t at)
{
    for (size_t i = 1; i + 1 < run.n; i++) {
        if (run.p[i] != '=' && run.p[i] != ':')
            continue;
        if (i + 2 < run.n && memcmp(run.p + i, "://", 3) == 0)
            take_url(s, run, at, i);
        else if (run.p[i + 1] != '=' && run.p[i + 1] != ':' && is_word(run.p[i - 1] == '"' ? 'a' : run.p[i - 1]))
            take_setting(s, run, at, i);
    }
}

/* ----------------------------------------------------------------------------------------------- all of a run */

void sg_image_find_strings(struct sg_image_scan *s, const struct sg_image_segment *seg)
{
    const uint8_t *p = s->image->data + seg->at;
    for (size_t i = 0, n = 0; i <= seg->n; i++) {
        if (i < seg->n && p[i] >= ' ' && p[i] <= '~') {
            n++;
            continue;
        }
        struct sg_bytes run = sg_bytes(p + i - n, n);
        size_t at = seg->at + i - n;
        n = 0;
        if (run.n < SHORTEST)
            continue;
        find_cmng(s, run, at);
        sg_image_find_tokens(s, run, at);
        find_hex(s, seg, run, at);
        find_settings(s, run, at);
    }
}
