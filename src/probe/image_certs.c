/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates in an image, and what each is. */
#include "probe/image_internal.h"

#include <ctype.h>
#include <openssl/x509v3.h>
#include <string.h>

const char *sg_seen_kind_name(enum sg_seen_kind k)
{
    static const char *const names[] = {"root", "issuing CA", "server", "device", "leaf"};
    return names[k];
}

/* Whether a name has one of the words of certificates that are for trying things out, as a word. */
static bool says_test(const char *name)
{
    static const char *const words[] = {"test", "testing", "example",   "sample",
                                        "demo", "dummy",   "localhost", "snakeoil"};
    char word[16];
    size_t n = 0;
    for (;; name++) {
        if (isalpha((unsigned char)*name)) {
            if (n < sizeof word - 1)
                word[n] = (char)tolower((unsigned char)*name);
            n++;
            continue;
        }
        word[n < sizeof word - 1 ? n : sizeof word - 1] = '\0';
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            if (strcmp(word, words[i]) == 0)
                return true;
        n = 0;
        if (*name == '\0')
            return false;
    }
}

static enum sg_seen_kind kind_of(X509 *cert, const struct sg_cert_facts *f)
{
    uint32_t flags = X509_get_extension_flags(cert), usage = X509_get_extended_key_usage(cert);
    bool own = (flags & EXFLAG_SI) != 0;
    if (f->ca || (own && (flags & EXFLAG_V1) != 0))
        return own ? SG_SEEN_ROOT : SG_SEEN_ISSUING;
    if ((flags & EXFLAG_XKUSAGE) != 0 && (usage & XKU_SSL_SERVER) != 0)
        return SG_SEEN_SERVER;
    if (((flags & EXFLAG_XKUSAGE) != 0 && (usage & XKU_SSL_CLIENT) != 0) || strncmp(f->cn, "urn:", 4) == 0)
        return SG_SEEN_DEVICE;
    return SG_SEEN_LEAF;
}

void sg_image_take_cert(struct sg_image_scan *s, X509 *cert, size_t at, size_t n)
{
    if (s->certs == SG_IMAGE_CERTS) {
        s->more++;
        return;
    }
    struct sg_image_cert *c = &s->cert[s->certs++];
    memset(c, 0, sizeof *c);
    (void)sg_cert_facts(cert, &c->facts); /* what cannot be read is empty */
    c->kind = kind_of(cert, &c->facts);
    c->expired = c->facts.until < s->now;
    c->not_yet = c->facts.from > s->now;
    c->test = says_test(c->facts.cn) || says_test(c->facts.issuer_cn);
    c->image = s->number;
    c->at = at;
    c->n = n;
}
