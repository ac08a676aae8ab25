/* SPDX-License-Identifier: Apache-2.0 */
/* Distinguished names: their common name, and how they look in a sentence. */
#include "pki_internal.h"
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/objects.h>
#include <string.h>

#define CN_CHARACTERS 64 /* X.520 ub-common-name, RFC 5280 appendix A.1 */

static bool has_control(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
            return true;
    }
    return false;
}

/* Copies UTF-8 text, cut before the character that does not fit. */
static int copy_text(char *to, size_t cap, const char *from, size_t n)
{
    bool fits = n < cap;
    if (!fits) {
        n = cap - 1;
        while (n > 0 && ((unsigned char)from[n] & 0xC0) == 0x80)
            n--;
    }
    memcpy(to, from, n);
    to[n] = 0;
    return fits ? 0 : SG_ENOSPC;
}

int sg_pki_name_cn(const X509_NAME *name, char *cn, size_t cap)
{
    int last = -1;
    for (int at = -1; (at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0;)
        last = at;
    cn[0] = 0;
    if (last < 0)
        return SG_ENOTFOUND;
    unsigned char *text = NULL;
    int n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
    int r = SG_EFORMAT;
    if (n >= 0 && !has_control((const char *)text, (size_t)n))
        r = copy_text(cn, cap, (const char *)text, (size_t)n);
    OPENSSL_free(text);
    (void)sg_pki_why();
    return r;
}

char *sg_pki_name_text(const X509_NAME *name, char text[SG_PKI_NAME_TEXT])
{
    BIO *bio = BIO_new(BIO_s_mem());
    text[0] = 0;
    if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) > 0) {
        char *p;
        long n = BIO_get_mem_data(bio, &p);
        (void)copy_text(text, SG_PKI_NAME_TEXT, p, (size_t)n);
    }
    BIO_free(bio);
    return text;
}

int sg_pki_name_set(X509_NAME *name, const char *cn, struct sg_error *err)
{
    size_t n = strlen(cn);
    if (n == 0)
        return sg_fail(err, SG_EINVAL, "a name must have at least one character");
    if (has_control(cn, n))
        return sg_fail(err, SG_EINVAL, "a name must not have control characters in it");
    if (n >= sizeof((struct sg_cert_facts *)0)->cn)
        return sg_fail(err, SG_EINVAL, "the name \"%.32s…\" has %zu bytes: at most %d characters are allowed", cn, n,
                       CN_CHARACTERS);
    if (X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0) != 1)
        return sg_fail(err, SG_EINVAL, "the name \"%s\" cannot be a common name (UTF-8, at most %d characters): %s", cn,
                       CN_CHARACTERS, sg_pki_why());
    return 0;
}
