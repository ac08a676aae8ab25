/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS#10 requests (RFC 2986): checked when they come in, made for keys that the host holds. */
#include "pki_internal.h"
#include <openssl/asn1t.h>
#include <openssl/objects.h>
#include <openssl/pem.h>

#define REQUEST_MAX (16 * 1024)

/*
 * A CertificationRequest (RFC 2986 section 4), read by OpenSSL's ASN.1 as its own X509_REQ is, but for the key: that
 * stays as it is on the wire. An X509_REQ looks for a decoder for it, which takes longer than its signature (point.c).
 */
typedef struct {
    ASN1_ENCODING enc; /* what was signed */
    ASN1_INTEGER *version;
    X509_NAME *subject;
    ASN1_TYPE *spki;
    STACK_OF(X509_ATTRIBUTE) * attributes;
} info;

struct sg_request {
    info *info;
    X509_ALGOR *algorithm;
    ASN1_BIT_STRING *signature;
    EVP_PKEY *key; /* in no encoding */
};

/* clang-format off */
ASN1_SEQUENCE_enc(info, enc, 0) = {
    ASN1_SIMPLE(info, version, ASN1_INTEGER),
    ASN1_SIMPLE(info, subject, X509_NAME),
    ASN1_SIMPLE(info, spki, ASN1_ANY),
    ASN1_IMP_SET_OF_OPT(info, attributes, X509_ATTRIBUTE, 0),
} static_ASN1_SEQUENCE_END_ref(info, info)

ASN1_SEQUENCE(sg_request) = {
    ASN1_SIMPLE(struct sg_request, info, info),
    ASN1_SIMPLE(struct sg_request, algorithm, X509_ALGOR),
    ASN1_SIMPLE(struct sg_request, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END_name(struct sg_request, sg_request)
    /* clang-format on */

    void sg_request_free(struct sg_request * req)
{
    if (!req)
        return;
    EVP_PKEY_free(req->key);
    ASN1_item_free((ASN1_VALUE *)req, ASN1_ITEM_rptr(sg_request));
}

static struct sg_request *decode_der(struct sg_bytes der)
{
    const uint8_t *p = der.p;
    ASN1_VALUE *req = ASN1_item_d2i(NULL, &p, (long)der.n, ASN1_ITEM_rptr(sg_request));
    if (req && p == der.p + der.n)
        return (struct sg_request *)req;
    ASN1_item_free(req, ASN1_ITEM_rptr(sg_request));
    return NULL;
}

static struct sg_request *decode(struct sg_bytes v)
{
    if (v.n == 0 || v.n > REQUEST_MAX)
        return NULL;
    if (v.p[0] == 0x30) /* SEQUENCE: DER */
        return decode_der(v);
    uint8_t *der = NULL;
    long n = 0;
    BIO *bio = sg_pki_bio(v);
    bool found = bio && PEM_bytes_read_bio(&der, &n, NULL, PEM_STRING_X509_REQ, bio, sg_pki_no_passphrase, NULL) == 1;
    struct sg_request *req = found ? decode_der(sg_bytes(der, (size_t)n)) : NULL;
    OPENSSL_free(der);
    BIO_free(bio);
    return req;
}

/* Other spellings of the same key are refused, so that a key has one fingerprint. */
static EVP_PKEY *plain_p256_key(const ASN1_TYPE *spki)
{
    if (ASN1_TYPE_get(spki) != V_ASN1_SEQUENCE)
        return NULL;
    const ASN1_STRING *s = spki->value.sequence;
    const uint8_t *point = sg_pki_spki_point(sg_bytes(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)));
    return point ? sg_key_from_point(point, NULL) : NULL;
}

static bool signed_with_sha2(const struct sg_request *req)
{
    const ASN1_OBJECT *algorithm;
    X509_ALGOR_get0(&algorithm, NULL, NULL, req->algorithm);
    int nid = OBJ_obj2nid(algorithm);
    return nid == NID_ecdsa_with_SHA256 || nid == NID_ecdsa_with_SHA384 || nid == NID_ecdsa_with_SHA512;
}

static int check(struct sg_request *req, struct sg_error *err)
{
    req->key = plain_p256_key(req->info->spki);
    if (!req->key)
        return sg_fail(err, SG_EUNSUPPORTED,
                       "the request is not for a P-256 key (named curve, uncompressed point): make one of that kind");
    if (!signed_with_sha2(req))
        return sg_fail(err, SG_EUNSUPPORTED, "the request is not signed with ECDSA and SHA-2");
    if (ASN1_item_verify(ASN1_ITEM_rptr(info), req->algorithm, req->signature, req->info, req->key) != 1)
        return sg_fail(err, SG_EMISMATCH,
                       "the request's signature does not fit its own public key: it was altered, or its maker does "
                       "not hold the private key");
    return 0;
}

struct sg_request *sg_request_parse(struct sg_bytes request, struct sg_error *err)
{
    struct sg_request *req = decode(request);
    if (!req)
        sg_fail(err, SG_EFORMAT, "not a certificate request (PKCS#10, DER or PEM)");
    else if (check(req, err) < 0) {
        sg_request_free(req);
        req = NULL;
    }
    (void)sg_pki_why();
    return req;
}

int sg_request_cn(const struct sg_request *req, char *cn, size_t cap)
{
    return sg_pki_name_cn(req->info->subject, cn, cap);
}

EVP_PKEY *sg_request_key(const struct sg_request *req)
{
    (void)EVP_PKEY_up_ref(req->key);
    return req->key;
}

int sg_request_put_pem(struct sg_buf *out, struct sg_bytes der)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bio && der.n <= REQUEST_MAX && PEM_write_bio(bio, PEM_STRING_X509_REQ, "", der.p, (long)der.n) > 0;
    int r = ok ? sg_pki_put_bio(out, bio) : SG_ECRYPTO;
    BIO_free(bio);
    return r;
}

int sg_request_make(EVP_PKEY *key, const char *cn, struct sg_buf *out, struct sg_error *err)
{
    X509_REQ *req = X509_REQ_new();
    uint8_t *der = NULL;
    int r = sg_pki_name_set(X509_REQ_get_subject_name(req), cn, err);
    if (r == 0) {
        int n = -1;
        EVP_MD_CTX *md = sg_pki_signer(key);
        if (md && X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 && X509_REQ_set_pubkey(req, key) == 1 &&
            X509_REQ_sign_ctx(req, md) > 0)
            n = i2d_X509_REQ(req, &der);
        EVP_MD_CTX_free(md);
        if (n <= 0) {
            r = sg_fail(err, SG_ECRYPTO, "cannot make a request for \"%s\": %s", cn, sg_pki_why());
        } else {
            sg_put(out, der, (size_t)n);
            if (out->full)
                r = sg_fail(err, SG_ENOSPC, "no room for a request of %d bytes", n);
        }
    }
    OPENSSL_free(der);
    X509_REQ_free(req);
    return r;
}
