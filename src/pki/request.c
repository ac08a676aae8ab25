/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS#10 requests (RFC 2986): checked when they come in, made for keys that the host holds. */
#include "pki_internal.h"
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <string.h>

#define REQUEST_MAX (16 * 1024)

static X509_REQ *decode(struct sg_bytes v)
{
    if (v.n == 0 || v.n > REQUEST_MAX)
        return NULL;
    if (v.p[0] == 0x30) { /* SEQUENCE: DER */
        const uint8_t *p = v.p;
        X509_REQ *req = d2i_X509_REQ(NULL, &p, (long)v.n);
        if (req && p == v.p + v.n)
            return req;
        X509_REQ_free(req);
        return NULL;
    }
    BIO *bio = sg_pki_bio(v);
    X509_REQ *req = bio ? PEM_read_bio_X509_REQ(bio, NULL, sg_pki_no_passphrase, NULL) : NULL;
    BIO_free(bio);
    return req;
}

/* The SubjectPublicKeyInfo of a P-256 key is always these 27 bytes and 64 of x and y (RFC 5480: named curve, point
 * uncompressed). Other spellings of the same key are refused, so that a key has one fingerprint. */
static bool has_plain_p256_key(X509_REQ *req)
{
    static const uint8_t head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                   0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
    uint8_t *spki = NULL;
    int n = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(req), &spki);
    bool ok = n == sizeof head + 64 && memcmp(spki, head, sizeof head) == 0;
    OPENSSL_free(spki);
    return ok;
}

static bool signed_with_sha2(const X509_REQ *req)
{
    int nid = X509_REQ_get_signature_nid(req);
    return nid == NID_ecdsa_with_SHA256 || nid == NID_ecdsa_with_SHA384 || nid == NID_ecdsa_with_SHA512;
}

static int check(X509_REQ *req, struct sg_error *err)
{
    if (!has_plain_p256_key(req))
        return sg_fail(err, SG_EUNSUPPORTED,
                       "the request is not for a P-256 key (named curve, uncompressed point): make one of that kind");
    if (!signed_with_sha2(req))
        return sg_fail(err, SG_EUNSUPPORTED, "the request is not signed with ECDSA and SHA-2");
    if (X509_REQ_verify(req, X509_REQ_get0_pubkey(req)) != 1)
        return sg_fail(err, SG_EMISMATCH,
                       "the request's signature does not fit its own public key: it was altered, or its maker does "
                       "not hold the private key");
    return 0;
}

X509_REQ *sg_request_parse(struct sg_bytes request, struct sg_error *err)
{
    X509_REQ *req = decode(request);
    if (!req)
        sg_fail(err, SG_EFORMAT, "not a certificate request (PKCS#10, DER or PEM)");
    else if (check(req, err) < 0) {
        X509_REQ_free(req);
        req = NULL;
    }
    (void)sg_pki_why();
    return req;
}

int sg_request_cn(const X509_REQ *req, char *cn, size_t cap)
{
    return sg_pki_name_cn(X509_REQ_get_subject_name(req), cn, cap);
}

EVP_PKEY *sg_request_key(X509_REQ *req)
{
    return X509_REQ_get_pubkey(req);
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
