/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates read and written: PEM, DER, and the facts that people and tables need. */
#include "pki_internal.h"
#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define CERT_FILE_MAX (64 * 1024)

bool sg_pki_is_ca(const X509 *cert)
{
    BASIC_CONSTRAINTS *bc = X509_get_ext_d2i(cert, NID_basic_constraints, NULL, NULL);
    bool ca = bc && bc->ca;
    BASIC_CONSTRAINTS_free(bc);
    return ca;
}

/* ----------------------------------------------------------------------------------------------------- facts */

/* Names come from strangers: anything but visible ASCII is shown as '?'. */
static void put_visible(struct sg_buf *b, const unsigned char *p, int n)
{
    for (int i = 0; i < n; i++)
        sg_put_u8(b, p[i] > 0x20 && p[i] < 0x7f ? p[i] : '?');
}

static void put_ip(struct sg_buf *b, const unsigned char *p, int n)
{
    char text[INET6_ADDRSTRLEN];
    if ((n == 4 || n == 16) && inet_ntop(n == 4 ? AF_INET : AF_INET6, p, text, sizeof text))
        sg_put_str(b, text);
}

/* subjectAltName, as many whole names as fit. */
static void list_names(const X509 *cert, char *text, size_t cap)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        int type;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        struct sg_buf b = sg_buf(text + used, cap - used);
        if (type != GEN_DNS && type != GEN_IPADD && type != GEN_URI)
            continue;
        sg_put_str(&b, used > 0 ? " " : "");
        sg_put_str(&b, type == GEN_DNS ? "dns:" : type == GEN_IPADD ? "ip:" : "uri:");
        if (type == GEN_IPADD)
            put_ip(&b, ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
        else
            put_visible(&b, ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
        (void)sg_buf_cstr(&b);
        if (b.full || used + b.len >= cap) {
            text[used] = 0;
            break;
        }
        used += b.len;
    }
    GENERAL_NAMES_free(names);
}

static int serial_text(const X509 *cert, char *text, size_t cap)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    struct sg_buf b = sg_buf(text, cap);
    if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
        sg_put_u8(&b, '-');
    sg_put_hex(&b, sg_bytes(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
    return sg_buf_cstr(&b)[0] != 0 ? 0 : SG_EFORMAT;
}

/* A common name that is too long is cut, and one that is not there is empty: no fault of the certificate. */
static int name_fact(const X509_NAME *name, char *cn, size_t cap)
{
    return sg_pki_name_cn(name, cn, cap) == SG_EFORMAT ? SG_EFORMAT : 0;
}

/* As the certificate spells it, where that is the plain spelling. */
static int key_fact(const X509 *cert, struct sg_fingerprint *f)
{
    uint8_t *spki = NULL;
    const EVP_PKEY *key = X509_get0_pubkey(cert);
    if (!key)
        return SG_EFORMAT;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki), r = 0;
    struct sg_bytes spelt = sg_bytes(spki, n > 0 ? (size_t)n : 0);
    if (sg_pki_spki_point(spelt))
        sg_sha256(spelt, f->sha256);
    else
        r = sg_key_fingerprint(key, f);
    OPENSSL_free(spki);
    return r;
}

int sg_cert_facts(const X509 *cert, struct sg_cert_facts *facts)
{
    *facts = (struct sg_cert_facts){0};
    uint8_t *der = NULL;
    int der_len = i2d_X509(cert, &der);
    if (der_len <= 0)
        return SG_EFORMAT;
    facts->der_len = (size_t)der_len;
    sg_sha256(sg_bytes(der, facts->der_len), facts->fingerprint.sha256);
    OPENSSL_free(der);
    facts->ca = sg_pki_is_ca(cert);
    list_names(cert, facts->names, sizeof facts->names);
    int r = 0;
    r |= key_fact(cert, &facts->key);
    r |= serial_text(cert, facts->serial, sizeof facts->serial);
    r |= name_fact(X509_get_subject_name(cert), facts->cn, sizeof facts->cn);
    r |= name_fact(X509_get_issuer_name(cert), facts->issuer_cn, sizeof facts->issuer_cn);
    r |= sg_pki_time(X509_get0_notBefore(cert), &facts->from);
    r |= sg_pki_time(X509_get0_notAfter(cert), &facts->until);
    (void)sg_pki_why();
    return r < 0 ? SG_EFORMAT : 0;
}

/* --------------------------------------------------------------------------------------------------- encodings */

int sg_cert_put_pem(struct sg_buf *out, const X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int r = bio && PEM_write_bio_X509(bio, cert) == 1 ? sg_pki_put_bio(out, bio) : SG_ECRYPTO;
    BIO_free(bio);
    return r;
}

int sg_cert_put_der(struct sg_buf *out, const X509 *cert)
{
    uint8_t *der = NULL;
    int n = i2d_X509(cert, &der);
    if (n <= 0)
        return SG_ECRYPTO;
    sg_put(out, der, (size_t)n);
    OPENSSL_free(der);
    return out->full ? SG_ENOSPC : 0;
}

/* The one certificate in PEM text. */
static X509 *parse_pem(struct sg_bytes pem, struct sg_error *err)
{
    BIO *bio = sg_pki_bio(pem);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, sg_pki_no_passphrase, NULL) : NULL;
    X509 *second = cert ? PEM_read_bio_X509(bio, NULL, sg_pki_no_passphrase, NULL) : NULL;
    BIO_free(bio);
    if (!cert)
        sg_fail(err, SG_EFORMAT, "not a certificate: %s", sg_pki_why());
    (void)sg_pki_why();
    if (!second)
        return cert;
    X509_free(second);
    X509_free(cert);
    sg_fail(err, SG_EFORMAT, "more than one certificate, where one is expected");
    return NULL;
}

static X509 *parse_der(struct sg_bytes der, struct sg_error *err)
{
    const uint8_t *p = der.p;
    X509 *cert = der.n <= CERT_FILE_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;
    if (!cert) {
        sg_fail(err, SG_EFORMAT, "not a certificate: %s", sg_pki_why());
    } else if (p != der.p + der.n) {
        sg_fail(err, SG_EFORMAT, "not a certificate: %zu bytes follow its end", (size_t)(der.p + der.n - p));
        X509_free(cert);
        cert = NULL;
    }
    return cert;
}

X509 *sg_cert_parse(struct sg_bytes pem_or_der, struct sg_error *err)
{
    if (pem_or_der.n == 0) {
        sg_fail(err, SG_EFORMAT, "not a certificate: it is empty");
        return NULL;
    }
    return pem_or_der.p[0] == 0x30 ? parse_der(pem_or_der, err) : parse_pem(pem_or_der, err); /* 30: SEQUENCE */
}

X509 *sg_cert_read(const char *path, struct sg_error *err)
{
    size_t n;
    uint8_t *content = sg_file_read(path, CERT_FILE_MAX, &n, err);
    if (!content)
        return NULL;
    X509 *cert = sg_cert_parse(sg_bytes(content, n), err);
    free(content);
    if (!cert)
        sg_fail_in(err, "cannot read a certificate from %s", path);
    return cert;
}

int sg_cert_write(const char *path, const X509 *cert, struct sg_error *err)
{
    uint8_t pem[16 * 1024];
    struct sg_buf b = sg_buf(pem, sizeof pem);
    int r = sg_cert_put_pem(&b, cert);
    if (r < 0)
        return sg_fail(err, r, "cannot encode the certificate for %s", path);
    return sg_file_write(path, 0644, true, sg_buf_bytes(&b), err);
}
