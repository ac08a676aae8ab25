/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures over documents that stay readable: CMS (RFC 5652), detached, DER. */
#include "pki_internal.h"
#include <openssl/cms.h>
#include <openssl/err.h>

static int put(struct sg_buf *out, CMS_ContentInfo *cms, struct sg_error *err)
{
    BIO *der = BIO_new(BIO_s_mem());
    int r = der && i2d_CMS_bio(der, cms) == 1 ? sg_pki_put_bio(out, der) : SG_ECRYPTO;
    BIO_free(der);
    return r < 0 ? sg_fail(err, r, "cannot write the signature: %s", r == SG_ENOSPC ? "no room" : sg_pki_why()) : 0;
}

int sg_cms_sign(struct sg_issuer signer, struct sg_bytes content, struct sg_buf *out, struct sg_error *err)
{
    const unsigned flags = CMS_DETACHED | CMS_BINARY | CMS_NOSMIMECAP;
    char where[SG_PKI_WHERE];
    BIO *in = sg_pki_bio(content);
    CMS_ContentInfo *cms =
        in ? CMS_sign_ex(NULL, NULL, NULL, in, flags | CMS_PARTIAL, NULL, sg_pki_where(signer.key, where)) : NULL;
    if (cms &&
        (!CMS_add1_signer(cms, signer.cert, signer.key, EVP_sha256(), flags) || CMS_final(cms, in, NULL, flags) != 1)) {
        CMS_ContentInfo_free(cms);
        cms = NULL;
    }
    int r = cms ? put(out, cms, err) : sg_fail(err, SG_ECRYPTO, "signing failed: %s", sg_pki_why());
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    return r;
}

/* The one signer's certificate, which the signature brings with it. */
static X509 *signer_of(CMS_ContentInfo *cms)
{
    STACK_OF(X509) *signers = CMS_get0_signers(cms);
    X509 *cert = sk_X509_num(signers) == 1 ? sk_X509_value(signers, 0) : NULL;
    if (cert)
        (void)X509_up_ref(cert);
    sk_X509_free(signers);
    return cert;
}

/* The whole of `cms` and nothing behind it. */
static CMS_ContentInfo *parse(struct sg_bytes cms)
{
    const uint8_t *p = cms.p;
    CMS_ContentInfo *info = cms.n > 0 && cms.n <= INT32_MAX ? d2i_CMS_ContentInfo(NULL, &p, (long)cms.n) : NULL;
    bool whole = info && p == cms.p + cms.n && OBJ_obj2nid(CMS_get0_type(info)) == NID_pkcs7_signed &&
                 CMS_is_detached(info) == 1 && sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(info)) == 1;
    if (whole)
        return info;
    CMS_ContentInfo_free(info);
    ERR_clear_error();
    return NULL;
}

X509 *sg_cms_verify(struct sg_bytes cms, struct sg_bytes content, struct sg_error *err)
{
    CMS_ContentInfo *info = parse(cms);
    if (!info) {
        (void)sg_fail(err, SG_EFORMAT, "this is not one detached CMS signature in DER");
        return NULL;
    }
    X509 *signer = NULL;
    BIO *in = sg_pki_bio(content);
    if (in && CMS_verify(info, NULL, NULL, in, NULL, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) == 1)
        signer = signer_of(info);
    if (!signer)
        (void)sg_fail(err, SG_EMISMATCH, "the signature does not fit: %s", sg_pki_why());
    BIO_free(in);
    CMS_ContentInfo_free(info);
    return signer;
}
